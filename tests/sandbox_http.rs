//! The sandbox over real sockets: what only the shells can get wrong.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use warridor::clock::Clock;
use warridor::domain::stamp::At;
use warridor::sandbox::guide::{Ask, Deed, Moment, Step};
use warridor::sandbox::workspace::{Channel, SlashCommand, User};
use warridor::sandbox::{Guide, Sandbox, SandboxConfig, Service, Workspace};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Longer than anything here takes; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn start(dir: Option<&Path>) -> Sandbox {
    let workspace = Workspace {
        users: vec![User::named("ana"), User::named("ben")],
        channels: vec![Channel::named("payments"), Channel::named("ops")],
        commands: vec![SlashCommand::named("/pager")],
        ..Workspace::default()
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let dir = dir.map(Path::to_owned);
    Sandbox::start(SandboxConfig { listen, clock: Clock::system(0), dir, workspace }).unwrap()
}

struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    fn of(sandbox: &Sandbox) -> Self {
        // Building a client needs a provider even where nothing is encrypted; a second installation is no error here.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        Self { http, base: format!("http://{}", sandbox.addr()) }
    }

    async fn api(&self, method: &str, args: Value) -> reqwest::Result<reqwest::Response> {
        let token = if method == "apps.connections.open" { "xapp-sandbox-app" } else { "xoxb-sandbox-bot" };
        self.http.post(format!("{}/api/{method}", self.base)).bearer_auth(token).json(&args).send().await
    }

    async fn ok(&self, method: &str, args: Value) -> Value {
        let body: Value = self.api(method, args).await.unwrap().json().await.unwrap();
        assert_eq!(body["ok"], true, "{method}: {body}");
        body
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(format!("{}/{path}", self.base)).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn script(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self.http.post(format!("{}/sandbox/{path}", self.base)).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn connect(&self) -> Socket {
        let open = self.ok("apps.connections.open", json!({})).await;
        let (mut socket, _) = connect_async(open["url"].as_str().unwrap()).await.unwrap();
        assert_eq!(next(&mut socket).await.unwrap()["type"], "hello");
        socket
    }

    async fn post_button(&self) -> String {
        let blocks = json!([{"type": "actions", "elements": [
            {"type": "button", "action_id": "ack", "text": {"type": "plain_text", "text": "Acknowledge"}}]}]);
        let posted =
            self.ok("chat.postMessage", json!({"channel": "payments", "text": "card", "blocks": blocks})).await;
        posted["ts"].as_str().unwrap().to_owned()
    }
}

/// The next JSON frame; `None` when the connection was closed properly.
async fn next(socket: &mut Socket) -> Option<Value> {
    let frame = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_))) | None => return None,
                Some(Ok(_)) => {}
                Some(Err(e)) => panic!("{e}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, frame).await.expect("a frame")
}

