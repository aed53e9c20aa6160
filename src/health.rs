//! How the pager itself is: for `/readyz`, `/metrics` and the heartbeat. Only looks; nothing decides by it.

use crate::clock::Clock;
use crate::ingest::Readiness;
use crate::outbox::driver::OutboxHandle;
use crate::pump::driver::Board;
use crate::reload::Standing;
use crate::slack::SocketStatus;
use metrics::{Unit, describe_gauge, gauge};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::watch;

/// A pump that has not come round for this long does not move. It looks up at least every minute.
const PUMP_STILL_MS: i64 = 120_000;
/// Without a socket for this long, clicks reach nobody.
const NO_SOCKET_MS: i64 = 60_000;

pub struct Health {
    pub board: Arc<Board>,
    pub outbox: OutboxHandle,
    pub sockets: watch::Receiver<SocketStatus>,
    pub clock: Clock,
    /// After a restore, until a person confirms.
    pub paused: bool,
    /// Is the configuration as it lies on disk in force?
    pub config: watch::Receiver<Standing>,
}

impl Health {
    /// What a load balancer asks: can alerts be taken? The body says everything else.
    pub fn readiness(&self) -> Readiness {
        let refusing = self.board.refusing();
        let snapshot = self.board.snapshot();
        let sockets = self.sockets.borrow().clone();
        let slack = self.outbox.health();
        let config = self.config.borrow().clone();
        let body = json!({
            "store": refusing.clone().unwrap_or_else(|| "ok".to_owned()),
            "journal_frame": snapshot.seq,
            "checkpoint_lag_frames": snapshot.seq.saturating_sub(self.board.checkpointed()),
            "open_incidents": snapshot.world.open_incidents().count(),
            "paused": self.paused.then_some("restored from a backup: nothing is sent until `warridor restore --confirm`"),
            "config": {
                "sha256": snapshot.directory.sha256,
                "refused": config.refused,
                "ignored_until_restart": config.ignored_until_restart,
                "people_not_found": config.people_not_found,
                "people_not_asked": config.people_not_asked,
            },
            "slack": {
                "sockets": sockets.connected,
                "trouble": slack.token_trouble.map(|e| format!("Slack refuses our token: {e}")).or(sockets.last_error),
                "seconds_since_a_call_worked": slack.last_ok.map(|at| (self.clock.steady_ms() - at.0) / 1000),
                "last_call_that_failed": slack.last_error.map(|(_, why)| why),
                "away_since": snapshot.world.meta.slack_away.map(|at| at.utc().to_rfc3339()),
            },
            "telephone": {
                "seconds_since_one_was_taken": slack.phone_ok.map(|at| (self.clock.steady_ms() - at.0) / 1000),
                "seconds_since_one_failed": slack.phone_error.map(|(at, _)| (self.clock.steady_ms() - at.0) / 1000),
            },
        });
        Readiness { writable: refusing.is_none(), body }
    }

    /// Why the heartbeat must not be sent, if there is a reason.
    pub fn why_not(&self) -> Option<String> {
        if let Some(why) = self.board.refusing() {
            return Some(format!("the store cannot be written: {why}"));
        }
        let still_ms = self.clock.steady_ms() - self.board.turned_ms();
        if still_ms > PUMP_STILL_MS {
            return Some(format!("the pump has not moved for {} s", still_ms / 1000));
        }
        if let Some(error) = self.outbox.health().token_trouble {
            return Some(format!("Slack refuses our token: {error}"));
        }
        // It may have begun in an earlier process: that this one is young is no way to Slack.
        if let Some(since) = self.board.snapshot().world.meta.slack_away {
            let ms = self.clock.now().0.saturating_sub(since.0).max(NO_SOCKET_MS);
            if !self.phone_works(ms) {
                return Some(format!("no way to Slack for {} s", ms / 1000));
            }
        }
        let sockets = self.sockets.borrow();
        match sockets.since_none_ms {
            Some(ms) if ms > NO_SOCKET_MS && !self.phone_works(ms) => {
                Some(format!("no Slack socket for {} s", ms / 1000))
            }
            _ => None,
        }
    }

    /// Was a text, a call or a hook taken in the last `ms`, and nothing since refused?
    fn phone_works(&self, ms: i64) -> bool {
        let health = self.outbox.health();
        let since = self.clock.steady_ms() - ms;
        let failed = health.phone_error.map_or(i64::MIN, |(at, _)| at.0);
        health.phone_ok.is_some_and(|at| at.0 >= since && at.0 >= failed)
    }

    /// Names the gauges, once.
    pub fn describe() {
        describe_gauge!("warridor_open_incidents", "Incidents that are not resolved.");
        describe_gauge!("warridor_wanted_pages", "Pages that were asked for and are neither settled nor revoked.");
        describe_gauge!("warridor_heartbeats_watched", "Heartbeats of others that are watched.");
        describe_gauge!("warridor_heartbeats_silent", "Of these, the ones that are silent.");
        describe_gauge!("warridor_journal_frames", "The number of the last frame in the journal.");
        describe_gauge!("warridor_checkpoint_lag_frames", "Frames that the rows on disk are behind the journal.");
        describe_gauge!("warridor_slack_sockets", "Socket Mode connections that have said hello.");
        describe_gauge!("warridor_store_writable", "1 while the store takes writes, else 0.");
        describe_gauge!("warridor_pump_idle_seconds", Unit::Seconds, "Since the pump last came round.");
    }

    /// Reads the gauges.
    #[allow(clippy::cast_precision_loss)] // gauges are floats; these numbers are far below 2^52
    pub fn sample(&self) {
        let snapshot = self.board.snapshot();
        gauge!("warridor_open_incidents").set(snapshot.world.open_incidents().count() as f64);
        gauge!("warridor_wanted_pages").set(snapshot.world.wanted.len() as f64);
        let heartbeats = &snapshot.world.heartbeats;
        gauge!("warridor_heartbeats_watched").set(heartbeats.len() as f64);
        gauge!("warridor_heartbeats_silent").set(heartbeats.values().filter(|w| w.is_silent()).count() as f64);
        gauge!("warridor_journal_frames").set(snapshot.seq as f64);
        gauge!("warridor_checkpoint_lag_frames").set(snapshot.seq.saturating_sub(self.board.checkpointed()) as f64);
        gauge!("warridor_slack_sockets").set(self.sockets.borrow().connected as f64);
        gauge!("warridor_store_writable").set(if self.board.refusing().is_none() { 1.0 } else { 0.0 });
        gauge!("warridor_pump_idle_seconds").set((self.clock.steady_ms() - self.board.turned_ms()) as f64 / 1000.0);
    }
}
