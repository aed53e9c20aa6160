//! The only place that asks the operating system what time it is.
//!
//! Everything else receives time as an argument. A [`Clock`] is the system's wall clock plus an offset that only ever
//! grows; the offset is zero in production and is what the local Slack's "+5 min" button moves. Sleeping goes through
//! the clock as well, so that a sleeper notices when time is moved forward under it.

use crate::domain::stamp::At;
use std::time::Duration;
use tokio::sync::watch;

/// A shared clock. Cloning it gives the same clock.
#[derive(Clone, Debug)]
pub struct Clock {
    offset_ms: watch::Sender<i64>,
    /// Where both clocks stand, but for the offset; `None`: they run.
    stopped: Option<At>,
}

impl Clock {
    /// The operating system's clock, moved forward by `offset_ms` (zero outside a demo).
    pub fn system(offset_ms: i64) -> Self {
        Self { offset_ms: watch::Sender::new(offset_ms), stopped: None }
    }

    /// A clock that stands at `at` until somebody advances it; for tests, which must not depend on how fast they run.
    pub fn stopped(at: At) -> Self {
        Self { offset_ms: watch::Sender::new(0), stopped: Some(at) }
    }

    /// Milliseconds since 1970 UTC.
    #[allow(clippy::disallowed_methods)] // this file is the one that may
    pub fn now(&self) -> At {
        if let Some(at) = self.stopped {
            return at.plus_ms(*self.offset_ms.borrow());
        }
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        At(i64::try_from(since.as_millis()).unwrap_or(i64::MAX) + *self.offset_ms.borrow())
    }

    /// Milliseconds of the monotonic clock, offset included: never goes back, its zero means nothing.
    pub fn steady_ms(&self) -> i64 {
        let steady = if self.stopped.is_some() { 0 } else { self.real_ms() };
        steady + *self.offset_ms.borrow()
    }

    /// Milliseconds of the machine's own monotonic clock, wherever this one was moved: for sockets and time limits,
    /// which are about the real network.
    #[allow(clippy::disallowed_methods)] // this file is the one that may
    pub fn real_ms(&self) -> i64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        let start = START.get_or_init(std::time::Instant::now);
        i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// How far this clock is ahead of the operating system's.
    pub fn offset_ms(&self) -> i64 {
        *self.offset_ms.borrow()
    }

    /// Moves the clock forward. Whoever sleeps on it looks again.
    pub fn advance(&self, by: Duration) {
        self.offset_ms.send_modify(|o| *o += i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4));
    }

    /// Changes whenever somebody advances the clock.
    pub fn moved(&self) -> watch::Receiver<i64> {
        self.offset_ms.subscribe()
    }

    /// Sleeps until `at` on this clock, however it is moved meanwhile.
    pub async fn sleep_until(&self, at: At) {
        let mut moved = self.moved();
        loop {
            let left = at.0 - self.now().0;
            if left <= 0 {
                return;
            }
            // A wall clock may be stepped while we sleep: look again at least every minute.
            let nap = Duration::from_millis(left.min(60_000).unsigned_abs());
            tokio::select! {
                () = tokio::time::sleep(nap) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Sleeps until [`Clock::steady_ms`] reads `steady_ms`. A step of the wall clock changes nothing; moving this clock
    /// forward does.
    pub async fn sleep_until_steady(&self, steady_ms: i64) {
        let mut moved = self.moved();
        loop {
            let left = steady_ms - self.steady_ms();
            if left <= 0 {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(left.unsigned_abs())) => {}
                _ = moved.changed() => {}
            }
        }
    }

    /// Sleeps for `duration` of this clock's time.
    pub async fn sleep(&self, duration: Duration) {
        let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4);
        self.sleep_until_steady(self.steady_ms().saturating_add(ms)).await;
    }
}
