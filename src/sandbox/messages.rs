//! Messages as Slack keeps them, and the shape in which it shows them.

use super::workspace::Workspace;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A message's `ts`: microseconds since 1970, written `seconds.microseconds`. Unique and increasing in a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ts(pub u64);

impl Ts {
    /// The instant it names, to the millisecond.
    pub fn at(self) -> At {
        At(i64::try_from(self.0 / 1_000).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

impl FromStr for Ts {
    type Err = &'static str;

    /// Reads `seconds` or `seconds.fraction` with at most six digits after the point.
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a ts is seconds.microseconds, such as 1700000000.000100";
        let (secs, micros) = s.split_once('.').unwrap_or((s, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if secs.is_empty() || secs.len() > 12 || micros.len() > 6 || !digits(secs) || !digits(micros) {
            return Err(WRONG);
        }
        let secs: u64 = secs.parse().map_err(|_| WRONG)?;
        let micros: u64 = format!("{micros:0<6}").parse().map_err(|_| WRONG)?;
        Ok(Self(secs * 1_000_000 + micros))
    }
}

impl TryFrom<String> for Ts {
    type Error = &'static str;

    fn try_from(s: String) -> Result<Self, Self::Error> {
        s.parse()
    }
}

impl From<Ts> for String {
    fn from(ts: Ts) -> Self {
        ts.to_string()
    }
}

/// The bot behind another app's incoming webhook.
pub const OTHER_BOT: &str = "B0OTHERAPP";

/// A message in a channel or thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Message {
    pub ts: Ts,
    /// The author: a person or the bot's user.
    pub user: String,
    /// Whether the app wrote it.
    pub by_app: bool,
    /// What another app calls itself, that wrote it by an incoming webhook: [`Message::user`] is a bot's id then.
    pub other_app: Option<String>,
    pub text: String,
    pub blocks: Vec<Value>,
    pub attachments: Vec<Value>,
    pub metadata: Option<Value>,
    /// The thread's parent, for a reply.
    pub thread: Option<Ts>,
    pub parent_user: Option<String>,
    /// A reply also shown in the channel.
    pub broadcast: bool,
    /// A parent's replies, oldest first, with their authors.
    pub replies: Vec<(Ts, String)>,
    pub edited: Option<Ts>,
    /// Name and who reacted.
    pub reactions: Vec<(String, Vec<String>)>,
    pub pinned: bool,
    pub files: Vec<Value>,
    pub subtype: Option<String>,
    /// From when on `conversations.history` shows it.
    pub visible_from: At,
}

impl Message {
    /// The message as `conversations.history` gives it.
    pub fn shape(&self, channel: &str, ws: &Workspace, with_metadata: bool) -> Value {
        let mut m = Map::new();
        m.insert("type".into(), "message".into());
        if let Some(subtype) = &self.subtype {
            m.insert("subtype".into(), subtype.clone().into());
        }
        match &self.other_app {
            // docs.slack.dev/reference/events/message/bot_message
            Some(name) => {
                m.insert("subtype".into(), "bot_message".into());
                m.insert("username".into(), name.clone().into());
                m.insert("bot_id".into(), OTHER_BOT.into());
            }
            None => {
                m.insert("user".into(), self.user.clone().into());
            }
        }
        m.insert("ts".into(), self.ts.to_string().into());
        if self.by_app {
            m.insert("bot_id".into(), ws.bot.bot_id.clone().into());
            m.insert("app_id".into(), ws.app_id.clone().into());
            m.insert("bot_profile".into(), bot_profile(ws));
        }
        m.insert("text".into(), self.text.clone().into());
        m.insert("team".into(), ws.team_id.clone().into());
        if !self.blocks.is_empty() {
            m.insert("blocks".into(), self.blocks.clone().into());
        }
        if !self.attachments.is_empty() {
            m.insert("attachments".into(), self.attachments.clone().into());
        }
        if !self.files.is_empty() {
            m.insert("files".into(), self.files.clone().into());
            m.insert("upload".into(), false.into());
        }
        if let Some(ts) = self.edited {
            m.insert("edited".into(), json!({"user": self.user, "ts": ts.to_string()}));
        }
        if let Some(parent) = self.thread {
            m.insert("thread_ts".into(), parent.to_string().into());
            m.insert("parent_user_id".into(), json!(self.parent_user));
            if self.broadcast {
                m.insert("subtype".into(), "thread_broadcast".into());
            }
        }
        if let Some((latest, _)) = self.replies.last() {
            let mut who: Vec<&String> = Vec::new();
            for (_, user) in &self.replies {
                if !who.contains(&user) {
                    who.push(user);
                }
            }
            m.insert("thread_ts".into(), self.ts.to_string().into());
            m.insert("reply_count".into(), self.replies.len().into());
            m.insert("reply_users_count".into(), who.len().into());
            m.insert("latest_reply".into(), latest.to_string().into());
            m.insert("reply_users".into(), json!(who));
            m.insert("is_locked".into(), false.into());
            m.insert("subscribed".into(), self.by_app.into());
        }
        if !self.reactions.is_empty() {
            m.insert("reactions".into(), self.shape_reactions());
        }
        if self.pinned {
            m.insert("pinned_to".into(), json!([channel]));
        }
        if let (true, Some(metadata)) = (with_metadata, &self.metadata) {
            m.insert("metadata".into(), metadata.clone());
        }
        Value::Object(m)
    }

    fn shape_reactions(&self) -> Value {
        let one = |(name, users): &(String, Vec<String>)| json!({"name": name, "users": users, "count": users.len()});
        self.reactions.iter().map(one).collect()
    }

    /// Everything a person can read in it, for searching.
    pub fn readable(&self) -> String {
        let mut out = self.text.clone();
        for v in self.blocks.iter().chain(&self.attachments) {
            gather_text(v, &mut out);
        }
        out
    }
}

/// The bot as its messages carry it.
pub fn bot_profile(ws: &Workspace) -> Value {
    json!({
        "id": ws.bot.bot_id, "deleted": false, "name": ws.bot.name, "updated": 1_700_000_000, "app_id": ws.app_id,
        "user_id": ws.bot.user_id, "icons": {"image_36": "", "image_48": "", "image_72": ""}, "team_id": ws.team_id,
    })
}

fn gather_text(v: &Value, out: &mut String) {
    match v {
        Value::Array(items) => items.iter().for_each(|i| gather_text(i, out)),
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(s) if matches!(key.as_str(), "text" | "title" | "pretext" | "alt_text") => {
                        out.push('\n');
                        out.push_str(s);
                    }
                    _ => gather_text(inner, out),
                }
            }
        }
        _ => {}
    }
}

