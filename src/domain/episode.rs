//! When the monitor changes its mind: what further events of a known alert do, and what follows by itself.
//!
//! Everything here is about alerts that are known already; a new incident is [`super::opening`]'s.

use super::alert::{Alert, AlertState};
use super::course::{Clearing, Had};
use super::decision::Decision;
use super::directory::Urgency;
use super::fact::{Fact, ResolvedBy};
use super::id::{AlertKey, IncidentNo, UserId};
use super::incident::{Incident, State};
use super::input::{Event, EventAction};
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::{escalation, paging, urgency};

/// An event is overtaken by so much at most: an Alertmanager that lost Prometheus goes on saying for so long that an alert
/// fires, when the other one of a pair has said already that it is over.
const OVERTAKEN_SECS: i64 = 4 * 60;
/// By so much the clock is set back without anything being meant by it.
const STEPPED_SECS: i64 = 60;

/// What a trigger of a known alert is.
enum News {
    /// Counted, and nothing more.
    Repeated,
    Old,
    /// Of an open incident.
    Fired {
        came_back: bool,
    },
    /// The same incident again.
    Back,
    /// It leads to another incident; `fires`: it fires in this one still.
    Another {
        fires: bool,
    },
}

/// A trigger. False: it is for a new incident.
pub(super) fn fires(d: &mut Decision<'_>, key: &AlertKey, event: &Event) -> bool {
    let Some(known) = d.world().incident_of(key) else { return false };
    let Some((alert, episode)) = known.alert(key) else { return false };
    let incident = known.no;
    let starts_at = event.starts_at;
    match news(d, known, episode, starts_at) {
        News::Repeated => d.emit(Fact::AlertRepeated { incident, alert }),
        News::Old => d.emit(Fact::EventLate { incident, alert, action: EventAction::Trigger }),
        News::Fired { came_back } => {
            d.emit(Fact::AlertFired { incident, alert, starts_at, came_back });
            flaps(d, incident);
        }
        News::Back => come_back(d, incident, key, starts_at),
        News::Another { fires } => {
            if fires {
                d.emit(Fact::CameAnew { incident, alert });
            }
            return false;
        }
    }
    true
}

fn news(d: &Decision<'_>, i: &Incident, episode: &Alert, starts_at: Option<At>) -> News {
    if i.is_resolved() {
        return match &i.course.back {
            _ if is_old_news(d, i, episode, starts_at) => News::Old,
            Some(back) if d.stamp.at < back.until => News::Back,
            Some(_) | None => News::Another { fires: episode.is_firing() },
        };
    }
    if episode.is_firing() && episode.is_of_this_episode(starts_at) {
        return News::Repeated;
    }
    let came_back = !i.has_firing_alert();
    match (&i.state, &i.course.clearing) {
        // Whoever was asked was told that it is over.
        (State::Triggered { .. } | State::Acknowledged { by: None, .. }, Some(_)) => News::Back,
        // But for its flapping, it would have been resolved, and would come back.
        (State::Acknowledged { .. }, Some(Clearing { held_from: Some(from), .. })) if *from <= d.stamp.at => News::Back,
        (State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. }, _) => {
            News::Fired { came_back }
        }
    }
}

/// A trigger that arrives after its own episode was resolved: overtaken on the way, or (Alertmanager) a member of a
/// group sent again with its old `startsAt`. Once its monitor had said that it is over, only what comes right after that was
/// overtaken: later, the monitor says so anew (Alertmanager lost Prometheus, called it over, and found it again). What a person resolved waits for the time at which it pages again, and for
/// ever where they declined that. Anything else is believed after the grace: better one page too many.
fn is_old_news(d: &Decision<'_>, i: &Incident, alert: &Alert, starts_at: Option<At>) -> bool {
    let State::Resolved { since, .. } = &i.state else { return false };
    let was_silent = alert.counts_as_cleared_at().is_some_and(|due| due <= d.stamp.at);
    if was_silent || !alert.is_of_this_episode(starts_at) {
        return false;
    }
    if alert.is_firing() && i.course.page_again.is_some() {
        return true;
    }
    let (since, secs) = match alert.state {
        AlertState::Firing => (*since, d.directory.settings.resolve_grace_secs),
        AlertState::Cleared { since: cleared, .. } => (cleared, OVERTAKEN_SECS),
    };
    (-STEPPED_SECS * 1000..secs * 1000).contains(&(d.stamp.wall.0 - since.0))
}

