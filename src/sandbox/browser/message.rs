//! Messages, alone and in a row.

use super::super::forms;
use super::super::messages::{Message, Ts};
use super::blocks::{self, Kit};
use super::mrkdwn::{Reader, bare, plain};
use super::seat::{Seat, capital, hue, initials};
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

/// Messages drawn; older ones are one line saying so.
const SHOWN: usize = 200;
/// Within this time a second message of the same author stands without name and picture, in milliseconds.
const TOGETHER_MS: i64 = 5 * 60_000;
/// What a person can react with by one click.
const QUICK: [&str; 3] = ["white_check_mark", "eyes", "raised_hands"];
/// People named at a reaction.
const NAMED: usize = 20;
/// Characters of the message that a reply in the channel answers.
const QUOTED: usize = 150;

/// The square with a face, or what stands for one.
pub fn face(id: &str, name: &str, app: bool) -> Markup {
    html! {
        span class={ "face" (if app { " app" } else { "" }) } style={ "--hue:" (hue(id)) } aria-hidden="true" {
            (if app { "📟".to_owned() } else { initials(name) })
        }
    }
}

/// A channel's messages, what only this person sees among them.
pub fn list(seat: &Seat<'_>, channel: &str) -> Markup {
    let slack = seat.slack;
    let mut all: Vec<(&Message, bool)> = slack.messages.in_channel(channel).map(|m| (m, false)).collect();
    all.extend(mine(seat, channel).filter(|m| m.thread.is_none()).map(|m| (m, true)));
    all.sort_by_key(|(m, _)| m.ts);
    let older = all.len().saturating_sub(SHOWN);
    html! {
        @if older > 0 { p class="older quiet" { (older) " older messages are not shown" } }
        @if all.is_empty() { p class="older quiet" { "Nothing here yet. Break something on the right, or type a command below." } }
        (row(seat, channel, &all[older..]))
    }
}

/// A thread: the parent, then its replies.
pub fn thread(seat: &Seat<'_>, channel: &str, parent: Ts) -> Markup {
    let slack = seat.slack;
    let Some(first) = slack.messages.get(channel, parent) else {
        return html! { p class="quiet" { "This message is gone." } };
    };
    let mut replies: Vec<(&Message, bool)> =
        slack.messages.in_thread(channel, parent).filter(|m| m.ts != parent).map(|m| (m, false)).collect();
    replies.extend(mine(seat, channel).filter(|m| m.thread == Some(parent)).map(|m| (m, true)));
    replies.sort_by_key(|(m, _)| m.ts);
    let n = first.replies.len();
    html! {
        (message(seat, channel, first, false, false, true))
        div class="day" { span { (n) (if n == 1 { " reply" } else { " replies" }) } }
        (row_in_thread(seat, channel, &replies))
    }
}

fn mine<'a>(seat: &'a Seat<'_>, channel: &'a str) -> impl Iterator<Item = &'a Message> {
    let me = &seat.me.id;
    seat.slack.ephemerals.iter().filter(move |e| e.channel == channel && e.user == *me).map(|e| &e.message)
}

fn row(seat: &Seat<'_>, channel: &str, all: &[(&Message, bool)]) -> Markup {
    let day = |m: &Message| day(m.ts, seat.reader);
    html! { @for (i, (m, only_me)) in all.iter().enumerate() {
        @let before = i.checked_sub(1).and_then(|i| all.get(i));
        @if before.is_none_or(|(b, _)| day(b) != day(m)) { div class="day" data-key={ "day-" (day(m)) } { span { (day(m)) } } }
        (message(seat, channel, m, *only_me, follows(before, m, *only_me), false))
    } }
}

fn row_in_thread(seat: &Seat<'_>, channel: &str, all: &[(&Message, bool)]) -> Markup {
    html! { @for (i, (m, only_me)) in all.iter().enumerate() {
        (message(seat, channel, m, *only_me, follows(i.checked_sub(1).and_then(|i| all.get(i)), m, *only_me), true))
    } }
}

