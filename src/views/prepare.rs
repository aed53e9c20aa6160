//! Before a shift: that it is ahead, and what to check.

use super::action_id::{Elsewhere, OnShift};
use super::card::name;
use super::kit::{context, plain, section, section_with};
use super::mrkdwn::{day_and_time, escape, names, time};
use super::{Message, limits};
use crate::domain::directory::{Directory, Method, Urgency, User};
use crate::domain::handoff::teams_of;
use crate::domain::id::{ScheduleId, StoreId};
use crate::domain::prepare::{Check, Gone, Looks, Prepared, ShiftKey, Told};
use crate::domain::reach;
use crate::domain::stamp::At;
use crate::domain::world::World;
use slack_morphism::prelude::*;

/// The direct message to whoever's it is.
pub fn ahead(shift: &ShiftKey, told: Told, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    let p = w.prepared.get(shift)?;
    if let Some(gone) = &p.gone {
        return Some(Message::plain(not_theirs(p, gone, d)));
    }
    match told {
        Told::First => {
            let until = until(&p.looks).map(|until| format!(", {until}")).unwrap_or_default();
            let text =
                format!("Your shift of {} begins {}{until}.", called(&p.shift.schedule, d), day_and_time(p.looks.from));
            let blocks = vec![section(&format!(":calendar: *{text}*{}", around(&p.looks, d))), context(&cover(p, d))];
            Some(Message { text, blocks, colored: None })
        }
        Told::Last => Some(list(p, w, d, store)),
    }
}

/// What to check before a shift, or in it; the answer to `ready`.
pub fn list(p: &Prepared, w: &World, d: &Directory, store: StoreId) -> Message {
    let until = until(&p.looks).map(|until| format!(" {until}")).unwrap_or_default();
    let head = format!("Your shift of {}, from {}{until}", called(&p.shift.schedule, d), day_and_time(p.looks.from));
    let (done, all) = (p.ready.len(), Check::ALL.len());
    let stands = if done == all { " :white_check_mark: *You are ready.*".to_owned() } else { String::new() };
    let mut blocks = vec![section(&format!(":calendar: *{head}.*{}{stands}", around(&p.looks, d)))];
    let user = d.users.get(&p.shift.user);
    blocks.extend(user.and_then(|user| warning(user, w, d)).map(|warning| section(&warning)));
    blocks.extend(Check::ALL.iter().map(|check| line(*check, p, user, d, store)));
    blocks.push(context(&cover(p, d)));
    let text = if done == all { format!("{head}. You are ready.") } else { format!("{head}. Ready: {done} of {all}.") };
    Message { text, blocks, colored: None }
}

/// "until Mar 11 09:00"; `None`: it has no end.
fn until(looks: &Looks) -> Option<String> {
    (looks.until != At(i64::MAX)).then(|| format!("until {}", day_and_time(looks.until)))
}

/// The teams that it is asked for first; or the schedule's own name.
fn called(id: &ScheduleId, d: &Directory) -> String {
    let teams = teams_of(d, id).map(|team| d.teams.get(team).map_or(team.as_str(), |t| t.name.as_str()));
    let teams: Vec<&str> = teams.take(limits::NAMES).collect();
    match teams.as_slice() {
        [] => escape(d.schedules.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL),
        teams => names(teams),
    }
}

/// Who hands over, and who is asked next; begins with a blank.
fn around(looks: &Looks, d: &Directory) -> String {
    let before = looks.before.as_ref().map(|before| format!(" {} hands over to you.", name(d, before)));
    let before = before.unwrap_or_default();
    let above: Vec<&str> = looks.above.iter().map(|who| d.name_of(who)).collect();
    match above.as_slice() {
        [] => format!("{before} Nobody is above you."),
        above => format!("{before} Above you: {}.", names(above)),
    }
}

