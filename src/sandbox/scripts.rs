//! `/sandbox/*`: what scripts and tests drive. Every error is JSON that says which field, what was found, and what to
//! write instead.
//!
//! | | |
//! |---|---|
//! | `GET info` | where everything is: `http`, `slack_api`, `users`, `channels`, `services` |
//! | `GET messages?channel=C[&thread_ts=T][&user=U]` | Slack-shaped messages, newest last; with `user` also what only they see |
//! | `GET calls[?method=M]` | every Web API call: `method`, `body`, `answer`, `status`, `time` |
//! | `GET views?user=U` | the person's Home tab and open modals, the visible one last |
//! | `GET wait?channel=C&contains=TEXT&seconds=N` | answers when a message says so; 408 if none does in time |
//! | `POST slash` | `user, channel, command, text`: the immediate response |
//! | `POST click` | `user, channel, ts, action_id[, value, block_id, values]`, or `view_id` for `channel, ts` |
//! | `POST submit` | `user, view_id, values`: by block id and action id, or by either alone |
//! | `POST close` | `user, view_id[, all]` |
//! | `POST shortcut` | `user, callback_id[, channel, ts]` |
//! | `POST suggest` | `user, action_id, value` and where, as for `click`: what the app offers in an external select |
//! | `POST home` | `user[, tab]` opens the Home tab, or with `tab: "messages"` the app's direct message |
//! | `POST read` | `user, channel`: everything there is read |
//! | `POST react` | `user, channel, ts, name`: adds a reaction, or takes it away |
//! | `GET pushes?user=U` | what was on the person's lock screen, newest last |
//! | `POST break` | `trouble`: `down`, `flapping`, `storm`, `clear`: real alerts to the pager at `http`; answers `events`, `channels`, and in words what `said` |
//! | `POST moment` | `label[, run]`: moves the clock to a moment the guide names |
//! | `POST say` | `user, channel, text[, thread_ts, typed]`; with `typed`, `@ana` is a mention and `<` is text |
//! | `POST user` | `user[, deleted, is_restricted, tz, dnd]`: what Slack's admins would change |
//! | `POST advance` | `seconds[, run]`: the clock jumps; with `run: true` it runs there within about 3 s, and what is due on the way happens at its time |
//! | `GET, POST, DELETE faults` | see [`super::faults`] |

use super::envelopes::Verdict;
use super::faults::Fault;
use super::interactions::{Cannot, Click};
use super::messages::Ts;
use super::shared::Shared;
use super::state::Slack;
use super::suggestions::Asking;
use super::trouble::{self, Trouble};
use super::workspace::DndWindow;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The longest a `wait` waits, in seconds of real time.
const WAIT_SECS: f64 = 600.0;

/// A service as `/sandbox/info` lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    pub name: String,
    /// The integration key.
    pub key: String,
    /// Without `#`.
    pub channel: String,
}

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sandbox/info", get(info))
        .route("/sandbox/messages", get(messages))
        .route("/sandbox/calls", get(calls))
        .route("/sandbox/views", get(views))
        .route("/sandbox/wait", get(wait))
        .route("/sandbox/slash", post(slash))
        .route("/sandbox/click", post(click))
        .route("/sandbox/submit", post(submit))
        .route("/sandbox/close", post(close))
        .route("/sandbox/shortcut", post(shortcut))
        .route("/sandbox/suggest", post(suggest))
        .route("/sandbox/home", post(home))
        .route("/sandbox/read", post(read))
        .route("/sandbox/react", post(react))
        .route("/sandbox/pushes", get(pushes))
        .route("/sandbox/break", post(break_something))
        .route("/sandbox/moment", post(moment))
        .route("/sandbox/say", post(say))
        .route("/sandbox/edit", post(edit))
        .route("/sandbox/unsay", post(unsay))
        .route("/sandbox/user", post(user))
        .route("/sandbox/advance", post(advance))
        .route("/sandbox/faults", get(faults).post(order_faults).delete(clear_faults))
}

type Params = Query<HashMap<String, String>>;

