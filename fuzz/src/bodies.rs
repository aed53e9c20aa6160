//! Bodies of monitors. Whatever comes out of a decoder is bounded by [`limits`], names its problem, and is the same the
//! next time.

use warridor::domain::input::{Event, EventAction};
use warridor::domain::stamp::At;
use warridor::ingest::limits;
use warridor::ingest::sources::{
    DecodeError, Decoded, alertmanager as am, change, generic as plain, grafana as gr, nagios as nag, newrelic as nr,
    pagerduty, pagerduty_webhook, splunk as sp,
};

/// The last millisecond of the year 9999: later ones cannot be written as dates are.
const LAST: i64 = 253_402_300_799_999;

pub fn alertmanager(body: &[u8]) {
    decodes(body, am::decode, Empty::Never);
}

pub fn grafana(body: &[u8]) {
    decodes(body, gr::decode, Empty::WhereNobodyActs);
}

pub fn newrelic(body: &[u8]) {
    decodes(body, nr::decode, Empty::Never);
}

pub fn splunk(body: &[u8]) {
    decodes(body, sp::decode, Empty::Never);
}

pub fn pagerduty_webhooks(body: &[u8]) {
    decodes(body, pagerduty_webhook::decode, Empty::WhereNobodyActs);
}

pub fn generic(body: &[u8]) {
    decodes(body, plain::decode, Empty::WhereNobodyActs);
}

pub fn nagios(body: &[u8]) {
    decodes(body, nag::decode, Empty::WhereNobodyActs);
}

/// A trigger without a key takes the one that was made for it; every other has its own.
pub fn pagerduty_events(body: &[u8]) {
    const MADE: &str = "made-for-it";
    let decoded = pagerduty::decode(body, MADE);
    match &decoded {
        Ok(event) => {
            is_sound(event);
            if &*event.dedup_key == MADE {
                let another = pagerduty::decode(body, "another").expect("the key changes nothing else");
                let was_made = &*another.dedup_key == "another" && event.action == EventAction::Trigger;
                assert!(was_made || another == *event);
            }
        }
        Err(errors) => are_told(errors),
    }
    assert_eq!(decoded, pagerduty::decode(body, MADE));
    let padded = pagerduty::decode(&padded(body), MADE);
    assert_eq!(decoded.ok(), padded.ok());
}

/// A change has a summary, and asks nobody to act.
pub fn pagerduty_changes(body: &[u8]) {
    let decoded = change::decode(body);
    match &decoded {
        Ok(c) => {
            is_line("a summary", &c.summary, limits::TITLE_CHARS);
            assert!(!c.summary.is_empty());
            is_line("a source", &c.source, limits::LABEL_NAME_CHARS);
            is_link(&c.link);
            are_labels(&c.details, limits::CHANGE_DETAILS_KEPT);
            is_time(c.made);
        }
        Err(errors) => are_told(errors),
    }
    assert_eq!(decoded, change::decode(body));
    assert_eq!(decoded.ok(), change::decode(&padded(body)).ok());
}

/// May a body that was understood hold no event?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Never,
    /// A note, a pause, a downtime.
    WhereNobodyActs,
}

fn decodes(body: &[u8], decode: fn(&[u8]) -> Result<Decoded, DecodeError>, empty: Empty) {
    let decoded = decode(body);
    match &decoded {
        Ok(d) => {
            assert!(d.events.len() <= limits::EVENTS_PER_BODY);
            assert!(!d.events.is_empty() || empty == Empty::WhereNobodyActs, "understood, and nothing came of it");
            d.events.iter().for_each(is_sound);
        }
        Err(error) => is_told(error),
    }
    assert_eq!(decoded, decode(body), "the same body means the same");
    // White space around it is no part of JSON.
    assert_eq!(decoded.ok(), decode(&padded(body)).ok(), "white space around it means something");
}

fn padded(body: &[u8]) -> Vec<u8> {
    let has_mark = body.starts_with(b"\xef\xbb\xbf");
    [if has_mark { b"".as_slice() } else { b"\n\t " }, body, b" \r\n"].concat()
}

fn is_sound(event: &Event) {
    let Event { action, dedup_key, title, link, labels, starts_at, ends_at } = event;
    assert!(!dedup_key.is_empty(), "nothing names it");
    assert!(dedup_key.chars().count() <= limits::DEDUP_KEY_CHARS, "{dedup_key}");
    assert!(!dedup_key.contains('\0'));
    is_line("a title", title, limits::TITLE_CHARS);
    assert!(*action != EventAction::Trigger || !title.is_empty(), "somebody is paged, and not told why");
    is_link(link);
    are_labels(labels, limits::LABELS_KEPT);
    is_time(*starts_at);
    is_time(*ends_at);
}

/// One line, without NUL, not too long.
fn is_line(what: &str, text: &str, max: usize) {
    assert!(text.chars().count() <= max, "{what} of {} characters", text.chars().count());
    let breaks = |c: char| matches!(c, '\0' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    assert!(!text.contains(breaks), "{what} is more than a line: {text:?}");
    assert!(text.is_empty() || !text.trim().is_empty(), "{what} is blank");
}

fn is_link(link: &str) {
    let lower = link.to_ascii_lowercase();
    let is_web = lower.starts_with("http://") || lower.starts_with("https://");
    assert!(link.is_empty() || is_web, "{link:?}");
    assert!(link.chars().count() <= limits::LINK_CHARS);
    assert!(!link.contains(|c: char| c.is_control() || c.is_whitespace()), "{link:?}");
}

fn are_labels(labels: &[(String, String)], most: usize) {
    assert!(labels.len() <= most);
    for (n, (name, value)) in labels.iter().enumerate() {
        is_line("a label's name", name, limits::LABEL_NAME_CHARS);
        assert!(!name.is_empty());
        assert!(!labels[..n].iter().any(|(other, _)| other == name), "{name:?} stands twice");
        assert!(value.chars().count() <= limits::LABEL_VALUE_CHARS, "{} characters", value.chars().count());
        assert!(!value.contains('\0') && !value.trim().is_empty(), "{name}={value:?}");
    }
}

fn is_time(at: Option<At>) {
    assert!(at.is_none_or(|at| (1..=LAST).contains(&at.0)), "{at:?}");
}

fn are_told(errors: &[DecodeError]) {
    assert!(!errors.is_empty(), "refused, and nobody says why");
    errors.iter().for_each(is_told);
}

/// What an error says is for people: it names the field and what to send, and quotes little.
fn is_told(error: &DecodeError) {
    assert!(!error.field.is_empty() && !error.mend.is_empty());
    is_line("what was found", &error.found, limits::FOUND_CHARS);
    assert!(error.to_string().chars().count() <= 400, "{error}");
}
