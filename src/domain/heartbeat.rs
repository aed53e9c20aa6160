//! What is to be heard of every so often: a job that ran, a monitor that still watches. Silence is an alert like any
//! other, and the next beat clears it.
//!
//! Silence counts only while somebody could have been heard: a start, a clock that jumped and beats that could not be
//! written put it off. Not for ever: a pager that starts over and over must not be deaf and quiet.

use super::alert;
use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::id::{AlertKey, HeartbeatId, ServiceId};
use super::input::{Delivery, Event, EventAction, Source};
use super::routing::{self, Destination};
use super::stamp::{At, Stamp};
use super::urgency;
use super::world::{Wake, World};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Once Warridor can hear again, what comes this often was heard by then,
const HEARD_AGAIN_SECS: i64 = 10 * 60;
/// with as much of its grace as matters then,
const GRACE_AGAIN_SECS: i64 = 60 * 60;
/// and so often in a row that counts.
const PUT_OFF_MAX: u32 = 5;
/// Beats that were turned away count so often in a row: a store that refuses now and then must not hide silence.
const TURNED_AWAY_MAX: u32 = 12;
/// While beats are turned away, silence is put off by so much at a time: each time is a fact, and room is short then.
const TURNED_AWAY_SECS: i64 = 30 * 60;

/// One of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    pub id: HeartbeatId,
    /// For people.
    pub name: String,
    /// Whose alert its silence is.
    pub service: ServiceId,
    /// Fixes the urgency of its silence.
    pub urgency: Option<Urgency>,
    pub every_secs: i64,
    /// So much later is no silence yet.
    pub grace_secs: i64,
    /// A key of it is there: else nobody could be heard.
    pub watched: bool,
}

/// One that is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watched {
    pub service: ServiceId,
    pub every_secs: i64,
    pub grace_secs: i64,
    /// It has been waited for since then, on the wall clock.
    pub since: At,
    /// When it was heard of last, on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<At>,
    /// When it was heard of last, or else waited for first, on the line of delays.
    pub from: At,
    pub stands: Stands,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    /// Silent when nothing comes by then, on the line of delays. `put_off`: so often in a row it might not have been heard.
    Waits {
        due: At,
        #[serde(default, skip_serializing_if = "is_zero")]
        put_off: u32,
    },
    /// Since then, on the wall clock. `put_off`: as it waited.
    Silent {
        since: At,
        #[serde(default, skip_serializing_if = "is_zero")]
        put_off: u32,
    },
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

impl Watched {
    /// When it falls silent, if nothing comes; on the line of delays.
    pub fn wake(&self) -> Option<At> {
        match self.stands {
            Stands::Waits { due, .. } => Some(due),
            Stands::Silent { .. } => None,
        }
    }

    /// How often in a row it might not have been heard.
    pub fn put_off(&self) -> u32 {
        match self.stands {
            Stands::Waits { put_off, .. } | Stands::Silent { put_off, .. } => put_off,
        }
    }

    pub fn is_silent(&self) -> bool {
        matches!(self.stands, Stands::Silent { .. })
    }

    pub(super) fn heard(self, due: At, stamp: Stamp) -> Self {
        Self { last: Some(stamp.wall), from: stamp.at, stands: Stands::Waits { due, put_off: 0 }, ..self }
    }

    /// Listened to from `at` on, it is heard by then.
    fn heard_again(&self, at: At) -> At {
        at.plus_secs(self.every_secs.min(HEARD_AGAIN_SECS) + self.grace_secs.min(GRACE_AGAIN_SECS))
    }

    fn key(&self, id: &HeartbeatId) -> AlertKey {
        AlertKey { service: self.service.clone(), dedup: dedup_key(id) }
    }
}

