//! Playbooks that people draft: files in the data directory, for people to take from there.
//!
//! A draft is no state of the pager: it is in no journal and in no backup, nothing waits for it, and it becomes a playbook only when
//! somebody puts it into the folder of playbooks. One for each incident; whoever saves says which text they had before them. People
//! may write on in the file itself: the newest file of an incident is its draft, and none of theirs is ever removed.

pub mod front;

use crate::config::playbook::means_something_else;
use crate::domain::id::IncidentNo;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// The folder, below the data directory.
pub const FOLDER: &str = "drafts";
/// So many drafts are kept; then some are to be removed by hand.
pub const DRAFTS_MAX: usize = 500;
/// A file that is larger was not written here.
const FILE_BYTES: u64 = 256 * 1024;
/// Of a title, so many letters are in a file's name: a playbook's has no more, for people type it.
const NAME_CHARS: usize = 40;
/// Before a title that would mean something else as a name.
const PREFIX: &str = "playbook-";
/// Ends the name of a file that is being written.
const HALF: &str = "new";
/// Ends the name of a file that another one of the same incident took the place of.
const ASIDE: &str = "old";
/// Files of one name that are set aside; of more, the last one is written over.
const ASIDE_MAX: u32 = 1_000;

/// Cloning gives the same.
#[derive(Clone, Debug)]
pub struct Drafts {
    folder: PathBuf,
    /// Held from looking what is there until it is read or replaced.
    one_at_a_time: Arc<Mutex<()>>,
}

/// A draft that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub path: PathBuf,
    pub text: String,
}

/// Why a draft was not saved.
#[derive(Debug)]
pub enum NotSaved {
    /// Somebody else saved another text since it was opened.
    Meanwhile,
    /// There are [`DRAFTS_MAX`].
    Full,
    Disk(io::Error),
}

impl From<io::Error> for NotSaved {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Kept {
    /// What the text is known by: whoever saves over it names it.
    pub fn mark(&self) -> String {
        let hash = Sha256::digest(self.text.as_bytes());
        hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// Where it is, below the data directory.
    pub fn file(&self) -> String {
        below_data(&self.path)
    }
}

/// Where a draft is, below the data directory.
pub fn below_data(path: &Path) -> String {
    format!("{FOLDER}/{}", path.file_name().unwrap_or_default().to_string_lossy())
}

impl Drafts {
    pub fn of(data_dir: &Path) -> Self {
        Self { folder: data_dir.join(FOLDER), one_at_a_time: Arc::default() }
    }

    /// Puts in order what a crash left, or people: halves of files go, and of several files of one incident all but the newest are
    /// set aside, under a name that is no draft's.
    ///
    /// # Errors
    /// The folder cannot be read or changed.
    pub fn tidy(&self) -> io::Result<()> {
        let _alone = self.alone();
        for path in self.ending_in(HALF)? {
            fs::remove_file(path)?;
        }
        let numbers: BTreeSet<u64> = self.all()?.iter().filter_map(|path| number(path)).collect();
        numbers.into_iter().try_for_each(|no| self.set_others_aside(IncidentNo(no)))
    }

    /// The draft of an incident. Blocks on the disk, and on whoever saves one.
    ///
    /// # Errors
    /// The folder or the file cannot be read.
    pub fn get(&self, no: IncidentNo) -> io::Result<Option<Kept>> {
        let _alone = self.alone();
        self.read(no)
    }

    /// Saves a draft, over the one with this mark; none: there was none. It is on disk before this returns. Gives its path.
    ///
    /// # Errors
    /// See [`NotSaved`]. No text changed then.
    pub fn save(&self, no: IncidentNo, title: &str, text: &str, over: Option<&str>) -> Result<PathBuf, NotSaved> {
        let _alone = self.alone();
        self.make_folder()?;
        let before = self.read(no)?;
        let path = self.folder.join(format!("{}-{}.md", no.0, slug(title)));
        // What was sent twice is saved once.
        if before.as_ref().is_some_and(|kept| kept.text == text && kept.path == path) {
            return Ok(path);
        }
        if before.as_ref().map(Kept::mark).as_deref() != over {
            return Err(NotSaved::Meanwhile);
        }
        if before.is_none() && self.all()?.len() >= DRAFTS_MAX {
            return Err(NotSaved::Full);
        }
        let new = self.folder.join(format!(".{}.{HALF}", no.0));
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        self.set_others_aside(no)?;
        // Its name changes before its text does: at no instant are there two files of one draft.
        if let Some(old) = before.filter(|kept| kept.path != path) {
            fs::rename(old.path, &path)?;
        }
        fs::rename(&new, &path)?;
        File::open(&self.folder)?.sync_all()?;
        Ok(path)
    }

