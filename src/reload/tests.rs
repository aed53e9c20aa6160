use super::*;
use crate::config::{self, MemoryEnv, SystemEnv};
use crate::domain::id::StoreId;
use crate::domain::stamp::{At, Stamp};
use crate::domain::world::World;
use crate::pump::driver::Board;
use crate::pump::{Facts, Snapshot};
use crate::store::memory::MemoryStore;
use secrecy::SecretString;
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
    let two_keys = "key_file = [\"payments.key\", \"next.key\"]";
    std::fs::write(&path, GOOD.replace("key_env = \"KEY_PAYMENTS\"", two_keys)).unwrap();
    std::fs::create_dir(dir.path().join("playbooks")).unwrap();
    let watch = Watch { path: path.clone(), env: Arc::new(SystemEnv) };
    let mut before = watch.look();
    for (file, text) in [
        ("payments.key", "0123456789abcdef"),
        ("payments.key", "fedcba9876543210"),
        ("next.key", "00112233445566778899"),
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

/// A reload whose door nobody stands behind but the story, and a Slack that is away.
fn reload(directory: Directory) -> (Reload, Arc<Snapshot>) {
    let world = World::default();
    let snapshot = Arc::new(Snapshot {
        seq: 0,
        store: StoreId(1),
        stamp: Stamp::agreed(At(0)),
        world,
        directory: Arc::new(directory),
    });
    let nowhere = "http://127.0.0.1:9/api/".parse().expect("an address");
    let client = SlackClient::new(nowhere, SecretString::from("xoxb-none")).expect("a client");
    let notices = Notices::new(client.clone(), Arc::new(Board::new(snapshot.clone())), true);
    let watch = Watch { path: "config.toml".into(), env: Arc::new(SystemEnv) };
    let (store, door) = (Arc::new(MemoryStore::new()), Door::new());
    (Reload { watch, store, door, client, notices, standing: channel::Sender::default() }, snapshot)
}

/// The configuration that waits at the door, and the answer to it.
async fn next_at(door: &Door, answer: Answer) -> Arc<Directory> {
    let door = door.clone();
    let batch = tokio::task::spawn_blocking(move || door.wait(Some(Duration::from_secs(10)))).await.expect("a batch");
    let [(_, Input { what: What::ConfigLoaded(directory), .. })] = batch.inputs.as_slice() else {
        panic!("a configuration was to be put in force, and {} inputs are", batch.inputs.len())
    };
    batch.answers.into_iter().for_each(|waits| drop(waits.send(answer.clone())));
    directory.clone()
}

#[tokio::test]
async fn who_was_found_by_e_mail_is_kept_while_putting_it_in_force_does_not_work() {
    let text = GOOD.replace("slack = \"U000000001\"", "email = \"ana@example.com\"");
    let loaded = read(&text).unwrap();
    let (reload, snapshot) = reload(loaded.directory.clone());
    let ana = |directory: &Directory| directory.users[&"ana".into()].slack.clone();
    let full = Answer::NotWritten("the disk is full".to_owned());
    let done = Answer::Decided { facts: Facts::default(), snapshot };
    let mut memory = Memory::new(Keeper::new(loaded.app, loaded.directory), text.clone());
    memory.people.found.insert("ana@example.com".into(), "U000000009".into());

    let (_, tried) = tokio::join!(reload.ask(&mut memory), next_at(&reload.door, full));
    assert_eq!(ana(&tried), Some("U000000009".into()));
    // Another configuration comes before the next round, while Slack would not say who Ana is.
    let changed =
        Looked { read: read(&text.replace("tier = 1", "tier = 2")), seen: Seen::default(), stamps: Stamps::default() };
    let (taken, put) = tokio::join!(reload.take(&mut memory, &changed), next_at(&reload.door, done.clone()));
    assert!(taken);
    assert_eq!(ana(&put), Some("U000000009".into()), "she was reachable, and must stay so");

    // What did not go through is tried again, and what did is not.
    memory.put.users.clear();
    let (_, again) = tokio::join!(reload.ask(&mut memory), next_at(&reload.door, done));
    assert_eq!(ana(&again), Some("U000000009".into()));
    let nothing_to_do = tokio::time::timeout(Duration::from_secs(10), reload.ask(&mut memory)).await;
    nothing_to_do.expect("it is in force: nothing waits at the door");
}
