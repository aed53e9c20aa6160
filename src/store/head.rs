//! `HEAD`: the last frame known to be durable.
//!
//! Without it a journal that lost its last frames would look like a shorter one. It is written behind the commits
//! (within a second, and at a clean exit), never ahead of them. Two copies stand 4 KiB apart and are written in turn, so
//! that a torn write always leaves the other; each is a line of JSON that a person can read.

use super::StoreError;
use super::disk::{Disk, DiskFile, How, parent, read_full_at, write_all_at};
use super::frame::FrameHash;
use super::layout::io_error;
use std::io;
use std::path::{Path, PathBuf};

const COPY_BYTES: usize = 512;
const COPY_APART: u64 = 4096;

/// What `HEAD` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The frame; 0 when there is none yet.
    pub seq: u64,
    /// Its hash.
    pub hash: FrameHash,
    /// The first frame of the segment it is in.
    pub segment: u64,
    /// The last epoch that opened this directory.
    pub epoch: u64,
}

/// What was found in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// There is no such file.
    Missing,
    /// Neither copy can be read.
    Unreadable,
    /// The later of the copies. `one_lost`: the other cannot be read, so a later one may have existed.
    Head { head: Head, one_lost: bool },
}

/// The open file, and which copy comes next.
#[derive(Debug)]
pub struct HeadFile {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    turn: u64,
    written: Option<Head>,
}

impl HeadFile {
    /// Opens or makes the file for writing. The first write goes over the older copy.
    ///
    /// # Errors
    /// The operating system's.
    pub fn open(disk: &dyn Disk, path: &Path) -> Result<Self, StoreError> {
        let failed = |doing| io_error(doing, path);
        if !disk.exists(path) {
            let file = disk.open(path, How::New).map_err(failed("creating"))?;
            let empty = vec![0; usize::try_from(2 * COPY_APART).unwrap_or(COPY_BYTES)];
            write_all_at(&*file, &empty, 0).map_err(|(e, _)| e).map_err(failed("writing"))?;
            file.sync_data().map_err(failed("syncing"))?;
            disk.sync_dir(parent(path)).map_err(failed("syncing the directory of"))?;
            return Ok(Self { path: path.to_owned(), file, turn: 0, written: None });
        }
        let file = disk.open(path, How::Write).map_err(failed("opening"))?;
        let copies = read_copies(&*file).map_err(failed("reading"))?;
        let turn = copies.iter().flatten().map(|(_, turn)| turn + 1).max().unwrap_or(0);
        Ok(Self { path: path.to_owned(), file, turn, written: None })
    }

    /// Makes `head` durable. False when it already was.
    ///
    /// # Errors
    /// The operating system's. The other copy still stands.
    pub fn write(&mut self, head: Head) -> Result<bool, StoreError> {
        if self.written == Some(head) {
            return Ok(false);
        }
        let bytes = print(head, self.turn);
        write_all_at(&*self.file, &bytes, self.turn % 2 * COPY_APART)
            .map_err(|(e, _)| e)
            .and_then(|()| self.file.sync_data())
            .map_err(io_error("writing", &self.path))?;
        self.turn += 1;
        self.written = Some(head);
        Ok(true)
    }
}

/// Reads the file without changing it.
///
/// # Errors
/// The operating system's.
pub fn read(disk: &dyn Disk, path: &Path) -> Result<Found, StoreError> {
    if !disk.exists(path) {
        return Ok(Found::Missing);
    }
    let file = disk.open(path, How::Read).map_err(io_error("opening", path))?;
    let copies = read_copies(&*file).map_err(io_error("reading", path))?;
    let empty = |i: usize| {
        let mut bytes = [0; COPY_BYTES];
        let n = read_full_at(&*file, &mut bytes, i as u64 * COPY_APART).unwrap_or(0);
        bytes[..n].iter().all(|b| *b == 0)
    };
    let latest = copies.iter().flatten().max_by_key(|(_, turn)| *turn);
    Ok(match latest {
        Some((head, _)) => Found::Head { head: *head, one_lost: (0..2).any(|i| copies[i].is_none() && !empty(i)) },
        // Made, and the machine stopped before the first of them was written: both are before the first commit.
        None if empty(0) || empty(1) => Found::Missing,
        None => Found::Unreadable,
    })
}

