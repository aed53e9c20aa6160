//! Every answer a monitor can get, over real sockets, with a fake behind the door.

#[path = "intake_http/heartbeats.rs"]
mod heartbeats;
mod intake_support;
#[path = "intake_http/signatures.rs"]
mod signatures;

use intake_support::{
    Answer, FIRING, HEARTBEAT_KEY, KEY, Mode, SIGNED_KEY, Server, alertmanager, closed, gzip, request,
};
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use warridor::domain::directory::Urgency;
use warridor::domain::input::{EventAction, Input, Source, What};
use warridor::ingest::heartbeat::Heartbeat;
use warridor::ingest::{IngestConfig, IntakeError, Presented, limits};

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_accepted_with_its_incident() {
    let server = Server::start().await;
    let answer = server.send("alertmanager", alertmanager(FIRING)).await;
    assert_eq!(answer.told(), (202, r#"{"status":"accepted","dedup_key":"c9c08a7315321f3c","incident":1}"#));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let delivery = server.fake.delivery();
    assert_eq!((delivery.source, delivery.urgency), (Source::Alertmanager, Some(Urgency::Low)));
    assert_eq!((delivery.service.as_str(), delivery.events.len()), ("db", 1));

    server.fake.set(Mode::Undecided);
    let answer = server.send("generic", r#"{"key":"k \"1\"","title":"t"}"#).await;
    assert_eq!(answer.told(), (202, r#"{"status":"accepted","dedup_key":"k \"1\""}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_alerts_are_one_input_and_the_answer_is_bounded() {
    let server = Server::start().await;
    let answer = server.send("generic", r#"[{"key":"a","title":"A"},{"key":"b","status":"ok"}]"#).await;
    let expected = serde_json::json!({ "status": "accepted", "count": 2,
        "alerts": [{ "dedup_key": "a", "incident": 1 }, { "dedup_key": "b", "incident": 2 }] });
    assert_eq!((answer.status, answer.json()), (202, expected));
    assert_eq!(server.fake.delivery().events.len(), 2);

    let many = format!("[{}]", vec![r#"{"title":"t"}"#; 5000].join(","));
    let answer = server.send("generic", many).await;
    assert_eq!(answer.json()["count"], 5000);
    assert_eq!(answer.json()["alerts"].as_array().unwrap().len(), limits::ALERTS_NAMED);
    assert_eq!(server.fake.delivery().events.len(), 5000);
}

#[tokio::test(flavor = "multi_thread")]
async fn pagerduty_is_answered_in_its_own_shape() {
    let server = Server::start().await;
    let event = |rest: &str| format!(r#"{{"routing_key":"{KEY}",{rest}}}"#);
    let payload = r#""payload":{"summary":"CPU","source":"web-1","severity":"critical"}"#;

    let answer =
        server.post("/v2/enqueue", event(&format!(r#""event_action":"trigger","dedup_key":"k",{payload}"#))).await;
    assert_eq!(answer.told(), (202, r#"{"status":"success","message":"Event processed","dedup_key":"k"}"#));
    assert_eq!(server.fake.delivery().source, Source::PagerDuty);

    // Two triggers without a key are two problems, each with a key the sender can resolve it by.
    let mut keys = Vec::new();
    for _ in 0..2 {
        let answer = server.post("/v2/enqueue", event(&format!(r#""event_action":"trigger",{payload}"#))).await;
        assert_eq!(answer.status, 202);
        let key = answer.json()["dedup_key"].as_str().unwrap().to_owned();
        assert_eq!(&*server.fake.delivery().events[0].dedup_key, key);
        assert!(key.len() == 32 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
        keys.push(key);
    }
    assert_ne!(keys[0], keys[1]);

    for action in ["acknowledge", "resolve"] {
        let answer = server.post("/v2/enqueue", event(&format!(r#""event_action":"{action}","dedup_key":"k""#))).await;
        assert_eq!(answer.status, 202, "{action}");
    }
    server.fake.taken();

    let bad = r#""event_action":"trigger","payload":{"summary":"CPU on fire","source":"x","severity":"purple"}"#;
    let answer = server.post("/v2/enqueue", event(bad)).await;
    let expected = serde_json::json!({ "status": "invalid event", "message": "Event object is invalid",
        "errors": ["payload.severity: found \"purple\"; send one of \"critical\", \"error\", \"warning\", \"info\""] });
    assert_eq!((answer.status, answer.json()), (400, expected));
    let told = server.fake.unreadable();
    assert_eq!((told.title.as_str(), told.key_name.as_str()), ("CPU on fire", "DB_KEY"));
    assert!(told.problem.contains("payload.severity") && told.excerpt.contains("[key]"), "{told:?}");
    assert!(!format!("{told:?}").contains(KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_taken_in_pagerdutys_shape_and_never_becomes_an_incident() {
    let server = Server::start().await;
    let change = |key: &str, payload: &str| format!(r#"{{"routing_key":"{key}","payload":{payload}}}"#);
    let answer = server.post("/v2/change/enqueue", change(KEY, r#"{"summary":"Deployed v1.2.3","source":"ci"}"#)).await;
    let expected = serde_json::json!({ "status": "success", "message": "Change event processed" });
    assert_eq!((answer.status, answer.json()), (202, expected));
    match server.fake.taken().as_slice() {
        [Input { what: What::Changed(c), .. }] => {
            assert_eq!((c.service.as_str(), c.changes[0].summary.as_str()), ("db", "Deployed v1.2.3"));
        }
        other => panic!("{other:?}"),
    }
    let answer = server.post("/v2/change/enqueue", change(KEY, r#"{"source":"ci"}"#)).await;
    assert_eq!(answer.status, 400);
    assert!(answer.json()["errors"][0].as_str().unwrap().starts_with("payload.summary: found nothing"));
    let unknown = server.post("/v2/change/enqueue", change("nobody-has-this-key-0000", r#"{"summary":"x"}"#)).await;
    assert_eq!(unknown.status, 401);
    let long = format!(r#"{{"summary":"{}"}}"#, "x".repeat(limits::ENQUEUE_BODY_BYTES));
    assert_eq!(server.post("/v2/change/enqueue", change(KEY, &long)).await.status, 413);
    assert_eq!(server.post("/v2/change/enqueue", "nonsense".to_owned()).await.status, 400);
    assert_eq!(server.fake.taken().len(), 0, "none of these is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_monitor_has_its_path() {
    let server = Server::start().await;
    let rows = [
        ("alertmanager", alertmanager(FIRING), Source::Alertmanager, "c9c08a7315321f3c"),
        ("grafana", r#"{"ruleId":5,"ruleName":"CPU","state":"alerting"}"#.to_owned(), Source::Grafana, "rule/5"),
        ("newrelic", r#"{"id":"i-1","title":"Errors","state":"ACTIVATED"}"#.to_owned(), Source::NewRelic, "i-1"),
        ("splunk", r#"{"search_name":"Logins","app":"search"}"#.to_owned(), Source::Splunk, "search/Logins"),
        (
            "pagerduty",
            r#"{"event":{"event_type":"incident.triggered","data":{"id":"PX1","title":"Shop"}}}"#.to_owned(),
            Source::PagerDutyWebhook,
            "PX1",
        ),
        ("generic", r#"{"key":"k","title":"t"}"#.to_owned(), Source::Generic, "k"),
    ];
    for (path, body, source, dedup_key) in rows {
        let answer = server.send(path, body).await;
        let expected = serde_json::json!({ "status": "accepted", "dedup_key": dedup_key, "incident": 1 });
        assert_eq!((answer.status, answer.json()), (202, expected), "{path}");
        assert_eq!(server.fake.delivery().source, source, "{path}");
        // Nothing that only another path understands passes for something here.
        let answer = server.send(path, r#"{"summary":5,"odd":"#).await;
        assert_eq!(answer.status, 400, "{path}");
        server.fake.unreadable();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_asks_nobody_to_act_is_taken_and_nothing_is_kept_of_it() {
    let server = Server::start().await;
    // Were it handed over, it could not be kept.
    server.fake.set(Mode::Fail(IntakeError::NotWritable(String::new())));
    let bodies = [
        ("pagerduty", r#"{"event":{"event_type":"incident.annotated","data":{"id":"n","content":"a note"}}}"#),
        ("pagerduty", r#"{"event":{"event_type":"pagey.ping","data":{"message":"Hello"}}}"#),
        ("grafana", r#"{"ruleId":5,"ruleName":"CPU","state":"paused"}"#),
        ("generic", r#"{"NOTIFICATIONTYPE":"DOWNTIMESTART","HOSTNAME":"db-1"}"#),
    ];
    for (path, body) in bodies {
        let answer = server.send(path, body).await;
        let expected = serde_json::json!({ "status": "accepted", "count": 0, "alerts": [],
            "message": "This asks nobody to act: nothing was changed." });
        assert_eq!((answer.status, answer.json()), (202, expected), "{path} {body}");
    }
    assert!(server.fake.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_nobody_can_read_becomes_an_incident_and_400() {
    let server = Server::start().await;
    let cut_off = r#"{"status":"firing","alerts":[{"status":"firing","annotations":{"summary":"Disk full on db-1"#;
    let answer = server.send("alertmanager", cut_off).await;
    assert_eq!(answer.status, 400);
    let body = answer.json();
    assert_eq!(
        (&body["status"], &body["field"], &body["incident"]),
        (&"not understood".into(), &"the body".into(), &99.into())
    );
    let told = server.fake.unreadable();
    assert_eq!((told.service.as_str(), told.urgency), ("db", Some(Urgency::Low)));
    assert_eq!((told.title.as_str(), told.excerpt.as_str()), ("Disk full on db-1", cut_off));

    let answer = server.send("alertmanager", r#"{"alerts":[{"status":"x","labels":{"a":"b"}}]}"#).await;
    assert_eq!((answer.status, answer.json()["field"].clone()), (400, "alerts[0].status".into()));
    assert_eq!(server.fake.unreadable().title, "unreadable alert for db");

    let answer = server.send("generic", b"\xff\xfe{".as_slice()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(server.fake.unreadable().excerpt, "\u{fffd}\u{fffd}{");

    // Under `/v2/enqueue` the key must be found in what is not JSON.
    let answer = server.post("/v2/enqueue", format!(r#"{{"routing_key":"{KEY}","payload":{{"summary":"half"#)).await;
    assert_eq!((answer.status, answer.json()["status"].clone()), (400, "invalid event".into()));
    assert_eq!(server.fake.unreadable().title, "half");
    let answer = server.post("/v2/enqueue", r#"{"routing_key":"unknown","payload":{"summary":"half"#).await;
    assert_eq!(answer.status, 401);
    let answer = server.post("/v2/enqueue", r#"{"payload":{"summary":"half"#).await;
    assert_eq!(answer.status, 400);
    let answer = server.post("/v2/enqueue", r#"{"payload":{"summary":"no key"}}"#).await;
    assert_eq!(
        (answer.status, answer.json()["errors"][0].clone()),
        (400, "routing_key: found nothing; send the service's integration key".into())
    );
    assert!(server.fake.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_told_nothing_and_counted() {
    let server = Server::start().await;
    let mistyped = "4f9d2c7b81e6350a4f9d2c7b81e63f2a";
    for _ in 0..3 {
        let answer = server.post(&format!("/integrations/alertmanager/{mistyped}"), alertmanager(FIRING)).await;
        assert_eq!(answer.told(), (401, r#"{"status":"unauthorized"}"#));
    }
    let answer = server.post("/v2/enqueue", format!(r#"{{"routing_key":"{mistyped}","event_action":"x"}}"#)).await;
    assert_eq!(answer.told(), (401, r#"{"status":"unauthorized"}"#));
    for near in ["", &KEY[..31], &KEY.to_uppercase(), &format!("{KEY}0")] {
        let answer = server.post(&format!("/integrations/generic/{near}"), r#"{"title":"t"}"#).await;
        assert_eq!(answer.status, if near.is_empty() { 404 } else { 401 }, "{near}");
    }
    assert!(server.fake.taken().is_empty());
    let told = server.unknown_keys.drain_unknown_keys();
    assert_eq!((&told[0].presented, told[0].count), (&Presented::Unknown { tail: "3f2a".to_owned() }, 4));
    assert_eq!(told[0].peer, Some("127.0.0.1".parse().unwrap()));
    assert_eq!(told.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_answered_503_whatever_it_is() {
    let server = Server::limited(|l| l.submit = Duration::from_millis(200)).await;
    let bodies = [
        ("/v2/enqueue".to_owned(), format!(r#"{{"routing_key":"{KEY}","event_action":"resolve","dedup_key":"k"}}"#)),
        ("/v2/enqueue".to_owned(), format!(r#"{{"routing_key":"{KEY}","event_action":"odd"}}"#)),
        ("/v2/enqueue".to_owned(), format!(r#"{{"routing_key":"{KEY}","#)),
        (format!("/integrations/alertmanager/{KEY}"), alertmanager(FIRING)),
        (format!("/integrations/alertmanager/{KEY}"), "not JSON".to_owned()),
        (format!("/integrations/generic/{KEY}"), "x".repeat(limits::BODY_BYTES + 1)),
    ];
    let failures = [
        (Mode::Fail(IntakeError::Overloaded { retry_after_secs: 17 }), "17"),
        (Mode::Fail(IntakeError::NotWritable("/data is full".into())), "5"),
        (Mode::Fail(IntakeError::Unknown("fdatasync".into())), "5"),
        (Mode::Fail(IntakeError::Stopping), "5"),
        (Mode::Never, "5"),
    ];
    for (mode, retry_after) in failures {
        server.fake.set(mode.clone());
        for (path, body) in &bodies {
            let answer = server.post(path, body).await;
            assert_eq!((answer.status, answer.header("retry-after")), (503, Some(retry_after)), "{mode:?} {path}");
            assert!(!answer.body.contains("/data"), "{}", answer.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_paths_and_methods_say_what_exists() {
    let server = Server::start().await;
    for path in ["/", &format!("/integrations/other/{KEY}"), "/integrations/alertmanager", "/v2/change"] {
        let answer = server.post(path, "{}").await;
        assert_eq!(answer.status, 404, "{path}");
        for existing in ["/v2/enqueue", "/integrations/alertmanager/KEY", "/integrations/splunk/KEY"] {
            assert!(answer.body.contains(existing), "{}", answer.body);
        }
    }
    let answer = server.get("/v2/enqueue").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("post")));
    let answer = server.post("/healthz", "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("get")));
    assert_eq!(server.get("/metrics").await.status, 404);
    assert!(server.fake.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn alive_and_ready_are_two_questions() {
    let server = Server::start().await;
    assert_eq!(server.get("/healthz").await.told(), (200, "ok\n"));
    assert_eq!(server.get("/readyz?verbose").await.told(), (200, r#"{"slack":"ok","store":"ok"}"#));
    server.fake.set(Mode::Fail(IntakeError::NotWritable(String::new())));
    assert_eq!(server.get("/readyz").await.told(), (503, r#"{"slack":"ok","store":"read-only"}"#));
    assert_eq!(server.get("/healthz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_may_come_in_any_pieces() {
    let server = Server::start().await;
    let path = format!("/integrations/generic/{KEY}");
    let whole = request(&path, "", br#"{"key":"k","title":"in pieces"}"#);
    let mut stream = server.connect().await;
    for byte in &whole {
        stream.write_all(&[*byte]).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(Answer::read(&mut stream).await.unwrap().status, 202);
    assert_eq!(server.fake.delivery().events[0].title, "in pieces");

    let chunked = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{{\"title\"\r\n5;x=y\r\n:\"t\"}}\r\n0\r\ntrailer: x\r\n\r\n"
    );
    stream.write_all(chunked.as_bytes()).await.unwrap();
    assert_eq!(Answer::read(&mut stream).await.unwrap().status, 202);
    assert_eq!(server.fake.delivery().events[0].title, "t");

    // Several at once on one connection, a bad one among them: as many answers, in order.
    let bodies: [&[u8]; 4] = [br#"{"title":"1"}"#, b"bad", br#"{"title":"3"}"#, br#"{"title":"4"}"#];
    let pipelined: Vec<u8> = bodies.iter().flat_map(|b| request(&path, "", b)).collect();
    stream.write_all(&pipelined).await.unwrap();
    for expected in [202, 400, 202, 202] {
        assert_eq!(Answer::read(&mut stream).await.unwrap().status, expected);
    }
    let titles: Vec<String> = server.fake.taken().into_iter().map(|i| title_of(&i.what)).collect();
    assert_eq!(titles, ["1", "bad", "3", "4"]);
}

fn title_of(what: &What) -> String {
    match what {
        What::Events(d) => d.events[0].title.clone(),
        What::Unreadable(u) => u.title.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn gzip_is_understood_and_what_is_not_gzip_is_raised() {
    let server = Server::start().await;
    let path = format!("/integrations/alertmanager/{KEY}");
    let body = alertmanager(FIRING);
    let answer = server.post_with(&path, "content-encoding: GZIP\r\n", gzip(body.as_bytes())).await;
    assert_eq!(answer.status, 202);
    assert_eq!(server.fake.delivery().events[0].title, "Disk full");

    let mut half = gzip(body.as_bytes());
    half.truncate(half.len() - 12);
    let answer = server.post_with(&path, "content-encoding: gzip\r\n", half).await;
    assert_eq!(answer.status, 400);
    assert_eq!(server.fake.unreadable().title, "Disk full");

    let answer = server.post_with(&path, "content-encoding: gzip\r\n", &body).await;
    assert_eq!((answer.status, answer.json()["field"].clone()), (400, "the body".into()));
    server.fake.unreadable();

    let answer = server.post_with(&path, "content-encoding: br\r\n", &body).await;
    assert_eq!((answer.status, answer.json()["field"].clone()), (400, "Content-Encoding".into()));
    assert_eq!(server.fake.unreadable().title, "Disk full");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_finishes_what_began_and_takes_nothing_new() {
    let server = Server::start().await;
    server.fake.set(Mode::Slow(Duration::from_millis(500)));
    let mut idle = server.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(Answer::read(&mut idle).await.unwrap().status, 200);
    let mut busy = server.connect().await;
    let path = format!("/integrations/generic/{KEY}");
    busy.write_all(&request(&path, "", br#"{"title":"in flight"}"#)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    server.shutdown.cancel();
    assert!(closed(&mut idle, Duration::from_millis(300)).await, "an idle connection is closed at once");
    let answer = Answer::read(&mut busy).await.expect("the request in flight is answered");
    assert_eq!((answer.status, answer.header("connection")), (202, Some("close")));
    assert!(tokio::net::TcpStream::connect(server.addr).await.is_err(), "nobody listens any more");
    let ends = async {
        while !server.task.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(1), ends).await.expect("the server ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_is_bounded() {
    let server = Server::limited(|l| l.drain = Duration::from_millis(300)).await;
    server.fake.set(Mode::Never);
    let mut stuck = server.connect().await;
    stuck.write_all(&request(&format!("/integrations/generic/{KEY}"), "", br#"{"title":"t"}"#)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.shutdown.cancel();
    let ends = async {
        while !server.task.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(2), ends).await.expect("the server ends");
    assert!(closed(&mut stuck, Duration::from_secs(1)).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_what_promtool_wants() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new()
        .set_buckets_for_metric(
            metrics_exporter_prometheus::Matcher::Suffix("_duration_seconds".into()),
            warridor::ingest::DURATION_BUCKETS,
        )
        .unwrap()
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).expect("no other test of this binary installs one");
    warridor::ingest::describe();
    let server = Server::with(IngestConfig { metrics: Some(handle), ..IngestConfig::default() }).await;
    server.send("alertmanager", alertmanager(FIRING)).await;
    server.send("generic", "bad").await;
    server.send("splunk", r#"{"search_name":"s"}"#).await;
    server.post(&format!("/integrations/splunk/{SIGNED_KEY}"), "{}").await;
    server.send("pagerduty", r#"{"event":{"event_type":"incident.annotated"}}"#).await;
    server.post("/v2/enqueue", r#"{"routing_key":"unknown-unknown"}"#).await;
    server.post(&format!("/heartbeats/{HEARTBEAT_KEY}"), "").await;
    server.get(&format!("/heartbeats/{HEARTBEAT_KEY}")).await;
    let text = server.get("/metrics").await.body;
    for expected in [
        r#"warridor_ingest_requests_total{path="/integrations/alertmanager",code="202"} "#,
        r#"warridor_ingest_requests_total{path="/integrations/generic",code="400"} "#,
        r#"warridor_ingest_requests_total{path="/v2/enqueue",code="401"} "#,
        r#"warridor_ingest_events_total{source="alertmanager",action="trigger"} "#,
        r#"warridor_ingest_events_total{source="pagerduty",action="resolve"} "#,
        r#"warridor_ingest_requests_total{path="/integrations/pagerduty",code="202"} 1"#,
        r#"warridor_ingest_events_total{source="splunk",action="trigger"} 1"#,
        r#"warridor_ingest_events_total{source="pagerduty-webhook",action="trigger"} 0"#,
        "warridor_ingest_unknown_key_total ",
        "warridor_ingest_unreadable_total ",
        r#"warridor_ingest_unsigned_total{reason="path"} "#,
        r#"warridor_ingest_unsigned_total{reason="wrong"} "#,
        "warridor_ingest_nothing_to_do_total ",
        "warridor_ingest_beats_total 1",
        r#"warridor_ingest_requests_total{path="/heartbeats",code="202"} 1"#,
        r#"warridor_ingest_requests_total{path="/heartbeats",code="405"} 1"#,
        r#"warridor_ingest_request_duration_seconds_bucket{le="0.001"} "#,
        "warridor_ingest_body_bytes_count ",
        "warridor_ingest_held_bytes ",
        "warridor_ingest_connections ",
    ] {
        assert!(text.contains(expected), "no {expected} in\n{text}");
    }
    assert!(!text.contains(KEY) && !text.contains(HEARTBEAT_KEY) && !text.contains("unknown-unknown"));

    let promtool = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let Ok(mut promtool) = promtool else {
        println!("promtool is not installed: its check was left out");
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let said = promtool.wait_with_output().unwrap();
    assert!(
        said.status.success(),
        "{}{}\n{text}",
        String::from_utf8_lossy(&said.stderr),
        String::from_utf8_lossy(&said.stdout)
    );
}

/// Everything any test of this binary logs.
static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();

#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_ever_logged() {
    struct Sink(Arc<Mutex<Vec<u8>>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let log = LOG.get_or_init(Arc::default).clone();
    let sink = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || Sink(sink.clone()))
        .try_init()
        .expect("no other test of this binary logs");
    let server = Server::start().await;
    let mistyped = "4f9d2c7b81e6350a4f9d2c7b81e63f2a";
    for key in [KEY, SIGNED_KEY, mistyped] {
        for body in [alertmanager(FIRING), format!(r#"{{"alerts":[{{"status":"{key}"}}]}}"#), format!("{key} {{")] {
            server.post(&format!("/integrations/alertmanager/{key}"), &body).await;
            server.post(&format!("/integrations/generic/{key}"), &body).await;
            let signature = "x-pagerduty-signature: v1=00\r\n";
            server.post_with(&format!("/integrations/pagerduty/{key}"), signature, &body).await;
            server.post(&format!("/integrations/other/{key}"), &body).await;
            server.get(&format!("/integrations/generic/{key}")).await;
        }
        for rest in [r#""event_action":"resolve","dedup_key":"k"}"#, r#""event_action":"trigger"}"#, r#""payload":{"#] {
            server.post("/v2/enqueue", format!(r#"{{"routing_key":"{key}",{rest}"#)).await;
        }
        server.post("/v2/enqueue", format!(r#"{{"routing_key":"{key}","event_action":"{key}"}}"#)).await;
    }
    let log = String::from_utf8_lossy(&log.lock().unwrap()).into_owned();
    assert!(log.contains("a body could not be read") && log.contains("DB_KEY"), "{log}");
    assert!(!log.contains(&KEY[..16]) && !log.contains(&SIGNED_KEY[..16]) && !log.contains(mistyped), "{log}");
    for input in server.fake.taken() {
        assert!(!format!("{input:?}").contains(KEY), "{input:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heartbeat_stops_while_something_is_wrong() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping/secret", listener.local_addr().unwrap());
    let beats = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = beats.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let n = stream.read(&mut request).await.unwrap();
            assert!(request[..n].starts_with(b"GET /ping/secret HTTP/1.1\r\n"));
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await.unwrap();
        }
    });
    let count = || beats.load(std::sync::atomic::Ordering::SeqCst);
    let well = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (asked, shutdown) = (well.clone(), tokio_util::sync::CancellationToken::new());
    let clock = warridor::clock::Clock::system(0);
    let task = Heartbeat::new(&url, clock.clone()).unwrap().start(
        move || (!asked.load(std::sync::atomic::Ordering::SeqCst)).then(|| "the store cannot be written".to_owned()),
        shutdown.clone(),
    );
    let settle = || tokio::time::sleep(Duration::from_millis(300));
    settle().await;
    assert_eq!(count(), 1, "one at once, and none before 30 s have passed");
    clock.advance(Duration::from_secs(31));
    settle().await;
    assert_eq!(count(), 2);
    well.store(false, std::sync::atomic::Ordering::SeqCst);
    clock.advance(Duration::from_secs(31));
    settle().await;
    assert_eq!(count(), 2, "withheld");
    well.store(true, std::sync::atomic::Ordering::SeqCst);
    clock.advance(Duration::from_secs(31));
    settle().await;
    assert_eq!(count(), 3);
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(1), task).await.unwrap().unwrap();
    assert!(Heartbeat::new("file:///etc/passwd", clock).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_keeps_its_action_through_the_door() {
    let server = Server::start().await;
    for (word, action) in [("firing", EventAction::Trigger), ("resolved", EventAction::Resolve)] {
        server.send("alertmanager", alertmanager(&FIRING.replace("firing", word))).await;
        assert_eq!(server.fake.delivery().events[0].action, action);
    }
}
