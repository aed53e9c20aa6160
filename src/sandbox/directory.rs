//! Users and conversations as they are now, found by id or by the name a person would type.

use super::messages::Ts;
use super::workspace::{User, Workspace, base36};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What kind of conversation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sort {
    Public,
    Private,
    /// A direct message between the bot and one person.
    Im,
}

/// A topic or purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub value: String,
    pub creator: String,
    /// Unix seconds.
    pub last_set: i64,
}

/// A channel or a direct message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    pub id: String,
    pub name: String,
    pub sort: Sort,
    pub is_archived: bool,
    pub is_ext_shared: bool,
    pub is_read_only: bool,
    /// Unix seconds.
    pub created: i64,
    pub creator: String,
    pub topic: Line,
    pub purpose: Line,
    /// User ids, the bot's included.
    pub members: Vec<String>,
    /// The other side of a direct message.
    pub with: Option<String>,
    /// Unix milliseconds of the last change, as Slack's `updated`.
    pub updated: i64,
}

impl Conversation {
    pub fn has(&self, user: &str) -> bool {
        self.members.iter().any(|m| m == user)
    }

    /// Whether this person may look into it.
    pub fn seen_by(&self, user: &User) -> bool {
        let guest = user.is_restricted || user.is_ultra_restricted || user.is_stranger;
        (self.sort == Sort::Public && !guest) || self.has(&user.id)
    }

    /// As `conversations.info` gives it.
    pub fn shape(&self, ws: &Workspace, last_read: Option<Ts>) -> Value {
        if self.sort == Sort::Im {
            return json!({
                "id": self.id, "created": self.created, "is_archived": self.is_archived, "is_im": true,
                "is_org_shared": false, "context_team_id": ws.team_id, "updated": self.updated, "user": self.with,
                "is_user_deleted": false, "is_open": true, "priority": 0,
                "last_read": last_read.unwrap_or_default().to_string(),
                "unread_count": 0, "unread_count_display": 0,
            });
        }
        json!({
            "id": self.id, "name": self.name, "is_channel": self.sort == Sort::Public,
            "is_group": self.sort == Sort::Private, "is_im": false, "is_mpim": false,
            "is_private": self.sort == Sort::Private, "created": self.created, "is_archived": self.is_archived,
            "is_general": false, "unlinked": 0, "name_normalized": self.name, "is_shared": self.is_ext_shared,
            "is_org_shared": false, "is_pending_ext_shared": false, "pending_shared": [],
            "context_team_id": ws.team_id, "updated": self.updated, "parent_conversation": null,
            "creator": self.creator, "is_ext_shared": self.is_ext_shared, "shared_team_ids": [ws.team_id],
            "pending_connected_team_ids": [], "is_member": self.has(&ws.bot.user_id),
            "last_read": last_read.unwrap_or_default().to_string(),
            "topic": self.topic.shape(), "purpose": self.purpose.shape(), "previous_names": [],
        })
    }
}

impl Line {
    fn shape(&self) -> Value {
        json!({"value": self.value, "creator": self.creator, "last_set": self.last_set})
    }
}

/// Everybody and every place.
#[derive(Clone, Debug)]
pub struct Directory {
    pub users: BTreeMap<String, User>,
    /// Ids in the workspace's own order.
    pub order: Vec<String>,
    pub conversations: BTreeMap<String, Conversation>,
}

impl Directory {
    /// The workspace on its first day.
    pub fn new(ws: &Workspace) -> Self {
        let bot = User {
            id: ws.bot.user_id.clone(),
            name: ws.bot.name.clone(),
            real_name: ws.bot.name.clone(),
            is_bot: true,
            ..User::default()
        };
        let mut order: Vec<String> = ws.users.iter().map(|u| u.id.clone()).collect();
        order.push(bot.id.clone());
        let users: BTreeMap<String, User> = ws.users.iter().cloned().chain([bot]).map(|u| (u.id.clone(), u)).collect();
        let mut directory = Self { users, order, conversations: BTreeMap::new() };
        for c in &ws.channels {
            let everybody = c.members.is_empty() && !c.is_private;
            let mut members: Vec<String> = directory
                .users
                .values()
                .filter(|u| !u.is_bot && !u.deleted)
                .filter(|u| everybody || c.members.iter().any(|m| m == &u.id || m.trim_start_matches('@') == u.name))
                .map(|u| u.id.clone())
                .collect();
            if c.bot_is_member {
                members.push(ws.bot.user_id.clone());
            }
            let creator = members.first().cloned().unwrap_or_default();
            let line = |value: &str| Line { value: value.into(), creator: creator.clone(), last_set: 0 };
            let conversation = Conversation {
                id: c.id.clone(),
                name: c.name.clone(),
                sort: if c.is_private { Sort::Private } else { Sort::Public },
                is_archived: c.is_archived,
                is_ext_shared: c.is_ext_shared,
                is_read_only: c.is_read_only,
                created: 1_700_000_000,
                creator: creator.clone(),
                topic: line(&c.topic),
                purpose: line(&c.purpose),
                members,
                with: None,
                updated: 1_700_000_000_000,
            };
            directory.conversations.insert(c.id.clone(), conversation);
        }
        directory
    }

    /// Users in the workspace's order, the bot last.
    pub fn in_order(&self) -> impl Iterator<Item = &User> {
        self.order.iter().filter_map(|id| self.users.get(id))
    }

    /// People who can act: neither bots nor deactivated.
    pub fn people(&self) -> impl Iterator<Item = &User> {
        self.in_order().filter(|u| !u.is_bot && !u.deleted)
    }

    /// A user by id, handle or real name, with or without `@`.
    pub fn user(&self, said: &str) -> Option<&User> {
        let name = said.trim_start_matches('@');
        self.users.get(said).or_else(|| {
            self.in_order()
                .find(|u| u.name.eq_ignore_ascii_case(name))
                .or_else(|| self.in_order().find(|u| u.real_name.eq_ignore_ascii_case(name)))
        })
    }

    /// A channel by id or name, with or without `#`.
    pub fn channel(&self, said: &str) -> Option<&Conversation> {
        let name = said.trim_start_matches('#');
        self.conversations
            .get(said)
            .or_else(|| self.conversations.values().find(|c| c.sort != Sort::Im && c.name == name && !c.is_archived))
            .or_else(|| self.conversations.values().find(|c| c.sort != Sort::Im && c.name == name))
    }

    /// The direct message between the bot and `user`, if it was ever opened.
    pub fn im(&self, user: &str) -> Option<&Conversation> {
        self.conversations.values().find(|c| c.with.as_deref() == Some(user))
    }

    /// A new direct message's id: the same for the same person, so that it survives a lost file.
    pub fn im_id(user: &str) -> String {
        let hash = user.bytes().fold(17_u64, |h, b| h.wrapping_mul(1_000_003).wrapping_add(u64::from(b)));
        format!("D0{}", base36(hash, 8))
    }
}
