//! A real Alertmanager, the real binary, a local Slack: an alert from its first second to its last.

mod e2e;

use chrono::{TimeDelta, Utc};
use e2e::alertmanager::Alertmanager;
use e2e::company::PAYMENTS_KEY;
use e2e::{Company, Pager, eventually_true};
use serde_json::json;
use std::time::{Duration, Instant};

/// From the alert to the card and the page. Alertmanager itself waits 0.1 s of it.
const PAGED_WITHIN: Duration = Duration::from_secs(2);

/// A demo whose on-call has 2 s to answer, and an Alertmanager that sends to it.
fn alertmanager_and_pager() -> (Alertmanager, Pager) {
    let pager = Pager::demo(&Company::waiting(&["2s", "3s", "1h"]).impatient());
    pager.has_sockets(2);
    let webhook = format!("http://{}/integrations/alertmanager/{PAYMENTS_KEY}", pager.listen);
    let enqueue = format!("http://{}/v2/enqueue", pager.listen);
    let alertmanager = Alertmanager::start(pager.dir(), &webhook, &enqueue, PAYMENTS_KEY);
    (alertmanager, pager)
}

#[test]
#[allow(clippy::disallowed_methods)] // a monitor has a clock of its own
fn an_alert_is_paged_escalated_acknowledged_survives_a_kill_and_is_cleared() {
    let (alertmanager, mut pager) = alertmanager_and_pager();
    let slack = pager.slack;
    let labels = json!({"alertname": "PaymentErrors", "severity": "critical", "region": "eu-west-1"});
    let started = Utc::now() - TimeDelta::seconds(5);
    let starts_at = started.to_rfc3339();

    // 03:00. The rule fires.
    let posted = Instant::now();
    alertmanager.post(&labels, "Payment errors at 8 %", &starts_at, None);
    let card = slack.card_says("payments", 1, "PaymentErrors");
    let dm = slack.page_to("ana", 1);
    assert!(posted.elapsed() < PAGED_WITHIN, "card and page took {:?}", posted.elapsed());
    card.must_say(":red_circle:").must_say("Paging *Ana Silva*").must_say("Next: Ben Okafor");
    assert_eq!(card.color(), "d92d20");
    dm.must_say("Page: #1 triggered Payments API");
    assert!(dm.buttons().contains(&"incident.acknowledge".to_owned()));

    // Ana sleeps. Two seconds later Ben is asked, not earlier.
    let second = slack.page_to("ben", 1);
    let waited = second.time() - dm.time();
    assert!((1.9..4.0).contains(&waited), "Ben was paged {waited} s after Ana");
    slack.card_says("payments", 1, "Paging *Ben Okafor*");

    // Ben takes it, from his direct message.
    slack.press_well("ben", "dm:ben", &second, "incident.acknowledge");
    let card = slack.card_says("payments", 1, "*Ben Okafor* has it since");
    assert_eq!(card.color(), "f79009");
    assert!(!card.buttons().contains(&"incident.acknowledge".to_owned()));
    eventually_true("Ana's page says who has it, without buttons", 10, || {
        let dm = slack.pages("ana", 1).remove(0);
        dm.readable().contains("*Ben Okafor* has it") && dm.buttons().is_empty()
    });

    // A second alert is asked of everybody in turn. It would have been Mara's turn with the first one long before.
    alertmanager.post(&json!({"alertname": "DiskFull"}), "Disk full", &starts_at, None);
    slack.page_to("mara", 2);
    assert!(slack.pages("mara", 1).is_empty(), "Mara was paged about an incident that Ben has");

    // The machine dies without a word.
    pager.kill_and_start();
    pager.has_sockets(2);
    slack.card_says("payments", 1, "*Ben Okafor* has it since");
    // Something new happens after the restart, and what was before stays as it was.
    alertmanager.post(&json!({"alertname": "AfterRestart"}), "After the restart", &starts_at, None);
    slack.page_to("ana", 3);
    pager.settles(20);
    for incident in 1..=3 {
        assert_eq!(slack.cards("payments", incident).len(), 1, "one card of #{incident}");
        assert_eq!(slack.pages("ana", incident).len(), 1, "one page of #{incident} to Ana");
        assert!(slack.pages("ben", incident).len() <= 1, "at most one page of #{incident} to Ben");
    }
    assert!(slack.pages("mara", 1).is_empty());

    // The rule is quiet again.
    let ended = Utc::now().to_rfc3339();
    alertmanager.post(&labels, "Payment errors at 8 %", &starts_at, Some(&ended));
    let card = slack.card_says("payments", 1, "Cleared by the monitor");
    card.must_say(":white_check_mark:");
    assert_eq!(card.color(), "12b76a");
    for who in ["ana", "ben"] {
        eventually_true(format!("{who}'s page has no buttons any more"), 10, || {
            let pages = slack.pages(who, 1);
            pages.len() == 1 && pages[0].buttons().is_empty() && pages[0].readable().contains("Cleared by the monitor")
        });
    }
    eventually_true("the thread tells the story", 10, || {
        let lines: String = slack.thread("payments", &card).iter().map(|m| m.text().to_owned() + "\n").collect();
        let story = ["paging Ben Okafor", "Ben Okafor has it", "Resolved by itself"];
        story.iter().all(|line| lines.matches(line).count() == 1)
    });
}

