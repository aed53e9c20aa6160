//! Slack's Do Not Disturb: nobody is skipped, and no page is waited for in silence. Each story goes through the whole
//! program, on a clock that stands until the story moves it.

mod e2e;
mod office;

use e2e::company::{self, Company, PAYMENTS_KEY, user_id};
use e2e::{SOON, eventually, eventually_true};
use office::{Office, drawn, plain};
use serde_json::{Value, json};
use warridor::sandbox::Workspace;
use warridor::sandbox::workspace::DndWindow;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// Three levels, an hour each: Ana, Ben, Mara.
fn config() -> String {
    Company::waiting(&["1h", "1h", "1h"]).config()
}

fn night() -> Option<DndWindow> {
    Some(DndWindow { start: "22:00".to_owned(), end: "08:00".to_owned() })
}

/// These people's notifications are held back until 08:00. It is 03:02.
fn asleep(names: &[&str]) -> Workspace {
    let mut workspace = company::workspace();
    for user in workspace.users.iter_mut().filter(|u| names.contains(&u.name.as_str())) {
        user.dnd = night();
    }
    workspace
}

/// The pager knows who is asleep: the admins were told.
fn office(names: &[&str]) -> Office {
    let office = Office::open(&config(), asleep(names));
    for name in names {
        office.is_known(name);
    }
    office
}

impl Office {
    fn oncall_me(&self, who: &str) -> String {
        drawn(&self.slack.types(who, "payments", "/pager", "oncall me")).join("\n")
    }

    /// The pager knows that this person may not hear it.
    fn is_known(&self, who: &str) {
        eventually_true(format!("{who} is known to sleep"), SOON, || {
            self.oncall_me(who).contains("You may not hear a page: Slack holds back your notifications until")
        });
    }

    /// Minutes pass until everybody is asked for again. The watch may still be busy with its last look when they begin.
    fn next_look(&self) {
        let before = self.calls_of("dnd.teamInfo");
        eventually_true("everybody is asked for again", SOON, || {
            self.pass(MINUTE);
            self.calls_of("dnd.teamInfo") > before
        });
    }

    fn card(&self, words: &str) -> String {
        eventually(format!("the card says {words:?}"), SOON, || {
            self.pass(1);
            let all = self.slack.cards("payments", 1).into_iter().map(|c| plain(&c.0.to_string()));
            all.into_iter().find(|c| c.contains(words))
        })
    }

    fn is_paged(&self, who: &str) {
        self.slack.page_to(who, 1);
    }

    fn is_left_alone(&self, who: &str) {
        assert!(self.slack.pages(who, 1).is_empty(), "{who} was paged");
    }

    fn admins_read(&self, words: &str) -> usize {
        self.slack.messages("admin").iter().filter(|m| m.text().contains(words)).count()
    }

    fn calls_of(&self, method: &str) -> usize {
        self.slack.calls_of(method).len()
    }
}

#[test]
fn fault_26_somebody_in_do_not_disturb_is_paged_and_so_is_the_next_level() {
    let office = office(&["ana"]);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ana");
    office.is_paged("ben");
    let card = office.card("Paging Ana Silva and Ben Okafor since 03:02. Next: Mara Keller at 04:02.");
    assert!(card.contains("Ana Silva may not hear it: Do Not Disturb until 08:00."), "{card}");
    office.is_left_alone("mara");
    let show = drawn(&office.slack.types("mara", "payments", "/pager", "show 1")).join("\n");
    assert!(
        show.contains("Ana Silva (Slack): delivered, may be silent: Do Not Disturb until 08:00"),
        "the record of who was paged: {show}"
    );
    assert!(show.contains("Ben Okafor (Slack): delivered\n"), "Ben hears it: {show}");
    // Ben's level was asked already.
    office.pass(HOUR);
    office.is_paged("mara");
}

#[test]
fn whoever_sleeps_may_answer_all_the_same() {
    let office = office(&["ana"]);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let page = office.slack.page_to("ana", 1);
    office.slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    office.card("Ana Silva has it since 03:02");
    office.pass(2 * HOUR);
    office.is_left_alone("mara");
}

#[test]
fn levels_are_asked_until_one_has_somebody_who_hears_it() {
    let office = office(&["ana", "ben"]);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    for who in ["ana", "ben", "mara"] {
        office.is_paged(who);
    }
    office.card("Ana Silva and Ben Okafor may not hear it: Do Not Disturb until 08:00.");
}

#[test]
fn where_everybody_sleeps_everybody_is_asked_and_the_last_to_be_asked_are_told_in_time() {
    let office = office(&["ana", "ben", "mara"]);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    for who in ["ana", "ben", "mara"] {
        office.is_paged(who);
    }
    assert_eq!(office.admins_read("Last call"), 0);
    office.pass(HOUR);
    eventually_true("the admin channel hears it", SOON, || {
        office.pass(1);
        office.admins_read("Last call") == 1
    });
}

