//! The real binary with nothing to do: memory, processor time, and how soon it is ready again after `kill -9` with
//! 100,000 closed incidents behind it.
//!
//! The history is made in this process in virtual time (two days ago): incidents are opened, their cards posted, they
//! are resolved, and a day later they close; the store is the real one.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::load::{Keys, Until, run};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::{Program, ROUNDS, ask, config, cpu, proc_number, seconds};
use warridor::app::open_store;
use warridor::clock::Clock;
use warridor::config::{SystemEnv, load};
use warridor::domain::directory::Urgency;
use warridor::domain::id::{IncidentNo, InputId, MessageRef};
use warridor::domain::input::{Delivery, Event, EventAction, Input, Settled, Source, What};
use warridor::domain::page::SyncKey;
use warridor::pump::{Lane, Pump, Reading};
use warridor::store::{Store, StoreError};

/// Closed incidents behind the program, when a measurement has its usual length.
const HISTORY: usize = 100_000;
const BATCH: usize = 256;
const HOUR_MS: i64 = 3_600_000;

fn main() {
    support::bare::be_if_asked();
    let history = ((HISTORY as f64 * seconds() / support::SECONDS) as usize).clamp(1_000, HISTORY);
    let watched = Duration::from_secs_f64((seconds() * 2.5).clamp(1.0, 10.0));
    let slack = Slack::start();
    let dir = tempfile::tempdir().expect("a directory");
    let began = Instant::now();
    let closed = make_history(dir.path(), history);
    println!("{closed} closed incidents made in {:.1} s", began.elapsed().as_secs_f64());
    let program = Program::start(dir.path(), &config(1), slack.addr);
    // The first start after a clean end, a first snapshot and the like are over after a while.
    std::thread::sleep(watched);
    let opened = run(program.addr, 1, Keys::Fresh, Until::Requests(1));
    assert_eq!(opened.total_accepted(), 1, "it takes alerts");
    program.kill();
    let (mut ready, mut resident, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let program = Program::start(dir.path(), &config(1), slack.addr);
        let (status, _) = ask(program.addr, "GET", "/readyz", "").expect("it listens");
        assert_eq!(status, 200, "it is ready");
        ready.push(began.elapsed().as_secs_f64());
        std::thread::sleep(watched);
        let before = cpu(program.pid());
        std::thread::sleep(watched);
        busy.push((cpu(program.pid()) - before).as_secs_f64() * 1e3 / watched.as_secs_f64());
        resident.push(proc_number(program.pid(), "status", "VmRSS") as f64 / 1024.0);
        program.kill();
    }
    let fresh = tempfile::tempdir().expect("a directory");
    let program = Program::start(fresh.path(), &config(1), slack.addr);
    std::thread::sleep(watched);
    let empty = proc_number(program.pid(), "status", "VmRSS") as f64 / 1024.0;
    program.stop();
    println!("{ROUNDS} starts after kill -9: median (least-most)");
    println!("ready after, s                         {}", spread(&ready, 2));
    println!("resident, MB, with this history        {}", spread(&resident, 1));
    println!("resident, MB, in an empty directory    {empty:.1}");
    println!("processor time, ms a second of idling  {}", spread(&busy, 2));
    verdict("ready after kill -9, s", median(&ready), median(&ready) < 1.0, "under 1");
    let most = resident.iter().copied().fold(empty, f64::max);
    verdict("resident, MB", most, most < 40.0, "under 40");
    // The kernel counts in ticks of 10 ms; looking after HEAD and the metrics every few seconds is all there is.
    verdict("processor time, ms a second", median(&busy), median(&busy) <= 2.0, "none: at most 2, a fifth of a tick");
}

/// A pump whose time is ours.
struct Past {
    pump: Pump,
    store: Arc<warridor::store::embedded::EmbeddedStore>,
    now: Reading,
    inputs: u64,
}

impl Past {
    fn step(&mut self, what: Vec<What>) {
        let inputs: Vec<(Lane, Input)> = what
            .into_iter()
            .map(|what| {
                self.inputs += 1;
                (Lane::Inner, Input { id: InputId::minted('b', self.inputs), what })
            })
            .collect();
        let result = self.pump.step(&inputs, self.now);
        assert!(result.fatal.is_none(), "the store works");
        self.checkpoint();
    }

    fn checkpoint(&mut self) {
        if let Some(job) = self.pump.take_checkpoint() {
            job.write(&*self.store, Vec::new()).expect("rows are written");
            self.pump.checkpoint_done();
        }
    }

    fn pass(&mut self, ms: i64) {
        self.now.wall = self.now.wall.plus_ms(ms);
        self.now.steady_ms += ms;
    }
}

fn make_history(dir: &Path, incidents: usize) -> usize {
    std::fs::write(dir.join("config.toml"), config(1)).expect("config.toml");
    let loaded = load(&dir.join("config.toml"), &SystemEnv).expect("a good configuration");
    let store = Arc::new(open_store(&dir.join("data")));
    let now = Reading { wall: Clock::system(0).now().plus_ms(-48 * HOUR_MS), steady_ms: 0 };
    let keep = || -> Result<(), StoreError> { store.put_config(&loaded.sha256, &loaded.text) };
    let booted =
        Pump::boot(store.clone(), Arc::new(loaded.directory), now, Box::new(rand::random), &keep).expect("a start");
    let mut past = Past { pump: booted.pump, store: store.clone(), now, inputs: 0 };
    let numbers: Vec<usize> = (0..incidents).collect();
    for some in numbers.chunks(BATCH) {
        let first = past.pump.snapshot().world.meta.last_incident.0 + 1;
        past.step(some.iter().map(|n| events(*n, EventAction::Trigger)).collect());
        let cards = (0..some.len() as u64).map(|i| card(IncidentNo(first + i))).collect();
        past.step(cards);
        past.step(some.iter().map(|n| events(*n, EventAction::Resolve)).collect());
        let threads = (0..some.len() as u64)
            .map(|i| What::Settled(Settled::ThreadShown { incident: IncidentNo(first + i), upto: 99 }))
            .collect();
        past.step(threads);
        past.pass(1_000);
    }
    past.pass(25 * HOUR_MS);
    while past.pump.sleep_ms(past.now) == Some(0) {
        past.step(Vec::new());
    }
    assert_eq!(past.pump.snapshot().world.open_incidents().count(), 0, "everything is closed");
    drop(past);
    let mut closed = 0;
    store
        .scan(warridor::domain::world::rows::CLOSED_PREFIX, false, &mut |_, _| {
            closed += 1;
            true
        })
        .expect("rows are read");
    store.close().expect("the store closes");
    assert_eq!(closed, incidents);
    closed
}

fn events(n: usize, action: EventAction) -> What {
    let event = Event {
        action,
        dedup_key: support::dedup(n).into(),
        title: format!("Disk of db-{n:08} is 93 % full"),
        link: "https://grafana.example/d/disks".to_owned(),
        labels: vec![("severity".to_owned(), "critical".to_owned()), ("mountpoint".to_owned(), "/var".to_owned())],
        starts_at: None,
        ends_at: None,
    };
    What::Events(Delivery {
        service: "s0".into(),
        source: Source::Generic,
        urgency: Some(Urgency::Low),
        key: None,
        resolve_after_secs: None,
        events: vec![event],
    })
}

fn card(no: IncidentNo) -> What {
    let message = MessageRef { channel: "C07BENCH0000".into(), ts: format!("1700000000.{:06}", no.0).as_str().into() };
    What::Settled(Settled::Created { key: SyncKey::Card(no), message })
}
