//! What people do in messages and views: press, choose, submit, close. Each act becomes an envelope in the shape of
//! Slack's own payloads. Commands and shortcuts are in `commands`, events in `events`, the app's answers in `answers`.

use super::directory::Sort;
use super::envelopes::{EnvelopeId, Envelopes};
use super::forms::{self, Element};
use super::guide::Deed;
use super::messages::{Message, Ts};
use super::persist::Change;
use super::state::Slack;
use super::triggers::Triggers;
use crate::domain::stamp::At;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Triggers, response URLs and envelopes.
#[derive(Clone, Debug, Default)]
pub struct Interactions {
    pub triggers: Triggers,
    pub envelopes: Envelopes,
    /// Messages and views that show a person the warning triangle: (user, message `ts` or view id) to the error.
    pub warnings: BTreeMap<(String, String), String>,
}

/// Warning triangles remembered.
const WARNINGS: usize = 500;

impl Interactions {
    pub(super) fn warn(&mut self, user: &str, place: &str, error: &str) {
        if self.warnings.len() >= WARNINGS {
            self.warnings.pop_first();
        }
        self.warnings.insert((user.into(), place.into()), error.into());
    }
}

/// What an envelope was about.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// `place` is the message's `ts` or the view's id.
    Click {
        user: String,
        place: String,
    },
    Slash {
        user: String,
        channel: String,
        command: String,
    },
    Submit {
        user: String,
        view: String,
    },
    Shortcut {
        user: String,
    },
    Closed,
    Event,
    /// An external select asks for options.
    Suggest,
}

/// Why a person cannot do that. The body says which field, what was found, and what to write.
#[derive(Clone, Debug, PartialEq)]
pub struct Cannot {
    /// The HTTP status a script is answered with.
    pub status: u16,
    pub body: Value,
}

impl Cannot {
    pub(super) fn new(status: u16, error: &str, why: impl Into<String>) -> Self {
        Self { status, body: json!({"ok": false, "error": error, "why": why.into()}) }
    }

    pub(super) fn beside(mut self, key: &str, v: Value) -> Self {
        self.body[key] = v;
        self
    }
}

/// A press or a choice.
#[derive(Clone, Debug, Default)]
pub struct Click {
    /// Id or handle.
    pub user: String,
    /// Id, name or `dm:USER`. Not needed with `view_id`.
    pub channel: String,
    /// The message.
    pub ts: String,
    /// The modal or Home tab, instead of a message.
    pub view_id: String,
    pub action_id: String,
    /// Tells apart elements of the same `action_id` in different blocks.
    pub block_id: String,
    /// A button's value (to choose among several), or what was chosen or typed.
    pub value: Option<Value>,
    /// What else the person had filled in before: action id to value.
    pub values: Map<String, Value>,
}

impl Slack {
    /// The id of a person who can act.
    pub(super) fn actor(&self, said: &str) -> Result<String, Cannot> {
        match self.dir.user(said) {
            Some(u) if u.is_bot => Err(Cannot::new(400, "user_is_bot", format!("user \"{said}\" is a bot"))),
            Some(u) if u.deleted => Err(Cannot::new(400, "user_deactivated", format!("{} is deactivated", u.name))),
            Some(u) => Ok(u.id.clone()),
            None => {
                let names: Vec<&str> = self.dir.people().map(|u| u.name.as_str()).collect();
                let why = format!("`user`: nobody is called \"{said}\"; write an id or one of {}", names.join(", "));
                Err(Cannot::new(404, "user_not_found", why).beside("users", json!(names)))
            }
        }
    }

    /// The id of a channel by id, name or `dm:USER`; what this person may not see is not found. A direct message is
    /// opened if need be.
    pub(super) fn place(&mut self, said: &str, user: &str, now: At) -> Result<String, Cannot> {
        let found = self.find_place(said, now)?;
        let seen = self.dir.conversations.get(&found).zip(self.dir.users.get(user)).is_some_and(|(c, u)| c.seen_by(u));
        if seen {
            return Ok(found);
        }
        let name = self.dir.users.get(user).map_or(user, |u| &u.name);
        Err(Cannot::new(404, "channel_not_found", format!("{name} cannot see the channel \"{said}\"")))
    }

