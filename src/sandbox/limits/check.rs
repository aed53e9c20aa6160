//! Collects complaints in Slack's words, each with a JSON pointer.

use super::{COMPLAINTS, Surface};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt::Display;

/// One validation.
pub struct Check {
    pub surface: Surface,
    pub complaints: Vec<String>,
    pub block_ids: BTreeSet<String>,
    /// `focus_on_load` may be set once.
    pub focused: bool,
}

impl Check {
    pub fn new(surface: Surface) -> Self {
        Self { surface, complaints: Vec::new(), block_ids: BTreeSet::new(), focused: false }
    }

    pub fn wrong(&mut self, at: impl Display, why: impl Display) {
        if self.complaints.len() < COMPLAINTS {
            self.complaints.push(format!("{why} [json-pointer:{at}]"));
        }
    }

    /// The value as an object, or a complaint.
    pub fn object<'v>(&mut self, v: &'v Value, at: &str) -> Option<&'v Map<String, Value>> {
        let map = v.as_object();
        if map.is_none() {
            self.wrong(at, "must provide an object");
        }
        map
    }

    /// Complains about every property not listed.
    pub fn keys(&mut self, map: &Map<String, Value>, at: &str, known: &[&str]) {
        for key in map.keys().filter(|k| !known.contains(&k.as_str())) {
            self.wrong(at, format!("invalid additional property: {key}"));
        }
    }

    pub fn required(&mut self, map: &Map<String, Value>, key: &str, at: &str) {
        if map.get(key).is_none_or(Value::is_null) {
            self.wrong(at, format!("missing required field: {key}"));
        }
    }

    /// A string of `least..=most` characters, if it is there.
    pub fn string(&mut self, map: &Map<String, Value>, key: &str, at: &str, least: usize, most: usize) {
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(s)) => self.length(s, &format!("{at}/{key}"), least, most),
            Some(_) => self.wrong(format!("{at}/{key}"), "must provide a string"),
        }
    }

    /// A string that must be there.
    pub fn needed_string(&mut self, map: &Map<String, Value>, key: &str, at: &str, least: usize, most: usize) {
        self.required(map, key, at);
        self.string(map, key, at, least, most);
    }

    /// A string of at most `most` units of UTF-16, by which what is typed into an input is counted, if it is there.
    pub fn units(&mut self, map: &Map<String, Value>, key: &str, at: &str, most: usize) {
        match map.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(s)) if s.encode_utf16().count() <= most => {}
            Some(Value::String(_)) => {
                self.wrong(format!("{at}/{key}"), format!("must be less than {} characters", most + 1));
            }
            Some(_) => self.wrong(format!("{at}/{key}"), "must provide a string"),
        }
    }

    pub fn length(&mut self, s: &str, at: &str, least: usize, most: usize) {
        let n = s.chars().count();
        if n < least {
            self.wrong(at, format!("must be more than {} characters", least - 1));
        } else if n > most {
            self.wrong(at, format!("must be less than {} characters", most + 1));
        }
    }

    pub fn boolean(&mut self, map: &Map<String, Value>, key: &str, at: &str) {
        if map.get(key).is_some_and(|v| !v.is_boolean()) {
            self.wrong(format!("{at}/{key}"), "must provide a boolean");
        }
    }

    /// A whole number in `least..=most`, if it is there.
    pub fn integer(&mut self, map: &Map<String, Value>, key: &str, at: &str, least: i64, most: i64) {
        match map.get(key) {
            None => {}
            Some(v) => match v.as_i64() {
                Some(n) if (least..=most).contains(&n) => {}
                Some(_) => self.wrong(format!("{at}/{key}"), format!("must be between {least} and {most}")),
                None => self.wrong(format!("{at}/{key}"), "must provide an integer"),
            },
        }
    }

    /// One of these words, if it is there.
    pub fn word(&mut self, map: &Map<String, Value>, key: &str, at: &str, words: &[&str]) {
        match map.get(key) {
            None => {}
            Some(Value::String(s)) if words.contains(&s.as_str()) => {}
            Some(_) => self.wrong(format!("{at}/{key}"), format!("must be a valid enum value: {}", words.join(", "))),
        }
    }

    /// An http(s) URL of at most `most` characters.
    pub fn url(&mut self, map: &Map<String, Value>, key: &str, at: &str, most: usize) {
        self.string(map, key, at, 1, most);
        if let Some(s) = map.get(key).and_then(Value::as_str) {
            let good = url::Url::parse(s).is_ok_and(|u| !u.cannot_be_a_base() || u.scheme() == "mailto");
            if !good {
                self.wrong(format!("{at}/{key}"), "must be a valid URL");
            }
        }
    }

    /// The items of an array with `least..=most` of them.
    pub fn items<'v>(
        &mut self,
        map: &'v Map<String, Value>,
        key: &str,
        at: &str,
        least: usize,
        most: usize,
    ) -> &'v [Value] {
        match map.get(key) {
            None | Some(Value::Null) => {
                self.wrong(at, format!("missing required field: {key}"));
                &[]
            }
            Some(Value::Array(items)) => {
                if items.len() < least {
                    self.wrong(format!("{at}/{key}"), format!("no fewer than {least} items allowed"));
                } else if items.len() > most {
                    self.wrong(format!("{at}/{key}"), format!("no more than {most} items allowed"));
                }
                // Looking at every item of a huge array helps nobody.
                &items[..items.len().min(most.max(COMPLAINTS))]
            }
            Some(_) => {
                self.wrong(format!("{at}/{key}"), "must provide an array");
                &[]
            }
        }
    }
}
