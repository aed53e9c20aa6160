//! `[[schedule]]` and its layers.

use super::limits::{MAX_ID_CHARS, MAX_LAYERS, MAX_MEMBERS, MAX_NAME_CHARS, MAX_SCHEDULES, START_YEARS};
use super::names::{Names, Once, known};
use super::reader::{Found, Table};
use super::{suggest, zone};
use crate::domain::id::{ScheduleId, TeamId, UserId};
use crate::domain::schedule::{Rotation, Schedule};
use chrono::{Datelike, Days, NaiveDate, Weekday};

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

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
        let layers: Vec<Rotation> = layers.into_iter().filter_map(|layer| rotation(layer, names)).collect();
        if let (Some(id), Some(tz)) = (id, tz) {
            let team = team.map(|team| TeamId::from(team.value));
            schedules.push(Schedule { id: ScheduleId::from(id.value), name, team, tz, layers });
        }
        table.finish();
    }
    schedules
}

fn rotation(table: Table<'_>, names: &Names) -> Option<Rotation> {
    let members = table.texts("members", MAX_MEMBERS, MAX_ID_CHARS);
    table.required("members", "members = [\"…\"], the ids of users in the order of their turns");
    let members = members.map(|found| {
        if found.is_empty() {
            table.required_items("members", "write the id of at least one user");
        }
        // Somebody may stand twice in a rotation: they take every second turn.
        let members = found.into_iter().filter(|f| known(&table, f, "user", &names.users));
        members.map(|f| UserId::from(f.value)).collect::<Vec<_>>()
    });
    let start = table.date("start").filter(|start| {
        let good = START_YEARS.contains(&start.value.year());
        if !good {
            let mend = format!("write a day from {} to {}", START_YEARS.start(), START_YEARS.end());
            table.complain(start, "is out of bounds", &mend);
        }
        good
    });
    table.required("start", "start = 2026-01-05, the day on which the first member's first turn begins");
    let handoff = table.time("handoff");
    table.required("handoff", "handoff = \"18:00\", the local time at which turns change");
    let days = every(&table, start.as_ref());
    table.finish();
    let members = members.filter(|members| !members.is_empty())?;
    Some(Rotation { members, days: days?, start: start?.value, handoff: handoff?.value })
}

/// Days in one turn. A weekly one must begin on the weekday it states: the one slip nobody notices for a week.
fn every(table: &Table<'_>, start: Option<&Found<NaiveDate>>) -> Option<u32> {
    table.required("every", "every = \"day\" or every = \"week\"");
    let every = table.text("every", MAX_NAME_CHARS);
    let weekday = table.text("weekday", MAX_NAME_CHARS);
    let every = every?;
    match every.value.as_str() {
        "day" => {
            if let Some(weekday) = weekday {
                table.complain(&weekday, "has no meaning for turns of a day", "leave it out or write every = \"week\"");
            }
            Some(1)
        }
        "week" => {
            table.required("weekday", "weekday = \"monday\", the day of the week on which turns change");
            if let Some(weekday) = weekday {
                check_weekday(table, &weekday, start);
            }
            Some(7)
        }
        other => {
            table.complain(&every, "is not a length of turns", &suggest::one_of(other, ["day", "week"]));
            None
        }
    }
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
