//! `chat.*`: posting, editing and deleting messages.

use super::answer::{Outcome, Refused};
use super::args::Args;
use super::content::Content;
use super::directory::Sort;
use super::limits;
use super::messages::{Ephemeral, Message, OTHER_BOT, Ts};
use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Value, json};

impl Slack {
    /// `chat.postMessage`.
    pub(super) fn post_message(&mut self, args: Args<'_>, now: At) -> Outcome {
        let channel = self.target(args, now)?;
        let content = self.content(args)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        let thread = self.thread_of(args, &channel)?;
        if args.text("username").or(args.text("icon_emoji")).or(args.text("icon_url")).is_some()
            && !self.has_scope("chat:write.customize")
        {
            return Err(self.missing_scope("chat:write.customize"));
        }
        let broadcast = thread.is_some() && args.flag("reply_broadcast") == Some(true);
        let cut = content.cut;
        let ts = self.post(&channel, content, thread, broadcast, now);
        let message = self.messages.get(&channel, ts).map(|m| m.shape(&channel, &self.ws, true));
        let mut answer = json!({"channel": channel, "ts": ts.to_string(), "message": message});
        if cut {
            answer["warning"] = "message_truncated".into();
            answer["response_metadata"] = json!({"warnings": ["message_truncated"]});
        }
        Ok(answer)
    }

    /// Posts as the bot and gives the first message's `ts`: text of more than about 4,000 characters without blocks
    /// becomes several messages.
    pub(super) fn post(&mut self, channel: &str, content: Content, thread: Option<Ts>, broadcast: bool, now: At) -> Ts {
        let text = content.text.unwrap_or_default();
        let blocks = content.blocks.unwrap_or_default();
        let parts = if blocks.is_empty() { split(&text) } else { vec![text] };
        let lag = self.faults.history_lag_ms.unwrap_or(self.ws.history_lag_ms);
        let count = parts.len();
        let mut first = None;
        for (i, text) in parts.into_iter().enumerate() {
            let last = i + 1 == count;
            let ts = self.messages.next_ts(channel, now);
            let message = Message {
                ts,
                user: self.ws.bot.user_id.clone(),
                by_app: true,
                text,
                blocks: if last { blocks.clone() } else { Vec::new() },
                attachments: if last { content.attachments.clone().unwrap_or_default() } else { Vec::new() },
                metadata: content.metadata.clone().filter(|m| m.as_object().is_some_and(|m| !m.is_empty())),
                thread,
                broadcast,
                visible_from: now.plus_ms(lag),
                ..Message::default()
            };
            self.put_message(channel, message);
            self.tell_of_own(channel, ts, now);
            first.get_or_insert(ts);
        }
        first.unwrap_or_default()
    }

    /// Stores a message and tells its thread's parent.
    pub(super) fn put_message(&mut self, channel: &str, mut message: Message) {
        if let Some(parent) = message.thread.and_then(|ts| self.messages.get_mut(channel, ts)) {
            message.parent_user = Some(parent.user.clone());
            parent.replies.push((message.ts, message.user.clone()));
            let parent = parent.clone();
            self.keep(Change::Message { channel: channel.into(), message: parent });
        }
        self.messages.put(channel, message.clone());
        self.push_message(channel, &message);
        self.keep(Change::Message { channel: channel.into(), message });
    }

    /// Where a post goes: a channel by id or name, or a person, with whom a direct message is opened.
    fn target(&mut self, args: Args<'_>, now: At) -> Result<String, Refused> {
        let said = args.need("channel")?;
        if let Some(user) = self.dir.users.get(&said) {
            if user.is_bot {
                return Err("cannot_dm_bot".into());
            }
            if user.deleted {
                return Err("channel_not_found".into());
            }
            let user = user.id.clone();
            return Ok(self.im_with(&user, now));
        }
        let c = self.dir.channel(&said).ok_or("channel_not_found")?;
        let member = c.has(&self.ws.bot.user_id);
        if c.sort == Sort::Private && !member {
            return Err("channel_not_found".into());
        }
        let gone = c.with.as_ref().and_then(|u| self.dir.users.get(u)).is_some_and(|u| u.deleted);
        if c.is_archived || gone {
            return Err("is_archived".into());
        }
        if !member && !self.has_scope("chat:write.public") {
            return Err("not_in_channel".into());
        }
        if c.is_read_only {
            return Err("restricted_action".into());
        }
        Ok(c.id.clone())
    }

