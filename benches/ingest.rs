//! How many events a second are taken in, against bare hyper with the same decoder.
//!
//! The real binary, its journal and rows on the disk of the temporary directory, Slack a local server that says yes.
//! 64 keep-alive connections, one 350-byte event a request. Each round measures, one after the other and each in a fresh
//! process: bare hyper, events of 1,000 open alerts, events that each open an incident. Afterwards the journal is read,
//! and every event that was answered 202 must be in it.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use support::bare::{self, Bare};
use support::load::{Keys, Load, Until, run};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::{Program, ROUNDS, config, events_in_journal, frames, seconds};

const CONNECTIONS: usize = 64;
const OPEN_ALERTS: usize = 1_000;

#[derive(Default)]
struct Rounds {
    per_second: Vec<f64>,
    p50: Vec<f64>,
    p99: Vec<f64>,
    lag: Vec<f64>,
    cpu: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, load: &Load) {
        assert_eq!(load.others, 0, "answers that were not 202");
        self.per_second.push(load.per_second());
        self.p50.push(load.percentile(0.5));
        self.p99.push(load.percentile(0.99));
    }

    fn print(&self, name: &str, floor: &Self) {
        let ratio = ratios(&self.per_second, &floor.per_second);
        let tail = ratios(&self.p99, &floor.p99);
        println!("{name}");
        println!("  events a second  {}, of bare hyper {}", spread(&self.per_second, 0), spread(&ratio, 2));
        println!("  p50 ms           {}", spread(&self.p50, 2));
        println!("  p99 ms           {}, of bare hyper {}", spread(&self.p99, 2), spread(&tail, 2));
        if !self.lag.is_empty() {
            println!("  rows behind, s   {}", spread(&self.lag, 1));
            println!("  processor, us    {} an event", spread(&self.cpu, 1));
        }
    }
}

fn ratios(of: &[f64], to: &[f64]) -> Vec<f64> {
    of.iter().zip(to).map(|(a, b)| a / b).collect()
}

fn main() {
    bare::be_if_asked();
    let time = Duration::from_secs_f64(seconds());
    let slack = Slack::start();
    let (mut floor, mut repeats, mut fresh) = (Rounds::default(), Rounds::default(), Rounds::default());
    let only = std::env::var("WARRIDOR_BENCH_ONLY").unwrap_or_default();
    for _ in 0..ROUNDS {
        let server = Bare::start();
        floor.add(&run(server.addr, CONNECTIONS, Keys::Fresh, Until::Time(time)));
        drop(server);
        if only != "fresh" {
            program(&slack, Keys::Cycle(OPEN_ALERTS), Until::Time(time), &mut repeats);
        }
        if only != "repeats" {
            program(&slack, Keys::Fresh, Until::Time(time), &mut fresh);
        }
        slack.forget();
    }
    println!("{CONNECTIONS} connections, 350-byte events, {} rounds of {time:?} each: median (least-most)", ROUNDS);
    floor.print("bare hyper and the decoder", &floor);
    if only != "fresh" {
        repeats.print("events of 1,000 open alerts", &floor);
    }
    if only != "repeats" {
        fresh.print("every event a new incident", &floor);
    }
    if !only.is_empty() {
        return;
    }
    let ratio = median(&ratios(&repeats.per_second, &floor.per_second));
    verdict("repeats, events a second of bare hyper's", ratio, ratio >= 0.35, "at least 0.35");
    let ratio = median(&ratios(&fresh.per_second, &floor.per_second));
    verdict("new incidents, events a second of bare hyper's", ratio, ratio >= 0.10, "at least 0.10, aim 0.20");
    for (name, of) in [("repeats", &repeats), ("new incidents", &fresh)] {
        let ratio = median(&ratios(&of.p99, &floor.p99));
        verdict(&format!("{name}, p99 of bare hyper's"), ratio, ratio <= 2.0, "at most 2");
    }
    let lag = fresh.lag.iter().copied().fold(0.0, f64::max);
    verdict("new incidents, seconds that rows were behind", lag, lag <= 5.0, "at most 5");
}

/// One measurement of the real binary in an empty data directory.
fn program(slack: &Slack, keys: Keys, until: Until, rounds: &mut Rounds) {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Program::start(dir.path(), &config(1), slack.addr);
    let mut accepted = Vec::new();
    if let Keys::Cycle(most) = keys {
        let opened = run(program.addr, CONNECTIONS, Keys::Fresh, Until::Requests(most));
        assert_eq!((opened.accepted.len(), opened.others), (most, 0), "the alerts are open");
        accepted = opened.accepted;
    }
    program.has_settled(dir.path());
    let over = AtomicBool::new(false);
    let (load, lag) = std::thread::scope(|scope| {
        let watch = scope.spawn(|| watch_rows(program.addr, &over));
        let before = support::cpu(program.pid());
        let load = run(program.addr, CONNECTIONS, keys, until);
        let used = support::cpu(program.pid()) - before;
        rounds.cpu.push(used.as_secs_f64() * 1e6 / load.latencies_ms.len() as f64);
        over.store(true, Ordering::Relaxed);
        (load, watch.join().expect("the watch"))
    });
    rounds.add(&load);
    rounds.lag.push(lag.as_secs_f64());
    program.stop();
    accepted.resize(accepted.len().max(load.accepted.len()), 0);
    load.accepted.iter().zip(&mut accepted).for_each(|(more, n)| *n += more);
    check(dir.path(), &accepted);
}

/// Every event that was answered 202 is in the journal.
fn check(dir: &Path, accepted: &[u32]) {
    let found = events_in_journal(&dir.join("data"), accepted.len());
    for (n, (accepted, found)) in accepted.iter().zip(found).enumerate() {
        assert!(found >= *accepted, "event {n} was accepted {accepted} times and is in the journal {found} times");
    }
}

/// The longest time a committed frame waited for its rows, until all are written.
fn watch_rows(addr: std::net::SocketAddr, over: &AtomicBool) -> Duration {
    let mut seen: std::collections::VecDeque<(Instant, u64)> = std::collections::VecDeque::new();
    let mut longest = Duration::ZERO;
    let began = Instant::now();
    loop {
        let now = Instant::now();
        let Some((frame, behind)) = frames(addr) else { return longest };
        let written = frame - behind;
        seen.push_back((now, frame));
        // What was there at an earlier look and is still not written has waited since then at least.
        while seen.front().is_some_and(|(_, frame)| *frame <= written) {
            seen.pop_front();
        }
        if let Some((since, _)) = seen.front() {
            longest = longest.max(now - *since);
        }
        if over.load(Ordering::Relaxed) && (behind == 0 || began.elapsed() > Duration::from_secs(60)) {
            return longest;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}
