//! `[[schedule]]`, its layers and its fixed shifts.

use super::layer_hours;
use super::limits::{
    MAX_ID_CHARS, MAX_LAYERS, MAX_LENGTHS, MAX_MEMBERS, MAX_NAME_CHARS, MAX_SCHEDULES, MAX_SHIFTS, START_YEARS,
    TURN_HOURS,
};
use super::names::{Names, Once, known};
use super::reader::{Found, Item, Table};
use super::{suggest, zone};
use crate::domain::id::{ScheduleId, TeamId, UserId};
use crate::domain::schedule::{FixedShift, Layer, Member, Rotation, Schedule};
use chrono::{Datelike, Days, NaiveDate, Weekday};
use chrono_tz::Tz;

pub(super) const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const DAY_HOURS: u32 = 24;
const WEEK_HOURS: u32 = 7 * DAY_HOURS;

pub(super) fn read(top: &Table<'_>, names: &Names) -> Vec<Schedule> {
    let mut ids = Once::default();
    let mut schedules = Vec::new();
    for mut table in top.tables("schedule", "[[schedule]]", MAX_SCHEDULES) {
        let id = table
            .id("id", "payments-primary", &names.schedules)
            .filter(|id| ids.take(&table, id, "the id of another schedule"));
        let name = table.name_or(id.as_ref().map_or("", |id| &id.value));
        let team = table.text("team", MAX_ID_CHARS).filter(|team| known(&table, team, "team", &names.teams));
        let tz = zone::read(&table);
        let layers = table.tables("layer", "[[schedule.layer]]", MAX_LAYERS);
        table.required("layer", "[[schedule.layer]] below it, with members, every, start and handoff");
        let layers: Vec<Layer> = layers.into_iter().filter_map(|l| layer(l, names, tz)).collect();
        let fixed = table.tables("shift", "[[schedule.shift]]", MAX_SHIFTS);
        let fixed: Vec<FixedShift> = fixed.into_iter().filter_map(|shift| fixed_shift(shift, names)).collect();
        if let (Some(id), Some(tz)) = (id, tz) {
            let team = team.map(|team| TeamId::from(team.value));
            schedules.push(Schedule { id: ScheduleId::from(id.value), name, team, tz, layers, fixed });
        }
        table.finish();
    }
    schedules
}

/// `tz`: of its schedule; `None` where that is wrong, which is told there.
fn layer(table: Table<'_>, names: &Names, tz: Option<Tz>) -> Option<Layer> {
    let members = members(&table, names);
    let start = day(&table, "start");
    table.required("start", "start = 2026-01-05, the day on which the first member's first turn begins");
    let handoff = table.time("handoff");
    table.required("handoff", "handoff = \"18:00\", the local time at which turns change");
    let turn_hours = every(&table, start.as_ref());
    let until = day(&table, "until");
    if let (Some(start), Some(until)) = (&start, &until)
        && until.value <= start.value
    {
        table.complain(until, &format!("is not after start = {}", start.value), "write a later day, or leave it out");
    }
    let own = table.has("tz").map(|_| zone::optional(&table));
    let hours = layer_hours::read(&table);
    table.finish();
    let members = members.filter(|members| !members.is_empty())?;
    let rotation = Rotation { members, turn_hours: turn_hours?, start: start?.value, handoff: handoff?.value };
    let tz = own.unwrap_or(tz)?;
    Some(Layer { rotation, tz, hours: hours?, until: until.map(|until| until.value) })
}

/// Somebody may stand twice in a rotation: they take every second turn.
fn members(table: &Table<'_>, names: &Names) -> Option<Vec<Member>> {
    let items = table.items("members", "a member", MAX_MEMBERS);
    table.required("members", "members = [\"…\"], the ids of users in the order of their turns");
    let items = items?;
    if items.is_empty() {
        table.required_items("members", "write the id of at least one user");
    }
    let read = |item: Item<'_>| match item {
        Item::Name(name) => known(table, &name, "user", &names.users).then(|| Member::always(name.value)),
        Item::Table(member) => some_time(member, names),
    };
    Some(items.into_iter().filter_map(read).collect())
}

/// `{ user = "sam", from = 2026-12-07 }`
fn some_time(table: Table<'_>, names: &Names) -> Option<Member> {
    table.required("user", "user = \"…\", the id of a user");
    let user = table.text("user", MAX_ID_CHARS).filter(|user| known(&table, user, "user", &names.users));
    let (from, until) = (day(&table, "from"), day(&table, "until"));
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value <= from.value
    {
        let wrong = format!("is not after from = {}", from.value);
        table.complain(until, &wrong, "write the first day on which they take no turn any more");
    }
    table.finish();
    Some(Member { user: user?.value.into(), from: from.map(|f| f.value), until: until.map(|u| u.value) })
}

fn fixed_shift(table: Table<'_>, names: &Names) -> Option<FixedShift> {
    table.required("user", "user = \"…\", the id of a user");
    table.required("from", "from = 2026-12-24T18:00, in the zone of the schedule");
    table.required("until", "until = 2026-12-26T18:00, in the zone of the schedule");
    let user = table.text("user", MAX_ID_CHARS).filter(|user| known(&table, user, "user", &names.users));
    let (from, until) = (table.local_time("from"), table.local_time("until"));
    for found in [&from, &until].into_iter().flatten() {
        in_bounds(&table, found, found.value.year());
    }
    if let (Some(from), Some(until)) = (&from, &until)
        && until.value <= from.value
    {
        let wrong = format!("is not after from = {}", from.value.format("%Y-%m-%dT%H:%M"));
        table.complain(until, &wrong, "write a later time");
    }
    table.finish();
    Some(FixedShift { user: UserId::from(user?.value), from: from?.value, until: until?.value })
}

