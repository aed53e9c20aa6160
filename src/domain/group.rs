//! Alerts that belong together become one incident: those of one service that have the same values of some labels.

use super::decision::Decision;
use super::directory::{Service, Urgency};
use super::escalation::page_again;
use super::fact::{AlertJoined, Fact};
use super::id::{AlertKey, IncidentNo, ServiceId};
use super::incident::{Incident, State};
use super::input::Event;
use super::join::ALERTS_MAX;
use super::opening::line;
use super::stamp::At;
use super::world::World;
use super::{hold, urgency};
use imbl::{OrdMap, OrdSet};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a service's alerts are put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grouping {
    /// Labels; one that an alert does not have is the same as an empty one.
    pub by: Vec<String>,
    /// Since the incident was opened, or joined last.
    pub window_secs: i64,
}

/// What an incident stands for in its service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// One `name=value` a line.
    pub values: Arc<str>,
    /// When it was opened or last joined, on the wall clock.
    pub last: At,
}

impl Group {
    /// What all its alerts have in this label; `None`: they may differ.
    pub fn value(&self, label: &str) -> Option<&str> {
        self.labels().find(|(name, _)| *name == label).map(|(_, value)| value)
    }

    /// The labels that all its alerts have in common, and their values.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.lines().filter_map(|line| line.split_once('='))
    }
}

/// Further alerts of a service that opened this many incidents a short while ago, all of them open, come together in one:
/// nobody can tell hundreds apart, and what is open is in memory.
pub const FLOOD: usize = 50;
/// How short that while is, in seconds. Nothing joins an incident for longer than this, either.
pub const FLOOD_SECS: i64 = 10 * 60;
/// What such an incident stands for: no label.
const FLOODS: [(Urgency, &str); 2] = [(Urgency::Low, "flood/low"), (Urgency::High, "flood/high")];

/// What an alert of this service stands for while the service opens more incidents than anybody can tell apart. Those that
/// page nobody for now (a window holds them, or they are of low urgency) make no flood of what pages.
pub(super) fn flood(d: &Decision<'_>, service: &Service, urgency: Urgency) -> Option<&'static str> {
    let most = d.directory.settings.flood;
    let open = d.world().open.get(&service.id).filter(|open| open.len() >= most)?;
    // However many are held: it is asked for each alert.
    let newest = open.iter().rev().take(most.saturating_mul(4)).filter_map(|no| d.world().incident(*no));
    let earliest = newest.filter(|i| i.urgency == urgency && i.hold.is_none()).nth(most.checked_sub(1)?)?;
    let is_lately = (d.stamp.wall.0 - earliest.opened.0).abs() <= FLOOD_SECS * 1_000;
    FLOODS.iter().find(|(of, _)| *of == urgency && is_lately).map(|(_, values)| *values)
}

/// Does it take what a flood brings besides? Once somebody has it, or nobody is asked for it, what comes then would go
/// unseen: that is an incident of its own.
pub(super) fn takes_flood(d: &Decision<'_>, no: IncidentNo) -> bool {
    d.world().incident(no).is_some_and(|i| i.is_triggered() && i.hold.is_none())
}

/// Open incidents by what they stand for.
pub type Groups = OrdMap<(ServiceId, Arc<str>), OrdSet<IncidentNo>>;

/// What this event stands for, if its service puts alerts together.
pub(super) fn values(service: &Service, event: &Event) -> Option<String> {
    let grouping = service.group.as_ref()?;
    let value = |name: &str| event.labels.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    let lines: Vec<String> = grouping.by.iter().map(|name| format!("{name}={}", line(value(name)))).collect();
    Some(lines.join("\n"))
}

/// The incident that an alert joins. One that nothing joined for longer than the window, acknowledged or not, is never
/// joined: an alert in it would go unseen. Nor is one that is nearly over, or that a person made less urgent than the
/// alert is.
pub(super) fn joins(
    d: &Decision<'_>,
    service: &Service,
    (values, window_secs): (&str, i64),
    key: &AlertKey,
    urgency: Urgency,
) -> Option<IncidentNo> {
    let window_ms = window_secs * 1_000;
    let newest = *d.world().groups.get(&(service.id.clone(), values.into()))?.get_max()?;
    let i = d.world().incident(newest)?;
    // One that was joined long after now was so by a clock that was set back since: nobody knows how long ago that is.
    let is_recent = i.group.as_ref().is_some_and(|g| (d.stamp.wall.0 - g.last.0).abs() <= window_ms);
    let is_nearly_over = i.course.clearing.is_some() && !i.is_with_somebody();
    let fits = is_recent && !is_nearly_over && (urgency == Urgency::Low || !urgency::is_low_by_hand(i));
    (fits && i.alerts.len() < ALERTS_MAX && i.alert(key).is_none()).then_some(newest)
}

/// The alert becomes part of the incident. It pages nobody, unless it is more urgent than what is known.
pub(super) fn join(
    d: &mut Decision<'_>,
    service: &Service,
    no: IncidentNo,
    (urgency, fixed): (Urgency, Option<Urgency>),
    joined: AlertJoined,
) {
    let Some(before) = d.incident(no) else { return };
    let key = joined.alert_key();
    d.emit(Fact::AlertJoined(Box::new(joined)));
    urgency::joined(d, service, no, &key, urgency, fixed);
    let rose = d.world().incident(no).is_some_and(|i| i.urgency > before.urgency);
    if let (true, State::Snoozed { by, .. }) = (rose, &before.state) {
        let held = d.incident(no).and_then(|i| hold::held_then(d, &i, d.stamp.wall));
        d.emit(Fact::SnoozeEnded { incident: no, held });
        if let Some(now) = d.incident(no) {
            page_again(d, &now, Some(by));
        }
    }
}

impl Incident {
    /// What its alerts have in common, where there are several, and all of them joined it.
    pub fn joined_group(&self) -> Option<&Group> {
        self.group.as_ref().filter(|_| self.alerts.len() > 1 && self.merged.is_empty())
    }

    /// Is it what the service was flooded with?
    pub fn is_of_flood(&self) -> bool {
        self.group.as_ref().is_some_and(|g| FLOODS.iter().any(|(_, values)| **values == *g.values))
    }

    /// Where further alerts find it: only while it is open.
    pub fn group_key(&self) -> Option<(ServiceId, Arc<str>)> {
        let group = self.group.as_ref().filter(|_| !self.is_resolved())?;
        Some((self.service.clone(), group.values.clone()))
    }
}

impl World {
    /// Computed without the index; what the index must agree with.
    pub fn groups_by_brute_force(&self) -> Groups {
        let mut all = Groups::new();
        for (key, no) in self.incidents.values().filter_map(|i| Some((i.group_key()?, i.no))) {
            all.entry(key).or_default().insert(no);
        }
        all
    }
}
