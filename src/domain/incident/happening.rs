//! What happened to an incident, as its timeline has it.

use crate::domain::call::{Asked, Skipped, Whom};
use crate::domain::course::Had;
use crate::domain::directory::Urgency;
use crate::domain::fact::{LateAct, ResolvedBy};
use crate::domain::hold::{HeldThen, HoldWhy, TriggeredBy};
use crate::domain::id::{ChannelId, IncidentNo, ItemNo, ServiceId, TeamId, UserId};
use crate::domain::input::{SkipWhy, SnoozeWhy};
use crate::domain::page::{PageFailure, Recipient};
use crate::domain::quote::Quoted;
use crate::domain::routing::RuleRef;
use crate::domain::stamp::At;
use crate::domain::triage::Answer;
use crate::domain::urgency::RaisedBy;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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
        /// Somebody asked for them by name; the levels are not the incident's own.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_name: bool,
    },
    Exhausted {
        times: u32,
        skipped: Vec<Skipped>,
    },
    /// An added call is used up: the responder is not joined by anybody.
    NobodyCame {
        skipped: Vec<Skipped>,
        /// Who was asked for by name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked: Option<Whom>,
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
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<SnoozeWhy>,
        #[serde(default, skip_serializing_if = "str::is_empty")]
        because: Arc<str>,
    },
    SnoozeEnded,
    StillOnItAsked {
        to: UserId,
    },
    AckTimedOut,
    /// Triggered by itself, and held back at once.
    TriggeredQuietly {
        by: TriggeredBy,
        then: HeldThen,
    },
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
    /// By a guest, or somebody of another organisation; `name` is Slack's.
    NotedByGuest {
        name: Arc<str>,
        text: Arc<str>,
    },
    /// What somebody wrote in Slack, put here by hand; it stands at the time it was said.
    Quoted(Box<Quoted>),
    Started {
        by: UserId,
    },
    Mitigated {
        by: UserId,
    },
    RespondersAsked {
        by: UserId,
        whom: Vec<Whom>,
    },
    ReassignAsked {
        by: UserId,
        to: UserId,
    },
    Reassigned {
        to: UserId,
        from: Option<UserId>,
    },
    UrgencyChanged {
        by: Option<UserId>,
        to: Urgency,
        /// Who was being asked, and is not any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stopped: Vec<UserId>,
        /// What raised it, where no person did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<RaisedBy>,
    },
    /// Low urgency: it stood on this person's list.
    Listed {
        to: UserId,
    },
    BeginAsked {
        to: UserId,
    },
    SlaMissed,
    NotActionable {
        by: UserId,
    },
    MergedInto {
        by: UserId,
        into: IncidentNo,
    },
    /// Another incident became part of this one.
    Merged {
        by: UserId,
        from: IncidentNo,
    },
    Late {
        by: UserId,
        act: LateAct,
    },
    CardMoved {
        to: ChannelId,
        why: PageFailure,
    },
    /// Nobody is asked until then, on the wall clock.
    Held {
        why: HoldWhy,
        until: Option<At>,
        #[serde(default, skip_serializing_if = "str::is_empty")]
        because: Arc<str>,
    },
    HoldEnded {
        why: HoldWhy,
    },
    /// Nothing fires any more. Somebody has it, or it flaps: it is resolved by itself, at that time on the wall clock.
    ClearedFor {
        until: At,
    },
    /// A source that never says so counts as cleared.
    ClearedBySilence,
    /// Its alert led to a later incident.
    CameAnew,
    /// Cleared since then, and nothing happened.
    ResolvedByItself {
        cleared: At,
    },
    /// It fired again, and is the same incident.
    CameBack {
        had: Option<Had>,
    },
    /// A person had resolved it, and its alerts still fire.
    NotCleared,
    PageAgainDeclined {
        by: UserId,
    },
    Flapping,
    FlappingEnded,
    /// A rule sent it here; `told` is the service of the key it came by, where that is another one.
    Routed {
        rule: RuleRef,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<ServiceId>,
    },
    /// A shift ended while it waited: this one is on call now, and is asked.
    CrossedHandoff {
        to: UserId,
    },
    /// What somebody found at the first look.
    Triaged {
        by: UserId,
        answer: Answer,
    },
    /// It is that team's from then on.
    NotMine {
        by: UserId,
        team: TeamId,
    },
    MajorDeclared {
        by: UserId,
    },
    MajorTakenBack {
        by: UserId,
    },
    /// It can wait: somebody does it by a day.
    WaitsAsItem {
        by: UserId,
        item: ItemNo,
    },
    /// `left`: what was followed before, how far that was, and how many steps it has.
    PlaybookBegun {
        by: UserId,
        title: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<(Arc<str>, u32, u32)>,
    },
    /// Steps count from 1 here; `what`: the step in brief.
    StepDone {
        by: UserId,
        step: u32,
        what: Arc<str>,
    },
    StepSkipped {
        by: UserId,
        step: u32,
        what: Arc<str>,
        why: SkipWhy,
        #[serde(default, skip_serializing_if = "str::is_empty")]
        because: Arc<str>,
    },
    /// On from there, with what was to be done left as it is.
    StepChosen {
        by: UserId,
        step: u32,
        what: Arc<str>,
    },
    StepTakenBack {
        by: UserId,
        step: u32,
        what: Arc<str>,
    },
    StepStuck {
        by: UserId,
        step: u32,
        what: Arc<str>,
    },
    /// It takes longer than it was to, in seconds.
    StepOverdue {
        step: u32,
        what: Arc<str>,
        secs: i64,
    },
    PlaybookEnded {
        title: Arc<str>,
    },
    /// One more alert became part of it.
    AlertJoined {
        title: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rule: Option<RuleRef>,
    },
}

