//! One body may be as large as the door allows, and every alert in it new: the frame it becomes still fits.

mod e2e;

use e2e::company::SEARCH_KEY;
use e2e::{Company, Pager, http};
use serde_json::json;
use std::time::Duration;

/// As many events as one body may have, and nearly as many bytes.
const EVENTS: usize = 10_000;
const BODY_BYTES: usize = 16 << 20;

#[test]
fn the_largest_body_of_new_alerts_is_accepted_whole() {
    // Each is an incident.
    let pager = Pager::run(&Company::default().set("flood = 0"));
    let padding = "\u{e9}".repeat((BODY_BYTES / EVENTS - 1400) / 2);
    let (one, two) = padding.split_at(padding.len() / 4 * 2);
    let alerts: Vec<_> = (0..EVENTS)
        .map(|n| {
            json!({
                "status": "firing", "fingerprint": format!("{n:016x}{}", "\u{1f600}".repeat(239)), "startsAt": "2026-03-02T03:02:00Z",
                "labels": {"alertname": format!("Disk{n}"), "severity": "critical"},
                "annotations": {"summary": format!("Disk {n} {two}{one}")},
            })
        })
        .collect();
    let body = json!({"version": "4", "status": "firing", "alerts": alerts}).to_string();
    assert!(body.len() < BODY_BYTES && body.len() > BODY_BYTES / 10 * 8, "{} bytes", body.len());
    let path = format!("/integrations/alertmanager/{SEARCH_KEY}");
    let answer = http::post(pager.listen, &path, body.as_bytes(), Duration::from_secs(60)).expect("an answer");
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json()["count"], EVENTS);
    let listed = pager.slack.slash("mara", "search", "list").to_string();
    assert!(listed.contains(&format!("{EVENTS} incidents are open")), "{}", &listed[..500]);
}
