//! The heartbeat out: whoever watches `heartbeat_url` pages somebody when it stops, which is how the pager's own death
//! is noticed. It is fetched only while Warridor can do its work; silence is the alarm.
//!
//! The URL is a secret (who knows it can keep the watcher quiet), so it stands in no log.

use crate::clock::Clock;
use metrics::{Counter, counter};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// From one heartbeat to the next.
pub const EVERY: Duration = Duration::from_secs(30);
/// For one fetch, redirects included.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// What keeps a heartbeat from being sent, in words for the log: "the store cannot be written".
pub type NotHealthy = String;

/// Why there is no heartbeat.
#[derive(Debug, thiserror::Error)]
pub enum HeartbeatError {
    #[error("heartbeat_url is not a URL that can be fetched: {0}")]
    Url(String),
    #[error("the HTTP client for the heartbeat cannot be made: {0}")]
    Client(String),
}

/// A heartbeat that can be started.
pub struct Heartbeat {
    client: reqwest::Client,
    url: reqwest::Url,
    clock: Clock,
    every: Duration,
}

impl Heartbeat {
    /// A heartbeat to `url` every [`EVERY`] of `clock`'s time.
    ///
    /// # Errors
    /// When `url` is not `http` or `https`, or no TLS client can be made.
    pub fn new(url: &str, clock: Clock) -> Result<Self, HeartbeatError> {
        let url: reqwest::Url = url.parse().map_err(|e| HeartbeatError::Url(format!("{e}")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HeartbeatError::Url(format!("its scheme is {}, not http or https", url.scheme())));
        }
        // Does nothing if `main` installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .user_agent(concat!("warridor/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| HeartbeatError::Client(e.to_string()))?;
        Ok(Self { client, url, clock, every: EVERY })
    }

    /// Another interval.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Beats until `shutdown`. `why_not` is asked before each beat; a reason withholds it.
    pub fn start<F>(self, why_not: F, shutdown: CancellationToken) -> JoinHandle<()>
    where
        F: Fn() -> Option<NotHealthy> + Send + 'static,
    {
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = self.beat(why_not) => {}
            }
        })
    }

    async fn beat(self, why_not: impl Fn() -> Option<NotHealthy>) {
        let outcomes = ["sent", "failed", "withheld"];
        let [sent, failed, withheld]: [Counter; 3] =
            outcomes.map(|outcome| counter!("warridor_heartbeats_total", "outcome" => outcome));
        // Logged when it changes, not every half minute of an outage.
        let mut told = String::new();
        loop {
            let next_ms = self.clock.steady_ms() + i64::try_from(self.every.as_millis()).unwrap_or(i64::MAX / 4);
            let problem = match why_not() {
                Some(reason) => {
                    withheld.increment(1);
                    format!("withheld: {reason}")
                }
                None => match self.fetch().await {
                    Ok(()) => {
                        sent.increment(1);
                        String::new()
                    }
                    Err(error) => {
                        failed.increment(1);
                        error
                    }
                },
            };
            if problem != told {
                if problem.is_empty() {
                    tracing::info!("the heartbeat goes out again");
                } else {
                    tracing::warn!(problem, "no heartbeat goes out");
                }
                told = problem;
            }
            self.sleep_until(next_ms).await;
        }
    }

    /// On the steady clock: a wall clock set back must not keep the heartbeat back.
    async fn sleep_until(&self, steady_ms: i64) {
        let mut moved = self.clock.moved();
        loop {
            let left = steady_ms - self.clock.steady_ms();
            if left <= 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => {}
                _ = moved.changed() => {}
            }
        }
    }

    async fn fetch(&self) -> Result<(), String> {
        let answer = self.client.get(self.url.clone()).send().await.map_err(|e| e.without_url().to_string())?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(format!("it was answered {status}")) }
    }
}
