//! When sockets are opened, replaced and closed: a machine without I/O, clock or async.
//!
//! Slack closes every socket sooner or later, gives each click to one arbitrary socket and never sends a click again. So
//! there are two or more sockets of different age; a new one is live before an old one is closed; an old one is closed
//! only once what came in on it is acknowledged; and whatever goes wrong is tried again, ever more slowly, but at least
//! once a minute. [`Supervisor::step`] takes what happened and returns what to do; [`Supervisor::next_wake`] says when
//! to come back if nothing happens.
//!
//! Deliberately absent: what an envelope means, and how bytes move.

mod alarm;
mod backoff;

pub use alarm::{Alarm, AlarmKind};

use super::envelope::{Disconnect, DisconnectReason, Hello};
use crate::domain::stamp::At;
use alarm::Alarms;
use backoff::{Backoff, Cause};
use std::collections::{BTreeMap, VecDeque};

/// How long Slack may go on counting a socket that we closed, in milliseconds.
const CLOSED_STILL_COUNTED_MS: i64 = 10_000;
/// Without any socket for this long, in milliseconds, people are told.
const NO_SOCKET_ALARM_MS: i64 = 30_000;
/// Failures without a `hello` in a row before people are told.
const NO_HELLO_ALARM: u32 = 3;

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

/// The machine. See the module's documentation.
#[derive(Debug)]
pub struct Supervisor {
    config: SupervisorConfig,
    now: At,
    next_conn: ConnId,
    conns: BTreeMap<ConnId, Conn>,
    backoff: Backoff,
    alarms: Alarms,
    gone: VecDeque<At>,
    no_hello: u32,
    none_since: Option<At>,
    draining: Option<At>,
    last_inbound: Option<At>,
    last_error: Option<String>,
    out: Vec<Command>,
}

impl Supervisor {
    /// A machine that wants its first sockets at its first step. The same seed and the same steps give the same commands.
    pub fn new(config: SupervisorConfig, seed: u64) -> Self {
        let backoff = Backoff::new(&config, seed);
        Self {
            config,
            now: At(i64::MIN / 2),
            next_conn: 1,
            conns: BTreeMap::new(),
            backoff,
            alarms: Alarms::default(),
            gone: VecDeque::new(),
            no_hello: 0,
            none_since: None,
            draining: None,
            last_inbound: None,
            last_error: None,
            out: Vec::new(),
        }
    }

    /// Takes what happened at `now` (milliseconds of a steady clock) and returns what to do, in order.
    pub fn step(&mut self, now: At, event: Event) -> Vec<Command> {
        self.now = now.max(self.now);
        self.take(event);
        self.mind_the_time();
        self.close_what_is_replaced();
        self.open_what_is_missing();
        self.mind_having_none();
        std::mem::take(&mut self.out)
    }

    /// When to step with [`Event::Tick`] if nothing happens before; an instant that has passed means at once.
    pub fn next_wake(&self) -> Option<At> {
        let conns = self.conns.values().flat_map(|conn| self.wakes_of(conn));
        let open = self.is_missing_one().then(|| self.backoff.ready_at());
        let healthy = self.conns.values().filter_map(|c| self.healthy_at(c)).min();
        let none = self.none_since.filter(|_| !self.alarms.is_active(AlarmKind::NoSocket) && self.draining.is_none());
        let none = none.map(|since| since.plus_ms(NO_SOCKET_ALARM_MS));
        conns.chain(open).chain(healthy).chain(none).min()
    }

    /// How the sockets are, as of the last step.
    pub fn status(&self) -> SocketStatus {
        SocketStatus {
            connected: self.live(),
            opened: self.backoff.opened(),
            last_inbound: self.last_inbound,
            since_none_ms: self.none_since.map(|since| self.now.0 - since.0),
            last_error: self.last_error.clone(),
            alarms: self.alarms.active(),
            draining: self.draining.is_some(),
        }
    }

    /// Sockets in any state, those being opened and closed included.
    pub fn sockets(&self) -> usize {
        self.conns.len()
    }

