//! What a responder does in Slack: buttons, More… and its windows, forms, the Home tab, and words to the bot. Each story
//! goes through the whole program, on a clock that stands until the story moves it.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, SEARCH_KEY, channel_id, user_id};
use e2e::{Message, SOON, eventually, eventually_true};
use office::{Office, drawn, plain};
use serde_json::{Value, json};

/// #1, which pages Ana; its card is there.
fn paged() -> (Office, Message) {
    let office = Office::usual();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    (office, card)
}

/// #1, which Ana has.
fn anas() -> (Office, Message) {
    let (office, card) = paged();
    office.press("ana", "payments", &card, "incident.acknowledge");
    let card = office.card(1, "Ana Silva has it");
    (office, card)
}

impl Office {
    /// The card in #payments, once it says so. A second passes with each look: Slack takes one message a second.
    fn card(&self, no: u64, words: &str) -> Message {
        self.card_in("payments", no, words)
    }

    fn card_in(&self, channel: &str, no: u64, words: &str) -> Message {
        eventually(format!("the card of #{no} says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards(channel, no);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    fn press(&self, who: &str, channel: &str, on: &Message, action: &str) {
        self.slack.press_well(who, channel, on, action);
    }

    /// Presses a button that opens a window, and waits for that.
    fn opens(&self, who: &str, on: &Message, action: &str) -> Value {
        self.press(who, "payments", on, action);
        self.top(who, 1)
    }

    /// The top window, once so many are open.
    fn top(&self, who: &str, depth: usize) -> Value {
        eventually(format!("{depth} windows before {who}"), SOON, || {
            let open = self.windows(who);
            (open.len() == depth).then(|| open.last().cloned()).flatten()
        })
    }

    fn press_in(&self, who: &str, window: &Value, action: &str) {
        let body = json!({ "user": who, "view_id": window["id"], "action_id": action });
        let answer = self.slack.post("/sandbox/click", &body);
        assert_eq!(answer["ok"], true, "{action}: {answer}");
    }

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        let body = json!({ "user": who, "view_id": window["id"], "values": values });
        self.slack.post("/sandbox/submit", &body)
    }

    /// What somebody is told privately in #payments.
    fn told(&self, who: &str, words: &str) {
        eventually(format!("{who} is told {words:?}"), SOON, || {
            self.private(who).into_iter().find(|m| plain(m.text()).contains(words))
        });
    }

    /// What only this person sees in #payments.
    fn private(&self, who: &str) -> Vec<Message> {
        self.private_in(who, "")
    }

    /// The same below a message.
    fn private_below(&self, who: &str, parent: &Message) -> Vec<Message> {
        self.private_in(who, &format!("&thread_ts={}", parent.ts()))
    }

    fn private_in(&self, who: &str, place: &str) -> Vec<Message> {
        let all = self.slack.get(&format!("/sandbox/messages?channel=payments&user={who}{place}"));
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|m| m["is_ephemeral"] == true).map(Message).collect()
    }

    fn window_says(&self, who: &str, words: &str) -> Value {
        eventually(format!("the window before {who} says {words:?}"), SOON, || {
            self.windows(who).into_iter().next_back().filter(|w| drawn(w).join("\n").contains(words))
        })
    }
}

#[test]
fn more_is_made_from_the_state_at_that_instant() {
    let (office, card) = paged();
    let more = office.opens("ana", &card, "incident.more");
    let choices = drawn(&more).join("\n");
    for choice in
        ["I'm on it", "Mitigated", "Add responders", "Reassign", "Note", "Merge into", "Low urgency", "Who was paged"]
    {
        assert!(choices.contains(choice), "{choice}: {choices}");
    }
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    let card = office.card(1, "Cleared by the monitor");
    let more = drawn(&office.opens("ben", &card, "incident.more")).join("\n");
    assert!(!more.contains("Mitigated") && more.contains("What happened"), "{more}");
}

#[test]
fn im_on_it_is_said_in_the_window_and_shows_on_the_card() {
    let (office, card) = anas();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.start");
    office.window_says("ana", "You are on it");
    office.card(1, "Ana Silva is on it since");
}

#[test]
fn a_page_by_name_wakes_them_at_once_and_again_until_they_answer() {
    let (office, card) = anas();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.add_responders");
    let form = office.top("ana", 2);
    let nobody = office.submit("ana", &form, &json!({}));
    assert_eq!(nobody["errors"]["people"], "Nobody was named. Choose a person, a team or a schedule.");
    office.submit("ana", &form, &json!({ "people": [user_id("chen")] }));
    let answer = office.window_says("ana", "#1: paging Chen Wei now, and again at 03:0");
    office.slack.post("/sandbox/close", &json!({ "user": "ana", "view_id": answer["id"] }));
    assert_eq!(office.windows("ana").len(), 0, "what was below is out of date, and closes with it");
    let page = office.page("chen", 1);
    assert!(plain(page.text()).starts_with("Ana Silva asks for you"), "{}", page.text());
    office.pass(301);
    eventually_true("he is paged again", SOON, || {
        office.pass(1);
        office.slack.pages("chen", 1).len() == 2
    });
    let again = office.slack.pages("chen", 1).pop().expect("two pages");
    office.press("chen", "dm:chen", &again, "incident.acknowledge");
    office.card(1, "Ana Silva has it");
    office.pass(900);
    office.settle();
    assert_eq!(office.slack.pages("chen", 1).len(), 2, "he answered");
}

impl Office {
    fn page(&self, who: &str, no: u64) -> Message {
        eventually(format!("a page to {who} about #{no}"), SOON, || {
            self.pass(1);
            self.slack.pages(who, no).pop()
        })
    }
}

#[test]
fn a_team_asked_by_name_goes_up_its_own_levels() {
    let (office, card) = anas();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.add_responders");
    let form = office.top("ana", 2);
    office.submit("ana", &form, &json!({ "teams": ["team:search"] }));
    office.window_says("ana", "paging Chen Wei now, next Divya Rao");
    office.page("chen", 1);
    office.pass(3_601);
    office.page("divya", 1);
}

