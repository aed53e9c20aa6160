//! Interactive elements. Each carries what the script needs to act on it: `data-act` says how, `data-action` and
//! `data-block-id` say on what. Source: docs.slack.dev/reference/block-kit/block-elements.

use super::super::directory::Sort;
use super::super::forms;
use super::blocks::{Kit, text, unknown};
use super::mrkdwn::{is_web, plain};
use maud::{Markup, PreEscaped, html};
use serde_json::{Map, Value, json};

/// What every element's markup says about itself.
struct Tag<'a> {
    e: &'a Value,
    kind: &'a str,
    action: &'a str,
    block: &'a str,
    /// What a screen reader calls it.
    name: String,
    hint: String,
    /// `field` waits for the submit, `choose` acts at once and is gathered as well.
    act: &'static str,
    value: &'a Value,
    confirm: bool,
    kit: Kit<'a>,
}

/// Draws an element. `name` is what stands beside it; `waits`: it is only gathered at the submit.
pub fn element(e: &Value, block: &str, name: &str, waits: bool, kit: Kit<'_>) -> Markup {
    let kind = e["type"].as_str().unwrap_or("");
    let action = e["action_id"].as_str().unwrap_or("");
    let hint = e["placeholder"]["text"].as_str().unwrap_or("").to_owned();
    let name = [name, &hint, action].into_iter().find(|n| !n.is_empty()).unwrap_or(kind).to_owned();
    let tag = Tag {
        e,
        kind,
        action,
        block,
        name,
        hint,
        act: if waits { "field" } else { "choose" },
        value: &kit.values[block][action][forms::slot(kind)],
        confirm: e.get("confirm").is_some_and(Value::is_object),
        kit,
    };
    let drawn = match kind {
        "button" => button(&tag),
        "overflow" => overflow(&tag),
        "radio_buttons" | "checkboxes" => choices(&tag),
        "datepicker" => typed(&tag, "date", tag.value.as_str().unwrap_or("")),
        "timepicker" => typed(&tag, "time", tag.value.as_str().unwrap_or("")),
        "datetimepicker" => typed(&tag, "datetime-local", &local(&tag)),
        // Plain text fields: what is no number or address must reach the check that says so.
        "number_input" | "email_text_input" | "url_text_input" | "plain_text_input" => words(&tag),
        "rich_text_input" => multiline(&tag, &rich_words(tag.value)),
        "file_input" => html! { input type="file" disabled aria-label=(tag.name) title="Files cannot be sent here"; },
        "external_select" | "multi_external_select" => external(&tag),
        _ if kind.starts_with("multi_") && kind.ends_with("_select") => many(&tag),
        _ if kind.ends_with("_select") => one(&tag),
        "workflow_button" => button(&tag),
        other => unknown("element", other),
    };
    html! {
        span class={ "el el-" (kind) } {
            (drawn)
            @if tag.confirm { (confirmation(&e["confirm"], kit)) }
        }
    }
}

/// What a confirmation asks, ready to be shown.
fn confirmation(c: &Value, kit: Kit<'_>) -> Markup {
    let style = if c["style"] == "danger" { "danger" } else { "primary" };
    html! {
        template class="confirm" {
            h2 dir="auto" { (text(&c["title"], kit)) }
            div class="confirm-text" dir="auto" { (text(&c["text"], kit)) }
            div class="modal-foot" {
                button type="button" class="btn" value="no" { (text(&c["deny"], kit)) }
                button type="button" class={ "btn " (style) } value="yes" { (text(&c["confirm"], kit)) }
            }
        }
    }
}

fn button(t: &Tag<'_>) -> Markup {
    let e = t.e;
    let style = e["style"].as_str().filter(|s| ["primary", "danger"].contains(s)).unwrap_or("");
    let url = e["url"].as_str().filter(|u| is_web(u));
    html! {
        button type="button" class={ "btn " (style) } dir="auto" data-act="button" data-action=(t.action) data-block-id=(t.block)
            data-value=[e["value"].as_str()] data-url=[url] aria-label=[e["accessibility_label"].as_str()]
            { (text(&e["text"], t.kit)) @if url.is_some() { span class="out" aria-hidden="true" { " ↗" } } }
    }
}

fn overflow(t: &Tag<'_>) -> Markup {
    html! {
        details class="menu" {
            summary class="btn" aria-label={ "More: " (t.name) } { "⋯" }
            div class="menu-list" { @for o in forms::options(map(t.e)) {
                button type="button" class="menu-item" dir="auto" data-act="button" data-action=(t.action) data-block-id=(t.block)
                    data-value=(word(&o["value"])) data-url=[o["url"].as_str().filter(|u| is_web(u))] {
                    (text(&o["text"], t.kit))
                    @if o.get("description").is_some() { span class="hint" { (text(&o["description"], t.kit)) } }
                }
            } }
        }
    }
}