#[test]
fn one_of_a_level_who_hears_it_is_enough() {
    let together = config().replace("targets = [\"user:ana\"]", "targets = [\"user:ana\", \"user:divya\"]");
    let office = Office::open(&together, asleep(&["ana"]));
    office.is_known("ana");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ana");
    office.is_paged("divya");
    office.card("Ana Silva may not hear it");
    office.settle();
    office.is_left_alone("ben");
}

#[test]
fn in_the_morning_pages_are_heard_again() {
    let office = office(&["ana"]);
    office.pass(5 * HOUR);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ana");
    let card = office.card("Paging Ana Silva since 08:0");
    assert!(!card.contains("may not hear"), "{card}");
    office.settle();
    office.is_left_alone("ben");
}

#[test]
fn who_turns_it_on_is_known_at_once_and_who_turns_it_off_too() {
    let office = office(&[]);
    office.slack.change_user(json!({"user": "ana", "dnd": {"start": "22:00", "end": "08:00"}}));
    office.is_known("ana");
    office.slack.change_user(json!({"user": "ana", "dnd": null}));
    eventually_true("Ana hears pages again", SOON, || !office.oncall_me("ana").contains("may not hear"));
}

#[test]
fn without_a_word_from_slack_it_is_noticed_within_minutes() {
    let mut workspace = company::workspace();
    workspace.events.retain(|e| e != "dnd_updated_user");
    let office = Office::open(&config(), workspace);
    eventually_true("everybody was asked for", SOON, || office.calls_of("dnd.teamInfo") == 1);
    office.slack.change_user(json!({"user": "ana", "dnd": {"start": "22:00", "end": "08:00"}}));
    assert!(!office.oncall_me("ana").contains("may not hear"), "nobody told");
    office.next_look();
    office.is_known("ana");
}

#[test]
fn it_is_remembered_over_a_restart_while_slack_does_not_say_and_told_once() {
    let mut office = office(&["ana"]);
    let told = "nothing but Slack reaches them: Ana Silva (22:00-08:00).";
    eventually_true("the admins are told", SOON, || office.admins_read(told) == 1);
    office.slack.order(json!({"fault": "error", "error": "internal_error", "method": "dnd.teamInfo"}));
    office.restart();
    office.is_known("ana");
    office.slack.heal();
    office.next_look();
    office.settle();
    assert_eq!(office.admins_read("nobody wakes"), 1);
}

#[test]
fn somebody_known_by_e_mail_only_is_known_to_sleep_once_slack_has_said_who_they_are() {
    let slack = format!("slack = \"{}\"", user_id("ana"));
    let by_mail = config().replacen(&slack, "email = \"ana@example.com\"", 1);
    let mut workspace = asleep(&["ana"]);
    for user in workspace.users.iter_mut().filter(|u| u.name == "ana") {
        user.email = Some("ana@example.com".to_owned());
    }
    let mut office = Office::open(&by_mail, workspace);
    office.is_known("ana");
    // Slack does not say it again: it is known of before.
    office.slack.order(json!({"fault": "error", "error": "internal_error", "method": "dnd.teamInfo"}));
    office.restart();
    office.is_known("ana");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ben");
}

#[test]
fn more_people_than_one_call_takes_are_asked_for_in_several() {
    let (mut config, mut workspace) = (config(), company::workspace());
    for n in 0..120 {
        let id = format!("U0MANY{n:03}");
        config += &format!("[[user]]\nid = \"many-{n}\"\nname = \"Many {n}\"\nslack = \"{id}\"\ntz = \"UTC\"\n");
        let dnd = (n == 119).then(night).flatten();
        let user = warridor::sandbox::workspace::User { id, dnd, ..warridor::sandbox::workspace::User::named("many") };
        workspace.users.push(warridor::sandbox::workspace::User { name: format!("many-{n}"), ..user });
    }
    let office = Office::open(&config, workspace);
    office.is_known("many-119");
    let asked: Vec<usize> = office
        .slack
        .calls_of("dnd.teamInfo")
        .iter()
        .map(|c| c.body["users"].as_str().unwrap_or_default().split(',').count())
        .collect();
    assert_eq!(asked, [50, 50, 25]);
}

#[test]
fn whoever_is_about_to_page_by_hand_reads_who_may_not_hear_it() {
    let office = office(&["ana"]);
    let answer = office.slack.types("chen", "payments", "/pager", "trigger payments-api");
    let window = office.window_after("chen", &[], &answer).expect("a window");
    let words = drawn(&window).join("\n");
    assert!(words.contains("This wakes Ana Silva and Ben Okafor now."), "{words}");
    assert!(words.contains("Ana Silva may not hear it: Do Not Disturb until 08:00."), "{words}");
}

#[test]
fn who_is_on_call_and_sleeps_is_shown() {
    let office = office(&["ben"]);
    let oncall = drawn(&office.slack.types("chen", "payments", "/pager", "oncall payments")).join("\n");
    assert!(oncall.contains("Payments, by the week: Ben Okafor :no_bell: Do Not Disturb until 08:00"), "{oncall}");
    office.slack.open_home("ben");
    let home = || office.home("ben").map(|v: Value| v.to_string()).unwrap_or_default();
    eventually_true("Ben's Home tab says so", SOON, || home().contains("You may not hear a page"));
}

