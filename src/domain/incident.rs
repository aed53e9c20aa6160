//! What humans work on.

use super::alert::Alert;
use super::call::{Asked, Call, CallState, Skipped};
use super::directory::Urgency;
use super::fact::{LateAct, ResolvedBy};
use super::id::{CallNo, ChannelId, IncidentNo, MessageRef, PageId, PolicyId, ServiceId, TeamId, UserId};
use super::page::{Page, PageFailure, PageState, Recipient};
use super::stamp::At;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Entries of the timeline kept in memory; older ones are rows of their own.
pub const TIMELINE_IN_MEMORY: usize = 50;
/// How many entries move to rows at once when memory holds too many.
pub const TIMELINE_SPILL: usize = 25;
/// Settled pages remembered of one incident; the timeline remembers who was asked beyond that.
pub const SETTLED_PAGES_KEPT: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub no: IncidentNo,
    pub service: ServiceId,
    pub team: TeamId,
    pub tier: u8,
    pub urgency: Urgency,
    pub policy: PolicyId,
    pub title: Arc<str>,
    pub link: Arc<str>,
    /// One `name: value` a line.
    pub labels: Arc<str>,
    /// On the wall clock.
    pub opened: At,
    pub state: State,
    pub alerts: Vec<Alert>,
    pub calls: Vec<Call>,
    pub pages: Vec<Page>,
    /// Who acknowledged it or was added to it, in that order.
    pub responders: Vec<UserId>,
    /// Where the card belongs.
    pub channel: ChannelId,
    pub card: Option<MessageRef>,
    /// The last timeline entry the thread shows.
    pub thread_shown: u64,
    /// The newest entries.
    pub timeline: Vec<Entry>,
    /// The number the next entry gets; the first is 1.
    pub next_entry: u64,
    /// On disk only, unless somebody asked for it.
    pub closed: bool,
}

/// Where an incident stands. Times named `since` and `until` are the wall's; deadlines are on the line of `at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has it.
    Triggered {
        since: At,
    },
    /// Somebody (or, `None`, a monitor's other side) has it.
    Acknowledged {
        by: Option<UserId>,
        since: At,
        timeout: AckTimeout,
    },
    /// Acknowledged until a stated time.
    Snoozed {
        by: UserId,
        since: At,
        until: At,
        due: At,
    },
    Resolved {
        by: ResolvedBy,
        since: At,
        close_at: At,
    },
}

/// What happens to an acknowledged incident without activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckTimeout {
    /// Low urgency never wakes anybody: it stays with its responder.
    Never,
    AskAt(At),
    /// Asked; triggered again at this time.
    TriggerAt(At),
}

/// Why an open incident needs no deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// Low urgency: listed, never escalated.
    LowUrgency,
    /// The catch-all was told and there is nobody else to tell.
    NobodyLeft,
}

/// One line of what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub n: u64,
    /// On the wall clock.
    pub wall: At,
    pub what: Happening,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    Opened,
    /// `level` counts from 1.
    Asked {
        level: u32,
        round: u32,
        asked: Vec<Asked>,
        skipped: Vec<Skipped>,
    },
    Exhausted {
        times: u32,
        skipped: Vec<Skipped>,
    },
    /// An added call is used up: the responder is not joined by anybody.
    NobodyCame {
        skipped: Vec<Skipped>,
    },
    PageFailed {
        to: Recipient,
        why: PageFailure,
    },
    Acknowledged {
        by: UserId,
    },
    /// Acknowledged while somebody else has it, and goes on having it.
    Joined {
        by: UserId,
    },
    AcknowledgedByEvent,
    Escalated {
        by: UserId,
    },
    Snoozed {
        by: UserId,
        until: At,
    },
    SnoozeEnded,
    StillOnItAsked {
        to: UserId,
    },
    AckTimedOut,
    FiredAgain,
    Cleared,
    Resolved {
        by: ResolvedBy,
        note: Arc<str>,
    },
    Reopened {
        by: UserId,
    },
    Noted {
        by: UserId,
        text: Arc<str>,
    },
    Late {
        by: UserId,
        act: LateAct,
    },
    CardMoved {
        to: ChannelId,
        why: PageFailure,
    },
}