impl Entry {
    /// When it happened, on the wall clock: what was said before it was put here happened then.
    pub fn at(&self) -> At {
        match &self.what {
            Happening::Quoted(quoted) => quoted.said,
            _ => self.wall,
        }
    }
}

/// Entries in the order in which they happened, the oldest first.
pub fn in_order(entries: &[Entry]) -> Vec<&Entry> {
    let mut all: Vec<&Entry> = entries.iter().collect();
    all.sort_by_key(|e| (e.at(), e.n));
    all
}

impl Happening {
    /// Does this entry get a line in the thread? Thread followers are pushed for every line, so few do.
    pub fn is_shown_in_thread(&self) -> bool {
        match self {
            Self::Acknowledged { .. }
            | Self::Joined { .. }
            | Self::Reassigned { .. }
            | Self::NobodyCame { .. }
            | Self::SnoozeEnded
            | Self::AckTimedOut
            | Self::TriggeredQuietly { .. }
            | Self::AcknowledgedByEvent
            | Self::Escalated { .. }
            | Self::Exhausted { .. }
            | Self::Mitigated { .. }
            | Self::NotMine { .. }
            | Self::MajorDeclared { .. }
            | Self::MajorTakenBack { .. }
            | Self::WaitsAsItem { .. }
            | Self::Resolved { .. }
            | Self::MergedInto { .. }
            | Self::ResolvedByItself { .. }
            | Self::NotCleared
            | Self::Reopened { .. } => true,
            // Whoever sleeps on it sleeps on.
            Self::CameBack { had } => !matches!(had, Some(Had::Snoozed { .. })),
            // The first level is on the card from the start; a level above it is an escalation.
            Self::UrgencyChanged { to, .. } => *to == Urgency::High,
            Self::Asked { level, round, by_name, .. } => !by_name && (*level > 1 || *round > 0),
            Self::Opened
            | Self::PageFailed { .. }
            | Self::FiredAgain
            | Self::StillOnItAsked { .. }
            | Self::Snoozed { .. }
            | Self::Cleared
            | Self::Noted { .. }
            | Self::NotedByGuest { .. }
            | Self::Quoted(_)
            | Self::Started { .. }
            | Self::RespondersAsked { .. }
            | Self::ReassignAsked { .. }
            | Self::NotActionable { .. }
            | Self::Merged { .. }
            | Self::CardMoved { .. }
            | Self::Held { .. }
            | Self::HoldEnded { .. }
            | Self::ClearedFor { .. }
            | Self::ClearedBySilence
            | Self::CameAnew
            | Self::PageAgainDeclined { .. }
            | Self::Flapping
            | Self::FlappingEnded
            | Self::Listed { .. }
            | Self::BeginAsked { .. }
            | Self::SlaMissed
            | Self::CrossedHandoff { .. }
            | Self::Triaged { .. }
            | Self::PlaybookBegun { .. }
            | Self::StepDone { .. }
            | Self::StepSkipped { .. }
            | Self::StepChosen { .. }
            | Self::StepTakenBack { .. }
            | Self::StepStuck { .. }
            | Self::StepOverdue { .. }
            | Self::PlaybookEnded { .. }
            | Self::Routed { .. }
            | Self::AlertJoined { .. }
            | Self::Late { .. } => false,
        }
    }

    /// Does the incident want people again, when they thought it was taken care of? Then the channel is told anew: an
    /// edit of the card notifies nobody.
    pub fn pages_again(&self) -> bool {
        match self {
            Self::SnoozeEnded
            | Self::AckTimedOut
            | Self::NotCleared
            | Self::NotMine { .. }
            | Self::MajorDeclared { .. }
            | Self::UrgencyChanged { to: Urgency::High, .. } => true,
            Self::CameBack { .. } => self.is_shown_in_thread(),
            _ => false,
        }
    }
}
