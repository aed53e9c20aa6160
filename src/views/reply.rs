//! What somebody hears, privately, after they did something: what stopped, and what comes next.

use super::action_id::{Action, Subject};
use super::card::{also_asking, name};
use super::course::{cleared, decline, if_not_cleared};
use super::kit::{actions, button, section};
use super::mrkdwn::{day_and_time, escape, names, time};
use super::{Message, limits};
use crate::command::TEXT_MAX;
use crate::domain::call::{Call, CallKind, CallState};
use crate::domain::directory::{Directory, Step, Target, Urgency};
use crate::domain::fact::{Fact, LateAct, ResolvedBy, StepStarted};
use crate::domain::hold::{HeldThen, HoldWhy};
use crate::domain::id::{IncidentNo, StoreId, UserId};
use crate::domain::incident::{Happening, Incident, State};
use crate::domain::input::SnoozeWhy;
use crate::domain::item;
use slack_morphism::prelude::SlackBlockButtonStyle;

/// The answer to an act, read from the facts it led to; `after` is the incident as it is now.
pub fn act(facts: &[Fact], after: &Incident, d: &Directory) -> String {
    if after.is_test() {
        return super::test_page::answer(facts, after);
    }
    // What follows from it needs no words of its own.
    let waits = facts.iter().find_map(|f| match f {
        Fact::WaitsAsItem { item, .. } => Some(super::triage::waits(after.no, *item)),
        _ => None,
    });
    if let Some(waits) = waits {
        return waits;
    }
    let told = facts.iter().filter_map(|f| told(f, facts, after, d)).collect::<Vec<_>>();
    if told.is_empty() {
        return format!("{}: nothing changed. `/pager show {}` says how it stands.", after.no, after.no.0);
    }
    told.join(" ")
}

/// [`act`], with the button that helps where somebody came too late. `window`: the one in which they take it, or open it.
pub fn message(facts: &[Fact], after: &Incident, window: Option<HeldThen>, d: &Directory, store: StoreId) -> Message {
    let beside = window.map(|window| in_a_window(after, window, d)).unwrap_or_default();
    let mut message = Message::plain(act(facts, after, d) + &beside);
    let has_it = facts.iter().any(|f| matches!(f, Fact::ActLate { act: LateAct::AcknowledgeAfterAcknowledge, .. }));
    if facts.iter().any(|f| matches!(f, Fact::PageAgainPlanned { .. }))
        && let Some((action, words)) = decline(after)
    {
        let subject = Subject { store, incident: after.no };
        message.blocks.push(actions(vec![button(action, words, subject)]));
    }
    if has_it && after.responder().is_some() {
        let subject = Subject { store, incident: after.no };
        message.blocks.push(actions(vec![button(Action::TakeOver, "Take it over", subject)]));
    }
    message
}

/// Begins with a blank.
fn in_a_window(after: &Incident, window: HeldThen, d: &Directory) -> String {
    let until = super::hold::lasting(window);
    match after.opened_by {
        None => format!(" It is {until}."),
        Some(_) => {
            let service = d.services.get(&after.service).map_or(after.service.as_str(), |s| s.name.as_str());
            format!(" {} is {until}; what a person reports pages all the same.", escape(service, limits::LABEL))
        }
    }
}

/// "Tomorrow" was said after midnight.
pub fn this_morning(told: Message) -> Message {
    Message::plain(format!("{} It is night, so \u{201c}tomorrow\u{201d} is this coming morning.", told.text))
}

/// What does not fit is not kept, and whoever wrote it hears where it ends; begins with a blank.
fn if_cut(note: &str) -> String {
    let chars: Vec<char> = note.chars().collect();
    match chars.as_slice() {
        [kept @ .., '…'] if chars.len() >= TEXT_MAX => {
            let last: String = kept[kept.len().saturating_sub(40)..].iter().collect();
            let last = escape(last.trim(), limits::LABEL);
            format!(
                " It was longer than {TEXT_MAX} characters, and ends with “{last}”: write the rest as another note."
            )
        }
        _ => String::new(),
    }
}

