//! Why an input changed nothing. For the human who asked: `views::refusal` has the words.

use super::fact::ResolvedBy;
use super::id::{IncidentNo, ScheduleId, ServiceId, UserId};
use super::stamp::At;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No incident has this number.
    NoSuchIncident(IncidentNo),
    /// The configuration in force no longer has this service.
    NoSuchService(ServiceId),
    NoSuchSchedule(ScheduleId),
    NoSuchUser(UserId),
    AlreadyYours {
        incident: IncidentNo,
    },
    IsResolved {
        incident: IncidentNo,
        by: ResolvedBy,
        since: At,
    },
    IsSnoozed {
        incident: IncidentNo,
        by: UserId,
        until: At,
    },
    IsNotSnoozed {
        incident: IncidentNo,
    },
    IsNotResolved {
        incident: IncidentNo,
    },
    /// The same alert has an open incident by now.
    NewerIncident {
        incident: IncidentNo,
        newer: IncidentNo,
    },
    /// The policy has no level above the present one.
    NobodyAbove {
        incident: IncidentNo,
        asked: Vec<UserId>,
    },
    SnoozeInThePast {
        until: At,
    },
    SnoozeTooLong {
        until: At,
        latest: At,
    },
    EmptyNote,
    OverrideEndsBeforeItStarts,
    OverrideInThePast {
        until: At,
    },
}
