//! `config.toml` and `playbooks/` -> [`Directory`] and [`AppConfig`].
//!
//! Every mistake is told, not only the first, each with file, line, what was found and what to write instead. Nothing
//! is guessed: a configuration with a complaint is not used at all. A key that is not there is a warning, because one
//! silent monitor is better than no pager.
//!
//! Absent on purpose: secrets (they come from the environment or from files), the clock, and any look at Slack.

mod app;
mod brackets;
mod checks;
mod complaint;
mod days;
mod env;
mod heartbeats;
mod hours;
mod keys;
mod layer_hours;
pub mod limits;
pub mod manifest;
mod names;
mod outlook;
mod people;
mod places;
pub mod playbook;
mod policies;
mod reader;
mod routes;
mod schedules;
mod services;
mod span;
mod suggest;
mod telephone;
mod tiers;
mod urgency;
mod zone;

pub use app::{AppConfig, Channel, Means, SlashCommand};
pub use complaint::Complaint;
pub use env::{Env, MemoryEnv, SystemEnv, WithVars};
pub use keys::{KeyFrom, KeySource, key_hash};
pub use outlook::outlook;
pub use places::Places;
pub use zone::nearest as nearest_zone;

use crate::domain::directory::Directory;
use crate::domain::routing::Routes;
use crate::slack::methods::Features;
use brackets::Headers;
use checks::Checks;
use complaint::Notes;
use heartbeats::Heartbeats;
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
    /// The file as it was read.
    pub text: String,
    /// SHA-256 of the text, in hex.
    pub sha256: String,
    /// What is doubtful but can be lived with.
    pub warnings: Vec<Complaint>,
    /// Where everything stands.
    pub places: Places,
}

/// What `warridor check` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Any of these makes the configuration unusable.
    pub complaints: Vec<Complaint>,
    pub warnings: Vec<Complaint>,
    /// What may well be meant, and is told by `check` only.
    pub notes: Vec<Complaint>,
}

impl CheckReport {
    fn extend(&mut self, more: Self) {
        self.complaints.extend(more.complaints);
        self.warnings.extend(more.warnings);
        self.notes.extend(more.notes);
    }
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

/// The same for a start: a playbook that cannot be used keeps nobody from being paged. It is left out, and its complaints
/// are warnings.
///
/// # Errors
/// Everything that is wrong beside playbooks, in the order of the file.
pub fn load_without_bad_playbooks(path: &Path, env: &dyn Env) -> Result<Loaded, Vec<Complaint>> {
    let (loaded, report) = examine(path, env);
    let folder = path.parent().unwrap_or(Path::new("")).join("playbooks");
    let is_of_a_playbook = |c: &Complaint| Path::new(&c.file).starts_with(&folder);
    let (mut warnings, complaints): (Vec<_>, Vec<_>) = report.complaints.into_iter().partition(is_of_a_playbook);
    warnings.iter_mut().for_each(|c| c.mend.push_str(". Until then this playbook is left out"));
    warnings.extend(report.warnings);
    match loaded {
        Some(loaded) if complaints.is_empty() => Ok(Loaded { warnings, ..loaded }),
        _ => Err(complaints),
    }
}

/// Tells what is wrong and what is doubtful; beyond what [`load`] sees, whether the data directory can be written.
pub fn check(path: &Path, env: &dyn Env) -> CheckReport {
    inspect(path, env, None).1
}

/// [`check`], and the configuration if it can be used. With `kept_in`, its own data directory is not used, and not looked
/// at.
pub fn inspect(path: &Path, env: &dyn Env, kept_in: Option<&Path>) -> (Option<Loaded>, CheckReport) {
    let (loaded, mut report) = examine(path, env);
    let loaded = loaded.filter(|_| report.complaints.is_empty());
    if let (Some(loaded), None) = (&loaded, kept_in)
        && let Err(error) = env.can_keep(&loaded.app.data_dir)
    {
        let found = format!("data_dir = {:?}", loaded.app.data_dir.display().to_string());
        let wrong = format!("cannot be written: {error}");
        let mend = "write a directory on a disk of this machine that this user may write";
        report.complaints.push(loaded.places.complaint("", "data_dir", &found, &wrong, mend));
    }
    (loaded, report)
}

fn examine(path: &Path, env: &dyn Env) -> (Option<Loaded>, CheckReport) {
    let file = path.display().to_string();
    let text = match read_text(path, env) {
        Ok(text) => text,
        Err(complaints) => return (None, CheckReport { complaints, ..CheckReport::default() }),
    };
    let notes = Notes::new(&file, &text);
    let folder = path.parent().unwrap_or(Path::new(""));
    let loaded = parse(&notes, &text).and_then(|top| read(&notes, top.get_ref(), &text, folder, env));
    let mut report = notes.into_report();
    let loaded = loaded.map(|mut loaded| {
        let (playbooks, mut more) = playbook::load_all(&folder.join("playbooks"), env, &loaded.directory);
        if !report.complaints.is_empty() {
            // A service that was not read for its mistake is not missing from the playbook's point of view.
            more.complaints.retain(|c| !c.wrong.starts_with(names::NAMES_NO));
        }
        report.extend(more);
        loaded.directory.playbooks = playbooks;
        loaded
    });
    (loaded, report)
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
    let mut headers = Headers::scan(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        if error.message().contains(DUPLICATE) && headers.explain(at) {
            continue;
        }
        if lines.insert(notes.line(at)) {
            let line = notes.line_text(at).trim();
            let key = line.split('=').next().unwrap_or_default().trim();
            let shown = if reader::is_secret(key) { key } else { line };
            let shown: String = shown.chars().filter(|c| !c.is_control()).take(limits::MAX_QUOTED_CHARS).collect();
            let shown = format!("`{shown}`");
            let wrong = format!("is not TOML: {}", error.message().replace('\n', " "));
            notes.complain(at, "", &shown, &wrong, mend_of(error.message()));
        }
    }
    headers.complain(notes);
    errors.is_empty().then_some(table)
}

/// The parser's word for a key that stands twice, and for a table that does.
const DUPLICATE: &str = "duplicate key";

/// What to write where the text is not TOML, by the parser's own words.
fn mend_of(message: &str) -> &'static str {
    if message.contains(DUPLICATE) {
        "keep one of the two"
    } else if message.contains("date") {
        "write a day that exists: 2026-01-05"
    } else if message.contains("time") {
        "write a time of day in hours and minutes: \"18:00\""
    } else {
        "text stands in double quotes, lists in [ ], tables begin with [name]"
    }
}

