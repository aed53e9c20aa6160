//! The local Slack itself: a synchronous, deterministic machine. No I/O, no clock, no threads; `now` is an argument and
//! all randomness comes from the workspace's seed, so a simulation can drive it and get the same run again.
//!
//! Other files add to [`Slack`] by noun: messages in `chat`, modals in `views`, and so on. Nothing in them knows our
//! own bot.

use super::answer::{Answer, Outcome, Refused, Request};
use super::args::Args;
use super::directory::{Conversation, Directory, Sort};
use super::extras::Extras;
use super::faults::{self, Faults};
use super::guide::Deed;
use super::interactions::Interactions;
use super::messages::{Ephemeral, Messages, Ts};
use super::methods::{self, Kind, Method, Needs};
use super::persist::Change;
use super::phone::Push;
use super::rate::{Rates, Tier};
use super::sockets::Sockets;
use super::usergroups::Group;
use super::views::Views;
use super::workspace::{Workspace, base36};
use crate::domain::stamp::At;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Web API calls remembered, newest last.
pub const CALLS_KEPT: usize = 10_000;
/// Ephemeral messages remembered.
const EPHEMERALS_KEPT: usize = 500;

/// What became of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// `token_revoked`
    Revoked,
    /// `account_inactive`
    Inactive,
}

/// A Web API call as `/sandbox/calls` lists it.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    pub method: String,
    /// The arguments as an object, whatever the encoding; the token is left out.
    pub body: Value,
    pub answer: Value,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Unix seconds with milliseconds.
    pub time: f64,
}

/// The local Slack.
#[derive(Debug)]
pub struct Slack {
    pub(super) ws: Workspace,
    pub(super) dir: Directory,
    pub(super) messages: Messages,
    pub(super) ephemerals: VecDeque<Ephemeral>,
    pub(super) views: Views,
    pub(super) groups: BTreeMap<String, Group>,
    pub(super) extras: Extras,
    pub(super) rates: Rates,
    pub(super) faults: Faults,
    pub(super) sockets: Sockets,
    pub(super) interactions: Interactions,
    pub(super) pushes: VecDeque<Push>,
    /// How far each person has read each conversation: (user, channel).
    pub(super) reads: BTreeMap<(String, String), Ts>,
    pub(super) deeds: BTreeSet<Deed>,
    /// Options an app offered in external selects, by their values.
    pub(super) offered: BTreeMap<String, Value>,
    pub(super) rng: StdRng,
    /// Where response URLs, upload URLs and sockets point: `http://HOST:PORT`.
    pub(super) base_url: String,
    calls: VecDeque<Call>,
    changes: Vec<Change>,
    tokens: BTreeMap<String, TokenState>,
    counter: u64,
    revision: u64,
}

impl Slack {
    /// A workspace on its first day. Ids that are empty are filled in.
    pub fn new(workspace: Workspace) -> Self {
        let ws = workspace.with_ids();
        let dir = Directory::new(&ws);
        let groups = Group::all(&ws, &dir);
        Self {
            rng: StdRng::seed_from_u64(ws.seed),
            base_url: "http://127.0.0.1:8081".into(),
            dir,
            groups,
            messages: Messages::default(),
            ephemerals: VecDeque::new(),
            views: Views::default(),
            extras: Extras::default(),
            rates: Rates::default(),
            faults: Faults::default(),
            sockets: Sockets::default(),
            interactions: Interactions::default(),
            pushes: VecDeque::new(),
            reads: BTreeMap::new(),
            deeds: BTreeSet::new(),
            offered: BTreeMap::new(),
            calls: VecDeque::new(),
            changes: Vec::new(),
            tokens: BTreeMap::new(),
            counter: 0,
            revision: 0,
            ws,
        }
    }

    /// Says where this Slack is reached: `http://HOST:PORT`, no slash at the end.
    pub fn set_base_url(&mut self, url: &str) {
        self.base_url = url.trim_end_matches('/').into();
    }

    /// The workspace as configured.
    pub fn workspace(&self) -> &Workspace {
        &self.ws
    }

    /// Users and conversations as they are now.
    pub fn directory(&self) -> &Directory {
        &self.dir
    }

    /// The bot's granted scopes, to be changed by a test.
    pub fn scopes_mut(&mut self) -> &mut Vec<String> {
        &mut self.ws.scopes
    }

