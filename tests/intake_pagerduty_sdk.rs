//! PagerDuty's own Python library against the pager's door: a sender that is moved here changes its URL and its key.

mod intake_support;

use intake_support::{KEY, Mode, Server};
use serde_json::Value;
use warridor::domain::input::{EventAction, Input, Source, What};
use warridor::ingest::IntakeError;

/// What the script said; it must have been content.
async fn sends(server: &Server, key: &'static str, part: &'static str) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pagerduty_sdk/check.py");
    let url = format!("http://{}", server.addr);
    let run = tokio::process::Command::new("python3").arg(script).args([&url, key, part]).output();
    let output = run.await.expect("python3 is needed for this test: install python3 and `pip install pdpyras`");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_ne!(output.status.code(), Some(3), "pdpyras is needed for this test: pip install pdpyras\n{complained}");
    assert!(output.status.success(), "{part}: {said}\n{complained}");
    serde_json::from_str(said.trim()).unwrap_or_else(|e| panic!("{part}: {e}: {said}"))
}

/// What arrived, a line each.
fn arrived(inputs: &[Input]) -> Vec<String> {
    let line = |input: &Input| match &input.what {
        What::Events(d) => {
            assert_eq!((d.source, d.service.as_str(), d.events.len()), (Source::PagerDuty, "db", 1));
            let e = &d.events[0];
            let action = match e.action {
                EventAction::Trigger => "trigger",
                EventAction::Acknowledge => "acknowledge",
                EventAction::Resolve => "resolve",
            };
            format!("{action} {} {}", e.dedup_key, e.title).trim_end().to_owned()
        }
        What::Changed(c) => format!("changed {}: {}", c.changes[0].source, c.changes[0].summary),
        What::Unreadable(u) => format!("unreadable {}", u.title),
        other => panic!("{other:?}"),
    };
    inputs.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pdpyras_triggers_acknowledges_resolves_and_tells_of_changes_unmodified() {
    let server = Server::start().await;
    let said = sends(&server, KEY, "good").await;
    let made = said["made"].as_str().expect("a key that was made here");
    let inputs = server.fake.taken();
    let expected = [
        "trigger db-1/disk Disk full".to_owned(),
        format!("trigger {made} CPU on fire"),
        format!("acknowledge {made}"),
        format!("resolve {made}"),
        "resolve db-1/disk".to_owned(),
        "changed ci: Deployed v1.2.3".to_owned(),
        // A trigger that cannot be read pages somebody all the same.
        "unreadable What colour?".to_owned(),
    ];
    assert_eq!(arrived(&inputs), expected);

    let What::Events(delivery) = &inputs[1].what else { panic!("{:?}", inputs[1]) };
    let event = &delivery.events[0];
    let label = |name: &str| event.labels.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    for (name, value) in [
        ("severity", "critical"),
        ("source", "web-1"),
        ("component", "cpu"),
        ("group", "web"),
        ("class", "heat"),
        ("load", "12.5"),
        ("ça", "va"),
        ("the load", "https://example.com/graph.png"),
    ] {
        assert_eq!(label(name), Some(value), "{name}: {:?}", event.labels);
    }
    assert_eq!(event.link, "https://example.com/runbook");

    let What::Changed(changes) = &inputs[5].what else { panic!("{:?}", inputs[5]) };
    let change = &changes.changes[0];
    assert_eq!(
        (change.link.as_str(), change.made.map(|at| at.0)),
        ("https://example.com/build/1", Some(1_772_420_520_000))
    );
    assert_eq!(change.details, [("sha".to_owned(), "abc".to_owned())]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pdpyras_says_of_a_wrong_key_what_it_says_of_pagerdutys() {
    let server = Server::start().await;
    sends(&server, "0123456789abcdef0123456789abcdef", "wrong").await;
    assert_eq!(arrived(&server.fake.taken()), Vec::<String>::new());
    assert_eq!(
        server.unknown_keys.drain_unknown_keys().iter().map(|k| k.count).sum::<u64>(),
        3,
        "each once: a wrong key is not tried again"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pdpyras_sends_again_what_was_answered_503() {
    let server = Server::start().await;
    let full = IntakeError::NotWritable("no space".to_owned());
    server.fake.set(Mode::FailFirst(3, full));
    sends(&server, KEY, "busy").await;
    assert_eq!(arrived(&server.fake.taken()), ["trigger db-1/disk Disk full", "changed ci: Deployed v1.2.3"]);
    assert!(server.fake.is_accepting(), "three were answered 503");
}
