//! What an operator does with a data directory. All of it on a stopped one: the lock belongs to the process that runs.
//!
//! `verify` and `export` change nothing that is kept. But `export` and `backup` open the store as a start does, so they do
//! what the next start would do first: count up the epoch, cut an unfinished last frame, set unusable rows aside.

use crate::app::{open_store_briefly, verify_store};
use crate::clock::Clock;
use crate::domain::id::IncidentNo;
use crate::domain::incident::{Incident, State};
use crate::domain::item::Item;
use crate::domain::rca::Rca;
use crate::domain::stamp::At;
use crate::domain::world::World;
use crate::pump::look::Look;
use crate::store::disk::{Disk, RealDisk, temporary_of};
use crate::store::embedded::EmbeddedStore;
use crate::store::layout::Layout;
use crate::store::lineage::Lineage;
use crate::store::verify::Report;
use crate::store::{Opened, Store, StoreError, backup};
use crate::views::rca::markdown::markdown;
use chrono::SecondsFormat;
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Restore {
    /// A directory made by `backup`.
    #[arg(required_unless_present = "confirm", conflicts_with = "confirm")]
    backup: Option<PathBuf>,
    /// A person looked at the restored directory, and it may send again.
    #[arg(long)]
    confirm: bool,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    #[arg(value_enum)]
    what: What,
    /// Of which incident; for `rca` alone.
    number: Option<u64>,
    /// Incidents as JSON, people as TOML, an RCA as Markdown; there is no other way yet.
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Every incident there ever was, open and closed, by number.
    Incidents,
    /// People who were added by button, to be pasted into config.toml.
    People,
    /// The root-cause analysis of one incident: `export rca 12`.
    Rca,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One array.
    Json,
    /// Tables of the configuration.
    Toml,
    /// A text with headings.
    Markdown,
}

/// 0: fine, 1: something is wrong with it, 2: it could not be looked at.
pub(super) fn verify(data_dir: &Path) -> ExitCode {
    if let Err(code) = must_hold_data(data_dir, "verify") {
        return code;
    }
    match verify_store(data_dir) {
        Ok(report) => {
            told(data_dir, &report);
            ExitCode::from(u8::from(!report.is_fine()))
        }
        Err(e) => refused(data_dir, "verify", &e),
    }
}

fn told(data_dir: &Path, report: &Report) {
    for sentence in &report.said {
        println!("{sentence}");
    }
    for problem in &report.problems {
        println!("wrong: {problem}");
    }
    let dir = data_dir.display();
    match report.problems.len() {
        0 => println!(
            "{dir}: fine. {} frames up to {} in {} segments, {} texts ({} dropped), {} snapshots, {} rows as a replay \
             leaves them.",
            report.frames,
            report.last_seq,
            report.segments,
            report.texts,
            report.dropped_texts,
            report.snapshots.len(),
            report.rows
        ),
        1 => println!("{dir}: 1 thing is wrong."),
        n => println!("{dir}: {n} things are wrong."),
    }
}

pub(super) fn backup(data_dir: &Path, target: &Path) -> ExitCode {
    if let Err(code) = must_hold_data(data_dir, "backup") {
        return code;
    }
    with_store(data_dir, "backup", |store, _| match store.backup(target, Clock::system(0).now()) {
        Ok(report) => {
            let from = match report.snapshot {
                Some(seq) => format!("the snapshot after frame {seq} and the journal from there on"),
                None => "the whole journal".to_owned(),
            };
            println!(
                "{}: a backup of {} up to frame {}: {from}, {} files, {} bytes.",
                target.display(),
                data_dir.display(),
                report.seq,
                report.files,
                report.bytes
            );
            println!("To go on from it: warridor restore {} --data-dir NEW", target.display());
            ExitCode::SUCCESS
        }
        Err(StoreError::Io { context, source }) if source.kind() == io::ErrorKind::DirectoryNotEmpty => {
            eprintln!("{context}: {source}. A backup goes into a directory of its own: name one that is not there.");
            ExitCode::from(2)
        }
        Err(e) => failed("backup", &e),
    })
}

