//! Where things stand in the file, for complaints that arise after it was read: from the calendar, and from Slack.

use super::complaint::{Complaint, Notes};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// Tables that have a name, and the key that holds it.
const NAMED: [(&str, &str); 9] = [
    ("channel", "name"),
    ("user", "id"),
    ("team", "id"),
    ("service", "id"),
    ("policy", "id"),
    ("schedule", "id"),
    ("command", "name"),
    ("hours", "id"),
    ("holidays", "id"),
];

/// Where everything with a name stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    file: String,
    /// `user.ana`, `user.ana.tz`, `policy.payments.step 2`, `catch_all`: the offset and the line.
    at: BTreeMap<String, (usize, usize)>,
}

impl Places {
    pub(super) fn scan(notes: &Notes, top: &DeTable<'_>) -> Self {
        let mut places = Self { file: notes.file().to_owned(), at: BTreeMap::new() };
        let mut put = |name: String, at: usize| {
            places.at.entry(name).or_insert((at, notes.line(at)));
        };
        for (key, value) in top {
            put(key.get_ref().to_string(), key.span().start);
            let Some((kind, named)) = NAMED.into_iter().find(|(kind, _)| kind == key.get_ref()) else { continue };
            for table in value.get_ref().as_array().into_iter().flatten().filter_map(|v| v.get_ref().as_table()) {
                let Some((id_key, id)) = table.get_key_value(named) else { continue };
                let Some(name) = id.get_ref().as_str().map(str::trim) else { continue };
                put(format!("{kind}.{name}"), id_key.span().start);
                for (key, value) in table {
                    put(format!("{kind}.{name}.{}", key.get_ref()), key.span().start);
                    if let ("steps", DeValue::Array(steps)) = (key.get_ref().as_ref(), value.get_ref()) {
                        for (step, number) in steps.iter().zip(1..) {
                            put(format!("{kind}.{name}.step {number}"), step.span().start);
                        }
                    }
                }
            }
        }
        places
    }

    /// The offset of a key of something, else of the thing itself, else of the file.
    pub(super) fn at(&self, thing: &str, key: &str) -> usize {
        self.find(thing, key).0
    }

    /// A complaint about `key` of `thing` (`user.ana`), or about the thing if the key is not written there.
    pub fn complaint(&self, thing: &str, key: &str, found: &str, wrong: &str, mend: &str) -> Complaint {
        let (_, line) = self.find(thing, key);
        let place = if thing.is_empty() { String::new() } else { format!("[{thing}]") };
        Complaint {
            file: self.file.clone(),
            line,
            column: 1,
            place,
            found: found.to_owned(),
            wrong: wrong.to_owned(),
            mend: mend.to_owned(),
        }
    }

    /// The file, as it was named by whoever asked.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn find(&self, thing: &str, key: &str) -> (usize, usize) {
        let whole = if thing.is_empty() { key.to_owned() } else { format!("{thing}.{key}") };
        self.at.get(&whole).or_else(|| self.at.get(thing)).copied().unwrap_or((0, 1))
    }
}