async fn ack(socket: &mut Socket, envelope: &Value, payload: Value) {
    let frame = json!({"envelope_id": envelope["envelope_id"], "payload": payload});
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

#[tokio::test]
async fn the_web_api_takes_every_encoding_and_answers_like_slack() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let url = format!("{}/api/auth.test", c.base);
    let form =
        c.http.post(&url).header("content-type", "application/x-www-form-urlencoded").body("token=xoxb-sandbox-bot");
    let answer = form.send().await.unwrap();
    assert!(answer.headers()["x-oauth-scopes"].to_str().unwrap().contains("chat:write"));
    assert_eq!(answer.json::<Value>().await.unwrap()["ok"], true);
    let query: Value = c.http.get(format!("{url}?token=xoxb-sandbox-bot")).send().await.unwrap().json().await.unwrap();
    assert_eq!(query["user"], "warridor");
    let body = c
        .http
        .post(&url)
        .header("content-type", "application/json; charset=utf-8")
        .body("{\"token\": \"xoxb-sandbox-bot\"}");
    assert_eq!(body.send().await.unwrap().json::<Value>().await.unwrap()["error"], "not_authed");
    let junk = c.http.post(&url).header("content-type", "application/json").body("{");
    assert_eq!(junk.send().await.unwrap().json::<Value>().await.unwrap()["error"], "invalid_json");
    let huge = c.http.post(&url).header("content-type", "application/json").body("[".repeat(3 * 1024 * 1024));
    assert_eq!(huge.send().await.unwrap().status(), 413);
    assert_eq!(c.api("no.such", json!({})).await.unwrap().json::<Value>().await.unwrap()["error"], "unknown_method");
    let mut limited = None;
    for _ in 0..10 {
        let answer = c.api("chat.postMessage", json!({"channel": "ops", "text": "x"})).await.unwrap();
        if answer.status() == 429 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.expect("a burst of ten is too much");
    assert_eq!(limited.headers()["retry-after"], "1");
    assert_eq!(limited.json::<Value>().await.unwrap(), json!({"ok": false, "error": "ratelimited"}));
}

#[tokio::test]
async fn scripts_find_their_way_and_are_told_what_is_wrong() {
    let sandbox = start(None);
    sandbox.set_http("http://127.0.0.1:8080");
    let service = Service { name: "payments".into(), key: "k".into(), channel: "payments".into() };
    sandbox.set_services(vec![service]);
    let c = Client::of(&sandbox);
    let (_, info) = c.get("sandbox/info").await;
    assert_eq!(info["http"], "http://127.0.0.1:8080");
    assert_eq!(info["slack_api"], sandbox.api_url());
    assert_eq!(info["services"], json!([{"name": "payments", "key": "k", "channel": "payments"}]));
    assert_eq!(info["users"][0]["name"], "ana");
    assert_eq!(info["users"].as_array().unwrap().len(), 2, "people only");
    c.ok("chat.postMessage", json!({"channel": info["users"][0]["id"], "text": "wake up"})).await;
    let (_, dm) = c.get("sandbox/messages?channel=dm:ana").await;
    assert_eq!(dm[0]["text"], "wake up");
    let (_, calls) = c.get("sandbox/calls").await;
    assert_eq!((&calls[0]["method"], &calls[0]["body"]["text"]), (&json!("chat.postMessage"), &json!("wake up")));
    assert!(calls[0]["time"].is_f64() && calls[0]["answer"]["ok"] == true);
    for (path, body, status, why) in [
        ("slash", json!({"user": "ana", "channel": "payments"}), 400, "`command` is missing"),
        ("slash", json!({"user": "eve", "channel": "payments", "command": "/pager"}), 404, "one of ana, ben"),
        ("slash", json!({"user": "ana", "channel": "nowhere", "command": "/pager"}), 404, "one of payments, ops"),
        ("slash", json!({"user": "ana", "channel": "payments", "command": "/nope"}), 404, "registered are /pager"),
        ("click", json!({"user": "ana", "channel": "payments", "action_id": "a"}), 400, "`ts` is missing"),
        ("click", json!({"user": "ana", "channel": "payments", "ts": "1.0", "action_id": "a"}), 404, "no message 1.0"),
        ("submit", json!({"user": "ana", "view_id": "V1"}), 404, "no open view \"V1\""),
        ("submit", json!({"user": "ana", "view_id": "V1", "values": 5}), 400, "`values`: expected an object"),
        ("advance", json!({"seconds": "soon"}), 400, "`seconds`: expected a number"),
        ("faults", json!({"fault": "meteor"}), 400, "found \"meteor\""),
        ("user", json!({"user": "ana", "dnd": 5}), 400, "`dnd`: write"),
        ("say", json!([]), 400, "expected a JSON object"),
        ("home", json!({"user": "ana", "tab": "attic"}), 400, "write home or messages"),
        ("read", json!({"user": "ana", "channel": "nowhere"}), 404, "one of payments, ops"),
        ("react", json!({"user": "ana", "channel": "ops", "ts": "1.0", "name": "eyes"}), 404, "no message 1.0"),
        ("suggest", json!({"user": "ana", "channel": "ops", "ts": "1.0", "action_id": "a"}), 404, "no message 1.0"),
        ("break", json!({"trouble": "everything"}), 400, "one of down, flapping, storm, clear"),
        ("moment", json!({"label": "doomsday"}), 404, "there are []"),
    ] {
        let (got, answer) = c.script(path, body.clone()).await;
        assert_eq!((got, &answer["ok"]), (status, &json!(false)), "{path} {body}: {answer}");
        let said = answer["why"].as_str().unwrap();
        assert!(said.contains(why) || (why.contains("one of") && said.contains("one of")), "{path} {body}: {said}");
    }
    let (_, user) = c.script("user", json!({"user": "ben", "deleted": true})).await;
    assert_eq!(user["user"]["deleted"], true);
    let (_, refused) = c.script("say", json!({"user": "ben", "channel": "ops", "text": "hi"})).await;
    assert_eq!(refused["error"], "user_deactivated");
}

#[tokio::test]
async fn a_wait_answers_when_a_message_says_so() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let (status, missed) = c.get("sandbox/wait?channel=ops&contains=never&seconds=0.1").await;
    assert_eq!((status, &missed["error"]), (408, &json!("timeout")));
    let waiting = c.get("sandbox/wait?channel=ops&contains=disk%20%26%20net&seconds=15");
    let posting = async {
        c.ok("chat.postMessage", json!({"channel": "ops", "text": "other"})).await;
        let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "disk &amp; net"}}]);
        c.ok("chat.postMessage", json!({"channel": "ops", "text": "x", "blocks": blocks})).await;
    };
    let ((status, found), ()) = tokio::join!(waiting, posting);
    assert_eq!((status, &found["message"]["text"]), (200, &json!("x")));
}

