//! How a call goes on: steps, delays, repeats, and what happens when nobody answers.
//!
//! A step's delay counts from when the step is decided, so an outage or a clock jump never runs several levels at
//! once. A step that can ask nobody is passed over at once, with the reason kept.

use super::call::{Asked, Call, CallKind, CallState, QueuedPage, SkipReason, Skipped};
use super::condition::Case;
use super::decision::Decision;
use super::directory::{Method, Policy, Target, Urgency};
use super::fact::{Fact, Instead, StepStarted};
use super::id::{CallNo, IncidentNo, ScheduleId, UserId};
use super::incident::{Incident, State};
use super::level::{Chosen, ask_target, ask_user, case_of, choose, who_next};
use super::page::{Page, PageState, Purpose, Recipient, RevokeReason};
use super::paging::{can_be_asked, request_page, revoke_pages, revoke_pages_to};
use super::post::About;
use super::schedule::resolve;
use super::stamp::At;
use super::{episode, hold, post, quieting, reach};
use std::collections::BTreeSet;

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

/// Asks by another policy from now on: somebody said whose it is. What holds it back held the old one back.
pub(super) fn ask_by(d: &mut Decision<'_>, no: IncidentNo, policy: Policy) {
    start_call(d, no, CallKind::Main, policy, Vec::new(), (0, 0));
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

/// Somebody else is on call by a schedule by which `from` was asked, and what asked them waits: `to` is asked too, by the same
/// call and with its time as it is. Whom it asks by that schedule now is asked no more. One that is used up begins anew.
pub(super) fn ask_the_next(
    d: &mut Decision<'_>,
    no: IncidentNo,
    call: &Call,
    by: &ScheduleId,
    (from, to): (Option<&UserId>, &UserId),
) {
    let Some(urgency) = d.incident(no).map(|i| i.urgency) else { return };
    let (mut asked, mut nobody) = (Vec::new(), Vec::new());
    ask_user(d, urgency, to, Some(by), &mut asked, &Target::User(to.clone()), &mut nobody);
    let (Some(asked), Some(user)) = (asked.into_iter().next(), d.directory.users.get(to).cloned()) else { return };
    if matches!(call.state, CallState::Exhausted { .. }) {
        revoke_pages(d, no, Some(&[call.no]), RevokeReason::Superseded);
        d.emit(Fact::CrossedHandoff { incident: no, to: to.clone(), instead: None });
        return start_main_call(d, no, vec![to.clone()]);
    }
    let gone = from.filter(|from| call.asked.iter().any(|a| a.user == **from && a.via.as_ref() == Some(by)));
    let (mut now, mut queue) = (Vec::new(), Vec::new());
    for (method, delay_secs) in reach::plan(d, &user, urgency) {
        if delay_secs <= 0 {
            now.push(method);
        } else {
            queue.push(QueuedPage { user: to.clone(), method, due: d.stamp.at.plus_secs(delay_secs) });
        }
    }
    revoke_pages_to(d, no, gone, RevokeReason::Superseded);
    let instead = Some(Box::new(Instead { call: call.no, gone: gone.cloned(), asked, queue }));
    d.emit(Fact::CrossedHandoff { incident: no, to: to.clone(), instead });
    for method in now {
        request_page(d, no, call.no, Recipient::User(to.clone()), method, Purpose::Step, false);
    }
}

/// Asks more people, from a step on, while the responder keeps the incident.
pub(super) fn start_added_call(d: &mut Decision<'_>, no: IncidentNo, by: UserId, policy: Policy, from: u32) {
    start_call(d, no, CallKind::Added { by }, policy, Vec::new(), (from, 0));
}

/// Whoever has it may not hear that it is urgent, or back: the levels are asked from the first, unless they are already.
fn ask_others_too(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) {
    let Some(incident) = d.incident(no) else { return };
    let is_asking = |c: &Call| c.kind.is_of_the_policy() && !c.is_used_up();
    if incident.open_calls().any(is_asking) || quieting::quiet_of(d, &incident).is_some() {
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

/// Does `by` have this incident, and ask for help? Then they need no page to come. Somebody else's escalation may be
/// just because whoever has it is silent.
pub(super) fn has_it(incident: &Incident, by: &UserId) -> bool {
    matches!(&incident.state, State::Acknowledged { by: Some(who), .. } if who == by)
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
    let urgency = d.incident(no).map_or(Urgency::High, |i| i.urgency);
    let mut now = Vec::new();
    let mut queue = Vec::new();
    for asked in &s.asked {
        let Some(user) = d.directory.users.get(&asked.user) else {
            continue;
        };
        for (method, delay_secs) in reach::plan(d, user, urgency) {
            if delay_secs <= 0 {
                now.push((user.id.clone(), method));
            } else {
                let due = d.stamp.at.plus_secs(delay_secs);
                queue.push(QueuedPage { user: user.id.clone(), method, due });
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

/// Nobody answered at any step. A main call goes to the catch-all, again and again, less and less often; an added call
/// ends, because somebody has the incident.
pub(super) fn exhausted(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo, times: u32, skipped: Vec<Skipped>) {
    let Some(call) = d.incident(no).and_then(|i| i.call(call_no).cloned()) else {
        return;
    };
    // A test page asks nobody else: it is over.
    if d.incident(no).is_some_and(|i| i.is_test()) {
        return episode::resolve_unanswered(d, no);
    }
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
    ask_target(d, Urgency::High, target, &mut asked, &mut Vec::new());
    let methods = |a: &Asked| {
        let rules = d.directory.users.get(&a.user).map(|u| reach::rules(d.directory, u, Urgency::High));
        let mut methods: Vec<Method> = rules.into_iter().flatten().map(|rule| rule.method).collect();
        let mut seen = BTreeSet::new();
        methods.retain(|method| seen.insert(method.clone()));
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

pub(super) fn ask_still_on_it(d: &mut Decision<'_>, no: IncidentNo, responder: Option<&UserId>) {
    let reachable = responder.filter(|u| can_be_asked(d, u, Urgency::High));
    let Some(who) = reachable.cloned() else { return nobody_has_it(d, no) };
    let retrigger_at = d.stamp.at.plus_secs(d.directory.settings.ack_timeout_grace_secs);
    d.emit(Fact::StillOnItAsked { incident: no, to: who.clone(), retrigger_at });
    let call = d.incident(no).and_then(|i| i.main_call().map(|c| c.no)).unwrap_or_default();
    write_to(d, no, call, &who, Purpose::StillOnIt);
}

/// Acknowledged, and yet nobody has it whom a question would reach: triggered again.
pub(super) fn nobody_has_it(d: &mut Decision<'_>, no: IncidentNo) {
    let held = d.incident(no).and_then(|i| hold::held_then(d, &i, d.stamp.wall));
    d.emit(Fact::AckTimedOut { incident: no, held });
    start_main_call(d, no, Vec::new());
}

/// Whoever has it was to hear that it is urgent, or back, and the message failed: the levels are asked as well.
pub(super) fn did_not_hear(d: &mut Decision<'_>, no: IncidentNo, page: &Page) {
    let Some(incident) = d.incident(no).filter(|i| i.urgency == Urgency::High) else { return };
    let Some(responder) = incident.responder().filter(|who| page.to == Recipient::User((*who).clone())) else { return };
    let is_over = incident.course.clearing.is_some();
    let had_to_hear = matches!(page.purpose, Purpose::Raised | Purpose::Back) && !is_over;
    if had_to_hear && matches!(incident.state, State::Acknowledged { .. }) {
        ask_others_too(d, no, responder);
    }
}

/// Others are asked beside whoever has it, if they may not hear it now. `true`: somebody is.
pub(super) fn may_not_hear(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) -> bool {
    let deaf = |user| reach::out_of_hearing(d, user, Urgency::High).is_some();
    let is_deaf = d.directory.users.get(responder).is_some_and(deaf);
    if is_deaf {
        ask_others_too(d, no, responder);
    }
    is_deaf
}

/// Whoever has it hears that somebody else made it urgent. Where they may not hear that, the levels are asked as well.
pub(super) fn tell_it_is_urgent(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) {
    if can_be_asked(d, responder, Urgency::High) {
        let call = d.incident(no).and_then(|i| i.main_call().map(|c| c.no)).unwrap_or_default();
        wake(d, no, call, responder, Purpose::Raised);
    }
    may_not_hear(d, no, responder);
}

/// Whoever had it has it again. Where they may not hear that, the levels are asked as well.
pub(super) fn tell_it_is_back(d: &mut Decision<'_>, no: IncidentNo, responder: &UserId) {
    let Some(incident) = d.incident(no).filter(|i| i.urgency == Urgency::High) else { return };
    let call = incident.main_call().map(|c| c.no).unwrap_or_default();
    wake(d, no, call, responder, Purpose::Back);
    may_not_hear(d, no, responder);
}

/// Whoever has it is asked whether they began: the time for that is nearly over.
pub(super) fn ask_to_begin(d: &mut Decision<'_>, no: IncidentNo, responder: UserId) {
    let call = d.incident(no).and_then(|i| i.main_call().map(|c| c.no)).unwrap_or_default();
    write_to(d, no, call, &responder, Purpose::Begin);
}

/// Whoever does a step of a playbook hears that its time is over, unless something else is on its way to them.
pub(super) fn tell_of_the_step(d: &mut Decision<'_>, no: IncidentNo, who: UserId) {
    let Some(i) = d.incident(no) else { return };
    let to = Recipient::User(who.clone());
    let hears = d.directory.users.get(&who).is_some_and(|u| reach::can_reach(d.directory, u, &Method::Slack));
    // By Slack or not at all: nobody's telephone rings for that.
    if hears && d.world().meta.slack_away.is_none() && i.wanted_pages().all(|p| p.to != to) {
        let call = i.main_call().map(|c| c.no).unwrap_or_default();
        request_page(d, no, call, to, Method::Slack, Purpose::StepTime, false);
    }
}

/// After a change of the configuration: a call that waits for people who are all gone does not wait for its delay.
pub(super) fn pass_over_who_is_gone(d: &mut Decision<'_>) {
    let waits_in_vain = |i: &Incident, c: &Call| {
        matches!(c.state, CallState::Asking { .. }) && !c.waited_for().any(|who| can_be_asked(d, who, i.urgency))
    };
    let of_one = |i: &Incident| {
        let in_vain = i.open_calls().filter(|c| waits_in_vain(i, c));
        in_vain.map(|c| (i.no, c.no)).collect::<Vec<_>>()
    };
    let gone: Vec<(IncidentNo, CallNo)> = d.world().open_incidents().flat_map(|i| of_one(i)).collect();
    for (no, call) in gone {
        next_step(d, no, call);
    }
}

/// Whoever has it is told what must wake them: by Slack, and where that makes no sound, by their next method too.
fn wake(d: &mut Decision<'_>, no: IncidentNo, call: CallNo, who: &UserId, purpose: Purpose) {
    let Some(user) = d.directory.users.get(who) else { return };
    let plan = reach::plan(d, user, Urgency::High);
    let heard = plan.iter().position(|(method, _)| reach::silence(d, user, method).is_none());
    let upto = heard.map_or(plan.len(), |first| first + 1);
    for (method, _) in plan.into_iter().take(upto) {
        request_page(d, no, call, Recipient::User(who.clone()), method, purpose, false);
    }
}

/// What was to wake whoever has it is under way in Slack, which went away: they hear it by their next method.
pub(super) fn wake_otherwise(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(incident) = d.incident(no) else { return };
    let had_to_hear = |p: &&Page| matches!(p.purpose, Purpose::Raised | Purpose::Back) && p.method == Method::Slack;
    let Some(page) = incident.wanted_pages().find(had_to_hear) else { return };
    let Some(who) = incident.responder().filter(|who| page.to == Recipient::User((*who).clone())) else { return };
    wake(d, no, page.call, who, page.purpose);
    may_not_hear(d, no, who);
}

/// Whoever has it is asked something that need not wake them: by Slack, where that reaches them.
fn write_to(d: &mut Decision<'_>, no: IncidentNo, call: CallNo, who: &UserId, purpose: Purpose) {
    let Some(user) = d.directory.users.get(who) else { return };
    let is_away = d.world().meta.slack_away.is_some();
    if is_away || !reach::can_reach(d.directory, user, &Method::Slack) {
        return wake(d, no, call, who, purpose);
    }
    request_page(d, no, call, Recipient::User(who.clone()), Method::Slack, purpose, false);
}

/// A page to somebody came to nothing: what else they are to be asked by does not wait for its time.
pub(super) fn next_method(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo, to: &Recipient) {
    let Recipient::User(user) = to else { return };
    let Some(call) = d.incident(no).and_then(|i| i.call(call_no).cloned()).filter(Call::is_open) else { return };
    let Some(user) = d.directory.users.get(user) else { return };
    let mut theirs: Vec<QueuedPage> = call.queue.iter().filter(|q| q.user == user.id).cloned().collect();
    theirs.sort_by_key(|q| q.due);
    // What makes no sound is not waited for either.
    for next in theirs {
        request_page(d, no, call_no, to.clone(), next.method.clone(), Purpose::Step, true);
        if reach::silence(d, user, &next.method).is_none() {
            return;
        }
    }
}

/// Is it a page that somebody may hear now?
fn makes_a_sound(d: &Decision<'_>, p: &Page) -> bool {
    let slack_away = p.method == Method::Slack && d.world().meta.slack_away.is_some();
    p.silent_until.is_none_or(|until| until <= d.stamp.wall) && !slack_away
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
    // Of somebody who was to hear it, what is silent is no hope: they sleep, and what rings has failed.
    let hears = |user: &UserId| call.asked.iter().any(|a| a.user == *user && a.hears());
    let hope = |user: &UserId| {
        let to_them = || incident.pages.iter().filter(|p| p.to == Recipient::User(user.clone()));
        let methods: BTreeSet<&Method> = to_them().filter(|p| p.call == call_no).map(|p| &p.method).collect();
        methods.into_iter().any(|method| {
            let by_it = || to_them().filter(|p| p.method == *method);
            let mut last = by_it().filter(|p| p.call == call_no).max_by_key(|p| p.id);
            // A page of another call took its place: what became of that one?
            if last.is_some_and(|p| p.state == PageState::Revoked(RevokeReason::Superseded)) {
                last = by_it().max_by_key(|p| p.id);
            }
            last.is_some_and(|p| !matches!(p.state, PageState::Failed(_)) && (!hears(user) || makes_a_sound(d, p)))
        })
    };
    if !call.waited_for().any(hope) {
        next_step(d, no, call_no);
    }
}
