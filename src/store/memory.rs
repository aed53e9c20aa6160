//! The second store: everything in memory, shared by as many handles as wanted.
//!
//! It exists for two reasons. Tests of the pump need answers on demand that a disk gives once a year; and a trait with
//! one implementation only describes it. A [`MemoryLog`] is what a database would be to several processes: one log, one
//! inbox, one lease that the next [`Store::open`] takes from whoever holds it. Two pumps on two handles of one log
//! compete exactly as two replicas would.
//!
//! Absent on purpose: files, threads, time. Nothing here survives the process.

use super::{Commit, Epoch, Frame, Opened, Receipt, RowChange, Spend, Store, StoreError, StoreId};
use imbl::OrdMap;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a coming commit is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What it would answer anyway.
    Honest,
    /// `NotWritten`, as on a full disk.
    NotWritten,
    /// `Unknown`, and the next boot finds the frame.
    UnknownWritten,
    /// `Unknown`, and the next boot does not find it.
    UnknownLost,
    /// `Fenced`: the lease is lost at that moment, to a writer that wrote nothing yet.
    Fenced,
}

/// One log, shared by its handles. Cloning it gives the same log.
#[derive(Clone, Debug, Default)]
pub struct MemoryLog {
    shared: Arc<Mutex<Shared>>,
}

/// One process's handle on a [`MemoryLog`].
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    log: MemoryLog,
}

#[derive(Debug, Default)]
struct Shared {
    epoch: u64,
    /// The epoch whose last commit answered `Unknown`: it may write no more.
    poisoned: Option<u64>,
    frames: Vec<Frame>,
    inbox: BTreeMap<u64, (String, Vec<u8>)>,
    inbox_next: u64,
    rows: Rows,
    durable_rows: Rows,
    rows_lag: bool,
    configs: BTreeMap<String, String>,
    answers: VecDeque<Answer>,
    paused: bool,
    restores: u32,
    notices: Vec<String>,
}

#[derive(Clone, Debug, Default)]
struct Rows {
    applied_seq: u64,
    map: OrdMap<Vec<u8>, Vec<u8>>,
}

impl MemoryLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more process on this log. It may read at once; to write it must [`Store::open`].
    pub fn handle(&self) -> MemoryStore {
        MemoryStore { log: self.clone() }
    }

    /// The answers of the next commits, oldest first, whichever handle makes them. After these they are honest.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.lock().answers.extend(answers);
    }

    /// Takes the lease away from its holder, as a replica does that then writes nothing.
    pub fn steal_lease(&self) -> Epoch {
        let mut s = self.lock();
        s.epoch += 1;
        Epoch(s.epoch)
    }

    /// The process dies: what was not durable is gone, and so is the lease. Handles of before the crash are fenced.
    pub fn crash(&self) {
        let mut s = self.lock();
        s.epoch += 1;
        s.rows = s.durable_rows.clone();
        s.answers.clear();
    }

    /// From now on a checkpoint becomes durable only with the next one, as rows behind a journal may: after
    /// [`MemoryLog::crash`] `applied_seq` is the one before.
    pub fn let_rows_lag(&self) {
        self.lock().rows_lag = true;
    }

    /// All rows are lost, as when their file cannot be opened: the next boot replays from the first frame.
    pub fn lose_rows(&self) {
        let mut s = self.lock();
        s.rows = Rows::default();
        s.durable_rows = Rows::default();
    }

    /// Makes the next openings say that this log was restored from a backup and nobody confirmed it yet.
    pub fn mark_restored(&self) {
        let mut s = self.lock();
        s.paused = true;
        s.restores += 1;
    }

    /// A person confirmed the restore.
    pub fn confirm_restore(&self) {
        self.lock().paused = false;
    }

    /// What the next opening is to tell the operator.
    pub fn notice(&self, sentence: impl Into<String>) {
        self.lock().notices.push(sentence.into());
    }

    /// Every frame, first to last.
    pub fn frames(&self) -> Vec<Frame> {
        self.lock().frames.clone()
    }

    /// The inputs that no frame named yet, in the order they were accepted.
    pub fn inbox(&self) -> Vec<(String, Vec<u8>)> {
        self.lock().inbox.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // A panic while the lock was held is some test's own; the data is still whole.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MemoryStore {
    /// A handle on a log of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle on a log of its own, whose first commits give these answers.
    pub fn with_faults(answers: impl IntoIterator<Item = Answer>) -> Self {
        let store = Self::new();
        store.log.answer_next(answers);
        store
    }

    /// The log this is a handle on.
    pub fn log(&self) -> &MemoryLog {
        &self.log
    }

    /// The inputs that wait for a leader.
    pub fn pending(&self) -> Vec<(String, Vec<u8>)> {
        self.log.inbox()
    }
}

