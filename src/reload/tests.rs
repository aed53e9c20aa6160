use super::*;
use crate::config::{self, MemoryEnv, SystemEnv};
use std::path::Path;

const GOOD: &str = include_str!("../../tests/config/good.toml");

fn read(text: &str) -> Result<Loaded, Vec<Complaint>> {
    config::load(Path::new("config.toml"), &MemoryEnv::with_file("config.toml", text))
}

fn keeper() -> Keeper {
    let loaded = read(GOOD).unwrap();
    Keeper::new(loaded.app, loaded.directory)
}

#[test]
fn the_same_file_is_no_news_and_another_goes_through_the_door() {
    let (verdict, keeper) = keeper().judge(&read(GOOD));
    assert_eq!(verdict, Verdict::default());
    let (verdict, keeper) = keeper.judge(&read(&GOOD.replace("tier = 1", "tier = 2")));
    assert_eq!(verdict, Verdict { put_in_force: true, say: None });
    assert_eq!(*keeper.standing(), Standing::default());
}

#[test]
fn mistakes_are_told_once_and_so_is_their_end() {
    let bad = GOOD.replace("tier = 1", "tier = 9");
    let worse =
        bad.replace("tier = 3", "tier = 9").replace("repeat = 2", "repeat = 99").replace("admin = true", "admin = 1");
    let (verdict, keeper) = keeper().judge(&read(&bad));
    assert!(!verdict.put_in_force);
    assert_eq!(
        verdict.say.as_deref(),
        Some(
            ":warning: The configuration was changed and has mistakes. The old one stays in force.\nconfig.toml:46: \
             [team.payments] tier = 9 is out of bounds; write a whole number from 1 to 3, without quotes"
        )
    );
    assert_eq!(keeper.standing().refused.len(), 1);
    let (verdict, keeper) = keeper.judge(&read(&worse));
    assert_eq!(verdict, Verdict::default(), "it was told already");
    assert_eq!(keeper.standing().refused.len(), COMPLAINTS_TOLD + 1);
    assert_eq!(keeper.standing().refused[COMPLAINTS_TOLD], "and 1 more: `warridor check` shows them all");
    let (verdict, keeper) = keeper.judge(&read(GOOD));
    assert_eq!(verdict.say.as_deref(), Some(":white_check_mark: The configuration is fine again, and in force."));
    assert!(!verdict.put_in_force, "it never stopped being in force");
    assert_eq!(*keeper.standing(), Standing::default());
}

#[test]
fn what_needs_a_restart_is_told_once_while_the_rest_is_put_in_force() {
    let text = GOOD
        .replace("127.0.0.1:8080", "127.0.0.1:9090")
        .replace("name = \"/pager\"", "name = \"/page\"\nmeans = \"pager\"");
    let (verdict, keeper) = keeper().judge(&read(&text));
    assert!(verdict.put_in_force);
    assert_eq!(
        verdict.say.as_deref(),
        Some(
            ":information_source: Changed in the configuration, and read at the start only: listen, command. Restart \
             Warridor to use it."
        )
    );
    let (verdict, keeper) = keeper.judge(&read(&text.replace("tier = 1", "tier = 2")));
    assert_eq!(verdict, Verdict { put_in_force: true, say: None });
    assert_eq!(keeper.standing().ignored_until_restart, ["listen", "command"]);
    let (_, keeper) = keeper.judge(&read(GOOD));
    assert!(keeper.standing().ignored_until_restart.is_empty(), "changed back");
}

#[test]
fn every_file_it_was_read_from_is_watched() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, GOOD.replace("key_env = \"KEY_PAYMENTS\"", "key_file = \"payments.key\"")).unwrap();
    std::fs::create_dir(dir.path().join("playbooks")).unwrap();
    let watch = Watch { path: path.clone(), env: Arc::new(SystemEnv) };
    let mut before = watch.look();
    for (file, text) in [
        ("payments.key", "0123456789abcdef"),
        ("payments.key", "fedcba9876543210"),
        ("playbooks/disk.md", "new"),
        ("playbooks/disk.md", "changed"),
        ("config.toml", GOOD),
    ] {
        let stamps = before.seen.stamps();
        assert_eq!(stamps, before.seen.stamps());
        std::fs::write(dir.path().join(file), text).unwrap();
        assert_ne!(stamps, before.seen.stamps(), "{file} was written and nobody looks");
        let now = watch.look();
        assert_ne!(now.seen, before.seen, "{file}");
        before = now;
    }
    // Written again with the same bytes: looked at, and not taken for news.
    let stamps = before.seen.stamps();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, GOOD).unwrap();
    assert_ne!(stamps, before.seen.stamps());
    assert_eq!(watch.look().seen, before.seen);
}

#[test]
fn a_person_found_by_e_mail_gets_an_id_nobody_else_has() {
    let text = GOOD.replace("slack = \"U000000001\"", "email = \"Ana@example.com\"");
    let text = text.replace("id = \"guest\"", "id = \"guest\"\nemail = \"guest@example.com\"");
    let directory = read(&text).unwrap().directory;
    let slack = |people: &People, who: &str| people.apply(&directory).users[&who.into()].slack.clone();
    let mut people = People::default();
    assert_eq!(people.apply(&directory), directory);
    people.found.insert("ana@example.com".into(), "U000000009".into());
    people.found.insert("guest@example.com".into(), "U000000002".into());
    assert_eq!(slack(&people, "ana"), Some("U000000009".into()));
    assert_eq!(slack(&people, "guest"), None, "that is Ben, as the configuration says");
    assert_eq!(slack(&people, "ben"), Some("U000000002".into()));
    let told = people.missing(&directory);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("the e-mail address of user `guest` is that of user `ben`"), "{told:?}");
}
