//! How urgent an alert is: what its key fixes, else what its service says: always the same, by the alert's severity, or by
//! the service's support hours.
//!
//! Events and hours only ever raise an open incident, and never what a person made low.

use super::decision::Decision;
use super::directory::{Directory, Service, Urgency};
use super::fact::{Fact, UrgencyWhy};
use super::id::{AlertKey, HoursId, IncidentNo};
use super::incident::{Incident, State};
use super::input::Event;
use super::response::change_urgency;
use super::stamp::At;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What decides a service's urgency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UrgencyBy {
    /// The service alone.
    #[default]
    Service,
    /// The alert's severity.
    Severity(Severities),
    /// High within these hours, low outside.
    Hours(HoursId),
}

/// Words for severities that mean something else here than [`HIGH`] and [`LOW`] say. In lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Severities {
    pub high: BTreeSet<String>,
    pub low: BTreeSet<String>,
}

/// Severities that page.
pub const HIGH: [&str; 18] = [
    "critical",
    "crit",
    "fatal",
    "emergency",
    "emerg",
    "disaster",
    "panic",
    "alert",
    "page",
    "urgent",
    "high",
    "major",
    "error",
    "err",
    "p1",
    "p2",
    "sev1",
    "sev2",
];
/// Severities that wait until morning.
pub const LOW: [&str; 18] = [
    "warning",
    "warn",
    "average",
    "minor",
    "low",
    "notice",
    "info",
    "informational",
    "information",
    "debug",
    "none",
    "ok",
    "p3",
    "p4",
    "p5",
    "sev3",
    "sev4",
    "sev5",
];

/// How bad a severity is, for an order only: 0 is the worst, what says nothing known stands in the middle.
pub fn rank(labels: &str) -> u8 {
    const WORST: [&str; 9] = ["critical", "crit", "fatal", "emergency", "emerg", "disaster", "panic", "p1", "sev1"];
    const WARNING: [&str; 6] = ["warning", "warn", "average", "minor", "p3", "sev3"];
    let of = |word: &str| {
        let is = |words: &[&str]| words.contains(&word);
        match () {
            () if is(&WORST) => Some(0),
            () if is(&HIGH) => Some(1),
            () if is(&WARNING) => Some(3),
            () if is(&LOW) => Some(4),
            () => None,
        }
    };
    let lines = || labels.lines().filter_map(|line| line.split_once(": "));
    let said = |name: &str| lines().find(|(label, _)| label.eq_ignore_ascii_case(name));
    LABELS.iter().find_map(|name| of(&said(name)?.1.trim().to_lowercase())).unwrap_or(2)
}

/// The labels that say how severe it is; the first that says something known counts.
const LABELS: [&str; 2] = ["severity", "priority"];

impl Severities {
    fn of(&self, word: &str) -> Option<Urgency> {
        let word = word.trim().to_lowercase();
        let shipped = || {
            let is = |words: &[&str]| words.contains(&word.as_str());
            if is(&HIGH) { Some(Urgency::High) } else { is(&LOW).then_some(Urgency::Low) }
        };
        match (self.high.contains(&word), self.low.contains(&word)) {
            (true, _) => Some(Urgency::High),
            (false, true) => Some(Urgency::Low),
            (false, false) => shipped(),
        }
    }

    /// What these labels say. Said nothing, or nothing known, it is high: better one page too many.
    pub fn of_labels(&self, labels: &[(String, String)]) -> Urgency {
        let said = |name: &str| labels.iter().find(|(label, _)| label.eq_ignore_ascii_case(name));
        LABELS.iter().find_map(|name| self.of(&said(name)?.1)).unwrap_or(Urgency::High)
    }
}

/// Why an incident's urgency rose without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RaisedBy {
    /// The service's support hours began.
    SupportHours,
    /// The monitor says that it is worse.
    Alert,
}

/// Low for now: raised when the service's support hours begin, if it still fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Raise {
    /// On the wall clock.
    pub at: At,
    /// On the line of delays.
    pub due: At,
}

/// How urgent this is now. `fixed`: by the key, or by whoever opens it. Without an event, a person says that it is wrong.
pub(super) fn of(d: &Decision<'_>, service: &Service, fixed: Option<Urgency>, event: Option<&Event>) -> Urgency {
    fixed.unwrap_or_else(|| match (&service.urgency_by, event) {
        (UrgencyBy::Severity(table), Some(event)) => table.of_labels(&event.labels),
        (UrgencyBy::Service | UrgencyBy::Severity(_) | UrgencyBy::Hours(_), _) => {
            by_hand(d.directory, service, d.stamp.wall)
        }
    })
}

