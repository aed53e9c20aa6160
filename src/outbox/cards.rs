//! Cards that a channel does not have yet: a few at a time are on their way, the others wait, and the worst is next.
//!
//! Slack takes about one message a second into a channel. In the order in which they came, the card that matters most
//! could be the last of hundreds.

use super::{Job, Outbox, Step};
use crate::domain::directory::Urgency;
use crate::domain::id::{ChannelId, IncidentNo};
use crate::domain::page::SyncKey;
use crate::domain::stamp::At;
use crate::views::list::{self, Part};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// New cards on their way into one channel at most.
const AT_ONCE: usize = 2;

/// The worst is the least.
type Rank = (Part, Reverse<Urgency>, u8, u8, IncidentNo);

#[derive(Default)]
pub(super) struct NewCards {
    /// Calls that post one, and where.
    posting: BTreeMap<u64, ChannelId>,
    /// Those whose turn it is, and that have no call yet.
    next: BTreeMap<IncidentNo, ChannelId>,
    waiting: BTreeMap<ChannelId, BTreeSet<Rank>>,
    places: BTreeMap<IncidentNo, (ChannelId, Rank)>,
}

impl NewCards {
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn jobs(&self) -> impl Iterator<Item = Job> {
        self.places.keys().map(|no| Job::Sync(SyncKey::Card(*no)))
    }

    fn takes(&self, channel: &ChannelId) -> bool {
        self.posting.values().chain(self.next.values()).filter(|c| *c == channel).count() < AT_ONCE
    }

    fn wait(&mut self, no: IncidentNo, channel: ChannelId, rank: Rank) {
        self.waiting.entry(channel.clone()).or_default().insert(rank);
        self.places.insert(no, (channel, rank));
    }

    fn leave(&mut self, no: IncidentNo) {
        let Some((channel, rank)) = self.places.remove(&no) else { return };
        let Some(all) = self.waiting.get_mut(&channel) else { return };
        all.remove(&rank);
        if all.is_empty() {
            self.waiting.remove(&channel);
        }
    }

    fn worst(&self, channel: &ChannelId) -> Option<IncidentNo> {
        self.waiting.get(channel)?.first().map(|(.., no)| *no)
    }
}

impl Outbox {
    /// Waits with this card, if it is new to its channel and others are on their way there.
    pub(super) fn waits_with_card(&mut self, job: &Job, now: At) -> bool {
        let Job::Sync(SyncKey::Card(no)) = job else { return false };
        self.new_cards.leave(*no);
        let Some(channel) = self.new_in(job) else {
            self.no_card(job, now);
            return false;
        };
        if self.new_cards.next.contains_key(no) || self.new_cards.takes(&channel) {
            return false;
        }
        let Some(rank) = self.snapshot.world.incident(*no).map(|i| list::order(i)) else { return false };
        self.new_cards.wait(*no, channel, rank);
        true
    }

    /// This call is on its way.
    pub(super) fn note_new_card(&mut self, job: &Job, call: u64, now: At) {
        if let (Some(channel), Job::Sync(SyncKey::Card(no))) = (self.new_in(job), job) {
            let turn = self.new_cards.next.remove(no);
            self.new_cards.posting.insert(call, channel.clone());
            // It moved to another channel since its turn came.
            if let Some(left) = turn.filter(|left| *left != channel) {
                self.next_card(&left, now);
            }
        }
    }

    /// This call is over: the next one goes.
    pub(super) fn card_left(&mut self, call: u64, now: At) {
        if let Some(channel) = self.new_cards.posting.remove(&call) {
            self.next_card(&channel, now);
        }
    }

    /// This job has nothing to say after all: whoever waited behind it goes.
    pub(super) fn no_card(&mut self, job: &Job, now: At) {
        let Job::Sync(SyncKey::Card(no)) = job else { return };
        self.new_cards.leave(*no);
        if let Some(channel) = self.new_cards.next.remove(no) {
            self.next_card(&channel, now);
        }
    }

    fn next_card(&mut self, channel: &ChannelId, now: At) {
        while let Some(no) = self.new_cards.worst(channel) {
            self.new_cards.leave(no);
            let job = Job::Sync(SyncKey::Card(no));
            if self.jobs.contains_key(&job) {
                self.new_cards.next.insert(no, channel.clone());
                return self.make_ready(&job, now);
            }
        }
    }

    /// The channel that this job's next call posts a card into.
    fn new_in(&self, job: &Job) -> Option<ChannelId> {
        let Job::Sync(SyncKey::Card(no)) = job else { return None };
        let posts = self.jobs.get(job).is_some_and(|w| w.step == Step::Send);
        let incident = self.snapshot.world.incident(*no).filter(|_| posts)?;
        self.card_of(incident).is_none().then(|| incident.channel.clone())
    }
}
