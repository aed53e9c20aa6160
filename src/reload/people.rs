//! People whom the configuration knows by e-mail only: Slack is asked for their ids.

use crate::domain::directory::Directory;
use crate::domain::id::{SlackUserId, UserId};
use crate::online::{REINSTALL, WHERE_BOT};
use crate::slack::{Outcome, SlackClient};
use crate::views::mrkdwn::escape;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The one error of `users.lookupByEmail` that speaks of the address (docs.slack.dev/reference/methods); every other is
/// about the app, its token or the call.
const NOT_FOUND: &str = "users_not_found";
/// A round of questions ends after so many that Slack refused for another reason than that it knows nobody: the next
/// would be refused as well.
const REFUSALS_MAX: usize = 3;

/// Ids found so far, and who was said to be missing. As many as the configuration has people.
#[derive(Clone, Debug, Default)]
pub struct People {
    pub(super) found: BTreeMap<String, SlackUserId>,
    missing: BTreeMap<String, String>,
    /// Addresses that Slack would not speak of the last time.
    refused: BTreeSet<String>,
    /// Addresses that turned out to be somebody else's, and were told.
    doubled: BTreeSet<String>,
    /// Why Slack did not say of somebody whether it knows them: its error, and a line for people.
    not_asked: Option<(String, String)>,
}

impl People {
    /// The configuration with every id that is known by now. Somebody who has an id there keeps it, and no two people
    /// are the same.
    pub fn apply(&self, directory: &Directory) -> Directory {
        let mut directory = directory.clone();
        let mut taken: BTreeSet<SlackUserId> = directory.users.values().filter_map(|u| u.slack.clone()).collect();
        for user in directory.users.values_mut().filter(|u| u.slack.is_none()) {
            let found = user.email.as_deref().and_then(|email| self.found.get(&email.to_lowercase()));
            user.slack = found.filter(|id| taken.insert((*id).clone())).cloned();
        }
        directory
    }

    /// Who has no id although they were looked for, each with a line for people.
    pub fn missing(&self, directory: &Directory) -> Vec<String> {
        self.missing.values().cloned().chain(self.doubles(directory).into_values()).collect()
    }

    /// Addresses whose person in Slack is somebody else in the configuration, each with a line for people.
    pub(super) fn doubles(&self, directory: &Directory) -> BTreeMap<String, String> {
        let applied = self.apply(directory);
        let nameless = applied.users.values().filter(|user| user.slack.is_none());
        let double = nameless.filter_map(|user| {
            let email = user.email.as_ref()?.to_lowercase();
            let other = applied.user_by_slack(self.found.get(&email)?)?;
            let line = format!(
                "{} cannot be paged: in Slack, the e-mail address of user `{}` is that of user `{}`. Correct one of the two \
                 in the configuration.",
                escape(&user.name, 60),
                escape(user.id.as_str(), 60),
                escape(other.id.as_str(), 60),
            );
            Some((email, line))
        });
        double.collect()
    }

    /// Why Slack did not say of everybody whether it knows them, in a line for people.
    pub fn not_asked(&self) -> Option<&str> {
        self.not_asked.as_ref().map(|(_, line)| line.as_str())
    }

    /// Asks Slack for everybody who is not found yet. What is to be told: each person once, until the address changes;
    /// a refusal to say once, until there is none or another.
    pub async fn ask(&mut self, directory: &Directory, client: &SlackClient) -> Vec<String> {
        let mut wanted = self.wanted(directory);
        // A rate limit ends a round: those who were not asked about yet come first.
        // And those that Slack would not speak of last time come last, so that they keep nobody from being found.
        wanted.sort_by_key(|(_, email)| (self.refused.contains(email), self.missing.contains_key(email)));
        let emails: BTreeSet<&String> = wanted.iter().map(|(_, email)| email).collect();
        self.missing.retain(|email, _| emails.contains(email));
        self.refused.retain(|email| emails.contains(email));
        let mut news = Vec::new();
        let mut refused: Vec<(String, Value)> = Vec::new();
        let mut is_over = true;
        for (user, email) in &wanted {
            match client.call("users.lookupByEmail", &json!({ "email": email })).await {
                Outcome::Ok(answer) => {
                    self.refused.remove(email);
                    if let Some(id) = answer["user"]["id"].as_str() {
                        self.missing.remove(email);
                        self.found.insert(email.clone(), id.into());
                    }
                }
                Outcome::Refused { error, .. } if error == NOT_FOUND => {
                    let line = format!(
                        "{} cannot be paged: Slack does not find the e-mail address of user `{}` ({}). Correct `email`, or write \
                         `slack`, in the configuration.",
                        escape(directory.name_of(user), 60),
                        escape(user.as_str(), 60),
                        escape(&error, 60),
                    );
                    if self.missing.insert(email.clone(), line.clone()).is_none() {
                        news.push(line);
                    }
                }
                Outcome::Refused { error, body } => {
                    self.refused.insert(email.clone());
                    refused.push((error, body));
                    if refused.len() >= REFUSALS_MAX {
                        break;
                    }
                }
                // The others are asked for at the next round too.
                Outcome::RateLimited { .. } | Outcome::NotSent(_) | Outcome::Unknown(_) => {
                    is_over = false;
                    break;
                }
            }
        }
        if let Some((error, body)) = refused.first() {
            let line = not_asked(error, body, self.unsettled(directory));
            let before = self.not_asked.replace((error.clone(), line.clone()));
            if before.is_none_or(|(before, _)| before != *error) {
                news.push(line);
            }
        } else if is_over {
            self.not_asked = None;
        }
        let doubles = self.doubles(directory);
        self.doubled.retain(|email| doubles.contains_key(email));
        news.extend(doubles.into_iter().filter(|(email, _)| self.doubled.insert(email.clone())).map(|(_, line)| line));
        news
    }

    /// How many have no id, and are not known to be missing either.
    fn unsettled(&self, directory: &Directory) -> usize {
        self.wanted(directory).iter().filter(|(_, email)| !self.missing.contains_key(email)).count()
    }

    fn wanted(&self, directory: &Directory) -> Vec<(UserId, String)> {
        let nameless = directory.users.values().filter(|user| user.slack.is_none());
        let by_email = nameless.filter_map(|user| Some((user.id.clone(), user.email.as_ref()?.to_lowercase())));
        by_email.filter(|(_, email)| !self.found.contains_key(email)).collect()
    }
}

/// Slack does not say who people are: why, what mends it, and what it means.
fn not_asked(error: &str, body: &Value, people: usize) -> String {
    let shown = escape(error, 60);
    let why = match error {
        "missing_scope" => {
            let needed = escape(body["needed"].as_str().unwrap_or("users:read.email"), 60);
            format!("the app lacks the scope {needed} ({shown}); {REINSTALL}")
        }
        "invalid_auth"
        | "not_authed"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "not_allowed_token_type" => {
            format!(
                "Slack refuses the bot token ({shown}); copy it again ({WHERE_BOT}) into SLACK_BOT_TOKEN, and restart Warridor"
            )
        }
        _ => format!("Slack refuses to say ({shown}); `warridor check --online` looks at token, scopes and people"),
    };
    let who = match people {
        0 | 1 => "1 person".to_owned(),
        n => format!("{n} people"),
    };
    format!(
        "{who} known by e-mail only could not be asked about, and cannot be paged yet: {why}. Slack is asked again every minute."
    )
}
