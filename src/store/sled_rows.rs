//! sled as the place for rows.
//!
//! sled 0.34 is quick and forgets nothing it flushed when a process dies, but it may panic on damaged files, lose
//! records without a word, and refuse to open over a leftover file. So it is asked for little (one tree, batches), every
//! call is shielded from its panics, and [`super::rows`] checks what it gives back.

use super::kv::{Kv, KvSource, Pair, Span, is_empty};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// After this many openings that ended with the death of the process, sled is not tried again on the same files.
const MAX_OPENINGS: usize = 3;

/// Who reads this many rows at once is going through many.
const MANY_ROWS: usize = 256;
/// sled looks at what its cache holds only when 64 reads fell to one of its 256 parts, whatever its capacity: a single
/// way through all rows would leave every page of them in memory for good. So pages that were gone through are touched
/// this many times, and those before them go.
const TOUCHES: usize = 16;
/// Every page has more rows than this, or it does not matter.
const TOUCH_EVERY: usize = 8;

/// How often sled tidies up its segments. It also syncs then, needed or not: [`Kv::flush`] is what rows wait for.
const TIDY_EVERY_MS: u64 = 2_000;

/// A sled directory.
#[derive(Clone, Debug)]
pub struct SledSource {
    dir: PathBuf,
    cache_bytes: u64,
}

#[derive(Debug)]
struct SledKv {
    // Dropping it can panic as well.
    db: Option<sled::Db>,
}

impl SledSource {
    /// sled in `dir`, with a page cache of `cache_bytes`.
    pub fn new(dir: impl Into<PathBuf>, cache_bytes: u64) -> Self {
        Self { dir: dir.into(), cache_bytes }
    }

    /// Counts openings that were begun and not finished: a byte each.
    fn openings(&self) -> PathBuf {
        self.dir.with_extension("opening")
    }
}

impl KvSource for SledSource {
    fn exists(&self) -> bool {
        self.dir.exists()
    }

    fn open(&self) -> Result<Box<dyn Kv>, String> {
        clear_generating(&self.dir)?;
        let openings = self.openings();
        let mut begun = fs::read(&openings).unwrap_or_default();
        if begun.len() >= MAX_OPENINGS {
            return Err(format!("the process died {} times while opening them", begun.len()));
        }
        begun.push(b'.');
        // Without this file only the count is lost.
        let _ = fs::write(&openings, begun);
        let db = shielded(|| {
            sled::Config::new()
                .path(&self.dir)
                .cache_capacity(self.cache_bytes)
                .flush_every_ms(Some(TIDY_EVERY_MS))
                .open()
                .map_err(|e| e.to_string())
        });
        let _ = fs::remove_file(&openings);
        Ok(Box::new(SledKv { db: Some(db?) }))
    }

    fn set_aside(&self) -> Result<String, String> {
        if !self.dir.exists() {
            return Ok("nowhere: there were none".into());
        }
        let aside = (1..)
            .map(|n| self.dir.with_extension(format!("bad-{n}")))
            .find(|path| !path.exists())
            .ok_or("there are too many already")?;
        fs::rename(&self.dir, &aside).map_err(|e| format!("{} cannot be moved: {e}", self.dir.display()))?;
        Ok(aside.display().to_string())
    }
}

/// Removes what a snapshot of sled's that never finished left behind: with it sled does not open, without it all is well.
fn clear_generating(dir: &Path) -> Result<(), String> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(|e| format!("{} cannot be removed: {e}", entry.path().display()))?;
        }
    }
    Ok(())
}

impl SledKv {
    fn with<T>(&self, ask: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, String> {
        let Some(db) = &self.db else { return Err("it is closed".into()) };
        shielded(|| ask(db).map_err(|e| e.to_string()))
    }
}

impl Kv for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        self.with(|db| Ok(db.get(key)?.map(|v| v.to_vec())))
    }

    fn some(&self, span: &Span, newest_first: bool, most: usize) -> Result<Vec<Pair>, String> {
        if is_empty(span) {
            return Ok(Vec::new());
        }
        self.with(|db| {
            let range = db.range::<Vec<u8>, _>(span.clone());
            let pair = |kv: sled::Result<(sled::IVec, sled::IVec)>| kv.map(|(k, v)| (k.to_vec(), v.to_vec()));
            let rows: Vec<Pair> = if newest_first {
                range.rev().take(most).map(pair).collect::<sled::Result<_>>()?
            } else {
                range.take(most).map(pair).collect::<sled::Result<_>>()?
            };
            if rows.len() >= MANY_ROWS {
                for (key, _) in rows.iter().step_by(TOUCH_EVERY) {
                    for _ in 0..TOUCHES {
                        // The rows are read; failing to touch them costs memory and no more.
                        let _ = db.get(key);
                    }
                }
            }
            Ok(rows)
        })
    }

    fn apply(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), String> {
        self.with(|db| {
            let mut batch = sled::Batch::default();
            for (key, value) in changes {
                match value {
                    Some(value) => batch.insert(key, value),
                    None => batch.remove(key),
                }
            }
            db.apply_batch(batch)
        })
    }

    fn flush(&self) -> Result<(), String> {
        self.with(|db| db.flush().map(drop))
    }
}

impl Drop for SledKv {
    fn drop(&mut self) {
        let db = self.db.take();
        let _ = shielded(|| {
            drop(db);
            Ok(())
        });
    }
}

/// Runs `ask`, and makes a panic a sentence.
fn shielded<T>(ask: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(ask)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Err(format!("sled panicked: {said}"))
    })
}
