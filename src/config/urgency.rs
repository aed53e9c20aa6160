//! `urgency` of a key and of a service: always the same, by the alert's severity, or by support hours.

use super::limits::{MAX_ID_CHARS, MAX_NAME_CHARS, MAX_SEVERITIES};
use super::names::{Names, known};
use super::reader::Table;
use super::suggest;
use crate::domain::directory::Urgency;
use crate::domain::id::HoursId;
use crate::domain::urgency::{Severities, UrgencyBy};
use std::collections::BTreeSet;

/// Of a key: `high` or `low`.
pub(super) fn of_key(table: &Table<'_>) -> Option<Urgency> {
    let found = table.text("urgency", MAX_NAME_CHARS)?;
    match found.value.as_str() {
        "high" => Some(Urgency::High),
        "low" => Some(Urgency::Low),
        other => {
            table.complain(&found, "is not an urgency", &suggest::one_of(other, ["high", "low"]));
            None
        }
    }
}

/// Of a service. What varies is high at its highest.
pub(super) fn of_service(table: &Table<'_>, names: &Names) -> (Urgency, UrgencyBy) {
    let found = table.text("urgency", MAX_NAME_CHARS);
    let word = found.as_ref().map_or("high", |found| found.value.as_str());
    if word != "hours"
        && let Some(hours) = table.text("support_hours", MAX_ID_CHARS)
    {
        let mend = "write urgency = \"hours\", or leave it out";
        table.complain(&hours, &format!("has no meaning where urgency is \"{word}\""), mend);
    }
    if word != "severity"
        && let Some(at) = table.has("severities")
    {
        let wrong = format!("has no meaning where urgency is \"{word}\"");
        let mend = "write urgency = \"severity\", or leave it out";
        table.notes.complain(at, &table.place, "severities", &wrong, mend);
    }
    match word {
        "high" => (Urgency::High, UrgencyBy::Service),
        "low" => (Urgency::Low, UrgencyBy::Service),
        "severity" => (Urgency::High, UrgencyBy::Severity(severities(table))),
        "hours" => {
            table.required("support_hours", "support_hours = \"…\", the id of an [[hours]]");
            let hours = table.text("support_hours", MAX_ID_CHARS);
            let hours = hours.filter(|found| known(table, found, "hours", &names.hours));
            let by = hours.map_or(UrgencyBy::Service, |found| UrgencyBy::Hours(HoursId::from(found.value)));
            (Urgency::High, by)
        }
        other => {
            if let Some(found) = &found {
                let mend = suggest::one_of(other, ["high", "low", "severity", "hours"]);
                table.complain(found, "is not an urgency", &mend);
            }
            (Urgency::High, UrgencyBy::Service)
        }
    }
}

fn severities(service: &Table<'_>) -> Severities {
    if service.has("severities").is_none() {
        return Severities::default();
    }
    let Some(mut table) = service.table("severities", "severities") else { return Severities::default() };
    table.place = format!("{} severities", service.place);
    let read = |key| table.texts(key, MAX_SEVERITIES, MAX_NAME_CHARS).unwrap_or_default();
    let (high, low) = (read("high"), read("low"));
    let words = |all: &[super::reader::Found<String>]| -> BTreeSet<String> {
        all.iter().map(|found| found.value.to_lowercase()).collect()
    };
    let own = Severities { high: words(&high), low: words(&low) };
    for found in low.iter().filter(|found| own.high.contains(&found.value.to_lowercase())) {
        table.complain(found, "is in high too", "leave it out of one of the two");
    }
    table.finish();
    own
}
