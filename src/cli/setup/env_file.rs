//! A file of `NAME=value` lines that only its owner can read: tokens, and keys made for services that have none.

use crate::config::{KeyFrom, Loaded};
use crate::record::hex;
use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What is to be written: both tokens, and every key by variable, made new if `var` does not know it.
pub(super) fn lines(
    loaded: &Loaded,
    bot_token: &SecretString,
    app_token: &SecretString,
    var: &dyn Fn(&str) -> Option<String>,
) -> Vec<(String, SecretString)> {
    let mut lines =
        vec![("SLACK_BOT_TOKEN".to_owned(), bot_token.clone()), ("SLACK_APP_TOKEN".to_owned(), app_token.clone())];
    for key in loaded.app.keys.iter().chain(&loaded.app.heartbeat_keys) {
        if let KeyFrom::Env(name) = &key.from {
            let value = var(name).filter(|value| !value.trim().is_empty());
            let value = value.unwrap_or_else(|| hex(&rand::random::<[u8; 16]>()));
            lines.push((name.clone(), SecretString::from(value)));
        }
    }
    lines
}

/// Writes a new file.
///
/// # Errors
/// It exists already, cannot be made, or a value would not survive a shell.
pub(super) fn write(path: &Path, lines: &[(String, SecretString)]) -> anyhow::Result<()> {
    let safe = |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
    if let Some((name, _)) = lines.iter().find(|(_, value)| !safe(value.expose_secret())) {
        bail!("{name} holds characters that a shell would read as its own");
    }
    let mut options = std::fs::OpenOptions::new();
    // Never over something that is there: it may be the configuration.
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} cannot be made", path.display()))?;
    for (name, value) in lines {
        writeln!(file, "{name}={}", value.expose_secret())?;
    }
    file.sync_all()?;
    Ok(())
}
