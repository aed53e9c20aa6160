//! Rows behind the journal: a cache that knows when it is not whole.
//!
//! Every row carries a checksum over its key and value. A digest (how many rows, and the sum of their hashes) is kept
//! with every checkpoint, one for *open* rows, which a boot needs and therefore checks at every boot, and one for
//! *history*, the rows under the prefixes the caller names, which only `verify` counts. A row that was lost without a
//! word is noticed by the digest; then everything is rebuilt from a snapshot and the journal.
//!
//! After a rebuild, open rows are there at once and history is filled in behind ([`Rows::fill`]); until then reading
//! falls through to the snapshot. What is deleted meanwhile leaves a tombstone, so that filling does not bring it back.
//!
//! A snapshot sees the rows of one instant although checkpoints go on: [`Rows::freeze`] starts it, [`Rows::frozen_some`]
//! reads on, and a checkpoint that changes a row not read yet first puts what stood there into the *shadow*.

use super::journal::lock;
use super::kv::{Kv, Pair, Span, Walk, after_prefix, prefixed};
use super::snapshot::Snapshot;
use super::{RowChange, StoreError, StoreId, check_applied};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Keys that start with this byte are the store's own.
pub const OWN: u8 = 0;
const META: &[u8] = b"\0meta";
const TOMB: &[u8] = b"\0tomb";
/// The longest key and value together.
pub const MAX_ROW_BYTES: usize = 16 << 20;
/// Rows that [`Rows::fill`] and [`Rows::frozen_some`] handle while checkpoints wait.
const STEP_ROWS: usize = 512;

/// How many rows, and the wrapping sum of their hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub rows: u64,
    pub sum: u64,
}

impl Digest {
    /// One more row.
    pub fn add(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_add(1);
        self.sum = self.sum.wrapping_add(row_hash(key, value));
    }

    /// One row less.
    pub fn remove(&mut self, key: &[u8], value: &[u8]) {
        self.rows = self.rows.wrapping_sub(1);
        self.sum = self.sum.wrapping_sub(row_hash(key, value));
    }
}

/// Which rows are history: those whose key starts with one of these.
pub type History = &'static [&'static [u8]];

/// What the rows say about themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    pub applied_seq: u64,
    pub open: Digest,
    pub history: Digest,
    /// The snapshot whose history is still being filled in, and the last key that was.
    pub filling: Option<(u64, Vec<u8>)>,
}

/// The rows of a store.
#[derive(Debug)]
pub struct Rows {
    kv: Box<dyn Kv>,
    store: StoreId,
    history: History,
    state: Mutex<State>,
    below: RwLock<Option<Arc<Snapshot>>>,
}

#[derive(Debug)]
struct State {
    meta: Meta,
    frozen: Option<Frozen>,
}