#[tokio::test]
async fn clicks_commands_and_modals_go_through_a_socket() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let mut socket = c.connect().await;
    let ts = c.post_button().await;
    let clicking = c.script("click", json!({"user": "ana", "channel": "payments", "ts": ts, "action_id": "ack"}));
    let app = async {
        let envelope = next(&mut socket).await.unwrap();
        assert_eq!(envelope["payload"]["type"], "block_actions");
        let view = json!({"type": "modal", "title": {"type": "plain_text", "text": "T"},
            "submit": {"type": "plain_text", "text": "Go"},
            "blocks": [{"type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why"},
                        "element": {"type": "plain_text_input", "action_id": "text"}}]});
        c.ok("views.open", json!({"trigger_id": envelope["payload"]["trigger_id"], "view": view})).await;
        let respond =
            c.http.post(envelope["payload"]["response_url"].as_str().unwrap()).json(&json!({"text": "for you"}));
        assert_eq!(respond.send().await.unwrap().status(), 200);
        ack(&mut socket, &envelope, json!({})).await;
    };
    let ((status, clicked), ()) = tokio::join!(clicking, app);
    assert_eq!((status, clicked), (200, json!({"ok": true})));
    let (_, views) = c.get("sandbox/views?user=ana").await;
    let (_, mine) = c.get("sandbox/messages?channel=payments&user=ana").await;
    assert_eq!(mine[1]["text"], "for you");
    let (_, all) = c.get("sandbox/messages?channel=payments").await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    let body = json!({"user": "ana", "view_id": views[0]["id"], "values": {"why": {"text": "x"}}});
    let submitting = c.script("submit", body);
    let app = async {
        let envelope = next(&mut socket).await.unwrap();
        ack(&mut socket, &envelope, json!({"response_action": "errors", "errors": {"why": "longer"}})).await;
    };
    let ((_, submitted), ()) = tokio::join!(submitting, app);
    assert_eq!((&submitted["ok"], &submitted["errors"]["why"]), (&json!(false), &json!("longer")));
    let commanding =
        c.script("slash", json!({"user": "ana", "channel": "payments", "command": "/pager", "text": "@ben"}));
    let app = async {
        let envelope = next(&mut socket).await.unwrap();
        let text = envelope["payload"]["text"].as_str().unwrap().to_owned();
        ack(&mut socket, &envelope, json!({"text": text})).await;
    };
    let ((_, answered), ()) = tokio::join!(commanding, app);
    assert!(answered["text"].as_str().unwrap().ends_with("|ben>"), "{answered}");
}

