//! `playbooks/*.md`: Markdown for people, with a few lines of TOML between `+++` lines on top for Warridor.
//!
//! Here are the files and their front matter; what stands below it is read by [`steps`].

mod steps;

use super::complaint::{Complaint, Notes};
use super::env::Env;
use super::limits::{MAX_FILE_BYTES, MAX_ID_CHARS, MAX_LABELS, MAX_MATCHES, MAX_NAME_CHARS, MAX_PLAYBOOKS, MAX_VALUES};
use super::names::NAMES_NO;
use super::people::tier;
use super::reader::{Found, Table};
use super::{CheckReport, suggest};
use crate::domain::directory::{Directory, Service, Urgency};
use crate::domain::id::{PlaybookId, ServiceId, TeamId};
use crate::domain::playbook::{Match, Playbook};
use crate::domain::routing::{AnyOf, Glob};
use crate::domain::urgency::UrgencyBy;
use crate::views::playbook::TooLong;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::de::DeTable;

/// A playbook, and where its matches stand.
struct Placed {
    path: PathBuf,
    playbook: Arc<Playbook>,
    /// The line of each match, from 1.
    lines: Vec<usize>,
}

/// Could it fit an alert of a service of this tier?
fn fits_tier(m: &Match, tier: u8, directory: &Directory) -> bool {
    let of_tier = |id| directory.services.get(id).is_some_and(|service| service.tier == tier);
    if m.services.is_empty() {
        directory.services.values().any(|service| service.tier == tier)
    } else {
        m.services.iter().any(of_tier)
    }
}

/// Every playbook of a folder that can be used, and what is wrong with the others. No folder is no playbooks.
pub(super) fn load_all(
    folder: &Path,
    env: &dyn Env,
    directory: &Directory,
) -> (BTreeMap<PlaybookId, Arc<Playbook>>, CheckReport) {
    let mut report = CheckReport::default();
    let mut placed = Vec::new();
    let files = match env.list(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => {
            report.warnings.push(Complaint::of_file(folder, 1, format!("cannot be read: {error}"), "make it readable"));
            Vec::new()
        }
    };
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("md"))) {
        if placed.len() >= MAX_PLAYBOOKS {
            let wrong = format!("holds more than {MAX_PLAYBOOKS} playbooks");
            report.complaints.push(Complaint::of_file(folder, 1, wrong, "remove those nobody needs"));
            break;
        }
        let text = env.read(path).map_err(|error| error.to_string()).and_then(|bytes| {
            if bytes.len() > MAX_FILE_BYTES {
                return Err(format!("larger than {MAX_FILE_BYTES} bytes"));
            }
            String::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())
        });
        match text {
            Ok(text) => {
                let (playbook, notes) = parse(path, &text, directory);
                placed.extend(playbook);
                report.extend(notes);
            }
            Err(error) => {
                report.complaints.push(Complaint::of_file(
                    path,
                    1,
                    format!("cannot be read: {error}"),
                    "save it as UTF-8 text",
                ));
            }
        }
    }
    report.warnings.extend(ties(&placed));
    if !placed.is_empty() {
        report.notes.extend(without_one(folder, &placed, directory));
    }
    (placed.into_iter().map(|p| (p.playbook.id.clone(), p.playbook)).collect(), report)
}

/// Two that know the same alert equally well: which of them is shown is left to their names.
fn ties(all: &[Placed]) -> Vec<Complaint> {
    let mut told = Vec::new();
    for (n, a) in all.iter().enumerate() {
        let others = all.iter().take(n).filter(|b| a.playbook.tier == b.playbook.tier);
        for b in others {
            let tie = a
                .playbook
                .matches
                .iter()
                .zip(&a.lines)
                .find(|(m, _)| b.playbook.matches.iter().any(|o| m.ties_with(o)));
            if let Some((_, line)) = tie {
                let wrong = format!("[[match]] fits what {} fits, and as well", b.path.display());
                let mend =
                    "write one label, service or title more in one of them; until then the first by name is shown";
                told.push(Complaint::of_file(&a.path, *line, wrong, mend));
            }
        }
    }
    told
}

