//! When a job is tried: what is ready, what waits for room in the lanes, and what is tried again.

use super::work::{Awaiting, Job, Step, Work};
use super::{Address, Body, CERTAINTY_MS, Outbox, RETRY_FIRST_MS, RETRY_MOST_MS};
use crate::domain::page::SyncKey;
use crate::domain::stamp::At;
use crate::slack::lanes::Request;
use std::collections::BTreeMap;

impl Outbox {
    pub(super) fn stale(&mut self, key: SyncKey, at: At) {
        let job = Job::Sync(key);
        let work = self.jobs.entry(job.clone()).or_insert_with(|| Work::new(Step::Send));
        work.stale_at = Some(work.stale_at.map_or(at, |before| before.min(at)));
        let sooner = work.ready_at.is_none_or(|ready| at < ready);
        // While a call is under way, or a failed one waits for its time, that comes first.
        if work.call.is_none() && (work.ready_at.is_none() || (sooner && work.tries == 0)) {
            self.make_ready(&job, at);
        }
    }

    pub(super) fn make_ready(&mut self, job: &Job, at: At) {
        let Some(work) = self.jobs.get_mut(job) else { return };
        if let Some(before) = work.ready_at.replace(at) {
            self.leave(before, job);
        }
        self.ready.insert((at, job.clone()));
    }

    /// A look that Slack rate-limits, or that waits behind others, must not hold what is to be said: better twice than
    /// never.
    pub(super) fn give_up_looking(&mut self, now: At) {
        while let Some((at, job)) = self.looking.first().cloned().filter(|(at, _)| *at <= now) {
            self.looking.remove(&(at, job.clone()));
            let Some(work) = self.jobs.get_mut(&job).filter(|w| w.give_up_at == Some(at)) else { continue };
            work.give_up_at = None;
            if work.step == Step::Send {
                continue;
            }
            work.step = Step::Send;
            work.look_until = None;
            self.withdraw(&job);
            self.make_ready(&job, now);
        }
    }

    /// Notes when this job's looking began, if it looks.
    pub(super) fn note_looking(&mut self, job: &Job, now: At) {
        let Some(work) = self.jobs.get_mut(job) else { return };
        let before = work.give_up_at;
        work.give_up_at = match work.step {
            Step::Send => None,
            Step::OpenDm | Step::Find { .. } | Step::LookUp => before.or(Some(now.plus_ms(CERTAINTY_MS))),
        };
        let after = work.give_up_at;
        if before != after {
            before.map(|at| self.looking.remove(&(at, job.clone())));
            after.map(|at| self.looking.insert((at, job.clone())));
        }
    }

    /// It is not ready any more.
    pub(super) fn leave(&mut self, ready_at: At, job: &Job) {
        let place = (ready_at, job.clone());
        if !self.ready.remove(&place) {
            self.crowd.iter_mut().for_each(|crowd| {
                crowd.remove(&place);
            });
        }
    }

    /// The bodies of what is queued now, by the number of the call: nothing changes before the lanes are asked, so that
    /// what leaves at once is rendered once.
    pub(super) fn queue_what_is_ready(&mut self, now: At) -> BTreeMap<u64, Body> {
        let mut drafts = BTreeMap::new();
        for crowd in 0..self.crowd.len() {
            while self.takes(crowd)
                && let Some((_, job)) = self.crowd[crowd].pop_first()
            {
                drafts.extend(self.queue(job, now));
            }
        }
        while self.ready.first().is_some_and(|(at, _)| *at <= now)
            && let Some((at, job)) = self.ready.pop_first()
        {
            let crowd = self.crowd_of(&job);
            if self.takes(crowd) || self.is_unreachable(&job) {
                drafts.extend(self.queue(job, now));
            } else {
                self.crowd[crowd].insert((at, job));
            }
        }
        drafts
    }

