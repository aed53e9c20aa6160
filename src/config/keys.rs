//! `[[service.key]]`: what a monitor must know to be heard. A key stands in the environment or in a file, never in the
//! configuration, and no complaint ever quotes one. An integration may have two keys, and two secrets that sign for it, so
//! that there is a new one before the old one goes.

use super::env::Env;
use super::limits::{
    MAX_FILE_BYTES, MAX_KEY_CHARS, MAX_KEYS_PER_SERVICE, MAX_LIVE_KEYS, MAX_NAME_CHARS, MAX_URL_CHARS, MIN_KEY_CHARS,
    RESOLVE_AFTER_SECS,
};
use super::names::{NAMES_NO, Once};
use super::reader::{Found, Table};
use super::suggest;
use super::urgency::of_key;
use crate::domain::directory::{Alertmanager, IntegrationKey, Urgency};
use crate::domain::id::ServiceId;
use crate::domain::input::Source;
use crate::domain::routing::{SOURCES, source_name};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFrom {
    /// The environment variable of this name.
    Env(String),
    /// This file.
    File(PathBuf),
    /// Only its SHA-256, in hex, is known.
    Sha256(String),
}

/// A key as the configuration names it, whether it is there or not. An integration with two keys has two of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySource {
    pub service: ServiceId,
    pub name: String,
    pub from: KeyFrom,
    /// False: the variable is unset or the file is missing, and nobody can use this integration.
    pub open: bool,
    /// The urgency that it fixes.
    pub urgency: Option<Urgency>,
}

/// How people may call a key that they write where it must not stand.
const LITERALS: [&str; 6] = ["key", "value", "secret", "token", "routing_key", "integration_key"];

/// What is collected over all services.
pub(super) struct Keys<'a> {
    pub env: &'a dyn Env,
    /// Relative file names are meant from here.
    pub folder: &'a Path,
    pub by_hash: BTreeMap<String, IntegrationKey>,
    pub sources: Vec<KeySource>,
    pub alertmanagers: BTreeMap<ServiceId, Alertmanager>,
    hashes: Once,
    variables: Once,
}

impl<'a> Keys<'a> {
    pub fn new(env: &'a dyn Env, folder: &'a Path) -> Self {
        Self {
            env,
            folder,
            by_hash: BTreeMap::new(),
            sources: Vec::new(),
            alertmanagers: BTreeMap::new(),
            hashes: Once::default(),
            variables: Once::default(),
        }
    }
}

/// The SHA-256 of a key, in hex: how [`crate::domain::directory::Directory::keys`] knows it.
pub fn key_hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn read(service: &Table<'_>, id: &ServiceId, keys: &mut Keys<'_>) {
    let mend = || {
        let variable = variable_for(id);
        format!("put it in the environment and write [[service.key]] with key_env = \"{variable}\"")
    };
    if let Some(at) = service.has("key").and(service.is_text("key")) {
        literal(service, at, &mend());
        return;
    }
    let mut names = Once::default();
    for table in service.tables("key", "[[service.key]]", MAX_KEYS_PER_SERVICE) {
        if let Some(at) = written(&table) {
            literal(&table, at, &mend());
        } else {
            one(&table, service, id, keys, &mut names);
            table.finish();
        }
    }
}

fn one(table: &Table<'_>, of_service: &Table<'_>, service: &ServiceId, keys: &mut Keys<'_>, names: &mut Once) {
    let name = table.text("name", MAX_NAME_CHARS);
    let source = sent_by(table);
    let resolve_after_secs = resolve_after(table, of_service, source.as_ref());
    alertmanager(table, service, keys);
    let signature_env = signature(table, service, source.as_ref(), keys);
    let urgency = of_key(table);
    let Some(places) = places(table, &variable_for(service), keys) else { return };
    let Some(first) = places.first() else { return };
    let name = name.unwrap_or_else(|| {
        let (value, shown) = match &first.from {
            KeyFrom::Env(variable) => (variable.clone(), first.shown.clone()),
            KeyFrom::File(path) => (path.display().to_string(), "key_file".to_owned()),
            KeyFrom::Sha256(hash) => (hash[..8].to_owned(), "key_sha256".to_owned()),
        };
        Found { value, at: first.at, shown }
    });
    // One incident is open per key for bodies nobody could read, and it is known by this name.
    if !names.take(table, &name, "the name of another key of this service") {
        return;
    }
    let known =
        IntegrationKey { name: name.value, service: service.clone(), urgency, resolve_after_secs, signature_env };
    let closed = "nobody can send events by this key";
    let (sources, hashes) = live(table, places, keys, closed, "the key of another integration");
    for (from, open) in sources {
        keys.sources.push(KeySource { service: service.clone(), name: known.name.clone(), from, open, urgency });
    }
    keys.by_hash.extend(hashes.into_iter().map(|hash| (hash, known.clone())));
}