pub(super) fn restore(data_dir: &Path, options: &Restore) -> ExitCode {
    match &options.backup {
        Some(from) => restore_from(data_dir, from),
        None => confirm(data_dir),
    }
}

fn restore_from(data_dir: &Path, from: &Path) -> ExitCode {
    let to = data_dir.display();
    match backup::restore(&RealDisk, from, data_dir) {
        Ok(report) => {
            println!(
                "{to}: restored up to frame {} from the backup {}, taken {}. It was store {} and is {} now.",
                report.seq,
                from.display(),
                instant(report.taken),
                report.was,
                report.store
            );
            println!(
                "It starts paused: it takes alerts and sends nothing. `warridor export incidents --data-dir {to}` shows \
                 what it holds; if it is the one to go on with, `warridor restore --confirm --data-dir {to}`, then start \
                 it (again)."
            );
            ExitCode::SUCCESS
        }
        Err(StoreError::Io { context, source }) if source.kind() == io::ErrorKind::DirectoryNotEmpty => {
            eprintln!(
                "{context}: {source}. A backup is restored into a directory that is missing or empty: name another with \
                 --data-dir, or move this one aside."
            );
            ExitCode::from(2)
        }
        Err(e @ StoreError::Corrupt(_)) => {
            eprintln!("{e}");
            eprintln!("What was copied to {to} so far is no data directory: remove it, and restore another backup.");
            ExitCode::from(1)
        }
        Err(e) => failed("restore", &e),
    }
}

/// Also while the process runs: it looks at this once, when it starts.
fn confirm(data_dir: &Path) -> ExitCode {
    if let Err(code) = must_hold_data(data_dir, "restore --confirm") {
        return code;
    }
    let (dir, layout) = (data_dir.display(), Layout::new(data_dir));
    match Lineage::read(&RealDisk, &layout) {
        Ok(Some(lineage)) if lineage.paused => {}
        Ok(Some(lineage)) if lineage.restores() > 0 => {
            println!("{dir}: nothing to do, the restore was confirmed before.");
            return ExitCode::SUCCESS;
        }
        Ok(Some(_)) => {
            eprintln!("{dir} was never restored from a backup, so there is nothing to confirm. Is it the right one?");
            return ExitCode::from(2);
        }
        Ok(None) => {
            eprintln!("{} is missing.", layout.lineage().display());
            return ExitCode::from(2);
        }
        Err(e) => return failed("restore --confirm", &e),
    }
    // Held while it is written, if nobody else holds it: two pagers never see half of this.
    let lock = RealDisk.lock(&layout.lock());
    if let Err(e) = open_store_briefly(data_dir).confirm_restore() {
        return failed("restore --confirm", &e);
    }
    let next = if matches!(lock, Ok(Some(_))) { "Start it" } else { "It runs: restart it" };
    println!("{dir}: confirmed. {next}, and it sends again.");
    ExitCode::SUCCESS
}

pub(super) fn export(data_dir: &Path, options: &Export) -> ExitCode {
    if let Err(code) = must_hold_data(data_dir, "export") {
        return code;
    }
    let fits = match options.what {
        What::Incidents => Format::Json,
        What::People => Format::Toml,
        What::Rca => Format::Markdown,
    };
    if let Some(other) = options.format.filter(|f| *f != fits) {
        eprintln!("export: these are exported as {fits:?}, not as {other:?}: leave --format out.");
        return ExitCode::from(2);
    }
    let number = match (options.what, options.number) {
        (What::Rca, None) => {
            eprintln!("export: of which incident? Write its number: warridor export rca 12");
            return ExitCode::from(2);
        }
        (What::Incidents | What::People, Some(number)) => {
            eprintln!("export: all of these are exported: leave {number} out.");
            return ExitCode::from(2);
        }
        (_, number) => IncidentNo(number.unwrap_or_default()),
    };
    with_store(data_dir, "export", |store, opened| {
        let mut out = BufWriter::new(io::stdout().lock());
        let printed = match Look::new(store, opened) {
            Ok(look) => match options.what {
                What::Incidents => incidents(&look, &mut out),
                What::People => Ok(people(look.world(), &mut out)),
                What::Rca => match look.rca(number) {
                    Ok(Some((rca, items))) => Ok(written(&rca, &items, &mut out)),
                    Ok(None) => {
                        eprintln!("export: {number} needs no RCA, and none was written for it.");
                        return ExitCode::from(1);
                    }
                    Err(e) => Err(e),
                },
            },
            Err(e) => return failed("export", &e),
        };
        match printed {
            Ok(Ok(())) => ExitCode::SUCCESS,
            // Whoever read this has read enough.
            Ok(Err(e)) if e.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Ok(Err(e)) => {
                eprintln!("export: cannot write: {e}");
                ExitCode::from(1)
            }
            Err(e) => failed("export", &e),
        }
    })
}

