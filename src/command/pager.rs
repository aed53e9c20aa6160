//! `/pager …`

use super::doing::doing;
use super::handoff::handoff;
use super::heartbeats::heartbeats;
use super::misconfigured::misconfigured;
use super::mistake::{Mistake, quoted};
use super::playbook::playbook;
use super::reading::Reading;
use super::spoken::spoken;
use super::trigger::trigger;
use super::verbs::{self, ON_CALL, ON_CALL_ABSENT, PAGER, PAGER_ABSENT, Verb};
use super::which::{alone, incident_no, number, numbers, which};
use super::{Command, ListOf, REASON_MAX, TEXT_MAX, Which, Whom};
use super::{names, oncall, people, quiet, rca, when};
use crate::domain::directory::Urgency;
use crate::domain::lookup::Lookup;

pub(super) fn read(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let Some((verb, words)) = verb_ahead(r) else { return otherwise(r) };
    let at = r.words.at();
    r.words.advance(words);
    let asks = |r: &Reading<'_>| r.words.left() == 1 && r.words.is(&["help", "?", "--help"]);
    if asks(r) && verb != Verb::OnCall && verb != Verb::Help {
        return Ok(Command::Help(verb.topic()));
    }
    match verb {
        Verb::Mine => {
            r.words.skip(&["open"]);
            r.words.skip(&["incidents"]);
            r.end().map(|()| Command::Mine)
        }
        Verb::Help => {
            while r.words.skip(&["with", "on", "about", "me", "please"]) {}
            help(r)
        }
        Verb::Trigger => trigger(r),
        Verb::List => list(r).map(Command::List),
        Verb::Acknowledge => numbers(r).map(Command::Acknowledge),
        Verb::Snooze => snooze(r),
        Verb::Show => show(r),
        Verb::EndSnooze => end_snooze(r),
        Verb::Escalate => {
            let which = which(r)?;
            if r.words.is(&["to"]) && r.words.left() > 1 {
                let why = "Escalating asks the next level, whoever that is. Somebody of your choice is added.";
                return Err(r.instead(why, at, at + words, "add"));
            }
            r.end().map(|()| Command::Escalate(which))
        }
        Verb::Mitigated => alone(r).map(Command::Mitigated),
        Verb::NotMajor => alone(r).map(Command::NotMajor),
        Verb::NotActionable => alone(r).map(Command::NotActionable),
        Verb::Start => alone(r).map(Command::ImOnIt),
        Verb::Why => alone(r).map(Command::Why),
        Verb::Fyi => r.end().map(|()| Command::Fyi),
        Verb::Now => r.end().map(|()| Command::Now),
        Verb::Doing => doing(r),
        Verb::Add => involve(r).map(|(which, whom)| Command::Add(which, whom)),
        Verb::Reassign => match involve(r)? {
            (which, Whom::User(user)) => Ok(Command::Reassign(which, user)),
            (_, Whom::Team(_) | Whom::Schedule(_)) => {
                Err(r.instead("An incident belongs to a person. A team can be added to it.", at, at + words, "add"))
            }
        },
        Verb::Urgency => urgency(r),
        Verb::Resolve => resolve(r),
        Verb::Reopen => match alone(r)? {
            Which::No(no) => Ok(Command::Reopen(no)),
            Which::Mine => Err(Mistake::new("Reopen which incident? Write its number after `reopen`.")),
        },
        Verb::Note => note(r),
        Verb::Merge => merge(r),
        Verb::Silence => quiet::silence(r),
        Verb::Maintenance => quiet::maintenance(r),
        Verb::Misconfigured => misconfigured(r),
        Verb::Heartbeats => heartbeats(r),
        Verb::Major => {
            while r.words.skip(&["major", "incident"]) {}
            alone(r).map(Command::Major)
        }
        Verb::Triage => alone(r).map(Command::Triage),
        Verb::Playbook => playbook(r),
        Verb::Handoff => handoff(r),
        Verb::Rca => rca::rca(r),
        Verb::Items => rca::items(r),
        Verb::OnCall => oncall::read(r),
    }
}

/// The verb that stands next, and of how many words it is.
fn verb_ahead(r: &Reading<'_>) -> Option<(Verb, usize)> {
    let word = |n| r.words.lower(n).unwrap_or_default();
    match (word(0), word(1), word(2)) {
        ("i'm" | "im", "on", "it" | "this") => Some((Verb::Start, 3)),
        ("on", "it", _) => Some((Verb::Start, 2)),
        ("not", "major", _) => Some((Verb::NotMajor, 2)),
        ("not", "actionable", _) => Some((Verb::NotActionable, 2)),
        ("end", "snooze", _) => Some((Verb::EndSnooze, 2)),
        ("on", "call", _) => Some((Verb::OnCall, 2)),
        (first, ..) => verbs::verb(PAGER, first).map(|verb| (verb, 1)),
    }
}