/// What a fact makes of one that is known, or is not. When it was heard of stays.
pub(super) fn watched(
    known: Option<Watched>,
    service: &ServiceId,
    (every_secs, grace_secs): (i64, i64),
    due: Option<At>,
    stamp: Stamp,
) -> Watched {
    let (since, last, from) = known.as_ref().map_or((stamp.wall, None, stamp.at), |k| (k.since, k.last, k.from));
    let stands = match (due, known.map(|k| k.stands)) {
        (Some(due), _) => Stands::Waits { due, put_off: 0 },
        (None, Some(stands @ Stands::Silent { .. })) => stands,
        (None, _) => Stands::Silent { since: stamp.wall, put_off: 0 },
    };
    Watched { service: service.clone(), every_secs, grace_secs, since, last, from, stands }
}

/// What the names of such alerts begin with. Nobody else's do.
pub const ALERTS: &str = "warridor/heartbeat/";

/// What names its silence.
pub fn dedup_key(id: &HeartbeatId) -> Arc<str> {
    format!("{ALERTS}{id}").into()
}

/// The alerts of what is silent.
pub(super) fn silent(world: &World) -> impl Iterator<Item = AlertKey> {
    world.heartbeats.iter().filter(|(_, w)| w.is_silent()).map(|(id, w)| w.key(id))
}

/// The alert that ends when this one is heard of.
pub(super) fn heard_of(world: &World, id: &HeartbeatId) -> Option<AlertKey> {
    world.heartbeats.get(id).filter(|w| w.is_silent()).map(|w| w.key(id))
}

/// The alerts of what falls silent next.
pub(super) fn falling_silent(world: &World, at: At) -> impl Iterator<Item = AlertKey> {
    world.due(at, super::deadline::DUE_AT_ONCE).into_iter().filter_map(|wake| match wake {
        Wake::Heartbeat(id) => Some(world.heartbeats.get(&id)?.key(&id)),
        Wake::Incident(_)
        | Wake::Shift(_)
        | Wake::Draft(_)
        | Wake::Handoff(_)
        | Wake::Rca(_)
        | Wake::Item(_)
        | Wake::Override(_)
        | Wake::Post(_)
        | Wake::Announcement(_)
        | Wake::Quiet(_)
        | Wake::Ahead(_)
        | Wake::Sweep => None,
    })
}

/// It was heard of. What the configuration names no more is nobody's.
pub(super) fn beat(d: &mut Decision<'_>, id: &HeartbeatId) {
    let Some(watched) = d.world().heartbeats.get(id).cloned() else { return };
    let due = d.stamp.at.plus_secs(watched.every_secs + watched.grace_secs);
    d.emit(Fact::HeartbeatHeard { heartbeat: id.clone(), due });
    if watched.is_silent() {
        clear(d, &watched.key(id));
    }
    // It was only remembered for its silence: nobody waits for the next one.
    if d.directory.heartbeats.get(id).is_none_or(|h| !h.watched) {
        d.emit(Fact::HeartbeatForgotten { heartbeat: id.clone() });
    }
}

/// Nothing came in time.
pub(super) fn due(d: &mut Decision<'_>, id: &HeartbeatId) {
    let Some(watched) = d.world().heartbeats.get(id).cloned() else { return };
    let Some(heartbeat) = d.directory.heartbeats.get(id) else {
        d.emit(Fact::HeartbeatForgotten { heartbeat: id.clone() });
        return;
    };
    d.emit(Fact::HeartbeatSilent { heartbeat: id.clone() });
    let event = silence(heartbeat, &watched, d.stamp);
    tell(d, heartbeat, &watched, event);
}

fn tell(d: &mut Decision<'_>, heartbeat: &Heartbeat, watched: &Watched, event: Event) {
    let delivery = Delivery {
        service: watched.service.clone(),
        source: Source::Heartbeat,
        urgency: heartbeat.urgency,
        resolve_after_secs: None,
        key: None,
        events: vec![event],
    };
    // A configuration without its service has no such heartbeat.
    let _ = alert::events(d, &delivery);
}

