//! A disk that behaves as badly as disks may, from a seed, in memory.
//!
//! It keeps two copies of everything: what the process sees (the page cache) and what would be found after the power
//! failed. Between the two lie 512-byte sectors and directory entries that were not synced: a power cut keeps any
//! subset of them. A sync that fails does what Linux does: the pages are marked clean, what was in them is or is not
//! on the plate, and reading still shows it. Any operation can be made the last one.

use super::disk::{Disk, DiskFile, How, Lock, SharedDisk};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is written in one piece or not at all.
pub const SECTOR: usize = 512;

/// A simulated disk. Cloning it gives the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: u64,
    files: BTreeMap<u64, Content>,
    next_file: u64,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    unsynced_names: Vec<NameChange>,
    locks: BTreeSet<PathBuf>,
    /// Grows with every crash: handles of before are dead.
    life: u64,
    ops: u64,
    syncs: u64,
    crash_at: Option<u64>,
    crashed: bool,
    fail_sync: BTreeSet<u64>,
    fail_write: Option<(u64, usize, io::ErrorKind)>,
    fail_again: bool,
    capacity: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Content {
    seen: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
enum NameChange {
    Link(PathBuf, u64),
    Unlink(PathBuf),
    Rename(PathBuf, PathBuf, u64),
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    id: u64,
    life: u64,
}

struct SimLock {
    disk: SimDisk,
    path: PathBuf,
    life: u64,
}

impl SimDisk {
    /// An empty disk. The same seed and the same operations give the same faults.
    pub fn new(seed: u64) -> Self {
        let state = State {
            random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            files: BTreeMap::new(),
            next_file: 1,
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            locks: BTreeSet::new(),
            life: 0,
            ops: 0,
            syncs: 0,
            crash_at: None,
            crashed: false,
            fail_sync: BTreeSet::new(),
            fail_write: None,
            fail_again: false,
            capacity: None,
        };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The same disk as the store wants it.
    pub fn shared(&self) -> SharedDisk {
        Arc::new(self.clone())
    }

    /// How many operations changed or synced something so far.
    pub fn ops(&self) -> u64 {
        self.lock().ops
    }

    /// How many syncs of files and directories there were.
    pub fn syncs(&self) -> u64 {
        self.lock().syncs
    }

    /// The `n`th operation from now (1 is the next) happens partly or not at all, and everything after it fails.
    pub fn crash_after(&self, n: u64) {
        let mut s = self.lock();
        s.crash_at = Some(s.ops + n);
    }

    /// Did the crash asked for happen?
    pub fn crashed(&self) -> bool {
        self.lock().crashed
    }

    /// The `n`th sync of a file or directory from now (1 is the next) answers EIO.
    pub fn fail_sync(&self, n: u64) {
        let mut s = self.lock();
        let at = s.syncs + n;
        s.fail_sync.insert(at);
    }

    /// The `n`th operation from now, if it is a write, is short after `bytes` bytes, and the one after it fails like
    /// this.
    pub fn fail_write(&self, n: u64, bytes: usize, kind: io::ErrorKind) {
        let mut s = self.lock();
        s.fail_write = Some((s.ops + n, bytes, kind));
    }

    /// After the failure asked for with [`SimDisk::fail_write`], the next write fails in the same way.
    pub fn fail_zeroes_too(&self) {
        self.lock().fail_again = true;
    }

    /// The disk holds this many bytes from now on; `None`: endless.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.lock().capacity = bytes;
    }

    /// Bytes in use.
    pub fn used(&self) -> u64 {
        self.lock().used()
    }

    /// The process dies and is started again: what it had written is still seen.
    pub fn process_crash(&self) {
        self.lock().revive();
    }

    /// The power fails and comes back: unsynced sectors and names are kept or lost, each by itself.
    pub fn power_cut(&self) {
        let mut s = self.lock();
        let ids: Vec<u64> = s.files.keys().copied().collect();
        for id in ids {
            s.settle_file(id);
        }
        for change in std::mem::take(&mut s.unsynced_names) {
            if s.coin(2) {
                change.apply(&mut s.durable_names);
            }
        }
        s.names = s.durable_names.clone();
        let named: BTreeSet<u64> = s.names.values().copied().collect();
        s.files.retain(|id, _| named.contains(id));
        s.revive();
    }

    /// The bytes of a file as the process sees them.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let s = self.lock();
        s.files.get(s.names.get(path)?).map(|c| c.seen.clone())
    }

    /// Changes a file behind the store's back, on the plate and in what is seen.
    pub fn tamper(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut s = self.lock();
        if let Some(content) = s.names.get(path).copied().and_then(|id| s.files.get_mut(&id)) {
            change(&mut content.seen);
            content.durable = content.seen.clone();
            content.dirty.clear();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn random(&mut self) -> u64 {
        // xorshift64*: small, and the same on every machine for ever.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// True once in `n` times.
    fn coin(&mut self, n: u64) -> bool {
        self.random().is_multiple_of(n)
    }

    fn used(&self) -> u64 {
        self.names.values().filter_map(|id| self.files.get(id)).map(|c| c.seen.len() as u64).sum()
    }

    fn revive(&mut self) {
        self.life += 1;
        self.crashed = false;
        self.crash_at = None;
        self.fail_sync.clear();
        self.fail_write = None;
        self.fail_again = false;
        self.locks.clear();
    }

    /// Counts an operation. `Ok(true)`: it is the last one and happens partly.
    fn step(&mut self, life: u64) -> io::Result<bool> {
        if self.crashed || life != self.life {
            return Err(io::Error::other("the simulated machine is down"));
        }
        self.ops += 1;
        if self.crash_at == Some(self.ops) {
            self.crashed = true;
            return Ok(true);
        }
        // Now and then the kernel writes something back by itself.
        if self.coin(8)
            && let Some(content) = self.files.values_mut().find(|c| !c.dirty.is_empty())
            && let Some(&sector) = content.dirty.iter().next()
        {
            content.write_back(sector);
        }
        Ok(false)
    }

    fn down<T>() -> io::Result<T> {
        Err(io::Error::other("the simulated machine went down"))
    }

    /// Keeps or loses every unsynced sector of a file.
    fn settle_file(&mut self, id: u64) {
        let Some(mut content) = self.files.remove(&id) else {
            return;
        };
        for sector in std::mem::take(&mut content.dirty) {
            if self.coin(2) {
                content.write_back(sector);
            }
        }
        // An unsynced cut may not have happened yet; unsynced growth is there only as far as sectors are.
        if content.durable.len() > content.seen.len() && self.coin(2) {
            content.durable.truncate(content.seen.len());
        }
        content.seen = content.durable.clone();
        self.files.insert(id, content);
    }
}

impl Content {
    fn write_back(&mut self, sector: usize) {
        let from = sector * SECTOR;
        let to = (from + SECTOR).min(self.seen.len());
        if from >= to {
            return;
        }
        if self.durable.len() < to {
            self.durable.resize(to, 0);
        }
        self.durable[from..to].copy_from_slice(&self.seen[from..to]);
    }

    fn write(&mut self, buf: &[u8], at: usize) {
        if buf.is_empty() {
            return;
        }
        if self.seen.len() < at + buf.len() {
            let grown_from = self.seen.len();
            self.seen.resize(at + buf.len(), 0);
            self.dirty.extend(grown_from / SECTOR..at.div_ceil(SECTOR));
        }
        self.seen[at..at + buf.len()].copy_from_slice(buf);
        self.dirty.extend(at / SECTOR..(at + buf.len()).div_ceil(SECTOR));
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Self::Link(path, id) => {
                names.insert(path.clone(), *id);
            }
            Self::Unlink(path) => {
                names.remove(path);
            }
            Self::Rename(from, to, id) => {
                names.remove(from);
                names.insert(to.clone(), *id);
            }
        }
    }

    fn touches(&self, dir: &Path) -> bool {
        match self {
            Self::Link(path, _) | Self::Unlink(path) => path.parent() == Some(dir),
            Self::Rename(from, to, _) => from.parent() == Some(dir) || to.parent() == Some(dir),
        }
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, how: How) -> io::Result<Box<dyn DiskFile>> {
        let mut s = self.lock();
        let known = s.names.get(path).copied();
        let life = s.life;
        let id = match (how, known) {
            (How::Read | How::Write, Some(id)) => id,
            (How::Read | How::Write, None) => return Err(io::ErrorKind::NotFound.into()),
            (How::New, Some(_)) => return Err(io::ErrorKind::AlreadyExists.into()),
            (How::Replace, Some(id)) => {
                let last = s.step(life)?;
                if let Some(content) = s.files.get_mut(&id) {
                    content.seen.clear();
                    content.dirty.clear();
                }
                if last {
                    return State::down();
                }
                id
            }
            (How::New | How::Replace, None) => {
                let last = s.step(life)?;
                let id = s.next_file;
                s.next_file += 1;
                s.files.insert(id, Content::default());
                s.names.insert(path.to_owned(), id);
                s.unsynced_names.push(NameChange::Link(path.to_owned(), id));
                if last {
                    return State::down();
                }
                id
            }
        };
        if s.crashed {
            return State::down();
        }
        Ok(Box::new(SimFile { disk: self.clone(), id, life }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut s = self.lock();
        let life = s.life;
        let last = s.step(life)?;
        let id = *s.names.get(from).ok_or(io::ErrorKind::NotFound)?;
        let change = NameChange::Rename(from.to_owned(), to.to_owned(), id);
        change.apply(&mut s.names);
        s.unsynced_names.push(change);
        if last { State::down() } else { Ok(()) }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut s = self.lock();
        let life = s.life;
        let last = s.step(life)?;
        if !s.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let change = NameChange::Unlink(path.to_owned());
        change.apply(&mut s.names);
        s.unsynced_names.push(change);
        if last { State::down() } else { Ok(()) }
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let s = self.lock();
        let names = s.names.keys().filter(|p| p.parent() == Some(dir)).filter_map(|p| p.file_name()?.to_str());
        Ok(names.map(str::to_owned).collect())
    }

    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn exists(&self, path: &Path) -> bool {
        self.lock().names.keys().any(|p| p.starts_with(path))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut s = self.lock();
        let life = s.life;
        if s.step(life)? {
            return State::down();
        }
        s.syncs += 1;
        let syncs = s.syncs;
        if s.fail_sync.remove(&syncs) {
            return Err(io::Error::from_raw_os_error(5));
        }
        let (now, later) = std::mem::take(&mut s.unsynced_names).into_iter().partition(|c| c.touches(dir));
        s.unsynced_names = later;
        let now: Vec<NameChange> = now;
        for change in now {
            change.apply(&mut s.durable_names);
        }
        Ok(())
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        let s = self.lock();
        Ok(s.capacity.map_or(u64::MAX, |c| c.saturating_sub(s.used())))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Lock>> {
        let mut s = SimDisk::lock(self);
        if !s.locks.insert(path.to_owned()) {
            return Ok(None);
        }
        Ok(Some(Box::new(SimLock { disk: self.clone(), path: path.to_owned(), life: s.life })))
    }
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut s = SimDisk::lock(&self.disk);
        if s.life == self.life {
            s.locks.remove(&self.path);
        }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let s = self.disk.lock();
        if s.crashed || s.life != self.life {
            return State::down();
        }
        let seen = s.files.get(&self.id).map_or(&[][..], |c| &c.seen);
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(seen.len());
        let n = buf.len().min(seen.len() - from);
        buf[..n].copy_from_slice(&seen[from..from + n]);
        Ok(n)
    }

    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        let mut s = self.disk.lock();
        let last = s.step(self.life)?;
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let ops = s.ops;
        let failing = s.fail_write.take_if(|(when, _, _)| *when == ops);
        let mut n = buf.len();
        if last {
            n = usize::try_from(s.random()).unwrap_or(0) % (n + 1);
        } else if let Some((_, most, kind)) = failing {
            n = n.min(most);
            if n > 0 || std::mem::take(&mut s.fail_again) {
                s.fail_write = Some((ops + 1, 0, kind));
            }
        }
        let len = s.files.get(&self.id).map_or(0, |c| c.seen.len());
        let mut full = false;
        if let Some(capacity) = s.capacity {
            let free = usize::try_from(capacity.saturating_sub(s.used())).unwrap_or(usize::MAX);
            let room = len.saturating_add(free).saturating_sub(at);
            full = room < n;
            n = n.min(room);
        }
        if let Some(content) = s.files.get_mut(&self.id) {
            content.write(&buf[..n], at);
        }
        match failing {
            _ if last => State::down(),
            Some((_, _, kind)) if n == 0 => Err(kind.into()),
            _ if full && n == 0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(n),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut s = self.disk.lock();
        let last = s.step(self.life)?;
        s.syncs += 1;
        let syncs = s.syncs;
        let failing = s.fail_sync.remove(&syncs);
        if last {
            return State::down();
        }
        let Some(content) = s.files.get(&self.id) else {
            return Ok(());
        };
        let dirty: Vec<usize> = content.dirty.iter().copied().collect();
        for sector in dirty {
            let keep = !failing || s.coin(2);
            if let Some(content) = s.files.get_mut(&self.id) {
                content.dirty.remove(&sector);
                if keep {
                    content.write_back(sector);
                }
            }
        }
        if failing {
            return Err(io::Error::from_raw_os_error(5));
        }
        if let Some(content) = s.files.get_mut(&self.id) {
            content.durable.resize(content.seen.len(), 0);
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        let s = self.disk.lock();
        if s.crashed || s.life != self.life {
            return State::down();
        }
        Ok(s.files.get(&self.id).map_or(0, |c| c.seen.len() as u64))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut s = self.disk.lock();
        let last = s.step(self.life)?;
        let len = usize::try_from(len).map_err(io::Error::other)?;
        if let Some(content) = s.files.get_mut(&self.id) {
            let before = content.seen.len();
            content.seen.resize(len, 0);
            content.dirty.retain(|sector| sector * SECTOR < len);
            content.dirty.extend(before / SECTOR..len.div_ceil(SECTOR));
        }
        if last { State::down() } else { Ok(()) }
    }
}
