//! A page as a direct message: what wakes somebody, and what it becomes when somebody answered.

use super::action_id::{Action, Subject};
use super::card::{buttons, lock_screen, name, status, title};
use super::kit::{actions, button, context, section};
use super::mrkdwn::{escape, truncate};
use super::{Colored, Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::StoreId;
use crate::domain::incident::{Incident, State};
use crate::domain::page::{Page, PageState, Purpose, Recipient};
use slack_morphism::prelude::SlackBlockButtonStyle;

/// The direct message of a page as the state says.
pub fn page(i: &Incident, p: &Page, d: &Directory, store: StoreId) -> Message {
    if is_followed(i, p) {
        return followed(i);
    }
    let subject = Subject { store, incident: i.no };
    let mut blocks = vec![section(&status_for(i, p, d))];
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    blocks.push(context(&format!("{} · tier {} · <#{}>", escape(service, 60), i.tier, i.channel)));
    if is_actionable(i, p) {
        let first = match p.purpose {
            Purpose::StillOnIt if !i.is_triggered() => Some("Still on it"),
            Purpose::Step if is_asked_to_join(i, p) => Some("Acknowledge"),
            Purpose::Step | Purpose::CatchAll | Purpose::StillOnIt => None,
        };
        let first = first.map(|words| button(Action::Acknowledge, words, subject));
        let rest: Vec<_> = match first {
            // Slack takes an action id once in a row, and there is one thing to do first.
            Some(_) => buttons(i, d, subject)
                .into_iter()
                .filter(|b| b.action_id.as_ref().is_none_or(|id| id.0 != Action::Acknowledge.id()))
                .map(|b| b.opt_style(None))
                .collect(),
            None => buttons(i, d, subject),
        };
        let first = first.map(|b| b.with_style(SlackBlockButtonStyle::Primary));
        let row: Vec<_> = first.into_iter().chain(rest).collect();
        blocks.push(actions(row));
    }
    let color = if is_actionable(i, p) { "#d92d20" } else { "#98a2b3" };
    Message {
        text: truncate(&lead(i, p, d), limits::LOCK_SCREEN),
        blocks: vec![section(&title(i))],
        colored: Some(Colored { color, blocks }),
    }
}

/// Did a newer message about the same incident reach the same person? Only the newest one is kept true; an older one
/// says so once, and never changes again.
fn is_followed(i: &Incident, p: &Page) -> bool {
    i.pages.iter().any(|q| q.to == p.to && q.id > p.id && matches!(q.state, PageState::Delivered { .. }))
}

fn followed(i: &Incident) -> Message {
    let title = escape(&i.title, limits::TITLE);
    let text = format!("{} {title}: see the newer message below.", i.no);
    Message { blocks: vec![context(&text)], text: truncate(&text, limits::LOCK_SCREEN), colored: None }
}

/// What the lock screen says first.
fn lead(i: &Incident, p: &Page, d: &Directory) -> String {
    let line = lock_screen(i, d);
    match (p.purpose, &i.state) {
        (Purpose::Step, State::Triggered { .. }) => format!("Page: {line}"),
        (Purpose::CatchAll, State::Triggered { .. }) => format!("Nobody answered: {line}"),
        (Purpose::StillOnIt, State::Acknowledged { .. }) if is_actionable(i, p) => format!("Still on it? {line}"),
        (Purpose::Step, State::Acknowledged { .. }) if is_asked_to_join(i, p) => {
            format!("{} asks for you: {line}", asker(i, p, d))
        }
        _ => line,
    }
}

fn status_for(i: &Incident, p: &Page, d: &Directory) -> String {
    match (p.purpose, &i.state) {
        (Purpose::StillOnIt, State::Acknowledged { .. }) if is_actionable(i, p) => {
            "*Still on it?* Nothing happened for a while. Without an answer it is paged again in a few minutes."
                .to_owned()
        }
        (_, State::Acknowledged { by: Some(by), .. }) if is_recipient(p, by) => {
            format!("*You have it.* {}", status(i, d))
        }
        (Purpose::Step, State::Acknowledged { .. }) if is_asked_to_join(i, p) => {
            format!("*{} asks for you.* {}", asker(i, p, d), status(i, d))
        }
        _ => status(i, d),
    }
}

fn asker(i: &Incident, p: &Page, d: &Directory) -> String {
    match i.call(p.call).map(|c| &c.kind) {
        Some(crate::domain::call::CallKind::Added { by }) => name(d, by),
        Some(crate::domain::call::CallKind::Main) | None => "The team".to_owned(),
    }
}

/// May the reader still do something with this very message?
fn is_actionable(i: &Incident, p: &Page) -> bool {
    match (&i.state, p.purpose) {
        (State::Triggered { .. }, _) => true,
        (State::Acknowledged { timeout, .. }, Purpose::StillOnIt) => {
            matches!(timeout, crate::domain::incident::AckTimeout::TriggerAt(_))
        }
        (State::Acknowledged { by, .. }, _) => {
            by.as_ref().is_some_and(|by| is_recipient(p, by)) || is_asked_to_join(i, p)
        }
        (State::Snoozed { by, .. }, _) => is_recipient(p, by),
        (State::Resolved { .. }, _) => false,
    }
}

fn is_recipient(p: &Page, user: &crate::domain::id::UserId) -> bool {
    matches!(&p.to, Recipient::User(u) if u == user)
}

/// Somebody has the incident and asked for more people, and this reader has not answered yet.
fn is_asked_to_join(i: &Incident, p: &Page) -> bool {
    matches!(i.state, State::Acknowledged { .. }) && i.call(p.call).is_some_and(|c| c.is_open())
}
