//! Which Web API call may be sent now: a machine without I/O, clock or async.
//!
//! Calls wait in queues by priority and by (channel, method). A call goes when nothing that concerns *it* says no: a
//! pause Slack asked for, its channel's rate, the workspace's rate, a free slot. No queue waits for another, so a slow,
//! paused or hanging channel delays nobody else. Pages come first and have capacity of their own.
//!
//! Slack's rules behind the numbers: `chat.postMessage` about one a second per channel with short bursts, and a cap
//! over the workspace of "several hundred a minute"; every other method has a tier per minute, told by 429.
//!
//! Deliberately absent: retries. Only a call that Slack refused to *take* (429) comes back by itself; whether a failed
//! or lost call should be sent again is for the outbox to decide.

use super::outcome::{Outcome, RETRY_AFTER_MAX_MS, RETRY_AFTER_MIN_MS};
use crate::domain::stamp::At;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// Calls in flight at most, all priorities together.
pub const MAX_IN_FLIGHT: usize = 32;
/// Of [`MAX_IN_FLIGHT`], how many only pages may use.
pub const PAGE_RESERVED_IN_FLIGHT: usize = 12;
/// Calls of one channel in flight at most, besides its one post.
pub const CHANNEL_IN_FLIGHT: usize = 2;
/// Edits of what was tapped in one channel in flight at most, besides those.
pub const TAPPED_IN_FLIGHT: usize = 1;
/// Calls of one method without a channel in flight at most.
pub const METHOD_IN_FLIGHT: usize = 4;
/// The same for pages.
pub const PAGE_METHOD_IN_FLIGHT: usize = 8;
/// Calls that wait at most, pages not counted.
pub const QUEUE_BOUND: usize = 5_000;
/// Pages that wait at most.
pub const PAGE_QUEUE_BOUND: usize = 10_000;
/// Posts into one channel: one each this many milliseconds once the burst is spent.
pub const CHANNEL_INTERVAL_MS: i64 = 1_000;
/// Posts into one channel that may follow each other at once.
pub const CHANNEL_BURST: i64 = 4;
/// Of [`CHANNEL_BURST`], how many only pages may use.
pub const CHANNEL_PAGE_RESERVE: i64 = 1;
/// Posts into the workspace: one each this many milliseconds once the burst is spent (300 a minute).
pub const WORKSPACE_INTERVAL_MS: i64 = 200;
/// Posts into the workspace that may follow each other at once.
pub const WORKSPACE_BURST: i64 = 200;
/// Of [`WORKSPACE_BURST`], how many only pages may use.
pub const WORKSPACE_PAGE_RESERVE: i64 = 120;
/// Channels whose rate is remembered before those at rest are forgotten.
const CHANNELS_REMEMBERED: usize = 1_000;

/// How urgent a call is; the greater goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// User groups, topics, membership, look-ups: whenever there is room.
    Housekeeping,
    /// App Home.
    Home,
    /// Thread lines.
    Thread,
    /// Incident cards and what replaces them.
    Card,
    /// What somebody has just pressed, and looks at until it answers.
    Tapped,
    /// Asking one human to act.
    Page,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 6] = [Self::Page, Self::Tapped, Self::Card, Self::Thread, Self::Home, Self::Housekeeping];
}

/// One Web API call that waits to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The caller's name for it, unique among the calls that are queued or in flight.
    pub id: u64,
    /// The Web API method, such as `chat.postMessage`.
    pub method: &'static str,
    /// The channel or user it goes to; `None` for methods that concern none.
    pub channel: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// The arguments, as the Web API takes them.
    pub body: Value,
}

/// Why a call was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The queue is full: [`QUEUE_BOUND`], or [`PAGE_QUEUE_BOUND`] for a page.
    #[error("{bound} calls are waiting for Slack already")]
    Full {
        /// The bound that was reached.
        bound: usize,
    },
    /// A call of the same id is queued or in flight.
    #[error("call {0} is queued or in flight already")]
    Known(u64),
}

