//! What waits for somebody's working hours, as one message.

use super::card::{name, plain_title, title_alone};
use super::mrkdwn::{day_and_time, escape, time};
use super::{Message, limits};
use crate::domain::directory::{Directory, Urgency};
use crate::domain::id::{IncidentNo, UserId};
use crate::domain::incident::{Incident, State};
use crate::domain::world::World;

/// The list of `user`, as things stand; `None` where nothing of it is in memory any more.
pub fn digest(user: &UserId, listed: &[IncidentNo], w: &World, d: &Directory) -> Option<Message> {
    let all: Vec<&Incident> = listed.iter().filter_map(|no| w.incident(*no).map(|i| &**i)).collect();
    let waits = |i: &&&Incident| !i.is_resolved() && i.urgency == Urgency::Low;
    let open = all.iter().filter(waits).count();
    let worst = all.iter().find(waits);
    let text = match (worst, open) {
        (None, _) if all.is_empty() => return None,
        (None, _) => "Nothing of this list waits any more.".to_owned(),
        (Some(i), 1) => format!("One incident of low urgency: {}", in_words(i, d)),
        (Some(i), n) => format!("{n} incidents of low urgency, first {}", in_words(i, d)),
    };
    let head = match open {
        0 => ":white_check_mark: *Nothing of this list waits any more.*".to_owned(),
        1 => ":inbox_tray: *One incident of low urgency.* Nobody was woken for it.".to_owned(),
        n => format!(":inbox_tray: *{n} incidents of low urgency.* Nobody was woken for them."),
    };
    let foot = worst.map(|i| {
        format!(
            "To take one: `/pager ack {0}`. To see it: `/pager show {0}`. What is open tomorrow is listed again.",
            i.no.0
        )
    });
    let mut chars = head.chars().count() + foot.as_ref().map_or(0, |f| f.chars().count());
    let mut lines = vec![head];
    for (n, i) in all.iter().enumerate() {
        let line = line(i, user, d);
        chars += line.chars().count() + 1;
        if n >= limits::LIST || chars > limits::THREAD_CHARS - MORE_CHARS {
            lines.push(format!("…and {} more: `/pager list all`.", all.len() - n));
            break;
        }
        lines.push(line);
    }
    lines.extend(foot);
    Some(Message { text, ..Message::plain(lines.join("\n")) })
}

/// Room for "…and N more".
const MORE_CHARS: usize = 80;

fn in_words(i: &Incident, d: &Directory) -> String {
    format!("{} {}: {} (tier {})", i.no, service(i, d), plain_title(i, 80), i.tier)
}

fn line(i: &Incident, user: &UserId, d: &Directory) -> String {
    let stands = match &i.state {
        State::Resolved { since, .. } if let Some(into) = i.merged_into => {
            return format!("~{}~ merged into {into} at {}", title_alone(i), time(*since));
        }
        State::Resolved { since, .. } => return format!("~{}~ over since {}", title_alone(i), time(*since)),
        State::Snoozed { by, until, .. } => format!("snoozed by {} until {}", name(d, by), day_and_time(*until)),
        _ if i.urgency == Urgency::High => "high urgency now".to_owned(),
        State::Acknowledged { by: Some(by), since, .. } if by == user => {
            format!("yours since {}: still on it?", day_and_time(*since))
        }
        State::Acknowledged { by: Some(by), .. } => format!("{} has it", name(d, by)),
        State::Acknowledged { by: None, .. } | State::Triggered { .. } => format!("since {}", day_and_time(i.opened)),
    };
    format!("{} · {}, tier {} · {stands}", title_alone(i), service(i, d), i.tier)
}

fn service(i: &Incident, d: &Directory) -> String {
    escape(d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str()), limits::LABEL)
}

/// What comes of an incident of low urgency by itself.
pub fn what_comes(i: &Incident) -> String {
    match (i.raise, i.listing) {
        (Some(raise), _) => {
            format!(" If it still fires when support hours begin, {}, it pages.", day_and_time(raise.at))
        }
        (None, Some(listing)) if i.responder().is_some() => {
            format!(" It is on the responder's list of {}.", day_and_time(listing.at))
        }
        (None, Some(listing)) => format!(" It is on the list of whoever is on call, {}.", day_and_time(listing.at)),
        (None, None) => String::new(),
    }
}
