//! What people write in the threads of our cards, kept for a while: a reaction says which message it is on and not what that
//! says, and a bot may not read replies.
//!
//! Only where a reaction is configured. It is no part of the journal, of the rows or of a backup, and nothing is decided by it: losing
//! the file loses what nobody put into a timeline. What is deleted or changed in Slack is deleted or changed here, on disk
//! as well. Nothing of it is logged.

use crate::clock::Clock;
use crate::domain::id::{IncidentNo, MessageRef, SlackTs};
use crate::domain::stamp::At;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A message is kept for seven days,
pub const KEPT_SECS: i64 = 7 * 24 * 60 * 60;
/// and so many of one incident, the oldest being forgotten first;
pub const KEPT_OF_ONE: usize = 300;
/// of all incidents together, so many.
pub const KEPT_IN_ALL: usize = 5_000;
/// The longest line of the file, in bytes: a longer one is not ours.
const LINE_BYTES: u64 = 16 * 1024;
/// The file holds at most so many lines more than there are messages.
const LINES_OVER: usize = 500;
/// What is too old is looked for this often.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// A message in the thread of a card. Its texts are bounded by whoever read them, and untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub message: MessageRef,
    /// The parent of its thread: the card of this incident.
    pub thread: SlackTs,
    pub incident: IncidentNo,
    pub author: String,
    pub text: String,
    pub link: String,
}

/// Cloning gives the same.
#[derive(Clone)]
pub struct Kept(Arc<Mutex<Inner>>);

struct Inner {
    path: PathBuf,
    all: BTreeMap<MessageRef, Message>,
    /// To append to; none before the first message, and after one could not be written.
    file: Option<File>,
    lines: usize,
}

