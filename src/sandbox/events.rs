//! What an app hears of through the Events API.

use super::directory::Sort;
use super::interactions::{Act, Cannot, ts_text};
use super::messages::{Message, OTHER_BOT, Ts, bot_profile};
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Value, json};

impl Slack {
    /// A person opens the app's Home tab (`home`) or its direct message (`messages`): the app hears of it if it
    /// subscribed to `app_home_opened`. Source: docs.slack.dev/reference/events/app_home_opened.
    ///
    /// # Errors
    /// Nobody of that name can act.
    pub fn open_home(&mut self, user: &str, tab: &str, now: At) -> Result<(), Cannot> {
        let user = self.actor(user)?;
        let channel = self.im_with(&user, now);
        let mut event = json!({
            "type": "app_home_opened", "user": user, "channel": channel, "tab": tab, "event_ts": ts_text(now),
        });
        if tab == "home"
            && let Some(id) = self.views.home(&user).map(|v| v.id.clone())
        {
            event["view"] = self.view_shape(&id);
        }
        self.event("app_home_opened", event, None, now);
        Ok(())
    }

    /// Somebody's Do Not Disturb changed: told to an app that subscribed. Source:
    /// docs.slack.dev/reference/events/dnd_updated_user.
    pub(super) fn tell_of_dnd(&mut self, user: &str, now: At) {
        let Some(status) = self.dir.users.get(user).map(|u| super::users::dnd(u, now)) else { return };
        let event = json!({
            "type": "dnd_updated_user", "user": user, "dnd_status": status, "event_ts": ts_text(now),
        });
        self.event("dnd_updated_user", event, None, now);
    }

    /// Somebody wrote a message: told to an app that subscribed and is there to hear it.
    pub(super) fn tell_of_message(&mut self, channel: &str, ts: Ts, now: At) {
        let Some((m, c)) = self.messages.get(channel, ts).zip(self.dir.conversations.get(channel)) else { return };
        let (name, kind) = match c.sort {
            Sort::Public => ("message.channels", "channel"),
            Sort::Private => ("message.groups", "group"),
            Sort::Im => ("message.im", "im"),
        };
        let here = c.has(&self.ws.bot.user_id);
        let mentions = m.text.contains(&format!("<@{}>", self.ws.bot.user_id));
        let mut event = json!({
            "type": "message", "text": m.text, "user": m.user, "ts": ts.to_string(), "team": self.ws.team_id,
            "channel": channel, "event_ts": ts.to_string(), "channel_type": kind,
            "client_msg_id": "00000000-0000-4000-8000-000000000000",
        });
        // What an app posts has its bot, and no id of a client.
        let bot = if m.by_app { Some(self.ws.bot.bot_id.as_str()) } else { m.other_app.as_ref().map(|_| OTHER_BOT) };
        if let (Some(bot), Some(fields)) = (bot, event.as_object_mut()) {
            fields.remove("client_msg_id");
            fields.insert("bot_id".into(), bot.into());
            for (key, all) in [("blocks", &m.blocks), ("attachments", &m.attachments)] {
                if !all.is_empty() {
                    fields.insert(key.into(), all.clone().into());
                }
            }
            match &m.other_app {
                Some(name) => {
                    fields.remove("user");
                    fields.insert("subtype".into(), "bot_message".into());
                    fields.insert("username".into(), name.clone().into());
                }
                None => {
                    fields.insert("app_id".into(), self.ws.app_id.clone().into());
                    fields.insert("bot_profile".into(), bot_profile(&self.ws));
                }
            }
        }
        if let Some(parent) = m.thread {
            event["thread_ts"] = parent.to_string().into();
        }
        if here {
            self.event(name, event.clone(), Some(channel), now);
        }
        if here && mentions && kind != "im" {
            event["type"] = "app_mention".into();
            self.event("app_mention", event, Some(channel), now);
        }
    }

