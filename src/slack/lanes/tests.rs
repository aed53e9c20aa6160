//! Tables first; then random traffic against a model of Slack that counts what it is sent.

use super::*;
use crate::slack::outcome::RETRY_AFTER_DEFAULT_MS;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use std::collections::BTreeSet;

const POST: &str = "chat.postMessage";
const EDIT: &str = "chat.update";
const GROUP: &str = "usergroups.users.update";
const HOME: &str = "views.publish";

fn request(id: u64, method: &'static str, channel: Option<&str>, priority: Priority) -> Request {
    Request { id, method, channel: channel.map(str::to_owned), priority, body: Value::Null }
}

fn page(id: u64, channel: &str) -> Request {
    request(id, POST, Some(channel), Priority::Page)
}

fn card(id: u64, channel: &str) -> Request {
    request(id, POST, Some(channel), Priority::Card)
}

fn ok() -> Outcome {
    Outcome::Ok(Value::Null)
}

fn limited(secs: i64) -> Outcome {
    Outcome::RateLimited { retry_after_ms: secs * 1_000 }
}

fn ids(requests: &[Request]) -> Vec<u64> {
    requests.iter().map(|r| r.id).collect()
}

/// Pushes, which must succeed.
fn push(lanes: &mut Lanes, requests: impl IntoIterator<Item = Request>) {
    for request in requests {
        lanes.push(request, At(0)).unwrap();
    }
}

/// Polls whenever there is something to do, answering each call at once, until `end`; when each id went.
fn run(lanes: &mut Lanes, mut now: i64, end: i64) -> Vec<(i64, u64)> {
    let mut went = Vec::new();
    loop {
        for request in lanes.poll(At(now)) {
            went.push((now, request.id));
            lanes.done(request.id, &ok(), At(now));
        }
        match lanes.next_wake() {
            Some(at) if at.0.max(now) <= end => now = at.0.max(now),
            _ => return went,
        }
    }
}

#[test]
fn the_most_urgent_goes_first_then_who_waited_longest() {
    let mut lanes = Lanes::new();
    push(
        &mut lanes,
        [
            request(1, GROUP, None, Priority::Housekeeping),
            request(2, HOME, Some("U1"), Priority::Home),
            request(3, POST, Some("C1"), Priority::Thread),
            request(4, POST, Some("C2"), Priority::Card),
            request(5, POST, Some("C3"), Priority::Card),
            request(6, POST, Some("D1"), Priority::Page),
            request(7, EDIT, Some("C4"), Priority::Tapped),
        ],
    );
    assert_eq!(ids(&lanes.poll(At(0))), [6, 7, 4, 5, 3, 2, 1]);
    assert_eq!(lanes.next_wake(), None);
    assert_eq!(lanes.in_flight(), 7);
}

#[test]
fn what_was_tapped_waits_for_no_edit_of_something_else_and_no_page_waits_for_it() {
    let mut lanes = Lanes::new();
    push(&mut lanes, (1..=6).map(|id| request(id, EDIT, Some("C1"), Priority::Card)));
    assert_eq!(ids(&lanes.poll(At(0))), [1, 2], "the others wait for these");
    push(&mut lanes, [request(7, EDIT, Some("C1"), Priority::Tapped), request(8, EDIT, Some("C1"), Priority::Tapped)]);
    assert_eq!(ids(&lanes.poll(At(1))), [7], "one at a time");
    push(&mut lanes, [page(9, "C1"), request(10, EDIT, Some("C1"), Priority::Page)]);
    assert_eq!(ids(&lanes.poll(At(2))), [9, 10]);
    lanes.done(1, &ok(), At(3));
    lanes.done(7, &ok(), At(3));
    assert_eq!(ids(&lanes.poll(At(3))), [8, 3]);
}

