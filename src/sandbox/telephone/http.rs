//! The double's shell: its API, what people do at their telephones, and the callbacks, signed as Twilio signs.
//!
//! | | |
//! |---|---|
//! | `POST /2010-04-01/Accounts/SID/Messages.json`, `Calls.json` | Twilio's API, and `GET` for its lists |
//! | `GET /sandbox/telephone[?number=N]` | `texts`, `calls`, `debugger` |
//! | `POST /sandbox/telephone` | `call` and `do`: `pick_up`, `hang_up`, `silence`, or `press` with `key`; or `from` and `text`: a text to the pager |
//!
//! Faults of `/sandbox/faults` strike here by the methods `twilio.Messages` and `twilio.Calls`.

use super::{Account, Call, CallStatus, Callback, Cannot, Exchange, Text};
use crate::methods::twilio::sign;
use crate::sandbox::http::Conn;
use crate::sandbox::shared::Shared;
use crate::sandbox::web_api::write;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Query, RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long Twilio waits for an answer (docs: 15 s).
const CALLBACK: Duration = Duration::from_secs(15);

/// One telephone: a call that rings or goes on, and the texts either way, the newest last.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    pub call: Option<Call>,
    pub texts: Vec<Text>,
}

/// The double, shared with its server.
#[derive(Debug, Default)]
pub struct Telephone {
    exchange: Mutex<Exchange>,
    changed: tokio::sync::Notify,
    client: std::sync::OnceLock<reqwest::Client>,
    /// A reverse proxy: what is sent to the first address arrives at the second.
    proxy: Mutex<Option<(String, String)>>,
}

impl Telephone {
    pub fn set_account(&self, account: Account) {
        self.with(|x| x.set_account(account));
    }

    /// What is sent to `public` arrives at `inside`, as by a reverse proxy.
    pub fn set_proxy(&self, public: &str, inside: &str) {
        let both = Some((public.to_owned(), inside.to_owned()));
        *self.proxy.lock().unwrap_or_else(PoisonError::into_inner) = both;
    }

    fn reached(&self, url: &str) -> String {
        let proxy = self.proxy.lock().unwrap_or_else(PoisonError::into_inner);
        let inside =
            proxy.as_ref().and_then(|(public, inside)| Some(format!("{inside}{}", url.strip_prefix(public.as_str())?)));
        inside.unwrap_or_else(|| url.to_owned())
    }

    /// What is on the screen of the telephone with this number.
    pub fn screen(&self, number: &str) -> Screen {
        let exchange = self.exchange.lock().unwrap_or_else(PoisonError::into_inner);
        let is_on = |c: &&Call| c.to == number && matches!(c.status, CallStatus::Ringing | CallStatus::InProgress);
        let texts = exchange.texts().filter(|t| t.to == number || t.from == number);
        Screen { call: exchange.calls().filter(is_on).last().cloned(), texts: texts.cloned().collect() }
    }

    /// Looks at, or changes, what the double knows.
    pub fn with<T>(&self, f: impl FnOnce(&mut Exchange) -> T) -> T {
        let result = f(&mut self.exchange.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
        result
    }

    fn client(&self) -> reqwest::Client {
        let made = self.client.get_or_init(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder().timeout(CALLBACK).build().unwrap_or_default()
        });
        made.clone()
    }
}

pub(in crate::sandbox) fn routes() -> Router<Arc<Shared>> {
    Router::new().route("/2010-04-01/Accounts/{sid}/{path}", any(api)).route("/sandbox/telephone", get(look).post(act))
}

async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    Path((sid, path)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fields = (method == Method::POST).then(|| form(&body));
    let query = form(query.unwrap_or_default().as_bytes());
    let (name, token) = basic(&headers);
    let called = format!("twilio.{}", path.trim_end_matches(".json"));
    let now = shared.clock().now();
    let mut callbacks = Vec::new();
    let answer = shared.struck(&called, || {
        let (answer, told) =
            shared.telephone.with(|x| x.request((&name, &token), &sid, &path, fields.as_deref(), &query, now));
        callbacks = told;
        answer
    });
    shared.act(|slack, _| slack.touch());
    tell(&shared, callbacks);
    write(answer, &conn).await
}