#[test]
fn whoever_hands_over_has_it_until_the_other_one_acknowledges() {
    let (office, card) = anas();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.reassign");
    let form = office.top("ana", 2);
    office.submit("ana", &form, &json!({ "person": user_id("ben") }));
    office.window_says("ana", "Ana Silva has it until Ben Okafor acknowledges");
    let page = office.page("ben", 1);
    assert!(drawn(&page.0).join(" ").contains("Ana Silva asks you to take it"), "{:?}", drawn(&page.0));
    office.card(1, "Ana Silva has it since");
    office.press("ben", "dm:ben", &page, "incident.acknowledge");
    office.card(1, "Ben Okafor has it since");
    let anas = office.page("ana", 1);
    eventually_true("her message is true", SOON, || {
        office.pass(1);
        let now = office.slack.pages("ana", 1).pop();
        now.is_some_and(|m| m.buttons().is_empty() && drawn(&m.0).join(" ").contains("Ben Okafor has it"))
    });
    assert!(!anas.text().is_empty());
}

#[test]
fn a_note_is_kept_and_means_that_work_began() {
    let (office, card) = anas();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.note");
    let form = office.top("ana", 2);
    office.submit("ana", &form, &json!({ "words": "it is the <!channel> log" }));
    let answer = office.window_says("ana", "Noted on #1");
    office.slack.post("/sandbox/close", &json!({ "user": "ana", "view_id": answer["id"] }));
    office.card(1, "Ana Silva is on it since");
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.timeline");
    office.top("ana", 2);
    let said = drawn(&office.window_says("ana", "it is the")).join("\n");
    assert!(said.contains("Ana Silva: it is the &lt;!channel&gt; log"), "{said}");
}

#[test]
fn merged_incidents_count_in_one_place() {
    let (office, _) = anas();
    office.monitor(SEARCH_KEY, "slow", "trigger");
    let other = office.card_in("search", 2, "Paging Chen Wei");
    office.press("chen", "search", &other, "incident.more");
    let more = office.top("chen", 1);
    office.press_in("chen", &more, "incident.merge");
    let form = office.top("chen", 2);
    office.submit("chen", &form, &json!({ "into": "1" }));
    office.card_in("search", 2, "Merged into #1");
    office.card(1, "2 alerts, 2 events · with #2");
    // The alert belongs to #1: what the monitor says about it counts there.
    office.monitor(SEARCH_KEY, "slow", "trigger");
    office.card(1, "2 alerts, 3 events");
    office.monitor(SEARCH_KEY, "slow", "resolve");
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    office.card(1, "still Ana Silva's");
}

#[test]
fn urgency_is_raised_by_a_person_and_pages() {
    let (office, card) = paged();
    let more = office.opens("mara", &card, "incident.more");
    office.press_in("mara", &more, "incident.make_low");
    office.window_says("mara", "Ana Silva is not paged any more, and nobody else will be");
    let card = office.card(1, "Low urgency: nobody is paged");
    let pages = office.slack.pages("ana", 1).len();
    let more = office.opens("ben", &card, "incident.more");
    office.press_in("ben", &more, "incident.make_high");
    office.window_says("ben", "paging Ana Silva now");
    eventually_true("a new page, not an edit", SOON, || {
        office.pass(1);
        office.slack.pages("ana", 1).len() == pages + 1
    });
    eventually_true("the channel is told anew", SOON, || {
        office.pass(1);
        let all = office.slack.messages("payments");
        all.iter().any(|m| m.0["subtype"] == "thread_broadcast" && m.text().contains("made it high urgency"))
    });
}

#[test]
fn nothing_had_to_be_done() {
    let (office, card) = anas();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.not_actionable");
    office.window_says("ana", "its alert is marked as one to fix. #1 is resolved");
    office.card(1, "Resolved by Ana Silva");
}

#[test]
fn a_misconfigured_alert_is_mended_by_one_of_two_who_press() {
    let (office, card) = paged();
    let form = office.opens("ana", &card, "incident.snooze");
    let until = form["blocks"][2]["element"]["options"][0]["value"].clone();
    office.submit("ana", &form, &json!({ "until": until, "why": "not_urgent", "words": "can wait" }));
    office.told("ana", "Its alert is yours to fix");
    let list = |who: &str| {
        office.slack.slash(who, "payments", "misconfigured");
        let is_list = |m: &Message| plain(&m.0.to_string()).contains("not urgent once");
        eventually("the list", SOON, || office.private(who).into_iter().rfind(is_list))
    };
    let (anas, bens) = (list("ana"), list("ben"));
    office.press("ana", "payments", &anas, "misconfigured.mended");
    office.told("ana", "“disk” of Payments API is off the list of alerts to fix");
    office.press("ben", "payments", &bens, "misconfigured.mended");
    office.told("ben", "There is no alert 1 to fix, or it is off the list already.");
}

#[test]
fn somebody_who_was_not_asked_confirms_with_one_tap_more() {
    let (office, card) = paged();
    office.press("chen", "payments", &card, "incident.acknowledge");
    let question = eventually("a question", SOON, || office.private("chen").pop());
    assert_eq!(plain(question.text()), "You are not on call for Payments. Take #1? Ana Silva stops being paged.");
    office.card(1, "Paging Ana Silva");
    office.press("chen", "payments", &question, "incident.take");
    office.card(1, "Chen Wei has it since");
    office.told("chen", "You have #1. Ana Silva is not paged any more; Ben Okafor will not be.");
}

#[test]
fn what_still_fires_pages_again_unless_somebody_says_not_to() {
    let (office, card) = anas();
    office.press("ana", "payments", &card, "incident.resolve");
    office.told("ana", "Still firing: 1 alert. If not cleared in 30 min, I page again.");
    let answer = office.private("ana").pop().expect("the answer to her Resolve");
    let card = office.card(1, "whoever is on call is paged again");
    // Whoever lost the answer finds the same in More….
    let more = office.opens("ben", &card, "incident.more");
    assert!(drawn(&more).join("\n").contains("Don't page again"), "{more}");
    office.press("ana", "payments", &answer, "incident.dont_page_again");
    office.told("ana", "#1 stays resolved.");
    office.press_in("ben", &more, "incident.dont_page_again");
    office.window_says("ben", "#1 pages nobody again by itself");
    office.card(1, "wants no page again");
}

