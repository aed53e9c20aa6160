//! The server: one port, plain HTTP/1.1. It accepts, hands each connection to a task, and on the way out finishes what
//! it began.

use super::connections::{Connections, Seat, Watched};
use super::limits::ServerLimits;
use super::service::Door;
use super::signature::Secrets;
use super::{Intake, UnknownKeys};
use crate::clock::Clock;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::PrometheusHandle;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The longest header of a request, and the piece in which a body is read, in bytes.
const BUFFER_BYTES: usize = 32 * 1024;
/// Metrics are swept this often, so that histograms do not pile up between two scrapes.
const UPKEEP: Duration = Duration::from_secs(5);
/// No more file descriptors: wait this long before accepting again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// For a connection that is one too many. It has no body, so that writing it never blocks.
const ONE_TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What the server needs besides its [`Intake`].
#[derive(Clone)]
pub struct IngestConfig {
    pub limits: ServerLimits,
    /// Filled here, drained by whoever tells the admin channel.
    pub unknown_keys: Arc<UnknownKeys>,
    /// What `/metrics` shows; without it the path answers 404. Install its recorder before calling [`serve`].
    pub metrics: Option<PrometheusHandle>,
    /// Where the secrets are with which senders sign.
    pub secrets: Secrets,
    /// The real time, also in a demo whose clock was moved: it is compared with what senders sign.
    pub clock: Clock,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            limits: ServerLimits::default(),
            unknown_keys: Arc::default(),
            metrics: None,
            secrets: Secrets::default(),
            clock: Clock::system(0),
        }
    }
}

/// Serves until `shutdown`, then stops accepting, finishes the requests in flight for at most `limits.drain`, and ends.
pub fn serve<I: Intake>(
    listener: TcpListener,
    intake: Arc<I>,
    config: IngestConfig,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let mut config = config;
    config.limits.connections = config.limits.connections.min(places_allowed());
    let connections = Connections::new(config.limits);
    let drain = config.limits.drain;
    let door = Arc::new(Door::new(intake, config, connections.clone()));
    tokio::spawn(async move {
        let tasks = TaskTracker::new();
        let housekeeping = async {
            tokio::join!(connections.reap(), upkeep(&door));
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = accept(&listener, &connections, &door, &shutdown, &tasks) => {}
            () = housekeeping => {}
        }
        drop(listener);
        tasks.close();
        if tokio::time::timeout(drain, tasks.wait()).await.is_err() {
            tracing::warn!(connections = connections.len(), "cutting off requests that did not finish in time");
            connections.dismiss_all();
            let _ = tokio::time::timeout(ACCEPT_PAUSE, tasks.wait()).await;
        }
    })
}

/// Three quarters of the files this process may open: paging and the store need some as well, above all in a flood.
fn places_allowed() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = files.and_then(|values| values.split_whitespace().next()?.parse::<usize>().ok());
    soft.map_or(usize::MAX, |files| (files / 4 * 3).max(16))
}

async fn upkeep<I: Intake>(door: &Door<I>) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        door.upkeep();
    }
}

async fn accept<I: Intake>(
    listener: &TcpListener,
    connections: &Arc<Connections>,
    door: &Arc<Door<I>>,
    shutdown: &CancellationToken,
    tasks: &TaskTracker,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => match connections.enter() {
                Some(seat) => {
                    if seat.evicted {
                        door.metrics.evicted.increment(1);
                    }
                    tasks.spawn(connection(stream, peer.ip(), seat, door.clone(), shutdown.clone()));
                }
                None => {
                    door.metrics.refused.increment(1);
                    let _ = stream.try_write(ONE_TOO_MANY);
                }
            },
            Err(e) if is_of_one_connection(&e) => {}
            Err(e) => {
                // Most likely out of file descriptors: make room rather than wait for somebody to leave.
                tracing::warn!(error = %e, "cannot accept connections");
                connections.evict_one();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// The peer went away before it was accepted.
fn is_of_one_connection(e: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(e.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn connection<I: Intake>(
    stream: TcpStream,
    peer: IpAddr,
    seat: Seat,
    door: Arc<Door<I>>,
    shutdown: CancellationToken,
) {
    // Answers are small and somebody waits for each.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let (door, place) = (&door, &seat.place);
        async move {
            if !place.begin_request() {
                return Err(io::Error::from(io::ErrorKind::ConnectionAborted));
            }
            let response = door.answer(request, peer).await;
            place.end_request();
            Ok(response)
        }
    });
    let io = TokioIo::new(Watched::new(stream, seat.place.clone()));
    let serving =
        http1::Builder::new().max_buf_size(BUFFER_BYTES).header_read_timeout(None).serve_connection(io, service);
    tokio::pin!(serving);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            _ = serving.as_mut() => return,
            () = seat.place.told_to_leave() => return,
            () = shutdown.cancelled(), if !stopping => {
                stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}
