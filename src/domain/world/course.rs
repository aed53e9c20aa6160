//! What the facts of alerts that come and go do to an incident's [`Course`].
//!
//! [`Course`]: crate::domain::course::Course

use crate::domain::alert::AlertState;
use crate::domain::course::{Back, Had, RETURNS_KEPT};
use crate::domain::incident::{Incident, State};
use crate::domain::stamp::At;

/// What was to follow because nothing fires, or because something does, follows no more where that changed.
pub(super) fn alerts_changed(i: &mut Incident) {
    if i.has_firing_alert() {
        i.course.clearing = None;
    } else {
        i.course.page_again = None;
    }
}

pub(super) fn fires(i: &mut Incident, alert: u32, starts_at: Option<At>) {
    if let Some(a) = i.alert_mut(alert) {
        a.state = AlertState::Firing;
        a.starts_at = starts_at;
    }
    alerts_changed(i);
}

pub(super) fn clears(i: &mut Incident, alert: u32, wall: At) {
    if let Some(a) = i.alert_mut(alert) {
        a.state = AlertState::Cleared { since: wall, ends_at: None };
    }
    alerts_changed(i);
}

/// It fires again after everything had cleared.
pub(super) fn returns(i: &mut Incident, wall: At) {
    i.course.returns.push(wall);
    if i.course.returns.len() > RETURNS_KEPT {
        i.course.returns.remove(0);
    }
}

/// The incident is about to be resolved; by itself where `back_until` says so.
pub(super) fn resolved(i: &mut Incident, back_until: Option<At>, quiet_since: Option<At>) {
    let had = match &i.state {
        State::Acknowledged { by, .. } => by.clone().map(|by| Had::Acknowledged { by }),
        State::Snoozed { by, until, due, .. } => Some(Had::Snoozed { by: by.clone(), until: *until, due: *due }),
        State::Triggered { .. } | State::Resolved { .. } => None,
    };
    i.course.back = back_until.map(|until| Back { until, quiet_since, had });
    i.course.clearing = None;
    i.course.page_again = None;
}

pub(super) fn open_again(i: &mut Incident) {
    i.course.back = None;
    i.course.clearing = None;
    i.course.page_again = None;
}
