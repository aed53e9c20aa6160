//! All rows as they stood after one frame, in one file that proves itself.
//!
//! ```text
//! {"v":1,"store":…,"seq":…,"at":…,"frame":…}\n     what it stands for; `frame` is the hash of frame `seq`
//! [length][crc32][rows…]  …  [0]                    blocks of sorted rows: key length, value length, key, value
//! {"rows":…,"open":[n,sum],"history":[n,sum],"sha256":…}\n      over everything before
//! ```
//! It is written beside its place and renamed, so one that is there is whole or damaged, never half written. Writing and
//! checking stream: memory is a block and, for reading at random, one key a block.

use super::disk::{Disk, DiskFile, How, SharedDisk, parent, read_full_at, temporary_of, write_all_at};
use super::frame::{FrameHash, hex};
use super::kv::{Pair, Span, is_empty};
use super::layout::{Layout, io_error, number_of};
use super::rows::{Digest, History, MAX_ROW_BYTES, is_history};
use super::{StoreError, StoreId};
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use sha2::Sha256;
use std::ops::Bound;
use std::path::{Path, PathBuf};

/// A block is closed when it has this many bytes.
const BLOCK_BYTES: usize = 64 << 10;
/// No block is longer: one that was nearly closed, and the longest row.
const MAX_BLOCK_BYTES: usize = BLOCK_BYTES + MAX_ROW_BYTES + 8;
const MAX_LINE_BYTES: usize = 1 << 10;

/// What a snapshot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    pub store: StoreId,
    pub seq: u64,
    /// When it was taken.
    pub at: At,
    /// The hash of frame `seq`.
    pub frame: FrameHash,
}

/// A snapshot that was checked, ready for reading.
#[derive(Debug)]
pub struct Snapshot {
    pub store: StoreId,
    pub seq: u64,
    pub at: At,
    pub frame: FrameHash,
    pub open: Digest,
    pub history: Digest,
    pub path: PathBuf,
    file: Box<dyn DiskFile>,
    /// For each block its first key and where it starts.
    blocks: Vec<(Vec<u8>, u64)>,
}

#[derive(Serialize, Deserialize)]
struct PrintedHeader {
    v: u32,
    store: String,
    seq: u64,
    at: i64,
    frame: String,
}

#[derive(Serialize, Deserialize)]
struct Trailer {
    rows: u64,
    open: (u64, u64),
    history: (u64, u64),
    sha256: String,
}

/// Writes a snapshot; durable when this returns. `some` gives the next rows in key order, none at the end.
///
/// # Errors
/// The operating system's, and whatever `some` says. What was half written is removed.
pub fn write(
    disk: &dyn Disk,
    layout: &Layout,
    header: &Header,
    history: History,
    some: &mut dyn FnMut() -> Result<Vec<Pair>, StoreError>,
) -> Result<PathBuf, StoreError> {
    let dir = layout.snapshots();
    disk.create_dir(&dir).map_err(io_error("creating", &dir))?;
    disk.sync_dir(layout.dir()).map_err(io_error("syncing", layout.dir()))?;
    let path = layout.snapshot(header.seq);
    let half = temporary_of(&path);
    let file = disk.open(&half, How::Replace).map_err(io_error("creating", &half))?;
    let written = write_content(&*file, &half, header, history, some);
    drop(file);
    if let Err(e) = written {
        let _ = disk.remove(&half);
        return Err(e);
    }
    disk.rename(&half, &path).map_err(io_error("renaming", &half))?;
    disk.sync_dir(&dir).map_err(io_error("syncing", &dir))?;
    Ok(path)
}