#[tokio::test]
async fn a_click_nobody_acknowledges_says_so() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let mut deaf = c.connect().await;
    let ts = c.post_button().await;
    let clicking = c.script("click", json!({"user": "ana", "channel": "payments", "ts": ts, "action_id": "ack"}));
    let later = async {
        // The app has it and says nothing; its three seconds pass at once.
        assert_eq!(next(&mut deaf).await.unwrap()["type"], "interactive");
        c.script("advance", json!({"seconds": 5})).await
    };
    let ((status, clicked), _) = tokio::join!(clicking, later);
    assert_eq!((status, &clicked["ok"], &clicked["error"]), (200, &json!(false), &json!("operation_timeout")));
    let page = c.http.get(format!("{}/?as=ana&channel=payments", c.base)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("did not reach the app"), "{page}");
}

#[tokio::test]
async fn sockets_fail_in_every_way_that_was_ordered() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let used = c.ok("apps.connections.open", json!({})).await["url"].as_str().unwrap().to_owned();
    let (first, _) = connect_async(&used).await.unwrap();
    drop(first);
    match connect_async(&used).await {
        Err(Error::Http(answer)) => assert_eq!(answer.status(), 404, "a ticket is good for one connection"),
        other => panic!("{other:?}"),
    }
    let mut socket = c.connect().await;
    c.script("faults", json!({"fault": "disconnect", "reason": "link_disabled", "debug_info": false})).await;
    assert_eq!(next(&mut socket).await.unwrap(), json!({"type": "disconnect", "reason": "link_disabled"}));
    assert_eq!(next(&mut socket).await, None, "then a proper close");
    let mut socket = c.connect().await;
    c.script("faults", json!({"fault": "drop"})).await;
    let end = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap();
    assert!(matches!(end, Some(Err(_))), "no close frame: {end:?}");
    c.script("faults", json!({"fault": "refuse_connections", "count": 1})).await;
    let url = c.ok("apps.connections.open", json!({})).await["url"].as_str().unwrap().to_owned();
    assert!(matches!(connect_async(&url).await, Err(Error::Http(answer)) if answer.status() == 503));
    let mut frozen = c.connect().await;
    c.script("faults", json!({"fault": "half_open"})).await;
    frozen.send(Message::Ping(Default::default())).await.unwrap();
    let pong = tokio::time::timeout(Duration::from_millis(300), frozen.next()).await;
    assert!(pong.is_err(), "a half-open connection neither answers nor ends: {pong:?}");
    assert_eq!(c.script("faults", json!({"clear": true})).await.1["faults"], json!([]));
}

#[tokio::test]
async fn calls_fail_in_every_way_that_was_ordered() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let post = |text: &str| json!({"channel": "ops", "text": text});
    let order = |v: Value| c.script("faults", v);
    order(json!({"fault": "reset", "when": "after", "method": "chat.postMessage", "count": 1})).await;
    assert!(c.api("chat.postMessage", post("reset")).await.is_err());
    order(json!({"fault": "timeout", "when": "after", "method": "chat.postMessage", "count": 1})).await;
    let impatient = tokio::time::timeout(Duration::from_millis(300), c.api("chat.postMessage", post("silence"))).await;
    assert!(impatient.is_err());
    order(json!({"fault": "garbage", "method": "chat.postMessage", "count": 1})).await;
    let garbage = c.api("chat.postMessage", post("garbage")).await.unwrap();
    assert!(garbage.json::<Value>().await.is_err());
    order(json!([{"fault": "503", "method": "chat.postMessage", "count": 1}, {"fault": "delay", "ms": 1, "count": 1}]))
        .await;
    assert_eq!(c.api("chat.postMessage", post("503")).await.unwrap().status(), 503);
    let (_, shown) = c.get("sandbox/messages?channel=ops").await;
    let texts: Vec<&str> = shown.as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["reset", "silence"], "what failed after acting is there");
}

