//! The one story every store passes. Tests call it; nothing else does.

use super::{Commit, Epoch, Frame, RowChange, SealedText, Spend, Store, StoreError};
use crate::domain::stamp::At;
use serde_json::value::RawValue;

/// Tells the story to `first`. `again` ends the process that holds a store and starts another on the same data.
///
/// # Panics
/// When the store does not do what a store does.
#[allow(clippy::expect_used)]
pub fn story<S: Store>(first: S, again: impl Fn(S) -> S) {
    let store = first;
    let opened = store.open().expect("an empty store opens");
    assert_eq!((opened.last_seq, opened.applied_seq, opened.paused, opened.restores), (0, 0, false, 0));
    let e1 = opened.epoch;
    appends_in_order(&store, e1);
    reads_frames_back(&store);
    keeps_rows_with_the_frame_they_stand_for(&store, e1);
    scans_both_ways(&store);
    keeps_configurations(&store);

    // The same process opens again: what came before is fenced.
    let e2 = store.open().expect("it opens again").epoch;
    assert!(e2 > e1);
    assert!(matches!(store.commit(e1, 4, &frame(4), Spend::Free), Commit::Fenced(_)), "a stale epoch never commits");
    assert!(matches!(store.checkpoint(e1, 3, vec![]), Err(StoreError::Fenced(_))), "nor does it write rows");
    assert_eq!(store.commit(e2, 4, &frame(4), Spend::Free), Commit::Committed);

    // Another process.
    let store = again(store);
    let opened = store.open().expect("it opens after a restart");
    assert!(opened.epoch > e2);
    assert_eq!((opened.last_seq, opened.store), (4, opened.store));
    assert!(opened.applied_seq <= 3, "rows never stand for more than was written");
    assert_eq!(seqs(&store, 0), [1, 2, 3, 4]);
    if opened.applied_seq == 3 {
        assert_eq!(store.get(b"o/1").expect("a row is read"), Some(b"two".to_vec()));
    }
    assert_eq!(store.commit(opened.epoch, 5, &frame(5), Spend::Reserve), Commit::Committed);
    assert_eq!(seqs(&store, 4), [5]);
}

fn appends_in_order(store: &impl Store, epoch: Epoch) {
    assert_eq!(store.commit(epoch, 1, &frame(1), Spend::Free), Commit::Committed);
    assert!(matches!(store.commit(epoch, 1, &frame(1), Spend::Free), Commit::Fenced(_)), "the log moved on");
    assert!(matches!(store.commit(epoch, 3, &frame(3), Spend::Free), Commit::Fenced(_)), "no gaps");
    assert!(matches!(store.commit(epoch, 2, &frame(7), Spend::Free), Commit::NotWritten(_)), "a frame has one seq");
    let wrong = Epoch(epoch.0 + 1);
    assert!(matches!(store.commit(wrong, 2, &frame(2), Spend::Free), Commit::Fenced(_)));
    for seq in 2..=3 {
        assert_eq!(store.commit(epoch, seq, &frame(seq), Spend::Free), Commit::Committed);
    }
    assert_eq!(seqs(store, 0), [1, 2, 3]);
}

#[allow(clippy::expect_used)]
fn reads_frames_back(store: &impl Store) {
    assert_eq!(seqs(store, 2), [3]);
    assert_eq!(seqs(store, 3), [] as [u64; 0]);
    assert_eq!(seqs(store, 9), [] as [u64; 0]);
    let mut met = Vec::new();
    store
        .tail(0, &mut |f| {
            met.push(f);
            met.len() < 2
        })
        .expect("frames are read");
    assert_eq!(met.len(), 2, "it stops when told");
    let (read, wrote) = (&met[1], frame(2));
    assert_eq!((read.at, read.wall, read.config), (wrote.at, wrote.wall, wrote.config));
    assert_eq!((&read.inputs, &read.texts), (&wrote.inputs, &wrote.texts));
    let json = |f: &Frame| f.facts.iter().map(|v| v.get().to_owned()).collect::<Vec<_>>();
    assert_eq!(json(read), json(&wrote));
}

