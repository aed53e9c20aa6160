//! What a message says: text, blocks, attachments and metadata, checked and filled in as Slack does before storing.

use super::answer::Refused;
use super::args::Args;
use super::limits;
use super::state::Slack;
use serde_json::{Map, Value, json};

/// A message's content. A field that was not sent is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Content {
    pub text: Option<String>,
    pub blocks: Option<Vec<Value>>,
    pub attachments: Option<Vec<Value>>,
    pub metadata: Option<Value>,
    /// The text had more than 40,000 characters and was cut.
    pub cut: bool,
}

impl Content {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.text.as_deref().unwrap_or("").is_empty()
            && self.blocks.as_ref().is_none_or(Vec::is_empty)
            && self.attachments.as_ref().is_none_or(Vec::is_empty)
    }
}

impl Slack {
    /// Reads and checks the content of a call.
    ///
    /// # Errors
    /// `invalid_blocks_format`, `invalid_blocks`, `msg_blocks_too_long`, `too_many_attachments`, `invalid_attachments`,
    /// `invalid_metadata_format`, `invalid_metadata_schema`, `metadata_too_large`.
    pub(super) fn content(&mut self, args: Args<'_>) -> Result<Content, Refused> {
        let mut content = Content { text: args.text("text"), ..Content::default() };
        if let Some(text) = &mut content.text
            && let Some((end, _)) = text.char_indices().nth(limits::CUT_AFTER)
        {
            text.truncate(end);
            content.cut = true;
        }
        content.blocks = match args.json("blocks") {
            Ok(None) => None,
            Ok(Some(Value::Array(blocks))) => Some(self.message_blocks(blocks, "/blocks")?),
            Ok(Some(_)) | Err(()) => return Err("invalid_blocks_format".into()),
        };
        if content.blocks.as_ref().is_some_and(|b| limits::blocks_too_long(b)) {
            return Err("msg_blocks_too_long".into());
        }
        content.attachments = match args.json("attachments") {
            Ok(None) => None,
            Ok(Some(Value::Array(list))) => Some(self.attachments(list)?),
            Ok(Some(_)) | Err(()) => return Err("invalid_attachments".into()),
        };
        content.metadata = match args.json("metadata") {
            Ok(None) => None,
            Ok(Some(Value::Object(map))) => Some(metadata(map)?),
            Ok(Some(_)) | Err(()) => return Err("invalid_metadata_format".into()),
        };
        Ok(content)
    }

    fn message_blocks(&mut self, mut blocks: Vec<Value>, at: &str) -> Result<Vec<Value>, Refused> {
        let complaints = limits::message_blocks(&blocks, at);
        if !complaints.is_empty() {
            let said: Vec<String> = complaints.iter().map(|c| format!("[ERROR] {c}")).collect();
            return Err(Refused::with(
                "invalid_blocks",
                json!({"errors": complaints, "response_metadata": {"messages": said}}),
            ));
        }
        self.fill_blocks(&mut blocks);
        Ok(blocks)
    }

    fn attachments(&mut self, list: Vec<Value>) -> Result<Vec<Value>, Refused> {
        if list.len() > limits::ATTACHMENTS {
            return Err("too_many_attachments".into());
        }
        let mut out = Vec::new();
        for (i, attachment) in list.into_iter().enumerate() {
            let Value::Object(mut map) = attachment else { return Err("invalid_attachments".into()) };
            if let Some(blocks) = map.remove("blocks") {
                let Value::Array(blocks) = blocks else { return Err("invalid_blocks_format".into()) };
                let blocks = self.message_blocks(blocks, &format!("/attachments/{i}/blocks"))?;
                if limits::blocks_too_long(&blocks) {
                    return Err("msg_blocks_too_long".into());
                }
                map.insert("blocks".into(), blocks.into());
            }
            if let Some(color) = map.get_mut("color").filter(|c| c.is_string()) {
                // Slack gives colours back as bare hex digits.
                let hex = match color.as_str().unwrap_or("") {
                    "good" => "2eb886".to_owned(),
                    "warning" => "daa038".to_owned(),
                    "danger" => "a30200".to_owned(),
                    other => other.trim_start_matches('#').to_owned(),
                };
                *color = hex.into();
            }
            map.insert("id".into(), (i + 1).into());
            map.entry("fallback").or_insert_with(|| "[no preview available]".into());
            out.push(Value::Object(map));
        }
        Ok(out)
    }

