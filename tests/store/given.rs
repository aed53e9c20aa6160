//! What the store's tests start from.

use serde_json::value::RawValue;
use std::path::PathBuf;
use warridor::domain::stamp::At;
use warridor::store::embedded::{Options, SnapshotPolicy};
use warridor::store::journal::Journal;
use warridor::store::layout::Layout;
use warridor::store::lineage::Lineage;
use warridor::store::recover::Recovered;
use warridor::store::simdisk::SimDisk;
use warridor::store::space::Limits;
use warridor::store::{Frame, SealedText, StoreError, StoreId};

pub const STORE: StoreId = StoreId(0x5106_e000_0000_0001);

/// Small enough that a few commits meet every bound.
pub const SMALL: Limits =
    Limits { max_frame_bytes: 4_096, segment_bytes: 12_000, short_segment_bytes: 3_000, reserve_bytes: 6_000 };

/// The prefixes of history in these tests.
pub const HISTORY: &[&[u8]] = &[b"c/", b"k/", b"t/"];

/// For a store on a simulated disk: small, and without threads.
pub const SIMULATED: Options = Options {
    limits: SMALL,
    rows_cache_bytes: 1 << 20,
    history: HISTORY,
    snapshots: SnapshotPolicy { every_bytes: 20_000, every_ms: 3_600_000, keep: 2 },
    min_free_bytes: 0,
    helper: false,
};

pub fn layout() -> Layout {
    Layout::new("/data")
}

/// A frame that can be told from every other by `mark`, about `bytes` long.
pub fn frame(seq: u64, mark: u64, bytes: usize) -> Frame {
    let text = SealedText::seal(&format!("{mark:016x}"), &format!("text of {mark}"));
    let fill = "x".repeat(bytes);
    let fact = format!(r#"{{"Marked":{{"mark":{mark},"text":"{}","fill":"{fill}"}}}}"#, text.id);
    let at = At(1_700_000_000_000 + i64::try_from(seq).unwrap());
    Frame {
        seq,
        at,
        wall: at,
        config: 1,
        inputs: vec![format!("input-{mark}")],
        facts: vec![RawValue::from_string(fact).unwrap()],
        texts: vec![text],
    }
}

/// The mark of a frame made by [`frame`].
pub fn mark_of(frame: &Frame) -> u64 {
    let id = frame.inputs[0].strip_prefix("input-").unwrap();
    id.parse().unwrap()
}

pub fn open(disk: &SimDisk) -> Result<(Journal, Recovered), StoreError> {
    Journal::open(disk.shared(), &layout(), SMALL, Lineage::new(STORE))
}

/// The marks of all durable frames, in order; panics when the journal is damaged.
pub fn marks(journal: &Journal) -> Vec<u64> {
    let mut all = Vec::new();
    journal
        .tail(0, &mut |f| {
            assert_eq!(f.seq, all.len() as u64 + 1);
            all.push(mark_of(&f));
            true
        })
        .unwrap();
    all
}

pub fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let all = warridor::store::segment::list(disk, &layout()).unwrap();
    all.into_iter().map(|s| s.path).collect()
}

/// A small random generator: tests must not depend on a crate's version for their seeds.
pub struct Random(pub u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 20) % n
    }
}
