//! People by name, and whoever may be added to an incident: a person, a team, a schedule.

use super::Whom;
use super::mention::{Mention, mention};
use super::mistake::Mistake;
use super::names::{Candidate, ambiguous, found, of_schedule, of_team, readable_name, team, team_named, unknown};
use super::reading::Reading;
use crate::domain::directory::User;
use crate::domain::id::{SlackUserId, UserId};
use crate::domain::lookup::{How, Lookup, NAME_WORDS, Named};

pub(super) fn of_user(user: &User) -> Candidate {
    Candidate::new(&user.name, format!("@{}", user.id))
}

/// The person that stands next. Goes past them.
pub(super) fn user(r: &mut Reading<'_>) -> Result<UserId, Mistake> {
    if r.words.skip(&["me", "myself", "@me"]) {
        return me(r);
    }
    let named = user_named(r)?;
    let d = r.directory();
    let user =
        found(r, named, of_user)?.ok_or_else(|| unknown(r, "person", d.users.values().map(of_user).collect()))?;
    Ok(user.id.clone())
}

/// What somebody hears who speaks of themselves and whom the directory does not know.
pub const UNKNOWN_SPEAKER: &str = "I don't know you yet. An admin can add you to the configuration.";

/// The speaker.
pub(super) fn me(r: &Reading<'_>) -> Result<UserId, Mistake> {
    let known = r.speaker.me.filter(|me| r.directory().users.contains_key(*me));
    known.cloned().ok_or_else(|| Mistake::new(UNKNOWN_SPEAKER))
}

/// Somebody whom an example can name: not the speaker, if there is anybody else.
pub(super) fn example(r: &Reading<'_>) -> Option<String> {
    let users = &r.directory().users;
    let other = users.keys().find(|id| Some(*id) != r.speaker.me);
    other.or_else(|| users.keys().next()).map(|id| format!("@{id}"))
}

fn user_named<'a>(r: &Reading<'a>) -> Result<Named<'a, User>, Mistake> {
    let d = r.directory();
    let Some(word) = r.words.next() else {
        let at = r.words.at();
        let who = example(r).ok_or_else(|| Mistake::new("Who?"))?;
        return Err(r.instead("Who?", at, at, &who));
    };
    match mention(word) {
        Some(Mention::User { id, .. }) => match d.user_by_slack(&SlackUserId::from(id)) {
            Some(user) => Ok(Named { taken: 1, how: How::Whole, what: Lookup::Found(user) }),
            // Whoever is not configured cannot be paged, whatever they are called.
            None => {
                let who = readable_name(word);
                Err(Mistake::new(format!("I don't know {who} yet. An admin can add them to the configuration.")))
            }
        },
        Some(Mention::Mail(mail)) => Ok(Named { taken: 1, ..d.user_at(&[mail]) }),
        Some(Mention::Group { .. }) => Err(group(r)),
        Some(Mention::Everyone(_)) => {
            Err(Mistake::new(format!("{} is nobody I can page. Name a person or a team.", readable_name(word))))
        }
        Some(Mention::Channel { .. } | Mention::Link(_)) | None => Ok(d.user_at(&r.words.ahead(NAME_WORDS))),
    }
}

/// A Slack user group: often called as the team is.
fn group(r: &Reading<'_>) -> Mistake {
    let at = r.words.at();
    let word = r.words.next().unwrap_or_default();
    let why = format!("I don't know Slack's user groups, so not {}. Write the team's name.", readable_name(word));
    let label = match mention(word) {
        Some(Mention::Group { label }) => label,
        Some(_) | None => "",
    };
    match r.directory().team_at(&[label]).what {
        Lookup::Found(team) => r.instead(why, at, at + 1, team.id.as_str()),
        Lookup::Ambiguous(_) | Lookup::Unknown => Mistake::new(why),
    }
}

/// Whoever stands next. A team goes before its schedule of the same name, because a team's call escalates.
pub(super) fn whom(r: &mut Reading<'_>) -> Result<Whom, Mistake> {
    let d = r.directory();
    if r.words.is(&["team"]) && r.words.left() > 1 {
        return team(r).map(Whom::Team);
    }
    if r.words.is(&["schedule"]) && r.words.left() > 1 {
        r.words.advance(1);
        let named = d.schedule_at(&r.words.ahead(NAME_WORDS));
        let all = || d.schedules.values().map(of_schedule).collect();
        let schedule = found(r, named, of_schedule)?.ok_or_else(|| unknown(r, "schedule", all()))?;
        return Ok(Whom::Schedule(schedule.id.clone()));
    }
    let next = r.words.next().unwrap_or_default().to_owned();
    let is_channel = matches!(mention(&next), Some(Mention::Channel { .. }));
    if r.words.is(&["me", "myself", "@me"]) || next.starts_with('@') || next.is_empty() {
        return user(r).map(Whom::User);
    }
    if mention(&next).is_some() && !is_channel {
        return user(r).map(Whom::User);
    }
    let teams = team_named(r)?;
    let schedules = d.schedule_at(&r.words.ahead(NAME_WORDS));
    let users = d.user_at(&r.words.ahead(NAME_WORDS));
    let rank = |taken: usize, how: How| (taken > 0).then_some((how, std::cmp::Reverse(taken)));
    let ranks = [rank(teams.taken, teams.how), rank(users.taken, users.how), rank(schedules.taken, schedules.how)];
    let Some(best) = ranks.iter().flatten().min().copied() else {
        let all = d.teams.values().map(of_team).chain(d.users.values().map(of_user));
        return Err(unknown(r, "person or a team", all.collect()));
    };
    let [is_team, is_user, is_schedule] = ranks.map(|rank| rank == Some(best));
    if is_user && (is_team || is_schedule) {
        let at = r.words.at();
        let mut several = Vec::new();
        if let Lookup::Found(user) = users.what {
            several.push(of_user(user));
        }
        if let Lookup::Found(team) = teams.what {
            several.push(Candidate::new(&team.name, format!("team {}", team.id)));
        }
        if let Lookup::Found(schedule) = schedules.what {
            several.push(Candidate::new(&schedule.name, format!("schedule {}", schedule.id)));
        }
        return Err(ambiguous(r, at, at + best.1.0, &several));
    }
    let nobody = || Mistake::new("Who?");
    if is_team {
        return Ok(Whom::Team(found(r, teams, of_team)?.ok_or_else(nobody)?.id.clone()));
    }
    if is_user {
        return Ok(Whom::User(found(r, users, of_user)?.ok_or_else(nobody)?.id.clone()));
    }
    Ok(Whom::Schedule(found(r, schedules, of_schedule)?.ok_or_else(nobody)?.id.clone()))
}
