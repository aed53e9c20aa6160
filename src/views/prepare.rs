//! Before a shift: that it is ahead, and what to check.

use super::action_id::{Elsewhere, OnShift};
use super::card::name;
use super::kit::{context, divider, plain, section, section_with};
use super::mrkdwn::{day_and_time, escape, names};
use super::{Message, limits};
use crate::domain::directory::{Directory, Method, Urgency, User};
use crate::domain::dnd::Window;
use crate::domain::gaps;
use crate::domain::handoff::teams_of;
use crate::domain::id::{ScheduleId, StoreId};
use crate::domain::moved::{Moved, Span};
use crate::domain::page::Recipient;
use crate::domain::prepare::{Check, Gone, LONG_AGO, Looks, Prepared, ShiftKey, Told, ready};
use crate::domain::reach;
use crate::domain::stamp::At;
use crate::domain::test_page::methods;
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
            let (of, from) = (called(&p.shift.schedule, d), day_and_time(p.looks.from));
            let comma = if p.looks.until == At(i64::MAX) && p.looks.pause.is_none() { "" } else { "," };
            let text = format!("Your shift of {of} begins {from}{comma}{}.", until(&p.looks));
            let blocks = vec![
                section(&format!(":calendar: *{text}*{}", around(&p.looks, false, d))),
                context(&cover(p, false, d)),
            ];
            Some(Message { text, blocks, colored: None })
        }
        Told::Last => {
            let held = ready(w, p).into_keys().filter(|check| !p.ready.contains_key(check)).collect();
            Some(checks(p, false, held, w, d, store))
        }
    }
}

/// What to check before a shift, or in it; the answer to `ready`. `began`: it is under way.
pub fn list(p: &Prepared, began: bool, w: &World, d: &Directory, store: StoreId) -> Message {
    checks(p, began, Vec::new(), w, d, store)
}

/// The same of each schedule that somebody carries, as far as there is room; never empty. `now`: which are under way.
pub fn lists(all: &[Prepared], now: At, w: &World, d: &Directory, store: StoreId) -> Message {
    let mut message = Message::plain(String::new());
    for (n, p) in all.iter().take(limits::SHIFTS_TO_CHECK).enumerate() {
        let one = list(p, p.looks.from <= now, w, d, store);
        match n {
            0 => message = one,
            _ => {
                message.blocks.push(divider());
                message.blocks.extend(one.blocks);
            }
        }
    }
    let later = all.get(limits::SHIFTS_TO_CHECK..).unwrap_or_default();
    if !later.is_empty() {
        let of: Vec<String> = later.iter().map(|p| called(&p.shift.schedule, d)).take(limits::NAMES).collect();
        let more = match later.len().saturating_sub(limits::NAMES) {
            0 => String::new(),
            n => format!(", and {n} more"),
        };
        message.blocks.push(context(&format!("Your shifts of {}{more} begin later.", of.join(", "))));
    }
    if all.len() > 1 {
        message.text = format!("{} And {} more.", message.text, all.len() - 1);
    }
    message
}

/// `held`: what was checked for another shift, and is said in one line.
fn checks(p: &Prepared, began: bool, held: Vec<Check>, w: &World, d: &Directory, store: StoreId) -> Message {
    let (of, from) = (called(&p.shift.schedule, d), day_and_time(p.looks.from));
    let head = match p.looks.from {
        LONG_AGO => format!("Your shift of {of}, under way{}", until(&p.looks)),
        _ => format!("Your shift of {of}, from {from}{}", until(&p.looks)),
    };
    let ready = ready(w, p);
    let (done, all) = (ready.len(), Check::ALL.len());
    let stands = if done == all { " :white_check_mark: *You are ready.*".to_owned() } else { String::new() };
    let mut blocks = vec![section(&format!(":calendar: *{head}.*{}{stands}", around(&p.looks, began, d)))];
    let user = d.users.get(&p.shift.user);
    blocks.extend(user.and_then(|user| warning(user, &p.looks, w, d)).map(|warning| section(&warning)));
    let asked = Check::ALL.iter().filter(|check| !held.contains(check));
    blocks.extend(asked.map(|check| line(*check, p, ready.get(check), user, d, store)));
    if !held.is_empty() {
        let held: Vec<&str> = held.iter().map(|check| short(*check)).collect();
        let held = names(&held);
        blocks.push(context(&format!(
            ":white_check_mark: Checked within a week: {held}. `/pager oncall ready` undoes what does not hold any more."
        )));
    }
    blocks.push(context(&cover(p, began, d)));
    let text = if done == all { format!("{head}. You are ready.") } else { format!("{head}. Ready: {done} of {all}.") };
    Message { text, blocks, colored: None }
}

