//! What is known already, as words that somebody goes on from.

use crate::domain::directory::Directory;
use crate::domain::incident::{Entry, Happening, in_order};
use crate::domain::rca::{PART_CHARS, Part};
use crate::views::mrkdwn::with_times_written;
use crate::views::thread::words;
use chrono_tz::Tz;

/// A part as it can be told from what happened, in plain words; empty where nothing can.
pub fn prefill(part: Part, entries: &[Entry], d: &Directory) -> String {
    let tells: fn(&Happening) -> bool = match part {
        Part::Timeline => |_| true,
        Part::Resolution => |what| {
            matches!(
                what,
                Happening::Mitigated { .. }
                    | Happening::Resolved { .. }
                    | Happening::ResolvedByItself { .. }
                    | Happening::Noted { .. }
                    | Happening::PlaybookBegun { .. }
                    | Happening::StepDone { .. }
                    | Happening::StepSkipped { .. }
                    | Happening::PlaybookEnded { .. }
            )
        },
        Part::Summary | Part::Cause | Part::NoRepair => return String::new(),
    };
    let mut all: Vec<String> = in_order(entries).into_iter().filter(|e| tells(&e.what)).map(|e| line(e, d)).collect();
    if !all.is_empty() {
        all.insert(0, "(All times are UTC.)".to_owned());
    }
    fitting(&all)
}

/// "2026-03-03 03:04 Ana has it." People in several zones write it, and read it.
fn line(e: &Entry, d: &Directory) -> String {
    let said = match &e.what {
        Happening::Quoted(quoted) => crate::views::quote::plainly(quoted, d),
        what => without_marks(&with_times_written(&words(what, d), Tz::UTC)),
    };
    format!("{} {said}", e.at().utc().format("%Y-%m-%d %H:%M"))
}

/// As an input shows it: no signs by name, no bold, nothing escaped.
fn without_marks(mrkdwn: &str) -> String {
    let is_sign = |word: &&str| word.len() > 2 && word.starts_with(':') && word.ends_with(':');
    let words: Vec<&str> = mrkdwn.split(' ').filter(|word| !is_sign(word)).collect();
    words.join(" ").replace(['*', '`'], "").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The beginning and the end, where all of it is too much: what is in the middle is told least.
fn fitting(lines: &[String]) -> String {
    let whole = lines.join("\n");
    if whole.chars().count() <= PART_CHARS {
        return whole;
    }
    let half = PART_CHARS / 2 - 50;
    let take = |lines: &mut dyn Iterator<Item = &String>| {
        let mut room = half;
        let fits = |line: &&String| match room.checked_sub(line.chars().count() + 1) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        lines.take_while(fits).cloned().collect::<Vec<_>>()
    };
    let head = take(&mut lines.iter());
    let mut tail = take(&mut lines[head.len()..].iter().rev());
    tail.reverse();
    let left = lines.len() - head.len() - tail.len();
    let between = vec![format!("… {left} lines are left out here: the incident's timeline has them.")];
    [head, between, tail].concat().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_timeline_that_is_too_long_its_beginning_and_its_end_are_kept() {
        let lines: Vec<String> = (0..400).map(|n| format!("{n} {}", "x".repeat(60))).collect();
        let told = fitting(&lines);
        assert!(told.chars().count() <= PART_CHARS);
        assert!(told.starts_with("0 xxx") && told.ends_with(lines.last().expect("lines").as_str()));
        let told: Vec<&str> = told.lines().collect();
        let left = told.iter().find(|line| line.starts_with('…')).expect("it says so");
        assert!(left.contains(&format!("{} lines", 400 - (told.len() - 1))), "{left}");
    }

    #[test]
    fn in_an_input_nothing_is_marked_up() {
        assert_eq!(without_marks(":book: *Ana*: a &lt; b `x`"), "Ana: a < b x");
    }
}
