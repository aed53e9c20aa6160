//! Before a shift: whoever's it is hears of it twice, the second time with what to check. Ana and Ben carry the pager of
//! payments by the week, from Monday nine in the morning in New York, where clocks are put forward on 8 March; Mara is above.

mod e2e;
mod office;

use e2e::company;
use e2e::{Company, Message, SOON, eventually, eventually_true};
use office::{Office, plain};
use serde_json::json;
use warridor::domain::stamp::At;

const HOUR: u64 = 60 * 60;

/// The usual company in New York, in which Ana and Ben take turns of a week.
fn config() -> String {
    let usual = Company::default().config();
    let weekly = usual.replace(
        "members = [\"ben\"]\nevery = \"day\"",
        "members = [\"ana\", \"ben\"]\nevery = \"week\"\nweekday = \"monday\"",
    );
    let by_schedule = weekly.replacen("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]", 1);
    let there = by_schedule.replace("tz = \"UTC\"", "tz = \"America/New_York\"");
    assert!(there != by_schedule && by_schedule != weekly && weekly != usual);
    there
}

fn office() -> Office {
    Office::open(&config(), company::workspace())
}

impl Office {
    /// What somebody was told of their shifts, the oldest first.
    fn told(&self, who: &str) -> Vec<Message> {
        let all = self.slack.messages(&format!("dm:{who}"));
        all.into_iter().filter(|m| plain(m.text()).contains("shift of")).collect()
    }

    /// The newest of it, once it says so.
    fn reads(&self, who: &str, words: &str) -> Message {
        eventually(format!("{who} reads {words:?}"), SOON, || {
            self.pass(1);
            self.told(who).into_iter().next_back().filter(|m| plain(&m.0.to_string()).contains(words))
        })
    }

    /// Until then in March, in UTC, in steps of at most an hour.
    fn until(&self, day: u64, hours: u64, minutes: u64) {
        let wanted = (day - 2) * 24 * HOUR + hours * HOUR + minutes * 60;
        let at = || u64::try_from((self.clock.now().0 - office::NIGHT.0) / 1_000).expect("ahead") + 3 * HOUR + 120;
        while at() < wanted {
            let now = at();
            self.pass((HOUR - now % HOUR).min(wanted - now));
        }
    }

    /// The button of the list beside these words.
    fn ticks(&self, who: &str, on: &Message, words: &str) {
        let blocks = on.0["blocks"].as_array().expect("blocks");
        let row = blocks.iter().find(|b| plain(&b["text"]["text"].to_string()).contains(words)).expect("a row");
        let button = &row["accessory"];
        let click = json!({
            "user": who, "channel": format!("dm:{who}"), "ts": on.ts(), "action_id": button["action_id"],
            "value": button["value"],
        });
        let verdict = self.slack.post("/sandbox/click", &click);
        assert_eq!(verdict["ok"], true, "{verdict}");
    }
}

/// This company, whose schedule has a fixed shift of Mara's.
fn with_shift_of_mara(config: &str, from: &str, until: &str) -> String {
    let layer = "start = 2024-01-01\nhandoff = \"09:00\"\n";
    let shift = format!("[[schedule.shift]]\nuser = \"mara\"\nfrom = {from}\nuntil = {until}\n");
    assert!(config.contains(layer));
    config.replacen(layer, &format!("{layer}\n{shift}"), 1)
}

/// When a message was posted, as `Thu 05 16:00` on the clock of New York.
fn posted(m: &Message) -> String {
    let secs: f64 = m.ts().parse().expect("a time");
    let at = At((secs as i64) * 1_000);
    at.utc().with_timezone(&chrono_tz::America::New_York).format("%a %d %H:%M").to_string()
}

