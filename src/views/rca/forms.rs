//! The windows in which one piece of an RCA is written. A piece for each: they are filled in on a phone.

use super::{Piece, called};
use crate::domain::directory::Directory;
use crate::domain::id::UserId;
use crate::domain::item::WHAT_CHARS;
use crate::domain::rca::{Impact, LINE_CHARS, PART_CHARS, Part, Rca, Reach, Written};
use crate::domain::snooze::SnoozeChoice;
use crate::views::action_id::{FIELD, Field, Form, Origin};
use crate::views::card::name;
use crate::views::kit::{context, option, section};
use crate::views::modal::{form, input, many_lines, one_line, optional};
use crate::views::mrkdwn::day_and_time;
use slack_morphism::prelude::*;

/// Of one input so much is filled in at least, where there is more, and so much at most; in units of UTF-16, by which Slack
/// counts. There is room to write on before its 3,000 are full.
const FILLED: (usize, usize) = (2_000, 2_600);

/// As Slack counts what stands in an input.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// A text as the inputs of a form: each but the last full enough that they always suffice. It is cut between lines, where one
/// ends within an input's last part; else between words, else anywhere. Put together with line ends between them they are the
/// text again, but for a line that was cut.
pub fn inputs(text: &str) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), text);
    while units(rest) > FILLED.1 {
        let (least, most) = (index_of(rest, FILLED.0), index_of(rest, FILLED.1));
        let part = &rest[least..most];
        let cut = part.rfind('\n').or_else(|| part.rfind(' ')).map(|at| least + at);
        let (end, next) = cut.map_or((most, most), |at| (at, at + 1));
        all.push(rest[..end].to_owned());
        rest = &rest[next..];
    }
    all.push(rest.to_owned());
    all
}

/// Where `units` of a text end, in bytes.
fn index_of(text: &str, units: usize) -> usize {
    let mut left = units;
    let fits = |(_, c): &(usize, char)| match left.checked_sub(c.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    text.char_indices().take_while(fits).last().map_or(0, |(at, c)| at + c.len_utf8())
}

/// A line in pieces of so many characters at most, cut between words where that is possible.
pub fn pieces(line: &str, chars: usize) -> Vec<String> {
    let (mut all, mut rest) = (Vec::new(), line);
    while let Some((end, _)) = rest.char_indices().nth(chars) {
        let cut = rest[..end].rfind(' ').filter(|at| *at > 0);
        let (end, next) = cut.map_or((end, end), |at| (at, at + 1));
        all.push(rest[..end].to_owned());
        rest = &rest[next..];
    }
    all.push(rest.to_owned());
    all
}

/// One part in one's own words. `filled`: its inputs, as they are to stand there. `theirs`: what somebody saved meanwhile, which
/// is not lost either. Then what was typed stands in the inputs it was typed in: Slack keeps it there, whatever is filled in.
pub fn part(
    rca: &Rca,
    part: Part,
    filled: &[String],
    theirs: Option<&Written>,
    d: &Directory,
    origin: &Origin,
) -> SlackView {
    let mut blocks = Vec::new();
    if let Some(theirs) = theirs {
        let words = format!(
            ":warning: *{} saved this meanwhile*, {}. Yours stands below, not saved. Take over what is right, then save \
             again: that replaces it.",
            name(d, &theirs.by),
            day_and_time(theirs.at)
        );
        blocks.push(section(&words));
        blocks.extend(super::sections("", &theirs.text));
    }
    blocks.push(context(hint(part)));
    let last = filled.iter().rposition(|text| !text.is_empty()).map_or(0, |n| n + 1);
    let shown = if theirs.is_some() { filled.len() } else { last + 1 };
    for (n, field) in Field::TEXT.into_iter().enumerate().take(shown.max(2)) {
        let mut element = many_lines();
        if let Some(text) = filled.get(n).filter(|text| !text.is_empty()) {
            element = element.with_initial_value(text.clone());
        }
        let label = match n {
            0 => called(part).to_owned(),
            n if n >= last => format!("{}, if there is more", called(part)),
            n => format!("{}, {}", called(part), n + 1),
        };
        // What is in several inputs may leave any of them empty.
        let block = if n == 0 && last < 2 { input } else { optional };
        blocks.push(block(field, &label, element.into()));
    }
    let origin = Origin { more: format!("{}/{}", Piece::Part(part).word(), rca.revision(part)), ..origin.clone() };
    form(Form::RcaPart, &format!("RCA of {}", rca.incident), &origin, blocks, "Save")
}

fn hint(part: Part) -> &'static str {
    match part {
        Part::Summary => "What it was, and what was done. A sentence or two is enough.",
        Part::Timeline => "What happened when. Filled in from what is known: correct it, and add what is missing.",
        Part::Cause => "What was found, and why it happened: not who. What let it through?",
        Part::Resolution => "What ended it for customers, and what ended it for good.",
        Part::NoRepair => "Why would it not happen again?",
    }
}

