//! People whom the configuration does not know, and guests. Each story goes through the whole program, on a clock that
//! stands until the story moves it.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, user_id};
use e2e::{Message, SOON, eventually, eventually_true};
use office::{Office, drawn, plain};
use serde_json::json;
use std::process::Command;
use warridor::sandbox::workspace::User;

const DAY: u64 = 24 * 60 * 60;

/// The usual company with Mara as its admin.
fn config() -> String {
    let mara = format!("slack = \"{}\"\n", user_id("mara"));
    Company::default().config().replacen(&mara, &format!("{mara}admin = true\n"), 1)
}

/// Zoe is of this workspace; Gus is a guest, Otto of another organisation. The configuration knows none of them.
fn office() -> Office {
    office_with(&config())
}

fn office_with(config: &str) -> Office {
    let mut workspace = company::workspace();
    let user = |id: &str, name: &str| User {
        id: user_id(id),
        name: id.to_owned(),
        real_name: name.to_owned(),
        tz: "Europe/Lisbon".to_owned(),
        ..User::default()
    };
    workspace.users.extend([
        User { email: Some("zoe@example.com".to_owned()), ..user("zoe", "Zoe Quinn") },
        User { is_restricted: true, ..user("gus", "Gus Guest") },
        User { is_stranger: true, ..user("otto", "Otto Other") },
    ]);
    Office::open(config, workspace)
}

impl Office {
    fn paged(&self) -> Message {
        self.monitor(PAYMENTS_KEY, "disk", "trigger");
        self.card("Paging Ana Silva")
    }