    fn thread_of(&self, args: Args<'_>, channel: &str) -> Result<Option<Ts>, Refused> {
        let Some(said) = args.text("thread_ts") else { return Ok(None) };
        let ts: Ts = said.parse().map_err(|_| Refused::from("invalid_thread_ts"))?;
        match self.messages.get(channel, ts) {
            None => Err("thread_not_found".into()),
            Some(m) if m.thread.is_some() || m.subtype.is_some() => Err("cannot_reply_to_message".into()),
            Some(_) => Ok(Some(ts)),
        }
    }

    /// The message a call is about, by `channel` and `ts`.
    pub(super) fn pointed(&self, args: Args<'_>, ts_name: &str, bad: &str) -> Result<(String, Ts), Refused> {
        let channel = self.conversation(args)?.id.clone();
        let ts: Ts = args.need(ts_name)?.parse().map_err(|_| Refused::from(bad))?;
        if self.messages.get(&channel, ts).is_none() {
            return Err("message_not_found".into());
        }
        Ok((channel, ts))
    }

    /// `chat.update`.
    pub(super) fn chat_update(&mut self, args: Args<'_>, now: At) -> Outcome {
        let (channel, ts) = self.pointed(args, "ts", "message_not_found")?;
        let content = self.content(args)?;
        if self.dir.conversations.get(&channel).is_some_and(|c| c.is_archived) {
            return Err("is_inactive".into());
        }
        if content.text.as_ref().is_some_and(|t| t.chars().count() > limits::SPLIT_AFTER) {
            return Err("msg_too_long".into());
        }
        let bot = self.ws.bot.user_id.clone();
        let edited = self.messages.next_ts("", now);
        let m = self.messages.get_mut(&channel, ts).ok_or("message_not_found")?;
        if !m.by_app || m.user != bot || m.subtype.is_some() {
            return Err("cant_update_message".into());
        }
        // What is not sent stays as it was; an empty list or object removes.
        let mut next = m.clone();
        next.blocks = content.blocks.unwrap_or(next.blocks);
        next.attachments = content.attachments.unwrap_or(next.attachments);
        next.text = content.text.unwrap_or_else(|| if args.0.contains_key("text") { String::new() } else { next.text });
        if let Some(metadata) = content.metadata {
            next.metadata = Some(metadata).filter(|m| m.as_object().is_some_and(|m| !m.is_empty()));
        }
        if next.text.is_empty() && next.blocks.is_empty() && next.attachments.is_empty() {
            return Err("no_text".into());
        }
        next.edited = Some(edited);
        let before = std::mem::replace(m, next.clone());
        let text = next.text.clone();
        self.keep(Change::Message { channel: channel.clone(), message: next });
        self.tell_of_change(&channel, ts, &before, now);
        let message = self.messages.get(&channel, ts).map(|m| m.shape(&channel, &self.ws, true));
        Ok(json!({"channel": channel, "ts": ts.to_string(), "text": text, "message": message}))
    }

    /// `chat.delete`.
    pub(super) fn chat_delete(&mut self, args: Args<'_>, now: At) -> Outcome {
        let (channel, ts) = self.pointed(args, "ts", "message_not_found")?;
        let bot = &self.ws.bot.user_id;
        if self.messages.get(&channel, ts).is_none_or(|m| !m.by_app || &m.user != bot || m.subtype.is_some()) {
            return Err("cant_delete_message".into());
        }
        self.remove_message(&channel, ts, now);
        Ok(json!({"channel": channel, "ts": ts.to_string()}))
    }

