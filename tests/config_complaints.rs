//! One bad line, one complaint: with the line it stands in, what was found and what to write instead. The slips and
//! the words are in `config/complaints.txt`.

use std::path::Path;
use warridor::config::{self, Complaint, MemoryEnv};
use warridor::domain::directory::Urgency;

const GOOD: &str = include_str!("config/good.toml");
const SLIPS: &str = include_str!("config/complaints.txt");

#[test]
fn the_good_one_is_good() {
    let report = config::check(Path::new("config.toml"), &env(GOOD));
    assert_eq!((told(&report.complaints), told(&report.warnings)), (vec![], vec![]));
}

#[test]
fn every_slip_is_told_once_with_its_line_and_its_mend() {
    let mut wrong = Vec::new();
    let slips = slips();
    assert!(slips.len() > 100);
    for Slip { from, to, complaint, want } in slips {
        assert_eq!(GOOD.matches(&from).count(), 1, "{from:?} must stand in good.toml once");
        let text = GOOD.replace(&from, &to);
        let report = config::check(Path::new("config.toml"), &env(&text));
        let (complaints, warnings) = (told(&report.complaints), told(&report.warnings));
        let good = if complaint { complaints == [&*want] } else { complaints.is_empty() && warnings == [&*want] };
        if !good {
            wrong.push(format!("{from} -> {to}\n  want {want}\n  told {complaints:#?} {warnings:#?}"));
        }
        assert_eq!(config::load(Path::new("config.toml"), &env(&text)).is_err(), complaint);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = GOOD.replace("tier = 1", "tier = 4").replace("tz = \"Europe/Berlin\"", "tz = \"Berlin\"");
    let text = text.replace("repeat = 2", "repeat = 99").replace("admin = true", "admin = 1");
    let told = told(&config::check(Path::new("config.toml"), &env(&text)).complaints);
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn a_key_written_in_the_file_is_never_quoted() {
    let secret = "xyzzy-plugh-secret";
    let slips = slips();
    let with_secret: Vec<_> = slips.iter().filter(|slip| slip.to.contains(secret)).collect();
    assert!(with_secret.len() >= 5);
    assert!(with_secret.iter().all(|slip| !slip.want.contains("xyzzy")));
}

#[test]
fn what_is_not_a_text_file_is_told_too() {
    let path = Path::new("config.toml");
    let missing = config::check(path, &MemoryEnv::default());
    assert_eq!(
        told(&missing.complaints),
        ["config.toml:1: cannot be read: entity not found; write the file's name after --config"]
    );
    let mut env = MemoryEnv::default();
    env.files.insert(path.into(), b"workspace = \"A\"\nlisten = \"\xff\"\n".to_vec());
    assert_eq!(
        told(&config::check(path, &env).complaints),
        ["config.toml:2: is not UTF-8 text from here on; save the file as UTF-8"]
    );
    env.files.insert(path.into(), vec![b'#'; config::limits::MAX_FILE_BYTES + 1]);
    assert_eq!(
        told(&config::check(path, &env).complaints),
        ["config.toml:1: is larger than 1048576 bytes; leave out what is not needed"]
    );
    let empty = config::check(path, &MemoryEnv::with_file(path, ""));
    assert!(told(&empty.complaints).iter().all(|c| c.starts_with("config.toml:1: ")), "{:?}", empty.complaints);
    assert_eq!(empty.complaints.len(), 6);
}

#[test]
fn a_key_may_stand_in_a_file_or_be_known_by_its_hash_only() {
    let key = "0123456789abcdef-from-a-file";
    let hash = config::key_hash(key);
    for line in ["key_file = \"keys/payments\"".to_owned(), format!("key_sha256 = \"{}\"", hash.to_uppercase())] {
        let mut env = env(&GOOD.replace("key_env = \"KEY_PAYMENTS\"", &format!("{line}\nurgency = \"low\"")));
        env.files.insert("keys/payments".into(), format!("{key}\n").into_bytes());
        let loaded = config::load(Path::new("config.toml"), &env).unwrap();
        let known = &loaded.directory.keys[&hash];
        assert_eq!((known.service.as_str(), known.urgency), ("payments-api", Some(Urgency::Low)));
        assert!(!known.name.contains("abcdef"));
        assert_eq!(loaded.warnings, []);
    }
}

struct Slip {
    from: String,
    to: String,
    /// Or a warning.
    complaint: bool,
    want: String,
}

fn slips() -> Vec<Slip> {
    let entries = SLIPS.split("\n\n").filter(|entry| entry.starts_with("- "));
    entries
        .map(|entry| {
            let of =
                |mark: &str| entry.lines().filter_map(|line| line.strip_prefix(mark)).collect::<Vec<_>>().join("\n");
            let (complaint, warning) = (of("! "), of("? "));
            assert!(complaint.is_empty() != warning.is_empty(), "{entry}");
            let want = format!("{complaint}{warning}");
            Slip { from: of("- "), to: of("+ "), complaint: warning.is_empty(), want }
        })
        .collect()
}

fn env(text: &str) -> MemoryEnv {
    let mut env = MemoryEnv::with_file("config.toml", text);
    for (name, key) in [
        ("KEY_PAYMENTS", "0123456789abcdef"),
        ("KEY_SEARCH", "fedcba9876543210"),
        ("KEY_AGAIN", "0123456789abcdef"),
        ("KEY_SHORT", "hunter2"),
        ("KEY_ODD", "0123456789/abcdef?"),
    ] {
        env.vars.insert(name.to_owned(), key.to_owned());
    }
    env
}

fn told(notes: &[Complaint]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}