#[test]
#[allow(clippy::disallowed_methods)]
fn the_same_by_alertmanagers_pagerduty_receiver() {
    let (alertmanager, mut pager) = alertmanager_and_pager();
    let slack = pager.slack;
    let labels = json!({"alertname": "QueueStuck", "route": "pagerduty"});
    let starts_at = (Utc::now() - TimeDelta::seconds(5)).to_rfc3339();

    let posted = Instant::now();
    alertmanager.post(&labels, "The queue is stuck", &starts_at, None);
    let card = slack.card_says("payments", 1, "QueueStuck");
    slack.page_to("ana", 1);
    assert!(posted.elapsed() < PAGED_WITHIN, "card and page took {:?}", posted.elapsed());

    slack.press_well("ana", "payments", &card, "incident.acknowledge");
    slack.card_says("payments", 1, "*Ana Silva* has it since");
    pager.kill_and_start();

    let ended = Utc::now().to_rfc3339();
    alertmanager.post(&labels, "The queue is stuck", &starts_at, Some(&ended));
    slack.card_says("payments", 1, "Cleared by the monitor");
    pager.settles(20);
    assert_eq!(slack.cards("payments", 1).len(), 1);
    assert_eq!(slack.pages("ana", 1).len(), 1);
    assert!(slack.pages("ben", 1).is_empty(), "Ben was paged although Ana had it");
}

/// How often an incident's alert was sent again, in vain.
fn sent_again(pager: &Pager, incident: u64) -> usize {
    let is_repeat = |f: &serde_json::Value| match f["k"].as_str() {
        Some("rep") => f["i"] == incident,
        Some("event_late") => f["incident"] == incident && f["action"] == "trigger",
        _ => false,
    };
    pager.facts().iter().filter(|f| is_repeat(f)).count()
}

/// A group of two members that Alertmanager sends again and again, each time with their old `startsAt`.
#[test]
#[allow(clippy::disallowed_methods)]
fn what_is_sent_again_after_a_resolve_pages_once_and_is_not_lost() {
    let pager = Pager::demo(&Company::default().set("auto_resolve_after = \"1s\"\nresolve_grace = \"10s\""));
    pager.has_sockets(2);
    let webhook = format!("http://{}/integrations/alertmanager/{PAYMENTS_KEY}", pager.listen);
    let enqueue = format!("http://{}/v2/enqueue", pager.listen);
    let alertmanager = Alertmanager::repeating(pager.dir(), &webhook, &enqueue, PAYMENTS_KEY, "500ms");
    let slack = pager.slack;
    let pages = |incident| slack.pages("ana", incident).len();
    let member = |disk: &str| json!({"alertname": "DiskFull", "disk": disk});
    let starts_at = (Utc::now() - TimeDelta::seconds(5)).to_rfc3339();

    alertmanager.post(&member("a"), "Disk a is full", &starts_at, None);
    slack.page_to("ana", 1);
    alertmanager.post(&member("b"), "Disk b is full", &starts_at, None);
    slack.page_to("ana", 2);
    for incident in [1, 2] {
        let card = slack.cards("payments", incident).remove(0);
        slack.press_well("ana", "payments", &card, "incident.acknowledge");
        slack.card_says("payments", incident, "*Ana Silva* has it since");
    }

    // Ana resolves one of them. Its group goes on being sent.
    let card = slack.cards("payments", 1).remove(0);
    slack.press_well("ana", "payments", &card, "incident.resolve");
    slack.card_says("payments", 1, "Still firing: 1 alert.");
    let before = sent_again(&pager, 1);
    // The other member clears: the group goes out at once, with the first one's old startsAt.
    let ended = Utc::now().to_rfc3339();
    alertmanager.post(&member("b"), "Disk b is full", &starts_at, Some(&ended));
    slack.card_says("payments", 2, "Cleared by the monitor");
    eventually_true("what is sent again is counted", 9, || sent_again(&pager, 1) > before);
    assert_eq!((pages(1), pages(2)), (1, 1), "nobody is paged by a repeat");

    // Not cleared in time: the same incident, once.
    slack.card_says_within(20, "payments", 1, "Paging *Ana Silva*");
    eventually_true("Ana is paged again", 10, || pages(1) == 2);
    let before = sent_again(&pager, 1);
    eventually_true("it goes on being sent", 10, || sent_again(&pager, 1) > before + 2);
    assert_eq!(pages(1), 2, "and is paged once");

    // Cleared, and a later episode: the same incident again.
    let ended = Utc::now().to_rfc3339();
    alertmanager.post(&member("a"), "Disk a is full", &starts_at, Some(&ended));
    slack.card_says("payments", 1, "Cleared by the monitor");
    std::thread::sleep(Duration::from_millis(1_100));
    alertmanager.post(&member("a"), "Disk a is full", &Utc::now().to_rfc3339(), None);
    slack.card_says("payments", 1, "Paging *Ana Silva*");
    eventually_true("Ana is paged for the later episode", 10, || pages(1) == 3);
    for incident in [1, 2] {
        assert_eq!(slack.cards("payments", incident).len(), 1, "one card of #{incident}");
    }
    assert!(slack.cards("payments", 3).is_empty(), "an old episode opened another incident");
    assert_eq!(pages(2), 1);
}
