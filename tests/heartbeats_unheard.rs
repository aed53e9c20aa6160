//! What was sent and could not be taken is no silence: the pump alone, on a log in memory that refuses to be written.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use warridor::domain::directory::{Directory, Service};
use warridor::domain::heartbeat::{Heartbeat, Stands};
use warridor::domain::id::{HeartbeatId, IncidentNo, InputId, MessageRef};
use warridor::domain::input::{Act, Deed, Input, Raise, Settled, What};
use warridor::domain::page::SyncKey;
use warridor::domain::stamp::At;
use warridor::pump::{Answer, Lane, Pump, Reading};
use warridor::store::memory::{self, MemoryLog};
use warridor::store::{Commit, Epoch, Frame, Opened, Receipt, RowChange, Spend, Store, StoreError};

const START: i64 = 1_772_420_520_000;
const MINUTE: i64 = 60_000;

/// Every hour, and ten minutes of grace.
fn directory() -> Arc<Directory> {
    let service = Service::new("db".into(), "team".into(), "nobody".into(), "C0DB".into());
    let id = HeartbeatId::from("backup");
    let heartbeat = Heartbeat {
        id: id.clone(),
        name: "Backup".to_owned(),
        service: service.id.clone(),
        urgency: None,
        every_secs: 3_600,
        grace_secs: 600,
        watched: true,
    };
    Arc::new(Directory {
        services: [(service.id.clone(), service)].into(),
        heartbeats: [(id, heartbeat)].into(),
        ..Directory::empty("C0ADMIN".into())
    })
}

struct Machine {
    log: MemoryLog,
    pump: Pump,
    ms: i64,
}

impl Machine {
    fn start(log: MemoryLog, ms: i64) -> Self {
        let (store, now) = (Arc::new(log.handle()), Reading { wall: At(START + ms), steady_ms: ms });
        let booted =
            Pump::boot(store, directory(), &|| now, Box::new(Default::default), &|| Ok(())).expect("it starts");
        Self { log, pump: booted.pump, ms }
    }

    fn step(&mut self, batch: &[(Lane, Input)]) -> Vec<Answer> {
        let result = self.pump.step(batch, Reading { wall: At(START + self.ms), steady_ms: self.ms });
        assert_eq!(result.fatal, None);
        result.answers
    }

    /// Time passes, and the pump looks each minute.
    fn pass(&mut self, minutes: i64) {
        for _ in 0..minutes {
            self.ms += MINUTE;
            self.step(&[]);
        }
    }

    /// Is it written?
    fn beat(&mut self) -> bool {
        let input = Input { id: InputId::minted('h', 1), what: What::Beat { heartbeat: "backup".into() } };
        matches!(self.step(&[(Lane::Monitors, input)]).as_slice(), [Answer::Decided { .. }])
    }

    /// In how many minutes it falls silent; `None`: it is silent.
    fn due_in(&self) -> Option<i64> {
        match self.pump.snapshot().world.heartbeats[&HeartbeatId::from("backup")].stands {
            Stands::Waits { due, .. } => Some((due.0 - START - self.ms) / MINUTE),
            Stands::Silent { .. } => None,
        }
    }
}

#[test]
fn a_beat_that_is_heard_in_its_time_is_all_there_is_to_it() {
    let mut machine = Machine::start(MemoryLog::new(), 0);
    machine.pass(65);
    assert!(machine.beat());
    machine.pass(69);
    assert_eq!(machine.due_in(), Some(1));
    machine.pass(1);
    assert_eq!(machine.due_in(), None);
}

#[test]
fn while_only_the_reserve_can_be_written_nothing_falls_silent() {
    let mut machine = Machine::start(MemoryLog::new(), 0);
    machine.pass(65);
    machine.log.answer_next([memory::Answer::NotWritten]);
    assert!(!machine.beat(), "it is to be sent again");
    assert_eq!(machine.due_in(), Some(40), "half an hour, and its grace");
    let frames = machine.log.frames().len();
    for _ in 0..5 {
        machine.log.answer_next([memory::Answer::NotWritten]);
        assert!(!machine.beat());
        machine.pass(1);
    }
    assert_eq!(machine.log.frames().len(), frames, "the reserve is for people");
    // That it can be written again shows with the first write, and that is to put it off once more.
    machine.pass(16);
    assert_eq!((machine.due_in(), machine.log.frames().len()), (Some(40), frames + 1));
    machine.pass(40);
    assert_eq!(machine.due_in(), None, "it could be heard again, and was not");
}