    /// The same, seen by nobody in particular.
    pub fn find_place(&mut self, said: &str, now: At) -> Result<String, Cannot> {
        if let Some(person) = said.strip_prefix("dm:") {
            let user = self.dir.user(person).map(|u| u.id.clone());
            let why = || format!("`channel`: nobody is called \"{person}\"");
            return Ok(self.im_with(&user.ok_or_else(|| Cannot::new(404, "user_not_found", why()))?, now));
        }
        if let Some(c) = self.dir.channel(said) {
            return Ok(c.id.clone());
        }
        let named = self.dir.conversations.values().filter(|c| c.sort != Sort::Im).map(|c| c.name.clone());
        let names: Vec<String> = named.collect();
        let why = if said.is_empty() {
            "`channel` is missing: write an id, a name, or dm:USER".to_owned()
        } else {
            format!("`channel`: nothing is called \"{said}\"; write an id, dm:USER, or one of {}", names.join(", "))
        };
        Err(Cannot::new(404, "channel_not_found", why).beside("channels", json!(names)))
    }

    fn message_seen(&self, channel: &str, ts: Ts, user: &str) -> Option<(Message, bool)> {
        let mine = |e: &&super::messages::Ephemeral| e.channel == channel && e.message.ts == ts && e.user == user;
        let ephemeral = self.ephemerals.iter().find(mine).map(|e| (e.message.clone(), true));
        self.messages.get(channel, ts).map(|m| (m.clone(), false)).or(ephemeral)
    }

    /// A person presses or chooses something.
    ///
    /// # Errors
    /// What the person could not do: an element that is not there, an option that is not offered.
    pub fn click(&mut self, click: &Click, now: At) -> Result<EnvelopeId, Cannot> {
        let user = self.actor(&click.user)?;
        let envelope = if click.view_id.is_empty() {
            self.click_in_message(click, &user, now)
        } else {
            self.click_in_view(click, &user, now)
        }?;
        self.did(Deed::Action(click.action_id.clone()));
        Ok(envelope)
    }

    fn click_in_message(&mut self, click: &Click, user: &str, now: At) -> Result<EnvelopeId, Cannot> {
        let channel = self.place(&click.channel, user, now)?;
        let not_found = || {
            let why = format!("`ts`: no message {} in that channel that {} can see", click.ts, click.user);
            Cannot::new(404, "message_not_found", why)
        };
        let ts: Ts = click.ts.parse().map_err(|_| not_found())?;
        let (message, ephemeral) = self.message_seen(&channel, ts, user).ok_or_else(not_found)?;
        let attached = message.attachments.iter().filter_map(|a| a["blocks"].as_array()).flatten();
        let blocks: Vec<Value> = message.blocks.iter().chain(attached).cloned().collect();
        let (action, typed) = self.acted(click, &blocks, &forms::Typed::new(), now)?;
        let mut payload = self.block_actions(user, action, now);
        let url = self.new_response_url("actions", user, &channel, Some((ts, ephemeral)), now);
        payload["container"] =
            json!({"type": "message", "message_ts": ts.to_string(), "channel_id": channel, "is_ephemeral": ephemeral});
        if let Some(thread) = message.thread {
            payload["container"]["thread_ts"] = thread.to_string().into();
        }
        payload["channel"] = self.channel_stub(&channel);
        // Slack does not keep ephemerals, so it has nothing to send along.
        payload["message"] = if ephemeral { Value::Null } else { message.shape(&channel, &self.ws, true) };
        payload["state"] = json!({"values": forms::values(&blocks, &typed)});
        payload["response_url"] = url.into();
        let act = Act::Click { user: user.into(), place: ts.to_string() };
        self.interactions.warnings.remove(&(user.into(), ts.to_string()));
        Ok(self.envelope("interactive", payload, act, now))
    }

