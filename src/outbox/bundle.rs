//! One push at a time: what is asked of one person while an earlier push to them is fresh waits a moment, and then goes
//! as one message.
//!
//! The first page to somebody goes at once. Whatever else they are to be asked within [`Settings::bundle_secs`] of it
//! waits for that moment; then one page leads, and the others follow in its message. What happened to the message
//! happened to all of them.
//!
//! [`Settings::bundle_secs`]: crate::domain::directory::Settings::bundle_secs

use super::{Job, Outbox, Step};
use crate::domain::id::{IncidentNo, PageId, UserId};
use crate::domain::incident::Incident;
use crate::domain::page::{Page, Recipient};
use crate::domain::stamp::At;
use std::sync::Arc;

/// Pages in one message; the rest goes with the next one.
pub const BUNDLE_MOST: usize = 500;

impl Outbox {
    /// Until when this page waits because somebody was pushed a moment ago; `None`: it goes now.
    pub(super) fn held_until(&self, no: IncidentNo, page: PageId, now: At) -> Option<At> {
        let (_, p) = self.page_of(no, page)?;
        let work = self.jobs.get(&Job::Page(no, page))?;
        let is_first_try = work.step == Step::Send && work.tries == 0 && !work.in_doubt && work.members.is_empty();
        if !is_first_try || !p.may_share() {
            return None;
        }
        let until = self.pushed.get(recipient(&p)?)?.plus_secs(self.bundle_secs());
        (until > now).then_some(until)
    }

    fn bundle_secs(&self) -> i64 {
        self.snapshot.directory.settings.bundle_secs
    }

    /// This page goes now, and with it whatever else waits for the same person.
    pub(super) fn gather(&mut self, no: IncidentNo, page: PageId, now: At) {
        let lead = Job::Page(no, page);
        let Some((_, p)) = self.page_of(no, page).filter(|(_, p)| p.may_share() && self.bundle_secs() > 0) else {
            return;
        };
        let Some(user) = recipient(&p).cloned() else { return };
        let fresh = now.plus_secs(-self.bundle_secs());
        self.pushed.retain(|_, at| *at > fresh);
        self.pushed.insert(user, now);
        if self.jobs.get(&lead).is_none_or(|w| w.step != Step::Send || !w.members.is_empty()) {
            return;
        }
        let waits = |job: &Job| {
            let Job::Page(no, page) = job else { return None };
            let work = self.jobs.get(job)?;
            let is_free = work.step == Step::Send
                && work.call.is_none()
                && work.awaiting.is_none()
                && work.lead.is_none()
                && work.members.is_empty()
                && !work.in_doubt;
            let (_, other) = self.page_of(*no, *page)?;
            (is_free && other.is_wanted() && other.may_share() && other.to == p.to).then_some((*no, *page))
        };
        let pages = self.jobs.keys().filter(|job| **job != lead);
        let members: Vec<(IncidentNo, PageId)> = pages.filter_map(waits).take(BUNDLE_MOST - 1).collect();
        for (no, page) in &members {
            let job = Job::Page(*no, *page);
            if let Some(work) = self.jobs.get_mut(&job) {
                work.lead = Some(lead.clone());
                if let Some(at) = work.ready_at.take() {
                    self.leave(at, &job);
                }
            }
        }
        if let Some(work) = self.jobs.get_mut(&lead) {
            work.members = members;
        }
    }

    /// The pages that a message of this page speaks of now, the page itself among them, by number.
    pub(super) fn spoken_of(&self, no: IncidentNo, page: PageId) -> Vec<(Arc<Incident>, Page)> {
        let Some(work) = self.jobs.get(&Job::Page(no, page)) else { return Vec::new() };
        let members = work.members.iter().copied().filter_map(|(no, page)| self.page_of(no, page));
        let mut all: Vec<(Arc<Incident>, Page)> = members.filter(|(_, p)| p.is_wanted()).collect();
        all.extend(self.page_of(no, page));
        all.sort_by_key(|(i, p)| (i.no, p.id));
        all
    }

    /// The lead goes nowhere: whoever followed it goes alone, or with another.
    pub(super) fn release(&mut self, lead: &Job, now: At) {
        let Some(work) = self.jobs.get_mut(lead) else { return };
        for (no, page) in std::mem::take(&mut work.members) {
            let job = Job::Page(no, page);
            if let Some(work) = self.jobs.get_mut(&job).filter(|w| w.lead.as_ref() == Some(lead)) {
                work.lead = None;
                self.make_ready(&job, now);
            }
        }
    }

    /// The members of a message that was sent, and no others: those left out are free again.
    pub(super) fn take_members(&mut self, lead: &Job, now: At) -> Vec<(IncidentNo, PageId)> {
        let Some(work) = self.jobs.get_mut(lead) else { return Vec::new() };
        let sent = std::mem::take(&mut work.sent_members);
        work.members.retain(|m| !sent.contains(m));
        self.release(lead, now);
        for (no, page) in &sent {
            if let Some(work) = self.jobs.get_mut(&Job::Page(*no, *page)) {
                work.lead = None;
            }
        }
        sent
    }

    pub(super) fn page_of(&self, no: IncidentNo, page: PageId) -> Option<(Arc<Incident>, Page)> {
        let incident = self.snapshot.world.incident(no)?;
        Some((incident.clone(), incident.page(page)?.clone()))
    }
}

fn recipient(p: &Page) -> Option<&UserId> {
    match &p.to {
        Recipient::User(user) => Some(user),
        Recipient::Channel(_) => None,
    }
}