fn read_copies(file: &dyn DiskFile) -> io::Result<[Option<(Head, u64)>; 2]> {
    let mut found = [None; 2];
    for (i, copy) in found.iter_mut().enumerate() {
        let mut bytes = [0; COPY_BYTES];
        let n = read_full_at(file, &mut bytes, i as u64 * COPY_APART)?;
        *copy = if n == COPY_BYTES { parse(&bytes) } else { None };
    }
    Ok(found)
}

fn print(head: Head, turn: u64) -> Vec<u8> {
    let mut line = format!(
        r#"{{"v":1,"turn":{turn},"seq":{},"hash":"{}","segment":{},"epoch":{},"crc":""#,
        head.seq, head.hash, head.segment, head.epoch
    );
    line += &format!("{:08x}\"}}", crc32fast::hash(line.as_bytes()));
    let mut bytes = line.into_bytes();
    bytes.resize(COPY_BYTES - 1, b' ');
    bytes.push(b'\n');
    bytes
}

fn parse(bytes: &[u8]) -> Option<(Head, u64)> {
    #[derive(serde::Deserialize)]
    struct Printed<'a> {
        turn: u64,
        seq: u64,
        hash: &'a str,
        segment: u64,
        epoch: u64,
    }
    let p: Printed<'_> = serde_json::from_slice(bytes).ok()?;
    let hash = FrameHash::parse(p.hash.as_bytes())?;
    let head = Head { seq: p.seq, hash, segment: p.segment, epoch: p.epoch };
    // Exactly what would be printed: that covers the checksum and every other byte.
    (print(head, p.turn) == bytes).then_some((head, p.turn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::simdisk::SimDisk;

    fn head(seq: u64) -> Head {
        Head { seq, hash: FrameHash([7; 32]), segment: 1, epoch: 3 }
    }

    #[test]
    fn the_later_copy_counts_and_one_survives_any_damage_to_the_other() {
        let disk = SimDisk::new(1);
        let path = Path::new("/d/HEAD");
        assert_eq!(read(&disk, path).unwrap(), Found::Missing);
        let mut file = HeadFile::open(&disk, path).unwrap();
        assert_eq!(read(&disk, path).unwrap(), Found::Missing);
        for seq in 1..=3 {
            assert!(file.write(head(seq)).unwrap());
        }
        assert!(!file.write(head(3)).unwrap(), "nothing new, nothing written");
        assert_eq!(read(&disk, path).unwrap(), Found::Head { head: head(3), one_lost: false });
        for at in 0..COPY_BYTES {
            disk.tamper(path, |b| b[at] ^= 4);
            assert_eq!(read(&disk, path).unwrap(), Found::Head { head: head(2), one_lost: true }, "byte {at}");
            disk.tamper(path, |b| b[at] ^= 4);
        }
        disk.tamper(path, |b| {
            b[3] ^= 1;
            b[4096 + 9] ^= 1;
        });
        assert_eq!(read(&disk, path).unwrap(), Found::Unreadable);
    }

    #[test]
    fn a_power_cut_at_any_operation_leaves_this_head_or_the_one_before() {
        for seed in 0..200 {
            let disk = SimDisk::new(seed);
            let path = Path::new("/d/HEAD");
            let mut file = HeadFile::open(&disk, path).unwrap();
            file.write(head(1)).unwrap();
            file.write(head(2)).unwrap();
            disk.crash_after(1 + seed % 2);
            file.write(head(3)).unwrap_err();
            disk.power_cut();
            let Found::Head { head, .. } = read(&disk, path).unwrap() else { panic!("seed {seed}") };
            assert!(head.seq == 2 || head.seq == 3, "seed {seed}: {head:?}");
            // A new process continues over the older copy.
            HeadFile::open(&disk, path).unwrap().write(self::head(4)).unwrap();
            assert!(matches!(read(&disk, path).unwrap(), Found::Head { head, .. } if head.seq == 4));
        }
    }
}