fn told(fact: &Fact, facts: &[Fact], after: &Incident, d: &Directory) -> Option<String> {
    let no = after.no;
    Some(match fact {
        Fact::IncidentOpened(o) => opened(o.urgency, facts, after, d),
        Fact::Acknowledged { by, calls, .. } => acknowledged(after, by, calls.is_empty(), d),
        // Said by the note itself.
        Fact::Started { .. } if facts.iter().any(|f| matches!(f, Fact::Noted { .. })) => return None,
        Fact::Started { .. } if facts.iter().any(is_about_a_step) => return None,
        Fact::PlaybookBegun { playbook, .. } => {
            let title = escape(&playbook.title, limits::LABEL);
            format!("{no}: you follow \u{201c}{title}\u{201d}. Its first step is in the thread of the card.")
        }
        Fact::StepDone { step, .. } => format!("{no}: step {} is done.{}", step + 1, next_step(after)),
        Fact::StepSkipped { step, .. } => format!("{no}: step {} is skipped.{}", step + 1, next_step(after)),
        Fact::StepChosen { .. } | Fact::StepTakenBack { .. } => format!("{no}:{}", next_step(after)),
        Fact::Started { .. } if facts.iter().any(|f| matches!(f, Fact::TriageAnswered { .. })) => return None,
        Fact::TriageAnswered { answer, .. } => format!("{no}: {}. The card says so.", super::triage::answered(answer)),
        Fact::MajorDeclared { .. } => super::triage::declared(facts, after, d),
        Fact::MajorTakenBack { .. } if after.is_resolved() => {
            format!("{no} is not major any more. The monitor had cleared it, and nobody has it: it is over.")
        }
        Fact::MajorTakenBack { .. } => format!("{no} is not major any more.{}", also_asking(after, d)),
        Fact::Escalated { .. } if facts.iter().any(|f| matches!(f, Fact::MajorDeclared { .. })) => return None,
        Fact::NotMine { team, .. } => super::triage::given(after, team, d),
        Fact::StepStuck { step, .. } => {
            format!("{no}: marked stuck at step {}. Nobody was paged: `/pager escalate {}`.", step + 1, no.0)
        }
        Fact::Started { .. } => format!("You are on it. The card of {no} says so."),
        Fact::Snoozed { until, why, because, .. } => {
            let because = super::thread::snooze_reason(*why, because.body());
            let until = format!("{}{because}", day_and_time(*until));
            let stopped = snooze_stops(facts, after, d);
            if after.course.clearing.is_some() {
                return Some(format!("{no} is snoozed until {until}.{stopped}{}", cleared(after, "")));
            }
            let then = match after.urgency {
                Urgency::High if let Some(then) = after.held_then => {
                    let lasting = super::hold::lasting(then);
                    &format!(
                        "Then it is {lasting}; you are paged when that ends, not before, and so is whoever is on call."
                    )
                }
                Urgency::High => "Nobody is paged until then; then you are, and whoever is on call.",
                Urgency::Low => "Then it is triggered again; nobody is paged.",
            };
            let is_listed = facts.iter().any(|f| matches!(f, Fact::MisconfiguredListed { .. }));
            let marked = match why {
                Some(SnoozeWhy::NotUrgent) if after.marked.is_some() && !is_listed => {
                    " Its alert is on the list of alerts to fix already."
                }
                Some(_) | None => "",
            };
            format!("{no} is snoozed until {until}.{stopped} {then}{marked}")
        }
        Fact::Escalated { .. } => escalated(facts, after, d),
        Fact::RespondersAsked { whom, .. } => responders(whom.len(), facts, after, d),
        Fact::ReassignAsked { to, .. } => reassign_asked(to, after, d),
        Fact::Reassigned { from, .. } => match from {
            Some(from) => format!("You have {no} from now on; {} is released.{}", name(d, from), quiet(after, d)),
            None if is_anybody_asked(after) => format!("You have {no}.{}{}", also_asking(after, d), quiet(after, d)),
            None => format!("You have {no}. Nobody else is paged.{}", quiet(after, d)),
        },
        Fact::UrgencyChanged { to, stopped, .. } => urgency(*to, stopped, facts, after, d),
        Fact::Mitigated { .. } => format!("{no} is mitigated. It stays open until somebody resolves it."),
        Fact::MarkedNotActionable { .. } => {
            let excused = facts.iter().any(|f| matches!(f, Fact::RcaExcused { .. }));
            let rca = if excused { " Its RCA is not needed any more." } else { "" };
            let title = super::card::plain_title(after, limits::TITLE);
            format!("{no} ({title}): its alert is marked as one to fix.{rca}")
        }
        Fact::Resolved { by: ResolvedBy::User(_), .. } => {
            format!("{no} is resolved. Nobody is paged any more.{}", if_not_cleared(after, d))
        }
        Fact::ItemMade { item, kind: item::Kind::Alert { why, .. }, owner, due, .. } => {
            super::items::to_mend(*item, *why, owner, *due, facts.iter().find_map(who_ended_it), d)
        }
        Fact::MisconfiguredListed { .. } if facts.iter().any(is_alert_to_mend) => return None,
        Fact::MisconfiguredListed { .. } => super::misconfigured::NOTED.to_owned(),
        Fact::PageAgainDeclined { .. } => {
            format!("{no} stays resolved. Nobody is paged for it again until the monitor clears it, or it fires anew.")
        }
        Fact::Reopened { .. } => {
            format!("{no} is open again, and you have it. Nobody was paged.{}", quiet(after, d))
        }
        // It was opened from it, which says more.
        Fact::Quoted { .. } if facts.iter().any(|f| matches!(f, Fact::IncidentOpened(_))) => return None,
        Fact::Quoted { incident, said, .. } => super::quote::added(*incident, *said),
        Fact::Noted { text, .. } | Fact::NotedByGuest { text, .. } => format!("Noted on {no}.{}", if_cut(text.body())),
        Fact::Merged { into, by, stopped, .. } => merged(*into, (by, stopped), facts, after, d),
        Fact::ActLate { act, .. } => late(after, act, d),
        Fact::Held { incident, why: HoldWhy::Quiet { .. }, .. } if *incident == no => super::hold::status(after, d)?,
        _ => return None,
    })
}

