//! A full disk, and what people can still do on one.

use super::given::*;
use warridor::store::disk::Disk;
use warridor::store::simdisk::SimDisk;
use warridor::store::{Commit, Spend};

#[test]
fn alerts_are_refused_people_go_on_and_all_is_well_when_space_returns() {
    let disk = SimDisk::new(5);
    let (journal, _) = open(&disk).unwrap();
    let mut marks_wanted = Vec::new();
    let mut commit = |spend| {
        let seq = marks_wanted.len() as u64 + 1;
        let done = journal.commit(seq, &frame(seq, seq * 10, 700), spend);
        if done == Commit::Committed {
            marks_wanted.push(seq * 10);
        }
        done
    };
    assert_eq!(commit(Spend::Free), Commit::Committed);
    disk.set_capacity(Some(disk.used() + 500));
    let refused = (0..20).map(|_| commit(Spend::Free)).find(|c| *c != Commit::Committed).unwrap();
    assert!(matches!(&refused, Commit::NotWritten(why) if why.contains("full")), "{refused:?}");
    assert!(disk.exists(&layout().reserve()), "nobody else may have it");
    for _ in 0..3 {
        assert_eq!(commit(Spend::Reserve), Commit::Committed);
    }
    assert!(!disk.exists(&layout().reserve()));
    assert!(matches!(commit(Spend::Free), Commit::NotWritten(_)), "what was freed is for people");
    let told = journal.housekeep(&mut || true);
    assert!(told[0].contains("The reserve was given up"), "{told:?}");
    assert!(matches!(commit(Spend::Free), Commit::NotWritten(_)), "there is still no space");
    disk.set_capacity(None);
    let told = journal.housekeep(&mut || true);
    assert!(told[0].contains("There is space again"), "{told:?}");
    assert!(disk.exists(&layout().reserve()));
    assert_eq!(commit(Spend::Free), Commit::Committed);
    assert_eq!(marks(&journal), marks_wanted);
    disk.power_cut();
    let (journal, recovered) = open(&disk).unwrap();
    assert_eq!((marks(&journal), recovered.notices), (marks_wanted, vec![]));
}

#[test]
fn a_boot_on_a_full_disk_keeps_what_is_left_for_people() {
    let disk = SimDisk::new(5);
    let (journal, _) = open(&disk).unwrap();
    assert_eq!(journal.commit(1, &frame(1, 1, 10), Spend::Free), Commit::Committed);
    disk.remove(&layout().reserve()).unwrap();
    disk.set_capacity(Some(disk.used() + 100));
    disk.process_crash();
    let (journal, recovered) = open(&disk).unwrap();
    assert!(recovered.notices[0].contains("no space for the reserve"), "{:?}", recovered.notices);
    assert!(matches!(journal.commit(2, &frame(2, 2, 10), Spend::Free), Commit::NotWritten(_)));
    assert_eq!(journal.commit(2, &frame(2, 3, 10), Spend::Reserve), Commit::Committed);
}

#[test]
fn a_full_disk_keeps_no_boot_from_cutting_an_unfinished_frame() {
    for (reserve, kept) in [(true, true), (false, false)] {
        let disk = SimDisk::new(5);
        let (journal, _) = open(&disk).unwrap();
        assert_eq!(journal.commit(1, &frame(1, 1, 10), Spend::Free), Commit::Committed);
        let end = usize::try_from(journal.committed().end).unwrap();
        disk.tamper(&segments(&disk)[0], |b| b[end..end + 50].fill(b'y'));
        // With the reserve there is room for what is cut; without it there is none.
        if !reserve {
            disk.remove(&layout().reserve()).unwrap();
        }
        disk.set_capacity(Some(disk.used()));
        disk.process_crash();
        let (journal, recovered) = open(&disk).unwrap();
        assert_eq!(marks(&journal), [1]);
        let told = recovered.notices.join(" ");
        assert_eq!(told.contains("its 50 bytes are kept"), kept, "{told}");
        assert_eq!(told.contains("too full to keep"), !kept, "{told}");
        assert_eq!(journal.commit(2, &frame(2, 2, 10), Spend::Reserve), Commit::Committed);
    }
}

#[test]
fn half_a_frame_on_a_full_disk_is_no_frame_and_no_damage() {
    // A disk that copies on write can be full even where zeroes stand already.
    for (seed, half) in (0..400).zip([1, 511, 512, 700, 1_500].into_iter().cycle()) {
        let disk = SimDisk::new(seed);
        let (journal, _) = open(&disk).unwrap();
        assert_eq!(journal.commit(1, &frame(1, 1, 10), Spend::Free), Commit::Committed);
        disk.fail_write(1, half, std::io::ErrorKind::StorageFull);
        let done = journal.commit(2, &frame(2, 2, 1_700), Spend::Free);
        assert!(matches!(done, Commit::NotWritten(_)), "{done:?}");
        let mut wanted = vec![1];
        if seed % 2 == 0 {
            // A shorter frame takes the place.
            assert_eq!(journal.commit(2, &frame(2, 3, 20), Spend::Free), Commit::Committed);
            wanted.push(3);
        }
        disk.power_cut();
        let (journal, _) = open(&disk).unwrap_or_else(|e| panic!("seed {seed}: {e}"));
        assert_eq!(marks(&journal), wanted, "seed {seed}");
    }
}

#[test]
fn what_could_not_be_zeroed_is_written_over() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    assert_eq!(journal.commit(1, &frame(1, 1, 10), Spend::Free), Commit::Committed);
    // The short write, its failure, and the failure of the zeroes after it.
    disk.fail_write(1, 1_600, std::io::ErrorKind::StorageFull);
    disk.fail_zeroes_too();
    assert!(matches!(journal.commit(2, &frame(2, 2, 1_700), Spend::Free), Commit::NotWritten(_)));
    assert_eq!(journal.commit(2, &frame(2, 3, 20), Spend::Free), Commit::Committed);
    disk.power_cut();
    let (journal, recovered) = open(&disk).unwrap();
    assert_eq!((marks(&journal), recovered.notices), (vec![1, 3], vec![]));
}

#[test]
fn a_frame_over_the_bound_is_refused_and_one_at_it_is_not() {
    let disk = SimDisk::new(1);
    let (journal, _) = open(&disk).unwrap();
    let fits = (3_000..4_096).rev().find(|n| {
        let done = journal.commit(1, &frame(1, 1, *n), Spend::Free);
        if let Commit::NotWritten(why) = &done {
            assert!(why.contains("more than the 4096"), "{why}");
        }
        done == Commit::Committed
    });
    assert!(fits.is_some());
    assert_eq!(journal.committed().end, 4_096);
    disk.power_cut();
    assert_eq!(marks(&open(&disk).unwrap().0), [1]);
}
