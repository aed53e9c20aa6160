//! The windows in which one piece of an RCA is written. A piece for each: they are filled in on a phone.

use super::{Piece, called};
use crate::domain::directory::Directory;
use crate::domain::id::UserId;
use crate::domain::item::{Item, Kind, WHAT_CHARS};
use crate::domain::rca::{Impact, LINE_CHARS, PART_CHARS, Part, Rca, Reach, Written};
use crate::domain::snooze::SnoozeChoice;
use crate::views::action_id::{FIELD, Field, Form, Origin};
use crate::views::card::name;
use crate::views::items;
use crate::views::kit::{context, option, section};
use crate::views::limits;
use crate::views::modal::{form, input, many_lines, one_line, optional};
use crate::views::mrkdwn::{day_and_time, escape_lines};
use slack_morphism::prelude::*;

/// Characters of one input that are filled in: there is room to write on before Slack's 3,000 are full.
const FILLED: usize = 2_600;

/// A long text in chunks of so many characters at most, cut between lines where that is possible. Put together with
/// line ends between them they are the text again, but for a line that was longer than a chunk.
pub fn chunks(text: &str, most: usize) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let mut rest: String = line.to_owned();
        loop {
            let room = match all.last() {
                Some(last) if last.chars().count() + 1 + rest.chars().count() <= most => {
                    let last = all.len() - 1;
                    all[last].push('\n');
                    all[last].push_str(&rest);
                    break;
                }
                _ => most,
            };
            if rest.chars().count() <= room {
                all.push(rest);
                break;
            }
            let (head, tail) = cut_at(&rest, room);
            all.push(head);
            rest = tail;
        }
    }
    all
}

/// The last blank before `chars` parts it; where there is none, `chars` itself.
fn cut_at(line: &str, chars: usize) -> (String, String) {
    let end = line.char_indices().nth(chars).map_or(line.len(), |(at, _)| at);
    match line[..end].rfind(' ').filter(|at| *at > 0) {
        Some(blank) => (line[..blank].to_owned(), line[blank + 1..].to_owned()),
        None => (line[..end].to_owned(), line[end..].to_owned()),
    }
}

/// One part in one's own words, filled with `text`. `theirs`: what somebody saved meanwhile, which is not lost either.
pub fn part(rca: &Rca, part: Part, text: &str, theirs: Option<&Written>, d: &Directory, origin: &Origin) -> SlackView {
    let mut blocks = Vec::new();
    if let Some(theirs) = theirs {
        let by = name(d, &theirs.by);
        let text = escape_lines(&theirs.text, limits::RCA_THEIRS);
        let words = format!(
            ":warning: *{by} saved this meanwhile*, {}. Yours stands below, not saved. Take over what is right, then save \
             again: that replaces it.",
            day_and_time(theirs.at)
        );
        blocks.push(section(&words));
        blocks.extend(chunks(&text, limits::THREAD_CHARS).iter().map(|chunk| section(chunk)));
    }
    blocks.push(context(hint(part)));
    let mut filled = if text.is_empty() { Vec::new() } else { chunks(text, FILLED) };
    filled.truncate(Field::TEXT.len());
    let many = filled.len();
    for (n, field) in Field::TEXT.into_iter().enumerate().take((many + 1).min(Field::TEXT.len())) {
        let mut element = many_lines();
        if let Some(chunk) = filled.get(n) {
            element = element.with_initial_value(chunk.clone());
        }
        let label = match (n, many) {
            (0, _) => called(part).to_owned(),
            (_, 0) => break,
            (n, many) if n == many => format!("{}, if there is more", called(part)),
            (n, _) => format!("{}, {}", called(part), n + 1),
        };
        // What is in several inputs may leave any of them empty.
        let block = if n == 0 && many < 2 { input } else { optional };
        blocks.push(block(field, &label, element.into()));
    }
    let origin = Origin { more: format!("{}/{}", Piece::Part(part).word(), rca.revision(part)), ..origin.clone() };
    form(Form::RcaPart, &format!("RCA of {}", rca.incident), &origin, blocks, "Save")
}

fn hint(part: Part) -> &'static str {
    match part {
        Part::Summary => "What it was, and what was done. A sentence or two is enough.",
        Part::Timeline => "What happened when. Filled in from what is known: mend it, and add what is missing.",
        Part::Cause => "What was found, and why it happened: not who. What let it through?",
        Part::Resolution => "What ended it for customers, and what ended it for good.",
        Part::NoRepair => "Why would it not happen again?",
    }
}

