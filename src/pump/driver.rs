//! The pump's own thread: takes batches, answers, publishes, and hands checkpoints over.

use super::{Booted, CheckpointJob, Fatal, Published, Pump, Reading, Snapshot, Stales};
use crate::clock::Clock;
use crate::door::Door;
use crate::store::{RowChange, Store};
use arc_swap::ArcSwap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::sync::Notify;

/// A wall clock may be stepped while the pump sleeps: it looks again at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(60);
/// Rows are handed over this long after the last hand-over was written.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// Each batch is decided within this, or something is wrong with the disk.
pub const STALL: Duration = Duration::from_secs(5);

/// The committed state, for readers, and word of what became stale, for the outbox.
pub struct Board {
    snapshot: ArcSwap<Snapshot>,
    stale: Mutex<Stales>,
    /// Rings at each commit.
    pub changed: Notify,
    /// The steady clock when the pump last came round; for "does the pump move?".
    turned_ms: AtomicI64,
    /// Why the store refuses writes, if it does.
    refusing: Mutex<Option<String>>,
    /// The sequence number the rows on disk stand for.
    checkpointed: std::sync::atomic::AtomicU64,
}

impl Board {
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self {
            snapshot: ArcSwap::new(snapshot),
            stale: Mutex::default(),
            changed: Notify::new(),
            turned_ms: AtomicI64::new(0),
            refusing: Mutex::default(),
            checkpointed: std::sync::atomic::AtomicU64::new(0),
        }
    }

    /// The committed state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The committed state and everything that became stale since this was last asked.
    pub fn take(&self) -> Published {
        let stale = std::mem::take(&mut *self.stale.lock().unwrap_or_else(PoisonError::into_inner));
        Published { snapshot: self.snapshot(), stale }
    }

    /// Everything that became stale was taken.
    pub fn is_taken(&self) -> bool {
        *self.stale.lock().unwrap_or_else(PoisonError::into_inner) == Stales::default()
    }

    /// Why the store refuses writes; `None` while it takes them.
    pub fn refusing(&self) -> Option<String> {
        self.refusing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The steady clock's reading when the pump last came round.
    pub fn turned_ms(&self) -> i64 {
        self.turned_ms.load(Ordering::Relaxed)
    }

    /// The sequence number the rows on disk stand for.
    pub fn checkpointed(&self) -> u64 {
        self.checkpointed.load(Ordering::Relaxed)
    }

    fn publish(&self, published: Published) {
        // The state first: whoever takes the stale keys must see at least the state that made them stale.
        self.snapshot.store(published.snapshot);
        let mut stale = self.stale.lock().unwrap_or_else(PoisonError::into_inner);
        stale.extend(published.stale);
        drop(stale);
        self.changed.notify_one();
    }
}

/// Rows of others that belong into the same checkpoint.
pub type MoreRows = Box<dyn FnMut() -> Vec<RowChange> + Send>;

/// What the driver needs beside the pump.
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub door: Door,
    pub board: Arc<Board>,
    pub clock: Clock,
    pub more_rows: MoreRows,
    /// Called once, on the pump's thread, when the process must end.
    pub on_fatal: Box<dyn FnOnce(Fatal) + Send>,
}

/// Reads both clocks.
pub fn reading(clock: &Clock) -> Reading {
    Reading { wall: clock.now(), steady_ms: clock.steady_ms() }
}

/// Starts the pump's thread and the checkpointer's. The handle ends after [`Door::stop`], when everything that waited
/// is decided and the last checkpoint is written.
///
/// # Errors
/// When the operating system gives no thread.
pub fn start(booted: Booted, parts: Parts) -> std::io::Result<std::thread::JoinHandle<()>> {
    let Parts { store, door, board, clock, more_rows, on_fatal } = parts;
    if let Some(published) = booted.first.published {
        board.publish(published);
    }
    let (jobs, to_write) = mpsc::channel::<CheckpointJob>();
    let (written, done) = mpsc::channel::<Result<u64, CheckpointJob>>();
    let nudge = door.clone();
    let checkpointer = std::thread::Builder::new()
        .name("checkpoint".to_owned())
        .spawn(move || checkpoints(&*store, to_write, &written, more_rows, &nudge))?;
    let mut turner = Turner { pump: booted.pump, door, board, clock, jobs: Some(jobs), done, last_handed_ms: 0 };
    std::thread::Builder::new().name("pump".to_owned()).spawn(move || {
        let fatal = turner.run();
        drop(turner);
        match fatal {
            // The rows are behind and stay behind: the journal has everything.
            Some(fatal) => on_fatal(fatal),
            None => {
                let _ = checkpointer.join();
            }
        }
    })
}

