//! Asking somebody by name: to come as well, or to take over.

use super::call::{Call, CallKind, CallState, Whom};
use super::decision::Decision;
use super::directory::{Policy, Step, Target};
use super::fact::Fact;
use super::id::UserId;
use super::incident::{Incident, State};
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::response::refuse_resolved;
use super::{escalation, level, paging, reach};

/// Open calls of one incident.
pub const CALLS_MAX: usize = 20;
/// Whoever is asked by name is asked again after this long,
const ASK_AGAIN_SECS: i64 = 5 * 60;
/// this many times.
const ASK_AGAIN: u32 = 2;

/// A call for each of them. A team's goes up that team's levels until somebody answers.
pub(super) fn add(d: &mut Decision<'_>, i: &Incident, by: &UserId, whom: &[Whom]) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    refuse_snoozed(i)?;
    if whom.is_empty() {
        return Err(Refusal::NobodyNamed { incident: i.no });
    }
    if asking(i).count() + whom.len() > CALLS_MAX {
        return Err(Refusal::TooManyCalls { incident: i.no, most: CALLS_MAX });
    }
    let mut calls = Vec::new();
    for w in whom {
        calls.push((w.clone(), how_to_ask(d, i, by, w)?));
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::RespondersAsked { incident: i.no, by: by.clone(), whom: whom.to_vec(), ask_at });
    for (whom, policy) in calls {
        escalation::start_responder_call(d, i.no, CallKind::Responder { by: by.clone(), whom }, policy);
    }
    Ok(())
}

/// Asks somebody to take it. To oneself, it is taken at once.
pub(super) fn reassign(d: &mut Decision<'_>, i: &Incident, by: &UserId, to: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    refuse_snoozed(i)?;
    if i.responder() == Some(to) {
        return Err(Refusal::HasItAlready { incident: i.no, user: to.clone() });
    }
    let ask_at = d.ask_at(i.urgency);
    if by == to {
        // Help that somebody asked for goes on being asked.
        let is_over = |c: &&Call| !matches!(c.kind, CallKind::Responder { .. }) || c.reached.contains(by);
        let calls: Vec<_> = i.open_calls().filter(is_over).map(|c| c.no).collect();
        paging::revoke_pages(d, i.no, Some(&calls), RevokeReason::Answered);
        paging::revoke_pages_to(d, i.no, i.responder(), RevokeReason::Answered);
        d.emit(Fact::Reassigned { incident: i.no, to: to.clone(), from: i.responder().cloned(), calls, ask_at });
        return Ok(());
    }
    let policy = how_to_ask(d, i, by, &Whom::User(to.clone()))?;
    if asking(i).count() >= CALLS_MAX {
        return Err(Refusal::TooManyCalls { incident: i.no, most: CALLS_MAX });
    }
    d.emit(Fact::ReassignAsked { incident: i.no, by: by.clone(), to: to.clone(), ask_at });
    escalation::start_responder_call(d, i.no, CallKind::Reassign { by: by.clone(), to: to.clone() }, policy);
    Ok(())
}

/// The levels to go through; a refusal where nobody could be asked.
fn how_to_ask(d: &Decision<'_>, i: &Incident, by: &UserId, whom: &Whom) -> Result<Policy, Refusal> {
    let asked_already = asking(i).any(|c| match &c.kind {
        CallKind::Responder { whom: w, .. } => w == whom,
        CallKind::Reassign { to, .. } => matches!(whom, Whom::User(u) if u == to),
        CallKind::Main | CallKind::Added { .. } | CallKind::StandIn { .. } => false,
    });
    if asked_already {
        return Err(Refusal::AskedAlready { incident: i.no, whom: whom.clone() });
    }
    let policy = match whom {
        Whom::User(user) => {
            if user == by && i.responder() == Some(by) {
                return Err(Refusal::HasItAlready { incident: i.no, user: user.clone() });
            }
            let known = d.directory.users.get(user).ok_or_else(|| Refusal::NoSuchUser(user.clone()))?;
            if !reach::is_reachable(d.directory, known, i.urgency) {
                return Err(Refusal::CannotBeReached { user: user.clone() });
            }
            by_name(Target::User(user.clone()))
        }
        Whom::Schedule(id) => {
            if !d.directory.schedules.contains_key(id) {
                return Err(Refusal::NoSuchSchedule(id.clone()));
            }
            by_name(Target::Schedule(id.clone()))
        }
        Whom::Team(id) => {
            if !d.directory.teams.contains_key(id) {
                return Err(Refusal::NoSuchTeam(id.clone()));
            }
            match d.directory.policy_of_team(id) {
                Some(policy) => policy.clone(),
                None => return Err(Refusal::NobodyToAsk { incident: i.no, whom: whom.clone() }),
            }
        }
    };
    // Whoever asks does not answer themselves; a call that asks nobody else would only look like help.
    let mut would = level::who_would_be_asked(d, &policy.steps, level::case_of(d, i));
    would.retain(|u| !(escalation::has_it(i, by) && u == by));
    if would.is_empty() {
        return Err(Refusal::NobodyToAsk { incident: i.no, whom: whom.clone() });
    }
    Ok(policy)
}

/// How somebody is asked by name.
pub(super) fn by_name(target: Target) -> Policy {
    Policy { id: "by-name".into(), steps: vec![Step::all(vec![target], ASK_AGAIN_SECS)], repeat: ASK_AGAIN }
}

/// The calls in which somebody is still being asked: who did not answer may be asked anew.
pub(super) fn asking(i: &Incident) -> impl Iterator<Item = &Call> {
    i.open_calls().filter(|c| !matches!(c.state, CallState::Exhausted { .. }))
}

pub(super) fn refuse_snoozed(i: &Incident) -> Result<(), Refusal> {
    match &i.state {
        State::Snoozed { by, until, .. } => Err(Refusal::IsSnoozed { incident: i.no, by: by.clone(), until: *until }),
        State::Triggered { .. } | State::Acknowledged { .. } | State::Resolved { .. } => Ok(()),
    }
}