/// Who felt what.
pub fn impact(rca: &Rca, origin: &Origin) -> SlackView {
    let known = rca.impact.as_ref();
    let line = |example: &str, value: fn(&Impact) -> &str| {
        let element = one_line(example).with_max_length(LINE_CHARS as u64);
        match known {
            Some(impact) => element.with_initial_value(value(impact).to_owned()),
            None => element,
        }
    };
    let reach = |all: &str, some: &str, value: fn(&Impact) -> Reach| {
        let options = vec![option(all, "all"), option(some, "some")];
        let first = known.map(|impact| usize::from(value(impact) == Reach::Some));
        let radio = SlackBlockRadioButtonsElement::new(options.clone()).with_action_id(FIELD.into());
        match first.and_then(|first| options.into_iter().nth(first)) {
            Some(first) => radio.with_initial_option(first),
            None => radio,
        }
    };
    let blocks = vec![
        input(Field::Who, "Who felt it?", line("Customers who pay by card", |i| &i.who).into()),
        input(Field::Users, "All of them?", reach("All of them", "Some of them", |i| i.users).into()),
        input(Field::Time, "How long?", reach("The whole time", "A part of the time", |i| i.time).into()),
        input(Field::What, "What could they not do?", line("Pay: the checkout said “try again”", |i| &i.what).into()),
    ];
    let origin = Origin { more: Piece::Impact.word().to_owned(), ..origin.clone() };
    form(Form::RcaImpact, &format!("Impact of {}", rca.incident), &origin, blocks, "Save")
}

/// Something that is to be done so that it does not happen again.
pub fn repair(rca: &Rca, due: &[SnoozeChoice], owner: Option<&str>, origin: &Origin) -> SlackView {
    let options: Vec<_> = due.iter().map(|c| option(&c.words, &c.until.0.to_string())).collect();
    let first = options.get(1).or(options.first()).cloned();
    let mut radio = SlackBlockRadioButtonsElement::new(options).with_action_id(FIELD.into());
    if let Some(first) = first {
        radio = radio.with_initial_option(first);
    }
    let mut person = SlackBlockUsersSelectElement::new().with_action_id(FIELD.into());
    if let Some(owner) = owner {
        person = person.with_initial_user(owner.to_owned().into());
    }
    let another = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let what = one_line("Alert when the pool of connections is 80 % full").with_max_length(WHAT_CHARS as u64);
    let blocks = vec![
        input(Field::What, "What is to be done?", what.into()),
        input(Field::Person, "Who does it?", person.into()),
        input(Field::Until, "By when?", radio.into()),
        optional(Field::At, "Or by another time", another.into()),
    ];
    form(Form::RcaRepair, &format!("Repair of {}", rca.incident), origin, blocks, "Add")
}

/// Somebody else owes it.
pub fn owner(rca: &Rca, d: &Directory, origin: &Origin) -> SlackView {
    let person = SlackBlockUsersSelectElement::new().with_action_id(FIELD.into());
    let now = format!("{} owes it now. Whoever takes it is told by a message; nobody is paged.", name(d, &rca.owner));
    let blocks = vec![context(&now), input(Field::Person, "Who writes it?", person.into())];
    form(Form::RcaOwner, &format!("RCA of {}", rca.incident), origin, blocks, "Hand over")
}

/// Why none is owed.
pub fn excuse(rca: &Rca, origin: &Origin) -> SlackView {
    let why = one_line("A drill").with_max_length(LINE_CHARS as u64);
    let blocks = vec![
        context("For tests and drills. Of what was the same problem, merge the incidents instead."),
        input(Field::Words, "Why is none owed?", why.into()),
    ];
    form(Form::RcaExcuse, &format!("RCA of {}", rca.incident), origin, blocks, "None is owed")
}

/// It is done; and what came of it.
pub fn done(item: &Item, d: &Directory, origin: &Origin) -> SlackView {
    let (label, example) = match item.kind {
        Kind::Repair => ("What was done?", "Merged as PR 1234"),
        Kind::Meeting => ("Who was there, and what came of it?", "Ana, Ben, Carla: the pool gets an alert"),
    };
    let words = one_line(example).with_max_length(WHAT_CHARS as u64);
    let blocks = vec![section(&items::line(item, d)), optional(Field::Words, label, words.into())];
    let origin = Origin { more: item.no.0.to_string(), ..origin.clone() };
    form(Form::ItemDone, "Done", &origin, blocks, "Done")
}

/// Too long a text is never in a form: it could not be saved.
const _: () = assert!(PART_CHARS <= FILLED * (Field::TEXT.len() - 1));

/// Who is offered first as the owner of a repair item.
pub fn offered<'d>(who: &UserId, d: &'d Directory) -> Option<&'d str> {
    d.users.get(who)?.slack.as_ref().map(|slack| slack.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_lines_and_is_whole_again() {
        let text = (1..=400).map(|n| format!("{n}: the disk of db-{n} was full")).collect::<Vec<_>>().join("\n");
        let all = chunks(&text, 300);
        assert!(all.iter().all(|chunk| chunk.chars().count() <= 300));
        assert_eq!(all.join("\n"), text);
        assert_eq!(chunks("", 10), [""]);
        assert_eq!(chunks("a\n\nb", 10), ["a\n\nb"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_at_a_blank_and_one_without_any_somewhere() {
        assert_eq!(chunks("one two three", 8), ["one two", "three"]);
        assert_eq!(chunks("äöüäöüäöü", 4), ["äöüä", "öüäö", "ü"]);
    }
}
