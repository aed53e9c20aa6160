//! What is said while the monitor changes its mind: cleared and still somebody's, still firing though resolved, flapping.

use super::action_id::Action;
use super::card::name;
use super::mrkdwn::time;
use super::reply::span;
use crate::domain::directory::{Directory, Urgency};
use crate::domain::incident::{Incident, State};
use crate::domain::urgency::UrgencyBy;

/// Nothing fires, and what comes of it. `whose`: "still *Ana*'s", "still yours"; empty where nobody has it.
pub fn cleared(i: &Incident, whose: &str) -> String {
    let Some(clearing) = &i.course.clearing else { return String::new() };
    let whose = if whose.is_empty() { String::new() } else { format!(", {whose}") };
    let until = time(clearing.until);
    let if_quiet = if i.is_with_somebody() { ", if nothing happens until then" } else { "" };
    format!(" Cleared {}{whose}. It is resolved by itself at {until}{if_quiet}.", time(clearing.since))
}

/// The same of whoever has it, for everybody.
pub fn cleared_for_all(i: &Incident, d: &Directory) -> String {
    match &i.state {
        State::Acknowledged { by: Some(by), .. } => cleared(i, &format!("still *{}*'s", name(d, by))),
        State::Acknowledged { by: None, .. } | State::Triggered { .. } => {
            let over = cleared(i, "");
            if over.is_empty() { over } else { format!("{over} Nobody is paged.") }
        }
        State::Snoozed { .. } | State::Resolved { .. } => cleared(i, ""),
    }
}

/// It comes and goes, and what that means for its end.
pub fn flapping(i: &Incident, d: &Directory) -> String {
    if i.course.flapping.is_none() {
        return String::new();
    }
    if i.is_resolved() || i.only_a_person_ends_it() {
        return " *Flapping*: it keeps coming and going.".to_owned();
    }
    let hold = span(d.settings.flapping_hold_secs);
    format!(" *Flapping*: it keeps coming and going, so it stays open for {hold} after it cleared.")
}

/// "Still firing: 2 alerts."
fn count(i: &Incident) -> Option<String> {
    match i.alerts.iter().filter(|a| a.is_firing()).count() {
        0 => None,
        1 => Some("Still firing: 1 alert.".to_owned()),
        n => Some(format!("Still firing: {n} alerts.")),
    }
}

/// What makes it page again. A monitor that never says that it is over cannot clear it.
fn unless_cleared(i: &Incident, when: &str) -> String {
    if i.alerts.iter().filter(|a| a.is_firing()).all(|a| a.silence.is_some()) {
        format!("If it is heard of again {when}")
    } else {
        format!("If not cleared {when}")
    }
}

/// Resolved by a person while the monitor goes on: what that leads to.
pub fn still_firing(i: &Incident, d: &Directory) -> String {
    let State::Resolved { since, .. } = &i.state else { return String::new() };
    let Some(count) = count(i) else { return String::new() };
    let Some(again) = &i.course.page_again else {
        // Resolved by an earlier version.
        let until = time(since.plus_secs(d.settings.resolve_grace_secs));
        return format!(" {count} If it still fires after {until}, a new incident opens.");
    };
    if let Some(by) = &again.declined {
        let by = name(d, by);
        return format!(
            " {count} *{by}* wants no page again: it stays resolved until the monitor clears it or it fires anew."
        );
    }
    format!(
        " {count} {}, {}",
        unless_cleared(i, &format!("by {}", time(again.until))),
        then(i, d, "whoever is on call is paged again")
    )
}

/// What comes when it still fires; `pages`: that it pages.
fn then(i: &Incident, d: &Directory, pages: &str) -> String {
    match (i.urgency, i.held_then) {
        (Urgency::High, Some(then)) => {
            format!(
                "it is triggered again, and is {}: whoever is on call is paged at that time.",
                super::hold::lasting(then)
            )
        }
        (Urgency::High, None) => format!("{pages}."),
        (Urgency::Low, _) if pages_in_hours(i, d) => {
            "it is triggered again, and pages once support hours begin.".to_owned()
        }
        (Urgency::Low, _) => "it is triggered again; nobody is paged.".to_owned(),
    }
}

/// Low only until support hours begin.
fn pages_in_hours(i: &Incident, d: &Directory) -> bool {
    let by_hours = d.services.get(&i.service).is_some_and(|s| matches!(s.urgency_by, UrgencyBy::Hours(_)));
    by_hours && i.alerts.iter().any(|a| a.urgency.is_some())
}

/// The same for whoever resolved it a moment ago, with the time they have.
pub fn if_not_cleared(i: &Incident, d: &Directory) -> String {
    if i.course.pages_again_at().is_none() {
        return still_firing(i, d);
    }
    let Some(count) = count(i) else { return String::new() };
    let in_time = unless_cleared(i, &format!("in {}", span(d.settings.resolve_grace_secs)));
    format!(" {count} {in_time}, {}", then(i, d, "I page again"))
}

/// The button that declines that: its action, and its words.
pub fn decline(i: &Incident) -> Option<(Action, &'static str)> {
    let words = match i.urgency {
        Urgency::High => "Don't page again",
        Urgency::Low => "Leave it resolved",
    };
    (i.is_resolved() && i.course.pages_again_at().is_some()).then_some((Action::DeclinePageAgain, words))
}
