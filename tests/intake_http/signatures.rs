//! A key that asks for signatures: what is let in, what is not, and who hears of it.

use crate::intake_support::{FIRING, KEY, Mode, SIGNED_KEY, SIGNED_KEY_TO_COME, Server, alertmanager};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::Duration;
use warridor::clock::Clock;
use warridor::domain::input::{EventAction, Source};
use warridor::domain::stamp::At;
use warridor::ingest::{IngestConfig, OLD_SECS, Presented, Secrets, Unsigned, limits};

const OLD: &str = "the-secret-until-now-0123456789";
const NEW: &str = "the-secret-from-now-on-9876543210";
/// 2026-03-01T10:00:00Z
const NOW: At = At(1_772_359_200_000);

fn signed(secret: &str, parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

fn of_pagerduty(secrets: &[&str], body: &str) -> String {
    let all: Vec<String> = secrets.iter().map(|s| format!("v1={}", signed(s, &[body.as_bytes()]))).collect();
    format!("X-PagerDuty-Signature: {}\r\n", all.join(","))
}

fn of_grafana(secret: &str, time: Option<i64>, body: &str) -> String {
    match time {
        None => format!("X-Grafana-Alerting-Signature: {}\r\n", signed(secret, &[body.as_bytes()])),
        Some(time) => {
            let time = time.to_string();
            let signature = signed(secret, &[time.as_bytes(), b":", body.as_bytes()]);
            format!("X-Grafana-Alerting-Signature: {signature}\r\nX-Grafana-Alerting-Signature-Timestamp: {time}\r\n")
        }
    }
}

fn message(kind: &str) -> String {
    format!(
        r#"{{"event":{{"event_type":"{kind}","occurred_at":"2026-03-01T10:00:00Z","data":{{"id":"PX1","title":"Shop is down","created_at":"2026-03-01T09:59:00Z"}}}}}}"#
    )
}

/// A server with these secrets in its environment, on a clock that stands at [`NOW`].
async fn server(secrets: &'static [(&'static str, &'static str)]) -> Server {
    let find = |name: &str| secrets.iter().find(|(known, _)| *known == name).map(|(_, secret)| (*secret).to_owned());
    let secrets = Secrets::new(find);
    Server::with(IngestConfig { secrets, clock: Clock::stopped(NOW), ..IngestConfig::default() }).await
}

const BOTH: &[(&str, &str)] = &[("SIGNED_OLD", OLD), ("SIGNED_NEW", NEW)];

fn path(kind: &str) -> String {
    format!("/integrations/{kind}/{SIGNED_KEY}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_right_is_let_in_with_either_secret() {
    let server = server(BOTH).await;
    let body = message("incident.triggered");
    for headers in [of_pagerduty(&[OLD], &body), of_pagerduty(&[NEW], &body), of_pagerduty(&["another", NEW], &body)] {
        let answer = server.post_with(&path("pagerduty"), &headers, &body).await;
        assert_eq!(answer.status, 202, "{headers} {}", answer.body);
        let delivery = server.fake.delivery();
        assert_eq!((delivery.source, &*delivery.events[0].dedup_key), (Source::PagerDutyWebhook, "PX1"));
    }
    let body = alertmanager(FIRING);
    let now = NOW.0 / 1000;
    for headers in [
        of_grafana(OLD, None, &body),
        of_grafana(NEW, None, &body),
        of_grafana(NEW, Some(now), &body),
        of_grafana(NEW, Some(now - OLD_SECS), &body),
    ] {
        let answer = server.post_with(&path("grafana"), &headers, &body).await;
        assert_eq!(answer.status, 202, "{headers} {}", answer.body);
        assert_eq!(server.fake.delivery().source, Source::Grafana);
    }
    // Two keys, too, open the same integration.
    let headers = of_grafana(OLD, None, &body);
    let to_come = format!("/integrations/grafana/{SIGNED_KEY_TO_COME}");
    assert_eq!(server.post_with(&to_come, &headers, &body).await.status, 202);
    assert_eq!(server.fake.delivery().key.as_deref(), Some("SIGNED"));
    assert!(server.unknown_keys.drain_unknown_keys().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_is_told_nothing_leads_to_nothing_and_is_told_to_the_admins() {
    let server = server(BOTH).await;
    let body = message("incident.triggered");
    let alerts = alertmanager(FIRING);
    let now = NOW.0 / 1000;
    let event = format!(
        r#"{{"routing_key":"{SIGNED_KEY}","event_action":"trigger","payload":{{"summary":"s","source":"x","severity":"info"}}}}"#
    );
    let rows: Vec<(&str, String, String, String, Unsigned)> = vec![
        ("no signature", path("pagerduty"), String::new(), body.clone(), Unsigned::Missing),
        ("of another body", path("pagerduty"), of_pagerduty(&[OLD], "{}"), body.clone(), Unsigned::Wrong),
        ("with another secret", path("pagerduty"), of_pagerduty(&["another"], &body), body.clone(), Unsigned::Wrong),
        ("of nothing", path("pagerduty"), "X-PagerDuty-Signature: v1=\r\n".to_owned(), body.clone(), Unsigned::Wrong),
        ("in the wrong header", path("grafana"), of_pagerduty(&[OLD], &alerts), alerts.clone(), Unsigned::Missing),
        ("with another secret", path("grafana"), of_grafana("another", None, &alerts), alerts.clone(), Unsigned::Wrong),
        ("old", path("grafana"), of_grafana(OLD, Some(now - OLD_SECS - 1), &alerts), alerts.clone(), Unsigned::Old),
        ("to come", path("grafana"), of_grafana(OLD, Some(now + OLD_SECS + 1), &alerts), alerts.clone(), Unsigned::Old),
        ("nobody can read it, and nobody signed it", path("grafana"), String::new(), "{".to_owned(), Unsigned::Missing),
        ("where nobody signs", path("alertmanager"), of_grafana(OLD, None, &alerts), alerts.clone(), Unsigned::Path),
        ("where nobody signs", path("generic"), String::new(), r#"{"title":"t"}"#.to_owned(), Unsigned::Path),
        ("by the Events API", "/v2/enqueue".to_owned(), String::new(), event.clone(), Unsigned::Path),
        ("half of it", "/v2/enqueue".to_owned(), String::new(), event[..event.len() - 9].to_owned(), Unsigned::Path),
        ("a change", "/v2/change/enqueue".to_owned(), String::new(), event, Unsigned::Path),
    ];
    for (what, path, headers, body, why) in rows {
        let answer = server.post_with(&path, &headers, &body).await;
        assert_eq!(answer.told(), (401, r#"{"status":"unauthorized"}"#), "{what} {path}");
        let told = server.unknown_keys.drain_unknown_keys();
        let [told] = told.as_slice() else { panic!("{what}: {told:?}") };
        assert_eq!(told.presented, Presented::Unsigned { key: "SIGNED".to_owned(), why }, "{what}");
        assert_eq!((told.count, told.peer), (1, Some("127.0.0.1".parse().unwrap())), "{what}");
    }
    assert!(server.fake.taken().is_empty(), "no alert, and no incident of a body that could not be read");
    // Whoever knows no key hears the same.
    let unknown = server.post("/integrations/pagerduty/0123456789abcdef0123", &body).await;
    assert_eq!(unknown.told(), (401, r#"{"status":"unauthorized"}"#));
    // A key that asks for nothing is as before, whatever is sent along.
    let headers = of_grafana("another", None, &alerts);
    assert_eq!(server.post_with(&format!("/integrations/grafana/{KEY}"), &headers, &alerts).await.status, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_secret_nothing_is_let_in() {
    for secrets in [&[][..], &[("SIGNED_OLD", ""), ("SIGNED_NEW", "  \n")], &[("ANOTHER", OLD)]] {
        let server = server(secrets).await;
        let body = message("incident.triggered");
        for headers in [String::new(), of_pagerduty(&[OLD], &body), of_pagerduty(&[""], &body)] {
            assert_eq!(
                server.post_with(&path("pagerduty"), &headers, &body).await.status,
                401,
                "{secrets:?} {headers}"
            );
        }
        let told = server.unknown_keys.drain_unknown_keys();
        assert_eq!(told[0].presented, Presented::Unsigned { key: "SIGNED".to_owned(), why: Unsigned::NoSecret });
        assert_eq!(told[0].count, 3);
        assert!(server.fake.taken().is_empty());
    }
    // One of two is enough, and is not let in with nothing in the place of the other.
    let server = server(&[("SIGNED_NEW", NEW)]).await;
    let body = message("incident.resolved");
    assert_eq!(server.post_with(&path("pagerduty"), &of_pagerduty(&[NEW], &body), &body).await.status, 202);
    assert_eq!(server.fake.delivery().events[0].action, EventAction::Resolve);
    assert_eq!(server.post_with(&path("pagerduty"), &of_pagerduty(&[OLD], &body), &body).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_body_again_is_the_same_alert_again_until_its_time_is_over() {
    let clock = Clock::stopped(NOW);
    let secrets = Secrets::new(|name| (name == "SIGNED_OLD").then(|| OLD.to_owned()));
    let server = Server::with(IngestConfig { secrets, clock: clock.clone(), ..IngestConfig::default() }).await;
    // PagerDuty sends again for two days, with the same signature: what did not arrive must be able to.
    let body = message("incident.triggered");
    let headers = of_pagerduty(&[OLD], &body);
    let mut deliveries = Vec::new();
    for again in 0..3 {
        assert_eq!(server.post_with(&path("pagerduty"), &headers, &body).await.status, 202, "{again}");
        deliveries.push(server.fake.delivery().events);
        clock.advance(Duration::from_secs(12 * 60 * 60));
    }
    assert!(deliveries.iter().all(|events| *events == deliveries[0]), "one alert of one episode: {deliveries:?}");
    // What could not be kept is let in when it comes again.
    server.fake.set(Mode::Fail(warridor::ingest::IntakeError::Stopping));
    assert_eq!(server.post_with(&path("pagerduty"), &headers, &body).await.status, 503);
    server.fake.set(Mode::Accept);
    assert_eq!(server.post_with(&path("pagerduty"), &headers, &body).await.status, 202);
    server.fake.delivery();
    // A signed time: within minutes it is a sender that did not hear the answer; after that, somebody who listened.
    let body = alertmanager(FIRING);
    let headers = of_grafana(OLD, Some(clock.now().0 / 1000), &body);
    for status in [202, 202, 401] {
        assert_eq!(server.post_with(&path("grafana"), &headers, &body).await.status, status);
        clock.advance(Duration::from_secs(200));
    }
    assert_eq!(server.fake.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_whole_is_not_let_in_and_a_long_body_is_looked_at_all_the_same() {
    let server = server(BOTH).await;
    let padded = |to: usize| format!("{}{}", alertmanager(FIRING), " ".repeat(to - alertmanager(FIRING).len()));
    let long = padded(limits::DECODE_INLINE_BYTES + 100);
    assert_eq!(server.post_with(&path("grafana"), &of_grafana(NEW, None, &long), &long).await.status, 202);
    server.fake.delivery();
    let damaged = long.replacen("Disk full", "Disk fulL", 1);
    assert_eq!(server.post_with(&path("grafana"), &of_grafana(NEW, None, &long), &damaged).await.status, 401);

    let over = padded(limits::BODY_BYTES + 1);
    let headers = of_grafana(NEW, None, &over);
    assert_eq!(server.post_with(&path("grafana"), &headers, &over).await.status, 401);
    let packed = format!("{}content-encoding: br\r\n", of_grafana(NEW, None, "x"));
    assert_eq!(server.post_with(&path("grafana"), &packed, "x").await.status, 401);
    assert!(server.fake.taken().is_empty());
    let told = server.unknown_keys.drain_unknown_keys();
    let unread = Presented::Unsigned { key: "SIGNED".to_owned(), why: Unsigned::Unread };
    assert!(told.iter().any(|k| k.presented == unread && k.count == 2), "{told:?}");

    // Signed right and not understood: an incident, as ever.
    let odd = r#"{"event":{"event_type":5}}"#;
    assert_eq!(server.post_with(&path("pagerduty"), &of_pagerduty(&[OLD], odd), odd).await.status, 400);
    let told = server.fake.unreadable();
    assert_eq!(told.key_name, "SIGNED");
    assert!(!format!("{told:?}").contains(OLD) && !format!("{told:?}").contains(SIGNED_KEY));
}
