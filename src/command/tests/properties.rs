//! What holds for every line, whoever types it and whenever.

use super::company::company;
use crate::command::Means;
use crate::command::{Command, LINE_MAX, Line, Mistake, OnCall, REASON_MAX, Speaker, TEXT_MAX, parse};
use crate::domain::directory::Directory;
use crate::domain::id::UserId;
use crate::domain::stamp::At;
use chrono::Timelike;
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::select;

/// Half-hour changes, changes at midnight, a zone that skipped a day, one without changes.
const ZONES: [Tz; 7] = [
    Tz::Europe__Berlin,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Santiago,
    Tz::Pacific__Apia,
    Tz::Asia__Kolkata,
    Tz::UTC,
];
/// Until 2096.
const NOW_MAX_SECS: i64 = 4_000_000_000;

/// What lines are made of, and what they are not.
const PIECES: &[&str] = &[
    "/pager",
    "ack",
    "snooze",
    "snoze",
    "list",
    "show",
    "add",
    "reassign",
    "urgency",
    "high",
    "merge",
    "into",
    "note",
    "resolve",
    "reopen",
    "trigger",
    "oncall",
    "override",
    "overide",
    "take",
    "why",
    "who",
    "silence",
    "swap",
    "help",
    "?",
    "12",
    "#12",
    "13,",
    "#",
    "0",
    "99999999999999999999",
    "2",
    "2h",
    "-2h",
    "0m",
    "1h30m",
    "1.5h",
    "2",
    "hours",
    "999999w",
    "tomorrow",
    "tomorow",
    "monday",
    "9am",
    "9",
    "14:30",
    "25:00",
    "24:00",
    "midnight",
    "noon",
    "today",
    "2026-11-23",
    "2199-01-01",
    "09:00",
    "working-hours",
    "until",
    "from",
    "to",
    "for",
    "-",
    "18:00-22:00",
    "because",
    "utc",
    "cet",
    "@ana",
    "ana",
    "dan",
    "cleo",
    "@zoe",
    "me",
    "payments",
    "paymnts",
    "data",
    "search",
    "<@UANA|ana>",
    "<@U999>",
    "<#CPAYMENTS|payments>",
    "<#C9|x>",
    "<!subteam^S1|@payments>",
    "<!here>",
    "<",
    "“",
    "…",
    "–",
    "é",
    "\u{200b}",
    "\u{a0}",
    "`",
    "and",
    "now",
    "please",
    "\u{202e}",
];

fn lines() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(select(PIECES), 0..8).prop_map(|pieces| pieces.join(" "));
    prop_oneof![4 => pieces, 1 => ".{0,80}", 1 => "(snooze|oncall take search) .{0,20}"]
}