/// A JSON answer.
fn reply(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

impl IntoResponse for Cannot {
    fn into_response(self) -> Response {
        reply(self.status, &self.body)
    }
}

async fn info(State(shared): State<Arc<Shared>>) -> Response {
    let (http, services) = shared.info();
    let mut body = shared.act(|slack, _| {
        let people: Vec<Value> = slack.dir.people().map(|u| json!({"id": u.id, "name": u.name})).collect();
        let channels: Vec<Value> = slack.listed_channels().map(|c| json!({"id": c.id, "name": c.name})).collect();
        json!({"slack_api": format!("{}/api/", slack.base_url), "users": people, "channels": channels})
    });
    body["http"] = http.into();
    body["services"] = json!(services);
    reply(200, &body)
}

async fn messages(State(shared): State<Arc<Shared>>, Query(q): Params) -> Result<Response, Cannot> {
    let list = shared.act(|slack, now| {
        let channel = slack.find_place(param(&q, "channel"), now)?;
        let thread = match q.get("thread_ts") {
            None => None,
            Some(s) => {
                Some(s.parse::<Ts>().map_err(|why| Cannot::new(400, "bad_value", format!("`thread_ts`: {why}")))?)
            }
        };
        let viewer = match q.get("user") {
            None => None,
            Some(u) => Some(slack.actor(u)?),
        };
        Ok(slack.shown(&channel, thread, viewer.as_deref()))
    })?;
    Ok(reply(200, &Value::Array(list)))
}

async fn calls(State(shared): State<Arc<Shared>>, Query(q): Params) -> Response {
    let body = shared.act(|slack, _| {
        let wanted = q.get("method");
        json!(slack.calls().filter(|c| wanted.is_none_or(|m| *m == c.method)).collect::<Vec<_>>())
    });
    reply(200, &body)
}

async fn views(State(shared): State<Arc<Shared>>, Query(q): Params) -> Result<Response, Cannot> {
    let views = shared.act(|slack, _| slack.actor(param(&q, "user")).map(|user| slack.views_of(&user)))?;
    Ok(reply(200, &Value::Array(views)))
}

async fn wait(State(shared): State<Arc<Shared>>, Query(q): Params) -> Result<Response, Cannot> {
    let contains = param(&q, "contains").to_owned();
    if contains.is_empty() {
        return Err(Cannot::new(400, "field_missing", "`contains` is missing: write the text to wait for"));
    }
    let said = param(&q, "seconds");
    let seconds = if said.is_empty() { Ok(10.0) } else { said.parse::<f64>() };
    let Some(seconds) = seconds.ok().filter(|s| s.is_finite() && *s >= 0.0) else {
        return Err(Cannot::new(400, "bad_value", format!("`seconds`: expected a number, found \"{said}\"")));
    };
    let channel = shared.act(|slack, now| slack.find_place(param(&q, "channel"), now))?;
    let mut changed = shared.changed();
    let found = async {
        loop {
            if let Some(message) = shared.act(|slack, _| slack.find_text(&channel, &contains)) {
                return message;
            }
            let _ = changed.changed().await;
        }
    };
    match tokio::time::timeout(Duration::from_secs_f64(seconds.min(WAIT_SECS)), found).await {
        Ok(message) => Ok(reply(200, &json!({"ok": true, "message": message}))),
        Err(_) => {
            let why = format!("no message of {} contained \"{contains}\" within {seconds} s", param(&q, "channel"));
            let last = shared.act(|slack, _| slack.shown(&channel, None, None).pop());
            let mut body = Cannot::new(408, "timeout", why).body;
            body["last_message"] = json!(last);
            Ok(reply(408, &body))
        }
    }
}

async fn slash(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, channel, command) = (b.need("user")?, b.need("channel")?, b.need("command")?);
    let text = b.text("text");
    let id = shared.act(|slack, now| slack.slash(&user, &channel, &command, &text, now))?;
    Ok(verdict(shared.verdict(&id).await))
}

async fn click(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let view_id = b.text("view_id");
    let in_message = view_id.is_empty();
    let click = Click {
        user: b.need("user")?,
        channel: if in_message { b.need("channel")? } else { String::new() },
        ts: if in_message { b.need("ts")? } else { String::new() },
        view_id,
        action_id: b.need("action_id")?,
        block_id: b.text("block_id"),
        value: b.0.get("value").filter(|v| !v.is_null()).cloned(),
        values: b.object("values")?,
    };
    let id = shared.act(|slack, now| slack.click(&click, now))?;
    Ok(verdict(shared.verdict(&id).await))
}

async fn submit(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, view_id, values) = (b.need("user")?, b.need("view_id")?, b.object("values")?);
    let id = shared.act(|slack, now| slack.submit(&user, &view_id, &values, now))?;
    Ok(verdict(shared.verdict(&id).await))
}

async fn close(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, view_id, all) = (b.need("user")?, b.need("view_id")?, b.0.get("all") == Some(&Value::Bool(true)));
    shared.act(|slack, now| slack.close(&user, &view_id, all, now))?;
    Ok(reply(200, &json!({"ok": true})))
}

