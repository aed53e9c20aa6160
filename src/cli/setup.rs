//! `setup`: from a configuration to a workspace in which it works, one question a line.
//!
//! Each step is looked at with the checks of `check --online`, again and again until it is right or skipped; the
//! configuration is read anew each time, so that it can be corrected in another window. Tokens are asked for without
//! being shown, and are never written into the configuration.

mod env_file;
mod talk;

use super::{Common, slack_api};
use crate::clock::Clock;
use crate::config::{self, Env, Loaded, SystemEnv, manifest};
use crate::online::{self, Api, Bot, Finding, Kind, Level};
use crate::slack::methods::APP_TOKEN_SCOPE;
use anyhow::bail;
use secrecy::SecretString;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;
use talk::{Talk, Unanswered};
use tokio::runtime::Runtime;
use url::Url;

/// Pages of the list of channels that are read, of a thousand each.
const CHANNEL_PAGES: usize = 10;

pub(super) fn setup(common: &Common) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("no runtime: {e}");
            return ExitCode::from(2);
        }
    };
    let Some(api) = slack_api() else { return ExitCode::from(2) };
    let mut setup = Setup { common, talk: Talk::with_terminal(), runtime, api, skipped: Vec::new() };
    match setup.walk() {
        Ok(()) if setup.skipped.is_empty() => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(1),
        Err(error) if error.is::<Unanswered>() => {
            println!("\nStopped: there was no more input. Nothing here was changed; run `warridor setup` again.");
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

struct Setup<'a> {
    common: &'a Common,
    talk: Talk,
    runtime: Runtime,
    api: Url,
    skipped: Vec<&'static str>,
}

impl Setup<'_> {
    fn walk(&mut self) -> anyhow::Result<()> {
        let loaded = self.load()?;
        self.create_app(&loaded)?;
        let app_token = self.app_token()?;
        let (api, bot, bot_token) = self.bot_token()?;
        let bot = self.scopes(&api, bot)?;
        self.channels(&api, &bot)?;
        self.people(&api, &bot)?;
        let loaded = self.load()?;
        let file = self.keep(&loaded, &bot_token, &app_token)?;
        self.what_next(&loaded, file.as_deref());
        Ok(())
    }

    /// The configuration as it is now.
    fn load(&self) -> anyhow::Result<Loaded> {
        let (loaded, report) = config::inspect(&self.common.config, &SystemEnv, self.common.data_dir.as_deref());
        report.complaints.iter().for_each(|complaint| self.talk.say(&complaint.to_string()));
        match loaded {
            Some(loaded) => Ok(loaded),
            None => bail!("The configuration has mistakes: mend them, then run `warridor setup` again."),
        }
    }

    fn create_app(&mut self, loaded: &Loaded) -> anyhow::Result<()> {
        self.talk.title("1. The app");
        if set("SLACK_BOT_TOKEN").is_some() || set("SLACK_APP_TOKEN").is_some() {
            self.talk.say("A token is set in the environment, so the app is there.");
            return Ok(());
        }
        self.talk.say(
            "Open https://api.slack.com/apps?new_app=1, choose \"From a manifest\", your workspace, JSON, and paste:",
        );
        self.talk.say(&format!("\n{:#}\n", manifest::build(&loaded.app)));
        self.talk.say("Then \"Create\".");
        self.talk.ask("Press Enter when the app is there: ")?;
        Ok(())
    }

    fn app_token(&mut self) -> anyhow::Result<SecretString> {
        self.talk.title("2. The app-level token");
        let mut given = set("SLACK_APP_TOKEN");
        match given {
            Some(_) => self.talk.say("SLACK_APP_TOKEN is set: looking at it."),
            None => self.talk.say(&format!(
                "On the app's page: Basic Information, App-Level Tokens, Generate Token; any name, and the scope \
                 {APP_TOKEN_SCOPE}."
            )),
        }
        loop {
            let token = match given.take() {
                Some(token) => token,
                None => self.talk.ask_secret("Paste the app-level token (xapp-…; it is not shown): ")?,
            };
            let wrong = match Kind::of(&token) {
                Kind::App => {
                    let api = Api::new(self.api.clone(), token.clone())?;
                    self.runtime.block_on(online::app_token(&api)).map(|finding| finding.text)
                }
                Kind::Bot => Some(
                    "that is the bot token (xoxb-…), which is asked for next; this one begins with xapp-".to_owned(),
                ),
                Kind::User | Kind::Other => Some("that is no app-level token: it begins with xapp-".to_owned()),
            };
            match wrong {
                None => {
                    self.talk.say("It opens sockets.");
                    return Ok(token);
                }
                Some(wrong) => self.talk.say(&wrong),
            }
        }
    }

    fn bot_token(&mut self) -> anyhow::Result<(Api, Bot, SecretString)> {
        self.talk.title("3. The bot token");
        let mut given = set("SLACK_BOT_TOKEN");
        match given {
            Some(_) => self.talk.say("SLACK_BOT_TOKEN is set: looking at it."),
            None => {
                self.talk.say("On the app's page: Install App, Install to Workspace, Allow. It shows the bot token.")
            }
        }
        loop {
            let token = match given.take() {
                Some(token) => token,
                None => self.talk.ask_secret("Paste the bot token (xoxb-…; it is not shown): ")?,
            };
            let wrong = match Kind::of(&token) {
                Kind::Bot => {
                    let api = Api::new(self.api.clone(), token.clone())?;
                    match self.runtime.block_on(online::bot_token(&api)) {
                        Ok(bot) => {
                            self.talk.say(&format!("The bot is @{} in {}.", bot.name, bot.team));
                            return Ok((api, bot, token));
                        }
                        Err(finding) => finding.text,
                    }
                }
                Kind::App => "that is the app-level token (xapp-…) again; the bot token begins with xoxb-".to_owned(),
                Kind::User => "that is a user token (xoxp-…); the bot token begins with xoxb-".to_owned(),
                Kind::Other => "that is no bot token: it begins with xoxb-".to_owned(),
            };
            self.talk.say(&wrong);
        }
    }

    fn scopes(&mut self, api: &Api, mut bot: Bot) -> anyhow::Result<Bot> {
        self.until_right("scopes", |setup| {
            if let Ok(now) = setup.runtime.block_on(online::bot_token(api)) {
                bot = now;
            }
            let features = setup.load()?.app.features;
            Ok(online::scopes(&bot, features))
        })?;
        Ok(bot)
    }

    fn channels(&mut self, api: &Api, bot: &Bot) -> anyhow::Result<()> {
        self.talk.title("4. Channels");
        self.until_right("channels", |setup| {
            let loaded = setup.load()?;
            let mut findings = setup.runtime.block_on(online::channels(&loaded, api, bot));
            if findings.iter().any(|finding| finding.level == Level::Wrong) {
                findings.extend(setup.runtime.block_on(by_name(&loaded, api)));
            }
            Ok(findings)
        })
    }

    fn people(&mut self, api: &Api, bot: &Bot) -> anyhow::Result<()> {
        self.talk.title("5. People");
        self.until_right("people", |setup| {
            let loaded = setup.load()?;
            let mut findings = setup.runtime.block_on(online::people(&loaded, api, bot, Clock::system(0).now()));
            findings.extend(setup.runtime.block_on(online::groups(&loaded, api)));
            Ok(findings)
        })
    }

    /// Looks until nothing is wrong, or somebody skips it.
    fn until_right(
        &mut self,
        what: &'static str,
        mut look: impl FnMut(&mut Self) -> anyhow::Result<Vec<Finding>>,
    ) -> anyhow::Result<()> {
        loop {
            let looked = look(self);
            match &looked {
                Ok(findings) => findings.iter().for_each(|finding| self.talk.say(&finding.to_string())),
                Err(error) => self.talk.say(&error.to_string()),
            }
            if looked.is_ok_and(|findings| findings.iter().all(|finding| finding.level != Level::Wrong)) {
                self.talk.say(&format!("The {what} are right."));
                return Ok(());
            }
            loop {
                let answer = self.talk.ask("Press Enter to look again, or type skip to go on without: ")?;
                match answer.trim() {
                    "" => break,
                    "skip" => {
                        self.skipped.push(what);
                        return Ok(());
                    }
                    _ => self.talk.say("That is neither. Correct what is said above, then press Enter; or type skip."),
                }
            }
        }
    }

    /// Offers to write the tokens, and keys for services that have none yet, into a file of their own.
    fn keep(
        &mut self,
        loaded: &Loaded,
        bot_token: &SecretString,
        app_token: &SecretString,
    ) -> anyhow::Result<Option<String>> {
        self.talk.title("6. Keep the tokens");
        self.talk.say("They can be written into a file that only you can read, with a new key for every service whose key is not set.");
        loop {
            let name = self.talk.ask("Name of the new file, such as warridor.env, or Enter for none: ")?;
            let name = name.trim();
            if name.is_empty() {
                return Ok(None);
            }
            let lines = env_file::lines(loaded, bot_token, app_token, &|variable| SystemEnv.var(variable));
            match env_file::write(std::path::Path::new(name), &lines) {
                Ok(()) => {
                    self.talk.say(&format!(
                        "Written: {}.",
                        lines.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
                    ));
                    return Ok(Some(name.to_owned()));
                }
                Err(error) => self.talk.say(&format!("{error:#}. Name another file, or press Enter.")),
            }
        }
    }

    fn what_next(&self, loaded: &Loaded, file: Option<&str>) {
        self.talk.title("Next");
        if !self.skipped.is_empty() {
            self.talk.say(&format!(
                "Skipped: {}. `warridor check --online` says what is left to do.",
                self.skipped.join(", ")
            ));
        }
        let set = match file {
            // Without a slash, a shell would look for it in its path.
            Some(file) if file.contains('/') => format!("set -a; . '{file}'; set +a; "),
            Some(file) => format!("set -a; . './{file}'; set +a; "),
            None => "SLACK_BOT_TOKEN=xoxb-… SLACK_APP_TOKEN=xapp-… ".to_owned(),
        };
        let listen = self.common.listen.unwrap_or(loaded.app.listen);
        self.talk.say(&format!("  {set}warridor run --config {}", self.common.config.display()));
        self.talk.say(&format!("  curl http://{listen}/readyz     # how it stands with the disk and with Slack"));
        let command = loaded.app.commands.first().map_or("/pager", |command| command.name.as_str());
        self.talk.say(&format!("  {command} help                  # in Slack: does it know the command?"));
    }
}

