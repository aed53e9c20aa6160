//! What is typed, and what is answered: every line in `tests/commands/*.txt` goes through the whole program, and its
//! answer is compared to the letter. `WARRIDOR_BLESS=1 cargo test --test commands` writes the answers anew; then read
//! them as somebody just woken.
//!
//! `* …` is what happens beside it; `ana> …` what Ana types; four blanks begin a line of the answer.

mod e2e;
mod office;

use e2e::company::{PAYMENTS_KEY, SEARCH_KEY};
use e2e::{SOON, eventually, eventually_true};
use office::{Office, drawn, plain};
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The lines typed in all stories, at least.
const TYPED_AT_LEAST: usize = 150;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands")
}

fn stories() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::fs::read_dir(folder())
        .expect("the stories are there")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "txt"))
        .collect();
    all.sort();
    all
}

/// The story as it goes now.
fn told(story: &str) -> (String, usize) {
    let config = e2e::Company::default().config();
    let office = match story.contains("\n* nightly backup ") {
        true => Office::open(&office::with_heartbeat(&config, "every = \"1h\""), e2e::company::workspace()),
        false => Office::usual(),
    };
    let (mut out, mut typed) = (String::new(), 0);
    for line in story.lines().filter(|l| !l.starts_with("    ")) {
        let _ = writeln!(out, "{line}");
        if let Some(what) = line.strip_prefix("* ") {
            happens(&office, what);
        } else if let Some((who, line)) = line.split_once("> ") {
            typed += 1;
            let (command, text) = line.split_once(' ').unwrap_or((line, ""));
            let before = office.windows(who);
            let answer = office.slack.types(who, "payments", command, text);
            for line in drawn(&answer) {
                let _ = writeln!(out, "    {line}");
            }
            let window = office.window_after(who, &before, &answer);
            for line in window.iter().flat_map(drawn) {
                let _ = writeln!(out, "    | {line}");
            }
            office.comes_to_rest();
        }
    }
    (out, typed)
}

fn happens(office: &Office, what: &str) {
    let words: Vec<&str> = what.split(' ').collect();
    match words.as_slice() {
        ["payments", "fires", key] => office.monitor(PAYMENTS_KEY, key, "trigger"),
        ["search", "fires", key] => office.monitor(SEARCH_KEY, key, "trigger"),
        ["payments", "clears", key] => office.monitor(PAYMENTS_KEY, key, "resolve"),
        ["nightly", "backup", "is", "heard"] => {
            assert_eq!(office.beat(office::HEARTBEAT_KEYS[0].1).status, 202);
        }
        ["search", "clears", key] => office.monitor(SEARCH_KEY, key, "resolve"),
        [who, "finds", "nothing", "to", "do", "about", no] => {
            let no = no.trim_start_matches('#').parse().expect("a number");
            let card = office.slack.cards("payments", no).pop().expect("its card");
            office.slack.press_well(who, "payments", &card, "incident.more");
            let more = eventually("a window", SOON, || office.windows(who).pop());
            let body = json!({ "user": who, "view_id": more["id"], "action_id": "incident.not_actionable" });
            let answer = office.slack.post("/sandbox/click", &body);
            assert_eq!(answer["ok"], true, "{answer}");
            office.settle();
        }
        [n, "minutes", "pass"] => office.pass(n.parse::<u64>().expect("a number") * 60),
        _ => panic!("nobody knows how this happens: {what}"),
    }
}

