//! One attempt at a socket, as the supervisor remembers it.

use crate::domain::stamp::At;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Opening,
    Connecting,
    AwaitingHello,
    Live,
    Closing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It grew old.
    Planned,
    /// Slack said it will close it.
    Told,
    /// Slack does not want it.
    Refused,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Retiring {
    pub(super) why: Why,
    pub(super) since: At,
}

#[derive(Debug)]
pub(super) struct Conn {
    pub(super) state: State,
    /// When `state` was entered; for a live socket, its `hello`.
    pub(super) since: At,
    pub(super) retiring: Option<Retiring>,
    pub(super) retire_at: At,
    pub(super) last_inbound: At,
    pub(super) last_envelope: At,
    pub(super) last_ping: At,
    pub(super) unanswered_ping: Option<At>,
    pub(super) in_flight: u32,
}

impl Conn {
    pub(super) fn new(now: At) -> Self {
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
    pub(super) fn is_serving(&self) -> bool {
        self.retiring.is_none()
    }

    pub(super) fn is_refused(&self) -> bool {
        self.retiring.is_some_and(|r| r.why == Why::Refused)
    }
}
