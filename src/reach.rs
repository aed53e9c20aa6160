//! Is there a way to Slack? Without one for a minute, pages go by other methods at once; see `domain/outage.rs`.

use crate::clock::Clock;
use crate::domain::id::InputId;
use crate::domain::input::{Input, What};
use crate::domain::stamp::At;
use crate::door::Door;
use crate::outbox::driver::OutboxHandle;
use crate::pump::Lane;
use crate::pump::driver::Board;
use crate::slack::SocketStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No socket and no call that worked for so long: Slack is away.
pub const AWAY_MS: i64 = 60_000;
/// How often this is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is known, on the steady clock.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// The last time at which there was a way, or at which looking began.
    last: At,
}

impl Reach {
    /// `away`: it was away when an earlier process ended. Then only a way ends that, and not a restart.
    pub fn new(now: At, away: bool) -> Self {
        Self { last: if away { now.plus_ms(-AWAY_MS) } else { now } }
    }

    /// `has_socket` now; `last_ok`: when a call last worked. True: Slack is away.
    pub fn is_away(&mut self, has_socket: bool, last_ok: Option<At>, now: At) -> bool {
        if has_socket {
            self.last = self.last.max(now);
        }
        self.last = self.last.max(last_ok.unwrap_or(self.last));
        now.0 - self.last.0 >= AWAY_MS
    }
}

/// Looks, and tells the pump.
pub struct Watch {
    pub sockets: watch::Receiver<SocketStatus>,
    pub outbox: OutboxHandle,
    pub board: Arc<Board>,
    pub door: Door,
    pub clock: Clock,
}

impl Watch {
    pub fn start(self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.look() => {}
            }
        })
    }

    async fn look(mut self) {
        let was_away = self.board.snapshot().world.meta.slack_away.is_some();
        let mut reach = Reach::new(At(self.clock.steady_ms()), was_away);
        let mut n = 0;
        loop {
            let has_socket = self.sockets.borrow_and_update().connected > 0;
            let away = reach.is_away(has_socket, self.outbox.health().last_ok, At(self.clock.steady_ms()));
            if self.board.snapshot().world.meta.slack_away.is_some() != away {
                if away {
                    tracing::error!("no way to Slack for a minute: pages go by other methods at once");
                } else {
                    tracing::info!("Slack can be reached again");
                }
                n += 1;
                let input = Input { id: InputId::minted('w', n), what: What::SlackAway { away } };
                // Not durable, or no room: it is looked at again in a moment.
                if let Ok(answer) = self.door.submit(Lane::Inner, input, 0) {
                    let _ = answer.await;
                }
            }
            tokio::select! {
                () = self.clock.sleep(LOOK_EVERY) => {}
                // A socket that comes back is news at once.
                Ok(()) = self.sockets.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_is_away_after_a_minute_without_socket_and_without_a_call_that_worked() {
        let at = |secs: i64| At(1_000_000).plus_secs(secs);
        let mut reach = Reach::new(at(0), false);
        for (what, secs, has_socket, last_ok, away) in [
            ("It is not connected yet", 0, false, None, false),
            ("nor after most of a minute", 59, false, None, false),
            ("A minute after the start", 60, false, None, true),
            ("A call works", 61, false, Some(61), false),
            ("A socket, and no call for an hour", 3_700, true, Some(61), false),
            ("The socket is lost", 3_701, false, Some(61), false),
            ("Its minute", 3_759, false, Some(61), false),
            ("is over", 3_760, false, Some(61), true),
            ("The clock is set forward while there is a socket", 90_000, true, Some(61), false),
        ] {
            assert_eq!(reach.is_away(has_socket, last_ok.map(at), at(secs)), away, "{what}");
        }
        let mut restarted = Reach::new(at(0), true);
        assert!(restarted.is_away(false, None, at(0)), "a restart is no way to Slack");
        assert!(!restarted.is_away(true, None, at(1)), "a socket is");
    }
}
