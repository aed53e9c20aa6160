//! One bad line, one complaint: with the line it stands in, what was found and what to write instead. The slips and
//! the words are in `config/complaints.txt`.

use chrono::NaiveDate;
use std::path::Path;
use warridor::config::{self, Complaint, MemoryEnv};
use warridor::domain::directory::Urgency;
use warridor::domain::hours::{Span, Weekdays};
use warridor::domain::schedule::Member;

const GOOD: &str = include_str!("config/good.toml");
const SLIPS: &str = include_str!("config/complaints.txt");

#[test]
fn the_good_one_is_good() {
    let report = config::check(Path::new("config.toml"), &env(GOOD));
    assert_eq!(report, config::CheckReport::default());
}

#[test]
fn every_slip_is_told_with_its_line_and_its_mend_and_nothing_else_is() {
    let mut wrong = Vec::new();
    let slips = slips();
    assert!(slips.len() > 140);
    for Slip { edits, want } in slips {
        let text = edited(&edits);
        let report = config::check(Path::new("config.toml"), &env(&text));
        let mut all = Vec::new();
        for (mark, notes) in [("!", &report.complaints), ("?", &report.warnings), ("~", &report.notes)] {
            all.extend(notes.iter().map(|note| format!("{mark} {note}")));
        }
        if all != want {
            wrong.push(format!("{edits:?}\n{}", all.join("\n")));
            continue;
        }
        let refused = config::load(Path::new("config.toml"), &env(&text)).is_err();
        assert_eq!(refused, want.iter().any(|line| line.starts_with('!')), "{edits:?}");
    }
    assert!(wrong.is_empty(), "told instead:\n\n{}", wrong.join("\n\n"));
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
    let with_secret: Vec<_> = slips.iter().filter(|slip| edited(&slip.edits).contains(secret)).collect();
    assert!(with_secret.len() >= 5);
    assert!(with_secret.iter().flat_map(|slip| &slip.want).all(|told| !told.contains("xyzzy")));
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

#[test]
fn two_keys_open_the_same_integration_and_one_that_is_not_there_closes_only_itself() {
    let (old, new) = ("0123456789abcdef-the-old-one", "0123456789abcdef-the-new-one");
    let hashes = [config::key_hash(old), config::key_hash(new)];
    let lines = [
        "key_env = [\"KEY_OLD\", \"KEY_NEW\"]".to_owned(),
        "key_file = [\"old.key\", \"keys/new\"]".to_owned(),
        format!("key_sha256 = [\"{}\", \"{}\"]", hashes[0], hashes[1]),
    ];
    for line in lines {
        let more = format!("{line}\nurgency = \"low\"\nresolve_after = \"2h\"\nsource = \"splunk\"");
        let mut env = env(&GOOD.replace("key_env = \"KEY_PAYMENTS\"", &more));
        env.vars.extend([("KEY_OLD".to_owned(), old.to_owned()), ("KEY_NEW".to_owned(), new.to_owned())]);
        env.files.insert("old.key".into(), format!("{old}\n").into_bytes());
        env.files.insert("keys/new".into(), new.into());
        let loaded = config::load(Path::new("config.toml"), &env).unwrap();
        assert_eq!(loaded.warnings, [], "{line}");
        let [first, second] = hashes.each_ref().map(|hash| &loaded.directory.keys[hash]);
        assert_eq!(first, second, "{line}");
        assert_eq!((first.service.as_str(), first.urgency), ("payments-api", Some(Urgency::Low)));
        assert_eq!(first.resolve_after_secs, Some(7200));
        assert!(!first.name.contains("abcdef"), "{}", first.name);
        let sources: Vec<_> = loaded.app.keys.iter().filter(|k| k.name == first.name).collect();
        assert!(sources.len() == 2 && sources.iter().all(|k| k.open), "{sources:?}");

        // The old one goes.
        env.vars.remove("KEY_OLD");
        env.files.remove(Path::new("old.key"));
        let loaded = config::load(Path::new("config.toml"), &env).unwrap();
        if !line.starts_with("key_sha256") {
            assert_eq!((loaded.warnings.len(), loaded.directory.keys.contains_key(&hashes[0])), (1, false), "{line}");
        }
        assert!(loaded.directory.keys.contains_key(&hashes[1]), "{line}");
    }
}

#[test]
fn a_heartbeat_has_keys_of_its_own_and_its_grace_follows_from_how_often_it_comes() {
    let heartbeat = |lines: &str| {
        let lines = format!("key_env = \"KEY_SEARCH\"\n[[service.heartbeat]]\nid = \"backup\"\n{lines}");
        config::load(Path::new("config.toml"), &env(&GOOD.replace("key_env = \"KEY_SEARCH\"", &lines))).unwrap()
    };
    for (every, grace, secs) in [
        ("30s", "", (30, 60)),
        ("5m", "", (300, 60)),
        ("1h", "", (3_600, 360)),
        ("24h", "", (86_400, 7_200)),
        ("31d", "", (31 * 86_400, 7_200)),
        ("24h", "grace = \"0s\"", (86_400, 0)),
        ("24h", "grace = \"5h\"", (86_400, 18_000)),
    ] {
        let lines = format!("every = \"{every}\"\n{grace}\nkey_env = [\"KEY_BACKUP\", \"KEY_MIRROR\"]");
        let loaded = heartbeat(&lines);
        let known = &loaded.directory.heartbeats[&"backup".into()];
        assert_eq!((known.every_secs, known.grace_secs), secs, "{every} {grace}");
        assert_eq!((known.name.as_str(), known.service.as_str(), known.watched), ("backup", "search-api", true));
        let hashes = ["0123456789abcdef-backup", "0123456789abcdef-mirror"].map(config::key_hash);
        for hash in hashes {
            assert_eq!(loaded.directory.heartbeat_keys[&hash].as_str(), "backup");
            assert!(!loaded.directory.keys.contains_key(&hash), "it opens no way in for events");
        }
        assert_eq!(loaded.app.keys.len(), 2, "nor is it a key of the service");
    }
    let loaded = heartbeat("every = \"24h\"\nkey_env = [\"KEY_UNSET\", \"KEY_MIRROR\"]\nurgency = \"low\"");
    let known = &loaded.directory.heartbeats[&"backup".into()];
    assert_eq!((known.watched, known.urgency), (true, Some(Urgency::Low)), "one of them is enough");
    assert_eq!((loaded.warnings.len(), loaded.directory.heartbeat_keys.len()), (1, 1));
    let loaded = heartbeat("every = \"24h\"\nkey_env = \"KEY_UNSET\"");
    assert!(!loaded.directory.heartbeats[&"backup".into()].watched);
    assert_eq!(loaded.directory.watched().count(), 0);
}

#[test]
fn secrets_that_sign_are_known_by_their_variables_only() {
    let more = "key_env = \"KEY_PAYMENTS\"\nsource = \"pagerduty-webhook\"\nsignature_secret_env = [\"OLD_SECRET\", \"NEW_SECRET\"]";
    let mut env = env(&GOOD.replace("key_env = \"KEY_PAYMENTS\"", more));
    env.vars.insert("OLD_SECRET".to_owned(), "xyzzy-plugh-secret-of-before".to_owned());
    let loaded = config::load(Path::new("config.toml"), &env).unwrap();
    let key = &loaded.directory.keys[&config::key_hash("0123456789abcdef")];
    assert_eq!(key.signature_env, ["OLD_SECRET", "NEW_SECRET"], "one that is not set is asked for all the same");
    assert_eq!(told(&loaded.warnings).len(), 1);
    assert!(!format!("{:?}{:?}", loaded.directory, loaded.app).contains("xyzzy"));
}

#[test]
fn everything_that_a_schedule_can_be_told_is_understood() {
    let layer = "handoff = \"18:00\"\n\
        [[schedule.layer]]\n\
        members = [\"ben\", { user = \"ana\", from = 2026-12-07, until = 2027-01-04 }]\n\
        every = [\"4d\", \"12h\", \"2 weeks\"]\n\
        start = 2026-02-02\n\
        handoff = \"09:00\"\n\
        until = 2027-02-01\n\
        tz = \"Asia/Tokyo\"\n\
        hours = [{ days = \"fri-mon\", from = \"22:00\", until = \"06:00\" }, { from = \"12:00\", until = \"13:00\" }]\n\
        [[schedule.layer]]\n\
        members = [\"ben\"]\n\
        every = \"day\"\n\
        start = 2026-02-02\n\
        handoff = \"09:00\"\n\
        [[schedule.layer.hours]]\n\
        days = [\"sat\", \"Sunday\"]\n\
        from = \"09:00\"\n\
        until = \"09:00\"\n\
        [[schedule.shift]]\n\
        user = \"ben\"\n\
        from = 2026-12-24T18:00:00\n\
        until = \"2026-12-26 18:00\"\n";
    let text = GOOD.replace("handoff = \"18:00\"\n", layer);
    let report = config::check(Path::new("config.toml"), &env(&text));
    assert_eq!(report, config::CheckReport::default());
    let loaded = config::load(Path::new("config.toml"), &env(&text)).unwrap();
    let schedule = loaded.directory.schedules.values().next().unwrap();
    let [first, second, third] = schedule.layers.as_slice() else { panic!("{schedule:?}") };
    assert_eq!((first.tz, second.tz), (schedule.tz, chrono_tz::Asia::Tokyo));
    assert_eq!(second.rotation.turn_hours, [96, 12, 336]);
    let day = |text: &str| Some(text.parse::<NaiveDate>().unwrap());
    let ana = Member { user: "ana".into(), from: day("2026-12-07"), until: day("2027-01-04") };
    assert_eq!(second.rotation.members, [Member::always("ben"), ana]);
    assert_eq!(second.until, day("2027-02-01"));
    let is_on = |hours: &Span| -> Vec<bool> {
        "mon tue wed thu fri sat sun".split(' ').map(|name| hours.days.has(name.parse().unwrap())).collect()
    };
    assert_eq!(is_on(&second.hours[0]), [true, false, false, false, true, true, true]);
    assert_eq!(second.hours[1].days, Weekdays::ALL);
    assert_eq!(is_on(&third.hours[0]), [false, false, false, false, false, true, true]);
    let shift = &schedule.fixed[0];
    assert_eq!(
        (shift.from.to_string(), shift.until.to_string()),
        ("2026-12-24 18:00:00".into(), "2026-12-26 18:00:00".into())
    );
}

struct Slip {
    /// What stands in good.toml, and what is written instead.
    edits: Vec<(String, String)>,
    /// Complaints, warnings and notes, each with its mark.
    want: Vec<String>,
}

fn slips() -> Vec<Slip> {
    let entries = SLIPS.split("\n\n").filter(|entry| entry.starts_with("- "));
    entries
        .map(|entry| {
            let of = |edit: &str, mark: &str| {
                edit.lines().filter_map(|line| line.strip_prefix(mark)).collect::<Vec<_>>().join("\n")
            };
            let marked = |line: &&str| ["! ", "? ", "~ "].iter().any(|mark| line.starts_with(mark));
            let want: Vec<String> = entry.lines().filter(marked).map(str::to_owned).collect();
            assert!(!want.is_empty(), "{entry}");
            let edits = entry.split("\n&\n").map(|edit| (of(edit, "- "), of(edit, "+ "))).collect();
            Slip { edits, want }
        })
        .collect()
}

fn edited(edits: &[(String, String)]) -> String {
    edits.iter().fold(GOOD.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{from:?} must stand in good.toml once");
        text.replace(from, to)
    })
}

fn env(text: &str) -> MemoryEnv {
    let mut env = MemoryEnv::with_file("config.toml", text);
    for (name, key) in [
        ("KEY_PAYMENTS", "0123456789abcdef"),
        ("KEY_SEARCH", "fedcba9876543210"),
        ("KEY_AGAIN", "0123456789abcdef"),
        ("KEY_SHORT", "hunter2"),
        ("KEY_BACKUP", "0123456789abcdef-backup"),
        ("KEY_MIRROR", "0123456789abcdef-mirror"),
        ("KEY_ODD", "0123456789/abcdef?"),
    ] {
        env.vars.insert(name.to_owned(), key.to_owned());
    }
    env
}

fn told(notes: &[Complaint]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}
