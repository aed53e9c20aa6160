//! One person's time with the pager of a schedule: a stretch, or several with pauses.
//!
//! Whoever has the pager every working day, or every other night, is told before the first of them and not before each. So
//! what one person carries is one turn as long as nobody else does in between, for a long weekend at most; or the pause is a
//! day at most, and the turn began in the same week; or it only interrupts a much longer stretch.

use super::DAY_SECS;
use crate::domain::id::UserId;
use crate::domain::schedule::{Override, Schedule, ShiftReason, stretches};
use crate::domain::stamp::At;
use chrono::{Datelike, IsoWeek};
use std::collections::BTreeMap;

/// A pause of a turn in which somebody else carries it: a day, and what clocks that are put back add.
const PAUSE_SECS: i64 = DAY_SECS + 60 * 60;
/// A pause in which nobody carries it: a long weekend, and what clocks add.
const NOBODY_SECS: i64 = 4 * DAY_SECS + 60 * 60;
/// What lasts so many times as long as the pause after it is only interrupted.
const INTERRUPTED: i64 = 4;
/// Shifts of one schedule that are looked at: two months of half hours.
const SHIFTS: usize = 3_000;
/// What is the same for so long does not change.
const FOREVER_SECS: i64 = 366 * DAY_SECS;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub who: UserId,
    pub from: At,
    /// `At(i64::MAX)`: it has no end.
    pub until: At,
    /// When its first pause begins, if it has one.
    pub pause: Option<At>,
    /// Where its first shift comes from.
    pub why: ShiftReason,
    /// Who carries it until it begins.
    pub before: Option<UserId>,
    /// They are off from then on until it begins.
    pub off: At,
}

/// Everybody's turns, by when they begin: also those under way at the beginning, of which the time before is not known. And until
/// when all of them are known; `None`: for ever.
pub fn turns(schedule: &Schedule, overrides: &[&Override], span: (At, At)) -> (Vec<Turn>, Option<At>) {
    let all = stretches(schedule, overrides, span, SHIFTS);
    let week = |at: At| -> IsoWeek { at.utc().with_timezone(&schedule.tz).iso_week() };
    let mut turns: Vec<Turn> = Vec::new();
    // Where somebody's last turn is, and how long its last part was.
    let mut last: BTreeMap<&UserId, (usize, i64)> = BTreeMap::new();
    let mut carried: Option<&UserId> = None;
    for (n, stretch) in all.iter().enumerate() {
        let Some(who) = &stretch.who else { continue };
        let long = secs(stretch.from, stretch.until);
        let known = last.get(who).and_then(|(at, part)| Some((*at, *part, turns.get_mut(*at)?)));
        let off = known.as_ref().map_or(At(0), |(.., turn)| turn.until);
        let goes_on = known.filter(|(_, part, turn)| {
            let pause = secs(turn.until, stretch.from);
            let is_short = pause <= PAUSE_SECS && week(turn.from) == week(stretch.from);
            let is_nobodys = carried == Some(who) && pause <= NOBODY_SECS;
            is_nobodys || is_short || pause.saturating_mul(INTERRUPTED) <= *part
        });
        carried = Some(who);
        match goes_on {
            Some((at, _, turn)) => {
                turn.pause.get_or_insert(turn.until);
                turn.until = stretch.until;
                last.insert(who, (at, long));
            }
            None => {
                let before = n.checked_sub(1).and_then(|before| all.get(before)?.who.clone());
                let (from, until, why) = (stretch.from, stretch.until, stretch.why);
                last.insert(who, (turns.len(), long));
                turns.push(Turn { who: who.clone(), from, until, pause: None, why, before, off });
            }
        }
    }
    let known = all.last().map(|last| last.until).filter(|until| *until < span.1.plus_secs(FOREVER_SECS));
    (turns, known)
}

