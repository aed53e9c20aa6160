//! The connections there are, and when each has had its time.
//!
//! Time is counted in ticks of one reaper, so that a request costs no timer: a deadline is kept to within a tick or two.
//! A connection waiting for a header has the header's deadline, one between two requests the idle one; one whose request
//! is being answered has none here, for reading the body and submitting are bounded themselves. When all places are
//! taken, the one that has waited longest makes room: ten thousand idle connections keep nobody out.

use super::limits::ServerLimits;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// How exactly deadlines are kept.
const TICK: Duration = Duration::from_millis(100);

/// What a connection is doing; with the tick it began, packed into one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    /// Nothing came since the last answer.
    Idle = 0,
    /// A header is awaited, or has begun to arrive.
    Header = 1,
    /// A request is being read or answered.
    Request = 2,
    /// Told to go; its tick does not matter.
    Leaving = 3,
}

const fn pack(doing: Doing, tick: u64) -> u64 {
    (tick << 2) | doing as u64
}

/// What one connection does, as it tells and is told.
#[derive(Debug)]
pub struct Place {
    state: AtomicU64,
    leave: Notify,
    tick: Arc<AtomicU64>,
}

impl Place {
    /// A request's header is complete. False if the connection was just told to go.
    pub fn begin_request(&self) -> bool {
        let request = pack(Doing::Request, self.now());
        let stays = |state| (state != pack(Doing::Leaving, 0)).then_some(request);
        self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, stays).is_ok()
    }

    /// The request's answer is made.
    pub fn end_request(&self) {
        self.change(Doing::Request, Doing::Idle);
    }

    /// Resolves when this connection must go.
    pub async fn told_to_leave(&self) {
        self.leave.notified().await;
    }

    fn bytes_came(&self) {
        self.change(Doing::Idle, Doing::Header);
    }

    fn change(&self, from: Doing, to: Doing) {
        let state = self.state.load(Ordering::Acquire);
        if state & 3 == from as u64 {
            let _ = self.state.compare_exchange(state, pack(to, self.now()), Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Since which tick it waits for its peer, with the state that says so.
    fn waits_since(&self) -> Option<(u64, u64)> {
        let state = self.state.load(Ordering::Acquire);
        (state & 3 <= Doing::Header as u64).then_some((state >> 2, state))
    }

    /// Tells the connection to go, if it still does what it did in `state`.
    fn dismiss(&self, state: u64) -> bool {
        let leaving = pack(Doing::Leaving, 0);
        let goes = self.state.compare_exchange(state, leaving, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if goes {
            self.leave.notify_one();
        }
        goes
    }

    fn now(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }
}

/// All connections of one server.
#[derive(Debug)]
pub struct Connections {
    places: Mutex<HashMap<u64, Arc<Place>>>,
    tick: Arc<AtomicU64>,
    next_id: AtomicU64,
    limits: ServerLimits,
}

/// A place taken; given back when dropped.
#[derive(Debug)]
pub struct Seat {
    pub place: Arc<Place>,
    /// Somebody had to go for it.
    pub evicted: bool,
    id: u64,
    connections: Arc<Connections>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.places().remove(&self.id);
    }
}

impl Connections {
    pub fn new(limits: ServerLimits) -> Arc<Self> {
        let (tick, next_id) = (Arc::new(AtomicU64::new(1)), AtomicU64::new(0));
        Arc::new(Self { places: Mutex::default(), tick, next_id, limits })
    }

    /// A place for a new connection; none if every place has a request being answered.
    pub fn enter(self: &Arc<Self>) -> Option<Seat> {
        let evicted = self.len() >= self.limits.connections;
        if evicted && !self.evict_one() {
            return None;
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let tick = self.tick.clone();
        let state = AtomicU64::new(pack(Doing::Header, tick.load(Ordering::Relaxed)));
        let place = Arc::new(Place { state, leave: Notify::new(), tick });
        self.places().insert(id, place.clone());
        Some(Seat { place, evicted, id, connections: self.clone() })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places().len()
    }

    /// Tells the one that has waited longest to go. False if none waits.
    pub fn evict_one(&self) -> bool {
        let mut places = self.places();
        // A few attempts: the one chosen may begin a request at this moment.
        for _ in 0..8 {
            let waiting = places.iter().filter_map(|(id, place)| place.waits_since().map(|w| (w, *id)));
            let Some(((_, state), id)) = waiting.min() else { return false };
            if places[&id].dismiss(state) {
                // Its place is free from now on, though it takes a moment to go.
                places.remove(&id);
                return true;
            }
        }
        false
    }

    /// Lets ticks pass and sends away whoever is over their time, for as long as it is polled.
    pub async fn reap(&self) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            ticks.tick().await;
            let now = self.tick.fetch_add(1, Ordering::AcqRel) + 1;
            for place in self.places().values() {
                let Some((since, state)) = place.waits_since() else { continue };
                let allowed = if state & 3 == Doing::Idle as u64 { self.limits.idle } else { self.limits.header };
                let waited = TICK.saturating_mul(u32::try_from(now.saturating_sub(since)).unwrap_or(u32::MAX));
                if waited > allowed {
                    place.dismiss(state);
                }
            }
        }
    }

    /// Tells everybody to go, whatever they do.
    pub fn dismiss_all(&self) {
        for place in self.places().values() {
            place.leave.notify_one();
        }
    }

    fn places(&self) -> MutexGuard<'_, HashMap<u64, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that tells its place when bytes come.
#[derive(Debug)]
pub struct Watched {
    stream: TcpStream,
    place: Arc<Place>,
}

impl Watched {
    pub fn new(stream: TcpStream, place: Arc<Place>) -> Self {
        Self { stream, place }
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.place.bytes_came();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
