//! What the facts of people's acts, and of an incident's end, do to it.

use super::calls::{answer_calls, stop_calls, with_call};
use super::timeline::log;
use super::{course, run};
use crate::domain::alert::Alert;
use crate::domain::call::CallState;
use crate::domain::directory::Urgency;
use crate::domain::fact::ResolvedBy;
use crate::domain::hold::HoldWhy;
use crate::domain::id::{CallNo, IncidentNo, MisconfiguredNo, PolicyId, TeamId, UserId};
use crate::domain::incident::{AckTimeout, Done, Happening, Incident, State};
use crate::domain::misconfigured::{Mark, Marked};
use crate::domain::stamp::At;
use crate::domain::text::Text;
use crate::domain::triage::{Answer, Said};
use crate::domain::urgency::RaisedBy;
use std::sync::Arc;

pub(super) fn acknowledged(i: &mut Incident, by: &UserId, calls: &[CallNo], ask_at: Option<At>, wall: At) {
    answer_calls(i, calls, by);
    add_responder(i, by);
    i.answered.get_or_insert(Done { by: by.clone(), at: wall });
    let joins = matches!(&i.state, State::Acknowledged { by: Some(has_it), .. } if has_it != by);
    if !matches!(&i.state, State::Acknowledged { by: Some(_), .. }) {
        i.state = State::Acknowledged { by: Some(by.clone()), since: wall, timeout: timeout(ask_at) };
    } else {
        set_timeout(i, ask_at);
    }
    let by = by.clone();
    log(i, wall, if joins { Happening::Joined { by } } else { Happening::Acknowledged { by } });
}

pub(super) fn reassigned(
    i: &mut Incident,
    to: &UserId,
    from: Option<&UserId>,
    calls: &[CallNo],
    ask_at: Option<At>,
    wall: At,
) {
    answer_calls(i, calls, to);
    i.responders.retain(|r| Some(r) != from);
    add_responder(i, to);
    i.answered.get_or_insert(Done { by: to.clone(), at: wall });
    i.state = State::Acknowledged { by: Some(to.clone()), since: wall, timeout: timeout(ask_at) };
    log(i, wall, Happening::Reassigned { to: to.clone(), from: from.cloned() });
}

pub(super) fn urgency_changed(
    i: &mut Incident,
    by: Option<&UserId>,
    to: Urgency,
    ask_at: Option<At>,
    stopped: &[UserId],
    why: Option<RaisedBy>,
    wall: At,
) {
    i.urgency = to;
    // Whatever comes, only a person lowers it, and what a person said holds.
    i.raise = None;
    i.alerts.iter_mut().for_each(|alert| Arc::make_mut(alert).urgency = None);
    if by.is_some() {
        stop_waiting(i);
    }
    set_timeout(i, ask_at);
    if to == Urgency::Low {
        stop_calls(i);
    }
    log(i, wall, Happening::UrgencyChanged { by: by.cloned(), to, stopped: stopped.to_vec(), why });
}

pub(super) fn marked(i: &mut Incident, entry: MisconfiguredNo, mark: Mark) {
    let before = i.marked.filter(|m| m.entry == entry);
    let marked = i.marked.insert(before.unwrap_or(Marked { entry, not_urgent: false, not_actionable: false }));
    match mark {
        Mark::NotUrgent => marked.not_urgent = true,
        Mark::NotActionable => marked.not_actionable = true,
    }
}

pub(super) fn resolved(
    i: &mut Incident,
    by: &ResolvedBy,
    note: &Text,
    close_at: At,
    back_until: Option<At>,
    quiet_since: Option<At>,
    wall: At,
) {
    course::resolved(i, back_until, quiet_since);
    run::rests(i);
    i.state = State::Resolved { by: by.clone(), since: wall, close_at };
    stop_calls(i);
    log(
        i,
        wall,
        match quiet_since {
            Some(cleared) => Happening::ResolvedByItself { cleared },
            None => Happening::Resolved { by: by.clone(), note: note.body().clone() },
        },
    );
}

