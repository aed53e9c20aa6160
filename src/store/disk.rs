//! The few things the store asks of a disk, so that the same code runs on a real one and on one that lies.
//!
//! A file name is durable only after [`Disk::sync_dir`] on its directory, and bytes only after
//! [`DiskFile::sync_data`]. Nothing here caches, retries or repairs.

use std::any::Any;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much [`zero_fill`] writes and syncs at once: short enough not to stall a commit that syncs meanwhile.
pub const ZERO_STEP_BYTES: u64 = 1 << 20;

/// In what pieces it writes within a step. The kernel may keep in one piece what was written in one piece, and a later
/// sync of four hundred bytes within it then writes a megabyte: one page at a time.
const PAGE_BYTES: usize = 4096;

/// How the name of a file ends that has not taken its place yet.
pub const UNFINISHED: &str = ".new";

/// How to open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It exists and is only read.
    Read,
    /// It exists and may be written.
    Write,
    /// It does not exist yet.
    New,
    /// It may exist; what is in it is cut away.
    Replace,
}

/// Held while the data directory is ours; dropping it lets go.
pub type Lock = Box<dyn Any + Send + Sync>;

/// A file system, as far as the store knows one.
pub trait Disk: Send + Sync + fmt::Debug {
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>>;
    /// Replaces what stands at `to`, atomically.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names in a directory, sorted. A directory that is not there has none.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Makes a directory and those above it; one that exists is fine.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    fn exists(&self, path: &Path) -> bool;
    /// Makes creations, renames and removals in `dir` durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Bytes that may still be written below `dir`.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
    /// Takes the lock `path` without waiting; `None` when somebody else has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Lock>>;
}

/// An open file.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Reads at most `buf.len()` bytes; 0 is the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes at least one byte, perhaps fewer than given.
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes the bytes and the length durable.
    fn sync_data(&self) -> io::Result<()>;
    fn len(&self) -> io::Result<u64>;
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// It was read in large pieces and is about to be written in small ones: what is cached of it goes, so that a sync
    /// writes a page and not what was read around it. Changes nothing that can be read.
    fn forget_pages(&self) {}
    /// True when nothing was ever written to it.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// A shared disk.
pub type SharedDisk = Arc<dyn Disk>;

/// Writes all of `bytes`. On an error, says how many of them were written.
pub fn write_all_at(file: &dyn DiskFile, bytes: &[u8], offset: u64) -> Result<(), (io::Error, usize)> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write_at(&bytes[done..], offset + done as u64) {
            Ok(0) => return Err((io::ErrorKind::WriteZero.into(), done)),
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err((e, done)),
        }
    }
    Ok(())
}

/// Fills `buf` from `offset`, stopping at the end of the file: how many bytes there were.
pub fn read_full_at(file: &dyn DiskFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done)
}

/// A whole file.
pub fn read_file(disk: &dyn Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, How::Read)?;
    let mut bytes = vec![0; usize::try_from(file.len()?).map_err(io::Error::other)?];
    let n = read_full_at(&*file, &mut bytes, 0)?;
    bytes.truncate(n);
    Ok(bytes)
}

/// Puts `bytes` at `path` so that after a crash either the old or the new content stands there, whole; durable when
/// this returns.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = temporary_of(path);
    let file = disk.open(&temporary, How::Replace)?;
    write_all_at(&*file, bytes, 0).map_err(|(e, _)| e)?;
    file.sync_data()?;
    drop(file);
    disk.rename(&temporary, path)?;
    disk.sync_dir(parent(path))
}

/// Writes zeroes from the end of `file` up to `len`, a step at a time, each synced, while `go_on` says so.
/// True when it got there.
pub fn zero_fill(file: &dyn DiskFile, len: u64, mut go_on: impl FnMut() -> bool) -> io::Result<bool> {
    let zeroes = [0; PAGE_BYTES];
    let mut at = file.len()?;
    while at < len {
        if !go_on() {
            return Ok(false);
        }
        let step_end = (at + ZERO_STEP_BYTES).min(len);
        while at < step_end {
            let page_end = (at + 1).next_multiple_of(PAGE_BYTES as u64).min(step_end);
            let piece = usize::try_from(page_end - at).map_err(io::Error::other)?;
            write_all_at(file, &zeroes[..piece], at).map_err(|(e, _)| e)?;
            at = page_end;
        }
        file.sync_data()?;
    }
    Ok(true)
}

/// Is this error a full disk (or a full quota)?
pub fn is_full(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}

/// The directory a file is in.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Where the next content of `path` is written before it takes its place. Whatever is left there may be removed.
pub fn temporary_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// The disk of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(File);

impl RealDisk {
    /// A shared handle on it.
    pub fn shared() -> SharedDisk {
        Arc::new(Self)
    }
}

impl Disk for RealDisk {
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        let mut o = OpenOptions::new();
        o.read(true);
        match how {
            How::Read => &mut o,
            How::Write => o.write(true),
            How::New => o.write(true).create_new(true),
            How::Replace => o.write(true).create(true).truncate(true),
        };
        Ok(Box::new(RealFile(o.open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(dir) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = Vec::new();
        for entry in entries {
            // A name that is not text is none of ours.
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        // What people wrote is in there: for nobody else to read.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        let stat = rustix::fs::statvfs(dir)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {
                // Only for the person who wonders who holds it; the lock itself is the kernel's.
                let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
                Ok(Some(Box::new(file)))
            }
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(e)) => Err(e),
        }
    }
}

impl DiskFile for RealFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(&self.0, buf, offset)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(&self.0, buf, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn forget_pages(&self) {
        if let Err(e) = rustix::fs::fadvise(&self.0, 0, None, rustix::fs::Advice::DontNeed) {
            tracing::debug!("the kernel keeps what it read of a file: {e}");
        }
    }
}
