//! Teams, services and schedules by name, and the corrected line when a name fits several or none.

use super::mention::{Mention, mention};
use super::mistake::{CANDIDATES_MAX, Mistake, any_of, quoted};
use super::reading::Reading;
use crate::domain::directory::{Service, Team};
use crate::domain::id::{ChannelId, ScheduleId, ServiceId, TeamId};
use crate::domain::lookup::{Lookup, NAME_WORDS, Named};
use crate::domain::schedule::Schedule;

/// Words of a misspelt name that are compared.
const SLIP_WORDS: usize = 3;
/// A longer word is no misspelt name.
const SLIP_MAX_CHARS: usize = 40;

/// Something that can be meant.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// For people: "Ana Silva (`@ana`)".
    pub called: String,
    /// In a corrected line: "@ana".
    pub written: String,
}

impl Candidate {
    pub fn new(name: &str, written: impl Into<String>) -> Self {
        let written = written.into();
        let called = if name.eq_ignore_ascii_case(&written) {
            quoted(&written)
        } else {
            format!("{} ({})", quoted(name).trim_matches('`'), quoted(&written))
        };
        Self { called, written }
    }
}

pub(super) fn of_team(team: &Team) -> Candidate {
    Candidate::new(&team.name, team.id.as_str())
}

pub(super) fn of_service(service: &Service) -> Candidate {
    Candidate::new(&service.name, service.id.as_str())
}

pub(super) fn of_schedule(schedule: &Schedule) -> Candidate {
    Candidate::new(&schedule.name, schedule.id.as_str())
}

/// The service that stands next. Goes past it.
pub(super) fn service(r: &mut Reading<'_>) -> Result<ServiceId, Mistake> {
    let d = r.directory();
    let named = match channel(r) {
        Some(Some(id)) => Named { taken: 1, how: crate::domain::lookup::How::Whole, what: d.service_of_channel(&id) },
        Some(None) => return Err(no_such_channel(r, "service")),
        None => d.service_at(&r.words.ahead(NAME_WORDS)),
    };
    let all = || d.services.values().map(of_service).collect();
    let service = found(r, named, of_service)?.ok_or_else(|| unknown(r, "service", all()))?;
    Ok(service.id.clone())
}

/// The team that stands next. Goes past it.
pub(super) fn team(r: &mut Reading<'_>) -> Result<TeamId, Mistake> {
    r.words.skip(&["team"]);
    let d = r.directory();
    let all = || d.teams.values().map(of_team).collect();
    let named = team_named(r)?;
    let team = found(r, named, of_team)?.ok_or_else(|| unknown(r, "team", all()))?;
    Ok(team.id.clone())
}

/// The team that may stand next, by its name or its channel.
pub(super) fn team_named<'a>(r: &Reading<'a>) -> Result<Named<'a, Team>, Mistake> {
    let d = r.directory();
    match channel(r) {
        Some(Some(id)) => {
            let what = match (d.team_of_channel(&id), d.service_of_channel(&id)) {
                (Lookup::Unknown, Lookup::Found(service)) => {
                    d.teams.get(&service.team).map_or(Lookup::Unknown, Lookup::Found)
                }
                (what, _) => what,
            };
            if what == Lookup::Unknown {
                return Err(no_such_channel(r, "team"));
            }
            Ok(Named { taken: 1, how: crate::domain::lookup::How::Whole, what })
        }
        Some(None) => Err(no_such_channel(r, "team")),
        None => Ok(d.team_at(&r.words.ahead(NAME_WORDS))),
    }
}

/// A schedule, or a team, which then means the schedule of its level 1. Goes past it.
pub(super) fn schedule(r: &mut Reading<'_>) -> Result<ScheduleId, Mistake> {
    let d = r.directory();
    let only_schedules = r.words.skip(&["schedule"]);
    let only_teams = !only_schedules && r.words.skip(&["team"]);
    let at = r.words.at();
    let schedules = d.schedule_at(&r.words.ahead(NAME_WORDS));
    let teams = team_named(r)?;
    let surer = schedules.how < teams.how || (schedules.how == teams.how && schedules.taken >= teams.taken);
    if schedules.taken > 0 && !only_teams && (only_schedules || teams.taken == 0 || surer) {
        let schedule = found(r, schedules, of_schedule)?.ok_or_else(|| Mistake::new("Which schedule?"))?;
        return Ok(schedule.id.clone());
    }
    let Some(team) = found(r, teams, of_team)? else {
        let all = d.teams.values().map(of_team).chain(d.schedules.values().map(of_schedule));
        return Err(unknown(r, "team or a schedule", all.collect()));
    };
    let to = r.words.at();
    match d.primary_schedule(&team.id) {
        Lookup::Found(schedule) => Ok(schedule.id.clone()),
        Lookup::Ambiguous(several) => {
            Err(ambiguous(r, at, to, &several.into_iter().map(of_schedule).collect::<Vec<_>>()))
        }
        Lookup::Unknown => {
            Err(Mistake::new(format!("{} has no schedule. An admin can add one.", of_team(team).called)))
        }
    }
}

