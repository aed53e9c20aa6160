//! A playbook that nobody wrote yet: from what was just done to the next card that has it. It is Monday, 03:02; Ana carries the
//! pager of payments.

mod e2e;
mod office;

#[allow(dead_code)] // the simulation's company; its Slack is not needed here
#[path = "sim/company.rs"]
mod company;
#[allow(dead_code)] // this needs little of the goldens' desk
#[path = "goldens/desk.rs"]
mod desk;

use chrono::NaiveDate;
use desk::{Desk, NIGHT};
use e2e::company::PAYMENTS_KEY;
use e2e::{Message, SOON, eventually};
use office::{Office, drawn, plain};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use warridor::config::playbook::of_text;
use warridor::domain::incident::Incident;
use warridor::domain::input::{Deed, EventAction};
use warridor::drafts::slug;
use warridor::views::draft;

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

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        self.slack.post("/sandbox/submit", &json!({ "user": who, "view_id": window["id"], "values": values }))
    }

    /// Ana had #1, noted what she found, and resolved it.
    fn fixed(&self) -> Message {
        self.monitor(PAYMENTS_KEY, "disk", "trigger");
        let card = self.card(1, "Paging Ana Silva");
        assert!(!card.0.to_string().contains("draft_playbook"), "it is not over");
        self.slack.press_well("ana", "payments", &card, "incident.acknowledge");
        self.slack.slash("ana", "payments", "note 1 the *worker* hangs <!here> (5m)");
        self.monitor(PAYMENTS_KEY, "disk", "resolve");
        self.slack.slash("ana", "payments", "resolve 1 systemctl restart worker_1");
        self.card(1, "Resolved by Ana Silva")
    }

    fn drafts(&self) -> Vec<String> {
        let Ok(files) = std::fs::read_dir(self.data().join("drafts")) else { return Vec::new() };
        let mut all: Vec<_> = files.map(|f| f.expect("a file").file_name().to_string_lossy().into_owned()).collect();
        all.sort();
        all
    }

    /// The newest file that somebody was sent.
    fn file(&self, who: &str) -> Value {
        eventually(format!("a file for {who}"), SOON, || {
            let all = self.slack.messages(&format!("dm:{who}"));
            all.into_iter().rev().find_map(|m| m.0["files"].get(0).cloned())
        })
    }
}

#[test]
fn what_was_done_becomes_a_playbook_that_the_next_card_has() {
    let office = Office::usual();
    let card = office.fixed();
    office.slack.press_well("ana", "payments", &card, "incident.draft_playbook");
    let window = office.window_says("ana", "Filled in from what was noted and done");
    let text = window.to_string();
    assert!(text.contains("systemctl restart worker") && text.contains("## 2. Fix"), "{text}");
    // What cannot be a playbook is said at once, with its line, and nothing is lost.
    let wrong = json!({ "what": "Worker hangs", "words": "# Worker hangs\n\n- [ ] <script>alert()</script>" });
    let answer = office.submit("ana", &window, &wrong);
    let said = answer["errors"]["words"].as_str().unwrap_or_default();
    assert!(said.starts_with("Line 3: "), "{answer}");
    assert_eq!(office.drafts(), [""; 0]);
    let answer = office.submit("ana", &window, &json!({ "what": "Worker hangs", "words": "- [ ] Restart it. (5m)" }));
    assert_eq!(answer["response_action"], "update", "{answer}");
    let told = plain(&drawn(&office.window_says("ana", "is saved")).join("\n"));
    assert!(told.contains("drafts/1-worker-hangs.md"), "{told}");
    assert_eq!(office.drafts(), ["1-worker-hangs.md"]);
    assert_eq!(office.file("ana")["name"], "worker-hangs.md");
    // Where people put it, it is in force; what it is for was filled in.
    let text = std::fs::read_to_string(office.data().join("drafts/1-worker-hangs.md")).expect("it is there");
    office.writes_playbook("worker-hangs", &text);
    eventually("it is in force", SOON, || {
        office.pass(5);
        let list = plain(&office.slack.slash("ana", "payments", "playbook list").to_string());
        list.contains("Worker hangs").then_some(())
    });
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.card(2, "Worker hangs");
}