/// A schedule in which nobody is on call, at level 2, for an hour.
fn nobody_at_level_2(first: &str) -> String {
    let (first, backup) = (format!("targets = [\"user:ana\"], delay = \"{first}\""), "targets = [\"schedule:backup\"]");
    let config = Company::waiting(&["5m", "1h"]).config();
    let config =
        config.replace("targets = [\"user:ana\"], delay = \"5m\"", &first).replace("targets = [\"user:ben\"]", backup);
    config
        + "[[schedule]]\nid = \"backup\"\nname = \"Backup\"\nteam = \"payments\"\ntz = \"UTC\"\n[[schedule.layer]]\n\
           members = [\"mara\"]\nevery = \"day\"\nstart = 2099-01-01\nhandoff = \"09:00\"\n"
}

#[test]
fn a_level_that_adds_nobody_makes_the_silence_no_longer() {
    let office = Office::open(&nobody_at_level_2("5m"), asleep(&["ana"]));
    office.is_known("ana");
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ana");
    assert_eq!(office.admins_read("Last call"), 0);
    office.pass(5 * MINUTE);
    eventually_true("the last to be asked hear it after her level's time", SOON, || {
        office.pass(1);
        office.admins_read("Last call") == 1
    });
}

#[test]
fn whoever_hears_it_is_waited_for_and_where_their_page_fails_the_next_level_is_asked() {
    let office = office(&["ana"]);
    office.slack.change_user(json!({"user": "ben", "deleted": true}));
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ana");
    // Ana's page came, and she sleeps: that is no reason to wait an hour.
    office.is_paged("mara");
}

#[test]
fn whoever_was_silent_before_is_no_reason_to_let_the_next_level_sleep() {
    let office = office(&["ana"]);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    office.is_paged("ben");
    office.slack.types("chen", "payments", "/pager", "reassign 1 @chen");
    office.card("Chen Wei has it");
    office.slack.types("chen", "payments", "/pager", "snooze 1 30m");
    office.card("Snoozed by Chen Wei");
    let before = office.slack.pages("ben", 1).len();
    office.pass(31 * MINUTE);
    office.is_paged("chen");
    eventually_true("Ben is paged with Ana and Chen", SOON, || {
        office.pass(1);
        office.slack.pages("ben", 1).len() > before
    });
}

#[test]
fn what_becomes_urgent_while_whoever_has_it_sleeps_pages_the_levels_too() {
    let office = office(&["ana"]);
    office.monitor(PAYMENTS_KEY, "disk", "trigger");
    let page = office.slack.page_to("ana", 1);
    office.slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    office.card("Ana Silva has it");
    office.slack.types("mara", "payments", "/pager", "urgency 1 low");
    let before = office.slack.pages("ben", 1).len();
    let answer = drawn(&office.slack.types("mara", "payments", "/pager", "urgency 1 high")).join("\n");
    eventually_true("Ben is paged", SOON, || {
        office.pass(1);
        office.slack.pages("ben", 1).len() > before
    });
    assert!(answer.contains("Ana Silva has it and may not hear it: paging Ben Okafor now"), "{answer}");
    office.card("Also paging");
}

#[test]
fn one_person_whom_slack_does_not_show_hides_nobody_else() {
    let mut office = Office::open(&config(), company::workspace());
    office.slack.order(json!({"fault": "error", "error": "user_not_visible", "method": "dnd.teamInfo"}));
    office.slack.change_user(json!({"user": "ana", "dnd": {"start": "22:00", "end": "08:00"}}));
    office.stop();
    // The event was not heard of: what is known is what is asked for.
    let office = {
        office.restart();
        office
    };
    office.is_known("ana");
}

#[test]
fn a_missing_scope_is_told_to_the_admins_once() {
    let office = office(&[]);
    let told = "Slack does not say who is in Do Not Disturb (`missing_scope`)";
    office.slack.order(json!({"fault": "error", "error": "missing_scope", "method": "dnd.teamInfo"}));
    for _ in 0..3 {
        office.next_look();
    }
    eventually_true("the admins are told", SOON, || office.admins_read(told) >= 1);
    office.settle();
    assert_eq!(office.admins_read(told), 1);
}

#[test]
fn hours_that_are_set_later_are_told_to_the_admins_too() {
    let office = office(&[]);
    office.slack.change_user(json!({"user": "ana", "dnd": {"start": "22:00", "end": "08:00"}}));
    // Mara is asked last, and takes a nap: no night, no word.
    office.slack.change_user(json!({"user": "mara", "dnd": {"start": "03:00", "end": "04:00"}}));
    office.is_known("ana");
    office.is_known("mara");
    office.next_look();
    eventually_true("the admins are told", SOON, || office.admins_read("Ana Silva (22:00-08:00)") == 1);
    office.settle();
    assert_eq!(office.admins_read("nobody wakes"), 1);
    assert_eq!(office.admins_read("Mara Keller"), 0);
}
