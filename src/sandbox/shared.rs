//! One Slack, one lock, one log: every shell goes through [`Shared::act`].

use super::answer::Answer;
use super::envelopes::Verdict;
use super::faults;
use super::files::Log;
use super::guide::{Deed, Guide};
use super::persist::Change;
use super::scripts::Service;
use super::sockets::{Out, Refusal, SocketId};
use super::state::Slack;
use super::telephone::http::Telephone;
use crate::clock::Clock;
use crate::domain::stamp::At;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};

/// How long a verdict is waited for in real time. Slack gives up after 3 s of its own clock.
const VERDICT: Duration = Duration::from_secs(20);

/// The Slack behind its lock.
#[derive(Debug)]
pub struct Shared {
    inner: Mutex<Inner>,
    clock: Clock,
    pub(super) telephone: Telephone,
    guide: OnceLock<Guide>,
    /// Held while the clock runs.
    pub(super) running: tokio::sync::Mutex<()>,
    /// The revision; whoever waits for something looks again when it changes.
    changed: watch::Sender<u64>,
    /// Wakes the timer when the next deadline may have moved.
    wake: Notify,
}

#[derive(Debug)]
struct Inner {
    slack: Slack,
    log: Option<Log>,
    sockets: HashMap<SocketId, mpsc::UnboundedSender<Out>>,
    http: String,
    services: Vec<Service>,
}

impl Shared {
    pub(super) fn new(slack: Slack, log: Option<Log>, clock: Clock) -> Self {
        let changed = watch::Sender::new(slack.revision());
        let inner = Inner { slack, log, sockets: HashMap::new(), http: String::new(), services: Vec::new() };
        Self {
            inner: Mutex::new(inner),
            clock,
            telephone: Telephone::default(),
            guide: OnceLock::new(),
            running: tokio::sync::Mutex::default(),
            changed,
            wake: Notify::new(),
        }
    }

    /// Does something to the Slack, then writes down what changed and sends what is to be sent, before returning.
    pub fn act<T>(&self, f: impl FnOnce(&mut Slack, At) -> T) -> T {
        let result = self.tick(f);
        self.wake.notify_one();
        result
    }

    fn tick<T>(&self, f: impl FnOnce(&mut Slack, At) -> T) -> T {
        let mut inner = self.lock();
        let result = f(&mut inner.slack, self.clock.now());
        self.flush(&mut inner);
        result
    }

    fn flush(&self, inner: &mut Inner) {
        let outgoing = inner.slack.poll(self.clock.now());
        let changes = inner.slack.drain_changes();
        if let Some(log) = &mut inner.log
            && !changes.is_empty()
            && let Err(e) = log.append(&changes)
        {
            tracing::error!("{e:#}: this Slack will not survive a restart");
        }
        for o in outgoing {
            let gone = inner.sockets.get(&o.socket).is_some_and(|tx| tx.send(o.out).is_err());
            if gone {
                inner.sockets.remove(&o.socket);
            }
        }
        let revision = inner.slack.revision();
        self.changed.send_if_modified(|r| std::mem::replace(r, revision) != revision);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic in one request must not end the whole sandbox.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock everything goes by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Changes whenever something a person could see changes.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(super) fn set_http(&self, url: String) {
        self.lock().http = url;
    }

    pub(super) fn set_services(&self, services: Vec<Service>) {
        self.lock().services = services;
    }

    pub(super) fn set_guide(&self, guide: Guide) {
        if self.guide.set(guide).is_ok() {
            self.act(|slack, _| slack.touch());
        }
    }

    /// What whoever started the sandbox tells; nothing until then.
    pub(super) fn guide(&self) -> &Guide {
        static NOTHING: OnceLock<Guide> = OnceLock::new();
        self.guide.get().unwrap_or_else(|| NOTHING.get_or_init(Guide::default))
    }

    pub(super) fn info(&self) -> (String, Vec<Service>) {
        let inner = self.lock();
        (inner.http.clone(), inner.services.clone())
    }

    /// An answer by one of the doubles beside Slack, with the faults that were ordered for it.
    pub(super) fn struck(&self, called: &str, act: impl FnOnce() -> Answer) -> Answer {
        let effects = self.act(|slack, _| slack.faults.take_call(called, &[]));
        faults::strike(&effects, act)
    }

    /// Moves the clock forward and keeps by how much. Gives the new now.
    pub fn advance(&self, by: Duration) -> At {
        self.clock.advance(by);
        let ms = self.clock.offset_ms();
        self.act(|slack, now| {
            slack.keep(Change::Offset { ms });
            slack.did(Deed::Advance);
            now
        })
    }

    /// A client connects: what leaves for it comes out of the receiver.
    pub(super) fn connect(&self, ticket: &str) -> Result<(SocketId, mpsc::UnboundedReceiver<Out>), Refusal> {
        let mut inner = self.lock();
        let id = inner.slack.socket_connected(ticket, self.clock.now())?;
        let (tx, rx) = mpsc::unbounded_channel();
        inner.sockets.insert(id, tx);
        self.flush(&mut inner);
        drop(inner);
        self.wake.notify_one();
        Ok((id, rx))
    }

    pub(super) fn disconnected(&self, id: SocketId) {
        self.lock().sockets.remove(&id);
        self.act(|slack, _| slack.socket_closed(id));
    }

    /// What a person's act came to: waits until the app acknowledged, or 3 seconds of the sandbox's clock are over.
    pub async fn verdict(&self, envelope: &str) -> Verdict {
        let mut changed = self.changed();
        let asked = async {
            loop {
                if let Some(verdict) = self.act(|slack, _| slack.take_verdict(envelope)) {
                    return verdict;
                }
                // The sender lives as long as we do.
                let _ = changed.changed().await;
            }
        };
        tokio::time::timeout(VERDICT, asked).await.unwrap_or_else(|_| Verdict {
            ok: false,
            body: serde_json::json!({"error": "operation_timeout", "why": "no verdict within 20 seconds"}),
        })
    }

    pub(super) async fn run_timer(self: Arc<Self>) {
        loop {
            self.tick(|_, _| ());
            let next = self.lock().slack.next_wake();
            match next {
                Some(at) => tokio::select! {
                    () = self.clock.sleep_until(at) => {}
                    () = self.wake.notified() => {}
                },
                None => self.wake.notified().await,
            }
        }
    }
}
