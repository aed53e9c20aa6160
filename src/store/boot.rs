//! From a data directory to a store that can be used: its name, its journal, its rows.

use super::disk::{Disk, SharedDisk, UNFINISHED, replace_file};
use super::embedded::Options;
use super::journal::Journal;
use super::kv::{KvSource, MemKv};
use super::layout::{Layout, io_error};
use super::lineage::Lineage;
use super::rows::Rows;
use super::segment::{self, ADVICE};
use super::snapshot;
use super::{StoreError, StoreId};
use std::path::PathBuf;
use std::sync::Arc;

/// What a boot brought up.
#[derive(Debug)]
pub(super) struct Booted {
    pub lineage: Lineage,
    pub journal: Journal,
    pub rows: Rows,
    /// False when the rows are in memory for want of a better place: then history stays in the snapshot.
    pub fill: bool,
    pub notices: Vec<String>,
}

/// Boots the directory, whose lock the caller holds.
pub(super) fn boot(
    disk: &SharedDisk,
    layout: &Layout,
    source: &dyn KvSource,
    options: &Options,
) -> Result<Booted, StoreError> {
    clear_unfinished(&**disk, layout)?;
    let lineage = lineage(&**disk, layout)?;
    let (journal, recovered) = Journal::open(disk.clone(), layout, options.limits, lineage.clone())?;
    let mut notices = recovered.notices;
    let (rows, fill) = rows(disk, layout, source, options, &lineage, recovered.last_seq, &mut notices)?;
    Ok(Booted { lineage, journal, rows, fill, notices })
}

/// Removes files that were being written when the process died: none of them ever took its place.
fn clear_unfinished(disk: &dyn Disk, layout: &Layout) -> Result<(), StoreError> {
    for dir in [layout.dir().to_owned(), layout.journal(), layout.snapshots(), layout.configs()] {
        for name in disk.list(&dir).map_err(io_error("listing", &dir))? {
            if name.ends_with(UNFINISHED) {
                let path = dir.join(name);
                disk.remove(&path).map_err(io_error("removing", &path))?;
            }
        }
    }
    Ok(())
}

fn lineage(disk: &dyn Disk, layout: &Layout) -> Result<Lineage, StoreError> {
    if let Some(lineage) = Lineage::read(disk, layout)? {
        return Ok(lineage);
    }
    if disk.exists(&layout.head()) || !segment::list(disk, layout)?.is_empty() {
        return Err(StoreError::Corrupt(format!(
            "{} is missing, and there is a journal: the store's name is not known. {ADVICE}",
            layout.lineage().display()
        )));
    }
    let lineage = Lineage::new(StoreId(rand::random()));
    lineage.write(disk, layout)?;
    Ok(lineage)
}

/// Says that the rows must be rebuilt at the next boot, and why.
pub(super) fn mark_damaged(disk: &dyn Disk, layout: &Layout, why: &str) {
    // If even this cannot be written, the next boot's own checks are what is left.
    let _ = replace_file(disk, &damage_mark(layout), why.as_bytes());
}

fn damage_mark(layout: &Layout) -> PathBuf {
    layout.dir().join("rows-damaged")
}

fn rows(
    disk: &SharedDisk,
    layout: &Layout,
    source: &dyn KvSource,
    options: &Options,
    lineage: &Lineage,
    last_seq: u64,
    notices: &mut Vec<String>,
) -> Result<(Rows, bool), StoreError> {
    let rebuild = |kv, notices: &mut Vec<String>| -> Result<Result<Rows, String>, StoreError> {
        let (snapshot, mut said) = snapshot::newest(disk, layout, options.history)?;
        notices.append(&mut said);
        if let Some(s) = snapshot.as_ref().filter(|s| s.seq > last_seq) {
            return Err(StoreError::Corrupt(format!(
                "frames were lost: {} stands for frame {}, and the journal ends at {last_seq}. {ADVICE}",
                s.path.display(),
                s.seq
            )));
        }
        Ok(Rows::rebuild(kv, lineage.store, options.history, snapshot.map(Arc::new)))
    };
    let free = disk.free_bytes(layout.dir()).map_err(io_error("measuring", layout.dir()))?;
    if free < options.min_free_bytes {
        notices.push(format!(
            "The disk is nearly full ({free} bytes are free): the rows are kept in memory until the next start."
        ));
        let rows = rebuild(Box::<MemKv>::default(), notices)?.map_err(unusable)?;
        return Ok((rows, false));
    }
    let mark = damage_mark(layout);
    let why = match super::disk::read_file(&**disk, &mark) {
        Ok(why) => String::from_utf8_lossy(&why).into_owned(),
        Err(_) => match open(disk, layout, source, options, lineage, last_seq) {
            Ok(Some(rows)) => return Ok((rows, true)),
            Ok(None) => "there were none".to_owned(),
            Err(why) => why,
        },
    };
    let moved = source.set_aside();
    match moved.clone().and_then(|_| source.open()) {
        Ok(kv) => match rebuild(kv, notices)? {
            Ok(rows) => {
                if disk.exists(&mark) {
                    disk.remove(&mark).map_err(io_error("removing", &mark))?;
                }
                let from = match rows.meta().applied_seq {
                    0 => "the journal".to_owned(),
                    seq => format!("the snapshot after frame {seq} and the journal"),
                };
                notices.push(format!("The rows are rebuilt from {from}: {why}. {}", whereabouts(&moved)));
                return Ok((rows, true));
            }
            Err(again) => notices.push(format!("The rows cannot be rebuilt on the disk: {again}.")),
        },
        Err(again) => notices.push(format!("The rows cannot be kept on the disk: {again}.")),
    }
    notices.push(format!("The rows are kept in memory until the next start: {why}. {}", whereabouts(&moved)));
    let rows = rebuild(Box::<MemKv>::default(), notices)?.map_err(unusable)?;
    Ok((rows, false))
}

/// The rows as they are, `None` when there are none although there is a snapshot to begin with, or why they cannot be
/// used.
fn open(
    disk: &SharedDisk,
    layout: &Layout,
    source: &dyn KvSource,
    options: &Options,
    lineage: &Lineage,
    last_seq: u64,
) -> Result<Option<Rows>, String> {
    let rows = Rows::open(source.open()?, lineage.store, options.history)?;
    let meta = rows.meta();
    if meta.applied_seq > last_seq {
        return Err(format!("they stand for frame {}, and the journal ends at {last_seq}", meta.applied_seq));
    }
    let snapshots = snapshot::list(&**disk, layout).map_err(|e| e.to_string())?;
    if meta.applied_seq == 0 && !snapshots.is_empty() {
        return Ok(None);
    }
    if let Some((seq, _)) = meta.filling {
        let below = snapshot::verify(&**disk, &layout.snapshot(seq), options.history).map_err(|e| e.to_string())?;
        rows.fill_from(Arc::new(below));
    }
    Ok(Some(rows))
}

fn whereabouts(moved: &Result<String, String>) -> String {
    match moved {
        Ok(place) => format!("The old ones are kept: {place}."),
        Err(why) => format!("The old ones are where they were: {why}."),
    }
}

fn unusable(why: String) -> StoreError {
    StoreError::Corrupt(format!("the rows cannot be rebuilt even in memory: {why}. {ADVICE}"))
}
