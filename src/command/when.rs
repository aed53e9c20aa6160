//! What instant a spoken time names, for this person, now. Always one that lies ahead.
//!
//! All times are in the speaker's zone. A clock time that a change of clocks skips is the next instant that exists; one
//! that comes twice is the first of the two that lies ahead.

use super::mistake::Mistake;
use super::reading::Reading;
use super::spoken::{self, Day, Minute, Spoken};
use super::words::Words;
use crate::domain::schedule::local_instant;
use crate::domain::stamp::At;
use chrono::offset::LocalResult;
use chrono::{Datelike, Days, NaiveDate, TimeDelta, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;

/// When a morning begins that nobody gave a time, and working hours with it, Monday to Friday.
pub const MORNING_HOUR: i64 = 9;
/// Until then it is still yesterday for whoever is awake: "tomorrow" is the coming morning.
pub const NIGHT_ENDS_HOUR: u32 = 5;
/// The longest duration that is understood.
pub const SPAN_MAX_SECS: i64 = 366 * 24 * 60 * 60;

/// What an answer should say of a time, because the words could have meant another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meant {
    /// "tomorrow" was said after midnight: today is meant.
    Today,
    /// The clock time has passed today: tomorrow is meant.
    Tomorrow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub at: At,
    pub meant: Option<Meant>,
}

/// Words before a time that change nothing.
const BEFORE: &[&str] = &["for", "until", "till", "til", "to", "in", "at", "by", "on", "next", "the", "coming"];
/// Zones people write after a time. UTC is understood, the others have several meanings each.
const ZONES: &[&str] = &[
    "cet", "cest", "est", "edt", "pst", "pdt", "cst", "cdt", "mst", "mdt", "bst", "ist", "jst", "wet", "west", "eet",
    "eest", "msk", "aest", "aedt", "et", "pt",
];

/// The instant named by the next words, after now.
///
/// # Errors
/// Corrected lines put `2h`, or what is nearest, where the time stands or should stand.
pub(super) fn moment(r: &mut Reading<'_>) -> Result<Moment, Mistake> {
    while r.words.skip(BEFORE) {}
    let from = r.words.at();
    let (spoken, tz) = form(r)?;
    let now = r.speaker.now;
    ahead(r, spoken, tz, now, from)
}

/// The form of the time that stands next, and its zone.
pub(super) fn form(r: &mut Reading<'_>) -> Result<(Spoken, Tz), Mistake> {
    let from = r.words.at();
    let Some(spoken) = spoken::spoken(&mut r.words) else { return Err(unclear(r)) };
    let clockless = matches!(spoken, Spoken::Civil { clock: None, .. });
    if clockless && let Some(mistake) = bare_hour(r, true) {
        return Err(mistake);
    }
    if matches!(spoken, Spoken::Civil { clock: None, day: Some(Day::Today) }) {
        return Err(r.instead("When today? Write the time too.", from, r.words.at(), "2h"));
    }
    if matches!(spoken, Spoken::Civil { clock: Some(_), .. }) {
        if r.words.skip(&["utc", "gmt"]) {
            return Ok((spoken, Tz::UTC));
        }
        if r.words.is(ZONES) {
            let why = format!("Times are in your own zone, {}, or in UTC.", r.speaker.tz);
            return Err(r.instead(why, r.words.at(), r.words.at() + 1, ""));
        }
    }
    Ok((spoken, r.speaker.tz))
}

/// The instant a form names after `base`.
pub(super) fn ahead(r: &Reading<'_>, spoken: Spoken, tz: Tz, base: At, from: usize) -> Result<Moment, Mistake> {
    let to = r.words.at();
    let typed = r.quoted(from, to);
    match spoken {
        Spoken::After(secs) if secs <= 0 => Err(r.instead(format!("{typed} does not lie ahead."), from, to, "2h")),
        Spoken::After(secs) if secs > SPAN_MAX_SECS => {
            Err(r.instead(format!("{typed} is more than a year."), from, to, "7d"))
        }
        Spoken::After(secs) => Ok(Moment { at: base.plus_secs(secs), meant: None }),
        Spoken::WorkingHours | Spoken::Civil { .. } => match resolve(spoken, tz, r.speaker.now, base) {
            Some(moment) => Ok(moment),
            None if base > r.speaker.now => Err(Mistake::new(format!("{typed} is not after the beginning."))),
            None => Err(r.instead(format!("{typed} has passed."), from, to, "2h")),
        },
    }
}

