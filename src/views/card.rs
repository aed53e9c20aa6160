//! The card: the one channel message of an incident, edited in place.

use super::action_id::{Action, Subject};
use super::course::{cleared_for_all, flapping, still_firing};
use super::kit::{actions, button, confirm, context, section};
use super::more::first_level;
use super::mrkdwn::{day_and_time, escape, escape_marked, link, names, names_up_to, time, truncate};
use super::thread::snooze_reason;
use super::{Colored, Message, limits};
use crate::domain::call::{Call, CallKind, CallState};
use crate::domain::directory::{Directory, Target, Urgency};
use crate::domain::fact::ResolvedBy;
use crate::domain::hold::HoldWhy;
use crate::domain::id::StoreId;
use crate::domain::id::UserId;
use crate::domain::incident::{Happening, Incident, State};
use crate::domain::playbook::best;
use crate::domain::rca::Rca;
use slack_morphism::prelude::{SlackBlock, SlackBlockButtonElement, SlackBlockButtonStyle};

const RED: &str = "#d92d20";
pub(super) const AMBER: &str = "#f79009";
pub(super) const BLUE: &str = "#2e90fa";
pub(super) const GREEN: &str = "#12b76a";
/// Of what only tells.
pub const GREY: &str = "#98a2b3";

/// The card as the state says. `rca`: what it owes, or owed.
pub fn card(i: &Incident, rca: Option<&Rca>, d: &Directory, store: StoreId) -> Message {
    let subject = Subject { store, incident: i.no };
    let mut blocks = vec![section(&format!("{}\n{}", status(i, d), facts(i, d)))];
    let joined = super::routing::joined_alerts(i);
    if !joined.is_empty() {
        blocks.push(context(&joined));
    }
    let labels = labels(i);
    if !labels.is_empty() {
        blocks.push(context(&labels));
    }
    if let Some(found) = i.triage.as_ref().and_then(|triage| super::triage::found(triage, d)) {
        blocks.push(context(&found));
    }
    blocks.extend(super::playbook::offer(i, d, subject));
    blocks.extend(to_do(i, rca, d, subject));
    Message {
        text: lock_screen(i, d),
        blocks: vec![section(&title(i))],
        colored: Some(Colored { color: color(i), blocks }),
    }
}

/// The buttons, and what its RCA says of itself once it is resolved.
pub fn to_do(i: &Incident, rca: Option<&Rca>, d: &Directory, subject: Subject) -> Vec<SlackBlock> {
    let rca = rca.filter(|_| i.is_resolved());
    let words = rca.and_then(|rca| super::rca::on_card(rca, d));
    let mut buttons = buttons(i, d, subject);
    // What is left to do stands first.
    if let Some(rca) = rca.and_then(|rca| super::rca::card_button(rca, subject)) {
        buttons.insert(0, rca);
    }
    let buttons = (!buttons.is_empty()).then(|| actions(buttons));
    words.map(|words| context(&words)).into_iter().chain(buttons).collect()
}

/// The first line: the state as a sign, the number, what is wrong.
pub fn title(i: &Incident) -> String {
    let major = if i.major.is_some() { "*MAJOR* " } else { "" };
    format!("{} {major}{}", emoji(i), title_alone(i))
}

/// The same where it may stand for ever, whatever becomes of the incident.
pub fn title_alone(i: &Incident) -> String {
    format!("*{} {}*", i.no, link(&i.link, &or_no_title(escape_marked(&i.title, limits::TITLE))))
}

/// Everything in one line, without markup.
pub fn lock_screen(i: &Incident, d: &Directory) -> String {
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let title = plain_title(i, 120);
    let flapping = if i.course.flapping.is_some() { ", flapping," } else { "" };
    let (state, service) = (state_word(i), escape(service, 40));
    let joined = super::routing::and_more(i);
    let major = if i.major.is_some() { "MAJOR " } else { "" };
    let line = format!("{} {major}{state}{flapping} {service}: {title}{joined}. {}", i.no, status_in_words(i, d));
    truncate(&line, limits::LOCK_SCREEN)
}

/// The title where nothing is marked.
pub fn plain_title(i: &Incident, graphemes: usize) -> String {
    or_no_title(escape(&i.title, graphemes))
}

