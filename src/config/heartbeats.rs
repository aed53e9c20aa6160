//! `[[service.heartbeat]]`: what is to be heard of every so often. Its keys stand where those of integrations do, and no
//! key is both.

use super::keys::{self, KeySource, Keys};
use super::limits::{EVERY_SECS, GRACE_SECS, MAX_HEARTBEATS, MAX_HEARTBEATS_PER_SERVICE};
use super::names::Once;
use super::reader::Table;
use super::span;
use super::urgency::of_key;
use crate::domain::heartbeat::Heartbeat;
use crate::domain::id::{HeartbeatId, ServiceId};
use std::collections::{BTreeMap, BTreeSet};

/// Without `grace`, a tenth of `every`, and not less than
const GRACE_LEAST_SECS: i64 = 60;
/// or more than this. Of a day, it is more than the hour by which clocks go back.
const GRACE_MOST_SECS: i64 = 2 * 60 * 60;

/// What is collected over all services.
#[derive(Default)]
pub(super) struct Heartbeats {
    pub all: BTreeMap<HeartbeatId, Heartbeat>,
    pub by_hash: BTreeMap<String, HeartbeatId>,
    pub sources: Vec<KeySource>,
    ids: Once,
    known: BTreeSet<String>,
}

pub(super) fn read(service: &Table<'_>, of: &ServiceId, keys: &mut Keys<'_>, heartbeats: &mut Heartbeats) {
    for mut table in service.tables("heartbeat", "[[service.heartbeat]]", MAX_HEARTBEATS_PER_SERVICE) {
        let id = table.id("id", "nightly-backup", &heartbeats.known);
        let id = id.filter(|id| heartbeats.ids.take(&table, id, "the id of another heartbeat"));
        let name = table.name_or(id.as_ref().map_or("", |id| &id.value));
        let urgency = of_key(&table);
        let every = every(&table);
        let grace = table.span("grace", GRACE_SECS).map(|found| found.value);
        let variable = variable_for(id.as_ref().map_or("nightly-backup", |id| &id.value));
        if let Some(at) = keys::written(&table) {
            let mend = format!("put it in the environment and write key_env = \"{variable}\"");
            keys::literal(&table, at, &mend);
            continue;
        }
        let places = keys::places(&table, &variable, keys);
        let closed = "this heartbeat is not watched";
        let live = places.map(|places| keys::live(&table, places, keys, closed, "the key of something else"));
        if let (Some(id), Some(every_secs), Some((sources, hashes))) = (id, every, live) {
            heartbeats.known.insert(id.value.clone());
            let grace_secs = grace.unwrap_or_else(|| (every_secs / 10).clamp(GRACE_LEAST_SECS, GRACE_MOST_SECS));
            let watched = !hashes.is_empty();
            for (from, open) in sources {
                heartbeats.sources.push(KeySource { service: of.clone(), name: id.value.clone(), from, open, urgency });
            }
            let id = HeartbeatId::from(id.value);
            heartbeats.by_hash.extend(hashes.into_iter().map(|hash| (hash, id.clone())));
            let service = of.clone();
            let one = Heartbeat { id: id.clone(), name, service, urgency, every_secs, grace_secs, watched };
            heartbeats.all.insert(id, one);
            if heartbeats.all.len() == MAX_HEARTBEATS + 1 {
                let wrong = format!("is one more than the {MAX_HEARTBEATS} there can be");
                table.notes.complain(table.at, &table.place, "", &wrong, "leave some out");
            }
        }
        table.finish();
    }
}

/// How often it comes. What is too often is told why.
fn every(table: &Table<'_>) -> Option<i64> {
    table.required("every", "every = \"24h\", how often it comes");
    let found = table.span("every", 0..=i64::MAX)?;
    let (least, most) = (span::show(*EVERY_SECS.start()), span::show(*EVERY_SECS.end()));
    if found.value < *EVERY_SECS.start() {
        let mend = format!("write {least} or more: each beat is kept on disk, and a restart takes seconds");
        table.complain(&found, "is too often", &mend);
        return None;
    }
    if found.value > *EVERY_SECS.end() {
        table.complain(&found, "is too seldom", &format!("write {most} or less: nobody would miss it"));
        return None;
    }
    Some(found.value)
}

/// `nightly-backup` -> `WARRIDOR_HEARTBEAT_NIGHTLY_BACKUP`
fn variable_for(id: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("WARRIDOR_HEARTBEAT_{}", id.chars().map(word).collect::<String>())
}