/// The same incident again: with whoever had it, asleep as long as it was to be, or paging on where it stopped.
fn come_back(d: &mut Decision<'_>, no: IncidentNo, key: &AlertKey, starts_at: Option<At>) {
    let Some(i) = d.incident(no) else { return };
    let had = match &i.state {
        State::Resolved { .. } => i.course.back.as_ref().and_then(|b| b.had.clone()),
        State::Acknowledged { by: Some(by), .. } => Some(Had::Acknowledged { by: by.clone() }),
        State::Acknowledged { by: None, .. } | State::Triggered { .. } | State::Snoozed { .. } => None,
    };
    let (had, also) = match had {
        // The snooze would have ended meanwhile: as it ends.
        Some(Had::Snoozed { by, due, .. }) if due <= d.stamp.at => (None, Some(by)),
        Some(Had::Acknowledged { by }) if !paging::can_be_asked(d, &by, i.urgency) => (None, None),
        had => (had, None),
    };
    drop(i);
    let_go(d, no);
    let Some(i) = d.world().incident(no) else { return };
    let Some((alert, _)) = i.alert(key) else { return };
    let ask_at = d.ask_at(i.urgency).filter(|_| matches!(had, Some(Had::Acknowledged { .. })));
    d.emit(Fact::CameBack { incident: no, alert, starts_at, had: had.clone(), ask_at });
    flaps(d, no);
    match had {
        Some(Had::Acknowledged { by }) => escalation::tell_it_is_back(d, no, &by),
        Some(Had::Snoozed { .. }) => {}
        None => escalation::page_on(d, no, also),
    }
}

/// Alerts that lead to another incident by now stay there.
fn let_go(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no) else { return };
    let leads_elsewhere = |a: &Alert| {
        let key = AlertKey { service: a.service_in(&i).clone(), dedup: a.dedup.clone() };
        d.world().by_alert.get(&key) != Some(&no)
    };
    let gone: Vec<u32> = (0u32..).zip(&i.alerts).filter(|(_, a)| leads_elsewhere(a)).map(|(n, _)| n).collect();
    for alert in gone.into_iter().rev() {
        d.emit(Fact::AlertLetGo { incident: no, alert });
    }
}

/// Fired again after everything had cleared: the third time in an hour, it flaps. What flaps goes on to as long as
/// anything changes.
fn flaps(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.world().incident(no) else { return };
    let settings = &d.directory.settings;
    let begin = d.stamp.wall.plus_secs(-settings.flapping_window_secs);
    let fired = i.course.returns.iter().chain([&i.opened]).filter(|at| **at > begin).count();
    if i.course.flapping.is_some() || fired >= settings.flapping_times {
        let until = d.stamp.at.plus_secs(settings.flapping_window_secs);
        d.emit(Fact::Flapping { incident: no, until });
    }
}

/// The source never says that the alert is over: an event counts for so long.
pub(super) fn heard(d: &mut Decision<'_>, key: &AlertKey, secs: Option<i64>) {
    let Some(i) = d.world().incident_of(key) else { return };
    if let Some((alert, known)) = i.alert(key)
        && known.is_firing()
    {
        let due = secs.map(|secs| d.stamp.at.plus_secs(secs));
        d.emit(Fact::AlertHeard { incident: i.no, alert, due });
    }
}

