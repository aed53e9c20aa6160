//! Socket Mode without a socket: tickets, connections, who gets which frame, and when each connection ends.
//! Sources: docs.slack.dev/apis/events-api/using-socket-mode, and what Slack's staff said in public threads.

use super::faults::{SocketFault, Which};
use super::state::Slack;
use crate::domain::stamp::At;
use rand::RngExt;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// Connections an app may have.
pub const MOST: usize = 10;
/// How long a ticket from `apps.connections.open` lives, in milliseconds.
const TICKET_MS: i64 = 30_000;
/// How often Slack pings, in milliseconds.
const PING_MS: i64 = 10_000;
/// How long before its end a connection is warned, in milliseconds.
const WARNING_MS: i64 = 10_000;

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

/// What leaves on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// A text frame.
    Frame(String),
    /// A WebSocket ping.
    Ping,
    /// A proper close.
    Close,
    /// A TCP reset.
    Reset,
    /// From now on nothing is read or written, and nothing is closed.
    Freeze,
}

/// Something for one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub socket: SocketId,
    pub out: Out,
}

/// Why an upgrade is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
}

#[derive(Clone, Debug)]
struct Socket {
    /// When `hello` is said; never, if it is not.
    hello: Option<At>,
    warn: Option<At>,
    end: At,
    ping: At,
    /// `hello` was said: from now on it gets envelopes.
    greeted: bool,
    frozen: bool,
}

/// All connections and tickets.
#[derive(Clone, Debug, Default)]
pub struct Sockets {
    tickets: BTreeMap<String, At>,
    live: BTreeMap<SocketId, Socket>,
    next: u64,
    out: VecDeque<Outgoing>,
}

impl Sockets {
    /// How many connections are registered, dead ones Slack does not know of included.
    pub fn count(&self) -> usize {
        self.live.len()
    }

    pub(super) fn is_live(&self, socket: SocketId) -> bool {
        self.live.contains_key(&socket)
    }

    pub(super) fn send(&mut self, socket: SocketId, out: Out) {
        if self.live.get(&socket).is_some_and(|s| !s.frozen) {
            self.out.push_back(Outgoing { socket, out });
        }
    }

    fn say(&mut self, socket: SocketId, v: &Value) {
        self.send(socket, Out::Frame(v.to_string()));
    }

    pub(super) fn take_out(&mut self) -> Vec<Outgoing> {
        self.out.drain(..).collect()
    }

    pub(super) fn next_wake(&self) -> Option<At> {
        let of = |s: &Socket| {
            let frozen = s.frozen;
            [s.hello, s.warn, Some(s.end), Some(s.ping).filter(|_| !frozen)].into_iter().flatten().min()
        };
        self.live.values().filter_map(of).min()
    }
}

impl Slack {
    /// `apps.connections.open`: a URL good for one connection within 30 s.
    pub(super) fn connections_open(&mut self, now: At) -> Value {
        let ticket = self.open_ticket(now);
        let ws = self.base_url.replacen("http", "ws", 1);
        json!({"url": format!("{ws}/link/?ticket={ticket}&app_id={}", self.ws.app_id)})
    }

    /// A new ticket: single-use, short-lived.
    pub fn open_ticket(&mut self, now: At) -> String {
        let word = self.random_word(32);
        let ticket = format!("{}-{}-{}-{}", &word[..8], &word[8..16], &word[16..24], &word[24..]);
        self.sockets.tickets.retain(|_, expires| *expires > now);
        self.sockets.tickets.insert(ticket.clone(), now.plus_ms(TICKET_MS));
        ticket
    }

    /// A client connects with a ticket.
    ///
    /// # Errors
    /// The HTTP status of the refusal: 404 for a ticket unknown, used or expired, or what a fault ordered.
    pub fn socket_connected(&mut self, ticket: &str, now: At) -> Result<SocketId, Refusal> {
        if let Some(status) = self.faults.take_refusal() {
            return Err(Refusal { status });
        }
        if self.sockets.tickets.remove(ticket).is_none_or(|expires| expires <= now) {
            return Err(Refusal { status: 404 });
        }
        let silent = self.faults.take_no_hello();
        let hello = now.plus_ms(self.faults.take_hello_delay());
        // Approximate: a tenth less at most, so that connections do not all end together.
        let life_ms = self.ws.connection_secs.max(30) * 1_000;
        let life_ms = life_ms - self.rng.random_range(0..=life_ms / 10);
        self.sockets.next += 1;
        let id = SocketId(self.sockets.next);
        let socket = Socket {
            hello: (!silent).then_some(hello),
            warn: Some(now.plus_ms(life_ms - WARNING_MS)),
            end: now.plus_ms(life_ms),
            ping: now.plus_ms(PING_MS),
            greeted: false,
            frozen: false,
        };
        self.sockets.live.insert(id, socket);
        if self.sockets.live.len() > MOST {
            let v = json!({
                "type": "disconnect", "reason": "too_many_websockets", "num_connections": self.sockets.live.len(),
                "debug_info": self.debug_info(), "connection_info": {"app_id": self.ws.app_id},
            });
            self.sockets.say(id, &v);
            self.sockets.send(id, Out::Close);
            self.sockets.live.remove(&id);
        }
        self.touch();
        Ok(id)
    }

