//! Bookmarks and files: the small nouns.

use super::answer::{Outcome, Refused};
use super::args::Args;
use super::content::Content;
use super::messages::Ts;
use super::persist::Change;
use super::scheduled::Scheduled;
use super::state::Slack;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Bookmarks one channel can hold.
const BOOKMARKS: usize = 100;
/// A file's greatest size, in bytes: small, because this Slack keeps it in memory.
pub const FILE_BYTES: usize = 16 * 1024 * 1024;

/// What the small nouns keep.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    pub scheduled: BTreeMap<String, Scheduled>,
    pub files: BTreeMap<String, File>,
    /// By channel, oldest first.
    pub bookmarks: BTreeMap<String, Vec<Value>>,
}

/// An uploaded file, from the moment its URL was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    pub id: String,
    pub name: String,
    pub title: String,
    /// What was announced, in bytes.
    pub length: u64,
    /// The secret part of the upload URL.
    pub secret: String,
    /// Bytes received, when the upload is done.
    pub received: Option<u64>,
    /// The content, for text files up to 64 KiB.
    pub text: Option<String>,
    pub shared: bool,
    /// Unix seconds.
    pub created: i64,
}

impl Slack {
    /// `bookmarks.add`.
    pub(super) fn bookmark_add(&mut self, args: Args<'_>, now: At) -> Outcome {
        let said = args.need("channel_id")?;
        let (title, kind) = (args.need("title")?, args.need("type")?);
        let bot = self.ws.bot.user_id.clone();
        let c = self.dir.conversations.get(&said).filter(|c| c.has(&bot)).ok_or("channel_not_found")?;
        let channel = c.id.clone();
        if kind != "link" {
            return Err("invalid_bookmark_type".into());
        }
        let link = args.text("link").filter(|l| l.starts_with("http://") || l.starts_with("https://"));
        let link = link.ok_or_else(|| Refused::from("invalid_link"))?;
        let id = self.new_id("Bk");
        let list = self.extras.bookmarks.entry(channel.clone()).or_default();
        if list.len() >= BOOKMARKS {
            return Err("too_many_bookmarks".into());
        }
        let bookmark = json!({
            "id": id, "channel_id": channel, "title": title, "link": link, "emoji": args.text("emoji").unwrap_or_default(),
            "icon_url": null, "type": "link", "entity_id": args.text("entity_id"), "date_created": now.secs(),
            "date_updated": 0, "rank": "g", "last_updated_by_user_id": bot, "last_updated_by_team_id": self.ws.team_id,
            "shortcut_id": null, "app_id": self.ws.app_id,
        });
        list.push(bookmark.clone());
        self.keep(Change::Bookmark { channel, bookmark: bookmark.clone() });
        Ok(json!({"bookmark": bookmark}))
    }

    /// `files.getUploadURLExternal`.
    pub(super) fn upload_url(&mut self, args: Args<'_>, now: At) -> Outcome {
        let name = args.need("filename")?;
        let length = args.int("length")?.and_then(|n| u64::try_from(n).ok()).filter(|n| *n > 0);
        let length = length.ok_or_else(|| Refused::arguments(["missing required field: length"]))?;
        if length > FILE_BYTES as u64 {
            return Err("file_upload_size_restricted".into());
        }
        let (id, secret) = (self.new_id("F"), self.random_word(24));
        let url = format!("{}/upload/v1/{id}/{secret}", self.base_url);
        let file = File {
            id: id.clone(),
            title: name.clone(),
            name,
            length,
            secret,
            received: None,
            text: None,
            shared: false,
            created: now.secs(),
        };
        self.extras.files.insert(id.clone(), file.clone());
        self.keep(Change::File(file));
        Ok(json!({"upload_url": url, "file_id": id}))
    }

    /// Takes the bytes sent to an upload URL. `false` if the URL is not one, or the length is not the announced one.
    pub fn upload(&mut self, id: &str, secret: &str, bytes: &[u8]) -> bool {
        let Some(file) = self.extras.files.get_mut(id) else { return false };
        if file.secret != secret || file.length != bytes.len() as u64 || file.shared {
            return false;
        }
        file.received = Some(bytes.len() as u64);
        file.text = std::str::from_utf8(bytes).ok().filter(|s| s.len() <= 65_536).map(String::from);
        let file = file.clone();
        self.keep(Change::File(file));
        true
    }

    /// `files.completeUploadExternal`.
    pub(super) fn upload_complete(&mut self, args: Args<'_>, now: At) -> Outcome {
        let Ok(Some(Value::Array(list))) = args.json("files") else {
            return Err(Refused::arguments(["missing required field: files"]));
        };
        let mut named = Vec::new();
        for item in &list {
            let id = item["id"].as_str().unwrap_or("");
            let file =
                self.extras.files.get(id).filter(|f| f.received.is_some() && !f.shared).ok_or("file_not_found")?;
            named.push((file.id.clone(), item["title"].as_str().unwrap_or(&file.title).to_owned()));
        }
        let channel = match args.text("channel_id") {
            None => None,
            Some(id) => {
                let c =
                    self.dir.conversations.get(&id).filter(|c| c.has(&self.ws.bot.user_id)).ok_or("invalid_channel")?;
                if c.is_archived {
                    return Err("posting_to_channel_denied".into());
                }
                Some(c.id.clone())
            }
        };
        let thread: Option<Ts> = match args.text("thread_ts") {
            None => None,
            Some(s) => Some(s.parse().map_err(|_| Refused::from("invalid_thread_ts"))?),
        };
        let mut shapes = Vec::new();
        for (id, title) in named {
            let Some(file) = self.extras.files.get_mut(&id) else { continue };
            file.title = title;
            file.shared = true;
            let file = file.clone();
            shapes.push(file.shape(&self.ws.bot.user_id, &self.ws.team_domain));
            self.keep(Change::File(file));
        }
        if let Some(channel) = channel {
            let content = Content { text: args.text("initial_comment"), ..Content::default() };
            let ts = self.post(&channel, content, thread, false, now);
            if let Some(m) = self.messages.get_mut(&channel, ts) {
                m.files.clone_from(&shapes);
                let message = m.clone();
                self.keep(Change::Message { channel, message });
            }
        }
        Ok(json!({"files": shapes}))
    }
}

impl File {
    fn shape(&self, user: &str, domain: &str) -> Value {
        let kind = self.name.rsplit_once('.').map_or("text", |(_, ext)| ext);
        json!({
            "id": self.id, "created": self.created, "timestamp": self.created, "name": self.name, "title": self.title,
            "mimetype": "", "filetype": kind, "pretty_type": kind, "user": user, "editable": false, "size": self.length,
            "mode": "hosted", "is_external": false, "is_public": false, "preview": self.text,
            "permalink": format!("https://{domain}.slack.com/files/{user}/{}", self.id),
        })
    }
}
