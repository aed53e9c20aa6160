//! A call: who is being asked about an incident, how far the asking got, and who answered.

use super::directory::{Method, Policy, Target};
use super::id::{CallNo, ScheduleId, TeamId, UserId};
use super::stamp::At;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub no: CallNo,
    pub kind: CallKind,
    /// As it was when the call started.
    pub policy: Arc<Policy>,
    /// People asked in the first step besides its targets (the responder, when the incident came back).
    pub also: Vec<UserId>,
    pub step: u32,
    pub round: u32,
    /// The people of the present step.
    pub asked: Vec<Asked>,
    /// Everybody this call ever asked; they answer it by acknowledging.
    pub reached: Vec<UserId>,
    pub queue: Vec<QueuedPage>,
    pub next_up: Vec<UserId>,
    pub state: CallState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// Everybody waits for somebody to take the incident.
    Main,
    /// The levels above were asked as well, while somebody has it.
    Added { by: UserId },
    /// The levels are asked as well, because whoever has it may not hear that it is urgent, or back.
    StandIn { of: UserId },
    /// `by` asked for this person, team or schedule.
    Responder { by: UserId, whom: Whom },
    /// `by` wants this person to have it from now on.
    Reassign { by: UserId, to: UserId },
}

/// Who can be asked by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    User(UserId),
    /// By the team's own policy.
    Team(TeamId),
    Schedule(ScheduleId),
}

impl CallKind {
    /// Who asked; nobody did for the main call, nor where somebody sleeps.
    pub fn by(&self) -> Option<&UserId> {
        match self {
            Self::Main | Self::StandIn { .. } => None,
            Self::Added { by } | Self::Responder { by, .. } | Self::Reassign { by, .. } => Some(by),
        }
    }

    /// Who needs no page to come, as long as they have it.
    pub fn spares(&self) -> Option<&UserId> {
        match self {
            Self::StandIn { of } => Some(of),
            Self::Main | Self::Added { .. } | Self::Responder { .. } | Self::Reassign { .. } => self.by(),
        }
    }

    /// Are people asked beside whoever has it?
    pub fn is_beside(&self) -> bool {
        !matches!(self, Self::Main)
    }

    /// Does it go through the levels of the incident's own policy?
    pub fn is_of_the_policy(&self) -> bool {
        matches!(self, Self::Main | Self::Added { .. } | Self::StandIn { .. })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Started, no step yet: only inside one decision.
    Starting,
    /// The present step is waited for until `next_at`.
    Asking {
        next_at: At,
    },
    /// The policy is used up; the catch-all is asked again at `next_at`, or nobody any more.
    Exhausted {
        times: u32,
        next_at: Option<At>,
    },
    Answered {
        by: UserId,
    },
    /// No longer asked: acknowledged by an event, resolved, snoozed, or replaced by a new call.
    Stopped,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub user: UserId,
    /// The schedule that named this person; `None` when the policy did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<ScheduleId>,
    /// None of their methods may make a sound until then (Do Not Disturb), on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_until: Option<At>,
    /// Slack cannot be reached, and nothing else reaches them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slack_away: bool,
}

impl Asked {
    /// Does one of their methods make a sound?
    pub fn hears(&self) -> bool {
        self.silent_until.is_none() && !self.slack_away
    }
}

/// A page that is due later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedPage {
    pub user: UserId,
    pub method: Method,
    pub due: At,
}

/// A target that asked nobody, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub target: Target,
    pub why: SkipReason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    NobodyOnCall,
    NoMethod,
    /// The configuration no longer has them.
    Gone,
    /// They have the incident, and asked for help themselves.
    HasIt,
    /// The level asks only for incidents of other tiers,
    OtherTier,
    /// with other labels,
    OtherLabels,
    /// or at other hours.
    OtherHours,
}

impl Call {
    /// Still waiting for an answer.
    pub fn is_open(&self) -> bool {
        matches!(self.state, CallState::Starting | CallState::Asking { .. } | CallState::Exhausted { .. })
    }

    /// It asked everybody there is, and asks nobody again by itself.
    pub fn is_used_up(&self) -> bool {
        matches!(self.state, CallState::Exhausted { next_at: None, .. })
    }

    /// Those of the present step whose answer is worth waiting for: who hears the page; where nobody does, all.
    pub fn waited_for(&self) -> impl Iterator<Item = &UserId> {
        let is_heard = self.asked.iter().any(Asked::hears);
        self.asked.iter().filter(move |a| !is_heard || a.hears()).map(|a| &a.user)
    }

    /// When this call wants to be looked at.
    pub fn next_wake(&self) -> Option<At> {
        let step = match self.state {
            CallState::Asking { next_at } => Some(next_at),
            CallState::Exhausted { next_at, .. } => next_at,
            CallState::Starting | CallState::Answered { .. } | CallState::Stopped => None,
        };
        if !self.is_open() {
            return None;
        }
        self.queue.iter().map(|q| q.due).chain(step).min()
    }

    /// Did a person ask for these people, who are still waited for?
    pub fn waits_for_whom_somebody_asked(&self) -> bool {
        matches!((self.kind.by(), &self.state), (Some(_), CallState::Starting | CallState::Asking { .. }))
    }

    /// The next level at which people take turns, from 1, where there is one ahead.
    pub fn turn_ahead(&self) -> Option<usize> {
        let all = || self.policy.steps.iter().zip(1..);
        let again = all().filter(|_| self.round < self.policy.repeat);
        all().skip(self.step as usize + 1).chain(again).find(|(step, _)| step.round_robin).map(|(_, level)| level)
    }

    /// Is there a level above the present one in this round?
    pub fn has_level_above(&self) -> bool {
        (self.step as usize) + 1 < self.policy.steps.len()
    }
}
