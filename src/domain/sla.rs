//! By when somebody must have started: a tier's promise, kept or missed.
//!
//! The clock runs while an incident is open, of high urgency, and nobody has started, acknowledged or not. It begins when
//! that becomes so, which for most is when they open. A hold that waits whether it clears does not stop it; a snooze, a
//! silence and low urgency take it away, and when they end, a new one begins. What was missed stays missed. While all of it
//! has cleared, it stands; when it fires again, it is where it would have been.

use super::decision::Decision;
use super::directory::{Directory, Urgency};
use super::fact::Fact;
use super::hold::HoldWhy;
use super::id::{IncidentNo, TeamId};
use super::incident::{Incident, State};
use super::page::{Purpose, RevokeReason};
use super::stamp::At;
use super::{escalation, paging};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// After this part of the time, whoever has it and has not started is asked.
const ASK_PERCENT: i64 = 80;

/// What each tier promises: the time from the first event to *started*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tiers(pub BTreeMap<u8, StartWithin>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartWithin {
    Secs(i64),
    /// By the end of the team's next working day.
    NextWorkingDay,
}

impl Default for Tiers {
    fn default() -> Self {
        use StartWithin::{NextWorkingDay, Secs};
        Self(BTreeMap::from([(1, Secs(5 * 60)), (2, Secs(15 * 60)), (3, NextWorkingDay)]))
    }
}

impl Tiers {
    pub fn of(&self, tier: u8) -> StartWithin {
        self.0.get(&tier).copied().unwrap_or(StartWithin::NextWorkingDay)
    }
}

/// An incident's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sla {
    /// On the wall clock.
    pub start_by: At,
    /// `start_by` on the line of delays.
    pub due: At,
    /// When whoever has it is asked, on the line of delays; `None`: that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_at: Option<At>,
    /// When the time was over and nobody had started, on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<At>,
}

impl Sla {
    pub fn next_wake(&self) -> Option<At> {
        self.missed.is_none().then(|| self.ask_at.map_or(self.due, |ask| ask.min(self.due)))
    }
}

/// Does the clock run for this incident?
pub fn runs(i: &Incident) -> bool {
    let waits = match i.state {
        State::Triggered { .. } | State::Acknowledged { .. } => true,
        State::Snoozed { .. } | State::Resolved { .. } => false,
    };
    let held = i.hold.as_ref().is_some_and(|hold| !matches!(hold.why, HoldWhy::Settling));
    waits && !held && i.urgency == Urgency::High && i.started.is_none() && i.mitigated.is_none()
}

/// By when an incident that begins at `wall` must be started; on the wall clock.
pub fn start_by(directory: &Directory, team: &TeamId, tier: u8, wall: At) -> Option<At> {
    match directory.tiers.of(tier) {
        StartWithin::Secs(secs) => Some(wall.plus_secs(secs)),
        StartWithin::NextWorkingDay => directory.hours_of_team(team).end_of_next_day(wall),
    }
}

/// Starts the clock where one is wanted, and calls back the question of one that stopped.
pub(super) fn tend(d: &mut Decision<'_>, i: &Incident) {
    if !runs(i) || i.course.clearing.is_some() {
        let asked = i.wanted_pages().filter(|p| p.purpose == Purpose::Begin).map(|p| p.id);
        for page in asked.collect::<Vec<_>>() {
            d.emit(Fact::PageRevoked { incident: i.no, page, why: RevokeReason::Answered });
        }
        return;
    }
    let wall = d.stamp.wall;
    if i.sla.is_some() {
        return;
    }
    let Some(start_by) = start_by(d.directory, &i.team, i.tier, wall) else { return };
    let mut ask = wall.plus_ms((start_by.0 - wall.0) / 100 * ASK_PERCENT);
    if d.directory.tiers.of(i.tier) == StartWithin::NextWorkingDay {
        // What has until tomorrow needs nobody to be asked at night.
        let hours = d.directory.hours_of_team(&i.team);
        if !hours.is_open_at(ask) {
            ask = hours.next_open(ask).unwrap_or(ask);
        }
    }
    let (due, ask_at) = (d.stamp.due_of(start_by), d.stamp.due_of(ask));
    d.emit(Fact::SlaStarted { incident: i.no, start_by, due, ask_at });
}

/// Its time is nearly over, or over.
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    // While nothing fires, nobody is asked and nothing is missed.
    let Some(i) = d.incident(no).filter(|i| i.course.clearing.is_none()) else { return };
    let Some(sla) = i.sla.filter(|sla| sla.next_wake().is_some_and(|at| at <= d.stamp.at)) else { return };
    if sla.due <= d.stamp.at {
        d.emit(Fact::SlaMissed { incident: no });
        return;
    }
    let to = i.responder().cloned().filter(|who| paging::can_be_asked(d, who, i.urgency));
    d.emit(Fact::SlaAsked { incident: no, to: to.clone() });
    if let Some(who) = to {
        escalation::ask_to_begin(d, no, who);
    }
}
