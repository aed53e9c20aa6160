//! The process dies, the power fails, a sync fails: at every operation, and over thousands of seeds.

use super::given::*;
use warridor::store::disk::Disk;
use warridor::store::journal::Journal;
use warridor::store::simdisk::SimDisk;
use warridor::store::{Commit, Spend};

/// What a person who was answered knows.
#[derive(Debug, Default)]
struct Promised {
    /// Marks of frames that are durable, in order.
    durable: Vec<u64>,
    /// The frame nobody was answered for, if any: it may be there or not.
    unknown: Option<u64>,
    next_mark: u64,
}

impl Promised {
    /// Commits frames of all sizes until `count` are tried or something is unknown.
    fn commit_some(&mut self, journal: &Journal, random: &mut Random, count: u64) {
        for _ in 0..count {
            let seq = self.durable.len() as u64 + 1;
            let mark = self.next_mark;
            self.next_mark += 1;
            let bytes = [10, 300, 511, 1_200, 3_500][usize::try_from(random.below(5)).unwrap()];
            match journal.commit(seq, &frame(seq, mark, bytes), Spend::Free) {
                Commit::Committed => self.durable.push(mark),
                Commit::NotWritten(_) => {}
                Commit::Unknown(_) => {
                    self.unknown = Some(mark);
                    return;
                }
                Commit::Fenced(why) => panic!("fenced: {why}"),
            }
            if random.below(3) == 0 {
                journal.housekeep(&mut || true);
            }
        }
    }

    /// What a boot found must be what was promised; what it found is a promise from now on.
    fn check(&mut self, found: &[u64], why: &str) {
        let n = self.durable.len();
        assert!(found.len() >= n, "{why}: {} frames were answered for, {} are there", n, found.len());
        assert_eq!(found[..n], self.durable, "{why}");
        match &found[n..] {
            [] => {}
            [one] => assert_eq!(Some(*one), self.unknown, "{why}: a frame that was never in doubt"),
            more => panic!("{why}: {more:?} came from nowhere"),
        }
        self.durable = found.to_vec();
        self.unknown = None;
    }

    fn boot_and_check(&mut self, disk: &SimDisk, why: &str) -> Journal {
        let (journal, recovered) = open(disk).unwrap_or_else(|e| panic!("{why}: {e}"));
        let found = marks(&journal);
        assert_eq!(recovered.last_seq, found.len() as u64, "{why}");
        self.check(&found, why);
        journal
    }
}

#[test]
fn a_power_cut_at_every_operation_keeps_every_promise() {
    let calm = SimDisk::new(7);
    let (journal, _) = open(&calm).unwrap();
    Promised::default().commit_some(&journal, &mut Random::new(7), 40);
    let ops = calm.ops();
    assert!(ops > 150, "{ops}");
    for k in 1..=ops {
        for power in [true, false] {
            let why = format!("power {power}, operation {k}");
            let disk = SimDisk::new(7);
            disk.crash_after(k);
            let mut promised = Promised::default();
            if let Ok((journal, _)) = open(&disk) {
                promised.commit_some(&journal, &mut Random::new(7), 40);
            }
            assert!(disk.crashed(), "{why}");
            if power {
                disk.power_cut()
            } else {
                disk.process_crash()
            }
            let journal = promised.boot_and_check(&disk, &why);
            // And it goes on from there.
            promised.commit_some(&journal, &mut Random::new(k), 3);
            assert_eq!(marks(&journal), promised.durable, "{why}");
        }
    }
}

#[test]
fn thousands_of_lives_with_every_kind_of_crash_keep_every_promise() {
    let (mut cut, mut unknown) = (0, 0);
    for seed in 0..3_000 {
        let mut random = Random::new(seed);
        let disk = SimDisk::new(seed);
        let mut promised = Promised::default();
        for life in 0..4 {
            let why = format!("seed {seed}, life {life}");
            disk.set_capacity(None);
            match random.below(8) {
                0 | 1 => disk.fail_sync(1 + random.below(30)),
                2 => {
                    let half = usize::try_from(random.below(1_500)).unwrap();
                    disk.fail_write(1 + random.below(60), half, std::io::ErrorKind::StorageFull);
                }
                3 => disk.set_capacity(Some(disk.used() + random.below(20_000))),
                4 => {}
                _ => disk.crash_after(1 + random.below(80)),
            }
            if let Ok((journal, recovered)) = open(&disk) {
                cut += usize::from(recovered.notices.iter().any(|n| n.contains("was cut")));
                let found = marks_if_up(&journal, &disk);
                if let Some(found) = found {
                    promised.check(&found, &why);
                    promised.commit_some(&journal, &mut random, 20);
                    unknown += usize::from(promised.unknown.is_some());
                }
            }
            if random.below(3) == 0 { disk.process_crash() } else { disk.power_cut() }
        }
        promised.boot_and_check(&disk, &format!("seed {seed}, the end"));
    }
    assert!(cut > 100 && unknown > 1_000, "the seeds reach too little: {cut} cut, {unknown} unknown");
}

