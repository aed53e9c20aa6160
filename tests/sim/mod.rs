//! The whole pager in one thread and in virtual time: the real pump, journal, outbox and Slack rules, on a simulated disk
//! and against the simulated Slack. No tokio, no sockets, no sleeping.
//!
//! [`Sim`] only moves things from one machine to the next; `simulation.rs` chooses what happens from a seed, and
//! `scenarios.rs` reads it from a script.

#![allow(dead_code)] // each test program uses its part

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use warridor::domain::directory::{Directory, Method};
use warridor::domain::dnd::Window;
use warridor::domain::fact::Fact;
use warridor::domain::going_on::{Announce, Changes, Reported, Scope};
use warridor::domain::id::{
    AnnouncementNo, IncidentNo, InputId, MessageRef, MisconfiguredNo, OverrideId, PageId, QuietId, SlackUserId,
};
use warridor::domain::input::{
    Act, Admission, Deed, Delivery, Elsewhere, Event, GuestNote, Input, Introduction, OverrideRequest, QuietRequest,
    Raise, Removal, Settled, Source, What,
};
use warridor::domain::page::{PageFailure, Purpose};
use warridor::domain::quiet::Covered;
use warridor::domain::quote::Quote;
use warridor::domain::stamp::At;
use warridor::methods;
use warridor::outbox::Outbox;
use warridor::outbox::ledger::Ledger;
use warridor::pump::{Answer, CheckpointJob, Fatal, Lane, Pump, Reading, Snapshot};
use warridor::record::Salt;
use warridor::sandbox::answer::{Fate, Request};
use warridor::sandbox::interactions::Click;
use warridor::sandbox::sockets::{Out, SocketId};
use warridor::sandbox::telephone::Exchange;
use warridor::sandbox::{Slack, Workspace};
use warridor::slack::Outcome;
use warridor::slack::envelope::{Envelope, Frame, ack, parse};
use warridor::slack::handler::press::deed_of;
use warridor::slack::lanes::Request as Outgoing;
use warridor::slack::outcome::classify;
use warridor::slack::translate::{Gesture, gesture};
use warridor::store::embedded::{EmbeddedStore, Options};
use warridor::store::kv::MemKv;
use warridor::store::layout::Layout;
use warridor::store::simdisk::SimDisk;
use warridor::store::space::Limits;
use warridor::store::{Store, StoreError};
use warridor::views;

pub mod company;
pub mod items;
pub mod rcas;
pub mod shifts;

pub use company::{bot_token, company, workspace};

/// Monday 2026-03-02, 09:00 in Lisbon and UTC.
pub const START: At = At(1_772_442_000_000);
/// How long a call that is never answered is waited for.
const CALL_TIMEOUT_MS: i64 = 8_000;

pub struct Sim {
    pub rng: StdRng,
    /// When it begins.
    pub start: At,
    pub wall: At,
    /// Did somebody step the wall clock?
    pub was_stepped: bool,
    pub steady_ms: i64,
    pub directory: Arc<Directory>,
    pub disk: SimDisk,
    pub rows: MemKv,
    pub store: Arc<EmbeddedStore>,
    pub pump: Option<Pump>,
    pub outbox: Option<Outbox>,
    pub slack: Slack,
    /// The telephones.
    pub exchange: Exchange,
    socket: Option<SocketId>,
    calls: Vec<(i64, u64, Outcome)>,
    people: VecDeque<Input>,
    inner: VecDeque<Input>,
    monitors: VecDeque<Input>,
    /// Envelopes delivered and not acknowledged, by input.
    envelopes: BTreeMap<InputId, String>,
    checkpoint: Option<CheckpointJob>,
    /// Events that were answered 202.
    pub accepted: Vec<(warridor::domain::id::ServiceId, Event)>,
    /// Events that were sent, answered or not.
    pub sent: Vec<(warridor::domain::id::ServiceId, Event)>,
    /// What somebody following along would have seen.
    pub transcript: Vec<String>,
    decided: BTreeSet<InputId>,
    /// Inputs of people that led to facts twice.
    pub decided_twice: Vec<String>,
    /// What people were told privately.
    pub heard: Vec<(String, String)>,
    /// Pages that were sent although the committed state did not want them.
    pub sent_unwanted: Vec<String>,
    /// Answers that Slack gave and we never heard: each allows one duplicate.
    pub lost_answers: u64,
    /// Messages about several pages.
    pub bundled: u64,
    /// Answers of Twilio that we never heard: each allows one text or call too many.
    pub lost_by_phone: u64,
    /// Which of the calls were for a test page: they keep no other waiting, and wait for none.
    pub test_calls: BTreeSet<usize>,
    pub crashes: u64,
    pub fatal: Option<Fatal>,
    inputs: u64,
    salt_seed: u64,
    pub latency_ms: (i64, i64),
    /// Does Slack send an envelope twice now and then?
    pub duplicates: bool,
    /// Write facts into the transcript as they are committed.
    pub verbose: bool,
    /// Monitors that were told to come again.
    pub turned_away: u64,
    /// Heartbeats that were sent, and those that were answered 202.
    pub beats: (u64, u64),
    /// Does Twilio fail now and then?
    pub phone_trouble: bool,
}

