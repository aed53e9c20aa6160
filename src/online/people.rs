//! The configured people, as Slack has them: there, at work, in which time zone, and when they cannot be woken.

use super::api::{Api, Failed};
use super::tokens::Bot;
use super::{Finding, Level};
use crate::config::Loaded;
use crate::dnd::{has_slack_only, hours, window};
use crate::domain::directory::User;
use crate::domain::id::UserId;
use crate::domain::stamp::At;
use chrono::{Offset, TimeZone};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Two names of a time zone are the same to us if they agree now and half a year from now.
const HALF_A_YEAR_SECS: i64 = 182 * 24 * 60 * 60;

/// Every person, by id or else by e-mail.
pub async fn check(loaded: &Loaded, api: &Api, bot: &Bot, now: At) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut known: BTreeMap<String, UserId> = BTreeMap::new();
    for user in loaded.app.users.iter().filter_map(|id| loaded.directory.users.get(id)) {
        let one = One { loaded, bot, user, now };
        let slack = match one.find(api).await {
            Ok(Some(slack)) => slack,
            Ok(None) => continue,
            Err(finding) => {
                findings.push(finding);
                continue;
            }
        };
        findings.extend(one.looks(&slack));
        let id = slack["id"].as_str().unwrap_or_default().to_owned();
        if let Some(other) = known.insert(id.clone(), user.id.clone()) {
            let wrong = format!("is the same person in Slack ({id}) as [user.{other}]");
            findings.push(one.say(Level::Wrong, "email", "", &wrong, "leave one of the two out"));
        }
        if slack["deleted"] != true && bot.may("dnd:read") {
            match api.call("dnd.info", &json!({ "user": id })).await {
                Ok(answer) => findings.extend(one.sleeps(&answer)),
                Err(failed) => {
                    let wrong = format!("Do Not Disturb could not be looked at ({failed})");
                    findings.push(one.say(Level::Note, "slack", "", &wrong, ""));
                }
            }
        }
    }
    findings
}

struct One<'a> {
    loaded: &'a Loaded,
    bot: &'a Bot,
    user: &'a User,
    now: At,
}

impl One<'_> {
    fn say(&self, level: Level, key: &str, found: &str, wrong: &str, mend: &str) -> Finding {
        let thing = format!("user.{}", self.user.id);
        Finding::of(level, &self.loaded.places.complaint(&thing, key, found, wrong, mend))
    }

    /// How the file names this person: key, and key with value.
    fn named(&self) -> Option<(&'static str, String)> {
        let slack = self.user.slack.as_ref().map(|id| ("slack", format!("slack = \"{id}\"")));
        slack.or_else(|| self.user.email.as_ref().map(|email| ("email", format!("email = \"{email}\""))))
    }

    /// `None`: there is nothing to look for, and that was told by the file's own check; or a scope is missing, and that
    /// was told too.
    async fn find(&self, api: &Api) -> Result<Option<Value>, Finding> {
        let Some((key, found)) = self.named() else { return Ok(None) };
        let asked = match (&self.user.slack, &self.user.email) {
            (Some(id), _) => api.call("users.info", &json!({ "user": id })).await,
            (None, Some(email)) => api.call("users.lookupByEmail", &json!({ "email": email })).await,
            (None, None) => return Ok(None),
        };
        match asked {
            Ok(answer) => Ok(Some(answer["user"].clone())),
            Err(Failed::Refused(error)) if error == "missing_scope" => Ok(None),
            Err(Failed::Refused(error)) if error == "users_not_found" => {
                let wrong = "is the address of nobody who is active in this workspace";
                let mend = "write the address of their Slack account, or slack = \"U…\"";
                Err(self.say(Level::Wrong, key, &found, wrong, mend))
            }
            Err(Failed::Refused(error)) if error == "user_not_found" || error == "user_not_visible" => {
                let wrong = "is nobody in this workspace";
                let mend = "copy it again: their Slack profile, ⋮, Copy member ID";
                Err(self.say(Level::Wrong, key, &found, wrong, mend))
            }
            Err(failed) => {
                let wrong = format!("could not be looked at ({failed})");
                Err(self.say(Level::Wrong, key, &found, &wrong, "try again"))
            }
        }
    }

    fn looks(&self, slack: &Value) -> Vec<Finding> {
        let Some((key, found)) = self.named() else { return Vec::new() };
        let is = |what: &str| slack[what] == true;
        let elsewhere = "put somebody else in their place, here and in rotations";
        let wrong = |wrong: &str, mend: &str| vec![self.say(Level::Wrong, key, &found, wrong, mend)];
        if is("deleted") {
            return wrong("is deactivated in Slack: no page reaches them", elsewhere);
        }
        if is("is_bot") || slack["id"] == "USLACKBOT" {
            return wrong("is a bot, not a person", "write the id of a person");
        }
        let stranger = slack["team_id"].as_str().is_some_and(|team| team != self.bot.team_id);
        if is("is_stranger") || (stranger && !slack["enterprise_user"].is_object()) {
            return wrong("belongs to another organisation, whose people may look and note only", elsewhere);
        }
        if is("is_restricted") || is("is_ultra_restricted") {
            let mend = "make them a member in Slack, or put somebody else in their place";
            return wrong("is a guest in Slack, and guests may look and note, not acknowledge", mend);
        }
        let mut findings = Vec::new();
        let (ours, theirs) = (self.user.email.as_deref(), slack["profile"]["email"].as_str());
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && !ours.eq_ignore_ascii_case(theirs)
        {
            let found = format!("email = \"{ours}\"");
            let wrong = format!("is not the address Slack has for this person ({theirs})");
            findings.push(self.say(Level::Doubtful, "email", &found, &wrong, "is `slack` somebody else's?"));
        }
        if let Some(tz) = slack["tz"].as_str()
            && !self.same_time(tz)
        {
            let found = format!("tz = \"{}\"", self.user.tz);
            let wrong = format!("differs from Slack, which says {tz}");
            let mend = format!("write tz = \"{tz}\", or correct it in Slack");
            findings.push(self.say(Level::Doubtful, "tz", &found, &wrong, &mend));
        }
        findings
    }

    fn same_time(&self, theirs: &str) -> bool {
        let Ok(theirs) = theirs.parse::<Tz>() else { return false };
        let offset = |tz: Tz, at: At| tz.offset_from_utc_datetime(&at.utc().naive_utc()).fix().local_minus_utc();
        [self.now, self.now.plus_secs(HALF_A_YEAR_SECS)]
            .iter()
            .all(|at| offset(self.user.tz, *at) == offset(theirs, *at))
    }

    /// A person whose only method is Slack is not woken while Slack is silent.
    fn sleeps(&self, dnd: &Value) -> Option<Finding> {
        let window = window(dnd).filter(|_| has_slack_only(self.user))?;
        let wrong = format!(
            "{}'s only method is Slack, and their DND is {}: they will not wake",
            self.user.name,
            hours(window, self.user),
        );
        let mend = "have them change its hours in Slack, or have somebody else on call then";
        Some(self.say(Level::Doubtful, "rule", "", &wrong, mend))
    }
}
