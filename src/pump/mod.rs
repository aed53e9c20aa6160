//! The single writer: decides what waits, makes it durable in one write, and only then lets anybody know.
//!
//! [`Pump::step`] is a plain function of a batch and the time; the thread that calls it, the clock and the lanes are
//! elsewhere. The simulation calls it directly.
//!
//! Each batch is decided against a working copy of the committed state. Committed: the copy is published. Not written:
//! the copy is dropped. Unknown: nobody is answered and the process must end, because only the next start can find out.

use crate::domain::directory::Directory;
use crate::domain::fact::{Fact, Stale};
use crate::domain::handle::decide;
use crate::domain::id::{IncidentNo, InputId, PostId};
use crate::domain::input::{Input, What};
use crate::domain::people::in_force;
use crate::domain::refusal::Refusal;
use crate::domain::stamp::{At, Stamp};
use crate::domain::world::World;
use crate::domain::world::rows::RowKey;
use crate::record::{Salt, seal};
use crate::store::{Commit, Epoch, Frame, Spend, Store, StoreError, StoreId};
use load::Loader;
use std::collections::BTreeSet;
use std::ops::{Deref, Range};
use std::sync::Arc;

pub mod boot;
mod checkpoint;
pub mod driver;
mod load;
pub mod look;
pub mod replay;
mod replayer;

pub use boot::{BootError, Booted};
pub use checkpoint::CheckpointJob;
pub use load::ReadRows;
pub use replayer::Replayer;

/// A wall clock this far ahead of where the steady clock expects it has jumped (an NTP step, a suspended machine).
pub const CLOCK_JUMP_MS: i64 = 60_000;

/// Which lane an input came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Clicks and commands.
    People,
    /// Deadlines and answers from outside.
    Inner,
    /// Alerts: the only lane that is ever told to come again.
    Monitors,
}

/// What the two clocks say.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub wall: At,
    /// Milliseconds of a clock that never goes back.
    pub steady_ms: i64,
}

/// The committed state, as everybody but the pump sees it.
#[derive(Clone)]
pub struct Snapshot {
    pub seq: u64,
    pub store: StoreId,
    pub stamp: Stamp,
    pub world: World,
    pub directory: Arc<Directory>,
}

impl Snapshot {
    /// What a decision made now would be stamped with, as far as a reader can tell; `now` is on the wall clock.
    pub fn stamp_at(&self, now: At) -> Stamp {
        let since = now.0.saturating_sub(self.stamp.wall.0).max(0);
        Stamp { at: self.stamp.at.plus_ms(since), wall: now }
    }
}

/// What a submitter hears.
#[derive(Clone)]
pub enum Answer {
    /// Decided and durable. `facts` is empty when the input changed nothing worth keeping.
    Decided {
        facts: Facts,
        snapshot: Arc<Snapshot>,
    },
    /// The same input was decided before.
    DecidedBefore {
        snapshot: Arc<Snapshot>,
    },
    Refused {
        refusal: Refusal,
        snapshot: Arc<Snapshot>,
    },
    /// Nothing was kept: send it again later.
    NotWritten(String),
}

/// The facts that one input led to, among those of its frame.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    all: Arc<[Fact]>,
    which: Range<usize>,
}

impl Deref for Facts {
    type Target = [Fact];

    fn deref(&self) -> &[Fact] {
        self.all.get(self.which.clone()).unwrap_or_default()
    }
}

/// What came of one step.
pub struct StepResult {
    /// One for each input of the batch, in order; none at all after `Fatal`.
    pub answers: Vec<Answer>,
    /// The new committed state, when there is one.
    pub published: Option<Published>,
    pub fatal: Option<Fatal>,
}

/// A new committed state and what it makes out of date in Slack.
#[derive(Clone)]
pub struct Published {
    pub snapshot: Arc<Snapshot>,
    pub stale: Stales,
}

/// Incidents whose messages are out of date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stales {
    /// Card, thread and direct messages.
    pub everything: BTreeSet<IncidentNo>,
    /// Only counts on the card.
    pub card_only: BTreeSet<IncidentNo>,
    /// Nothing of these is shown any more.
    pub closed: BTreeSet<IncidentNo>,
    /// Messages about no single incident.
    pub posts: BTreeSet<PostId>,
    /// All of those.
    pub all_posts: bool,
    /// Those that are kept true no more.
    pub posts_gone: BTreeSet<PostId>,
    /// Messages about no single incident for which nobody waits.
    pub posts_later: BTreeSet<PostId>,
}