#[test]
fn what_could_not_be_written_at_all_is_made_good_by_the_first_write() {
    let mut machine = Machine::start(MemoryLog::new(), 0);
    machine.pass(65);
    let refused = || [1, 2].map(|_| memory::Answer::NotWritten);
    machine.log.answer_next(refused());
    assert!(!machine.beat());
    assert_eq!(machine.due_in(), Some(5), "nothing is known of that");
    machine.ms += 10 * MINUTE;
    machine.step(&[]);
    assert_eq!(machine.due_in(), Some(40), "its time is over, and it is no silence");
}

#[test]
fn a_restored_copy_that_nobody_confirmed_calls_nothing_silent() {
    let log = MemoryLog::new();
    let machine = Machine::start(log.clone(), 0);
    drop(machine);
    log.mark_restored();
    let mut machine = Machine::start(log.clone(), MINUTE);
    machine.pass(10 * 60);
    assert!(machine.due_in().is_some(), "they go to another one");
    let ms = machine.ms;
    drop(machine);
    log.confirm_restore();
    let mut machine = Machine::start(log, ms);
    machine.pass(19);
    assert!(machine.due_in().is_some());
    machine.pass(60);
    assert_eq!(machine.due_in(), None, "from here on they come to it");
}

#[test]
fn a_start_that_cannot_be_written_is_made_good_by_the_first_write() {
    let log = MemoryLog::new();
    // The start, out of what is free and out of the reserve; and as much again for the next look at it.
    log.answer_next([1, 2, 3, 4].map(|_| memory::Answer::NotWritten));
    let mut machine = Machine::start(log, 0);
    machine.step(&[]);
    assert!(machine.pump.snapshot().world.heartbeats.is_empty(), "nothing could be written");
    machine.ms += MINUTE;
    assert!(machine.beat(), "the start comes first");
    assert_eq!(machine.due_in(), Some(70));
    let frames = machine.log.frames().len();
    machine.step(&[]);
    assert_eq!(machine.log.frames().len(), frames, "it starts once");
}

#[test]
fn what_a_start_takes_is_no_silence() {
    let log = MemoryLog::new();
    drop(Machine::start(log.clone(), 0));
    // It reads for an hour and a half.
    let ms = std::cell::Cell::new(MINUTE);
    let keep = || {
        ms.set(90 * MINUTE);
        Ok(())
    };
    let clock = || Reading { wall: At(START + ms.get()), steady_ms: ms.get() };
    let store = Arc::new(log.handle());
    let booted = Pump::boot(store, directory(), &clock, Box::new(Default::default), &keep).expect("it starts");
    let machine = Machine { log, pump: booted.pump, ms: ms.get() };
    assert_eq!(machine.due_in(), Some(20), "ten minutes in which it can be heard, and its grace");
}

#[test]
fn a_start_that_is_made_good_later_leaves_a_newer_configuration_in_force() {
    let log = MemoryLog::new();
    log.answer_next([1, 2, 3, 4].map(|_| memory::Answer::NotWritten));
    let mut machine = Machine::start(log, 0);
    let mut newer = (*directory()).clone();
    newer.heartbeats.clear();
    let newer = Arc::new(newer);
    let input = Input { id: InputId::minted('c', 7), what: What::ConfigLoaded(newer.clone()) };
    assert!(matches!(machine.step(&[(Lane::Inner, input)]).as_slice(), [Answer::Decided { .. }]));
    machine.step(&[]);
    assert_eq!(*machine.pump.snapshot().directory, *newer);
    assert!(machine.pump.snapshot().world.heartbeats.is_empty());
}

#[test]
fn no_incident_is_opened_before_the_numbers_of_a_restored_copy_are_skipped() {
    let log = MemoryLog::new();
    drop(Machine::start(log.clone(), 0));
    log.mark_restored();
    log.answer_next([1, 2, 3, 4].map(|_| memory::Answer::NotWritten));
    let mut machine = Machine::start(log, MINUTE);
    let raise = || {
        let what =
            Raise { service: "db".into(), by: "ana".into(), title: "It is slow".to_owned(), urgency: None, from: None };
        [(Lane::People, Input { id: InputId::minted('p', 1), what: What::Raise(what) })]
    };
    assert!(matches!(machine.step(&raise()).as_slice(), [Answer::NotWritten(_)]));
    assert!(matches!(machine.step(&raise()).as_slice(), [Answer::Decided { .. }]));
    let opened = machine.pump.snapshot().world.open_incidents().map(|i| i.no.0).collect::<Vec<_>>();
    assert!(opened.iter().all(|no| *no > 1_000) && opened.len() == 1, "{opened:?}");
}