    /// The bot wrote a message. Slack tells an app of its own as well; of those to one person it is not told here.
    pub(super) fn tell_of_own(&mut self, channel: &str, ts: Ts, now: At) {
        if !self.is_im(channel) {
            self.tell_of_message(channel, ts, now);
        }
    }

    fn is_im(&self, channel: &str) -> bool {
        self.dir.conversations.get(channel).is_some_and(|c| c.sort == Sort::Im)
    }

    /// A message says something else now: docs.slack.dev/reference/events/message/message_changed.
    pub(super) fn tell_of_change(&mut self, channel: &str, ts: Ts, before: &Message, now: At) {
        if before.by_app && self.is_im(channel) {
            return;
        }
        let Some(message) = self.messages.get(channel, ts).map(|m| m.shape(channel, &self.ws, false)) else { return };
        let previous = before.shape(channel, &self.ws, false);
        let changes = json!({ "subtype": "message_changed", "message": message, "previous_message": previous });
        self.tell_hidden(channel, changes, now);
    }

    /// A message was deleted: docs.slack.dev/reference/events/message/message_deleted.
    pub(super) fn tell_of_gone(&mut self, channel: &str, gone: &Message, now: At) {
        if gone.by_app && self.is_im(channel) {
            return;
        }
        let previous = gone.shape(channel, &self.ws, false);
        let deleted_ts = gone.ts.to_string();
        let changes = json!({ "subtype": "message_deleted", "deleted_ts": deleted_ts, "previous_message": previous });
        self.tell_hidden(channel, changes, now);
    }

    fn tell_hidden(&mut self, channel: &str, mut event: Value, now: At) {
        let Some(c) = self.dir.conversations.get(channel).filter(|c| c.has(&self.ws.bot.user_id)) else { return };
        let (name, kind) = match c.sort {
            Sort::Public => ("message.channels", "channel"),
            Sort::Private => ("message.groups", "group"),
            Sort::Im => ("message.im", "im"),
        };
        // Each is later than the one before, as Slack's are.
        let ts = self.messages.next_ts("", now).to_string();
        for (key, value) in
            [("type", "message"), ("channel", channel), ("channel_type", kind), ("ts", &ts), ("event_ts", &ts)]
        {
            event[key] = value.into();
        }
        event["hidden"] = true.into();
        self.event(name, event, Some(channel), now);
    }

    pub(super) fn event(&mut self, name: &str, event: Value, channel: Option<&str>, now: At) {
        // An app cannot subscribe to what its token may not hear.
        let may = scope_of(name).is_none_or(|scope| self.has_scope(scope));
        if !may || !self.ws.events.iter().any(|e| e == name) {
            return;
        }
        let id = self.new_id("Ev");
        let payload = json!({
            "token": "sandbox-verification-token", "team_id": self.ws.team_id, "api_app_id": self.ws.app_id,
            "event": event, "type": "event_callback", "event_id": id, "event_time": now.secs(),
            "authorizations": [{
                "enterprise_id": null, "team_id": self.ws.team_id, "user_id": self.ws.bot.user_id, "is_bot": true,
                "is_enterprise_install": false,
            }],
            "is_ext_shared_channel": channel.and_then(|c| self.dir.conversations.get(c)).is_some_and(|c| c.is_ext_shared),
            "event_context": format!("1-{name}-{}-{}", self.ws.team_id, channel.unwrap_or("")),
        });
        self.envelope("events_api", payload, Act::Event, now);
    }
}

/// What an event needs, by the page of each: docs.slack.dev/reference/events.
fn scope_of(event: &str) -> Option<&'static str> {
    Some(match event {
        "message.channels" => "channels:history",
        "message.groups" => "groups:history",
        "message.im" => "im:history",
        "reaction_added" | "reaction_removed" => "reactions:read",
        "dnd_updated_user" => "dnd:read",
        "app_mention" => "app_mentions:read",
        _ => return None,
    })
}
