//! Times as they are spoken: "2h", "tomorrow at 9am", "monday", "14:30". Only their form; what instant they name
//! depends on who says them and when, see `when`.

use super::words::Words;
use chrono::{NaiveDate, Weekday};

/// Minutes since midnight, 1440 being midnight at the day's end.
pub(super) type Minute = i64;

const DAY: Minute = 24 * 60;
const NOON: Minute = 12 * 60;
/// Dates outside are slips of the finger.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;
/// Digits before and after the decimal point.
const DIGITS: (usize, usize) = (6, 3);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    Today,
    Tomorrow,
    Week(Weekday),
    Date(NaiveDate),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    /// Seconds. May be zero or negative, for that is what was said.
    After(i64),
    WorkingHours,
    Civil {
        day: Option<Day>,
        clock: Option<Minute>,
    },
}

/// A unit's seconds.
fn unit(word: &str) -> Option<i64> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => 1,
        "m" | "min" | "mins" | "minute" | "minutes" => 60,
        "h" | "hr" | "hrs" | "hour" | "hours" => 60 * 60,
        "d" | "day" | "days" => 24 * 60 * 60,
        "w" | "wk" | "wks" | "week" | "weeks" => 7 * 24 * 60 * 60,
        _ => return None,
    })
}

/// Is this word a unit of time, so that a number before it is no incident?
pub(super) fn counts_before(word: &str) -> bool {
    unit(word).is_some() || half_day(word).is_some()
}

fn half_day(word: &str) -> Option<&'static str> {
    match word {
        "am" | "a.m" => Some("am"),
        "pm" | "p.m" => Some("pm"),
        _ => None,
    }
}

/// A duration at the beginning of the words: "2h", "1h 30m", "1.5 hours", "an hour". Goes past it.
pub(super) fn duration(words: &mut Words) -> Option<i64> {
    let mut total = component(words)?;
    loop {
        let at = words.at();
        words.skip(&["and"]);
        match component(words) {
            Some(secs) => total += secs,
            None => {
                words.set(at);
                return Some(total);
            }
        }
    }
}

fn component(words: &mut Words) -> Option<i64> {
    let word = words.lower(0)?;
    let next = words.lower(1).and_then(unit);
    let (secs, taken) = match (word, next) {
        ("half", _) if words.lower(1).is_some_and(|w| w == "an" || w == "a") => (words.lower(2).and_then(unit)? / 2, 3),
        ("half", Some(of)) => (of / 2, 2),
        ("a" | "an" | "one", Some(of)) => (of, 2),
        (word, of) => match (attached(word), of) {
            (Some(secs), _) => (secs, 1),
            (None, Some(of)) => (times(word, of)?, 2),
            (None, None) => return None,
        },
    };
    words.advance(taken);
    Some(secs)
}

/// "1h30m", "1h30", "90min", "-2h".
fn attached(word: &str) -> Option<i64> {
    let (sign, mut rest) = word.strip_prefix('-').map_or((1, word), |rest| (-1, rest));
    let (mut total, mut last) = (0, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
        let (name, tail) = tail.split_at(letters);
        let of = match (name, last) {
            ("", 3_600) => 60,
            (name, _) => unit(name)?,
        };
        total += times(number, of)?;
        (last, rest) = (of, tail);
    }
    (last > 0).then_some(sign * total)
}

fn times(number: &str, of: i64) -> Option<i64> {
    let (sign, number) = number.strip_prefix('-').map_or((1, number), |rest| (-1, rest));
    let (whole, part) = number.split_once(['.', ',']).unwrap_or((number, ""));
    let digits = |s: &str, max| s.len() <= max && s.bytes().all(|b| b.is_ascii_digit());
    if number.is_empty() || !digits(whole, DIGITS.0) || !digits(part, DIGITS.1) || (whole.len() + part.len() == 0) {
        return None;
    }
    let parse = |s: &str| if s.is_empty() { Some(0) } else { s.parse::<i64>().ok() };
    let scale = 10_i64.pow(u32::try_from(part.len()).ok()?);
    Some(sign * (parse(whole)? * of + parse(part)? * of / scale))
}