/// `show N`; what is no number is in the list.
fn show(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let which = which(r)?;
    let at = r.words.at();
    match r.end() {
        Ok(()) => Ok(Command::Show(which)),
        Err(mistake) if which != Which::Mine => Err(mistake),
        Err(_) => {
            let team = names::team(&mut r.clone()).ok().map(|team| format!("list {team}"));
            let why = format!("{} is no number of an incident. The list has them.", r.quoted(at, at + r.words.left()));
            Err(r.rather(why, team.as_deref().unwrap_or("list")))
        }
    }
}

/// `unsnooze N`. Whoever is to be woken is a person, and no incident: they are added to one.
fn end_snooze(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let before = r.words.at();
    let is_wake = r.words.typed(before.saturating_sub(1), before).eq_ignore_ascii_case("wake");
    let which = which(r)?;
    let at = r.words.at();
    if !r.words.is_done() && people::whom(&mut r.clone()).is_ok() {
        let whom = r.words.typed(at, at + r.words.left()).to_owned();
        let no = if let Which::No(no) = which { format!("{} ", no.0) } else { String::new() };
        let why = "This ends a snooze. To page somebody, add them to an incident; `trigger` opens a new one.";
        return Err(r.rather(why, &format!("add {no}{whom}")));
    }
    if is_wake && r.clone().end().is_err() {
        return Err(r.rather("This ends a snooze. To page somebody for something new, open an incident.", "trigger"));
    }
    r.end().map(|()| Command::EndSnooze(which))
}

/// What stands behind `help`: nothing, or a command.
fn help(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let at = r.words.at();
    let Some(first) = r.words.lower(0).map(str::to_owned) else { return Ok(Command::Help(None)) };
    if let Some((verb, _)) = verb_ahead(r) {
        return Ok(Command::Help(verb.topic()));
    }
    if let Some(absent) = verbs::absent(PAGER_ABSENT, &first) {
        return Err(r.rather(absent.why, &absent.instead.replace('N', "")));
    }
    let why = format!("I don't know {}.", r.quoted(at, at + 1));
    let known = verbs::all(PAGER).filter(|w| w.len() > 2 && !w.starts_with('-'));
    Err(match super::nearest(&first, known) {
        Some(meant) if (2..=20).contains(&first.chars().count()) => r.rather(why, &format!("help {meant}")),
        Some(_) | None => r.rather(why, "help"),
    })
}

/// The first word is no command.
fn otherwise(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let at = r.words.at();
    let Some(first) = r.words.lower(0).map(str::to_owned) else { return Ok(Command::Mine) };
    if let Some(no) = number(r)? {
        if let Some((verb, words)) = verb_ahead(r) {
            let typed = r.words.typed(r.words.at(), r.words.at() + words).to_owned();
            r.words.advance(words);
            let line = format!("{typed} {} {}", no.0, r.words.rest());
            return match verb {
                Verb::Mine
                | Verb::Help
                | Verb::List
                | Verb::Now
                | Verb::Fyi
                | Verb::Doing
                | Verb::Misconfigured
                | Verb::Heartbeats
                | Verb::OnCall
                | Verb::Handoff
                | Verb::Items
                | Verb::Trigger
                | Verb::Maintenance => Err(r.rather("The command comes first.", &format!("show {}", no.0))),
                _ => Err(r.rather("The command comes first, then the incident.", &line)),
            };
        }
        return r.end().map(|()| Command::Show(Which::No(no)));
    }
    if let Some(absent) = verbs::absent(PAGER_ABSENT, &first) {
        r.words.advance(1);
        let no = number(r).ok().flatten().map(|no| no.0.to_string()).unwrap_or_default();
        return Err(r.rather(absent.why, &absent.instead.replace('N', &no)));
    }
    let typed = r.quoted(at, at + 1);
    if verbs::verb(ON_CALL, &first).is_some() || verbs::absent(ON_CALL_ABSENT, &first).is_some() {
        return Err(r.instead(format!("{typed} is a command of `oncall`."), at, at, "oncall"));
    }
    if let Lookup::Found(team) = names::team_named(r)?.what {
        let line = format!("list {}", team.id);
        return Err(r.rather(format!("{typed} is no command. The open incidents of a team are a list."), &line));
    }
    let why = format!("I don't know {typed}.");
    let known = verbs::all(PAGER).chain(verbs::all(ON_CALL));
    let absent = PAGER_ABSENT.iter().flat_map(|a| a.words.iter().copied());
    let short = (2..=20).contains(&first.chars().count());
    let known = known.chain(absent).filter(|w| short && w.len() > 2 && !w.starts_with('-'));
    Err(match super::nearest(&first, known) {
        Some(meant) if let Some(absent) = verbs::absent(PAGER_ABSENT, meant) => {
            r.rather(format!("{why} {}", absent.why), &absent.instead.replace('N', ""))
        }
        Some(meant) => r.instead(why, at, at + 1, meant),
        None => r.rather(why, "help"),
    })
}

