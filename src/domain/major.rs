//! It is major: somebody says that everybody who could be asked is wanted now.
//!
//! Whoever is on any level and is not asked yet is, at once and by name: each answers for themselves, and is asked a few times
//! until they do. The levels go on as they would, so that nothing that was under way is put off. From then on only a person
//! ends it, nothing holds it back, it cannot wait, and its RCA comes with a meeting. What is wrong may turn out to be less:
//! then that is said, too; who was woken stays woken.

use super::call::{CallKind, Whom};
use super::decision::Decision;
use super::directory::{Directory, Target, Urgency};
use super::fact::Fact;
use super::id::{IncidentNo, UserId};
use super::incident::{Incident, State};
use super::refusal::Refusal;
use super::responders::{self, CALLS_MAX};
use super::response::{change_urgency, refuse_resolved};
use super::stamp::Stamp;
use super::world::World;
use super::{episode, escalation, level, paging};

/// Somebody declares it.
pub(super) fn declare(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if let Some(done) = &i.major {
        return Err(Refusal::MajorAlready { incident: i.no, by: done.by.clone(), at: done.at });
    }
    responders::refuse_snoozed(i)?;
    let ask_at = d.ask_at(Urgency::High);
    d.emit(Fact::MajorDeclared { incident: i.no, by: by.clone(), ask_at });
    ask_everybody(d, i.no, by);
    Ok(())
}

/// Whoever has it hears it, and everybody else who could be asked is; also where what is major became another one's.
pub(super) fn ask_everybody(d: &mut Decision<'_>, no: IncidentNo, by: &UserId) {
    let Some(i) = d.incident(no) else { return };
    let hears = |who: &UserId| who == by || paging::can_be_asked(d, who, Urgency::High);
    match &i.state {
        _ if i.urgency == Urgency::Low => change_urgency(d, no, Some(by), None, Urgency::High),
        State::Triggered { .. } if i.main_call().is_none_or(|c| !c.is_open()) => {
            escalation::start_main_call(d, no, Vec::new());
        }
        State::Acknowledged { by: has_it, .. } if !has_it.as_ref().is_some_and(hears) => {
            escalation::nobody_has_it(d, no);
        }
        State::Acknowledged { by: Some(has_it), .. } if has_it != by => escalation::tell_it_is_urgent(d, no, has_it),
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {}
    }
    let Some(after) = d.incident(no) else { return };
    let others = others(d, &after, by);
    by_name(d, &after, by, others);
}

/// Somebody took what their levels were asked for: everybody else of those is wanted all the same. `i`: as it was before.
pub(super) fn still_wanted(d: &mut Decision<'_>, i: &Incident, by: &UserId) {
    let (Some(done), Some(main)) = (&i.major, i.main_call().filter(|c| c.is_open())) else { return };
    let Some(after) = d.incident(i.no) else { return };
    let asked = after.being_asked();
    let mut wanted = main.reached.clone();
    wanted.retain(|who| who != by && !after.responders.contains(who) && !asked.contains(who));
    wanted.retain(|who| paging::can_be_asked(d, who, Urgency::High));
    by_name(d, &after, &done.by, wanted);
}

/// Each is asked until they answer, as far as there is room for more calls.
fn by_name(d: &mut Decision<'_>, i: &Incident, by: &UserId, all: Vec<UserId>) {
    let room = CALLS_MAX.saturating_sub(responders::asking(i).count());
    for who in all.into_iter().take(room) {
        let kind = CallKind::Responder { by: by.clone(), whom: Whom::User(who.clone()) };
        escalation::start_responder_call(d, i.no, kind, responders::by_name(Target::User(who)));
    }
}

/// Of what is major: who is asked, if there is nobody whom a level above could ask besides.
pub(super) fn all_are_asked(d: &Decision<'_>, i: &Incident, by: &UserId) -> Option<Vec<UserId>> {
    let mut others = others(d, i, by);
    others.retain(|who| !i.responders.contains(who));
    (i.major.is_some() && others.is_empty()).then(|| i.being_asked())
}

/// It is not, after all. What cleared meanwhile ends by itself again.
pub(super) fn take_back(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if i.major.is_none() {
        return Err(Refusal::IsNotMajor { incident: i.no });
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::MajorTakenBack { incident: i.no, by: by.clone(), ask_at });
    if !matches!(i.state, State::Snoozed { .. }) && !i.alerts.is_empty() && !i.has_firing_alert() {
        episode::cleared(d, i.no);
    }
    Ok(())
}

/// Whom that would wake now, as far as they are not asked already, and do not have it.
pub fn would_wake(world: &World, d: &Directory, stamp: Stamp, i: &Incident, by: &UserId) -> Vec<UserId> {
    // Nothing is decided on this copy.
    let mut world = world.clone();
    others(&Decision::new(&mut world, d, stamp), i, by)
}

/// Of all levels whose conditions hold now.
fn others(d: &Decision<'_>, i: &Incident, by: &UserId) -> Vec<UserId> {
    // However low it is now.
    let case = super::condition::Case { urgency: Urgency::High, ..level::case_of(d, i) };
    let policy = escalation::policy_of(d, i);
    let mut all = policy.map(|p| level::who_would_be_asked(d, &p.steps, case)).unwrap_or_default();
    let asked = i.being_asked();
    all.retain(|who| who != by && i.responder() != Some(who) && !asked.contains(who));
    all
}

#[cfg(test)]
mod tests;
