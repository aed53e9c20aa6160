//! A store looked at without becoming its writer: its rows, and over them in memory what later frames lead to.

use super::Replayer;
use crate::domain::id::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::item::Item;
use crate::domain::rca::Rca;
use crate::domain::world::World;
use crate::domain::world::rows::{
    CLOSED_PREFIX, RowTrouble, put_away_items, put_away_key, read_incident_row, read_item_row, read_rca_row,
};
use crate::store::kv::after_prefix;
use crate::store::replay::{Replay, RowSource};
use crate::store::{Opened, RowChange, Store, StoreError};
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

/// The state after the last frame of a store. It commits nothing and writes no row.
pub struct Look<'a> {
    rows: Overlay<'a>,
    replayer: Replayer,
}

impl<'a> Look<'a> {
    /// Reads the rows, and applies the frames after them. The rows those change are held in memory: few after a clean
    /// stop, and at most as many as there are when the rows were lost.
    ///
    /// # Errors
    /// When rows or frames cannot be read.
    pub fn new(store: &'a dyn Store, opened: &Opened) -> Result<Self, StoreError> {
        let mut rows = Overlay { below: store, above: BTreeMap::new() };
        let mut replayer = Replayer::default();
        replayer.start(opened.applied_seq, &rows).map_err(StoreError::Corrupt)?;
        let mut failed = None;
        store.tail(opened.applied_seq, &mut |frame| {
            match replayer.apply(&frame, &rows) {
                Ok(changes) => rows.put(changes),
                Err(why) => failed = Some(format!("frame {} cannot be applied: {why}", frame.seq)),
            }
            failed.is_none()
        })?;
        if let Some(why) = failed {
            return Err(StoreError::Corrupt(why));
        }
        let changes = replayer.settle(&rows).map_err(StoreError::Corrupt)?;
        rows.put(changes);
        Ok(Self { rows, replayer })
    }

    /// Everything that is open.
    pub fn world(&self) -> &World {
        self.replayer.world()
    }

    /// Every incident there ever was, by number; closed ones are read one by one.
    ///
    /// # Errors
    /// When a row cannot be read.
    pub fn incidents(&self, each: &mut dyn FnMut(&Incident) -> ControlFlow<()>) -> Result<(), StoreError> {
        let mut open = self.world().incidents.values().peekable();
        let mut stopped = false;
        let mut failed = None;
        let mut open_before = |no: IncidentNo, each: &mut dyn FnMut(&Incident) -> ControlFlow<()>| {
            while let Some(incident) = open.next_if(|i| i.no < no) {
                if each(incident).is_break() {
                    return true;
                }
            }
            false
        };
        let scanned = self.rows.scan(CLOSED_PREFIX, false, &mut |key, value| {
            match read_incident_row(key, value) {
                Ok(closed) => stopped = open_before(closed.no, each) || each(&closed).is_break(),
                Err(t) => failed = Some(format!("the row {} cannot be read: {}", t.key, t.why)),
            }
            !stopped && failed.is_none()
        });
        scanned.map_err(StoreError::Corrupt)?;
        if let Some(why) = failed {
            return Err(StoreError::Corrupt(why));
        }
        if !stopped {
            open_before(IncidentNo(u64::MAX), each);
        }
        Ok(())
    }

    /// The RCA of an incident, and what is to be done about it; also one that was put away.
    ///
    /// # Errors
    /// When its row cannot be read.
    pub fn rca(&self, no: IncidentNo) -> Result<Option<(Rca, Vec<Item>)>, StoreError> {
        let trouble = |t: RowTrouble| StoreError::Corrupt(format!("the row {} cannot be read: {}", t.key, t.why));
        let known = self.world().rcas.get(&no).map(|rca| (**rca).clone());
        let rca = match known {
            Some(rca) => rca,
            None => {
                let key = put_away_key(no);
                let Some(row) = self.rows.get(&key).map_err(StoreError::Corrupt)? else { return Ok(None) };
                read_rca_row(&key, &row).map_err(trouble)?
            }
        };
        let mut rows = Vec::new();
        let scanned = self.rows.scan(&put_away_items(no), false, &mut |key, value| {
            rows.push(read_item_row(key, value));
            true
        });
        scanned.map_err(StoreError::Corrupt)?;
        let mut items = rows.into_iter().collect::<Result<Vec<Item>, _>>().map_err(trouble)?;
        items.extend(self.world().items.values().filter(|item| item.incident == no).map(|item| (**item).clone()));
        Ok(Some((rca, items)))
    }

    /// Every row, in key order, as a checkpoint now would leave them.
    ///
    /// # Errors
    /// When rows cannot be read.
    pub fn rows(&self, each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.rows.scan(b"", false, each).map_err(StoreError::Corrupt)
    }
}

/// Rows of a store, and changes over them.
struct Overlay<'a> {
    below: &'a dyn Store,
    above: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Overlay<'_> {
    fn put(&mut self, changes: Vec<RowChange>) {
        self.above.extend(changes);
    }
}

impl RowSource for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        match self.above.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.below.get(key).map_err(|e| e.to_string()),
        }
    }

    /// Oldest first only: nobody asks for more.
    fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), String> {
        if newest_first {
            return Err("an overlay is read oldest first".to_owned());
        }
        let end = after_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded);
        let mut above = self.above.range((Bound::Included(prefix.to_vec()), end)).peekable();
        let mut go_on = true;
        let below = &mut |key: &[u8], value: &[u8]| {
            while go_on && let Some((k, changed)) = above.next_if(|(k, _)| k.as_slice() < key) {
                go_on = changed.as_ref().is_none_or(|v| each(k, v));
            }
            if go_on {
                let changed = above.next_if(|(k, _)| k.as_slice() == key);
                go_on = match changed {
                    Some((k, Some(v))) => each(k, v),
                    Some((_, None)) => true,
                    None => each(key, value),
                };
            }
            go_on
        };
        self.below.scan(prefix, false, below).map_err(|e| e.to_string())?;
        while go_on && let Some((k, changed)) = above.next() {
            go_on = changed.as_ref().is_none_or(|v| each(k, v));
        }
        Ok(())
    }
}
