//! Who is on call now, and who is next.

use super::kit::{context, section};
use super::mrkdwn::{day_and_time, escape, names, time, truncate};
use super::reply::lasting;
use super::{Message, limits};
use crate::domain::directory::{Directory, Policy, Target};
use crate::domain::duty::{Also, Coming, Duty, can_ask, named};
use crate::domain::id::{OverrideId, ScheduleId, TeamId, UserId};
use crate::domain::input::OverrideRequest;
use crate::domain::schedule::{Override, Schedule, Shift, ShiftReason};
use crate::domain::stamp::At;

/// One schedule: the shift under way and the one after it, be it of the same person (`None`: it has no end).
#[derive(Clone, Debug)]
pub struct Watch<'a> {
    pub schedule: &'a Schedule,
    pub now: Shift,
    pub next: Option<Shift>,
    /// No page to whoever carries it may make a sound until then.
    pub silent_until: Option<At>,
}

/// The on-call engineers of every team, or of one.
pub fn oncall(team: Option<&TeamId>, watches: &[Watch<'_>], d: &Directory) -> Message {
    let shown: Vec<(Option<&TeamId>, String)> = d
        .teams
        .values()
        .map(|t| Some(&t.id))
        .chain([None])
        .filter(|of| team.is_none() || *of == team)
        .filter_map(|of| of_team(of, watches, d).map(|said| (of, said)))
        .collect();
    let text = match team {
        Some(team) if shown.is_empty() => has_no_schedule(team, d),
        None if shown.is_empty() => "No schedule says who is on call.".to_owned(),
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

/// A team without a schedule, and who is asked instead.
pub(super) fn has_no_schedule(team: &TeamId, d: &Directory) -> String {
    let policy = d.policy_of_team(team).and_then(|p| p.steps.first());
    let first: Vec<String> = policy.into_iter().flat_map(|s| &s.targets).map(|t| super::why::target(t, d)).collect();
    let first: Vec<&str> = first.iter().map(String::as_str).collect();
    let first = if first.is_empty() { String::new() } else { format!(" Its policy asks {} first.", names(&first)) };
    format!("{} has no schedule.{first}", name(Some(team), d))
}

fn of_team(team: Option<&TeamId>, watches: &[Watch<'_>], d: &Directory) -> Option<String> {
    let mut of_team: Vec<&Watch<'_>> = watches.iter().filter(|w| w.schedule.team.as_ref() == team).collect();
    of_team.sort_by_key(|w| level(w.schedule, d));
    let lines: Vec<String> = of_team.iter().map(|w| format!("\n{}", line(w, d))).collect();
    (!lines.is_empty()).then(|| format!("*{}*{}", name(team, d), lines.concat()))
}

/// The first level at which a policy asks this schedule: whoever is asked first stands first.
pub(super) fn level(schedule: &Schedule, d: &Directory) -> usize {
    let target = Target::Schedule(schedule.id.clone());
    let first = |p: &Policy| p.steps.iter().position(|s| s.targets.contains(&target) && can_ask(d, p, s));
    d.policies.values().filter_map(first).min().unwrap_or(usize::MAX)
}

pub(super) fn name(team: Option<&TeamId>, d: &Directory) -> String {
    let Some(team) = team else { return "No team's".to_owned() };
    escape(d.teams.get(team).map_or(team.as_str(), |t| &t.name), limits::LABEL)
}

fn line(w: &Watch<'_>, d: &Directory) -> String {
    let schedule = escape(&w.schedule.name, limits::LABEL);
    let person = |who: &UserId| format!("*{}*", escape(d.name_of(who), limits::LABEL));
    let now = match (&w.now.who, w.now.why) {
        (Some(who), ShiftReason::Override(_)) => format!("{schedule}: {}, standing in", person(who)),
        (Some(who), ShiftReason::Fixed(_)) => format!("{schedule}: {}, by a fixed shift", person(who)),
        (Some(who), _) => format!("{schedule}: {}", person(who)),
        (None, _) => format!(":warning: {schedule}: *nobody*"),
    };
    let then = w.next.as_ref().map(|next| {
        let then = next.who.as_ref().map_or_else(|| ":warning: *nobody*".to_owned(), person);
        let again = if next.who.is_some() && next.who == w.now.who { " again" } else { "" };
        format!(", until {}, then {then}{again}", day_and_time(w.now.until))
    });
    let silent = w.silent_until.map(|until| format!(" :no_bell: Do Not Disturb until {}", time(until)));
    format!("{now}{}{}", then.unwrap_or_default(), silent.unwrap_or_default())
}

/// What one person carries now, and what is coming.
pub fn me(user: &UserId, duties: &[Duty], coming: &[Coming], silent_until: Option<At>, d: &Directory) -> Message {
    let mut lines: Vec<String> = duties.iter().map(|duty| super::home::on_duty(duty, d)).collect();
    lines.extend(named(d, user).iter().take(limits::LIST).map(|n| super::home::by_name(n, d)));
    lines.extend(super::home::last(user, duties, d).map(str::to_owned));
    let is_asked = !lines.is_empty();
    if !is_asked {
        lines.push("You are not on call.".to_owned());
    }
    lines.extend(coming.iter().take(limits::LIST).map(|c| {
        let schedule = d.schedules.get(&c.schedule).map_or(c.schedule.as_str(), |s| s.name.as_str());
        let until = if c.until == At(i64::MAX) { String::new() } else { format!(" until {}", day_and_time(c.until)) };
        format!("Next: *{}* from {}{until}.", escape(schedule, limits::LABEL), day_and_time(c.from))
    }));
    if coming.is_empty() && !is_asked {
        lines.push("No shift of yours begins within two months.".to_owned());
    }
    lines.extend(silent_until.map(super::dnd::to_you));
    Message::plain(lines.join("\n"))
}

/// Somebody carries the pager for somebody else. `coming_morning`: "tomorrow" was taken to mean the morning of today.
pub fn stands_in(r: &OverrideRequest, instead: Option<&UserId>, coming_morning: bool, d: &Directory) -> Message {
    let who = if r.user == r.by { "You are".to_owned() } else { format!("{} is", name_of(&r.user, d)) };
    let instead = match instead {
        Some(other) if *other != r.user => format!(", instead of {}", name_of(other, d)),
        Some(_) | None => String::new(),
    };
    let morning = if coming_morning { " It is night, so \u{201c}tomorrow\u{201d} is this coming morning." } else { "" };
    Message::plain(format!(
        "{who} on call for *{}* from {} until {}, {}{instead}.{morning}",
        schedule(&r.schedule, d),
        day_and_time(r.from),
        day_and_time(r.until),
        lasting((r.until.0 - r.from.0) / 1_000)
    ))
}

/// Whoever stands in carries another level of the same policy as well. `undo`: what ends that.
pub fn backs_themselves_up(r: &OverrideRequest, also: &Also, undo: Option<&str>, d: &Directory) -> String {
    let is_me = r.user == r.by;
    let they = if is_me { "you" } else { "they" };
    let who = match also {
        Also::Schedule(id) => {
            let carries = if is_me { "You carry".to_owned() } else { format!("{} carries", name_of(&r.user, d)) };
            format!("{carries} {} then as well", schedule(id, d))
        }
        Also::ByName(level) => {
            let are = if is_me { "You are".to_owned() } else { format!("{} is", name_of(&r.user, d)) };
            format!("{are} level {level} of the same policy as well")
        }
    };
    let undo = undo.map_or(String::new(), |undo| format!(" {undo}"));
    format!(
        ":warning: *{who}*: where {they} do not answer, {they} are asked again instead of somebody else. Put somebody \
         else in one of the two places.{undo}\n"
    )
}

/// Overrides that are not over. `command`: what stands before a team's name.
pub fn overrides(ahead: &[&Override], command: &str, d: &Directory) -> Message {
    let c = escape(command, 40);
    let Some(first) = ahead.first() else {
        return Message::plain(format!("No override is in force or ahead. `{c} override payments @ben 2h` makes one."));
    };
    let text = match ahead.len() {
        1 => "1 override, in force or ahead".to_owned(),
        n => format!("{n} overrides, in force or ahead"),
    };
    let line = |o: &&Override| {
        let by = if o.by == o.user { String::new() } else { format!(", by {}", name_of(&o.by, d)) };
        format!("`{}` *{}*: {}{by}", o.id.0, name_of(&o.user, d), of(o, d))
    };
    let mut blocks = vec![context(&text)];
    blocks.extend(ahead.iter().take(limits::LIST).map(|o| section(&line(o))));
    if ahead.len() > limits::LIST {
        blocks.push(context(&format!("…and {} more, later", ahead.len() - limits::LIST)));
    }
    let end = format!("`{c} override remove {}` ends one. Of two that overlap, the one made later wins.", first.id.0);
    blocks.push(context(&end));
    Message { text, blocks, colored: None }
}

/// To who ended one. `carries`: who is on call now, where it was in force.
pub fn ended(o: &Override, carries: Option<Option<&UserId>>, d: &Directory) -> String {
    let now = match carries {
        None => " It had not begun.".to_owned(),
        Some(Some(who)) => {
            format!(" On call now: *{}*. What waits for an answer asks them now.", name_of(who, d))
        }
        Some(None) => " On call now: :warning: *nobody*. Who is being paged stays paged.".to_owned(),
    };
    format!("Override {} is over: {}, {}.{now}", o.id.0, name_of(&o.user, d), of(o, d))
}

/// The same command came twice.
pub fn ended_before(id: OverrideId) -> String {
    format!("Override {} is over.", id.0)
}

/// The direct message to who is put on call by somebody else. `instead`: whom they relieve first.
pub fn put_on_call(o: &Override, instead: Option<&UserId>, command: &str, d: &Directory) -> String {
    let instead = match instead {
        None => String::new(),
        Some(other) if *other == o.by => ", in their own place".to_owned(),
        Some(other) => format!(", instead of {}", name_of(other, d)),
    };
    let ready = format!("`{} ready` has what to check.", escape(command, 40));
    format!("{} put you on call for {}{instead}. {ready} {}", name_of(&o.by, d), of(o, d), how_to_end(o, command))
}

/// The direct message to whom somebody relieves.
pub fn relieved(o: &Override, command: &str, d: &Directory) -> String {
    let who = name_of(&o.user, d);
    let by = if o.by == o.user {
        format!("{who} takes the pager")
    } else {
        format!("{} put {who} on call", name_of(&o.by, d))
    };
    format!("{by} instead of you: {}. {}", of(o, d), how_to_end(o, command))
}

pub fn how_to_end(o: &Override, command: &str) -> String {
    format!("`{} override remove {}` ends it.", escape(command, 40), o.id.0)
}

/// The direct message to who stood in until `by` ended it. `carries`: who is on call from then on.
pub fn not_on_call_any_more(o: &Override, by: &UserId, carries: Option<&UserId>, d: &Directory) -> String {
    let now = match carries {
        None => String::new(),
        Some(who) if *who == o.user => {
            " You are on call there all the same, by your own turn or by another override.".to_owned()
        }
        Some(who) => format!(" {} is on call instead.", name_of(who, d)),
    };
    format!("{} ended the override by which you stood in: {}.{now}", name_of(by, d), of(o, d))
}

/// The direct message to who is on call again, by their own turn or by another override. `now`: at this moment, and not at
/// some time until it would have ended.
pub fn on_call_again(o: &Override, by: &UserId, now: bool, d: &Directory) -> String {
    let ended = match by == &o.user {
        true => format!("{} does not stand in any more", name_of(by, d)),
        false => format!("{} ended the override by which {} was on call", name_of(by, d), name_of(&o.user, d)),
    };
    let you = if now { "you are on call again, from now on" } else { "within that time you are on call again" };
    format!("{ended} for {}: {you}. `/pager oncall me` shows when.", of(o, d))
}

/// The direct message to who made it.
pub fn your_override_ended(o: &Override, by: &UserId, d: &Directory) -> String {
    let whom = if *by == o.user { "them".to_owned() } else { name_of(&o.user, d) };
    format!("{} ended the override by which you put {whom} on call for {}.", name_of(by, d), of(o, d))
}

/// Why somebody is not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untold {
    /// A restored copy posts nothing.
    Paused,
    /// The configuration has no Slack id for them.
    NoSlackId,
    /// In Slack's words.
    Slack(String),
}

/// What follows the answer, about those who are concerned: whom I tell, and whom I cannot.
pub fn told(told: &[UserId], untold: &[(UserId, Untold)], d: &Directory) -> String {
    let mut said = String::new();
    if !told.is_empty() {
        let all: Vec<&str> = told.iter().map(|u| d.name_of(u)).collect();
        said += &format!(" I tell {}.", names(&all));
    }
    for (user, why) in untold {
        let why = match why {
            Untold::Paused => "this is a restored copy, which posts nothing".to_owned(),
            Untold::NoSlackId => "the configuration has no Slack id for them".to_owned(),
            Untold::Slack(error) => format!("Slack did not take my message: {}", escape(error, limits::LABEL)),
        };
        said += &format!(" :warning: *{}* does not know ({why}). Tell them yourself.", name_of(user, d));
    }
    said
}

/// What an override is about: the schedule, and from when until when.
fn of(o: &Override, d: &Directory) -> String {
    format!("*{}*, from {} until {}", schedule(&o.schedule, d), day_and_time(o.from), day_and_time(o.until))
}

fn schedule(id: &ScheduleId, d: &Directory) -> String {
    escape(d.schedules.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL)
}

fn name_of(user: &UserId, d: &Directory) -> String {
    escape(d.name_of(user), limits::LABEL)
}

/// The topic of a team's channel: `{oncall}` and `{next}` in `template` become whoever the first level asks now, and the
/// next level that asks somebody else.
pub fn topic(template: &str, levels: &[Vec<UserId>], d: &Directory) -> String {
    let called = |people: &[UserId]| match people {
        [] => "nobody".to_owned(),
        people => names(&people.iter().map(|u| d.name_of(u)).collect::<Vec<_>>()),
    };
    let first = levels.first().map_or(&[][..], Vec::as_slice);
    let next = levels.iter().skip(1).find(|level| level.iter().any(|u| !first.contains(u)));
    let text = template.replace("{oncall}", &called(first)).replace("{next}", &called(next.map_or(&[], Vec::as_slice)));
    truncate(&text, limits::TOPIC)
}
