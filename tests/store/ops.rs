//! What an operator does: verify, back up, restore, drop a text; and what retention does for him.

use super::given::*;
use super::model::*;
use std::path::Path;
use std::sync::Arc;
use warridor::domain::stamp::At;
use warridor::store::backup::restore;
use warridor::store::disk::{Disk, replace_file};
use warridor::store::drop_text::drop_text;
use warridor::store::embedded::EmbeddedStore;
use warridor::store::frame::text_id;
use warridor::store::kv::MemKv;
use warridor::store::layout::Layout;
use warridor::store::simdisk::SimDisk;
use warridor::store::snapshot;
use warridor::store::verify::{Report, verify};
use warridor::store::{Store, StoreError};

struct Place {
    disk: SimDisk,
    kv: MemKv,
}

impl Place {
    fn new() -> Self {
        Self { disk: SimDisk::new(1), kv: MemKv::default() }
    }

    fn store(&self) -> EmbeddedStore {
        EmbeddedStore::on(self.disk.shared(), layout(), Arc::new(self.kv.clone()), SIMULATED)
    }

    /// 80 frames, a snapshot after 40 and one after 70, closed.
    fn grown() -> (Self, Model) {
        let place = Self::new();
        let store = place.store();
        let mut pump = Pump::boot(&store);
        for (n, at) in [(40, Some(1_000)), (30, Some(2_000)), (10, None)] {
            pump.run(&mut Random::new(n), n);
            if let Some(at) = at {
                store.snapshot(At(at)).unwrap().unwrap();
            }
        }
        let model = pump.model.clone();
        store.close().unwrap();
        (place, model)
    }

    fn verify(&self) -> Report {
        verify(&self.disk.shared(), &layout(), &self.kv, &SIMULATED, &mut ModelReplay).unwrap()
    }

    fn problem(&self) -> String {
        let report = self.verify();
        assert!(!report.is_fine());
        report.problems.join("; ")
    }
}

#[test]
fn a_healthy_store_verifies_and_replay_is_compared_row_by_row() {
    let (place, model) = Place::grown();
    let report = place.verify();
    assert_eq!(report.problems, [] as [&str; 0]);
    assert_eq!((report.frames, report.last_seq, report.texts, report.dropped_texts), (80, 80, 80, 0));
    assert_eq!(report.snapshots, [40, 70]);
    assert!(report.rows > model.rows.len() as u64 * 2, "the store's rows and those of both snapshots: {}", report.rows);
    let empty = SimDisk::new(1);
    let gone = verify(&empty.shared(), &layout(), &MemKv::default(), &SIMULATED, &mut ModelReplay);
    assert!(matches!(gone, Err(StoreError::Io { .. })), "{gone:?}");
}

#[test]
fn verify_refuses_a_directory_in_use() {
    let place = Place::new();
    let store = place.store();
    store.open().unwrap();
    let refused = verify(&place.disk.shared(), &layout(), &place.kv, &SIMULATED, &mut ModelReplay).unwrap_err();
    assert!(matches!(&refused, StoreError::InUse(why) if why.contains("/data is in use")), "{refused}");
}

#[test]
fn verify_names_each_damaged_frame_and_reads_on_behind_it() {
    let (place, _) = Place::grown();
    let all = segments(&place.disk);
    assert!(all.len() > 3);
    for path in [&all[0], &all[2]] {
        place.disk.tamper(path, |b| b[300] ^= 1);
    }
    let report = place.verify();
    assert_eq!(report.frames, 78, "{:?}", report.problems);
    assert_eq!(report.problems.len(), 2, "{:?}", report.problems);
    assert!(report.problems[0].contains("frame 1 at byte 0 of"), "{:?}", report.problems);
    assert!(report.problems[1].contains(all[2].to_str().unwrap()), "{:?}", report.problems);
}

