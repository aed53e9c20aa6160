//! What a boot makes of bytes in a data directory. It never panics, never reads a frame that was not written, keeps what
//! is good, and changes nothing when it refuses.

use libfuzzer_sys::arbitrary::{Result, Unstructured};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use warridor::domain::stamp::At;
use warridor::store::disk::{Disk, How, write_all_at};
use warridor::store::frame::{FrameHash, MAX_SALT_DIGITS, START, decode, encode, find_good};
use warridor::store::journal::Journal;
use warridor::store::layout::Layout;
use warridor::store::lineage::Lineage;
use warridor::store::simdisk::SimDisk;
use warridor::store::space::Limits;
use warridor::store::{Commit, Frame, SealedText, Spend, StoreId};

const STORE: StoreId = StoreId(0x5106_e000_0000_0001);
/// Small, so that a few frames meet every bound.
const SMALL: Limits =
    Limits { max_frame_bytes: 4_096, segment_bytes: 12_000, short_segment_bytes: 3_000, reserve_bytes: 6_000 };
const FRAMES: u64 = 16;
/// The last frame that `HEAD` vouches for.
const VOUCHED: u64 = 13;

/// A line is what was written, or no frame. The first byte says what is done with the rest.
pub fn lines(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    match how % 3 {
        0 => read(rest),
        1 => read(&rehashed(rest)),
        _ => {
            let _ = written(&mut Unstructured::new(rest));
        }
    }
}

/// A line from nowhere.
fn read(bytes: &[u8]) {
    if let Some((at, _)) = find_good(bytes) {
        assert!(bytes[at..].starts_with(START));
    }
    let Ok(line) = decode(bytes) else { return };
    let hash_at = bytes.windows(9).rposition(|w| w == b",\"hash\":\"").expect("a line has a hash");
    assert_eq!(line.hash.0, <[u8; 32]>::from(Sha256::digest(&bytes[..hash_at])), "another hash than its bytes'");
    for text in line.texts() {
        let span = line.span_of(&text.id);
        assert!(text.text.is_none() || span.is_some_and(|s| s.end <= bytes.len() && s.start < s.end));
    }
    // What it says can be said again, and then it is the same.
    let Ok(frame) = line.frame() else { return };
    let mut again = Vec::new();
    encode(&frame, line.store, line.prev, &mut again).expect("what was read can be written");
    again.pop();
    let once_more = decode(&again).and_then(|l| l.frame()).expect("what was written can be read");
    is_same(&frame, &once_more);
}

/// The line with a hash that is right: without it nothing behind the hash would ever be looked at.
fn rehashed(bytes: &[u8]) -> Vec<u8> {
    let Some(at) = bytes.windows(9).rposition(|w| w == b",\"hash\":\"") else { return bytes.to_vec() };
    let hash = FrameHash(Sha256::digest(&bytes[..at]).into()).to_string();
    let mut out = bytes.to_vec();
    let from = at + 9;
    let to = (from + 64).min(out.len());
    out.splice(from..to, hash.bytes());
    out
}

/// A frame that is written, and then damaged.
fn written(u: &mut Unstructured<'_>) -> Result<()> {
    let texts: Vec<(u64, String)> = u.arbitrary()?;
    let facts: Vec<(String, String, i64)> = u.arbitrary()?;
    let named = |n: usize, texts: &[SealedText]| texts.get(n).map_or(String::new(), |t| t.id.clone());
    let mut texts: Vec<SealedText> =
        texts.iter().map(|(salt, text)| SealedText::seal(&format!("{salt:x}"), text)).collect();
    let mut seen = BTreeSet::new();
    texts.retain(|t| seen.insert(t.id.clone()));
    let facts = facts.iter().enumerate().map(|(n, (name, words, number))| {
        let fact =
            serde_json::json!({ name: words, "hash": number, "text": named(n, &texts), "x": { "a": 0, name: words } });
        RawValue::from_string(fact.to_string()).expect("it is JSON")
    });
    let frame = Frame {
        seq: u.arbitrary()?,
        at: At(u.arbitrary()?),
        wall: At(u.arbitrary()?),
        config: u.arbitrary()?,
        inputs: u.arbitrary()?,
        facts: facts.collect(),
        texts: texts.clone(),
    };
    let prev = FrameHash(u.arbitrary()?);
    let mut line = Vec::new();
    let hash = encode(&frame, STORE, prev, &mut line).expect("a frame with texts that fit can be written");
    assert_eq!(line.pop(), Some(b'\n'));
    assert!(!line.contains(&b'\n'), "one frame, one line");
    let read = decode(&line).expect("what was written is read");
    assert_eq!((read.hash, read.prev, read.store), (hash, prev, STORE));
    is_same(&frame, &read.frame().expect("and its facts too"));
    let (at, with): (usize, Vec<u8>) = (u.arbitrary()?, u.arbitrary()?);
    let (at, cut) = (at % (line.len() + 1), usize::from(u.arbitrary::<u8>()?));
    let mut bad = line.clone();
    bad.splice(at..(at + cut).min(line.len()), with);
    if bad == line {
        return Ok(());
    }
    // A text that is gone as a whole is missed by whoever reads the fact that names it.
    if let Ok(read) = decode(&bad) {
        let (read, fewer) = (read.frame().expect("its facts are as they were"), read.texts());
        assert!(fewer.len() <= texts.len() && fewer.iter().all(|t| texts.contains(t)), "damage is not noticed");
        is_same(&Frame { texts: fewer.to_vec(), ..frame }, &read);
    }
    Ok(())
}