fn incidents(look: &Look<'_>, out: &mut dyn Write) -> Result<io::Result<()>, StoreError> {
    let mut written = out.write_all(b"[");
    let mut first = true;
    look.incidents(&mut |incident| {
        let before: &[u8] = if std::mem::take(&mut first) { b"\n" } else { b",\n" };
        written = out
            .write_all(before)
            .and_then(|()| serde_json::to_writer(&mut *out, &Exported::of(incident)).map_err(io::Error::from));
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(written.and_then(|()| out.write_all(b"\n]\n")).and_then(|()| out.flush()))
}

/// Without the configuration, people are called by their ids.
fn written(rca: &Rca, items: &[Item], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(markdown(rca, items, &|user| user.to_string()).as_bytes())?;
    out.flush()
}

/// Who was added by button, as the configuration takes them. Pasted with the id they have, they stay who they are.
fn people(world: &World, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Tables<'a> {
        user: Vec<Added<'a>>,
    }
    #[derive(Serialize)]
    struct Added<'a> {
        id: String,
        name: &'a str,
        slack: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        email: &'a str,
        tz: &'a str,
    }
    let added = world.people.values().filter_map(|n| {
        let id = n.user()?.id.to_string();
        Some(Added { id, name: &n.name, slack: n.slack.as_str(), email: &n.email, tz: &n.tz })
    });
    let tables = Tables { user: added.collect() };
    if tables.user.is_empty() {
        writeln!(out, "# Nobody was added by button.")?;
    } else {
        out.write_all(toml::to_string(&tables).map_err(io::Error::other)?.as_bytes())?;
    }
    out.flush()
}

/// An incident for programs outside. Names and meanings stay.
#[derive(Serialize)]
struct Exported<'a> {
    number: u64,
    /// `triggered`, `acknowledged` or `resolved`; snoozed is acknowledged until `snoozed_until`.
    state: &'static str,
    since: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<String>,
    service: &'a str,
    team: &'a str,
    tier: u8,
    urgency: crate::domain::directory::Urgency,
    title: &'a str,
    link: &'a str,
    opened: String,
    dedup_keys: Vec<&'a str>,
    /// Who acknowledged it or was added, in that order.
    responders: Vec<&'a str>,
}

impl<'a> Exported<'a> {
    fn of(incident: &'a Incident) -> Self {
        let (state, since, until) = match &incident.state {
            State::Triggered { since } => ("triggered", since, None),
            State::Acknowledged { since, .. } => ("acknowledged", since, None),
            State::Snoozed { since, until, .. } => ("acknowledged", since, Some(until)),
            State::Resolved { since, .. } => ("resolved", since, None),
        };
        Self {
            number: incident.no.0,
            state,
            since: instant(*since),
            snoozed_until: until.map(|at| instant(*at)),
            service: incident.service.as_str(),
            team: incident.team.as_str(),
            tier: incident.tier,
            urgency: incident.urgency,
            title: &incident.title,
            link: &incident.link,
            opened: instant(incident.opened),
            dedup_keys: incident.alerts.iter().map(|a| &*a.dedup).collect(),
            responders: incident.responders.iter().map(|u| u.as_str()).collect(),
        }
    }
}

