//! What is to be true outside, and the way there.
//!
//! Two kinds of work. A **page** is edge-triggered: exactly this, once in practice; it is re-checked against the
//! committed state at the last moment before its call. A **sync** (card, thread, direct message) is level-triggered: it
//! takes nothing but its key, renders what the state says now, compares with what was last shown, and posts, edits or
//! does nothing.
//!
//! [`Outbox`] is a machine without I/O: [`Outbox::committed`] tells it of a new state, [`Outbox::poll`] says what to
//! send now, [`Outbox::done`] takes the answer and says what to tell the pump. The simulation drives the same machine.
//!
//! Its `now` is the steady clock: a step of the wall clock must not hold a page back. Times in the state are the wall's
//! and are only compared with each other.
//!
//! Slack has no idempotency keys. After a lost answer a message is looked for by its metadata; a page waits at most
//! [`CERTAINTY_MS`] for that and then goes again: better twice than never.

use crate::domain::id::{IncidentNo, PageId};
use crate::domain::incident::Incident;
use crate::domain::input::Settled;
use crate::domain::page::SyncKey;
use crate::domain::stamp::At;
use crate::pump::boot::Replayed;
use crate::pump::{Published, Snapshot};
use crate::slack::lanes::{Done, Lanes, Priority, Request};
use crate::slack::outcome::Outcome;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub mod bundle;
mod cards;
pub mod driver;
mod following;
mod health;
pub mod ledger;
mod look;
mod page;
pub mod phone;
mod post;
mod queue;
mod reconcile;
mod refused;
mod wire;
mod work;

pub use health::Health;
use ledger::Ledger;
pub use wire::hash;
pub use work::Job;
use work::{Awaiting, Step, Work};

/// How long a page whose answer was lost is looked for before it goes again.
pub const CERTAINTY_MS: i64 = 8_000;
/// A count on a card may be this old.
pub const COSMETIC_DELAY_MS: i64 = 30_000;
/// The log below a card may be this old: what happens at once is one edit.
pub const LOG_DELAY_MS: i64 = 3_000;
/// Between two tries of one job: doubles from the first to the second.
pub const RETRY_FIRST_MS: i64 = 1_000;
pub const RETRY_MOST_MS: i64 = 15_000;
/// While Slack refuses our token, or a card's last channel is gone.
pub const RETRY_SLOW_MS: i64 = 30_000;
/// Between two looks for a message in the history, which lags behind.
const LOOK_AGAIN_MS: i64 = 1_500;

/// The machine.
pub struct Outbox {
    snapshot: Arc<Snapshot>,
    lanes: Lanes,
    /// Of what goes by something other than Slack.
    phone: Lanes,
    /// Which of the calls are theirs.
    phoned: BTreeSet<u64>,
    /// What providers called the last that they took.
    receipts: VecDeque<Arc<str>>,
    jobs: BTreeMap<Job, Work>,
    /// The pages among them, by whom they are for and by what they go.
    by_person: BTreeMap<phone::Pushed, BTreeSet<(IncidentNo, PageId)>>,
    ready: BTreeSet<(At, Job)>,
    /// Jobs that look for a message, by when they give up.
    looking: BTreeSet<(At, Job)>,
    /// Ready, and no room in the lanes: pages in Slack, those by phone, and the rest. They are not looked at before there is room, however many
    /// they are.
    crowd: [BTreeSet<(At, Job)>; 3],
    new_cards: cards::NewCards,
    calls: BTreeMap<u64, Job>,
    /// Jobs the pump was told of and has not committed.
    told: BTreeSet<Job>,
    /// To be told at the next poll.
    to_tell: Vec<Settled>,
    /// When somebody was last pushed by a method, on the steady clock, and by which page; those of a moment ago only.
    pushed: BTreeMap<phone::Pushed, (At, IncidentNo, PageId)>,
    next_call: u64,
    ledger: Ledger,
    health: Health,
    /// After a restore, until a person confirms: nothing is sent.
    paused: bool,
}

