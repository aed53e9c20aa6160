//! Composition objects: text, options, groups, confirmations, filters.

use super::check::Check;
use serde_json::{Map, Value};

/// Which text objects a place takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only `plain_text`.
    Plain,
    /// Only `mrkdwn`, or plain: most places.
    Either,
}

/// A text object of at most `most` characters, and at least one.
pub fn text(check: &mut Check, v: &Value, at: &str, kind: Kind, most: usize) {
    let Some(map) = check.object(v, at) else { return };
    match map.get("type").and_then(Value::as_str) {
        Some("plain_text") => check.keys(map, at, &["type", "text", "emoji"]),
        Some("mrkdwn") if kind == Kind::Either => check.keys(map, at, &["type", "text", "verbatim"]),
        Some("mrkdwn") => check.wrong(format!("{at}/type"), "must be a valid enum value: plain_text"),
        Some(_) => check.wrong(format!("{at}/type"), "must be a valid enum value: plain_text, mrkdwn"),
        None => check.wrong(at, "missing required field: type"),
    }
    check.boolean(map, "emoji", at);
    check.boolean(map, "verbatim", at);
    check.needed_string(map, "text", at, 1, most);
}

/// A text object under `key`, if it is there.
pub fn text_at(check: &mut Check, map: &Map<String, Value>, key: &str, at: &str, kind: Kind, most: usize) {
    if let Some(v) = map.get(key) {
        text(check, v, &format!("{at}/{key}"), kind, most);
    }
}

/// A confirmation dialog under `confirm`, if it is there.
pub fn confirm(check: &mut Check, map: &Map<String, Value>, at: &str) {
    let Some(v) = map.get("confirm") else { return };
    let at = format!("{at}/confirm");
    let Some(c) = check.object(v, &at) else { return };
    check.keys(c, &at, &["title", "text", "confirm", "deny", "style"]);
    for (key, kind, most) in [
        ("title", Kind::Plain, 100),
        ("text", Kind::Either, 300),
        ("confirm", Kind::Plain, 30),
        ("deny", Kind::Plain, 30),
    ] {
        check.required(c, key, &at);
        text_at(check, c, key, &at, kind, most);
    }
    check.word(c, "style", &at, &["primary", "danger"]);
}

/// What an option may look like.
#[derive(Clone, Copy, Debug)]
pub struct OptionRules {
    pub text: Kind,
    /// Only an overflow menu's options have a `url`.
    pub url: bool,
}

/// One option.
pub fn option(check: &mut Check, v: &Value, at: &str, rules: OptionRules) {
    let Some(map) = check.object(v, at) else { return };
    let known: &[&str] =
        if rules.url { &["text", "value", "description", "url"] } else { &["text", "value", "description"] };
    check.keys(map, at, known);
    check.required(map, "text", at);
    text_at(check, map, "text", at, rules.text, 75);
    check.needed_string(map, "value", at, 1, 150);
    text_at(check, map, "description", at, rules.text, 75);
    check.url(map, "url", at, 3_000);
}

/// `options`, `least..=most` of them.
pub fn options(check: &mut Check, map: &Map<String, Value>, at: &str, least: usize, most: usize, rules: OptionRules) {
    for (i, v) in check.items(map, "options", at, least, most).iter().enumerate() {
        option(check, v, &format!("{at}/options/{i}"), rules);
    }
}

/// Exactly one of `options` (1..=100) and `option_groups` (1..=100).
pub fn options_or_groups(check: &mut Check, map: &Map<String, Value>, at: &str) {
    let rules = OptionRules { text: Kind::Plain, url: false };
    match (map.contains_key("options"), map.contains_key("option_groups")) {
        (true, false) => options(check, map, at, 1, 100, rules),
        (false, true) => {
            for (i, v) in check.items(map, "option_groups", at, 1, 100).iter().enumerate() {
                let at = format!("{at}/option_groups/{i}");
                let Some(group) = check.object(v, &at) else { continue };
                check.keys(group, &at, &["label", "options"]);
                check.required(group, "label", &at);
                text_at(check, group, "label", &at, Kind::Plain, 75);
                options(check, group, &at, 1, 100, rules);
            }
        }
        _ => check.wrong(at, "must define exactly one of `options` and `option_groups`"),
    }
}

/// Every option of a select, groups opened.
pub fn all_options(map: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let plain = map.get("options").and_then(Value::as_array).into_iter().flatten();
    let grouped = map
        .get("option_groups")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|g| g["options"].as_array())
        .flatten();
    plain.chain(grouped)
}

/// `initial_option`: must be one of the options, text and all.
pub fn initial_option(check: &mut Check, map: &Map<String, Value>, at: &str, rules: OptionRules) {
    if let Some(v) = map.get("initial_option") {
        let at = format!("{at}/initial_option");
        option(check, v, &at, rules);
        if !all_options(map).any(|o| same_option(o, v)) {
            check.wrong(at, "initial_option must exactly match one of the provided options");
        }
    }
}

/// `initial_options`: each one of the options.
pub fn initial_options(check: &mut Check, map: &Map<String, Value>, at: &str, rules: OptionRules) {
    if map.contains_key("initial_options") {
        for (i, v) in check.items(map, "initial_options", at, 1, 100).iter().enumerate() {
            let at = format!("{at}/initial_options/{i}");
            option(check, v, &at, rules);
            if !all_options(map).any(|o| same_option(o, v)) {
                check.wrong(at, "initial_options must exactly match one of the provided options");
            }
        }
    }
}

fn same_option(a: &Value, b: &Value) -> bool {
    a["value"] == b["value"] && a["text"]["text"] == b["text"]["text"]
}

/// A conversations select's `filter`.
pub fn filter(check: &mut Check, map: &Map<String, Value>, at: &str) {
    let Some(v) = map.get("filter") else { return };
    let at = format!("{at}/filter");
    let Some(f) = check.object(v, &at) else { return };
    check.keys(f, &at, &["include", "exclude_external_shared_channels", "exclude_bot_users"]);
    if f.is_empty() {
        check.wrong(&at, "must define at least one property");
    }
    if f.contains_key("include") {
        for (i, v) in check.items(f, "include", &at, 1, 4).iter().enumerate() {
            if !["im", "mpim", "private", "public"].contains(&v.as_str().unwrap_or("")) {
                check.wrong(format!("{at}/include/{i}"), "must be a valid enum value: im, mpim, private, public");
            }
        }
    }
}

/// `dispatch_action_config`.
pub fn dispatch(check: &mut Check, map: &Map<String, Value>, at: &str) {
    let Some(v) = map.get("dispatch_action_config") else { return };
    let at = format!("{at}/dispatch_action_config");
    let Some(d) = check.object(v, &at) else { return };
    check.keys(d, &at, &["trigger_actions_on"]);
    for (i, v) in check.items(d, "trigger_actions_on", &at, 1, 2).iter().enumerate() {
        if !["on_enter_pressed", "on_character_entered"].contains(&v.as_str().unwrap_or("")) {
            check.wrong(
                format!("{at}/trigger_actions_on/{i}"),
                "must be a valid enum value: on_enter_pressed, on_character_entered",
            );
        }
    }
}