#[test]
fn one_post_a_second_per_channel_after_a_short_burst() {
    let mut lanes = Lanes::new();
    push(&mut lanes, (1..=6).map(|id| card(id, "C1")));
    // One of the burst of four is kept for a page.
    assert_eq!(run(&mut lanes, 0, 10_000), [(0, 1), (0, 2), (0, 3), (1_000, 4), (2_000, 5), (3_000, 6)]);
}

#[test]
fn a_page_into_a_busy_channel_uses_what_is_kept_for_it() {
    let mut lanes = Lanes::new();
    push(&mut lanes, (1..=6).map(|id| card(id, "C1")));
    assert_eq!(run(&mut lanes, 0, 0), [(0, 1), (0, 2), (0, 3)]);
    push(&mut lanes, [page(9, "C1")]);
    assert_eq!(run(&mut lanes, 1, 1), [(1, 9)]);
}

#[test]
fn a_channel_has_one_post_in_flight_and_other_channels_do_not_wait() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [card(1, "C1"), card(2, "C1"), card(3, "C2")]);
    assert_eq!(ids(&lanes.poll(At(0))), [1, 3]);
    assert_eq!(ids(&lanes.poll(At(60_000))), [0_u64; 0], "C1 hangs");
    push(&mut lanes, [card(4, "C3"), page(5, "C1")]);
    assert_eq!(ids(&lanes.poll(At(60_000))), [5, 4], "C3 does not wait for it, and neither does a page");
    assert_eq!(lanes.done(1, &Outcome::Unknown("timeout".into()), At(60_001)), Done::Settled);
    assert_eq!(ids(&lanes.poll(At(60_001))), [2]);
}

#[test]
fn a_429_on_one_channel_leaves_the_others_at_full_rate() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [card(1, "C1")]);
    lanes.poll(At(0));
    assert_eq!(lanes.done(1, &limited(30), At(0)), Done::Requeued);
    push(&mut lanes, (0..40).map(|n| card(100 + n, if n % 2 == 0 { "C2" } else { "C3" })));
    push(&mut lanes, [card(2, "C1"), request(3, EDIT, Some("C1"), Priority::Card)]);
    let went = run(&mut lanes, 0, 60_000);
    let at = |id: u64| went.iter().find(|(_, i)| *i == id).map(|(at, _)| *at);
    assert_eq!(at(138), Some(17_000), "the twentieth post into C2: three at once, then one a second");
    assert_eq!(at(139), Some(17_000));
    assert_eq!(at(3), Some(0), "another method of the same channel is not paused");
    assert_eq!(at(1), Some(30_000), "the same call again, by itself, first, after exactly its Retry-After");
    assert_eq!(at(2), Some(30_000));
}

#[test]
fn housekeeping_that_meets_429_never_delays_a_page() {
    let rows = [
        (request(1, GROUP, None, Priority::Housekeeping), page(2, "D1")),
        (request(1, HOME, Some("U1"), Priority::Home), page(2, "D1")),
        (
            request(1, "conversations.open", None, Priority::Housekeeping),
            request(2, "conversations.open", None, Priority::Page),
        ),
        (request(1, POST, Some("C1"), Priority::Housekeeping), page(2, "C1")),
    ];
    for (housekeeping, page) in rows {
        let mut lanes = Lanes::new();
        push(&mut lanes, [housekeeping.clone()]);
        assert_eq!(ids(&lanes.poll(At(0))), [1]);
        lanes.done(1, &limited(600), At(0));
        push(&mut lanes, [page.clone()]);
        assert_eq!(ids(&lanes.poll(At(1))), [2], "{housekeeping:?}");
        // If Slack refuses the page itself, the page waits as told.
        lanes.done(2, &limited(5), At(1));
        assert_eq!(ids(&lanes.poll(At(5_000))), [0_u64; 0]);
        assert_eq!(lanes.next_wake(), Some(At(5_001)));
        assert_eq!(ids(&lanes.poll(At(5_001))), [2]);
    }
}