/// " until Mar 11 09:00", or with pauses; begins with a blank. Empty: it has no end.
fn until(looks: &Looks) -> String {
    let pause = looks.pause.map(|pause| format!(" with pauses, the first from {}", day_and_time(pause)));
    let pause = pause.unwrap_or_default();
    match looks.until {
        At(i64::MAX) => pause,
        until => format!(" until {}{pause}", day_and_time(until)),
    }
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

/// Who hands over, if it did not begin, and who is asked next; begins with a blank.
fn around(looks: &Looks, began: bool, d: &Directory) -> String {
    let before =
        looks.before.as_ref().filter(|_| !began).map(|before| format!(" {} hands over to you.", name(d, before)));
    let before = before.unwrap_or_default();
    let above: Vec<&str> = looks.above.iter().map(|who| d.name_of(who)).collect();
    match above.as_slice() {
        [] => format!("{before} Nobody is above you."),
        above => format!("{before} Above you: {}.", names(above)),
    }
}

/// How somebody else takes it: a line to copy, with the times of the reader's own clock.
fn cover(p: &Prepared, began: bool, d: &Directory) -> String {
    let id = escape(p.shift.schedule.as_str(), limits::LABEL);
    // Whoever is asked next would be asked twice.
    let other = p.looks.before.as_ref().filter(|before| !p.looks.above.contains(before));
    let other = other.map_or("who".to_owned(), |other| escape(other.as_str(), limits::LABEL));
    let tz = d.users.get(&p.shift.user).map_or(chrono_tz::UTC, |u| u.tz);
    let clock = |at: At| at.utc().with_timezone(&tz).format("%Y-%m-%d %H:%M").to_string();
    let (instead, until) = match p.looks.pause {
        Some(_) if began => ("Somebody else for some hours", At(i64::MAX)),
        // Beyond it others may have it, and nobody wants to be on call in a pause.
        Some(pause) => ("Somebody else instead until the first pause", pause),
        None => ("Somebody else instead", p.looks.until),
    };
    let span = match until {
        At(i64::MAX) if began => "4h".to_owned(),
        At(i64::MAX) => format!("from {} for 24h", clock(p.looks.from)),
        until if began => format!("until {}", clock(until)),
        until => format!("{} until {}", clock(p.looks.from), clock(until)),
    };
    let more = if p.looks.pause.is_some() { "; `/pager oncall me` shows the rest" } else { "" };
    format!("{instead}, once they said yes: `/pager oncall override {id} @{other} {span}`{more}")
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
fn warning(user: &User, looks: &Looks, w: &World, d: &Directory) -> Option<String> {
    let rules = reach::rules(d, user, Urgency::High);
    if rules.is_empty() {
        return Some(
            ":warning: *Nothing reaches you:* no method of yours is configured. Tell whoever keeps it.".into(),
        );
    }
    let window = w.dnd.get(user.slack.as_ref()?).filter(|window| is_met(looks, window))?;
    let clock = |at: At| at.utc().with_timezone(&user.tz).format("%H:%M").to_string();
    let hours = format!("{}-{}", clock(window.from), clock(window.until));
    let only = rules.iter().all(|rule| rule.method == Method::Slack);
    let what = match only {
        true => "Nothing but Slack reaches you: in those hours no page makes a sound. End it for your shift.",
        false => "In those hours your next method is tried at once.",
    };
    Some(format!(":no_bell: *Slack's Do Not Disturb is on for you, {hours}.* {what}"))
}

/// Does Do Not Disturb, day after day, meet the shift, or its first part?
fn is_met(looks: &Looks, window: &Window) -> bool {
    const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
    let began = (looks.from.0 - window.from.0).rem_euclid(DAY_MS);
    let end = looks.pause.unwrap_or(looks.until);
    began < window.until.0 - window.from.0 || looks.from.plus_ms(DAY_MS - began) < end
}

/// One thing to check, with its button.
fn line(
    check: Check,
    p: &Prepared,
    done: Option<&At>,
    user: Option<&User>,
    d: &Directory,
    store: StoreId,
) -> SlackBlock {
    let what = words(check, user, d);
    let (text, label, press) = match done {
        Some(at) => (format!(":white_check_mark: {what} ({})", day_and_time(*at)), "Undo", Elsewhere::Ready),
        // Its answer ticks it.
        None if check == Check::Methods && can_be_tested(user, d) => {
            (format!(":white_large_square: {what}"), "Send one", Elsewhere::TestPage)
        }
        None => (format!(":white_large_square: {what}"), "Done", Elsewhere::Ready),
    };
    let on = OnShift { store, schedule: p.shift.schedule.clone(), from: p.shift.from, check, done: done.is_none() };
    let button = SlackBlockButtonElement::new(plain(label)).with_action_id(press.id().into()).with_value(on.value());
    section_with(&text, button)
}

fn can_be_tested(user: Option<&User>, d: &Directory) -> bool {
    user.is_some_and(|user| !methods(d, user).is_empty())
}

fn short(check: Check) -> &'static str {
    match check {
        Check::Phone => "phone",
        Check::Laptop => "laptop and network",
        Check::Environment => "environment",
        Check::Credentials => "credentials",
        Check::Methods => "test page",
    }
}

fn words(check: Check, user: Option<&User>, d: &Directory) -> String {
    match check {
        Check::Phone => "*Phone:* it and Slack let pages through Do Not Disturb".to_owned(),
        Check::Laptop => "*Laptop and network:* with you, tethering tried".to_owned(),
        Check::Environment => "*Environment:* tools and repositories are current".to_owned(),
        Check::Credentials => "*Credentials:* you can log in where you may have to, third parties too".to_owned(),
        Check::Methods => {
            let methods = user.map(|user| methods(d, user)).unwrap_or_default();
            match methods.iter().map(super::phone::method).collect::<Vec<_>>().as_slice() {
                [] => "*Test page:* no method of yours is configured".to_owned(),
                some => format!("*Test page:* one came by {}", some.join(", ")),
            }
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

/// The direct message to somebody whose shifts a changed file moved; `at`: when they were told.
pub fn moved(to: &Recipient, at: At, moved: &[Moved], more: usize, w: &World, d: &Directory) -> Message {
    let head = ":calendar: *The rotation was changed, and with it your shifts.*";
    let mut lines: Vec<String> = moved.iter().map(|m| moved_line(m, at, d)).collect();
    if more > 0 {
        lines.push(format!("…and {more} more: `/pager oncall me` shows your shifts."));
    }
    let mut schedules: Vec<&ScheduleId> = moved.iter().map(|m| &m.schedule).collect();
    schedules.dedup();
    let asked = gaps::asked(d);
    let now = schedules.iter().filter(|id| asked.contains(*id)).filter_map(|id| {
        let who = w.shifts.get(*id)?.shift.who.as_ref();
        let is_reader = matches!((to, who), (Recipient::User(user), Some(who)) if user == who);
        let who = match who {
            Some(_) if is_reader => "you".to_owned(),
            Some(who) => name(d, who),
            None => ":warning: nobody".to_owned(),
        };
        Some(format!("{}: {who}", scheduled(id, d)))
    });
    let now: Vec<String> = now.collect();
    let on_call = if now.is_empty() { String::new() } else { format!("On call now: {}.", now.join("; ")) };
    let mut blocks = vec![section(&format!("{head}\n{}", lines.join("\n")))];
    blocks.extend((!on_call.is_empty()).then(|| context(&on_call)));
    if let Some(new) = moved.iter().find(|m| m.is.is_some()) {
        let id = escape(new.schedule.as_str(), limits::LABEL);
        blocks.push(context(&format!("You cannot? Whoever can types `/pager oncall take {id} …`, with the times.")));
    }
    let first = lines.first().cloned().unwrap_or_default();
    let others = (moved.len() + more).saturating_sub(1);
    let others = if others > 0 { format!(" And {others} more.") } else { String::new() };
    Message { text: format!("The rotation was changed. {first}{others}"), blocks, colored: None }
}

/// One shift, as it is by now.
fn moved_line(m: &Moved, at: At, d: &Directory) -> String {
    let span = |span: &Span| match span.until {
        At(i64::MAX) => format!("from {}", day_and_time(span.from)),
        until => format!("{} until {}", day_and_time(span.from), day_and_time(until)),
    };
    let of = scheduled(&m.schedule, d);
    match (&m.was, &m.is) {
        (Some(was), Some(is)) => format!("{of}: yours {}. It was {}.", span(is), span(was)),
        (None, Some(is)) if is.from <= at => format!("{of}: *you are on call now*, {}.", span(is)),
        (None, Some(is)) => format!("{of}: new for you, {}.", span(is)),
        (Some(was), None) => format!("{of}: not yours any more, {}.", span(was)),
        (None, None) => of,
    }
}

fn scheduled(id: &ScheduleId, d: &Directory) -> String {
    escape(d.schedules.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL)
}