#[test]
fn verify_notices_every_kind_of_damage() {
    let flip = |path: &Path| {
        let (place, _) = Place::grown();
        place.disk.tamper(path, |b| {
            let middle = b.len() / 2;
            b[middle] ^= 1;
        });
        place.problem()
    };
    assert!(flip(&layout().snapshot(40)).contains("snapshot"));
    assert!(flip(&layout().lineage()).contains("store.json is damaged"));
    let (place, _) = Place::grown();
    place.disk.tamper(&layout().head(), |b| b[100] ^= 1);
    assert!(place.problem().contains("HEAD cannot be read"));
    let (place, _) = Place::grown();
    place.disk.remove(&layout().head()).unwrap();
    assert!(place.problem().contains("HEAD is missing"));
    let (place, _) = Place::grown();
    let last = segments(&place.disk).pop().unwrap();
    place.disk.tamper(&last, |b| b.fill(0));
    assert!(place.problem().contains("are lost: HEAD says that frame 80 was durable"));
    let (place, _) = Place::grown();
    place.disk.remove(&segments(&place.disk)[1]).unwrap();
    assert!(place.problem().contains("are missing before"));
}

#[test]
fn verify_compares_rows_even_when_their_checksums_are_right() {
    // A change that the rows' own checks cannot see: a checkpoint that says something else than the journal.
    let (place, _) = Place::grown();
    let store = place.store();
    let opened = store.open().unwrap();
    let lie =
        vec![(b"t/000003".to_vec(), None), (b"o/99".to_vec(), Some(vec![1])), (b"t/000004".to_vec(), Some(vec![]))];
    store.checkpoint(opened.epoch, 80, lie).unwrap();
    store.close().unwrap();
    let problems = place.verify().problems;
    assert_eq!(problems.len(), 3, "{problems:?}");
    for (key, how) in [("o/99", "should not be there"), ("t/000003", "is missing"), ("t/000004", "differs")] {
        assert!(problems.iter().any(|p| p.contains(&format!("row {key} of the store {how}"))), "{how}: {problems:?}");
    }
    let (place, model) = Place::grown();
    let store = place.store();
    let opened = store.open().unwrap();
    let all = model.rows.keys().map(|k| (k.clone(), None)).collect();
    store.checkpoint(opened.epoch, 80, all).unwrap();
    store.close().unwrap();
    let problems = place.verify().problems;
    assert_eq!(problems.len(), 21, "twenty are named, the rest are counted");
    assert!(
        problems[20].contains(&format!("and {} more rows of the store", model.rows.len() - 20)),
        "{}",
        problems[20]
    );
    for prefix in [&b"t/"[..], b"o/"] {
        let (place, _) = Place::grown();
        place.kv.tamper(|map| {
            let key = map.keys().find(|k| k.starts_with(prefix)).cloned().unwrap();
            map.get_mut(&key).unwrap()[0] ^= 1;
        });
        assert!(place.problem().contains("the rows cannot be used"));
    }
}

#[test]
fn snapshots_are_due_by_bytes_and_by_time_and_archive_what_they_cover() {
    let place = Place::new();
    let store = place.store();
    let mut pump = Pump::boot(&store);
    assert_eq!(store.maintain(At(0)).unwrap(), None, "of nothing there is none");
    pump.run(&mut Random::new(1), 40);
    let first = store.maintain(At(0)).unwrap().expect("the first");
    assert_eq!((first.seq, first.rows), (40, pump.model.rows.len() as u64));
    assert!(first.archived >= 1);
    pump.run(&mut Random::new(2), 2);
    assert_eq!(store.maintain(At(1_000)).unwrap(), None, "neither bytes nor time");
    assert_eq!(store.maintain(At(3_600_000)).unwrap().map(|t| t.seq), Some(42), "after an hour");
    let mut seq = 42;
    while store.maintain(At(3_600_001)).unwrap().is_none() {
        pump.run(&mut Random::new(seq), 1);
        seq += 1;
        assert!(seq < 120);
    }
    assert!(seq > 60, "after 20,000 bytes: {seq}");
    assert_eq!(snapshot::list(&place.disk, &layout()).unwrap(), [seq, 42], "two are kept");
    let archived = place.disk.list(&layout().archive()).unwrap();
    assert!(archived.len() >= 3, "{archived:?}");
    assert_eq!(pump.opened.notices, [] as [&str; 0]);
    let mut n = 0;
    store
        .tail(0, &mut |_| {
            n += 1;
            true
        })
        .unwrap();
    assert_eq!(n, seq, "archived frames are still told");
    store.close().unwrap();
    assert_eq!(place.verify().problems, [] as [&str; 0]);
    // Without the archive it still boots, and verifies from the snapshot on.
    for name in archived {
        place.disk.remove(&layout().archive().join(name)).unwrap();
    }
    assert_eq!(place.verify().problems, [] as [&str; 0]);
    Pump::boot(&place.store()).check("without its archive");
}

