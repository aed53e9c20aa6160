//! What was last shown, as hashes. In the checkpoint only: losing it costs an edit that changes nothing.

use crate::domain::id::{IncidentNo, PageId};
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

    /// Nothing of this incident will be shown again.
    pub fn forget_incident(&mut self, no: IncidentNo) {
        let dms = SyncKey::Dm(no, PageId(0))..=SyncKey::Dm(no, PageId(u64::MAX));
        let mut keys: Vec<SyncKey> = self.shown.range(dms).map(|(k, _)| k.clone()).collect();
        keys.extend([SyncKey::Card(no), SyncKey::Thread(no)]);
        for key in keys {
            self.forget(&key);
        }
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
