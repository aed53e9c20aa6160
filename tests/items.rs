//! Work that incidents leave behind, from the alert that keeps coming to the day it is mended. It is Monday, 03:02; Ana
//! carries the pager of payments.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, SEARCH_KEY};
use e2e::{Message, SOON, eventually, eventually_true};
use office::{Office, drawn, plain};
use serde_json::{Value, json};

const HOUR: u64 = 60 * 60;

impl Office {
    fn card(&self, no: u64, words: &str) -> Message {
        eventually(format!("the card of #{no} says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards("payments", no);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    fn types(&self, who: &str, text: &str) -> String {
        plain(&drawn(&self.slack.slash(who, "payments", text)).join("\n"))
    }

    /// The disk is full, Ana looks, and it is over; what she reads then.
    fn the_disk_again(&self, no: u64) -> String {
        self.monitor(PAYMENTS_KEY, "disk", "trigger");
        self.card(no, "Paging Ana Silva");
        self.types("ana", &format!("ack {no}"));
        self.monitor(PAYMENTS_KEY, "disk", "resolve");
        self.card(no, "Cleared");
        self.types("ana", &format!("resolve {no}"))
    }

    fn hears(&self, who: &str, words: &str) -> Message {
        eventually(format!("{who} reads {words:?}"), SOON, || {
            self.slack.messages(&format!("dm:{who}")).into_iter().rev().find(|m| m.text().contains(words))
        })
    }

    fn window_says(&self, who: &str, words: &str) -> Value {
        eventually(format!("the window before {who} says {words:?}"), SOON, || {
            self.windows(who).into_iter().next_back().filter(|w| drawn(w).join("\n").contains(words))
        })
    }

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        self.slack.post("/sandbox/submit", &json!({ "user": who, "view_id": window["id"], "values": values }))
    }

    fn hours(&self, hours: u64) {
        for _ in 0..hours {
            self.pass(HOUR);
        }
    }
}

#[test]
fn an_alert_that_keeps_coming_is_somebodys_until_it_is_mended() {
    // What is not production owes no RCA, of which she would be reminded as well.
    let service = "id = \"payments-api\"";
    let config = Company::default().config().replace(service, &format!("{service}\nproduction = false"));
    let mut office = Office::open(&config, company::workspace());
    for no in 1..=2 {
        assert!(!office.the_disk_again(no).contains("to fix"), "twice is not often");
        office.hours(24);
    }
    let told = office.the_disk_again(3);
    assert!(told.contains("came 3 times in 7 days and is yours to fix by"), "{told}");
    assert!(office.types("ben", "misconfigured").contains("came 3 times in 7 days"));
    assert!(office.types("ana", "items").contains("Fix the alert “disk”"));
    // A week later it is due; a day before, in her working hours, she is reminded.
    let quiet = |office: &Office| office.slack.messages("dm:ana").iter().all(|m| !m.text().contains("the alert"));
    office.hours(5 * 24);
    assert!(quiet(&office), "it is not due yet");
    office.restart();
    office.hours(30);
    let reminder = office.hears("ana", "Yours to do");
    assert!(plain(&reminder.0.to_string()).contains("Fix the alert “disk” of Payments API"), "{:?}", reminder.0);
    // It is Ben's rather.
    office.slack.press_well("ana", "dm:ana", &reminder, "item.done");
    let window = office.window_says("ana", "Not done: somebody else");
    let press = json!({ "user": "ana", "view_id": window["id"], "action_id": "item.change" });
    assert_eq!(office.slack.post("/sandbox/click", &press)["ok"], true);
    let form = office.window_says("ana", "Who does it?");
    let ben = office.slack.get("/sandbox/info")["users"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|u| u["name"].as_str().is_some_and(|name| name.starts_with("ben") || name.starts_with("Ben")))
        .map(|u| u["id"].clone())
        .expect("Ben is there");
    let next_year = office.clock.now().0 / 1_000 + 400 * 24 * 3_600;
    let refused = office.submit("ana", &form, &json!({ "person": ben, "at": next_year }));
    assert!(refused.to_string().contains("more than a year away"), "{refused}");
    let answer = office.submit("ana", &form, &json!({ "person": ben, "at": null }));
    assert_eq!(answer["response_action"], "clear", "{answer}");
    assert!(office.types("ben", "items").contains("Ben Okafor, by"));
    office.hours(24);
    let his = office.hears("ben", "Yours to do");
    office.slack.press_well("ben", "dm:ben", &his, "item.done");
    let window = office.window_says("ben", "What was done to it?");
    office.submit("ben", &window, &json!({ "words": "Threshold <!here> 95 %" }));
    eventually_true("nothing is to be mended", SOON, || {
        office.types("ana", "misconfigured").contains("No alert needs fixing")
    });
    let told = office.types("ana", "items done 1");
    assert!(told.contains("was done by Ben Okafor"), "{told}");
    // Done, it is counted anew.
    assert!(!office.the_disk_again(4).contains("to fix"));
}

#[test]
fn an_item_is_given_and_moved_by_words() {
    let office = Office::usual();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.card(1, "Paging Ana Silva");
    let told = office.types("ana", "not-actionable 1");
    assert!(told.contains("Its alert is yours to fix"), "{told}");
    let told = office.types("ana", "items give 1 @ben");
    assert!(told.contains("Ben Okafor, by"), "{told}");
    assert!(told.contains("Ben Okafor hears of it, from you, when they work next"), "{told}");
    assert!(office.types("ben", "items").contains("from Ana Silva"), "he sees who gave it to him");
    let told = office.types("ana", "items give 1 @ben");
    assert!(told.contains("is Ben Okafor's already"), "{told}");
    let told = office.types("ana", "items move 1 friday");
    assert!(told.contains("by Mar 6"), "{told}");
    assert!(office.types("ana", "items give 7 @ben").contains("There is no item 7"));
    assert!(office.types("ana", "misconfigured").contains("Ben Okafor fixes it by Mar 6 (item 1)"));
    assert!(office.types("ana", "misconfigured mended 1").contains("off the list"));
    assert!(office.types("ben", "items").contains("no open items"), "what is mended is done");
}

#[test]
fn an_item_that_somebody_else_ended_is_told_to_its_owner_who_opens_it_again() {
    let mut office = Office::usual();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.card(1, "Paging Ana Silva");
    office.types("ana", "not-actionable 1");
    let told = office.types("ben", "items done 1 it was the wrong one");
    assert!(told.contains("Ana Silva hears of it, from you"), "{told}");
    assert!(told.contains("Not done after all? `/pager items reopen 1`"), "{told}");
    // It is night: she hears of it in the morning.
    office.hours(2);
    let is_told = |m: &Message| m.text().contains("called your item 1 done");
    assert!(!office.slack.messages("dm:ana").iter().any(is_told), "she sleeps");
    office.restart();
    office.hours(8);
    let told = office.hears("ana", "Ben Okafor called your item 1 done");
    assert!(plain(&told.0.to_string()).contains("it was the wrong one"), "{:?}", told.0);
    office.slack.press_well("ana", "dm:ana", &told, "item.reopen");
    eventually_true("it is hers again", SOON, || office.types("ana", "items").contains("Fix the alert"));
    let undone = eventually("the message says so", SOON, || {
        office.pass(1);
        let all = office.slack.messages("dm:ana");
        all.into_iter().find(|m| is_told(m) && plain(&m.0.to_string()).contains("It is open again"))
    });
    assert!(!undone.0.to_string().contains("item.reopen"), "{:?}", undone.0);
    assert!(office.types("ben", "items reopen 1").contains("Item 1 is open"), "once is enough");
    assert!(office.types("ben", "items done 1 again").contains("Ana Silva hears of it"));
    let told = office.types("ben", "items reopen 1");
    assert!(told.contains("Ana Silva, by") && told.contains("hears of it"), "{told}");
}

#[test]
fn what_is_to_be_mended_of_a_private_service_is_for_its_people_only() {
    let office = Office::where_search_is_private();
    office.monitor(SEARCH_KEY, "the secret index", "trigger");
    let told = |who: &str, channel: &str, text: &str| plain(&drawn(&office.slack.slash(who, channel, text)).join("\n"));
    eventually_true("Chen is paged", SOON, || {
        office.pass(1);
        told("chen", "search", "not-actionable 1").contains("Its alert is yours to fix")
    });
    assert!(told("chen", "payments", "items").contains("secret index"), "it is his");
    assert!(told("divya", "payments", "items search").contains("secret index"), "it is her team's");
    for text in ["items search", "items all", "misconfigured", "show 1", "items done 1 it was me", "triage 1"] {
        let told = told("ana", "payments", text);
        assert!(!told.contains("secret index"), "{text}: {told}");
    }
    assert!(told("ana", "payments", "items search").contains("private"), "she reads that there is something");
    assert!(told("ana", "payments", "items done 1 it was me").contains("There is no item 1"));
    assert!(told("chen", "payments", "items").contains("secret index"), "and nothing was done to it");
}
