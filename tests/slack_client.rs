//! The real Web API transport and the lanes' driver over real sockets, against a Slack written here.
#![allow(clippy::disallowed_methods)] // real sockets are measured in real time

use axum::extract::Request as HttpRequest;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use warridor::clock::Clock;
use warridor::slack::client::{ClientLimits, WITHDRAWN};
use warridor::slack::{Driver, Gate, LanesHandle, OpenGate, Outcome, Priority, Request, SlackClient};

const PATIENCE: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// One call as the model of Slack received it.
#[derive(Clone, Debug)]
struct Call {
    at: Instant,
    verb: String,
    method: String,
    query: BTreeMap<String, String>,
    authorization: String,
    body: Value,
}

type Answer = Arc<dyn Fn(&Call) -> Response + Send + Sync>;

struct Slack {
    api_url: url::Url,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Slack {
    /// A Slack that answers as `answer` says; a call whose body asks to `hang` is never answered.
    async fn start(answer: impl Fn(&Call) -> Response + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (seen, answer): (_, Answer) = (calls.clone(), Arc::new(answer));
        let serve = move |request: HttpRequest| async move {
            let call = read(request).await;
            seen.lock().unwrap().push(call.clone());
            if call.body["hang"] == true {
                std::future::pending::<()>().await;
            }
            answer(&call)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api_url = format!("http://{}/api", listener.local_addr().unwrap()).parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(serve)).await });
        Self { api_url, calls }
    }

    fn client(&self) -> SlackClient {
        SlackClient::new(self.api_url.clone(), "xoxb-secret".into()).unwrap()
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

async fn read(request: HttpRequest) -> Call {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let url = url::Url::parse(&format!("http://x{}", head.uri)).unwrap();
    Call {
        at: Instant::now(),
        verb: head.method.to_string(),
        method: head.uri.path().rsplit('/').next().unwrap_or_default().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        authorization: header(&head.headers, "authorization"),
        body: serde_json::from_slice(&body).unwrap_or_default(),
    }
}

fn header(headers: &HeaderMap, name: &str) -> String {
    headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

fn ok() -> Response {
    axum::Json(json!({"ok": true, "ts": "1.2"})).into_response()
}

#[tokio::test]
async fn a_method_that_writes_is_posted_as_json_with_the_token() {
    let slack = Slack::start(|_| ok()).await;
    let outcome = slack.client().call("chat.postMessage", &json!({"channel": "C1", "text": "hi"})).await;
    assert_eq!(outcome, Outcome::Ok(json!({"ok": true, "ts": "1.2"})));
    let call = &slack.calls()[0];
    assert_eq!((call.verb.as_str(), call.method.as_str()), ("POST", "chat.postMessage"));
    assert_eq!(call.authorization, "Bearer xoxb-secret");
    assert_eq!(call.body, json!({"channel": "C1", "text": "hi"}));
}

#[tokio::test]
async fn a_method_that_reads_is_asked_by_query() {
    let slack = Slack::start(|_| ok()).await;
    let body = json!({"channel": "C1", "limit": 5, "include_all_metadata": true, "cursor": null, "q": "a&b ü"});
    slack.client().call("conversations.history", &body).await;
    let call = &slack.calls()[0];
    assert_eq!(call.verb, "GET");
    let expected = [("channel", "C1"), ("limit", "5"), ("include_all_metadata", "true"), ("q", "a&b ü")];
    assert_eq!(call.query, expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect());
    assert_eq!(call.authorization, "Bearer xoxb-secret");
}

#[tokio::test]
async fn every_answer_becomes_its_outcome() {
    let slack = Slack::start(|call| match call.body["want"].as_str().unwrap_or_default() {
        "refused" => axum::Json(json!({"ok": false, "error": "is_archived", "more": 1})).into_response(),
        "limited" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], "slow down").into_response(),
        "limited oddly" => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "soon")], "").into_response(),
        "500" => (StatusCode::INTERNAL_SERVER_ERROR, "oops").into_response(),
        "garbage" => "<html>".into_response(),
        "large" => vec![b' '; 64 << 10].into_response(),
        "moved" => (StatusCode::FOUND, [("location", "/api/elsewhere")]).into_response(),
        _ => ok(),
    })
    .await;
    let limits = ClientLimits { answer_bytes: 32 << 10, ..ClientLimits::default() };
    let client = SlackClient::with_limits(slack.api_url.clone(), "xoxb-secret".into(), limits).unwrap();
    let rows = [
        ("ok", "ok"),
        ("refused", "refused"),
        ("limited", "rate_limited"),
        ("limited oddly", "rate_limited"),
        ("500", "unknown"),
        ("garbage", "unknown"),
        ("large", "unknown"),
        ("moved", "unknown"),
    ];
    for (want, expected) in rows {
        let outcome = client.call("chat.postMessage", &json!({ "want": want })).await;
        assert_eq!(outcome.name(), expected, "{want}: {outcome:?}");
        match want {
            "limited" => assert_eq!(outcome, Outcome::RateLimited { retry_after_ms: 7_000 }),
            "limited oddly" => assert_eq!(outcome, Outcome::RateLimited { retry_after_ms: 30_000 }),
            "refused" => assert!(
                matches!(outcome, Outcome::Refused { error, body } if error == "is_archived" && body["more"] == 1)
            ),
            _ => {}
        }
    }
    assert_eq!(slack.calls().len(), rows.len(), "nothing is sent twice, no redirect is followed");
}