#[derive(Debug, Default)]
struct Frozen {
    /// The last key that was read, and whether it was the last of all.
    cursor: Vec<u8>,
    finished: bool,
    /// What stood, at the instant of freezing, under keys that changed since.
    shadow: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl Rows {
    /// Takes what is in `kv`, after checking every open row and their digest.
    ///
    /// # Errors
    /// A sentence saying why it must be rebuilt.
    pub fn open(kv: Box<dyn Kv>, store: StoreId, history: History) -> Result<Self, String> {
        let meta = match kv.get(META)? {
            Some(sealed) => Meta::parse(&unseal(META, &sealed)?, store)?,
            None if kv.some(&(Bound::Unbounded, Bound::Unbounded), false, 1)?.is_empty() => Meta::default(),
            None => return Err("they do not say which frame they stand for".into()),
        };
        let rows =
            Self { kv, store, history, state: Mutex::new(State { meta, frozen: None }), below: RwLock::new(None) };
        if rows.meta().filling.is_none() {
            rows.clear_tombs()?;
        }
        let wanted = rows.meta().open;
        let found = rows.count(&rows.open_spans())?;
        if found != wanted {
            return Err(format!("{} open rows are there and {} should be, or one changed", found.rows, wanted.rows));
        }
        Ok(rows)
    }

    /// Puts the open rows of a verified `snapshot` into an empty `kv`. History is filled in later.
    ///
    /// # Errors
    /// A sentence.
    pub fn rebuild(
        kv: Box<dyn Kv>,
        store: StoreId,
        history: History,
        snapshot: Option<Arc<Snapshot>>,
    ) -> Result<Self, String> {
        let mut meta = Meta::default();
        if let Some(snapshot) = &snapshot {
            let mut batch = Vec::new();
            for span in open_spans(history) {
                let mut walk = snapshot.walk(span, false);
                while let Some((key, value)) = walk.advance()? {
                    batch.push((key.clone(), Some(seal(&key, &value))));
                    if batch.len() >= STEP_ROWS {
                        kv.apply(std::mem::take(&mut batch))?;
                    }
                }
            }
            let (open, old) = (snapshot.open, snapshot.history);
            meta = Meta { applied_seq: snapshot.seq, open, history: old, filling: Some((snapshot.seq, Vec::new())) };
            // Written last: rows without it are not taken for whole.
            batch.push((META.to_vec(), Some(seal(META, &meta.print(store)))));
            kv.apply(batch)?;
            kv.flush()?;
        }
        let state = Mutex::new(State { meta, frozen: None });
        Ok(Self { kv, store, history, state, below: RwLock::new(snapshot) })
    }

    /// Reads on through the snapshot that a rebuild before this boot did not finish.
    pub fn fill_from(&self, snapshot: Arc<Snapshot>) {
        *self.below.write().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    pub fn meta(&self) -> Meta {
        lock(&self.state).meta.clone()
    }

    /// One row.
    ///
    /// # Errors
    /// A sentence when it is damaged or cannot be read.
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        if is_own(key) {
            return Ok(None);
        }
        // The snapshot first: once it is let go of, everything in it is in the map.
        let below = self.below_for(key);
        if let Some(sealed) = self.kv.get(key)? {
            return unseal(key, &sealed).map(Some);
        }
        match below {
            Some(below) if self.kv.get(&tomb(key))?.is_none() => below.get(key),
            _ => Ok(None),
        }
    }

    /// Rows whose key starts with `prefix`, until `each` says stop.
    ///
    /// # Errors
    /// As [`Rows::get`].
    pub fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), String> {
        let span = visible(prefixed(prefix));
        let mut upper = Walk::new(&*self.kv, span.clone(), newest_first);
        let below = self.below.read().unwrap_or_else(PoisonError::into_inner).clone();
        let mut lower = below.as_ref().map(|s| s.walk(span, newest_first));
        let mut from_upper = upper.advance()?;
        let mut from_lower = self.next_below(&mut lower)?;
        loop {
            let (key, value) = match (&from_upper, &from_lower) {
                (None, None) => return Ok(()),
                (None, Some(_)) => take(&mut from_lower),
                (Some(_), None) => unsealed(take(&mut from_upper))?,
                (Some((a, _)), Some((b, _))) => match if newest_first { b.cmp(a) } else { a.cmp(b) } {
                    std::cmp::Ordering::Less => unsealed(take(&mut from_upper))?,
                    std::cmp::Ordering::Greater => take(&mut from_lower),
                    std::cmp::Ordering::Equal => {
                        take(&mut from_lower);
                        unsealed(take(&mut from_upper))?
                    }
                },
            };
            if from_upper.is_none() {
                from_upper = upper.advance()?;
            }
            if from_lower.is_none() {
                from_lower = self.next_below(&mut lower)?;
            }
            if !each(&key, &value) {
                return Ok(());
            }
        }
    }