#[test]
fn a_power_cut_at_every_operation_of_a_snapshot_loses_nothing() {
    for k in 1.. {
        let place = Place::new();
        let store = place.store();
        let mut pump = Pump::boot(&store);
        pump.run(&mut Random::new(1), 60);
        place.disk.crash_after(k);
        let taken = store.snapshot(At(0));
        if !place.disk.crashed() {
            assert!(taken.unwrap().is_some());
            assert!(k > 10, "{k}");
            break;
        }
        let wanted = pump.model.clone();
        place.disk.power_cut();
        drop(store);
        place.kv.tamper(std::collections::BTreeMap::clear);
        let store = place.store();
        let pump = Pump::boot(&store);
        assert_eq!(pump.model, wanted, "operation {k}");
        pump.check(&format!("operation {k}"));
    }
}

#[test]
fn a_backup_taken_while_running_restores_paused_under_a_new_name() {
    let place = Place::new();
    let store = place.store();
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 50);
    store.snapshot(At(0)).unwrap().unwrap();
    pump.run(&mut Random::new(2), 13);
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    store.put_config(sha256, "abc").unwrap();
    let backup = Path::new("/backup");
    let report = store.backup(backup, At(77)).unwrap();
    assert_eq!((report.seq, report.snapshot), (63, Some(50)));
    let then = pump.model.clone();
    pump.run(&mut Random::new(3), 20);
    pump.check("the store goes on");
    assert!(store.backup(backup, At(78)).is_err(), "never over another");

    let to = Layout::new("/elsewhere");
    let restored = restore(&place.disk, backup, to.dir()).unwrap();
    assert_eq!((restored.seq, restored.taken, restored.was), (63, At(77), pump.opened.store));
    assert_ne!(restored.store, restored.was);
    assert!(restore(&place.disk, backup, to.dir()).is_err(), "never over another");
    let kv = MemKv::default();
    let start = || EmbeddedStore::on(place.disk.shared(), to.clone(), Arc::new(kv.clone()), SIMULATED);
    let second = start();
    let mut pump = Pump::boot(&second);
    assert_eq!((pump.opened.paused, pump.opened.restores, pump.opened.store), (true, 1, restored.store));
    assert_eq!((pump.opened.last_seq, &pump.model), (63, &then));
    assert_eq!(second.get_config(sha256).unwrap().as_deref(), Some("abc"));
    pump.run(&mut Random::new(4), 20);
    second.housekeep();
    pump.check("the restored store goes on");
    second.confirm_restore().unwrap();
    let wanted = pump.model.clone();
    second.close().unwrap();
    let report = verify(&place.disk.shared(), &to, &kv, &SIMULATED, &mut ModelReplay).unwrap();
    assert_eq!(report.problems, [] as [&str; 0]);
    let second = start();
    let pump = Pump::boot(&second);
    assert_eq!((pump.opened.paused, pump.opened.restores, &pump.model), (false, 1, &wanted));
    // A backup of the restored store restores too, and knows all its names.
    second.backup(Path::new("/backup2"), At(99)).unwrap();
    restore(&place.disk, Path::new("/backup2"), Path::new("/third")).unwrap();
    let third = EmbeddedStore::on(place.disk.shared(), Layout::new("/third"), Arc::new(MemKv::default()), SIMULATED);
    let pump = Pump::boot(&third);
    assert_eq!((pump.opened.restores, &pump.model), (2, &wanted));
}

#[test]
fn a_backup_without_a_snapshot_holds_the_whole_journal() {
    let place = Place::new();
    let store = place.store();
    let mut pump = Pump::boot(&store);
    pump.run(&mut Random::new(1), 30);
    assert_eq!(store.backup(Path::new("/b"), At(0)).unwrap().snapshot, None);
    restore(&place.disk, Path::new("/b"), Path::new("/r")).unwrap();
    let restored = EmbeddedStore::on(place.disk.shared(), Layout::new("/r"), Arc::new(MemKv::default()), SIMULATED);
    assert_eq!(Pump::boot(&restored).model, pump.model);
}

