//! External selects: what a person types goes to the app as `block_suggestion`, and the app's acknowledgement carries
//! the options. Source: docs.slack.dev/reference/interaction-payloads/block_suggestion-payload.

use super::envelopes::{EnvelopeId, Verdict};
use super::forms;
use super::interactions::{Act, Cannot};
use super::limits;
use super::messages::Ts;
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Map, Value, json};

/// Options an app offered, remembered over all selects.
const OFFERED: usize = 2_000;

/// Where an external select stands.
#[derive(Clone, Debug, Default)]
pub struct Asking {
    /// Id or handle.
    pub user: String,
    /// A modal or Home tab; empty for a message.
    pub view_id: String,
    pub channel: String,
    pub ts: String,
    pub block_id: String,
    pub action_id: String,
    /// What was typed so far.
    pub value: String,
}

impl Slack {
    /// A person types into an external select.
    ///
    /// # Errors
    /// No such select there, or fewer characters than its `min_query_length` (3 when not given).
    pub fn suggest(&mut self, asking: &Asking, now: At) -> Result<EnvelopeId, Cannot> {
        let user = self.actor(&asking.user)?;
        let mut payload = self.payload("block_suggestion", &user);
        let blocks = if asking.view_id.is_empty() {
            let channel = self.place(&asking.channel, &user, now)?;
            let found = asking.ts.parse::<Ts>().ok().and_then(|ts| self.messages.get(&channel, ts).cloned());
            let Some(m) = found else {
                let why = format!("`ts`: no message {} there", asking.ts);
                return Err(Cannot::new(404, "message_not_found", why));
            };
            payload["container"] =
                json!({"type": "message", "message_ts": asking.ts, "channel_id": channel, "is_ephemeral": false});
            payload["channel"] = self.channel_stub(&channel);
            payload["message"] = m.shape(&channel, &self.ws, true);
            let attached = m.attachments.iter().filter_map(|a| a["blocks"].as_array()).flatten();
            m.blocks.iter().chain(attached).cloned().collect()
        } else {
            let view = self.open_view(&asking.view_id, &user)?;
            let blocks = view.blocks().to_vec();
            payload["container"] = json!({"type": "view", "view_id": asking.view_id});
            payload["view"] = self.view_shape(&asking.view_id);
            blocks
        };
        let all = forms::elements(&blocks);
        let fits = |e: &&forms::Element<'_>| {
            e.action_id() == asking.action_id
                && e.kind().ends_with("external_select")
                && (asking.block_id.is_empty() || e.block_id == asking.block_id)
        };
        let Some(e) = all.iter().find(fits) else {
            let why = format!("`action_id`: no external select \"{}\" there", asking.action_id);
            return Err(Cannot::new(404, "action_not_found", why));
        };
        let least = e.map.get("min_query_length").and_then(Value::as_u64).unwrap_or(3);
        if (asking.value.chars().count() as u64) < least {
            let why = format!("`value`: Slack asks the app from {least} characters on");
            return Err(Cannot::new(400, "query_too_short", why));
        }
        payload["block_id"] = e.block_id.into();
        payload["action_id"] = e.action_id().into();
        payload["value"] = asking.value.clone().into();
        let act = Act::Suggest;
        Ok(self.envelope("interactive", payload, act, now))
    }

    /// The app's answer: at most 100 options or groups of them, or Slack shows nothing.
    pub(super) fn take_options(&mut self, payload: &Value) -> Verdict {
        let Some(map) = payload.as_object() else {
            return Verdict { ok: false, body: json!({"error": "bad_options", "why": "no options were answered"}) };
        };
        let complaints = limits::suggestions(map);
        if !complaints.is_empty() {
            return Verdict { ok: false, body: json!({"error": "bad_options", "why": complaints.join("; ")}) };
        }
        for o in forms::options(map) {
            if self.offered.len() >= OFFERED {
                self.offered.pop_first();
            }
            if let Some(value) = o["value"].as_str() {
                self.offered.insert(value.to_owned(), o.clone());
            }
        }
        let only = |key: &str| map.get(key).map(|v| (key.to_owned(), v.clone()));
        let body: Map<String, Value> = ["options", "option_groups"].into_iter().filter_map(only).collect();
        Verdict { ok: true, body: Value::Object(body) }
    }
}
