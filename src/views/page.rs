//! A page as a direct message: what wakes somebody, and what it becomes when somebody answered.

use super::action_id::{Action, Subject};
use super::card::{
    GREY, also_asking, buttons, color, is_quiet, labels, lock_screen, name, no_answer, plain_title, status,
    still_reported, title,
};
use super::course::{cleared, flapping};
use super::kit::{actions, button, context, section};
use super::mrkdwn::{escape, time, truncate};
use super::{Colored, Message, limits};
use crate::domain::call::{Call, CallKind, CallState};
use crate::domain::directory::Directory;
use crate::domain::help;
use crate::domain::id::{IncidentNo, StoreId, UserId};
use crate::domain::incident::{AckTimeout, Happening, Incident, State};
use crate::domain::page::{Page, PageState, Purpose, Recipient};
use crate::domain::run::{self, Run};
use crate::domain::sla;
use slack_morphism::prelude::SlackBlockButtonStyle;

/// The direct message of a page as the state says.
pub fn page(i: &Incident, p: &Page, d: &Directory, store: StoreId) -> Message {
    if let Recipient::Channel(channel) = &p.to
        && !d.may_show(&i.service, channel)
    {
        return elsewhere(i);
    }
    if is_followed(i, p) {
        return followed(i);
    }
    if i.is_test() {
        return super::test_page::page(i, store);
    }
    let subject = Subject { store, incident: i.no };
    let mut blocks = vec![section(&status_for(i, p, d))];
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    blocks.push(context(&format!("{} · tier {} · <#{}>", escape(service, 60), i.tier, i.channel)));
    let joined = super::routing::joined_alerts(i);
    if !joined.is_empty() {
        blocks.push(context(&joined));
    }
    let labels = labels(i);
    if !labels.is_empty() {
        blocks.push(context(&labels));
    }
    blocks.extend(noted(i, p, d).map(|noted| section(&noted)));
    if let Some(run) = step_takes_long(i, p) {
        blocks.push(actions(super::run::answers(i, run, subject)));
    } else if is_actionable(i, p) {
        blocks.extend(super::playbook::offer(i, d, subject));
        let yes = |words| button(Action::Acknowledge, words, subject).with_style(SlackBlockButtonStyle::Primary);
        blocks.push(actions(if is_asked_to_join(i, p) {
            // What becomes of it is for whoever has it to say.
            vec![yes("Acknowledge"), button(Action::More, "More…", subject)]
        } else if is_asked_to_begin(i, p) {
            // The same for *I'm on it*.
            let mut row = buttons(i, d, subject);
            row.retain(|b| b.action_id.as_ref().is_none_or(|id| id.0 != Action::Start.id()));
            row.iter_mut().for_each(|b| b.style = None);
            let begin = button(Action::Start, "I'm on it", subject);
            row.insert(0, begin.with_style(SlackBlockButtonStyle::Primary));
            row
        } else if is_asked_still_on_it(i, p) {
            // The one answer that is wanted; the others stay, in plain. Slack takes an action id once in a row.
            let mut row = buttons(i, d, subject);
            row.retain(|b| b.action_id.as_ref().is_none_or(|id| id.0 != Action::Acknowledge.id()));
            row.iter_mut().for_each(|b| b.style = None);
            row.insert(0, yes("Still on it"));
            row
        } else if let Some((_, who)) = is_offered_help(i, p) {
            let mut row = buttons(i, d, subject);
            row.iter_mut().for_each(|b| b.style = None);
            row.insert(0, super::triage::add_fixer(who, d, subject).with_style(SlackBlockButtonStyle::Primary));
            row
        } else if is_on_it_too(i, p) {
            // What is to be done first is for whoever has it to say.
            let mut row = buttons(i, d, subject);
            row.iter_mut().for_each(|b| b.style = None);
            row
        } else {
            buttons(i, d, subject)
        }));
    }
    let color = if is_actionable(i, p) || step_takes_long(i, p).is_some() { color(i) } else { GREY };
    Message {
        text: truncate(&lead(i, p, d), limits::LOCK_SCREEN),
        blocks: vec![section(&title(i))],
        colored: Some(Colored { color, blocks }),
    }
}

/// The newest note, for whoever is asked: it says what those before them found, and where they are stuck.
fn noted(i: &Incident, p: &Page, d: &Directory) -> Option<String> {
    let newest = i.timeline.iter().rev().filter(|_| wants(i, p)).find_map(|e| match &e.what {
        Happening::Noted { by, text } => Some((by, e.wall, text)),
        _ => None,
    });
    let (by, at, text) = newest?;
    Some(format!(":memo: {} {}: {}", name(d, by), time(at), escape(text, limits::PAGE_NOTE)))
}

