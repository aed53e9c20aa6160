//! How a call goes on: steps, delays, repeats, and what happens when nobody answers.
//!
//! A step's delay counts from when the step is decided, so an outage or a clock jump never runs several levels at
//! once. A step that can ask nobody is passed over at once, with the reason kept.

use super::call::{Asked, Call, CallKind, CallState, QueuedPage, SkipReason, Skipped};
use super::condition::Case;
use super::decision::Decision;
use super::directory::{Method, Policy, Step, Target, Urgency, User};
use super::fact::{Fact, StepStarted};
use super::id::{CallNo, IncidentNo, PageId, PolicyId, UserId};
use super::incident::{AckTimeout, Incident, State};
use super::page::{Page, PageState, Purpose, Recipient, RevokeReason};
use super::post::About;
use super::schedule::resolve;
use super::stamp::At;
use super::world::Wake;
use super::{dnd, episode, going_on, hold, listing, oncall, post, quieting, settle, sla, threshold, urgency};

/// At most this many deadlines are served by one wake, oldest first; the rest by the next.
pub const DUE_AT_ONCE: usize = 64;

/// Everything whose time has come.
pub(super) fn due(d: &mut Decision<'_>) {
    for wake in d.world().due(d.stamp.at, DUE_AT_ONCE) {
        match wake {
            Wake::Incident(no) => incident_due(d, no),
            Wake::Shift(schedule) => oncall::shift_due(d, &schedule),
            Wake::Override(id) => oncall::override_due(d, id),
            Wake::Post(id) => post::due(d, id),
            Wake::Announcement(no) => going_on::due(d, no),
            Wake::Quiet(id) => quieting::due(d, id),
            Wake::Sweep => quieting::sweep_on(d),
        }
    }
}

fn incident_due(d: &mut Decision<'_>, no: IncidentNo) {
    episode::due(d, no);
    let Some(incident) = d.incident(no) else {
        return;
    };
    let at = d.stamp.at;
    let is_over = incident.course.clearing.is_some();
    match &incident.state {
        State::Snoozed { due, by, .. } if *due <= at => {
            let held = hold::held_then(d, &incident, d.stamp.wall);
            d.emit(Fact::SnoozeEnded { incident: no, held });
            page_again(d, &incident, Some(by));
        }
        State::Acknowledged { by, timeout: AckTimeout::AskAt(ask), .. } if *ask <= at && !is_over => {
            ask_still_on_it(d, no, by.as_ref())
        }
        State::Acknowledged { by, timeout: AckTimeout::TriggerAt(t), .. } if *t <= at && !is_over => {
            let held = hold::held_then(d, &incident, d.stamp.wall);
            d.emit(Fact::AckTimedOut { incident: no, held });
            page_again(d, &incident, by.as_ref());
        }
        State::Resolved { close_at, .. } if *close_at <= at => settle::close(d, &incident),
        State::Triggered { .. } if incident.hold.as_ref().is_some_and(|h| h.due.is_some_and(|due| due <= at)) => {
            hold::end(d, &incident);
        }
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {}
    }
    if incident.raise.is_some_and(|raise| raise.due <= at) {
        urgency::due(d, no);
    }
    sla::due(d, no);
    threshold::due(d, no);
    if d.incident(no).is_some_and(|i| i.listing.is_some_and(|l| l.due <= at)) {
        listing::due(d, no);
    }
    for call in incident.open_calls() {
        call_due(d, no, call.no);
    }
}

fn call_due(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo) {
    let at = d.stamp.at;
    let find = |d: &Decision<'_>| d.incident(no).and_then(|i| i.call(call_no).cloned()).filter(Call::is_open);
    let Some(call) = find(d) else { return };
    for queued in call.queue.iter().filter(|q| q.due <= at) {
        request_page(d, no, call_no, Recipient::User(queued.user.clone()), queued.method, Purpose::Step, true);
    }
    match call.state {
        CallState::Asking { next_at } if next_at <= at => next_step(d, no, call_no),
        CallState::Exhausted { times, next_at: Some(next_at) } if next_at <= at => {
            exhausted(d, no, call_no, times, Vec::new())
        }
        CallState::Starting
        | CallState::Asking { .. }
        | CallState::Exhausted { .. }
        | CallState::Answered { .. }
        | CallState::Stopped => {}
    }
}

