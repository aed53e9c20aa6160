//! What the facts of RCAs, and of the work that incidents leave behind, do to the state.

use super::misconfigured::has_item;
use super::{RowKey, Spilled, Wake, World};
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, ItemNo};
use crate::domain::incident::Done;
use crate::domain::item::{ITEMS_MAX, Item, Kind, NEWS_MAX};
use crate::domain::rca::{Excuse, Impact, RCAS_MAX, Rca, Stands, Written};
use crate::domain::stamp::At;
use std::collections::BTreeMap;
use std::sync::Arc;

pub(super) fn apply(w: &mut World, fact: &Fact, wall: At) {
    match fact {
        Fact::RcaOwed { incident, owner, mitigated, due, private, remind, tell_lead } => {
            let known = w.rcas.get(incident).map(|rca| (**rca).clone());
            let Some(rca) = known.or_else(|| blank(w, *incident, owner)) else { return };
            put(
                w,
                Rca {
                    owner: owner.clone(),
                    private: *private,
                    in_time: None,
                    mitigated: Some(*mitigated),
                    due: Some(*due),
                    stands: Stands::Owed,
                    remind: *remind,
                    tell_lead: *tell_lead,
                    ..rca
                },
            );
        }
        Fact::RcaAnswered { incident, felt, .. } => change(w, *incident, |rca| rca.felt = Some(*felt)),
        Fact::RcaImpactTold { incident, by, who, what, users, time } => change(w, *incident, |rca| {
            let (who, what, by) = (who.body().clone(), what.body().clone(), by.clone());
            let revision = rca.impact.as_ref().map_or(0, |known| known.revision) + 1;
            rca.impact = Some(Impact { who, what, users: *users, time: *time, by, at: wall, revision });
        }),
        Fact::RcaWritten { incident, by, part, text } => change(w, *incident, |rca| {
            let revision = rca.revision(*part) + 1;
            let written = Written { text: text.body().clone(), by: by.clone(), at: wall, revision };
            rca.parts.insert(*part, written);
        }),
        Fact::RcaHandedOver { incident, by, to, remind } => change(w, *incident, |rca| {
            (rca.owner, rca.given, rca.remind) = (to.clone(), true, *remind);
            rca.giver = Some(by.clone());
        }),
        Fact::RcaExcused { incident, by, because } => change(w, *incident, |rca| {
            let excuse = match by {
                Some(by) => Excuse::Said { by: by.clone(), at: wall, because: because.body().clone() },
                None => Excuse::NotActionable,
            };
            rests(rca, Stands::NotOwed(excuse));
        }),
        Fact::RcaCompleted { incident, by } => {
            change(w, *incident, |rca| {
                rca.in_time.get_or_insert(rca.due.is_none_or(|due| wall <= due));
                rests(rca, Stands::Completed(Done { by: by.clone(), at: wall }));
            });
        }
        Fact::RcaTakenUp { incident, due, remind, tell_lead, .. } => change(w, *incident, |rca| {
            (rca.stands, rca.taken_up) = (Stands::Owed, true);
            (rca.due, rca.remind, rca.tell_lead) = (*due, *remind, *tell_lead);
        }),
        Fact::RcaReminded { incident, again, .. } => change(w, *incident, |rca| rca.remind = *again),
        Fact::RcaLeadTold { incident, again, .. } => change(w, *incident, |rca| rca.tell_lead = *again),
        Fact::ItemMade { item, kind, incident, service, team, by, what, owner, due, private, remind } => {
            let made = Item {
                no: *item,
                kind: *kind,
                incident: *incident,
                service: service.clone(),
                team: team.clone(),
                private: *private,
                what: what.body().clone(),
                owner: owner.clone(),
                due: *due,
                made: Done { by: by.clone(), at: wall },
                given: None,
                done: None,
                outcome: "".into(),
                remind: *remind,
                news: Vec::new(),
            };
            w.meta.last_item = w.meta.last_item.max(*item);
            put_item(w, made);
            if let Kind::Alert { entry, .. } = kind {
                has_item(w, *entry, *item);
            }
        }
        Fact::ItemDone { item, by, outcome } => change_item(w, *item, |item| {
            item.done = Some(Done { by: by.clone(), at: wall });
            item.outcome = outcome.body().clone();
            item.remind = None;
        }),
        Fact::ItemReopened { item, remind, .. } => change_item(w, *item, |item| {
            (item.done, item.outcome, item.remind) = (None, "".into(), *remind);
        }),
        Fact::ItemNews { item, news } => change_item(w, *item, |item| {
            item.news.retain(|known| known.to != news.to);
            item.news.push(news.clone());
            if item.news.len() > NEWS_MAX {
                item.news.remove(0);
            }
        }),
        Fact::ItemNewsTold { item, to } => change_item(w, *item, |item| item.news.retain(|news| news.to != *to)),
        Fact::ItemChanged { item, by, owner, due, remind } => change_item(w, *item, |item| {
            if item.owner != *owner {
                item.given = Some(Done { by: by.clone(), at: wall });
            }
            (item.owner, item.due, item.remind) = (owner.clone(), *due, *remind);
        }),
        Fact::ItemReminded { item, again, .. } => change_item(w, *item, |item| item.remind = *again),
        _ => {}
    }
}