/// Services that page and that no playbook names. One for any service may do for them: that is for people to say.
fn without_one(folder: &Path, all: &[Placed], directory: &Directory) -> Option<Complaint> {
    let matches = || all.iter().flat_map(|p| p.playbook.matches.iter().map(move |m| (p.playbook.tier, m)));
    let pages = |s: &Service| s.urgency == Urgency::High || s.urgency_by != UrgencyBy::Service;
    let covered = |(tier, m): (Option<u8>, &Match), id: &ServiceId, of_tier: u8| {
        tier.is_none_or(|tier| tier == of_tier) && m.services.contains(id)
    };
    let none = directory.services.values().filter(|s| pages(s));
    let none = none.filter(|s| !matches().any(|of| covered(of, &s.id, s.tier)));
    let names: Vec<&str> = none.map(|s| s.id.as_str()).collect();
    (!names.is_empty()).then(|| {
        let wrong = format!("no playbook names these services, which page: {}", names.join(", "));
        Complaint::of_file(
            folder,
            1,
            wrong,
            "write one with [[match]] services = [\"…\"], if those for any service are not enough",
        )
    })
}

/// One playbook's text, judged against the teams and services there are. The file's name is the playbook's.
///
/// # Errors
/// Everything that is wrong, in the order of the file.
pub fn of_text(path: &Path, text: &str, directory: &Directory) -> Result<Arc<Playbook>, Vec<Complaint>> {
    let (placed, report) = parse(path, text, directory);
    placed.map(|placed| placed.playbook).ok_or(report.complaints)
}

fn parse(path: &Path, text: &str, directory: &Directory) -> (Option<Placed>, CheckReport) {
    let file = path.display().to_string();
    let Some((front, body)) = split(text) else {
        let mend = "begin with a line +++, then title, owner, last_reviewed and [[match]], then a line +++";
        let complaint = Complaint::of_file(path, 1, "has no front matter".to_owned(), mend);
        return (None, CheckReport { complaints: vec![complaint], ..CheckReport::default() });
    };
    let notes = Notes::of_part(&file, front, 1);
    let below = Notes::of_part(&file, body, text[..text.len() - body.len()].matches('\n').count());
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let read =
        super::parse(&notes, front).and_then(|table| read(&notes, table.get_ref(), &name, body, &below, directory));
    let mut report = notes.into_report();
    report.extend(below.into_report());
    let placed = read.map(|(playbook, lines)| Placed { path: path.to_owned(), playbook: Arc::new(playbook), lines });
    (placed.filter(|_| report.complaints.is_empty()), report)
}

