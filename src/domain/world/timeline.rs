//! An incident's timeline grows, and its oldest entries move to rows of their own.

use crate::domain::incident::{Entry, Happening, Incident, TIMELINE_IN_MEMORY, TIMELINE_SPILL};
use crate::domain::stamp::At;

pub(super) fn log(i: &mut Incident, wall: At, what: Happening) {
    i.timeline.push(Entry { n: i.next_entry, wall, what });
    i.next_entry += 1;
}

pub(super) fn spill(incident: &mut Incident) -> Vec<Entry> {
    if incident.timeline.len() <= TIMELINE_IN_MEMORY {
        return Vec::new();
    }
    incident.timeline.drain(..TIMELINE_SPILL).collect()
}
