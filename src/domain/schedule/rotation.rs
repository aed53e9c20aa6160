//! A rotation: people taking turns whose lengths are counted on the local clock.
//!
//! A turn of 12 hours that begins at 09:00 ends when the clock on the wall shows 21:00, and one of a day when it shows
//! 09:00 again, whatever daylight saving does in between: on such a day a turn is an hour longer or shorter, and one that
//! lies in a gap altogether does not take place. The turns themselves are numbered on the calendar, so that whose turn it
//! is depends on no time zone.

use super::local::local_instant;
use crate::domain::id::UserId;
use crate::domain::stamp::At;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;

/// People taking turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// In order of their turns. Never empty after loading.
    pub members: Vec<Member>,
    /// How long turns last, one after the other, and again from the first. Hours on the local clock: a day has 24.
    /// Neither empty nor zero after loading.
    pub turn_hours: Vec<u32>,
    /// The local day on which the first turn begins. Before it, nobody is on call.
    pub start: NaiveDate,
    /// The local time at which the first turn begins, and every turn if they are of whole days.
    pub handoff: NaiveTime,
}

/// Somebody's place in the order.
///
/// Each turn is for the next in the list, after whoever had the turn before, who is a member when the turn begins. So
/// whoever joins or leaves moves no turn that begins before that day, and a turn that has begun is carried to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub user: UserId,
    /// Turns that begin before the handoff time of this day are not theirs.
    pub from: Option<NaiveDate>,
    /// Nor are those that begin at the handoff time of this day, or later.
    pub until: Option<NaiveDate>,
}

impl Member {
    /// A member from the first turn on, for ever.
    pub fn always(user: impl Into<UserId>) -> Self {
        Self { user: user.into(), from: None, until: None }
    }
}

/// 1 January of the year 10000. Later instants (`At(i64::MAX)` means "never") have no turns to be counted.
const END_OF_CALENDAR: At = At(253_402_300_800_000);
const NEVER: At = At(i64::MAX);
/// The number of no turn.
const NO_TURN: u64 = u64::MAX;

/// One person's turn: from inclusive, until exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub user: UserId,
    pub from: At,
    pub until: At,
}

impl Rotation {
    /// Whose turn it is at `wall`. A rotation of one person has one turn, without an end.
    ///
    /// # Errors
    /// When it is nobody's: the next instant at which a turn of somebody begins; the end of time, if none does.
    pub fn turn_at(&self, tz: Tz, wall: At) -> Result<Turn, At> {
        if self.members.is_empty() || self.cycle_hours() == 0 || wall >= END_OF_CALENDAR {
            return Err(NEVER);
        }
        if wall < self.instant(tz, 0) {
            return Err(self.next_held(tz, 0));
        }
        if let Some(user) = self.only_one() {
            return Ok(Turn { user: user.clone(), from: self.instant(tz, 0), until: NEVER });
        }
        // Where the clock on the wall went back, turns that it shows once more have begun already.
        let mut turn = self.number_at(wall.utc().with_timezone(&tz).naive_local());
        while turn > 0 && self.instant(tz, turn) > wall {
            turn -= 1;
        }
        while self.instant(tz, turn + 1) <= wall {
            turn += 1;
        }
        match self.place_of(turn) {
            Some(place) => Ok(Turn {
                user: self.members[place].user.clone(),
                from: self.instant(tz, turn),
                until: self.instant(tz, turn + 1),
            }),
            None => Err(self.next_held(tz, turn + 1)),
        }
    }

    /// The one person there is in it, from the first turn on and for ever: they hand over to nobody.
    fn only_one(&self) -> Option<&UserId> {
        let first = &self.members.first()?.user;
        let always = |m: &Member| m.user == *first && m.from.is_none() && m.until.is_none();
        self.members.iter().all(always).then_some(first)
    }

