//! Rules that say where an alert goes: to another service, to what only informs, or nowhere. Read when an episode
//! begins; what follows finds the alert wherever it went.

use super::directory::{Directory, Service};
use super::id::{ChannelId, ServiceId};
use super::input::{Event, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One rule. The first that fits decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Counted from 1, as it stands in the configuration.
    pub number: u32,
    pub name: Option<Arc<str>>,
    pub when: Conditions,
    pub to: Destination,
}

/// All rules, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    all: Vec<Route>,
    /// Those that can decide of a service, by their places.
    of: BTreeMap<ServiceId, Vec<usize>>,
}

impl Routes {
    /// `told`: every service that there is.
    pub fn new<'a>(all: Vec<Route>, told: impl IntoIterator<Item = &'a ServiceId>) -> Self {
        let can = |id: &ServiceId, r: &Route| r.when.service.as_ref().is_none_or(|wanted| wanted.fits(id.as_str()));
        let of = |id: &ServiceId| (0..all.len()).filter(|n| can(id, &all[*n])).collect();
        let of = told.into_iter().map(|id| (id.clone(), of(id))).collect();
        Self { all, of }
    }

    /// Those that can decide of what is told to this service, in their order.
    fn of(&self, told: &ServiceId) -> impl Iterator<Item = &Route> {
        let known = self.of.get(told);
        let others = self.all.iter().filter(move |_| known.is_none());
        known.into_iter().flatten().filter_map(|n| self.all.get(*n)).chain(others)
    }
}

/// A rule that decided, as people find it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRef {
    pub number: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// The version of the configuration in which it stood.
    pub config: u64,
}

impl Route {
    /// `config`: the version in force.
    pub fn rule(&self, config: u64) -> RuleRef {
        RuleRef { number: self.number, name: self.name.clone(), config }
    }
}

/// All that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// The service of the key that the event came by.
    pub service: Option<AnyOf>,
    pub title: Option<AnyOf>,
    pub source: Option<AnyOf>,
    pub dedup_key: Option<AnyOf>,
    /// By the label's name. A label that the event does not have fits nothing, `*` included.
    pub labels: BTreeMap<String, AnyOf>,
}

/// Patterns of which one must fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AnyOf(pub Vec<Glob>);

/// A text in which `*` stands for any characters, or none. Upper and lower case differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Glob(pub String);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    Service(ServiceId),
    /// Shown, and pages nobody. `None`: in the service's own channel.
    Fyi {
        channel: Option<ChannelId>,
    },
    /// Counted, nothing else.
    Nothing,
}

/// The rule that decides about this event, if one does.
pub fn route<'a>(directory: &'a Directory, told: &Service, event: &Event, source: Source) -> Option<&'a Route> {
    directory.routes.of(&told.id).find(|r| r.when.fit(&told.id, event, source))
}

/// How rules call a source.
pub fn source_name(source: Source) -> &'static str {
    match source {
        Source::Alertmanager => "alertmanager",
        Source::PagerDuty => "pagerduty",
        Source::Generic => "generic",
        Source::Grafana => "grafana",
        Source::NewRelic => "newrelic",
        Source::Splunk => "splunk",
        Source::PagerDutyWebhook => "pagerduty-webhook",
        Source::Warridor => "warridor",
        Source::Heartbeat => "heartbeat",
        Source::Person => "person",
        Source::Test => "test",
    }
}

/// What monitors' events come by. A rule can name these, and `heartbeat`.
pub const SOURCES: [Source; 7] = [
    Source::Alertmanager,
    Source::PagerDuty,
    Source::Generic,
    Source::Grafana,
    Source::NewRelic,
    Source::Splunk,
    Source::PagerDutyWebhook,
];

impl Conditions {
    fn fit(&self, told: &ServiceId, event: &Event, source: Source) -> bool {
        let holds = |wanted: &Option<AnyOf>, found: &str| wanted.as_ref().is_none_or(|w| w.fits(found));
        holds(&self.service, told.as_str())
            && holds(&self.source, source_name(source))
            && holds(&self.dedup_key, &event.dedup_key)
            && holds(&self.title, &event.title)
            && self
                .labels
                .iter()
                .all(|(name, wanted)| event.labels.iter().any(|(found, value)| found == name && wanted.fits(value)))
    }

    /// Does whatever fits `other` fit these too? May say no where it is so, and never says yes where it is not.
    pub fn cover(&self, other: &Self) -> bool {
        let covers = |wide: &Option<AnyOf>, narrow: &Option<AnyOf>| match (wide, narrow) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(wide), Some(narrow)) => wide.covers(narrow),
        };
        covers(&self.service, &other.service)
            && covers(&self.title, &other.title)
            && covers(&self.source, &other.source)
            && covers(&self.dedup_key, &other.dedup_key)
            && self.labels.iter().all(|(name, wide)| other.labels.get(name).is_some_and(|narrow| wide.covers(narrow)))
    }
}

impl AnyOf {
    pub fn fits(&self, text: &str) -> bool {
        self.0.iter().any(|glob| glob.fits(text))
    }

