//! What people do to an incident.

use super::call::{Call, CallKind, CallState};
use super::decision::Decision;
use super::directory::{Policy, Step, Urgency};
use super::fact::{Fact, LateAct};
use super::hold::HoldWhy;
use super::id::{CallNo, IncidentNo, UserId};
use super::incident::{AckTimeout, Incident, State};
use super::input::{Act, Deed, GuestNote, SnoozeWhy};
use super::misconfigured::{self, Mark};
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::urgency::RaisedBy;
use super::{episode, escalation, join, level, major, paging, quote, responders, run, test_page, triage};

/// A snooze is at most seven days.
pub const SNOOZE_MAX_SECS: i64 = 7 * 24 * 60 * 60;

/// Decides a person's act on what is true now, not on what their screen showed.
pub(super) fn act(d: &mut Decision<'_>, act: &Act) -> Result<(), Refusal> {
    let mut incident = d.incident(act.incident).ok_or(Refusal::NoSuchIncident(act.incident))?;
    if let Deed::Quote(_) = act.deed {
        // The one that it is part of takes it.
        while let Some(whole) = incident.merged_into.and_then(|no| d.incident(no)) {
            incident = whole;
        }
    }
    if let Some(into) = incident.merged_into
        && !matches!(act.deed, Deed::Note { .. })
    {
        return Err(Refusal::IsMerged { incident: incident.no, into });
    }
    let (i, by) = (&*incident, &act.by);
    if i.is_test() {
        return test_page::act(d, i, by, &act.deed);
    }
    deed(d, i, by, &act.deed)?;
    episode::not_quiet(d, i.no);
    if let Deed::MergeInto { into } = &act.deed {
        episode::not_quiet(d, *into);
    }
    Ok(())
}

fn deed(d: &mut Decision<'_>, i: &Incident, by: &UserId, deed: &Deed) -> Result<(), Refusal> {
    match deed {
        Deed::Acknowledge => acknowledge(d, i, by),
        Deed::Start => start(d, i, by),
        Deed::Snooze { until, why, because } => snooze(d, i, by, *until, *why, because),
        Deed::EndSnooze => end_snooze(d, i, by),
        Deed::Escalate => escalate(d, i, by),
        Deed::AddResponders { whom } => responders::add(d, i, by, whom),
        Deed::Reassign { to } => responders::reassign(d, i, by, to),
        Deed::SetUrgency { to } => set_urgency(d, i, by, *to),
        Deed::Mitigate => mitigate(d, i, by),
        Deed::Resolve { note } => resolve(d, i, by, note.as_deref()),
        Deed::NotActionable => not_actionable(d, i, by),
        Deed::Reopen => reopen(d, i, by),
        Deed::DeclinePageAgain => episode::decline_page_again(d, i, by),
        Deed::Note { text } => note(d, i, by, text),
        Deed::Quote(quoted) => quote::quote(d, i, by, quoted),
        Deed::MergeInto { into } => join::merge(d, i, by, *into),
        Deed::Triage { answer } => triage::answer(d, i, by, *answer),
        Deed::NotMine { team } => triage::not_mine(d, i, by, team),
        Deed::DeclareMajor => major::declare(d, i, by),
        Deed::TakeMajorBack => major::take_back(d, i, by),
        Deed::CanWait { later } => triage::can_wait(d, i, by, later),
        Deed::BeginPlaybook { playbook, again } => run::begin(d, i, by, playbook, *again),
        Deed::GoOn { turn, to } => run::go_on(d, i, by, *turn, to),
    }
}

