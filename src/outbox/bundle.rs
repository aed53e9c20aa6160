//! One push at a time: what is asked of one person while an earlier push to them is fresh waits a moment, and then goes
//! as one message.
//!
//! The first page to somebody goes at once. Whatever else they are to be asked within [`Settings::bundle_secs`] of it,
//! while it is unanswered, waits for that moment; then one page leads, and the others follow in its message. What happened
//! to the message happened to all of them.
//!
//! [`Settings::bundle_secs`]: crate::domain::directory::Settings::bundle_secs

use super::phone::Pushed;
use super::{Job, Outbox, Step};
use crate::domain::directory::Method;
use crate::domain::id::{IncidentNo, MessageRef, PageId, UserId};
use crate::domain::incident::Incident;
use crate::domain::page::{Page, PageState, Purpose, Recipient, SyncKey};
use crate::domain::stamp::At;
use crate::views;
use crate::views::bundle::Earlier;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Pages in one message, where its metadata can name them all; the rest goes with the next one.
pub const BUNDLE_MOST: usize = 10_000;
/// Of those, how many the pump hears of at once: each of them is a fact, and the facts of one input are one frame.
pub(super) const TOLD_AT_ONCE: usize = 200;

impl Outbox {
    /// Until when this page waits because somebody was pushed a moment ago; `None`: it goes now.
    pub(super) fn held_until(&self, no: IncidentNo, page: PageId, now: At) -> Option<At> {
        let (_, p) = self.page_of(no, page)?;
        let work = self.jobs.get(&Job::Page(no, page))?;
        // It proves that it comes, at once; and it delays nothing that matters.
        if p.purpose == Purpose::Test {
            return None;
        }
        let is_first_try = work.step == Step::Send && work.tries == 0 && !work.in_doubt && work.members.is_empty();
        // However much there is to say, a telephone does not ring all the time.
        let always = p.method == Method::Voice;
        if !is_first_try || !(p.may_share() || always) {
            return None;
        }
        // What a hook may have been given by an earlier process goes alone, and at once.
        if matches!(p.method, Method::Hook(_)) && p.attempts > 1 {
            return None;
        }
        let last = self.pushed.get(&(recipient(&p)?.clone(), p.method.clone()));
        let (pushed, by, with) = *last.filter(|(_, by, with)| (*by, *with) != (no, page))?;
        let until = pushed.plus_secs(self.pause_secs(&p.method));
        (until > now && (always || self.rings(by, with))).then_some(until)
    }

    /// Is this push under way, or there and unanswered? One that was refused or called back holds nothing; whoever
    /// answered is awake, and looks.
    fn rings(&self, no: IncidentNo, page: PageId) -> bool {
        let Some((i, p)) = self.page_of(no, page) else { return false };
        let is_sent = match &p.state {
            PageState::Delivered { .. } | PageState::Sent { .. } => true,
            PageState::Requested => {
                self.jobs.get(&Job::Page(no, page)).is_some_and(|w| w.call.is_some() || w.awaiting.is_some())
            }
            PageState::Failed(_) | PageState::Revoked(_) => false,
        };
        is_sent && views::page::wants(&i, &p)
    }

    /// The push that others waited for was answered: they go now.
    pub(super) fn wake_held(&mut self, changed: &BTreeSet<IncidentNo>, now: At) {
        let answered = |(_, no, page): &(At, IncidentNo, PageId)| changed.contains(no) && !self.rings(*no, *page);
        let is_awake = |(_, method): &Pushed, pushed| *method != Method::Voice && answered(pushed);
        let awake: Vec<Pushed> =
            self.pushed.iter().filter(|(whom, pushed)| is_awake(whom, pushed)).map(|(whom, _)| whom.clone()).collect();
        for whom in awake {
            self.wake(whom, now);
        }
    }

    /// Whoever waited for the push to this person, by this method, goes now.
    pub(super) fn wake(&mut self, whom: Pushed, now: At) {
        self.pushed.remove(&whom);
        let is_held = |job: &Job| {
            self.jobs.get(job).is_some_and(|work| {
                work.tries == 0
                    && work.call.is_none()
                    && work.lead.is_none()
                    && work.ready_at.is_some_and(|at| at > now)
            })
        };
        let held: Vec<Job> = self.pages_of(&whom).map(|(no, page)| Job::Page(no, page)).filter(is_held).collect();
        for job in held {
            self.make_ready(&job, now);
        }
    }

    /// Closed, incidents are left out of the messages that spoke of them beside others.
    pub(super) fn others_stale(&mut self, closed: &BTreeSet<IncidentNo>, now: At) {
        let world = &self.snapshot.world;
        let incidents = closed.iter().filter_map(|no| world.incident(*no));
        let bundles: BTreeSet<PageId> = incidents.flat_map(|i| i.pages.iter().filter_map(Page::bundle)).collect();
        // What was taken for lost was sent again by the same number: each message is kept true by its first page.
        let mut first: BTreeMap<&MessageRef, SyncKey> = BTreeMap::new();
        for (i, p) in bundles.into_iter().flat_map(|number| world.bundle(number)) {
            if let Some(message) = p.message() {
                first.entry(message).or_insert(SyncKey::Dm(i.no, p.id));
            }
        }
        for key in first.into_values().collect::<Vec<_>>() {
            self.stale(key, now);
        }
    }

