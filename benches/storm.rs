//! A bad minute: 100,000 alerts in sixty seconds, each under a key of its own, over 200 services of 20 teams.
//!
//! The real binary, its journal and rows on the disk of the temporary directory, Slack a local server that says yes. Eight
//! senders, each over a connection of its own, hold to the rate; what is answered 503 is sent again, as a monitor does. Then
//! it is read from the journal, and from what Slack was told, whether every alert is there, when each person heard of
//! their first, and when each incident stood in some page.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};
use support::slack::{Post, Slack};
use support::stats::{percentile, sorted, verdict};
use support::storm::{SERVICES, Sent, TEAMS, storm};
use support::{Program, company, events_in_journal, proc_number, slack_user};
use warridor::app::open_store;
use warridor::domain::fact::Fact;
use warridor::record::unseal;
use warridor::store::Store;

const STORM: Duration = Duration::from_secs(60);
/// After it, whatever is still to be told is told within this.
const AFTER: Duration = Duration::from_secs(75);

fn main() {
    let alerts = std::env::var("WARRIDOR_BENCH_ALERTS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let slack = Slack::start();
    let dir = tempfile::tempdir().expect("a directory");
    let program = Program::start(dir.path(), &company(SERVICES, TEAMS), slack.addr);
    program.has_settled(dir.path());
    slack.forget();
    let sent = storm(program.addr, alerts, STORM);
    let took = sent.took.as_secs_f64();
    println!(
        "{alerts} alerts over {SERVICES} services of {TEAMS} teams, offered in {} s: took {took:.1} s",
        STORM.as_secs()
    );
    println!("  answered 202     {} ({} times 503 before, nothing else)", sent.accepted, sent.refused);
    println!("  answer, ms       p50 {:.2} p99 {:.2} most {:.0}", sent.at(0.5), sent.at(0.99), sent.at(1.0));
    let storm_rss = proc_number(program.pid(), "status", "VmHWM") / 1024;
    std::thread::sleep(AFTER);
    let rss = proc_number(program.pid(), "status", "VmHWM") / 1024;
    println!("  resident, MB     {storm_rss} in the storm, {rss} at most");
    program.stop();
    let posts: Vec<Post> = slack.posts.try_iter().collect();
    let first = first_pages(&posts, &sent);
    let kinds = posts.iter().fold(BTreeMap::<&str, usize>::new(), |mut kinds, p| {
        *kinds.entry(p.kind().unwrap_or("thread")).or_default() += 1;
        kinds
    });
    println!("  posts            {kinds:?}");
    let found = events_in_journal(&dir.path().join("data"), alerts);
    let lost = found.iter().filter(|n| **n == 0).count();
    let named = named_after(dir.path());
    println!("  incidents        {}, of which {} stand in no page", named.incidents, named.never);
    println!("  in a page, s     p50 {:.1} p99 {:.1} most {:.1}", named.at(0.5), named.at(0.99), named.at(1.0));
    println!(
        "  first pages, s   {} people, the last after {:.2}",
        first.len(),
        first.last().copied().unwrap_or(f64::NAN)
    );
    verdict("alerts lost", lost as f64, lost == 0, "none");
    verdict("people without a page", (TEAMS - first.len()) as f64, first.len() == TEAMS, "none");
    let slowest = first.last().copied().unwrap_or(f64::INFINITY);
    verdict("seconds to the last person's first page", slowest, slowest < 5.0, "under 5");
    verdict("incidents in no page", named.never as f64, named.never == 0, "none");
    verdict("seconds until the last incident stood in a page", named.at(1.0), named.at(1.0) < 60.0, "under 60");
}

/// For each person who was paged: seconds from their team's first alert to their first page at Slack's door; sorted.
fn first_pages(posts: &[Post], sent: &Sent) -> Vec<f64> {
    let of = |team: &usize, at: &Instant| {
        let page = posts.iter().find(|p| p.is_page_to(&slack_user(2 * team)))?;
        Some((page.at - *at).as_secs_f64())
    };
    sorted(sent.first.iter().filter_map(|(team, at)| of(team, at)).collect())
}

/// How long incidents waited to stand in some page.
struct Named {
    incidents: usize,
    never: usize,
    secs: Vec<f64>,
}

impl Named {
    fn at(&self, share: f64) -> f64 {
        percentile(&self.secs, share)
    }
}

fn named_after(dir: &Path) -> Named {
    let store = open_store(&dir.join("data"));
    store.open().expect("the data directory opens again");
    let (mut opened, mut secs) = (HashMap::new(), Vec::new());
    let mut incidents = 0;
    store
        .tail(0, &mut |frame| {
            for fact in unseal(&frame).expect("facts this release wrote") {
                match fact {
                    Fact::IncidentOpened(o) => {
                        incidents += 1;
                        opened.insert(o.incident, frame.at);
                    }
                    Fact::PageDelivered { incident, .. } => {
                        if let Some(at) = opened.remove(&incident) {
                            secs.push((frame.at.0 - at.0) as f64 / 1e3);
                        }
                    }
                    _ => {}
                }
            }
            true
        })
        .expect("the journal reads");
    store.close().expect("the store closes");
    Named { incidents, never: opened.len(), secs: sorted(secs) }
}