#[test]
fn a_changed_or_unfinished_backup_is_refused_and_what_was_made_of_it_does_not_boot() {
    let place = Place::new();
    let store = place.store();
    Pump::boot(&store).run(&mut Random::new(1), 30);
    store.backup(Path::new("/b"), At(0)).unwrap();
    let all: Vec<_> = place.disk.list(Path::new("/b/journal")).unwrap();
    place.disk.tamper(&Path::new("/b/journal").join(&all[0]), |b| b[99] ^= 1);
    let refused = restore(&place.disk, Path::new("/b"), Path::new("/r")).unwrap_err();
    assert!(refused.to_string().contains("is not the file that was backed up"), "{refused}");
    let half = EmbeddedStore::on(place.disk.shared(), Layout::new("/r"), Arc::new(MemKv::default()), SIMULATED);
    assert!(matches!(half.open(), Err(StoreError::Corrupt(why)) if why.contains("store.json is missing")));
    place.disk.remove(Path::new("/b/backup.json")).unwrap();
    let refused = restore(&place.disk, Path::new("/b"), Path::new("/r2")).unwrap_err();
    assert!(refused.to_string().contains("there is no whole backup here"), "{refused}");
}

#[test]
fn a_dropped_text_is_gone_and_the_chain_still_holds() {
    let (place, model) = Place::grown();
    let text_of = |mark: u64| text_id(&format!("{mark:016x}"), &format!("text of {mark}"));
    let mut marks = std::collections::BTreeMap::<u64, Vec<u64>>::new();
    let store = place.store();
    store.open().unwrap();
    store
        .tail(0, &mut |f| {
            marks.entry(mark_of(&f)).or_default().push(f.seq);
            true
        })
        .unwrap();
    let refused = drop_text(&place.disk, &layout(), SMALL.max_frame_bytes, "00").unwrap_err();
    assert!(matches!(refused, StoreError::InUse(_)));
    store.close().unwrap();
    let sizes =
        |place: &Place| segments(&place.disk).iter().map(|p| place.disk.read(p).unwrap().len()).collect::<Vec<_>>();
    let before = sizes(&place);
    let mut dropped = 0;
    for (mark, seqs) in marks.iter().step_by(7) {
        let found = drop_text(&place.disk, &layout(), SMALL.max_frame_bytes, &text_of(*mark)).unwrap();
        assert_eq!(&found, seqs);
        assert_eq!(drop_text(&place.disk, &layout(), SMALL.max_frame_bytes, &text_of(*mark)).unwrap(), [] as [u64; 0]);
        dropped += seqs.len() as u64;
        for path in segments(&place.disk) {
            let bytes = place.disk.read(&path).unwrap();
            let needle = format!("\"text of {mark}\"");
            assert!(!String::from_utf8_lossy(&bytes).contains(&needle));
        }
    }
    assert_eq!(sizes(&place), before, "offsets stay");
    let report = place.verify();
    assert_eq!(report.problems, [] as [&str; 0]);
    assert_eq!((report.dropped_texts, report.texts), (dropped, 80 - dropped));
    place.disk.power_cut();
    let store = place.store();
    let pump = Pump::boot(&store);
    assert_eq!(pump.model, model);
    let mut gone = 0;
    store
        .tail(0, &mut |f| {
            gone += u64::from(f.texts[0].text.is_none());
            true
        })
        .unwrap();
    assert_eq!(gone, dropped);
}

#[test]
fn a_power_cut_at_every_operation_of_dropping_a_text_leaves_a_whole_journal() {
    let (place, _) = Place::grown();
    let mut ids = Vec::new();
    let store = place.store();
    store.open().unwrap();
    store
        .tail(0, &mut |f| {
            ids.push(f.texts[0].id.clone());
            true
        })
        .unwrap();
    store.close().unwrap();
    for k in 1.. {
        let disk = SimDisk::new(k);
        for path in segments(&place.disk).iter().chain([&layout().head(), &layout().lineage()]) {
            replace_file(&disk, path, &place.disk.read(path).unwrap()).unwrap();
        }
        disk.crash_after(k);
        let done = drop_text(&disk, &layout(), SMALL.max_frame_bytes, &ids[30]);
        let crashed = disk.crashed();
        assert_eq!(done.is_err(), crashed);
        disk.power_cut();
        let store = EmbeddedStore::on(disk.shared(), layout(), Arc::new(MemKv::default()), SIMULATED);
        assert_eq!(Pump::boot(&store).opened.last_seq, 80, "operation {k}");
        if !crashed {
            assert!(k > 4);
            break;
        }
    }
}