#[test]
fn whoever_comes_too_late_may_take_it_over() {
    let (office, card) = anas();
    // Ben acts on what he saw a moment ago.
    let stale = Message(json!({ "ts": card.ts() }));
    let said = office.slack.types("ben", "payments", "/pager", "ack 1");
    assert!(drawn(&said).join(" ").contains("[Take it over]"), "{said}");
    assert_eq!(stale.ts(), card.ts());
    office.slack.types("ben", "payments", "/pager", "reassign 1 @ben");
    office.card(1, "Ben Okafor has it since");
}

#[test]
fn a_snooze_says_until_when_and_why_and_its_end_is_a_new_message() {
    let (office, card) = anas();
    let form = office.opens("ana", &card, "incident.snooze");
    let options = form["blocks"][2]["element"]["options"].as_array().cloned().unwrap_or_default();
    let words: Vec<&str> = options.iter().filter_map(|o| o["text"]["text"].as_str()).collect();
    assert!(words.iter().any(|w| w.starts_with("Until 09:00 today, in 5 h")), "{words:?}");
    let in_30_min = options[0]["value"].as_str().expect("an offer");
    let refused = office.submit("ana", &form, &json!({ "until": in_30_min, "at": 1_700_000_000 }));
    assert!(refused["errors"]["until"].as_str().is_some_and(|e| e.contains("has passed")), "{refused}");
    // The window stayed open, with what was wrong beside its field.
    let again = json!({ "until": in_30_min, "at": null, "why": "waiting_on", "words": "the vendor" });
    let taken = office.submit("ana", &form, &again);
    assert!(taken["errors"].is_null(), "{taken}");
    office.card(1, "(waiting: the vendor)");
    let pages = office.slack.pages("ana", 1).len();
    office.pass(31 * 60);
    office.card(1, "Paging Ana Silva");
    eventually_true("a new page", SOON, || {
        office.pass(1);
        office.slack.pages("ana", 1).len() > pages
    });
    eventually_true("the channel is told anew", SOON, || {
        office.pass(1);
        let all = office.slack.messages("payments");
        all.iter().any(|m| m.0["subtype"] == "thread_broadcast" && m.text().contains("The snooze is over"))
    });
}

#[test]
fn somebody_pages_by_hand_and_sees_first_whom_that_wakes() {
    let office = Office::usual();
    let answer = office.slack.types("chen", "payments", "/pager", "trigger");
    let form = office.window_after("chen", &[], &answer).expect("a window");
    let choose = json!({
        "user": "chen", "view_id": form["id"], "action_id": "raise.service", "value": "payments-api",
        "values": { "what": "nobody can pay" },
    });
    assert_eq!(office.slack.post("/sandbox/click", &choose)["ok"], true);
    let form = office.window_says("chen", "This wakes Ana Silva now");
    let values = json!({ "raise.service": "payments-api", "what": "nobody can pay", "urgency": "service" });
    office.submit("chen", &form, &values);
    office.card(1, "opened by Chen Wei");
    office.page("ana", 1);
    office.told("chen", "#1 is open for Payments API");
}

#[test]
fn an_open_home_tab_is_kept_true_for_an_hour_and_left_alone_where_nothing_changed() {
    let (office, card) = paged();
    let published = |who: &str| {
        let calls = office.slack.get("/sandbox/calls");
        let ours = calls.as_array().expect("calls").iter().filter(|c| c["method"] == "views.publish");
        ours.filter(|c| c["body"].to_string().contains(&user_id(who))).count()
    };
    let home = |words: &str| {
        eventually(format!("Ana's Home tab says {words:?}"), SOON, || {
            office.pass(10);
            office.home("ana").filter(|home| plain(&home.to_string()).contains(words))
        })
    };
    office.slack.open_home("ana");
    home("Paging Ana Silva since");
    // Ben takes it in the channel; Ana only looks.
    office.slack.press_well("ben", "payments", &card, "incident.acknowledge");
    office.told("ben", "Take #1?");
    let question = office.private("ben").pop().expect("the question");
    office.slack.press_well("ben", "payments", &question, "incident.take");
    home("Ben Okafor has it since");
    assert_eq!(published("ben"), 0, "he never opened his");
    let before = published("ana");
    for _ in 0..6 {
        office.pass(10);
    }
    assert_eq!(published("ana"), before, "nothing changed");

    office.pass(60 * 60);
    let before = published("ana");
    office.slack.slash("ben", "payments", "resolve 1");
    for _ in 0..6 {
        office.pass(10);
    }
    assert_eq!(published("ana"), before, "she looked at it long ago");
}

#[test]
fn the_home_tab_says_what_is_mine_and_its_buttons_work() {
    let (office, _) = paged();
    office.slack.open_home("ana");
    let home = |words: &str| {
        eventually(format!("the Home tab says {words:?}"), SOON, || {
            office.home("ana").filter(|home| plain(&home.to_string()).contains(words))
        })
    };
    let shown = home("Paging Ana Silva since");
    office.press_in("ana", &shown, "incident.acknowledge");
    home("Ana Silva has it since");
    let window = office.top("ana", 1);
    assert!(drawn(&window).join(" ").contains("You have #1"), "{window}");
}

#[test]
fn words_to_the_bot_are_a_command() {
    let (office, _) = paged();
    let say = |text: &str| {
        let body = json!({ "user": "ana", "channel": "dm:ana", "text": text });
        assert_eq!(office.slack.post("/sandbox/say", &body)["ok"], true);
    };
    say("ack 1");
    office.slack.wait("dm:ana", "You have #1. Ben Okafor will not be paged.");
    say("trigger");
    office.slack.wait("dm:ana", "Press this to say what is wrong");
    say("hello");
    office.slack.wait("dm:ana", "I don't know `hello`");
}

#[test]
fn an_answer_reaches_whoever_asked_where_the_bot_is_no_member() {
    let (office, card) = anas();
    office.slack.order(json!({"fault": "error", "error": "not_in_channel", "method": "chat.postEphemeral"}));
    let form = office.opens("ana", &card, "incident.snooze");
    let first = form["blocks"][2]["element"]["options"][0]["value"].clone();
    office.submit("ana", &form, &json!({ "until": first }));
    office.slack.wait("dm:ana", "#1 is snoozed until");
    assert_eq!(channel_id("payments"), "C0PAYMENTS");
}

