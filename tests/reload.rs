//! A configuration that changes under a running pager: the real binary, its files edited as people edit them.

mod e2e;

use e2e::company::{PAYMENTS_KEY, channel_id, user_id, workspace};
use e2e::{Company, Pager, SOON, eventually, eventually_true};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Two looks two seconds apart, and what follows.
const NOTICED: u64 = 20;

fn config_of(pager: &Pager) -> PathBuf {
    pager.dir().join("config.toml")
}

fn edit(pager: &Pager, edit: impl FnOnce(String) -> String) {
    let text = std::fs::read_to_string(config_of(pager)).unwrap();
    // As editors do: a new file, renamed over the old one.
    let new = pager.dir().join("config.toml.new");
    std::fs::write(&new, edit(text)).unwrap();
    std::fs::rename(new, config_of(pager)).unwrap();
}

fn standing(pager: &Pager) -> Value {
    pager.readiness()["config"].clone()
}

fn sha256(pager: &Pager) -> String {
    standing(pager)["sha256"].as_str().unwrap().to_owned()
}

/// Whoever hears of payments first from now on.
fn asks_first(text: &str, before: &str, now: &str) -> String {
    text.replacen(&format!("targets = [\"user:{before}\"]"), &format!("targets = [\"user:{now}\"]"), 1)
}

fn heard_in_admin(pager: &Pager, words: &str) -> usize {
    pager.slack.messages("admin").iter().filter(|m| m.readable().contains(words)).count()
}

#[test]
fn a_changed_file_is_in_force_within_seconds_and_after_a_hangup_at_once() {
    let pager = Pager::run(&Company::waiting(&["1h", "1h"]));
    pager.has_sockets(2);
    let first = sha256(&pager);
    let before = pager.alert("before");
    pager.slack.page_to("ana", before);

    edit(&pager, |text| asks_first(&text, "ana", "mara"));
    eventually_true("the new file is in force", NOTICED, || sha256(&pager) != first);
    let after = pager.alert("after");
    pager.slack.page_to("mara", after);
    assert!(pager.slack.pages("ana", after).is_empty());

    let second = sha256(&pager);
    edit(&pager, |text| asks_first(&text, "mara", "chen"));
    pager.signal(libc::SIGHUP);
    eventually_true("the third file is in force", SOON, || sha256(&pager) != second);
    let third = pager.alert("third");
    pager.slack.page_to("chen", third);
    assert_eq!(pager.facts_of("config_loaded").len(), 3);
    assert_eq!(heard_in_admin(&pager, "configuration"), 0, "what went well is in the log");
}

#[test]
fn fault_24_a_broken_file_changes_nothing_is_told_once_and_so_is_its_mending() {
    let pager = Pager::run(&Company::waiting(&["1h", "1h"]));
    pager.has_sockets(2);
    let first = sha256(&pager);
    let good = std::fs::read_to_string(config_of(&pager)).unwrap();

    edit(&pager, |text| asks_first(&text, "ana", "maar"));
    let refused = eventually("it is refused", NOTICED, || standing(&pager)["refused"][0].as_str().map(str::to_owned));
    assert!(refused.contains("\"user:maar\" in targets names no user"), "{refused}");
    assert!(refused.ends_with("Did you mean \"mara\"?"), "{refused}");
    assert_eq!(pager.readyz().status, 200, "alerts are taken all the same");
    eventually_true("the admin channel hears it", NOTICED, || heard_in_admin(&pager, "has mistakes") == 1);
    pager.slack.page_to("ana", pager.alert("meanwhile"));
    assert_eq!(sha256(&pager), first);

    // Broken in another way, and read twice more.
    edit(&pager, |text| text.replace("tier = 3", "tier = 7"));
    eventually_true("the new mistakes are told", NOTICED, || {
        standing(&pager)["refused"].as_array().unwrap().len() == 3
    });
    pager.signal(libc::SIGHUP);

    std::fs::write(config_of(&pager), &good).unwrap();
    eventually_true("it is mended", NOTICED, || standing(&pager)["refused"] == json!([]));
    eventually_true("the admin channel hears that", NOTICED, || heard_in_admin(&pager, "fine again") == 1);
    assert_eq!(heard_in_admin(&pager, "has mistakes"), 1, "once");
    assert_eq!(pager.facts_of("config_loaded").len(), 1, "the old one was in force all the time");
}

#[test]
fn what_is_read_at_the_start_only_is_named_and_the_rest_taken() {
    let pager = Pager::run(&Company::waiting(&["1h", "1h"]));
    let first = sha256(&pager);
    edit(&pager, |text| {
        let text = text.replace("means = \"oncall\"", "means = \"pager\"");
        format!("listen = \"127.0.0.1:1\"\ndata_dir = \"elsewhere\"\n{text}")
    });
    eventually_true("the new file is in force", NOTICED, || sha256(&pager) != first);
    eventually_true("what it leaves out is told", NOTICED, || {
        standing(&pager)["ignored_until_restart"] == json!(["listen", "data_dir", "command"])
    });
    let words = "read at the start only: listen, data_dir, command. Restart Warridor";
    eventually_true("the admin channel hears it", NOTICED, || heard_in_admin(&pager, words) == 1);
}

