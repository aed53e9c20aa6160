//! The one answer to "who is on call".

use super::{Override, Schedule};
use crate::domain::id::{OverrideId, UserId};
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};

/// Who is on call, and until when that answer holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// `None`: nobody.
    pub who: Option<UserId>,
    /// The first instant at which the answer may differ; on the wall clock.
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
}

/// Who carries `schedule` at the wall instant `wall`. `overrides` may hold other schedules' too. Of two overrides that
/// overlap, the one made later wins.
pub fn resolve<'a>(schedule: &Schedule, overrides: impl Iterator<Item = &'a Override>, wall: At) -> Shift {
    // One that lasts no time replaces nobody; its beginning would be announced as a change.
    let lasting = |o: &&Override| o.schedule == schedule.id && o.from < o.until && o.until > wall;
    let mine: Vec<&Override> = overrides.filter(lasting).collect();
    let winner = mine.iter().filter(|o| o.from <= wall).max_by_key(|o| o.id);
    let mut shift = match winner {
        // The rotation below may change hands meanwhile; only the override's own end changes the answer.
        Some(o) => Shift { who: Some(o.user.clone()), until: o.until, why: ShiftReason::Override(o.id) },
        None => by_layers(schedule, wall),
    };
    for o in mine.iter().filter(|o| o.from > wall && winner.is_none_or(|w| w.id < o.id)) {
        shift.until = shift.until.min(o.from);
    }
    shift
}

/// How many handoffs to the same person are passed over when looking for the next one.
const SAME_AGAIN: usize = 400;

/// Who carries `schedule` at `wall`, for how long in all, and who does after that: somebody else, or nobody. `None` when
/// it is the same person for ever, or for longer than anybody plans.
pub fn now_and_next(schedule: &Schedule, overrides: &[&Override], wall: At) -> (Shift, Option<Shift>) {
    let at = |wall| resolve(schedule, overrides.iter().copied(), wall);
    let mut now = at(wall);
    for _ in 0..SAME_AGAIN {
        if now.until == At(i64::MAX) {
            return (now, None);
        }
        let then = at(now.until);
        if then.who != now.who {
            return (now, Some(then));
        }
        // The resolver's answer never ends before it begins; if it did, this would not either.
        now.until = then.until.max(now.until.plus_secs(1));
    }
    (now, None)
}

fn by_layers(schedule: &Schedule, wall: At) -> Shift {
    let mut until = At(i64::MAX);
    for (index, layer) in schedule.layers.iter().enumerate().rev() {
        match layer.turn_at(schedule.tz, wall) {
            Ok(turn) => {
                let layer = u32::try_from(index).unwrap_or(u32::MAX);
                return Shift { who: Some(turn.user), until: until.min(turn.until), why: ShiftReason::Layer(layer) };
            }
            Err(starts) => until = until.min(starts),
        }
    }
    Shift { who: None, until, why: ShiftReason::Nobody }
}
