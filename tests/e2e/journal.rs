//! The journal as an outsider reads it: JSON lines, and zeros after the last.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// All frames, in order.
pub fn frames(data_dir: &Path) -> Vec<Value> {
    let mut frames: BTreeMap<u64, Value> = BTreeMap::new();
    for segment in segments(data_dir) {
        let bytes = std::fs::read(&segment).unwrap_or_default();
        let lines = bytes.split(|b| *b == b'\n').take_while(|line| line.first() == Some(&b'{'));
        // A line being written while it is read is not there yet.
        let whole = lines.map_while(|line| serde_json::from_slice::<Value>(line).ok());
        frames.extend(whole.map(|frame| (frame["seq"].as_u64().unwrap_or(0), frame)));
    }
    frames.into_values().collect()
}

/// All facts, in order.
pub fn facts(data_dir: &Path) -> Vec<Value> {
    let facts = |frame: Value| frame["facts"].as_array().cloned().unwrap_or_default();
    frames(data_dir).into_iter().flat_map(facts).collect()
}

/// The file of the segment that is being written.
pub fn last_segment(data_dir: &Path) -> PathBuf {
    segments(data_dir).pop().expect("a segment")
}

fn segments(data_dir: &Path) -> Vec<PathBuf> {
    let list = |dir: &str| std::fs::read_dir(data_dir.join(dir)).into_iter().flatten().flatten();
    let paths = list("archive").chain(list("journal")).map(|entry| entry.path());
    let mut segments: Vec<PathBuf> = paths.filter(|p| p.extension().is_some_and(|e| e == "jsonl")).collect();
    segments.sort_by_key(|p| p.file_name().map(ToOwned::to_owned));
    segments
}

/// Is this fact of this kind?
pub fn is(fact: &Value, kind: &str) -> bool {
    fact["k"] == kind
}

/// Pages and cards whose fate is not in these facts: what the pager has still to do or to find out.
pub fn unsettled(facts: &[Value]) -> Vec<String> {
    let mut open = BTreeSet::new();
    for fact in facts {
        let (page, incident) = (&fact["page"], &fact["incident"]);
        match fact["k"].as_str().unwrap_or_default() {
            "page_requested" => open.insert(format!("page {page} of #{incident}")),
            "page_delivered" | "page_failed" | "page_revoked" => open.remove(&format!("page {page} of #{incident}")),
            "incident_opened" => open.insert(format!("card of #{incident}")),
            "sync_created" => open.remove(&format!("card of #{}", fact["key"]["card"])),
            _ => false,
        };
    }
    open.into_iter().collect()
}
