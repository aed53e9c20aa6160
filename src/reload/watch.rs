//! What a configuration was read from, and whether any of it changed since.

use crate::config::{self, Complaint, Env, Loaded};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the configuration is read from.
#[derive(Clone)]
pub struct Watch {
    pub path: PathBuf,
    pub env: Arc<dyn Env + Send + Sync>,
}

/// What was read, and from what.
pub struct Looked {
    pub read: Result<Loaded, Vec<Complaint>>,
    pub seen: Seen,
    /// How each file was just before it was read: what is written later has other stamps.
    pub stamps: Stamps,
}

/// Every file and folder a configuration came from, with what it held: the file itself, playbooks, keys. As many as the
/// configuration's own bounds allow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// SHA-256 of the bytes; `None`: it could not be read.
    files: BTreeMap<PathBuf, Option<[u8; 32]>>,
    folders: BTreeSet<PathBuf>,
}

/// Cheap to take and compare: it changes whenever somebody may have written to one of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stamps(Vec<Option<Stamp>>);

/// The inode, the size, and when it was last written.
type Stamp = (u64, u64, i64, i64);

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = std::fs::metadata(path).ok()?;
    Some((meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()))
}

impl Watch {
    /// Reads it all. Blocks.
    pub fn look(&self) -> Looked {
        let recorder = Recorder { under: &*self.env, seen: Mutex::default() };
        let read = config::load(&self.path, &recorder);
        let (seen, before) = recorder.seen.into_inner().unwrap_or_else(PoisonError::into_inner);
        let stamps = seen.paths().map(|path| before.get(path).copied().flatten()).collect();
        Looked { read, seen, stamps: Stamps(stamps) }
    }
}

impl Seen {
    /// How its files are now. Blocks.
    pub fn stamps(&self) -> Stamps {
        Stamps(self.paths().map(|path| stamp(path)).collect())
    }

    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys().chain(&self.folders)
    }
}

/// Passes everything on and remembers what was asked for.
struct Recorder<'a> {
    under: &'a dyn Env,
    seen: Mutex<(Seen, BTreeMap<PathBuf, Option<Stamp>>)>,
}

impl Recorder<'_> {
    /// `before`: how it was before it was read.
    fn note(&self, path: &Path, before: Option<Stamp>, note: impl FnOnce(&mut Seen)) {
        let (seen, stamps) = &mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        stamps.entry(path.to_owned()).or_insert(before);
        note(seen);
    }
}

impl Env for Recorder<'_> {
    fn var(&self, name: &str) -> Option<String> {
        self.under.var(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let before = stamp(path);
        let read = self.under.read(path);
        let held = read.as_ref().ok().map(|bytes| Sha256::digest(bytes).into());
        self.note(path, before, |seen| {
            seen.files.insert(path.to_owned(), held);
        });
        read
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.note(folder, stamp(folder), |seen| {
            seen.folders.insert(folder.to_owned());
        });
        self.under.list(folder)
    }

    fn can_keep(&self, dir: &Path) -> io::Result<()> {
        self.under.can_keep(dir)
    }
}
