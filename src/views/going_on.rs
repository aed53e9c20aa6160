//! What is going on: what was changed, what people announced, and what comes next by itself.

use super::card::name;
use super::kit::{context, section};
use super::mrkdwn::{day_and_time, escape, link, names, time};
use super::thread::skip;
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::fact::Fact;
use crate::domain::forecast::{Ahead, End, Forecast};
use crate::domain::going_on::{Announcement, Change, Scope};
use crate::domain::id::{AnnouncementNo, UserId};
use crate::domain::page::{Purpose, Recipient};
use crate::domain::stamp::At;

/// Changes shown by `now`.
const CHANGES: usize = 10;
/// Announcements shown by `now`, and by `why`.
const ANNOUNCED: usize = 10;
/// Things that come next, told by `why`.
const AHEAD: usize = 12;
/// So many of them are one line; more are a line for each person.
const IN_ONE_LINE: usize = 4;

/// What somebody announced, and until when it stands.
pub fn announced(
    no: AnnouncementNo,
    text: &str,
    until: At,
    of: Option<&Scope>,
    command: &str,
    d: &Directory,
) -> String {
    format!(
        "Announced{}: “{}”, until {}. It pages nobody; `{command} now` and `{command} why` show it. It ends with \
         `{command} doing end {}`.",
        of.map_or_else(|| " for everything".to_owned(), |of| about(Some(of), d)),
        escape(text, limits::NOTE),
        day_and_time(until),
        no.0
    )
}

/// It is not announced any more.
pub fn ended(a: &Announcement) -> String {
    format!("“{}” is not announced any more.", escape(&a.text, limits::NOTE))
}

fn about(of: Option<&Scope>, d: &Directory) -> String {
    match of {
        None => String::new(),
        Some(Scope::Service(id)) => {
            let service = d.services.get(id).map_or(id.as_str(), |s| s.name.as_str());
            format!(" for {}", escape(service, limits::LABEL))
        }
        Some(Scope::Team(id)) => {
            let team = d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str());
            format!(" for {}", escape(team, limits::LABEL))
        }
    }
}

/// Where it was said first.
fn from(a: &Announcement) -> String {
    if a.link.is_empty() { String::new() } else { format!(", {}", link(&a.link, "from a message")) }
}

/// What is announced, each with its number.
pub fn doing(all: &[&Announcement], command: &str, d: &Directory) -> Message {
    let Some(last) = all.last() else {
        return Message::plain(format!(
            "Nobody announces anything. `{command} doing 'draining east, may cause alerts' 1h` does."
        ));
    };
    let mut lines: Vec<String> = all
        .iter()
        .take(limits::LIST)
        .map(|a| {
            let text = escape(&a.text, limits::TITLE);
            format!(
                "{}. “{text}”{}: {}, until {}",
                a.no.0,
                about(a.of.as_ref(), d),
                name(d, &a.by),
                day_and_time(a.until) + &from(a)
            )
        })
        .collect();
    if all.len() > limits::LIST {
        lines.push(format!("…and {} more.", all.len() - limits::LIST));
    }
    lines.push(format!("`{command} doing end {}` ends one before its time.", last.no.0));
    Message::plain(lines.join("\n"))
}

/// "Going on: draining east (Ana, until 15:00)", one line each.
pub fn going_on(all: &[&Announcement], d: &Directory) -> Vec<String> {
    let line = |a: &&Announcement| {
        let text = escape(&a.text, limits::TITLE);
        let (about, by) = (about(a.of.as_ref(), d), name(d, &a.by));
        format!("*Going on*{about}: {text} ({by}, until {}{})", day_and_time(a.until), from(a))
    };
    let mut lines: Vec<String> = all.iter().take(ANNOUNCED).map(line).collect();
    if all.len() > ANNOUNCED {
        lines.push(format!("…and {} more announcements.", all.len() - ANNOUNCED));
    }
    lines
}

/// Everything beside incidents that `now` shows: changes (newest first), announcements, who is in Do Not Disturb.
pub struct Beside<'a> {
    pub changes: Vec<&'a Change>,
    /// Changes of private services, which are not shown here.
    pub changes_left_out: usize,
    pub announced: Vec<&'a Announcement>,
    /// Silences and maintenance windows, one line each: [`super::quiet::going_on`].
    pub quiets: Vec<String>,
    /// Who hears nothing, and until when.
    pub silent: Vec<(&'a UserId, At)>,
}

/// Adds to `now` what is going on beside incidents.
pub fn beside(mut now: Message, b: &Beside<'_>, d: &Directory) -> Message {
    let (announced, quiets) = (going_on(&b.announced, d), &b.quiets);
    for (heading, lines) in [("Announced", &announced), ("Silenced and in maintenance", quiets)] {
        if !lines.is_empty() {
            now.blocks.push(context(heading));
            now.blocks.push(section(&lines.join("\n")));
        }
    }
    if !b.changes.is_empty() {
        now.blocks.push(context("Changed in the last 2 hours"));
        let all: Vec<String> = b.changes.iter().take(CHANGES).map(|c| change(c, d)).collect();
        now.blocks.push(section(&all.join("\n")));
    }
    let more = b.changes.len().saturating_sub(CHANGES);
    if more > 0 {
        now.blocks.push(context(&format!("…and {more} earlier changes.")));
    }
    if b.changes_left_out > 0 {
        now.blocks.push(context(&format!("{} changes of private services are not shown here.", b.changes_left_out)));
    }
    if !b.silent.is_empty() {
        let all = b.silent.iter().take(limits::NAMES * 2);
        let mut all: Vec<String> = all.map(|(who, until)| format!("{} until {}", name(d, who), time(*until))).collect();
        if b.silent.len() > all.len() {
            all.push(format!("{} more people", b.silent.len() - all.len()));
        }
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        now.blocks.push(context(&format!("In Do Not Disturb: {}.", names(&all))));
    }
    now
}

