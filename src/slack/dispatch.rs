//! Runs the handler once per envelope: concurrently, bounded, with panics contained and repeats recognised.

use super::envelope::{self, Envelope};
use super::real;
use super::seen::{Arrival, Seen};
use crate::clock::Clock;
use futures_util::FutureExt;
use serde_json::Value;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Handlers that run at once at most.
pub const HANDLERS_MAX: usize = 64;
/// Envelopes that wait for a handler at most; more are not acknowledged, and Slack tells the person or sends them again.
pub const WAITING_MAX: usize = 256;
/// A handler that has not returned by then is logged: Slack's own limit of 3 s is past.
pub const STALL: Duration = Duration::from_secs(5);
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

/// Handles envelopes. May be called concurrently. The future is dropped after [`HANDLER_TIMEOUT`], and when the process
/// stops and has waited long enough.
pub trait EnvelopeHandler: Send + Sync + 'static {
    /// Handles one envelope. It is acknowledged only after this returns, and should be within 3 s. A panic is contained:
    /// it is logged and the envelope is not acknowledged.
    fn handle(&self, envelope: Envelope) -> impl Future<Output = Handled> + Send;
}

/// The bounds, so that tests can reach them.
#[derive(Clone, Copy, Debug)]
pub struct DispatchLimits {
    /// See [`HANDLERS_MAX`].
    pub handlers: usize,
    /// See [`WAITING_MAX`].
    pub waiting: usize,
    /// See [`STALL`].
    pub stall: Duration,
    /// See [`HANDLER_TIMEOUT`].
    pub timeout: Duration,
}

impl Default for DispatchLimits {
    fn default() -> Self {
        Self { handlers: HANDLERS_MAX, waiting: WAITING_MAX, stall: STALL, timeout: HANDLER_TIMEOUT }
    }
}

/// What is to be written for an envelope: exactly one is sent for each one dispatched.
#[derive(Debug)]
pub(super) enum Settled {
    /// This frame.
    Ack(String),
    /// Nothing.
    Nothing,
}

/// Where a socket waits for what is to be written.
pub(super) type ReplyTo = mpsc::UnboundedSender<Settled>;

pub(super) struct Dispatcher<H> {
    handler: H,
    clock: Clock,
    limits: DispatchLimits,
    seen: Mutex<Seen<ReplyTo>>,
    running: Semaphore,
    admitted: Arc<Semaphore>,
    stop: CancellationToken,
}

impl<H: EnvelopeHandler> Dispatcher<H> {
    pub(super) fn new(handler: H, clock: Clock, limits: DispatchLimits, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self {
            handler,
            clock,
            limits,
            seen: Mutex::new(Seen::new()),
            running: Semaphore::new(limits.handlers),
            admitted: Arc::new(Semaphore::new(limits.handlers + limits.waiting)),
            stop,
        })
    }

    /// Handles an envelope in the background; `reply` gets one [`Settled`] sooner or later.
    pub(super) fn dispatch(self: &Arc<Self>, envelope: Envelope, reply: ReplyTo) {
        let id = envelope.envelope_id.clone();
        let arrival = self.seen().arrive(&id, reply, real(&self.clock));
        match arrival {
            Arrival::New => match self.admitted.clone().try_acquire_owned() {
                Ok(place) => {
                    tokio::spawn(self.clone().run(envelope, place));
                }
                Err(_) => {
                    let waiting = self.limits.waiting;
                    tracing::error!(envelope = id, waiting, "too many envelopes wait: this one is not acknowledged");
                    self.settle(&id, None);
                }
            },
            Arrival::Waiting => {}
            Arrival::Again(reply, ack) => {
                tracing::info!(envelope = id, "a repeated envelope is acknowledged again");
                let _ = reply.send(Settled::Ack(ack));
            }
            Arrival::Dropped(reply) => {
                let _ = reply.send(Settled::Nothing);
            }
        }
    }

    async fn run(self: Arc<Self>, envelope: Envelope, _place: OwnedSemaphorePermit) {
        let (id, accepts) = (envelope.envelope_id.clone(), envelope.accepts_response_payload);
        let handled = tokio::select! {
            handled = self.handle(envelope) => handled,
            () = self.stop.cancelled() => Handled::NoAck("Warridor is stopping".to_owned()),
        };
        match handled {
            Handled::Ack(payload) => {
                let payload = payload.filter(|_| accepts);
                self.settle(&id, Some(envelope::ack(&id, payload.as_ref())));
            }
            Handled::NoAck(why) => {
                tracing::warn!(envelope = id, why, "an envelope is not acknowledged");
                self.settle(&id, None);
            }
        }
    }

    async fn handle(&self, envelope: Envelope) -> Handled {
        let Ok(_running) = self.running.acquire().await else {
            return Handled::NoAck("no handlers".to_owned());
        };
        let (id, kind) = (envelope.envelope_id.clone(), envelope.kind.clone());
        let work = AssertUnwindSafe(async { self.handler.handle(envelope).await }).catch_unwind();
        let stall = async {
            tokio::time::sleep(self.limits.stall).await;
            tracing::error!(envelope = id, ?kind, after_ms = self.limits.stall.as_millis(), "a handler stalls");
            tokio::time::sleep(self.limits.timeout.saturating_sub(self.limits.stall)).await;
        };
        tokio::select! {
            biased;
            result = work => result.unwrap_or_else(|_| {
                tracing::error!(envelope = id, ?kind, "a handler panicked");
                Handled::NoAck("the handler panicked".to_owned())
            }),
            () = stall => Handled::NoAck("the handler did not return".to_owned()),
        }
    }

    fn settle(&self, id: &str, ack: Option<String>) {
        let waiters = self.seen().settle(id, ack.as_deref(), real(&self.clock));
        for waiter in waiters {
            // A socket that is gone needs no acknowledgement: Slack sends it again on another, and it is remembered.
            let _ = waiter.send(ack.clone().map_or(Settled::Nothing, Settled::Ack));
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen<ReplyTo>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
