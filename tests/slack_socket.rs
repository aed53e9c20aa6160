//! The real socket loop over real sockets, against a Slack written here. Times are short and injected; every wait is for
//! something to happen, none hopes.
#![allow(clippy::disallowed_methods)] // real sockets are measured in real time

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use warridor::clock::Clock;
use warridor::slack::dispatch::DispatchLimits;
use warridor::slack::{AlarmKind, Envelope, EnvelopeHandler, Handled, SocketConfig, SocketStatus, run};

/// No wait takes longer than this; reaching it is a failure.
const PATIENCE: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// What `apps.connections.open` answers.
#[derive(Clone)]
enum Opens {
    Well,
    Refused(&'static str),
    /// An address that wants TLS where none is spoken.
    WantsTls,
    Never,
}

/// A Slack: `apps.connections.open` over HTTP, and WebSockets handed to the test as they arrive.
struct Slack {
    api_url: url::Url,
    opens: Arc<AtomicUsize>,
    answer: Arc<Mutex<Opens>>,
    sockets: mpsc::UnboundedReceiver<TcpStream>,
}

impl Slack {
    async fn start() -> Self {
        let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let ws = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api_url = format!("http://{}/api", web.local_addr().unwrap()).parse().unwrap();
        let socket_url = format!("ws://{}/link/?ticket=ticket-secret", ws.local_addr().unwrap());
        let opens = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(Mutex::new(Opens::Well));
        let (counted, answers) = (opens.clone(), answer.clone());
        let open = move || async move {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answers.lock().unwrap().clone();
            axum::Json(match answer {
                Opens::Well => json!({"ok": true, "url": socket_url}),
                Opens::Refused(error) => json!({"ok": false, "error": error}),
                Opens::WantsTls => json!({"ok": true, "url": socket_url.replace("ws://", "wss://")}),
                Opens::Never => std::future::pending().await,
            })
        };
        let routes = axum::Router::new().route("/api/apps.connections.open", axum::routing::post(open));
        tokio::spawn(async move { axum::serve(web, routes).await });
        let (accepted, sockets) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = ws.accept().await {
                if accepted.send(stream).is_err() {
                    return;
                }
            }
        });
        Self { api_url, opens, answer, sockets }
    }

    fn opens(&self) -> usize {
        self.opens.load(Ordering::SeqCst)
    }

    async fn tcp(&mut self) -> TcpStream {
        soon("a connection", self.sockets.recv()).await.unwrap()
    }

    /// The next socket, upgraded, without a `hello`.
    async fn mute(&mut self) -> Socket {
        let tcp = self.tcp().await;
        Socket(soon("an upgrade", tokio_tungstenite::accept_async(tcp)).await.unwrap())
    }

    /// The next socket, after its `hello`.
    async fn socket(&mut self) -> Socket {
        let mut socket = self.mute().await;
        socket.send(json!({"type": "hello", "num_connections": 1})).await;
        socket
    }
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn send(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn envelope(&mut self, id: &str) {
        self.send(json!({"type": "interactive", "envelope_id": id, "payload": {}, "accepts_response_payload": true}))
            .await;
    }

    /// The next acknowledgement; pings are answered on the way.
    async fn ack(&mut self) -> Value {
        soon("an acknowledgement", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).unwrap(),
                    Some(Ok(Message::Ping(_))) => {}
                    other => panic!("instead of an acknowledgement: {other:?}"),
                }
            }
        })
        .await
    }

    async fn acked_id(&mut self) -> String {
        self.ack().await["envelope_id"].as_str().unwrap().to_owned()
    }

    /// Everything until the other side closes: the acknowledgements, and whether a close frame came.
    async fn rest(&mut self) -> (Vec<Value>, bool) {
        let mut acks = Vec::new();
        let closed = soon("the end of the socket", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => acks.push(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(_))) => return true,
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return false,
                }
            }
        })
        .await;
        (acks, closed)
    }

    /// Reads, and so answers pings, until dropped.
    async fn serve(mut self) {
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

/// Patient numbers, so that a busy machine changes nothing; each test shortens those it is about.
fn config(slack: &Slack) -> SocketConfig {
    let mut config = SocketConfig::new(slack.api_url.clone(), "xapp-secret".into());
    config.supervisor.backoff_base_ms = 20;
    config.supervisor.backoff_cap_ms = 100;
    config.supervisor.opens_per_minute = 1_000;
    config.supervisor.quiet_ms = 50;
    config.supervisor.close_timeout_ms = 300;
    config
}

fn one_socket(slack: &Slack) -> SocketConfig {
    let mut config = config(slack);
    config.supervisor.connections = 1;
    config
}

struct Loop {
    task: JoinHandle<()>,
    status: watch::Receiver<SocketStatus>,
    shutdown: CancellationToken,
}

impl Loop {
    async fn until(&mut self, what: &str, is: impl FnMut(&SocketStatus) -> bool) -> SocketStatus {
        soon(what, self.status.wait_for(is)).await.unwrap().clone()
    }
}

fn start(config: SocketConfig, handler: impl EnvelopeHandler) -> Loop {
    let shutdown = CancellationToken::new();
    let (task, status) = run(config, Clock::system(0), handler, shutdown.clone());
    Loop { task, status, shutdown }
}

/// A handler made of a function.
struct Handle<F>(F);

impl<F, Fut> EnvelopeHandler for Handle<F>
where
    F: Fn(String) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Handled> + Send,
{
    async fn handle(&self, envelope: Envelope) -> Handled {
        (self.0)(envelope.envelope_id).await
    }
}

fn acks_all() -> impl EnvelopeHandler {
    Handle(|_| async { Handled::Ack(None) })
}

#[tokio::test]
async fn two_sockets_are_opened_and_envelopes_of_both_are_acknowledged() {
    let mut slack = Slack::start().await;
    let mut socks = start(config(&slack), Handle(|id| async move { Handled::Ack(Some(json!({ "for": id }))) }));
    let (mut a, mut b) = (slack.socket().await, slack.socket().await);
    a.envelope("e-a").await;
    b.envelope("e-b").await;
    assert_eq!(a.ack().await, json!({"envelope_id": "e-a", "payload": {"for": "e-a"}}));
    assert_eq!(b.ack().await, json!({"envelope_id": "e-b", "payload": {"for": "e-b"}}));
    let status = socks.until("two sockets", |s| s.connected == 2).await;
    assert!(status.is_ready());
    assert_eq!((status.opened, slack.opens()), (2, 2));
}

#[tokio::test]
async fn acknowledgements_after_a_disconnect_all_arrive() {
    let mut slack = Slack::start().await;
    let release = Arc::new(Notify::new());
    let gate = release.clone();
    let handling = Arc::new(AtomicUsize::new(0));
    let arrived = handling.clone();
    let mut config = one_socket(&slack);
    config.dispatch.handlers = 120;
    let _loop = start(
        config,
        Handle(move |_| {
            let (gate, arrived) = (gate.clone(), arrived.clone());
            async move {
                let released = gate.notified();
                arrived.fetch_add(1, Ordering::SeqCst);
                released.await;
                Handled::Ack(None)
            }
        }),
    );
    let mut old = slack.socket().await;
    for n in 0..120 {
        old.envelope(&format!("e{n}")).await;
    }
    old.send(json!({"type": "disconnect", "reason": "refresh_requested"})).await;
    // The replacement is live, and the old one is kept for what is in flight on it.
    let new = tokio::spawn(slack.socket().await.serve());
    soon("every handler", async {
        while handling.load(Ordering::SeqCst) < 120 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    release.notify_waiters();
    let (acks, said_goodbye) = old.rest().await;
    assert_eq!(acks.len(), 120);
    assert!(said_goodbye);
    let ids: std::collections::BTreeSet<&str> = acks.iter().filter_map(|a| a["envelope_id"].as_str()).collect();
    assert_eq!(ids.len(), 120);
    new.abort();
}

#[tokio::test]
async fn a_half_open_socket_is_replaced_and_the_other_serves() {
    let mut slack = Slack::start().await;
    let mut config = config(&slack);
    config.supervisor.ping_after_ms = 100;
    config.supervisor.dead_after_ms = 400;
    config.supervisor.pong_grace_ms = 200;
    let mut socks = start(config, acks_all());
    let (dead, mut good) = (slack.socket().await, slack.socket().await);
    socks.until("two sockets", |s| s.connected == 2).await;
    // Nobody reads `dead` any more, and nobody closes it.
    let (acked, served) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        good.envelope("meanwhile").await;
        let _ = acked.send(good.acked_id().await);
        good.serve().await;
    });
    let mut new = slack.socket().await;
    new.envelope("on the new one").await;
    assert_eq!(new.acked_id().await, "on the new one");
    let status = socks.until("two sockets again", |s| s.opened == 3 && s.connected == 2).await;
    assert!(status.last_error.is_some_and(|e| e.contains("silent")));
    assert_eq!(soon("the other socket", served).await.as_deref(), Ok("meanwhile"));
    drop(dead);
}

#[tokio::test]
async fn a_panic_in_a_handler_is_contained() {
    let mut slack = Slack::start().await;
    let seen = Arc::new(Mutex::new(std::collections::BTreeSet::new()));
    let _loop = start(
        one_socket(&slack),
        Handle(move |id: String| {
            let is_first = seen.lock().unwrap().insert(id.clone());
            assert!(!is_first || id != "at once", "before the future");
            async move {
                assert!(!is_first || id != "later", "inside the future");
                Handled::Ack(None)
            }
        }),
    );
    let mut socket = slack.socket().await;
    for id in ["at once", "later", "well"] {
        socket.envelope(id).await;
    }
    assert_eq!(socket.acked_id().await, "well", "the same socket goes on, and a panic is not acknowledged");
    for id in ["at once", "later"] {
        socket.envelope(id).await;
        assert_eq!(socket.acked_id().await, id, "a panic is forgotten: sent again, it is handled anew");
    }
    // Nothing counts as in flight any more: the socket goes as soon as it is replaced.
    socket.send(json!({"type": "disconnect", "reason": "warning"})).await;
    tokio::spawn(slack.socket().await.serve());
    assert_eq!(timeout(Duration::from_secs(2), socket.rest()).await, Ok((vec![], true)));
    assert_eq!(slack.opens(), 2);
}

#[tokio::test]
async fn an_envelope_delivered_again_is_handled_once_and_acknowledged_each_time() {
    let mut slack = Slack::start().await;
    let handled = Arc::new(AtomicUsize::new(0));
    let (count, release) = (handled.clone(), Arc::new(Notify::new()));
    let gate = release.clone();
    let _loop = start(
        config(&slack),
        Handle(move |id: String| {
            let (count, gate) = (count.clone(), gate.clone());
            async move {
                if id == "marker" {
                    return Handled::Ack(None);
                }
                let n = count.fetch_add(1, Ordering::SeqCst);
                gate.notified().await;
                Handled::Ack(Some(json!({ "n": n })))
            }
        }),
    );
    let (mut a, mut b) = (slack.socket().await, slack.socket().await);
    a.envelope("twice").await;
    a.envelope("marker").await;
    assert_eq!(a.acked_id().await, "marker", "by now the first is being handled");
    b.envelope("twice").await;
    release.notify_one();
    let answer = json!({"envelope_id": "twice", "payload": {"n": 0}});
    assert_eq!(a.ack().await, answer);
    assert_eq!(b.ack().await, answer, "repeated while it was handled");
    b.envelope("twice").await;
    assert_eq!(b.ack().await, answer, "repeated afterwards");
    assert_eq!(handled.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_the_handler_does_not_acknowledge_is_handled_anew() {
    let mut slack = Slack::start().await;
    let tries = Arc::new(AtomicUsize::new(0));
    let count = tries.clone();
    let _loop = start(
        one_socket(&slack),
        Handle(move |_| {
            let first = count.fetch_add(1, Ordering::SeqCst) == 0;
            async move { if first { Handled::NoAck("not durable".into()) } else { Handled::Ack(None) } }
        }),
    );
    let mut socket = slack.socket().await;
    socket.envelope("e").await;
    soon("the first try", async {
        while tries.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    socket.envelope("e").await;
    assert_eq!(socket.acked_id().await, "e");
    assert_eq!(tries.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn envelopes_are_handled_concurrently() {
    let mut slack = Slack::start().await;
    let together = Arc::new(Barrier::new(64));
    let _loop = start(
        one_socket(&slack),
        Handle(move |_| {
            let together = together.clone();
            async move {
                together.wait().await;
                Handled::Ack(None)
            }
        }),
    );
    let mut socket = slack.socket().await;
    for n in 0..64 {
        socket.envelope(&format!("e{n}")).await;
    }
    for _ in 0..64 {
        socket.ack().await;
    }
}

#[tokio::test]
async fn handlers_and_what_waits_for_them_are_bounded() {
    let mut slack = Slack::start().await;
    let release = Arc::new(tokio::sync::Semaphore::new(0));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (gate, running, peak) = (release.clone(), now.clone(), most.clone());
    let mut config = one_socket(&slack);
    config.dispatch = DispatchLimits { handlers: 3, waiting: 2, ..DispatchLimits::default() };
    let _loop = start(
        config,
        Handle(move |_| {
            let (gate, running, peak) = (gate.clone(), running.clone(), peak.clone());
            async move {
                peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                gate.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
                Handled::Ack(None)
            }
        }),
    );
    let mut socket = slack.socket().await;
    for n in 0..8 {
        socket.envelope(&format!("e{n}")).await;
    }
    soon("the bound", async {
        while now.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    // A ping of ours that comes back was answered after everything before it was read.
    socket.0.send(Message::Ping(Default::default())).await.unwrap();
    soon("a pong", async { while !matches!(socket.0.next().await, Some(Ok(Message::Pong(_)))) {} }).await;
    release.add_permits(100);
    let mut acked = Vec::new();
    for _ in 0..5 {
        acked.push(socket.acked_id().await);
    }
    acked.sort();
    assert_eq!(acked, ["e0", "e1", "e2", "e3", "e4"], "three ran, two waited, three were not taken");
    assert_eq!(most.load(Ordering::SeqCst), 3);
    socket.envelope("later").await;
    assert_eq!(socket.acked_id().await, "later");
}

#[tokio::test]
async fn sockets_without_hello_are_given_up_ever_more_slowly() {
    let mut slack = Slack::start().await;
    let mut config = config(&slack);
    config.supervisor.hello_timeout_ms = 40;
    config.supervisor.backoff_base_ms = 60;
    config.supervisor.backoff_cap_ms = 240;
    let mut socks = start(config, acks_all());
    let began = std::time::Instant::now();
    let mut mute = Vec::new();
    for _ in 0..5 {
        mute.push(slack.mute().await);
    }
    let status = socks.until("the alarm", |s| s.alarms.iter().any(|a| a.kind == AlarmKind::NoHello)).await;
    assert_eq!(status.connected, 0);
    // A sixth may be on its way; without back-off two would have been opened every 40 ms.
    assert!(slack.opens() <= 7, "{} opens", slack.opens());
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(300), "at least 60, 120 and 120 ms apart, not {waited:?}");
    // Whichever socket comes next may be too late for this short limit; one of them is not.
    let recovers = async {
        loop {
            let mut socket = slack.socket().await;
            tokio::spawn(async move {
                socket.envelope("e").await;
                socket.serve().await;
            });
        }
    };
    tokio::select! {
        () = recovers => {}
        _ = socks.until("a socket", |s| s.connected >= 1 && s.since_none_ms.is_none()) => {}
    }
}

#[tokio::test]
async fn a_disconnect_right_after_hello_makes_no_hot_loop() {
    let mut slack = Slack::start().await;
    let mut config = config(&slack);
    config.supervisor.backoff_base_ms = 100;
    config.supervisor.backoff_cap_ms = 10_000;
    let _loop = start(config, acks_all());
    let storm = async {
        loop {
            let mut socket = slack.socket().await;
            socket.send(json!({"type": "disconnect", "reason": "warning"})).await;
            drop(socket);
        }
    };
    assert!(timeout(Duration::from_millis(1_200), storm).await.is_err());
    // 0, 0, then at least 100, 200, 400 and 800 ms apart (half of each wait).
    assert!((2..=6).contains(&slack.opens()), "{} opens", slack.opens());
}

#[tokio::test]
async fn a_connection_that_hangs_before_the_upgrade_is_given_up() {
    let mut slack = Slack::start().await;
    let mut config = one_socket(&slack);
    config.supervisor.connect_timeout_ms = 300;
    let mut socks = start(config, acks_all());
    let hangs = slack.tcp().await;
    let _good = slack.socket().await;
    let status = socks.until("a socket", |s| s.connected == 1).await;
    assert!(status.last_error.is_some_and(|e| e.contains("did not connect in time")));
    drop(hangs);
}

#[tokio::test]
async fn a_call_that_hangs_and_tls_that_fails_are_given_up() {
    let mut slack = Slack::start().await;
    *slack.answer.lock().unwrap() = Opens::Never;
    let mut config = one_socket(&slack);
    config.supervisor.open_timeout_ms = 200;
    let mut socks = start(config, acks_all());
    let error = |s: &SocketStatus| s.last_error.clone().unwrap_or_default();
    socks.until("the open's time limit", |s| error(s).contains("did not answer in time")).await;
    *slack.answer.lock().unwrap() = Opens::WantsTls;
    drop(slack.tcp().await);
    socks.until("the failure of TLS", |s| error(s).contains("could not connect")).await;
    *slack.answer.lock().unwrap() = Opens::Well;
    let recovers = async {
        loop {
            // A connection that still wants TLS fails the upgrade; a later one does not.
            let tcp = slack.tcp().await;
            if let Ok(socket) = tokio_tungstenite::accept_async(tcp).await {
                let mut socket = Socket(socket);
                socket.send(json!({"type": "hello"})).await;
                tokio::spawn(socket.serve());
            }
        }
    };
    tokio::select! {
        () = recovers => {}
        _ = socks.until("a socket", |s| s.connected == 1) => {}
    }
}

#[tokio::test]
async fn a_refused_token_recovers_without_restart() {
    let mut slack = Slack::start().await;
    *slack.answer.lock().unwrap() = Opens::Refused("invalid_auth");
    let mut socks = start(config(&slack), acks_all());
    let status = socks.until("the alarm", |s| s.alarms.iter().any(|a| a.kind == AlarmKind::TokenRefused)).await;
    assert!(!status.is_ready());
    *slack.answer.lock().unwrap() = Opens::Well;
    tokio::spawn(slack.socket().await.serve());
    let status = socks.until("a socket", SocketStatus::is_ready).await;
    assert_eq!(status.alarms, []);
}

#[tokio::test]
async fn what_cannot_be_read_does_not_end_the_socket() {
    let mut slack = Slack::start().await;
    let _loop = start(one_socket(&slack), acks_all());
    let mut socket = slack.socket().await;
    socket.0.send(Message::text("{")).await.unwrap();
    socket.0.send(Message::Binary(vec![0, 159, 146, 150].into())).await.unwrap();
    socket.send(json!({"type": "interactive"})).await;
    socket.send(json!({"type": "unheard of"})).await;
    let large = "x".repeat(warridor::slack::envelope::MAX_FRAME_BYTES);
    socket.send(json!({"type": "interactive", "envelope_id": "large", "payload": large})).await;
    socket.envelope("well").await;
    assert_eq!(socket.acked_id().await, "well");
    assert_eq!(slack.opens(), 1);
}

#[tokio::test]
async fn at_shutdown_what_is_in_flight_is_acknowledged_before_goodbye() {
    let mut slack = Slack::start().await;
    let release = Arc::new(Notify::new());
    let gate = release.clone();
    let mut socks = start(
        config(&slack),
        Handle(move |id: String| {
            let gate = gate.clone();
            async move {
                if id == "slow" {
                    gate.notified().await;
                }
                Handled::Ack(None)
            }
        }),
    );
    let (mut busy, mut idle) = (slack.socket().await, slack.socket().await);
    busy.envelope("slow").await;
    busy.envelope("marker").await;
    assert_eq!(busy.acked_id().await, "marker");
    socks.shutdown.cancel();
    assert_eq!(idle.rest().await, (vec![], true), "an idle socket is closed at once");
    let status = socks.until("draining", |s| s.draining).await;
    assert!(!status.is_ready());
    busy.envelope("arrived while draining").await;
    assert_eq!(busy.acked_id().await, "arrived while draining");
    release.notify_one();
    let (acks, said_goodbye) = busy.rest().await;
    assert_eq!(acks, [json!({"envelope_id": "slow"})]);
    assert!(said_goodbye);
    soon("the end", socks.task).await.unwrap();
}

#[tokio::test]
async fn shutdown_ends_though_a_handler_hangs_and_nobody_answers() {
    let mut slack = Slack::start().await;
    let mut config = config(&slack);
    config.supervisor.shutdown_ms = 500;
    let socks = start(config, Handle(|_| std::future::pending()));
    let (mut a, b) = (slack.socket().await, slack.socket().await);
    a.envelope("hangs").await;
    let mut status = socks.status.clone();
    soon("two sockets", status.wait_for(|s| s.connected == 2)).await.unwrap();
    socks.shutdown.cancel();
    timeout(Duration::from_secs(3), socks.task).await.expect("ends by itself").unwrap();
    drop((a, b));
}

#[tokio::test]
async fn a_handler_that_stalls_is_logged_dropped_and_nothing_secret_is_printed() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // One thread runs everything in this test, so a default of this thread sees it all.
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut slack = Slack::start().await;
    let mut config = one_socket(&slack);
    config.dispatch.stall = Duration::from_millis(50);
    config.dispatch.timeout = Duration::from_millis(150);
    let _loop = start(
        config,
        Handle(|id: String| async move {
            if id == "stalls" {
                std::future::pending::<()>().await;
            }
            Handled::Ack(None)
        }),
    );
    let mut socket = slack.socket().await;
    socket.envelope("stalls").await;
    log.wait_for("a handler stalls").await;
    socket.envelope("well").await;
    assert_eq!(socket.acked_id().await, "well", "others go on meanwhile");
    log.wait_for("the handler did not return").await;
    socket.send(json!({"type": "disconnect", "reason": "warning"})).await;
    let _new = slack.socket().await;
    let text = log.text();
    for secret in ["xapp-secret", "ticket-secret"] {
        let line = text.lines().find(|l| l.contains(secret));
        assert_eq!(line, None, "{secret} is in the log");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    async fn wait_for(&self, words: &str) {
        soon(words, async {
            while !self.text().contains(words) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
