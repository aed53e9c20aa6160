//! Work that incidents left behind: what is to be done, by whom, by when.

use super::action_id::{Elsewhere, FIELD, Field, Form, OnItem, Origin};
use super::card::name;
use super::kit::{actions, context, more_private, option, plain, section, section_with};
use super::misconfigured::times;
use super::modal::{form, input, many_lines, optional};
use super::mrkdwn::{day, day_and_time, escape, escape_marked};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::{ItemNo, StoreId, UserId};
use crate::domain::item::{AlertWhy, Item, Kind, Touched};
use crate::domain::page::Recipient;
use crate::domain::snooze::SnoozeChoice;
use crate::domain::stamp::At;
use crate::domain::world::World;
use slack_morphism::prelude::*;
use std::sync::Arc;

/// The value of a choice: by the time that it is due.
pub const KEEP: &str = "keep";

/// What it is, without who and when.
fn what(item: &Item, d: &Directory) -> String {
    match item.kind {
        Kind::Alert { why, .. } => format!("Fix {}: {}", alert(item, d), because(why)),
        Kind::Meeting => format!("Post-mortem meeting of {}", item.incident),
        Kind::Repair => escape(&item.what, limits::ITEM),
        Kind::Later { severity } => format!("{} (severity {severity})", escape(&item.what, limits::ITEM)),
    }
}

/// "the alert “DiskFull” of Payments API"
fn alert(item: &Item, d: &Directory) -> String {
    let service = d.services.get(&item.service).map_or(item.service.as_str(), |s| s.name.as_str());
    let called = escape_marked(&item.what, limits::LABEL);
    format!("the alert \u{201c}{called}\u{201d} of {}", escape_marked(service, limits::LABEL))
}

fn because(why: AlertWhy) -> String {
    match why {
        AlertWhy::CameBack { times: n } => format!("it came {} in 7 days", times(u64::from(n))),
        AlertWhy::NotUrgent => "it was not urgent".to_owned(),
        AlertWhy::NotActionable => "nothing had to be done".to_owned(),
    }
}

/// For the lock screen.
pub fn in_short(item: &Item, d: &Directory) -> String {
    match item.kind {
        Kind::Alert { .. } => alert(item, d),
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
                what(item, d),
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
    let giver = item.giver().map_or(String::new(), |by| format!(" · from {}", name(d, by)));
    format!("{} (number {}) · {}, by {}{giver}", what(item, d), item.no.0, name(d, &item.owner), day(item.due))
}

/// The same with what can be done about it. `at`: when it is told.
pub fn with_button(item: &Item, at: At, d: &Directory, store: StoreId) -> SlackBlock {
    let late = if item.is_late(at) { ":warning: late. " } else { "" };
    if !item.is_open() {
        let words = format!("{} (of {})", line(item, d), item.incident);
        return section_with(&words, open_again(item.no, store));
    }
    let words = format!("{late}{} (of {})", to_do(item, d), item.incident);
    section_with(&words, done(item.no, store))
}

fn done(item: ItemNo, store: StoreId) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain("Done…"))
        .with_action_id(Elsewhere::ItemDone.id().into())
        .with_value(OnItem { store, item }.value())
}

fn open_again(item: ItemNo, store: StoreId) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain("Open again"))
        .with_action_id(Elsewhere::ItemReopen.id().into())
        .with_value(OnItem { store, item }.value())
}

/// What somebody did to it, in answer. `before`: whose it was; `None`: it was theirs alone.
pub fn told(item: &Item, before: Option<&UserId>, by: &UserId, d: &Directory, command: &str) -> String {
    let is_told = |who: &UserId| who != by && d.users.get(who).is_some_and(|u| u.slack.is_some() || u.email.is_some());
    let mut hear: Vec<String> = before.filter(|who| is_told(who)).map(|who| name(d, who)).into_iter().collect();
    if before.is_some_and(|before| *before != item.owner) && is_told(&item.owner) {
        hear.push(name(d, &item.owner));
    }
    let hear = match hear.as_slice() {
        [] => String::new(),
        [one] => format!("\n{one} hears of it, from you, when they work next."),
        [one, other, ..] => format!("\n{one} and {other} hear of it, from you, when they work next."),
    };
    let undo = match item.is_open() {
        true => String::new(),
        false => format!("\nNot done after all? `{} items reopen {}`.", escape(command, 40), item.no.0),
    };
    format!("{}{hear}{undo}", line(item, d))
}

/// The same of what was called done, and is not.
pub fn reopened(told: &str) -> String {
    format!("Open again:\n{told}")
}

