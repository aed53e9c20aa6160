//! `doing 'draining east' 1h [for SERVICE|TEAM]`: what somebody announces. Quotes may be left out; then the words before
//! the time are the announcement.

use super::mistake::Mistake;
use super::reading::Reading;
use super::which::incident_no;
use super::{Command, Doing, names, when};
use crate::domain::going_on::{ANNOUNCEMENT_CHARS, Scope};
use crate::domain::id::{AnnouncementNo, IncidentNo};
use crate::domain::lookup::Lookup;

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
    if r.words.is(&["end", "stop", "done", "remove"]) && r.words.left() <= 2 {
        r.words.advance(1);
        let number = r.words.lower(0).map(incident_no);
        return match number {
            Some(Some(IncidentNo(no))) => {
                r.words.advance(1);
                r.end().map(|()| Command::Doing(Doing::End(AnnouncementNo(no))))
            }
            Some(None) | None => Err(r.rather("Which one? The list has their numbers.", "doing")),
        };
    }
    let from = r.words.at();
    let all = from + r.words.left();
    let (to, rest) = match quoted_to(r, from, all) {
        Some(to) => (to, ending(r, to)?),
        // The first place from which on everything is a time, and what it is about.
        None => (from + 1..all).find_map(|to| Some((to, ending(r, to).ok()?))).unwrap_or((all, (None, None))),
    };
    let (until, of) = rest;
    let mut spoken = r.clone();
    let text = spoken.words.typed(from, to).trim_matches(|c: char| OPENING.contains(&c) || CLOSING.contains(&c));
    let text = super::mention::readable(text.trim().trim_end_matches(','), spoken.directory());
    spoken.words.set(all);
    let text: String = text.chars().take(ANNOUNCEMENT_CHARS).collect();
    if text.trim().is_empty() {
        return Err(r.rather("What are you doing?", "doing 'draining east' 1h"));
    }
    let until = until.unwrap_or_else(|| r.speaker.now.plus_secs(DOING_SECS));
    Ok(Command::Doing(Doing::Announce { text, until, of }))
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

/// A service or a team, and nothing after it. What names both is the service.
fn about(r: &mut Reading<'_>) -> Result<Scope, Mistake> {
    if !r.words.skip(ABOUT) {
        return Err(r.without_rest("I don't know what that means here."));
    }
    let of_team = matches!(names::team_named(r), Ok(named) if matches!(named.what, Lookup::Found(_)));
    let is_team = r.words.is(&["team"]) || of_team && names::service(&mut r.clone()).is_err();
    let of = if is_team { Scope::Team(names::team(r)?) } else { Scope::Service(names::service(r)?) };
    r.end().map(|()| of)
}
