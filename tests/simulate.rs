//! `warridor simulate` with the real binary: what it says of events that rules, groups and thresholds decide about.

use std::path::Path;

const GOOD: &str = include_str!("config/good.toml");

/// What is said about an event, with the configuration of `tests/config/good.toml`; `search-api` waits for three.
fn simulate(event: &str, more: &[&str]) -> String {
    let (code, said, wrong) = run(event, more);
    assert_eq!(code, Some(0), "{said}{wrong}");
    said
}

/// How it ends, what is said, and what is complained of.
fn run(event: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let text = GOOD.replace(
        "id = \"search-api\"",
        "id = \"search-api\"\ngroup = { by = [\"region\"], window = \"10m\" }\nthreshold = { events = 3, within = \"10m\" }",
    );
    assert_ne!(text, GOOD);
    run_with(&text, event, &[&["--at", "2026-12-24T03:00"], more].concat())
}

/// The same with another configuration.
fn run_with(text: &str, event: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let dir = tempfile::tempdir().expect("a folder");
    write(dir.path(), "config.toml", text);
    write(dir.path(), "event.json", event);
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_warridor"));
    let command = command.current_dir(dir.path()).args(["simulate", "event.json"]);
    let out = command.args(more).env("TZ", "UTC").output().expect("it runs");
    let (said, wrong) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
    (out.status.code(), said, wrong)
}

fn write(dir: &Path, name: &str, text: &str) {
    std::fs::write(dir.join(name), text).expect("it is written");
}

const OF_PAYMENTS: [&str; 2] = ["--service", "payments-api"];
const OF_SEARCH: [&str; 2] = ["--service", "search-api"];

#[test]
fn what_only_informs_is_told_with_its_rule_and_where_it_is_shown() {
    let event = r#"{"title": "Disk is 81 % full", "dedup_key": "disk",
        "labels": {"severity": "info", "region": "eu-west-1"}}"#;
    assert_eq!(
        simulate(event, &OF_PAYMENTS),
        "At 2026-12-24 03:00 UTC an event for payments-api:\n\
        “Disk is 81 % full” is shown in #admin, by the rule “info is no alert”, number 1 of configuration 1; it pages nobody.\n"
    );
}

