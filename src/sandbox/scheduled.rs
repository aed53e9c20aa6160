//! `chat.scheduleMessage` and its relatives.

use super::answer::{Outcome, Refused};
use super::args::{self, Args};
use super::content::Content;
use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How far ahead a message may be scheduled, in seconds.
const FARTHEST_SECS: i64 = 120 * 24 * 3_600;
/// Messages scheduled into the same five minutes of a channel.
const IN_FIVE_MINUTES: usize = 30;

/// A message waiting for its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scheduled {
    pub id: String,
    pub channel: String,
    /// Unix seconds.
    pub post_at: i64,
    /// Unix seconds.
    pub created: i64,
    /// The call's arguments: they are checked again when the time comes.
    pub args: Map<String, Value>,
}

impl Slack {
    /// `chat.scheduleMessage`. A message with metadata is accepted and never posted, as Slack does it.
    pub(super) fn schedule(&mut self, args: Args<'_>, now: At) -> Outcome {
        let post_at = args.int("post_at")?.ok_or_else(|| Refused::from("invalid_time"))?;
        if post_at <= now.secs() {
            return Err("time_in_past".into());
        }
        if post_at > now.secs() + FARTHEST_SECS {
            return Err("time_too_far".into());
        }
        let content = self.content(args)?;
        if content.is_empty() {
            return Err("no_text".into());
        }
        let channel = self.target_for_schedule(args, now)?;
        let slot = post_at.div_euclid(300);
        let full = self.extras.scheduled.values().filter(|s| s.channel == channel && s.post_at.div_euclid(300) == slot);
        if full.count() >= IN_FIVE_MINUTES {
            return Err("restricted_too_many".into());
        }
        let id = self.new_id("Q");
        let mut kept = args.0.clone();
        kept.remove("token");
        let scheduled =
            Scheduled { id: id.clone(), channel: channel.clone(), post_at, created: now.secs(), args: kept };
        self.extras.scheduled.insert(id.clone(), scheduled.clone());
        self.keep(Change::Scheduled(scheduled));
        let message = json!({
            "type": "delayed_message", "text": content.text.unwrap_or_default(), "user": self.ws.bot.user_id,
            "bot_id": self.ws.bot.bot_id, "app_id": self.ws.app_id, "team": self.ws.team_id,
            "blocks": content.blocks, "bot_profile": super::messages::bot_profile(&self.ws),
        });
        Ok(json!({"scheduled_message_id": id, "channel": channel, "post_at": post_at, "message": message}))
    }

    fn target_for_schedule(&mut self, args: Args<'_>, now: At) -> Result<String, Refused> {
        let said = args.need("channel")?;
        if self.dir.users.get(&said).is_some_and(|u| !u.is_bot && !u.deleted) {
            return Ok(self.im_with(&said, now));
        }
        let c = self.conversation(args)?;
        if c.is_archived {
            return Err("is_archived".into());
        }
        if !c.has(&self.ws.bot.user_id) && !self.has_scope("chat:write.public") {
            return Err("not_in_channel".into());
        }
        Ok(c.id.clone())
    }

    /// `chat.deleteScheduledMessage`.
    pub(super) fn unschedule(&mut self, args: Args<'_>, now: At) -> Outcome {
        let channel = args.need("channel")?;
        let id = args.need("scheduled_message_id")?;
        // Slack refuses within the last minute before posting.
        let known = self.extras.scheduled.get(&id).is_some_and(|s| s.channel == channel && s.post_at > now.secs() + 60);
        if !known {
            return Err("invalid_scheduled_message_id".into());
        }
        self.extras.scheduled.remove(&id);
        self.keep(Change::Unscheduled { id });
        Ok(json!({}))
    }

    /// `chat.scheduledMessages.list`.
    pub(super) fn scheduled_list(&self, args: Args<'_>) -> Outcome {
        let channel = args.text("channel");
        let (oldest, latest) = (args.int("oldest")?, args.int("latest")?);
        let mut list: Vec<&Scheduled> = self
            .extras
            .scheduled
            .values()
            .filter(|s| channel.as_ref().is_none_or(|c| c == &s.channel))
            .filter(|s| oldest.is_none_or(|t| s.post_at >= t) && latest.is_none_or(|t| s.post_at <= t))
            .collect();
        list.sort_by_key(|s| (s.post_at, s.created));
        let shape = |s: &&Scheduled| {
            json!({"id": s.id, "channel_id": s.channel, "post_at": s.post_at, "date_created": s.created,
                   "text": s.args.get("text").and_then(Value::as_str).unwrap_or("")})
        };
        let list: Vec<Value> = list.iter().map(shape).collect();
        let (page, next) = args::page(args, &list, 100, 1_000)?;
        Ok(json!({"scheduled_messages": page, "response_metadata": {"next_cursor": next}}))
    }

    /// Posts what is due.
    pub(super) fn post_scheduled(&mut self, now: At) {
        let due: Vec<Scheduled> = self.extras.scheduled.values().filter(|s| s.post_at <= now.secs()).cloned().collect();
        for s in due {
            self.extras.scheduled.remove(&s.id);
            self.keep(Change::Unscheduled { id: s.id.clone() });
            let content: Content = match self.content(Args(&s.args)) {
                Ok(content) if content.metadata.is_none() => content,
                _ => continue,
            };
            let open =
                self.dir.conversations.get(&s.channel).is_some_and(|c| !c.is_archived && c.has(&self.ws.bot.user_id));
            if open {
                self.post(&s.channel, content, None, false, now);
            }
        }
    }

    /// When the next scheduled message is due.
    pub(super) fn next_scheduled(&self) -> Option<At> {
        self.extras.scheduled.values().map(|s| At(s.post_at.saturating_mul(1_000))).min()
    }
}