fn or_no_title(words: String) -> String {
    if words.trim().is_empty() { "(no title)".to_owned() } else { words }
}

/// Triggered, and nobody is asked: it waits, or a silence or a maintenance window holds it back.
pub fn is_quiet(i: &Incident) -> bool {
    i.is_triggered() && i.hold.is_some() && i.open_calls().next().is_none()
}

fn emoji(i: &Incident) -> &'static str {
    match i.state {
        State::Triggered { .. } if is_quiet(i) => match i.hold.as_ref().map(|h| &h.why) {
            Some(HoldWhy::Settling | HoldWhy::Threshold(_)) => ":hourglass_flowing_sand:",
            Some(HoldWhy::Quiet { .. }) | None => ":no_bell:",
        },
        State::Triggered { .. } if i.urgency == Urgency::Low && i.open_calls().next().is_none() => ":inbox_tray:",
        State::Triggered { .. } => ":red_circle:",
        State::Acknowledged { .. } => ":large_orange_circle:",
        State::Snoozed { .. } => ":zzz:",
        State::Resolved { .. } => ":white_check_mark:",
    }
}

/// The state as a colour.
pub fn color(i: &Incident) -> &'static str {
    match (&i.state, i.urgency) {
        (State::Triggered { .. }, _) if is_quiet(i) => GREY,
        (State::Triggered { .. }, Urgency::High) => RED,
        (State::Triggered { .. }, Urgency::Low) => GREY,
        (State::Acknowledged { .. }, _) => AMBER,
        (State::Snoozed { .. }, _) => BLUE,
        (State::Resolved { .. }, _) => GREEN,
    }
}

fn state_word(i: &Incident) -> &'static str {
    match i.state {
        State::Triggered { .. } => "triggered",
        State::Acknowledged { .. } => "acknowledged",
        State::Snoozed { .. } => "snoozed",
        State::Resolved { .. } => "resolved",
    }
}

/// What is being done about it, and what comes next.
pub fn status(i: &Incident, d: &Directory) -> String {
    let all = [state(i, d), cleared_for_all(i, d), still_reported(i, d), flapping(i, d)].concat();
    all.trim_start().to_owned()
}

/// The monitor says that it is over, and a person had said that something is wrong.
pub fn still_reported(i: &Incident, d: &Directory) -> String {
    let people: Vec<&str> = i.reported_by().map(|u| d.name_of(u)).collect();
    if i.is_resolved() || i.alerts.is_empty() || i.has_firing_alert() || !i.only_a_person_ends_it() {
        return String::new();
    }
    if i.major.is_some() {
        return " The monitor cleared it; what is major is open until somebody resolves it.".to_owned();
    }
    format!(" The monitor cleared it; what {} reported is open until somebody resolves it.", names(&people))
}

fn state(i: &Incident, d: &Directory) -> String {
    match &i.state {
        State::Triggered { .. } if i.course.clearing.is_some() => also_asking(i, d),
        State::Triggered { .. } => asking(i, d),
        State::Acknowledged { by: Some(by), since, .. } => {
            format!("*{}* has it since {}.{}", name(d, by), time(*since), also_asking(i, d))
        }
        State::Acknowledged { by: None, since, .. } => {
            format!("Acknowledged at the monitor's side at {}. Nobody here has it.", time(*since))
        }
        State::Snoozed { by, until, .. } => {
            let then = match i.urgency {
                _ if i.course.clearing.is_some() => "",
                Urgency::High if let Some(then) = i.held_then => {
                    let until = super::hold::lasting(then);
                    &format!(" Then it is {until}; whoever is on call is paged at that time, if it still fires.")
                }
                Urgency::High => " Then whoever is on call is paged.",
                Urgency::Low => " Then it is triggered again; nobody is paged.",
            };
            format!("Snoozed by *{}* until {}{}.{then}", name(d, by), day_and_time(*until), why_snoozed(i))
        }
        State::Resolved { since, .. } if let Some(into) = i.merged_into => {
            format!("Merged into *{into}* at {}. Go on there.", time(*since))
        }
        State::Resolved { by, since, .. } => match by {
            ResolvedBy::User(by) => {
                format!("Resolved by *{}* at {}.{}", name(d, by), time(*since), still_firing(i, d))
            }
            ResolvedBy::Monitor => match i.course.back.as_ref().and_then(|b| b.quiet_since) {
                Some(cleared) => {
                    format!(
                        "Cleared by the monitor at {}, and quiet since. Resolved by itself at {}.",
                        time(cleared),
                        time(*since)
                    )
                }
                None => format!("Cleared by the monitor at {}.", time(*since)),
            },
            ResolvedBy::Unanswered => format!("Without an answer, over at {}.", time(*since)),
        },
    }
}

