//! What somebody said in Slack, put into an incident's timeline or made an incident of: both from the menu of the message.

use super::people::Who;
use super::{Handler, going_on, origin, told};
use crate::domain::directory::User;
use crate::domain::fact::Fact;
use crate::domain::id::{ChannelId, IncidentNo, MessageRef, SlackUserId, TeamId};
use crate::domain::incident::Incident;
use crate::domain::lookup::Lookup;
use crate::domain::privacy::may_read;
use crate::domain::quote::{AUTHOR_CHARS, QUOTE_CHARS, Quote, leaks};
use crate::domain::rca::{Part, Rca, Stands};
use crate::domain::refusal::Refusal;
use crate::pump::Snapshot;
use crate::slack::said::{Said, Writer};
use crate::slack::translate::Place;
use crate::views::action_id::{Origin, Pointed};
use crate::views::modal::RaiseDraft;
use crate::views::mrkdwn::for_input;
use crate::views::quote::Choice;
use crate::views::{self, Message, limits};
use chrono_tz::Tz;
use serde_json::json;
use std::cmp::Reverse;

/// Why an incident is offered, the best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Near {
    /// The message stands in the thread of its card.
    InItsThread,
    Mine,
    OfChannel,
    /// Resolved, or closed, and its RCA is due: mine, or of the channel.
    Over,
    /// Open, and of somebody else.
    Else,
}

impl Handler {
    /// Opens the window in which somebody puts a message into a timeline.
    pub(super) async fn quote_from(&self, by: &SlackUserId, said: &Said, place: Place) {
        let s = self.board.snapshot();
        let Some(user) = s.directory.user_by_slack(by) else {
            let message = self.stranger(by, None).await;
            return self.answer(by, place, "Warridor", &message).await;
        };
        let say = |words: String| Message::plain(words);
        let Some((quote, is_cut)) = self.quoted(&s, said).await.filter(|(quote, _)| !quote.text.is_empty()) else {
            let message = say(views::quote::nothing_said(self.pager()));
            return self.answer(by, place, "Warridor", &message).await;
        };
        let (choices, first) = choices(&s, user, &quote.message, place.thread.as_deref());
        if choices.is_empty() {
            let message = say(views::quote::no_incident(self.pager()));
            return self.answer(by, place, "Warridor", &message).await;
        }
        let origin = origin(&s, first.unwrap_or(IncidentNo(0)), &place);
        let origin = Origin { more: Pointed(quote.clone()).value(), ..origin };
        let view = views::quote::window(&quote, is_cut, &choices, first, &origin);
        self.show(&place, "views.open", json!(view)).await;
    }

    /// Opens the window in which somebody pages for what a message says.
    pub(super) async fn raise_from(&self, by: &SlackUserId, said: &Said, place: Place) {
        let s = self.board.snapshot();
        if s.directory.user_by_slack(by).is_none() {
            let message = self.stranger(by, None).await;
            return self.answer(by, place, "Warridor", &message).await;
        }
        let Some((quote, _)) = self.quoted(&s, said).await else {
            let message = Message::plain(views::quote::not_told(self.pager()));
            return self.answer(by, place, "Warridor", &message).await;
        };
        let card = s.world.incidents.values().find(|i| i.card.as_ref() == Some(&quote.message));
        let known = s.world.incident_of(&quote.message.key());
        let there = card.map(|i| views::quote::is_a_card(i.no)).or_else(|| {
            let refusal = Refusal::OpenedAlready { incident: known?.no };
            Some(views::refusal::refusal(&refusal, &s.directory))
        });
        if let Some(there) = there {
            return self.answer(by, place, "Warridor", &Message::plain(there)).await;
        }
        let service = match s.directory.service_of_channel(&quote.message.channel) {
            Lookup::Found(service) => Some(&service.id),
            _ => None,
        };
        let what = for_input(&quote.text, limits::RAISED_TITLE as usize);
        let draft = RaiseDraft { service, what: &what, wakes: None, from: Some(&quote) };
        let view = self.raise(&s, &draft, &place);
        self.show(&place, "views.open", view).await;
    }

    /// What is pointed at, as it is handed on; and whether it says more. `None`: Slack did not say which message it is.
    async fn quoted(&self, s: &Snapshot, said: &Said) -> Option<(Quote, bool)> {
        let message = said.message.clone()?;
        // It is kept, and read in several zones: the RCA's timeline is in UTC, too.
        let (text, is_cut) = going_on::readable(&said.text, QUOTE_CHARS, Tz::UTC, &s.directory);
        let author = self.author(s, &said.by).await;
        Some((Quote { message, author, text, link: said.link.clone() }, is_cut))
    }

