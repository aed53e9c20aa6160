//! `conversations.*` except reading messages: lists, membership, topics, new channels.

use super::answer::{Outcome, Refused};
use super::args::{self, Args};
use super::directory::{Conversation, Directory, Line, Sort};
use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Value, json};

/// Characters of a topic or purpose.
const LINE: usize = 250;
/// Characters of a channel's name.
const NAME: usize = 80;
/// People one call can invite.
const INVITED: usize = 100;

impl Slack {
    fn conversation_shape(&self, c: &Conversation) -> Value {
        let mut v = c.shape(&self.ws, self.messages.of(&c.id).next_back().map(|m| m.ts));
        if let Some(user) = c.with.as_ref().and_then(|u| self.dir.users.get(u)) {
            v["is_user_deleted"] = user.deleted.into();
            v["is_archived"] = user.deleted.into();
        }
        v
    }

    /// `conversations.info`.
    pub(super) fn conversation_info(&self, args: Args<'_>) -> Outcome {
        let c = self.conversation(args)?;
        let mut v = self.conversation_shape(c);
        if args.flag("include_num_members") == Some(true) {
            v["num_members"] = c.members.len().into();
        }
        Ok(json!({"channel": v}))
    }

    /// The conversations a list may show: of the types asked for, whose scopes are granted.
    fn listed(&self, args: Args<'_>, of: Option<&str>) -> Result<Vec<Value>, Refused> {
        let types = args.list("types").filter(|t| !t.is_empty()).unwrap_or_else(|| vec!["public_channel".into()]);
        let known = ["public_channel", "private_channel", "im", "mpim"];
        if types.iter().any(|t| !known.contains(&t.as_str())) {
            return Err("invalid_types".into());
        }
        for (kind, scope) in
            [("public_channel", "channels:read"), ("private_channel", "groups:read"), ("im", "im:read")]
        {
            if types.iter().any(|t| t == kind) && !self.has_scope(scope) {
                return Err(self.missing_scope(scope));
            }
        }
        let wanted = |c: &Conversation| {
            let kind = match c.sort {
                Sort::Public => "public_channel",
                Sort::Private => "private_channel",
                Sort::Im => "im",
            };
            types.iter().any(|t| t == kind)
        };
        let bot = &self.ws.bot.user_id;
        let live = args.flag("exclude_archived") == Some(true);
        let list = self
            .dir
            .conversations
            .values()
            .filter(|c| wanted(c) && !(live && c.is_archived))
            .filter(|c| c.sort == Sort::Public || c.has(bot))
            .filter(|c| of.is_none_or(|u| c.has(u)))
            .map(|c| {
                let mut v = self.conversation_shape(c);
                if c.sort != Sort::Im && of.is_none() {
                    v["num_members"] = c.members.len().into();
                }
                v
            });
        Ok(list.collect())
    }

    /// `conversations.list`.
    pub(super) fn conversations_list(&self, args: Args<'_>) -> Outcome {
        let (channels, next) = args::page(args, &self.listed(args, None)?, 100, 1_000)?;
        Ok(json!({"channels": channels, "response_metadata": {"next_cursor": next}}))
    }

    /// `users.conversations`.
    pub(super) fn user_conversations(&self, args: Args<'_>) -> Outcome {
        let user = args.text("user").unwrap_or_else(|| self.ws.bot.user_id.clone());
        if !self.dir.users.contains_key(&user) {
            return Err("user_not_found".into());
        }
        let (channels, next) = args::page(args, &self.listed(args, Some(&user))?, 100, 1_000)?;
        Ok(json!({"channels": channels, "response_metadata": {"next_cursor": next}}))
    }

    /// `conversations.members`.
    pub(super) fn members(&self, args: Args<'_>) -> Outcome {
        let c = self.conversation(args)?;
        let (members, next) = args::page(args, &c.members, 100, 1_000)?;
        Ok(json!({"members": members, "response_metadata": {"next_cursor": next}}))
    }

    /// `conversations.open`: a direct message with one person.
    pub(super) fn open(&mut self, args: Args<'_>, now: At) -> Outcome {
        let user = match (args.text("channel"), args.list("users")) {
            (Some(id), _) => {
                let c = self.dir.conversations.get(&id).ok_or("channel_not_found")?;
                c.with.clone().ok_or("method_not_supported_for_channel_type")?
            }
            (None, Some(users)) => match users.as_slice() {
                [] => return Err("users_list_not_supplied".into()),
                [one] => one.clone(),
                // A group message needs a scope of its own; this app has no use for one.
                _ => return Err(self.missing_scope("mpim:write")),
            },
            (None, None) => return Err("users_list_not_supplied".into()),
        };
        let person = self.dir.users.get(&user).ok_or("user_not_found")?;
        if person.deleted {
            return Err("user_disabled".into());
        }
        if person.is_bot {
            return Err("cannot_dm_bot".into());
        }
        let was_open = self.dir.conversations.contains_key(&Directory::im_id(&user));
        let id = self.im_with(&user, now);
        let channel = match self.dir.conversations.get(&id) {
            Some(c) if args.flag("return_im") == Some(true) => self.conversation_shape(c),
            _ => json!({"id": id}),
        };
        let mut v = json!({"channel": channel});
        if was_open {
            v["no_op"] = true.into();
            v["already_open"] = true.into();
        }
        Ok(v)
    }

    /// `conversations.join`.
    pub(super) fn join(&mut self, args: Args<'_>, now: At) -> Outcome {
        let c = self.conversation(args)?;
        if c.sort != Sort::Public {
            return Err("method_not_supported_for_channel_type".into());
        }
        if c.is_archived {
            return Err("is_archived".into());
        }
        let (id, already) = (c.id.clone(), c.has(&self.ws.bot.user_id));
        if !already {
            let bot = self.ws.bot.user_id.clone();
            self.change(&id, now, |c| c.members.push(bot));
        }
        let mut v = json!({"channel": self.dir.conversations.get(&id).map(|c| self.conversation_shape(c))});
        if already {
            v["warning"] = "already_in_channel".into();
            v["response_metadata"] = json!({"warnings": ["already_in_channel"]});
        }
        Ok(v)
    }

