//! One process at a time.

use super::given::*;
use super::model::Pump;
use std::process::Command;
use warridor::store::embedded::{EmbeddedStore, Options};
use warridor::store::{Store, StoreError};

const DIR: &str = "WARRIDOR_TEST_LOCKED_DIR";

/// Not a test of its own: the second process of the next one.
#[test]
fn second_process() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let refused = EmbeddedStore::new(&dir, Options::default()).open().unwrap_err();
    assert!(matches!(refused, StoreError::InUse(_)));
    println!("refused: {refused}");
}

#[test]
fn a_second_process_is_refused_by_name_and_the_first_is_unharmed() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::new(dir.path(), Options { history: HISTORY, ..Options::default() });
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 5);
    let second = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lock::second_process", "--nocapture"])
        .env(DIR, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&second.stdout).into_owned();
    assert!(second.status.success(), "{said}{}", String::from_utf8_lossy(&second.stderr));
    assert!(said.contains(&format!("the data directory {} is in use", dir.path().display())), "{said}");
    assert!(said.contains(&format!("(process {})", std::process::id())), "{said}");
    // And in the same process, through another handle.
    let other = EmbeddedStore::new(dir.path(), Options::default());
    assert!(matches!(other.open(), Err(StoreError::InUse(_))));
    pump.run(&mut Random::new(2), 5);
    pump.check("the first goes on");
    store.close().unwrap();
    assert!(other.open().is_ok(), "a directory that was let go of can be taken");
}