fn set(variable: &str) -> Option<SecretString> {
    let value = SystemEnv.var(variable).filter(|value| !value.trim().is_empty())?;
    Some(SecretString::from(value.trim().to_owned()))
}

/// The ids of channels that are called as configured ones are and have another id.
async fn by_name(loaded: &Loaded, api: &Api) -> Vec<Finding> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut cursor = String::new();
    for _ in 0..CHANNEL_PAGES {
        let ask = json!({
            "types": "public_channel,private_channel", "exclude_archived": true, "limit": 1_000, "cursor": cursor,
        });
        let Ok(answer) = api.call("conversations.list", &ask).await else { return Vec::new() };
        for channel in answer["channels"].as_array().into_iter().flatten() {
            let text = |key: &str| channel[key].as_str().unwrap_or_default().to_owned();
            ids.insert(text("name"), text("id"));
        }
        cursor = answer["response_metadata"]["next_cursor"].as_str().unwrap_or_default().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    let other = |channel: &&config::Channel| ids.get(&channel.name).is_some_and(|id| *id != channel.id.as_str());
    let hint = |channel: &config::Channel| {
        let wrong = format!("#{} is {} in Slack", channel.name, ids.get(&channel.name).map_or("", String::as_str));
        let mend = format!("write id = \"{}\"", ids.get(&channel.name).map_or("", String::as_str));
        let thing = format!("channel.{}", channel.name);
        Finding { level: Level::Note, text: loaded.places.complaint(&thing, "id", "", &wrong, &mend).to_string() }
    };
    loaded.app.channels.iter().filter(other).map(hint).collect()
}
