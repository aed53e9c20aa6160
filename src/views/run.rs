//! A playbook that is followed: the step that is next, with everything it takes to do it by thumb.
//!
//! The same blocks stand in the thread, in a window and in a private answer: whoever goes on in one of them finds the
//! others where they are.

use super::action_id::{Action, Elsewhere, OnStep, Opened, Origin, Subject};
use super::card::name;
use super::kit::{actions, button, confirm, context, plain, plain_option, section, section_with};
use super::modal::window;
use super::mrkdwn::{day_and_time, escape, escape_marked, names, time, truncate};
use super::playbook::{PagedBy, drawn, grouped, head, lines_of_step};
use super::reply::span;
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::StoreId;
use crate::domain::incident::{Incident, State};
use crate::domain::input::SkipWhy;
use crate::domain::playbook::{Part, Piece, Playbook, Section, Step, Words, fitting};
use crate::domain::run::{Mark, Run};
use slack_morphism::prelude::*;

/// The message in the thread; `None`: nothing is followed.
pub fn message(i: &Incident, d: &Directory, store: StoreId) -> Option<Message> {
    let run = i.run.as_deref()?;
    let text = format!("{} playbook {}: {}", i.no, escape(&run.playbook.title, limits::LABEL), at(run));
    Some(Message { text, blocks: blocks(i, run, d, store), colored: None })
}

/// The window: the same, and what else there is to read. `told`: what came of what they did there, if they are told.
pub fn in_window(i: &Incident, d: &Directory, origin: &Origin, told: Option<&Message>) -> Option<SlackView> {
    let run = i.run.as_deref()?;
    let mut blocks: Vec<SlackBlock> = told.into_iter().flat_map(|told| told.blocks.clone()).collect();
    blocks.extend(self::blocks(i, run, d, origin.subject.store));
    blocks.push(section_with("The whole playbook", open(i, &run.playbook)));
    let others = fitting(d, i).into_iter().filter(|p| p.id != run.playbook.id);
    for p in others.take(limits::PLAYBOOKS_OFFERED) {
        blocks.push(section_with(&format!("Another: {}", escape(&p.title, limits::TITLE)), open(i, p)));
    }
    Some(window(&format!("Playbook for {}", i.no), blocks, Some(&origin.of_walk())))
}

fn open(i: &Incident, p: &Playbook) -> SlackBlockButtonElement {
    let open = SlackBlockButtonElement::new(plain("Open")).with_action_id(Elsewhere::Playbook.id().into());
    open.with_value(Opened { incident: i.no, playbook: p.id.clone() }.value())
}

/// "step 3 of 9", for a card and the lock screen.
pub fn how_far(run: &Run) -> String {
    if run.is_at_its_end() {
        let (done, skipped) = run.counts();
        let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
        return format!("finished, {done} of {} done{skipped}", run.steps());
    }
    format!("step {} of {}", run.next + 1, run.steps())
}

/// The same, and which step that is.
fn at(run: &Run) -> String {
    if run.is_at_its_end() {
        return how_far(run);
    }
    format!("{}: {}", how_far(run), escape(run.in_brief(run.next).trim_end_matches('.'), limits::LABEL))
}

/// The same, and who cannot go on.
pub fn stands(run: &Run, d: &Directory) -> String {
    let stuck = run.stuck.as_ref().map(|s| format!(" · :sos: {} is stuck since {}", name(d, &s.by), time(s.at)));
    format!("{}{}", at(run), stuck.unwrap_or_default())
}

