//! Why nobody is asked for now.

use super::mrkdwn::{day_and_time, time};
use super::reply::span;
use crate::domain::hold::{Hold, HoldWhy};
use crate::domain::incident::Incident;
use crate::domain::stamp::At;
use crate::domain::threshold::Threshold;

/// The card's words for an incident that waits; `None` where nothing holds it.
pub fn status(i: &Incident) -> Option<String> {
    let hold = i.hold.as_ref()?;
    let until = hold.until.map(|at| format!(" until {}", time(at))).unwrap_or_default();
    Some(match &hold.why {
        HoldWhy::Threshold(t) => format!("Waiting: {}; nobody is paged.", so_far(i, *t)),
        HoldWhy::Settling => format!("Nobody is paged yet: waiting{until} whether it clears by itself. {}", then(hold)),
    })
}

/// `1 of 3 events in 10 min`. Brought up to date when the oldest counts no more.
fn so_far(i: &Incident, t: Threshold) -> String {
    let seen = i.counting.as_ref().map_or(t.events as usize, |c| c.seen.len());
    format!("{seen} of {} events in {}", t.events, span(t.within_secs))
}

fn then(hold: &Hold) -> &'static str {
    match hold.until {
        Some(_) => "Then whoever is on call is paged.",
        None => "",
    }
}

/// The lock screen's words.
pub fn in_words(i: &Incident, hold: &Hold) -> String {
    match hold.why {
        HoldWhy::Threshold(t) => format!("Waiting: {}, nobody is paged", so_far(i, t)),
        HoldWhy::Settling => "Waiting whether it clears by itself".to_owned(),
    }
}

/// The timeline's words for the beginning,
pub fn began(why: &HoldWhy, until: Option<At>) -> String {
    let until = until.map(|at| format!(" until {}", day_and_time(at))).unwrap_or_default();
    match why {
        HoldWhy::Threshold(t) => format!("Nobody is paged until {} came within {}.", t.events, span(t.within_secs)),
        HoldWhy::Settling => format!("Nobody is paged{until}: it may clear by itself."),
    }
}

/// and for the end.
pub fn ended(why: &HoldWhy) -> String {
    match why {
        HoldWhy::Threshold(t) => format!("{} came within {}.", t.events, span(t.within_secs)),
        HoldWhy::Settling => "It did not clear by itself.".to_owned(),
    }
}
