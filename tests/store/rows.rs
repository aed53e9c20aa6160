//! Rows that are damaged, lost or late are always the same rows again.

use super::given::*;
use super::model::*;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use warridor::domain::stamp::At;
use warridor::store::Store;
use warridor::store::disk::Disk;
use warridor::store::embedded::{EmbeddedStore, Options};
use warridor::store::kv::{Kv, KvSource, MemKv};
use warridor::store::rows::MAX_ROW_BYTES;
use warridor::store::simdisk::SimDisk;

/// A store on the real disk without threads.
fn real(dir: &Path) -> EmbeddedStore {
    EmbeddedStore::new(dir, Options { rows_cache_bytes: 8 << 20, ..SIMULATED })
}

/// 300 frames with a snapshot in the middle; returns what the rows must be.
fn grown(dir: &Path) -> Model {
    let store = real(dir);
    let mut pump = Pump::boot(&store);
    let mut random = Random::new(42);
    pump.run(&mut random, 150);
    assert!(store.snapshot(At(0)).unwrap().is_some());
    pump.run(&mut random, 150);
    let model = pump.model.clone();
    store.close().unwrap();
    model
}

/// Boots until the store is at peace with its rows, and compares.
fn boots_to(dir: &Path, wanted: &Model, why: &str) -> Vec<String> {
    let mut told = Vec::new();
    for boot in 0..3 {
        let store = real(dir);
        let mut pump = Pump::boot(&store);
        told.append(&mut pump.opened.notices);
        store.housekeep();
        let found = store.notices();
        if found.iter().any(|n| n.contains("rebuilt at the next start")) {
            assert!(boot < 2, "{why}: {found:?}");
            told.extend(found);
            store.close().unwrap();
            continue;
        }
        assert_eq!(pump.model, *wanted, "{why}");
        pump.check(why);
        store.close().unwrap();
        break;
    }
    told
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut all: Vec<_> = entries.flat_map(|p| if p.is_dir() { files(&p) } else { vec![p] }).collect();
    all.sort();
    all
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let at = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::copy(&path, &at).unwrap();
    }
}

#[test]
fn four_flipped_bytes_anywhere_in_sled_lead_to_the_same_rows() {
    let grown_dir = tempfile::tempdir().unwrap();
    let wanted = grown(grown_dir.path());
    let (mut rebuilt, mut later) = (0, 0);
    for seed in 0..40 {
        let dir = tempfile::tempdir().unwrap();
        copy(grown_dir.path(), dir.path());
        let mut random = Random::new(seed);
        let all = files(&dir.path().join("sled"));
        let path = &all[usize::try_from(random.below(all.len() as u64)).unwrap()];
        // The database is mostly empty room; damage what is used of it.
        let mut bytes = fs::read(path).unwrap();
        let used = bytes.iter().rposition(|b| *b != 0).unwrap_or(0) as u64;
        let at = usize::try_from(random.below(used.saturating_sub(4).max(1))).unwrap();
        for byte in bytes.iter_mut().skip(at).take(4) {
            *byte = u8::try_from(random.below(256)).unwrap();
        }
        fs::write(path, bytes).unwrap();
        let told = boots_to(dir.path(), &wanted, &format!("seed {seed}, byte {at} of {}", path.display()));
        rebuilt += usize::from(told.iter().any(|n| n.contains("The rows are rebuilt from")));
        later += usize::from(told.iter().any(|n| n.contains("rebuilt at the next start")));
        if rebuilt > 0 && told.iter().any(|n| n.contains("rebuilt from")) {
            assert!(dir.path().join("sled.bad-1").exists(), "seed {seed}: what was set aside is kept");
        }
    }
    assert!(rebuilt > 5, "the seeds reach too little: {rebuilt} rebuilt, {later} of them noticed behind the boot");
}