fn blocks(i: &Incident, run: &Run, d: &Directory, store: StoreId) -> Vec<SlackBlock> {
    let title = escape_marked(&run.playbook.title, limits::LABEL);
    let mut all = vec![section(&format!(":book: *{title}* · {}", how_far(run)))];
    let subject = Subject { store, incident: i.no };
    match &i.state {
        State::Resolved { .. } if run.is_at_its_end() => {}
        State::Resolved { .. } => all.push(context(&format!("{} is resolved: the rest is left undone.", i.no))),
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } if run.is_at_its_end() => {
            let (mut words, mut row) = (Vec::new(), vec![button(Action::Resolve, "Resolve", subject)]);
            words.push("*No steps left.* Fixed: *Resolve*.");
            if i.mitigated.is_none() {
                words.push("Customers are fine, the cause is still there: *Mitigated*.");
                row.push(button(Action::Mitigate, "Mitigated", subject));
            }
            words.push("Still broken: *Get help…*");
            row.push(button(Action::AddResponders, "Get help…", subject));
            row.push(back(subject, run));
            all.push(section(&words.join(" ")));
            all.push(actions(row));
        }
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => {
            all.extend(step(i, run, d, subject));
        }
    }
    let begun = format!("{} began it {}.", name(d, &run.by), day_and_time(run.begun));
    let passed = passed(run, d);
    all.push(context(&if passed.is_empty() { begun } else { format!("{passed}\n{begun}") }));
    all
}

/// What became of the steps so far, a line each, the latest ones.
fn passed(run: &Run, d: &Directory) -> String {
    let all: Vec<(&u32, &Mark)> = run.marks.iter().filter(|(step, _)| **step != run.next).collect();
    let from = all.len().saturating_sub(limits::RUN_PASSED);
    let line = |(step, mark): &(&u32, &Mark)| {
        let what = escape(run.in_brief(**step).trim_end_matches('.'), limits::LABEL);
        let (sign, why) = match &mark.skipped {
            None => (":white_check_mark:", String::new()),
            Some(s) => (":heavy_minus_sign:", format!(" ({})", skipped(s.why, &s.because))),
        };
        format!("{sign} Step {}: {what}{why} · {} {}", **step + 1, name(d, &mark.by), time(mark.at))
    };
    let earlier = (from > 0).then(|| format!("…{from} before"));
    earlier.into_iter().chain(all[from..].iter().map(line)).collect::<Vec<_>>().join("\n")
}

/// Why a step was not done.
pub fn skipped(why: SkipWhy, because: &str) -> String {
    let why = match why {
        SkipWhy::NotNeeded => "not needed here",
        SkipWhy::DoneBefore => "done before",
        SkipWhy::DoesNotWork => "does not work",
    };
    if because.is_empty() { why.to_owned() } else { format!("{why}: {}", escape(because, limits::REASON as usize)) }
}

/// The step that is to be done: what leads to it, itself, and what can be pressed.
fn step(i: &Incident, run: &Run, d: &Directory, subject: Subject) -> Vec<SlackBlock> {
    let Some(at) = Place::of(run) else { return Vec::new() };
    let mut lines = vec![String::new()];
    if !at.section.heading.is_empty() {
        lines.push(format!("*{}*", escape_marked(&at.section.heading, limits::TITLE)));
    }
    lines.extend(at.before.iter().map(|words| drawn(words, PagedBy::Button)));
    lines.extend(lines_of_step(at.number, at.step, PagedBy::Button));
    let mut all = grouped(lines);
    if let Some(stuck) = &run.stuck {
        all.push(context(&format!(":sos: {} is stuck here since {}.", name(d, &stuck.by), time(stuck.at))));
    }
    if let Some(secs) = at.step.within_secs {
        let ends = run.since.plus_secs(secs);
        all.push(context(&match (&run.overdue, &at.step.then) {
            (None, _) => format!(":stopwatch: until {}", time(ends)),
            (Some(_), None) => format!(":stopwatch: Its {} are over. *Stuck…* offers whom to page.", span(secs)),
            (Some(_), Some(then)) => {
                let then = escape(then, limits::LABEL);
                format!(":stopwatch: Its {} are over: {then}. *Stuck…* offers whom to page.", span(secs))
            }
        }));
    }
    let on = OnStep { subject, turn: run.turn, to: None };
    all.push(actions(vec![
        press(Elsewhere::StepDone, "Done", &on).with_style(SlackBlockButtonStyle::Primary),
        press(Elsewhere::SkipStep, "Skip…", &on),
        press(Elsewhere::StepStuck, "Stuck…", &on),
    ]));
    all.extend(at.pages().into_iter().filter_map(|team| {
        let team = d.teams.get(team)?;
        let named = escape_marked(&team.name, limits::LABEL);
        let value = OnStep { to: Some(team.id.to_string()), ..on.clone() };
        let question = format!("This pages whoever is on call for {named} now.");
        let button = press(Elsewhere::StepPages, "Page them", &value);
        Some(section_with(
            &format!(":rotating_light: Page *{named}*"),
            button.with_confirm(confirm("Page them?", &question, "Page")),
        ))
    }));
    all.extend(at.jumps().into_iter().filter_map(|section| {
        let heading = &run.playbook.sections.get(section)?.heading;
        let value = OnStep { to: Some(section.to_string()), ..on.clone() };
        let words = format!(":arrow_right: *{}*", escape_marked(heading, limits::TITLE));
        Some(section_with(&words, press(Elsewhere::StepJumps, "Done, go there", &value)))
    }));
    let then = run.in_brief(run.next + 1);
    if !then.is_empty() {
        let then = escape(then.trim_end_matches('.'), limits::LABEL);
        all.push(context(&format!("Then step {}: {then}", run.next + 2)));
    }
    all.extend(elsewhere(i, run, d, &on));
    all
}

