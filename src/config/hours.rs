//! `[[holidays]]`, `[[hours]]`, and `hours` of a person or a team: a name, or the hours themselves.

use super::limits::{MAX_HOLIDAYS, MAX_HOURS, MAX_ID_CHARS, MAX_NAME_CHARS, MAX_SPANS};
use super::names::{Names, Once, known};
use super::reader::{Found, Table};
use super::zone;
use crate::domain::hours::{Hours, Span, Weekdays};
use crate::domain::id::HoursId;
use chrono::{NaiveDate, Weekday};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Named = BTreeMap<HoursId, Hours>;

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAYS_MEND: &str = "write days as \"mon-fri\", \"sat,sun\" or \"mon-thu,sat\"";

pub(super) fn read(top: &Table<'_>, names: &Names) -> Named {
    let holidays = holidays(top, names);
    let mut ids = Once::default();
    let mut all = Named::new();
    for mut table in top.tables("hours", "[[hours]]", MAX_HOURS) {
        let id = table.id("id", "office", &names.hours).filter(|id| ids.take(&table, id, "the id of other hours"));
        let tz = zone::read(&table);
        let spans = spans(&table, "[[hours.span]]");
        let free = free_days(&table, names, &holidays);
        if let (Some(id), Some(tz)) = (id, tz) {
            all.insert(HoursId::from(id.value), Hours { tz, spans, holidays: free });
        }
        table.finish();
    }
    all
}

/// `hours` of a team: a name.
pub(super) fn of_team(table: &Table<'_>, names: &Names, named: &Named) -> Option<Hours> {
    let found = table.text("hours", MAX_ID_CHARS)?;
    known(table, &found, "hours", &names.hours).then(|| named.get(&HoursId::from(found.value)).cloned())?
}

/// `hours` of a person: a name, or `{ days = "mon-fri", from = "10:00", until = "18:00" }` in their own zone.
pub(super) fn of_user(table: &Table<'_>, names: &Names, named: &Named, tz: Option<Tz>) -> Option<Hours> {
    if table.is_text("hours").is_some() {
        return of_team(table, names, named);
    }
    table.has("hours")?;
    let mut inline = table.table("hours", "hours")?;
    inline.place = format!("{} hours", table.place);
    let spans = spans(&inline, "span");
    inline.finish();
    Some(Hours { tz: tz?, spans, holidays: BTreeSet::new() })
}

fn holidays(top: &Table<'_>, names: &Names) -> BTreeMap<String, BTreeSet<NaiveDate>> {
    let mut ids = Once::default();
    let mut all = BTreeMap::new();
    for mut table in top.tables("holidays", "[[holidays]]", MAX_HOURS) {
        let id =
            table.id("id", "portugal", &names.holidays).filter(|id| ids.take(&table, id, "the id of other holidays"));
        table.required("dates", "dates = [2026-12-25, 2027-01-01]");
        table.required_items("dates", "write at least one day: [2026-12-25]");
        let dates = table.dates("dates", MAX_HOLIDAYS).unwrap_or_default();
        if let Some(id) = id {
            all.insert(id.value, dates.into_iter().collect());
        }
        table.finish();
    }
    all
}

fn free_days(
    table: &Table<'_>,
    names: &Names,
    holidays: &BTreeMap<String, BTreeSet<NaiveDate>>,
) -> BTreeSet<NaiveDate> {
    let named = table.texts("holidays", MAX_SPANS, MAX_ID_CHARS).unwrap_or_default();
    let named = named.into_iter().filter(|found| known(table, found, "holidays", &names.holidays));
    named.filter_map(|found| holidays.get(&found.value)).flatten().copied().collect()
}

/// The table's own days and times, and those of the spans below it.
fn spans(table: &Table<'_>, kind: &'static str) -> Vec<Span> {
    let below = table.tables("span", kind, MAX_SPANS);
    let mut all: Vec<Span> = Vec::new();
    let has_own = ["days", "from", "until"].map(|key| table.has(key).is_some());
    if below.is_empty() || has_own.contains(&true) {
        all.extend(span(table));
    }
    for table in below {
        all.extend(span(&table));
        table.finish();
    }
    all
}

fn span(table: &Table<'_>) -> Option<Span> {
    table.required("days", "days = \"mon-fri\"");
    table.required("from", "from = \"09:00\"");
    table.required("until", "until = \"17:00\"; an earlier time than `from` is on the next day");
    let days = table.text("days", MAX_NAME_CHARS);
    let (from, until) = (table.time("from"), table.time("until"));
    let days = days.and_then(|found| weekdays(table, &found));
    Some(Span { days: days?, from: from?.value, until: until?.value })
}

fn weekdays(table: &Table<'_>, found: &Found<String>) -> Option<Weekdays> {
    let mut all = Weekdays::default();
    for part in found.value.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (Some(first), Some(last)) = (weekday(first), weekday(last)) else {
            table.complain(found, "does not name days of the week", DAYS_MEND);
            return None;
        };
        let mut day = first;
        all = all.with(day);
        while day != last {
            day = day.succ();
            all = all.with(day);
        }
    }
    Some(all)
}

/// By its first three letters at least.
fn weekday(text: &str) -> Option<Weekday> {
    let text = text.trim().to_lowercase();
    let index = DAYS.iter().position(|day| text.len() >= 3 && day.starts_with(&text))?;
    Weekday::try_from(u8::try_from(index).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::weekday;
    use chrono::Weekday;

    #[test]
    fn days_by_their_first_letters() {
        assert_eq!(weekday("mon"), Some(Weekday::Mon));
        assert_eq!(weekday(" Thurs"), Some(Weekday::Thu));
        assert_eq!(weekday("sunday"), Some(Weekday::Sun));
        assert_eq!((weekday("t"), weekday("someday"), weekday("")), (None, None, None));
    }
}
