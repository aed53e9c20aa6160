//! What is told when words were not understood. Plain text: the view escapes it.

use super::words::shown;

/// Of one quoted piece of what was typed, in characters.
pub const QUOTED_MAX: usize = 80;
/// The most names told when several could be meant.
pub const CANDIDATES_MAX: usize = 5;

/// What was wrong, and what to type instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// One or two sentences.
    pub why: String,
    /// The corrected line, whole: "/pager snooze 12 2h".
    pub instead: Option<String>,
}

impl Mistake {
    /// A mistake whose correction cannot be guessed.
    pub(super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), instead: None }
    }
}

/// A piece of what was typed, in backticks and cut to [`QUOTED_MAX`].
pub(super) fn quoted(piece: &str) -> String {
    format!("`{}`", cut(&shown(piece).replace('`', "'"), QUOTED_MAX))
}

/// At most `max` characters, the last of them `…` where it was cut.
pub(super) fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max - 1).chain(['…']).collect(),
    }
}

/// "a, b or c", at most [`CANDIDATES_MAX`] and then how many more.
pub(super) fn any_of(names: &[String]) -> String {
    let told = &names[..names.len().min(CANDIDATES_MAX)];
    match (names.len() - told.len(), told.split_last()) {
        (0, Some((last, []))) => last.clone(),
        (0, Some((last, first))) => format!("{} or {last}", first.join(", ")),
        (more, _) => format!("{} or {more} more", told.join(", ")),
    }
}
