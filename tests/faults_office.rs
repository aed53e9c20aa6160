//! What goes wrong around the pager, at night, as stories: each goes through the whole program, on a clock that stands
//! until the story moves it. It is 03:02.
//!
//! The numbers are rows of the project's table of faults.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, SEARCH_KEY, channel_id, user_id};
use e2e::slack::Call;
use e2e::{SOON, eventually_true, http};
use hmac::{Hmac, KeyInit, Mac};
use office::{Office, drawn, plain};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const MINUTE: u64 = 60;

/// Three levels, half an hour each: Ana, Ben, Mara. An alert of payments is as urgent as its severity.
fn config() -> String {
    let config = Company::waiting(&["30m", "30m", "30m"]).config();
    config.replace("id = \"payments-api\"\n", "id = \"payments-api\"\nurgency = \"severity\"\n")
}

fn sends(office: &Office, path: &str, headers: &[(&str, &str)], body: &str) -> http::Answer {
    let within = Duration::from_secs(SOON);
    http::send_with(office.http(), "POST", path, headers, body.as_bytes(), within).expect("the pager answers")
}

/// A monitor speaks, and waits for nothing.
fn fires(office: &Office, key: &str, dedup: &str, severity: &str) -> u64 {
    let body = json!({ "dedup_key": dedup, "title": format!("Alert {dedup}"), "labels": { "severity": severity } });
    let answer = sends(office, &format!("/integrations/generic/{key}"), &[], &body.to_string());
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["incident"].as_u64().expect("an incident")
}

fn clears(office: &Office, key: &str, dedup: &str) {
    let body = json!({ "action": "resolve", "dedup_key": dedup }).to_string();
    assert_eq!(sends(office, &format!("/integrations/generic/{key}"), &[], &body).status, 202);
}

/// What the cards of an incident say.
fn cards(office: &Office, channel: &str, no: u64) -> Vec<String> {
    office.slack.cards(channel, no).into_iter().map(|c| plain(&c.0.to_string())).collect()
}

/// Posts into a channel.
fn posts(office: &Office, channel: &str) -> Vec<Call> {
    let all = office.slack.calls_of("chat.postMessage").into_iter();
    all.filter(|c| c.channel() == channel_id(channel)).collect()
}