impl Stales {
    fn add(&mut self, stale: Stale) {
        match stale {
            Stale::Nothing => false,
            Stale::Card(no) => self.card_only.insert(no),
            Stale::CardAndPosts(no) => {
                self.all_posts = true;
                self.card_only.insert(no)
            }
            Stale::Everything(no) => self.everything.insert(no),
            Stale::Closed(no) => self.closed.insert(no),
            Stale::Post(id) => self.posts.insert(id),
            Stale::PostLater(id) => self.posts_later.insert(id),
            Stale::PostGone(id) => self.posts_gone.insert(id),
            Stale::Posts => std::mem::replace(&mut self.all_posts, true),
        };
    }

    /// What `later` says besides.
    pub fn extend(&mut self, later: Self) {
        self.everything.extend(later.everything);
        self.card_only.extend(later.card_only);
        self.closed.extend(later.closed);
        self.posts.extend(later.posts);
        self.posts_gone.extend(later.posts_gone);
        self.posts_later.extend(later.posts_later);
        self.all_posts |= later.all_posts;
    }
}

/// Why the process must end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fatal {
    /// Whether the last write is durable is not known.
    Unknown(String),
    /// Another writer took over.
    Fenced(String),
}

/// The single writer.
pub struct Pump {
    store: Arc<dyn Store>,
    store_id: StoreId,
    epoch: Epoch,
    seq: u64,
    committed: Arc<Snapshot>,
    /// The configuration in force; the directory of `committed` is this, and whoever was let in by button.
    configured: Arc<Directory>,
    time: TimeLine,
    salt: Box<dyn FnMut() -> Salt + Send>,
    /// Rows that changed since the last checkpoint was handed over.
    dirty: checkpoint::Dirty,
    /// The state of the checkpoint being written, for rows that are not on disk yet.
    handed_over: Option<Arc<World>>,
    dues: u64,
    /// Why the store refused the last write; monitors are refused without trying until a probe succeeds.
    refused_by_store: Option<String>,
    /// A restored copy that nobody confirmed: heartbeats may go to another one.
    paused: bool,
    /// What the start decided and the store did not take: it comes before anything else.
    unwritten_start: Vec<(Lane, Input)>,
}

/// Where `at` stands, and what the steady clock said then.
struct TimeLine {
    at: At,
    steady_ms: i64,
}

impl TimeLine {
    /// `at = max(wall, last at + steady elapsed)`: a step back changes nothing, a jump forward is believed.
    fn look(&mut self, now: Reading) -> (Stamp, i64) {
        let expected = self.at.plus_ms((now.steady_ms - self.steady_ms).max(0));
        self.at = expected.max(now.wall);
        self.steady_ms = now.steady_ms;
        (Stamp { at: self.at, wall: now.wall }, now.wall.0 - expected.0)
    }
}

