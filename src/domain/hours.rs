//! Hours of the week in a time zone: a service's support hours, a person's or a team's working hours. Their spans are also
//! those to which a layer of a schedule is restricted.
//!
//! A span belongs to the day on which it begins. One that ends no later than it begins ends on the next day; with both
//! alike it lasts until that time of the next day. On a holiday no span begins. Where the clock is put forward, a time that
//! does not exist is the next instant that does; where it is put back, a time that comes twice is the first of the two.

use super::schedule::local_instant;
use super::stamp::At;
use chrono::{Datelike, NaiveDate, NaiveTime, Weekday};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// Looked ahead for at most so many days. Whatever opens later opens never.
pub const LOOK_DAYS: usize = 400;

/// When something is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    pub tz: Tz,
    pub spans: Vec<Span>,
    pub holidays: BTreeSet<NaiveDate>,
}

/// Some weekdays, from a time of the day until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub days: Weekdays,
    pub from: NaiveTime,
    pub until: NaiveTime,
}

/// A set of weekdays; bit 0 is Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays(pub u8);

impl Weekdays {
    pub const MON_FRI: Self = Self(0b001_1111);
    pub const ALL: Self = Self(0b111_1111);

    pub fn has(self, day: Weekday) -> bool {
        self.0 & (1 << day.num_days_from_monday()) != 0
    }

    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | 1 << day.num_days_from_monday())
    }
}

impl Span {
    /// That which begins on `day`; `None`: none does, or the clock was put forward over all of it.
    pub fn on(&self, tz: Tz, day: NaiveDate) -> Option<(At, At)> {
        if !self.days.has(day.weekday()) {
            return None;
        }
        let last = if self.until > self.from { day } else { day.succ_opt()? };
        let (from, until) = (local_instant(tz, day.and_time(self.from)), local_instant(tz, last.and_time(self.until)));
        (from < until).then_some((from, until))
    }
}

