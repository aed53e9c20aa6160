//! Syncs: cards, threads and direct messages that show what the state says.
//!
//! Each may run at any time and any number of times: it looks at the state, at what was last shown, and does what is
//! missing.

use super::refused::{Refused, sort};
use super::wire::{found, hash, mark, metadata, posted, shown, with};
use super::{Address, Awaiting, Body, CERTAINTY_MS, Job, LOOK_AGAIN_MS, Outbox, RETRY_SLOW_MS, Step};
use crate::domain::hold::HoldWhy;
use crate::domain::id::{MessageRef, PageId};
use crate::domain::incident::Incident;
use crate::domain::input::Settled;
use crate::domain::page::{Page, PageFailure, PageState, SyncKey};
use crate::domain::stamp::At;
use crate::pump::boot::Replayed;
use crate::slack::lanes::Priority;
use crate::slack::outcome::Outcome;
use crate::views;
use serde_json::{Value, json};
use std::sync::Arc;

impl Outbox {
    pub(super) fn sync_address(&self, key: &SyncKey) -> Option<Address> {
        match key {
            SyncKey::Post(id) => return self.post_address(*id),
            SyncKey::Follower(team, what) => return self.follower_address(team, *what),
            SyncKey::Card(_) | SyncKey::Thread(_) | SyncKey::Log(_) | SyncKey::Run(_) | SyncKey::Dm(..) => {}
        }
        let incident = self.incident_of(key)?;
        let work = self.jobs.get(&Job::Sync(key.clone()))?;
        if let Step::Find { channel } = &work.step {
            let channel = Some(channel.clone());
            return Some(Address { method: "conversations.history", channel, priority: Priority::Card });
        }
        let card = self.card_of(&incident);
        let (method, channel, priority) = match (key, card) {
            (SyncKey::Card(_), Some(card)) => ("chat.update", card.channel, Priority::Card),
            (SyncKey::Card(_), None) => ("chat.postMessage", incident.channel.clone(), Priority::Card),
            (SyncKey::Thread(_), card) => ("chat.postMessage", card?.channel, Priority::Thread),
            (SyncKey::Log(_) | SyncKey::Run(_), card) => {
                // Each step of a walk is a press on its message.
                let priority = if matches!(key, SyncKey::Run(_)) { Priority::Tapped } else { Priority::Thread };
                match self.below_card(&incident, key) {
                    Some(message) => ("chat.update", message.channel, priority),
                    None => ("chat.postMessage", card?.channel, priority),
                }
            }
            (SyncKey::Dm(..), _) => ("chat.update", dm_message(&incident, key)?.channel, Priority::Card),
            (SyncKey::Post(_) | SyncKey::Follower(..), _) => return None,
        };
        Some(Address { method, channel: Some(channel.to_string()), priority })
    }