/// A clock time at the beginning of the words, and how many it takes. A bare number is none.
pub(super) fn clock(words: &Words) -> Option<(Minute, usize)> {
    let word = words.lower(0)?;
    match word {
        "noon" | "midday" => return Some((NOON, 1)),
        "midnight" => return Some((DAY, 1)),
        "morning" => return Some((super::when::MORNING_HOUR * 60, 1)),
        _ => {}
    }
    let attached = ["am", "pm", "a.m", "p.m"].into_iter().find_map(|s| Some((word.strip_suffix(s)?, half_day(s)?)));
    let (digits, half, taken) = match (attached, words.lower(1).and_then(half_day)) {
        (Some((digits, half)), _) => (digits, Some(half), 1),
        (None, Some(half)) => (word, Some(half), 2),
        (None, None) => (word, None, 1),
    };
    let (hour, minute) = digits.split_once([':', '.']).map_or((digits, None), |(h, m)| (h, Some(m)));
    let two = |s: &str| (s.len() <= 2 && s.bytes().all(|b| b.is_ascii_digit())).then(|| s.parse().ok()).flatten();
    let hour: Minute = two(hour)?;
    let minute: Minute = match minute {
        Some(m) if m.len() == 2 => two(m)?,
        Some(_) => return None,
        None if half.is_some() => 0,
        None => return None,
    };
    let hour = match half {
        Some("am") if (1..=12).contains(&hour) => hour % 12,
        Some(_) if (1..=12).contains(&hour) => hour % 12 + 12,
        Some("pm") if (13..=23).contains(&hour) => hour,
        Some(_) => return None,
        None => hour,
    };
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY).then_some((minutes, taken))
}

/// A day at the beginning of the words, without going past it. A date with its time in one word gives both.
pub(super) fn day(word: &str) -> Option<Day> {
    Some(match word {
        "today" | "tonight" => Day::Today,
        "tomorrow" | "tmrw" | "tmr" | "tomorow" | "tommorow" | "tommorrow" => Day::Tomorrow,
        "monday" | "mon" => Day::Week(Weekday::Mon),
        "tuesday" | "tue" | "tues" => Day::Week(Weekday::Tue),
        "wednesday" | "wed" => Day::Week(Weekday::Wed),
        "thursday" | "thu" | "thur" | "thurs" => Day::Week(Weekday::Thu),
        "friday" | "fri" => Day::Week(Weekday::Fri),
        "saturday" | "sat" => Day::Week(Weekday::Sat),
        "sunday" | "sun" => Day::Week(Weekday::Sun),
        date => {
            let date = NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
            Day::Date(Some(date).filter(|d| YEARS.contains(&chrono::Datelike::year(d)))?)
        }
    })
}

/// Any spoken time at the beginning of the words. Goes past it.
pub(super) fn spoken(words: &mut Words) -> Option<Spoken> {
    let first = words.lower(0)?;
    if ["working-hours", "workinghours", "work-hours", "workhours", "business-hours"].contains(&first) {
        words.advance(1);
        return Some(Spoken::WorkingHours);
    }
    if ["working", "work", "business"].contains(&first) && words.lower(1).is_some_and(|w| w == "hours" || w == "day") {
        words.advance(2);
        return Some(Spoken::WorkingHours);
    }
    if let Some(secs) = duration(words) {
        return Some(Spoken::After(secs));
    }
    let mut day = take_day(words);
    let at = words.at();
    if day.is_some() {
        words.skip(&["at", "from"]);
        words.skip(&["at"]);
    }
    let clock = clock(words);
    match clock {
        Some((_, taken)) => words.advance(taken),
        None => words.set(at),
    }
    if day.is_none() && clock.is_some() {
        let at = words.at();
        words.skip(&["on"]);
        day = take_day(words);
        if day.is_none() {
            words.set(at);
        }
    }
    (day.is_some() || clock.is_some()).then_some(Spoken::Civil { day, clock: clock.map(|(minute, _)| minute) })
}

fn take_day(words: &mut Words) -> Option<Day> {
    let found = day(words.lower(0)?)?;
    words.advance(1);
    Some(found)
}
