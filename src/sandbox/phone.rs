//! The phone in a person's pocket: what Slack pushes to it, kept with the time it came.
//!
//! Slack pushes a direct message, a message that mentions the person, and a reply in a thread the person follows. It
//! never pushes an edit, an ephemeral, or somebody's own message; in the person's Do Not Disturb hours it keeps silent.
//! Sources: slack.com/help/articles/360025446073 (what you are notified about), docs.slack.dev/messaging (the top-level
//! `text` is what a notification shows).

use super::directory::Sort;
use super::messages::{Message, Ts};
use super::persist::Change;
use super::state::Slack;
use super::users::next_window;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Pushes remembered over all people, newest last.
pub const PUSHES_KEPT: usize = 500;
/// What a phone shows of a message that has no top-level `text`.
pub const NO_TEXT: &str = "This content can't be displayed.";

/// Why Slack pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    DirectMessage,
    Mention,
    FollowedThread,
}

/// One notification on one person's lock screen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    pub user: String,
    pub channel: String,
    pub ts: Ts,
    /// Who wrote it: a user's id.
    pub from: String,
    /// The message's top-level `text`, as mrkdwn; never its blocks.
    pub text: String,
    pub why: Why,
    /// It came in the person's Do Not Disturb hours: Slack holds it back.
    pub silent: bool,
}

impl Push {
    /// When it came.
    pub fn at(&self) -> At {
        self.ts.at()
    }
}

impl Slack {
    /// What is on a person's lock screen, oldest first.
    pub fn pushes<'a>(&'a self, user: &str) -> impl DoubleEndedIterator<Item = &'a Push> {
        self.pushes.iter().filter(move |p| p.user == user)
    }

    /// Pushes a new message to everybody it concerns.
    pub(super) fn push_message(&mut self, channel: &str, m: &Message) {
        let Some(c) = self.dir.conversations.get(channel) else { return };
        let mentioned = self.mentioned(channel, m);
        let followers = m.thread.map(|parent| self.followers(channel, parent)).unwrap_or_default();
        let why = |user: &str| match () {
            () if c.sort == Sort::Im => Some(Why::DirectMessage),
            () if mentioned.contains(user) => Some(Why::Mention),
            () if followers.contains(user) => Some(Why::FollowedThread),
            () => None,
        };
        let at = m.ts.at();
        let reached = self.dir.people().filter(|u| u.id != m.user && c.has(&u.id));
        let pushes: Vec<Push> = reached
            .filter_map(|u| {
                let window = u.dnd.as_ref().and_then(|w| next_window(w, &u.tz, at));
                Some(Push {
                    user: u.id.clone(),
                    channel: channel.into(),
                    ts: m.ts,
                    from: m.user.clone(),
                    text: if m.text.trim().is_empty() { NO_TEXT.into() } else { m.text.clone() },
                    why: why(&u.id)?,
                    silent: window.is_some_and(|(from, until)| (from..until).contains(&at.secs())),
                })
            })
            .collect();
        for push in pushes {
            self.take_push(push.clone());
            self.keep(Change::Push(push));
        }
    }

    pub(super) fn take_push(&mut self, push: Push) {
        if self.pushes.len() == PUSHES_KEPT {
            self.pushes.pop_front();
        }
        self.pushes.push_back(push);
    }

    /// Whoever a message mentions: by name, by group, or by `<!channel>` and its like.
    pub(super) fn mentioned(&self, channel: &str, m: &Message) -> BTreeSet<String> {
        let mut marks = Vec::new();
        controls(&m.text, &mut marks);
        for v in m.blocks.iter().chain(&m.attachments) {
            gather(v, &mut marks);
        }
        let members = || self.dir.conversations.get(channel).map(|c| c.members.clone()).unwrap_or_default();
        let mut found = BTreeSet::new();
        for mark in marks {
            let target = mark.split('|').next().unwrap_or("");
            match target.strip_prefix('@').filter(|id| self.dir.users.contains_key(*id)) {
                Some(id) => found.extend([id.to_owned()]),
                None => match target {
                    "!channel" | "!here" | "!everyone" => found.extend(members()),
                    other => {
                        let group = other.strip_prefix("!subteam^").and_then(|id| self.groups.get(id));
                        found.extend(group.map(|g| g.users.clone()).unwrap_or_default());
                    }
                },
            }
        }
        found
    }

    /// Whoever wrote in a thread, began it, or was mentioned in it follows it.
    fn followers(&self, channel: &str, parent: Ts) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for m in self.messages.in_thread(channel, parent) {
            found.insert(m.user.clone());
            found.extend(self.mentioned(channel, m));
        }
        found
    }
}

/// The insides of `<…>` in mrkdwn.
fn controls(text: &str, into: &mut Vec<String>) {
    for part in text.split('<').skip(1) {
        if let Some((inside, _)) = part.split_once('>') {
            into.push(inside.to_owned());
        }
    }
}

