//! What survives a restart, as a log of changes: one JSON line each, the last one for a thing wins. This file has no
//! I/O; `files` beside it reads and writes.

use super::directory::Conversation;
use super::extras::File;
use super::guide::Deed;
use super::messages::{Message, Ts};
use super::phone::{PUSHES_KEPT, Push};
use super::scheduled::Scheduled;
use super::state::Slack;
use super::usergroups::Group;
use super::views::View;
use super::workspace::User;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "put", rename_all = "snake_case")]
pub enum Change {
    Message {
        channel: String,
        message: Message,
    },
    Gone {
        channel: String,
        ts: Ts,
    },
    Conversation(Conversation),
    User(User),
    View(View),
    ViewGone {
        id: String,
    },
    Usergroup(Group),
    Scheduled(Scheduled),
    Unscheduled {
        id: String,
    },
    File(File),
    Bookmark {
        channel: String,
        bookmark: Value,
    },
    /// A notification reached a phone.
    Push(Push),
    /// Somebody read a conversation up to there.
    Read {
        user: String,
        channel: String,
        ts: Ts,
    },
    /// Somebody did something for the first time.
    Deed {
        deed: Deed,
    },
    /// The number behind the newest id.
    Counter {
        n: u64,
    },
    /// How far the clock is ahead, in milliseconds.
    Offset {
        ms: i64,
    },
}

impl Slack {
    /// Puts back what a log says. Later lines win.
    pub fn restore(&mut self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            match change {
                Change::Message { channel, message } => self.messages.put(&channel, message),
                Change::Gone { channel, ts } => {
                    self.messages.remove(&channel, ts);
                }
                Change::Conversation(c) => {
                    self.dir.conversations.insert(c.id.clone(), c);
                }
                Change::User(u) => {
                    if self.dir.users.insert(u.id.clone(), u.clone()).is_none() {
                        self.dir.order.push(u.id);
                    }
                }
                Change::View(v) => {
                    self.views.by_id.insert(v.id.clone(), v);
                }
                Change::ViewGone { id } => {
                    self.views.by_id.remove(&id);
                }
                Change::Usergroup(g) => {
                    self.groups.insert(g.id.clone(), g);
                }
                Change::Scheduled(s) => {
                    self.extras.scheduled.insert(s.id.clone(), s);
                }
                Change::Unscheduled { id } => {
                    self.extras.scheduled.remove(&id);
                }
                Change::File(f) => {
                    self.extras.files.insert(f.id.clone(), f);
                }
                Change::Bookmark { channel, bookmark } => {
                    self.extras.bookmarks.entry(channel).or_default().push(bookmark);
                }
                Change::Push(push) => self.take_push(push),
                Change::Read { user, channel, ts } => self.restore_read(user, channel, ts),
                Change::Deed { deed } => {
                    self.deeds.insert(deed);
                }
                Change::Counter { n } => self.restore_counter(n),
                Change::Offset { .. } => {}
            }
        }
        self.touch();
    }

    /// Changes a person: deactivated, a guest, resting at night. For scripts; Slack's admins do this in its settings.
    pub fn set_user(&mut self, user: User) {
        self.dir.users.insert(user.id.clone(), user.clone());
        self.keep(Change::User(user));
    }
}

/// The log without what later lines undid: what a new file begins with.
pub fn compact(changes: Vec<Change>) -> Vec<Change> {
    use std::collections::BTreeMap;
    let mut latest: BTreeMap<String, Change> = BTreeMap::new();
    let mut bookmarks = Vec::new();
    let mut pushes = Vec::new();
    for change in changes {
        let key = match &change {
            Change::Message { channel, message } => format!("message {channel} {}", message.ts),
            Change::Gone { channel, ts } => format!("message {channel} {ts}"),
            Change::Conversation(c) => format!("conversation {}", c.id),
            Change::User(u) => format!("user {}", u.id),
            Change::View(v) => format!("view {}", v.id),
            Change::ViewGone { id } => format!("view {id}"),
            Change::Usergroup(g) => format!("group {}", g.id),
            Change::Scheduled(s) => format!("scheduled {}", s.id),
            Change::Unscheduled { id } => format!("scheduled {id}"),
            Change::File(f) => format!("file {}", f.id),
            Change::Read { user, channel, .. } => format!("read {user} {channel}"),
            Change::Deed { deed } => format!("deed {deed:?}"),
            Change::Counter { .. } => "counter".into(),
            Change::Offset { .. } => "offset".into(),
            Change::Bookmark { .. } => {
                bookmarks.push(change);
                continue;
            }
            Change::Push(_) => {
                pushes.push(change);
                continue;
            }
        };
        latest.insert(key, change);
    }
    let newest = pushes.split_off(pushes.len().saturating_sub(PUSHES_KEPT));
    let undone = |c: &Change| matches!(c, Change::Gone { .. } | Change::ViewGone { .. } | Change::Unscheduled { .. });
    latest.into_values().filter(|c| !undone(c)).chain(bookmarks).chain(newest).collect()
}