/// Who felt what. `mine`: what was filled in before somebody else saved it; theirs is told above.
pub fn impact(rca: &Rca, mine: Option<&Impact>, d: &Directory, origin: &Origin) -> SlackView {
    let known = mine.or(rca.impact.as_ref());
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
    let mut blocks = Vec::new();
    if let Some(theirs) = rca.impact.as_ref().filter(|_| mine.is_some()) {
        let words = format!(
            ":warning: *{} saved this meanwhile*, {}: {}. Yours stands below, not saved; saving again replaces it.",
            name(d, &theirs.by),
            day_and_time(theirs.at),
            super::felt(theirs)
        );
        blocks.push(section(&words));
    }
    blocks.extend([
        input(Field::Who, "Who felt it?", line("Customers who pay by card", |i| &i.who).into()),
        input(Field::Users, "All customers?", reach("All customers", "Some of them", |i| i.users).into()),
        input(Field::Time, "How long?", reach("The whole time", "A part of the time", |i| i.time).into()),
        input(Field::What, "What could they not do?", line("Pay: the checkout said “try again”", |i| &i.what).into()),
    ]);
    let revision = rca.impact.as_ref().map_or(0, |known| known.revision);
    let origin = Origin { more: format!("{}/{revision}", Piece::Impact.word()), ..origin.clone() };
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
        person = person.with_initial_user(owner.to_owned());
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
    let now = format!(
        "{} is to write it now. Whoever gets it hears of it when they work next; nobody is paged.",
        name(d, &rca.owner)
    );
    let blocks = vec![context(&now), input(Field::Person, "Who writes it?", person.into())];
    form(Form::RcaOwner, &format!("RCA of {}", rca.incident), origin, blocks, "Hand over")
}

/// Why none is owed.
pub fn excuse(rca: &Rca, origin: &Origin) -> SlackView {
    let why = one_line("A drill").with_max_length(LINE_CHARS as u64);
    let blocks = vec![
        context("For tests and drills. Of what was the same problem, merge the incidents instead."),
        input(Field::Words, "Why is no RCA needed?", why.into()),
    ];
    form(Form::RcaExcuse, &format!("RCA of {}", rca.incident), origin, blocks, "No RCA needed")
}

/// A text that may be saved always fits.
const _: () = assert!(PART_CHARS <= FILLED.0 * Field::TEXT.len());

/// Who is offered first as the owner of a repair item.
pub fn offered<'d>(who: &UserId, d: &'d Directory) -> Option<&'d str> {
    d.users.get(who)?.slack.as_ref().map(|slack| slack.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_text_is_cut_between_lines_and_is_whole_again() {
        let text = (1..=400).map(|n| format!("{n}: the disk of db-{n} was full")).collect::<Vec<_>>().join("\n");
        let all = inputs(&text);
        assert_eq!(all.join("\n"), text);
        assert!(all.len() > 1 && all.iter().all(|part| units(part) <= FILLED.1));
        assert_eq!(inputs(""), [""]);
        assert_eq!(inputs("a\n\nb"), ["a\n\nb"]);
        assert_eq!(pieces("one two three", 8), ["one two", "three"]);
        assert_eq!(pieces("äöüäöüäöü", 4), ["äöüä", "öüäö", "ü"]);
    }

    /// Paragraphs that fit badly: nine of them are nearly all there may be.
    #[test]
    fn what_may_be_saved_is_never_left_out_of_its_form() {
        let paragraphs = vec!["x".repeat(1_310); 9].join("\n");
        let all = inputs(&paragraphs);
        assert!(all.len() <= Field::TEXT.len(), "{} inputs", all.len());
        assert_eq!(all.concat().matches('x').count(), 9 * 1_310);
    }

    proptest! {
        #[test]
        fn whatever_may_be_saved_fits(words in prop::collection::vec("[a-zä😀\n ]{0,400}", 0..60)) {
            let text: String = words.concat();
            let text = &text[..index_of(&text, PART_CHARS)];
            let all = inputs(text);
            prop_assert!(all.len() <= Field::TEXT.len());
            prop_assert!(all.iter().all(|part| units(part) <= FILLED.1));
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&all.concat()), bare(text));
        }
    }
}
