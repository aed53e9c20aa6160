//! The real Web API transport over real sockets, against a Slack written here.
#![allow(clippy::disallowed_methods)] // real sockets are measured in real time

use axum::extract::Request as HttpRequest;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;
use warridor::slack::client::ClientLimits;
use warridor::slack::{Outcome, SlackClient};

const PATIENCE: Duration = Duration::from_secs(5);

async fn soon<T>(what: &str, wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// One call as the model of Slack received it.
#[derive(Clone, Debug)]
struct Call {
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