    /// What whoever wrote it is called; empty where Slack does not say who that is, or not now.
    pub(super) async fn author(&self, s: &Snapshot, by: &Writer) -> String {
        let name = match by {
            // It may call itself as a person is called.
            Writer::App(name) => format!("{name} (app)"),
            Writer::Person(slack) => match s.directory.user_by_slack(slack) {
                Some(user) => user.name.clone(),
                None => match self.who(slack).await {
                    Who::Member(person) => person.name,
                    Who::Outsider { name } => name,
                    Who::NotTold => String::new(),
                },
            },
            Writer::NotTold => String::new(),
        };
        for_input(&name, AUTHOR_CHARS)
    }
}

/// Into whose timeline a message may be put, the likeliest first; and which one is chosen already.
fn choices<'a>(
    s: &'a Snapshot,
    user: &User,
    message: &MessageRef,
    thread: Option<&str>,
) -> (Vec<Choice<'a>>, Option<IncidentNo>) {
    let (d, channel) = (&*s.directory, &message.channel);
    let its_thread = of_thread(s, channel, thread.unwrap_or(message.ts.as_str()));
    let of_channel = |team: &TeamId| d.teams.get(team).is_some_and(|t| t.channel == *channel);
    let near = |i: &Incident| {
        let (mine, here) = (i.concerns(&user.id), i.channel == *channel || of_channel(&i.team));
        match (i.is_open(), mine, here) {
            _ if Some(i.no) == its_thread => Some(Near::InItsThread),
            (true, true, _) => Some(Near::Mine),
            (true, _, true) => Some(Near::OfChannel),
            (true, ..) => Some(Near::Else),
            (false, true, _) | (false, _, true) => Some(Near::Over),
            (false, ..) => None,
        }
    };
    let may = |i: &&Incident| {
        let is_private = d.services.get(&i.service).map_or(i.private, |s| s.private);
        let is_among_them = || d.may_show(&i.service, channel) && may_read(i, d, Some(&user.id), None);
        let is_told_here = !is_private || i.channel == *channel || is_among_them();
        i.merged_into.is_none() && !i.closed && is_told_here && !leaks(d, channel, &i.service)
    };
    let known = s.world.incidents.values().map(|i| &**i).filter(may);
    let known = known.filter_map(|i| Some((near(i)?, Choice::Known(i))));
    let is_closed = |rca: &Rca| s.world.incident(rca.incident).is_none_or(|i| i.closed);
    let may = |rca: &&Rca| {
        let is_told_here = d.services.get(&rca.service).map_or(!rca.private, |s| !s.private || s.channel == *channel);
        let is_near = rca.owner == user.id || of_channel(&rca.team);
        rca.stands == Stands::Owed && is_closed(rca) && is_near && is_told_here && !leaks(d, channel, &rca.service)
    };
    let owed = s.world.rcas.values().map(|rca| &**rca).filter(may).map(|rca| (Near::Over, Choice::Closed(rca)));
    let mut all: Vec<(Near, Choice<'a>)> = known.chain(owed).collect();
    all.sort_by_key(|(near, choice)| (*near, Reverse(choice.no())));
    let mut mine = all.iter().filter(|(near, _)| *near == Near::Mine);
    let only = mine.next().filter(|_| mine.next().is_none()).map(|(_, choice)| choice.no());
    let first = all.first().filter(|(near, _)| *near == Near::InItsThread).map(|(_, choice)| choice.no()).or(only);
    (all.into_iter().map(|(_, choice)| choice).collect(), first)
}

/// The incident whose card begins this thread; of one that was merged, the one that it is part of.
pub(super) fn of_thread(s: &Snapshot, channel: &ChannelId, ts: &str) -> Option<IncidentNo> {
    let is_it = |i: &&std::sync::Arc<Incident>| {
        i.card.as_ref().is_some_and(|card| card.channel == *channel && card.ts.as_str() == ts)
    };
    let found = s.world.incidents.values().find(is_it)?;
    Some(found.merged_into.unwrap_or(found.no))
}

/// What putting it there came to.
pub(super) fn came_of(facts: &[Fact], s: &Snapshot, no: IncidentNo, command: &str) -> Message {
    let message = told(facts, s, no);
    let is_written = s.world.rcas.get(&no).is_some_and(|rca| rca.parts.contains_key(&Part::Timeline));
    if is_written { Message::plain(message.text + &views::quote::rca_is_written(no, command)) } else { message }
}
