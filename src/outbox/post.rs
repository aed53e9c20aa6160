//! Syncs of messages that are about no single incident: posted once, found again after a lost answer, then edited.

use super::refused::{Refused, sort};
use super::wire::{hash, mark, post_metadata, posted, shown, with};
use super::{Address, Awaiting, Body, CERTAINTY_MS, Job, Outbox, RETRY_SLOW_MS, Step};
use crate::domain::id::{ChannelId, IncidentNo, MessageRef, PostId};
use crate::domain::incident::Incident;
use crate::domain::input::Settled;
use crate::domain::page::{PageFailure, Recipient, SyncKey};
use crate::domain::post::Post;
use crate::domain::stamp::At;
use crate::domain::storm::Storm;
use crate::domain::world::World;
use crate::pump::Published;
use crate::slack::lanes::Priority;
use crate::slack::outcome::Outcome;
use crate::views;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A list may be this old: what happens at once is one edit.
pub(super) const LIST_DELAY_MS: i64 = 1_000;
/// What a storm's message says may be this old.
pub(super) const STORM_DELAY_MS: i64 = 3_000;

impl Outbox {
    /// All that are kept true are looked at again.
    pub(super) fn all_posts_stale(&mut self, now: At) {
        let all: Vec<PostId> = self.snapshot.world.posts.keys().copied().collect();
        for id in all {
            self.stale(SyncKey::Post(id), now);
        }
    }

    /// Messages that speak of what changed.
    pub(super) fn lists_stale(&mut self, published: &Published, now: At) {
        let stale = &published.stale;
        let posts = &self.snapshot.world.posts;
        let speaks = |p: &&Post| p.about.speaks_of(&stale.everything) || p.about.speaks_of(&stale.closed);
        let all: Vec<PostId> = posts.values().filter(speaks).map(|p| p.id).collect();
        for id in all {
            self.stale(SyncKey::Post(id), now.plus_ms(LIST_DELAY_MS));
        }
        let told: Vec<PostId> = posts_about_storms(&self.snapshot.world, &stale.everything);
        for id in told {
            self.stale(SyncKey::Post(id), now.plus_ms(STORM_DELAY_MS));
        }
    }

    /// At a start: what has no identity may have been posted by an earlier process.
    pub(super) fn look_for_posts(&mut self, now: At) {
        self.all_posts_stale(now);
        let lost: Vec<Post> = self.snapshot.world.posts.values().filter(|p| p.message.is_none()).cloned().collect();
        for p in lost {
            let step = Self::where_to_look(&p);
            let look_until = self.certain_at(p.since, now);
            if let Some(work) = self.jobs.get_mut(&Job::Sync(SyncKey::Post(p.id))) {
                work.step = step;
                work.look_until = Some(look_until);
            }
        }
    }

    fn where_to_look(p: &Post) -> Step {
        match &p.to {
            Recipient::User(_) => Step::OpenDm,
            Recipient::Channel(channel) => Step::Find { channel: channel.to_string() },
        }
    }

    pub(super) fn post_address(&self, id: PostId) -> Option<Address> {
        let p = self.snapshot.world.posts.get(&id)?;
        let work = self.jobs.get(&Job::Sync(SyncKey::Post(id)))?;
        let priority = Priority::Card;
        match (&work.step, self.message_of(p)) {
            (Step::OpenDm, None) => {
                Some(Address { method: "conversations.open", channel: Some(self.post_to(p)?), priority })
            }
            (Step::Find { channel }, None) => {
                Some(Address { method: "conversations.history", channel: Some(channel.clone()), priority })
            }
            (Step::Send | Step::LookUp | Step::OpenDm | Step::Find { .. }, message) => Some(match message {
                Some(m) => Address { method: "chat.update", channel: Some(m.channel.to_string()), priority },
                None => Address { method: "chat.postMessage", channel: Some(self.post_to(p)?), priority },
            }),
        }
    }

    pub(super) fn post_body(&self, id: PostId) -> Option<Body> {
        let key = SyncKey::Post(id);
        let p = self.snapshot.world.posts.get(&id)?;
        let work = self.jobs.get(&Job::Sync(key.clone()))?;
        let message = self.message_of(p);
        match (&work.step, &message) {
            (Step::OpenDm, None) => return Some((json!({ "users": self.post_to(p)? }), None)),
            (Step::Find { channel }, None) => return Some(self.look(channel)),
            (Step::Send | Step::LookUp | Step::OpenDm | Step::Find { .. }, _) => {}
        }
        let view = views::post::post(p, &self.snapshot.world, &self.snapshot.directory, self.snapshot.store)?;
        let shown = shown(&view, work.plain);
        let hash = hash(&shown);
        match message {
            Some(_) if self.ledger.shows(&key, hash) => None,
            Some(m) => Some((with(shown, json!({ "channel": m.channel, "ts": m.ts })), Some(hash))),
            None => {
                let to = self.post_to(p)?;
                let mut more = json!({ "channel": to, "unfurl_links": false, "unfurl_media": false });
                if !work.bare {
                    more["metadata"] = post_metadata(self.snapshot.store, id);
                }
                Some((with(mark(shown, work.in_doubt), more), Some(hash)))
            }
        }
    }

