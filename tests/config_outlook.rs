//! What only the calendar and the disk can say about a configuration whose every line is right.

use chrono::{TimeZone, Utc};
use std::path::Path;
use warridor::config::{self, Complaint, MemoryEnv, SystemEnv};
use warridor::domain::stamp::At;

const GOOD: &str = include_str!("config/good.toml");
/// What step 2 of the policy `payments` is in it.
const STEP_2: &str = "{ targets = [\"user:ben\"], delay = \"10m\" }";
const BOTH: &str = "{ targets = [\"user:ana\", \"user:ben\"], delay = \"10m\" }";

fn warnings(text: &str, now: At) -> Vec<String> {
    let mut env = MemoryEnv::with_file("config.toml", text);
    env.vars.insert("KEY_PAYMENTS".into(), "0123456789abcdef".into());
    env.vars.insert("KEY_SEARCH".into(), "fedcba9876543210".into());
    let loaded = config::load(Path::new("config.toml"), &env).unwrap();
    told(&config::outlook(&loaded, now))
}

fn told(notes: &[Complaint]) -> Vec<String> {
    notes.iter().map(ToString::to_string).collect()
}

#[test]
fn a_step_whose_schedule_has_not_begun_is_told_with_the_hours_nobody_is_on_call() {
    let now = At::from(Utc.with_ymd_and_hms(2025, 12, 30, 9, 0, 0).unwrap());
    assert_eq!(
        warnings(&GOOD.replace(STEP_2, BOTH), now),
        [
            "config.toml:77: [policy.payments] \"schedule:primary\" step 1 asks nobody from 2025-12-30 04:00 to 2026-01-05 \
          18:00 (America/New_York): nobody is on call; begin a layer of that schedule by 2025-12-30, or add \"user:NAME\" \
          to the step"
        ]
    );
}

#[test]
fn a_schedule_that_runs_has_no_gap_whatever_the_day() {
    for day in 0..400 {
        let now = Utc.with_ymd_and_hms(2026, 1, 5, 23, 0, 0).unwrap() + chrono::Duration::days(day);
        assert_eq!(warnings(&GOOD.replace(STEP_2, BOTH), At::from(now)), Vec::<String>::new(), "{now}");
    }
}

#[test]
fn hours_that_a_layer_leaves_out_are_told_and_a_layer_below_mends_it() {
    let now = At::from(Utc.with_ymd_and_hms(2026, 3, 6, 14, 0, 0).unwrap());
    let hours = "handoff = \"18:00\"\nhours = [{ days = \"mon-fri\", from = \"09:00\", until = \"17:00\" }]\n";
    let text = GOOD.replace(STEP_2, BOTH).replace("handoff = \"18:00\"\n", hours);
    assert_eq!(
        warnings(&text, now),
        [
            "config.toml:77: [policy.payments] \"schedule:primary\" step 1 asks nobody from 2026-03-06 17:00 to 2026-03-09 \
          09:00 (America/New_York): nobody is on call; put a layer without hours or an end below the others, or add \
          \"user:NAME\" to the step"
        ]
    );
    let below = "[[schedule.layer]]\nmembers = [\"ben\"]\nevery = \"12h\"\nstart = 2026-01-05\nhandoff = \"18:00\"\n\n[[schedule.layer]]";
    assert_eq!(warnings(&text.replace("[[schedule.layer]]", below), now), Vec::<String>::new());
}

/// The good one with a backup of its own, whose members take turns in this order.
fn with_backup(members: &str, start: &str) -> String {
    let text = GOOD.replace(STEP_2, "{ targets = [\"schedule:backup\"], delay = \"10m\" }");
    let layer = format!("every = \"week\"\nweekday = \"monday\"\nstart = {start}\nhandoff = \"18:00\"");
    let backup = "[[schedule]]\nid = \"backup\"\ntz = \"America/New_York\"\n[[schedule.layer]]";
    format!("{text}\n{backup}\nmembers = {members}\n{layer}\n")
}