    /// Deletes a message; a thread's parent leaves a tombstone.
    pub(super) fn remove_message(&mut self, channel: &str, ts: Ts, now: At) {
        let Some(gone) = self.messages.remove(channel, ts) else { return };
        self.tell_of_gone(channel, &gone, now);
        if gone.replies.is_empty() {
            self.keep(Change::Gone { channel: channel.into(), ts });
        } else {
            let stone = Message {
                ts,
                user: "USLACKBOT".into(),
                text: "This message was deleted.".into(),
                subtype: Some("tombstone".into()),
                replies: gone.replies.clone(),
                visible_from: gone.visible_from,
                ..Message::default()
            };
            self.messages.put(channel, stone.clone());
            self.keep(Change::Message { channel: channel.into(), message: stone });
        }
        if let Some(parent) = gone.thread.and_then(|p| self.messages.get_mut(channel, p)) {
            parent.replies.retain(|(reply, _)| *reply != ts);
            let parent = parent.clone();
            self.keep(Change::Message { channel: channel.into(), message: parent });
        }
    }

    /// `chat.getPermalink`.
    pub(super) fn permalink(&self, args: Args<'_>) -> Outcome {
        let (channel, ts) = self.pointed(args, "message_ts", "message_not_found")?;
        Ok(json!({"channel": channel, "permalink": self.link_to(&channel, ts)}))
    }

    pub(super) fn link_to(&self, channel: &str, ts: Ts) -> String {
        format!("https://{}.slack.com/archives/{channel}/p{:016}", self.ws.team_domain, ts.0)
    }

    /// `chat.postEphemeral`.
    pub(super) fn post_ephemeral(&mut self, args: Args<'_>, now: At) -> Outcome {
        let said = args.need("user")?;
        let channel = self.target(args, now)?;
        let content = self.content(args)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        let c = self.dir.conversations.get(&channel).ok_or("channel_not_found")?;
        let user = self.dir.users.get(&said).filter(|u| !u.deleted).ok_or("user_not_in_channel")?;
        if !c.has(&user.id) {
            return Err("user_not_in_channel".into());
        }
        let user = user.id.clone();
        let thread = self.thread_of(args, &channel)?;
        // Taken, and not shown: "only shown if there is already an active thread".
        let is_active = |parent| self.messages.get(&channel, parent).is_some_and(|m| !m.replies.is_empty());
        let ts = match thread {
            Some(parent) if !is_active(parent) => self.messages.next_ts(&channel, now),
            _ => self.show_ephemeral(&channel, &user, content, thread, now),
        };
        Ok(json!({"message_ts": ts.to_string()}))
    }

    /// Shows one person a message nobody keeps.
    pub(super) fn show_ephemeral(
        &mut self,
        channel: &str,
        user: &str,
        content: Content,
        thread: Option<Ts>,
        now: At,
    ) -> Ts {
        let ts = self.messages.next_ts(channel, now);
        let message = Message {
            ts,
            user: self.ws.bot.user_id.clone(),
            by_app: true,
            text: content.text.unwrap_or_default(),
            blocks: content.blocks.unwrap_or_default(),
            attachments: content.attachments.unwrap_or_default(),
            thread,
            ..Message::default()
        };
        self.remember_ephemeral(Ephemeral { channel: channel.into(), user: user.into(), message });
        ts
    }

    /// A person writes something: nothing Slack's bots can do, but what they hear about.
    ///
    /// # Errors
    /// Names what is wrong: an unknown or deactivated person, a channel they cannot see.
    pub fn say(
        &mut self,
        user: &str,
        channel: &str,
        text: &str,
        thread: Option<&str>,
        now: At,
    ) -> Result<Value, super::interactions::Cannot> {
        let user = self.actor(user)?;
        let channel = self.place(channel, &user, now)?;
        let thread = thread.and_then(|t| t.parse().ok()).filter(|ts| self.messages.get(&channel, *ts).is_some());
        let ts = self.messages.next_ts(&channel, now);
        let message =
            Message { ts, user: user.clone(), text: text.into(), thread, visible_from: now, ..Message::default() };
        Ok(self.told(&channel, message, now))
    }

