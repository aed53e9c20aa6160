//! Looking for messages that may have been posted: one look at a channel serves everybody who looks there. After a
//! restart that may be hundreds, and Slack lets us look once a second.

use super::wire::{FoundPage, found, metadata, post_metadata};
use super::{Job, Outbox, Step};
use crate::domain::id::MessageRef;
use crate::domain::input::Settled;
use crate::domain::page::SyncKey;
use crate::domain::stamp::At;
use crate::slack::outcome::Outcome;
use serde_json::{Value, json};

/// How far back before an incident was opened its card is looked for, in seconds.
const CARD_BACK_SECS: i64 = 60;
/// How far back before it was asked for a page is looked for, in seconds.
const PAGE_BACK_SECS: i64 = 15 * 60;
/// Messages looked through; Slack recommends no more (docs.slack.dev/reference/methods/conversations.history).
const LOOK_AT: usize = 200;

impl Outbox {
    /// The arguments of a look into `channel`, far enough back for all who look there, and the second it begins at.
    pub(super) fn look(&self, channel: &str) -> (Value, Option<u64>) {
        let lookers = self.jobs.iter().filter(|(_, w)| matches!(&w.step, Step::Find { channel: c } if c == channel));
        let from = lookers.filter_map(|(job, _)| self.may_be_there_from(job)).min().unwrap_or(0).max(0);
        let args = json!({
            "channel": channel, "include_all_metadata": true, "limit": LOOK_AT, "oldest": from.to_string(),
        });
        (args, u64::try_from(from).ok())
    }

    /// Serves all others who look where `asker` looked, or who wait for the same direct message channel. What a look
    /// did not reach back to is not counted as not there.
    pub(super) fn share(&mut self, asker: &Job, outcome: &Outcome, now: At) -> Vec<Settled> {
        let Outcome::Ok(answer) = outcome else { return Vec::new() };
        let Some(work) = self.jobs.get(asker) else { return Vec::new() };
        let (step, from) = (work.step.clone(), work.sent);
        let same = |outbox: &Self, job: &Job| step != Step::OpenDm || outbox.recipient(job) == outbox.recipient(asker);
        let others: Vec<Job> = match &step {
            Step::Send | Step::LookUp => return Vec::new(),
            Step::OpenDm | Step::Find { .. } => self
                .jobs
                .iter()
                .filter(|(job, w)| *job != asker && w.step == step && w.awaiting.is_none() && same(self, job))
                .map(|(job, _)| job.clone())
                .collect(),
        };
        let mut settled = Vec::new();
        for job in others {
            match &step {
                Step::Send | Step::LookUp => {}
                Step::OpenDm => {
                    if let Some(channel) = answer.pointer("/channel/id").and_then(Value::as_str) {
                        self.withdraw(&job);
                        if let Some(work) = self.jobs.get_mut(&job) {
                            work.step = Step::Find { channel: channel.to_owned() };
                        }
                        self.make_ready(&job, now);
                    }
                }
                Step::Find { channel } => {
                    // It was there with another one already.
                    if self.jobs.get(&job).is_none_or(|w| w.awaiting.is_some()) {
                        continue;
                    }
                    let (there, reached) = (self.found_for(&job, answer), reached_back(answer, from));
                    match there {
                        Some(found) => {
                            self.withdraw(&job);
                            let message = MessageRef { channel: channel.as_str().into(), ts: found.ts.as_str().into() };
                            settled.extend(match job {
                                Job::Page(no, page) => self.found(no, page, channel, &found, now),
                                Job::Sync(key) => self.created(key, message, None, now),
                            });
                        }
                        None if self.may_be_there_from(&job).is_some_and(|from| reached.is_some_and(|r| r <= from)) => {
                            self.withdraw(&job);
                            self.look_again(&job, now);
                        }
                        None => {}
                    }
                }
            }
        }
        settled
    }

    /// The second before which this job's message cannot have been posted.
    fn may_be_there_from(&self, job: &Job) -> Option<i64> {
        match job {
            Job::Page(no, page) => {
                let incident = self.snapshot.world.incident(*no)?;
                Some(incident.page(*page)?.requested.plus_secs(-PAGE_BACK_SECS).secs())
            }
            Job::Sync(SyncKey::Post(id)) => {
                let post = self.snapshot.world.posts.get(id)?;
                Some(post.since.plus_secs(-CARD_BACK_SECS).secs())
            }
            Job::Sync(key) => {
                let incident = self.snapshot.world.incident(key.incident()?)?;
                Some(incident.opened.plus_secs(-CARD_BACK_SECS).secs())
            }
        }
    }

    /// The job's message among those of an answer, and the bundle it belongs to.
    fn found_for(&self, job: &Job, answer: &Value) -> Option<FoundPage> {
        let store = self.snapshot.store;
        match job {
            Job::Page(no, page) => self.found_page(answer, *no, *page),
            Job::Sync(
                SyncKey::Card(no) | SyncKey::Thread(no) | SyncKey::Log(no) | SyncKey::Run(no) | SyncKey::Dm(no, _),
            ) => found(answer, &metadata(store, *no)).map(FoundPage::alone),
            Job::Sync(SyncKey::Follower(..)) => None,
            Job::Sync(SyncKey::Post(id)) => found(answer, &post_metadata(store, *id)).map(FoundPage::alone),
        }
    }

    fn recipient(&self, job: &Job) -> Option<String> {
        match job {
            Job::Page(no, page) => self.destination(self.snapshot.world.incident(*no)?.page(*page)?),
            Job::Sync(SyncKey::Post(id)) => self.post_to(self.snapshot.world.posts.get(id)?),
            Job::Sync(_) => None,
        }
    }

    /// Takes back the job's own call: nobody waits for its answer any more.
    pub(super) fn withdraw(&mut self, job: &Job) {
        if let Some(id) = self.jobs.get_mut(job).and_then(|w| w.call.take()) {
            // In flight, it keeps its place in its lanes until its answer comes.
            if self.lanes_of(id).cancel(id) {
                self.phoned.remove(&id);
            }
            self.calls.remove(&id);
        }
    }
}

/// The second back to which an answer holds every message of the channel; `None`: not known.
fn reached_back(answer: &Value, asked_from: Option<u64>) -> Option<i64> {
    let messages = answer.get("messages")?.as_array()?;
    let more = answer.get("has_more").and_then(Value::as_bool).unwrap_or(messages.len() >= LOOK_AT);
    if !more {
        return i64::try_from(asked_from?).ok();
    }
    // The newest come first. Of the last one's second there may be more.
    let (secs, _) = messages.last()?.get("ts")?.as_str()?.split_once('.')?;
    secs.parse::<i64>().ok()?.checked_add(1)
}