/// What [`Lanes::done`] made of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The call is over; its outcome is final.
    Settled,
    /// Slack asked to wait: the call is queued again and will be sent by itself.
    Requeued,
    /// No such call is in flight.
    Stranger,
}

/// The scheduler. See the module's documentation.
#[derive(Debug, Default)]
pub struct Lanes {
    next_seq: u64,
    queues: BTreeMap<Priority, BTreeMap<Key, VecDeque<Waiting>>>,
    /// Where each known id is.
    places: BTreeMap<u64, Place>,
    queued_pages: usize,
    queued_others: usize,
    in_flight_others: usize,
    in_flight: BTreeMap<u64, Waiting>,
    slots: BTreeMap<Slot, usize>,
    /// Until when Slack asked not to be called, for pages (`true`) and for the rest.
    pauses: BTreeMap<(Key, bool), At>,
    channels: BTreeMap<String, Rate>,
    workspace: Rate,
}

impl Lanes {
    /// No calls, full bursts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues a call. Errors when the queue is full (pages have a bound of their own) or the id is in use.
    pub fn push(&mut self, request: Request, _now: At) -> Result<(), PushError> {
        if self.places.contains_key(&request.id) {
            return Err(PushError::Known(request.id));
        }
        let (queued, bound) = self.waiting(request.priority == Priority::Page);
        if queued >= bound {
            return Err(PushError::Full { bound });
        }
        self.next_seq += 1;
        let waiting = Waiting { seq: self.next_seq, request };
        self.enqueue(waiting, End::Back);
        Ok(())
    }

    /// Would one more call be queued: a page, or another?
    pub fn takes(&self, page: bool) -> bool {
        let (queued, bound) = self.waiting(page);
        queued < bound
    }

    fn waiting(&self, page: bool) -> (usize, usize) {
        if page { (self.queued_pages, PAGE_QUEUE_BOUND) } else { (self.queued_others, QUEUE_BOUND) }
    }

    /// Forgets a call that still waits. False when it is in flight or unknown: too late.
    pub fn cancel(&mut self, id: u64) -> bool {
        let Some(Place::Queued(priority, key)) = self.places.get(&id).cloned() else { return false };
        let Some(queue) = self.queues.get_mut(&priority).and_then(|q| q.get_mut(&key)) else { return false };
        queue.retain(|w| w.request.id != id);
        self.places.remove(&id);
        self.left_queue(priority, &key);
        true
    }

    /// The calls that may be sent now, the most urgent first. Each counts as in flight until [`Lanes::done`].
    pub fn poll(&mut self, now: At) -> Vec<Request> {
        self.forget_what_is_over(now);
        let mut sent = Vec::new();
        for priority in Priority::ALL {
            while self.send_round(priority, now, &mut sent) {}
        }
        sent
    }

