//! A Slack that answers every Web API call with yes at once, and notes when each post came.
//!
//! Without sockets `apps.connections.open` is refused, and the program tries again with its own back-off. With them it gets
//! as many as it opens, and whoever measures is handed each.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

use super::http::{self, Asked};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;
use tokio_tungstenite::tungstenite::{Message, WebSocket, accept};

/// A `chat.postMessage` that arrived.
pub struct Post {
    pub at: Instant,
    pub body: Value,
    /// What Slack called it.
    pub ts: String,
    /// Where Slack is.
    slack: String,
}

impl Post {
    /// Is it the page to this person (and not a card)?
    pub fn is_page_to(&self, user: &str) -> bool {
        self.body["channel"] == user && self.kind() == Some("page")
    }

    /// What its metadata says it is.
    pub fn kind(&self) -> Option<&str> {
        self.body["metadata"]["event_payload"]["kind"].as_str()
    }
}

pub struct Slack {
    pub addr: SocketAddr,
    pub posts: Receiver<Post>,
}

impl Slack {
    pub fn start() -> Self {
        Self::answering(None)
    }

    /// One whose sockets open, and the sockets.
    pub fn with_sockets() -> (Self, Receiver<Socket>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("its address");
        let (tell, sockets) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Nobody listens any more.
                if tell.send(Socket::greeted(stream)).is_err() {
                    break;
                }
            }
        });
        (Self::answering(Some(at)), sockets)
    }

    fn answering(sockets: Option<SocketAddr>) -> Self {
        let (tell, posts) = channel();
        let addr = http::serve(move |asked| ("200 OK", answer(&asked, sockets, &tell).to_string()));
        Self { addr, posts }
    }

    /// Forgets the posts that came so far.
    pub fn forget(&self) {
        while self.posts.try_recv().is_ok() {}
    }
}

/// No two messages have one timestamp.
static STAMPS: AtomicU64 = AtomicU64::new(0);

fn answer(asked: &Asked, sockets: Option<SocketAddr>, tell: &Sender<Post>) -> Value {
    match (asked.method(), sockets) {
        ("apps.connections.open", None) => json!({ "ok": false, "error": "internal_error" }),
        ("apps.connections.open", Some(at)) => json!({ "ok": true, "url": format!("ws://{at}/link/?ticket=1") }),
        ("chat.postMessage", _) => {
            let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
            let channel = body["channel"].as_str().unwrap_or_default().replacen('U', "D", 1);
            let ts = format!("1700000000.{:06}", STAMPS.fetch_add(1, Ordering::Relaxed));
            let answer = json!({ "ok": true, "channel": channel, "ts": ts });
            let _ = tell.send(Post { at: asked.at, body, ts, slack: asked.host.clone() });
            answer
        }
        _ => json!({ "ok": true, "messages": [], "channel": { "id": "D07BENCH" } }),
    }
}

/// One Socket Mode connection.
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    fn greeted(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("nodelay");
        let mut socket = accept(stream).expect("a WebSocket");
        // As Slack says it (docs: "hello" of Socket Mode).
        let hello = json!({
            "type": "hello", "num_connections": 1, "connection_info": { "app_id": "A07BENCH" },
            "debug_info": { "host": "applink-1", "build_number": 10, "approximate_connection_time": 18_060 },
        });
        socket.send(Message::text(hello.to_string())).expect("the program reads");
        Self(socket)
    }

    /// Answers pings, and else nothing, for as long as the program is there.
    pub fn idle(mut self) {
        std::thread::spawn(move || while self.0.read().is_ok() {});
    }

    /// Hands an envelope over, and waits until it is acknowledged.
    pub fn acknowledged(&mut self, envelope: &Value) {
        self.0.send(Message::text(envelope.to_string())).expect("the program reads");
        loop {
            let said = self.0.read().expect("the program answers");
            let Message::Text(text) = said else { continue };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            if answer["envelope_id"] == envelope["envelope_id"] {
                return;
            }
        }
    }
}

/// Whoever is asked first about what `post` tells presses the button of it whose action is `action`; `None` where it has none. `n` makes it another click.
/// (docs: "block_actions payload")
pub fn click(post: &Post, action: &str, n: usize) -> Option<Value> {
    let to = post.body["channel"].as_str()?;
    let user = match to.strip_prefix("C07BENCH").and_then(|team| team.parse::<usize>().ok()) {
        Some(team) => super::slack_user(2 * team),
        None => to.to_owned(),
    };
    // What has a color stands in an attachment.
    let attached = post.body["attachments"].as_array().into_iter().flatten().map(|a| &a["blocks"]);
    let mut blocks = attached.chain([&post.body["blocks"]]).filter_map(Value::as_array).flatten();
    let of = |block: &Value| {
        let button = block["elements"].as_array()?.iter().find(|e| e["action_id"] == action)?;
        Some((block["block_id"].clone(), button.clone()))
    };
    let (block_id, button) = blocks.find_map(of)?;
    let block_id = if block_id.is_null() { json!("b1") } else { block_id };
    let channel = to.replacen('U', "D", 1);
    Some(json!({
        "envelope_id": format!("{n:08x}-0000-4000-8000-000000000000"),
        "type": "interactive",
        "accepts_response_payload": false,
        "payload": {
            "type": "block_actions",
            "user": { "id": user, "username": "ana", "name": "ana", "team_id": "T07BENCH" },
            "api_app_id": "A07BENCH", "token": "fixed", "trigger_id": format!("{n}.1.x"),
            "team": { "id": "T07BENCH", "domain": "bench" },
            "container": { "type": "message", "message_ts": post.ts, "channel_id": channel, "is_ephemeral": false },
            "channel": { "id": channel, "name": "bench" },
            "message": { "type": "message", "ts": post.ts, "text": post.body["text"],
                "blocks": post.body["blocks"], "attachments": post.body["attachments"] },
            "response_url": format!("http://{}/actions/T07BENCH/1/x", post.slack),
            "actions": [{
                "type": "button", "action_id": action, "block_id": block_id, "text": button["text"],
                "value": button["value"], "action_ts": format!("1700000000.{n:06}"),
            }],
        },
    }))
}
