//! Pages: leased, re-checked, sent, and looked for when the answer was lost.

use super::bundle::TOLD_AT_ONCE;
use super::phone::looks_up;
use super::refused::{Refused, sort};
use super::wire::{FoundPage, found_page, hash, mark, page_metadata, posted, shown, with};
use super::{Address, Awaiting, CERTAINTY_MS, Job, Outbox, RETRY_SLOW_MS, Step};
use crate::domain::directory::Method;
use crate::domain::id::{IncidentNo, MessageRef, PageId, SlackUserId};
use crate::domain::incident::Incident;
use crate::domain::input::Settled;
use crate::domain::page::{Page, PageFailure, Purpose, Recipient, SyncKey};
use crate::domain::stamp::At;
use crate::slack::lanes::Priority;
use crate::slack::outcome::Outcome;
use crate::views;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

impl Outbox {
    pub(super) fn page_address(&self, no: IncidentNo, page: PageId) -> Option<Address> {
        let (_, p) = self.wanted(no, page)?;
        let work = self.jobs.get(&Job::Page(no, page))?;
        if p.method != Method::Slack {
            return self.phone_address(&p, &work.step);
        }
        let to = self.destination(&p)?;
        let (method, channel) = match &work.step {
            Step::Send | Step::LookUp => ("chat.postMessage", to),
            Step::OpenDm => ("conversations.open", to),
            Step::Find { channel } => ("conversations.history", channel.clone()),
        };
        Some(Address { method, channel: Some(channel), priority: Priority::Page })
    }

    /// Somebody who left the configuration, or lost their Slack id there, cannot be paged any more.
    pub(super) fn unreachable(&self, no: IncidentNo, page: PageId) -> Option<Settled> {
        let (_, p) = self.wanted(no, page)?;
        let failed = Settled::PageFailed { incident: no, page, why: PageFailure::NoMethod };
        (self.destination(&p).is_none() && !self.is_being_found(&p)).then_some(failed)
    }

    /// Somebody known by e-mail only, whose Slack id is not known yet: the page waits for it.
    pub(super) fn is_being_found(&self, p: &Page) -> bool {
        match &p.to {
            Recipient::User(user) if p.method == Method::Slack => {
                let user = self.snapshot.directory.users.get(user);
                user.is_some_and(|u| u.slack.is_none() && u.email.is_some())
            }
            Recipient::User(_) | Recipient::Channel(_) => false,
        }
    }

    /// The lease: a page is sent only if the committed state still wants it, at this instant.
    pub(super) fn page_body(&self, no: IncidentNo, page: PageId) -> Option<(Value, Option<u64>)> {
        let (incident, p) = self.wanted(no, page)?;
        let work = self.jobs.get(&Job::Page(no, page))?;
        if p.method != Method::Slack {
            return self.phone_body(no, &p, &work.step);
        }
        let to = self.destination(&p)?;
        let store = self.snapshot.store;
        match &work.step {
            Step::OpenDm => Some((json!({ "users": to }), None)),
            Step::Find { channel } => Some(self.look(channel)),
            Step::Send | Step::LookUp => {
                let all = self.spoken_of(no, page);
                let d = &self.snapshot.directory;
                let (view, push) = match all.as_slice() {
                    [] | [_] => {
                        let view = views::page::page(&incident, &p, d, store);
                        let asks = matches!(p.purpose, Purpose::Step) && views::page::waits(&incident, &p);
                        let earlier = self.told_earlier(&p, &[(&incident, &p)]);
                        let push = views::bundle::pushed_alone(&view.text, &incident, &earlier).filter(|_| asks);
                        (view, push)
                    }
                    all => {
                        let all: Vec<(&Incident, &Page)> = all.iter().map(|(i, p)| (&**i, p)).collect();
                        let push = views::bundle::pushed(&all, &self.told_earlier(&p, &all), d);
                        (views::bundle::bundle(&all, page, d, store), push)
                    }
                };
                let mut shown = shown(&view, work.plain);
                // What a push says of others is of its moment, and not part of what is compared with the state.
                let hash = hash(&shown);
                if let Some(push) = push {
                    shown["text"] = json!(push);
                }
                let mut more = json!({ "channel": to, "unfurl_links": false, "unfurl_media": false });
                if !work.bare {
                    let pages: Vec<PageId> = all.iter().map(|(_, p)| p.id).collect();
                    let left_out = if pages.len() > 1 { self.left_out(&p, &pages) } else { BTreeSet::new() };
                    more["metadata"] = page_metadata(store, no, page, p.to.name(), &pages, &left_out);
                }
                Some((with(mark(shown, work.in_doubt), more), Some(hash)))
            }
        }
    }

