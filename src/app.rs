//! The composition root: the only file that names every part. It constructs and connects; it decides nothing.
//!
//! `run` and `demo` start the same [`App`]; they differ in what they pass in.

use crate::alertmanager;
use crate::clock::Clock;
use crate::config::{AppConfig, Loaded};
use crate::dnd;
use crate::domain::stamp::At;
use crate::domain::world::rows::{closed_key, read_incident_row, read_timeline_row, timeline_prefix};
use crate::door::Door;
use crate::drafts::Drafts;
use crate::gaps;
use crate::health::Health;
use crate::ingest::heartbeat::Heartbeat;
use crate::ingest::{self, IngestConfig, Secrets};
use crate::intake::PumpIntake;
use crate::kept::Kept;
use crate::methods::Methods;
use crate::methods::answers::Desk;
use crate::notices::Notices;
use crate::outbox::Outbox;
use crate::outbox::driver::{self as outbox_driver, OutboxHandle, Senders};
use crate::outbox::ledger::{self, Ledger};
use crate::pump::driver::{self as pump_driver, Board, Parts};
use crate::pump::{Fatal, Pump, Replayer};
use crate::reach;
use crate::record::Salt;
use crate::reload::{Keeper, Reload, Watch};
use crate::slack::handler::home::Homes;
use crate::slack::handler::people::Faces;
use crate::slack::handler::{Archive, Handler, History, Reaction};
use crate::slack::{self, SlackClient, SocketConfig};
use crate::store::Store;
use crate::store::StoreError;
use crate::store::disk::RealDisk;
use crate::store::embedded::{EmbeddedStore, Options};
use crate::store::layout::Layout;
use crate::store::sled_rows::SledSource;
use crate::store::verify::{self, Report};
use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Prefixes of rows that a start does not read: what is closed.
pub const HISTORY: &[&[u8]] = &[b"c/", b"k/", b"t/"];
/// Prefixes of rows that no frame leads to: what was last shown.
pub const BESIDE: &[&[u8]] = &[ledger::PREFIX];
/// A stop takes at most about this long in all.
const STOP: Duration = Duration::from_secs(9);
/// Snapshots, archives and gauges are looked after this often.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// What an [`App`] is started with.
pub struct Start {
    pub loaded: Loaded,
    pub listen: SocketAddr,
    pub clock: Clock,
    pub slack_api: Url,
    pub bot_token: SecretString,
    pub app_token: SecretString,
    pub metrics: Option<PrometheusHandle>,
    /// Where `loaded` came from, and a changed one will.
    pub watch: Watch,
}

/// A running pager.
pub struct App {
    addr: SocketAddr,
    health: Arc<Health>,
    quiet: Quiet,
    door: Door,
    store: Arc<EmbeddedStore>,
    intake: Stage,
    sockets: Stage,
    outbox: Stage,
    pump: std::thread::JoinHandle<()>,
}

/// What tells whether anything is under way.
struct Quiet {
    door: Door,
    board: Arc<Board>,
    outbox: OutboxHandle,
    clock: Clock,
}

