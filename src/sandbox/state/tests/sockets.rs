//! Tickets, connections, and every way in which they fail.

use super::*;

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