    fn click_in_view(&mut self, click: &Click, user: &str, now: At) -> Result<EnvelopeId, Cannot> {
        let view = self.open_view(&click.view_id, user)?;
        let (blocks, typed) = (view.blocks().to_vec(), view.typed.clone());
        let (action, typed) = self.acted(click, &blocks, &typed, now)?;
        self.remember_typed(&click.view_id, typed);
        let mut payload = self.block_actions(user, action, now);
        payload["container"] = json!({"type": "view", "view_id": click.view_id});
        payload["view"] = self.view_shape(&click.view_id);
        let act = Act::Click { user: user.into(), place: click.view_id.clone() };
        self.interactions.warnings.remove(&(user.into(), click.view_id.clone()));
        Ok(self.envelope("interactive", payload, act, now))
    }

    pub(super) fn open_view(&self, id: &str, user: &str) -> Result<&super::views::View, Cannot> {
        let open: Vec<&str> =
            self.views.home(user).into_iter().chain(self.views.stack(user)).map(|v| v.id.as_str()).collect();
        match self.views.by_id.get(id).filter(|v| v.user == user) {
            Some(view) => Ok(view),
            None => {
                let why = format!("`view_id`: this person has no open view \"{id}\"");
                Err(Cannot::new(404, "view_not_found", why).beside("views", json!(open)))
            }
        }
    }

    /// What `actions[0]` says, and what the state is after it.
    fn acted(
        &self,
        click: &Click,
        blocks: &[Value],
        typed: &forms::Typed,
        now: At,
    ) -> Result<(Value, forms::Typed), Cannot> {
        let all = forms::elements(blocks);
        let matching: Vec<&Element<'_>> = all
            .iter()
            .filter(|e| e.action_id() == click.action_id && (click.block_id.is_empty() || e.block_id == click.block_id))
            .collect();
        let of_value = |e: &&&Element<'_>| e.kind() == "button" && e.map.get("value") == click.value.as_ref();
        let Some(first) = matching.first() else {
            let present: Vec<&str> = all.iter().map(|e| e.action_id()).collect();
            let why = format!("`action_id`: \"{}\" is not there; there are {}", click.action_id, present.join(", "));
            return Err(Cannot::new(404, "action_not_found", why).beside("action_ids", json!(present)));
        };
        let e = **matching.iter().find(of_value).unwrap_or(first);
        let mut typed = typed.clone();
        for (action_id, said) in &click.values {
            if let Some(other) = all.iter().find(|o| o.action_id() == action_id || o.block_id == action_id) {
                let value = self.choose(*other, said).map_err(|why| wrong_value(*other, &why))?;
                remember(&mut typed, *other, value);
            }
        }
        let mut action = json!({"type": e.kind(), "action_id": e.action_id(), "block_id": e.block_id});
        if e.kind() == "button" {
            let value = e.map.get("value").cloned().unwrap_or(Value::Null);
            if click.value.as_ref().is_some_and(|v| !v.is_null() && *v != value) {
                let offered: Vec<&Value> = matching.iter().filter_map(|e| e.map.get("value")).collect();
                let why = format!("`value`: no button \"{}\" has that value", click.action_id);
                return Err(Cannot::new(404, "action_not_found", why).beside("values", json!(offered)));
            }
            for key in ["text", "value", "style", "url", "confirm"] {
                if let Some(v) = e.map.get(key) {
                    action[key] = v.clone();
                }
            }
        } else {
            let said = click.value.clone().unwrap_or(Value::Null);
            let value = self.choose(e, &said).map_err(|why| wrong_value(e, &why))?;
            if e.kind() == "overflow" && value["selected_option"].is_null() {
                let offered: Vec<&Value> = forms::options(e.map).into_iter().map(|o| &o["value"]).collect();
                let why = "`value`: say which option of the menu".to_owned();
                return Err(Cannot::new(400, "value_missing", why).beside("values", json!(offered)));
            }
            let slot = forms::slot(e.kind());
            action[slot] = value[slot].clone();
            for (key, v) in e.map.iter().filter(|(k, _)| k.starts_with("initial_") || *k == "placeholder") {
                action[key] = v.clone();
            }
            if e.is_stateful() {
                remember(&mut typed, e, value);
            }
        }
        action["action_ts"] = ts_text(now).into();
        Ok((action, typed))
    }

