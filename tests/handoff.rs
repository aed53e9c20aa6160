//! The instant between two shifts: a draft before it, a summary at it, and somebody who accepts. Ana carries the pager of
//! payments until nine in the morning, then Ben, then Ana again; Mara leads the team.

mod e2e;
mod office;

use e2e::company::{self, PAYMENTS_KEY, channel_id};
use e2e::{Company, Message, SOON, eventually, eventually_true};
use office::{Office, plain};
use serde_json::{Value, json};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The usual company, in which Ana and Ben take turns.
fn config() -> String {
    let usual = Company::default().config();
    let turns = usual.replace("members = [\"ben\"]\nevery", "members = [\"ana\", \"ben\"]\nevery");
    let by_schedule = turns.replace("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]");
    let led = by_schedule
        .replace("members = [\"ana\", \"ben\", \"mara\"]", "members = [\"ana\", \"ben\", \"mara\"]\nlead = \"mara\"");
    assert!(led != by_schedule && by_schedule != turns && turns != usual);
    led
}

fn office() -> Office {
    Office::open(&config(), company::workspace())
}

impl Office {
    /// The summaries in #payments, the oldest first.
    fn summaries(&self) -> Vec<Message> {
        let all = self.slack.messages("payments");
        all.into_iter().filter(|m| m.text().starts_with("Handoff of")).collect()
    }

    /// The newest of them, once it says so.
    fn summary(&self, words: &str) -> Message {
        eventually(format!("the summary says {words:?}"), SOON, || {
            self.pass(1);
            self.summaries().into_iter().next_back().filter(|m| plain(&m.0.to_string()).contains(words))
        })
    }

    /// The newest message from the bot to somebody that says so.
    fn dm(&self, who: &str, words: &str) -> Message {
        eventually(format!("{who} reads {words:?}"), SOON, || {
            self.pass(1);
            let all = self.slack.messages(&format!("dm:{who}"));
            all.into_iter().rev().find(|m| plain(&m.0.to_string()).contains(words))
        })
    }

    fn says_in_card(&self, no: u64, words: &str) -> Message {
        eventually(format!("the card of #{no} says {words:?}"), SOON, || {
            self.pass(1);
            let cards = self.slack.cards("payments", no);
            cards.into_iter().find(|c| plain(&c.0.to_string()).contains(words))
        })
    }

    fn page(&self, who: &str, no: u64) -> Message {
        eventually(format!("{who} is paged for #{no}"), SOON, || {
            self.pass(1);
            self.slack.pages(who, no).into_iter().next_back()
        })
    }

    fn top_window(&self, who: &str) -> Value {
        eventually(format!("a window before {who}"), SOON, || self.windows(who).last().cloned())
    }

    /// Until then, with a note now and then, so that nobody asks Ana whether she still is on it.
    fn works_until(&self, hours: u64, minutes: u64) {
        for quarter in 13..=4 * hours + minutes / 15 {
            self.until(quarter / 4, 15 * (quarter % 4));
            self.slack.slash("ana", "payments", "note 1 still looking");
        }
        self.until(hours, minutes);
    }

    /// Until then, in steps: nothing is skipped.
    fn until(&self, hours: u64, minutes: u64) {
        let at = |office: &Self| (office.clock.now().0 - office::NIGHT.0) / 1_000 + 3 * 3_600 + 120;
        let wanted = i64::try_from(hours * HOUR + minutes * MINUTE).expect("a time");
        while at(self) < wanted {
            let left = u64::try_from(wanted - at(self)).expect("ahead");
            self.pass(left.min(10 * MINUTE));
        }
    }
}

fn acknowledged(office: &Office) -> Message {
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let card = office.says_in_card(1, "Paging Ana Silva");
    office.slack.press_well("ana", "payments", &card, "incident.acknowledge");
    office.says_in_card(1, "Ana Silva has it")
}

