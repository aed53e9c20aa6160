//! Which path means what.

use super::sources::{DecodeError, Decoded, alertmanager, generic, grafana, newrelic, pagerduty_webhook, splunk};
use crate::domain::input::Source;
use crate::methods::twilio;
use std::borrow::Cow;

/// Monitors with a decoder under `/integrations/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Alertmanager,
    Grafana,
    NewRelic,
    Splunk,
    /// PagerDuty's webhooks.
    PagerDuty,
    Generic,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::Alertmanager, Self::Grafana, Self::NewRelic, Self::Splunk, Self::PagerDuty, Self::Generic];

    /// As the path calls it.
    fn name(self) -> &'static str {
        self.path().strip_prefix(INTEGRATIONS).unwrap_or_default()
    }

    /// The path without the key.
    pub fn path(self) -> &'static str {
        match self {
            Self::Alertmanager => "/integrations/alertmanager",
            Self::Grafana => "/integrations/grafana",
            Self::NewRelic => "/integrations/newrelic",
            Self::Splunk => "/integrations/splunk",
            Self::PagerDuty => "/integrations/pagerduty",
            Self::Generic => "/integrations/generic",
        }
    }

    pub fn source(self) -> Source {
        match self {
            Self::Alertmanager => Source::Alertmanager,
            Self::Grafana => Source::Grafana,
            Self::NewRelic => Source::NewRelic,
            Self::Splunk => Source::Splunk,
            Self::PagerDuty => Source::PagerDutyWebhook,
            Self::Generic => Source::Generic,
        }
    }

    /// What understands its bodies.
    pub fn decoder(self) -> fn(&[u8]) -> Result<Decoded, DecodeError> {
        match self {
            Self::Alertmanager => alertmanager::decode,
            Self::Grafana => grafana::decode,
            Self::NewRelic => newrelic::decode,
            Self::Splunk => splunk::decode,
            Self::PagerDuty => pagerduty_webhook::decode,
            Self::Generic => generic::decode,
        }
    }
}

const INTEGRATIONS: &str = "/integrations/";
const HEARTBEATS: &str = "/heartbeats/";

/// A path, without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    Enqueue,
    ChangeEnqueue,
    Integration {
        kind: Kind,
        key: Cow<'a, str>,
    },
    /// A heartbeat.
    Beat {
        key: Cow<'a, str>,
    },
    /// What Twilio sends: key presses, texts, and what became of a call.
    Twilio,
    Healthz,
    Readyz,
    Metrics,
    Unknown,
}

/// The paths that exist, for whoever asked for another.
pub const PATHS: &str = "POST /v2/enqueue, POST /v2/change/enqueue, POST /integrations/alertmanager/KEY, \
                         POST /integrations/grafana/KEY, POST /integrations/newrelic/KEY, POST /integrations/splunk/KEY, \
                         POST /integrations/pagerduty/KEY, POST /integrations/generic/KEY, POST /heartbeats/KEY, GET /healthz, GET /readyz, \
                         GET /metrics, and for Twilio POST /twilio/voice, /twilio/sms, /twilio/status";

/// How many values [`Route::index`] has.
pub const ROUTES: usize = 8 + Kind::ALL.len();

impl<'a> Route<'a> {
    pub fn of(path: &'a str) -> Self {
        match path {
            "/v2/enqueue" => return Self::Enqueue,
            "/v2/change/enqueue" => return Self::ChangeEnqueue,
            twilio::VOICE_PATH | twilio::SMS_PATH | twilio::STATUS_PATH => return Self::Twilio,
            "/healthz" => return Self::Healthz,
            "/readyz" => return Self::Readyz,
            "/metrics" => return Self::Metrics,
            _ => {}
        }
        if let Some(key) = path.strip_prefix(HEARTBEATS).map(key_of) {
            return if is_key(&key) { Self::Beat { key } } else { Self::Unknown };
        }
        let Some((kind, key)) = path.strip_prefix(INTEGRATIONS).and_then(|rest| rest.split_once('/')) else {
            return Self::Unknown;
        };
        let key = key_of(key);
        match Kind::ALL.into_iter().find(|known| known.name() == kind) {
            Some(kind) if is_key(&key) => Self::Integration { kind, key },
            Some(_) | None => Self::Unknown,
        }
    }