    pub(super) fn post_done(&mut self, id: PostId, outcome: Outcome, now: At) -> Vec<Settled> {
        let key = SyncKey::Post(id);
        let job = Job::Sync(key.clone());
        let Some(work) = self.jobs.get(&job) else { return Vec::new() };
        let (step, sent) = (work.step.clone(), work.sent);
        let Some(p) = self.snapshot.world.posts.get(&id).cloned() else {
            self.finish(&job);
            return Vec::new();
        };
        match (step, outcome) {
            (Step::OpenDm, Outcome::Ok(answer)) if answer.pointer("/channel/id").is_some_and(Value::is_string) => {
                let channel = answer.pointer("/channel/id").and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Some(work) = self.jobs.get_mut(&job) {
                    work.step = Step::Find { channel };
                }
                self.make_ready(&job, now);
                Vec::new()
            }
            (Step::Find { channel }, Outcome::Ok(answer)) => {
                match super::wire::found(&answer, &post_metadata(self.snapshot.store, id)) {
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
            (Step::OpenDm | Step::Find { .. }, _) => {
                self.look_again(&job, now);
                Vec::new()
            }
            (Step::Send | Step::LookUp, Outcome::Ok(answer)) => match (self.message_of(&p), posted(&answer)) {
                (None, Some(message)) => self.created(key, message, sent, now),
                (None, None) => self.look_for_post(&p, now),
                (Some(_), _) => {
                    if let Some(hash) = sent {
                        self.ledger.set(key, hash);
                    }
                    self.worked(&job, now);
                    Vec::new()
                }
            },
            (Step::Send | Step::LookUp, Outcome::Unknown(_)) => match self.message_of(&p) {
                None => self.look_for_post(&p, now),
                Some(_) => {
                    self.ledger.forget(&key);
                    self.try_again(&job, now);
                    Vec::new()
                }
            },
            (Step::Send | Step::LookUp, Outcome::Refused { error, .. }) => self.post_refused(&p, &error, now),
            (Step::Send | Step::LookUp, Outcome::NotSent(_) | Outcome::RateLimited { .. }) => {
                self.try_again(&job, now);
                Vec::new()
            }
        }
    }

    fn look_for_post(&mut self, p: &Post, now: At) -> Vec<Settled> {
        let job = Job::Sync(SyncKey::Post(p.id));
        if let Some(work) = self.jobs.get_mut(&job) {
            work.step = Self::where_to_look(p);
            work.in_doubt = true;
            work.look_until = Some(now.plus_ms(CERTAINTY_MS));
        }
        self.make_ready(&job, now);
        Vec::new()
    }

    fn post_refused(&mut self, p: &Post, error: &str, now: At) -> Vec<Settled> {
        let key = SyncKey::Post(p.id);
        let job = Job::Sync(key.clone());
        let Some(work) = self.jobs.get_mut(&job) else { return Vec::new() };
        match sort(error) {
            Refused::Token => {
                self.make_ready(&job, now.plus_ms(RETRY_SLOW_MS));
                Vec::new()
            }
            Refused::Blocks if !work.plain => {
                tracing::error!(post = p.id.0, error, "Slack refused our blocks; showing words only");
                work.plain = true;
                self.make_ready(&job, now);
                Vec::new()
            }
            Refused::Metadata if !work.bare => {
                tracing::error!(post = p.id.0, error, "Slack refused our metadata; sending none");
                work.bare = true;
                self.make_ready(&job, now);
                Vec::new()
            }
            // What cannot be edited any more is history.
            Refused::Blocks | Refused::Metadata | Refused::MessageGone | Refused::Destination => {
                tracing::warn!(post = p.id.0, error, "a message cannot be posted or brought up to date");
                self.tell(&job, Awaiting::Settled);
                vec![Settled::PostFailed { post: p.id, why: PageFailure::Slack(error.to_owned()) }]
            }
        }
    }

    /// Its identity: committed, or created a moment ago.
    fn message_of(&self, p: &Post) -> Option<MessageRef> {
        let awaiting = self.jobs.get(&Job::Sync(SyncKey::Post(p.id))).and_then(|w| w.awaiting.clone());
        match (&p.message, awaiting) {
            (Some(message), _) => Some(message.clone()),
            (None, Some(Awaiting::Message(message))) => Some(message),
            (None, _) => None,
        }
    }

    /// Somebody without a Slack id, or who left the configuration, is told nothing.
    pub(super) fn post_to(&self, p: &Post) -> Option<String> {
        match &p.to {
            Recipient::Channel(channel) => Some(channel.to_string()),
            Recipient::User(user) => self.snapshot.directory.users.get(user)?.slack.as_ref().map(ToString::to_string),
        }
    }
}

/// The messages about storms that tell of one of these incidents.
fn posts_about_storms(world: &World, changed: &BTreeSet<IncidentNo>) -> Vec<PostId> {
    let storms = || world.posts.values().filter_map(|p| Some((p.id, p.storm()?)));
    if storms().next().is_none() {
        return Vec::new();
    }
    let changed: Vec<&Incident> = changed.iter().filter_map(|no| world.incident(*no).map(|i| &**i)).collect();
    let tells =
        |(channel, storm): (&ChannelId, &Storm)| changed.iter().any(|i| i.channel == *channel && storm.has(i.no));
    storms().filter(|(_, about)| tells(*about)).map(|(id, _)| id).collect()
}
