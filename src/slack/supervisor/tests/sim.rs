//! A model of Slack and of the network to it, in virtual time, with what may never happen checked at every step.

use crate::domain::stamp::At;
use crate::slack::envelope::{Disconnect, DisconnectReason, Hello};
use crate::slack::supervisor::{AlarmKind, Command, ConnId, Event, Inbound, SocketUrl, Supervisor, SupervisorConfig};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) const SEC: i64 = 1_000;
pub(super) const MIN: i64 = 60 * SEC;
pub(super) const HOUR: i64 = 60 * MIN;

/// What the model of Slack, and the network to it, do from now on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Weather {
    Works,
    OpenFails(&'static str, Option<i64>),
    OpenHangs,
    ConnectFails,
    ConnectHangs,
    NoHello,
    /// `hello`, then at once `disconnect`, then after this long the close.
    Refreshes(DisconnectReason, i64),
    /// `hello`, then at once closed.
    Drops,
    /// Nothing gets through in either direction, and nobody says so.
    Dark,
}

#[derive(Debug)]
pub(super) struct ModelSocket {
    upgraded: bool,
    pub(super) opened_at: i64,
    /// Envelopes whose acknowledgement is not written.
    in_flight: u32,
    drain_since: i64,
    dark: bool,
}

/// The supervisor, the model of Slack, and everything on its way between them.
pub(super) struct Sim {
    pub(super) machine: Supervisor,
    pub(super) config: SupervisorConfig,
    pub(super) now: i64,
    pub(super) weather: Weather,
    pub(super) latency: i64,
    pub(super) lifetime: i64,
    pub(super) ghosts: u32,
    pub(super) queue: BTreeMap<(i64, u64), Event>,
    pub(super) next: u64,
    pub(super) sockets: BTreeMap<ConnId, ModelSocket>,
    pub(super) opens: Vec<i64>,
    pub(super) alarms: Vec<(i64, AlarmKind)>,
    pub(super) cleared: Vec<(i64, AlarmKind)>,
    pub(super) transcript: String,
    /// When the number of live sockets changed, and to what.
    pub(super) live: Vec<(i64, usize)>,
    pub(super) idle_steps: u32,
    pub(super) breach: Option<String>,
}

impl Sim {
    pub(super) fn new(seed: u64) -> Self {
        Self::with(SupervisorConfig::default(), seed)
    }

    pub(super) fn with(config: SupervisorConfig, seed: u64) -> Self {
        Self {
            machine: Supervisor::new(config.clone(), seed),
            config,
            now: 0,
            weather: Weather::Works,
            latency: 100,
            lifetime: 18_060 * SEC,
            ghosts: 0,
            queue: BTreeMap::new(),
            next: 0,
            sockets: BTreeMap::new(),
            opens: Vec::new(),
            alarms: Vec::new(),
            cleared: Vec::new(),
            transcript: String::new(),
            live: Vec::new(),
            idle_steps: 0,
            breach: None,
        }
    }

    pub(super) fn at(&mut self, delay: i64, event: Event) {
        self.next += 1;
        self.queue.insert((self.now + delay, self.next), event);
    }

    pub(super) fn run_for(&mut self, ms: i64) {
        self.run_until(self.now + ms);
    }

    pub(super) fn run_until(&mut self, end: i64) {
        if self.transcript.is_empty() {
            self.step(Event::Tick);
        }
        loop {
            let wake = self.machine.next_wake().map_or(i64::MAX, |at| at.0.max(self.now));
            let queued = self.queue.first_key_value().map_or(i64::MAX, |((at, _), _)| *at);
            let next = wake.min(queued);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            match self.queue.first_entry() {
                Some(entry) if entry.key().0 <= next => {
                    self.idle_steps = 0;
                    let event = entry.remove();
                    self.deliver(event);
                }
                _ => self.step(Event::Tick),
            }
        }
    }