    /// This page goes now, and with it whatever else waits for the same person.
    pub(super) fn gather(&mut self, no: IncidentNo, page: PageId, now: At) {
        let lead = Job::Page(no, page);
        let may_lead = |p: &Page| p.is_wanted() && self.pause_secs(&p.method) > 0;
        let Some((_, p)) = self.page_of(no, page).filter(|(_, p)| may_lead(p)) else { return };
        if p.purpose == Purpose::Test || !p.may_share() && p.method != Method::Voice {
            return;
        }
        // A look is no push.
        if self.jobs.get(&lead).is_none_or(|w| w.step != Step::Send) {
            return;
        }
        let Some(user) = recipient(&p).cloned() else { return };
        let whom = (user, p.method.clone());
        let mut pushed = std::mem::take(&mut self.pushed);
        pushed.retain(|(_, method), (at, _, _)| *at > now.plus_secs(-self.pause_secs(method)));
        pushed.insert(whom.clone(), (now, no, page));
        self.pushed = pushed;
        // What a hook was given once, it is given again as it was: it is known there by its number.
        let is_repeat = self.jobs.get(&lead).is_some_and(|w| w.tries > 0) || p.attempts > 1;
        if !p.may_share() || matches!(p.method, Method::Hook(_)) && is_repeat {
            return;
        }
        if self.jobs.get(&lead).is_none_or(|w| !w.members.is_empty()) {
            return;
        }
        let waits = |(no, page): (IncidentNo, PageId)| {
            let work = self.jobs.get(&Job::Page(no, page))?;
            let is_free = work.step == Step::Send
                && work.call.is_none()
                && work.awaiting.is_none()
                && work.lead.is_none()
                && work.members.is_empty()
                && !work.in_doubt;
            let other = self.snapshot.world.incident(no)?.page(page)?;
            (is_free && other.is_wanted() && other.may_share()).then_some((no, page))
        };
        let pages = self.pages_of(&whom).filter(|other| *other != (no, page));
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

    /// The pages that a message of this page speaks of now, the page itself among them, by number. Those that its
    /// metadata could not name are left for the next message: after a restart, they would not be found in this one.
    pub(super) fn spoken_of(&self, no: IncidentNo, page: PageId) -> Vec<(Arc<Incident>, Page)> {
        let Some(work) = self.jobs.get(&Job::Page(no, page)) else { return Vec::new() };
        let members = work.members.iter().copied().filter_map(|(no, page)| self.page_of(no, page));
        let mut all: Vec<(Arc<Incident>, Page)> = members.filter(|(_, p)| p.is_wanted()).collect();
        let lead = self.page_of(no, page);
        if let Some((_, lead)) = lead.as_ref().filter(|_| !all.is_empty()) {
            let named = self.can_share(lead, all.iter().map(|(_, p)| p.id).collect());
            all.retain(|(_, p)| named.contains(&p.id));
        }
        all.extend(lead);
        all.sort_by_key(|(i, p)| (i.no, p.id));
        all
    }

    /// What waits for the reader of this message, and is not in it.
    pub(super) fn told_earlier<'a>(&'a self, p: &Page, all: &[(&Incident, &Page)]) -> Earlier<'a> {
        match &p.to {
            Recipient::User(_) => Earlier::of(p, all, self.snapshot.world.incidents.values().map(|i| &**i)),
            Recipient::Channel(_) => Earlier::default(),
        }
    }

    /// Pages to the same person, by the same method, that may be looked for and are neither this one nor among `all`.
    pub(super) fn left_out(&self, lead: &Page, all: &[PageId]) -> BTreeSet<PageId> {
        let Some(user) = recipient(lead) else { return BTreeSet::new() };
        let named: BTreeSet<&PageId> = all.iter().collect();
        let others = self.pages_of(&(user.clone(), lead.method.clone())).map(|(_, page)| page);
        others.filter(|page| *page != lead.id && !named.contains(page)).collect()
    }

    /// The pages to this person that there is something to do for.
    fn pages_of<'a>(&'a self, whom: &Pushed) -> impl Iterator<Item = (IncidentNo, PageId)> + 'a {
        self.by_person.get(whom).into_iter().flatten().copied()
    }

    /// This page is among them from now on.
    pub(super) fn enlist(&mut self, p: &Page, no: IncidentNo) {
        if let Some(user) = recipient(p) {
            self.by_person.entry((user.clone(), p.method.clone())).or_default().insert((no, p.id));
        }
    }

    /// There is nothing more to do for this job.
    pub(super) fn drop_job(&mut self, job: &Job) -> Option<super::Work> {
        let work = self.jobs.remove(job);
        if let Job::Page(no, page) = job {
            let of = |(whom, pages): (&Pushed, &BTreeSet<_>)| pages.contains(&(*no, *page)).then(|| whom.clone());
            // Closed by now, it may be in memory no more.
            let known = self.page_of(*no, *page).and_then(|(_, p)| Some((recipient(&p)?.clone(), p.method.clone())));
            if let Some(whom) = known.or_else(|| self.by_person.iter().find_map(of))
                && let Some(pages) = self.by_person.get_mut(&whom)
            {
                pages.remove(&(*no, *page));
                if pages.is_empty() {
                    self.by_person.remove(&whom);
                }
            }
        }
        work
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
