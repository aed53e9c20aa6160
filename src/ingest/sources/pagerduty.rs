//! PagerDuty's Events API v2: `POST /v2/enqueue`.
//!
//! Source: <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>. What PagerDuty accepts is accepted;
//! what it refuses (an unknown `event_action` or `severity`, no `summary`) is refused, in its shape, with a sentence per
//! field.

use super::{DecodeError, Labels};
use crate::domain::input::{Event, EventAction};
use crate::ingest::json::{self, List, Loose, record};
use crate::ingest::{limits, text};
use std::borrow::Cow;

record! {
    /// A body that is JSON; whether it is an event is asked after its key.
    pub struct Message<'a> {
        routing_key: Loose<'a> = "routing_key",
        event_action: Loose<'a> = "event_action",
        dedup_key: Loose<'a> = "dedup_key",
        payload: Option<Payload<'a>> = "payload",
        links: List<Link<'a>, { limits::LINKS_READ }> = "links",
        images: List<Link<'a>, { limits::LINKS_READ }> = "images",
        client: Loose<'a> = "client",
        client_url: Loose<'a> = "client_url",
        service_key: Loose<'a> = "service_key",
    }
}

record! {
    struct Payload<'a> {
        summary: Loose<'a> = "summary",
        source: Loose<'a> = "source",
        severity: Loose<'a> = "severity",
        component: Loose<'a> = "component",
        group: Loose<'a> = "group",
        class: Loose<'a> = "class",
        custom_details: Loose<'a> = "custom_details",
    }
}

record! {
    /// Of `links`: `href` and `text`; of `images`: `src`, `href` and `alt`.
    struct Link<'a> {
        href: Loose<'a> = "href",
        text: Loose<'a> = "text",
        src: Loose<'a> = "src",
        alt: Loose<'a> = "alt",
    }
}

/// Reads a body as far as needed to know whose it is.
///
/// # Errors
/// When it is not a JSON object.
pub fn read(body: &[u8]) -> Result<Message<'_>, DecodeError> {
    let message: Message<'_> = json::read(body)?;
    match message.odd {
        Some(odd) => Err(DecodeError::new("the body", odd, "one event as a JSON object")),
        None => Ok(message),
    }
}

/// The event of a body, whatever its key. See [`Message::event`].
pub fn decode(body: &[u8], generated_key: &str) -> Result<Event, Vec<DecodeError>> {
    read(body).map_err(|e| vec![e])?.event(generated_key)
}

impl Message<'_> {
    /// The integration key, if there is one.
    pub fn routing_key(&self) -> Option<Cow<'_, str>> {
        self.routing_key.words()
    }

    /// The event. `generated_key` becomes the dedup key of a trigger without one: unique, as PagerDuty does it.
    ///
    /// The labels are severity, source, component, group, class and client, then `custom_details` one level deep (what
    /// nests further stays JSON text), then links and images.
    ///
    /// # Errors
    /// Everything that is wrong, one entry a field.
    pub fn event(&self, generated_key: &str) -> Result<Event, Vec<DecodeError>> {
        let mut errors = Vec::new();
        let action = match self.event_action.words().as_deref() {
            Some("trigger") => Some(EventAction::Trigger),
            Some("acknowledge") => Some(EventAction::Acknowledge),
            Some("resolve") => Some(EventAction::Resolve),
            _ => {
                let mut mend = "one of \"trigger\", \"acknowledge\", \"resolve\"".to_owned();
                if !self.service_key.is_absent() {
                    mend.push_str("; this looks like Events API v1, which is not spoken here");
                }
                errors.push(DecodeError::new("event_action", &self.event_action.found(), mend));
                None
            }
        };
        let dedup_key = match (self.dedup_key.words(), action) {
            (Some(key), _) => text::dedup_key(&key),
            (None, Some(EventAction::Acknowledge | EventAction::Resolve)) => {
                let mend = "the dedup_key that the trigger had or was answered with";
                errors.push(DecodeError::new("dedup_key", &self.dedup_key.found(), mend));
                "".into()
            }
            (None, _) => text::dedup_key(generated_key),
        };
        let absent = Payload::default();
        let payload = self.payload.as_ref().unwrap_or(&absent);
        if action == Some(EventAction::Trigger) {
            check(payload, &mut errors);
        }
        let Some(action) = action.filter(|_| errors.is_empty()) else { return Err(errors) };
        let (link, labels) = self.link_and_labels(payload);
        Ok(Event {
            action,
            dedup_key,
            title: title(payload),
            link,
            labels,
            // `payload.timestamp` is when this message was made: a repeat has another one, so it names no episode.
            starts_at: None,
            ends_at: None,
        })
    }

    fn link_and_labels(&self, payload: &Payload<'_>) -> (String, Vec<(String, String)>) {
        let mut labels = Labels::default();
        let of_pagerduty = [
            ("severity", payload.severity),
            ("source", payload.source),
            ("component", payload.component),
            ("group", payload.group),
            ("class", payload.class),
            ("client", self.client),
        ];
        for (name, value) in of_pagerduty {
            labels.add(name, &value.any_text().unwrap_or_default());
        }
        let named = labels.0.len();
        match payload.custom_details.pairs() {
            Some(details) => {
                for (name, value) in &details {
                    // What PagerDuty itself names is not renamed by a detail.
                    if !labels.0[..named].iter().any(|(n, _)| n == name) {
                        labels.add(name, &value.any_text().unwrap_or_default());
                    }
                }
            }
            None => labels.add("custom_details", &payload.custom_details.any_text().unwrap_or_default()),
        }
        let mut link = self.client_url.scalar().and_then(|url| text::link(&url));
        for one in self.links.items() {
            let Some(url) = one.href.scalar().and_then(|url| text::link(&url)) else { continue };
            if link.is_none() {
                link = Some(url);
            } else {
                labels.add_new(&one.text.words().unwrap_or(Cow::Borrowed("link")), &url);
            }
        }
        for image in self.images.items() {
            if let Some(url) = image.src.scalar().and_then(|url| text::link(&url)) {
                labels.add_new(&image.alt.words().unwrap_or(Cow::Borrowed("image")), &url);
            }
        }
        (link.unwrap_or_default(), labels.0)
    }
}

fn title(payload: &Payload<'_>) -> String {
    text::one_line(&payload.summary.scalar().unwrap_or_default(), limits::TITLE_CHARS)
}

/// What a trigger must say.
fn check(payload: &Payload<'_>, errors: &mut Vec<DecodeError>) {
    if let Some(odd) = payload.odd.filter(|odd| *odd != "null") {
        errors.push(DecodeError::new("payload", odd, "an object with `summary`, `source` and `severity`"));
        return;
    }
    if title(payload).is_empty() {
        errors.push(DecodeError::new("payload.summary", &payload.summary.found(), "what is wrong, in one line"));
    }
    if payload.source.words().is_none() {
        errors.push(DecodeError::new("payload.source", &payload.source.found(), "what is affected: a host, a service"));
    }
    let severity = payload.severity.words().unwrap_or_default().to_ascii_lowercase();
    if !["critical", "error", "warning", "info"].contains(&severity.as_str()) {
        let mend = "one of \"critical\", \"error\", \"warning\", \"info\"";
        errors.push(DecodeError::new("payload.severity", &payload.severity.found(), mend));
    }
}