#[test]
fn a_key_file_that_is_written_anew_closes_the_old_key_and_opens_the_new_one() {
    const OLD: &str = "0123456789abcdef-the-old-one";
    const NEW: &str = "0123456789abcdef-the-new-one";
    const HASHED: &str = "0123456789abcdef-known-by-hash";
    let text = Company::waiting(&["1h", "1h"]).config();
    let text = text.replace("key_env = \"E2E_KEY_PAYMENTS\"", "key_file = \"payments.key\"");
    let by_hash = format!("key_sha256 = \"{}\"", warridor::config::key_hash(HASHED));
    let text = text.replace("key_env = \"E2E_KEY_SEARCH\"", &by_hash);
    let mut pager = Pager::run_in(text, workspace());
    let file = pager.dir().join("payments.key");
    std::fs::write(&file, format!("{OLD}\n")).unwrap();
    pager.start();
    let answer = |key: &str| {
        let body = json!({"action": "trigger", "dedup_key": "db", "title": "Database is down"});
        pager.send(&format!("/integrations/generic/{key}"), &body).status
    };
    assert_eq!((answer(OLD), answer(NEW), answer(HASHED), answer(PAYMENTS_KEY)), (202, 401, 202, 401));

    std::fs::write(&file, format!("{NEW}\n")).unwrap();
    eventually_true("the new key opens", NOTICED, || answer(NEW) == 202);
    assert_eq!((answer(OLD), answer(HASHED)), (401, 202));
}

#[test]
fn people_known_by_e_mail_are_found_at_the_start_and_those_who_are_not_are_told() {
    let by_email = |who: &str| (format!("slack = \"{}\"", user_id(who)), format!("email = \"{who}@example.com\""));
    let mut text = Company::waiting(&["1h", "1h"]).config();
    for who in ["ana", "chen"] {
        let (slack, email) = by_email(who);
        text = text.replace(&slack, &email);
    }
    let mut workspace = workspace();
    workspace.users[0].email = Some("Ana@Example.com".to_owned());
    assert_eq!((workspace.users[0].name.as_str(), channel_id("admin")), ("ana", "C0ADMINAAA".to_owned()));
    let mut pager = Pager::run_in(text, workspace);
    pager.start();
    pager.has_sockets(2);
    let missing =
        eventually("Slack was asked", NOTICED, || standing(&pager)["people_not_found"][0].as_str().map(str::to_owned));
    assert!(missing.starts_with("Chen Wei cannot be paged") && missing.contains("users_not_found"), "{missing}");
    eventually_true("the admin channel hears it", NOTICED, || heard_in_admin(&pager, "Chen Wei cannot be paged") == 1);
    pager.slack.page_to("ana", pager.alert("for ana"));

    // A reload keeps what was found.
    let first = sha256(&pager);
    edit(&pager, |text| format!("{text}\n# looked at once more\n"));
    eventually_true("the new file is in force", NOTICED, || sha256(&pager) != first);
    pager.slack.page_to("ana", pager.alert("for ana again"));
}

#[test]
fn a_missing_scope_is_told_as_such_with_its_mend_and_whoever_it_hid_is_found_later() {
    let mut text = Company::waiting(&["1h", "1h"]).config();
    let mut workspace = workspace();
    for who in ["ana", "chen"] {
        let slack = format!("slack = \"{}\"", user_id(who));
        text = text.replace(&slack, &format!("email = \"{who}@example.com\""));
        let user = workspace.users.iter_mut().find(|u| u.name == who).expect("one of the company");
        user.email = Some(format!("{who}@example.com"));
    }
    let mut pager = Pager::run_in(text, workspace);
    let refused = json!({ "fault": "error", "error": "missing_scope", "method": "users.lookupByEmail" });
    pager.slack.order(refused);
    pager.start();
    pager.has_sockets(2);
    let why =
        eventually("Slack was asked", NOTICED, || standing(&pager)["people_not_asked"].as_str().map(str::to_owned));
    assert!(why.starts_with("2 people known by e-mail only could not be asked about"), "{why}");
    assert!(why.contains("lacks the scope users:read.email") && why.contains("Reinstall to Workspace"), "{why}");
    assert_eq!(standing(&pager)["people_not_found"], json!([]), "nobody knows that");
    eventually_true("the admin channel hears it", NOTICED, || heard_in_admin(&pager, "could not be asked about") == 1);
    assert_eq!(heard_in_admin(&pager, "does not find the e-mail address"), 0);

    // The app is reinstalled. Any change of the file asks at once, as the next minute would.
    pager.slack.order(json!({ "clear": true }));
    edit(&pager, |text| format!("{text}\n# looked at once more\n"));
    eventually_true("both are found", NOTICED, || standing(&pager)["people_not_asked"].is_null());
    pager.slack.page_to("ana", pager.alert("for ana"));
    assert_eq!(heard_in_admin(&pager, "could not be asked about"), 1, "told once");
}
