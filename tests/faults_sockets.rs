//! What goes wrong with Slack's sockets: whatever it is, clicks work afterwards, and nobody hammers Slack meanwhile.
//!
//! The numbers are rows of the project's table of faults.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

mod e2e;

use e2e::{Company, Message, Pager, SOON, eventually_true};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long the pager may take to find out that a socket is dead, and to open another (fault 36).
const HALF_OPEN_SECS: u64 = 75;
/// The longest wait between two tries (fault 37), and the time a try takes.
const BACK_OFF_SECS: u64 = 60 + 2 * SOON;

/// A pager with two sockets, and a card with an Acknowledge button.
fn ready() -> (Pager, Message) {
    let pager = Pager::run(&Company::default());
    pager.has_sockets(2);
    let no = pager.alert("a");
    let card = pager.slack.card_says("payments", no, "Paging");
    pager.slack.page_to("ana", no);
    (pager, card)
}

fn sockets(pager: &Pager) -> Value {
    pager.readiness()["slack"]["sockets"].clone()
}

/// How often Slack was asked for a socket.
fn opens(pager: &Pager) -> usize {
    pager.slack.calls_of("apps.connections.open").len()
}

#[track_caller]
fn clicks_work(pager: &Pager, card: &Message) {
    pager.slack.press_well("ana", "payments", card, "incident.acknowledge");
    pager.slack.card_says("payments", 1, "*Ana Silva* has it since");
}

fn fault_36_half_open_sockets_are_noticed_and_replaced() {
    let (pager, card) = ready();
    let ordered = Instant::now();
    pager.slack.order(json!({"fault": "half_open", "sockets": "all"}));
    eventually_true("two sockets more were asked for", HALF_OPEN_SECS, || opens(&pager) >= 4);
    pager.has_sockets_within(SOON, 2);
    assert!(ordered.elapsed() < Duration::from_secs(HALF_OPEN_SECS), "it took {:?}", ordered.elapsed());
    // Slack has not noticed that the old ones are dead and gives them their share of clicks; people press again.
    eventually_true("a click is heard", 60, || {
        pager.slack.press("ana", "payments", &card, "incident.acknowledge")["ok"] == true
    });
    pager.slack.card_says("payments", 1, "*Ana Silva* has it since");
    assert_eq!(pager.facts_of("acknowledged").len(), 1);
}

#[test]
fn fault_36_while_one_socket_is_dead_the_other_serves() {
    let (pager, card) = ready();
    pager.slack.order(json!({"fault": "half_open", "sockets": "one"}));
    eventually_true("a click is heard", 60, || {
        pager.slack.press("ana", "payments", &card, "incident.acknowledge")["ok"] == true
    });
    assert_eq!(opens(&pager), 2, "the live socket heard it, not a new one");
}

fn fault_37_too_many_websockets_is_waited_out() {
    let (pager, card) = ready();
    let before = opens(&pager);
    pager.slack.order(json!({"fault": "disconnect", "reason": "too_many_websockets", "sockets": "all"}));
    eventually_true("/readyz says so", SOON, || {
        sockets(&pager) == 0 && pager.readyz().text.contains("TooManyWebsockets")
    });
    pager.has_sockets_within(BACK_OFF_SECS, 2);
    assert!(opens(&pager) - before <= 4, "{} tries", opens(&pager) - before);
    clicks_work(&pager, &card);
}

fn fault_37_a_disabled_link_is_waited_out() {
    let (pager, card) = ready();
    let before = opens(&pager);
    pager.slack.order(json!({"fault": "disconnect", "reason": "link_disabled", "sockets": "all"}));
    eventually_true("the sockets are gone", SOON, || sockets(&pager) == 0);
    pager.has_sockets_within(BACK_OFF_SECS, 2);
    assert!(opens(&pager) - before <= 4, "{} tries", opens(&pager) - before);
    clicks_work(&pager, &card);
}

fn fault_37_no_hello_is_given_up_and_tried_again_without_a_hot_loop() {
    let (pager, card) = ready();
    let before = opens(&pager);
    pager.slack.order(json!([{"fault": "no_hello", "count": 3}, {"fault": "drop", "sockets": "all"}]));
    eventually_true("the sockets are gone", SOON, || sockets(&pager) == 0);
    pager.has_sockets_within(BACK_OFF_SECS, 2);
    assert!(opens(&pager) - before <= 8, "{} tries", opens(&pager) - before);
    clicks_work(&pager, &card);
}

fn fault_37_refused_connections_are_tried_again_ever_more_slowly() {
    let (pager, card) = ready();
    let before = opens(&pager);
    pager.slack.order(json!([{"fault": "refuse_connections", "count": 3}, {"fault": "drop", "sockets": "all"}]));
    eventually_true("the sockets are gone", SOON, || sockets(&pager) == 0);
    pager.has_sockets_within(BACK_OFF_SECS, 2);
    assert!(opens(&pager) - before <= 8, "{} tries", opens(&pager) - before);
    clicks_work(&pager, &card);
}

#[test]
fn fault_37_a_disconnect_without_debug_info_is_understood() {
    let (pager, card) = ready();
    let refresh = json!({"fault": "disconnect", "reason": "refresh_requested", "debug_info": false, "sockets": "one"});
    pager.slack.order(refresh);
    eventually_true("another was asked for", SOON, || opens(&pager) >= 3);
    pager.has_sockets(2);
    clicks_work(&pager, &card);
}

#[test]
fn fault_38_both_sockets_refreshed_at_once_leave_no_gap_of_5_seconds() {
    let (pager, card) = ready();
    pager.slack.order(json!({"fault": "disconnect", "reason": "refresh_requested", "sockets": "all"}));
    let ordered = Instant::now();
    eventually_true("others were asked for", SOON, || opens(&pager) >= 3);
    eventually_true("a socket is open", SOON, || sockets(&pager).as_u64() > Some(0));
    assert!(ordered.elapsed() < Duration::from_secs(5), "there was none for {:?}", ordered.elapsed());
    clicks_work(&pager, &card);
    pager.has_sockets(2);
}

#[test]
fn frames_nobody_understands_are_passed_over() {
    let (pager, card) = ready();
    pager.slack.order(json!([{"fault": "unknown_frame"}, {"fault": "junk_frame"}]));
    clicks_work(&pager, &card);
    assert_eq!(opens(&pager), 2, "the sockets stay");
}

#[test]
fn a_dropped_socket_is_replaced() {
    let (pager, card) = ready();
    pager.slack.order(json!({"fault": "drop", "sockets": "one"}));
    eventually_true("another was asked for", SOON, || opens(&pager) >= 3);
    pager.has_sockets(2);
    clicks_work(&pager, &card);
}

/// What takes a minute each because Slack must not be hammered, all at once: five companies with a pager each.
#[test]
fn faults_36_and_37_are_waited_out() {
    let stories: [(&str, fn()); 5] = [
        ("half-open sockets", fault_36_half_open_sockets_are_noticed_and_replaced),
        ("too many websockets", fault_37_too_many_websockets_is_waited_out),
        ("a disabled link", fault_37_a_disabled_link_is_waited_out),
        ("no hello", fault_37_no_hello_is_given_up_and_tried_again_without_a_hot_loop),
        ("refused connections", fault_37_refused_connections_are_tried_again_ever_more_slowly),
    ];
    let stories = stories.map(|(name, story)| (name, std::thread::spawn(story)));
    let failed: Vec<&str> = stories.into_iter().filter_map(|(name, story)| story.join().err().map(|_| name)).collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}