    pub(super) fn page_done(&mut self, no: IncidentNo, page: PageId, outcome: Outcome, now: At) -> Vec<Settled> {
        let job = Job::Page(no, page);
        // Found with another one that looked there, it has nothing to hear.
        let work = self.jobs.get(&job).filter(|w| w.awaiting.is_none());
        let Some(step) = work.map(|w| w.step.clone()) else { return Vec::new() };
        match (step, outcome) {
            (Step::Send | Step::LookUp, Outcome::Ok(answer)) => match posted(&answer) {
                Some(message) => self.delivered(no, page, message, now),
                // Slack says yes and does not say where: as uncertain as no answer.
                None => self.look_for_page(no, page, now),
            },
            (Step::Send | Step::LookUp, Outcome::Unknown(_)) => self.look_for_page(no, page, now),
            (Step::Send | Step::LookUp, Outcome::Refused { error, .. }) => self.page_refused(no, page, &error, now),
            (Step::Send | Step::LookUp, Outcome::NotSent(_) | Outcome::RateLimited { .. }) => {
                self.try_again(&job, now);
                Vec::new()
            }
            (Step::OpenDm, Outcome::Ok(answer)) if answer.pointer("/channel/id").is_some_and(Value::is_string) => {
                let channel = answer.pointer("/channel/id").and_then(Value::as_str).unwrap_or_default().to_owned();
                if let Some(work) = self.jobs.get_mut(&job) {
                    work.step = Step::Find { channel };
                }
                self.make_ready(&job, now);
                Vec::new()
            }
            (Step::Find { channel }, Outcome::Ok(answer)) => match self.found_page(&answer, no, page) {
                Some(found) => self.found(no, page, &channel, &found, now),
                None => {
                    self.look_again(&job, now);
                    Vec::new()
                }
            },
            // Looking does not work: the page goes when its time of certainty is over.
            (Step::OpenDm | Step::Find { .. }, _) => {
                self.look_again(&job, now);
                Vec::new()
            }
        }
    }

    /// Where a page that may have been sent is looked for.
    pub(super) fn how_to_look_for(&self, p: &Page) -> Step {
        if p.method != Method::Slack {
            return if looks_up(&p.method) { Step::LookUp } else { Step::Send };
        }
        match &p.to {
            Recipient::User(_) => Step::OpenDm,
            Recipient::Channel(channel) => Step::Find { channel: channel.to_string() },
        }
    }

    fn look_for_page(&mut self, no: IncidentNo, page: PageId, now: At) -> Vec<Settled> {
        let job = Job::Page(no, page);
        // Whether or not the state still wants it: it may be on a screen by now.
        let Some(p) = self.snapshot.world.incident(no).and_then(|i| i.page(page).cloned()) else {
            self.release(&job, now);
            self.finish(&job);
            return Vec::new();
        };
        let step = self.how_to_look_for(&p);
        if let Some(work) = self.jobs.get_mut(&job) {
            work.step = step;
            work.in_doubt = true;
            work.look_until = Some(now.plus_ms(CERTAINTY_MS));
        }
        self.make_ready(&job, now);
        Vec::new()
    }

    /// The message was posted: it, and whatever it speaks of besides, is delivered.
    fn delivered(&mut self, no: IncidentNo, page: PageId, message: MessageRef, now: At) -> Vec<Settled> {
        let job = Job::Page(no, page);
        let sent = self.jobs.get(&job).and_then(|w| w.sent);
        let members = self.take_members(&job, now);
        let bundle = (!members.is_empty()).then_some(page);
        let all = || std::iter::once((no, page)).chain(members.iter().copied());
        if let (Some(hash), Some((no, page))) = (sent, all().min()) {
            self.ledger.set(SyncKey::Dm(no, page), hash);
        }
        let pages = all().collect();
        self.are_there(pages, message, bundle)
    }

    /// The message of an answer that speaks of this page.
    pub(super) fn found_page(&self, answer: &Value, no: IncidentNo, page: PageId) -> Option<FoundPage> {
        let (_, p) = self.page_of(no, page)?;
        found_page(answer, self.snapshot.store, p.to.name(), page)
    }

