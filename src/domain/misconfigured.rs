//! Alerts that are to be mended: those that people put off as not urgent, or about which nothing had to be done. One
//! entry for each alert rule of a service; see `docs/decisions/0024-what-an-alert-rule-is-known-by.md`.

use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::id::{IncidentNo, MisconfiguredNo, ServiceId, UserId};
use super::incident::Incident;
use super::input::Source;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::world::World;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// So many alerts are listed; for one more, the one whose last mark is the oldest is forgotten.
pub const MISCONFIGURED_MAX: usize = 200;
/// So long after its last mark an alert is forgotten.
pub const MISCONFIGURED_KEPT_SECS: i64 = 90 * 24 * 60 * 60;
/// The label by which the alerts of one rule are the same, whatever instance they are about.
pub const NAME_LABEL: &str = "alertname";

/// An alert rule that people marked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misconfigured {
    pub no: MisconfiguredNo,
    /// Whose incidents it led to.
    pub service: ServiceId,
    /// The service of the key it came by, where a rule sent it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ServiceId>,
    /// What it is called by its monitor; where that does not say, its dedup key. Untrusted.
    pub name: Arc<str>,
    /// `name` is a dedup key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_key: bool,
    /// Incidents that were snoozed because they were not urgent,
    pub not_urgent: u64,
    /// and those about which nothing had to be done.
    pub not_actionable: u64,
    /// The first and the last mark, on the wall clock.
    pub first: At,
    pub last: At,
    /// Whose mark was the last.
    pub by: UserId,
    /// The newest incident that was marked.
    pub incident: IncidentNo,
    /// How urgently that paged.
    pub urgency: Urgency,
    /// What was said with a mark, the last time that anything was; may be empty. Untrusted.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub note: Arc<str>,
}

/// Why an alert is one to be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// It was snoozed because it was not urgent.
    NotUrgent,
    NotActionable,
}

/// How an incident was marked, in which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    pub entry: MisconfiguredNo,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_urgent: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_actionable: bool,
}

impl Marked {
    pub fn has(&self, mark: Mark) -> bool {
        match mark {
            Mark::NotUrgent => self.not_urgent,
            Mark::NotActionable => self.not_actionable,
        }
    }
}

impl Misconfigured {
    pub fn marks(&self) -> u64 {
        self.not_urgent + self.not_actionable
    }

    fn is_of(&self, service: &ServiceId, rule: &Rule<'_>) -> bool {
        self.service == *service && *self.name == *rule.name && self.by_key == rule.by_key
    }

    /// Is its last mark too long ago?
    fn is_old(&self, wall: At) -> bool {
        self.last.plus_secs(MISCONFIGURED_KEPT_SECS) <= wall
    }
}

/// What the rule of an alert is known by.
struct Rule<'a> {
    name: &'a str,
    by_key: bool,
}

/// The rule behind the alert that opened the incident. What a person reported has none, nor has a body nobody could
/// read.
fn rule_of(i: &Incident) -> Option<Rule<'_>> {
    let is_ours = i.origin.as_ref().is_some_and(|o| o.source == Source::Warridor);
    let alert = i.alerts.first().filter(|_| i.opened_by.is_none() && !is_ours)?;
    let name = match i.first_alert() {
        Some(_) => i.labels.lines().find_map(|l| l.strip_prefix(NAME_LABEL)?.strip_prefix(": ")),
        // Of what joined it, nothing else is known than what all have in common.
        None => i.group.as_ref().filter(|_| i.merged.is_empty()).and_then(|g| g.value(NAME_LABEL)),
    };
    let by_name = name.map(str::trim).filter(|name| !name.is_empty()).map(|name| Rule { name, by_key: false });
    Some(by_name.unwrap_or(Rule { name: &alert.dedup, by_key: true }))
}

/// Somebody says by what they do that this incident's alert is one to be mended. The same said twice of one incident
/// counts once.
pub(super) fn mark(d: &mut Decision<'_>, no: IncidentNo, by: &UserId, mark: Mark, note: &Text) {
    let Some(i) = d.incident(no) else { return };
    let Some(rule) = rule_of(&i) else { return };
    forget_old(d);
    let entry = d.world().misconfigured.values().find(|m| m.is_of(&i.service, &rule)).map(|m| m.no);
    let entry = entry.unwrap_or_else(|| list(d, &i, &rule));
    let is_again = i.marked.is_some_and(|m| m.entry == entry && m.has(mark));
    // Whoever lowered it first was paged by it all the same.
    let urgency = if i.main_call().is_some() { Urgency::High } else { i.urgency };
    let (by, note) = (by.clone(), Text::new(note.body().clone()));
    d.emit(Fact::MisconfiguredMarked { entry, incident: no, by, mark, urgency, is_again, note });
}

fn list(d: &mut Decision<'_>, i: &Incident, rule: &Rule<'_>) -> MisconfiguredNo {
    let all = &d.world().misconfigured;
    let oldest = all.values().min_by_key(|m| (m.last, m.no)).filter(|_| all.len() >= MISCONFIGURED_MAX);
    if let Some(entry) = oldest.map(|m| m.no) {
        d.emit(Fact::MisconfiguredForgotten { entry });
    }
    let entry = MisconfiguredNo(d.world().meta.last_misconfigured.0 + 1);
    let told = i.alerts.first().and_then(|a| a.service.clone());
    let (service, name) = (i.service.clone(), Text::new(rule.name));
    d.emit(Fact::MisconfiguredListed { entry, service, told, name, by_key: rule.by_key });
    entry
}

fn forget_old(d: &mut Decision<'_>) {
    let wall = d.stamp.wall;
    let old = d.world().misconfigured.values().filter(|m| m.is_old(wall)).map(|m| m.no);
    for entry in old.collect::<Vec<_>>() {
        d.emit(Fact::MisconfiguredForgotten { entry });
    }
}

/// Somebody says that it is mended: it is listed no more, and a later mark begins anew.
pub(super) fn mended(d: &mut Decision<'_>, entry: MisconfiguredNo, by: &UserId) -> Result<(), Refusal> {
    let wall = d.stamp.wall;
    if !d.world().misconfigured.get(&entry).is_some_and(|m| !m.is_old(wall)) {
        return Err(Refusal::NoSuchMisconfigured(entry));
    }
    d.emit(Fact::MisconfiguredMended { entry, by: by.clone() });
    Ok(())
}

/// What is listed at this moment, the most often marked first; of as many marks, the last marked.
pub fn listed(world: &World, wall: At) -> Vec<&Misconfigured> {
    let mut all: Vec<&Misconfigured> = world.misconfigured.values().filter(|m| !m.is_old(wall)).collect();
    all.sort_by_key(|m| std::cmp::Reverse((m.marks(), m.last, m.no)));
    all
}