    /// What became of a call that [`Lanes::poll`] gave. A 429 pauses its (method, channel) and queues it again; one that
    /// less urgent work met does not pause pages, which find out for themselves.
    pub fn done(&mut self, id: u64, outcome: &Outcome, now: At) -> Done {
        let Some(waiting) = self.in_flight.remove(&id) else { return Done::Stranger };
        self.places.remove(&id);
        let page = waiting.request.priority == Priority::Page;
        if !page {
            self.in_flight_others = self.in_flight_others.saturating_sub(1);
        }
        let slot = Slot::of(&Key::of(&waiting.request), waiting.request.priority);
        if let Some(count) = self.slots.get_mut(&slot) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.slots.remove(&slot);
            }
        }
        let Outcome::RateLimited { retry_after_ms } = outcome else { return Done::Settled };
        let until = now.plus_ms((*retry_after_ms).clamp(RETRY_AFTER_MIN_MS, RETRY_AFTER_MAX_MS));
        let key = Key::of(&waiting.request);
        for paused in if page { &[true, false][..] } else { &[false][..] } {
            let pause = self.pauses.entry((key.clone(), *paused)).or_insert(until);
            *pause = until.max(*pause);
        }
        self.enqueue(waiting, End::Front);
        Done::Requeued
    }

    /// When [`Lanes::poll`] may next have something to send; `None` while everything waits for a call in flight or
    /// nothing waits. An instant that has passed means now.
    pub fn next_wake(&self) -> Option<At> {
        self.queues
            .iter()
            .flat_map(|(priority, queue)| queue.keys().map(move |key| (*priority, key)))
            .filter_map(|(priority, key)| self.ready_at(priority, key))
            .min()
    }

    /// How many calls of this priority wait.
    pub fn queued(&self, priority: Priority) -> usize {
        self.queues.get(&priority).map_or(0, |q| q.values().map(VecDeque::len).sum())
    }

    /// How many calls are in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// One call of each queue of `priority` that may go, the longest waiting first. True when any went.
    fn send_round(&mut self, priority: Priority, now: At, sent: &mut Vec<Request>) -> bool {
        if !self.has_room(priority == Priority::Page) {
            return false;
        }
        let Some(queue) = self.queues.get(&priority) else { return false };
        let mut heads: Vec<(u64, Key)> =
            queue.iter().filter_map(|(key, q)| q.front().map(|w| (w.seq, key.clone()))).collect();
        heads.sort_unstable_by_key(|(seq, _)| *seq);
        let before = sent.len();
        for (_, key) in heads {
            if self.ready_at(priority, &key).is_some_and(|at| at <= now) {
                self.send_head(priority, key, now, sent);
            }
        }
        sent.len() > before
    }

    fn send_head(&mut self, priority: Priority, key: Key, now: At, sent: &mut Vec<Request>) {
        let page = priority == Priority::Page;
        let Some(waiting) = self.queues.get_mut(&priority).and_then(|q| q.get_mut(&key)).and_then(VecDeque::pop_front)
        else {
            return;
        };
        self.left_queue(priority, &key);
        if let (true, Some(channel)) = (posts(key.method), &key.channel) {
            self.workspace.take(now, WORKSPACE_INTERVAL_MS);
            self.channels.entry(channel.clone()).or_default().take(now, CHANNEL_INTERVAL_MS);
        }
        *self.slots.entry(Slot::of(&key, priority)).or_default() += 1;
        if !page {
            self.in_flight_others += 1;
        }
        self.places.insert(waiting.request.id, Place::InFlight);
        sent.push(waiting.request.clone());
        self.in_flight.insert(waiting.request.id, waiting);
    }

    /// When a call of this queue may go; `None` when it waits for a slot, which only [`Lanes::done`] can free.
    fn ready_at(&self, priority: Priority, key: &Key) -> Option<At> {
        let (page, slot) = (priority == Priority::Page, Slot::of(key, priority));
        if !self.has_room(page) || self.slots.get(&slot).copied().unwrap_or(0) >= slot.limit() {
            return None;
        }
        let mut at = self.pauses.get(&(key.clone(), page)).copied().unwrap_or(At(i64::MIN));
        if let (true, Some(channel)) = (posts(key.method), &key.channel) {
            let reserve = if page { 0 } else { WORKSPACE_PAGE_RESERVE };
            at = at.max(self.workspace.ready_at(WORKSPACE_BURST - reserve, WORKSPACE_INTERVAL_MS));
            let reserve = if page { 0 } else { CHANNEL_PAGE_RESERVE };
            let rate = self.channels.get(channel).copied().unwrap_or_default();
            at = at.max(rate.ready_at(CHANNEL_BURST - reserve, CHANNEL_INTERVAL_MS));
        }
        Some(at)
    }

    fn has_room(&self, page: bool) -> bool {
        self.in_flight.len() < MAX_IN_FLIGHT
            && (page || self.in_flight_others < MAX_IN_FLIGHT - PAGE_RESERVED_IN_FLIGHT)
    }

    fn enqueue(&mut self, waiting: Waiting, end: End) {
        let priority = waiting.request.priority;
        let key = Key::of(&waiting.request);
        match priority {
            Priority::Page => self.queued_pages += 1,
            _ => self.queued_others += 1,
        }
        self.places.insert(waiting.request.id, Place::Queued(priority, key.clone()));
        let queue = self.queues.entry(priority).or_default().entry(key).or_default();
        match end {
            End::Back => queue.push_back(waiting),
            End::Front => queue.push_front(waiting),
        }
    }

    fn left_queue(&mut self, priority: Priority, key: &Key) {
        match priority {
            Priority::Page => self.queued_pages = self.queued_pages.saturating_sub(1),
            _ => self.queued_others = self.queued_others.saturating_sub(1),
        }
        if let Some(queues) = self.queues.get_mut(&priority)
            && queues.get(key).is_some_and(VecDeque::is_empty)
        {
            queues.remove(key);
        }
    }

    fn forget_what_is_over(&mut self, now: At) {
        self.pauses.retain(|_, until| *until > now);
        if self.channels.len() > CHANNELS_REMEMBERED {
            self.channels.retain(|_, rate| rate.spent_until > now);
        }
    }
}

