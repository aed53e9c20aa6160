//! `silence …` and `maintenance …`

use super::mention::mention;
use super::mistake::{Mistake, quoted};
use super::names::{self, of_service, of_team};
use super::reading::Reading;
use super::span::span;
use super::spoken::spoken;
use super::which::{incident_no, number};
use super::{Command, REASON_MAX, Silenced};
use crate::domain::directory::Service;
use crate::domain::id::{IncidentNo, QuietId, ServiceId, TeamId};
use crate::domain::lookup::{How, Lookup, NAME_WORDS};
use crate::domain::quiet::{Covered, MAINTENANCE_MAX_SECS, MATCHERS_MAX, Matcher, SILENCE_MAX_SECS, Within};
use std::cmp::Reverse;

const LIST: &[&str] = &["list", "ls", "show", "all"];
const END: &[&str] = &["end", "stop", "remove", "rm", "delete", "cancel", "expire"];
const IN: &[&str] = &["in", "on", "of", "at", "within"];

/// A service, or a team.
enum Named {
    Service(ServiceId),
    Team(TeamId),
}

/// `silence N|MATCHERS in SERVICE 2h because …`, `silence list`, `silence end N`.
pub(super) fn silence(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    let verb = r.words.at().saturating_sub(1);
    if let Some(command) = list_or_end(r)? {
        return Ok(command);
    }
    if r.words.is_done() {
        return Ok(Command::Quiets);
    }
    if let Some(no) = number(r)? {
        return when_and_why(r, Silenced::Incident(no));
    }
    let mut matchers = Vec::new();
    matchers_ahead(r, &mut matchers)?;
    r.words.skip(IN);
    let at = r.words.at();
    if r.words.is_done() || spoken(&mut r.words.clone()).is_some() {
        return Err(Mistake::new(
            "Of which service or team? Write it after the labels: `silence alertname=DiskFull in payments-api 2h because …`.",
        ));
    }
    let named = match service_or_team(r) {
        Err(mistake) if matchers.is_empty() && mistake.instead.is_none() => {
            r.words.set(at);
            return Err(as_name_of_alerts(r).unwrap_or(mistake));
        }
        named => named?,
    };
    matchers_ahead(r, &mut matchers)?;
    if matchers.is_empty() {
        let why = "A silence names labels. To silence all of it is a maintenance window.";
        return Err(r.instead(why, verb, at, "maintenance"));
    }
    let within = match named {
        Named::Service(id) => Within::Service(id),
        Named::Team(id) => Within::Team(id),
    };
    when_and_why(r, Silenced::Covered(Covered::Labels { within, matchers }))
}

/// `silence DiskFull 2h`: a word that names neither incident, service nor team is an alert's name, perhaps. The line that
/// would silence it is of the speaker's own team, where nothing else was typed.
fn as_name_of_alerts(r: &Reading<'_>) -> Option<Mistake> {
    let (at, end, d) = (r.words.at(), r.words.at() + r.words.left(), r.directory());
    let word = r.words.typed(at, at + 1);
    Matcher::parse(&format!("alertname={word}")).filter(|_| mention(word).is_none())?;
    let mut after = r.clone();
    after.words.advance(1);
    let to = after.words.at();
    let typed = after.words.skip(IN).then(|| service_or_team(&mut after).ok()).flatten();
    let of = match typed {
        Some(Named::Service(id)) => id.to_string(),
        Some(Named::Team(id)) => format!("team {id}"),
        None => {
            after.words.set(to);
            let is_mine =
                |s: &&Service| d.teams.get(&s.team).is_some_and(|t| t.members.iter().any(|m| Some(m) == r.speaker.me));
            d.services.values().find(is_mine).or(d.services.values().next())?.id.to_string()
        }
    };
    let from = after.words.at();
    let rest = match span(&mut after.clone()) {
        Ok(_) if when_and_why(&mut after.clone(), Silenced::Incident(IncidentNo(0))).is_ok() => {
            after.words.typed(from, end).to_owned()
        }
        Ok(_) => format!("{} because known", after.words.typed(from, end)),
        Err(_) => "2h because known".to_owned(),
    };
    let why =
        format!("I don't know a service or a team {}. An alert of that name? Say of which service.", quoted(word));
    Some(r.instead(why, at, end, &format!("alertname={word} in {of} {rest}")))
}

/// `maintenance SERVICE|TEAM 2h because …`, `maintenance list`, `maintenance end N`.
pub(super) fn maintenance(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    if let Some(command) = list_or_end(r)? {
        return Ok(command);
    }
    if r.words.is_done() {
        return Ok(Command::PlanMaintenance);
    }
    r.words.skip(IN);
    let scope = match service_or_team(r)? {
        Named::Team(id) => Covered::Team(id),
        Named::Service(first) => {
            let mut all = vec![first];
            while let Some(another) = service_ahead(r) {
                if !all.contains(&another) {
                    all.push(another);
                }
            }
            Covered::Services(all)
        }
    };
    when_and_why(r, Silenced::Covered(scope))
}

fn list_or_end(r: &mut Reading<'_>) -> Result<Option<Command>, Mistake> {
    if r.words.left() == 1 && r.words.skip(LIST) {
        return Ok(Some(Command::Quiets));
    }
    if !r.words.skip(END) {
        return Ok(None);
    }
    while r.words.skip(&["number", "no", "nr", "silence", "maintenance"]) {}
    let at = r.words.at();
    match r.words.lower(0).map(incident_no) {
        None => Err(r.rather("Which one? The list has their numbers.", "silences")),
        Some(Some(IncidentNo(no))) => {
            r.words.advance(1);
            r.end().map(|()| Some(Command::EndQuiet(QuietId(no))))
        }
        Some(None) => {
            let word = r.quoted(at, at + 1);
            Err(r.rather(format!("{word} is no silence's number. The list has them."), "silences"))
        }
    }
}

