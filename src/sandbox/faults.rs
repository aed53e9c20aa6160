//! Faults a test can order: what goes wrong with calls and with sockets, how often, and until when.
//!
//! `POST /sandbox/faults` takes one object or a list of them:
//!
//! | `fault` | and | what happens |
//! |---|---|---|
//! | `"429"` | `retry_after` seconds (30) | HTTP 429 with `Retry-After`, nothing done |
//! | `"5xx"` or `"500"`… | `when`, `status` (500) | a server error before or after acting |
//! | `"timeout"` | `when` | no answer, the connection stays open |
//! | `"reset"` | `when` | the connection is reset |
//! | `"garbage"` | `when`, `body` | 200 with bytes that are no JSON |
//! | `"error"` | `error`, `when` | `{"ok": false, "error": …}`, such as `token_revoked` or `is_archived` |
//! | `"delay"` | `ms` | acts at once, answers late; combines with the others |
//! | `"history_lag"` | `ms` | new messages stay out of `conversations.history` that long |
//! | `"drop"` | `sockets` | the TCP connection is reset |
//! | `"half_open"` | `sockets` | nothing is read or written any more, and nothing is closed |
//! | `"disconnect"` | `reason`, `debug_info`, `sockets` | the frame with that reason; all but `warning` then close |
//! | `"unknown_frame"`, `"junk_frame"` | `sockets` | a frame of no known type; a frame that is no JSON |
//! | `"refuse_connections"` | `count`, `status` (503) | upgrades are refused |
//! | `"no_hello"` | `count` | connections are accepted and stay silent |
//! | `"hello_delay"` | `ms`, `count` | `hello` comes late |
//! | `"swallow_acks"` | `count` | acknowledgements are lost on their way |
//! | `"ghosts"` | `count` | that many dead connections take their share of envelopes |
//!
//! Call faults match `method` (`"*"` by default; `"twilio.*"` for the double of Twilio) and, if given, `channel`; they hold for `count` calls or until
//! cleared; `skip` lets that many calls pass first. `when` is `before` (default) or `after` acting. `sockets` is `all`
//! (default) or `one`. `{"clear": true}` ends every fault.

use super::answer::{Answer, Fate, Refused};
use serde_json::{Map, Value, json};

/// Whether a fault strikes before or after the method did its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    RateLimited { secs: u64 },
    ServerError { status: u16, when: When },
    Silence { when: When },
    Reset { when: When },
    Garbage { text: String, when: When },
    Error { error: String, when: When },
    Delay { ms: u64 },
}

impl Effect {
    /// When it replaces the answer, if it does.
    pub fn when(&self) -> Option<When> {
        match self {
            Self::RateLimited { .. } => Some(When::Before),
            Self::ServerError { when, .. }
            | Self::Silence { when }
            | Self::Reset { when }
            | Self::Garbage { when, .. }
            | Self::Error { when, .. } => Some(*when),
            Self::Delay { .. } => None,
        }
    }
}

impl Effect {
    /// What an effect puts in the place of the method's own answer.
    fn answer(&self) -> Answer {
        let mut answer = Answer::ok(json!({"ok": false}));
        match self {
            Self::RateLimited { secs } => return Answer::rate_limited(*secs),
            Self::ServerError { status, .. } => {
                answer.status = *status;
                answer.body = json!({"ok": false, "error": "internal_error"});
            }
            Self::Silence { .. } => answer.fate = Fate::Silence,
            Self::Reset { .. } => answer.fate = Fate::Reset,
            Self::Garbage { text, .. } => answer.fate = Fate::Garbage(text.clone()),
            Self::Error { error, .. } => answer.body = Refused::from(error.as_str()).body(),
            Self::Delay { .. } => {}
        }
        answer
    }
}

