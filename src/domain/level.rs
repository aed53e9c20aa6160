//! Whom a level asks: its conditions, whose turn it is, who is on call, and who may hear it.

use super::call::{Asked, SkipReason, Skipped};
use super::condition::Case;
use super::decision::Decision;
use super::directory::{Policy, Step, Target, Urgency};
use super::fact::Fact;
use super::id::{PolicyId, UserId};
use super::incident::Incident;
use super::reach::{self, Silence, is_reachable};
use super::schedule::resolve;

/// A step that asks somebody.
pub(super) struct Chosen {
    pub(super) step: u32,
    pub(super) round: u32,
    pub(super) asked: Vec<Asked>,
    pub(super) delay_secs: i64,
    /// The steps whose targets take turns, and whose turn it is.
    pub(super) turns: Vec<(u32, Target)>,
}

/// The first step from (`step`, `round`) on that asks somebody besides `spared`. Where nobody of a step may hear it (Do
/// Not Disturb), its people are asked all the same, and those of the next step with them; it is then the last of them
/// that asks somebody. Where nobody hears it at all, the shortest of their delays is waited for.
///
/// `also` are asked with the first step. They were silent before: that they would hear it keeps nobody else asleep.
pub(super) fn choose(
    d: &Decision<'_>,
    policy: &Policy,
    case: Case<'_>,
    also: &[UserId],
    spared: Option<&UserId>,
    (mut step, mut round): (u32, u32),
    skipped: &mut Vec<Skipped>,
) -> Option<Chosen> {
    let mut asked: Vec<Asked> = Vec::new();
    let mut heard = false;
    let mut turns = Vec::new();
    let mut joined: Option<(u32, i64)> = None;
    let in_vain = nobody_hears_for_slack(d, policy, case);
    // Each (step, round) is tried once, so this ends.
    while round <= policy.repeat {
        let Some(present) = policy.steps.get(step as usize) else {
            step = 0;
            round += 1;
            continue;
        };
        if step == 0 && round == 0 {
            for user in also {
                ask_user(d, case.urgency, user, None, &mut asked, &Target::User(user.clone()), skipped);
            }
        }
        let mut named = Vec::new();
        let refused = present.when.refuses(case);
        if let Some(why) = refused {
            skipped.extend(present.targets.iter().map(|target| Skipped { target: target.clone(), why }));
        }
        let last = d.world().turns.get(&(policy.id.clone(), step)).filter(|_| present.round_robin);
        for target in in_turn(&present.targets, last).filter(|_| refused.is_none()) {
            ask_target(d, case.urgency, target, &mut named, skipped);
            named.retain(|a| {
                let spare = spared == Some(&a.user);
                if spare {
                    skipped.push(Skipped { target: Target::User(a.user.clone()), why: SkipReason::HasIt });
                }
                !spare
            });
            if present.round_robin && !named.is_empty() {
                turns.push((step, target.clone()));
                break;
            }
        }
        heard |= named.iter().any(|a| a.hears() || in_vain && a.slack_away);
        if !named.is_empty() {
            let shortest = joined.map_or(present.delay_secs, |(_, delay)| delay.min(present.delay_secs));
            joined = Some((step, if heard { present.delay_secs } else { shortest }));
        }
        for one in named {
            if !asked.iter().any(|a| a.user == one.user) {
                asked.push(one);
            }
        }
        let is_last = step as usize + 1 >= policy.steps.len();
        if !asked.is_empty() && (heard || is_last) {
            let (step, delay_secs) = joined.unwrap_or((step, present.delay_secs));
            return Some(Chosen { step, round, asked, delay_secs, turns });
        }
        step += 1;
    }
    None
}

/// Slack is away, and nobody of this policy has anything else: then levels are asked one after the other as ever, so that
/// not everybody is woken when it is back.
fn nobody_hears_for_slack(d: &Decision<'_>, policy: &Policy, case: Case<'_>) -> bool {
    if d.world().meta.slack_away.is_none() {
        return false;
    }
    let mut asked = Vec::new();
    for target in policy.steps.iter().filter(|s| s.when.refuses(case).is_none()).flat_map(|s| &s.targets) {
        ask_target(d, case.urgency, target, &mut asked, &mut Vec::new());
    }
    !asked.iter().any(Asked::hears)
}

/// All of them, those after `last` first.
fn in_turn<'t>(targets: &'t [Target], last: Option<&Target>) -> impl Iterator<Item = &'t Target> {
    let after = last.and_then(|last| targets.iter().position(|t| t == last)).map_or(0, |at| at + 1);
    targets[after..].iter().chain(&targets[..after])
}

