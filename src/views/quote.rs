//! What somebody wrote in Slack and somebody put into a timeline: the window in which they do, and how it is told. All of it
//! comes from outside: who wrote it is what Slack calls them.

use super::action_id::{FIELD, Field, Form, Origin, Shortcut};
use super::card::{name, plain_title};
use super::kit::{context, plain_option, section};
use super::limits;
use super::modal::{form, input, unescaped};
use super::mrkdwn::{day_and_time, escape, escape_marked, link, plain};
use crate::domain::directory::Directory;
use crate::domain::id::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::quote::{AUTHOR_CHARS, Quote, Quoted};
use crate::domain::rca::Rca;
use crate::domain::stamp::At;
use slack_morphism::prelude::*;

/// Whose timeline it may be put into.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Choice<'a> {
    Known(&'a Incident),
    /// Closed, and its RCA is not completed.
    Closed(&'a Rca),
}

impl Choice<'_> {
    pub fn no(&self) -> IncidentNo {
        match self {
            Self::Known(i) => i.no,
            Self::Closed(rca) => rca.incident,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Known(i) if i.is_resolved() => format!("{} (resolved) {}", i.no, plain_title(i, limits::TITLE)),
            Self::Known(i) => format!("{} {}", i.no, plain_title(i, limits::TITLE)),
            Self::Closed(rca) => format!("{} (closed) {}", rca.incident, escape(&rca.title, limits::TITLE)),
        }
    }
}

/// "Into which timeline?" `is_cut`: the message says more. `first`: chosen already.
pub fn window(
    q: &Quote,
    is_cut: bool,
    choices: &[Choice<'_>],
    first: Option<IncidentNo>,
    origin: &Origin,
) -> SlackView {
    let option = |choice: &Choice<'_>| plain_option(&unescaped(&choice.words()), &choice.no().0.to_string());
    let offered = &choices[..choices.len().min(limits::OPTIONS)];
    let mut select = SlackBlockStaticSelectElement::new()
        .with_action_id(FIELD.into())
        .with_options(offered.iter().map(option).collect());
    if let Some(first) = offered.iter().find(|choice| Some(choice.no()) == first) {
        select = select.with_initial_option(option(first));
    }
    let mut then =
        "It stands there at the time it was said, and in what the RCA's timeline is filled with. Whoever reads \
                    the incident reads it. It pages nobody."
            .to_owned();
    if is_cut {
        then.push_str(" The message is longer: this is its beginning.");
    }
    let mut blocks = vec![shown(q), input(Field::Into, "Into the timeline of", select.into()), context(&then)];
    if choices.len() > limits::OPTIONS {
        blocks.push(context("Not every incident is listed: the newest are, yours first."));
    }
    form(Form::Quote, Shortcut::Quote.name(), origin, blocks, "Add")
}

/// Who wrote it, when, and what.
pub(super) fn shown(q: &Quote) -> SlackBlock {
    let when = q.message.said().map(|at| format!(", {}", day_and_time(at))).unwrap_or_default();
    let said = match escape(&q.text, limits::NOTE).as_str() {
        "" => "(no words)".to_owned(),
        words => format!("> {words}"),
    };
    let source = if q.link.is_empty() { String::new() } else { format!(", {}", link(&q.link, "the message")) };
    section(&format!("*{}*{when}{source}\n{said}", author(&q.author)))
}

/// As the timeline tells it, after when it was said.
pub(super) fn line(q: &Quoted, d: &Directory) -> String {
    let source = if q.link.is_empty() { String::new() } else { format!("{}, ", link(&q.link, "the message")) };
    let (said, by) = (escape(&q.text, limits::NOTE), name(d, &q.by));
    format!(":speech_balloon: {}: \u{201c}{said}\u{201d} ({source}added by {by})", author(&q.author))
}

/// The same for an input of a form, where nothing is markup.
pub(super) fn plainly(q: &Quoted, d: &Directory) -> String {
    let source = if q.link.is_empty() { String::new() } else { format!("{}, ", plain(&q.link, limits::LINK)) };
    let who = match plain(&q.author, AUTHOR_CHARS) {
        who if who.trim().is_empty() => NOBODY.to_owned(),
        who => who,
    };
    let (said, by) = (plain(&q.text, limits::NOTE), plain(d.name_of(&q.by), AUTHOR_CHARS));
    format!("{who}: \u{201c}{said}\u{201d} ({source}added by {by})")
}

/// Slack did not say who it was.
pub const NOBODY: &str = "somebody";

fn author(name: &str) -> String {
    match escape_marked(name, AUTHOR_CHARS) {
        name if name.trim().is_empty() => NOBODY.to_owned(),
        name => name,
    }
}

/// What came of it.
pub(super) fn added(no: IncidentNo, said: At) -> String {
    format!("It is in the timeline of {no}, at {}.", day_and_time(said))
}

/// Its RCA has a timeline of its own words by now. Begins with a blank.
pub fn rca_is_written(no: IncidentNo, command: &str) -> String {
    format!(" The timeline of its RCA is written already: add it there too, `{command} rca {}`.", no.0)
}

/// There is none into whose timeline it could be put.
pub fn no_incident(command: &str) -> String {
    format!(
        "No incident is open, and no RCA is due, that you may add it to from here. *{}* in the same menu opens one; \
         `{command} list all` has all that are open.",
        Shortcut::Raise.name()
    )
}

/// It has no words that could stand in a timeline.
pub fn nothing_said(command: &str) -> String {
    format!("That message has no words. Write down what it shows: `{command} note 12 …`.")
}

/// Slack did not say which message it is.
pub fn not_told(command: &str) -> String {
    format!("Slack did not say which message that is. `{command} trigger SERVICE what is wrong` pages for it.")
}

/// It is the card of an incident.
pub fn is_a_card(no: IncidentNo) -> String {
    format!(
        "That is the card of {no}, which is there already. `/pager show {}` says how it stands. Is it over, and wrong again? \
         *Reopen* is on it, and `/pager trigger SERVICE what is wrong` pages now.",
        no.0
    )
}
