//! A Slack that answers every Web API call with yes at once, and notes when each post came.
//!
//! It has no sockets: `apps.connections.open` is refused, and the program tries again with its own back-off.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// A `chat.postMessage` that arrived.
pub struct Post {
    pub at: Instant,
    pub body: Value,
}

impl Post {
    /// Is it the page to this person (and not a card)?
    pub fn is_page_to(&self, user: &str) -> bool {
        self.body["channel"] == user && self.body["metadata"]["event_payload"]["kind"] == "page"
    }
}

pub struct Slack {
    pub addr: SocketAddr,
    pub posts: Receiver<Post>,
}

impl Slack {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("its address");
        let (tell, posts) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let tell = tell.clone();
                std::thread::spawn(move || serve(stream, &tell));
            }
        });
        Self { addr, posts }
    }

    /// Forgets the posts that came so far.
    pub fn forget(&self) {
        while self.posts.try_recv().is_ok() {}
    }
}

/// No two messages have one timestamp.
static STAMPS: AtomicU64 = AtomicU64::new(0);

fn serve(stream: TcpStream, tell: &Sender<Post>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|n| *n > 0)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let at = Instant::now();
        let path = first.split(' ').nth(1).unwrap_or_default();
        let method = path.rsplit('/').next().unwrap_or_default();
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answer = match method {
            "apps.connections.open" => json!({ "ok": false, "error": "internal_error" }),
            "chat.postMessage" => {
                let channel = body["channel"].as_str().unwrap_or_default().replacen('U', "D", 1);
                let n = STAMPS.fetch_add(1, Ordering::Relaxed);
                json!({ "ok": true, "channel": channel, "ts": format!("1700000000.{n:06}") })
            }
            _ => json!({ "ok": true, "messages": [], "channel": { "id": "D07BENCH" } }),
        };
        if method == "chat.postMessage" {
            let _ = tell.send(Post { at, body });
        }
        let answer = answer.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        writer.write_all(format!("{head}content-length: {}\r\n\r\n{answer}", answer.len()).as_bytes()).ok()?;
    }
}
