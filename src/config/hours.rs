//! `[[holidays]]`, `[[hours]]`, and `hours` of a person or a team: a name, or the hours themselves.

use super::days;
use super::limits::{MAX_HOLIDAYS, MAX_HOURS, MAX_ID_CHARS, MAX_SPANS};
use super::names::{Names, Once, known};
use super::reader::Table;
use super::zone;
use crate::domain::hours::{Hours, Span};
use crate::domain::id::HoursId;
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Named = BTreeMap<HoursId, Hours>;

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
    let days = table.has("days").and_then(|_| days::read(table));
    table.required("from", "from = \"09:00\"");
    table.required("until", "until = \"17:00\"; an earlier time than `from` is on the next day");
    let (from, until) = (table.time("from"), table.time("until"));
    Some(Span { days: days?, from: from?.value, until: until?.value })
}
