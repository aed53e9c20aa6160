//! Slack's limits (docs.slack.dev/reference/block-kit), and ours, which are tighter: a card is read at 3 a.m. on a phone.

/// A section's text, in characters.
pub const SECTION_TEXT: usize = 3_000;
/// Earlier incidents of the same alert, in the triage window.
pub const BEFORE: usize = 3;
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
/// A note in the page to whoever is asked, in graphemes.
pub const PAGE_NOTE: usize = 400;
/// "Whoever is on call for" and a schedule's name, in graphemes.
pub const CALLED: usize = 100;
/// People named in one sentence.
pub const NAMES: usize = 5;
/// Thread lines posted by one call.
pub const THREAD_LINES: usize = 20;
/// Characters of thread lines posted by one call; leaves room for "…and N more" in a section.
pub const THREAD_CHARS: usize = 2_900;
/// Shifts of one person with all that is to be checked for each.
pub const SHIFTS_TO_CHECK: usize = 3;
/// Incidents in one list.
pub const LIST: usize = 20;
/// Further ones, with a line each,
pub const LIST_BRIEF: usize = 40;
/// so many in one section,
pub const LIST_LINES: usize = 10;
/// and so much of a title, in graphemes.
pub const LIST_TITLE: usize = 80;
/// Timeline entries shown by `show`.
pub const SHOWN_ENTRIES: usize = 10;
/// Incidents on the Home tab: each takes two blocks of the hundred a view may have.
pub const HOME_INCIDENTS: usize = 10;
/// What was wrong with a typed line, in graphemes.
pub const MISTAKE: usize = 500;
/// Incidents shown by a message about several.
pub const BUNDLE: usize = 8;
/// Incidents in the window that lists them: each takes two blocks of the hundred a view may have.
pub const BUNDLE_LISTED: usize = 40;
/// Lines in one window.
pub const WINDOW_LINES: usize = 200;
/// Characters in the lines of one window: they make at most twenty of the hundred blocks a view may have.
pub const WINDOW_CHARS: usize = 30_000;
/// A modal's title, in characters (Slack's).
pub const MODAL_TITLE: usize = 24;
/// Options of one select (Slack's).
pub const OPTIONS: usize = 100;
/// People, or teams, asked by one form.
pub const ASKED_AT_ONCE: u64 = 10;
/// A note typed into a window, in characters (Slack's most).
pub const NOTE_INPUT: u64 = 3_000;
/// A reason in one's own words, in characters.
pub const REASON: u64 = 200;
/// What a person says is wrong, in characters.
pub const RAISED_TITLE: u64 = 200;
/// A link behind a title, in bytes as it is written, with `&amp;`; a longer one is left out.
pub const LINK: usize = 2_000;
/// Of a channel's topic (docs.slack.dev/reference/methods/conversations.setTopic: `too_long` above it).
pub const TOPIC: usize = 250;
/// Of one part of a playbook's words, in graphemes: its file may have no longer paragraph.
pub const PLAYBOOK_WORDS: usize = 800;
/// Of all lines of a playbook, in characters: Slack takes about 13,200 over all blocks of a message.
pub const PLAYBOOK_CHARS: usize = 12_000;
/// Characters of the open incidents in a handoff's summary;
pub const HANDOFF_OPEN: usize = 2_600;
/// an alert's longer address is left out there, in bytes;
pub const HANDOFF_LINK: usize = 200;
/// of one of its other parts, of which there are three,
pub const HANDOFF_PART: usize = 1_200;
/// of the small words at its end,
pub const HANDOFF_SMALL: usize = 500;
/// and of what people wrote for it: Slack takes about 13,200 over all blocks of a message.
pub const HANDOFF_TO_KNOW: usize = 5_400;
/// What whoever hands over wrote, in graphemes.
pub const HANDOFF_WORDS: usize = 2_000;
/// Of a part of an RCA, in graphemes: where it is read whole,
pub const RCA_PART: usize = 12_000;
/// in the window in which it is written,
pub const RCA_PREVIEW: usize = 300;
/// and in the channel when it is complete.
pub const RCA_IN_SHORT: usize = 1_000;
/// RCAs and items in one message: each takes one of its fifty blocks, and at most 600 of the about 13,200 characters that Slack
/// takes over all of them.
pub const OWES: usize = 20;
/// What is to be done, and what came of it, in one line of a list; in graphemes.
pub const ITEM: usize = 200;
/// Steps that were left and are shown with the one that is next,
pub const RUN_PASSED: usize = 4;
/// and sections, and teams, that it offers.
pub const RUN_CHOICES: usize = 5;
/// Of the fifty blocks of a message.
pub const PLAYBOOK_BLOCKS: usize = 49;
/// Playbooks offered beside the best one,
pub const PLAYBOOKS_OFFERED: usize = 5;
/// and in the list of all.
pub const PLAYBOOKS_LISTED: usize = 60;
/// Blocks of a calendar, of the fifty a message may have.
pub const CALENDAR_BLOCKS: usize = 40;
/// Characters of a calendar: Slack takes about 13,200 over all blocks of a message.
pub const CALENDAR_CHARS: usize = 11_000;
