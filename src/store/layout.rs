//! What stands where in a data directory.
//!
//! ```text
//! lock                      held while a process uses the directory
//! store.json                the store's name and where it came from
//! HEAD                      the last frame known to be durable
//! journal/SEQ.jsonl         segments, named by their first frame; spare: the next one, zero-filled
//! archive/SEQ.jsonl         segments that a verified snapshot covers
//! snapshots/SEQ.rows        all rows as they stood after frame SEQ
//! configs/SHA256.toml       every configuration that was ever in force
//! sled/                     the rows; sled.bad-N: rows that were set aside
//! cut-SEQ                   the bytes of an unfinished last frame
//! threads.jsonl             what was written in our threads, for a while; see `src/kept.rs`
//! reserve                   space kept back for people when the disk is full
//! ```

use super::StoreError;
use std::io;
use std::path::{Path, PathBuf};

/// A data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    dir: PathBuf,
}

impl Layout {
    /// The data directory `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn lock(&self) -> PathBuf {
        self.dir.join("lock")
    }

    pub fn lineage(&self) -> PathBuf {
        self.dir.join("store.json")
    }

    pub fn head(&self) -> PathBuf {
        self.dir.join("HEAD")
    }

    pub fn journal(&self) -> PathBuf {
        self.dir.join("journal")
    }

    pub fn archive(&self) -> PathBuf {
        self.dir.join("archive")
    }

    pub fn snapshots(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    pub fn configs(&self) -> PathBuf {
        self.dir.join("configs")
    }

    pub fn sled(&self) -> PathBuf {
        self.dir.join("sled")
    }

    pub fn threads(&self) -> PathBuf {
        self.dir.join("threads.jsonl")
    }

    pub fn reserve(&self) -> PathBuf {
        self.dir.join("reserve")
    }

    pub fn spare(&self) -> PathBuf {
        self.journal().join("spare")
    }

    pub fn segment(&self, first_seq: u64) -> PathBuf {
        self.journal().join(numbered(first_seq, "jsonl"))
    }

    pub fn snapshot(&self, seq: u64) -> PathBuf {
        self.snapshots().join(numbered(seq, "rows"))
    }

    /// Where a configuration is kept; `None` when `sha256` is not 64 lower-case hex digits.
    pub fn config(&self, sha256: &str) -> Option<PathBuf> {
        let is_hex = sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (sha256.len() == 64 && is_hex).then(|| self.configs().join(format!("{sha256}.toml")))
    }
}

/// `SEQ.extension`, so that names sort as numbers do.
pub fn numbered(seq: u64, extension: &str) -> String {
    format!("{seq:020}.{extension}")
}

/// The number in a name made by [`numbered`].
pub fn number_of(name: &str, extension: &str) -> Option<u64> {
    let digits = name.strip_suffix(extension)?.strip_suffix('.')?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// An error of the operating system, with what was being done and to which file.
pub fn io_error(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let context = format!("{doing} {}", path.display());
    move |source| StoreError::Io { context, source }
}
