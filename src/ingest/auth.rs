//! Whose key is it. Keys are known by their SHA-256 only, so comparing takes the same time whatever was presented.

use super::limits;
use super::signature::Unsigned;
use crate::domain::directory::{Directory, IntegrationKey};
use crate::domain::heartbeat::Heartbeat;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

/// The integration behind a presented key.
pub fn lookup<'a>(directory: &'a Directory, presented: &str) -> Option<&'a IntegrationKey> {
    directory.keys.get(std::str::from_utf8(&hash(presented)?).ok()?)
}

/// The heartbeat behind a presented key.
pub fn heartbeat<'a>(directory: &'a Directory, presented: &str) -> Option<&'a Heartbeat> {
    let id = directory.heartbeat_keys.get(std::str::from_utf8(&hash(presented)?).ok()?)?;
    directory.heartbeats.get(id)
}

/// In hex; of what can be a key.
fn hash(presented: &str) -> Option<[u8; 64]> {
    if presented.is_empty() || presented.len() > limits::KEY_BYTES {
        return None;
    }
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(Sha256::digest(presented.as_bytes())) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    Some(hex)
}

/// What was presented by somebody who was not let in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Presented {
    /// A key nobody configured: its last four characters, from outside and unescaped; empty if the key is too short to
    /// show any, or missing.
    Unknown { tail: String },
    /// A key of something else, by its name in the configuration: it was sent to a path that it does not open.
    Elsewhere { key: String, opens: &'static str },
    /// A key that asks for signatures, by its name in the configuration, and what was wrong.
    Unsigned { key: String, why: Unsigned },
}

/// What the admin channel hears of whoever was not let in: a mistyped key, or a secret, is a silent monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    pub presented: Presented,
    /// Where it came from; `None` for everything beyond the bound.
    pub peer: Option<IpAddr>,
    pub count: u64,
}

/// A tally of unknown keys, bounded by [`limits::UNKNOWN_KEYS_TALLIED`]. Keep a clone of its `Arc` and drain it hourly.
#[derive(Debug, Default)]
pub struct UnknownKeys {
    tally: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    counts: HashMap<(Presented, IpAddr), u64>,
    beyond: u64,
}

impl UnknownKeys {
    /// Counts one request with this key.
    pub(super) fn count(&self, presented: &str, peer: IpAddr) {
        self.add(Presented::Unknown { tail: tail(presented) }, peer);
    }

    /// Counts one request with a key that opens something else.
    pub(super) fn count_elsewhere(&self, key: &str, opens: &'static str, peer: IpAddr) {
        self.add(Presented::Elsewhere { key: key.to_owned(), opens }, peer);
    }

    /// Counts one request under the known key of this name that was not signed right.
    pub(super) fn count_unsigned(&self, key: &str, why: Unsigned, peer: IpAddr) {
        self.add(Presented::Unsigned { key: key.to_owned(), why }, peer);
    }

    fn add(&self, presented: Presented, peer: IpAddr) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let id = (presented, peer.to_canonical());
        if let Some(count) = tally.counts.get_mut(&id) {
            *count += 1;
        } else if tally.counts.len() < limits::UNKNOWN_KEYS_TALLIED {
            tally.counts.insert(id, 1);
        } else {
            tally.beyond += 1;
        }
    }

    /// What was counted since the last call, most frequent first.
    pub fn drain_unknown_keys(&self) -> Vec<UnknownKey> {
        let tally = std::mem::take(&mut *self.tally.lock().unwrap_or_else(PoisonError::into_inner));
        let mut keys: Vec<_> = tally
            .counts
            .into_iter()
            .map(|((presented, peer), count)| UnknownKey { presented, peer: Some(peer), count })
            .collect();
        keys.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| (&a.presented, a.peer).cmp(&(&b.presented, b.peer))));
        if tally.beyond > 0 {
            let presented = Presented::Unknown { tail: String::new() };
            keys.push(UnknownKey { presented, peer: None, count: tally.beyond });
        }
        keys
    }
}

/// Enough to recognise a key by, never enough to guess it.
fn tail(key: &str) -> String {
    let mut last: Vec<char> = key.chars().rev().take(12).collect();
    if last.len() < 12 {
        return String::new();
    }
    last.truncate(4);
    last.into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tally_shows_four_characters_and_is_bounded() {
        let keys = UnknownKeys::default();
        let peer: IpAddr = "::ffff:10.0.0.5".parse().unwrap();
        keys.count("0123456789abcdef0123456789ab3f2a", peer);
        keys.count("0123456789abcdef0123456789ab3f2a", peer);
        keys.count("short", peer);
        let told = keys.drain_unknown_keys();
        let peer = Some("10.0.0.5".parse().unwrap());
        let unknown =
            |tail: &str, count| UnknownKey { presented: Presented::Unknown { tail: tail.into() }, peer, count };
        assert_eq!(told, [unknown("3f2a", 2), unknown("", 1)]);
        assert_eq!(keys.drain_unknown_keys(), []);
        for n in 0..limits::UNKNOWN_KEYS_TALLIED + 50 {
            keys.count(&format!("a-mistyped-key-{n:04}"), "10.0.0.5".parse().unwrap());
        }
        let told = keys.drain_unknown_keys();
        assert_eq!(told.len(), limits::UNKNOWN_KEYS_TALLIED + 1);
        assert_eq!(told.last(), Some(&UnknownKey { peer: None, ..unknown("", 50) }));
    }
}
