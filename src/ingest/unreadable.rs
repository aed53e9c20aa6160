//! What can still be said of a body nobody could read. It works on text, not on JSON: the body may be cut off, malformed,
//! or something else altogether.

use super::{json, limits, text};
use crate::domain::directory::IntegrationKey;
use crate::domain::input::Unreadable;

/// The incident such a body becomes. `secret` is the key as presented; it is taken out of every text.
pub fn unreadable(key: &IntegrationKey, service_name: &str, body: &[u8], problem: &str, secret: &str) -> Unreadable {
    // A margin, so that no part of a key is left where the excerpt is cut.
    let seen = &body[..body.len().min(limits::EXCERPT_BYTES + 2 * limits::KEY_BYTES)];
    let seen = redact(&String::from_utf8_lossy(seen), secret);
    let title = title(&seen).unwrap_or_else(|| format!("unreadable alert for {service_name}"));
    let mut end = seen.len().min(limits::EXCERPT_BYTES);
    while !seen.is_char_boundary(end) {
        end -= 1;
    }
    Unreadable {
        service: key.service.clone(),
        key_name: key.name.clone(),
        urgency: key.urgency,
        title,
        problem: redact(problem, secret),
        excerpt: seen[..end].replace('\0', ""),
    }
}

/// The `routing_key` that stands in a body, though it may not be JSON as a whole.
pub fn find_routing_key(body: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    field(&text, "routing_key").filter(|key| !key.is_empty() && key.len() <= limits::KEY_BYTES)
}

/// Text that may say what is wrong: a field that usually does, or, of a body that is no JSON, its first line.
pub fn title(body: &str) -> Option<String> {
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
        let title = field(body, name).map(|t| text::one_line(&t, limits::UNREADABLE_TITLE_CHARS));
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
    fn a_routing_key_is_found_in_a_body_cut_off() {
        assert_eq!(find_routing_key(br#"{"payload":{"summary":"#), None);
        assert_eq!(find_routing_key(br#"{"routing_key" : "abc", "payload":{"#).as_deref(), Some("abc"));
        assert_eq!(find_routing_key(br#"{"routing_key":5,"x":{"routing_key":"d"#).as_deref(), Some("d"));
    }
}
