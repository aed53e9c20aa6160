//! What the facts of calls do to an incident: whom its levels ask, and why they ask nobody.

use super::timeline::log;
use crate::domain::call::{Call, CallKind, CallState, Skipped, Whom};
use crate::domain::directory::Policy;
use crate::domain::fact::{Instead, StepStarted};
use crate::domain::hold::{Hold, HoldWhy};
use crate::domain::id::{CallNo, UserId};
use crate::domain::incident::{Happening, Incident};
use crate::domain::stamp::At;
use crate::domain::text::Text;
use std::sync::Arc;

/// Answered or stopped calls of one incident that are remembered.
const CLOSED_CALLS_KEPT: u32 = 8;

pub(super) fn started(
    i: &mut Incident,
    call: CallNo,
    kind: &CallKind,
    policy: &Policy,
    also: &[UserId],
    keeps_asking: bool,
) {
    if matches!(kind, CallKind::Main) {
        stop_calls_but(i, |c| keeps_asking && c.waits_for_whom_somebody_asked());
    }
    // The newest main call has the policy that the incident keeps.
    let main = i.main_call().map(|c| c.no);
    i.calls.retain(|c| c.is_open() || c.no.0 + CLOSED_CALLS_KEPT > call.0 || Some(c.no) == main);
    if matches!(kind, CallKind::Main) {
        i.policy_kept = None;
    }
    i.calls.push(Call {
        no: call,
        kind: kind.clone(),
        policy: Arc::new(policy.clone()),
        also: also.to_vec(),
        step: 0,
        round: 0,
        asked: Vec::new(),
        reached: Vec::new(),
        queue: Vec::new(),
        next_up: Vec::new(),
        state: CallState::Starting,
    });
}

pub(super) fn step_started(i: &mut Incident, s: &StepStarted, wall: At) {
    with_call(i, s.call, |c| {
        c.step = s.step;
        c.round = s.round;
        c.asked.clone_from(&s.asked);
        for a in &s.asked {
            if !c.reached.contains(&a.user) {
                c.reached.push(a.user.clone());
            }
        }
        c.queue.clone_from(&s.queue);
        c.next_up.clone_from(&s.next_up);
        c.state = CallState::Asking { next_at: s.next_at };
    });
    let by_name = i.call(s.call).is_some_and(|c| !c.kind.is_of_the_policy());
    let (asked, skipped) = (s.asked.clone(), s.skipped.clone());
    log(i, wall, Happening::Asked { level: s.step + 1, round: s.round, asked, skipped, by_name });
}

/// Somebody is asked whose shift began while it waited.
pub(super) fn crossed_handoff(i: &mut Incident, instead: &Instead) {
    with_call(i, instead.call, |c| {
        c.asked.retain(|a| Some(&a.user) != instead.gone.as_ref());
        c.queue.retain(|q| Some(&q.user) != instead.gone.as_ref());
        c.asked.push(instead.asked.clone());
        if !c.reached.contains(&instead.asked.user) {
            c.reached.push(instead.asked.user.clone());
        }
        c.queue.extend(instead.queue.iter().cloned());
    });
}

pub(super) fn exhausted(
    i: &mut Incident,
    call: CallNo,
    times: u32,
    next_at: Option<At>,
    skipped: &[Skipped],
    wall: At,
) {
    with_call(i, call, |c| {
        c.queue.clear();
        c.asked.clear();
        c.next_up.clear();
        c.state = CallState::Exhausted { times, next_at };
    });
    let skipped = skipped.to_vec();
    let what = match i.call(call).map(|c| &c.kind) {
        Some(CallKind::Added { .. } | CallKind::StandIn { .. }) => Happening::NobodyCame { skipped, asked: None },
        Some(CallKind::Responder { whom, .. }) => Happening::NobodyCame { skipped, asked: Some(whom.clone()) },
        Some(CallKind::Reassign { to, .. }) => Happening::NobodyCame { skipped, asked: Some(Whom::User(to.clone())) },
        Some(CallKind::Main) | None => Happening::Exhausted { times, skipped },
    };
    log(i, wall, what);
}

pub(super) fn held(i: &mut Incident, why: &HoldWhy, until: Option<At>, due: Option<At>, because: &Text, wall: At) {
    match why {
        HoldWhy::Settling => stop_calls(i),
        // What a person asked for by hand goes on.
        HoldWhy::Quiet { .. } | HoldWhy::Threshold(_) => stop_calls_but(i, |c| c.kind.by().is_some()),
    }
    let (why, because) = (why.clone(), because.body().clone());
    log(i, wall, Happening::Held { why: why.clone(), until, because: because.clone() });
    i.hold = Some(Hold { why, since: wall, until, due, because });
}

pub(super) fn answer_calls(i: &mut Incident, calls: &[CallNo], by: &UserId) {
    for no in calls {
        with_call(i, *no, |c| {
            c.queue.clear();
            c.state = CallState::Answered { by: by.clone() };
        });
    }
}

pub(super) fn stop_calls(i: &mut Incident) {
    stop_calls_but(i, |_| false);
}

fn stop_calls_but(i: &mut Incident, spared: impl Fn(&Call) -> bool) {
    for c in i.calls.iter_mut().filter(|c| c.is_open() && !spared(c)) {
        c.queue.clear();
        c.state = CallState::Stopped;
    }
}

pub(super) fn with_call(i: &mut Incident, no: CallNo, how: impl FnOnce(&mut Call)) {
    if let Some(c) = i.calls.iter_mut().find(|c| c.no == no) {
        how(c);
    }
}
