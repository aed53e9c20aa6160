//! A call of the Web API and its answer, as values: no HTTP in here.

use serde_json::{Map, Value, json};

/// One call of a Web API method, already taken out of its HTTP request.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// From the `Authorization: Bearer` header or, in forms and queries, the `token` field.
    pub token: Option<String>,
    /// Such as `chat.postMessage`.
    pub method: String,
    /// The arguments. Form and query values are strings; JSON values are what they were.
    pub args: Map<String, Value>,
    /// Warnings about the request's form, such as `missing_charset`: they come back in the answer.
    pub warnings: Vec<&'static str>,
    /// What was wrong with the request before any method could look at it, such as `invalid_json`.
    pub malformed: Option<&'static str>,
}

impl Request {
    /// A JSON call with a token.
    pub fn json(token: &str, method: &str, args: Value) -> Self {
        let args = match args {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self { token: Some(token.into()), method: method.into(), args, ..Self::default() }
    }
}

/// What Slack would put on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The HTTP status. Slack says 200 for almost everything.
    pub status: u16,
    /// The `Retry-After` header, in seconds.
    pub retry_after_secs: Option<u64>,
    pub body: Value,
    /// How long the answer is held back, in milliseconds.
    pub delay_ms: u64,
    pub fate: Fate,
}

/// What becomes of an answer on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Arrives,
    /// Nothing is ever sent; the connection stays open.
    Silence,
    /// The connection is reset.
    Reset,
    /// These bytes arrive in its place.
    Garbage(String),
}

impl Answer {
    /// A plain 200.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, retry_after_secs: None, body, delay_ms: 0, fate: Fate::Arrives }
    }

    /// HTTP 429 as Slack says it.
    pub fn rate_limited(retry_after_secs: u64) -> Self {
        Self {
            status: 429,
            retry_after_secs: Some(retry_after_secs),
            body: json!({"ok": false, "error": "ratelimited"}),
            delay_ms: 0,
            fate: Fate::Arrives,
        }
    }

    /// Whether the body says `ok: true`.
    pub fn is_ok(&self) -> bool {
        self.body["ok"] == true
    }

    /// The body's `error`, or nothing.
    pub fn error(&self) -> &str {
        self.body["error"].as_str().unwrap_or("")
    }
}

/// Why Slack refuses a call: its `error` and whatever stands beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub error: String,
    pub beside: Map<String, Value>,
}

impl Refused {
    /// A refusal that says more than its error, such as `needed` and `provided`.
    pub fn with(error: &str, beside: Value) -> Self {
        let beside = match beside {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        Self { error: error.into(), beside }
    }

    /// `invalid_arguments`, with Slack's `[ERROR] …` lines.
    pub fn arguments<S: Into<String>>(messages: impl IntoIterator<Item = S>) -> Self {
        let messages: Vec<String> = messages.into_iter().map(|m| format!("[ERROR] {}", m.into())).collect();
        Self::with("invalid_arguments", json!({"response_metadata": {"messages": messages}}))
    }

    /// The answer's body.
    pub fn body(self) -> Value {
        let mut body = Map::new();
        body.insert("ok".into(), false.into());
        body.insert("error".into(), self.error.into());
        body.extend(self.beside);
        Value::Object(body)
    }
}

impl From<&str> for Refused {
    fn from(error: &str) -> Self {
        Self { error: error.into(), beside: Map::new() }
    }
}

/// What a method comes to: the fields beside `ok: true`, or the refusal.
pub type Outcome = Result<Value, Refused>;
