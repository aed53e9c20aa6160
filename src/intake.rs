//! Behind the HTTP door: monitors' inputs go into the pump's lane and come back durable.

use crate::domain::directory::Directory;
use crate::domain::fact::Fact;
use crate::domain::id::{AlertKey, IncidentNo, InputId};
use crate::domain::incident::Incident;
use crate::domain::input::{Input, What};
use crate::door::{Door, Turned};
use crate::health::Health;
use crate::ingest::{Accepted, Intake, IntakeError, Readiness};
use crate::methods::answers::{Desk, Reply, Request};
use crate::pump::driver::Board;
use crate::pump::{Answer, Lane, Snapshot};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long a monitor should wait before it sends again.
const RETRY_AFTER_SECS: u64 = 5;

pub struct PumpIntake {
    pub door: Door,
    pub board: Arc<Board>,
    pub health: Arc<Health>,
    /// Hears what comes by telephone.
    pub desk: Desk,
    /// The store's epoch: deliveries of two processes never share a name.
    pub epoch: u64,
    pub deliveries: AtomicU64,
}

impl Intake for PumpIntake {
    fn directory(&self) -> Arc<Directory> {
        self.board.snapshot().directory.clone()
    }

    async fn submit(&self, input: Input, bytes: usize) -> Result<Accepted, IntakeError> {
        let keys = alert_keys(&input);
        let answer = self.door.submit(Lane::Monitors, input, bytes).map_err(|turned| match turned {
            Turned::Full => IntakeError::Overloaded { retry_after_secs: RETRY_AFTER_SECS },
            Turned::Stopping => IntakeError::Stopping,
        })?;
        match answer.await {
            Ok(Answer::Decided { facts, snapshot }) => {
                let dropped = facts.iter().filter(|fact| matches!(fact, Fact::EventDropped { .. })).count() as u64;
                if dropped > 0 {
                    metrics::counter!("warridor_ingest_events_dropped_total").increment(dropped);
                }
                Ok(accepted(keys, &snapshot))
            }
            Ok(Answer::DecidedBefore { snapshot }) => Ok(accepted(keys, &snapshot)),
            Ok(Answer::NotWritten(why)) => Err(IntakeError::NotWritable(why)),
            Ok(Answer::Refused { refusal, .. }) => Err(IntakeError::NotWritable(format!("{refusal:?}"))),
            Err(_) => Err(IntakeError::Unknown("the writer stopped before it answered".to_owned())),
        }
    }

    async fn telephone(&self, request: Request<'_>) -> Reply {
        self.desk.hear(request).await
    }

    fn ready(&self) -> Readiness {
        self.health.readiness()
    }

    fn next_delivery_id(&self) -> InputId {
        let n = self.deliveries.fetch_add(1, Ordering::Relaxed);
        format!("~h{:x}.{n:x}", self.epoch).into()
    }
}

fn alert_keys(input: &Input) -> Vec<AlertKey> {
    match &input.what {
        What::Events(d) => {
            let key = |dedup: &Arc<str>| AlertKey { service: d.service.clone(), dedup: dedup.clone() };
            d.events.iter().map(|e| key(&e.dedup_key)).collect()
        }
        What::Unreadable(u) => vec![u.alert_key()],
        What::Act(_)
        | What::Raise(_)
        | What::Override(_)
        | What::EndOverride { .. }
        | What::Quiet(_)
        | What::EndQuiet { .. }
        | What::ExtendQuiet { .. }
        | What::QuietElsewhere { .. }
        | What::GuestNote(_)
        | What::AddMe(_)
        | What::Admit(_)
        | What::RemovePerson(_)
        | What::Announced { .. }
        | What::DoNotDisturb(_)
        | What::SlackAway { .. }
        | What::Changed(_)
        | What::Announce(_)
        | What::EndAnnouncement { .. }
        | What::Mended { .. }
        | What::Due
        | What::Settled(_)
        | What::ClockJumped { .. }
        | What::Restored { .. }
        | What::Booted
        | What::ConfigLoaded(_) => Vec::new(),
    }
}

fn accepted(keys: Vec<AlertKey>, snapshot: &Snapshot) -> Accepted {
    let world = &snapshot.world;
    // What only informs now may have led to an incident before.
    let informs = |key: &AlertKey| world.fyi_of(key).is_some_and(|f| f.is_firing());
    let incident = |key: &AlertKey| -> Option<IncidentNo> {
        let fires = |i: &&Arc<Incident>| i.alert(key).is_some_and(|(_, alert)| alert.is_firing());
        world.incident_of(key).filter(|i| !informs(key) || fires(i)).map(|i| i.no)
    };
    Accepted { incidents: keys.into_iter().map(|key| (key.dedup.clone(), incident(&key))).collect() }
}
