//! `playbooks/*.md`: Markdown for people, with a few lines of TOML between `+++` lines on top for Warridor.

use super::complaint::{Complaint, Notes};
use super::env::Env;
use super::limits::{MAX_FILE_BYTES, MAX_ID_CHARS, MAX_LABELS, MAX_MATCHES, MAX_NAME_CHARS, MAX_PLAYBOOKS};
use super::names::NAMES_NO;
use super::people::tier;
use super::reader::{Found, Table};
use super::{CheckReport, suggest};
use crate::domain::directory::Directory;
use crate::domain::id::{ServiceId, TeamId};
use chrono::NaiveDate;
use std::io::ErrorKind;
use std::path::Path;
use toml::de::DeTable;

/// One playbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playbook {
    /// The file's name without `.md`: what `/pager playbook NAME` takes.
    pub name: String,
    pub title: String,
    /// It is offered for an alert that any of these fits.
    pub matches: Vec<PlaybookMatch>,
    /// Of the alerts it is for, when it is for one tier only.
    pub tier: Option<u8>,
    pub owner: TeamId,
    pub last_reviewed: NaiveDate,
    /// The Markdown below the front matter.
    pub body: String,
}

/// Fits an alert that has one of the services (if any are named) and all of the labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaybookMatch {
    pub services: Vec<ServiceId>,
    pub labels: Vec<(String, String)>,
}

impl PlaybookMatch {
    /// Could it fit an alert of a service of this tier?
    fn fits_tier(&self, tier: u8, directory: &Directory) -> bool {
        let of_tier = |id| directory.services.get(id).is_some_and(|service| service.tier == tier);
        if self.services.is_empty() {
            directory.services.values().any(|service| service.tier == tier)
        } else {
            self.services.iter().any(of_tier)
        }
    }
}

/// Every playbook of a folder that can be used, and what is wrong with the others. No folder is no playbooks.
pub(super) fn load_all(folder: &Path, env: &dyn Env, directory: &Directory) -> (Vec<Playbook>, CheckReport) {
    let mut report = CheckReport::default();
    let mut playbooks = Vec::new();
    let files = match env.list(folder) {
        Ok(files) => files,
        Err(error) if error.kind() == ErrorKind::NotFound => return (playbooks, report),
        Err(error) => {
            report.warnings.push(Complaint::of_file(folder, 1, format!("cannot be read: {error}"), "make it readable"));
            return (playbooks, report);
        }
    };
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        if playbooks.len() >= MAX_PLAYBOOKS {
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
                playbooks.extend(playbook);
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
    (playbooks, report)
}

/// One playbook's text, judged against the teams and services there are.
pub fn parse(path: &Path, text: &str, directory: &Directory) -> (Option<Playbook>, CheckReport) {
    let file = path.display().to_string();
    let Some((front, body)) = split(text) else {
        let mend = "begin with a line +++, then title, owner, last_reviewed and [[match]], then a line +++";
        let complaint = Complaint::of_file(path, 1, "has no front matter".to_owned(), mend);
        return (None, CheckReport { complaints: vec![complaint], ..CheckReport::default() });
    };
    let notes = Notes::of_part(&file, front, 1);
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let playbook = super::parse(&notes, front).and_then(|table| read(&notes, table.get_ref(), name, body, directory));
    let report = notes.into_report();
    (playbook.filter(|_| report.complaints.is_empty()), report)
}

/// What stands between the first two `+++` lines, and what follows.
fn split(text: &str) -> Option<(&str, &str)> {
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

fn read(notes: &Notes, top: &DeTable<'_>, name: String, body: &str, directory: &Directory) -> Option<Playbook> {
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
    table.required("match", "[[match]] with services or labels");
    let matches = table.tables("match", "[[match]]", MAX_MATCHES);
    let matches: Vec<PlaybookMatch> = matches.into_iter().map(|m| one_match(m, directory)).collect();
    if let Some(tier) = tier.filter(|tier| !matches.iter().any(|m| m.fits_tier(*tier, directory))) {
        let at = table.has("tier").unwrap_or(0);
        let wrong = "fits no alert: no service it names has this tier";
        notes.warn(at, "", &format!("tier = {tier}"), wrong, "write the tier of its services, or leave it out");
    }
    if !body.lines().any(|line| line.trim_start().starts_with("- [ ] ")) {
        notes.complain(0, "", "", "has no steps", "write each as a line that begins with - [ ]");
    }
    table.finish();
    Some(Playbook {
        name,
        title: title?.value,
        matches,
        tier,
        owner: TeamId::from(owner?.value),
        last_reviewed: last_reviewed?.value,
        body: body.to_owned(),
    })
}

fn one_match(table: Table<'_>, directory: &Directory) -> PlaybookMatch {
    let services = table.texts("services", MAX_LABELS, MAX_ID_CHARS).unwrap_or_default();
    let labels = table.texts("labels", MAX_LABELS, MAX_NAME_CHARS).unwrap_or_default();
    if services.is_empty() && labels.is_empty() {
        let mend = "write services = [\"…\"] or labels = [\"alertname=DiskFillingUp\"]";
        table.notes.complain(table.at, &table.place, "", "fits every alert", mend);
    }
    let services = services.into_iter().filter(|s| {
        let services = directory.services.keys().map(ServiceId::as_str);
        refers(&table, s, "service", services)
    });
    let services = services.map(|s| ServiceId::from(s.value)).collect();
    let labels = labels.into_iter().filter_map(|label| match label.value.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Some((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => {
            table.complain(&label, "is not a label", "write \"name=value\"");
            None
        }
    });
    let labels = labels.collect();
    table.finish();
    PlaybookMatch { services, labels }
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
