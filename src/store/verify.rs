//! Reads a stopped data directory from end to end and says all that is wrong with it.
//!
//! A boot looks at what it needs. This looks at everything: every frame's hash and place, every text against its id,
//! `HEAD`, every snapshot, every row's checksum and both digests; and it replays the journal and compares the rows it
//! leads to with the rows that are stored. What a fact means is the caller's: it lends a [`Replay`].

use super::StoreError;
use super::disk::{Disk, SharedDisk};
use super::embedded::Options;
use super::frame;
use super::head::{self, Found};
use super::kv::KvSource;
use super::layout::{Layout, io_error};
use super::lineage::Lineage;
use super::replay::{Replay, Run};
use super::rows::Rows;
use super::segment::{self, End, Next, Segment};
use super::snapshot::{self, Snapshot};
use std::ops::ControlFlow;
use std::sync::Arc;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Good frames, and the last of them.
    pub frames: u64,
    pub last_seq: u64,
    pub segments: usize,
    /// Texts that match their id, and texts that were dropped.
    pub texts: u64,
    pub dropped_texts: u64,
    /// The frames that good snapshots stand for, oldest first.
    pub snapshots: Vec<u64>,
    /// Rows that were compared with a replay.
    pub rows: u64,
    /// Good to know, one sentence each.
    pub said: Vec<String>,
    /// What is wrong, one sentence each.
    pub problems: Vec<String>,
}