/// Answers from outside in one batch, by weight.
const FRAME_WEIGHT: usize = 200;

/// Small segments, so that a simulation fills several.
pub fn options() -> Options {
    let limits =
        Limits { segment_bytes: 256 << 10, max_frame_bytes: 128 << 10, reserve_bytes: 64 << 10, ..Limits::default() };
    Options { limits, history: warridor::app::HISTORY, min_free_bytes: 0, helper: false, ..Options::default() }
}

impl Sim {
    pub fn new(seed: u64) -> Self {
        Self::of(company(), START, seed)
    }

    /// Another company, at another time.
    pub fn of(directory: Directory, start: At, seed: u64) -> Self {
        let directory = Arc::new(directory);
        let disk = SimDisk::new(seed);
        let rows = MemKv::default();
        let store = open(&disk, &rows);
        let mut sim = Self {
            rng: StdRng::seed_from_u64(seed),
            start,
            wall: start,
            was_stepped: false,
            steady_ms: 1_000,
            slack: Slack::new(workspace(&directory, seed)),
            exchange: company::exchange(),
            directory,
            disk,
            rows,
            store,
            pump: None,
            outbox: None,
            socket: None,
            calls: Vec::new(),
            people: VecDeque::new(),
            inner: VecDeque::new(),
            monitors: VecDeque::new(),
            envelopes: BTreeMap::new(),
            checkpoint: None,
            accepted: Vec::new(),
            sent: Vec::new(),
            transcript: Vec::new(),
            decided: BTreeSet::new(),
            decided_twice: Vec::new(),
            heard: Vec::new(),
            sent_unwanted: Vec::new(),
            lost_answers: 0,
            bundled: 0,
            lost_by_phone: 0,
            test_calls: BTreeSet::new(),
            crashes: 0,
            fatal: None,
            inputs: 0,
            salt_seed: seed,
            latency_ms: (1, 200),
            duplicates: true,
            verbose: false,
            turned_away: 0,
            beats: (0, 0),
            phone_trouble: true,
        };
        sim.boot();
        sim
    }

    pub fn now(&self) -> Reading {
        Reading { wall: self.wall, steady_ms: self.steady_ms }
    }

    /// Slack's own clock: nobody steps that one.
    pub fn slack_now(&self) -> At {
        self.start.plus_ms(self.steady_ms)
    }

    /// Starts a process on what the disk holds. False when it does not start.
    pub fn boot(&mut self) -> bool {
        self.store = open(&self.disk, &self.rows);
        self.salt_seed += 1;
        let mut salts = StdRng::seed_from_u64(self.salt_seed);
        let salt: Box<dyn FnMut() -> Salt + Send> = Box::new(move || salts.random());
        let booted = Pump::boot(self.store.clone(), self.directory.clone(), &|| self.now(), salt, &|| Ok(()));
        let booted = match booted {
            Ok(booted) => booted,
            Err(e) => {
                self.transcript.push(format!("does not start: {e}"));
                return false;
            }
        };
        for notice in &booted.opened.notices {
            self.transcript.push(format!("notice: {notice}"));
        }
        let ledger = Ledger::load(&*self.store).expect("the ledger's rows can be read");
        let snapshot = booted.pump.snapshot().clone();
        self.outbox = Some(Outbox::new(snapshot, ledger, &booted.replayed, booted.opened.paused, At(self.steady_ms)));
        self.pump = Some(booted.pump);
        self.fatal = None;
        self.connect();
        true
    }

    fn connect(&mut self) {
        let now = self.slack_now();
        let ticket = self.slack.open_ticket(now);
        self.socket = self.slack.socket_connected(&ticket, now).ok();
    }

    /// The process dies. With `power`, so does whatever the disk had not written yet.
    pub fn crash(&mut self, power: bool) {
        self.crashes += 1;
        self.pump = None;
        self.outbox = None;
        self.checkpoint = None;
        self.people.clear();
        // What was heard and not yet committed is as good as lost.
        self.lost_answers += self.inner.len() as u64;
        self.inner.clear();
        self.monitors.clear();
        self.envelopes.clear();
        // Whatever Slack answered is never heard.
        self.lost_answers += self.calls.iter().filter(|(_, _, o)| matches!(o, Outcome::Ok(_))).count() as u64;
        self.calls.clear();
        if let Some(socket) = self.socket.take() {
            self.slack.socket_closed(socket);
        }
        if power {
            self.disk.power_cut();
        } else {
            self.disk.process_crash();
        }
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.pump.as_ref().expect("a process runs").snapshot().clone()
    }

    pub fn mint(&mut self, kind: char) -> InputId {
        self.inputs += 1;
        InputId::minted(kind, self.inputs)
    }