impl Outbox {
    /// Starts from a committed state. Whatever has no identity may have been posted by an earlier process, and is
    /// looked for before it is posted.
    pub fn new(snapshot: Arc<Snapshot>, ledger: Ledger, replayed: &Replayed, paused: bool, now: At) -> Self {
        let mut outbox = Self {
            snapshot: snapshot.clone(),
            lanes: Lanes::new(),
            phone: Lanes::new(),
            phoned: BTreeSet::new(),
            receipts: VecDeque::new(),
            jobs: BTreeMap::new(),
            by_person: BTreeMap::new(),
            ready: BTreeSet::new(),
            looking: BTreeSet::new(),
            crowd: Default::default(),
            new_cards: cards::NewCards::default(),
            calls: BTreeMap::new(),
            told: BTreeSet::new(),
            to_tell: Vec::new(),
            pushed: BTreeMap::new(),
            next_call: 0,
            ledger,
            health: Health::default(),
            paused,
        };
        let is_open = |no| snapshot.world.incident(no).is_some_and(|i| !i.closed);
        outbox.ledger.keep_incidents(is_open);
        outbox.doubt(replayed);
        for incident in snapshot.world.incidents.values().filter(|i| !i.closed) {
            outbox.everything_stale(incident.no, now);
            if incident.card.is_none() {
                let find = Step::Find { channel: incident.channel.to_string() };
                let look_until = outbox.certain_at(incident.opened, now);
                if let Some(work) = outbox.jobs.get_mut(&Job::Sync(SyncKey::Card(incident.no))) {
                    work.step = find;
                    work.look_until = Some(look_until);
                }
            }
        }
        outbox.ledger.keep_posts(|id| snapshot.world.posts.contains_key(&id));
        outbox.look_for_posts(now);
        outbox.followers_stale(now);
        outbox.remember_calls(now);
        outbox
    }

    /// A new committed state.
    pub fn committed(&mut self, published: &Published, now: At) {
        self.snapshot = published.snapshot.clone();
        self.forget_what_is_committed();
        self.others_stale(&published.stale.closed, now);
        for no in &published.stale.closed {
            self.ledger.forget_incident(*no);
        }
        for no in &published.stale.everything {
            self.everything_stale(*no, now);
        }
        self.wake_held(&published.stale.everything, now);
        let has_card = |no: &&IncidentNo| self.snapshot.world.incident(**no).is_none_or(|i| !i.is_test());
        let card_only: Vec<IncidentNo> = published.stale.card_only.iter().filter(has_card).copied().collect();
        for no in &card_only {
            self.stale(SyncKey::Card(*no), now.plus_ms(COSMETIC_DELAY_MS));
            // What waits for its threshold says in each of its messages how often it came.
            if let Some(waits) = self.snapshot.world.incident(*no).filter(|i| i.counting.is_some()).cloned() {
                self.dms_stale(&waits, now.plus_ms(COSMETIC_DELAY_MS));
            }
        }
        self.lists_stale(published, now);
        for id in &published.stale.posts_gone {
            self.ledger.forget(&SyncKey::Post(*id));
        }
        for id in &published.stale.posts {
            self.stale(SyncKey::Post(*id), now);
        }
        for id in &published.stale.posts_later {
            self.stale(SyncKey::Post(*id), now.plus_ms(COSMETIC_DELAY_MS));
        }
        if published.stale.all_posts {
            self.all_posts_stale(now);
            self.followers_stale(now);
        }
    }

    /// What to send now, and what the pump must hear. Each request counts as in flight until [`Outbox::done`].
    pub fn poll(&mut self, now: At) -> (Vec<Request>, Vec<Settled>) {
        if self.paused {
            return (Vec::new(), Vec::new());
        }
        self.give_up_looking(now);
        let mut drafts = self.queue_what_is_ready(now);
        let mut requests = Vec::new();
        let leaving: Vec<Request> = self.phone.poll(now).into_iter().chain(self.lanes.poll(now)).collect();
        for mut request in leaving {
            let Some(job) = self.calls.get(&request.id).cloned() else { continue };
            // The state may have changed while the call waited for its lane: look again, at the last moment.
            let body = drafts.remove(&request.id).or_else(|| self.render(&job));
            let address = body.as_ref().and_then(|_| self.address(&job));
            let same = address.as_ref().is_some_and(|a| a.method == request.method && a.channel == request.channel);
            match body.filter(|_| same) {
                Some((body, sent)) => {
                    request.body = body;
                    let members = self.members_sent(&job);
                    if let Some(work) = self.jobs.get_mut(&job) {
                        work.sent = sent;
                        work.sent_members = members;
                        work.sent_to = request.channel.clone();
                        work.stale_at = None;
                    }
                    requests.push(request);
                }
                None => {
                    let unwanted = Outcome::NotSent("not wanted any more".to_owned());
                    self.lanes_of(request.id).done(request.id, &unwanted, now);
                    self.forget_call(request.id, now);
                    self.release(&job, now);
                    if let Job::Page(no, page) = job {
                        self.never_rang(no, page, now);
                    }
                    if address.is_some() && !same {
                        if let Some(work) = self.jobs.get_mut(&job) {
                            work.call = None;
                        }
                        self.make_ready(&job, now);
                    } else {
                        self.finish(&job);
                    }
                }
            }
        }
        (requests, std::mem::take(&mut self.to_tell))
    }