impl Shared {
    fn last_seq(&self) -> u64 {
        self.frames.len() as u64
    }

    fn append(&mut self, frame: &Frame) {
        self.frames.push(frame.clone());
        self.inbox.retain(|_, (id, _)| !frame.inputs.contains(id));
    }

    fn fenced(&self, epoch: Epoch) -> Option<String> {
        (epoch.0 != self.epoch).then(|| {
            format!("epoch {} was fenced by epoch {}: another writer took over, step down", epoch.0, self.epoch)
        })
    }
}

impl Store for MemoryStore {
    fn open(&self) -> Result<Opened, StoreError> {
        let mut s = self.log.lock();
        s.epoch += 1;
        s.poisoned = None;
        Ok(Opened {
            epoch: Epoch(s.epoch),
            store: StoreId(0x0011_2233_4455_6677 + u64::from(s.restores)),
            last_seq: s.last_seq(),
            applied_seq: s.rows.applied_seq,
            paused: s.paused,
            restores: s.restores,
            notices: std::mem::take(&mut s.notices),
        })
    }

    fn accept(&self, inputs: &[(String, Vec<u8>)]) -> Result<Receipt, StoreError> {
        let mut s = self.log.lock();
        for (id, body) in inputs {
            if s.inbox.values().any(|(known, _)| known == id) {
                continue;
            }
            let at = s.inbox_next;
            s.inbox_next += 1;
            s.inbox.insert(at, (id.clone(), body.clone()));
        }
        Ok(Receipt::Kept)
    }

    fn commit(&self, epoch: Epoch, expected_seq: u64, frame: &Frame, _spend: Spend) -> Commit {
        let mut s = self.log.lock();
        if let Some(why) = s.fenced(epoch) {
            return Commit::Fenced(why);
        }
        if s.poisoned == Some(epoch.0) {
            return Commit::Unknown("a commit before this one failed in a way only a boot can settle".into());
        }
        if frame.seq != expected_seq {
            return Commit::NotWritten(format!("the frame says {} where {expected_seq} was announced", frame.seq));
        }
        if expected_seq != s.last_seq() + 1 {
            return Commit::Fenced(format!("the log is at {}, so {expected_seq} cannot come next", s.last_seq()));
        }
        // What a journal could not read back it does not write.
        let hash = super::frame::FrameHash::NONE;
        if let Err(why) = super::frame::encode(frame, StoreId(0), hash, &mut Vec::new()) {
            return Commit::NotWritten(why);
        }
        match s.answers.pop_front().unwrap_or(Answer::Honest) {
            Answer::Honest => {
                s.append(frame);
                Commit::Committed
            }
            Answer::NotWritten => Commit::NotWritten("no space left on device (asked for by the test)".into()),
            Answer::UnknownWritten => {
                s.append(frame);
                s.poisoned = Some(epoch.0);
                Commit::Unknown("input/output error (asked for by the test)".into())
            }
            Answer::UnknownLost => {
                s.poisoned = Some(epoch.0);
                Commit::Unknown("input/output error (asked for by the test)".into())
            }
            Answer::Fenced => {
                s.epoch += 1;
                Commit::Fenced("the lease was taken (asked for by the test)".into())
            }
        }
    }

    fn tail(&self, after: u64, each: &mut dyn FnMut(Frame) -> bool) -> Result<(), StoreError> {
        let mut next = usize::try_from(after).unwrap_or(usize::MAX);
        // The lock is not held while the caller works: it may well commit meanwhile.
        loop {
            let Some(frame) = self.log.lock().frames.get(next).cloned() else {
                return Ok(());
            };
            if !each(frame) {
                return Ok(());
            }
            next += 1;
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.log.lock().rows.map.get(key).cloned())
    }

    fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let map = self.log.lock().rows.map.clone();
        let from = map.range(prefix.to_vec()..).take_while(|(k, _)| k.starts_with(prefix));
        if newest_first {
            let all: Vec<_> = from.collect();
            let _ = all.into_iter().rev().all(|(k, v)| each(k, v));
        } else {
            let mut from = from;
            let _ = from.all(|(k, v)| each(k, v));
        }
        Ok(())
    }

    fn checkpoint(&self, epoch: Epoch, applied_seq: u64, rows: Vec<RowChange>) -> Result<(), StoreError> {
        let mut s = self.log.lock();
        if let Some(why) = s.fenced(epoch) {
            return Err(StoreError::Fenced(why));
        }
        super::check_applied(s.rows.applied_seq, applied_seq, s.last_seq())?;
        if s.rows_lag {
            s.durable_rows = s.rows.clone();
        }
        s.rows.applied_seq = applied_seq;
        for (key, value) in rows {
            match value {
                Some(value) => s.rows.map.insert(key, value),
                None => s.rows.map.remove(&key),
            };
        }
        if !s.rows_lag {
            s.durable_rows = s.rows.clone();
        }
        Ok(())
    }

    fn put_config(&self, sha256: &str, text: &str) -> Result<(), StoreError> {
        self.log.lock().configs.insert(sha256.to_owned(), text.to_owned());
        Ok(())
    }

    fn get_config(&self, sha256: &str) -> Result<Option<String>, StoreError> {
        Ok(self.log.lock().configs.get(sha256).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::stamp::At;

    fn frame(seq: u64, inputs: &[&str]) -> Frame {
        Frame {
            seq,
            at: At(1_000),
            wall: At(1_000),
            config: 1,
            inputs: inputs.iter().map(|s| (*s).to_owned()).collect(),
            facts: Vec::new(),
            texts: Vec::new(),
        }
    }

    #[test]
    fn two_handles_compete_and_only_the_last_to_open_writes() {
        let log = MemoryLog::new();
        let (a, b) = (log.handle(), log.handle());
        let ea = a.open().unwrap().epoch;
        assert_eq!(a.commit(ea, 1, &frame(1, &[]), Spend::Free), Commit::Committed);
        let eb = b.open().unwrap().epoch;
        assert!(matches!(a.commit(ea, 2, &frame(2, &[]), Spend::Free), Commit::Fenced(_)));
        assert!(matches!(a.checkpoint(ea, 1, vec![]), Err(StoreError::Fenced(_))));
        assert_eq!(b.commit(eb, 2, &frame(2, &[]), Spend::Free), Commit::Committed);
    }

    #[test]
    fn an_input_waits_in_the_inbox_until_a_frame_names_it() {
        let s = MemoryStore::new();
        let e = s.open().unwrap().epoch;
        s.accept(&[("a".into(), vec![1]), ("b".into(), vec![2]), ("a".into(), vec![3])]).unwrap();
        assert_eq!(s.pending(), vec![("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])]);
        assert_eq!(s.commit(e, 1, &frame(1, &["a"]), Spend::Free), Commit::Committed);
        assert_eq!(s.pending(), vec![("b".to_owned(), vec![2])]);
    }

    #[test]
    fn an_unknown_commit_poisons_its_epoch_and_the_next_boot_decides() {
        for (answer, last) in [(Answer::UnknownWritten, 1), (Answer::UnknownLost, 0)] {
            let s = MemoryStore::with_faults([answer]);
            let e = s.open().unwrap().epoch;
            assert!(matches!(s.commit(e, 1, &frame(1, &[]), Spend::Free), Commit::Unknown(_)));
            assert!(matches!(s.commit(e, 1, &frame(1, &[]), Spend::Free), Commit::Unknown(_)));
            s.log().crash();
            assert_eq!(s.open().unwrap().last_seq, last);
        }
    }

    #[test]
    fn rows_that_lag_fall_back_to_the_checkpoint_before() {
        let s = MemoryStore::new();
        s.log().let_rows_lag();
        let e = s.open().unwrap().epoch;
        for seq in 1..=2 {
            assert_eq!(s.commit(e, seq, &frame(seq, &[]), Spend::Free), Commit::Committed);
            s.checkpoint(e, seq, vec![(b"k".to_vec(), Some(vec![u8::try_from(seq).unwrap()]))]).unwrap();
        }
        s.log().crash();
        assert_eq!(s.open().unwrap().applied_seq, 1);
        assert_eq!(s.get(b"k").unwrap(), Some(vec![1]));
    }
}
