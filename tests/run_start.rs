//! What `warridor run` says when it starts.

mod e2e;

use e2e::pager::BINARY;
use e2e::{Company, Pager, SOON, eventually_true};
use std::path::Path;
use std::process::Command;

fn warridor(words: &[&str], data_dir: &Path) {
    let out = Command::new(BINARY).args(words).arg("--data-dir").arg(data_dir).output().unwrap();
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn a_restored_copy_says_that_it_is_paused_until_somebody_confirms() {
    let mut pager = Pager::run(&Company::default());
    pager.stop(10);
    assert!(!pager.log().contains("PAUSED"), "this one is nobody's copy");
    let (backup, copy) = (pager.dir().join("backup"), pager.dir().join("copy"));
    warridor(&["backup", &backup.to_string_lossy()], pager.data_dir());
    warridor(&["restore", &backup.to_string_lossy()], &copy);

    pager.keep_data_in(&copy);
    pager.start();
    eventually_true("it says so", SOON, || pager.log().contains("PAUSED: this data was restored from a backup"));
    pager.stop(10);
    let log = pager.log();
    assert_eq!(log.matches("PAUSED").count(), 1, "{log}");
    assert!(log.contains("run `warridor restore --confirm`"), "{log}");
    assert!(!log.contains('\u{1b}'), "a file is no terminal, and has no colours");

    warridor(&["restore", "--confirm"], &copy);
    pager.start();
    pager.stop(10);
    assert_eq!(pager.log().matches("PAUSED").count(), 1, "and no more");
}
