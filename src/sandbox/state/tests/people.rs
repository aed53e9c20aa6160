//! What people do, and how the app answers.

use super::*;

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
fn a_click_that_went_to_a_connection_that_ends_is_lost_at_once() {
    let mut w = world();
    let first = w.connect();
    let ts = w.post_buttons();
    let id = w.press(&ts, "ack");
    let (_, click) = w.envelope();
    w.slack.open_home("ana", "home", w.now).unwrap();
    w.slack.socket_closed(first);
    w.connect();
    let again: Vec<_> = frames(&w.later(0)).into_iter().filter(|(_, v)| v.get("envelope_id").is_some()).collect();
    assert_eq!(again.len(), 0, "an event is sent again when its 3 seconds are over");
    assert_eq!(w.slack.take_verdict(&id).unwrap().body["error"], "operation_timeout");
    let other = w.connect();
    w.ack(&(other, click), None);
    assert_eq!(w.slack.take_verdict(&id), None, "another connection cannot acknowledge it");
    assert_eq!(frames(&w.later(3_001)).iter().filter(|(_, v)| v["type"] == "events_api").count(), 1);
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
    w.slack.open_home("ana", "home", w.now).unwrap();
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
    w.slack.open_home("ana", "home", w.now).unwrap();
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
fn clear_on_close_closes_the_whole_stack() {
    let (mut w, root) = with_modal();
    let (_, envelope) = w.submit(&root, json!({"text": "x"}));
    let mut loud = modal("Loud");
    loud["clear_on_close"] = true.into();
    let args = json!({"trigger_id": envelope.1["payload"]["trigger_id"], "view": loud});
    let top = w.ok("views.push", args)["view"]["id"].clone();
    w.slack.close("ana", top.as_str().unwrap(), false, w.now).unwrap();
    assert_eq!(w.slack.views_of("U-ana"), Vec::<Value>::new());
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
fn a_message_that_only_one_person_sees_has_no_shortcuts() {
    let mut w = world();
    w.connect();
    let quiet = json!({"channel": "C-payments", "user": "U-ana", "text": "x"});
    let ts = w.ok("chat.postEphemeral", quiet)["message_ts"].as_str().unwrap().to_owned();
    assert!(w.slack.shortcut("ana", "note", Some(("payments", &ts)), w.now).is_err());
    assert!(w.frames().is_empty(), "nothing reaches the app");
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
fn an_ephemeral_in_a_thread_is_shown_where_the_thread_is_active_and_no_response_url_leads_there() {
    let mut w = world();
    w.connect();
    let parent = w.post_buttons();
    let thread = parent.parse().unwrap();
    let quiet = |text: &str| json!({"channel": "C-payments", "user": "U-ana", "text": text, "thread_ts": parent});
    w.ok("chat.postEphemeral", quiet("nobody replied yet"));
    assert_eq!(w.slack.shown("C-payments", Some(thread), Some("U-ana")).len(), 1, "the parent alone");
    w.ok("chat.postMessage", json!({"channel": "C-payments", "text": "a reply", "thread_ts": parent}));
    w.ok("chat.postEphemeral", quiet("seen"));
    let seen = w.slack.shown("C-payments", Some(thread), Some("U-ana"));
    assert_eq!((seen.len(), &seen[2]["text"]), (3, &json!("seen")));
    w.press(&parent, "ack");
    let path = w.envelope().1["payload"]["response_url"].as_str().unwrap().replace("http://127.0.0.1:8081", "");
    let body =
        json!({"text": "answered", "response_type": "ephemeral", "replace_original": false, "thread_ts": parent});
    w.slack.respond(&path, body.as_object().unwrap().clone(), w.now);
    assert_eq!(w.slack.shown("C-payments", Some(thread), Some("U-ana")).len(), 3);
    assert_eq!(w.slack.shown("C-payments", None, Some("U-ana")).last().unwrap()["text"], "answered");
}

#[test]
fn a_library_of_somebody_else_reads_every_envelope() {
    use slack_morphism::prelude::{SlackCommandEvent, SlackInteractionEvent, SlackPushEvent};
    let (mut w, view) = with_modal();
    let mut seen = vec![];
    let mut take = |w: &mut World| {
        let (_, v) = w.envelope();
        seen.push((v["type"].as_str().unwrap().to_owned(), v["payload"].clone()));
    };
    let ts = w.post_buttons();
    w.press(&ts, "ack");
    take(&mut w);
    let quiet = json!({"channel": "C-payments", "user": "U-ana", "text": "x", "blocks": buttons()});
    let ephemeral = w.ok("chat.postEphemeral", quiet)["message_ts"].as_str().unwrap().to_owned();
    w.press(&ephemeral, "ack");
    take(&mut w);
    let id = view["id"].as_str().unwrap().to_owned();
    w.slack.submit("ana", &id, json!({"why": "x"}).as_object().unwrap(), w.now).unwrap();
    take(&mut w);
    let mut telling = modal("One");
    telling["notify_on_close"] = true.into();
    w.ok("views.update", json!({"view_id": id, "view": telling}));
    w.slack.close("ana", &id, false, w.now).unwrap();
    take(&mut w);
    w.slack.shortcut("ana", "note", Some(("payments", &ts)), w.now).unwrap();
    take(&mut w);
    w.slack.shortcut("ana", "note", None, w.now).unwrap();
    take(&mut w);
    w.slack.slash("ana", "payments", "/pager", "list", w.now).unwrap();
    take(&mut w);
    w.slack.open_home("ana", "home", w.now).unwrap();
    take(&mut w);
    assert_eq!(seen.len(), 8);
    for (kind, payload) in seen {
        let read = match kind.as_str() {
            "interactive" => serde_json::from_value::<SlackInteractionEvent>(payload.clone()).map(|_| ()),
            "slash_commands" => serde_json::from_value::<SlackCommandEvent>(payload.clone()).map(|_| ()),
            _ => serde_json::from_value::<SlackPushEvent>(payload.clone()).map(|_| ()),
        };
        assert!(read.is_ok(), "{read:?}: {payload:#}");
    }
}
