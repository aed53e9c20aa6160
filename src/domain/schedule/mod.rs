//! Who carries the pager when. One resolver answers for every caller: pages, "who", the handoff.

mod calendar;
mod hours;
mod layer;
mod local;
#[cfg(test)]
mod oracle;
mod resolve;
mod rotation;
#[cfg(test)]
mod tests;

pub use calendar::{DatedShift, Gap, Stretch, Takeover, gaps, now_and_next, shifts, stretches, takeover};
pub use layer::Layer;
pub use local::local_instant;
pub use resolve::{Shift, ShiftReason, resolve};
pub use rotation::{Member, Rotation, Turn};

use super::id::{OverrideId, ScheduleId, TeamId, UserId};
use super::stamp::At;
use chrono::NaiveDateTime;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A schedule: layers of rotations, the later ones above the earlier ones, and what is agreed for certain days above
/// them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub id: ScheduleId,
    pub name: String,
    pub team: Option<TeamId>,
    /// The zone in which fixed shifts are stated, and handoff times where a layer has no zone of its own.
    pub tz: Tz,
    /// The last layer that has somebody wins.
    pub layers: Vec<Layer>,
    /// Above the layers and below overrides. Of two that overlap, the later one of the list wins.
    pub fixed: Vec<FixedShift>,
}

impl Schedule {
    /// Everybody who may carry it without an override, sooner or later.
    pub fn people(&self) -> impl Iterator<Item = &UserId> {
        let members = self.layers.iter().flat_map(|layer| &layer.rotation.members).map(|member| &member.user);
        members.chain(self.fixed.iter().map(|shift| &shift.user))
    }
}

/// One person carries the pager from one local time to another, whosever turn it would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedShift {
    pub user: UserId,
    /// Inclusive, in the schedule's zone.
    pub from: NaiveDateTime,
    /// Exclusive, in the schedule's zone.
    pub until: NaiveDateTime,
}

/// One person replaces whoever is on call, for an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    pub id: OverrideId,
    pub schedule: ScheduleId,
    pub user: UserId,
    /// Inclusive, on the wall clock.
    pub from: At,
    /// Exclusive, on the wall clock.
    pub until: At,
    pub by: UserId,
    /// When its end is looked at, on the line of delays; `None`: at `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
}

impl Override {
    /// When its end is looked at, on the line of delays.
    pub fn wake(&self) -> At {
        self.due.unwrap_or(self.until)
    }
}
