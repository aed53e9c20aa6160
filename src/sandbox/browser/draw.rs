//! Messages, blocks and elements as HTML. Every element carries what the script needs to act on it.

use super::super::forms;
use super::mrkdwn::{Reader, mrkdwn, plain};
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

/// Whether fields are gathered at a submit, or each acts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    Message,
    View,
}

/// Draws blocks; `values` is `state.values`.
pub fn blocks(list: &[Value], values: &Value, surface: Surface, reader: Reader<'_>) -> Markup {
    html! { @for b in list { (block(b, values, surface, reader)) } }
}

fn block(b: &Value, values: &Value, surface: Surface, reader: Reader<'_>) -> Markup {
    let id = b["block_id"].as_str().unwrap_or("");
    let state = &values[id];
    let list = |key: &str| b[key].as_array().cloned().unwrap_or_default();
    match b["type"].as_str().unwrap_or("") {
        "header" => html! { h3 class="b-header" { (text(&b["text"], reader)) } },
        "divider" => html! { hr; },
        "section" => html! {
            div class="b-section" {
                div class="b-text" {
                    @if b.get("text").is_some() { div { (text(&b["text"], reader)) } }
                    @if b.get("fields").is_some() {
                        div class="b-fields" { @for f in list("fields") { div { (text(&f, reader)) } } }
                    }
                }
                @if let Some(e) = b.get("accessory") {
                    div class="b-accessory" { (element(e, id, state, surface, false, reader)) }
                }
            }
        },
        "context" => html! {
            div class="b-context" {
                @for e in list("elements") {
                    @if e["type"] == "image" { (image(&e)) } @else { span { (text(&e, reader)) } }
                }
            }
        },
        "actions" => html! {
            div class="b-actions" { @for e in list("elements") { (element(&e, id, state, surface, false, reader)) } }
        },
        "input" => {
            let gathered = b["dispatch_action"] != true;
            html! {
                div class="b-input" data-block=(id) {
                    div class="label" {
                        (text(&b["label"], reader))
                        @if b["optional"] == true { span class="quiet" { " (optional)" } }
                    }
                    (element(&b["element"], id, state, surface, gathered, reader))
                    @if b.get("hint").is_some() { div class="quiet" { (text(&b["hint"], reader)) } }
                    div class="error" {}
                }
            }
        }
        "image" => html! { div { @if b.get("title").is_some() { div { (text(&b["title"], reader)) } } (image(b)) } },
        "rich_text" => html! { @for e in list("elements") { (rich(&e, reader)) } },
        "markdown" => html! { div class="b-markdown" { (b["text"].as_str().unwrap_or("")) } },
        other => html! { div class="quiet" { "(" (other) ")" } },
    }
}

/// A text object.
pub fn text(v: &Value, reader: Reader<'_>) -> Markup {
    let said = v["text"].as_str().unwrap_or("");
    PreEscaped(if v["type"] == "mrkdwn" { mrkdwn(said, reader) } else { plain(said) })
}

fn image(v: &Value) -> Markup {
    html! { img src=(v["image_url"].as_str().unwrap_or("")) alt=(v["alt_text"].as_str().unwrap_or("")) loading="lazy"; }
}

fn rich(v: &Value, reader: Reader<'_>) -> Markup {
    let items = v["elements"].as_array().cloned().unwrap_or_default();
    let leaf = |e: &Value| {
        let said = |key: &str| e[key].as_str().unwrap_or("").to_owned();
        let as_mrkdwn = match e["type"].as_str().unwrap_or("") {
            "user" => format!("<@{}>", said("user_id")),
            "channel" => format!("<#{}>", said("channel_id")),
            "link" => {
                return html! { a href=(said("url")) target="_blank" rel="noreferrer" { (e["text"].as_str().unwrap_or(&said("url"))) } };
            }
            "emoji" => format!(":{}:", said("name")),
            _ => return html! { (said("text")) },
        };
        PreEscaped(mrkdwn(&as_mrkdwn, reader))
    };
    match v["type"].as_str().unwrap_or("") {
        "rich_text_list" => html! { ul { @for e in &items { li { (rich(e, reader)) } } } },
        "rich_text_preformatted" => html! { pre { @for e in &items { (leaf(e)) } } },
        "rich_text_quote" => html! { blockquote { @for e in &items { (leaf(e)) } } },
        _ => html! { div { @for e in &items { (leaf(e)) } } },
    }
}