    /// A monitor's body arrives.
    pub fn events(&mut self, service: &str, events: Vec<Event>) {
        let id = self.mint('h');
        self.sent.extend(events.iter().map(|e| (service.into(), e.clone())));
        let delivery = Delivery {
            service: service.into(),
            source: Source::Alertmanager,
            urgency: None,
            resolve_after_secs: None,
            key: None,
            events,
        };
        self.monitors.push_back(Input { id, what: What::Events(delivery) });
    }

    /// Something is heard of.
    pub fn beat(&mut self, heartbeat: &str) {
        let id = self.mint('h');
        self.beats.0 += 1;
        self.monitors.push_back(Input { id, what: What::Beat { heartbeat: heartbeat.into() } });
    }

    /// Another configuration is read.
    pub fn configure(&mut self, directory: Directory) {
        let id = self.mint('c');
        self.directory = Arc::new(directory);
        self.inner.push_back(Input { id, what: What::ConfigLoaded(self.directory.clone()) });
    }

    pub fn act(&mut self, who: &str, incident: u64, deed: Deed) {
        let id = InputId::from(format!("act-{}", self.inputs));
        self.inputs += 1;
        let act = Act { incident: warridor::domain::id::IncidentNo(incident), by: who.into(), deed };
        self.people.push_back(Input { id, what: What::Act(act) });
    }

    /// A message in Slack: the same for the same number.
    pub fn said(&self, number: u64) -> Quote {
        let message = MessageRef { channel: "C0LUNCH".into(), ts: format!("1767225600.{number:06}").into() };
        let (author, text, link) = ("Gra<!here>fana".to_owned(), "disk <!channel> full".to_owned(), String::new());
        Quote { message, author, text, link }
    }

    pub fn raise(&mut self, who: &str, service: &str, title: &str) {
        let id = InputId::from(format!("raise-{}", self.inputs));
        // Now and then of a message, and of the same one again.
        let from = self.inputs.is_multiple_of(3).then(|| self.said(self.inputs / 60));
        self.inputs += 1;
        let raise = Raise { service: service.into(), by: who.into(), title: title.to_owned(), urgency: None, from };
        self.people.push_back(Input { id, what: What::Raise(raise) });
    }

    pub fn override_shift(&mut self, schedule: &str, user: &str, from: At, until: At) {
        let id = InputId::from(format!("override-{}", self.inputs));
        self.inputs += 1;
        let by = user.into();
        let request = OverrideRequest { schedule: schedule.into(), user: user.into(), from, until, by };
        self.people.push_back(Input { id, what: What::Override(request) });
    }

    /// Slack says how it is with somebody's Do Not Disturb: from now on for so long, or off.
    pub fn dnd(&mut self, who: &str, for_ms: Option<i64>) {
        let id = self.mint('q');
        let window = for_ms.map(|ms| Window { from: self.wall, until: self.wall.plus_ms(ms) });
        let slack = self.directory.users[&who.into()].slack.clone().expect("somebody in Slack");
        self.inner.push_back(Input { id, what: What::DoNotDisturb(vec![(slack, window)]) });
    }

    /// Somebody whom the configuration does not know asks to be let in.
    pub fn add_me(&mut self, slack: &str) {
        let id = InputId::from(format!("add-me-{}", self.inputs));
        self.inputs += 1;
        let name = format!("{slack} <!channel>");
        let who = Introduction { slack: slack.into(), name, email: String::new(), tz: chrono_tz::Europe::Lisbon };
        self.people.push_back(Input { id, what: What::AddMe(who) });
    }

    /// Somebody presses *Approve* or *Decline*.
    pub fn admit(&mut self, by: &str, slack: &str, approve: bool) {
        let id = InputId::from(format!("admit-{}", self.inputs));
        self.inputs += 1;
        let admission = Admission { slack: slack.into(), by: by.into(), approve };
        self.people.push_back(Input { id, what: What::Admit(admission) });
    }

    /// Somebody presses *Remove*.
    pub fn remove_person(&mut self, by: &str, slack: &str) {
        let id = InputId::from(format!("remove-{}", self.inputs));
        self.inputs += 1;
        let removal = Removal { slack: slack.into(), by: by.into() };
        self.people.push_back(Input { id, what: What::RemovePerson(removal) });
    }

    /// Somebody ends an override before its time.
    pub fn end_override(&mut self, by: &str, id: u64) {
        let (override_id, by) = (OverrideId(id), by.into());
        let id = InputId::from(format!("end-override-{}", self.inputs));
        self.inputs += 1;
        self.people.push_back(Input { id, what: What::EndOverride { id: override_id, by } });
    }

    /// Somebody says that a misconfigured alert is mended.
    pub fn mended(&mut self, by: &str, entry: u64) {
        let id = InputId::from(format!("mended-{}", self.inputs));
        self.inputs += 1;
        let entry = MisconfiguredNo(entry);
        self.people.push_back(Input { id, what: What::Mended { entry, by: by.into() } });
    }

    /// Somebody makes a silence or a maintenance window.
    pub fn quiet(&mut self, by: &str, scope: Covered, from: At, until: At, because: &str) {
        self.quiet_here_and(false, by, scope, from, until, because);
    }

