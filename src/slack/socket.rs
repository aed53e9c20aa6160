//! The socket loop: does what the [`Supervisor`] says and tells it what happened.
//!
//! The library's own Socket Mode listener loses acknowledgements, reconnects without back-off and serves one envelope at
//! a time, so only its `apps.connections.open` is used. Each socket is one task; handlers run beside them; the only
//! thing between them is channels. Deliberately absent: any decision about *when*.

mod conn;
mod open;

use super::dispatch::{DispatchLimits, Dispatcher, EnvelopeHandler};
use super::real;
use super::supervisor::{Command, ConnId, Event, SocketStatus, Supervisor, SupervisorConfig};
use crate::clock::Clock;
use crate::domain::stamp::At;
use conn::{Order, SocketLimits};
use futures_util::FutureExt;
use open::Opener;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use url::Url;

/// Events that wait for the supervisor at most; a socket that has more to tell waits.
pub const EVENTS_MAX: usize = 1_024;
/// While there is no socket, the status is published at least this often.
const STATUS_EVERY_MS: i64 = 1_000;

/// What the socket loop needs.
#[derive(Clone, Debug)]
pub struct SocketConfig {
    /// The Web API, such as `https://slack.com/api`.
    pub api_url: Url,
    /// The app-level token (`xapp-…`, scope `connections:write`).
    pub app_token: SecretString,
    /// When sockets are opened, replaced and closed.
    pub supervisor: SupervisorConfig,
    /// How many handlers run, and for how long.
    pub dispatch: DispatchLimits,
    /// A frame that cannot be written for this long means the socket is lost.
    pub write_timeout: Duration,
    /// Seeds the jitter; random when `None`.
    pub seed: Option<u64>,
}

impl SocketConfig {
    /// The numbers for the real Slack.
    pub fn new(api_url: Url, app_token: SecretString) -> Self {
        Self {
            api_url,
            app_token,
            supervisor: SupervisorConfig::default(),
            dispatch: DispatchLimits::default(),
            write_timeout: Duration::from_secs(5),
            seed: None,
        }
    }
}

/// Starts the socket loop. It ends by itself after `shutdown` is cancelled: at once when nothing is in flight, within 8 s
/// otherwise, every acknowledgement that is ready being written first. The receiver always holds how the sockets are;
/// alarms are part of it, and are logged.
pub fn run<H: EnvelopeHandler>(
    config: SocketConfig,
    clock: Clock,
    handler: H,
    shutdown: CancellationToken,
) -> (JoinHandle<()>, watch::Receiver<SocketStatus>) {
    let (status, receiver) = watch::channel(SocketStatus::default());
    let (events, inbox) = mpsc::channel(EVENTS_MAX);
    let stop = CancellationToken::new();
    let limits = SocketLimits {
        write: config.write_timeout,
        close: Duration::from_millis(config.supervisor.close_timeout_ms.unsigned_abs()),
    };
    #[allow(clippy::disallowed_methods)] // the machine's jitter is seeded here, and nowhere else
    let seed = config.seed.unwrap_or_else(rand::random);
    let driver = Driver {
        supervisor: Supervisor::new(config.supervisor, seed),
        dispatcher: Dispatcher::new(handler, clock.clone(), config.dispatch, stop.clone()),
        opener: Arc::new(Opener::new(config.api_url, config.app_token)),
        limits,
        clock,
        conns: BTreeMap::new(),
        tasks: JoinSet::new(),
        events,
        status,
    };
    let task = async move {
        driver.run(inbox, shutdown).await;
        stop.cancel();
    };
    (tokio::spawn(task), receiver)
}

struct Driver<H> {
    supervisor: Supervisor,
    dispatcher: Arc<Dispatcher<H>>,
    opener: Arc<Opener>,
    limits: SocketLimits,
    clock: Clock,
    conns: BTreeMap<ConnId, Conn>,
    tasks: JoinSet<()>,
    events: mpsc::Sender<Event>,
    status: watch::Sender<SocketStatus>,
}

/// The task that opens or runs a socket.
struct Conn {
    task: AbortHandle,
    orders: Option<mpsc::UnboundedSender<Order>>,
}