/// Where the keys of an integration or of a heartbeat are said to be; complains where that is nowhere, or is several
/// places.
pub(super) fn places(table: &Table<'_>, variable: &str, keys: &mut Keys<'_>) -> Option<Vec<Place>> {
    let places = ["key_env", "key_file", "key_sha256"];
    let given: Vec<&str> = places.into_iter().filter(|key| table.has(key).is_some()).collect();
    let mend = format!("key_env = \"{variable}\" (or key_file, or key_sha256)");
    match given.len() {
        0 => {
            table.required("key_env", &mend);
            None
        }
        1 => places_of(table, variable, keys),
        _ => {
            let wrong = "are too many places for one key";
            let mend = format!("keep one line: {mend}");
            table.notes.complain(table.at, &table.place, &given.join(" and "), wrong, &mend);
            None
        }
    }
}

/// Each place, and whether a key is there; and the hashes of those that are there and nobody else's. `closed`: what
/// follows where one is not there.
pub(super) fn live(
    table: &Table<'_>,
    places: Vec<Place>,
    keys: &mut Keys<'_>,
    closed: &str,
    taken: &str,
) -> (Vec<(KeyFrom, bool)>, Vec<String>) {
    let (mut sources, mut hashes) = (Vec::new(), Vec::new());
    for place in places {
        let hash = hash_of(table, &place, keys, closed);
        sources.push((place.from, hash.is_some()));
        let Some(hash) = hash else { continue };
        let shown = Found { value: hash.clone(), at: place.at, shown: "this key".to_owned() };
        if hashes.contains(&hash) {
            table.complain(&shown, "is in the list twice", "write the new key beside the old one, or leave one out");
        } else if keys.hashes.take(table, &shown, taken) {
            hashes.push(hash);
        }
    }
    (sources, hashes)
}

/// What sends by this key, where the configuration says so. Every key opens every path; but what is known of a monitor
/// can be checked.
fn sent_by(table: &Table<'_>) -> Option<Found<Source>> {
    let found = table.text("source", MAX_NAME_CHARS)?;
    let source = SOURCES.into_iter().find(|source| source_name(*source) == found.value);
    if source.is_none() {
        let mend = suggest::one_of(&found.value, SOURCES.map(source_name));
        table.complain(&found, &format!("{NAMES_NO}source"), &mend);
    }
    Some(Found { value: source?, at: found.at, shown: found.shown })
}

/// The variables of the secrets with which what comes by this key is signed. A variable that is not set is a warning; what
/// needs it is not let in then.
fn signature(table: &Table<'_>, service: &ServiceId, source: Option<&Found<Source>>, keys: &Keys<'_>) -> Vec<String> {
    const KEY: &str = "signature_secret_env";
    let example = variable_for(service).replace("_KEY_", "_SECRET_");
    let mend = format!("write a name in capitals: {KEY} = \"{example}\"");
    table.required_items(KEY, &mend);
    let Some((_, found)) = table.text_or_texts(KEY, MAX_LIVE_KEYS, MAX_NAME_CHARS) else { return Vec::new() };
    if let Some(source) = source.filter(|s| !matches!(s.value, Source::Grafana | Source::PagerDutyWebhook)) {
        let at = table.has(KEY).unwrap_or(table.at);
        let wrong = format!("asks for signatures, and {} sends none", source.shown);
        let signs = "leave it out: only Grafana and PagerDuty's webhooks sign what they send";
        table.notes.complain(at, &table.place, KEY, &wrong, signs);
    }
    let mut names: Vec<String> = Vec::new();
    for Found { value: name, at, shown } in found {
        // It may be the secret itself: it is not quoted.
        if !is_variable(&name) {
            let found = Found { value: (), at, shown };
            table.complain(&found, "is not the name of an environment variable", &mend);
            continue;
        }
        let shown = format!("{KEY} = \"{name}\"");
        if names.contains(&name) {
            let mend = "write the new variable beside the old one, or leave one out";
            table.notes.complain(at, &table.place, &shown, "is in the list twice", mend);
            continue;
        }
        let secret = keys.env.var(&name).map(|secret| secret.trim().chars().count()).unwrap_or_default();
        if secret == 0 {
            let mend = format!("set {name}: without a secret nothing that comes by this key is let in");
            table.notes.warn(at, &table.place, &shown, "names a variable that is not set", &mend);
        } else if secret < MIN_KEY_CHARS {
            let wrong = format!("holds a secret of {secret} characters, which can be guessed");
            table.notes.warn(at, &table.place, &shown, &wrong, "make one with `openssl rand -hex 32`");
        }
        names.push(name);
    }
    names
}