/// Starts asking by the service's policy, from level 1. `also` are asked with the first level. Whoever a person asked for
/// is still asked.
pub(super) fn start_main_call(d: &mut Decision<'_>, no: IncidentNo, also: Vec<UserId>) {
    let Some(incident) = d.incident(no) else {
        return;
    };
    if hold::holds(d, &incident) {
        return;
    }
    let policy = policy_of(d, &incident);
    let policy = policy.unwrap_or_else(|| Policy { id: incident.policy.clone(), steps: Vec::new(), repeat: 0 });
    start_call(d, no, CallKind::Main, policy, also, (0, 0));
}

/// Triggered again soon after it was resolved by itself: asking goes on at the level where it stopped. After a snooze that
/// ended meanwhile it begins anew, with whoever had snoozed it.
pub(super) fn page_on(d: &mut Decision<'_>, no: IncidentNo, snoozed_by: Option<UserId>) {
    let Some(incident) = d.incident(no).filter(|i| i.urgency == Urgency::High) else { return };
    match (incident.main_call(), snoozed_by) {
        (Some(_), None) if hold::holds(d, &incident) => {}
        (Some(call), None) => {
            let (policy, also) = ((*call.policy).clone(), call.also.clone());
            start_call(d, no, CallKind::Main, policy, also, (call.step, call.round));
        }
        (_, also) => start_main_call(d, no, also.into_iter().collect()),
    }
}

/// Asks more people, from a step on, while the responder keeps the incident.
pub(super) fn start_added_call(d: &mut Decision<'_>, no: IncidentNo, by: UserId, policy: Policy, from: u32) {
    start_call(d, no, CallKind::Added { by }, policy, Vec::new(), (from, 0));
}

/// Whoever has it may not hear that it is urgent, or back: the levels are asked from the first, unless they are already.
fn ask_others_too(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) {
    let Some(incident) = d.incident(no) else { return };
    if incident.open_calls().any(|c| c.kind.is_of_the_policy()) || quieting::quiet_of(d, &incident).is_some() {
        return;
    }
    if let Some(policy) = policy_of(d, &incident) {
        let kind = CallKind::StandIn { of: responder.clone() };
        start_call(d, no, kind, Policy { repeat: 0, ..policy }, Vec::new(), (0, 0));
    }
}

/// An incident keeps the policy it started with, whatever the configuration says meanwhile.
pub(super) fn policy_of(d: &Decision<'_>, incident: &Incident) -> Option<Policy> {
    let kept = || incident.policy_kept.as_deref().cloned();
    let policy = incident.main_call().map(|c| (*c.policy).clone()).or_else(kept);
    policy.or_else(|| d.directory.policies.get(&incident.policy).cloned())
}

/// Asks somebody by name, from their first level on.
pub(super) fn start_responder_call(d: &mut Decision<'_>, no: IncidentNo, kind: CallKind, policy: Policy) {
    start_call(d, no, kind, policy, Vec::new(), (0, 0));
}

fn start_call(
    d: &mut Decision<'_>,
    no: IncidentNo,
    kind: CallKind,
    policy: Policy,
    also: Vec<UserId>,
    (step, round): (u32, u32),
) {
    let Some(call) = d.incident(no).map(|i| next_call(&i)) else {
        return;
    };
    let keeps_asking = matches!(kind, CallKind::Main);
    d.emit(Fact::CallStarted { incident: no, call, kind, policy, also, keeps_asking });
    run_steps(d, no, call, step, round);
}

/// The number the next call of this incident gets.
pub(super) fn next_call(incident: &Incident) -> CallNo {
    CallNo(incident.calls.iter().map(|c| c.no.0 + 1).max().unwrap_or(0))
}

/// The step after the present one: the next level, the first level again, or nobody is left.
pub(super) fn next_step(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo) {
    let Some(call) = d.incident(no).and_then(|i| i.call(call_no).cloned()) else {
        return;
    };
    run_steps(d, no, call_no, call.step + 1, call.round);
}

