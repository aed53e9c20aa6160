//! A line cut into words, with where each of them stands: notes keep what was typed, everything else is read tidied.

use super::mention::{MENTION_MAX_BYTES, mention};

/// The longest line that is read, in characters; what stands after it is left out.
pub const LINE_MAX: usize = 4_000;

/// Around words, and not part of them. Leading dots and dashes count: `.5h`, `-2h`.
const BEFORE: &[char] = &['"', '\'', '“', '”', '„', '«', '»', '‘', '’', '‚', '`', '(', '[', ',', ';', ':', '*', '~'];
const AFTER: &[char] =
    &['"', '\'', '“', '”', '„', '«', '»', '‘', '’', '`', ')', ']', ',', ';', ':', '.', '…', '!', '?', '*', '~'];

#[derive(Clone, Debug)]
struct Word {
    start: usize,
    end: usize,
    /// Tidied, in its own case.
    text: String,
    /// In lower case, and not for what a mention names.
    lower: String,
}

/// The words and how far they were read.
#[derive(Clone, Debug)]
pub(super) struct Words {
    text: String,
    words: Vec<Word>,
    at: usize,
}

impl Words {
    pub fn new(text: &str) -> Self {
        let text: String = text.chars().take(LINE_MAX).filter(|c| !is_invisible(*c)).collect();
        let mut words = Vec::new();
        let mut at = 0;
        while let Some(skip) = text[at..].find(|c: char| !c.is_whitespace()) {
            let start = at + skip;
            at = start + word_len(&text[start..]);
            push(&text, start, at, &mut words);
        }
        Self { text, words, at: 0 }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn set(&mut self, at: usize) {
        self.at = at.min(self.words.len());
    }

    pub fn advance(&mut self, n: usize) {
        self.set(self.at + n);
    }

    pub fn is_done(&self) -> bool {
        self.at == self.words.len()
    }

    /// How many words stand ahead.
    pub fn left(&self) -> usize {
        self.words.len() - self.at
    }

    /// The `n`-th word ahead, in lower case.
    pub fn lower(&self, n: usize) -> Option<&str> {
        self.words.get(self.at + n).map(|w| w.lower.as_str())
    }

    /// The next word in its own case.
    pub fn next(&self) -> Option<&str> {
        self.words.get(self.at).map(|w| w.text.as_str())
    }

    pub fn is(&self, any: &[&str]) -> bool {
        self.lower(0).is_some_and(|w| any.contains(&w))
    }

    /// Goes past the next word if it is one of these.
    pub fn skip(&mut self, any: &[&str]) -> bool {
        let is = self.is(any);
        self.advance(usize::from(is));
        is
    }

    /// The next words, at most `n`.
    pub fn ahead(&self, n: usize) -> Vec<&str> {
        self.words[self.at..].iter().take(n).map(|w| w.text.as_str()).collect()
    }

    /// What stands ahead as it was typed, but for what separates it from the words before.
    pub fn rest(&self) -> &str {
        let text = self.words.get(self.at).map_or("", |w| &self.text[w.start..]);
        text.trim_start_matches(|c: char| c.is_whitespace() || is_dash(c) || matches!(c, ':' | ',' | ';')).trim_end()
    }

    /// The words `from..to` as they were typed.
    pub fn typed(&self, from: usize, to: usize) -> &str {
        match (self.words.get(from), self.words.get(to.saturating_sub(1))) {
            (Some(first), Some(last)) if from < to => &self.text[first.start..last.end],
            _ => "",
        }
    }

    /// What was typed from word `first` on, with the words `from..to` replaced; nothing is replaced when they are equal.
    pub fn spliced(&self, first: usize, from: usize, to: usize, with: &str) -> String {
        let start = |n: usize| self.words.get(n).map_or(self.text.len(), |w| w.start);
        let end = |n: usize| if n == from { start(from) } else { self.words[n - 1].end };
        let head = &self.text[start(first).min(start(from))..start(from)];
        shown(&format!("{head} {with} {}", &self.text[end(to.clamp(from, self.words.len()))..]))
    }
}

/// On one line, with single blanks.
pub(super) fn shown(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn word_len(text: &str) -> usize {
    let closing = || text.bytes().take(MENTION_MAX_BYTES).position(|b| b == b'>' || b == b'\n');
    // A mention is one word even when its label has blanks.
    if text.starts_with('<')
        && let Some(close) = closing()
        && mention(&text[..=close]).is_some()
    {
        return close + 1;
    }
    text.find(char::is_whitespace).unwrap_or(text.len())
}

fn push(text: &str, start: usize, end: usize, words: &mut Vec<Word>) {
    let raw = &text[start..end];
    if mention(raw).is_some() {
        words.push(Word { start, end, text: raw.to_owned(), lower: raw.to_owned() });
        return;
    }
    let tidy = tidy(raw);
    if tidy.is_empty() || tidy == "#" || tidy == "@" {
        if raw.contains('?') {
            words.push(Word { start, end, text: "?".to_owned(), lower: "?".to_owned() });
        }
        return;
    }
    // "18:00-22:00" is three words, "2026-11-23" and "working-hours" are one.
    if let Some((dash, c)) = raw.char_indices().find(|(_, c)| is_dash(*c))
        && is_clock_range(&raw[..dash], &raw[dash + c.len_utf8()..])
    {
        push(text, start, start + dash, words);
        push(text, start + dash, start + dash + c.len_utf8(), words);
        push(text, start + dash + c.len_utf8(), end, words);
        return;
    }
    let lower = tidy.to_lowercase();
    words.push(Word { start, end, text: tidy, lower });
}

fn tidy(raw: &str) -> String {
    let core = raw.trim_start_matches(BEFORE).trim_end_matches(AFTER);
    core.chars()
        .map(|c| match c {
            c if is_dash(c) => '-',
            '’' | '‘' => '\'',
            c => c,
        })
        .collect()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

fn is_clock_range(from: &str, to: &str) -> bool {
    let digit = |s: &str| s.starts_with(|c: char| c.is_ascii_digit());
    let told = |s: &str| {
        let s = s.to_ascii_lowercase();
        s.contains(':') || s.ends_with("am") || s.ends_with("pm") || s == "noon" || s == "midnight"
    };
    let side = |s: &str| s.is_empty() || digit(s) || told(s);
    (told(from) || told(to)) && side(from) && side(to)
}

/// Zero-width, reordering and control characters. Blanks of all kinds are none of these.
fn is_invisible(c: char) -> bool {
    let reorders = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{61c}');
    reorders || matches!(c, '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{ad}') || (c.is_control() && !c.is_whitespace())
}