/// What stands between the first two `+++` lines, and what follows.
pub(crate) fn split(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let rest = text.strip_prefix("+++\n").or_else(|| text.strip_prefix("+++\r\n"))?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "+++" {
            return Some((&rest[..at], &rest[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

/// Would a playbook of this name be asked for by words that mean something else?
pub(crate) fn means_something_else(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_digit()) || ["list", "ls", "all", "draft"].contains(&name)
}

fn read(
    notes: &Notes,
    top: &DeTable<'_>,
    name: &str,
    body: &str,
    below: &Notes,
    directory: &Directory,
) -> Option<(Playbook, Vec<usize>)> {
    let table = Table::new(notes, top, 0, "", String::new());
    table.required("title", "title = \"…\"");
    let title = table.text("title", MAX_NAME_CHARS);
    table.required("owner", "owner = \"…\", the id of a team");
    let owner = table.text("owner", MAX_ID_CHARS).filter(|owner| {
        let teams = directory.teams.keys().map(TeamId::as_str);
        refers(&table, owner, "team", teams)
    });
    table.required("last_reviewed", "last_reviewed = 2026-01-05");
    let last_reviewed = table.date("last_reviewed");
    let tier = tier(&table);
    table.required("match", "[[match]] with services, labels or titles");
    let matches = table.tables("match", "[[match]]", MAX_MATCHES);
    let lines = matches.iter().map(|m| notes.line(m.at)).collect();
    let matches: Vec<Match> = matches.into_iter().map(|m| one_match(m, directory)).collect();
    if let Some(tier) = tier.filter(|tier| !matches.iter().any(|m| fits_tier(m, *tier, directory))) {
        let at = table.has("tier").unwrap_or(0);
        let wrong = "fits no alert: no service it names has this tier";
        notes.warn(at, "", &format!("tier = {tier}"), wrong, "write the tier of its services, or leave it out");
    }
    let is_id = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().count() > MAX_ID_CHARS || !name.chars().all(is_id) {
        let mend = format!("rename the file: letters, digits, - and _, at most {MAX_ID_CHARS}; people type it");
        notes.complain(0, "", "", "has a name that is hard to type", &mend);
    }
    let (aim, sections) = steps::read(body, below, directory);
    if !below.has_complaints()
        && !sections.iter().any(|s| s.parts.iter().any(|p| matches!(p, crate::domain::playbook::Part::Step(_))))
    {
        notes.complain(0, "", "", "has no steps", "write each as a line that begins with - [ ]");
    }
    if means_something_else(name) {
        let wrong = format!("has a name that means something else in `/pager playbook {name}`");
        notes.complain(0, "", "", &wrong, "rename the file");
    }
    table.finish();
    let playbook = Playbook {
        id: PlaybookId::from(name),
        title: title?.value.into(),
        matches,
        tier,
        owner: TeamId::from(owner?.value),
        last_reviewed: last_reviewed?.value,
        aim,
        sections,
    };
    if let Err(long) = crate::views::playbook::fits(&playbook, directory) {
        let (wrong, mend) = match long {
            TooLong::Step(n) => (
                format!("has a step, its {}, that Slack cannot show in one piece", ordinal(n)),
                "make two steps of it".to_owned(),
            ),
            TooLong::All { chars, most } => {
                let mend =
                    format!("write at most {most}: one message of Slack's shows it, where links and signs count more");
                (format!("is {chars} characters long in Slack"), mend)
            }
        };
        notes.complain(0, "", "", &wrong, &mend);
    }
    Some((playbook, lines))
}

fn ordinal(n: usize) -> String {
    let end = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{n}{end}")
}

fn one_match(table: Table<'_>, directory: &Directory) -> Match {
    let services = table.texts("services", MAX_LABELS, MAX_ID_CHARS).unwrap_or_default();
    let labels = table.texts("labels", MAX_LABELS, MAX_NAME_CHARS).unwrap_or_default();
    let titles = table.texts("titles", MAX_VALUES, MAX_NAME_CHARS).unwrap_or_default();
    if services.is_empty() && labels.is_empty() && titles.is_empty() {
        let mend = "write services = [\"…\"], labels = [\"alertname=DiskFillingUp\"] or titles = [\"*disk*\"]";
        table.notes.complain(table.at, &table.place, "", "fits every alert", mend);
    }
    let services = services.into_iter().filter(|s| {
        let services = directory.services.keys().map(ServiceId::as_str);
        refers(&table, s, "service", services)
    });
    let services = services.map(|s| ServiceId::from(s.value)).collect();
    let mut seen = BTreeSet::new();
    let labels = labels.into_iter().filter_map(|label| match label.value.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            if !seen.insert(key.trim().to_owned()) {
                table.complain(&label, "names a label for the second time", "write another [[match]] for it");
            }
            Some((key.trim().to_owned(), Glob(value.trim().to_owned())))
        }
        _ => {
            table.complain(&label, "is not a label", "write \"name=value\"");
            None
        }
    });
    let labels = labels.collect();
    let titles: Vec<Glob> = titles.into_iter().map(|title| Glob(title.value)).collect();
    table.finish();
    Match { services, labels, titles: (!titles.is_empty()).then_some(AnyOf(titles)) }
}

fn refers<'n>(
    table: &Table<'_>,
    found: &Found<String>,
    noun: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> bool {
    let there = known.clone().any(|name| name == found.value);
    if !there {
        table.complain(found, &format!("{NAMES_NO}{noun}"), &suggest::one_of(&found.value, known));
    }
    there
}