fn asking(i: &Incident, d: &Directory) -> String {
    if let Some(held) = super::hold::status(i, d) {
        return format!("{held}{}", also_asking(i, d));
    }
    let Some(call) = i.main_call().filter(|c| c.is_open()) else {
        let also = also_asking(i, d);
        return match i.urgency {
            Urgency::Low if !also.is_empty() => format!("Low urgency.{also}"),
            Urgency::Low => format!("Low urgency: nobody is paged.{}", super::digest::what_comes(i)),
            Urgency::High => "Nobody is being paged: press *Escalate*.".to_owned(),
        };
    };
    match call.state {
        CallState::Asking { next_at } => {
            let asked: Vec<&str> = call.asked.iter().map(|a| d.name_of(&a.user)).collect();
            let since = i.timeline.iter().rev().find_map(|e| match &e.what {
                Happening::Asked { .. } => Some(e.wall),
                _ => None,
            });
            let since = since.map(|at| format!(" since {}", time(at))).unwrap_or_default();
            let next: Vec<&str> = call.next_up.iter().map(|u| d.name_of(u)).collect();
            let next = match call.turn_ahead().filter(|_| next.is_empty()) {
                Some(level) => format!("Next: whose turn it is at level {level}, at {}.", time(next_at)),
                None if next.is_empty() => format!("Then {} at {}.", last_to_be_asked(d), time(next_at)),
                None => format!("Next: {} at {}.", names(&next), time(next_at)),
            };
            let silent = super::dnd::warning(&call.asked, d);
            format!("Paging *{}*{since}. {next}{}{silent}", names(&asked), also_asking(i, d))
        }
        CallState::Exhausted { next_at, .. } => {
            let again = next_at.map(|at| format!(", and again at {}", time(at))).unwrap_or_default();
            let also = added_names(i, d).map(|_| also_asking(i, d)).unwrap_or_default();
            {
                let are = if d.catch_all.len() == 1 { "is" } else { "are" };
                format!("*{}.* {} {are} told{again}.{also}", no_answer(call), last_to_be_asked(d))
            }
        }
        CallState::Starting | CallState::Answered { .. } | CallState::Stopped => String::new(),
    }
}

/// Nobody answered; or there was nobody to ask in the first place.
pub fn no_answer(call: &Call) -> &'static str {
    if call.reached.is_empty() { "Nobody could be asked" } else { "Nobody answered" }
}

/// The people of added calls who are being paged: those who are to come, and those who are to take it.
fn added<'d>(i: &'d Incident, d: &'d Directory) -> (Vec<&'d str>, Vec<&'d str>) {
    let (mut to_come, mut to_take_it): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for call in i.open_calls().filter(|c| c.kind.is_beside()) {
        let all = if matches!(call.kind, CallKind::Reassign { .. }) { &mut to_take_it } else { &mut to_come };
        for user in call.asked.iter().map(|a| d.name_of(&a.user)) {
            if !all.contains(&user) {
                all.push(user);
            }
        }
    }
    (to_come, to_take_it)
}

/// All of them.
fn added_names(i: &Incident, d: &Directory) -> Option<String> {
    let (mut all, to_take_it) = added(i, d);
    all.extend(to_take_it.into_iter().filter(|who| !all.contains(who)).collect::<Vec<_>>());
    (!all.is_empty()).then(|| names(&all))
}

