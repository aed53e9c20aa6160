//! Who is on call now, and who is next.

use super::kit::{context, section};
use super::mrkdwn::{day_and_time, escape};
use super::{Message, limits};
use crate::domain::directory::{Directory, Policy, Target, Team};
use crate::domain::id::{TeamId, UserId};
use crate::domain::schedule::{Schedule, Shift, ShiftReason};

/// One schedule: who carries it, and who does after them (`None`: nobody else, as far as anybody can tell).
#[derive(Clone, Debug)]
pub struct Watch<'a> {
    pub schedule: &'a Schedule,
    pub now: Shift,
    pub next: Option<Shift>,
}

/// The on-call engineers of every team, or of the one asked for by its name or id.
pub fn oncall(asked: Option<&str>, watches: &[Watch<'_>], d: &Directory) -> Message {
    let same =
        |t: &&Team, asked: &str| [t.id.as_str(), &t.name].iter().any(|n| n.to_lowercase() == asked.to_lowercase());
    let team = match asked {
        None => None,
        Some(asked) => match d.teams.values().find(|t| same(t, asked)) {
            Some(team) => Some(&team.id),
            None => return unknown_team(asked, d),
        },
    };
    let shown: Vec<(Option<&TeamId>, String)> = d
        .teams
        .values()
        .map(|t| Some(&t.id))
        .chain([None])
        .filter(|of| team.is_none() || *of == team)
        .filter_map(|of| of_team(of, watches, d).map(|said| (of, said)))
        .collect();
    let text = match team {
        _ if shown.is_empty() => "No schedule says who is on call.".to_owned(),
        Some(team) => format!("On call for {}", name(Some(team), d)),
        None => "On call now".to_owned(),
    };
    if shown.is_empty() {
        return Message::plain(text);
    }
    let mut blocks = vec![context(&text)];
    blocks.extend(shown.iter().take(limits::LIST).map(|(_, said)| section(said)));
    if shown.len() > limits::LIST {
        blocks.push(context(&format!("…and {} more teams: name one to see it.", shown.len() - limits::LIST)));
    }
    Message { text, blocks, colored: None }
}

fn of_team(team: Option<&TeamId>, watches: &[Watch<'_>], d: &Directory) -> Option<String> {
    let mut of_team: Vec<&Watch<'_>> = watches.iter().filter(|w| w.schedule.team.as_ref() == team).collect();
    of_team.sort_by_key(|w| level(w.schedule, d));
    let lines: Vec<String> = of_team.iter().map(|w| format!("\n{}", line(w, d))).collect();
    (!lines.is_empty()).then(|| format!("*{}*{}", name(team, d), lines.concat()))
}

/// The first level at which a policy asks this schedule: whoever is asked first stands first.
fn level(schedule: &Schedule, d: &Directory) -> usize {
    let target = Target::Schedule(schedule.id.clone());
    let first = |p: &Policy| p.steps.iter().position(|s| s.targets.contains(&target));
    d.policies.values().filter_map(first).min().unwrap_or(usize::MAX)
}

fn name(team: Option<&TeamId>, d: &Directory) -> String {
    let Some(team) = team else { return "No team's".to_owned() };
    escape(d.teams.get(team).map_or(team.as_str(), |t| &t.name), limits::LABEL)
}

fn line(w: &Watch<'_>, d: &Directory) -> String {
    let schedule = escape(&w.schedule.name, limits::LABEL);
    let person = |who: &UserId| format!("*{}*", escape(d.name_of(who), limits::LABEL));
    let now = match (&w.now.who, w.now.why) {
        (Some(who), ShiftReason::Override(_)) => format!("{schedule}: {}, standing in", person(who)),
        (Some(who), _) => format!("{schedule}: {}", person(who)),
        (None, _) => format!(":warning: {schedule}: *nobody*"),
    };
    match &w.next {
        None => now,
        Some(next) => {
            let then = next.who.as_ref().map_or_else(|| ":warning: *nobody*".to_owned(), person);
            format!("{now}, until {}, then {then}", day_and_time(w.now.until))
        }
    }
}

fn unknown_team(asked: &str, d: &Directory) -> Message {
    let teams: Vec<String> =
        d.teams.values().take(limits::LIST).map(|t| format!("`{}`", escape(t.id.as_str(), limits::LABEL))).collect();
    let asked = escape(asked, limits::LABEL).replace('`', "'");
    Message::plain(format!("I don't know a team `{asked}`. There are: {}.", teams.join(", ")))
}

/// What the alias for `/pager oncall` understands.
pub fn help(command: &str) -> Message {
    let c = escape(command, 40);
    Message::plain(format!("`{c}`: who is on call now and next, every team\n`{c} payments`: one team's"))
}
