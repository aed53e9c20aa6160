//! The real binary with nothing to do: memory, processor time, and how soon it is ready again after `kill -9` with
//! 100,000 closed incidents behind it.
//!
//! The history is made in this process in virtual time (two days ago): incidents are opened, their cards posted, they
//! are resolved, and a day later they close; the store is the real one.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::time::{Duration, Instant};
use support::history::make_history;
use support::load::{Keys, Until, run};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::{Program, ROUNDS, ask, config, cpu, proc_number, seconds};

/// Closed incidents behind the program, when a measurement has its usual length.
const HISTORY: usize = 100_000;

fn main() {
    support::bare::be_if_asked();
    let history = ((HISTORY as f64 * seconds() / support::SECONDS) as usize).clamp(1_000, HISTORY);
    let watched = Duration::from_secs_f64((seconds() * 2.5).clamp(1.0, 10.0));
    let slack = Slack::start();
    let dir = tempfile::tempdir().expect("a directory");
    let began = Instant::now();
    let closed = make_history(dir.path(), &config(1), history);
    println!("{closed} closed incidents made in {:.1} s", began.elapsed().as_secs_f64());
    let program = Program::start(dir.path(), &config(1), slack.addr);
    // The first start after a clean end, a first snapshot and the like are over after a while.
    std::thread::sleep(watched);
    let opened = run(program.addr, 1, Keys::Fresh, Until::Requests(1));
    assert_eq!(opened.total_accepted(), 1, "it takes alerts");
    program.kill();
    let (mut ready, mut resident, mut busy) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let program = Program::start(dir.path(), &config(1), slack.addr);
        let (status, _) = ask(program.addr, "GET", "/readyz", "").expect("it listens");
        assert_eq!(status, 200, "it is ready");
        ready.push(began.elapsed().as_secs_f64());
        std::thread::sleep(watched);
        let before = cpu(program.pid());
        std::thread::sleep(watched);
        busy.push((cpu(program.pid()) - before).as_secs_f64() * 1e3 / watched.as_secs_f64());
        resident.push(proc_number(program.pid(), "status", "VmRSS") as f64 / 1024.0);
        program.kill();
    }
    let fresh = tempfile::tempdir().expect("a directory");
    let program = Program::start(fresh.path(), &config(1), slack.addr);
    std::thread::sleep(watched);
    let empty = proc_number(program.pid(), "status", "VmRSS") as f64 / 1024.0;
    program.stop();
    println!("{ROUNDS} starts after kill -9: median (least-most)");
    println!("ready after, s                         {}", spread(&ready, 2));
    println!("resident, MB, with this history        {}", spread(&resident, 1));
    println!("resident, MB, in an empty directory    {empty:.1}");
    println!("processor time, ms a second of idling  {}", spread(&busy, 2));
    verdict("ready after kill -9, s", median(&ready), median(&ready) < 1.0, "under 1");
    let most = resident.iter().copied().fold(empty, f64::max);
    verdict("resident, MB", most, most < 40.0, "under 40");
    // The kernel counts in ticks of 10 ms; looking after HEAD and the metrics every few seconds is all there is.
    verdict("processor time, ms a second", median(&busy), median(&busy) <= 2.0, "none: at most 2, a fifth of a tick");
}
