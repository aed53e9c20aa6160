//! `/pager oncall …`, and the commands that are short for it.

use super::Means;
use super::mistake::{Mistake, quoted};
use super::names::{self, of_schedule, of_service, of_team};
use super::reading::Reading;
use super::span::span;
use super::spoken::spoken;
use super::verbs::{self, ON_CALL, ON_CALL_ABSENT, OnCallVerb, PAGER};
use super::which::incident_no;
use super::{Command, OnCall, Whose, people};
use crate::domain::id::{IncidentNo, OverrideId};
use crate::domain::lookup::{How, NAME_WORDS};
use std::cmp::Reverse;

/// "who is on call right now for payments" asks no more than "payments".
const FILLERS: &[&str] =
    &["oncall", "on-call", "who", "whos", "who's", "is", "are", "on", "call", "for", "in", "at", "right", "currently"];
/// `override remove 3`
const END: &[&str] = &["remove", "rm", "delete", "end", "cancel", "stop"];
/// What may stand between a schedule and the person.
const BY: &[&str] = &["with", "by", "to"];

pub(super) fn read(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    while r.words.skip(FILLERS) {}
    on_call(r).map(Command::OnCall)
}

fn on_call(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    let Some(first) = r.words.lower(0).map(str::to_owned) else { return Ok(OnCall::Everybody) };
    let verb = verbs::verb(ON_CALL, &first);
    // A team may be called as a command is.
    if verb != Some(OnCallVerb::Help) && r.words.left() == 1 && is_whole_name(r) {
        return who(r);
    }
    match verb {
        Some(verb) => {
            r.words.advance(1);
            if r.words.left() == 1 && r.words.is(&["help", "?"]) {
                return Ok(OnCall::Help);
            }
            match verb {
                OnCallVerb::Help => Ok(OnCall::Help),
                OnCallVerb::Everybody => r.end().map(|()| OnCall::Everybody),
                OnCallVerb::Me => r.end().map(|()| OnCall::Me),
                OnCallVerb::Ready => r.end().map(|()| OnCall::Ready),
                OnCallVerb::Test => test(r),
                OnCallVerb::Overrides => r.end().map(|()| OnCall::Overrides),
                OnCallVerb::Override => match r.words.is(END) && !is_whole_name(r) {
                    true => end(r),
                    false => put_in(r),
                },
                OnCallVerb::Take => take(r),
                OnCallVerb::Calendar => calendar(r),
                OnCallVerb::Gaps => gaps(r),
            }
        }
        None => match verbs::absent(ON_CALL_ABSENT, &first) {
            Some(absent) => {
                r.words.advance(1);
                let line = absent.instead.replace("TEAM", r.words.rest());
                Err(rather(r, absent.why, &line))
            }
            // The word before it was left out.
            None if r.words.is(END) && !is_whole_name(r) => {
                while r.words.skip(END) || r.words.skip(&["override"]) {}
                let line = format!("override remove {}", r.words.rest());
                Err(rather(r, "An override is ended by its number.", line.trim()))
            }
            None => who(r),
        },
    }
}

/// Nobody tests another: it would wake them. "test me" and "test page" say no more.
fn test(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    while r.words.skip(&["page", "me", "myself", "my", "please"]) {}
    if r.words.left() > 0 {
        return Err(rather(r, "A test page comes to you alone.", "test"));
    }
    Ok(OnCall::Test)
}

/// A corrected line that works by `/pager` and by the alias.
fn rather(r: &Reading<'_>, why: impl Into<String>, text: &str) -> Mistake {
    match r.line.means {
        Means::Pager => r.rather(why, &format!("oncall {text}")),
        Means::Oncall => r.rather(why, text),
    }
}

fn is_whole_name(r: &Reading<'_>) -> bool {
    r.directory().team_at(&r.words.ahead(1)).how == How::Whole
}

/// A team, a schedule, or a service, which then means its team.
fn who(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    whose(r).map(|whose| match whose {
        Whose::Team(team) => OnCall::Team(team),
        Whose::Schedule(schedule) => OnCall::Schedule(schedule),
    })
}

fn whose(r: &mut Reading<'_>) -> Result<Whose, Mistake> {
    let at = r.words.at();
    let d = r.directory();
    r.words.skip(&["team"]);
    let ahead = r.words.ahead(NAME_WORDS);
    let (teams, schedules, services) = (names::team_named(r)?, d.schedule_at(&ahead), d.service_at(&ahead));
    let rank = |taken: usize, how: How| (taken > 0).then_some((how, Reverse(taken)));
    let ranks =
        [rank(teams.taken, teams.how), rank(schedules.taken, schedules.how), rank(services.taken, services.how)];
    let best = ranks.iter().flatten().min().copied();
    let [is_team, is_schedule, is_service] = ranks.map(|rank| rank.is_some() && rank == best);
    let found = if is_team {
        names::found(r, teams, of_team)?.map(|t| Whose::Team(t.id.clone()))
    } else if is_schedule {
        names::found(r, schedules, of_schedule)?.map(|s| Whose::Schedule(s.id.clone()))
    } else if is_service {
        names::found(r, services, of_service)?.map(|s| Whose::Team(s.team.clone()))
    } else {
        None
    };
    match found {
        Some(found) => r.end().map(|()| found),
        None => {
            r.words.set(at);
            Err(nobody(r))
        }
    }
}

