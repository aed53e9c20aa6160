//! What is known of FYIs.

use super::{RowKey, World};
use crate::domain::fyi::{Fyi, FyiShown};
use crate::domain::id::FyiId;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Events that rules dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub total: u64,
    /// Of the day that ends then, on the wall clock.
    pub today: u64,
    pub until: At,
}

impl Dropped {
    pub(super) fn count(&mut self, until: At) {
        if until > self.until {
            (self.today, self.until) = (0, until);
        }
        self.today += 1;
        self.total += 1;
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.total == 0
    }

    /// How many of today.
    pub fn of_today(&self, wall: At) -> u64 {
        if wall < self.until { self.today } else { 0 }
    }
}

pub(super) fn shown(w: &mut World, shown: &FyiShown, wall: At) {
    let f = Fyi {
        id: shown.fyi,
        key: shown.key.clone(),
        title: shown.title.body().clone(),
        to: shown.to.clone(),
        rule: shown.rule.clone(),
        post: shown.post,
        first: wall,
        last: wall,
        count: 1,
        starts_at: shown.starts_at,
        cleared: None,
        until: shown.until,
    };
    w.meta.last_fyi = w.meta.last_fyi.max(f.id);
    w.touched.push(RowKey::Fyi(f.id));
    put(w, f);
}

pub(super) fn put(w: &mut World, f: Fyi) {
    let newest = w.fyi_by_key.get(&f.key).is_none_or(|known| *known < f.id);
    if newest {
        w.fyi_by_key.insert(f.key.clone(), f.id);
    }
    w.fyis.insert(f.id, Arc::new(f));
}

pub(super) fn change(w: &mut World, id: FyiId, how: impl FnOnce(&mut Fyi)) {
    if let Some(f) = w.fyis.get_mut(&id) {
        how(Arc::make_mut(f));
        w.touched.push(RowKey::Fyi(id));
    }
}

pub(super) fn forget(w: &mut World, id: FyiId) {
    let Some(f) = w.fyis.remove(&id) else { return };
    if w.fyi_by_key.get(&f.key) == Some(&id) {
        w.fyi_by_key.remove(&f.key);
    }
    w.touched.push(RowKey::Fyi(id));
}
