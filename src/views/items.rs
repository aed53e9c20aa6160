//! Work that incidents left behind: what is to be done, by whom, by when.

use super::action_id::{Elsewhere, OnItem};
use super::card::name;
use super::kit::{context, more_private, plain, section, section_with};
use super::mrkdwn::{day, day_and_time, escape, escape_marked};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::{ItemNo, StoreId};
use crate::domain::item::{Item, Kind};
use crate::domain::stamp::At;
use slack_morphism::prelude::*;
use std::sync::Arc;

/// What it is, without who and when.
fn what(item: &Item) -> String {
    match item.kind {
        Kind::Meeting => format!("Post-mortem meeting of {}", item.incident),
        Kind::Repair => escape(&item.what, limits::ITEM),
        Kind::Later { severity } => format!("{} (severity {severity})", escape(&item.what, limits::ITEM)),
    }
}

/// For the lock screen.
pub fn in_short(item: &Item) -> String {
    match item.kind {
        Kind::Meeting => format!("the post-mortem meeting of {}", item.incident),
        Kind::Repair | Kind::Later { .. } => escape(&item.what, limits::LIST_TITLE),
    }
}

/// One item, in one line.
pub fn line(item: &Item, d: &Directory) -> String {
    match &item.done {
        Some(done) => {
            let outcome = match item.outcome.is_empty() {
                true => String::new(),
                false => format!(": {}", escape(&item.outcome, limits::ITEM)),
            };
            format!(
                ":white_check_mark: {} (number {}) · done by {}, {}{outcome}",
                what(item),
                item.no.0,
                name(d, &done.by),
                day_and_time(done.at)
            )
        }
        None => format!("• {}", to_do(item, d)),
    }
}

/// What is to be done, by whom, by when.
fn to_do(item: &Item, d: &Directory) -> String {
    format!("{} (number {}) · {}, by {}", what(item), item.no.0, name(d, &item.owner), day(item.due))
}

/// The same with what can be done about it. `at`: when it is told.
pub fn with_button(item: &Item, at: At, d: &Directory, store: StoreId) -> SlackBlock {
    let late = if item.is_late(at) { ":warning: late. " } else { "" };
    if !item.is_open() {
        return section(&format!("{} (of {})", line(item, d), item.incident));
    }
    let words = format!("{late}{} (of {})", to_do(item, d), item.incident);
    section_with(&words, done(item.no, store))
}

fn done(item: ItemNo, store: StoreId) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain("Done…"))
        .with_action_id(Elsewhere::ItemDone.id().into())
        .with_value(OnItem { store, item }.value())
}

/// What is listed: those that may be read about here, how many may not, and whose they are; `None`: the reader's own.
#[derive(Clone, Copy)]
pub struct Listing<'a, T> {
    pub all: &'a [&'a Arc<T>],
    pub private: usize,
    pub of: Option<&'a str>,
}

/// The answer to `/pager items`.
pub fn list(listed: Listing<'_, Item>, at: At, d: &Directory, store: StoreId, command: &str) -> Message {
    let Listing { all, private, of } = listed;
    let whose = of.map_or("You have".to_owned(), |of| format!("{} has", escape_marked(of, limits::LABEL)));
    let command = escape(command, 40);
    if all.is_empty() && private == 0 {
        return Message::plain(format!(
            "{whose} no open items. They come from RCAs, and from what could wait; `{command} items all` lists those of everybody."
        ));
    }
    let count = if all.len() == 1 { "one open item".to_owned() } else { format!("{} open items", all.len()) };
    let head = format!("*{whose} {count}*");
    let mut blocks = vec![section(&head)];
    blocks.extend(all.iter().take(limits::OWES).map(|item| with_button(item, at, d, store)));
    if all.len() > limits::OWES {
        blocks.push(context(&format!("…and {} more, which are due later.", all.len() - limits::OWES)));
    }
    if private > 0 {
        blocks.push(context(&more_private(private)));
    }
    Message { text: head.replace('*', ""), blocks, colored: None }
}

/// It is forgotten, or never was.
pub fn none(no: ItemNo, command: &str) -> String {
    format!("There is no item {}: `{} items all` lists those that are open.", no.0, escape(command, 40))
}