fn is_alert_to_mend(fact: &Fact) -> bool {
    matches!(fact, Fact::ItemMade { kind: item::Kind::Alert { .. }, .. })
}

/// Who marked its alert, or resolved it.
fn who_ended_it(fact: &Fact) -> Option<&UserId> {
    match fact {
        Fact::MisconfiguredMarked { by, .. } | Fact::Resolved { by: ResolvedBy::User(by), .. } => Some(by),
        _ => None,
    }
}

fn is_about_a_step(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::PlaybookBegun { .. }
            | Fact::StepDone { .. }
            | Fact::StepSkipped { .. }
            | Fact::StepChosen { .. }
            | Fact::StepTakenBack { .. }
            | Fact::StepStuck { .. }
    )
}

/// Begins with a blank.
fn next_step(after: &Incident) -> String {
    match after.run.as_deref() {
        Some(run) if run.is_at_its_end() => " No steps left.".to_owned(),
        Some(run) => format!(" Next: step {}, {}", run.next + 1, escape(&run.in_brief(run.next), limits::LABEL)),
        None => String::new(),
    }
}

/// Whom somebody had asked for by name, and who is not paged any more because it sleeps. Begins with a blank.
fn snooze_stops(facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let by = facts.iter().find_map(|f| match f {
        Fact::Snoozed { by, .. } => Some(by),
        _ => None,
    });
    let entries = after.timeline.iter().rev().skip_while(|e| !matches!(e.what, Happening::Snoozed { .. })).skip(1);
    // What was asked before that was stopped then.
    let stops_all = |what: &Happening| {
        matches!(
            what,
            Happening::Snoozed { .. }
                | Happening::Resolved { .. }
                | Happening::ResolvedByItself { .. }
                | Happening::AcknowledgedByEvent
                | Happening::UrgencyChanged { to: Urgency::Low, .. }
        )
    };
    let stopped = |user: &UserId| {
        let mut calls = after.calls.iter().filter(|c| c.kind.by().is_some() && c.state == CallState::Stopped);
        calls.any(|c| c.asked.iter().any(|a| a.user == *user))
    };
    let mut all: Vec<&str> = Vec::new();
    for entry in entries.take_while(|e| !stops_all(&e.what)) {
        let Happening::Asked { asked, by_name: true, .. } = &entry.what else { continue };
        for user in asked.iter().map(|a| &a.user).filter(|u| Some(*u) != by && stopped(u)) {
            let name = d.name_of(user);
            if !all.contains(&name) {
                all.push(name);
            }
        }
    }
    if all.is_empty() { String::new() } else { format!(" {} {} paged any more.", names(&all), is_not(&all)) }
}