async fn look(State(shared): State<Arc<Shared>>, Query(q): Query<HashMap<String, String>>) -> Response {
    let body = shared.telephone.with(|x| {
        let number = q.get("number");
        let mine = |from: &str, to: &str| number.is_none_or(|n| n == from || n == to);
        json!({
            "texts": x.texts().filter(|t| mine(&t.from, &t.to)).collect::<Vec<_>>(),
            "calls": x.calls().filter(|c| mine(&c.from, &c.to)).collect::<Vec<_>>(),
            "debugger": x.debugger,
        })
    });
    axum::Json(body).into_response()
}

async fn act(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let now = shared.clock().now();
    let came = shared.telephone.with(|x| match (text("call"), text("do")) {
        ("", _) if !text("from").is_empty() => Ok(x.write(text("from"), text("text"), now)),
        ("", _) => Err(Cannot("`call` and `do`, or `from` and `text`".to_owned())),
        (call, "pick_up") => x.pick_up(call),
        (call, "hang_up") => x.hang_up(call),
        (call, "silence") => x.say_nothing(call),
        (call, "press") => match text("key").chars().next() {
            Some(key) => x.press(call, key),
            None => Err(Cannot("`key`: write the key that is pressed".to_owned())),
        },
        (_, other) => Err(Cannot(format!("`do`: found {other:?}; write pick_up, hang_up, silence or press"))),
    });
    match came {
        Ok(callbacks) => {
            shared.act(|slack, _| slack.touch());
            follow(&shared, callbacks).await;
            axum::Json(json!({ "ok": true })).into_response()
        }
        Err(Cannot(why)) => (StatusCode::CONFLICT, axum::Json(json!({ "ok": false, "why": why }))).into_response(),
    }
}

fn tell(shared: &Arc<Shared>, callbacks: Vec<Callback>) {
    if !callbacks.is_empty() {
        let shared = shared.clone();
        tokio::spawn(async move { follow(&shared, callbacks).await });
    }
}

/// Makes the requests, one after the other, and those that their answers lead to.
async fn follow(shared: &Arc<Shared>, callbacks: Vec<Callback>) {
    if callbacks.is_empty() {
        return;
    }
    let mut waiting = std::collections::VecDeque::from(callbacks);
    while let Some(callback) = waiting.pop_front() {
        let (status, body) = request(shared, &callback).await;
        let now = shared.clock().now();
        waiting.extend(shared.telephone.with(|x| x.took(&callback.of, status, &body, now)));
    }
    shared.act(|slack, _| slack.touch());
}

async fn request(shared: &Shared, callback: &Callback) -> (u16, String) {
    let token = shared.telephone.with(|x| x.account().token.clone());
    let signature = sign(&token, &callback.url, &callback.fields);
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&callback.fields).finish();
    let url = shared.telephone.reached(&callback.url);
    let request = shared.telephone.client().post(url).header("x-twilio-signature", signature);
    let request = request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8").body(body);
    match request.send().await {
        Ok(answer) => {
            let status = answer.status().as_u16();
            (status, answer.text().await.unwrap_or_default())
        }
        // Twilio's own error 11200 has no status then.
        Err(_) => (0, String::new()),
    }
}

/// Ends calls that nobody takes.
pub(in crate::sandbox) async fn run(shared: Arc<Shared>) {
    loop {
        let now = shared.clock().now();
        // Not by `with`, which would wake this again.
        let (over, next) = {
            let mut exchange = shared.telephone.exchange.lock().unwrap_or_else(PoisonError::into_inner);
            let over = exchange.due(now);
            (over, exchange.next_wake())
        };
        follow(&shared, over).await;
        match next {
            Some(at) => tokio::select! {
                () = shared.clock().sleep_until(at) => {}
                () = shared.telephone.changed.notified() => {}
            },
            None => shared.telephone.changed.notified().await,
        }
    }
}

fn form(bytes: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(bytes).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
}

fn basic(headers: &HeaderMap) -> (String, String) {
    let value = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let decoded = value.strip_prefix("Basic ").and_then(|b| STANDARD.decode(b).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&decoded).into_owned();
    let (name, token) = text.split_once(':').unwrap_or((&text, ""));
    (name.to_owned(), token.to_owned())
}