/// Answers the calls that reached the clicker, and the main call if nobody else has answered it.
fn acknowledge(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    let answers = |c: &Call| matches!(c.kind, CallKind::Main) || c.reached.contains(by);
    // Whoever was asked to take it and does: nobody else is asked to take it any more.
    let takes = i.open_calls().any(|c| matches!(&c.kind, CallKind::Reassign { to, .. } if to == by));
    let is_over = |c: &Call| answers(c) || takes && matches!(c.kind, CallKind::Reassign { .. });
    let calls: Vec<CallNo> = i.open_calls().filter(|c| is_over(c)).map(|c| c.no).collect();
    match &i.state {
        State::Resolved { .. } => {
            d.emit(Fact::ActLate { incident: i.no, by: by.clone(), act: LateAct::AcknowledgeAfterResolve });
            return Ok(());
        }
        State::Snoozed { by: snoozer, until, .. } if calls.is_empty() => {
            return Err(Refusal::IsSnoozed { incident: i.no, by: snoozer.clone(), until: *until });
        }
        State::Acknowledged { by: Some(responder), .. } if calls.is_empty() => {
            if responder == by && !is_asked_still_on_it(i) {
                return Err(Refusal::AlreadyYours { incident: i.no });
            }
            if responder != by {
                d.emit(Fact::ActLate { incident: i.no, by: by.clone(), act: LateAct::AcknowledgeAfterAcknowledge });
                return Ok(());
            }
        }
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => {}
    }
    paging::revoke_pages(d, i.no, Some(&calls), RevokeReason::Answered);
    if is_asked_still_on_it(i) {
        paging::revoke_pages(d, i.no, None, RevokeReason::Answered);
    }
    let ask_at = d.ask_at(i.urgency);
    if i.open_calls().any(|c| calls.contains(&c.no) && matches!(&c.kind, CallKind::Reassign { to, .. } if to == by)) {
        let from = i.responder().filter(|from| *from != by).cloned();
        // Whoever had it is asked nothing more about it.
        paging::revoke_pages_to(d, i.no, from.as_ref(), RevokeReason::Answered);
        d.emit(Fact::Reassigned { incident: i.no, to: by.clone(), from, calls, ask_at });
    } else {
        d.emit(Fact::Acknowledged { incident: i.no, by: by.clone(), calls, ask_at });
    }
    major::still_wanted(d, i, by);
    Ok(())
}

/// "I'm on it." Whoever begins work on what nobody has, has it.
pub(super) fn start(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    let asked = is_asked_still_on_it(i) && i.responder() == Some(by) || i.open_calls().any(|c| c.reached.contains(by));
    if i.started.as_ref().is_some_and(|s| s.by == *by) && i.responder() == Some(by) && !asked {
        return Err(Refusal::StartedAlready { incident: i.no });
    }
    match &i.state {
        State::Snoozed { .. } => end_snooze(d, i, by)?,
        // It is an answer to whoever asks for them, too.
        State::Acknowledged { by: Some(_), .. } if asked => acknowledge(d, i, by)?,
        State::Acknowledged { by: Some(_), .. } => {}
        State::Triggered { .. } | State::Acknowledged { by: None, .. } | State::Resolved { .. } => {
            acknowledge(d, i, by)?;
        }
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Started { incident: i.no, by: by.clone(), ask_at });
    Ok(())
}

fn is_asked_still_on_it(i: &Incident) -> bool {
    matches!(i.state, State::Acknowledged { timeout: AckTimeout::TriggerAt(_), .. })
}

fn snooze(
    d: &mut Decision<'_>,
    i: &Incident,
    by: &UserId,
    until: At,
    why: Option<SnoozeWhy>,
    because: &str,
) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    refuse_major(i)?;
    if until <= d.stamp.wall {
        return Err(Refusal::SnoozeInThePast { until });
    }
    let latest = d.stamp.wall.plus_secs(SNOOZE_MAX_SECS);
    if until > latest {
        return Err(Refusal::SnoozeTooLong { until, latest });
    }
    paging::revoke_pages(d, i.no, None, RevokeReason::Snoozed);
    let due = d.stamp.due_of(until);
    let because = Text::new(because.trim());
    d.emit(Fact::Snoozed { incident: i.no, by: by.clone(), until, due, why, because: because.clone() });
    if why == Some(SnoozeWhy::NotUrgent) {
        misconfigured::mark(d, i.no, by, Mark::NotUrgent, &because);
    }
    Ok(())
}

/// Ended by hand, a snoozed incident belongs to whoever ended it: nobody is paged.
fn end_snooze(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if !matches!(i.state, State::Snoozed { .. }) {
        return Err(Refusal::IsNotSnoozed { incident: i.no });
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Acknowledged { incident: i.no, by: by.clone(), calls: Vec::new(), ask_at });
    Ok(())
}

