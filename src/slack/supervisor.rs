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
mod conn;
mod protocol;

pub use alarm::{Alarm, AlarmKind};
pub use protocol::{Command, ConnId, Event, Inbound, SocketStatus, SocketUrl, SupervisorConfig};

use super::envelope::{DisconnectReason, Hello};
use crate::domain::stamp::At;
use alarm::Alarms;
use backoff::{Backoff, Cause};
use conn::{Conn, Retiring, State, Why};
use std::collections::{BTreeMap, VecDeque};

/// How long Slack may go on counting a socket that we closed, in milliseconds.
const CLOSED_STILL_COUNTED_MS: i64 = 10_000;
/// Without any socket for this long, in milliseconds, people are told.
const NO_SOCKET_ALARM_MS: i64 = 30_000;
/// Failures without a `hello` in a row before people are told.
const NO_HELLO_ALARM: u32 = 3;

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
                // Slack says hello first; a socket that brings clicks without is not thrown away for it.
                self.hello(conn, &Hello::default());
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

#[cfg(test)]
mod tests;
