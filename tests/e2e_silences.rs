//! A silence that is made in Alertmanager too: the real binary, a real Alertmanager, a local Slack.

mod e2e;

use chrono::{DateTime, TimeDelta, Utc};
use e2e::alertmanager::Alertmanager;
use e2e::company::{PAYMENTS_KEY, workspace};
use e2e::http::free_address;
use e2e::{Company, Message, Pager, eventually, eventually_true};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const MARK: &str = "known, fix at nine (Warridor silence 1 of ";

struct Two {
    pager: Pager,
    address: SocketAddr,
}

impl Two {
    /// A pager that knows where its Alertmanager will be, and is there.
    fn new() -> Self {
        let address = free_address();
        let key = "key_env = \"E2E_KEY_PAYMENTS\"\n";
        let config = Company::default().config();
        let config = config.replace(key, &format!("{key}api_url = \"http://{address}/\"\n"));
        let mut pager = Pager::run_in(config, workspace());
        pager.start();
        pager.has_sockets(2);
        Self { pager, address }
    }

    fn alertmanager(&self) -> Alertmanager {
        let webhook = format!("http://{}/integrations/alertmanager/{PAYMENTS_KEY}", self.pager.listen);
        let enqueue = format!("http://{}/v2/enqueue", self.pager.listen);
        Alertmanager::at(self.address, self.pager.dir(), &webhook, &enqueue, PAYMENTS_KEY, "1h")
    }

    fn types(&self, text: &str) -> String {
        self.pager.slack.types("ana", "payments", "/pager", text).to_string()
    }

    fn letter(&self, words: &str) -> Message {
        eventually(format!("Ana reads {words:?}"), 20, || {
            self.pager.slack.messages("dm:ana").into_iter().find(|m| m.readable().contains(words))
        })
    }
}

/// The one silence that is not over there.
fn the_one(alertmanager: &Alertmanager) -> Value {
    eventually("one silence is in force", 20, || {
        let all = alertmanager.silences(MARK);
        let mut in_force: Vec<Value> = all.into_iter().filter(|s| s["status"]["state"] != "expired").collect();
        assert!(in_force.len() < 2, "{in_force:?}");
        in_force.pop()
    })
}

fn ends(silence: &Value) -> DateTime<Utc> {
    silence["endsAt"].as_str().and_then(|t| t.parse().ok()).expect("an end")
}

#[test]
#[allow(clippy::disallowed_methods)] // a monitor has a clock of its own
fn a_silence_is_written_survives_a_kill_is_extended_and_removed() {
    let mut two = Two::new();
    let alertmanager = two.alertmanager();
    let starts_at = (Utc::now() - TimeDelta::seconds(5)).to_rfc3339();
    let labels = json!({"alertname": "DiskFull", "instance": "db-1.example:9100"});
    alertmanager.post(&labels, "Disk of db-1 is full", &starts_at, None);
    two.pager.slack.card_says("payments", 1, "Paging *Ana Silva*");

    let told = two.types("silence 1 2h also in alertmanager because known, fix at nine");
    assert!(told.contains("Alertmanager is being told."), "{told}");
    let written = the_one(&alertmanager);
    let mut names: Vec<(&str, &str)> = Vec::new();
    for m in written["matchers"].as_array().expect("matchers") {
        assert_eq!((&m["isRegex"], &m["isEqual"]), (&json!(false), &json!(true)), "{m}");
        names.push((m["name"].as_str().expect("a name"), m["value"].as_str().expect("a value")));
    }
    names.sort_unstable();
    assert_eq!(names, [("alertname", "DiskFull"), ("instance", "db-1.example:9100")]);
    assert_eq!(written["createdBy"], "Ana Silva");
    let post = eventually("the channel reads that it is there", 20, || {
        let all = two.pager.slack.messages("payments");
        all.into_iter().find(|m| m.readable().contains("Also in Alertmanager"))
    });

    // What was written is written once, whoever dies.
    two.pager.kill_and_start();
    two.pager.has_sockets(2);
    assert_eq!(the_one(&alertmanager)["id"], written["id"]);
    two.pager.slack.press_well("ana", "payments", &post, "quiet.extend");
    eventually_true("it lasts an hour longer there", 20, || {
        ends(&the_one(&alertmanager)) - ends(&written) == TimeDelta::hours(1)
    });
    two.pager.slack.press_well("ana", "payments", &post, "quiet.end");
    eventually_true("it is over there", 20, || {
        alertmanager.silences(MARK).iter().all(|s| s["status"]["state"] == "expired")
    });
    two.pager.slack.card_says("payments", 1, "Paging *Ana Silva*");
    eventually_true("that is on record", 20, || two.pager.facts_of("quiet_removed").len() == 1);
    assert!(two.pager.facts_of("quiet_not_done").is_empty());
}