fn acknowledged(after: &Incident, by: &UserId, answered_nothing: bool, d: &Directory) -> String {
    let no = after.no;
    if answered_nothing {
        return format!("You have {no}.{}", quiet(after, d));
    }
    if let State::Acknowledged { by: Some(has_it), .. } = &after.state
        && has_it != by
    {
        return format!("You are on {no} too; {} still has it. You are not paged any more.", name(d, has_it));
    }
    let mine = |c: &&Call| matches!(&c.state, CallState::Answered { by: b } if b == by);
    let Some(call) = after.calls.iter().rev().find(mine) else {
        return format!("You have {no}.{}", quiet(after, d));
    };
    let also = if is_anybody_asked(after) { also_asking(after, d) } else { String::new() };
    let asked: Vec<&UserId> = call.asked.iter().map(|a| &a.user).filter(|u| *u != by).collect();
    let next: Vec<&str> =
        call.next_up.iter().filter(|u| *u != by && !asked.contains(u)).map(|u| d.name_of(u)).collect();
    let asked: Vec<&str> = asked.into_iter().map(|u| d.name_of(u)).collect();
    let stopped = match (asked.is_empty(), next.is_empty()) {
        (true, true) if is_anybody_asked(after) => return format!("You have {no}.{}{}", also, quiet(after, d)),
        (true, true) => "Nobody else will be paged.".to_owned(),
        (true, false) => format!("{} will not be paged.", names(&next)),
        (false, true) => format!("{} {} paged any more.", names(&asked), is_not(&asked)),
        (false, false) => {
            format!("{} {} paged any more; {} will not be.", names(&asked), is_not(&asked), names(&next))
        }
    };
    format!("You have {no}. {stopped}{also}{}", quiet(after, d))
}

/// Is somebody still being asked, because a person asked for them?
fn is_anybody_asked(after: &Incident) -> bool {
    after.calls.iter().any(Call::waits_for_whom_somebody_asked)
}

fn is_not(people: &[&str]) -> &'static str {
    if people.len() == 1 { "is not" } else { "are not" }
}

/// What happens to an acknowledged incident that nobody touches.
fn quiet(after: &Incident, d: &Directory) -> String {
    match (&after.state, after.urgency) {
        (State::Acknowledged { .. }, _) if after.course.clearing.is_some() => cleared(after, "still yours"),
        (State::Acknowledged { .. }, Urgency::High) => {
            format!(" If nothing happens for {}, you are asked again.", span(d.settings.ack_timeout_secs))
        }
        _ => String::new(),
    }
}

/// A length as people say it.
pub fn span(secs: i64) -> String {
    match secs {
        secs @ ..120 => format!("{secs} s"),
        secs if secs % 3600 == 0 => format!("{} h", secs / 3600),
        secs => format!("{} min", secs / 60),
    }
}

/// So long, in hours and minutes.
pub fn lasting(secs: i64) -> String {
    match secs.max(0) {
        secs @ ..3_600 => span(secs),
        secs if secs % 3_600 < 60 => format!("{} h", secs / 3_600),
        secs => format!("{} h {} min", secs / 3_600, secs % 3_600 / 60),
    }
}

fn steps(facts: &[Fact]) -> impl Iterator<Item = &StepStarted> {
    facts.iter().filter_map(|f| match f {
        Fact::StepStarted(s) => Some(&**s),
        _ => None,
    })
}