    fn covers(&self, narrow: &Self) -> bool {
        // A star of the narrow one can only be taken by a star of the wide one: no other character is `*`.
        narrow.0.iter().all(|n| self.0.iter().any(|w| w.fits(&n.0)))
    }
}

impl Glob {
    /// Takes at most the product of both lengths.
    pub fn fits(&self, text: &str) -> bool {
        let (pattern, text) = (self.0.as_bytes(), text.as_bytes());
        let (mut p, mut t) = (0, 0);
        // Where the last star stands, and how far it reaches.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(byte) if *byte == text[t] => {
                    p += 1;
                    t += 1;
                }
                Some(_) | None => {
                    let Some((at, reach)) = star else { return false };
                    star = Some((at, reach + 1));
                    p = at + 1;
                    t = reach + 1;
                }
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::input::EventAction;
    use proptest::prelude::*;

    fn any(globs: &[&str]) -> AnyOf {
        AnyOf(globs.iter().map(|g| Glob((*g).to_owned())).collect())
    }

    fn event(title: &str, labels: &[(&str, &str)]) -> Event {
        Event {
            action: EventAction::Trigger,
            dedup_key: "disk/db-3".into(),
            title: title.to_owned(),
            link: String::new(),
            labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            starts_at: None,
            ends_at: None,
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        let table = [
            ("eu-*", "eu-west", true),
            ("eu-*", "eu-", true),
            ("eu-*", "us-east", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("*disk*", "the disk is full", true),
            ("*disk*full", "disk full, then not", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("Disk", "disk", false),
            ("*ü", "grün, dürr, ü", true),
        ];
        for (glob, text, fits) in table {
            assert_eq!(Glob(glob.to_owned()).fits(text), fits, "{glob:?} and {text:?}");
        }
    }

    #[test]
    fn all_conditions_of_a_rule_must_hold() {
        let info = || BTreeMap::from([("severity".to_owned(), any(&["info", "debug"]))]);
        let found = event("disk 81 %", &[("severity", "info"), ("region", "eu-west")]);
        let fit = |when: Conditions| when.fit(&"payments".into(), &found, Source::Alertmanager);
        let none = Conditions::default;
        assert!(fit(none()), "no condition fits everything");
        assert!(fit(Conditions { labels: info(), ..none() }));
        assert!(fit(Conditions { labels: info(), service: Some(any(&["search", "pay*"])), ..none() }));
        assert!(!fit(Conditions { labels: info(), service: Some(any(&["search"])), ..none() }));
        assert!(fit(Conditions { source: Some(any(&["alertmanager"])), ..none() }));
        assert!(!fit(Conditions { source: Some(any(&["pagerduty"])), ..none() }));
        assert!(fit(Conditions { title: Some(any(&["disk *"])), dedup_key: Some(any(&["disk/*"])), ..none() }));
        let missing = BTreeMap::from([("cluster".to_owned(), any(&["*"]))]);
        assert!(!fit(Conditions { labels: missing, ..none() }), "a label that is not there fits nothing");
    }

    #[test]
    fn a_rule_after_a_wider_one_is_never_reached() {
        let labels = |globs: &[&str]| Conditions {
            labels: BTreeMap::from([("severity".to_owned(), any(globs))]),
            ..Conditions::default()
        };
        let table = [
            (labels(&["info"]), labels(&["info"]), true),
            (labels(&["in*"]), labels(&["info"]), true),
            (labels(&["in*"]), labels(&["inf*"]), true),
            (labels(&["inf*"]), labels(&["in*"]), false),
            (labels(&["info", "debug"]), labels(&["debug"]), true),
            (labels(&["info"]), labels(&["info", "debug"]), false),
            (Conditions::default(), labels(&["info"]), true),
            (labels(&["*"]), Conditions::default(), false),
        ];
        for (wide, narrow, covers) in table {
            assert_eq!(wide.cover(&narrow), covers, "{wide:?}\n{narrow:?}");
        }
    }

    proptest! {
        /// The plain definition: a star takes any number of characters.
        #[test]
        fn a_glob_fits_as_defined(glob in "[ab*é]{0,8}", text in "[abé]{0,10}") {
            fn defined(glob: &[char], text: &[char]) -> bool {
                match glob {
                    [] => text.is_empty(),
                    ['*', rest @ ..] => (0..=text.len()).any(|n| defined(rest, &text[n..])),
                    [c, rest @ ..] => text.first() == Some(c) && defined(rest, &text[1..]),
                }
            }
            let (g, t): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
            prop_assert_eq!(Glob(glob).fits(&text), defined(&g, &t));
        }

        #[test]
        fn a_glob_never_panics(glob in ".{0,40}", text in ".{0,80}") {
            let _ = Glob(glob).fits(&text);
        }

        /// What is covered never fits alone.
        #[test]
        fn what_covers_fits_too(wide in "[ab*]{0,6}", narrow in "[ab*]{0,6}", text in "[ab]{0,8}") {
            let (wide, narrow) = (any(&[&wide]), any(&[&narrow]));
            if wide.covers(&narrow) && narrow.fits(&text) {
                prop_assert!(wide.fits(&text));
            }
        }
    }
}
