//! Every line of the tables means exactly what stands below it.
//!
//! `@ 2026-11-23 10:00 Europe/Berlin` says when and where the lines after it are typed, `@ 1767225600 Europe/Berlin` the
//! same as seconds since 1970 UTC, for local times that come twice. `&nbsp;` is a hard blank, `&zwsp;` one that nobody
//! sees. `=` is what is meant, `!` what is told, `>` the corrected line.

use super::company::company;
use super::notation::told;
use crate::command::Means;
use crate::command::{Line, Speaker, parse};
use crate::domain::id::UserId;
use crate::domain::schedule::local_instant;
use crate::domain::stamp::At;
use chrono::NaiveDateTime;
use chrono_tz::Tz;

#[test]
fn what_is_typed_is_understood() {
    compare("pager.txt", include_str!("pager.txt"));
}

#[test]
fn sloppy_lines_are_understood_too() {
    compare("sloppy.txt", include_str!("sloppy.txt"));
}

#[test]
fn a_mistake_comes_back_with_the_corrected_line() {
    compare("mistakes.txt", include_str!("mistakes.txt"));
}

#[test]
fn times_are_the_speakers_own() {
    compare("when.txt", include_str!("when.txt"));
}

#[test]
fn clocks_change_and_snoozes_end_when_the_speaker_expects_it() {
    compare("dst.txt", include_str!("dst.txt"));
}

#[test]
fn who_is_on_call_and_who_stands_in() {
    compare("oncall.txt", include_str!("oncall.txt"));
}

#[test]
fn people_the_configuration_does_not_know_can_look() {
    let directory = company();
    let speaker = Speaker { now: At(0), tz: Tz::UTC, me: None, directory: &directory };
    let typed = |text| told(&parse(&Line { command: "/pager", text, means: Means::Pager }, &speaker), Tz::UTC);
    let stranger = ["! I don't know you yet. An admin can add you to the configuration."];
    assert_eq!(typed("list all"), ["= list all"]);
    assert_eq!(typed("add 12 me"), stranger);
    assert_eq!(typed("oncall take 2h"), stranger);
}

/// Compares the whole table, so that a change of words is seen at once.
fn compare(name: &str, table: &str) {
    let directory = company();
    let ana = UserId::from("ana");
    let mut speaker = Speaker { now: At(0), tz: Tz::UTC, me: Some(&ana), directory: &directory };
    let mut is = Vec::new();
    for line in table.lines() {
        match line.chars().next() {
            Some('@') => {
                (speaker.now, speaker.tz) = now(line);
                is.push(line.to_owned());
            }
            Some('/') => {
                let (command, text) = line.split_once(' ').unwrap_or((line, ""));
                let text = text.replace("&nbsp;", "\u{a0}").replace("&zwsp;", "\u{200b}");
                let means = if command == "/pager" { Means::Pager } else { Means::Oncall };
                is.push(line.to_owned());
                is.extend(told(&parse(&Line { command, text: &text, means }, &speaker), speaker.tz));
            }
            Some('=' | '!' | '>') => {}
            _ => is.push(line.to_owned()),
        }
    }
    let (is, should) = (is.join("\n"), table.trim_end());
    assert!(is == should, "{name} should be:\n{is}");
}

fn now(line: &str) -> (At, Tz) {
    let (time, zone) = line.trim_start_matches('@').trim().rsplit_once(' ').expect("a time and a zone");
    let tz = zone.parse().expect("an IANA zone");
    let seconds = time.parse().ok().map(|secs: i64| At(0).plus_secs(secs));
    let local = || NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M").expect("a local time");
    (seconds.unwrap_or_else(|| local_instant(tz, local())), tz)
}