/// "Paging Ana now; then Ben at 3:07."
fn paging(facts: &[Fact], d: &Directory) -> Option<String> {
    let mut asked: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = Vec::new();
    let mut silent = Vec::new();
    let mut at = None;
    for step in steps(facts) {
        silent.extend(step.asked.iter().cloned());
        asked.extend(step.asked.iter().map(|a| d.name_of(&a.user)));
        next.extend(step.next_up.iter().map(|u| d.name_of(u)));
        at = Some(step.next_at);
    }
    let at = at?;
    let then = if next == asked {
        format!("and again at {}", time(at))
    } else if next.is_empty() {
        format!("waiting for an answer until {}", time(at))
    } else {
        format!("next {} at {}", names(&next), time(at))
    };
    Some(format!("paging {} now, {then}.{}", names(&asked), super::dnd::warning(&silent, d)))
}

fn opened(urgency: Urgency, facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let service = d.services.get(&after.service).map_or(after.service.as_str(), |s| s.name.as_str());
    let then = match (urgency, paging(facts, d)) {
        (_, Some(paging)) => paging,
        (Urgency::Low, None) => format!(
            "low urgency, so nobody is paged.{} To page now: `/pager urgency {} high`.",
            super::digest::what_comes(after),
            after.no.0
        ),
        (Urgency::High, None) => {
            ":warning: nobody of its policy could be asked; whoever is the last to be asked is told. Press *More…*, *Add \
             responders* on its card."
                .to_owned()
        }
    };
    format!("{} is open for {}, in <#{}>: {then}", after.no, escape(service, limits::LABEL), after.channel)
}

/// What stays as it was.
fn kept(after: &Incident, d: &Directory) -> String {
    match (after.responder(), &after.hold) {
        (Some(by), _) => format!(" {} keeps it.", name(d, by)),
        (None, Some(hold)) if let Some(stays) = super::hold::stays(hold) => format!(" {stays}"),
        (None, _) => String::new(),
    }
}

fn escalated(facts: &[Fact], after: &Incident, d: &Directory) -> String {
    match paging(facts, d) {
        Some(paging) => format!("{}: {paging}{}", after.no, kept(after, d)),
        None => format!(
            "{}: nobody above could be asked. Press *More…*, *Add responders* to ask somebody by name.{}",
            after.no,
            kept(after, d)
        ),
    }
}

fn responders(asked: usize, facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let answered = steps(facts).count();
    let left = if answered < asked { " Not all of them could be reached: the thread says who." } else { "" };
    match paging(facts, d) {
        Some(paging) => format!("{}: {paging}{left}{}", after.no, kept(after, d)),
        None => format!("{}: nobody of them could be reached. Ask somebody else.{}", after.no, kept(after, d)),
    }
}

fn reassign_asked(to: &UserId, after: &Incident, d: &Directory) -> String {
    let to = name(d, to);
    match after.responder() {
        Some(by) => format!("{}: paging {to} now. {} has it until {to} acknowledges.", after.no, name(d, by)),
        None => format!(
            "{}: paging {to} now. Whoever was being paged goes on being paged until somebody acknowledges.",
            after.no
        ),
    }
}

fn urgency(to: Urgency, stopped: &[UserId], facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let no = after.no;
    let stopped: Vec<&str> = stopped.iter().map(|u| d.name_of(u)).collect();
    let asleep = after.open_calls().find_map(|c| match &c.kind {
        CallKind::StandIn { of } => Some(of),
        CallKind::Main | CallKind::Added { .. } | CallKind::Responder { .. } | CallKind::Reassign { .. } => None,
    });
    match (to, paging(facts, d), after.responder()) {
        (Urgency::Low, _, _) if stopped.is_empty() => {
            format!("{no} is low urgency now: nobody is paged for it any more.")
        }
        (Urgency::Low, _, _) => {
            let (stopped, are_not) = (names(&stopped), is_not(&stopped));
            format!("{no} is low urgency now: {stopped} {are_not} paged any more, and nobody else will be.")
        }
        (Urgency::High, Some(paging), _) if let Some(of) = asleep => {
            format!("{no} is high urgency now. {} has it and may not hear it: {paging}", name(d, of))
        }
        (Urgency::High, Some(paging), _) => format!("{no} is high urgency now: {paging}"),
        (Urgency::High, None, Some(by)) => format!("{no} is high urgency now. {} has it.", name(d, by)),
        (Urgency::High, None, None) => format!("{no} is high urgency now."),
    }
}

