//! Slash commands and shortcuts.

use super::directory::Sort;
use super::envelopes::EnvelopeId;
use super::guide::Deed;
use super::interactions::{Act, Cannot, ts_text};
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::json;

impl Slack {
    /// A person types a command. Slack knows no commands in threads, so there is no thread to name.
    ///
    /// # Errors
    /// A command the app did not register, or a channel this person cannot see.
    pub fn slash(
        &mut self,
        user: &str,
        channel: &str,
        command: &str,
        text: &str,
        now: At,
    ) -> Result<EnvelopeId, Cannot> {
        let user = self.actor(user)?;
        let channel = self.place(channel, &user, now)?;
        let wanted = format!("/{}", command.trim_start_matches('/'));
        let Some(registered) = self.ws.commands.iter().find(|c| c.command == wanted).cloned() else {
            let all: Vec<&str> = self.ws.commands.iter().map(|c| c.command.as_str()).collect();
            let why = format!("`command`: {wanted} is not a valid command; registered are {}", all.join(", "));
            // Slackbot's own words for whoever typed it.
            let said = format!(
                "{wanted} is not a valid command. In Slack, all messages that start with the “/” character are \
                 interpreted as commands. If you are trying to send a message and not run a command, try preceding the \
                 “/” with an empty space."
            );
            let cannot = Cannot::new(404, "unknown_command", why).beside("commands", json!(all));
            return Err(cannot.beside("said", said.into()));
        };
        let text = if registered.should_escape { self.escape(text) } else { text.to_owned() };
        let name = match self.dir.conversations.get(&channel).map(|c| c.sort) {
            Some(Sort::Private) => "privategroup".to_owned(),
            _ => self.channel_name(&channel),
        };
        let payload = json!({
            "token": "sandbox-verification-token", "team_id": self.ws.team_id, "team_domain": self.ws.team_domain,
            "channel_id": channel, "channel_name": name, "user_id": user,
            "user_name": self.dir.users.get(&user).map(|u| &u.name), "command": wanted, "text": text.trim(),
            "api_app_id": self.ws.app_id, "is_enterprise_install": "false",
            "response_url": self.new_response_url("commands", &user, &channel, None, now),
            "trigger_id": self.new_trigger(&user, now),
        });
        let first = text.split_whitespace().next().unwrap_or("");
        self.did(Deed::Command(wanted.clone()));
        self.did(Deed::Command(format!("{wanted} {first}").trim_end().to_owned()));
        let act = Act::Slash { user, channel, command: wanted };
        Ok(self.envelope("slash_commands", payload, act, now))
    }

    /// `@ana` becomes `<@U123|ana>`, `#ops` becomes `<#C1|ops>`, links get angle brackets: what a command with
    /// `should_escape` receives.
    fn escape(&self, text: &str) -> String {
        let mut out = String::new();
        for (i, word) in text.split(' ').enumerate() {
            if i > 0 {
                out.push(' ');
            }
            out.push_str(&self.escape_word(word));
        }
        out
    }

    /// What a person typed as Slack's client sends it: `& < >` are text, `@ana` and `#ops` are mentions.
    pub fn typed(&self, text: &str) -> String {
        self.escape(&text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
    }

    fn escape_word(&self, word: &str) -> String {
        let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_' && c != '-' && c != '/');
        let tail = &word[bare.len()..];
        if let Some(name) = bare.strip_prefix('@') {
            if let Some(u) = self.dir.in_order().find(|u| u.name == name) {
                return format!("<@{}|{}>{tail}", u.id, u.name);
            }
            if let Some(g) = self.groups.values().find(|g| g.handle == name) {
                return format!("<!subteam^{}|@{}>{tail}", g.id, g.handle);
            }
        }
        if let Some(name) = bare.strip_prefix('#')
            && let Some(c) = self.dir.conversations.values().find(|c| c.sort != Sort::Im && c.name == name)
        {
            return format!("<#{}|{}>{tail}", c.id, c.name);
        }
        if bare.starts_with("http://") || bare.starts_with("https://") {
            return format!("<{bare}>{tail}");
        }
        word.to_owned()
    }

    /// A person uses a shortcut: on a message if one is named, else a global one.
    ///
    /// # Errors
    /// A shortcut the app did not register, or a message this person cannot see.
    pub fn shortcut(
        &mut self,
        user: &str,
        callback_id: &str,
        message: Option<(&str, &str)>,
        now: At,
    ) -> Result<EnvelopeId, Cannot> {
        let user = self.actor(user)?;
        if !self.ws.shortcuts.iter().any(|s| s == callback_id) {
            let why = format!("`callback_id`: no shortcut \"{callback_id}\" is registered");
            return Err(Cannot::new(404, "unknown_shortcut", why).beside("shortcuts", json!(self.ws.shortcuts)));
        }
        let kind = if message.is_some() { "message_action" } else { "shortcut" };
        let mut payload = self.payload(kind, &user);
        payload["callback_id"] = callback_id.into();
        payload["action_ts"] = ts_text(now).into();
        if let Some((channel, said)) = message {
            let channel = self.place(channel, &user, now)?;
            let found = said.parse().ok().and_then(|ts| self.messages.get(&channel, ts));
            let not_found = || Cannot::new(404, "message_not_found", format!("`ts`: no message {said} there"));
            let m = found.ok_or_else(not_found)?;
            let ts = m.ts;
            payload["message"] = m.shape(&channel, &self.ws, true);
            payload["message_ts"] = ts.to_string().into();
            payload["channel"] = self.channel_stub(&channel);
            payload["response_url"] = self.new_response_url("app", &user, &channel, Some((ts, false)), now).into();
        }
        payload["trigger_id"] = self.new_trigger(&user, now).into();
        Ok(self.envelope("interactive", payload, Act::Shortcut { user }, now))
    }
}