/// A Thursday in Ana's first week.
fn in_anas_week() -> At {
    At::from(Utc.with_ymd_and_hms(2026, 1, 8, 12, 0, 0).unwrap())
}

#[test]
fn a_backup_that_takes_turns_with_the_primary_is_fine_for_ever() {
    for day in 0..60 {
        let now = Utc.with_ymd_and_hms(2026, 1, 5, 23, 0, 0).unwrap() + chrono::Duration::days(day);
        let text = with_backup("[\"ben\", \"ana\"]", "2026-01-05");
        assert_eq!(warnings(&text, At::from(now)), Vec::<String>::new(), "{now}");
    }
}

#[test]
fn a_backup_with_the_order_of_the_primary_is_told_with_who_is_asked_twice_and_until_when() {
    assert_eq!(
        warnings(&with_backup("[\"ana\", \"ben\"]", "2026-01-05"), in_anas_week()),
        ["config.toml:78: [policy.payments] step 2 asks nobody but ana from 2026-01-08 07:00 to 2026-01-12 18:00 \
          (America/New_York), and step 1 asks ana already; give the two rotations different starts or another order of \
          members, or add \"user:NAME\", somebody else, to step 2"]
    );
}

#[test]
fn somebody_put_first_into_one_of_two_rotations_makes_both_meet_and_the_first_such_week_is_told() {
    let text = with_backup("[\"ben\", \"ana\"]", "2026-01-05");
    let text = text.replace("id = \"guest\"", "id = \"guest\"\nemail = \"guest@acme.example\"");
    let text = text.replace("members = [\"ana\", \"ben\"] # layer", "members = [\"guest\", \"ana\", \"ben\"]");
    assert_eq!(
        warnings(&text, in_anas_week()),
        ["config.toml:79: [policy.payments] step 2 asks nobody but ana from 2026-01-12 18:00 to 2026-01-19 18:00 \
          (America/New_York), and step 1 asks ana already; give the two rotations different starts or another order of \
          members, or add \"user:NAME\", somebody else, to step 2"]
    );
}

#[test]
fn somebody_who_is_also_in_the_rotation_below_is_told_of_their_week_and_somebody_more_mends_it() {
    assert_eq!(
        warnings(GOOD, in_anas_week()),
        ["config.toml:78: [policy.payments] step 2 asks nobody but ben from 2026-01-12 18:00 to 2026-01-19 18:00 \
          (America/New_York), and step 1 asks ben already; add \"user:NAME\", somebody else, to step 2"]
    );
    assert_eq!(warnings(&GOOD.replace(STEP_2, BOTH), in_anas_week()), Vec::<String>::new());
}

#[test]
fn one_person_alone_at_both_levels_is_told_without_an_end_and_with_what_helps() {
    let text = with_backup("[\"ana\"]", "2026-01-05");
    let text = text.replace("members = [\"ana\", \"ben\"] # layer", "members = [\"ana\"]");
    assert_eq!(
        warnings(&text, in_anas_week()),
        ["config.toml:78: [policy.payments] step 2 asks nobody but ana from 2026-01-08 07:00 on (America/New_York), \
          and step 1 asks ana already; add \"user:NAME\", somebody else, to step 2"]
    );
}

#[test]
fn a_level_between_at_which_nobody_is_on_call_does_not_hide_that_the_same_person_is_asked() {
    let text = with_backup("[\"ana\"]", "2027-01-04");
    let text =
        text.replace("delay = \"10m\" },", "delay = \"4m\" },\n  { targets = [\"user:ana\"], delay = \"10m\" },");
    let told = warnings(&text, in_anas_week());
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("step 2 asks nobody from 2026-01-08 07:00 to 2027-01-04 18:00"), "{told:#?}");
    assert!(
        told[1].starts_with("config.toml:79: [policy.payments] step 3 asks nobody but ana from 2026-01-08 07:00 to ")
    );
    assert!(told[1].contains("(America/New_York), and step 1 asks ana already"), "{told:#?}");
}

