//! Alerts that page only when they come often enough.

use super::decision::Decision;
use super::fact::Fact;
use super::hold::{self, HoldWhy};
use super::id::IncidentNo;
use super::incident::Incident;
use super::stamp::At;
use serde::{Deserialize, Serialize};

/// This many triggers of an incident's alerts within this time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    pub events: u32,
    pub within_secs: i64,
}

/// How far an incident is from it. Gone once it was reached, and once somebody has the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counting {
    pub threshold: Threshold,
    /// The newest triggers within the time, on the wall clock, oldest first; always fewer than asked for.
    pub seen: Vec<At>,
    /// When the oldest of them counts no more, on the line of delays: until then the card is right. Only while it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanes: Option<At>,
}

impl Counting {
    pub fn new(threshold: Threshold, seen: Vec<At>) -> Self {
        Self { threshold, seen, wanes: None }
    }

    /// With one more trigger; `None` when that makes enough.
    pub fn with(mut self, wall: At) -> Option<Self> {
        self.forget(wall);
        self.seen.push(wall);
        (self.seen.len() < self.threshold.events as usize).then_some(self)
    }

    /// What is older than the time counts no more.
    pub fn forget(&mut self, wall: At) {
        let before = self.seen.len();
        self.seen.retain(|at| at.0 > wall.0 - self.threshold.within_secs * 1_000);
        if self.seen.len() < before {
            self.wanes = None;
        }
    }
}

/// Does it still wait for more of its kind? What a person reported, or put together, does not; nor what came often enough
/// for what its service asks by now.
pub(super) fn holding(d: &Decision<'_>, i: &Incident) -> Option<(HoldWhy, Option<At>)> {
    // Nor what has asked somebody.
    if i.only_a_person_ends_it() || !i.merged.is_empty() || i.main_call().is_some() {
        return None;
    }
    let counting = i.counting.as_ref().filter(|_| !is_reached(d, i))?;
    Some((HoldWhy::Threshold(counting.threshold), None))
}

/// Did it come often enough, for what was asked when it began, or for what its service asks by now?
pub(super) fn is_reached(d: &Decision<'_>, i: &Incident) -> bool {
    let Some(counting) = &i.counting else { return true };
    let is_enough = |asked: Option<Threshold>| asked.is_none_or(|t| counting.seen.len() >= t.events as usize);
    d.directory.services.get(&i.service).is_some_and(|s| is_enough(s.threshold))
}

/// An incident that waits is looked at when its count is less.
pub(super) fn tend(d: &mut Decision<'_>, i: &Incident) {
    let waits = i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Threshold(_)));
    let Some(counting) = i.counting.as_ref().filter(|c| waits && c.wanes.is_none()) else { return };
    if let Some(oldest) = counting.seen.first() {
        let due = d.stamp.due_of(oldest.plus_secs(counting.threshold.within_secs));
        d.emit(Fact::CountWanes { incident: i.no, due });
    }
}

/// Its count is less by now.
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    let wanes = d.world().incident(no).and_then(|i| i.counting.as_ref()?.wanes);
    if wanes.is_some_and(|due| due <= d.stamp.at) {
        d.emit(Fact::CountWaned { incident: no });
    }
}

/// After a trigger: whoever is on call is asked if that was enough.
pub(super) fn look(d: &mut Decision<'_>, no: IncidentNo) {
    let waits = |i: &Incident| i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Threshold(_)));
    if let Some(i) = d.incident(no).filter(|i| waits(i) && is_reached(d, i)) {
        hold::end(d, &i);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_came_within_the_time_counts_and_no_more_is_remembered_than_that() {
        let threshold = Threshold { events: 3, within_secs: 600 };
        let mut counting = Some(Counting::new(threshold, Vec::new()));
        let mut after = |minute: i64| {
            counting = counting.take().and_then(|c| c.with(At(minute * 60_000)));
            counting.as_ref().map(|c| c.seen.len())
        };
        assert_eq!(after(0), Some(1));
        assert_eq!(after(9), Some(2));
        assert_eq!(after(11), Some(2), "the first is older than ten minutes");
        assert_eq!(after(21), Some(1), "exactly ten minutes is over");
        assert_eq!(after(22), Some(2));
        assert_eq!(after(23), None, "three");
    }
}