#[test]
fn the_log_below_the_card_is_one_edited_message() {
    let (office, card) = anas();
    office.slack.types("ana", "payments", "/pager", "note 1 looking");
    office.slack.types("ana", "payments", "/pager", "note 1 found it");
    let log = |words: &str| {
        eventually(format!("the log says {words:?}"), SOON, || {
            office.pass(1);
            let all = office.slack.thread("payments", &card);
            let logs: Vec<Message> = all.into_iter().filter(|m| m.text() == "Log of #1").collect();
            assert!(logs.len() <= 1, "one message, edited");
            logs.into_iter().find(|m| m.0.to_string().contains(words))
        })
    };
    let shown = log("found it");
    assert!(drawn(&shown.0).join("\n").contains("Ana Silva (Slack): delivered"), "{:?}", drawn(&shown.0));
    office.slack.types("ana", "payments", "/pager", "note 1 mended it");
    assert_eq!(log("mended it").ts(), shown.ts());
}

/// Payments and search page Ana, one message in half a minute.
fn bundling() -> Office {
    let config = e2e::Company::default().config().replace("bundle = \"0s\"", "bundle = \"30s\"");
    Office::open(&config, e2e::company::workspace())
}

#[test]
fn one_push_at_a_time_the_first_at_once_and_the_rest_together() {
    let office = bundling();
    office.monitor(PAYMENTS_KEY, "a", "trigger");
    let first = office.page("ana", 1);
    assert!(first.text().starts_with("Page: #1"), "{}", first.text());
    for key in ["b", "c", "d"] {
        office.monitor(PAYMENTS_KEY, key, "trigger");
    }
    office.settle();
    assert_eq!(office.slack.messages("dm:ana").len(), 1, "the rest waits");
    office.pass(30);
    let bundle = office.slack.wait("dm:ana", "Page: 3 more incidents, worst #2 Payments API");
    assert!(bundle.text().ends_with("(tier 3). 4 wait for you in all"), "{}", bundle.text());
    assert_eq!(bundle.buttons(), ["bundle.acknowledge", "bundle.list"]);
    // Ben takes one of them: the message says so, and asks for the others.
    office.slack.types("ben", "payments", "/pager", "reassign 3 @ben");
    let dm = |words: &str| {
        eventually(format!("the message says {words:?}"), SOON, || {
            office.pass(1);
            office.slack.messages("dm:ana").into_iter().find(|m| plain(&m.0.to_string()).contains(words))
        })
    };
    let shown = dm("2 of these 3 incidents wait for you");
    assert_eq!(shown.ts(), bundle.ts(), "the same message, edited");
    assert!(drawn(&shown.0).join(" ").contains("Ben Okafor has it since"), "{:?}", drawn(&shown.0));
    office.press("ana", "dm:ana", &shown, "bundle.list");
    let listed = office.top("ana", 1);
    assert!(drawn(&listed).join(" ").contains("#4"), "{listed}");
    assert!(drawn(&listed).join(" ").contains("Besides these, 1 more waits for you"), "{listed}");
    office.press("ana", "dm:ana", &shown, "bundle.acknowledge");
    dm("You have 2 of these incidents");
    office.card(2, "Ana Silva has it");
    office.card(4, "Ana Silva has it");
    office.card(1, "Paging Ana Silva");
    let had = office.slack.wait("dm:ana", "You have 2 incidents: #2, #4");
    assert!(had.text().contains("1 more waits for you: `/pager list mine`"), "{}", had.text());
}

#[test]
fn fault_14_a_window_that_slack_does_not_open_in_time_changes_nothing_and_says_so() {
    let (office, card) = anas();
    let order = json!({"fault": "error", "error": "expired_trigger_id", "method": "views.open", "count": 1});
    office.slack.order(order);
    office.press("ana", "payments", &card, "incident.snooze");
    office.told("ana", "Slack did not open the window in time. Nothing was changed: press the button again.");
    assert_eq!(office.windows("ana").len(), 0);
    office.card(1, "Ana Silva has it since");
    // The second press is a new trigger.
    office.opens("ana", &card, "incident.snooze");
}

