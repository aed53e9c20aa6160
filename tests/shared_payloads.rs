//! Bodies captured from real senders, which are not ours to ship. Where their folder is (`WARRIDOR_SHARED`, or `shared`
//! beside the checkout), each is decoded and must say what a person would read in it; where it is not, this passes and
//! says so.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use warridor::domain::input::{Event, EventAction};
use warridor::ingest::sources::{DecodeError, alertmanager, pagerduty};

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