fn follows(before: Option<&(&Message, bool)>, m: &Message, only_me: bool) -> bool {
    before.is_some_and(|(b, hidden)| {
        b.user == m.user
            && b.other_app == m.other_app
            && *hidden == only_me
            && !only_me
            && m.ts.at().0 - b.ts.at().0 < TOGETHER_MS
            && b.replies.is_empty()
    })
}

fn message(seat: &Seat<'_>, channel: &str, m: &Message, only_me: bool, follows: bool, in_thread: bool) -> Markup {
    let (slack, reader) = (seat.slack, seat.reader);
    let ts = m.ts.to_string();
    let known = slack.directory().users.get(&m.user);
    let (name, app) = match known {
        _ if m.other_app.is_some() => (m.other_app.clone().unwrap_or_default(), true),
        Some(u) if u.is_bot => (capital(&u.name), m.by_app),
        Some(u) => (u.real_name.clone(), m.by_app),
        None => ("Slackbot".to_owned(), true),
    };
    let attached: Vec<Value> =
        m.attachments.iter().filter_map(|a| a["blocks"].as_array()).flatten().chain(&m.blocks).cloned().collect();
    let values = forms::values(&attached, &forms::Typed::new());
    let kit = Kit { reader, scope: &ts, values: &values };
    let warned = slack.interactions.warnings.get(&(seat.me.id.clone(), ts.clone()));
    let class = format!(
        "message{}{}{}",
        if only_me { " only-me" } else { "" },
        if follows { " follows" } else { "" },
        if in_thread { " in-thread" } else { "" }
    );
    html! {
        article class=(class) data-key={ (if in_thread { "t" } else { "m" }) (ts) } data-ts=(ts) data-channel=(channel)
            aria-label={ (name) ", " (clock(m.ts, reader)) } {
            @if only_me { div class="only-me-note" { "👁 Only visible to you" } }
            @if follows { time class="gutter" { (clock(m.ts, reader)) } } @else { (face(&m.user, &name, app)) }
            div class="said" {
                @if !follows {
                    div class="who" {
                        b { (name) } @if app { span class="tag" { "APP" } }
                        time title=(full(m.ts, reader)) { (clock(m.ts, reader)) }
                        @if m.pinned { span class="quiet" { "📌 Pinned" } }
                    }
                }
                @if let Some(parent) = m.thread.filter(|_| !in_thread && m.broadcast) {
                    (broadcast(seat, channel, parent))
                }
                div class="what" {
                    @if m.blocks.is_empty() && !m.text.is_empty() { (blocks::body_text(&m.text, kit)) }
                    (blocks::blocks(&m.blocks, kit))
                    @for a in &m.attachments { (blocks::attachment(a, kit)) }
                    @for f in &m.files { (file(f)) }
                    @if m.edited.is_some() && m.blocks.is_empty() { span class="quiet" { "(edited)" } }
                }
                @if !only_me { (reactions(seat, m)) }
                @if let Some(error) = warned { div class="warning" role="alert" { "⚠️ " (warning(error)) } }
                @if !m.replies.is_empty() && !in_thread { (replies(seat, m)) }
            }
            @if !only_me && m.subtype.is_none() { (tools(seat, m, in_thread)) }
        }
    }
}

/// Above a reply that was sent to the channel as well.
fn broadcast(seat: &Seat<'_>, channel: &str, parent: Ts) -> Markup {
    let about = seat.slack.messages.get(channel, parent).map(|m| bare(&m.text, seat.reader)).unwrap_or_default();
    html! {
        a class="broadcast" data-nav href=(seat.to(seat.at(), Some(parent))) {
            "replied to a thread: " span dir="auto" { (about.chars().take(QUOTED).collect::<String>()) }
        }
    }
}

fn file(f: &Value) -> Markup {
    html! {
        div class="file" { div { "📄 " b { (f["title"].as_str().unwrap_or("file")) } }
            @if let Some(s) = f["preview"].as_str() { pre { (s) } } }
    }
}