    /// The model's own doings when something reaches the machine.
    pub(super) fn deliver(&mut self, event: Event) {
        if let Event::Inbound { conn, .. } = &event
            && self.sockets.get(conn).is_none_or(|s| s.dark)
        {
            return;
        }
        if let Event::Closed { conn, .. } = &event {
            match self.sockets.get(conn) {
                Some(s) if !s.dark => self.sockets.remove(conn),
                _ => return,
            };
        }
        match event {
            Event::Connected { conn } => {
                self.step(event);
                self.upgraded(conn);
            }
            Event::Inbound { conn, what: Inbound::Envelope } => {
                if let Some(s) = self.sockets.get_mut(&conn) {
                    s.in_flight += 1;
                    s.drain_since = self.now;
                }
                self.step(event);
            }
            Event::Settled { conn } => {
                // An envelope that never got through has nothing to settle.
                if let Some(s) = self.sockets.get_mut(&conn).filter(|s| s.in_flight > 0) {
                    s.in_flight -= 1;
                    self.step(event);
                }
            }
            _ => self.step(event),
        }
    }

    pub(super) fn upgraded(&mut self, conn: ConnId) {
        let Some(socket) = self.sockets.get_mut(&conn) else { return };
        socket.upgraded = true;
        socket.opened_at = self.now;
        let counted = self.sockets.values().filter(|s| s.upgraded).count() as u32 + self.ghosts;
        let hello = Hello {
            num_connections: Some(counted),
            approximate_connection_time_secs: Some((self.lifetime / SEC) as u32),
            host: None,
        };
        if matches!(self.weather, Weather::NoHello | Weather::Dark) {
            return;
        }
        self.at(self.latency, Event::Inbound { conn, what: Inbound::Hello(hello) });
        match self.weather.clone() {
            Weather::Refreshes(reason, until_close) => {
                self.disconnect(conn, reason, self.latency);
                self.at(self.latency + until_close, Event::Closed { conn, why: "by the model".into() });
            }
            Weather::Drops => self.at(self.latency, Event::Closed { conn, why: "by the model".into() }),
            _ => {
                self.disconnect(conn, DisconnectReason::Warning, self.lifetime - 10 * SEC);
                self.at(self.lifetime, Event::Closed { conn, why: "grew old".into() });
            }
        }
    }

    pub(super) fn disconnect(&mut self, conn: ConnId, reason: DisconnectReason, delay: i64) {
        let what = Inbound::Disconnect(Disconnect { reason, host: None });
        self.at(delay, Event::Inbound { conn, what });
    }

    /// An envelope arrives on a socket and is settled `handling` later.
    pub(super) fn envelope(&mut self, conn: ConnId, delay: i64, handling: i64) {
        self.at(delay, Event::Inbound { conn, what: Inbound::Envelope });
        self.at(delay + handling, Event::Settled { conn });
    }

    pub(super) fn step(&mut self, event: Event) {
        let _ = writeln!(self.transcript, "{} {event:?}", self.now);
        self.idle_steps += 1;
        if self.idle_steps > 200 {
            self.breach(format!("{} steps without anything happening: a hot loop", self.idle_steps));
            self.idle_steps = 0;
            self.now += 1;
        }
        let before = self.machine.next_wake();
        for command in self.machine.step(At(self.now), event) {
            let _ = writeln!(self.transcript, "{}   {command:?}", self.now);
            self.execute(command);
        }
        if before != self.machine.next_wake() {
            self.idle_steps = 0;
        }
        let live = self.machine.status().connected;
        if self.live.last().is_none_or(|(_, n)| *n != live) {
            self.live.push((self.now, live));
        }
        let sockets = self.machine.sockets();
        if sockets > self.config.max_sockets || sockets > 10 {
            self.breach(format!("{sockets} sockets"));
        }
    }