/// How somebody else takes it: a line to copy, with the times of the reader's own clock.
fn cover(p: &Prepared, d: &Directory) -> String {
    let id = escape(p.shift.schedule.as_str(), limits::LABEL);
    let tz = d.users.get(&p.shift.user).map_or(chrono_tz::UTC, |u| u.tz);
    let clock = |at: At| at.utc().with_timezone(&tz).format("%Y-%m-%d %H:%M").to_string();
    let span = match p.looks.until {
        At(i64::MAX) => format!("from {} for 24h", clock(p.looks.from)),
        until => format!("{} until {}", clock(p.looks.from), clock(until)),
    };
    format!("Somebody else instead, once they said yes: `/pager oncall override {id} @ben {span}`")
}

fn not_theirs(p: &Prepared, gone: &Gone, d: &Directory) -> String {
    let (of, from) = (called(&p.shift.schedule, d), day_and_time(p.looks.from));
    let instead = match &gone.to {
        Some(to) => format!("{} has the pager then", name(d, to)),
        None => "you are not on call then".to_owned(),
    };
    format!("The shift of {of}, {from}, is not yours any more: {instead}. `/pager oncall me` shows those that are.")
}

/// What is known without asking: pages that would make no sound.
fn warning(user: &User, w: &World, d: &Directory) -> Option<String> {
    let rules = reach::rules(d, user, Urgency::High);
    if rules.is_empty() {
        return Some(
            ":warning: *Nothing reaches you:* no method of yours is configured. Tell whoever keeps it.".into(),
        );
    }
    let window = w.dnd.get(user.slack.as_ref()?)?;
    let clock = |at: At| at.utc().with_timezone(&user.tz).format("%H:%M").to_string();
    let hours = format!("{}-{}", clock(window.from), clock(window.until));
    let only = rules.iter().all(|rule| rule.method == Method::Slack);
    let what = match only {
        true => "Nothing but Slack reaches you: in those hours no page makes a sound. End it for your shift.",
        false => "In those hours your next method is tried at once.",
    };
    Some(format!(":no_bell: *Slack's Do Not Disturb is on for you, {hours}.* {what}"))
}

/// One thing to check, with its button.
fn line(check: Check, p: &Prepared, user: Option<&User>, d: &Directory, store: StoreId) -> SlackBlock {
    let what = words(check, user, d);
    let done = p.ready.get(&check);
    let (text, label) = match done {
        Some(at) => (format!(":white_check_mark: {what} ({})", time(*at)), "Undo"),
        None => (format!(":white_large_square: {what}"), "Done"),
    };
    let on = OnShift { store, schedule: p.shift.schedule.clone(), from: p.shift.from, check, done: done.is_none() };
    let button =
        SlackBlockButtonElement::new(plain(label)).with_action_id(Elsewhere::Ready.id().into()).with_value(on.value());
    section_with(&text, button)
}

fn words(check: Check, user: Option<&User>, d: &Directory) -> String {
    match check {
        Check::Phone => "*Phone:* it and Slack let pages through Do Not Disturb".to_owned(),
        Check::Laptop => "*Laptop and network:* with you, tethering tried".to_owned(),
        Check::Environment => "*Environment:* tools and repositories are current".to_owned(),
        Check::Credentials => "*Credentials:* you can log in where you may have to, third parties too".to_owned(),
        Check::Methods => {
            let rules = user.map(|user| reach::rules(d, user, Urgency::High)).unwrap_or_default();
            let mut methods: Vec<String> = rules.iter().map(|rule| super::phone::method(&rule.method)).collect();
            methods.dedup();
            format!(
                "*Test page:* it came by {}. A colleague sends one: `/pager trigger SERVICE a test`, then \
                 `/pager add N @you`",
                if methods.is_empty() { "nothing yet".to_owned() } else { methods.join(", ") }
            )
        }
    }
}

/// The answer to `ready` of somebody without a shift.
pub fn none(command: &str) -> String {
    format!(
        "You are not on call, and no shift of yours begins within two months. `{}` shows who is.",
        escape(command, 40)
    )
}

/// A button of a shift that is over, or somebody else's.
pub fn not_yours(schedule: &ScheduleId, d: &Directory) -> String {
    format!(
        "That shift of {} is over, or is not yours any more. `/pager oncall ready` shows what to check for your next one.",
        called(schedule, d)
    )
}
