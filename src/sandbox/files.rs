//! The log on disk: appended before each answer, read at start, rewritten without the past when it is opened. No fsync:
//! this Slack is a demonstration's, and its reader is the same machine.

use super::persist::{Change, compact};
use anyhow::Context;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

/// An open log.
#[derive(Debug)]
pub struct Log {
    file: File,
}

impl Log {
    /// Opens `DIR/log.jsonl`, gives back what it holds, and rewrites it compacted. A torn last line is dropped.
    ///
    /// # Errors
    /// The directory cannot be read or written, or a line before the last cannot be read: its number is named.
    pub fn open(dir: &Path) -> anyhow::Result<(Self, Vec<Change>)> {
        fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
        let path = dir.join("log.jsonl");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        };
        let changes = compact(read(&bytes).with_context(|| format!("{}", path.display()))?);
        let fresh = dir.join("log.jsonl.new");
        let mut text = String::new();
        for change in &changes {
            text.push_str(&serde_json::to_string(change)?);
            text.push('\n');
        }
        fs::write(&fresh, text).with_context(|| format!("cannot write {}", fresh.display()))?;
        fs::rename(&fresh, &path).with_context(|| format!("cannot replace {}", path.display()))?;
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok((Self { file }, changes))
    }

    /// Appends changes, in one write.
    ///
    /// # Errors
    /// The disk refuses.
    pub fn append(&mut self, changes: &[Change]) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        for change in changes {
            serde_json::to_writer(&mut bytes, change)?;
            bytes.push(b'\n');
        }
        self.file.write_all(&bytes).context("cannot append to the sandbox's log")
    }
}

fn read(bytes: &[u8]) -> anyhow::Result<Vec<Change>> {
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    let mut changes = Vec::new();
    for (i, line) in bytes[..whole].split(|b| *b == b'\n').enumerate().filter(|(_, l)| !l.is_empty()) {
        let change = serde_json::from_slice(line)
            .with_context(|| format!("line {} cannot be read; delete the file to begin with an empty Slack", i + 1))?;
        changes.push(change);
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_last_line_is_dropped_and_a_bad_one_before_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (mut log, before) = Log::open(dir.path()).unwrap();
        assert!(before.is_empty());
        log.append(&[Change::Counter { n: 1 }, Change::Counter { n: 2 }]).unwrap();
        log.append(&[Change::ViewGone { id: "V1".into() }]).unwrap();
        let path = dir.path().join("log.jsonl");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend(b"{\"put\":\"coun");
        fs::write(&path, &bytes).unwrap();
        assert_eq!(Log::open(dir.path()).unwrap().1, [Change::Counter { n: 2 }]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"put\":\"counter\",\"n\":2}\n");
        fs::write(&path, "{\"put\":\"counter\",\"n\":2}\nwhat\n").unwrap();
        assert!(format!("{:#}", Log::open(dir.path()).unwrap_err()).contains("line 2"));
    }
}
