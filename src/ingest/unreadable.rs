//! What can still be said of a body nobody could read. It works on text, not on JSON: the body may be cut off, malformed,
//! or something else altogether.

use super::{json, limits, text};
use crate::domain::directory::IntegrationKey;
use crate::domain::input::Unreadable;

/// The incident such a body becomes. `secret` is the key as presented; it is taken out of every text.
pub fn unreadable(key: &IntegrationKey, service_name: &str, body: &[u8], problem: &str, secret: &str) -> Unreadable {
    // A margin, so that no part of a key is left where the excerpt is cut.
    let seen = &body[..body.len().min(limits::EXCERPT_BYTES + 2 * limits::KEY_BYTES)];
    // Without NUL before the key is looked for: a body in UTF-16 has one after each letter of it.
    let seen = redact(&String::from_utf8_lossy(seen).replace('\0', ""), secret);
    let title = titled(&seen, |text| redact(text, secret));
    let title = title.unwrap_or_else(|| format!("unreadable alert for {service_name}"));
    let mut end = seen.len().min(limits::EXCERPT_BYTES);
    while !seen.is_char_boundary(end) {
        end -= 1;
    }
    Unreadable {
        service: key.service.clone(),
        key_name: key.name.clone(),
        urgency: key.urgency,
        title,
        problem: without_beginnings(&redact(problem, secret), secret),
        excerpt: seen[..end].to_owned(),
    }
}

/// The `routing_key` that stands in a body, though it may not be JSON as a whole.
pub fn find_routing_key(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    field(&text, "routing_key").filter(|key| !key.is_empty() && key.len() <= limits::KEY_BYTES)
}

/// Text that may say what is wrong: a field that usually does, or, of a body that is no JSON, its first line.
pub fn title(body: &str) -> Option<String> {
    titled(body, str::to_owned)
}

/// The same, of fields that `shown` makes fit to be shown: what was escaped in the body is not in a field.
fn titled(body: &str, shown: impl Fn(&str) -> String) -> Option<String> {
    const TELLING: [&str; 11] = [
        "summary",
        "title",
        "message",
        "alertname",
        "subject",
        "description",
        "AlarmName",
        "ruleName",
        "search_name",
        "condition_name",
        "name",
    ];
    for name in TELLING {
        let title = field(body, name).map(|t| text::one_line(&shown(&t), limits::UNREADABLE_TITLE_CHARS));
        if let Some(title) = title.filter(|t| !t.is_empty()) {
            return Some(title);
        }
    }
    let first = body.trim_start().lines().next()?;
    let is_prose = !first.starts_with(['{', '[', '<', '"'])
        && first.chars().filter(|c| c.is_alphabetic()).count() >= 3
        && !first.chars().any(|c| c == char::REPLACEMENT_CHARACTER || c.is_control());
    is_prose.then(|| text::one_line(first, limits::UNREADABLE_TITLE_CHARS))
}

/// The text behind the first `"name":` that has one; up to the end when its closing quote is missing.
fn field(body: &str, name: &str) -> Option<String> {
    let quoted = format!("\"{name}\"");
    let mut rest = body;
    while let Some(at) = rest.find(&quoted) {
        rest = &rest[at + quoted.len()..];
        let value = rest.trim_start().strip_prefix(':').and_then(|v| v.trim_start().strip_prefix('"'));
        if let Some(value) = value {
            return Some(json::unescape_lossy(&value[..string_end(value)]));
        }
    }
    None
}

fn string_end(value: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at,
            _ => {}
        }
    }
    value.len()
}

/// What a problem quotes is cut, perhaps within the key: a beginning of it, before a cut, is no more to be read.
fn without_beginnings(text: &str, secret: &str) -> String {
    let mut pieces: Vec<String> = text.split('…').map(str::to_owned).collect();
    let uncut = pieces.pop().unwrap_or_default();
    for piece in &mut pieces {
        let begun = secret.char_indices().map(|(at, _)| at).filter(|at| *at >= BEGUN_BYTES);
        if let Some(at) = begun.rev().find(|at| piece.ends_with(&secret[..*at])) {
            piece.truncate(piece.len() - at);
            piece.push_str("[key]");
        }
    }
    pieces.push(uncut);
    pieces.join("…")
}

/// So much of a key is one, and not chance.
const BEGUN_BYTES: usize = 6;

