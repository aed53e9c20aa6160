//! The same in the demo's page: each golden is drawn there too, and nothing that stands in it is lost on the way.

use serde_json::{Value, json};
use warridor::sandbox::browser::render_specimen;

/// Fails unless the page can draw all of these blocks and shows all they say.
pub fn drawn(blocks: &[Value]) {
    let html = render_specimen(&json!({ "blocks": blocks }));
    assert!(!html.contains("class=\"unknown\""), "the page cannot draw this: {html}");
    let shown = decoded(&without_tags(&html));
    let letters = only_letters(&shown);
    for text in blocks.iter().flat_map(said) {
        let (chunks, emoji) = plain(&text);
        for chunk in chunks {
            assert!(letters.contains(&only_letters(&chunk)), "“{chunk}” of “{text}” is not on the page: {shown}");
        }
        for name in emoji {
            assert!(!shown.contains(&name), "the page has no picture for {name}");
        }
    }
}

/// All texts but the hints in empty fields and the names of groups of options, which are attributes.
fn said(v: &Value) -> Vec<String> {
    match v {
        Value::Array(items) => items.iter().flat_map(said).collect(),
        Value::Object(map) => {
            let own = map.get("text").and_then(Value::as_str).map(str::to_owned);
            let is_group = map.contains_key("options") && map.contains_key("label");
            let is_drawn = |key: &str| key != "placeholder" && !(is_group && key == "label");
            let inside = map.iter().filter(|(key, _)| is_drawn(key)).flat_map(|(_, v)| said(v));
            own.into_iter().chain(inside).collect()
        }
        _ => Vec::new(),
    }
}

/// What a reader sees of mrkdwn, cut where Slack draws something of its own: a date, a channel's name, an emoji. The
/// emoji's names follow.
fn plain(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut chunks, mut emoji) = (Vec::new(), Vec::new());
    let mut rest = text;
    let mut chunk = String::new();
    while let Some(at) = rest.find(['<', ':']) {
        chunk.push_str(&rest[..at]);
        rest = &rest[at..];
        let token = rest[1..].find(['>', ':', ' ']).map(|end| &rest[..end + 2]).unwrap_or("");
        if rest.starts_with('<') {
            let end = rest.find('>').expect("a token ends");
            match rest[1..end].split_once('|') {
                Some((link, label)) if link.starts_with("http") => chunk.push_str(label),
                _ => chunks.push(std::mem::take(&mut chunk)),
            }
            rest = &rest[end + 1..];
        } else if token.len() > 2
            && token.ends_with(':')
            && token[1..].starts_with(|c: char| c.is_ascii_lowercase())
            && token[1..token.len() - 1].chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            chunks.push(std::mem::take(&mut chunk));
            emoji.push(token.to_owned());
            rest = &rest[token.len()..];
        } else {
            chunk.push(':');
            rest = &rest[1..];
        }
    }
    chunk.push_str(rest);
    chunks.push(chunk);
    (chunks.iter().map(|c| decoded(c)).collect(), emoji)
}

fn without_tags(html: &str) -> String {
    let mut pieces = html.split('<');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |all, piece| all + piece.split_once('>').map_or("", |(_, after)| after))
}

fn decoded(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    named.into_iter().fold(text.to_owned(), |text, (name, sign)| text.replace(name, sign))
}

/// Marks and spaces are drawn, not written.
fn only_letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
