//! `src/domain` and `src/views` are pure: they compile without a clock, without randomness, without tokio; and what a
//! compiler cannot see (the standard library has a clock) is looked for in the text.

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Beside this test's own target directory, so that nothing is built twice and nobody waits for a lock.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("pure")
}

fn compiles(manifest: &str) {
    let output = Command::new(env!("CARGO"))
        .args(["check", "--locked", "--quiet", "--manifest-path", manifest])
        .current_dir(root())
        .env("CARGO_TARGET_DIR", target())
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{manifest} does not compile:\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_domain_compiles_alone() {
    compiles("tests/pure/Cargo.toml");
}

#[test]
fn the_views_compile_with_the_domain_and_slacks_types_alone() {
    compiles("tests/pure/views/Cargo.toml");
}

/// A word, the folders it is banned from, and why.
const FORBIDDEN: &[(&str, &[&str], &str)] = &[
    ("SystemTime", &["domain", "command", "views"], "time is an argument"),
    ("Instant::", &["domain", "command", "views"], "time is an argument"),
    ("UNIX_EPOCH", &["domain", "command", "views"], "time is an argument"),
    ("::now(", &["domain", "command", "views"], "time is an argument"),
    ("tokio", &["domain", "command", "views"], "nothing waits here"),
    ("async ", &["domain", "command", "views"], "nothing waits here"),
    (".await", &["domain", "command", "views"], "nothing waits here"),
    ("rand::", &["domain", "command", "views"], "the same arguments give the same facts"),
    ("RandomState", &["domain", "command", "views"], "the same arguments give the same facts"),
    ("HashMap", &["domain", "command", "views"], "its order is random: BTreeMap or imbl's OrdMap"),
    ("HashSet", &["domain", "command", "views"], "its order is random: BTreeSet or imbl's OrdSet"),
    ("tracing", &["domain", "command", "views"], "facts are the log"),
    ("println!", &["domain", "command", "views"], "facts are the log"),
    ("std::env", &["domain", "command", "views"], "the configuration is an argument"),
    ("std::fs", &["domain", "command", "views"], "no I/O"),
    ("std::net", &["domain", "command", "views"], "no I/O"),
    ("std::io", &["domain", "command", "views"], "no I/O"),
    ("std::thread", &["domain", "command", "views"], "no I/O"),
    ("thread_local!", &["domain", "command", "views"], "state is an argument"),
    ("static ", &["domain", "command", "views"], "state is an argument"),
    ("OnceLock", &["domain", "command", "views"], "state is an argument"),
    ("LazyLock", &["domain", "command", "views"], "state is an argument"),
    ("Mutex", &["domain", "command", "views"], "state is an argument"),
    ("RefCell", &["domain", "command", "views"], "state is an argument"),
    ("unsafe ", &["domain", "command", "views"], "there is nothing to gain"),
    ("slack_morphism", &["domain"], "the domain knows no Slack"),
    ("serde_json", &["domain"], "facts are types, not JSON"),
    ("Value", &["domain"], "facts are types, not JSON"),
    ("crate::slack", &["domain", "command", "views"], "the outside is not theirs"),
    ("crate::store", &["domain", "command", "views"], "the outside is not theirs"),
    ("crate::pump", &["domain", "command", "views"], "the outside is not theirs"),
    ("crate::outbox", &["domain", "command", "views"], "the outside is not theirs"),
    ("crate::views", &["domain"], "words are not the domain's"),
];

/// What is allowed all the same: file, word, why.
const ALLOWED: &[(&str, &str, &str)] =
    &[("domain/world/rows.rs", "serde_json", "a row's bytes are JSON; the journal's are made in `record`")];

#[test]
fn what_a_compiler_cannot_see_is_not_in_the_text() {
    let mut found = Vec::new();
    let mut used = vec![false; ALLOWED.len()];
    for folder in ["domain", "views"] {
        for path in files(&root().join("src").join(folder)) {
            let text = std::fs::read_to_string(&path).expect("a source can be read");
            let name = path.strip_prefix(root().join("src")).expect("below src").display().to_string();
            for (n, line) in code(&text) {
                for (word, folders, why) in FORBIDDEN {
                    if !folders.contains(&folder) || !has(line, word) {
                        continue;
                    }
                    match ALLOWED.iter().position(|(file, allowed, _)| *file == name && allowed == word) {
                        Some(a) => used[a] = true,
                        None => found.push(format!("src/{name}:{n}: `{word}`: {why}")),
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    for ((file, word, _), used) in ALLOWED.iter().zip(used) {
        assert!(used, "src/{file} no longer needs its exception for `{word}`");
    }
}

#[test]
fn a_word_is_found_and_a_part_of_a_longer_one_is_not() {
    let rows = [
        ("let t = std::time::SystemTime::now();", "SystemTime", true),
        ("let t = std::time::SystemTime::now();", "::now(", true),
        ("let r = rand::random();", "rand::", true),
        ("static SEEN: Mutex<u8> = Mutex::new(0);", "static ", true),
        ("fn color(i: &Incident) -> &'static str {", "static ", false),
        ("let brand::X = y;", "rand::", false),
        ("enum ValueOf {}", "Value", false),
    ];
    for (line, word, found) in rows {
        assert_eq!(has(line, word), found, "{word:?} in {line:?}");
    }
}

/// The lines that are neither comments nor a file's tests (which stand last), with their numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].lines().enumerate().map(|(n, l)| (n + 1, l.split("//").next().unwrap_or(l)))
}

/// Does the word stand in the line, not as the end or the beginning of a longer one?
fn has(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        // A lifetime is no word: `&'static str` holds no state.
        let joined_before = word.starts_with(is_part) && line[..at].ends_with(|c| is_part(c) || c == '\'');
        let joined_after = word.ends_with(is_part) && line[at + word.len()..].starts_with(is_part);
        !joined_before && !joined_after
    })
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push(path);
        }
    }
    all.sort();
    all
}