    /// A connection is gone, however it went.
    pub fn socket_closed(&mut self, id: SocketId) {
        if self.sockets.live.remove(&id).is_some() {
            self.touch();
        }
    }

    /// A text frame came in on a connection. What is not an acknowledgement is ignored, as Slack does.
    pub fn socket_received(&mut self, id: SocketId, frame: &str, now: At) {
        if self.sockets.live.get(&id).is_none_or(|s| s.frozen) {
            return;
        }
        let Ok(v) = serde_json::from_str::<Value>(frame) else { return };
        let Some(envelope) = v["envelope_id"].as_str() else { return };
        if self.faults.take_ack() {
            return;
        }
        let payload = v.get("payload").cloned().unwrap_or(Value::Null);
        self.acknowledged(id, envelope, payload, now);
    }

    /// Everything to be sent by `now`: hellos, pings, warnings, envelopes, closes.
    pub fn poll(&mut self, now: At) -> Vec<Outgoing> {
        self.post_scheduled(now);
        let ids: Vec<SocketId> = self.sockets.live.keys().copied().collect();
        for id in ids {
            self.poll_socket(id, now);
        }
        self.expire_envelopes(now);
        self.sockets.take_out()
    }

    fn poll_socket(&mut self, id: SocketId, now: At) {
        let Some(socket) = self.sockets.live.get_mut(&id) else { return };
        let hello = socket.hello.take_if(|at| *at <= now).is_some();
        socket.greeted |= hello;
        let ends = socket.end <= now;
        let warns = socket.warn.take_if(|at| *at <= now).is_some() && !ends;
        let pings = socket.ping <= now;
        if pings {
            socket.ping = now.plus_ms(PING_MS);
        }
        if hello {
            let n = self.sockets.live.len() + self.faults.ghosts as usize;
            let v = json!({
                "type": "hello", "num_connections": n, "debug_info": self.debug_info(),
                "connection_info": {"app_id": self.ws.app_id},
            });
            self.sockets.say(id, &v);
        }
        if warns {
            self.disconnect(id, "warning", true);
        }
        if pings {
            self.sockets.send(id, Out::Ping);
        }
        if ends {
            self.disconnect(id, "refresh_requested", true);
        }
    }

    /// Sends a disconnect frame; every reason but `warning` also closes.
    fn disconnect(&mut self, id: SocketId, reason: &str, debug_info: bool) {
        let mut v = json!({"type": "disconnect", "reason": reason});
        if debug_info {
            v["debug_info"] = json!({"host": "applink-1"});
        }
        self.sockets.say(id, &v);
        if reason != "warning" {
            self.sockets.send(id, Out::Close);
            self.sockets.live.remove(&id);
            self.touch();
        }
    }

    fn debug_info(&self) -> Value {
        json!({"host": "applink-1", "build_number": 10, "approximate_connection_time": self.ws.connection_secs})
    }

    /// Puts a fault in force. What strikes open sockets strikes now.
    pub fn order(&mut self, fault: super::faults::Fault) {
        if let Some((which, fault)) = self.faults.add(fault) {
            self.strike(which, &fault);
        }
        self.touch();
    }

    /// The faults in force.
    pub fn faults(&self) -> Value {
        self.faults.list()
    }

    fn strike(&mut self, which: Which, fault: &SocketFault) {
        let live: Vec<SocketId> = self.sockets.live.iter().filter(|(_, s)| !s.frozen).map(|(id, _)| *id).collect();
        let struck = if which == Which::One { live.get(..1).unwrap_or(&[]) } else { &live[..] };
        for id in struck {
            match fault {
                SocketFault::Drop => {
                    self.sockets.send(*id, Out::Reset);
                    self.sockets.live.remove(id);
                }
                SocketFault::HalfOpen => {
                    self.sockets.send(*id, Out::Freeze);
                    if let Some(s) = self.sockets.live.get_mut(id) {
                        s.frozen = true;
                    }
                }
                SocketFault::Disconnect { reason, debug_info } => self.disconnect(*id, reason, *debug_info),
                SocketFault::UnknownFrame => {
                    self.sockets.say(*id, &json!({"type": "mystery", "payload": {"new": "thing"}}));
                }
                SocketFault::JunkFrame => self.sockets.send(*id, Out::Frame("{\"type\": \"hel".into())),
            }
        }
    }

    /// Gives a frame to one arbitrary connection. `None`: a ghost got it, and nobody reads it. `Err`: there is no
    /// connection at all.
    pub(super) fn deliver(&mut self, frame: &Value) -> Result<Option<SocketId>, ()> {
        let live: Vec<SocketId> = self.sockets.live.iter().filter(|(_, s)| s.greeted).map(|(id, _)| *id).collect();
        let all = live.len() + self.faults.ghosts as usize;
        if all == 0 {
            return Err(());
        }
        let picked = live.get(self.rng.random_range(0..all)).copied();
        if let Some(id) = picked {
            self.sockets.say(id, frame);
        }
        Ok(picked)
    }

    /// How many connections are open.
    pub fn connections(&self) -> usize {
        self.sockets.count()
    }
}
