//! What a fact is about.

use super::Fact;
use crate::domain::id::IncidentNo;
use crate::domain::input::Need;

impl Fact {
    /// The incident this fact is about.
    pub fn incident(&self) -> Option<IncidentNo> {
        match self {
            Self::ConfigLoaded { .. }
            | Self::NumbersSkipped { .. }
            | Self::ClockJumped { .. }
            | Self::PostWanted { .. }
            | Self::PostFailed { .. }
            | Self::PostDropped { .. }
            | Self::StormOver { .. }
            | Self::TurnTaken { .. }
            | Self::TurnForgotten { .. }
            | Self::FyiShown(_)
            | Self::FyiRepeated { .. }
            | Self::FyiCleared { .. }
            | Self::FyiForgotten { .. }
            | Self::EventDropped { .. }
            | Self::ShiftStarted { .. }
            | Self::DraftLooked { .. }
            | Self::ShiftsAheadLooked { .. }
            | Self::ShiftForetold { .. }
            | Self::ShiftGone { .. }
            | Self::ShiftOver { .. }
            | Self::ReadyMarked { .. }
            | Self::ShiftsMoved { .. }
            | Self::HandoffDrafted { .. }
            | Self::HandoffForgotten { .. }
            | Self::HandoffNoted { .. }
            | Self::HandoffWritten { .. }
            | Self::HandoffOffered { .. }
            | Self::HandedOver { .. }
            | Self::HandoffAccepted { .. }
            | Self::HandoffReminded { .. }
            | Self::RcaAnswered { .. }
            | Self::RcaImpactTold { .. }
            | Self::RcaWritten { .. }
            | Self::RcaHandedOver { .. }
            | Self::RcaExcused { .. }
            | Self::RcaCompleted { .. }
            | Self::RcaTakenUp { .. }
            | Self::RcaReminded { .. }
            | Self::RcaLeadTold { .. }
            | Self::ItemMade { .. }
            | Self::ItemDone { .. }
            | Self::ItemChanged { .. }
            | Self::ItemReopened { .. }
            | Self::ItemNews { .. }
            | Self::ItemNewsTold { .. }
            | Self::ItemReminded { .. }
            | Self::ShiftForgotten { .. }
            | Self::OverrideSet(_)
            | Self::OverrideExpired { .. }
            | Self::OverrideWaits { .. }
            | Self::DoNotDisturb { .. }
            | Self::HeartbeatWatched { .. }
            | Self::HeartbeatHeard { .. }
            | Self::HeartbeatPutOff { .. }
            | Self::HeartbeatSilent { .. }
            | Self::HeartbeatForgotten { .. }
            | Self::SlackWentAway
            | Self::SlackCameBack
            | Self::OverrideRemoved { .. }
            | Self::QuietMade { .. }
            | Self::QuietBegun { .. }
            | Self::QuietWaits { .. }
            | Self::QuietExtended { .. }
            | Self::QuietWarned { .. }
            | Self::QuietEnded { .. }
            | Self::QuietForgotten { .. }
            | Self::QuietsSwept { .. }
            | Self::QuietWritten { .. }
            | Self::QuietRemoved { .. }
            | Self::QuietNotDone { .. }
            | Self::QuietKept { .. }
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
            | Self::MisconfiguredMended { .. }
            | Self::MisconfiguredForgotten { .. } => None,
            Self::IncidentOpened(o) => Some(o.incident),
            Self::AlertJoined(j) => Some(j.incident),
            Self::StepStarted(s) => Some(s.incident),
            Self::SyncCreated { key, .. } => key.incident(),
            Self::PagesCarriedOver { incident, .. }
            | Self::AlertRepeated { incident, .. }
            | Self::AlertFired { incident, .. }
            | Self::AlertCleared { incident, .. }
            | Self::EventLate { incident, .. }
            | Self::AcknowledgedByEvent { incident, .. }
            | Self::CallStarted { incident, .. }
            | Self::PolicyKept { incident, .. }
            | Self::Held { incident, .. }
            | Self::HoldEnded { incident }
            | Self::CallExhausted { incident, .. }
            | Self::PageRequested { incident, .. }
            | Self::PageDelivered { incident, .. }
            | Self::PageSent { incident, .. }
            | Self::PageFailed { incident, .. }
            | Self::PageRevoked { incident, .. }
            | Self::Acknowledged { incident, .. }
            | Self::Snoozed { incident, .. }
            | Self::SnoozeEnded { incident, .. }
            | Self::StillOnItAsked { incident, .. }
            | Self::AckTimedOut { incident, .. }
            | Self::WillBeHeld { incident, .. }
            | Self::Escalated { incident, .. }
            | Self::Resolved { incident, .. }
            | Self::Reopened { incident, .. }
            | Self::Noted { incident, .. }
            | Self::NotedByGuest { incident, .. }
            | Self::Quoted { incident, .. }
            | Self::WillResolve { incident, .. }
            | Self::PageAgainPlanned { incident, .. }
            | Self::PageAgainDeclined { incident, .. }
            | Self::NotCleared { incident }
            | Self::CameBack { incident, .. }
            | Self::Flapping { incident, .. }
            | Self::FlappingEnded { incident }
            | Self::AlertHeard { incident, .. }
            | Self::AlertSilent { incident, .. }
            | Self::CameAnew { incident, .. }
            | Self::AlertLetGo { incident, .. }
            | Self::Started { incident, .. }
            | Self::Mitigated { incident, .. }
            | Self::RespondersAsked { incident, .. }
            | Self::ReassignAsked { incident, .. }
            | Self::Reassigned { incident, .. }
            | Self::UrgencyChanged { incident, .. }
            | Self::SlaStarted { incident, .. }
            | Self::SlaAsked { incident, .. }
            | Self::HelpPlanned { incident, .. }
            | Self::HelpOffered { incident, .. }
            | Self::SlaMissed { incident, .. }
            | Self::ListingPlanned { incident, .. }
            | Self::Listed { incident, .. }
            | Self::AlertRated { incident, .. }
            | Self::RaisePlanned { incident, .. }
            | Self::RaiseDropped { incident }
            | Self::CountWanes { incident, .. }
            | Self::CountWaned { incident }
            | Self::MarkedNotActionable { incident, .. }
            | Self::MisconfiguredMarked { incident, .. }
            | Self::MisconfiguredCameBack { incident, .. }
            | Self::AlertCame { incident, .. }
            | Self::Merged { incident, .. }
            | Self::AlertsTaken { incident, .. }
            | Self::CrossedHandoff { incident, .. }
            | Self::TriageAnswered { incident, .. }
            | Self::NotMine { incident, .. }
            | Self::MajorDeclared { incident, .. }
            | Self::MajorTakenBack { incident, .. }
            | Self::WaitsAsItem { incident, .. }
            | Self::RcaOwed { incident, .. }
            | Self::PlaybookBegun { incident, .. }
            | Self::StepDone { incident, .. }
            | Self::StepSkipped { incident, .. }
            | Self::StepChosen { incident, .. }
            | Self::StepTakenBack { incident, .. }
            | Self::StepStuck { incident, .. }
            | Self::StepOverdue { incident, .. }
            | Self::ActLate { incident, .. }
            | Self::IncidentClosed { incident, .. }
            | Self::ClosePostponed { incident, .. }
            | Self::ThreadShown { incident, .. }
            | Self::CardMoved { incident, .. } => Some(*incident),
        }
    }

