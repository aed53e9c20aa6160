//! `[[policy]]`, its steps, and the catch-all.

use super::limits::{
    MAX_ID_CHARS, MAX_LABELS, MAX_NAME_CHARS, MAX_POLICIES, MAX_REPEAT, MAX_STEPS, MAX_TARGETS, MAX_URL_CHARS,
    MAX_VALUES, STEP_DELAY_SECS,
};
use super::names::{Names, Once, known, target};
use super::reader::Table;
use crate::domain::condition::When;
use crate::domain::directory::{Policy, Step, Target};
use crate::domain::id::{ChannelId, HoursId, PolicyId};
use std::collections::BTreeMap;

pub(super) fn read(top: &Table<'_>, names: &Names) -> Vec<Policy> {
    let mut ids = Once::default();
    let mut policies = Vec::new();
    for mut table in top.tables("policy", "[[policy]]", MAX_POLICIES) {
        let id =
            table.id("id", "payments", &names.policies).filter(|id| ids.take(&table, id, "the id of another policy"));
        let repeat = table.number("repeat", 0..=MAX_REPEAT).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        let read = table.tables("steps", "steps", MAX_STEPS);
        let example = "steps = [{ targets = [\"schedule:NAME\"], delay = \"5m\" }]";
        table.required("steps", example);
        if read.is_empty() {
            table.required_items("steps", &format!("write {example}"));
        }
        let steps = read.into_iter().filter_map(|t| step(t, names)).collect();
        if let Some(id) = id {
            policies.push(Policy { id: PolicyId::from(id.value), steps, repeat });
        }
        table.finish();
    }
    policies
}

fn step(table: Table<'_>, names: &Names) -> Option<Step> {
    let targets = targets(&table, "targets", names, None);
    table.required("targets", "targets = [\"schedule:NAME\", \"user:NAME\"]");
    let delay = table.span("delay", STEP_DELAY_SECS);
    table.required("delay", "delay = \"5m\", how long the step is waited for");
    let round_robin = table.flag("round_robin").unwrap_or(false);
    let at = table.has("round_robin");
    if let Some(at) = at.filter(|_| round_robin && targets.as_ref().is_some_and(|t| t.len() == 1)) {
        let mend = "name two or more targets, or leave it out";
        table.notes.complain(at, &table.place, "round_robin = true", "has no meaning for one target", mend);
    }
    let when = when(&table, names);
    table.finish();
    let targets = targets.filter(|targets| !targets.is_empty())?;
    Some(Step { targets, delay_secs: delay?.value, round_robin, when })
}

/// For which incidents, and at which hours, a step asks.
fn when(table: &Table<'_>, names: &Names) -> When {
    let tiers = table.numbers("tiers", 3, 1..=3).unwrap_or_default();
    table.required_items("tiers", "write at least one, or leave it out");
    let hours = |key: &'static str| {
        let found = table.text(key, MAX_ID_CHARS)?;
        known(table, &found, "hours", &names.hours).then(|| HoursId::from(found.value))
    };
    let (during, outside) = (hours("during"), hours("outside"));
    if let (Some(at), true) = (table.has("outside"), during.is_some() && during == outside) {
        let mend = "write one of the two";
        table.notes.complain(at, &table.place, "", "asks both during and outside the same hours: never", mend);
    }
    let tiers = tiers.into_iter().filter_map(|tier| u8::try_from(tier).ok()).collect();
    let labels = table.label_values("labels", MAX_LABELS, MAX_VALUES, MAX_URL_CHARS);
    When { tiers, labels, during, outside }
}

/// Who hears what nobody answered.
pub(super) fn catch_all(top: &Table<'_>, names: &Names, channels: &BTreeMap<String, ChannelId>) -> Option<Vec<Target>> {
    top.required("catch_all", "catch_all = [\"user:NAME\"]: who hears what nobody answered");
    targets(top, "catch_all", names, Some(channels))
}

fn targets(
    table: &Table<'_>,
    key: &'static str,
    names: &Names,
    channels: Option<&BTreeMap<String, ChannelId>>,
) -> Option<Vec<Target>> {
    let found = table.texts(key, MAX_TARGETS, MAX_NAME_CHARS)?;
    if found.is_empty() {
        let kinds = match channels {
            Some(_) => "\"user:NAME\", \"schedule:NAME\" or \"channel:NAME\"",
            None => "\"schedule:NAME\" or \"user:NAME\"",
        };
        table.required_items(key, &format!("write at least one: {kinds}"));
    }
    let mut seen = Once::default();
    let once = found.iter().filter(|f| seen.take(table, f, "listed"));
    Some(once.filter_map(|f| target(table, f, names, channels)).collect())
}