/// Triggered: the next level now. Acknowledged: the next level is asked as well, and the responder keeps the incident.
fn escalate(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if let State::Snoozed { by, until, .. } = &i.state {
        return Err(Refusal::IsSnoozed { incident: i.no, by: by.clone(), until: *until });
    }
    if let Some(asked) = major::all_are_asked(d, i, by) {
        return Err(Refusal::NobodyAbove { incident: i.no, asked });
    }
    let open_main = i.main_call().filter(|c| c.is_open());
    if let (State::Triggered { .. }, Some(main)) = (&i.state, open_main) {
        if !main.has_level_above() || main.asked.is_empty() {
            return Err(nobody_above(i, main));
        }
        paging::revoke_pages(d, i.no, Some(&[main.no]), RevokeReason::Superseded);
        d.emit(Fact::Escalated { incident: i.no, by: by.clone(), call: main.no, ask_at: None });
        escalation::next_step(d, i.no, main.no);
        return Ok(());
    }
    let (policy, from) = levels_above(d, i, by)?;
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Escalated { incident: i.no, by: by.clone(), call: escalation::next_call(i), ask_at });
    // It waits for no more of its kind: its levels are asked until somebody answers, not once.
    if i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Threshold(_))) {
        escalation::start_main_call(d, i.no, Vec::new());
        if d.incident(i.no).is_some_and(|i| i.main_call().is_some_and(Call::is_open)) {
            return Ok(());
        }
    }
    escalation::start_added_call(d, i.no, by.clone(), policy, from);
    Ok(())
}

/// The policy, to be gone through once from the first level on that nobody of this incident was asked at yet.
fn levels_above(d: &Decision<'_>, i: &Incident, by: &UserId) -> Result<(Policy, u32), Refusal> {
    let (policy, from) = match i.policy_call() {
        Some(last) if !last.has_level_above() => match up_again(d, i, last) {
            Some(from) => ((*last.policy).clone(), from),
            None => return Err(nobody_above(i, last)),
        },
        // It went through all levels there are.
        Some(last) if last.kind.is_beside() && matches!(last.state, CallState::Exhausted { .. }) => {
            return Err(nobody_above(i, last));
        }
        Some(last) => ((*last.policy).clone(), last.step + 1),
        // Low urgency asked nobody so far: everything is above.
        None => match escalation::policy_of(d, i) {
            Some(policy) => (policy, 0),
            None => return Err(Refusal::NobodyAbove { incident: i.no, asked: Vec::new() }),
        },
    };
    let above =
        level::who_would_be_asked(d, policy.steps.get(from as usize..).unwrap_or_default(), level::case_of(d, i));
    if escalation::has_it(i, by) && !above.is_empty() && above.iter().all(|u| u == by) {
        return Err(Refusal::NobodyAbove { incident: i.no, asked: above });
    }
    Ok((Policy { repeat: 0, ..policy }, from))
}

/// All levels were asked before somebody took it: the first one above theirs at which somebody is who is not on it.
fn up_again(d: &Decision<'_>, i: &Incident, last: &Call) -> Option<u32> {
    if !i.may_go_up_again(last) {
        return None;
    }
    let (has_it, case) = (i.responder()?, level::case_of(d, i));
    let asked_at = |step: &Step| level::who_would_be_asked(d, std::slice::from_ref(step), case);
    let theirs = last.policy.steps.iter().rposition(|step| asked_at(step).contains(has_it));
    let is_free = |who: &UserId| !i.responders.contains(who);
    let above = last.policy.steps.iter().enumerate().skip(theirs.map_or(0, |at| at + 1));
    above.filter(|(_, step)| asked_at(step).iter().any(is_free)).map(|(at, _)| at as u32).next()
}

fn nobody_above(i: &Incident, call: &Call) -> Refusal {
    Refusal::NobodyAbove { incident: i.no, asked: call.asked.iter().map(|a| a.user.clone()).collect() }
}

/// Raised, it pages, unless somebody has it: they hear of it. Lowered, it wakes nobody any more, not even whom somebody
/// asked for.
fn set_urgency(d: &mut Decision<'_>, i: &Incident, by: &UserId, to: Urgency) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if i.urgency == to {
        return Err(Refusal::HasThatUrgency { incident: i.no, urgency: to });
    }
    refuse_major(i)?;
    change_urgency(d, i.no, Some(by), None, to);
    Ok(())
}

/// `why`: what raised it, where no person did.
pub(super) fn change_urgency(
    d: &mut Decision<'_>,
    no: IncidentNo,
    by: Option<&UserId>,
    why: Option<RaisedBy>,
    to: Urgency,
) {
    let Some(i) = d.incident(no) else { return };
    if to == Urgency::Low {
        paging::revoke_pages(d, no, None, RevokeReason::Lowered);
    }
    let ask_at = d.ask_at(to);
    let stopped = if to == Urgency::Low { i.being_asked() } else { Vec::new() };
    d.emit(Fact::UrgencyChanged { incident: no, by: by.cloned(), to, ask_at, stopped, why });
    match (&i.state, to) {
        (State::Triggered { .. }, Urgency::High) => escalation::start_main_call(d, no, Vec::new()),
        // Acknowledged by its monitor, or by somebody whom nothing reaches: nobody has it who would hear that.
        (State::Acknowledged { by: has_it, .. }, Urgency::High)
            if !has_it.as_ref().is_some_and(|who| Some(who) == by || paging::can_be_asked(d, who, Urgency::High)) =>
        {
            escalation::nobody_has_it(d, no);
        }
        (State::Acknowledged { by: Some(responder), .. }, Urgency::High) if Some(responder) != by => {
            escalation::tell_it_is_urgent(d, no, responder);
        }
        (State::Triggered { .. }, Urgency::Low)
        | (State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. }, _) => {}
    }
}

