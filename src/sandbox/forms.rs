//! What people can choose and type: from a script's plain words to the shapes of `state.values` and `actions[]`.

use super::directory::Directory;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What was typed, by block id and action id.
pub type Typed = BTreeMap<String, BTreeMap<String, Value>>;

/// An element a person can act on, and the block it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    pub block_id: &'a str,
    /// The `input` block around it, if there is one.
    pub input: Option<&'a Map<String, Value>>,
    pub map: &'a Map<String, Value>,
}

impl<'a> Element<'a> {
    pub fn kind(&self) -> &'a str {
        text(self.map, "type")
    }

    pub fn action_id(&self) -> &'a str {
        text(self.map, "action_id")
    }

    /// Whether it holds a value: everything but buttons and overflow menus.
    pub fn is_stateful(&self) -> bool {
        !matches!(self.kind(), "button" | "overflow")
    }
}

fn text<'a>(map: &'a Map<String, Value>, key: &str) -> &'a str {
    map.get(key).and_then(Value::as_str).unwrap_or("")
}

/// Every element of these blocks a person can act on, in reading order.
pub fn elements(blocks: &[Value]) -> Vec<Element<'_>> {
    let mut found = Vec::new();
    for block in blocks.iter().filter_map(Value::as_object) {
        let input = (text(block, "type") == "input").then_some(block);
        let inside = block.get("elements").and_then(Value::as_array).into_iter().flatten();
        let alone = ["accessory", "element"].into_iter().filter_map(|k| block.get(k));
        for map in inside.chain(alone).filter_map(Value::as_object).filter(|m| m.contains_key("action_id")) {
            found.push(Element { block_id: text(block, "block_id"), input, map });
        }
    }
    found
}

/// The name under which an element's choice stands in `state.values` and `actions[]`.
pub fn slot(kind: &str) -> &'static str {
    match kind {
        "static_select" | "external_select" | "radio_buttons" | "overflow" => "selected_option",
        "multi_static_select" | "multi_external_select" | "checkboxes" => "selected_options",
        "users_select" => "selected_user",
        "multi_users_select" => "selected_users",
        "conversations_select" => "selected_conversation",
        "multi_conversations_select" => "selected_conversations",
        "channels_select" => "selected_channel",
        "multi_channels_select" => "selected_channels",
        "datepicker" => "selected_date",
        "timepicker" => "selected_time",
        "datetimepicker" => "selected_date_time",
        "rich_text_input" => "rich_text_value",
        "file_input" => "files",
        _ => "value",
    }
}

fn initial(map: &Map<String, Value>, kind: &str) -> Value {
    let name = match slot(kind) {
        "value" | "rich_text_value" => "initial_value",
        "selected_option" => "initial_option",
        "selected_options" => "initial_options",
        "selected_user" => "initial_user",
        "selected_users" => "initial_users",
        "selected_conversation" => "initial_conversation",
        "selected_conversations" => "initial_conversations",
        "selected_channel" => "initial_channel",
        "selected_channels" => "initial_channels",
        "selected_date" => "initial_date",
        "selected_time" => "initial_time",
        "selected_date_time" => "initial_date_time",
        _ => "",
    };
    map.get(name).cloned().unwrap_or_else(|| if slot(kind).ends_with('s') { json!([]) } else { Value::Null })
}

/// `state.values`: every stateful element's present value.
pub fn values(blocks: &[Value], typed: &Typed) -> Value {
    let mut out: Map<String, Value> = Map::new();
    for e in elements(blocks).iter().filter(|e| e.is_stateful()) {
        let value = typed.get(e.block_id).and_then(|b| b.get(e.action_id())).filter(|v| v["type"] == e.kind());
        let value =
            value.cloned().unwrap_or_else(|| json!({"type": e.kind(), slot(e.kind()): initial(e.map, e.kind())}));
        let block = out.entry(e.block_id).or_insert_with(|| json!({}));
        block[e.action_id()] = value;
    }
    Value::Object(out)
}

