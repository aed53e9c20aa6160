//! Pages by other ways than Slack: a text, a call, a hook.
//!
//! They have lanes of their own, so that nothing of Slack's can hold them up. What a provider took is sent, and nothing of
//! it can be changed. After a lost answer a provider is asked whether it has the text or the call; a hook is given the
//! page again, with the same number.

use super::bundle::TOLD_AT_ONCE;
use super::wire::can_be_named;
use super::{Address, Awaiting, Body, CERTAINTY_MS, Job, Outbox, Step};
use crate::domain::directory::{Method, User};
use crate::domain::id::{IncidentNo, PageId, UserId};
use crate::domain::incident::Incident;
use crate::domain::input::Settled;
use crate::domain::page::{Page, PageFailure, Purpose, Recipient};
use crate::domain::stamp::At;
use crate::methods::{CALL, FIND_CALL, FIND_TEXT, HOOK, TEXT};
use crate::slack::lanes::Priority;
use crate::slack::outcome::Outcome;
use crate::views;
use serde_json::{Value, json};
use std::sync::Arc;

/// A page that could not be handed over so often is held up: the person's next method is asked, and it goes on being tried
/// as long as it is wanted. A provider that is away for a minute must not cost anybody their telephone. The waits between
/// the tries are a quarter of a minute together; one that lets us wait for each answer adds its time limit.
pub const TRIES_MAX: u32 = 5;

/// A page that may have arrived twice is tried again after so long.
const DOUBTFUL_AGAIN_SECS: i64 = 60;

/// Somebody is called at most once in this time, in seconds, however much waits for them.
pub const CALL_EVERY_SECS: i64 = 3 * 60;

/// Receipts of the last texts and calls: an answer that is on its way to the state is not looked for again.
const RECEIPTS: usize = 200;

/// Incidents named one by one to a hook.
const NAMED_TO_A_HOOK: usize = 50;

impl Outbox {
    /// Does this job go by something other than Slack?
    pub(super) fn is_by_phone(&self, job: &Job) -> bool {
        let Job::Page(no, page) = job else { return false };
        let page = self.snapshot.world.incident(*no).and_then(|i| i.page(*page));
        page.is_some_and(|p| p.method != Method::Slack)
    }

    /// At a start: who was called a moment ago, by the wall clock, is not called again before their time.
    pub(super) fn remember_calls(&mut self, now: At) {
        let wall = self.snapshot.stamp.wall;
        for incident in self.snapshot.world.incidents.values() {
            for p in incident.pages.iter().filter(|p| p.method == Method::Voice && p.purpose != Purpose::Test) {
                let (Some(taken), Recipient::User(user)) = (&p.taken, &p.to) else { continue };
                let age_ms = wall.0 - taken.at.0;
                if !(0..CALL_EVERY_SECS * 1_000).contains(&age_ms) {
                    continue;
                }
                let pushed = now.plus_ms(-age_ms);
                let last = self.pushed.entry((user.clone(), Method::Voice)).or_insert((pushed, incident.no, p.id));
                if last.0 < pushed {
                    *last = (pushed, incident.no, p.id);
                }
            }
        }
    }

    /// Between two pushes to one person by this method, in seconds.
    pub(super) fn pause_secs(&self, method: &Method) -> i64 {
        match method {
            Method::Voice => CALL_EVERY_SECS,
            Method::Slack | Method::Sms | Method::Hook(_) => self.snapshot.directory.settings.bundle_secs,
        }
    }

    /// Where a page by phone goes; `None`: nowhere, any more.
    pub(super) fn phone_destination(&self, p: &Page) -> Option<String> {
        let d = &self.snapshot.directory;
        let Recipient::User(user) = &p.to else { return None };
        let user = d.users.get(user)?;
        match &p.method {
            Method::Slack => None,
            Method::Sms | Method::Voice => {
                d.twilio.as_ref()?;
                user.phone.as_ref().map(ToString::to_string)
            }
            Method::Hook(hook) => d.hooks.contains_key(hook).then(|| hook.to_string()),
        }
    }

    pub(super) fn phone_address(&self, p: &Page, step: &Step) -> Option<Address> {
        self.phone_destination(p)?;
        let (method, channel) = match (&p.method, step) {
            (Method::Sms, Step::Send) => (TEXT, None),
            (Method::Sms, _) => (FIND_TEXT, None),
            (Method::Voice, Step::Send) => (CALL, None),
            (Method::Voice, _) => (FIND_CALL, None),
            // A hook that hangs keeps no other.
            (Method::Hook(hook), _) => (HOOK, Some(hook.to_string())),
            (Method::Slack, _) => return None,
        };
        Some(Address { method, channel, priority: Priority::Page })
    }