#[test]
fn a_429_on_a_page_pauses_everything_into_that_channel() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [page(1, "C1")]);
    lanes.poll(At(0));
    lanes.done(1, &limited(10), At(0));
    push(&mut lanes, [card(2, "C1"), page(3, "D2")]);
    assert_eq!(ids(&lanes.poll(At(9_999))), [3]);
    assert_eq!(ids(&lanes.poll(At(10_000))), [1, 2]);
}

#[test]
fn a_method_without_channel_is_paused_as_a_whole_and_alone() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [request(1, GROUP, None, Priority::Housekeeping)]);
    lanes.poll(At(0));
    lanes.done(1, &limited(20), At(0));
    push(
        &mut lanes,
        [request(2, GROUP, None, Priority::Housekeeping), request(3, "users.info", None, Priority::Housekeeping)],
    );
    assert_eq!(ids(&lanes.poll(At(0))), [3]);
    assert_eq!(lanes.next_wake(), Some(At(20_000)));
    assert_eq!(ids(&lanes.poll(At(20_000))), [1, 2], "in their order");
}

#[test]
fn a_call_that_met_429_goes_before_what_waited_behind_it() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [card(1, "C1"), card(2, "C1")]);
    assert_eq!(ids(&lanes.poll(At(0))), [1]);
    lanes.done(1, &limited(5), At(0));
    assert_eq!(ids(&lanes.poll(At(5_000))), [1]);
}

#[test]
fn retry_after_is_clamped() {
    for (told, expected) in [(-5, 1_000), (0, 1_000), (RETRY_AFTER_DEFAULT_MS, 30_000), (i64::MAX, 600_000)] {
        let mut lanes = Lanes::new();
        push(&mut lanes, [request(1, GROUP, None, Priority::Housekeeping)]);
        lanes.poll(At(0));
        lanes.done(1, &Outcome::RateLimited { retry_after_ms: told }, At(0));
        assert_eq!(lanes.next_wake(), Some(At(expected)), "{told}");
    }
}

#[test]
fn only_429_comes_back_by_itself() {
    let outcomes = [
        ok(),
        Outcome::Refused { error: "channel_not_found".into(), body: json!({}) },
        Outcome::NotSent("connection refused".into()),
        Outcome::Unknown("timeout".into()),
    ];
    for outcome in outcomes {
        let mut lanes = Lanes::new();
        push(&mut lanes, [card(1, "C1")]);
        lanes.poll(At(0));
        assert_eq!(lanes.done(1, &outcome, At(0)), Done::Settled);
        assert_eq!(lanes.next_wake(), None);
        assert_eq!(lanes.done(1, &outcome, At(0)), Done::Stranger);
    }
}

#[test]
fn every_bound_is_reached_and_pages_have_their_own() {
    let mut lanes = Lanes::new();
    let bound = QUEUE_BOUND as u64;
    push(&mut lanes, (0..bound).map(|id| request(id, GROUP, None, Priority::Housekeeping)));
    let full = Err(PushError::Full { bound: QUEUE_BOUND });
    assert_eq!(lanes.push(card(bound, "C1"), At(0)), full);
    for id in 0..PAGE_QUEUE_BOUND as u64 {
        assert_eq!(lanes.push(page(1_000_000 + id, "D1"), At(0)), Ok(()));
    }
    assert_eq!(lanes.push(page(9_000_000, "D1"), At(0)), Err(PushError::Full { bound: PAGE_QUEUE_BOUND }));
    assert_eq!(lanes.queued(Priority::Housekeeping), QUEUE_BOUND);
    assert_eq!(ids(&lanes.poll(At(0))), [1_000_000, 0, 1, 2, 3], "one page of D1, and as many of the method as may");
    assert_eq!(lanes.push(card(bound, "C1"), At(0)), Ok(()), "there is room again");
    assert_eq!(lanes.push(card(bound, "C1"), At(0)), Err(PushError::Known(bound)));
    assert_eq!(lanes.push(card(0, "C1"), At(0)), Err(PushError::Known(0)), "in flight");
}

