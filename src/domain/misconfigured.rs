//! Alerts that are to be mended: those that people put off as not urgent, about which nothing had to be done, or that keep
//! coming. One entry for each alert rule of a service; see `docs/decisions/0024-what-an-alert-rule-is-known-by.md`. Each is
//! work for somebody, an [`super::item`], until it is mended.

use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::id::{IncidentNo, ItemNo, MisconfiguredNo, ServiceId, UserId};
use super::incident::{Incident, State};
use super::input::Source;
use super::item::{self, AlertWhy};
use super::rca;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::world::World;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// So many alerts are listed; for one more, the one whose last mark is the oldest is forgotten.
pub const MISCONFIGURED_MAX: usize = 200;
/// So long after its last mark an alert is listed, or until whoever is to mend it has.
pub const MISCONFIGURED_KEPT_SECS: i64 = 90 * 24 * 60 * 60;
/// An alert that asked somebody so often
pub const CAME_BACK: usize = 3;
/// within so long keeps coming.
pub const CAME_BACK_SECS: i64 = 7 * 24 * 60 * 60;
/// What came within so long of what was counted is the same time.
pub const CAME_APART_SECS: i64 = 60 * 60;
/// Rules of which it is known how often they came; for one more, the one that came longest ago is forgotten.
pub const CAME_RULES_MAX: usize = 2_000;
/// Of one rule, the last times that are known.
pub const CAME_TIMES_MAX: usize = 20;
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
    /// Whose mark was the last; empty: nobody marked it, it keeps coming.
    pub by: UserId,
    /// How often it came within seven days, when that was counted last.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub came: u32,
    /// Whoever is to mend it has that on their list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemNo>,
    /// The newest incident that was marked, or came.
    pub incident: IncidentNo,
    /// How urgently that paged.
    pub urgency: Urgency,
    /// What was said with a mark, the last time that anything was; may be empty. Untrusted.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub note: Arc<str>,
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// When the alerts of one rule asked somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    pub rule: RuleHash,
    /// The incidents, and when they were opened, on the wall clock; the oldest first.
    pub times: Vec<(IncidentNo, At)>,
}

/// What a rule is known by, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RuleHash(pub u64);

impl RuleHash {
    /// FNV-1a, with 64 bits. Two rules that are taken for one are listed too early; nobody is paged for it.
    pub fn of(service: &ServiceId, told: Option<&ServiceId>, name: &str, by_key: bool) -> Self {
        let told = told.map_or("", |told| told.as_str());
        let parts = [service.as_str(), told, name, if by_key { "key" } else { "name" }];
        let bytes = parts.into_iter().flat_map(|part| part.bytes().chain([0]));
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
    }
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
        let is_it = *self.name == *rule.name && self.by_key == rule.by_key;
        is_it && self.service == *service && self.told.as_ref() == rule.told
    }

    /// Is its last mark too long ago, and has nobody to mend it?
    fn is_old(&self, wall: At) -> bool {
        self.item.is_none() && self.last.plus_secs(MISCONFIGURED_KEPT_SECS) <= wall
    }

    pub fn rule(&self) -> RuleHash {
        RuleHash::of(&self.service, self.told.as_ref(), &self.name, self.by_key)
    }
}

/// What the rule of an alert is known by.
struct Rule<'a> {
    name: &'a str,
    by_key: bool,
    /// The service of the key it came by, where a rule sent it on.
    told: Option<&'a ServiceId>,
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
    let by_name = name.map(str::trim).filter(|name| !name.is_empty()).map(|name| (name, false));
    let (name, by_key) = by_name.unwrap_or((&alert.dedup, true));
    Some(Rule { name, by_key, told: alert.service.as_ref() })
}

/// Somebody says by what they do that this incident's alert is one to be mended. The same said twice of one incident
/// counts once.
pub(super) fn mark(d: &mut Decision<'_>, no: IncidentNo, by: &UserId, mark: Mark, note: &Text) {
    let Some(i) = d.incident(no) else { return };
    let Some(rule) = rule_of(&i) else { return };
    let entry = entry_of(d, &i, &rule);
    let is_again = i.marked.is_some_and(|m| m.entry == entry && m.has(mark));
    let urgency = paged_as(&i);
    let note = note.clone();
    d.emit(Fact::MisconfiguredMarked { entry, incident: no, by: by.clone(), mark, urgency, is_again, note });
    let why = match mark {
        Mark::NotUrgent => AlertWhy::NotUrgent,
        Mark::NotActionable => AlertWhy::NotActionable,
    };
    to_be_mended(d, &i, entry, Some(by), by, why);
}

/// An incident changed. When it is over, and it asked somebody, it is counted how often its alert did so within a week.
pub(super) fn tend(d: &mut Decision<'_>, i: &Incident) {
    let is_over = matches!(i.state, State::Resolved { .. }) && i.merged_into.is_none();
    // What was over before it was counted at all is not counted by a note.
    if !is_over || i.closed || i.came || i.paged.is_empty() && i.answered.is_none() {
        return;
    }
    let Some(rule) = rule_of(i) else { return };
    let hash = RuleHash::of(&i.service, rule.told, rule.name, rule.by_key);
    d.emit(Fact::AlertCame { incident: i.no, rule: hash });
    let times = d.world().came.get(&hash).map_or(0, |came| came.within(d.stamp.wall));
    if times < CAME_BACK {
        return;
    }
    let entry = entry_of(d, i, &rule);
    let times = u32::try_from(times).unwrap_or(u32::MAX);
    d.emit(Fact::MisconfiguredCameBack { entry, incident: i.no, times, urgency: paged_as(i) });
    if let Some(owner) = rca::owner(i) {
        // Whoever ends it reads so in the answer.
        let by = i.resolved_by().filter(|by| **by == owner);
        to_be_mended(d, i, entry, by, &owner, AlertWhy::CameBack { times });
    }
}

