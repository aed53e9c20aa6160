//! A copy that another machine can go on from, and going on from it.
//!
//! A backup is the newest snapshot, the journal to a stated frame, and every configuration: never sled's files. Its list
//! of files is written last, so a backup that was interrupted is none. It can be taken while the store is used: segments
//! only grow, and the copy stops at the frame that was durable when it began.
//!
//! Restoring gives the store a new name and starts it paused: the world went on since, and somebody must look before it
//! pages anybody.

use super::disk::{Disk, How, parent, read_file, read_full_at, replace_file, write_all_at};
use super::embedded::EmbeddedStore;
use super::frame::{FrameHash, hex};
use super::head::{Head, HeadFile};
use super::layout::{Layout, io_error, number_of};
use super::lineage::Lineage;
use super::segment;
use super::snapshot;
use super::{StoreError, StoreId};
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::{Path, PathBuf};

const LIST: &str = "backup.json";
const COPY_BYTES: usize = 1 << 20;

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// The last frame in it.
    pub seq: u64,
    /// The frame its snapshot stands for; `None`: it holds the whole journal instead.
    pub snapshot: Option<u64>,
    pub files: usize,
    pub bytes: u64,
}

/// A backup that was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// The last frame of the backup.
    pub seq: u64,
    /// When the backup was taken.
    pub taken: At,
    /// The name the store had, and the one it has now.
    pub was: StoreId,
    pub store: StoreId,
}

#[derive(Debug, Serialize, Deserialize)]
struct List {
    v: u32,
    store: String,
    seq: u64,
    hash: String,
    at: i64,
    files: Vec<Listed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Listed {
    path: String,
    bytes: u64,
    sha256: String,
}

impl EmbeddedStore {
    /// Copies the store into `target`, which must be missing or empty, while it goes on.
    ///
    /// # Errors
    /// The operating system's; [`StoreError::Corrupt`] when what is to be copied is damaged.
    pub fn backup(&self, target: &Path, now: At) -> Result<BackupReport, StoreError> {
        let live = self.live()?;
        let (disk, layout, options) = self.parts();
        must_be_empty(&**disk, target)?;
        let booted = live.booted();
        booted.journal.holding_still(|| {
            let last = booted.journal.committed();
            let (newest, _) = snapshot::newest(disk, layout, options.history)?;
            let from = newest.as_ref().map_or(0, |s| s.seq);
            let mut copy = Copy { disk: &**disk, from: layout.dir(), to: target, files: Vec::new() };
            let segments = segment::list(&**disk, layout)?;
            let first = segments.iter().rposition(|s| s.first_seq <= from + 1).unwrap_or(0);
            for segment in &segments[first.min(segments.len())..] {
                let (read, until) = if segment.first_seq == last.segment {
                    (segment.path.clone(), Some(last.end))
                } else if segment.first_seq <= last.seq {
                    (segment.path.clone(), None)
                } else {
                    continue; // started after this backup
                };
                let name = segment.path.file_name().unwrap_or_default();
                copy.file(&read, &Path::new("journal").join(name), until)?;
            }
            if let Some(s) = &newest {
                copy.listed(&s.path, None)?;
            }
            for name in disk.list(&layout.configs()).map_err(io_error("listing", &layout.configs()))? {
                if name.ends_with(".toml") {
                    copy.listed(&layout.configs().join(name), None)?;
                }
            }
            copy.listed(&layout.lineage(), None)?;
            let report = BackupReport {
                seq: last.seq,
                snapshot: newest.map(|s| s.seq),
                files: copy.files.len(),
                bytes: copy.files.iter().map(|f| f.bytes).sum(),
            };
            let store = booted.lineage.store.to_string();
            let (seq, hash) = (last.seq, last.hash.to_string());
            let list = List { v: 1, store, seq, hash, at: now.0, files: copy.files };
            write_list(&**disk, target, &list)?;
            Ok(report)
        })
    }
}

/// Makes a data directory at `to`, which must be missing or empty, of the backup at `from`.
///
/// # Errors
/// [`StoreError::Corrupt`] when the backup is incomplete or changed; the operating system's.
pub fn restore(disk: &dyn Disk, from: &Path, to: &Path) -> Result<RestoreReport, StoreError> {
    must_be_empty(disk, to)?;
    let list = read_list(disk, from)?;
    let damaged = |why: &str| StoreError::Corrupt(format!("the backup {} cannot be used: {why}", from.display()));
    let hash = FrameHash::parse(list.hash.as_bytes()).ok_or_else(|| damaged("its list has no hash"))?;
    let was = Lineage::read(disk, &Layout::new(from))?.ok_or_else(|| damaged("store.json is missing"))?;
    let mut copy = Copy { disk, from, to, files: Vec::new() };
    let mut segment = 0;
    for listed in &list.files {
        let path = Path::new(&listed.path);
        let plain = path.components().all(|c| matches!(c, std::path::Component::Normal(_)));
        if !plain || listed.path.starts_with("sled") {
            return Err(damaged(&format!("it lists {}", listed.path)));
        }
        if listed.path == "store.json" {
            continue;
        }
        copy.file(&from.join(path), path, None)?;
        if copy.files.last().is_none_or(|done| done.bytes != listed.bytes || done.sha256 != listed.sha256) {
            return Err(damaged(&format!("{} is not the file that was backed up", listed.path)));
        }
        if let Some(first) = path.file_name().and_then(|n| number_of(n.to_str()?, "jsonl")) {
            segment = segment.max(first);
        }
    }
    let layout = Layout::new(to);
    let head = Head { seq: list.seq, hash, segment, epoch: 0 };
    HeadFile::open(disk, &layout.head())?.write(head)?;
    // Last: a directory without it does not boot.
    let lineage = was.clone().restored(StoreId(rand::random()), list.seq);
    lineage.write(disk, &layout)?;
    Ok(RestoreReport { seq: list.seq, taken: At(list.at), was: was.store, store: lineage.store })
}

fn must_be_empty(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    if disk.list(dir).map_err(io_error("listing", dir))?.is_empty() {
        return Ok(());
    }
    Err(io_error("writing to", dir)(io::Error::new(io::ErrorKind::DirectoryNotEmpty, "the directory is not empty")))
}

fn write_list(disk: &dyn Disk, dir: &Path, list: &List) -> Result<(), StoreError> {
    let path = dir.join(LIST);
    let printed = serde_json::to_vec_pretty(list).map_err(io::Error::from);
    let signed = printed.map(|mut bytes| {
        let sha256 = hex(&Sha256::digest(&bytes));
        bytes.extend_from_slice(format!("\n{sha256}\n").as_bytes());
        bytes
    });
    signed.and_then(|bytes| replace_file(disk, &path, &bytes)).map_err(io_error("writing", &path))
}

fn read_list(disk: &dyn Disk, dir: &Path) -> Result<List, StoreError> {
    let path = dir.join(LIST);
    let bytes = read_file(disk, &path).map_err(io_error("there is no whole backup here: reading", &path))?;
    let list = bytes.len().checked_sub(66).and_then(|end| {
        let (json, signature) = bytes.split_at(end);
        let signed = signature.strip_prefix(b"\n")?.strip_suffix(b"\n")? == hex(&Sha256::digest(json)).as_bytes();
        if signed { serde_json::from_slice(json).ok() } else { None }
    });
    list.ok_or_else(|| StoreError::Corrupt(format!("{} is damaged: it is not what was written", path.display())))
}

/// Copies files of one directory into another and lists them.
struct Copy<'a> {
    disk: &'a dyn Disk,
    from: &'a Path,
    to: &'a Path,
    files: Vec<Listed>,
}