fn instant(at: At) -> String {
    at.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Opens the store for as long as `work` takes, and says what the opening found.
fn with_store(data_dir: &Path, doing: &str, work: impl FnOnce(&EmbeddedStore, &Opened) -> ExitCode) -> ExitCode {
    let store = open_store_briefly(data_dir);
    let opened = match store.open() {
        Ok(opened) => opened,
        Err(e) => return refused(data_dir, doing, &e),
    };
    for notice in &opened.notices {
        eprintln!("{notice}");
    }
    let code = work(&store, &opened);
    match store.close() {
        Ok(()) => code,
        Err(e) => failed(doing, &e),
    }
}

/// The state in a stopped data directory, read from a copy of it: the directory itself is left as it is.
pub(super) fn look_at_copy(data_dir: &Path, doing: &str) -> Result<World, ExitCode> {
    let lock = RealDisk.lock(&Layout::new(data_dir).lock());
    if matches!(lock, Ok(None)) {
        return Err(refused(data_dir, doing, &StoreError::InUse(data_dir.display().to_string())));
    }
    let copy = std::env::temp_dir().join(format!("warridor-{doing}-{}", std::process::id()));
    let world = copied(data_dir, &copy).map_err(|e| {
        eprintln!("{doing}: {} cannot be copied to {}: {e}", data_dir.display(), copy.display());
        ExitCode::from(2)
    });
    drop(lock);
    let world = world.and_then(|()| {
        let store = open_store_briefly(&copy);
        let opened = store.open().map_err(|e| refused(data_dir, doing, &e))?;
        let world = Look::new(&store, &opened).map(|look| look.world().clone()).map_err(|e| failed(doing, &e));
        store.close().map_err(|e| failed(doing, &e))?;
        world
    });
    if let Err(e) = std::fs::remove_dir_all(&copy) {
        eprintln!("{doing}: the copy {} cannot be removed: {e}", copy.display());
    }
    world
}

/// For nobody else to read, and without what people wrote in threads: no state is made of that.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(to)?;
    let threads = Layout::new(from).threads();
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if [&threads, &temporary_of(&threads)].contains(&&entry.path()) {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copied(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// A directory that is not one of ours is left as it is, without even a lock in it.
pub(super) fn must_hold_data(data_dir: &Path, doing: &str) -> Result<(), ExitCode> {
    let layout = Layout::new(data_dir);
    let ours = [layout.lineage(), layout.head(), layout.journal()];
    if ours.iter().any(|path| path.exists()) {
        return Ok(());
    }
    let what = if data_dir.exists() { "holds no data of Warridor's" } else { "is not there" };
    eprintln!("{doing}: {} {what}. Name the data directory with --data-dir DIR.", data_dir.display());
    Err(ExitCode::from(2))
}

fn refused(data_dir: &Path, doing: &str, e: &StoreError) -> ExitCode {
    match e {
        StoreError::InUse(_) => {
            eprintln!(
                "{doing}: {} is in use by a running process. Stop it first (SIGTERM: it ends within 10 seconds), then \
                 try again.",
                data_dir.display()
            );
            ExitCode::from(2)
        }
        StoreError::Corrupt(_) | StoreError::Io { .. } | StoreError::Fenced(_) => failed(doing, e),
    }
}

/// Damage is what was asked about; anything else kept us from looking.
fn failed(doing: &str, e: &StoreError) -> ExitCode {
    eprintln!("{doing}: {e}");
    ExitCode::from(if matches!(e, StoreError::Corrupt(_)) { 1 } else { 2 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_copy_to_look_at_is_nobody_elses_and_has_nothing_that_was_said_in_threads() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, to) = (dir.path().join("data"), dir.path().join("copy"));
        let (theirs, copy) = (Layout::new(&from), Layout::new(&to));
        std::fs::create_dir_all(theirs.journal()).expect("made");
        for path in [theirs.threads(), temporary_of(&theirs.threads()), theirs.head(), theirs.segment(1)] {
            std::fs::write(path, "hunter2").expect("written");
        }
        copied(&from, &to).expect("it is copied");
        assert!(copy.head().exists() && copy.segment(1).exists());
        assert!(!copy.threads().exists() && !temporary_of(&copy.threads()).exists());
        for dir in [to, copy.journal()] {
            assert_eq!(std::fs::metadata(dir).expect("it is there").permissions().mode() & 0o777, 0o700);
        }
    }
}
