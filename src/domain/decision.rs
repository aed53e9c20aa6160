//! A decision under way: the facts so far, and the state as they would leave it.
//!
//! Later parts of one decision see what earlier parts led to (the page of a step that was started a moment ago), so
//! facts are applied to a scratch copy as they are made. The copy shares everything it did not change.

use super::directory::{Directory, Urgency};
use super::fact::Fact;
use super::id::IncidentNo;
use super::incident::Incident;
use super::stamp::{At, Stamp};
use super::world::World;
use std::sync::Arc;

pub(super) struct Decision<'a> {
    base: &'a World,
    scratch: Option<World>,
    pub directory: &'a Directory,
    pub stamp: Stamp,
    facts: Vec<Fact>,
}

impl<'a> Decision<'a> {
    pub fn new(base: &'a World, directory: &'a Directory, stamp: Stamp) -> Self {
        Self { base, scratch: None, directory, stamp, facts: Vec::new() }
    }

    /// The state with this decision's facts in it.
    pub fn world(&self) -> &World {
        self.scratch.as_ref().unwrap_or(self.base)
    }

    pub fn incident(&self, no: IncidentNo) -> Option<Arc<Incident>> {
        self.world().incident(no).cloned()
    }

    /// A fact whose effect later parts of this decision must see.
    pub fn emit(&mut self, fact: Fact) {
        let scratch = self.scratch.get_or_insert_with(|| self.base.clone());
        scratch.apply(&fact, self.stamp);
        self.facts.push(fact);
    }

    /// A fact nothing later in this decision looks at: saves the copy. For counts, which are most of a storm.
    pub fn emit_unseen(&mut self, fact: Fact) {
        if let Some(scratch) = &mut self.scratch {
            scratch.apply(&fact, self.stamp);
        }
        self.facts.push(fact);
    }

    pub fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    /// When an acknowledgement given now is asked about; never for low urgency.
    pub fn ask_at(&self, urgency: Urgency) -> Option<At> {
        (urgency == Urgency::High).then(|| self.stamp.at.plus_secs(self.directory.settings.ack_timeout_secs))
    }
}
