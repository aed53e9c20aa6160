//! What comes next if nobody does anything: the decisions themselves, run forward on a copy of the state.
//!
//! Whatever tells people of the future (`why`, `simulate`) asks here. Nothing is worked out a second time: each deadline
//! is decided by [`decide`], at the instant at which it would be, as if every page reached its destination at once.

use super::call::CallKind;
use super::directory::{Directory, Method};
use super::fact::Fact;
use super::handle::decide;
use super::hold::HoldWhy;
use super::id::{IncidentNo, InputId, MessageRef, PageId};
use super::incident::Incident;
use super::input::{Input, Settled, What};
use super::refusal::Refusal;
use super::stamp::{At, Stamp};
use super::world::World;
use std::sync::Arc;

/// So far ahead is looked.
pub const AHEAD_SECS: i64 = 24 * 60 * 60;
/// So many deadlines are decided at most.
pub const DEADLINES_MAX: usize = 1_000;

/// What one incident leads to by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forecast {
    pub incident: IncidentNo,
    /// In order.
    pub ahead: Vec<Ahead>,
    pub end: End,
}

/// Something that will be decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// On the wall clock.
    pub wall: At,
    pub fact: Fact,
}

/// Why nothing more is foretold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everybody was asked, and the catch-all hears of it: that goes on until somebody answers.
    Exhausted,
    /// Nothing more happens by itself.
    Quiet,
    /// Something does, but not within [`AHEAD_SECS`].
    Later,
    /// More deadlines than [`DEADLINES_MAX`].
    TooMany,
}

/// What an input would lead to.
#[derive(Clone, Debug)]
pub struct After {
    /// The state it leaves.
    pub world: World,
    /// What is decided at once.
    pub facts: Vec<Fact>,
    /// One for each incident it touches, what is decided at once included.
    pub forecasts: Vec<Forecast>,
}

/// What comes of an incident from `now` on without any human input.
pub fn forecast(world: &World, directory: &Directory, incident: IncidentNo, now: Stamp) -> Forecast {
    // Where people take turns, it depends on all the others whose turn it is.
    let world = if takes_turns(world, directory, incident) { world.clone() } else { world.alone(incident) };
    let world = world.hearing_all();
    let mut run = Run { world, directory, incident, now, ahead: Vec::new() };
    let end = run.run_to_the_end(now);
    Forecast { incident, ahead: run.ahead, end }
}

fn takes_turns(world: &World, directory: &Directory, incident: IncidentNo) -> bool {
    let Some(i) = world.incident(incident) else { return false };
    let started = i.calls.iter().map(|c| &*c.policy);
    let all = started.chain(i.policy_kept.as_deref()).chain(directory.policies.get(&i.policy));
    all.into_iter().flat_map(|p| &p.steps).any(|step| step.round_robin)
}

/// What an input would lead to, decided at `now`, and what comes of that.
///
/// # Errors
/// When the input would be refused.
pub fn after(world: &World, directory: &Directory, input: &Input, now: Stamp) -> Result<After, Refusal> {
    let mut world = world.clone();
    let facts = decide(&mut world, directory, input, now)?;
    let mut touched: Vec<IncidentNo> = Vec::new();
    for no in facts.iter().filter_map(Fact::incident) {
        if !touched.contains(&no) {
            touched.push(no);
        }
    }
    let of = |no: IncidentNo| {
        let at_once = facts.iter().filter(|f| f.incident() == Some(no)).cloned();
        let mut ahead: Vec<Ahead> = at_once.map(|fact| Ahead { wall: now.wall, fact }).collect();
        if ahead.iter().any(|a| is_exhausted(&world, &a.fact)) {
            return Forecast { incident: no, ahead, end: End::Exhausted };
        }
        let then = forecast(&world, directory, no, now);
        ahead.extend(then.ahead);
        Forecast { ahead, ..then }
    };
    let forecasts = touched.into_iter().map(of).collect();
    Ok(After { world, facts, forecasts })
}

impl Forecast {
    /// The pages that will be asked for: when, and by which fact.
    pub fn pages(&self) -> impl Iterator<Item = &Ahead> {
        self.ahead.iter().filter(|a| matches!(a.fact, Fact::PageRequested { .. }))
    }
}

struct Run<'a> {
    world: World,
    directory: &'a Directory,
    incident: IncidentNo,
    now: Stamp,
    ahead: Vec<Ahead>,
}

impl Run<'_> {
    fn run_to_the_end(&mut self, mut stamp: Stamp) -> End {
        for _ in 0..DEADLINES_MAX {
            self.deliver(stamp);
            // Resolved by a person, it may page again: that is all that is still to come of it.
            let has_future = |i: &&Arc<Incident>| i.is_open() || i.course.pages_again_at().is_some();
            let open = self.world.incident(self.incident).filter(has_future);
            // A window that holds it back ends without a deadline of the incident's own.
            let is_quiet = |i: &Incident| i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Quiet { .. }));
            let waits = |i: &Arc<Incident>| i.next_wake().is_some() || is_quiet(i);
            if !open.is_some_and(waits) {
                return End::Quiet;
            }
            // Others than its own count too: who is on call changes.
            let Some(next) = self.world.next_wake() else { return End::Quiet };
            if next > self.now.at.plus_secs(AHEAD_SECS) {
                return End::Later;
            }
            let at = next.max(stamp.at);
            stamp = Stamp { at, wall: self.now.wall.plus_ms(at.0.saturating_sub(self.now.at.0)) };
            let facts = self.decide(What::Due, stamp);
            let is_ours = |f: &&Fact| f.incident() == Some(self.incident);
            let exhausted = facts.iter().filter(is_ours).any(|f| is_exhausted(&self.world, f));
            let ours = facts.into_iter().filter(|f| f.incident() == Some(self.incident));
            self.ahead.extend(ours.map(|fact| Ahead { wall: stamp.wall, fact }));
            if exhausted {
                return End::Exhausted;
            }
        }
        End::TooMany
    }

    /// Whatever is under way arrives.
    fn deliver(&mut self, stamp: Stamp) {
        let wanted = |world: &World, no| -> Vec<(PageId, bool)> {
            let pages = world.incident(no).into_iter().flat_map(|i| i.wanted_pages());
            pages.map(|p| (p.id, p.method == Method::Slack)).collect()
        };
        for (page, is_slack) in wanted(&self.world, self.incident) {
            let pages = vec![(self.incident, page)];
            let arrived = if is_slack {
                let message = MessageRef { channel: "forecast".into(), ts: page.0.to_string().into() };
                Settled::PagesDelivered { pages, message, bundle: None }
            } else {
                Settled::PagesSent { pages, receipt: "forecast".into(), bundle: None }
            };
            self.decide(What::Settled(arrived), stamp);
        }
    }

    fn decide(&mut self, what: What, stamp: Stamp) -> Vec<Fact> {
        let input = Input { id: InputId::minted('f', 0), what };
        // Neither a deadline nor what arrived is ever refused.
        decide(&mut self.world, self.directory, &input, stamp).unwrap_or_default()
    }
}

/// Is nobody left to be asked, and the catch-all told?
fn is_exhausted(world: &World, fact: &Fact) -> bool {
    let Fact::CallExhausted { incident, call, .. } = fact else { return false };
    world.incident(*incident).and_then(|i| i.call(*call)).is_some_and(|c| matches!(c.kind, CallKind::Main))
}
