//! People whom the configuration knows by e-mail only: Slack is asked for their ids.

use crate::domain::directory::Directory;
use crate::domain::id::{SlackUserId, UserId};
use crate::slack::{Outcome, SlackClient};
use crate::views::mrkdwn::escape;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Ids found so far, and who was said to be missing. As many as the configuration has people.
#[derive(Clone, Debug, Default)]
pub struct People {
    pub(super) found: BTreeMap<String, SlackUserId>,
    missing: BTreeMap<String, String>,
    /// Addresses that turned out to be somebody else's, and were told.
    doubled: BTreeSet<String>,
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

    /// Asks Slack for everybody who is not found yet. What is to be told: each person once, until the address changes.
    pub async fn ask(&mut self, directory: &Directory, client: &SlackClient) -> Vec<String> {
        let mut wanted = self.wanted(directory);
        // A rate limit ends a round: those who were not asked about yet come first.
        wanted.sort_by_key(|(_, email)| self.missing.contains_key(email));
        let emails: BTreeSet<&String> = wanted.iter().map(|(_, email)| email).collect();
        self.missing.retain(|email, _| emails.contains(email));
        let mut news = Vec::new();
        for (user, email) in &wanted {
            match client.call("users.lookupByEmail", &json!({ "email": email })).await {
                Outcome::Ok(answer) => {
                    if let Some(id) = answer["user"]["id"].as_str() {
                        self.missing.remove(email);
                        self.found.insert(email.clone(), id.into());
                    }
                }
                Outcome::Refused { error, .. } => {
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
                // The others are asked for at the next round too.
                Outcome::RateLimited { .. } | Outcome::NotSent(_) | Outcome::Unknown(_) => break,
            }
        }
        let doubles = self.doubles(directory);
        self.doubled.retain(|email| doubles.contains_key(email));
        news.extend(doubles.into_iter().filter(|(email, _)| self.doubled.insert(email.clone())).map(|(_, line)| line));
        news
    }

    fn wanted(&self, directory: &Directory) -> Vec<(UserId, String)> {
        let nameless = directory.users.values().filter(|user| user.slack.is_none());
        let by_email = nameless.filter_map(|user| Some((user.id.clone(), user.email.as_ref()?.to_lowercase())));
        by_email.filter(|(_, email)| !self.found.contains_key(email)).collect()
    }
}