    /// Whose turn it is, as an index into `members`; `None`: of nobody, since nobody is a member then.
    fn place_of(&self, turn: u64) -> Option<usize> {
        let mut changes = self.changes();
        if changes.is_empty() {
            return usize::try_from(turn % self.members.len() as u64).ok();
        }
        changes.insert(0, 0);
        let mut last: Option<usize> = None;
        let mut held = None;
        // Between two changes the order is that of a plain rotation, begun after whoever had the last turn.
        for (index, from) in changes.iter().enumerate().filter(|(_, from)| **from <= turn) {
            let until = changes.get(index + 1).copied().unwrap_or(NO_TURN).min(turn + 1);
            let places: Vec<usize> =
                (0..self.members.len()).filter(|place| self.is_member(&self.members[*place], *from)).collect();
            held = None;
            if !places.is_empty() {
                let next = last.and_then(|last| places.iter().position(|place| *place > last)).unwrap_or(0);
                let turns = until - from;
                let ahead = (next as u64 + (turns - 1)) % places.len() as u64;
                last = places.get(usize::try_from(ahead).unwrap_or(0)).copied();
                held = last;
            }
        }
        held
    }

    /// The numbers of the turns, but for the first, with which somebody joins or leaves. In order.
    fn changes(&self) -> Vec<u64> {
        let days = self.members.iter().flat_map(|m| [m.from, m.until]).flatten();
        let mut changes: Vec<u64> = days.map(|day| self.first_from(day)).filter(|turn| *turn > 0).collect();
        changes.sort_unstable();
        changes.dedup();
        changes
    }

    fn is_member(&self, member: &Member, turn: u64) -> bool {
        member.from.is_none_or(|from| self.first_from(from) <= turn)
            && member.until.is_none_or(|until| turn < self.first_from(until))
    }

    /// The first turn that begins at the handoff time of `day`, or later.
    fn first_from(&self, day: NaiveDate) -> u64 {
        let local = day.and_time(self.handoff);
        let turn = self.number_at(local);
        if self.begins(turn).is_some_and(|begins| begins >= local) { turn } else { turn + 1 }
    }

    /// When the first turn from this one on that is somebody's begins.
    fn next_held(&self, tz: Tz, turn: u64) -> At {
        let later = self.changes().into_iter().filter(|change| *change > turn);
        let held = std::iter::once(turn).chain(later).find(|turn| self.place_of(*turn).is_some());
        held.map_or(NEVER, |turn| self.instant(tz, turn))
    }

    /// The turn that lasts when the clock shows `local`, as if no clock were ever changed. The first one before it.
    fn number_at(&self, local: NaiveDateTime) -> u64 {
        let since = local.signed_duration_since(self.start.and_time(self.handoff)).num_minutes();
        let Ok(since) = u64::try_from(since) else { return 0 };
        let cycle = self.cycle_hours() * 60;
        if cycle == 0 {
            return 0;
        }
        let (mut number, mut rest) = (since / cycle * self.turn_hours.len() as u64, since % cycle);
        for hours in &self.turn_hours {
            let minutes = u64::from(*hours) * 60;
            if rest < minutes {
                break;
            }
            rest -= minutes;
            number += 1;
        }
        number
    }

    /// When a turn begins, on the calendar. `None`: beyond it.
    fn begins(&self, turn: u64) -> Option<NaiveDateTime> {
        let lengths = self.turn_hours.len() as u64;
        let into = usize::try_from(turn.checked_rem(lengths)?).ok()?;
        let partly: u64 = self.turn_hours.iter().take(into).map(|h| u64::from(*h)).sum();
        let hours = (turn / lengths).checked_mul(self.cycle_hours())?.checked_add(partly)?;
        let since = TimeDelta::try_hours(i64::try_from(hours).ok()?)?;
        self.start.and_time(self.handoff).checked_add_signed(since)
    }

    fn instant(&self, tz: Tz, turn: u64) -> At {
        self.begins(turn).map_or(NEVER, |local| local_instant(tz, local))
    }

    fn cycle_hours(&self) -> u64 {
        self.turn_hours.iter().map(|h| u64::from(*h)).sum()
    }
}
