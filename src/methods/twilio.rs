//! Twilio: what its API is asked, what its answers mean, and whether a request is really its own. PURE: no I/O.
//!
//! Sources: twilio.com/docs/voice/api/call-resource, /docs/messaging/api/message-resource, /docs/voice/twiml/gather,
//! /docs/usage/security (validating requests), /docs/api/errors.

use super::{CALL, FIND_CALL, FIND_TEXT, TEXT, rate_limited};
use crate::domain::directory::Twilio;
use crate::slack::outcome::Outcome;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;

/// How long a telephone rings, in seconds; most voicemails pick up later than that.
const RING_SECS: u32 = 30;
/// How long a key is waited for each time, in seconds.
const KEY_SECS: u32 = 8;
/// How often the news is said in one call.
const SAID: usize = 3;
/// Of a call's script, in characters (docs: the `Twiml` parameter: at most 4,000).
pub const TWIML_CHARS: usize = 4_000;
/// Of the news in it, which may take six times as many where all of it is escaped.
const NEWS_CHARS: usize = 300;
/// What stands around the words.
const FRAME_CHARS: usize = 100;
/// Of a text, in characters (docs: the `Body` parameter: at most 1,600).
pub const BODY_CHARS: usize = 1_600;
/// Twilio's clock and ours may differ by this, in milliseconds; its times are whole seconds besides.
const CLOCKS_MS: i64 = 5_000;
/// Calls or texts looked through.
const LOOK_AT: &str = "20";

/// Where key presses come.
pub const VOICE_PATH: &str = "/twilio/voice";
/// Where texts come that people write.
pub const SMS_PATH: &str = "/twilio/sms";
/// Where it is told what became of a call or a text.
pub const STATUS_PATH: &str = "/twilio/status";

/// One request to the API, below the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `Messages.json` or `Calls.json`.
    pub path: &'static str,
    /// It only asks; its fields are a query.
    pub reads: bool,
    pub fields: Vec<(&'static str, String)>,
}

/// The request for a page as the outbox words it. `public`: where the outside reaches us.
pub fn request(method: &str, body: &Value, twilio: &Twilio, public: Option<&str>) -> Request {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let to = ("To", text("to"));
    let from = ("From", twilio.from.to_string());
    let about = |path: &str| {
        let id = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("store", &text("store"))
            .append_pair("incident", &text("incident"))
            .append_pair("page", &text("page"))
            .finish();
        public.map(|public| format!("{public}{path}?{id}"))
    };
    let path = if matches!(method, CALL | FIND_CALL) { "Calls.json" } else { "Messages.json" };
    if matches!(method, FIND_CALL | FIND_TEXT) {
        return Request { path, reads: true, fields: vec![to, from, ("PageSize", LOOK_AT.to_owned())] };
    }
    let mut fields = vec![to, from];
    if method == TEXT {
        fields.push(("Body", crate::views::mrkdwn::cut(&text("text"), BODY_CHARS)));
    } else {
        fields.push(("Twiml", call_script(&text("news"), &text("menu"), about(VOICE_PATH).as_deref())));
        fields.push(("Timeout", RING_SECS.to_string()));
    }
    if let Some(url) = about(STATUS_PATH) {
        fields.push(("StatusCallback", url));
    }
    Request { path, reads: false, fields }
}

/// What a call says, and where the key that was pressed is sent. It speaks without asking us: a call that rings is
/// understood even when nothing reaches us.
fn call_script(news: &str, menu: &str, answers: Option<&str>) -> String {
    let says = |words: &str| format!("<Say>{}</Say>", xml(words));
    let news = &crate::views::mrkdwn::cut(news, NEWS_CHARS);
    let ends = match answers.filter(|_| !menu.is_empty()) {
        Some(_) => says(crate::views::phone::no_key()),
        None => String::new(),
    };
    let mut script = String::new();
    for round in 0..SAID {
        let one = match answers.filter(|_| !menu.is_empty()) {
            Some(url) => {
                format!("{}{}{}</Gather>", gather(url), says(news), says(menu))
            }
            None => format!("{}<Pause length=\"2\"/>", says(news)),
        };
        // Something is always said; again, where there is room.
        let chars = script.chars().count() + one.chars().count() + ends.chars().count() + FRAME_CHARS;
        if round > 0 && chars > TWIML_CHARS {
            break;
        }
        script.push_str(&one);
    }
    response(&format!("{script}{ends}"))
}

fn gather(url: &str) -> String {
    format!("<Gather input=\"dtmf\" numDigits=\"1\" timeout=\"{KEY_SECS}\" action=\"{}\" method=\"POST\">", xml(url))
}

/// The answer to a key press: words, and then the end of the call, or another key with `again`.
pub fn spoken_answer(words: &str, again: Option<(&str, &str)>) -> String {
    let say = format!("<Say>{}</Say>", xml(words));
    match again {
        Some((menu, url)) => response(&format!("{say}{}<Say>{}</Say></Gather><Hangup/>", gather(url), xml(menu))),
        None => response(&format!("{say}<Hangup/>")),
    }
}

/// The answer to a text that somebody wrote; empty words answer nothing.
pub fn written_answer(words: &str) -> String {
    let cut = crate::views::mrkdwn::cut(words, BODY_CHARS);
    response(&if words.is_empty() { String::new() } else { format!("<Message>{}</Message>", xml(&cut)) })
}

fn response(inner: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{inner}</Response>")
}

