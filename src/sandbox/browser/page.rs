//! The page: people and places on the left, messages in the middle, a modal on top.

use super::super::directory::{Conversation, Sort};
use super::super::forms;
use super::super::messages::{Message, Ts};
use super::super::state::Slack;
use super::super::workspace::User;
use super::Look;
use super::draw::{self, Surface};
use super::mrkdwn::{Reader, mrkdwn, plain};
use crate::domain::stamp::At;
use chrono_tz::Tz;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

/// Messages drawn; older ones are one line saying so.
const SHOWN: usize = 200;

/// Who looks at what.
struct Seat<'a> {
    slack: &'a Slack,
    me: &'a User,
    place: Place<'a>,
    reader: Reader<'a>,
}

enum Place<'a> {
    Channel(&'a Conversation),
    Home,
    Nowhere,
}

/// The whole document.
pub fn whole(slack: &mut Slack, look: &Look, now: At) -> Markup {
    let team = slack.workspace().team_name.clone();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (team) " (sandbox)" }
                link rel="icon" href="/favicon.ico";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            (body(slack, look, now))
        }
    }
}

/// The body, which the script fetches again when something changed.
pub fn body(slack: &mut Slack, look: &Look, now: At) -> Markup {
    let first = slack.directory().people().next().map(|u| u.id.clone()).unwrap_or_default();
    let me = slack.actor(&look.r#as).unwrap_or(first);
    let place = match look.channel.as_str() {
        "home" => None,
        "" => slack.listed_channels().find(|c| c.has(&me)).map(|c| c.id.clone()),
        "dm" => Some(slack.im_with(&me, now)),
        said => slack.place(said, &me, now).ok(),
    };
    let slack = &*slack;
    let Some(me) = slack.directory().users.get(&me) else {
        return html! { body { p { "Nobody is in this workspace." } } };
    };
    let place = match place.and_then(|id| slack.directory().conversations.get(&id)) {
        Some(c) => Place::Channel(c),
        None if look.channel == "home" => Place::Home,
        None => Place::Nowhere,
    };
    let tz: Tz = me.tz.parse().unwrap_or(Tz::UTC);
    let seat = Seat { slack, me, place, reader: Reader { slack, tz, now } };
    let (key, id) = match seat.place {
        Place::Channel(c) => (c.id.as_str(), c.id.as_str()),
        Place::Home => ("home", ""),
        Place::Nowhere => ("", ""),
    };
    html! {
        body data-revision=(slack.revision()) data-user=(me.id) data-channel=(id) data-place=(key) {
            nav id="side" { (side(&seat)) }
            main { (middle(&seat)) }
            div id="top" { (modal(&seat)) }
            div id="note" role="status" {}
        }
    }
}

fn link(seat: &Seat<'_>, user: &str, channel: &str) -> String {
    debug_assert!(!seat.me.id.is_empty());
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("as", user).append_pair("channel", channel);
    format!("/?{}", query.finish())
}

fn side(seat: &Seat<'_>) -> Markup {
    let slack = seat.slack;
    let here = |id: &str| matches!(seat.place, Place::Channel(c) if c.id == id).then_some("here");
    let my_dm = slack.directory().im(&seat.me.id);
    let in_dm = matches!(seat.place, Place::Channel(c) if c.sort == Sort::Im);
    let at = match seat.place {
        Place::Channel(c) if c.sort == Sort::Im => "dm",
        Place::Channel(c) => c.id.as_str(),
        Place::Home => "home",
        Place::Nowhere => "",
    };
    html! {
        h1 { (slack.workspace().team_name) span class="quiet" { " sandbox" } }
        h2 { "You are" }
        ul class="people" { @for u in slack.directory().people() {
            li { a href=(link(seat, &u.name, at)) class=[(u.id == seat.me.id).then_some("here")] {
                span class="face" style={ "background:hsl(" (hue(&u.id)) " 45% 45%)" } { (initial(&u.real_name)) } (u.real_name)
            } }
        } }
        h2 { "Channels" }
        ul { @for c in slack.listed_channels().filter(|c| c.seen_by(seat.me) && !c.is_archived) {
            li { a href=(link(seat, &seat.me.name, &c.name)) class=[here(&c.id)] {
                (if c.sort == Sort::Private { "🔒 " } else { "# " }) (c.name)
            } }
        } }
        h2 { "Apps" }
        ul {
            li { a href=(link(seat, &seat.me.name, "dm")) class=[in_dm.then_some("here")] {
                (slack.workspace().bot.name)
                @if let Some(dm) = my_dm {
                    @let n = slack.shown(&dm.id, None, None).len();
                    @if n > 0 { span class="count" { (n) } }
                }
            } }
            li { a href=(link(seat, &seat.me.name, "home")) class=[matches!(seat.place, Place::Home).then_some("here")] { "Home tab" } }
        }
    }
}

fn hue(id: &str) -> u32 {
    id.bytes().fold(7_u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b))) % 360
}

