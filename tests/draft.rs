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
use e2e::company::{Company, PAYMENTS_KEY, channel_id};
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

    /// The window of the draft of #1, as somebody opens it now by words.
    fn opens(&self, who: &str) -> Value {
        let before = self.windows(who);
        let answer = self.slack.slash(who, "payments", "playbook draft 1");
        self.window_after(who, &before, &answer).unwrap_or_else(|| panic!("no window: {answer}"))
    }

    /// What somebody is told instead of a window.
    fn is_told(&self, who: &str, channel: &str) -> String {
        let answer = self.slack.slash(who, channel, "playbook draft 1");
        answer["text"].as_str().unwrap_or_else(|| panic!("no words: {answer}")).to_owned()
    }

    /// Everything that somebody sees or has seen: their windows, and what was written where they are.
    fn sees(&self, who: &str) -> String {
        let mine = format!("dm:{who}");
        let written = ["payments", "search", mine.as_str()].map(|channel| self.slack.messages(channel));
        format!("{:?} {written:?}", self.windows(who))
    }

    fn draft_file(&self, name: &str) -> std::path::PathBuf {
        self.data().join("drafts").join(name)
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
    // From then on a draft would be second to it, and it is a tap away.
    let window = office.opens("ana");
    let said = plain(&drawn(&window).join("\n"));
    assert!(said.contains("A playbook fits this alert already: Worker hangs"), "{said}");
    let open = json!({ "user": "ana", "view_id": window["id"], "action_id": "playbook.open" });
    assert_eq!(office.slack.post("/sandbox/click", &open)["ok"], true);
    office.window_says("ana", "Restart it.");
}

