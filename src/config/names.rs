//! Names that refer to something else in the file.

use super::limits::MAX_ID_CHARS;
use super::reader::{Found, Table, printable};
use super::suggest;
use crate::domain::directory::Target;
use crate::domain::id::ChannelId;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::{DeTable, DeValue};

/// What is named somewhere in the file. Collected before anything is read, so that a reference is judged by what stands
/// in the file and not by what else is wrong with it.
#[derive(Default)]
pub(super) struct Names {
    pub users: BTreeSet<String>,
    pub teams: BTreeSet<String>,
    pub policies: BTreeSet<String>,
    pub schedules: BTreeSet<String>,
    pub services: BTreeSet<String>,
    pub channels: BTreeSet<String>,
    pub hours: BTreeSet<String>,
    pub holidays: BTreeSet<String>,
    pub hooks: BTreeSet<String>,
}

impl Names {
    pub fn scan(top: &DeTable<'_>) -> Self {
        Self {
            users: ids(top, "user", "id"),
            teams: ids(top, "team", "id"),
            policies: ids(top, "policy", "id"),
            schedules: ids(top, "schedule", "id"),
            services: ids(top, "service", "id"),
            channels: ids(top, "channel", "name"),
            hours: ids(top, "hours", "id"),
            holidays: ids(top, "holidays", "id"),
            hooks: ids(top, "hook", "id"),
        }
    }
}

/// Tables that may stand more than once.
const KINDS: [&str; 10] =
    ["channel", "user", "team", "service", "policy", "schedule", "command", "hours", "holidays", "hook"];

fn ids(top: &DeTable<'_>, kind: &str, key: &str) -> BTreeSet<String> {
    // What stands in `[[users]]` is told about there; whoever refers to it did nothing wrong.
    let meant = |written: &str| written == kind || suggest::nearest(written, KINDS) == Some(kind);
    let items = top.iter().filter(|(name, _)| meant(name.get_ref())).flat_map(|(_, value)| match value.get_ref() {
        DeValue::Array(items) => &items[..],
        // `[user]`, which is told about there as well.
        _ => std::slice::from_ref(value),
    });
    let tables = items.filter_map(|item| item.get_ref().as_table());
    let ids = tables.filter_map(|t| t.get(key).and_then(|v| v.get_ref().as_str())).map(str::trim);
    // They are listed in complaints. Odd ones that can be shown are kept: they are told about where they stand.
    ids.filter(|id| id.chars().count() <= MAX_ID_CHARS && id.chars().all(printable)).map(str::to_owned).collect()
}

/// How every complaint about a name that leads nowhere begins.
pub(super) const NAMES_NO: &str = "names no ";

/// Does `found` name one of `known`? Complains if not.
pub(super) fn known(table: &Table<'_>, found: &Found<String>, noun: &str, known: &BTreeSet<String>) -> bool {
    let name = found.value.as_str();
    if known.contains(name) {
        return true;
    }
    let mend = if known.is_empty() {
        format!("add [[{noun}]] with that name")
    } else {
        suggest::one_of(name, known.iter().map(String::as_str))
    };
    table.complain(found, &format!("{NAMES_NO}{noun}"), &mend);
    false
}

/// Ids of one kind, each used once.
#[derive(Default)]
pub(super) struct Once(BTreeMap<String, usize>);

impl Once {
    /// Complains if somebody else has it already. `what`: "the id of another user".
    pub fn take(&mut self, table: &Table<'_>, found: &Found<String>, what: &str) -> bool {
        if let Some(first) = self.0.get(&found.value) {
            let wrong = format!("is already {what}, on line {}", table.notes.line(*first));
            table.complain(found, &wrong, "write another one, or remove one of the two");
            return false;
        }
        self.0.insert(found.value.clone(), found.at);
        true
    }
}

/// `user:ana`, `schedule:payments-primary`, and for the catch-all `channel:platform`.
pub(super) fn target(
    table: &Table<'_>,
    found: &Found<String>,
    names: &Names,
    channels: Option<&BTreeMap<String, ChannelId>>,
) -> Option<Target> {
    let part = |name: &str| Found { value: name.trim().to_owned(), at: found.at, shown: found.shown.clone() };
    match found.value.split_once(':') {
        Some(("user", name)) => {
            let name = part(name);
            known(table, &name, "user", &names.users).then(|| Target::User(name.value.into()))
        }
        Some(("schedule", name)) => {
            let name = part(name);
            known(table, &name, "schedule", &names.schedules).then(|| Target::Schedule(name.value.into()))
        }
        Some(("channel", name)) if let Some(channels) = channels => {
            let name = part(name.trim_start().trim_start_matches('#'));
            let named = known(table, &name, "channel", &names.channels);
            // A channel that is named but has no usable id was complained about where it stands.
            channels.get(&name.value).filter(|_| named).map(|id| Target::Channel(id.clone()))
        }
        _ => {
            table.complain(found, "is not a target", &target_mend(&found.value, names, channels.is_some()));
            None
        }
    }
}

fn target_mend(written: &str, names: &Names, catch_all: bool) -> String {
    let name = written.rsplit(':').next().unwrap_or_default().trim();
    if names.users.contains(name) {
        return format!("write \"user:{name}\"");
    }
    if names.schedules.contains(name) {
        return format!("write \"schedule:{name}\"");
    }
    if catch_all {
        "write \"user:NAME\", \"schedule:NAME\" or \"channel:NAME\"".to_owned()
    } else {
        "write \"user:NAME\" or \"schedule:NAME\"".to_owned()
    }
}
