//! A data directory with a past, made by the pump itself in a time of our own.

use std::path::Path;
use std::sync::Arc;
use warridor::app::open_store;
use warridor::clock::Clock;
use warridor::config::{SystemEnv, load};
use warridor::domain::directory::Urgency;
use warridor::domain::id::{IncidentNo, InputId, MessageRef};
use warridor::domain::input::{Delivery, Event, EventAction, Input, Settled, Source, What};
use warridor::domain::page::SyncKey;
use warridor::pump::{Lane, Pump, Reading};
use warridor::store::{Store, StoreError};

const BATCH: usize = 256;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

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
        while self.pump.sleep_ms(self.now) == Some(0) {
            self.step(Vec::new());
        }
    }
}

/// Writes a data directory with so many closed incidents of service 0, one a quarter of a second and the last two days ago; how
/// many rows of such are found in it.
pub fn make_history(dir: &Path, config: &str, incidents: usize) -> usize {
    std::fs::write(dir.join("config.toml"), config).expect("config.toml");
    let loaded = load(&dir.join("config.toml"), &SystemEnv).expect("a good configuration");
    let store = Arc::new(open_store(&dir.join("data")));
    let steps = i64::try_from(incidents.div_ceil(BATCH)).expect("a number");
    let began = Clock::system(0).now().plus_ms(-48 * HOUR_MS - steps * MINUTE_MS);
    let now = Reading { wall: began, steady_ms: 0 };
    let keep = || -> Result<(), StoreError> { store.put_config(&loaded.sha256, &loaded.text) };
    let booted =
        Pump::boot(store.clone(), Arc::new(loaded.directory), &|| now, Box::new(rand::random), &keep).expect("a start");
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
        past.pass(MINUTE_MS);
    }
    past.pass(25 * HOUR_MS);
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
        dedup_key: super::dedup(n).into(),
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