#[test]
fn a_full_queue_takes_a_429_back() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [request(0, GROUP, None, Priority::Housekeeping)]);
    lanes.poll(At(0));
    push(&mut lanes, (1..=QUEUE_BOUND as u64).map(|id| request(id, GROUP, None, Priority::Housekeeping)));
    assert_eq!(lanes.done(0, &limited(1), At(0)), Done::Requeued);
    assert_eq!(lanes.queued(Priority::Housekeeping), QUEUE_BOUND + 1);
}

#[test]
fn hanging_calls_of_lesser_urgency_leave_slots_for_pages() {
    let mut lanes = Lanes::new();
    push(&mut lanes, (0..100).map(|id| card(id, &format!("C{id}"))));
    assert_eq!(lanes.poll(At(0)).len(), MAX_IN_FLIGHT - PAGE_RESERVED_IN_FLIGHT);
    push(&mut lanes, (200..300).map(|id| page(id, &format!("D{id}"))));
    assert_eq!(lanes.poll(At(0)).len(), PAGE_RESERVED_IN_FLIGHT);
    assert_eq!(lanes.in_flight(), MAX_IN_FLIGHT);
    assert_eq!(lanes.next_wake(), None, "everything waits for an answer");
    lanes.done(0, &ok(), At(1));
    assert_eq!(ids(&lanes.poll(At(1))), [212], "the slot that got free goes to a page");
}

#[test]
fn one_hanging_channel_or_method_cannot_take_all_slots() {
    let mut lanes = Lanes::new();
    let methods = [EDIT, "pins.add", "reactions.add", "conversations.setTopic"];
    push(&mut lanes, (0..40).map(|n| request(n, methods[n as usize % 4], Some("C1"), Priority::Card)));
    push(&mut lanes, (40..80).map(|n| request(n, "users.info", None, Priority::Card)));
    push(&mut lanes, (80..120).map(|n| request(n, "conversations.open", None, Priority::Page)));
    let hanging = lanes.poll(At(0)).len();
    assert_eq!(hanging, CHANNEL_IN_FLIGHT + METHOD_IN_FLIGHT + PAGE_METHOD_IN_FLIGHT);
    push(&mut lanes, [request(200, EDIT, Some("C2"), Priority::Card), page(201, "D1")]);
    assert_eq!(ids(&lanes.poll(At(1))), [201, 200]);
}

#[test]
fn the_workspace_is_paced_and_pages_have_a_share_of_their_own() {
    let mut lanes = Lanes::new();
    push(&mut lanes, (0..300).map(|id| card(id, &format!("C{id}"))));
    let went = run(&mut lanes, 0, 10_000);
    let at_once = went.iter().filter(|(at, _)| *at == 0).count() as i64;
    assert_eq!(at_once, WORKSPACE_BURST - WORKSPACE_PAGE_RESERVE);
    assert_eq!(went.len() as i64, at_once + 10_000 / WORKSPACE_INTERVAL_MS);
    push(&mut lanes, (1_000..1_200).map(|id| page(id, &format!("D{id}"))));
    let pages = run(&mut lanes, 10_000, 10_000);
    assert_eq!(pages.len() as i64, WORKSPACE_PAGE_RESERVE, "at once, though cards have used up their share");
    assert!(pages.iter().all(|(_, id)| *id >= 1_000));
    // Two hundred people paged in a storm: all within 20 s, cards after them.
    let rest = run(&mut lanes, 10_001, 26_000);
    assert_eq!(rest.iter().filter(|(_, id)| *id >= 1_000).count(), 80);
    assert!(rest.iter().all(|(_, id)| *id >= 1_000));
}

#[test]
fn what_was_cancelled_does_not_go_and_what_flies_cannot_be_cancelled() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [card(1, "C1"), card(2, "C1"), card(3, "C2")]);
    assert!(lanes.cancel(3));
    assert!(!lanes.cancel(3));
    assert_eq!(ids(&lanes.poll(At(0))), [1]);
    assert!(!lanes.cancel(1));
    assert!(lanes.cancel(2));
    assert_eq!(lanes.next_wake(), None);
    assert_eq!(lanes.queued(Priority::Card), 0);
    assert_eq!(lanes.push(card(3, "C2"), At(0)), Ok(()), "its id is free again");
}