/// A task, and how it is told to stop.
struct Stage {
    token: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Stage {
    fn new() -> Self {
        Self { token: CancellationToken::new(), tasks: Vec::new() }
    }

    async fn stop(self) {
        self.token.cancel();
        for task in self.tasks {
            let _ = task.await;
        }
    }
}

impl App {
    /// Opens the data directory, starts everything, and listens.
    ///
    /// # Errors
    /// The data directory is in use or damaged, or the port is taken. Slack being away is no error.
    pub async fn start(start: Start, data_dir: &Path) -> anyhow::Result<Self> {
        let Start { loaded, listen, clock, slack_api, bot_token, app_token, metrics, watch } = start;
        let Loaded { directory, app, text, sha256, .. } = loaded;
        let keeper = Keeper::new(app.clone(), directory.clone());
        let AppConfig { heartbeat_url, commands, timeline_reaction, .. } = app;
        let in_force = text.clone();
        let listener =
            TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}: is it taken?"))?;
        let addr = listener.local_addr()?;
        let store = Arc::new(open_store(data_dir));
        let booted = {
            let (store, clock) = (store.clone(), clock.clone());
            tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
                let salt: Box<dyn FnMut() -> Salt + Send> = Box::new(rand::random);
                let before_frames = move |store: &EmbeddedStore| store.put_config(&sha256, &text);
                let reading = || pump_driver::reading(&clock);
                Ok(Pump::boot(store.clone(), Arc::new(directory), &reading, salt, &|| before_frames(&store))?)
            })
            .await??
        };
        let opened = booted.opened.clone();
        let door = Door::new();
        let board = Arc::new(Board::new(booted.pump.snapshot().clone()));
        let client = SlackClient::new(slack_api.clone(), bot_token)?;
        let ledger = Ledger::load(&*store)?;
        let outbox =
            Outbox::new(booted.pump.snapshot().clone(), ledger, &booted.replayed, opened.paused, At(clock.steady_ms()));
        let (failed, failures) = tokio::sync::mpsc::channel(outbox_driver::FAILURES);
        let handle = OutboxHandle::new(outbox, failed);
        let notices = Notices::new(client.clone(), board.clone(), opened.paused);

        let rows = handle.clone();
        let pump = pump_driver::start(
            booted,
            Parts {
                store: store.clone(),
                door: door.clone(),
                board: board.clone(),
                clock: clock.clone(),
                more_rows: Box::new(move || rows.take_rows()),
                on_fatal: on_fatal(notices.clone()),
            },
        )?;

        let mut outbox = Stage::new();
        let token = outbox.token.clone();
        let env = watch.env.clone();
        let methods = Methods::new(Arc::new(move |name: &str| env.var(name)));
        let senders = Senders { slack: client.clone(), methods: methods.clone() };
        let sending = outbox_driver::start(handle.clone(), board.clone(), door.clone(), senders, clock.clone(), token);
        outbox.tasks.push(sending);
        outbox.tasks.push(nudge_when_moved(clock.clone(), door.clone(), outbox.token.clone()));

        let quiet = Quiet { door: door.clone(), board: board.clone(), outbox: handle.clone(), clock: clock.clone() };
        let reaction = reaction(timeline_reaction, &Layout::new(data_dir), clock.now());
        let mut sockets = Stage::new();
        let drafts = Drafts::of(data_dir);
        if let Err(error) = drafts.tidy() {
            tracing::warn!(%error, "drafts of playbooks cannot be put in order");
        }
        let handler = Handler {
            door: door.clone(),
            board: board.clone(),
            client: client.clone(),
            clock: clock.clone(),
            outbox: handle.clone(),
            commands,
            paused: opened.paused,
            archive: archive(store.clone()),
            history: history(store.clone()),
            faces: Faces::default(),
            homes: Homes::default(),
            drafts,
            reaction: reaction.clone(),
        };
        if let Some(Reaction { kept, .. }) = reaction {
            sockets.tasks.push(kept.start(clock.clone(), sockets.token.clone()));
        }
        sockets.tasks.push(tokio::spawn(handler.clone().show_requests(sockets.token.clone())));
        sockets.tasks.push(tokio::spawn(handler.clone().keep_homes(sockets.token.clone())));
        let config = SocketConfig::new(slack_api, app_token);
        let (listening, status) = slack::run(config, clock.clone(), handler, sockets.token.clone());
        sockets.tasks.push(listening);

        let standing = tokio::sync::watch::Sender::default();
        let health = Arc::new(Health {
            board: board.clone(),
            outbox: handle,
            sockets: status,
            clock: clock.clone(),
            paused: opened.paused,
            config: standing.subscribe(),
        });
        let mut intake = Stage::new();
        if let Some(url) = heartbeat_url {
            let healthy = health.clone();
            let beating = Heartbeat::new(url.as_str(), clock.clone())?;
            intake.tasks.push(beating.start(move || healthy.why_not(), intake.token.clone()));
        }
        let env = watch.env.clone();
        let secrets = Secrets::new(move |name| env.var(name));
        let ingest = IngestConfig { metrics, secrets, ..IngestConfig::default() };
        let unknown = ingest.unknown_keys.clone();
        let (told, stored) = (notices.clone(), store.clone());
        let reload = Reload { watch, store: stored, door: door.clone(), client, notices: told, standing };
        let dnd = dnd::Watch {
            client: reload.client.clone(),
            board: board.clone(),
            door: door.clone(),
            clock: clock.clone(),
            notices: notices.clone(),
        };
        intake.tasks.push(dnd.start(intake.token.clone()));
        if !opened.paused {
            let (board, door, clock) = (board.clone(), door.clone(), clock.clone());
            let mirror = alertmanager::Mirror { client: alertmanager::client()?, board, door, clock };
            intake.tasks.push(mirror.start(intake.token.clone()));
        }
        let gaps = gaps::Watch { board: board.clone(), clock: clock.clone(), notices: notices.clone() };
        intake.tasks.push(gaps.start(intake.token.clone()));
        intake.tasks.push(tokio::spawn(reload.run(keeper, in_force, intake.token.clone())));
        let reach = reach::Watch {
            sockets: health.sockets.clone(),
            outbox: health.outbox.clone(),
            board: board.clone(),
            door: door.clone(),
            clock: clock.clone(),
        };
        intake.tasks.push(reach.start(intake.token.clone()));
        let behind = PumpIntake {
            door: door.clone(),
            board: board.clone(),
            health: health.clone(),
            desk: Desk { methods, board: board.clone(), door: door.clone(), settled: 0.into() },
            epoch: opened.epoch.0,
            deliveries: 0.into(),
        };
        intake.tasks.push(ingest::serve(listener, Arc::new(behind), ingest, intake.token.clone()));
        intake.tasks.push(housekeeping(health.clone(), store.clone(), clock.clone(), intake.token.clone()));
        intake.tasks.push(notices.start(opened.notices, unknown, failures, clock, intake.token.clone()));
        Ok(Self { addr, health, quiet, door, store, intake, sockets, outbox, pump })
    }

    /// Where monitors send to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Nothing is being decided or sent, and nothing is due: until the clock moves or somebody says something, nothing
    /// happens. What a click leads to beside the pump (a window, a private answer) is not looked at.
    pub fn is_quiet(&self) -> bool {
        let Quiet { door, board, outbox, clock } = &self.quiet;
        let before = board.snapshot();
        let due = before.world.next_wake().is_some_and(|at| at <= clock.now());
        let quiet = !due && door.is_quiet() && board.is_taken() && outbox.is_quiet(clock.steady_ms());
        // What one part hands to the next while this looks leaves a trace in the state.
        quiet && board.snapshot().seq == before.seq
    }

    /// Stops in the order in which things flow: no more alerts, no more clicks, what waits is decided, what is being
    /// sent is finished, the rows are written.
    pub async fn stop(self) {
        let Self { door, store, intake, sockets, outbox, pump, .. } = self;
        let orderly = async {
            tokio::join!(intake.stop(), sockets.stop());
            outbox.stop().await;
            door.stop();
            let _ = tokio::task::spawn_blocking(move || pump.join()).await;
            if let Err(e) = store.close() {
                tracing::error!(error = %e, "the store did not close cleanly; the next start repairs what is left");
            }
        };
        if tokio::time::timeout(STOP, orderly).await.is_err() {
            tracing::warn!("stopping took too long; what is left is found at the next start");
        }
    }
}