/// Where the Alertmanager that sends by this key is told of silences.
fn alertmanager(table: &Table<'_>, service: &ServiceId, keys: &mut Keys<'_>) {
    let token_env = table.text("api_token_env", MAX_NAME_CHARS);
    let Some(api) = super::app::url(table, "api_url") else {
        if let Some(token) = token_env.filter(|_| table.has("api_url").is_none()) {
            let found = Found { shown: "api_token_env".to_owned(), ..token };
            table.complain(
                &found,
                "is for an Alertmanager that is not named",
                "add api_url = \"http://alertmanager:9093\"",
            );
        }
        return;
    };
    if api.password().is_some() || !api.username().is_empty() {
        let mend = "leave it out, and name the variable of a token: api_token_env = \"ALERTMANAGER_TOKEN\"";
        let at = table.has("api_url").unwrap_or(table.at);
        table.notes.complain(at, &table.place, "api_url", "holds a password", mend);
        return;
    }
    let token_env = match token_env {
        Some(found) if !is_variable(&found.value) => {
            // It may be the token itself: do not quote it.
            let found = Found { shown: "api_token_env".to_owned(), ..found };
            let mend = "write a name in capitals: api_token_env = \"ALERTMANAGER_TOKEN\"";
            table.complain(&found, "is not the name of an environment variable", mend);
            return;
        }
        Some(found) => {
            if keys.env.var(&found.value).is_none_or(|token| token.trim().is_empty()) {
                let shown = format!("api_token_env = \"{}\"", found.value);
                let mend = format!("set {}, or Alertmanager may refuse silences", found.value);
                table.notes.warn(found.at, &table.place, &shown, "names a variable that is not set", &mend);
            }
            Some(found.value)
        }
        None => None,
    };
    let url: Arc<str> = api.as_str().trim_end_matches('/').trim_end_matches("/api/v2").into();
    let at = table.has("api_url").unwrap_or(table.at);
    let another = keys.alertmanagers.insert(service.clone(), Alertmanager { url: url.clone(), token_env });
    if another.is_some_and(|other| other.url != url) {
        let mend = "keep one: a silence of a service is written to one Alertmanager";
        table.notes.complain(at, &table.place, "api_url", "is the second Alertmanager of this service", mend);
    }
}

pub(super) fn is_variable(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && name.chars().next().is_some_and(|c| c.is_ascii_uppercase())
}

/// How long an event of a source counts that never says that something is over. Without such a time, nothing it sends
/// would ever be over.
fn resolve_after(table: &Table<'_>, of_service: &Table<'_>, source: Option<&Found<Source>>) -> Option<i64> {
    let own = table.span("resolve_after", RESOLVE_AFTER_SECS).map(|found| found.value);
    let says = table.flag("sends_resolves");
    let at = table.has("sends_resolves").unwrap_or(table.at);
    let splunk = source.filter(|source| source.value == Source::Splunk);
    if splunk.is_some() && says == Some(true) {
        let mend = "leave it out: a search finds what is wrong, and never that it is right again";
        table.notes.complain(at, &table.place, "sends_resolves = true", "is not so of Splunk", mend);
        return own;
    }
    let never = match splunk {
        Some(source) => Some((source.at, source.shown.as_str())),
        None => (says == Some(false)).then_some((at, "sends_resolves = false")),
    };
    if let Some((at, shown)) = never
        && table.has("resolve_after").or(of_service.has("resolve_after")).is_none()
    {
        let wrong = "leaves every incident of this key open for ever";
        let mend = "add resolve_after = \"2h\": not heard of for so long, an alert counts as cleared";
        table.notes.complain(at, &table.place, shown, wrong, mend);
    }
    own
}

/// One place where a key is.
pub(super) struct Place {
    from: KeyFrom,
    at: usize,
    /// `key_env = "KEY"`
    shown: String,
    /// It is one of two.
    of_two: bool,
}