/// A value in Slack's shape from what a script or the page said: the plain value, or the shape itself.
///
/// # Errors
/// A sentence that says what this element takes.
pub fn chosen(e: Element<'_>, said: &Value, dir: &Directory) -> Result<Value, String> {
    let (kind, slot) = (e.kind(), slot(e.kind()));
    // Somebody who knows Slack's own shape may use it.
    let said = match said {
        Value::Object(map) if map.contains_key(slot) => &map[slot],
        Value::Object(map) if map.contains_key("value") && slot.starts_with("selected_option") => &map["value"],
        other => other,
    };
    let value = match slot {
        "selected_option" => match said {
            Value::Null => Value::Null,
            v => option(e, v)?,
        },
        "selected_options" => {
            let list = listed(said);
            let options: Result<Vec<Value>, String> = list.iter().map(|v| option(e, v)).collect();
            options?.into()
        }
        "selected_user" => named(said, "user", |s| dir.user(s).map(|u| u.id.clone()))?,
        "selected_channel" | "selected_conversation" => named(said, "channel", |s| place(dir, s))?,
        "selected_users" => {
            let ids: Result<Vec<Value>, String> =
                listed(said).iter().map(|v| named(v, "user", |s| dir.user(s).map(|u| u.id.clone()))).collect();
            ids?.into()
        }
        "selected_channels" | "selected_conversations" => {
            let ids: Result<Vec<Value>, String> =
                listed(said).iter().map(|v| named(v, "channel", |s| place(dir, s))).collect();
            ids?.into()
        }
        "selected_date" => {
            formatted(said, "a date such as 2026-11-30", |s| chrono::NaiveDate::parse_from_str(s, "%Y-%m-%d").is_ok())?
        }
        "selected_time" => {
            formatted(said, "a time such as 09:30", |s| chrono::NaiveTime::parse_from_str(s, "%H:%M").is_ok())?
        }
        "selected_date_time" => match (said.as_i64(), said.as_str().map(str::parse::<i64>)) {
            (Some(n), _) | (_, Some(Ok(n))) => n.into(),
            _ if said.is_null() => Value::Null,
            _ => return Err(format!("expected Unix seconds, found {said}")),
        },
        "rich_text_value" => said.clone(),
        "files" => json!(listed(said)),
        _ => match said {
            Value::Null => Value::Null,
            Value::String(s) if s.is_empty() => Value::Null,
            Value::String(s) => s.clone().into(),
            Value::Number(n) => n.to_string().into(),
            other => return Err(format!("expected text, found {other}")),
        },
    };
    Ok(json!({"type": kind, slot: value}))
}

fn place(dir: &Directory, said: &str) -> Option<String> {
    dir.channel(said).map(|c| c.id.clone())
}

fn listed(said: &Value) -> Vec<Value> {
    match said {
        Value::Null => Vec::new(),
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}

fn named(said: &Value, what: &str, find: impl Fn(&str) -> Option<String>) -> Result<Value, String> {
    match said {
        Value::Null => Ok(Value::Null),
        Value::String(s) if s.is_empty() => Ok(Value::Null),
        Value::String(s) => find(s).map(Value::from).ok_or_else(|| format!("no {what} called \"{s}\"")),
        other => Err(format!("expected a {what}'s name or id, found {other}")),
    }
}

fn formatted(said: &Value, what: &str, good: impl Fn(&str) -> bool) -> Result<Value, String> {
    match said {
        Value::Null => Ok(Value::Null),
        Value::String(s) if s.is_empty() => Ok(Value::Null),
        Value::String(s) if good(s) => Ok(s.clone().into()),
        other => Err(format!("expected {what}, found {other}")),
    }
}

/// Every option of an element, groups opened.
pub fn options<'a>(map: &'a Map<String, Value>) -> Vec<&'a Value> {
    let plain = map.get("options").and_then(Value::as_array).into_iter().flatten();
    let groups = map.get("option_groups").and_then(Value::as_array).into_iter().flatten();
    let grouped: Vec<&'a Value> = groups.filter_map(|g| g["options"].as_array()).flatten().collect();
    plain.chain(grouped).collect()
}

/// An option by its value or its text.
fn option(e: Element<'_>, said: &Value) -> Result<Value, String> {
    let wanted = match said {
        Value::Object(map) => text(map, "value").to_owned(),
        Value::String(s) => s.clone(),
        other => other.to_string(),
    };
    let all = options(e.map);
    let found = all.iter().find(|o| o["value"] == wanted).or_else(|| all.iter().find(|o| o["text"]["text"] == wanted));
    if e.kind().contains("external") {
        // Its options come from the app; whatever is said is taken.
        return Ok(json!({"text": {"type": "plain_text", "text": wanted, "emoji": true}, "value": wanted}));
    }
    found.map(|o| (*o).clone()).ok_or_else(|| {
        let values: Vec<&str> = all.iter().filter_map(|o| o["value"].as_str()).collect();
        format!("no option \"{wanted}\"; there are {}", values.join(", "))
    })
}