#[test]
fn a_week_is_told_of_on_thursday_and_on_friday_and_not_again_after_a_restart() {
    let mut office = office();
    // Ben's shift begins this morning; it is night, and what was missed on Friday waits for eight.
    office.until(2, 12, 55);
    assert_eq!(office.told("ben").len(), 0);
    office.until(2, 13, 1);
    let late = office.reads("ben", "Your shift of Payments, from Mar 2 14:00 until Mar 9 13:00");
    assert_eq!(posted(&late), "Mon 02 08:00");
    office.until(5, 20, 55);
    assert_eq!(office.told("ana").len(), 0);
    office.until(5, 21, 1);
    let first = office.reads("ana", "Your shift of Payments begins Mar 9 13:00, until Mar 16 13:00");
    let shown = plain(&first.0.to_string());
    assert!(shown.contains("Ben Okafor hands over to you. Above you: Ben Okafor."), "{shown}");
    assert!(shown.contains("override payments-week @who 2026-03-09 09:00 until 2026-03-16 09:00"), "{shown}");
    assert!(first.buttons().is_empty(), "the list comes with the second one");
    office.restart();
    office.until(6, 20, 55);
    assert_eq!(office.told("ana").len(), 1);
    office.until(6, 21, 1);
    let last = office.reads("ana", "Ready: 0 of 5");
    assert_eq!(last.buttons().len(), 5);
    // One tap each; a restart in between.
    office.ticks("ana", &last, "Phone:");
    let list = office.reads("ana", "Ready: 1 of 5");
    assert_eq!(list.ts(), last.ts(), "the message says so itself");
    office.restart();
    for (n, words) in ["Laptop", "Environment", "Credentials", "Test page"].into_iter().enumerate() {
        let list = office.reads("ana", &format!("eady: {} of 5", n + 1));
        office.ticks("ana", &list, words);
    }
    // The last of them is ticked by what it proves.
    let test = office.slack.page_to("ana", 1);
    assert_eq!(office.reads("ana", "Ready: 4 of 5").ts(), last.ts());
    office.slack.press_well("ana", "dm:ana", &test, "incident.acknowledge");
    let list = office.reads("ana", "You are ready.");
    office.ticks("ana", &list, "Laptop");
    office.reads("ana", "Ready: 4 of 5");
    office.until(9, 14, 0);
    office.restart();
    office.settle();
    let told: Vec<String> = office.told("ana").iter().map(posted).collect();
    assert_eq!(told, ["Thu 05 16:00", "Fri 06 16:00"], "twice, while she works");
    assert_eq!(office.told("mara").len(), 0, "whose turn never comes");
}

#[test]
fn whoever_stands_in_is_told_and_whoever_was_told_before_reads_so() {
    let office = office();
    office.until(5, 21, 1);
    let first = office.reads("ana", "Your shift of Payments begins Mar 9 13:00");
    let line = "oncall override payments-week @mara 2026-03-09 09:00 until 2026-03-16 09:00";
    office.slack.slash("ana", "payments", line);
    let after = office
        .reads("ana", "The shift of Payments, Mar 9 13:00, is not yours any more: Mara Keller has the pager then");
    assert_eq!(after.ts(), first.ts());
    office.until(6, 21, 1);
    let list = office.reads("mara", "Your shift of Payments, from Mar 9 13:00 until Mar 16 13:00");
    assert_eq!((list.buttons().len(), office.told("mara").len(), office.told("ana").len()), (5, 1, 1));
    // Over the weekend she says that she can after all.
    office.slack.slash("ana", "payments", "oncall override remove 1");
    office.reads("mara", "is not yours any more: Ana Silva has the pager then");
    let back = office.reads("ana", "Your shift of Payments, from Mar 9 13:00");
    assert_ne!(back.ts(), first.ts(), "what to check is still to be said");
    assert_eq!(back.buttons().len(), 5);
    office.until(9, 14, 0);
    assert_eq!((office.told("mara").len(), office.told("ana").len()), (1, 2));
}

