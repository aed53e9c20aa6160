//! The Web API's table: every method the sandbox speaks, its tier, the token it takes and the scopes it needs.
//! Sources: the "Facts" box of each method's page on docs.slack.dev.

use super::rate::Tier;

/// Which token a method takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `xoxb-…`
    Bot,
    /// `xapp-…`
    App,
    /// Either, or none at all.
    Any,
}

/// Which scopes a method needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    /// One scope, whatever the arguments.
    Scope(&'static str),
    /// A scope that depends on the kind of channel: (public, private, direct message).
    ByChannel(&'static str, &'static str, &'static str),
    /// At least one of these.
    AnyOf(&'static [&'static str]),
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    pub name: &'static str,
    pub tier: Tier,
    pub kind: Kind,
    pub needs: Needs,
}

const READ: Needs = Needs::ByChannel("channels:read", "groups:read", "im:read");
const HISTORY: Needs = Needs::ByChannel("channels:history", "groups:history", "im:history");
const MANAGE: Needs = Needs::ByChannel("channels:manage", "groups:write", "im:write");
const CHAT: Needs = Needs::Scope("chat:write");

/// Finds a method by name.
pub fn find(name: &str) -> Option<&'static Method> {
    TABLE.iter().find(|m| m.name == name)
}

const fn bot(name: &'static str, tier: Tier, needs: Needs) -> Method {
    Method { name, tier, kind: Kind::Bot, needs }
}

/// All of them.
pub const TABLE: &[Method] = &[
    Method { name: "api.test", tier: Tier::Four, kind: Kind::Any, needs: Needs::Nothing },
    Method { name: "auth.test", tier: Tier::Special, kind: Kind::Any, needs: Needs::Nothing },
    Method { name: "apps.connections.open", tier: Tier::Connections, kind: Kind::App, needs: Needs::Nothing },
    bot("bots.info", Tier::Three, Needs::Scope("users:read")),
    bot("bookmarks.add", Tier::Two, Needs::Scope("bookmarks:write")),
    bot("chat.delete", Tier::Three, CHAT),
    bot("chat.deleteScheduledMessage", Tier::Three, CHAT),
    bot("chat.getPermalink", Tier::Special, Needs::Nothing),
    bot("chat.postEphemeral", Tier::Four, CHAT),
    bot("chat.postMessage", Tier::Posting, CHAT),
    bot("chat.scheduleMessage", Tier::Three, CHAT),
    bot("chat.scheduledMessages.list", Tier::Three, Needs::Nothing),
    bot("chat.update", Tier::Three, CHAT),
    bot("conversations.archive", Tier::Two, MANAGE),
    bot("conversations.create", Tier::Two, Needs::AnyOf(&["channels:manage", "groups:write"])),
    bot("conversations.history", Tier::Three, HISTORY),
    bot("conversations.info", Tier::Three, READ),
    bot("conversations.invite", Tier::Three, MANAGE),
    bot("conversations.join", Tier::Three, Needs::Scope("channels:join")),
    bot("conversations.list", Tier::Two, Needs::AnyOf(&["channels:read", "groups:read", "im:read"])),
    bot("conversations.members", Tier::Four, READ),
    bot("conversations.open", Tier::Three, Needs::Scope("im:write")),
    bot("conversations.replies", Tier::Three, HISTORY),
    bot("conversations.setPurpose", Tier::Two, MANAGE),
    bot("conversations.setTopic", Tier::Two, MANAGE),
    bot("dnd.info", Tier::Three, Needs::Scope("dnd:read")),
    bot("dnd.teamInfo", Tier::Two, Needs::Scope("dnd:read")),
    bot("files.completeUploadExternal", Tier::Four, Needs::Scope("files:write")),
    bot("files.getUploadURLExternal", Tier::Four, Needs::Scope("files:write")),
    bot("pins.add", Tier::Two, Needs::Scope("pins:write")),
    bot("pins.list", Tier::Two, Needs::Scope("pins:read")),
    bot("pins.remove", Tier::Two, Needs::Scope("pins:write")),
    bot("reactions.add", Tier::Three, Needs::Scope("reactions:write")),
    bot("reactions.remove", Tier::Two, Needs::Scope("reactions:write")),
    bot("reactions.get", Tier::Three, Needs::Scope("reactions:read")),
    bot("team.info", Tier::Three, Needs::Scope("team:read")),
    bot("usergroups.list", Tier::Two, Needs::Scope("usergroups:read")),
    bot("usergroups.users.list", Tier::Two, Needs::Scope("usergroups:read")),
    bot("usergroups.users.update", Tier::Two, Needs::Scope("usergroups:write")),
    bot("users.conversations", Tier::Three, Needs::AnyOf(&["channels:read", "groups:read", "im:read"])),
    bot("users.info", Tier::Four, Needs::Scope("users:read")),
    bot("users.list", Tier::Two, Needs::Scope("users:read")),
    bot("users.lookupByEmail", Tier::Three, Needs::Scope("users:read.email")),
    bot("views.open", Tier::Four, Needs::Nothing),
    bot("views.publish", Tier::Four, Needs::Nothing),
    bot("views.push", Tier::Four, Needs::Nothing),
    bot("views.update", Tier::Four, Needs::Nothing),
];
