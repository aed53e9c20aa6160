//! Prometheus Alertmanager's webhook, version 4.
//!
//! Source: <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>. One event per alert; the group's
//! own `status` says nothing of its members (a firing group may hold resolved alerts). Grafana's webhook has the same
//! fields and is understood as well; [`super::grafana`] knows its others.

use super::{DecodeError, Decoded, Labels, all, find};
use crate::domain::input::{Event, EventAction};
use crate::ingest::json::{self, List, Loose, Pairs, record};
use crate::ingest::{limits, text};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

record! {
    struct Body<'a> {
        alerts: List<Decoding, { limits::EVENTS_PER_BODY }> = "alerts",
        external_url: Loose<'a> = "externalURL",
        truncated: Loose<'a> = "truncatedAlerts",
    }
}

record! {
    /// One alert. The last six are Grafana's.
    pub(super) struct Alert<'a> {
        status: Loose<'a> = "status",
        labels: Pairs<'a> = "labels",
        annotations: Pairs<'a> = "annotations",
        starts_at: Loose<'a> = "startsAt",
        ends_at: Loose<'a> = "endsAt",
        generator_url: Loose<'a> = "generatorURL",
        fingerprint: Loose<'a> = "fingerprint",
        pub(super) values: Loose<'a> = "values",
        pub(super) value_string: Loose<'a> = "valueString",
        pub(super) silence_url: Loose<'a> = "silenceURL",
        pub(super) dashboard_url: Loose<'a> = "dashboardURL",
        pub(super) panel_url: Loose<'a> = "panelURL",
        pub(super) image_url: Loose<'a> = "imageURL",
    }
}

/// An alert is turned into its event while the list is read, so that a body's alerts never stand in memory twice.
#[derive(Debug)]
struct Decoding(Result<Event, DecodeError>);

impl<'de> Deserialize<'de> for Decoding {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Alert::deserialize(d).map(|alert| Self(event(&alert)))
    }
}

/// One event per alert of the body.
///
/// - `dedup_key` is the fingerprint, or a hash of the sorted labels when there is none;
/// - the title is the first of the annotations `summary`, `description`, `message`, or alertname and instance;
/// - the link is the alert's `generatorURL`, or the Alertmanager's `externalURL`;
/// - the labels are the alert's, telling ones first, then the annotations that help (`description`, links).
///
/// # Errors
/// Not JSON, no alerts, too many, an unknown `status`, an alert with neither fingerprint nor labels.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let body: Body<'_> = json::read(body)?;
    if let Some(odd) = body.odd {
        return Err(DecodeError::new("the body", odd, "Alertmanager's JSON object with `alerts`"));
    }
    let mut events = all("alerts", body.alerts.map(|d| d.0))?;
    if let Some(url) = body.external_url.scalar().and_then(|url| text::link(&url)) {
        for event in events.iter_mut().filter(|e| e.link.is_empty()) {
            event.link.clone_from(&url);
        }
    }
    let left_out_by_sender = body.truncated.scalar().and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok(Decoded { events, left_out_by_sender })
}

/// The event of one alert; without a link where the alert itself names none.
pub(super) fn event(alert: &Alert<'_>) -> Result<Event, DecodeError> {
    if let Some(odd) = alert.odd {
        return Err(DecodeError::new("labels", odd, "each alert as an object with `status` and `labels`"));
    }
    let action = match alert.status.words().as_deref() {
        Some("firing" | "alerting") => EventAction::Trigger,
        Some("resolved" | "ok") => EventAction::Resolve,
        _ => return Err(DecodeError::new("status", &alert.status.found(), "\"firing\" or \"resolved\"")),
    };
    let pairs = match &alert.labels {
        Pairs::Fields(fields) => fields.as_slice(),
        Pairs::Absent => &[],
        Pairs::Odd(what) => return Err(DecodeError::new("labels", what, "an object of label names and values")),
    };
    let annotations = match &alert.annotations {
        Pairs::Fields(fields) => fields.as_slice(),
        Pairs::Absent | Pairs::Odd(_) => &[],
    };
    let dedup_key = match alert.fingerprint.words() {
        Some(fingerprint) => text::dedup_key(&fingerprint),
        None if pairs.is_empty() => {
            return Err(DecodeError::new(
                "labels",
                "neither labels nor a fingerprint",
                "at least the label `alertname`",
            ));
        }
        None => hash_of(pairs).into(),
    };
    let (title, title_from) = title(pairs, annotations, &dedup_key);
    let mut labels = Labels::default();
    labels.add_pairs(pairs);
    for helpful in ["description", "runbook_url", "runbook", "playbook", "dashboard_url", "dashboard"] {
        if let Some(value) = find(annotations, helpful).filter(|_| title_from != helpful) {
            labels.add_new(helpful, &value);
        }
    }
    Ok(Event {
        action,
        dedup_key,
        title,
        link: alert.generator_url.scalar().and_then(|url| text::link(&url)).unwrap_or_default(),
        labels: labels.0,
        starts_at: alert.starts_at.scalar().and_then(|t| text::time(&t)),
        ends_at: alert.ends_at.scalar().and_then(|t| text::time(&t)),
    })
}

/// The title, and the annotation it is.
fn title(
    labels: &[(Cow<'_, str>, Loose<'_>)],
    annotations: &[(Cow<'_, str>, Loose<'_>)],
    dedup_key: &str,
) -> (String, &'static str) {
    for name in ["summary", "description", "message"] {
        if let Some(words) = find(annotations, name) {
            let title = text::one_line(&words, limits::TITLE_CHARS);
            if !title.is_empty() {
                return (title, name);
            }
        }
    }
    // Grafana's own `DatasourceNoData` and `DatasourceError` say in `rulename` whose data there is none of.
    let instance = find(labels, "instance").or_else(|| find(labels, "rulename")).unwrap_or_default();
    let named = match find(labels, "alertname") {
        Some(name) => text::one_line(&format!("{name} {instance}"), limits::TITLE_CHARS),
        None => String::new(),
    };
    (if named.is_empty() { text::one_line(&format!("alert {dedup_key}"), limits::TITLE_CHARS) } else { named }, "")
}

/// The same labels give the same hash in any order.
fn hash_of(pairs: &[(Cow<'_, str>, Loose<'_>)]) -> String {
    let mut sorted: Vec<_> =
        pairs.iter().map(|(name, value)| (name.as_ref(), value.any_text().unwrap_or_default())).collect();
    sorted.sort();
    text::short_hash(sorted.iter().flat_map(|(name, value)| [*name, value.as_ref()]))
}