impl Happening {
    /// Does this entry get a line in the thread? Thread followers are pushed for every line, so few do.
    pub fn is_shown_in_thread(&self) -> bool {
        match self {
            Self::Acknowledged { .. }
            | Self::Joined { .. }
            | Self::NobodyCame { .. }
            | Self::AcknowledgedByEvent
            | Self::Escalated { .. }
            | Self::Snoozed { .. }
            | Self::SnoozeEnded
            | Self::AckTimedOut
            | Self::Exhausted { .. }
            | Self::Resolved { .. }
            | Self::Reopened { .. }
            | Self::Noted { .. }
            | Self::CardMoved { .. } => true,
            // The first level is on the card from the start; a level above it is an escalation.
            Self::Asked { level, round, .. } => *level > 1 || *round > 0,
            Self::Opened
            | Self::PageFailed { .. }
            | Self::FiredAgain
            | Self::StillOnItAsked { .. }
            | Self::Cleared
            | Self::Late { .. } => false,
        }
    }
}

impl Incident {
    pub fn is_resolved(&self) -> bool {
        matches!(self.state, State::Resolved { .. })
    }

    pub fn is_triggered(&self) -> bool {
        matches!(self.state, State::Triggered { .. })
    }

    /// The newest main call.
    pub fn main_call(&self) -> Option<&Call> {
        self.calls.iter().rev().find(|c| matches!(c.kind, super::call::CallKind::Main))
    }

    pub fn call(&self, no: CallNo) -> Option<&Call> {
        self.calls.iter().find(|c| c.no == no)
    }

    pub fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|c| c.is_open())
    }

    pub fn page(&self, id: PageId) -> Option<&Page> {
        self.pages.iter().find(|p| p.id == id)
    }

    pub fn wanted_pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(|p| p.is_wanted())
    }

    /// The direct messages that exist, which must tell the truth.
    pub fn dms(&self) -> impl Iterator<Item = PageId> {
        self.pages.iter().filter(|p| matches!(p.state, PageState::Delivered { .. })).map(|p| p.id)
    }

    pub fn alert(&self, dedup: &str) -> Option<(u32, &Alert)> {
        (0u32..).zip(&self.alerts).find(|(_, a)| &*a.dedup == dedup)
    }

    pub fn has_firing_alert(&self) -> bool {
        self.alerts.iter().any(Alert::is_firing)
    }

    /// The thread's pending entries, oldest first.
    pub fn thread_pending(&self) -> impl Iterator<Item = &Entry> {
        self.timeline.iter().filter(|e| e.n > self.thread_shown && e.what.is_shown_in_thread())
    }

    /// When this incident wants to be looked at next.
    pub fn next_wake(&self) -> Option<At> {
        if self.closed {
            return None;
        }
        let state = match &self.state {
            State::Triggered { .. } => None,
            State::Acknowledged { timeout, .. } => match timeout {
                AckTimeout::Never => None,
                AckTimeout::AskAt(at) | AckTimeout::TriggerAt(at) => Some(*at),
            },
            State::Snoozed { due, .. } => Some(*due),
            State::Resolved { close_at, .. } => Some(*close_at),
        };
        self.calls.iter().filter_map(Call::next_wake).chain(state).min()
    }

    /// Why an open incident has no deadline, if there is a reason.
    pub fn terminal(&self) -> Option<Terminal> {
        match (&self.state, self.urgency) {
            (State::Resolved { .. } | State::Snoozed { .. }, _) => None,
            (State::Triggered { .. } | State::Acknowledged { .. }, Urgency::Low) => Some(Terminal::LowUrgency),
            (State::Triggered { .. } | State::Acknowledged { .. }, Urgency::High) => self
                .calls
                .iter()
                .any(|c| matches!(c.state, CallState::Exhausted { next_at: None, .. }))
                .then_some(Terminal::NobodyLeft),
        }
    }
}