/// How urgent it is when a person says that something is wrong.
pub fn by_hand(directory: &Directory, service: &Service, wall: At) -> Urgency {
    match &service.urgency_by {
        UrgencyBy::Service => service.urgency,
        UrgencyBy::Severity(_) => Urgency::High,
        UrgencyBy::Hours(id) => by_hours(directory, id, wall),
    }
}

fn by_hours(directory: &Directory, id: &HoursId, wall: At) -> Urgency {
    match directory.hours.get(id) {
        Some(hours) if !hours.is_open_at(wall) => Urgency::Low,
        Some(_) | None => Urgency::High,
    }
}

/// An incident was opened: what could make it more urgent is remembered.
pub(super) fn opened(d: &mut Decision<'_>, service: &Service, no: IncidentNo, fixed: Option<Urgency>) {
    let Some(i) = d.incident(no) else { return };
    if i.urgency == Urgency::High {
        return;
    }
    for alert in (0u32..).take(i.alerts.len()) {
        d.emit(Fact::AlertRated { incident: no, alert, urgency: Urgency::Low });
    }
    plan(d, service, &i, fixed);
}

/// A trigger of an alert whose incident is open: one that is more urgent than it was raises it.
pub(super) fn heard(d: &mut Decision<'_>, service: &Service, key: &AlertKey, event: &Event, fixed: Option<Urgency>) {
    let Some(i) = d.world().incident_of(key).filter(|i| i.urgency == Urgency::Low && !i.is_resolved()) else { return };
    // What a person made low has no such mark.
    let Some((_, alert)) = i.alert(key).filter(|(_, alert)| alert.urgency == Some(Urgency::Low)) else { return };
    let is_firing = alert.is_firing();
    let i = i.clone();
    match of(d, service, fixed, Some(event)) {
        Urgency::High if is_firing => raise(d, i.no, why(service)),
        Urgency::High => {}
        Urgency::Low => plan(d, service, &i, fixed),
    }
}

/// An alert became part of an incident: a more urgent one raises it, and what could make it more urgent is remembered.
pub(super) fn joined(
    d: &mut Decision<'_>,
    service: &Service,
    no: IncidentNo,
    key: &AlertKey,
    urgency: Urgency,
    fixed: Option<Urgency>,
) {
    let Some(i) = d.incident(no).filter(|i| i.urgency == Urgency::Low && !is_low_by_hand(i)) else { return };
    match urgency {
        Urgency::High => raise(d, no, why(service)),
        Urgency::Low => {
            let Some((alert, _)) = i.alert(key) else { return };
            d.emit(Fact::AlertRated { incident: no, alert, urgency });
            plan(d, service, &i, fixed);
        }
    }
}

/// Did a person make it low? What its monitors say does not raise it then.
pub(super) fn is_low_by_hand(i: &Incident) -> bool {
    i.urgency == Urgency::Low && i.alerts.iter().all(|a| a.urgency.is_none())
}

fn why(service: &Service) -> RaisedBy {
    match service.urgency_by {
        UrgencyBy::Hours(_) => RaisedBy::SupportHours,
        UrgencyBy::Service | UrgencyBy::Severity(_) => RaisedBy::Alert,
    }
}

fn raise(d: &mut Decision<'_>, no: IncidentNo, why: RaisedBy) {
    change_urgency(d, no, None, Some(why), Urgency::High);
}

fn plan(d: &mut Decision<'_>, service: &Service, i: &Incident, fixed: Option<Urgency>) {
    let (UrgencyBy::Hours(id), None, None) = (&service.urgency_by, fixed, i.raise) else { return };
    let opens = d.directory.hours.get(id).and_then(|hours| hours.next_open(d.stamp.wall));
    if let Some(at) = opens {
        d.emit(Fact::RaisePlanned { incident: i.no, at, due: d.stamp.due_of(at) });
    }
}