    /// A value in Slack's shape; an option that the app offered in an external select comes back as it was offered.
    fn choose(&self, e: Element<'_>, said: &Value) -> Result<Value, String> {
        let mut value = forms::chosen(e, said, &self.dir)?;
        if e.kind().ends_with("external_select") {
            let known = |o: &mut Value| {
                if let Some(offered) = o["value"].as_str().and_then(|v| self.offered.get(v)) {
                    *o = offered.clone();
                }
            };
            match &mut value[forms::slot(e.kind())] {
                Value::Array(list) => list.iter_mut().for_each(known),
                one => known(one),
            }
        }
        Ok(value)
    }

    fn block_actions(&mut self, user: &str, action: Value, now: At) -> Value {
        let trigger = self.new_trigger(user, now);
        let mut v = self.payload("block_actions", user);
        v["trigger_id"] = trigger.into();
        v["actions"] = json!([action]);
        v
    }

    /// What all interactive payloads begin with.
    pub(super) fn payload(&self, kind: &str, user: &str) -> Value {
        let name = self.dir.users.get(user).map_or("", |u| u.name.as_str());
        let team =
            if self.dir.users.get(user).is_some_and(|u| u.is_stranger) { "T0STRANGER" } else { &self.ws.team_id };
        json!({
            "type": kind, "user": {"id": user, "username": name, "name": name, "team_id": team},
            "api_app_id": self.ws.app_id, "token": "sandbox-verification-token",
            "team": {"id": self.ws.team_id, "domain": self.ws.team_domain},
            "enterprise": null, "is_enterprise_install": false,
        })
    }

    pub(super) fn channel_stub(&self, id: &str) -> Value {
        json!({"id": id, "name": self.channel_name(id)})
    }

    /// As Slack names it to apps: a direct message is `directmessage`, a private channel `privategroup` only in commands.
    pub(super) fn channel_name(&self, id: &str) -> String {
        match self.dir.conversations.get(id) {
            Some(c) if c.sort == Sort::Im => "directmessage".into(),
            Some(c) => c.name.clone(),
            None => String::new(),
        }
    }

    fn remember_typed(&mut self, view: &str, typed: forms::Typed) {
        if let Some(v) = self.views.by_id.get_mut(view) {
            v.typed = typed;
            let v = v.clone();
            self.keep(Change::View(v));
        }
    }

    /// A person submits a modal. `values` is by block id and action id, or by either alone.
    ///
    /// # Errors
    /// What Slack's client itself refuses: unknown fields, required fields left empty, numbers that are none.
    pub fn submit(
        &mut self,
        user: &str,
        view_id: &str,
        values: &Map<String, Value>,
        now: At,
    ) -> Result<EnvelopeId, Cannot> {
        let user = self.actor(user)?;
        let view = self.open_view(view_id, &user)?.clone();
        if view.home || view.body.get("submit").is_none() {
            return Err(Cannot::new(400, "cannot_submit", "this view has no submit button"));
        }
        if self.views.stack(&user).last().is_some_and(|top| top.id != view_id) {
            return Err(Cannot::new(400, "cannot_submit", "another modal is on top of this one"));
        }
        let all = forms::elements(view.blocks());
        let mut typed = view.typed.clone();
        for (key, said) in values {
            self.type_in(&all, key, said, &mut typed)?;
        }
        let state = forms::values(view.blocks(), &typed);
        let wrong = forms::incomplete(view.blocks(), &state);
        self.remember_typed(view_id, typed);
        if !wrong.is_empty() {
            return Err(Cannot::new(400, "form_incomplete", "Slack does not submit this form")
                .beside("errors", Value::Object(wrong)));
        }
        let mut payload = self.payload("view_submission", &user);
        payload["trigger_id"] = self.new_trigger(&user, now).into();
        payload["view"] = self.view_shape(view_id);
        payload["response_urls"] = self.form_urls(&all, &state, &user, now);
        self.interactions.warnings.remove(&(user.clone(), view_id.into()));
        if let Some(callback) = view.body.get("callback_id").and_then(Value::as_str) {
            self.did(Deed::Submit(callback.into()));
        }
        Ok(self.envelope("interactive", payload, Act::Submit { user, view: view_id.into() }, now))
    }