/// The store of a data directory as this program uses it.
pub fn open_store(data_dir: &Path) -> EmbeddedStore {
    EmbeddedStore::new(data_dir, options())
}

/// The same, for a command that looks or copies and is gone again: no thread that does chores.
pub fn open_store_briefly(data_dir: &Path) -> EmbeddedStore {
    EmbeddedStore::new(data_dir, Options { helper: false, ..options() })
}

/// Reads a stopped data directory from end to end.
///
/// # Errors
/// When a process uses it, or the operating system refuses.
pub fn verify_store(data_dir: &Path) -> Result<Report, StoreError> {
    let (layout, options) = (Layout::new(data_dir), options());
    let rows = SledSource::new(layout.sled(), options.rows_cache_bytes);
    verify::verify(&RealDisk::shared(), &layout, &rows, &options, &mut Replayer::new(BESIDE))
}

fn options() -> Options {
    Options { history: HISTORY, ..Options::default() }
}

/// The pump and the outbox sleep by the clock: moved forward, they must look again.
fn nudge_when_moved(clock: Clock, door: Door, token: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut moved = clock.moved();
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                changed = moved.changed() => match changed {
                    Ok(()) => door.nudge(),
                    Err(_) => return,
                },
            }
        }
    })
}

fn housekeeping(
    health: Arc<Health>,
    store: Arc<EmbeddedStore>,
    clock: Clock,
    token: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(HOUSEKEEPING) => {}
            }
            health.sample();
            let (store, now) = (store.clone(), clock.now());
            let taken = tokio::task::spawn_blocking(move || store.maintain(now)).await;
            match taken {
                Ok(Ok(Some(taken))) => tracing::info!(?taken, "snapshot taken"),
                Ok(Ok(None)) => {}
                Ok(Err(e)) => tracing::error!(error = %e, "the snapshot did not work; it is tried again"),
                Err(e) => tracing::error!(error = %e, "housekeeping ended early"),
            }
        }
    })
}

