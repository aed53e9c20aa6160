//! The outbox's task: polls the machine, sends what it says, brings the answers back, and tells the pump.

use super::ledger::Ledger;
use super::{Health, Outbox};
use crate::clock::Clock;
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, InputId, PageId};
use crate::domain::input::{Input, Settled, What};
use crate::domain::page::PageFailure;
use crate::domain::stamp::At;
use crate::door::{Door, Turned};
use crate::methods::{self, Methods};
use crate::pump::driver::Board;
use crate::pump::{Answer, Lane};
use crate::slack::{Outcome, SlackClient};
use crate::store::RowChange;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

/// What was settled is offered to the pump again after this long, until it is durable.
const OFFER_AGAIN: Duration = Duration::from_secs(1);
/// Calls in flight get this long to end when the process stops.
const DRAIN: Duration = Duration::from_secs(4);

/// Failed pages that wait to be told; more are in the log and the timeline.
pub const FAILURES: usize = 100;

/// A page that is known, durably, not to have reached anybody.
#[derive(Clone, Debug)]
pub struct FailedPage {
    pub incident: IncidentNo,
    pub page: PageId,
    pub why: PageFailure,
}

/// What others may ask of the outbox.
#[derive(Clone)]
pub struct OutboxHandle {
    shared: Arc<Shared>,
}

struct Shared {
    outbox: Mutex<Outbox>,
    look: Notify,
    health: watch::Sender<Health>,
    /// Numbers for what is told to the pump.
    settled: AtomicU64,
    failed: mpsc::Sender<FailedPage>,
    /// Calls in flight, what is being told to the pump, and one while the task itself is at work.
    under_way: AtomicUsize,
}

