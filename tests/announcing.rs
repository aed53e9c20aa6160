//! *Announce to on-call*, in the menu of a message in Slack: the window, what it becomes, and who may not. Each story goes
//! through the whole program, on a clock that stands until the story moves it.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, channel_id, user_id};
use e2e::{Message, SOON, eventually, eventually_true};
use office::{NIGHT, Office, drawn, plain};
use serde_json::{Value, json};
use warridor::sandbox::workspace::{Channel, User};

const HOUR: i64 = 60 * 60;

/// The usual company, with a channel without the bot; Zoe is of the workspace, and the configuration does not know her.
fn office() -> Office {
    let mut workspace = company::workspace();
    let zoe = User { id: user_id("zoe"), name: "zoe".to_owned(), real_name: "Zoe Quinn".to_owned(), ..User::default() };
    workspace.users.push(zoe);
    let lunch = Channel { id: channel_id("lunch"), name: "lunch".to_owned(), ..Channel::default() };
    workspace.channels.push(Channel { bot_is_member: false, ..lunch });
    Office::open(&Company::default().config(), workspace)
}

impl Office {
    /// Somebody writes, as Slack keeps it: `text` in its markup.
    fn writes(&self, who: &str, channel: &str, text: &str) -> Value {
        let body = json!({ "user": who, "channel": channel, "text": text });
        self.slack.post("/sandbox/say", &body)["message"].clone()
    }

    fn shortcut(&self, who: &str, channel: &str, on: &Value) -> Value {
        let body = json!({ "user": who, "callback_id": "message.announce", "channel": channel, "ts": on["ts"] });
        self.slack.post("/sandbox/shortcut", &body)
    }

    /// Chooses *Announce to on-call* on a message, and waits for the window.
    fn announces(&self, who: &str, channel: &str, on: &Value) -> Value {
        let answer = self.shortcut(who, channel, on);
        assert_eq!(answer["ok"], true, "{answer}");
        eventually("the window", SOON, || self.windows(who).pop())
    }

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        let body = json!({ "user": who, "view_id": window["id"], "values": values });
        self.slack.post("/sandbox/submit", &body)
    }

    /// What only this person sees in a channel, or in their direct message.
    fn told_in(&self, who: &str, channel: &str, words: &str) {
        eventually(format!("{who} is told {words:?} in {channel}"), SOON, || {
            self.pass(1);
            let all = self.slack.get(&format!("/sandbox/messages?channel={channel}&user={who}"));
            let all = all.as_array().cloned().unwrap_or_default();
            all.into_iter().map(Message).find(|m| plain(m.text()).contains(words))
        });
    }

    fn says(&self, who: &str, line: &str) -> String {
        drawn(&self.slack.types(who, "payments", "/pager", line)).join("\n")
    }
}

/// What a window's input was filled with before anybody typed.
fn prefilled(window: &Value, block: &str) -> Value {
    let all = window["blocks"].as_array().expect("blocks");
    let element = &all.iter().find(|b| b["block_id"] == block).expect("the input")["element"];
    let first = |key: &str| element.get(key).cloned();
    first("initial_value").or_else(|| first("initial_option")).unwrap_or_default()
}

fn in_an_hour() -> String {
    (NIGHT.0 + HOUR * 1_000).to_string()
}

#[test]
fn what_somebody_wrote_becomes_an_announcement_with_the_way_back_to_it() {
    let office = office();
    let said = office.writes("ben", "payments", "draining *east*,\nmay cause alerts");
    let window = office.announces("ana", "payments", &said);
    assert_eq!(prefilled(&window, "words"), "draining *east*, may cause alerts");
    assert_eq!(prefilled(&window, "about")["text"]["text"], "Payments", "whose channel it is");
    assert_eq!(prefilled(&window, "until")["value"], in_an_hour(), "an hour, as without a time");
    let answer = office.submit("ana", &window, &json!({ "about": "service:payments-api" }));
    assert_eq!(answer["ok"], true, "{answer}");
    assert!(office.windows("ana").is_empty());
    office.told_in(
        "ana",
        "payments",
        "Announced for Payments API: “draining east, may cause alerts”, until Mar 2 04:02",
    );
    let link = format!("/archives/{}/p{}", channel_id("payments"), said["ts"].as_str().unwrap().replace('.', ""));
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    for line in ["now", "why 1", "doing"] {
        let shown = office.says("chen", line);
        assert!(shown.contains("draining east") && shown.contains("Ana Silva, until"), "{line}: {shown}");
        assert!(shown.contains(&link) && shown.contains("from a message"), "{line}: {shown}");
    }
    // It ends as any other.
    office.pass(3_601);
    assert!(office.says("chen", "doing").contains("Nobody announces anything"));
}