/// One place, or two of the same kind. Nothing if any of them is wrong.
fn places_of(table: &Table<'_>, variable: &str, keys: &mut Keys<'_>) -> Option<Vec<Place>> {
    let (key, max_chars) = if table.has("key_env").is_some() {
        ("key_env", MAX_NAME_CHARS)
    } else if table.has("key_file").is_some() {
        ("key_file", MAX_URL_CHARS)
    } else {
        ("key_sha256", MAX_NAME_CHARS)
    };
    table.required_items(key, &format!("write key_env = \"{variable}\""));
    let (_, found) = table.text_or_texts(key, MAX_LIVE_KEYS, max_chars)?;
    let of_two = found.len() > 1;
    let places: Vec<Option<Place>> = found
        .into_iter()
        .map(|found| {
            let at = found.at;
            let (from, shown) = match key {
                "key_env" => from_env(table, found, variable, keys)?,
                "key_file" => {
                    let path = keys.folder.join(&found.value);
                    let shown = format!("key_file = {:?}", path.display().to_string());
                    (KeyFrom::File(path), shown)
                }
                _ => from_hash(table, found)?,
            };
            Some(Place { from, at, shown, of_two })
        })
        .collect();
    places.into_iter().collect()
}

fn from_env(table: &Table<'_>, found: Found<String>, variable: &str, keys: &mut Keys<'_>) -> Option<(KeyFrom, String)> {
    let name = &found.value;
    if !is_variable(name) {
        // It may be the key itself: it is not quoted.
        let mend = format!("write a name in capitals: key_env = \"{variable}\"");
        table.complain(&found, "is not the name of an environment variable", &mend);
        return None;
    }
    let shown = format!("key_env = \"{name}\"");
    let found = Found { shown: shown.clone(), ..found };
    let own = keys.variables.take(table, &found, "the variable of another key");
    own.then_some((KeyFrom::Env(found.value), shown))
}

fn from_hash(table: &Table<'_>, found: Found<String>) -> Option<(KeyFrom, String)> {
    let hash = found.value.to_ascii_lowercase();
    let shown = "key_sha256".to_owned();
    if hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()) {
        return Some((KeyFrom::Sha256(hash), shown));
    }
    let found = Found { shown, ..found };
    table.complain(&found, "is not a SHA-256", "write the 64 hex digits that `printf %s \"$KEY\" | sha256sum` prints");
    None
}

/// The hash, if the key is there and is one. A missing key closes its own integration, not the pager.
fn hash_of(table: &Table<'_>, place: &Place, keys: &Keys<'_>, closed: &str) -> Option<String> {
    let Place { from, at, shown, of_two } = place;
    let warn = |wrong: &str, mend: &str| {
        let mend = if *of_two { format!("{mend}; or leave it out of the list") } else { mend.to_owned() };
        table.notes.warn(*at, &table.place, shown, wrong, &mend);
    };
    let text = match from {
        KeyFrom::Sha256(hash) => return Some(hash.clone()),
        KeyFrom::Env(variable) => {
            let Some(text) = keys.env.var(variable).filter(|text| !text.trim().is_empty()) else {
                let mend = format!("set {variable}, or {closed}");
                warn("names a variable that is not set", &mend);
                return None;
            };
            text
        }
        KeyFrom::File(path) => {
            let text = match keys.env.read(path) {
                Ok(bytes) if bytes.len() > MAX_FILE_BYTES => Err("is too large to be a key".to_owned()),
                Ok(bytes) => String::from_utf8(bytes).map_err(|_| "does not hold text".to_owned()),
                Err(error) => Err(format!("cannot be read ({error})")),
            };
            match text {
                Ok(text) => text,
                Err(wrong) => {
                    warn(&wrong, &format!("write the key into it, or {closed}"));
                    return None;
                }
            }
        }
    };
    let key = text.trim();
    let length = key.chars().count();
    let wrong = if length < MIN_KEY_CHARS {
        format!("holds a key of {length} characters, which can be guessed")
    } else if length > MAX_KEY_CHARS {
        format!("holds a key longer than {MAX_KEY_CHARS} characters")
    } else if !key.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c)) {
        "holds characters that do not survive in a URL".to_owned()
    } else {
        return Some(key_hash(key));
    };
    let mend = "make one with `openssl rand -hex 16` (letters, digits, - _ . ~)";
    table.notes.complain(*at, &table.place, shown, &wrong, mend);
    None
}

/// Where a key is written in the table itself.
pub(super) fn written(table: &Table<'_>) -> Option<usize> {
    LITERALS.iter().find_map(|word| table.is_text(word))
}

pub(super) fn literal(table: &Table<'_>, at: usize, mend: &str) {
    table.notes.complain(at, &table.place, "", "has a key written in the file", mend);
}

/// `payments-api` -> `WARRIDOR_KEY_PAYMENTS_API`
pub(super) fn variable_for(service: &ServiceId) -> String {
    format!("WARRIDOR_KEY_{}", service.as_str().to_ascii_uppercase().replace('-', "_"))
}