#[test]
fn what_to_check_can_be_asked_for_at_any_time() {
    let office = office();
    let mine = |who: &str| {
        let all = office.slack.get(&format!("/sandbox/messages?channel=payments&user={who}"));
        let all = all.as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|m| m["is_ephemeral"] == true).map(Message).next_back()
    };
    let answer = plain(&office.slack.slash("ana", "payments", "oncall ready").to_string());
    assert!(answer.contains("Your shift of Payments, from"), "{answer}");
    assert!(answer.contains("Test page: one came by Slack"), "{answer}");
    assert!(answer.contains("override payments-week @who until 2026-03-02 09:00"), "she is in it: {answer}");
    let list = eventually("a list that only she sees", SOON, || mine("ana"));
    let row = &list.0["blocks"].as_array().expect("blocks")[1]["accessory"];
    let click = json!({
        "user": "ana", "channel": "payments", "ts": list.ts(), "action_id": row["action_id"], "value": row["value"],
    });
    assert_eq!(office.slack.post("/sandbox/click", &click)["ok"], true);
    eventually("it is ticked in it", SOON, || {
        mine("ana").filter(|m| plain(&m.0.to_string()).contains("Ready: 1 of 5") && m.ts() == list.ts())
    });
    let none = plain(&office.slack.slash("divya", "payments", "oncall ready").to_string());
    assert!(none.contains("no shift of yours begins within two months"), "{none}");
}

#[test]
fn a_changed_file_is_told_to_those_whose_shifts_it_moves() {
    let mut office = office();
    let news = |office: &Office, who: &str| -> Vec<String> {
        let all = office.slack.messages(&format!("dm:{who}"));
        let all = all.into_iter().filter(|m| m.text().starts_with("The rotation was changed"));
        all.map(|m| plain(&m.0.to_string())).collect()
    };
    let hears = |office: &Office, who: &str, n: usize, words: &str| {
        eventually(format!("{who} hears {words:?}"), SOON, || {
            office.pass(1);
            news(office, who).into_iter().nth(n - 1).filter(|text| text.contains(words))
        })
    };
    office.until(3, 15, 0);
    // Of three, it is Mara's turn: at once, as it is now.
    let three =
        config().replace("members = [\"ana\", \"ben\"]\nevery", "members = [\"ana\", \"ben\", \"mara\"]\nevery");
    office.configure(&three);
    let ben = hears(&office, "ben", 1, "not yours any more, Mar 2 14:00 until Mar 9 13:00");
    assert!(ben.contains("On call now: Payments, by the week: Mara Keller."), "{ben}");
    let mara = hears(&office, "mara", 1, "Payments, by the week: you are on call now, Mar 3 15:0");
    assert!(mara.contains("On call now: Payments, by the week: you."), "{mara}");
    // By night, and of next week: when they work, also after a restart.
    office.until(4, 4, 0);
    let with = with_shift_of_mara(&three, "2026-03-12T09:00:00", "2026-03-13T09:00:00");
    let is_in_force = |office: &Office, there: bool| {
        eventually_true("the file is in force", SOON, || {
            office.pass(1);
            plain(&office.slack.slash("mara", "payments", "oncall me").to_string()).contains("Mar 12 13:00") == there
        });
    };
    office.configure(&with);
    is_in_force(&office, true);
    office.restart();
    office.until(4, 13, 55);
    assert_eq!((news(&office, "ana").len(), news(&office, "mara").len()), (0, 1), "it is night");
    office.until(4, 14, 1);
    hears(&office, "ana", 1, "yours Mar 9 13:00 until Mar 12 13:00. It was Mar 9 13:00 until Mar 16 13:00");
    hears(&office, "mara", 2, "new for you, Mar 12 13:00 until Mar 13 13:00");
    // What is undone before anybody heard is no news.
    office.until(5, 4, 0);
    office.configure(&three);
    is_in_force(&office, false);
    office.configure(&with);
    is_in_force(&office, true);
    office.until(5, 15, 0);
    office.settle();
    let told = ["ana", "ben", "mara"].map(|who| news(&office, who).len());
    assert_eq!(told, [1, 1, 2]);
    assert!(news(&office, "ben").iter().all(|text| !text.contains("Mar 12")), "nothing of his was moved");
}
