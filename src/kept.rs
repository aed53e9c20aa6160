//! What people write in the threads of our cards, kept for a while: a reaction says which message it is on and not what that
//! says, and a bot may not read replies.
//!
//! Only where a reaction is configured. It is no part of the journal, of the rows or of a backup, and nothing is decided by it: losing
//! the file loses what nobody put into a timeline. What is deleted or changed in Slack is deleted or changed here, on disk
//! as well, in whichever order Slack tells it. Nothing of it is logged.
//!
//! Memory goes ahead of the disk, and nobody is told that something is kept, or gone, before the disk has it: after a write that
//! failed the whole file is written anew before anything else. Reading waits for nobody.

use crate::clock::Clock;
use crate::domain::id::{IncidentNo, MessageRef, SlackTs};
use crate::domain::stamp::At;
use crate::slack::said::Writer;
use crate::store::disk::{Disk, DiskFile, How, SharedDisk, parent, replace_file, temporary_of, write_all_at};
use arc_swap::ArcSwap;
use imbl::OrdMap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader};
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
/// Of so many deleted messages it is known that they are, for as long: Slack may still send them.
pub const GONE_IN_ALL: usize = 5_000;
/// The longest line of the file, in bytes: a longer one is not ours.
const LINE_BYTES: u64 = 16 * 1024;
/// At most so many messages that are forgotten are still in the file.
const LEFT_MOST: usize = 500;
/// What is too old is looked for this often.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);

/// A message in the thread of a card. Its texts are bounded by whoever read them, and untrusted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub message: MessageRef,
    /// The parent of its thread: the card of this incident.
    pub thread: SlackTs,
    pub incident: IncidentNo,
    pub by: Writer,
    /// Empty where it has no words: a picture, say.
    pub text: String,
    /// When it came to say this, by Slack's clock; `None`: it was never changed. What it said earlier never takes the place of what
    /// it said later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<SlackTs>,
}

/// Cloning gives the same.
#[derive(Clone)]
pub struct Kept(Arc<Both>);

struct Both {
    /// For whoever reads: behind no lock that is held while the disk is waited for.
    shown: ArcSwap<Messages>,
    inner: Mutex<Inner>,
}

type Messages = OrdMap<MessageRef, Arc<Message>>;

struct Inner {
    disk: SharedDisk,
    path: PathBuf,
    all: Messages,
    /// Deleted in Slack, the oldest first.
    gone: BTreeSet<(Option<At>, MessageRef)>,
    /// Forgotten, and still in the file.
    left: BTreeSet<MessageRef>,
    /// To append to. None: the disk may not have what is here, and is written anew before anything else.
    file: Option<Tail>,
}

/// The file, and where it ends.
struct Tail {
    file: Box<dyn DiskFile>,
    len_bytes: u64,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Said(Arc<Message>),
    Gone { gone: MessageRef },
}

/// What the disk lacks.
enum Lacks {
    Nothing,
    Line(Line),
    /// Something in the file is to be gone.
    All,
}

