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
pub struct Stamps(Vec<Option<(u64, u64, i64, i64)>>);

impl Watch {
    /// Reads it all. Blocks.
    pub fn look(&self) -> Looked {
        let recorder = Recorder { under: &*self.env, seen: Mutex::default() };
        let read = config::load(&self.path, &recorder);
        Looked { read, seen: recorder.seen.into_inner().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Seen {
    /// How its files are now. Blocks.
    pub fn stamps(&self) -> Stamps {
        let stamp = |path: &PathBuf| {
            let meta = std::fs::metadata(path).ok()?;
            Some((meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec()))
        };
        Stamps(self.files.keys().chain(&self.folders).map(stamp).collect())
    }
}

/// Passes everything on and remembers what was asked for.
struct Recorder<'a> {
    under: &'a dyn Env,
    seen: Mutex<Seen>,
}

impl Recorder<'_> {
    fn note(&self, note: impl FnOnce(&mut Seen)) {
        note(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Env for Recorder<'_> {
    fn var(&self, name: &str) -> Option<String> {
        self.under.var(name)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let read = self.under.read(path);
        let held = read.as_ref().ok().map(|bytes| Sha256::digest(bytes).into());
        self.note(|seen| {
            seen.files.insert(path.to_owned(), held);
        });
        read
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.note(|seen| {
            seen.folders.insert(folder.to_owned());
        });
        self.under.list(folder)
    }

    fn can_keep(&self, dir: &Path) -> io::Result<()> {
        self.under.can_keep(dir)
    }
}