/// What somebody else did to it, for whoever's it was; and how to undo that.
pub fn touched(
    no: ItemNo,
    by: &UserId,
    did: &Touched,
    to: &Recipient,
    w: &World,
    d: &Directory,
    store: StoreId,
) -> Option<Message> {
    let item = w.items.get(&no)?;
    let (took_it, by) = (matches!(did, Touched::Given { to } if to == by), name(d, by));
    let (called, n) = (in_short(item, d), no.0);
    let what = match did {
        Touched::Given { .. } if took_it => format!("{by} took your item {n}: {called}"),
        Touched::Done => format!("{by} called your item {n} done: {called}"),
        Touched::Reopened => format!("{by} opened your item {n} again: {called}"),
        Touched::Given { to } => format!("{by} gave your item {n} to {}: {called}", name(d, to)),
        Touched::Moved { due } => format!("{by} moved your item {n} to {}: {called}", day(*due)),
    };
    let is_theirs = matches!(to, Recipient::User(user) if *user == item.owner);
    let after = match did {
        Touched::Done if item.is_open() => "It is open again.".to_owned(),
        Touched::Given { .. } if is_theirs => "It is yours again.".to_owned(),
        Touched::Done if !is_theirs => "It is somebody else's by now.".to_owned(),
        Touched::Done if item.outcome.is_empty() => "They did not say what came of it.".to_owned(),
        Touched::Done => format!("> {}", escape(&item.outcome, limits::ITEM)),
        Touched::Reopened | Touched::Given { .. } | Touched::Moved { .. } => match item.is_open() {
            true => format!("Now: {}", to_do(item, d)),
            false => line(item, d),
        },
    };
    let button = match item.is_open() {
        true => change(no, store),
        false => open_again(no, store),
    };
    let blocks = vec![section_with(&format!(":pencil: {what}\n{after}"), button)];
    Some(Message { text: what, blocks, colored: None })
}

fn change(item: ItemNo, store: StoreId) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain("Change…"))
        .with_action_id(Elsewhere::ItemChange.id().into())
        .with_value(OnItem { store, item }.value())
}

/// An alert is somebody's to mend from now on: said to whoever did what made it so. `by`: they.
pub fn to_mend(no: ItemNo, why: AlertWhy, owner: &UserId, due: At, by: Option<&UserId>, d: &Directory) -> String {
    let whose = if by == Some(owner) { "yours".to_owned() } else { format!("{}'s", name(d, owner)) };
    let why = match why {
        AlertWhy::CameBack { times: n } => format!(" came {} in 7 days and", times(u64::from(n))),
        AlertWhy::NotUrgent | AlertWhy::NotActionable => String::new(),
    };
    format!("Its alert{why} is {whose} to fix by {} (item {}): `/pager misconfigured` says how.", day(due), no.0)
}

/// The window in which somebody says that it is done, and what came of it.
pub fn done_window(item: &Item, d: &Directory, origin: &Origin) -> SlackView {
    let (label, example) = match item.kind {
        Kind::Repair | Kind::Later { .. } => ("What was done?", "Merged as PR 1234"),
        Kind::Alert { .. } => ("What was done to it?", "Threshold from 80 to 95 %, PR 1234"),
        Kind::Meeting => ("Who was there, and what came of it?", "Ana, Ben, Carla: the pool gets an alert"),
    };
    let words = many_lines().with_placeholder(plain(example));
    let mut blocks = vec![section(&line(item, d))];
    if let Kind::Alert { .. } = item.kind {
        blocks.push(context("How: `/pager misconfigured`. *Done* takes it off that list, too."));
    }
    blocks.push(optional(Field::Words, label, words.into()));
    let another = SlackBlockButtonElement::new(plain("Not done: somebody else, or another day…"))
        .with_action_id(Elsewhere::ItemChange.id().into())
        .with_value(OnItem { store: origin.subject.store, item: item.no }.value());
    blocks.push(actions(vec![another]));
    let origin = Origin { more: item.no.0.to_string(), ..origin.clone() };
    form(Form::ItemDone, "Done", &origin, blocks, "Done")
}

/// The window in which it is given to somebody else, or moved. `due`: ends that are offered.
pub fn change_window(item: &Item, due: &[SnoozeChoice], d: &Directory, origin: &Origin) -> SlackView {
    let mut person = SlackBlockUsersSelectElement::new().with_action_id(FIELD.into());
    if let Some(owner) = d.users.get(&item.owner).and_then(|u| u.slack.as_ref()) {
        person = person.with_initial_user(owner.as_str().to_owned());
    }
    let keep = option("As it is", KEEP);
    let mut options = vec![keep.clone()];
    options.extend(due.iter().map(|c| option(&c.words, &c.until.0.to_string())));
    let radio = SlackBlockRadioButtonsElement::new(options).with_action_id(FIELD.into()).with_initial_option(keep);
    let another = SlackBlockDateTimePickerElement::new().with_action_id(FIELD.into());
    let blocks = vec![
        section(&line(item, d)),
        input(Field::Person, "Who does it?", person.into()),
        input(Field::Until, "By when?", radio.into()),
        optional(Field::At, "Or by another time", another.into()),
        context("Whoever gets it hears of it when they work next; nobody is paged."),
    ];
    let origin = Origin { more: item.no.0.to_string(), ..origin.clone() };
    form(Form::ItemChange, &format!("Item {}", item.no.0), &origin, blocks, "Save")
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