/// A message only one person sees. Slack keeps these nowhere: neither do we, beyond this list in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Ephemeral {
    pub channel: String,
    pub user: String,
    pub message: Message,
}

impl Ephemeral {
    /// The message as the person's client holds it.
    pub fn shape(&self, ws: &Workspace) -> Value {
        let mut v = self.message.shape(&self.channel, ws, false);
        v["is_ephemeral"] = true.into();
        v["subtype"] = "bot_message".into();
        v
    }
}

/// All messages, by channel and `ts`.
#[derive(Clone, Debug, Default)]
pub struct Messages {
    by_channel: BTreeMap<String, BTreeMap<Ts, Message>>,
    /// The newest `ts` ever given out in a channel, deleted messages included.
    last: BTreeMap<String, Ts>,
}

impl Messages {
    /// A `ts` for a message posted at `now`: unique in its channel and later than all before.
    pub fn next_ts(&mut self, channel: &str, now: At) -> Ts {
        let wanted = u64::try_from(now.0.max(0)).unwrap_or(0).saturating_mul(1_000);
        let last = self.last.entry(channel.into()).or_default();
        *last = Ts(wanted.max(last.0 + 1));
        *last
    }

    pub fn get(&self, channel: &str, ts: Ts) -> Option<&Message> {
        self.by_channel.get(channel)?.get(&ts)
    }

    pub fn get_mut(&mut self, channel: &str, ts: Ts) -> Option<&mut Message> {
        self.by_channel.get_mut(channel)?.get_mut(&ts)
    }

    pub fn put(&mut self, channel: &str, message: Message) {
        let last = self.last.entry(channel.into()).or_default();
        *last = (*last).max(message.ts);
        self.by_channel.entry(channel.into()).or_default().insert(message.ts, message);
    }

    pub fn remove(&mut self, channel: &str, ts: Ts) -> Option<Message> {
        self.by_channel.get_mut(channel)?.remove(&ts)
    }

    /// Every message of a channel, replies included, oldest first.
    pub fn of<'a>(&'a self, channel: &str) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.by_channel.get(channel).into_iter().flat_map(BTreeMap::values)
    }

    /// What stands in the channel itself, oldest first: no replies unless broadcast.
    pub fn in_channel<'a>(&'a self, channel: &str) -> impl DoubleEndedIterator<Item = &'a Message> + use<'a> {
        self.of(channel).filter(|m| m.thread.is_none() || m.broadcast)
    }

    /// A thread: its parent, then its replies, oldest first.
    pub fn in_thread<'a>(&'a self, channel: &str, parent: Ts) -> impl Iterator<Item = &'a Message> + use<'a> {
        self.of(channel).filter(move |m| m.ts == parent || m.thread == Some(parent))
    }

    /// All of them with their channels.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Message)> {
        self.by_channel.iter().flat_map(|(c, ms)| ms.values().map(move |m| (c, m)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ts_reads_back_what_it_prints() {
        for s in ["1700000000.000100", "1.000001", "0.000000"] {
            assert_eq!(s.parse::<Ts>().unwrap().to_string(), s);
        }
        assert_eq!("1700000000".parse::<Ts>().unwrap().to_string(), "1700000000.000000");
        for s in ["", ".", "x", "1.0000001", "-1.0", "1e9", "99999999999999999999.0"] {
            assert!(s.parse::<Ts>().is_err(), "{s}");
        }
    }

    #[test]
    fn timestamps_increase_whatever_the_clock_does() {
        let mut messages = Messages::default();
        let mut last = Ts(0);
        for now in [1_000, 1_000, 999, 5, 1_001] {
            let ts = messages.next_ts("C1", At(now));
            assert!(ts > last);
            last = ts;
        }
        assert_eq!(messages.next_ts("C2", At(7)), Ts(7_000));
    }
}
