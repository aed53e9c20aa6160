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
/// So long after its last mark an alert is listed.
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
        let is_it = *self.name == *rule.name && self.by_key == rule.by_key;
        is_it && self.service == *service && self.told.as_ref() == rule.told
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
    let known = d.world().misconfigured.values().find(|m| m.is_of(&i.service, &rule));
    let known = known.map(|m| (m.no, m.is_old(d.stamp.wall)));
    if let Some((entry, true)) = known {
        d.emit(Fact::MisconfiguredForgotten { entry });
    }
    let entry = known.filter(|(_, is_old)| !is_old).map(|(no, _)| no);
    let entry = entry.unwrap_or_else(|| list(d, &i, &rule));
    let is_again = i.marked.is_some_and(|m| m.entry == entry && m.has(mark));
    // Whoever lowered it first was paged by it all the same.
    let urgency = if i.main_call().is_some() { Urgency::High } else { i.urgency };
    let (by, note) = (by.clone(), note.clone());
    d.emit(Fact::MisconfiguredMarked { entry, incident: no, by, mark, urgency, is_again, note });
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
    d.emit(Fact::MisconfiguredMended { entry, by: by.clone() });
    Ok(())
}

/// What is listed at this moment, the most often marked first; of as many marks, the last marked.
pub fn listed(world: &World, wall: At) -> Vec<&Misconfigured> {
    let mut all: Vec<&Misconfigured> = world.misconfigured.values().filter(|m| !m.is_old(wall)).collect();
    all.sort_by_key(|m| std::cmp::Reverse((m.marks(), m.last, m.no)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Directory, Service};
    use crate::domain::handle::decide;
    use crate::domain::id::InputId;
    use crate::domain::input::{Act, Deed, Delivery, Event, EventAction, Input, Raise, SnoozeWhy, Unreadable, What};
    use crate::domain::stamp::Stamp;

    const DAY: i64 = 24 * 60 * 60;

    struct Desk {
        directory: Directory,
        world: World,
        now: At,
    }

    impl Desk {
        fn new() -> Self {
            let service = |id: &str| Service::new(id.into(), "team".into(), "policy".into(), "C0PAY".into());
            let services = ["payments", "search"].map(|id| (ServiceId::from(id), service(id))).into();
            let directory = Directory { services, ..Directory::empty("C0ADMIN".into()) };
            Self { directory, world: World::default(), now: At(0) }
        }

        fn tell(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
            let input = Input { id: InputId::minted('t', 1), what };
            decide(&mut self.world, &self.directory, &input, Stamp::agreed(self.now))
        }

        /// An alert of this name fires; the number of its incident.
        fn fires(&mut self, service: &str, key: &str, labels: &[(&str, &str)]) -> u64 {
            let event = Event {
                action: EventAction::Trigger,
                dedup_key: key.into(),
                title: "it is wrong".to_owned(),
                link: String::new(),
                labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
                starts_at: None,
                ends_at: None,
            };
            let (service, source) = (service.into(), Source::Alertmanager);
            let events = vec![event];
            let delivery = Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events };
            self.tell(What::Events(delivery)).expect("a service that is known");
            self.world.meta.last_incident.0
        }

        fn act(&mut self, by: &str, no: u64, deed: Deed) -> Vec<Fact> {
            self.tell(What::Act(Act { incident: IncidentNo(no), by: by.into(), deed })).expect("not refused")
        }

        fn for_later(&mut self, by: &str, no: u64, because: &str) -> Vec<Fact> {
            let (until, because) = (self.now.plus_secs(3_600), because.to_owned());
            self.act(by, no, Deed::Snooze { until, why: Some(SnoozeWhy::NotUrgent), because })
        }

        /// "1: disk-full of payments, 2 not urgent, 1 not actionable, by ana of #3"
        fn list(&self) -> Vec<String> {
            let line = |m: &Misconfigured| {
                let (later, nothing) = (m.not_urgent, m.not_actionable);
                let (no, name, service) = (m.no.0, &m.name, &m.service);
                format!(
                    "{no}: {name} of {service}, {later} not urgent, {nothing} not actionable, {} of {}",
                    m.by, m.incident
                )
            };
            listed(&self.world, self.now).into_iter().map(line).collect()
        }
    }

    const DISK: &[(&str, &str)] = &[("alertname", "DiskFull"), ("instance", "db-1")];

    #[test]
    fn one_rule_is_one_entry_whatever_instance_of_it_fires_and_its_marks_are_counted_by_incident() {
        let mut desk = Desk::new();
        let (one, two) =
            (desk.fires("payments", "a1", DISK), desk.fires("payments", "b2", &[("alertname", "DiskFull")]));
        let elsewhere = desk.fires("search", "c3", DISK);
        desk.for_later("ana", one, "the cleaner runs at six");
        desk.now = At(0).plus_secs(DAY);
        desk.for_later("ben", two, "");
        desk.act("ben", two, Deed::NotActionable);
        desk.for_later("ana", elsewhere, "");
        assert_eq!(
            desk.list(),
            [
                "1: DiskFull of payments, 2 not urgent, 1 not actionable, ben of #2",
                "2: DiskFull of search, 1 not urgent, 0 not actionable, ana of #3"
            ]
        );
        let first = &desk.world.misconfigured[&MisconfiguredNo(1)];
        assert_eq!((first.first, first.last, &*first.note), (At(0), desk.now, "the cleaner runs at six"));
        assert_eq!(first.urgency, Urgency::High);
    }

    #[test]
    fn what_is_said_twice_of_one_incident_counts_once() {
        let mut desk = Desk::new();
        let no = desk.fires("payments", "a1", DISK);
        desk.for_later("ana", no, "");
        desk.for_later("ben", no, "at six");
        desk.act("ben", no, Deed::NotActionable);
        desk.act("ana", no, Deed::Reopen);
        desk.act("ana", no, Deed::NotActionable);
        assert_eq!(desk.list(), ["1: DiskFull of payments, 1 not urgent, 1 not actionable, ana of #1"]);
        assert_eq!(&*desk.world.misconfigured[&MisconfiguredNo(1)].note, "at six");
    }

    #[test]
    fn only_some_of_what_people_do_marks_an_alert() {
        let mut desk = Desk::new();
        let until = At(0).plus_secs(60);
        for why in [None, Some(SnoozeWhy::WaitingOn), Some(SnoozeWhy::KnownWork)] {
            let no = desk.fires("payments", "a1", DISK);
            desk.act("ana", no, Deed::Snooze { until, why, because: String::new() });
            desk.act("ana", no, Deed::Resolve { note: None });
            desk.act("ana", no, Deed::Reopen);
        }
        let raise =
            Raise { service: "payments".into(), by: "ana".into(), title: "slow".to_owned(), urgency: None, from: None };
        desk.tell(What::Raise(raise)).expect("known");
        desk.for_later("ana", desk.world.meta.last_incident.0, "");
        let body = Unreadable {
            service: "payments".into(),
            key_name: "KEY".to_owned(),
            urgency: None,
            title: "?".to_owned(),
            problem: "?".to_owned(),
            excerpt: "?".to_owned(),
        };
        desk.tell(What::Unreadable(body)).expect("known");
        desk.act("ana", desk.world.meta.last_incident.0, Deed::NotActionable);
        assert_eq!(desk.list(), [""; 0], "what a person reported and what nobody can read have no rule");
    }

    #[test]
    fn without_a_name_an_alert_is_known_by_its_key() {
        let mut desk = Desk::new();
        for (key, label) in [("disk/db-1", ("severity", "critical")), ("disk/db-2", ("alertname", "  "))] {
            let no = desk.fires("payments", key, &[label]);
            desk.act("ana", no, Deed::NotActionable);
        }
        let named = desk.fires("payments", "x", &[("alertname", "disk/db-1")]);
        desk.act("ana", named, Deed::NotActionable);
        let by_key: Vec<bool> = desk.world.misconfigured.values().map(|m| m.by_key).collect();
        assert_eq!(by_key, [true, true, false], "a name is not a key");
    }

    #[test]
    fn mended_it_is_listed_no_more_and_a_later_mark_begins_anew() {
        let mut desk = Desk::new();
        let no = desk.fires("payments", "a1", DISK);
        desk.for_later("ana", no, "");
        let mended = || What::Mended { entry: MisconfiguredNo(1), by: "ben".into() };
        desk.tell(mended()).expect("it is listed");
        assert_eq!(desk.list(), [""; 0]);
        let none = Err(Refusal::NoSuchMisconfigured(MisconfiguredNo(1)));
        assert_eq!(desk.tell(mended()), none);
        desk.now = At(0).plus_secs(DAY);
        desk.for_later("ana", no, "");
        assert_eq!(desk.list(), ["2: DiskFull of payments, 1 not urgent, 0 not actionable, ana of #1"]);
        assert_eq!(desk.tell(mended()), none, "an old button mends nothing new");
    }

    #[test]
    fn ninety_days_after_its_last_mark_it_is_forgotten() {
        let mut desk = Desk::new();
        let (disk, cpu) = (desk.fires("payments", "a1", DISK), desk.fires("payments", "c1", &[("alertname", "Cpu")]));
        desk.for_later("ana", disk, "");
        desk.now = At(0).plus_secs(DAY);
        desk.for_later("ana", cpu, "");
        desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS - 1);
        assert_eq!(desk.list().len(), 2);
        desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS);
        assert_eq!(desk.list(), ["2: Cpu of payments, 1 not urgent, 0 not actionable, ana of #2"], "it is not shown");
        let gone = desk.tell(What::Mended { entry: MisconfiguredNo(1), by: "ben".into() });
        assert_eq!(gone, Err(Refusal::NoSuchMisconfigured(MisconfiguredNo(1))));
        desk.for_later("ana", disk, "");
        let listed = "3: DiskFull of payments, 1 not urgent, 0 not actionable, ana of #1";
        let cpu = "2: Cpu of payments, 1 not urgent, 0 not actionable, ana of #2";
        assert_eq!(desk.list(), [listed, cpu], "marked again, it begins anew");
        assert_eq!(desk.world.misconfigured.len(), 2);
    }

    #[test]
    fn one_mark_while_the_clock_is_months_ahead_forgets_no_other() {
        let mut desk = Desk::new();
        let (disk, cpu) = (desk.fires("payments", "a1", DISK), desk.fires("payments", "c1", &[("alertname", "Cpu")]));
        desk.for_later("ana", disk, "");
        desk.now = At(0).plus_secs(MISCONFIGURED_KEPT_SECS);
        desk.for_later("ana", cpu, "");
        desk.now = At(0).plus_secs(DAY);
        assert_eq!(desk.list().len(), 2, "set right, it shows both");
    }

    #[test]
    fn there_are_only_so_many_and_the_one_that_was_marked_longest_ago_goes() {
        let mut desk = Desk::new();
        for n in 0..MISCONFIGURED_MAX {
            let no = desk.fires("payments", &format!("k{n}"), &[("alertname", &format!("Alert{n}"))]);
            desk.now = desk.now.plus_secs(1);
            desk.for_later("ana", no, "");
        }
        desk.now = desk.now.plus_secs(1);
        desk.for_later("ben", 1, "");
        let one_more = desk.fires("payments", "more", &[("alertname", "OneMore")]);
        let facts = desk.for_later("ana", one_more, "");
        assert!(facts.contains(&Fact::MisconfiguredForgotten { entry: MisconfiguredNo(2) }));
        assert_eq!(desk.world.misconfigured.len(), MISCONFIGURED_MAX);
        assert!(desk.world.misconfigured.values().any(|m| &*m.name == "Alert0"), "it was marked again");
    }

    #[test]
    fn the_list_survives_as_rows() {
        let mut desk = Desk::new();
        let no = desk.fires("payments", "a1", DISK);
        desk.for_later("ana", no, "at six");
        let mut read = World::default();
        for (key, value) in desk.world.all_rows() {
            read.load_row(&key, &value.expect("a value")).expect("it can be read");
        }
        assert_eq!((&read.misconfigured, &read.meta), (&desk.world.misconfigured, &desk.world.meta));
        assert_eq!(read.incidents, desk.world.incidents);
        assert_eq!(read.misconfigured.len(), 1);
        desk.tell(What::Mended { entry: MisconfiguredNo(1), by: "ben".into() }).expect("it is listed");
        let touched = desk.world.take_touched();
        let gone = touched
            .iter()
            .flat_map(|key| desk.world.row_changes(key))
            .any(|(key, value)| key.starts_with(b"w/") && value.is_none());
        assert!(gone, "its row goes too");
    }
}
