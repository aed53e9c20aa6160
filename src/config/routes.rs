//! `[[route]]`, and how a service puts alerts together and waits for several.

use super::complaint::Notes;
use super::keys::KeySource;
use super::limits::{
    MAX_GROUP_LABELS, MAX_LABELS, MAX_NAME_CHARS, MAX_ROUTES, MAX_URL_CHARS, MAX_VALUES, THRESHOLD_EVENTS, WINDOW_SECS,
};
use super::names::{NAMES_NO, Names, Once, known};
use super::people::channel;
use super::reader::{Found, Table};
use super::suggest;
use crate::domain::directory::{Directory, Service};
use crate::domain::group::Grouping;
use crate::domain::id::{ChannelId, ServiceId};
use crate::domain::input::Source;
use crate::domain::routing::{AnyOf, Conditions, Destination, Glob, Route, SOURCES, source_name};
use crate::domain::threshold::Threshold;
use std::collections::{BTreeMap, BTreeSet};

/// A rule, and where it stands.
pub(super) struct Placed {
    pub route: Route,
    at: usize,
    place: String,
}

const CONDITIONS: [&str; 5] = ["service", "title", "source", "dedup_key", "labels"];

pub(super) fn read(top: &Table<'_>, names: &Names, channels: &BTreeMap<String, ChannelId>) -> Vec<Placed> {
    let mut taken = Once::default();
    let tables = top.tables("route", "[[route]]", MAX_ROUTES).into_iter().zip(1..);
    tables.filter_map(|(table, number)| one(table, number, names, channels, &mut taken)).collect()
}

fn one(
    mut table: Table<'_>,
    number: u32,
    names: &Names,
    channels: &BTreeMap<String, ChannelId>,
    taken: &mut Once,
) -> Option<Placed> {
    table.place = format!("[[route]] {number}");
    let name = table.text("name", MAX_NAME_CHARS);
    let name = name.filter(|name| taken.take(&table, name, "the name of another route"));
    let service = values(&table, "service");
    for found in service.iter().flatten() {
        if found.value.contains('*') {
            let globbed = Glob(found.value.clone());
            if !names.services.iter().any(|id| globbed.fits(id)) {
                let mend = suggest::one_of(&found.value, names.services.iter().map(String::as_str));
                table.complain(found, &format!("{NAMES_NO}service"), &mend);
            }
        } else {
            known(&table, found, "service", &names.services);
        }
    }
    let source = values(&table, "source");
    for found in source.iter().flatten() {
        let sources: Vec<&str> = SOURCES.into_iter().chain([Source::Heartbeat]).map(source_name).collect();
        if !sources.iter().any(|source| Glob(found.value.clone()).fits(source)) {
            table.complain(found, &format!("{NAMES_NO}source"), &suggest::one_of(&found.value, sources));
        }
    }
    let when = Conditions {
        service: service.map(any_of),
        title: values(&table, "title").map(any_of),
        source: source.map(any_of),
        dedup_key: values(&table, "dedup_key").map(any_of),
        labels: table.label_values("labels", MAX_LABELS, MAX_VALUES, MAX_URL_CHARS),
    };
    // One that is written and wrong was complained about.
    let says = CONDITIONS.iter().any(|key| table.has(key).is_some());
    if when == Conditions::default() && !says {
        let mend = "write what it is about: service, title, source, dedup_key or labels = { severity = \"info\" }";
        table.notes.complain(table.at, &table.place, "", "fits every alert", mend);
    }
    let to = destination(&table, names, channels);
    table.required("to", "to = \"service:NAME\", \"fyi\" or \"nothing\"");
    let name = name.map(|name| name.value.into());
    let placed = |to, table: &Table<'_>| Placed {
        route: Route { number, name, when, to },
        at: table.at,
        place: table.place.clone(),
    };
    let placed = to.map(|to| placed(to, &table));
    table.finish();
    placed
}

/// One text, or a list of which one must fit.
fn values(table: &Table<'_>, key: &'static str) -> Option<Vec<Found<String>>> {
    let (_, found) = table.text_or_texts(key, MAX_VALUES, MAX_URL_CHARS)?;
    table.required_items(key, "write at least one, or leave it out");
    (!found.is_empty()).then_some(found)
}

fn any_of(found: Vec<Found<String>>) -> AnyOf {
    AnyOf(found.into_iter().map(|f| Glob(f.value)).collect())
}