fn mitigate(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if let Some(done) = &i.mitigated {
        return Err(Refusal::MitigatedAlready { incident: i.no, by: done.by.clone(), at: done.at });
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Mitigated { incident: i.no, by: by.clone(), ask_at });
    Ok(())
}

/// Nothing had to be done: the alert is to be mended, not the service.
fn not_actionable(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    if let Some(done) = &i.not_actionable {
        return Err(Refusal::MarkedAlready { incident: i.no, by: done.by.clone(), at: done.at });
    }
    if !i.is_resolved() {
        refuse_major(i)?;
    }
    d.emit(Fact::MarkedNotActionable { incident: i.no, by: by.clone() });
    if !i.is_resolved() {
        episode::resolve_by_person(d, i.no, by, Text::default());
    }
    misconfigured::mark(d, i.no, by, Mark::NotActionable, &Text::default());
    Ok(())
}

fn resolve(d: &mut Decision<'_>, i: &Incident, by: &UserId, note: Option<&str>) -> Result<(), Refusal> {
    if i.is_resolved() {
        d.emit(Fact::ActLate { incident: i.no, by: by.clone(), act: LateAct::ResolveAfterResolve });
        return Ok(());
    }
    episode::resolve_by_person(d, i.no, by, Text::new(note.unwrap_or_default().trim()));
    Ok(())
}

/// Reopened by a person, an incident is theirs: nobody is paged.
fn reopen(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    if !i.is_resolved() {
        return Err(Refusal::IsNotResolved { incident: i.no });
    }
    let newer = i.alerts.iter().find_map(|a| {
        let key = super::id::AlertKey { service: a.service_in(i).clone(), dedup: a.dedup.clone() };
        d.world().incident_of(&key).filter(|n| n.no != i.no && !n.is_resolved()).map(|n| n.no)
    });
    if let Some(newer) = newer {
        return Err(Refusal::NewerIncident { incident: i.no, newer });
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Reopened { incident: i.no, by: by.clone(), ask_at });
    Ok(())
}

fn note(d: &mut Decision<'_>, i: &Incident, by: &UserId, text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::EmptyNote);
    }
    let ask_at = d.ask_at(i.urgency);
    // Who writes down what they found works on it. Somebody unknown here only tells.
    if i.started.is_none() && !i.is_resolved() && d.directory.users.contains_key(by) {
        d.emit(Fact::Started { incident: i.no, by: by.clone(), ask_at });
    }
    d.emit(Fact::Noted { incident: i.no, by: by.clone(), text: Text::new(text.trim()), ask_at });
    Ok(())
}

/// Told by somebody who may look and note only. It is nobody's activity: whoever has the incident is asked about it all
/// the same.
pub(super) fn guest_note(d: &mut Decision<'_>, note: &GuestNote) -> Result<(), Refusal> {
    let incident = d.incident(note.incident).ok_or(Refusal::NoSuchIncident(note.incident))?.no;
    let text = note.text.trim();
    if text.is_empty() {
        return Err(Refusal::EmptyNote);
    }
    let (slack, name) = (note.slack.clone(), Text::new(note.name.as_str()));
    d.emit(Fact::NotedByGuest { incident, slack, name, text: Text::new(text) });
    Ok(())
}

/// What is major neither waits nor wakes nobody.
pub(super) fn refuse_major(i: &Incident) -> Result<(), Refusal> {
    match &i.major {
        Some(done) => Err(Refusal::IsMajor { incident: i.no, by: done.by.clone(), at: done.at }),
        None => Ok(()),
    }
}

pub(super) fn refuse_resolved(i: &Incident) -> Result<(), Refusal> {
    match &i.state {
        State::Resolved { by, since, .. } => Err(Refusal::IsResolved { incident: i.no, by: by.clone(), since: *since }),
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests;