/// The channel that stands next: `<#C123|payments>`, or `#payments` as it is typed. Inside, `None`: not one of ours.
fn channel(r: &Reading<'_>) -> Option<Option<ChannelId>> {
    let word = r.words.next()?;
    let d = r.directory();
    let by_name = |name: &str| d.channels.get(&name.to_lowercase()).cloned();
    match mention(word) {
        Some(Mention::Channel { id, label }) => {
            let id = ChannelId::from(id);
            let ours = d.channels.values().any(|c| *c == id) || d.teams.values().any(|t| t.channel == id);
            Some(if ours { Some(id) } else { by_name(label) })
        }
        Some(_) => None,
        None => by_name(word.strip_prefix('#')?).map(Some),
    }
}

fn no_such_channel(r: &Reading<'_>, noun: &str) -> Mistake {
    let name = match r.words.next().map(|w| (w, mention(w))) {
        Some((_, Some(Mention::Channel { id, label }))) => {
            quoted(&format!("#{}", if label.is_empty() { id } else { label }))
        }
        Some((word, _)) => quoted(word),
        None => "that".to_owned(),
    };
    Mistake::new(format!("No {noun} has the channel {name}. Write the {noun}'s name instead."))
}

/// Goes past the name if it means one thing.
///
/// # Errors
/// It could mean several: the first stands in the corrected line.
pub(super) fn found<'a, T>(
    r: &mut Reading<'_>,
    named: Named<'a, T>,
    candidate: impl Fn(&T) -> Candidate,
) -> Result<Option<&'a T>, Mistake> {
    let at = r.words.at();
    match named.what {
        Lookup::Found(it) => {
            r.words.advance(named.taken);
            Ok(Some(it))
        }
        Lookup::Ambiguous(several) => {
            let several: Vec<Candidate> = several.into_iter().map(candidate).collect();
            Err(ambiguous(r, at, at + named.taken, &several))
        }
        Lookup::Unknown => Ok(None),
    }
}

pub(super) fn ambiguous(r: &Reading<'_>, from: usize, to: usize, several: &[Candidate]) -> Mistake {
    let typed = r.quoted(from, to);
    let called: Vec<String> = several.iter().map(|c| c.called.clone()).collect();
    let first = several.first().map_or("", |c| c.written.as_str());
    r.instead(format!("{typed} could be {}.", any_of(&called)), from, to, first)
}

/// What stands next is none of these. With what was meant, if a slip of the finger explains it.
pub(super) fn unknown(r: &Reading<'_>, noun: &str, all: Vec<Candidate>) -> Mistake {
    let at = r.words.at();
    let Some(typed) = r.words.next() else { return lacking(r, noun, &all) };
    let typed = readable_name(typed);
    match slip(r, &all) {
        Some((taken, meant)) => {
            let why = format!("I don't know a {noun} {typed}. Did you mean {}?", meant.called);
            r.instead(why, at, at + taken, &meant.written)
        }
        None => Mistake::new(format!("I don't know a {noun} {typed}.{}", there_are(&all))),
    }
}

/// A name should stand here and nothing does.
fn lacking(r: &Reading<'_>, noun: &str, all: &[Candidate]) -> Mistake {
    let at = r.words.at();
    match all {
        [only] => r.instead(format!("Which {}?", noun.replace(" a ", " ")), at, at, &only.written),
        _ => Mistake::new(format!("Which {}?{}", noun.replace(" a ", " "), there_are(all))),
    }
}

fn there_are(all: &[Candidate]) -> String {
    let told: Vec<&str> = all.iter().take(CANDIDATES_MAX).map(|c| c.called.as_str()).collect();
    match (told.len(), all.len() - told.len()) {
        (0, _) => String::new(),
        (_, 0) => format!(" There are {}.", told.join(", ")),
        (_, more) => format!(" There are {} and {more} more.", told.join(", ")),
    }
}

fn slip<'c>(r: &Reading<'_>, all: &'c [Candidate]) -> Option<(usize, &'c Candidate)> {
    let ahead = r.words.ahead(SLIP_WORDS);
    (1..=ahead.len()).rev().find_map(|n| {
        let written = ahead[..n].join(" ");
        let written = written.trim_start_matches(['@', '#']);
        let meant = nearest(written, all)?;
        Some((n, meant))
    })
}

/// Short names differ by too little to be slips of each other.
fn nearest<'c>(written: &str, all: &'c [Candidate]) -> Option<&'c Candidate> {
    let chars = written.chars().count();
    if !(3..=SLIP_MAX_CHARS).contains(&chars) {
        return None;
    }
    // The distance is at least the difference in length, and most names are spared the computation.
    let near = |name: &&str| name.chars().count().abs_diff(chars) <= chars / 3;
    let keys = || all.iter().flat_map(|c| [c.written.trim_start_matches('@'), name_in(&c.called)]).filter(near);
    let meant = super::nearest(written, keys())?;
    all.iter().find(|c| c.written.trim_start_matches('@') == meant || name_in(&c.called) == meant)
}

/// "Ana Silva" in "Ana Silva (`@ana`)".
fn name_in(called: &str) -> &str {
    called.split_once(" (`").map_or(called, |(name, _)| name).trim_matches('`')
}

/// A mention by its label.
pub(super) fn readable_name(word: &str) -> String {
    match mention(word) {
        Some(Mention::User { id, label }) => quoted(&format!("@{}", if label.is_empty() { id } else { label })),
        Some(Mention::Group { label }) => quoted(&format!("@{label}")),
        Some(Mention::Everyone(name)) => quoted(&format!("@{name}")),
        Some(Mention::Mail(mail)) => quoted(mail),
        Some(Mention::Channel { .. } | Mention::Link(_)) | None => quoted(word),
    }
}
