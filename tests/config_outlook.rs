//! What only the calendar and the disk can say about a configuration whose every line is right.

use chrono::{TimeZone, Utc};
use std::path::Path;
use warridor::config::{self, Complaint, MemoryEnv, SystemEnv};
use warridor::domain::stamp::At;

const GOOD: &str = include_str!("config/good.toml");

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
        warnings(GOOD, now),
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
        assert_eq!(warnings(GOOD, At::from(now)), Vec::<String>::new(), "{now}");
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
    assert!(code == Some(0) && said.ends_with("config.toml: fine\n"), "{said}");
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
