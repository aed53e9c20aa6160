//! What a workspace is made of before anything happens in it: pure data, built by whoever starts the sandbox.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The workspace, its one installed app, and the people in it.
///
/// Every field has a default, so that a test writes only what it is about. Empty ids are filled in by
/// [`Workspace::with_ids`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Workspace {
    pub team_id: String,
    pub team_name: String,
    /// The part before `.slack.com`.
    pub team_domain: String,
    pub app_id: String,
    pub bot: Bot,
    /// `xoxb-…`
    pub bot_token: String,
    /// `xapp-…`, with `connections:write`.
    pub app_token: String,
    /// Scopes granted to the bot token.
    pub scopes: Vec<String>,
    /// People, in the order in which `/sandbox/info` lists them.
    pub users: Vec<User>,
    pub channels: Vec<Channel>,
    pub usergroups: Vec<Usergroup>,
    pub commands: Vec<SlashCommand>,
    /// Message and global shortcuts the app registered, by callback id.
    pub shortcuts: Vec<String>,
    /// What people call them, by callback id; the callback id where nothing is said.
    pub shortcut_names: BTreeMap<String, String>,
    /// Bot events the app subscribed to, such as `app_home_opened` or `message.im`.
    pub events: Vec<String>,
    /// Whether calls beyond Slack's rate limits are answered 429.
    pub strict_rates: bool,
    /// How long a new message stays invisible to `conversations.history`, in milliseconds.
    pub history_lag_ms: i64,
    /// How long a Socket Mode connection lives, in seconds. Slack says 18,060 and means it approximately.
    pub connection_secs: i64,
    /// Drives everything random: which socket gets an envelope, ticket and trigger ids.
    pub seed: u64,
}

/// The app's own user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bot {
    pub user_id: String,
    pub bot_id: String,
    pub name: String,
}

/// A member of the workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct User {
    pub id: String,
    /// The handle, without `@`.
    pub name: String,
    pub real_name: String,
    pub email: Option<String>,
    /// IANA name, such as `Europe/Berlin`.
    pub tz: String,
    /// Deactivated: cannot be written to, cannot click.
    pub deleted: bool,
    pub is_bot: bool,
    pub is_admin: bool,
    /// A multi-channel guest.
    pub is_restricted: bool,
    /// A single-channel guest.
    pub is_ultra_restricted: bool,
    /// Belongs to another organisation (Slack Connect).
    pub is_stranger: bool,
    /// The daily Do Not Disturb window, if the person has one.
    pub dnd: Option<DndWindow>,
    /// The number of the telephone in their pocket, in E.164 form.
    pub phone: Option<String>,
}

/// A daily window in the person's own time zone. `start` may be later than `end`: the window then spans midnight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DndWindow {
    /// `HH:MM`
    pub start: String,
    /// `HH:MM`
    pub end: String,
}

/// A public or private channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Channel {
    pub id: String,
    /// Without `#`.
    pub name: String,
    pub is_private: bool,
    pub is_archived: bool,
    /// Shared with another organisation.
    pub is_ext_shared: bool,
    /// Only some may post: the bot is answered `restricted_action`.
    pub is_read_only: bool,
    pub topic: String,
    pub purpose: String,
    /// Ids or handles. Empty means everybody for a public channel and nobody for a private one.
    pub members: Vec<String>,
    pub bot_is_member: bool,
}

/// A user group, `@handle`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usergroup {
    pub id: String,
    pub handle: String,
    pub name: String,
    pub description: String,
    /// Ids or handles.
    pub users: Vec<String>,
    pub is_disabled: bool,
}

/// A slash command the app registered.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlashCommand {
    /// With its slash.
    pub command: String,
    pub description: String,
    pub usage_hint: String,
    /// Whether Slack turns `@ana` into `<@U123|ana>` before sending the text.
    pub should_escape: bool,
}

