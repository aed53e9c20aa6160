//! Who carries the pager when. One resolver answers for every caller: pages, "who", the handoff.

#[cfg(test)]
mod oracle;
mod resolve;
mod rotation;

pub use resolve::{Shift, ShiftReason, now_and_next, resolve};
pub use rotation::{Rotation, Turn, local_instant};

use super::id::{OverrideId, ScheduleId, TeamId, UserId};
use super::stamp::At;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// A schedule: layers of rotations, the later ones above the earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub id: ScheduleId,
    pub name: String,
    pub team: Option<TeamId>,
    /// The zone in which handoff times are stated.
    pub tz: Tz,
    /// The last layer that has somebody wins.
    pub layers: Vec<Rotation>,
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
}