#[allow(clippy::expect_used)]
fn keeps_rows_with_the_frame_they_stand_for(store: &impl Store, epoch: Epoch) {
    let checkpoint = |seq, rows: Vec<RowChange>| store.checkpoint(epoch, seq, rows);
    checkpoint(2, vec![put("o/1", "one"), put("o/2", "x"), put("t/1/1", "a")]).expect("rows are written");
    assert_eq!(store.get(b"o/1").expect("a row is read"), Some(b"one".to_vec()));
    assert_eq!(store.get(b"o/").expect("a row is read"), None);
    assert!(checkpoint(9, vec![put("o/1", "bad")]).is_err(), "no rows for frames that do not exist");
    assert!(checkpoint(1, vec![put("o/1", "bad")]).is_err(), "rows do not go back");
    assert_eq!(store.get(b"o/1").expect("a row is read"), Some(b"one".to_vec()));
    checkpoint(3, vec![put("o/1", "two"), (b"o/2".to_vec(), None), put("t/1/2", "b"), put("t/1/10", "c")])
        .expect("rows are written");
    checkpoint(3, vec![put("o/3", "")]).expect("rows can change without a frame");
    assert_eq!(store.get(b"o/2").expect("a row is read"), None);
    assert_eq!(store.get(b"o/3").expect("a row is read"), Some(Vec::new()));
}

#[allow(clippy::expect_used)]
fn scans_both_ways(store: &impl Store) {
    let scan = |prefix: &str, newest_first: bool, most: usize| {
        let mut met = Vec::new();
        store
            .scan(prefix.as_bytes(), newest_first, &mut |k, _| {
                met.push(String::from_utf8_lossy(k).into_owned());
                met.len() < most
            })
            .expect("rows are scanned");
        met
    };
    assert_eq!(scan("t/1/", false, 9), ["t/1/1", "t/1/10", "t/1/2"]);
    assert_eq!(scan("t/1/", true, 9), ["t/1/2", "t/1/10", "t/1/1"]);
    assert_eq!(scan("t/1/", true, 2), ["t/1/2", "t/1/10"]);
    assert_eq!(scan("", false, 9), ["o/1", "o/3", "t/1/1", "t/1/10", "t/1/2"]);
    assert_eq!(scan("u", false, 9), [] as [&str; 0]);
}

#[allow(clippy::expect_used)]
fn keeps_configurations(store: &impl Store) {
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(store.get_config(sha256).expect("asked"), None);
    for _ in 0..2 {
        store.put_config(sha256, "abc").expect("kept");
    }
    assert_eq!(store.get_config(sha256).expect("asked"), Some("abc".into()));
}

fn put(key: &str, value: &str) -> RowChange {
    (key.as_bytes().to_vec(), Some(value.as_bytes().to_vec()))
}

#[allow(clippy::expect_used)]
fn seqs(store: &impl Store, after: u64) -> Vec<u64> {
    let mut met = Vec::new();
    store
        .tail(after, &mut |f| {
            met.push(f.seq);
            true
        })
        .expect("frames are read");
    met
}

#[allow(clippy::expect_used)]
fn frame(seq: u64) -> Frame {
    let text = SealedText::seal("5a17", &format!("words of {seq} <!channel> \u{202e}\u{0}"));
    let fact = format!(r#"{{"Said":{{"seq":{seq},"text":"{}"}}}}"#, text.id);
    Frame {
        seq,
        at: At(1_000 + i64::try_from(seq).unwrap_or_default()),
        wall: At(2_000),
        config: 3,
        inputs: vec![format!("envelope-{seq}"), "view \"7\"".into()],
        facts: vec![RawValue::from_string(fact).expect("JSON")],
        texts: vec![text],
    }
}