fn write_content(
    file: &dyn DiskFile,
    path: &Path,
    header: &Header,
    history: History,
    some: &mut dyn FnMut() -> Result<Vec<Pair>, StoreError>,
) -> Result<(), StoreError> {
    let mut out = Out { file, path, at: 0, sha: Sha256::new() };
    out.put(&header.print()?)?;
    let (mut open, mut old) = (Digest::default(), Digest::default());
    let mut block = Vec::with_capacity(2 * BLOCK_BYTES);
    loop {
        let rows = some()?;
        if rows.is_empty() {
            break;
        }
        for (key, value) in rows {
            if is_history(history, &key) { &mut old } else { &mut open }.add(&key, &value);
            for bytes in [&key, &value] {
                block.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
            }
            block.extend_from_slice(&key);
            block.extend_from_slice(&value);
            if block.len() >= BLOCK_BYTES {
                out.put_block(&block)?;
                block.clear();
            }
        }
    }
    if !block.is_empty() {
        out.put_block(&block)?;
    }
    out.put(&0_u32.to_le_bytes())?;
    let sha256 = hex(&out.sha.clone().finalize());
    let trailer =
        Trailer { rows: open.rows + old.rows, open: (open.rows, open.sum), history: (old.rows, old.sum), sha256 };
    let trailer = print_line(&trailer).map_err(io_error("writing", path))?;
    out.put(&trailer)?;
    file.sync_data().map_err(io_error("syncing", path))
}

/// Reads the whole file at `path` and checks everything in it.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not as it was written; the operating system's.
pub fn verify(disk: &dyn Disk, path: &Path, history: History) -> Result<Snapshot, StoreError> {
    let damaged = |why: &str| StoreError::Corrupt(format!("the snapshot {} is damaged: {why}", path.display()));
    let file = disk.open(path, How::Read).map_err(io_error("opening", path))?;
    let mut input = In { file: &*file, path, at: 0, sha: Sha256::new() };
    let header = input.line()?.and_then(|l| Header::parse(&l)).ok_or_else(|| damaged("its first line"))?;
    let (mut open, mut old) = (Digest::default(), Digest::default());
    let mut blocks = Vec::new();
    let mut last: Option<Vec<u8>> = None;
    loop {
        let at = input.at;
        let Some(rows) = read_block(&mut input).map_err(|why| why.unwrap_or_else(|| damaged("a block")))? else {
            break;
        };
        if let Some((first, _)) = rows.first() {
            blocks.push((first.clone(), at));
        }
        for (key, value) in rows {
            if last.as_ref().is_some_and(|last| *last >= key) {
                return Err(damaged("its rows are not in order"));
            }
            if is_history(history, &key) { &mut old } else { &mut open }.add(&key, &value);
            last = Some(key);
        }
    }
    let sha256 = hex(&input.sha.clone().finalize());
    let trailer: Trailer = input
        .line()?
        .and_then(|line| {
            let trailer = serde_json::from_slice(&line).ok()?;
            (print_line(&trailer).ok()? == line).then_some(trailer)
        })
        .ok_or_else(|| damaged("its last line"))?;
    if trailer.sha256 != sha256 {
        return Err(damaged("its bytes do not match its hash"));
    }
    if input.at != file.len().map_err(io_error("measuring", path))? {
        return Err(damaged("something stands behind its end"));
    }
    // Which rows are history may differ between versions of the program; what there is in all may not.
    let sum = trailer.open.1.wrapping_add(trailer.history.1);
    let rows = trailer.open.0.checked_add(trailer.history.0);
    if rows != Some(trailer.rows) || trailer.rows != open.rows + old.rows || sum != open.sum.wrapping_add(old.sum) {
        return Err(damaged("rows are missing"));
    }
    let Header { store, seq, at, frame } = header;
    Ok(Snapshot { store, seq, at, frame, open, history: old, path: path.to_owned(), file, blocks })
}

/// The frames that snapshots in the directory stand for, newest first. They were not checked.
///
/// # Errors
/// The operating system's.
pub fn list(disk: &dyn Disk, layout: &Layout) -> Result<Vec<u64>, StoreError> {
    let dir = layout.snapshots();
    let names = disk.list(&dir).map_err(io_error("listing", &dir))?;
    Ok(names.iter().rev().filter_map(|name| number_of(name, "rows")).collect())
}