#[tokio::test]
async fn a_restart_finds_the_same_slack_and_the_same_time() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = start(Some(dir.path()));
    let c = Client::of(&sandbox);
    let ts = c.post_button().await;
    c.ok("chat.postMessage", json!({"channel": "payments", "text": "reply", "thread_ts": ts})).await;
    c.script("advance", json!({"seconds": 3_600})).await;
    let (_, before) = c.get("sandbox/messages?channel=payments").await;
    sandbox.shutdown();
    let log = dir.path().join("log.jsonl");
    let mut torn = std::fs::read(&log).unwrap();
    torn.extend(b"{\"put\":\"mess");
    std::fs::write(&log, torn).unwrap();
    let sandbox = start(Some(dir.path()));
    let c = Client::of(&sandbox);
    assert_eq!(c.get("sandbox/messages?channel=payments").await.1, before);
    assert_eq!(sandbox.slack().clock().offset_ms(), 3_600_000);
    let page = c.http.get(&c.base).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("data-action=\"ack\"") && page.contains("Acknowledge") && page.contains("1 reply"), "{page}");
}

#[tokio::test]
async fn a_phone_unread_marks_and_deeds_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let guided = |sandbox: &Sandbox| {
        let step = Step { text: "Move the *clock*".into(), done_by: vec![Deed::Advance] };
        sandbox.set_guide(Guide { steps: vec![step], ..Guide::default() });
    };
    let sandbox = start(Some(dir.path()));
    guided(&sandbox);
    let c = Client::of(&sandbox);
    let page = async |c: &Client, at: &str| {
        c.http.get(format!("{}/?{at}", c.base)).send().await.unwrap().text().await.unwrap()
    };
    let (_, info) = c.get("sandbox/info").await;
    c.ok("chat.postMessage", json!({"channel": info["users"][0]["id"], "text": "wake *up* :fire:"})).await;
    assert_eq!(c.get("sandbox/pushes?user=ana").await.1[0]["text"], "wake *up* :fire:");
    let before = page(&c, "as=ana&channel=ops").await;
    assert!(
        before.contains("wake up 🔥") && before.contains("class=\"badge\"") && before.contains("class=\"next\""),
        "{before}"
    );
    c.script("read", json!({"user": "ana", "channel": "dm:ana"})).await;
    c.script("advance", json!({"seconds": 60})).await;
    sandbox.shutdown();

    let sandbox = start(Some(dir.path()));
    guided(&sandbox);
    let after = page(&Client::of(&sandbox), "as=ana&channel=ops").await;
    assert!(after.contains("wake up 🔥"), "the phone still shows it: {after}");
    assert!(!after.contains("class=\"badge\""), "what was read is read: {after}");
    assert!(
        after.contains("class=\"done\"") && after.contains("Move the <b>clock</b>"),
        "what was done is done: {after}"
    );
}

#[tokio::test]
async fn the_clock_goes_to_a_moment_and_breaking_says_who_does_not_answer() {
    let sandbox = start(None);
    let at = |ahead: i64| -> Ask<Option<At>> { Box::new(move |now: At| Some(now.plus_secs(ahead))) };
    let moments = vec![
        Moment { label: "in an hour".into(), next: at(3_600) },
        Moment { label: "never".into(), next: Box::new(|_| None) },
    ];
    sandbox.set_guide(Guide { moments, ..Guide::default() });
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    sandbox.set_http(format!("http://{closed}"));
    sandbox.set_services(vec![Service { name: "pay".into(), key: "k".into(), channel: "payments".into() }]);
    let c = Client::of(&sandbox);
    assert_eq!(c.script("moment", json!({"label": "in an hour"})).await.1["offset_seconds"], 3_600);
    assert_eq!(c.script("moment", json!({"label": "never"})).await.0, 409);
    let (status, answer) = c.script("break", json!({"trouble": "down"})).await;
    assert_eq!(status, 502);
    assert!(answer["why"].as_str().unwrap().contains("does not answer"), "{answer}");
}