#[tokio::test]
async fn what_never_reached_slack_is_told_from_what_may_have_acted() {
    let limits = ClientLimits {
        connect: Duration::from_millis(300),
        call: Duration::from_millis(600),
        ..ClientLimits::default()
    };
    let call = async |url: &str| {
        let client = SlackClient::with_limits(url.parse().unwrap(), "xoxb-secret".into(), limits).unwrap();
        soon("an outcome", client.call("chat.postMessage", &json!({}))).await
    };
    // Nobody listens.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(call(&format!("http://{free}/api")).await.name(), "not_sent");
    // No such host.
    assert_eq!(call("http://no-such-host.invalid/api").await.name(), "not_sent");
    // Somebody listens who is no TLS server: the request is never written.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = mute.local_addr().unwrap();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((stream, _)) = mute.accept().await {
            kept.push(stream);
        }
    });
    assert_eq!(call(&format!("https://{address}/api")).await.name(), "not_sent", "TLS hangs");
    assert_eq!(call(&format!("http://{address}/api")).await.name(), "unknown", "no answer");
    // The request is read, and then the connection breaks, before or within the answer.
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"ok\":true"] {
        let breaks = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = breaks.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = breaks.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4_096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        assert_eq!(call(&format!("http://{address}/api")).await.name(), "unknown", "{answer:?}");
    }
}

#[tokio::test]
async fn the_token_is_never_printed() {
    let slack = Slack::start(|_| "<html>".into_response()).await;
    let client = slack.client();
    assert!(!format!("{client:?}").contains("secret"));
    let outcome = client.call("chat.postMessage", &json!({})).await;
    assert!(!format!("{outcome:?}").contains("secret"));
    let nowhere = SlackClient::new("http://127.0.0.1:1/api".parse().unwrap(), "xoxb-secret".into()).unwrap();
    let outcome = nowhere.respond("http://127.0.0.1:1/actions/url-secret", &json!({})).await;
    assert_eq!(outcome.name(), "not_sent");
    assert!(!format!("{outcome:?}").contains("secret"), "{outcome:?}");
}

#[tokio::test]
async fn a_response_url_is_answered_without_the_token_and_only_if_it_is_slacks() {
    let slack = Slack::start(|call| match call.method.as_str() {
        "used-up" => (StatusCode::NOT_FOUND, "used_url").into_response(),
        _ => "ok".into_response(),
    })
    .await;
    let client = slack.client();
    let host = slack.api_url.origin().ascii_serialization();
    let respond = async |url: String| client.respond(&url, &json!({"text": "hi"})).await.name();
    assert_eq!(respond(format!("{host}/actions/T1/1/x")).await, "ok");
    assert_eq!(respond(format!("{host}/used-up")).await, "refused");
    let calls = slack.calls();
    assert_eq!((calls[0].authorization.as_str(), &calls[0].body), ("", &json!({"text": "hi"})));
    for foreign in
        ["http://evil.example/x", "https://evilslack.com/x", "http://hooks.slack.com/x", "file:///etc/passwd", "x"]
    {
        assert_eq!(respond(foreign.to_owned()).await, "not_sent", "{foreign}");
    }
    assert_eq!(slack.calls().len(), 2);
}

