//! What each monitor's body means. PURE: bytes in, events out; no state, no await, no clock.
//!
//! A decoder takes what a person would understand and refuses only what nobody could act on; a refusal names the field,
//! what was found there and what to write instead. One body is one input: all its events or none.

use super::json::{List, Loose};
use super::{limits, text};
use crate::domain::input::Event;
use std::borrow::Cow;
use std::fmt;

pub mod alertmanager;
pub mod change;
pub mod generic;
pub mod grafana;
pub mod nagios;
pub mod newrelic;
pub mod pagerduty;
pub mod pagerduty_webhook;
pub mod splunk;

/// What a body said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// At most [`limits::EVENTS_PER_BODY`]. Empty only where the body was understood and asks nobody to act (somebody
    /// wrote a note there): there is nothing to keep then, and the sender is done.
    pub events: Vec<Event>,
    /// How many alerts the sender says it left out of this body (Alertmanager's `max_alerts`).
    pub left_out_by_sender: u64,
}

impl Decoded {
    /// One event.
    fn one(event: Event) -> Self {
        Self { events: vec![event], left_out_by_sender: 0 }
    }

    /// Understood, and nothing anybody should act upon.
    fn nothing() -> Self {
        Self::default()
    }

    /// About how many bytes of memory the events take; many short labels take many times their text.
    pub fn weight(&self) -> usize {
        /// What the allocator adds to a short text.
        const EACH: usize = 32;
        let of_label = |(name, value): &(String, String)| name.capacity() + value.capacity() + 2 * (EACH + 24);
        let of_event = |e: &Event| {
            let texts = e.dedup_key.len() + e.title.capacity() + e.link.capacity();
            size_of::<Event>() + 4 * EACH + texts + e.labels.iter().map(of_label).sum::<usize>()
        };
        self.events.iter().map(of_event).sum()
    }
}

/// Why a body was not understood, in words for whoever set the monitor up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DecodeError {
    /// Which field, as a path: `alerts[3].status`.
    pub field: String,
    /// What stood there, bounded.
    pub found: String,
    /// What to write instead.
    pub mend: String,
}

impl DecodeError {
    pub fn new(field: impl Into<String>, found: &str, mend: impl Into<String>) -> Self {
        Self { field: field.into(), found: text::one_line(found, limits::FOUND_CHARS), mend: mend.into() }
    }

    /// This error, of the item `index` of the list `list`.
    pub(super) fn within(mut self, list: &str, index: usize) -> Self {
        self.field = format!("{list}[{index}].{}", self.field);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: found {}; send {}", self.field, self.found, self.mend)
    }
}

/// The events of a list of a body, or the first reason why not.
fn all<T>(list: &str, items: List<Result<T, DecodeError>, { limits::EVENTS_PER_BODY }>) -> Result<Vec<T>, DecodeError> {
    match items {
        List::Absent => Err(DecodeError::new(list, "nothing", "a list of alerts")),
        List::Odd(what) => Err(DecodeError::new(list, what, "a list of alerts")),
        List::Items { items, .. } if items.is_empty() => {
            Err(DecodeError::new(list, "an empty list", "at least one alert"))
        }
        List::Items { items, more: 0 } => {
            items.into_iter().enumerate().map(|(i, item)| item.map_err(|e| e.within(list, i))).collect()
        }
        List::Items { items, more } => {
            let found = format!("{} alerts", items.len() + more);
            Err(DecodeError::new(list, &found, format!("at most {} alerts in one body", limits::EVENTS_PER_BODY)))
        }
    }
}

/// Labels that tell a person most, in the order a person wants them.
const TELLING: &[&str] = &[
    "alertname",
    "severity",
    "instance",
    "job",
    "service",
    "source",
    "component",
    "group",
    "class",
    "namespace",
    "pod",
    "host",
    "cluster",
    "region",
    "env",
];

/// Collects the labels of one event: bounded, without empty ones, a name twice counting as its last.
#[derive(Default)]
struct Labels(Vec<(String, String)>);

impl Labels {
    fn add(&mut self, name: &str, value: &str) {
        let name = text::one_line(name, limits::LABEL_NAME_CHARS);
        let value = text::block(value, limits::LABEL_VALUE_CHARS);
        if name.is_empty() || value.is_empty() {
            return;
        }
        if let Some(label) = self.0.iter_mut().find(|(n, _)| *n == name) {
            label.1 = value;
        } else if self.0.len() < limits::LABELS_KEPT {
            self.0.push((name, value));
        }
    }

    /// Only if nothing is called so yet.
    fn add_new(&mut self, name: &str, value: &str) {
        if !self.0.iter().any(|(n, _)| n == name) {
            self.add(name, value);
        }
    }

    /// Adds these, the telling ones first, each group in the order given.
    fn add_pairs<'a>(&mut self, pairs: &[(Cow<'a, str>, Loose<'a>)]) {
        self.add_pairs_as(pairs, Loose::any_text);
    }

    /// The same, with lists written as lists.
    fn add_listed_pairs<'a>(&mut self, pairs: &[(Cow<'a, str>, Loose<'a>)]) {
        self.add_pairs_as(pairs, Loose::listed);
    }

    fn add_pairs_as<'a>(&mut self, pairs: &[(Cow<'a, str>, Loose<'a>)], text: fn(Loose<'a>) -> Option<Cow<'a, str>>) {
        for telling in TELLING {
            for (name, value) in pairs.iter().filter(|(name, _)| name == telling) {
                self.add(name, &text(*value).unwrap_or_default());
            }
        }
        for (name, value) in pairs.iter().filter(|(name, _)| !TELLING.contains(&name.as_ref())) {
            self.add(name, &text(*value).unwrap_or_default());
        }
    }
}

/// The last value of the field `name`, if it has words.
fn find<'a>(pairs: &[(Cow<'a, str>, Loose<'a>)], name: &str) -> Option<Cow<'a, str>> {
    pairs.iter().rev().find(|(n, _)| n == name).and_then(|(_, value)| value.words())
}