fn secs(from: At, until: At) -> i64 {
    until.0.saturating_sub(from.0) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hours::{Span, Weekdays};
    use crate::domain::id::OverrideId;
    use crate::domain::prepare::tests::{berlin, utc};
    use chrono::NaiveTime;

    fn primary(members: &[&str], turn_hours: u32) -> Schedule {
        berlin(members, turn_hours).schedules.remove(&"primary".into()).expect("it is there")
    }

    /// Those that begin in two weeks of March: whose, from when until when in UTC, and when they pause first.
    fn begin(schedule: &Schedule, overrides: &[Override]) -> Vec<String> {
        let overrides: Vec<&Override> = overrides.iter().collect();
        let said = |at: At| at.utc().format("%a %d %H").to_string();
        let line = |t: &Turn| {
            let pause = t.pause.map_or(String::new(), |at| format!(", pause {}", said(at)));
            format!("{} {} - {}{pause}", t.who, said(t.from), said(t.until))
        };
        let from = utc("03-02 00:00");
        let (all, _) = turns(schedule, &overrides, (from.plus_secs(-15 * DAY_SECS), from.plus_secs(35 * DAY_SECS)));
        let all = all.iter().filter(|t| t.from >= from && t.from < from.plus_secs(14 * DAY_SECS));
        all.map(line).collect()
    }

    fn stands_in(user: &str, from: &str, until: &str) -> Override {
        let (id, schedule, by) = (OverrideId(1), "primary".into(), "mara".into());
        Override { id, schedule, user: user.into(), from: utc(from), until: utc(until), by, due: None }
    }

    #[test]
    fn what_somebody_has_every_other_day_or_night_is_one_turn_a_week() {
        let half_days = begin(&primary(&["ana", "ben"], 12), &[]);
        assert_eq!(
            half_days,
            [
                "ana Mon 02 08 - Sun 08 20, pause Mon 02 20",
                "ben Mon 02 20 - Mon 09 08, pause Tue 03 08",
                "ana Mon 09 08 - Sun 15 20, pause Mon 09 20",
                "ben Mon 09 20 - Mon 16 08, pause Tue 10 08",
            ]
        );
        let days = begin(&primary(&["ana", "ben"], 24), &[]);
        assert_eq!(
            days[..2],
            ["ana Mon 02 08 - Mon 09 08, pause Tue 03 08", "ben Tue 03 08 - Sun 08 08, pause Wed 04 08"]
        );
        assert_eq!(days.len(), 4);
        // A day among three leaves them two days off, and each is one of its own.
        assert_eq!(begin(&primary(&["ana", "ben", "chen"], 24), &[]).len(), 14);
    }

    #[test]
    fn what_nobody_else_carries_in_between_is_one_turn_over_a_weekend() {
        let mut schedule = primary(&["ana", "ben"], 168);
        let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).expect("a time");
        schedule.layers[0].hours = vec![Span { days: Weekdays(0b1_1111), from: hour(9), until: hour(17) }];
        assert_eq!(
            begin(&schedule, &[]),
            ["ana Mon 02 08 - Fri 06 16, pause Mon 02 16", "ben Mon 09 08 - Fri 13 16, pause Mon 09 16"]
        );
        assert_eq!(begin(&primary(&["ana"], 24), &[]), [""; 0], "it has begun long ago");
        // A week of nobody is no pause.
        schedule.layers.clear();
        let all = [stands_in("ana", "02-28 08:00", "03-01 08:00"), stands_in("ana", "03-09 08:00", "03-10 08:00")];
        assert_eq!(begin(&schedule, &all), ["ana Mon 09 08 - Tue 10 08"]);
    }

    #[test]
    fn an_evening_of_somebody_else_interrupts_a_week_and_two_days_end_it() {
        let schedule = primary(&["ana", "ben"], 168);
        let evening = begin(&schedule, &[stands_in("chen", "03-05 18:00", "03-05 23:00")]);
        assert_eq!(evening[..2], ["ana Mon 02 08 - Mon 09 08, pause Thu 05 18", "chen Thu 05 18 - Thu 05 23"]);
        let days = begin(&schedule, &[stands_in("chen", "03-04 08:00", "03-06 18:00")]);
        let rest = "ana Fri 06 18 - Mon 09 08";
        assert_eq!(
            days[..3],
            ["ana Mon 02 08 - Wed 04 08", "chen Wed 04 08 - Fri 06 18", rest],
            "she hears of it anew"
        );
    }

    #[test]
    fn a_turn_is_the_same_from_whatever_day_it_is_looked_at() {
        let days = |schedule: &mut Schedule| {
            let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).expect("a time");
            schedule.layers[0].hours = vec![Span { days: Weekdays(0b1_1111), from: hour(9), until: hour(17) }];
        };
        let evening = stands_in("mara", "03-11 18:00", "03-11 23:00");
        for (turn_hours, has_hours) in
            [(3, false), (8, false), (12, false), (24, false), (24, true), (168, false), (168, true), (336, true)]
        {
            let mut schedule = primary(&["ana", "ben", "chen"], turn_hours);
            if has_hours {
                days(&mut schedule);
            }
            let from = |day: i64| utc("03-02 00:00").plus_secs(day * DAY_SECS);
            let seen = |day: i64| {
                let (all, _) = turns(&schedule, &[&evening], (from(day - 15), from(day + 30)));
                let all = all.into_iter().filter(|t| t.from >= from(7) && t.from < from(14));
                all.map(|t| (t.who, t.from, t.until, t.pause)).collect::<Vec<_>>()
            };
            for day in -6..7 {
                assert_eq!(seen(day), seen(0), "turns of {turn_hours} hours, seen on day {day}");
            }
        }
    }

    #[test]
    fn until_when_all_is_known_is_known() {
        let span = (utc("03-02 00:00"), utc("03-30 00:00"));
        let known = |schedule: &Schedule| turns(schedule, &[], span).1;
        assert!(known(&primary(&["ana", "ben"], 168)).is_some_and(|at| at >= span.1));
        assert_eq!(known(&primary(&["ana"], 24)), None, "it is hers for ever");
        let mut short = primary(&["ana", "ben"], 1);
        short.layers[0].rotation.turn_hours = vec![1];
        assert!(known(&short).is_some());
    }
}