    /// The same, in Alertmanager too or not.
    pub fn quiet_here_and(&mut self, elsewhere: bool, by: &str, scope: Covered, from: At, until: At, because: &str) {
        let id = InputId::from(format!("quiet-{}", self.inputs));
        self.inputs += 1;
        let request = QuietRequest { scope, by: by.into(), from, until, because: because.to_owned(), elsewhere };
        self.people.push_back(Input { id, what: What::Quiet(request) });
    }

    /// What came of it in Alertmanager.
    pub fn came_elsewhere(&mut self, id: u64, came: Elsewhere) {
        let (quiet, id) = (QuietId(id), self.mint('e'));
        self.inner.push_back(Input { id, what: What::QuietElsewhere { id: quiet, came } });
    }

    /// Somebody ends one before its time.
    pub fn end_quiet(&mut self, by: &str, id: u64) {
        let (quiet, by) = (QuietId(id), by.into());
        let id = InputId::from(format!("end-quiet-{}", self.inputs));
        self.inputs += 1;
        self.people.push_back(Input { id, what: What::EndQuiet { id: quiet, by } });
    }

    /// Somebody lets one last until then.
    pub fn extend_quiet(&mut self, by: &str, id: u64, until: At) {
        let (quiet, by) = (QuietId(id), by.into());
        let id = InputId::from(format!("extend-quiet-{}", self.inputs));
        self.inputs += 1;
        self.people.push_back(Input { id, what: What::ExtendQuiet { id: quiet, by, until } });
    }

    /// Somebody who may look and note only writes a note.
    pub fn guest_note(&mut self, incident: u64, text: &str) {
        let id = InputId::from(format!("guest-{}", self.inputs));
        self.inputs += 1;
        let incident = warridor::domain::id::IncidentNo(incident);
        let note = GuestNote { incident, slack: "U0GUS".into(), name: "Gus".to_owned(), text: text.to_owned() };
        self.people.push_back(Input { id, what: What::GuestNote(note) });
    }

    /// Hands the same input in again, as Slack does when an acknowledgement was lost.
    pub fn again(&mut self, input: Input) {
        self.people.push_back(input);
    }

    /// A person presses a button of a message they see. False when it is not there.
    pub fn click(&mut self, user: &str, channel: &str, ts: &str, action: &str) -> bool {
        let click = Click {
            user: user.to_owned(),
            channel: channel.to_owned(),
            ts: ts.to_owned(),
            view_id: String::new(),
            action_id: action.to_owned(),
            block_id: String::new(),
            value: None,
            values: Map::new(),
        };
        let now = self.slack_now();
        self.slack.click(&click, now).is_ok()
    }

    /// One turn of everything, at the present instant. False when nothing happened.
    pub fn turn(&mut self) -> bool {
        if self.pump.is_none() {
            return false;
        }
        let mut busy = self.envelopes_in();
        busy |= self.decide();
        if self.pump.is_none() {
            return true;
        }
        busy |= self.send();
        busy |= self.answers();
        busy
    }

    /// Runs until nothing more happens at this instant.
    pub fn settle(&mut self) {
        for _ in 0..10_000 {
            if !self.turn() {
                return;
            }
        }
        panic!("it never comes to rest:\n{}", self.tail());
    }

    /// Lets time pass, stopping at everything that is due on the way.
    pub fn advance(&mut self, ms: i64) {
        let end = self.steady_ms + ms;
        self.settle();
        let mut stops = 0;
        while let Some(next) = self.next_ms().filter(|n| *n <= end) {
            stops += 1;
            assert!(stops < 100_000, "something is due again and again:\n{}", self.tail());
            let step = (next - self.steady_ms).max(1);
            self.steady_ms += step;
            self.wall = self.wall.plus_ms(step);
            self.settle();
            if self.pump.is_none() {
                break;
            }
        }
        let rest = (end - self.steady_ms).max(0);
        self.steady_ms += rest;
        self.wall = self.wall.plus_ms(rest);
        self.settle();
    }

    fn next_ms(&self) -> Option<i64> {
        let pump = self.pump.as_ref()?.sleep_ms(self.now()).map(|ms| self.steady_ms + ms);
        let outbox = self.outbox.as_ref()?.next_wake().map(|at| at.0);
        let calls = self.calls.iter().map(|(due, _, _)| *due).min();
        [pump, outbox, calls].into_iter().flatten().min().map(|n| n.max(self.steady_ms + 1))
    }

    fn envelopes_in(&mut self) -> bool {
        let now = self.slack_now();
        let outgoing = self.slack.poll(now);
        let mut busy = false;
        for out in outgoing {
            match out.out {
                Out::Frame(text) => {
                    if let Frame::Envelope(envelope) = parse(&text) {
                        busy = true;
                        self.envelope(&envelope);
                    }
                }
                Out::Close | Out::Reset | Out::Freeze => {
                    self.slack.socket_closed(out.socket);
                    self.connect();
                    busy = true;
                }
                Out::Ping => {}
            }
        }
        busy
    }

