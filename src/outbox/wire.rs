//! Views as the Web API takes them.

use crate::domain::id::{IncidentNo, MessageRef, PageId, StoreId};
use crate::views::{self, Message};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Our `event_type` in message metadata. Any app of the workspace can read metadata: it holds ids only.
pub(super) const METADATA: &str = "warridor";

/// What a message can be found again by.
pub(super) fn metadata(store: StoreId, incident: IncidentNo, page: Option<PageId>) -> Value {
    let kind = if page.is_some() { "page" } else { "card" };
    let page = page.map(|p| p.0.to_string()).unwrap_or_default();
    json!({
        "event_type": METADATA,
        "event_payload": {
            "store": store.to_string(), "incident": incident.0.to_string(), "kind": kind, "page": page,
        }
    })
}

/// The arguments of a post or an edit that show `message`.
pub(super) fn shown(message: &Message, plain: bool) -> Value {
    if plain {
        return json!({ "text": message.text, "blocks": [], "attachments": [] });
    }
    let attachments: Vec<Value> = message
        .colored
        .iter()
        .map(|c| json!({ "color": c.color, "blocks": c.blocks, "fallback": message.text }))
        .collect();
    json!({ "text": message.text, "blocks": message.blocks, "attachments": attachments })
}

/// Says that the same may have been posted before, `if in_doubt`. Not part of what is compared with the state: the next
/// edit takes it away.
pub(super) fn mark(mut shown: Value, in_doubt: bool) -> Value {
    if !in_doubt {
        return shown;
    }
    match shown.get_mut("blocks").and_then(Value::as_array_mut).filter(|blocks| !blocks.is_empty()) {
        Some(blocks) => blocks.push(json!(views::kit::context(views::notice::SENT_AGAIN))),
        // Words only: blocks would hide them.
        None => {
            let text = shown.get("text").and_then(Value::as_str).unwrap_or_default();
            shown["text"] = json!(format!("{text}\n{}", views::notice::SENT_AGAIN));
        }
    }
    shown
}

/// `shown` with more arguments.
pub(super) fn with(mut shown: Value, more: Value) -> Value {
    if let (Some(all), Value::Object(more)) = (shown.as_object_mut(), more) {
        all.extend(more);
    }
    shown
}

/// A hash of what a message shows: 64 bits of SHA-256 over its JSON.
pub fn hash(shown: &Value) -> u64 {
    let digest = Sha256::digest(shown.to_string().as_bytes());
    digest.iter().take(8).fold(0, |h, b| (h << 8) | u64::from(*b))
}

/// The identity in the answer to a post. A reply with more, or less, than the library expects is still a success.
pub(super) fn posted(answer: &Value) -> Option<MessageRef> {
    let channel = answer.get("channel")?.as_str()?;
    let ts = answer.get("ts")?.as_str()?;
    Some(MessageRef { channel: channel.into(), ts: ts.into() })
}

/// The message with this metadata in an answer of `conversations.history`.
pub(super) fn found(answer: &Value, wanted: &Value) -> Option<String> {
    let messages = answer.get("messages")?.as_array()?;
    let ours = messages.iter().filter(|m| m.get("metadata") == Some(wanted));
    // The first post is the one that people saw; history gives the newest first.
    ours.filter_map(|m| m.get("ts")?.as_str()).next_back().map(str::to_owned)
}
