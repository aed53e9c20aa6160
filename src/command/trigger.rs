//! `/pager trigger …`: the one command that pages whoever is on call without an alert, so the service is not guessed.

use super::mistake::{Mistake, quoted};
use super::reading::Reading;
use super::{Command, TEXT_MAX, names, people};
use crate::domain::directory::Service;
use crate::domain::lookup::{Lookup, NAME_WORDS};

/// `trigger SERVICE what…`
pub(super) fn trigger(r: &mut Reading<'_>) -> Result<Command, Mistake> {
    r.words.skip(&["on", "for", "at"]);
    r.words.skip(&["service"]);
    if r.words.is_done() {
        return Ok(Command::Trigger { service: None, what: String::new() });
    }
    if let Some(mistake) = no_service(r) {
        return Err(mistake);
    }
    let service = names::service(r)?;
    Ok(Command::Trigger { service: Some(service), what: r.text(TEXT_MAX).unwrap_or_default() })
}

/// A team or a person stands where a service should: an incident is opened at a service.
fn no_service(r: &Reading<'_>) -> Option<Mistake> {
    let d = r.directory();
    let ahead = r.words.ahead(NAME_WORDS);
    let at = r.words.at();
    let (services, teams) = (d.service_at(&ahead), d.team_at(&ahead));
    let fits = match (&services.what, &teams.what) {
        // The beginning of a service's name must not page another team, whose name was written in full.
        (Lookup::Found(service), Lookup::Found(team)) => services.how <= teams.how || service.team == team.id,
        (what, _) => *what != Lookup::Unknown,
    };
    if fits || ahead.first().is_some_and(|w| w.starts_with("<#")) {
        return None;
    }
    if let Lookup::Found(team) = teams.what {
        let services: Vec<&Service> = d.services.values().filter(|s| s.team == team.id).collect();
        let to = at + teams.taken;
        let typed = r.quoted(at, to);
        let mut after = r.words.clone();
        after.set(to);
        if d.service_at(&after.ahead(NAME_WORDS)).taken > 0 {
            return Some(r.instead(format!("{typed} is a team. Its service is enough."), at, to, ""));
        }
        return Some(match services[..] {
            [] => Mistake::new(format!("{typed} is a team without a service. An admin can add one.")),
            [only] => r.instead(format!("{typed} is a team. Name its service."), at, to, only.id.as_str()),
            _ => names::ambiguous(r, at, to, &services.into_iter().map(names::of_service).collect::<Vec<_>>()),
        });
    }
    let mut person = r.clone();
    let typed = quoted(ahead.first().copied().unwrap_or_default());
    let user = people::user(&mut person).ok()?;
    Some(r.rather(format!("{typed} is a person. Name a service, or add them to an incident."), &format!("add @{user}")))
}