/// What Slack's own client would refuse to submit, by block id: required fields left empty, numbers that are none.
pub fn incomplete(blocks: &[Value], values: &Value) -> Map<String, Value> {
    let mut wrong = Map::new();
    for e in elements(blocks) {
        let Some(input) = e.input else { continue };
        let value = &values[e.block_id][e.action_id()][slot(e.kind())];
        let empty = match value {
            Value::Null => true,
            Value::String(s) => s.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        let complaint = if empty {
            let optional = input.get("optional") == Some(&Value::Bool(true));
            (!optional).then(|| "Please complete this required field.".to_owned())
        } else {
            value.as_str().and_then(|s| ill_typed(e, s))
        };
        if let Some(complaint) = complaint {
            wrong.insert(e.block_id.into(), complaint.into());
        }
    }
    wrong
}

fn ill_typed(e: Element<'_>, s: &str) -> Option<String> {
    let int = |key: &str, default: usize| {
        e.map.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(default)
    };
    let number = |key: &str| e.map.get(key).and_then(Value::as_str).and_then(|s| s.parse::<f64>().ok());
    match e.kind() {
        "plain_text_input" => {
            // An emoji is two characters to a browser, and so it is here.
            let (n, least, most) = (s.encode_utf16().count(), int("min_length", 0), int("max_length", 3_000));
            if n < least {
                return Some(format!("Please enter at least {least} characters."));
            }
            (n > most).then(|| format!("Please enter at most {most} characters."))
        }
        "number_input" => {
            let Ok(n) = s.parse::<f64>() else { return Some("Please enter a number.".into()) };
            if e.map.get("is_decimal_allowed") != Some(&Value::Bool(true)) && n.fract() != 0.0 {
                return Some("Please enter a whole number.".into());
            }
            let outside = number("min_value").is_some_and(|m| n < m) || number("max_value").is_some_and(|m| n > m);
            outside.then(|| "Please enter a number within the allowed range.".into())
        }
        "email_text_input" => {
            let good = s.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.'));
            (!good).then(|| "Please enter a valid email address.".into())
        }
        "url_text_input" => url::Url::parse(s).is_err().then(|| "Please enter a valid URL.".into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::workspace::{User, Workspace};

    fn dir() -> Directory {
        Directory::new(&Workspace { users: vec![User::named("ana")], ..Workspace::default() }.with_ids())
    }

    fn block(element: Value) -> Vec<Value> {
        vec![json!({"type": "input", "block_id": "b", "label": {}, "element": element})]
    }

    #[test]
    fn plain_words_become_slacks_shapes() {
        let options = json!([{"text": {"type": "plain_text", "text": "One"}, "value": "1"}]);
        let dir = dir();
        let ana = dir.user("ana").unwrap().id.clone();
        let rows = [
            (json!({"type": "plain_text_input"}), json!("hi"), json!("hi")),
            (json!({"type": "plain_text_input"}), json!({"value": "hi"}), json!("hi")),
            (json!({"type": "number_input"}), json!(5), json!("5")),
            (json!({"type": "static_select", "options": options}), json!("1"), options[0].clone()),
            (json!({"type": "static_select", "options": options}), json!("One"), options[0].clone()),
            (
                json!({"type": "radio_buttons", "options": options}),
                json!({"selected_option": {"value": "1"}}),
                options[0].clone(),
            ),
            (json!({"type": "checkboxes", "options": options}), json!(["1"]), json!([options[0]])),
            (json!({"type": "users_select"}), json!("@ana"), json!(ana)),
            (json!({"type": "multi_users_select"}), json!(["ana"]), json!([ana])),
            (json!({"type": "datepicker"}), json!("2026-11-30"), json!("2026-11-30")),
            (json!({"type": "timepicker"}), json!("09:30"), json!("09:30")),
            (json!({"type": "datetimepicker"}), json!("1700000000"), json!(1_700_000_000)),
        ];
        for (mut element, said, wanted) in rows {
            element["action_id"] = "a".into();
            let blocks = block(element);
            let e = elements(&blocks)[0];
            let got = chosen(e, &said, &dir).unwrap();
            assert_eq!(got[slot(e.kind())], wanted, "{}", e.kind());
            assert_eq!(got["type"], e.kind());
        }
    }

    #[test]
    fn what_the_client_would_not_submit() {
        let rows = [
            (json!({"type": "plain_text_input", "min_length": 3}), json!("ab"), "at least 3"),
            (json!({"type": "plain_text_input", "max_length": 1}), json!("ab"), "at most 1"),
            (json!({"type": "plain_text_input", "max_length": 1}), json!("👩"), "at most 1"),
            (json!({"type": "plain_text_input"}), json!(null), "required"),
            (json!({"type": "number_input"}), json!("x"), "a number"),
            (json!({"type": "number_input"}), json!("1.5"), "whole number"),
            (json!({"type": "number_input", "max_value": "3"}), json!("4"), "range"),
            (json!({"type": "email_text_input"}), json!("x"), "email"),
            (json!({"type": "url_text_input"}), json!("x"), "URL"),
        ];
        for (mut element, said, wanted) in rows {
            element["action_id"] = "a".into();
            let blocks = block(element);
            let typed = BTreeMap::from([(
                "b".to_owned(),
                BTreeMap::from([("a".to_owned(), chosen(elements(&blocks)[0], &said, &dir()).unwrap())]),
            )]);
            let wrong = incomplete(&blocks, &values(&blocks, &typed));
            assert!(wrong["b"].as_str().unwrap().contains(wanted), "{wrong:?}");
        }
    }
}
