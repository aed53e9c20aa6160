//! `kill -9`, a hundred times, at moments nobody chose, while monitors send, people click and steps run out.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod e2e;

use e2e::company::{PAYMENTS_KEY, SEARCH_KEY, channel_id, workspace};
use e2e::{Company, Pager, Slack, eventually_true, journal};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use warridor::sandbox::Workspace;

const KILLS: usize = 100;
/// From one start to its kill, in milliseconds: before it listens, while it catches up, and later.
const LIFE_MS: std::ops::Range<u64> = 30..650;
/// A new incident of each monitor about this often.
const NEW_INCIDENT_EVERY: Duration = Duration::from_millis(1_500);
/// A page that was on its way when somebody answered.
const IN_FLIGHT_MS: i64 = 1_000;

/// What one monitor sent: for each dedup key, how many events were answered 202, and how many were sent at all.
type Sent = BTreeMap<String, (u64, u64)>;

/// Sends until told to stop; what is not answered is sent again, as monitors do.
fn monitor(name: &str, key: &str, to: SocketAddr, stop: &AtomicBool, mut rng: StdRng) -> Sent {
    let path = format!("/integrations/generic/{key}");
    let mut sent = Sent::new();
    let mut opened = Instant::now() - NEW_INCIDENT_EVERY;
    while !stop.load(Ordering::Relaxed) {
        if opened.elapsed() >= NEW_INCIDENT_EVERY {
            opened = Instant::now();
            sent.insert(format!("{name}-{}", sent.len()), (0, 0));
        }
        let nth = rng.random_range(0..sent.len());
        let (dedup, (answered, tried)) = sent.iter_mut().nth(nth).expect("one key at least");
        let body = json!({"action": "trigger", "dedup_key": dedup, "title": format!("Alert {dedup}")}).to_string();
        *tried += 1;
        let answer = e2e::http::post(to, &path, body.as_bytes(), Duration::from_secs(3));
        match answer {
            Ok(a) if a.status == 202 => *answered += 1,
            Ok(a) => assert_eq!(a.status, 503, "a monitor was told {}", a.text),
            Err(_) => {}
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    sent
}

/// Presses Acknowledge on what is asked for, and returns the incidents for which that was confirmed.
fn person(name: &str, channel: &str, slack: Slack, stop: &AtomicBool, mut rng: StdRng) -> BTreeSet<u64> {
    let mut confirmed = BTreeSet::new();
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(300));
        let asked = slack.messages(channel).into_iter().filter(|m| {
            m.identity().is_some_and(|(kind, _)| kind == "card")
                && m.buttons().contains(&"incident.acknowledge".to_owned())
        });
        let asked: Vec<_> = asked.collect();
        // Some are left to escalate.
        if asked.len() < 4 {
            continue;
        }
        let card = &asked[rng.random_range(0..asked.len())];
        let verdict = slack.try_press(name, channel, card.ts(), "incident.acknowledge");
        if verdict.is_some_and(|v| v["ok"] == true) {
            confirmed.extend(card.identity().map(|(_, no)| no));
        }
    }
    confirmed
}