#[test]
fn a_cancelled_call_that_was_refused_for_now_does_not_come_back() {
    let mut lanes = Lanes::new();
    push(&mut lanes, [page(1, "D1")]);
    lanes.poll(At(0));
    lanes.done(1, &limited(30), At(0));
    assert!(lanes.cancel(1));
    assert_eq!(ids(&lanes.poll(At(60_000))), [0_u64; 0]);
}

#[test]
fn memory_of_channels_and_pauses_is_bounded() {
    let mut lanes = Lanes::new();
    let mut now = 0;
    for n in 0..5_000_u64 {
        now += WORKSPACE_INTERVAL_MS;
        lanes.push(card(n, &format!("C{n}")), At(now)).unwrap();
        assert_eq!(lanes.poll(At(now)).len(), 1);
        lanes.done(n, &if n % 2 == 0 { ok() } else { limited(1) }, At(now));
        lanes.cancel(n);
    }
    lanes.poll(At(now + 60_000));
    assert!(lanes.channels.len() <= CHANNELS_REMEMBERED + 1, "{}", lanes.channels.len());
    assert_eq!(lanes.pauses.len(), 0);
    assert_eq!(lanes.slots.len(), 0);
    assert_eq!(lanes.places.len(), 0);
    assert!(lanes.queues.values().all(BTreeMap::is_empty));
}

