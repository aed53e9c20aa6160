//! One line while it is read: its words, who typed it, and the corrected lines made from it.

use super::Means;
use super::mention::readable;
use super::mistake::{Mistake, cut, quoted};
use super::words::{Words, shown};
use super::{Line, Speaker, TEXT_MAX};
use crate::domain::directory::Directory;

/// A corrected line, in characters. It is to be read and copied.
const CORRECTED_MAX: usize = 160;
/// Politeness that means nothing more.
const POLITE: &[&str] = &["please", "pls", "plz", "thanks", "thx", "now"];

#[derive(Clone, Debug)]
pub(super) struct Reading<'a> {
    pub line: &'a Line<'a>,
    pub speaker: &'a Speaker<'a>,
    pub words: Words,
    /// The first word after the command.
    first: usize,
}

impl<'a> Reading<'a> {
    /// Goes past a repeated command: people copy the whole line.
    pub fn new(line: &'a Line<'a>, speaker: &'a Speaker<'a>) -> Self {
        let mut words = Words::new(line.text);
        let own = line.command.to_lowercase();
        while words.lower(0).is_some_and(|w| w == own || w == "/pager" || w == "/oncall" && line.means == Means::Oncall)
        {
            words.advance(1);
        }
        let first = words.at();
        Self { line, speaker, words, first }
    }

    pub fn directory(&self) -> &'a Directory {
        self.speaker.directory
    }

    /// A corrected line: the words `from..to` replaced by others.
    pub fn instead(&self, why: impl Into<String>, from: usize, to: usize, with: &str) -> Mistake {
        let text = self.words.spliced(self.first, from, to, with);
        Mistake { why: why.into(), instead: Some(self.whole(&text)) }
    }

    /// A corrected line of which nothing was typed.
    pub fn rather(&self, why: impl Into<String>, text: &str) -> Mistake {
        Mistake { why: why.into(), instead: Some(self.whole(text)) }
    }

    fn whole(&self, text: &str) -> String {
        cut(&shown(&format!("{} {text}", self.line.command)), CORRECTED_MAX)
    }

    /// Words as they were typed, in backticks; names that were picked are readable.
    pub fn quoted(&self, from: usize, to: usize) -> String {
        quoted(&readable(self.words.typed(from, to), self.directory()))
    }

    /// Here the next words are left out of the corrected line.
    pub fn without_rest(&self, why: impl Into<String>) -> Mistake {
        let at = self.words.at();
        self.instead(why, at, at + self.words.left(), "")
    }

    /// Nothing may stand here any more.
    pub fn end(&mut self) -> Result<(), Mistake> {
        let at = self.words.at();
        while self.words.skip(POLITE) {}
        if self.words.is_done() {
            return Ok(());
        }
        self.words.set(at);
        let rest = quoted(&readable(self.words.rest(), self.directory()));
        Err(self.without_rest(format!("I don't know what {rest} means here.")))
    }

    /// What stands ahead of word `to` as text, or `None` if nothing does.
    pub fn text_to(&mut self, to: usize, max: usize) -> Option<String> {
        let from = self.words.at();
        if to == from + self.words.left() {
            return self.text(max);
        }
        let typed =
            self.words.typed(from, to).trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '-'));
        let text = readable(typed, self.directory());
        self.words.set(to);
        (!text.is_empty()).then(|| cut(&text, max.min(TEXT_MAX)))
    }

    /// All that stands ahead as text, or `None` if nothing does.
    pub fn text(&mut self, max: usize) -> Option<String> {
        let text = readable(self.words.rest(), self.directory());
        self.words.advance(self.words.left());
        (!text.is_empty()).then(|| cut(&text, max.min(TEXT_MAX)))
    }
}
