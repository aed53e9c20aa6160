//! Modals and Home tabs: `views.*`, the stack of each person, and what a view remembers of what was typed.

use super::answer::{Outcome, Refused};
use super::args::Args;
use super::limits;
use super::persist::Change;
use super::state::Slack;
use super::workspace::Workspace;
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Modals on top of each other.
const STACK: usize = 3;

/// A modal or a Home tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    pub id: String,
    pub user: String,
    pub home: bool,
    /// What the app sent, ids and defaults filled in.
    pub body: Map<String, Value>,
    pub hash: String,
    pub root: String,
    pub previous: Option<String>,
    /// What the person chose or typed so far: block id, action id, value as in `state.values`.
    pub typed: BTreeMap<String, BTreeMap<String, Value>>,
}

/// All open views.
#[derive(Clone, Debug, Default)]
pub struct Views {
    pub by_id: BTreeMap<String, View>,
}

impl Views {
    /// A person's modals, the visible one last.
    pub fn stack(&self, user: &str) -> Vec<&View> {
        let mine = || self.by_id.values().filter(|v| v.user == user && !v.home);
        let mut stack: Vec<&View> = mine().filter(|v| v.previous.is_none()).take(1).collect();
        while let Some(next) = stack.last().and_then(|top| mine().find(|v| v.previous.as_deref() == Some(&top.id))) {
            stack.push(next);
        }
        stack
    }

    /// A person's Home tab, once published.
    pub fn home(&self, user: &str) -> Option<&View> {
        self.by_id.values().find(|v| v.user == user && v.home)
    }
}

impl View {
    /// The blocks.
    pub fn blocks(&self) -> &[Value] {
        self.body.get("blocks").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The view as answers and payloads carry it.
    pub fn shape(&self, ws: &Workspace, values: Value) -> Value {
        let text = |key: &str| self.body.get(key).cloned().unwrap_or_else(|| json!(""));
        let flag = |key: &str| self.body.get(key) == Some(&Value::Bool(true));
        json!({
            "id": self.id, "team_id": ws.team_id, "type": if self.home { "home" } else { "modal" },
            "blocks": self.blocks(), "private_metadata": text("private_metadata"), "callback_id": text("callback_id"),
            "external_id": text("external_id"), "state": {"values": values}, "hash": self.hash,
            "title": self.body.get("title"), "submit": self.body.get("submit"), "close": self.body.get("close"),
            "clear_on_close": flag("clear_on_close"), "notify_on_close": flag("notify_on_close"),
            "submit_disabled": flag("submit_disabled"), "previous_view_id": self.previous, "root_view_id": self.root,
            "app_id": ws.app_id, "app_installed_team_id": ws.team_id, "bot_id": ws.bot.bot_id,
        })
    }
}

impl Slack {
    /// `views.open`: a modal in the place of whatever modals the person had.
    pub(super) fn view_open(&mut self, args: Args<'_>, now: At) -> Outcome {
        let body = self.view_argument(args, false, None)?;
        let trigger = self.exchange_trigger(args, now)?;
        let id = self.show_view(&trigger.user, body, None, now);
        Ok(json!({"view": self.view_shape(&id)}))
    }

    /// `views.push`: on top of the modal the trigger came from.
    pub(super) fn view_push(&mut self, args: Args<'_>, now: At) -> Outcome {
        let body = self.view_argument(args, false, None)?;
        let trigger = self.exchange_trigger(args, now)?;
        let id = self.push_view(&trigger.user, body, now)?;
        Ok(json!({"view": self.view_shape(&id)}))
    }

    pub(super) fn push_view(&mut self, user: &str, body: Map<String, Value>, now: At) -> Result<String, Refused> {
        let stack = self.views.stack(user);
        let Some(top) = stack.last().map(|v| v.id.clone()) else { return Err("not_found".into()) };
        if stack.len() >= STACK {
            return Err("push_limit_reached".into());
        }
        Ok(self.show_view(user, body, Some(top), now))
    }

    /// `views.update`, by `view_id` or `external_id`, guarded by `hash` if given.
    pub(super) fn view_update(&mut self, args: Args<'_>, now: At) -> Outcome {
        let id = match (args.text("view_id"), args.text("external_id")) {
            (Some(id), _) => id,
            (None, Some(ext)) => {
                let found = self.views.by_id.values().find(|v| v.body.get("external_id") == Some(&json!(ext)));
                found.map(|v| v.id.clone()).ok_or("not_found")?
            }
            (None, None) => return Err(Refused::arguments(["missing required field: view_id"])),
        };
        let home = self.views.by_id.get(&id).ok_or("not_found")?.home;
        let body = self.view_argument(args, home, Some(&id))?;
        self.check_hash(args, &id)?;
        self.replace_view(&id, body, now);
        Ok(json!({"view": self.view_shape(&id)}))
    }

    /// `views.publish`: a person's Home tab.
    pub(super) fn view_publish(&mut self, args: Args<'_>, now: At) -> Outcome {
        let user = args.need("user_id")?;
        if self.dir.users.get(&user).is_none_or(|u| u.deleted || u.is_bot) {
            return Err("user_not_found".into());
        }
        let old = self.views.home(&user).map(|v| v.id.clone());
        let body = self.view_argument(args, true, old.as_deref())?;
        let id = match old {
            Some(id) => {
                self.check_hash(args, &id)?;
                self.replace_view(&id, body, now);
                id
            }
            None => {
                let id = self.new_id("V");
                let hash = self.new_hash(now);
                let view = View {
                    root: id.clone(),
                    id: id.clone(),
                    user,
                    home: true,
                    body,
                    hash,
                    previous: None,
                    typed: BTreeMap::new(),
                };
                self.put_view(view);
                id
            }
        };
        Ok(json!({"view": self.view_shape(&id)}))
    }

