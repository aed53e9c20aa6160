//! Blocks.

use super::Surface;
use super::check::Check;
use super::elements::{self, Place, element};
use super::objects::{self, Kind};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A list of blocks, at most `most`.
pub fn list(check: &mut Check, blocks: &[Value], at: &str, most: usize) {
    if blocks.len() > most {
        check.wrong(at, format!("no more than {most} items allowed"));
        return;
    }
    for (i, block) in blocks.iter().enumerate() {
        one(check, block, &format!("{at}/{i}"));
    }
}

fn one(check: &mut Check, v: &Value, at: &str) {
    let Some(map) = check.object(v, at) else { return };
    let Some(kind) = map.get("type").and_then(Value::as_str) else {
        check.wrong(at, "missing required field: type");
        return;
    };
    check.string(map, "block_id", at, 1, 255);
    if let Some(id) = map.get("block_id").and_then(Value::as_str)
        && !check.block_ids.insert(id.to_owned())
    {
        check.wrong(format!("{at}/block_id"), format!("`block_id` \"{id}\" already exists"));
    }
    match kind {
        "section" => section(check, map, at),
        "header" => {
            check.keys(map, at, &["type", "block_id", "text", "level"]);
            check.required(map, "text", at);
            objects::text_at(check, map, "text", at, Kind::Plain, 150);
        }
        "divider" => check.keys(map, at, &["type", "block_id"]),
        "context" => context(check, map, at),
        "actions" => {
            check.keys(map, at, &["type", "block_id", "elements"]);
            let mut ids = BTreeSet::new();
            for (i, v) in check.items(map, "elements", at, 1, 25).iter().enumerate() {
                element(check, v, &format!("{at}/elements/{i}"), Place::Actions, &mut ids);
            }
        }
        "input" => input(check, map, at),
        "image" => {
            elements::image(check, map, at, &["type", "block_id", "image_url", "slack_file", "alt_text", "title"]);
            objects::text_at(check, map, "title", at, Kind::Plain, 2_000);
        }
        "rich_text" => rich_text(check, map, at),
        "markdown" if check.surface == Surface::Message => {
            check.keys(map, at, &["type", "block_id", "text"]);
            check.needed_string(map, "text", at, 1, 12_000);
        }
        _ => check.wrong(format!("{at}/type"), format!("unsupported type: {kind}")),
    }
}

fn section(check: &mut Check, map: &Map<String, Value>, at: &str) {
    check.keys(map, at, &["type", "block_id", "text", "fields", "accessory", "expand"]);
    check.boolean(map, "expand", at);
    if !map.contains_key("text") && !map.contains_key("fields") {
        check.wrong(at, "must define either `text` or `fields`");
    }
    objects::text_at(check, map, "text", at, Kind::Either, 3_000);
    if map.contains_key("fields") {
        for (i, v) in check.items(map, "fields", at, 1, 10).iter().enumerate() {
            objects::text(check, v, &format!("{at}/fields/{i}"), Kind::Either, 2_000);
        }
    }
    if let Some(v) = map.get("accessory") {
        element(check, v, &format!("{at}/accessory"), Place::Accessory, &mut BTreeSet::new());
    }
}

fn context(check: &mut Check, map: &Map<String, Value>, at: &str) {
    check.keys(map, at, &["type", "block_id", "elements"]);
    for (i, v) in check.items(map, "elements", at, 1, 10).iter().enumerate() {
        let at = format!("{at}/elements/{i}");
        match v["type"].as_str() {
            // Slack documents no length for a context's text beyond the text object's own 3,000.
            Some("plain_text" | "mrkdwn") => objects::text(check, v, &at, Kind::Either, 3_000),
            _ => element(check, v, &at, Place::Context, &mut BTreeSet::new()),
        }
    }
}

fn input(check: &mut Check, map: &Map<String, Value>, at: &str) {
    check.keys(map, at, &["type", "block_id", "label", "element", "hint", "optional", "dispatch_action"]);
    check.required(map, "label", at);
    objects::text_at(check, map, "label", at, Kind::Plain, 2_000);
    objects::text_at(check, map, "hint", at, Kind::Plain, 2_000);
    check.boolean(map, "optional", at);
    check.boolean(map, "dispatch_action", at);
    match map.get("element") {
        Some(v) => element(check, v, &format!("{at}/element"), Place::Input, &mut BTreeSet::new()),
        None => check.wrong(at, "missing required field: element"),
    }
}

fn rich_text(check: &mut Check, map: &Map<String, Value>, at: &str) {
    check.keys(map, at, &["type", "block_id", "elements"]);
    let parts = ["rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"];
    for (i, v) in check.items(map, "elements", at, 1, 1_000).iter().enumerate() {
        let at = format!("{at}/elements/{i}");
        let Some(part) = check.object(v, &at) else { continue };
        let Some(kind) = part.get("type").and_then(Value::as_str).filter(|k| parts.contains(k)) else {
            check.wrong(format!("{at}/type"), format!("must be a valid enum value: {}", parts.join(", ")));
            continue;
        };
        let inner = check.items(part, "elements", &at, 0, 1_000);
        if kind == "rich_text_list" {
            check.word(part, "style", &at, &["bullet", "ordered"]);
            for (j, v) in inner.iter().enumerate() {
                if v["type"] != "rich_text_section" {
                    check.wrong(format!("{at}/elements/{j}/type"), "must be a valid enum value: rich_text_section");
                }
            }
            continue;
        }
        for (j, v) in inner.iter().enumerate() {
            rich_leaf(check, v, &format!("{at}/elements/{j}"));
        }
    }
}

fn rich_leaf(check: &mut Check, v: &Value, at: &str) {
    let Some(map) = check.object(v, at) else { return };
    let needed = match map.get("type").and_then(Value::as_str) {
        Some("text") => "text",
        Some("link") => "url",
        Some("emoji") => "name",
        Some("user") => "user_id",
        Some("usergroup") => "usergroup_id",
        Some("channel") => "channel_id",
        Some("broadcast") => "range",
        Some("color") => "value",
        Some("date") => "format",
        Some(other) => return check.wrong(format!("{at}/type"), format!("unsupported type: {other}")),
        None => return check.wrong(at, "missing required field: type"),
    };
    check.needed_string(map, needed, at, 1, 40_000);
}
