//! Why an incident that is triggered asks nobody for now. It is recorded and shown; when the hold ends, whoever is on
//! call then is asked.

use super::decision::Decision;
use super::fact::Fact;
use super::id::IncidentNo;
use super::incident::Incident;
use super::page::RevokeReason;
use super::stamp::At;
use super::threshold::{self, Threshold};
use super::{escalation, incident::State};
use serde::{Deserialize, Serialize};

/// What keeps an incident from asking anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub why: HoldWhy,
    /// On the wall clock.
    pub since: At,
    /// On the wall clock; `None`: until something happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// `until` on the line of delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldWhy {
    /// Its alerts page only when they lasted: see the service's `hold`.
    Settling,
    /// Its alerts page only when they come often enough: see the service's `threshold`.
    Threshold(Threshold),
}

/// Is there anything that keeps this incident from asking anybody? Then it is held from now on.
pub(super) fn holds(d: &mut Decision<'_>, i: &Incident) -> bool {
    let holding = holding(d, i);
    if let Some((why, until)) = &holding {
        begin(d, i.no, why.clone(), *until);
    }
    holding.is_some()
}

/// Nobody is asked from now on; whoever was is called back.
fn begin(d: &mut Decision<'_>, no: IncidentNo, why: HoldWhy, until: Option<At>) {
    escalation::revoke_pages(d, no, None, RevokeReason::Held);
    let due = until.map(|at| d.stamp.due_of(at));
    d.emit(Fact::Held { incident: no, why, until, due });
}

/// Its time is over: whoever is on call now is asked, unless something else holds it.
pub(super) fn end(d: &mut Decision<'_>, i: &Incident) {
    d.emit(Fact::HoldEnded { incident: i.no });
    if matches!(i.state, State::Triggered { .. }) {
        escalation::page_again(d, i, None);
    }
}

/// What keeps this incident from asking anybody at this moment, and until when (on the wall clock; `None`: until
/// something happens). Every way to ask the levels of its policy looks here first.
fn holding(d: &Decision<'_>, i: &Incident) -> Option<(HoldWhy, Option<At>)> {
    settling(d, i).or_else(|| threshold::holding(i))
}

fn settling(d: &Decision<'_>, i: &Incident) -> Option<(HoldWhy, Option<At>)> {
    // What a person reports does not clear by itself.
    if i.opened_by.is_some() {
        return None;
    }
    let settles = i.opened.plus_secs(d.directory.services.get(&i.service)?.hold_secs);
    (d.stamp.wall < settles).then_some((HoldWhy::Settling, Some(settles)))
}
