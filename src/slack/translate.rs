//! What an envelope means: bytes in, words of our own out. Knows no state and no configuration.
//!
//! Read from the raw JSON where the library's types drop what we need (a selected option in `state.values`, the name in
//! a slash command). Everything but what is used may be missing.

use super::envelope::{Envelope, EnvelopeKind};
use crate::domain::id::{ChannelId, SlackUserId};
use crate::domain::input::Deed;
use crate::domain::stamp::At;
use crate::views::action_id::{Action, SNOOZE_BLOCK, SNOOZE_CHOICE, SNOOZE_MODAL, Subject};
use serde_json::Value;

/// What somebody did in Slack.
#[derive(Clone, Debug, PartialEq)]
pub enum Gesture {
    /// Pressed a button that acts at once.
    Press { by: SlackUserId, subject: Subject, deed: Deed, response_url: Option<String> },
    /// Pressed a button that opens the snooze modal.
    OpenSnooze { by: SlackUserId, subject: Subject, trigger_id: String, response_url: Option<String> },
    /// Submitted the snooze modal. `view` is the view's id with its hash.
    SubmitSnooze { by: SlackUserId, subject: Subject, until: At, view: String },
    /// Typed a slash command.
    Slash { by: SlackUserId, channel: ChannelId, command: String, text: String, response_url: Option<String> },
    /// Ours, but it does not say what it must; why.
    Unclear { by: Option<SlackUserId>, response_url: Option<String>, why: &'static str },
    /// Nothing of ours.
    NotForUs,
}

/// Reads an envelope.
pub fn gesture(envelope: &Envelope) -> Gesture {
    let p = &envelope.payload;
    match (&envelope.kind, text(p, "/type").as_deref()) {
        (EnvelopeKind::SlashCommand, _) => slash(p),
        (EnvelopeKind::Interactive, Some("block_actions")) => block_actions(p),
        (EnvelopeKind::Interactive, Some("view_submission")) => view_submission(p),
        (EnvelopeKind::Interactive | EnvelopeKind::EventsApi | EnvelopeKind::Other(_), _) => Gesture::NotForUs,
    }
}

fn slash(p: &Value) -> Gesture {
    let (Some(by), Some(channel), Some(command)) = (text(p, "/user_id"), text(p, "/channel_id"), text(p, "/command"))
    else {
        return unclear(p, "a slash command without user, channel or command");
    };
    Gesture::Slash {
        by: by.into(),
        channel: channel.into(),
        command,
        text: text(p, "/text").unwrap_or_default(),
        response_url: text(p, "/response_url"),
    }
}

fn block_actions(p: &Value) -> Gesture {
    let Some(action) = p.pointer("/actions/0/action_id").and_then(Value::as_str).and_then(Action::parse) else {
        return Gesture::NotForUs;
    };
    let Some(by) = text(p, "/user/id") else { return unclear(p, "a click without a user") };
    let subject = p.pointer("/actions/0/value").and_then(Value::as_str).and_then(Subject::parse);
    let Some(subject) = subject else { return unclear(p, "a button without its incident") };
    let (by, response_url) = (SlackUserId::from(by), text(p, "/response_url"));
    let deed = match action {
        Action::Snooze => {
            let Some(trigger_id) = text(p, "/trigger_id") else { return unclear(p, "a click without a trigger") };
            return Gesture::OpenSnooze { by, subject, trigger_id, response_url };
        }
        Action::Acknowledge => Deed::Acknowledge,
        Action::EndSnooze => Deed::EndSnooze,
        Action::Escalate => Deed::Escalate,
        Action::Resolve => Deed::Resolve { note: None },
        Action::Reopen => Deed::Reopen,
    };
    Gesture::Press { by, subject, deed, response_url }
}

fn view_submission(p: &Value) -> Gesture {
    if text(p, "/view/callback_id").as_deref() != Some(SNOOZE_MODAL) {
        return Gesture::NotForUs;
    }
    let Some(by) = text(p, "/user/id") else { return unclear(p, "a modal without a user") };
    let subject = text(p, "/view/private_metadata").as_deref().and_then(Subject::parse);
    let chosen = format!("/view/state/values/{SNOOZE_BLOCK}/{SNOOZE_CHOICE}/selected_option/value");
    let until = text(p, &chosen).and_then(|ms| ms.parse().ok()).map(At);
    let (Some(subject), Some(until)) = (subject, until) else { return unclear(p, "a modal without its choice") };
    let (id, hash) = (text(p, "/view/id").unwrap_or_default(), text(p, "/view/hash").unwrap_or_default());
    Gesture::SubmitSnooze { by: by.into(), subject, until, view: format!("{id}/{hash}") }
}

fn unclear(p: &Value, why: &'static str) -> Gesture {
    let by = text(p, "/user/id").or_else(|| text(p, "/user_id")).map(SlackUserId::from);
    Gesture::Unclear { by, response_url: text(p, "/response_url"), why }
}

fn text(p: &Value, pointer: &str) -> Option<String> {
    p.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{IncidentNo, StoreId};
    use crate::slack::envelope::{Frame, parse};
    use serde_json::json;

    fn envelope(kind: &str, payload: &Value) -> Envelope {
        let frame = json!({ "type": kind, "envelope_id": "e1", "payload": payload }).to_string();
        match parse(&frame) {
            Frame::Envelope(e) => e,
            other => panic!("{other:?}"),
        }
    }

    fn subject() -> Subject {
        Subject { store: StoreId(0xabc), incident: IncidentNo(12) }
    }

    #[test]
    fn every_button_we_draw_is_understood_when_pressed() {
        for action in Action::ALL {
            let payload = json!({
                "type": "block_actions", "user": { "id": "U1" }, "trigger_id": "t",
                "actions": [{ "action_id": action.id(), "value": subject().value() }],
            });
            match gesture(&envelope("interactive", &payload)) {
                Gesture::Press { by, subject: s, .. } | Gesture::OpenSnooze { by, subject: s, .. } => {
                    assert_eq!((by.as_str(), s), ("U1", subject()), "{action:?}");
                }
                other => panic!("{action:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_is_ours_but_damaged_is_unclear_and_what_is_not_ours_is_left_alone() {
        let click = |action: Value| {
            gesture(&envelope(
                "interactive",
                &json!({ "type": "block_actions", "user": { "id": "U1" }, "actions": [action] }),
            ))
        };
        let damaged = [
            json!({ "action_id": "incident.acknowledge" }),
            json!({ "action_id": "incident.acknowledge", "value": "12" }),
            json!({ "action_id": "incident.acknowledge", "value": "zz/12" }),
            json!({ "action_id": "incident.snooze", "value": subject().value() }),
        ];
        for action in damaged {
            assert!(matches!(click(action.clone()), Gesture::Unclear { .. }), "{action}");
        }
        assert_eq!(click(json!({ "action_id": "other.app", "value": "1" })), Gesture::NotForUs);
        assert_eq!(gesture(&envelope("events_api", &json!({ "event": {} }))), Gesture::NotForUs);
        assert_eq!(gesture(&envelope("interactive", &Value::Null)), Gesture::NotForUs);
    }

    #[test]
    fn a_submitted_snooze_says_until_when() {
        let payload = json!({
            "type": "view_submission", "user": { "id": "U1" },
            "view": { "id": "V1", "hash": "h", "callback_id": SNOOZE_MODAL, "private_metadata": subject().value(),
                "state": { "values": { SNOOZE_BLOCK: { SNOOZE_CHOICE: { "selected_option": { "value": "5000" } } } } } },
        });
        let expected =
            Gesture::SubmitSnooze { by: "U1".into(), subject: subject(), until: At(5_000), view: "V1/h".to_owned() };
        assert_eq!(gesture(&envelope("interactive", &payload)), expected);
    }
}
