//! `config.toml` and `playbooks/` -> [`Directory`] and [`AppConfig`].
//!
//! Every mistake is told, not only the first, each with file, line, what was found and what to write instead. Nothing
//! is guessed: a configuration with a complaint is not used at all. A key that is not there is a warning, because one
//! silent monitor is better than no pager.
//!
//! Absent on purpose: secrets (they come from the environment or from files), the clock, and any look at Slack.

mod app;
mod checks;
mod complaint;
mod env;
mod keys;
pub mod limits;
pub mod manifest;
mod names;
mod people;
pub mod playbook;
mod policies;
mod reader;
mod schedules;
mod services;
mod span;
mod suggest;
mod zone;

pub use app::{AppConfig, Channel, Means, SlashCommand};
pub use complaint::Complaint;
pub use env::{Env, MemoryEnv, SystemEnv, WithVars};
pub use keys::{KeyFrom, KeySource, key_hash};
pub use playbook::Playbook;

use crate::domain::directory::Directory;
use checks::Checks;
use complaint::Notes;
use keys::Keys;
use limits::MAX_FILE_BYTES;
use names::Names;
use reader::Table;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;
use toml::de::DeTable;

/// A configuration that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub directory: Directory,
    pub app: AppConfig,
    /// The playbooks beside the file, by file name.
    pub playbooks: Vec<Playbook>,
    /// The file as it was read.
    pub text: String,
    /// SHA-256 of the text, in hex.
    pub sha256: String,
    /// What is doubtful but can be lived with.
    pub warnings: Vec<Complaint>,
}

/// What `warridor check` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Any of these makes the configuration unusable.
    pub complaints: Vec<Complaint>,
    pub warnings: Vec<Complaint>,
}

/// Reads a configuration and the playbooks beside it.
///
/// # Errors
/// Everything that is wrong, in the order of the file.
pub fn load(path: &Path, env: &dyn Env) -> Result<Loaded, Vec<Complaint>> {
    let (loaded, report) = examine(path, env);
    match loaded {
        Some(loaded) if report.complaints.is_empty() => Ok(Loaded { warnings: report.warnings, ..loaded }),
        _ => Err(report.complaints),
    }
}

/// Tells what is wrong and what is doubtful.
pub fn check(path: &Path, env: &dyn Env) -> CheckReport {
    examine(path, env).1
}

fn examine(path: &Path, env: &dyn Env) -> (Option<Loaded>, CheckReport) {
    let file = path.display().to_string();
    let text = match read_text(path, env) {
        Ok(text) => text,
        Err(complaints) => return (None, CheckReport { complaints, warnings: Vec::new() }),
    };
    let notes = Notes::new(&file, &text);
    let folder = path.parent().unwrap_or(Path::new(""));
    let loaded = parse(&notes, &text).and_then(|top| read(&notes, top.get_ref(), &text, folder, env));
    let (mut complaints, mut warnings) = notes.into_parts();
    let loaded = loaded.map(|mut loaded| {
        let (playbooks, report) = playbook::load_all(&folder.join("playbooks"), env, &loaded.directory);
        complaints.extend(report.complaints);
        warnings.extend(report.warnings);
        loaded.playbooks = playbooks;
        loaded
    });
    (loaded, CheckReport { complaints, warnings })
}

