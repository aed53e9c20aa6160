//! Bytes that changed by themselves. A boot names the damage or, for an unfinished last frame only, cuts it and says so;
//! it never goes on with fewer frames and a good conscience.

use super::given::*;
use warridor::store::StoreError;
use warridor::store::disk::Disk;
use warridor::store::simdisk::SimDisk;
use warridor::store::{Commit, Spend};

/// A journal of 24 frames over several segments, `HEAD` at `vouched`.
fn journal_with_head_at(vouched: u64) -> SimDisk {
    let disk = SimDisk::new(11);
    let (journal, _) = open(&disk).unwrap();
    for seq in 1..=24 {
        assert_eq!(journal.commit(seq, &frame(seq, seq, 200), Spend::Free), Commit::Committed);
        if seq == vouched {
            journal.write_head().unwrap();
        }
    }
    disk.process_crash();
    disk
}

/// What a boot and a full reading make of it: the number of frames, or what is wrong.
fn verdict(disk: &SimDisk) -> Result<(usize, Vec<String>), String> {
    let (journal, recovered) = open(disk).map_err(|e| e.to_string())?;
    let mut n = 0;
    let read = journal.tail(0, &mut |_| {
        n += 1;
        true
    });
    read.map_err(|e| e.to_string())?;
    Ok((n, recovered.notices))
}

#[test]
fn four_flipped_bytes_anywhere_are_named_or_cut_with_a_notice_never_ignored() {
    let mut cut = 0;
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let disk = journal_with_head_at(20);
        let all = segments(&disk);
        let path = &all[usize::try_from(random.below(all.len() as u64)).unwrap()];
        let before = disk.read(path).unwrap();
        let used = before.iter().rposition(|b| *b != 0).unwrap_or(0) as u64;
        let at = usize::try_from(random.below(used.saturating_sub(3))).unwrap();
        disk.tamper(path, |b| {
            b[at..at + 4].iter_mut().for_each(|b| *b ^= 1 + u8::try_from(random.below(254)).unwrap())
        });
        match verdict(&disk) {
            Ok((23, notices)) => {
                assert!(notices[0].contains("Frame 24 was unfinished"), "seed {seed}: {notices:?}");
                cut += 1;
            }
            Ok((n, notices)) => panic!("seed {seed}: byte {at} of {}: {n} frames, {notices:?}", path.display()),
            Err(why) => assert!(why.contains("frame") && why.contains("/data/journal/"), "seed {seed}: {why}"),
        }
    }
    assert!(cut > 10, "{cut}");
}

#[test]
fn the_sentence_says_which_frame_where_and_what_to_do() {
    let disk = journal_with_head_at(24);
    let path = segments(&disk).pop().unwrap();
    disk.tamper(&path, |b| b[40] ^= 1);
    let why = verdict(&disk).unwrap_err();
    for part in ["damaged at frame", "byte 0 of /data/journal/", "Nothing was changed", "restore the newest backup"] {
        assert!(why.contains(part), "{part}: {why}");
    }
    let disk = journal_with_head_at(24);
    disk.tamper(&segments(&disk)[0], |b| b[40] ^= 1);
    let why = verdict(&disk).unwrap_err();
    assert!(why.contains("damaged at frame 1, byte 0 of /data/journal/00000000000000000001.jsonl"), "{why}");
}

#[test]
fn a_damaged_last_frame_that_head_vouches_for_is_not_cut() {
    let disk = journal_with_head_at(24);
    let path = segments(&disk).pop().unwrap();
    let end = disk.read(&path).unwrap().iter().rposition(|b| *b != 0).unwrap();
    disk.tamper(&path, |b| b[end - 50] ^= 1);
    let why = verdict(&disk).unwrap_err();
    assert!(why.contains("HEAD says that frames up to 24 were durable"), "{why}");
    assert!(!disk.exists(&layout().dir().join("cut-24")));
}

#[test]
fn a_zeroed_end_is_noticed_by_head() {
    let disk = journal_with_head_at(24);
    let path = segments(&disk).pop().unwrap();
    let bytes = disk.read(&path).unwrap();
    let last = bytes.windows(6).rposition(|w| w == b"{\"v\":1").unwrap();
    disk.tamper(&path, |b| b[last..].fill(0));
    let why = verdict(&disk).unwrap_err();
    assert!(why.contains("frames 24 to 24 are lost"), "{why}");
    // The same within HEAD's second: only what came after HEAD can be missing.
    let disk = journal_with_head_at(23);
    disk.tamper(&path, |b| b[last..].fill(0));
    assert_eq!(verdict(&disk).unwrap().0, 23);
}