/// What stands next names nothing that has somebody on call.
fn nobody(r: &Reading<'_>) -> Mistake {
    let at = r.words.at();
    let first = r.words.lower(0).unwrap_or_default();
    if people::user(&mut r.clone()).is_ok() {
        return rather(r, "I can tell who is on call, not yet when one person is.", "");
    }
    if r.line.means == Means::Oncall && verbs::verb(PAGER, first).is_some() {
        let why = format!(
            "{} tells who is on call. Incidents are at the pager's own command, `/pager` unless it was renamed.",
            quoted(r.line.command)
        );
        return Mistake::new(why);
    }
    let words = verbs::all(ON_CALL).filter(|w| w.len() > 2 && !w.starts_with('-'));
    let short = (3..=20).contains(&first.chars().count());
    if let Some(meant) = super::nearest(first, words.filter(|_| short)) {
        let why = format!("I don't know {}.", r.quoted(at, at + 1));
        return r.instead(why, at, at + 1, meant);
    }
    let d = r.directory();
    let all = d.teams.values().map(of_team).chain(d.schedules.values().map(of_schedule));
    names::unknown(r, "team or a schedule", all.collect())
}

/// `schedule TEAM`
fn calendar(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    while r.words.skip(FILLERS) {}
    if r.words.is_done() {
        return Err(which_team(r, "Whose calendar?", "Whose calendar? Write a team or a schedule after `schedule`."));
    }
    whose(r).map(OnCall::Calendar)
}

/// `gaps [TEAM]`
fn gaps(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    while r.words.skip(FILLERS) {}
    if r.words.is_done() || r.words.left() == 1 && r.words.is(&["all", "everybody", "everyone"]) {
        return Ok(OnCall::Gaps(None));
    }
    whose(r).map(|whose| OnCall::Gaps(Some(whose)))
}

/// The line with the speaker's own team put in, if they are in one.
fn which_team(r: &Reading<'_>, why: &str, why_without: &str) -> Mistake {
    let at = r.words.at();
    let Ok(me) = people::me(r) else { return Mistake::new(why_without) };
    let mut mine = r.directory().teams.values().filter(|t| t.members.contains(&me));
    match (mine.next(), mine.next()) {
        (Some(team), None) => r.instead(why, at, at, team.id.as_str()),
        _ => Mistake::new(why_without),
    }
}

/// `override TEAM @who 2h`, in either order.
fn put_in(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    let person_first =
        r.words.next().is_some_and(|w| w.starts_with('@') || w.starts_with("<@")) || r.words.is(&["me", "myself"]);
    let (schedule, who);
    if person_first {
        who = people::user(r)?;
        r.words.skip(&["on", "for", "in", "at"]);
        schedule = names::schedule(r)?;
    } else {
        schedule = names::schedule(r)?;
        r.words.skip(BY);
        if is_time(r) {
            let at = r.words.at();
            let whom = people::example(r).ok_or_else(|| Mistake::new("Who?"))?;
            return Err(r.instead("Who?", at, at, &whom));
        }
        who = people::user(r)?;
    }
    let span = span(r)?;
    r.end()?;
    Ok(OnCall::Override { schedule, who, from: span.from, until: span.until, meant: span.meant })
}

/// `override remove 3`
fn end(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    r.words.advance(1);
    while r.words.skip(&["number", "no", "nr", "override"]) {}
    let at = r.words.at();
    match r.words.lower(0).map(incident_no) {
        None => Err(rather(r, "Which one? The list has their numbers.", "overrides")),
        Some(Some(IncidentNo(no))) => {
            r.words.advance(1);
            r.end().map(|()| OnCall::EndOverride(OverrideId(no)))
        }
        Some(None) => {
            let word = r.quoted(at, at + 1);
            Err(rather(r, format!("{word} is no override's number. The list has them."), "overrides"))
        }
    }
}

/// `take TEAM 2h`
fn take(r: &mut Reading<'_>) -> Result<OnCall, Mistake> {
    if r.words.is_done() || is_time(r) {
        people::me(r)?;
        return Err(which_team(r, "Which team's pager?", "Which team's pager? Write the team after `take`."));
    }
    let schedule = names::schedule(r)?;
    let span = span(r)?;
    r.end()?;
    Ok(OnCall::Take { schedule, from: span.from, until: span.until, meant: span.meant })
}

/// Does a time stand next, where a name should?
fn is_time(r: &Reading<'_>) -> bool {
    let mut words = r.words.clone();
    words.skip(&["for", "from", "until", "till", "til", "to", "between"]);
    !words.is_done() && spoken(&mut words).is_some()
}