/// The answer of a call under these effects: its own, unless one of them takes its place.
pub fn strike(effects: &[Effect], act: impl FnOnce() -> Answer) -> Answer {
    let delay_ms = effects.iter().map(|e| if let Effect::Delay { ms } = e { *ms } else { 0 }).sum();
    let at = |when: When| effects.iter().find(|e| e.when() == Some(when));
    let mut answer = match at(When::Before) {
        Some(effect) => effect.answer(),
        None => {
            let own = act();
            at(When::After).map_or(own, Effect::answer)
        }
    };
    answer.delay_ms = delay_ms;
    answer
}

/// Which sockets a socket fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    All,
    /// The oldest.
    One,
}

/// What happens to open sockets at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketFault {
    Drop,
    HalfOpen,
    Disconnect { reason: String, debug_info: bool },
    UnknownFrame,
    JunkFrame,
}

/// A fault as ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Call { method: String, channel: Option<String>, left: Option<u64>, skip: u64, effect: Effect },
    Sockets { which: Which, fault: SocketFault },
    HistoryLag { ms: i64 },
    RefuseConnections { left: Option<u64>, status: u16 },
    NoHello { left: Option<u64> },
    HelloDelay { left: Option<u64>, ms: i64 },
    SwallowAcks { left: Option<u64> },
    Ghosts { count: u32 },
    Clear,
}

/// The faults in force.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    calls: Vec<Fault>,
    standing: Vec<Fault>,
    pub history_lag_ms: Option<i64>,
    pub ghosts: u32,
}

impl Faults {
    /// Puts a fault in force. Faults that strike open sockets at once are handed back.
    pub fn add(&mut self, fault: Fault) -> Option<(Which, SocketFault)> {
        match fault {
            Fault::Clear => *self = Self::default(),
            Fault::HistoryLag { ms } => self.history_lag_ms = Some(ms),
            Fault::Ghosts { count } => self.ghosts = count,
            Fault::Sockets { which, fault } => return Some((which, fault)),
            call @ Fault::Call { .. } => self.calls.push(call),
            other => self.standing.push(other),
        }
        None
    }

    /// What strikes this call, each counted down.
    pub fn take_call(&mut self, called: &str, names: &[String]) -> Vec<Effect> {
        let mut struck = Vec::new();
        for fault in &mut self.calls {
            let Fault::Call { method, channel, left, skip, effect } = fault else { continue };
            let here = channel.as_ref().is_none_or(|c| names.iter().any(|n| n == c.trim_start_matches('#')));
            // All of Slack's is nothing of Twilio's.
            let all = if called.starts_with("twilio.") { "twilio.*" } else { "*" };
            if !here || (method != all && method != called) || *left == Some(0) {
                continue;
            }
            if *skip > 0 {
                *skip -= 1;
                continue;
            }
            if let Some(n) = left {
                *n -= 1;
            }
            struck.push(effect.clone());
        }
        self.calls.retain(|f| !matches!(f, Fault::Call { left: Some(0), .. }));
        struck
    }

    /// The HTTP status with which the next connection is refused, if it is.
    pub fn take_refusal(&mut self) -> Option<u16> {
        self.take(|f| if let Fault::RefuseConnections { left, status } = f { Some((left, *status)) } else { None })
    }

    /// Whether the next connection gets no `hello`.
    pub fn take_no_hello(&mut self) -> bool {
        self.take(|f| if let Fault::NoHello { left } = f { Some((left, ())) } else { None }).is_some()
    }

    /// By how many milliseconds the next `hello` is late.
    pub fn take_hello_delay(&mut self) -> i64 {
        self.take(|f| if let Fault::HelloDelay { left, ms } = f { Some((left, *ms)) } else { None }).unwrap_or(0)
    }

    /// Whether the acknowledgement that just came is lost.
    pub fn take_ack(&mut self) -> bool {
        self.take(|f| if let Fault::SwallowAcks { left } = f { Some((left, ())) } else { None }).is_some()
    }