    /// Writes rows and the frame they stand for, all or nothing. `last_seq` is where the journal ends.
    ///
    /// # Errors
    /// When it asks for something that cannot be, or the rows cannot be written.
    pub fn checkpoint(&self, applied_seq: u64, last_seq: u64, rows: Vec<RowChange>) -> Result<(), StoreError> {
        let mut state = lock(&self.state);
        check_applied(state.meta.applied_seq, applied_seq, last_seq)?;
        if let Some((key, _)) = rows.iter().find(|(key, _)| is_own(key)) {
            return Err(StoreError::Io {
                context: format!("the key {key:?} is the store's own"),
                source: std::io::ErrorKind::InvalidInput.into(),
            });
        }
        if let Some((key, _)) = rows.iter().find(|(k, v)| k.len() + v.as_ref().map_or(0, Vec::len) > MAX_ROW_BYTES) {
            let key = String::from_utf8_lossy(key).escape_debug().to_string();
            return Err(StoreError::Io {
                context: format!("the row {key} has more than {MAX_ROW_BYTES} bytes"),
                source: std::io::ErrorKind::InvalidInput.into(),
            });
        }
        // Of several changes to one row the last counts.
        let rows: BTreeMap<Vec<u8>, Option<Vec<u8>>> = rows.into_iter().collect();
        let mut meta = Meta { applied_seq, ..state.meta.clone() };
        let mut batch = Vec::with_capacity(rows.len() + 1);
        let mut before = Vec::new();
        for (key, value) in rows {
            let old = self.get(&key).map_err(rows_error)?;
            let digest = if self.is_history(&key) { &mut meta.history } else { &mut meta.open };
            if let Some(old) = &old {
                digest.remove(&key, old);
            }
            if let Some(value) = &value {
                digest.add(&key, value);
            }
            if state.frozen.as_ref().is_some_and(|f| !f.finished && key > f.cursor) {
                before.push((key.clone(), old));
            }
            if meta.filling.is_some() && self.is_history(&key) {
                batch.push((tomb(&key), value.is_none().then(Vec::new)));
            }
            batch.push((key.clone(), value.map(|v| seal(&key, &v))));
        }
        batch.push((META.to_vec(), Some(seal(META, &meta.print(self.store)))));
        self.kv.apply(batch).map_err(rows_error)?;
        if let Some(frozen) = &mut state.frozen {
            for (key, old) in before {
                frozen.shadow.entry(key).or_insert(old);
            }
        }
        state.meta = meta;
        Ok(())
    }