/// What an incident leaves to be written, before anybody wrote.
fn blank(w: &World, no: IncidentNo, owner: &crate::domain::id::UserId) -> Option<Rca> {
    let i = w.incidents.get(&no)?;
    Some(Rca {
        incident: no,
        service: i.service.clone(),
        team: i.team.clone(),
        tier: i.tier,
        title: i.title.clone(),
        private: false,
        major: i.major.is_some(),
        opened: i.opened,
        owner: owner.clone(),
        given: false,
        giver: None,
        mitigated: None,
        due: None,
        stands: Stands::Owed,
        taken_up: false,
        in_time: None,
        felt: None,
        impact: None,
        parts: BTreeMap::new(),
        remind: None,
        tell_lead: None,
    })
}

/// Customers feel its incident again: the clock stands.
pub(super) fn felt_again(w: &mut World, no: IncidentNo) {
    change(w, no, |rca| (rca.mitigated, rca.due, rca.remind, rca.tell_lead) = (None, None, None, None));
}

/// Its incident is major, or is not after all.
pub(super) fn major(w: &mut World, no: IncidentNo, is_major: bool) {
    change(w, no, |rca| rca.major = is_major);
}

/// Its incident is part of another one.
pub(super) fn merged(w: &mut World, no: IncidentNo, into: IncidentNo) {
    if w.rcas.get(&no).is_some_and(|rca| rca.is_owed()) {
        change(w, no, |rca| rests(rca, Stands::NotOwed(Excuse::Merged { into })));
    }
}

fn rests(rca: &mut Rca, stands: Stands) {
    (rca.stands, rca.remind, rca.tell_lead) = (stands, None, None);
}

/// A row is taken back.
pub(super) fn load(w: &mut World, rca: Rca) {
    w.wake_at(rca.wake(), Wake::Rca(rca.incident));
    w.rcas.insert(rca.incident, Arc::new(rca));
}

pub(super) fn load_item(w: &mut World, item: Item) {
    w.wake_at(item.wake(), Wake::Item(item.no));
    w.items.insert(item.no, Arc::new(item));
}

fn put(w: &mut World, rca: Rca) {
    let no = rca.incident;
    w.forget_wake(w.rcas.get(&no).and_then(|old| old.wake()), Wake::Rca(no));
    load(w, rca);
    w.touched.push(RowKey::Rca(no));
    while w.rcas.len() > RCAS_MAX {
        // Of what is not closed, it may still be owed anew.
        let may_go = |rca: &&Arc<Rca>| w.incidents.get(&rca.incident).is_none_or(|i| i.closed);
        let over = w.rcas.values().filter(may_go).find(|rca| !rca.is_owed());
        let Some(oldest) = over.or_else(|| w.rcas.values().find(may_go)).cloned() else { return };
        put_away(w, oldest);
    }
}

/// It leaves memory for a row of its own.
fn put_away(w: &mut World, rca: Arc<Rca>) {
    w.rcas.remove(&rca.incident);
    w.forget_wake(rca.wake(), Wake::Rca(rca.incident));
    w.touched.push(RowKey::Rca(rca.incident));
    w.spilled.push(Spilled::Rca(rca));
}

fn change(w: &mut World, no: IncidentNo, how: impl FnOnce(&mut Rca)) {
    let Some(mut rca) = w.rcas.get(&no).map(|rca| (**rca).clone()) else { return };
    how(&mut rca);
    put(w, rca);
}

fn put_item(w: &mut World, item: Item) {
    let no = item.no;
    w.forget_wake(w.items.get(&no).and_then(|old| old.wake()), Wake::Item(no));
    load_item(w, item);
    w.touched.push(RowKey::Item(no));
    while w.items.len() > ITEMS_MAX {
        let oldest = w.items.values().find(|item| !item.is_open()).or_else(|| w.items.values().next());
        let Some(oldest) = oldest.cloned() else { return };
        w.items.remove(&oldest.no);
        w.forget_wake(oldest.wake(), Wake::Item(oldest.no));
        w.touched.push(RowKey::Item(oldest.no));
        w.spilled.push(Spilled::Item(oldest));
    }
}

fn change_item(w: &mut World, no: ItemNo, how: impl FnOnce(&mut Item)) {
    let Some(mut item) = w.items.get(&no).map(|item| (**item).clone()) else { return };
    how(&mut item);
    put_item(w, item);
}