fn marks_if_up(journal: &Journal, disk: &SimDisk) -> Option<Vec<u64>> {
    let mut all = Vec::new();
    let read = journal.tail(0, &mut |f| {
        all.push(mark_of(&f));
        true
    });
    if disk.crashed() {
        return None;
    }
    read.unwrap();
    Some(all)
}

#[test]
fn what_a_boot_showed_after_a_failed_sync_survives_the_power_cut_after_it() {
    let mut shown = 0;
    for seed in 0..300 {
        let disk = SimDisk::new(seed);
        let (journal, _) = open(&disk).unwrap();
        assert_eq!(journal.commit(1, &frame(1, 0, 700), Spend::Free), Commit::Committed);
        disk.fail_sync(1);
        assert!(matches!(journal.commit(2, &frame(2, 1, 1_000), Spend::Free), Commit::Unknown(_)));
        let again = journal.commit(2, &frame(2, 2, 10), Spend::Free);
        assert!(matches!(again, Commit::Unknown(_)), "after an unknown commit nothing is taken: {again:?}");
        // The page cache still shows frame 2, and whoever reads it acts on it.
        disk.process_crash();
        let (journal, _) = open(&disk).unwrap();
        let seen = marks(&journal);
        assert_eq!(seen, [0, 1], "seed {seed}");
        shown += 1;
        disk.power_cut();
        let (journal, _) = open(&disk).unwrap();
        assert_eq!(marks(&journal), seen, "seed {seed}");
    }
    assert_eq!(shown, 300);
}

#[test]
fn a_segment_that_could_not_be_made_takes_no_frame_with_it() {
    // The first segment is too small for the first frame and is replaced, which fails; then a smaller frame comes.
    for sync in 1..=2 {
        let disk = SimDisk::new(1);
        let (journal, _) = open(&disk).unwrap();
        assert!(matches!(journal.commit(1, &frame(1, 0, 9_999), Spend::Free), Commit::NotWritten(_)));
        disk.fail_sync(sync);
        assert!(matches!(journal.commit(1, &frame(1, 1, 3_400), Spend::Free), Commit::NotWritten(_)));
        assert_eq!(journal.commit(1, &frame(1, 2, 100), Spend::Free), Commit::Committed);
        // The same with a segment that has frames: the next frame may still go there.
        disk.fail_sync(sync);
        assert!(matches!(journal.commit(2, &frame(2, 3, 3_400), Spend::Free), Commit::NotWritten(_)));
        assert_eq!(journal.commit(2, &frame(2, 4, 100), Spend::Free), Commit::Committed);
        assert_eq!(marks(&journal), [2, 4]);
        disk.power_cut();
        assert_eq!(marks(&open(&disk).unwrap().0), [2, 4], "sync {sync}");
    }
}

#[test]
fn an_empty_segment_that_was_replaced_is_never_written_again() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    // A segment is made (created, filled, synced, named) and the frame itself finds no space: it stays empty.
    disk.fail_write(5, 0, std::io::ErrorKind::StorageFull);
    assert!(matches!(journal.commit(1, &frame(1, 0, 100), Spend::Free), Commit::NotWritten(_)));
    assert_eq!(segments(&disk), [] as [std::path::PathBuf; 0]);
    // A frame it is too small for replaces it, and that fails: the file the journal had open has no name now.
    disk.fail_sync(1);
    assert!(matches!(journal.commit(1, &frame(1, 1, 3_400), Spend::Free), Commit::NotWritten(_)));
    assert_eq!(journal.commit(1, &frame(1, 2, 100), Spend::Free), Commit::Committed);
    assert_eq!(marks(&journal), [2]);
    disk.power_cut();
    assert_eq!(marks(&open(&disk).unwrap().0), [2]);
}