#[test]
fn lost_truncated_and_unopenable_files_lead_to_the_same_rows() {
    let grown_dir = tempfile::tempdir().unwrap();
    let wanted = grown(grown_dir.path());
    type Harm = fn(&Path);
    let harms: &[(&str, Harm)] = &[
        ("all lost", |sled| fs::remove_dir_all(sled).unwrap()),
        ("database lost", |sled| fs::remove_file(sled.join("db")).unwrap()),
        ("configuration lost", |sled| fs::remove_file(sled.join("conf")).unwrap()),
        ("database halved", |sled| {
            let len = fs::metadata(sled.join("db")).unwrap().len();
            fs::File::options().write(true).open(sled.join("db")).unwrap().set_len(len / 2).unwrap();
        }),
        ("database zeroed", |sled| {
            let len = fs::metadata(sled.join("db")).unwrap().len();
            fs::write(sled.join("db"), vec![0; usize::try_from(len).unwrap()]).unwrap();
        }),
        ("configuration is rubbish", |sled| fs::write(sled.join("conf"), "rubbish").unwrap()),
        ("database is a directory", |sled| {
            fs::remove_file(sled.join("db")).unwrap();
            fs::create_dir(sled.join("db")).unwrap();
        }),
        ("no directory at all", |sled| {
            fs::remove_dir_all(sled).unwrap();
            fs::write(sled, "a file").unwrap();
        }),
    ];
    let mut rebuilt = 0;
    for (why, harm) in harms {
        let dir = tempfile::tempdir().unwrap();
        copy(grown_dir.path(), dir.path());
        harm(&dir.path().join("sled"));
        let told = boots_to(dir.path(), &wanted, why);
        rebuilt += usize::from(told.iter().any(|n| n.contains("rebuilt from the snapshot after frame 150")));
    }
    // sled itself gets over some of these: it may do without its configuration, or open at an older checkpoint.
    assert!(rebuilt >= 5, "{rebuilt}");
}

#[test]
fn a_row_over_the_bound_is_refused_and_one_at_it_is_not() {
    let disk = SimDisk::new(1);
    let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(MemKv::default()), SIMULATED);
    let epoch = store.open().unwrap().epoch;
    let row = |bytes: usize| vec![(b"o/1".to_vec(), Some(vec![7; bytes]))];
    let refused = store.checkpoint(epoch, 0, row(MAX_ROW_BYTES - 2)).unwrap_err();
    assert!(refused.to_string().contains("the row o/1 has more than"), "{refused}");
    store.checkpoint(epoch, 0, row(MAX_ROW_BYTES - 3)).unwrap();
    let own = vec![(b"\0meta".to_vec(), None)];
    assert!(store.checkpoint(epoch, 0, own).unwrap_err().to_string().contains("the store's own"));
    assert_eq!(store.get(b"\0meta").unwrap(), None);
    // The largest row fits a snapshot.
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 1);
    assert!(store.snapshot(At(0)).unwrap().is_some());
}

#[test]
fn what_was_never_finished_is_cleared_away() {
    let disk = SimDisk::new(1);
    let kv = MemKv::default();
    let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv.clone()), SIMULATED);
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 20);
    disk.crash_after(5);
    assert!(store.snapshot(At(0)).is_err());
    disk.process_crash();
    let left = |disk: &SimDisk| disk.list(&layout().snapshots()).unwrap().len();
    assert_eq!(left(&disk), 1);
    drop(store);
    let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv), SIMULATED);
    Pump::boot(&store).check("after");
    assert_eq!(left(&disk), 0);
}

#[test]
fn a_leftover_of_sleds_own_snapshot_is_cleared() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = grown(dir.path());
    let leftover = dir.path().join("sled").join("snap.0000000000000123.generating");
    fs::write(&leftover, "half").unwrap();
    assert_eq!(boots_to(dir.path(), &wanted, "leftover"), [] as [&str; 0]);
    assert!(!leftover.exists());
}

#[test]
fn openings_that_kill_the_process_are_not_repeated_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = grown(dir.path());
    fs::write(dir.path().join("sled.opening"), "...").unwrap();
    let told = boots_to(dir.path(), &wanted, "killed while opening");
    assert!(told.iter().any(|n| n.contains("the process died 3 times while opening them")), "{told:?}");
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = grown(dir.path());
    let snapshot = &files(&dir.path().join("snapshots"))[0];
    let mut bytes = fs::read(snapshot).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(snapshot, bytes).unwrap();
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    let told = boots_to(dir.path(), &wanted, "no snapshot");
    assert!(told.iter().any(|n| n.contains("is damaged")), "{told:?}");
}

