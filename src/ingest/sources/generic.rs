//! The JSON for every monitor without a decoder of its own: cron, Zabbix, Nagios, UptimeRobot, a shell script.
//!
//! A body is one event, an array of them, or `{"events": [...]}`:
//! ```json
//! { "action": "trigger", "dedup_key": "backup/db-1", "title": "Backup of db-1 failed",
//!   "link": "https://ci.example/42", "labels": { "severity": "critical" },
//!   "starts_at": "2026-11-22T15:43:51Z", "ends_at": null }
//! ```
//!
//! | field | also called | |
//! |---|---|---|
//! | `action` | `event_action`, `status`, `state` | `trigger` (firing, alerting, open, problem, down, critical…), `acknowledge` (ack…), `resolve` (resolved, ok, closed, up, recovery…), in any case; `trigger` when not sent |
//! | `dedup_key` | `key`, `fingerprint`, `id` | names the problem; when not sent, a hash of the title |
//! | `title` | `summary`, `message`, `alertname`, `name`, `subject`, `text`, `description` | required to trigger |
//! | `link` | `url`, `generatorURL` | `http` or `https`, else it is dropped |
//! | `labels` | | an object; `severity`, `source`, `host`, `instance`, `service` and `description` beside it count as labels |
//! | `starts_at`, `ends_at` | `startsAt`, `endsAt` | RFC 3339, or seconds since 1970; what is neither is as if it were not sent |
//!
//! Where two names of one field are sent, the first of this table counts. `startsAt` names the episode: send the same
//! one with every repeat, or none.
//!
//! Some senders' own names are understood as well:
//!
//! | sender | here |
//! |---|---|
//! | UptimeRobot: `alertType` (`2` is over, anything else is not), `alertTypeFriendlyName`, `monitorID`, `monitorFriendlyName`, `alertDetails`, `monitorURL`, or the same with `_` | action, dedup key, title, link |
//! | Zabbix: `trigger`, `hostname` | title and host |
//! | Nagios: a body with `NOTIFICATIONTYPE` | [`super::nagios`] |
//!
//! A placeholder that its sender did not fill in (UptimeRobot's `*alertDetails*`, Zabbix' `*UNKNOWN*`) is as if it had not
//! been sent. Sources: <https://uptimerobot.com/help/web-hook-alert-contacts/>,
//! <https://www.zabbix.com/documentation/current/en/manual/appendix/macros/supported_by_location>.

use super::{DecodeError, Decoded, Labels, all, nagios};
use crate::domain::input::{Event, EventAction};
use crate::domain::stamp::At;
use crate::ingest::json::{self, List, Loose, record};
use crate::ingest::{limits, text};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::sync::Arc;

record! {
    struct Item<'a> {
        action: Loose<'a> = "action",
        event_action: Loose<'a> = "event_action",
        status: Loose<'a> = "status",
        state: Loose<'a> = "state",
        dedup_key: Loose<'a> = "dedup_key",
        key: Loose<'a> = "key",
        fingerprint: Loose<'a> = "fingerprint",
        id: Loose<'a> = "id",
        title: Loose<'a> = "title",
        summary: Loose<'a> = "summary",
        message: Loose<'a> = "message",
        alertname: Loose<'a> = "alertname",
        name: Loose<'a> = "name",
        subject: Loose<'a> = "subject",
        text: Loose<'a> = "text",
        description: Loose<'a> = "description",
        link: Loose<'a> = "link",
        url: Loose<'a> = "url",
        generator_url: Loose<'a> = "generatorURL",
        labels: Loose<'a> = "labels",
        severity: Loose<'a> = "severity",
        source: Loose<'a> = "source",
        host: Loose<'a> = "host",
        instance: Loose<'a> = "instance",
        service: Loose<'a> = "service",
        starts_at: Loose<'a> = "starts_at",
        starts_at_camel: Loose<'a> = "startsAt",
        ends_at: Loose<'a> = "ends_at",
        ends_at_camel: Loose<'a> = "endsAt",
        alerts: Loose<'a> = "alerts",
        trigger: Loose<'a> = "trigger",
        hostname: Loose<'a> = "hostname",
        nagios: Loose<'a> = "NOTIFICATIONTYPE",
        alert_type: Loose<'a> = "alertType",
        alert_type_snake: Loose<'a> = "alert_type",
        alert_type_name: Loose<'a> = "alertTypeFriendlyName",
        alert_type_name_snake: Loose<'a> = "alert_type_friendly_name",
        alert_details: Loose<'a> = "alertDetails",
        alert_details_snake: Loose<'a> = "alert_details",
        monitor_id: Loose<'a> = "monitorID",
        monitor_id_snake: Loose<'a> = "monitor_id",
        monitor_name: Loose<'a> = "monitorFriendlyName",
        monitor_name_snake: Loose<'a> = "monitor_friendly_name",
        monitor_url: Loose<'a> = "monitorURL",
        monitor_url_snake: Loose<'a> = "monitor_url",
        events: Option<List<Decoding, { limits::EVENTS_PER_BODY }>> = "events",
    }
}

