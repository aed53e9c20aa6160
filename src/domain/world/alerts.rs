//! What the facts of its alerts do to an incident.

use super::course;
use super::response::timeout;
use super::timeline::log;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::course::Had;
use crate::domain::fact::AlertJoined;
use crate::domain::incident::{Happening, Incident, State};
use crate::domain::stamp::At;
use std::sync::Arc;

pub(super) fn joined(i: &mut Incident, j: &AlertJoined, wall: At) {
    let title = j.title.body().clone();
    let told = (j.service != i.service).then(|| j.service.clone());
    i.alerts.push(Arc::new(Alert {
        sent_to: told.as_ref().map(|_| i.service.clone()),
        service: told,
        title: title.clone(),
        ..Alert::new(j.dedup.clone(), j.starts_at)
    }));
    if let Some(group) = &mut i.group {
        group.last = wall;
    }
    course::alerts_changed(i);
    count_trigger(i, wall);
    log(i, wall, Happening::AlertJoined { title, rule: j.rule.clone() });
}

pub(super) fn fired(i: &mut Incident, alert: u32, starts_at: Option<At>, came_back: bool, wall: At) {
    count_event(i, alert);
    count_trigger(i, wall);
    if let Some(a) = i.alert_mut(alert) {
        a.state = AlertState::Firing;
        a.starts_at = starts_at;
    }
    if came_back {
        course::returns(i, wall);
    }
    course::alerts_changed(i);
    log(i, wall, Happening::FiredAgain);
}

pub(super) fn cleared(i: &mut Incident, alert: u32, ends_at: Option<At>, wall: At) {
    count_event(i, alert);
    if let Some(a) = i.alert_mut(alert) {
        a.state = AlertState::Cleared { since: wall, ends_at };
    }
    course::alerts_changed(i);
    log(i, wall, Happening::Cleared);
}

pub(super) fn came_back(
    i: &mut Incident,
    alert: u32,
    starts_at: Option<At>,
    had: &Option<Had>,
    ask_at: Option<At>,
    wall: At,
) {
    count_event(i, alert);
    count_trigger(i, wall);
    course::open_again(i);
    course::fires(i, alert, starts_at);
    course::returns(i, wall);
    i.closed = false;
    i.mitigated = None;
    i.not_actionable = None;
    i.state = match had {
        None => State::Triggered { since: wall },
        Some(Had::Acknowledged { by }) => {
            State::Acknowledged { by: Some(by.clone()), since: wall, timeout: timeout(ask_at) }
        }
        Some(Had::Snoozed { by, until, due }) => {
            State::Snoozed { by: by.clone(), since: wall, until: *until, due: *due }
        }
    };
    log(i, wall, Happening::CameBack { had: had.clone() });
}

pub(super) fn let_go(i: &mut Incident, alert: u32) {
    if (alert as usize) < i.alerts.len() {
        i.alerts.remove(alert as usize);
        i.first_let_go |= alert == 0;
    }
    course::alerts_changed(i);
}

pub(super) fn count_event(i: &mut Incident, alert: u32) {
    if let Some(a) = i.alert_mut(alert) {
        a.count += 1;
    }
}

/// One more trigger of its alerts, where it waits for several.
pub(super) fn count_trigger(i: &mut Incident, wall: At) {
    if let Some(counting) = i.counting.take() {
        i.counting = counting.with(wall);
    }
}