impl Default for Workspace {
    fn default() -> Self {
        let scopes = [
            "bookmarks:write",
            "channels:history",
            "channels:join",
            "channels:manage",
            "channels:read",
            "chat:write",
            "commands",
            "dnd:read",
            "files:write",
            "groups:history",
            "groups:read",
            "groups:write",
            "im:history",
            "im:read",
            "im:write",
            "pins:read",
            "pins:write",
            "reactions:read",
            "reactions:write",
            "team:read",
            "usergroups:read",
            "usergroups:write",
            "users:read",
            "users:read.email",
        ];
        Self {
            team_id: "T0SANDBOX".into(),
            team_name: "Sandbox".into(),
            team_domain: "sandbox".into(),
            app_id: "A0SANDBOX".into(),
            bot: Bot::default(),
            bot_token: "xoxb-sandbox-bot".into(),
            app_token: "xapp-sandbox-app".into(),
            scopes: scopes.map(String::from).to_vec(),
            users: Vec::new(),
            channels: Vec::new(),
            usergroups: Vec::new(),
            commands: Vec::new(),
            shortcuts: Vec::new(),
            shortcut_names: BTreeMap::new(),
            events: vec!["app_home_opened".into(), "dnd_updated_user".into(), "message.im".into()],
            strict_rates: true,
            history_lag_ms: 0,
            connection_secs: 18_060,
            seed: 1,
        }
    }
}

impl Default for Bot {
    fn default() -> Self {
        Self { user_id: "U0BOT0000".into(), bot_id: "B0BOT0000".into(), name: "warridor".into() }
    }
}

impl Default for User {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            real_name: String::new(),
            email: None,
            tz: "Etc/UTC".into(),
            deleted: false,
            is_bot: false,
            is_admin: false,
            is_restricted: false,
            is_ultra_restricted: false,
            is_stranger: false,
            dnd: None,
            phone: None,
        }
    }
}

impl Default for Channel {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: String::new(),
            is_private: false,
            is_archived: false,
            is_ext_shared: false,
            is_read_only: false,
            topic: String::new(),
            purpose: String::new(),
            members: Vec::new(),
            bot_is_member: true,
        }
    }
}

impl User {
    /// A person with a handle; the real name is the handle with a capital.
    pub fn named(name: &str) -> Self {
        let mut letters = name.chars();
        let real_name = letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default();
        Self { name: name.into(), real_name, email: Some(format!("{name}@example.com")), ..Self::default() }
    }
}

impl Channel {
    /// A public channel everybody, the bot included, is in.
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl SlashCommand {
    /// A command with `should_escape` on, as the generated manifest asks for.
    pub fn named(command: &str) -> Self {
        Self { command: command.into(), should_escape: true, ..Self::default() }
    }
}

impl Workspace {
    /// The same workspace with every empty id replaced by one made from the name, the same at each start.
    #[must_use]
    pub fn with_ids(mut self) -> Self {
        for u in &mut self.users {
            fill(&mut u.id, "U", &u.name);
            if u.real_name.is_empty() {
                u.real_name.clone_from(&u.name);
            }
        }
        for c in &mut self.channels {
            fill(&mut c.id, "C", &c.name);
        }
        for g in &mut self.usergroups {
            fill(&mut g.id, "S", &g.handle);
            if g.name.is_empty() {
                g.name.clone_from(&g.handle);
            }
        }
        self
    }
}

fn fill(id: &mut String, prefix: &str, name: &str) {
    if id.is_empty() {
        // FNV-1a: an id needs to be stable and look like Slack's, nothing more.
        let hash =
            name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        *id = format!("{prefix}0{}", base36(hash, 8));
    }
}

/// `n` in base 36, exactly `width` digits, most significant dropped.
pub(super) fn base36(mut n: u64, width: usize) -> String {
    let mut digits = vec![b'0'; width];
    for d in digits.iter_mut().rev() {
        *d = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(n % 36) as usize];
        n /= 36;
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_shaped_like_slacks() {
        let make = || {
            Workspace {
                users: vec![User::named("ana")],
                channels: vec![Channel::named("payments")],
                ..Default::default()
            }
            .with_ids()
        };
        let (a, b) = (make(), make());
        assert_eq!(a.users[0].id, b.users[0].id);
        assert!(a.users[0].id.starts_with('U') && a.users[0].id.len() == 10);
        assert!(a.channels[0].id.starts_with('C'));
        assert_eq!(a.users[0].real_name, "Ana");
    }
}
