//! A test page: what whoever asked for it reads and hears, and what became of each of its ways.

use super::action_id::{Action, Subject};
use super::card::{AMBER, BLUE, GREEN, GREY};
use super::kit::{actions, button, context, section};
use super::mrkdwn::{names, time, truncate};
use super::phone::{method, upper};
use super::thread::failure;
use super::{Colored, Message, limits};
use crate::domain::directory::Method;
use crate::domain::fact::{Fact, ResolvedBy};
use crate::domain::id::StoreId;
use crate::domain::incident::{Incident, State};
use crate::domain::page::{Page, PageState, Purpose, RevokeReason};
use crate::domain::test_page::{WAIT_SECS, is_proven};
use slack_morphism::prelude::SlackBlockButtonStyle;

/// Its direct message.
pub fn page(i: &Incident, store: StoreId) -> Message {
    let head = "*Test page.* Nothing is wrong.";
    let (status, color) = match (&i.state, answered(i)) {
        (State::Resolved { .. }, true) if is_proven(i) => (stands(i, ""), GREEN),
        (State::Resolved { .. }, true) => (stands(i, ""), AMBER),
        (State::Resolved { .. }, false) => (stands(i, ""), GREY),
        _ => (format!("It comes to you by {}, and to nobody else.", ways(i)), BLUE),
    };
    let mut blocks = vec![section(&status)];
    if !i.is_resolved() {
        let came = button(Action::Acknowledge, came_by_all(i), Subject { store, incident: i.no });
        blocks.push(actions(vec![came.with_style(SlackBlockButtonStyle::Primary)]));
        let until = until(i).map(|until| format!(" It ends by itself at {until}.")).unwrap_or_default();
        blocks.push(context(&format!("{}{until}", when_to_press(i))));
    }
    let text = if i.is_resolved() { ended(i) } else { "Test page: nothing is wrong.".to_owned() };
    Message {
        text: truncate(&text, limits::LOCK_SCREEN),
        blocks: vec![section(head)],
        colored: Some(Colored { color, blocks }),
    }
}

/// What somebody hears, privately, after they did something about it.
pub fn answer(facts: &[Fact], i: &Incident) -> String {
    if facts.iter().any(|f| matches!(f, Fact::ActLate { .. })) {
        return format!("That test page is over: you may send another.\n{}", stands(i, ""));
    }
    if facts.iter().any(|f| matches!(f, Fact::IncidentOpened(_))) {
        let until = until(i).map(|until| format!(" It ends by itself at {until}.")).unwrap_or_default();
        return format!("A test page comes to you by {}, and to nobody else. {}{until}", ways(i), when_to_press(i));
    }
    let ticked = facts.iter().any(|f| matches!(f, Fact::ReadyMarked { done: true, .. }));
    let ticked = if ticked { " It is ticked for your shift." } else { "" };
    stands(i, ticked)
}

/// The same command came twice, and the page it asked for is over.
pub fn over_already() -> String {
    "That test page is over. `/pager oncall test` sends another.".to_owned()
}

/// A text. `answers`: a reply to it reaches us.
pub fn text(i: &Incident, answers: bool) -> String {
    // With its number: what is wrong meanwhile is not taken by it.
    let how = if answers { format!(" Reply \"1 {}\" once it came by all.", i.no.0) } else { String::new() };
    format!("Warridor: this is a test. Nothing is wrong.{how}")
}

/// What a call says.
pub fn spoken() -> String {
    "This is Warridor. This is a test. Nothing is wrong.".to_owned()
}

/// What to press in that call.
pub fn menu(answers: bool) -> String {
    if answers { "Press 1 to say that you heard it.".to_owned() } else { String::new() }
}

/// What whoever answered by telephone is told.
pub fn heard(i: &Incident) -> String {
    match answered(i) {
        true => "Thank you. The test page reached you.".to_owned(),
        false if i.is_resolved() => "The test page was over by then. Send another.".to_owned(),
        false => "This is a test: there is nothing to escalate. Answer with 1.".to_owned(),
    }
}

/// How it ended, with what follows from it, and what became of each way.
pub fn stands(i: &Incident, then: &str) -> String {
    let each = |p: &Page| format!("\n• {}: {}", upper(&method(&p.method)), came(p));
    format!("{}{then}{}", ended(i), tests(i).map(each).collect::<String>())
}

fn ended(i: &Incident) -> String {
    match &i.state {
        State::Resolved { by: ResolvedBy::User(_), since, .. } if is_proven(i) => {
            format!(":white_check_mark: *The test page reached you* at {}.", time(*since))
        }
        State::Resolved { by: ResolvedBy::User(_), since, .. } => format!(
            ":warning: *You answered at {}, but it did not come by all.* Once that is fixed, `/pager oncall test` sends \
             another.",
            time(*since)
        ),
        State::Resolved { .. } if tests(i).all(|p| matches!(p.state, PageState::Failed(_))) => {
            ":warning: *The test page could not reach you.* Once that is fixed, `/pager oncall test` sends another."
                .to_owned()
        }
        State::Resolved { .. } => format!(
            ":warning: *The test page had no answer within {} minutes.* `/pager oncall test` sends another.",
            WAIT_SECS / 60
        ),
        _ => "The test page waits for your answer.".to_owned(),
    }
}

fn answered(i: &Incident) -> bool {
    i.answered.is_some()
}

fn tests(i: &Incident) -> impl Iterator<Item = &Page> {
    i.pages.iter().filter(|p| p.purpose == Purpose::Test)
}

/// "Slack, text message and phone call"
fn ways(i: &Incident) -> String {
    let methods: Vec<String> = tests(i).map(|p| method(&p.method)).collect();
    names(&methods.iter().map(String::as_str).collect::<Vec<_>>())
}

fn came_by_all(i: &Incident) -> &'static str {
    match tests(i).count() {
        0 | 1 => "It came",
        2 => "It came by both",
        _ => "It came by all",
    }
}

fn when_to_press(i: &Incident) -> String {
    let slack = tests(i).any(|p| p.method == Method::Slack);
    match (tests(i).count(), slack) {
        (0 | 1, true) => "Did it make a sound? Then press the button.".to_owned(),
        (_, true) => "Once each of them came, and made a sound, press the button.".to_owned(),
        (_, false) => format!("Once each of them came, press 1, reply to the text, or type `/pager ack {}`.", i.no.0),
    }
}

/// When it ends by itself.
fn until(i: &Incident) -> Option<String> {
    (!i.is_resolved()).then(|| time(i.opened.plus_secs(WAIT_SECS)))
}

fn came(p: &Page) -> String {
    let silent = match (p.silent_until, &p.state) {
        (Some(until), PageState::Requested | PageState::Delivered { .. }) => {
            format!(", maybe without a sound: Do Not Disturb until {}", time(until))
        }
        _ => String::new(),
    };
    let came = match &p.state {
        PageState::Requested => "on its way".to_owned(),
        PageState::Delivered { .. } => "delivered".to_owned(),
        PageState::Sent { .. } => "sent".to_owned(),
        PageState::Failed(why) => format!("*failed*, {}", failure(why)),
        PageState::Revoked(RevokeReason::Answered) => "not sent, you answered before".to_owned(),
        PageState::Revoked(_) => "not sent in time".to_owned(),
    };
    format!("{came}{silent}")
}