/// After a change of the configuration: whose turn it was at a step that has none any more is forgotten.
pub(super) fn forget_turns(d: &mut Decision<'_>) {
    let has_turns = |policy: &PolicyId, step: u32| {
        let policy = d.directory.policies.get(policy);
        policy.and_then(|p| p.steps.get(step as usize)).is_some_and(|s| s.round_robin)
    };
    let gone: Vec<_> = d.world().turns.keys().filter(|(policy, step)| !has_turns(policy, *step)).cloned().collect();
    for (policy, step) in gone {
        d.emit(Fact::TurnForgotten { policy, step });
    }
}

/// Whom a call by this policy would ask first, as things stand.
pub(super) fn who_first(d: &Decision<'_>, policy: &Policy, case: Case<'_>) -> Vec<Asked> {
    choose(d, policy, case, &[], None, (0, 0), &mut Vec::new()).map(|c| c.asked).unwrap_or_default()
}

/// What conditions of this incident's levels are held against.
pub(super) fn case_of<'a>(d: &Decision<'a>, i: &'a Incident) -> Case<'a> {
    Case {
        tier: Some(i.tier),
        labels: Some(&i.labels),
        hours: &d.directory.hours,
        wall: d.stamp.wall,
        urgency: i.urgency,
    }
}

/// Everybody these steps would ask, as things stand.
pub(super) fn who_would_be_asked(d: &Decision<'_>, steps: &[Step], case: Case<'_>) -> Vec<UserId> {
    let mut asked = Vec::new();
    for target in steps.iter().filter(|s| s.when.refuses(case).is_none()).flat_map(|s| &s.targets) {
        ask_target(d, case.urgency, target, &mut asked, &mut Vec::new());
    }
    asked.into_iter().map(|a| a.user).collect()
}

pub(super) fn ask_target(
    d: &Decision<'_>,
    urgency: Urgency,
    target: &Target,
    asked: &mut Vec<Asked>,
    skipped: &mut Vec<Skipped>,
) {
    match target {
        Target::User(user) => ask_user(d, urgency, user, None, asked, target, skipped),
        Target::Schedule(id) => {
            let Some(schedule) = d.directory.schedules.get(id) else {
                skipped.push(Skipped { target: target.clone(), why: SkipReason::Gone });
                return;
            };
            match resolve(schedule, d.world().overrides.values(), d.stamp.wall).who {
                Some(user) => ask_user(d, urgency, &user, Some(id), asked, target, skipped),
                None => skipped.push(Skipped { target: target.clone(), why: SkipReason::NobodyOnCall }),
            }
        }
        // A channel is nobody: it can be told, not asked. `check` refuses it as a step's target.
        Target::Channel(_) => skipped.push(Skipped { target: target.clone(), why: SkipReason::NoMethod }),
    }
}

/// Adds them to those who are asked; or says why not.
pub(super) fn ask_user(
    d: &Decision<'_>,
    urgency: Urgency,
    id: &UserId,
    via: Option<&super::id::ScheduleId>,
    asked: &mut Vec<Asked>,
    target: &Target,
    skipped: &mut Vec<Skipped>,
) {
    if asked.iter().any(|a| a.user == *id) {
        return;
    }
    let why = match d.directory.users.get(id) {
        None => SkipReason::Gone,
        Some(user) if !is_reachable(d.directory, user, urgency) => SkipReason::NoMethod,
        Some(user) => {
            let (silent_until, slack_away) = match reach::out_of_hearing(d, user, urgency) {
                Some(Silence::Until(until)) => (Some(until), false),
                Some(Silence::SlackAway) => (None, true),
                None => (None, false),
            };
            asked.push(Asked { user: id.clone(), via: via.cloned(), silent_until, slack_away });
            return;
        }
    };
    skipped.push(Skipped { target: target.clone(), why });
}

/// Who would be asked after this step, as things stand. Nobody where people take turns: another incident may take the next
/// turn before.
pub(super) fn who_next(d: &Decision<'_>, policy: &Policy, case: Case<'_>, step: u32, round: u32) -> Vec<UserId> {
    let next = choose(d, policy, case, &[], None, (step + 1, round), &mut Vec::new());
    next.filter(|c| c.turns.is_empty()).map(|c| c.asked.into_iter().map(|a| a.user).collect()).unwrap_or_default()
}