    pub(super) fn sync_body(&self, key: &SyncKey) -> Option<Body> {
        match key {
            SyncKey::Post(id) => return self.post_body(*id),
            SyncKey::Follower(team, what) => return self.follower_body(team, *what),
            SyncKey::Card(_) | SyncKey::Thread(_) | SyncKey::Log(_) | SyncKey::Run(_) | SyncKey::Dm(..) => {}
        }
        let incident = self.incident_of(key)?;
        let work = self.jobs.get(&Job::Sync(key.clone()))?;
        let (d, store) = (&self.snapshot.directory, self.snapshot.store);
        if let Step::Find { channel } = &work.step {
            return Some(self.look(channel));
        }
        match key {
            SyncKey::Card(no) => {
                let rca = self.snapshot.world.rcas.get(no).map(|rca| &**rca);
                let shown = shown(&views::card::card(&incident, rca, d, store), work.plain);
                let hash = hash(&shown);
                match self.card_of(&incident) {
                    Some(_) if self.ledger.shows(key, hash) => None,
                    Some(card) => Some((edit(shown, &card), Some(hash))),
                    // A message told of all of them at once.
                    None if self.snapshot.world.is_told_by_storm(&incident) => None,
                    None => {
                        let mut more = json!({
                            "channel": incident.channel, "unfurl_links": false, "unfurl_media": false,
                        });
                        if !work.bare {
                            more["metadata"] = metadata(store, *no);
                        }
                        Some((with(mark(shown, work.in_doubt), more), Some(hash)))
                    }
                }
            }
            SyncKey::Thread(_) => {
                let card = self.card_of(&incident)?;
                let from = self.thread_shown(&incident, key);
                let pending = incident.thread_pending().filter(|e| e.n > from);
                // What a window holds back at once pages nobody yet.
                let is_quiet = incident.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Quiet { .. }));
                let again = !is_quiet && pending.clone().any(|e| e.what.pages_again());
                let (mut message, upto) = views::thread::thread(pending, d)?;
                if again {
                    message = views::thread::for_the_channel(&incident, &message, d);
                }
                let mut more = json!({
                    "channel": card.channel, "thread_ts": card.ts, "unfurl_links": false, "unfurl_media": false,
                });
                if again {
                    more["reply_broadcast"] = json!(true);
                }
                // What is in flight is remembered by how far it goes.
                Some((with(shown(&message, work.plain), more), Some(upto)))
            }
            SyncKey::Log(_) | SyncKey::Run(_) => {
                let card = self.card_of(&incident)?;
                let message = match key {
                    SyncKey::Run(_) => views::run::message(&incident, d, store)?,
                    _ => views::log::log(&incident, d)?,
                };
                let shown = shown(&message, work.plain);
                let hash = hash(&shown);
                match self.below_card(&incident, key) {
                    Some(_) if self.ledger.shows(key, hash) => None,
                    Some(message) => Some((edit(shown, &message), Some(hash))),
                    None => {
                        let more = json!({
                            "channel": card.channel, "thread_ts": card.ts, "unfurl_links": false, "unfurl_media": false,
                        });
                        Some((with(shown, more), Some(hash)))
                    }
                }
            }
            SyncKey::Dm(_, page) => {
                let message = dm_message(&incident, key)?;
                let all = self.snapshot.world.sharing(incident.no, *page);
                // Of those that share a message, the first keeps it true.
                let (first, _) = all.first().filter(|(i, p)| i.no == incident.no && p.id == *page)?;
                let view = match incident.page(*page)?.bundle() {
                    Some(number) => {
                        let all: Vec<(&Incident, &Page)> = all.iter().map(|(i, p)| (&***i, *p)).collect();
                        views::bundle::bundle(&all, number, d, store)
                    }
                    None => views::page::page(first, incident.page(*page)?, d, store),
                };
                let shown = shown(&view, work.plain);
                let hash = hash(&shown);
                (!self.ledger.shows(key, hash)).then(|| (edit(shown, &message), Some(hash)))
            }
            SyncKey::Post(_) | SyncKey::Follower(..) => None,
        }
    }

    /// Whatever changed after the ledger was written may have been shown otherwise since, and be again what it was then.
    pub(super) fn doubt(&mut self, replayed: &Replayed) {
        if replayed.everything {
            return self.ledger.forget_all();
        }
        for no in &replayed.incidents {
            let incident = self.snapshot.world.incident(*no).cloned();
            for page in incident.iter().flat_map(|i| i.dms()) {
                // A message that several incidents share is kept by the name of one of them.
                if let Some((first, page)) = self.shown_as(*no, page) {
                    self.ledger.forget(&SyncKey::Dm(first, page));
                }
            }
            self.ledger.forget_incident(*no);
        }
        if replayed.posts {
            self.ledger.forget_all_of(|key| matches!(key, SyncKey::Post(_)));
        }
        // Slack tells the channel of a topic that is set: not at every start.
        if replayed.shifts {
            self.ledger.forget_all_of(|key| matches!(key, SyncKey::Follower(..)));
        }
    }

    /// The direct messages of an incident that a change may make untrue. An older one says the same in all of them, and
    /// those that say it are left alone: nobody draws two hundred messages anew for each line of a long night.
    pub(super) fn changing_dms(&self, incident: &Incident) -> Vec<PageId> {
        let mut last_word = None;
        let mut says_it = |no, id| {
            let hash = *last_word.get_or_insert_with(|| hash(&shown(&views::page::followed(incident), false)));
            self.ledger.shows(&SyncKey::Dm(no, id), hash)
        };
        let changes = |p: &&Page| {
            p.message().is_some()
                && (p.bundle().is_some() || !views::page::is_followed(incident, p) || !says_it(incident.no, p.id))
        };
        incident.pages.iter().filter(changes).map(|p| p.id).collect()
    }

    pub(super) fn sync_done(&mut self, key: SyncKey, outcome: Outcome, now: At) -> Vec<Settled> {
        match &key {
            SyncKey::Post(id) => return self.post_done(*id, outcome, now),
            SyncKey::Follower(team, what) => return self.follower_done(team, *what, outcome, now),
            SyncKey::Card(_) | SyncKey::Thread(_) | SyncKey::Log(_) | SyncKey::Run(_) | SyncKey::Dm(..) => {}
        }
        let job = Job::Sync(key.clone());
        let Some(work) = self.jobs.get(&job) else { return Vec::new() };
        let (step, sent) = (work.step.clone(), work.sent);
        match (step, outcome) {
            (Step::Find { channel }, Outcome::Ok(answer)) => {
                let wanted = metadata(self.snapshot.store, key.incident().unwrap_or_default());
                match found(&answer, &wanted) {
                    Some(ts) => {
                        let message = MessageRef { channel: channel.as_str().into(), ts: ts.into() };
                        self.created(key, message, None, now)
                    }
                    None => {
                        self.look_again(&job, now);
                        Vec::new()
                    }
                }
            }
            (Step::Find { .. }, _) => {
                self.look_again(&job, now);
                Vec::new()
            }
            (Step::Send | Step::OpenDm | Step::LookUp, Outcome::Ok(answer)) => self.shown_now(key, &answer, sent, now),
            (Step::Send | Step::OpenDm | Step::LookUp, Outcome::Unknown(_)) => self.lost(key, now),
            (Step::Send | Step::OpenDm | Step::LookUp, Outcome::Refused { error, .. }) => {
                self.sync_refused(key, &error, now)
            }
            (Step::Send | Step::OpenDm | Step::LookUp, Outcome::NotSent(_) | Outcome::RateLimited { .. }) => {
                self.try_again(&job, now);
                Vec::new()
            }
        }
    }

    fn shown_now(&mut self, key: SyncKey, answer: &Value, sent: Option<u64>, now: At) -> Vec<Settled> {
        let job = Job::Sync(key.clone());
        let Some(incident) = self.incident_of(&key) else {
            self.finish(&job);
            return Vec::new();
        };
        match key {
            SyncKey::Card(_) if self.card_of(&incident).is_none() => match posted(answer) {
                Some(message) => self.created(key, message, sent, now),
                None => self.lost(key, now),
            },
            SyncKey::Thread(no) => {
                let Some(upto) = sent else { return Vec::new() };
                self.tell(&job, Awaiting::Thread(upto));
                self.worked(&job, now);
                vec![Settled::ThreadShown { incident: no, upto }]
            }
            // An answer that does not say where it is: the next one is posted anew, at most one twice.
            SyncKey::Log(_) | SyncKey::Run(_) if self.below_card(&incident, &key).is_none() => match posted(answer) {
                Some(message) => self.created(key, message, sent, now),
                None => self.lost(key, now),
            },
            SyncKey::Card(_)
            | SyncKey::Log(_)
            | SyncKey::Run(_)
            | SyncKey::Dm(..)
            | SyncKey::Post(_)
            | SyncKey::Follower(..) => {
                self.forget_others_of(&key);
                if let Some(hash) = sent {
                    self.ledger.set(key, hash);
                }
                self.worked(&job, now);
                Vec::new()
            }
        }
    }

    /// It exists: as good as known until the pump has committed it.
    pub(super) fn created(&mut self, key: SyncKey, message: MessageRef, hash: Option<u64>, now: At) -> Vec<Settled> {
        let job = Job::Sync(key.clone());
        if let Some(hash) = hash {
            self.ledger.set(key.clone(), hash);
        }
        if let Some(work) = self.jobs.get_mut(&job) {
            work.step = Step::Send;
            work.look_until = None;
            if hash.is_none() {
                // Found, not posted: what it shows is not known.
                work.stale_at = Some(now);
            }
        }
        self.tell(&job, Awaiting::Message(message.clone()));
        self.worked(&job, now);
        // Thread lines and the log waited for the card.
        if let SyncKey::Card(no) = key {
            self.stale(SyncKey::Thread(no), now);
            self.stale(SyncKey::Log(no), now.plus_ms(super::LOG_DELAY_MS));
            self.stale(SyncKey::Run(no), now);
        }
        vec![Settled::Created { key, message }]
    }

    /// A call worked: what changed since it was rendered is due, or nothing is.
    pub(super) fn worked(&mut self, job: &Job, now: At) {
        let Some(work) = self.jobs.get_mut(job) else { return };
        work.tries = 0;
        match work.stale_at {
            Some(at) => self.make_ready(job, at.max(now)),
            None => self.finish(job),
        }
    }

    /// The answer was lost. An edit is simply made again; a new card is looked for first; a thread line cannot be found
    /// and is said again: at most one duplicate for each lost answer.
    fn lost(&mut self, key: SyncKey, now: At) -> Vec<Settled> {
        let job = Job::Sync(key.clone());
        let incident = self.incident_of(&key);
        let card = incident.as_ref().and_then(|i| self.card_of(i));
        if let (SyncKey::Card(_), Some(incident), None) = (&key, incident, card)
            && let Some(work) = self.jobs.get_mut(&job)
        {
            work.step = Step::Find { channel: incident.channel.to_string() };
            work.in_doubt = true;
            work.look_until = Some(now.plus_ms(CERTAINTY_MS));
            self.make_ready(&job, now);
            return Vec::new();
        }
        self.ledger.forget(&key);
        self.try_again(&job, now);
        Vec::new()
    }

    /// Not found, or looking did not work: looks again, or sends when looking took too long.
    pub(super) fn look_again(&mut self, job: &Job, now: At) {
        let Some(work) = self.jobs.get_mut(job) else { return };
        let again = now.plus_ms(LOOK_AGAIN_MS);
        if work.look_until.is_some_and(|until| again <= until) {
            self.make_ready(job, again);
        } else {
            work.step = Step::Send;
            work.look_until = None;
            self.make_ready(job, now);
        }
    }

    fn sync_refused(&mut self, key: SyncKey, error: &str, now: At) -> Vec<Settled> {
        let job = Job::Sync(key.clone());
        let incident = self.incident_of(&key);
        let Some(work) = self.jobs.get_mut(&job) else { return Vec::new() };
        match (sort(error), &key, incident) {
            (Refused::Blocks, _, _) if !work.plain => {
                tracing::error!(?key, error, "Slack refused our blocks; showing words only");
                work.plain = true;
                self.make_ready(&job, now);
                Vec::new()
            }
            (Refused::Metadata, _, _) if !work.bare => {
                tracing::error!(?key, error, "Slack refused our metadata; sending none");
                work.bare = true;
                self.make_ready(&job, now);
                Vec::new()
            }
            (Refused::MessageGone | Refused::Destination, SyncKey::Card(no), Some(i)) => {
                if work.sent_to.as_deref().is_some_and(|to| to != i.channel.as_str()) {
                    // The card moved while this call was under way: the refusal says nothing about its new channel.
                    self.make_ready(&job, now);
                    return Vec::new();
                }
                let why = PageFailure::Slack(error.to_owned());
                let to = match sort(error) {
                    // Somebody deleted the card: a new one in the same place.
                    Refused::MessageGone => i.channel.clone(),
                    _ => self.snapshot.directory.admin_channel.clone(),
                };
                if to == i.channel && sort(error) != Refused::MessageGone {
                    tracing::error!(incident = no.0, error, "even the admin channel refuses the card");
                    self.make_ready(&job, now.plus_ms(RETRY_SLOW_MS));
                    return Vec::new();
                }
                self.ledger.forget(&key);
                self.make_ready(&job, now.plus_ms(super::RETRY_FIRST_MS));
                vec![Settled::CardMoved { incident: *no, card: i.card.clone(), to, why }]
            }
            (
                Refused::MessageGone | Refused::Destination | Refused::Blocks,
                SyncKey::Dm(..) | SyncKey::Log(_) | SyncKey::Run(_),
                _,
            ) => {
                // A message that cannot be edited is history.
                tracing::warn!(?key, error, "a message cannot be brought up to date");
                if let Some(hash) = work.sent {
                    self.ledger.set(key, hash);
                }
                self.finish(&job);
                Vec::new()
            }
            _ => {
                tracing::warn!(?key, error, "Slack refused; trying again later");
                self.make_ready(&job, now.plus_ms(RETRY_SLOW_MS));
                Vec::new()
            }
        }
    }

    /// The message shows what this key says: what others that share it once showed is gone.
    fn forget_others_of(&mut self, key: &SyncKey) {
        let SyncKey::Dm(no, page) = key else { return };
        let all: Vec<SyncKey> =
            self.snapshot.world.sharing(*no, *page).iter().map(|(i, p)| SyncKey::Dm(i.no, p.id)).collect();
        for other in all.iter().filter(|other| *other != key) {
            self.ledger.forget(other);
        }
    }

    /// The incident, unless it closed: then nothing of it is shown again.
    fn incident_of(&self, key: &SyncKey) -> Option<Arc<Incident>> {
        self.snapshot.world.incident(key.incident()?).filter(|i| !i.closed).cloned()
    }

    /// The card's identity: committed, or created a moment ago.
    pub(super) fn card_of(&self, incident: &Incident) -> Option<MessageRef> {
        let awaiting = self.jobs.get(&Job::Sync(SyncKey::Card(incident.no))).and_then(|w| w.awaiting.clone());
        match (&incident.card, awaiting) {
            (Some(card), _) => Some(card.clone()),
            (None, Some(Awaiting::Message(message))) if message.channel == incident.channel => Some(message),
            (None, _) => None,
        }
    }

    /// The identity of the log, or of the message in which a playbook is followed: committed, or created a moment ago.
    fn below_card(&self, incident: &Incident, key: &SyncKey) -> Option<MessageRef> {
        let awaiting = self.jobs.get(&Job::Sync(key.clone())).and_then(|w| w.awaiting.clone());
        let committed = if matches!(key, SyncKey::Run(_)) { &incident.run_message } else { &incident.log };
        match (committed, awaiting) {
            (Some(message), _) => Some(message.clone()),
            (None, Some(Awaiting::Message(message))) => Some(message),
            (None, _) => None,
        }
    }

    fn thread_shown(&self, incident: &Incident, key: &SyncKey) -> u64 {
        match self.jobs.get(&Job::Sync(key.clone())).and_then(|w| w.awaiting.clone()) {
            Some(Awaiting::Thread(upto)) => upto.max(incident.thread_shown),
            _ => incident.thread_shown,
        }
    }
}

fn dm_message(incident: &Incident, key: &SyncKey) -> Option<MessageRef> {
    let SyncKey::Dm(_, page) = key else { return None };
    match &incident.page(*page)?.state {
        PageState::Delivered { message, .. } => Some(message.clone()),
        PageState::Requested | PageState::Sent { .. } | PageState::Failed(_) | PageState::Revoked(_) => None,
    }
}

fn edit(shown: Value, message: &MessageRef) -> Value {
    with(shown, json!({ "channel": message.channel, "ts": message.ts }))
}