pub(super) fn acknowledge(d: &mut Decision<'_>, key: &AlertKey) {
    let Some(incident) = d.world().incident_of(key).cloned() else {
        return;
    };
    match &incident.state {
        // Whatever flaps and has cleared waits for nobody.
        State::Triggered { .. } if incident.course.clearing.is_none() => {
            paging::revoke_pages(d, incident.no, None, RevokeReason::Answered);
            let ask_at = d.ask_at(incident.urgency);
            d.emit(Fact::AcknowledgedByEvent { incident: incident.no, ask_at });
        }
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {
            if let Some((alert, _)) = incident.alert(key) {
                d.emit(Fact::EventLate { incident: incident.no, alert, action: EventAction::Acknowledge });
            }
        }
    }
}

pub(super) fn resolve(d: &mut Decision<'_>, key: &AlertKey, event: &Event) {
    let Some(incident) = d.world().incident_of(key) else {
        return;
    };
    let Some((alert, known)) = incident.alert(key) else {
        return;
    };
    let no = incident.no;
    // The end of an earlier episode, arriving after the next one began, says nothing about this one.
    let is_earlier_episode = matches!((event.starts_at, known.starts_at), (Some(e), Some(k)) if e < k);
    if !known.is_firing() || is_earlier_episode {
        d.emit(Fact::EventLate { incident: no, alert, action: EventAction::Resolve });
        return;
    }
    d.emit(Fact::AlertCleared { incident: no, alert, ends_at: event.ends_at });
    cleared(d, no);
}

/// An alert cleared. When it was the last: resolved at once where nobody has it; else when it stayed quiet.
pub(super) fn cleared(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.world().incident(no) else { return };
    if i.course.flapping.is_some() {
        flaps(d, no);
    }
    let Some(i) = d.world().incident(no) else { return };
    // What a person reported, or called major, only a person ends.
    if i.has_firing_alert() || i.is_resolved() || i.only_a_person_ends_it() {
        return;
    }
    let (wall, at) = (d.stamp.wall, d.stamp.at);
    let settings = &d.directory.settings;
    let quiet = if i.is_with_somebody() { settings.auto_resolve_after_secs } else { 0 };
    let hold = if i.course.flapping.is_some() { settings.flapping_hold_secs } else { 0 };
    let wait = quiet.max(hold);
    if wait == 0 {
        return resolve_by_itself(d, no, None);
    }
    let stops = !i.is_with_somebody();
    if stops {
        paging::revoke_pages(d, no, None, RevokeReason::Cleared);
    }
    d.emit(Fact::WillResolve {
        incident: no,
        cleared: wall,
        until: wall.plus_secs(wait),
        due: at.plus_secs(wait),
        held_from: (hold > quiet).then(|| at.plus_secs(quiet)),
        stops,
    });
}

/// A person did something to an incident in which nothing fires: it is not quiet, so it is resolved later.
pub(super) fn not_quiet(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.world().incident(no).filter(|i| !i.is_resolved()) else { return };
    let Some(clearing) = i.course.clearing.clone() else { return };
    let wait = d.directory.settings.auto_resolve_after_secs;
    let due = d.stamp.at.plus_secs(wait);
    let (due, until) = match due > clearing.due {
        true => (due, d.stamp.wall.plus_secs(wait)),
        false => (clearing.due, clearing.until),
    };
    let held_from = clearing.held_from.map(|from| from.max(d.stamp.at.plus_secs(wait))).filter(|from| *from < due);
    if (due, held_from) != (clearing.due, clearing.held_from) {
        let cleared = clearing.since;
        d.emit(Fact::WillResolve { incident: no, cleared, until, due, held_from, stops: false });
    }
}

