//! What the process itself needs to know: where it listens and keeps its data, how it is called in Slack.

use super::keys::KeySource;
use super::limits::{
    BUNDLE_SECS, FLAPPING_TIMES, FLOOD, MAX_BACKOFFS, MAX_COMMANDS, MAX_NAME_CHARS, MAX_URL_CHARS, SETTING_SECS,
};
use super::names::{Names, Once, known};
use super::reader::{Found, Table};
use super::suggest;
pub use crate::command::Means;
use crate::domain::directory::Settings;
use crate::domain::id::{ChannelId, ServiceId, UserId};
use crate::slack::methods::Features;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use url::Url;

/// Everything in the file that decisions never look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppConfig {
    /// What the company is called.
    pub workspace: String,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    /// Fetched while all is well: whoever watches it pages you when the pager dies.
    pub heartbeat_url: Option<Url>,
    /// The emoji, without colons, that puts a message in the thread of a card into the timeline.
    pub timeline_reaction: Option<String>,
    pub commands: Vec<SlashCommand>,
    /// In the order of the file.
    pub channels: Vec<Channel>,
    /// The name of one of `channels`.
    pub admin_channel: String,
    /// In the order of the file, which the directory's maps do not keep.
    pub users: Vec<UserId>,
    /// In the order of the file.
    pub services: Vec<ServiceId>,
    /// In the order of the file.
    pub keys: Vec<KeySource>,
    /// Those of heartbeats, each under its heartbeat's id.
    pub heartbeat_keys: Vec<KeySource>,
    /// What Slack is asked for besides, because the file says so.
    pub features: Features,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Without `#`.
    pub name: String,
    pub id: ChannelId,
    /// It is a private channel in Slack.
    pub private: bool,
    /// It may be shared with another organisation.
    pub allow_shared: bool,
}

/// A slash command, and which part of `/pager` it is short for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlashCommand {
    /// With its `/`. Workspaces share command names, so a company may call it what it likes.
    pub name: String,
    pub means: Means,
}

/// The part of [`AppConfig`] that the top of the file tells.
pub(super) struct Top {
    pub workspace: String,
    pub listen: SocketAddr,
    pub data_dir: PathBuf,
    pub heartbeat_url: Option<Url>,
    pub timeline_reaction: Option<String>,
    pub admin_channel: Option<(String, ChannelId)>,
}

pub(super) fn top(table: &Table<'_>, folder: &Path, names: &Names, channels: &BTreeMap<String, ChannelId>) -> Top {
    let workspace = table.text("workspace", MAX_NAME_CHARS).map_or_else(|| "our team".to_owned(), |f| f.value);
    let listen = table.text("listen", MAX_NAME_CHARS).and_then(|found| {
        let address = found.value.parse::<SocketAddr>().ok();
        if address.is_none() {
            table.complain(&found, "is not an address", "write an IP address and a port: \"127.0.0.1:8080\"");
        }
        address
    });
    let data_dir = table.text("data_dir", MAX_URL_CHARS).map_or_else(|| "data".to_owned(), |f| f.value);
    table.required("admin_channel", "admin_channel = \"…\", the channel that hears what is wrong with Warridor itself");
    let admin_channel = table.text("admin_channel", MAX_NAME_CHARS).and_then(|mut found| {
        found.value = found.value.trim_start_matches('#').to_owned();
        let named = known(table, &found, "channel", &names.channels);
        channels.get(&found.value).filter(|_| named).map(|id| (found.value.clone(), id.clone()))
    });
    Top {
        workspace,
        listen: listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        data_dir: folder.join(data_dir),
        heartbeat_url: url(table, "heartbeat_url"),
        timeline_reaction: emoji(table),
        admin_channel,
    }
}

/// Slack calls an emoji so: docs.slack.dev/reference/methods/reactions.add, `invalid_name`.
fn emoji(table: &Table<'_>) -> Option<String> {
    let found = table.text("timeline_reaction", MAX_NAME_CHARS)?;
    let is_part = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-'".contains(&b);
    let name = found.value.trim_matches(':');
    if name.is_empty() || !name.bytes().all(is_part) {
        table.complain(&found, "is not the name of an emoji", "write it as in Slack between colons: \"pushpin\"");
        return None;
    }
    Some(name.to_owned())
}

