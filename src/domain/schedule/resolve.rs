//! The one answer to "who is on call".

use super::local::local_instant;
use super::{Override, Schedule};
use crate::domain::id::{OverrideId, UserId};
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};

/// Who is on call, and until when that answer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// `None`: nobody.
    pub who: Option<UserId>,
    /// The end of this shift: the instant at which another one begins, be it of the same person; on the wall clock.
    pub until: At,
    pub why: ShiftReason,
}

/// Where the answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShiftReason {
    /// The layer's index, 0 the lowest.
    Layer(u32),
    Override(OverrideId),
    Nobody,
    /// The index of a fixed shift of the schedule.
    Fixed(u32),
}

/// Who carries `schedule` at the wall instant `wall`. `overrides` may hold other schedules' too. Of two overrides that
/// overlap, the one made later wins.
pub fn resolve<'a>(schedule: &Schedule, overrides: impl Iterator<Item = &'a Override>, wall: At) -> Shift {
    // One that lasts no time replaces nobody; its beginning would be announced as a change.
    let lasting = |o: &&Override| o.schedule == schedule.id && o.from < o.until && o.until > wall;
    let mine: Vec<&Override> = overrides.filter(lasting).collect();
    let winner = mine.iter().filter(|o| o.from <= wall).max_by_key(|o| o.id);
    let mut shift = match winner {
        // What lies below may change hands meanwhile; only the override's own end changes the answer.
        Some(o) => Shift { who: Some(o.user.clone()), until: o.until, why: ShiftReason::Override(o.id) },
        None => by_the_file(schedule, wall),
    };
    for o in mine.iter().filter(|o| o.from > wall && winner.is_none_or(|w| w.id < o.id)) {
        shift.until = shift.until.min(o.from);
    }
    shift
}

/// Without overrides.
fn by_the_file(schedule: &Schedule, wall: At) -> Shift {
    let mut until = At(i64::MAX);
    for (index, fixed) in schedule.fixed.iter().enumerate().rev() {
        let (from, end) = (local_instant(schedule.tz, fixed.from), local_instant(schedule.tz, fixed.until));
        if from <= wall && wall < end {
            let who = Some(fixed.user.clone());
            return Shift { who, until: until.min(end), why: ShiftReason::Fixed(number(index)) };
        }
        if wall < from && from < end {
            until = until.min(from);
        }
    }
    let shift = by_layers(schedule, wall);
    Shift { until: until.min(shift.until), ..shift }
}

fn by_layers(schedule: &Schedule, wall: At) -> Shift {
    let mut until = At(i64::MAX);
    for (index, layer) in schedule.layers.iter().enumerate().rev() {
        match layer.turn_at(wall) {
            Ok(turn) => {
                let why = ShiftReason::Layer(number(index));
                return Shift { who: Some(turn.user), until: until.min(turn.until), why };
            }
            Err(begins) => until = until.min(begins),
        }
    }
    Shift { who: None, until, why: ShiftReason::Nobody }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