/// An interactive element. `gathered` fields wait for the submit; all others act at once.
fn element(e: &Value, block: &str, state: &Value, surface: Surface, gathered: bool, reader: Reader<'_>) -> Markup {
    let kind = e["type"].as_str().unwrap_or("");
    let action = e["action_id"].as_str().unwrap_or("");
    let value = &state[action][forms::slot(kind)];
    let act = if gathered { "field" } else { "choose" };
    let confirm = e.get("confirm").map(Value::to_string);
    let hint = e["placeholder"]["text"].as_str().unwrap_or("");
    let input = |kind: &str, value: String| {
        html! { input type=(kind) value=(value) placeholder=(hint) data-act=(act) data-action=(action) data-block-id=(block); }
    };
    let typed = || value.as_str().unwrap_or("").to_owned();
    match kind {
        "button" => html! {
            button type="button" class={ "btn " (e["style"].as_str().unwrap_or("")) } data-act="button" data-action=(action)
                data-block-id=(block) data-value=[e["value"].as_str()] data-url=[e["url"].as_str()] data-confirm=[confirm]
                { (text(&e["text"], reader)) }
        },
        "overflow" => html! {
            details class="overflow" {
                summary title="More" { "⋯" }
                div { @for o in forms::options(as_map(e)) {
                    button type="button" class="btn plain" data-act="button" data-action=(action) data-block-id=(block)
                        data-value=(o["value"].as_str().unwrap_or("")) data-confirm=[confirm.clone()]
                        { (text(&o["text"], reader)) }
                } }
            }
        },
        "radio_buttons" | "checkboxes" => {
            let many = kind == "checkboxes";
            let chosen = |o: &Value| match value {
                Value::Array(list) => list.iter().any(|c| c["value"] == o["value"]),
                one => one["value"] == o["value"],
            };
            html! {
                div class="choices" data-act=(act) data-action=(action) data-block-id=(block) data-many=[many.then_some("1")] {
                    @for o in forms::options(as_map(e)) {
                        label {
                            input type=(if many { "checkbox" } else { "radio" }) name={ (block) "/" (action) }
                                value=(o["value"].as_str().unwrap_or("")) checked[chosen(o)];
                            " " (text(&o["text"], reader))
                            @if o.get("description").is_some() { div class="quiet" { (text(&o["description"], reader)) } }
                        }
                    }
                }
            }
        }
        "datepicker" => input("date", typed()),
        "timepicker" => input("time", typed()),
        "datetimepicker" => input("number", value.as_i64().map(|n| n.to_string()).unwrap_or_default()),
        "number_input" => input("number", typed()),
        "email_text_input" => input("email", typed()),
        "url_text_input" => input("url", typed()),
        "plain_text_input" if e["multiline"] == true => html! {
            textarea placeholder=(hint) rows="4" data-act=(act) data-action=(action) data-block-id=(block) { (typed()) }
        },
        "plain_text_input" => input("text", typed()),
        _ if kind.ends_with("_select") => select(e, kind, value, (act, action, block), reader),
        _ => {
            html! { span class="quiet" { "(" (kind) (if surface == Surface::View { " is not drawn here)" } else { ")" }) } }
        }
    }
}

fn as_map(e: &Value) -> &serde_json::Map<String, Value> {
    static EMPTY: std::sync::LazyLock<serde_json::Map<String, Value>> = std::sync::LazyLock::new(serde_json::Map::new);
    e.as_object().unwrap_or(&EMPTY)
}

fn select(
    e: &Value,
    kind: &str,
    value: &Value,
    (act, action, block): (&str, &str, &str),
    reader: Reader<'_>,
) -> Markup {
    let dir = reader.slack.directory();
    let source = kind.trim_start_matches("multi_").trim_end_matches("_select");
    let options: Vec<(String, String)> = match source {
        "users" => dir.people().map(|u| (u.id.clone(), u.real_name.clone())).collect(),
        "channels" | "conversations" => {
            reader.slack.listed_channels().map(|c| (c.id.clone(), format!("#{}", c.name))).collect()
        }
        _ => {
            let said = |v: &Value| v.as_str().unwrap_or("").to_owned();
            forms::options(as_map(e)).iter().map(|o| (said(&o["value"]), said(&o["text"]["text"]))).collect()
        }
    };
    let many = kind.starts_with("multi_");
    let chosen = |id: &str| match value {
        Value::Array(list) => list.iter().any(|c| c == id || c["value"] == id),
        one => *one == json!(id) || one["value"] == id,
    };
    let hint = e["placeholder"]["text"].as_str().unwrap_or("Choose…");
    html! {
        select data-act=(act) data-action=(action) data-block-id=(block) multiple[many] data-confirm=[e.get("confirm").map(Value::to_string)] {
            @if !many { option value="" { (PreEscaped(plain(hint))) } }
            @for (id, name) in &options { option value=(id) selected[chosen(id)] { (PreEscaped(plain(name))) } }
        }
    }
}

/// A legacy attachment: a coloured bar, with blocks or with its own fields.
pub fn attachment(a: &Value, values: &Value, reader: Reader<'_>) -> Markup {
    let color =
        a["color"].as_str().filter(|c| c.bytes().all(|b| b.is_ascii_hexdigit()) && !c.is_empty()).unwrap_or("ddd");
    let said = |key: &str| a[key].as_str().filter(|s| !s.is_empty());
    html! {
        div class="attachment" style={ "border-color:#" (color) } {
            @if let Some(list) = a["blocks"].as_array() { (blocks(list, values, Surface::Message, reader)) }
            @if let Some(s) = said("pretext") { div { (PreEscaped(mrkdwn(s, reader))) } }
            @if let Some(s) = said("title") { div { b { (PreEscaped(plain(s))) } } }
            @if let Some(s) = said("text") { div { (PreEscaped(mrkdwn(s, reader))) } }
            @for f in a["fields"].as_array().into_iter().flatten() {
                div { b { (f["title"].as_str().unwrap_or("")) } " " (PreEscaped(mrkdwn(f["value"].as_str().unwrap_or(""), reader))) }
            }
            @if let Some(s) = said("footer") { div class="quiet" { (PreEscaped(plain(s))) } }
        }
    }
}