/// What is silent is told once. By another configuration it may be somebody's, where a rule let nobody hear of it; or wake
/// somebody, where it was not urgent.
fn tell_now(d: &mut Decision<'_>, heartbeat: &Heartbeat, watched: &Watched) {
    let directory = d.directory;
    // Of the silence that there is: without a beginning it is no new one.
    let event = Event { starts_at: None, ..silence(heartbeat, watched, d.stamp) };
    let Some(service) = directory.services.get(&watched.service) else { return };
    let to = routing::route(directory, service, &event, Source::Heartbeat).map(|route| &route.to);
    if matches!(to, Some(Destination::Fyi { .. } | Destination::Nothing)) {
        return;
    }
    let key = watched.key(&heartbeat.id);
    let known = d.world().incident_of(&key);
    // Its row cannot be read: nobody knows how it stands, and it was told.
    if known.is_none() && d.world().by_alert.contains_key(&key) {
        return;
    }
    let known = known.and_then(|i| Some((i, i.alert(&key)?.1)));
    let is_to_be_told = match known.filter(|(_, alert)| alert.is_firing()) {
        None => true,
        Some((i, alert)) => {
            let is_low = i.urgency == Urgency::Low && alert.urgency == Some(Urgency::Low);
            let rates = alert.sent_to.as_ref().and_then(|id| directory.services.get(id)).unwrap_or(service);
            is_low && !i.is_resolved() && urgency::of(d, rates, heartbeat.urgency, Some(&event)) == Urgency::High
        }
    };
    if is_to_be_told {
        tell(d, heartbeat, watched, event);
    }
}

/// The process was not there, or the clock jumped: whatever was sent meanwhile was not heard.
pub(super) fn was_away(d: &mut Decision<'_>) {
    let at = d.stamp.at;
    for (id, times, by) in unheard(d, |w| w.heard_again(at)) {
        if times < PUT_OFF_MAX {
            d.emit(Fact::HeartbeatPutOff { heartbeat: id, due: by, times: times + 1 });
        }
    }
}

/// Beats are turned away.
pub(super) fn turned_away(d: &mut Decision<'_>, paused: bool) {
    let at = d.stamp.at;
    for (id, times, due) in unheard(d, |w| at.plus_secs(TURNED_AWAY_SECS + w.grace_secs.min(GRACE_AGAIN_SECS))) {
        if paused || times < TURNED_AWAY_MAX {
            let times = if paused { times.max(1) } else { times + 1 };
            d.emit(Fact::HeartbeatPutOff { heartbeat: id, due, times });
        }
    }
}

/// What would fall silent before it could be heard again: how often that was so, and until when it is waited for.
fn unheard(d: &Decision<'_>, until: impl Fn(&Watched) -> At) -> Vec<(HeartbeatId, u32, At)> {
    let at = d.stamp.at;
    let all = d.world().heartbeats.iter().filter_map(|(id, w)| match w.stands {
        Stands::Waits { due, put_off } if due < w.heard_again(at) => Some((id.clone(), put_off, until(w))),
        Stands::Waits { .. } | Stands::Silent { .. } => None,
    });
    all.collect()
}

/// What is watched from here on, otherwise, or no more. An edit pages nobody at once.
pub(super) fn config_loaded(d: &mut Decision<'_>) {
    let directory = d.directory;
    let is_watched = |id: &HeartbeatId| directory.heartbeats.get(id).is_some_and(|h| h.watched);
    let known: Vec<(HeartbeatId, Watched)> =
        d.world().heartbeats.iter().map(|(id, w)| (id.clone(), w.clone())).collect();
    for (id, w) in known.into_iter().filter(|(id, _)| !is_watched(id)) {
        // Its key is missing for now: that is no beat. Whoever has its silence keeps it.
        if w.is_silent() && directory.heartbeats.contains_key(&id) {
            continue;
        }
        d.emit(Fact::HeartbeatForgotten { heartbeat: id.clone() });
        if w.is_silent() {
            clear(d, &w.key(&id));
        }
    }
    for h in directory.watched() {
        watch(d, h);
    }
}