/// Earlier incidents of an incident's alert, and of its rule as far as they asked somebody; the newest first.
pub fn came_before(w: &World, i: &Incident) -> Vec<IncidentNo> {
    let rule = rule_of(i).map(|rule| RuleHash::of(&i.service, rule.told, rule.name, rule.by_key));
    let times =
        rule.and_then(|rule| w.came.get(&rule)).into_iter().flat_map(|came| came.times.iter().map(|(no, _)| *no));
    let mut all: Vec<_> = times.chain(i.earlier).filter(|no| *no < i.no).collect();
    all.sort_by_key(|no| std::cmp::Reverse(*no));
    all.dedup();
    all
}

impl Came {
    /// How often within the week before `wall`. What came within an hour is one time: one outage, on several hosts.
    fn within(&self, wall: At) -> usize {
        let mut counted: Vec<At> = Vec::new();
        for (_, at) in self.times.iter().filter(|(_, at)| at.plus_secs(CAME_BACK_SECS) > wall) {
            if counted.last().is_none_or(|last| *at >= last.plus_secs(CAME_APART_SECS)) {
                counted.push(*at);
            }
        }
        counted.len()
    }

    /// When it came last.
    pub(super) fn last(&self) -> Option<At> {
        self.times.last().map(|(_, at)| *at)
    }
}

/// The entry of a rule, listed now if it was not.
fn entry_of(d: &mut Decision<'_>, i: &Incident, rule: &Rule<'_>) -> MisconfiguredNo {
    let known = d.world().misconfigured.values().find(|m| m.is_of(&i.service, rule));
    let known = known.map(|m| (m.no, m.is_old(d.stamp.wall)));
    if let Some((entry, true)) = known {
        d.emit(Fact::MisconfiguredForgotten { entry });
    }
    let entry = known.filter(|(_, is_old)| !is_old).map(|(no, _)| no);
    entry.unwrap_or_else(|| list(d, i, rule))
}

/// How urgently an incident paged: whoever lowered it first was paged by it all the same.
fn paged_as(i: &Incident) -> Urgency {
    if i.main_call().is_some() { Urgency::High } else { i.urgency }
}

/// Somebody is to mend it, if nobody is yet. `by`: who says so; `None`: it keeps coming.
fn to_be_mended(
    d: &mut Decision<'_>,
    i: &Incident,
    entry: MisconfiguredNo,
    by: Option<&UserId>,
    owner: &UserId,
    why: AlertWhy,
) {
    let Some(listed) = d.world().misconfigured.get(&entry) else { return };
    let (name, has_somebody) = (listed.name.clone(), listed.item.is_some());
    if !has_somebody {
        item::alert(d, i, by, owner, &name, item::Kind::Alert { entry, why });
    }
}

fn list(d: &mut Decision<'_>, i: &Incident, rule: &Rule<'_>) -> MisconfiguredNo {
    let all = &d.world().misconfigured;
    let oldest = all.values().min_by_key(|m| (m.last, m.no)).filter(|_| all.len() >= MISCONFIGURED_MAX);
    if let Some(entry) = oldest.map(|m| m.no) {
        d.emit(Fact::MisconfiguredForgotten { entry });
    }
    let entry = MisconfiguredNo(d.world().meta.last_misconfigured.0 + 1);
    let (service, told, name) = (i.service.clone(), rule.told.cloned(), Text::new(rule.name));
    d.emit(Fact::MisconfiguredListed { entry, service, told, name, by_key: rule.by_key });
    entry
}

/// Somebody says that it is mended: it is listed no more, and a later mark begins anew.
pub(super) fn mended(d: &mut Decision<'_>, entry: MisconfiguredNo, by: &UserId) -> Result<(), Refusal> {
    let wall = d.stamp.wall;
    if d.world().misconfigured.get(&entry).is_none_or(|m| m.is_old(wall)) {
        return Err(Refusal::NoSuchMisconfigured(entry));
    }
    let item = d.world().misconfigured.get(&entry).and_then(|m| m.item);
    d.emit(Fact::MisconfiguredMended { entry, by: by.clone() });
    let item = item.and_then(|no| d.world().items.get(&no)).filter(|item| item.is_open()).cloned();
    if let Some(item) = item {
        item::done(d, &item, by, Text::default());
    }
    Ok(())
}

/// What is listed at this moment, first what was marked and came most often; of as many times, what was last.
pub fn listed(world: &World, wall: At) -> Vec<&Misconfigured> {
    let mut all: Vec<&Misconfigured> = world.misconfigured.values().filter(|m| !m.is_old(wall)).collect();
    all.sort_by_key(|m| std::cmp::Reverse((m.marks() + u64::from(m.came), m.last, m.no)));
    all
}

#[cfg(test)]
mod tests;
