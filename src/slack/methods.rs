//! Every Web API method this program calls, and what it must be allowed to: the one list the app manifest and
//! `check --online` go by. Source: the "Facts" box of each method's page, docs.slack.dev/reference/methods/METHOD.
//!
//! A method that is called and not listed here fails a test, so that no workspace learns of a missing scope at 3 a.m.

/// A method and the scopes of the bot's token that it needs, all of them.
pub const METHODS: &[(&str, &[&str])] = &[
    // With the app-level token; see `APP_TOKEN_SCOPE`.
    ("apps.connections.open", &[]),
    ("auth.test", &[]),
    ("chat.postEphemeral", &["chat:write"]),
    ("chat.postMessage", &["chat:write"]),
    ("chat.update", &["chat:write"]),
    ("conversations.history", &["channels:history", "groups:history", "im:history"]),
    ("conversations.info", &["channels:read", "groups:read"]),
    ("conversations.join", &["channels:join"]),
    ("conversations.list", &["channels:read", "groups:read"]),
    ("conversations.open", &["im:write"]),
    ("conversations.replies", &["channels:history", "groups:history", "im:history"]),
    ("dnd.info", &["dnd:read"]),
    ("dnd.teamInfo", &["dnd:read"]),
    ("files.completeUploadExternal", &["files:write"]),
    ("files.getUploadURLExternal", &["files:write"]),
    ("users.info", &["users:read"]),
    // Slack grants the second only together with the first.
    ("users.lookupByEmail", &["users:read", "users:read.email"]),
    ("views.open", &[]),
    ("views.publish", &[]),
    ("views.push", &[]),
    ("views.update", &[]),
];

/// What is called only where the configuration says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// A team's channel has a topic that follows who is on call.
    pub topics: bool,
    /// A team has a user group that does.
    pub usergroups: bool,
    /// A reaction puts a message into a timeline: then threads are heard.
    pub reactions: bool,
}

impl Features {
    /// Everything that can be switched on.
    pub const ALL: Self = Self { topics: true, usergroups: true, reactions: true };

    /// The methods that these features call, and their scopes.
    pub fn methods(self) -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
        let topics = TOPICS.iter().filter(move |_| self.topics);
        topics.chain(USERGROUPS.iter().filter(move |_| self.usergroups))
    }

    /// The events that the app subscribes to, and the scope each needs.
    pub fn events(self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        EVENTS.iter().copied().chain(REACTIONS.iter().copied().filter(move |_| self.reactions))
    }
}

/// Of [`Features::topics`]. `channels:manage` for public channels, `groups:write` for private ones.
const TOPICS: &[(&str, &[&str])] = &[("conversations.setTopic", &["channels:manage", "groups:write"])];
/// Of [`Features::usergroups`].
const USERGROUPS: &[(&str, &[&str])] =
    &[("usergroups.list", &["usergroups:read"]), ("usergroups.users.update", &["usergroups:write"])];

/// Of [`Features::reactions`]: what is written in channels the bot is in, of which the threads of our cards are kept.
const REACTIONS: &[(&str, Option<&str>)] = &[
    ("message.channels", Some("channels:history")),
    ("message.groups", Some("groups:history")),
    ("reaction_added", Some("reactions:read")),
];

/// Events the app always subscribes to, and the scope each needs (docs.slack.dev/reference/events/EVENT).
pub const EVENTS: &[(&str, Option<&str>)] =
    &[("app_home_opened", None), ("dnd_updated_user", Some("dnd:read")), ("message.im", Some("im:history"))];

/// What slash commands need.
pub const COMMANDS_SCOPE: &str = "commands";

/// The app-level token's scope. Chosen when that token is made; a manifest cannot carry it.
pub const APP_TOKEN_SCOPE: &str = "connections:write";

/// What a person who is asked to grant a scope should know.
const WHY: &[(&str, &str)] = &[
    ("chat:write", "posts and edits incident cards, thread lines and pages"),
    ("commands", "answers the slash commands"),
    ("users:read", "finds out whether a person who is to be paged is still active, and their time zone"),
    ("users:read.email", "finds people by the e-mail address in the configuration"),
    ("dnd:read", "pages the next level too while somebody's Do Not Disturb may swallow their only page"),
    ("channels:read", "checks that the configured public channels exist and the bot is in them"),
    ("groups:read", "checks that the configured private channels exist and the bot is in them"),
    ("channels:join", "joins the configured public channels"),
    ("files:write", "hands you the playbook that you drafted as a file"),
    ("im:write", "opens the direct message that is a page"),
    (
        "im:history",
        "looks up whether a page arrived when Slack's answer to it was lost, and hears what is written to it",
    ),
    ("channels:manage", "sets the topic of a public channel to whoever is on call"),
    ("groups:write", "sets the topic of a private channel to whoever is on call"),
    ("usergroups:read", "checks that the user groups that follow who is on call exist"),
    ("usergroups:write", "puts whoever is on call into their team's user group"),
    (
        "channels:history",
        "looks up whether a card was posted when Slack's answer to it was lost, and with `timeline_reaction` hears what is \
         written in the threads of cards (public channels)",
    ),
    (
        "groups:history",
        "looks up whether a card was posted when Slack's answer to it was lost, and with `timeline_reaction` hears what is \
         written in the threads of cards (private channels)",
    ),
    ("reactions:read", "puts a message in the thread of a card into the timeline when somebody reacts to it so"),
];

/// The bot's scopes, each with why it is needed: those of [`METHODS`] and of what `features` call besides, of [`Features::events`]
/// and of slash commands.
pub fn scopes(features: Features) -> Vec<(&'static str, &'static str)> {
    WHY.iter().copied().filter(|(scope, _)| needed(features).any(|needed| needed == *scope)).collect()
}

/// Methods of ours that would be refused without this scope.
pub fn needing(scope: &str) -> Vec<&'static str> {
    let all = METHODS.iter().chain(Features::ALL.methods());
    all.filter(|(_, scopes)| scopes.contains(&scope)).map(|(method, _)| *method).collect()
}

fn needed(features: Features) -> impl Iterator<Item = &'static str> {
    let methods = METHODS.iter().chain(features.methods()).flat_map(|(_, scopes)| scopes.iter().copied());
    methods.chain(features.events().filter_map(|(_, scope)| scope)).chain([COMMANDS_SCOPE])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_that_is_needed_has_its_reason_and_no_other_has() {
        for scope in needed(Features::ALL) {
            assert!(WHY.iter().any(|(known, _)| *known == scope), "{scope} has no reason");
        }
        assert_eq!(scopes(Features::ALL).len(), WHY.len(), "a reason for a scope that nothing needs");
        assert!(METHODS.is_sorted_by_key(|(method, _)| *method));
    }
}
