//! What a fact makes out of date in Slack.

use super::Fact;
use crate::domain::id::{IncidentNo, PostId};
use crate::domain::page::SyncKey;

/// What a fact makes out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    Nothing,
    /// The card only.
    Card(IncidentNo),
    /// Card, thread and direct messages.
    Everything(IncidentNo),
    /// Nothing of it is shown any more.
    Closed(IncidentNo),
    /// One message that is about no single incident.
    Post(PostId),
    /// All of those, and whatever follows who is on call: what they tell may have changed.
    Posts,
    /// The card, and all of those.
    CardAndPosts(IncidentNo),
    /// It is kept true no more.
    PostGone(PostId),
    /// One message about no single incident, and nobody waits for it.
    PostLater(PostId),
}

impl Fact {
    /// What this fact makes out of date in Slack. The same function live and after a restart. `Dm` keys are named by
    /// [`crate::domain::incident::Incident::dms`], because which messages there are is the state's to say.
    pub fn stales(&self) -> Stale {
        match self {
            Self::NumbersSkipped { .. }
            | Self::ClockJumped { .. }
            | Self::PagesCarriedOver { .. }
            | Self::EventLate { .. }
            | Self::ActLate { .. }
            | Self::AlertHeard { .. }
            | Self::ThreadShown { .. }
            | Self::PolicyKept { .. }
            | Self::TurnTaken { .. }
            | Self::TurnForgotten { .. }
            | Self::AlertRated { .. }
            | Self::CountWanes { .. }
            | Self::DraftLooked { .. }
            | Self::ShiftsAheadLooked { .. }
            | Self::ShiftsMoved { .. }
            | Self::ShiftOver { .. }
            | Self::HandoffReminded { .. }
            | Self::RcaReminded { .. }
            | Self::RcaLeadTold { .. }
            | Self::ItemReminded { .. }
            | Self::ItemNews { .. }
            | Self::ItemNewsTold { .. }
            | Self::OverrideSet(_)
            | Self::OverrideExpired { .. }
            | Self::OverrideWaits { .. }
            | Self::QuietWaits { .. }
            | Self::HeartbeatWatched { .. }
            | Self::HeartbeatHeard { .. }
            | Self::HeartbeatPutOff { .. }
            | Self::HeartbeatSilent { .. }
            | Self::HeartbeatForgotten { .. }
            | Self::SlackWentAway
            | Self::SlackCameBack
            | Self::OverrideRemoved { .. }
            | Self::PersonAsked { .. }
            | Self::PersonAnnounced { .. }
            | Self::PersonAdded { .. }
            | Self::PersonDeclined { .. }
            | Self::PersonRemoved { .. }
            | Self::PersonForgotten { .. }
            | Self::ChangeReported { .. }
            | Self::ChangeForgotten { .. }
            | Self::AnnouncementMade { .. }
            | Self::AnnouncementEnded { .. }
            | Self::MisconfiguredListed { .. }
            | Self::MisconfiguredMarked { .. }
            | Self::MisconfiguredCameBack { .. }
            | Self::AlertCame { .. }
            | Self::HelpPlanned { .. }
            | Self::MisconfiguredMended { .. }
            | Self::MisconfiguredForgotten { .. }
            | Self::FyiForgotten { .. }
            | Self::EventDropped { .. } => Stale::Nothing,
            Self::FyiShown(shown) => Stale::PostLater(shown.post),
            Self::FyiRepeated { post, .. } | Self::FyiCleared { post, .. } => Stale::PostLater(*post),
            // What is owed may be a card that a storm's message once told of.
            Self::AlertRepeated { incident, .. }
            | Self::CountWaned { incident }
            | Self::ClosePostponed { incident, .. } => Stale::Card(*incident),
            Self::PostWanted { post, .. }
            | Self::StormOver { post, .. }
            | Self::SyncCreated { key: SyncKey::Post(post), .. } => Stale::Post(*post),
            Self::PostFailed { post, .. } | Self::PostDropped { post } => Stale::PostGone(*post),
            Self::ConfigLoaded { .. }
            | Self::ShiftStarted { .. }
            | Self::HandoffDrafted { .. }
            | Self::HandoffForgotten { .. }
            | Self::HandoffNoted { .. }
            | Self::HandoffWritten { .. }
            | Self::HandoffOffered { .. }
            | Self::HandedOver { .. }
            | Self::HandoffAccepted { .. }
            | Self::RcaAnswered { .. }
            | Self::RcaImpactTold { .. }
            | Self::RcaWritten { .. }
            | Self::ItemMade { .. }
            | Self::ItemDone { .. }
            | Self::ItemChanged { .. }
            | Self::ItemReopened { .. }
            | Self::ShiftForgotten { .. }
            | Self::ShiftForetold { .. }
            | Self::ShiftGone { .. }
            | Self::ReadyMarked { .. }
            | Self::DoNotDisturb { .. }
            | Self::QuietMade { .. }
            | Self::QuietBegun { .. }
            | Self::QuietExtended { .. }
            | Self::QuietWarned { .. }
            | Self::QuietEnded { .. }
            | Self::QuietForgotten { .. }
            | Self::QuietWritten { .. }
            | Self::QuietRemoved { .. }
            | Self::QuietNotDone { .. }
            | Self::QuietKept { .. }
            | Self::QuietsSwept { .. } => Stale::Posts,
            Self::RcaOwed { incident, .. }
            | Self::RcaHandedOver { incident, .. }
            | Self::RcaExcused { incident, .. }
            | Self::RcaCompleted { incident, .. }
            | Self::RcaTakenUp { incident, .. } => Stale::CardAndPosts(*incident),
            Self::IncidentClosed { incident, .. } => Stale::Closed(*incident),
            _ => self.incident().map_or(Stale::Nothing, Stale::Everything),
        }
    }
}
