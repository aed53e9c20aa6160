//! Interactive elements and images inside blocks.

use super::Surface;
use super::check::Check;
use super::objects::{self, Kind, OptionRules};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Where an element stands: each block takes only some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Accessory,
    Actions,
    Context,
    Input,
}

const SELECTS: [&str; 10] = [
    "static_select",
    "external_select",
    "users_select",
    "conversations_select",
    "channels_select",
    "multi_static_select",
    "multi_external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
];
const PICKERS: [&str; 5] = ["datepicker", "timepicker", "datetimepicker", "radio_buttons", "checkboxes"];
const TYPED: [&str; 6] =
    ["plain_text_input", "number_input", "email_text_input", "url_text_input", "rich_text_input", "file_input"];

/// The element types a place takes.
fn fits(place: Place, kind: &str) -> bool {
    let shared = SELECTS.contains(&kind) || PICKERS.contains(&kind);
    match place {
        Place::Accessory => (shared && kind != "datetimepicker") || ["button", "image", "overflow"].contains(&kind),
        Place::Actions => shared || ["button", "overflow"].contains(&kind),
        Place::Context => kind == "image",
        Place::Input => shared || TYPED.contains(&kind),
    }
}

/// One element; `ids` are the action ids already seen in its block.
pub fn element(check: &mut Check, v: &Value, at: &str, place: Place, ids: &mut BTreeSet<String>) {
    let Some(map) = check.object(v, at) else { return };
    let Some(kind) = map.get("type").and_then(Value::as_str) else {
        check.wrong(at, "missing required field: type");
        return;
    };
    if !fits(place, kind) {
        check.wrong(format!("{at}/type"), format!("unsupported type: {kind}"));
        return;
    }
    if kind == "image" {
        image(check, map, at, &["type", "image_url", "alt_text", "slack_file"]);
        return;
    }
    check.string(map, "action_id", at, 1, 255);
    if let Some(id) = map.get("action_id").and_then(Value::as_str)
        && !ids.insert(id.to_owned())
    {
        check.wrong(format!("{at}/action_id"), format!("`action_id` \"{id}\" already exists in this block"));
    }
    objects::confirm(check, map, at);
    check.boolean(map, "focus_on_load", at);
    if map.get("focus_on_load") == Some(&Value::Bool(true)) {
        if check.focused {
            check.wrong(format!("{at}/focus_on_load"), "only one element may have `focus_on_load`");
        }
        check.focused = true;
    }
    match kind {
        "button" => button(check, map, at),
        "overflow" => overflow(check, map, at),
        "radio_buttons" | "checkboxes" => choices(check, map, at, kind),
        "datepicker" | "timepicker" | "datetimepicker" => picker(check, map, at, kind),
        _ if SELECTS.contains(&kind) => select(check, map, at, kind, place),
        _ => typed(check, map, at, kind),
    }
}

/// An image: block or element.
pub fn image(check: &mut Check, map: &Map<String, Value>, at: &str, known: &[&str]) {
    check.keys(map, at, known);
    check.needed_string(map, "alt_text", at, 0, 2_000);
    match (map.contains_key("image_url"), map.contains_key("slack_file")) {
        (true, false) => check.url(map, "image_url", at, 3_000),
        (false, true) => {}
        _ => check.wrong(at, "must define exactly one of `image_url` and `slack_file`"),
    }
}

fn button(check: &mut Check, map: &Map<String, Value>, at: &str) {
    check.keys(map, at, &["type", "text", "action_id", "url", "value", "style", "confirm", "accessibility_label"]);
    check.required(map, "text", at);
    objects::text_at(check, map, "text", at, Kind::Plain, 75);
    check.url(map, "url", at, 3_000);
    check.string(map, "value", at, 0, 2_000);
    check.word(map, "style", at, &["primary", "danger"]);
    check.string(map, "accessibility_label", at, 0, 75);
}

fn overflow(check: &mut Check, map: &Map<String, Value>, at: &str) {
    check.keys(map, at, &["type", "action_id", "options", "confirm"]);
    objects::options(check, map, at, 1, 5, OptionRules { text: Kind::Plain, url: true });
}

fn choices(check: &mut Check, map: &Map<String, Value>, at: &str, kind: &str) {
    let rules = OptionRules { text: Kind::Either, url: false };
    let initial = if kind == "checkboxes" { "initial_options" } else { "initial_option" };
    check.keys(map, at, &["type", "action_id", "options", initial, "confirm", "focus_on_load"]);
    objects::options(check, map, at, 1, 10, rules);
    if kind == "checkboxes" {
        objects::initial_options(check, map, at, rules);
    } else {
        objects::initial_option(check, map, at, rules);
    }
}

