//! Playbooks, to be read: what is to be done about an incident, step by step.

use super::action_id::{Action, Begun, Elsewhere, Opened, Origin, Subject};
use super::kit::{button, context, plain, section, section_with};
use super::modal::{window, window_above};
use super::mrkdwn::{entities, escape, escape_marked, is_dangerous, link, names};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::{IncidentNo, PlaybookId, StoreId};
use crate::domain::incident::Incident;
use crate::domain::playbook::{Part, Piece, Playbook, Step, Words, best, fitting};
use slack_morphism::prelude::*;

/// On a card and in a page: the playbook that knows the alert best, to be opened by one tap. Nothing is to be done any more
/// about what is over.
pub fn offer(i: &Incident, d: &Directory, subject: Subject) -> Option<SlackBlock> {
    if let Some(run) = i.run.as_deref().filter(|_| i.is_open()) {
        let title = escape_marked(&run.playbook.title, limits::LABEL);
        let words = format!(":book: *{title}* · {}", super::run::stands(run, d));
        return Some(section_with(&words, button(Action::Playbook, "Show step", subject)));
    }
    let p = best(d, i).filter(|_| i.is_open())?;
    let words = format!(":book: *{}*", escape_marked(&p.title, limits::LABEL));
    Some(section_with(&words, button(Action::Playbook, "Playbook", subject)))
}

/// What the button opens: the best one, and behind it the others that are for the same incident.
pub fn of_incident(i: &Incident, d: &Directory, origin: &Origin) -> SlackView {
    if let Some(view) = super::run::in_window(i, d, origin, None) {
        return view;
    }
    let title = format!("Playbook for {}", i.no);
    let all = fitting(d, i);
    let Some((best, others)) = all.split_first() else {
        return window(&title, vec![section(&none(i.no))], None);
    };
    let mut blocks = blocks(best, Some(i.no), d);
    if !others.is_empty() {
        blocks.insert(1, context(&format!("{} more fit: at the end.", others.len())));
    }
    blocks.insert(1, begin(best, i, origin.subject.store, d));
    if !others.is_empty() {
        blocks.push(context("Others that fit:"));
    }
    for p in others.iter().take(limits::PLAYBOOKS_OFFERED) {
        let open = SlackBlockButtonElement::new(plain("Open")).with_action_id(Elsewhere::Playbook.id().into());
        blocks.push(section_with(
            &escape(&p.title, limits::TITLE),
            open.with_value(Opened { incident: i.no, playbook: p.id.clone() }.value()),
        ));
    }
    window(&title, blocks, Some(origin))
}

/// One that was chosen there. `of`: the incident, if it is there; where it is open and this one is not followed yet, it can be
/// begun.
pub fn chosen(p: &Playbook, about: Subject, of: Option<&Incident>, d: &Directory) -> SlackView {
    let mut blocks = blocks(p, Some(about.incident), d);
    if let Some(i) = of.filter(|i| may_begin(i, p)) {
        blocks.insert(1, begin(p, i, about.store, d));
    }
    window_above(&format!("Playbook for {}", about.incident), blocks)
}

/// May somebody begin to follow it?
pub fn may_begin(i: &Incident, p: &Playbook) -> bool {
    i.is_open() && i.run.as_deref().is_none_or(|run| run.playbook.id != p.id || run.is_at_its_end())
}

/// "Follow it step by step", and what else that does.
fn begin(p: &Playbook, i: &Incident, store: StoreId, d: &Directory) -> SlackBlock {
    let about = Subject { store, incident: i.no };
    let begin = SlackBlockButtonElement::new(plain("Begin")).with_action_id(Elsewhere::BeginPlaybook.id().into());
    let begin = begin.with_value(Begun { subject: about, playbook: p.id.clone() }.value());
    let asked = i.being_asked();
    let asked: Vec<&str> = asked.iter().map(|who| d.name_of(who)).collect();
    let takes = match (i.is_triggered(), asked.as_slice()) {
        (true, [_, ..]) => {
            let no = i.no;
            format!(" By it, {} takes {no}; by anybody else, paging goes on.", names(&asked).replace(" and ", " or "))
        }
        _ => String::new(),
    };
    let words = format!("*Step by step*, in the thread of the card, for all who work on it.{takes}");
    section_with(&words, begin.with_style(SlackBlockButtonStyle::Primary))
}