impl Kept {
    /// Reads what was kept. What cannot be read is forgotten: it is a copy of what stands in Slack.
    ///
    /// # Errors
    /// The file cannot be opened, or written anew.
    pub fn open(path: &Path, now: At) -> io::Result<Self> {
        let mut inner = Inner { path: path.to_owned(), all: BTreeMap::new(), file: None, lines: 0 };
        match File::open(path) {
            Ok(file) => {
                inner.read(BufReader::new(file))?;
                inner.forget(now);
                inner.rewrite()?;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        Ok(Self(Arc::new(Mutex::new(inner))))
    }

    /// Removes a file that is left of when messages were kept.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn remove(path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Keeps it, on disk when this returns; in the place of what the same message said before.
    ///
    /// # Errors
    /// It could not be written, and is not kept.
    pub fn put(&self, message: Message, now: At) -> io::Result<()> {
        let mut inner = self.lock();
        let known = inner.all.get(&message.message);
        if known == Some(&message) {
            return Ok(());
        }
        let is_change = known.is_some();
        let line = line(&message)?;
        inner.all.insert(message.message.clone(), message);
        inner.forget(now);
        // What it said before is to be gone.
        if is_change || inner.lines > inner.all.len() + LINES_OVER { inner.rewrite() } else { inner.append(&line) }
    }

    /// It was deleted in Slack.
    ///
    /// # Errors
    /// It is still on disk.
    pub fn gone(&self, message: &MessageRef) -> io::Result<()> {
        let mut inner = self.lock();
        if inner.all.remove(message).is_some() { inner.rewrite() } else { Ok(()) }
    }

    pub fn get(&self, message: &MessageRef, now: At) -> Option<Message> {
        self.lock().all.get(message).filter(|m| !is_old(m, now)).cloned()
    }

    /// Forgets what is too old, now and then, until `stop`.
    pub fn start(self, clock: Clock, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let looking = async {
                loop {
                    clock.sleep(LOOK_EVERY).await;
                    let (this, now) = (self.clone(), clock.now());
                    let done = tokio::task::spawn_blocking(move || this.look(now)).await;
                    if let Ok(Err(error)) = done {
                        tracing::warn!(%error, "messages of our threads that are too old are still on disk");
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = looking => {}
            }
        })
    }

    fn look(&self, now: At) -> io::Result<()> {
        let mut inner = self.lock();
        inner.forget(now);
        if inner.lines > inner.all.len() { inner.rewrite() } else { Ok(()) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_old(message: &Message, now: At) -> bool {
    message.message.said().is_none_or(|said| said.plus_secs(KEPT_SECS) <= now)
}

fn line(message: &Message) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

impl Inner {
    /// A line that cannot be read was cut by a crash, or is not ours.
    fn read(&mut self, mut from: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = io::Read::take(&mut from, LINE_BYTES).read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            if let Ok(message) = serde_json::from_slice::<Message>(&line) {
                self.all.insert(message.message.clone(), message);
            }
        }
    }

    fn forget(&mut self, now: At) {
        self.all.retain(|_, m| !is_old(m, now));
        let mut of: BTreeMap<IncidentNo, usize> = BTreeMap::new();
        let mut newest: Vec<(Option<At>, MessageRef, IncidentNo)> =
            self.all.values().map(|m| (m.message.said(), m.message.clone(), m.incident)).collect();
        newest.sort_by(|a, b| b.cmp(a));
        let mut left = KEPT_IN_ALL;
        for (_, message, incident) in newest {
            let count = of.entry(incident).or_default();
            *count += 1;
            if *count > KEPT_OF_ONE || left == 0 {
                self.all.remove(&message);
            } else {
                left -= 1;
            }
        }
    }

    fn append(&mut self, line: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().create(true).append(true).open(&self.path)?),
        };
        let written = file.write_all(line).and_then(|()| file.sync_data());
        self.lines += 1;
        if written.is_err() {
            // What follows must not stand on half a line.
            self.file = None;
            self.lines = usize::MAX / 2;
        }
        written
    }

    fn rewrite(&mut self) -> io::Result<()> {
        self.file = None;
        let new = self.path.with_extension("new");
        let mut out = io::BufWriter::new(File::create(&new)?);
        for message in self.all.values() {
            out.write_all(&line(message)?)?;
        }
        out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_data()?;
        fs::rename(&new, &self.path)?;
        self.lines = self.all.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: At = At(1_772_420_520_000);

    fn said(incident: u64, secs_ago: i64, n: usize, text: &str) -> Message {
        let ts = format!("{}.{n:06}", NOW.plus_secs(-secs_ago).secs());
        let message = MessageRef { channel: "C1".into(), ts: ts.into() };
        let (author, text) = ("Ben".to_owned(), text.to_owned());
        Message { message, thread: "1.2".into(), incident: IncidentNo(incident), author, text, link: String::new() }
    }

    fn fresh() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("threads.jsonl");
        (dir, path)
    }

    fn on_disk(path: &Path) -> String {
        fs::read_to_string(path).expect("the file")
    }

    #[test]
    fn what_was_said_is_there_after_a_restart_and_gone_when_it_was_deleted_or_changed() {
        let (_dir, path) = fresh();
        let kept = Kept::open(&path, NOW).expect("nothing is there yet");
        let (one, two) = (said(1, 60, 1, "the pool is full"), said(1, 50, 2, "password: hunter2"));
        kept.put(one.clone(), NOW).expect("it is kept");
        kept.put(two.clone(), NOW).expect("it is kept");
        kept.put(two.clone(), NOW).expect("twice is once");
        let again = Kept::open(&path, NOW).expect("it is read");
        assert_eq!(again.get(&one.message, NOW), Some(one.clone()));
        let mended = Message { text: "never mind".to_owned(), ..two.clone() };
        again.put(mended.clone(), NOW).expect("it is changed");
        assert_eq!(again.get(&two.message, NOW), Some(mended));
        assert!(!on_disk(&path).contains("hunter2"), "what it said before is nowhere");
        again.gone(&one.message).expect("it is deleted");
        assert!(again.get(&one.message, NOW).is_none() && !on_disk(&path).contains("pool"));
        again.gone(&one.message).expect("twice is once");
    }

    #[test]
    fn a_line_that_was_cut_costs_itself_only() {
        let (_dir, path) = fresh();
        let one = said(1, 60, 1, "the pool is full");
        let mut bytes = line(&one).expect("a line");
        bytes.extend_from_slice(b"{\"message\":{\"chan");
        fs::write(&path, &bytes).expect("written");
        let kept = Kept::open(&path, NOW).expect("it is read");
        assert_eq!(kept.get(&one.message, NOW), Some(one));
        let two = said(1, 50, 2, "and slow");
        kept.put(two.clone(), NOW).expect("it is kept");
        assert_eq!(Kept::open(&path, NOW).expect("it is read").get(&two.message, NOW), Some(two));
        fs::write(&path, vec![b'x'; 100_000]).expect("written");
        assert!(Kept::open(&path, NOW).expect("it is read").lock().all.is_empty());
    }

    #[test]
    fn after_seven_days_it_is_gone_from_the_disk_as_well() {
        let (_dir, path) = fresh();
        let kept = Kept::open(&path, NOW).expect("nothing is there yet");
        let (old, new) = (said(1, KEPT_SECS - 60, 1, "long ago"), said(1, 60, 2, "now"));
        kept.put(old.clone(), NOW).expect("it is kept");
        kept.put(new.clone(), NOW).expect("it is kept");
        assert!(kept.get(&old.message, NOW).is_some());
        let later = NOW.plus_secs(60);
        assert!(kept.get(&old.message, later).is_none(), "also before anybody looked");
        kept.look(later).expect("it is written");
        assert!(!on_disk(&path).contains("long ago") && on_disk(&path).contains("now"));
        // What says of no time is nothing of Slack's.
        let odd = MessageRef { channel: "C1".into(), ts: "soon".into() };
        kept.put(Message { message: odd.clone(), ..new }, later).expect("taken");
        assert!(kept.get(&odd, later).is_none());
    }

    #[test]
    fn of_one_incident_and_in_all_there_is_a_bound_and_the_newest_stay() {
        let (_dir, path) = fresh();
        let kept = Kept::open(&path, NOW).expect("nothing is there yet");
        {
            let mut inner = kept.lock();
            for n in 0..KEPT_OF_ONE + 10 {
                let m = said(1, 3_600 - i64::try_from(n).expect("few"), n, "of one");
                inner.all.insert(m.message.clone(), m);
            }
            for n in 0..KEPT_IN_ALL {
                let m = said(2 + n as u64 / 100, 60, n, "of all");
                inner.all.insert(m.message.clone(), m);
            }
        }
        let newest = said(1, 1, 0, "the newest");
        kept.put(newest.clone(), NOW).expect("it is kept");
        let inner = kept.lock();
        assert_eq!(inner.all.len(), KEPT_IN_ALL);
        assert!(inner.all.contains_key(&newest.message));
        assert!(inner.all.values().filter(|m| m.incident == IncidentNo(1)).count() <= KEPT_OF_ONE);
        drop(inner);
        // The file grows with what is written and not without end.
        for n in 0..LINES_OVER * 2 {
            kept.put(said(900, 0, n, "more"), NOW).expect("it is kept");
            let inner = kept.lock();
            assert!(inner.lines <= inner.all.len() + LINES_OVER + 1);
        }
    }
}
