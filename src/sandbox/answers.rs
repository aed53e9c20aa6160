//! What the payload of an acknowledgement does: a command's immediate response, a submission's `response_action`.
//! Source: docs.slack.dev/surfaces/modals and docs.slack.dev/interactivity/implementing-slash-commands.

use super::envelopes::Verdict;
use super::interactions::Act;
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Map, Value, json};

impl Slack {
    /// What the payload of an acknowledgement does.
    pub(super) fn take_answer(&mut self, act: Act, payload: Value, now: At) -> Verdict {
        let fine = |body| Verdict { ok: true, body };
        match act {
            Act::Slash { user, channel, .. } => self.take_response(&user, &channel, payload, now),
            Act::Submit { user, view } => self.take_submission(&user, &view, &payload, now),
            Act::Suggest => self.take_options(&payload),
            Act::Click { .. } | Act::Shortcut { .. } | Act::Closed | Act::Event => fine(json!({})),
        }
    }

    fn take_response(&mut self, user: &str, channel: &str, payload: Value, now: At) -> Verdict {
        let body = match payload {
            Value::Object(map) if !map.is_empty() => map,
            Value::String(s) if !s.is_empty() => Map::from_iter([("text".to_owned(), Value::String(s))]),
            _ => return Verdict { ok: true, body: json!({}) },
        };
        match self.content(super::args::Args(&body)) {
            Ok(content) if content.is_empty() => Verdict { ok: true, body: Value::Object(body) },
            Ok(content) => {
                if body.get("response_type").is_some_and(|t| t == "in_channel") {
                    self.post(channel, content, None, false, now);
                } else {
                    self.show_ephemeral(channel, user, content, None, now);
                }
                Verdict { ok: true, body: Value::Object(body) }
            }
            Err(refused) => Verdict { ok: false, body: refused.body() },
        }
    }

    fn take_submission(&mut self, user: &str, view: &str, payload: &Value, now: At) -> Verdict {
        let trouble = |why: String| Verdict {
            ok: false,
            body: json!({"error": "bad_response_action", "why": format!("Slack shows \"We had some trouble connecting\": {why}")}),
        };
        let Some(action) = payload["response_action"].as_str() else {
            self.close_view(view);
            return Verdict { ok: true, body: json!({}) };
        };
        let blocks = self.views.by_id.get(view).map(|v| v.blocks().to_vec()).unwrap_or_default();
        let checked = match action {
            "clear" => {
                self.close_all(user);
                Ok(())
            }
            "errors" => {
                let inputs: Vec<&str> =
                    blocks.iter().filter(|b| b["type"] == "input").filter_map(|b| b["block_id"].as_str()).collect();
                let Some(errors) = payload["errors"].as_object().filter(|e| !e.is_empty()) else {
                    return trouble("`errors` must be an object of block ids".into());
                };
                if let Some(stray) = errors.keys().find(|k| !inputs.contains(&k.as_str())) {
                    return trouble(format!("`errors` names \"{stray}\", which is no input block of this view"));
                }
                let body = json!({"error": "view_errors", "response_action": "errors", "errors": errors});
                return Verdict { ok: false, body };
            }
            "update" => self.checked_view(payload["view"].clone(), false, Some(view)).map(|body| {
                self.replace_view(view, body, now);
            }),
            "push" => self
                .checked_view(payload["view"].clone(), false, None)
                .and_then(|body| self.push_view(user, body, now))
                .map(|_| ()),
            other => return trouble(format!("`response_action` is \"{other}\"")),
        };
        match checked {
            Ok(()) => Verdict { ok: true, body: json!({"response_action": action}) },
            Err(refused) => {
                let said = refused.body().to_string();
                self.interactions.warn(user, view, "bad_response_action");
                trouble(said)
            }
        }
    }

    /// What a person sees when an act was not acknowledged.
    pub(super) fn show_failure(&mut self, act: &Act, error: &str, now: At) {
        match act {
            Act::Click { user, place } | Act::Submit { user, view: place } => {
                self.interactions.warn(user, place, error);
            }
            Act::Slash { user, channel, command } => {
                let text = format!("{command} failed because the app did not respond (`{error}`).");
                let content = super::content::Content { text: Some(text), ..super::content::Content::default() };
                let ts = self.show_ephemeral(channel, user, content, None, now);
                if let Some(e) = self.ephemerals.iter_mut().rev().find(|e| e.message.ts == ts) {
                    e.message.user = "USLACKBOT".into();
                    e.message.by_app = false;
                }
            }
            Act::Shortcut { .. } | Act::Closed | Act::Event | Act::Suggest => {}
        }
        self.touch();
    }
}
