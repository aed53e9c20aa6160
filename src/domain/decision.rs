//! A decision under way: the facts so far, and the state as they leave it.
//!
//! Later parts of one decision see what earlier parts led to (the page of a step that was started a moment ago), so each
//! fact is applied as it is made. Whoever may refuse after a first fact is given a copy to work on; see [`decide`].
//!
//! [`decide`]: super::handle::decide

use super::directory::{Directory, Urgency};
use super::fact::Fact;
use super::id::IncidentNo;
use super::incident::Incident;
use super::stamp::{At, Stamp};
use super::world::World;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) struct Decision<'a> {
    world: &'a mut World,
    pub directory: &'a Directory,
    pub stamp: Stamp,
    facts: Vec<Fact>,
    touched: BTreeSet<IncidentNo>,
}

impl<'a> Decision<'a> {
    pub fn new(world: &'a mut World, directory: &'a Directory, stamp: Stamp) -> Self {
        Self { world, directory, stamp, facts: Vec::new(), touched: BTreeSet::new() }
    }

    /// The state with this decision's facts in it.
    pub fn world(&self) -> &World {
        self.world
    }

    pub fn incident(&self, no: IncidentNo) -> Option<Arc<Incident>> {
        self.world.incident(no).cloned()
    }

    pub fn emit(&mut self, fact: Fact) {
        self.world.apply(&fact, self.stamp);
        self.touched.extend(fact.incident());
        self.facts.push(fact);
    }

    /// This incident is to be looked at as if something of it had changed.
    pub fn touch(&mut self, no: IncidentNo) {
        self.touched.insert(no);
    }

    /// The incidents that its facts are about.
    pub fn take_touched(&mut self) -> BTreeSet<IncidentNo> {
        std::mem::take(&mut self.touched)
    }

    /// What was decided so far.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    pub fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    /// When an acknowledgement given now is asked about; never for low urgency.
    pub fn ask_at(&self, urgency: Urgency) -> Option<At> {
        (urgency == Urgency::High).then(|| self.stamp.at.plus_secs(self.directory.settings.ack_timeout_secs))
    }
}
