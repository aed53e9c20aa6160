//! The one story, told to every store.

use super::given::*;
use std::sync::Arc;
use warridor::store::contract::story;
use warridor::store::embedded::{EmbeddedStore, Options};
use warridor::store::kv::MemKv;
use warridor::store::memory::MemoryStore;
use warridor::store::simdisk::SimDisk;

#[test]
fn memory() {
    story(MemoryStore::new(), |s| {
        s.log().crash();
        s.log().handle()
    });
}

#[test]
fn memory_whose_rows_lag() {
    let store = MemoryStore::new();
    store.log().let_rows_lag();
    story(store, |s| {
        s.log().crash();
        s.log().handle()
    });
}

#[test]
fn embedded_on_a_real_disk() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { history: HISTORY, ..Options::default() };
    story(EmbeddedStore::new(dir.path(), options), |s| {
        s.close().unwrap();
        EmbeddedStore::new(dir.path(), options)
    });
}

#[test]
fn embedded_on_a_disk_that_loses_everything_unsynced() {
    for seed in 0..200 {
        let disk = SimDisk::new(seed);
        let kv = MemKv::default();
        let start = || EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv.clone()), SIMULATED);
        story(start(), |s| {
            disk.power_cut();
            drop(s);
            start()
        });
    }
}