impl<H: EnvelopeHandler> Driver<H> {
    async fn run(mut self, mut inbox: mpsc::Receiver<Event>, shutdown: CancellationToken) {
        self.step(Event::Tick);
        while !self.supervisor.is_finished() {
            let nap = self.nap();
            let draining = self.supervisor.status().draining;
            tokio::select! {
                // `self` holds a sender, so this never ends.
                Some(event) = inbox.recv() => self.step(event),
                () = tokio::time::sleep(nap) => self.step(Event::Tick),
                () = shutdown.cancelled(), if !draining => self.step(Event::DrainRequested),
                Some(_) = self.tasks.join_next(), if !self.tasks.is_empty() => {}
            }
        }
        self.tasks.abort_all();
    }

    /// At least a millisecond, so that a wake in the past cannot become a hot loop.
    fn nap(&self) -> Duration {
        let now = real(&self.clock);
        let wake = self.supervisor.next_wake().map_or(60_000, |at| at.0 - now.0);
        let longest = if self.supervisor.status().connected == 0 { STATUS_EVERY_MS } else { 60_000 };
        Duration::from_millis(wake.clamp(1, longest).unsigned_abs())
    }

    fn step(&mut self, event: Event) {
        if let Event::UrlFailed { conn, .. } | Event::ConnectFailed { conn, .. } | Event::Closed { conn, .. } = &event {
            self.conns.remove(conn);
        }
        let now = real(&self.clock);
        let error_before = self.supervisor.status().last_error;
        for command in self.supervisor.step(now, event) {
            self.execute(command);
        }
        let mut status = self.supervisor.status();
        if status.last_error != error_before {
            tracing::warn!(error = status.last_error, connected = status.connected, "trouble with a socket to Slack");
        }
        // People read the wall clock; whole seconds, so that not every frame wakes whoever watches.
        let wall = self.clock.now();
        status.last_inbound = status.last_inbound.map(|at| At((wall.0 - (now.0 - at.0)) / 1_000 * 1_000));
        self.status.send_if_modified(|published| {
            let is_news = *published != status;
            *published = status;
            is_news
        });
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::OpenUrl { conn } => {
                let (opener, events) = (self.opener.clone(), self.events.clone());
                self.start(conn, None, async move {
                    let event = match opener.open().await {
                        Ok(url) => Event::UrlOpened { conn, url },
                        Err(failed) => {
                            Event::UrlFailed { conn, error: failed.error, retry_after_ms: failed.retry_after_ms }
                        }
                    };
                    let _ = events.send(event).await;
                });
            }
            Command::Connect { conn, url } => {
                let (opener, events) = (self.opener.clone(), self.events.clone());
                let (dispatcher, limits) = (self.dispatcher.clone(), self.limits);
                let (orders, inbox) = mpsc::unbounded_channel();
                self.start(conn, Some(orders), async move {
                    let event = match opener.connect(&url).await {
                        Ok(socket) => {
                            let _ = events.send(Event::Connected { conn }).await;
                            let why = conn::converse(conn, socket, &events, inbox, &dispatcher, limits).await;
                            Event::Closed { conn, why }
                        }
                        Err(error) => Event::ConnectFailed { conn, error },
                    };
                    let _ = events.send(event).await;
                });
            }
            Command::Ping { conn } => self.order(conn, Order::Ping),
            Command::Close { conn } => self.order(conn, Order::Close),
            Command::Abort { conn } => {
                if let Some(conn) = self.conns.remove(&conn) {
                    conn.task.abort();
                }
            }
            Command::Alarm(alarm) => tracing::error!(alarm = ?alarm.kind, "{}", alarm.text),
            Command::AllClear(kind) => tracing::info!(alarm = ?kind, "the alarm is over"),
        }
    }

    /// A task that panics tells so like any other end.
    fn start(
        &mut self,
        conn: ConnId,
        orders: Option<mpsc::UnboundedSender<Order>>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let events = self.events.clone();
        let task = self.tasks.spawn(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                let _ = events.send(Event::Closed { conn, why: "its task panicked".to_owned() }).await;
            }
        });
        self.conns.insert(conn, Conn { task, orders });
    }

    fn order(&self, conn: ConnId, order: Order) {
        if let Some(orders) = self.conns.get(&conn).and_then(|c| c.orders.as_ref()) {
            // A socket that has just ended tells so itself.
            let _ = orders.send(order);
        }
    }
}
