//! Bytes written to the disk for each byte of event, at 64 submitters.
//!
//! `write_bytes` of the server process (`/proc/PID/io`: what it caused to be sent to the storage layer), from before the
//! first event until all rows are written and everything is synced. Zero-filling the journal's next segment counts.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::time::{Duration, Instant};
use support::load::{Keys, Until, run};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::{EVENT_BYTES, Program, ROUNDS, config, events_in_journal, frames, proc_number, seconds};

const CONNECTIONS: usize = 64;
const OPEN_ALERTS: usize = 1_000;
/// Events of one measurement, when a measurement has its usual length.
const EVENTS: usize = 100_000;

fn main() {
    let events = ((EVENTS as f64 * seconds() / support::SECONDS) as usize).clamp(2_000, EVENTS);
    let slack = Slack::start();
    let (mut repeats, mut fresh) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        repeats.push(written(&slack, Keys::Cycle(OPEN_ALERTS), events));
        fresh.push(written(&slack, Keys::Fresh, events));
        slack.forget();
    }
    println!(
        "{events} events of {EVENT_BYTES} bytes, {ROUNDS} rounds: bytes written a byte of event, median (least-most)"
    );
    println!("events of 1,000 open alerts  {}", spread(&repeats, 2));
    println!("every event a new incident   {}", spread(&fresh, 2));
    let (a, b) = (median(&repeats), median(&fresh));
    verdict("repeats", a, a <= 6.0, "at most 6");
    verdict("new incidents", b, b <= 24.0, "at most 24, aim 16");
}

fn written(slack: &Slack, keys: Keys, events: usize) -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let program = Program::start(dir.path(), &config(1), slack.addr);
    if let Keys::Cycle(most) = keys {
        run(program.addr, CONNECTIONS, Keys::Fresh, Until::Requests(most));
    }
    settle(&program);
    let before = proc_number(program.pid(), "io", "write_bytes");
    let load = run(program.addr, CONNECTIONS, keys, Until::Requests(events));
    assert_eq!((load.latencies_ms.len(), load.others), (events, 0), "every event is accepted");
    settle(&program);
    let after = proc_number(program.pid(), "io", "write_bytes");
    program.stop();
    let found: u64 = events_in_journal(&dir.path().join("data"), load.accepted.len()).into_iter().map(u64::from).sum();
    assert!(found >= load.total_accepted(), "every accepted event is in the journal");
    (after - before) as f64 / (events * EVENT_BYTES) as f64
}

/// Waits until the rows stand for the last frame, and syncs everything.
fn settle(program: &Program) {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(300));
        if frames(program.addr).is_some_and(|(_, behind)| behind == 0) {
            break;
        }
    }
    // SAFETY: sync(2) takes nothing and cannot fail.
    unsafe { libc::sync() };
}