/// Whether a method puts a new message into a channel, which Slack limits per channel.
fn posts(method: &str) -> bool {
    matches!(
        method,
        "chat.postMessage"
            | "chat.postEphemeral"
            | "chat.meMessage"
            | "chat.scheduleMessage"
            | "files.completeUploadExternal"
    )
}

/// Calls of one key go in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    channel: Option<String>,
    method: &'static str,
}

impl Key {
    fn of(request: &Request) -> Self {
        Self { channel: request.channel.clone(), method: request.method }
    }
}

/// What a call in flight occupies, apart from its share of the whole. Pages (`true`) never wait for the slot of
/// something less urgent that hangs, nor do edits of what was tapped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Post(String, bool),
    Tapped(String),
    Channel(String, bool),
    Method(&'static str, bool),
}

impl Slot {
    fn of(key: &Key, priority: Priority) -> Self {
        let page = priority == Priority::Page;
        match &key.channel {
            Some(channel) if posts(key.method) => Self::Post(channel.clone(), page),
            Some(channel) if priority == Priority::Tapped => Self::Tapped(channel.clone()),
            Some(channel) => Self::Channel(channel.clone(), page),
            None => Self::Method(key.method, page),
        }
    }

    fn limit(&self) -> usize {
        match self {
            Self::Post(..) => 1,
            Self::Tapped(_) => TAPPED_IN_FLIGHT,
            Self::Channel(..) => CHANNEL_IN_FLIGHT,
            Self::Method(_, false) => METHOD_IN_FLIGHT,
            Self::Method(_, true) => PAGE_METHOD_IN_FLIGHT,
        }
    }
}

#[derive(Clone, Debug)]
enum Place {
    Queued(Priority, Key),
    InFlight,
}

enum End {
    Front,
    Back,
}

#[derive(Debug)]
struct Waiting {
    seq: u64,
    request: Request,
}

/// A token bucket kept as one instant: until when what was taken lasts at the steady rate.
#[derive(Clone, Copy, Debug)]
struct Rate {
    spent_until: At,
}

impl Default for Rate {
    fn default() -> Self {
        Self { spent_until: At(i64::MIN / 2) }
    }
}

impl Rate {
    fn ready_at(self, burst: i64, interval_ms: i64) -> At {
        self.spent_until.plus_ms(-(burst - 1) * interval_ms)
    }

    fn take(&mut self, now: At, interval_ms: i64) {
        self.spent_until = self.spent_until.max(now).plus_ms(interval_ms);
    }
}

#[cfg(test)]
mod tests;