/// Did a newer message about the same incident reach the same person? Only the newest one is kept true; an older one
/// says so once, and never changes again.
pub fn is_followed(i: &Incident, p: &Page) -> bool {
    i.pages.iter().any(|q| q.to == p.to && q.id > p.id && matches!(q.state, PageState::Delivered { .. }))
}

/// What an older message says, the same in all of them.
pub fn followed(i: &Incident) -> Message {
    let text = format!("{} {}: see the newer message below.", i.no, plain_title(i, limits::TITLE));
    Message { blocks: vec![context(&text)], text: truncate(&text, limits::LOCK_SCREEN), colored: None }
}

/// For a channel that may not hear what an incident of a private service is about.
fn elsewhere(i: &Incident) -> Message {
    let stands = match i.state {
        State::Triggered { .. } if i.course.clearing.is_some() => "is over",
        State::Triggered { .. } if is_quiet(i) => "pages nobody for now",
        State::Triggered { .. } => "needs somebody: nobody answered",
        State::Acknowledged { .. } | State::Snoozed { .. } => "is looked after",
        State::Resolved { .. } => "is over",
    };
    Message::plain(format!("{}, tier {}, {stands}. What it is about stands in <#{}>.", i.no, i.tier, i.channel))
}

/// What the lock screen says first.
fn lead(i: &Incident, p: &Page, d: &Directory) -> String {
    let line = lock_screen(i, d);
    match (p.purpose, &i.state) {
        // Nobody is asked any more: it became low urgency.
        (Purpose::Step, State::Triggered { .. }) if i.open_calls().next().is_none() => line,
        (Purpose::Step, State::Triggered { .. }) => match wanted_by(i, p, d) {
            Some(why) => format!("{why}: {line}"),
            None => format!("Page: {line}"),
        },
        (Purpose::CatchAll, State::Triggered { .. }) if is_asked_last(i) => format!("Last call: {line}"),
        (Purpose::StillOnIt, _) if is_asked_still_on_it(i, p) => format!("Still on it? {line}"),
        (Purpose::Raised, State::Acknowledged { .. }) if i.major.is_some() => format!("Major now: {line}"),
        (Purpose::Raised, State::Acknowledged { .. }) => format!("Urgent now: {line}"),
        (Purpose::Back, State::Acknowledged { by: Some(by), .. }) if is_back(i, p, by) => format!("It is back: {line}"),
        (Purpose::Begin, _) if is_asked_to_begin(i, p) => format!("Has work begun? {line}"),
        (Purpose::Help, _) if let Some((_, who)) = is_offered_help(i, p) => {
            format!("{} fixed it before. Add {0}? {line}", d.name_of(who))
        }
        (Purpose::StepTime, _) if let Some(run) = step_takes_long(i, p) => {
            let what = run.in_brief(run.next);
            let what = escape(what.trim_end_matches('.'), limits::LABEL);
            format!("{} step {} is over its time: {what}. Done, or stuck?", i.no, run.next + 1)
        }
        _ if is_asked_to_join(i, p) => format!("{}: {line}", asks(i, p, d)),
        _ => line,
    }
}

fn status_for(i: &Incident, p: &Page, d: &Directory) -> String {
    match (p.purpose, &i.state) {
        (_, State::Acknowledged { timeout: AckTimeout::TriggerAt(at), since, .. }) if is_asked_still_on_it(i, p) => {
            let since = i.timeline.iter().rev().find(|e| is_work(&e.what)).map_or(*since, |e| e.wall);
            let then = match i.held_then {
                Some(then) => format!(
                    "Without an answer it is triggered again at {}. It is {}: then you are paged again, and so is whoever \
                     is on call.",
                    time(*at),
                    super::hold::lasting(then)
                ),
                None => {
                    format!("Without an answer you are paged again at {}, and so is whoever is on call.", time(*at))
                }
            };
            format!("*Still on it?* Nobody did anything here since {}. {then}", time(since))
        }
        (Purpose::Begin, _) if is_asked_to_begin(i, p) => super::sla::question(i),
        (Purpose::Help, _) if let Some((before, who)) = is_offered_help(i, p) => {
            format!("*No progress?* {} fixed the same alert before, in {before}. You keep it.", name(d, who))
        }
        (Purpose::StepTime, _) if let Some(words) = step_takes_long(i, p).and_then(super::run::time_is_over) => words,
        (Purpose::Raised, State::Acknowledged { by: Some(by), .. })
            if let Some(done) = i.major.as_ref().filter(|_| is_recipient(p, by)) =>
        {
            format!("*{} says it is major, and you have it.*{}", name(d, &done.by), also_asking(i, d))
        }
        (Purpose::Raised, State::Acknowledged { by: Some(by), .. }) if is_recipient(p, by) => {
            format!("*It is high urgency now, and you have it.*{}", also_asking(i, d))
        }
        (Purpose::Back, State::Acknowledged { by: Some(by), .. }) if is_back(i, p, by) => {
            format!("*It is firing again, and you have it.*{}{}", also_asking(i, d), flapping(i, d))
        }
        (_, State::Acknowledged { by: Some(by), since, .. }) if is_recipient(p, by) => {
            let after = [also_asking(i, d), cleared(i, "still yours"), still_reported(i, d), flapping(i, d)].concat();
            format!("*You have it* since {}.{after}", time(*since))
        }
        (_, State::Acknowledged { .. }) if is_asked_to_join(i, p) => {
            format!("*{}.*\n{}", asks(i, p, d), status(i, d))
        }
        (_, State::Acknowledged { .. }) if is_on_it_too(i, p) => {
            format!("*You are on it too.* {}", status(i, d))
        }
        (Purpose::CatchAll, State::Triggered { .. }) if is_asked_last(i) => last_call(i, p),
        (Purpose::Step, State::Triggered { .. }) => match wanted_by(i, p, d) {
            Some(why) => format!("*{why}{}.*\n{}", super::hold::although(i).unwrap_or_default(), status(i, d)),
            None => status(i, d),
        },
        _ => status(i, d),
    }
}

