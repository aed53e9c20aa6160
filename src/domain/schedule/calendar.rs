//! Shifts one after the other. Each turn, fixed shift and override is a shift of its own, also beside another one of the
//! same person: they are two questions, when a shift ends ([`now_and_next`]) and when somebody else has the pager
//! ([`takeover`]).

use super::resolve::{Shift, ShiftReason, resolve};
use super::{Override, Schedule};
use crate::domain::id::UserId;
use crate::domain::stamp::At;

/// A shift, with the instant from which on it was looked at: its beginning, but for the first of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatedShift {
    pub from: At,
    pub until: At,
    /// `None`: nobody.
    pub who: Option<UserId>,
    pub why: ShiftReason,
}

const NEVER: At = At(i64::MAX);

/// All shifts from the one under way at `from` on; the last one, if there is a last, has no end.
pub fn shifts<'a>(
    schedule: &'a Schedule,
    overrides: &'a [&'a Override],
    from: At,
) -> impl Iterator<Item = DatedShift> + 'a {
    let mut next = Some(from);
    std::iter::from_fn(move || {
        let from = next?;
        let Shift { who, until, why } = resolve(schedule, overrides.iter().copied(), from);
        // The resolver's answer never ends before it begins; if it did, this would not either.
        let until = until.max(from.plus_ms(1));
        next = (until != NEVER).then_some(until);
        Some(DatedShift { from, until, who, why })
    })
}

/// The shift under way at `wall`, and the one after it, be it of the same person. `None`: it has no end.
pub fn now_and_next(schedule: &Schedule, overrides: &[&Override], wall: At) -> (Shift, Option<Shift>) {
    let now = resolve(schedule, overrides.iter().copied(), wall);
    let next = (now.until != NEVER).then(|| resolve(schedule, overrides.iter().copied(), now.until));
    (now, next)
}

/// One person's time with the pager, or nobody's, however many shifts it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub from: At,
    pub until: At,
    /// `None`: nobody.
    pub who: Option<UserId>,
    /// Where its first shift comes from.
    pub why: ShiftReason,
}

/// Who carries `schedule` from `from` on, until after `until`: as far as `most` shifts show. The first begins at `from`.
pub fn stretches(schedule: &Schedule, overrides: &[&Override], (from, until): (At, At), most: usize) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = Vec::new();
    for shift in shifts(schedule, overrides, from).take(most) {
        match all.last_mut() {
            Some(last) if last.who == shift.who => last.until = shift.until,
            Some(last) if last.from >= until => break,
            Some(_) | None => {
                all.push(Stretch { from: shift.from, until: shift.until, who: shift.who, why: shift.why });
            }
        }
    }
    all
}

/// The pager goes to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Takeover {
    pub at: At,
    /// `None`: to nobody.
    pub who: Option<UserId>,
}

/// Shifts of one person looked at, one after the other, for somebody else.
const SAME_AGAIN: usize = 1_000;

/// When somebody else, or nobody, carries `schedule` after whoever does at `wall`. `None`: it is the same person for
/// ever, or for longer than anybody plans.
pub fn takeover(schedule: &Schedule, overrides: &[&Override], wall: At) -> Option<Takeover> {
    let mut shifts = shifts(schedule, overrides, wall);
    let now = shifts.next()?;
    let other = shifts.take(SAME_AGAIN).find(|shift| shift.who != now.who)?;
    Some(Takeover { at: other.from, who: other.who })
}

/// A time at which nobody is on call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    pub from: At,
    /// `At(i64::MAX)`: it has no end.
    pub until: At,
}

/// Every gap that begins in [`from`, `until`), or lasts at `from`; at most as many as `most` shifts show.
pub fn gaps(schedule: &Schedule, overrides: &[&Override], (from, until): (At, At), most: usize) -> Vec<Gap> {
    let mut found: Vec<Gap> = Vec::new();
    for shift in shifts(schedule, overrides, from).take(most) {
        let goes_on = found.last().is_some_and(|gap| gap.until == shift.from);
        match found.last_mut() {
            Some(gap) if goes_on && shift.who.is_none() => gap.until = shift.until,
            _ if shift.from >= until => break,
            _ if shift.who.is_none() => found.push(Gap { from: shift.from, until: shift.until }),
            _ => {}
        }
    }
    found
}
