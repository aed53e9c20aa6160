//! `[[service]]`.

use super::heartbeats::{self, Heartbeats};
use super::keys::{self, Keys};
use super::limits::{HOLD_SECS, MAX_ID_CHARS, MAX_SERVICES, RESOLVE_AFTER_SECS};
use super::names::{Names, Once, known};
use super::people::{channel, tier};
use super::reader::Table;
use super::{routes, urgency};
use crate::domain::directory::{Service, Team};
use crate::domain::id::{ChannelId, PolicyId, ServiceId, TeamId};
use std::collections::BTreeMap;

pub(super) fn read(
    top: &Table<'_>,
    names: &Names,
    channels: &BTreeMap<String, ChannelId>,
    teams: &[Team],
    keys: &mut Keys<'_>,
    heartbeats: &mut Heartbeats,
) -> Vec<Service> {
    let mut ids = Once::default();
    let mut services = Vec::new();
    for mut table in top.tables("service", "[[service]]", MAX_SERVICES) {
        let id = table
            .id("id", "payments-api", &names.services)
            .filter(|id| ids.take(&table, id, "the id of another service"));
        let name = table.name_or(id.as_ref().map_or("", |id| &id.value));
        let team = table.text("team", MAX_ID_CHARS).filter(|team| known(&table, team, "team", &names.teams));
        table.required("team", "team = \"…\", the id of a [[team]]");
        let policy = table.text("policy", MAX_ID_CHARS).filter(|p| known(&table, p, "policy", &names.policies));
        table.required("policy", "policy = \"…\", the id of a [[policy]]");
        let own_tier = tier(&table);
        let (urgency, urgency_by) = urgency::of_service(&table, names);
        let own_channel = channel(&table, names, channels);
        let private = table.flag("private").unwrap_or(false);
        let production = table.flag("production").unwrap_or(true);
        let hold = table.span("hold", HOLD_SECS).map_or(0, |found| found.value);
        let resolve_after_secs = table.span("resolve_after", RESOLVE_AFTER_SECS).map(|found| found.value);
        let group = routes::grouping(&table);
        let threshold = routes::threshold(&table);
        let has_keys = table.has("key").is_some();
        if let Some(id) = id.as_ref().filter(|_| has_keys) {
            keys::read(&table, &ServiceId::from(id.value.as_str()), keys);
        }
        let has_heartbeats = table.has("heartbeat").is_some();
        if let Some(id) = id.as_ref().filter(|_| has_heartbeats) {
            heartbeats::read(&table, &ServiceId::from(id.value.as_str()), keys, heartbeats);
        }
        let team = team.map(|team| TeamId::from(team.value));
        // A team that is named but not here was complained about where it stands.
        let team = teams.iter().find(|t| Some(&t.id) == team.as_ref());
        if let (Some(id), Some(policy), Some(team)) = (id, policy, team) {
            services.push(Service {
                id: ServiceId::from(id.value),
                name,
                team: team.id.clone(),
                tier: own_tier.unwrap_or(team.tier),
                urgency,
                policy: PolicyId::from(policy.value),
                channel: own_channel.unwrap_or_else(|| team.channel.clone()),
                private,
                production,
                hold_secs: hold,
                resolve_after_secs,
                urgency_by,
                group,
                threshold,
            });
        }
        table.finish();
    }
    services
}
