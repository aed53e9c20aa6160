//! What the facts of handoffs do, and what is remembered of incidents that close.

use super::rows::RowKey;
use super::{Wake, World};
use crate::domain::fact::Fact;
use crate::domain::handoff::{HANDOFFS_MAX, Handoff, Note, Stands};
use crate::domain::id::{HandoffNo, IncidentNo};
use crate::domain::incident::Done;
use crate::domain::stamp::At;
use crate::domain::worked::{WORKED_MAX, Worked};
use std::sync::Arc;

pub(super) fn apply(w: &mut World, fact: &Fact, wall: At) {
    match fact {
        Fact::HandoffDrafted { handoff, team, schedule, from, to, began, at } => {
            let (team, schedule, from, to) = (team.clone(), schedule.clone(), Some(from.clone()), to.clone());
            let (began, at, stands) = (*began, *at, Stands::Draft);
            let known = w.handoffs.get(handoff);
            let words = known.map(|h| h.words.clone()).unwrap_or_default();
            let (offered, offer) = known.map(|h| (h.offered.clone(), h.offer.clone())).unwrap_or_default();
            let drafted = Handoff {
                no: *handoff,
                team,
                schedule,
                from,
                to,
                began,
                at,
                words,
                offered,
                offer,
                missed: None,
                stands,
                due: None,
                report: None,
            };
            put(w, drafted);
        }
        Fact::HandoffForgotten { handoff } => forget(w, *handoff),
        Fact::HandoffNoted { team, by, text } => {
            let note = Note { by: by.clone(), at: wall, text: text.body().clone() };
            w.handoff_notes.entry(team.clone()).or_default().push(note);
            w.touched.push(RowKey::HandoffNotes(team.clone()));
        }
        Fact::HandoffWritten { handoff, words, .. } => change(w, *handoff, |h| h.words = words.body().clone()),
        Fact::HandoffOffered { handoff, by, offer } => change(w, *handoff, |h| {
            h.offered = Some(Done { by: by.clone(), at: wall });
            h.offer.clone_from(offer);
        }),
        Fact::HandedOver { handoff, team, schedule, from, to, began, at, late, due, offer, missed, short, lists } => {
            // The one before is not waited for any more.
            let is_before = |h: &&Arc<Handoff>| {
                h.team == *team && h.schedule == *schedule && matches!(h.stands, Stands::Waits { .. })
            };
            let before: Vec<HandoffNo> = w.handoffs.values().filter(is_before).map(|h| h.no).collect();
            for no in before {
                let due = missed.as_ref().filter(|missed| missed.handoff == no).and_then(|missed| missed.lead_due);
                let short = *short == Some(no);
                change(w, no, |h| (h.stands, h.due) = (Stands::Over { late: h.stands.late(), short }, due));
            }
            let drafted = w.handoffs.get(handoff).cloned();
            let stands = match to {
                Some(_) => Stands::Waits { late: *late, reminded: 0 },
                None => Stands::Over { late: *late, short: false },
            };
            let report = Arc::new(lists.report(w, team));
            let handed = Handoff {
                no: *handoff,
                team: team.clone(),
                schedule: schedule.clone(),
                from: from.clone(),
                to: to.clone(),
                began: *began,
                at: *at,
                words: drafted.as_ref().map(|h| h.words.clone()).unwrap_or_default(),
                offered: drafted.and_then(|h| h.offered.clone()).filter(|o| from.as_ref() == Some(&o.by)),
                offer: offer.clone(),
                missed: missed.clone(),
                stands,
                due: *due,
                report: Some(report),
            };
            put(w, handed);
            w.handoff_notes.remove(team);
            w.touched.push(RowKey::HandoffNotes(team.clone()));
        }
        Fact::HandoffAccepted { handoff, by, took } => change(w, *handoff, |h| {
            let late = h.stands.late();
            h.stands = Stands::Accepted { by: by.clone(), at: wall, took: took.clone(), late };
            h.due = None;
        }),
        Fact::HandoffReminded { handoff, due } => change(w, *handoff, |h| {
            if let Stands::Waits { reminded, .. } = &mut h.stands {
                *reminded += 1;
            }
            h.due = *due;
        }),
        _ => {}
    }
}

fn put(w: &mut World, h: Handoff) {
    w.meta.last_handoff = w.meta.last_handoff.max(h.no);
    let no = h.no;
    w.forget_wake(w.handoffs.get(&no).and_then(|old| old.due), Wake::Handoff(no));
    w.wake_at(h.due, Wake::Handoff(no));
    w.handoffs.insert(no, Arc::new(h));
    w.touched.push(RowKey::Handoff(no));
    while w.handoffs.len() > HANDOFFS_MAX {
        let is_over = |h: &&Arc<Handoff>| matches!(h.stands, Stands::Accepted { .. } | Stands::Over { .. });
        let oldest = w.handoffs.values().find(is_over).or_else(|| w.handoffs.values().next()).map(|h| h.no);
        let Some(oldest) = oldest else { return };
        forget(w, oldest);
    }
}

fn forget(w: &mut World, no: HandoffNo) {
    let old = w.handoffs.remove(&no);
    w.forget_wake(old.and_then(|h| h.due), Wake::Handoff(no));
    w.touched.push(RowKey::Handoff(no));
}

fn change(w: &mut World, no: HandoffNo, how: impl FnOnce(&mut Handoff)) {
    let Some(mut h) = w.handoffs.get(&no).map(|h| (**h).clone()) else { return };
    how(&mut h);
    put(w, h);
}

/// It leaves memory, or changed since: what whoever looks back needs stays. `unknown`: whether no playbook knew it, as it closes.
pub(super) fn closed(w: &mut World, no: IncidentNo, unknown: Option<bool>) {
    let Some(mut worked) = w.incidents.get(&no).filter(|i| !i.is_test()).map(|i| Worked::of(i)) else { return };
    worked.unknown = unknown.unwrap_or_else(|| w.worked.get(&no).is_some_and(|before| before.unknown));
    if worked.paged.is_empty() && worked.answered.is_none() {
        return;
    }
    w.worked.insert(no, Arc::new(worked));
    w.touched.push(RowKey::Worked(no));
    while w.worked.len() > WORKED_MAX
        && let Some((oldest, _)) = w.worked.get_min()
    {
        let oldest = *oldest;
        w.worked.remove(&oldest);
        w.touched.push(RowKey::Worked(oldest));
    }
}
