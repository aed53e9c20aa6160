//! What a person's act hands to the app: a `trigger_id` for 3 seconds and one use, a `response_url` for 30 minutes and
//! five uses. Source: docs.slack.dev/interactivity/handling-user-interaction.

use super::answer::{Answer, Refused};
use super::args::Args;
use super::content::Content;
use super::messages::Ts;
use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;
use rand::RngExt;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// How long a trigger lives, in milliseconds.
const TRIGGER_MS: i64 = 3_000;
/// How long a response URL lives, in milliseconds.
const URL_MS: i64 = 30 * 60_000;
/// How often a response URL may be used.
const URL_USES: u32 = 5;
/// Triggers and URLs remembered beyond their end, so that "expired" and "unknown" stay two answers.
const KEPT: usize = 5_000;

/// A trigger.
#[derive(Clone, Debug)]
pub struct Trigger {
    pub user: String,
    at: At,
    used: bool,
}

/// A response URL.
#[derive(Clone, Debug)]
struct ResponseUrl {
    channel: String,
    user: String,
    /// The message the act was about, and whether only the person sees it.
    origin: Option<(Ts, bool)>,
    at: At,
    uses: u32,
}

/// All of them. Keys grow, so the first is the oldest.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    triggers: BTreeMap<String, Trigger>,
    urls: BTreeMap<String, ResponseUrl>,
    count: u64,
}

impl Slack {
    /// A new trigger for a person's act.
    pub(super) fn new_trigger(&mut self, user: &str, now: At) -> String {
        let secret = self.random_word(32);
        let team = self.rng.random_range(1_000_000_000_u64..9_999_999_999);
        let t = &mut self.interactions.triggers;
        t.count += 1;
        let id = format!("{:013}.{team}.{secret}", 1_000_000_000_000 + t.count);
        t.triggers.insert(id.clone(), Trigger { user: user.into(), at: now, used: false });
        if t.triggers.len() > KEPT {
            t.triggers.pop_first();
        }
        id
    }

    /// Uses up the `trigger_id` of a call.
    ///
    /// # Errors
    /// `invalid_trigger_id`, `exchanged_trigger_id`, `expired_trigger_id`.
    pub(super) fn exchange_trigger(&mut self, args: Args<'_>, now: At) -> Result<Trigger, Refused> {
        let id = args.need("trigger_id")?;
        let t = self.interactions.triggers.triggers.get_mut(&id).ok_or("invalid_trigger_id")?;
        if t.used {
            return Err("exchanged_trigger_id".into());
        }
        if now.0 - t.at.0 > TRIGGER_MS {
            return Err("expired_trigger_id".into());
        }
        t.used = true;
        Ok(t.clone())
    }

    /// A new response URL. `kind` is `actions`, `commands` or `app`.
    pub(super) fn new_response_url(
        &mut self,
        kind: &str,
        user: &str,
        channel: &str,
        origin: Option<(Ts, bool)>,
        now: At,
    ) -> String {
        let secret = self.random_word(24);
        let t = &mut self.interactions.triggers;
        t.count += 1;
        let path = format!("/{kind}/{}/{:013}/{secret}", self.ws.team_id, 1_000_000_000_000 + t.count);
        let url = ResponseUrl { channel: channel.into(), user: user.into(), origin, at: now, uses: 0 };
        t.urls.insert(path.clone(), url);
        if t.urls.len() > KEPT {
            t.urls.pop_first();
        }
        format!("{}{path}", self.base_url)
    }

    /// A POST to a response URL's path, such as `/actions/T1/2/abc`.
    pub fn respond(&mut self, path: &str, body: Map<String, Value>, now: At) -> Answer {
        let mut answer = Answer::ok(json!({"ok": true}));
        if let Err(refused) = self.respond_inner(path, &body, now) {
            answer.status = if refused.error == "expired_url" || refused.error == "used_url" { 404 } else { 400 };
            answer.body = refused.body();
        }
        self.log_call("response_url", body, &answer, now);
        answer
    }

    fn respond_inner(&mut self, path: &str, body: &Map<String, Value>, now: At) -> Result<(), Refused> {
        let url = self.interactions.triggers.urls.get(path).cloned().ok_or("expired_url")?;
        if now.0 - url.at.0 > URL_MS {
            return Err("expired_url".into());
        }
        if url.uses >= URL_USES {
            return Err("used_url".into());
        }
        let args = Args(body);
        let content = self.content(args)?;
        let delete = args.flag("delete_original") == Some(true);
        if content.is_empty() && !delete {
            return Err("no_text".into());
        }
        if let Some(u) = self.interactions.triggers.urls.get_mut(path) {
            u.uses += 1;
        }
        if delete {
            self.delete_original(&url, now);
            return Ok(());
        }
        if args.flag("replace_original") == Some(true) && url.origin.is_some() {
            self.replace_original(&url, content, now);
            return Ok(());
        }
        if args.text("response_type").as_deref() == Some("in_channel") {
            let thread = args.text("thread_ts").and_then(|t| t.parse().ok());
            let thread = thread.filter(|ts| self.messages.get(&url.channel, *ts).is_some());
            self.post(&url.channel, content, thread, false, now);
        } else {
            // `thread_ts` is documented for what goes to the whole channel only.
            self.show_ephemeral(&url.channel, &url.user, content, None, now);
        }
        Ok(())
    }

    fn delete_original(&mut self, url: &ResponseUrl, now: At) {
        match url.origin {
            Some((ts, true)) => {
                self.ephemerals.retain(|e| !(e.channel == url.channel && e.message.ts == ts));
                self.touch();
            }
            Some((ts, false)) => self.remove_message(&url.channel, ts, now),
            None => {}
        }
    }

    fn replace_original(&mut self, url: &ResponseUrl, content: Content, now: At) {
        let Some((ts, ephemeral)) = url.origin else { return };
        let edited = self.messages.next_ts("", now);
        let swap = |m: &mut super::messages::Message| {
            m.text = content.text.clone().unwrap_or_default();
            m.blocks = content.blocks.clone().unwrap_or_default();
            m.attachments = content.attachments.clone().unwrap_or_default();
            m.edited = Some(edited);
        };
        if ephemeral {
            let found = self.ephemerals.iter_mut().find(|e| e.channel == url.channel && e.message.ts == ts);
            if let Some(e) = found {
                swap(&mut e.message);
                e.message.edited = None;
            }
            self.touch();
        } else if let Some(m) = self.messages.get_mut(&url.channel, ts) {
            let before = m.clone();
            swap(m);
            let message = m.clone();
            self.keep(Change::Message { channel: url.channel.clone(), message });
            self.tell_of_change(&url.channel, ts, &before, now);
        }
    }
}
