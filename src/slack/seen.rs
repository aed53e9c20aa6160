//! Which envelopes were seen, and how each was acknowledged: an envelope delivered twice is handled once and acknowledged
//! twice. Bounded in number, bytes and time.

use crate::domain::stamp::At;
use std::collections::{HashMap, VecDeque};

/// How long an acknowledgement is remembered, in milliseconds. Slack sends an event again for up to an hour.
pub(super) const REMEMBERED_MS: i64 = 3_600_000;
/// Acknowledgements remembered at most.
pub(super) const REMEMBERED_MAX: usize = 10_000;
/// Bytes of acknowledgements remembered at most.
pub(super) const REMEMBERED_BYTES: usize = 8 << 20;
/// Repeats of one envelope that wait for its handler at most; more are dropped.
pub(super) const WAITERS_MAX: usize = 8;

/// What the arrival of an envelope means. `W` is who waits for the acknowledgement.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Arrival<W> {
    /// Handle it.
    New,
    /// It is being handled; whoever waits will be told.
    Waiting,
    /// It was handled: acknowledge it with this once more.
    Again(W, String),
    /// It is being handled and enough wait already.
    Dropped(W),
}

#[derive(Debug)]
pub(super) struct Seen<W> {
    running: HashMap<String, Vec<W>>,
    done: HashMap<String, String>,
    order: VecDeque<(At, String)>,
    bytes: usize,
}

impl<W> Seen<W> {
    pub(super) fn new() -> Self {
        Self { running: HashMap::new(), done: HashMap::new(), order: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn arrive(&mut self, envelope_id: &str, waiter: W, now: At) -> Arrival<W> {
        self.forget_what_is_old(now);
        if let Some(ack) = self.done.get(envelope_id) {
            return Arrival::Again(waiter, ack.clone());
        }
        match self.running.get_mut(envelope_id) {
            None => {
                self.running.insert(envelope_id.to_owned(), vec![waiter]);
                Arrival::New
            }
            Some(waiters) if waiters.len() < WAITERS_MAX => {
                waiters.push(waiter);
                Arrival::Waiting
            }
            Some(_) => Arrival::Dropped(waiter),
        }
    }

    /// The handler is done: `ack` is the frame to acknowledge with, `None` when there is none and a repeat is to be
    /// handled anew. Returns who waits.
    pub(super) fn settle(&mut self, envelope_id: &str, ack: Option<&str>, now: At) -> Vec<W> {
        let waiters = self.running.remove(envelope_id).unwrap_or_default();
        if let Some(ack) = ack {
            self.bytes += envelope_id.len() + ack.len();
            self.done.insert(envelope_id.to_owned(), ack.to_owned());
            self.order.push_back((now, envelope_id.to_owned()));
            self.forget_what_is_old(now);
        }
        waiters
    }

    fn forget_what_is_old(&mut self, now: At) {
        while let Some((at, _)) = self.order.front() {
            let is_old = now.0 - at.0 >= REMEMBERED_MS;
            if !is_old && self.order.len() <= REMEMBERED_MAX && self.bytes <= REMEMBERED_BYTES {
                return;
            }
            if let Some((_, id)) = self.order.pop_front()
                && let Some(ack) = self.done.remove(&id)
            {
                self.bytes = self.bytes.saturating_sub(id.len() + ack.len());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_delivered_twice_is_handled_once_and_acknowledged_twice() {
        let mut seen = Seen::new();
        assert_eq!(seen.arrive("e1", 1, At(0)), Arrival::New);
        assert_eq!(seen.arrive("e1", 2, At(1)), Arrival::Waiting);
        assert_eq!(seen.settle("e1", Some("ack e1"), At(2)), vec![1, 2]);
        assert_eq!(seen.arrive("e1", 3, At(3)), Arrival::Again(3, "ack e1".to_owned()));
    }

    #[test]
    fn what_was_not_acknowledged_is_handled_anew() {
        let mut seen = Seen::new();
        assert_eq!(seen.arrive("e1", 1, At(0)), Arrival::New);
        assert_eq!(seen.settle("e1", None, At(2)), vec![1]);
        assert_eq!(seen.arrive("e1", 2, At(3)), Arrival::New);
    }

    #[test]
    fn repeats_that_wait_are_bounded() {
        let mut seen = Seen::new();
        assert_eq!(seen.arrive("e1", 0, At(0)), Arrival::New);
        for n in 1..WAITERS_MAX {
            assert_eq!(seen.arrive("e1", n, At(0)), Arrival::Waiting);
        }
        assert_eq!(seen.arrive("e1", 99, At(0)), Arrival::Dropped(99));
        assert_eq!(seen.settle("e1", None, At(0)).len(), WAITERS_MAX);
    }

    #[test]
    fn memory_is_bounded_in_time_number_and_bytes() {
        let mut seen = Seen::new();
        seen.arrive("old", (), At(0));
        seen.settle("old", Some("a"), At(0));
        assert_eq!(seen.arrive("old", (), At(REMEMBERED_MS - 1)), Arrival::Again((), "a".to_owned()));
        assert_eq!(seen.arrive("old", (), At(REMEMBERED_MS)), Arrival::New, "an hour is enough");

        let mut seen = Seen::new();
        for n in 0..=REMEMBERED_MAX {
            seen.settle(&format!("e{n}"), Some("a"), At(0));
        }
        assert_eq!(seen.done.len(), REMEMBERED_MAX);
        assert_eq!(seen.arrive("e0", (), At(0)), Arrival::New, "the oldest is forgotten");

        let mut seen: Seen<()> = Seen::new();
        let long = "x".repeat(REMEMBERED_BYTES / 4);
        for n in 0..5 {
            seen.settle(&format!("e{n}"), Some(&long), At(0));
        }
        assert_eq!(seen.done.len(), 3);
        assert!(seen.bytes <= REMEMBERED_BYTES);
    }
}