/// What became of asking for more people.
pub fn also_asking(i: &Incident, d: &Directory) -> String {
    let (others, to_take_it) = added(i, d);
    if !others.is_empty() || !to_take_it.is_empty() {
        let is_alone = i.is_triggered() && !i.main_call().is_some_and(Call::is_open);
        let also = if is_alone { "Paging" } else { "Also paging" };
        let asked = [
            (!others.is_empty()).then(|| format!(" {also} {}.", names(&others))),
            (!to_take_it.is_empty()).then(|| format!(" {} is asked to take it.", names(&to_take_it))),
        ];
        let asked: String = asked.into_iter().flatten().collect();
        let at = i.open_calls().filter(|c| c.kind.is_beside()).filter_map(|c| match c.state {
            CallState::Asking { next_at } => Some(next_at),
            CallState::Starting | CallState::Exhausted { .. } | CallState::Answered { .. } | CallState::Stopped => None,
        });
        let until = match (at.min(), above(i)) {
            (Some(at), Some(next)) => {
                let next: Vec<&str> = next.iter().map(|u| d.name_of(u)).collect();
                format!(" Next: {} at {}.", names(&next), time(at))
            }
            (Some(at), None) => format!(" Waiting for an answer until {}.", time(at)),
            (None, _) => String::new(),
        };
        let all = i.open_calls().filter(|c| c.kind.is_beside()).flat_map(|c| c.asked.clone());
        let silent = super::dnd::warning(&all.collect::<Vec<_>>(), d);
        return format!("{asked}{until}{silent}");
    }
    let left_alone = i.open_calls().filter(|c| matches!(c.state, CallState::Exhausted { .. })).last();
    match left_alone.map(|c| &c.kind) {
        Some(CallKind::Responder { whom, .. }) => {
            format!(" {} did not answer.", names(&[&super::thread::called(whom, d)]))
        }
        Some(CallKind::Reassign { to, .. }) => format!(" {} did not answer.", name(d, to)),
        Some(CallKind::Added { .. } | CallKind::StandIn { .. }) => " Nobody above answered.".to_owned(),
        Some(CallKind::Main) | None => String::new(),
    }
}

/// Who is asked after those who are asked beside whoever has it, where only one call goes through the levels.
fn above(i: &Incident) -> Option<&[UserId]> {
    let mut all = i.open_calls().filter(|c| c.kind.is_beside());
    let (only, more) = (all.next()?, all.next());
    (only.kind.is_of_the_policy() && !only.next_up.is_empty() && more.is_none()).then_some(&only.next_up)
}

/// The status without markup, for the lock screen. Times are left out: a lock screen cannot draw them in its own zone.
fn status_in_words(i: &Incident, d: &Directory) -> String {
    let people = |ids: &mut dyn Iterator<Item = &UserId>| {
        let all: Vec<&str> = ids.map(|u| d.name_of(u)).collect();
        names(&all)
    };
    match &i.state {
        State::Triggered { .. } if let Some(hold) = &i.hold => {
            let also = added_names(i, d).map(|names| format!("; paging {names} all the same")).unwrap_or_default();
            let next = above(i).map(|next| format!(", next {}", people(&mut next.iter()))).unwrap_or_default();
            format!("{}{also}{next}", super::hold::in_words(i, hold))
        }
        State::Triggered { .. } if i.course.clearing.is_some() => "Cleared. Nobody is paged".to_owned(),
        State::Triggered { .. } => match i.main_call().filter(|c| c.is_open()) {
            Some(c) if !c.asked.is_empty() && !c.next_up.is_empty() => {
                let (now, next) = (people(&mut c.asked.iter().map(|a| &a.user)), people(&mut c.next_up.iter()));
                format!("Paging {now}, next {next}")
            }
            Some(c) if !c.asked.is_empty() => format!("Paging {}", people(&mut c.asked.iter().map(|a| &a.user))),
            Some(c) => no_answer(c).to_owned(),
            None => added_names(i, d).map_or("Nobody is paged".to_owned(), |names| format!("Paging {names}")),
        },
        State::Acknowledged { by: Some(by), .. } => {
            let also = added_names(i, d).map(|names| format!(", also paging {names}")).unwrap_or_default();
            match &i.course.clearing {
                Some(_) => format!("Cleared, still {}'s{also}", name(d, by)),
                None => format!("{} has it{also}", name(d, by)),
            }
        }
        State::Acknowledged { by: None, .. } => "Acknowledged at the monitor's side".to_owned(),
        State::Snoozed { by, .. } if i.course.clearing.is_some() => {
            format!("Snoozed by {}, cleared by the monitor", name(d, by))
        }
        State::Snoozed { by, .. } => format!("Snoozed by {}", name(d, by)),
        State::Resolved { .. } if let Some(into) = i.merged_into => format!("Merged into {into}"),
        State::Resolved { by: ResolvedBy::User(by), .. } => format!("Resolved by {}", name(d, by)),
        State::Resolved { by: ResolvedBy::Monitor, .. } => "Cleared by the monitor".to_owned(),
        State::Resolved { by: ResolvedBy::Unanswered, .. } => "Without an answer".to_owned(),
    }
}