    pub(super) fn execute(&mut self, command: Command) {
        match command {
            Command::OpenUrl { conn } => {
                self.opens.push(self.now);
                let recent = self.opens.iter().filter(|at| self.now - **at < MIN).count();
                if recent > self.config.opens_per_minute {
                    self.breach(format!("{recent} opens within a minute"));
                }
                match self.weather.clone() {
                    Weather::OpenFails(error, retry_after_ms) => {
                        self.at(self.latency, Event::UrlFailed { conn, error: error.into(), retry_after_ms });
                    }
                    Weather::OpenHangs | Weather::Dark => {}
                    _ => self.at(self.latency, Event::UrlOpened { conn, url: SocketUrl(format!("ws://x/{conn}")) }),
                }
            }
            Command::Connect { conn, .. } => match self.weather {
                Weather::ConnectFails => {
                    self.at(self.latency, Event::ConnectFailed { conn, error: "refused".into() });
                }
                Weather::ConnectHangs | Weather::Dark => {}
                _ => {
                    let socket =
                        ModelSocket { upgraded: false, opened_at: 0, in_flight: 0, drain_since: 0, dark: false };
                    self.sockets.insert(conn, socket);
                    self.at(self.latency, Event::Connected { conn });
                }
            },
            Command::Ping { conn } => self.at(self.latency, Event::Inbound { conn, what: Inbound::Other }),
            Command::Close { conn } => {
                if let Some(socket) = self.sockets.get(&conn) {
                    let (in_flight, since) = (socket.in_flight, self.now - socket.drain_since);
                    if in_flight > 0 && since < self.config.drain_ms && !socket.dark {
                        self.breach(format!("socket {conn} closed with {in_flight} in flight for {since} ms"));
                    }
                }
                self.at(self.latency, Event::Closed { conn, why: "by us".into() });
            }
            Command::Abort { conn } => {
                self.sockets.remove(&conn);
            }
            Command::Alarm(alarm) => self.alarms.push((self.now, alarm.kind)),
            Command::AllClear(kind) => self.cleared.push((self.now, kind)),
        }
    }

    pub(super) fn breach(&mut self, what: String) {
        let now = self.now;
        self.breach.get_or_insert(format!("at {now} ms: {what}"));
    }

    pub(super) fn live_conns(&self) -> Vec<ConnId> {
        self.sockets.iter().filter(|(_, s)| s.upgraded).map(|(id, _)| *id).collect()
    }

    /// Everybody's network goes dark without a word.
    pub(super) fn go_dark(&mut self, conn: ConnId) {
        if let Some(s) = self.sockets.get_mut(&conn) {
            s.dark = true;
        }
    }

    /// The longest time without any live socket, from `since` on.
    pub(super) fn longest_without(&self, since: i64) -> i64 {
        let mut worst = 0;
        let mut none_from = None;
        for (at, live) in self.live.iter().copied().chain([(self.now, usize::MAX)]) {
            match (none_from, live) {
                (None, 0) => none_from = Some(at.max(since)),
                (Some(from), n) if n > 0 => {
                    worst = worst.max(at - from);
                    none_from = None;
                }
                _ => {}
            }
        }
        worst
    }

    pub(super) fn fewest(&self, since: i64) -> usize {
        let before = self.live.iter().rfind(|(at, _)| *at <= since).map_or(0, |(_, n)| *n);
        self.live.iter().filter(|(at, _)| *at > since).map(|(_, n)| *n).chain([before]).min().unwrap_or(0)
    }

    pub(super) fn opens_between(&self, from: i64, to: i64) -> usize {
        self.opens.iter().filter(|at| (from..to).contains(*at)).count()
    }

    pub(super) fn busiest_minute(&self, from: i64) -> usize {
        self.opens.iter().filter(|at| **at >= from).map(|at| self.opens_between(*at, at + MIN)).max().unwrap_or(0)
    }

    pub(super) fn raised(&self, kind: AlarmKind) -> usize {
        self.alarms.iter().filter(|(_, k)| *k == kind).count()
    }

    pub(super) fn well(self) -> Self {
        assert_eq!(self.breach, None);
        self
    }
}
