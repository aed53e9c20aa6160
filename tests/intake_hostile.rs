//! Senders that are too large, too slow or too many. The door stays open for the others, within bounded memory.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod intake_support;

use intake_support::{Answer, FIRING, KEY, Mode, Server, alertmanager, closed, gzip, request};
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use warridor::ingest::limits::{self, ServerLimits};

const MIB: usize = 1024 * 1024;

/// Memory of this process, in bytes: now, and at its highest since the last [`forget_peak`].
fn resident(field: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix(field)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<usize>().unwrap() * 1024
}

fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// Memory is measured for the whole process: these tests take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Sends a header and `total` bytes of `filler` after `start`, never holding more than a piece; then reads the answer.
async fn stream_body(server: &Server, path: &str, start: &str, total: usize, chunked: bool) -> Answer {
    let mut stream = server.connect().await;
    let length = if chunked { "transfer-encoding: chunked".to_owned() } else { format!("content-length: {total}") };
    stream.write_all(format!("POST {path} HTTP/1.1\r\nhost: x\r\n{length}\r\n\r\n").as_bytes()).await.unwrap();
    let mut piece = vec![b'x'; 64 * 1024];
    piece[..start.len()].copy_from_slice(start.as_bytes());
    let mut left = total;
    while left > 0 {
        let n = left.min(piece.len());
        if chunked {
            stream.write_all(format!("{n:x}\r\n").as_bytes()).await.unwrap();
        }
        stream.write_all(&piece[..n]).await.expect("the server reads on, so that its answer arrives");
        if chunked {
            stream.write_all(b"\r\n").await.unwrap();
        }
        piece[..start.len()].fill(b'x');
        left -= n;
    }
    if chunked {
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    }
    Answer::read(&mut stream).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_100_mb_is_413_an_incident_and_bounded_memory() {
    let _turn = TURN.lock().await;
    let server = Server::start().await;
    let path = format!("/integrations/alertmanager/{KEY}");
    let start = r#"{"alerts":[{"annotations":{"summary":"Much is broken"},"x":""#;
    for chunked in [false, true] {
        forget_peak();
        let before = resident("VmRSS");
        let answer = stream_body(&server, &path, start, 100 * MIB, chunked).await;
        let grown = resident("VmHWM").saturating_sub(before);
        assert_eq!((answer.status, answer.json()["incident"].clone()), (413, 99.into()), "{}", answer.body);
        assert!(grown < 48 * MIB, "a body of 100 MiB took {} MiB", grown / MIB);
        let told = server.fake.unreadable();
        assert_eq!(told.title, "Much is broken");
        assert_eq!(told.excerpt.len(), limits::EXCERPT_BYTES);
        assert!(told.problem.contains("more than 16 MiB"), "{}", told.problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_exact_and_smaller_for_enqueue() {
    let _turn = TURN.lock().await;
    let server = Server::start().await;
    let padded = |body: &str, to: usize| format!("{body}{}", " ".repeat(to - body.len()));
    let alerts = alertmanager(FIRING);
    assert_eq!(server.send("alertmanager", padded(&alerts, limits::BODY_BYTES)).await.status, 202);
    server.fake.delivery();
    assert_eq!(server.send("alertmanager", padded(&alerts, limits::BODY_BYTES + 1)).await.status, 413);
    assert_eq!(server.fake.unreadable().title, "Disk full");

    let event = format!(r#"{{"routing_key":"{KEY}","event_action":"resolve","dedup_key":"k"}}"#);
    assert_eq!(server.post("/v2/enqueue", padded(&event, limits::ENQUEUE_BODY_BYTES)).await.status, 202);
    server.fake.delivery();
    assert_eq!(server.post("/v2/enqueue", padded(&event, limits::ENQUEUE_BODY_BYTES + 1)).await.status, 413);
    assert!(!server.fake.unreadable().excerpt.contains(KEY));

    // The key stands behind the part that is read, or is unknown: nothing is raised.
    let late = format!(r#"{{"x":"{}","routing_key":"{KEY}"}}"#, "x".repeat(limits::ENQUEUE_BODY_BYTES));
    assert_eq!(server.post("/v2/enqueue", late).await.status, 413);
    let unknown = padded(r#"{"routing_key":"who-is-this","event_action":"#, 2 * limits::ENQUEUE_BODY_BYTES);
    assert_eq!(server.post("/v2/enqueue", unknown).await.status, 401);
    assert!(server.fake.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_bomb_is_counted_after_decompression() {
    let _turn = TURN.lock().await;
    let server = Server::start().await;
    let bomb = {
        // 1 GiB of spaces in about 1 MiB, made piece by piece; gzip members may follow each other.
        let start = gzip(br#"{"summary":"boom","alerts":["#);
        let piece = gzip(&vec![b' '; 64 * MIB]);
        let mut bomb = start;
        for _ in 0..16 {
            bomb.extend_from_slice(&piece);
        }
        bomb
    };
    assert!(bomb.len() < 16 * MIB);
    for (path, limit) in [(format!("/integrations/generic/{KEY}"), 16), ("/v2/enqueue".to_owned(), 1)] {
        let bomb = if limit == 1 {
            gzip(format!(r#"{{"routing_key":"{KEY}","x":"{}"#, " ".repeat(2 * MIB)).as_bytes())
        } else {
            bomb.clone()
        };
        forget_peak();
        let before = resident("VmRSS");
        let answer = server.post_with(&path, "content-encoding: gzip\r\n", &bomb).await;
        let grown = resident("VmHWM").saturating_sub(before);
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.body.contains(&format!("more than {limit} MiB")), "{}", answer.body);
        assert!(grown < 64 * MIB, "{} MiB", grown / MIB);
        assert_eq!(server.fake.taken().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_events_of_a_body_take_a_bounded_multiple_of_it() {
    let _turn = TURN.lock().await;
    let server = Server::start().await;
    // As many events with as many labels as are kept, and as little text as possible.
    let labels: Vec<String> = (0..limits::LABELS_KEPT).map(|n| format!(r#""{n}":1"#)).collect();
    let event = format!(r#"{{"title":"t","labels":{{{}}}}}"#, labels.join(","));
    let body = format!("[{}]", vec![event; limits::EVENTS_PER_BODY].join(","));
    forget_peak();
    let before = resident("VmRSS");
    assert_eq!(server.send("generic", &body).await.status, 202);
    let grown = resident("VmHWM").saturating_sub(before);
    println!("a body of {} MiB took {} MiB", body.len() / MIB, grown / MIB);
    assert!(grown < 160 * MIB, "{} MiB", grown / MIB);
    // What the events take counts against what may be held at once, not only the few bytes they were written in.
    let server = Server::limited(|l| l.body_bytes = 2 * body.len()).await;
    assert_eq!(server.send("generic", &body).await.status, 503);
    assert_eq!(server.send("generic", r#"{"title":"small"}"#).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_held_at_once_are_bounded() {
    let _turn = TURN.lock().await;
    let server = Server::limited(|l| {
        l.body_bytes = MIB;
        l.enqueue_body_bytes = 100_000;
    })
    .await;
    // One body that is held while it is submitted leaves no room for a second of its size, but for a small one.
    let large = format!(r#"{{"title":"{}"}}"#, "x".repeat(600_000));
    server.fake.set(Mode::Slow(Duration::from_millis(700)));
    let path = format!("/integrations/generic/{KEY}");
    let mut first = server.connect().await;
    first.write_all(&request(&path, "", large.as_bytes())).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = server.post(&path, &large).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("5")));
    let zipped = server.post_with(&path, "content-encoding: gzip\r\n", gzip(large.as_bytes())).await;
    assert_eq!(zipped.status, 503, "decompressed bytes count");
    assert_eq!(server.post(&path, r#"{"title":"small"}"#).await.status, 202);
    assert_eq!(Answer::read(&mut first).await.unwrap().status, 202);
    assert_eq!(server.post(&path, &large).await.status, 202, "room is given back");
    // Bodies that may belong to nobody have a room of their own.
    assert_eq!(server.post("/v2/enqueue", "x".repeat(200_000)).await.status, 503);
    assert_eq!(server.post(&path, r#"{"title":"small"}"#).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_drips_is_cut_off() {
    let server = Server::limited(|l| l.header = Duration::from_millis(600)).await;
    let (mut silent, mut dripping, mut between) =
        (server.connect().await, server.connect().await, server.connect().await);
    between.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut between).await.unwrap().status, 200);
    let began = Instant::now();
    let dripper = tokio::spawn(async move {
        let mut sent = 0;
        for byte in b"POST /v2/enqueue HTTP/1.1\r\nhost: a-host-whose-name-is-long\r\n".iter().cycle() {
            if dripping.write_all(&[*byte]).await.is_err() {
                break;
            }
            sent += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        sent
    });
    assert!(closed(&mut silent, Duration::from_secs(2)).await);
    let sent = tokio::time::timeout(Duration::from_secs(3), dripper).await.expect("the dripper is cut off").unwrap();
    assert!(began.elapsed() >= Duration::from_millis(500) && sent >= 8, "{:?}, {sent} bytes", began.elapsed());
    // A connection between two requests is idle, which is no crime: until it begins a header and does not end it.
    between.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut between).await.unwrap().status, 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    between.write_all(b"GET /hea").await.unwrap();
    assert!(closed(&mut between, Duration::from_secs(2)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_in_the_end() {
    let server = Server::limited(|l| l.idle = Duration::from_millis(400)).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.unwrap().status, 200);
    assert!(closed(&mut stream, Duration::from_secs(2)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_drips_is_told_to_come_again() {
    let server = Server::limited(|l| l.body = Duration::from_millis(500)).await;
    for path in ["/v2/enqueue".to_owned(), format!("/integrations/generic/{KEY}")] {
        let mut stream = server.connect().await;
        stream
            .write_all(format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{{").as_bytes())
            .await
            .unwrap();
        let began = Instant::now();
        let (mut reader, mut writer) = stream.into_split();
        let dripper = tokio::spawn(async move {
            while writer.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await
            }
        });
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(
            Duration::from_secs(3),
            tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut answer),
        )
        .await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 "), "a 4xx would make Alertmanager forget the alert: {answer}");
        assert!(began.elapsed() < Duration::from_secs(2));
        dripper.abort();
    }
    assert!(server.fake.taken().is_empty());
    // An unknown key has no longer.
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /integrations/generic/nobody HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        .await
        .unwrap();
    let answer = tokio::time::timeout(Duration::from_secs(2), Answer::read(&mut stream)).await.unwrap().unwrap();
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_cut_off_by_its_sender_is_no_alert() {
    let server = Server::start().await;
    let whole = request(&format!("/integrations/generic/{KEY}"), "", br#"{"title":"t"}"#);
    let mut stream = server.connect().await;
    stream.write_all(&whole[..whole.len() - 1]).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(server.fake.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_sends_away_whoever_waited_longest_but_nobody_who_is_served() {
    let server = Server::limited(|l| l.connections = 4).await;
    server.fake.set(Mode::Slow(Duration::from_millis(1500)));
    let path = format!("/integrations/generic/{KEY}");
    let mut served = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        stream.write_all(&request(&path, "", br#"{"title":"t"}"#)).await.unwrap();
        served.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut idle = server.connect().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut newcomer = server.connect().await;
    assert!(closed(&mut idle, Duration::from_millis(500)).await);
    newcomer.write_all(&request(&path, "", br#"{"title":"t"}"#)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    // Now all four are served: one more is told to come again.
    let mut refused = server.connect().await;
    let mut said = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut refused, &mut said).await;
    assert!(String::from_utf8_lossy(&said).starts_with("HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n"));
    for stream in served.iter_mut().chain([&mut newcomer]) {
        assert_eq!(Answer::read(stream).await.unwrap().status, 202);
    }
}

/// How many idle connections this machine allows: ten thousand where a process may open as many files.
fn idle_connections() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find(|l| l.starts_with("Max open files"));
    let files: usize = files.and_then(|l| l.split_whitespace().nth(3)?.parse().ok()).unwrap_or(1024);
    files.saturating_sub(500).min(10_000)
}

/// The other process: opens idle connections and holds them until its input ends.
#[test]
#[ignore = "started by the tests that need a client in a process of its own"]
fn the_client_process() {
    let Ok(addr) = std::env::var("INTAKE_IDLE_ADDR") else { return };
    let count: usize = std::env::var("INTAKE_IDLE_COUNT").unwrap().parse().unwrap();
    let mut held = Vec::new();
    for n in 0..count {
        let mut stream = std::net::TcpStream::connect(&addr).unwrap();
        if n % 2 == 0 {
            // Half of them say something and never go on.
            let _ = stream.write_all(b"POST /v2/enqueue HTTP/1.1\r\nhost:");
        }
        held.push(stream);
    }
    println!("\nopened {}", held.len());
    let _ = std::io::stdin().read(&mut [0]);
}

/// A client process that has opened its connections and holds them until this is dropped.
struct Other(Child, Lines<BufReader<ChildStdout>>);

impl Other {
    fn with(server: &Server, count: usize) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "the_client_process", "--nocapture"])
            .env("INTAKE_IDLE_ADDR", server.addr.to_string())
            .env("INTAKE_IDLE_COUNT", count.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let opened = format!("opened {count}");
        assert!(lines.any(|l| l.unwrap() == opened), "the other process opened its connections");
        Self(child, lines)
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        while self.1.next().is_some() {}
        let _ = self.0.wait();
    }
}

/// FAULT 33. The slowest of fifty posts, each on a connection of its own.
async fn slowest_post(server: &Server) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..50 {
        let began = Instant::now();
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        let path = format!("/integrations/alertmanager/{KEY}");
        stream.write_all(&request(&path, "", alertmanager(FIRING).as_bytes())).await.unwrap();
        assert_eq!(Answer::read(&mut stream).await.expect("an answer").status, 202);
        slowest = slowest.max(began.elapsed());
    }
    slowest
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_idle_connections_keep_nobody_out() {
    let _turn = TURN.lock().await;
    let count = idle_connections();
    println!("with {count} idle connections from another process:");
    for (what, places) in [("room for all", count + 100), ("room for a few", count / 4)] {
        let server = Server::limited(|l| {
            l.connections = places;
            l.header = Duration::from_secs(600);
        })
        .await;
        let _other = tokio::task::block_in_place(|| Other::with(&server, count));
        let slowest = slowest_post(&server).await;
        println!("  {what} ({places}): the slowest of 50 posts took {slowest:?}");
        // Whoever is kept out waits for the ten minutes that the idle ones have.
        assert!(slowest < Duration::from_secs(20), "{what}: {slowest:?}");
    }
    // With the real deadline they are gone after it, whatever they said.
    let server = Server::limited(|l| l.header = Duration::from_secs(1)).await;
    let _other = tokio::task::block_in_place(|| Other::with(&server, count.min(2000)));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let sockets = std::fs::read_dir("/proc/self/fd").unwrap().count();
    assert!(sockets < 500, "{sockets} files are still open");
}

#[test]
fn the_shipped_limits_are_the_documented_ones() {
    let limits = ServerLimits::default();
    assert_eq!((limits.header.as_secs(), limits.body.as_secs(), limits.drain.as_secs()), (5, 10, 8));
    assert_eq!((limits::BODY_BYTES, limits::ENQUEUE_BODY_BYTES), (16 * MIB, MIB));
    assert!(limits.drain < Duration::from_secs(10), "a stop takes 10 s at most");
}