/// Counts as under way until it is dropped.
struct UnderWay(Arc<Shared>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

impl OutboxHandle {
    /// Pages that fail go to `failed`, too.
    pub fn new(outbox: Outbox, failed: mpsc::Sender<FailedPage>) -> Self {
        let health = watch::Sender::new(Health::default());
        Self {
            shared: Arc::new(Shared {
                outbox: Mutex::new(outbox),
                look: Notify::new(),
                health,
                settled: AtomicU64::new(0),
                failed,
                under_way: AtomicUsize::new(0),
            }),
        }
    }

    fn under_way(&self) -> UnderWay {
        self.shared.under_way.fetch_add(1, Ordering::SeqCst);
        UnderWay(self.shared.clone())
    }

    /// Somebody saw something out of date: show this incident again, whatever was last shown.
    pub fn refresh(&self, incident: IncidentNo, now: At) {
        self.with(|o| o.refresh(incident, now));
        self.shared.look.notify_one();
    }

    /// A person confirmed that a restored store may speak.
    pub fn resume(&self) {
        self.with(Outbox::resume);
        self.shared.look.notify_one();
    }

    /// The ledger's rows that changed, for the next checkpoint.
    pub fn take_rows(&self) -> Vec<RowChange> {
        self.with(|o| Ledger::take_changes(o.ledger()))
    }

    /// How Slack answers.
    pub fn health(&self) -> Health {
        self.shared.health.borrow().clone()
    }

    /// Nothing is under way, and what waits, waits for a later time than `now_ms` of the steady clock.
    pub fn is_quiet(&self, now_ms: i64) -> bool {
        let waits = self.with(|o| o.next_wake().is_none_or(|at| at.0 > now_ms));
        waits && self.shared.under_way.load(Ordering::SeqCst) == 0
    }

    /// Tells of a page that failed, if it was still wanted.
    fn note_failure(&self, facts: &[Fact], settled: Settled) {
        if let Settled::PageFailed { incident, page, why } = settled
            && facts.iter().any(|f| matches!(f, Fact::PageFailed { page: p, .. } if *p == page))
        {
            tracing::warn!(incident = incident.0, page = page.0, ?why, "a page failed");
            // When nobody takes them, the timeline and the log have it.
            let _ = self.shared.failed.try_send(FailedPage { incident, page, why });
        }
    }

    fn with<T>(&self, f: impl FnOnce(&mut Outbox) -> T) -> T {
        // The machine does not panic half way through a change that matters: its work is re-derived from the state.
        f(&mut self.shared.outbox.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// By what requests leave.
pub struct Senders {
    pub slack: SlackClient,
    pub methods: Methods,
}

/// Starts it. It ends after `shutdown`, when what is in flight has ended or had its time.
///
/// It has a thread of its own: what it draws holds up no worker.
pub fn start(
    handle: OutboxHandle,
    board: Arc<Board>,
    door: Door,
    Senders { slack: client, methods }: Senders,
    clock: Clock,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let runtime = tokio::runtime::Handle::current();
    let work = async move {
        let mut calls: JoinSet<(UnderWay, u64, Outcome)> = JoinSet::new();
        let mut moved = clock.moved();
        loop {
            let at_work = handle.under_way();
            let published = board.take();
            let now = At(clock.steady_ms());
            let (requests, settled, wake) = handle.with(|o| {
                o.committed(&published, now);
                let (requests, settled) = o.poll(now);
                (requests, settled, o.next_wake())
            });
            tell(&handle, &door, settled);
            for request in requests {
                let (client, methods) = (client.clone(), methods.clone());
                let directory = published.snapshot.directory.clone();
                let under_way = handle.under_way();
                calls.spawn(async move {
                    let call = async {
                        if methods::is_ours(request.method) {
                            methods.call(request.method, &request.body, &directory).await
                        } else {
                            client.call(request.method, &request.body).await
                        }
                    };
                    // A panic while sending must not keep its place in the lanes for ever.
                    let outcome = AssertUnwindSafe(call)
                        .catch_unwind()
                        .await
                        .unwrap_or_else(|_| Outcome::Unknown("sending panicked".to_owned()));
                    (under_way, request.id, outcome)
                });
            }
            handle.shared.health.send_replace(handle.with(|o| o.health().clone()));
            drop(at_work);
            let sleep = async {
                match wake {
                    // At least a millisecond: a wake that has passed must not become a hot loop.
                    Some(at) => clock.sleep_until_steady(at.0.max(now.0 + 1)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = board.changed.notified() => {}
                () = handle.shared.look.notified() => {}
                _ = moved.changed() => {}
                Some(done) = calls.join_next() => take(&handle, &door, &clock, done),
                () = sleep => {}
                () = shutdown.cancelled() => break,
            }
        }
        let drain = async {
            while let Some(done) = calls.join_next().await {
                take(&handle, &door, &clock, done);
            }
        };
        if tokio::time::timeout(DRAIN, drain).await.is_err() {
            tracing::warn!("calls to Slack were still under way; the next start looks whether they arrived");
        }
    };
    tokio::task::spawn_blocking(move || runtime.block_on(work))
}

type Done = Result<(UnderWay, u64, Outcome), tokio::task::JoinError>;

fn take(handle: &OutboxHandle, door: &Door, clock: &Clock, done: Done) {
    match done {
        Ok((_under_way, id, outcome)) => {
            let settled = handle.with(|o| o.done(id, outcome, At(clock.steady_ms())));
            tell(handle, door, settled);
        }
        Err(e) => tracing::error!(error = %e, "a call to Slack ended without an answer"),
    }
}

/// Tells the pump, again and again until it is durable: what is not told is done twice.
fn tell(handle: &OutboxHandle, door: &Door, settled: Vec<Settled>) {
    for settled in settled {
        let (handle, door) = (handle.clone(), door.clone());
        let under_way = handle.under_way();
        tokio::spawn(async move {
            let _under_way = under_way;
            loop {
                let n = handle.shared.settled.fetch_add(1, Ordering::Relaxed);
                let input = Input { id: InputId::minted('s', n), what: What::Settled(settled.clone()) };
                match door.submit(Lane::Inner, input, 0) {
                    Ok(answer) => match answer.await {
                        Ok(Answer::NotWritten(_)) => {}
                        Ok(Answer::Decided { facts, .. }) => return handle.note_failure(&facts, settled),
                        Ok(_) => return,
                        // The pump is gone; the next start decides.
                        Err(_) => return,
                    },
                    Err(Turned::Stopping) => return,
                    Err(Turned::Full) => {}
                }
                tokio::time::sleep(OFFER_AGAIN).await;
            }
        });
    }
}
