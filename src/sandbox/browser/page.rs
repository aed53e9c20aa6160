//! The page: the bar on top, places on the left, messages in the middle, a thread or the demo's desk on the right, a
//! modal over all of it.

use super::super::directory::{Conversation, Sort};
use super::super::messages::Ts;
use super::super::scripts::Service;
use super::super::state::Slack;
use super::message::{self, face};
use super::mrkdwn::{Reader, mrkdwn};
use super::seat::{Look, Place, Seat};
use super::{desk, surfaces};
use crate::domain::stamp::At;
use crate::sandbox::guide::Guide;
use crate::sandbox::telephone::http::Telephone;
use chrono_tz::Tz;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What is not the Slack itself.
#[derive(Clone, Copy)]
pub struct Beside<'a> {
    pub guide: &'a Guide,
    pub services: &'a [Service],
    pub telephone: &'a Telephone,
}

/// The whole document.
pub fn whole(slack: &mut Slack, beside: &Beside<'_>, look: &Look, now: At) -> Markup {
    let team = slack.workspace().team_name.clone();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (team) " (demo Slack)" }
                link rel="icon" href="/favicon.ico";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            (body(slack, beside, look, now))
        }
    }
}

/// The body, which the script fetches again when something changed.
pub fn body(slack: &mut Slack, beside: &Beside<'_>, look: &Look, now: At) -> Markup {
    let Beside { guide, services, telephone } = *beside;
    let known = |id: String| slack.directory().users.contains_key(&id).then_some(id);
    let opens_as = guide.opens_as.as_ref().and_then(|ask| ask(now)).and_then(known);
    let first = opens_as.or_else(|| slack.directory().people().next().map(|u| u.id.clone())).unwrap_or_default();
    let me = slack.actor(&look.r#as).unwrap_or(first);
    let place = match look.channel.as_str() {
        "home" => None,
        "" => {
            let of_service = services.first().and_then(|s| slack.place(&s.channel, &me, now).ok());
            of_service.or_else(|| slack.listed_channels().find(|c| c.has(&me)).map(|c| c.id.clone()))
        }
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
    let thread: Option<Ts> = match place {
        Place::Channel(c) => look.thread.parse().ok().filter(|ts| slack.messages.get(&c.id, *ts).is_some()),
        Place::Home | Place::Nowhere => None,
    };
    let tz: Tz = me.tz.parse().unwrap_or(Tz::UTC);
    let screen = me.phone.as_deref().map(|number| telephone.screen(number));
    let telephone = screen.as_ref();
    let seat = Seat { slack, guide, services, me, telephone, place, reader: Reader { slack, tz, now } };
    let in_modal = !slack.views.stack(&me.id).is_empty();
    html! {
        body data-revision=(slack.revision()) data-user=(me.id) data-channel=(seat.channel_id()) data-place=(seat.at())
            data-tab=[tab(&seat)] class=[thread.map(|_| "has-thread")] {
            div id="app" inert[in_modal] {
                (bar(&seat))
                (desk::strip(&seat))
                div class="columns" {
                    nav id="side" aria-label="Channels and apps" { (side(&seat)) }
                    main id="main" { (middle(&seat)) }
                    @if let Some(parent) = thread { (thread_pane(&seat, parent)) }
                    aside id="desk" aria-label="Demo desk" { (desk::panels(&seat)) }
                }
            }
            div id="top" { (surfaces::modal(&seat)) }
            div id="note" role="status" aria-live="polite" data-keep {}
            div id="buzz" role="status" aria-live="polite" data-keep {}
        }
    }
}

/// Which tab of the app is open, for `app_home_opened`.
fn tab(seat: &Seat<'_>) -> Option<&'static str> {
    match seat.place {
        Place::Home => Some("home"),
        Place::Channel(c) if c.sort == Sort::Im => Some("messages"),
        Place::Channel(_) | Place::Nowhere => None,
    }
}

fn bar(seat: &Seat<'_>) -> Markup {
    html! {
        header id="bar" {
            button type="button" class="icon for-phone" data-act="drawer" data-drawer="side" aria-label="Channels" { "☰" }
            p id="banner" { (desk::banner(seat)) }
            nav class="people" aria-label="Who am I" {
                @for u in seat.slack.directory().people() {
                    a data-nav href=(seat.link(&u.name, seat.at(), None)) class=[(u.id == seat.me.id).then_some("here")]
                        aria-current=[(u.id == seat.me.id).then_some("true")] title={ "Be " (u.real_name) } {
                        (face(&u.id, &u.real_name, false))
                        span { (u.real_name.split_whitespace().next().unwrap_or("")) }
                        (badge(total(seat, &u.id)))
                    }
                }
            }
            button type="button" class="btn for-phone" data-act="drawer" data-drawer="desk" { "Demo" }
        }
    }
}

/// What waits for a person in all conversations with the app.
fn total(seat: &Seat<'_>, user: &str) -> usize {
    let here = |c: &&Conversation| user == seat.me.id && c.id == seat.channel_id();
    let conversations = seat.slack.directory().conversations.values().filter(|c| c.has(user) && !here(c));
    conversations.map(|c| seat.slack.unread(user, c).badge).sum()
}

fn badge(n: usize) -> Markup {
    html! { @if n > 0 { span class="badge" { (n) span class="sr" { " unread" } } } }
}

fn side(seat: &Seat<'_>) -> Markup {
    let slack = seat.slack;
    let my_dm = slack.directory().im(&seat.me.id);
    let in_dm = matches!(seat.place, Place::Channel(c) if c.sort == Sort::Im);
    let in_home = matches!(seat.place, Place::Home);
    html! {
        div class="side-head" { h1 { (slack.workspace().team_name) }
            button type="button" class="icon drawer-close" data-act="drawer" aria-label="Close the list of channels" { "✕" } }
        h2 { "Channels" }
        ul { @for c in slack.listed_channels().filter(|c| c.seen_by(seat.me) && !c.is_archived) {
            @let here = c.id == seat.channel_id();
            @let unread = if here { Default::default() } else { slack.unread(&seat.me.id, c) };
            li { a data-nav href=(seat.to(&c.name, None)) aria-current=[here.then_some("page")]
                class=(if here { "here" } else if unread.messages > 0 { "unread" } else { "" }) {
                span class="mark" aria-hidden="true" { (if c.sort == Sort::Private { "🔒" } else { "#" }) } span class="name" { (c.name) }
                @if unread.messages > 0 && unread.badge == 0 { span class="sr" { " has unread messages" } }
                (badge(unread.badge))
            } }
        } }
        h2 { "Apps" }
        ul {
            @let n = if in_dm { 0 } else { my_dm.map_or(0, |dm| slack.unread(&seat.me.id, dm).badge) };
            li { a data-nav href=(seat.to("dm", None)) aria-current=[in_dm.then_some("page")]
                class=(if in_dm || in_home { "here" } else if n > 0 { "unread" } else { "" }) {
                (face(&slack.workspace().bot.user_id, "", true)) span class="name" { (seat.app_name()) } (badge(n))
            } }
        }
        p class="side-foot" { "A Slack of its own on your machine. Nothing leaves it." }
        section class="who-am-i for-phone" aria-label="Who am I" {
            h2 { "You are" }
            ul { @for u in slack.directory().people() {
                li { a data-nav href=(seat.link(&u.name, seat.at(), None)) class=[(u.id == seat.me.id).then_some("here")] {
                    (face(&u.id, &u.real_name, false)) span class="name" { (u.real_name) } (badge(total(seat, &u.id)))
                } }
            } }
        }
    }
}

fn middle(seat: &Seat<'_>) -> Markup {
    match seat.place {
        Place::Channel(c) => html! {
            div class="head" {
                @if c.sort == Sort::Im { (app_head(seat, false)) } @else {
                    h2 { (if c.sort == Sort::Private { "🔒 " } else { "# " }) (c.name) }
                    p class="topic" dir="auto" { (PreEscaped(mrkdwn(&c.topic.value, seat.reader))) }
                    span class="members quiet" title=(names(seat, c)) { "👥 " (c.members.len()) }
                }
            }
            section id="messages" class="scroll" role="log" aria-live="polite" aria-label="Messages" tabindex="0" data-key={ "in-" (c.id) } { (message::list(seat, &c.id)) }
            (composer(seat, c, None))
        },
        Place::Home => html! {
            div class="head" { (app_head(seat, true)) }
            section id="messages" class="scroll" aria-label="Home tab" tabindex="0" data-key="home" { (surfaces::home(seat)) }
        },
        Place::Nowhere => html! {
            div class="head" { h2 { "Not found" } }
            section id="messages" class="scroll" data-key="nowhere" { p class="older quiet" { (seat.me.real_name) " cannot see such a channel. Pick another one on the left." } }
        },
    }
}

fn names(seat: &Seat<'_>, c: &Conversation) -> String {
    let name = |id: &String| seat.slack.directory().users.get(id).map(|u| u.real_name.clone());
    c.members.iter().filter_map(name).take(50).collect::<Vec<_>>().join(", ")
}

fn app_head(seat: &Seat<'_>, home: bool) -> Markup {
    let current = |on: bool| on.then_some("page");
    html! {
        h2 { (face(&seat.slack.workspace().bot.user_id, "", true)) (seat.app_name()) }
        nav class="tabs" aria-label="App" {
            a data-nav href=(seat.to("home", None)) aria-current=[current(home)] { "Home" }
            a data-nav href=(seat.to("dm", None)) aria-current=[current(!home)] { "Messages" }
        }
    }
}

fn composer(seat: &Seat<'_>, c: &Conversation, thread: Option<Ts>) -> Markup {
    let place = if c.sort == Sort::Im { seat.app_name() } else { format!("#{}", c.name) };
    let hint = match thread {
        Some(_) => "Reply…".to_owned(),
        None => format!("Message {place}, or type /"),
    };
    let id = format!("say-{}-{}", c.id, thread.map(|ts| ts.to_string()).unwrap_or_default());
    html! {
        form class="composer" id=(id) data-key=(id) data-thread=[thread.map(|ts| ts.to_string())] autocomplete="off" {
            @if thread.is_none() {
                ul class="completion" role="listbox" id="commands" aria-label="Commands" hidden {
                    @for (i, command) in seat.slack.workspace().commands.iter().enumerate() {
                        li role="option" id={ "command-" (i) } data-command=(command.command) aria-selected="false" {
                            span { b { (command.command) } " " span class="quiet" { (command.usage_hint) } }
                            span class="hint" { (command.description) }
                        }
                    }
                }
            }
            textarea name="text" rows="1" dir="auto" placeholder=(hint) aria-label=(hint)
                aria-controls=[thread.is_none().then_some("commands")] {}
            button class="btn primary send" aria-label="Send" { span aria-hidden="true" { "➤" } }
        }
    }
}

fn thread_pane(seat: &Seat<'_>, parent: Ts) -> Markup {
    let Place::Channel(c) = seat.place else { return html! {} };
    html! {
        aside id="thread" aria-label="Thread" data-key={ "thread-" (parent) } {
            div class="head" { h2 { "Thread" } p class="topic" { @if c.sort != Sort::Im { "# " (c.name) } }
                a class="icon" data-nav data-close href=(seat.to(seat.at(), None)) aria-label="Close the thread" { "✕" } }
            section class="scroll" role="log" aria-label="Replies" tabindex="0" { (message::thread(seat, &c.id, parent)) }
            (composer(seat, c, Some(parent)))
        }
    }
}
