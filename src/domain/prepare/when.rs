//! When somebody hears of a shift before it begins.
//!
//! The leads are chosen by how long they were off before it; a reminder that would come when they do not work is moved to
//! *before* that, so that there is time left to do something about it.

use crate::domain::directory::Directory;
use crate::domain::handoff::awake_from;
use crate::domain::id::UserId;
use crate::domain::rca::in_hours;
use crate::domain::stamp::At;
use chrono::Timelike;
use chrono_tz::Tz;

const HOUR_SECS: i64 = 60 * 60;
const DAY_SECS: i64 = 24 * HOUR_SECS;

/// So long before a shift somebody may hear of it; the longest that fit are taken.
pub const LEADS_SECS: [i64; 5] = [7 * DAY_SECS, 2 * DAY_SECS, DAY_SECS, 12 * HOUR_SECS, HOUR_SECS];
/// Whoever is off for less hears once.
const TWICE_SECS: i64 = 4 * DAY_SECS;
/// The first and the last are so far apart, or there is one.
pub const APART_SECS: i64 = 12 * HOUR_SECS;
/// What is moved to before they stop working leaves them so long;
const LEFT_SECS: i64 = HOUR_SECS;
/// and it is moved by so much at most.
pub const MOVED_SECS: i64 = 7 * DAY_SECS;
/// A reminder that comes so little late comes now.
const SOON_SECS: i64 = 10 * 60;
/// Nobody hears of it from this hour of their day on; what would come later comes an hour earlier than that.
const EVENING: u32 = 22;
const MORNING: u32 = 8;
/// Working hours that are looked at, one after the other.
const LOOKS: usize = 100;

/// When they hear of it. `None`: not at all, as they were on call until a short while before; or only once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reminders {
    pub first: Option<At>,
    pub last: Option<At>,
}

/// The longest lead that fits: no longer than half of the time that they are off before the shift. Where they are off for four
/// days or more, it is the first, and the next longest the last; else it is the last. What a clock that is put forward takes
/// from that time does not count.
pub fn leads(off_secs: i64) -> (Option<i64>, Option<i64>) {
    let fits = |secs: i64| secs.saturating_mul(40) <= off_secs.saturating_mul(21);
    let mut fit = LEADS_SECS.into_iter().filter(|lead| fits(*lead));
    match (fit.next(), fit.next()) {
        (first, last @ Some(_)) if fits(TWICE_SECS / 2) => (first, last),
        (only, _) => (None, only),
    }
}

/// When `who` hears of a shift that begins at `from`, if they are off from `off` on.
pub fn reminders(d: &Directory, who: &UserId, off: At, from: At) -> Reminders {
    let (first, last) = leads((from.0.saturating_sub(off.0)) / 1_000);
    let last = last.and_then(|lead| moved(d, who, from.plus_secs(-lead), off));
    let latest = last.map(|last| last.plus_secs(-APART_SECS));
    let first = first.zip(latest).and_then(|(lead, latest)| moved(d, who, from.plus_secs(-lead).min(latest), off));
    Reminders { first, last }
}

/// `at`, if they work then and are awake; else the last time before it that leaves them an hour of work; else, where they
/// were on call then, the last before it at which nobody sleeps. Never before `off`.
fn moved(d: &Directory, who: &UserId, at: At, off: At) -> Option<At> {
    let tz = d.users.get(who).map_or(Tz::UTC, |u| u.tz);
    let hours = d.hours_of(who);
    let earliest = off.max(at.plus_secs(-MOVED_SECS));
    let (mut found, mut next) = (None, earliest);
    for _ in 0..LOOKS {
        let Some(opens) = hours.open_from(next).filter(|opens| *opens <= at) else { break };
        let closes = hours.next_change(opens).unwrap_or(At(i64::MAX));
        let latest = if closes > at { at } else { closes.plus_secs(-LEFT_SECS).max(opens) };
        let latest = awake_until(tz, latest);
        if latest >= opens {
            found = Some(latest);
        }
        if closes > at {
            break;
        }
        next = closes;
    }
    found.or_else(|| Some(awake_until(tz, at)).filter(|at| *at >= off))
}

