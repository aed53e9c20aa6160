//! Snapshots: one that is not as it was written is damaged, and says so; one that is has all its rows, in order.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::Bound;
use warridor::domain::id::StoreId;
use warridor::domain::stamp::At;
use warridor::store::disk::{Disk, How, write_all_at};
use warridor::store::frame::FrameHash;
use warridor::store::kv::Pair;
use warridor::store::layout::Layout;
use warridor::store::simdisk::SimDisk;
use warridor::store::snapshot::{Header, Snapshot, newest, read_header, verify, write};

const HISTORY: &[&[u8]] = &[b"c/", b"t/"];

pub fn files(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    let _ = match how % 3 {
        0 => {
            read(rest);
            Ok(())
        }
        1 => {
            read(&proven(rest));
            Ok(())
        }
        _ => written(&mut Unstructured::new(rest)),
    };
}

fn layout() -> Layout {
    Layout::new("/data")
}

/// Puts it where snapshot `seq` would be.
fn place(disk: &SimDisk, seq: u64, bytes: &[u8]) {
    disk.create_dir(&layout().snapshots()).expect("a directory");
    let file = disk.open(&layout().snapshot(seq), How::Replace).expect("a file");
    write_all_at(&*file, bytes, 0).map_err(|(e, _)| e).expect("it is written");
}

/// A file from nowhere.
fn read(bytes: &[u8]) {
    let disk = SimDisk::new(1);
    place(&disk, 7, bytes);
    let path = layout().snapshot(7);
    let header = read_header(&disk, &path);
    match verify(&disk, &path, HISTORY) {
        Ok(snapshot) => {
            let header = header.expect("what is whole has a header");
            assert_eq!(
                (header.store, header.seq, header.at, header.frame),
                (snapshot.store, snapshot.seq, snapshot.at, snapshot.frame)
            );
            is_in_order(&snapshot);
        }
        Err(why) => assert!(why.to_string().contains("/data/snapshots/"), "{why}"),
    }
    let (found, notices) = newest(&disk.shared(), &layout(), HISTORY).expect("a disk that reads");
    assert_eq!(found.is_none(), notices.len() == 1, "{notices:?}");
}

/// Blocks with checksums that are right, and a last line that is: else nothing behind them would ever be looked at.
fn proven(bytes: &[u8]) -> Vec<u8> {
    let Some(end) = bytes.iter().position(|b| *b == b'\n') else { return bytes.to_vec() };
    let (first, mut rest) = bytes.split_at(end + 1);
    let mut out = first.to_vec();
    while let Some((&[len, more], after)) = rest.split_first_chunk() {
        let len = usize::from(len) + usize::from(more % 4) * 256;
        let block = &after[..len.min(after.len())];
        if block.is_empty() {
            break;
        }
        out.extend_from_slice(&u32::try_from(block.len()).unwrap_or(0).to_le_bytes());
        out.extend_from_slice(&crc32fast::hash(block).to_le_bytes());
        out.extend_from_slice(block);
        rest = &after[block.len()..];
    }
    out.extend_from_slice(&0_u32.to_le_bytes());
    let sha256: String = Sha256::digest(&out).iter().map(|b| format!("{b:02x}")).collect();
    // The counts are anybody's guess: nought fits a file without rows.
    let rows = rest.first().copied().unwrap_or(0);
    out.extend(format!("{{\"rows\":{rows},\"open\":[{rows},0],\"history\":[0,0],\"sha256\":\"{sha256}\"}}\n").bytes());
    out
}

fn written(u: &mut Unstructured<'_>) -> Result<()> {
    let rows: BTreeMap<Vec<u8>, Vec<u8>> = u.arbitrary()?;
    let rows: Vec<Pair> = rows.into_iter().collect();
    let some_at_once = u.int_in_range(1..=5)?;
    let frame = FrameHash(u.arbitrary()?);
    let header = Header { store: StoreId(u.arbitrary()?), seq: u.arbitrary()?, at: At(u.arbitrary()?), frame };
    let disk = SimDisk::new(1);
    let mut ahead = rows.chunks(some_at_once);
    let path = write(&disk, &layout(), &header, HISTORY, &mut || Ok(ahead.next().unwrap_or_default().to_vec()))
        .expect("it is written");
    let snapshot = verify(&disk, &path, HISTORY).expect("what was written is whole");
    assert_eq!(is_in_order(&snapshot), rows);
    for (key, value) in &rows {
        assert_eq!(snapshot.get(key).expect("it is read").as_ref(), Some(value));
    }
    // Any part of it, from either end.
    let (from, to): (Vec<u8>, Vec<u8>) = (u.arbitrary()?, u.arbitrary()?);
    let within: Vec<Pair> = rows.iter().filter(|(k, _)| *k >= from && *k < to).cloned().collect();
    let mut walk = snapshot.walk((Bound::Included(from.clone()), Bound::Excluded(to.clone())), true);
    let mut seen = Vec::new();
    while let Some(pair) = walk.advance().expect("it is read") {
        seen.insert(0, pair);
    }
    if from <= to {
        assert_eq!(seen, within);
    }
    // Damage of any kind.
    let (at, with): (usize, Vec<u8>) = (u.arbitrary()?, u.arbitrary()?);
    let whole = disk.read(&path).expect("it is there");
    let at = at % (whole.len() + 1);
    let cut = usize::from(u.arbitrary::<u8>()?);
    disk.tamper(&path, |bytes| drop(bytes.splice(at..(at + cut).min(whole.len()), with)));
    let damaged = disk.read(&path).expect("it is there");
    assert_eq!(verify(&disk, &path, HISTORY).is_ok(), damaged == whole, "damage is not noticed");
    Ok(())
}

fn is_in_order(snapshot: &Snapshot) -> Vec<Pair> {
    let mut walk = snapshot.walk((Bound::Unbounded, Bound::Unbounded), false);
    let mut all: Vec<Pair> = Vec::new();
    while let Some(pair) = walk.advance().expect("what was checked is read") {
        assert!(all.last().is_none_or(|last| last.0 < pair.0), "not in order");
        all.push(pair);
    }
    assert_eq!(all.len() as u64, snapshot.open.rows + snapshot.history.rows);
    all
}