#[tokio::test]
async fn what_listens_everywhere_calls_itself_by_one_address() {
    let workspace = Workspace { channels: vec![Channel::named("ops")], ..Workspace::default() };
    let listen = "0.0.0.0:0".parse().unwrap();
    let sandbox = Sandbox::start(SandboxConfig { listen, clock: Clock::system(0), dir: None, workspace }).unwrap();
    // An app answers a response_url only if it is Slack's, which it knows by the address of the API.
    let api = format!("http://127.0.0.1:{}/api/", sandbox.addr().port());
    let of = |at: &str| Client { base: at.to_owned(), ..Client::of(&sandbox) };
    let here = of(api.trim_end_matches("/api/"));
    assert_eq!((sandbox.api_url(), here.get("sandbox/info").await.1["slack_api"].clone()), (api.clone(), json!(api)));
}

#[tokio::test]
async fn a_running_clock_stops_at_whatever_is_due_and_runs_once_at_a_time() {
    let sandbox = start(None);
    let begun = sandbox.slack().clock().now();
    let due = [begun.plus_secs(100), begun.plus_secs(407)];
    let stops = Arc::new(Mutex::new(Vec::new()));
    let seen = stops.clone();
    sandbox.set_guide(Guide {
        due: Some(Box::new(move |now| due.into_iter().find(|at| *at > now))),
        busy: Some(Box::new(move |now| {
            seen.lock().unwrap().push(now.0 - begun.0);
            false
        })),
        ..Guide::default()
    });
    let c = Client::of(&sandbox);
    let press = || c.script("advance", json!({"seconds": 600, "run": true}));
    let (one, other) = tokio::join!(press(), press());
    assert_eq!([one.0, other.0].into_iter().max(), Some(409), "it runs already: {one:?} {other:?}");
    assert_eq!([one.0, other.0].into_iter().min(), Some(200), "{one:?} {other:?}");
    let (now, stops) = (sandbox.slack().clock().now(), stops.lock().unwrap().clone());
    assert!((600_000..610_000).contains(&(now.0 - begun.0)), "{now:?}");
    for at_ms in [100_000, 407_000] {
        assert!(stops.iter().any(|stop| (at_ms..at_ms + 2_000).contains(stop)), "{at_ms}: {stops:?}");
    }
    assert!(stops.len() > 40, "in steps of 15 seconds: {stops:?}");
    assert_eq!(c.script("advance", json!({"seconds": 60, "run": true})).await.0, 200, "it stands again");
}