    fn envelope(&mut self, envelope: &Envelope) {
        let gesture = gesture(envelope);
        let snapshot = self.snapshot();
        let known = |by: &SlackUserId| snapshot.directory.user_by_slack(by).map(|u| u.id.clone());
        if let Gesture::Press { by, action, subject, .. } = gesture
            && let Some(by) = known(&by)
            && let Some(deed) = deed_of(action, &by)
            && subject.store == snapshot.store
        {
            let id = InputId::from(envelope.envelope_id.as_str());
            let input = Input { id: id.clone(), what: What::Act(Act { incident: subject.incident, by, deed }) };
            self.envelopes.insert(id, envelope.envelope_id.clone());
            self.people.push_back(input.clone());
            if self.duplicates && self.rng.random_ratio(1, 10) {
                self.people.push_back(input);
            }
        } else {
            self.acknowledge(&envelope.envelope_id.clone());
        }
    }

    fn acknowledge(&mut self, envelope_id: &str) {
        let now = self.slack_now();
        if let Some(socket) = self.socket {
            self.slack.socket_received(socket, &ack(envelope_id, None), now);
        }
    }

    fn decide(&mut self) -> bool {
        let mut batch: Vec<(Lane, Input)> = Vec::new();
        batch.extend(self.people.drain(..).map(|i| (Lane::People, i)));
        // As the door does; frames are smaller here.
        let mut weight = 0;
        while weight < FRAME_WEIGHT
            && let Some(input) = self.inner.pop_front()
        {
            weight += input.weight();
            batch.push((Lane::Inner, input));
        }
        batch.extend(self.monitors.drain(..).map(|i| (Lane::Monitors, i)));
        let now = self.now();
        let Some(pump) = self.pump.as_mut() else { return false };
        if batch.is_empty() && pump.sleep_ms(now) != Some(0) {
            return false;
        }
        let before = pump.snapshot().seq;
        let result = pump.step(&batch, now);
        if let Some(fatal) = result.fatal {
            self.transcript.push(format!("fatal: {fatal:?}"));
            self.fatal = Some(fatal);
            // The process exits at once; nobody is answered, and what was heard from Slack may be lost.
            let heard = batch.iter().filter(|(_, input)| matches!(input.what, What::Settled(_))).count();
            self.lost_answers += heard as u64;
            self.crash(false);
            return true;
        }
        if let Some(published) = result.published {
            self.note(before);
            if let Some(outbox) = self.outbox.as_mut() {
                outbox.committed(&published, At(self.steady_ms));
            }
        }
        let mut retry = Vec::new();
        for ((lane, input), answer) in batch.into_iter().zip(result.answers) {
            match (&input.what, &answer) {
                (What::Events(d), Answer::Decided { .. } | Answer::DecidedBefore { .. }) => {
                    self.accepted.extend(d.events.iter().map(|e| (d.service.clone(), e.clone())));
                }
                (What::Beat { .. }, Answer::Decided { facts, .. }) => self.beats.1 += u64::from(!facts.is_empty()),
                (What::Events(_) | What::Beat { .. }, Answer::NotWritten(_)) => self.turned_away += 1,
                (What::Settled(_), Answer::NotWritten(_)) => retry.push(input.clone()),
                _ => {}
            }
            if let (What::Act(_), Answer::Decided { facts, .. }) = (&input.what, &answer)
                && !facts.is_empty()
                && !self.decided.insert(input.id.clone())
            {
                self.decided_twice.push(input.id.to_string());
            }
            if let What::Act(act) = &input.what {
                self.hear(act, &answer);
            }
            if lane == Lane::People
                && !matches!(answer, Answer::NotWritten(_))
                && let Some(envelope) = self.envelopes.remove(&input.id)
            {
                self.acknowledge(&envelope);
            }
        }
        // The driver offers what was settled again after a second; here at the next turn that has something to do.
        self.inner.extend(retry);
        true
    }

    /// The private answer, in the words a person reads.
    fn hear(&mut self, act: &Act, answer: &Answer) {
        let words = match answer {
            Answer::Decided { facts, snapshot } => match snapshot.world.incident(act.incident) {
                Some(after) => warridor::views::reply::act(facts, after, &snapshot.directory),
                None => return,
            },
            Answer::Refused { refusal, snapshot } => warridor::views::refusal::refusal(refusal, &snapshot.directory),
            Answer::NotWritten(_) => warridor::views::reply::not_saved(),
            Answer::DecidedBefore { .. } => return,
        };
        self.heard.push((act.by.to_string(), words));
    }

    /// Every fact on record, oldest first.
    pub fn facts(&self) -> Vec<Fact> {
        self.facts_after(0)
    }

    fn facts_after(&self, seq: u64) -> Vec<Fact> {
        self.dated_facts_after(seq).into_iter().map(|(_, fact)| fact).collect()
    }

