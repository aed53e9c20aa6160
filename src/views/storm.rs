//! One message about more incidents than a channel can be told of one by one.

use super::card::{GREY, color, plain_title, title};
use super::kit::{context, section};
use super::list::{self, Part};
use super::mrkdwn::{escape, time, truncate};
use super::{Colored, Message, limits};
use crate::domain::directory::Directory;
use crate::domain::id::ChannelId;
use crate::domain::incident::Incident;
use crate::domain::post::Post;
use crate::domain::storm::Storm;
use crate::domain::world::World;
use std::collections::BTreeMap;

/// What it says now; `None` where nothing of it is in memory any more.
pub fn storm(p: &Post, channel: &ChannelId, storm: &Storm, w: &World, d: &Directory) -> Option<Message> {
    let all: Vec<&Incident> = w.in_storm(channel, storm).map(|i| &**i).collect();
    if all.is_empty() {
        return None;
    }
    let mut open: Vec<&Incident> = all.iter().copied().filter(|i| !i.is_resolved()).collect();
    open.sort_by_cached_key(|i| list::order(i));
    let to_come = w.uncarded.get(channel).map_or(0, |all| all.len());
    let many = storm.over.map_or(all.len(), |over| over.incidents.max(all.len()));
    let head = head(p, storm, many, &open, to_come);
    let mut blocks: Vec<_> = open.iter().take(limits::BUNDLE).map(|i| section(&one(i, d))).collect();
    if open.len() > limits::BUNDLE {
        let left = open.len() - limits::BUNDLE;
        blocks.push(context(&format!("…and {left} more: `/pager list all`.")));
    }
    let text = match open.first() {
        Some(worst) => {
            let what = format!("{} {}: {}", worst.no, service(worst, d, 40), plain_title(worst, 100));
            format!("Storm: {}, worst {what} (tier {})", incidents(open.len()), worst.tier)
        }
        None => "The storm is over: nothing of it is open.".to_owned(),
    };
    let colored = (!blocks.is_empty()).then(|| Colored { color: open.first().map_or(GREY, |i| color(i)), blocks });
    Some(Message { text: truncate(&text, limits::LOCK_SCREEN), blocks: vec![section(&head)], colored })
}

fn head(p: &Post, storm: &Storm, all: usize, open: &[&Incident], to_come: usize) -> String {
    let since = time(p.since);
    let states = states(open, all - open.len());
    match storm.over {
        None => {
            let cards = match to_come {
                0 => "Their cards follow.".to_owned(),
                1 => "One card is still to come.".to_owned(),
                n => format!("{n} cards are still to come, the worst first."),
            };
            let pages = if open.iter().any(|i| Part::of(i) == Part::High) {
                " Whoever is on call is paged for them together."
            } else {
                ""
            };
            format!(":cyclone: *Storm: {} in this channel since {since}.* {states}. {cards}{pages}", incidents(all))
        }
        Some(over) if open.is_empty() => {
            format!(
                ":white_check_mark: *The storm is over.* {} from {since} to {}; none of them is open.",
                incidents(all),
                time(over.at)
            )
        }
        Some(over) => format!(
            ":cyclone: *The storm has passed.* {} from {since} to {}. {states}.{}",
            incidents(all),
            time(over.at),
            if to_come == 0 { " Each that is open has its card." } else { "" }
        ),
    }
}

fn incidents(n: usize) -> String {
    if n == 1 { "1 incident".to_owned() } else { format!("{n} incidents") }
}

/// "12 are triggered, 3 acknowledged, 7 resolved"
fn states(open: &[&Incident], resolved: usize) -> String {
    let mut counts: BTreeMap<Part, usize> = BTreeMap::new();
    for i in open {
        *counts.entry(Part::of(i)).or_default() += 1;
    }
    if resolved > 0 {
        counts.insert(Part::Resolved, resolved);
    }
    let word = |part: &Part| match part {
        Part::High => "triggered",
        Part::Low => "triggered with low urgency",
        Part::Acknowledged => "acknowledged",
        Part::Snoozed => "snoozed",
        Part::Held => "held back",
        Part::Resolved => "resolved",
    };
    counts.iter().map(|(part, n)| format!("{n} {}", word(part))).collect::<Vec<_>>().join(", ")
}

fn one(i: &Incident, d: &Directory) -> String {
    format!("{}\n{} · tier {} · {}", title(i), service(i, d, 60), i.tier, super::card::status(i, d))
}

fn service(i: &Incident, d: &Directory, graphemes: usize) -> String {
    escape(d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str()), graphemes)
}