fn change(c: &Change, d: &Directory) -> String {
    let service = d.services.get(&c.service).map_or(c.service.as_str(), |s| s.name.as_str());
    let what = escape(&c.summary, limits::TITLE);
    let what = if c.link.is_empty() { what } else { link(&c.link, &what) };
    let by = if c.source.is_empty() { String::new() } else { format!(" ({})", escape(&c.source, limits::LABEL)) };
    format!(
        "{} {}: {what}{by}",
        time(c.made.filter(|made| *made <= c.wall).unwrap_or(c.wall)),
        escape(service, limits::LABEL)
    )
}

/// What comes next if nobody acts, in one sentence. `None`: nothing does.
pub fn next(f: &Forecast, d: &Directory) -> Option<String> {
    let mut parts: Vec<(At, String)> = Vec::new();
    let is_exhausted = |a: &Ahead| matches!(a.fact, Fact::CallExhausted { .. });
    let last_asked = (f.end == End::Exhausted).then(|| f.ahead.iter().rposition(is_exhausted)).flatten();
    for (n, ahead) in f.ahead.iter().enumerate() {
        // One hold may follow another in the same instant: then nothing is let go.
        let in_the_same_instant = || f.ahead.iter().skip(n + 1).take_while(|a| a.wall == ahead.wall);
        let said = match &ahead.fact {
            Fact::StepStarted(s) => {
                let who: Vec<String> = s.asked.iter().map(|a| asked(&a.user, a.silent_until, d)).collect();
                let who: Vec<&str> = who.iter().map(String::as_str).collect();
                let over: Vec<String> = s.skipped.iter().map(|s| skip(&s.target, s.why, d)).collect();
                let over = if over.is_empty() { String::new() } else { format!(" (passed over: {})", over.join("; ")) };
                format!("{}{over}", names(&who))
            }
            Fact::PageRequested {
                to: Recipient::User(user),
                purpose: Purpose::Step,
                queued: true,
                silent_until,
                ..
            } => {
                format!("{} again", asked(user, *silent_until, d))
            }
            Fact::CallExhausted { next_at, .. } if last_asked == Some(n) => match next_at {
                Some(_) => "the catch-all, and again until somebody answers".to_owned(),
                None => "the catch-all".to_owned(),
            },
            Fact::StillOnItAsked { to, .. } => format!("{} is asked “Still on it?”", name(d, to)),
            Fact::AckTimedOut { .. } => "it is triggered again".to_owned(),
            Fact::SnoozeEnded { .. } => "the snooze ends".to_owned(),
            // As good as over when it begins.
            Fact::Held { until: Some(until), .. } if minute(*until) == minute(ahead.wall) => continue,
            Fact::Held { why, .. } => super::hold::ahead(why),
            Fact::HoldEnded { .. } if in_the_same_instant().any(|a| matches!(a.fact, Fact::Held { .. })) => continue,
            Fact::HoldEnded { .. } => "it is held no longer".to_owned(),
            Fact::Resolved { .. } => "it is resolved by itself".to_owned(),
            _ => continue,
        };
        let is_same = |(wall, before): &(At, String)| *before == said && minute(*wall) == minute(ahead.wall);
        if !parts.last().is_some_and(is_same) {
            parts.push((ahead.wall, said));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let more = parts.len() > AHEAD;
    parts.truncate(AHEAD);
    if parts.len() > IN_ONE_LINE {
        let mut said: Vec<String> = grouped(&parts);
        said.extend((f.end == End::TooMany || more).then(|| "• and so on".to_owned()));
        return Some(format!("*Next, if nobody acts:*\n{}", said.join("\n")));
    }
    // What comes in one instant stands behind one time.
    let mut said: Vec<String> = Vec::new();
    let mut before = None;
    for (wall, words) in parts {
        match said.last_mut().filter(|_| before == Some(wall)) {
            Some(last) => last.push_str(&format!(", then {words}")),
            None => said.push(format!("at {} {words}", time(wall))),
        }
        before = Some(wall);
    }
    let then = match f.end {
        End::TooMany => "; and so on",
        End::Exhausted | End::Quiet | End::Later if more => "; and so on",
        End::Exhausted | End::Quiet | End::Later => "",
    };
    Some(format!("*Next, if nobody acts:* {}{then}.", said.join("; ")))
}

/// A line for each thing that happens, in the order in which it does first: how often, and when first and last.
fn grouped(parts: &[(At, String)]) -> Vec<String> {
    let mut all: Vec<(&str, Vec<At>)> = Vec::new();
    for (at, words) in parts {
        match all.iter_mut().find(|(known, _)| known == words) {
            Some((_, times)) => times.push(*at),
            None => all.push((words, vec![*at])),
        }
    }
    let line = |(words, times): &(&str, Vec<At>)| match times.as_slice() {
        [first, last] => format!("• {words}: {} and {}", time(*first), time(*last)),
        [first, .., last] => format!("• {words}: {} times, {} to {}", times.len(), time(*first), time(*last)),
        [first, ..] => format!("• {words}: {}", time(*first)),
        [] => format!("• {words}"),
    };
    all.iter().map(line).collect()
}

/// As people read a time.
fn minute(at: At) -> i64 {
    at.0.div_euclid(60_000)
}

fn asked(user: &UserId, silent_until: Option<At>, d: &Directory) -> String {
    match silent_until {
        Some(_) => format!("{} (in Do Not Disturb)", name(d, user)),
        None => name(d, user),
    }
}
