//! Answers to commands that only ask.

use super::action_id::Subject;
use super::card::{buttons, status, title};
use super::kit::{actions, context, section};
use super::mrkdwn::{escape, names, time};
use super::thread::line;
use super::{Colored, Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::StoreId;
use crate::domain::incident::Incident;
use crate::domain::page::{Page, PageState, Recipient};

/// The open incidents, the most urgent and oldest first.
pub fn list(open: &[&Incident], d: &Directory) -> Message {
    if open.is_empty() {
        return Message::plain(":sparkles: Nothing is open.");
    }
    let mut lines: Vec<String> =
        open.iter().take(limits::LIST).map(|i| format!("{}\n{}", title(i), status(i, d))).collect();
    if open.len() > limits::LIST {
        lines.push(format!("…and {} more", open.len() - limits::LIST));
    }
    let text = match open.len() {
        1 => "1 incident is open".to_owned(),
        n => format!("{n} incidents are open"),
    };
    let mut blocks = vec![context(&text)];
    blocks.extend(lines.iter().map(|l| section(l)));
    Message { text, blocks, colored: None }
}

/// The same of a restored copy that nobody confirmed: whatever its incidents say, nothing leaves.
pub fn paused(list: Message) -> Message {
    let why = ":warning: *This is a restored copy, and it is paused*: nobody is paged and nothing is posted, whatever \
               stands below. Run `warridor restore --confirm` and start it again.";
    let mut blocks = vec![section(why)];
    blocks.extend(list.blocks);
    Message { text: "Paused: nobody is paged.".to_owned(), blocks, colored: list.colored }
}

/// One incident: how it stands, what happened last, who was paged.
pub fn show(i: &Incident, d: &Directory, store: StoreId) -> Message {
    let last: Vec<String> = i.timeline.iter().rev().take(limits::SHOWN_ENTRIES).map(|e| line(e, d)).collect();
    let last: Vec<&str> = last.iter().rev().map(String::as_str).collect();
    let mut blocks = vec![section(&status(i, d)), section(&last.join("\n"))];
    let paged = paged(i, d);
    if !paged.is_empty() {
        blocks.push(context(&paged));
    }
    blocks.push(actions(buttons(i, d, Subject { store, incident: i.no })));
    Message {
        text: super::card::lock_screen(i, d),
        blocks: vec![section(&title(i))],
        colored: Some(Colored { color: super::card::color(i), blocks }),
    }
}

fn paged(i: &Incident, d: &Directory) -> String {
    let lines =
        i.pages.iter().rev().take(limits::SHOWN_ENTRIES).map(|p| format!("{} {}", time(p.requested), how(p, d)));
    lines.collect::<Vec<_>>().join("\n")
}

fn how(p: &Page, d: &Directory) -> String {
    let to = match &p.to {
        Recipient::User(u) => names(&[d.name_of(u)]),
        Recipient::Channel(c) => format!("<#{c}>"),
    };
    match &p.state {
        PageState::Requested => format!("{to}: on its way"),
        PageState::Delivered { at, .. } => format!("{to}: delivered {}", time(*at)),
        PageState::Failed(why) => format!("{to}: failed, {}", super::thread::failure(why)),
        PageState::Revoked(_) => format!("{to}: not needed any more"),
    }
}

/// What `/pager` understands.
pub fn help(command: &str) -> Message {
    let c = escape(command, 40);
    Message::plain(format!(
        "`{c} list`: what is open\n`{c} show 12`: one incident, and who was paged\n`{c} ack 12`: you have it\n\
         `{c} escalate 12`: page the next level now\n`{c} resolve 12 what fixed it`: it is over\n\
         `{c} note 12 what you found`: kept in its thread\n`{c} oncall`: who is on call now and next\nSnooze and reopen are buttons on the card."
    ))
}

/// A command nobody understands.
pub fn not_understood(command: &str, text: &str, mend: &str) -> Message {
    let c = escape(command, 40);
    Message::plain(format!("I don't understand `{c} {}`. {mend}", escape(text, 100).replace('`', "'")))
}
