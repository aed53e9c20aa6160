//! Whatever stands in the file, the answer is a list of complaints that each say where.

use proptest::prelude::*;
use std::path::Path;
use warridor::config::{self, CheckReport, MemoryEnv, limits};

const SHIPPED: &str = include_str!("../config.toml");
const PLAYBOOK: &str = include_str!("../playbooks/disk-filling-up.md");

/// Pieces that mean something to TOML, to the reader or to a terminal.
const PIECES: &[&str] = &[
    "\"",
    "\"\"\"",
    "'",
    "[",
    "]",
    "[[",
    "]]",
    "[[user]]\n",
    "[[service.key]]\n",
    "[service.key]\n",
    "[user]\n",
    "[x]\n",
    "{",
    "}",
    "{}",
    "=",
    "#",
    "\n",
    "\r\n",
    ".",
    ",",
    "[]",
    "true",
    "-1",
    "99999999999999999999",
    "1e9",
    "inf",
    "0x_",
    "2026-01-05",
    "25:61",
    "\u{feff}",
    "\0",
    "\u{202e}",
    "é",
    "💥",
    "id = \"ana\"\n",
    "key = \"0123456789abcdef\"\n",
    "user = 1\n",
    "user = [1]\n",
    "user = [{}]\n",
    "\"\" = 1\n",
    "steps = [[]]\n",
    "tz = \"UTC\"\n",
    "+++\n",
    "\\u{0}",
    "\u{1b}[31m",
];

/// Values of every kind, small and large.
const VALUES: &[&str] = &[
    "\"\"",
    "\" \"",
    "\"ana\"",
    "\"user:ana\"",
    "\"schedule:\"",
    "\":\"",
    "\"payments\"",
    "\"high\"",
    "\"5m\"",
    "\"99999999999d\"",
    "0",
    "-1",
    "9223372036854775807",
    "99999999999999999999",
    "0xff",
    "1.5",
    "nan",
    "true",
    "2026-01-05",
    "0001-01-01",
    "9999-12-31",
    "1979-05-27T07:32:00Z",
    "23:59",
    "07:32:00.999999",
    "[]",
    "[[]]",
    "[1, \"a\"]",
    "[{}]",
    "{}",
    "{ id = \"ana\" }",
    "\"Europe/Berlin\"",
    "\"\\u202e\\u0000\"",
    "\"\\n\"",
    "\"day\"",
    "\"week\"",
    "\"monday\"",
    "\"18:00\"",
    "\"KEY_PAYMENTS\"",
    "\"/pager\"",
    "\"💥\"",
    "\"https://example.com\"",
    "\"C07PAYMENTS\"",
    "\"U07ANASILVA\"",
];

#[derive(Clone, Debug)]
enum Mutation {
    Insert(usize, usize),
    Delete(usize, usize),
    /// Moves a stretch somewhere else.
    Move(usize, usize, usize),
    DropLine(usize),
    DoubleLine(usize),
    /// Gives a key another value.
    Value(usize, usize),
    /// Gives a line another line's value.
    Swap(usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = || any::<usize>();
    prop_oneof![
        (at(), 0..PIECES.len()).prop_map(|(at, piece)| Mutation::Insert(at, piece)),
        (at(), 1..40usize).prop_map(|(at, len)| Mutation::Delete(at, len)),
        (at(), 1..200usize, at()).prop_map(|(from, len, to)| Mutation::Move(from, len, to)),
        at().prop_map(Mutation::DropLine),
        at().prop_map(Mutation::DoubleLine),
    ]
}

/// Mutations that mostly leave the text TOML, so that what comes after the parser is reached.
fn tidy_mutation() -> impl Strategy<Value = Mutation> {
    let at = || any::<usize>();
    prop_oneof![
        at().prop_map(Mutation::DropLine),
        at().prop_map(Mutation::DoubleLine),
        (at(), 0..VALUES.len()).prop_map(|(at, value)| Mutation::Value(at, value)),
        (at(), at()).prop_map(|(at, from)| Mutation::Swap(at, from)),
    ]
}

fn mutate(text: &str, mutations: &[Mutation]) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for mutation in mutations {
        let index = |at: usize| at % (chars.len() + 1);
        match *mutation {
            Mutation::Insert(at, piece) => {
                let at = index(at);
                chars.splice(at..at, PIECES[piece].chars());
            }
            Mutation::Delete(at, len) => {
                let at = index(at);
                chars.drain(at..(at + len).min(chars.len()));
            }
            Mutation::Move(from, len, to) => {
                let from = index(from);
                let cut: Vec<char> = chars.drain(from..(from + len).min(chars.len())).collect();
                let to = to % (chars.len() + 1);
                chars.splice(to..to, cut);
            }
            Mutation::DropLine(at) | Mutation::DoubleLine(at) | Mutation::Value(at, _) | Mutation::Swap(at, _) => {
                let text: String = chars.iter().collect();
                let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
                if !lines.is_empty() {
                    let at = at % lines.len();
                    mutate_line(&mut lines, at, mutation);
                }
                chars = lines.concat().chars().collect();
            }
        }
    }
    chars.into_iter().collect()
}