fn picker(check: &mut Check, map: &Map<String, Value>, at: &str, kind: &str) {
    let (initial, extra): (&str, &[&str]) = match kind {
        "datepicker" => ("initial_date", &["placeholder"]),
        "timepicker" => ("initial_time", &["placeholder", "timezone"]),
        _ => ("initial_date_time", &[]),
    };
    let known = [&["type", "action_id", initial, "confirm", "focus_on_load"], extra].concat();
    check.keys(map, at, &known);
    objects::text_at(check, map, "placeholder", at, Kind::Plain, 150);
    let wrong = match (kind, map.get(initial)) {
        (_, None) => None,
        ("datepicker", Some(v)) => {
            let good = v.as_str().is_some_and(|s| chrono::NaiveDate::parse_from_str(s, "%Y-%m-%d").is_ok());
            (!good).then_some("must be a date in the format YYYY-MM-DD")
        }
        ("timepicker", Some(v)) => {
            let good = v.as_str().is_some_and(|s| chrono::NaiveTime::parse_from_str(s, "%H:%M").is_ok());
            (!good).then_some("must be a time in the format HH:mm")
        }
        (_, Some(v)) => {
            let good = v.as_i64().is_some_and(|n| (1_000_000_000..=9_999_999_999).contains(&n));
            (!good).then_some("must be a UNIX timestamp of 10 digits")
        }
    };
    if let Some(why) = wrong {
        check.wrong(format!("{at}/{initial}"), why);
    }
}

fn select(check: &mut Check, map: &Map<String, Value>, at: &str, kind: &str, place: Place) {
    let multi = kind.starts_with("multi_");
    let source = kind.trim_start_matches("multi_").trim_end_matches("_select");
    let mut known = vec!["type", "action_id", "placeholder", "confirm", "focus_on_load"];
    if multi {
        known.push("max_selected_items");
    }
    let (initial, more): (&str, &[&str]) = match (source, multi) {
        ("static", false) => ("initial_option", &["options", "option_groups"]),
        ("static", true) => ("initial_options", &["options", "option_groups"]),
        ("external", false) => ("initial_option", &["min_query_length"]),
        ("external", true) => ("initial_options", &["min_query_length"]),
        ("users", false) => ("initial_user", &[]),
        ("users", true) => ("initial_users", &[]),
        ("conversations", false) => ("initial_conversation", &["default_to_current_conversation", "filter"]),
        ("conversations", true) => ("initial_conversations", &["default_to_current_conversation", "filter"]),
        (_, false) => ("initial_channel", &[]),
        (_, true) => ("initial_channels", &[]),
    };
    known.push(initial);
    known.extend(more);
    if !multi && ["conversations", "channels"].contains(&source) {
        known.push("response_url_enabled");
    }
    check.keys(map, at, &known);
    objects::text_at(check, map, "placeholder", at, Kind::Plain, 150);
    check.integer(map, "max_selected_items", at, 1, 100);
    check.integer(map, "min_query_length", at, 0, 1_000);
    for key in ["default_to_current_conversation", "response_url_enabled"] {
        check.boolean(map, key, at);
    }
    if map.get("response_url_enabled") == Some(&Value::Bool(true))
        && (check.surface != Surface::Modal || place != Place::Input)
    {
        check.wrong(format!("{at}/response_url_enabled"), "only works in an input block of a modal");
    }
    let rules = OptionRules { text: Kind::Plain, url: false };
    match (source, multi) {
        ("static", false) => {
            objects::options_or_groups(check, map, at);
            objects::initial_option(check, map, at, rules);
        }
        ("static", true) => {
            objects::options_or_groups(check, map, at);
            objects::initial_options(check, map, at, rules);
        }
        ("external", false) => {
            if let Some(v) = map.get("initial_option") {
                objects::option(check, v, &format!("{at}/initial_option"), rules);
            }
        }
        (_, false) => check.string(map, initial, at, 1, 255),
        (_, true) => {
            if map.contains_key(initial) {
                check.items(map, initial, at, 1, 100);
            }
        }
    }
    objects::filter(check, map, at);
}

fn typed(check: &mut Check, map: &Map<String, Value>, at: &str, kind: &str) {
    let mut known = vec!["type", "action_id", "dispatch_action_config", "focus_on_load", "placeholder"];
    match kind {
        "plain_text_input" => {
            known.extend(["initial_value", "multiline", "min_length", "max_length"]);
            let most = map.get("max_length").and_then(Value::as_u64).map_or(3_000, |most| most.min(3_000));
            check.units(map, "initial_value", at, usize::try_from(most).unwrap_or(3_000));
            check.boolean(map, "multiline", at);
            check.integer(map, "min_length", at, 0, 3_000);
            check.integer(map, "max_length", at, 1, 3_000);
        }
        "number_input" => {
            known.extend(["is_decimal_allowed", "initial_value", "min_value", "max_value"]);
            check.required(map, "is_decimal_allowed", at);
            check.boolean(map, "is_decimal_allowed", at);
            for key in ["initial_value", "min_value", "max_value"] {
                let bad = map.get(key).is_some_and(|v| v.as_str().is_none_or(|s| s.parse::<f64>().is_err()));
                if bad {
                    check.wrong(format!("{at}/{key}"), "must provide a number as a string");
                }
            }
        }
        "email_text_input" | "url_text_input" => {
            known.push("initial_value");
            check.string(map, "initial_value", at, 0, 3_000);
        }
        "rich_text_input" => known.push("initial_value"),
        _ => {
            known = vec!["type", "action_id", "filetypes", "max_files"];
            check.integer(map, "max_files", at, 1, 10);
            if check.surface != Surface::Modal {
                check.wrong(format!("{at}/type"), "unsupported type: file_input");
            }
        }
    }
    check.keys(map, at, &known);
    objects::text_at(check, map, "placeholder", at, Kind::Plain, 150);
    objects::dispatch(check, map, at);
}