fn watch(d: &mut Decision<'_>, h: &Heartbeat) {
    let at = d.stamp.at;
    let due = match d.world().heartbeats.get(&h.id).cloned() {
        None => Some(at.plus_secs(h.every_secs + h.grace_secs)),
        Some(w) if (&w.service, w.every_secs, w.grace_secs) == (&h.service, h.every_secs, h.grace_secs) => {
            if w.is_silent() {
                tell_now(d, h, &w);
            }
            return;
        }
        Some(w) => {
            let now = Watched { every_secs: h.every_secs, grace_secs: h.grace_secs, ..w.clone() };
            let due = w.from.plus_secs(h.every_secs + h.grace_secs);
            // As it is read now, it is not silent; or its silence is another service's.
            let speaks = !w.is_silent() || due > at || w.service != h.service;
            if speaks && w.is_silent() {
                clear(d, &w.key(&h.id));
            }
            speaks.then(|| due.max(now.heard_again(at)))
        }
    };
    let (heartbeat, service) = (h.id.clone(), h.service.clone());
    let (every_secs, grace_secs) = (h.every_secs, h.grace_secs);
    d.emit(Fact::HeartbeatWatched { heartbeat, service, every_secs, grace_secs, due });
    if let Some(still) = d.world().heartbeats.get(&h.id).filter(|w| w.is_silent()).cloned() {
        tell_now(d, h, &still);
    }
}

fn clear(d: &mut Decision<'_>, key: &AlertKey) {
    alert::resolve(d, key, &event(EventAction::Resolve, key.dedup.clone()));
}

fn event(action: EventAction, dedup_key: Arc<str>) -> Event {
    let (title, link, labels) = (String::new(), String::new(), Vec::new());
    Event { action, dedup_key, title, link, labels, starts_at: None, ends_at: None }
}

/// What whoever is woken by it reads. Its times are lengths: no clock and no zone is theirs.
fn silence(h: &Heartbeat, w: &Watched, now: Stamp) -> Event {
    let every = in_words(h.every_secs);
    let since = in_words((now.at.0 - w.from.0) / 1_000);
    let title = match w.last {
        Some(_) => format!("No heartbeat from {} for {since} (expected every {every})", h.name),
        None => format!("No heartbeat from {}: never heard in {since} (expected every {every})", h.name),
    };
    let label = |name: &str, value: String| (name.to_owned(), value);
    let last = w.last.map_or_else(|| "never".to_owned(), |last| last.utc().format("%Y-%m-%d %H:%M UTC").to_string());
    let mut labels = vec![
        label("heartbeat", h.id.to_string()),
        label("last_heard", last),
        label("every", every),
        label("grace", in_words(h.grace_secs)),
    ];
    if w.put_off() > 0 {
        labels.push(label("doubtful", "Warridor itself was away or could not take it".to_owned()));
    }
    // Later than any other silence of it, whatever the wall clock does.
    let starts_at = Some(now.at);
    Event { title, labels, starts_at, ..event(EventAction::Trigger, dedup_key(&h.id)) }
}

/// A length as people say it: of what lasts long, the two largest units.
pub fn in_words(secs: i64) -> String {
    let (large, small, n, rest) = match secs {
        ..60 => return format!("{secs} s"),
        60..3_600 => ("min", "s", secs / 60, secs % 60),
        3_600..259_200 => ("h", "min", secs / 3_600, secs % 3_600 / 60),
        _ => ("days", "h", secs / 86_400, secs % 86_400 / 3_600),
    };
    if rest == 0 { format!("{n} {large}") } else { format!("{n} {large} {rest} {small}") }
}

#[cfg(test)]
mod tests;