    /// Does this fact change who is in the directory?
    pub fn changes_people(&self) -> bool {
        matches!(self, Self::PersonAdded { .. } | Self::PersonRemoved { .. } | Self::PersonForgotten { .. })
    }

    /// May an incident be held back from here on, or not be any more, or be covered by something else? Or may what is
    /// silenced have got a title?
    pub fn changes_what_is_held(&self) -> bool {
        matches!(
            self,
            Self::IncidentOpened(_)
                | Self::Held { .. }
                | Self::HoldEnded { .. }
                | Self::WillBeHeld { .. }
                | Self::SnoozeEnded { .. }
                | Self::AlertJoined(_)
                | Self::AlertLetGo { .. }
                | Self::Acknowledged { .. }
                | Self::AcknowledgedByEvent { .. }
                | Self::Reassigned { .. }
                | Self::Started { .. }
                | Self::Snoozed { .. }
                | Self::Resolved { .. }
                | Self::NotMine { .. }
                | Self::MajorDeclared { .. }
                | Self::MajorTakenBack { .. }
                | Self::Merged { .. }
        )
    }

    /// What must be in memory before this fact can be applied.
    pub fn needs(&self) -> Option<Need> {
        match self {
            Self::IncidentOpened(o) => Some(Need::Alert(o.alert_key())),
            // Its incident is open, and so in memory.
            Self::AlertJoined(j) => Some(Need::Alert(j.alert_key())),
            _ => self.incident().map(Need::Incident),
        }
    }
}