#[test]
fn a_night_is_handed_over_at_nine() {
    let office = office();
    let card = acknowledged(&office);
    let answer = office.slack.slash("ana", "payments", "handoff note db-2 fills up <!here> until Tuesday");
    assert!(plain(&answer.to_string()).contains("Noted for the next handoff of Payments"), "{answer}");
    office.works_until(8, 30);
    let draft = office.dm("ana", "You hand over Payments Mar 2 09:00 to Ben Okafor");
    let shown = plain(&draft.0.to_string());
    assert!(shown.contains("Open: 1") && shown.contains("Ana Silva has it since"), "{shown}");
    assert!(shown.contains("db-2 fills up @here until Tuesday"), "{shown}");
    assert!(shown.contains("Hand over #1?"), "{shown}");
    // She writes more into it, and offers what she has.
    office.slack.press_well("ana", "dm:ana", &draft, "handoff.write");
    let form = office.top_window("ana");
    let body = json!({ "user": "ana", "view_id": form["id"], "values": { "words": "The vendor calls back at ten." } });
    assert_eq!(office.slack.post("/sandbox/submit", &body)["ok"], true);
    let draft = office.dm("ana", "The vendor calls back at ten.");
    office.slack.press_well("ana", "dm:ana", &draft, "handoff.offer");
    office.dm("ana", "Ana Silva hands over #1");
    assert_eq!(office.summaries().len(), 0, "it is ahead");
    office.until(9, 0);
    let summary = office.summary("Payments: Ana Silva → Ben Okafor");
    let shown = plain(&summary.0.to_string());
    for words in
        ["Open at 09:00: 1", "Ana Silva hands over #1 to whoever accepts", "The vendor calls back at ten.", "Paged: 1"]
    {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(shown.contains(":crescent_moon:"), "it was at night: {shown}");
    assert!(office.slack.pages("ben", 1).is_empty(), "nobody is paged for a handoff");
    // She keeps what she has until Ben takes it.
    office.says_in_card(1, "Ana Silva has it");
    office.slack.press_well("mara", "payments", &summary, "handoff.accept");
    office.summary("Ana Silva hands over #1");
    office.slack.press_well("ben", "payments", &summary, "handoff.accept");
    office.summary("Ben Okafor accepted it Mar 2 09:0");
    let after = office.says_in_card(1, "Ben Okafor has it");
    assert_eq!(after.ts(), card.ts());
    assert!(office.summary("accepted it").buttons().is_empty());
}

#[test]
fn what_nobody_has_any_more_is_still_taken_by_accept_and_what_sleeps_goes_on_sleeping() {
    let office = office();
    office.until(8, 40);
    let draft = office.dm("ana", "You hand over Payments");
    for (no, key) in [(1, "disk"), (2, "cpu"), (3, "net")] {
        office.monitor(PAYMENTS_KEY, key, "trigger");
        office.says_in_card(no, "Paging Ana Silva");
        office.slack.slash("ana", "payments", &format!("ack {no}"));
        office.says_in_card(no, "Ana Silva has it");
    }
    office.dm("ana", "Hand over #1, #2, #3?");
    office.slack.press_well("ana", "dm:ana", &draft, "handoff.offer");
    office.slack.slash("ana", "payments", "snooze 2 3h");
    office.until(9, 0);
    let summary = office.summary("Ana Silva hands over #1, #2, #3 to whoever accepts");
    let shown = plain(&summary.0.to_string());
    assert!(shown.contains("Accept gives you #1, #3 of Ana Silva"), "{shown}");
    assert!(shown.contains("#2 stays snoozed"), "{shown}");
    // She does not say that she is still on #1, and Mara takes #3.
    office.slack.slash("mara", "payments", "reassign 3 @mara");
    office.until(9, 20);
    office.page("ben", 1);
    let summary = office.summary("Accept gives you #1 of Ana Silva");
    let shown = plain(&summary.0.to_string());
    assert!(shown.contains("Ana Silva hands over #1, #2, #3"), "what stood in it, stands in it: {shown}");
    office.slack.press_well("ben", "payments", &summary, "handoff.accept");
    office.summary("Ben Okafor accepted it Mar 2 09:2");
    office.says_in_card(1, "Ben Okafor has it");
    office.says_in_card(2, "Snoozed by Ana Silva");
    office.says_in_card(3, "Mara Keller has it");
}

#[test]
fn what_nobody_accepted_is_told_by_the_next_one() {
    let office = office();
    office.until(8, 40);
    let draft = office.dm("ana", "You hand over Payments");
    acknowledged(&office);
    office.dm("ana", "Hand over #1?");
    office.slack.press_well("ana", "dm:ana", &draft, "handoff.offer");
    office.slack.slash("ana", "payments", "snooze 1 2d");
    office.until(10, 1);
    office.dm("mara", "Ben Okafor has not accepted the handoff of Payments, Mar 2 09:00");
    office.until(24 + 9, 0);
    let next = office.summary("Ben Okafor → Ana Silva");
    let shown = plain(&next.0.to_string());
    assert!(shown.contains("Ben Okafor never accepted the handoff of Mar 2 09:00."), "{shown}");
    assert!(shown.contains("Ana Silva still has #1, offered in it."), "{shown}");
    office.dm("mara", "Ben Okafor never accepted the handoff of Payments, Mar 2 09:00");
    let first = office.summaries().into_iter().next().expect("two of them");
    assert!(plain(&first.0.to_string()).contains("Nobody accepted it: the next one came first"), "{}", first.0);
    office.slack.press_well("ana", "payments", &next, "handoff.accept");
    office.until(48 + 9, 0);
    let after = office.summary("Handoff of Payments: 1 open");
    assert!(!plain(&after.0.to_string()).contains("never accepted"), "{}", after.0);
    let told = office.slack.messages("dm:mara").iter().filter(|m| m.text().contains("accepted")).count();
    assert_eq!(told, 1, "once");
}

#[test]
fn a_quiet_shift_is_one_line_and_is_accepted_by_a_word() {
    let office = office();
    office.until(9, 0);
    let summary = office.summary("A quiet shift");
    assert_eq!(summary.0["blocks"].as_array().map(Vec::len), Some(1), "{}", summary.0);
    assert_eq!(summary.buttons(), ["handoff.accept"]);
    let none = office.slack.slash("ana", "payments", "handoff accept").to_string();
    assert!(none.contains("No handoff waits for you"), "{none}");
    let answer = office.slack.slash("ben", "payments", "handoff accept").to_string();
    assert!(answer.contains("You accepted the handoff of Payments"), "{answer}");
    let over = office.summary("Ben Okafor accepted it");
    assert!(over.buttons().is_empty());
    let now = office.slack.slash("ben", "payments", "handoff").to_string();
    assert!(plain(&now).contains("The next handoff is") && plain(&now).contains("to Ana Silva"), "{now}");
}

#[test]
fn whoever_does_not_accept_is_reminded_once_and_then_whoever_leads_hears_of_it() {
    let office = office();
    office.until(9, 14);
    office.summary("A quiet shift");
    let reads = |who: &str, words: &str| {
        let all = office.slack.messages(&format!("dm:{who}"));
        all.iter().filter(|m| plain(&m.0.to_string()).contains(words)).count()
    };
    assert_eq!(reads("ben", "You are on call for"), 0);
    office.until(9, 16);
    let reminder =
        office.dm("ben", "You are on call for Payments since Mar 2 09:00, Ana Silva before you: a quiet shift");
    office.until(9, 59);
    assert_eq!((reads("ben", "You are on call for"), reads("mara", "has not accepted")), (1, 0));
    office.until(10, 1);
    office.dm("mara", "Ben Okafor has not accepted the handoff of Payments, Mar 2 09:00");
    office.until(13, 0);
    assert_eq!((reads("ben", "You are on call for"), reads("mara", "has not accepted")), (1, 1), "once each");
    office.slack.press_well("ben", "dm:ben", &reminder, "handoff.accept");
    office.dm("mara", "The handoff of Payments, Mar 2 09:00: :white_check_mark: Ben Okafor accepted it");
    assert!(office.dm("ben", "The handoff of Payments, Mar 2 09:00:").buttons().is_empty());
}

#[test]
fn what_nobody_has_asks_whoever_is_on_call_now_and_what_somebody_has_stays() {
    let office = office();
    acknowledged(&office);
    office.works_until(8, 55);
    // Ana is asked, and does not answer; the next level is an hour away.
    office.slack.slash("ana", "payments", "note 1 still looking");
    office.monitor(PAYMENTS_KEY, "cpu", "trigger");
    office.page("ana", 2);
    assert!(office.slack.pages("ben", 2).is_empty());
    office.until(9, 0);
    office.page("ben", 2);
    assert!(office.slack.pages("ben", 1).is_empty(), "an acknowledged one stays with its responder");
    let shown = office.summary("Open at 09:00: 2").0.to_string();
    assert!(plain(&shown).contains("nobody has it"), "{shown}");
    let story = office.slack.slash("ana", "payments", "show 2").to_string();
    assert!(plain(&story).contains("The shift ended while it waited: paging Ben Okafor now"), "{story}");
}

#[test]
fn a_handoff_while_warridor_is_down_is_told_late_once_and_says_so() {
    let mut office = office();
    acknowledged(&office);
    office.stop();
    office.clock.advance(std::time::Duration::from_secs(8 * HOUR));
    office.restart();
    let summary = office.summary("This comes late: it was to be here Mar 2 09:00");
    assert!(plain(&summary.0.to_string()).contains("Ana Silva → Ben Okafor"), "{}", summary.0);
    office.restart();
    office.settle();
    assert_eq!(office.summaries().len(), 1);
    // The next one, as if nothing had been.
    office.until(24 + 9, 0);
    let next = office.summary("Ben Okafor → Ana Silva");
    assert!(!next.0.to_string().contains("late"), "{}", next.0);
    assert_eq!(office.summaries().len(), 2);
}

#[test]
fn a_restart_between_draft_summary_and_acceptance_loses_nothing_and_says_nothing_twice() {
    let mut office = office();
    acknowledged(&office);
    office.works_until(8, 31);
    let draft = office.dm("ana", "You hand over Payments");
    office.restart();
    office.slack.press_well("ana", "dm:ana", &draft, "handoff.offer");
    office.dm("ana", "Ana Silva hands over #1");
    office.stop();
    office.clock.advance(std::time::Duration::from_secs(29 * MINUTE + 30));
    office.restart();
    let summary = office.summary("Ana Silva hands over #1 to whoever accepts");
    assert!(!summary.0.to_string().contains("omes late"), "it is a minute: {}", summary.0);
    office.restart();
    office.slack.press_well("ben", "payments", &summary, "handoff.accept");
    office.says_in_card(1, "Ben Okafor has it");
    office.restart();
    office.settle();
    let drafts = office.slack.messages("dm:ana").iter().filter(|m| m.text().contains("Handed over at")).count();
    assert_eq!((office.summaries().len(), drafts), (1, 1));
}

#[test]
fn a_swap_by_override_is_handed_over_and_whoever_takes_the_pager_by_hand_has_accepted() {
    let office = office();
    // Mara stands in for Ana: Ana hands over to her, and she to Ben.
    let said = office.slack.slash("ana", "payments", "oncall override payments @mara 04:00 - 09:00").to_string();
    assert!(plain(&said).contains("Mara Keller"), "{said}");
    office.until(3, 31);
    office.dm("ana", "You hand over Payments Mar 2 04:00 to Mara Keller");
    office.until(4, 0);
    office.summary("Ana Silva → Mara Keller");
    office.until(8, 31);
    office.dm("mara", "You hand over Payments Mar 2 09:00 to Ben Okafor");
    office.until(9, 0);
    office.summary("Mara Keller → Ben Okafor");
    // Who puts themselves on call knows what they do.
    office.slack.slash("ana", "payments", "oncall take payments 2h");
    let took = office.summary("Ben Okafor → Ana Silva");
    assert!(took.buttons().is_empty() && plain(&took.0.to_string()).contains("Ana Silva accepted it"), "{}", took.0);
    office.until(11, 5);
    office.summary("Ana Silva → Ben Okafor");
    assert_eq!(office.summaries().len(), 4);
}

#[test]
fn where_nobody_is_next_the_summary_says_so() {
    let ends = config().replace("start = 2024-01-01\n", "start = 2024-01-01\nuntil = 2026-03-02\n");
    let office = Office::open(&ends, company::workspace());
    office.until(8, 31);
    let draft = office.dm("ana", "NOBODY is on call for Payments after you, from Mar 2 09:00 on");
    assert_eq!(draft.buttons(), ["handoff.write"], "there is nobody to hand over to: {}", draft.0);
    office.until(9, 0);
    let summary = office.summary("Nobody is on call now");
    assert!(summary.buttons().is_empty(), "{}", summary.0);
    office.until(11, 0);
    let reminded = office.slack.messages("dm:mara");
    assert!(reminded.iter().all(|m| !m.text().contains("has not accepted")), "{reminded:?}");
    eventually_true("it is said once", SOON, || office.summaries().len() == 1);
}

#[test]
fn what_is_private_is_a_number_in_a_channel_that_everybody_reads() {
    let private = config().replace(
        "name = \"Payments API\"\nteam = \"payments\"",
        "name = \"Payments API\"\nteam = \"payments\"\nprivate = true\nchannel = \"admin\"",
    );
    let private = private.replace(
        &format!("name = \"admin\"\nid = \"{}\"", channel_id("admin")),
        &format!("name = \"admin\"\nid = \"{}\"\nprivate = true", channel_id("admin")),
    );
    let office = Office::open(&private, company::workspace());
    office.monitor(PAYMENTS_KEY, "secret", "trigger");
    office.page("ana", 1);
    office.until(9, 0);
    let shown = office.summary("Open at 09:00: 1").0.to_string();
    assert!(shown.contains("(private)") && !shown.contains("secret"), "{shown}");
}
