//! Time as an argument.

use serde::{Deserialize, Serialize};

/// An instant in milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct At(pub i64);

impl At {
    /// This instant and `secs` seconds.
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1_000)))
    }

    /// This instant and `ms` milliseconds.
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Whole seconds since 1970 UTC, as Slack's date tokens want them.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The same instant for calendar arithmetic. An instant chrono cannot hold becomes the epoch.
    pub fn utc(self) -> chrono::DateTime<chrono::Utc> {
        chrono::DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }
}

impl From<chrono::DateTime<chrono::Utc>> for At {
    fn from(t: chrono::DateTime<chrono::Utc>) -> Self {
        Self(t.timestamp_millis())
    }
}

/// The two clocks of a decision. `at` never goes back and drives delays; `wall` is what the wall says and answers
/// civil questions (who is on call, "until 9:00").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Drives delays: `max(wall, last at + steady elapsed)`.
    pub at: At,
    /// What the wall clock says.
    pub wall: At,
}

impl Stamp {
    /// A stamp at which both clocks agree, as they do while nobody steps the wall clock.
    pub const fn agreed(at: At) -> Self {
        Self { at, wall: at }
    }

    /// When, on the line of `at`, the wall instant `wall` will be reached. Not before now.
    pub const fn due_of(self, wall: At) -> At {
        let ahead = wall.0.saturating_sub(self.wall.0);
        At(self.at.0.saturating_add(if ahead > 0 { ahead } else { 0 }))
    }
}
