//! How much of anything a monitor may send. Every text, list and body that comes in by HTTP is cut or refused by one of
//! these names.

use std::time::Duration;

/// One body on an integration path, in bytes, counted after decompression. More is answered 413.
pub const BODY_BYTES: usize = 16 * 1024 * 1024;
/// One body on `/v2/enqueue`, in bytes, counted after decompression. More is answered 413.
pub const ENQUEUE_BODY_BYTES: usize = 1024 * 1024;
/// Of an oversize body this much is read and thrown away, so that the sender lives to read the 413.
pub const DISCARDED_BYTES: usize = 256 * 1024 * 1024;
/// Of a body under an unknown key this much is read and thrown away, for the same reason.
pub const DISCARDED_UNKNOWN_BYTES: usize = 1024 * 1024;
/// Of a heartbeat's body this much is read and thrown away: nothing in it counts.
pub const DISCARDED_BEAT_BYTES: usize = 1024 * 1024;
/// Kept of a body nobody could read.
pub const EXCERPT_BYTES: usize = 16 * 1024;
/// A body longer than this is decompressed and decoded off the threads that serve connections.
pub const DECODE_INLINE_BYTES: usize = 256 * 1024;
/// So many of those at once, for decoding takes several times a body's memory for a moment.
pub const DECODERS: usize = 2;

/// Events of one body. More is answered 400.
pub const EVENTS_PER_BODY: usize = 10_000;
/// An event's title, in characters; the rest is cut. PagerDuty's own limit of `payload.summary`.
pub const TITLE_CHARS: usize = 1024;
/// An event's link, in characters; a longer one is dropped, for half a link leads nowhere. Slack's limit of a URL.
pub const LINK_CHARS: usize = 3000;
/// A dedup key, in characters; a longer one keeps its beginning and ends in its hash. PagerDuty's own limit.
pub const DEDUP_KEY_CHARS: usize = 255;
/// Labels read of one event; those after are as if they had not been sent.
pub const LABELS_READ: usize = 256;
/// Labels kept of one event, the telling ones first.
pub const LABELS_KEPT: usize = 64;
/// A label's name, in characters; the rest is cut.
pub const LABEL_NAME_CHARS: usize = 128;
/// A label's value, in characters; the rest is cut.
pub const LABEL_VALUE_CHARS: usize = 1024;
/// Items looked at of a list that becomes one text.
pub const ITEMS_READ: usize = 32;
/// Details kept of one change.
pub const CHANGE_DETAILS_KEPT: usize = 16;
/// Links and images looked at in one PagerDuty event.
pub const LINKS_READ: usize = 16;

/// Signatures looked at of one request; a sender has as many as it has secrets that are good at the moment.
pub const SIGNATURES_READ: usize = 8;

/// What an error quotes of the body, in characters.
pub const FOUND_CHARS: usize = 80;
/// The title of a body nobody could read, in characters.
pub const UNREADABLE_TITLE_CHARS: usize = 200;
/// Errors named in one answer; a sender with more has the wrong format, not many mistakes.
pub const ERRORS_NAMED: usize = 20;
/// Alerts named in one answer; `count` tells of the rest.
pub const ALERTS_NAMED: usize = 100;
/// The longest integration key that is looked up, in bytes.
pub const KEY_BYTES: usize = 255;
/// Different (what was presented, address) pairs tallied between two readings; more are counted together.
pub const UNKNOWN_KEYS_TALLIED: usize = 1000;

/// What the server allows its connections. The defaults are PRODUCT's; tests shorten them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at once, if the process may open a third more files. When all are taken, the one that has waited
    /// longest makes room.
    pub connections: usize,
    /// From the first byte of a request, or from connecting, to the end of its header.
    pub header: Duration,
    /// From the end of the header to the end of the body.
    pub body: Duration,
    /// Between two requests of one connection.
    pub idle: Duration,
    /// From handing an input over to its being durable; after that the sender is told to send again.
    pub submit: Duration,
    /// From being told to stop to cutting off what still runs.
    pub drain: Duration,
    /// All bodies of the integration paths held at once, or their events where those take more, in bytes. More is
    /// answered 503.
    pub body_bytes: usize,
    /// All bodies of `/v2/enqueue` held at once, in bytes: apart, because they are held before the key is known.
    pub enqueue_body_bytes: usize,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 4096,
            header: Duration::from_secs(5),
            body: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            submit: Duration::from_secs(10),
            drain: Duration::from_secs(8),
            body_bytes: 96 * 1024 * 1024,
            enqueue_body_bytes: 32 * 1024 * 1024,
        }
    }
}