/// For whoever knows that it was followed to its end.
pub fn begin_again(playbook: &PlaybookId, subject: Subject) -> SlackBlockButtonElement {
    let begin = SlackBlockButtonElement::new(plain("Begin again")).with_action_id(Elsewhere::BeginAgain.id().into());
    begin.with_value(Begun { subject, playbook: playbook.clone() }.value())
}

/// The same where it was asked for by typing.
pub fn message(p: &Playbook, about: Option<IncidentNo>, d: &Directory) -> Message {
    Message { text: escape(&p.title, limits::TITLE), blocks: blocks(p, about, d), colored: None }
}

/// The same for what an incident is about; more of them by name. Of one that is followed, the step that is next.
pub fn for_incident(i: &Incident, d: &Directory, command: &str, store: StoreId) -> Message {
    if let Some(message) = super::run::message(i, d, store) {
        return message;
    }
    let all = fitting(d, i);
    let Some((best, others)) = all.split_first() else {
        return Message::plain(none(i.no));
    };
    let mut message = message(best, Some(i.no), d);
    if i.is_open() {
        message.blocks.insert(1, begin(best, i, store, d));
    }
    let one = |p: &&std::sync::Arc<Playbook>| format!("`{} playbook {}`", escape(command, 40), p.id);
    let others: Vec<String> = others.iter().take(limits::PLAYBOOKS_OFFERED).map(one).collect();
    if !others.is_empty() {
        message.blocks.push(context(&format!("Others that fit: {}", others.join(" · "))));
    }
    message
}

fn none(no: IncidentNo) -> String {
    format!(
        "No playbook fits {no}. `/pager playbook list` has all there are; *Add responders* asks somebody who knows."
    )
}

/// All there are.
pub fn list(d: &Directory, command: &str) -> Message {
    if d.playbooks.is_empty() {
        return Message::plain(
            "There are no playbooks. Put one into the folder `playbooks` beside `config.toml`: `warridor check` says whether it \
             can be used.",
        );
    }
    let line = |p: &std::sync::Arc<Playbook>| {
        format!("`{} playbook {}` {} · {}", escape(command, 40), p.id, escape(&p.title, limits::LABEL), owner(p, d))
    };
    let mut lines: Vec<String> = d.playbooks.values().take(limits::PLAYBOOKS_LISTED).map(line).collect();
    if d.playbooks.len() > limits::PLAYBOOKS_LISTED {
        lines.push(format!("…and {} more", d.playbooks.len() - limits::PLAYBOOKS_LISTED));
    }
    let blocks = lines.chunks(limits::LIST_LINES).map(|some| section(&some.join("\n"))).collect();
    Message { text: format!("{} playbooks", d.playbooks.len()), blocks, colored: None }
}

fn owner(p: &Playbook, d: &Directory) -> String {
    let owner = d.teams.get(&p.owner).map_or(p.owner.as_str(), |t| t.name.as_str());
    format!("{}, reviewed {}", escape(owner, limits::LABEL), p.last_reviewed.format("%-d %b %Y"))
}

/// Why a playbook cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TooLong {
    /// This step, counted from 1.
    Step(usize),
    /// In characters.
    All { chars: usize, most: usize },
}

/// Can Slack show it, each line in one piece, for an incident of any number?
///
/// # Errors
/// The first thing that is too long.
pub fn fits(p: &Playbook, d: &Directory) -> Result<(), TooLong> {
    let lines = lines(p, Some(IncidentNo(u64::MAX)));
    let is_long = |line: &&(usize, String)| line.1.chars().count() >= limits::THREAD_CHARS;
    if let Some((step, _)) = lines.iter().find(is_long) {
        return Err(TooLong::Step((*step).max(1)));
    }
    let most = limits::PLAYBOOK_CHARS;
    let chars = lines.iter().map(|(_, line)| line.chars().count() + 1).sum();
    // Beside them: which others there are, that it can be begun, and the others.
    let blocks = blocks(p, Some(IncidentNo(u64::MAX)), d).len() + 1;
    if chars > most || blocks > limits::PLAYBOOK_BLOCKS { Err(TooLong::All { chars, most }) } else { Ok(()) }
}

fn blocks(p: &Playbook, about: Option<IncidentNo>, d: &Directory) -> Vec<SlackBlock> {
    let mut all = vec![section(&bold(&p.title)), context(&owner(p, d))];
    all.extend(grouped(lines(p, about).into_iter().map(|(_, line)| line)));
    all
}