    /// The facts after a frame, each with its time on the wall clock.
    pub fn dated_facts_after(&self, seq: u64) -> Vec<(At, Fact)> {
        let mut facts = Vec::new();
        let read = self.store.tail(seq, &mut |frame| {
            let unsealed = warridor::record::unseal(&frame).expect("own facts can be read");
            facts.extend(unsealed.into_iter().map(|fact| (frame.wall, fact)));
            true
        });
        read.expect("the journal can be read");
        facts
    }

    /// A tool reports a change.
    pub fn changed(&mut self, service: &str, summary: &str) {
        let id = self.mint('h');
        let summary = summary.to_owned();
        let one = Reported { summary, source: "ci".to_owned(), link: String::new(), details: Vec::new(), made: None };
        self.monitors
            .push_back(Input { id, what: What::Changed(Changes { service: service.into(), changes: vec![one] }) });
    }

    /// Somebody does something that is about no incident.
    pub fn does(&mut self, what: What) {
        let id = InputId::from(format!("does-{}", self.inputs));
        self.inputs += 1;
        self.people.push_back(Input { id, what });
    }

    /// Somebody announces what they are doing.
    pub fn announce(&mut self, who: &str, text: &str, of: Option<Scope>, until: At) {
        let id = InputId::from(format!("announce-{}", self.inputs));
        self.inputs += 1;
        let announce = Announce { by: who.into(), text: text.to_owned(), of, link: String::new(), until };
        self.people.push_back(Input { id, what: What::Announce(announce) });
    }

    /// Somebody ends an announcement before its time.
    pub fn end_announcement(&mut self, who: &str, no: u64) {
        let id = InputId::from(format!("end-announcement-{}", self.inputs));
        self.inputs += 1;
        self.people.push_back(Input { id, what: What::EndAnnouncement { no: AnnouncementNo(no), by: who.into() } });
    }

    /// For a person who looks at one seed: the facts, where they happened.
    fn note(&mut self, before: u64) {
        // Reading a segment for every frame takes long: only for somebody who looks.
        if !self.verbose {
            return;
        }
        for fact in self.facts_after(before) {
            self.transcript.push(serde_json::to_string(&fact).expect("facts are JSON"));
        }
    }

    fn send(&mut self) -> bool {
        let Some(outbox) = self.outbox.as_mut() else { return false };
        let (requests, settled) = outbox.poll(At(self.steady_ms));
        let busy = !requests.is_empty() || !settled.is_empty();
        self.tell(settled);
        for request in requests {
            self.check_lease(request.method, &request.body);
            if methods::is_ours(request.method) {
                self.send_by_phone(&request);
                continue;
            }
            let call = Request::json(bot_token(), request.method, request.body.clone());
            let now = self.slack_now();
            let answer = self.slack.call(call, now);
            let text = request.body.get("text").and_then(Value::as_str).unwrap_or("");
            self.transcript.push(format!(
                "{} {} -> {} {} {}",
                request.method,
                text,
                answer.status,
                answer.body["ok"],
                answer.error()
            ));
            let retry_after = answer.retry_after_secs.map(|s| s.to_string());
            let heard =
                classify(answer.status, retry_after.as_deref(), &serde_json::to_vec(&answer.body).expect("JSON"));
            let slow = i64::try_from(answer.delay_ms).unwrap_or(i64::MAX);
            let latency = self.rng.random_range(self.latency_ms.0..=self.latency_ms.1) + slow;
            let (after, outcome) = match answer.fate {
                Fate::Arrives if latency <= CALL_TIMEOUT_MS => (latency, heard),
                Fate::Garbage(text) => (latency, classify(200, None, text.as_bytes())),
                Fate::Reset => (latency, Outcome::Unknown("reset".to_owned())),
                Fate::Arrives | Fate::Silence => (CALL_TIMEOUT_MS, Outcome::Unknown("no answer".to_owned())),
            };
            if matches!(outcome, Outcome::Unknown(_)) {
                self.lost_answers += 1;
            }
            self.calls.push((self.steady_ms + after, request.id, outcome));
        }
        busy
    }

    /// Twilio, in a good or a bad moment. Its clock is Slack's, which nobody steps.
    fn send_by_phone(&mut self, request: &Outgoing) {
        let twilio = self.directory.twilio.clone().expect("an account");
        let asked = methods::twilio::request(request.method, &request.body, &twilio, None);
        let fields: Vec<(String, String)> =
            asked.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let account = self.exchange.account().clone();
        let now = self.wall;
        // It never got there; it got there and nobody heard; it is broken; all is well.
        let luck = if self.phone_trouble { self.rng.random_range(0..8) } else { 7 };
        let acts = luck > 1;
        let by = (account.sid.as_str(), account.token.as_str());
        let calls_before = self.exchange.calls().count();
        let sent = acts.then(|| {
            let (posted, query) = if asked.reads { (None, &fields[..]) } else { (Some(&fields[..]), &[][..]) };
            self.exchange.request(by, &account.sid, asked.path, posted, query, now).0
        });
        let is_test = request.body["news"].as_str().is_some_and(|news| news.contains("This is a test."));
        if is_test && self.exchange.calls().count() > calls_before {
            self.test_calls.insert(calls_before);
        }
        let outcome = match (luck, sent) {
            (0, _) => Outcome::NotSent("Twilio cannot be reached".to_owned()),
            (1, _) => Outcome::Unknown("Twilio answered 503".to_owned()),
            (2 | 3, _) => Outcome::Unknown("the connection to Twilio broke".to_owned()),
            (_, sent) => {
                let answer = sent.expect("it was sent");
                let bytes = serde_json::to_vec(&answer.body).expect("JSON");
                methods::twilio::outcome(request.method, &request.body, answer.status, None, &bytes)
            }
        };
        self.lost_by_phone += u64::from(matches!(outcome, Outcome::Unknown(_)));
        self.transcript.push(format!("{} {} -> {}", request.method, request.body["to"], outcome.name()));
        let latency = self.rng.random_range(self.latency_ms.0..=self.latency_ms.1);
        self.calls.push((self.steady_ms + latency, request.id, outcome));
    }