    pub(super) fn phone_body(&self, no: IncidentNo, p: &Page, step: &Step) -> Option<Body> {
        let to = self.phone_destination(p)?;
        let (d, store) = (&self.snapshot.directory, self.snapshot.store);
        let owned = self.spoken_of(no, p.id);
        let all: Vec<(&Incident, &Page)> = owned.iter().map(|(i, p)| (&**i, p)).collect();
        let answers = d.public_url.is_some();
        let earlier = self.told_earlier(p, &all);
        let mut body =
            json!({ "to": to, "incident": no.0.to_string(), "page": p.id.0.to_string(), "store": store.to_string() });
        match &p.method {
            Method::Slack => return None,
            Method::Sms => body["text"] = json!(views::phone::text(&all, &earlier, d, answers)),
            Method::Voice => {
                let spoken = views::phone::spoken(&all, &earlier, d, answers);
                body["news"] = json!(spoken.news);
                body["menu"] = json!(spoken.menu);
            }
            Method::Hook(_) => {
                let Recipient::User(user) = &p.to else { return None };
                hook_body(&mut body, &all, d.users.get(user)?, &views::phone::text(&all, &earlier, d, false), d);
            }
        }
        if matches!(step, Step::LookUp) {
            body["since_ms"] = json!(p.requested.0);
            body["taken"] =
                json!(self.taken_by(p).into_iter().chain(self.receipts.iter().cloned()).collect::<Vec<_>>());
        }
        Some((body, None))
    }

    pub(super) fn phone_done(&mut self, no: IncidentNo, page: PageId, outcome: Outcome, now: At) -> Vec<Settled> {
        let job = Job::Page(no, page);
        let work = self.jobs.get(&job).filter(|w| w.awaiting.is_none());
        let Some((step, tries, in_doubt)) = work.map(|w| (w.step.clone(), w.tries, w.in_doubt)) else {
            return Vec::new();
        };
        let looks_up = self.page_of(no, page).is_some_and(|(_, p)| looks_up(&p.method));
        match (step, outcome) {
            (Step::Send, Outcome::Ok(answer)) => {
                let receipt = answer.get("receipt").and_then(Value::as_str).unwrap_or_default().to_owned();
                self.phone_sent(no, page, &receipt, now)
            }
            // Twice unknown: they may have been rung twice, and nobody knows. It goes on, and not at once.
            (Step::Send, Outcome::Unknown(why)) if looks_up && in_doubt => {
                let told = self.held_up(no, page, &why);
                if let Some(work) = self.jobs.get_mut(&job) {
                    work.tries = work.tries.max(TRIES_MAX);
                    work.in_doubt = false;
                }
                self.make_ready(&job, now.plus_secs(DOUBTFUL_AGAIN_SECS));
                told
            }
            (Step::Send, Outcome::Unknown(why)) if looks_up => {
                tracing::warn!(
                    incident = no.0,
                    page = page.0,
                    why,
                    "a provider's answer was lost; looking whether it has the page"
                );
                if let Some(work) = self.jobs.get_mut(&job) {
                    work.step = Step::LookUp;
                    work.in_doubt = true;
                    work.tries += 1;
                    work.look_until = Some(now.plus_ms(CERTAINTY_MS));
                }
                self.make_ready(&job, now);
                Vec::new()
            }
            (Step::Send, Outcome::Refused { error, .. }) => self.phone_failed(no, page, &error, now),
            (Step::Send, Outcome::NotSent(why) | Outcome::Unknown(why)) if tries + 1 == TRIES_MAX => {
                self.try_again(&job, now);
                self.held_up(no, page, &why)
            }
            (Step::Send, Outcome::NotSent(_) | Outcome::Unknown(_) | Outcome::RateLimited { .. }) => {
                self.try_again(&job, now);
                Vec::new()
            }
            (Step::LookUp | Step::OpenDm | Step::Find { .. }, Outcome::Ok(answer))
                if answer.get("receipt").is_some_and(Value::is_string) =>
            {
                let receipt = answer.get("receipt").and_then(Value::as_str).unwrap_or_default().to_owned();
                // Another look that was under way may have found the same for its own page.
                let page_of = self.page_of(no, page);
                let is_known = page_of.is_some_and(|(_, p)| self.taken_by(&p).iter().any(|known| **known == *receipt));
                if is_known || self.receipts.iter().any(|known| **known == *receipt) {
                    self.look_again(&job, now);
                    return Vec::new();
                }
                self.phone_sent(no, page, &receipt, now)
            }
            (Step::LookUp | Step::OpenDm | Step::Find { .. }, _) => {
                self.look_again(&job, now);
                Vec::new()
            }
        }
    }

    /// What is known to be another page to the same person: it is not this one.
    fn taken_by(&self, p: &Page) -> Vec<Arc<str>> {
        let same = |other: &&Page| other.to == p.to && other.method == p.method && other.id != p.id;
        let all = self.snapshot.world.incidents.values().flat_map(|i| i.pages.iter().filter(same));
        all.filter_map(|other| other.taken.as_ref()).map(|taken| taken.receipt.clone()).collect()
    }

