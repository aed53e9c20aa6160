//! The demo's clock runs instead of jumping: in small steps, and never past the next instant at which something is due.
//! So whatever would have happened on the way happens, at its time, and what was said to come at 03:29 comes at 03:29.

use super::shared::Shared;
use crate::domain::stamp::At;
use std::sync::Arc;
use std::time::Duration;

/// One step, in the clock's own time; longer where the way is long.
const STEP_MS: i64 = 15_000;
/// Steps of the longest way, but for those to what is due.
const STEPS: i64 = 400;
/// Real time between two steps.
const PAUSE: Duration = Duration::from_millis(5);
/// What is due is waited for so long, in real milliseconds: it may never come to an end while something is broken.
const SETTLE_MS: i64 = 300;
/// The whole way takes no longer than this in real milliseconds; what is left of it then is one jump.
const LONGEST_MS: i64 = 3_000;

impl Shared {
    /// Runs the clock forward by so much of its own time, within about three real seconds. Gives the new now; `None`: it
    /// is running already.
    pub async fn run_on(self: Arc<Self>, by: Duration) -> Option<At> {
        let _alone = self.running.try_lock().ok()?;
        let by_ms = i64::try_from(by.as_millis()).unwrap_or(i64::MAX / 4);
        let (end, step_ms) = (self.clock().now().plus_ms(by_ms), STEP_MS.max(by_ms / STEPS));
        let began_ms = self.clock().real_ms();
        loop {
            let now = self.clock().now();
            let left_ms = end.0 - now.0;
            if left_ms <= 0 {
                return Some(now);
            }
            let late = self.clock().real_ms() - began_ms > LONGEST_MS;
            let due_ms = self.due(now).map_or(i64::MAX, |due| due.0 - now.0);
            let by_ms = if late { left_ms } else { left_ms.min(step_ms).min(due_ms) };
            self.advance(Duration::from_millis(by_ms.unsigned_abs()));
            tokio::time::sleep(PAUSE).await;
            self.settled().await;
        }
    }

    fn due(&self, now: At) -> Option<At> {
        self.guide().due.as_ref().and_then(|ask| ask(now)).filter(|due| *due > now)
    }

    /// Waits until what was due is dealt with.
    async fn settled(&self) {
        let Some(busy) = &self.guide().busy else { return };
        let since_ms = self.clock().real_ms();
        while busy(self.clock().now()) && self.clock().real_ms() - since_ms < SETTLE_MS {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