async fn shortcut(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, callback_id, channel, ts) = (b.need("user")?, b.need("callback_id")?, b.text("channel"), b.text("ts"));
    let on = (!ts.is_empty()).then_some((channel.as_str(), ts.as_str()));
    let id = shared.act(|slack, now| slack.shortcut(&user, &callback_id, on, now))?;
    Ok(verdict(shared.verdict(&id).await))
}

async fn home(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let user = b.need("user")?;
    let tab = match b.text("tab").as_str() {
        "" | "home" => "home",
        "messages" => "messages",
        other => {
            return Err(Cannot::new(400, "bad_value", format!("`tab`: write home or messages, found \"{other}\"")));
        }
    };
    shared.act(|slack, now| slack.open_home(&user, tab, now))?;
    Ok(reply(200, &json!({"ok": true})))
}

async fn suggest(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let asking = Asking {
        user: b.need("user")?,
        view_id: b.text("view_id"),
        channel: b.text("channel"),
        ts: b.text("ts"),
        block_id: b.text("block_id"),
        action_id: b.need("action_id")?,
        value: b.text("value"),
    };
    let id = shared.act(|slack, now| slack.suggest(&asking, now))?;
    Ok(verdict(shared.verdict(&id).await))
}

async fn read(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, channel) = (b.need("user")?, b.need("channel")?);
    shared.act(|slack, now| slack.read(&user, &channel, now))?;
    Ok(reply(200, &json!({"ok": true})))
}

async fn react(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, channel, ts, name) = (b.need("user")?, b.need("channel")?, b.need("ts")?, b.need("name")?);
    let there = shared.act(|slack, now| slack.react(&user, &channel, &ts, &name, now))?;
    Ok(reply(200, &json!({"ok": true, "there": there})))
}

async fn pushes(State(shared): State<Arc<Shared>>, Query(q): Params) -> Result<Response, Cannot> {
    let list = shared.act(|slack, _| {
        let user = slack.actor(param(&q, "user"))?;
        Ok(json!(slack.pushes(&user).collect::<Vec<_>>()))
    })?;
    Ok(reply(200, &list))
}

async fn break_something(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let said = b.need("trouble")?;
    let Some(wanted) = Trouble::parse(&said) else {
        let words = Trouble::ALL.map(Trouble::word).join(", ");
        return Err(Cannot::new(400, "bad_value", format!("`trouble`: write one of {words}; found \"{said}\"")));
    };
    let (http, services) = shared.info();
    let guide = shared.guide();
    let open = |service: &str, key: &str| guide.open.as_ref().and_then(|ask| ask(service, key));
    let sendings = trouble::sendings(wanted, &services, &guide.sample_keys, &open);
    let channels = trouble::channels(&sendings, &services);
    let said = trouble::said(wanted, &sendings, &channels, &open);
    match trouble::send(&http, sendings).await {
        Ok(events) => Ok(reply(200, &json!({"ok": true, "events": events, "channels": channels, "said": said}))),
        Err(why) => Err(Cannot::new(502, "not_taken", why)),
    }
}

async fn moment(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let label = b.need("label")?;
    let now = shared.clock().now();
    let Some(m) = shared.guide().moments.iter().find(|m| m.label == label) else {
        let labels: Vec<&str> = shared.guide().moments.iter().map(|m| m.label.as_str()).collect();
        return Err(Cannot::new(404, "no_such_moment", format!("`label`: there are {labels:?}")));
    };
    let Some(ahead_ms) = (m.next)(now).map(|at| at.0 - now.0).filter(|ms| *ms >= 0) else {
        return Err(Cannot::new(409, "never", format!("{label}: that moment never comes")));
    };
    move_clock(shared.clone(), &b, Duration::from_millis(ahead_ms.unsigned_abs())).await
}

async fn say(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let app = b.text("app");
    if !app.is_empty() {
        let channel = b.need("channel")?;
        let message = shared.act(|slack, now| slack.say_as_app(&app, &channel, &json!(b.0), now))?;
        return Ok(reply(200, &json!({"ok": true, "message": message})));
    }
    let (user, channel, text, thread) = (b.need("user")?, b.need("channel")?, b.need("text")?, b.text("thread_ts"));
    let thread = (!thread.is_empty()).then_some(thread.as_str());
    let typed = b.0.get("typed") == Some(&Value::Bool(true));
    let message = shared.act(|slack, now| {
        let text = if typed { slack.typed(&text) } else { text };
        slack.say(&user, &channel, &text, thread, now)
    })?;
    Ok(reply(200, &json!({"ok": true, "message": message})))
}

