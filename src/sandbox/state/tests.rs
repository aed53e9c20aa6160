//! The whole machine in virtual time: no HTTP, no clock.

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

#[test]
fn the_table_and_the_match_name_the_same_methods() {
    for method in methods::TABLE {
        let mut w = world();
        let token = if method.kind == Kind::App { "xapp-sandbox-app" } else { "xoxb-sandbox-bot" };
        let answer = w.slack.call(Request::json(token, method.name, json!({})), w.now);
        assert_ne!(answer.error(), "unknown_method", "{}", method.name);
    }
    assert_eq!(world().error("chat.postmessage", json!({})), "unknown_method");
    assert_eq!(world().error("conversations.kick", json!({})), "unknown_method");
}

#[test]
fn tokens_are_told_apart() {
    let mut w = world();
    w.slack.set_token("xoxb-revoked", Some(TokenState::Revoked));
    w.slack.set_token("xoxb-inactive", Some(TokenState::Inactive));
    for (token, method, wanted) in [
        (None, "auth.test", "not_authed"),
        (Some(""), "auth.test", "not_authed"),
        (Some("xoxb-wrong"), "auth.test", "invalid_auth"),
        (Some("xoxb-revoked"), "auth.test", "token_revoked"),
        (Some("xoxb-inactive"), "auth.test", "account_inactive"),
        (Some("xapp-sandbox-app"), "chat.postMessage", "not_allowed_token_type"),
        (Some("xoxb-sandbox-bot"), "apps.connections.open", "not_allowed_token_type"),
    ] {
        let request = Request { token: token.map(String::from), method: method.into(), ..Request::default() };
        assert_eq!(w.slack.call(request, NOON).error(), wanted, "{token:?}");
    }
    assert_eq!(w.ok("auth.test", json!({}))["user_id"], "U0BOT0000");
    assert!(
        w.ok("apps.connections.open", json!({}))["url"].as_str().unwrap().starts_with("ws://127.0.0.1:8081/link/?")
    );
}

#[test]
fn every_scope_is_needed_by_what_slack_says_needs_it() {
    let ts = "1700000000.000000";
    let rows = [
        ("chat.postMessage", json!({"channel": "C-payments", "text": "x"}), "chat:write"),
        ("chat.update", json!({"channel": "C-payments", "ts": ts, "text": "x"}), "chat:write"),
        ("conversations.history", json!({"channel": "C-payments"}), "channels:history"),
        ("conversations.history", json!({"channel": "C-secret"}), "groups:history"),
        ("conversations.info", json!({"channel": "C-payments"}), "channels:read"),
        ("conversations.list", json!({"types": "im"}), "im:read"),
        ("conversations.list", json!({"types": "private_channel"}), "groups:read"),
        ("conversations.join", json!({"channel": "C-random"}), "channels:join"),
        ("conversations.create", json!({"name": "war"}), "channels:manage"),
        ("conversations.create", json!({"name": "war", "is_private": true}), "groups:write"),
        ("conversations.setTopic", json!({"channel": "C-secret", "topic": "x"}), "groups:write"),
        ("conversations.open", json!({"users": "U-ana"}), "im:write"),
        ("users.info", json!({"user": "U-ana"}), "users:read"),
        ("users.lookupByEmail", json!({"email": "ana@example.com"}), "users:read.email"),
        ("dnd.info", json!({"user": "U-ana"}), "dnd:read"),
        ("usergroups.list", json!({}), "usergroups:read"),
        ("usergroups.users.update", json!({"usergroup": "S1", "users": "U-ben"}), "usergroups:write"),
        ("pins.add", json!({"channel": "C-payments", "timestamp": ts}), "pins:write"),
        ("reactions.add", json!({"channel": "C-payments", "timestamp": ts, "name": "x"}), "reactions:write"),
        ("bookmarks.add", json!({"channel_id": "C-payments"}), "bookmarks:write"),
        ("files.getUploadURLExternal", json!({"filename": "x", "length": 1}), "files:write"),
        ("team.info", json!({}), "team:read"),
    ];
    for (method, args, scope) in rows {
        let mut w = world();
        w.slack.scopes_mut().retain(|s| s != scope);
        let body = w.call(method, args).body;
        assert_eq!((&body["error"], &body["needed"]), (&json!("missing_scope"), &json!(scope)), "{method}: {body}");
        assert!(body["provided"].as_str().unwrap().contains(':'));
    }
    let mut w = world();
    w.slack.scopes_mut().retain(|s| s != "users:read.email");
    assert_eq!(w.ok("users.info", json!({"user": "U-ana"}))["user"]["profile"].get("email"), None);
}

#[test]
fn where_a_bot_may_post() {
    for (channel, wanted) in [
        ("C-nowhere", "channel_not_found"),
        ("C-hidden", "channel_not_found"),
        ("C-random", "not_in_channel"),
        ("C-gone", "is_archived"),
        ("C-news", "restricted_action"),
        ("U-old", "channel_not_found"),
        ("U0BOT0000", "cannot_dm_bot"),
        ("", "invalid_arguments"),
    ] {
        assert_eq!(world().error("chat.postMessage", json!({"channel": channel, "text": "x"})), wanted, "{channel}");
    }
    let mut w = world();
    w.slack.scopes_mut().push("chat:write.public".into());
    assert!(w.call("chat.postMessage", json!({"channel": "C-random", "text": "x"})).is_ok());
    assert!(w.call("chat.postMessage", json!({"channel": "#payments", "text": "x"})).is_ok());
    let dm = w.ok("chat.postMessage", json!({"channel": "U-ana", "text": "x"}));
    assert!(dm["channel"].as_str().unwrap().starts_with('D'));
    let open = w.ok("conversations.open", json!({"users": "U-ana", "return_im": true}));
    assert_eq!((&open["channel"]["id"], &open["already_open"]), (&dm["channel"], &json!(true)));
    assert_eq!(w.error("conversations.open", json!({"users": "U-old"})), "user_disabled");
    assert_eq!(w.error("conversations.open", json!({"users": "U-x"})), "user_not_found");
}

