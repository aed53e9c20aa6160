//! It is major: somebody says that everybody who could be asked is wanted now.
//!
//! All levels are asked at once instead of one after the other. From then on only a person ends it, no window holds it back,
//! it cannot wait, and its RCA comes with a meeting. What is wrong may turn out to be less: then that is said, too; who was
//! woken stays woken.

use super::decision::Decision;
use super::directory::{Directory, Policy, Step, Target, Urgency};
use super::fact::Fact;
use super::id::UserId;
use super::incident::{Incident, State};
use super::refusal::Refusal;
use super::response::{change_urgency, refuse_resolved};
use super::stamp::Stamp;
use super::world::World;
use super::{escalation, level};

/// Somebody declares it.
pub(super) fn declare(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if let Some(done) = &i.major {
        return Err(Refusal::MajorAlready { incident: i.no, by: done.by.clone(), at: done.at });
    }
    if let State::Snoozed { by, until, .. } = &i.state {
        return Err(Refusal::IsSnoozed { incident: i.no, by: by.clone(), until: *until });
    }
    let ask_at = d.ask_at(Urgency::High);
    d.emit(Fact::MajorDeclared { incident: i.no, by: by.clone(), ask_at });
    if i.urgency == Urgency::Low {
        change_urgency(d, i.no, Some(by), None, Urgency::High);
    }
    let Some(after) = d.incident(i.no) else { return Ok(()) };
    let Some(policy) = escalation::policy_of(d, &after) else { return Ok(()) };
    if after.is_triggered() {
        let targets = all_targets(d, &after, &policy);
        if !targets.is_empty() {
            let steps = vec![Step::all(targets, delay_secs(&policy))];
            escalation::ask_by(d, i.no, Policy { steps, ..policy });
        }
        return Ok(());
    }
    let others = others(d, &after, by);
    if !others.is_empty() {
        let steps = vec![Step::all(others.into_iter().map(Target::User).collect(), delay_secs(&policy))];
        escalation::start_added_call(d, i.no, by.clone(), Policy { steps, repeat: 0, ..policy }, 0);
    }
    Ok(())
}

/// It is not, after all.
pub(super) fn take_back(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if i.major.is_none() {
        return Err(Refusal::IsNotMajor { incident: i.no });
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::MajorTakenBack { incident: i.no, by: by.clone(), ask_at });
    Ok(())
}

/// Whom that would wake now, as far as they are not on it already.
pub fn would_wake(world: &World, d: &Directory, stamp: Stamp, i: &Incident, by: &UserId) -> Vec<UserId> {
    // Nothing is decided on this copy.
    let mut world = world.clone();
    others(&Decision::new(&mut world, d, stamp), i, by)
}

fn others(d: &Decision<'_>, i: &Incident, by: &UserId) -> Vec<UserId> {
    let case = level::case_of(d, i);
    let policy = escalation::policy_of(d, i);
    let mut all = policy.map(|p| level::who_would_be_asked(d, &p.steps, case)).unwrap_or_default();
    // Whoever is asked at this moment need not be asked once more beside somebody who has it.
    let asked = if i.is_triggered() { Vec::new() } else { i.being_asked() };
    all.retain(|who| who != by && !i.responders.contains(who) && !asked.contains(who));
    all
}

/// Of all levels that its conditions allow now, each once.
fn all_targets(d: &Decision<'_>, i: &Incident, policy: &Policy) -> Vec<Target> {
    let case = level::case_of(d, i);
    let mut all: Vec<Target> = Vec::new();
    for target in policy.steps.iter().filter(|s| s.when.refuses(case).is_none()).flat_map(|s| &s.targets) {
        if !all.contains(target) {
            all.push(target.clone());
        }
    }
    all
}

/// As long as the first of its levels is waited for.
fn delay_secs(policy: &Policy) -> i64 {
    policy.steps.first().map_or(DELAY_SECS, |step| step.delay_secs)
}

/// Where a policy has no level.
const DELAY_SECS: i64 = 5 * 60;

#[cfg(test)]
mod tests;