fn facts(i: &Incident, d: &Directory) -> String {
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let events: u64 = i.alerts.iter().map(|a| a.count).sum();
    let counted = match (i.alerts.len(), events) {
        (0, _) => i.opened_by.as_ref().map(|by| format!("opened by {}", name(d, by))).unwrap_or_default(),
        (1, 1) => "1 event".to_owned(),
        (1, n) => format!("{n} events"),
        (a, n) => format!("{a} alerts, {n} events"),
    };
    let urgency = match i.urgency {
        Urgency::High => "high urgency",
        Urgency::Low => "low urgency",
    };
    let firing = if i.is_resolved() || i.alerts.is_empty() || i.alerts.iter().any(|a| a.is_firing()) {
        ""
    } else {
        "cleared by the monitor"
    };
    let parts = [
        escape(service, 60),
        format!("tier {}", i.tier),
        urgency.to_owned(),
        format!("since {}", day_and_time(i.opened)),
        counted,
        firing.to_owned(),
        progress(i, d),
        related(i),
        super::sla::clock(i),
    ];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// How far the work is, where the state's word does not say it.
fn progress(i: &Incident, d: &Directory) -> String {
    let on_it = i.started.as_ref().filter(|_| !i.is_resolved());
    let on_it = on_it.map(|done| format!("{} is on it since {}", name(d, &done.by), time(done.at)));
    let mitigated = i.mitigated.as_ref().map(|done| format!("mitigated {}", time(done.at)));
    let marked = i.not_actionable.as_ref().map(|_| "nothing had to be done".to_owned());
    on_it.into_iter().chain(mitigated).chain(marked).collect::<Vec<_>>().join(" · ")
}

fn related(i: &Incident) -> String {
    let merged: Vec<String> = i.merged.iter().rev().take(limits::NAMES).map(ToString::to_string).collect();
    let merged = (!merged.is_empty()).then(|| format!("with {}", merged.join(", ")));
    let earlier = i.earlier.map(|no| format!("last time {no}"));
    merged.into_iter().chain(earlier).collect::<Vec<_>>().join(" · ")
}

/// Why it is snoozed, as far as memory reaches.
fn why_snoozed(i: &Incident) -> String {
    let said = i.timeline.iter().rev().find_map(|e| match &e.what {
        Happening::Snoozed { why, because, .. } => Some(snooze_reason(*why, because)),
        _ => None,
    });
    said.unwrap_or_default()
}

/// Who hears it when nobody answers.
fn last_to_be_asked(d: &Directory) -> String {
    let all: Vec<String> = d
        .catch_all
        .iter()
        .map(|t| match t {
            Target::User(u) => d.name_of(u).to_owned(),
            Target::Schedule(s) => {
                format!("whoever is on call for {}", d.schedules.get(s).map_or(s.as_str(), |s| s.name.as_str()))
            }
            Target::Channel(c) => {
                d.channels.iter().find(|(_, id)| *id == c).map_or(c.to_string(), |(name, _)| format!("#{name}"))
            }
        })
        .collect();
    names_up_to(limits::CALLED, &all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The telling labels in one line.
pub fn labels(i: &Incident) -> String {
    let shown = i.labels.lines().take(limits::LABELS).map(|l| escape(l, limits::LABEL));
    shown.collect::<Vec<_>>().join("  ·  ")
}

/// The buttons of a state. The first is what most people want.
pub fn buttons(i: &Incident, d: &Directory, subject: Subject) -> Vec<SlackBlockButtonElement> {
    let primary = |b: SlackBlockButtonElement| b.with_style(SlackBlockButtonStyle::Primary);
    let acknowledge = || primary(button(Action::Acknowledge, "Acknowledge", subject));
    let resolve = || button(Action::Resolve, "Resolve", subject);
    let snooze = || button(Action::Snooze, "Snooze…", subject);
    let more = || button(Action::More, "More…", subject);
    let start = || button(Action::Start, "I'm on it", subject);
    let triage = || button(Action::Triage, "Triage", subject);
    let escalate = || match who_is_above(i, d) {
        Some(whom) => {
            let question = super::hold::all_the_same(i).unwrap_or_default() + &whom;
            button(Action::Escalate, "Escalate", subject).with_confirm(confirm("Escalate?", &question, "Escalate"))
        }
        // Nobody is above: somebody can still be asked by name.
        None => button(Action::AddResponders, "Add responders…", subject),
    };
    let mut row = match i.state {
        State::Triggered { .. } => vec![acknowledge(), snooze(), escalate(), more()],
        State::Acknowledged { by: None, .. } => vec![acknowledge(), resolve(), snooze(), escalate(), more()],
        State::Acknowledged { .. } if i.started.is_none() => {
            vec![primary(resolve()), start(), triage(), snooze(), escalate(), more()]
        }
        State::Acknowledged { .. } => vec![primary(resolve()), triage(), snooze(), escalate(), more()],
        State::Snoozed { .. } => vec![button(Action::EndSnooze, "End snooze", subject), resolve(), more()],
        State::Resolved { .. } if i.merged_into.is_some() => vec![more()],
        State::Resolved { .. } if is_to_be_drafted(i, d) => {
            let draft = button(Action::DraftPlaybook, "Draft playbook", subject);
            vec![draft, button(Action::Reopen, "Reopen", subject), more()]
        }
        State::Resolved { .. } => vec![button(Action::Reopen, "Reopen", subject), more()],
    };
    // What is major does not wait.
    row.retain(|b| i.major.is_none() || b.action_id.as_ref().is_none_or(|id| id.0 != Action::Snooze.id()));
    row
}

/// A monitor's, somebody worked on it, and no playbook knows it.
fn is_to_be_drafted(i: &Incident, d: &Directory) -> bool {
    let is_worked_on = (i.started.is_some() || i.answered.is_some()) && i.run.is_none();
    is_worked_on && i.opened_by.is_none() && i.not_actionable.is_none() && best(d, i).is_none()
}

/// Whom Escalate wakes, as known when the present level started; `None` when nobody is above.
pub fn who_is_above(i: &Incident, d: &Directory) -> Option<String> {
    let Some(call) = i.policy_call() else {
        return Some(format!("Nobody was paged so far. {}", first_level(i, d)));
    };
    // Everybody is asked already.
    if i.major.is_some() {
        return None;
    }
    if i.may_go_up_again(call) {
        return Some("This pages the next level now.".to_owned());
    }
    let used_up = call.kind.is_beside() && matches!(call.state, CallState::Exhausted { .. });
    if !call.has_level_above() || used_up || (call.is_open() && call.asked.is_empty()) {
        return None;
    }
    let above: Vec<&str> = call.next_up.iter().map(|u| d.name_of(u)).collect();
    // Whoever has it is paged by somebody else's press and not by their own.
    let has_it = |u: &UserId| matches!(&i.state, State::Acknowledged { by: Some(by), .. } if by == u);
    Some(if above.is_empty() || call.next_up.iter().any(has_it) {
        "This pages the next level now.".to_owned()
    } else {
        format!("This pages *{}* now.", names(&above))
    })
}

/// A person's name, harmless between our marks.
pub fn name(d: &Directory, user: &UserId) -> String {
    escape_marked(d.name_of(user), 40)
}

/// Blocks of a message that only tells: no buttons.
pub fn without_buttons(blocks: Vec<SlackBlock>) -> Vec<SlackBlock> {
    blocks.into_iter().filter(|b| !matches!(b, SlackBlock::Actions(_))).collect()
}
