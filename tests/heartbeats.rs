//! What must be heard of every so often. Each story goes through the whole program, with a Slack beside it, on a clock that
//! stands until the story moves it. It is Monday, 03:02; nobody has heard of the nightly backup yet.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY};
use e2e::{SOON, eventually_true, http};
use office::{HEARTBEAT_KEYS, Office, drawn, plain, with_heartbeat};
use serde_json::json;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const KEY: &str = HEARTBEAT_KEYS[0].1;
const KEY_TO_COME: &str = HEARTBEAT_KEYS[1].1;
/// Every hour, and ten minutes of grace.
const HOURLY: &str = "every = \"1h\"\ngrace = \"10m\"";

/// Three levels of half an hour: Ana, Ben, Mara.
fn config(lines: &str) -> String {
    with_heartbeat(&without(), lines)
}

fn without() -> String {
    Company::waiting(&["30m", "30m", "30m"]).config()
}

fn open(lines: &str) -> Office {
    Office::open(&config(lines), company::workspace())
}

trait Listened {
    fn types(&self, text: &str) -> String;
    fn lists(&self, words: &str) -> bool;
    fn open_now(&self) -> String;
    fn nobody_is_paged(&self, why: &str);
    fn is_in_force(&self, words: &str);
}

impl Listened for Office {
    fn types(&self, text: &str) -> String {
        drawn(&self.slack.slash("ana", "payments", text)).join("\n")
    }

    fn lists(&self, words: &str) -> bool {
        self.types("heartbeats").contains(words)
    }

    fn open_now(&self) -> String {
        self.types("list all")
    }

    fn nobody_is_paged(&self, why: &str) {
        eventually_true(why, SOON, || self.open_now().contains("Nothing is open"));
        assert!(self.slack.messages("dm:ana").is_empty(), "{why}");
    }

    fn is_in_force(&self, words: &str) {
        eventually_true(format!("the heartbeats are listed as {words:?}"), SOON, || self.lists(words));
    }
}

#[test]
fn beats_keep_it_quiet_silence_pages_whoever_is_asked_and_the_next_beat_ends_it() {
    let office = open(HOURLY);
    assert!(office.lists("never heard yet, watched since Mar 2 03:02. Every 1 h, and 10 min of grace."));
    for _ in 0..3 {
        office.pass(65 * MINUTE);
        let answer = office.beat(KEY);
        assert_eq!(
            (answer.status, answer.json()),
            (202, json!({ "status": "accepted", "heartbeat": "nightly-backup" }))
        );
    }
    office.nobody_is_paged("it is heard of");
    office.pass(70 * MINUTE - 1);
    office.nobody_is_paged("late is not silent");
    office.pass(1);
    let page = office.slack.page_to("ana", 1);
    page.must_say("No heartbeat from Nightly backup for 1 h 10 min (expected every 1 h)");
    office.slack.card_says("payments", 1, "last_heard: 2026-03-02 06:17 UTC");
    assert!(office.lists("silent since Mar 2 07:27, last heard Mar 2 06:17"));
    office.pass(31 * MINUTE);
    office.slack.page_to("ben", 1);
    assert_eq!(office.beat(KEY).status, 202);
    office.settle();
    office.slack.card_says("payments", 1, "Cleared by the monitor");
    assert!(office.lists("last heard Mar 2 07:58"));
    office.pass(69 * MINUTE);
    assert!(office.open_now().contains("Nothing is open"), "it counts from that beat on");
}

#[test]
fn what_was_never_heard_of_pages_as_well_and_says_so() {
    let office = open("every = \"24h\"");
    office.pass(26 * HOUR - 1);
    office.nobody_is_paged("a day, and two hours of grace");
    office.pass(1);
    let page = office.slack.page_to("ana", 1);
    page.must_say("No heartbeat from Nightly backup: never heard in 26 h (expected every 24 h)");
    office.slack.card_says("payments", 1, "last_heard: never");
}

