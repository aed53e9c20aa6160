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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn an_envelope(text: &str) -> Envelope {
        match parse(text) {
            Frame::Envelope(envelope) => envelope,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn hello_needs_nothing_but_its_type() {
        let full = json!({"type": "hello", "num_connections": 2, "connection_info": {"app_id": "A1"},
            "debug_info": {"host": "applink-1", "build_number": 10, "approximate_connection_time": 18060}});
        let Frame::Hello(hello) = parse(&full.to_string()) else { panic!() };
        assert_eq!(hello.num_connections, Some(2));
        assert_eq!(hello.approximate_connection_time_secs, Some(18_060));
        assert_eq!(hello.host.as_deref(), Some("applink-1"));
        let odd = r#"{"type":"hello","num_connections":"many","debug_info":[1]}"#;
        for bare in [r#"{"type":"hello"}"#, odd] {
            let Frame::Hello(hello) = parse(bare) else { panic!("{bare}") };
            assert_eq!(hello, Hello::default());
        }
    }

    #[test]
    fn every_reason_to_disconnect_is_known_and_the_rest_are_kept() {
        let rows = [
            (r#"{"type":"disconnect","reason":"warning","debug_info":{"host":"h"}}"#, DisconnectReason::Warning),
            (r#"{"type":"disconnect","reason":"refresh_requested"}"#, DisconnectReason::RefreshRequested),
            (
                r#"{"type":"disconnect","reason":"too_many_websockets","num_connections":2}"#,
                DisconnectReason::TooManyWebsockets,
            ),
            (r#"{"type":"disconnect","reason":"link_disabled","debug_info":null}"#, DisconnectReason::LinkDisabled),
            (r#"{"type":"disconnect","reason":"moon"}"#, DisconnectReason::Other("moon".into())),
            (r#"{"type":"disconnect"}"#, DisconnectReason::Other(String::new())),
        ];
        for (text, expected) in rows {
            let Frame::Disconnect(disconnect) = parse(text) else { panic!("{text}") };
            assert_eq!(disconnect.reason, expected);
        }
    }

    #[test]
    fn an_envelope_keeps_its_payload_as_a_tree_and_as_it_came() {
        let text = r#"{"envelope_id":"e-1","type":"slash_commands","accepts_response_payload":true,"payload":{ "command":"/pager", "n":1.50 }}"#;
        let envelope = an_envelope(text);
        assert_eq!(envelope.envelope_id, "e-1");
        assert_eq!(envelope.kind, EnvelopeKind::SlashCommand);
        assert!(envelope.accepts_response_payload);
        assert_eq!(envelope.payload["command"], "/pager");
        assert_eq!(envelope.raw.get(), r#"{ "command":"/pager", "n":1.50 }"#);
        assert_eq!((envelope.retry_attempt, envelope.retry_reason), (0, None));
    }

    #[test]
    fn an_envelope_needs_only_its_type_and_id() {
        let envelope = an_envelope(r#"{"type":"interactive","envelope_id":"e"}"#);
        assert_eq!((envelope.payload, envelope.accepts_response_payload), (Value::Null, false));
        let odd = an_envelope(
            r#"{"type":"events_api","envelope_id":"e","retry_attempt":2,"retry_reason":"timeout","accepts_response_payload":"yes","extra":[]}"#,
        );
        assert_eq!((odd.retry_attempt, odd.retry_reason.as_deref()), (2, Some("timeout")));
        assert!(!odd.accepts_response_payload);
        let new = an_envelope(r#"{"type":"newfangled","envelope_id":"e","payload":7}"#);
        assert_eq!(new.kind, EnvelopeKind::Other("newfangled".into()));
    }

    #[test]
    fn a_frame_without_an_id_to_acknowledge_is_told_apart() {
        assert!(matches!(parse(r#"{"type":"pong"}"#), Frame::Unknown(kind) if kind == "pong"));
        let long = format!(r#"{{"type":"interactive","envelope_id":"{}"}}"#, "x".repeat(MAX_ID_BYTES + 1));
        let deep = format!(
            r#"{{"type":"interactive","envelope_id":"e","payload":{}1{}}}"#,
            "[".repeat(MAX_DEPTH + 1),
            "]".repeat(MAX_DEPTH + 1)
        );
        let bottomless =
            format!(r#"{{"type":"interactive","envelope_id":"e","payload":{}"#, "[".repeat(MAX_FRAME_BYTES / 2));
        let large =
            format!(r#"{{"type":"interactive","envelope_id":"e","payload":"{}"}}"#, "x".repeat(MAX_FRAME_BYTES));
        let junk = [
            "",
            "null",
            "[]",
            "7",
            "{",
            r#"{"kind":"hello"}"#,
            r#"{"type":7}"#,
            r#"{"type":"interactive"}"#,
            r#"{"type":"interactive","envelope_id":""}"#,
            r#"{"type":"interactive","envelope_id":7}"#,
            r#"{"type":"interactive","envelope_id":"e","payload":1e999}"#,
            &long,
            &deep,
            &bottomless,
            &large,
        ];
        for text in junk {
            assert!(matches!(parse(text), Frame::Junk(_)), "{}", &text[..text.len().min(80)]);
        }
    }

    #[test]
    fn depth_up_to_the_bound_is_read_and_brackets_in_strings_do_not_count() {
        let nested = format!("{}1{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
        an_envelope(&format!(r#"{{"type":"interactive","envelope_id":"e","payload":{nested}}}"#));
        let text = json!({"type": "interactive", "envelope_id": "e", "payload": {"text": "\"[[{{".repeat(500)}});
        an_envelope(&text.to_string());
    }

    #[test]
    fn an_acknowledgement_names_its_envelope_and_carries_an_answer() {
        assert_eq!(ack("e-1", None), r#"{"envelope_id":"e-1"}"#);
        let with = ack("e\"1", Some(&json!({"response_action": "clear"})));
        let back: Value = serde_json::from_str(&with).unwrap();
        assert_eq!(back, json!({"envelope_id": "e\"1", "payload": {"response_action": "clear"}}));
    }

    #[test]
    fn what_people_typed_is_not_printed() {
        let text = r#"{"type":"slash_commands","envelope_id":"e","payload":{"text":"secret","token":"secret"}}"#;
        assert!(!format!("{:?}", parse(text)).contains("secret"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(".{0,6}", inner, 0..4)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,300}") {
            parse(&text);
        }

        #[test]
        fn no_field_of_any_shape_panics_or_loses_the_envelope(
            kind in prop_oneof![Just("interactive"), Just("events_api"), Just("slash_commands"), Just("x")],
            payload in any_json(), accepts in any_json(), attempt in any_json(), reason in any_json(),
        ) {
            let text = json!({"type": kind, "envelope_id": "e", "payload": payload.clone(),
                "accepts_response_payload": accepts, "retry_attempt": attempt, "retry_reason": reason}).to_string();
            prop_assert_eq!(an_envelope(&text).payload, payload);
        }

        #[test]
        fn no_hello_or_disconnect_of_any_shape_panics(
            kind in prop_oneof![Just("hello"), Just("disconnect")], a in any_json(), b in any_json(), c in any_json(),
        ) {
            let text = json!({"type": kind, "num_connections": a, "debug_info": b, "reason": c}).to_string();
            prop_assert!(matches!(parse(&text), Frame::Hello(_) | Frame::Disconnect(_)));
        }

        #[test]
        fn cutting_a_frame_anywhere_never_panics(cut in 0_usize..200) {
            let text = r#"{"type":"interactive","envelope_id":"ë-1","payload":{"a":[1,{"b":"\u00e9"}]},"accepts_response_payload":true}"#;
            if let Some(part) = text.get(..cut.min(text.len())) {
                parse(part);
            }
        }
    }
}
