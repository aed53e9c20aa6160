//! `usergroups.*`.

use super::answer::Outcome;
use super::args::Args;
use super::directory::Directory;
use super::persist::Change;
use super::state::Slack;
use super::workspace::Workspace;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A user group as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub id: String,
    pub handle: String,
    pub name: String,
    pub description: String,
    /// User ids.
    pub users: Vec<String>,
    pub is_disabled: bool,
    /// Unix seconds.
    pub updated: i64,
    pub updated_by: String,
}

impl Group {
    /// The workspace's groups on its first day.
    pub fn all(ws: &Workspace, dir: &Directory) -> BTreeMap<String, Self> {
        let make = |g: &super::workspace::Usergroup| Self {
            id: g.id.clone(),
            handle: g.handle.clone(),
            name: g.name.clone(),
            description: g.description.clone(),
            users: g.users.iter().filter_map(|u| dir.user(u)).map(|u| u.id.clone()).collect(),
            is_disabled: g.is_disabled,
            updated: 1_700_000_000,
            updated_by: ws.bot.user_id.clone(),
        };
        ws.usergroups.iter().map(|g| (g.id.clone(), make(g))).collect()
    }

    fn shape(&self, ws: &Workspace, with_users: bool, with_count: bool) -> Value {
        let mut v = json!({
            "id": self.id, "team_id": ws.team_id, "is_usergroup": true, "is_subteam": true, "name": self.name,
            "description": self.description, "handle": self.handle, "is_external": false, "date_create": 1_700_000_000,
            "date_update": self.updated, "date_delete": if self.is_disabled { self.updated } else { 0 },
            "auto_type": null, "auto_provision": false, "enterprise_subteam_id": "", "created_by": self.updated_by,
            "updated_by": self.updated_by, "deleted_by": null, "prefs": {"channels": [], "groups": []},
            "channel_count": 0,
        });
        if with_users {
            v["users"] = json!(self.users);
        }
        if with_count {
            v["user_count"] = self.users.len().into();
        }
        v
    }
}

impl Slack {
    /// The members of a user group; nobody, where there is no such group.
    pub fn group_members(&self, id: &str) -> &[String] {
        self.groups.get(id).map_or(&[], |g| g.users.as_slice())
    }

    /// `usergroups.list`.
    pub(super) fn usergroups_list(&self, args: Args<'_>) -> Value {
        let flag = |name| args.flag(name) == Some(true);
        let (users, count, disabled) = (flag("include_users"), flag("include_count"), flag("include_disabled"));
        let shown = self.groups.values().filter(|g| disabled || !g.is_disabled);
        json!({"usergroups": shown.map(|g| g.shape(&self.ws, users, count)).collect::<Vec<_>>()})
    }

    /// `usergroups.users.list`.
    pub(super) fn usergroup_users(&self, args: Args<'_>) -> Outcome {
        let id = args.need("usergroup")?;
        let group = self.groups.get(&id).ok_or("no_such_subteam")?;
        if group.is_disabled && args.flag("include_disabled") != Some(true) {
            return Err("no_such_subteam".into());
        }
        Ok(json!({"users": group.users}))
    }

    /// `usergroups.users.update`: replaces all members; a group cannot be emptied.
    pub(super) fn usergroup_update(&mut self, args: Args<'_>, now: At) -> Outcome {
        let id = args.need("usergroup")?;
        let users = args.list("users").filter(|u| !u.is_empty()).ok_or("no_users_provided")?;
        if users.iter().any(|u| self.dir.users.get(u).is_none_or(|u| u.deleted || u.is_bot)) {
            return Err("invalid_users".into());
        }
        let bot = self.ws.bot.user_id.clone();
        let group = self.groups.get_mut(&id).ok_or("no_such_subteam")?;
        group.users.clear();
        for u in users {
            if !group.users.contains(&u) {
                group.users.push(u);
            }
        }
        group.updated = now.secs();
        group.updated_by = bot;
        let group = group.clone();
        let shape = group.shape(&self.ws, true, args.flag("include_count") == Some(true));
        self.keep(Change::Usergroup(group));
        Ok(json!({"usergroup": shape}))
    }
}