/// The file's text, or the one complaint there can be about it.
fn read_text(path: &Path, env: &dyn Env) -> Result<String, Vec<Complaint>> {
    let complain = |line, wrong: String, mend: &str| vec![Complaint::of_file(path, line, wrong, mend)];
    let bytes = env
        .read(path)
        .map_err(|error| complain(1, format!("cannot be read: {error}"), "write the file's name after --config"))?;
    if bytes.len() > MAX_FILE_BYTES {
        return Err(complain(1, format!("is larger than {MAX_FILE_BYTES} bytes"), "leave out what is not needed"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        complain(line, "is not UTF-8 text from here on".to_owned(), "save the file as UTF-8")
    })
}

/// The tables of the text. Complains of every syntax error; one per line, for the second is mostly made by the first.
fn parse<'t>(notes: &Notes, text: &'t str) -> Option<toml::Spanned<DeTable<'t>>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut lines = std::collections::BTreeSet::new();
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        if lines.insert(notes.line(at)) {
            let line = notes.line_text(at).trim();
            let key = line.split('=').next().unwrap_or_default().trim();
            let shown = if reader::is_secret(key) { key } else { line };
            let shown: String = shown.chars().filter(|c| !c.is_control()).take(limits::MAX_QUOTED_CHARS).collect();
            let shown = format!("`{shown}`");
            let wrong = format!("is not TOML: {}", error.message().replace('\n', " "));
            notes.complain(
                at,
                "",
                &shown,
                &wrong,
                "text stands in double quotes, lists in [ ], tables begin with [name]",
            );
        }
    }
    errors.is_empty().then_some(table)
}

fn read(notes: &Notes, top: &DeTable<'_>, text: &str, folder: &Path, env: &dyn Env) -> Option<Loaded> {
    let names = Names::scan(top);
    let table = Table::new(notes, top, 0, "", String::new());
    let channels = people::channels(&table);
    let channel_ids: BTreeMap<_, _> = channels.iter().map(|c| (c.name.clone(), c.id.clone())).collect();
    let head = app::top(&table, folder, &names, &channel_ids);
    let commands = app::commands(&table);
    let settings = app::settings(&table);
    let (users, user_places) = people::users(&table);
    let teams = people::teams(&table, &names, &channel_ids);
    let schedules = schedules::read(&table, &names);
    let (policies, policy_places) = policies::read(&table, &names);
    let mut keys = Keys::new(env, folder);
    let services = services::read(&table, &names, &channel_ids, &teams, &mut keys);
    let catch_all = policies::catch_all(&table, &names, &channel_ids);
    let catch_all_at = table.has("catch_all").unwrap_or(0);
    for (key, kind) in
        [("user", "[[user]]"), ("team", "[[team]]"), ("service", "[[service]]"), ("channel", "[[channel]]")]
    {
        table.required(key, &format!("{kind}, at least one"));
    }
    table.finish();

    let user_order = users.iter().map(|user| user.id.clone()).collect();
    let service_order = services.iter().map(|service| service.id.clone()).collect();
    let (admin_name, admin_channel) = head.admin_channel?;
    let sha256 = keys::hex(&Sha256::digest(text.as_bytes()));
    let directory = Directory {
        sha256: sha256.clone(),
        users: users.into_iter().map(|user| (user.id.clone(), user)).collect(),
        teams: teams.into_iter().map(|team| (team.id.clone(), team)).collect(),
        services: services.into_iter().map(|service| (service.id.clone(), service)).collect(),
        policies: policies.into_iter().map(|policy| (policy.id.clone(), policy)).collect(),
        schedules: schedules.into_iter().map(|schedule| (schedule.id.clone(), schedule)).collect(),
        channels: channel_ids,
        keys: keys.by_hash,
        catch_all: catch_all?,
        admin_channel,
        settings,
    };
    // Who can be reached is a question only for a file whose every line is right: else one slip would be told twice.
    let checks = Checks { notes, users: &directory.users, schedules: &directory.schedules };
    if !notes.has_complaints() {
        checks.catch_all(&directory.catch_all, catch_all_at);
        for place in &policy_places {
            if let Some(policy) = directory.policies.get(&place.policy.value) {
                checks.policy(policy, place);
            }
        }
        for place in &user_places {
            checks.user(place, &directory.policies);
        }
    }
    let app = AppConfig {
        workspace: head.workspace,
        listen: head.listen,
        data_dir: head.data_dir,
        heartbeat_url: head.heartbeat_url,
        public_url: head.public_url,
        commands,
        channels,
        admin_channel: admin_name,
        users: user_order,
        services: service_order,
        keys: keys.sources,
    };
    Some(Loaded { directory, app, playbooks: Vec::new(), text: text.to_owned(), sha256, warnings: Vec::new() })
}