#[test]
fn a_hundred_kills_lose_nothing_double_nothing_and_page_nobody_twice() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("SEED={seed}");
    // A hundred starts in a minute are more connections than Slack allows; the limits have tests of their own.
    let workspace = Workspace { strict_rates: false, ..workspace() };
    let mut pager = Pager::run_in(Company::waiting(&["2s", "1h"]).config(), workspace);
    let (slack, listen) = (pager.slack, pager.listen);
    let stop = AtomicBool::new(false);
    let rng = |n: u64| StdRng::seed_from_u64(seed.wrapping_add(n));

    let (sent, confirmed) = std::thread::scope(|threads| {
        let monitors = [("p", PAYMENTS_KEY, 1), ("s", SEARCH_KEY, 2)].map(|(name, key, n)| {
            threads.spawn({
                let stop = &stop;
                move || monitor(name, key, listen, stop, rng(n))
            })
        });
        // Those who are asked at once: anybody else is asked first whether they mean it.
        let people = [("ana", "payments", 3), ("ana", "payments", 4), ("chen", "search", 5)].map(|(name, at, n)| {
            threads.spawn({
                let stop = &stop;
                move || person(name, at, slack, stop, rng(n))
            })
        });
        let mut rng = rng(0);
        for _ in 0..KILLS {
            pager.launch();
            std::thread::sleep(Duration::from_millis(rng.random_range(LIFE_MS)));
            assert!(pager.is_running(), "the pager ended by itself:\n{}", pager.log());
            pager.kill();
        }
        pager.start();
        stop.store(true, Ordering::Relaxed);
        let sent: Vec<Sent> = monitors.into_iter().map(|m| m.join().expect("a monitor")).collect();
        let confirmed: Vec<BTreeSet<u64>> = people.into_iter().map(|p| p.join().expect("a person")).collect();
        (sent.into_iter().flatten().collect::<Sent>(), confirmed.into_iter().flatten().collect::<BTreeSet<u64>>())
    });
    pager.settles(90);
    let story = Story::read(&pager.facts_with_time());
    eventually_true("every incident was acknowledged, or went up a level", 10, || {
        let story = Story::read(&pager.facts_with_time());
        story.incidents.values().all(|i| i.acknowledged_ms.is_some() || i.level > 0)
    });
    pager.settles(90);

    // Nothing that was answered is lost, and nothing is counted that was not sent.
    let mut events = 0;
    for (dedup, (answered, tried)) in &sent {
        let found = story.events.get(dedup).copied().unwrap_or(0);
        assert!((*answered..=*tried).contains(&found), "{dedup}: {answered} of {tried} answered 202, {found} found");
        events += answered;
    }
    // Every confirmed click is on record, and what it answered stays answered.
    for incident in &confirmed {
        assert!(story.incidents[incident].acknowledged_ms.is_some(), "the acknowledgement of #{incident} is lost");
    }
    assert_eq!(story.after_acknowledgement, Vec::<String>::new(), "acknowledged incidents were asked about again");

    // Slack shows each incident once.
    let mut doubled = Vec::new();
    let mut late = Vec::new();
    for (no, incident) in &story.incidents {
        let channel = ["payments", "search"].into_iter().find(|c| channel_id(c) == incident.channel);
        let channel = channel.expect("a channel of ours");
        let words = if incident.acknowledged_ms.is_some() { "has it since" } else { "Paging" };
        slack.card_says_within(30, channel, *no, words);
        let cards = slack.cards(channel, *no).len();
        doubled.extend((1..cards).map(|_| format!("card of #{no}")));
        for who in ["ana", "ben", "chen", "divya"] {
            let pages = slack.pages(who, *no);
            let mut seen = BTreeSet::new();
            for page in &pages {
                if !seen.insert(page.page()) {
                    doubled.push(format!("page {:?} of #{no} to {who}", page.page()));
                }
                #[allow(clippy::cast_possible_truncation)] // milliseconds since 1970 are exact in a float
                let sent_ms = (page.time() * 1000.0) as i64;
                let answered = incident.acknowledged_ms.filter(|at| sent_ms > at + IN_FLIGHT_MS);
                late.extend(answered.map(|at| format!("page of #{no} to {who}, {} ms after the answer", sent_ms - at)));
            }
        }
    }
    println!(
        "{KILLS} kills: {} incidents, {events} events answered 202, {} acknowledgements confirmed, {} doubled: {doubled:?}",
        story.incidents.len(),
        confirmed.len(),
        doubled.len(),
    );
    assert_eq!(late, Vec::<String>::new(), "pages went out after the answer");
    assert!(doubled.len() <= KILLS, "more than one duplicate for each crash");
    assert!(story.incidents.len() >= 20 && confirmed.len() >= 5, "too little happened to prove anything");
}

/// What the journal says about each incident.
#[derive(Default)]
struct Story {
    incidents: BTreeMap<u64, Told>,
    /// Events by dedup key.
    events: BTreeMap<String, u64>,
    after_acknowledgement: Vec<String>,
}

#[derive(Default)]
struct Told {
    channel: String,
    dedup: String,
    level: u64,
    acknowledged_ms: Option<i64>,
}

impl Story {
    fn read(facts: &[(i64, Value)]) -> Self {
        let mut story = Self::default();
        for (at_ms, fact) in facts {
            let kind = fact["k"].as_str().unwrap_or_default();
            let no = fact["incident"].as_u64().or(fact["i"].as_u64()).unwrap_or_default();
            let told = story.incidents.entry(no).or_default();
            match kind {
                "incident_opened" => {
                    told.channel = fact["channel"].as_str().unwrap_or_default().to_owned();
                    told.dedup = fact["dedup"].as_str().unwrap_or_default().to_owned();
                    *story.events.entry(told.dedup.clone()).or_default() += 1;
                }
                "rep" => *story.events.entry(told.dedup.clone()).or_default() += 1,
                "acknowledged" => told.acknowledged_ms = told.acknowledged_ms.or(Some(*at_ms)),
                "step_started" | "call_started" | "page_requested" | "ack_timed_out" => {
                    if told.acknowledged_ms.is_some() {
                        story.after_acknowledgement.push(fact.to_string());
                    }
                    told.level = told.level.max(fact["step"].as_u64().unwrap_or_default());
                }
                _ => {}
            }
        }
        story.incidents.remove(&0);
        story
    }
}

trait FactsWithTime {
    /// All facts with the wall clock's milliseconds.
    fn facts_with_time(&self) -> Vec<(i64, Value)>;
}

impl FactsWithTime for Pager {
    fn facts_with_time(&self) -> Vec<(i64, Value)> {
        let frames = journal::frames(self.data_dir());
        let facts = |f: Value| {
            let at_ms = f["wall"].as_i64().unwrap_or_default();
            f["facts"].as_array().cloned().unwrap_or_default().into_iter().map(move |fact| (at_ms, fact))
        };
        frames.into_iter().flat_map(facts).collect()
    }
}
