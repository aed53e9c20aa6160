//! What is wrong with a configuration, said so that the reader can mend it without the manual.

use super::CheckReport;
use super::limits::MAX_COMPLAINTS;
use std::cell::RefCell;
use std::fmt;
use std::path::Path;

/// One thing that is wrong or doubtful. Printed as `FILE:LINE: where what-was-found what-is-wrong; what-to-write`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// The file, as it was named by whoever asked.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The table: `[service.payments]`, `[user.ana] rule 2`; empty at the top of the file.
    pub place: String,
    /// The key or value as it stands there: `policy = "paymnts"`. Never a secret.
    pub found: String,
    /// What is wrong with it.
    pub wrong: String,
    /// What to write instead.
    pub mend: String,
}

impl Complaint {
    /// About a file as a whole, or from a line on.
    pub(super) fn of_file(path: &Path, line: usize, wrong: String, mend: &str) -> Self {
        Self {
            file: path.display().to_string(),
            line,
            column: 1,
            place: String::new(),
            found: String::new(),
            wrong,
            mend: mend.to_owned(),
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.file, self.line)?;
        for part in [&self.place, &self.found, &self.wrong] {
            if !part.is_empty() {
                write!(f, " {part}")?;
            }
        }
        if self.mend.is_empty() { Ok(()) } else { write!(f, "; {}", self.mend) }
    }
}

/// One file's text and what was noted about it.
///
/// Notes are taken through a shared reference, because every reader of a part of the file takes them.
pub(super) struct Notes {
    file: String,
    /// Byte offsets at which lines start; the first is 0.
    lines: Vec<usize>,
    text: String,
    complaints: RefCell<Vec<Complaint>>,
    warnings: RefCell<Vec<Complaint>>,
    asides: RefCell<Vec<Complaint>>,
    /// Added to every line: a part of a file is parsed alone, but its lines are counted in the whole.
    skipped_lines: usize,
}

impl Notes {
    pub fn new(file: &str, text: &str) -> Self {
        Self::of_part(file, text, 0)
    }

    /// Notes on a part of a file that begins after `skipped_lines` lines.
    pub fn of_part(file: &str, text: &str, skipped_lines: usize) -> Self {
        let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self {
            file: file.to_owned(),
            lines,
            text: text.to_owned(),
            complaints: RefCell::default(),
            warnings: RefCell::default(),
            asides: RefCell::default(),
            skipped_lines,
        }
    }

    /// Something that makes the configuration unusable.
    pub fn complain(&self, at: usize, place: &str, found: &str, wrong: &str, mend: &str) {
        let complaint = self.note(at, place, found, wrong, mend);
        self.complaints.borrow_mut().push(complaint);
    }

    /// Something doubtful.
    pub fn warn(&self, at: usize, place: &str, found: &str, wrong: &str, mend: &str) {
        let warning = self.note(at, place, found, wrong, mend);
        self.warnings.borrow_mut().push(warning);
    }

    /// Something that may well be meant.
    pub fn aside(&self, at: usize, place: &str, found: &str, wrong: &str, mend: &str) {
        let aside = self.note(at, place, found, wrong, mend);
        self.asides.borrow_mut().push(aside);
    }

    pub fn has_complaints(&self) -> bool {
        !self.complaints.borrow().is_empty()
    }

    /// The number of the line `at` stands in, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.line_index(at) + 1 + self.skipped_lines
    }

    /// The line `at` stands in, without its end.
    pub fn line_text(&self, at: usize) -> &str {
        let index = self.line_index(at);
        let from = self.lines.get(index).copied().unwrap_or(0);
        let rest = self.text.get(from..).unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }

    /// The name of the file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Everything that was noted, each kind in the order of the file.
    pub fn into_report(self) -> CheckReport {
        CheckReport {
            complaints: in_order(self.complaints.into_inner()),
            warnings: in_order(self.warnings.into_inner()),
            notes: in_order(self.asides.into_inner()),
        }
    }

    fn note(&self, at: usize, place: &str, found: &str, wrong: &str, mend: &str) -> Complaint {
        let index = self.line_index(at);
        let from = self.lines.get(index).copied().unwrap_or(0);
        let before = self.text.get(from..at.min(self.text.len())).unwrap_or_default();
        Complaint {
            file: self.file.clone(),
            line: self.line(at),
            column: before.chars().count() + 1,
            place: place.to_owned(),
            found: found.to_owned(),
            wrong: wrong.to_owned(),
            mend: mend.to_owned(),
        }
    }

    fn line_index(&self, at: usize) -> usize {
        // A complaint about the end of the file belongs to its last line that says something.
        let at = at.min(self.text.trim_end().len());
        self.lines.partition_point(|start| *start <= at).saturating_sub(1)
    }
}

fn in_order(mut notes: Vec<Complaint>) -> Vec<Complaint> {
    notes.sort_by_key(|c| (c.line, c.column));
    notes.dedup();
    let more = notes.len().saturating_sub(MAX_COMPLAINTS);
    if more > 0 {
        notes.truncate(MAX_COMPLAINTS);
        if let Some(last) = notes.last().cloned() {
            let wrong = format!("{more} more complaints follow");
            let mend = "mend those above first".to_owned();
            notes.push(Complaint { place: String::new(), found: String::new(), wrong, mend, ..last });
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let notes = Notes::new("c.toml", "a = 1\nö = \"ß\" x\n");
        notes.complain(16, "[user.ana]", "x", "is odd", "leave it out");
        notes.complain(0, "", "a", "is odd", "");
        notes.complain(9_999, "", "", "the end", "");
        let complaints = notes.into_report().complaints;
        let told: Vec<String> = complaints.iter().map(ToString::to_string).collect();
        assert_eq!(told, ["c.toml:1: a is odd", "c.toml:2: [user.ana] x is odd; leave it out", "c.toml:2: the end"]);
        assert_eq!(complaints[1].column, 9);
    }

    #[test]
    fn many_complaints_are_cut_and_counted() {
        let notes = Notes::new("c.toml", &"x\n".repeat(MAX_COMPLAINTS + 50));
        for line in 0..MAX_COMPLAINTS + 7 {
            notes.complain(line * 2, "", "x", "is odd", "");
        }
        let complaints = notes.into_report().complaints;
        assert_eq!(complaints.len(), MAX_COMPLAINTS + 1);
        assert!(complaints[MAX_COMPLAINTS].to_string().ends_with("7 more complaints follow; mend those above first"));
    }
}