#[test]
fn a_row_that_vanished_without_a_word_is_noticed() {
    for (key, at_boot) in [(&b"o/"[..], true), (b"t/", false), (b"c/", false)] {
        let disk = SimDisk::new(1);
        let kv = MemKv::default();
        let start = || EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv.clone()), SIMULATED);
        let store = start();
        let mut pump = Pump::boot(&store);
        pump.run(&mut Random::new(3), 60);
        let model = pump.model.clone();
        store.close().unwrap();
        kv.tamper(|map| {
            let lost = map.keys().find(|k| k.starts_with(key)).cloned().unwrap();
            map.remove(&lost);
        });
        let store = start();
        let pump = Pump::boot(&store);
        assert_eq!(pump.opened.notices.iter().any(|n| n.contains("rebuilt from")), at_boot);
        store.housekeep();
        let noticed = store.notices();
        assert_eq!(noticed.iter().any(|n| n.contains("rebuilt at the next start")), !at_boot, "{noticed:?}");
        store.close().unwrap();
        let store = start();
        let pump = Pump::boot(&store);
        assert_eq!(pump.model, model);
        pump.check("after");
    }
}

#[test]
fn a_damaged_row_of_history_is_an_error_not_an_answer() {
    let disk = SimDisk::new(1);
    let kv = MemKv::default();
    let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv.clone()), SIMULATED);
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(3), 60);
    for at in 0..4 {
        kv.tamper(|map| map.get_mut(&b"t/000003"[..]).unwrap()[at] ^= 1);
        let refused = store.get(b"t/000003").unwrap_err();
        assert!(refused.to_string().contains("the row t/000003 is damaged"), "{refused}");
        kv.tamper(|map| map.get_mut(&b"t/000003"[..]).unwrap()[at] ^= 1);
    }
    // A row under another row's key is damage as well.
    kv.tamper(|map| {
        let other = map[&b"t/000004"[..]].clone();
        map.insert(b"t/000003".to_vec(), other);
    });
    assert!(store.get(b"t/000003").is_err());
    assert_eq!(store.notices().len(), 1, "told once");
    let wanted = pump.model.clone();
    store.close().unwrap();
    let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv), SIMULATED);
    let pump = Pump::boot(&store);
    assert!(pump.opened.notices.iter().any(|n| n.contains("rebuilt from the journal")), "{:?}", pump.opened.notices);
    assert_eq!(pump.model, wanted);
    pump.check("rebuilt");
}

#[test]
fn rows_ahead_of_the_journal_are_rebuilt() {
    let disk = SimDisk::new(1);
    let kv = MemKv::default();
    let start = |disk: &SimDisk| EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv.clone()), SIMULATED);
    let store = start(&disk);
    Pump::boot(&store).run(&mut Random::new(3), 20);
    let before = SimDisk::new(2);
    let mut short = Pump::boot(&store);
    short.run(&mut Random::new(4), 5);
    store.close().unwrap();
    // The journal of another, shorter life under the same name.
    let lineage = warridor::store::lineage::Lineage::read(&disk, &layout()).unwrap().unwrap();
    lineage.write(&before, &layout()).unwrap();
    let store = start(&before);
    let opened = store.open().unwrap();
    assert_eq!((opened.last_seq, opened.applied_seq), (0, 0));
    assert!(opened.notices.iter().any(|n| n.contains("they stand for frame 25, and the journal ends at 0")));
}

#[test]
fn while_history_is_filled_in_every_row_reads_as_it_should() {
    for seed in 0..12 {
        let mut random = Random::new(seed);
        let disk = SimDisk::new(seed);
        let kv = MemKv::default();
        let start = || EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv.clone()), SIMULATED);
        let store = start();
        let mut pump = Pump::boot(&store);
        pump.run(&mut random, 1_500);
        assert!(store.snapshot(At(0)).unwrap().is_some());
        pump.run(&mut random, 20);
        let wanted = pump.model.clone();
        drop(store);
        kv.tamper(|map| map.retain(|k, _| !k.starts_with(b"o/")));
        let store = start();
        let mut pump = Pump::boot(&store);
        assert_eq!(pump.model, wanted, "seed {seed}");
        pump.check("before filling");
        // Some of it, with changes and deletions in between, and a crash in the middle.
        pump.run(&mut random, 30);
        store.fill_some();
        pump.run(&mut random, 30);
        pump.check("in the middle");
        assert!(store.snapshot(At(1)).unwrap().is_none(), "rows that are not whole make no snapshot");
        let wanted = pump.model.clone();
        drop(store);
        let store = start();
        let mut pump = Pump::boot(&store);
        assert_eq!(pump.opened.notices, [] as [&str; 0], "seed {seed}: it goes on where it was");
        assert_eq!(pump.model, wanted, "seed {seed}");
        pump.check("after a crash");
        store.housekeep();
        assert_eq!(store.notices(), [] as [&str; 0], "seed {seed}");
        pump.run(&mut random, 5);
        pump.check("filled");
        assert!(store.snapshot(At(1)).unwrap().is_some());
    }
}

