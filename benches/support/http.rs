//! What the local doubles share: requests over keep-alive connections, each answered at once.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Instant;

/// A request that is here as a whole.
pub struct Asked {
    /// When its last byte was read.
    pub at: Instant,
    pub path: String,
    /// Whom it was sent to.
    pub host: String,
    pub body: Vec<u8>,
}

impl Asked {
    /// The end of its path: which of an API's methods it is.
    pub fn method(&self) -> &str {
        self.path.split('?').next().and_then(|p| p.rsplit('/').next()).unwrap_or_default()
    }
}

/// Listens on a port of its own and answers with a status and JSON.
pub fn serve(answer: impl Fn(Asked) -> (&'static str, String) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || connection(stream, &answer));
        }
    });
    addr
}

fn connection(stream: TcpStream, answer: &impl Fn(Asked) -> (&'static str, String)) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut writer = stream.try_clone().ok()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut first = String::new();
        reader.read_line(&mut first).ok().filter(|n| *n > 0)?;
        let (mut length, mut host) = (0, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().ok()?,
                "host" => value.trim().clone_into(&mut host),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
        let (status, json) = answer(Asked { at: Instant::now(), path, host, body });
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", json.len());
        writer.write_all((head + &json).as_bytes()).ok()?;
    }
}