async fn edit(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, channel, ts, text) = (b.need("user")?, b.need("channel")?, b.need("ts")?, b.need("text")?);
    shared.act(|slack, now| slack.edit(&user, &channel, &ts, &text, now))?;
    Ok(reply(200, &json!({"ok": true})))
}

async fn unsay(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let (user, channel, ts) = (b.need("user")?, b.need("channel")?, b.need("ts")?);
    shared.act(|slack, now| slack.unsay(&user, &channel, &ts, now))?;
    Ok(reply(200, &json!({"ok": true})))
}

async fn user(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let said = b.need("user")?;
    let shape = shared.act(|slack, now| {
        let found = slack.dir.user(&said).filter(|u| !u.is_bot).cloned();
        let mut user = match found {
            Some(user) => user,
            None => return slack.actor(&said).map(Value::from),
        };
        let flag = |key: &str, now: bool| b.0.get(key).and_then(Value::as_bool).unwrap_or(now);
        user.deleted = flag("deleted", user.deleted);
        user.is_restricted = flag("is_restricted", user.is_restricted);
        if let Some(tz) = b.0.get("tz").and_then(Value::as_str) {
            tz.parse::<chrono_tz::Tz>()
                .map_err(|_| Cannot::new(400, "bad_value", format!("`tz`: \"{tz}\" is no IANA time zone")))?;
            user.tz = tz.into();
        }
        match b.0.get("dnd") {
            None => {}
            Some(Value::Null) => user.dnd = None,
            Some(v) => {
                let window: Result<DndWindow, _> = serde_json::from_value(v.clone());
                let wrong = |e| {
                    Cannot::new(
                        400,
                        "bad_value",
                        format!("`dnd`: write {{\"start\": \"22:00\", \"end\": \"08:00\"}} ({e})"),
                    )
                };
                user.dnd = Some(window.map_err(wrong)?);
            }
        }
        let dnd_changed = slack.dir.users.get(&user.id).is_some_and(|before| before.dnd != user.dnd);
        slack.set_user(user.clone());
        if dnd_changed {
            slack.tell_of_dnd(&user.id, now);
        }
        Ok(json!(user))
    })?;
    Ok(reply(200, &json!({"ok": true, "user": shape})))
}

async fn advance(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let b = Fields::read(&body)?;
    let said = b.0.get("seconds").cloned().unwrap_or(Value::Null);
    let seconds = said.as_f64().filter(|s| s.is_finite() && (0.0..=1e9).contains(s));
    let Some(seconds) = seconds else {
        return Err(Cannot::new(400, "bad_value", format!("`seconds`: expected a number from 0 to 1e9, found {said}")));
    };
    move_clock(shared, &b, Duration::from_secs_f64(seconds)).await
}

/// Jumps, or with `run` runs there. Once it runs it arrives, also when whoever asked is gone.
async fn move_clock(shared: Arc<Shared>, b: &Fields, by: Duration) -> Result<Response, Cannot> {
    let now = match b.0.get("run") {
        Some(Value::Bool(true)) => {
            let ran = tokio::spawn(shared.clone().run_on(by)).await.ok().flatten();
            ran.ok_or_else(|| Cannot::new(409, "running", "the clock is running already: wait until it stands"))?
        }
        _ => shared.advance(by),
    };
    Ok(reply(200, &json!({"ok": true, "now": now.secs(), "offset_seconds": shared.clock().offset_ms() / 1_000})))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Response {
    reply(200, &shared.act(|slack, _| slack.faults()))
}

async fn order_faults(State(shared): State<Arc<Shared>>, body: Bytes) -> Result<Response, Cannot> {
    let v: Value =
        serde_json::from_slice(&body).map_err(|e| Cannot::new(400, "invalid_json", format!("the body: {e}")))?;
    let one = [v.clone()];
    let orders = v.as_array().map_or(&one[..], Vec::as_slice);
    let parsed: Result<Vec<Fault>, String> = orders.iter().map(Fault::parse).collect();
    let parsed = parsed.map_err(|why| Cannot::new(400, "bad_fault", why))?;
    let list = shared.act(|slack, _| {
        parsed.into_iter().for_each(|fault| slack.order(fault));
        slack.faults()
    });
    Ok(reply(200, &json!({"ok": true, "faults": list})))
}

async fn clear_faults(State(shared): State<Arc<Shared>>) -> Response {
    shared.act(|slack, _| slack.order(Fault::Clear));
    reply(200, &json!({"ok": true, "faults": []}))
}

/// A verdict as scripts read it: what the app answered stands beside `ok`.
fn verdict(verdict: Verdict) -> Response {
    let mut body = match verdict.body {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    body.insert("ok".into(), verdict.ok.into());
    reply(200, &Value::Object(body))
}

fn param<'a>(q: &'a HashMap<String, String>, name: &str) -> &'a str {
    q.get(name).map_or("", String::as_str)
}