/// A model of Slack under random traffic: answers slowly, hangs, refuses for a while; what it may never see is checked
/// at every call.
fn random_traffic(seed: u64) -> u64 {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut lanes = Lanes::new();
    let methods = [POST, POST, POST, EDIT, GROUP, HOME, "conversations.open", "users.info"];
    let mut now = 0_i64;
    let mut next_id = 0_u64;
    // (when it answers, id) of calls in flight, and all about them.
    let mut answers: BTreeSet<(i64, u64)> = BTreeSet::new();
    let mut flying: BTreeMap<u64, Request> = BTreeMap::new();
    let mut waiting: BTreeSet<u64> = BTreeSet::new();
    let mut posts: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut all_posts: Vec<i64> = Vec::new();
    let mut paused: BTreeMap<(Option<String>, &str, bool), i64> = BTreeMap::new();
    let mut hash = 0_u64;
    let mut next_push = 0;
    while now < 200_000 || !waiting.is_empty() || !flying.is_empty() {
        assert!(now < 3_600_000, "seed {seed}: {} calls never went", waiting.len());
        let is_busy = now < 200_000;
        if is_busy && now >= next_push {
            next_push = now + rng.random_range(1..3_000);
            for _ in 0..rng.random_range(0..12) {
                let method = *methods.choose(&mut rng).unwrap();
                let channel = (!matches!(method, GROUP | "conversations.open" | "users.info"))
                    .then(|| format!("C{}", rng.random_range(0..12)));
                let priority = *Priority::ALL.choose(&mut rng).unwrap();
                next_id += 1;
                lanes.push(request(next_id, method, channel.as_deref(), priority), At(now)).unwrap();
                waiting.insert(next_id);
            }
        }
        while let Some((at, id)) = answers.first().copied().filter(|(at, _)| *at <= now) {
            answers.remove(&(at, id));
            let call = flying.remove(&id).unwrap();
            let is_page = call.priority == Priority::Page;
            let outcome = match rng.random_range(0..10) {
                0 | 1 if is_busy => limited(rng.random_range(1..40)),
                2 => Outcome::Unknown("timeout".into()),
                _ => ok(),
            };
            let done = lanes.done(id, &outcome, At(now));
            match outcome {
                Outcome::RateLimited { retry_after_ms } => {
                    assert_eq!(done, Done::Requeued);
                    waiting.insert(id);
                    for class in if is_page { vec![true, false] } else { vec![false] } {
                        let until = paused.entry((call.channel.clone(), call.method, class)).or_insert(0);
                        *until = (*until).max(now + retry_after_ms);
                    }
                }
                _ => assert_eq!(done, Done::Settled),
            }
        }
        for call in lanes.poll(At(now)) {
            let is_page = call.priority == Priority::Page;
            assert!(waiting.remove(&call.id), "seed {seed}: {} was sent twice", call.id);
            let until = paused.get(&(call.channel.clone(), call.method, is_page)).copied().unwrap_or(0);
            assert!(now >= until, "seed {seed}: {call:?} at {now}, paused until {until}");
            if let (POST, Some(channel)) = (call.method, &call.channel) {
                let same = flying
                    .values()
                    .filter(|f| f.method == POST && f.channel.as_ref() == Some(channel))
                    .filter(|f| (f.priority == Priority::Page) == is_page);
                assert_eq!(same.count(), 0, "seed {seed}: two posts into {channel} in flight");
                let sent = posts.entry(channel.clone()).or_default();
                sent.push(now);
                for window in [1_000, 5_000, 20_000] {
                    let recent = sent.iter().filter(|at| now - **at < window).count() as i64;
                    assert!(
                        recent <= CHANNEL_BURST + window / CHANNEL_INTERVAL_MS,
                        "seed {seed}: {recent} in {window}"
                    );
                }
                all_posts.push(now);
                let recent = all_posts.iter().filter(|at| now - **at < 60_000).count() as i64;
                assert!(recent <= WORKSPACE_BURST + 60_000 / WORKSPACE_INTERVAL_MS);
            }
            hash = hash.wrapping_mul(31).wrapping_add(call.id).wrapping_mul(31).wrapping_add(now.unsigned_abs());
            let hangs = rng.random_bool(0.03);
            let latency = if hangs { 8_000 } else { rng.random_range(20..600) };
            answers.insert((now + latency, call.id));
            flying.insert(call.id, call);
            assert!(flying.len() <= MAX_IN_FLIGHT);
            let others = flying.values().filter(|f| f.priority != Priority::Page).count();
            assert!(others <= MAX_IN_FLIGHT - PAGE_RESERVED_IN_FLIGHT);
        }
        assert!(lanes.next_wake().is_none_or(|at| at.0 > now), "seed {seed}: a wake that does nothing");
        let wake = lanes.next_wake().map_or(i64::MAX, |at| at.0);
        let answer = answers.first().map_or(i64::MAX, |(at, _)| *at);
        now = wake.min(answer).min(now + rng.random_range(1..2_000));
    }
    hash
}

#[test]
fn random_traffic_breaks_no_rule_and_loses_nothing() {
    for seed in 0..300 {
        random_traffic(seed);
    }
    assert_eq!(random_traffic(7), random_traffic(7));
}

#[test]
fn whatever_the_rest_does_a_page_to_a_free_channel_goes_at_once() {
    for seed in 0..500 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut lanes = Lanes::new();
        let methods = [POST, EDIT, GROUP, HOME, "users.info"];
        let mut now = 0;
        for id in 0..400 {
            now += rng.random_range(0..200);
            let method = *methods.choose(&mut rng).unwrap();
            let channel = (!matches!(method, GROUP | "users.info")).then(|| format!("C{}", rng.random_range(0..30)));
            let priority = *Priority::ALL[1..].choose(&mut rng).unwrap();
            lanes.push(request(id, method, channel.as_deref(), priority), At(now)).unwrap();
            for call in lanes.poll(At(now)) {
                match rng.random_range(0..3) {
                    0 => lanes.done(call.id, &limited(600), At(now)),
                    1 => lanes.done(call.id, &ok(), At(now)),
                    _ => Done::Stranger, // hangs for ever
                };
            }
        }
        lanes.push(page(9_999, "D1"), At(now)).unwrap();
        assert_eq!(ids(&lanes.poll(At(now)))[0], 9_999, "seed {seed}");
    }
}