    /// Fills in some more history. True when nothing is left to do.
    ///
    /// # Errors
    /// A sentence.
    pub fn fill(&self) -> Result<bool, String> {
        let mut state = lock(&self.state);
        let Some((seq, cursor)) = state.meta.filling.clone() else { return Ok(true) };
        let Some(below) = self.below.read().unwrap_or_else(PoisonError::into_inner).clone() else {
            return Err("the snapshot it is filled from is gone".into());
        };
        let mut walk = below.walk((Bound::Excluded(cursor.clone()), Bound::Unbounded), false);
        let mut batch = Vec::new();
        let mut last = cursor;
        while batch.len() < STEP_ROWS {
            let Some((key, value)) = walk.advance()? else { break };
            last.clone_from(&key);
            if !self.is_history(&key) {
                // Open rows are there already: go to where history goes on.
                let Some(next) = self.history.iter().filter(|h| **h > &key[..]).min() else { break };
                walk = below.walk((Bound::Included(next.to_vec()), Bound::Unbounded), false);
                continue;
            }
            if self.kv.get(&key)?.is_none() && self.kv.get(&tomb(&key))?.is_none() {
                batch.push((key.clone(), Some(seal(&key, &value))));
            }
        }
        let done = batch.len() < STEP_ROWS;
        let mut meta = state.meta.clone();
        meta.filling = (!done).then_some((seq, last));
        batch.push((META.to_vec(), Some(seal(META, &meta.print(self.store)))));
        self.kv.apply(batch)?;
        state.meta = meta;
        if done {
            *self.below.write().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(done)
    }

    /// Starts reading the rows as they stand now. `None` while another such reading or a filling goes on.
    pub fn freeze(&self) -> Option<Meta> {
        let mut state = lock(&self.state);
        if state.frozen.is_some() || state.meta.filling.is_some() {
            return None;
        }
        state.frozen = Some(Frozen::default());
        Some(state.meta.clone())
    }

    /// The next rows as they stood at the instant of [`Rows::freeze`], in order; none at the end.
    ///
    /// # Errors
    /// A sentence when a row is damaged or cannot be read.
    pub fn frozen_some(&self) -> Result<Vec<Pair>, String> {
        let mut state = lock(&self.state);
        let State { frozen: Some(frozen), .. } = &mut *state else { return Ok(Vec::new()) };
        while !frozen.finished {
            let from = Bound::Excluded(frozen.cursor.clone());
            let now = self.kv.some(&visible((from, Bound::Unbounded)), false, STEP_ROWS)?;
            frozen.finished = now.len() < STEP_ROWS;
            let mut later = BTreeMap::new();
            if let Some((end, _)) = now.last().filter(|_| !frozen.finished) {
                frozen.cursor.clone_from(end);
                later = frozen.shadow.split_off(&[&end[..], &[0]].concat());
            }
            let mut then: BTreeMap<Vec<u8>, Vec<u8>> = now.into_iter().map(unsealed).collect::<Result<_, _>>()?;
            for (key, old) in std::mem::replace(&mut frozen.shadow, later) {
                match old {
                    Some(old) => then.insert(key, old),
                    None => then.remove(&key),
                };
            }
            if !then.is_empty() {
                return Ok(then.into_iter().collect());
            }
        }
        Ok(Vec::new())
    }

    /// Ends the reading begun with [`Rows::freeze`].
    pub fn thaw(&self) {
        lock(&self.state).frozen = None;
    }

    /// Reads every row as of now and compares history with its digest, while checkpoints go on. `go_on` is asked
    /// between steps. False when it was stopped, or a filling or another such reading goes on.
    ///
    /// # Errors
    /// A sentence naming what is wrong.
    pub fn check_history(&self, go_on: &mut dyn FnMut() -> bool) -> Result<bool, String> {
        let Some(meta) = self.freeze() else { return Ok(false) };
        let counted = self.count_frozen_history(go_on);
        self.thaw();
        match counted? {
            None => Ok(false),
            Some(found) if found == meta.history => Ok(true),
            Some(found) => {
                let wanted = meta.history.rows;
                Err(format!("{} rows of history are there and {wanted} should be, or one changed", found.rows))
            }
        }
    }

    fn count_frozen_history(&self, go_on: &mut dyn FnMut() -> bool) -> Result<Option<Digest>, String> {
        let mut digest = Digest::default();
        loop {
            let rows = self.frozen_some()?;
            if rows.is_empty() {
                return Ok(Some(digest));
            }
            for (key, value) in rows.iter().filter(|(key, _)| self.is_history(key)) {
                digest.add(key, value);
            }
            if !go_on() {
                return Ok(None);
            }
        }
    }

    /// Hands what was written to the operating system.
    ///
    /// # Errors
    /// A sentence.
    pub fn flush(&self) -> Result<(), String> {
        self.kv.flush()
    }

    pub fn is_history(&self, key: &[u8]) -> bool {
        is_history(self.history, key)
    }

    fn open_spans(&self) -> Vec<Span> {
        open_spans(self.history)
    }

    fn count(&self, spans: &[Span]) -> Result<Digest, String> {
        let mut digest = Digest::default();
        for span in spans {
            let mut walk = Walk::new(&*self.kv, span.clone(), false);
            while let Some((key, sealed)) = walk.advance()? {
                digest.add(&key, &unseal(&key, &sealed)?);
            }
        }
        Ok(digest)
    }

    /// Tombstones outlive the filling, for whoever still reads through the snapshot, and go at the next boot.
    fn clear_tombs(&self) -> Result<(), String> {
        let mut tombs = Walk::new(&*self.kv, prefixed(TOMB), false);
        let mut batch = Vec::new();
        while let Some((key, _)) = tombs.advance()? {
            batch.push((key, None));
        }
        if batch.is_empty() { Ok(()) } else { self.kv.apply(batch) }
    }

    fn below_for(&self, key: &[u8]) -> Option<Arc<Snapshot>> {
        if !self.is_history(key) {
            return None;
        }
        self.below.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The next row of history in the snapshot that was not deleted since.
    fn next_below(&self, lower: &mut Option<super::snapshot::SnapshotWalk<'_>>) -> Result<Option<Pair>, String> {
        let Some(lower) = lower else { return Ok(None) };
        while let Some((key, value)) = lower.advance()? {
            if self.is_history(&key) && self.kv.get(&tomb(&key))?.is_none() {
                return Ok(Some((key, value)));
            }
        }
        Ok(None)
    }
}

/// Is a row with this key history?
pub fn is_history(history: History, key: &[u8]) -> bool {
    history.iter().any(|prefix| key.starts_with(prefix))
}

/// The keys between the prefixes of history.
fn open_spans(history: History) -> Vec<Span> {
    let mut prefixes: Vec<&[u8]> = history.to_vec();
    prefixes.sort_unstable();
    let mut spans = Vec::new();
    let mut from = Some(vec![OWN + 1]);
    for prefix in prefixes {
        if let Some(start) = from {
            spans.push((Bound::Included(start), Bound::Excluded(prefix.to_vec())));
        }
        from = after_prefix(prefix);
    }
    spans.extend(from.map(|start| (Bound::Included(start), Bound::Unbounded)));
    spans.retain(|span| !super::kv::is_empty(span));
    spans
}

/// `span` without the store's own keys.
fn visible((from, to): Span) -> Span {
    let first = vec![OWN + 1];
    let from = match from {
        Bound::Included(key) if key >= first => Bound::Included(key),
        Bound::Excluded(key) if key >= first => Bound::Excluded(key),
        _ => Bound::Included(first),
    };
    (from, to)
}

fn is_own(key: &[u8]) -> bool {
    key.first().is_none_or(|b| *b == OWN)
}

fn tomb(key: &[u8]) -> Vec<u8> {
    [TOMB, key].concat()
}

fn take(slot: &mut Option<Pair>) -> Pair {
    slot.take().unwrap_or_default()
}

fn unsealed((key, sealed): Pair) -> Result<Pair, String> {
    let value = unseal(&key, &sealed)?;
    Ok((key, value))
}

fn seal(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(value.len() + 4);
    sealed.extend_from_slice(value);
    sealed.extend_from_slice(&checksum(key, value).to_le_bytes());
    sealed
}

fn unseal(key: &[u8], sealed: &[u8]) -> Result<Vec<u8>, String> {
    let damaged = || format!("the row {} is damaged", String::from_utf8_lossy(key).escape_debug());
    let (value, crc) = sealed.split_last_chunk::<4>().ok_or_else(damaged)?;
    if u32::from_le_bytes(*crc) != checksum(key, value) {
        return Err(damaged());
    }
    Ok(value.to_vec())
}

fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&(key.len() as u64).to_le_bytes());
    crc.update(key);
    crc.update(value);
    crc.finalize()
}