/// Starts the first step from (`step`, `round`) on that can ask somebody.
fn run_steps(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo, step: u32, round: u32) {
    let Some(incident) = d.incident(no) else { return };
    let Some(call) = incident.call(call_no).cloned() else { return };
    // Later levels come up minutes later: then things may stand otherwise.
    let spared = call.kind.spares().filter(|by| call.state == CallState::Starting && has_it(&incident, by));
    let mut skipped = Vec::new();
    let case = case_of(d, &incident);
    let chosen = choose(d, &call.policy, case, &call.also, spared, (step, round), &mut skipped);
    tell_that_nobody_is_on_call(d, &incident, &skipped);
    match chosen {
        None => exhausted(d, no, call_no, 0, skipped),
        Some(Chosen { step, round, asked, delay_secs, turns }) => {
            for (step, target) in turns {
                d.emit(Fact::TurnTaken { policy: call.policy.id.clone(), step, target });
            }
            let next_at = d.stamp.at.plus_secs(delay_secs);
            // Hours are looked at when the next one begins.
            let later = Case { wall: case.wall.plus_secs(delay_secs), ..case };
            let next_up = who_next(d, &call.policy, later, step, round);
            start_step(d, no, call_no, Started { step, round, asked, skipped, next_at, next_up });
        }
    }
}

/// The team hears once that a schedule has nobody; the message says so when somebody carries it again.
fn tell_that_nobody_is_on_call(d: &mut Decision<'_>, incident: &Incident, skipped: &[Skipped]) {
    for skip in skipped.iter().filter(|s| s.why == SkipReason::NobodyOnCall) {
        let Target::Schedule(id) = &skip.target else { continue };
        let Some(schedule) = d.directory.schedules.get(id) else { continue };
        let team = schedule.team.as_ref().and_then(|team| d.directory.teams.get(team));
        let channel = team.map_or_else(|| incident.channel.clone(), |team| team.channel.clone());
        let until = resolve(schedule, d.world().overrides.values(), d.stamp.wall).until;
        let ahead_secs = (until.0.saturating_sub(d.stamp.wall.0) / 1_000).clamp(0, GAP_TOLD_SECS);
        let about = About::NobodyOnCall { schedule: id.clone() };
        post::want(d, Recipient::Channel(channel), about, ahead_secs + FILLED_TOLD_SECS);
    }
}

/// That nobody is on call is kept true for this long at most,
const GAP_TOLD_SECS: i64 = 14 * 24 * 60 * 60;
/// and that somebody is again, this long.
const FILLED_TOLD_SECS: i64 = 10 * 60;

/// A step that asks somebody.
struct Chosen {
    step: u32,
    round: u32,
    asked: Vec<Asked>,
    delay_secs: i64,
    /// The steps whose targets take turns, and whose turn it is.
    turns: Vec<(u32, Target)>,
}

