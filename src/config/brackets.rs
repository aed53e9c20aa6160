//! `[service]` where `[[service]]` belongs. The parser's own word for it is "duplicate key", at whichever comes second.

use super::complaint::Notes;
use std::collections::BTreeSet;

/// Tables of which there may be several.
const LISTS: [&str; 13] = [
    "channel",
    "user",
    "user.rule",
    "team",
    "service",
    "service.key",
    "policy",
    "schedule",
    "schedule.layer",
    "schedule.layer.hours",
    "schedule.shift",
    "command",
    "match",
];

/// Tells of one of a list that begins like what there is once. `kind`: `service`.
pub(super) fn complain(notes: &Notes, at: usize, kind: &str) {
    let wrong = "has single brackets, which is for what there is once";
    notes.complain(at, "", &format!("[{kind}]"), wrong, &format!("write [[{kind}]]"));
}

/// The lines that begin tables, and which lists were begun wrongly.
pub(super) struct Headers {
    lines: Vec<Header>,
    blamed: BTreeSet<String>,
}

struct Header {
    at: usize,
    name: String,
    /// `[name]`
    single: bool,
}

impl Headers {
    pub fn scan(text: &str) -> Self {
        let mut at = 0;
        let mut lines = Vec::new();
        for line in text.split_inclusive('\n') {
            lines.extend(header(line).map(|(name, single)| Header { at, name, single }));
            at += line.len();
        }
        Self { lines, blamed: BTreeSet::new() }
    }

    /// Is a "duplicate key" at `at` only what single brackets made? What else is wrong there is told when they are mended.
    pub fn explain(&mut self, at: usize) -> bool {
        let after = self.lines.partition_point(|header| header.at <= at);
        let Some(name) = after.checked_sub(1).and_then(|index| self.lines.get(index)).map(|h| h.name.clone()) else {
            return false;
        };
        let alike = self.lines.iter().filter(|header| header.name == name);
        let explained = LISTS.contains(&name.as_str()) && alike.clone().count() > 1 && alike.clone().any(|h| h.single);
        if explained {
            self.blamed.insert(name);
        }
        explained
    }

    /// Complains of every line that begins one of those lists with single brackets.
    pub fn complain(&self, notes: &Notes) {
        for header in self.lines.iter().filter(|header| header.single && self.blamed.contains(&header.name)) {
            complain(notes, header.at, &header.name);
        }
    }
}

/// The name in a line that begins a table, and whether its brackets are single.
pub(super) fn header(line: &str) -> Option<(String, bool)> {
    let line = line.trim();
    let (inside, single) = match line.strip_prefix("[[") {
        Some(inside) => (inside, false),
        None => (line.strip_prefix('[')?, true),
    };
    let (name, rest) = inside.split_once(if single { "]" } else { "]]" })?;
    let rest = rest.trim_start();
    let ends = rest.is_empty() || rest.starts_with('#');
    ends.then(|| (name.split('.').map(str::trim).collect::<Vec<_>>().join("."), single))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_a_table_is_known_by_its_brackets() {
        for (line, want) in [
            ("[service]", Some(("service", true))),
            ("  [ service . key ] # of payments", Some(("service.key", true))),
            ("[[service.key]]", Some(("service.key", false))),
            ("steps = [[1]]", None),
            ("[service] id = 1", None),
            ("# [service]", None),
            ("[[service.key]", None),
        ] {
            assert_eq!(header(line), want.map(|(name, single)| (name.to_owned(), single)), "{line}");
        }
    }
}