#[test]
fn what_a_message_may_hold() {
    let post = |extra: Value| {
        let mut args = json!({"channel": "C-payments"});
        args.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        args
    };
    let section = |n: usize| json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(n)}});
    let rows = [
        (json!({}), "no_text"),
        (json!({"text": ""}), "no_text"),
        (json!({"blocks": "[{"}), "invalid_blocks_format"),
        (json!({"blocks": {"type": "divider"}}), "invalid_blocks_format"),
        (json!({"blocks": [{"type": "nope"}]}), "invalid_blocks"),
        (json!({"blocks": vec![section(2_900); 5]}), "msg_blocks_too_long"),
        (json!({"attachments": vec![json!({"text": "x"}); 101]}), "too_many_attachments"),
        (json!({"attachments": "x"}), "invalid_attachments"),
        (json!({"text": "x", "metadata": "x"}), "invalid_metadata_format"),
        (json!({"text": "x", "metadata": {"event_type": "x"}}), "invalid_metadata_format"),
        (json!({"text": "x", "metadata": {"event_type": "x", "event_payload": {"n": 1}}}), "invalid_metadata_schema"),
        (
            json!({"text": "x", "metadata": {"event_type": "x", "event_payload": {"n": "x".repeat(9_000)}}}),
            "metadata_too_large",
        ),
        (json!({"text": "x", "thread_ts": "yesterday"}), "invalid_thread_ts"),
        (json!({"text": "x", "thread_ts": "1.000000"}), "thread_not_found"),
        (json!({"text": "x", "username": "Ana"}), "missing_scope"),
    ];
    for (extra, wanted) in rows {
        assert_eq!(world().error("chat.postMessage", post(extra.clone())), wanted, "{extra}");
    }
    let body = world().call("chat.postMessage", post(json!({"blocks": [{"type": "nope"}]}))).body;
    assert_eq!(
        body["response_metadata"]["messages"],
        json!(["[ERROR] unsupported type: nope [json-pointer:/blocks/0/type]"])
    );
    // A form's JSON strings mean the same as JSON.
    let form = json!({"blocks": buttons().to_string(), "metadata": r#"{"event_type":"t","event_payload":{"id":"1"}}"#});
    let message = world().ok("chat.postMessage", post(form))["message"].clone();
    assert_eq!(message["blocks"][0]["block_id"], "acts");
    assert_eq!(message["metadata"]["event_payload"]["id"], "1");
    assert_eq!(message["blocks"][0]["elements"][0]["text"]["emoji"], true);
}

#[test]
fn long_text_is_split_and_very_long_text_is_cut() {
    let mut w = world();
    let count = |w: &mut World| {
        w.ok("conversations.history", json!({"channel": "C-payments"}))["messages"].as_array().unwrap().len()
    };
    w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "x".repeat(4_000)}));
    assert_eq!(count(&mut w), 1);
    w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "x".repeat(4_001)}));
    assert_eq!(count(&mut w), 3);
    w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "x".repeat(9_000), "blocks": buttons()}));
    assert_eq!(count(&mut w), 4, "with blocks the text is only a fallback");
    let cut = w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "x".repeat(50_000)}));
    assert_eq!(cut["warning"], "message_truncated");
    assert_eq!(count(&mut w), 14);
}

#[test]
fn messages_are_edited_and_deleted_by_their_author_only() {
    let mut w = world();
    let ts = w.post_buttons();
    let at = |ts: &str| json!({"channel": "C-payments", "ts": ts});
    let with = |ts: &str, extra: Value| {
        let mut v = at(ts);
        v.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        v
    };
    let edited = w.ok("chat.update", with(&ts, json!({"text": "new"})));
    assert_eq!((&edited["text"], edited["message"]["blocks"].as_array().map(Vec::len)), (&json!("new"), Some(1)));
    assert!(edited["message"]["edited"]["ts"].is_string());
    let bare = w.ok("chat.update", with(&ts, json!({"text": "new", "blocks": []})));
    assert_eq!(bare["message"].get("blocks"), None);
    assert_eq!(w.error("chat.update", with(&ts, json!({"text": "", "blocks": []}))), "no_text");
    assert_eq!(w.error("chat.update", with(&ts, json!({"text": "x".repeat(4_001)}))), "msg_too_long");
    assert_eq!(w.error("chat.update", with("1.000000", json!({"text": "x"}))), "message_not_found");
    let said = w.slack.say("ana", "payments", "hello", None, w.now).unwrap();
    let theirs = said["ts"].as_str().unwrap();
    assert_eq!(w.error("chat.update", with(theirs, json!({"text": "x"}))), "cant_update_message");
    assert_eq!(w.error("chat.delete", at(theirs)), "cant_delete_message");
    w.ok("chat.delete", at(&ts));
    assert_eq!(w.error("chat.delete", at(&ts)), "message_not_found");
}