    /// There has been no way to Slack for a while, or there is one again.
    pub fn slack_away(&mut self, away: bool) {
        let id = self.mint('w');
        self.inner.push_back(Input { id, what: What::SlackAway { away } });
    }

    /// Something sent by telephone came to nothing.
    pub fn phone_failed(&mut self, incident: IncidentNo, page: PageId) {
        let why = PageFailure::Provider("nobody <!here> picked up".to_owned());
        self.tell(vec![Settled::PageFailed { incident, page, why }]);
    }

    /// I4: a page leaves only while the committed state wants it.
    fn check_lease(&mut self, method: &str, body: &Value) {
        if [methods::CALL, methods::TEXT].contains(&method) {
            let number = |name: &str| body[name].as_str().and_then(|s| s.parse::<u64>().ok()).unwrap_or(0);
            let snapshot = self.snapshot();
            let incident = snapshot.world.incident(IncidentNo(number("incident")));
            if !incident.and_then(|i| i.page(PageId(number("page")))).is_some_and(|p| p.is_wanted()) {
                self.sent_unwanted.push(body.to_string());
            }
            return;
        }
        let payload = &body["metadata"]["event_payload"];
        if method != "chat.postMessage" || payload["kind"] != "page" {
            return;
        }
        let number = |name: &str| payload[name].as_str().and_then(|s| s.parse::<u64>().ok()).unwrap_or(0);
        let snapshot = self.snapshot();
        let lead = PageId(number("page"));
        let to =
            |page: PageId| Some(snapshot.world.incident(*snapshot.world.wanted.get(&page)?)?.page(page)?.to.clone());
        // A range is of the pages to one person by Slack. Those among them that are not wanted were settled before.
        let is_theirs = |page: &PageId| {
            let (Some(no), Some(lead)) = (snapshot.world.wanted.get(page), to(lead)) else { return false };
            let p = snapshot.world.incident(*no).and_then(|i| i.page(*page));
            p.is_some_and(|p| p.to == lead && p.method == Method::Slack)
        };
        let pages: Vec<PageId> = match payload["pages"].as_str() {
            Some(ranges) => ranges.split(' ').flat_map(range).map(PageId).filter(is_theirs).collect(),
            None => vec![lead],
        };
        self.bundled += u64::from(pages.len() > 1);
        let waits = |page: &&PageId| {
            let i = snapshot.world.wanted.get(*page).and_then(|no| snapshot.world.incident(*no));
            i.is_some_and(|i| i.page(**page).is_some_and(|p| views::page::waits(i, p)))
        };
        let counted =
            body["text"].as_str().and_then(|text| text.strip_prefix("Page: ")?.split_once(" incidents, worst"));
        let counted = counted.and_then(|(count, _)| count.parse::<usize>().ok());
        let named = pages.iter().filter(waits).count();
        if counted.is_some_and(|counted| counted != named) {
            self.sent_unwanted.push(format!("{named} pages are named: {body}"));
        }
        let wanted = pages.contains(&lead)
            && pages.into_iter().all(|page| {
                let Some(i) = snapshot.world.wanted.get(&page).and_then(|no| snapshot.world.incident(*no)) else {
                    return false;
                };
                let page = i.page(page).filter(|p| p.is_wanted());
                // These are for whoever has it, and no call waits for them.
                let is_for_its_responder = |p| {
                    matches!(
                        p,
                        Purpose::StillOnIt
                            | Purpose::Raised
                            | Purpose::Back
                            | Purpose::Begin
                            | Purpose::StepTime
                            | Purpose::Help
                    )
                };
                page.is_some_and(|p| is_for_its_responder(p.purpose) || i.call(p.call).is_some_and(|c| c.is_open()))
            });
        if !wanted {
            self.sent_unwanted.push(payload.to_string());
        }
    }

    fn answers(&mut self) -> bool {
        let now = self.steady_ms;
        let (due, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.calls).into_iter().partition(|(at, _, _)| *at <= now);
        self.calls = waiting;
        let busy = !due.is_empty();
        for (_, id, outcome) in due {
            let Some(outbox) = self.outbox.as_mut() else { return busy };
            let settled = outbox.done(id, outcome, At(now));
            self.tell(settled);
        }
        busy
    }

