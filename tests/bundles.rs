//! One push at a time, when things go wrong: what was pushed holds the next pages to the same person back for a moment,
//! and nothing else does; and nobody is pushed twice for one page. On the whole pager in virtual time.

mod sim;

use serde_json::{Value, json};
use sim::company::company;
use sim::{START, Sim, clear, event, order};
use std::collections::BTreeSet;
use warridor::domain::input::EventAction;
use warridor::domain::page::Recipient;

/// A page is looked for this long before it goes again, and some latency.
const CERTAINTY_MS: i64 = 8_000;
const A_MOMENT_MS: i64 = 1_000;
/// The setting's default, and some latency.
const HELD_BACK_MS: i64 = 30_000;

/// Slack answers at once.
fn sim() -> Sim {
    let mut sim = Sim::new(11);
    sim.latency_ms = (20, 20);
    sim
}

fn fires(sim: &mut Sim, service: &str, key: &str) {
    sim.events(service, vec![event(EventAction::Trigger, key, None)]);
    sim.settle();
}

/// From now on, until it is counted down or cleared.
fn goes_wrong(sim: &mut Sim, fault: Value) {
    order(&mut sim.slack, fault);
}

/// The pages that the messages to somebody speak of, a list for each message.
fn pushed(sim: &mut Sim, who: &str) -> Vec<Vec<u64>> {
    let number = |v: &Value| v.as_str().and_then(|n| n.parse::<u64>().ok());
    // A range is of the pages to one person.
    let snapshot = sim.snapshot();
    let to = Recipient::User(who.into());
    let pages = snapshot.world.incidents.values().flat_map(|i| &i.pages).filter(|p| p.to == to);
    let theirs: BTreeSet<u64> = pages.map(|p| p.id.0).collect();
    let numbers = |m: &Value| -> Vec<u64> {
        let payload = &m["metadata"]["event_payload"];
        match payload["pages"].as_str() {
            Some(ranges) => ranges.split(' ').flat_map(range).filter(|n| theirs.contains(n)).collect(),
            None => number(&payload["page"]).into_iter().collect(),
        }
    };
    // What is said of their shifts is no page.
    let is_page = |m: &&Value| m["metadata"]["event_payload"]["kind"] != "post";
    sim.messages(&format!("dm:{who}")).iter().filter(is_page).map(numbers).collect()
}

fn range(words: &str) -> std::ops::RangeInclusive<u64> {
    let (a, b) = words.split_once('-').unwrap_or((words, words));
    let n = |s: &str| s.parse().expect("a number");
    n(a)..=n(b)
}

/// What the messages to somebody say, in their order.
fn told(sim: &mut Sim, who: &str) -> Vec<String> {
    let texts = sim.messages(&format!("dm:{who}"));
    texts.iter().map(|m| m["text"].as_str().unwrap_or_default().to_owned()).collect()
}

fn dies_and_starts(sim: &mut Sim) {
    sim.crash(false);
    clear(&mut sim.slack);
    assert!(sim.boot(), "{}", sim.tail());
    sim.settle();
}

#[test]
fn a_page_that_was_sent_before_a_restart_is_found_and_the_next_one_is_sent_as_ever() {
    let mut sim = sim();
    goes_wrong(&mut sim, json!({ "fault": "timeout", "method": "chat.postMessage", "when": "after" }));
    fires(&mut sim, "payments", "disk");
    sim.advance(A_MOMENT_MS);
    assert_eq!(pushed(&mut sim, "ana").len(), 1, "it is there, and nobody knows");
    dies_and_starts(&mut sim);
    fires(&mut sim, "payments", "cpu");
    sim.advance(HELD_BACK_MS + CERTAINTY_MS);
    let pages = pushed(&mut sim, "ana");
    assert_eq!(pages, [[1], [2]], "each once: {:#?}", told(&mut sim, "ana"));
}

#[test]
fn a_page_that_was_not_sent_before_a_restart_goes_when_it_was_looked_for_and_not_later() {
    let mut sim = sim();
    goes_wrong(&mut sim, json!({ "fault": "timeout", "method": "chat.postMessage", "when": "before" }));
    fires(&mut sim, "payments", "disk");
    sim.advance(A_MOMENT_MS);
    dies_and_starts(&mut sim);
    sim.advance(CERTAINTY_MS + A_MOMENT_MS);
    assert_eq!(pushed(&mut sim, "ana"), [[1]], "looking for it is no push that it has to wait for");
}

#[test]
fn what_follows_a_page_that_is_looked_for_waits_for_no_push() {
    let mut sim = sim();
    goes_wrong(&mut sim, json!({ "fault": "timeout", "method": "chat.postMessage", "when": "after" }));
    fires(&mut sim, "payments", "disk");
    sim.advance(A_MOMENT_MS);
    dies_and_starts(&mut sim);
    sim.advance(A_MOMENT_MS);
    // What was pushed by the process before is found by now; this process pushed nobody yet.
    fires(&mut sim, "payments", "cpu");
    sim.advance(2 * A_MOMENT_MS);
    assert_eq!(pushed(&mut sim, "ana"), [[1], [2]]);
}

