//! What is to be heard of every so often: what counts as a beat, and what is told to whoever sends one.

use crate::intake_support::{Answer, HEARTBEAT_KEY, KEY, Mode, SIGNED_KEY, Server, gzip};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use warridor::domain::input::{Input, What};
use warridor::ingest::{IntakeError, Presented, limits};

fn path() -> String {
    format!("/heartbeats/{HEARTBEAT_KEY}")
}

fn beats(server: &Server) -> usize {
    let all = server.fake.taken();
    let is_one = |i: &Input| matches!(&i.what, What::Beat { heartbeat } if heartbeat.as_str() == "backup");
    assert!(all.iter().all(is_one), "{all:?}");
    all.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beat_is_answered_once_it_is_durable_whatever_its_body_is() {
    let server = Server::start().await;
    let accepted = (202, r#"{"heartbeat":"backup","status":"accepted"}"#);
    let long = "x".repeat(limits::DISCARDED_BEAT_BYTES - 1);
    for body in ["", "{}", "not JSON", r#"{"alerts":[{"status":"resolved"}]}"#, long.as_str()] {
        assert_eq!(server.post(&path(), body).await.told(), accepted);
        assert_eq!(beats(&server), 1);
    }
    assert_eq!(server.post(&format!("{}/", path()), "").await.told(), accepted);
    assert_eq!(server.post(&format!("{}?host=db-1", path()), "").await.told(), accepted);
    let answer = server.post_with(&path(), "content-encoding: gzip\r\n", &gzip(b"{}")).await;
    assert_eq!(answer.told(), accepted);
    let answer = server.post_with(&path(), "content-encoding: br\r\n", b"{}").await;
    assert_eq!((answer.told(), beats(&server)), (accepted, 4), "what it says of its body is no matter");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_too_long_is_read_in_part_and_counts() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let head = format!("POST {} HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999\r\n\r\n", path());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b'x'; limits::DISCARDED_BEAT_BYTES + 100_000]).await.unwrap();
    let answer = Answer::read(&mut stream).await.expect("an answer");
    assert_eq!((answer.status, answer.header("connection")), (202, Some("close")));
    assert_eq!(beats(&server), 1);

    let server = Server::limited(|l| l.body = Duration::from_millis(200)).await;
    let mut stream = server.connect().await;
    stream.write_all(format!("{}x", head.replace("999999999", "10")).as_bytes()).await.unwrap();
    let answer = Answer::read(&mut stream).await.expect("an answer");
    assert_eq!((answer.status, answer.header("connection"), beats(&server)), (202, Some("close"), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_somebody_looks_at_is_no_beat_and_says_what_is() {
    let server = Server::start().await;
    for path in [path(), format!("/heartbeats/{KEY}"), "/heartbeats/nobody-has-this-key-0000".to_owned()] {
        let answer = server.get(&path).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("post")), "{path}");
        assert!(answer.body.contains("no heartbeat") && answer.body.contains("curl -X POST"), "{}", answer.body);
        assert!(!answer.body.contains(HEARTBEAT_KEY));
    }
    for path in ["/heartbeats", "/heartbeats/", "/heartbeats/a/b"] {
        assert_eq!(server.post(path, "").await.status, 404, "{path}");
    }
    assert_eq!(beats(&server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_opens_what_is_not_its_own_and_only_the_admins_hear_which_it_was() {
    let server = Server::start().await;
    let unauthorized = (401, r#"{"status":"unauthorized"}"#);
    for key in [KEY, SIGNED_KEY, "4f9d2c7b81e6350a4f9d2c7b81e63f2a"] {
        assert_eq!(server.post(&format!("/heartbeats/{key}"), "{}").await.told(), unauthorized, "{key}");
    }
    for kind in ["generic", "alertmanager", "pagerduty"] {
        let answer = server.post(&format!("/integrations/{kind}/{HEARTBEAT_KEY}"), r#"{"title":"t"}"#).await;
        assert_eq!(answer.told(), unauthorized, "{kind}");
    }
    let body = format!(r#"{{"routing_key":"{HEARTBEAT_KEY}","event_action":"resolve","dedup_key":"k"}}"#);
    assert_eq!(server.post("/v2/enqueue", &body).await.told(), unauthorized);
    assert_eq!(server.post("/v2/change/enqueue", &body).await.told(), unauthorized);
    assert_eq!(beats(&server), 0);
    let mut told: Vec<_> =
        server.unknown_keys.drain_unknown_keys().into_iter().map(|k| (k.presented, k.count)).collect();
    told.sort();
    let elsewhere = |key: &str, opens| Presented::Elsewhere { key: key.to_owned(), opens };
    let wanted = [
        (Presented::Unknown { tail: "3f2a".to_owned() }, 1),
        (elsewhere("DB_KEY", "monitors' paths"), 1),
        (elsewhere("SIGNED", "monitors' paths"), 1),
        (elsewhere("backup", "/heartbeats/KEY"), 5),
    ];
    assert_eq!(told, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_beat_that_cannot_be_kept_is_to_be_sent_again() {
    let server = Server::limited(|l| l.submit = Duration::from_millis(200)).await;
    let failures = [
        (Mode::Fail(IntakeError::Overloaded { retry_after_secs: 17 }), "17"),
        (Mode::Fail(IntakeError::NotWritable("/data is full".into())), "5"),
        (Mode::Fail(IntakeError::Stopping), "5"),
        (Mode::Never, "5"),
    ];
    for (mode, retry_after) in failures {
        server.fake.set(mode.clone());
        let answer = server.post(&path(), "").await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, Some(retry_after)), "{mode:?}");
    }
}
