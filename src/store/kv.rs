//! What rows are kept in: an ordered map that applies a batch whole or not at all.
//!
//! Two exist: sled on a disk, and a map in memory for tests and for a boot on which sled cannot be had at all.
//! Keys and values are bytes as they stand there; checksums and meaning are [`super::rows`]'s.

use super::journal::lock;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex};

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// A stretch of keys: from, to.
pub type Span = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// An ordered map of bytes. Errors are sentences: nothing can be done about them here but to rebuild.
pub trait Kv: Send + Sync + fmt::Debug {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String>;
    /// At most `most` pairs of `span`, its first or (`newest_first`) its last, in that order.
    fn some(&self, span: &Span, newest_first: bool, most: usize) -> Result<Vec<Pair>, String>;
    /// Applies all of it or nothing. Not necessarily durable when it returns.
    fn apply(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), String>;
    /// Makes what was applied survive the death of the process.
    fn flush(&self) -> Result<(), String>;
}

/// Where a [`Kv`] comes from at a boot, and where one goes that cannot be used.
pub trait KvSource: Send + Sync + fmt::Debug {
    /// Is there anything to open yet?
    fn exists(&self) -> bool;

    /// Opens what is there, or an empty one.
    ///
    /// # Errors
    /// A sentence saying why it cannot be opened.
    fn open(&self) -> Result<Box<dyn Kv>, String>;

    /// Moves what is there out of the way, without deleting it, and says where it is now. What [`KvSource::open`]
    /// returned must be dropped before.
    ///
    /// # Errors
    /// A sentence saying why it cannot be moved.
    fn set_aside(&self) -> Result<String, String>;
}

/// A [`Kv`] in memory. Cloning it gives the same one, so that it outlives a boot.
#[derive(Clone, Debug, Default)]
pub struct MemKv {
    map: Arc<Mutex<BTreeMap<Vec<u8>, Vec<u8>>>>,
}

impl MemKv {
    /// Changes it behind the store's back.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<Vec<u8>, Vec<u8>>)) {
        change(&mut lock(&self.map));
    }
}

impl Kv for MemKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        Ok(lock(&self.map).get(key).cloned())
    }

    fn some(&self, span: &Span, newest_first: bool, most: usize) -> Result<Vec<Pair>, String> {
        if is_empty(span) {
            return Ok(Vec::new());
        }
        let map = lock(&self.map);
        let range = map.range::<Vec<u8>, _>(span.clone());
        let pair = |(k, v): (&Vec<u8>, &Vec<u8>)| (k.clone(), v.clone());
        Ok(if newest_first { range.rev().take(most).map(pair).collect() } else { range.take(most).map(pair).collect() })
    }

    fn apply(&self, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) -> Result<(), String> {
        let mut map = lock(&self.map);
        for (key, value) in changes {
            match value {
                Some(value) => map.insert(key, value),
                None => map.remove(&key),
            };
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), String> {
        Ok(())
    }
}

impl KvSource for MemKv {
    fn exists(&self) -> bool {
        !lock(&self.map).is_empty()
    }

    fn open(&self) -> Result<Box<dyn Kv>, String> {
        Ok(Box::new(self.clone()))
    }

    fn set_aside(&self) -> Result<String, String> {
        lock(&self.map).clear();
        Ok("nowhere: they were in memory".into())
    }
}

/// True when no key can be in `span`. (The standard library's maps panic on some such spans.)
pub fn is_empty((from, to): &Span) -> bool {
    match (from, to) {
        (Bound::Included(a), Bound::Included(b)) => a > b,
        (Bound::Included(a) | Bound::Excluded(a), Bound::Excluded(b)) | (Bound::Excluded(a), Bound::Included(b)) => {
            a >= b
        }
        _ => false,
    }
}

/// All keys that start with `prefix`.
pub fn prefixed(prefix: &[u8]) -> Span {
    (Bound::Included(prefix.to_vec()), after_prefix(prefix).map_or(Bound::Unbounded, Bound::Excluded))
}

/// The first key after all that start with `prefix`; `None` when there is none.
pub fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let keep = prefix.iter().rposition(|b| *b != u8::MAX)?;
    let mut next = prefix[..=keep].to_vec();
    next[keep] += 1;
    Some(next)
}

/// Goes through `span` some pairs at a time.
pub struct Walk<'a> {
    kv: &'a dyn Kv,
    span: Span,
    newest_first: bool,
    ahead: std::vec::IntoIter<Pair>,
    done: bool,
}

const WALK_PAIRS: usize = 256;

impl<'a> Walk<'a> {
    pub fn new(kv: &'a dyn Kv, span: Span, newest_first: bool) -> Self {
        Self { kv, span, newest_first, ahead: Vec::new().into_iter(), done: false }
    }

    /// The next pair.
    ///
    /// # Errors
    /// The map's.
    pub fn advance(&mut self) -> Result<Option<Pair>, String> {
        if let Some(pair) = self.ahead.next() {
            return Ok(Some(pair));
        }
        if self.done {
            return Ok(None);
        }
        let some = self.kv.some(&self.span, self.newest_first, WALK_PAIRS)?;
        self.done = some.len() < WALK_PAIRS;
        if let Some((last, _)) = some.last() {
            let bound = Bound::Excluded(last.clone());
            if self.newest_first { self.span.1 = bound } else { self.span.0 = bound }
        }
        self.ahead = some.into_iter();
        Ok(self.ahead.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_where_the_next_one_starts() {
        assert_eq!(after_prefix(b"o/"), Some(b"o0".to_vec()));
        assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
        assert_eq!(after_prefix(b""), None);
    }

    #[test]
    fn a_walk_meets_every_pair_once_in_either_direction() {
        let kv = MemKv::default();
        let key = |i: u32| [b"k/".to_vec(), i.to_be_bytes().to_vec()].concat();
        kv.apply((0..1_000).map(|i| (key(i), Some(vec![]))).chain([(b"z".to_vec(), Some(vec![]))]).collect()).unwrap();
        for newest_first in [false, true] {
            let mut walk = Walk::new(&kv, prefixed(b"k/"), newest_first);
            let mut met = Vec::new();
            while let Some((k, _)) = walk.advance().unwrap() {
                met.push(k);
            }
            let mut wanted: Vec<_> = (0..1_000).map(key).collect();
            if newest_first {
                wanted.reverse();
            }
            assert_eq!(met, wanted);
        }
    }
}
