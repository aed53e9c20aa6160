//! What the supervisor is told, what it says, and its numbers.

use super::alarm::{Alarm, AlarmKind};
use crate::domain::stamp::At;
use crate::slack::envelope::{Disconnect, Hello};

/// The machine's numbers. All times in milliseconds.
#[derive(Clone, Debug)]
pub struct SupervisorConfig {
    /// Sockets that should be live. Slack allows 10 an app.
    pub connections: usize,
    /// Sockets at most, those being opened and closed included.
    pub max_sockets: usize,
    /// Limit for `apps.connections.open`.
    pub open_timeout_ms: i64,
    /// Limit for TCP, TLS and the upgrade together.
    pub connect_timeout_ms: i64,
    /// Limit from the upgrade to `hello`.
    pub hello_timeout_ms: i64,
    /// A socket silent this long is pinged.
    pub ping_after_ms: i64,
    /// A socket silent this long, and pinged in vain, is replaced.
    pub dead_after_ms: i64,
    /// How long a ping may stay unanswered.
    pub pong_grace_ms: i64,
    /// A socket that lived this long after `hello` is healthy: failures before it are forgotten.
    pub healthy_after_ms: i64,
    /// The wait after a first failure; doubled by each further one.
    pub backoff_base_ms: i64,
    /// The longest wait, rate limits apart.
    pub backoff_cap_ms: i64,
    /// `apps.connections.open` calls in any minute at most. Slack allows about 50.
    pub opens_per_minute: usize,
    /// How long a socket that is to be closed waits for handlers in flight: Slack's limit for an acknowledgement.
    pub drain_ms: i64,
    /// The same when the process stops.
    pub shutdown_ms: i64,
    /// How long closing may take before the socket is dropped.
    pub close_timeout_ms: i64,
    /// A socket we close of our own accord must have been quiet this long.
    pub quiet_ms: i64,
    /// A socket is replaced this long before the age Slack announced.
    pub refresh_before_ms: i64,
    /// A socket's lifetime when `hello` does not say.
    pub lifetime_ms: i64,
}

impl Default for SupervisorConfig {
    fn default() -> Self {
        Self {
            connections: 2,
            max_sockets: 6,
            open_timeout_ms: 10_000,
            connect_timeout_ms: 10_000,
            hello_timeout_ms: 10_000,
            ping_after_ms: 15_000,
            dead_after_ms: 40_000,
            pong_grace_ms: 10_000,
            healthy_after_ms: 30_000,
            backoff_base_ms: 1_000,
            backoff_cap_ms: 60_000,
            opens_per_minute: 12,
            drain_ms: 3_000,
            shutdown_ms: 6_000,
            close_timeout_ms: 1_500,
            quiet_ms: 2_000,
            refresh_before_ms: 60_000,
            lifetime_ms: 18_060_000,
        }
    }
}

/// Names one attempt at a socket, from `apps.connections.open` until it is gone. Never used twice.
pub type ConnId = u64;

/// A socket's address. It holds a ticket, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SocketUrl(pub String);

impl std::fmt::Debug for SocketUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SocketUrl(…)")
    }
}

/// What happened. Events of a socket that is gone are ignored.
#[derive(Clone, Debug)]
pub enum Event {
    /// Time passed.
    Tick,
    /// `apps.connections.open` gave an address.
    UrlOpened { conn: ConnId, url: SocketUrl },
    /// `apps.connections.open` failed: Slack's error code or what the transport said, and its `Retry-After`.
    UrlFailed { conn: ConnId, error: String, retry_after_ms: Option<i64> },
    /// The upgrade succeeded.
    Connected { conn: ConnId },
    /// TCP, TLS or the upgrade failed.
    ConnectFailed { conn: ConnId, error: String },
    /// A frame arrived.
    Inbound { conn: ConnId, what: Inbound },
    /// One envelope of this socket is done with: its acknowledgement is written, or there will be none.
    Settled { conn: ConnId },
    /// The socket is gone, and why.
    Closed { conn: ConnId, why: String },
    /// The process stops.
    DrainRequested,
}

/// What kind of frame arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// Envelopes may arrive from now on.
    Hello(Hello),
    /// Slack will close the socket.
    Disconnect(Disconnect),
    /// Something that [`Event::Settled`] will follow.
    Envelope,
    /// A ping, a pong, or anything else that proves the socket is alive.
    Other,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Call `apps.connections.open`; answer with `UrlOpened` or `UrlFailed`.
    OpenUrl { conn: ConnId },
    /// Connect; answer with `Connected` or `ConnectFailed`.
    Connect { conn: ConnId, url: SocketUrl },
    /// Send a ping frame.
    Ping { conn: ConnId },
    /// Write what is queued, send a close frame, wait for the other side's; answer with `Closed`.
    Close { conn: ConnId },
    /// Drop whatever there is of this attempt; no answer is expected.
    Abort { conn: ConnId },
    /// Tell people.
    Alarm(Alarm),
    /// What an alarm said is over.
    AllClear(AlarmKind),
}

/// How the sockets are, for `/readyz`, the heartbeat and metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SocketStatus {
    /// Sockets that got their `hello` and are not closed.
    pub connected: usize,
    /// `apps.connections.open` calls since the start.
    pub opened: u64,
    /// When anything last arrived on any socket.
    pub last_inbound: Option<At>,
    /// For how long there has been no socket, in milliseconds; `None` while there is one.
    pub since_none_ms: Option<i64>,
    /// What went wrong last, for people.
    pub last_error: Option<String>,
    /// What is wrong now.
    pub alarms: Vec<Alarm>,
    /// Whether the process is stopping.
    pub draining: bool,
}

impl SocketStatus {
    /// Whether clicks can reach us: a socket is live and the token is accepted.
    pub fn is_ready(&self) -> bool {
        let refused = self.alarms.iter().any(|a| a.kind == AlarmKind::TokenRefused);
        self.connected > 0 && !refused && !self.draining
    }
}