impl Copy<'_> {
    /// Copies a file to the same place.
    fn listed(&mut self, path: &Path, until: Option<u64>) -> Result<(), StoreError> {
        let place = path.strip_prefix(self.from).unwrap_or(path).to_owned();
        self.file(path, &place, until)
    }

    /// Copies the file `read`, or its first `until` bytes, to `place` below the target; durable when this returns.
    fn file(&mut self, read: &Path, place: &Path, until: Option<u64>) -> Result<(), StoreError> {
        let to: PathBuf = self.to.join(place);
        let dir = parent(&to);
        self.disk.create_dir(dir).map_err(io_error("creating", dir))?;
        let input = self.disk.open(read, How::Read).map_err(io_error("opening", read))?;
        let output = self.disk.open(&to, How::Replace).map_err(io_error("creating", &to))?;
        let mut sha = Sha256::new();
        let mut at = 0;
        let mut buf = vec![0; COPY_BYTES];
        loop {
            let most = until.map_or(COPY_BYTES, |end| {
                usize::try_from(end.saturating_sub(at)).unwrap_or(COPY_BYTES).min(COPY_BYTES)
            });
            let n = read_full_at(&*input, &mut buf[..most], at).map_err(io_error("reading", read))?;
            if n == 0 {
                break;
            }
            write_all_at(&*output, &buf[..n], at).map_err(|(e, _)| e).map_err(io_error("writing", &to))?;
            sha.update(&buf[..n]);
            at += n as u64;
        }
        output.sync_data().map_err(io_error("syncing", &to))?;
        for dir in [dir, self.to] {
            self.disk.sync_dir(dir).map_err(io_error("syncing", dir))?;
        }
        let path = place.to_string_lossy().into_owned();
        self.files.push(Listed { path, bytes: at, sha256: hex(&sha.finalize()) });
        Ok(())
    }
}
