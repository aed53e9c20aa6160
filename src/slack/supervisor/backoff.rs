//! How soon another socket may be asked for: exponential, jittered, remembered until a socket proved healthy, and under
//! all circumstances at most so many a minute.

use super::SupervisorConfig;
use crate::domain::stamp::At;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::VecDeque;

/// The first wait after a refusal that only a person can mend, in milliseconds.
const REFUSED_FLOOR_MS: i64 = 30_000;
/// The longest `Retry-After` of `apps.connections.open` that is believed, in milliseconds.
const RETRY_AFTER_MAX_MS: i64 = 300_000;

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// May be over in a moment.
    Network,
    /// Slack said no: trying again soon is pointless.
    Refused,
}

#[derive(Debug)]
pub(super) struct Backoff {
    base_ms: i64,
    cap_ms: i64,
    per_minute: usize,
    rng: StdRng,
    failures: u32,
    last: Option<(At, Cause)>,
    not_before: At,
    recent: VecDeque<At>,
    opened: u64,
}

impl Backoff {
    pub(super) fn new(config: &SupervisorConfig, seed: u64) -> Self {
        Self {
            base_ms: config.backoff_base_ms.max(1),
            cap_ms: config.backoff_cap_ms.max(1),
            per_minute: config.opens_per_minute.max(1),
            rng: StdRng::seed_from_u64(seed),
            failures: 0,
            last: None,
            not_before: At(i64::MIN / 2),
            recent: VecDeque::new(),
            opened: 0,
        }
    }

    /// From when on another one may be asked for.
    pub(super) fn ready_at(&self) -> At {
        match self.recent.front() {
            Some(first) if self.recent.len() >= self.per_minute => self.not_before.max(first.plus_ms(60_000)),
            _ => self.not_before,
        }
    }

    /// Another one is asked for. While things fail, it is the only one until the wait is over.
    pub(super) fn open(&mut self, now: At) {
        self.opened += 1;
        self.recent.push_back(now);
        if self.recent.len() > self.per_minute {
            self.recent.pop_front();
        }
        if self.failures > 0 {
            self.wait(now);
        }
    }

    pub(super) fn fail(&mut self, now: At, cause: Cause) {
        self.failures = self.failures.saturating_add(1);
        self.last = Some((now, cause));
        self.wait(now);
    }

    /// Slack said when to come back.
    pub(super) fn not_before(&mut self, now: At, retry_after_ms: i64) {
        self.not_before = self.not_before.max(now.plus_ms(retry_after_ms.clamp(0, RETRY_AFTER_MAX_MS)));
    }

    pub(super) fn forget_failures(&mut self) {
        self.failures = 0;
        self.last = None;
        self.not_before = At(i64::MIN / 2);
    }

    pub(super) fn last_failure(&self) -> Option<At> {
        self.last.map(|(at, _)| at)
    }

    pub(super) fn opened(&self) -> u64 {
        self.opened
    }

    fn wait(&mut self, now: At) {
        let doublings = self.failures.saturating_sub(1).min(30);
        let floor = match self.last {
            Some((_, Cause::Refused)) => REFUSED_FLOOR_MS,
            _ => 0,
        };
        let longest = self.base_ms.saturating_mul(1 << doublings).max(floor).min(self.cap_ms);
        // Between half and all of it: never at once, and never all processes together.
        let wait = self.rng.random_range(longest / 2..=longest);
        self.not_before = self.not_before.max(now.plus_ms(wait));
    }
}