fn choices(t: &Tag<'_>) -> Markup {
    let many = t.kind == "checkboxes";
    html! {
        div class="choices" role=(if many { "group" } else { "radiogroup" }) aria-label=(t.name) data-act=(t.act) data-action=(t.action)
            data-block-id=(t.block) data-many=[many.then_some("1")] {
            @for o in forms::options(map(t.e)) {
                label dir="auto" {
                    input type=(if many { "checkbox" } else { "radio" }) name={ (t.kit.scope) "/" (t.block) "/" (t.action) }
                        value=(word(&o["value"])) checked[is_chosen(t.value, word(&o["value"]))];
                    span { (text(&o["text"], t.kit))
                        @if o.get("description").is_some() { span class="hint" { (text(&o["description"], t.kit)) } } }
                }
            }
        }
    }
}

fn typed(t: &Tag<'_>, kind: &str, value: &str) -> Markup {
    html! {
        input class="text" type=(kind) value=(value) aria-label=(t.name) data-act=(t.act) data-action=(t.action)
            data-block-id=(t.block) data-tz=[(kind == "datetime-local").then(|| t.kit.reader.tz.name())]
            data-focus[t.e["focus_on_load"] == true];
    }
}

/// Unix seconds as the reader's own clock shows them.
fn local(t: &Tag<'_>) -> String {
    let at = t.value.as_i64().and_then(|secs| chrono::DateTime::from_timestamp(secs, 0));
    at.map(|at| at.with_timezone(&t.kit.reader.tz).format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

fn words(t: &Tag<'_>) -> Markup {
    if t.e["multiline"] == true {
        return multiline(t, t.value.as_str().unwrap_or(""));
    }
    let mode = match t.kind {
        "number_input" => Some("decimal"),
        "email_text_input" => Some("email"),
        "url_text_input" => Some("url"),
        _ => None,
    };
    html! {
        input class="text" type="text" dir="auto" inputmode=[mode] value=(t.value.as_str().unwrap_or("")) placeholder=(t.hint)
            aria-label=(t.name) data-act=(t.act) data-action=(t.action) data-block-id=(t.block) data-dispatch=[dispatch(t)]
            maxlength=[t.e["max_length"].as_u64()] data-focus[t.e["focus_on_load"] == true];
    }
}

fn multiline(t: &Tag<'_>, value: &str) -> Markup {
    html! {
        textarea class="text" dir="auto" rows="4" placeholder=(t.hint) aria-label=(t.name) data-act=(t.act) data-action=(t.action)
            data-block-id=(t.block) data-dispatch=[dispatch(t)] data-rich=[(t.kind == "rich_text_input").then_some("1")]
            maxlength=[t.e["max_length"].as_u64()] data-focus[t.e["focus_on_load"] == true] { (value) }
    }
}

/// When a text that acts at once acts: on Enter (Slack's default), or with every character.
fn dispatch(t: &Tag<'_>) -> Option<&'static str> {
    let on = t.e["dispatch_action_config"]["trigger_actions_on"].as_array();
    let each = on.is_some_and(|list| list.iter().any(|w| w == "on_character_entered"));
    (t.act == "choose").then_some(if each { "character" } else { "enter" })
}

/// The words of a rich text value.
fn rich_words(v: &Value) -> String {
    match v {
        Value::Array(items) => items.iter().map(rich_words).collect(),
        Value::Object(map) => match map.get("text").and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => map.get("elements").map(rich_words).unwrap_or_default(),
        },
        _ => String::new(),
    }
}

/// What a select offers: groups of (value, words), the group's name first.
fn offered(t: &Tag<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let slack = t.kit.reader.slack;
    let source = t.kind.trim_start_matches("multi_").trim_end_matches("_select");
    let said = |v: &Value| v.as_str().unwrap_or("").to_owned();
    let options = |list: &Value| {
        let each = list.as_array().into_iter().flatten();
        each.map(|o| (said(&o["value"]), said(&o["text"]["text"]))).collect::<Vec<_>>()
    };
    match source {
        "users" => {
            vec![(String::new(), slack.directory().people().map(|u| (u.id.clone(), u.real_name.clone())).collect())]
        }
        "channels" | "conversations" => {
            let include = t.e["filter"]["include"].as_array();
            let shown = |sort: Sort| match sort {
                Sort::Private if source == "channels" => false,
                Sort::Private => include.is_none_or(|list| list.iter().any(|k| k == "private")),
                Sort::Public => include.is_none_or(|list| list.iter().any(|k| k == "public")),
                Sort::Im => false,
            };
            let mark = |sort: Sort| if sort == Sort::Private { "🔒 " } else { "#" };
            let listed = slack.listed_channels().filter(|c| !c.is_archived && shown(c.sort));
            vec![(String::new(), listed.map(|c| (c.id.clone(), format!("{}{}", mark(c.sort), c.name))).collect())]
        }
        _ => match t.e["option_groups"].as_array() {
            Some(groups) => groups.iter().map(|g| (said(&g["label"]["text"]), options(&g["options"]))).collect(),
            None => vec![(String::new(), options(&t.e["options"]))],
        },
    }
}

fn one(t: &Tag<'_>) -> Markup {
    let option = |(id, name): &(String, String)| {
        html! { option value=(id) selected[is_chosen(t.value, id)] { (PreEscaped(plain(name))) } }
    };
    let hint = if t.hint.is_empty() { "Select an item" } else { &t.hint };
    html! {
        select aria-label=(t.name) data-act=(t.act) data-action=(t.action) data-block-id=(t.block) data-focus[t.e["focus_on_load"] == true] {
            option value="" { (PreEscaped(plain(hint))) }
            @for (label, options) in &offered(t) {
                @if label.is_empty() { @for o in options { (option(o)) } }
                @else { optgroup label=(label) { @for o in options { (option(o)) } } }
            }
        }
    }
}

fn many(t: &Tag<'_>) -> Markup {
    let groups = offered(t);
    let chosen: Vec<&str> =
        groups.iter().flat_map(|(_, o)| o).filter(|(id, _)| is_chosen(t.value, id)).map(|(_, n)| n.as_str()).collect();
    let hint = if t.hint.is_empty() { "Select items" } else { &t.hint };
    html! {
        details class="menu many" data-act=(t.act) data-action=(t.action) data-block-id=(t.block) data-many="1"
            data-max=[t.e["max_selected_items"].as_u64()] data-hint=(hint) {
            summary class="text" aria-label=(t.name) { span class="picked" data-keep { (if chosen.is_empty() { hint.to_owned() } else { chosen.join(", ") }) } }
            div class="menu-list" role="group" aria-label=(t.name) {
                @for (label, options) in &groups {
                    @if !label.is_empty() { div class="group" { (label) } }
                    @for (id, name) in options {
                        label class="menu-item" { input type="checkbox" value=(id) checked[is_chosen(t.value, id)]; span { (PreEscaped(plain(name))) } }
                    }
                }
            }
        }
    }
}

/// Its options come from the app while a person types.
fn external(t: &Tag<'_>) -> Markup {
    let many = t.kind.starts_with("multi_");
    let one = [t.value.clone()];
    let chosen = t.value.as_array().map_or(&one[..], Vec::as_slice);
    let chosen: Vec<Value> = chosen
        .iter()
        .filter(|o| o["value"].is_string())
        .map(|o| json!({"value": o["value"], "text": o["text"]["text"]}))
        .collect();
    let id = format!("ext-{}-{}", t.kit.scope, t.action);
    let words = if many { "" } else { chosen.first().and_then(|o| o["text"].as_str()).unwrap_or("") };
    html! {
        div class="external" data-act=(t.act) data-action=(t.action) data-block-id=(t.block) data-many=[many.then_some("1")]
            data-least=(t.e["min_query_length"].as_u64().unwrap_or(3)) data-chosen=(json!(chosen)) {
            span class="chips" data-keep { @if many { @for o in &chosen { span class="chip" { (word(&o["text"])) } } } }
            input class="text" type="text" role="combobox" autocomplete="off" aria-expanded="false" aria-controls=(id) aria-label=(t.name)
                placeholder=(if t.hint.is_empty() { "Type to search" } else { &t.hint }) value=(words);
            ul class="menu-list" id=(id) role="listbox" aria-label=(t.name) hidden data-keep {}
        }
    }
}

fn is_chosen(value: &Value, id: &str) -> bool {
    match value {
        Value::Array(list) => list.iter().any(|c| c == id || c["value"] == id),
        one => one == id || one["value"] == id,
    }
}

fn word(v: &Value) -> &str {
    v.as_str().unwrap_or("")
}

fn map(e: &Value) -> &Map<String, Value> {
    static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    e.as_object().unwrap_or(&EMPTY)
}