/// The newest snapshot that passes [`verify`], and a sentence for each newer one that does not.
///
/// # Errors
/// The operating system's.
pub fn newest(
    disk: &SharedDisk,
    layout: &Layout,
    history: History,
) -> Result<(Option<Snapshot>, Vec<String>), StoreError> {
    let mut notices = Vec::new();
    for seq in list(&**disk, layout)? {
        match verify(&**disk, &layout.snapshot(seq), history) {
            Ok(snapshot) => return Ok((Some(snapshot), notices)),
            Err(e) => notices.push(format!("{e}; an older one is used.")),
        }
    }
    Ok((None, notices))
}

/// The first line of a snapshot, without checking the rest.
///
/// # Errors
/// As [`verify`].
pub fn read_header(disk: &dyn Disk, path: &Path) -> Result<Header, StoreError> {
    let file = disk.open(path, How::Read).map_err(io_error("opening", path))?;
    let mut input = In { file: &*file, path, at: 0, sha: Sha256::new() };
    let header = input.line()?.and_then(|l| Header::parse(&l));
    header.ok_or_else(|| StoreError::Corrupt(format!("the snapshot {} is damaged: its first line", path.display())))
}

impl Snapshot {
    /// One row.
    ///
    /// # Errors
    /// A sentence when the file changed since it was checked.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let Some(block) = self.blocks.partition_point(|(first, _)| &first[..] <= key).checked_sub(1) else {
            return Ok(None);
        };
        Ok(self.block(block)?.into_iter().find(|(k, _)| k == key).map(|(_, value)| value))
    }

    /// The rows of `span` in order, or (`newest_first`) in reverse.
    pub fn walk(&self, span: Span, newest_first: bool) -> SnapshotWalk<'_> {
        let blocks = if is_empty(&span) {
            0..0
        } else {
            let from = match &span.0 {
                Bound::Included(k) | Bound::Excluded(k) => {
                    self.blocks.partition_point(|(first, _)| first <= k).saturating_sub(1)
                }
                Bound::Unbounded => 0,
            };
            let to = match &span.1 {
                Bound::Included(k) | Bound::Excluded(k) => self.blocks.partition_point(|(first, _)| first <= k),
                Bound::Unbounded => self.blocks.len(),
            };
            from..to.max(from)
        };
        SnapshotWalk { snapshot: self, span, newest_first, blocks, ahead: Vec::new() }
    }

    fn block(&self, block: usize) -> Result<Vec<Pair>, String> {
        let changed = || format!("the snapshot {} changed since it was checked", self.path.display());
        let (_, at) = self.blocks.get(block).ok_or_else(changed)?;
        let mut input = In { file: &*self.file, path: &self.path, at: *at, sha: Sha256::new() };
        read_block(&mut input).ok().flatten().ok_or_else(changed)
    }
}

/// Rows of a snapshot, one after the other.
pub struct SnapshotWalk<'a> {
    snapshot: &'a Snapshot,
    span: Span,
    newest_first: bool,
    blocks: std::ops::Range<usize>,
    /// The rest of the current block, in reverse.
    ahead: Vec<Pair>,
}

impl SnapshotWalk<'_> {
    /// The next row.
    ///
    /// # Errors
    /// As [`Snapshot::get`].
    pub fn advance(&mut self) -> Result<Option<Pair>, String> {
        use std::ops::RangeBounds;
        loop {
            while let Some(pair) = self.ahead.pop() {
                if self.span.contains(&pair.0) {
                    return Ok(Some(pair));
                }
            }
            let block = if self.newest_first { self.blocks.next_back() } else { self.blocks.next() };
            let Some(block) = block else { return Ok(None) };
            self.ahead = self.snapshot.block(block)?;
            if !self.newest_first {
                self.ahead.reverse();
            }
        }
    }
}

