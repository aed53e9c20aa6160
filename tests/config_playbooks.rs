//! What stands between the `+++` lines of a playbook, and the one this repository ships.

use std::path::Path;
use warridor::config::{self, MemoryEnv};

const GOOD: &str = include_str!("config/good.toml");
const PLAYBOOK: &str = "+++\n\
    title = \"Payments are down\"\n\
    owner = \"payments\"\n\
    tier = 1\n\
    last_reviewed = 2026-01-05\n\
    [[match]]\n\
    services = [\"payments-api\"]\n\
    labels = [\"alertname=Down\"]\n\
    +++\n\
    # Payments are down\n\
    - [ ] Look at the dashboard.\n";

fn env(playbook: &str) -> MemoryEnv {
    let mut env = MemoryEnv::with_file("config.toml", GOOD);
    env.files.insert("playbooks/down.md".into(), playbook.as_bytes().to_vec());
    env.files.insert("playbooks/README.txt".into(), b"not a playbook".to_vec());
    env
}

#[test]
fn a_playbook_is_read() {
    let loaded = config::load(Path::new("config.toml"), &env(PLAYBOOK)).unwrap();
    let [playbook] = loaded.playbooks.as_slice() else { panic!("{:?}", loaded.playbooks) };
    assert_eq!((playbook.name.as_str(), playbook.title.as_str()), ("down", "Payments are down"));
    assert_eq!((playbook.owner.as_str(), playbook.tier), ("payments", Some(1)));
    assert_eq!(playbook.last_reviewed.to_string(), "2026-01-05");
    assert_eq!(playbook.matches[0].services[0].as_str(), "payments-api");
    assert_eq!(playbook.matches[0].labels, [("alertname".to_owned(), "Down".to_owned())]);
    assert_eq!(playbook.body, "# Payments are down\n- [ ] Look at the dashboard.\n");
}

#[test]
fn a_playbook_may_come_from_another_system() {
    let loaded = config::load(Path::new("config.toml"), &env(&PLAYBOOK.replace('\n', "\r\n"))).unwrap();
    assert_eq!(loaded.playbooks[0].title, "Payments are down");
}

#[test]
fn every_slip_names_the_playbooks_own_line() {
    for (from, to, want) in [
        (
            "+++\ntitle",
            "title",
            "playbooks/down.md:1: has no front matter; begin with a line +++, then title, owner, last_reviewed and [[match]], then a line +++",
        ),
        (
            "title = \"Payments are down\"\n",
            "",
            "playbooks/down.md:2: the top of the file has no title; write title = \"…\"",
        ),
        (
            "owner = \"payments\"",
            "owner = \"paymnts\"",
            "playbooks/down.md:3: owner = \"paymnts\" names no team; write one of: payments, search. Did you mean \"payments\"?",
        ),
        (
            "tier = 1",
            "tier = 5",
            "playbooks/down.md:4: tier = 5 is out of bounds; write a whole number from 1 to 3, without quotes",
        ),
        (
            "2026-01-05",
            "\"last week\"",
            "playbooks/down.md:5: last_reviewed = \"last week\" cannot be read; write a day that exists: 2026-01-05",
        ),
        (
            "[[match]]",
            "[match]",
            "playbooks/down.md:6: [match] has single brackets, which is for what there is once; write [[match]]",
        ),
        (
            "\"payments-api\"",
            "\"payments\"",
            "playbooks/down.md:7: [[match]] \"payments\" in services names no service; write one of: payments-api, search-api",
        ),
        (
            "\"alertname=Down\"",
            "\"Down\"",
            "playbooks/down.md:8: [[match]] \"Down\" in labels is not a label; write \"name=value\"",
        ),
        (
            "services = [\"payments-api\"]\nlabels = [\"alertname=Down\"]\n",
            "",
            "playbooks/down.md:6: [[match]] fits every alert; write services = [\"…\"] or labels = [\"alertname=DiskFillingUp\"]",
        ),
        (
            "labels",
            "lables",
            "playbooks/down.md:8: [[match]] lables is not a key of [[match]]; write one of: labels, services. Did you mean \"labels\"?",
        ),
        (
            "tier = 1",
            "tier = ",
            "playbooks/down.md:4: `tier =` is not TOML: string values must be quoted, expected literal string; text stands in double quotes, lists in [ ], tables begin with [name]",
        ),
        ("- [ ] Look", "Look", "playbooks/down.md:2: has no steps; write each as a line that begins with - [ ]"),
    ] {
        let text = PLAYBOOK.replacen(from, to, 1);
        assert_ne!(text, PLAYBOOK, "{from}");
        let report = config::check(Path::new("config.toml"), &env(&text));
        let told: Vec<String> = report.complaints.iter().map(ToString::to_string).collect();
        assert_eq!(told, [want], "{from} -> {to}");
    }
}

#[test]
fn a_playbook_that_fits_no_alert_is_doubted() {
    let mut env = env(&PLAYBOOK.replace("tier = 1", "tier = 2"));
    for (name, key) in [("KEY_PAYMENTS", "0123456789abcdef"), ("KEY_SEARCH", "fedcba9876543210")] {
        env.vars.insert(name.to_owned(), key.to_owned());
    }
    let report = config::check(Path::new("config.toml"), &env);
    assert_eq!(report.complaints, []);
    let told: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "playbooks/down.md:4: tier = 2 fits no alert: no service it names has this tier; write the tier of its services, or \
          leave it out"
        ]
    );
}

#[test]
fn a_service_that_was_not_read_for_its_own_mistake_is_not_missed_by_its_playbook() {
    for text in [
        GOOD.replace("[[service]]", "[[services]]").replace("[[service.key]]", "[[services.key]]"),
        GOOD.replace("team = \"payments\" # service", "team = \"paymnts\""),
    ] {
        let mut env = env(PLAYBOOK);
        env.files.insert("config.toml".into(), text.into_bytes());
        let told: Vec<String> =
            config::check(Path::new("config.toml"), &env).complaints.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 1, "{told:#?}");
        assert!(told[0].starts_with("config.toml:"), "{told:#?}");
    }
}