fn day(table: &Table<'_>, key: &'static str) -> Option<Found<NaiveDate>> {
    table.date(key).filter(|day| in_bounds(table, day, day.value.year()))
}

fn in_bounds<T>(table: &Table<'_>, found: &Found<T>, year: i32) -> bool {
    let good = START_YEARS.contains(&year);
    if !good {
        let mend = format!("write a day from {} to {}", START_YEARS.start(), START_YEARS.end());
        table.complain(found, "is out of bounds", &mend);
    }
    good
}

/// The lengths of turns, in hours on the local clock. Those of whole weeks may state the weekday on which turns change;
/// turns of a week or several must, and must begin on it: the one slip nobody notices for a week.
fn every(table: &Table<'_>, start: Option<&Found<NaiveDate>>) -> Option<Vec<u32>> {
    table.required("every", "every = \"day\", \"week\", \"12h\", \"3d\" or [\"4d\", \"3d\"]");
    let every = table.text_or_texts("every", MAX_LENGTHS, MAX_NAME_CHARS);
    let weekday = table.text("weekday", MAX_NAME_CHARS);
    let (is_list, written) = every?;
    if written.is_empty() {
        table.required_items("every", "write at least one length: [\"4d\", \"3d\"]");
        return None;
    }
    let lengths: Vec<Option<u32>> = written.iter().map(|found| length(table, found)).collect();
    let lengths: Vec<u32> = lengths.into_iter().collect::<Option<_>>()?;
    let of_weeks = lengths.iter().sum::<u32>() % WEEK_HOURS == 0;
    if !is_list && of_weeks {
        table.required("weekday", "weekday = \"monday\", the day of the week on which turns change");
    }
    match weekday {
        Some(weekday) if of_weeks => check_weekday(table, &weekday, start),
        Some(weekday) => {
            let what = match lengths.as_slice() {
                [DAY_HOURS] => "turns of a day",
                _ => "turns that are no whole weeks together",
            };
            let mend = "leave it out or write every = \"week\"";
            table.complain(&weekday, &format!("has no meaning for {what}"), mend);
        }
        None => {}
    }
    Some(lengths)
}

fn length(table: &Table<'_>, found: &Found<String>) -> Option<u32> {
    let text = found.value.as_str();
    let Some(hours) = hours_of(text) else {
        let mend = suggest::one_of(text, ["12h", "2w", "3d", "day", "week"]);
        table.complain(found, "is not a length of turns", &mend);
        return None;
    };
    if TURN_HOURS.contains(&hours) {
        return Some(hours);
    }
    table.complain(found, "is out of bounds", "write 1h to 52w");
    None
}

/// `day`, `week`, `12h`, `3d`, `2w`, `2 weeks`.
fn hours_of(text: &str) -> Option<u32> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let count: u32 = if digits == 0 { 1 } else { text[..digits].parse().ok()? };
    let unit = match (text[digits..].trim_start(), digits) {
        ("h" | "hour" | "hours", 1..) => 1,
        ("d" | "days", 1..) | ("day", _) => DAY_HOURS,
        ("w" | "weeks", 1..) | ("week", _) => WEEK_HOURS,
        _ => return None,
    };
    count.checked_mul(unit)
}

fn check_weekday(table: &Table<'_>, weekday: &Found<String>, start: Option<&Found<NaiveDate>>) {
    let Some(index) = WEEKDAYS.iter().position(|name| weekday.value.eq_ignore_ascii_case(name)) else {
        table.complain(weekday, "is not a day of the week", &suggest::one_of(&weekday.value, WEEKDAYS));
        return;
    };
    let Some(start) = start else { return };
    let stated = u8::try_from(index).ok().and_then(|i| Weekday::try_from(i).ok());
    let actual = start.value.weekday();
    if stated == Some(actual) {
        return;
    }
    let is = WEEKDAYS[actual.num_days_from_monday() as usize];
    let ahead = (index as u64 + 7 - u64::from(actual.num_days_from_monday())) % 7;
    let next = start.value.checked_add_days(Days::new(ahead)).unwrap_or(start.value);
    table.complain(
        start,
        &format!("is a {is}, and weekday says {}", WEEKDAYS[index]),
        &format!("write start = {next} or weekday = \"{is}\""),
    );
}

#[cfg(test)]
mod tests {
    use super::hours_of;

    #[test]
    fn lengths_are_read_as_people_write_them() {
        for (text, hours) in [
            ("day", Some(24)),
            ("week", Some(168)),
            ("12h", Some(12)),
            ("3d", Some(72)),
            ("2w", Some(336)),
            ("2 weeks", Some(336)),
            ("1 day", Some(24)),
            ("0h", Some(0)),
            ("h", None),
            ("weeks", None),
            ("90m", None),
            ("1.5d", None),
            ("1d12h", None),
            ("99999999999d", None),
            ("", None),
        ] {
            assert_eq!(hours_of(text), hours, "{text:?}");
        }
    }
}