#[test]
fn two_people_write_on_the_same_draft_and_neither_writes_over_the_other() {
    let office = Office::usual();
    office.fixed();
    let answer = office.slack.slash("ana", "payments", "playbook draft 1");
    assert!(answer["text"].is_null(), "a window opens: {answer}");
    let hers = office.window_says("ana", "Filled in");
    office.slack.slash("ben", "payments", "playbook draft 1");
    let his = office.window_says("ben", "Filled in");
    office.submit("ben", &his, &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    let answer = office.submit("ana", &hers, &json!({ "what": "Worker", "words": "- [ ] Look first." }));
    assert!(answer["errors"]["words"].as_str().is_some_and(|why| why.contains("Somebody else saved")), "{answer}");
    // Opened again, his is before her.
    office.slack.slash("ana", "payments", "playbook draft 1");
    let again = office.window_says("ana", "Filled in");
    assert!(again.to_string().contains("Restart it."), "{again}");
    let both = json!({ "what": "Worker", "words": "- [ ] Look first.\n- [ ] Restart it." });
    assert_eq!(office.submit("ana", &again, &both)["response_action"], "update");
    assert_eq!(office.drafts(), ["1-worker.md"]);
}

#[test]
fn where_slack_takes_no_file_the_text_comes_as_words_and_what_the_disk_refuses_is_said() {
    let office = Office::usual();
    office.fixed();
    office.slack.order(json!([{ "fault": "error", "method": "files.getUploadURLExternal", "error": "missing_scope" }]));
    office.slack.slash("ana", "payments", "playbook draft 1");
    let window = office.window_says("ana", "Filled in");
    office.submit("ana", &window, &json!({ "what": "Worker", "words": "- [ ] Restart <it>." }));
    // It is no playbook: brackets are HTML there.
    assert_eq!(office.drafts(), [""; 0]);
    office.submit("ana", &window, &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    let words = eventually("the text", SOON, || {
        office.slack.messages("dm:ana").into_iter().rev().find(|m| m.text().contains("Slack took no file"))
    });
    assert!(words.0.to_string().contains("- [ ] Restart it."), "{:?}", words.0);
    std::fs::remove_dir_all(office.data().join("drafts")).expect("it is there");
    std::fs::write(office.data().join("drafts"), "no folder").expect("it is written");
    let answer = office.slack.slash("ana", "payments", "playbook draft 1");
    assert!(answer["text"].as_str().is_some_and(|t| t.contains("cannot be read")), "{answer}");
    let nobody = plain(&office.slack.slash("ana", "payments", "playbook draft 7").to_string());
    assert!(nobody.contains("#7"), "{nobody}");
}

/// An incident about which these words were said.
fn said(title: &str, notes: &[String]) -> (Desk, Incident) {
    let mut desk = Desk::at(NIGHT);
    desk.titled("payments", title, "https://grafana.example/d/1?a=1&b=2", &[("alertname", "Disk \"full\" \\o/")]);
    desk.act("ana", Deed::Acknowledge);
    for note in notes.iter().filter(|note| !note.trim().is_empty()) {
        desk.act("ana", Deed::Note { text: note.clone() });
    }
    desk.event("payments", EventAction::Resolve, "key-1", title, "", &[]);
    let incident = desk.incident(warridor::domain::id::IncidentNo(1));
    (desk, incident)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever monitors and people wrote, what is filled in is a playbook as it stands.
    #[test]
    fn what_is_filled_in_is_a_playbook(title in "\\PC{1,80}", notes in prop::collection::vec("[ -~\\n]{0,80}", 0..6)) {
        let (desk, i) = said(&title, &notes);
        let called = draft::title(&i);
        let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
        let body = draft::body(&called, &i, &i.timeline, &desk.directory);
        let text = format!("{}\n{body}\n", draft::front(&called, &i, day));
        let playbook = of_text(Path::new(&format!("{}.md", slug(&called))), &text, &desk.directory);
        let playbook = playbook.unwrap_or_else(|wrong| panic!("{wrong:#?}\n{text}"));
        prop_assert!(playbook.matches.iter().any(|m| m.fits(&i)), "it is not for its alert: {text}");
        for word in notes.iter().flat_map(|note| note.split(|c: char| !c.is_ascii_alphanumeric())) {
            prop_assert!(text.contains(word), "{word:?} is lost: {text}");
        }
    }
}