/// A store whose rows can be spoilt.
struct Spoilt<S> {
    under: S,
    is_spoilt: Arc<AtomicBool>,
}

impl<S: Store> Store for Spoilt<S> {
    fn open(&self) -> Result<Opened, StoreError> {
        self.under.open()
    }

    fn accept(&self, inputs: &[(String, Vec<u8>)]) -> Result<Receipt, StoreError> {
        self.under.accept(inputs)
    }

    fn commit(&self, epoch: Epoch, expected_seq: u64, frame: &Frame, spend: Spend) -> Commit {
        self.under.commit(epoch, expected_seq, frame, spend)
    }

    fn tail(&self, after: u64, each: &mut dyn FnMut(Frame) -> bool) -> Result<(), StoreError> {
        self.under.tail(after, each)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_spoilt.load(Ordering::Relaxed) {
            return Err(StoreError::Corrupt("four bytes are flipped".to_owned()));
        }
        self.under.get(key)
    }

    fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        self.under.scan(prefix, newest_first, each)
    }

    fn checkpoint(&self, epoch: Epoch, applied_seq: u64, rows: Vec<RowChange>) -> Result<(), StoreError> {
        self.under.checkpoint(epoch, applied_seq, rows)
    }

    fn put_config(&self, sha256: &str, text: &str) -> Result<(), StoreError> {
        self.under.put_config(sha256, text)
    }

    fn get_config(&self, sha256: &str) -> Result<Option<String>, StoreError> {
        self.under.get_config(sha256)
    }
}

#[test]
fn one_row_that_cannot_be_read_keeps_no_configuration_from_being_put_in_force() {
    let (log, is_spoilt) = (MemoryLog::new(), Arc::new(AtomicBool::new(false)));
    let store = Arc::new(Spoilt { under: log.handle(), is_spoilt: is_spoilt.clone() });
    let now = || Reading { wall: At(START), steady_ms: 0 };
    let booted =
        Pump::boot(store.clone(), directory(), &now, Box::new(Default::default), &|| Ok(())).expect("it starts");
    let mut machine = Machine { log, pump: booted.pump, ms: 0 };
    // The job is silent for days. Somebody knows, and its incident is on the disk alone by now.
    machine.pass(71);
    assert_eq!(machine.due_in(), None);
    let act = |n, deed| {
        let act = Act { incident: IncidentNo(1), by: "ana".into(), deed };
        (Lane::People, Input { id: InputId::minted('p', n), what: What::Act(act) })
    };
    for (n, deed) in [(1, Deed::Resolve { note: None }), (2, Deed::DeclinePageAgain)] {
        assert!(matches!(machine.step(&[act(n, deed)]).as_slice(), [Answer::Decided { .. }]));
    }
    let card = MessageRef { channel: "C0DB".into(), ts: "1.000100".into() };
    let shown = [
        Settled::Created { key: SyncKey::Card(IncidentNo(1)), message: card },
        Settled::ThreadShown { incident: IncidentNo(1), upto: 100 },
    ];
    for (n, settled) in (10..).zip(shown) {
        machine.step(&[(Lane::Inner, Input { id: InputId::minted('s', n), what: What::Settled(settled) })]);
    }
    machine.pass(25 * 60);
    let job = machine.pump.take_checkpoint().expect("rows changed");
    job.write(&*store, Vec::new()).expect("they are written");
    machine.pump.checkpoint_done();
    assert!(machine.pump.snapshot().world.incident(IncidentNo(1)).is_none(), "it is on the disk alone");
    is_spoilt.store(true, Ordering::Relaxed);
    let note = Deed::Note { text: "it is known".to_owned() };
    assert!(matches!(machine.step(&[act(3, note)]).as_slice(), [Answer::NotWritten(_)]), "its row cannot be read");
    let mut newer = (*directory()).clone();
    newer.settings.bundle_secs = 7;
    let newer = Arc::new(newer);
    let input = Input { id: InputId::minted('c', 1), what: What::ConfigLoaded(newer.clone()) };
    assert!(matches!(machine.step(&[(Lane::Inner, input)]).as_slice(), [Answer::Decided { .. }]));
    assert_eq!(*machine.pump.snapshot().directory, *newer);
}
