//! `[[policy]]`, its steps, and the catch-all.

use super::limits::{MAX_NAME_CHARS, MAX_POLICIES, MAX_REPEAT, MAX_STEPS, MAX_TARGETS, STEP_DELAY_SECS};
use super::names::{Names, Once, target};
use super::reader::Table;
use crate::domain::directory::{Policy, Step, Target};
use crate::domain::id::{ChannelId, PolicyId};
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
    table.finish();
    let targets = targets.filter(|targets| !targets.is_empty())?;
    Some(Step { targets, delay_secs: delay?.value, round_robin })
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
