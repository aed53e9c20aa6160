//! Slack: what comes in over Socket Mode and what goes out over the Web API.
//!
//! In: [`supervisor`] decides when sockets are opened, replaced and closed; [`socket`] does it; [`envelope`] reads one
//! frame; [`dispatch`] runs the handler once per envelope. Out: [`lanes`] decides which Web API call may go now;
//! [`client`] sends it; [`outcome`] says what became of it. Deciding (`supervisor`, `lanes`, `envelope`, `outcome`) is
//! free of I/O, clocks and async; doing (`socket`, `dispatch`, `client`) decides nothing.
//!
//! Deliberately absent: retrying a call whose answer was lost (the outbox knows whether that is safe), and any
//! knowledge of what an envelope means.

pub mod client;
pub mod dispatch;
pub mod envelope;
pub mod handler;
pub mod lanes;
pub mod methods;
pub mod outcome;
pub mod said;
mod seen;
pub mod socket;
pub mod supervisor;
mod tls;
pub mod translate;

pub use client::SlackClient;
pub use dispatch::{EnvelopeHandler, Handled};
pub use envelope::{Envelope, EnvelopeKind, Frame};
pub use lanes::{Lanes, Priority, PushError, Request};
pub use outcome::Outcome;
pub use socket::{SocketConfig, run};
pub use supervisor::{Alarm, AlarmKind, SocketStatus, SupervisorConfig};

use crate::clock::Clock;
use crate::domain::stamp::At;

/// Milliseconds of the machine's steady clock. Sockets, rates and time limits are about the real network: moving the
/// demo's clock does not move them.
pub(crate) fn real(clock: &Clock) -> At {
    At(clock.real_ms())
}
