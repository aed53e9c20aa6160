//! The coming shifts of schedules, and the hours at which nobody is on call.

use super::kit::{context, section};
use super::mrkdwn::{day_and_time, escape};
use super::oncall::{has_no_schedule, level, name};
use super::{Message, limits};
use crate::command::Whose;
use crate::domain::directory::Directory;
use crate::domain::id::{IncidentNo, ScheduleId, UserId};
use crate::domain::schedule::{DatedShift, Gap, Schedule, ShiftReason};
use crate::domain::stamp::At;
use slack_morphism::prelude::SlackBlock;

const NEVER: At = At(i64::MAX);

/// Every shift of the coming two weeks. The first of each schedule is the one under way.
pub fn calendar(whose: &Whose, of: Vec<(&Schedule, Vec<DatedShift>)>, d: &Directory) -> Message {
    let text = match whose {
        Whose::Team(team) if of.is_empty() => return Message::plain(has_no_schedule(team, d)),
        Whose::Team(team) => format!("The next two weeks of {}", name(Some(team), d)),
        Whose::Schedule(_) => "The next two weeks".to_owned(),
    };
    let lines = |(schedule, shifts): (&Schedule, Vec<DatedShift>)| {
        let lines: Vec<String> = shifts.iter().enumerate().map(|(n, shift)| line(n == 0, shift, d)).collect();
        (schedule.id.clone(), lines)
    };
    let end = "`/pager oncall override` puts somebody else there for a while; `/pager oncall gaps` finds hours without \
               anybody.";
    message(text, first_asked_first(of, d).into_iter().map(lines).collect(), end, d)
}

/// Hours of the coming two weeks at which nobody is on call, by any schedule (`None`) or by some.
pub fn gaps(whose: Option<&Whose>, of: Vec<(&Schedule, Vec<Gap>)>, d: &Directory) -> Message {
    let by = match whose {
        Some(Whose::Team(team)) if of.is_empty() => return Message::plain(has_no_schedule(team, d)),
        Some(Whose::Team(team)) => format!("by every schedule of {}", name(Some(team), d)),
        Some(Whose::Schedule(id)) => format!("by *{}*", schedule(id, d)),
        None if of.is_empty() => return Message::plain("No schedule says who is on call.".to_owned()),
        None => "by every schedule".to_owned(),
    };
    let found: Vec<(ScheduleId, Vec<String>)> = first_asked_first(of, d)
        .into_iter()
        .filter(|(_, gaps)| !gaps.is_empty())
        .map(|(schedule, gaps)| (schedule.id.clone(), gaps.iter().map(from_until).collect()))
        .collect();
    if found.is_empty() {
        return Message::plain(format!("Somebody is on call at every hour of the next two weeks, {by}."));
    }
    let end = "A level at which nobody is on call is passed over at once. `/pager oncall override payments @ben 2h` puts \
               somebody there.";
    message("Nobody is on call".to_owned(), found, end, d)
}

/// To the admin channel: what begins soon. `gaps`: at least one.
pub fn gaps_ahead(gaps: &[(ScheduleId, Gap)], d: &Directory) -> String {
    let line = |(id, gap): &(ScheduleId, Gap)| format!("*{}*: {}", schedule(id, d), from_until(gap));
    let mut lines: Vec<String> = gaps.iter().take(limits::LIST).map(line).collect();
    if gaps.len() > limits::LIST {
        lines.push(format!("…and {} more: `/pager oncall gaps` shows them", gaps.len() - limits::LIST));
    }
    format!(
        ":warning: Nobody will be on call:\n{}\nA level at which nobody is on call is passed over at once. Put somebody \
         there with `/pager oncall override`, or add a layer for those hours to the configuration.",
        lines.join("\n")
    )
}

/// To the admin channel: whoever has these left the configuration. `left`: at least one.
pub fn left_behind(left: &[(IncidentNo, UserId)], d: &Directory) -> String {
    let one = |(no, user): &(IncidentNo, UserId)| format!("{no} ({})", escape(d.name_of(user), limits::LABEL));
    let mut shown: Vec<String> = left.iter().take(limits::LIST).map(one).collect();
    if left.len() > limits::LIST {
        shown.push(format!("and {} more", left.len() - limits::LIST));
    }
    let no = left.first().map_or(0, |(no, _)| no.0);
    format!(
        ":warning: Whoever has these is not in the configuration any more: {}. Give each to somebody: `/pager reassign {no} \
         @name`, or `/pager ack {no}` yourself.",
        shown.join(", ")
    )
}

/// Whoever is asked first stands first.
fn first_asked_first<'a, T>(mut of: Vec<(&'a Schedule, T)>, d: &Directory) -> Vec<(&'a Schedule, T)> {
    of.sort_by_key(|(schedule, _)| level(schedule, d));
    of
}

/// One schedule after the other, as many lines as Slack takes.
fn message(text: String, of: Vec<(ScheduleId, Vec<String>)>, end: &str, d: &Directory) -> Message {
    let mut blocks: Vec<SlackBlock> = vec![context(&text)];
    let mut room = limits::CALENDAR_CHARS;
    let mut left_out = 0;
    for (id, lines) in of {
        let mut part = format!("*{}*", schedule(&id, d));
        for line in &lines {
            let is_full = part.len() + line.len() >= room || blocks.len() >= limits::CALENDAR_BLOCKS;
            if is_full {
                left_out += 1;
            } else if part.len() + line.len() >= limits::SECTION_TEXT {
                room -= part.len();
                blocks.push(section(&part));
                part.clone_from(line);
            } else {
                part.push('\n');
                part.push_str(line);
            }
        }
        if part.contains('\n') {
            room = room.saturating_sub(part.len());
            blocks.push(section(&part));
        }
    }
    if left_out > 0 {
        blocks.push(context(&format!("…and {left_out} more, which are too many for one message: name one schedule.")));
    }
    blocks.push(context(end));
    Message { text, blocks, colored: None }
}

fn line(is_under_way: bool, shift: &DatedShift, d: &Directory) -> String {
    let from = if is_under_way { "now".to_owned() } else { day_and_time(shift.from) };
    let until = if shift.until == NEVER { "on".to_owned() } else { format!("until {}", day_and_time(shift.until)) };
    let why = match shift.why {
        ShiftReason::Layer(_) => "their turn".to_owned(),
        ShiftReason::Fixed(_) => "a fixed shift".to_owned(),
        ShiftReason::Override(id) => format!("override {}", id.0),
        ShiftReason::Nobody => "a gap".to_owned(),
    };
    let who = shift.who.as_ref().map_or_else(|| ":warning: *nobody*".to_owned(), |who| format!("*{}*", person(who, d)));
    format!("{from} {until}: {who}, {why}")
}

fn from_until(gap: &Gap) -> String {
    match gap.until {
        NEVER => format!("from {} on", day_and_time(gap.from)),
        until => format!("from {} until {}", day_and_time(gap.from), day_and_time(until)),
    }
}

fn schedule(id: &ScheduleId, d: &Directory) -> String {
    escape(d.schedules.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL)
}

fn person(user: &UserId, d: &Directory) -> String {
    escape(d.name_of(user), limits::LABEL)
}
