//! The first look at an incident: a window of big choices, opened from the card or by words. Ana carries the pager of payments,
//! Chen the one of search.

mod e2e;
mod office;

use e2e::company::{Company, PAYMENTS_KEY};
use e2e::{Message, SOON, eventually};
use office::{Office, drawn, plain};
use serde_json::{Value, json};

impl Office {
    fn card(&self, no: u64, words: &str) -> Message {
        eventually(format!("the card of #{no} says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards("payments", no);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    fn window_says(&self, who: &str, words: &str) -> Value {
        eventually(format!("the window before {who} says {words:?}"), SOON, || {
            self.windows(who).into_iter().next_back().filter(|w| drawn(w).join("\n").contains(words))
        })
    }

    fn press_in(&self, who: &str, window: &Value, action: &str) {
        let body = json!({ "user": who, "view_id": window["id"], "action_id": action });
        let answer = self.slack.post("/sandbox/click", &body);
        assert_eq!(answer["ok"], true, "{action}: {answer}");
    }

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        self.slack.post("/sandbox/submit", &json!({ "user": who, "view_id": window["id"], "values": values }))
    }

    fn page(&self, who: &str, no: u64) -> Message {
        eventually(format!("{who} is paged for #{no}"), SOON, || {
            self.pass(1);
            self.slack.pages(who, no).into_iter().next_back()
        })
    }
}

/// #1, which Ana has.
fn anas() -> (Office, Message) {
    let office = Office::usual();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card(1, "Ana Silva has it");
    (office, card)
}

#[test]
fn what_is_found_stands_on_the_card_and_another_person_goes_on_from_there() {
    let (office, card) = anas();
    office.slack.slash("ben", "payments", "doing 'draining <!here> east' 1h");
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "Who feels it?");
    assert!(drawn(&window).join("\n").contains("draining @here east"), "what is going on: {window}");
    office.press_in("ana", &window, "triage.some");
    let window = office.window_says("ana", "some customers (Ana Silva");
    office.press_in("ana", &window, "triage.worse");
    office.card(1, "Found: some customers feel it, getting worse");
    // Ben goes on where she left, by words.
    let answer = office.slack.slash("ben", "payments", "triage 1");
    assert!(answer["text"].is_null(), "a window opens: {answer}");
    let window = office.window_says("ben", "some customers (Ana Silva");
    office.press_in("ben", &window, "triage.all");
    office.window_says("ben", "all customers (Ben Okafor");
    office.card(1, "Found: all customers feel it, getting worse");
    // Since when is a form on top; the window below shows it.
    let window = office.window_says("ben", "Since when?");
    office.press_in("ben", &window, "triage.since");
    let form = office.window_says("ben", "When did it begin?");
    let ahead = json!({ "at": office.clock.now().secs() + 3_600 });
    assert!(office.submit("ben", &form, &ahead).to_string().contains("Choose when it began"));
    let began = json!({ "at": office.clock.now().secs() - 600 });
    assert_eq!(office.submit("ben", &form, &began), json!({ "ok": true }));
    office.window_says("ben", "Since when? Mar 2");
    assert_eq!(office.windows("ben").len(), 1);
}

#[test]
fn what_is_not_hers_pages_the_other_team_and_they_have_it() {
    let (office, card) = anas();
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "Pages the right team");
    office.press_in("ana", &window, "triage.not_mine");
    let form = office.window_says("ana", "Whose is it?");
    assert!(form.to_string().contains("Chen Wei"), "it says who would be woken: {form}");
    office.submit("ana", &form, &json!({ "team": "search" }));
    office.window_says("ana", "#1 belongs to Search now");
    let page = office.page("chen", 1);
    office.slack.press_well("chen", "dm:chen", &page, "incident.acknowledge");
    office.card(1, "Chen Wei has it");
}

#[test]
fn what_can_wait_is_on_somebodys_list() {
    let (office, card) = anas();
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "It can wait.");
    office.press_in("ana", &window, "triage.can_wait");
    let form = office.window_says("ana", "How bad is it?");
    office.submit("ana", &form, &json!({ "what": "A bigger disk <!here>" }));
    office.window_says("ana", "#1 can wait: it is item 1 now");
    office.card(1, "Resolved by Ana Silva");
    let items = plain(&office.slack.slash("ana", "payments", "items").to_string());
    assert!(items.contains("A bigger disk") && items.contains("severity 3"), "{items}");
}

