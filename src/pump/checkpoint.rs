//! Rows that changed, handed to whoever writes them behind the journal.

use super::{Pump, RowKey, Snapshot};
use crate::domain::directory::Directory;
use crate::domain::world::{Spilled, World};
use crate::store::{Epoch, RowChange, Store, StoreError, StoreId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What changed since the last hand-over.
#[derive(Default)]
pub(super) struct Dirty {
    rows: BTreeSet<RowKey>,
    spilled: Vec<Spilled>,
}

impl Dirty {
    pub fn add(&mut self, rows: Vec<RowKey>, spilled: Vec<Spilled>) {
        self.rows.extend(rows);
        self.spilled.extend(spilled);
    }

    pub fn len(&self) -> usize {
        self.rows.len() + self.spilled.len()
    }

    /// The rows as they stand in `world`.
    pub fn changes(&self, world: &World) -> Vec<RowChange> {
        let mut rows: Vec<RowChange> = self.rows.iter().flat_map(|k| world.row_changes(k)).collect();
        rows.extend(self.spilled.iter().map(Spilled::row));
        rows
    }
}

/// A checkpoint of `world` as it stands, during a start.
pub(super) fn job(
    world: &World,
    seq: u64,
    epoch: Epoch,
    store: StoreId,
    directory: &Arc<Directory>,
    dirty: Dirty,
) -> CheckpointJob {
    let stamp = world.stamp();
    let snapshot = Snapshot { seq, store, stamp, world: world.clone(), directory: directory.clone() };
    CheckpointJob { snapshot: Arc::new(snapshot), epoch, dirty }
}

/// One checkpoint: everything that changed up to `snapshot.seq`.
pub struct CheckpointJob {
    pub snapshot: Arc<Snapshot>,
    epoch: Epoch,
    dirty: Dirty,
}

impl CheckpointJob {
    /// How many rows changed.
    pub fn len(&self) -> usize {
        self.dirty.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes the rows, and `more` that belong to the same checkpoint.
    ///
    /// # Errors
    /// What the store says; give the job back with [`Pump::checkpoint_failed`] then.
    pub fn write(&self, store: &dyn Store, more: Vec<RowChange>) -> Result<(), StoreError> {
        let mut rows = self.dirty.changes(&self.snapshot.world);
        rows.extend(more);
        store.checkpoint(self.epoch, self.snapshot.seq, rows)
    }
}

impl Pump {
    /// Hands over what changed, and lets closed incidents leave memory. `None` while the last hand-over is still being
    /// written, or when nothing changed.
    pub fn take_checkpoint(&mut self) -> Option<CheckpointJob> {
        if self.handed_over.is_some() || self.dirty.rows.is_empty() {
            return None;
        }
        let snapshot = self.committed.clone();
        self.handed_over = Some(Arc::new(snapshot.world.clone()));
        let mut lighter = (*snapshot).clone();
        lighter.world.evict_closed();
        self.committed = Arc::new(lighter);
        Some(CheckpointJob { snapshot, epoch: self.epoch, dirty: std::mem::take(&mut self.dirty) })
    }

    /// Do rows wait to be handed over?
    pub fn has_rows_to_write(&self) -> bool {
        self.dirty.len() > 0
    }

    /// Is a checkpoint being written?
    pub fn is_checkpointing(&self) -> bool {
        self.handed_over.is_some()
    }

    /// The rows are written; they can be read from the store now.
    pub fn checkpoint_done(&mut self) {
        self.handed_over = None;
    }

    /// The rows could not be written: they stay dirty, and what left memory comes back.
    pub fn checkpoint_failed(&mut self, job: CheckpointJob) {
        self.handed_over = None;
        let mut heavier = (*self.committed).clone();
        for no in job.snapshot.world.closed() {
            for (key, value) in job.snapshot.world.row_changes(&RowKey::Incident(*no)) {
                if let Some(value) = value
                    && heavier.world.incident(*no).is_none()
                {
                    // These bytes were made a moment ago from the same state.
                    let _ = heavier.world.load_row(&key, &value);
                }
            }
        }
        self.committed = Arc::new(heavier);
        let Dirty { rows, spilled } = job.dirty;
        self.dirty.add(rows.into_iter().collect(), spilled);
    }
}