/// It goes on although somebody had resolved it, or with more alerts: low, it is raised when support hours begin, or at
/// once where they began meanwhile.
pub(super) fn fires_on(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no).filter(|i| i.raise.is_none() && still_wrong(i) && !is_low_by_hand(i)) else { return };
    let is_fixed = i.origin.as_ref().is_some_and(|o| o.urgency != UrgencyWhy::Service);
    let Some(service) = d.directory.services.get(&i.service).filter(|_| i.urgency == Urgency::Low && !is_fixed) else {
        return;
    };
    match &service.urgency_by {
        UrgencyBy::Hours(id) if by_hours(d.directory, id, d.stamp.wall) == Urgency::High => {
            raise(d, no, RaisedBy::SupportHours);
        }
        _ => plan(d, service, &i, None),
    }
}

/// After a change of the configuration: support hours that begin otherwise by now. `true`: something changed.
pub(super) fn look_again(d: &mut Decision<'_>, i: &Incident) -> bool {
    let Some(raise) = i.raise.filter(|_| still_wrong(i)) else { return false };
    let Some(UrgencyBy::Hours(id)) = d.directory.services.get(&i.service).map(|s| &s.urgency_by) else { return false };
    let opens = d.directory.hours.get(id).and_then(|hours| match hours.is_open_at(d.stamp.wall) {
        true => Some(d.stamp.wall),
        false => hours.next_open(d.stamp.wall),
    });
    let Some(at) = opens.filter(|at| *at < raise.at) else { return false };
    d.emit(Fact::RaisePlanned { incident: i.no, at, due: d.stamp.due_of(at) });
    true
}

/// The support hours begin: what still fires is raised; what does not waits for nothing.
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no) else { return };
    let Some(service) = d.directory.services.get(&i.service) else {
        d.emit(Fact::RaiseDropped { incident: no });
        return;
    };
    let still = still_wrong(&i);
    if still && of(d, service, None, None) == Urgency::High {
        raise(d, no, RaisedBy::SupportHours);
        return;
    }
    d.emit(Fact::RaiseDropped { incident: no });
    // The hours were changed, or the clock was.
    if still && let Some(i) = d.incident(no) {
        plan(d, service, &i, None);
    }
}

/// Does it still fire? What a person reported does until somebody resolves it.
pub fn still_wrong(i: &Incident) -> bool {
    match i.state {
        State::Resolved { .. } => false,
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => {
            i.has_firing_alert() || i.only_a_person_ends_it()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Vec<(String, String)> {
        let one = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        text.split_whitespace().filter_map(one).collect()
    }

    #[test]
    fn a_severity_says_what_is_worse() {
        for (labels, want) in [
            ("severity: critical", 0),
            ("Severity: SEV1", 0),
            ("severity: error", 1),
            ("priority: P2", 1),
            ("severity: what\npriority: P1", 0),
            ("alertname: Critical", 2),
            ("", 2),
            ("severity: critically", 2),
            ("host: db-1\nseverity:  Warning ", 3),
            ("severity: info", 4),
        ] {
            assert_eq!(rank(labels), want, "{labels}");
        }
    }

    #[test]
    fn a_severity_says_how_urgent_it_is() {
        for (said, urgency) in [
            ("severity=critical", Urgency::High),
            ("severity=Error", Urgency::High),
            ("severity=page", Urgency::High),
            ("priority=P1", Urgency::High),
            ("severity=warning", Urgency::Low),
            ("Severity=INFO", Urgency::Low),
            ("priority=p4", Urgency::Low),
            // The first label that says something known.
            ("priority=p1 severity=warning", Urgency::Low),
            ("severity=banana priority=p4", Urgency::Low),
            // Better one page too many.
            ("", Urgency::High),
            ("severity=banana", Urgency::High),
            ("team=low", Urgency::High),
        ] {
            assert_eq!(Severities::default().of_labels(&labels(said)), urgency, "{said}");
        }
    }

    #[test]
    fn a_service_may_have_words_of_its_own() {
        let set = |word: &str| BTreeSet::from([word.to_owned()]);
        let own = Severities { high: set("warning"), low: set("error") };
        for (said, urgency) in [
            ("severity=warning", Urgency::High),
            ("severity=error", Urgency::Low),
            ("severity=critical", Urgency::High),
            ("severity=info", Urgency::Low),
        ] {
            assert_eq!(own.of_labels(&labels(said)), urgency, "{said}");
        }
    }

    #[test]
    fn no_word_is_both() {
        assert!(HIGH.iter().all(|word| !LOW.contains(word)));
    }
}