fn merged(
    into: IncidentNo,
    (by, stopped): (&UserId, &[UserId]),
    facts: &[Fact],
    after: &Incident,
    d: &Directory,
) -> String {
    let no = after.no;
    let taken = facts.iter().find_map(|f| match f {
        Fact::AlertsTaken { alerts, reported_by, .. } => Some((alerts.is_empty(), !reported_by.is_empty())),
        _ => None,
    });
    let (no_alerts, is_report) = taken.unwrap_or_default();
    let counts = if no_alerts { "" } else { ": its alerts count there" };
    let stays = if is_report {
        format!(" {into} stays open until somebody resolves it, even if its monitor says that it is over.")
    } else {
        String::new()
    };
    let others: Vec<&str> = stopped.iter().filter(|u| *u != by).map(|u| d.name_of(u)).collect();
    let quiet = match (stopped.contains(by), others.as_slice()) {
        (false, []) => format!("Nobody is paged for {no} any more."),
        (true, []) => format!("You are not paged for {no} any more."),
        (false, some) => format!("{} {} paged for {no} any more.", names(some), is_not(some)),
        (true, some) => format!("You and {} are not paged for {no} any more.", names(some)),
    };
    let rose = facts.iter().any(|f| matches!(f, Fact::UrgencyChanged { to: Urgency::High, .. }));
    let asks = if rose { "is high urgency now" } else { "waits no longer" };
    let urgent = paging(facts, d).map(|paging| format!(" {into} {asks}: {paging}")).unwrap_or_default();
    format!("{no} is part of {into} now{counts}. {quiet}{urgent}{stays}")
}

fn late(after: &Incident, act: &LateAct, d: &Directory) -> String {
    match (act, &after.state) {
        (LateAct::AcknowledgeAfterAcknowledge, State::Acknowledged { by: Some(by), since, .. }) => {
            format!("{} has {} since {}. Nothing changed.", name(d, by), after.no, time(*since))
        }
        (_, State::Resolved { by, since, .. }) => {
            let by = match by {
                ResolvedBy::User(u) => format!("by {}", name(d, u)),
                ResolvedBy::Monitor => "by the monitor".to_owned(),
                ResolvedBy::Unanswered => "without an answer".to_owned(),
            };
            format!("{} was resolved {by} at {}. Nothing changed; *Reopen* is on its card.", after.no, time(*since))
        }
        _ => format!("{} changed before you. Nothing was done; its card shows how it stands.", after.no),
    }
}

/// For somebody who presses Acknowledge and was not asked: one tap more.
pub fn not_asked(i: &Incident, user: &UserId, d: &Directory, subject: Subject) -> Message {
    let mut asked: Vec<&str> = Vec::new();
    for call in i.open_calls().filter(|c| matches!(c.kind, CallKind::Main)) {
        asked.extend(call.asked.iter().map(|a| d.name_of(&a.user)));
    }
    let then = match asked.as_slice() {
        [] => String::new(),
        [one] => format!(" {} stops being paged.", names(&[*one])),
        all => format!(" {} stop being paged.", names(all)),
    };
    let text = format!("You {}. Take {}?{then}", stands(i, user, d), i.no);
    let take = button(Action::Take, "Take it", subject).with_style(SlackBlockButtonStyle::Primary);
    Message { blocks: vec![section(&text), actions(vec![take])], text, colored: None }
}

/// Several were acknowledged at once; `not_done` of them could not be, and `left` others wait for the same person.
pub fn have_all(have: &[IncidentNo], not_done: usize, left: usize) -> String {
    let shown: Vec<String> = have.iter().take(limits::LIST).map(ToString::to_string).collect();
    let more = have.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let told = match have.len() {
        0 => "None of them waits for you any more. Nothing changed.".to_owned(),
        1 => format!("You have {}. Nobody else is paged for it.", shown.concat()),
        n => format!("You have {n} incidents: {}{more}. Nobody else is paged for them.", shown.join(", ")),
    };
    let left = match left {
        0 => String::new(),
        n => format!(" {n} more {} for you: `/pager list mine`.", super::bundle::wait(n)),
    };
    match not_done {
        0 => format!("{told}{left}"),
        n => format!(":warning: {n} could not be saved: press *Acknowledge all* again. {told}{left}"),
    }
}