    fn tell(&mut self, settled: Vec<Settled>) {
        for settled in settled {
            let id = self.mint('s');
            self.inner.push_back(Input { id, what: What::Settled(settled) });
        }
    }

    /// Hands rows over, or writes the ones handed over earlier: a crash may come between the two.
    pub fn checkpoint(&mut self) {
        let (Some(pump), Some(outbox)) = (self.pump.as_mut(), self.outbox.as_mut()) else { return };
        match self.checkpoint.take() {
            None => self.checkpoint = pump.take_checkpoint(),
            Some(job) => {
                let more = outbox.ledger().take_changes();
                match job.write(&*self.store, more) {
                    Ok(()) => pump.checkpoint_done(),
                    Err(_) => pump.checkpoint_failed(job),
                }
            }
        }
        self.store.housekeep();
    }

    /// Everything in flight has landed and nothing is left to say.
    pub fn is_quiet(&self) -> bool {
        self.calls.is_empty() && self.outbox.as_ref().is_none_or(Outbox::is_idle)
    }

    /// A hash of everything that was seen.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for line in &self.transcript {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        for fact in self.facts() {
            hash.update(serde_json::to_vec(&fact).expect("facts are JSON"));
        }
        warridor::record::hex(&hash.finalize())
    }

    /// The end of the transcript.
    pub fn tail(&self) -> String {
        let from = self.transcript.len().saturating_sub(25);
        self.transcript[from..].join("\n")
    }

    /// Messages of a channel by name, id or `dm:USER`, as Slack gives them.
    pub fn messages(&mut self, channel: &str) -> Vec<Value> {
        let now = self.slack_now();
        match self.slack.find_place(channel, now) {
            Ok(id) => self.slack.shown(&id, None, None),
            Err(_) => Vec::new(),
        }
    }

    /// A message that stands below another one.
    pub fn in_thread(&mut self, message: &MessageRef, below: &MessageRef) -> Value {
        let thread = below.ts.as_str().parse().ok();
        let all = self.slack.shown(message.channel.as_str(), thread, None);
        all.into_iter().find(|m| m["ts"] == message.ts.as_str()).unwrap_or_default()
    }

    /// What follows who is on call: the channel's topic, and the people of the team's user group.
    pub fn following(&self) -> (String, Vec<String>) {
        let topic = self.slack.directory().channel("payments").map(|c| c.topic.value.clone());
        (topic.unwrap_or_default(), self.slack.group_members("S0ONCALL").to_vec())
    }

    /// Action ids a message offers.
    pub fn buttons(message: &Value) -> BTreeSet<String> {
        fn walk(v: &Value, found: &mut BTreeSet<String>) {
            match v {
                Value::Object(map) => {
                    if let Some(id) = map.get("action_id").and_then(Value::as_str) {
                        found.insert(id.to_owned());
                    }
                    map.values().for_each(|v| walk(v, found));
                }
                Value::Array(all) => all.iter().for_each(|v| walk(v, found)),
                _ => {}
            }
        }
        let mut found = BTreeSet::new();
        walk(message, &mut found);
        found
    }
}

fn open(disk: &SimDisk, rows: &MemKv) -> Arc<EmbeddedStore> {
    Arc::new(EmbeddedStore::on(disk.shared(), Layout::new("/data"), Arc::new(rows.clone()), options()))
}

/// Why a store would not open, for messages.
pub fn why(e: &StoreError) -> String {
    e.to_string()
}

/// An event as a decoder makes it.
pub fn event(action: warridor::domain::input::EventAction, key: &str, starts_at: Option<At>) -> Event {
    Event {
        action,
        dedup_key: key.into(),
        title: format!("{key} is wrong"),
        link: "https://monitor.example/a".to_owned(),
        labels: vec![("alertname".to_owned(), key.to_owned())],
        starts_at,
        ends_at: None,
    }
}

/// A fault as `POST /sandbox/faults` takes it.
pub fn order(slack: &mut Slack, fault: Value) {
    match warridor::sandbox::faults::Fault::parse(&fault) {
        Ok(fault) => slack.order(fault),
        Err(e) => panic!("{fault}: {e}"),
    }
}

/// Ends all faults.
pub fn clear(slack: &mut Slack) {
    order(slack, json!({ "clear": true }));
}

/// A workspace with nobody in it.
pub fn nobody() -> Workspace {
    Workspace::default()
}

/// Whoever looks at one seed sees what led to the failure.
impl Drop for Sim {
    fn drop(&mut self) {
        if self.verbose && std::thread::panicking() {
            println!("{}", self.transcript.join("\n"));
        }
    }
}

/// `3-7`, or `9`.
fn range(words: &str) -> std::ops::RangeInclusive<u64> {
    let (a, b) = words.split_once('-').unwrap_or((words, words));
    let n = |s: &str| s.parse().unwrap_or(0);
    n(a)..=n(b)
}
