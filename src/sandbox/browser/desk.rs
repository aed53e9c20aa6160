//! What stands beside the Slack: who one is, what to try, something to break, a clock to move, a phone to look at.

use super::super::directory::Sort;
use super::super::phone::{Push, Why};
use super::super::telephone::{Call, CallStatus, Text};
use super::super::trouble::Trouble;
use super::mrkdwn::{bare, mrkdwn};
use super::seat::Seat;
use crate::domain::stamp::At;
use maud::{Markup, PreEscaped, html};

/// Pushes on the drawn phone, newest first.
const ON_SCREEN: usize = 12;

/// One line about the person who looks.
pub fn banner(seat: &Seat<'_>) -> String {
    let said = seat.guide.banner.as_ref().map(|say| say(&seat.me.id, seat.reader.now));
    said.unwrap_or_else(|| format!("You are {}", seat.me.real_name))
}

/// The things to try, ticked off as they are done.
pub fn strip(seat: &Seat<'_>) -> Markup {
    let steps = &seat.guide.steps;
    let next = steps.iter().position(|s| !seat.slack.is_done(s));
    html! { @if !steps.is_empty() {
        ol id="try" aria-label="Things to try" {
            @for (i, step) in steps.iter().enumerate() {
                @let done = seat.slack.is_done(step);
                li class=(if done { "done" } else if next == Some(i) { "next" } else { "" }) {
                    span class="tick" aria-hidden="true" { (if done { "✓".to_owned() } else { (i + 1).to_string() }) }
                    span { (PreEscaped(mrkdwn(&step.text, seat.reader))) @if done { span class="sr" { " (done)" } } }
                }
            }
            @if next.is_none() { li class="next all" { span { "🎉 That is the whole loop. " b { "Now in your Slack" } " is at the end of the demo desk." }
                button type="button" class="icon" data-act="tour-over" aria-label="Put away the things to try" { "✕" } } }
        }
    } }
}

/// The panels.
pub fn panels(seat: &Seat<'_>) -> Markup {
    html! {
        div class="desk-head" { h2 { "Demo desk" }
            button type="button" class="icon drawer-close" data-act="drawer" aria-label="Close the demo desk" { "✕" } }
        (breaking(seat))
        (time(seat))
        (phone(seat))
        (afterwards(seat))
    }
}

fn breaking(seat: &Seat<'_>) -> Markup {
    let icon = |t: Trouble| match t {
        Trouble::Down => "🔥",
        Trouble::Flapping => "💾",
        Trouble::Storm => "🌪",
        Trouble::Clear => "🧹",
    };
    html! { @if !seat.services.is_empty() {
        section class="panel" aria-labelledby="break-title" {
            h3 id="break-title" { "Break something" }
            div class="grid" { @for t in Trouble::ALL {
                button type="button" class={ "btn trouble " (t.word()) } data-act="break" data-trouble=(t.word())
                    { span aria-hidden="true" { (icon(t)) } " " (t.label(seat.services)) }
            } }
            p class="hint" { "Real alerts, sent to the pager as a monitor would send them." }
        }
    } }
}

fn time(seat: &Seat<'_>) -> Markup {
    let now = seat.reader.now.utc().with_timezone(&seat.reader.tz);
    html! {
        section class="panel" aria-labelledby="clock-title" {
            h3 id="clock-title" { "Clock" }
            div class="clock" {
                time id="now" data-keep data-ms=(seat.reader.now.0) data-tz=(seat.reader.tz.name()) { (now.format("%H:%M:%S")) }
                span class="hint" { (now.format("%a %-d %b")) }
            }
            div class="grid times" {
                button type="button" class="btn" data-act="advance" data-seconds="60" { "+1 min" }
                button type="button" class="btn" data-act="advance" data-seconds="300" { "+5 min" }
                button type="button" class="btn" data-act="advance" data-seconds="1800" { "+30 min" }
                @for m in &seat.guide.moments {
                    button type="button" class="btn wide" data-act="moment" data-label=(m.label) disabled[(m.next)(seat.reader.now).is_none()] { (m.label) }
                }
            }
        }
    }
}

fn phone(seat: &Seat<'_>) -> Markup {
    let now = seat.reader.now.utc().with_timezone(&seat.reader.tz);
    let pushes: Vec<&Push> = seat.slack.pushes(&seat.me.id).rev().take(ON_SCREEN).collect();
    let first = seat.me.real_name.split_whitespace().next().unwrap_or("");
    html! {
        section class="panel" aria-labelledby="phone-title" {
            h3 id="phone-title" { (first) "’s phone" }
            div class="phone" role="group" aria-label="Lock screen" {
                div class="phone-time" { (now.format("%H:%M")) }
                div class="phone-day" { (now.format("%A, %-d %B")) }
                div class="pushes" aria-live="polite" tabindex="0" role="log" aria-label="Notifications, newest first" {
                    @let texts = seat.telephone.map(|s| s.texts.as_slice()).unwrap_or_default();
                    @if pushes.is_empty() && texts.is_empty() { p class="none" { "No notifications. Quiet is good." } }
                    @for one in newest_first(&pushes, texts) {
                        @match one { Came::Push(p) => (push(seat, p)), Came::Text(t) => (text(seat, t)) }
                    }
                }
                @if let Some(call) = seat.telephone.and_then(|s| s.call.as_ref()) { (ringing(call)) }
            }
        }
    }
}