/// What a reaction needs, where one is configured; where none is, nothing is kept any more. Without it everything else goes on.
fn reaction(emoji: Option<String>, layout: &Layout, now: At) -> Option<Reaction> {
    let path = layout.threads();
    let Some(emoji) = emoji else {
        if let Err(error) = Kept::remove(&RealDisk, &path) {
            tracing::warn!(%error, path = %path.display(), "what was kept of our threads is still there");
        }
        return None;
    };
    match Kept::open(RealDisk::shared(), &path, now) {
        Ok(kept) => Some(Reaction { emoji: emoji.into(), kept }),
        Err(error) => {
            tracing::error!(%error, path = %path.display(), "reactions put nothing into timelines: this cannot be opened");
            None
        }
    }
}

fn archive(store: Arc<EmbeddedStore>) -> Archive {
    Arc::new(move |no| {
        let key = closed_key(no);
        let value = store.get(&key).ok().flatten()?;
        read_incident_row(&key, &value).ok()
    })
}

/// Timeline entries that left memory, the newest first.
fn history(store: Arc<EmbeddedStore>) -> History {
    Arc::new(move |no, most| {
        let prefix = timeline_prefix(no);
        let mut entries = Vec::new();
        let scanned = store.scan(&prefix, true, &mut |key, value| {
            entries.extend(read_timeline_row(key, value));
            entries.len() < most
        });
        if let Err(e) = scanned {
            tracing::error!(error = %e, "a timeline could not be read to its beginning");
        }
        entries
    })
}

/// Whether the last write is on disk is not known, or another writer took over: say so by a path that needs no store,
/// and end. The next start finds out.
fn on_fatal(notices: Notices) -> Box<dyn FnOnce(Fatal) + Send> {
    let runtime = tokio::runtime::Handle::current();
    Box::new(move |fatal| {
        let why = match fatal {
            Fatal::Unknown(why) => format!("a write to the journal failed and may or may not be on disk: {why}"),
            Fatal::Fenced(why) => format!("another process took over this data: {why}"),
        };
        tracing::error!(why, "stopping at once; start me again");
        let text =
            format!(":rotating_light: Warridor stopped: {why}. Start it again; nothing that was answered is lost.");
        runtime.block_on(notices.say_now(text));
        std::process::exit(1);
    })
}
