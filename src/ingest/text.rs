//! Texts from outside, made to fit. What is only dangerous when shown (control and bidirectional characters, Slack's
//! own syntax) is left to the views, which escape everything; NUL goes here.

use super::limits;
use crate::domain::stamp::At;
use chrono::{DateTime, NaiveDateTime};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::sync::Arc;

/// At most `max` characters of `s`, the last one `…` if something was cut.
pub fn cut(s: &str, max: usize) -> Cow<'_, str> {
    if s.len() <= max {
        return Cow::Borrowed(s);
    }
    let mut ends = s.char_indices().map(|(at, _)| at);
    let Some(last) = ends.nth(max.saturating_sub(1)) else { return Cow::Borrowed(s) };
    if ends.next().is_none() {
        return Cow::Borrowed(s);
    }
    Cow::Owned(format!("{}…", &s[..last]))
}

/// One line: runs of white space and NUL become one space, at most `max` characters.
pub fn one_line(s: &str, max: usize) -> String {
    let s = s.trim();
    let breaks = ['\u{85}', '\u{2028}', '\u{2029}'];
    let plain = !s.bytes().any(|b| b < b' ') && !s.contains("  ") && !s.contains(breaks);
    if plain {
        return cut(s, max).into_owned();
    }
    let mut out = String::with_capacity(s.len().min(max * 4));
    let mut count = 0;
    for word in s.split(|c: char| c.is_whitespace() || c == '\0').filter(|w| !w.is_empty()) {
        if count > 0 {
            out.push(' ');
        }
        out.push_str(word);
        // A lower bound of the characters, a character being at most four bytes; the rest would be cut anyway.
        count += 1 + word.len() / 4;
        if count > max {
            break;
        }
    }
    cut(&out, max).into_owned()
}

/// As it is, lines kept, without NUL, at most `max` characters.
pub fn block(s: &str, max: usize) -> String {
    let s = s.trim();
    if s.as_bytes().contains(&0) { cut(s.replace('\0', "").trim(), max).into_owned() } else { cut(s, max).into_owned() }
}

/// A link somebody can follow: `http` or `https`, without white space or control characters, not too long.
pub fn link(s: &str) -> Option<String> {
    let s = s.trim();
    let web = ["http://", "https://"].iter().any(|scheme| {
        s.len() > scheme.len() && s.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let sound = !s.chars().any(|c| c.is_control() || c.is_whitespace());
    (web && sound && s.chars().count() <= limits::LINK_CHARS).then(|| s.to_owned())
}

/// A dedup key that fits: a long one keeps its beginning and ends in the hash of the whole, so that it names the same
/// alert every time.
pub fn dedup_key(s: &str) -> Arc<str> {
    let s = if s.as_bytes().contains(&0) { Cow::Owned(s.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(s) };
    if s.len() <= limits::DEDUP_KEY_CHARS || s.chars().count() <= limits::DEDUP_KEY_CHARS {
        return s.as_ref().into();
    }
    let hash = short_hash([s.as_ref()]);
    let kept: String = s.chars().take(limits::DEDUP_KEY_CHARS - hash.len() - 1).collect();
    format!("{kept}~{hash}").into()
}

/// 32 hex digits that name these texts in this order.
pub fn short_hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update(part.as_bytes());
        sha.update([0]);
    }
    hex(&sha.finalize()[..16])
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        out.push(char::from(DIGITS[usize::from(b >> 4)]));
        out.push(char::from(DIGITS[usize::from(b & 15)]));
    }
    out
}

/// An instant as senders write it: RFC 3339 with any number of fraction digits, the same with `+0000` or a space, without
/// a zone (taken as UTC), or a number of seconds or milliseconds since 1970. Anything else, and everything before 1970
/// (Go's zero time `0001-01-01T00:00:00Z` among it) or after 9999, is nothing.
pub fn time(s: &str) -> Option<At> {
    let s = s.trim();
    if s.is_empty() || s.len() > 64 {
        return None;
    }
    let at = DateTime::parse_from_rfc3339(s)
        .or_else(|_| DateTime::parse_from_str(s, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_str(s, "%Y-%m-%d %H:%M:%S%.f%z"))
        .map(|t| t.timestamp_millis())
        .or_else(|_| {
            NaiveDateTime::parse_from_str(s, "%Y-%m-%dT%H:%M:%S%.f")
                .or_else(|_| NaiveDateTime::parse_from_str(s, "%Y-%m-%d %H:%M:%S%.f"))
                .map(|t| t.and_utc().timestamp_millis())
        })
        .ok()
        .or_else(|| since_1970(s))?;
    (1..AFTER_9999_MS).contains(&at).then_some(At(at))
}

/// The first millisecond of the year 10000.
const AFTER_9999_MS: i64 = 253_402_300_800_000;

fn since_1970(s: &str) -> Option<i64> {
    if !s.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let value: f64 = s.parse().ok()?;
    // 10^11 seconds is the year 5138; as milliseconds it is 1973.
    let ms = if value >= 1e11 { value } else { value * 1000.0 };
    // What is too large for it becomes its most, which is no time either.
    #[allow(clippy::cast_possible_truncation)]
    Some(ms as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        for end in ["\n", "\r\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\0"] {
            assert_eq!(one_line(&format!("one{end}two"), 100), "one two", "{end:?}");
        }
        assert_eq!(one_line("one\u{a0}two", 100), "one\u{a0}two", "a hard blank ends none");
    }

    #[test]
    fn what_is_blank_without_nul_is_empty() {
        assert_eq!(block("\0 \0", 10), "");
        assert_eq!(block("\0 a\n b \0", 10), "a\n b");
    }

    #[test]
    fn a_time_that_cannot_be_written_as_a_date_is_none() {
        let last = Some(At(253_402_300_799_999));
        assert_eq!(time("9999-12-31T23:59:59.999Z"), last);
        assert_eq!(time("253402300799999"), last);
        for none in [
            "+10000-01-01T00:00:00",
            "+262142-12-31 23:59:59",
            "9999-12-31T23:59:59-01:00",
            "253402300800000",
            "999999999999999999999999",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(time(none), None, "{none}");
        }
    }
}