/// The step that is to be done, and what stands around it.
struct Place<'r> {
    section: &'r Section,
    /// What stands between the step before and this one.
    before: Vec<&'r Words>,
    step: &'r Step,
    /// From 1.
    number: usize,
}

impl<'r> Place<'r> {
    fn of(run: &'r Run) -> Option<Self> {
        let mut number = 0;
        for section in &run.playbook.sections {
            let mut before = Vec::new();
            for part in &section.parts {
                match part {
                    Part::Says(words) => before.push(words),
                    Part::Step(step) => {
                        number += 1;
                        if number == run.next as usize + 1 {
                            return Some(Self { section, before, step, number });
                        }
                        before.clear();
                    }
                }
            }
        }
        None
    }

    fn pieces(&self) -> impl Iterator<Item = &'r Piece> {
        let all = self.before.iter().copied().chain([&self.step.words]).chain(&self.step.details);
        all.flatten().collect::<Vec<_>>().into_iter()
    }

    /// The teams it may page, each once.
    fn pages(&self) -> Vec<&'r crate::domain::id::TeamId> {
        let mut all = Vec::new();
        for piece in self.pieces() {
            if let Piece::Page { team, .. } = piece
                && !all.contains(&team)
                && all.len() < limits::RUN_CHOICES
            {
                all.push(team);
            }
        }
        all
    }

    /// The sections it may go on at, each once.
    fn jumps(&self) -> Vec<usize> {
        let mut all = Vec::new();
        for piece in self.pieces() {
            if let Piece::Jump { section, .. } = piece
                && !all.contains(section)
                && all.len() < limits::RUN_CHOICES
            {
                all.push(*section);
            }
        }
        all
    }
}

/// To go on somewhere else than at the next step.
fn elsewhere(i: &Incident, run: &Run, d: &Directory, on: &OnStep) -> Option<SlackBlock> {
    let headed = run.playbook.sections.iter().enumerate().filter(|(_, s)| !s.heading.is_empty());
    let options: Vec<_> = headed
        .take(limits::OPTIONS)
        .map(|(n, s)| {
            let to = Some(n.to_string());
            plain_option(&truncate(&s.heading, 70), &OnStep { to, ..on.clone() }.value())
        })
        .collect();
    let mut row: Vec<SlackActionBlockElement> = Vec::new();
    if options.len() > 1 {
        let select = SlackBlockStaticSelectElement::new()
            .with_action_id(Elsewhere::StepChosen.id().into())
            .with_options(options)
            .with_placeholder(plain("Jump (leaves this open)"));
        row.push(SlackActionBlockElement::StaticSelect(select));
    }
    if let Some(whom) = super::card::who_is_above(i, d) {
        let escalate = button(Action::Escalate, "Escalate", on.subject);
        let escalate = escalate.with_confirm(confirm("Escalate?", &whom, "Escalate"));
        row.push(SlackActionBlockElement::Button(escalate));
    }
    if !run.path.is_empty() {
        row.push(SlackActionBlockElement::Button(back(on.subject, run)));
    }
    (!row.is_empty()).then(|| SlackActionsBlock::new(row).into())
}