impl Report {
    /// Is nothing wrong?
    pub fn is_fine(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Verifies the directory. It keeps the replayed rows in memory.
///
/// # Errors
/// [`StoreError::InUse`] when a process uses the directory; the operating system's. What is wrong with the content is in
/// the [`Report`].
pub fn verify(
    disk: &SharedDisk,
    layout: &Layout,
    source: &dyn KvSource,
    options: &Options,
    replay: &mut dyn Replay,
) -> Result<Report, StoreError> {
    let _lock = lock_stopped(&**disk, layout)?;
    let mut report = Report::default();
    let lineage = match Lineage::read(&**disk, layout) {
        Ok(Some(lineage)) => lineage,
        Ok(None) => {
            report.problems.push(format!("{} is missing", layout.lineage().display()));
            return Ok(report);
        }
        Err(e) => {
            report.problems.push(e.to_string());
            return Ok(report);
        }
    };
    let max = options.limits.max_frame_bytes;
    let segments = segment::list(&**disk, layout)?;
    let first_seq = segments.first().map_or(1, |s| s.first_seq);
    chain(&**disk, layout, max, &lineage, &segments, &mut report)?;
    let snapshots = snapshots(disk, layout, options, &lineage, &mut report)?;
    // An empty place for rows is not made just to look at it.
    let rows = if source.exists() { stored_rows(disk, layout, source, options, &lineage, &mut report) } else { None };
    if report.is_fine() {
        let base = if first_seq == 1 { None } else { snapshots.iter().find(|s| s.seq + 1 >= first_seq) };
        if first_seq > 1 && base.is_none() {
            report.problems.push(format!(
                "the journal starts at frame {first_seq}, and no good snapshot stands for what came before"
            ));
        } else {
            let mut run = Run { disk, layout, max, lineage: &lineage, replay, report: &mut report };
            run.compare(base, &snapshots, rows.as_ref())?;
        }
    } else {
        report.said.push("The rows were not replayed: what is wrong above comes first.".into());
    }
    Ok(report)
}

/// Takes the lock of a directory that nobody uses.
pub(super) fn lock_stopped(disk: &dyn Disk, layout: &Layout) -> Result<super::disk::Lock, StoreError> {
    let path = layout.lock();
    if !disk.exists(layout.dir()) {
        return Err(io_error("looking for", layout.dir())(std::io::ErrorKind::NotFound.into()));
    }
    disk.lock(&path).map_err(io_error("locking", &path))?.ok_or_else(|| {
        StoreError::InUse(format!("{} is in use: stop the process that uses it first.", layout.dir().display()))
    })
}

/// Reads every frame there is, past damage where it can.
fn chain(
    disk: &dyn Disk,
    layout: &Layout,
    max: usize,
    lineage: &Lineage,
    segments: &[Segment],
    report: &mut Report,
) -> Result<(), StoreError> {
    let head = match head::read(disk, &layout.head())? {
        Found::Head { head, one_lost } => {
            if one_lost {
                report.problems.push(format!("one of the two copies in {} cannot be read", layout.head().display()));
            }
            Some(head)
        }
        Found::Missing if segments.is_empty() => None,
        Found::Missing => {
            report.problems.push(format!("{} is missing", layout.head().display()));
            None
        }
        Found::Unreadable => {
            report.problems.push(format!("{} cannot be read", layout.head().display()));
            None
        }
    };
    let mut next = Next { seq: segments.first().map_or(1, |s| s.first_seq), prev: None };
    report.segments = segments.len();
    for (i, segment) in segments.iter().enumerate() {
        if segment.first_seq != next.seq {
            report.problems.push(segment::missing(segment, next.seq).to_string());
            next = Next { seq: segment.first_seq, prev: None };
        }
        let mut from = 0;
        loop {
            let end = segment::read_from(disk, segment, from, max, lineage, &mut next, &mut |line, _, _| {
                report.frames += 1;
                report.last_seq = line.seq;
                let dropped = line.texts().iter().filter(|t| t.text.is_none()).count() as u64;
                report.dropped_texts += dropped;
                report.texts += line.texts().len() as u64 - dropped;
                if head.is_some_and(|h| h.seq == line.seq && h.hash != line.hash) {
                    report.problems.push(format!("frame {} is not the one that HEAD names", line.seq));
                }
                ControlFlow::Continue(())
            })?;
            let (offset, why) = match end {
                End::Zeroes { offset } => (offset, "a hole stands there".to_owned()),
                End::Bad { offset, why } => (offset, why.to_string()),
                End::Foreign { offset, why } => (offset, why),
                End::Stopped => break,
            };
            let rest = segment::rest(disk, segment, offset)?;
            if rest.is_empty() {
                break;
            }
            let place = format!("byte {offset} of {}", segment.path.display());
            // A foreign frame is itself a good one: look behind its first byte.
            match frame::find_good(rest.get(1..).unwrap_or_default()) {
                Some((at, seq)) => {
                    report
                        .problems
                        .push(format!("frame {} at {place} is damaged: {why}; the next good frame is {seq}", next.seq));
                    next = Next { seq, prev: None };
                    from = offset + 1 + at as u64;
                }
                None => {
                    let last = i + 1 == segments.len();
                    if last && rest.len() <= max && head.is_some_and(|h| h.seq < next.seq) {
                        let seq = next.seq;
                        report.said.push(format!("Frame {seq} at {place} is unfinished; the next start cuts it."));
                    } else {
                        report.problems.push(format!("frame {} at {place} is damaged: {why}", next.seq));
                    }
                    break;
                }
            }
        }
    }
    if let Some(head) = head.filter(|h| h.seq > report.last_seq) {
        report.problems.push(format!(
            "frames {} to {} are lost: HEAD says that frame {} was durable",
            report.last_seq + 1,
            head.seq,
            head.seq
        ));
    }
    Ok(())
}

/// Checks every snapshot; gives the good ones, oldest first.
fn snapshots(
    disk: &SharedDisk,
    layout: &Layout,
    options: &Options,
    lineage: &Lineage,
    report: &mut Report,
) -> Result<Vec<Arc<Snapshot>>, StoreError> {
    let mut good = Vec::new();
    for seq in snapshot::list(&**disk, layout)?.into_iter().rev() {
        let path = layout.snapshot(seq);
        match snapshot::verify(&**disk, &path, options.history) {
            Err(StoreError::Corrupt(why)) => report.problems.push(why),
            Err(e) => return Err(e),
            Ok(s) if s.seq != seq || s.store != lineage.writer_of(seq) => {
                report.problems.push(format!("{} stands for frame {} of store {}", path.display(), s.seq, s.store));
            }
            Ok(_) if seq > report.last_seq => report.problems.push(format!(
                "{} stands for frame {seq}, and the journal ends at {}: frames were lost",
                path.display(),
                report.last_seq
            )),
            Ok(s) => {
                let max = options.limits.max_frame_bytes;
                // Its frame may stand before the journal that is left.
                if segment::hash_of(&**disk, layout, max, lineage, seq).is_ok_and(|hash| hash != s.frame) {
                    report.problems.push(format!("{} was taken from another journal", path.display()));
                    continue;
                }
                report.snapshots.push(seq);
                good.push(Arc::new(s));
            }
        }
    }
    Ok(good)
}

fn stored_rows(
    disk: &SharedDisk,
    layout: &Layout,
    source: &dyn KvSource,
    options: &Options,
    lineage: &Lineage,
    report: &mut Report,
) -> Option<Rows> {
    let opened = source.open().and_then(|kv| Rows::open(kv, lineage.store, options.history)).and_then(|rows| {
        if let Some((seq, _)) = rows.meta().filling {
            let below = snapshot::verify(&**disk, &layout.snapshot(seq), options.history).map_err(|e| e.to_string())?;
            rows.fill_from(Arc::new(below));
        }
        rows.check_history(&mut || true)?;
        Ok(rows)
    });
    match opened {
        Ok(rows) if rows.meta().applied_seq > report.last_seq => {
            let (rows, journal) = (rows.meta().applied_seq, report.last_seq);
            report.problems.push(format!("the rows stand for frame {rows}, and the journal ends at {journal}"));
            None
        }
        Ok(rows) => Some(rows),
        Err(why) => {
            report.problems.push(format!("the rows cannot be used, and the next start rebuilds them: {why}"));
            None
        }
    }
}
