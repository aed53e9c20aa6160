//! From an event's POST to its page at Slack's door, and to its text at the telephone provider's; one event at a time.
//!
//! The floor is measured in turn with it: writing and syncing a page of a zero-filled file once, and two round trips to
//! bare hyper over loopback. Every event goes to another service, person and channel, and each process serves a hundred:
//! Slack's limits per channel and workspace, which Warridor keeps, are not what is measured here.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};
use support::bare::{self, Bare};
use support::slack::Slack;
use support::stats::{median, percentile, sorted, spread, verdict};
use support::telephone::Telephone;
use support::{EVENT_BYTES, Program, ROUNDS, config, config_by_text, dedup, event, key, seconds, slack_user};

/// Events that one process is asked to page for: below what fills Slack's burst.
const EVENTS: usize = 100;
/// Events before it, to connect everything and warm up.
const WARM: usize = 10;
/// A page that does not come within this is lost.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a page is waited for.
enum Way {
    Slack,
    Text(Telephone),
}

impl Way {
    fn name(&self) -> &'static str {
        match self {
            Self::Slack => "page in Slack",
            Self::Text(_) => "text by telephone",
        }
    }

    fn start(&self, dir: &Path, slack: &Slack) -> Program {
        match self {
            Self::Slack => Program::start(dir, &config(WARM + EVENTS), slack.addr),
            Self::Text(to) => Program::start_with_telephone(dir, &config_by_text(WARM + EVENTS), slack.addr, to.addr),
        }
    }

    /// When the page about event `n` arrived.
    fn arrived(&self, n: usize, slack: &Slack) -> Instant {
        match self {
            Self::Slack => {
                let user = slack_user(2 * n);
                loop {
                    let post = slack.posts.recv_timeout(PATIENCE).expect("the page comes");
                    if post.is_page_to(&user) {
                        assert!(post.body.to_string().contains(&dedup(n)[..11]), "the page is about this event");
                        return post.at;
                    }
                }
            }
            Self::Text(to) => {
                let asked = to.asked.recv_timeout(PATIENCE).expect("the text comes");
                let form: HashMap<_, _> = url::form_urlencoded::parse(&asked.body).collect();
                assert_eq!((asked.method(), &*form["To"]), ("Messages.json", &*format!("+1555{n:07}")));
                assert!(form["Body"].contains(&dedup(n)[..11]), "the text is about this event");
                asked.at
            }
        }
    }
}

fn main() {
    bare::be_if_asked();
    let processes = ((seconds() / 2.0).ceil() as usize).max(1);
    let slack = Slack::start();
    let bare = Bare::start();
    let mut floor = Floor::new(bare.addr);
    let ways = [Way::Slack, Way::Text(Telephone::start())];
    let mut rounds: Vec<[Vec<Vec<f64>>; 2]> = ways.iter().map(|_| Default::default()).collect();
    for _ in 0..ROUNDS {
        for (way, [pages, least]) in ways.iter().zip(&mut rounds) {
            let (mut page, mut floors) = (Vec::new(), Vec::new());
            for _ in 0..processes {
                one_process(way, &slack, &mut floor, &mut page, &mut floors);
            }
            pages.push(sorted(page));
            least.push(sorted(floors));
        }
    }
    let each = |rounds: &[Vec<f64>], share| rounds.iter().map(|r| percentile(r, share)).collect::<Vec<f64>>();
    println!("{} events a round, {ROUNDS} rounds: median (least-most), ms", EVENTS * processes);
    let mut met = Vec::new();
    for (way, [pages, least]) in ways.iter().zip(&rounds) {
        for (name, share, most) in [("p50", 0.5, 2.0), ("p99", 0.99, 3.0)] {
            let (pages, least) = (each(pages, share), each(least, share));
            let ratio: Vec<f64> = pages.iter().zip(&least).map(|(a, b)| a / b).collect();
            let (found, floor) = (spread(&pages, 2), spread(&least, 2));
            println!("{:18} {name}  {found}   floor {floor}   ratio {}", way.name(), spread(&ratio, 2));
            met.push((format!("{}, {name} of the floor's", way.name()), median(&ratio), most));
        }
    }
    for (name, ratio, most) in met {
        verdict(&name, ratio, ratio <= most, &format!("at most {most}"));
    }
}

fn one_process(way: &Way, slack: &Slack, floor: &mut Floor, pages: &mut Vec<f64>, least: &mut Vec<f64>) {
    let dir = tempfile::tempdir().expect("a directory");
    let program = way.start(dir.path(), slack);
    let mut line = TcpStream::connect(program.addr).expect("it listens");
    line.set_nodelay(true).expect("nodelay");
    std::thread::sleep(Duration::from_millis(300));
    slack.forget();
    for n in 0..WARM + EVENTS {
        let least_ms = floor.measure();
        let body = event(n);
        let request = post(&format!("/integrations/generic/{}", key(n)), &body);
        let sent = Instant::now();
        round_trip(&mut line, &request);
        let arrived = way.arrived(n, slack);
        if n >= WARM {
            pages.push((arrived - sent).as_secs_f64() * 1e3);
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