    /// The card of #1, once it says so. A second passes with each look: Slack takes one message a second.
    fn card(&self, words: &str) -> Message {
        eventually(format!("the card says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards("payments", 1);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    fn only_theirs(&self, who: &str, channel: &str) -> Vec<Message> {
        let all = self.slack.get(&format!("/sandbox/messages?channel={channel}&user={who}"));
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|m| m["is_ephemeral"] == true).map(Message).collect()
    }

    /// What somebody is told privately.
    fn told(&self, who: &str, channel: &str, words: &str) -> Message {
        eventually(format!("{who} is told {words:?}"), SOON, || {
            self.only_theirs(who, channel).into_iter().rev().find(|m| m.readable().contains(words))
        })
    }

    fn dm(&self, who: &str, words: &str) -> Message {
        eventually(format!("{who} reads {words:?}"), SOON, || {
            let all = self.slack.messages(&format!("dm:{who}"));
            all.into_iter().find(|m| m.readable().contains(words))
        })
    }

    /// Who asks, as the admin channel shows it.
    fn requests(&self) -> Vec<Message> {
        let all = self.slack.messages("admin");
        all.into_iter().filter(|m| m.0["metadata"]["event_type"] == "warridor_person").collect()
    }

    fn request(&self, words: &str) -> Message {
        eventually(format!("the admin channel says {words:?}"), SOON, || {
            self.requests().into_iter().find(|m| plain(&m.readable()).contains(words))
        })
    }

    /// Zoe presses a button of the card, and then *Add me*.
    fn zoe_asks(&self, card: &Message) -> Message {
        self.slack.press_well("zoe", "payments", card, "incident.acknowledge");
        let unknown = self.told("zoe", "payments", "I don't know you yet.");
        self.slack.press_well("zoe", "payments", &unknown, "people.add_me");
        self.told("zoe", "payments", "An admin is asked.");
        unknown
    }

    fn zoe_is_approved(&self, card: &Message) {
        self.zoe_asks(card);
        let request = self.request("Zoe Quinn asks to be added");
        self.slack.press_well("mara", "admin", &request, "people.approve");
        self.dm("zoe", "you may act on every incident now");
    }

    fn zoe_takes(&self, card: &Message) {
        self.slack.press_well("zoe", "payments", card, "incident.acknowledge");
        let question = self.told("zoe", "payments", "Take #1?");
        self.slack.press_well("zoe", "payments", &question, "incident.take");
    }

    fn types(&self, who: &str, text: &str) -> String {
        drawn(&self.slack.slash(who, "payments", text)).join("\n")
    }
}

#[test]
fn somebody_unknown_asks_an_admin_approves_and_they_act() {
    let office = office();
    let card = office.paged();
    office.zoe_asks(&card);
    let request = office.request("Zoe Quinn asks to be added");
    request.must_say("zoe@example.com").must_say("Europe/Lisbon");
    office.slack.press_well("mara", "admin", &request, "people.approve");
    let decided = office.request("Mara Keller approved Zoe Quinn at");
    assert_eq!(decided.ts(), request.ts(), "the same message says who decided");
    assert_eq!(decided.buttons(), ["people.remove"]);
    office.dm("zoe", "Mara Keller added you to Warridor");
    office.zoe_takes(&card);
    office.card("Zoe Quinn has it");
}

#[test]
fn asked_twice_is_one_message_and_only_admins_decide() {
    let office = office();
    let card = office.paged();
    let unknown = office.zoe_asks(&card);
    office.request("Zoe Quinn asks");
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    eventually_true("she is told again", SOON, || {
        let told = office.only_theirs("zoe", "payments");
        told.iter().filter(|m| m.readable().contains("An admin is asked.")).count() == 2
    });
    let requests = office.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    office.slack.press_well("ben", "admin", &requests[0], "people.approve");
    office.told("ben", "admin", "Only people with `admin = true`");
    assert!(office.types("zoe", "ack 1").contains("I don't know you yet."));
    office.slack.press_well("mara", "admin", &requests[0], "people.approve");
    let decided = office.request("Mara Keller approved");
    assert_eq!(decided.buttons(), ["people.remove"]);
}

#[test]
fn declined_they_are_told_and_may_ask_again_after_a_day() {
    let mut office = office();
    let card = office.paged();
    let unknown = office.zoe_asks(&card);
    let request = office.request("Zoe Quinn asks");
    office.slack.press_well("mara", "admin", &request, "people.decline");
    office.request("Mara Keller declined Zoe Quinn");
    office.dm("zoe", "Mara Keller declined your request");
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.told("zoe", "payments", "You may ask again from");
    assert_eq!(office.requests().len(), 1);
    office.pass(DAY + 1);
    office.restart();
    let told = office.types("zoe", "ack 1");
    assert!(told.contains("[Add me]"), "{told}");
    let unknown = office.only_theirs("zoe", "payments").into_iter().rev();
    let unknown = unknown.into_iter().find(|m| m.readable().contains("I don't know you yet.")).expect("her answer");
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    eventually_true("a second message", SOON, || office.requests().len() == 2);
}

#[test]
fn whoever_is_added_stays_and_is_called_by_name() {
    let mut office = office();
    let card = office.paged();
    office.zoe_is_approved(&card);
    office.restart();
    let told = office.types("ana", "add 1 @zoe");
    assert!(told.contains("paging Zoe Quinn now"), "{told}");
    let page = eventually("her page", SOON, || {
        office.pass(1);
        office.slack.pages("zoe", 1).pop()
    });
    // Another configuration does not lose her, nor the page to her.
    office.configure(&config().replace("name = \"Ben Okafor\"", "name = \"Ben O.\""));
    eventually_true("the other configuration is in force", SOON, || {
        let told = office.types("ana", "oncall");
        told.contains("Ben O.") && !told.contains("Okafor")
    });
    office.slack.press_well("zoe", "dm:zoe", &page, "incident.acknowledge");
    office.card("Zoe Quinn");
    let told = office.types("zoe", "resolve 1 the disk was full");
    assert!(told.contains("#1 is resolved"), "{told}");
}

#[test]
fn the_configuration_takes_precedence_and_export_says_what_to_write_into_it() {
    let mut office = office();
    let card = office.paged();
    office.zoe_is_approved(&card);
    office.stop();
    let out = Command::new(env!("CARGO_BIN_EXE_warridor"))
        .args(["export", "people", "--data-dir"])
        .arg(office.data())
        .output()
        .expect("it runs");
    let printed = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let expected = format!(
        "[[user]]\nid = \"slack-{}\"\nname = \"Zoe Quinn\"\nslack = \"{}\"\nemail = \"zoe@example.com\"\ntz = \"Europe/Lisbon\"\n",
        user_id("zoe").to_lowercase(),
        user_id("zoe")
    );
    assert_eq!(printed, expected);
    // Pasted, with the name mended.
    office.configure(&format!("{}\n{}", config(), printed.replace("Zoe Quinn", "Zoe Q.")));
    office.restart();
    office.zoe_takes(&card);
    office.card("Zoe Q. has it");
    // Taken out of the configuration again, she is unknown: what the button led to was forgotten.
    office.configure(&config());
    office.restart();
    assert!(office.types("zoe", "resolve 1").contains("I don't know you yet."));
}

#[test]
fn guests_and_people_of_other_organisations_look_and_note() {
    let office = office();
    let card = office.paged();
    for (who, name) in [("gus", "Gus Guest"), ("otto", "Otto Other")] {
        office.slack.press_well(who, "payments", &card, "incident.acknowledge");
        let told = office.told(who, "payments", "may look and add notes");
        assert_eq!(told.buttons(), ["incident.note"], "{who}");
        assert!(office.types(who, "resolve 1").contains("may look and add notes"));
        assert!(office.types(who, "show 1").contains("Alert disk"));
        assert_eq!(office.types(who, "note 1 it is slow here too"), "Noted on #1.");
        let shown = office.types("ana", "show 1");
        assert!(shown.contains(&format!("{name} (guest): it is slow here too")), "{shown}");
    }
    let told = office.only_theirs("gus", "payments").into_iter().find(|m| !m.buttons().is_empty());
    office.slack.press_well("gus", "payments", &told.expect("the answer to his click"), "incident.note");
    let form = eventually("the form", SOON, || office.windows("gus").pop());
    let body = json!({ "user": "gus", "view_id": form["id"], "values": { "words": "from the form" } });
    office.slack.post("/sandbox/submit", &body);
    eventually_true("the note is kept", SOON, || {
        office.types("ana", "show 1").contains("Gus Guest (guest): from the form")
    });
    office.card("Paging Ana Silva");
    assert_eq!(office.requests().len(), 0);
}

#[test]
fn slack_does_not_say_who_it_is_and_nothing_is_done() {
    let office = office();
    let card = office.paged();
    office.slack.order(json!({ "fault": "500", "method": "users.info", "when": "before", "count": 1 }));
    office.slack.press_well("zoe", "payments", &card, "incident.acknowledge");
    office.told("zoe", "payments", "Slack did not tell me in time who you are");
    assert!(office.types("zoe", "ack 1").contains("I don't know you yet."), "the next time it does");
}

#[test]
fn a_request_that_was_not_shown_is_shown_by_the_next_press() {
    let mut office = office();
    let card = office.paged();
    office.slack.press_well("zoe", "payments", &card, "incident.acknowledge");
    let unknown = office.told("zoe", "payments", "I don't know you yet.");
    // The fact is there, the message is not: Slack refuses it, and the pager is started again.
    let refused = json!({ "fault": "error", "error": "is_archived", "method": "chat.postMessage", "count": 1 });
    office.slack.order(refused);
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.told("zoe", "payments", "Your request is kept");
    assert_eq!(office.requests().len(), 0);
    office.restart();
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.request("Zoe Quinn asks");
    office.told("zoe", "payments", "An admin is asked.");
    assert_eq!(office.requests().len(), 1);
}

#[test]
fn a_request_whose_answer_was_lost_is_found_and_not_posted_twice() {
    let office = office();
    let card = office.paged();
    office.slack.press_well("zoe", "payments", &card, "incident.acknowledge");
    let unknown = office.told("zoe", "payments", "I don't know you yet.");
    office.slack.order(json!({ "fault": "500", "method": "chat.postMessage", "when": "after", "count": 1 }));
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.told("zoe", "payments", "Your request is kept");
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.told("zoe", "payments", "An admin is asked.");
    assert_eq!(office.requests().len(), 1);
    office.slack.press_well("mara", "admin", &office.requests()[0], "people.approve");
    office.request("Mara Keller approved");
}

#[test]
fn on_the_home_tab_and_by_words_to_the_bot_it_is_the_same() {
    let office = office();
    office.slack.open_home("zoe");
    eventually_true("the Home tab has the button", SOON, || {
        office.home("zoe").is_some_and(|home| drawn(&home).join("\n").contains("[Add me]"))
    });
    office
        .slack
        .post("/sandbox/say", &json!({ "user": "zoe", "channel": "dm:zoe", "text": "oncall take payments 2h" }));
    let said = office.dm("zoe", "I don't know you yet.");
    office.slack.press_well("zoe", "dm:zoe", &said, "people.add_me");
    office.request("Zoe Quinn asks");
}

#[test]
fn a_request_that_slack_does_not_take_is_told_so_and_shown_by_itself_later() {
    let office = office();
    let card = office.paged();
    office.slack.press_well("zoe", "payments", &card, "incident.acknowledge");
    let unknown = office.told("zoe", "payments", "I don't know you yet.");
    office.slack.order(json!({ "fault": "error", "error": "is_archived", "method": "chat.postMessage", "count": 2 }));
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    let told = office.told("zoe", "payments", "no admin sees it yet");
    told.must_say("is_archived").must_say("talk to Mara Keller");
    // The first round of those by itself fails, too.
    eventually_true("it is tried again", SOON, || {
        office.pass(61);
        !office.requests().is_empty()
    });
    office.slack.press_well("mara", "admin", &office.requests()[0], "people.approve");
    office.dm("zoe", "you may act on every incident now");
    office.pass(61);
    assert_eq!(office.requests().len(), 1);
}

#[test]
fn pressed_again_while_the_first_is_under_way_claims_nothing() {
    let office = office();
    let card = office.paged();
    office.slack.press_well("zoe", "payments", &card, "incident.acknowledge");
    let unknown = office.told("zoe", "payments", "I don't know you yet.");
    office.slack.order(json!({ "fault": "delay", "ms": 2_000, "method": "chat.postMessage", "count": 1 }));
    office.slack.order(json!({ "fault": "error", "error": "is_archived", "method": "chat.postMessage", "count": 1 }));
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.told("zoe", "payments", "my message to the admins is under way");
    office.told("zoe", "payments", "no admin sees it yet");
    let claims = office.only_theirs("zoe", "payments").iter().any(|m| m.readable().contains("An admin is asked."));
    assert!(!claims, "nobody was asked");
}

#[test]
fn where_nobody_is_an_admin_whoever_asks_hears_it() {
    let mut workspace = company::workspace();
    workspace.users.push(User { id: user_id("zoe"), name: "zoe".to_owned(), ..User::default() });
    let office = Office::open(&Company::default().config(), workspace);
    let card = office.paged();
    office.slack.press_well("zoe", "payments", &card, "incident.acknowledge");
    let unknown = office.told("zoe", "payments", "I don't know you yet.");
    office.slack.press_well("zoe", "payments", &unknown, "people.add_me");
    office.told("zoe", "payments", "nobody may decide").must_say("whoever keeps Warridor's `config.toml`");
}

#[test]
fn an_admin_takes_out_whom_a_button_let_in() {
    let first = "targets = [\"user:ana\"]";
    let mut office = office_with(&config().replacen(first, "targets = [\"schedule:payments-week\"]", 1));
    office.slack.post("/sandbox/say", &json!({ "user": "zoe", "channel": "dm:zoe", "text": "oncall me" }));
    let said = office.dm("zoe", "I don't know you yet.");
    office.slack.press_well("zoe", "dm:zoe", &said, "people.add_me");
    let request = office.request("Zoe Quinn asks to be added");
    office.slack.press_well("mara", "admin", &request, "people.approve");
    office.dm("zoe", "you may act on every incident now");
    let told = office.types("ana", "oncall override payments @zoe 2h");
    assert!(told.contains("Zoe Quinn is on call"), "{told}");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let page = eventually("her page", SOON, || {
        office.pass(1);
        office.slack.pages("zoe", 1).pop()
    });

    let decided = office.request("Mara Keller approved Zoe Quinn");
    let confirm = decided.0.to_string();
    assert!(confirm.contains("Take them out of Warridor?") && confirm.contains("goes to the next level"), "{confirm}");
    office.slack.press_well("ben", "admin", &decided, "people.remove");
    office.told("ben", "admin", "Only people with `admin = true`");
    assert_eq!(office.slack.pages("ben", 1).len(), 0, "an hour is left of the first level");
    office.slack.press_well("mara", "admin", &decided, "people.remove");
    office.told("mara", "admin", "Zoe Quinn may not act any more, and is told so.");
    let removed = office.request("Mara Keller took Zoe Quinn out at");
    assert_eq!((removed.ts(), removed.buttons()), (decided.ts(), Vec::<String>::new()));
    office.dm("zoe", "Mara Keller took you out of Warridor");

    // Her page is not waited for, her override is over, and her buttons do nothing.
    office.card("Paging Ben Okafor");
    let told = office.types("ana", "oncall payments");
    assert!(told.contains("Payments, by the week: Ben Okafor"), "{told}");
    office.slack.press_well("zoe", "dm:zoe", &page, "incident.acknowledge");
    eventually_true("she is unknown", SOON, || {
        let all = office.slack.messages("dm:zoe").into_iter().chain(office.only_theirs("zoe", "dm:zoe"));
        all.filter(|m| m.readable().contains("I don't know you yet.")).count() >= 2
    });
    office.restart();
    let told = office.types("zoe", "resolve 1");
    assert!(told.contains("I don't know you yet."), "{told}");
}
