//! Slack's limits (docs.slack.dev/reference/block-kit), and ours, which are tighter: a card is read at 3 a.m. on a phone.

/// A section's text, in characters.
pub const SECTION_TEXT: usize = 3_000;
/// A title on a card, in graphemes.
pub const TITLE: usize = 200;
/// The lock screen shows about this much.
pub const LOCK_SCREEN: usize = 240;
/// Labels on a card.
pub const LABELS: usize = 5;
/// A label on a card, in graphemes.
pub const LABEL: usize = 60;
/// A note in a thread line, in graphemes.
pub const NOTE: usize = 1_000;
/// People named in one sentence.
pub const NAMES: usize = 5;
/// Thread lines posted by one call.
pub const THREAD_LINES: usize = 20;
/// Characters of thread lines posted by one call; leaves room for "…and N more" in a section.
pub const THREAD_CHARS: usize = 2_900;
/// Incidents in one list.
pub const LIST: usize = 20;
/// Timeline entries shown by `show`.
pub const SHOWN_ENTRIES: usize = 10;
/// A link behind a title, in bytes; a longer one is left out.
pub const LINK: usize = 2_000;