fn matchers_ahead(r: &mut Reading<'_>, all: &mut Vec<Matcher>) -> Result<(), Mistake> {
    loop {
        // As it was typed: tidied, a word loses its star.
        let word = r.words.typed(r.words.at(), r.words.at() + 1).trim_end_matches([',', ';']).to_owned();
        let Some(matcher) = Matcher::parse(&word) else { break };
        r.words.advance(1);
        all.push(matcher);
        r.words.skip(&["and", "&"]);
    }
    if r.words.next().is_some_and(|w| w.contains('=')) {
        let word = r.quoted(r.words.at(), r.words.at() + 1);
        return Err(Mistake::new(format!(
            "I don't understand {word}. A label is written `name=value`, `name!=value` or `name=begins*`."
        )));
    }
    if all.len() > MATCHERS_MAX {
        return Err(Mistake::new(format!("A silence has {MATCHERS_MAX} labels at most.")));
    }
    Ok(())
}

/// The service or team that stands next; of two, the surer and longer one, and a service before a team.
fn service_or_team(r: &mut Reading<'_>) -> Result<Named, Mistake> {
    if r.words.is(&["team"]) {
        return names::team(r).map(Named::Team);
    }
    if r.words.skip(&["service"]) {
        return names::service(r).map(Named::Service);
    }
    let d = r.directory();
    let ahead = r.words.ahead(NAME_WORDS);
    let (services, teams) = (d.service_at(&ahead), names::team_named(r)?);
    let rank = |taken: usize, how: How| (taken > 0).then_some((how, Reverse(taken)));
    let (service, team) = (rank(services.taken, services.how), rank(teams.taken, teams.how));
    match (service, team) {
        (None, None) => {
            let all = d.services.values().map(of_service).chain(d.teams.values().map(of_team)).collect();
            Err(names::unknown(r, "service or a team", all))
        }
        (Some(service), Some(team)) if team < service => names::team(r).map(Named::Team),
        // What is silenced is never guessed.
        (Some(service), Some(team)) if team == service && services.how != How::Whole => {
            let word = r.quoted(r.words.at(), r.words.at() + 1);
            Err(Mistake::new(format!(
                "{word} fits a service and a team. Write `service` or `team` before it, or the whole name."
            )))
        }
        (Some(_), _) => names::service(r).map(Named::Service),
        (None, Some(_)) => names::team(r).map(Named::Team),
    }
}

/// One more service, by its whole name.
fn service_ahead(r: &mut Reading<'_>) -> Option<ServiceId> {
    let at = r.words.at();
    r.words.skip(&["and", "&", "+"]);
    let named = r.directory().service_at(&r.words.ahead(NAME_WORDS));
    match named.what {
        Lookup::Found(service) if named.how == How::Whole && named.taken > 0 => {
            r.words.advance(named.taken);
            Some(service.id.clone())
        }
        _ => {
            r.words.set(at);
            None
        }
    }
}

/// `also in alertmanager`
fn also_elsewhere(r: &mut Reading<'_>) -> bool {
    let at = r.words.at();
    r.words.skip(&["also", "and"]);
    r.words.skip(&["in"]);
    let is_there = r.words.skip(&["alertmanager"]);
    if !is_there {
        r.words.set(at);
    }
    is_there
}

fn when_and_why(r: &mut Reading<'_>, what: Silenced) -> Result<Command, Mistake> {
    let begins = r.words.at();
    let span = span(r)?;
    let (most, longest) = match &what {
        Silenced::Covered(Covered::Services(_) | Covered::Team(_)) => (MAINTENANCE_MAX_SECS, "30d"),
        Silenced::Covered(Covered::Alert(_) | Covered::Labels { .. }) | Silenced::Incident(_) => {
            (SILENCE_MAX_SECS, "7d")
        }
    };
    // One that begins later is judged where it is decided.
    if span.from == r.speaker.now && span.until > span.from.plus_secs(most) {
        let lasts =
            if most == SILENCE_MAX_SECS { "A silence lasts 7 days" } else { "A maintenance window lasts 30 days" };
        return Err(r.instead(format!("{lasts} at most."), begins, r.words.at(), longest));
    }
    let elsewhere = also_elsewhere(r);
    let said_because = r.words.skip(&["because", "since", "as", "reason", "bc", "for"]);
    let at = r.words.at();
    let ends = elsewhere_at_the_end(r);
    let elsewhere = elsewhere || ends.is_some();
    match r.text_to(ends.unwrap_or(at + r.words.left()), REASON_MAX) {
        Some(because) => {
            Ok(Command::Quiet { what, from: span.from, until: span.until, meant: span.meant, because, elsewhere })
        }
        None => {
            let with = if said_because { "deploy" } else { "because deploy" };
            Err(r.instead("Why? It stands on the card of everything it holds back.", at, at, with))
        }
    }
}

/// Where `also in alertmanager` begins, if the line ends with it. Without "also" or "too" it is a part of the reason.
fn elsewhere_at_the_end(r: &Reading<'_>) -> Option<usize> {
    const WORDS_MAX: usize = 5;
    let (at, left) = (r.words.at(), r.words.left());
    (left.saturating_sub(WORDS_MAX)..left).map(|n| at + n).find(|from| {
        let mut r = r.clone();
        r.words.set(*from);
        r.words.skip(&["and"]);
        let also = r.words.skip(&["also"]);
        let is_there = r.words.skip(&["in"]) && r.words.skip(&["alertmanager"]);
        let too = r.words.skip(&["too"]);
        is_there && (also || too) && r.words.is_done()
    })
}