pub(super) fn reopened(i: &mut Incident, by: &UserId, ask_at: Option<At>, wall: At) {
    add_responder(i, by);
    i.state = State::Acknowledged { by: Some(by.clone()), since: wall, timeout: timeout(ask_at) };
    course::open_again(i);
    i.closed = false;
    i.mitigated = None;
    i.not_actionable = None;
    log(i, wall, Happening::Reopened { by: by.clone() });
}

pub(super) fn merged(i: &mut Incident, into: IncidentNo, by: &UserId, close_at: At, wall: At) {
    stop_calls(i);
    // They belong to the other incident now, which may have a lower number.
    i.alerts.clear();
    course::resolved(i, None, None);
    run::rests(i);
    i.merged_into = Some(into);
    i.state = State::Resolved { by: ResolvedBy::User(by.clone()), since: wall, close_at };
    log(i, wall, Happening::MergedInto { by: by.clone(), into });
}

pub(super) fn took(
    i: &mut Incident,
    from: IncidentNo,
    by: &UserId,
    alerts: &[Alert],
    responders: &[UserId],
    reported_by: &[UserId],
    wall: At,
) {
    i.alerts.extend(alerts.iter().cloned().map(Arc::new));
    for who in reported_by {
        if !i.reported_by().any(|known| known == who) {
            i.merged_reports.push(who.clone());
        }
    }
    i.merged.push(from);
    course::alerts_changed(i);
    if i.only_a_person_ends_it() {
        i.course.clearing = None;
    }
    for who in responders {
        add_responder(i, who);
    }
    log(i, wall, Happening::Merged { by: by.clone(), from });
}

pub(super) fn triaged(i: &mut Incident, by: &UserId, answer: Answer, wall: At) {
    let triage = i.triage.get_or_insert_default();
    match answer {
        Answer::Affected(what) => triage.affected = Some(Said { what, by: by.clone(), at: wall }),
        Answer::Since(what) => triage.since = Some(Said { what, by: by.clone(), at: wall }),
        Answer::Trend(what) => triage.trend = Some(Said { what, by: by.clone(), at: wall }),
    }
    log(i, wall, Happening::Triaged { by: by.clone(), answer });
}

pub(super) fn not_mine(i: &mut Incident, by: &UserId, team: &TeamId, policy: &PolicyId, stops: &[CallNo], wall: At) {
    for call in stops {
        with_call(i, *call, |c| {
            c.state = CallState::Stopped;
            c.queue.clear();
        });
    }
    i.team = team.clone();
    i.policy = policy.clone();
    // Of them nobody has begun.
    i.started = None;
    i.hold = None;
    if !i.is_triggered() {
        i.state = State::Triggered { since: wall };
    }
    log(i, wall, Happening::NotMine { by: by.clone(), team: team.clone() });
}

pub(super) fn add_responder(i: &mut Incident, who: &UserId) {
    if !i.responders.contains(who) {
        i.responders.push(who.clone());
    }
}

pub(super) fn timeout(ask_at: Option<At>) -> AckTimeout {
    ask_at.map_or(AckTimeout::Never, AckTimeout::AskAt)
}

pub(super) fn set_timeout(i: &mut Incident, ask_at: Option<At>) {
    set_timeout_to(i, timeout(ask_at));
}

pub(super) fn set_timeout_to(i: &mut Incident, to: AckTimeout) {
    if let State::Acknowledged { timeout, .. } = &mut i.state {
        *timeout = to;
    }
}

/// Whoever escalates, or says how urgent it is, waits for no more of its kind.
pub(super) fn stop_waiting(i: &mut Incident) {
    i.counting = None;
    i.hold = i.hold.take().filter(|h| !matches!(h.why, HoldWhy::Threshold(_)));
}
