//! What people do to an incident.

use super::alert::resolve_incident;
use super::call::{Call, CallKind, CallState};
use super::decision::Decision;
use super::directory::Policy;
use super::escalation;
use super::fact::{Fact, LateAct, ResolvedBy};
use super::id::{CallNo, UserId};
use super::incident::{Incident, State};
use super::input::{Act, Deed};
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;

/// A snooze is at most seven days.
pub const SNOOZE_MAX_SECS: i64 = 7 * 24 * 60 * 60;

/// Decides a person's act on what is true now, not on what their screen showed.
pub(super) fn act(d: &mut Decision<'_>, act: &Act) -> Result<(), Refusal> {
    let incident = d.incident(act.incident).ok_or(Refusal::NoSuchIncident(act.incident))?;
    match &act.deed {
        Deed::Acknowledge => acknowledge(d, &incident, &act.by),
        Deed::Snooze { until } => snooze(d, &incident, &act.by, *until),
        Deed::EndSnooze => end_snooze(d, &incident, &act.by),
        Deed::Escalate => escalate(d, &incident, &act.by),
        Deed::Resolve { note } => resolve(d, &incident, &act.by, note.as_deref()),
        Deed::Reopen => reopen(d, &incident, &act.by),
        Deed::Note { text } => note(d, &incident, &act.by, text),
    }
}

/// Answers the calls that reached the clicker, and the main call if nobody else has answered it.
fn acknowledge(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    let answers = |c: &Call| matches!(c.kind, CallKind::Main) || c.reached.contains(by);
    let calls: Vec<CallNo> = i.open_calls().filter(|c| answers(c)).map(|c| c.no).collect();
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
    escalation::revoke_pages(d, i.no, Some(&calls), RevokeReason::Answered);
    if is_asked_still_on_it(i) {
        escalation::revoke_pages(d, i.no, None, RevokeReason::Answered);
    }
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Acknowledged { incident: i.no, by: by.clone(), calls, ask_at });
    Ok(())
}

fn is_asked_still_on_it(i: &Incident) -> bool {
    matches!(i.state, State::Acknowledged { timeout: super::incident::AckTimeout::TriggerAt(_), .. })
}

fn snooze(d: &mut Decision<'_>, i: &Incident, by: &UserId, until: At) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if until <= d.stamp.wall {
        return Err(Refusal::SnoozeInThePast { until });
    }
    let latest = d.stamp.wall.plus_secs(SNOOZE_MAX_SECS);
    if until > latest {
        return Err(Refusal::SnoozeTooLong { until, latest });
    }
    escalation::revoke_pages(d, i.no, None, RevokeReason::Snoozed);
    let due = d.stamp.due_of(until);
    d.emit(Fact::Snoozed { incident: i.no, by: by.clone(), until, due });
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
    let open_main = i.main_call().filter(|c| c.is_open());
    if let (State::Triggered { .. }, Some(main)) = (&i.state, open_main) {
        if !main.has_level_above() || main.asked.is_empty() {
            return Err(nobody_above(i, main));
        }
        escalation::revoke_pages(d, i.no, Some(&[main.no]), RevokeReason::Superseded);
        d.emit(Fact::Escalated { incident: i.no, by: by.clone(), call: main.no, ask_at: None });
        escalation::next_step(d, i.no, main.no);
        return Ok(());
    }
    let (policy, from) = levels_above(d, i, by)?;
    let ask_at = d.ask_at(i.urgency);
    d.emit(Fact::Escalated { incident: i.no, by: by.clone(), call: escalation::next_call(i), ask_at });
    escalation::start_added_call(d, i.no, by.clone(), policy, from);
    Ok(())
}