/// Did somebody do something with it, so that it is not asked whether anybody does?
fn is_work(what: &Happening) -> bool {
    match what {
        Happening::Acknowledged { .. }
        | Happening::Joined { .. }
        | Happening::Started { .. }
        | Happening::Noted { .. }
        | Happening::Quoted(_)
        | Happening::Mitigated { .. }
        | Happening::Escalated { .. }
        | Happening::RespondersAsked { .. }
        | Happening::ReassignAsked { .. }
        | Happening::Reassigned { .. }
        | Happening::Reopened { .. }
        | Happening::PlaybookBegun { .. }
        | Happening::StepDone { .. }
        | Happening::StepSkipped { .. }
        | Happening::StepChosen { .. }
        | Happening::StepTakenBack { .. }
        | Happening::MajorDeclared { .. }
        | Happening::StepStuck { .. } => true,
        Happening::UrgencyChanged { by, .. } => by.is_some(),
        _ => false,
    }
}

/// For the catch-all, who may never have heard that word.
fn last_call(i: &Incident, p: &Page) -> String {
    let call = i.main_call().filter(|c| c.is_open());
    let why = call.map_or("Nobody answered", no_answer);
    let who = match &p.to {
        Recipient::User(_) => "you are",
        Recipient::Channel(_) => "this channel is",
    };
    let again = match call.map(|c| &c.state) {
        Some(CallState::Exhausted { next_at: Some(at), .. }) => format!(" You hear of it again at {}.", time(*at)),
        _ => String::new(),
    };
    format!("*{why}, and {who} the last to be asked.* Acknowledge it, or find somebody who can.{again}")
}

/// Does it wait for whoever is the last to be asked? A window that holds it back, or low urgency, ends that.
fn is_asked_last(i: &Incident) -> bool {
    i.main_call().is_some_and(|c| matches!(c.state, CallState::Exhausted { .. }))
}

/// Who asks the reader beside whoever has it, or why they are asked.
fn asks(i: &Incident, p: &Page, d: &Directory) -> String {
    match i.call(p.call).map(|c| &c.kind) {
        Some(CallKind::StandIn { of }) => format!("{} may not hear it", name(d, of)),
        Some(CallKind::Reassign { by, .. }) => format!("{} asks you to take it", name(d, by)),
        Some(CallKind::Added { by } | CallKind::Responder { by, .. })
            if i.major.as_ref().is_some_and(|done| done.by == *by) =>
        {
            format!("{} says it is major", name(d, by))
        }
        Some(CallKind::Added { by } | CallKind::Responder { by, .. }) => format!("{} asks for you", name(d, by)),
        Some(CallKind::Main) | None => "The team asks for you".to_owned(),
    }
}

/// Who asks the reader, or why, where it is not their level's turn alone.
pub fn called_by(i: &Incident, p: &Page, d: &Directory) -> Option<String> {
    if is_asked_to_join(i, p) { Some(asks(i, p, d)) } else { wanted_by(i, p, d) }
}

/// Who wants the reader to be paged while nobody has it; `None`: nobody did, their level's turn came.
pub fn wanted_by(i: &Incident, p: &Page, d: &Directory) -> Option<String> {
    let call = i.call(p.call).filter(|c| c.is_open() && i.is_triggered())?;
    // Whoever did knows it.
    let escalated = |by: &UserId| (!is_recipient(p, by)).then(|| format!("{} escalated", name(d, by)));
    match &call.kind {
        CallKind::Main => escalated_by(i, p).and_then(escalated).or_else(|| sent_by(i, p, d)),
        CallKind::Added { by } => escalated(by),
        CallKind::Responder { .. } | CallKind::Reassign { .. } => Some(asks(i, p, d)),
        CallKind::StandIn { .. } => None,
    }
}

