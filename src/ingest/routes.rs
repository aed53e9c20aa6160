//! Which path means what.

use crate::methods::twilio;
use std::borrow::Cow;

/// Monitors with a decoder under `/integrations/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Alertmanager,
    Generic,
}

/// A path, without its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route<'a> {
    Enqueue,
    ChangeEnqueue,
    Integration {
        kind: Kind,
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
pub const PATHS: &str = "POST /v2/enqueue, POST /v2/change/enqueue, POST /integrations/alertmanager/KEY, POST /integrations/generic/KEY, \
                         GET /healthz, GET /readyz, GET /metrics";

/// How many values [`Route::index`] has.
pub const ROUTES: usize = 9;

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
        let Some((kind, key)) = path.strip_prefix("/integrations/").and_then(|rest| rest.split_once('/')) else {
            return Self::Unknown;
        };
        let key = percent_decoded(key.strip_suffix('/').unwrap_or(key));
        match kind {
            _ if key.is_empty() || key.contains('/') => Self::Unknown,
            "alertmanager" => Self::Integration { kind: Kind::Alertmanager, key },
            "generic" => Self::Integration { kind: Kind::Generic, key },
            _ => Self::Unknown,
        }
    }

    /// The method this path answers to.
    pub fn method(&self) -> &'static str {
        match self {
            Self::Enqueue | Self::ChangeEnqueue | Self::Integration { .. } | Self::Twilio | Self::Unknown => "POST",
            Self::Healthz | Self::Readyz | Self::Metrics => "GET",
        }
    }

    /// The path as logs and metrics may show it: never with a key.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Enqueue => "/v2/enqueue",
            Self::ChangeEnqueue => "/v2/change/enqueue",
            Self::Integration { kind: Kind::Alertmanager, .. } => "/integrations/alertmanager",
            Self::Integration { kind: Kind::Generic, .. } => "/integrations/generic",
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
            Self::Integration { kind: Kind::Alertmanager, .. } => 1,
            Self::Integration { kind: Kind::Generic, .. } => 2,
            Self::Healthz => 3,
            Self::Readyz => 4,
            Self::Metrics => 5,
            Self::Unknown => 6,
            Self::ChangeEnqueue => 7,
            Self::Twilio => 8,
        }
    }
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
            ("/integrations/grafana/abc", Route::Unknown),
            ("/twilio/voice", Route::Twilio),
            ("/twilio/sms", Route::Twilio),
            ("/twilio/status", Route::Twilio),
            ("/twilio/other", Route::Unknown),
            ("/", Route::Unknown),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
