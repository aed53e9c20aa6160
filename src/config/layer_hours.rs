//! `hours` of a layer: times of day and days of the week.

use super::limits::{MAX_LAYER_HOURS, MAX_NAME_CHARS};
use super::reader::{Found, Table};
use super::schedules::WEEKDAYS;
use crate::domain::schedule::{Hours, Weekdays};
use chrono::{Timelike, Weekday};

const DAY_MINUTES: usize = 24 * 60;
const WEEK_MINUTES: usize = 7 * DAY_MINUTES;

/// `None`: something is wrong in them.
pub(super) fn read(layer: &Table<'_>) -> Option<Vec<Hours>> {
    let tables = layer.tables("hours", "[[schedule.layer.hours]]", MAX_LAYER_HOURS);
    let at = layer.has("hours");
    let hours: Vec<Option<Hours>> = tables.into_iter().map(one).collect();
    let hours: Vec<Hours> = hours.into_iter().collect::<Option<_>>()?;
    if let Some(at) = at.filter(|_| are_all(&hours)) {
        let mend = "leave hours out: without them a layer counts always";
        layer.notes.complain(at, &layer.place, "hours", "are every hour of the week", mend);
    }
    Some(hours)
}

fn one(table: Table<'_>) -> Option<Hours> {
    let days = match table.text_or_texts("days", 7, MAX_NAME_CHARS) {
        Some((_, written)) => days(&table, &written),
        None if table.has("days").is_some() => None,
        None => Some(Weekdays::ALL),
    };
    let (from, until) = (table.time("from"), table.time("until"));
    table.required("from", "from = \"09:00\", the local time at which they begin");
    table.required("until", "until = \"17:00\", the local time at which they end");
    table.finish();
    Some(Hours { days: days?, from: from?.value, until: until?.value })
}

/// `mon-fri`, `sat,sun`, `fri-mon`, or a list of such.
fn days(table: &Table<'_>, written: &[Found<String>]) -> Option<Weekdays> {
    let mut days = Weekdays::default();
    if written.is_empty() {
        table.required_items("days", "write days = \"mon-fri\", or leave it out for every day");
        return None;
    }
    for found in written {
        for part in found.value.split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (Some(first), Some(last)) = (weekday(first), weekday(last)) else {
                let mend = "write \"mon-fri\", \"sat,sun\" or one day, or leave it out for every day";
                table.complain(found, "is not days of the week", mend);
                return None;
            };
            let mut day = first;
            days.add(day);
            while day != last {
                day = day.succ();
                days.add(day);
            }
        }
    }
    Some(days)
}

/// `monday` or `mon`.
fn weekday(name: &str) -> Option<Weekday> {
    let name = name.trim().to_ascii_lowercase();
    let index = WEEKDAYS.iter().position(|day| *day == name || day[..3] == *name)?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

fn are_all(hours: &[Hours]) -> bool {
    let mut open = vec![false; WEEK_MINUTES];
    for h in hours {
        let minute = |time: chrono::NaiveTime| (time.hour() * 60 + time.minute()) as usize;
        let (from, until) = (minute(h.from), minute(h.until));
        let until = if until > from { until } else { until + DAY_MINUTES };
        for day in (0..7_u8).filter(|day| Weekday::try_from(*day).is_ok_and(|day| h.days.has(day))) {
            let midnight = usize::from(day) * DAY_MINUTES;
            (from..until).for_each(|minute| open[(midnight + minute) % WEEK_MINUTES] = true);
        }
    }
    open.into_iter().all(|open| open)
}
