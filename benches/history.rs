//! What a long past costs: an alert, memory, and the next start.
//!
//! Two data directories are made by the pump itself, one with a thousand closed incidents and one with a million. First ten
//! minutes of a busy day over the million: each second two incidents open, two are resolved, and sixteen alerts fire again;
//! and five starts, each after a `kill -9` while alerts came in. Then in turn, each in a fresh process that was started after `kill -9`: the processor
//! time of an alert, for repeats of 1,000 open alerts and for new incidents under keys nobody has used before.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::path::Path;
use std::time::{Duration, Instant};
use support::history::make_history;
use support::load::{Keys, Load, Until, run};
use support::slack::Slack;
use support::stats::{median, spread, verdict};
use support::storm::{SERVICES, TEAMS};
use support::{NO_FLOOD, Program, ROUNDS, ask, company, cpu, dedup, event, key, proc_number, seconds};

/// Closed incidents of a long past, when a measurement has its usual length; and of a short one.
const LONG: usize = 1_000_000;
const SHORT: usize = 1_000;
const CONNECTIONS: usize = 64;
const OPEN_ALERTS: usize = 1_000;
/// New incidents a round: few beside a long past.
const NEW: usize = 2_000;
/// Of each second of a busy day.
const OPENED: usize = 2;
const REPEATED: usize = 16;

fn main() {
    let share = seconds() / support::SECONDS;
    let long = ((LONG as f64 * share) as usize).clamp(2_000, LONG);
    let busy_day = Duration::from_secs_f64((600.0 * share).max(5.0));
    let config = company(SERVICES, TEAMS).replacen("[[command]]\n", &format!("{NO_FLOOD}[[command]]\n"), 1);
    let slack = Slack::start();
    let pasts: Vec<_> = [SHORT, long].map(|n| Past::new(n, &config)).into();
    let (starts, end, most) = pasts[1].busy_day(&config, &slack, busy_day);
    let mut found: Vec<Costs> = pasts.iter().map(|_| Costs::default()).collect();
    for round in 0..ROUNDS {
        for (past, costs) in pasts.iter().zip(&mut found) {
            past.round(round, &config, &slack, Duration::from_secs_f64(seconds()), costs);
            slack.forget();
        }
    }
    println!("{ROUNDS} rounds: median (least-most), microseconds of processor an alert");
    for (past, costs) in pasts.iter().zip(&found) {
        println!(
            "  {:9} closed incidents   repeats {}   new incidents {}",
            past.incidents,
            spread(&costs.repeats, 1),
            spread(&costs.new, 1)
        );
    }
    println!("  resident after {busy_day:?} of traffic, MB   {end:.0}, {most:.0} at most");
    println!("  ready after kill -9, s   {}", spread(&starts, 2));
    let ratio = |of: fn(&Costs) -> &Vec<f64>| {
        median(&of(&found[1]).iter().zip(of(&found[0])).map(|(a, b)| a / b).collect::<Vec<_>>())
    };
    let (repeats, new) = (ratio(|c| &c.repeats), ratio(|c| &c.new));
    verdict("a repeat with a long past, of one with a short", repeats, repeats <= 1.3, "at most 1.3");
    verdict("a new incident with a long past, of one with a short", new, new <= 1.3, "at most 1.3");
    verdict("resident, MB", most, most < 204.0, "under 204, aim 80");
    let start = starts.iter().copied().fold(0.0, f64::max);
    verdict("ready after kill -9, s, the slowest", start, start < 2.0, "under 2");
}

/// Microseconds, one of each round.
#[derive(Default)]
struct Costs {
    repeats: Vec<f64>,
    new: Vec<f64>,
}

struct Past {
    incidents: usize,
    dir: tempfile::TempDir,
}

impl Past {
    fn new(incidents: usize, config: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let began = Instant::now();
        assert_eq!(make_history(dir.path(), config, incidents), incidents);
        println!("{incidents} closed incidents made in {:.0} s", began.elapsed().as_secs_f64());
        Self { incidents, dir }
    }

    fn round(&self, round: usize, config: &str, slack: &Slack, time: Duration, costs: &mut Costs) {
        let program = Program::start(self.dir.path(), config, slack.addr);
        program.has_settled(self.dir.path());
        let load = |keys, until| {
            let before = cpu(program.pid());
            let load: Load = run(program.addr, CONNECTIONS, keys, until);
            assert_eq!(load.others, 0, "answers that were not 202");
            (cpu(program.pid()) - before).as_secs_f64() * 1e6 / load.latencies_ms.len() as f64
        };
        // Under keys that the past knows.
        load(Keys::Cycle(OPEN_ALERTS), Until::Requests(OPEN_ALERTS));
        costs.repeats.push(load(Keys::Cycle(OPEN_ALERTS), Until::Time(time)));
        costs.new.push(load(Keys::From(LONG + round * NEW), Until::Requests(NEW)));
        program.kill();
    }

    /// Seconds of each start after it; and megabytes, at its end and at most.
    fn busy_day(&self, config: &str, slack: &Slack, time: Duration) -> (Vec<f64>, f64, f64) {
        let program = Program::start(self.dir.path(), config, slack.addr);
        let began = Instant::now();
        let mut second = 0;
        while began.elapsed() < time {
            for n in 0..OPENED {
                post(&program, second * OPENED + n, "trigger");
                // What opened half a minute ago is over.
                if let Some(over) = second.checked_sub(30) {
                    post(&program, over * OPENED + n, "resolve");
                }
            }
            for n in 0..REPEATED {
                post(&program, second.saturating_sub(n % 29) * OPENED, "trigger");
            }
            second += 1;
            let due = Duration::from_secs(u64::try_from(second).expect("a number"));
            std::thread::sleep(due.saturating_sub(began.elapsed()));
        }
        let mb = |name| proc_number(program.pid(), "status", name) as f64 / 1024.0;
        let (end, most) = (mb("VmRSS"), mb("VmHWM"));
        program.kill();
        slack.forget();
        let starts = (0..ROUNDS).map(|_| start(self.dir.path(), config, slack)).collect();
        (starts, end, most)
    }
}

/// Alert `n` of the busy day, of a service in its turn.
fn post(program: &Program, n: usize, action: &str) {
    let n = 2 * LONG + n;
    let path = format!("/integrations/generic/{}", key(n % SERVICES));
    let body = event(n).replace("\"trigger\"", &format!("\"{action}\""));
    assert!(body.contains(&dedup(n)));
    let (status, answer) = ask(program.addr, "POST", &path, &body).expect("it listens");
    assert_eq!(status, 202, "{answer}");
}

fn start(dir: &Path, config: &str, slack: &Slack) -> f64 {
    let began = Instant::now();
    let program = Program::start(dir, config, slack.addr);
    let (status, _) = ask(program.addr, "GET", "/readyz", "").expect("it listens");
    assert_eq!(status, 200, "it is ready");
    let took = began.elapsed().as_secs_f64();
    // The next one finds something under way, too.
    for n in 0..200 {
        post(&program, n, "trigger");
    }
    program.kill();
    took
}
