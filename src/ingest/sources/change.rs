//! PagerDuty's change events: `POST /v2/change/enqueue`. Something was deployed or switched; nobody is asked to act.
//!
//! Source: <https://developer.pagerduty.com/docs/events-api-v2/send-change-events/>. Only `routing_key` and
//! `payload.summary` are required; a `timestamp` that is none is as if it were not sent.

use super::{DecodeError, Labels};
use crate::domain::going_on::Reported;
use crate::ingest::json::{self, List, Loose, record};
use crate::ingest::{limits, text};
use std::borrow::Cow;

record! {
    /// A body that is JSON; whether it tells of a change is asked after its key.
    pub struct Message<'a> {
        routing_key: Loose<'a> = "routing_key",
        payload: Option<Payload<'a>> = "payload",
        links: List<Link<'a>, { limits::LINKS_READ }> = "links",
        event_action: Loose<'a> = "event_action",
    }
}

record! {
    struct Payload<'a> {
        summary: Loose<'a> = "summary",
        source: Loose<'a> = "source",
        timestamp: Loose<'a> = "timestamp",
        custom_details: Loose<'a> = "custom_details",
    }
}

record! {
    struct Link<'a> {
        href: Loose<'a> = "href",
        text: Loose<'a> = "text",
    }
}

/// Reads a body as far as needed to know whose it is.
///
/// # Errors
/// When it is not a JSON object.
pub fn read(body: &[u8]) -> Result<Message<'_>, DecodeError> {
    let message: Message<'_> = json::read(body)?;
    match message.odd {
        Some(odd) => Err(DecodeError::new("the body", odd, "one change event as a JSON object")),
        None => Ok(message),
    }
}

/// The change of a body, whatever its key. See [`Message::change`].
pub fn decode(body: &[u8]) -> Result<Reported, Vec<DecodeError>> {
    read(body).map_err(|e| vec![e])?.change()
}

