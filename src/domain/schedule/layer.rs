//! A layer: a rotation, with the zone it lives in, the hours it is restricted to, and its end.

use super::hours::open_at;
use super::local::local_instant;
use super::rotation::{Rotation, Turn};
use crate::domain::hours::Span;
use crate::domain::stamp::At;
use chrono::NaiveDate;
use chrono_tz::Tz;

/// One layer of a schedule. Where it has nobody, those below it count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    pub rotation: Rotation,
    /// The zone of its handoffs, hours and days.
    pub tz: Tz,
    /// Outside them it has nobody. Empty: it counts at every hour.
    pub hours: Vec<Span>,
    /// It ends at its handoff time on this day.
    pub until: Option<NaiveDate>,
}

const NEVER: At = At(i64::MAX);
/// Times at which it could have somebody, and has not: a few, since hours and members seldom miss each other.
const LOOKS: usize = 400;

impl Layer {
    /// A layer that counts at every hour, without an end.
    pub fn always(tz: Tz, rotation: Rotation) -> Self {
        Self { rotation, tz, hours: Vec::new(), until: None }
    }

    /// Who carries it at `wall`, and until when they do by this turn and without a break.
    ///
    /// # Errors
    /// When it has nobody: the next instant at which it has; the end of time, if it never has again.
    pub fn turn_at(&self, wall: At) -> Result<Turn, At> {
        let end = self.until.map_or(NEVER, |day| local_instant(self.tz, day.and_time(self.rotation.handoff)));
        let mut at = wall;
        for _ in 0..LOOKS {
            if at >= end {
                return Err(NEVER);
            }
            let turn = match self.rotation.turn_at(self.tz, at) {
                Ok(turn) => turn,
                Err(later) => {
                    at = later;
                    continue;
                }
            };
            match open_at(&self.hours, self.tz, at, turn.until) {
                Ok(until) if at == wall => {
                    return Ok(Turn { until: turn.until.min(until).min(end), ..turn });
                }
                Ok(_) => return Err(at),
                Err(later) => at = later,
            }
        }
        Err(NEVER)
    }
}