/// What stands on a lock screen.
enum Came<'a> {
    Push(&'a Push),
    Text(&'a Text),
}

fn newest_first<'a>(pushes: &[&'a Push], texts: &'a [Text]) -> Vec<Came<'a>> {
    let pushes = pushes.iter().map(|p| (p.at().0, Came::Push(p)));
    let texts = texts.iter().rev().take(ON_SCREEN).map(|t| (t.at, Came::Text(t)));
    let mut all: Vec<(i64, Came<'a>)> = pushes.chain(texts).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    all.into_iter().take(ON_SCREEN).map(|(_, one)| one).collect()
}

/// A text, with the answers that it offers below the newest one that came.
fn text(seat: &Seat<'_>, t: &Text) -> Markup {
    let mine = seat.me.phone.as_deref() == Some(t.from.as_str());
    let at = At(t.at).utc().with_timezone(&seat.reader.tz).format("%H:%M").to_string();
    let came =
        seat.telephone.map(|s| s.texts.as_slice()).unwrap_or_default().iter().rev().find(|t| t.to == *number(seat));
    let newest = !mine && came.is_some_and(|c| c.sid == t.sid);
    html! {
        div class={ "push text" @if mine { " mine" } } data-key={ "text-" (t.sid) } {
            span class="push-head" { span class="push-app" { @if mine { "You wrote" } @else { "💬 Text message" } } span { (at) } }
            span class="push-text" dir="auto" { (t.body) }
            @if newest { span class="answers" {
                @for answer in ["1", "2"] {
                    button type="button" class="btn" data-act="text-back" data-from=(t.to) data-text=(answer) { "Reply " (answer) }
                }
            } }
        }
    }
}

fn number(seat: &Seat<'_>) -> String {
    seat.me.phone.clone().unwrap_or_default()
}

/// A call on the whole screen, as telephones show it.
fn ringing(call: &Call) -> Markup {
    let key = |key: &str, says: &str| {
        html! { button type="button" class="btn" data-act="telephone" data-call=(call.sid) data-do="press" data-key=(key) { (says) } }
    };
    let act = |does: &str, class: &str, says: &str| {
        html! { button type="button" class={ "btn " (class) } data-act="telephone" data-call=(call.sid) data-do=(does) { (says) } }
    };
    html! {
        div class="call" role="group" aria-label="Call" data-key={ "call-" (call.sid) } {
            p class="call-from" { "📞 " (call.from) }
            @if call.status == CallStatus::Ringing {
                p class="call-state" role="status" { "is calling…" }
                div class="answers" { (act("hang_up", "danger", "Decline")) (act("pick_up", "good", "Answer")) }
            } @else {
                div class="call-said" role="log" aria-live="polite" tabindex="0" aria-label="What is said" {
                    @for words in &call.said { p dir="auto" { (words) } }
                }
                div class="answers" { (key("1", "1")) (key("2", "2")) (key("3", "3")) }
                div class="answers" { (act("hang_up", "danger", "Hang up")) }
            }
        }
    }
}

fn push(seat: &Seat<'_>, p: &Push) -> Markup {
    let dir = seat.slack.directory();
    let from = dir
        .users
        .get(&p.from)
        .map_or_else(|| seat.app_name(), |u| if u.is_bot { seat.app_name() } else { u.real_name.clone() });
    let c = dir.conversations.get(&p.channel);
    let channel = c.filter(|c| c.sort != Sort::Im).map(|c| format!("#{}", c.name));
    let said = bare(&p.text, seat.reader);
    let age = (seat.reader.now.secs() - p.at().secs()).max(0);
    let age = match age {
        0..60 => "now".to_owned(),
        60..3_600 => format!("{}m ago", age / 60),
        _ => p.at().utc().with_timezone(&seat.reader.tz).format("%H:%M").to_string(),
    };
    let open = seat.to(c.map_or("", |c| if c.sort == Sort::Im { "dm" } else { &c.name }), None);
    html! {
        a class="push" data-nav href=(open) data-key={ "push-" (p.channel) (p.ts) } {
            span class="push-head" { span class="push-app" { "# Slack" } span { (age) } }
            b dir="auto" { (channel.as_deref().unwrap_or(&from)) }
            span class="push-text" dir="auto" { @if channel.is_some() { (from) ": " } (said) }
            @if p.silent { span class="push-note" { "🔕 silent: Do Not Disturb" } }
            @if p.why == Why::FollowedThread { span class="push-note" { "in a thread you follow" } }
        }
    }
}

fn afterwards(seat: &Seat<'_>) -> Markup {
    html! { @if !seat.guide.afterwards.is_empty() {
        section class="panel" aria-labelledby="after-title" {
            h3 id="after-title" { "Now in your Slack" }
            ol class="after" { @for line in &seat.guide.afterwards { li { (PreEscaped(mrkdwn(line, seat.reader))) } } }
        }
    } }
}