#[test]
fn a_push_that_slack_refused_holds_nothing_back() {
    let mut sim = sim();
    goes_wrong(
        &mut sim,
        json!({ "fault": "error", "error": "restricted_action", "method": "chat.postMessage", "channel": "U0ANA", "count": 1 }),
    );
    fires(&mut sim, "payments", "disk");
    sim.advance(A_MOMENT_MS);
    assert_eq!(pushed(&mut sim, "ana").len(), 0, "refused");
    assert_eq!(pushed(&mut sim, "ben").len(), 1, "the next level is asked");
    fires(&mut sim, "payments", "cpu");
    sim.advance(2 * A_MOMENT_MS);
    assert_eq!(pushed(&mut sim, "ana").len(), 1, "nothing was pushed to her before: {}", sim.tail());
}

#[test]
fn a_push_that_a_newer_page_took_the_place_of_holds_nothing_back() {
    let mut sim = sim();
    goes_wrong(&mut sim, json!({ "fault": "500", "method": "chat.postMessage", "when": "before" }));
    fires(&mut sim, "search", "slow");
    // Chen is asked a second time after two minutes. By then the first page was tried again and again, and never arrived.
    sim.advance(120_000);
    assert_eq!(pushed(&mut sim, "chen").len(), 0);
    clear(&mut sim.slack);
    sim.advance(CERTAINTY_MS + 2 * A_MOMENT_MS);
    assert_eq!(pushed(&mut sim, "chen"), [[2]], "the newer one: {}", sim.tail());
}

#[test]
fn a_message_names_hundreds_of_pages_in_few_words_and_each_is_sent_once_whatever_happens() {
    const EACH: usize = 300;
    let mut company = company();
    company.settings.flood = 0;
    let mut sim = Sim::of(company, START, 11);
    sim.latency_ms = (20, 20);
    // Turn by turn, so that no two of Ana's pages follow each other.
    for n in 0..EACH {
        fires(&mut sim, "payments", &format!("p{n}"));
        fires(&mut sim, "search", &format!("s{n}"));
    }
    // The first message about many is posted, and nobody hears of it.
    sim.advance(20_000);
    goes_wrong(&mut sim, json!({ "fault": "timeout", "method": "chat.postMessage", "when": "after" }));
    sim.advance(12_000);
    dies_and_starts(&mut sim);
    sim.advance(4 * HELD_BACK_MS);
    let snapshot = sim.snapshot();
    let to = Recipient::User("ana".into());
    let pages = snapshot.world.incidents.values().flat_map(|i| &i.pages).filter(|p| p.to == to);
    let hers: BTreeSet<u64> = pages.map(|p| p.id.0).collect();
    let messages = pushed(&mut sim, "ana");
    let first = messages.get(1).map_or(0, Vec::len);
    assert_eq!(first, EACH - 1, "the first of many speaks of all others");
    let all: Vec<u64> = messages.concat();
    let each: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(all.len(), each.len(), "a page was sent twice");
    let missing: Vec<&u64> = hers.difference(&each).collect();
    assert!(missing.is_empty(), "never sent: {missing:?}");
    let largest = sim.messages("dm:ana").iter().map(|m| m["metadata"].to_string().len()).max();
    assert!(largest.is_some_and(|bytes| bytes < 300), "{largest:?} bytes of metadata");
}

#[test]
fn a_page_whose_metadata_slack_refuses_is_sent_without() {
    let mut sim = sim();
    goes_wrong(
        &mut sim,
        json!({ "fault": "error", "error": "metadata_too_large", "method": "chat.postMessage", "count": 2 }),
    );
    fires(&mut sim, "payments", "disk");
    sim.advance(5 * A_MOMENT_MS);
    let texts = told(&mut sim, "ana");
    assert!(matches!(texts.as_slice(), [one] if one.starts_with("Page: #1")), "{texts:?}");
    let page = sim.messages("dm:ana").pop().expect("a page");
    assert!(page["metadata"].is_null() && !Sim::buttons(&page).is_empty(), "its buttons are there: {page}");
    assert_eq!(sim.messages("payments").len(), 1, "and so is the card");
    assert_eq!(pushed(&mut sim, "ben").len(), 0, "nobody was passed over");
}

#[test]
fn fault_8_what_waits_for_slack_is_bounded_by_what_is_open_however_long_it_is_away() {
    const OPEN: usize = 40;
    let mut sim = sim();
    goes_wrong(&mut sim, json!({ "fault": "503", "method": "*", "when": "before" }));
    let mut waits = Vec::new();
    for _ in 0..30 {
        for n in 0..OPEN {
            fires(&mut sim, "payments", &format!("p{n}"));
        }
        sim.advance(60_000);
        waits.push(sim.outbox.as_ref().expect("it runs").pending().len());
    }
    let wanted = sim.snapshot().world.wanted.len();
    let asked_last = wanted + 4 * OPEN;
    // A card, a thread, a log and a message for each, and the pages that are wanted: not a step of what happened.
    assert!(waits.iter().all(|n| *n <= asked_last), "{waits:?}, {wanted} pages are wanted");
    let (half, whole) = (waits[14], waits[29]);
    assert!(whole <= half + OPEN, "it grows with time: {waits:?}");
    clear(&mut sim.slack);
    sim.advance(4 * 60_000);
    let told =
        |all: &[Value], kind: &str| all.iter().filter(|m| m["metadata"]["event_payload"]["kind"] == kind).count();
    let all = sim.messages("payments");
    assert_eq!((told(&all, "card"), told(&all, "post")), (OPEN, 1), "a card for each, and one message about them all");
    assert!(sim.is_quiet(), "{:?}", sim.outbox.as_ref().map(|o| o.pending()));
}