fn is_same(a: &Frame, b: &Frame) {
    assert_eq!((a.seq, a.at, a.wall, a.config), (b.seq, b.at, b.wall, b.config));
    assert_eq!((&a.inputs, &a.texts), (&b.inputs, &b.texts));
    let json = |f: &Frame| f.facts.iter().map(|v| v.get().to_owned()).collect::<Vec<_>>();
    assert_eq!(json(a), json(b));
    assert!(a.texts.iter().all(|t| t.salt.len() <= MAX_SALT_DIGITS));
}

/// A whole journal, as a process left it that died.
struct Written {
    files: Vec<(PathBuf, Vec<u8>)>,
    frames: Vec<Frame>,
}

static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
    let disk = SimDisk::new(11);
    let (journal, _) = open(&disk).expect("an empty directory is booted");
    let mut frames = Vec::new();
    for seq in 1..=FRAMES {
        let frame = frame(seq);
        assert_eq!(journal.commit(seq, &frame, Spend::Free), Commit::Committed);
        frames.push(frame);
        if seq == VOUCHED {
            journal.write_head().expect("HEAD is written");
        }
        if seq % 6 == 0 {
            journal.housekeep(&mut || true);
        }
    }
    disk.process_crash();
    let layout = layout();
    let names = |dir: &Path| disk.list(dir).expect("a list").into_iter().map(|name| dir.join(name)).collect::<Vec<_>>();
    let mut paths = vec![layout.head()];
    paths.extend(names(&layout.journal()));
    let files = paths.into_iter().filter_map(|path| Some((path.clone(), disk.read(&path)?))).collect();
    Written { files, frames }
});

fn layout() -> Layout {
    Layout::new("/data")
}

fn open(
    disk: &SimDisk,
) -> std::result::Result<(Journal, warridor::store::recover::Recovered), warridor::store::StoreError> {
    Journal::open(disk.shared(), &layout(), SMALL, Lineage::new(STORE))
}

