//! What a boot makes of the journal it finds.
//!
//! A process that died leaves at most one unfinished frame, the last one, and nobody was told that it was written. A
//! boot may cut that frame and nothing else: it keeps the bytes, and says so. Everything else that cannot be read is
//! damage to frames that people rely on, and the boot stops and names it.
//!
//! What `HEAD` does not vouch for was perhaps only ever in the page cache: after a failed fdatasync Linux shows the new
//! bytes and has not written them. Reading them back proves nothing, so a boot writes these frames once more and syncs
//! them before anybody acts on them.

use super::disk::{Disk, How, is_full, parent, replace_file, write_all_at};
use super::frame::{self, BadFrame, FrameHash};
use super::head::{Found, Head};
use super::layout::{Layout, io_error};
use super::lineage::Lineage;
use super::segment::{self, ADVICE, End, Next, Segment};
use super::{StoreError, head};
use std::ops::ControlFlow;
use std::path::PathBuf;

/// The journal as a boot leaves it.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The last frame; 0 when there is none.
    pub last_seq: u64,
    pub last_hash: FrameHash,
    /// The segment that the next frame goes to, and the byte it starts at; `None`: there is no segment yet.
    pub place: Option<(Segment, u64)>,
    /// The epoch that `HEAD` names.
    pub epoch: u64,
    pub notices: Vec<String>,
}

/// A stretch of a segment.
struct Stretch {
    segment: Segment,
    from: u64,
    to: u64,
}

/// Reads the last segments, from the one `HEAD` points into, cuts an unfinished last frame and makes the rest durable.
///
/// # Errors
/// [`StoreError::Corrupt`] for everything a boot may not repair; the operating system's.
pub fn recover(
    disk: &dyn Disk,
    layout: &Layout,
    max_frame_bytes: usize,
    lineage: &Lineage,
) -> Result<Recovered, StoreError> {
    let segments = segment::list(disk, layout)?;
    let mut notices = Vec::new();
    let head = read_head(disk, layout, &segments, &mut notices)?;
    let blank = segment::list_blank(disk, layout)?;
    let found = scan(disk, max_frame_bytes, lineage, &segments, head)?;
    let at = found.next.seq - 1;
    if head.seq > at {
        return Err(StoreError::Corrupt(format!(
            "frames {} to {} are lost: HEAD says that frame {} was durable, and the journal in {} ends at frame {at}. \
             {ADVICE}",
            at + 1,
            head.seq,
            head.seq,
            layout.journal().display()
        )));
    }
    if let Some(cut) = &found.unfinished {
        notices.push(cut_tail(disk, layout, cut, found.next.seq)?);
    }
    for stretch in &found.unvouched {
        write_again(disk, stretch)?;
    }
    for Segment { path, .. } in &blank {
        disk.remove(path).map_err(io_error("removing the empty segment", path))?;
    }
    if !segments.is_empty() || !blank.is_empty() {
        let dir = layout.journal();
        disk.sync_dir(&dir).map_err(io_error("syncing", &dir))?;
    }
    Ok(Recovered {
        last_seq: at,
        last_hash: found.next.prev.unwrap_or(FrameHash::NONE),
        place: found.place,
        epoch: head.epoch,
        notices,
    })
}

fn read_head(
    disk: &dyn Disk,
    layout: &Layout,
    segments: &[Segment],
    notices: &mut Vec<String>,
) -> Result<Head, StoreError> {
    let path = layout.head();
    match head::read(disk, &path)? {
        Found::Head { head, one_lost } => {
            if one_lost {
                notices.push(format!(
                    "One of the two copies in {} could not be read and is being replaced; the other says frame {}.",
                    path.display(),
                    head.seq
                ));
            }
            Ok(head)
        }
        Found::Missing if segments.is_empty() => Ok(Head { seq: 0, hash: FrameHash::NONE, segment: 0, epoch: 0 }),
        found => Err(StoreError::Corrupt(format!(
            "{} {}, and there is a journal: without it nobody can tell whether its last frames were lost. {ADVICE}",
            path.display(),
            if found == Found::Missing { "is missing" } else { "cannot be read" }
        ))),
    }
}

struct Scanned {
    next: Next,
    place: Option<(Segment, u64)>,
    /// Good frames after `HEAD`'s.
    unvouched: Vec<Stretch>,
    /// Bytes after the last good frame.
    unfinished: Option<Stretch>,
}

