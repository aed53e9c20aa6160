//! One message about several incidents: what somebody is asked all at once.

use super::action_id::{Action, Elsewhere, Several, Subject};
use super::card::{GREY, color, name, plain_title, status, title};
use super::hold::although;
use super::kit::{context, plain, section, section_with};
use super::modal::window;
use super::mrkdwn::{escape, time, truncate};
use super::page::{is_followed, waits, wanted_by, wants};
use super::{Colored, Message, limits, list};
use crate::domain::directory::Directory;
use crate::domain::id::{IncidentNo, PageId, StoreId};
use crate::domain::incident::{Incident, State};
use crate::domain::page::{Page, PageState, Recipient};
use crate::domain::urgency;
use slack_morphism::prelude::*;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// What waits for somebody and was told before.
#[derive(Clone, Copy, Default, Debug)]
pub struct Earlier<'a> {
    pub count: usize,
    pub worst: Option<&'a Incident>,
}

impl<'a> Earlier<'a> {
    /// Of the incidents in memory, those that wait for this reader of a page and are not among `told`.
    pub fn of(reader: &Page, told: &[(&Incident, &Page)], incidents: impl Iterator<Item = &'a Incident>) -> Self {
        let told: BTreeSet<IncidentNo> = told.iter().map(|(i, _)| i.no).collect();
        // What they have not heard of yet is not more of anything.
        let heard = |p: &Page| matches!(p.state, PageState::Delivered { .. } | PageState::Sent { .. });
        let heard_of = |i: &&Incident| i.pages.iter().any(|p| p.to == reader.to && heard(p));
        let waiting = incidents.filter(|i| !told.contains(&i.no) && waits_for(i, &reader.to)).filter(heard_of);
        let mut earlier = Self::default();
        for i in waiting {
            earlier.count += 1;
            earlier.worst = earlier.worst.into_iter().chain([i]).min_by_key(|i| list::order(i));
        }
        earlier
    }

    /// The worst of it, if it is worse than this one.
    pub fn worse_than(&self, i: &Incident) -> Option<&'a Incident> {
        let rank = |i: &Incident| (Reverse(i.urgency), i.tier, urgency::rank(&i.labels));
        self.worst.filter(|worst| rank(worst) < rank(i))
    }
}

/// Does an incident wait for somebody who was paged for it?
pub fn waits_for(i: &Incident, whom: &Recipient) -> bool {
    let paged = |p: &&Page| p.to == *whom && !matches!(p.state, PageState::Revoked(_));
    !i.closed && !i.is_test() && i.pages.iter().filter(paged).any(|p| waits(i, p))
}

/// What a lock screen says when a message about several comes while others wait already: how many are new, the worst of
/// them, and how it stands in all. It is true at that moment, and no later edit keeps it so.
pub fn pushed(all: &[(&Incident, &Page)], earlier: &Earlier, d: &Directory) -> Option<String> {
    let new: Vec<&Incident> = all.iter().filter(|(i, p)| waits(i, p)).map(|(i, _)| *i).collect();
    let worst = new.iter().copied().min_by_key(|i| list::order(i))?;
    let worse = earlier.worse_than(worst);
    let also = worse.map(|i| format!(", worst {}: {} (tier {})", i.no, plain_title(i, 30), i.tier)).unwrap_or_default();
    let incidents = if new.len() == 1 { "incident" } else { "incidents" };
    let said = format!(
        "Page: {} more {incidents}, worst {}. {} wait for you in all{also}",
        new.len(),
        what(worst, 50, d),
        new.len() + earlier.count
    );
    (earlier.count > 0).then(|| truncate(&said, limits::LOCK_SCREEN))
}

/// The same of a message about one: how it stands in all, where others wait.
pub fn pushed_alone(said: &str, i: &Incident, earlier: &Earlier) -> Option<String> {
    let worse = earlier.worse_than(i).map(|i| format!(", worst {} (tier {})", i.no, i.tier)).unwrap_or_default();
    let in_all = format!(". {} wait for you in all{worse}", earlier.count + 1);
    let room = limits::LOCK_SCREEN.saturating_sub(in_all.chars().count());
    (earlier.count > 0).then(|| truncate(said.trim_end_matches('.'), room) + &in_all)
}

