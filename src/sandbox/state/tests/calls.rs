//! Methods, tokens, scopes, rates, faults, and what survives.

use super::*;
use crate::sandbox::answer::Fate;

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
