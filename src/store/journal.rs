//! Appending frames so that they are still there afterwards.
//!
//! A commit is one write into zeroes that are already on the disk, and one fdatasync; nothing else happens on that path
//! but, once a segment, a rename. The rest is [`Journal::housekeep`]'s, on another thread: `HEAD`, the next segment's
//! zeroes, the reserve. The two share no file, so neither waits for the other's sync.
//!
//! What a failure means is decided here and nowhere else: before a byte of the frame can have become durable it is
//! `NotWritten`; after a failed write or sync that is not a full disk it is `Unknown`, and the journal takes no more
//! frames until a boot has looked.
//!
//! Absent on purpose: reading back to find out, and retrying a sync.

use super::disk::{DiskFile, How, SharedDisk, is_full, write_all_at};
use super::frame::{self, FrameHash};
use super::head::{Head, HeadFile};
use super::layout::{Layout, io_error};
use super::lineage::Lineage;
use super::recover::{Recovered, recover};
use super::segment::{self, Segment};
use super::space::{Limits, Space};
use super::{Commit, Epoch, Frame, Spend, StoreError};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    disk: SharedDisk,
    layout: Layout,
    limits: Limits,
    lineage: Lineage,
    epoch: Epoch,
    writer: Mutex<Writer>,
    committed: Mutex<Committed>,
    head: Mutex<HeadFile>,
    space: Space,
    /// Held for reading while files are read by name, for writing while they move to the archive.
    moving: std::sync::RwLock<()>,
}

/// The last durable frame and where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub seq: u64,
    pub hash: FrameHash,
    /// The first frame of the segment it is in.
    pub segment: u64,
    /// The byte after it.
    pub end: u64,
    /// All bytes committed since this journal was opened.
    pub bytes: u64,
}

#[derive(Debug)]
struct Writer {
    file: Option<Box<dyn DiskFile>>,
    first_seq: u64,
    end: u64,
    capacity: u64,
    /// Up to here there may be bytes of a frame that was not written. Zeroes must be durable there before another
    /// frame is begun: a boot must never find pieces of two.
    dirty_to: u64,
    seq: u64,
    hash: FrameHash,
    line: Vec<u8>,
    refused: Option<String>,
}

impl Journal {
    /// Boots the journal in `layout`, whose lock the caller holds, and takes the next epoch.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for damage that a boot may not repair; the operating system's.
    pub fn open(
        disk: SharedDisk,
        layout: &Layout,
        limits: Limits,
        lineage: Lineage,
    ) -> Result<(Self, Recovered), StoreError> {
        let dir = layout.journal();
        disk.create_dir(&dir).map_err(io_error("creating", &dir))?;
        disk.sync_dir(layout.dir()).map_err(io_error("syncing", layout.dir()))?;
        let mut recovered = recover(&*disk, layout, limits.max_frame_bytes, &lineage)?;
        let epoch = Epoch(recovered.epoch + 1);
        let mut writer = Writer {
            file: None,
            first_seq: 0,
            end: 0,
            capacity: 0,
            dirty_to: 0,
            seq: recovered.last_seq,
            hash: recovered.last_hash,
            line: Vec::new(),
            refused: None,
        };
        if let Some((segment, end)) = &recovered.place
            && !segment.archived
        {
            let file = disk.open(&segment.path, How::Write).map_err(io_error("opening", &segment.path))?;
            file.forget_pages();
            writer.capacity = file.len().map_err(io_error("measuring", &segment.path))?;
            writer.first_seq = segment.first_seq;
            writer.end = *end;
            writer.file = Some(file);
        }
        let committed =
            Committed { seq: writer.seq, hash: writer.hash, segment: writer.first_seq, end: writer.end, bytes: 0 };
        let mut head = HeadFile::open(&*disk, &layout.head())?;
        // Both copies: what was found damaged is whole again, and what was booted is vouched for twice.
        for epoch in [recovered.epoch, epoch.0] {
            head.write(Head { seq: committed.seq, hash: committed.hash, segment: committed.segment, epoch })?;
        }
        let space = Space::open(disk.clone(), layout, limits)?;
        recovered.notices.extend(space.take_notices());
        let journal = Self {
            space,
            disk,
            layout: layout.clone(),
            limits,
            lineage,
            epoch,
            writer: Mutex::new(writer),
            committed: Mutex::new(committed),
            head: Mutex::new(head),
            moving: std::sync::RwLock::new(()),
        };
        Ok((journal, recovered))
    }

    /// The epoch this opening was given.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The last durable frame.
    pub fn committed(&self) -> Committed {
        lock(&self.committed).clone()
    }

