//! The first look at an incident: whose it is, who feels it, and whether it can wait.
//!
//! Each answer is a fact with who gave it and when. It stands on the card, so that whoever comes next goes on where somebody
//! left. Whoever says that it is another team's hands it over for good: that team is paged by its own policy until somebody
//! answers, as if it had been theirs from the start.

use super::call::{Call, CallKind, Whom};
use super::decision::Decision;
use super::directory::Urgency;
use super::episode;
use super::fact::Fact;
use super::id::{TeamId, UserId};
use super::incident::{Incident, State};
use super::item;
use super::level;
use super::misconfigured::{self, Mark};
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::response::{change_urgency, refuse_major, refuse_resolved};
use super::stamp::At;
use super::text::Text;
use super::{escalation, major, paging};
use serde::{Deserialize, Serialize};

/// It began at most so long ago, where somebody says so.
pub const SINCE_MAX_SECS: i64 = 30 * 24 * 60 * 60;

/// What was found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Triage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<Said<Affected>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Said<At>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<Said<Trend>>,
}

/// An answer, who gave it, and when, on the wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said<T> {
    pub what: T,
    pub by: UserId,
    pub at: At,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Who feels it?
    Affected(Affected),
    /// Since when? On the wall clock.
    Since(At),
    /// Is it getting worse?
    Trend(Trend),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affected {
    AllCustomers,
    SomeCustomers,
    /// Colleagues, and no customers.
    Inside,
    Nobody,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    Worse,
    Same,
    Better,
}

impl Affected {
    pub const ALL: [Self; 4] = [Self::AllCustomers, Self::SomeCustomers, Self::Inside, Self::Nobody];

    pub fn is_customers(self) -> bool {
        matches!(self, Self::AllCustomers | Self::SomeCustomers)
    }
}

impl Trend {
    pub const ALL: [Self; 3] = [Self::Worse, Self::Same, Self::Better];
}

/// Work that can wait, as somebody says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    pub what: String,
    /// 2, 3 or 4: what is worse cannot wait.
    pub severity: u8,
    pub owner: UserId,
    pub due: At,
}

/// Somebody answers. A responder's first answer begins the work.
pub(super) fn answer(d: &mut Decision<'_>, i: &Incident, by: &UserId, answer: Answer) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if let Answer::Since(since) = answer {
        let wall = d.stamp.wall;
        if since > wall || since < wall.plus_secs(-SINCE_MAX_SECS) {
            return Err(Refusal::BeganThen { since });
        }
    }
    let ask_at = d.ask_at(i.urgency);
    // Whoever only looks has not begun to work.
    if i.started.is_none() && i.responders.contains(by) {
        d.emit(Fact::Started { incident: i.no, by: by.clone(), ask_at });
    }
    d.emit(Fact::TriageAnswered { incident: i.no, by: by.clone(), answer, ask_at });
    Ok(())
}

/// It is another team's: they are asked by their policy, and nobody is by the old one. A team that has nobody to ask is not
/// given anything.
pub(super) fn not_mine(d: &mut Decision<'_>, i: &Incident, by: &UserId, team: &TeamId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if let State::Snoozed { by, until, .. } = &i.state {
        return Err(Refusal::IsSnoozed { incident: i.no, by: by.clone(), until: *until });
    }
    if !d.directory.teams.contains_key(team) {
        return Err(Refusal::NoSuchTeam(team.clone()));
    }
    if i.team == *team {
        return Err(Refusal::IsOfThatTeam { incident: i.no, team: team.clone() });
    }
    let nobody = || Refusal::NobodyToAsk { incident: i.no, whom: Whom::Team(team.clone()) };
    let policy = d.directory.policy_of_team(team).cloned().ok_or_else(nobody)?;
    if level::who_would_be_asked(d, &policy.steps, level::case_of(d, i)).is_empty() {
        return Err(nobody());
    }
    // Nobody of the old team's levels is asked any more, nor whom somebody asked of them beside those.
    let new = level::who_would_be_asked(d, &policy.steps, level::case_of(d, i));
    let old = escalation::policy_of(d, i).map(|old| level::who_would_be_asked(d, &old.steps, level::case_of(d, i)));
    let old = old.unwrap_or_default();
    let is_of_old = |c: &Call| match &c.kind {
        CallKind::Responder { whom: Whom::User(who), .. } => {
            i.major.is_some() && old.contains(who) && !new.contains(who)
        }
        kind => kind.is_of_the_policy(),
    };
    let stopped: Vec<_> = i.open_calls().filter(|c| is_of_old(c)).map(|c| (c.no, c.kind.is_beside())).collect();
    let all: Vec<_> = stopped.iter().map(|(no, _)| *no).collect();
    paging::revoke_pages(d, i.no, Some(&all), RevokeReason::Superseded);
    paging::revoke_pages_to(d, i.no, i.responder(), RevokeReason::Superseded);
    let stops = stopped.into_iter().filter(|(_, is_beside)| *is_beside).map(|(no, _)| no).collect();
    d.emit(Fact::NotMine { incident: i.no, by: by.clone(), team: team.clone(), policy: policy.id.clone(), stops });
    match i.urgency {
        Urgency::High => escalation::ask_by(d, i.no, policy),
        // It is listed for them.
        Urgency::Low => d.emit(Fact::PolicyKept { incident: i.no, policy }),
    }
    if i.major.is_some() {
        major::ask_everybody(d, i.no, by);
    }
    Ok(())
}

/// It can wait: somebody does it by a day, and the incident is over. Its alert should not have paged.
pub(super) fn can_wait(d: &mut Decision<'_>, i: &Incident, by: &UserId, later: &Later) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    refuse_major(i)?;
    let felt = i.triage.as_ref().and_then(|triage| triage.affected.as_ref());
    if let Some(said) = felt.filter(|said| said.what.is_customers()) {
        return Err(Refusal::CustomersFeelIt { incident: i.no, by: said.by.clone(), at: said.at });
    }
    // Nobody ends a page to somebody else by the way.
    let asked = i.being_asked();
    if i.is_triggered() && !asked.is_empty() && !i.concerns(by) {
        return Err(Refusal::TakeItFirst { incident: i.no, asked });
    }
    let no = item::later(d, i, by, later)?;
    // Of what paged nobody, the alert is as it should be.
    if i.urgency == Urgency::High {
        change_urgency(d, i.no, Some(by), None, Urgency::Low);
        misconfigured::mark(d, i.no, by, Mark::NotUrgent, &Text::default());
    }
    d.emit(Fact::WaitsAsItem { incident: i.no, by: by.clone(), item: no });
    episode::resolve_by_person(d, i.no, by, Text::default());
    // Whatever its alerts say: there is an item for it.
    if let Some(after) = d.incident(i.no).filter(|after| after.course.pages_again_at().is_some()) {
        episode::decline_page_again(d, &after, by)?;
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
