//! `hours` of a layer: times of day and days of the week.

use super::days;
use super::limits::MAX_LAYER_HOURS;
use super::reader::Table;
use crate::domain::hours::{Span, Weekdays};
use chrono::{Timelike, Weekday};

const DAY_MINUTES: usize = 24 * 60;
const WEEK_MINUTES: usize = 7 * DAY_MINUTES;

/// `None`: something is wrong in them.
pub(super) fn read(layer: &Table<'_>) -> Option<Vec<Span>> {
    let tables = layer.tables("hours", "[[schedule.layer.hours]]", MAX_LAYER_HOURS);
    let at = layer.has("hours");
    let hours: Vec<Option<Span>> = tables.into_iter().map(one).collect();
    let hours: Vec<Span> = hours.into_iter().collect::<Option<_>>()?;
    if let Some(at) = at.filter(|_| are_all(&hours)) {
        let mend = "leave hours out: without them a layer counts always";
        layer.notes.complain(at, &layer.place, "hours", "are every hour of the week", mend);
    }
    Some(hours)
}

fn one(table: Table<'_>) -> Option<Span> {
    let days = if table.has("days").is_some() { days::read(&table) } else { Some(Weekdays::ALL) };
    let (from, until) = (table.time("from"), table.time("until"));
    table.required("from", "from = \"09:00\", the local time at which they begin");
    table.required("until", "until = \"17:00\", the local time at which they end");
    table.finish();
    Some(Span { days: days?, from: from?.value, until: until?.value })
}

fn are_all(hours: &[Span]) -> bool {
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