/// The policy, to be gone through once from the first level on that nobody of this incident was asked at yet.
fn levels_above(d: &Decision<'_>, i: &Incident, by: &UserId) -> Result<(Policy, u32), Refusal> {
    let (policy, from) = match i.calls.last() {
        Some(last) if !last.has_level_above() => return Err(nobody_above(i, last)),
        // It went through all levels there are.
        Some(last) if matches!((&last.kind, &last.state), (CallKind::Added { .. }, CallState::Exhausted { .. })) => {
            return Err(nobody_above(i, last));
        }
        Some(last) => ((*last.policy).clone(), last.step + 1),
        // Low urgency asked nobody so far: everything is above.
        None => match d.directory.policies.get(&i.policy) {
            Some(policy) => (policy.clone(), 0),
            None => return Err(Refusal::NobodyAbove { incident: i.no, asked: Vec::new() }),
        },
    };
    let above = escalation::who_would_be_asked(d, policy.steps.get(from as usize..).unwrap_or_default());
    if escalation::has_it(i, by) && !above.is_empty() && above.iter().all(|u| u == by) {
        return Err(Refusal::NobodyAbove { incident: i.no, asked: above });
    }
    Ok((Policy { repeat: 0, ..policy }, from))
}

fn nobody_above(i: &Incident, call: &Call) -> Refusal {
    Refusal::NobodyAbove { incident: i.no, asked: call.asked.iter().map(|a| a.user.clone()).collect() }
}

fn resolve(d: &mut Decision<'_>, i: &Incident, by: &UserId, note: Option<&str>) -> Result<(), Refusal> {
    if i.is_resolved() {
        d.emit(Fact::ActLate { incident: i.no, by: by.clone(), act: LateAct::ResolveAfterResolve });
        return Ok(());
    }
    resolve_incident(d, i.no, ResolvedBy::User(by.clone()), Text::new(note.unwrap_or_default().trim()));
    Ok(())
}

/// Reopened by a person, an incident is theirs: nobody is paged.
fn reopen(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    if !i.is_resolved() {
        return Err(Refusal::IsNotResolved { incident: i.no });
    }
    let newer = i.alerts.iter().find_map(|a| {
        let key = super::id::AlertKey { service: i.service.clone(), dedup: a.dedup.clone() };
        d.world().incident_of(&key).filter(|n| n.no > i.no && !n.is_resolved()).map(|n| n.no)
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
    d.emit(Fact::Noted { incident: i.no, by: by.clone(), text: Text::new(text.trim()), ask_at });
    Ok(())
}

fn refuse_resolved(i: &Incident) -> Result<(), Refusal> {
    match &i.state {
        State::Resolved { by, since, .. } => Err(Refusal::IsResolved { incident: i.no, by: by.clone(), since: *since }),
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => Ok(()),
    }
}

/// One line of the snooze modal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnoozeChoice {
    /// On the wall clock.
    pub until: At,
    /// The absolute time in the person's own zone.
    pub words: String,
}

/// The offered ends of a snooze: in an hour, and the coming 9:00 in the person's zone.
pub fn snooze_choices(wall: At, tz: chrono_tz::Tz) -> Vec<SnoozeChoice> {
    let local = |at: At| at.utc().with_timezone(&tz);
    let hour = wall.plus_secs(60 * 60);
    let nine = coming_nine(wall, tz);
    let left = match (nine.0 - wall.0) / 60_000 {
        min @ ..60 => format!("{min} min"),
        min => format!("{} h {:02} min", min / 60, min % 60),
    };
    let day = if local(nine).date_naive() == local(wall).date_naive() { "today" } else { "tomorrow" };
    vec![
        SnoozeChoice { until: hour, words: format!("{}, in 1 hour", local(hour).format("%-H:%M")) },
        SnoozeChoice { until: nine, words: format!("9:00 {day}, in {left}") },
    ]
}

fn coming_nine(wall: At, tz: chrono_tz::Tz) -> At {
    let nine = chrono::NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default();
    let today = wall.utc().with_timezone(&tz).date_naive();
    let at = super::schedule::local_instant(tz, today.and_time(nine));
    if at > wall {
        return at;
    }
    let tomorrow = today.succ_opt().unwrap_or(today);
    super::schedule::local_instant(tz, tomorrow.and_time(nine))
}
