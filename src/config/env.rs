//! What a configuration may look at besides itself: environment variables and files. A trait, so that a demo can add
//! the keys it made and tests need no process-wide state.

use super::limits::MAX_FILE_BYTES;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Environment variables and files.
pub trait Env {
    /// The variable's value, if it is set and is text.
    fn var(&self, name: &str) -> Option<String>;

    /// The file's bytes, at most one more than [`MAX_FILE_BYTES`].
    ///
    /// # Errors
    /// Whatever the file system says.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The files directly in a folder, sorted.
    ///
    /// # Errors
    /// Whatever the file system says.
    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>>;

    /// Could files be kept in this directory, which need not exist yet?
    ///
    /// # Errors
    /// Whatever the file system says when it is tried.
    fn can_keep(&self, dir: &Path) -> io::Result<()>;
}

/// The process's own environment and the real files.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEnv;

impl Env for SystemEnv {
    fn var(&self, name: &str) -> Option<String> {
        // `std::env::var` panics on names the operating system cannot have.
        if name.is_empty() || name.contains(['=', '\0']) { None } else { std::env::var(name).ok() }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        std::fs::File::open(path)?.take(MAX_FILE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(folder)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<_>>()?;
        files.retain(|path| path.is_file());
        files.sort();
        Ok(files)
    }

    /// Makes a directory where `dir` is or would be, and removes it: permissions alone do not tell (`/proc`, a disk
    /// mounted to be read, a full one).
    fn can_keep(&self, dir: &Path) -> io::Result<()> {
        let there = dir.ancestors().find(|part| part.exists()).unwrap_or(Path::new("."));
        let there = if there.as_os_str().is_empty() { Path::new(".") } else { there };
        if !there.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::NotADirectory,
                format!("{} is not a directory", there.display()),
            ));
        }
        let trial = there.join(format!(".warridor-check-{}", std::process::id()));
        std::fs::create_dir(&trial)?;
        std::fs::remove_dir(&trial)
    }
}

/// Another environment with some variables set on top.
pub struct WithVars<'a> {
    pub under: &'a (dyn Env + Send + Sync),
    pub vars: BTreeMap<String, String>,
}

impl Env for WithVars<'_> {
    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned().or_else(|| self.under.var(name))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.under.read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.under.list(folder)
    }

    fn can_keep(&self, dir: &Path) -> io::Result<()> {
        self.under.can_keep(dir)
    }
}

/// Only what was put in.
#[derive(Clone, Debug, Default)]
pub struct MemoryEnv {
    pub vars: BTreeMap<String, String>,
    pub files: BTreeMap<PathBuf, Vec<u8>>,
}

impl MemoryEnv {
    /// One file and nothing else.
    pub fn with_file(path: impl Into<PathBuf>, text: &str) -> Self {
        Self { vars: BTreeMap::new(), files: BTreeMap::from([(path.into(), text.as_bytes().to_vec())]) }
    }
}

impl Env for MemoryEnv {
    fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let files: Vec<PathBuf> = self.files.keys().filter(|p| p.parent() == Some(folder)).cloned().collect();
        if files.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(files) }
    }

    fn can_keep(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}