/// The incidents of `all` and what their recipient can do about them. `number` is what the pages share.
pub fn bundle(all: &[(&Incident, &Page)], number: PageId, d: &Directory, store: StoreId) -> Message {
    let mut all: Vec<(&Incident, &Page)> = all.iter().copied().filter(|(i, p)| !is_followed(i, p)).collect();
    if all.is_empty() {
        let text = "See the newer message below.";
        return Message { blocks: vec![context(text)], text: text.to_owned(), colored: None };
    }
    all.sort_by_cached_key(|(i, p)| (!waits(i, p), list::order(i)));
    let waiting = all.iter().filter(|(i, p)| waits(i, p)).count();
    let yours = all.iter().filter(|(i, p)| is_theirs(i, p)).count();
    let heading = heading(waiting, yours, all.len());
    let lead = lead(&all, waiting, &heading, d);
    let mut blocks: Vec<SlackBlock> = all.iter().take(limits::BUNDLE).map(|(i, p)| section(&one(i, p, d))).collect();
    if all.len() > limits::BUNDLE {
        blocks.push(context(&format!("…and {} more", all.len() - limits::BUNDLE)));
    }
    if waiting > 0 || yours > 0 {
        let value = Several { store, bundle: number }.value();
        let button = |what: Elsewhere, words: &str| {
            let button = SlackBlockButtonElement::new(plain(words)).with_action_id(what.id().into());
            button.with_value(value.clone())
        };
        let words = if waiting == 1 { "Acknowledge".to_owned() } else { format!("Acknowledge all {waiting}") };
        let acknowledge = button(Elsewhere::AcknowledgeAll, &words).with_style(SlackBlockButtonStyle::Primary);
        let row = (waiting > 0).then_some(acknowledge).into_iter().chain([button(Elsewhere::ListAll, "List")]);
        blocks.push(SlackActionsBlock::new(row.map(SlackActionBlockElement::Button).collect()).into());
    }
    let worst = all.first().filter(|_| waiting > 0).map_or(GREY, |(i, _)| color(i));
    Message {
        blocks: vec![section(&format!("*{heading}*"))],
        text: truncate(&lead, limits::LOCK_SCREEN),
        colored: Some(Colored { color: worst, blocks }),
    }
}

fn heading(waiting: usize, yours: usize, all: usize) -> String {
    match (waiting, yours) {
        (0, 0) => "None of these incidents waits for you any more.".to_owned(),
        (0, 1) if all == 1 => "You have this incident.".to_owned(),
        (0, 2) if all == 2 => "You have both of these incidents.".to_owned(),
        (0, n) if n == all => format!("You have all {n} of these incidents."),
        (0, n) => format!("You have {n} of these incidents. None waits for you any more."),
        (1, _) if all == 1 => "This incident waits for you.".to_owned(),
        (n, _) if n == all => format!("These {n} incidents wait for you."),
        (1, _) => format!("1 of these {all} incidents waits for you."),
        (n, _) => format!("{n} of these {all} incidents wait for you."),
    }
}

/// The verb for so many.
pub(super) fn wait(n: usize) -> &'static str {
    if n == 1 { "waits" } else { "wait" }
}

/// Does the reader have it?
fn is_theirs(i: &Incident, p: &Page) -> bool {
    matches!(&p.to, Recipient::User(user) if i.responder() == Some(user))
}

/// The lock screen: how many, and the worst.
fn lead(all: &[(&Incident, &Page)], waiting: usize, heading: &str, d: &Directory) -> String {
    let Some((worst, _)) = all.first().filter(|_| waiting > 0) else {
        return heading.to_owned();
    };
    let incidents = if waiting == 1 { "1 incident" } else { &format!("{waiting} incidents") };
    format!("Page: {incidents}, worst {}", what(worst, 100, d))
}

fn what(i: &Incident, graphemes: usize, d: &Directory) -> String {
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let what = format!("{} {}: {}", i.no, escape(service, 40), plain_title(i, graphemes));
    format!("{what}{} (tier {})", super::routing::and_more(i), i.tier)
}

fn one(i: &Incident, p: &Page, d: &Directory) -> String {
    let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
    let how = match &i.state {
        State::Acknowledged { since, .. } if is_theirs(i, p) => format!("you have it since {}", time(*since)),
        State::Acknowledged { by: Some(by), since, .. } if !wants(i, p) => {
            format!("{} has it since {}", name(d, by), time(*since))
        }
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {
            let why = wanted_by(i, p, d).map(|why| format!("*{why}{}.* ", although(i).unwrap_or_default()));
            format!("{}{}", why.unwrap_or_default(), status(i, d))
        }
    };
    let more = super::routing::and_more(i);
    format!("{}{more}\n{} · tier {} · {how}", title(i), escape(service, 60), i.tier)
}

/// All of them, each with its own buttons. `earlier`: how many others wait for whoever looks.
pub fn listed(all: &[(&Incident, &Page)], earlier: usize, d: &Directory, store: StoreId) -> SlackView {
    let mut all = all.to_vec();
    all.sort_by_cached_key(|(i, p)| (!waits(i, p), list::order(i)));
    let mut blocks: Vec<SlackBlock> = Vec::new();
    for (i, p) in all.iter().take(limits::BUNDLE_LISTED) {
        let words = one(i, p, d);
        let subject = Subject { store, incident: i.no };
        let button = |action, says| section_with(&words, super::kit::button(action, says, subject));
        blocks.push(match () {
            () if wants(i, p) => button(Action::Acknowledge, "Acknowledge"),
            () if is_theirs(i, p) => button(Action::More, "More…"),
            () => section(&words),
        });
    }
    if all.len() > limits::BUNDLE_LISTED {
        let left_out = all.len() - limits::BUNDLE_LISTED;
        blocks.push(context(&format!("…and {left_out} more: `/pager list mine` has them.")));
    }
    if earlier > 0 {
        blocks.push(context(&format!("Besides these, {earlier} more {} for you: `/pager list mine`.", wait(earlier))));
    }
    window(&format!("{} incidents", all.len()), blocks, None)
}
