//! Messages that are about no single incident: that nobody is on call, what only informs, a window of silence. Each is
//! posted once, kept true by edits while it matters, and then left alone.

use super::decision::Decision;
use super::fact::Fact;
use super::following::Follower;
use super::id::{HandoffNo, IncidentNo, ItemNo, MessageRef, PostId, QuietId, ScheduleId, ServiceId, TeamId, UserId};
use super::item::Touched;
use super::moved::Moved;
use super::page::Recipient;
use super::prepare::{ShiftKey, Told};
use super::stamp::At;
use super::storm::Storm;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Posts that are kept true at a time; the oldest is left alone first.
pub const POSTS_MAX: usize = 500;

/// One such message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    pub id: PostId,
    pub to: Recipient,
    pub about: About,
    /// On the wall clock.
    pub since: At,
    /// Left alone from then on, on the line of delays.
    pub keep_until: At,
    /// `None` until Slack has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRef>,
}

/// What a post tells.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A level was passed over because nobody carries this schedule.
    NobodyOnCall { schedule: ScheduleId },
    /// A user group would be empty, and so keeps its members.
    GroupKept { team: TeamId },
    /// Slack refuses what is to follow who is on call, in its own word.
    CannotFollow { team: TeamId, what: Follower, error: String },
    /// What waits for somebody's working hours, the worst first; `at` is the wall's.
    Digest { user: UserId, at: At, incidents: Vec<IncidentNo> },
    /// A silence or a maintenance window.
    Quiet { quiet: QuietId },
    /// That it ends soon, for whoever made it.
    QuietEnds { quiet: QuietId, until: At },
    /// What only informs, of one service and one day; the day's end, on the wall clock.
    Fyi { service: ServiceId, until: At },
    /// That Alertmanager could not be told, for whoever made it.
    QuietElsewhere { quiet: QuietId },
    /// More incidents than its channel can be told of one by one.
    Storm(Storm),
    /// What will be handed over, for whoever does.
    HandoffDraft { handoff: HandoffNo },
    /// A shift that is ahead, for whoever's it is; at last with what to check.
    ShiftAhead { shift: ShiftKey, told: Told },
    /// Shifts that a changed file moved, for whoever's they were or are; `at` is the wall's.
    ShiftsMoved { at: At, moved: Vec<Moved>, more: usize },
    /// A shift ended.
    Handoff { handoff: HandoffNo },
    /// That nobody accepted it, for whoever is to; or for whoever leads the team.
    HandoffWaits { handoff: HandoffNo, for_lead: bool },
    /// RCAs and items that somebody is to write or do; `at` is the wall's.
    Owes { user: UserId, at: At, rcas: Vec<IncidentNo>, items: Vec<ItemNo> },
    /// What somebody else did to an item, for whoever's it was; `at` is the wall's.
    ItemTouched { item: ItemNo, by: UserId, at: At, what: Touched },
    /// RCAs that are late, for whoever leads their teams; or, where nobody does who could be told, for the admin channel.
    OwesLate { at: At, rcas: Vec<IncidentNo> },
    /// An RCA was completed.
    Rca { incident: IncidentNo },
}

impl About {
    /// Does it speak of one of these incidents?
    pub fn speaks_of(&self, changed: &BTreeSet<IncidentNo>) -> bool {
        match self {
            Self::NobodyOnCall { .. }
            | Self::GroupKept { .. }
            | Self::CannotFollow { .. }
            | Self::Fyi { .. }
            | Self::Quiet { .. }
            | Self::QuietEnds { .. }
            | Self::QuietElsewhere { .. }
            | Self::Storm(_)
            | Self::ShiftAhead { .. }
            | Self::ShiftsMoved { .. }
            | Self::ItemTouched { .. }
            | Self::HandoffWaits { for_lead: true, .. } => false,
            Self::Owes { rcas, .. } | Self::OwesLate { rcas, .. } => rcas.iter().any(|no| changed.contains(no)),
            Self::Rca { incident } => changed.contains(incident),
            Self::Digest { incidents, .. } => incidents.iter().any(|no| changed.contains(no)),
            // A draft tells of whatever is open; what can be accepted, of what its *Accept* hands over.
            Self::HandoffDraft { .. } | Self::Handoff { .. } | Self::HandoffWaits { for_lead: false, .. } => {
                !changed.is_empty()
            }
        }
    }

    /// The silence or maintenance window it is about.
    pub fn quiet(&self) -> Option<QuietId> {
        match self {
            Self::Quiet { quiet } | Self::QuietEnds { quiet, .. } | Self::QuietElsewhere { quiet } => Some(*quiet),
            Self::NobodyOnCall { .. }
            | Self::GroupKept { .. }
            | Self::CannotFollow { .. }
            | Self::Fyi { .. }
            | Self::Digest { .. }
            | Self::HandoffDraft { .. }
            | Self::ShiftAhead { .. }
            | Self::ShiftsMoved { .. }
            | Self::Handoff { .. }
            | Self::HandoffWaits { .. }
            | Self::Owes { .. }
            | Self::ItemTouched { .. }
            | Self::OwesLate { .. }
            | Self::Rca { .. }
            | Self::Storm(_) => None,
        }
    }
}

/// Says `about` to `to`, unless it is being said there already.
pub(super) fn want(d: &mut Decision<'_>, to: Recipient, about: About, keep_secs: i64) -> PostId {
    let world = d.world();
    if let Some(said) = world.posts.values().find(|p| p.to == to && p.about == about) {
        return said.id;
    }
    let id = PostId(world.meta.last_post.0 + 1);
    if world.posts.len() >= POSTS_MAX
        && let Some(oldest) = world.posts.keys().next().copied()
    {
        d.emit(Fact::PostDropped { post: oldest });
    }
    let keep_until = d.stamp.at.plus_secs(keep_secs);
    d.emit(Fact::PostWanted { post: id, to, about, keep_until });
    id
}

/// Its time is over.
pub(super) fn due(d: &mut Decision<'_>, post: PostId) {
    if d.world().posts.contains_key(&post) {
        d.emit(Fact::PostDropped { post });
    }
}