fn reactions(seat: &Seat<'_>, m: &Message) -> Markup {
    let name_of = |id: &String| {
        let user = seat.slack.directory().users.get(id);
        user.map_or_else(|| id.clone(), |u| u.real_name.clone())
    };
    html! { @if !m.reactions.is_empty() { div class="reactions" { @for (name, users) in &m.reactions {
        @let who: Vec<String> = users.iter().take(NAMED).map(name_of).collect();
        button type="button" class={ "reaction" (if users.contains(&seat.me.id) { " mine" } else { "" }) } data-act="react" data-name=(name)
            title=(who.join(", ")) aria-label={ (users.len()) " × " (name) ": " (who.join(", ")) } {
            (PreEscaped(plain(&format!(":{name}:")))) " " (users.len())
        }
    } } } }
}

fn replies(seat: &Seat<'_>, m: &Message) -> Markup {
    let n = m.replies.len();
    let mut who: Vec<&String> = Vec::new();
    for (_, user) in m.replies.iter().rev() {
        if !who.contains(&user) && who.len() < 4 {
            who.push(user);
        }
    }
    let last = m.replies.last().map(|(ts, _)| clock(*ts, seat.reader)).unwrap_or_default();
    html! {
        a class="replies" data-nav href=(seat.to(seat.at(), Some(m.ts))) {
            @for id in &who {
                @let u = seat.slack.directory().users.get(*id);
                (face(id, u.map_or("", |u| u.real_name.as_str()), u.is_some_and(|u| u.is_bot)))
            }
            b { (n) (if n == 1 { " reply" } else { " replies" }) }
            span class="quiet" { "Last reply " (last) }
        }
    }
}

/// What shows when one points at a message.
fn tools(seat: &Seat<'_>, m: &Message, in_thread: bool) -> Markup {
    let ws = seat.slack.workspace();
    html! {
        div class="tools" role="group" aria-label="Message actions" {
            @for name in QUICK {
                button type="button" class="tool" data-act="react" data-name=(name) aria-label={ "React with " (name.replace('_', " ")) }
                    { (PreEscaped(plain(&format!(":{name}:")))) }
            }
            @if !in_thread && m.thread.is_none() {
                a class="tool" data-nav href=(seat.to(seat.at(), Some(m.ts))) aria-label="Reply in thread" title="Reply in thread" { "💬" }
            }
            @if !ws.shortcuts.is_empty() {
                details class="menu" {
                    summary class="tool" aria-label="More actions" title="More actions" { "⋮" }
                    div class="menu-list" {
                        div class="group" { "Message shortcuts" }
                        @for id in &ws.shortcuts {
                            button type="button" class="menu-item" data-act="shortcut" data-callback=(id)
                                { (ws.shortcut_names.get(id).unwrap_or(id)) span class="hint" { (seat.app_name()) } }
                        }
                    }
                }
            }
        }
    }
}

/// What a person reads when a click did not reach the app.
pub fn warning(error: &str) -> String {
    format!("That did not reach the app ({error}). Slack does not try again; you may.")
}

fn local(ts: Ts, reader: Reader<'_>) -> chrono::DateTime<chrono_tz::Tz> {
    ts.at().utc().with_timezone(&reader.tz)
}

pub fn clock(ts: Ts, reader: Reader<'_>) -> String {
    local(ts, reader).format("%H:%M").to_string()
}

fn full(ts: Ts, reader: Reader<'_>) -> String {
    local(ts, reader).format("%A, %-d %B %Y, %H:%M:%S %Z").to_string()
}

fn day(ts: Ts, reader: Reader<'_>) -> String {
    let (then, now) = (local(ts, reader).date_naive(), reader.now.utc().with_timezone(&reader.tz).date_naive());
    match (now - then).num_days() {
        0 => "Today".into(),
        1 => "Yesterday".into(),
        _ => then.format("%A, %-d %B").to_string(),
    }
}
