//! What was last shown, as hashes. In the checkpoint only: losing it costs an edit that changes nothing.

use crate::domain::id::{IncidentNo, PageId, PostId};
use crate::domain::page::SyncKey;
use crate::store::{RowChange, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

/// The rows' prefix.
pub const PREFIX: &[u8] = b"h/";

#[derive(Debug, Default)]
pub struct Ledger {
    shown: BTreeMap<SyncKey, u64>,
    changed: BTreeSet<SyncKey>,
}

impl Ledger {
    /// Reads the ledger of a store.
    ///
    /// # Errors
    /// When the rows cannot be read; a row that makes no sense is passed over.
    pub fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut ledger = Self::default();
        store.scan(PREFIX, false, &mut |key, value| {
            let parsed = key.get(PREFIX.len()..).and_then(|k| serde_json::from_slice(k).ok());
            if let (Some(key), Ok(hash)) = (parsed, serde_json::from_slice(value)) {
                ledger.shown.insert(key, hash);
            }
            true
        })?;
        Ok(ledger)
    }

    pub fn shows(&self, key: &SyncKey, hash: u64) -> bool {
        self.shown.get(key) == Some(&hash)
    }

    pub fn set(&mut self, key: SyncKey, hash: u64) {
        if self.shown.insert(key.clone(), hash) != Some(hash) {
            self.changed.insert(key);
        }
    }

    pub fn forget(&mut self, key: &SyncKey) {
        if self.shown.remove(key).is_some() {
            self.changed.insert(key.clone());
        }
    }

    /// Of nothing is it known any more what was shown last.
    pub fn forget_all(&mut self) {
        self.changed.extend(std::mem::take(&mut self.shown).into_keys());
    }

    /// The same of some.
    pub fn forget_all_of(&mut self, which: impl Fn(&SyncKey) -> bool) {
        let gone: Vec<SyncKey> = self.shown.keys().filter(|key| which(key)).cloned().collect();
        gone.iter().for_each(|key| self.forget(key));
    }

    /// Nothing of this incident will be shown again.
    pub fn forget_incident(&mut self, no: IncidentNo) {
        self.keep_dms(no, |_| false);
        self.forget(&SyncKey::Card(no));
        self.forget(&SyncKey::Thread(no));
        self.forget(&SyncKey::Log(no));
        self.forget(&SyncKey::Run(no));
    }

    /// Forgets incidents that closed while a process died before it could write that down.
    pub fn keep_incidents(&mut self, keep: impl Fn(IncidentNo) -> bool) {
        let gone: BTreeSet<IncidentNo> = self.incidents().filter(|no| !keep(*no)).collect();
        for no in gone {
            self.forget_incident(no);
        }
    }

    /// Forgets the direct messages of this incident that nobody keeps true any more.
    pub fn keep_dms(&mut self, no: IncidentNo, keep: impl Fn(PageId) -> bool) {
        let gone: Vec<PageId> = self.dms(no).filter(|page| !keep(*page)).collect();
        for page in gone {
            self.forget(&SyncKey::Dm(no, page));
        }
    }

    /// The direct messages of this incident that are in the ledger.
    pub fn dms(&self, no: IncidentNo) -> impl Iterator<Item = PageId> {
        let all = SyncKey::Dm(no, PageId(0))..=SyncKey::Dm(no, PageId(u64::MAX));
        self.shown.range(all).filter_map(|(key, _)| match key {
            SyncKey::Dm(_, page) => Some(*page),
            SyncKey::Card(_)
            | SyncKey::Thread(_)
            | SyncKey::Log(_)
            | SyncKey::Run(_)
            | SyncKey::Post(_)
            | SyncKey::Follower(..) => None,
        })
    }

    /// Forgets messages about no single incident that nobody keeps true any more.
    pub fn keep_posts(&mut self, keep: impl Fn(PostId) -> bool) {
        let posts = self.shown.range(SyncKey::Post(PostId(0))..=SyncKey::Post(PostId(u64::MAX)));
        let gone: Vec<SyncKey> = posts
            .filter(|(key, _)| matches!(key, SyncKey::Post(id) if !keep(*id)))
            .map(|(key, _)| key.clone())
            .collect();
        gone.iter().for_each(|key| self.forget(key));
    }

    /// The incidents that are in the ledger, in no order and perhaps several times.
    pub fn incidents(&self) -> impl Iterator<Item = IncidentNo> {
        self.shown.keys().filter_map(SyncKey::incident)
    }

    /// The rows that changed since this was last asked.
    pub fn take_changes(&mut self) -> Vec<RowChange> {
        std::mem::take(&mut self.changed).into_iter().map(|key| self.row(&key)).collect()
    }

    fn row(&self, key: &SyncKey) -> RowChange {
        let mut name = PREFIX.to_vec();
        name.extend(serde_json::to_vec(key).unwrap_or_default());
        (name, self.shown.get(key).map(|h| h.to_string().into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_closed_is_forgotten_with_its_rows_and_what_is_open_stays() {
        let mut ledger = Ledger::default();
        for no in [1, 2].map(IncidentNo) {
            for key in [SyncKey::Card(no), SyncKey::Thread(no), SyncKey::Dm(no, PageId(0)), SyncKey::Dm(no, PageId(7))]
            {
                ledger.set(key, 5);
            }
        }
        ledger.take_changes();
        ledger.keep_incidents(|no| no == IncidentNo(2));
        ledger.keep_dms(IncidentNo(2), |page| page == PageId(7));
        let gone = ledger.take_changes();
        assert_eq!(gone.len(), 5);
        assert!(gone.iter().all(|(_, value)| value.is_none()), "{gone:?}");
        assert_eq!(ledger.incidents().collect::<BTreeSet<_>>(), [IncidentNo(2)].into());
        assert_eq!(ledger.dms(IncidentNo(2)).collect::<Vec<_>>(), [PageId(7)]);
        assert!(ledger.shows(&SyncKey::Card(IncidentNo(2)), 5));
    }
}
