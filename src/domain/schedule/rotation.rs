//! A rotation: people taking turns of one day or one week, handing over at a stated local time.

use crate::domain::id::UserId;
use crate::domain::stamp::At;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, offset::LocalResult};
use chrono_tz::Tz;

/// People taking turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// In order of their turns. Never empty after loading.
    pub members: Vec<UserId>,
    /// Days in one turn: 1 (daily) or 7 (weekly).
    pub days: u32,
    /// The local day on which the first member's first turn begins. Before it, nobody is on call.
    pub start: NaiveDate,
    /// The local time at which a turn begins.
    pub handoff: NaiveTime,
}

/// 1 January of the year 10000. Later instants (`At(i64::MAX)` means "never") have no turns to be counted.
const END_OF_CALENDAR: At = At(253_402_300_800_000);

/// One person's turn: from inclusive, until exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub user: UserId,
    pub from: At,
    pub until: At,
}

impl Rotation {
    /// Whose turn it is at `wall`, or when the first turn begins if it has not.
    ///
    /// # Errors
    /// The instant the rotation starts, when that lies ahead; the end of time, when it has no members or `wall` lies beyond the calendar.
    pub fn turn_at(&self, tz: Tz, wall: At) -> Result<Turn, At> {
        let first = self.handoff_instant(tz, 0);
        if self.members.is_empty() {
            return Err(At(i64::MAX));
        }
        if wall < first {
            return Err(first);
        }
        if wall >= END_OF_CALENDAR {
            return Err(At(i64::MAX));
        }
        // A day is never shorter than 23 h nor longer than 25 h: the estimate is off by one turn at most.
        let local = wall.utc().with_timezone(&tz).date_naive();
        let days = local.signed_duration_since(self.start).num_days().max(0).unsigned_abs();
        let mut turn = days / u64::from(self.days.max(1));
        while turn > 0 && self.handoff_instant(tz, turn) > wall {
            turn -= 1;
        }
        while self.handoff_instant(tz, turn + 1) <= wall {
            turn += 1;
        }
        let member = usize::try_from(turn % self.members.len() as u64).unwrap_or(0);
        Ok(Turn {
            user: self.members[member].clone(),
            from: self.handoff_instant(tz, turn),
            until: self.handoff_instant(tz, turn + 1),
        })
    }

    fn handoff_instant(&self, tz: Tz, turn: u64) -> At {
        let day = self.start.checked_add_days(Days::new(turn.saturating_mul(u64::from(self.days))));
        day.map_or(At(i64::MAX), |day| local_instant(tz, day.and_time(self.handoff)))
    }
}

/// The instant a local time names: in an overlap the first one, in a gap the next instant that exists.
pub fn local_instant(tz: Tz, local: NaiveDateTime) -> At {
    match tz.from_local_datetime(&local) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => At(t.timestamp_millis()),
        LocalResult::None => {
            // The gap ends at the first local minute that exists; no gap in the tz database is longer than a day.
            let mut probe = local;
            for _ in 0..(25 * 60) {
                probe += TimeDelta::minutes(1);
                if let Some(t) = tz.from_local_datetime(&probe).earliest() {
                    return At(t.timestamp_millis());
                }
            }
            At(local.and_utc().timestamp_millis())
        }
    }
}
