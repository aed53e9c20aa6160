//! Reading a body within bounds: so many bytes, so long, so many bodies at once; the same bounds after decompression.

use super::limits;
use super::sources::DecodeError;
use flate2::bufread::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::CONTENT_ENCODING;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes of bodies that may be held at once.
#[derive(Debug)]
pub struct Budget {
    held: AtomicUsize,
    limit: usize,
}

impl Budget {
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), limit })
    }

    /// Bytes held now.
    pub fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

/// A part of a budget, given back when dropped.
#[derive(Debug)]
struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Share {
    fn grow(&mut self, by: usize) -> bool {
        let fits = |held: usize| held.checked_add(by).filter(|sum| *sum <= self.budget.limit);
        let grown = self.budget.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_ok();
        if grown {
            self.bytes += by;
        }
        grown
    }

    fn shrink(&mut self, by: usize) {
        let by = by.min(self.bytes);
        self.bytes -= by;
        self.budget.held.fetch_sub(by, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// A whole body, decompressed. Its bytes count against the budget until this is dropped.
#[derive(Debug)]
pub struct Held {
    pub bytes: Bytes,
    share: Share,
}

impl Held {
    /// Counts what became of the bytes instead, if that is more. False if there is no room for it.
    pub fn weighs(&mut self, bytes: usize) -> bool {
        self.share.grow(bytes.saturating_sub(self.share.bytes))
    }
}

/// Why there is no whole body.
#[derive(Debug)]
pub enum BodyError {
    /// Over the limit; this came before it.
    TooLarge { kept: Bytes },
    /// It says it is compressed in a way that is not understood, or is not what it says.
    Encoding { kept: Bytes, error: DecodeError },
    /// It did not arrive in time.
    Late,
    /// Too many bodies at once.
    NoRoom,
    /// The sender went away.
    Broken,
}

/// Reads a body of at most `limit` bytes, before and after decompression, within `deadline`.
pub async fn read(
    headers: &HeaderMap,
    mut body: Incoming,
    limit: usize,
    budget: &Arc<Budget>,
    deadline: Duration,
) -> Result<Held, BodyError> {
    let mut filling = Filling::new(limit, budget);
    let in_time = tokio::time::timeout(deadline, filling.fill(&mut body)).await;
    match (filling.stop, in_time) {
        (Some(Stop::TooLarge), _) => return Err(BodyError::TooLarge { kept: filling.whole() }),
        (Some(Stop::NoRoom), _) => return Err(BodyError::NoRoom),
        (None, Err(_)) => return Err(BodyError::Late),
        (None, Ok(Err(_))) => return Err(BodyError::Broken),
        (None, Ok(Ok(()))) => {}
    }
    let bytes = filling.whole();
    let share = filling.share;
    match headers.get(CONTENT_ENCODING).map(|v| v.as_bytes().trim_ascii().to_ascii_lowercase()).as_deref() {
        None | Some(b"" | b"identity") => Ok(Held { bytes, share }),
        Some(b"gzip" | b"x-gzip") => {
            // A small body may become a large one: never on a thread that serves connections.
            let inflated = tokio::task::spawn_blocking(move || inflate(&bytes, limit, share)).await;
            inflated.unwrap_or(Err(BodyError::Broken))
        }
        Some(other) => {
            let found = String::from_utf8_lossy(other).into_owned();
            let error = DecodeError::new("Content-Encoding", &found, "gzip, or the body as it is");
            Err(BodyError::Encoding { kept: bytes, error })
        }
    }
}

/// Reads at most `limit` bytes and forgets them, so that a sender still writing lives to read its answer. True if that was
/// all of it.
pub async fn discard(mut body: Incoming, limit: usize, deadline: Duration) -> bool {
    let mut seen = 0;
    let reading = async {
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > limit {
                break;
            }
        }
        body.is_end_stream()
    };
    tokio::time::timeout(deadline, reading).await.unwrap_or(false)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    TooLarge,
    NoRoom,
}

/// A body being read. Once it must stop, what still comes is read and thrown away.
struct Filling {
    /// A body of one piece, as nearly all are, is not copied.
    first: Bytes,
    kept: Vec<u8>,
    share: Share,
    limit: usize,
    stop: Option<Stop>,
    thrown_away: usize,
}

impl Filling {
    fn new(limit: usize, budget: &Arc<Budget>) -> Self {
        let share = Share { budget: budget.clone(), bytes: 0 };
        Self { first: Bytes::new(), kept: Vec::new(), share, limit, stop: None, thrown_away: 0 }
    }

    async fn fill(&mut self, body: &mut Incoming) -> Result<(), hyper::Error> {
        while !body.is_end_stream() && self.thrown_away < limits::DISCARDED_BYTES {
            let Some(frame) = body.frame().await else { break };
            if let Ok(data) = frame?.into_data() {
                self.take(data);
            }
        }
        Ok(())
    }

    fn take(&mut self, data: Bytes) {
        let held = self.first.len() + self.kept.len();
        if self.stop.is_some() {
            self.thrown_away += data.len();
        } else if held + data.len() > self.limit {
            self.keep(&data[..self.limit - held]);
            // Enough to find a key and a title in.
            self.kept.truncate(limits::ENQUEUE_BODY_BYTES);
            self.kept.shrink_to_fit();
            self.share.shrink(self.share.bytes.saturating_sub(self.kept.len()));
            self.stop = Some(Stop::TooLarge);
        } else if !self.share.grow(data.len()) {
            self.first = Bytes::new();
            self.kept = Vec::new();
            self.share.shrink(self.share.bytes);
            self.stop = Some(Stop::NoRoom);
        } else if held == 0 {
            self.first = data;
        } else {
            self.keep(&data);
        }
    }

    fn keep(&mut self, data: &[u8]) {
        self.kept.extend_from_slice(&std::mem::take(&mut self.first));
        self.kept.extend_from_slice(data);
    }

    fn whole(&mut self) -> Bytes {
        if self.kept.is_empty() { std::mem::take(&mut self.first) } else { std::mem::take(&mut self.kept).into() }
    }
}

fn inflate(wire: &[u8], limit: usize, mut share: Share) -> Result<Held, BodyError> {
    let mut reader = MultiGzDecoder::new(wire);
    let mut out = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(n) if out.len() + n > limit => {
                out.extend_from_slice(&piece[..limit - out.len()]);
                out.truncate(limits::ENQUEUE_BODY_BYTES);
                out.shrink_to_fit();
                return Err(BodyError::TooLarge { kept: out.into() });
            }
            Ok(n) if !share.grow(n) => return Err(BodyError::NoRoom),
            Ok(n) => out.extend_from_slice(&piece[..n]),
            Err(e) => {
                let error = DecodeError::new("the body", &e.to_string(), "complete gzip, or no Content-Encoding");
                return Err(BodyError::Encoding { kept: out.into(), error });
            }
        }
    }
    share.shrink(wire.len());
    Ok(Held { bytes: out.into(), share })
}