#[test]
fn whom_the_file_itself_names_twice_in_a_row_is_no_warning() {
    for twice in ["[\"schedule:primary\"]", "[\"user:ana\"]", "[\"user:ben\", \"user:ana\"]"] {
        let text = GOOD
            .replace("[\"schedule:primary\"]", twice)
            .replace(STEP_2, &format!("{{ targets = {twice}, delay = \"10m\" }}"));
        assert_eq!(warnings(&text, in_anas_week()), Vec::<String>::new(), "{twice}");
    }
}

#[test]
fn a_data_directory_named_on_the_command_line_is_looked_at_instead() {
    let dir = tempfile::tempdir().unwrap();
    let text = GOOD.replace("listen = ", "data_dir = \"/proc/y\"\nlisten = ");
    std::fs::write(dir.path().join("config.toml"), text).unwrap();
    let check = |data_dir: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_warridor"));
        let out = command.current_dir(dir.path()).args(["check", "--data-dir", data_dir]).output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap())
    };
    let (code, said) = check("/proc/x");
    assert!(code == Some(1) && said.starts_with("--data-dir /proc/x cannot be written: "), "{said}");
    let (code, said) = check("data");
    assert!(
        code == Some(0) && said.lines().last().is_some_and(|last| last.starts_with("config.toml: fine, but for the ")),
        "{said}"
    );
}

#[test]
fn a_file_may_be_named_without_its_option_and_every_other_command_says_what_to_write() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ours.toml"), GOOD).unwrap();
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_warridor"));
        let out = command.current_dir(dir.path()).args(args).output().unwrap();
        (out.status.code(), String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap())
    };
    let (code, said) = run(&["check", "ours.toml"]);
    assert!(
        code == Some(0) && said.lines().last().is_some_and(|last| last.starts_with("ours.toml: fine, but for the ")),
        "{said}"
    );
    let (code, said) = run(&["check", "nope.toml"]);
    assert!(code == Some(1) && said.starts_with("nope.toml:1: cannot be read: "), "{said}");
    for (both, why) in [
        (["check", "ours.toml", "--config", "theirs.toml"], "cannot be used with"),
        (["--config", "theirs.toml", "check", "ours.toml"], "theirs.toml and ours.toml: name one"),
    ] {
        let (code, said) = run(&both);
        assert!(code == Some(2) && said.contains(why), "{said}");
    }
    for command in ["run", "setup", "demo", "manifest", "verify"] {
        let (code, said) = run(&[command, "ours.toml"]);
        assert!(code == Some(2) && said.contains("tip: a configuration is named by '--config ours.toml'"), "{said}");
    }
}

#[test]
fn a_data_directory_nobody_can_write_is_refused_before_the_first_alert() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(dir.path().join("file"), "in the way").unwrap();
    let complaints = |data_dir: &str| {
        let text = GOOD.replace("listen = ", &format!("data_dir = \"{data_dir}\"\nlisten = "));
        std::fs::write(&path, text).unwrap();
        let told = told(&config::check(&path, &SystemEnv).complaints);
        told.into_iter().map(|t| t.replace(&*dir.path().to_string_lossy(), "DIR")).collect::<Vec<_>>()
    };
    let proc = complaints("/proc/x");
    assert_eq!(proc.len(), 1, "{proc:?}");
    assert!(proc[0].starts_with("DIR/config.toml:4: data_dir = \"/proc/x\" cannot be written: "), "{proc:?}");
    assert!(proc[0].ends_with("; write a directory on a disk of this machine that this user may write"), "{proc:?}");
    assert_eq!(
        complaints("file/data"),
        ["DIR/config.toml:4: data_dir = \"DIR/file/data\" cannot be written: DIR/file is not a directory; write a \
             directory on a disk of this machine that this user may write"]
    );
    assert_eq!(complaints("not/there/yet"), Vec::<String>::new());
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the trial leaves nothing behind: {left:?}");
}