    /// `conversations.setTopic` and `conversations.setPurpose`.
    pub(super) fn set_line(&mut self, args: Args<'_>, which: &str, now: At) -> Outcome {
        // An empty topic is a topic: it removes the one before.
        let value = match args.0.get(which) {
            Some(Value::String(s)) => s.clone(),
            _ => return Err(Refused::arguments([format!("missing required field: {which}")])),
        };
        let c = self.writable(args)?;
        if c.sort == Sort::Im {
            return Err("method_not_supported_for_channel_type".into());
        }
        if value.chars().count() > LINE {
            return Err("too_long".into());
        }
        let id = c.id.clone();
        let line = Line { value, creator: self.ws.bot.user_id.clone(), last_set: now.secs() };
        self.change(&id, now, |c| if which == "topic" { c.topic = line } else { c.purpose = line });
        Ok(json!({"channel": self.dir.conversations.get(&id).map(|c| self.conversation_shape(c))}))
    }

    /// `conversations.create`.
    pub(super) fn create(&mut self, args: Args<'_>, now: At) -> Outcome {
        let name = args.text("name").ok_or("invalid_name_required")?;
        let private = args.flag("is_private") == Some(true);
        let scope = if private { "groups:write" } else { "channels:manage" };
        if !self.has_scope(scope) {
            return Err(self.missing_scope(scope));
        }
        if name.chars().count() > NAME {
            return Err("invalid_name_maxlength".into());
        }
        let fine = |c: char| c == '-' || c == '_' || (c.is_alphanumeric() && !c.is_uppercase());
        if !name.chars().all(fine) {
            return Err("invalid_name_specials".into());
        }
        if !name.chars().any(char::is_alphanumeric) {
            return Err("invalid_name_punctuation".into());
        }
        if self.dir.conversations.values().any(|c| c.name == name) {
            return Err("name_taken".into());
        }
        let id = self.new_id("C");
        let bot = self.ws.bot.user_id.clone();
        let c = Conversation {
            id: id.clone(),
            name,
            sort: if private { Sort::Private } else { Sort::Public },
            is_archived: false,
            is_ext_shared: false,
            is_read_only: false,
            created: now.secs(),
            creator: bot.clone(),
            topic: Line::default(),
            purpose: Line::default(),
            members: vec![bot],
            with: None,
            updated: now.0,
        };
        let shape = self.conversation_shape(&c);
        self.dir.conversations.insert(id, c.clone());
        self.keep(Change::Conversation(c));
        Ok(json!({"channel": shape}))
    }

    /// `conversations.archive`.
    pub(super) fn archive(&mut self, args: Args<'_>, now: At) -> Outcome {
        let c = self.conversation(args)?;
        if c.sort == Sort::Im {
            return Err("method_not_supported_for_channel_type".into());
        }
        if c.is_archived {
            return Err("already_archived".into());
        }
        if !c.has(&self.ws.bot.user_id) {
            return Err("not_in_channel".into());
        }
        let id = c.id.clone();
        self.change(&id, now, |c| c.is_archived = true);
        Ok(json!({}))
    }

    /// `conversations.invite`.
    pub(super) fn invite(&mut self, args: Args<'_>, now: At) -> Outcome {
        let c = self.writable(args)?;
        if c.sort == Sort::Im {
            return Err("method_not_supported_for_channel_type".into());
        }
        let users = args.list("users").filter(|u| !u.is_empty()).ok_or("no_user")?;
        if users.len() > INVITED {
            return Err("too_many_users".into());
        }
        let id = c.id.clone();
        let mut errors = Vec::new();
        for u in &users {
            let error = match self.dir.users.get(u) {
                None => "user_not_found",
                Some(p) if p.id == self.ws.bot.user_id => "cant_invite_self",
                Some(p) if p.deleted => "cant_invite",
                Some(p) if p.is_ultra_restricted => "ura_max_channels",
                Some(p) if c.has(&p.id) => "already_in_channel",
                Some(_) => continue,
            };
            errors.push(json!({"user": u, "ok": false, "error": error}));
        }
        let partial = args.flag("force") == Some(true) && errors.len() < users.len();
        if let (Some(first), false) = (errors.first(), partial) {
            let error = first["error"].as_str().unwrap_or("cant_invite").to_owned();
            return Err(Refused::with(&error, json!({"errors": errors})));
        }
        let refused = |u: &String| errors.iter().any(|e| e["user"] == u.as_str());
        let new: Vec<String> = users.iter().filter(|u| !refused(u)).cloned().collect();
        self.change(&id, now, |c| c.members.extend(new));
        Ok(json!({"channel": self.dir.conversations.get(&id).map(|c| self.conversation_shape(c))}))
    }

    /// A channel the bot is in and that is not archived.
    fn writable(&self, args: Args<'_>) -> Result<&Conversation, Refused> {
        let c = self.conversation(args)?;
        if c.is_archived {
            return Err("is_archived".into());
        }
        if !c.has(&self.ws.bot.user_id) {
            return Err("not_in_channel".into());
        }
        Ok(c)
    }

    /// Changes a conversation and keeps it.
    pub(super) fn change(&mut self, id: &str, now: At, f: impl FnOnce(&mut Conversation)) {
        if let Some(c) = self.dir.conversations.get_mut(id) {
            f(c);
            c.updated = now.0;
        }
        self.keep_conversation(id);
    }
}
