//! From a click in Slack to its acknowledgement, in the middle of a storm.
//!
//! The storm of `storm`: 100,000 alerts a minute, each under a key of its own, over 200 services of 20 teams. Meanwhile
//! somebody presses Acknowledge on each card and page that came, at most twenty times a second, and it is measured how long
//! the envelope stays unacknowledged: until what it does is on the disk. A click counts from when it was to be made: whoever
//! waits behind one that takes long waits as well. The floor is bare hyper under the very same storm, asked over a
//! connection of its own. Measured in turn.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::collections::HashSet;
use std::io::BufReader;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::bare::{self, Bare};
use support::slack::{Post, Slack, click};
use support::stats::{median, percentile, sorted, spread, verdict};
use support::storm::{SERVICES, Sent, TEAMS, post, request, storm};
use support::{Program, ROUNDS, company, seconds};
use warridor::app::open_store;
use warridor::domain::fact::Fact;
use warridor::record::unseal;
use warridor::store::Store;

/// Alerts a second.
const RATE: f64 = 100_000.0 / 60.0;
const BETWEEN_CLICKS: Duration = Duration::from_millis(50);
const ACKNOWLEDGE: &str = "incident.acknowledge";

fn main() {
    bare::be_if_asked();
    // Four seconds, the usual length, are a minute here.
    let time = Duration::from_secs_f64(seconds() * 15.0);
    let alerts = (RATE * time.as_secs_f64()) as usize;
    let (mut p50, mut p99, mut floor50, mut floor99) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut clicks = 0;
    for _ in 0..ROUNDS {
        let floor = sorted(bare_round(alerts, time));
        floor50.push(percentile(&floor, 0.5));
        floor99.push(percentile(&floor, 0.99));
        let clicked = sorted(round(alerts, time));
        p50.push(percentile(&clicked, 0.5));
        p99.push(percentile(&clicked, 0.99));
        clicks += clicked.len();
    }
    println!("{clicks} clicks, {ROUNDS} rounds of {alerts} alerts in {time:?}: median (least-most), ms");
    let mut met = Vec::new();
    for (name, found, floor) in [("p50", &p50, &floor50), ("p99", &p99, &floor99)] {
        let ratio: Vec<f64> = found.iter().zip(floor).map(|(a, b)| a / b).collect();
        println!("{name}  click {}   floor {}   ratio {}", spread(found, 2), spread(floor, 2), spread(&ratio, 2));
        met.push(median(&ratio));
    }
    verdict("click to acknowledgement, p99, ms", median(&p99), median(&p99) < 50.0, "under 50");
    verdict("the same, of the floor's", met[1], met[1] <= 5.0, "at most 5");
}

/// The storm, and `once` every so often beside it until it is over, with its number and when it was to be.
fn beside(addr: SocketAddr, alerts: usize, time: Duration, mut once: impl FnMut(usize, Instant)) -> Sent {
    let over = AtomicBool::new(false);
    std::thread::scope(|s| {
        let storm = s.spawn(|| {
            let sent = storm(addr, alerts, time);
            over.store(true, Ordering::Relaxed);
            sent
        });
        let began = Instant::now();
        let mut n = 0;
        while !over.load(Ordering::Relaxed) {
            let due = began + BETWEEN_CLICKS * u32::try_from(n).expect("a number");
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            once(n, due);
            n += 1;
        }
        storm.join().expect("the storm")
    })
}

fn bare_round(alerts: usize, time: Duration) -> Vec<f64> {
    let bare = Bare::start();
    let line = TcpStream::connect(bare.addr).expect("it listens");
    line.set_nodelay(true).expect("nodelay");
    let mut line = BufReader::new(line);
    let mut took = Vec::new();
    let sent = beside(bare.addr, alerts, time, |n, due| {
        let body = post(0, n);
        assert_eq!(request(&mut line, &body), 202);
        took.push(due.elapsed().as_secs_f64() * 1e3);
    });
    assert_eq!(sent.accepted, alerts);
    took
}

fn round(alerts: usize, time: Duration) -> Vec<f64> {
    let dir = tempfile::tempdir().expect("a directory");
    let (slack, sockets) = Slack::with_sockets();
    let program = Program::start(dir.path(), &company(SERVICES, TEAMS), slack.addr);
    program.has_settled(dir.path());
    let mut socket = sockets.recv_timeout(Duration::from_secs(20)).expect("it opens a socket");
    let idle = sockets.recv_timeout(Duration::from_secs(20)).expect("it opens another");
    idle.idle();
    slack.forget();
    let (mut took, mut buttons) = (Vec::new(), Vec::new());
    let mut next: usize = 0;
    let sent = beside(program.addr, alerts, time, |n, due| {
        let arrived = slack.posts.try_iter().filter(|post| click(post, ACKNOWLEDGE, 0).is_some());
        buttons.extend(arrived.collect::<Vec<Post>>());
        let Some(post) = buttons.get(next) else { return };
        let envelope = click(post, ACKNOWLEDGE, n).expect("it has the button");
        next += 1;
        socket.acknowledged(&envelope);
        took.push(due.elapsed().as_secs_f64() * 1e3);
    });
    assert_eq!(sent.accepted, alerts);
    program.stop();
    let acknowledged = acknowledged(dir.path());
    eprintln!("  {} clicks on {} messages; {acknowledged} incidents acknowledged", took.len(), buttons.len());
    // A page and a card may be of one incident.
    assert!(acknowledged * 2 >= took.len(), "clicks acknowledge");
    took
}

/// How many incidents the journal says were acknowledged.
fn acknowledged(dir: &std::path::Path) -> usize {
    let store = open_store(&dir.join("data"));
    store.open().expect("the data directory opens again");
    let mut found = HashSet::new();
    let mut note = |fact| {
        if let Fact::Acknowledged { incident, .. } = fact {
            found.insert(incident);
        }
    };
    store
        .tail(0, &mut |frame| {
            unseal(&frame).expect("facts this release wrote").into_iter().for_each(&mut note);
            true
        })
        .expect("the journal reads");
    store.close().expect("the store closes");
    found.len()
}