impl Hours {
    /// What holds where nobody said otherwise: Monday to Friday, 09:00 to 17:00.
    pub fn usual(tz: Tz) -> Self {
        let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).unwrap_or_default();
        let span = Span { days: Weekdays::MON_FRI, from: hour(9), until: hour(17) };
        Self { tz, spans: vec![span], holidays: BTreeSet::new() }
    }

    /// Is it open at this instant? The first instant of a span is in it, its last is not.
    pub fn is_open_at(&self, wall: At) -> bool {
        self.intervals(wall).take_while(|(from, _)| *from <= wall).any(|(_, until)| wall < until)
    }

    /// The first instant after `wall` at which it opens or closes; `None`: it stays as it is.
    pub fn next_change(&self, wall: At) -> Option<At> {
        if !self.is_open_at(wall) {
            return self.next_open(wall);
        }
        // Spans that touch or overlap are one.
        let mut end = wall;
        for (from, until) in self.intervals(wall) {
            if from > end {
                return Some(end);
            }
            end = end.max(until);
        }
        // It closed for good, or it was open for as long as was looked.
        (end.0 - wall.0 < LOOKED_MS).then_some(end)
    }

    /// The first instant after `wall` at which it opens.
    pub fn next_open(&self, wall: At) -> Option<At> {
        let mut end = At(i64::MIN);
        for (from, until) in self.intervals(wall) {
            if from > wall && from > end {
                return Some(from);
            }
            end = end.max(until);
        }
        None
    }

    /// `wall`, or the first instant after it at which it opens.
    pub fn open_from(&self, wall: At) -> Option<At> {
        if self.is_open_at(wall) { Some(wall) } else { self.next_open(wall) }
    }

    /// The first instant, `wall` or later, at which a day's hours begin: the first opening of a local day, not the one
    /// after the lunch break.
    pub fn morning_from(&self, wall: At) -> Option<At> {
        let mut day = None;
        let mut at = At(wall.0 - 2 * DAY_MS);
        while let Some(open) = self.next_open(at) {
            let date = self.date(open);
            if day != Some(date) && open >= wall {
                return Some(open);
            }
            day = Some(date);
            at = open;
        }
        None
    }

    /// When the hours of the next day that has any end: of the first day after that of `wall`.
    pub fn end_of_next_day(&self, wall: At) -> Option<At> {
        let today = self.date(wall);
        let mut opens = self.morning_from(wall)?;
        while self.date(opens) <= today {
            opens = self.morning_from(opens.plus_ms(1))?;
        }
        let day = self.date(opens);
        self.of_day(day).into_iter().map(|(_, until)| until).max()
    }

    fn date(&self, at: At) -> NaiveDate {
        at.utc().with_timezone(&self.tz).date_naive()
    }

    /// The spans that end after `wall`, in order of their beginning.
    fn intervals(&self, wall: At) -> impl Iterator<Item = (At, At)> + '_ {
        let today = self.date(wall);
        let first = today.iter_days().rev().nth(2).unwrap_or(today);
        let days = first.iter_days().take(LOOK_DAYS + 2);
        days.flat_map(|day| self.of_day(day)).filter(move |(_, until)| *until > wall)
    }

    /// The spans that begin on this day, in order.
    fn of_day(&self, day: NaiveDate) -> Vec<(At, At)> {
        if self.holidays.contains(&day) {
            return Vec::new();
        }
        let mut all: Vec<(At, At)> = self.spans.iter().filter_map(|s| s.on(self.tz, day)).collect();
        all.sort_unstable();
        all
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// Less than [`LOOK_DAYS`]: what is open for so long does not change.
const LOOKED_MS: i64 = 390 * DAY_MS;

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn time(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    fn span(days: Weekdays, from: &str, until: &str) -> Span {
        Span { days, from: time(from), until: time(until) }
    }

    fn hours(tz: Tz, spans: &[Span]) -> Hours {
        Hours { tz, spans: spans.to_vec(), holidays: BTreeSet::new() }
    }

    fn at(tz: Tz, text: &str) -> At {
        let local = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        At(tz.from_local_datetime(&local).earliest().unwrap().timestamp_millis())
    }

    fn said(tz: Tz, at: Option<At>) -> String {
        at.map_or("never".to_owned(), |at| at.utc().with_timezone(&tz).format("%Y-%m-%d %H:%M").to_string())
    }

    const LISBON: Tz = Tz::Europe__Lisbon;

    #[test]
    fn a_week_in_an_office() {
        let office = hours(LISBON, &[span(Weekdays::MON_FRI, "09:00", "17:00")]);
        for (wall, open, change, opens, morning) in [
            ("2026-03-02 08:59", false, "2026-03-02 09:00", "2026-03-02 09:00", "2026-03-02 09:00"),
            ("2026-03-02 09:00", true, "2026-03-02 17:00", "2026-03-03 09:00", "2026-03-02 09:00"),
            ("2026-03-02 16:59", true, "2026-03-02 17:00", "2026-03-03 09:00", "2026-03-03 09:00"),
            ("2026-03-02 17:00", false, "2026-03-03 09:00", "2026-03-03 09:00", "2026-03-03 09:00"),
            ("2026-03-06 18:00", false, "2026-03-09 09:00", "2026-03-09 09:00", "2026-03-09 09:00"),
        ] {
            let t = at(LISBON, wall);
            assert_eq!(office.is_open_at(t), open, "{wall}");
            assert_eq!(said(LISBON, office.next_change(t)), change, "{wall}");
            assert_eq!(said(LISBON, office.next_open(t)), opens, "{wall}");
            assert_eq!(said(LISBON, office.morning_from(t)), morning, "{wall}");
        }
    }

    #[test]
    fn a_lunch_break_is_no_morning() {
        let spans = [span(Weekdays::ALL, "09:00", "12:00"), span(Weekdays::ALL, "13:00", "17:00")];
        let office = hours(LISBON, &spans);
        let noon = at(LISBON, "2026-03-02 12:10");
        assert_eq!(said(LISBON, office.next_open(noon)), "2026-03-02 13:00");
        assert_eq!(said(LISBON, office.morning_from(noon)), "2026-03-03 09:00");
        assert_eq!(said(LISBON, office.end_of_next_day(noon)), "2026-03-03 17:00");
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let night = hours(LISBON, &[span(Weekdays(0b1_0000), "22:00", "06:00")]);
        assert!(night.is_open_at(at(LISBON, "2026-03-07 05:59")), "Saturday morning is Friday's night");
        assert!(!night.is_open_at(at(LISBON, "2026-03-06 05:59")), "Friday morning is Thursday's");
        assert_eq!(said(LISBON, night.next_change(at(LISBON, "2026-03-06 23:00"))), "2026-03-07 06:00");
    }

    #[test]
    fn on_a_holiday_nothing_begins() {
        let mut office = Hours::usual(LISBON);
        office.holidays.insert(NaiveDate::from_ymd_opt(2026, 3, 3).unwrap());
        let monday = at(LISBON, "2026-03-02 18:00");
        assert_eq!(said(LISBON, office.next_open(monday)), "2026-03-04 09:00");
        assert_eq!(said(LISBON, office.end_of_next_day(monday)), "2026-03-04 17:00");
    }

    #[test]
    fn what_is_always_or_never_open_never_changes() {
        let t = at(LISBON, "2026-03-02 18:00");
        let always = hours(LISBON, &[span(Weekdays::ALL, "00:00", "00:00")]);
        assert!(always.is_open_at(t));
        assert_eq!(always.next_change(t), None);
        let never = hours(LISBON, &[]);
        assert!(!never.is_open_at(t));
        assert_eq!((never.next_change(t), never.morning_from(t), never.end_of_next_day(t)), (None, None, None));
    }

    /// How many spans begin (1) and end (-1) at this minute of the wall's own time.
    fn begins_and_ends(h: &Hours, local: chrono::NaiveDateTime) -> i32 {
        let begins = |s: &Span, day: NaiveDate| s.days.has(day.weekday()) && !h.holidays.contains(&day);
        let (day, yesterday) = (local.date(), local.date().pred_opt().unwrap());
        let one = |s: &Span| {
            let from = begins(s, day) && local.time() == s.from;
            let last = if s.until > s.from { day } else { yesterday };
            let until = begins(s, last) && local.time() == s.until;
            i32::from(from) - i32::from(until)
        };
        h.spans.iter().map(one).sum()
    }

    /// Walks every minute of some days around the changes of the clock with a finger on the wall's own time: what begins
    /// and ends is counted when the finger first comes there, or jumps over it.
    #[test]
    fn minute_by_minute_the_hours_are_those_on_the_wall() {
        let spans = [
            vec![span(Weekdays::MON_FRI, "09:00", "17:00")],
            vec![span(Weekdays::ALL, "22:00", "06:00")],
            vec![span(Weekdays::ALL, "01:30", "02:30"), span(Weekdays(0b100_0000), "12:00", "12:00")],
            vec![span(Weekdays(0b110_0000), "00:00", "00:00")],
        ];
        for (tz, from) in [
            (Tz::Europe__Lisbon, "2026-03-26 00:00"),
            (Tz::Europe__Berlin, "2026-10-22 00:00"),
            (Tz::America__New_York, "2026-03-05 00:00"),
            (Tz::America__New_York, "2026-10-29 00:00"),
            (Tz::Asia__Kolkata, "2026-03-05 00:00"),
        ] {
            for spans in &spans {
                let mut h = hours(tz, spans);
                let start = at(tz, from);
                h.holidays.insert(start.plus_secs(3 * 24 * 60 * 60).utc().date_naive());
                let local = |minute: i64| {
                    let wall = start.plus_secs(minute * 60);
                    (wall, wall.utc().with_timezone(&tz).naive_local())
                };
                // Two days before the first look: no span is longer than one.
                let mut minute = -2 * 24 * 60;
                let mut finger = local(minute).1;
                let mut open = 0;
                let mut foretold: Option<(bool, Option<At>)> = None;
                while minute < 7 * 24 * 60 {
                    minute += 1;
                    let (wall, now) = local(minute);
                    while finger < now {
                        finger += chrono::TimeDelta::minutes(1);
                        open += begins_and_ends(&h, finger);
                    }
                    if minute < 0 {
                        // What had begun before the finger set out ended meanwhile.
                        open = open.max(0);
                        continue;
                    }
                    let is_open = h.is_open_at(wall);
                    assert_eq!(is_open, open > 0, "{tz} {} {spans:?}", said(tz, Some(wall)));
                    if let Some((before, change)) = foretold {
                        assert_eq!(is_open != before, change == Some(wall), "{tz} {}", said(tz, Some(wall)));
                    }
                    if foretold.is_none_or(|(before, _)| before != is_open) {
                        foretold = Some((is_open, h.next_change(wall)));
                    }
                }
            }
        }
    }
}