    /// Makes a token answer `token_revoked` or `account_inactive`; `None` makes it valid again.
    pub fn set_token(&mut self, token: &str, state: Option<TokenState>) {
        match state {
            Some(state) => self.tokens.insert(token.into(), state),
            None => self.tokens.remove(token),
        };
    }

    /// Changes whenever something a person could see changes.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Calls of the Web API so far, oldest first, at most [`CALLS_KEPT`].
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.calls.iter()
    }

    /// Answers one call of the Web API.
    pub fn call(&mut self, request: Request, now: At) -> Answer {
        let answer = self.answer(&request, now);
        self.log_call(&request.method, request.args, &answer, now);
        answer
    }

    pub(super) fn log_call(&mut self, method: &str, mut args: Map<String, Value>, answer: &Answer, now: At) {
        args.remove("token");
        for name in ["blocks", "attachments", "metadata", "view", "files"] {
            // A script reads the same body whatever the encoding was.
            if let Some(Value::String(s)) = args.get(name)
                && let Ok(v) = serde_json::from_str::<Value>(s)
            {
                args.insert(name.into(), v);
            }
        }
        if self.calls.len() == CALLS_KEPT {
            self.calls.pop_front();
        }
        #[allow(clippy::cast_precision_loss)] // milliseconds since 1970 fit an f64 exactly
        self.calls.push_back(Call {
            method: method.into(),
            body: Value::Object(args),
            answer: answer.body.clone(),
            status: answer.status,
            time: now.0 as f64 / 1_000.0,
        });
        self.touch();
    }

    fn answer(&mut self, request: &Request, now: At) -> Answer {
        let args = Args(&request.args);
        let channel = args.text("channel").or_else(|| args.text("channel_id"));
        let effects = self.faults.take_call(&request.method, &self.channel_names(channel.as_deref()));
        faults::strike(&effects, || self.act(request, now))
    }

    fn act(&mut self, request: &Request, now: At) -> Answer {
        if let Some(error) = request.malformed {
            return Answer::ok(Refused::from(error).body());
        }
        let Some(method) = methods::find(&request.method) else {
            return Answer::ok(Refused::with("unknown_method", json!({"req_method": request.method})).body());
        };
        let args = Args(&request.args);
        if let Err(refused) = self.admit_token(request.token.as_deref(), method) {
            return Answer::ok(refused.body());
        }
        if self.ws.strict_rates {
            let channel = self.rate_channel(args);
            if let Err(secs) = self.rates.admit(method.name, method.tier, channel.as_deref(), now) {
                return Answer::rate_limited(secs);
            }
        }
        let outcome = self.admit_scopes(args, method).and_then(|()| self.run(method, request, now));
        Answer::ok(match outcome {
            Ok(beside) => success(beside, &request.warnings),
            Err(refused) => refused.body(),
        })
    }

    /// Every name a fault may know the channel by.
    fn channel_names(&self, said: Option<&str>) -> Vec<String> {
        let Some(said) = said else { return Vec::new() };
        let mut names = vec![said.to_owned()];
        if let Some(c) = self.dir.channel(said) {
            names.extend([c.id.clone(), c.name.clone()]);
            names.extend(c.with.clone());
        }
        let person = names.iter().find_map(|n| self.dir.users.get(n));
        if let Some(name) = person.map(|u| u.name.clone()) {
            names.extend([format!("dm:{name}"), name]);
        }
        names
    }

    fn rate_channel(&self, args: Args<'_>) -> Option<String> {
        let said = args.text("channel")?;
        let im = self.dir.users.get(&said).map(|u| Directory::im_id(&u.id));
        im.or_else(|| self.dir.channel(&said).map(|c| c.id.clone())).or(Some(said))
    }

    fn admit_token(&self, token: Option<&str>, method: &Method) -> Result<(), Refused> {
        if method.name == "api.test" {
            return Ok(());
        }
        let token = token.filter(|t| !t.is_empty()).ok_or("not_authed")?;
        match self.tokens.get(token) {
            Some(TokenState::Revoked) => return Err("token_revoked".into()),
            Some(TokenState::Inactive) => return Err("account_inactive".into()),
            None => {}
        }
        let kind = match token {
            t if t == self.ws.bot_token => Kind::Bot,
            t if t == self.ws.app_token => Kind::App,
            _ => return Err("invalid_auth".into()),
        };
        if method.kind != Kind::Any && method.kind != kind {
            return Err("not_allowed_token_type".into());
        }
        Ok(())
    }

    fn admit_scopes(&self, args: Args<'_>, method: &Method) -> Result<(), Refused> {
        let has = |scope: &str| self.ws.scopes.iter().any(|s| s == scope);
        let (needed, granted) = match method.needs {
            Needs::Nothing => return Ok(()),
            Needs::Scope(scope) => (scope.to_owned(), has(scope)),
            Needs::AnyOf(scopes) => (scopes.join(","), scopes.iter().any(|s| has(s))),
            Needs::ByChannel(public, private, im) => {
                let said = args.text("channel").unwrap_or_default();
                match self.dir.conversations.get(&said).map(|c| c.sort) {
                    Some(Sort::Public) => (public.to_owned(), has(public)),
                    Some(Sort::Private) => (private.to_owned(), has(private)),
                    Some(Sort::Im) => (im.to_owned(), has(im)),
                    None => ([public, private, im].join(","), [public, private, im].iter().any(|s| has(s))),
                }
            }
        };
        if granted { Ok(()) } else { Err(self.missing_scope(&needed)) }
    }

    pub(super) fn missing_scope(&self, needed: &str) -> Refused {
        Refused::with("missing_scope", json!({"needed": needed, "provided": self.ws.scopes.join(",")}))
    }

    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.ws.scopes.iter().any(|s| s == scope)
    }

    fn run(&mut self, method: &Method, request: &Request, now: At) -> Outcome {
        let args = Args(&request.args);
        match method.name {
            "api.test" => Ok(json!({"args": request.args})),
            "auth.test" => Ok(self.auth_test(request.token.as_deref())),
            "apps.connections.open" => Ok(self.connections_open(now)),
            "bots.info" => self.bots_info(args),
            "bookmarks.add" => self.bookmark_add(args, now),
            "chat.delete" => self.chat_delete(args, now),
            "chat.deleteScheduledMessage" => self.unschedule(args, now),
            "chat.getPermalink" => self.permalink(args),
            "chat.postEphemeral" => self.post_ephemeral(args, now),
            "chat.postMessage" => self.post_message(args, now),
            "chat.scheduleMessage" => self.schedule(args, now),
            "chat.scheduledMessages.list" => self.scheduled_list(args),
            "chat.update" => self.chat_update(args, now),
            "conversations.archive" => self.archive(args, now),
            "conversations.create" => self.create(args, now),
            "conversations.history" => self.history(args, now),
            "conversations.info" => self.conversation_info(args),
            "conversations.invite" => self.invite(args, now),
            "conversations.join" => self.join(args, now),
            "conversations.list" => self.conversations_list(args),
            "conversations.members" => self.members(args),
            "conversations.open" => self.open(args, now),
            "conversations.replies" => self.replies(args, now),
            "conversations.setPurpose" => self.set_line(args, "purpose", now),
            "conversations.setTopic" => self.set_line(args, "topic", now),
            "dnd.info" => self.dnd_info(args, now),
            "dnd.teamInfo" => self.dnd_team_info(args, now),
            "files.completeUploadExternal" => self.upload_complete(args, now),
            "files.getUploadURLExternal" => self.upload_url(args, now),
            "pins.add" => self.pin_add(args),
            "pins.list" => self.pins_list(args),
            "pins.remove" => self.pin_remove(args),
            "reactions.add" => self.reaction_add(args, now),
            "reactions.remove" => self.reaction_remove(args, now),
            "reactions.get" => self.reactions_get(args),
            "team.info" => Ok(self.team_info()),
            "usergroups.list" => Ok(self.usergroups_list(args)),
            "usergroups.users.list" => self.usergroup_users(args),
            "usergroups.users.update" => self.usergroup_update(args, now),
            "users.conversations" => self.user_conversations(args),
            "users.info" => self.user_info(args, now),
            "users.list" => self.users_list(args, now),
            "users.lookupByEmail" => self.lookup_by_email(args, now),
            "views.open" => self.view_open(args, now),
            "views.publish" => self.view_publish(args, now),
            "views.push" => self.view_push(args, now),
            "views.update" => self.view_update(args, now),
            // The table and this match name the same methods: a test holds them together.
            _ => Err("unknown_method".into()),
        }
    }

    fn auth_test(&self, token: Option<&str>) -> Value {
        let url = format!("https://{}.slack.com/", self.ws.team_domain);
        if token == Some(self.ws.app_token.as_str()) {
            return json!({"app_name": self.ws.bot.name, "app_id": self.ws.app_id});
        }
        json!({
            "url": url, "team": self.ws.team_name, "user": self.ws.bot.name, "team_id": self.ws.team_id,
            "user_id": self.ws.bot.user_id, "bot_id": self.ws.bot.bot_id, "is_enterprise_install": false,
        })
    }

    fn team_info(&self) -> Value {
        let url = format!("https://{}.slack.com/", self.ws.team_domain);
        json!({"team": {
            "id": self.ws.team_id, "name": self.ws.team_name, "url": url, "domain": self.ws.team_domain,
            "email_domain": "", "icon": {"image_default": true}, "avatar_base_url": "https://ca.slack-edge.com/",
            "is_verified": false,
        }})
    }

    // ---- what the other files share ----

    /// An id of Slack's kind, never given out twice.
    pub(super) fn new_id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        self.changes.push(Change::Counter { n: self.counter });
        format!("{prefix}0{}", base36(self.counter.wrapping_mul(2_654_435_761), 8))
    }

    /// `n` characters that cannot be guessed (and need not be).
    pub(super) fn random_word(&mut self, n: usize) -> String {
        const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
        (0..n).map(|_| char::from(LETTERS[self.rng.random_range(0..LETTERS.len())])).collect()
    }

    /// Something visible changed.
    pub(super) fn touch(&mut self) {
        self.revision += 1;
    }

    /// Something worth keeping changed.
    pub(super) fn keep(&mut self, change: Change) {
        self.changes.push(change);
        self.touch();
    }

    /// What has to be written down since the last time this was asked.
    pub fn drain_changes(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.changes)
    }

    pub(super) fn restore_counter(&mut self, n: u64) {
        self.counter = self.counter.max(n);
        // Continue with other random words than those of the run before.
        self.rng = StdRng::seed_from_u64(self.ws.seed ^ self.counter.rotate_left(32));
    }

    pub(super) fn keep_conversation(&mut self, id: &str) {
        if let Some(c) = self.dir.conversations.get(id).cloned() {
            self.keep(Change::Conversation(c));
        }
    }

    /// A conversation given by id that the bot may know of: `channel_not_found` for private ones it is not in.
    pub(super) fn conversation(&self, args: Args<'_>) -> Result<&Conversation, Refused> {
        let said = args.need("channel")?;
        let c = self.dir.conversations.get(&said).ok_or("channel_not_found")?;
        if c.sort == Sort::Private && !c.has(&self.ws.bot.user_id) {
            return Err("channel_not_found".into());
        }
        Ok(c)
    }

    /// The direct message with a user, opened if need be.
    pub(super) fn im_with(&mut self, user: &str, now: At) -> String {
        let id = Directory::im_id(user);
        if !self.dir.conversations.contains_key(&id) {
            let c = Conversation {
                id: id.clone(),
                name: String::new(),
                sort: Sort::Im,
                is_archived: false,
                is_ext_shared: false,
                is_read_only: false,
                created: now.secs(),
                creator: self.ws.bot.user_id.clone(),
                topic: super::directory::Line::default(),
                purpose: super::directory::Line::default(),
                members: vec![user.into(), self.ws.bot.user_id.clone()],
                with: Some(user.into()),
                updated: now.0,
            };
            self.dir.conversations.insert(id.clone(), c);
            self.keep_conversation(&id);
        }
        id
    }

    pub(super) fn remember_ephemeral(&mut self, ephemeral: Ephemeral) {
        if self.ephemerals.len() == EPHEMERALS_KEPT {
            self.ephemerals.pop_front();
        }
        self.ephemerals.push_back(ephemeral);
        self.touch();
    }
}

/// `ok: true` and what stands beside it, with warnings where Slack puts them.
pub(super) fn success(beside: Value, warnings: &[&str]) -> Value {
    let mut body = Map::new();
    body.insert("ok".into(), true.into());
    if let Value::Object(map) = beside {
        body.extend(map);
    }
    if !warnings.is_empty() {
        body.insert("warning".into(), warnings.join(",").into());
        let metadata = body.entry("response_metadata").or_insert_with(|| json!({}));
        metadata["warnings"] = json!(warnings);
    }
    Value::Object(body)
}

// A guard against forgetting one side: `Tier::Posting` belongs to exactly one method.
const _: () = {
    let mut i = 0;
    let mut posting = 0;
    while i < methods::TABLE.len() {
        if matches!(methods::TABLE[i].tier, Tier::Posting) {
            posting += 1;
        }
        i += 1;
    }
    assert!(posting == 1);
};

#[cfg(test)]
mod tests;