#[test]
fn an_unfinished_last_frame_is_cut_and_its_bytes_are_kept() {
    let disk = SimDisk::new(3);
    let (journal, _) = open(&disk).unwrap();
    assert_eq!(journal.commit(1, &frame(1, 0, 100), Spend::Free), Commit::Committed);
    let end = usize::try_from(journal.committed().end).unwrap();
    let segment = segments(&disk).remove(0);
    // A torn write: the middle of a frame, its first sector missing.
    disk.tamper(&segment, |b| b[end + 600..end + 640].copy_from_slice(&[b'y'; 40]));
    disk.power_cut();
    let (journal, recovered) = open(&disk).unwrap();
    assert_eq!(marks(&journal), [0]);
    assert!(recovered.notices[0].contains("Frame 2 was unfinished"), "{:?}", recovered.notices);
    assert!(recovered.notices[0].contains("/data/cut-2"), "{:?}", recovered.notices);
    assert_eq!(disk.read(&layout().dir().join("cut-2")).unwrap(), [vec![0; 600], vec![b'y'; 40]].concat());
    assert_eq!(journal.commit(2, &frame(2, 9, 100), Spend::Free), Commit::Committed);
    disk.power_cut();
    let (journal, recovered) = open(&disk).unwrap();
    assert_eq!((marks(&journal), recovered.notices.len()), (vec![0, 9], 0));
}

#[test]
fn a_commit_is_one_write_and_one_sync() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    assert_eq!(journal.commit(1, &frame(1, 0, 10), Spend::Free), Commit::Committed);
    let (ops, syncs) = (disk.ops(), disk.syncs());
    assert_eq!(journal.commit(2, &frame(2, 1, 10), Spend::Free), Commit::Committed);
    assert_eq!((disk.ops() - ops, disk.syncs() - syncs), (2, 1));
}

#[test]
fn a_full_segment_is_followed_by_the_one_prepared_ahead() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    for seq in 1..=30 {
        assert_eq!(journal.commit(seq, &frame(seq, seq, 900), Spend::Free), Commit::Committed);
        assert!(journal.housekeep(&mut || true).is_empty());
        assert!(disk.exists(&layout().spare()), "the next segment stands ready after frame {seq}");
    }
    assert!(segments(&disk).len() >= 3);
    let (whole, last) = segments(&disk).split_at_checked(2).map(|(a, b)| (a.to_vec(), b.to_vec())).unwrap();
    for path in whole {
        let bytes = disk.read(&path).unwrap();
        assert!(bytes.ends_with(b"}}\n"), "a full segment gives its zeroes back, so that jq reads it");
    }
    assert!(disk.read(last.last().unwrap()).unwrap().ends_with(&[0]));
    assert_eq!(marks(&journal), (1..=30).collect::<Vec<_>>());
}

#[test]
fn zero_filling_can_be_interrupted_and_goes_on() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    let mut asked = 0;
    let notices = journal.housekeep(&mut || {
        asked += 1;
        asked <= 2
    });
    assert_eq!((asked, notices), (3, vec![]));
    assert!(!disk.exists(&layout().spare()));
    journal.housekeep(&mut || true);
    assert!(disk.exists(&layout().spare()));
}

#[test]
fn the_segment_that_is_written_never_moves_to_the_archive() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    for seq in 1..=30 {
        assert_eq!(journal.commit(seq, &frame(seq, seq, 900), Spend::Free), Commit::Committed);
    }
    let before = segments(&disk).len();
    assert_eq!(journal.archive(0).unwrap(), 0);
    assert_eq!(journal.archive(u64::MAX - 1).unwrap(), before - 1);
    assert_eq!(marks(&journal), (1..=30).collect::<Vec<_>>(), "archived frames are still read");
    assert_eq!(journal.commit(31, &frame(31, 31, 900), Spend::Free), Commit::Committed);
    journal.write_head().unwrap();
    disk.power_cut();
    let (journal, _) = open(&disk).unwrap();
    assert_eq!(marks(&journal), (1..=31).collect::<Vec<_>>());
}