    fn type_in(&self, all: &[Element<'_>], key: &str, said: &Value, typed: &mut forms::Typed) -> Result<(), Cannot> {
        let stateful = || all.iter().filter(|e| e.is_stateful());
        let in_block: Vec<&Element<'_>> = stateful().filter(|e| e.block_id == key).collect();
        let mut put = |e: Element<'_>, said: &Value| -> Result<(), Cannot> {
            let value = self.choose(e, said).map_err(|why| wrong_value(e, &why))?;
            remember(typed, e, value);
            Ok(())
        };
        if let Value::Object(inner) = said
            && let Some((e, v)) = in_block.iter().find_map(|e| inner.get(e.action_id()).map(|v| (e, v)))
        {
            return put(**e, v);
        }
        let Some(e) = in_block.first().copied().or_else(|| stateful().find(|e| e.action_id() == key)) else {
            let fields: Vec<Value> = stateful()
                .map(|e| json!({"block_id": e.block_id, "action_id": e.action_id(), "type": e.kind()}))
                .collect();
            let why = format!("`values`: no field \"{key}\" in this view");
            return Err(Cannot::new(404, "field_not_found", why).beside("fields", json!(fields)));
        };
        put(*e, said)
    }

    /// A submission has a response URL for each channel chosen in a field that asked for one.
    fn form_urls(&mut self, all: &[Element<'_>], state: &Value, user: &str, now: At) -> Value {
        let mut urls = Vec::new();
        for e in all.iter().filter(|e| e.map.get("response_url_enabled") == Some(&Value::Bool(true))) {
            let chosen = state[e.block_id][e.action_id()][forms::slot(e.kind())].as_str();
            if let Some(channel) = chosen {
                let url = self.new_response_url("app", user, channel, None, now);
                urls.push(json!({
                    "block_id": e.block_id, "action_id": e.action_id(), "channel_id": channel, "response_url": url,
                }));
            }
        }
        Value::Array(urls)
    }

    /// A person closes a modal: the visible one, or the whole stack (always, where the view says `clear_on_close`). The
    /// app hears of it if the view asked to.
    ///
    /// # Errors
    /// The view is not open.
    pub fn close(&mut self, user: &str, view_id: &str, whole_stack: bool, now: At) -> Result<(), Cannot> {
        let user = self.actor(user)?;
        let view = self.open_view(view_id, &user)?.clone();
        let flag = |key: &str| view.body.get(key) == Some(&Value::Bool(true));
        let (notify, whole_stack) = (flag("notify_on_close"), whole_stack || flag("clear_on_close"));
        let mut payload = self.payload("view_closed", &user);
        payload["view"] = self.view_shape(view_id);
        payload["is_cleared"] = whole_stack.into();
        if whole_stack {
            self.close_all(&user);
        } else {
            self.close_view(view_id);
        }
        if notify {
            self.envelope("interactive", payload, Act::Closed, now);
        }
        Ok(())
    }
}

fn remember(typed: &mut forms::Typed, e: Element<'_>, value: Value) {
    typed.entry(e.block_id.into()).or_default().insert(e.action_id().into(), value);
}

fn wrong_value(e: Element<'_>, why: &str) -> Cannot {
    Cannot::new(400, "bad_value", format!("`{}` ({}): {why}", e.action_id(), e.kind()))
}

pub(super) fn ts_text(now: At) -> String {
    Ts(u64::try_from(now.0.max(0)).unwrap_or(0).saturating_mul(1_000)).to_string()
}