    /// Takes the answer to a request, and says what the pump must hear.
    pub fn done(&mut self, id: u64, outcome: Outcome, now: At) -> Vec<Settled> {
        let follows = matches!(self.calls.get(&id), Some(Job::Sync(SyncKey::Follower(..))));
        let spared = |error: &str| follows && following::is_about_this_feature(error);
        let is_slack = !self.phoned.contains(&id);
        if !is_slack {
            self.note_phone_health(&outcome, now);
        }
        // A provider that has no time is no better than one that is away: it is tried a few times, and not for ever.
        let outcome = match outcome {
            Outcome::RateLimited { .. } if !is_slack => Outcome::NotSent("it was asked to wait".to_owned()),
            other => other,
        };
        if is_slack && !matches!(&outcome, Outcome::Refused { error, .. } if spared(error)) {
            self.note_health(&outcome, now);
        }
        if self.lanes_of(id).done(id, &outcome, now) != Done::Settled {
            if !self.calls.contains_key(&id) {
                // Slack asked to wait with a look that was given up meanwhile.
                self.lanes_of(id).cancel(id);
                self.phoned.remove(&id);
            }
            return Vec::new();
        }
        let Some(job) = self.forget_call(id, now) else { return Vec::new() };
        let Some(work) = self.jobs.get_mut(&job) else { return Vec::new() };
        work.call = None;
        if let (Job::Page(no, page), false) = (&job, is_slack) {
            return self.phone_done(*no, *page, outcome, now);
        }
        let mut settled = self.share(&job, &outcome, now);
        settled.extend(match job {
            Job::Page(no, page) => self.page_done(no, page, outcome, now),
            Job::Sync(key) => self.sync_done(key, outcome, now),
        });
        settled
    }

    /// When to poll next, if nothing else happens.
    pub fn next_wake(&self) -> Option<At> {
        if self.paused {
            return None;
        }
        let ready = self.ready.first().map(|(at, _)| *at);
        let looking = self.looking.first().map(|(at, _)| *at);
        [ready, looking, self.lanes.next_wake(), self.phone.next_wake()].into_iter().flatten().min()
    }

    /// Nothing waits, nothing is in flight: Slack shows what the state says.
    pub fn is_idle(&self) -> bool {
        self.ready.is_empty()
            && self.new_cards.is_empty()
            && self.crowd.iter().all(BTreeSet::is_empty)
            && self.calls.is_empty()
    }

    /// What is left to do, for a person who wonders.
    pub fn pending(&self) -> Vec<String> {
        let job = |job: &Job| {
            let work = self.jobs.get(job);
            format!("{job:?}: {work:?}")
        };
        self.ready
            .iter()
            .chain(self.crowd.iter().flatten())
            .map(|(at, j)| format!("at {}: {}", at.0, job(j)))
            .chain(self.calls.values().map(job))
            .chain(self.new_cards.jobs().map(|j| job(&j)))
            .collect()
    }

    pub fn health(&self) -> &Health {
        &self.health
    }

    pub fn ledger(&mut self) -> &mut Ledger {
        &mut self.ledger
    }

    /// Shows everything of this incident again, whatever was last shown.
    pub fn refresh(&mut self, no: IncidentNo, now: At) {
        self.ledger.forget_incident(no);
        self.everything_stale(no, now);
    }

    /// A person confirmed that this restored store may speak.
    pub fn resume(&mut self) {
        self.paused = false;
    }

    fn lanes_of(&mut self, call: u64) -> &mut Lanes {
        if self.phoned.contains(&call) { &mut self.phone } else { &mut self.lanes }
    }

    fn forget_call(&mut self, call: u64, now: At) -> Option<Job> {
        self.card_left(call, now);
        self.phoned.remove(&call);
        self.calls.remove(&call)
    }

    fn everything_stale(&mut self, no: IncidentNo, now: At) {
        let Some(incident) = self.snapshot.world.incident(no).cloned() else { return };
        // A test page stands in no channel.
        if !incident.is_test() {
            self.stale(SyncKey::Card(no), now);
            self.stale(SyncKey::Thread(no), now);
            self.stale(SyncKey::Log(no), now.plus_ms(LOG_DELAY_MS));
        }
        if incident.run.is_some() {
            self.stale(SyncKey::Run(no), now);
        }
        self.ledger.keep_dms(no, |page| incident.page(page).is_some());
        self.dms_stale(&incident, now);
        for page in incident.wanted_pages() {
            let job = Job::Page(no, page.id);
            if !self.jobs.contains_key(&job) {
                let mut work = Work::new(Step::Send);
                if page.attempts > 1 {
                    work.step = self.how_to_look_for(page);
                    work.look_until = Some(self.certain_at(page.requested, now));
                }
                self.enlist(page, no);
                self.jobs.insert(job.clone(), work);
                self.make_ready(&job, now);
            }
        }
    }

