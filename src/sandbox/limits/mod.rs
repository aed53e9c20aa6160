//! Block Kit's documented limits: what a message or a view may hold before Slack answers `invalid_blocks` or
//! `invalid_arguments`. Sources: docs.slack.dev/reference/block-kit (blocks, block elements, composition objects) and
//! docs.slack.dev/reference/views.
//!
//! Like Slack, this refuses properties it does not know: one undocumented field and the whole message is gone.

mod blocks;
mod check;
mod elements;
mod objects;

use check::Check;
use serde_json::{Map, Value};

/// Where blocks are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Message,
    Modal,
    Home,
}

/// Characters of `text` after which a message without blocks is split.
pub const SPLIT_AFTER: usize = 4_000;
/// Characters of `text` after which a message is cut.
pub const CUT_AFTER: usize = 40_000;
/// Characters over all blocks of a message; undocumented, found by others at about this figure.
const ALL_BLOCKS: usize = 13_200;
/// Attachments of a message.
pub const ATTACHMENTS: usize = 100;
/// Bytes of a view as JSON (`view_too_large`).
pub const VIEW_BYTES: usize = 250_000;
/// Bytes of a message's metadata as JSON; Slack documents the error, not the figure.
pub const METADATA_BYTES: usize = 8_000;
/// Complaints after which the validator stops.
const COMPLAINTS: usize = 20;

/// What is wrong with a message's blocks, each ending in `[json-pointer:…]`. Empty: nothing.
pub fn message_blocks(blocks: &[Value], at: &str) -> Vec<String> {
    let mut check = Check::new(Surface::Message);
    blocks::list(&mut check, blocks, at, 50);
    check.complaints
}

/// Whether a message's blocks hold more text than Slack takes (`msg_blocks_too_long`).
pub fn blocks_too_long(blocks: &[Value]) -> bool {
    blocks.iter().map(text_chars).sum::<usize>() > ALL_BLOCKS
}

fn text_chars(v: &Value) -> usize {
    match v {
        Value::Array(items) => items.iter().map(text_chars).sum(),
        Value::Object(map) => map
            .iter()
            .map(|(key, inner)| match inner {
                Value::String(s) if key == "text" => s.chars().count(),
                _ => text_chars(inner),
            })
            .sum(),
        _ => 0,
    }
}

/// What is wrong with a view, pointers beginning `/view`. `home` says whether it is published as a Home tab.
pub fn view(view: &Map<String, Value>, home: bool) -> Vec<String> {
    let mut check = Check::new(if home { Surface::Home } else { Surface::Modal });
    let at = "/view";
    let expected = if home { "home" } else { "modal" };
    match view.get("type").and_then(Value::as_str) {
        Some(t) if t == expected => {}
        Some(_) => check.wrong(format!("{at}/type"), format!("must be \"{expected}\" here")),
        None => check.wrong(at, "missing required field: type"),
    }
    let common = ["type", "blocks", "private_metadata", "callback_id", "external_id"];
    let modal = ["title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"];
    let known: Vec<&str> = if home { common.to_vec() } else { [&common[..], &modal[..]].concat() };
    check.keys(view, at, &known);
    if !home {
        check.required(view, "title", at);
        for (key, most) in [("title", 24), ("submit", 24), ("close", 24)] {
            if let Some(text) = view.get(key).filter(|v| !v.is_null()) {
                objects::text(&mut check, text, &format!("{at}/{key}"), objects::Kind::Plain, most);
            }
        }
        for key in ["clear_on_close", "notify_on_close", "submit_disabled"] {
            check.boolean(view, key, at);
        }
    }
    check.string(view, "private_metadata", at, 0, 3_000);
    check.string(view, "callback_id", at, 0, 255);
    check.string(view, "external_id", at, 0, 255);
    match view.get("blocks") {
        Some(Value::Array(list)) => {
            if list.is_empty() && !home {
                check.wrong(format!("{at}/blocks"), "no fewer than 1 items allowed");
            }
            blocks::list(&mut check, list, &format!("{at}/blocks"), 100);
            let asks = list.iter().any(|b| b["type"] == "input");
            if !home && asks && view.get("submit").is_none_or(Value::is_null) {
                check.wrong(at, "must define `submit` to use an `input` block in modals");
            }
        }
        Some(_) => check.wrong(format!("{at}/blocks"), "must provide an array"),
        None => check.wrong(at, "missing required field: blocks"),
    }
    check.complaints
}

/// What is wrong with the options an app answers a `block_suggestion` with. None at all is an answer too.
pub fn suggestions(answer: &Map<String, Value>) -> Vec<String> {
    let mut check = Check::new(Surface::Modal);
    let rules = objects::OptionRules { text: objects::Kind::Plain, url: false };
    match (answer.contains_key("options"), answer.contains_key("option_groups")) {
        (true, false) => objects::options(&mut check, answer, "", 0, 100, rules),
        (false, true) => objects::options_or_groups(&mut check, answer, ""),
        _ => check.wrong("", "must define exactly one of `options` and `option_groups`"),
    }
    check.complaints
}

#[cfg(test)]
mod tests;
