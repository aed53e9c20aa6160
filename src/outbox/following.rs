//! Syncs of what follows who is on call: topics and user groups. Each replaces the whole, so a lost answer costs doing it
//! again. They wait for everything else.

use super::refused::{Refused, sort};
use super::wire::hash;
use super::{Address, Awaiting, Job, Outbox, RETRY_SLOW_MS};
use crate::domain::directory::Team;
use crate::domain::following::{self, Follower};
use crate::domain::id::TeamId;
use crate::domain::input::Settled;
use crate::domain::page::SyncKey;
use crate::domain::stamp::At;
use crate::slack::lanes::Priority;
use crate::slack::outcome::Outcome;
use crate::views;
use serde_json::{Value, json};

/// What a workspace may grant for everything else, and not for this.
pub(super) fn is_about_this_feature(error: &str) -> bool {
    matches!(error, "missing_scope" | "no_permission" | "access_denied" | "not_allowed_token_type")
}

/// Longer words of Slack are cut where they are kept.
const ERROR_CHARS: usize = 60;

impl Outbox {
    /// Who is on call may have changed, or who is told of it.
    pub(super) fn followers_stale(&mut self, now: At) {
        let teams: Vec<Team> =
            self.snapshot.directory.teams.values().filter(|t| following::follows(t)).cloned().collect();
        for team in teams {
            if team.topic.is_some() {
                self.stale(SyncKey::Follower(team.id.clone(), Follower::Topic), now);
            }
            if team.usergroup.is_some() {
                self.stale(SyncKey::Follower(team.id, Follower::UserGroup), now);
            }
        }
    }

    pub(super) fn follower_address(&self, team: &TeamId, what: Follower) -> Option<Address> {
        let team = self.snapshot.directory.teams.get(team)?;
        let (method, channel) = match what {
            Follower::Topic => ("conversations.setTopic", Some(team.channel.to_string())),
            Follower::UserGroup => ("usergroups.users.update", None),
        };
        Some(Address { method, channel, priority: Priority::Housekeeping })
    }

    pub(super) fn follower_body(&self, id: &TeamId, what: Follower) -> Option<(Value, Option<u64>)> {
        let (world, d) = (&self.snapshot.world, &self.snapshot.directory);
        let team = d.teams.get(id)?;
        let body = match what {
            Follower::Topic => {
                let topic = views::oncall::topic(team.topic.as_ref()?, &following::levels(world, d, id), d);
                json!({ "channel": team.channel, "topic": topic })
            }
            Follower::UserGroup => {
                let members: Vec<String> = following::members(world, d, id).iter().map(ToString::to_string).collect();
                if members.is_empty() {
                    return None;
                }
                json!({ "usergroup": team.usergroup.as_ref()?, "users": members.join(",") })
            }
        };
        let hash = hash(&body);
        let is_shown = self.ledger.shows(&SyncKey::Follower(id.clone(), what), hash);
        (!is_shown).then_some((body, Some(hash)))
    }

    pub(super) fn follower_done(&mut self, team: &TeamId, what: Follower, outcome: Outcome, now: At) -> Vec<Settled> {
        let key = SyncKey::Follower(team.clone(), what);
        let job = Job::Sync(key.clone());
        let Some(work) = self.jobs.get(&job) else { return Vec::new() };
        let sent = work.sent;
        match outcome {
            Outcome::Ok(_) => {
                if let Some(hash) = sent {
                    self.ledger.set(key, hash);
                }
                self.worked(&job, now);
                Vec::new()
            }
            Outcome::Refused { error, .. } if sort(&error) == Refused::Token && !is_about_this_feature(&error) => {
                self.make_ready(&job, now.plus_ms(RETRY_SLOW_MS));
                Vec::new()
            }
            // Trying the same again changes nothing; the next change does.
            Outcome::Refused { error, .. } => {
                tracing::warn!(%team, ?what, error, "Slack refused what follows who is on call");
                if let Some(hash) = sent {
                    self.ledger.set(key, hash);
                }
                self.tell(&job, Awaiting::Settled);
                self.worked(&job, now);
                let error = error.chars().take(ERROR_CHARS).collect();
                vec![Settled::FollowerRefused { team: team.clone(), what, error }]
            }
            Outcome::Unknown(_) => {
                // It may be done, and undone before it is tried again.
                self.ledger.forget(&key);
                self.try_again(&job, now);
                Vec::new()
            }
            Outcome::NotSent(_) | Outcome::RateLimited { .. } => {
                self.try_again(&job, now);
                Vec::new()
            }
        }
    }
}
