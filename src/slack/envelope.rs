//! One Socket Mode frame, read leniently.
//!
//! Slack documents more fields than it always sends, so only `type` is required: anything else that is absent or of an
//! unexpected shape is left out rather than losing the frame, because an envelope we fail to read is a click somebody
//! made at 3 a.m. and Slack does not send it again. What an envelope's payload means is not decided here.

use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The largest frame that is read, in bytes. The largest seen in the wild was 67 KB.
pub const MAX_FRAME_BYTES: usize = 1 << 20;
/// How deep a payload may nest. Slack's own views stay under 20.
pub const MAX_DEPTH: usize = 100;
/// The longest envelope id that is believed, in bytes. Slack's are UUIDs.
pub const MAX_ID_BYTES: usize = 256;

/// One inbound text frame.
#[derive(Debug)]
pub enum Frame {
    /// The first frame of a socket: from now on envelopes may arrive on it.
    Hello(Hello),
    /// Slack will close this socket, or refuses it.
    Disconnect(Disconnect),
    /// Something to handle and acknowledge.
    Envelope(Envelope),
    /// A well-formed frame of a type we do not know, without an envelope id: nothing to acknowledge.
    Unknown(String),
    /// Not readable; why.
    Junk(String),
}

/// `type: hello`. Everything is optional: Slack promises nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// How many sockets of this app Slack counts, this one included.
    pub num_connections: Option<u32>,
    /// About how long this socket will live, in seconds.
    pub approximate_connection_time_secs: Option<u32>,
    /// Which of Slack's hosts serves it, for support requests.
    pub host: Option<String>,
}

/// Why Slack says it will close a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisconnectReason {
    /// The socket will be closed in about 10 s.
    Warning,
    /// Slack is moving its containers.
    RefreshRequested,
    /// More than 10 sockets of this app.
    TooManyWebsockets,
    /// Somebody switched Socket Mode off.
    LinkDisabled,
    /// A reason Slack has not documented, or none.
    Other(String),
}

/// `type: disconnect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// Why.
    pub reason: DisconnectReason,
    /// Which of Slack's hosts said so; sometimes missing.
    pub host: Option<String>,
}

/// What an envelope carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvelopeKind {
    /// A click, a shortcut, a modal that was submitted or closed.
    Interactive,
    /// A slash command.
    SlashCommand,
    /// An event of the Events API.
    EventsApi,
    /// A type Slack has added since.
    Other(String),
}

/// Something to handle and acknowledge within 3 s.
#[derive(Clone)]
pub struct Envelope {
    /// Names it in the acknowledgement; the same again when Slack sends it again.
    pub envelope_id: String,
    /// What it carries.
    pub kind: EnvelopeKind,
    /// The payload as a tree, for reading odd corners. `null` when absent.
    pub payload: Value,
    /// The same payload as it came, for typed reading.
    pub raw: Box<RawValue>,
    /// Whether the acknowledgement may carry an answer, such as a modal's errors.
    pub accepts_response_payload: bool,
    /// How often Slack has sent it before: events only, 0 otherwise.
    pub retry_attempt: u32,
    /// Why Slack sends it again, such as `timeout`.
    pub retry_reason: Option<String>,
}

/// Leaves the payload out: it holds what people typed, and a verification token.
impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope")
            .field("envelope_id", &self.envelope_id)
            .field("kind", &self.kind)
            .field("bytes", &self.raw.get().len())
            .field("retry_attempt", &self.retry_attempt)
            .finish_non_exhaustive()
    }
}

/// Reads one text frame. Never panics; bounded by [`MAX_FRAME_BYTES`] and [`MAX_DEPTH`].
pub fn parse(text: &str) -> Frame {
    if text.len() > MAX_FRAME_BYTES {
        return Frame::Junk(format!("{} bytes, more than {MAX_FRAME_BYTES}", text.len()));
    }
    let fields: Fields<'_> = match serde_json::from_str(text) {
        Ok(fields) => fields,
        Err(e) => return Frame::Junk(format!("not a JSON object: {e}")),
    };
    let Some(kind) = string(&fields, "type") else {
        return Frame::Junk("no type".to_owned());
    };
    match kind.as_str() {
        "hello" => Frame::Hello(hello(&fields)),
        "disconnect" => Frame::Disconnect(disconnect(&fields)),
        "interactive" => envelope(&fields, EnvelopeKind::Interactive),
        "slash_commands" => envelope(&fields, EnvelopeKind::SlashCommand),
        "events_api" => envelope(&fields, EnvelopeKind::EventsApi),
        _ if fields.contains_key("envelope_id") => envelope(&fields, EnvelopeKind::Other(kind)),
        _ => Frame::Unknown(kind),
    }
}

/// The acknowledgement of an envelope, with an answer when there is one. Slack takes it with and without `payload`.
pub fn ack(envelope_id: &str, payload: Option<&Value>) -> String {
    match payload {
        Some(payload) => serde_json::json!({ "envelope_id": envelope_id, "payload": payload }).to_string(),
        None => serde_json::json!({ "envelope_id": envelope_id }).to_string(),
    }
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

fn hello(fields: &Fields<'_>) -> Hello {
    let debug = object(fields, "debug_info");
    Hello {
        num_connections: number(fields, "num_connections"),
        approximate_connection_time_secs: number(&debug, "approximate_connection_time"),
        host: string(&debug, "host"),
    }
}

fn disconnect(fields: &Fields<'_>) -> Disconnect {
    let reason = match string(fields, "reason").unwrap_or_default().as_str() {
        "warning" => DisconnectReason::Warning,
        "refresh_requested" => DisconnectReason::RefreshRequested,
        "too_many_websockets" => DisconnectReason::TooManyWebsockets,
        "link_disabled" => DisconnectReason::LinkDisabled,
        other => DisconnectReason::Other(other.to_owned()),
    };
    Disconnect { reason, host: string(&object(fields, "debug_info"), "host") }
}

fn envelope(fields: &Fields<'_>, kind: EnvelopeKind) -> Frame {
    let Some(envelope_id) = string(fields, "envelope_id").filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES)
    else {
        return Frame::Junk(format!("{kind:?} without a usable envelope_id"));
    };
    let raw = fields.get("payload").copied().unwrap_or(RawValue::NULL);
    if depth(raw.get()) > MAX_DEPTH {
        return Frame::Junk(format!("envelope {envelope_id} nests deeper than {MAX_DEPTH}"));
    }
    let payload = match serde_json::from_str(raw.get()) {
        Ok(payload) => payload,
        Err(e) => return Frame::Junk(format!("envelope {envelope_id} has an unreadable payload: {e}")),
    };
    Frame::Envelope(Envelope {
        envelope_id,
        kind,
        payload,
        raw: raw.to_owned(),
        accepts_response_payload: read(fields, "accepts_response_payload").unwrap_or(false),
        retry_attempt: number(fields, "retry_attempt").unwrap_or(0),
        retry_reason: string(fields, "retry_reason").filter(|r| !r.is_empty()),
    })
}

fn read<T: serde::de::DeserializeOwned>(fields: &Fields<'_>, name: &str) -> Option<T> {
    fields.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok())
}

fn string(fields: &Fields<'_>, name: &str) -> Option<String> {
    read(fields, name)
}

fn number(fields: &Fields<'_>, name: &str) -> Option<u32> {
    read(fields, name)
}

fn object<'a>(fields: &Fields<'a>, name: &str) -> Fields<'a> {
    fields.get(name).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// How deep brackets nest in JSON that is known to be well formed.
fn depth(json: &str) -> usize {
    let (mut deepest, mut now, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' if !in_string => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