fn initial(name: &str) -> String {
    name.chars().next().map(|c| c.to_uppercase().collect()).unwrap_or_default()
}

fn middle(seat: &Seat<'_>) -> Markup {
    match seat.place {
        Place::Channel(c) => html! {
            header {
                @if c.sort == Sort::Im { b { (seat.slack.workspace().bot.name) } }
                @else { b { "# " (c.name) } span class="topic" { (PreEscaped(plain(&c.topic.value))) } }
            }
            section id="messages" aria-live="polite" { (messages(seat, &c.id)) }
            form id="say" autocomplete="off" {
                input name="text" placeholder=(format!("Message, or {}", commands(seat))) list="commands" aria-label="Message or command";
                datalist id="commands" { @for c in &seat.slack.workspace().commands { option value={ (c.command) " " } { (c.description) } } }
                button class="btn primary" { "Send" }
            }
        },
        Place::Home => html! {
            header { b { (seat.slack.workspace().bot.name) " home" } }
            section id="messages" { (home(seat)) }
        },
        Place::Nowhere => {
            html! { header {} section id="messages" { p class="quiet" { "No such channel for this person." } } }
        }
    }
}

fn commands(seat: &Seat<'_>) -> String {
    let all: Vec<&str> = seat.slack.workspace().commands.iter().map(|c| c.command.as_str()).collect();
    if all.is_empty() { "a command".into() } else { all.join(" ") }
}

fn messages(seat: &Seat<'_>, channel: &str) -> Markup {
    let slack = seat.slack;
    let mine = |e: &&super::super::messages::Ephemeral| e.channel == channel && e.user == seat.me.id;
    let ephemerals: Vec<&Message> = slack.ephemerals.iter().filter(mine).map(|e| &e.message).collect();
    let mut list: Vec<(&Message, bool)> = slack.messages.in_channel(channel).map(|m| (m, false)).collect();
    list.extend(ephemerals.iter().filter(|m| m.thread.is_none()).map(|m| (*m, true)));
    list.sort_by_key(|(m, _)| m.ts);
    let older = list.len().saturating_sub(SHOWN);
    html! {
        @if older > 0 { p class="quiet" { (older) " older messages" } }
        @for (m, ephemeral) in &list[older..] {
            (message(seat, channel, m, *ephemeral))
            @if !m.replies.is_empty() {
                details class="thread" open { summary { (m.replies.len()) " in thread" }
                    @for r in slack.messages.in_thread(channel, m.ts).filter(|r| r.ts != m.ts) { (message(seat, channel, r, false)) }
                    @for r in ephemerals.iter().filter(|r| r.thread == Some(m.ts)) { (message(seat, channel, r, true)) }
                }
            }
        }
    }
}