    fn alone(&self) -> MutexGuard<'_, ()> {
        self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder is there also after a crash.
    fn make_folder(&self) -> io::Result<()> {
        if self.folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&self.folder)?;
        self.folder.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
    }

    fn read(&self, no: IncidentNo) -> io::Result<Option<Kept>> {
        let Some(path) = self.newest_first(no)?.into_iter().next() else { return Ok(None) };
        if fs::metadata(&path)?.len() > FILE_BYTES {
            return Err(io::Error::other(format!("{} is larger than {FILE_BYTES} bytes", path.display())));
        }
        let text = fs::read_to_string(&path)?;
        Ok(Some(Kept { path, text }))
    }

    fn set_others_aside(&self, no: IncidentNo) -> io::Result<()> {
        for path in self.newest_first(no)?.into_iter().skip(1) {
            tracing::warn!(incident = no.0, file = %path.display(), "an older file of the same draft is set aside");
            let named = |n: u32| {
                let mut aside = path.clone().into_os_string();
                aside.push(if n == 0 { format!(".{ASIDE}") } else { format!(".{n}.{ASIDE}") });
                PathBuf::from(aside)
            };
            // What was set aside before stays.
            let free = (0..ASIDE_MAX).map(named).find(|aside| !aside.exists());
            fs::rename(&path, free.unwrap_or_else(|| named(ASIDE_MAX)))?;
        }
        Ok(())
    }

    /// The files of an incident: the first is its draft.
    fn newest_first(&self, no: IncidentNo) -> io::Result<Vec<PathBuf>> {
        let mut all: Vec<(SystemTime, PathBuf)> = Vec::new();
        for path in self.all()?.into_iter().filter(|path| number(path) == Some(no.0)) {
            all.push((fs::metadata(&path)?.modified()?, path));
        }
        all.sort_by(|a, b| b.cmp(a));
        Ok(all.into_iter().map(|(_, path)| path).collect())
    }

    /// The drafts there are, by name.
    fn all(&self) -> io::Result<Vec<PathBuf>> {
        self.ending_in("md")
    }

    fn ending_in(&self, extension: &str) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut all = entries.map(|e| e.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
        all.retain(|path| path.extension().is_some_and(|e| e == extension));
        all.sort();
        Ok(all)
    }
}

/// Of which incident a file is the draft.
fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.split_once('-')?.0.parse().ok()
}