#[test]
fn what_is_major_pages_everybody_at_once_and_only_a_person_ends_it() {
    let office = Office::open(&Company::waiting(&["30m", "30m", "30m"]).config(), e2e::company::workspace());
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card(1, "Ana Silva has it");
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "It is major.");
    assert!(drawn(&window).join("\n").contains("Ben Okafor and Mara Keller"), "whom it wakes: {window}");
    office.press_in("ana", &window, "triage.major");
    office.window_says("ana", "Paged now: Ben Okafor and Mara Keller");
    for who in ["ben", "mara"] {
        assert!(plain(office.page(who, 1).text()).starts_with("Ana Silva says it is major: #1 MAJOR"), "{who}");
    }
    office.card(1, "MAJOR");
    // Whoever is asked to come means it without its number, although Ana has it; and ends nothing of hers by a word too few.
    for _ in 0..2 {
        let resolved = plain(&office.slack.slash("ben", "payments", "resolve").to_string());
        assert!(resolved.contains("Nothing open is yours"), "{resolved}");
        let came = plain(&office.slack.slash("ben", "payments", "start").to_string());
        assert!(came.contains("#1"), "{came}");
    }
    let came = plain(&office.slack.slash("mara", "payments", "ack").to_string());
    assert!(came.contains("You are on #1 too"), "{came}");
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    office.card(1, "what is major is open until somebody resolves it");
    office.pass(30 * 60);
    office.card(1, "Ana Silva has it");
    // By words, the question names them; what is major already says so.
    let again = plain(&office.slack.slash("ben", "payments", "major 1").to_string());
    assert!(again.contains("Ana Silva called #1 major"), "{again}");
    let window = office.window_says("ana", "It is major, said Ana Silva");
    office.press_in("ana", &window, "triage.not_major");
    office.window_says("ana", "#1 is not major any more");
    let asked = plain(&office.slack.slash("ben", "payments", "major 1").to_string());
    assert!(asked.contains("Is it major?"), "{asked}");
}

#[test]
fn not_now_is_a_snooze_whose_alert_is_to_be_mended() {
    let (office, card) = anas();
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "Not now.");
    office.press_in("ana", &window, "triage.not_now");
    let form = office.window_says("ana", "Nobody is paged until");
    office.submit("ana", &form, &json!({}));
    office.card(1, "Snoozed by Ana Silva");
    let listed = plain(&office.slack.slash("ana", "payments", "misconfigured").to_string());
    assert!(listed.contains("not urgent"), "{listed}");
}

#[test]
fn words_that_nobody_may_read_are_not_shown_and_what_is_gone_says_so() {
    let office = Office::open(&Company::default().config(), e2e::company::workspace());
    let none = plain(&office.slack.slash("ana", "payments", "triage 7").to_string());
    assert!(none.contains("#7"), "{none}");
    let nothing = plain(&office.slack.slash("ana", "payments", "triage").to_string());
    assert!(nothing.contains("Nothing is open that concerns you"), "{nothing}");
}

#[test]
fn whoever_gets_nowhere_is_told_who_fixed_it_before_and_adds_them_by_one_tap() {
    let office = Office::usual();
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.card(1, "Paging Ana Silva");
    office.slack.slash("ana", "payments", "escalate 1");
    let page = office.page("ben", 1);
    office.slack.press_well("ben", "dm:ben", &page, "incident.acknowledge");
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    office.slack.slash("ben", "payments", "resolve 1 restarted the worker");
    office.pass(60 * 60);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(2, "Paging Ana Silva");
    // It is new to her.
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let told = office.slack.slash("ana", "payments", "ack 2").to_string();
    assert!(!told.contains("fixed the same alert"), "it is said when she takes it: {told}");
    let card = office.card(2, "Ana Silva has it");
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "The same alert before");
    assert!(window.to_string().contains("/fixer/ben"), "the button names whom it adds: {window}");
    let shown = plain(&drawn(&window).join("\n"));
    assert!(shown.contains("Ben Okafor fixed it in") && shown.contains("restarted the worker"), "{shown}");
    // Twenty minutes later she is where she was.
    office.pass(20 * 60);
    let offer = eventually("Ana is offered help", SOON, || {
        office.slack.messages("dm:ana").into_iter().rev().find(|m| m.text().contains("Ben Okafor fixed it before"))
    });
    office.slack.press_well("ana", "dm:ana", &offer, "triage.add_fixer");
    office.page("ben", 2);
    office.card(2, "Ana Silva has it");
    eventually("the offer is over", SOON, || {
        office.pass(1);
        let all = office.slack.messages("dm:ana");
        all.iter().all(|m| !m.text().contains("Add Ben Okafor?")).then_some(())
    });
}