fn read(notes: &Notes, top: &DeTable<'_>, text: &str, folder: &Path, env: &dyn Env) -> Option<Loaded> {
    let names = Names::scan(top);
    let places = Places::scan(notes, top);
    let table = Table::new(notes, top, 0, "", String::new());
    let channels = people::channels(&table, &names);
    let channel_ids: BTreeMap<_, _> = channels.iter().map(|c| (c.name.clone(), c.id.clone())).collect();
    let head = app::top(&table, folder, &names, &channel_ids);
    let commands = app::commands(&table);
    let settings = app::settings(&table);
    let hours = hours::read(&table, &names);
    let (mut hours_of_users, mut hours_of_teams) = (BTreeMap::new(), BTreeMap::new());
    let twilio = telephone::twilio(&table, env);
    let hooks = telephone::hooks(&table, &names, env);
    let public_url = telephone::public_url(&table);
    let (users, user_places) = people::users(&table, &names, &hours, &mut hours_of_users);
    let teams = people::teams(&table, &names, &channel_ids, &hours, &mut hours_of_teams);
    let tiers = tiers::read(&table);
    let schedules = schedules::read(&table, &names);
    let policies = policies::read(&table, &names);
    let mut keys = Keys::new(env, folder);
    let mut heartbeats = Heartbeats::default();
    let services = services::read(&table, &names, &channel_ids, &teams, &mut keys, &mut heartbeats);
    let routes = routes::read(&table, &names, &channel_ids);
    let catch_all = policies::catch_all(&table, &names, &channel_ids);
    for (key, kind) in
        [("user", "[[user]]"), ("team", "[[team]]"), ("service", "[[service]]"), ("channel", "[[channel]]")]
    {
        table.required(key, &format!("{kind}, at least one"));
    }
    table.finish();

    let user_order = users.iter().map(|user| user.id.clone()).collect();
    let service_order: Vec<_> = services.iter().map(|service| service.id.clone()).collect();
    let rules = routes.iter().map(|placed| placed.route.clone()).collect();
    let (admin_name, admin_channel) = head.admin_channel?;
    let sha256 = keys::hex(&Sha256::digest(text.as_bytes()));
    let directory = Directory {
        sha256: sha256.clone(),
        users: users.into_iter().map(|user| (user.id.clone(), user)).collect(),
        teams: teams.into_iter().map(|team| (team.id.clone(), team)).collect(),
        services: services.into_iter().map(|service| (service.id.clone(), service)).collect(),
        policies: policies.into_iter().map(|policy| (policy.id.clone(), policy)).collect(),
        schedules: schedules.into_iter().map(|schedule| (schedule.id.clone(), schedule)).collect(),
        private_channels: channels.iter().filter(|c| c.private).map(|c| c.id.clone()).collect(),
        channels: channel_ids,
        keys: keys.by_hash,
        heartbeats: heartbeats.all,
        heartbeat_keys: heartbeats.by_hash,
        catch_all: catch_all?,
        admin_channel,
        settings,
        hours,
        hours_of_users,
        hours_of_teams,
        tiers,
        routes: Routes::new(rules, &service_order),
        twilio,
        hooks,
        public_url,
        playbooks: BTreeMap::new(),
        alertmanagers: keys.alertmanagers,
    };
    let app = AppConfig {
        workspace: head.workspace,
        listen: head.listen,
        data_dir: head.data_dir,
        heartbeat_url: head.heartbeat_url,
        timeline_reaction: head.timeline_reaction.clone(),
        commands,
        channels,
        admin_channel: admin_name,
        users: user_order,
        services: service_order,
        keys: keys.sources,
        heartbeat_keys: heartbeats.sources,
        features: Features {
            topics: directory.teams.values().any(|t| t.topic.is_some()),
            usergroups: directory.teams.values().any(|t| t.usergroup.is_some()),
            reactions: head.timeline_reaction.is_some(),
        },
    };
    // Who can be reached is a question only for a file whose every line is right: else one slip would be told twice.
    if !notes.has_complaints() {
        routes::check(&routes, &directory, &app.keys, notes);
        Checks { notes, places: &places, directory: &directory, app: &app }.all(&user_places);
    }
    let text = text.to_owned();
    Some(Loaded { directory, app, text, sha256, warnings: Vec::new(), places })
}
