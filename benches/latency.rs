//! From an event's POST to its page at Slack's door, one event at a time.
//!
//! The floor is measured in turn with it: writing and syncing a page of a zero-filled file once, and two round trips to
//! bare hyper over loopback. Every event goes to another service, person and channel, and each process serves a hundred:
//! Slack's limits per channel and workspace, which Warridor keeps, are not what is measured here.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};
use support::bare::{self, Bare};
use support::slack::Slack;
use support::stats::{median, percentile, sorted, spread, verdict};
use support::{EVENT_BYTES, Program, ROUNDS, config, dedup, event, key, seconds, slack_user};

/// Events that one process is asked to page for: below what fills Slack's burst.
const EVENTS: usize = 100;
/// Events before it, to connect everything and warm up.
const WARM: usize = 10;

fn main() {
    bare::be_if_asked();
    let processes = ((seconds() / 2.0).ceil() as usize).max(1);
    let slack = Slack::start();
    let bare = Bare::start();
    let mut floor = Floor::new(bare.addr);
    let (mut rounds, mut floors) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (mut pages, mut least) = (Vec::new(), Vec::new());
        for _ in 0..processes {
            one_process(&slack, &mut floor, &mut pages, &mut least);
        }
        rounds.push(sorted(pages));
        floors.push(sorted(least));
    }
    let each = |rounds: &[Vec<f64>], share| rounds.iter().map(|r| percentile(r, share)).collect::<Vec<f64>>();
    println!("{} events a round, {ROUNDS} rounds: median (least-most), ms", EVENTS * processes);
    let mut met = Vec::new();
    for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
        let (pages, least) = (each(&rounds, share), each(&floors, share));
        let ratio: Vec<f64> = pages.iter().zip(&least).map(|(a, b)| a / b).collect();
        println!("{name}  page {}   floor {}   ratio {}", spread(&pages, 2), spread(&least, 2), spread(&ratio, 2));
        met.push((name, median(&ratio)));
    }
    for (name, ratio) in met {
        verdict(&format!("{name} of the floor's"), ratio, ratio <= 3.0, "at most 3");
    }
}

fn one_process(slack: &Slack, floor: &mut Floor, pages: &mut Vec<f64>, least: &mut Vec<f64>) {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Program::start(dir.path(), &config(WARM + EVENTS), slack.addr);
    let mut line = TcpStream::connect(program.addr).expect("it listens");
    line.set_nodelay(true).expect("nodelay");
    std::thread::sleep(Duration::from_millis(300));
    slack.forget();
    for n in 0..WARM + EVENTS {
        let least_ms = floor.measure();
        let body = event(n);
        let request = post(&format!("/integrations/generic/{}", key(n)), &body);
        let user = slack_user(2 * n);
        let sent = Instant::now();
        round_trip(&mut line, &request);
        let page = loop {
            let post = slack.posts.recv_timeout(Duration::from_secs(10)).expect("the page comes");
            if post.is_page_to(&user) {
                break post;
            }
        };
        assert!(page.body.to_string().contains(&dedup(n)[..11]), "the page is about this event");
        if n >= WARM {
            pages.push((page.at - sent).as_secs_f64() * 1e3);
            least.push(least_ms);
        }
        // Let the card go out: one event at a time.
        std::thread::sleep(Duration::from_millis(5));
    }
    program.stop();
}

fn post(path: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn round_trip(line: &mut TcpStream, request: &[u8]) {
    line.write_all(request).expect("the server reads");
    let mut answer = [0; 4096];
    let n = line.read(&mut answer).expect("the server answers");
    assert!(answer[..n].starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer[..n]));
}

/// What nobody can do without.
struct Floor {
    line: TcpStream,
    file: std::fs::File,
    at: u64,
}

const FILE_BYTES: u64 = 64 << 20;
const WRITE_BYTES: usize = 4096;

impl Floor {
    fn new(addr: SocketAddr) -> Self {
        let line = TcpStream::connect(addr).expect("bare hyper listens");
        line.set_nodelay(true).expect("nodelay");
        let file = tempfile::tempfile().expect("a file");
        let zeroes = vec![0; 1 << 20];
        for mib in 0..FILE_BYTES >> 20 {
            file.write_all_at(&zeroes, mib << 20).expect("zeroes");
        }
        file.sync_all().expect("zeroes on the disk");
        Self { line, file, at: 0 }
    }

    fn measure(&mut self) -> f64 {
        let body = event(0);
        assert_eq!(body.len(), EVENT_BYTES);
        let request = post("/", &body);
        let began = Instant::now();
        round_trip(&mut self.line, &request);
        self.file.write_all_at(&[b'x'; WRITE_BYTES], self.at % FILE_BYTES).expect("a write");
        self.file.sync_data().expect("a sync");
        self.at += WRITE_BYTES as u64;
        round_trip(&mut self.line, &request);
        began.elapsed().as_secs_f64() * 1e3
    }
}