#[test]
fn every_line_is_answered_to_the_letter() {
    let mut all = 0;
    let mut wrong = Vec::new();
    for path in stories() {
        let written = std::fs::read_to_string(&path).expect("a story");
        let (now, typed) = told(&written);
        all += typed;
        if std::env::var_os("WARRIDOR_BLESS").is_some() {
            std::fs::write(&path, &now).expect("the story is written");
        } else if now != written {
            let first = now.lines().zip(written.lines()).find(|(now, then)| now != then);
            wrong.push(format!("{}: {first:#?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all >= TYPED_AT_LEAST, "only {all} lines are typed");
}

#[test]
fn a_command_with_another_name_does_what_the_configuration_says_it_means() {
    let office = Office::usual();
    for (command, text) in [("/who", ""), ("/who", "Payments"), ("/pager", "oncall payments")] {
        let told = office.slack.types("mara", "payments", command, text).to_string();
        assert!(told.contains("Payments, by the week: *Ben Okafor*"), "{command} {text}: {told}");
    }
}

impl Office {
    fn answered(&self, who: &str, text: &str) -> String {
        drawn(&self.slack.slash(who, "payments", text)).join("\n")
    }

    /// What the bot wrote to somebody, the oldest first.
    fn letters(&self, who: &str) -> Vec<String> {
        self.slack.messages(&format!("dm:{who}")).iter().map(|m| plain(&m.readable())).collect()
    }

    fn letter(&self, who: &str, words: &str) -> String {
        eventually(format!("{who} reads {words:?}"), SOON, || {
            self.letters(who).into_iter().find(|letter| letter.contains(words))
        })
    }
}

#[test]
fn whoever_is_put_on_call_and_whoever_is_relieved_are_told() {
    let office = Office::usual();
    let told = office.answered("ana", "oncall override payments @chen 2h");
    assert!(told.ends_with("instead of Ben Okafor. I tell Chen Wei and Ben Okafor."), "{told}");
    let span = "Payments, by the week, from Mar 2 03:02 until Mar 2 05:02";
    office.letter("chen", &format!("Ana Silva put you on call for {span}, instead of Ben Okafor."));
    office.letter("ben", &format!("Ana Silva put Chen Wei on call instead of you: {span}."));
    assert_eq!(office.letters("ana").len(), 0, "she typed it");

    office.pass(2);
    let told = office.answered("divya", "oncall take payments until 06:00");
    assert!(told.ends_with("I tell Chen Wei and Ben Okafor."), "both have a part of it: {told}");
    office.letter("chen", "Divya Rao takes the pager instead of you");
    office.letter("ben", "Divya Rao takes the pager instead of you");
    assert_eq!(office.letters("divya").len(), 0);
    let told = office.answered("ben", "oncall take payments 06:00-07:00");
    assert!(!told.contains("I tell"), "it is his turn anyway: {told}");
}

#[test]
fn whoever_stood_in_whose_turn_it_is_again_and_who_made_it_hear_that_it_is_over() {
    let office = Office::usual();
    office.answered("ana", "oncall override payments @chen 2h");
    office.letter("chen", "put you on call");
    office.letter("ben", "on call instead of you");
    office.pass(60);
    let told = office.answered("mara", "oncall override remove 1");
    assert!(told.contains("On call now: Ben Okafor."), "{told}");
    assert!(told.ends_with("I tell Chen Wei, Ben Okafor and Ana Silva."), "{told}");
    let letter = office.letter("chen", "Mara Keller ended the override by which you stood in");
    assert!(letter.contains("Ben Okafor is on call instead."), "{letter}");
    office.letter("ben", "Mara Keller ended the override by which Chen Wei was on call for");
    office.letter("ana", "Mara Keller ended the override by which you put Chen Wei on call for");
    assert_eq!(office.letters("mara").len(), 0);
}

#[test]
fn whoever_would_be_their_own_backup_is_named_before_all_else_with_what_undoes_it() {
    let config = e2e::Company::default().config();
    let config = config.replacen("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]", 1);
    let office = Office::open(&config, e2e::company::workspace());
    let told = office.answered("mara", "oncall override payments @ben 2h");
    assert!(told.contains("Ben Okafor is level 2 of the same policy as well"), "{told}");
    let (first, rest) = told.split_once('\n').expect("two lines");
    assert!(first.starts_with(":warning:"), "{told}");
    assert!(first.ends_with("`/pager oncall override remove 1` ends it."), "{told}");
    assert!(rest.starts_with("Ben Okafor is on call for") && rest.contains(", 2 h"), "{told}");
}

#[test]
fn who_gives_their_own_place_away_is_named_once() {
    let office = Office::usual();
    office.answered("ben", "oncall override payments @chen 2h");
    let letter = office.letter("chen", "Ben Okafor put you on call for");
    assert!(letter.contains(", in their own place."), "{letter}");
    office.pass(60);
    office.answered("chen", "oncall override remove 1");
    office.letter("ben", "Chen Wei does not stand in any more for");
}

#[test]
fn whoever_is_on_call_when_an_override_ends_is_asked_and_whoever_was_paged_may_still_answer() {
    let config = e2e::Company::default().config();
    let config = config.replacen("targets = [\"user:ana\"]", "targets = [\"schedule:payments-week\"]", 1);
    let office = Office::open(&config, e2e::company::workspace());
    office.answered("ana", "oncall override payments @chen 2h");
    office.letter("chen", "put you on call");
    office.pass(2);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let page = eventually("his page", SOON, || {
        office.pass(1);
        office.slack.pages("chen", 1).pop()
    });
    office.answered("ana", "oncall override remove 1");
    eventually_true("Ben is asked: nobody has it", SOON, || {
        office.pass(1);
        !office.slack.pages("ben", 1).is_empty()
    });
    office.slack.press_well("chen", "dm:chen", &page, "incident.acknowledge");
    eventually_true("he has it", SOON, || office.answered("ana", "show 1").contains("Chen Wei has it"));
    office.monitor(PAYMENTS_KEY, "cpu", "trigger");
    eventually_true("the next alert asks Ben", SOON, || {
        office.pass(1);
        !office.slack.pages("ben", 2).is_empty()
    });
}

#[test]
fn whom_slack_does_not_let_me_tell_is_named_at_once_or_as_soon_as_it_is_known() {
    let office = Office::usual();
    let to_chen = e2e::company::user_id("chen");
    office.slack.order(json!({
        "fault": "error", "error": "account_inactive", "method": "chat.postMessage", "channel": to_chen, "count": 1,
    }));
    let told = office.answered("ana", "oncall override payments @chen 2h");
    assert!(told.contains("I tell Ben Okafor. :warning: Chen Wei does not know"), "{told}");
    assert!(told.ends_with("(Slack did not take my message: account_inactive). Tell them yourself."), "{told}");

    office.pass(2);
    office.slack.order(json!({ "fault": "429", "method": "chat.postMessage", "channel": to_chen, "count": 3 }));
    let told = office.answered("ana", "oncall override payments @chen from 10:00 to 11:00");
    assert!(told.contains("I tell Chen Wei"), "{told}");
    eventually_true("she is told that he does not know", SOON, || {
        let all = office.slack.get("/sandbox/messages?channel=payments&user=ana");
        let all = all.as_array().cloned().unwrap_or_default();
        all.iter().any(|m| m["is_ephemeral"] == true && m.to_string().contains("not take my message: rate_limited"))
    });
}

#[test]
fn fault_27_the_admin_channel_hears_once_of_a_gap_that_begins_within_three_days() {
    let config = e2e::Company::default().config();
    let config = config.replacen("catch_all = [", "catch_all = [\"schedule:payments-week\", ", 1);
    let hours = "handoff = \"09:00\"\nhours = [{ days = \"mon-wed\", from = \"00:00\", until = \"00:00\" }]";
    let restricted = config.replacen("handoff = \"09:00\"", hours, 1);
    let office = Office::open(&config, e2e::company::workspace());
    let warnings = || {
        let all = office.slack.messages("admin").into_iter().map(|m| plain(&m.readable()));
        all.filter(|words| words.contains("Nobody will be on call")).collect::<Vec<_>>()
    };
    office.settle();
    assert_eq!(warnings(), Vec::<String>::new(), "Ben carries it at every hour");
    // It is Monday; from Thursday on nobody does.
    office.configure(&restricted);
    let heard = eventually("the admins hear of it", SOON, || {
        office.pass(1);
        warnings().pop()
    });
    assert!(heard.contains("Payments, by the week: from Mar 5 00:00 until Mar 9 00:00"), "{heard}");
    for _ in 0..3 {
        office.pass(60 * 60);
        office.settle();
    }
    assert_eq!(warnings().len(), 1, "once");
    let gaps = office.answered("ana", "oncall gaps");
    assert!(gaps.contains("from Mar 5 00:00 until Mar 9 00:00"), "{gaps}");
}
