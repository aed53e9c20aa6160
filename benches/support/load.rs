//! Closed-loop load over keep-alive connections: one thread, raw non-blocking sockets and epoll, one event a request,
//! no pipelining. Bodies are made by writing digits into a template, so that the generator costs as little as it can.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock

use super::{event, key};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Which event a request carries.
#[derive(Clone, Copy, Debug)]
pub enum Keys {
    /// 0, 1, … up to this, and again from 0.
    Cycle(usize),
    /// Each once.
    Fresh,
    /// Each once, from this on.
    From(usize),
}

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    Time(Duration),
    Requests(usize),
}

/// What came of it.
pub struct Load {
    /// Milliseconds of each answered request, sorted.
    pub latencies_ms: Vec<f64>,
    /// How often event `n` was taken.
    pub accepted: Vec<u32>,
    /// Answers of another status.
    pub others: usize,
    pub took: Duration,
}

impl Load {
    pub fn per_second(&self) -> f64 {
        self.latencies_ms.len() as f64 / self.took.as_secs_f64()
    }

    pub fn percentile(&self, share: f64) -> f64 {
        super::stats::percentile(&self.latencies_ms, share)
    }

    /// The events that were accepted, as a check against [`super::events_in_journal`].
    pub fn total_accepted(&self) -> u64 {
        self.accepted.iter().map(|n| u64::from(*n)).sum()
    }
}

/// What a request looks like: wherever [`PLACE`] stands in the body, the number of the event is written.
pub struct Shape {
    pub path: String,
    pub body: String,
    /// The status of what was taken.
    pub accepted: u16,
}

/// Eight digits.
pub const PLACE: &str = "00000000";

impl Shape {
    /// An event of Warridor's own JSON, for service 0.
    pub fn generic() -> Self {
        Self { path: format!("/integrations/generic/{}", key(0)), body: event(0), accepted: 202 }
    }
}

struct Template {
    request: Vec<u8>,
    digits: Vec<usize>,
    accepted: u16,
}

impl Template {
    fn new(addr: SocketAddr, shape: &Shape) -> Self {
        let Shape { path, body, accepted } = shape;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {addr}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let digits = body.match_indices(PLACE).map(|(at, _)| at + head.len()).collect();
        Self { request: (head + body).into_bytes(), digits, accepted: *accepted }
    }

    fn set(&mut self, n: usize) {
        let digits = format!("{n:08}");
        for at in &self.digits {
            self.request[*at..*at + 8].copy_from_slice(digits.as_bytes());
        }
    }
}

struct Conn {
    stream: TcpStream,
    sent: Instant,
    key: usize,
    answer: Vec<u8>,
}

/// Runs the load with events of Warridor's own JSON.
pub fn run(addr: SocketAddr, connections: usize, keys: Keys, until: Until) -> Load {
    run_with(addr, connections, keys, until, &Shape::generic())
}

/// Runs the load.
pub fn run_with(addr: SocketAddr, connections: usize, keys: Keys, until: Until, shape: &Shape) -> Load {
    let mut template = Template::new(addr, shape);
    let epoll = Epoll::new();
    let began = Instant::now();
    let mut conns: Vec<Conn> = (0..connections)
        .map(|i| {
            let stream = TcpStream::connect(addr).expect("the server listens");
            stream.set_nodelay(true).expect("nodelay");
            stream.set_nonblocking(true).expect("non-blocking");
            epoll.watch(&stream, i as u64);
            Conn { stream, sent: began, key: 0, answer: Vec::new() }
        })
        .collect();
    let mut load = Load { latencies_ms: Vec::new(), accepted: Vec::new(), others: 0, took: Duration::ZERO };
    let mut sent = 0;
    let began = Instant::now();
    let more = |sent: usize, now: Instant| match until {
        Until::Time(time) => now - began < time,
        Until::Requests(most) => sent < most,
    };
    for conn in &mut conns {
        if more(sent, Instant::now()) {
            send(conn, &mut template, keys, &mut sent);
        }
    }
    let mut buf = vec![0; 16 << 10];
    let mut waiting = sent;
    while waiting > 0 {
        for i in epoll.wait() {
            let conn = &mut conns[i as usize];
            let n = match conn.stream.read(&mut buf) {
                Ok(0) => panic!("the server closed a connection"),
                Ok(n) => n,
                Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(e) => panic!("a connection broke: {e}"),
            };
            conn.answer.extend_from_slice(&buf[..n]);
            let Some(status) = whole(&conn.answer) else { continue };
            let now = Instant::now();
            load.latencies_ms.push((now - conn.sent).as_secs_f64() * 1e3);
            conn.answer.clear();
            waiting -= 1;
            if status == template.accepted {
                if load.accepted.len() <= conn.key {
                    load.accepted.resize(conn.key + 1, 0);
                }
                load.accepted[conn.key] += 1;
            } else {
                load.others += 1;
            }
            if more(sent, now) {
                send(conn, &mut template, keys, &mut sent);
                waiting += 1;
            }
        }
    }
    load.took = began.elapsed();
    load.latencies_ms.sort_by(f64::total_cmp);
    load
}

fn send(conn: &mut Conn, template: &mut Template, keys: Keys, sent: &mut usize) {
    conn.key = match keys {
        Keys::Cycle(most) => *sent % most,
        Keys::Fresh => *sent,
        Keys::From(first) => first + *sent,
    };
    *sent += 1;
    template.set(conn.key);
    conn.sent = Instant::now();
    // The socket's buffer is empty: one request is open at a time.
    let n = conn.stream.write(&template.request).expect("the server reads");
    assert_eq!(n, template.request.len(), "a request fits a socket's buffer");
}

/// The status, once the answer is whole.
fn whole(answer: &[u8]) -> Option<u16> {
    let end = answer.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let length = head.lines().find_map(|l| {
        let (name, value) = l.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    if answer.len() < end + length.unwrap_or(0) {
        return None;
    }
    head.get(9..12)?.parse().ok()
}

struct Epoll(i32);

impl Epoll {
    fn new() -> Self {
        // SAFETY: no memory is passed.
        let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        assert!(fd >= 0, "epoll");
        Self(fd)
    }

    fn watch(&self, stream: &TcpStream, name: u64) {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: name };
        // SAFETY: both descriptors are open, and `event` outlives the call.
        let done = unsafe { libc::epoll_ctl(self.0, libc::EPOLL_CTL_ADD, stream.as_raw_fd(), &raw mut event) };
        assert_eq!(done, 0, "epoll");
    }

    fn wait(&self) -> impl Iterator<Item = u64> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        // SAFETY: `events` has room for as many as are asked for.
        let n = unsafe { libc::epoll_wait(self.0, events.as_mut_ptr(), 64, 10_000) };
        assert!(n > 0, "the server answered nothing for ten seconds");
        events.into_iter().take(usize::try_from(n).unwrap_or(0)).map(|e| e.u64)
    }
}

impl Drop for Epoll {
    fn drop(&mut self) {
        // SAFETY: ours, and closed once.
        unsafe { libc::close(self.0) };
    }
}
