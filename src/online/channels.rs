//! The configured channels, as Slack has them.

use super::api::{Api, Failed};
use super::tokens::Bot;
use super::{Finding, Level};
use crate::config::{Channel, Loaded};
use serde_json::{Value, json};

/// Every channel by its id: there, called so, open, our own, and with the bot in it.
pub async fn check(loaded: &Loaded, api: &Api, bot: &Bot) -> Vec<Finding> {
    let mut findings = Vec::new();
    for channel in &loaded.app.channels {
        let one = One { loaded, bot, channel };
        match api.call("conversations.info", &json!({ "channel": channel.id })).await {
            Ok(answer) => {
                findings.extend(one.looks(&answer["channel"]));
                if answer["channel"]["is_member"] == false && answer["channel"]["is_archived"] != true {
                    findings.push(one.come_in(&answer["channel"], api).await);
                }
            }
            // The missing scope was told, once.
            Err(Failed::Refused(error)) if error == "missing_scope" => {}
            Err(failed) => findings.push(one.not_seen(&failed)),
        }
    }
    findings
}

struct One<'a> {
    loaded: &'a Loaded,
    bot: &'a Bot,
    channel: &'a Channel,
}

impl One<'_> {
    fn say(&self, level: Level, key: &str, found: &str, wrong: &str, mend: &str) -> Finding {
        let thing = format!("channel.{}", self.channel.name);
        Finding::of(level, &self.loaded.places.complaint(&thing, key, found, wrong, mend))
    }

    fn id(&self) -> String {
        format!("id = \"{}\"", self.channel.id)
    }

    fn invite(&self, name: &str) -> String {
        format!("type `/invite @{}` in #{name}", self.bot.name)
    }

    fn not_seen(&self, failed: &Failed) -> Finding {
        let about = "compare it with the bottom of the channel's About in Slack";
        match failed {
            Failed::Refused(error) if error == "channel_not_found" && self.channel.private => {
                let wrong = "is no channel the bot can see, as every private channel it is not in";
                let mend = format!("{}; if that does not help, {about}", self.invite(&self.channel.name));
                self.say(Level::Wrong, "id", &self.id(), wrong, &mend)
            }
            Failed::Refused(error) if error == "channel_not_found" => {
                let wrong = "is no channel of this workspace, or a private one the bot is not in";
                self.say(Level::Wrong, "id", &self.id(), wrong, about)
            }
            other => self.say(Level::Wrong, "id", &self.id(), &format!("could not be looked at ({other})"), about),
        }
    }

    fn looks(&self, slack: &Value) -> Vec<Finding> {
        let mut findings = Vec::new();
        let is = |key: &str| slack[key] == true;
        let name = slack["name"].as_str().unwrap_or_default();
        if is("is_im") || is("is_mpim") {
            let mend = "write the id of a channel";
            return vec![self.say(
                Level::Wrong,
                "id",
                &self.id(),
                "is a conversation between people, not a channel",
                mend,
            )];
        }
        if is("is_archived") {
            let mend = "unarchive it there, or put another channel in its place";
            findings.push(self.say(Level::Wrong, "id", &self.id(), "is archived in Slack", mend));
        }
        if name != self.channel.name {
            let found = format!("name = \"{}\"", self.channel.name);
            let wrong = format!("is called #{name} in Slack");
            let mend = format!("write name = \"{name}\" and wherever it is named, or compare the id");
            findings.push(self.say(Level::Doubtful, "name", &found, &wrong, &mend));
        }
        if is("is_ext_shared") && !self.channel.allow_shared {
            let wrong = "is shared with another organisation, who would read every incident";
            let mend = "put another channel in its place, or write allow_shared = true if they may";
            findings.push(self.say(Level::Wrong, "id", &self.id(), wrong, mend));
        }
        match (self.channel.private, is("is_private")) {
            (true, false) => {
                let mend = "make it private in Slack, or leave private = true out";
                let wrong = "and in Slack everybody can read it";
                findings.push(self.say(Level::Wrong, "private", "private = true", wrong, mend));
            }
            (false, true) => {
                let wrong = "is a private channel in Slack, and not here";
                findings.push(self.say(Level::Doubtful, "id", &self.id(), wrong, "add private = true"));
            }
            (true, true) | (false, false) => {}
        }
        findings
    }

    /// The bot is not in it: it joins a public one, and asks to be invited to a private one.
    async fn come_in(&self, slack: &Value, api: &Api) -> Finding {
        let name = slack["name"].as_str().unwrap_or(&self.channel.name);
        if slack["is_private"] == true {
            return self.say(Level::Wrong, "id", &self.id(), "is a channel the bot is not in", &self.invite(name));
        }
        match api.call("conversations.join", &json!({ "channel": self.channel.id })).await {
            Ok(_) => Finding::note(format!("joined #{name}")),
            Err(failed) => {
                let wrong = format!("is a channel the bot is not in and could not join ({failed})");
                self.say(Level::Wrong, "id", &self.id(), &wrong, &self.invite(name))
            }
        }
    }
}
