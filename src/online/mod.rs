//! What Slack really has, against what the configuration says: `check --online`, and each step of `setup`.
//!
//! Only looks, but for one thing: the bot joins the public channels it is to speak in. Every finding says what to do.
//!
//! Absent on purpose: what Slack tells nobody but a person in a browser (whether the slash commands are registered, and
//! with `should_escape`); it is said that it was not looked at.

mod alertmanagers;
mod api;
mod channels;
mod groups;
mod people;
mod tokens;
mod twilio;

pub use alertmanagers::check as alertmanagers;
pub use api::Api;
pub use channels::check as channels;
pub use groups::check as groups;
pub use people::check as people;
pub use tokens::{Bot, Kind, app_token, bot_token, kinds, scopes};
pub(crate) use tokens::{REINSTALL, WHERE_BOT};
pub use twilio::check as twilio;

use crate::config::{Complaint, Env, Loaded, SystemEnv};
use crate::domain::stamp::At;
use crate::methods::Methods;
use secrecy::SecretString;
use std::fmt;
use std::sync::Arc;
use url::Url;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// It will not work.
    Wrong,
    /// It works, and perhaps not as it is meant.
    Doubtful,
    /// Something was done, or should be known.
    Note,
}

/// One thing found in Slack. About the file it begins `FILE:LINE:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub level: Level,
    pub text: String,
}

impl Finding {
    pub(crate) fn wrong(text: impl Into<String>) -> Self {
        Self { level: Level::Wrong, text: text.into() }
    }

    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self { level: Level::Note, text: text.into() }
    }

    fn of(level: Level, complaint: &Complaint) -> Self {
        Self { level, text: complaint.to_string() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.level {
            Level::Wrong => "",
            Level::Doubtful => " (warning)",
            Level::Note => " (note)",
        };
        write!(f, "{}{kind}", self.text)
    }
}

/// What Slack is asked with.
#[derive(Clone, Debug)]
pub struct Access {
    pub api: Url,
    pub bot_token: SecretString,
    pub app_token: SecretString,
}

/// Looks at everything. `now` is for time zones: two names of the same time are one.
///
/// # Errors
/// This machine cannot make a connection at all.
pub async fn check(loaded: &Loaded, access: &Access, now: At) -> anyhow::Result<Vec<Finding>> {
    let mut findings = kinds(&access.bot_token, &access.app_token);
    if !findings.is_empty() {
        return Ok(findings);
    }
    let app = Api::new(access.api.clone(), access.app_token.clone())?;
    findings.extend(app_token(&app).await);
    let api = Api::new(access.api.clone(), access.bot_token.clone())?;
    let bot = match bot_token(&api).await {
        Ok(bot) => bot,
        Err(finding) => {
            findings.insert(0, finding);
            return Ok(findings);
        }
    };
    findings.extend(scopes(&bot, loaded.app.features));
    findings.extend(channels(loaded, &api, &bot).await);
    findings.extend(people(loaded, &api, &bot, now).await);
    findings.extend(groups(loaded, &api).await);
    findings.extend(alertmanagers(loaded).await?);
    findings.extend(twilio(loaded, &Methods::new(Arc::new(|name: &str| SystemEnv.var(name)))).await);
    findings.push(Finding::note(commands_note(loaded)));
    Ok(findings)
}

fn commands_note(loaded: &Loaded) -> String {
    let names: Vec<&str> = loaded.app.commands.iter().map(|c| c.name.as_str()).collect();
    format!(
        "Slack does not tell which slash commands an app has: type `{} help` there; if Slack does not know {}, paste the \
         output of `warridor manifest` into the app's manifest again",
        names.first().copied().unwrap_or("/pager"),
        names.join(" or "),
    )
}
