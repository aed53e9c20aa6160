//! What a pump and its checkpointer would do, in a few lines: frames lead to rows, and boots replay what rows lack.

use super::given::*;
use std::collections::BTreeMap;
use warridor::store::replay::{Replay, RowSource};
use warridor::store::{Commit, Epoch, Frame, Opened, RowChange, Spend, Store};

/// Rows as they should be after the frames so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    pub rows: BTreeMap<Vec<u8>, Vec<u8>>,
    pub seq: u64,
}

/// The rows a frame changes. Open things come and go; a closed one becomes history; each frame has a timeline line.
pub fn changes(frame: &Frame) -> Vec<RowChange> {
    let mark = mark_of(frame);
    let open = format!("o/{:02}", mark % 23).into_bytes();
    let closed = format!("c/{:02}", mark % 41).into_bytes();
    let line = format!("t/{:06}", frame.seq).into_bytes();
    let said = format!("frame {} says {mark} {}", frame.seq, "and more ".repeat(usize::try_from(mark % 50).unwrap()));
    let said = Some(said.into_bytes());
    match mark % 5 {
        0 => vec![(open, None), (closed, said.clone()), (line, said)],
        1 => vec![(closed, None), (line, said)],
        _ => vec![(open, said.clone()), (line, said)],
    }
}

impl Model {
    pub fn apply(&mut self, frame: &Frame) -> Vec<RowChange> {
        self.seq = frame.seq;
        let changes = changes(frame);
        for (key, value) in changes.clone() {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        changes
    }
}

/// A running store with its model.
pub struct Pump<'a, S: Store> {
    pub store: &'a S,
    pub epoch: Epoch,
    pub model: Model,
    pub opened: Opened,
    owed: Vec<RowChange>,
}

impl<'a, S: Store> Pump<'a, S> {
    /// Opens the store and replays what the rows lack.
    pub fn boot(store: &'a S) -> Self {
        let opened = store.open().unwrap_or_else(|e| panic!("{e}"));
        let mut model = Model { rows: BTreeMap::new(), seq: opened.applied_seq };
        read_all(store, &mut model.rows);
        let mut owed = Vec::new();
        store
            .tail(opened.applied_seq, &mut |frame| {
                owed.extend(model.apply(&frame));
                true
            })
            .unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(model.seq, opened.last_seq);
        let mut pump = Self { store, epoch: opened.epoch, model, opened, owed };
        pump.checkpoint();
        pump
    }

    pub fn commit(&mut self, mark: u64) {
        let frame = frame(self.model.seq + 1, mark, 60);
        assert_eq!(self.store.commit(self.epoch, frame.seq, &frame, Spend::Free), Commit::Committed);
        let changes = self.model.apply(&frame);
        self.owed.extend(changes);
    }

    pub fn checkpoint(&mut self) {
        let owed = std::mem::take(&mut self.owed);
        self.store.checkpoint(self.epoch, self.model.seq, owed).unwrap_or_else(|e| panic!("{e}"));
    }

    /// `n` frames with seeded marks, a checkpoint every few.
    pub fn run(&mut self, random: &mut Random, n: u64) {
        for _ in 0..n {
            self.commit(random.below(1_000));
            if random.below(6) == 0 {
                self.checkpoint();
            }
        }
        self.checkpoint();
    }

    /// The stored rows are the model's, row by row and in both orders.
    pub fn check(&self, why: &str) {
        let mut met = BTreeMap::new();
        read_all(self.store, &mut met);
        assert_eq!(met.len(), self.model.rows.len(), "{why}: rows");
        assert_eq!(met, self.model.rows, "{why}");
        for (key, value) in &self.model.rows {
            assert_eq!(self.store.get(key).unwrap().as_ref(), Some(value), "{why}");
        }
        for prefix in ["c/", "o/", "t/", ""] {
            let mut backwards = Vec::new();
            self.store
                .scan(prefix.as_bytes(), true, &mut |k, _| {
                    backwards.push(k.to_vec());
                    true
                })
                .unwrap();
            let mut wanted: Vec<_> = self.model.rows.keys().filter(|k| k.starts_with(prefix.as_bytes())).collect();
            wanted.reverse();
            assert!(backwards.iter().eq(wanted), "{why}: {prefix} backwards");
        }
    }
}

pub fn read_all(store: &impl Store, into: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
    store
        .scan(b"", false, &mut |k, v| {
            assert_eq!(into.insert(k.to_vec(), v.to_vec()), None);
            true
        })
        .unwrap_or_else(|e| panic!("{e}"));
}

/// The model as `verify` wants it: nothing is held back, and what it began with is not needed.
#[derive(Debug, Default)]
pub struct ModelReplay;

impl Replay for ModelReplay {
    fn start(&mut self, _seq: u64, _rows: &dyn RowSource) -> Result<(), String> {
        Ok(())
    }

    fn apply(&mut self, frame: &Frame, _rows: &dyn RowSource) -> Result<Vec<RowChange>, String> {
        Ok(changes(frame))
    }

    fn settle(&mut self, _rows: &dyn RowSource) -> Result<Vec<RowChange>, String> {
        Ok(Vec::new())
    }
}
