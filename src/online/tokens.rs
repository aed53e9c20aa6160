//! The two tokens: of the right kind, alive, and with the scopes of what the program does.

use super::Finding;
use super::api::{Api, Failed};
use crate::slack::methods::{self, Features};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

pub(crate) const WHERE_BOT: &str = "at api.slack.com/apps: your app, OAuth & Permissions, Bot User OAuth Token";
const WHERE_APP: &str =
    "at api.slack.com/apps: your app, Basic Information, App-Level Tokens, with the scope connections:write";
/// How a changed manifest comes into force.
pub(crate) const REINSTALL: &str = "paste the output of `warridor manifest` at api.slack.com/apps: your app, App Manifest; then \
                                    Install App, Reinstall to Workspace";

/// What a token is, by its first letters (docs.slack.dev/authentication/tokens).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bot,
    App,
    User,
    Other,
}

impl Kind {
    pub fn of(token: &SecretString) -> Self {
        match token.expose_secret().split('-').next() {
            Some("xoxb") => Self::Bot,
            Some("xapp") => Self::App,
            Some("xoxp") => Self::User,
            _ => Self::Other,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Bot => "holds a bot token (xoxb-…)",
            Self::App => "holds an app-level token (xapp-…)",
            Self::User => "holds a user token (xoxp-…)",
            Self::Other => "holds no token of Slack's",
        }
    }
}

/// Are both of the kind they should be? Slack is not asked.
pub fn kinds(bot: &SecretString, app: &SecretString) -> Vec<Finding> {
    let (bot, app) = (Kind::of(bot), Kind::of(app));
    if (bot, app) == (Kind::App, Kind::Bot) {
        let text = "SLACK_BOT_TOKEN holds an app-level token (xapp-…) and SLACK_APP_TOKEN a bot token (xoxb-…); exchange the two";
        return vec![Finding::wrong(text)];
    }
    let mut findings = Vec::new();
    if bot != Kind::Bot {
        let text = format!("SLACK_BOT_TOKEN {}; put the bot token there (xoxb-…, {WHERE_BOT})", bot.words());
        findings.push(Finding::wrong(text));
    }
    if app != Kind::App {
        let text = format!("SLACK_APP_TOKEN {}; put the app-level token there (xapp-…, {WHERE_APP})", app.words());
        findings.push(Finding::wrong(text));
    }
    findings
}

/// Who the bot token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bot {
    /// As people call it: `/invite @NAME`.
    pub name: String,
    pub team: String,
    pub team_id: String,
    /// `None`: Slack did not say.
    pub scopes: Option<Vec<String>>,
}

impl Bot {
    /// True unless Slack said otherwise.
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|granted| granted.iter().any(|s| s == scope))
    }
}

/// Is the bot token alive?
///
/// # Errors
/// Why not, and what to do.
pub async fn bot_token(api: &Api) -> Result<Bot, Finding> {
    let (answer, scopes) = api.call_with_scopes("auth.test", &json!({})).await.map_err(|failed| match failed {
        Failed::Refused(error) => Finding::wrong(format!(
            "SLACK_BOT_TOKEN is refused by Slack ({error}); copy it again ({WHERE_BOT}), or reinstall the app there"
        )),
        Failed::Away(why) => away(api, &why),
    })?;
    let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
    Ok(Bot { name: text("user"), team: text("team"), team_id: text("team_id"), scopes })
}

/// Does the app-level token open sockets? The address it brings is thrown away and dies by itself.
pub async fn app_token(api: &Api) -> Option<Finding> {
    let error = match api.call("apps.connections.open", &json!({})).await {
        Ok(_) => return None,
        Err(Failed::Away(why)) => return Some(away(api, &why)),
        Err(Failed::Refused(error)) => error,
    };
    Some(Finding::wrong(match error.as_str() {
        "missing_scope" | "no_permission" => {
            format!("SLACK_APP_TOKEN may not open sockets ({error}); make a new one ({WHERE_APP})")
        }
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type" => {
            format!("SLACK_APP_TOKEN is refused by Slack ({error}); make a new one ({WHERE_APP})")
        }
        _ => format!(
            "Socket Mode cannot be opened ({error}); turn it on at api.slack.com/apps: your app, Socket Mode, Enable"
        ),
    }))
}

/// Scopes that are missing, each with what it is for, and those nothing needs.
pub fn scopes(bot: &Bot, features: Features) -> Vec<Finding> {
    let Some(granted) = &bot.scopes else {
        return vec![Finding::note("Slack did not say which scopes the bot token has; they were not checked")];
    };
    let mut findings = Vec::new();
    for (scope, why) in methods::scopes(features) {
        if !bot.may(scope) {
            findings.push(Finding::wrong(format!("the app lacks the scope {scope}, by which it {why}; {REINSTALL}")));
        }
    }
    let needed = methods::scopes(features);
    let idle: Vec<&str> =
        granted.iter().map(String::as_str).filter(|scope| !needed.iter().any(|(known, _)| known == scope)).collect();
    if !idle.is_empty() {
        let text = format!("the app has scopes nothing here needs: {}; {REINSTALL}", idle.join(", "));
        findings.push(Finding::note(text));
    }
    findings
}

fn away(api: &Api, why: &str) -> Finding {
    let host = api.url().host_str().unwrap_or_default();
    Finding::wrong(format!("Slack cannot be reached at {host} ({why}); is this machine allowed to go there?"))
}