#[test]
fn a_place_for_rows_that_cannot_be_had_stops_no_boot() {
    #[derive(Debug)]
    struct Nowhere;
    impl KvSource for Nowhere {
        fn exists(&self) -> bool {
            true
        }
        fn open(&self) -> Result<Box<dyn Kv>, String> {
            Err("it said no".into())
        }
        fn set_aside(&self) -> Result<String, String> {
            Err("it stays".into())
        }
    }
    let disk = SimDisk::new(1);
    let start = || EmbeddedStore::on(disk.shared(), layout(), Arc::new(Nowhere), SIMULATED);
    let store = start();
    let mut pump = Pump::boot(&store);
    assert!(pump.opened.notices.iter().any(|n| n.contains("kept in memory")), "{:?}", pump.opened.notices);
    pump.run(&mut Random::new(1), 40);
    assert!(store.snapshot(At(0)).unwrap().is_some());
    pump.run(&mut Random::new(1), 10);
    pump.check("in memory");
    let wanted = pump.model.clone();
    drop(store);
    let store = start();
    let pump = Pump::boot(&store);
    assert_eq!((pump.opened.applied_seq, &pump.model), (40, &wanted));
    pump.check("in memory, from the snapshot");
}

#[test]
fn on_a_nearly_full_disk_rows_wait_and_frames_do_not() {
    let disk = SimDisk::new(1);
    let kv = MemKv::default();
    let options = Options { min_free_bytes: 5_000, ..SIMULATED };
    let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(kv), options);
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 5);
    disk.set_capacity(Some(disk.used() + 4_000));
    pump.commit(7);
    let refused = store.checkpoint(pump.epoch, 6, vec![(b"o/1".to_vec(), None)]).unwrap_err();
    assert!(refused.to_string().contains("rows wait until there is room"), "{refused}");
    disk.set_capacity(None);
    pump.checkpoint();
    pump.check("space returned");
}

#[test]
fn a_snapshot_shows_one_instant_although_rows_change_under_it() {
    use warridor::store::rows::Rows;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let rows = Rows::open(Box::new(MemKv::default()), STORE, HISTORY).unwrap();
        let key = |n: u64| format!("{}/{n:05}", ["c", "o", "t"][usize::try_from(n % 3).unwrap()]).into_bytes();
        let change = |random: &mut Random, seq: u64, n: u64| {
            let some = (0..n).map(|_| {
                let value = (random.below(3) > 0).then(|| random.below(1_000).to_string().into_bytes());
                (key(random.below(4_000)), value)
            });
            let some = some.collect();
            rows.checkpoint(seq, seq, some).unwrap();
        };
        change(&mut random, 1, 3_000);
        let mut then = Vec::new();
        rows.scan(b"", false, &mut |k, v| {
            then.push((k.to_vec(), v.to_vec()));
            true
        })
        .unwrap();
        let meta = rows.freeze().unwrap();
        assert!(rows.freeze().is_none(), "one at a time");
        let mut read = Vec::new();
        for seq in 2.. {
            let some = rows.frozen_some().unwrap();
            if some.is_empty() {
                break;
            }
            read.extend(some);
            change(&mut random, seq, 300);
        }
        rows.thaw();
        assert_eq!(meta.applied_seq, 1);
        assert!(read == then, "seed {seed}: {} rows read, {} then", read.len(), then.len());
        assert!(rows.check_history(&mut || true).unwrap());
    }
}
