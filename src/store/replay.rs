//! Rows from frames, and whether they are the rows that are stored.
//!
//! The replayed rows are kept in memory; at every frame that a snapshot or the stored rows stand for, the two are walked
//! side by side.

use super::disk::SharedDisk;
use super::kv::{Kv, MemKv, Walk, prefixed};
use super::layout::Layout;
use super::lineage::Lineage;
use super::rows::Rows;
use super::segment;
use super::snapshot::Snapshot;
use super::verify::Report;
use super::{Frame, RowChange, StoreError};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

/// Rows that can be looked up while replaying: those the replay itself led to so far.
pub trait RowSource {
    /// One row.
    ///
    /// # Errors
    /// A sentence.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String>;
    /// Rows whose key starts with `prefix`, until `each` says stop.
    ///
    /// # Errors
    /// A sentence.
    fn scan(&self, prefix: &[u8], newest_first: bool, each: &mut dyn FnMut(&[u8], &[u8]) -> bool)
    -> Result<(), String>;
}

/// What makes rows of frames. The caller holds the state of what is open; `rows` gives it the rest.
pub trait Replay {
    /// Begins with the rows as they stood after frame `seq`: none and 0, or those of a snapshot.
    ///
    /// # Errors
    /// A sentence.
    fn start(&mut self, seq: u64, rows: &dyn RowSource) -> Result<(), String>;

    /// Applies the next frame, and returns the rows it changes, now or later (see [`Replay::settle`]).
    ///
    /// # Errors
    /// A sentence.
    fn apply(&mut self, frame: &Frame, rows: &dyn RowSource) -> Result<Vec<RowChange>, String>;

    /// The changes held back so far: after these, the rows stand for the last frame applied.
    ///
    /// # Errors
    /// A sentence.
    fn settle(&mut self, rows: &dyn RowSource) -> Result<Vec<RowChange>, String>;

    /// Is this row as it should be? Rows that hold more than the journal says (what was last shown, say) are the
    /// caller's to excuse.
    fn same(&self, _key: &[u8], replayed: Option<&[u8]>, stored: Option<&[u8]>) -> bool {
        replayed == stored
    }
}

/// Differences named one by one in a report; the rest are counted.
const MAX_NAMED: usize = 20;

/// A replay of a directory that has no damage.
pub(super) struct Run<'a> {
    pub disk: &'a SharedDisk,
    pub layout: &'a Layout,
    pub max: usize,
    pub lineage: &'a Lineage,
    pub replay: &'a mut dyn Replay,
    pub report: &'a mut Report,
}

/// The rows the replay led to so far.
struct Scratch(MemKv);