/// `at`, or, if it is night for them, the evening before.
fn awake_until(tz: Tz, at: At) -> At {
    let local = at.utc().with_timezone(&tz);
    if (MORNING..EVENING).contains(&local.hour()) {
        return at;
    }
    let day = if local.hour() < MORNING { local.date_naive().pred_opt() } else { Some(local.date_naive()) };
    let evening = day.and_then(|day| day.and_hms_opt(EVENING - 1, 0, 0));
    evening.map_or(at, |evening| crate::domain::schedule::local_instant(tz, evening))
}

/// When a reminder that was meant for `meant` comes, as seen at `wall`: then; or, if that is past, when they work next, if that
/// leaves them half a day to find somebody else; or else when they are awake. `None`: the shift begins first.
pub fn still(d: &Directory, who: &UserId, meant: At, from: At, wall: At) -> Option<At> {
    if wall <= meant {
        return Some(meant);
    }
    let awake = awake_from(d, who, wall);
    let is_soon = wall <= meant.plus_secs(SOON_SECS) && awake == wall;
    let in_time = |at: &At| *at <= from.plus_secs(-APART_SECS) || *at <= awake;
    let works = Some(in_hours(d, who, wall)).filter(|at| in_time(at) && awake_from(d, who, *at) == *at);
    let at = if is_soon { wall } else { works.unwrap_or(awake) };
    (at < from).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::User;
    use crate::domain::hours::{Hours, Span, Weekdays};
    use chrono::{NaiveDateTime, NaiveTime};

    fn utc(text: &str) -> At {
        At::from(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time").and_utc())
    }

    /// Ana in this zone, with the usual hours; Noor works by night.
    fn office(tz: Tz) -> Directory {
        let mut d = Directory::empty("C0ADMIN".into());
        for id in ["ana", "noor"] {
            let (id, name) = (UserId::from(id), id.to_owned());
            let (slack, rules) = (Some("U0".into()), Vec::new());
            let user = User { id: id.clone(), name, slack, email: None, phone: None, tz, admin: false, rules };
            d.users.insert(id, user);
        }
        let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).expect("a time");
        let span = Span { days: Weekdays::ALL, from: hour(22), until: hour(6) };
        d.hours_of_users
            .insert("noor".into(), Hours { tz, spans: vec![span], holidays: std::collections::BTreeSet::new() });
        d
    }

    fn said(at: Option<At>) -> String {
        at.map_or("-".to_owned(), |at| at.utc().format("%a %d %H:%M").to_string())
    }

    #[test]
    fn the_longest_leads_that_fit_are_taken() {
        let (h, d) = (HOUR_SECS, DAY_SECS);
        // Off for so long before the shift: the first, the last.
        let table = [
            ("one turn in ten weeks", 63 * d, (Some(7 * d), Some(2 * d))),
            ("a week in three", 14 * d, (Some(7 * d), Some(2 * d))),
            ("the same, when clocks are put forward", 14 * d - h, (Some(7 * d), Some(2 * d))),
            ("a week in two", 7 * d, (Some(2 * d), Some(d))),
            ("a day in five", 4 * d, (Some(2 * d), Some(d))),
            ("a day in four", 3 * d, (None, Some(d))),
            ("a day in three", 2 * d, (None, Some(d))),
            ("a day in two", d, (None, Some(12 * h))),
            ("the same, when clocks are put forward", d - h, (None, Some(12 * h))),
            ("12 hours in a day", 12 * h, (None, Some(h))),
            ("an hour in three", 2 * h, (None, Some(h))),
            ("an hour in two", h, (None, None)),
            ("never before", i64::MAX / 1_000, (Some(7 * d), Some(2 * d))),
            ("it goes on", 0, (None, None)),
        ];
        for (what, off, leads) in table {
            assert_eq!(self::leads(off), leads, "{what}");
        }
    }

    /// Monday is 2026-03-02.
    #[test]
    fn reminders_come_when_people_work_and_before_the_shift() {
        use Tz::{America__New_York as NEW_YORK, Europe__Lisbon as LISBON};
        // Zone, off from, the shift from: the first, the last; all in UTC.
        let table = [
            (
                "a week in three, from a Monday morning",
                LISBON,
                "02-16 09:00",
                "03-02 09:00",
                "Mon 23 09:00",
                "Fri 27 16:00",
            ),
            (
                "a week in two, from a Monday morning",
                LISBON,
                "02-23 09:00",
                "03-02 09:00",
                "Thu 26 16:00",
                "Fri 27 16:00",
            ),
            ("a week in two, from a Wednesday", LISBON, "02-25 10:00", "03-04 10:00", "Mon 02 10:00", "Tue 03 10:00"),
            ("a day in two: the afternoon before", LISBON, "03-03 09:00", "03-04 09:00", "-", "Tue 03 16:00"),
            ("a day in four", LISBON, "03-03 09:00", "03-06 09:00", "-", "Thu 05 09:00"),
            ("12 hours, from the evening on", LISBON, "03-04 09:00", "03-04 21:00", "-", "Wed 04 16:00"),
            (
                "12 hours, from the morning on: they were on call in the afternoon",
                LISBON,
                "03-03 21:00",
                "03-04 09:00",
                "-",
                "Wed 04 08:00",
            ),
            ("12 hours, from the night on", LISBON, "03-03 14:30", "03-04 02:30", "-", "Tue 03 16:00"),
            ("12 hours of a weekend's night", LISBON, "03-07 14:30", "03-08 02:30", "-", "Sat 07 21:00"),
            ("across the ocean", NEW_YORK, "02-25 09:00", "03-04 09:00", "Fri 27 21:00", "Mon 02 21:00"),
            ("when clocks were put forward", NEW_YORK, "03-03 13:00", "03-10 13:00", "Fri 06 21:00", "Mon 09 13:00"),
            ("an hour in three, by night", LISBON, "03-04 01:00", "03-04 03:00", "-", "-"),
        ];
        for (what, tz, off, from, first, last) in table {
            let at = |text: &str| utc(&format!("2026-{text}"));
            let found = reminders(&office(tz), &"ana".into(), at(off), at(from));
            assert_eq!([said(found.first), said(found.last)], [first, last], "{what}");
        }
    }

    #[test]
    fn never_by_night_also_to_those_who_work_by_night() {
        let d = office(Tz::Europe__Lisbon);
        let (off, from) = (utc("2026-02-23 09:00"), utc("2026-03-03 09:00"));
        let found = reminders(&d, &"noor".into(), off, from);
        assert_eq!([said(found.first), said(found.last)], ["Sun 01 09:00", "Mon 02 09:00"]);
        let late = still(&d, &"noor".into(), utc("2026-03-02 09:00"), from, utc("2026-03-02 23:00"));
        assert_eq!(said(late), "Tue 03 08:00");
    }

    #[test]
    fn what_was_missed_comes_when_they_work_next_and_not_once_the_shift_began() {
        let d = office(Tz::Europe__Lisbon);
        let from = utc("2026-03-04 09:00");
        let table = [
            ("03-03 16:00", "03-03 15:00", "Tue 03 16:00"),
            ("03-03 16:00", "03-03 16:00", "Tue 03 16:00"),
            ("03-03 16:00", "03-03 16:45", "Tue 03 16:45"),
            ("03-03 21:00", "03-03 21:05", "Tue 03 21:05"),
            ("03-03 16:00", "03-03 17:30", "Tue 03 17:30"),
            ("03-03 16:00", "03-03 23:00", "Wed 04 08:00"),
            ("03-02 16:00", "03-02 18:00", "Tue 03 09:00"),
            ("03-03 16:00", "03-03 19:00", "Tue 03 19:00"),
            ("03-03 16:00", "03-04 08:59", "Wed 04 08:59"),
            ("03-03 16:00", "03-04 09:00", "-"),
        ];
        for (meant, wall, comes) in table {
            let (meant, wall) = (utc(&format!("2026-{meant}")), utc(&format!("2026-{wall}")));
            assert_eq!(said(still(&d, &"ana".into(), meant, from, wall)), comes, "{meant:?} {wall:?}");
        }
        let by_night = utc("2026-03-04 04:00");
        assert_eq!(still(&d, &"ana".into(), utc("2026-03-03 16:00"), by_night, utc("2026-03-04 02:00")), None);
    }
}
