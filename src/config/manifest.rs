//! The Slack app manifest: what a workspace's admin pastes to create the app.
//!
//! It asks for what the present features need and nothing more: every scope is a question at installation, and each
//! stands here with the reason a person would be given.

use super::app::{AppConfig, Means};
use serde_json::{Value, json};

/// The bot's scopes, each with why it is needed.
pub const SCOPES_NEEDED: [(&str, &str); 9] = [
    ("chat:write", "posts and edits incident cards, thread lines and pages"),
    ("commands", "answers /pager and its short forms"),
    ("users:read", "finds out whether a person who is to be paged is still active, and their time zone"),
    ("channels:read", "checks that the configured public channels exist and the bot is in them"),
    ("groups:read", "checks that the configured private channels exist and the bot is in them"),
    ("im:write", "opens the direct message that is a page"),
    ("im:history", "looks up whether a page arrived when Slack's answer to it was lost, so that it is not sent twice"),
    ("channels:history", "looks up whether a card was posted when Slack's answer to it was lost (public channels)"),
    ("groups:history", "looks up whether a card was posted when Slack's answer to it was lost (private channels)"),
];

/// The app-level token's scope, with why it is needed. Chosen when that token is made; a manifest cannot carry it.
pub const APP_TOKEN_SCOPES: [(&str, &str); 1] = [(
    "connections:write",
    "opens the sockets by which clicks and commands arrive, so that Slack needs no public address",
)];

/// The bot's scopes, each with why it is needed.
pub fn scopes_needed() -> Vec<(&'static str, &'static str)> {
    SCOPES_NEEDED.to_vec()
}

/// The manifest for this configuration: its commands, whatever they are called.
pub fn build(app: &AppConfig) -> Value {
    let commands: Vec<Value> = app.commands.iter().map(|command| slash_command(&command.name, command.means)).collect();
    let scopes: Vec<&str> = SCOPES_NEEDED.iter().map(|(scope, _)| *scope).collect();
    json!({
        "_metadata": { "major_version": 1, "minor_version": 1 },
        "display_information": {
            "name": "Warridor",
            "description": "Pages the right person until somebody answers, and walks them through the incident.",
            "background_color": "#7a1f2b",
            "long_description": LONG_DESCRIPTION,
        },
        "features": {
            "app_home": {
                "home_tab_enabled": true,
                // Pages are direct messages: without this tab they cannot be opened.
                "messages_tab_enabled": true,
                // Slash commands are typed there too.
                "messages_tab_read_only_enabled": false,
            },
            "bot_user": { "display_name": "Warridor", "always_online": true },
            "slash_commands": commands,
        },
        "oauth_config": { "scopes": { "bot": scopes } },
        "settings": {
            "event_subscriptions": { "bot_events": ["app_home_opened"] },
            "interactivity": { "is_enabled": true },
            "org_deploy_enabled": false,
            "socket_mode_enabled": true,
            "token_rotation_enabled": false,
        },
    })
}

const LONG_DESCRIPTION: &str = "Warridor is a pager that lives in Slack. It takes alerts from every monitor a team has, \
pages the person on call and then the next one until somebody answers, and keeps one message per incident up to date: \
who was paged, who has it, and what comes next. Acknowledge, snooze, escalate and resolve with one tap, also on a phone.";

fn slash_command(name: &str, means: Means) -> Value {
    let (description, usage_hint) = match means {
        Means::Pager => (
            "My open incidents, and everything else Warridor can do",
            "[list | show N | ack N | escalate N | resolve N | note N … | oncall | help]",
        ),
        Means::Oncall => ("Who is on call now and next", "[TEAM | help]"),
    };
    json!({
        "command": name,
        "description": description,
        "usage_hint": usage_hint,
        // Otherwise "@ana" arrives as plain text and not as a person.
        "should_escape": true,
    })
}