    /// Appends a frame and syncs it. See [`super::Store::commit`].
    pub fn commit(&self, expected_seq: u64, frame: &Frame, spend: Spend) -> Commit {
        let mut w = lock(&self.writer);
        let w = &mut *w;
        if let Some(why) = &w.refused {
            return Commit::Unknown(why.clone());
        }
        if expected_seq != w.seq + 1 {
            return Commit::Fenced(format!("the journal is at frame {}, so {expected_seq} cannot come next", w.seq));
        }
        if frame.seq != expected_seq {
            return Commit::NotWritten(format!("the frame says {} where {expected_seq} was announced", frame.seq));
        }
        if spend == Spend::Free && self.space.reserve_spent() {
            return Commit::NotWritten("the disk is full: what is left is kept for people".into());
        }
        w.line.clear();
        let hash = match frame::encode(frame, self.lineage.store, w.hash, &mut w.line) {
            Ok(hash) => hash,
            Err(why) => return Commit::NotWritten(why),
        };
        let len = w.line.len();
        if len > self.limits.max_frame_bytes {
            return Commit::NotWritten(format!(
                "frame {expected_seq} has {len} bytes, more than the {} that one frame may have",
                self.limits.max_frame_bytes
            ));
        }
        let mut written = self.write(w);
        if written.as_ref().is_err_and(Failed::for_want_of_space)
            && spend == Spend::Reserve
            && self.space.spend_reserve()
        {
            written = self.write(w);
        }
        let written = written.and_then(|file| file.sync_data().map_err(Failed::Unclear));
        match written {
            Ok(()) => {
                w.end += len as u64;
                w.seq = expected_seq;
                w.hash = hash;
                let mut c = lock(&self.committed);
                let bytes = c.bytes + len as u64;
                *c = Committed { seq: w.seq, hash, segment: w.first_seq, end: w.end, bytes };
                Commit::Committed
            }
            Err(Failed::Full(e)) => Commit::NotWritten(format!("frame {expected_seq}: the disk is full: {e}")),
            Err(Failed::Before(e)) => Commit::NotWritten(format!("no place for frame {expected_seq}: {e}")),
            Err(Failed::Unclear(e)) => {
                let why = format!("frame {expected_seq}: {e}; whether it is on the disk only a boot can tell");
                w.refused = Some(why.clone());
                Commit::Unknown(why)
            }
        }
    }

    /// Calls `each` with every durable frame after `after`, until it says stop.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] naming the place of a damaged frame; the operating system's.
    pub fn tail(&self, after: u64, each: &mut dyn FnMut(Frame) -> bool) -> Result<(), StoreError> {
        let until = self.committed().seq;
        let _still = self.moving.read().unwrap_or_else(PoisonError::into_inner);
        let range = (after, until);
        segment::replay(&*self.disk, &self.layout, self.limits.max_frame_bytes, &self.lineage, range, each)
    }

    /// The hash of frame `seq`, which is durable.
    ///
    /// # Errors
    /// As [`Journal::tail`].
    pub fn hash_of(&self, seq: u64) -> Result<FrameHash, StoreError> {
        let _still = self.moving.read().unwrap_or_else(PoisonError::into_inner);
        segment::hash_of(&*self.disk, &self.layout, self.limits.max_frame_bytes, &self.lineage, seq)
    }

    /// How many bytes of journal the segments hold that start after frame `seq`.
    ///
    /// # Errors
    /// The operating system's.
    pub fn bytes_after(&self, seq: u64) -> Result<u64, StoreError> {
        let _still = self.moving.read().unwrap_or_else(PoisonError::into_inner);
        let last = self.committed();
        let mut bytes = 0;
        for segment in segment::list(&*self.disk, &self.layout)?.iter().filter(|s| s.first_seq > seq) {
            bytes += if segment.first_seq == last.segment {
                last.end
            } else {
                let file = self.disk.open(&segment.path, How::Read).map_err(io_error("opening", &segment.path))?;
                file.len().map_err(io_error("measuring", &segment.path))?
            };
        }
        Ok(bytes)
    }

    /// Moves the segments that hold only frames up to `covered` to the archive. The last segment stays.
    /// Returns how many were moved.
    ///
    /// # Errors
    /// The operating system's.
    pub fn archive(&self, covered: u64) -> Result<usize, StoreError> {
        let _alone = self.moving.write().unwrap_or_else(PoisonError::into_inner);
        let segments = segment::list(&*self.disk, &self.layout)?;
        let ours = self.committed().segment;
        let dir = self.layout.archive();
        let whole = segments.windows(2).filter(|w| w[1].first_seq <= covered + 1 && w[0].first_seq < ours);
        let whole: Vec<&Segment> = whole.map(|w| &w[0]).filter(|s| !s.archived).collect();
        if whole.is_empty() {
            return Ok(0);
        }
        self.space.trim();
        self.disk.create_dir(&dir).map_err(io_error("creating", &dir))?;
        for segment in &whole {
            let to = dir.join(segment.path.file_name().unwrap_or_default());
            self.disk.rename(&segment.path, &to).map_err(io_error("archiving", &segment.path))?;
        }
        for dir in [dir, self.layout.journal()] {
            self.disk.sync_dir(&dir).map_err(io_error("syncing", &dir))?;
        }
        Ok(whole.len())
    }