impl Message<'_> {
    /// The integration key, if there is one.
    pub fn routing_key(&self) -> Option<Cow<'_, str>> {
        self.routing_key.words()
    }

    /// The change. The details are `custom_details` one level deep, then the links after the first.
    ///
    /// # Errors
    /// Everything that is wrong, one entry a field.
    pub fn change(&self) -> Result<Reported, Vec<DecodeError>> {
        if !self.event_action.is_absent() {
            let mend = "nothing: a change has no action. An alert goes to /v2/enqueue";
            return Err(vec![DecodeError::new("event_action", &self.event_action.found(), mend)]);
        }
        let absent = Payload::default();
        let payload = self.payload.as_ref().unwrap_or(&absent);
        if let Some(odd) = payload.odd.filter(|odd| *odd != "null") {
            return Err(vec![DecodeError::new("payload", odd, "an object with `summary`")]);
        }
        let summary = text::one_line(&payload.summary.scalar().unwrap_or_default(), limits::TITLE_CHARS);
        if summary.is_empty() {
            let found = payload.summary.found();
            return Err(vec![DecodeError::new("payload.summary", &found, "what was changed, in one line")]);
        }
        let mut details = Labels::default();
        match payload.custom_details.pairs() {
            Some(pairs) => details.add_pairs(&pairs),
            None => details.add("custom_details", &payload.custom_details.any_text().unwrap_or_default()),
        }
        let mut link = None;
        for one in self.links.items() {
            let Some(url) = one.href.scalar().and_then(|url| text::link(&url)) else { continue };
            if link.is_none() {
                link = Some(url);
            } else {
                details.add_new(&one.text.words().unwrap_or(Cow::Borrowed("link")), &url);
            }
        }
        let mut details = details.0;
        details.truncate(limits::CHANGE_DETAILS_KEPT);
        Ok(Reported {
            summary,
            source: text::one_line(&payload.source.any_text().unwrap_or_default(), limits::LABEL_NAME_CHARS),
            link: link.unwrap_or_default(),
            details,
            made: payload.timestamp.scalar().and_then(|t| text::time(&t)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(body: &str) -> String {
        match decode(body.as_bytes()) {
            Ok(c) => {
                let details: Vec<String> = c.details.iter().map(|(n, v)| format!("{n}={v}")).collect();
                let made = c.made.map_or_else(String::new, |at| format!(" at {}", at.0));
                format!("{} ({}) <{}> {{{}}}{made}", c.summary, c.source, c.link, details.join(", "))
            }
            Err(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        }
    }

    #[test]
    fn good_odd_and_hostile_bodies() {
        let rows = [
            (
                "As PagerDuty's client sends it",
                r#"{"payload":{"summary":"Deployed v1.2.3","source":"ci","custom_details":{"sha":"abc"}},
                    "links":[{"href":"https://example.com/build/1","text":"build"}],"routing_key":"k"}"#,
                "Deployed v1.2.3 (ci) <https://example.com/build/1> {sha=abc}",
            ),
            (
                "With a time, and more than one link",
                r#"{"payload":{"summary":"flag on","timestamp":"2020-07-17T08:42:58.315+0000"},
                    "links":[{"href":"javascript:alert(1)"},{"href":"https://a"},{"href":"https://b","text":"diff"}]}"#,
                "flag on () <https://a> {diff=https://b} at 1594975378315",
            ),
            ("A summary is enough", r#"{"payload":{"summary":" two\n lines "}}"#, "two lines () <> {}"),
            ("A number is text", r#"{"payload":{"summary":42,"source":["a"]}}"#, "42 ([\"a\"]) <> {}"),
            (
                "Details that are no object",
                r#"{"payload":{"summary":"x","custom_details":"y"}}"#,
                "x () <> {custom_details=y}",
            ),
            ("No time is no time", r#"{"payload":{"summary":"x","timestamp":"yesterday"}}"#, "x () <> {}"),
            (
                "No summary",
                r#"{"payload":{"source":"ci"}}"#,
                "payload.summary: found nothing; send what was changed, in one line",
            ),
            ("No payload", "{}", "payload.summary: found nothing; send what was changed, in one line"),
            ("A payload that is none", r#"{"payload":[1]}"#, "payload: found a list; send an object with `summary`"),
            ("A list", "[]", "the body: found a list; send one change event as a JSON object"),
            (
                "An alert at the wrong door",
                r#"{"event_action":"trigger","payload":{"summary":"disk"}}"#,
                "event_action: found \"trigger\"; send nothing: a change has no action. An alert goes to /v2/enqueue",
            ),
        ];
        for (what, body, expected) in rows {
            assert_eq!(told(body), expected, "{what}");
        }
    }

    #[test]
    fn every_text_is_bounded() {
        let many: Vec<String> = (0..300).map(|n| format!(r#""d{n}":"{}""#, "v".repeat(3_000))).collect();
        let body = format!(
            r#"{{"payload":{{"summary":"{0}","source":"{0}","custom_details":{{{1}}}}},"links":[{{"href":"https://{0}"}}]}}"#,
            "x".repeat(5_000),
            many.join(",")
        );
        let c = decode(body.as_bytes()).expect("it can be read");
        assert_eq!(c.summary.chars().count(), limits::TITLE_CHARS);
        assert_eq!(c.source.chars().count(), limits::LABEL_NAME_CHARS);
        assert_eq!((c.details.len(), c.link.as_str()), (limits::CHANGE_DETAILS_KEPT, ""));
        assert!(c.details.iter().all(|(_, v)| v.chars().count() <= limits::LABEL_VALUE_CHARS));
    }

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&body);
        }

        #[test]
        fn whatever_is_taken_has_a_summary(summary in ".{0,60}", source in ".{0,20}", detail in ".{0,40}") {
            let body = serde_json::json!({"payload": {"summary": summary, "source": source, "custom_details": {"d": detail}}});
            if let Ok(c) = decode(body.to_string().as_bytes()) {
                prop_assert!(!c.summary.is_empty() && !c.summary.contains('\n') && !c.summary.contains('\0'));
            }
        }
    }
}