#[test]
fn hostile_words_neither_mention_nor_pose_and_are_cut() {
    let office = office();
    let said = office.writes(
        "ben",
        "payments",
        "<!channel> &lt;!here&gt; <https://evil.example|the bank> \u{202e}<@U0NOBODY>",
    );
    let window = office.announces("ana", "payments", &said);
    assert_eq!(prefilled(&window, "words"), "@channel <!here> https://evil.example @U0NOBODY");
    office.submit("ana", &window, &json!({}));
    office.told_in("ana", "payments", "“@channel &lt;!here&gt; https://evil.example @U0NOBODY”");
    let long = office.writes("ben", "payments", &"east ".repeat(200));
    let window = office.announces("ana", "payments", &long);
    assert!(drawn(&window).join("\n").contains("The message is longer: this is its beginning."));
    let words = prefilled(&window, "words");
    let words = words.as_str().expect("words");
    assert!(words.ends_with('…') && words.chars().count() <= 300, "{words}");
}

#[test]
fn a_message_without_words_is_announced_in_ones_own() {
    let office = office();
    let nothing = office.writes("ben", "payments", "\u{200b}");
    let window = office.announces("ana", "payments", &nothing);
    assert_eq!(prefilled(&window, "words"), Value::Null);
    let blank = office.submit("ana", &window, &json!({ "words": "  " }));
    assert_eq!(blank["errors"]["words"], "Say what is going on, in a few words.", "{blank}");
    office.submit("ana", &window, &json!({ "words": "see the plan" }));
    office.told_in("ana", "payments", "Announced for Payments: “see the plan”");
}

#[test]
fn errors_stand_at_their_input() {
    let office = office();
    let said = office.writes("ben", "payments", "draining east");
    let window = office.announces("ana", "payments", &said);
    let at = |secs: i64| json!(NIGHT.0 / 1_000 + secs);
    for (values, field, why) in [
        (json!({ "at": at(-60) }), "at", "Mar 2 03:01 has passed. Choose a later end."),
        (json!({ "at": at(8 * 24 * HOUR) }), "at", "Mar 10 03:02 is more than 7 days away."),
    ] {
        let answer = office.submit("ana", &window, &values);
        let said = answer["errors"][field].as_str().unwrap_or_default();
        assert!(said.starts_with(why), "{values}: {answer}");
    }
    // The window stood open for an hour: what was offered has passed.
    office.pass(3_600);
    let late = office.submit("ana", &window, &json!({ "at": null, "until": in_an_hour() }));
    assert_eq!(late["errors"]["until"], "Mar 2 04:02 has passed. Choose a later end.", "{late}");
    for n in 0..100 {
        office.slack.types("ben", "payments", "/pager", &format!("doing 'work {n}' 2h"));
    }
    let full = office.submit("ana", &window, &json!({ "at": at(2 * HOUR) }));
    let why = full["errors"]["words"].as_str().unwrap_or_default();
    assert!(why.starts_with("100 announcements stand already. End one first"), "{full}");
}

#[test]
fn sent_twice_and_over_a_restart_it_is_announced_once() {
    let mut office = office();
    let said = office.writes("ben", "payments", "draining east");
    let window = office.announces("ana", "payments", &said);
    office.slack.order(json!({ "fault": "swallow_acks", "count": 1 }));
    let lost = std::thread::scope(|s| {
        let (slack, body) = (office.slack, json!({ "user": "ana", "view_id": window["id"], "values": {} }));
        let sent = s.spawn(move || slack.post("/sandbox/submit", &body));
        eventually_true("Slack gives up waiting", SOON, || {
            office.pass(1);
            sent.is_finished()
        });
        sent.join().expect("an answer")
    });
    assert_ne!(lost["ok"], true, "{lost}");
    office.restart();
    let again = office.submit("ana", &window, &json!({}));
    assert_eq!(again["ok"], true, "{again}");
    office.told_in("ana", "payments", "Done. `/pager doing` lists all.");
    let all = office.says("ana", "doing");
    assert_eq!(all.matches("draining east").count(), 1, "{all}");
}

#[test]
fn where_the_bot_is_not_the_answer_comes_by_direct_message() {
    let office = office();
    let said = office.writes("ben", "lunch", "draining east");
    let window = office.announces("ana", "lunch", &said);
    office.submit("ana", &window, &json!({}));
    office.told_in("ana", "dm:ana", "Announced for everything: “draining east”");
    // Nor is it there in what others write to each other; its own messages have the entry as well.
    office.slack.open_home("ana");
    let own = office.slack.messages("dm:ana").pop().expect("the answer");
    let window = office.announces("ana", "dm:ana", &own.0);
    assert!(
        prefilled(&window, "words")
            .as_str()
            .is_some_and(|w| w.starts_with("Announced for everything: “draining east”, until"))
    );
}

#[test]
fn whoever_is_unknown_is_told_what_to_do() {
    let office = office();
    let said = office.writes("ben", "payments", "draining east");
    office.shortcut("zoe", "payments", &said);
    office.told_in("zoe", "payments", "I don't know you yet");
    assert!(office.windows("zoe").is_empty());
    assert!(office.says("ana", "doing").contains("Nobody announces anything"));
}

#[test]
fn a_window_that_does_not_open_in_time_says_so() {
    let office = office();
    let said = office.writes("ben", "payments", "draining east");
    let order = json!({"fault": "error", "error": "expired_trigger_id", "method": "views.open", "count": 1});
    office.slack.order(order);
    office.shortcut("ana", "payments", &said);
    office.told_in("ana", "payments", "Slack did not open the window in time.");
}