impl Header {
    fn print(&self) -> Result<Vec<u8>, StoreError> {
        let printed = PrintedHeader {
            v: 1,
            store: self.store.to_string(),
            seq: self.seq,
            at: self.at.0,
            frame: self.frame.to_string(),
        };
        print_line(&printed).map_err(io_error("printing", Path::new("a snapshot's first line")))
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let p: PrintedHeader = serde_json::from_slice(line).ok()?;
        let store = StoreId(u64::from_str_radix(&p.store, 16).ok()?);
        let header = Self { store, seq: p.seq, at: At(p.at), frame: FrameHash::parse(p.frame.as_bytes())? };
        (header.print().ok()? == line).then_some(header)
    }
}

fn print_line(what: &impl Serialize) -> std::io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    Ok(line)
}

struct Out<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    at: u64,
    sha: Sha256,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        write_all_at(self.file, bytes, self.at).map_err(|(e, _)| e).map_err(io_error("writing", self.path))?;
        self.sha.update(bytes);
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn put_block(&mut self, block: &[u8]) -> Result<(), StoreError> {
        self.put(&u32::try_from(block.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        self.put(&crc32fast::hash(block).to_le_bytes())?;
        self.put(block)
    }
}

struct In<'a> {
    file: &'a dyn DiskFile,
    path: &'a Path,
    at: u64,
    sha: Sha256,
}

impl In<'_> {
    /// Exactly `n` bytes, or `None` when there are fewer.
    fn take(&mut self, n: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = vec![0; n];
        if read_full_at(self.file, &mut bytes, self.at).map_err(io_error("reading", self.path))? < n {
            return Ok(None);
        }
        self.sha.update(&bytes);
        self.at += n as u64;
        Ok(Some(bytes))
    }

    /// A line of JSON, newline included.
    fn line(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut bytes = vec![0; MAX_LINE_BYTES];
        let n = read_full_at(self.file, &mut bytes, self.at).map_err(io_error("reading", self.path))?;
        match bytes[..n].iter().position(|b| *b == b'\n') {
            Some(end) => self.take(end + 1),
            None => Ok(None),
        }
    }
}

/// The next block's rows; `None` at the mark that ends them. An error without a [`StoreError`] is damage.
fn read_block(input: &mut In<'_>) -> Result<Option<Vec<Pair>>, Option<StoreError>> {
    let number = |input: &mut In<'_>| -> Result<u32, Option<StoreError>> {
        let bytes = input.take(4).map_err(Some)?.ok_or(None)?;
        Ok(u32::from_le_bytes(bytes.try_into().map_err(|_| None)?))
    };
    let len = number(input)? as usize;
    if len == 0 {
        return Ok(None);
    }
    if len > MAX_BLOCK_BYTES {
        return Err(None);
    }
    let crc = number(input)?;
    let block = input.take(len).map_err(Some)?.ok_or(None)?;
    if crc32fast::hash(&block) != crc {
        return Err(None);
    }
    let mut rows = Vec::new();
    let mut rest = &block[..];
    while !rest.is_empty() {
        let (lens, after) = rest.split_at_checked(8).ok_or(None)?;
        let key_len = u32::from_le_bytes([lens[0], lens[1], lens[2], lens[3]]) as usize;
        let value_len = u32::from_le_bytes([lens[4], lens[5], lens[6], lens[7]]) as usize;
        let (key, after) = after.split_at_checked(key_len).ok_or(None)?;
        let (value, after) = after.split_at_checked(value_len).ok_or(None)?;
        rows.push((key.to_vec(), value.to_vec()));
        rest = after;
    }
    Ok(Some(rows))
}

/// Removes snapshots but the `keep` newest.
///
/// # Errors
/// The operating system's.
pub fn prune(disk: &dyn Disk, layout: &Layout, keep: usize) -> Result<(), StoreError> {
    for seq in list(disk, layout)?.into_iter().skip(keep.max(1)) {
        let path = layout.snapshot(seq);
        disk.remove(&path).map_err(io_error("removing", &path))?;
    }
    let dir = parent(&layout.snapshot(0)).to_owned();
    disk.sync_dir(&dir).map_err(io_error("syncing", &dir))
}