    /// A page that was to call somebody came to nothing before it rang: what waits for its sake goes now.
    pub(super) fn never_rang(&mut self, no: IncidentNo, page: PageId, now: At) {
        let is_it = |(_, by, with): &(At, IncidentNo, PageId)| (*by, *with) == (no, page);
        let whom = self.pushed.iter().find(|((_, method), pushed)| *method == Method::Voice && is_it(pushed));
        if let Some(whom) = whom.map(|(whom, _)| whom.clone()) {
            self.wake(whom, now);
        }
    }

    fn phone_sent(&mut self, no: IncidentNo, page: PageId, receipt: &str, now: At) -> Vec<Settled> {
        // Found, it rang, though nobody noted when.
        if let Some((_, p)) =
            self.page_of(no, page).filter(|(_, p)| p.method == Method::Voice && p.purpose != Purpose::Test)
            && let Recipient::User(user) = p.to
        {
            self.pushed.entry((user, Method::Voice)).or_insert((now, no, page));
        }
        if self.receipts.len() >= RECEIPTS {
            self.receipts.pop_front();
        }
        self.receipts.push_back(receipt.into());
        let members = self.take_members(&Job::Page(no, page), now);
        let bundle = (!members.is_empty()).then_some(page);
        let pages: Vec<(IncidentNo, PageId)> = std::iter::once((no, page)).chain(members).collect();
        for (no, page) in &pages {
            let job = Job::Page(*no, *page);
            if let Some(work) = self.jobs.get_mut(&job) {
                work.step = Step::Send;
                work.look_until = None;
            }
            self.tell(&job, Awaiting::Settled);
        }
        pages
            .chunks(TOLD_AT_ONCE)
            .map(|pages| Settled::PagesSent { pages: pages.to_vec(), receipt: receipt.into(), bundle })
            .collect()
    }

    /// Nobody takes it, and it goes on being tried: the person's next method does not wait for that.
    fn held_up(&mut self, no: IncidentNo, page: PageId, why: &str) -> Vec<Settled> {
        tracing::warn!(incident = no.0, page = page.0, why, "a page cannot be handed over; it is tried on");
        let members = self.jobs.get(&Job::Page(no, page)).map(|w| w.members.clone()).unwrap_or_default();
        let delayed = |(incident, page)| Settled::PageHeldUp { incident, page };
        std::iter::once((no, page)).chain(members).map(delayed).collect()
    }

    fn phone_failed(&mut self, no: IncidentNo, page: PageId, why: &str, now: At) -> Vec<Settled> {
        let members = self.take_members(&Job::Page(no, page), now);
        self.never_rang(no, page, now);
        let why = PageFailure::Provider(views::mrkdwn::plain(why, FAILURE_CHARS));
        let failed = |(incident, page)| {
            self.tell(&Job::Page(incident, page), Awaiting::Settled);
            Settled::PageFailed { incident, page, why: why.clone() }
        };
        std::iter::once((no, page)).chain(members).map(failed).collect()
    }

    /// Those of `others` that one message can speak of beside `lead`: Slack's must name them in its metadata.
    pub(super) fn can_share(&self, lead: &Page, others: Vec<PageId>) -> std::collections::BTreeSet<PageId> {
        match lead.method {
            Method::Slack => {
                let left_out = self.left_out(lead, &others);
                can_be_named(lead.id, others, &left_out)
            }
            Method::Sms | Method::Voice | Method::Hook(_) => others.into_iter().collect(),
        }
    }
}

/// What is kept of a provider's complaint, in characters.
const FAILURE_CHARS: usize = 200;

/// Can it be asked what became of what was handed to it?
pub(super) fn looks_up(method: &Method) -> bool {
    match method {
        Method::Sms | Method::Voice => true,
        Method::Slack | Method::Hook(_) => false,
    }
}

/// What a hook is told. Documented in docs/telephone.md: names are kept.
fn hook_body(
    body: &mut Value,
    all: &[(&Incident, &Page)],
    user: &User,
    text: &str,
    d: &crate::domain::directory::Directory,
) {
    let one = |(i, _): &(&Incident, &Page)| {
        let service = d.services.get(&i.service).map_or(i.service.as_str(), |s| s.name.as_str());
        json!({
            "number": i.no.0, "title": i.title, "service": i.service, "service_name": service, "tier": i.tier,
            "urgency": i.urgency, "link": i.link, "test": i.is_test(), "major": i.major.is_some(),
        })
    };
    body["text"] = json!(text);
    body["user"] = json!({ "id": user.id, "name": user.name, "email": user.email, "phone": user.phone });
    body["count"] = json!(all.len());
    body["incidents"] = json!(all.iter().take(NAMED_TO_A_HOOK).map(one).collect::<Vec<_>>());
}

/// A person and by what: of whom it is known when they were last pushed.
pub(super) type Pushed = (UserId, Method);