    fn take<T>(&mut self, mut pick: impl FnMut(&mut Fault) -> Option<(&mut Option<u64>, T)>) -> Option<T> {
        for i in 0..self.standing.len() {
            let Some((left, value)) = pick(&mut self.standing[i]) else { continue };
            let spent = match left {
                Some(n) => {
                    *n = n.saturating_sub(1);
                    *n == 0
                }
                None => false,
            };
            if spent {
                self.standing.remove(i);
            }
            return Some(value);
        }
        None
    }

    /// The faults in force, in the form in which they are ordered.
    pub fn list(&self) -> Value {
        let mut list: Vec<Value> = self.calls.iter().chain(&self.standing).map(Fault::shape).collect();
        list.extend(self.history_lag_ms.map(|ms| json!({"fault": "history_lag", "ms": ms})));
        if self.ghosts > 0 {
            list.push(json!({"fault": "ghosts", "count": self.ghosts}));
        }
        Value::Array(list)
    }
}

const KINDS: &str = "429, 5xx, timeout, reset, garbage, error, delay, history_lag, drop, half_open, disconnect, \
                     unknown_frame, junk_frame, refuse_connections, no_hello, hello_delay, swallow_acks, ghosts";

impl Fault {
    /// Reads a fault as ordered.
    ///
    /// # Errors
    /// A sentence that names the field, what was found and what to write.
    pub fn parse(v: &Value) -> Result<Self, String> {
        let map =
            v.as_object().ok_or_else(|| format!("expected an object such as {{\"fault\": \"429\"}}, found {v}"))?;
        if map.get("clear") == Some(&Value::Bool(true)) {
            return Ok(Self::Clear);
        }
        let kind = match map.get("fault") {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Number(n)) => n.to_string(),
            Some(other) => return Err(format!("`fault`: expected one of {KINDS}; found {other}")),
            None => return Err(format!("`fault` is missing: write one of {KINDS}; or {{\"clear\": true}}")),
        };
        let fields = Fields { map, kind: &kind };
        fields.known()?;
        let count = fields.count()?;
        let effect = match kind.as_str() {
            "429" => Effect::RateLimited { secs: fields.number("retry_after", 30)? },
            "timeout" => Effect::Silence { when: fields.when()? },
            "reset" => Effect::Reset { when: fields.when()? },
            "garbage" => {
                Effect::Garbage { text: fields.text("body").unwrap_or("<html>502".into()), when: fields.when()? }
            }
            "error" => Effect::Error {
                error: fields
                    .text("error")
                    .ok_or("`error` is missing: write Slack's error, such as \"is_archived\"")?,
                when: fields.when()?,
            },
            "delay" => Effect::Delay { ms: fields.number("ms", 1_000)? },
            "history_lag" => return Ok(Self::HistoryLag { ms: fields.ms(1_000)? }),
            "drop" => return fields.sockets(SocketFault::Drop),
            "half_open" => return fields.sockets(SocketFault::HalfOpen),
            "unknown_frame" => return fields.sockets(SocketFault::UnknownFrame),
            "junk_frame" => return fields.sockets(SocketFault::JunkFrame),
            "disconnect" => {
                let reason = fields.text("reason").unwrap_or("refresh_requested".into());
                let debug_info = map.get("debug_info").and_then(Value::as_bool).unwrap_or(true);
                return fields.sockets(SocketFault::Disconnect { reason, debug_info });
            }
            "refuse_connections" => {
                return Ok(Self::RefuseConnections { left: count, status: fields.status(503)? });
            }
            "no_hello" => return Ok(Self::NoHello { left: count }),
            "hello_delay" => return Ok(Self::HelloDelay { left: count, ms: fields.ms(1_000)? }),
            "swallow_acks" => return Ok(Self::SwallowAcks { left: count }),
            "ghosts" => {
                let count = u32::try_from(fields.number("count", 1)?).unwrap_or(u32::MAX);
                return Ok(Self::Ghosts { count });
            }
            _ => match server_error(&kind) {
                Some(status) => Effect::ServerError { status: fields.status(status)?, when: fields.when()? },
                None => return Err(format!("`fault`: expected one of {KINDS}; found \"{kind}\"")),
            },
        };
        Ok(Self::Call {
            method: fields.text("method").unwrap_or("*".into()),
            channel: fields.text("channel"),
            left: count,
            skip: fields.number("skip", 0)?,
            effect,
        })
    }

    fn shape(&self) -> Value {
        match self {
            Self::Call { method, channel, left, skip, effect } => {
                let mut v = effect.shape();
                v["method"] = json!(method);
                v["channel"] = json!(channel);
                v["count"] = json!(left);
                v["skip"] = json!(skip);
                v
            }
            Self::RefuseConnections { left, status } => {
                json!({"fault": "refuse_connections", "count": left, "status": status})
            }
            Self::NoHello { left } => json!({"fault": "no_hello", "count": left}),
            Self::HelloDelay { left, ms } => json!({"fault": "hello_delay", "count": left, "ms": ms}),
            Self::SwallowAcks { left } => json!({"fault": "swallow_acks", "count": left}),
            Self::HistoryLag { ms } => json!({"fault": "history_lag", "ms": ms}),
            Self::Ghosts { count } => json!({"fault": "ghosts", "count": count}),
            Self::Sockets { .. } | Self::Clear => Value::Null,
        }
    }
}