impl Pump {
    /// The committed state.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.committed
    }

    /// How long the pump may sleep at `now`, in milliseconds; `None`: until something comes.
    pub fn sleep_ms(&self, now: Reading) -> Option<i64> {
        let at = self.time.at.plus_ms((now.steady_ms - self.time.steady_ms).max(0)).max(now.wall);
        self.committed.world.next_wake().map(|due| (due.0 - at.0).max(0))
    }

    /// Is the store refusing writes?
    pub fn refused_by_store(&self) -> Option<&str> {
        self.refused_by_store.as_deref()
    }

    /// Decides a batch, and what is due by now.
    pub fn step(&mut self, batch: &[(Lane, Input)], now: Reading) -> StepResult {
        if self.unwritten_start.is_empty() {
            return self.decide(batch, now);
        }
        let mut start = std::mem::take(&mut self.unwritten_start);
        for (_, input) in &mut start {
            if let What::ConfigLoaded(directory) = &mut input.what {
                // A newer one may be in force by now.
                directory.clone_from(&self.configured);
            }
        }
        let started = self.decide(&start, now);
        if started.fatal.is_some() {
            return StepResult { answers: Vec::new(), ..started };
        }
        let why = started.answers.iter().find_map(|answer| match answer {
            Answer::NotWritten(why) => Some(why.clone()),
            _ => None,
        });
        if let Some(why) = why {
            let is_restored = start.iter().any(|(_, input)| matches!(input.what, What::Restored { .. }));
            self.unwritten_start = start;
            // Until the numbers are skipped, an incident could get one that another one has.
            if is_restored {
                let answers = batch.iter().map(|_| Answer::NotWritten(why.clone())).collect();
                return StepResult { answers, published: started.published, fatal: None };
            }
        }
        let mut result = self.decide(batch, now);
        if let Some(mut published) = started.published {
            if let Some(later) = result.published {
                published.snapshot = later.snapshot;
                published.stale.extend(later.stale);
            }
            result.published = Some(published);
        }
        result
    }

    fn decide(&mut self, batch: &[(Lane, Input)], now: Reading) -> StepResult {
        let (stamp, jumped_ms) = self.time.look(now);
        let everything: Vec<usize> = (0..batch.len()).collect();
        match self.attempt(batch, &everything, stamp, jumped_ms, Spend::Free) {
            Attempt::Done(result) => result,
            Attempt::NotWritten(why) => self.second_attempt(batch, stamp, jumped_ms, why),
        }
    }

    /// The disk is full, or the like: monitors are told to come again, and what people did is committed out of the
    /// space kept back for it.
    fn second_attempt(&mut self, batch: &[(Lane, Input)], stamp: Stamp, jumped_ms: i64, why: String) -> StepResult {
        self.refused_by_store = Some(why.clone());
        let (monitors, others): (Vec<usize>, Vec<usize>) =
            (0..batch.len()).partition(|i| batch[*i].0 == Lane::Monitors);
        let mut answers: Vec<Answer> = batch.iter().map(|_| Answer::NotWritten(why.clone())).collect();
        match self.attempt(batch, &others, stamp, jumped_ms, Spend::Reserve) {
            Attempt::Done(result) => {
                for (index, answer) in others.into_iter().zip(result.answers) {
                    answers[index] = answer;
                }
                if monitors.is_empty() && result.published.is_some() {
                    self.refused_by_store = None;
                }
                StepResult { answers, ..result }
            }
            Attempt::NotWritten(_) => StepResult { answers, published: None, fatal: None },
        }
    }

    fn attempt(
        &mut self,
        batch: &[(Lane, Input)],
        which: &[usize],
        stamp: Stamp,
        jumped_ms: i64,
        spend: Spend,
    ) -> Attempt {
        let mut work = Work::new(&self.committed, self.configured.clone());
        if jumped_ms > CLOCK_JUMP_MS {
            let id = self.mint('j');
            work.decide(&Input { id, what: What::ClockJumped { ahead_ms: jumped_ms } }, stamp);
        }
        // Whatever is silent now may have spoken, and was not heard.
        if self.paused || self.refused_by_store.is_some() {
            let id = self.mint('u');
            work.decide(&Input { id, what: What::BeatsTurnedAway { paused: self.paused } }, stamp);
        }
        let mut outcomes = Vec::with_capacity(which.len());
        for index in which {
            let (_, input) = &batch[*index];
            if input.id.may_come_twice() && (work.world.has_seen(&input.id) || !work.people.insert(input.id.clone())) {
                outcomes.push(Outcome::Before);
                continue;
            }
            match self.load_for(&mut work.world, input, stamp) {
                Ok(()) => outcomes.push(work.decide(input, stamp)),
                // A row that cannot be read must not keep every other change from being put in force.
                Err(e) if matches!(input.what, What::ConfigLoaded(_)) => {
                    tracing::warn!(error = %e, "a row could not be read for the configuration: it is put in force without");
                    outcomes.push(work.decide(input, stamp));
                }
                Err(e) => outcomes.push(Outcome::Unreadable(e.to_string())),
            }
        }
        // What people did comes before what is due: an acknowledgement that arrived in time stops the next step.
        while work.world.next_wake().is_some_and(|due| due <= stamp.at) && work.dues < DUES_IN_ONE_FRAME {
            let due = Input { id: self.mint('t'), what: What::Due };
            work.dues += 1;
            if let Err(e) = self.load_for(&mut work.world, &due, stamp) {
                // What is due cannot be told to come again.
                tracing::warn!(error = %e, "a row could not be read for what is due: it is decided without");
            }
            work.decide(&due, stamp);
        }
        let published = match self.write(&mut work, stamp, spend) {
            Ok(published) => published,
            Err(NotDone::NotWritten(why)) => return Attempt::NotWritten(why),
            Err(NotDone::Fatal(fatal)) => {
                return Attempt::Done(StepResult { answers: Vec::new(), published: None, fatal: Some(fatal) });
            }
        };
        let facts: Arc<[Fact]> = work.facts.into();
        let answers = outcomes.into_iter().map(|o| o.answer(&facts, &self.committed)).collect();
        Attempt::Done(StepResult { answers, published, fatal: None })
    }

    fn mint(&mut self, kind: char) -> InputId {
        self.dues += 1;
        InputId::minted(kind, self.dues)
    }

    fn load_for(&self, world: &mut World, input: &Input, stamp: Stamp) -> Result<(), StoreError> {
        let loader = Loader { rows: &*self.store, handed_over: self.handed_over.as_deref() };
        // Each on its own: one that cannot be read must not hide another.
        let read = input.touches(world, stamp.at).into_iter().map(|need| loader.ensure(world, &need));
        read.fold(Ok(()), Result::and)
    }

    fn write(&mut self, work: &mut Work, stamp: Stamp, spend: Spend) -> Result<Option<Published>, NotDone> {
        if work.facts.is_empty() {
            return Ok(None);
        }
        let sealed = seal(&mut work.facts, &mut *self.salt).map_err(|e| NotDone::NotWritten(e.to_string()))?;
        work.world.remember(work.inputs.iter().cloned(), stamp);
        let frame = Frame {
            seq: self.seq + 1,
            at: stamp.at,
            wall: stamp.wall,
            config: work.world.meta.config,
            inputs: work.inputs.iter().map(ToString::to_string).collect(),
            facts: sealed.facts,
            texts: sealed.texts,
        };
        match self.store.commit(self.epoch, self.seq + 1, &frame, spend) {
            Commit::Committed => {}
            Commit::NotWritten(why) => return Err(NotDone::NotWritten(why)),
            Commit::Unknown(why) => return Err(NotDone::Fatal(Fatal::Unknown(why))),
            Commit::Fenced(why) => return Err(NotDone::Fatal(Fatal::Fenced(why))),
        }
        if spend == Spend::Free {
            self.refused_by_store = None;
        }
        self.seq += 1;
        self.dirty.add(work.world.take_touched(), work.world.take_spilled());
        let mut stale = Stales::default();
        work.facts.iter().for_each(|fact| stale.add(fact.stales()));
        // The message of a silence or a maintenance window counts what it holds back.
        stale.all_posts |= !work.world.quiets.is_empty() && work.facts.iter().any(Fact::changes_what_is_held);
        self.configured = work.configured.clone();
        self.committed = Arc::new(Snapshot {
            seq: self.seq,
            store: self.store_id,
            stamp,
            world: std::mem::take(&mut work.world),
            directory: work.directory.clone(),
        });
        Ok(Some(Published { snapshot: self.committed.clone(), stale }))
    }
}

