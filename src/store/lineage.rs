//! The name of a store, and the names it had before it was restored.
//!
//! Every frame carries the name of the store that wrote it; a frame with a name that is not in the lineage was put there
//! by somebody else. `restore` gives a new name, so that what an earlier installation posted is told apart.

use super::disk::{Disk, read_file, replace_file};
use super::frame::hex;
use super::layout::{Layout, io_error};
use super::{StoreError, StoreId};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What `store.json` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The name that frames written from now on carry.
    pub store: StoreId,
    /// Earlier names, oldest first, each with the last frame that may carry it.
    pub ancestors: Vec<(StoreId, u64)>,
    /// True after a restore until a person confirms.
    pub paused: bool,
}

#[derive(Serialize, Deserialize)]
struct Printed {
    v: u32,
    store: String,
    paused: bool,
    ancestors: Vec<(String, u64)>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    #[serde(flatten)]
    said: Printed,
    sha256: String,
}

impl Lineage {
    /// A store that was never restored.
    pub fn new(store: StoreId) -> Self {
        Self { store, ancestors: Vec::new(), paused: false }
    }

    /// This lineage under a new name, after frames up to `last_seq` were restored.
    pub fn restored(mut self, store: StoreId, last_seq: u64) -> Self {
        self.ancestors.push((self.store, last_seq));
        Self { store, ancestors: self.ancestors, paused: true }
    }

    /// How often it was restored.
    pub fn restores(&self) -> u32 {
        u32::try_from(self.ancestors.len()).unwrap_or(u32::MAX)
    }

    /// The name that frame `seq` must carry.
    pub fn writer_of(&self, seq: u64) -> StoreId {
        self.ancestors.iter().find(|(_, last)| seq <= *last).map_or(self.store, |(store, _)| *store)
    }

    /// Reads `store.json`; `None` when there is none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when it is not as it was written.
    pub fn read(disk: &dyn Disk, layout: &Layout) -> Result<Option<Self>, StoreError> {
        let path = layout.lineage();
        if !disk.exists(&path) {
            return Ok(None);
        }
        let bytes = read_file(disk, &path).map_err(io_error("reading", &path))?;
        let parsed = serde_json::from_slice::<Signed>(&bytes).ok().and_then(|s| {
            let ancestors = s.said.ancestors.iter().map(|(id, last)| Some((parse_id(id)?, *last)));
            let lineage = Self {
                store: parse_id(&s.said.store)?,
                ancestors: ancestors.collect::<Option<_>>()?,
                paused: s.said.paused,
            };
            (lineage.print().ok()? == bytes).then_some(lineage)
        });
        parsed.map(Some).ok_or_else(|| {
            StoreError::Corrupt(format!(
                "{} is damaged: it is not what the store wrote. Put back the copy from a backup of this very store, or \
                 restore a backup into an empty directory.",
                path.display()
            ))
        })
    }

    /// Makes this the content of `store.json`, durable when it returns.
    ///
    /// # Errors
    /// The operating system's.
    pub fn write(&self, disk: &dyn Disk, layout: &Layout) -> Result<(), StoreError> {
        let path = layout.lineage();
        self.print().and_then(|bytes| replace_file(disk, &path, &bytes)).map_err(io_error("writing", &path))
    }

    fn print(&self) -> std::io::Result<Vec<u8>> {
        let printed = || Printed {
            v: 1,
            store: self.store.to_string(),
            paused: self.paused,
            ancestors: self.ancestors.iter().map(|(id, last)| (id.to_string(), *last)).collect(),
        };
        let sha256 = hex(&Sha256::digest(serde_json::to_vec(&printed())?));
        let mut bytes = serde_json::to_vec_pretty(&Signed { said: printed(), sha256 })?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

fn parse_id(hex: &str) -> Option<StoreId> {
    (hex.len() == 16).then(|| u64::from_str_radix(hex, 16).ok().map(StoreId))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::simdisk::SimDisk;

    #[test]
    fn a_restored_store_knows_who_wrote_which_frame() {
        let l = Lineage::new(StoreId(1)).restored(StoreId(2), 10).restored(StoreId(3), 12);
        let writers: Vec<u64> = [1, 10, 11, 12, 13].iter().map(|s| l.writer_of(*s).0).collect();
        assert_eq!(writers, [1, 1, 2, 2, 3]);
        assert_eq!((l.restores(), l.paused), (2, true));
    }

    #[test]
    fn it_reads_back_and_no_flipped_bit_passes() {
        let disk = SimDisk::new(1);
        let layout = Layout::new("/d");
        assert_eq!(Lineage::read(&disk, &layout).unwrap(), None);
        let lineage = Lineage::new(StoreId(77)).restored(StoreId(0xabc), 5);
        lineage.write(&disk, &layout).unwrap();
        assert_eq!(Lineage::read(&disk, &layout).unwrap(), Some(lineage));
        let len = disk.read(&layout.lineage()).unwrap().len();
        for bit in 0..len * 8 {
            disk.tamper(&layout.lineage(), |b| b[bit / 8] ^= 1 << (bit % 8));
            assert!(matches!(Lineage::read(&disk, &layout), Err(StoreError::Corrupt(_))), "bit {bit}");
            disk.tamper(&layout.lineage(), |b| b[bit / 8] ^= 1 << (bit % 8));
        }
    }
}