struct Sending {
    lanes: LanesHandle,
    outcomes: mpsc::Receiver<(u64, Outcome)>,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Sending {
    fn start(client: SlackClient, gate: impl Gate) -> Self {
        let (report, outcomes) = mpsc::channel(64);
        let shutdown = CancellationToken::new();
        let (lanes, task) = Driver::start(client, Clock::system(0), gate, report, shutdown.clone());
        Self { lanes, outcomes, shutdown, task }
    }

    fn push(&self, id: u64, channel: &str, priority: Priority, body: Value) {
        let channel = Some(channel.to_owned());
        self.lanes.push(Request { id, method: "chat.postMessage", channel, priority, body }).unwrap();
    }

    async fn outcome(&mut self) -> (u64, Outcome) {
        soon("an outcome", self.outcomes.recv()).await.unwrap()
    }
}

#[tokio::test]
async fn a_429_waits_for_its_retry_after_alone_and_comes_back_by_itself() {
    let refused = Mutex::new(false);
    let slack = Slack::start(move |call| {
        if call.body["channel"] == "C1" && !std::mem::replace(&mut refused.lock().unwrap(), true) {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], "").into_response();
        }
        ok()
    })
    .await;
    let mut sending = Sending::start(slack.client(), OpenGate);
    sending.push(1, "C1", Priority::Card, json!({"channel": "C1"}));
    soon("the first call", async {
        while slack.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    sending.push(2, "C2", Priority::Card, json!({"channel": "C2"}));
    sending.push(3, "D1", Priority::Page, json!({"channel": "D1"}));
    let mut first = [sending.outcome().await.0, sending.outcome().await.0];
    first.sort_unstable();
    assert_eq!(first, [2, 3], "the others did not wait");
    assert_eq!(sending.outcome().await.0, 1, "reported once, when it is final");
    let calls = slack.calls();
    let of_c1: Vec<Instant> = calls.iter().filter(|c| c.body["channel"] == "C1").map(|c| c.at).collect();
    assert_eq!(of_c1.len(), 2);
    assert!(of_c1[1] - of_c1[0] >= Duration::from_millis(990), "{:?}", of_c1[1] - of_c1[0]);
}

#[tokio::test]
async fn a_channel_that_hangs_delays_no_other_and_ends_as_unknown() {
    let slack = Slack::start(|_| ok()).await;
    let limits = ClientLimits { call: Duration::from_millis(800), ..ClientLimits::default() };
    let client = SlackClient::with_limits(slack.api_url.clone(), "xoxb-secret".into(), limits).unwrap();
    let mut sending = Sending::start(client, OpenGate);
    sending.push(1, "C1", Priority::Page, json!({"hang": true}));
    for id in 2..12 {
        sending.push(id, &format!("C{id}"), Priority::Card, json!({}));
    }
    for _ in 2..12 {
        let (id, outcome) = sending.outcome().await;
        assert!(id != 1 && outcome.name() == "ok");
    }
    assert_eq!(sending.outcome().await, (1, Outcome::Unknown("no answer within 800 ms".into())));
}

/// Withdraws call 1, panics over call 2, and writes the body of the rest afresh.
struct Choosy;

impl Gate for Choosy {
    async fn prepare(&self, request: Request) -> Option<Request> {
        match request.id {
            1 => None,
            2 => panic!("in the gate"),
            _ => Some(Request { body: json!({"fresh": true}), ..request }),
        }
    }
}

#[tokio::test]
async fn the_gate_has_the_last_word() {
    let slack = Slack::start(|_| ok()).await;
    let mut sending = Sending::start(slack.client(), Choosy);
    for id in 1..=3 {
        sending.push(id, &format!("C{id}"), Priority::Page, json!({"fresh": false}));
    }
    let mut outcomes = BTreeMap::new();
    for _ in 0..3 {
        let (id, outcome) = sending.outcome().await;
        outcomes.insert(id, outcome);
    }
    assert_eq!(outcomes[&1], Outcome::NotSent(WITHDRAWN.into()));
    assert_eq!(outcomes[&2].name(), "unknown");
    assert_eq!(outcomes[&3].name(), "ok");
    let bodies: Vec<Value> = slack.calls().into_iter().map(|c| c.body).collect();
    assert_eq!(bodies, [json!({"fresh": true})]);
    assert_eq!(sending.lanes.look(|lanes| lanes.in_flight()), 0, "every slot is free again");
}

#[tokio::test]
async fn at_shutdown_calls_in_flight_are_reported_and_nothing_new_is_sent() {
    let slack = Slack::start(|_| ok()).await;
    let limits = ClientLimits { call: Duration::from_millis(500), ..ClientLimits::default() };
    let client = SlackClient::with_limits(slack.api_url.clone(), "xoxb-secret".into(), limits).unwrap();
    let mut sending = Sending::start(client, OpenGate);
    sending.push(1, "C1", Priority::Card, json!({"hang": true}));
    soon("the call", async {
        while slack.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    sending.push(2, "C1", Priority::Card, json!({}));
    sending.shutdown.cancel();
    assert_eq!(sending.outcome().await.0, 1);
    soon("the end", sending.task).await.unwrap();
    assert_eq!(slack.calls().len(), 1);
}
