//! How the coming and going of its alerts bears on an incident: what follows by itself, and when.

use super::id::UserId;
use super::stamp::At;
use serde::{Deserialize, Serialize};

/// So often did it come back, at most, that is remembered: no flapping is counted beyond it.
pub const RETURNS_KEPT: usize = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// Nothing fires, and it is open all the same: when it is resolved by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearing: Option<Clearing>,
    /// A person resolved it and the monitor goes on: when it is triggered again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page_again: Option<PageAgain>,
    /// It was resolved by itself: until when it is the same incident that comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Back>,
    /// When it fired again after everything had cleared, on the wall clock, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<At>,
    /// It keeps coming and going; without a change until then (on the line of `at`), no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearing {
    /// Since when nothing fires, on the wall clock.
    pub since: At,
    /// When it is resolved, on the wall clock.
    pub until: At,
    /// The same on the line of `at`.
    pub due: At,
    /// From then on (on the line of `at`) it is open only because it flaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_from: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageAgain {
    /// On the wall clock.
    pub until: At,
    /// The same on the line of `at`.
    pub due: At,
    /// Who wants no page again, whatever its alerts say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Back {
    /// On the line of `at`.
    pub until: At,
    /// Cleared then, on the wall clock, and quiet until it was resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_since: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub had: Option<Had>,
}

/// Who had an incident that was resolved by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Had {
    Acknowledged {
        by: UserId,
    },
    /// `until` is the wall's, `due` the instant at which delays say it is reached.
    Snoozed {
        by: UserId,
        until: At,
        due: At,
    },
}

impl Course {
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// When nobody declined that it pages again.
    pub fn pages_again_at(&self) -> Option<At> {
        self.page_again.as_ref().filter(|p| p.declined.is_none()).map(|p| p.due)
    }
}