/// Who said that it is the reader's team's; as far as memory reaches.
fn sent_by(i: &Incident, p: &Page, d: &Directory) -> Option<String> {
    let by = i.timeline.iter().rev().filter(|e| e.wall <= p.requested).find_map(|e| match &e.what {
        Happening::NotMine { by, .. } => Some(by),
        _ => None,
    })?;
    (!is_recipient(p, by)).then(|| format!("{} says it is your team's", name(d, by)))
}

/// Who escalated, so that the reader's level came sooner; as far as memory reaches.
fn escalated_by<'a>(i: &'a Incident, p: &Page) -> Option<&'a UserId> {
    let Recipient::User(reader) = &p.to else { return None };
    let asked_them = |what: &Happening| matches!(what, Happening::Asked { asked, by_name: false, .. } if asked.iter().any(|a| a.user == *reader));
    let at = i.timeline.iter().rposition(|e| e.wall <= p.requested && asked_them(&e.what))?;
    match &i.timeline.get(at.checked_sub(1)?)?.what {
        Happening::Escalated { by } => Some(by),
        _ => None,
    }
}

/// May the reader still do something with this very message?
fn is_actionable(i: &Incident, p: &Page) -> bool {
    match &i.state {
        State::Triggered { .. } => true,
        State::Acknowledged { by, .. } => {
            by.as_ref().is_some_and(|by| is_recipient(p, by)) || is_asked_to_join(i, p) || is_on_it_too(i, p)
        }
        State::Snoozed { by, .. } => is_recipient(p, by),
        State::Resolved { .. } => false,
    }
}

/// Is its reader asked to take it, or to come?
pub fn wants(i: &Incident, p: &Page) -> bool {
    matches!(i.state, State::Triggered { .. }) || is_asked_to_join(i, p)
}

/// The same, unless nobody is asked for now: it is held back.
pub fn waits(i: &Incident, p: &Page) -> bool {
    wants(i, p) && !is_quiet(i)
}

/// Does this message ask its reader whether they still work on it?
fn is_asked_still_on_it(i: &Incident, p: &Page) -> bool {
    p.purpose == Purpose::StillOnIt
        && i.course.clearing.is_none()
        && matches!(&i.state, State::Acknowledged { by: Some(by), timeout: AckTimeout::TriggerAt(_), .. } if is_recipient(p, by))
}

/// Does this message tell its reader that they have it again?
fn is_back(i: &Incident, p: &Page, by: &UserId) -> bool {
    is_recipient(p, by) && i.has_firing_alert()
}

/// Does this message ask its reader whether they began?
fn is_asked_to_begin(i: &Incident, p: &Page) -> bool {
    p.purpose == Purpose::Begin && sla::runs(i) && i.responder().is_some_and(|by| is_recipient(p, by))
}

/// Who fixed the same alert before, and where, if this message offers its reader to add them.
fn is_offered_help<'i>(i: &'i Incident, p: &Page) -> Option<(IncidentNo, &'i UserId)> {
    let is_theirs = i.responder().is_some_and(|by| is_recipient(p, by));
    help::offered(i).filter(|_| p.purpose == Purpose::Help && is_theirs)
}

/// The playbook of which the reader is told that a step's time is over.
fn step_takes_long<'i>(i: &'i Incident, p: &Page) -> Option<&'i Run> {
    let run = i.run.as_deref().filter(|run| p.purpose == Purpose::StepTime && run::waits(i, run))?;
    (run.overdue.is_some_and(|at| at <= p.requested) && run.stuck.is_none()).then_some(run)
}

/// Does somebody who has it wait for this reader to come as well?
fn is_asked_to_join(i: &Incident, p: &Page) -> bool {
    match &i.state {
        State::Acknowledged { by, .. } => {
            !by.as_ref().is_some_and(|by| is_recipient(p, by)) && i.call(p.call).is_some_and(Call::is_open)
        }
        State::Triggered { .. } | State::Snoozed { .. } | State::Resolved { .. } => false,
    }
}

/// Did its reader come as well, beside whoever has it?
fn is_on_it_too(i: &Incident, p: &Page) -> bool {
    match &i.state {
        State::Acknowledged { by, .. } => {
            !by.as_ref().is_some_and(|by| is_recipient(p, by))
                && !is_asked_to_join(i, p)
                && i.responders.iter().any(|r| is_recipient(p, r))
        }
        State::Triggered { .. } | State::Snoozed { .. } | State::Resolved { .. } => false,
    }
}

fn is_recipient(p: &Page, user: &UserId) -> bool {
    matches!(&p.to, Recipient::User(u) if u == user)
}