/// What is due of an incident's coming and going.
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    let at = d.stamp.at;
    let silent = |d: &Decision<'_>| {
        let i = d.world().incident(no)?;
        let mut all = (0u32..).zip(&i.alerts);
        all.find(|(_, a)| a.counts_as_cleared_at().is_some_and(|due| due <= at)).map(|(n, _)| n)
    };
    while let Some(alert) = silent(d) {
        d.emit(Fact::AlertSilent { incident: no, alert });
        cleared(d, no);
    }
    let Some(i) = d.incident(no) else { return };
    let snooze_is_over = matches!(&i.state, State::Snoozed { due, .. } if *due <= at);
    if let Some(clearing) = &i.course.clearing
        && (clearing.due <= at || snooze_is_over)
    {
        resolve_by_itself(d, no, Some(clearing.since));
    }
    if i.is_resolved() && i.course.pages_again_at().is_some_and(|due| due <= at) {
        not_cleared(d, no);
    }
    if i.course.flapping.is_some_and(|until| until <= at) {
        d.emit(Fact::FlappingEnded { incident: no });
    }
}

/// A person resolved it, and its time to clear is over.
fn not_cleared(d: &mut Decision<'_>, no: IncidentNo) {
    let_go(d, no);
    let Some(i) = d.incident(no) else { return };
    let State::Resolved { since, .. } = &i.state else { return };
    // Where no event says that it is over, none since it was resolved says so.
    let is_over = |a: &Alert| a.is_firing() && a.silence.is_some_and(|s| s.since <= *since);
    let over: Vec<u32> = (0u32..).zip(&i.alerts).filter(|(_, a)| is_over(a)).map(|(n, _)| n).collect();
    for alert in over {
        d.emit(Fact::AlertSilent { incident: no, alert });
    }
    if d.world().incident(no).is_some_and(|i| i.has_firing_alert()) {
        d.emit(Fact::NotCleared { incident: no });
        if i.urgency == Urgency::High {
            escalation::start_main_call(d, no, Vec::new());
        }
        urgency::fires_on(d, no);
    }
}

/// Resolved by a person: while alerts fire, it pages again if they still do after a while.
pub(super) fn resolve_by_person(d: &mut Decision<'_>, no: IncidentNo, by: &UserId, note: Text) {
    resolve_incident(d, no, ResolvedBy::User(by.clone()), note, None, None);
    let secs = d.directory.settings.resolve_grace_secs;
    if d.world().incident(no).is_some_and(|i| i.has_firing_alert()) {
        let (until, due) = (d.stamp.wall.plus_secs(secs), d.stamp.at.plus_secs(secs));
        d.emit(Fact::PageAgainPlanned { incident: no, until, due });
    }
}

/// It stays resolved until its alerts clear or fire anew.
pub(super) fn decline_page_again(d: &mut Decision<'_>, i: &Incident, by: &UserId) -> Result<(), Refusal> {
    if !i.is_resolved() || i.course.pages_again_at().is_none() {
        return Err(Refusal::PagesNobodyAgain { incident: i.no });
    }
    d.emit(Fact::PageAgainDeclined { incident: i.no, by: by.clone() });
    Ok(())
}

fn resolve_by_itself(d: &mut Decision<'_>, no: IncidentNo, quiet_since: Option<At>) {
    let back_until = d.stamp.at.plus_secs(d.directory.settings.refire_within_secs);
    resolve_incident(d, no, ResolvedBy::Monitor, Text::default(), Some(back_until), quiet_since);
}

/// Resolved for good, by nobody's hand.
pub(super) fn resolve_unanswered(d: &mut Decision<'_>, no: IncidentNo) {
    resolve_incident(d, no, ResolvedBy::Unanswered, Text::default(), None, None);
}

/// Resolves: every page under way is called back, every call stops.
fn resolve_incident(
    d: &mut Decision<'_>,
    incident: IncidentNo,
    by: ResolvedBy,
    note: Text,
    back_until: Option<At>,
    quiet_since: Option<At>,
) {
    paging::revoke_pages(d, incident, None, RevokeReason::Resolved);
    let close_at = d.stamp.at.plus_secs(d.directory.settings.close_after_secs);
    d.emit(Fact::Resolved { incident, by, note, close_at, back_until, quiet_since });
}