fn scan(
    disk: &dyn Disk,
    max_frame_bytes: usize,
    lineage: &Lineage,
    segments: &[Segment],
    head: Head,
) -> Result<Scanned, StoreError> {
    let mut out = Scanned {
        next: Next { seq: 1, prev: Some(FrameHash::NONE) },
        place: None,
        unvouched: Vec::new(),
        unfinished: None,
    };
    let Some(start) = segments.iter().rposition(|s| s.first_seq <= head.seq.max(1)) else {
        return match segments.first() {
            Some(first) => Err(segment::missing(first, head.seq.max(1))),
            None => Ok(out),
        };
    };
    if segments[start].first_seq > 1 {
        out.next = Next { seq: segments[start].first_seq, prev: None };
    }
    for (i, segment) in segments.iter().enumerate().skip(start) {
        if segment.first_seq != out.next.seq {
            return Err(segment::missing(segment, out.next.seq));
        }
        let mut wrong_head = false;
        let mut fresh: Option<(u64, u64)> = None;
        let end = segment::read(disk, segment, max_frame_bytes, lineage, &mut out.next, &mut |line, offset, len| {
            wrong_head |= line.seq == head.seq && line.hash != head.hash;
            if line.seq > head.seq {
                fresh = Some((fresh.map_or(offset, |(from, _)| from), offset + len));
            }
            ControlFlow::Continue(())
        })?;
        if wrong_head {
            return Err(StoreError::Corrupt(format!(
                "frame {} in {} is not the one that HEAD names. {ADVICE}",
                head.seq,
                segment.path.display()
            )));
        }
        out.unvouched.extend(fresh.map(|(from, to)| Stretch { segment: segment.clone(), from, to }));
        let seq = out.next.seq;
        let of_another_version = match &end {
            End::Bad { why: BadFrame::Version(_), .. } => Some("use the program that wrote it".to_owned()),
            _ => None,
        };
        let (offset, why) = match end {
            End::Zeroes { offset } => (offset, None),
            End::Bad { offset, why } => (offset, Some(why.to_string())),
            End::Foreign { offset, why } => return Err(segment::damaged(segment, offset, seq, &why)),
            // Never asked for here.
            End::Stopped => (0, Some("reading stopped".into())),
        };
        out.place = Some((segment.clone(), offset));
        let rest = segment::rest(disk, segment, offset)?;
        if !rest.is_empty() {
            let why = why.unwrap_or_else(|| "a hole stands where it should start".into());
            let refuse = |more: String| Err(segment::damaged(segment, offset, seq, &format!("{why}; {more}")));
            if let Some(why) = of_another_version {
                return refuse(why);
            }
            if seq <= head.seq {
                return refuse(format!("HEAD says that frames up to {} were durable", head.seq));
            }
            if let Some((at, good)) = frame::find_good(&rest) {
                return refuse(format!("the good frame {good} stands after it, at byte {}", offset + at as u64));
            }
            if rest.len() > max_frame_bytes {
                return refuse(format!("{} bytes follow, more than one frame can have", rest.len()));
            }
            if let Some(later) = segments.get(i + 1) {
                return refuse(format!("{} comes after it", later.path.display()));
            }
            if let Some(more) = more_than_one(&rest, lineage) {
                return refuse(more);
            }
            let to = offset + rest.len() as u64;
            out.unfinished = Some(Stretch { segment: segment.clone(), from: offset, to });
            break;
        }
    }
    Ok(out)
}

/// One unfinished line has at most one newline, at its end, and starts but once.
fn more_than_one(rest: &[u8], lineage: &Lineage) -> Option<String> {
    if let Some(at) = frame::find(rest, b"\n").filter(|at| at + 1 < rest.len()) {
        return Some(format!("a line ends {at} bytes after it and goes on"));
    }
    let start = format!("\"store\":\"{}\",\"seq\":", lineage.store);
    let at = frame::find(rest.get(frame::START.len()..)?, start.as_bytes())? + frame::START.len();
    Some(format!("another frame starts {at} bytes after it"))
}

/// Keeps the bytes of an unfinished frame beside the journal and puts zeroes in their place.
fn cut_tail(disk: &dyn Disk, layout: &Layout, cut: &Stretch, seq: u64) -> Result<String, StoreError> {
    let bytes = segment::rest(disk, &cut.segment, cut.from)?;
    let kept = (0..)
        .map(|n| layout.dir().join(if n == 0 { format!("cut-{seq}") } else { format!("cut-{seq}-{n}") }))
        .find(|path| !disk.exists(path))
        .unwrap_or_else(|| PathBuf::from("cut"));
    let mut keeping = replace_file(disk, &kept, &bytes);
    if keeping.as_ref().is_err_and(is_full) && disk.remove(&layout.reserve()).is_ok() {
        keeping = replace_file(disk, &kept, &bytes);
    }
    // A full disk must not keep a pager from starting.
    let keeping = match keeping {
        Ok(()) => format!("its {} bytes are kept in {}", bytes.len(), kept.display()),
        Err(e) if is_full(&e) => format!("the disk is too full to keep its {} bytes", bytes.len()),
        Err(e) => return Err(io_error("writing", &kept)(e)),
    };
    let file = disk.open(&cut.segment.path, How::Write).map_err(io_error("opening", &cut.segment.path))?;
    write_all_at(&*file, &vec![0; bytes.len()], cut.from)
        .map_err(|(e, _)| e)
        .and_then(|()| file.sync_data())
        .map_err(io_error("cutting the unfinished frame from", &cut.segment.path))?;
    Ok(format!(
        "Frame {seq} was unfinished when the process or the machine stopped, so nobody was answered for it; it was cut \
         from {} at byte {} and {keeping}.",
        cut.segment.path.display(),
        cut.from,
    ))
}

fn write_again(disk: &dyn Disk, stretch: &Stretch) -> Result<(), StoreError> {
    let path = &stretch.segment.path;
    let mut bytes = segment::rest(disk, &stretch.segment, stretch.from)?;
    bytes.truncate(usize::try_from(stretch.to - stretch.from).unwrap_or(usize::MAX));
    let file = disk.open(path, How::Write).map_err(io_error("opening", path))?;
    write_all_at(&*file, &bytes, stretch.from)
        .map_err(|(e, _)| e)
        .and_then(|()| file.sync_data())
        .map_err(io_error("writing the last frames once more to", path))?;
    disk.sync_dir(parent(path)).map_err(io_error("syncing", parent(path)))
}