fn list(r: &mut Reading<'_>) -> Result<ListOf, Mistake> {
    while r.words.skip(&["open", "incidents", "of", "for"]) {}
    if r.words.is_done() || r.words.skip(&["all", "everything", "everybody", "everyone"]) {
        return r.end().map(|()| ListOf::All);
    }
    if r.words.skip(&["mine", "my", "me"]) {
        r.words.skip(&["incidents"]);
        return r.end().map(|()| ListOf::Mine);
    }
    if let Some(no) = number(r)? {
        return Err(r.rather("One incident is shown, several are listed.", &format!("show {}", no.0)));
    }
    let team = names::team(r)?;
    r.end().map(|()| ListOf::Team(team))
}

fn snooze(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let mut which = which(r)?;
    if r.words.skip(&["off", "end", "stop", "cancel"]) {
        return r.end().map(|()| Command::EndSnooze(which));
    }
    let time = r.words.at();
    // "for later", "not urgent": a reason, and the time is missing.
    let two = (r.words.lower(0), r.words.lower(1));
    if matches!(two, (Some("for"), Some("later")) | (Some("not"), Some("urgent"))) {
        return Err(r.instead("Until when? Write the time before the reason.", time, time, "2h"));
    }
    let moment = when::moment(r)?;
    let at = r.words.at();
    if which == Which::Mine && r.words.lower(0).is_some_and(|w| w.starts_with('#')) {
        which = number(r)?.map_or(which, Which::No);
    }
    let begins = ["because", "since", "as", "reason", "bc"];
    if !r.words.is(&begins) {
        let mut ahead = r.words.clone();
        if spoken(&mut ahead).is_some() {
            return Err(r.instead("Until when? These are two times.", at, ahead.at(), ""));
        }
        if r.words.left() == 1 && r.words.lower(0).and_then(incident_no).is_some() {
            let (no, time) = (r.words.next().unwrap_or_default(), r.words.typed(time, at));
            if which != Which::Mine {
                return Err(r.instead(format!("Is `{no}` minutes?"), at, at + 1, &format!("{no}m")));
            }
            let line = format!("snooze {no} {time}");
            return Err(r.rather("The incident's number comes first, then the time.", &line));
        }
    }
    r.words.skip(&begins);
    Ok(Command::Snooze { which, until: moment.at, meant: moment.meant, reason: r.text(REASON_MAX) })
}

/// `N WHOM`, and `WHOM to N`.
fn involve(r: &mut Reading<'_>) -> Result<(Which, Whom), Mistake> {
    let mut which = which(r)?;
    r.words.skip(&["to", "with"]);
    let whom = people::whom(r)?;
    if which == Which::Mine {
        let at = r.words.at();
        r.words.skip(&["to", "on", "for"]);
        match number(r)? {
            Some(no) => which = Which::No(no),
            None => r.words.set(at),
        }
    }
    r.end().map(|()| (which, whom))
}

fn urgency(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let mut which = which(r)?;
    r.words.skip(&["to", "is", "="]);
    let at = r.words.at();
    let urgency = if r.words.skip(&["high", "hi", "urgent"]) {
        Urgency::High
    } else if r.words.skip(&["low", "lo"]) {
        Urgency::Low
    } else {
        return Err(r.instead("High or low?", at, at + r.words.left(), "high"));
    };
    if which == Which::Mine {
        r.words.skip(&["for", "on"]);
        which = number(r)?.map_or(which, Which::No);
    }
    r.end().map(|()| Command::Urgency(which, urgency))
}

fn resolve(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let which = number(r)?.map_or(Which::Mine, Which::No);
    let mut ahead = r.words.clone();
    while ahead.lower(0).is_some_and(|w| w == "and" || w == "all" || incident_no(w).is_some()) {
        ahead.advance(1);
    }
    if !r.words.is_done() && ahead.is_done() {
        return Err(r.without_rest("I resolve one incident at a time."));
    }
    if which == Which::Mine {
        let first = r.words.lower(0).unwrap_or_default();
        // `l2` for `12` must not resolve another incident with that note.
        let slip = r.words.left() == 1 && first.contains(|c: char| c.is_ascii_digit());
        if slip || first.starts_with('#') {
            return Err(Mistake::new(format!("{} is no incident's number.", quoted(first))));
        }
        if r.words.left() == 1 {
            r.words.skip(&["it", "this", "mine"]);
        }
    }
    Ok(Command::Resolve(which, r.text(TEXT_MAX)))
}

fn note(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let which = number(r)?.map_or(Which::Mine, Which::No);
    let at = r.words.at();
    match r.text(TEXT_MAX) {
        Some(text) => Ok(Command::Note(which, text)),
        None => Err(r.instead("What is the note?", at, at, "what you found")),
    }
}

fn merge(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let from = which(r)?;
    let at = r.words.at();
    let joined = r.words.skip(&["into", "to", "in", "->"]);
    let also = !joined && r.words.skip(&["and", "with", "&"]);
    match number(r)? {
        None => Err(Mistake::new("Into which incident? Write its number after `into`: `merge N into M`.")),
        Some(_) if !joined => Err(r.instead("Which of them goes into which?", at, at + usize::from(also), "into")),
        Some(into) if from == Which::No(into) => Err(Mistake::new(format!("{into} cannot be merged into itself."))),
        Some(into) => r.end().map(|()| Command::Merge { from, into }),
    }
}
