//! What became of one Web API call, read from the HTTP answer alone.
//!
//! Slack has no idempotency keys, so the one question that matters is whether the call may have acted. Every answer
//! falls into exactly one of five kinds, and only `ok: false` written by Slack itself counts as a refusal: an error
//! page of a proxy says nothing about what Slack did.

use serde_json::Value;

/// What a 429 without a readable `Retry-After` is taken to mean, in milliseconds.
pub const RETRY_AFTER_DEFAULT_MS: i64 = 30_000;
/// The longest `Retry-After` that is believed, in milliseconds.
pub const RETRY_AFTER_MAX_MS: i64 = 600_000;
/// The shortest pause after a 429, in milliseconds: `Retry-After: 0` must not become a hot loop.
pub const RETRY_AFTER_MIN_MS: i64 = 1_000;

/// What became of one Web API call.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Slack said `ok: true`; the whole answer.
    Ok(Value),
    /// Slack said `ok: false`: the call did not act, and the same call again will be refused again.
    Refused {
        /// Slack's error code, such as `channel_not_found`.
        error: String,
        /// The whole answer; `response_metadata.messages` often says which field was wrong.
        body: Value,
    },
    /// Slack asked to wait; the call did not act. Between 1 s and 10 min.
    RateLimited {
        /// How long to wait, in milliseconds.
        retry_after_ms: i64,
    },
    /// The call certainly did not act: it never reached Slack. Why, for the log.
    NotSent(String),
    /// The call may have acted: the answer was lost, broken or ambiguous. Why, for the log.
    Unknown(String),
}

impl Outcome {
    /// True when the call certainly had no effect, so that sending it again duplicates nothing.
    pub fn certainly_did_nothing(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::RateLimited { .. } | Self::NotSent(_) => true,
            Self::Ok(_) | Self::Unknown(_) => false,
        }
    }

    /// A short name for logs and metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::Refused { .. } => "refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::NotSent(_) => "not_sent",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Reads a Web API answer. `retry_after` is the header as it came, `body` the whole body.
///
/// Source of the ambiguous codes: Slack's Web API reference lists them as server-side failures that "may have
/// completed". `message_limit_exceeded` is a rate limit that arrives with status 200.
pub fn classify(status: u16, retry_after: Option<&str>, body: &[u8]) -> Outcome {
    if status == 429 {
        return Outcome::RateLimited { retry_after_ms: retry_after_ms(retry_after) };
    }
    if status >= 500 {
        return Outcome::Unknown(format!("HTTP {status}"));
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return Outcome::Unknown(format!("HTTP {status} with {} bytes that are not JSON", body.len()));
    };
    match answer.get("ok").and_then(Value::as_bool) {
        Some(true) if (200..300).contains(&status) => Outcome::Ok(answer),
        Some(true) => Outcome::Unknown(format!("HTTP {status} that says ok")),
        Some(false) => refusal(retry_after, answer),
        None => Outcome::Unknown(format!("HTTP {status} without an answer of Slack's")),
    }
}

fn refusal(retry_after: Option<&str>, body: Value) -> Outcome {
    let error = body.get("error").and_then(Value::as_str).unwrap_or("unnamed_error");
    match error {
        "ratelimited" | "rate_limited" | "message_limit_exceeded" => {
            Outcome::RateLimited { retry_after_ms: retry_after_ms(retry_after) }
        }
        "fatal_error" | "internal_error" | "request_timeout" | "service_unavailable" => {
            Outcome::Unknown(error.to_owned())
        }
        _ => Outcome::Refused { error: error.to_owned(), body },
    }
}

/// `Retry-After` in milliseconds: whole seconds as Slack documents them, within [1 s, 10 min]; 30 s when absent or
/// unreadable.
pub fn retry_after_ms(header: Option<&str>) -> i64 {
    header
        .and_then(|h| h.trim().parse::<u32>().ok())
        .map_or(RETRY_AFTER_DEFAULT_MS, |secs| i64::from(secs) * 1_000)
        .clamp(RETRY_AFTER_MIN_MS, RETRY_AFTER_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_answer_is_one_of_five_kinds() {
        let rows: &[(u16, Option<&str>, &str, &str)] = &[
            (200, None, r#"{"ok":true,"ts":"1.2"}"#, "ok"),
            (200, None, r#"{"ok":true,"channel":{"what":["we","never","saw"]}}"#, "ok"),
            (200, None, r#"{"ok":false,"error":"channel_not_found"}"#, "refused"),
            (200, None, r#"{"ok":false}"#, "refused"),
            (400, None, r#"{"ok":false,"error":"invalid_blocks"}"#, "refused"),
            (200, None, r#"{"ok":false,"error":"message_limit_exceeded"}"#, "rate_limited"),
            (200, None, r#"{"ok":false,"error":"ratelimited"}"#, "rate_limited"),
            (429, Some("3"), r#"{"ok":false,"error":"ratelimited"}"#, "rate_limited"),
            (429, Some("3"), "not json at all", "rate_limited"),
            (200, None, r#"{"ok":false,"error":"fatal_error"}"#, "unknown"),
            (200, None, r#"{"ok":false,"error":"internal_error"}"#, "unknown"),
            (200, None, r#"{"ok":false,"error":"request_timeout"}"#, "unknown"),
            (200, None, r#"{"ok":false,"error":"service_unavailable"}"#, "unknown"),
            (503, None, r#"{"ok":false,"error":"service_unavailable"}"#, "unknown"),
            (500, None, r#"{"ok":true}"#, "unknown"),
            (302, None, "", "unknown"),
            (403, None, "<html>the company proxy</html>", "unknown"),
            (200, None, "<html>", "unknown"),
            (200, None, r#"{"ok":tr"#, "unknown"),
            (200, None, "{}", "unknown"),
            (200, None, r#"{"ok":"true"}"#, "unknown"),
            (200, None, "[true]", "unknown"),
        ];
        for (status, retry_after, body, expected) in rows {
            let got = classify(*status, *retry_after, body.as_bytes());
            assert_eq!(got.name(), *expected, "{status} {body}: {got:?}");
        }
    }

    #[test]
    fn retry_after_is_believed_within_bounds() {
        let rows = [
            (Some("30"), 30_000),
            (Some(" 7 "), 7_000),
            (Some("0"), 1_000),
            (Some("601"), 600_000),
            (Some("99999999999999999999"), 30_000),
            (Some("-1"), 30_000),
            (Some("Wed, 21 Oct 2026 07:28:00 GMT"), 30_000),
            (Some(""), 30_000),
            (None, 30_000),
        ];
        for (header, expected) in rows {
            assert_eq!(retry_after_ms(header), expected, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(status in 100_u16..600, header in ".{0,12}", body in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Outcome::RateLimited { retry_after_ms } = classify(status, Some(&header), &body) {
                prop_assert!((RETRY_AFTER_MIN_MS..=RETRY_AFTER_MAX_MS).contains(&retry_after_ms));
            }
        }
    }
}
