//! What a message in Slack says, as one text. Whoever wrote it, and whatever with, is not trusted.

use crate::domain::id::{MessageRef, SlackUserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// So much of a message is looked at, in characters: an announcement is far shorter.
const LOOKED_AT: usize = 4_000;
/// Blocks inside blocks are followed so deep.
const DEPTH: usize = 8;
/// The longest name of a workspace in its address, in characters.
const DOMAIN_CHARS: usize = 63;

/// A message somebody pointed at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// In Slack's markup, `&`, `<` and `>` escaped and mentions as they came; empty where it has no words.
    pub text: String,
    /// Its address; empty where the payload does not tell it.
    pub link: String,
    /// Which one it is.
    pub message: Option<MessageRef>,
    pub by: Writer,
}

/// Who wrote a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Writer {
    Person(SlackUserId),
    /// As it calls itself.
    App(String),
    #[default]
    NotTold,
}

/// Reads the message of a `message_action`.
pub fn said(p: &Value) -> Said {
    let m = &p["message"];
    let ts = m["ts"].as_str().or(p["message_ts"].as_str());
    let message = p.pointer("/channel/id").and_then(Value::as_str).zip(ts);
    let message = message.map(|(channel, ts)| MessageRef { channel: channel.into(), ts: ts.into() });
    Said { text: text(m), link: link(p).unwrap_or_default(), message, by: writer(m) }
}

/// The same of a message that came by an event, which tells no address.
pub fn said_in(m: &Value, message: MessageRef) -> Said {
    Said { text: text(m), link: String::new(), message: Some(message), by: writer(m) }
}

/// What an app posts names the app's own user as well, or nobody: docs.slack.dev/reference/events/message/bot_message.
fn writer(m: &Value) -> Writer {
    let app = [str_of(m, "username"), str_of(&m["bot_profile"], "name")].into_iter().find(|name| !name.is_empty());
    match (str_of(m, "bot_id"), app, str_of(m, "user")) {
        ("", _, "") => Writer::NotTold,
        ("", _, user) | (_, None, user) if !user.is_empty() => Writer::Person(user.into()),
        (_, name, _) => Writer::App(name.unwrap_or("an app").to_owned()),
    }
}

/// Its own words; else those of its blocks, of what is attached to it, or the names of its files.
fn text(message: &Value) -> String {
    let own = str_of(message, "text").to_owned();
    let attached = || each(message, "attachments").map(attachment).collect::<Vec<_>>().join("\n");
    let files = || each(message, "files").map(|f| escaped(first(f, &["title", "name"]))).collect::<Vec<_>>().join(", ");
    let from: [&dyn Fn() -> String; 4] = [&|| own.clone(), &|| blocks(message), &attached, &files];
    let found = from.iter().map(|words| words()).find(|words| !words.trim().is_empty());
    found.unwrap_or_default().trim().chars().take(LOOKED_AT).collect()
}

fn attachment(a: &Value) -> String {
    let words = ["pretext", "title", "text"].map(|key| str_of(a, key)).join("\n");
    let words = if words.trim().is_empty() { blocks(a) } else { words };
    if words.trim().is_empty() { str_of(a, "fallback").to_owned() } else { words }
}

fn blocks(of: &Value) -> String {
    let mut out = String::new();
    for block in each(of, "blocks") {
        out.push_str(str_of(&block["text"], "text"));
        for field in each(block, "fields").chain(each(block, "elements").filter(|_| block["type"] == "context")) {
            out.push(' ');
            out.push_str(str_of(field, "text"));
        }
        if block["type"] == "rich_text" {
            rich(block, &mut out, 0);
        }
        out.push('\n');
    }
    out
}

/// Rich text says its parts one by one, unescaped: as they would stand in a message's `text`.
fn rich(part: &Value, out: &mut String, depth: usize) {
    if depth >= DEPTH || out.len() > LOOKED_AT * 4 {
        return;
    }
    for e in each(part, "elements") {
        match str_of(e, "type") {
            "text" => out.push_str(&escaped(str_of(e, "text"))),
            "user" => out.push_str(&format!("<@{}>", escaped(str_of(e, "user_id")))),
            "channel" => out.push_str(&format!("<#{}>", escaped(str_of(e, "channel_id")))),
            "usergroup" => out.push_str(&format!("<!subteam^{}>", escaped(str_of(e, "usergroup_id")))),
            "broadcast" => out.push_str(&format!("<!{}>", escaped(str_of(e, "range")))),
            "emoji" => out.push_str(&format!(":{}:", escaped(str_of(e, "name")))),
            "link" => out.push_str(&escaped(first(e, &["text", "url"]))),
            "date" => out.push_str(&escaped(str_of(e, "fallback"))),
            "color" => out.push_str(&escaped(str_of(e, "value"))),
            _ => {
                rich(e, out, depth + 1);
                out.push('\n');
            }
        }
    }
}

/// `https://acme.slack.com/archives/C0PAY/p1583636382000300`, as *Copy link* gives it. Made from what came with the press:
/// asking Slack (chat.getPermalink) works only where the bot is a member, and costs part of the 3 s a window may take.
fn link(p: &Value) -> Option<String> {
    let (domain, channel) = (p.pointer("/team/domain")?.as_str()?, p.pointer("/channel/id")?.as_str()?);
    let (ts, thread) = (p.pointer("/message/ts").or(p.get("message_ts"))?, p.pointer("/message/thread_ts"));
    address(domain, channel, ts.as_str()?, thread.and_then(Value::as_str))
}

