//! The store of a single machine: a journal and rows in one data directory.
//!
//! The commit that covers an input is its acceptance, so there is no inbox. The pump commits, the checkpointer writes
//! rows, and a helper thread does what neither may wait for. All three share nothing but what is durable.
//!
//! Rows that cannot be used never stop a commit or a boot: they are a cache of the journal.

use super::boot::{Booted, boot, mark_damaged};
use super::disk::{Lock, RealDisk, SharedDisk, parent, read_file, replace_file};
use super::frame::hex;
use super::journal::lock;
use super::kv::KvSource;
use super::layout::{Layout, io_error};
use super::notices::Notices;
use super::rows::History;
use super::sled_rows::SledSource;
use super::snapshot::{self, Header};
use super::space::Limits;
use super::{Commit, Epoch, Frame, Opened, Receipt, RowChange, Spend, Store, StoreError};
use crate::domain::stamp::At;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the helper looks after the directory: `HEAD` is never older than twice this.
const HELPER_PERIOD: Duration = Duration::from_millis(400);
/// The pause between two steps of the helper's, so that it is never in the way.
const HELPER_BREATH: Duration = Duration::from_millis(2);
/// How long a second opening waits for readers of the first.
const HANDOVER_STEP: Duration = Duration::from_millis(5);
const HANDOVER_STEPS: u32 = 200;

/// How a data directory is used.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub limits: Limits,
    /// sled's page cache, in bytes.
    pub rows_cache_bytes: u64,
    /// The prefixes of rows that a boot does not need at once. All others are *open* rows.
    pub history: History,
    pub snapshots: SnapshotPolicy,
    /// Rows are not written when the disk has less room than this, in bytes: the journal needs it more.
    pub min_free_bytes: u64,
    /// Do the chores on a thread of the store's own. Without it the caller calls [`EmbeddedStore::housekeep`].
    pub helper: bool,
}

/// When a snapshot is due, and how many are kept.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotPolicy {
    /// After this many bytes of journal,
    pub every_bytes: u64,
    /// or after this time, in milliseconds.
    pub every_ms: i64,
    pub keep: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            rows_cache_bytes: 4 << 20,
            history: &[],
            snapshots: SnapshotPolicy { every_bytes: 1 << 30, every_ms: 7 * 24 * 3_600_000, keep: 2 },
            min_free_bytes: 32 << 20,
            helper: true,
        }
    }
}

/// A data directory as a [`Store`].
#[derive(Debug)]
pub struct EmbeddedStore {
    disk: SharedDisk,
    layout: Layout,
    source: Arc<dyn KvSource>,
    options: Options,
    live: RwLock<Option<Arc<Live>>>,
    lock: Mutex<Held>,
    helper: Mutex<Option<Helper>>,
}

/// What is open between [`Store::open`] and [`EmbeddedStore::close`].
#[derive(Debug)]
pub(super) struct Live {
    disk: SharedDisk,
    layout: Layout,
    booted: Booted,
    rows_failed: AtomicBool,
    history_checked: AtomicBool,
    notices: Notices,
}

/// The lock on the data directory.
#[derive(Default)]
struct Held(Option<Lock>);

#[derive(Debug)]
struct Helper {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// A snapshot that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The frame it stands for.
    pub seq: u64,
    pub rows: u64,
    /// Segments that moved to the archive because of it.
    pub archived: usize,
}

impl EmbeddedStore {
    /// The store in `dir`, rows in sled. Nothing is touched before [`Store::open`].
    pub fn new(dir: impl AsRef<Path>, options: Options) -> Self {
        let layout = Layout::new(dir.as_ref());
        let source = Arc::new(SledSource::new(layout.sled(), options.rows_cache_bytes));
        Self::on(RealDisk::shared(), layout, source, options)
    }

    /// The store on another disk, or with its rows elsewhere.
    pub fn on(disk: SharedDisk, layout: Layout, source: Arc<dyn KvSource>, options: Options) -> Self {
        Self {
            disk,
            layout,
            source,
            options,
            live: RwLock::default(),
            lock: Mutex::default(),
            helper: Mutex::default(),
        }
    }

    /// What an operator should know and was not told yet, one sentence each.
    pub fn notices(&self) -> Vec<String> {
        self.live().map(|live| live.notices.take()).unwrap_or_default()
    }