fn frame(seq: u64) -> Frame {
    let text = SealedText::seal(&format!("{seq:016x}"), &format!("text of {seq}"));
    let fill = "x".repeat([10, 300, 511, 1_200, 2_500][usize::try_from(seq % 5).unwrap_or(0)]);
    let fact = format!(r#"{{"Marked":{{"mark":{seq},"text":"{}","fill":"{fill}"}}}}"#, text.id);
    let at = At(1_700_000_000_000 + i64::try_from(seq).unwrap_or(0));
    Frame {
        seq,
        at,
        wall: at,
        config: 1,
        inputs: vec![format!("input-{seq}")],
        facts: vec![RawValue::from_string(fact).expect("it is JSON")],
        texts: vec![text],
    }
}

/// Boots a journal that was written well and then damaged.
pub fn boots(data: &[u8]) {
    let _ = boot(&mut Unstructured::new(data));
}

fn boot(u: &mut Unstructured<'_>) -> Result<()> {
    let mut files = WRITTEN.files.clone();
    for _ in 0..=u.int_in_range(0..=3)? {
        let n = u.int_in_range(0..=files.len() - 1)?;
        damage(u, &mut files, n)?;
    }
    let head = |files: &[(PathBuf, Vec<u8>)]| files.iter().find(|(path, _)| *path == layout().head()).cloned();
    let is_head_whole = head(&files) == head(&WRITTEN.files);
    let disk = SimDisk::new(u.arbitrary()?);
    disk.create_dir(&layout().journal()).expect("a directory");
    for (path, bytes) in &files {
        let file = disk.open(path, How::New).expect("a new file");
        write_all_at(&*file, bytes, 0).map_err(|(e, _)| e).expect("it is written");
        file.sync_data().expect("it is synced");
    }
    let (journal, recovered) = match open(&disk) {
        Ok(booted) => booted,
        Err(why) => {
            assert!(why.to_string().contains("/data/"), "it says where: {why}");
            // Nothing a person could still repair was touched.
            for (path, bytes) in &files {
                assert!(
                    disk.read(path).as_ref() == Some(bytes),
                    "{} was changed by a boot that refused: {why}",
                    path.display()
                );
            }
            return Ok(());
        }
    };
    let Some(found) = frames_of(&journal) else { return Ok(()) };
    assert_eq!(recovered.last_seq, found.len() as u64);
    assert!(found.len() <= WRITTEN.frames.len(), "frames came from nowhere");
    for (read, wrote) in found.iter().zip(&WRITTEN.frames) {
        is_same(read, wrote);
    }
    if is_head_whole {
        assert!(recovered.last_seq >= VOUCHED, "frames are missing that HEAD vouches for");
    }
    // It goes on from there, and the next boot finds the same and one more.
    let next = recovered.last_seq + 1;
    assert_eq!(journal.commit(next, &frame(next), Spend::Free), Commit::Committed);
    drop(journal);
    disk.process_crash();
    let (journal, again) = open(&disk).expect("what was repaired is booted");
    assert!(again.notices.is_empty() && again.last_seq == next, "{again:?}");
    assert_eq!(frames_of(&journal).map(|all| all.len() as u64), Some(next));
    Ok(())
}

/// All frames; nothing where an earlier segment, which a boot need not read, is damaged and a reader says so.
fn frames_of(journal: &Journal) -> Option<Vec<Frame>> {
    let mut all = Vec::new();
    let read = journal.tail(0, &mut |f| {
        all.push(f);
        true
    });
    match read {
        Ok(()) => Some(all),
        Err(why) => {
            assert!(why.to_string().contains("/data/journal"), "it says where: {why}");
            for (read, wrote) in all.iter().zip(&WRITTEN.frames) {
                is_same(read, wrote);
            }
            None
        }
    }
}

fn damage(u: &mut Unstructured<'_>, files: &mut [(PathBuf, Vec<u8>)], n: usize) -> Result<()> {
    let other = u.int_in_range(0..=files.len() - 1)?;
    let source = files[other].1.clone();
    let bytes = &mut files[n].1;
    // Zeroes at the end are many, and all alike.
    let used = bytes.iter().rposition(|b| *b != 0).map_or(0, |at| at + 1);
    let at = u.int_in_range(0..=used)?;
    let len = usize::from(u.arbitrary::<u16>()?) % 4_500;
    let to = (at + len).min(bytes.len());
    match u.int_in_range(0..=7)? {
        0 => {
            let with: Vec<u8> = u.arbitrary()?;
            let to = (at + with.len()).min(bytes.len());
            let kept = to - at;
            bytes[at..to].copy_from_slice(&with[..kept]);
        }
        1 => bytes[at..to].fill(0),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..to)),
        4 => {
            let with: Vec<u8> = u.arbitrary()?;
            drop(bytes.splice(at..at, with));
        }
        5 => {
            // Lines of another segment.
            let from = u.int_in_range(0..=source.len())?;
            let with = source[from..(from + len).min(source.len())].to_vec();
            drop(bytes.splice(at..to, with));
        }
        6 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << u.int_in_range(0..=7)?;
            }
        }
        _ => {
            // One that is gone, or called as another one is.
            let seq: u64 = if u.arbitrary()? { u.arbitrary()? } else { u.int_in_range(0..=20)? };
            let path = if u.arbitrary()? { layout().dir().join("gone") } else { layout().segment(seq) };
            if files.iter().all(|(other, _)| *other != path) {
                files[n].0 = path;
            }
        }
    }
    Ok(())
}