/// Mentions inside blocks: in mrkdwn texts and in rich text, never in plain text.
fn gather(v: &Value, into: &mut Vec<String>) {
    match v {
        Value::Array(items) => items.iter().for_each(|i| gather(i, into)),
        Value::Object(map) => {
            let said = |key: &str| map.get(key).and_then(Value::as_str);
            match (said("type"), said("text")) {
                (Some("plain_text"), _) => return,
                (Some("mrkdwn"), Some(text)) => controls(text, into),
                (Some("user"), _) => into.extend(said("user_id").map(|id| format!("@{id}"))),
                (Some("usergroup"), _) => into.extend(said("usergroup_id").map(|id| format!("!subteam^{id}"))),
                (Some("broadcast"), _) => into.extend(said("range").map(|range| format!("!{range}"))),
                // A legacy attachment's own text.
                (None, Some(text)) => controls(text, into),
                _ => {}
            }
            map.values().for_each(|inner| gather(inner, into));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::answer::Request;
    use crate::sandbox::workspace::{Channel, DndWindow, User, Workspace};
    use serde_json::json;

    const NOON: At = At(1_700_049_600_000);

    fn slack() -> Slack {
        let night = Some(DndWindow { start: "22:00".into(), end: "08:00".into() });
        Slack::new(Workspace {
            users: vec![User::named("ana"), User { dnd: night, ..User::named("ben") }, User::named("chen")],
            channels: vec![Channel::named("ops")],
            strict_rates: false,
            ..Workspace::default()
        })
    }

    fn post(slack: &mut Slack, args: Value, now: At) -> String {
        let answer = slack.call(Request::json("xoxb-sandbox-bot", "chat.postMessage", args), now);
        assert_eq!(answer.body["ok"], true, "{}", answer.body);
        answer.body["ts"].as_str().unwrap().to_owned()
    }

    fn pushed(slack: &Slack, name: &str) -> Vec<(String, Why, bool)> {
        let id = slack.directory().user(name).unwrap().id.clone();
        slack.pushes(&id).map(|p| (p.text.clone(), p.why, p.silent)).collect()
    }

    #[test]
    fn a_direct_message_pushes_its_text_and_an_edit_pushes_nothing() {
        let mut slack = slack();
        let ana = slack.directory().user("ana").unwrap().id.clone();
        let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": "*loud*"}}]);
        let ts = post(&mut slack, json!({"channel": ana, "text": "Disk is full", "blocks": blocks}), NOON);
        let im = slack.directory().im(&ana).unwrap().id.clone();
        let edit = json!({"channel": im, "ts": ts, "text": "Disk is fine"});
        slack.call(Request::json("xoxb-sandbox-bot", "chat.update", edit), NOON);
        assert_eq!(pushed(&slack, "ana"), [("Disk is full".to_owned(), Why::DirectMessage, false)]);
        assert!(pushed(&slack, "ben").is_empty());
    }

    #[test]
    fn in_a_channel_only_who_is_mentioned_is_pushed() {
        let mut slack = slack();
        post(&mut slack, json!({"channel": "ops", "text": "nobody"}), NOON);
        let ben = slack.directory().user("ben").unwrap().id.clone();
        let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": format!("see <@{ben}>")}}]);
        post(&mut slack, json!({"channel": "ops", "text": "see Ben", "blocks": blocks}), NOON);
        post(&mut slack, json!({"channel": "ops", "text": "not &lt;!channel&gt;"}), NOON);
        assert_eq!(pushed(&slack, "ben"), [("see Ben".to_owned(), Why::Mention, false)]);
        assert!(pushed(&slack, "chen").is_empty());
        post(&mut slack, json!({"channel": "ops", "text": "<!channel> all"}), NOON);
        assert_eq!(pushed(&slack, "chen").len(), 1);
    }

    #[test]
    fn a_thread_pushes_its_followers_and_not_the_writer() {
        let mut slack = slack();
        let ts = post(&mut slack, json!({"channel": "ops", "text": "parent"}), NOON);
        slack.say("ana", "ops", "looking", Some(&ts), NOON).unwrap();
        slack.say("chen", "ops", "me too", Some(&ts), NOON).unwrap();
        assert_eq!(pushed(&slack, "ana"), [("me too".to_owned(), Why::FollowedThread, false)]);
        assert!(pushed(&slack, "chen").is_empty() && pushed(&slack, "ben").is_empty());
    }

    #[test]
    fn at_night_it_comes_silently_and_without_text_it_says_so() {
        let mut slack = slack();
        let ben = slack.directory().user("ben").unwrap().id.clone();
        let blocks = json!([{"type": "divider"}]);
        post(&mut slack, json!({"channel": ben, "blocks": blocks}), NOON.plus_secs(11 * 3_600));
        assert_eq!(pushed(&slack, "ben"), [(NO_TEXT.to_owned(), Why::DirectMessage, true)]);
    }
}
