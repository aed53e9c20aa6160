//! Grafana's webhook contact point, and the dashboard alerts it had before version 9 (gone with version 11).
//!
//! Source: <https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/>.
//! One event per alert: the fields are Alertmanager's, and some of Grafana's own. `title`, `message` and `state` tell of
//! the group as a whole, as people would read it in a mail, and are not looked at. A dashboard alert is one event.

use super::alertmanager::{self, Alert};
use super::{DecodeError, Decoded, Labels, all, find};
use crate::domain::input::{Event, EventAction};
use crate::ingest::json::{self, List, Loose, Pairs, record};
use crate::ingest::{limits, text};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::sync::Arc;

record! {
    struct Body<'a> {
        alerts: List<Decoding, { limits::EVENTS_PER_BODY }> = "alerts",
        external_url: Loose<'a> = "externalURL",
        truncated: Loose<'a> = "truncatedAlerts",
        rule_id: Loose<'a> = "ruleId",
        rule_name: Loose<'a> = "ruleName",
        rule_url: Loose<'a> = "ruleUrl",
        state: Loose<'a> = "state",
        title: Loose<'a> = "title",
        message: Loose<'a> = "message",
        image_url: Loose<'a> = "imageUrl",
        tags: Pairs<'a> = "tags",
        matches: List<Match<'a>, { limits::ITEMS_READ }> = "evalMatches",
    }
}

record! {
    /// One series of a dashboard alert that is beyond what the rule allows.
    struct Match<'a> {
        metric: Loose<'a> = "metric",
        value: Loose<'a> = "value",
        tags: Pairs<'a> = "tags",
    }
}

/// An alert becomes its event while the list is read.
#[derive(Debug)]
struct Decoding(Result<Event, DecodeError>);

impl<'de> Deserialize<'de> for Decoding {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Alert::deserialize(d).map(|alert| Self(event(&alert)))
    }
}

/// One event per alert of the body, or the one of a dashboard alert.
///
/// - alerts are read as [`alertmanager::decode`] reads them; `values`, or `valueString` without them, and the links to
///   silence, dashboard, panel and image follow the labels; the link is `generatorURL`, else the panel's, the
///   dashboard's, Grafana's own;
/// - a dashboard alert is named by its `ruleId` and triggers while `alerting` or `no_data`, resolves when `ok`, and asks
///   nobody to act while `paused`, `pending` or `unknown`.
///
/// # Errors
/// Not JSON, neither alerts nor a rule, too many, a state nobody knows.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let body: Body<'_> = json::read(body)?;
    if let Some(odd) = body.odd {
        return Err(DecodeError::new("the body", odd, "Grafana's JSON object with `alerts`"));
    }
    let is_of_a_rule = !body.rule_id.is_absent() || !body.rule_name.is_absent() || !body.rule_url.is_absent();
    if matches!(body.alerts, List::Absent) && is_of_a_rule {
        return of_dashboard(&body);
    }
    let mut events = all("alerts", body.alerts.map(|d| d.0))?;
    if let Some(url) = url(body.external_url) {
        for event in events.iter_mut().filter(|e| e.link.is_empty()) {
            event.link.clone_from(&url);
        }
    }
    let left_out_by_sender = body.truncated.scalar().and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok(Decoded { events, left_out_by_sender })
}

fn event(alert: &Alert<'_>) -> Result<Event, DecodeError> {
    let mut event = alertmanager::event(alert)?;
    let mut labels = Labels(std::mem::take(&mut event.labels));
    let values = match alert.values.pairs() {
        Some(values) => written(&values),
        None => alert.value_string.any_text().unwrap_or_default().into_owned(),
    };
    labels.add_new("values", &values);
    let links = [
        ("panel_url", url(alert.panel_url)),
        ("dashboard_url", url(alert.dashboard_url)),
        ("silence_url", url(alert.silence_url)),
        ("image_url", url(alert.image_url)),
    ];
    for (name, link) in links {
        let Some(link) = link else { continue };
        let leads_to_the_alert = name == "panel_url" || name == "dashboard_url";
        if event.link.is_empty() && leads_to_the_alert {
            event.link.clone_from(&link);
        }
        labels.add_new(name, &link);
    }
    event.labels = labels.0;
    Ok(event)
}

/// `B=44.2, C=1`
fn written(values: &[(Cow<'_, str>, Loose<'_>)]) -> String {
    let value = |(name, value): &(Cow<'_, str>, Loose<'_>)| Some(format!("{name}={}", value.any_text()?));
    let values: Vec<String> = values.iter().take(limits::ITEMS_READ).filter_map(value).collect();
    values.join(", ")
}

fn url(value: Loose<'_>) -> Option<String> {
    value.scalar().and_then(|url| text::link(&url))
}

fn of_dashboard(body: &Body<'_>) -> Result<Decoded, DecodeError> {
    let action = match body.state.words().unwrap_or_default().to_ascii_lowercase().as_str() {
        "alerting" | "no_data" => EventAction::Trigger,
        "ok" => EventAction::Resolve,
        "paused" | "pending" | "unknown" => return Ok(Decoded::nothing()),
        _ => {
            let mend = "one of \"alerting\", \"no_data\", \"ok\", \"paused\", \"pending\"";
            return Err(DecodeError::new("state", &body.state.found(), mend));
        }
    };
    let name = body.rule_name.words().unwrap_or_default();
    let dedup_key: Arc<str> = match body.rule_id.words() {
        Some(id) => text::dedup_key(&format!("rule/{id}")),
        None => text::short_hash([&*name, &*body.rule_url.words().unwrap_or_default()]).into(),
    };
    let mut labels = Labels::default();
    labels.add_pairs(body.tags.fields());
    let mut values = Vec::new();
    for one in body.matches.items() {
        let metric = one.metric.words().or_else(|| find(one.tags.fields(), "__name__"));
        let metric = metric.unwrap_or(Cow::Borrowed("value"));
        if let Some(value) = one.value.any_text() {
            values.push(format!("{metric}={value}"));
        }
    }
    labels.add_new("values", &values.join(", "));
    // Of the first series only: those of several would contradict each other.
    if let Some(first) = body.matches.items().first() {
        for (name, value) in first.tags.fields() {
            labels.add_new(name, &value.any_text().unwrap_or_default());
        }
    }
    labels.add_new("description", &body.message.any_text().unwrap_or_default());
    if let Some(image) = url(body.image_url) {
        labels.add_new("image_url", &image);
    }
    Ok(Decoded::one(Event {
        action,
        title: title(body, &name, &dedup_key),
        dedup_key,
        link: url(body.rule_url).unwrap_or_default(),
        labels: labels.0,
        starts_at: None,
        ends_at: None,
    }))
}

/// The rule's name; Grafana's own title has the state in front of it, which the card says anyway.
fn title(body: &Body<'_>, name: &str, dedup_key: &str) -> String {
    let own = body.title.scalar().unwrap_or_default();
    let own = own.trim();
    let own = own.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(own, |(_, rest)| rest);
    let message = body.message.scalar().unwrap_or_default();
    let titles = [name, own, &*message].map(|title| text::one_line(title, limits::TITLE_CHARS));
    let [name, own, message] = titles;
    let written = [name, own, message].into_iter().find(|title| !title.is_empty());
    written.unwrap_or_else(|| text::one_line(&format!("alert {dedup_key}"), limits::TITLE_CHARS))
}