fn mutate_line(lines: &mut Vec<String>, at: usize, mutation: &Mutation) {
    let value = match *mutation {
        Mutation::DropLine(_) => {
            lines.remove(at);
            return;
        }
        Mutation::DoubleLine(_) => {
            let line = lines[at].clone();
            lines.insert(at, line);
            return;
        }
        Mutation::Swap(_, from) => lines[from % lines.len()].split_once('=').map(|(_, value)| value.to_owned()),
        Mutation::Value(_, value) => Some(format!("{}\n", VALUES[value])),
        Mutation::Insert(..) | Mutation::Delete(..) | Mutation::Move(..) => None,
    };
    if let (Some((key, _)), Some(value)) = (lines[at].clone().split_once('='), value) {
        lines[at] = format!("{key}={value}");
    }
}

fn report(config: &str, playbook: &str) -> CheckReport {
    let mut env = MemoryEnv::with_file("config.toml", config);
    env.files.insert("playbooks/disk.md".into(), playbook.as_bytes().to_vec());
    config::check(Path::new("config.toml"), &env)
}

/// Each on one line that begins `FILE:LINE: `, naming a line that exists, and safe to print.
fn well_told(report: &CheckReport, config: &str, playbook: &str) {
    for complaint in report.complaints.iter().chain(&report.warnings) {
        let told = complaint.to_string();
        let text = if complaint.file == "config.toml" { config } else { playbook };
        assert!(told.starts_with(&format!("{}:{}: ", complaint.file, complaint.line)), "{told}");
        let lines = text.split('\n').count().max(1);
        assert!((1..=lines).contains(&complaint.line), "{told}: there are {lines} lines");
        assert!(!told.chars().any(char::is_control), "{told:?}");
        assert!(!complaint.wrong.is_empty(), "{told}");
    }
    assert!(report.complaints.len() <= 2 * (limits::MAX_COMPLAINTS + 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutilated_configuration_is_judged_and_never_panics(mutations in prop::collection::vec(mutation(), 1..8)) {
        let text = mutate(SHIPPED, &mutations);
        well_told(&report(&text, PLAYBOOK), &text, PLAYBOOK);
    }

    #[test]
    fn odd_values_are_judged_and_never_panic(mutations in prop::collection::vec(tidy_mutation(), 1..12)) {
        let text = mutate(SHIPPED, &mutations);
        well_told(&report(&text, PLAYBOOK), &text, PLAYBOOK);
    }

    #[test]
    fn a_mutilated_playbook_is_judged_and_never_panics(mutations in prop::collection::vec(mutation(), 1..8)) {
        let text = mutate(PLAYBOOK, &mutations);
        well_told(&report(SHIPPED, &text), SHIPPED, &text);
    }

    #[test]
    fn any_text_is_judged_and_never_panics(text in "\\PC{0,200}") {
        well_told(&report(&text, &text), &text, &text);
    }
}

#[test]
fn every_bound_is_held() {
    let repeated = |count: usize, one: &dyn Fn(usize) -> String| (0..count).map(one).collect::<String>();
    let list = |count: usize, one: &str| vec![format!("\"{one}\""); count].join(", ");
    for (what, text, want) in [
        (
            "users",
            repeated(limits::MAX_USERS + 1, &|i| format!("[[user]]\nid = \"u{i}\"\ntz = \"UTC\"\n")),
            "config.toml:1: 5001 × user are more than 5000; keep 5000 at most",
        ),
        (
            "members",
            format!("[[team]]\nid = \"a\"\nmembers = [{}]\n", list(limits::MAX_MEMBERS + 1, "ana")),
            "config.toml:3: [team.a] 201 × members are more than 200; keep 200 at most",
        ),
        (
            "steps",
            format!("[[policy]]\nid = \"a\"\nsteps = [{}]\n", ["{}"; limits::MAX_STEPS + 1].join(", ")),
            "config.toml:3: [policy.a] 21 × steps are more than 20; keep 20 at most",
        ),
        (
            "targets",
            format!("catch_all = [{}]\n", list(limits::MAX_TARGETS + 1, "user:ana")),
            "config.toml:1: 21 × catch_all are more than 20; keep 20 at most",
        ),
        (
            "layers",
            format!("[[schedule]]\nid = \"a\"\n{}", "[[schedule.layer]]\n".repeat(limits::MAX_LAYERS + 1)),
            "config.toml:3: [schedule.a] 11 × layer are more than 10; keep 10 at most",
        ),
        (
            "rules",
            format!("[[user]]\nid = \"a\"\n{}", "[[user.rule]]\n".repeat(limits::MAX_RULES + 1)),
            "config.toml:3: [user.a] 21 × rule are more than 20; keep 20 at most",
        ),
        (
            "backoffs",
            format!("[settings]\nexhausted_backoff = [{}]\n", list(limits::MAX_BACKOFFS + 1, "5m")),
            "config.toml:2: [settings] 11 × exhausted_backoff are more than 10; keep 10 at most",
        ),
        (
            "an id",
            format!("[[team]]\nid = \"{}\"\n", "x".repeat(limits::MAX_ID_CHARS + 1)),
            "config.toml:2: [[team]] id = \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" is longer than 40 characters; \
             write 1 to 40 printable characters or leave it out",
        ),
    ] {
        let told: Vec<String> = report(&text, PLAYBOOK).complaints.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|t| t == want), "{what}: {:#?}", &told[..told.len().min(5)]);
    }
    // So deep that a careless parser would overflow its stack.
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    well_told(&report(&deep, PLAYBOOK), &deep, PLAYBOOK);
}