fn row_hash(key: &[u8], value: &[u8]) -> u64 {
    let mut sha = Sha256::new();
    sha.update((key.len() as u64).to_le_bytes());
    sha.update(key);
    sha.update(value);
    sha.finalize().first_chunk::<8>().copied().map_or(0, u64::from_le_bytes)
}

/// The map said no, so nobody knows any more what is in it.
fn rows_error(why: String) -> StoreError {
    StoreError::Corrupt(why)
}

impl Meta {
    fn print(&self, store: StoreId) -> Vec<u8> {
        let mut out = vec![1];
        let filling = self.filling.as_ref().map_or(0, |(seq, _)| *seq);
        let numbers = [store.0, self.applied_seq, self.open.rows, self.open.sum];
        for n in numbers.into_iter().chain([self.history.rows, self.history.sum, filling]) {
            out.extend_from_slice(&n.to_le_bytes());
        }
        out.push(u8::from(self.filling.is_some()));
        out.extend_from_slice(self.filling.as_ref().map_or(&[], |(_, cursor)| cursor));
        out
    }

    fn parse(bytes: &[u8], store: StoreId) -> Result<Self, String> {
        let unknown = || "they are of a version this program does not know".to_owned();
        let (numbers, rest) = bytes.strip_prefix(&[1]).and_then(|b| b.split_at_checked(7 * 8)).ok_or_else(unknown)?;
        let n: Vec<u64> = numbers.as_chunks::<8>().0.iter().map(|c| u64::from_le_bytes(*c)).collect();
        let (filling, cursor) = rest.split_first().ok_or_else(unknown)?;
        if n[0] != store.0 {
            return Err(format!("they are rows of store {}", StoreId(n[0])));
        }
        Ok(Self {
            applied_seq: n[1],
            open: Digest { rows: n[2], sum: n[3] },
            history: Digest { rows: n[4], sum: n[5] },
            filling: (*filling == 1).then(|| (n[6], cursor.to_vec())),
        })
    }
}