    fn dms_stale(&mut self, incident: &Incident, at: At) {
        for page in self.changing_dms(incident) {
            if let Some((first, page)) = self.shown_as(incident.no, page) {
                self.stale(SyncKey::Dm(first, page), at);
            }
        }
    }

    /// Until when something that may have been posted at the wall instant `posted` is looked for.
    fn certain_at(&self, posted: At, now: At) -> At {
        let age_ms = self.snapshot.stamp.wall.0 - posted.0;
        now.plus_ms((CERTAINTY_MS - age_ms).clamp(0, CERTAINTY_MS))
    }

    /// The pump hears of this job; until it has committed that, the job says what the state does not say yet.
    fn tell(&mut self, job: &Job, awaiting: Awaiting) {
        if let Some(work) = self.jobs.get_mut(job) {
            work.awaiting = Some(awaiting);
            self.told.insert(job.clone());
        }
    }

    fn forget_what_is_committed(&mut self) {
        let world = &self.snapshot.world;
        let is_committed = |job: &Job, awaiting: &Awaiting| match (job, awaiting) {
            (Job::Page(no, page), _) => !world.incident(*no).and_then(|i| i.page(*page)).is_some_and(|p| p.is_wanted()),
            (Job::Sync(SyncKey::Log(no)), Awaiting::Message(_)) => world.incident(*no).is_none_or(|i| i.log.is_some()),
            (Job::Sync(SyncKey::Run(no)), Awaiting::Message(_)) => {
                world.incident(*no).is_none_or(|i| i.run_message.is_some())
            }
            (Job::Sync(SyncKey::Follower(..)), _) => true,
            (Job::Sync(SyncKey::Post(id)), Awaiting::Message(_)) => {
                world.posts.get(id).is_none_or(|p| p.message.is_some())
            }
            (Job::Sync(SyncKey::Post(id)), Awaiting::Settled) => !world.posts.contains_key(id),
            (Job::Sync(key), Awaiting::Message(_)) => {
                key.incident().and_then(|no| world.incident(no)).is_none_or(|i| i.card.is_some())
            }
            (Job::Sync(key), Awaiting::Thread(upto)) => {
                key.incident().and_then(|no| world.incident(no)).is_none_or(|i| i.thread_shown >= *upto)
            }
            (Job::Sync(_), Awaiting::Settled) => true,
        };
        let over: Vec<Job> = self
            .told
            .iter()
            .filter(|job| {
                let awaiting = self.jobs.get(job).and_then(|w| w.awaiting.as_ref());
                awaiting.is_none_or(|a| is_committed(job, a))
            })
            .cloned()
            .collect();
        for job in over {
            self.told.remove(&job);
            if let Some(work) = self.jobs.get_mut(&job) {
                work.awaiting = None;
                if work.call.is_none() && work.ready_at.is_none() {
                    self.drop_job(&job);
                }
            }
        }
    }

    /// Where the job's next call goes, if there is anything to say.
    fn address(&self, job: &Job) -> Option<Address> {
        match job {
            Job::Page(no, page) => self.page_address(*no, *page),
            Job::Sync(key) => self.sync_address(key),
        }
    }

    /// The body of the job's next call, and the hash of what it shows; `None` when there is nothing to do any more.
    fn render(&self, job: &Job) -> Option<Body> {
        match job {
            Job::Page(no, page) => self.page_body(*no, *page),
            Job::Sync(key) => self.sync_body(key),
        }
    }

    /// Those beside itself that a page's message speaks of, as it is rendered now.
    fn members_sent(&self, job: &Job) -> Vec<(IncidentNo, PageId)> {
        match job {
            Job::Page(no, page) if self.jobs.get(job).is_some_and(|w| w.step == Step::Send) => self
                .spoken_of(*no, *page)
                .iter()
                .map(|(i, p)| (i.no, p.id))
                .filter(|member| member != &(*no, *page))
                .collect(),
            // A look is for what was sent before.
            Job::Page(..) => self.jobs.get(job).map(|w| w.sent_members.clone()).unwrap_or_default(),
            Job::Sync(_) => Vec::new(),
        }
    }

    /// Of the pages that share this one's message, the one by whose name it is kept true: the first that is open.
    fn shown_as(&self, no: IncidentNo, page: PageId) -> Option<(IncidentNo, PageId)> {
        self.snapshot.world.first_sharing(no, page)
    }
}

/// The arguments of a call, and the hash of what they show; of thread lines, how far they go; of a look, where it begins.
type Body = (serde_json::Value, Option<u64>);

/// A call's place in the lanes.
struct Address {
    method: &'static str,
    channel: Option<String>,
    priority: Priority,
}