/// The fields of a script's request.
struct Fields(Map<String, Value>);

impl Fields {
    fn read(body: &[u8]) -> Result<Self, Cannot> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            Ok(other) => Err(Cannot::new(400, "invalid_json", format!("expected a JSON object, found {other}"))),
            Err(e) => Err(Cannot::new(400, "invalid_json", format!("the body is no JSON object: {e}"))),
        }
    }

    fn text(&self, key: &str) -> String {
        match self.0.get(key) {
            Some(Value::String(s)) => s.clone(),
            Some(Value::Number(n)) => n.to_string(),
            _ => String::new(),
        }
    }

    fn need(&self, key: &str) -> Result<String, Cannot> {
        let text = self.text(key);
        if !text.is_empty() {
            return Ok(text);
        }
        let found: Vec<&String> = self.0.keys().collect();
        let hint = match key {
            "user" => "a user's id or name",
            "channel" => "a channel's id or name, or dm:USER",
            "ts" => "the message's ts, as text",
            _ => "text",
        };
        let why = match self.0.get(key) {
            Some(v) if !v.is_string() => format!("`{key}`: expected {hint}, found {v}"),
            _ => format!("`{key}` is missing: write {hint}; found the fields {found:?}"),
        };
        Err(Cannot::new(400, "field_missing", why))
    }

    fn object(&self, key: &str) -> Result<Map<String, Value>, Cannot> {
        match self.0.get(key) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(map)) => Ok(map.clone()),
            Some(other) => {
                Err(Cannot::new(400, "bad_value", format!("`{key}`: expected an object of fields, found {other}")))
            }
        }
    }
}

impl Slack {
    /// Channels, not direct messages, in the workspace's order and then by age.
    pub fn listed_channels(&self) -> impl Iterator<Item = &super::directory::Conversation> {
        let configured = self.ws.channels.iter().filter_map(|c| self.dir.conversations.get(&c.id));
        let created = self
            .dir
            .conversations
            .values()
            .filter(|c| c.sort != super::directory::Sort::Im && !self.ws.channels.iter().any(|w| w.id == c.id));
        configured.chain(created)
    }

    /// The messages of a channel or thread, newest last; with `viewer` also what only they see.
    pub fn shown(&self, channel: &str, thread: Option<Ts>, viewer: Option<&str>) -> Vec<Value> {
        let mut list: Vec<(Ts, Value)> = match thread {
            Some(parent) => {
                self.messages.in_thread(channel, parent).map(|m| (m.ts, m.shape(channel, &self.ws, true))).collect()
            }
            None => self.messages.in_channel(channel).map(|m| (m.ts, m.shape(channel, &self.ws, true))).collect(),
        };
        if let Some(viewer) = viewer {
            let mine = self.ephemerals.iter().filter(|e| e.channel == channel && e.user == viewer);
            list.extend(mine.filter(|e| e.message.thread == thread).map(|e| (e.message.ts, e.shape(&self.ws))));
            list.sort_by_key(|(ts, _)| *ts);
        }
        list.into_iter().map(|(_, v)| v).collect()
    }

    /// The newest message of a channel, its threads or its ephemerals that contains a text.
    pub fn find_text(&self, channel: &str, contains: &str) -> Option<Value> {
        let says = |m: &super::messages::Message| {
            let text = m.readable();
            text.contains(contains)
                || text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").contains(contains)
        };
        let kept = self.messages.of(channel).rev().find(|m| says(m)).map(|m| (m.ts, m.shape(channel, &self.ws, true)));
        let mine = self.ephemerals.iter().rev().find(|e| e.channel == channel && says(&e.message));
        let shown = mine.map(|e| {
            let mut v = e.shape(&self.ws);
            v["shown_to"] = e.user.clone().into();
            (e.message.ts, v)
        });
        kept.into_iter().chain(shown).max_by_key(|(ts, _)| *ts).map(|(_, v)| v)
    }
}