fn typed(text: &str, means: Means, now: i64, tz: Tz, directory: &Directory) -> Result<Command, Mistake> {
    let ana = UserId::from("ana");
    let command = if means == Means::Pager { "/pager" } else { "/who" };
    parse(&Line { command, text, means }, &Speaker { now: At(now * 1_000), tz, me: Some(&ana), directory })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_corrected_line_is_understood_and_a_time_lies_ahead(
        text in lines(), means in select(&Means::ALL[..]), now in 0..NOW_MAX_SECS, tz in select(&ZONES[..]),
    ) {
        let directory = company();
        let now_at = At(now * 1_000);
        match typed(&text, means, now, tz, &directory) {
            Ok(Command::Snooze { until, reason, .. }) => {
                prop_assert!(until > now_at, "{text:?} ends at {until:?}");
                prop_assert!(reason.is_none_or(|r| r.chars().count() <= REASON_MAX && !r.is_empty()));
            }
            Ok(Command::OnCall(OnCall::Override { from, until, .. } | OnCall::Take { from, until, .. })) => {
                prop_assert!(now_at <= from && from < until, "{text:?}: {from:?} - {until:?}");
            }
            Ok(_) => {}
            Err(Mistake { why, instead }) => {
                prop_assert!(!why.is_empty() && why.chars().count() < 1_000, "{why}");
                prop_assert!(!why.contains('\u{202e}') && !why.contains('\n'), "{why:?}");
                if let Some(instead) = instead {
                    let (command, rest) = instead.split_once(' ').unwrap_or((&instead, ""));
                    prop_assert_eq!(command, if means == Means::Pager { "/pager" } else { "/who" });
                    let corrected = typed(rest, means, now, tz, &directory);
                    prop_assert!(corrected.is_ok(), "{text:?} is corrected to {instead:?}: {corrected:?}");
                }
            }
        }
    }

    #[test]
    fn a_clock_time_is_the_next_such_time(
        hour in 0_u32..24, minute in 0_u32..60, now in 0..NOW_MAX_SECS, tz in select(&ZONES[..]),
    ) {
        let directory = company();
        let until = match typed(&format!("snooze 12 {hour}:{minute:02}"), Means::Pager, now, tz, &directory) {
            Ok(Command::Snooze { until, .. }) => until,
            other => return Err(TestCaseError::fail(format!("{other:?}"))),
        };
        let now = At(now * 1_000);
        prop_assert!(until > now);
        // Two days, where a day was left out.
        prop_assert!(until <= now.plus_secs(50 * 60 * 60));
        let shows = |at: At| {
            let local = at.utc().with_timezone(&tz);
            (local.hour(), local.minute()) == (hour, minute) && local.second() == 0
        };
        // A skipped time is the first instant after the gap: the minute before lies before the gap.
        let skipped = {
            let offset = |at: At| chrono::Offset::fix(at.utc().with_timezone(&tz).offset()).local_minus_utc();
            offset(until) > offset(until.plus_secs(-60))
        };
        prop_assert!(shows(until) || skipped, "{until:?}");
    }

    #[test]
    fn hours_are_hours(hours in 1_i64..=168, now in 0..NOW_MAX_SECS, tz in select(&ZONES[..])) {
        let directory = company();
        for text in [format!("snooze 12 {hours}h"), format!("snooze #12 for {hours} hours"), format!("snooze 12 in {}m", hours * 60)] {
            let until = match typed(&text, Means::Pager, now, tz, &directory) {
                Ok(Command::Snooze { until, .. }) => until,
                other => return Err(TestCaseError::fail(format!("{text}: {other:?}"))),
            };
            prop_assert_eq!(until, At(now * 1_000).plus_secs(hours * 3_600));
        }
    }
}

#[test]
fn a_line_as_long_as_slack_allows_and_longer_is_bounded() {
    let directory = company();
    for piece in ["x", "<", "12 ", "“", "2h", "- ", "<@", "a-", "1."] {
        let note = format!("note 12 {}", piece.repeat(3 * LINE_MAX));
        if let Ok(Command::Note(_, text)) = typed(&note, Means::Pager, 0, Tz::UTC, &directory) {
            assert!(text.chars().count() <= TEXT_MAX, "{} characters of {piece:?}", text.chars().count());
        }
        for verb in ["", "snooze 12 ", "ack ", "trigger ", "add 12 ", "oncall take ", "oncall override @ben "] {
            let line = format!("{verb}{}", piece.repeat(3 * LINE_MAX));
            if let Err(Mistake { why, .. }) = typed(&line, Means::Pager, 0, Tz::UTC, &directory) {
                assert!(why.chars().count() < 1_000, "{verb}{piece}…: {why}");
            }
        }
    }
}

#[test]
fn a_corrected_line_is_understood_whatever_stands_in_a_mention() {
    let directory = company();
    for text in
        ["dd <mailto:cleo|<@>", "dd 12 <mailto:cleo.wong@example.com|cl<@U999>", "ad 12 <mailto:cleo|<@UANA|ana>"]
    {
        let mistake = typed(text, Means::Pager, 0, Tz::UTC, &directory);
        let Err(Mistake { instead: Some(instead), .. }) = mistake else { panic!("{text:?}: {mistake:?}") };
        let rest = instead.strip_prefix("/pager ").expect("the whole line");
        let corrected = typed(rest, Means::Pager, 0, Tz::UTC, &directory);
        assert!(corrected.is_ok(), "{text:?} is corrected to {instead:?}: {corrected:?}");
    }
}

#[test]
fn a_note_that_is_cut_says_so() {
    let directory = company();
    let note = typed(&format!("note 12 {}", "x".repeat(TEXT_MAX + 1)), Means::Pager, 0, Tz::UTC, &directory);
    let Ok(Command::Note(_, text)) = note else { panic!("{note:?}") };
    assert_eq!(text, format!("{}…", "x".repeat(TEXT_MAX - 1)));
}