#[test]
fn what_a_person_resolves_while_it_is_silent_pages_again_and_a_beat_ends_that_too() {
    let office = open(HOURLY);
    office.pass(70 * MINUTE);
    let page = office.slack.page_to("ana", 1);
    office.slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    let told = drawn(&office.slack.slash("ana", "payments", "resolve 1 it will come")).join("\n");
    assert!(told.contains("fires") || told.contains("firing"), "{told}");
    office.pass(31 * MINUTE);
    eventually_true("it pages again", SOON, || {
        office.pass(1);
        office.slack.pages("ana", 1).len() == 2
    });
    office.slack.slash("ana", "payments", "resolve 1 once more");
    office.pass(5 * MINUTE);
    office.beat(KEY);
    office.pass(40 * MINUTE);
    assert!(office.open_now().contains("Nothing is open"), "{}", office.open_now());
    assert_eq!(office.slack.pages("ana", 1).len(), 2, "it was heard of");
}

#[test]
fn what_was_resolved_long_ago_and_falls_silent_again_knows_of_it() {
    let office = open("every = \"72h\"");
    office.beat(KEY);
    office.pass(74 * HOUR);
    office.slack.page_to("ana", 1);
    office.beat(KEY);
    // A day after it was resolved it leaves memory, with the next rows that are written.
    office.pass(30 * HOUR);
    office.pass(2);
    office.pass(44 * HOUR);
    office.slack.card_says("payments", 2, "#1");
}

#[test]
fn both_keys_are_heard_and_each_opens_nothing_else() {
    let office = open(HOURLY);
    office.pass(HOUR);
    assert_eq!(office.beat(KEY_TO_COME).status, 202);
    office.pass(HOUR);
    office.nobody_is_paged("the other key is as good");
    let unauthorized = json!({ "status": "unauthorized" });
    for stranger in [PAYMENTS_KEY, "nobody-has-this-key-0000", "0123456789abcdef"] {
        let answer = office.beat(stranger);
        assert_eq!((answer.status, answer.json()), (401, unauthorized.clone()), "{stranger}");
    }
    let event = json!({ "action": "trigger", "dedup_key": "k", "title": "T" }).to_string();
    let path = format!("/integrations/generic/{KEY}");
    let answer = http::post(office.http(), &path, event.as_bytes(), Duration::from_secs(SOON)).expect("an answer");
    assert_eq!((answer.status, answer.json()), (401, unauthorized));
    office.pass(9 * MINUTE);
    office.nobody_is_paged("it is heard of by its own keys only");
    office.pass(MINUTE);
    office.slack.page_to("ana", 1);
}

#[test]
fn whoever_looks_at_the_link_is_no_heartbeat() {
    let office = open(HOURLY);
    office.pass(HOUR);
    for method in ["GET", "HEAD", "PUT"] {
        let within = Duration::from_secs(SOON);
        let answer = http::send(office.http(), method, &format!("/heartbeats/{KEY}"), b"", within);
        let Ok(answer) = answer else { continue };
        assert_eq!(answer.status, 405, "{method}");
        assert!(method == "HEAD" || answer.text.contains("curl -X POST"), "{}", answer.text);
    }
    office.pass(10 * MINUTE);
    office.slack.page_to("ana", 1);
}

#[test]
fn a_window_holds_silence_back_and_it_pages_at_the_end() {
    let office = open(HOURLY);
    office.slack.slash("mara", "payments", "maintenance payments-api 2h because the disks move");
    office.pass(75 * MINUTE);
    assert!(office.open_now().contains("No heartbeat from Nightly backup"), "it is shown: {}", office.open_now());
    assert!(office.slack.pages("ana", 1).is_empty(), "and pages nobody");
    office.pass(46 * MINUTE);
    office.slack.page_to("ana", 1);
}

#[test]
fn low_urgency_wakes_nobody() {
    let office = open(&format!("{HOURLY}\nurgency = \"low\""));
    office.pass(75 * MINUTE);
    assert!(office.open_now().contains("No heartbeat from Nightly backup"), "{}", office.open_now());
    assert!(office.slack.pages("ana", 1).is_empty());
}