/// At most this many times 64 deadlines in one frame; the rest by the next.
const DUES_IN_ONE_FRAME: u32 = 4;

enum Attempt {
    Done(StepResult),
    NotWritten(String),
}

enum NotDone {
    NotWritten(String),
    Fatal(Fatal),
}

/// A batch being decided.
struct Work {
    world: World,
    configured: Arc<Directory>,
    /// See [`in_force`].
    directory: Arc<Directory>,
    facts: Vec<Fact>,
    inputs: Vec<InputId>,
    /// Of these, the ones that may come twice.
    people: BTreeSet<InputId>,
    dues: u32,
}

enum Outcome {
    /// Where its facts stand among the frame's.
    Decided(Range<usize>),
    Before,
    Refused(Refusal),
    Unreadable(String),
}

impl Outcome {
    fn answer(self, all: &Arc<[Fact]>, committed: &Arc<Snapshot>) -> Answer {
        let snapshot = committed.clone();
        match self {
            Self::Decided(which) => Answer::Decided { facts: Facts { all: all.clone(), which }, snapshot },
            Self::Before => Answer::DecidedBefore { snapshot },
            Self::Refused(refusal) => Answer::Refused { refusal, snapshot },
            Self::Unreadable(why) => Answer::NotWritten(why),
        }
    }
}

impl Work {
    fn new(committed: &Snapshot, configured: Arc<Directory>) -> Self {
        let (world, directory) = (committed.world.clone(), committed.directory.clone());
        Self { world, configured, directory, facts: Vec::new(), inputs: Vec::new(), people: BTreeSet::new(), dues: 0 }
    }

    fn decide(&mut self, input: &Input, stamp: Stamp) -> Outcome {
        match decide(&mut self.world, &self.directory, input, stamp) {
            Ok(facts) => {
                let mut changed = facts.iter().any(Fact::changes_people);
                if let What::ConfigLoaded(new) = &input.what {
                    self.configured = new.clone();
                    changed = true;
                }
                if changed {
                    self.directory = in_force(&self.configured, &self.world);
                }
                if !facts.is_empty() {
                    self.inputs.push(input.id.clone());
                }
                let first = self.facts.len();
                self.facts.extend(facts);
                Outcome::Decided(first..self.facts.len())
            }
            Err(refusal) => Outcome::Refused(refusal),
        }
    }
}