    /// The message was found in the history; what it shows is not known.
    pub(super) fn found(
        &mut self,
        no: IncidentNo,
        page: PageId,
        channel: &str,
        found: &FoundPage,
        now: At,
    ) -> Vec<Settled> {
        // Others that it speaks of may look no more, because their time of certainty is over: they are there as well.
        let Some((_, p)) = self.page_of(no, page) else { return Vec::new() };
        let is_theirs = |(no, other): &(IncidentNo, PageId)| {
            self.page_of(*no, *other).is_some_and(|(_, other)| other.to == p.to && other.method == p.method)
        };
        let wanted = self.snapshot.world.wanted.iter().filter(|(other, _)| found.speaks_of(**other));
        let mut pages: Vec<(IncidentNo, PageId)> = wanted.map(|(other, no)| (*no, *other)).filter(is_theirs).collect();
        pages.retain(|(no, other)| self.jobs.get(&Job::Page(*no, *other)).is_some_and(|w| w.awaiting.is_none()));
        pages.retain(|other| *other != (no, page));
        pages.insert(0, (no, page));
        for (no, page) in pages.clone() {
            for (no, member) in self.take_members(&Job::Page(no, page), now) {
                // Those that it gathered for a message after that one were never sent.
                if !found.speaks_of(member) {
                    self.make_ready(&Job::Page(no, member), now);
                } else if !pages.contains(&(no, member)) {
                    pages.push((no, member));
                }
            }
        }
        let message = MessageRef { channel: channel.into(), ts: found.ts.as_str().into() };
        self.are_there(pages, message, found.bundle)
    }

    fn are_there(
        &mut self,
        pages: Vec<(IncidentNo, PageId)>,
        message: MessageRef,
        bundle: Option<PageId>,
    ) -> Vec<Settled> {
        for (no, page) in &pages {
            let job = Job::Page(*no, *page);
            // Found by another's look, it may still wait for its own.
            if let Some(work) = self.jobs.get_mut(&job) {
                work.step = Step::Send;
                work.look_until = None;
                if let Some(at) = work.ready_at.take() {
                    self.leave(at, &job);
                }
            }
            self.tell(&job, Awaiting::Settled);
        }
        pages
            .chunks(TOLD_AT_ONCE)
            .map(|pages| Settled::PagesDelivered { pages: pages.to_vec(), message: message.clone(), bundle })
            .collect()
    }

    fn page_refused(&mut self, no: IncidentNo, page: PageId, error: &str, now: At) -> Vec<Settled> {
        let job = Job::Page(no, page);
        let Some(work) = self.jobs.get_mut(&job) else { return Vec::new() };
        match sort(error) {
            Refused::Token => {
                self.make_ready(&job, now.plus_ms(RETRY_SLOW_MS));
                Vec::new()
            }
            Refused::Blocks if !work.plain => {
                tracing::error!(
                    incident = no.0,
                    page = page.0,
                    error,
                    "Slack refused a page's blocks; sending words only"
                );
                work.plain = true;
                self.make_ready(&job, now);
                Vec::new()
            }
            Refused::Metadata if !work.bare => {
                tracing::error!(incident = no.0, page = page.0, error, "Slack refused a page's metadata; sending none");
                work.bare = true;
                self.make_ready(&job, now);
                Vec::new()
            }
            Refused::Blocks | Refused::Metadata | Refused::MessageGone | Refused::Destination => {
                let members = self.take_members(&job, now);
                let failed = |(incident, page)| {
                    self.tell(&Job::Page(incident, page), Awaiting::Settled);
                    Settled::PageFailed { incident, page, why: PageFailure::Slack(error.to_owned()) }
                };
                std::iter::once((no, page)).chain(members).map(failed).collect()
            }
        }
    }

    /// The incident and page, if the page is wanted and the pump was not told otherwise.
    fn wanted(&self, no: IncidentNo, page: PageId) -> Option<(Arc<Incident>, Page)> {
        let incident = self.snapshot.world.incident(no)?;
        let p = incident.page(page)?;
        let work = self.jobs.get(&Job::Page(no, page))?;
        let looking = work.look_until.is_some();
        // One that may have been sent is looked for even when it was called back: its message must be kept true.
        ((p.is_wanted() || looking && work.step != Step::Send) && work.awaiting.is_none())
            .then(|| (incident.clone(), p.clone()))
    }

    pub(super) fn destination(&self, p: &Page) -> Option<String> {
        if p.method != Method::Slack {
            return self.phone_destination(p);
        }
        match &p.to {
            Recipient::Channel(channel) => Some(channel.to_string()),
            Recipient::User(user) => {
                let slack: Option<&SlackUserId> = self.snapshot.directory.users.get(user)?.slack.as_ref();
                slack.map(ToString::to_string)
            }
        }
    }
}
