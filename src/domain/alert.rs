//! What a dedup key names, and what a monitor's events do.

use super::decision::Decision;
use super::directory::{Service, Urgency};
use super::id::{AlertKey, ServiceId};
use super::incident::Incident;
use super::input::{Delivery, Event, EventAction, Source, Unreadable};
use super::refusal::Refusal;
use super::stamp::At;
use super::{episode, fyi, opening, threshold, urgency};
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
    /// Its source never says that it is over: how long it is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silence: Option<Silence>,
    /// Low: a more urgent event of it raises the incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgency: Option<Urgency>,
    /// The service that a rule sent it to, where one did: it says how urgent it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_to: Option<ServiceId>,
    /// What is wrong, where the incident's title does not say it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub title: Arc<str>,
}

/// When an alert was heard of, and until when that holds: then it counts as cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// The last event, on the wall clock.
    pub since: At,
    /// On the line of `at`; without it, only a person ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
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
    /// One that fires for the first time.
    pub fn new(dedup: Arc<str>, starts_at: Option<At>) -> Self {
        Self {
            dedup,
            service: None,
            count: 1,
            starts_at,
            state: AlertState::Firing,
            silence: None,
            urgency: None,
            sent_to: None,
            title: "".into(),
        }
    }

    /// The service that was told.
    pub fn service_in<'a>(&'a self, incident: &'a Incident) -> &'a ServiceId {
        self.service.as_ref().unwrap_or(&incident.service)
    }

    /// The service whose it is: where a rule sent it, else the one that was told.
    pub fn belongs_to<'a>(&'a self, incident: &'a Incident) -> &'a ServiceId {
        self.sent_to.as_ref().unwrap_or_else(|| self.service_in(incident))
    }

    /// When it does, unless it is heard of before.
    pub fn counts_as_cleared_at(&self) -> Option<At> {
        self.silence.filter(|_| self.is_firing()).and_then(|s| s.due)
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
    let service = opening::service_of(d, &delivery.service)?;
    for event in &delivery.events {
        let key = AlertKey { service: delivery.service.clone(), dedup: event.dedup_key.clone() };
        match event.action {
            EventAction::Trigger => {
                trigger(d, service, &key, event, delivery);
                let told = delivery.resolve_after_secs.or(service.resolve_after_secs);
                let secs = told.or_else(|| resolve_after_where_sent(d, &key));
                // What is silent says by a heartbeat that it is over.
                if let Some(secs) = secs.filter(|_| delivery.source != Source::Heartbeat) {
                    episode::heard(d, &key, Some(secs));
                }
            }
            EventAction::Acknowledge => episode::acknowledge(d, &key),
            EventAction::Resolve => resolve(d, &key, event),
        }
    }
    Ok(())
}

/// It is over, whatever it had become.
pub(super) fn resolve(d: &mut Decision<'_>, key: &AlertKey, event: &Event) {
    let informed = fyi::resolve(d, key, event);
    // The same key may have become an alert meanwhile, or have been one before.
    let fires = || d.world().incident_of(key).and_then(|i| i.alert(key)).is_some_and(|(_, a)| a.is_firing());
    if !informed || fires() {
        episode::resolve(d, key, event);
    }
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
    let service = opening::service_of(d, &key.service)?;
    let (source, urgency, by_key) = (Source::Warridor, body.urgency, Some(body.key_name.as_str().into()));
    let service_id = body.service.clone();
    let delivery =
        Delivery { service: service_id, source, urgency, resolve_after_secs: None, key: by_key, events: Vec::new() };
    trigger(d, service, &key, &event, &delivery);
    // Nobody says when bodies can be read again.
    episode::heard(d, &key, None);
    Ok(())
}

/// What the service says to which a rule sent it.
fn resolve_after_where_sent(d: &Decision<'_>, key: &AlertKey) -> Option<i64> {
    let (_, alert) = d.world().incident_of(key)?.alert(key)?;
    d.directory.services.get(alert.sent_to.as_ref()?)?.resolve_after_secs
}

fn trigger(d: &mut Decision<'_>, service: &Service, key: &AlertKey, event: &Event, from: &Delivery) {
    if !episode::fires(d, key, event) {
        opening::begin(d, service, key, event, from);
        return;
    }
    let Some(i) = d.world().incident_of(key) else { return };
    let no = i.no;
    // Only low urgency can rise; of most alerts that is the end.
    if i.urgency == Urgency::Low {
        let sent_to = i.alert(key).and_then(|(_, alert)| alert.sent_to.as_ref());
        let rates = sent_to.and_then(|id| d.directory.services.get(id)).unwrap_or(service);
        urgency::heard(d, rates, key, event, from.urgency);
    }
    threshold::look(d, no);
}