fn back(subject: Subject, run: &Run) -> SlackBlockButtonElement {
    press(Elsewhere::StepBack, "Back", &OnStep { subject, turn: run.turn, to: None })
}

fn press(what: Elsewhere, words: &str, on: &OnStep) -> SlackBlockButtonElement {
    SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into()).with_value(on.value())
}

/// What helps somebody who cannot go on: large choices, each of which brings a person.
pub fn stuck(i: &Incident, d: &Directory, origin: &Origin) -> SlackView {
    let subject = origin.subject;
    let what = i.run.as_deref().and_then(Place::of).map(|at| head(at.number, at.step, PagedBy::Button));
    let mut blocks = vec![section(&what.unwrap_or_else(|| super::card::title(i)))];
    let asked = i.being_asked();
    let asked: Vec<&str> = asked.iter().map(|who| d.name_of(who)).collect();
    let already = if asked.is_empty() { String::new() } else { format!(" Paging {} already.", names(&asked)) };
    blocks.push(context(&format!("The card says that you are stuck. *That pages nobody by itself.*{already}")));
    if let Some(whom) = super::card::who_is_above(i, d) {
        let question = super::hold::all_the_same(i).unwrap_or_default() + &whom;
        let escalate = button(Action::Escalate, "Escalate", subject);
        let escalate = escalate.with_confirm(confirm("Escalate?", &question, "Escalate"));
        blocks.push(section_with(&format!("*Escalate*\n{whom} Whoever has it keeps it."), escalate));
    }
    let what = "*Add responders*\nPage somebody by name, a team or whoever is on call. Whoever has it keeps it.";
    blocks.push(section_with(what, button(Action::AddResponders, "Add…", subject)));
    let what = "*Note*\nWhat is in the way: it stands in the page to whoever is asked.";
    blocks.push(section_with(what, button(Action::Note, "Write…", subject)));
    window(&format!("Stuck on {}", i.no), blocks, Some(&origin.of_walk()))
}

/// Somebody went on before they pressed; what is next stands below.
pub fn went_on(run: &Run, d: &Directory, wanted_to_page: bool) -> Message {
    let (by, at) = (name(d, &run.last_by), time(run.since));
    let paged = if wanted_to_page { ":warning: *Nobody was paged.* " } else { "" };
    Message::plain(format!("{paged}:fast_forward: {by} was first, at {at}: your tap changed nothing. This is next:"))
}

/// The message to whoever does a step whose time is over.
pub fn time_is_over(run: &Run) -> Option<String> {
    let at = Place::of(run)?;
    let secs = at.step.within_secs?;
    let then = at.step.then.as_ref().map(|then| format!(" The playbook says: {}.", escape(then, limits::LABEL)));
    let then = then.unwrap_or_else(|| " Done? Say so. If it gets nowhere, *Stuck…* offers whom to page.".to_owned());
    Some(format!("*Its {} are over.*{then}\n{}", span(secs), head(at.number, at.step, PagedBy::Button)))
}

/// What can be pressed there.
pub fn answers(i: &Incident, run: &Run, subject: Subject) -> Vec<SlackBlockButtonElement> {
    let on = OnStep { subject, turn: run.turn, to: None };
    vec![
        press(Elsewhere::StepStuck, "Stuck…", &on).with_style(SlackBlockButtonStyle::Primary),
        press(Elsewhere::StepDone, "Done", &on),
        button(Action::Playbook, "Playbook", Subject { store: subject.store, incident: i.no }),
    ]
}

/// "Not needed, done before, or does it not work?" With a word of why, if one wants.
pub fn skip(i: &Incident, run: &Run, origin: &Origin) -> SlackView {
    let what = Place::of(run).map(|at| head(at.number, at.step, PagedBy::Button)).unwrap_or_default();
    super::modal::skip_step(i, &what, origin)
}
