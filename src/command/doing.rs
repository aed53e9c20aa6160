//! `doing 'draining east' 1h [for SERVICE|TEAM]`: what somebody announces. Quotes may be left out; then the words before
//! the time are the announcement.

use super::mistake::Mistake;
use super::reading::Reading;
use super::spoken::{Spoken, spoken};
use super::which::incident_no;
use super::{Command, Doing, names, when};
use crate::domain::directory::Team;
use crate::domain::going_on::{ANNOUNCEMENT_CHARS, Scope};
use crate::domain::id::{AnnouncementNo, IncidentNo};
use crate::domain::lookup::{Lookup, NAME_WORDS, Named};

/// For how long something is announced when nobody says, in seconds.
pub const DOING_SECS: i64 = 60 * 60;

const OPENING: &[char] = &['\'', '"', '‘', '“', '„', '«', '`'];
const CLOSING: &[char] = &['\'', '"', '’', '”', '“', '»', '`'];
/// Before what an announcement is about.
const ABOUT: &[&str] = &["for", "on", "of", "about", "at"];

pub(super) fn doing(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if r.words.is_done() || r.words.left() == 1 && r.words.is(&["list", "all"]) {
        return Ok(Command::Doing(Doing::List));
    }
    if r.words.is(&["end", "stop", "done", "remove"]) {
        let number = r.words.lower(1).map(incident_no);
        if let Some(Some(IncidentNo(no))) = number {
            r.words.advance(2);
            return match r.words.is_done() {
                true => Ok(Command::Doing(Doing::End(AnnouncementNo(no)))),
                false => Err(r.without_rest("One at a time.")),
            };
        }
        // Longer, it is what somebody does: "end of the migration".
        if r.words.left() <= 2 {
            return Err(r.rather("Which one? The list has their numbers.", "doing"));
        }
    }
    let mut from = r.words.at();
    let all = from + r.words.left();
    // The first place from which on everything is a time, and what it is about.
    let found = |from: usize| (from..all).find_map(|to| Some((to, ending(r, to).ok()?)));
    let (to, rest) = match quoted_to(r, from, all) {
        Some(to) => (to, ending(r, to)?),
        None => match (found(from), time_first(r)) {
            (Some(found @ (_, (Some(_), _))), _) | (Some(found), None) => found,
            (_, Some((text, until))) => {
                from = text;
                let (to, (_, of)) = match quoted_to(r, from, all) {
                    Some(to) => (to, ending(r, to)?),
                    None => found(from).unwrap_or((all, (None, None))),
                };
                (to, (Some(until), of))
            }
            (None, None) => match (from + 1..all).find_map(|to| half_understood(r, to)) {
                Some(mistake) => return Err(mistake),
                None => (all, (None, None)),
            },
        },
    };
    let (until, of) = rest;
    let mut spoken = r.clone();
    let text = spoken.words.typed(from, to).trim_matches(|c: char| OPENING.contains(&c) || CLOSING.contains(&c));
    let text = super::mention::readable(text.trim().trim_end_matches(','), spoken.directory());
    spoken.words.set(all);
    let text: String = text.chars().take(ANNOUNCEMENT_CHARS).collect();
    if text.trim().is_empty() {
        let why = "What are you doing?";
        return Err(if to == from && to < all {
            r.instead(why, from, from, "'draining east'")
        } else {
            r.rather(why, "doing 'draining east' 1h")
        });
    }
    let until = until.unwrap_or_else(|| r.speaker.now.plus_secs(DOING_SECS));
    Ok(Command::Doing(Doing::Announce { text, until, of }))
}

/// A length of time before the announcement, "1h draining east": where the announcement begins, and until when it stands.
/// "30 min of load tests" is no such length.
fn time_first(r: &Reading<'_>) -> Option<(usize, crate::domain::stamp::At)> {
    let mut r = r.clone();
    r.words.skip(&["for"]);
    let from = r.words.at();
    let spoken @ Spoken::After(_) = spoken(&mut r.words)? else { return None };
    let until = when::ahead(&r, spoken, r.speaker.tz, r.speaker.now, from).ok()?.at;
    (!r.words.is_done() && !r.words.is(&["of"])).then(|| (r.words.at(), until))
}

/// Where the quoted announcement ends, if it is quoted.
fn quoted_to(r: &Reading<'_>, from: usize, all: usize) -> Option<usize> {
    r.words.typed(from, all).starts_with(OPENING).then_some(())?;
    (from + 1..=all).find(|to| {
        let typed = r.words.typed(from, *to);
        typed.chars().count() > 1 && typed.trim_end_matches([',', '.', ';']).ends_with(CLOSING)
    })
}

type Ending = (Option<crate::domain::stamp::At>, Option<Scope>);

/// From here on: a time, then what it is about; each may be missing where the announcement is quoted.
fn ending(r: &Reading<'_>, from: usize) -> Result<Ending, Mistake> {
    let mut r = r.clone();
    r.words.set(from);
    if r.words.is_done() {
        return Ok((None, None));
    }
    if let Ok(of) = about(&mut r.clone()) {
        return Ok((None, Some(of)));
    }
    let until = when::moment(&mut r)?.at;
    let of = if r.words.is_done() { None } else { Some(about(&mut r)?) };
    Ok((Some(until), of))
}

/// Why what stands from here on is no ending, though it reads as one: a time, and then what it is about. Whoever means
/// it as a part of the announcement puts that in quotes.
fn half_understood(r: &Reading<'_>, from: usize) -> Option<Mistake> {
    let mut r = r.clone();
    r.words.set(from);
    let spoken = spoken(&mut r.words)?;
    let is_time = matches!(spoken, Spoken::After(_)) || r.words.typed(from, r.words.at()).contains(':');
    if is_time && r.words.is(ABOUT) { about(&mut r).err() } else { None }
}

/// A service or a team, and nothing after it. What names both is the service, where it is not the team's whole name and
/// only how the service's begins.
fn about(r: &mut Reading<'_>) -> Result<Scope, Mistake> {
    if !r.words.skip(ABOUT) {
        return Err(r.without_rest("I don't know what that means here."));
    }
    let team = names::team_named(r).ok().filter(|named| matches!(named.what, Lookup::Found(_)));
    let service = r.directory().service_at(&r.words.ahead(NAME_WORDS));
    let is_surer = |team: &Named<'_, Team>| team.how < service.how && team.taken >= service.taken;
    let is_team =
        r.words.is(&["team"]) || team.is_some_and(|team| is_surer(&team) || names::service(&mut r.clone()).is_err());
    let neither = !is_team && service.what == Lookup::Unknown && names::service(&mut r.clone()).is_err();
    if neither && !r.words.next().is_some_and(|w| w.starts_with(['#', '<'])) {
        let d = r.directory();
        let all = d.services.values().map(names::of_service).chain(d.teams.values().map(names::of_team)).collect();
        return Err(names::unknown(r, "service or a team", all));
    }
    let of = if is_team { Scope::Team(names::team(r)?) } else { Scope::Service(names::service(r)?) };
    r.end().map(|()| of)
}
