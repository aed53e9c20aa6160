//! Bodies captured from real senders, which are not ours to ship. Where their folder is (`WARRIDOR_SHARED`, or `shared`
//! beside the checkout), each is decoded and must say what a person would read in it; where it is not, this passes and
//! says so.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use warridor::domain::input::{Event, EventAction};
use warridor::ingest::sources::{
    DecodeError, Decoded, alertmanager, change, generic, grafana, newrelic, pagerduty, pagerduty_webhook, splunk,
};

fn folder() -> Option<PathBuf> {
    let given = std::env::var_os("WARRIDOR_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    given.into_iter().chain([beside]).map(|f| f.join("payloads")).find(|f| f.is_dir())
}

/// File name and body of every file that `wanted` names.
fn bodies(under: &Path, wanted: impl Fn(&str) -> bool) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(under).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && wanted(&name) {
            let text = std::fs::read_to_string(&path).unwrap();
            let file: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
            // A captured request holds its body; the other files are the body.
            let body = file.get("body").filter(|_| file.get("headers").is_some()).cloned();
            found.insert(name, body.unwrap_or(file));
        }
    }
    found
}

#[test]
fn captured_alertmanager_webhooks_say_what_a_person_reads() {
    let Some(folder) = folder() else {
        println!("no captured bodies here: nothing was replayed");
        return;
    };
    let mut captured =
        bodies(&folder.join("captured"), |name| name.starts_with("alertmanager-") && name.ends_with("-webhook.json"));
    captured.extend(bodies(&folder, |name| {
        ["alerta-prometheus_v4_alert.json", "grafana-oncall-alertmanager.json", "grafana-webhook-docs.json"]
            .contains(&name)
            || name.starts_with("grafana-webhook-v")
    }));
    for (name, body) in &captured {
        let decoded = alertmanager::decode(body.to_string().as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        let alerts = body["alerts"].as_array().unwrap();
        assert_eq!(decoded.events.len(), alerts.len(), "{name}: one event an alert");
        for (event, alert) in decoded.events.iter().zip(alerts) {
            alert_is_told(name, event, alert);
        }
    }
    println!("replayed {} captured Alertmanager and Grafana webhooks: {:?}", captured.len(), captured.keys());
    assert!(!captured.is_empty(), "{} has none", folder.display());
}

fn alert_is_told(name: &str, event: &Event, alert: &Value) {
    let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
    let fires = alert["status"] == "firing";
    assert_eq!(event.action, if fires { EventAction::Trigger } else { EventAction::Resolve }, "{name}");
    if let Some(fingerprint) = alert["fingerprint"].as_str() {
        assert_eq!(&*event.dedup_key, fingerprint, "{name}");
    }
    let summary = text(&alert["annotations"]["summary"]);
    if summary.is_empty() {
        assert!(!event.title.is_empty(), "{name}");
    } else {
        assert_eq!(event.title, summary.trim(), "{name}");
    }
    let alertname = text(&alert["labels"]["alertname"]);
    if !alertname.is_empty() {
        assert_eq!(event.labels[0], ("alertname".to_owned(), alertname), "{name}: the most telling label stands first");
    }
    for (label, value) in alert["labels"].as_object().unwrap() {
        let value = text(value);
        assert!(
            value.is_empty() || event.labels.contains(&(label.clone(), value.trim().to_owned())),
            "{name}: {label}"
        );
    }
    // The timestamps of a person's reading: the second is the same, whatever the fraction's digits.
    let second = |at: Option<warridor::domain::stamp::At>| at.map(|at| at.utc().format("%FT%T").to_string());
    let starts = text(&alert["startsAt"]);
    if starts.ends_with('Z') {
        assert_eq!(second(event.starts_at).as_deref(), starts.get(..19), "{name}");
    }
    assert!(event.starts_at.is_some(), "{name}");
    let ends = text(&alert["endsAt"]);
    assert_eq!(event.ends_at.is_none(), ends.is_empty() || ends.starts_with("0001-"), "{name}: {ends}");
    assert!(event.link.starts_with("http"), "{name}: at least the sender's own page");
}

#[test]
fn captured_pagerduty_events_say_what_a_person_reads() {
    let Some(folder) = folder() else {
        println!("no captured bodies here: nothing was replayed");
        return;
    };
    // Change events have a path of their own.
    let captured = bodies(&folder.join("captured"), |name| {
        let events =
            name.starts_with("pagerduty-py") || name.starts_with("pdpyras") || name.ends_with("-pagerduty.json");
        events && !name.contains("-change")
    });
    for (name, body) in &captured {
        let raw = body.to_string();
        let message = pagerduty::read(raw.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(message.routing_key().as_deref(), body["routing_key"].as_str(), "{name}");
        pagerduty_event_is_told(name, message.event("generated"), body);
    }
    println!("replayed {} captured PagerDuty events: {:?}", captured.len(), captured.keys());
    assert!(!captured.is_empty(), "{} has none", folder.display());
}

fn pagerduty_event_is_told(name: &str, decoded: Result<Event, Vec<DecodeError>>, body: &Value) {
    let payload = &body["payload"];
    let severity = payload["severity"].as_str();
    if severity.is_some_and(|s| !["critical", "error", "warning", "info"].contains(&s)) {
        let errors = decoded.expect_err(name);
        assert_eq!(errors.len(), 1, "{name}");
        assert_eq!((errors[0].field.as_str(), errors[0].found.as_str()), ("payload.severity", "\"purple\""), "{name}");
        return;
    }
    let event = decoded.unwrap_or_else(|e| panic!("{name}: {e:?}"));
    let action = match body["event_action"].as_str() {
        Some("trigger") => EventAction::Trigger,
        Some("acknowledge") => EventAction::Acknowledge,
        _ => EventAction::Resolve,
    };
    assert_eq!(event.action, action, "{name}");
    assert_eq!(&*event.dedup_key, body["dedup_key"].as_str().unwrap_or("generated"), "{name}");
    if let Some(summary) = payload["summary"].as_str() {
        assert_eq!(event.title, summary.trim(), "{name}");
        for field in ["severity", "source", "component", "group", "class"] {
            if let Some(value) = payload[field].as_str() {
                assert!(event.labels.contains(&(field.to_owned(), value.to_owned())), "{name}: {field}");
            }
        }
    }
    assert!(action != EventAction::Trigger || !event.title.is_empty(), "{name}");
    for (detail, value) in payload["custom_details"].as_object().into_iter().flatten() {
        let told = event.labels.iter().find(|(n, _)| n == detail).map(|(_, v)| v.as_str());
        assert_eq!(told.is_none(), value == "", "{name}: {detail}");
    }
    if let Some(url) = body["client_url"].as_str() {
        assert_eq!(event.link, url, "{name}");
    } else if let Some(url) = body["links"][0]["href"].as_str() {
        assert_eq!(event.link, url, "{name}");
    }
}

type Decode = fn(&[u8]) -> Result<Decoded, DecodeError>;

/// Every file of the monitors with a form of their own: the file, what decodes it, and its one event in short: action,
/// dedup key, title. `nothing`: nobody is asked to act. What is refused begins with `refused` and names the field.
const OF_MONITORS: &[(&str, Decode, &str)] = &[
    (
        "newrelic-workflow-default-activated.json",
        newrelic::decode,
        "trigger [c5faa7e6-7b54-402d-af79-f99601e0278c] zulip_app query result is > 1.0 for 1 minutes on 'Zulip Server Low Storage'",
    ),
    (
        "newrelic-workflow-default-closed.json",
        newrelic::decode,
        "resolve [95a9344a-2590-48ce-8d83-07e28b6d22c6] main_app-UBUNTU query result is > 2.0 for 1 minutes on 'High CPU'",
    ),
    ("newrelic-legacy-channel-opened.json", newrelic::decode, "trigger [1234] Server Down: I am a test Violation"),
    (
        "alerta-new_relic_notification.json",
        newrelic::decode,
        "trigger [0] New Relic Alert - Test Condition: I am a test Violation",
    ),
    ("splunk-webhook-alert.json", splunk::decode, "trigger [search/sudo] sudo"),
    (
        "splunk-webhook-alert-nulls.json",
        splunk::decode,
        "trigger [search/search scheduler_admin_search_W2] search scheduler_admin_search_W2",
    ),
    ("alerta-grafana_6.json", grafana::decode, "trigger [rule/58] Testing -> Battery Voltage alert"),
    ("alerta-grafana_alert_alerting.json", grafana::decode, "trigger [rule/7] Zeta CPU alert"),
    ("alerta-grafana_alert_ok.json", grafana::decode, "resolve [rule/7] Zeta CPU alert"),
    ("alerta-grafana_example.json", grafana::decode, "trigger [rule/1] Load peaking!"),
    ("grafana-webhook-v11.json", grafana::decode, "trigger [e6349a25f5ef0e9e] High memory usage"),
    (
        "grafana-webhook-docs.json",
        grafana::decode,
        "trigger [c6eadffa33fcdf37] This alert was triggered for zone us-1; trigger [bc97ff14869b13e3] This alert was triggered for zone eu-1",
    ),
    ("pagerduty-v3-captured-triggered.json", pagerduty_webhook::decode, "trigger [PFQZPSY] Test Incident 3"),
    ("pagerduty-v3-captured-acknowledged.json", pagerduty_webhook::decode, "acknowledge [PQ1K5C8] Test Incident"),
    ("pagerduty-v3-captured-resolved.json", pagerduty_webhook::decode, "resolve [PCPZE64] Test Incident"),
    // A priority was changed, and a service.
    ("pagerduty-v3-doc-02-webhook_payload.json", pagerduty_webhook::decode, "nothing"),
    ("pagerduty-v3-doc-03-webhook_payload.json", pagerduty_webhook::decode, "nothing"),
    // The webhooks before version 3.
    ("alerta-pagerduty_alert.json", pagerduty_webhook::decode, "refused event"),
    (
        "zabbix-zulip-mediatype.json",
        generic::decode,
        "trigger [hash] Zabbix agent on www.example.com is unreachable for 5 minutes",
    ),
    (
        "uptimerobot-down-zulip-custom.json",
        generic::decode,
        "trigger [server1.example.com] Web Server: Host Is Unreachable",
    ),
    // Nothing filled in.
    ("uptimerobot-template.json", generic::decode, "refused title"),
    ("captured/nagios4-1.json", generic::decode, "trigger [db-1/Disk] Disk on db-1: DISK CRITICAL - /data 97% used"),
    ("captured/nagios4-2.json", generic::decode, "acknowledge [db-1/Disk] Disk on db-1: CUSTOM 2 - synthetic"),
    ("captured/nagios4-3.json", generic::decode, "resolve [db-1/Disk] Disk on db-1: DISK OK"),
    ("captured/nagios4-4.json", generic::decode, "trigger [db-1] db-1: PING CRITICAL"),
    ("captured/nagios4-5.json", generic::decode, "resolve [db-1] db-1: PING OK"),
];

#[test]
fn other_monitors_bodies_say_what_a_person_reads() {
    let Some(folder) = folder() else {
        println!("no captured bodies here: nothing was replayed");
        return;
    };
    let is_json = |name: &str| name.ends_with(".json");
    let mut all = bodies(&folder, is_json);
    all.extend(
        bodies(&folder.join("captured"), is_json).into_iter().map(|(name, body)| (format!("captured/{name}"), body)),
    );
    let mut replayed = Vec::new();
    for (name, decode, expected) in OF_MONITORS {
        let Some(body) = all.get(*name) else { continue };
        assert_eq!(in_short(decode(body.to_string().as_bytes())), *expected, "{name}");
        replayed.push(*name);
    }
    let known = |name: &str| OF_MONITORS.iter().any(|(known, ..)| *known == name);
    let ours =
        ["newrelic", "new_relic", "splunk", "grafana", "pagerduty-v3-captured", "zabbix", "uptimerobot", "nagios"];
    // Alertmanager's form, which the test above replays.
    let of_alertmanager = |name: &str| name.starts_with("grafana-oncall-");
    let forgotten: Vec<&String> = all
        .keys()
        .filter(|name| ours.iter().any(|of| name.contains(of)) && !known(name) && !of_alertmanager(name))
        .collect();
    assert!(forgotten.is_empty(), "nobody says what these mean: {forgotten:?}");
    println!("replayed {} bodies of other monitors: {replayed:?}", replayed.len());
    assert!(!replayed.is_empty(), "{} has none", folder.display());
}

fn in_short(decoded: Result<Decoded, DecodeError>) -> String {
    let events = match decoded {
        Ok(decoded) if decoded.events.is_empty() => return "nothing".to_owned(),
        Ok(decoded) => decoded.events,
        Err(e) => return format!("refused {}", e.field),
    };
    let line = |event: &Event| {
        let action = match event.action {
            EventAction::Trigger => "trigger",
            EventAction::Acknowledge => "acknowledge",
            EventAction::Resolve => "resolve",
        };
        // Where a sender's title names no host, the host is part of it.
        let host = event.labels.iter().find(|(name, _)| name == "host").map_or("", |(_, host)| host.as_str());
        let hash = |of: &[&str]| *event.dedup_key == warridor::ingest::text::short_hash(of.iter().copied());
        let is_hash = hash(&[event.title.as_str()]) || hash(&[host, event.title.as_str()]);
        let key = if is_hash { "hash" } else { &event.dedup_key };
        format!("{action} [{key}] {}", event.title)
    };
    events.iter().map(line).collect::<Vec<_>>().join("; ")
}

#[test]
fn captured_change_events_say_what_was_changed() {
    let Some(folder) = folder() else {
        println!("no captured bodies here: nothing was replayed");
        return;
    };
    let captured = bodies(&folder.join("captured"), |name| name.ends_with("-change.json"));
    for (name, body) in &captured {
        let raw = body.to_string();
        let message = change::read(raw.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(message.routing_key().as_deref(), body["routing_key"].as_str(), "{name}");
        let change = message.change().unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(change.summary, body["payload"]["summary"].as_str().unwrap(), "{name}");
        assert_eq!(change.source, body["payload"]["source"].as_str().unwrap_or_default(), "{name}");
        assert_eq!(change.link, body["links"][0]["href"].as_str().unwrap_or_default(), "{name}");
        for (detail, value) in body["payload"]["custom_details"].as_object().into_iter().flatten() {
            assert!(change.details.contains(&(detail.clone(), value.as_str().unwrap().to_owned())), "{name}: {detail}");
        }
    }
    println!("replayed {} captured change events: {:?}", captured.len(), captured.keys());
    assert!(!captured.is_empty(), "{} has none", folder.display());
}
