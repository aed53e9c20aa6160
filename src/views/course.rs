//! What is said while the monitor changes its mind: cleared and still somebody's, still firing though resolved, flapping.

use super::action_id::Action;
use super::card::name;
use super::mrkdwn::time;
use super::reply::span;
use crate::domain::directory::{Directory, Urgency};
use crate::domain::incident::{Incident, State};

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
    if i.is_resolved() || i.reported_by().next().is_some() {
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

/// Resolved by a person while the monitor goes on: what that leads to.
pub fn still_firing(i: &Incident, d: &Directory) -> String {
    let State::Resolved { since, .. } = &i.state else { return String::new() };
    let Some(count) = count(i) else { return String::new() };
    match &i.course.page_again {
        Some(again) => match (&again.declined, i.urgency) {
            (Some(by), _) => {
                format!(" {count} *{}* wants no page again: it stays resolved until they clear or fire anew.", name(d, by))
            }
            (None, Urgency::High) => {
                format!(" {count} If not cleared by {}, whoever is on call is paged again.", time(again.until))
            }
            (None, Urgency::Low) => {
                format!(" {count} If not cleared by {}, it is triggered again; nobody is paged.", time(again.until))
            }
        },
        // Resolved by an earlier version.
        None => {
            let until = time(since.plus_secs(d.settings.resolve_grace_secs));
            format!(" {count} If they still fire after {until}, a new incident opens.")
        }
    }
}

/// The same for whoever resolved it a moment ago, with the time they have.
pub fn if_not_cleared(i: &Incident, d: &Directory) -> String {
    if i.course.pages_again_at().is_none() {
        return still_firing(i, d);
    }
    let Some(count) = count(i) else { return String::new() };
    let wait = span(d.settings.resolve_grace_secs);
    match i.urgency {
        Urgency::High => format!(" {count} If not cleared in {wait}, I page again."),
        Urgency::Low => format!(" {count} If not cleared in {wait}, it is triggered again; nobody is paged."),
    }
}

/// The button that declines that: its action, and its words.
pub fn decline(i: &Incident) -> Option<(Action, &'static str)> {
    let words = match i.urgency {
        Urgency::High => "Don't page again",
        Urgency::Low => "Leave it resolved",
    };
    (i.is_resolved() && i.course.pages_again_at().is_some()).then_some((Action::DeclinePageAgain, words))
}