impl Effect {
    fn shape(&self) -> Value {
        let when = match self.when() {
            Some(When::After) => "after",
            _ => "before",
        };
        match self {
            Self::RateLimited { secs } => json!({"fault": "429", "retry_after": secs}),
            Self::ServerError { status, .. } => json!({"fault": "5xx", "status": status, "when": when}),
            Self::Silence { .. } => json!({"fault": "timeout", "when": when}),
            Self::Reset { .. } => json!({"fault": "reset", "when": when}),
            Self::Garbage { text, .. } => json!({"fault": "garbage", "body": text, "when": when}),
            Self::Error { error, .. } => json!({"fault": "error", "error": error, "when": when}),
            Self::Delay { ms } => json!({"fault": "delay", "ms": ms}),
        }
    }
}

fn server_error(kind: &str) -> Option<u16> {
    match kind {
        "5xx" => Some(500),
        _ => kind.parse().ok().filter(|s| (500..=599).contains(s)),
    }
}

struct Fields<'a> {
    map: &'a Map<String, Value>,
    kind: &'a str,
}

impl Fields<'_> {
    fn known(&self) -> Result<(), String> {
        const KNOWN: [&str; 14] = [
            "fault",
            "clear",
            "method",
            "channel",
            "count",
            "skip",
            "when",
            "retry_after",
            "status",
            "ms",
            "body",
            "error",
            "reason",
            "debug_info",
        ];
        match self.map.keys().find(|k| !KNOWN.contains(&k.as_str()) && *k != "sockets") {
            Some(k) => Err(format!("`{k}` is not a field of a fault; known are {}, sockets", KNOWN.join(", "))),
            None => Ok(()),
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        self.map.get(key).and_then(Value::as_str).map(String::from)
    }

    fn number(&self, key: &str, default: u64) -> Result<u64, String> {
        match self.map.get(key) {
            None | Some(Value::Null) => Ok(default),
            Some(v) => v.as_u64().ok_or_else(|| format!("`{key}`: expected a whole number, found {v}")),
        }
    }

    fn ms(&self, default: u64) -> Result<i64, String> {
        self.number("ms", default).map(|n| i64::try_from(n).unwrap_or(i64::MAX / 4))
    }

    fn count(&self) -> Result<Option<u64>, String> {
        match self.map.get("count") {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self.number("count", 1).map(Some),
        }
    }

    fn status(&self, default: u16) -> Result<u16, String> {
        let n = self.number("status", u64::from(default))?;
        u16::try_from(n)
            .ok()
            .filter(|s| (400..=599).contains(s))
            .ok_or_else(|| format!("`status`: expected 400..599, found {n}"))
    }

    fn when(&self) -> Result<When, String> {
        match self.map.get("when").map(|v| v.as_str().unwrap_or("")) {
            None | Some("before") => Ok(When::Before),
            Some("after") => Ok(When::After),
            Some(_) => Err(format!("`when`: expected \"before\" or \"after\", found {}", self.map["when"])),
        }
    }

    fn sockets(&self, fault: SocketFault) -> Result<Fault, String> {
        let which = match self.map.get("sockets").map(|v| v.as_str().unwrap_or("")) {
            None | Some("all") => Which::All,
            Some("one") => Which::One,
            Some(_) => return Err(format!("`sockets`: expected \"all\" or \"one\", found {}", self.map["sockets"])),
        };
        debug_assert!(!self.kind.is_empty());
        Ok(Fault::Sockets { which, fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(v: Value) -> Fault {
        Fault::parse(&v).unwrap()
    }

    #[test]
    fn faults_count_down_skip_and_match() {
        let mut faults = Faults::default();
        faults.add(fault(
            json!({"fault": "429", "method": "chat.postMessage", "channel": "#ops", "count": 2, "skip": 1}),
        ));
        faults.add(fault(json!({"fault": "delay", "ms": 5})));
        let ops = ["C1".to_owned(), "ops".to_owned()];
        assert_eq!(faults.take_call("chat.update", &ops).len(), 1);
        assert_eq!(faults.take_call("chat.postMessage", &ops).len(), 1, "skipped");
        assert_eq!(faults.take_call("chat.postMessage", &ops).len(), 2);
        assert_eq!(faults.take_call("chat.postMessage", &["C2".to_owned()]).len(), 1);
        assert_eq!(faults.take_call("chat.postMessage", &ops).len(), 2);
        assert_eq!(faults.take_call("chat.postMessage", &ops).len(), 1, "spent");
        assert_eq!(faults.list().as_array().unwrap().len(), 1);
        faults.add(Fault::Clear);
        assert_eq!(faults.list(), json!([]));
    }

    #[test]
    fn a_wrong_order_is_explained() {
        for (v, wanted) in [
            (json!("x"), "expected an object"),
            (json!({}), "`fault` is missing"),
            (json!({"fault": "meteor"}), "found \"meteor\""),
            (json!({"fault": "5xx", "when": "during"}), "`when`: expected"),
            (json!({"fault": "429", "retry": 3}), "`retry` is not a field"),
            (json!({"fault": "429", "retry_after": "3"}), "`retry_after`: expected a whole number"),
            (json!({"fault": "error"}), "`error` is missing"),
            (json!({"fault": "drop", "sockets": "two"}), "`sockets`: expected"),
        ] {
            let said = Fault::parse(&v).unwrap_err();
            assert!(said.contains(wanted), "{v}: {said}");
        }
        assert!(matches!(
            fault(json!({"fault": 503})),
            Fault::Call { effect: Effect::ServerError { status: 503, .. }, .. }
        ));
    }

    #[test]
    fn what_is_listed_can_be_ordered_again() {
        for v in [
            json!({"fault": "429", "count": 3}),
            json!({"fault": "5xx", "when": "after"}),
            json!({"fault": "timeout"}),
            json!({"fault": "error", "error": "is_archived"}),
            json!({"fault": "ghosts", "count": 2}),
            json!({"fault": "hello_delay", "ms": 7, "count": 1}),
            json!({"fault": "history_lag", "ms": 7}),
        ] {
            let mut faults = Faults::default();
            faults.add(fault(v.clone()));
            let listed = faults.list()[0].clone();
            assert_eq!(fault(listed), fault(v));
        }
    }
}