/// One of several to be acknowledged, by somebody who was not asked about it.
pub fn left_alone(i: &Incident, user: &UserId, command: &str, d: &Directory) -> String {
    let (no, command) = (i.no, escape(command, 40));
    format!("{no} is left as it is: you {}. `{command} ack {}` takes it.", stands(i, user, d), no.0)
}

/// Why somebody was not asked: they "are level 2", and it is level 1's turn, or nobody would.
fn stands(i: &Incident, user: &UserId, d: &Directory) -> String {
    let team = d.teams.get(&i.team).map_or(i.team.as_str(), |t| t.name.as_str());
    let team = escape(team, limits::LABEL);
    match i.main_call().and_then(|c| level_of(c, user)) {
        Some(level) => format!("are level {level} of {team} and not asked yet"),
        None => format!("are not on call for {team}"),
    }
}

/// The level at which a call asks somebody: by name, or as the one who comes next.
fn level_of(call: &Call, user: &UserId) -> Option<usize> {
    let by_name = |s: &Step| s.targets.contains(&Target::User(user.clone()));
    let named = call.policy.steps.iter().position(by_name).map(|at| at + 1);
    let is_next = call.has_level_above() && call.next_up.contains(user);
    named.or_else(|| is_next.then_some(call.step as usize + 2))
}

/// The card a person pressed belongs to another installation.
pub fn from_another_store() -> String {
    "This card is from an earlier installation of Warridor; its buttons no longer work. `/pager list` shows what is open."
        .to_owned()
}

/// Somebody chosen in a form is not configured. `slack` are Slack ids.
pub fn unknown_choice(slack: &str) -> String {
    format!("I don't know {} yet: they are not in the configuration. Choose somebody else.", escape(slack, 40))
}

/// The store did not take it.
pub fn not_saved() -> String {
    ":warning: That could not be saved, so nothing was done. Try again in a moment; if that fails too, call somebody by phone."
        .to_owned()
}

/// Too much waits.
pub fn busy() -> String {
    "Too much is going on right now and nothing was done. Try again in a few seconds.".to_owned()
}

/// Slack did not open a window in time.
pub fn no_window() -> String {
    "Slack did not open the window in time. Nothing was changed: press the button again.".to_owned()
}

/// It was not decided in time; it may be by now.
pub fn takes_long(no: IncidentNo) -> String {
    format!("{no}: that takes long. Its card will show whether it was done.")
}

/// Somebody went on with the playbook before they pressed.
pub fn went_on(no: IncidentNo) -> String {
    format!("Somebody went on meanwhile, so nothing was done: `/pager playbook {}` has the step that is next.", no.0)
}

/// A window is of services or of a team.
pub fn nothing_announced() -> String {
    "Say what is going on, in a few words.".to_owned()
}

pub fn services_or_team() -> String {
    "Choose services, or everything of a team, not both.".to_owned()
}

/// An incident that no monitor opened has nothing to silence.
pub fn no_alert_to_silence(no: IncidentNo) -> String {
    format!("{no} has no alert that could be silenced. Snooze it instead: `/pager snooze {} 2h`.", no.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_wrote_more_than_there_is_room_for_hears_where_it_ends() {
        let words = |chars: usize| "so <it> went on ".repeat(300).chars().take(chars).collect::<String>();
        assert_eq!(if_cut("short…"), "");
        assert_eq!(if_cut(&words(TEXT_MAX)), "", "as long as it may be");
        let cut = format!("{}…", words(TEXT_MAX - 1));
        let told = " It was longer than 3000 characters, and ends with “so &lt;it&gt; went on so &lt;it&gt; went on so &lt;it&gt;”: \
                    write the rest as another note.";
        assert_eq!(if_cut(&cut), told);
    }
}
