//! Rich text. Source: docs.slack.dev/reference/block-kit/blocks/rich-text-block.

use super::blocks::unknown;
use super::mrkdwn::{Reader, is_web, mrkdwn};
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// One element of a rich text block.
pub fn part(v: &Value, reader: Reader<'_>) -> Markup {
    let items = v["elements"].as_array().map_or(&[][..], Vec::as_slice);
    let leaves = || html! { @for e in items { (leaf(e, reader)) } };
    match v["type"].as_str().unwrap_or("") {
        "rich_text_section" => html! { div dir="auto" { (leaves()) } },
        "rich_text_preformatted" => html! { pre { (leaves()) } },
        "rich_text_quote" => html! { blockquote dir="auto" { (leaves()) } },
        "rich_text_list" => list(v, items, reader),
        other => unknown("rich text", other),
    }
}

fn list(v: &Value, items: &[Value], reader: Reader<'_>) -> Markup {
    let indent = v["indent"].as_u64().unwrap_or(0).min(8);
    let inside = html! { @for e in items { li { (part(e, reader)) } } };
    let class = format!("indent-{indent}");
    html! {
        @if v["style"] == "ordered" {
            ol class=(class) start=(v["offset"].as_u64().unwrap_or(0) + 1) { (inside) }
        } @else { ul class=(class) { (inside) } }
    }
}

fn leaf(e: &Value, reader: Reader<'_>) -> Markup {
    let said = |key: &str| e[key].as_str().unwrap_or("");
    let marked = |text: String| PreEscaped(mrkdwn(&text, reader));
    let drawn = match e["type"].as_str().unwrap_or("") {
        "text" => html! { (said("text")) },
        "link" => {
            let label = e["text"].as_str().unwrap_or(said("url"));
            if is_web(said("url")) {
                html! { a href=(said("url")) target="_blank" rel="noopener noreferrer" { (label) } }
            } else {
                html! { (label) }
            }
        }
        "emoji" => marked(format!(":{}:", said("name"))),
        "user" => marked(format!("<@{}>", said("user_id"))),
        "usergroup" => marked(format!("<!subteam^{}>", said("usergroup_id"))),
        "channel" => marked(format!("<#{}>", said("channel_id"))),
        "broadcast" => marked(format!("<!{}>", said("range"))),
        "color" => color(said("value")),
        "date" => {
            let at = e["timestamp"].as_i64().unwrap_or(0);
            // The format's own text must not end the token.
            let format = said("format").replace(['^', '|', '<', '>'], "");
            marked(format!("<!date^{at}^{format}|{}>", said("fallback").replace(['<', '>'], "")))
        }
        other => unknown("rich text", other),
    };
    styled(drawn, &e["style"])
}

fn color(value: &str) -> Markup {
    let hex = value.trim_start_matches('#');
    let good = matches!(hex.len(), 3 | 6) && hex.bytes().all(|b| b.is_ascii_hexdigit());
    html! { @if good { span class="swatch" style={ "--bar:#" (hex) } {} } (value) }
}

fn styled(drawn: Markup, style: &Value) -> Markup {
    let has = |key: &str| style[key] == true;
    let mut out = drawn;
    if has("code") {
        out = html! { code { (out) } };
    }
    if has("strike") {
        out = html! { s { (out) } };
    }
    if has("italic") {
        out = html! { i { (out) } };
    }
    if has("bold") {
        out = html! { b { (out) } };
    }
    out
}
