//! What makes rows of frames, by the very code that a start runs.

use super::boot::ROWS_WHILE_REPLAYING;
use super::checkpoint::Dirty;
use super::load::{OpenTrouble, open_world};
use super::replay::apply_frame;
use crate::domain::world::World;
use crate::store::replay::{Replay, RowSource};
use crate::store::{Frame, RowChange};

/// A state that follows the journal. What is closed leaves memory as often as during a start.
#[derive(Default)]
pub struct Replayer {
    world: World,
    dirty: Dirty,
    beside: &'static [&'static [u8]],
}

impl Replayer {
    /// `beside`: prefixes of rows that are kept beside the state and that no frame leads to.
    pub fn new(beside: &'static [&'static [u8]]) -> Self {
        Self { beside, ..Self::default() }
    }

    /// Everything that is open, after [`Replay::settle`].
    pub fn world(&self) -> &World {
        &self.world
    }

    fn hand_over(&mut self) -> Vec<RowChange> {
        let changes = std::mem::take(&mut self.dirty).changes(&self.world);
        self.world.evict_closed();
        changes
    }
}

impl Replay for Replayer {
    fn start(&mut self, _seq: u64, rows: &dyn RowSource) -> Result<(), String> {
        self.dirty = Dirty::default();
        self.world = open_world(rows).map_err(|trouble| match trouble {
            OpenTrouble::Store(e) => e.to_string(),
            OpenTrouble::Row(t) => format!("the row {} cannot be read: {}", t.key, t.why),
        })?;
        Ok(())
    }

    fn apply(&mut self, frame: &Frame, rows: &dyn RowSource) -> Result<Vec<RowChange>, String> {
        apply_frame(&mut self.world, frame, rows, None).map_err(|e| e.to_string())?;
        self.dirty.add(self.world.take_touched(), self.world.take_spilled());
        Ok(if self.dirty.len() >= ROWS_WHILE_REPLAYING { self.hand_over() } else { Vec::new() })
    }

    fn settle(&mut self, _rows: &dyn RowSource) -> Result<Vec<RowChange>, String> {
        Ok(self.hand_over())
    }

    fn same(&self, key: &[u8], replayed: Option<&[u8]>, stored: Option<&[u8]>) -> bool {
        replayed == stored || self.beside.iter().any(|prefix| key.starts_with(prefix))
    }
}
