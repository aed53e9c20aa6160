//! What further events of a known alert do.

use super::alert::Alert;
use super::decision::Decision;
use super::escalation;
use super::fact::{Fact, ResolvedBy};
use super::id::{AlertKey, IncidentNo};
use super::incident::{Incident, State};
use super::input::{Event, EventAction};
use super::page::RevokeReason;
use super::text::Text;

/// What a trigger of an alert whose incident is still the one to talk about is; `None` for a new incident.
pub(super) fn of_known(d: &Decision<'_>, key: &AlertKey, event: &Event) -> Option<Fact> {
    let known = d.world().incident_of(key)?;
    let (alert, episode) = known.alert(key)?;
    let incident = known.no;
    if !known.is_resolved() {
        let repeats = episode.is_firing() && episode.is_of_this_episode(event.starts_at);
        Some(match repeats {
            true => Fact::AlertRepeated { incident, alert },
            false => Fact::AlertFired { incident, alert, starts_at: event.starts_at },
        })
    } else if is_old_news(d, known, episode, event) {
        Some(Fact::EventLate { incident, alert, action: EventAction::Trigger })
    } else {
        None
    }
}

/// A trigger that arrives after its own episode was resolved: overtaken on the way, or (Alertmanager) a member of a
/// group sent again with its old `startsAt`. After the grace it is believed: better one page too many.
fn is_old_news(d: &Decision<'_>, incident: &Incident, alert: &Alert, event: &Event) -> bool {
    let State::Resolved { since, .. } = &incident.state else {
        return false;
    };
    let grace_ms = d.directory.settings.resolve_grace_secs * 1000;
    alert.is_of_this_episode(event.starts_at) && d.stamp.wall.0 - since.0 < grace_ms
}

pub(super) fn acknowledge(d: &mut Decision<'_>, key: &AlertKey) {
    let Some(incident) = d.world().incident_of(key).cloned() else {
        return;
    };
    match &incident.state {
        State::Triggered { .. } => {
            escalation::revoke_pages(d, incident.no, None, RevokeReason::Answered);
            let ask_at = d.ask_at(incident.urgency);
            d.emit(Fact::AcknowledgedByEvent { incident: incident.no, ask_at });
        }
        State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {
            if let Some((alert, _)) = incident.alert(key) {
                d.emit(Fact::EventLate { incident: incident.no, alert, action: EventAction::Acknowledge });
            }
        }
    }
}

pub(super) fn resolve(d: &mut Decision<'_>, key: &AlertKey, event: &Event) {
    let Some(incident) = d.world().incident_of(key).cloned() else {
        return;
    };
    let Some((alert, known)) = incident.alert(key) else {
        return;
    };
    // The end of an earlier episode, arriving after the next one began, says nothing about this one.
    let is_earlier_episode = matches!((event.starts_at, known.starts_at), (Some(e), Some(k)) if e < k);
    if !known.is_firing() || is_earlier_episode {
        d.emit(Fact::EventLate { incident: incident.no, alert, action: EventAction::Resolve });
        return;
    }
    // What a person reported, only a person ends.
    let (no, stays) = (incident.no, incident.is_resolved() || incident.reported_by().next().is_some());
    // Held any longer, it would be copied to be changed.
    drop(incident);
    d.emit(Fact::AlertCleared { incident: no, alert, ends_at: event.ends_at });
    let still_firing = d.world().incident(no).is_some_and(|i| i.has_firing_alert());
    if !still_firing && !stays {
        resolve_incident(d, no, ResolvedBy::Monitor, Text::default());
    }
}

/// Resolves: every page under way is called back, every call stops.
pub(super) fn resolve_incident(d: &mut Decision<'_>, incident: IncidentNo, by: ResolvedBy, note: Text) {
    escalation::revoke_pages(d, incident, None, RevokeReason::Resolved);
    let close_at = d.stamp.at.plus_secs(d.directory.settings.close_after_secs);
    d.emit(Fact::Resolved { incident, by, note, close_at });
}