    /// Gives every block, and every element that can act, the id Slack would give it, and text its defaults.
    pub(super) fn fill_blocks(&mut self, blocks: &mut [Value]) {
        for block in blocks {
            let Value::Object(map) = block else { continue };
            if !map.contains_key("block_id") {
                let id = self.random_word(5);
                map.insert("block_id".into(), id.into());
            }
            for key in ["text", "label", "hint", "title"] {
                fill_text(map.get_mut(key));
            }
            if map.get("type").is_some_and(|t| t == "input") {
                map.entry("optional").or_insert(Value::Bool(false));
                map.entry("dispatch_action").or_insert(Value::Bool(false));
            }
            for key in ["fields", "elements"] {
                if let Some(Value::Array(items)) = map.get_mut(key) {
                    for item in items {
                        fill_text(Some(item));
                        self.fill_element(item);
                    }
                }
            }
            for key in ["accessory", "element"] {
                if let Some(element) = map.get_mut(key) {
                    self.fill_element(element);
                }
            }
        }
    }

    fn fill_element(&mut self, element: &mut Value) {
        let Value::Object(map) = element else { return };
        let kind = map.get("type").and_then(Value::as_str).unwrap_or("").to_owned();
        if matches!(kind.as_str(), "" | "image" | "plain_text" | "mrkdwn") || kind.starts_with("rich_text_") {
            return;
        }
        if !map.contains_key("action_id") {
            let id = self.random_word(5);
            map.insert("action_id".into(), id.into());
        }
        fill_text(map.get_mut("text"));
        fill_text(map.get_mut("placeholder"));
        fill_options(map);
    }
}

fn fill_options(map: &mut Map<String, Value>) {
    for key in ["options", "initial_options", "option_groups"] {
        if let Some(Value::Array(items)) = map.get_mut(key) {
            for item in items {
                let Value::Object(option) = item else { continue };
                fill_text(option.get_mut("text"));
                fill_text(option.get_mut("label"));
                fill_text(option.get_mut("description"));
                fill_options(option);
            }
        }
    }
    if let Some(Value::Object(option)) = map.get_mut("initial_option") {
        fill_text(option.get_mut("text"));
        fill_text(option.get_mut("description"));
    }
}

fn fill_text(v: Option<&mut Value>) {
    let Some(Value::Object(map)) = v else { return };
    match map.get("type").and_then(Value::as_str) {
        Some("plain_text") => map.entry("emoji").or_insert(Value::Bool(true)),
        Some("mrkdwn") => map.entry("verbatim").or_insert(Value::Bool(false)),
        _ => return,
    };
}

/// Metadata must be an event type and a payload of strings; an empty object means "none".
///
/// Slack also takes numbers and booleans; we refuse them because the library we read envelopes with cannot.
fn metadata(map: Map<String, Value>) -> Result<Value, Refused> {
    if map.is_empty() {
        return Ok(json!({}));
    }
    if map.keys().any(|k| k != "event_type" && k != "event_payload") {
        return Err("invalid_metadata_format".into());
    }
    let (Some(Value::String(kind)), Some(Value::Object(payload))) = (map.get("event_type"), map.get("event_payload"))
    else {
        return Err("invalid_metadata_format".into());
    };
    if kind.is_empty() || payload.values().any(|v| !v.is_string()) {
        return Err("invalid_metadata_schema".into());
    }
    let v = Value::Object(map);
    if v.to_string().len() > limits::METADATA_BYTES {
        return Err("metadata_too_large".into());
    }
    Ok(v)
}