    /// Whether draining was requested and every socket is gone.
    pub fn is_finished(&self) -> bool {
        self.draining.is_some() && self.conns.is_empty()
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Tick => {}
            Event::UrlOpened { conn, url } => {
                if self.advance(conn, State::Opening, State::Connecting) {
                    self.clear(AlarmKind::TokenRefused);
                    self.out.push(Command::Connect { conn, url });
                }
            }
            Event::UrlFailed { conn, error, retry_after_ms } => {
                if self.conns.get(&conn).is_some_and(|c| c.state == State::Opening) {
                    self.conns.remove(&conn);
                    self.url_failed(&error, retry_after_ms);
                }
            }
            Event::Connected { conn } => {
                self.advance(conn, State::Connecting, State::AwaitingHello);
            }
            Event::ConnectFailed { conn, error } => {
                if self.conns.get(&conn).is_some_and(|c| c.state == State::Connecting) {
                    self.conns.remove(&conn);
                    self.fail(Cause::Network, format!("could not connect: {error}"));
                }
            }
            Event::Inbound { conn, what } => self.inbound(conn, what),
            Event::Settled { conn } => {
                if let Some(c) = self.conns.get_mut(&conn) {
                    c.in_flight = c.in_flight.saturating_sub(1);
                }
            }
            Event::Closed { conn, why } => self.closed(conn, &why),
            Event::DrainRequested => {
                self.draining.get_or_insert(self.now);
            }
        }
    }

    /// Moves a socket from one state to the next; false when it was not in the first.
    fn advance(&mut self, conn: ConnId, from: State, to: State) -> bool {
        match self.conns.get_mut(&conn) {
            Some(c) if c.state == from => {
                c.state = to;
                c.since = self.now;
                true
            }
            _ => false,
        }
    }

    fn url_failed(&mut self, error: &str, retry_after_ms: Option<i64>) {
        if let Some(alarm) = Alarm::token_refused(error) {
            self.raise(alarm);
            return self.fail(Cause::Refused, format!("Slack refused the app-level token: {error}"));
        }
        self.fail(Cause::Network, format!("apps.connections.open failed: {error}"));
        if let Some(ms) = retry_after_ms {
            self.backoff.not_before(self.now, ms);
        }
    }

    fn inbound(&mut self, conn: ConnId, what: Inbound) {
        let now = self.now;
        let Some(c) = self.conns.get_mut(&conn) else { return };
        c.last_inbound = now;
        c.unanswered_ping = None;
        self.last_inbound = Some(now);
        match what {
            Inbound::Other => {}
            Inbound::Envelope => {
                c.in_flight += 1;
                c.last_envelope = now;
            }
            Inbound::Hello(hello) => self.hello(conn, &hello),
            Inbound::Disconnect(disconnect) => self.disconnect(conn, &disconnect.reason),
        }
    }

    fn hello(&mut self, conn: ConnId, hello: &Hello) {
        if self.advance(conn, State::AwaitingHello, State::Live) {
            self.no_hello = 0;
            let retire_at = self.retire_at(hello);
            if let Some(c) = self.conns.get_mut(&conn) {
                c.retire_at = retire_at;
            }
        }
        let ours = self.conns.values().filter(|c| c.state != State::Opening).count() + self.gone.len();
        match hello.num_connections.map(|n| n as usize) {
            Some(counted) if counted > ours => self.raise(Alarm::ghosts(counted, ours)),
            Some(_) => self.clear(AlarmKind::GhostSockets),
            None => {}
        }
    }

    /// When a socket that now got its `hello` is to be replaced: shortly before Slack would, but far from when the others
    /// are, so that they never all go at once.
    fn retire_at(&self, hello: &Hello) -> At {
        let told = hello.approximate_connection_time_secs.map(|secs| i64::from(secs) * 1_000);
        let lifetime = told.unwrap_or(self.config.lifetime_ms);
        let full = (lifetime - self.config.refresh_before_ms).max(lifetime / 2).max(self.config.healthy_after_ms);
        let others: Vec<At> =
            self.conns.values().filter(|c| c.state == State::Live && c.is_serving()).map(|c| c.retire_at).collect();
        let n = self.config.connections.max(1) as i64;
        let candidates = (1..=n).map(|k| self.now.plus_ms((full * k / n).max(self.config.healthy_after_ms)));
        let gap = |at: &At| others.iter().map(|other| (other.0 - at.0).abs()).min().unwrap_or(i64::MAX);
        // A socket of its own keeps its whole life; otherwise the wider gap wins.
        candidates.max_by_key(|at| (gap(at), *at)).unwrap_or(self.now.plus_ms(full))
    }

    fn disconnect(&mut self, conn: ConnId, reason: &DisconnectReason) {
        let (why, cause) = match reason {
            DisconnectReason::Warning | DisconnectReason::RefreshRequested | DisconnectReason::Other(_) => {
                (Why::Told, Cause::Network)
            }
            DisconnectReason::TooManyWebsockets => (Why::Refused, Cause::Refused),
            DisconnectReason::LinkDisabled => (Why::Refused, Cause::Refused),
        };
        let Some(c) = self.conns.get_mut(&conn).filter(|c| c.state != State::Closing) else { return };
        let is_young = self.now.0 - c.since.0 < self.config.healthy_after_ms || c.state != State::Live;
        let was_serving = c.is_serving();
        c.retiring = Some(Retiring { why, since: self.now });
        match reason {
            DisconnectReason::TooManyWebsockets => self.raise(Alarm::too_many()),
            DisconnectReason::LinkDisabled => self.raise(Alarm::link_disabled()),
            _ => {}
        }
        if why == Why::Refused || (was_serving && is_young) {
            self.fail(cause, format!("Slack disconnected a socket: {reason:?}"));
        }
    }

    fn closed(&mut self, conn: ConnId, why: &str) {
        let Some(c) = self.conns.remove(&conn) else { return };
        self.gone.push_back(self.now);
        match c.state {
            State::Closing => {}
            State::Opening | State::Connecting => self.fail(Cause::Network, format!("could not connect: {why}")),
            State::AwaitingHello if c.is_serving() => {
                self.no_hello();
                self.fail(Cause::Network, format!("closed without a hello: {why}"));
            }
            State::Live if c.is_serving() => {
                let text = format!("a socket was lost: {why}");
                match self.now.0 - c.since.0 < self.config.healthy_after_ms {
                    true => self.fail(Cause::Network, text),
                    false => self.last_error = Some(text),
                }
            }
            State::AwaitingHello | State::Live => {}
        }
    }

    fn mind_the_time(&mut self) {
        self.gone.retain(|at| self.now.0 - at.0 < CLOSED_STILL_COUNTED_MS);
        for id in self.conns.keys().copied().collect::<Vec<_>>() {
            self.mind_one(id);
        }
        if self.conns.values().filter_map(|c| self.healthy_at(c)).any(|at| at <= self.now) {
            self.backoff.forget_failures();
            for kind in [AlarmKind::TooManySockets, AlarmKind::LinkDisabled, AlarmKind::NoHello] {
                self.clear(kind);
            }
        }
    }

    fn mind_one(&mut self, conn: ConnId) {
        let now = self.now;
        let Some(c) = self.conns.get(&conn) else { return };
        let (state, since) = (c.state, c.since);
        if self.timeout_of(state).is_some_and(|limit| since.plus_ms(limit) <= now) {
            return self.timed_out(conn, state);
        }
        if state != State::Live {
            return;
        }
        if self.dead_at(c).is_some_and(|at| at <= now) {
            let silent = (now.0 - c.last_inbound.0) / 1_000;
            let text = format!("a socket was silent for {silent} s and did not answer a ping");
            match now.0 - c.since.0 < self.config.healthy_after_ms {
                true => self.fail(Cause::Network, text),
                false => self.last_error = Some(text),
            }
            return self.close(conn);
        }
        let ping = self.ping_at(c) <= now;
        let retire = self.draining.is_none() && c.is_serving() && c.retire_at <= now;
        let Some(c) = self.conns.get_mut(&conn) else { return };
        if ping {
            c.last_ping = now;
            c.unanswered_ping.get_or_insert(now);
            self.out.push(Command::Ping { conn });
        }
        if retire {
            c.retiring = Some(Retiring { why: Why::Planned, since: now });
        }
    }

    fn timed_out(&mut self, conn: ConnId, state: State) {
        match state {
            State::Opening => {
                self.drop_it(conn);
                self.fail(Cause::Network, "apps.connections.open did not answer in time".to_owned());
            }
            State::Connecting => {
                self.drop_it(conn);
                self.gone.push_back(self.now);
                self.fail(Cause::Network, "the socket did not connect in time".to_owned());
            }
            State::AwaitingHello => {
                self.no_hello();
                self.fail(Cause::Network, "the socket got no hello in time".to_owned());
                self.close(conn);
            }
            State::Closing => {
                self.drop_it(conn);
                self.gone.push_back(self.now);
            }
            State::Live => {}
        }
    }

    /// Closes retiring sockets that are replaced and have nothing in flight; all of them when the process stops.
    fn close_what_is_replaced(&mut self) {
        for id in self.conns.keys().copied().collect::<Vec<_>>() {
            let Some(c) = self.conns.get(&id) else { continue };
            if self.draining.is_some() && matches!(c.state, State::Opening | State::Connecting) {
                self.drop_it(id);
            } else if self.close_at(c).is_some_and(|at| at <= self.now) {
                self.close(id);
            }
        }
    }

    fn open_what_is_missing(&mut self) {
        while self.draining.is_none() && self.serving() < self.config.connections {
            if self.conns.len() >= self.config.max_sockets {
                return self.make_room();
            }
            if self.backoff.ready_at() > self.now {
                return;
            }
            self.backoff.open(self.now);
            let conn = self.next_conn;
            self.next_conn += 1;
            self.conns.insert(conn, Conn::new(self.now));
            self.out.push(Command::OpenUrl { conn });
        }
    }

    /// Closes the socket that has been retiring longest, unless one is being closed.
    fn make_room(&mut self) {
        if self.conns.values().any(|c| c.state == State::Closing) {
            return;
        }
        let retiring = self.conns.iter().filter_map(|(id, c)| c.retiring.map(|r| (r.since, *id)));
        if let Some((_, id)) = retiring.min() {
            self.close(id);
        }
    }

    fn mind_having_none(&mut self) {
        if self.live() > 0 {
            self.none_since = None;
            self.clear(AlarmKind::NoSocket);
            return;
        }
        let since = *self.none_since.get_or_insert(self.now);
        let is_due = self.now.0 - since.0 >= NO_SOCKET_ALARM_MS && self.draining.is_none();
        if is_due && !self.alarms.is_active(AlarmKind::NoSocket) {
            self.raise(Alarm::no_socket(self.last_error.as_deref()));
        }
    }

    /// When this socket may be closed if nothing happens before; `None` when only an event can allow it.
    fn close_at(&self, c: &Conn) -> Option<At> {
        if !matches!(c.state, State::Live | State::AwaitingHello) {
            return None;
        }
        if let Some(draining) = self.draining {
            return Some(if c.in_flight == 0 { self.now } else { draining.plus_ms(self.config.shutdown_ms) });
        }
        let retiring = c.retiring?;
        let is_replaced = self.live() > self.config.connections;
        if retiring.why != Why::Refused && c.state == State::Live && !is_replaced {
            return None;
        }
        let drained = retiring.since.max(c.last_envelope).plus_ms(self.config.drain_ms);
        Some(match retiring.why {
            _ if c.in_flight > 0 => drained,
            Why::Planned => c.last_envelope.plus_ms(self.config.quiet_ms),
            Why::Told | Why::Refused => retiring.since,
        })
    }

    fn wakes_of(&self, c: &Conn) -> impl Iterator<Item = At> {
        let timeout = self.timeout_of(c.state).map(|limit| c.since.plus_ms(limit));
        let live = c.state == State::Live;
        let ping = live.then(|| self.ping_at(c));
        let dead = self.dead_at(c).filter(|_| live);
        let retire = (live && c.is_serving() && self.draining.is_none()).then_some(c.retire_at);
        [timeout, ping, dead, retire, self.close_at(c)].into_iter().flatten()
    }

    fn timeout_of(&self, state: State) -> Option<i64> {
        match state {
            State::Opening => Some(self.config.open_timeout_ms),
            State::Connecting => Some(self.config.connect_timeout_ms),
            State::AwaitingHello => Some(self.config.hello_timeout_ms),
            State::Closing => Some(self.config.close_timeout_ms),
            State::Live => None,
        }
    }

    fn ping_at(&self, c: &Conn) -> At {
        c.last_inbound.max(c.last_ping).plus_ms(self.config.ping_after_ms)
    }

    /// When this socket counts as half-open. Silence alone is not enough: after the machine slept, every socket looks
    /// silent until it was asked.
    fn dead_at(&self, c: &Conn) -> Option<At> {
        let asked = c.unanswered_ping?.plus_ms(self.config.pong_grace_ms);
        Some(c.last_inbound.plus_ms(self.config.dead_after_ms).max(asked))
    }

    /// When this socket proves that what failed before it is over; `None` when nothing failed or it cannot.
    fn healthy_at(&self, c: &Conn) -> Option<At> {
        let failed_at = self.backoff.last_failure()?;
        let can = c.state == State::Live && c.is_serving() && c.since > failed_at && c.unanswered_ping.is_none();
        can.then(|| c.since.plus_ms(self.config.healthy_after_ms))
    }

    fn live(&self) -> usize {
        self.conns.values().filter(|c| c.state == State::Live && !c.is_refused()).count()
    }

    fn serving(&self) -> usize {
        self.conns.values().filter(|c| c.is_serving() && c.state != State::Closing).count()
    }

    fn is_missing_one(&self) -> bool {
        self.draining.is_none()
            && self.serving() < self.config.connections
            && self.conns.len() < self.config.max_sockets
    }

    fn no_hello(&mut self) {
        self.no_hello += 1;
        if self.no_hello >= NO_HELLO_ALARM {
            self.raise(Alarm::no_hello());
        }
    }

    fn fail(&mut self, cause: Cause, text: String) {
        self.backoff.fail(self.now, cause);
        self.last_error = Some(text);
    }

    fn close(&mut self, conn: ConnId) {
        if let Some(c) = self.conns.get_mut(&conn) {
            c.state = State::Closing;
            c.since = self.now;
            self.out.push(Command::Close { conn });
        }
    }

    fn drop_it(&mut self, conn: ConnId) {
        self.conns.remove(&conn);
        self.out.push(Command::Abort { conn });
    }

    fn raise(&mut self, alarm: Alarm) {
        if self.alarms.raise(&alarm) {
            self.out.push(Command::Alarm(alarm));
        }
    }

    fn clear(&mut self, kind: AlarmKind) {
        if self.alarms.clear(kind) {
            self.out.push(Command::AllClear(kind));
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Opening,
    Connecting,
    AwaitingHello,
    Live,
    Closing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It grew old.
    Planned,
    /// Slack said it will close it.
    Told,
    /// Slack does not want it.
    Refused,
}

#[derive(Clone, Copy, Debug)]
struct Retiring {
    why: Why,
    since: At,
}

#[derive(Debug)]
struct Conn {
    state: State,
    /// When `state` was entered; for a live socket, its `hello`.
    since: At,
    retiring: Option<Retiring>,
    retire_at: At,
    last_inbound: At,
    last_envelope: At,
    last_ping: At,
    unanswered_ping: Option<At>,
    in_flight: u32,
}

impl Conn {
    fn new(now: At) -> Self {
        Self {
            state: State::Opening,
            since: now,
            retiring: None,
            retire_at: At(i64::MAX),
            last_inbound: now,
            last_envelope: At(i64::MIN / 2),
            last_ping: now,
            unanswered_ping: None,
            in_flight: 0,
        }
    }

    /// Whether it counts towards the sockets we want: not about to go.
    fn is_serving(&self) -> bool {
        self.retiring.is_none()
    }

    fn is_refused(&self) -> bool {
        self.retiring.is_some_and(|r| r.why == Why::Refused)
    }
}

#[cfg(test)]
mod tests;
