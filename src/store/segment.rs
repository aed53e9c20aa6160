//! The files of a journal, and reading frames from them in order.
//!
//! A segment is named by its first frame. It holds lines and then zeroes: room that was written ahead, so that a commit
//! changes no metadata. Reading stops at the first byte that is no frame and says what it looks like; whether that is a
//! clean end, an unfinished last frame or damage is for the reader's caller to judge.

use super::disk::{Disk, DiskFile, How, read_full_at};
use super::frame::{self, BadFrame, FrameHash, Line};
use super::layout::{Layout, io_error, number_of};
use super::lineage::Lineage;
use super::{Frame, StoreError};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

const READ_BYTES: usize = 256 << 10;

/// A segment's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The frame it starts with, or would.
    pub first_seq: u64,
    pub path: PathBuf,
    pub archived: bool,
}

/// Every segment with something in it, archived ones included, in order.
///
/// A segment of nothing but zeroes says nothing, its name included: it was made for a frame that then was not written,
/// and that seq may have gone to the segment before it.
///
/// # Errors
/// The operating system's.
pub fn list(disk: &dyn Disk, layout: &Layout) -> Result<Vec<Segment>, StoreError> {
    let mut used = Vec::new();
    for segment in list_all(disk, layout)? {
        if !is_blank(disk, &segment)? {
            used.push(segment);
        }
    }
    Ok(used)
}

/// Segments of nothing but zeroes.
///
/// # Errors
/// The operating system's.
pub fn list_blank(disk: &dyn Disk, layout: &Layout) -> Result<Vec<Segment>, StoreError> {
    let mut blank = Vec::new();
    for segment in list_all(disk, layout)? {
        if is_blank(disk, &segment)? {
            blank.push(segment);
        }
    }
    Ok(blank)
}

fn is_blank(disk: &dyn Disk, segment: &Segment) -> Result<bool, StoreError> {
    let file = disk.open(&segment.path, How::Read).map_err(io_error("opening", &segment.path))?;
    let mut first = [0];
    let n = read_full_at(&*file, &mut first, 0).map_err(io_error("reading", &segment.path))?;
    // Nearly every segment starts with a frame; only of the others all must be read.
    Ok(first[..n] != *b"{" && rest(disk, segment, 0)?.is_empty())
}

fn list_all(disk: &dyn Disk, layout: &Layout) -> Result<Vec<Segment>, StoreError> {
    let mut all = Vec::new();
    for (dir, archived) in [(layout.journal(), false), (layout.archive(), true)] {
        for name in disk.list(&dir).map_err(io_error("listing", &dir))? {
            if let Some(first_seq) = number_of(&name, "jsonl") {
                all.push(Segment { first_seq, path: dir.join(name), archived });
            }
        }
    }
    all.sort_by_key(|s| (s.first_seq, s.archived));
    all.dedup_by_key(|s| s.first_seq);
    Ok(all)
}

/// Where reading is: the next frame, and the hash it must name as `prev` (`None`: not known, the first one read says).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    pub seq: u64,
    pub prev: Option<FrameHash>,
}

/// How the lines of a segment ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The caller said stop.
    Stopped,
    /// Zeroes, or the end of the file.
    Zeroes { offset: u64 },
    /// Something that is no frame.
    Bad { offset: u64, why: BadFrame },
    /// A whole frame that does not belong here.
    Foreign { offset: u64, why: String },
}

