//! One process at a time.

use super::given::*;
use super::model::Pump;
use std::process::Command;
use std::time::Duration;
use warridor::store::disk::RealDisk;
use warridor::store::embedded::{EmbeddedStore, Options};
use warridor::store::head;
use warridor::store::layout::Layout;
use warridor::store::space::Limits;
use warridor::store::{Store, StoreError};

#[test]
fn opening_again_waits_for_readers_but_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let store = EmbeddedStore::new(dir.path(), Options { helper: false, ..Options::default() });
    Pump::boot(&store).run(&mut Random::new(1), 2);
    let mut refused = None;
    store
        .tail(0, &mut |_| {
            refused = Some(store.open());
            false
        })
        .unwrap();
    assert!(matches!(refused, Some(Err(StoreError::InUse(why))) if why.contains("still being read")));
    assert!(store.get(b"o/1").is_err(), "it was let go of");
    assert_eq!(store.open().unwrap().last_seq, 2);
}

#[test]
fn the_helper_keeps_head_up_and_the_next_segment_ready() {
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits { segment_bytes: 4 << 20, ..Limits::default() };
    let store = EmbeddedStore::new(dir.path(), Options { limits, ..Options::default() });
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 3);
    let layout = Layout::new(dir.path());
    let up = || {
        let found = head::read(&RealDisk, &layout.head()).unwrap();
        matches!(found, head::Found::Head { head, .. } if head.seq == 3) && layout.spare().exists()
    };
    let came = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        up()
    });
    assert!(came);
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(layout.journal()).unwrap());
    assert_eq!(mode & 0o777, 0o700, "nobody else reads what people wrote");
}

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