#[test]
fn every_monitors_body_is_told_apart_and_one_that_asks_nobody_to_act_does_nothing() {
    let message = |kind: &str| {
        format!(r#"{{"event": {{"event_type": "{kind}", "data": {{"id": "PX1", "title": "Shop is down"}}}}}}"#)
    };
    let rows = [
        (
            r#"{"ruleId": 5, "ruleName": "CPU is busy", "ruleUrl": "https://g/1", "state": "alerting"}"#,
            "#1 CPU is busy",
        ),
        (r#"{"id": "i", "issueUrl": "https://nr/i", "title": "Errors", "state": "ACTIVATED"}"#, "#1 Errors"),
        (r#"{"search_name": "Logins", "sid": "1", "results_link": "https://s/1"}"#, "#1 Logins"),
        (&message("incident.triggered"), "#1 Shop is down"),
        (&message("incident.annotated"), "Nothing would happen: no incident opens or changes, and nobody is paged."),
    ];
    for (event, expected) in rows {
        let said = simulate(event, &OF_PAYMENTS);
        assert!(said.contains(expected) && !said.contains("not understood"), "{event}\n{said}");
    }
    let said = simulate(r#"{"title": "x"}"#, &["--source", "newrelic", "--service", "payments-api"]);
    assert!(said.contains("is not understood: state: found nothing"), "{said}");
}

#[test]
fn what_is_dropped_is_told_with_its_rule() {
    let event = r#"{"title": "a test alert", "dedup_key": "probe/1"}"#;
    assert_eq!(
        simulate(event, &OF_PAYMENTS),
        "At 2026-12-24 03:00 UTC an event for payments-api:\n\
        An event is dropped, by rule 2 of configuration 1: it is counted, and nobody sees it.\n"
    );
    let json: serde_json::Value =
        serde_json::from_str(&simulate(event, &["--service", "payments-api", "--format", "json"])).expect("JSON");
    let rule = serde_json::json!({ "number": 2, "config": 1 });
    assert_eq!(json, serde_json::json!([{ "incident": null, "what": "dropped", "rule": rule }]));
}

#[test]
fn what_is_sent_elsewhere_is_told_with_its_rule_policy_and_who_is_asked_when() {
    let event = r#"{"title": "Cards fail", "dedup_key": "cards", "labels": {"team": "payments"}}"#;
    let said = simulate(event, &OF_SEARCH);
    let told: Vec<&str> = said.lines().collect();
    assert_eq!(
        told[..4],
        [
            "At 2026-12-24 03:00 UTC an event for search-api:",
            "",
            "#1 Cards fail",
            "  service payments-api, tier 1; urgency high, as the service is configured",
        ]
    );
    assert!(told[4].starts_with("  policy payments, configuration 1 ("), "{said}");
    assert_eq!(told[5], "  sent here from search-api by rule 3 of configuration 1");
    assert_eq!(
        told[6..10],
        [
            "  Thu 03:00:00 UTC  it opens",
            "  Thu 03:00:00 UTC  level 1",
            "  Thu 03:00:00 UTC  ana is paged by Slack, Thu 03:00:00 WET for them",
            "  Thu 03:05:00 UTC  level 2",
        ]
    );
}

#[test]
fn what_cannot_be_read_is_told_with_what_is_wrong_and_whom_it_pages_all_the_same() {
    let broken = r#"{"status": "firing", "alerts": [{"labels": {"alertname": "DiskFull""#;
    let said = simulate(broken, &["--service", "payments-api", "--source", "alertmanager"]);
    let told: Vec<&str> = said.lines().collect();
    assert!(told[0].starts_with("event.json is not understood: "), "{said}");
    assert_eq!(told[4], "#1 DiskFull", "{said}");
    assert!(said.contains("ana is paged by Slack"), "{said}");
    let json = simulate(broken, &["--service", "payments-api", "--source", "alertmanager", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(json[0]["problem"].as_str().is_some_and(|p| !p.is_empty()), "{json}");
    assert!(json[0]["ahead"].as_array().is_some_and(|a| a.iter().any(|a| a["what"] == "page")), "{json}");
    let good =
        simulate(r#"{"title": "Cards fail", "dedup_key": "c"}"#, &["--service", "payments-api", "--format", "json"]);
    let good: serde_json::Value = serde_json::from_str(&good).expect("JSON");
    assert_eq!(good[0]["problem"], serde_json::Value::Null);
}

#[test]
fn what_waits_for_more_of_its_kind_pages_nobody_yet_and_the_third_does() {
    let one = |n: u32| format!(r#"{{"status": "firing", "labels": {{"alertname": "Slow{n}", "region": "eu"}}}}"#);
    let body =
        |n: u32| format!(r#"{{"version": "4", "alerts": [{}]}}"#, (1..=n).map(one).collect::<Vec<_>>().join(","));
    let said = simulate(&body(1), &OF_SEARCH);
    assert!(said.contains("it is held: nobody is asked until 3 events came within 10 min"), "{said}");
    assert!(said.ends_with("Nothing more happens by itself.\n") && !said.contains("is paged"), "{said}");

    let said = simulate(&body(3), &OF_SEARCH);
    assert!(said.contains("joins it") && said.contains("it is held no longer"), "{said}");
    assert!(said.contains("ben is paged by Slack"), "{said}");
}

#[test]
fn a_key_that_is_not_set_here_is_told_with_what_sets_it() {
    let event = r#"{"title": "Cards fail", "dedup_key": "cards"}"#;
    let (code, _, wrong) = run(event, &["--key-name", "KEY_PAYMENTS"]);
    let told = "simulate: the key \"KEY_PAYMENTS\" is not set here: set KEY_PAYMENTS, or add --service ID instead\n";
    assert_eq!((code, wrong.as_str()), (Some(2), told));
}

#[test]
fn a_key_that_is_not_set_and_fixes_an_urgency_says_that_the_service_has_its_own() {
    let text = GOOD.replace("key_env = \"KEY_PAYMENTS\"", "key_env = \"KEY_PAYMENTS\"\nurgency = \"low\"");
    let (code, _, wrong) = run_with(&text, r#"{"title": "Cards fail"}"#, &["--key-name", "KEY_PAYMENTS"]);
    let told = "simulate: the key \"KEY_PAYMENTS\" is not set here: set KEY_PAYMENTS, or add --service ID instead, which \
                takes the service's own urgency where this key fixes low\n";
    assert_eq!((code, wrong.as_str()), (Some(2), told));
}

#[test]
fn how_urgent_it_is_is_told_with_what_decides_that() {
    let event = r#"{"title": "Cards fail", "dedup_key": "cards", "labels": {"severity": "warning"}}"#;
    let told = |urgency: &str, more: &str| {
        let text = GOOD.replace("urgency = \"high\"", urgency) + more;
        let at = ["--service", "payments-api", "--at", "2026-12-24T03:00"];
        let (code, said, wrong) = run_with(&text, event, &at);
        assert_eq!(code, Some(0), "{said}{wrong}");
        said.lines().find(|line| line.contains("; urgency ")).unwrap_or_default().to_owned()
    };
    let hours =
        "\n[[hours]]\nid = \"shop\"\ntz = \"Europe/Berlin\"\ndays = \"mon-fri\"\nfrom = \"09:00\"\nuntil = \"17:00\"\n";
    let by_hours = told("urgency = \"hours\"\nsupport_hours = \"shop\"", hours);
    assert_eq!(by_hours, "  service payments-api, tier 1; urgency low, by the support hours `shop`; it wakes nobody");
    let by_severity = told("urgency = \"severity\"", "");
    assert_eq!(
        by_severity,
        "  service payments-api, tier 1; urgency low, by the severity of the alert; it wakes nobody"
    );
    let low = told("urgency = \"low\"", "");
    assert_eq!(low, "  service payments-api, tier 1; urgency low, as the service is configured; it wakes nobody");
}

#[test]
fn a_zone_that_is_none_is_named_with_the_one_that_was_meant() {
    let of_payments = ["--service", "payments-api", "--at", "2026-12-24T03:00 Europe/Lisboa"];
    let (code, _, wrong) = run_with(GOOD, r#"{"title": "Cards fail"}"#, &of_payments);
    let told = "simulate: --at: \"Europe/Lisboa\" is not a time zone: write an IANA name, such as \"2026-12-24T03:00 \
                Europe/Lisbon\"\n";
    assert_eq!((code, wrong.as_str()), (Some(2), told));
}
