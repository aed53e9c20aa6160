//! Runs the handler once per envelope: concurrently, bounded, with panics contained and repeats recognised.

use super::envelope::Envelope;
use serde_json::Value;
use std::future::Future;
use std::time::Duration;

/// A handler that has not returned by then is dropped and its envelope not acknowledged.
pub const HANDLER_TIMEOUT: Duration = Duration::from_secs(30);

/// What a handler made of an envelope.
#[derive(Clone, Debug, PartialEq)]
pub enum Handled {
    /// Acknowledge it, with an answer when the envelope accepts one. Whatever had to be durable is durable.
    Ack(Option<Value>),
    /// Do not acknowledge: Slack sends an event again, and a person sees that their click failed. Why, for the log.
    NoAck(String),
}

/// Handles envelopes. May be called concurrently, and the future may be dropped after
/// [`HANDLER_TIMEOUT`].
pub trait EnvelopeHandler: Send + Sync + 'static {
    /// Handles one envelope. It is acknowledged only after this returns, and should be within 3 s.
    fn handle(&self, envelope: Envelope) -> impl Future<Output = Handled> + Send;
}
