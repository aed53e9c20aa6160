//! A bad minute: alerts, each under a key of its own, over the services of a company. Eight senders, each over a connection
//! of its own, hold to the rate; what is answered 503 is sent again, as a monitor does.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

use super::stats::percentile;
use super::{event, key};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

pub const SERVICES: usize = 200;
pub const TEAMS: usize = 20;
const SENDERS: usize = 8;

/// What came of sending.
#[derive(Default)]
pub struct Sent {
    pub accepted: usize,
    /// How often 503 was answered before.
    pub refused: usize,
    /// Milliseconds of each request, sorted.
    pub latencies_ms: Vec<f64>,
    /// When a team's first alert was handed over.
    pub first: HashMap<usize, Instant>,
    pub took: Duration,
}

impl Sent {
    pub fn at(&self, share: f64) -> f64 {
        percentile(&self.latencies_ms, share)
    }
}

/// Sends so many alerts, spread evenly over `time`.
pub fn storm(addr: SocketAddr, alerts: usize, time: Duration) -> Sent {
    let began = Instant::now();
    let sender = move |s| sender(addr, s, (alerts, time), began);
    let senders: Vec<_> = (0..SENDERS).map(|s| std::thread::spawn(move || sender(s))).collect();
    let mut all = Sent::default();
    for one in senders.into_iter().map(|s| s.join().expect("a sender")) {
        all.accepted += one.accepted;
        all.refused += one.refused;
        all.latencies_ms.extend(one.latencies_ms);
        for (team, at) in one.first {
            let first = all.first.entry(team).or_insert(at);
            *first = at.min(*first);
        }
    }
    all.took = began.elapsed();
    all.latencies_ms.sort_by(f64::total_cmp);
    all
}

/// Alert `n` is of service `n % SERVICES`, and due when its share of the storm is over.
fn sender(addr: SocketAddr, s: usize, (alerts, time): (usize, Duration), began: Instant) -> Sent {
    let mut line = BufReader::new(TcpStream::connect(addr).expect("it listens"));
    line.get_ref().set_nodelay(true).expect("nodelay");
    let mut sent = Sent::default();
    for n in (s..alerts).step_by(SENDERS) {
        let due = began + time.mul_f64(n as f64 / alerts as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let service = n % SERVICES;
        let body = post(service, n);
        let at = Instant::now();
        sent.first.entry(service % TEAMS).or_insert(at);
        loop {
            match request(&mut line, &body) {
                202 => break,
                503 => {
                    sent.refused += 1;
                    std::thread::sleep(Duration::from_millis(200));
                }
                other => panic!("answered {other}"),
            }
        }
        sent.accepted += 1;
        sent.latencies_ms.push(at.elapsed().as_secs_f64() * 1e3);
    }
    sent
}

/// What brings event `n` to `service`.
pub fn post(service: usize, n: usize) -> String {
    let body = event(n);
    let head = format!("POST /integrations/generic/{} HTTP/1.1\r\nhost: x\r\n", key(service));
    format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// One request over a connection that is kept: its status.
pub fn request(line: &mut BufReader<TcpStream>, request: &str) -> u16 {
    line.get_mut().write_all(request.as_bytes()).expect("it reads");
    let (mut status, mut length) = (0, 0);
    loop {
        let mut head = String::new();
        assert!(line.read_line(&mut head).expect("an answer") > 0, "the connection was closed");
        let head = head.trim_end().to_ascii_lowercase();
        if head.is_empty() {
            break;
        }
        if let Some(rest) = head.strip_prefix("http/1.1 ") {
            status = rest.get(..3).and_then(|s| s.parse().ok()).unwrap_or(0);
        }
        if let Some(n) = head.strip_prefix("content-length: ") {
            length = n.parse().expect("a length");
        }
    }
    line.read_exact(&mut vec![0; length]).expect("a body");
    status
}