/// `text` without the key, as it was presented and as it may stand escaped in a `routing_key`.
fn redact(text: &str, secret: &str) -> String {
    let mut out = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "[key]") };
    let mut from = 0;
    while let Some(at) = out[from..].find("\"routing_key\"") {
        from += at + "\"routing_key\"".len();
        let rest = &out[from..];
        let Some(value) = rest.trim_start().strip_prefix(':').and_then(|v| v.trim_start().strip_prefix('"')) else {
            continue;
        };
        let start = out.len() - value.len();
        let end = start + string_end(value);
        out.replace_range(start..end, "[key]");
        from = start;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_title_is_found_in_almost_anything() {
        for (body, title_is) in [
            (r#"{"status":"firing","alerts":[{"annotations":{"summary":"Disk full"#, Some("Disk full")),
            (r#"{"title" : "one \"two\"\nthree", "summary": 5}"#, Some("one \"two\" three")),
            (r#"{"alertname":"Watchdog"}"#, Some("Watchdog")),
            (r#"{"owner":{"name":"Ana"},"search_name":"Failed logins","result":"#, Some("Failed logins")),
            ("disk full on db-1\nsecond line", Some("disk full on db-1")),
            ("payload=%7B%22a%22", Some("payload=%7B%22a%22")),
            ("<html><body>no", None),
            ("{\"a\":1}", None),
            ("\u{fffd}\u{fffd}PNG", None),
            ("", None),
        ] {
            assert_eq!(title(body).as_deref(), title_is, "{body}");
        }
    }

    #[test]
    fn the_key_is_in_no_text() {
        let key = IntegrationKey {
            name: "DB_KEY".into(),
            service: "db".into(),
            urgency: None,
            resolve_after_secs: None,
            signature_env: Vec::new(),
        };
        let secret = "0123456789abcdef0123456789abcdef";
        let padding = "x".repeat(limits::EXCERPT_BYTES - 30);
        for body in [
            format!(r#"{{"routing_key":"{secret}","summary":"{secret} is down""#),
            r#"{"routing_key": "\u0030123456789abcdef0123456789abcdef", "a":"#.to_owned(),
            format!("{padding}{secret}{padding}"),
        ] {
            let told = unreadable(&key, "Database", body.as_bytes(), &format!("found {secret}"), secret);
            for text in [&told.title, &told.problem, &told.excerpt] {
                assert!(!text.contains("123456789abcdef"), "{text}");
            }
            assert!(told.excerpt.len() <= limits::EXCERPT_BYTES);
        }
    }

    #[test]
    fn a_key_that_is_written_otherwise_is_in_no_text_either() {
        let key = IntegrationKey {
            name: "DB_KEY".into(),
            service: "db".into(),
            urgency: None,
            resolve_after_secs: None,
            signature_env: Vec::new(),
        };
        let secret = "0123456789abcdef0123456789abcdef";
        let utf_16: Vec<u8> = format!(r#"{{"link":"https://x/?key={secret}"}}"#).bytes().flat_map(|b| [b, 0]).collect();
        let escaped = format!(r#"{{"summary":"\u0030{} is down"#, &secret[1..]).into_bytes();
        let broken = format!(r#"{{"summary":"{}\u0000{} is down"#, &secret[..9], &secret[9..]).into_bytes();
        for body in [utf_16, escaped, broken] {
            let told = unreadable(&key, "Database", &body, "", secret);
            for text in [&told.title, &told.excerpt] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        for (problem, told) in [
            ("status: found \"x0123456789ab…; send \"firing\"", "status: found \"x[key]…; send \"firing\""),
            ("found 012345…; found 0123456789abcdef0123456789abcde…", "found [key]…; found [key]…"),
            ("found 01234…", "found 01234…"),
            ("found …0123456", "found …0123456"),
        ] {
            assert_eq!(unreadable(&key, "Database", b"", problem, secret).problem, told);
        }
    }

    #[test]
    fn a_routing_key_is_found_in_a_body_cut_off() {
        assert_eq!(find_routing_key(br#"{"payload":{"summary":"#), None);
        assert_eq!(find_routing_key(br#"{"routing_key" : "abc", "payload":{"#).as_deref(), Some("abc"));
        assert_eq!(find_routing_key(br#"{"routing_key":5,"x":{"routing_key":"d"#).as_deref(), Some("d"));
    }
}
