//! Room for the journal: the next segment's zeroes, short segments when there is none, and a reserve that is given up
//! on a full disk so that people can still acknowledge.
//!
//! All of it but [`Space::take_spare`], [`Space::short_segment`] and [`Space::spend_reserve`] runs beside the commits.

use super::StoreError;
use super::disk::{DiskFile, How, SharedDisk, temporary_of, zero_fill};
use super::journal::lock;
use super::layout::{Layout, io_error};
use super::notices::Notices;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sizes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest line. A frame over it is not written; a boot cuts no more than this.
    pub max_frame_bytes: usize,
    /// A segment prepared ahead.
    pub segment_bytes: u64,
    /// A segment made on the spot, when none is prepared.
    pub short_segment_bytes: u64,
    /// What is kept back for people when the disk is full.
    pub reserve_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 32 << 20,
            segment_bytes: 64 << 20,
            short_segment_bytes: 1 << 20,
            reserve_bytes: 8 << 20,
        }
    }
}

/// What is known about the room in a data directory.
#[derive(Debug)]
pub(super) struct Space {
    disk: SharedDisk,
    layout: Layout,
    limits: Limits,
    spare_ready: AtomicBool,
    reserve_spent: AtomicBool,
    /// Full segments whose unused zeroes can be given back: file and used bytes.
    to_trim: Mutex<Vec<(PathBuf, u64)>>,
    notices: Notices,
}

impl Space {
    /// Clears what a crash left half made, and makes the reserve if it is missing.
    pub fn open(disk: SharedDisk, layout: &Layout, limits: Limits) -> Result<Self, StoreError> {
        let spare = layout.spare();
        for half in [temporary_of(&spare), temporary_of(&layout.reserve())] {
            if disk.exists(&half) {
                disk.remove(&half).map_err(io_error("removing", &half))?;
            }
        }
        let space = Self {
            spare_ready: AtomicBool::new(disk.exists(&spare)),
            reserve_spent: AtomicBool::new(false),
            to_trim: Mutex::default(),
            notices: Notices::default(),
            disk,
            layout: layout.clone(),
            limits,
        };
        space.keep_reserve();
        Ok(space)
    }

    /// Names the spare segment `path`; `None` when there is none, or none that is large enough.
    pub fn take_spare(&self, path: &Path, need: u64) -> Option<io::Result<()>> {
        let take = need <= self.limits.segment_bytes && self.spare_ready.swap(false, Ordering::AcqRel);
        take.then(|| self.disk.rename(&self.layout.spare(), path))
    }

    /// A new segment of at least `need` bytes, made on the spot.
    pub fn short_segment(&self, path: &Path, need: u64) -> io::Result<Box<dyn DiskFile>> {
        // A segment of this name can exist: made for this very frame, which then was not written. It holds no frame.
        let file = self.disk.open(path, How::Replace)?;
        if let Err(e) = zero_fill(&*file, self.limits.short_segment_bytes.max(need), || true) {
            drop(file);
            // What cannot be removed now is replaced by the next attempt.
            let _ = self.disk.remove(path);
            return Err(e);
        }
        Ok(file)
    }

    /// Zero-fills the next segment, unless there is one or the disk is nearly full.
    pub fn prepare_spare(&self, go_on: &mut dyn FnMut() -> bool) -> Result<(), StoreError> {
        if self.spare_ready.load(Ordering::Acquire) {
            return Ok(());
        }
        let spare = self.layout.spare();
        let half = temporary_of(&spare);
        let free = self.disk.free_bytes(self.layout.dir()).map_err(io_error("measuring", self.layout.dir()))?;
        if free < 2 * (self.limits.segment_bytes + self.limits.reserve_bytes) {
            return Ok(()); // short segments will do
        }
        let how = if self.disk.exists(&half) { How::Write } else { How::New };
        let file = self.disk.open(&half, how).map_err(io_error("opening", &half))?;
        if !zero_fill(&*file, self.limits.segment_bytes, go_on).map_err(io_error("filling", &half))? {
            return Ok(());
        }
        let dir = self.layout.journal();
        self.disk.rename(&half, &spare).map_err(io_error("renaming", &half))?;
        self.disk.sync_dir(&dir).map_err(io_error("syncing", &dir))?;
        self.spare_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// To be done by the next [`Space::trim`]: `path` needs no more than `used` bytes.
    pub fn trim_later(&self, path: PathBuf, used: u64) {
        lock(&self.to_trim).push((path, used));
    }

    /// Gives back the unused zeroes of full segments.
    pub fn trim(&self) {
        let to_trim = std::mem::take(&mut *lock(&self.to_trim));
        for (path, used) in to_trim {
            // Only space is at stake: zeroes at the end of a segment mean nothing.
            let _ = self.disk.open(&path, How::Write).and_then(|file| {
                file.set_len(used)?;
                file.sync_data()
            });
        }
    }

    /// True while the disk is too full for anything but people's frames.
    pub fn reserve_spent(&self) -> bool {
        self.reserve_spent.load(Ordering::Acquire)
    }

    /// Deletes the reserve. False when there was none left.
    pub fn spend_reserve(&self) -> bool {
        let spent = self.disk.remove(&self.layout.reserve()).is_ok();
        if !self.reserve_spent.swap(true, Ordering::AcqRel) {
            self.notice(
                "The disk is full. The reserve was given up so that people can still act; alerts are answered 503 \
                 until there is space."
                    .into(),
            );
        }
        spent
    }

    /// Makes the reserve when it is missing and there is space for it and as much again.
    pub fn keep_reserve(&self) {
        let path = self.layout.reserve();
        if !self.reserve_spent() && self.disk.exists(&path) {
            return;
        }
        let wanted = self.limits.reserve_bytes;
        let free = self.disk.free_bytes(self.layout.dir()).unwrap_or(0);
        let made = if free < 2 * wanted { Err(io::ErrorKind::StorageFull.into()) } else { self.make_reserve() };
        let was_spent = self.reserve_spent.swap(made.is_err(), Ordering::AcqRel);
        match made {
            Ok(()) if was_spent => {
                self.notice("There is space again: the reserve is back, and alerts are accepted.".into());
            }
            Err(e) if !was_spent => self.notice(format!(
                "There is no space for the reserve of {wanted} bytes in {} ({e}): alerts are answered 503, only \
                 people's acts are written.",
                path.display()
            )),
            Ok(()) | Err(_) => {}
        }
    }

    fn make_reserve(&self) -> io::Result<()> {
        let path = self.layout.reserve();
        let half = temporary_of(&path);
        let file = self.disk.open(&half, How::Replace)?;
        let filled = zero_fill(&*file, self.limits.reserve_bytes, || true);
        drop(file);
        if let Err(e) = filled {
            let _ = self.disk.remove(&half);
            return Err(e);
        }
        self.disk.rename(&half, &path)?;
        self.disk.sync_dir(self.layout.dir())
    }

    /// Something an operator should know.
    pub fn notice(&self, sentence: String) {
        self.notices.add(sentence);
    }

    /// What was noticed since the last call.
    pub fn take_notices(&self) -> Vec<String> {
        self.notices.take()
    }
}