    /// Can frames of every kind be committed? Otherwise why not: what `/readyz` says.
    ///
    /// # Errors
    /// A sentence.
    pub fn writable(&self) -> Result<(), String> {
        let live = self.live().map_err(|e| e.to_string())?;
        if let Some(why) = live.booted.journal.refused() {
            return Err(why);
        }
        if live.booted.journal.reserve_spent() {
            return Err("the disk is full: only people's acts are written".into());
        }
        Ok(())
    }

    /// Everything that is not a commit or a checkpoint, for callers without a helper: at least every second.
    pub fn housekeep(&self) {
        if let Ok(live) = self.live() {
            live.housekeep(&mut || true);
        }
    }

    /// Fills in one step of history after a rebuild: what [`EmbeddedStore::housekeep`] repeats until all is there.
    #[doc(hidden)]
    pub fn fill_some(&self) {
        if let Ok(live) = self.live()
            && let Err(why) = live.booted.rows.fill()
        {
            live.rows_broke(why);
        }
    }

    /// Takes a snapshot if one is due, checks it, archives what it covers. Call it now and then, on a thread that may
    /// take minutes. Checkpoints go on meanwhile.
    ///
    /// # Errors
    /// The operating system's; a snapshot that does not verify is [`StoreError::Corrupt`], and nothing is archived.
    pub fn maintain(&self, now: At) -> Result<Option<Taken>, StoreError> {
        let live = self.live()?;
        let newest = snapshot::list(&*self.disk, &self.layout)?.first().copied();
        let due = match newest {
            None => live.booted.rows.meta().applied_seq > 0,
            Some(seq) => {
                let policy = &self.options.snapshots;
                let taken = snapshot::read_header(&*self.disk, &self.layout.snapshot(seq)).map(|h| h.at).ok();
                taken.is_none_or(|at| now.0 - at.0 >= policy.every_ms)
                    || live.booted.journal.bytes_after(seq)? >= policy.every_bytes
            }
        };
        if due { self.snapshot(now) } else { Ok(None) }
    }

    /// Takes a snapshot now. `None`: the newest one stands for the same frame, or rows are still being filled in.
    ///
    /// # Errors
    /// As [`EmbeddedStore::maintain`].
    pub fn snapshot(&self, now: At) -> Result<Option<Taken>, StoreError> {
        let live = self.live()?;
        let Booted { journal, rows, lineage, .. } = &live.booted;
        let Some(meta) = rows.freeze() else { return Ok(None) };
        let _thaw = Thaw(rows);
        let seq = meta.applied_seq;
        if snapshot::list(&*self.disk, &self.layout)?.first() == Some(&seq) {
            return Ok(None);
        }
        let header = Header { store: lineage.store, seq, at: now, frame: journal.hash_of(seq)? };
        let path = snapshot::write(&*self.disk, &self.layout, &header, self.options.history, &mut || {
            rows.frozen_some().map_err(|why| live.rows_broke(why))
        })?;
        let written = snapshot::verify(&*self.disk, &path, self.options.history)?;
        if (written.open, written.history) != (meta.open, meta.history) {
            let why = "the rows are not what their digest says".to_owned();
            let _ = self.disk.remove(&path);
            return Err(live.rows_broke(why));
        }
        let archived = journal.archive(seq)?;
        snapshot::prune(&*self.disk, &self.layout, self.options.snapshots.keep)?;
        Ok(Some(Taken { seq, rows: meta.open.rows + meta.history.rows, archived }))
    }

    /// A person confirmed that this restored store is the one to go on with.
    ///
    /// # Errors
    /// The operating system's.
    pub fn confirm_restore(&self) -> Result<(), StoreError> {
        let Some(mut lineage) = super::lineage::Lineage::read(&*self.disk, &self.layout)? else { return Ok(()) };
        lineage.paused = false;
        lineage.write(&*self.disk, &self.layout)
    }

    /// Writes `HEAD`, hands the rows to the operating system and lets go of the directory.
    ///
    /// # Errors
    /// The operating system's. The directory is let go of all the same, and the next boot copes.
    pub fn close(&self) -> Result<(), StoreError> {
        let live = self.let_go()?;
        let done = live.map_or(Ok(()), |live| {
            // Rows are behind the journal anyway; what is not flushed is replayed.
            let _ = live.booted.rows.flush();
            live.booted.journal.write_head().map(drop)
        });
        lock(&self.lock).0 = None;
        done
    }

