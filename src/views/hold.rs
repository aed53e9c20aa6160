//! Why nobody is asked for now.

use super::card::name;
use super::limits;
use super::mrkdwn::{day_and_time, escape, time};
use super::reply::span;
use crate::domain::directory::Directory;
use crate::domain::hold::{HeldThen, Hold, HoldWhy};
use crate::domain::incident::Incident;
use crate::domain::quiet::Kind;
use crate::domain::stamp::At;
use crate::domain::threshold::Threshold;

/// The card's words for an incident that waits; `None` where nothing holds it.
pub fn status(i: &Incident, d: &Directory) -> Option<String> {
    let hold = i.hold.as_ref()?;
    // Somebody may have been asked for by name all the same: they stand beside this.
    let is_asking = i.open_calls().next().is_some();
    Some(match &hold.why {
        HoldWhy::Threshold(t) => format!("Waiting: {}; {} is paged.", so_far(i, *t), nobody(i)),
        HoldWhy::Settling => {
            let until = hold.until.map(|at| format!(" until {}", time(at))).unwrap_or_default();
            format!("Nobody is paged yet: waiting{until} whether it clears by itself. {}", then(i, hold))
        }
        HoldWhy::Quiet { kind, by, .. } => {
            let until = until(hold.until);
            let (how, by, why) = (how(*kind), name(d, by), because(&hold.because));
            let before = if is_asking {
                "Then whoever is on call is paged"
            } else {
                "Nobody is paged before; then whoever is on call is"
            };
            format!("{how} by {by}{until}{why} {before}, if it still fires.")
        }
    })
}

/// "nobody", but for those who were asked for by name.
fn nobody(i: &Incident) -> &'static str {
    if i.open_calls().next().is_some() { "nobody on call" } else { "nobody" }
}

/// `1 of 3 events in 10 min`. Brought up to date when the oldest counts no more.
fn so_far(i: &Incident, t: Threshold) -> String {
    let seen = i.counting.as_ref().map_or(t.events as usize, |c| c.seen.len());
    format!("{seen} of {} events in {}", t.events, span(t.within_secs))
}

fn how(kind: Kind) -> &'static str {
    match kind {
        Kind::Silence => "Silenced",
        Kind::Maintenance => "In maintenance",
    }
}

/// "In maintenance until Mar 2 14:00", without a full stop.
pub fn lasts(then: HeldThen) -> String {
    format!("{}{}", how(then.kind), until(Some(then.until)))
}

/// "in maintenance until Mar 2 14:00", in a sentence.
pub fn lasting(then: HeldThen) -> String {
    format!("{}{}", how_lasting(then.kind), until(Some(then.until)))
}

fn how_lasting(kind: Kind) -> &'static str {
    match kind {
        Kind::Silence => "silenced",
        Kind::Maintenance => "in maintenance",
    }
}

fn until(at: Option<At>) -> String {
    at.map(|at| format!(" until {}", day_and_time(at))).unwrap_or_default()
}

/// Ends the sentence.
pub(super) fn because(words: &str) -> String {
    match escape(words, limits::NOTE) {
        words if words.is_empty() => ".".to_owned(),
        words if words.ends_with(['.', '!', '?']) => format!(": {words}"),
        words => format!(": {words}."),
    }
}

/// What somebody's press does not end; `None`: nothing that lasts.
pub fn stays(hold: &Hold) -> Option<String> {
    match hold.why {
        HoldWhy::Quiet { kind, .. } => {
            let until = until(hold.until);
            Some(format!("It stays {}{until}.", how_lasting(kind)))
        }
        HoldWhy::Settling | HoldWhy::Threshold(_) => None,
    }
}

/// Before a question whether somebody is to be paged all the same.
pub fn all_the_same(i: &Incident) -> Option<String> {
    match i.hold.as_ref()?.why {
        HoldWhy::Quiet { kind, .. } => Some(format!("{}: nobody is to be paged for it. ", how(kind))),
        HoldWhy::Settling | HoldWhy::Threshold(_) => None,
    }
}

/// ", although it is in maintenance": behind what somebody did all the same.
pub fn although(i: &Incident) -> Option<String> {
    match i.hold.as_ref()?.why {
        HoldWhy::Quiet { kind, .. } => Some(format!(", although it is {}", how_lasting(kind))),
        HoldWhy::Settling | HoldWhy::Threshold(_) => None,
    }
}

fn then(i: &Incident, hold: &Hold) -> String {
    // What a person reported, or put together, waits for no more of its kind.
    let counts = !i.only_a_person_ends_it() && i.merged.is_empty();
    match (hold.until, i.counting.as_ref().filter(|_| counts)) {
        (Some(_), Some(c)) => {
            let (events, within) = (c.threshold.events, span(c.threshold.within_secs));
            format!("Then whoever is on call is paged once {events} events came within {within}.")
        }
        (Some(_), None) => "Then whoever is on call is paged.".to_owned(),
        (None, _) => String::new(),
    }
}

/// The lock screen's words.
pub fn in_words(i: &Incident, hold: &Hold) -> String {
    match hold.why {
        HoldWhy::Threshold(t) => format!("Waiting: {}, {} is paged", so_far(i, t), nobody(i)),
        HoldWhy::Settling => "Waiting whether it clears by itself".to_owned(),
        HoldWhy::Quiet { kind, .. } => how(kind).to_owned(),
    }
}

/// What it will be, in a sentence of what comes next.
pub fn ahead(why: &HoldWhy) -> String {
    match why {
        HoldWhy::Threshold(t) => format!("it waits for {} events in {}", t.events, span(t.within_secs)),
        HoldWhy::Settling => "it waits whether it clears by itself".to_owned(),
        HoldWhy::Quiet { kind, .. } => format!("a {} holds it back", super::quiet::noun(*kind)),
    }
}

/// The timeline's words for the beginning,
pub fn began(why: &HoldWhy, at: Option<At>, words: &str, d: &Directory) -> String {
    let until = until(at);
    match why {
        HoldWhy::Threshold(t) => format!("Nobody is paged until {} came within {}.", t.events, span(t.within_secs)),
        HoldWhy::Settling => format!("Nobody is paged{until}: it may clear by itself."),
        HoldWhy::Quiet { kind, by, .. } => {
            format!(":no_bell: {} by {}{until}{} Nobody is paged.", how(*kind), name(d, by), because(words))
        }
    }
}

/// and for the end.
pub fn ended(why: &HoldWhy) -> String {
    match why {
        HoldWhy::Threshold(t) => format!("{} came within {}.", t.events, span(t.within_secs)),
        HoldWhy::Settling => "It did not clear by itself.".to_owned(),
        HoldWhy::Quiet { kind: Kind::Silence, .. } => ":bell: Not silenced any more.".to_owned(),
        HoldWhy::Quiet { kind: Kind::Maintenance, .. } => ":bell: Not in maintenance any more.".to_owned(),
    }
}