/// Lines put together into as few blocks as may be; an empty one begins a block.
pub(super) fn grouped(lines: impl IntoIterator<Item = String>) -> Vec<SlackBlock> {
    let (mut all, mut text) = (Vec::new(), String::new());
    for line in lines {
        // A heading begins a block of its own.
        if line.is_empty() || text.chars().count() + line.chars().count() >= limits::THREAD_CHARS {
            all.extend((!text.is_empty()).then(|| unfolded(&std::mem::take(&mut text))));
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&line);
    }
    all.extend((!text.is_empty()).then(|| unfolded(&text)));
    all
}

/// Slack folds what is long; here that would be a tap in the middle of a step.
fn unfolded(mrkdwn: &str) -> SlackBlock {
    let text = SlackBlockText::MarkDown(SlackBlockMarkDownText::new(mrkdwn.to_owned()));
    SlackSectionBlock::new().with_text(text).with_expand(true).into()
}

/// Its lines, each with the number of the step that it belongs to; an empty one stands before a heading. None is ever taken
/// apart: half a command must not be copied.
fn lines(p: &Playbook, about: Option<IncidentNo>) -> Vec<(usize, String)> {
    let by = PagedBy::Command(about);
    let mut all: Vec<(usize, String)> = p.aim.iter().map(|words| (0, drawn(words, by))).collect();
    let mut number = 0;
    for s in &p.sections {
        all.push((number, String::new()));
        all.extend((!s.heading.is_empty()).then(|| (number, bold(&s.heading))));
        for part in &s.parts {
            match part {
                Part::Says(words) => all.push((number, drawn(words, by))),
                Part::Step(step) => {
                    number += 1;
                    all.extend(lines_of_step(number, step, by).into_iter().map(|line| (number, line)));
                }
            }
        }
    }
    all
}

/// How a team is paged where a playbook says so.
#[derive(Clone, Copy)]
pub(super) enum PagedBy {
    /// By typing; about an incident of any number where there is none.
    Command(Option<IncidentNo>),
    /// By a button below.
    Button,
}

/// A step, what is to be copied for it, and its details.
pub(super) fn lines_of_step(number: usize, step: &Step, by: PagedBy) -> Vec<String> {
    let mut all = vec![head(number, step, by)];
    all.extend(step.command.iter().map(|command| format!("```\n{}\n```", code(command))));
    all.extend(step.details.iter().map(|words| format!("      • {}", drawn(words, by))));
    all
}

fn bold(words: &str) -> String {
    format!("*{}*", escape(words, limits::PLAYBOOK_WORDS).replace('*', "\u{2009}"))
}

fn italic(words: &str) -> String {
    format!("_{}_", escape(words, limits::PLAYBOOK_WORDS).replace('_', "\u{2009}"))
}

/// A step, without what is to be copied for it.
pub(super) fn head(number: usize, step: &Step, by: PagedBy) -> String {
    let time = step.within_secs.map(|secs| {
        let then = step.then.as_ref().map(|then| format!(", then {}", escape(then, limits::LABEL)));
        let secs = if secs % 3_600 == 0 { format!("{} h", secs / 3_600) } else { format!("{} min", secs / 60) };
        format!(" _({secs}{})_", then.unwrap_or_default())
    });
    format!("*Step {number}.* {}{}", drawn(&step.words, by), time.unwrap_or_default())
}

pub(super) fn drawn(words: &Words, by: PagedBy) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Plain(words) => escape(words, limits::PLAYBOOK_WORDS),
        Piece::Strong(words) => bold(words),
        Piece::Emphasis(words) | Piece::Jump { words, .. } => italic(words),
        Piece::Code(words) => format!("`{}`", escape(words, limits::PLAYBOOK_WORDS)),
        Piece::Link { words, url } => link(url, &escape(words, limits::PLAYBOOK_WORDS)),
        Piece::Page { words, team } => {
            let PagedBy::Command(about) = by else { return bold(words) };
            let number = about.map_or("N".to_owned(), |no| no.0.to_string());
            format!("{} (`/pager add {number} {team}`)", bold(words))
        }
    };
    words.iter().map(piece).collect()
}

/// Between our own ```: lines stay lines, and nothing of it is markup.
fn code(command: &str) -> String {
    entities(&command.chars().filter(|c| !is_dangerous(*c)).collect::<String>())
}
