//! Taking a text out of the journal for good, without breaking its chain.
//!
//! A frame's hash does not cover its texts, so the value of one can become `null`. The line keeps its length (spaces
//! fill what is over), so every offset stays. The segment is copied with that one change and takes the old one's place
//! by a rename, so a crash leaves the one or the other.
//!
//! What this does not reach: rows and snapshots, which the caller rewrites by a fact of its own; backups; `cut-` files;
//! and the disk blocks the old segment stood on.

use super::StoreError;
use super::disk::{Disk, How, parent, read_full_at, temporary_of, write_all_at};
use super::layout::{Layout, io_error};
use super::lineage::Lineage;
use super::segment::{self, End, Next};
use super::verify::lock_stopped;
use std::ops::{ControlFlow, Range};
use std::path::Path;

const COPY_BYTES: usize = 1 << 20;

/// Drops the text `id` from every frame of the stopped directory. Returns the frames that held it.
///
/// # Errors
/// [`StoreError::InUse`] when a process uses the directory; [`StoreError::Corrupt`] when the journal is damaged; the
/// operating system's.
pub fn drop_text(disk: &dyn Disk, layout: &Layout, max_frame_bytes: usize, id: &str) -> Result<Vec<u64>, StoreError> {
    let _lock = lock_stopped(disk, layout)?;
    let lineage = Lineage::read(disk, layout)?
        .ok_or_else(|| StoreError::Corrupt(format!("{} is missing", layout.lineage().display())))?;
    let mut dropped = Vec::new();
    for segment in segment::list(disk, layout)? {
        let mut next = Next { seq: segment.first_seq, prev: None };
        let mut spans = Vec::new();
        let end = segment::read(disk, &segment, max_frame_bytes, &lineage, &mut next, &mut |line, offset, _| {
            if let Some(span) = line.span_of(id) {
                dropped.push(line.seq);
                spans.push(offset + span.start as u64..offset + span.end as u64);
            }
            ControlFlow::Continue(())
        })?;
        // An unfinished last frame is the next boot's to cut; damage is not to be copied about.
        if let End::Foreign { offset, why } = end {
            return Err(segment::damaged(&segment, offset, next.seq, &why));
        }
        if !spans.is_empty() {
            rewrite(disk, &segment.path, &spans)?;
        }
    }
    Ok(dropped)
}

/// Copies `path` with `null` and spaces in place of `spans`, and puts the copy in its place.
fn rewrite(disk: &dyn Disk, path: &Path, spans: &[Range<u64>]) -> Result<(), StoreError> {
    let copy = temporary_of(path);
    let input = disk.open(path, How::Read).map_err(io_error("opening", path))?;
    let output = disk.open(&copy, How::Replace).map_err(io_error("creating", &copy))?;
    let mut buf = vec![0; COPY_BYTES];
    let mut at = 0;
    loop {
        let n = read_full_at(&*input, &mut buf, at).map_err(io_error("reading", path))?;
        if n == 0 {
            break;
        }
        for span in spans {
            let within = |place: u64| usize::try_from(place.saturating_sub(at)).unwrap_or(n).min(n);
            for (i, byte) in buf[within(span.start)..within(span.end)].iter_mut().enumerate() {
                let place = at.max(span.start) - span.start + i as u64;
                *byte = usize::try_from(place).ok().and_then(|p| b"null".get(p)).copied().unwrap_or(b' ');
            }
        }
        write_all_at(&*output, &buf[..n], at).map_err(|(e, _)| e).map_err(io_error("writing", &copy))?;
        at += n as u64;
    }
    output.sync_data().map_err(io_error("syncing", &copy))?;
    drop(output);
    disk.rename(&copy, path).map_err(io_error("renaming", &copy))?;
    disk.sync_dir(parent(path)).map_err(io_error("syncing", parent(path)))
}