#[test]
fn the_playbook_is_one_tap_away_and_what_is_written_into_it_shows_at_once() {
    let office = Office::usual();
    let playbook = |title: &str, of: &str, step: &str| {
        format!(
            "+++\ntitle = \"{title}\"\nowner = \"payments\"\nlast_reviewed = 2026-01-05\n[[match]]\n{of}\n+++\n- [ ] {step}\n"
        )
    };
    let listed = |words: &str| {
        eventually_true(format!("the list says {words}"), 2 * SOON, || {
            office.pass(2);
            plain(&office.slack.slash("ana", "payments", "playbook list").to_string()).contains(words)
        });
    };
    office.writes_playbook(
        "db",
        &playbook("Database down", "services = [\"payments-api\"]\ntitles = [\"Alert db*\"]", "Start it. (5m)"),
    );
    office.writes_playbook("any", &playbook("Anything", "titles = [\"*\"]", "Breathe."));
    listed("/pager playbook any");
    office.monitor(PAYMENTS_KEY, "db-1", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    assert!(plain(&card.0.to_string()).contains("Database down"), "the one that asks for more: {}", card.0);
    let page = office.page("ana", 1);
    assert!(page.buttons().contains(&"incident.playbook".to_owned()), "{:?}", page.buttons());
    let window = office.opens("ana", &card, "incident.playbook");
    let drawn_in = |window: &Value| drawn(window).join("\n");
    assert!(drawn_in(&window).contains("Start it."), "{}", drawn_in(&window));
    office.press_in("ana", &window, "playbook.open");
    let other = office.top("ana", 2);
    assert!(drawn_in(&other).contains("Breathe."), "{}", drawn_in(&other));
    // What she reads is what is written now.
    office.writes_playbook(
        "db",
        &playbook("Database down", "services = [\"payments-api\"]\ntitles = [\"Alert db*\"]", "Call Ben."),
    );
    eventually_true("the new words are there", 2 * SOON, || {
        office.pass(2);
        plain(&office.slack.slash("ana", "payments", "playbook 1").to_string()).contains("Call Ben.")
    });
    // A mistake in one changes nothing, and says so.
    office.writes_playbook("db", &playbook("Database down", "titles = []", "Never mind."));
    office.slack.wait("admin", "[[match]] fits every alert");
    let answer = office.slack.slash("ana", "payments", "playbook db").to_string();
    assert!(plain(&answer).contains("Call Ben."), "{answer}");
}

/// A playbook of three steps, in two sections, for every alert of payments.
const WALK: &str = "+++
title = \"Database down\"
owner = \"payments\"
last_reviewed = 2026-01-05
[[match]]
services = [\"payments-api\"]
+++
## Look

- [ ] Is it up? (5m, then ask for help)
  - It is: [go to the end](#the-end).
- [ ] Start it.

## The end

- [ ] Tell [Search](page:search).
";

impl Office {
    /// The message in which #1's playbook is followed, once it says so.
    fn walk(&self, card: &Message, words: &str) -> Message {
        eventually(format!("the thread says {words:?}"), SOON, || {
            self.pass(1);
            let all = self.slack.thread("payments", card);
            all.into_iter().find(|m| m.text().contains("playbook") && plain(&m.0.to_string()).contains(words))
        })
    }
}

/// #1, which Ana has, and whose playbook she begins from its card.
fn follows() -> (Office, Message, Value) {
    let office = Office::usual();
    office.writes_playbook("db", WALK);
    eventually_true("the playbook is known", 2 * SOON, || {
        office.pass(2);
        plain(&office.slack.slash("ana", "payments", "playbook list").to_string()).contains("/pager playbook db")
    });
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    let window = office.opens("ana", &card, "incident.playbook");
    office.press_in("ana", &window, "playbook.begin");
    let window = office.window_says("ana", "step 1 of 3");
    (office, card, window)
}

#[test]
fn a_playbook_is_followed_by_two_people_and_one_press_is_one_step() {
    let (office, card, window) = follows();
    let walk = office.walk(&card, "step 1 of 3");
    // She begins work on what she was asked about: it is hers, and nobody else is asked.
    office.card(1, "Ana Silva has it");
    office.card(1, "Database down · step 1 of 3: Is it up?");
    // Ben does the first step, in the thread; what Ana's window shows is out of date, and pressing there does no second.
    office.press("ben", "payments", &walk, "step.done");
    let walk = office.walk(&card, "step 2 of 3");
    office.press_in("ana", &window, "step.done");
    let window = office.window_says("ana", "Ben Okafor was first");
    assert!(drawn(&window).join("\n").contains("step 2 of 3"), "{window}");
    office.walk(&card, "step 2 of 3");
    // She skips the second, and says why.
    office.press_in("ana", &window, "step.skip");
    let form = office.top("ana", 2);
    let said = json!({ "why": "done_before", "words": "it runs <!here> already" });
    assert_eq!(office.submit("ana", &form, &said), json!({ "ok": true }));
    let window = office.window_says("ana", "step 3 of 3");
    assert_eq!(office.windows("ana").len(), 1, "the form is gone, and the next step stands where its button was");
    let shown = plain(&office.walk(&card, "step 3 of 3").0.to_string());
    assert!(shown.contains("Step 2: Start it (done before: it runs &lt;!here&gt; already) · Ana Silva"), "{shown}");
    // The step says to page a team: the button does.
    office.press_in("ana", &window, "step.page");
    office.window_says("ana", "#1: paging Chen Wei now");
    office.page("chen", 1);
    // The last one is done by Ben, on the walk as he sees it.
    let last = office.walk(&card, "step 3 of 3");
    office.press("ben", "payments", &last, "step.done");
    let end = office.walk(&card, "finished, 2 of 3 done, 1 skipped");
    office.press("ben", "payments", &end, "incident.resolve");
    let over = office.walk(&card, "finished");
    eventually_true("nothing is to be pressed any more", SOON, || {
        office.pass(1);
        office.walk(&card, "finished").buttons().is_empty()
    });
    assert_eq!(over.ts(), walk.ts(), "it was one message all along");
    // A press on what somebody saw before it changed.
    let late = office.slack.slash("ana", "payments", "playbook 1").to_string();
    assert!(plain(&late).contains("finished") && !late.contains("step.done"), "{late}");
}

#[test]
fn whoever_is_stuck_gets_help_and_one_who_forgets_the_time_is_told() {
    let (office, card, window) = follows();
    office.press_in("ana", &window, "step.stuck");
    let help = office.top("ana", 2);
    let said = drawn(&help).join("\n");
    assert!(said.contains("Escalate") && said.contains("Add responders"), "{said}");
    office.card(1, "Ana Silva is stuck since");
    office.press_in("ana", &help, "incident.escalate");
    office.window_says("ana", "paging Ben Okafor now");
    office.page("ben", 1);
    // Ben takes the step over: Ana is not stuck any more. He goes back once, and its time begins anew.
    let walk = office.walk(&card, "Ana Silva is stuck here");
    office.press("ben", "payments", &walk, "step.done");
    let walk = office.walk(&card, "step 2 of 3");
    assert!(!plain(&office.card(1, "step 2 of 3").0.to_string()).contains("is stuck"));
    office.press("ben", "payments", &walk, "step.back");
    office.walk(&card, "step 1 of 3");
    office.pass(5 * 60 + 1);
    // Whoever has the incident hears of it.
    let told = eventually("Ana is told that it takes long", SOON, || {
        office.pass(1);
        let all = office.slack.messages("dm:ana");
        all.into_iter().find(|m| plain(m.text()).starts_with("#1 step 1 is over its time"))
    });
    assert_eq!(told.buttons(), ["step.stuck", "step.done", "incident.playbook"], "{}", told.0);
    office.slack.press_well("ana", "dm:ana", &told, "step.done");
    office.walk(&card, "step 2 of 3");
    // A restart loses nothing of it, and posts nothing twice.
    let mut office = office;
    office.restart();
    let all = office.slack.thread("payments", &card);
    let walks = all.iter().filter(|m| m.text().contains("playbook Database down")).count();
    assert_eq!(walks, 1, "{all:?}");
    let walk = office.walk(&card, "step 2 of 3");
    office.press("ana", "payments", &walk, "step.done");
    office.walk(&card, "step 3 of 3");
}

#[test]
fn what_is_in_the_way_is_read_by_whoever_is_asked_and_the_window_goes_back_to_the_walk() {
    let (office, card, window) = follows();
    office.press_in("ana", &window, "step.stuck");
    let help = office.top("ana", 2);
    let said = drawn(&help).join("\n");
    assert!(said.contains("That pages nobody by itself") && !said.contains("Paging"), "{said}");
    office.press_in("ana", &help, "incident.note");
    let form = office.top("ana", 3);
    assert_eq!(office.submit("ana", &form, &json!({ "words": "the <!here> host is gone" })), json!({ "ok": true }));
    let walk = office.window_says("ana", "step 1 of 3");
    let said = drawn(&walk).join("\n");
    assert!(said.contains("Noted on #1") && said.contains("Is it up?"), "{said}");
    // Whoever is asked from there reads it, and she finds the walk again.
    office.press_in("ana", &walk, "step.stuck");
    let help = office.top("ana", 3);
    office.press_in("ana", &help, "incident.escalate");
    office.window_says("ana", "paging Ben Okafor now");
    let page = office.page("ben", 1);
    assert!(plain(&page.0.to_string()).contains(": the &lt;!here&gt; host is gone"), "{}", page.0);
    let walk = office.walk(&card, "Ana Silva is stuck here");
    office.press("ana", "payments", &walk, "step.stuck");
    eventually_true("the window says who is asked", SOON, || {
        office.windows("ana").last().is_some_and(|w| drawn(w).join("\n").contains("Paging Ben Okafor already"))
    });
}

#[test]
fn back_undoes_a_jump_and_then_the_step_before_it() {
    let (office, card, window) = follows();
    office.press_in("ana", &window, "step.done");
    let window = office.window_says("ana", "step 2 of 3");
    let jumps = window["blocks"].as_array().into_iter().flatten().flat_map(|b| b["elements"].as_array()).flatten();
    let mut jumps = jumps.filter(|e| e["action_id"] == "step.go_to");
    let select = jumps.next().expect("the headings to go on at");
    let to = select["options"][1]["value"].clone();
    let jump = json!({ "user": "ana", "view_id": window["id"], "action_id": "step.go_to", "value": to });
    assert_eq!(office.slack.post("/sandbox/click", &jump)["ok"], true);
    let window = office.window_says("ana", "step 3 of 3");
    office.press_in("ana", &window, "step.back");
    let window = office.window_says("ana", "step 2 of 3");
    assert!(drawn(&window).join("\n").contains("Step 1: Is it up?"), "what was done, is done: {window}");
    office.press_in("ana", &window, "step.back");
    office.window_says("ana", "step 1 of 3");
    let walk = office.walk(&card, "step 1 of 3");
    assert!(!walk.buttons().contains(&"step.back".to_owned()), "{:?}", walk.buttons());
}

#[test]
fn a_walk_that_is_at_its_end_is_begun_again_only_by_who_says_so() {
    let (office, card, window) = follows();
    office.press_in("ana", &window, "step.jump");
    let window = office.window_says("ana", "step 3 of 3");
    office.press_in("ana", &window, "step.done");
    let end = office.window_says("ana", "finished, 2 of 3 done");
    office.press_in("ana", &end, "playbook.open");
    let whole = office.top("ana", 2);
    office.press_in("ana", &whole, "playbook.begin");
    let asked = office.window_says("ana", "It was followed to its end at 03:0");
    assert!(drawn(&asked).join("\n").contains("finished, 2 of 3 done"), "{asked}");
    office.walk(&card, "finished, 2 of 3 done");
    office.press_in("ana", &asked, "playbook.begin_again");
    office.window_says("ana", "step 1 of 3");
    office.walk(&card, "step 1 of 3");
}

#[test]
fn whoever_presses_in_a_thread_is_answered_in_the_thread() {
    let (office, card, window) = follows();
    office.press_in("ana", &window, "step.jump");
    let walk = office.walk(&card, "step 3 of 3");
    office.press("ben", "payments", &walk, "step.page");
    eventually_true("Ben is answered where he looks", SOON, || {
        let all = office.private_below("ben", &card);
        all.iter().any(|m| plain(m.text()).contains("#1: paging Chen Wei now"))
    });
    assert!(office.private("ben").is_empty(), "{:?}", office.private("ben"));
    // What he does in a window that he opened there, too.
    office.press("ben", "payments", &walk, "step.done");
    let end = office.walk(&card, "finished");
    office.press("ben", "payments", &end, "incident.add_responders");
    let form = office.top("ben", 1);
    office.submit("ben", &form, &json!({ "people": [user_id("divya")] }));
    eventually_true("the same for a form", SOON, || {
        let all = office.private_below("ben", &card);
        all.iter().any(|m| plain(m.text()).contains("paging Divya Rao now"))
    });
}

#[test]
fn whoever_is_being_asked_and_does_a_step_has_the_incident() {
    let office = Office::usual();
    office.writes_playbook("db", WALK);
    eventually_true("the playbook is known", 2 * SOON, || {
        office.pass(2);
        plain(&office.slack.slash("ana", "payments", "playbook list").to_string()).contains("/pager playbook db")
    });
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    // Chen, whom nobody asked, begins: Ana goes on being paged.
    office.press("chen", "payments", &card, "incident.playbook");
    let window = office.top("chen", 1);
    office.press_in("chen", &window, "playbook.begin");
    let walk = office.walk(&card, "step 1 of 3");
    office.press("chen", "payments", &walk, "step.done");
    let walk = office.walk(&card, "step 2 of 3");
    office.card(1, "Paging Ana Silva");
    office.press("ana", "payments", &walk, "step.done");
    office.walk(&card, "step 3 of 3");
    office.card(1, "Ana Silva has it");
    eventually_true("she is told so", SOON, || {
        office.private_below("ana", &card).iter().any(|m| plain(m.text()).contains("You have #1"))
    });
}

#[test]
fn whoever_came_as_well_finds_in_their_message_what_can_be_done() {
    let (office, _, _) = follows();
    office.slack.slash("ana", "payments", "add 1 @chen");
    let page = office.page("chen", 1);
    office.slack.press_well("chen", "dm:chen", &page, "incident.acknowledge");
    let on_it = eventually("Chen's message", SOON, || {
        office.pass(1);
        office.slack.pages("chen", 1).pop().filter(|m| plain(&m.0.to_string()).contains("You are on it too"))
    });
    let buttons = on_it.buttons();
    for wanted in ["incident.playbook", "incident.resolve", "incident.more"] {
        assert!(buttons.contains(&wanted.to_owned()), "{wanted}: {buttons:?}");
    }
}

#[test]
fn what_is_written_into_a_playbook_changes_nothing_under_the_hands_of_who_follows_it() {
    let (office, card, _) = follows();
    office.writes_playbook("db", &WALK.replace("Start it.", "Call the vendor.").replace("Is it up?", "Breathe."));
    eventually_true("the new words are there", 2 * SOON, || {
        office.pass(2);
        plain(&office.slack.slash("ana", "payments", "playbook db").to_string()).contains("Call the vendor.")
    });
    let walk = office.walk(&card, "Is it up?");
    office.press("ana", "payments", &walk, "step.done");
    office.walk(&card, "Start it.");
    // Typed, it is the same walk, to be gone on with where it was asked for.
    let answer = office.slack.slash("ben", "payments", "playbook 1");
    assert!(plain(&answer.to_string()).contains("Start it."), "{answer}");
    let mine = eventually("Ben has the step before him", SOON, || {
        office.private("ben").into_iter().find(|m| plain(&m.0.to_string()).contains("Start it."))
    });
    office.press("ben", "payments", &mine, "step.done");
    eventually_true("the next one stands in its place", SOON, || {
        let mine = office.private("ben");
        mine.iter().any(|m| plain(&m.0.to_string()).contains("step 3 of 3"))
            && !mine.iter().any(|m| plain(&m.0.to_string()).contains("step 2 of 3"))
    });
    office.walk(&card, "step 3 of 3");
}

/// The usual company's configuration, and Ana is not in it.
fn without_ana() -> String {
    let config = e2e::Company::default().config();
    let ana = format!("[[user]]\nid = \"ana\"\nname = \"Ana Silva\"\nslack = \"{}\"\ntz = \"UTC\"\n", user_id("ana"));
    assert!(config.contains(&ana), "{config}");
    config.replace(&ana, "").replace("\"user:ana\"", "\"user:divya\"").replace("\"ana\", ", "")
}

#[test]
fn whoever_leaves_the_configuration_with_an_incident_is_told_to_the_admin_channel_once() {
    let (office, _) = anas();
    office.configure(&without_ana());
    let told = "Whoever has these is not in the configuration any more: #1 (ana). Give each to somebody: `/pager reassign 1 @name`";
    office.slack.wait("admin", told);
    office.pass(2 * 60 * 60);
    office.settle();
    let all = office.slack.messages("admin");
    assert_eq!(all.iter().filter(|m| m.text().contains("Whoever has these")).count(), 1, "{all:#?}");
}

#[test]
fn fault_24_whoever_is_removed_from_the_configuration_is_passed_over_at_once() {
    let (office, _) = paged();
    office.configure(&without_ana());
    office.settle();
    // #1 keeps the policy it began with: its next level is Ben, an hour early.
    office.card(1, "Paging Ben Okafor since");
    office.page("ben", 1);
}

#[test]
fn a_silence_is_filled_in_and_what_is_wrong_stands_beside_its_input() {
    let (office, card) = paged();
    let more = office.opens("ana", &card, "incident.more");
    office.press_in("ana", &more, "incident.silence");
    let form = office.top("ana", 2);
    let until = form["blocks"][2]["element"]["options"][0]["value"].clone();
    let why = office.submit("ana", &form, &json!({ "until": until, "wide": "alert", "words": "   " }));
    assert_eq!(
        why["errors"]["words"],
        "Say why: because deploy at the end. It stands on the card of everything it holds back."
    );
    office.submit("ana", &form, &json!({ "until": until, "wide": "alert", "words": "known" }));
    office.window_says("ana", "Silence of “Alert disk” of Payments API until");
    office.card(1, "Silenced by Ana Silva until");
    assert_eq!(office.windows("ana").len(), 2, "the answer stands on More…");
}

#[test]
fn a_maintenance_window_is_filled_in_and_what_is_wrong_stands_beside_its_input() {
    let (office, _) = paged();
    office.slack.types("ben", "payments", "/pager", "maintenance");
    let form = office.top("ben", 1);
    // It is 03:02.
    let now = 1_772_420_520;
    let wrong = |values: Value, field: &str, why: &str| {
        let answer = office.submit("ben", &form, &values);
        assert_eq!(answer["errors"][field], why, "{values}: {answer}");
    };
    let at = |secs: i64| json!(now + secs);
    wrong(json!({ "at": at(3_600), "words": "deploy" }), "services", "Name at least one, and 20 at most.");
    wrong(
        json!({ "services": ["payments-api"], "team": "search", "at": at(3_600), "words": "deploy" }),
        "team",
        "Choose services, or everything of a team, not both.",
    );
    wrong(
        json!({ "services": ["payments-api"], "team": null, "from": at(7_200), "at": at(3_600), "words": "deploy" }),
        "at",
        "It would end before it begins. Swap the two times.",
    );
    wrong(
        json!({ "services": ["payments-api"], "from": null, "at": at(-3_600), "words": "deploy" }),
        "at",
        "It would have ended already, Mar 2 02:02. Choose a later end.",
    );
    wrong(
        json!({ "services": ["payments-api"], "at": at(31 * 86_400), "words": "deploy" }),
        "at",
        "A maintenance window lasts 30 days at most. Choose an end before Apr 1 03:02.",
    );
    wrong(
        json!({ "services": ["payments-api"], "at": at(3_600), "words": " " }),
        "words",
        "Say why: because deploy at the end. It stands on the card of everything it holds back.",
    );
    office.card(1, "Paging Ana Silva");
    office.submit("ben", &form, &json!({ "services": ["payments-api"], "at": at(3_600), "words": "deploy" }));
    office.told("ben", "Maintenance of Payments API until Mar 2 04:02. Ana Silva is not paged any more.");
    office.card(1, "In maintenance by Ben Okafor until Mar 2 04:02: deploy.");
    let said = eventually("the window's message", SOON, || {
        office.pass(1);
        let all = office.slack.messages("payments");
        all.into_iter().find(|m| m.text().contains("Maintenance of Payments API"))
    });
    office.press("ana", "payments", &said, "quiet.extend");
    office.told("ana", "lasts until Mar 2 05:02 now");
    office.press("ana", "payments", &said, "quiet.end");
    office.told("ana", "was ended by Ana Silva");
    office.card(1, "Paging Ana Silva");
}

#[test]
fn what_is_private_is_read_by_its_team_and_in_its_channel() {
    let config = e2e::Company::default().config();
    let search = format!("name = \"search\"\nid = \"{}\"\n", channel_id("search"));
    let config = config.replace(&search, &format!("{search}private = true\n"));
    let config = config.replace("name = \"Search API\"\n", "name = \"Search API\"\nprivate = true\n");
    let config = config.replace("[[channel]]\nname = \"admin\"\n", "[[channel]]\nname = \"admin\"\nprivate = true\n");
    let mut workspace = e2e::company::workspace();
    let members: Vec<String> = e2e::company::PEOPLE.iter().map(|(id, _)| user_id(id)).collect();
    for channel in workspace.channels.iter_mut().filter(|c| c.name != "payments") {
        channel.is_private = true;
        channel.members.clone_from(&members);
    }
    let office = Office::open(&config, workspace);
    office.monitor(SEARCH_KEY, "secret", "trigger");
    office.card_in("search", 1, "Paging Chen Wei");
    let says =
        |who: &str, channel: &str, text: &str| drawn(&office.slack.types(who, channel, "/pager", text)).join("\n");
    for text in ["list", "show 1", "why 1", "now"] {
        for (who, channel, reads) in [
            ("ana", "payments", false),
            ("ana", "search", true),
            ("divya", "payments", true),
            ("chen", "payments", true),
        ] {
            let said = says(who, channel, text);
            assert_eq!(said.contains("secret"), reads, "{who} in #{channel}: {text}: {said}");
        }
    }
    assert!(says("ana", "payments", "show 1").contains("#1 is of a private service"));
    assert!(says("ana", "payments", "list").contains("1 more is open for private services"));

    // Nor is it read in what silences it, nor that it was.
    assert!(says("chen", "search", "silence 1 2h because of the breach").contains("secret"));
    for text in ["silences", "now", "list all"] {
        for (who, channel, reads) in [("ana", "payments", false), ("ana", "search", true), ("chen", "payments", true)] {
            let said = says(who, channel, text);
            assert!(said.contains("ilence of"), "{who} in #{channel}: {text}: {said}");
            let of = (said.contains("secret"), said.contains("Search API"));
            assert_eq!(of, (reads, reads), "{who} in #{channel}: {text}: {said}");
            assert!(reads || !said.contains("breach"), "{who} in #{channel}: {text}: {said}");
        }
    }
    office.comes_to_rest();
    let elsewhere: Vec<Message> = office.slack.messages("payments");
    assert!(elsewhere.iter().all(|m| !m.0.to_string().contains("ilence of")), "{elsewhere:?}");

    // Nor in the list of misconfigured alerts; nor does anybody else take it off.
    let card = office.card_in("search", 1, "Silenced");
    office.press("chen", "search", &card, "incident.more");
    office.press_in("chen", &office.top("chen", 1), "incident.not_actionable");
    office.window_says("chen", "Its alert is yours to fix");
    for (who, channel, reads) in [("ana", "payments", false), ("ana", "search", true), ("chen", "payments", true)] {
        let said = says(who, channel, "misconfigured");
        assert_eq!(said.contains("secret"), reads, "{who} in #{channel}: {said}");
        assert_eq!(said.contains("1 more is of a private service"), !reads, "{who} in #{channel}: {said}");
    }
    assert!(says("ana", "payments", "misconfigured mended 1").contains("There is no alert 1 to fix"));
    assert!(says("ana", "search", "misconfigured mended 1").contains("off the list of alerts to fix"));
}

#[test]
fn whoever_takes_a_second_level_of_the_same_policy_is_warned() {
    let two = Company::default().config().replace("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]");
    let two = two.replace("targets = [\"user:ben\"]", "targets = [\"schedule:backup\"]");
    let two = two
        + "[[schedule]]\nid = \"backup\"\nname = \"Backup\"\nteam = \"payments\"\ntz = \"UTC\"\n[[schedule.layer]]\n\
           members = [\"mara\"]\nevery = \"day\"\nstart = 2024-01-01\nhandoff = \"09:00\"\n";
    let office = Office::open(&two, company::workspace());
    let says = |line: &str| plain(&office.slack.types("ben", "payments", "/pager", line).to_string());
    let both = says("oncall take Backup 2h");
    assert!(both.contains("You carry Payments, by the week then as well"), "{both}");
    // Level 2 names Ben, whoever is on call.
    let by_name =
        Company::default().config().replace("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]");
    let other = Office::open(&by_name, company::workspace());
    let said = plain(&other.slack.types("ben", "payments", "/pager", "oncall take payments-week 2h").to_string());
    assert!(said.contains("You are level 2 of the same policy as well"), "{said}");
    // Chen carries nothing else.
    let fine = says("oncall override Backup @chen 2h");
    assert!(!fine.contains(":warning:"), "{fine}");
}

#[test]
fn whoever_was_asked_for_by_name_is_paged_although_another_call_of_theirs_was_answered_first() {
    let mut company = Company::waiting(&["10s", "1h"]).config();
    company = company
        .replace("bundle = \"0s\"", "bundle = \"30s\"")
        .replace("targets = [\"user:ben\"]", "targets = [\"user:chen\"]");
    let office = Office::open(&company, company::workspace());
    office.monitor(SEARCH_KEY, "slow", "trigger");
    office.page("chen", 1);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let anas = office.page("ana", 2);
    // Held back, because a push to Chen is unanswered.
    office.slack.types("mara", "payments", "/pager", "add 2 @chen");
    // Level 2 is Chen too: one page says both.
    office.pass(11);
    office.press("ana", "dm:ana", &anas, "incident.acknowledge");
    office.card(2, "Ana Silva has it since");
    office.card(2, "Also paging Chen Wei");
    office.pass(31);
    office.slack.wait("dm:chen", "#2");
}