    pub(super) fn live(&self) -> Result<Arc<Live>, StoreError> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone().ok_or_else(|| StoreError::Fenced(format!("{} is not open", self.layout.dir().display())))
    }

    pub(super) fn parts(&self) -> (&SharedDisk, &Layout, &Options) {
        (&self.disk, &self.layout, &self.options)
    }

    /// Takes what is open away from everybody and waits until nobody uses it.
    fn let_go(&self) -> Result<Option<Live>, StoreError> {
        if let Some(helper) = lock(&self.helper).take() {
            drop(helper.stop);
            let _ = helper.thread.join();
        }
        let Some(mut live) = self.live.write().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(None) };
        for _ in 0..HANDOVER_STEPS {
            match Arc::try_unwrap(live) {
                Ok(live) => return Ok(Some(live)),
                Err(shared) => live = shared,
            }
            std::thread::sleep(HANDOVER_STEP);
        }
        Err(StoreError::InUse(format!("{} is still being read in this process", self.layout.dir().display())))
    }

    fn take_lock(&self) -> Result<(), StoreError> {
        let mut held = lock(&self.lock);
        if held.0.is_some() {
            return Ok(());
        }
        let path = self.layout.lock();
        held.0 = self.disk.lock(&path).map_err(io_error("locking", &path))?;
        if held.0.is_some() {
            return Ok(());
        }
        let pid = read_file(&*self.disk, &path).unwrap_or_default();
        let pid = String::from_utf8_lossy(&pid).trim().to_owned();
        Err(StoreError::InUse(format!(
            "the data directory {} is in use by another process{}; two pagers must not share one. Stop the other, or \
             give this one a directory of its own with --data-dir.",
            self.layout.dir().display(),
            if pid.is_empty() { String::new() } else { format!(" (process {pid})") }
        )))
    }

    fn start_helper(&self, live: &Arc<Live>) {
        let live = Arc::downgrade(live);
        let (stop, stopped) = channel::<()>();
        let named = std::thread::Builder::new().name("store-helper".into());
        let work = move || {
            let mut pause = Duration::ZERO;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let Some(live) = live.upgrade() else { return };
                live.housekeep(&mut || stopped.recv_timeout(HELPER_BREATH) == Err(RecvTimeoutError::Timeout));
                pause = HELPER_PERIOD;
            }
        };
        match named.spawn(work) {
            Ok(thread) => *lock(&self.helper) = Some(Helper { stop, thread }),
            Err(e) => {
                if let Ok(live) = self.live() {
                    live.notice(format!("The store's helper cannot be started ({e}): HEAD is not kept up."));
                }
            }
        }
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

impl Live {
    pub(super) fn booted(&self) -> &Booted {
        &self.booted
    }

    fn housekeep(&self, go_on: &mut dyn FnMut() -> bool) {
        for sentence in self.booted.journal.housekeep(go_on) {
            self.notice(sentence);
        }
        // HEAD must not wait for a long history.
        let mut go_on = || self.booted.journal.write_head().is_ok() && go_on();
        if let Err(why) = self.tend_rows(&mut go_on) {
            self.rows_broke(why);
        }
    }