/// The first step from (`step`, `round`) on that asks somebody besides `spared`. Where nobody of a step may hear it (Do
/// Not Disturb), its people are asked all the same, and those of the next step with them; it is then the last of them
/// that asks somebody. Where nobody hears it at all, the shortest of their delays is waited for.
///
/// `also` are asked with the first step. They were silent before: that they would hear it keeps nobody else asleep.
fn choose(
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
    // Each (step, round) is tried once, so this ends.
    while round <= policy.repeat {
        let Some(present) = policy.steps.get(step as usize) else {
            step = 0;
            round += 1;
            continue;
        };
        if step == 0 && round == 0 {
            for user in also {
                ask_user(d, user, None, &mut asked, &Target::User(user.clone()), skipped);
            }
        }
        let mut named = Vec::new();
        let refused = present.when.refuses(case);
        if let Some(why) = refused {
            skipped.extend(present.targets.iter().map(|target| Skipped { target: target.clone(), why }));
        }
        let last = d.world().turns.get(&(policy.id.clone(), step)).filter(|_| present.round_robin);
        for target in in_turn(&present.targets, last).filter(|_| refused.is_none()) {
            ask_target(d, target, &mut named, skipped);
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
        heard |= named.iter().any(|a| a.silent_until.is_none());
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

/// Does `by` have this incident, and ask for help? Then they need no page to come. Somebody else's escalation may be
/// just because whoever has it is silent.
pub(super) fn has_it(incident: &Incident, by: &UserId) -> bool {
    matches!(&incident.state, State::Acknowledged { by: Some(who), .. } if who == by)
}

/// What conditions of this incident's levels are held against.
pub(super) fn case_of<'a>(d: &Decision<'a>, i: &'a Incident) -> Case<'a> {
    Case { tier: Some(i.tier), labels: Some(&i.labels), hours: &d.directory.hours, wall: d.stamp.wall }
}

/// Everybody these steps would ask, as things stand.
pub(super) fn who_would_be_asked(d: &Decision<'_>, steps: &[Step], case: Case<'_>) -> Vec<UserId> {
    let mut asked = Vec::new();
    for target in steps.iter().filter(|s| s.when.refuses(case).is_none()).flat_map(|s| &s.targets) {
        ask_target(d, target, &mut asked, &mut Vec::new());
    }
    asked.into_iter().map(|a| a.user).collect()
}

struct Started {
    step: u32,
    round: u32,
    asked: Vec<Asked>,
    skipped: Vec<Skipped>,
    next_at: At,
    next_up: Vec<UserId>,
}

fn start_step(d: &mut Decision<'_>, no: IncidentNo, call: CallNo, s: Started) {
    let mut now = Vec::new();
    let mut queue = Vec::new();
    for asked in &s.asked {
        let Some(user) = d.directory.users.get(&asked.user) else {
            continue;
        };
        for rule in user.rules.iter().filter(|r| can_reach(user, r.method)) {
            if rule.delay_secs <= 0 {
                now.push((user.id.clone(), rule.method));
            } else {
                let due = d.stamp.at.plus_secs(rule.delay_secs);
                queue.push(QueuedPage { user: user.id.clone(), method: rule.method, due });
            }
        }
    }
    d.emit(Fact::StepStarted(Box::new(StepStarted {
        incident: no,
        call,
        step: s.step,
        round: s.round,
        asked: s.asked,
        skipped: s.skipped,
        queue,
        next_at: s.next_at,
        next_up: s.next_up,
    })));
    for (user, method) in now {
        request_page(d, no, call, Recipient::User(user), method, Purpose::Step, false);
    }
}

fn ask_target(d: &Decision<'_>, target: &Target, asked: &mut Vec<Asked>, skipped: &mut Vec<Skipped>) {
    match target {
        Target::User(user) => ask_user(d, user, None, asked, target, skipped),
        Target::Schedule(id) => {
            let Some(schedule) = d.directory.schedules.get(id) else {
                skipped.push(Skipped { target: target.clone(), why: SkipReason::Gone });
                return;
            };
            match resolve(schedule, d.world().overrides.values(), d.stamp.wall).who {
                Some(user) => ask_user(d, &user, Some(id), asked, target, skipped),
                None => skipped.push(Skipped { target: target.clone(), why: SkipReason::NobodyOnCall }),
            }
        }
        // A channel is nobody: it can be told, not asked. `check` refuses it as a step's target.
        Target::Channel(_) => skipped.push(Skipped { target: target.clone(), why: SkipReason::NoMethod }),
    }
}

fn ask_user(
    d: &Decision<'_>,
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
        Some(user) if !is_reachable(user) => SkipReason::NoMethod,
        Some(user) => {
            let silent_until = dnd::out_of_hearing(d, user);
            asked.push(Asked { user: id.clone(), via: via.cloned(), silent_until });
            return;
        }
    };
    skipped.push(Skipped { target: target.clone(), why });
}

fn can_reach(user: &User, method: Method) -> bool {
    match method {
        // Known by e-mail only, somebody's Slack id is looked up while everything runs; the page waits for it.
        Method::Slack => user.slack.is_some() || user.email.is_some(),
    }
}

/// Who would be asked after this step, as things stand.
fn who_next(d: &Decision<'_>, policy: &Policy, case: Case<'_>, step: u32, round: u32) -> Vec<UserId> {
    let next = choose(d, policy, case, &[], None, (step + 1, round), &mut Vec::new());
    next.map(|c| c.asked.into_iter().map(|a| a.user).collect()).unwrap_or_default()
}

/// Nobody answered at any step. A main call goes to the catch-all, again and again, less and less often; an added call
/// ends, because somebody has the incident.
fn exhausted(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo, times: u32, skipped: Vec<Skipped>) {
    let Some(call) = d.incident(no).and_then(|i| i.call(call_no).cloned()) else {
        return;
    };
    let is_main = matches!(call.kind, CallKind::Main);
    let backoff = &d.directory.settings.exhausted_backoff_secs;
    let wait = backoff.get(times as usize).or(backoff.last()).copied();
    let next_at = wait.filter(|_| is_main).map(|secs| d.stamp.at.plus_secs(secs));
    d.emit(Fact::CallExhausted { incident: no, call: call_no, times: times + 1, next_at, skipped });
    if !is_main {
        return;
    }
    for target in d.directory.catch_all.clone() {
        for (to, method) in catch_all_recipients(d, &target) {
            request_page(d, no, call_no, to, method, Purpose::CatchAll, false);
        }
    }
}

fn catch_all_recipients(d: &Decision<'_>, target: &Target) -> Vec<(Recipient, Method)> {
    if let Target::Channel(channel) = target {
        return vec![(Recipient::Channel(channel.clone()), Method::Slack)];
    }
    let mut asked = Vec::new();
    ask_target(d, target, &mut asked, &mut Vec::new());
    let methods = |a: &Asked| {
        let user = d.directory.users.get(&a.user);
        let rules =
            user.map(|u| u.rules.iter().filter(|r| can_reach(u, r.method)).map(|r| r.method).collect::<Vec<_>>());
        let mut methods = rules.unwrap_or_default();
        methods.dedup();
        methods
    };
    asked.iter().flat_map(|a| methods(a).into_iter().map(|m| (Recipient::User(a.user.clone()), m))).collect()
}

/// Triggered again: whoever is on call now is paged, and whoever had it.
pub(super) fn page_again(d: &mut Decision<'_>, incident: &Incident, also: Option<&UserId>) {
    if incident.urgency == Urgency::High {
        start_main_call(d, incident.no, also.cloned().into_iter().collect());
    }
}

fn ask_still_on_it(d: &mut Decision<'_>, no: IncidentNo, responder: Option<&UserId>) {
    let reachable = responder.filter(|u| d.directory.users.get(*u).is_some_and(is_reachable));
    let Some(who) = reachable.cloned() else {
        let held = d.incident(no).and_then(|i| hold::held_then(d, &i, d.stamp.wall));
        d.emit(Fact::AckTimedOut { incident: no, held });
        start_main_call(d, no, Vec::new());
        return;
    };
    let retrigger_at = d.stamp.at.plus_secs(d.directory.settings.ack_timeout_grace_secs);
    d.emit(Fact::StillOnItAsked { incident: no, to: who.clone(), retrigger_at });
    let call = d.incident(no).and_then(|i| i.main_call().map(|c| c.no)).unwrap_or_default();
    request_page(d, no, call, Recipient::User(who), Method::Slack, Purpose::StillOnIt, false);
}

/// Whoever has it hears that somebody else made it urgent. Where they may not hear that, the levels are asked as well.
pub(super) fn tell_it_is_urgent(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) {
    if d.directory.users.get(responder).is_some_and(is_reachable) {
        let call = d.incident(no).and_then(|i| i.main_call().map(|c| c.no)).unwrap_or_default();
        request_page(d, no, call, Recipient::User(responder.clone()), Method::Slack, Purpose::Raised, false);
    }
    if d.directory.users.get(responder).is_some_and(|u| dnd::out_of_hearing(d, u).is_some()) {
        ask_others_too(d, no, responder);
    }
}

/// Whoever had it has it again. Where they may not hear that, the levels are asked as well.
pub(super) fn tell_it_is_back(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) {
    let Some(incident) = d.incident(no).filter(|i| i.urgency == Urgency::High) else { return };
    let call = incident.main_call().map(|c| c.no).unwrap_or_default();
    request_page(d, no, call, Recipient::User(responder.clone()), Method::Slack, Purpose::Back, false);
    if d.directory.users.get(responder).is_some_and(|u| dnd::out_of_hearing(d, u).is_some()) {
        ask_others_too(d, no, responder);
    }
}

/// Whoever has it is asked whether they began: the time for that is nearly over.
pub(super) fn ask_to_begin(d: &mut Decision<'_>, no: IncidentNo, responder: UserId) {
    let call = d.incident(no).and_then(|i| i.main_call().map(|c| c.no)).unwrap_or_default();
    request_page(d, no, call, Recipient::User(responder), Method::Slack, Purpose::Begin, false);
}

/// Somebody who is here and can be reached.
pub(super) fn can_be_asked(d: &Decision<'_>, user: &UserId) -> bool {
    d.directory.users.get(user).is_some_and(is_reachable)
}

/// Calls back what is under way to one person.
pub(super) fn revoke_pages_to(d: &mut Decision<'_>, no: IncidentNo, user: Option<&UserId>, why: RevokeReason) {
    let (Some(incident), Some(user)) = (d.world().incident(no), user) else { return };
    let to = Recipient::User(user.clone());
    let pages = incident.wanted_pages().filter(|p| p.to == to).map(|p| p.id);
    for page in pages.collect::<Vec<_>>() {
        d.emit(Fact::PageRevoked { incident: no, page, why });
    }
}

/// Asks for one page. An older one to the same recipient that was never sent says less than this one: it is revoked.
fn request_page(
    d: &mut Decision<'_>,
    no: IncidentNo,
    call: CallNo,
    to: Recipient,
    method: Method,
    purpose: Purpose,
    queued: bool,
) {
    let Some(incident) = d.world().incident(no) else {
        return;
    };
    let older = incident.wanted_pages().filter(|p| p.to == to && p.method == method).map(|p| p.id);
    for page in older.collect::<Vec<_>>() {
        d.emit(Fact::PageRevoked { incident: no, page, why: RevokeReason::Superseded });
    }
    let page = PageId(d.world().meta.last_page.0 + 1);
    let silent_until = match &to {
        Recipient::User(user) => d.directory.users.get(user).and_then(|u| dnd::silent_until(d, u, method)),
        Recipient::Channel(_) => None,
    };
    d.emit(Fact::PageRequested { incident: no, page, call, to, method, purpose, queued, silent_until });
}

/// Calls back the pages under way: of the given calls, or of all.
pub(super) fn revoke_pages(d: &mut Decision<'_>, no: IncidentNo, calls: Option<&[CallNo]>, why: RevokeReason) {
    let Some(incident) = d.world().incident(no) else {
        return;
    };
    let of_calls = |call: CallNo| calls.is_none_or(|c| c.contains(&call));
    let pages: Vec<Page> = incident.wanted_pages().filter(|p| of_calls(p.call)).cloned().collect();
    for page in &pages {
        d.emit(Fact::PageRevoked { incident: no, page: page.id, why });
    }
    // One of them may have stood for a page of another call, which still waits for the same person.
    let Some(incident) = d.incident(no) else { return };
    for page in pages {
        let stood_for = |c: &&Call| {
            let theirs = incident.pages.iter().filter(|p| p.call == c.no && p.to == page.to);
            let last = theirs.max_by_key(|p| p.id);
            !of_calls(c.no) && last.is_some_and(|p| p.state == PageState::Revoked(RevokeReason::Superseded))
        };
        if let Some(call) = incident.open_calls().find(stood_for) {
            request_page(d, no, call.no, page.to, page.method, Purpose::Step, false);
        }
    }
}

/// After a change of the configuration: a call that waits for people who are all gone does not wait for its delay.
pub(super) fn pass_over_who_is_gone(d: &mut Decision<'_>) {
    let is_here = |user: &UserId| d.directory.users.get(user).is_some_and(is_reachable);
    let waits_in_vain = |c: &&Call| matches!(c.state, CallState::Asking { .. }) && !c.waited_for().any(is_here);
    let open = d.world().open_incidents();
    let gone: Vec<(IncidentNo, CallNo)> =
        open.flat_map(|i| i.open_calls().filter(waits_in_vain).map(|c| (i.no, c.no))).collect();
    for (no, call) in gone {
        next_step(d, no, call);
    }
}

/// Somebody whom at least one of their own methods reaches.
pub(super) fn is_reachable(user: &User) -> bool {
    user.rules.iter().any(|r| can_reach(user, r.method))
}

/// Nobody of the present step can be reached any more: do not wait for its delay.
pub(super) fn pass_over_if_unreachable(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo) {
    let Some(incident) = d.incident(no) else {
        return;
    };
    let Some(call) = incident.call(call_no) else {
        return;
    };
    if !matches!(call.state, CallState::Asking { .. }) || !call.queue.is_empty() {
        return;
    }
    let hope = |user: &UserId| {
        let mine = incident.pages.iter().filter(|p| p.call == call_no && p.to == Recipient::User(user.clone()));
        let mut last = mine.max_by_key(|p| p.id);
        // A page of another call took its place: what became of that one?
        if last.is_some_and(|p| p.state == PageState::Revoked(RevokeReason::Superseded)) {
            let to_them = incident.pages.iter().filter(|p| p.to == Recipient::User(user.clone()));
            last = to_them.max_by_key(|p| p.id);
        }
        last.is_some_and(|p| !matches!(p.state, PageState::Failed(_)))
    };
    if !call.waited_for().any(hope) {
        next_step(d, no, call_no);
    }
}