impl Kept {
    /// Reads what was kept. What cannot be read is forgotten: it is a copy of what stands in Slack.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(disk: SharedDisk, path: &Path, now: At) -> io::Result<Self> {
        let (all, gone, left) = (Messages::new(), BTreeSet::new(), BTreeSet::new());
        let mut inner = Inner { disk, path: path.to_owned(), all, gone, left, file: None };
        removed(&*inner.disk, &temporary_of(path))?;
        match inner.disk.open(path, How::Read) {
            Ok(file) => {
                inner.read(BufReader::new(Reading { file, at_bytes: 0 }))?;
                inner.forget(now);
                if let Err(error) = inner.write(Lacks::All) {
                    tracing::warn!(%error, "what was kept of our threads could not be written anew; the next message does it");
                }
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        let shown = ArcSwap::from_pointee(inner.all.clone());
        Ok(Self(Arc::new(Both { shown, inner: Mutex::new(inner) })))
    }

    /// Removes a file that is left of when messages were kept.
    ///
    /// # Errors
    /// It is there and cannot be removed.
    pub fn remove(disk: &dyn Disk, path: &Path) -> io::Result<()> {
        let was_there = [removed(disk, path)?, removed(disk, &temporary_of(path))?].contains(&true);
        if was_there { disk.sync_dir(parent(path)) } else { Ok(()) }
    }

    /// Keeps it, on disk when this returns; in the place of what the same message said before. One that was deleted, or says
    /// something else by now, is not kept.
    ///
    /// # Errors
    /// The disk may not have it.
    pub fn put(&self, message: Message, now: At) -> io::Result<()> {
        let mut inner = self.lock();
        let lacks = inner.hear(message, now);
        self.write(&mut inner, lacks)
    }

    /// It was deleted in Slack.
    ///
    /// # Errors
    /// It may still be on disk.
    pub fn gone(&self, message: &MessageRef, now: At) -> io::Result<()> {
        let mut inner = self.lock();
        let lacks = inner.unsay(message, now);
        self.write(&mut inner, lacks)
    }

    pub fn get(&self, message: &MessageRef, now: At) -> Option<Arc<Message>> {
        self.0.shown.load().get(message).filter(|m| !is_old(&m.message, now)).cloned()
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
        let lacks = if inner.left.is_empty() { Lacks::Nothing } else { Lacks::All };
        self.write(&mut inner, lacks)
    }

    /// Whoever reads sees it at once: what was deleted is nobody's to quote while the disk is waited for.
    fn write(&self, inner: &mut Inner, lacks: Lacks) -> io::Result<()> {
        self.0.shown.store(Arc::new(inner.all.clone()));
        inner.write(lacks)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_old(message: &MessageRef, now: At) -> bool {
    message.said().is_none_or(|said| said.plus_secs(KEPT_SECS) <= now)
}

/// Was it there?
fn removed(disk: &dyn Disk, path: &Path) -> io::Result<bool> {
    match disk.remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        done => Ok(done.is_ok()),
    }
}

impl Line {
    fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.push(b'\n');
        Ok(())
    }
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
            match serde_json::from_slice(&line) {
                Ok(Line::Said(message)) => drop(self.replace(message)),
                Ok(Line::Gone { gone }) => drop(self.bury(&gone)),
                Err(_) => {}
            }
        }
    }

    fn hear(&mut self, message: Message, now: At) -> Lacks {
        let said = message.message.clone();
        // The file may have what it said before, also where that is forgotten.
        let is_in_file = self.all.contains_key(&said) || self.left.contains(&said);
        if !self.replace(Arc::new(message)) {
            return Lacks::Nothing;
        }
        self.forget(now);
        match self.all.get(&said) {
            _ if is_in_file => Lacks::All,
            Some(message) => Lacks::Line(Line::Said(message.clone())),
            None => Lacks::Nothing,
        }
    }

    fn unsay(&mut self, message: &MessageRef, now: At) -> Lacks {
        let is_in_file = self.all.contains_key(message) || self.left.contains(message);
        let is_new = self.bury(message);
        self.forget(now);
        let is_buried = self.gone.contains(&(message.said(), message.clone()));
        match (is_in_file, is_new && is_buried) {
            (true, _) => Lacks::All,
            (false, true) => Lacks::Line(Line::Gone { gone: message.clone() }),
            (false, false) => Lacks::Nothing,
        }
    }

    /// False: it is gone, or says this already, or something later.
    fn replace(&mut self, message: Arc<Message>) -> bool {
        let key = &message.message;
        let is_later = self.all.get(key).is_none_or(|known| known.changed < message.changed);
        let is_there = !self.gone.contains(&(key.said(), key.clone()));
        if is_later && is_there {
            self.all.insert(key.clone(), message);
        }
        is_later && is_there
    }

    /// False: it was gone already.
    fn bury(&mut self, message: &MessageRef) -> bool {
        self.all.remove(message);
        self.gone.insert((message.said(), message.clone()))
    }

    fn forget(&mut self, now: At) {
        while let Some((_, oldest)) = self.gone.first()
            && (is_old(oldest, now) || self.gone.len() > GONE_IN_ALL)
        {
            self.left.extend(self.gone.pop_first().map(|(_, message)| message));
        }
        let mut of: BTreeMap<IncidentNo, usize> = BTreeMap::new();
        let mut newest: Vec<Arc<Message>> = self.all.values().cloned().collect();
        newest.sort_by_cached_key(|m| std::cmp::Reverse((m.message.said(), m.message.clone())));
        let mut room = KEPT_IN_ALL;
        for m in newest {
            let count = of.entry(m.incident).or_default();
            *count += 1;
            if *count > KEPT_OF_ONE || room == 0 || is_old(&m.message, now) {
                self.all.remove(&m.message);
                self.left.insert(m.message.clone());
            } else {
                room -= 1;
            }
        }
    }

    /// What fails leaves no file to append to, and half a line where there was one.
    fn write(&mut self, lacks: Lacks) -> io::Result<()> {
        let tail = match (self.file.take(), lacks) {
            (Some(tail), Lacks::Nothing) => tail,
            (Some(tail), Lacks::Line(line)) if self.left.len() <= LEFT_MOST => tail.append(&line)?,
            (Some(_), Lacks::Line(_) | Lacks::All) | (None, _) => self.anew()?,
        };
        self.file = Some(tail);
        Ok(())
    }

    fn anew(&mut self) -> io::Result<Tail> {
        let mut bytes = Vec::new();
        for message in self.all.values() {
            Line::Said(message.clone()).write(&mut bytes)?;
        }
        for (_, gone) in &self.gone {
            Line::Gone { gone: gone.clone() }.write(&mut bytes)?;
        }
        replace_file(&*self.disk, &self.path, &bytes)?;
        let file = self.disk.open(&self.path, How::Write)?;
        self.left.clear();
        Ok(Tail { file, len_bytes: bytes.len() as u64 })
    }
}

impl Tail {
    fn append(mut self, line: &Line) -> io::Result<Self> {
        let mut bytes = Vec::new();
        line.write(&mut bytes)?;
        write_all_at(&*self.file, &bytes, self.len_bytes).map_err(|(e, _)| e)?;
        self.file.sync_data()?;
        self.len_bytes += bytes.len() as u64;
        Ok(self)
    }
}

/// A file from its beginning.
struct Reading {
    file: Box<dyn DiskFile>,
    at_bytes: u64,
}

impl io::Read for Reading {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buf, self.at_bytes)?;
        self.at_bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