    /// A person changes what they wrote.
    ///
    /// # Errors
    /// Nobody of that name, no such message, or not theirs.
    pub fn edit(
        &mut self,
        user: &str,
        channel: &str,
        ts: &str,
        text: &str,
        now: At,
    ) -> Result<(), super::interactions::Cannot> {
        let (user, channel, ts) = self.own(user, channel, ts, now)?;
        let edited = self.messages.next_ts("", now);
        let Some(m) = self.messages.get_mut(&channel, ts) else { return Ok(()) };
        let next = Message { text: text.into(), edited: Some(edited), ..m.clone() };
        let before = std::mem::replace(m, next.clone());
        debug_assert_eq!(before.user, user);
        self.keep(Change::Message { channel: channel.clone(), message: next });
        self.tell_of_change(&channel, ts, &before, now);
        Ok(())
    }

    /// A person deletes what they wrote.
    ///
    /// # Errors
    /// Nobody of that name, no such message, or not theirs.
    pub fn unsay(&mut self, user: &str, channel: &str, ts: &str, now: At) -> Result<(), super::interactions::Cannot> {
        let (_, channel, ts) = self.own(user, channel, ts, now)?;
        self.remove_message(&channel, ts, now);
        Ok(())
    }

    /// A message that this person wrote: Slack lets members change only their own.
    fn own(
        &mut self,
        user: &str,
        channel: &str,
        ts: &str,
        now: At,
    ) -> Result<(String, String, Ts), super::interactions::Cannot> {
        let user = self.actor(user)?;
        let channel = self.place(channel, &user, now)?;
        let found = ts.parse().ok().filter(|ts| self.messages.get(&channel, *ts).is_some_and(|m| m.user == user));
        match found {
            Some(ts) => Ok((user, channel, ts)),
            None => {
                let why = format!("`ts`: no message {ts} of theirs there");
                Err(super::interactions::Cannot::new(404, "message_not_found", why))
            }
        }
    }

    /// Another app writes something by an incoming webhook of its own: a monitor, say. Such a webhook takes what
    /// `chat.postMessage` takes: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
    ///
    /// # Errors
    /// An unknown channel, or nothing in it.
    pub fn say_as_app(
        &mut self,
        app: &str,
        channel: &str,
        said: &Value,
        now: At,
    ) -> Result<Value, super::interactions::Cannot> {
        let channel = self.find_place(channel, now)?;
        let list = |key: &str| said[key].as_array().cloned().unwrap_or_default();
        let text = said["text"].as_str().unwrap_or_default().to_owned();
        let (blocks, attachments) = (list("blocks"), list("attachments"));
        if text.is_empty() && blocks.is_empty() && attachments.is_empty() {
            return Err(super::interactions::Cannot::new(400, "no_text", "`text`: nothing to say".to_owned()));
        }
        let thread = said["thread_ts"].as_str().and_then(|t| t.parse().ok());
        let thread = thread.filter(|ts| self.messages.get(&channel, *ts).is_some());
        let ts = self.messages.next_ts(&channel, now);
        let (other_app, user) = (Some(app.to_owned()), OTHER_BOT.to_owned());
        let message =
            Message { ts, user, other_app, text, blocks, attachments, thread, visible_from: now, ..Message::default() };
        Ok(self.told(&channel, message, now))
    }

    /// Keeps it, and tells an app that hears of it.
    fn told(&mut self, channel: &str, message: Message, now: At) -> Value {
        let ts = message.ts;
        self.put_message(channel, message);
        self.tell_of_message(channel, ts, now);
        self.messages.get(channel, ts).map_or(Value::Null, |m| m.shape(channel, &self.ws, false))
    }
}

/// Cuts text into messages of at most 4,000 characters, at a line's end where there is one.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(limits::SPLIT_AFTER) {
        let cut = rest[..end].rfind('\n').map_or(end, |i| i + 1);
        parts.push(rest[..cut].trim_end_matches('\n').to_owned());
        rest = &rest[cut..];
    }
    parts.push(rest.to_owned());
    parts
}
