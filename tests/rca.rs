//! Root-cause analyses as people write them: in a window opened from the card, a part at a time, by two of them; and what
//! somebody who owes one reads, in working hours and never at night. Ana carries the pager of payments; Mara leads the team.

mod e2e;
mod office;

use e2e::company::{self, PAYMENTS_KEY, user_id};
use e2e::{Company, Message, SOON, eventually, eventually_true};
use office::{NIGHT, Office, drawn, plain};
use serde_json::{Value, json};

const HOUR: u64 = 3_600;

fn office() -> Office {
    let usual = Company::default().config();
    let led = usual
        .replace("members = [\"ana\", \"ben\", \"mara\"]", "members = [\"ana\", \"ben\", \"mara\"]\nlead = \"mara\"");
    assert!(led != usual);
    Office::open(&led, company::workspace())
}

impl Office {
    fn card(&self, no: u64, words: &str) -> Message {
        eventually(format!("the card of #{no} says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards("payments", no);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    /// A message from the bot that says so: in a channel, or to somebody.
    fn message(&self, channel: &str, words: &str) -> Message {
        eventually(format!("{channel} reads {words:?}"), SOON, || {
            self.pass(1);
            let all = self.slack.messages(channel);
            all.into_iter().rev().find(|m| plain(&m.0.to_string()).contains(words))
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

    /// The window of one piece, on top.
    fn piece(&self, who: &str, window: &Value, piece: &str, title: &str) -> Value {
        let value = self.value_of(window, piece);
        let body = json!({ "user": who, "view_id": window["id"], "action_id": "rca.piece", "value": value });
        let answer = self.slack.post("/sandbox/click", &body);
        assert_eq!(answer["ok"], true, "{piece}: {answer}");
        self.window_says(who, title)
    }

    fn value_of(&self, window: &Value, piece: &str) -> Value {
        let mut found = Vec::new();
        values(window, &mut found);
        let wanted = found.iter().find(|v| v.as_str().is_some_and(|v| v.ends_with(&format!("/rca/{piece}"))));
        wanted.cloned().unwrap_or_else(|| panic!("no button for {piece} in {window}"))
    }

    fn submit(&self, who: &str, window: &Value, values: &Value) -> Value {
        self.slack.post("/sandbox/submit", &json!({ "user": who, "view_id": window["id"], "values": values }))
    }

    /// So many hours, an hour at a time.
    fn hours(&self, hours: u64) {
        for _ in 0..hours {
            self.pass(HOUR);
        }
    }

    /// #1 is over: Ana had it, and resolved it.
    fn over(&self) -> Message {
        self.monitor(PAYMENTS_KEY, "disk", "trigger");
        let card = self.card(1, "Paging Ana Silva");
        self.slack.press_well("ana", "payments", &card, "incident.acknowledge");
        let card = self.card(1, "Ana Silva has it");
        self.monitor(PAYMENTS_KEY, "disk", "resolve");
        self.slack.press_well("ana", "payments", &card, "incident.resolve");
        self.card(1, "RCA due Mar 5")
    }

    /// What somebody is told of what they owe, each with its time.
    fn reminders(&self, who: &str) -> Vec<String> {
        let all = self.slack.messages(&format!("dm:{who}"));
        all.iter()
            .map(|m| m.text().to_owned())
            .filter(|t| t.starts_with("Yours to do") || t.contains(" late, "))
            .collect()
    }
}

fn values(of: &Value, found: &mut Vec<Value>) {
    match of {
        Value::Object(all) => {
            found.extend(all.get("value").filter(|v| v.is_string()).cloned());
            all.values().for_each(|v| values(v, found));
        }
        Value::Array(all) => all.iter().for_each(|v| values(v, found)),
        _ => {}
    }
}

#[test]
fn two_people_write_an_rca_a_part_at_a_time_and_the_channel_reads_it() {
    let office = office();
    let card = office.over();
    office.slack.press_well("ana", "payments", &card, "incident.rca");
    let window = office.window_says("ana", "Did customers feel it?");
    office.press_in("ana", &window, "rca.felt");
    let window = office.window_says("ana", "these five parts");
    // What happened is there already; she mends it.
    let form = office.piece("ana", &window, "timeline", "What happened when");
    assert!(form.to_string().contains("Ana Silva has it"), "{form}");
    let said = json!({ "words": "03:02 <!here> the disk was full\n03:03 Ana took it" });
    assert_eq!(office.submit("ana", &form, &said), json!({ "ok": true }));
    let window = office.window_says("ana", "1 Timeline :white_check_mark: Ana Silva");
    assert_eq!(office.windows("ana").len(), 1, "the form is gone, and the window below says so");
    assert!(!window.to_string().contains("<!here>"), "{window}");
    // Ben goes on, by command; both are in the same part at once.
    let answer = office.slack.slash("ben", "payments", "rca 1");
    assert!(answer["text"].is_null(), "a window opens instead: {answer}");
    let bens = office.window_says("ben", "these five parts");
    let his = office.piece("ben", &bens, "cause", "What was found");
    let hers = office.piece("ana", &window, "cause", "What was found");
    assert_eq!(office.submit("ben", &his, &json!({ "words": "The disk was full." })), json!({ "ok": true }));
    let told = office.submit("ana", &hers, &json!({ "words": "Nobody had an alert for it." }));
    assert_eq!(told["response_action"], "update", "{told}");
    let both = office.window_says("ana", "Ben Okafor saved this meanwhile");
    let shown = drawn(&both).join("\n");
    assert!(
        shown.contains("The disk was full.") && both.to_string().contains("Nobody had an alert for it."),
        "{shown}"
    );
    let together = json!({ "words": "The disk was full, and nobody had an alert for it." });
    assert_eq!(office.submit("ana", &both, &together), json!({ "ok": true }));
    let window = office.window_says("ana", "root cause :white_check_mark: Ana Silva");

    let form = office.piece("ana", &window, "impact", "Who felt it?");
    let felt = json!({ "who": "Customers", "users": "some", "time": "all", "what": "Pay" });
    assert_eq!(office.submit("ana", &form, &felt), json!({ "ok": true }));
    let window = office.window_says("ana", "Customers, some of them, the whole time: Pay");
    let form = office.piece("ana", &window, "resolution", "What ended it");
    office.submit("ana", &form, &json!({ "words": "A bigger disk." }));
    let window = office.window_says("ana", "Still missing: a repair item");
    let form = office.piece("ana", &window, "repair", "What is to be done?");
    let mut found = Vec::new();
    values(&form, &mut found);
    let is_time = |v: &&Value| v.as_str().is_some_and(|v| v.parse::<i64>().is_ok());
    let week = found.iter().find(is_time).cloned().unwrap_or_else(|| panic!("no time is offered: {form}"));
    let past = json!({ "what": "An alert at 80 %", "person": user_id("ben"), "until": week, "at": 1_000 });
    let refused = office.submit("ana", &form, &past);
    assert!(refused.to_string().contains("within the next year"), "{refused}");
    let added = office.submit(
        "ana",
        &form,
        &json!({ "what": "An alert at 80 %", "person": user_id("ben"), "until": week, "at": null }),
    );
    assert_eq!(added, json!({ "ok": true }));
    let window = office.window_says("ana", "All is there.");
    office.press_in("ana", &window, "rca.complete");
    office.window_says("ana", "Completed by Ana Silva");
    let posted = office.message("payments", "An alert at 80 %");
    assert!(plain(&posted.0.to_string()).contains("The disk was full, and nobody had an alert for it."), "{posted:?}");
    let card = office.card(1, "RCA completed by Ana Silva");
    // Mara, who was not there, reads it from the card; the item is done by a button of the list.
    office.slack.press_well("mara", "payments", &card, "incident.rca");
    office.window_says("mara", "A bigger disk.");
    let list = office.slack.slash("ben", "payments", "items");
    assert!(plain(&list.to_string()).contains("You have one open item"), "{list}");
    let done = office.slack.slash("ben", "payments", "items done 1 merged <!here> as PR 12");
    assert!(plain(&done.to_string()).contains("done by Ben Okafor"), "{done}");
    office.message("payments", "done by Ben Okafor");
}

#[test]
fn an_rca_outlives_its_incident_and_a_restart_and_is_asked_for_in_working_hours() {
    let mut office = office();
    office.over();
    assert_eq!(office.clock.now().0 / 3_600_000, NIGHT.0 / 3_600_000, "it is three in the night, of a Monday");
    // Due on Thursday at three: she is reminded on Wednesday morning, when she works.
    office.hours(53);
    assert_eq!(office.reminders("ana"), Vec::<String>::new(), "not before, and never at night");
    office.hours(2);
    office.message("dm:ana", "This is yours, and it is due soon");
    office.restart();
    office.hours(24);
    let reminder = office.message("dm:ana", "This is yours, and it was due");
    assert_eq!(office.reminders("ana").len(), 2);
    // A day later whoever leads hears of it, once.
    office.hours(24);
    office.message("dm:mara", "RCAs of your teams that are late: 1");
    // The incident is closed for long. She opens the window from the reminder: a summary is enough.
    office.slack.press_well("ana", "dm:ana", &reminder, "rca.open");
    let window = office.window_says("ana", "Did customers feel it?");
    office.press_in("ana", &window, "rca.not_felt");
    let window = office.window_says("ana", "Customers felt nothing");
    let form = office.piece("ana", &window, "summary", "What it was");
    office.submit("ana", &form, &json!({ "words": "The probe was wrong." }));
    let window = office.window_says("ana", "All is there.");
    office.press_in("ana", &window, "rca.complete");
    office.message("payments", "Customers felt nothing. The probe was wrong.");
    office.message("dm:ana", "Nothing of this list is left for you");
    let status = plain(&office.slack.slash("mara", "payments", "rca status").to_string());
    assert!(status.contains("0 owed") && status.contains("0 of 1 in time"), "{status}");
    let before = office.reminders("ana").len();
    office.hours(72);
    assert_eq!(office.reminders("ana").len(), before, "nobody is asked any more");
}

#[test]
fn who_may_not_read_of_it_does_not_and_what_owes_none_says_so() {
    let office = office();
    office.over();
    let none = plain(&office.slack.slash("ana", "payments", "rca 7").to_string());
    assert!(none.contains("There is no incident #7"), "{none}");
    let mine = plain(&office.slack.slash("ben", "payments", "rca").to_string());
    assert!(mine.contains("You have no RCA to write"), "{mine}");
    let all = plain(&office.slack.slash("ben", "payments", "rca list all").to_string());
    assert!(all.contains("Everybody together has one RCA to write"), "{all}");
    // A drill: she says so, and nothing is owed.
    let list = office.slack.slash("ana", "payments", "rca 1");
    assert!(list["text"].is_null(), "{list}");
    let window = office.window_says("ana", "Did customers feel it?");
    office.press_in("ana", &window, "rca.excuse");
    let form = office.window_says("ana", "Why is no RCA needed?");
    office.submit("ana", &form, &json!({ "words": "a drill" }));
    office.window_says("ana", "No RCA needed, says Ana Silva");
    office.card(1, "Reopen");
    let mine = plain(&office.slack.slash("ana", "payments", "rca").to_string());
    assert!(mine.contains("You have no RCA to write"), "{mine}");
}

/// What is to be done about the disk, in two steps.
const WALK: &str = "+++
title = \"Disk full\"
owner = \"payments\"
last_reviewed = 2026-01-05
[[match]]
services = [\"payments-api\"]
+++
## Look

- [ ] Is it db-1?
- [ ] Make room.
";

impl Office {
    /// Until then of this Monday, with a note now and then by whoever is at it.
    fn works_until(&self, hours: u64, minutes: u64) {
        let wanted = i64::try_from((hours * 60 + minutes) * 60).expect("a time");
        let at = || (self.clock.now().0 - NIGHT.0) / 1_000 + (3 * 60 + 2) * 60;
        while at() < wanted {
            let left = u64::try_from(wanted - at()).expect("ahead");
            self.pass(left.min(600));
            self.slack.slash("ana", "payments", "note 1 still looking");
        }
    }
}

/// A page in the night, a first look, a playbook with one step stuck, the next shift, and what is written and repaired after it.
#[test]
fn a_bad_night_from_the_page_to_the_last_repair() {
    let turns =
        Company::default().config().replace("members = [\"ben\"]\nevery", "members = [\"ana\", \"ben\"]\nevery");
    let config = turns.replace("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]");
    let office = Office::open(&config, company::workspace());
    office.writes_playbook("disk", WALK);
    eventually_true("the playbook is known", 2 * SOON, || {
        office.pass(2);
        plain(&office.slack.slash("ana", "payments", "playbook list").to_string()).contains("/pager playbook disk")
    });
    // Two minutes past three.
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.card(1, "Paging Ana Silva");
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    let card = office.card(1, "Ana Silva has it");
    office.slack.press_well("ana", "payments", &card, "incident.triage");
    let window = office.window_says("ana", "Who feels it?");
    office.press_in("ana", &window, "triage.some");
    let card = office.card(1, "Found: some customers feel it");
    office.slack.post("/sandbox/close", &json!({ "user": "ana", "view_id": window["id"], "all": true }));
    // The playbook: one step is done, and at the next she is stuck.
    office.slack.press_well("ana", "payments", &card, "incident.playbook");
    let window = office.window_says("ana", "Disk full");
    office.press_in("ana", &window, "playbook.begin");
    let window = office.window_says("ana", "step 1 of 2");
    office.press_in("ana", &window, "step.done");
    let window = office.window_says("ana", "step 2 of 2");
    office.press_in("ana", &window, "step.stuck");
    office.card(1, "stuck");
    // She makes room by hand; customers do not feel it any more, and the vendor is waited for.
    office.slack.slash("ana", "payments", "mitigated 1");
    office.card(1, "mitigated");
    office.works_until(8, 35);
    let draft = office.message("dm:ana", "You hand over Payments");
    office.slack.press_well("ana", "dm:ana", &draft, "handoff.offer");
    office.works_until(9, 0);
    let summary = office.message("payments", "Ana Silva hands over #1");
    let said = plain(&summary.0.to_string());
    assert!(said.contains("RCAs owed: #1 (Ana Silva, by") && said.contains("step 2 of 2, stuck"), "{said}");
    office.slack.press_well("ben", "payments", &summary, "handoff.accept");
    office.card(1, "Ben Okafor has it");
    office.monitor(PAYMENTS_KEY, "disk", "resolve");
    office.slack.slash("ben", "payments", "resolve 1 the vendor sent a bigger disk");
    office.card(1, "Resolved by Ben Okafor");
    // Two days later, at nine: Ana is asked for what she owes.
    assert_eq!(office.reminders("ana"), Vec::<String>::new());
    office.hours(49);
    let reminder = office.message("dm:ana", "This is yours, and it is due soon");
    office.slack.press_well("ana", "dm:ana", &reminder, "rca.open");
    let window = office.window_says("ana", "Did customers feel it?");
    office.press_in("ana", &window, "rca.felt");
    let window = office.window_says("ana", "these five parts");
    let form = office.piece("ana", &window, "timeline", "What happened when");
    assert!(
        form.to_string().contains("some customers feel it") && form.to_string().contains("a bigger disk"),
        "{form}"
    );
    assert_eq!(office.submit("ana", &form, &json!({})), json!({ "ok": true }));
    let window = office.window_says("ana", "1 Timeline :white_check_mark:");
    let form = office.piece("ana", &window, "impact", "Who felt it?");
    office.submit("ana", &form, &json!({ "who": "Customers", "users": "some", "time": "some", "what": "Pay" }));
    office.window_says("ana", "2 Impact :white_check_mark:");
    // Ben writes the rest, and completes it.
    office.slack.slash("ben", "payments", "rca 1");
    let window = office.window_says("ben", "2 Impact :white_check_mark: Ana Silva");
    let form = office.piece("ben", &window, "cause", "What was found");
    office.submit("ben", &form, &json!({ "words": "Nobody had an alert for it." }));
    let window = office.window_says("ben", "root cause :white_check_mark: Ben Okafor");
    let form = office.piece("ben", &window, "resolution", "What ended it");
    office.submit("ben", &form, &json!({}));
    let window = office.window_says("ben", "4 Mitigation and resolution :white_check_mark:");
    let form = office.piece("ben", &window, "repair", "What is to be done?");
    office.submit("ben", &form, &json!({ "what": "An alert at 80 %", "person": user_id("ben") }));
    let window = office.window_says("ben", "All is there.");
    office.press_in("ben", &window, "rca.complete");
    office.message("payments", "Nobody had an alert for it.");
    office.message("dm:ana", "Nothing of this list is left for you");
    // The repair is asked for when it is due, and done.
    office.hours(14 * 24);
    let asked = office.message("dm:ben", "An alert at 80 %");
    office.slack.press_well("ben", "dm:ben", &asked, "item.done");
    let form = office.window_says("ben", "What was done?");
    office.submit("ben", &form, &json!({ "words": "merged as PR 12" }));
    office.message("dm:ben", "Nothing of this list is left for you");
    let status = plain(&office.slack.slash("mara", "payments", "rca status").to_string());
    assert!(status.contains("1 of 1 in time"), "{status}");
}
