//! `reactions.*` and `pins.*`, by the app and by people. Sources: docs.slack.dev/reference/methods/reactions.add and
//! its neighbours, docs.slack.dev/reference/events/reaction_added.

use super::answer::{Outcome, Refused};
use super::args::Args;
use super::interactions::{Cannot, ts_text};
use super::messages::Ts;
use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Value, json};

/// Different reactions one message can hold.
const REACTIONS: usize = 50;

impl Slack {
    /// `reactions.add`.
    pub(super) fn reaction_add(&mut self, args: Args<'_>, now: At) -> Outcome {
        let (channel, ts) = self.pointed(args, "timestamp", "bad_timestamp")?;
        let name = args.need("name")?;
        let bot = self.ws.bot.user_id.clone();
        self.put_reaction(&bot, &channel, ts, &name, now)?;
        Ok(json!({}))
    }

    /// `reactions.remove`.
    pub(super) fn reaction_remove(&mut self, args: Args<'_>, now: At) -> Outcome {
        let (channel, ts) = self.pointed(args, "timestamp", "bad_timestamp")?;
        let name = args.need("name")?;
        let bot = self.ws.bot.user_id.clone();
        self.take_reaction(&bot, &channel, ts, &name, now)?;
        Ok(json!({}))
    }

    /// `reactions.get`.
    pub(super) fn reactions_get(&self, args: Args<'_>) -> Outcome {
        let (channel, ts) = self.pointed(args, "timestamp", "bad_timestamp")?;
        let m = self.messages.get(&channel, ts).ok_or("message_not_found")?;
        let mut message = m.shape(&channel, &self.ws, false);
        message["permalink"] = self.link_to(&channel, ts).into();
        Ok(json!({"type": "message", "channel": channel, "message": message}))
    }

    /// A person adds a reaction, or takes their own away. Gives whether it is there now.
    ///
    /// # Errors
    /// Nobody of that name, no such message, no such emoji.
    pub fn react(&mut self, user: &str, channel: &str, ts: &str, name: &str, now: At) -> Result<bool, Cannot> {
        let user = self.actor(user)?;
        let channel = self.place(channel, &user, now)?;
        let found: Option<Ts> = ts.parse().ok().filter(|ts| self.messages.get(&channel, *ts).is_some());
        let Some(ts) = found else {
            return Err(Cannot::new(404, "message_not_found", format!("`ts`: no message {ts} there")));
        };
        let refused = |r: Refused| Cannot::new(400, &r.error, format!("`name`: {}", r.error));
        let there = self
            .messages
            .get(&channel, ts)
            .is_some_and(|m| m.reactions.iter().any(|(n, users)| n == name.trim_matches(':') && users.contains(&user)));
        if there {
            self.take_reaction(&user, &channel, ts, name, now).map_err(refused)?;
        } else {
            self.put_reaction(&user, &channel, ts, name, now).map_err(refused)?;
        }
        Ok(!there)
    }

    fn put_reaction(&mut self, user: &str, channel: &str, ts: Ts, name: &str, now: At) -> Result<(), Refused> {
        let name = name.trim_matches(':').to_owned();
        let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-':".contains(&b);
        if name.is_empty() || !name.bytes().all(fine) {
            return Err("invalid_name".into());
        }
        let m = self.messages.get_mut(channel, ts).ok_or("message_not_found")?;
        let full = m.reactions.len() >= REACTIONS;
        match m.reactions.iter_mut().find(|(n, _)| *n == name) {
            Some((_, users)) if users.iter().any(|u| u == user) => return Err("already_reacted".into()),
            Some((_, users)) => users.push(user.into()),
            None if full => return Err("too_many_emoji".into()),
            None => m.reactions.push((name.clone(), vec![user.into()])),
        }
        self.reacted("reaction_added", user, channel, ts, &name, now);
        Ok(())
    }

    fn take_reaction(&mut self, user: &str, channel: &str, ts: Ts, name: &str, now: At) -> Result<(), Refused> {
        let name = name.trim_matches(':');
        let m = self.messages.get_mut(channel, ts).ok_or("message_not_found")?;
        let mine = m.reactions.iter_mut().find(|(n, users)| n == name && users.iter().any(|u| u == user));
        let Some((_, users)) = mine else { return Err("no_reaction".into()) };
        users.retain(|u| u != user);
        m.reactions.retain(|(_, users)| !users.is_empty());
        self.reacted("reaction_removed", user, channel, ts, name, now);
        Ok(())
    }

    /// Keeps the message, and tells an app that subscribed and is in the channel.
    fn reacted(&mut self, event: &str, user: &str, channel: &str, ts: Ts, name: &str, now: At) {
        let Some(message) = self.messages.get(channel, ts).cloned() else { return };
        let author = message.user.clone();
        self.keep(Change::Message { channel: channel.into(), message });
        if self.dir.conversations.get(channel).is_some_and(|c| c.has(&self.ws.bot.user_id)) {
            let body = json!({
                "type": event, "user": user, "reaction": name, "item_user": author,
                "item": {"type": "message", "channel": channel, "ts": ts.to_string()}, "event_ts": ts_text(now),
            });
            self.event(event, body, Some(channel), now);
        }
    }

    /// `pins.add`.
    pub(super) fn pin_add(&mut self, args: Args<'_>) -> Outcome {
        self.set_pin(args, true, "already_pinned")
    }

    /// `pins.remove`.
    pub(super) fn pin_remove(&mut self, args: Args<'_>) -> Outcome {
        self.set_pin(args, false, "no_pin")
    }

    fn set_pin(&mut self, args: Args<'_>, pinned: bool, already: &str) -> Outcome {
        let (channel, ts) = self.pointed(args, "timestamp", "bad_timestamp")?;
        let m = self.messages.get_mut(&channel, ts).ok_or("message_not_found")?;
        if std::mem::replace(&mut m.pinned, pinned) == pinned {
            return Err(already.into());
        }
        let message = m.clone();
        self.keep(Change::Message { channel, message });
        Ok(json!({}))
    }

    /// `pins.list`.
    pub(super) fn pins_list(&self, args: Args<'_>) -> Outcome {
        let channel = self.conversation(args)?.id.clone();
        let item = |m: &super::messages::Message| {
            let mut message = m.shape(&channel, &self.ws, false);
            message["permalink"] = self.link_to(&channel, m.ts).into();
            json!({"type": "message", "channel": channel, "message": message, "created_by": self.ws.bot.user_id})
        };
        let items: Vec<Value> = self.messages.of(&channel).rev().filter(|m| m.pinned).map(item).collect();
        Ok(json!({"items": items}))
    }
}