#[test]
#[allow(clippy::disallowed_methods)] // a monitor has a clock of its own
fn whoever_made_it_hears_that_alertmanager_is_away_and_that_it_is_told_later() {
    let two = Two::new();
    two.pager.alert("disk");
    two.pager.slack.card_says("payments", 1, "Paging *Ana Silva*");
    let refused = two.types("silence 1 2h also in alertmanager because known, fix at nine");
    assert!(refused.contains("I don't know by which labels Alertmanager would know it"), "{refused}");
    two.types("silence alertname=Disk* in payments-api 2h also in alertmanager because known, fix at nine");
    let letter = two.letter("is not in Alertmanager: it cannot be reached");
    letter.must_say("It pages nobody here all the same");

    let alertmanager = two.alertmanager();
    let written = eventually("it is told after all", 40, || alertmanager.silences(MARK).pop());
    let matcher = &written["matchers"][0];
    assert_eq!((&matcher["value"], &matcher["isRegex"]), (&json!("Disk.*"), &json!(true)));
    two.letter("is in Alertmanager now");

    // Over here while it is away there, it is over there as soon as that is possible.
    alertmanager.stop();
    two.types("silence end 1");
    two.letter("and may still be in Alertmanager");
    let alertmanager = two.alertmanager();
    eventually_true("it is over there", 60, || {
        let all = alertmanager.silences(MARK);
        !all.is_empty() && all.iter().all(|s| s["status"]["state"] == "expired")
    });
    two.letter("is over, in Alertmanager too");
}

/// Takes connections and never answers; once `fails` is set, it answers 500 to each that comes.
fn a_broken_one(address: SocketAddr, fails: &Arc<AtomicBool>) -> Arc<AtomicUsize> {
    let (came, fails) = (Arc::new(AtomicUsize::new(0)), fails.clone());
    let listener = TcpListener::bind(address).expect("a port");
    let counted = came.clone();
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            counted.fetch_add(1, Ordering::Relaxed);
            if fails.load(Ordering::Relaxed) {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"HTTP/1.1 500 Oops\r\ncontent-length: 5\r\nconnection: close\r\n\r\nboom\n");
            } else {
                held.push(stream);
            }
        }
    });
    came
}

#[test]
fn fault_23_whatever_hangs_or_fails_elsewhere_keeps_no_page_waiting_and_is_told() {
    let two = Two::new();
    let fails = Arc::new(AtomicBool::new(false));
    let came = a_broken_one(two.address, &fails);
    two.types("silence alertname=Disk* in payments-api 2h also in alertmanager because known, fix at nine");
    eventually_true("it is being told", 20, || came.load(Ordering::Relaxed) > 0);
    // While that hangs, a page goes its way and its answer comes.
    two.pager.alert("queue");
    let card = two.pager.slack.card_says("payments", 1, "Paging *Ana Silva*");
    two.pager.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    two.pager.slack.card_says("payments", 1, "Ana Silva* has it");
    fails.store(true, Ordering::Relaxed);
    let letter = eventually("whoever made it hears of it", 60, || {
        let mut all = two.pager.slack.messages("dm:ana").into_iter();
        all.find(|m| m.readable().contains("is not in Alertmanager"))
    });
    letter.must_say("It pages nobody here all the same");
    // Tried again and again, farther and farther apart: a few times in all this, not hundreds.
    assert!(came.load(Ordering::Relaxed) < 12, "{} connections", came.load(Ordering::Relaxed));
}

#[test]
#[allow(clippy::disallowed_methods)] // a monitor has a clock of its own
fn what_was_written_before_its_answer_was_lost_is_found_and_not_written_again() {
    let two = Two::new();
    let alertmanager = two.alertmanager();
    let store = std::fs::read_to_string(two.pager.data_dir().join("store.json")).expect("the store has a name");
    let store: Value = serde_json::from_str(&store).expect("JSON");
    let store = store["store"].as_str().expect("a name");
    // As if the process had died between its request and the answer.
    let earlier = alertmanager.silence(&json!({
        "matchers": [{ "name": "alertname", "value": "DiskFull", "isRegex": false, "isEqual": true }],
        "startsAt": Utc::now().to_rfc3339(),
        "endsAt": (Utc::now() + TimeDelta::hours(1)).to_rfc3339(),
        "createdBy": "Ana Silva",
        "comment": format!("{MARK}{store})"),
    }));
    two.types("silence alertname=DiskFull in payments-api 2h also in alertmanager because known, fix at nine");
    eventually_true("it lasts as long as it is to", 20, || {
        ends(&the_one(&alertmanager)) - Utc::now() > TimeDelta::minutes(100)
    });
    assert_eq!(the_one(&alertmanager)["id"], earlier.as_str());
    assert_eq!(alertmanager.silences(MARK).len(), 1);
}