/// The address of a message of the workspace `domain`; `thread`: its parent.
pub fn address(domain: &str, channel: &str, ts: &str, thread: Option<&str>) -> Option<String> {
    let is_word = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_word(domain) || domain.len() > DOMAIN_CHARS || !is_word(channel) {
        return None;
    }
    let at = digits(ts)?;
    let thread = thread.filter(|t| digits(t).is_some() && *t != ts);
    let thread = thread.map(|t| format!("?thread_ts={t}&cid={channel}")).unwrap_or_default();
    Some(format!("https://{domain}.slack.com/archives/{channel}/p{at}{thread}"))
}

/// `1583636382.000300` without its dot.
fn digits(ts: &str) -> Option<String> {
    let (secs, micros) = ts.split_once('.')?;
    let all = format!("{secs}{micros}");
    (ts.len() <= 24 && !secs.is_empty() && all.bytes().all(|b| b.is_ascii_digit())).then_some(all)
}

/// What came by [`Said::text`] or alike, once its mentions are words: `&lt;` is `<` again.
pub fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn each<'a>(of: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    of[key].as_array().into_iter().flatten()
}

fn str_of<'a>(of: &'a Value, key: &str) -> &'a str {
    of[key].as_str().unwrap_or_default()
}

fn first<'a>(of: &'a Value, keys: &[&str]) -> &'a str {
    keys.iter().map(|key| str_of(of, key)).find(|s| !s.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_are_found_wherever_a_message_has_them() {
        let rich = json!({ "type": "rich_text", "elements": [
            { "type": "rich_text_section", "elements": [
                { "type": "text", "text": "a & b <!here> " }, { "type": "user", "user_id": "U2" },
                { "type": "text", "text": " " }, { "type": "broadcast", "range": "channel" },
                { "type": "emoji", "name": "fire" }, { "type": "link", "url": "https://x.example" } ] },
            { "type": "rich_text_list", "elements": [
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "one" }] },
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "two" }] } ] } ] });
        let section = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "*Deploy* 4" },
            "fields": [{ "type": "mrkdwn", "text": "in east" }] });
        let rows = [
            (json!({ "text": " draining &amp; more ", "blocks": [rich] }), "draining &amp; more"),
            (
                json!({ "text": "", "blocks": [rich] }),
                "a &amp; b &lt;!here&gt; <@U2> <!channel>:fire:https://x.example\none\ntwo",
            ),
            (json!({ "text": "  ", "blocks": [section, { "type": "divider" }] }), "*Deploy* 4 in east"),
            (json!({ "blocks": [{ "type": "header", "text": { "type": "plain_text", "text": "Up" } }] }), "Up"),
            (json!({ "attachments": [{ "fallback": "f", "title": "Build 7", "text": "failed" }] }), "Build 7\nfailed"),
            (json!({ "attachments": [{ "fallback": "Build 7 failed" }] }), "Build 7 failed"),
            (json!({ "attachments": [{ "blocks": [section] }] }), "*Deploy* 4 in east"),
            (json!({ "text": "", "files": [{ "name": "a<b.png" }, { "title": "the plan" }] }), "a&lt;b.png, the plan"),
            (json!({ "text": "", "blocks": [{ "type": "image" }] }), ""),
            (json!({}), ""),
        ];
        for (message, expected) in rows {
            let lines: Vec<String> = text(&message).lines().map(|l| l.trim().to_owned()).collect();
            let lines: Vec<String> = lines.into_iter().filter(|l| !l.is_empty()).collect();
            assert_eq!(lines.join("\n"), expected, "{message}");
        }
    }

    #[test]
    fn a_message_without_end_is_looked_at_only_so_far() {
        assert_eq!(text(&json!({ "text": "é".repeat(50_000) })).chars().count(), LOOKED_AT);
        let mut deep = json!({ "type": "text", "text": "bottom" });
        for _ in 0..100 {
            deep = json!({ "type": "rich_text_section", "elements": [deep] });
        }
        let deep = json!({ "blocks": [{ "type": "rich_text", "elements": [deep] }] });
        assert_eq!(text(&deep), "");
    }

    #[test]
    fn a_link_is_made_of_what_is_fit_for_one_only() {
        let pressed = |domain: &str, channel: &str, ts: &str, thread: &str| {
            json!({ "team": { "domain": domain }, "channel": { "id": channel },
                "message": { "ts": ts, "thread_ts": thread } })
        };
        let ts = "1583636382.000300";
        let good = "https://acme.slack.com/archives/C1/p1583636382000300";
        assert_eq!(link(&pressed("acme", "C1", ts, "")).as_deref(), Some(good));
        assert_eq!(link(&pressed("acme", "C1", ts, ts)).as_deref(), Some(good), "it begins its thread");
        let reply = format!("{good}?thread_ts=1500000000.000100&cid=C1");
        assert_eq!(link(&pressed("acme", "C1", ts, "1500000000.000100")), Some(reply));
        assert_eq!(link(&pressed("acme", "C1", ts, "1>|<!here>")).as_deref(), Some(good));
        for (domain, channel, ts) in [
            ("evil.example/", "C1", ts),
            ("", "C1", ts),
            ("acme", "C1/../x", ts),
            ("acme", "C1", "now"),
            ("acme", "C1", "1.2>"),
        ] {
            assert_eq!(link(&pressed(domain, channel, ts, "")), None, "{domain} {channel} {ts}");
        }
        assert_eq!(link(&json!({})), None);
    }
}
