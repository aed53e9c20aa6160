//! One incident is changed, and every index that speaks of it with it.

use super::timeline::spill;
use super::{RowKey, Spilled, Wake, World, follow, rca};
use crate::domain::alert::Alert;
use crate::domain::fact::ResolvedBy;
use crate::domain::hold;
use crate::domain::id::{AlertKey, IncidentNo, MessageRef, PageId};
use crate::domain::incident::{Incident, State};
use crate::domain::listing;
use crate::domain::sla;
use crate::domain::threshold::Counting;
use std::sync::Arc;

/// Changes one incident and keeps every index that speaks of it.
pub(super) fn change(w: &mut World, no: IncidentNo, how: impl FnOnce(&mut Incident)) {
    let Some(slot) = w.incidents.get_mut(&no) else {
        return;
    };
    let incident = Arc::make_mut(slot);
    let wake_before = incident.next_wake();
    let pages_before: Vec<PageId> = incident.wanted_pages().map(|p| p.id).collect();
    let bundled_before: Vec<(PageId, PageId)> = incident.bundled().collect();
    let closed_before = incident.closed;
    let group_before = incident.group_key();
    let waited_before = incident.waits_for_card().cloned();
    let open_before = (!incident.is_resolved()).then(|| incident.service.clone());
    let entries_before = incident.next_entry;
    let responder_before = incident.responder().cloned();
    let (was_mitigated, was_merged) = (incident.mitigated_at().is_some(), incident.merged_into.is_some());
    let was_major = incident.major.is_some();
    how(incident);
    let is_major = incident.major.is_some();
    if !incident.is_triggered() {
        // Somebody has it, or it is over: there is nothing to hold back.
        incident.hold = None;
        // What cleared before it was often enough counts when it comes again.
        let cleared = matches!(incident.state, State::Resolved { by: ResolvedBy::Monitor, .. });
        incident.counting = incident.counting.take().filter(|_| cleared).map(|c| Counting { wanes: None, ..c });
    }
    if !listing::wanted(incident) || incident.responder() != responder_before.as_ref() {
        incident.listing = None;
    }
    if !hold::is_ahead(incident) {
        incident.held_then = None;
    }
    if incident.is_resolved() {
        incident.raise = None;
    }
    if !sla::runs(incident) {
        incident.sla = incident.sla.filter(|sla| sla.missed.is_some());
    }
    let (is_mitigated, merged_into) = (incident.mitigated_at().is_some(), incident.merged_into);
    let group = incident.group_key();
    let waits = incident.waits_for_card().cloned();
    let open = (!incident.is_resolved()).then(|| incident.service.clone());
    let spilled = spill(incident);
    let wake = incident.next_wake();
    let pages: Vec<PageId> = incident.wanted_pages().map(|p| p.id).collect();
    let bundled: Vec<(PageId, PageId)> = incident.bundled().collect();
    let closed = incident.closed;
    debug_assert!(incident.next_entry >= entries_before, "a timeline only grows");
    let keys: Vec<AlertKey> = if closed == closed_before { Vec::new() } else { alert_keys(incident) };
    if wake != wake_before {
        w.forget_wake(wake_before, Wake::Incident(no));
        w.wake_at(wake, Wake::Incident(no));
    }
    for gone in pages_before.iter().filter(|p| !pages.contains(p)) {
        w.wanted.remove(gone);
    }
    for new in pages.iter().filter(|p| !pages_before.contains(p)) {
        w.wanted.insert(*new, no);
    }
    for (bundle, page) in bundled_before.iter().filter(|b| !bundled.contains(b)) {
        w.leave_bundle(*bundle, no, *page);
    }
    for (bundle, page) in bundled.iter().filter(|b| !bundled_before.contains(b)) {
        w.bundles.entry(*bundle).or_default().insert((no, *page));
    }
    follow(&mut w.uncarded, waited_before, waits, no);
    follow(&mut w.open, open_before, open, no);
    follow(&mut w.groups, group_before, group, no);
    for entry in spilled {
        w.spilled.push(Spilled::Entry(no, entry));
    }
    if was_major != is_major {
        rca::major(w, no, is_major);
    }
    if was_mitigated && !is_mitigated {
        rca::felt_again(w, no);
    }
    if let Some(into) = merged_into.filter(|_| !was_merged) {
        rca::merged(w, no, into);
    }
    w.touched.push(RowKey::Incident(no));
    if closed != closed_before {
        if closed {
            w.closed.insert(no)
        } else {
            w.closed.remove(&no)
        };
    }
    for key in keys {
        w.touched.push(RowKey::Alert(key));
    }
}

/// What it is found by: its alerts, and the message it was made of.
pub fn alert_keys(incident: &Incident) -> Vec<AlertKey> {
    let key = |a: &Arc<Alert>| AlertKey { service: a.service_in(incident).clone(), dedup: a.dedup.clone() };
    incident.alerts.iter().map(key).chain(incident.message.as_ref().map(MessageRef::key)).collect()
}