fn message(seat: &Seat<'_>, channel: &str, m: &Message, ephemeral: bool) -> Markup {
    let (slack, reader) = (seat.slack, seat.reader);
    let ts = m.ts.to_string();
    let (name, app) = match slack.directory().users.get(&m.user) {
        Some(u) => (if u.is_bot { u.name.as_str() } else { u.real_name.as_str() }, m.by_app),
        None => ("Slackbot", true),
    };
    let attached: Vec<Value> =
        m.attachments.iter().filter_map(|a| a["blocks"].as_array()).flatten().chain(&m.blocks).cloned().collect();
    let values = forms::values(&attached, &forms::Typed::new());
    let warned = slack.interactions.warnings.get(&(seat.me.id.clone(), ts.clone()));
    html! {
        article data-ts=(ts) data-channel=(channel) class=[ephemeral.then_some("ephemeral")] {
            span class={ "face" (if app { " app" } else { "" }) } style={ "background:hsl(" (hue(&m.user)) " 45% 45%)" } { (initial(name)) }
            div class="said" {
                div class="who" {
                    b { (name) } @if app { span class="tag" { "APP" } }
                    time { (clock(m.ts, reader)) }
                    @if m.pinned { span class="quiet" { "📌 pinned" } }
                    @if ephemeral { span class="quiet" { "Only visible to you" } }
                }
                @if m.blocks.is_empty() { div { (PreEscaped(mrkdwn(&m.text, reader))) } }
                (draw::blocks(&m.blocks, &values, Surface::Message, reader))
                @for a in &m.attachments { (draw::attachment(a, &values, reader)) }
                @for f in &m.files { div class="file" { "📄 " (f["title"].as_str().unwrap_or("file"))
                    @if let Some(s) = f["preview"].as_str() { pre { (s) } } } }
                @if m.edited.is_some() { span class="quiet" { "(edited)" } }
                @if !m.reactions.is_empty() { div class="reactions" { @for (name, users) in &m.reactions {
                    span { (PreEscaped(plain(&format!(":{name}:")))) " " (users.len()) }
                } } }
                div class="warning" { @if let Some(error) = warned { "⚠️ " (warning(error)) } }
            }
        }
    }
}

fn warning(error: &str) -> String {
    format!("That did not reach the app ({error}). Slack does not try again; you may.")
}

fn clock(ts: Ts, reader: Reader<'_>) -> String {
    let at = At(i64::try_from(ts.0 / 1_000).unwrap_or(0)).utc().with_timezone(&reader.tz);
    let today = reader.now.utc().with_timezone(&reader.tz).date_naive();
    let format = if at.date_naive() == today { "%H:%M" } else { "%a %-d %b %H:%M" };
    at.format(format).to_string()
}

fn home(seat: &Seat<'_>) -> Markup {
    match seat.slack.views.home(&seat.me.id) {
        None => html! { p class="quiet" { "The app has not published a Home tab for you yet." } },
        Some(v) => html! {
            div class="home" data-view=(v.id) {
                (draw::blocks(v.blocks(), &forms::values(v.blocks(), &v.typed), Surface::View, seat.reader))
            }
        },
    }
}

fn modal(seat: &Seat<'_>) -> Markup {
    let stack = seat.slack.views.stack(&seat.me.id);
    let Some(v) = stack.last() else { return html! {} };
    let said = |key: &str, or: &str| v.body.get(key).and_then(|t| t["text"].as_str()).unwrap_or(or).to_owned();
    let values = forms::values(v.blocks(), &v.typed);
    let warned = seat.slack.interactions.warnings.get(&(seat.me.id.clone(), v.id.clone()));
    let back = if stack.len() > 1 { "Back" } else { "Cancel" };
    html! {
        div class="shade" {
            form class="modal" data-view=(v.id) data-key={ (v.id) "/" (v.hash) } novalidate {
                div class="modal-head" { b { (PreEscaped(plain(&said("title", "")))) }
                    button type="button" class="btn plain" data-act="close-all" aria-label="Close" { "✕" } }
                div class="modal-body" { (draw::blocks(v.blocks(), &values, Surface::View, seat.reader)) }
                div class="warning" { @if let Some(error) = warned { "⚠️ " (warning(error)) } }
                div class="modal-foot" {
                    button type="button" class="btn" data-act="close" { (PreEscaped(plain(&said("close", back)))) }
                    @if v.body.contains_key("submit") {
                        button class="btn primary" disabled[v.body.get("submit_disabled") == Some(&json!(true))]
                            { (PreEscaped(plain(&said("submit", "Submit")))) }
                    }
                }
            }
        }
    }
}