struct Turner {
    pump: Pump,
    door: Door,
    board: Arc<Board>,
    clock: Clock,
    jobs: Option<mpsc::Sender<CheckpointJob>>,
    done: mpsc::Receiver<Result<u64, CheckpointJob>>,
    last_handed_ms: i64,
}

impl Turner {
    fn run(&mut self) -> Option<Fatal> {
        loop {
            self.board.turned_ms.store(self.clock.steady_ms(), Ordering::Relaxed);
            let wait = self.wait();
            let batch = self.door.wait(Some(wait));
            let offset_ms = self.clock.offset_ms();
            let before_ms = self.clock.steady_ms();
            let result = self.pump.step(&batch.inputs, reading(&self.clock));
            if let Some(fatal) = result.fatal {
                // Dropping the senders tells every submitter that nothing is known.
                return Some(fatal);
            }
            if let Some(published) = result.published {
                self.board.publish(published);
            }
            *self.board.refusing.lock().unwrap_or_else(PoisonError::into_inner) =
                self.pump.refused_by_store().map(str::to_owned);
            self.door.decided();
            for (sender, answer) in batch.answers.into_iter().zip(result.answers) {
                // A submitter that went away does not need its answer.
                let _ = sender.send(answer);
            }
            // Moving the clock on takes no time.
            let took_ms = self.clock.steady_ms() - before_ms - (self.clock.offset_ms() - offset_ms);
            if u128::from(took_ms.unsigned_abs()) > STALL.as_millis() {
                tracing::warn!(took_ms, inputs = batch.inputs.len(), "a batch took long: is the disk slow?");
            }
            self.checkpoint();
            if self.door.is_drained() {
                self.last_checkpoint();
                return None;
            }
        }
    }

    fn wait(&self) -> Duration {
        let due = self.pump.sleep_ms(reading(&self.clock)).map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let dirty = self.pump.has_rows_to_write().then_some(CHECKPOINT_EVERY);
        // While the store refuses, what is due cannot be committed: do not turn as fast as the processor can.
        let due = match self.pump.refused_by_store() {
            Some(_) => due.map(|d| d.max(CHECKPOINT_EVERY)),
            None => due,
        };
        [due, dirty].into_iter().flatten().min().unwrap_or(LOOK_AGAIN).min(LOOK_AGAIN)
    }

    fn checkpoint(&mut self) {
        self.checkpoints_written();
        let now = self.clock.steady_ms();
        let every = i64::try_from(CHECKPOINT_EVERY.as_millis()).unwrap_or(i64::MAX);
        if now - self.last_handed_ms < every {
            return;
        }
        if let (Some(job), Some(jobs)) = (self.pump.take_checkpoint(), &self.jobs) {
            self.last_handed_ms = now;
            // Everybody reads the lighter state from here on.
            self.board.snapshot.store(self.pump.snapshot().clone());
            if let Err(mpsc::SendError(job)) = jobs.send(job) {
                self.pump.checkpoint_failed(job);
            }
        }
    }

    fn checkpoints_written(&mut self) {
        while let Ok(done) = self.done.try_recv() {
            self.checkpoint_written(done);
        }
    }

    fn checkpoint_written(&mut self, done: Result<u64, CheckpointJob>) {
        match done {
            Ok(seq) => {
                self.board.checkpointed.store(seq, Ordering::Relaxed);
                self.pump.checkpoint_done();
            }
            Err(job) => self.pump.checkpoint_failed(job),
        }
    }

    /// At a clean exit the rows are up to date, so that the next start has nothing to replay.
    fn last_checkpoint(&mut self) {
        for _ in 0..2 {
            if self.pump.is_checkpointing() {
                match self.done.recv_timeout(STALL) {
                    Ok(done) => self.checkpoint_written(done),
                    Err(_) => break,
                }
            }
            match (self.pump.take_checkpoint(), &self.jobs) {
                (Some(job), Some(jobs)) => {
                    if jobs.send(job).is_err() {
                        break;
                    }
                }
                _ => break,
            }
        }
        self.jobs = None;
    }
}

fn checkpoints(
    store: &dyn Store,
    jobs: mpsc::Receiver<CheckpointJob>,
    written: &mpsc::Sender<Result<u64, CheckpointJob>>,
    mut more_rows: MoreRows,
    door: &Door,
) {
    for job in jobs {
        let result = match job.write(store, more_rows()) {
            Ok(()) => Ok(job.snapshot.seq),
            Err(e) => {
                tracing::error!(error = %e, "rows could not be written; they are kept and tried again");
                Err(job)
            }
        };
        if written.send(result).is_err() {
            return;
        }
        door.nudge();
    }
}