#[tokio::test]
async fn an_external_select_asks_the_app_and_keeps_to_what_it_offered() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let mut socket = c.connect().await;
    let element = json!({"type": "external_select", "action_id": "pick", "min_query_length": 2});
    let blocks = json!([{"type": "actions", "block_id": "b", "elements": [element]}]);
    let ts = c.ok("chat.postMessage", json!({"channel": "ops", "text": "x", "blocks": blocks})).await["ts"].clone();
    let asking = |value: &str| json!({"user": "ana", "channel": "ops", "ts": ts, "action_id": "pick", "value": value});
    assert_eq!(c.script("suggest", asking("a")).await.1["error"], "query_too_short");
    let option = json!({"text": {"type": "plain_text", "text": "Disk full"}, "value": "disk"});
    let wrong = json!({"options": [{"text": "no text object"}]});
    for (answered, ok) in [(json!({"options": [option]}), true), (wrong, false), (json!({"options": []}), true)] {
        let suggesting = c.script("suggest", asking("di"));
        let app = async {
            let envelope = next(&mut socket).await.unwrap();
            assert_eq!(envelope["accepts_response_payload"], true);
            let p = &envelope["payload"];
            assert_eq!(
                (&p["type"], &p["value"], &p["block_id"]),
                (&json!("block_suggestion"), &json!("di"), &json!("b"))
            );
            ack(&mut socket, &envelope, answered.clone()).await;
        };
        let ((_, suggested), ()) = tokio::join!(suggesting, app);
        assert_eq!(suggested["ok"], ok, "{answered}: {suggested}");
    }
    let clicking =
        c.script("click", json!({"user": "ana", "channel": "ops", "ts": ts, "action_id": "pick", "value": "disk"}));
    let app = async {
        let envelope = next(&mut socket).await.unwrap();
        assert_eq!(envelope["payload"]["actions"][0]["selected_option"], option, "as the app offered it");
        ack(&mut socket, &envelope, Value::Null).await;
    };
    tokio::join!(clicking, app);
}

#[tokio::test]
async fn people_react_and_the_app_pins() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let ts = c.post_button().await;
    let reacting = json!({"user": "ana", "channel": "payments", "ts": ts, "name": "eyes"});
    assert_eq!(c.script("react", reacting.clone()).await.1["there"], true);
    let on = |more: Value| {
        let mut args = json!({"channel": c_id(&sandbox, "payments"), "timestamp": ts});
        args.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        args
    };
    let got = c.ok("reactions.get", on(json!({}))).await;
    assert_eq!(got["message"]["reactions"][0]["count"], 1);
    assert_eq!(c.script("react", reacting).await.1["there"], false, "twice takes it away");
    let refused = async |method: &str, args: Value| {
        c.api(method, args).await.unwrap().json::<Value>().await.unwrap()["error"].clone()
    };
    assert_eq!(refused("reactions.remove", on(json!({"name": "eyes"}))).await, "no_reaction");
    assert_eq!(refused("pins.remove", on(json!({}))).await, "no_pin");
    c.ok("pins.add", on(json!({}))).await;
    assert_eq!(refused("pins.add", on(json!({}))).await, "already_pinned");
    assert_eq!(c.ok("pins.list", on(json!({}))).await["items"].as_array().unwrap().len(), 1);
    c.ok("pins.remove", on(json!({}))).await;
    assert_eq!(c.ok("pins.list", on(json!({}))).await["items"], json!([]));
}

fn c_id(sandbox: &Sandbox, channel: &str) -> String {
    sandbox.slack().act(|slack, _| slack.directory().channel(channel).map(|c| c.id.clone())).unwrap()
}

#[tokio::test]
async fn the_page_hears_news_and_is_safe_to_look_at() {
    let sandbox = start(None);
    let c = Client::of(&sandbox);
    let page = |path: &str| {
        let url = format!("{}{path}", c.base);
        async { c.http.get(url).send().await.unwrap().text().await.unwrap() }
    };
    let evil = "<script>alert(1)</script><javascript:alert(1)|x> &lt;!channel&gt;";
    let blocks =
        json!([{"type": "section", "text": {"type": "plain_text", "text": "\"><img src=x onerror=alert(1)>"}}]);
    let revision = page("/news?since=999999").await;
    let hearing = page("/news?since=0");
    c.ok("chat.postMessage", json!({"channel": "payments", "text": evil})).await;
    c.ok("chat.postMessage", json!({"channel": "payments", "text": evil, "blocks": blocks})).await;
    assert_ne!(hearing.await, revision);
    let shown = page("/?channel=payments").await;
    assert!(!shown.contains("<script>alert") && !shown.contains("<img src=x"), "{shown}");
    for path in
        ["/?as=nobody&channel=nowhere", "/?channel=dm", "/?as=ben&channel=home", "/fragment", "/page.js", "/page.css"]
    {
        assert!(!page(path).await.is_empty(), "{path}");
    }
}