    /// Is there room for what waits in this crowd?
    fn takes(&self, crowd: usize) -> bool {
        if crowd == PHONE { self.phone.takes(true) } else { self.lanes.takes(crowd == PAGES) }
    }

    fn crowd_of(&self, job: &Job) -> usize {
        match job {
            Job::Page(..) if self.is_by_phone(job) => PHONE,
            Job::Page(..) => PAGES,
            Job::Sync(_) => SYNCS,
        }
    }

    fn is_unreachable(&self, job: &Job) -> bool {
        matches!(job, Job::Page(no, page) if self.unreachable(*no, *page).is_some())
    }

    fn queue(&mut self, job: Job, now: At) -> Option<(u64, Body)> {
        let work = self.jobs.get_mut(&job)?;
        work.ready_at = None;
        if let Job::Page(no, page) = job
            && let Some(settled) = self.unreachable(no, page)
        {
            self.release(&job, now);
            self.tell(&job, Awaiting::Settled);
            self.to_tell.push(settled);
            return None;
        }
        if let Job::Page(no, page) = job {
            if self.jobs.get(&Job::Page(no, page)).is_some_and(|w| w.lead.is_some()) {
                return None;
            }
            if self.page_of(no, page).is_some_and(|(_, p)| self.is_being_found(&p)) {
                self.make_ready(&job, now.plus_ms(RETRY_FIRST_MS));
                return None;
            }
            if let Some(until) = self.held_until(no, page, now) {
                self.make_ready(&job, until);
                return None;
            }
            self.gather(no, page, now);
        }
        if self.waits_with_card(&job, now) {
            return None;
        }
        // What others join while it waits is rendered when it leaves.
        let draft = matches!(job, Job::Sync(_)).then(|| self.render(&job));
        let is_silent = matches!(draft, Some(None));
        let Some(Address { method, channel, priority }) = self.address(&job).filter(|_| !is_silent) else {
            self.release(&job, now);
            // Called back between two tries, none of which arrived.
            if let Job::Page(no, page) = job
                && self.jobs.get(&job).is_some_and(|w| !w.in_doubt)
            {
                self.never_rang(no, page, now);
            }
            self.finish(&job);
            self.no_card(&job, now);
            return None;
        };
        self.next_call += 1;
        let id = self.next_call;
        let request = Request { id, method, channel, priority, body: serde_json::Value::Null };
        let is_phone = self.is_by_phone(&job);
        let lanes = if is_phone { &mut self.phone } else { &mut self.lanes };
        match lanes.push(request, now) {
            Ok(()) => {
                if is_phone {
                    self.phoned.insert(id);
                }
                self.note_looking(&job, now);
                self.note_new_card(&job, id, now);
                if let Some(work) = self.jobs.get_mut(&job) {
                    work.call = Some(id);
                }
                self.calls.insert(id, job);
                draft.flatten().map(|body| (id, body))
            }
            // The lanes are full for this kind of work; others may still have room.
            Err(_) => {
                self.make_ready(&job, now.plus_ms(RETRY_FIRST_MS));
                None
            }
        }
    }

    /// The job has nothing to do now. It is forgotten, unless the pump has still to hear of something.
    pub(super) fn finish(&mut self, job: &Job) {
        let Some(work) = self.jobs.get_mut(job) else { return };
        work.call = None;
        work.stale_at = None;
        if work.awaiting.is_none()
            && let Some(work) = self.drop_job(job)
            && let Some(at) = work.ready_at
        {
            self.leave(at, job);
        }
    }

    pub(super) fn try_again(&mut self, job: &Job, now: At) {
        let Some(work) = self.jobs.get_mut(job) else { return };
        let wait = RETRY_FIRST_MS.saturating_mul(1 << work.tries.min(10)).min(RETRY_MOST_MS);
        work.tries += 1;
        self.make_ready(job, now.plus_ms(wait));
    }
}

/// Which of the crowds is whose.
const PAGES: usize = 0;
const PHONE: usize = 1;
const SYNCS: usize = 2;
