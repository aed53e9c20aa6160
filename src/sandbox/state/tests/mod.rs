//! The whole machine in virtual time: no HTTP, no clock.

mod calls;
mod hearing;
mod people;
mod sockets;

use super::*;

use crate::sandbox::faults::Fault;
use crate::sandbox::interactions::Click;
use crate::sandbox::sockets::{Out, Outgoing, SocketId};
use crate::sandbox::workspace::{Channel, DndWindow, SlashCommand, User, Usergroup};

/// A Slack, and what time it is.
struct World {
    slack: Slack,
    now: At,
}

const NOON: At = At(1_700_000_000_000);

fn workspace() -> Workspace {
    let channel = |name: &str| Channel { id: format!("C-{name}"), ..Channel::named(name) };
    let user = |name: &str| User { id: format!("U-{name}"), ..User::named(name) };
    Workspace {
        users: vec![
            User { dnd: Some(DndWindow { start: "22:00".into(), end: "08:00".into() }), ..user("ana") },
            user("ben"),
            User { deleted: true, ..user("old") },
        ],
        channels: vec![
            channel("payments"),
            Channel { bot_is_member: false, ..channel("random") },
            Channel { is_private: true, members: vec!["ana".into()], ..channel("secret") },
            Channel { is_private: true, bot_is_member: false, ..channel("hidden") },
            Channel { is_archived: true, ..channel("gone") },
            Channel { is_read_only: true, ..channel("news") },
        ],
        usergroups: vec![Usergroup {
            id: "S1".into(),
            handle: "oncall".into(),
            users: vec!["ana".into()],
            ..Usergroup::default()
        }],
        commands: vec![
            SlashCommand::named("/pager"),
            SlashCommand { should_escape: false, ..SlashCommand::named("/plain") },
        ],
        shortcuts: vec!["note".into()],
        ..Workspace::default()
    }
}

fn world() -> World {
    World { slack: Slack::new(workspace()), now: NOON }
}

impl World {
    fn call(&mut self, method: &str, args: Value) -> Answer {
        let token = if method == "apps.connections.open" { "xapp-sandbox-app" } else { "xoxb-sandbox-bot" };
        self.slack.call(Request::json(token, method, args), self.now)
    }

    fn ok(&mut self, method: &str, args: Value) -> Value {
        let answer = self.call(method, args.clone());
        assert!(answer.is_ok(), "{method} {args}: {}", answer.body);
        answer.body
    }

    fn error(&mut self, method: &str, args: Value) -> String {
        let answer = self.call(method, args.clone());
        assert!(!answer.is_ok(), "{method} {args}: {}", answer.body);
        answer.error().to_owned()
    }

    fn later(&mut self, ms: i64) -> Vec<Outgoing> {
        self.now = self.now.plus_ms(ms);
        self.slack.poll(self.now)
    }

    fn connect(&mut self) -> SocketId {
        let ticket = self.slack.open_ticket(self.now);
        let id = self.slack.socket_connected(&ticket, self.now).unwrap();
        self.later(0);
        id
    }

    fn frames(&mut self) -> Vec<(SocketId, Value)> {
        frames(&self.later(0))
    }

    /// The one envelope that was just sent.
    fn envelope(&mut self) -> (SocketId, Value) {
        let mut all: Vec<_> = self.frames().into_iter().filter(|(_, v)| v.get("envelope_id").is_some()).collect();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    fn ack(&mut self, to: &(SocketId, Value), payload: Option<Value>) {
        let mut frame = json!({"envelope_id": to.1["envelope_id"]});
        if let Some(payload) = payload {
            frame["payload"] = payload;
        }
        self.slack.socket_received(to.0, &frame.to_string(), self.now);
    }

    fn post_buttons(&mut self) -> String {
        let answer = self.ok("chat.postMessage", json!({"channel": "C-payments", "text": "card", "blocks": buttons()}));
        answer["ts"].as_str().unwrap().into()
    }

    fn press(&mut self, ts: &str, action_id: &str) -> String {
        let click = Click {
            user: "ana".into(),
            channel: "payments".into(),
            ts: ts.into(),
            action_id: action_id.into(),
            ..Click::default()
        };
        self.slack.click(&click, self.now).unwrap()
    }
}

fn frames(out: &[Outgoing]) -> Vec<(SocketId, Value)> {
    out.iter()
        .filter_map(|o| match &o.out {
            Out::Frame(s) => Some((o.socket, serde_json::from_str(s).unwrap_or(Value::Null))),
            _ => None,
        })
        .collect()
}

fn buttons() -> Value {
    json!([{"type": "actions", "block_id": "acts", "elements": [
        {"type": "button", "action_id": "ack", "text": {"type": "plain_text", "text": "Acknowledge"}, "value": "123",
         "style": "primary"},
        {"type": "static_select", "action_id": "pick", "options": [
            {"text": {"type": "plain_text", "text": "One"}, "value": "1"}]},
    ]}])
}

fn modal(title: &str) -> Value {
    json!({
        "type": "modal", "callback_id": "form", "private_metadata": "m",
        "title": {"type": "plain_text", "text": title}, "submit": {"type": "plain_text", "text": "Go"},
        "blocks": [{"type": "input", "block_id": "why", "label": {"type": "plain_text", "text": "Why"},
                    "element": {"type": "plain_text_input", "action_id": "text"}}],
    })
}

/// A world in which Ana has a modal open, with its view.
fn with_modal() -> (World, Value) {
    let mut w = world();
    w.connect();
    let ts = w.post_buttons();
    w.press(&ts, "ack");
    let envelope = w.envelope();
    w.ack(&envelope, None);
    let trigger = envelope.1["payload"]["trigger_id"].clone();
    let view = w.ok("views.open", json!({"trigger_id": trigger, "view": modal("One")}))["view"].clone();
    (w, view)
}

impl World {
    fn submit(&mut self, view: &Value, values: Value) -> (String, (SocketId, Value)) {
        let id = view["id"].as_str().unwrap();
        let envelope_id = self.slack.submit("ana", id, values.as_object().unwrap(), self.now).unwrap();
        (envelope_id, self.envelope())
    }
}
