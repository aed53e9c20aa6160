//! One request, one connection: whoever is killed in between leaves nothing behind in a pool.

use serde_json::Value;
use std::io::{Error, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

/// # Errors
/// When there is nobody, or the connection ended before a whole answer.
pub fn get(to: SocketAddr, path: &str, within: Duration) -> std::io::Result<Answer> {
    send(to, "GET", path, b"", within)
}

/// # Errors
/// As [`get`].
pub fn post(to: SocketAddr, path: &str, body: &[u8], within: Duration) -> std::io::Result<Answer> {
    send(to, "POST", path, body, within)
}

/// # Errors
/// As [`get`].
pub fn send(to: SocketAddr, method: &str, path: &str, body: &[u8], within: Duration) -> std::io::Result<Answer> {
    send_with(to, method, path, &[("Content-Type", "application/json")], body, within)
}

/// With these headers besides.
///
/// # Errors
/// As [`get`].
pub fn send_with(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
    within: Duration,
) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_secs(2))?;
    stream.set_read_timeout(Some(within))?;
    stream.set_nodelay(true)?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n",
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>(),
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    parse(&bytes).ok_or_else(|| Error::new(ErrorKind::UnexpectedEof, "the answer is not whole"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let length = head.lines().find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    let is_whole = length.is_none_or(|n| n.trim().parse() == Ok(body.len()));
    is_whole.then(|| Answer { status, text: body.to_owned() })
}

/// What a query parameter must look like.
pub fn quote(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// A port that nobody uses, from below those the system gives to outgoing connections. Each is given out once.
pub fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = (std::process::id() % 200) as u16 * 100;
    for _ in 0..10_000 {
        let port = 10_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 20_000;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port between 10000 and 30000")
}