    /// Runs `work` while no segment moves to the archive.
    pub fn holding_still<T>(&self, work: impl FnOnce() -> T) -> T {
        let _still = self.moving.read().unwrap_or_else(PoisonError::into_inner);
        work()
    }

    /// Everything that is not a commit: `HEAD`, the next segment, the reserve, unused zeroes of full segments. To be
    /// called at least every second and at a clean exit. `go_on` is asked between steps of a few milliseconds.
    /// Returns what an operator should know.
    pub fn housekeep(&self, go_on: &mut dyn FnMut() -> bool) -> Vec<String> {
        if let Err(e) = self.write_head() {
            self.space.notice(e.to_string());
        }
        if go_on() {
            self.space.trim();
            self.space.keep_reserve();
        }
        // Filling a segment may take longer than HEAD may be old.
        let mut go_on = || self.write_head().is_ok() && go_on();
        if go_on()
            && let Err(e) = self.space.prepare_spare(&mut go_on)
        {
            self.space.notice(format!("the next segment cannot be prepared: {e}"));
        }
        self.space.take_notices()
    }

    /// Makes `HEAD` name the last durable frame.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write_head(&self) -> Result<bool, StoreError> {
        let mut head = lock(&self.head);
        let c = self.committed();
        head.write(Head { seq: c.seq, hash: c.hash, segment: c.segment, epoch: self.epoch.0 })
    }

    /// True while the disk was too full for anything but people's frames.
    pub fn reserve_spent(&self) -> bool {
        self.space.reserve_spent()
    }

    /// Why no frame is taken any more, after an `Unknown`.
    pub fn refused(&self) -> Option<String> {
        lock(&self.writer).refused.clone()
    }

    fn write<'w>(&self, w: &'w mut Writer) -> Result<&'w dyn DiskFile, Failed> {
        w.clean().map_err(Failed::Before)?;
        let len = w.line.len() as u64;
        if w.file.is_none() || w.end + len > w.capacity {
            self.rotate(w)?;
        }
        let Some(file) = &w.file else { return Err(Failed::Before(io::ErrorKind::NotFound.into())) };
        match write_all_at(&**file, &w.line, w.end) {
            Ok(()) => {}
            Err((e, _)) if is_full(&e) => {
                w.dirty_to = w.end + len;
                // If it cannot be done now, it is done before the next frame.
                let _ = w.clean();
                return Err(Failed::Full(e));
            }
            Err((e, _)) => return Err(Failed::Unclear(e)),
        }
        w.file.as_deref().ok_or_else(|| Failed::Unclear(io::ErrorKind::NotFound.into()))
    }

    /// Goes on in the spare segment or, when there is none, in a short one made on the spot.
    fn rotate(&self, w: &mut Writer) -> Result<(), Failed> {
        let first_seq = w.seq + 1;
        let path = self.layout.segment(first_seq);
        let need = w.line.len() as u64;
        if w.first_seq == first_seq {
            // An empty segment that is too small is replaced: from here on its file has no name.
            w.file = None;
        }
        let made = match self.space.take_spare(&path, need) {
            Some(renamed) => renamed.and_then(|()| self.disk.open(&path, How::Write)),
            None => self.space.short_segment(&path, need),
        };
        let named = made.and_then(|file| {
            self.disk.sync_dir(&self.layout.journal())?;
            let capacity = file.len()?;
            Ok((file, capacity))
        });
        let (file, capacity) = match named {
            Ok(made) => made,
            Err(e) if is_full(&e) => return Err(Failed::Full(e)),
            Err(e) => return Err(Failed::Before(e)),
        };
        if w.file.is_some() {
            self.space.trim_later(self.layout.segment(w.first_seq), w.end);
        }
        w.file = Some(file);
        w.first_seq = first_seq;
        w.end = 0;
        w.dirty_to = 0;
        w.capacity = capacity;
        Ok(())
    }
}

impl Writer {
    /// Puts zeroes over what a frame that was not written left behind.
    fn clean(&mut self) -> io::Result<()> {
        let Some(file) = self.file.as_ref().filter(|_| self.dirty_to > self.end) else { return Ok(()) };
        let zeroes = vec![0; usize::try_from(self.dirty_to - self.end).map_err(io::Error::other)?];
        write_all_at(&**file, &zeroes, self.end).map_err(|(e, _)| e)?;
        file.sync_data()?;
        self.dirty_to = 0;
        Ok(())
    }
}

/// Why a frame was not written through.
enum Failed {
    /// No space, and nothing of it is durable.
    Full(io::Error),
    /// Something had to be done first and was not, so nothing of it exists.
    Before(io::Error),
    /// It may or may not be on the disk.
    Unclear(io::Error),
}

impl Failed {
    fn for_want_of_space(&self) -> bool {
        match self {
            Self::Full(e) | Self::Before(e) => is_full(e),
            Self::Unclear(_) => false,
        }
    }
}

/// A panic elsewhere leaves these structs whole: every change to them is made after the disk said yes.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
