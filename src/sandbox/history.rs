//! `conversations.history` and `conversations.replies`.

use super::answer::{Outcome, Refused};
use super::args::{self, Args};
use super::directory::Sort;
use super::messages::{Message, Ts};
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Value, json};

/// The interval of `ts` a call asks for.
struct Between {
    oldest: Option<Ts>,
    latest: Option<Ts>,
    inclusive: bool,
}

impl Between {
    fn of(args: Args<'_>) -> Result<Self, Refused> {
        let bound = |name: &str, error: &str| match args.text(name).filter(|s| s != "0" && s != "now") {
            None => Ok(None),
            Some(s) => s.parse().map(Some).map_err(|_| Refused::from(error)),
        };
        Ok(Self {
            oldest: bound("oldest", "invalid_ts_oldest")?,
            latest: bound("latest", "invalid_ts_latest")?,
            inclusive: args.flag("inclusive") == Some(true),
        })
    }

    fn holds(&self, ts: Ts) -> bool {
        let on_edge = Some(ts) == self.oldest || Some(ts) == self.latest;
        let inside = self.oldest.is_none_or(|o| ts > o) && self.latest.is_none_or(|l| ts < l);
        inside || (on_edge && self.inclusive)
    }
}

impl Slack {
    /// `conversations.history`: newest first, no replies unless broadcast, metadata only on request, and with a lag.
    pub(super) fn history(&self, args: Args<'_>, now: At) -> Outcome {
        let c = self.conversation(args)?;
        if !c.has(&self.ws.bot.user_id) {
            return Err("not_in_channel".into());
        }
        let between = Between::of(args)?;
        let with_metadata = args.flag("include_all_metadata") == Some(true);
        let found: Vec<&Message> =
            self.messages.in_channel(&c.id).rev().filter(|m| m.visible_from <= now && between.holds(m.ts)).collect();
        let (page, next) = args::page(args, &found, 100, 999)?;
        let messages: Vec<Value> = page.iter().map(|m| m.shape(&c.id, &self.ws, with_metadata)).collect();
        let mut v = json!({
            "messages": messages, "has_more": !next.is_empty(), "channel_actions_ts": null, "channel_actions_count": 0,
            "pin_count": self.messages.of(&c.id).filter(|m| m.pinned).count(),
        });
        for bound in ["oldest", "latest"] {
            if let Some(ts) = args.text(bound) {
                v[bound] = ts.into();
            }
        }
        if !next.is_empty() {
            v["response_metadata"] = json!({"next_cursor": next});
        }
        Ok(v)
    }

    /// `conversations.replies`: a bot token may read threads in direct messages only.
    pub(super) fn replies(&self, args: Args<'_>, now: At) -> Outcome {
        let c = self.conversation(args)?;
        if c.sort != Sort::Im {
            return Err("not_allowed_token_type".into());
        }
        let ts: Ts = args.need("ts")?.parse().map_err(|_| Refused::from("thread_not_found"))?;
        let parent = self.messages.get(&c.id, ts).ok_or("thread_not_found")?;
        let root = parent.thread.unwrap_or(ts);
        let between = Between::of(args)?;
        let with_metadata = args.flag("include_all_metadata") == Some(true);
        let found: Vec<&Message> = self
            .messages
            .in_thread(&c.id, root)
            .filter(|m| m.ts == root || (m.visible_from <= now && between.holds(m.ts)))
            .collect();
        let (page, next) = args::page(args, &found, 1_000, 1_000)?;
        let messages: Vec<Value> = page.iter().map(|m| m.shape(&c.id, &self.ws, with_metadata)).collect();
        Ok(json!({
            "messages": messages, "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next},
        }))
    }
}
