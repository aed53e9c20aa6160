//! Blocks as Slack draws them. Source: docs.slack.dev/reference/block-kit/blocks.

use super::elements::element;
use super::mrkdwn::{Reader, bare, is_web, mrkdwn, plain};
use super::rich;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// Characters of a text after which it is folded behind "Show more".
const FOLDED: usize = 900;
/// Line ends after which it is folded.
const FOLDED_LINES: usize = 25;

/// What drawing needs to know beside the block.
#[derive(Clone, Copy, Debug)]
pub struct Kit<'a> {
    pub reader: Reader<'a>,
    /// The message's `ts` or the view's id: makes ids of elements unique on the page.
    pub scope: &'a str,
    /// `state.values`.
    pub values: &'a Value,
}

/// Draws a list of blocks.
pub fn blocks(list: &[Value], kit: Kit<'_>) -> Markup {
    html! { @for b in list { (block(b, kit)) } }
}

fn block(b: &Value, kit: Kit<'_>) -> Markup {
    let id = b["block_id"].as_str().unwrap_or("");
    let list = |key: &str| b[key].as_array().map_or(&[][..], Vec::as_slice);
    match b["type"].as_str().unwrap_or("") {
        "header" => html! { h3 class="b-header" dir="auto" { (text(&b["text"], kit)) } },
        "divider" => html! { hr class="b-divider"; },
        "section" => section(b, id, kit),
        "context" => html! {
            div class="b-context" {
                @for e in list("elements") {
                    @if e["type"] == "image" { (image(e, "")) }
                    @else { span dir="auto" { (text(e, kit)) } }
                }
            }
        },
        "actions" => html! {
            div class="b-actions" { @for e in list("elements") { (element(e, id, "", false, kit)) } }
        },
        "input" => input(b, id, kit),
        "image" => html! {
            figure class="b-image" {
                @if b.get("title").is_some() { figcaption dir="auto" { (text(&b["title"], kit)) } }
                (image(b, "large"))
            }
        },
        "rich_text" => html! { div class="b-rich" { @for e in list("elements") { (rich::part(e, kit.reader)) } } },
        "markdown" => html! { div class="b-markdown" dir="auto" { (b["text"].as_str().unwrap_or("")) } },
        other => unknown("block", other),
    }
}

/// What this page cannot draw is said, never left out.
pub fn unknown(what: &str, kind: &str) -> Markup {
    html! { div class="unknown" { "⚠️ " (what) " “" (kind) "” is not drawn here" } }
}

fn section(b: &Value, id: &str, kit: Kit<'_>) -> Markup {
    let said = b["text"]["text"].as_str().unwrap_or("");
    let name: String = bare(said, kit.reader).chars().take(80).collect();
    let long = b["expand"] != true
        && (said.chars().nth(FOLDED).is_some() || said.bytes().filter(|c| *c == b'\n').count() > FOLDED_LINES);
    html! {
        div class="b-section" {
            div class="b-text" {
                @if b.get("text").is_some() { (foldable(long, text(&b["text"], kit))) }
                @if let Some(fields) = b["fields"].as_array() {
                    div class="b-fields" { @for f in fields { div dir="auto" { (text(f, kit)) } } }
                }
            }
            @if let Some(e) = b.get("accessory") {
                div class="b-accessory" {
                    @if e["type"] == "image" { (image(e, "thumb")) } @else { (element(e, id, &name, false, kit)) }
                }
            }
        }
    }
}

/// A text that is folded when it is long.
pub fn foldable(long: bool, drawn: Markup) -> Markup {
    html! {
        @if long {
            div class="fold" { div class="folded" dir="auto" { (drawn) } button type="button" class="linkish" data-act="unfold" { "Show more" } }
        } @else { div dir="auto" { (drawn) } }
    }
}

/// The same for mrkdwn that stands in no block.
pub fn body_text(said: &str, kit: Kit<'_>) -> Markup {
    let long = said.chars().nth(FOLDED).is_some() || said.bytes().filter(|c| *c == b'\n').count() > FOLDED_LINES;
    foldable(long, PreEscaped(mrkdwn(said, kit.reader)))
}

fn input(b: &Value, id: &str, kit: Kit<'_>) -> Markup {
    let at_once = b["dispatch_action"] == true;
    let name = bare(b["label"]["text"].as_str().unwrap_or(""), kit.reader);
    html! {
        div class="b-input" data-block=(id) {
            div class="label" dir="auto" {
                (text(&b["label"], kit))
                @if b["optional"] == true { span class="quiet" { " (optional)" } }
            }
            (element(&b["element"], id, &name, !at_once, kit))
            @if b.get("hint").is_some() { div class="hint" dir="auto" { (text(&b["hint"], kit)) } }
            div class="error" role="alert" data-keep {}
        }
    }
}

/// A text object.
pub fn text(v: &Value, kit: Kit<'_>) -> Markup {
    let said = v["text"].as_str().unwrap_or("");
    PreEscaped(if v["type"] == "mrkdwn" { mrkdwn(said, kit.reader) } else { plain(said) })
}

/// An image by its URL; one of Slack's own files is a box with its words.
fn image(v: &Value, size: &str) -> Markup {
    let alt = v["alt_text"].as_str().unwrap_or("");
    html! {
        @if let Some(url) = v["image_url"].as_str().filter(|u| is_web(u)) {
            img class=(size) src=(url) alt=(alt) title=(alt) loading="lazy";
        } @else { span class={ "no-image " (size) } role="img" aria-label=(alt) { (alt) } }
    }
}

/// A legacy attachment: a coloured bar, with blocks or with its own fields.
pub fn attachment(a: &Value, kit: Kit<'_>) -> Markup {
    let named = |c: &str| match c {
        "good" => Some("2eb886"),
        "warning" => Some("daa038"),
        "danger" => Some("a30200"),
        _ => None,
    };
    let hex = |c: &str| matches!(c.len(), 3 | 6) && c.bytes().all(|b| b.is_ascii_hexdigit());
    let color = a["color"].as_str().map(|c| c.trim_start_matches('#'));
    let color = color.and_then(|c| named(c).map(String::from).or_else(|| hex(c).then(|| c.to_owned())));
    let said = |key: &str| a[key].as_str().filter(|s| !s.is_empty());
    let marked = |s: &str| PreEscaped(mrkdwn(s, kit.reader));
    html! {
        div class="attachment" style=[color.map(|c| format!("--bar:#{c}"))] {
            @if let Some(s) = said("pretext") { div dir="auto" { (marked(s)) } }
            @if let Some(s) = said("author_name") { div class="quiet" dir="auto" { (PreEscaped(plain(s))) } }
            @if let Some(s) = said("title") {
                div dir="auto" { b {
                    @if let Some(url) = said("title_link").filter(|u| is_web(u)) {
                        a href=(url) target="_blank" rel="noopener noreferrer" { (PreEscaped(plain(s))) }
                    } @else { (PreEscaped(plain(s))) }
                } }
            }
            @if let Some(s) = said("text") { div dir="auto" { (marked(s)) } }
            @if let Some(list) = a["blocks"].as_array() { (blocks(list, kit)) }
            @if let Some(fields) = a["fields"].as_array() {
                div class="b-fields" { @for f in fields {
                    div dir="auto" { b { (f["title"].as_str().unwrap_or("")) } br; (marked(f["value"].as_str().unwrap_or(""))) }
                } }
            }
            @if let Some(s) = said("footer") { div class="b-context" dir="auto" { (PreEscaped(plain(s))) } }
        }
    }
}