    fn check_hash(&self, args: Args<'_>, id: &str) -> Result<(), Refused> {
        let given = args.text("hash");
        let same = self.views.by_id.get(id).is_some_and(|v| given.as_ref().is_none_or(|h| *h == v.hash));
        if same { Ok(()) } else { Err("hash_conflict".into()) }
    }

    fn view_argument(
        &mut self,
        args: Args<'_>,
        home: bool,
        instead_of: Option<&str>,
    ) -> Result<Map<String, Value>, Refused> {
        match args.json("view") {
            Ok(Some(v)) => self.checked_view(v, home, instead_of),
            Ok(None) => Err(Refused::arguments(["missing required field: view"])),
            Err(()) => Err(Refused::arguments(["must provide an object [json-pointer:/view]"])),
        }
    }

    /// Checks a view and fills in what Slack fills in.
    ///
    /// # Errors
    /// `invalid_arguments`, `view_too_large`, `duplicate_external_id`.
    pub(super) fn checked_view(
        &mut self,
        v: Value,
        home: bool,
        instead_of: Option<&str>,
    ) -> Result<Map<String, Value>, Refused> {
        let bytes = v.to_string().len();
        let Value::Object(mut body) = v else {
            return Err(Refused::arguments(["must provide an object [json-pointer:/view]"]));
        };
        if bytes > limits::VIEW_BYTES {
            return Err("view_too_large".into());
        }
        // An app may send back what it was given; empty optional texts are as good as absent.
        body.retain(|_, v| !v.is_null());
        let complaints = limits::view(&body, home);
        if !complaints.is_empty() {
            return Err(Refused::arguments(complaints));
        }
        let external = body.get("external_id").and_then(Value::as_str).filter(|s| !s.is_empty());
        if let Some(external) = external
            && self.views.by_id.values().any(|v| {
                Some(v.id.as_str()) != instead_of && v.body.get("external_id").and_then(Value::as_str) == Some(external)
            })
        {
            return Err("duplicate_external_id".into());
        }
        if let Some(Value::Array(blocks)) = body.get_mut("blocks") {
            let mut taken = std::mem::take(blocks);
            self.fill_blocks(&mut taken);
            body.insert("blocks".into(), taken.into());
        }
        for key in ["title", "submit", "close"] {
            if let Some(Value::Object(text)) = body.get_mut(key) {
                text.entry("emoji").or_insert(Value::Bool(true));
            }
        }
        Ok(body)
    }

    /// Shows a checked modal: as a new root, or on top of `previous`.
    pub(super) fn show_view(
        &mut self,
        user: &str,
        body: Map<String, Value>,
        previous: Option<String>,
        now: At,
    ) -> String {
        if previous.is_none() {
            self.close_all(user);
        }
        let id = self.new_id("V");
        let root =
            previous.as_ref().and_then(|p| self.views.by_id.get(p)).map_or_else(|| id.clone(), |v| v.root.clone());
        let hash = self.new_hash(now);
        let view =
            View { id: id.clone(), user: user.into(), home: false, body, hash, root, previous, typed: BTreeMap::new() };
        self.put_view(view);
        id
    }

    /// Replaces a view's content. What was typed stays where block id and action id stay.
    pub(super) fn replace_view(&mut self, id: &str, body: Map<String, Value>, now: At) {
        let hash = self.new_hash(now);
        let Some(view) = self.views.by_id.get_mut(id) else { return };
        view.body = body;
        view.hash = hash;
        let view = view.clone();
        self.keep(Change::View(view));
    }

    pub(super) fn put_view(&mut self, view: View) {
        self.views.by_id.insert(view.id.clone(), view.clone());
        self.keep(Change::View(view));
    }

    /// Closes one modal; those above it go with it.
    pub(super) fn close_view(&mut self, id: &str) {
        let Some(view) = self.views.by_id.get(id) else { return };
        let stack: Vec<String> = self.views.stack(&view.user).iter().map(|v| v.id.clone()).collect();
        for gone in stack.iter().skip_while(|v| *v != id) {
            self.views.by_id.remove(gone);
            self.keep(Change::ViewGone { id: gone.clone() });
        }
    }

    /// Closes every modal of a person.
    pub(super) fn close_all(&mut self, user: &str) {
        if let Some(root) = self.views.stack(user).first().map(|v| v.id.clone()) {
            self.close_view(&root);
        }
    }

    fn new_hash(&mut self, now: At) -> String {
        format!("{}.{}", now.secs(), self.random_word(8))
    }

    pub(super) fn view_shape(&self, id: &str) -> Value {
        self.views.by_id.get(id).map_or(Value::Null, |v| v.shape(&self.ws, super::forms::values(v.blocks(), &v.typed)))
    }

    /// A person's Home tab and modals as shown now, the visible modal last.
    pub fn views_of(&self, user: &str) -> Vec<Value> {
        let home = self.views.home(user).into_iter();
        home.chain(self.views.stack(user)).map(|v| self.view_shape(&v.id)).collect()
    }
}
