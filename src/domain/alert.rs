//! What a dedup key names, and what a monitor's events do.

use super::decision::Decision;
use super::directory::{Service, Urgency};
use super::escalation;
use super::fact::{Fact, IncidentOpened, ResolvedBy};
use super::id::{AlertKey, IncidentNo, ServiceId};
use super::incident::{Incident, State};
use super::input::{Delivery, Event, EventAction, Source, Unreadable};
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    pub dedup: Arc<str>,
    /// The service that was told, where it is not the incident's: the alert came with a merged incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceId>,
    /// Events of this episode, the first included.
    pub count: u64,
    /// When the problem began, by the sender's clock: names the episode.
    pub starts_at: Option<At>,
    pub state: AlertState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    Firing,
    /// On the wall clock, and by the sender's clock.
    Cleared {
        since: At,
        ends_at: Option<At>,
    },
}

impl Alert {
    /// The service that was told.
    pub fn service_in<'a>(&'a self, incident: &'a Incident) -> &'a ServiceId {
        self.service.as_ref().unwrap_or(&incident.service)
    }

    pub fn is_firing(&self) -> bool {
        self.state == AlertState::Firing
    }

    /// Does a trigger that says `starts_at` speak of this episode or an earlier one? Where the sender does not say, an
    /// episode lasts until the sender ends it.
    pub fn is_of_this_episode(&self, starts_at: Option<At>) -> bool {
        match (starts_at, self.starts_at) {
            (Some(event), Some(episode)) => event <= episode,
            (None, _) | (_, None) => self.is_firing(),
        }
    }
}

/// Decides all events of one body, in their order.
pub(super) fn events(d: &mut Decision<'_>, delivery: &Delivery) -> Result<(), Refusal> {
    let service = service_of(d, &delivery.service)?;
    for event in &delivery.events {
        let key = AlertKey { service: delivery.service.clone(), dedup: event.dedup_key.clone() };
        match event.action {
            EventAction::Trigger => trigger(d, service, &key, event, delivery.source, delivery.urgency),
            EventAction::Acknowledge => acknowledge(d, &key),
            EventAction::Resolve => resolve(d, &key, event),
        }
    }
    Ok(())
}

/// A body nobody could read is an alert of its own: one open incident per key, counted.
pub(super) fn unreadable(d: &mut Decision<'_>, body: &Unreadable) -> Result<(), Refusal> {
    let key = body.alert_key();
    let event = Event {
        action: EventAction::Trigger,
        dedup_key: key.dedup.clone(),
        title: body.title.clone(),
        link: String::new(),
        labels: vec![
            ("problem".to_owned(), body.problem.clone()),
            ("key".to_owned(), body.key_name.clone()),
            ("body".to_owned(), body.excerpt.clone()),
        ],
        starts_at: None,
        ends_at: None,
    };
    let service = service_of(d, &key.service)?;
    trigger(d, service, &key, &event, Source::Warridor, body.urgency);
    Ok(())
}

/// The only thing a body can be refused for, before its first fact.
fn service_of<'a>(d: &Decision<'a>, id: &ServiceId) -> Result<&'a Service, Refusal> {
    d.directory.services.get(id).ok_or_else(|| Refusal::NoSuchService(id.clone()))
}

fn trigger(
    d: &mut Decision<'_>,
    service: &Service,
    key: &AlertKey,
    event: &Event,
    source: Source,
    urgency: Option<Urgency>,
) {
    match of_known(d, key, event) {
        Some(fact) => d.emit(fact),
        None => open(d, service, key, event, source, urgency),
    }
}

/// What a trigger of an alert whose incident is still the one to talk about is; `None` for a new incident.
fn of_known(d: &Decision<'_>, key: &AlertKey, event: &Event) -> Option<Fact> {
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

fn open(
    d: &mut Decision<'_>,
    service: &Service,
    key: &AlertKey,
    event: &Event,
    source: Source,
    urgency: Option<Urgency>,
) {
    let earlier = d.world().incident_of(key).map(|i| i.no);
    let labels: Vec<String> =
        event.labels.iter().map(|(name, value)| format!("{}: {}", line(name), line(value))).collect();
    let blank = blank(d, service, source, urgency);
    open_incident(
        d,
        IncidentOpened {
            dedup: event.dedup_key.clone(),
            earlier,
            starts_at: event.starts_at,
            title: Text::new(line(&event.title)),
            link: Text::new(event.link.as_str()),
            labels: Text::new(labels.join("\n")),
            ..blank
        },
    );
}

/// The next incident of a service, with nothing said about it yet.
fn blank(d: &Decision<'_>, service: &Service, source: Source, urgency: Option<Urgency>) -> IncidentOpened {
    IncidentOpened {
        incident: IncidentNo(d.world().meta.last_incident.0 + 1),
        service: service.id.clone(),
        team: service.team.clone(),
        channel: service.channel.clone(),
        tier: service.tier,
        urgency: urgency.unwrap_or(service.urgency),
        policy: service.policy.clone(),
        source,
        dedup: "".into(),
        by: None,
        earlier: None,
        starts_at: None,
        title: Text::default(),
        link: Text::default(),
        labels: Text::default(),
    }
}

/// Opens it, and asks for somebody unless it is of low urgency.
fn open_incident(d: &mut Decision<'_>, opened: IncidentOpened) {
    let (incident, urgency) = (opened.incident, opened.urgency);
    d.emit(Fact::IncidentOpened(Box::new(opened)));
    if urgency == Urgency::High {
        escalation::start_main_call(d, incident, Vec::new());
    }
}

/// An incident without a monitor.
pub(super) fn raise(d: &mut Decision<'_>, raise: &super::input::Raise) -> Result<(), Refusal> {
    let service = service_of(d, &raise.service)?;
    let title = line(&raise.title);
    if title.is_empty() {
        return Err(Refusal::EmptyTitle { service: service.id.clone() });
    }
    let blank = blank(d, service, Source::Person, raise.urgency);
    open_incident(d, IncidentOpened { by: Some(raise.by.clone()), title: Text::new(title), ..blank });
    Ok(())
}

/// One line: whatever breaks lines becomes a space.
fn line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
}

fn acknowledge(d: &mut Decision<'_>, key: &AlertKey) {
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

fn resolve(d: &mut Decision<'_>, key: &AlertKey, event: &Event) {
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
