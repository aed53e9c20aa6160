//! The Slack app manifest: what a workspace's admin pastes to create the app.
//!
//! It asks for what the present features need and nothing more: every scope is a question at installation. Which those
//! are follows from the methods the program calls, [`methods`].

use super::app::{AppConfig, Means};
use crate::slack::methods;
use crate::views::action_id::Shortcut;
use serde_json::{Value, json};

/// The manifest for this configuration: its commands, whatever they are called.
pub fn build(app: &AppConfig) -> Value {
    let commands: Vec<Value> = app.commands.iter().map(|command| slash_command(&command.name, command.means)).collect();
    let shortcuts: Vec<Value> = Shortcut::ALL.into_iter().map(shortcut).collect();
    let scopes: Vec<&str> = methods::scopes(app.features).into_iter().map(|(scope, _)| scope).collect();
    let events: Vec<&str> = app.features.events().map(|(event, _)| event).collect();
    json!({
        "_metadata": { "major_version": 1, "minor_version": 1 },
        "display_information": {
            "name": "Warridor",
            "description": "Pages whoever is on call, and then the next one, until somebody answers.",
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
            "shortcuts": shortcuts,
            "slash_commands": commands,
        },
        "oauth_config": { "scopes": { "bot": scopes } },
        "settings": {
            "event_subscriptions": { "bot_events": events },
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

/// An entry in every message's menu.
fn shortcut(shortcut: Shortcut) -> Value {
    json!({
        "name": shortcut.name(),
        "type": "message",
        "callback_id": shortcut.id(),
        "description": shortcut.description(),
    })
}

fn slash_command(name: &str, means: Means) -> Value {
    let (description, usage_hint) = match means {
        Means::Pager => (
            "My open incidents, and everything else Warridor can do",
            "[ack N | snooze N 2h | add N @who | resolve N | trigger | list | now | help]",
        ),
        Means::Oncall => ("Who is on call now and next", "[TEAM | me | take TEAM 2h | override TEAM @who 2h]"),
    };
    json!({
        "command": name,
        "description": description,
        "usage_hint": usage_hint,
        // Otherwise "@ana" arrives as plain text and not as a person.
        "should_escape": true,
    })
}
