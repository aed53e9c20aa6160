//! What somebody hears, privately, after they did something: what stopped, and what comes next.

use super::card::{name, still_firing};
use super::mrkdwn::{day_and_time, names, time};
use crate::domain::call::{Call, CallState};
use crate::domain::directory::{Directory, Urgency};
use crate::domain::fact::{Fact, LateAct, ResolvedBy};
use crate::domain::id::UserId;
use crate::domain::incident::{Incident, State};

/// The answer to an act, read from the facts it led to. `before` is the incident as it was, `after` as it is.
pub fn act(facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let told = facts.iter().find_map(|f| match f {
        Fact::Acknowledged { by, calls, .. } => Some(acknowledged(after, by, calls.is_empty(), d)),
        Fact::Snoozed { until, .. } => {
            let then = match after.urgency {
                Urgency::High => "Nobody is paged until then; then whoever is on call is.",
                Urgency::Low => "Then it is triggered again; nobody is paged.",
            };
            Some(format!("{} is snoozed until {}. {then}", after.no, day_and_time(*until)))
        }
        Fact::Escalated { .. } => Some(escalated(facts, after, d)),
        Fact::Resolved { by: ResolvedBy::User(_), .. } => {
            Some(format!("{} is resolved. Nobody is paged any more.{}", after.no, still_firing(after, d)))
        }
        Fact::Reopened { .. } => Some(format!("{} is open again, and you have it. Nobody was paged.", after.no)),
        Fact::Noted { .. } => Some(format!("Noted on {}.", after.no)),
        Fact::ActLate { act, .. } => Some(late(after, act, d)),
        _ => None,
    });
    told.unwrap_or_else(|| format!("{}: nothing changed. `/pager show {}` says how it stands.", after.no, after.no.0))
}

fn acknowledged(after: &Incident, by: &UserId, answered_nothing: bool, d: &Directory) -> String {
    if answered_nothing {
        return format!("You have {}.", after.no);
    }
    if let State::Acknowledged { by: Some(has_it), .. } = &after.state
        && has_it != by
    {
        return format!("You are on {} too; {} still has it. You are not paged any more.", after.no, name(d, has_it));
    }
    let mine = |c: &&Call| matches!(&c.state, CallState::Answered { by: b } if b == by);
    let Some(call) = after.calls.iter().rev().find(mine) else { return format!("You have {}.", after.no) };
    let asked: Vec<&UserId> = call.asked.iter().map(|a| &a.user).filter(|u| *u != by).collect();
    let mut spared = asked.clone();
    spared.extend(call.next_up.iter().filter(|u| *u != by && !asked.contains(u)));
    let spared: Vec<&str> = spared.into_iter().map(|u| d.name_of(u)).collect();
    match (spared.is_empty(), asked.is_empty()) {
        (true, _) => format!("You have {}. Nobody else will be paged.", after.no),
        (false, true) => format!("You have {}. {} will not be paged.", after.no, names(&spared)),
        (false, false) => format!("You have {}. {} will not be paged any more.", after.no, names(&spared)),
    }
}

fn escalated(facts: &[Fact], after: &Incident, d: &Directory) -> String {
    let step = facts.iter().find_map(|f| match f {
        Fact::StepStarted(s) => Some(s),
        _ => None,
    });
    let kept = match &after.state {
        State::Acknowledged { by: Some(by), .. } => format!(" {} keeps it.", name(d, by)),
        _ => String::new(),
    };
    match step {
        Some(s) => {
            let asked: Vec<&str> = s.asked.iter().map(|a| d.name_of(&a.user)).collect();
            format!("{}: paging {} now.{kept}", after.no, names(&asked))
        }
        None => format!("{}: nobody above could be asked. Ask somebody by name in its thread.{kept}", after.no),
    }
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
            };
            format!("{} was resolved {by} at {}. Nothing changed; *Reopen* is on its card.", after.no, time(*since))
        }
        _ => format!("{} changed before you. Nothing was done; its card shows how it stands.", after.no),
    }
}

/// The card a person pressed belongs to another installation.
pub fn from_another_store() -> String {
    "This card is from an earlier installation of Warridor; its buttons no longer work. `/pager list` shows what is open."
        .to_owned()
}

/// Nobody configured has this Slack id.
pub fn unknown_person() -> String {
    "I don't know you yet. Ask a Warridor admin to add you to `config.toml`, with your Slack member id.".to_owned()
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
