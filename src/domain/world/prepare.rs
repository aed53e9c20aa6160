//! What the facts of shifts ahead do.

use super::rows::RowKey;
use super::{Wake, World};
use crate::domain::fact::Fact;
use crate::domain::prepare::{Gone, PREPARED_MAX, Prepared, ShiftKey};
use crate::domain::stamp::At;
use std::sync::Arc;

pub(super) fn apply(w: &mut World, fact: &Fact, wall: At) {
    match fact {
        Fact::ShiftsAheadLooked { schedule, due } => {
            let Some(current) = w.shifts.get_mut(schedule) else { return };
            let old = std::mem::replace(&mut current.ahead, *due);
            w.forget_wake(old, Wake::Ahead(schedule.clone()));
            w.wake_at(*due, Wake::Ahead(schedule.clone()));
            w.touched.push(RowKey::Shift(schedule.clone()));
        }
        Fact::ShiftForetold { shift, looks, told, heard } => {
            let known = w.prepared.get(shift);
            let ready = known.map(|p| p.ready.clone()).unwrap_or_default();
            let (shift, looks, told, heard) = (shift.clone(), looks.clone(), *told, *heard);
            put(w, Prepared { shift, looks, told, heard, gone: None, ready });
        }
        Fact::ShiftsMoved { user, news } => {
            let old = match news {
                Some(news) => w.moved.insert(user.clone(), news.clone()),
                None => w.moved.remove(user),
            };
            w.forget_wake(old.map(|news| news.due), Wake::Moved(user.clone()));
            w.wake_at(news.as_ref().map(|news| news.due), Wake::Moved(user.clone()));
            w.touched.push(RowKey::Moved(user.clone()));
        }
        Fact::ShiftGone { shift, to } => change(w, shift, |p| p.gone = Some(Gone { to: to.clone() })),
        Fact::ShiftOver { shift } => forget(w, shift),
        Fact::ReadyMarked { shift, check, done } => change(w, shift, |p| {
            if *done {
                p.ready.insert(*check, wall);
            } else {
                p.ready.remove(check);
            }
        }),
        _ => {}
    }
}

fn put(w: &mut World, p: Prepared) {
    w.touched.push(RowKey::Prepared(p.shift.clone()));
    w.prepared.insert(p.shift.clone(), Arc::new(p));
    while w.prepared.len() > PREPARED_MAX
        && let Some(oldest) = w.prepared.values().min_by_key(|p| (p.over(), &p.shift)).map(|p| p.shift.clone())
    {
        forget(w, &oldest);
    }
}

fn forget(w: &mut World, shift: &ShiftKey) {
    w.prepared.remove(shift);
    w.touched.push(RowKey::Prepared(shift.clone()));
}

fn change(w: &mut World, shift: &ShiftKey, how: impl FnOnce(&mut Prepared)) {
    let Some(mut p) = w.prepared.get(shift).map(|p| (**p).clone()) else { return };
    how(&mut p);
    put(w, p);
}
