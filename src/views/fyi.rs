//! What only informs: one quiet message for a service, a channel and a day.

use super::kit::context;
use super::mrkdwn::{escape, escape_marked, time};
use super::{Message, limits};
use crate::domain::directory::Directory;
use crate::domain::fyi::Fyi;
use crate::domain::id::{ChannelId, ServiceId, UserId};
use crate::domain::page::Recipient;
use crate::domain::post::Post;
use crate::domain::privacy::may_read_of;
use crate::domain::stamp::At;
use crate::domain::world::World;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// FYIs named in one message.
pub const NAMED: usize = 10;

/// The day's message; `None` while there is nothing to tell.
pub fn digest(p: &Post, service: &ServiceId, until: At, w: &World, d: &Directory) -> Option<Message> {
    let Recipient::Channel(to) = &p.to else { return None };
    let all = w.fyis.values().filter(|f| f.key.service == *service && f.to == *to && f.until == until);
    let all: Vec<&Fyi> = all.map(|f| &**f).collect();
    let line = line(service, d.may_show(service, to), all, d)?;
    Some(Message::plain(format!(":information_source: {line}")))
}

/// Everything of today, service by service, as this person may read it in this channel.
pub fn list(w: &World, d: &Directory, me: Option<&UserId>, place: Option<&ChannelId>) -> Message {
    let wall = w.meta.wall;
    let mut by_service: BTreeMap<&ServiceId, Vec<&Fyi>> = BTreeMap::new();
    for f in w.fyis.values().filter(|f| f.is_of_today(wall)) {
        by_service.entry(&f.key.service).or_default().push(f);
    }
    let line = |(id, all)| line(id, may_read_of(id, d, me, place), all, d);
    let mut lines: Vec<String> = by_service.into_iter().filter_map(line).collect();
    let more = lines.len().saturating_sub(limits::LIST);
    lines.truncate(limits::LIST);
    if more > 0 {
        lines.push(format!("…and {more} more services"));
    }
    if lines.is_empty() {
        lines.push("No FYIs today.".to_owned());
    }
    lines.extend(dropped(w));
    Message::plain(lines.join("\n"))
}

/// What rules dropped today; `None` if nothing.
pub fn dropped(w: &World) -> Option<String> {
    match w.meta.dropped.of_today(w.meta.wall) {
        0 => None,
        1 => Some("1 event was dropped by a rule today.".to_owned()),
        n => Some(format!("{n} events were dropped by rules today.")),
    }
}

/// A list of what is open, and below it how much was dropped.
pub fn with_dropped(mut list: Message, w: &World) -> Message {
    list.blocks.extend(dropped(w).map(|words| context(&words)));
    list
}

/// What is firing first, and of these the newest.
fn line(service: &ServiceId, may_show: bool, mut all: Vec<&Fyi>, d: &Directory) -> Option<String> {
    let since = all.iter().map(|f| f.first).min()?;
    let events: u64 = all.iter().map(|f| f.count).sum();
    let name = escape_marked(d.services.get(service).map_or(service.as_str(), |s| s.name.as_str()), limits::LABEL);
    let head = format!("FYI, *{name}*: {events} since {}", time(since));
    if !may_show {
        return Some(format!("{head}. What they say is shown in private channels only."));
    }
    all.sort_by_key(|f| (!f.is_firing(), Reverse(f.last), f.id));
    let more = all.len().saturating_sub(NAMED);
    let named = all.into_iter().take(NAMED).map(one);
    let more = (more > 0).then(|| format!("and {more} more"));
    Some(std::iter::once(head).chain(named).chain(more).collect::<Vec<_>>().join(" · "))
}

fn one(f: &Fyi) -> String {
    let title = escape_marked(&f.title, limits::LABEL);
    let title = if title.trim().is_empty() { escape(&f.key.dedup, limits::LABEL) } else { title };
    let times = if f.count > 1 { format!(" ({}x, last {})", f.count, time(f.last)) } else { String::new() };
    if f.is_firing() { format!("{title}{times}") } else { format!("~{title}~{times}") }
}
