//! The door for monitors: HTTP in, inputs out, heartbeat out.
//!
//! A body is read within bounds, decoded by a pure decoder and handed over as one input; 202 is written only after the
//! input is durable. Whoever owns the state stands behind [`Intake`]; nothing here knows what an incident is, and nothing
//! here keeps an alert.
//!
//! ```text
//! connections ── routes ── auth ── body ── signature ── sources ── Intake::submit ── answers
//!  (deadlines)    (path)   (key)  (bounds) (is it theirs?) (bytes -> events)
//! ```
//! What a known key sent and nobody could read goes the same way, as [`What::Unreadable`].
//!
//! Absent on purpose: 429 and 408, and any other 4xx for what a sender should send again. Alertmanager drops an alert on
//! every 4xx and retries every 5xx. Keys and secrets appear in no log, metric or excerpt.
//!
//! [`What::Unreadable`]: crate::domain::input::What::Unreadable

use crate::domain::directory::Directory;
use crate::domain::id::{IncidentNo, InputId};
use crate::domain::input::Input;
use crate::methods::answers::{Reply, Request};
use std::sync::Arc;

mod answers;
mod auth;
mod body;
mod connections;
pub mod heartbeat;
mod http;
pub mod json;
pub mod limits;
mod metrics;
#[doc(hidden)]
pub mod routes; // for `fuzz/`
mod service;
#[doc(hidden)]
pub mod signature; // for `fuzz/`
pub mod sources;
pub mod text;
pub mod unreadable;

pub use auth::{Presented, UnknownKey, UnknownKeys, lookup as key_named};
pub use http::{IngestConfig, serve};
pub use metrics::{DURATION_BUCKETS, describe};
pub use signature::{OLD_SECS, Secrets, Unsigned};

/// Whoever decides and keeps.
///
/// A call may be dropped at any await, when the sender goes away or the time is up; what was submitted may then be
/// accepted or not, and the sender will send it again.
pub trait Intake: Send + Sync + 'static {
    /// The configuration in force: for its integration keys.
    fn directory(&self) -> Arc<Directory>;

    /// Hands over one body's input; `bytes` is the body's size after decompression, or its events' in memory if that is
    /// more. Resolves once it is durable.
    ///
    /// # Errors
    /// When it is not known to be durable. Every error is answered 503, so that the sender sends again.
    fn submit(&self, input: Input, bytes: usize) -> impl Future<Output = Result<Accepted, IntakeError>> + Send;

    /// Hears an answer that came by telephone. Whoever takes none hears nothing.
    fn telephone(&self, _request: Request<'_>) -> impl Future<Output = Reply> + Send {
        async { Reply::Unsigned }
    }

    /// What a load balancer should know.
    fn ready(&self) -> Readiness;

    /// A name for one body, never given twice, not even by an earlier process on the same data.
    fn next_delivery_id(&self) -> InputId;
}

/// What an input led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// For each event, in the body's order: its dedup key, and the incident if it has one and was decided in time.
    pub incidents: Vec<(Arc<str>, Option<IncidentNo>)>,
}

/// Why an input was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntakeError {
    /// The door is full.
    #[error("overloaded")]
    Overloaded { retry_after_secs: u64 },
    /// The store cannot be written; nothing was.
    #[error("the store cannot be written: {0}")]
    NotWritable(String),
    /// It may be on disk or not.
    #[error("not known to be on disk: {0}")]
    Unknown(String),
    /// This process is on its way out.
    #[error("stopping")]
    Stopping,
}

/// The answer of `/readyz`.
#[derive(Clone, Debug, PartialEq)]
pub struct Readiness {
    /// The store accepts writes: 200, else 503.
    pub writable: bool,
    /// For people: Slack's state, and everything that is paused.
    pub body: serde_json::Value,
}