    /// The method this path answers to.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Enqueue
            | Self::ChangeEnqueue
            | Self::Integration { .. }
            | Self::Beat { .. }
            | Self::Twilio
            | Self::Unknown => "POST",
            Self::Healthz | Self::Readyz | Self::Metrics => "GET",
        }
    }

    /// The path as logs and metrics may show it: never with a key.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Enqueue => "/v2/enqueue",
            Self::ChangeEnqueue => "/v2/change/enqueue",
            Self::Integration { kind, .. } => kind.path(),
            Self::Beat { .. } => "/heartbeats",
            Self::Twilio => "/twilio",
            Self::Healthz => "/healthz",
            Self::Readyz => "/readyz",
            Self::Metrics => "/metrics",
            Self::Unknown => "other",
        }
    }

    /// A small number per label.
    pub fn index(&self) -> usize {
        match self {
            Self::Enqueue => 0,
            Self::ChangeEnqueue => 1,
            Self::Healthz => 2,
            Self::Readyz => 3,
            Self::Metrics => 4,
            Self::Unknown => 5,
            Self::Twilio => 6,
            Self::Beat { .. } => 7,
            Self::Integration { kind, .. } => 8 + *kind as usize,
        }
    }
}

/// What stands last in a path.
fn key_of(path: &str) -> Cow<'_, str> {
    percent_decoded(path.strip_suffix('/').unwrap_or(path))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && !key.contains('/')
}

/// Some senders escape what need not be escaped.
fn percent_decoded(s: &str) -> Cow<'_, str> {
    if !s.contains('%') {
        return Cow::Borrowed(s);
    }
    let mut out = Vec::with_capacity(s.len());
    let mut rest = s.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| byte == b'%').and_then(|two| {
            let two = std::str::from_utf8(two).ok().filter(|t| !t.starts_with('+'))?;
            u8::from_str_radix(two, 16).ok()
        });
        match escaped {
            Some(value) => {
                out.push(value);
                rest = &after[2..];
            }
            None => {
                out.push(byte);
                rest = after;
            }
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_where_they_say() {
        let to = |kind, key: &'static str| Route::Integration { kind, key: key.into() };
        for (path, route) in [
            ("/v2/enqueue", Route::Enqueue),
            ("/v2/enqueue/", Route::Unknown),
            ("/v2/change/enqueue", Route::ChangeEnqueue),
            ("/integrations/alertmanager/abc", to(Kind::Alertmanager, "abc")),
            ("/integrations/generic/abc/", to(Kind::Generic, "abc")),
            ("/integrations/generic/a%3Db%2", to(Kind::Generic, "a=b%2")),
            ("/integrations/generic/", Route::Unknown),
            ("/integrations/generic", Route::Unknown),
            ("/integrations/generic/a/b", Route::Unknown),
            ("/integrations/grafana/abc", to(Kind::Grafana, "abc")),
            ("/integrations/newrelic/abc", to(Kind::NewRelic, "abc")),
            ("/integrations/splunk/abc", to(Kind::Splunk, "abc")),
            ("/integrations/pagerduty/abc", to(Kind::PagerDuty, "abc")),
            ("/integrations/Grafana/abc", Route::Unknown),
            ("/integrations//abc", Route::Unknown),
            ("/heartbeats/abc", Route::Beat { key: "abc".into() }),
            ("/heartbeats/a%62c/", Route::Beat { key: "abc".into() }),
            ("/heartbeats/", Route::Unknown),
            ("/heartbeats", Route::Unknown),
            ("/heartbeats/a/b", Route::Unknown),
            ("/twilio/voice", Route::Twilio),
            ("/twilio/sms", Route::Twilio),
            ("/twilio/status", Route::Twilio),
            ("/twilio/other", Route::Unknown),
            ("/", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }

    #[test]
    fn every_route_has_an_index_and_a_name_of_its_own_and_is_told_of() {
        let integrations = Kind::ALL.map(|kind| Route::Integration { kind, key: "k".into() });
        let others = [
            Route::Enqueue,
            Route::ChangeEnqueue,
            Route::Beat { key: "k".into() },
            Route::Twilio,
            Route::Healthz,
            Route::Readyz,
            Route::Metrics,
            Route::Unknown,
        ];
        let all: Vec<Route<'_>> = others.into_iter().chain(integrations).collect();
        let indices: std::collections::BTreeSet<usize> = all.iter().map(Route::index).collect();
        assert_eq!(indices, (0..ROUTES).collect());
        let labels: std::collections::BTreeSet<&str> = all.iter().map(Route::label).collect();
        assert_eq!(labels.len(), ROUTES);
        for label in labels.into_iter().filter(|label| *label != "other") {
            assert!(PATHS.contains(label), "{label} is not among the paths told");
        }
    }
}