#[test]
fn threads_count_their_replies_and_stay_out_of_the_channel() {
    let mut w = world();
    let ts = w.post_buttons();
    let reply = w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "r1", "thread_ts": ts}));
    w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "r2", "thread_ts": ts, "reply_broadcast": true}));
    let history = w.ok("conversations.history", json!({"channel": "C-payments"}));
    let texts: Vec<&str> =
        history["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["r2", "card"]);
    let parent = &history["messages"][1];
    assert_eq!((&parent["reply_count"], &parent["thread_ts"]), (&json!(2), &json!(ts)));
    assert_eq!(history["messages"][0]["subtype"], "thread_broadcast");
    let on_reply = json!({"channel": "C-payments", "text": "x", "thread_ts": reply["ts"]});
    assert_eq!(w.error("chat.postMessage", on_reply), "cannot_reply_to_message");
    assert_eq!(w.error("conversations.replies", json!({"channel": "C-payments", "ts": ts})), "not_allowed_token_type");
    let root = w.slack.shown("C-payments", Some(ts.parse().unwrap()), None);
    assert_eq!(root.len(), 3);
    w.ok("chat.delete", json!({"channel": "C-payments", "ts": ts}));
    assert_eq!(w.slack.shown("C-payments", None, None)[0]["subtype"], "tombstone");
    let dm = w.ok("chat.postMessage", json!({"channel": "U-ana", "text": "dm"}));
    let replies = w.ok("conversations.replies", json!({"channel": dm["channel"], "ts": dm["ts"]}));
    assert_eq!(replies["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn history_pages_bounds_metadata_and_lag() {
    let mut w = world();
    w.slack.order(Fault::parse(&json!({"fault": "history_lag", "ms": 2_000})).unwrap());
    let mut all = vec![];
    for i in 0..5 {
        let metadata = json!({"event_type": "t", "event_payload": {"id": i.to_string()}});
        let args = json!({"channel": "C-payments", "text": i.to_string(), "metadata": metadata});
        all.push(w.ok("chat.postMessage", args)["ts"].as_str().unwrap().to_owned());
        w.later(1_000);
    }
    let texts = |w: &mut World, extra: Value| {
        let mut args = json!({"channel": "C-payments"});
        args.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let body = w.ok("conversations.history", args);
        body["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned()).collect::<String>()
    };
    assert_eq!(texts(&mut w, json!({})), "3210", "the newest is not visible yet");
    w.later(2_000);
    assert_eq!(texts(&mut w, json!({})), "43210");
    assert_eq!(texts(&mut w, json!({"oldest": all[1], "latest": all[3]})), "2");
    assert_eq!(texts(&mut w, json!({"oldest": all[1], "latest": all[3], "inclusive": true})), "321");
    assert_eq!(texts(&mut w, json!({"latest": all[2], "inclusive": true, "limit": 1})), "2");
    assert_eq!(w.error("conversations.history", json!({"channel": "C-payments", "oldest": "x"})), "invalid_ts_oldest");
    let body = w.ok("conversations.history", json!({"channel": "C-payments", "limit": 2}));
    assert_eq!(body["has_more"], true);
    assert_eq!(body["messages"][0].get("metadata"), None);
    let cursor = body["response_metadata"]["next_cursor"].clone();
    assert_eq!(texts(&mut w, json!({"limit": 2, "cursor": cursor})), "21");
    let body =
        w.ok("conversations.history", json!({"channel": "C-payments", "include_all_metadata": true, "limit": 1}));
    assert_eq!(body["messages"][0]["metadata"]["event_payload"]["id"], "4");
    assert_eq!(w.error("conversations.history", json!({"channel": "C-random"})), "not_in_channel");
}

#[test]
fn people_and_channels_are_listed_page_by_page() {
    let mut w = world();
    let first = w.ok("users.list", json!({"limit": 2}));
    assert_eq!(first["members"].as_array().unwrap().len(), 2);
    let rest = w.ok("users.list", json!({"limit": 2, "cursor": first["response_metadata"]["next_cursor"]}));
    assert_eq!(rest["members"].as_array().unwrap().len(), 2);
    assert_eq!(rest["response_metadata"]["next_cursor"], "");
    let names = |body: &Value| {
        let list = body["channels"].as_array().unwrap().iter();
        list.map(|c| c["name"].as_str().unwrap_or("").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let all = w.ok("conversations.list", json!({"types": "public_channel,private_channel"}));
    assert_eq!(names(&all), "gone news payments random secret");
    let live = w.ok("conversations.list", json!({"exclude_archived": "true"}));
    assert_eq!(names(&live), "news payments random");
    assert_eq!(w.error("conversations.list", json!({"types": "rooms"})), "invalid_types");
    assert_eq!(w.ok("users.lookupByEmail", json!({"email": "Ben@Example.com"}))["user"]["id"], "U-ben");
    assert_eq!(w.error("users.lookupByEmail", json!({"email": "old@example.com"})), "users_not_found");
    assert_eq!(w.error("users.info", json!({"user": "U-x"})), "user_not_found");
    assert_eq!(w.ok("conversations.members", json!({"channel": "C-secret"}))["members"], json!(["U-ana", "U0BOT0000"]));
}

#[test]
fn channels_are_made_filled_named_and_archived() {
    let mut w = world();
    let made = w.ok("conversations.create", json!({"name": "inc-1", "is_private": true}))["channel"].clone();
    let id = made["id"].clone();
    assert_eq!(made["is_member"], true);
    for (name, wanted) in [
        ("inc-1", "name_taken"),
        ("Inc", "invalid_name_specials"),
        ("--", "invalid_name_punctuation"),
        ("", "invalid_name_required"),
    ] {
        assert_eq!(w.error("conversations.create", json!({"name": name})), wanted, "{name}");
    }
    assert_eq!(w.error("conversations.create", json!({"name": "x".repeat(81)})), "invalid_name_maxlength");
    w.ok("conversations.invite", json!({"channel": id, "users": "U-ana,U-ben"}));
    let again = w.call("conversations.invite", json!({"channel": id, "users": "U-ana"})).body;
    assert_eq!((&again["error"], &again["errors"][0]["user"]), (&json!("already_in_channel"), &json!("U-ana")));
    let topic = w.ok("conversations.setTopic", json!({"channel": id, "topic": "down"}));
    assert_eq!(topic["channel"]["topic"]["value"], "down");
    assert_eq!(w.error("conversations.setTopic", json!({"channel": id, "topic": "x".repeat(251)})), "too_long");
    assert_eq!(w.error("conversations.setTopic", json!({"channel": "C-random", "topic": "x"})), "not_in_channel");
    w.ok("conversations.archive", json!({"channel": id}));
    assert_eq!(w.error("conversations.archive", json!({"channel": id})), "already_archived");
    assert_eq!(w.error("chat.postMessage", json!({"channel": id, "text": "x"})), "is_archived");
    let joined = w.ok("conversations.join", json!({"channel": "C-random"}));
    assert_eq!(joined["channel"]["is_member"], true);
    assert_eq!(w.ok("conversations.join", json!({"channel": "C-random"}))["warning"], "already_in_channel");
}

#[test]
fn groups_dnd_pins_reactions_bookmarks_and_files() {
    let mut w = world();
    assert_eq!(w.error("usergroups.users.update", json!({"usergroup": "S1", "users": ""})), "no_users_provided");
    assert_eq!(w.error("usergroups.users.update", json!({"usergroup": "S1", "users": "U-old"})), "invalid_users");
    assert_eq!(w.error("usergroups.users.update", json!({"usergroup": "S9", "users": "U-ben"})), "no_such_subteam");
    w.ok("usergroups.users.update", json!({"usergroup": "S1", "users": "U-ben"}));
    assert_eq!(w.ok("usergroups.users.list", json!({"usergroup": "S1"}))["users"], json!(["U-ben"]));
    assert_eq!(w.ok("dnd.info", json!({"user": "U-ana"}))["dnd_enabled"], true);
    let team = w.ok("dnd.teamInfo", json!({"users": "U-ana,U-ben"}));
    assert_eq!(team["users"]["U-ben"], json!({"dnd_enabled": false, "next_dnd_start_ts": 1, "next_dnd_end_ts": 1}));
    let ts = w.post_buttons();
    let on = |name: &str| json!({"channel": "C-payments", "timestamp": ts, "name": name});
    w.ok("reactions.add", on("eyes"));
    assert_eq!(w.error("reactions.add", on("eyes")), "already_reacted");
    assert_eq!(w.ok("reactions.get", on(""))["message"]["reactions"][0]["count"], 1);
    w.ok("pins.add", on(""));
    assert_eq!(w.error("pins.add", on("")), "already_pinned");
    let mark = json!({"channel_id": "C-payments", "title": "Bridge", "type": "link", "link": "https://e.com"});
    assert_eq!(w.ok("bookmarks.add", mark)["bookmark"]["title"], "Bridge");
    assert_eq!(
        w.error("bookmarks.add", json!({"channel_id": "C-payments", "title": "x", "type": "link", "link": "x"})),
        "invalid_link"
    );
    let url = w.ok("files.getUploadURLExternal", json!({"filename": "a.txt", "length": 5}));
    let id = url["file_id"].as_str().unwrap().to_owned();
    let finish = json!({"files": [{"id": id}], "channel_id": "C-payments"});
    assert_eq!(w.error("files.completeUploadExternal", finish.clone()), "file_not_found");
    let secret = url["upload_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    assert!(!w.slack.upload(&id, &secret, b"four") && !w.slack.upload(&id, "x", b"12345"));
    assert!(w.slack.upload(&id, &secret, b"12345"));
    assert_eq!(w.ok("files.completeUploadExternal", finish)["files"][0]["id"], id);
    assert_eq!(w.slack.shown("C-payments", None, None).last().unwrap()["files"][0]["preview"], "12345");
}

#[test]
fn scheduled_messages_wait_and_never_post_with_metadata() {
    let mut w = world();
    let at = |secs: i64| json!({"channel": "C-payments", "text": "later", "post_at": NOON.secs() + secs});
    assert_eq!(w.error("chat.scheduleMessage", at(0)), "time_in_past");
    assert_eq!(w.error("chat.scheduleMessage", at(121 * 86_400)), "time_too_far");
    let kept = w.ok("chat.scheduleMessage", at(600));
    let dropped = w.ok("chat.scheduleMessage", at(700));
    let mut silent = at(650);
    silent["metadata"] = json!({"event_type": "t", "event_payload": {}});
    w.ok("chat.scheduleMessage", silent);
    let list = w.ok("chat.scheduledMessages.list", json!({"channel": "C-payments"}));
    assert_eq!(list["scheduled_messages"].as_array().unwrap().len(), 3);
    w.ok(
        "chat.deleteScheduledMessage",
        json!({"channel": "C-payments", "scheduled_message_id": dropped["scheduled_message_id"]}),
    );
    assert_eq!(w.slack.next_wake(), Some(At(kept["post_at"].as_i64().unwrap() * 1_000)));
    w.later(599_000);
    assert_eq!(w.slack.shown("C-payments", None, None).len(), 0);
    w.later(200_000);
    assert_eq!(w.slack.shown("C-payments", None, None).len(), 1);
    let mut w = world();
    for _ in 0..30 {
        w.ok("chat.scheduleMessage", at(600));
    }
    assert_eq!(w.error("chat.scheduleMessage", at(600)), "restricted_too_many");
}

#[test]
fn a_burst_of_posts_is_rate_limited_and_a_relaxed_workspace_is_not() {
    let mut w = world();
    let args = json!({"channel": "C-payments", "text": "x"});
    let refused = (0..10).map(|_| w.call("chat.postMessage", args.clone())).find(|a| a.status == 429).unwrap();
    assert_eq!((refused.error(), refused.retry_after_secs), ("ratelimited", Some(1)));
    assert!(w.call("chat.postMessage", json!({"channel": "U-ana", "text": "x"})).is_ok());
    w.now = w.now.plus_ms(1_000);
    assert!(w.call("chat.postMessage", args.clone()).is_ok());
    let mut easy = World { slack: Slack::new(Workspace { strict_rates: false, ..workspace() }), now: NOON };
    assert!((0..100).all(|_| easy.call("chat.postMessage", args.clone()).is_ok()));
}

#[test]
fn faults_strike_before_or_after_acting() {
    let rows = [
        (json!({"fault": "429", "retry_after": 7}), false),
        (json!({"fault": "5xx", "status": 503}), false),
        (json!({"fault": "500", "when": "after"}), true),
        (json!({"fault": "timeout"}), false),
        (json!({"fault": "timeout", "when": "after"}), true),
        (json!({"fault": "reset", "when": "after"}), true),
        (json!({"fault": "garbage", "when": "after"}), true),
        (json!({"fault": "error", "error": "is_archived"}), false),
        (json!({"fault": "delay", "ms": 9}), true),
    ];
    for (fault, acted) in rows {
        let mut w = world();
        let mut order = fault.clone();
        order["method"] = "chat.postMessage".into();
        order["channel"] = "payments".into();
        order["count"] = 1.into();
        w.slack.order(Fault::parse(&order).unwrap());
        let first = w.call("chat.postMessage", json!({"channel": "C-payments", "text": "x"}));
        assert_eq!(w.slack.shown("C-payments", None, None).len(), usize::from(acted), "{fault}");
        match fault["fault"].as_str().unwrap() {
            "429" => assert_eq!((first.status, first.retry_after_secs), (429, Some(7))),
            "5xx" => assert_eq!(first.status, 503),
            "500" => assert_eq!(first.status, 500),
            "timeout" => assert_eq!(first.fate, Fate::Silence),
            "reset" => assert_eq!(first.fate, Fate::Reset),
            "garbage" => assert!(matches!(first.fate, Fate::Garbage(_))),
            "error" => assert_eq!(first.error(), "is_archived"),
            _ => assert_eq!((first.delay_ms, first.is_ok()), (9, true)),
        }
        assert!(w.call("chat.postMessage", json!({"channel": "C-payments", "text": "x"})).is_ok(), "{fault} is over");
    }
}

#[test]
fn a_click_carries_what_slack_sends() {
    let mut w = world();
    let socket = w.connect();
    let ts = w.post_buttons();
    let id = w.press(&ts, "ack");
    let envelope = w.envelope();
    assert_eq!(envelope.0, socket);
    let p = &envelope.1["payload"];
    assert_eq!((&envelope.1["type"], &envelope.1["accepts_response_payload"]), (&json!("interactive"), &json!(false)));
    assert_eq!(p["type"], "block_actions");
    assert_eq!(p["user"], json!({"id": "U-ana", "username": "ana", "name": "ana", "team_id": "T0SANDBOX"}));
    assert_eq!(p["container"]["message_ts"], ts);
    assert_eq!(p["channel"], json!({"id": "C-payments", "name": "payments"}));
    assert_eq!(p["message"]["ts"], ts);
    assert_eq!(p["state"]["values"]["acts"]["pick"]["selected_option"], Value::Null);
    assert_eq!(p["actions"][0]["value"], "123");
    assert_eq!(p["actions"][0]["block_id"], "acts");
    assert!(p["actions"][0]["action_ts"].is_string() && p["trigger_id"].is_string());
    assert_eq!((&p["enterprise"], &p["is_enterprise_install"]), (&Value::Null, &json!(false)));
    assert!(p["response_url"].as_str().unwrap().starts_with("http://127.0.0.1:8081/actions/T0SANDBOX/"));
    assert_eq!(w.slack.take_verdict(&id), None);
    w.ack(&envelope, Some(json!({})));
    assert!(w.slack.take_verdict(&id).unwrap().ok);
}

#[test]
fn a_click_on_what_is_not_there_is_refused() {
    let mut w = world();
    w.connect();
    let ts = w.post_buttons();
    let click = |f: &dyn Fn(&mut Click)| {
        let mut c = Click {
            user: "ana".into(),
            channel: "payments".into(),
            ts: ts.clone(),
            action_id: "ack".into(),
            ..Click::default()
        };
        f(&mut c);
        c
    };
    let rows: [(Click, u16, &str); 8] = [
        (click(&|c| c.action_id = "resolve".into()), 404, "action_not_found"),
        (click(&|c| c.value = Some(json!("999"))), 404, "action_not_found"),
        (click(&|c| c.ts = "1.000000".into()), 404, "message_not_found"),
        (click(&|c| c.channel = "secret".into()), 404, "message_not_found"),
        (
            click(&|c| {
                c.channel = "secret".into();
                c.user = "ben".into()
            }),
            404,
            "channel_not_found",
        ),
        (click(&|c| c.user = "nobody".into()), 404, "user_not_found"),
        (click(&|c| c.user = "old".into()), 400, "user_deactivated"),
        (
            click(&|c| {
                c.action_id = "pick".into();
                c.value = Some(json!("2"))
            }),
            400,
            "bad_value",
        ),
    ];
    for (c, status, error) in rows {
        let cannot = w.slack.click(&c, w.now).unwrap_err();
        assert_eq!((cannot.status, cannot.body["error"].as_str().unwrap()), (status, error), "{c:?}");
        assert!(cannot.body["why"].is_string());
    }
    let cannot = w.slack.click(&click(&|c| c.action_id = "resolve".into()), w.now).unwrap_err();
    assert_eq!(cannot.body["action_ids"], json!(["ack", "pick"]));
    let chosen = click(&|c| {
        c.action_id = "pick".into();
        c.value = Some(json!("1"))
    });
    w.slack.click(&chosen, w.now).unwrap();
    let (_, envelope) = w.envelope();
    assert_eq!(envelope["payload"]["actions"][0]["selected_option"]["value"], "1");
    assert_eq!(envelope["payload"]["state"]["values"]["acts"]["pick"]["selected_option"]["value"], "1");
}

#[test]
fn an_unacknowledged_click_is_lost_and_the_person_is_warned() {
    let mut w = world();
    w.connect();
    let ts = w.post_buttons();
    let id = w.press(&ts, "ack");
    let envelope = w.envelope();
    w.later(3_000);
    assert_eq!(w.slack.take_verdict(&id), None);
    let again: Vec<_> = frames(&w.later(1)).into_iter().filter(|(_, v)| v.get("envelope_id").is_some()).collect();
    assert!(again.is_empty(), "clicks are never sent again");
    let verdict = w.slack.take_verdict(&id).unwrap();
    assert_eq!((verdict.ok, &verdict.body["error"]), (false, &json!("operation_timeout")));
    w.ack(&envelope, None);
    assert_eq!(w.slack.take_verdict(&id), None, "a late acknowledgement changes nothing");
    assert!(w.slack.interactions.warnings.contains_key(&("U-ana".into(), ts.clone())));
    w.press(&ts, "ack");
    assert!(w.slack.interactions.warnings.is_empty(), "a new click takes the triangle away");
}

#[test]
fn without_a_connection_nobody_hears() {
    let mut w = world();
    let ts = w.post_buttons();
    let id = w.press(&ts, "ack");
    assert_eq!(w.slack.take_verdict(&id).unwrap().body["error"], "app_not_connected");
    let id = w.slack.slash("ana", "payments", "/pager", "", w.now).unwrap();
    assert!(!w.slack.take_verdict(&id).unwrap().ok);
    assert!(
        w.slack.shown("C-payments", None, Some("U-ana")).last().unwrap()["text"].as_str().unwrap().contains("failed")
    );
}

#[test]
fn events_are_sent_again_three_times() {
    let mut w = world();
    w.connect();
    w.slack.open_home("ana", w.now).unwrap();
    let first = w.envelope().1;
    assert_eq!((&first["type"], &first["retry_attempt"]), (&json!("events_api"), &json!(0)));
    assert_eq!(first["payload"]["event"]["type"], "app_home_opened");
    let mut seen = vec![];
    for _ in 0..400 {
        for (_, v) in frames(&w.later(1_000)) {
            if v.get("envelope_id").is_some() {
                seen.push((v["retry_attempt"].as_u64().unwrap(), v["retry_reason"].as_str().unwrap().to_owned()));
            }
        }
    }
    assert_eq!(seen, [(1, "timeout".to_owned()), (2, "timeout".into()), (3, "timeout".into())]);
    w.slack.open_home("ana", w.now).unwrap();
    let envelope = w.envelope();
    w.ack(&envelope, None);
    assert!(frames(&w.later(10_000)).iter().all(|(_, v)| v.get("envelope_id").is_none()));
}

#[test]
fn a_command_is_escaped_and_answered_at_once() {
    let mut w = world();
    w.connect();
    let id =
        w.slack.slash("ana", "payments", "pager", "add 7 @ben, #payments https://e.com @oncall @who", w.now).unwrap();
    let envelope = w.envelope();
    let p = &envelope.1["payload"];
    assert_eq!(p["text"], "add 7 <@U-ben|ben>, <#C-payments|payments> <https://e.com> <!subteam^S1|@oncall> @who");
    assert_eq!(
        (&p["command"], &p["user_name"], &p["channel_name"]),
        (&json!("/pager"), &json!("ana"), &json!("payments"))
    );
    assert_eq!(envelope.1["accepts_response_payload"], true);
    w.ack(&envelope, Some(json!({"text": "done", "response_type": "ephemeral"})));
    let verdict = w.slack.take_verdict(&id).unwrap();
    assert_eq!((verdict.ok, &verdict.body["text"]), (true, &json!("done")));
    assert_eq!(w.slack.shown("C-payments", None, Some("U-ana")).len(), 1);
    assert_eq!(w.slack.shown("C-payments", None, Some("U-ben")).len(), 0);
    assert_eq!(w.slack.shown("C-payments", None, None).len(), 0);
    w.slack.slash("ana", "dm:ana", "/plain", "@ben", w.now).unwrap();
    let envelope = w.envelope();
    assert_eq!(envelope.1["payload"]["text"], "@ben");
    assert_eq!(envelope.1["payload"]["channel_name"], "directmessage");
    w.ack(&envelope, Some(json!({"text": "all", "response_type": "in_channel"})));
    let cannot = w.slack.slash("ana", "payments", "/nope", "", w.now).unwrap_err();
    assert_eq!(cannot.body["commands"], json!(["/pager", "/plain"]));
}

#[test]
fn a_trigger_lives_three_seconds_and_once() {
    let open =
        |w: &mut World, trigger: &Value| w.call("views.open", json!({"trigger_id": trigger, "view": modal("One")}));
    let mut w = world();
    w.connect();
    let ts = w.post_buttons();
    w.press(&ts, "ack");
    let trigger = w.envelope().1["payload"]["trigger_id"].clone();
    w.now = w.now.plus_ms(3_000);
    let opened = open(&mut w, &trigger).body;
    assert_eq!(
        opened["view"]["state"],
        json!({"values": {"why": {"text": {"type": "plain_text_input", "value": null}}}})
    );
    assert_eq!(open(&mut w, &trigger).error(), "exchanged_trigger_id");
    assert_eq!(open(&mut w, &json!("1.2.x")).error(), "invalid_trigger_id");
    assert_eq!(w.error("views.open", json!({"view": modal("One")})), "invalid_arguments");
    w.press(&ts, "ack");
    let trigger = w.envelope().1["payload"]["trigger_id"].clone();
    w.now = w.now.plus_ms(3_001);
    assert_eq!(open(&mut w, &trigger).error(), "expired_trigger_id");
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

#[test]
fn a_submission_is_checked_sent_and_answered() {
    for (payload, ok, left) in [
        (None, true, 0),
        (Some(json!({})), true, 0),
        (Some(json!({"response_action": "clear"})), true, 0),
        (Some(json!({"response_action": "errors", "errors": {"why": "too short"}})), false, 1),
        (Some(json!({"response_action": "errors", "errors": {"nope": "x"}})), false, 1),
        (Some(json!({"response_action": "update", "view": modal("Two")})), true, 1),
        (Some(json!({"response_action": "push", "view": modal("Two")})), true, 2),
        (Some(json!({"response_action": "push", "view": {"type": "modal"}})), false, 1),
        (Some(json!({"response_action": "dance"})), false, 1),
    ] {
        let (mut w, view) = with_modal();
        let cannot = w.slack.submit("ana", view["id"].as_str().unwrap(), &Map::new(), w.now).unwrap_err();
        assert_eq!(cannot.body["errors"]["why"], "Please complete this required field.");
        let (id, envelope) = w.submit(&view, json!({"why": {"text": "disk"}}));
        let p = &envelope.1["payload"];
        assert_eq!((&p["type"], &envelope.1["accepts_response_payload"]), (&json!("view_submission"), &json!(true)));
        assert_eq!(p["view"]["state"]["values"]["why"]["text"]["value"], "disk");
        assert_eq!(p["view"]["private_metadata"], "m");
        assert_eq!(p["response_urls"], json!([]));
        w.ack(&envelope, payload.clone());
        let verdict = w.slack.take_verdict(&id).unwrap();
        assert_eq!(verdict.ok, ok, "{payload:?}: {}", verdict.body);
        assert_eq!(w.slack.views_of("U-ana").len(), left, "{payload:?}");
    }
}

#[test]
fn views_stack_three_deep_and_guard_with_hashes() {
    let (mut w, root) = with_modal();
    let mut top = root.clone();
    for n in 2..=4 {
        let (_, envelope) = w.submit(&top, json!({"text": "x"}));
        let args = json!({"trigger_id": envelope.1["payload"]["trigger_id"], "view": modal("Next")});
        let answer = w.call("views.push", args);
        if n == 4 {
            assert_eq!(answer.error(), "push_limit_reached");
        } else {
            assert_eq!(answer.body["view"]["previous_view_id"], top["id"], "{}", answer.body);
            assert_eq!(answer.body["view"]["root_view_id"], root["id"]);
            top = answer.body["view"].clone();
        }
    }
    let update = |hash: &Value| json!({"view_id": root["id"], "hash": hash, "view": modal("New")});
    assert_eq!(w.error("views.update", update(&json!("old"))), "hash_conflict");
    let new = w.ok("views.update", update(&root["hash"]))["view"].clone();
    assert_ne!(new["hash"], root["hash"]);
    assert_eq!(w.error("views.update", update(&root["hash"])), "hash_conflict");
    let id = root["id"].as_str().unwrap();
    w.slack.close("ana", id, true, w.now).unwrap();
    assert_eq!(w.error("views.update", update(&new["hash"])), "not_found");
    assert!(w.slack.views_of("U-ana").is_empty());
}

#[test]
fn views_have_unique_external_ids_and_a_greatest_size() {
    let (mut w, root) = with_modal();
    let mut named = modal("Named");
    named["external_id"] = "one".into();
    w.ok("views.update", json!({"view_id": root["id"], "view": named}));
    w.ok("views.update", json!({"external_id": "one", "view": named}));
    let home = json!({"type": "home", "external_id": "one", "blocks": []});
    assert_eq!(w.error("views.publish", json!({"user_id": "U-ben", "view": home})), "duplicate_external_id");
    let big: Vec<Value> =
        (0..99).map(|_| json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(2_900)}})).collect();
    assert_eq!(
        w.error("views.publish", json!({"user_id": "U-ben", "view": {"type": "home", "blocks": big}})),
        "view_too_large"
    );
    let body = w.call("views.publish", json!({"user_id": "U-ben", "view": {"type": "modal", "blocks": []}})).body;
    assert_eq!(body["error"], "invalid_arguments");
    assert!(body["response_metadata"]["messages"][0].as_str().unwrap().contains("json-pointer:/view/type"));
}

#[test]
fn a_home_tab_is_published_for_each_person() {
    let mut w = world();
    w.connect();
    let home = json!({"type": "home", "blocks": buttons()});
    let first = w.ok("views.publish", json!({"user_id": "U-ana", "view": home}))["view"].clone();
    let second =
        w.ok("views.publish", json!({"user_id": "U-ana", "view": home, "hash": first["hash"]}))["view"].clone();
    assert_eq!(first["id"], second["id"]);
    assert_eq!(
        w.error("views.publish", json!({"user_id": "U-ana", "view": home, "hash": first["hash"]})),
        "hash_conflict"
    );
    assert_eq!(w.error("views.publish", json!({"user_id": "U-x", "view": home})), "user_not_found");
    let click = Click {
        user: "ana".into(),
        view_id: first["id"].as_str().unwrap().into(),
        action_id: "ack".into(),
        ..Click::default()
    };
    w.slack.click(&click, w.now).unwrap();
    let p = w.envelope().1["payload"].clone();
    assert_eq!((&p["container"]["type"], &p["view"]["type"]), (&json!("view"), &json!("home")));
    assert!(w.slack.click(&Click { user: "ben".into(), ..click }, w.now).is_err());
}

#[test]
fn closing_is_told_only_when_asked_for() {
    let (mut w, view) = with_modal();
    let mut telling = modal("One");
    telling["notify_on_close"] = true.into();
    w.ok("views.update", json!({"view_id": view["id"], "view": telling}));
    w.slack.close("ana", view["id"].as_str().unwrap(), false, w.now).unwrap();
    let p = w.envelope().1["payload"].clone();
    assert_eq!((&p["type"], &p["is_cleared"]), (&json!("view_closed"), &json!(false)));
    let (mut w, view) = with_modal();
    w.slack.close("ana", view["id"].as_str().unwrap(), false, w.now).unwrap();
    assert!(w.frames().is_empty());
}

#[test]
fn a_message_shortcut_carries_the_message() {
    let mut w = world();
    w.connect();
    let ts = w.post_buttons();
    w.slack.shortcut("ana", "note", Some(("payments", &ts)), w.now).unwrap();
    let p = w.envelope().1["payload"].clone();
    assert_eq!(
        (&p["type"], &p["message"]["ts"], &p["callback_id"]),
        (&json!("message_action"), &json!(ts), &json!("note"))
    );
    w.slack.shortcut("ana", "note", None, w.now).unwrap();
    assert_eq!(w.envelope().1["payload"]["type"], "shortcut");
    assert!(w.slack.shortcut("ana", "other", None, w.now).is_err());
}

#[test]
fn a_response_url_works_five_times_for_thirty_minutes() {
    let mut w = world();
    w.connect();
    let ts = w.post_buttons();
    let url = |w: &mut World| {
        w.press(&ts, "ack");
        let url = w.envelope().1["payload"]["response_url"].as_str().unwrap().to_owned();
        url.strip_prefix("http://127.0.0.1:8081").unwrap().to_owned()
    };
    let body = |v: Value| v.as_object().unwrap().clone();
    let path = url(&mut w);
    assert_eq!(w.slack.respond(&path, body(json!({})), w.now).error(), "no_text");
    w.slack.respond(&path, body(json!({"text": "only you"})), w.now);
    assert_eq!(w.slack.shown("C-payments", None, Some("U-ana")).len(), 2);
    w.slack.respond(&path, body(json!({"text": "all", "response_type": "in_channel"})), w.now);
    assert_eq!(w.slack.shown("C-payments", None, None).len(), 2);
    w.slack.respond(&path, body(json!({"text": "new", "replace_original": true})), w.now);
    assert_eq!(w.slack.shown("C-payments", None, None)[0]["text"], "new");
    w.slack.respond(&path, body(json!({"text": "in thread", "thread_ts": ts, "response_type": "in_channel"})), w.now);
    assert_eq!(w.slack.shown("C-payments", Some(ts.parse().unwrap()), None).len(), 2);
    assert!(w.slack.respond(&path, body(json!({"text": "fifth"})), w.now).is_ok());
    let sixth = w.slack.respond(&path, body(json!({"text": "sixth"})), w.now);
    assert_eq!((sixth.status, sixth.error()), (404, "used_url"));
    let ts2 = w.post_buttons();
    w.press(&ts2, "ack");
    let path = w.envelope().1["payload"]["response_url"].as_str().unwrap().replace("http://127.0.0.1:8081", "");
    w.now = w.now.plus_secs(30 * 60 + 1);
    assert_eq!(w.slack.respond(&path, body(json!({"text": "late"})), w.now).error(), "expired_url");
    w.press(&ts2, "ack");
    let path = w.envelope().1["payload"]["response_url"].as_str().unwrap().replace("http://127.0.0.1:8081", "");
    w.slack.respond(&path, body(json!({"delete_original": true})), w.now);
    assert_eq!(w.error("chat.delete", json!({"channel": "C-payments", "ts": ts2})), "message_not_found");
}

#[test]
fn an_ephemeral_is_seen_by_one_and_its_buttons_work() {
    let mut w = world();
    w.connect();
    assert_eq!(
        w.error("chat.postEphemeral", json!({"channel": "C-secret", "user": "U-ben", "text": "x"})),
        "user_not_in_channel"
    );
    let ts = w
        .ok("chat.postEphemeral", json!({"channel": "C-payments", "user": "U-ana", "text": "x", "blocks": buttons()}))
        ["message_ts"]
        .clone();
    assert_eq!(w.ok("conversations.history", json!({"channel": "C-payments"}))["messages"], json!([]));
    assert_eq!(w.error("chat.update", json!({"channel": "C-payments", "ts": ts, "text": "y"})), "message_not_found");
    w.press(ts.as_str().unwrap(), "ack");
    let p = w.envelope().1["payload"].clone();
    assert_eq!((&p["message"], &p["container"]["is_ephemeral"]), (&Value::Null, &json!(true)));
    let path = p["response_url"].as_str().unwrap().replace("http://127.0.0.1:8081", "");
    let body = json!({"text": "replaced", "replace_original": true});
    w.slack.respond(&path, body.as_object().unwrap().clone(), w.now);
    assert_eq!(w.slack.shown("C-payments", None, Some("U-ana"))[0]["text"], "replaced");
    w.slack.respond(&path, json!({"delete_original": true}).as_object().unwrap().clone(), w.now);
    assert!(w.slack.shown("C-payments", None, Some("U-ana")).is_empty());
}

#[test]
fn tickets_are_short_lived_and_good_for_one_connection() {
    let mut w = world();
    let ticket = w.slack.open_ticket(w.now);
    assert!(w.slack.socket_connected("made-up", w.now).is_err());
    assert!(w.slack.socket_connected(&ticket, w.now).is_ok());
    assert!(w.slack.socket_connected(&ticket, w.now).is_err());
    let ticket = w.slack.open_ticket(w.now);
    assert!(w.slack.socket_connected(&ticket, w.now.plus_secs(30)).is_err());
    let refused = (0..60).map(|_| w.call("apps.connections.open", json!({}))).find(|a| a.status == 429);
    assert!(refused.is_some());
}

#[test]
fn hello_counts_connections_and_the_eleventh_is_one_too_many() {
    let mut w = world();
    w.slack.order(Fault::Ghosts { count: 2 });
    let ticket = w.slack.open_ticket(w.now);
    w.slack.socket_connected(&ticket, w.now).unwrap();
    let (_, hello) = w.frames().remove(0);
    assert_eq!((&hello["type"], &hello["num_connections"]), (&json!("hello"), &json!(3)));
    assert_eq!(hello["connection_info"]["app_id"], "A0SANDBOX");
    assert_eq!(hello["debug_info"]["approximate_connection_time"], 18_060);
    for _ in 0..9 {
        w.connect();
    }
    let ticket = w.slack.open_ticket(w.now);
    let eleventh = w.slack.socket_connected(&ticket, w.now).unwrap();
    let out = w.later(0);
    assert_eq!(frames(&out)[0].1["reason"], "too_many_websockets");
    assert_eq!(out.last(), Some(&Outgoing { socket: eleventh, out: Out::Close }));
    assert_eq!(w.slack.connections(), 10);
}

#[test]
fn a_connection_is_pinged_warned_and_refreshed() {
    let mut w = World { slack: Slack::new(Workspace { connection_secs: 100, ..workspace() }), now: NOON };
    w.connect();
    let mut said = vec![];
    for _ in 0..110 {
        for o in w.later(1_000) {
            said.push(match o.out {
                Out::Ping => "ping".to_owned(),
                Out::Close => "close".to_owned(),
                Out::Frame(s) => serde_json::from_str::<Value>(&s).unwrap()["reason"].as_str().unwrap().to_owned(),
                other => format!("{other:?}"),
            });
        }
    }
    said.dedup();
    assert_eq!(said, ["ping", "warning", "ping", "refresh_requested", "close"]);
    assert_eq!(w.slack.connections(), 0);
}

#[test]
fn each_disconnect_reason_can_be_ordered() {
    for (reason, closes) in
        [("warning", false), ("refresh_requested", true), ("too_many_websockets", true), ("link_disabled", true)]
    {
        for debug_info in [true, false] {
            let mut w = world();
            w.connect();
            let order = json!({"fault": "disconnect", "reason": reason, "debug_info": debug_info});
            w.slack.order(Fault::parse(&order).unwrap());
            let out = w.later(0);
            let frame = &frames(&out)[0].1;
            assert_eq!((frame["reason"].as_str(), frame.get("debug_info").is_some()), (Some(reason), debug_info));
            assert_eq!(out.iter().any(|o| o.out == Out::Close), closes);
            assert_eq!(w.slack.connections() == 0, closes);
        }
    }
}

#[test]
fn socket_faults_do_what_they_say() {
    let order = |w: &mut World, v: Value| w.slack.order(Fault::parse(&v).unwrap());
    let mut w = world();
    w.connect();
    w.connect();
    order(&mut w, json!({"fault": "drop", "sockets": "one"}));
    assert_eq!(w.later(0).iter().filter(|o| o.out == Out::Reset).count(), 1);
    assert_eq!(w.slack.connections(), 1);
    order(&mut w, json!({"fault": "junk_frame"}));
    order(&mut w, json!({"fault": "unknown_frame"}));
    assert_eq!(w.frames().iter().map(|(_, v)| v["type"].clone()).collect::<Vec<_>>(), [Value::Null, json!("mystery")]);
    order(&mut w, json!({"fault": "half_open"}));
    assert!(w.later(0).iter().any(|o| o.out == Out::Freeze));
    assert!(w.later(60_000).is_empty(), "a half-open connection says nothing");
    let ts = w.post_buttons();
    let id = w.press(&ts, "ack");
    w.later(3_001);
    assert!(!w.slack.take_verdict(&id).unwrap().ok);
    let mut w = world();
    order(&mut w, json!({"fault": "refuse_connections", "count": 1, "status": 502}));
    let ticket = w.slack.open_ticket(w.now);
    assert_eq!(w.slack.socket_connected(&ticket, w.now).unwrap_err().status, 502);
    assert!(w.slack.socket_connected(&ticket, w.now).is_ok(), "the refused upgrade did not use the ticket");
    let mut w = world();
    order(&mut w, json!({"fault": "no_hello", "count": 1}));
    let silent = w.connect();
    order(&mut w, json!({"fault": "hello_delay", "ms": 5_000, "count": 1}));
    let ticket = w.slack.open_ticket(w.now);
    w.slack.socket_connected(&ticket, w.now).unwrap();
    assert!(w.frames().is_empty());
    let late = frames(&w.later(5_000));
    assert!(late.iter().all(|(id, v)| *id != silent && v["type"] == "hello") && late.len() == 1);
    order(&mut w, json!({"fault": "swallow_acks", "count": 1}));
    let ts = w.post_buttons();
    let id = w.press(&ts, "ack");
    let envelope = w.envelope();
    w.ack(&envelope, None);
    assert_eq!(w.slack.take_verdict(&id), None);
    w.ack(&envelope, None);
    assert!(w.slack.take_verdict(&id).unwrap().ok);
}

#[test]
fn ghosts_swallow_their_share() {
    let mut w = world();
    w.connect();
    w.slack.order(Fault::Ghosts { count: 1 });
    let ts = w.post_buttons();
    let mut heard = 0;
    for _ in 0..40 {
        w.press(&ts, "ack");
        heard += w.frames().len();
    }
    assert!((5..35).contains(&heard), "{heard} of 40");
}

#[test]
fn an_envelope_goes_to_one_arbitrary_connection_that_must_ack_it_itself() {
    let mut w = world();
    let (a, b) = (w.connect(), w.connect());
    let ts = w.post_buttons();
    let mut who = std::collections::BTreeSet::new();
    for _ in 0..40 {
        let id = w.press(&ts, "ack");
        let envelope = w.envelope();
        who.insert(envelope.0);
        let other = if envelope.0 == a { b } else { a };
        w.ack(&(other, envelope.1.clone()), None);
        assert_eq!(w.slack.take_verdict(&id), None);
        w.ack(&envelope, None);
        assert!(w.slack.take_verdict(&id).unwrap().ok);
    }
    assert_eq!(who.len(), 2);
}

#[test]
fn junk_from_a_client_is_ignored() {
    let mut w = world();
    let id = w.connect();
    for junk in ["", "{", "[]", "null", "{\"envelope_id\": 5}", "{\"envelope_id\": \"x\", \"payload\": []}"] {
        w.slack.socket_received(id, junk, w.now);
    }
    w.slack.socket_received(SocketId(99), "{}", w.now);
    assert_eq!(w.slack.connections(), 1);
}

#[test]
fn a_restart_finds_the_same_slack() {
    let (mut w, view) = with_modal();
    let ts = w.post_buttons();
    w.ok("chat.postMessage", json!({"channel": "U-ben", "text": "dm"}));
    w.ok("conversations.create", json!({"name": "war"}));
    w.ok("usergroups.users.update", json!({"usergroup": "S1", "users": "U-ben"}));
    w.ok("chat.delete", json!({"channel": "C-payments", "ts": ts}));
    let lines: Vec<String> = w.slack.drain_changes().iter().map(|c| serde_json::to_string(c).unwrap()).collect();
    let changes: Vec<Change> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    for changes in [changes.clone(), crate::sandbox::persist::compact(changes)] {
        let mut next = Slack::new(workspace());
        next.restore(changes);
        assert_eq!(next.shown("C-payments", None, None), w.slack.shown("C-payments", None, None));
        assert_eq!(next.views_of("U-ana")[0]["id"], view["id"]);
        assert_eq!(next.dir.conversations, w.slack.dir.conversations);
        assert_eq!(next.groups, w.slack.groups);
        let mut next = World { slack: next, now: w.now };
        assert_eq!(next.error("conversations.create", json!({"name": "war"})), "name_taken");
        let made = next.ok("conversations.create", json!({"name": "war-2"}));
        assert!(!w.slack.dir.conversations.contains_key(made["channel"]["id"].as_str().unwrap()), "ids are not reused");
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let run = |seed| {
        let mut w = World { slack: Slack::new(Workspace { seed, ..workspace() }), now: NOON };
        w.connect();
        w.connect();
        let ts = w.post_buttons();
        (0..10)
            .map(|_| {
                w.press(&ts, "ack");
                w.frames()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn calls_are_remembered_without_tokens_and_bounded() {
    let mut w = world();
    let form = json!({"channel": "C-payments", "token": "xoxb-sandbox-bot", "blocks": buttons().to_string()});
    w.call("chat.postMessage", form);
    let call = w.slack.calls().last().unwrap();
    assert_eq!((call.method.as_str(), call.body.get("token")), ("chat.postMessage", None));
    assert_eq!(call.body["blocks"][0]["block_id"], "acts");
    assert_eq!((&call.answer["ok"], call.time), (&json!(true), 1_700_000_000.0));
    for _ in 0..CALLS_KEPT {
        w.call("api.test", json!({}));
    }
    assert_eq!(w.slack.calls().count(), CALLS_KEPT);
    assert_eq!(w.slack.calls().next().unwrap().method, "api.test");
}

#[test]
fn hostile_arguments_never_panic() {
    let odd = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("\u{0}"),
        json!([]),
        json!({}),
        json!([[[]]]),
        json!("[{\"type\":\"section\"}]"),
        json!([{"type": "actions", "elements": [{"type": "button"}]}]),
        json!("9".repeat(400)),
        json!({"type": "modal", "blocks": [1, null, {"type": []}], "title": 5}),
    ];
    let names = [
        "channel",
        "text",
        "blocks",
        "attachments",
        "metadata",
        "ts",
        "thread_ts",
        "view",
        "trigger_id",
        "users",
        "user",
        "limit",
        "cursor",
        "oldest",
        "name",
        "topic",
        "post_at",
        "files",
        "length",
        "filename",
        "user_id",
        "types",
    ];
    let mut w = World { slack: Slack::new(Workspace { strict_rates: false, ..workspace() }), now: NOON };
    let ts = w.post_buttons();
    for method in methods::TABLE {
        for name in names {
            for v in &odd {
                let mut args =
                    json!({"channel": "C-payments", "ts": ts, "timestamp": ts, "user": "U-ana", "view_id": "V"});
                args[name] = v.clone();
                let token = if method.kind == Kind::App { "xapp-sandbox-app" } else { "xoxb-sandbox-bot" };
                let answer = w.slack.call(Request::json(token, method.name, args), w.now);
                assert!(answer.body["ok"].is_boolean());
            }
        }
    }
    w.later(1_000);
}
