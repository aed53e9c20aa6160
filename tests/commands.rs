//! What is typed, and what is answered: every line in `tests/commands/*.txt` goes through the whole program, and its
//! answer is compared to the letter. `WARRIDOR_BLESS=1 cargo test --test commands` writes the answers anew; then read
//! them as somebody just woken.
//!
//! `* …` is what happens beside it; `ana> …` what Ana types; four blanks begin a line of the answer.

mod e2e;
mod office;

use e2e::company::{PAYMENTS_KEY, SEARCH_KEY};
use office::{Office, drawn};
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
    let office = Office::usual();
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
        ["search", "clears", key] => office.monitor(SEARCH_KEY, key, "resolve"),
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
