//! What rules, groups and thresholds cost an alert, and what an alert costs beside an older build.
//!
//! The real binary and the same closed loop as `ingest`. Each round measures in turn, each in a fresh process: the older
//! build where `WARRIDOR_BENCH_BEFORE` names one, this build with the same plain configuration, and this build with
//! twenty rules that nothing fits before the one that does, and with alerts that are put together by a label. What
//! counts is the processor time of an event: the load generator shares the machine, and the disk is the same for all.
//! Afterwards the journal is read, and every event that was answered 202 must be in it.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::path::Path;
use std::time::Duration;
use support::load::{Keys, Until, run};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::{NO_FLOOD, Program, ROUNDS, config, events_in_journal, grouped, seconds};

const CONNECTIONS: usize = 64;
const OPEN_ALERTS: usize = 1_000;
/// An alert costs at most so much more than before.
const AT_MOST: f64 = 1.3;

/// One thing that is measured.
struct Case {
    name: &'static str,
    keys: Keys,
    config: String,
    before: bool,
    micros: Vec<f64>,
}

impl Case {
    fn new(name: &'static str, keys: Keys, config: String, before: bool) -> Self {
        Self { name, keys, config, before, micros: Vec::new() }
    }
}

fn main() {
    let time = Duration::from_secs_f64(seconds());
    let older = std::env::var_os("WARRIDOR_BENCH_BEFORE");
    let slack = Slack::start();
    let (fresh, repeats) = (Keys::Fresh, Keys::Cycle(OPEN_ALERTS));
    let mut all = Vec::new();
    if older.is_some() {
        // It may be from before there was such a setting.
        let plain = config(1).replace(NO_FLOOD, "");
        all.push(Case::new("before, new incidents", fresh, plain.clone(), true));
        all.push(Case::new("before, repeats", repeats, plain, true));
    }
    all.push(Case::new("plain, new incidents", fresh, config(1), false));
    all.push(Case::new("plain, repeats", repeats, config(1), false));
    all.push(Case::new("rules and a group each, new incidents", fresh, grouped("instance"), false));
    all.push(Case::new("rules and a group each, repeats", repeats, grouped("instance"), false));
    all.push(Case::new("rules and one group of all, repeats", repeats, grouped("job"), false));
    for _ in 0..ROUNDS {
        for case in &mut all {
            let micros = measure(&slack, case, time, older.as_deref());
            case.micros.push(micros);
            slack.forget();
        }
    }
    println!("{CONNECTIONS} connections, 350-byte events, {ROUNDS} rounds of {time:?} each: median (least-most)");
    for case in &all {
        println!("  {:40} {} us of processor an event", case.name, spread(&case.micros, 1));
    }
    let floor = if older.is_some() { "before" } else { "plain" };
    for kind in ["new incidents", "repeats"] {
        let of = |case: &&Case| case.name.starts_with(floor) && case.name.ends_with(kind);
        let base = all.iter().find(of).map(|case| case.micros.clone()).unwrap_or_default();
        for case in all.iter().filter(|case| case.name.ends_with(kind) && !case.name.starts_with(floor)) {
            let ratio = median(&case.micros.iter().zip(&base).map(|(a, b)| a / b).collect::<Vec<_>>());
            verdict(&format!("{}, of {floor}", case.name), ratio, ratio <= AT_MOST, "at most 1.3");
        }
    }
}

/// Processor time of one event, in microseconds.
fn measure(slack: &Slack, case: &Case, time: Duration, older: Option<&std::ffi::OsStr>) -> f64 {
    let dir = tempfile::tempdir().expect("a directory");
    let binary = older.filter(|_| case.before);
    let program = Program::start_with(binary, dir.path(), &case.config, slack.addr);
    let mut accepted = Vec::new();
    if let Keys::Cycle(most) = case.keys {
        let opened = run(program.addr, CONNECTIONS, Keys::Fresh, Until::Requests(most));
        assert_eq!((opened.accepted.len(), opened.others), (most, 0), "the alerts are open");
        accepted = opened.accepted;
    }
    program.has_settled(dir.path());
    let before = support::cpu(program.pid());
    let load = run(program.addr, CONNECTIONS, case.keys, Until::Time(time));
    let used = support::cpu(program.pid()) - before;
    assert_eq!(load.others, 0, "answers that were not 202");
    program.stop();
    accepted.resize(accepted.len().max(load.accepted.len()), 0);
    load.accepted.iter().zip(&mut accepted).for_each(|(more, n)| *n += more);
    check(dir.path(), &accepted);
    used.as_secs_f64() * 1e6 / load.latencies_ms.len() as f64
}

/// Every event that was answered 202 is in the journal.
fn check(dir: &Path, accepted: &[u32]) {
    let found = events_in_journal(&dir.join("data"), accepted.len());
    for (n, (accepted, found)) in accepted.iter().zip(found).enumerate() {
        assert!(found >= *accepted, "event {n} was accepted {accepted} times and is in the journal {found} times");
    }
}