/// A title as a file's name, without its ending, whatever it holds.
pub fn slug(title: &str) -> String {
    let lower = title.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name: String = words.collect::<Vec<_>>().join("-").chars().take(NAME_CHARS - PREFIX.len()).collect();
    let name = name.trim_end_matches('-');
    if means_something_else(name) {
        format!("{PREFIX}{name}").trim_end_matches('-').to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO: IncidentNo = IncidentNo(12);

    fn drafts() -> (tempfile::TempDir, Drafts) {
        let dir = tempfile::tempdir().expect("a directory");
        let drafts = Drafts::of(dir.path());
        (dir, drafts)
    }

    fn names(drafts: &Drafts) -> Vec<String> {
        let name = |path: PathBuf| path.file_name().expect("a name").to_string_lossy().into_owned();
        drafts.all().expect("readable").into_iter().map(name).collect()
    }

    #[test]
    fn a_draft_is_kept_under_its_title_and_moves_with_it() {
        let (_dir, drafts) = drafts();
        assert_eq!(drafts.get(NO).expect("readable"), None);
        let path = drafts.save(NO, "Disk is full!", "one", None).expect("it is saved");
        assert_eq!(fs::read_to_string(path).expect("there"), "one");
        let mark = drafts.get(NO).expect("readable").expect("there").mark();
        drafts.save(NO, "Disk filling up", "two", Some(&mark)).expect("it is saved");
        assert_eq!(names(&drafts), ["12-disk-filling-up.md"], "and is one file");
        drafts.save(IncidentNo(1), "../../etc/passwd", "three", None).expect("it is saved");
        drafts.save(IncidentNo(2), "…", "four", None).expect("it is saved");
        drafts.save(IncidentNo(3), "503", "five", None).expect("it is saved");
        let expected = ["1-etc-passwd.md", "12-disk-filling-up.md", "2-playbook.md", "3-playbook-503.md"];
        assert_eq!(names(&drafts), expected);
    }

    #[test]
    fn nobody_writes_over_what_they_have_not_read_and_the_same_twice_is_once() {
        let (_dir, drafts) = drafts();
        drafts.save(NO, "Disk", "anas", None).expect("it is saved");
        drafts.save(NO, "Disk", "anas", None).expect("sent twice");
        assert!(matches!(drafts.save(NO, "Disk", "bens", None), Err(NotSaved::Meanwhile)));
        assert!(matches!(drafts.save(NO, "Disk", "bens", Some("0")), Err(NotSaved::Meanwhile)));
        assert_eq!(drafts.get(NO).expect("readable").expect("there").text, "anas");
    }

    #[test]
    fn there_are_only_so_many_and_one_of_them_may_still_be_written() {
        let (_dir, drafts) = drafts();
        for n in 0..DRAFTS_MAX as u64 {
            drafts.save(IncidentNo(n), "Disk", "text", None).expect("there is room");
        }
        assert!(matches!(drafts.save(IncidentNo(9_999), "Disk", "text", None), Err(NotSaved::Full)));
        let mark = drafts.get(IncidentNo(3)).expect("readable").expect("there").mark();
        drafts.save(IncidentNo(3), "Disk", "more", Some(&mark)).expect("it is there already");
    }

    /// A file that was last written so many seconds after another one.
    fn written(drafts: &Drafts, name: &str, text: &str, secs: u64) {
        fs::create_dir_all(&drafts.folder).expect("a folder");
        let path = drafts.folder.join(name);
        fs::write(&path, text).expect("it is written");
        let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_772_420_520 + secs);
        File::options().write(true).open(path).and_then(|file| file.set_modified(at)).expect("its time is set");
    }

    #[test]
    fn of_two_files_of_one_draft_the_newer_one_is_it_and_the_other_is_set_aside() {
        let (_dir, drafts) = drafts();
        written(&drafts, "12-disk-filling-up.md", "newer", 60);
        written(&drafts, "12-a-disk.md", "older", 0);
        written(&drafts, "12-the-disk.md", "oldest", 0);
        written(&drafts, "1-worker.md", "another's", 0);
        assert_eq!(drafts.get(NO).expect("readable").expect("there").text, "newer");
        drafts.tidy().expect("it is tidied");
        assert_eq!(names(&drafts), ["1-worker.md", "12-disk-filling-up.md"]);
        let aside = fs::read_to_string(drafts.folder.join("12-a-disk.md.old")).expect("nothing of anybody's is lost");
        assert_eq!(aside, "older");
    }

    #[test]
    fn what_was_half_written_in_a_crash_goes_and_what_was_saved_stays() {
        let (_dir, drafts) = drafts();
        drafts.save(NO, "Disk", "saved", None).expect("it is saved");
        written(&drafts, ".12.new", "ha", 60);
        drafts.tidy().expect("it is tidied");
        assert!(!drafts.folder.join(".12.new").exists());
        assert_eq!(drafts.get(NO).expect("readable").expect("there").text, "saved");
    }

    #[test]
    fn a_draft_does_not_take_the_place_of_a_file_that_somebody_put_there() {
        let (_dir, drafts) = drafts();
        written(&drafts, "12-disk.md", "the draft", 60);
        written(&drafts, "12-worker.md", "by hand", 0);
        let mark = drafts.get(NO).expect("readable").expect("there").mark();
        drafts.save(NO, "Worker", "the draft, renamed", Some(&mark)).expect("it is saved");
        assert_eq!(names(&drafts), ["12-worker.md"]);
        assert_eq!(fs::read_to_string(drafts.folder.join("12-worker.md.old")).expect("there"), "by hand");
    }

    #[test]
    fn what_was_set_aside_before_stays() {
        let (_dir, drafts) = drafts();
        for (n, text) in ["first", "second", "third"].into_iter().enumerate() {
            written(&drafts, "12-worker.md", text, 0);
            written(&drafts, &format!("12-disk-{n}.md"), "newer", 60);
            drafts.tidy().expect("it is tidied");
            fs::remove_file(drafts.folder.join(format!("12-disk-{n}.md"))).expect("it is there");
        }
        let aside = ["12-worker.md.old", "12-worker.md.1.old", "12-worker.md.2.old"];
        let aside = aside.map(|name| fs::read_to_string(drafts.folder.join(name)).expect("it is there"));
        assert_eq!(aside, ["first", "second", "third"]);
    }

    #[test]
    fn before_anything_was_drafted_there_is_nothing_to_tidy() {
        let (dir, drafts) = drafts();
        drafts.tidy().expect("there is nothing");
        assert!(!dir.path().join(FOLDER).exists());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_said() {
        let (dir, drafts) = drafts();
        fs::write(dir.path().join(FOLDER), "a file").expect("it is written");
        assert!(matches!(drafts.save(NO, "Disk", "text", None), Err(NotSaved::Disk(_))));
    }
}
