//! Behind the HTTP door: monitors' inputs go into the pump's lane and come back durable.

use crate::domain::alert::AlertState;
use crate::domain::directory::Directory;
use crate::domain::fact::Fact;
use crate::domain::id::{AlertKey, IncidentNo, InputId};
use crate::domain::incident::Incident;
use crate::domain::input::{Event, EventAction, Input, Source, What};
use crate::domain::world::World;
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
        let mut input = input;
        if let What::Events(delivery) = &mut input.what
            && delivery.source == Source::PagerDutyWebhook
        {
            let snapshot = self.board.snapshot();
            let service = &delivery.service;
            delivery.events.retain(|event| {
                let key = AlertKey { service: service.clone(), dedup: event.dedup_key.clone() };
                !is_over_there(&snapshot.world, &key, event)
            });
            if delivery.events.is_empty() {
                return Ok(accepted(keys, &snapshot));
            }
        }
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

/// A trigger of an episode that PagerDuty itself has ended. It sends again for two days what it heard no answer to, and
/// opens an incident again with a time of its own: an earlier beginning is never news. (Of other monitors it is: an
/// Alertmanager that lost its Prometheus and found it again tells of the same beginning.)
fn is_over_there(world: &World, key: &AlertKey, event: &Event) -> bool {
    let known = world.incident_of(key).and_then(|i| i.alert(key)).map(|(_, alert)| alert.state);
    match (event.action, event.starts_at, known) {
        (EventAction::Trigger, Some(began), Some(AlertState::Cleared { ends_at: Some(ended), .. })) => began <= ended,
        _ => false,
    }
}

fn alert_keys(input: &Input) -> Vec<AlertKey> {
    match &input.what {
        What::Events(d) => {
            let key = |dedup: &Arc<str>| AlertKey { service: d.service.clone(), dedup: dedup.clone() };
            d.events.iter().map(|e| key(&e.dedup_key)).collect()
        }
        What::Unreadable(u) => vec![u.alert_key()],
        What::Beat { .. }
        | What::BeatsTurnedAway { .. }
        | What::Act(_)
        | What::Raise(_)
        | What::Override(_)
        | What::HandoffNote { .. }
        | What::HandoffWrite { .. }
        | What::HandoffOffer { .. }
        | What::HandoffAccept { .. }
        | What::Ready { .. }
        | What::TestPage { .. }
        | What::Rca { .. }
        | What::Item { .. }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, MemoryEnv};
    use crate::domain::handle::decide;
    use crate::domain::input::Delivery;
    use crate::domain::stamp::{At, Stamp};
    use crate::ingest::sources::pagerduty_webhook;
    use std::path::Path;

    const GOOD: &str = include_str!("../tests/config/good.toml");
    /// 2026-03-01T10:00:00Z
    const TEN: i64 = 1_772_359_200_000;

    fn event(kind: &str, times: &str, occurred: &str) -> Event {
        let body = format!(
            r#"{{"event":{{"event_type":"incident.{kind}","occurred_at":"2026-03-01T{occurred}Z","data":{{"id":"PX1","title":"Shop is down"{times}}}}}}}"#
        );
        pagerduty_webhook::decode(body.as_bytes()).unwrap().events.remove(0)
    }

    #[test]
    fn what_pagerduty_sends_again_late_opens_nothing_that_it_has_ended() {
        let mut env = MemoryEnv::with_file("config.toml", GOOD);
        for (name, key) in [("KEY_PAYMENTS", "0123456789abcdef"), ("KEY_SEARCH", "fedcba9876543210")] {
            env.vars.insert(name.to_owned(), key.to_owned());
        }
        let directory = Arc::new(config::load(Path::new("config.toml"), &env).unwrap().directory);
        let mut world = World::default();
        let mut n = 0;
        let mut decided = |world: &mut World, what: What, minutes: i64| {
            n += 1;
            let at = At(TEN + minutes * 60_000);
            let input = Input { id: InputId::minted('t', n), what };
            decide(world, &directory, &input, Stamp { at, wall: at }).unwrap();
        };
        let delivery = |event: Event| {
            What::Events(Delivery {
                service: "payments-api".into(),
                source: Source::PagerDutyWebhook,
                urgency: None,
                resolve_after_secs: None,
                key: None,
                events: vec![event],
            })
        };
        let key = AlertKey { service: "payments-api".into(), dedup: "PX1".into() };
        let created = r#","created_at":"2026-03-01T10:00:00Z""#;
        let reopened = r#","created_at":"2026-03-01T10:00:00Z","reopened_at":"2026-03-01T12:00:00Z""#;
        let triggered = event("triggered", created, "10:00:00");
        decided(&mut world, What::ConfigLoaded(directory.clone()), 0);
        assert!(!is_over_there(&world, &key, &triggered), "nothing is known of it");
        decided(&mut world, delivery(triggered.clone()), 0);
        let escalated = event("escalated", created, "10:10:00");
        assert!(!is_over_there(&world, &key, &triggered) && !is_over_there(&world, &key, &escalated), "it fires");
        decided(&mut world, delivery(event("resolved", created, "10:30:00")), 30);
        for (what, late) in [("it opened", &triggered), ("nobody took it", &escalated)] {
            assert!(is_over_there(&world, &key, late), "{what}: of what is over");
        }
        let again = event("reopened", reopened, "12:00:00");
        assert!(!is_over_there(&world, &key, &again), "another episode");
        let of_old = event("reopened", created, "12:00:00");
        assert!(!is_over_there(&world, &key, &of_old), "of nobody knows which episode");
        decided(&mut world, delivery(again.clone()), 120);
        assert!(world.incident_of(&key).is_some_and(|i| !i.is_resolved()), "it is open again");
        // The first end, sent again, ends nothing; the second one does.
        decided(&mut world, delivery(event("resolved", created, "10:30:00")), 130);
        assert!(world.incident_of(&key).and_then(|i| i.alert(&key)).is_some_and(|(_, a)| a.is_firing()));
        decided(&mut world, delivery(event("resolved", reopened, "12:40:00")), 160);
        assert!(is_over_there(&world, &key, &again) && is_over_there(&world, &key, &triggered));
        let without_times = event("triggered", "", "10:00:00");
        assert!(is_over_there(&world, &key, &without_times), "its own time says when it began");
        assert!(
            !is_over_there(&world, &key, &event("acknowledged", created, "10:05:00")),
            "only triggers open anything"
        );
    }
}