/// An item of a list becomes its event while the list is read.
#[derive(Debug)]
struct Decoding(Result<Event, DecodeError>);

impl<'de> Deserialize<'de> for Decoding {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Item::deserialize(d).map(|item| Self(event(&item)))
    }
}

/// The events of a body; see the module's table.
///
/// # Errors
/// Not JSON, no event, too many, a trigger without a title, an unknown action, a resolve that names nothing.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let is_list = json::utf8(body)?.trim_ascii_start().starts_with('[');
    let list = if is_list {
        json::read(body)?
    } else {
        let item: Item<'_> = json::read(body)?;
        match item.events {
            Some(list) => list,
            None if !item.nagios.is_absent() => return nagios::decode(body),
            None => return event(&item).map(Decoded::one),
        }
    };
    Ok(Decoded { events: all("events", unwrapped(list))?, left_out_by_sender: 0 })
}

fn unwrapped<const CAP: usize>(list: List<Decoding, CAP>) -> List<Result<Event, DecodeError>, CAP> {
    match list {
        List::Items { items, more } => List::Items { items: items.into_iter().map(|d| d.0).collect(), more },
        List::Absent => List::Absent,
        List::Odd(what) => List::Odd(what),
    }
}

fn event(item: &Item<'_>) -> Result<Event, DecodeError> {
    if let Some(odd) = item.odd {
        return Err(DecodeError::new("title", odd, "each event as an object with at least `title`"));
    }
    if !item.alerts.is_absent() {
        let mend = "Alertmanager's body to /integrations/alertmanager/KEY, or events in `events`";
        return Err(DecodeError::new("alerts", "a field of Alertmanager's webhook", mend));
    }
    let action = action(item)?;
    let (title, title_is) = title(item);
    let key = first([item.dedup_key, item.key, item.fingerprint, item.id]).or_else(|| monitor(item));
    let dedup_key = match (key, &title) {
        (Some(key), _) => text::dedup_key(&key),
        // Zabbix' triggers are called alike on all hosts.
        (None, Some(title)) if title_is == "trigger" => {
            let host = first([item.hostname, item.host]).unwrap_or_default();
            Arc::from(text::short_hash([&*host, title.as_str()]))
        }
        (None, Some(title)) => Arc::from(text::short_hash([title.as_str()])),
        (None, None) => {
            let (field, mend) = match action {
                EventAction::Trigger => ("title", "what is wrong, in one line"),
                _ => ("dedup_key", "the key, or the title, with which it was triggered"),
            };
            return Err(DecodeError::new(field, "neither dedup_key nor title", mend));
        }
    };
    if action == EventAction::Trigger && title.is_none() {
        return Err(DecodeError::new("title", &item.title.found(), "what is wrong, in one line"));
    }
    Ok(Event {
        action,
        dedup_key,
        title: title.unwrap_or_default(),
        link: [item.link, item.url, item.generator_url, item.monitor_url, item.monitor_url_snake]
            .into_iter()
            .find_map(|url| text::link(&url.scalar()?))
            .unwrap_or_default(),
        labels: labels(item, title_is),
        starts_at: time([item.starts_at, item.starts_at_camel]),
        ends_at: time([item.ends_at, item.ends_at_camel]),
    })
}

fn action(item: &Item<'_>) -> Result<EventAction, DecodeError> {
    let named =
        [("action", item.action), ("event_action", item.event_action), ("status", item.status), ("state", item.state)];
    let is_sent = |value: Loose<'_>| !value.is_absent() && sent(value).is_some();
    let Some((field, value)) = named.into_iter().find(|(_, value)| is_sent(*value)) else {
        return Ok(of_uptimerobot(item).unwrap_or(EventAction::Trigger));
    };
    let word = value.words().unwrap_or_default();
    action_of(&word).ok_or_else(|| {
        DecodeError::new(field, &value.found(), "one of \"trigger\", \"acknowledge\", \"resolve\"; or leave it out")
    })
}

/// UptimeRobot's `alertType`: 1 is down, 2 is up, and what else there is (a certificate that ends soon) is wrong too. Only
/// beside its monitor: another sender's type 2 may be anything but the end.
fn of_uptimerobot(item: &Item<'_>) -> Option<EventAction> {
    monitor(item)?;
    match first([item.alert_type, item.alert_type_snake]) {
        Some(number) if number == "2" => Some(EventAction::Resolve),
        Some(_) => Some(EventAction::Trigger),
        None => action_of(&first([item.alert_type_name, item.alert_type_name_snake])?),
    }
}