pub(super) fn url(table: &Table<'_>, key: &'static str) -> Option<Url> {
    let found = table.text(key, MAX_URL_CHARS)?;
    let url = Url::parse(&found.value).ok().filter(|url| ["https", "http"].contains(&url.scheme()) && url.has_host());
    if url.is_none() {
        table.complain(&found, "is not an address Warridor can use", "write https:// or http://…");
    }
    url
}

/// `[[command]]`; without one, `/pager` and `/oncall`.
pub(super) fn commands(top: &Table<'_>) -> Vec<SlashCommand> {
    let mut names = Once::default();
    let mut commands = Vec::new();
    let at = top.has("command");
    let tables = top.tables("command", "[[command]]", MAX_COMMANDS);
    let stated = tables.len();
    for table in tables {
        table.required("name", "name = \"/oncall\"");
        let name = table
            .text("name", MAX_NAME_CHARS)
            .filter(|name| command_name(&table, name) && names.take(&table, name, "the name of another command"));
        let means = means(&table, name.as_ref());
        if let (Some(name), Some(means)) = (name, means) {
            commands.push(SlashCommand { name: name.value, means });
        }
        table.finish();
    }
    match at {
        None => Means::ALL.map(|means| SlashCommand { name: format!("/{}", means.word()), means }).to_vec(),
        Some(at) => {
            if commands.len() == stated && !commands.iter().any(|command| command.means == Means::Pager) {
                let mend = "add [[command]] with name = \"/pager\", or another name and means = \"pager\"";
                top.notes.complain(at, "[[command]]", "", "leaves no command that can do everything", mend);
            }
            commands
        }
    }
}

fn command_name(table: &Table<'_>, name: &Found<String>) -> bool {
    let word = name.value.strip_prefix('/').unwrap_or_default();
    let good = (1..=31).contains(&word.len())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    if !good {
        table.complain(name, "is not a slash command", "write / and up to 31 lower-case letters, digits, - or _");
    }
    good
}

/// By default what the name says.
fn means(table: &Table<'_>, name: Option<&Found<String>>) -> Option<Means> {
    let words = || Means::ALL.into_iter().map(Means::word);
    if let Some(found) = table.text("means", MAX_NAME_CHARS) {
        let means = Means::parse(&found.value);
        if means.is_none() {
            table.complain(&found, "is not something a command can mean", &suggest::one_of(&found.value, words()));
        }
        return means;
    }
    let name = name?;
    let means = Means::parse(name.value.trim_start_matches('/'));
    if means.is_none() {
        let mend = format!("add means = \"…\": {}", suggest::one_of(&name.value, words()));
        table.complain(name, "does not say what it means", &mend);
    }
    means
}

/// `[settings]`: times that have a default.
pub(super) fn settings(top: &Table<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(table) = top.table("settings", "[settings]") else {
        return settings;
    };
    for (key, setting) in [
        ("ack_timeout", &mut settings.ack_timeout_secs),
        ("ack_timeout_grace", &mut settings.ack_timeout_grace_secs),
        ("help_after", &mut settings.help_after_secs),
        ("resolve_grace", &mut settings.resolve_grace_secs),
        ("close_after", &mut settings.close_after_secs),
        ("auto_resolve_after", &mut settings.auto_resolve_after_secs),
        ("refire_within", &mut settings.refire_within_secs),
        ("flapping_window", &mut settings.flapping_window_secs),
        ("flapping_hold", &mut settings.flapping_hold_secs),
    ] {
        if let Some(found) = table.span(key, SETTING_SECS) {
            *setting = found.value;
        }
    }
    if let Some(times) = table.number("flapping_times", FLAPPING_TIMES) {
        settings.flapping_times = usize::try_from(times).unwrap_or(settings.flapping_times);
    }
    if let Some(flood) = table.number("flood", FLOOD) {
        settings.flood = usize::try_from(flood).unwrap_or(settings.flood);
    }
    table.required_items("exhausted_backoff", "write at least one: [\"5m\", \"10m\", \"20m\"]");
    if let Some(found) = table.spans("exhausted_backoff", MAX_BACKOFFS, SETTING_SECS).filter(|f| !f.is_empty()) {
        settings.exhausted_backoff_secs = found.into_iter().map(|f| f.value).collect();
    }
    if let Some(found) = table.span("bundle", BUNDLE_SECS) {
        settings.bundle_secs = found.value;
    }
    table.finish();
    settings
}