    /// Fills in history after a rebuild, and once a boot looks whether all of it is there.
    fn tend_rows(&self, go_on: &mut dyn FnMut() -> bool) -> Result<(), String> {
        let rows = &self.booted.rows;
        if !self.booted.fill || self.rows_failed.load(Ordering::Acquire) {
            return Ok(());
        }
        while !rows.fill()? {
            if !go_on() {
                return Ok(());
            }
        }
        if !self.history_checked.load(Ordering::Acquire) && rows.check_history(go_on)? {
            self.history_checked.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn notice(&self, sentence: String) {
        self.notices.add(sentence);
    }

    /// Remembers that the rows cannot be trusted, so that the next boot rebuilds them.
    fn rows_broke(&self, why: String) -> StoreError {
        if !self.rows_failed.swap(true, Ordering::AcqRel) {
            mark_damaged(&*self.disk, &self.layout, &why);
            self.notice(format!(
                "The rows cannot be used ({why}): they are rebuilt at the next start. Nothing is lost."
            ));
        }
        StoreError::Corrupt(format!("the rows cannot be used: {why}. They are rebuilt at the next start."))
    }

    fn fenced(&self, epoch: Epoch) -> Option<String> {
        let ours = self.booted.journal.epoch();
        (epoch != ours).then(|| format!("epoch {} was fenced by epoch {}: the store was opened again", epoch.0, ours.0))
    }
}

impl Store for EmbeddedStore {
    fn open(&self) -> Result<Opened, StoreError> {
        drop(self.let_go()?);
        let dir = self.layout.dir();
        if !self.disk.exists(dir) {
            self.disk.create_dir(dir).map_err(io_error("creating", dir))?;
            self.disk.sync_dir(parent(dir)).map_err(io_error("syncing", parent(dir)))?;
        }
        self.take_lock()?;
        let mut booted = boot(&self.disk, &self.layout, &*self.source, &self.options)?;
        let opened = Opened {
            epoch: booted.journal.epoch(),
            store: booted.lineage.store,
            last_seq: booted.journal.committed().seq,
            applied_seq: booted.rows.meta().applied_seq,
            paused: booted.lineage.paused,
            restores: booted.lineage.restores(),
            notices: std::mem::take(&mut booted.notices),
        };
        let live = Arc::new(Live {
            disk: self.disk.clone(),
            layout: self.layout.clone(),
            booted,
            rows_failed: AtomicBool::new(false),
            history_checked: AtomicBool::new(false),
            notices: Notices::default(),
        });
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live.clone());
        if self.options.helper {
            self.start_helper(&live);
        }
        Ok(opened)
    }

    fn accept(&self, _inputs: &[(String, Vec<u8>)]) -> Result<Receipt, StoreError> {
        Ok(Receipt::WithCommit)
    }

    fn commit(&self, epoch: Epoch, expected_seq: u64, frame: &Frame, spend: Spend) -> Commit {
        match self.live() {
            Err(e) => Commit::Fenced(e.to_string()),
            Ok(live) => match live.fenced(epoch) {
                Some(why) => Commit::Fenced(why),
                None => live.booted.journal.commit(expected_seq, frame, spend),
            },
        }
    }

    fn tail(&self, after: u64, each: &mut dyn FnMut(Frame) -> bool) -> Result<(), StoreError> {
        self.live()?.booted.journal.tail(after, each)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let live = self.live()?;
        live.booted.rows.get(key).map_err(|why| live.rows_broke(why))
    }

    fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let live = self.live()?;
        live.booted.rows.scan(prefix, newest_first, each).map_err(|why| live.rows_broke(why))
    }

    fn checkpoint(&self, epoch: Epoch, applied_seq: u64, rows: Vec<RowChange>) -> Result<(), StoreError> {
        let live = self.live()?;
        if let Some(why) = live.fenced(epoch) {
            return Err(StoreError::Fenced(why));
        }
        let free = self.disk.free_bytes(self.layout.dir()).unwrap_or(u64::MAX);
        if free < self.options.min_free_bytes && live.booted.fill {
            return Err(StoreError::Io {
                context: format!("rows wait until there is room: {free} bytes are free"),
                source: std::io::ErrorKind::StorageFull.into(),
            });
        }
        let last_seq = live.booted.journal.committed().seq;
        live.booted.rows.checkpoint(applied_seq, last_seq, rows).map_err(|e| match e {
            StoreError::Corrupt(why) => live.rows_broke(why),
            other => other,
        })
    }

    fn put_config(&self, sha256: &str, text: &str) -> Result<(), StoreError> {
        let path = self.layout.config(sha256).filter(|_| hex(&Sha256::digest(text)) == sha256).ok_or_else(|| {
            io_error("keeping the configuration", Path::new(sha256))(std::io::Error::other("that is not its SHA-256"))
        })?;
        let dir = self.layout.configs();
        self.disk.create_dir(&dir).map_err(io_error("creating", &dir))?;
        self.disk.sync_dir(self.layout.dir()).map_err(io_error("syncing", self.layout.dir()))?;
        replace_file(&*self.disk, &path, text.as_bytes()).map_err(io_error("writing", &path))
    }

    fn get_config(&self, sha256: &str) -> Result<Option<String>, StoreError> {
        let Some(path) = self.layout.config(sha256).filter(|path| self.disk.exists(path)) else { return Ok(None) };
        let text = read_file(&*self.disk, &path).map_err(io_error("reading", &path))?;
        if hex(&Sha256::digest(&text)) != sha256 {
            return Err(StoreError::Corrupt(format!("the configuration {} is damaged", path.display())));
        }
        Ok(String::from_utf8(text).ok())
    }
}

/// Ends a frozen reading however it ends.
struct Thaw<'a>(&'a super::rows::Rows);

impl Drop for Thaw<'_> {
    fn drop(&mut self) {
        self.0.thaw();
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "held" } else { "not held" })
    }
}