/// UptimeRobot's monitor, and which of its problems: that it is up again says nothing of its certificate.
fn monitor<'a>(item: &Item<'a>) -> Option<Cow<'a, str>> {
    let ids = [item.monitor_id, item.monitor_id_snake, item.monitor_url, item.monitor_url_snake];
    let monitor = first(ids).or_else(|| first([item.monitor_name, item.monitor_name_snake]))?;
    match first([item.alert_type, item.alert_type_snake]) {
        Some(number) if number != "1" && number != "2" => Some(Cow::Owned(format!("{monitor}/{number}"))),
        Some(_) | None => Some(monitor),
    }
}

/// What monitors call the beginning of a problem, somebody's taking it, and its end.
fn action_of(word: &str) -> Option<EventAction> {
    const WORDS: &[(EventAction, &[&str])] = &[
        (
            EventAction::Trigger,
            &[
                "trigger",
                "triggered",
                "firing",
                "fire",
                "alerting",
                "alert",
                "open",
                "opened",
                "problem",
                "alarm",
                "down",
                "unreachable",
                "critical",
                "error",
                "warning",
                "failed",
                "failure",
            ],
        ),
        (
            EventAction::Resolve,
            &[
                "resolve",
                "resolved",
                "ok",
                "closed",
                "close",
                "recovery",
                "recovered",
                "up",
                "normal",
                "clear",
                "cleared",
                "success",
            ],
        ),
        (EventAction::Acknowledge, &["acknowledge", "acknowledged", "ack"]),
    ];
    WORDS.iter().find(|(_, words)| words.iter().any(|w| w.eq_ignore_ascii_case(word))).map(|(action, _)| *action)
}

/// The title and the field it is.
fn title(item: &Item<'_>) -> (Option<String>, &'static str) {
    let named = [
        ("title", item.title),
        ("summary", item.summary),
        ("message", item.message),
        ("alertname", item.alertname),
        ("name", item.name),
        ("subject", item.subject),
        ("text", item.text),
        ("description", item.description),
        ("trigger", item.trigger),
    ];
    let line = |words: &str| Some(text::one_line(words, limits::TITLE_CHARS)).filter(|title| !title.is_empty());
    for (name, value) in named {
        if let Some(title) = sent(value).and_then(|words| line(&words)) {
            return (Some(title), name);
        }
    }
    let monitor =
        [first([item.monitor_name, item.monitor_name_snake]), first([item.alert_details, item.alert_details_snake])];
    let monitor: Vec<Cow<'_, str>> = monitor.into_iter().flatten().collect();
    (line(&monitor.join(": ")), "")
}

fn labels(item: &Item<'_>, title_is: &str) -> Vec<(String, String)> {
    let mut labels = Labels::default();
    match item.labels.pairs() {
        Some(mut pairs) => {
            pairs.retain(|(_, value)| !is_placeholder(*value));
            labels.add_pairs(&pairs);
        }
        None => labels.add("labels", &item.labels.any_text().unwrap_or_default()),
    }
    let beside = [
        ("severity", item.severity),
        ("source", item.source),
        ("host", item.host),
        ("host", item.hostname),
        ("instance", item.instance),
        ("service", item.service),
        ("description", item.description),
        ("monitor", item.monitor_name),
        ("monitor", item.monitor_name_snake),
    ];
    let beside = beside.into_iter().filter(|(name, value)| *name != title_is && !is_placeholder(*value));
    for (name, value) in beside {
        labels.add_new(name, &value.any_text().unwrap_or_default());
    }
    labels.0
}

fn first<'a>(values: impl IntoIterator<Item = Loose<'a>>) -> Option<Cow<'a, str>> {
    values.into_iter().filter(|value| !is_placeholder(*value)).find_map(Loose::words)
}

/// A text, number or boolean, unless it is a placeholder; an array or object as well, so that it is complained about.
fn sent(value: Loose<'_>) -> Option<Cow<'_, str>> {
    if is_placeholder(value) { None } else { Some(value.scalar().unwrap_or_default()) }
}

/// A variable of its sender's that was not filled in.
fn is_placeholder(value: Loose<'_>) -> bool {
    let Some(words) = value.words() else { return false };
    let Some(name) = words.strip_prefix('*').and_then(|rest| rest.strip_suffix('*')) else { return false };
    let of_uptimerobot = ["monitor", "alert", "ssl", "domain"].iter().any(|start| name.starts_with(start));
    name == "UNKNOWN" || (of_uptimerobot && name.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn time(values: [Loose<'_>; 2]) -> Option<At> {
    values.into_iter().find_map(|value| text::time(&value.scalar()?))
}