#[test]
fn a_zeroed_sector_before_a_good_frame_is_damage() {
    let disk = journal_with_head_at(0);
    let path = segments(&disk)[0].clone();
    disk.tamper(&path, |b| b[0..512].fill(0));
    let why = verdict(&disk).unwrap_err();
    assert!(why.contains("damaged at frame 1") && why.contains("good frame"), "{why}");
}

#[test]
fn more_than_one_frame_of_rubbish_is_not_cut() {
    let disk = journal_with_head_at(20);
    let path = segments(&disk).pop().unwrap();
    let end = disk.read(&path).unwrap().iter().rposition(|b| *b != 0).unwrap();
    disk.tamper(&path, |b| {
        b.resize(end + 6_000, 0);
        b[end + 1..].fill(b'z');
    });
    let why = verdict(&disk).unwrap_err();
    assert!(why.contains("more than one frame can have"), "{why}");
}

#[test]
fn two_damaged_frames_are_not_cut_as_one() {
    let disk = journal_with_head_at(20);
    let path = segments(&disk).pop().unwrap();
    let bytes = disk.read(&path).unwrap();
    let last = bytes.windows(6).rposition(|w| w == b"{\"v\":1").unwrap();
    // Across the end of one and the start of the other, with and without the newline between them.
    for range in [last - 4..last, last - 3..last + 1, last - 2..last + 2, last - 1..last + 3] {
        let disk = journal_with_head_at(20);
        disk.tamper(&path, |b| b[range.clone()].fill(b'#'));
        let why = verdict(&disk).unwrap_err();
        assert!(why.contains("damaged at frame 2"), "{why}");
    }
}

#[test]
fn a_frame_that_was_rewritten_with_a_hash_of_its_own_breaks_the_chain() {
    use warridor::store::frame::{FrameHash, decode, encode};
    let disk = journal_with_head_at(24);
    let path = segments(&disk)[0].clone();
    disk.tamper(&path, |b| {
        let end = b.iter().position(|b| *b == b'\n').unwrap();
        let mut frame = decode(&b[..end]).unwrap().frame().unwrap();
        frame.config = 9;
        let mut line = Vec::new();
        encode(&frame, STORE, FrameHash::NONE, &mut line).unwrap();
        b.splice(..=end, line);
    });
    let why = verdict(&disk).unwrap_err();
    assert!(why.contains("frame 2 does not follow the one before it"), "{why}");
}

#[test]
fn a_last_frame_of_another_version_is_not_cut() {
    let disk = journal_with_head_at(20);
    let path = segments(&disk).pop().unwrap();
    let bytes = disk.read(&path).unwrap();
    let last = bytes.windows(6).rposition(|w| w == b"{\"v\":1").unwrap();
    disk.tamper(&path, |b| b[last + 5] = b'2');
    let why = verdict(&disk).unwrap_err();
    assert!(
        why.contains("it is of version 2, and this program reads version 1; use the program that wrote it"),
        "{why}"
    );
}

#[test]
fn a_lost_segment_is_named() {
    for lost in 0..3 {
        let disk = journal_with_head_at(24);
        let all = segments(&disk);
        assert!(all.len() >= 3);
        let lost = [0, 1, all.len() - 1][lost];
        disk.remove(&all[lost]).unwrap();
        let why = verdict(&disk).unwrap_err();
        assert!(why.contains("missing") || why.contains("lost") || why.contains("needed"), "{why}");
    }
}

#[test]
fn a_lost_or_unreadable_head_is_not_taken_for_an_empty_one() {
    let disk = journal_with_head_at(24);
    disk.remove(&layout().head()).unwrap();
    assert!(verdict(&disk).unwrap_err().contains("HEAD is missing"));
    let disk = journal_with_head_at(24);
    disk.tamper(&layout().head(), |b| b.fill(b'?'));
    assert!(verdict(&disk).unwrap_err().contains("HEAD cannot be read"));
    let disk = journal_with_head_at(24);
    disk.tamper(&layout().head(), |b| b[20] = b'?');
    let (n, notices) = verdict(&disk).unwrap();
    assert_eq!(n, 24);
    assert!(notices[0].contains("One of the two copies"), "{notices:?}");
}

#[test]
fn a_frame_of_another_store_is_noticed() {
    let disk = journal_with_head_at(24);
    let other = warridor::store::lineage::Lineage::new(warridor::store::StoreId(9));
    let opened = warridor::store::journal::Journal::open(disk.shared(), &layout(), SMALL, other);
    assert!(matches!(opened, Err(StoreError::Corrupt(why)) if why.contains("was written by store 5106")));
}