impl Run<'_> {
    /// Replays everything after `base` and compares at every frame that rows or a snapshot stand for.
    pub fn compare(
        &mut self,
        base: Option<&Arc<Snapshot>>,
        snapshots: &[Arc<Snapshot>],
        rows: Option<&Rows>,
    ) -> Result<(), StoreError> {
        let scratch = Scratch(MemKv::default());
        let start = base.map_or(0, |s| s.seq);
        if let Some(base) = base {
            let mut walk = base.walk((Bound::Unbounded, Bound::Unbounded), false);
            loop {
                match walk.advance() {
                    Ok(Some((key, value))) => scratch.put(vec![(key, Some(value))]),
                    Ok(None) => break,
                    Err(why) => return self.stop(why),
                }
            }
        }
        // What to compare with, by frame.
        let mut due: BTreeMap<u64, Vec<Stored<'_>>> = BTreeMap::new();
        for s in snapshots.iter().filter(|s| s.seq > start) {
            due.entry(s.seq).or_default().push(Stored::Snapshot(s));
        }
        match rows.map(|r| (r, r.meta().applied_seq)) {
            Some((rows, applied)) if applied >= start => due.entry(applied).or_default().push(Stored::Rows(rows)),
            Some((_, applied)) => self.report.said.push(format!(
                "The rows stand for frame {applied}, and replay can only begin at {start}: they were not compared."
            )),
            None => {}
        }
        if let Err(why) = self.replay.start(start, &scratch) {
            return self.stop(why);
        }
        self.compare_at(start, &mut due, &scratch)?;
        let last = self.report.last_seq;
        let (disk, layout, max, lineage) = (&**self.disk, self.layout, self.max, self.lineage);
        let mut failed = None;
        let read = {
            let mut each = |frame: Frame| {
                let seq = frame.seq;
                let applied = self.replay.apply(&frame, &scratch).map_err(|why| format!("frame {seq}: {why}"));
                let compared = applied.and_then(|changes| {
                    scratch.put(changes);
                    self.compare_at(seq, &mut due, &scratch).map_err(|e| e.to_string())
                });
                failed = compared.err();
                failed.is_none()
            };
            segment::replay(disk, layout, max, lineage, (start, last), &mut each)
        };
        if let Some(why) = failed {
            return self.stop(why);
        }
        read
    }

    fn stop(&mut self, why: String) -> Result<(), StoreError> {
        self.report.problems.push(format!("the journal cannot be replayed: {why}"));
        Ok(())
    }

    fn compare_at(
        &mut self,
        seq: u64,
        due: &mut BTreeMap<u64, Vec<Stored<'_>>>,
        scratch: &Scratch,
    ) -> Result<(), StoreError> {
        let Some(all) = due.remove(&seq) else { return Ok(()) };
        match self.replay.settle(scratch) {
            Ok(changes) => scratch.put(changes),
            Err(why) => return self.stop(format!("frame {seq}: {why}")),
        }
        for stored in all {
            let mut differences = 0;
            let mut compared = 0;
            let named = &mut self.report.problems;
            let what = stored.name();
            let replay = &*self.replay;
            let mut differ = |key: &[u8], replayed: Option<&[u8]>, found: Option<&[u8]>| {
                compared += 1;
                if replay.same(key, replayed, found) {
                    return;
                }
                differences += 1;
                if differences <= MAX_NAMED {
                    let key = String::from_utf8_lossy(key).escape_debug().to_string();
                    let how = match (replayed, found) {
                        (Some(_), None) => "is missing",
                        (None, Some(_)) => "should not be there",
                        _ => "differs",
                    };
                    named.push(format!("row {key} of {what} {how}: replaying to frame {seq} says otherwise"));
                }
            };
            if let Err(why) = stored.compare(scratch, &mut differ) {
                return self.stop(why);
            }
            self.report.rows += compared;
            if differences > MAX_NAMED {
                self.report.problems.push(format!("and {} more rows of {what}", differences - MAX_NAMED));
            }
        }
        Ok(())
    }
}

/// Something with rows in it.
enum Stored<'a> {
    Rows(&'a Rows),
    Snapshot(&'a Snapshot),
}

type Differ<'a> = dyn FnMut(&[u8], Option<&[u8]>, Option<&[u8]>) + 'a;

impl Stored<'_> {
    fn name(&self) -> String {
        match self {
            Self::Rows(_) => "the store".into(),
            Self::Snapshot(s) => s.path.display().to_string(),
        }
    }

    /// Walks both in key order, side by side.
    fn compare(&self, scratch: &Scratch, differ: &mut Differ<'_>) -> Result<(), String> {
        let mut wanted = Walk::new(&scratch.0, (Bound::Unbounded, Bound::Unbounded), false);
        let mut ahead = wanted.advance()?;
        let mut failed = None;
        let mut meet = |key: &[u8], value: &[u8]| -> bool {
            loop {
                match &ahead {
                    Some((k, v)) if &k[..] < key => differ(k, Some(v), None),
                    Some((k, v)) if &k[..] == key => differ(key, Some(v), Some(value)),
                    _ => {
                        differ(key, None, Some(value));
                        return true;
                    }
                }
                let met = ahead.as_ref().is_some_and(|(k, _)| &k[..] == key);
                match wanted.advance() {
                    Ok(pair) => ahead = pair,
                    Err(why) => {
                        failed = Some(why);
                        return false;
                    }
                }
                if met {
                    return true;
                }
            }
        };
        match self {
            Self::Rows(rows) => rows.scan(b"", false, &mut meet)?,
            Self::Snapshot(snapshot) => {
                let mut walk = snapshot.walk((Bound::Unbounded, Bound::Unbounded), false);
                while let Some((key, value)) = walk.advance()? {
                    if !meet(&key, &value) {
                        break;
                    }
                }
            }
        }
        if let Some(why) = failed {
            return Err(why);
        }
        while let Some((key, value)) = ahead {
            differ(&key, Some(&value), None);
            ahead = wanted.advance()?;
        }
        Ok(())
    }
}

impl Scratch {
    fn put(&self, changes: Vec<RowChange>) {
        // In memory, this cannot fail.
        let _ = self.0.apply(changes);
    }
}

impl RowSource for Scratch {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.0.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), String> {
        let mut walk = Walk::new(&self.0, prefixed(prefix), newest_first);
        while let Some((key, value)) = walk.advance()? {
            if !each(&key, &value) {
                break;
            }
        }
        Ok(())
    }
}