/// Text from outside in XML. What XML cannot hold is left out.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// What an answer of the API means.
pub fn outcome(method: &str, asked: &Value, status: u16, retry_after: Option<&str>, bytes: &[u8]) -> Outcome {
    let answer: Value = serde_json::from_slice(bytes).unwrap_or(Value::Null);
    match status {
        200..=299 if matches!(method, FIND_TEXT | FIND_CALL) => {
            Outcome::Ok(json!({ "receipt": found(method, asked, &answer) }))
        }
        200..=299 if method == super::NUMBER => Outcome::Ok(answer),
        200..=299 => match answer.get("sid").and_then(Value::as_str) {
            Some(sid) => Outcome::Ok(json!({ "receipt": sid })),
            None => Outcome::Unknown("Twilio says yes and does not say by which number".to_owned()),
        },
        429 => rate_limited(retry_after),
        // Its own errors; a page of a proxy has none of these.
        400..=499 if answer.get("code").is_some_and(Value::is_number) => {
            let message = masked(answer.get("message").and_then(Value::as_str).unwrap_or_default());
            let error = format!("Twilio says {}: {message}", answer["code"]);
            Outcome::Refused { error, body: answer }
        }
        _ => Outcome::Unknown(format!("Twilio answered {status}")),
    }
}

/// Twilio's messages quote numbers, which are people's.
fn masked(message: &str) -> String {
    let mut out = String::new();
    let mut digits = 0;
    for c in message.chars().take(MESSAGE_CHARS) {
        digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
        match digits {
            0..5 => out.push(c),
            5 => {
                out.truncate(out.len() - 4);
                out.push('…');
            }
            _ => {}
        }
    }
    out
}

/// Of a message of Twilio's, in characters.
const MESSAGE_CHARS: usize = 200;

/// The newest that is this one: to the same number since the page was asked for, and of a text, with the same words.
fn found(method: &str, asked: &Value, answer: &Value) -> Value {
    let since = asked.get("since_ms").and_then(Value::as_i64).unwrap_or(i64::MAX) - CLOCKS_MS;
    let list = if method == FIND_CALL { "calls" } else { "messages" };
    let same_words = |one: &Value| {
        let (body, text) = (one.get("body").and_then(Value::as_str), asked.get("text").and_then(Value::as_str));
        // A trial account writes words of Twilio's own before ours.
        method == FIND_CALL || matches!((body, text), (Some(body), Some(text)) if body.ends_with(text))
    };
    // Those that are known to be another page's.
    let taken = asked.get("taken").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let is_it = |one: &&Value| {
        if taken.iter().any(|sid| Some(sid) == one.get("sid")) {
            return false;
        }
        let made = one.get("date_created").and_then(Value::as_str).and_then(|t| DateTime::parse_from_rfc2822(t).ok());
        made.is_some_and(|made| made.timestamp_millis() >= since) && same_words(one)
    };
    let all = answer.get(list).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    all.iter().find(is_it).and_then(|one| one.get("sid").cloned()).unwrap_or(Value::Null)
}

/// Is a request to `url` with these fields signed by one of the tokens? `X-Twilio-Signature` is Base64 of HMAC-SHA1 by the
/// auth token, of the URL as Twilio was given it and then every field's name and value, sorted by name.
pub fn is_signed(signature: &str, url: &str, fields: &[(String, String)], tokens: &[String]) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else { return false };
    let signed = signed(url, fields);
    let fits = |token: &String| mac(token, &signed).is_some_and(|mac| mac.verify_slice(&signature).is_ok());
    // Every token is tried, so that time tells nothing.
    tokens.iter().filter(|token| fits(token)).count() > 0
}

/// The signature that [`is_signed`] wants; for the local double of Twilio.
pub fn sign(token: &str, url: &str, fields: &[(String, String)]) -> String {
    let signed = signed(url, fields);
    mac(token, &signed).map(|mac| STANDARD.encode(mac.finalize().into_bytes())).unwrap_or_default()
}

/// What a signature is over.
fn signed(url: &str, fields: &[(String, String)]) -> String {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    std::iter::once(url).chain(sorted.iter().flat_map(|(n, v)| [n.as_str(), v.as_str()])).collect()
}

/// A key of any length is one.
fn mac(token: &str, signed: &str) -> Option<Hmac<Sha1>> {
    Some(Hmac::<Sha1>::new_from_slice(token.as_bytes()).ok()?.chain_update(signed))
}

/// What became of a call or a text; `None`: it may still reach them, or has.
///
/// Calls: `queued initiated ringing in-progress completed busy failed no-answer canceled`; messages: `queued sending sent
/// delivered undelivered failed read`. (docs: "Call status values", "Message status values")
pub fn failure(fields: &[(String, String)]) -> Option<String> {
    let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let code = field("ErrorCode").filter(|code| !code.is_empty() && *code != "0");
    let with_code = |words: &str| match code {
        Some(code) => format!("{words} (Twilio says {code})"),
        None => words.to_owned(),
    };
    match field("CallStatus").or(field("MessageStatus")).or(field("SmsStatus"))? {
        "busy" => Some("the line was busy".to_owned()),
        "no-answer" => Some("nobody picked up".to_owned()),
        "canceled" => Some("it was called off".to_owned()),
        "failed" => Some(with_code("it could not be delivered")),
        "undelivered" => Some(with_code("the carrier did not deliver it")),
        _ => None,
    }
}