#[test]
fn a_restart_forgets_nothing_and_what_was_sent_meanwhile_is_waited_for() {
    let mut office = open(HOURLY);
    office.pass(30 * MINUTE);
    office.beat(KEY);
    office.restart();
    assert!(office.lists("last heard Mar 2 03:32"));
    office.pass(70 * MINUTE - 1);
    office.nobody_is_paged("it counts on from the last beat");
    office.pass(1);
    office.slack.page_to("ana", 1);
    office.beat(KEY);

    // Away for three hours: its beats met nobody.
    office.stop();
    office.clock.advance(Duration::from_secs(3 * HOUR));
    office.restart();
    office.comes_to_rest();
    assert!(office.open_now().contains("Nothing is open"), "{}", office.open_now());
    office.pass(20 * MINUTE - 1);
    assert!(office.open_now().contains("Nothing is open"), "ten minutes to be heard again, and its grace");
    office.pass(1);
    eventually_true("then it is silent", SOON, || office.open_now().contains("for 3 h 20 min (expected every 1 h)"));
    assert!(office.slack.messages("payments").iter().any(|m| m.readable().contains("Warridor itself was away")));

    // What is silent stays so.
    office.restart();
    assert!(office.lists("silent since") && office.open_now().contains("No heartbeat"));
}

#[test]
fn another_length_is_in_force_at_once_and_pages_nobody_by_itself() {
    let office = open(HOURLY);
    office.beat(KEY);
    office.pass(50 * MINUTE);
    office.configure(&config("every = \"5m\"\ngrace = \"1m\""));
    office.is_in_force("Every 5 min, and 1 min of grace");
    office.pass(6 * MINUTE - 1);
    office.nobody_is_paged("an edit is no silence");
    office.pass(1);
    office.slack.page_to("ana", 1);
    // That was a slip: by what is meant, it is not silent.
    office.configure(&config("every = \"24h\""));
    office.is_in_force("last heard Mar 2 03:02. Every 24 h, and 2 h of grace");
    office.settle();
    office.slack.card_says("payments", 1, "Cleared by the monitor");
}

#[test]
fn nobody_else_ends_a_silence_by_its_name() {
    let office = open(HOURLY);
    office.pass(70 * MINUTE);
    office.slack.page_to("ana", 1);
    office.monitor(PAYMENTS_KEY, "warridor/heartbeat/nightly-backup", "resolve");
    office.settle();
    assert!(office.open_now().contains("No heartbeat from"), "{}", office.open_now());
    assert_eq!(office.beat(KEY).status, 202);
    office.settle();
    office.slack.card_says("payments", 1, "Cleared by the monitor");
}

#[test]
fn what_leaves_the_file_while_it_is_silent_leaves_nothing_behind() {
    let office = open(HOURLY);
    office.pass(70 * MINUTE);
    office.slack.page_to("ana", 1);
    office.configure(&without());
    office.is_in_force("No heartbeat is watched");
    office.settle();
    office.slack.card_says("payments", 1, "Cleared by the monitor");
    assert_eq!(office.beat(KEY).status, 401);
    office.pass(3 * HOUR);
    assert!(office.open_now().contains("Nothing is open"), "{}", office.open_now());
}

#[test]
fn what_is_private_is_told_to_its_people_only() {
    let private = |text: String| {
        let text = text.replacen("policy = \"payments\"\n", "policy = \"payments\"\nprivate = true\n", 1);
        let id = |name| format!("name = \"{name}\"\nid = \"{}\"\n", company::channel_id(name));
        let hide = |text: String, name| text.replacen(&id(name), &format!("{}private = true\n", id(name)), 1);
        hide(hide(text, "payments"), "admin")
    };
    let office = Office::open(&private(config(HOURLY)), company::workspace());
    let list = |who: &str, channel: &str| plain(&drawn(&office.slack.slash(who, channel, "heartbeats")).join("\n"));
    assert!(list("ana", "search").contains("Nightly backup"), "she is of its team");
    let told = list("chen", "search");
    assert!(!told.contains("ackup") && told.contains("1 more is of a private service"), "{told}");
    assert!(list("chen", "payments").contains("Nightly backup"), "the channel may show it");
}