fn destination(table: &Table<'_>, names: &Names, channels: &BTreeMap<String, ChannelId>) -> Option<Destination> {
    let to = table.text("to", MAX_NAME_CHARS);
    let shown_in = channel(table, names, channels);
    let to = to?;
    if let (Some(at), true) = (table.has("channel"), to.value != "fyi") {
        let mend = "leave it out: only what goes to \"fyi\" is shown in a channel of its own";
        table.notes.complain(at, &table.place, "channel", "is of no use here", mend);
    }
    match to.value.split_once(':') {
        Some(("service", id)) => {
            let id = Found { value: id.trim().to_owned(), ..to.clone() };
            known(table, &id, "service", &names.services).then(|| Destination::Service(ServiceId::from(id.value)))
        }
        None if to.value == "fyi" => Some(Destination::Fyi { channel: shown_in }),
        None if to.value == "nothing" => Some(Destination::Nothing),
        _ => {
            let mend = match names.services.contains(&to.value) {
                true => format!("write \"service:{}\"", to.value),
                false => "write \"service:NAME\", \"fyi\" or \"nothing\"".to_owned(),
            };
            table.complain(&to, "is not where an alert can go", &mend);
            None
        }
    }
}

/// Rules that never decide anything, and those that say elsewhere what is private.
pub(super) fn check(routes: &[Placed], directory: &Directory, keys: &[KeySource], notes: &Notes) {
    let services = &directory.services;
    let told: BTreeSet<&ServiceId> = keys.iter().map(|key| &key.service).collect();
    for (n, placed) in routes.iter().enumerate() {
        let wider = routes[..n].iter().find(|earlier| earlier.route.when.cover(&placed.route.when));
        if let Some(wider) = wider {
            let wrong = format!("never decides: whatever fits it fits the one on line {} first", notes.line(wider.at));
            notes.warn(placed.at, &placed.place, "", &wrong, "move it above that one, or leave it out");
            continue;
        }
        let wanted = placed.route.when.service.as_ref();
        let named: Vec<&Service> = services.values().filter(|s| wanted.is_none_or(|w| w.fits(s.id.as_str()))).collect();
        if wanted.is_some() && !named.iter().any(|s| told.contains(&s.id)) {
            let named: Vec<&str> = named.into_iter().map(|s| s.id.as_str()).collect();
            let wrong = format!("never decides: {} has no key that events come by", named.join(", "));
            let mend = "write the service of the key that the events come by, not the one they are to go to";
            notes.warn(placed.at, &placed.place, "", &wrong, mend);
            continue;
        }
        let private = named.into_iter().filter(|s| s.private && told.contains(&s.id));
        let private: Vec<&str> = private.map(|s| s.id.as_str()).collect();
        if !private.is_empty() {
            tells(placed, &private.join(", "), directory, notes);
        }
    }
}

/// A rule that fits what is private.
fn tells(placed: &Placed, private: &str, directory: &Directory, notes: &Notes) {
    let (wrong, mend) = match &placed.route.to {
        Destination::Fyi { channel: Some(id) } if !directory.private_channels.contains(id) => {
            let name = directory.channels.iter().find(|(_, known)| *known == id).map_or(id.as_str(), |(name, _)| name);
            let wrong = format!("shows FYIs of {private}, which is private, in #{name}: only how many there are");
            (wrong, "leave out channel, or write a private one")
        }
        Destination::Service(id) if !directory.services.get(id).is_some_and(|s| s.private) => {
            let wrong = format!("sends alerts of {private}, which is private, to {id}: everybody there reads them");
            (wrong, "write private = true in that service too, or leave the private one out of this rule")
        }
        Destination::Fyi { .. } | Destination::Service(_) | Destination::Nothing => return,
    };
    notes.warn(placed.at, &placed.place, "", &wrong, mend);
}

/// `group = { by = ["alertname"], window = "10m" }`
pub(super) fn grouping(service: &Table<'_>) -> Option<Grouping> {
    let table = service.table_in("group", "{ by = [\"alertname\"], window = \"10m\" }")?;
    let by = table.texts("by", MAX_GROUP_LABELS, MAX_NAME_CHARS);
    table.required("by", "by = [\"alertname\"], the labels that must be the same");
    table.required_items("by", "write at least one label: by = [\"alertname\"]");
    let window = table.span("window", WINDOW_SECS);
    table.required("window", "window = \"10m\", how long an incident may be joined");
    table.finish();
    let by: Vec<String> = by?.into_iter().map(|found| found.value).collect();
    (!by.is_empty()).then_some(Grouping { by, window_secs: window?.value })
}

/// `threshold = { events = 3, within = "10m" }`
pub(super) fn threshold(service: &Table<'_>) -> Option<Threshold> {
    let table = service.table_in("threshold", "{ events = 3, within = \"10m\" }")?;
    let events = table.number("events", THRESHOLD_EVENTS).and_then(|n| u32::try_from(n).ok());
    table.required("events", "events = 3");
    let within = table.span("within", WINDOW_SECS);
    table.required("within", "within = \"10m\"");
    table.finish();
    Some(Threshold { events: events?, within_secs: within?.value })
}