/// Time passes in small steps while Slack is away, and the real one a little, for what is under way.
fn drags_on(office: &Office, secs: u64) {
    for _ in 0..secs.div_ceil(5) {
        office.clock.advance(Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// No socket, and every call fails.
fn slack_goes_away(office: &Office) {
    office.slack.order(json!([
        { "fault": "refuse_connections", "status": 503 },
        { "fault": "5xx", "status": 503, "method": "*", "when": "before" },
        { "fault": "drop", "sockets": "all" },
    ]));
}

#[test]
fn fault_7_while_slack_asks_one_channel_to_wait_pages_go_and_its_cards_come_once_and_late() {
    let office = Office::open(&config(), company::workspace());
    // For three minutes, whatever is posted there.
    office.slack.order(json!({
        "fault": "429", "method": "chat.postMessage", "channel": channel_id("payments"), "retry_after": 30,
    }));
    let began = office.slack.calls().last().map_or(0.0, |c| c.time);
    let storm: Vec<u64> = (0..6).map(|n| fires(&office, PAYMENTS_KEY, &format!("p{n}"), "critical")).collect();
    let other = fires(&office, SEARCH_KEY, "s", "critical");
    for _ in 0..4 {
        office.pass(1);
    }
    for no in &storm {
        assert_eq!(office.slack.pages("ana", *no).len(), 1, "#{no}: no page waits for a channel");
    }
    assert_eq!(cards(&office, "search", other).len(), 1, "another channel does not wait");
    for _ in 0..5 {
        office.pass(30);
        // Monitors repeat themselves meanwhile.
        for n in 0..6 {
            fires(&office, PAYMENTS_KEY, &format!("p{n}"), "critical");
        }
    }
    let tried = posts(&office, "payments");
    assert!(tried.iter().all(|c| c.status == 429), "{:?}", tried.iter().map(|c| c.status).collect::<Vec<_>>());
    let spans: Vec<f64> = tried.windows(2).map(|w| w[1].time - w[0].time).collect();
    assert!(spans.iter().all(|s| *s >= 29.9), "asked to wait 30 s, it came again after {spans:?}");
    assert!((3..=6).contains(&tried.len()), "{} tries in {} s", tried.len(), tried.last().unwrap().time - began);
    // What is posted already is edited all the same: that is another method.
    let edits = |channel: &str| {
        let all = office.slack.calls_of("chat.update").into_iter();
        all.filter(|c| c.channel() == channel_id(channel)).count()
    };
    assert_eq!(edits("payments"), 0, "there is nothing yet that could be edited");

    office.slack.heal();
    for _ in 0..45 {
        office.pass(1);
    }
    for no in &storm {
        let cards = cards(&office, "payments", *no);
        assert_eq!(cards.len(), 1, "#{no}");
        assert!(cards[0].contains("6 events"), "#{no} shows what came meanwhile: {}", cards[0]);
        assert_eq!(office.slack.pages("ana", *no).len(), 1, "#{no}");
    }
    assert_eq!(edits("payments"), 0, "what changed while they waited is in their first words");
}

#[test]
fn fault_7_a_page_that_slack_asks_to_wait_is_overtaken_by_the_next_level_and_then_not_said_twice() {
    let company = Company::waiting(&["2m", "30m", "30m"]).config();
    let office = Office::open(&company, company::workspace());
    office.slack.order(json!({
        "fault": "429", "method": "chat.postMessage", "channel": user_id("ana"), "retry_after": 30,
    }));
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.pass(MINUTE);
    assert!(office.slack.pages("ana", 1).is_empty() && office.slack.pages("ben", 1).is_empty());
    // Her time is over, heard or not.
    office.pass(MINUTE);
    office.pass(1);
    assert_eq!(office.slack.pages("ben", 1).len(), 1, "nobody waits for Slack's patience with another");
    let page = office.slack.page_to("ben", 1);
    office.slack.press_well("ben", "dm:ben", &page, "incident.acknowledge");
    office.slack.heal();
    for _ in 0..40 {
        office.pass(1);
    }
    assert!(office.slack.pages("ana", 1).is_empty(), "Ben has it: Ana is not woken for what is answered");
    assert!(cards(&office, "payments", 1)[0].contains("Ben Okafor has it"));
}

/// Counts who asks, and says that all is well.
fn watcher() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (address, beats) = (listener.local_addr().expect("an address"), Arc::new(AtomicUsize::new(0)));
    let counted = beats.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = [0; 1_024];
            let _ = stream.read(&mut head);
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    (address, beats)
}

#[test]
fn fault_8_half_an_hour_without_slack_is_noticed_outside_takes_alerts_and_replays_nothing() {
    let (address, beats) = watcher();
    let heartbeat = format!("heartbeat_url = \"http://{address}/beat\"\nworkspace = ");
    let mut office = Office::open(&config().replacen("workspace = ", &heartbeat, 1), company::workspace());
    let count = || beats.load(Ordering::SeqCst);
    eventually_true("the heart beats", SOON, || {
        office.pass(30);
        count() >= 2
    });
    let before = fires(&office, PAYMENTS_KEY, "before", "critical");
    office.settle();
    assert_eq!((cards(&office, "payments", before).len(), office.slack.pages("ana", before).len()), (1, 1));

    slack_goes_away(&office);
    eventually_true("the heart stops", SOON, || {
        let so_far = count();
        drags_on(&office, 2 * MINUTE);
        count() == so_far
    });
    let stopped_at = count();
    let lasting: Vec<u64> = (0..5).map(|n| fires(&office, PAYMENTS_KEY, &format!("lasting {n}"), "critical")).collect();
    let mut passing = Vec::new();
    for minute in 0..26 {
        // Monitors go on, and each of them repeats itself.
        for (n, no) in lasting.iter().enumerate() {
            assert_eq!(fires(&office, PAYMENTS_KEY, &format!("lasting {n}"), "critical"), *no);
        }
        passing.push(fires(&office, PAYMENTS_KEY, &format!("passing {minute}"), "critical"));
        clears(&office, PAYMENTS_KEY, &format!("passing {minute}"));
        drags_on(&office, MINUTE);
    }
    assert_eq!(count(), stopped_at, "whoever watches from outside has heard nothing for half an hour");
    // A process that is young has waited for no socket yet, and knows of the outage all the same.
    office.stop();
    office.start_deaf();
    drags_on(&office, MINUTE);
    assert_eq!(count(), stopped_at, "a restart is no way to Slack");
    let ready = http::get(office.http(), "/readyz", Duration::from_secs(SOON)).expect("the pager answers");
    assert_eq!(ready.status, 200, "alerts are taken");
    assert!(ready.json()["slack"]["away_since"].is_string(), "{}", ready.text);

    let calls_before = office.slack.calls().len();
    office.slack.heal();
    eventually_true("there is a way to Slack again", 2 * SOON, || {
        drags_on(&office, 10);
        let ready = http::get(office.http(), "/readyz", Duration::from_secs(SOON)).expect("the pager answers");
        ready.json()["slack"]["away_since"].is_null() && ready.json()["slack"]["sockets"] == 2
    });
    for _ in 0..90 {
        office.pass(1);
    }
    for no in lasting.iter().chain([&before]) {
        let cards = cards(&office, "payments", *no);
        assert_eq!(cards.len(), 1, "#{no}");
        assert!(cards[0].contains("Paging") || cards[0].contains("Nobody answered"), "#{no}: {}", cards[0]);
        let pushes: usize = ["ana", "ben", "mara"].iter().map(|who| office.slack.pages(who, *no).len()).sum();
        assert!(pushes >= 1 && office.slack.pages("ana", *no).len() <= 1, "#{no} was pushed {pushes} times");
    }
    for no in &passing {
        assert!(cards(&office, "payments", *no).len() <= 1, "#{no}");
        for who in ["ana", "ben", "mara"] {
            assert!(office.slack.pages(who, *no).is_empty(), "{who} is paged about #{no}, which is over");
        }
    }
    // 130 repeats, 26 that came and went and three levels are not said one by one.
    let made = |c: &&Call| ["chat.postMessage", "chat.update"].contains(&c.method.as_str()) && c.answer["ok"] == true;
    let said: BTreeMap<String, usize> =
        office.slack.calls()[calls_before..].iter().filter(made).fold(BTreeMap::new(), |mut all, c| {
            *all.entry(format!("{} {}", c.method, c.channel())).or_default() += 1;
            all
        });
    let incidents = passing.len() + lasting.len() + 1;
    let cards_and_threads = said.get(&format!("chat.postMessage {}", channel_id("payments"))).copied().unwrap_or(0);
    assert!(cards_and_threads <= 3 * incidents, "{cards_and_threads} posts for {incidents} incidents: {said:?}");
    for who in ["ana", "ben", "mara"] {
        let pushed = office.slack.messages(&format!("dm:{who}")).len();
        assert!(pushed <= lasting.len() + 2, "{who} got {pushed} messages");
    }
    let after = count();
    office.pass(MINUTE);
    eventually_true("the heart beats again", SOON, || count() > after.max(stopped_at));
}

#[test]
fn fault_26_where_all_of_them_are_gone_the_last_to_be_asked_hear_it_at_once_and_why() {
    let office = Office::open(&config(), company::workspace());
    for who in ["ana", "ben", "mara"] {
        office.slack.change_user(json!({ "user": who, "deleted": true }));
    }
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    eventually_true("the admin channel is paged, an hour and a half early", SOON, || {
        office.pass(1);
        office.slack.messages("admin").iter().any(|m| m.text().contains("Last call"))
    });
    let show = drawn(&office.slack.types("chen", "payments", "/pager", "show 1")).join("\n");
    for name in ["Ana Silva", "Ben Okafor", "Mara Keller"] {
        assert!(show.contains(&format!("{name} (Slack): failed, Slack says")), "why {name} was passed over: {show}");
        office.slack.wait("admin", &format!("A page to {name} failed"));
    }
}

#[test]
fn fault_26_whatever_slack_says_of_somebody_who_is_gone_the_next_level_is_asked_at_once() {
    for error in ["user_not_found", "user_disabled", "channel_not_found", "messages_tab_disabled"] {
        let office = Office::open(&config(), company::workspace());
        office.slack.order(json!({
            "fault": "error", "error": error, "method": "chat.postMessage", "channel": user_id("ana"),
        }));
        office.monitor(PAYMENTS_KEY, "disk", "trigger");
        office.slack.page_to("ben", 1);
        assert!(cards(&office, "payments", 1)[0].contains("Paging Ben Okafor"), "{error}");
        office.slack.wait("admin", &format!("A page to Ana Silva failed: Slack says `{error}`"));
        let tries = office.slack.calls_of("chat.postMessage").into_iter().filter(|c| c.channel() == user_id("ana"));
        assert_eq!(tries.count(), 1, "{error}: asking again helps nobody");
    }
}

#[test]
fn fault_26_whoever_has_it_and_is_gone_does_not_keep_it() {
    let office = Office::open(&config(), company::workspace());
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let page = office.slack.page_to("ana", 1);
    office.slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    office.settle();
    office.slack.change_user(json!({ "user": "ana", "deleted": true }));
    // "Still on it?" reaches nobody any more, and nobody answers it.
    for _ in 0..50 {
        office.pass(MINUTE);
    }
    office.slack.page_to("ben", 1);
    let show = drawn(&office.slack.types("chen", "payments", "/pager", "show 1")).join("\n");
    assert!(show.contains("Ana Silva (Slack): failed, Slack says"), "{show}");
}

fn signed(secret: &str, parts: &[&str]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length is one");
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn fault_34_what_is_not_signed_as_its_key_asks_opens_nothing_and_a_change_of_secrets_loses_nothing() {
    let with = |secrets: &str| {
        let key = format!(
            "[[service.key]]\nkey_env = \"E2E_KEY_SIGNED\"\nsource = \"grafana\"\nsignature_secret_env = {secrets}\n"
        );
        let end = "[[service]]\nid = \"search-api\"";
        config().replacen(end, &format!("{key}\n{end}"), 1)
    };
    let office = Office::open(&with("[\"E2E_SECRET_OLD\", \"E2E_SECRET_NEW\"]"), company::workspace());
    let path = format!("/integrations/grafana/{}", office::SIGNED_KEY);
    // What senders sign is the real time.
    let now = warridor::clock::Clock::system(0).now().secs();
    let alert = |name: &str| {
        json!({ "alerts": [{ "status": "firing", "fingerprint": name, "labels": { "alertname": name } }] }).to_string()
    };
    let send = |body: &str, secret: &str, time: i64| {
        let time = time.to_string();
        let signature = signed(secret, &[&time, ":", body]);
        let headers = [
            ("X-Grafana-Alerting-Signature", signature.as_str()),
            ("X-Grafana-Alerting-Signature-Timestamp", time.as_str()),
        ];
        let answer = sends(&office, &path, &headers, body);
        office.comes_to_rest();
        answer
    };
    let body = alert("Disk");
    let rows = [
        ("another secret", send(&body, "nobody's secret", now)),
        ("too long ago", send(&body, office::SECRET_OLD, now - 301)),
        ("to come", send(&body, office::SECRET_OLD, now + 360)),
        ("no signature", sends(&office, &path, &[], &body)),
        ("by another path", sends(&office, &path.replace("grafana", "generic"), &[], &body)),
    ];
    for (what, answer) in rows {
        assert_eq!((answer.status, answer.text.as_str()), (401, r#"{"status":"unauthorized"}"#), "{what}");
    }
    office.settle();
    assert!(office.slack.messages("payments").is_empty() && office.slack.messages("dm:ana").is_empty());
    let metrics = http::get(office.http(), "/metrics", Duration::from_secs(SOON)).expect("the pager answers").text;
    for (reason, count) in [("wrong", 1), ("old", 2), ("missing", 1), ("path", 1)] {
        let line = format!("warridor_ingest_unsigned_total{{reason=\"{reason}\"}} {count}\n");
        assert!(metrics.contains(&line), "{line}{metrics}");
    }
    eventually_true("the admins hear which key, and what was wrong", SOON, || {
        office.pass(MINUTE);
        let told = office.slack.messages("admin");
        told.iter().any(|m| {
            m.text().contains("Not let in by the key `E2E_KEY_SIGNED`") && m.text().contains("signed wrong: 1")
        })
    });

    // Both secrets are good while the sender is changed from one to the other.
    let first = send(&body, office::SECRET_OLD, now);
    assert_eq!((first.status, first.json()["incident"].clone()), (202, json!(1)), "{}", first.text);
    let second = send(&alert("Cpu"), office::SECRET_NEW, now);
    assert_eq!((second.status, second.json()["incident"].clone()), (202, json!(2)), "{}", second.text);
    // Somebody who listened sends it again: within minutes that is a sender who did not hear the answer.
    let again = send(&body, office::SECRET_OLD, now);
    assert_eq!((again.status, again.json()["incident"].clone()), (202, json!(1)), "no second alert");
    office.settle();
    assert_eq!((office.slack.cards("payments", 1).len(), office.slack.pages("ana", 1).len()), (1, 1));
    assert_eq!(office.slack.cards("payments", 3).len(), 0);

    // The old one is taken away.
    office.configure(&with("\"E2E_SECRET_NEW\""));
    eventually_true("what is signed with the old one is not let in any more", SOON, || {
        office.pass(5);
        send(&body, office::SECRET_OLD, now).status == 401
    });
    assert_eq!(send(&alert("Memory"), office::SECRET_NEW, now).status, 202);
}

/// A line of the configuration that no test needs would go unnoticed.
#[test]
fn the_company_of_these_stories_goes_by_severity() {
    let office = Office::open(&config(), company::workspace());
    fires(&office, PAYMENTS_KEY, "low", "info");
    office.settle();
    assert!(cards(&office, "payments", 1)[0].contains("Low urgency"), "{:?}", cards(&office, "payments", 1));
    let value: Vec<Value> = office.slack.messages("dm:ana").into_iter().map(|m| m.0).collect();
    assert!(value.is_empty(), "{value:?}");
}