/// Reads the lines of one segment from its start. `each` gets every frame with its offset and length (newline included).
/// Moves `next` along.
///
/// # Errors
/// The operating system's; what is wrong with the content is in [`End`].
pub fn read(
    disk: &dyn Disk,
    segment: &Segment,
    max_frame_bytes: usize,
    lineage: &Lineage,
    next: &mut Next,
    each: &mut dyn FnMut(&Line<'_>, u64, u64) -> ControlFlow<()>,
) -> Result<End, StoreError> {
    read_from(disk, segment, 0, max_frame_bytes, lineage, next, each)
}

/// [`read`], from the byte `from`.
///
/// # Errors
/// As [`read`].
pub fn read_from(
    disk: &dyn Disk,
    segment: &Segment,
    from: u64,
    max_frame_bytes: usize,
    lineage: &Lineage,
    next: &mut Next,
    each: &mut dyn FnMut(&Line<'_>, u64, u64) -> ControlFlow<()>,
) -> Result<End, StoreError> {
    let file = disk.open(&segment.path, How::Read).map_err(io_error("opening", &segment.path))?;
    let mut lines = Lines::new(&*file, from, max_frame_bytes);
    loop {
        let offset = lines.offset();
        let bytes = match lines.next().map_err(io_error("reading", &segment.path))? {
            Chunk::Line(bytes) => bytes,
            Chunk::Zeroes => return Ok(End::Zeroes { offset }),
            Chunk::Unfinished => {
                return Ok(End::Bad { offset, why: BadFrame::Shape { at: 0, expected: "a line that ends" } });
            }
        };
        let line = match frame::decode(bytes) {
            Ok(line) => line,
            Err(why) => return Ok(End::Bad { offset, why }),
        };
        if let Some(why) = misplaced(&line, next, lineage) {
            return Ok(End::Foreign { offset, why });
        }
        *next = Next { seq: line.seq + 1, prev: Some(line.hash) };
        if each(&line, offset, bytes.len() as u64 + 1).is_break() {
            return Ok(End::Stopped);
        }
    }
}

/// What stands from `offset` to the end of the file, without the zeroes at its end.
///
/// # Errors
/// The operating system's.
pub fn rest(disk: &dyn Disk, segment: &Segment, offset: u64) -> Result<Vec<u8>, StoreError> {
    let failed = || io_error("reading", &segment.path);
    let file = disk.open(&segment.path, How::Read).map_err(failed())?;
    let len = file.len().map_err(failed())?.saturating_sub(offset);
    // Nearly always all zeroes: look before keeping.
    let mut end = len;
    let mut buf = vec![0; READ_BYTES];
    'blocks: while end > 0 {
        let from = end.saturating_sub(READ_BYTES as u64);
        let block = &mut buf[..usize::try_from(end - from).unwrap_or(READ_BYTES)];
        let n = read_full_at(&*file, block, offset + from).map_err(failed())?;
        for i in (0..n).rev() {
            if block[i] != 0 {
                end = from + i as u64 + 1;
                break 'blocks;
            }
        }
        end = from;
    }
    let mut bytes = vec![0; usize::try_from(end).map_err(|e| io::Error::other(e.to_string())).map_err(failed())?];
    let n = read_full_at(&*file, &mut bytes, offset).map_err(failed())?;
    bytes.truncate(n);
    Ok(bytes)
}

/// Reads every frame after `after` up to and including `until`, over as many segments as they are in, and checks that
/// they follow each other. `each` says stop with `false`.
///
/// # Errors
/// [`StoreError::Corrupt`] naming the place when a frame is damaged or missing; the operating system's.
pub fn replay(
    disk: &dyn Disk,
    layout: &Layout,
    max_frame_bytes: usize,
    lineage: &Lineage,
    (after, until): (u64, u64),
    each: &mut dyn FnMut(Frame) -> bool,
) -> Result<(), StoreError> {
    if after >= until {
        return Ok(());
    }
    let segments = list(disk, layout)?;
    let start = segments.iter().rposition(|s| s.first_seq <= after + 1).ok_or_else(|| {
        StoreError::Corrupt(format!(
            "frames {} to {} are needed, and no segment in {} or {} starts that early: put back the archived segments.",
            after + 1,
            segments.first().map_or(until, |s| s.first_seq - 1),
            layout.journal().display(),
            layout.archive().display()
        ))
    })?;
    let mut next = Next { seq: segments[start].first_seq, prev: None };
    let mut unreadable = None;
    for segment in &segments[start..] {
        if segment.first_seq != next.seq {
            return Err(missing(segment, next.seq));
        }
        let end = read(disk, segment, max_frame_bytes, lineage, &mut next, &mut |line, _, _| {
            if line.seq <= after {
                return ControlFlow::Continue(());
            }
            match line.frame() {
                Err(why) => {
                    unreadable = Some((line.seq, why));
                    ControlFlow::Break(())
                }
                Ok(frame) => {
                    if each(frame) && line.seq < until {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                }
            }
        })?;
        if let Some((seq, why)) = unreadable {
            return Err(StoreError::Corrupt(format!("frame {seq} in {} is damaged: {why}", segment.path.display())));
        }
        match end {
            End::Stopped => return Ok(()),
            End::Zeroes { .. } => {}
            End::Bad { offset, why } => return Err(damaged(segment, offset, next.seq, &why.to_string())),
            End::Foreign { offset, why } => return Err(damaged(segment, offset, next.seq, &why)),
        }
    }
    Err(StoreError::Corrupt(format!(
        "the journal in {} ends at frame {}, but frame {until} was durable: frames were lost. {ADVICE}",
        layout.journal().display(),
        next.seq - 1
    )))
}

/// The hash of frame `seq`; [`FrameHash::NONE`] for 0.
///
/// # Errors
/// [`StoreError::Corrupt`] when it is not there or a frame before it in its segment is damaged.
pub fn hash_of(
    disk: &dyn Disk,
    layout: &Layout,
    max_frame_bytes: usize,
    lineage: &Lineage,
    seq: u64,
) -> Result<FrameHash, StoreError> {
    let mut found = (seq == 0).then_some(FrameHash::NONE);
    if let Some(segment) = list(disk, layout)?.into_iter().rfind(|s| s.first_seq <= seq) {
        let mut next = Next { seq: segment.first_seq, prev: None };
        read(disk, &segment, max_frame_bytes, lineage, &mut next, &mut |line, _, _| {
            if line.seq < seq {
                return ControlFlow::Continue(());
            }
            found = Some(line.hash);
            ControlFlow::Break(())
        })?;
    }
    found.ok_or_else(|| StoreError::Corrupt(format!("frame {seq} is not in {}. {ADVICE}", layout.journal().display())))
}

/// What to do when the journal is damaged; ends every such sentence.
pub const ADVICE: &str = "Nothing was changed. Copy the directory away, then put the file back from a backup, or \
                          restore the newest backup into an empty directory; `verify` lists all that is wrong.";

/// The sentence for a damaged frame.
pub fn damaged(segment: &Segment, offset: u64, seq: u64, why: &str) -> StoreError {
    StoreError::Corrupt(format!(
        "the journal is damaged at frame {seq}, byte {offset} of {}: {why}. {ADVICE}",
        segment.path.display()
    ))
}

/// The sentence for frames that no segment holds.
pub fn missing(segment: &Segment, expected: u64) -> StoreError {
    let gap = if segment.first_seq > expected {
        format!("frames {expected} to {} are missing before", segment.first_seq - 1)
    } else {
        format!("frame {expected} should come next, not")
    };
    StoreError::Corrupt(format!("the journal is damaged: {gap} {}. {ADVICE}", segment.path.display()))
}

fn misplaced(line: &Line<'_>, next: &Next, lineage: &Lineage) -> Option<String> {
    if line.seq != next.seq {
        return Some(format!("frame {} stands there", line.seq));
    }
    if next.prev.is_some_and(|prev| prev != line.prev) {
        return Some(format!("frame {} does not follow the one before it", line.seq));
    }
    if line.seq == 1 && line.prev != FrameHash::NONE {
        return Some("frame 1 names a frame before it".into());
    }
    let writer = lineage.writer_of(line.seq);
    (line.store != writer).then(|| format!("frame {} was written by store {}, not {writer}", line.seq, line.store))
}

enum Chunk<'a> {
    Line(&'a [u8]),
    Zeroes,
    Unfinished,
}

/// Lines of a file, with a buffer that grows to the longest of them and no further than the bound.
struct Lines<'f> {
    file: &'f dyn DiskFile,
    max: usize,
    buf: Vec<u8>,
    /// Where in the file the buffer starts, and where in the buffer the next line does.
    base: u64,
    at: usize,
}

impl<'f> Lines<'f> {
    fn new(file: &'f dyn DiskFile, from: u64, max: usize) -> Self {
        Self { file, max, buf: Vec::new(), base: from, at: 0 }
    }

    fn offset(&self) -> u64 {
        self.base + self.at as u64
    }

    fn next(&mut self) -> io::Result<Chunk<'_>> {
        let mut seen = 0;
        loop {
            let ahead = &self.buf[self.at..];
            if ahead.first() == Some(&0) {
                return Ok(Chunk::Zeroes);
            }
            if let Some(n) = frame::find(&ahead[seen..], b"\n").map(|n| n + seen) {
                let from = self.at;
                self.at += n + 1;
                return Ok(Chunk::Line(&self.buf[from..from + n]));
            }
            seen = ahead.len();
            if seen > self.max {
                return Ok(Chunk::Unfinished);
            }
            if self.fill()? == 0 {
                return Ok(if seen == 0 { Chunk::Zeroes } else { Chunk::Unfinished });
            }
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        self.buf.drain(..self.at);
        self.base += self.at as u64;
        self.at = 0;
        let had = self.buf.len();
        self.buf.resize(had + READ_BYTES, 0);
        let n = read_full_at(self.file, &mut self.buf[had..], self.base + had as u64)?;
        self.buf.truncate(had + n);
        Ok(n)
    }
}