/// Pure arithmetic: days are counted from `now`, the result lies after `base`, which is not before `now`.
fn resolve(spoken: Spoken, tz: Tz, now: At, base: At) -> Option<Moment> {
    let local = now.utc().with_timezone(&tz);
    let today = local.date_naive();
    let plain = |at: At| Moment { at, meant: None };
    let on = |date: NaiveDate, minute: Minute| instant(tz, date, minute, base);
    let coming = |from: NaiveDate, days: u64, fits: &dyn Fn(NaiveDate) -> bool, minute: Minute| {
        (0..=days).filter_map(|n| from.checked_add_days(Days::new(n))).filter(|d| fits(*d)).find_map(|d| on(d, minute))
    };
    let morning = MORNING_HOUR * 60;
    let (day, clock) = match spoken {
        Spoken::After(secs) => return Some(plain(base.plus_secs(secs))),
        Spoken::WorkingHours => {
            let works = |d: NaiveDate| !matches!(d.weekday(), Weekday::Sat | Weekday::Sun);
            let first = base.utc().with_timezone(&tz).date_naive();
            return coming(first, 7, &works, morning).map(plain);
        }
        Spoken::Civil { day, clock } => (day, clock),
    };
    let minute = clock.unwrap_or(morning);
    match day {
        None => {
            let first = base.utc().with_timezone(&tz).date_naive();
            let at = coming(first, 2, &|_| true, minute)?;
            // Midnight is today's end, so it never has passed.
            let passed = base == now && on(first, minute).is_none();
            Some(Moment { at, meant: passed.then_some(Meant::Tomorrow) })
        }
        Some(Day::Today) => on(today, minute).map(plain),
        Some(Day::Tomorrow) => {
            let this_morning = (local.hour() < NIGHT_ENDS_HOUR).then(|| on(today, minute)).flatten();
            match this_morning {
                Some(at) => Some(Moment { at, meant: Some(Meant::Today) }),
                None => on(today.succ_opt()?, minute).map(plain),
            }
        }
        Some(Day::Week(weekday)) => {
            let first = base.utc().with_timezone(&tz).date_naive();
            coming(first, 7, &|d| d.weekday() == weekday, minute).map(plain)
        }
        Some(Day::Date(date)) => on(date, minute).map(plain),
    }
}

/// The first instant after `after` at which the clock shows this minute of this day.
fn instant(tz: Tz, date: NaiveDate, minute: Minute, after: At) -> Option<At> {
    let local = date.and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::try_minutes(minute)?)?;
    let at = match tz.from_local_datetime(&local) {
        LocalResult::Ambiguous(first, second) if At(first.timestamp_millis()) <= after => At(second.timestamp_millis()),
        LocalResult::Ambiguous(..) | LocalResult::Single(_) | LocalResult::None => local_instant(tz, local),
    };
    (at > after).then_some(at)
}

/// "tomorrow 9", "until 9": in the morning? Of an end without a day, the next of the two is the likelier.
fn bare_hour(r: &Reading<'_>, morning: bool) -> Option<Mistake> {
    let mut words = r.words.clone();
    words.skip(&["at"]);
    let word = words.lower(0)?;
    let hour: u32 = (word.len() <= 2).then(|| word.parse().ok()).flatten().filter(|h| *h <= 24)?;
    let passed = !morning && r.speaker.now.utc().with_timezone(&r.speaker.tz).hour() >= hour;
    let (why, hour) = match hour {
        1..=11 if passed => (format!("`{hour}` could be {hour}am or {hour}pm."), format!("{hour}pm")),
        1..=11 => (format!("`{hour}` could be {hour}am or {hour}pm."), format!("{hour}am")),
        12 => ("`12` could be noon or midnight.".to_owned(), "noon".to_owned()),
        _ => (format!("Is `{hour}` {hour}:00?"), format!("{hour}:00")),
    };
    Some(r.instead(why, words.at(), words.at() + 1, &hour))
}

/// No form of a time stands here.
fn unclear(r: &Reading<'_>) -> Mistake {
    let at = r.words.at();
    let clock_was_asked = asks_for_clock(&r.words);
    let Some(word) = r.words.lower(0) else { return r.instead("Until when?", at, at, "2h") };
    let word = word.trim_start_matches('#');
    if let Some(number) = word.parse::<u32>().ok().filter(|_| word.len() <= 4) {
        let clock = format!("{}:{}", word.get(..2).unwrap_or_default(), word.get(2..).unwrap_or_default());
        return match number {
            0 => r.instead("`0` does not lie ahead.", at, at + 1, "2h"),
            n if clock_was_asked && n <= 24 => {
                bare_hour(r, begins_span(&r.words)).unwrap_or_else(|| Mistake::new("Which hour?"))
            }
            _ if word.len() == 4 => r.instead(format!("Is `{word}` {clock}?"), at, at + 1, &clock),
            n => {
                let (unit, minutes) = if n <= 12 { ("h", "m") } else { ("m", "h") };
                r.instead(format!("`{n}` could be {n}{unit} or {n}{minutes}."), at, at + 1, &format!("{n}{unit}"))
            }
        };
    }
    if r.words.is(&["because", "since", "as"]) {
        return r.instead("Until when?", at, at, "2h");
    }
    let known = ["tomorrow", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "noon"];
    let known = known.into_iter().chain(["midnight", "working-hours"]);
    let short = word.chars().count() >= 4 && word.chars().count() <= 20;
    let typed = r.quoted(at, at + 1);
    match super::nearest(word, known.filter(|_| short)) {
        Some(meant) => r.instead(format!("I don't know a time {typed}. Did you mean `{meant}`?"), at, at + 1, meant),
        None => {
            let why = format!("Until when? I don't know a time {typed}.");
            r.instead(why, at, at + r.words.left(), "2h")
        }
    }
}

/// "until 9", "9 - 17:00": an hour, and no duration.
fn asks_for_clock(words: &Words) -> bool {
    let before = words.at().checked_sub(1).map_or("", |at| words.typed(at, at + 1)).to_lowercase();
    let from = ["until", "till", "til", "at", "by", "from", "between", "to", "-", "–"].contains(&before.as_str());
    from || begins_span(words)
}

/// "9 - 17:00"
fn begins_span(words: &Words) -> bool {
    words.lower(1).is_some_and(|w| ["-", "to", "until", "till", "til"].contains(&w))
}