#[test]
fn two_people_write_on_the_same_draft_and_neither_writes_over_the_other() {
    let office = Office::usual();
    office.fixed();
    let hers = office.opens("ana");
    let his = office.opens("ben");
    let answer = office.submit("ben", &his, &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    assert_eq!(answer["response_action"], "update", "{answer}");
    let answer = office.submit("ana", &hers, &json!({ "what": "Worker", "words": "- [ ] Look first." }));
    assert!(answer["errors"]["words"].as_str().is_some_and(|why| why.contains("Somebody else saved")), "{answer}");
    // Opened again, his is before her.
    let again = office.opens("ana");
    assert!(again.to_string().contains("Restart it."), "{again}");
    let both = json!({ "what": "Worker", "words": "- [ ] Look first.\n- [ ] Restart it." });
    assert_eq!(office.submit("ana", &again, &both)["response_action"], "update");
    assert_eq!(office.drafts(), ["1-worker.md"]);
}

#[test]
fn where_slack_takes_no_file_the_text_comes_as_words() {
    let office = Office::usual();
    office.fixed();
    office.slack.order(json!([{ "fault": "error", "method": "files.getUploadURLExternal", "error": "missing_scope" }]));
    let window = office.opens("ana");
    // It is no playbook: brackets are HTML there.
    let answer = office.submit("ana", &window, &json!({ "what": "Worker", "words": "- [ ] Restart <it>." }));
    assert!(answer["errors"]["words"].as_str().is_some_and(|why| why.starts_with("Line 1: ")), "{answer}");
    assert_eq!(office.drafts(), [""; 0]);
    office.submit("ana", &window, &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    let words = eventually("the text", SOON, || {
        office.slack.messages("dm:ana").into_iter().rev().find(|m| m.text().contains("Slack took no file"))
    });
    assert!(words.0["blocks"].to_string().contains("- [ ] Restart it."), "{:?}", words.0);
}

#[test]
fn what_the_disk_refuses_is_said_and_so_is_a_number_that_nothing_has() {
    let office = Office::usual();
    office.fixed();
    std::fs::write(office.data().join("drafts"), "no folder").expect("it is written");
    assert!(office.is_told("ana", "payments").contains("cannot be read"));
    let nobody = plain(&office.slack.slash("ana", "payments", "playbook draft 7").to_string());
    assert!(nobody.contains("There is no incident #7"), "{nobody}");
}

#[test]
fn what_was_written_on_top_of_the_file_by_hand_stays_there() {
    let office = Office::usual();
    office.fixed();
    office.submit("ana", &office.opens("ana"), &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    let file = office.draft_file("1-worker.md");
    let saved = std::fs::read_to_string(&file).expect("it is there");
    // Ben knows for which tier it is, and when it was reviewed.
    let by_hand = saved.replace("last_reviewed = 2026-03-02\n", "last_reviewed = 2025-12-24 # by Ben\ntier = 3\n");
    assert_ne!(by_hand, saved);
    std::fs::write(&file, &by_hand).expect("it is written");
    let changed = json!({ "what": "Worker hangs", "words": "- [ ] Look first.\n- [ ] Restart it." });
    let answer = office.submit("ana", &office.opens("ana"), &changed);
    assert_eq!(answer["response_action"], "update", "{answer}");
    let expected = by_hand.replace("\"Worker\"", "\"Worker hangs\"").replace("- [ ] R", "- [ ] Look first.\n- [ ] R");
    assert_eq!(std::fs::read_to_string(office.draft_file("1-worker-hangs.md")).expect("it is there"), expected);
    assert_eq!(office.drafts(), ["1-worker-hangs.md"]);
}

#[test]
fn a_file_that_no_window_holds_is_written_on_where_it_is() {
    let office = Office::usual();
    office.fixed();
    office.submit("ana", &office.opens("ana"), &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    let file = office.draft_file("1-worker.md");
    let saved = std::fs::read_to_string(&file).expect("it is there");
    std::fs::write(&file, format!("{saved}{}", "- [ ] and look\n".repeat(1_000))).expect("it is written");
    let told = office.is_told("ana", "payments");
    assert!(told.contains("too long for a window") && told.contains("`drafts/1-worker.md`"), "{told}");
    std::fs::write(&file, saved.replace("title =", "title")).expect("it is written");
    let told = office.is_told("ana", "payments");
    assert!(told.contains("cannot be read") && told.contains("`drafts/1-worker.md`"), "{told}");
}

#[test]
fn what_would_not_fit_into_the_window_again_is_not_saved() {
    let office = Office::usual();
    office.fixed();
    office.submit("ana", &office.opens("ana"), &json!({ "what": "Worker", "words": "- [ ] Restart it." }));
    let file = office.draft_file("1-worker.md");
    let saved = std::fs::read_to_string(&file).expect("it is there");
    let nearly_full = format!("{saved}{}", "look at it\n".repeat(1_085));
    std::fs::write(&file, &nearly_full).expect("it is written");
    let answer = office.submit("ana", &office.opens("ana"), &json!({ "words6": "and look again ".repeat(10) }));
    assert!(answer["errors"]["words"].as_str().is_some_and(|why| why.contains("12000 is the most")), "{answer}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), nearly_full);
}

/// The service that was on fire is private from now on, in a channel that is; or it is gone.
fn config_where_payments_is(private: bool) -> String {
    let usual = Company::default().config();
    let admin = format!("name = \"admin\"\nid = \"{}\"\n", channel_id("admin"));
    let service = "[[service]]\nid = \"payments-api\"\nname = \"Payments API\"\n";
    let key = "policy = \"payments\"\n\n[[service.key]]\nkey_env = \"E2E_KEY_PAYMENTS\"\n";
    let of = format!("{service}team = \"payments\"\n{key}");
    assert!(usual.contains(&of) && usual.contains(&admin));
    if private {
        let now = format!("{service}private = true\nchannel = \"admin\"\nteam = \"payments\"\n{key}");
        usual.replace(&of, &now).replace(&admin, &format!("{admin}private = true\n"))
    } else {
        usual.replace(&of, "")
    }
}

/// Ana had it and saved a draft, of which only those who may read it are to see anything.
fn with_a_secret() -> (Office, Message) {
    let office = Office::usual();
    let card = office.fixed();
    let words = json!({ "what": "Worker hangs", "words": "- [ ] The password is swordfish." });
    office.submit("ana", &office.opens("ana"), &words);
    assert_eq!(office.drafts(), ["1-worker-hangs.md"]);
    (office, card)
}

#[test]
fn a_draft_of_what_is_private_is_shown_to_its_people_alone() {
    let (office, card) = with_a_secret();
    let before = office.opens("chen");
    office.configure(&config_where_payments_is(true));
    eventually("it is private", SOON, || {
        office.pass(5);
        let shown = office.slack.slash("chen", "search", "show 1").to_string();
        shown.contains("private service").then_some(())
    });
    assert!(office.is_told("chen", "payments").contains("private service"));
    // The card is where it was, with its button.
    office.slack.press_well("chen", "payments", &card, "incident.draft_playbook");
    eventually("Chen is told why there is no window", SOON, || {
        let all = office.slack.get(&format!("/sandbox/messages?channel={}&user=chen", "payments"));
        all.to_string().contains("is of a private service").then_some(())
    });
    assert_eq!(office.windows("chen").len(), 1, "the one from before");
    // What he had open before it was private leads nowhere any more.
    let answer = office.submit("chen", &before, &json!({ "what": "Worker hangs", "words": "- [ ] Tell me." }));
    assert!(answer["errors"]["what"].as_str().is_some_and(|why| why.contains("private service")), "{answer}");
    // Mara is of its team, and reads on.
    assert!(office.opens("mara").to_string().contains("swordfish"));
}

#[test]
fn a_draft_whose_service_is_gone_is_shown_to_whom_it_concerned() {
    let (office, card) = with_a_secret();
    office.configure(&config_where_payments_is(false));
    eventually("the service is gone", SOON, || {
        office.pass(5);
        let answer = office.slack.slash("divya", "search", "playbook draft 1").to_string();
        answer.contains("not in the configuration any more").then_some(())
    });
    office.slack.press_well("chen", "payments", &card, "incident.draft_playbook");
    office.comes_to_rest();
    assert!(!office.sees("chen").contains("swordfish"), "{}", office.sees("chen"));
    let window = office.opens("ana");
    assert!(window.to_string().contains("swordfish"), "she had it");
    // What its file says of the service is no longer so: that is not in the window, and is said.
    let answer = office.submit("ana", &window, &json!({}));
    assert!(answer["errors"]["what"].as_str().is_some_and(|why| why.contains("lines on top")), "{answer}");
}

/// An incident about which these words were said; its alert has a name, or only a title.
fn said(title: &str, is_named: bool, notes: &[String]) -> (Desk, Incident) {
    let mut desk = Desk::at(NIGHT);
    let name = is_named.then_some(("alertname", "Disk \"full\" \\o/"));
    desk.titled("payments", title, "https://grafana.example/d/1?a=1&b=2", name.as_slice());
    desk.act("ana", Deed::Acknowledge);
    for note in notes.iter().filter(|note| !note.trim().is_empty()) {
        desk.act("ana", Deed::Note { text: note.clone() });
    }
    desk.event("payments", EventAction::Resolve, "key-1", title, "", &[]);
    let incident = desk.incident(warridor::domain::id::IncidentNo(1));
    (desk, incident)
}

/// What is filled in, held against the rules for playbooks.
fn filled_in(desk: &Desk, i: &Incident) -> Result<String, TestCaseError> {
    let called = draft::title(i);
    let day = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day");
    let body = draft::body(&called, i, &i.timeline, &desk.directory);
    let text = format!("{}\n{body}\n", draft::front(&called, i, day));
    let playbook = of_text(Path::new(&format!("{}.md", slug(&called))), &text, &desk.directory);
    let playbook = playbook.unwrap_or_else(|wrong| panic!("{wrong:#?}\n{text}"));
    prop_assert!(playbook.matches.iter().any(|m| m.fits(i)), "it is not for its alert: {text}");
    prop_assert_eq!(draft::in_window(&called), called, "the window holds its title");
    let units = body.encode_utf16().count();
    prop_assert!(units <= draft::TEXT_UNITS, "the window does not hold it: {} units", units);
    Ok(text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    /// Whatever monitors and people wrote, what is filled in is a playbook as it stands.
    #[test]
    fn what_is_filled_in_is_a_playbook(
        title in "\\PC{1,80}",
        is_named: bool,
        notes in prop::collection::vec("[ -~\\n]{0,80}", 0..6),
    ) {
        let (desk, i) = said(&title, is_named, &notes);
        let text = filled_in(&desk, &i)?.replace('\\', "");
        for note in notes {
            let words = note.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "");
            let step = format!("- [ ] {words}\n");
            prop_assert!(words.is_empty() || text.contains(&step), "{step:?} is lost: {text}");
        }
    }

    /// However much they wrote.
    #[test]
    fn much_that_is_filled_in_is_a_playbook_too(note in "[&👩é\\*a ]{200,400}", times in 1..45_usize) {
        let (desk, i) = said("Disk is full", true, &vec![note; times]);
        filled_in(&desk, &i)?;
    }
}
