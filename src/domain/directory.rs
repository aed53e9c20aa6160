//! Who and what there is, as the configuration says: people, teams, services, policies, schedules. Read by decisions,
//! never by `apply`: facts carry what was resolved from here.

use super::condition::When;
use super::group::Grouping;
use super::heartbeat::Heartbeat;
use super::hours::Hours;
use super::id::{
    ChannelId, HeartbeatId, HookId, HoursId, PlaybookId, PolicyId, ScheduleId, ServiceId, SlackUserId, TeamId, UserId,
};
use super::playbook::Playbook;
use super::routing::Routes;
use super::schedule::Schedule;
use super::sla::Tiers;
use super::threshold::Threshold;
use super::urgency::UrgencyBy;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One loaded configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// SHA-256 of the configuration's text, in hex.
    pub sha256: String,
    pub users: BTreeMap<UserId, User>,
    pub teams: BTreeMap<TeamId, Team>,
    pub services: BTreeMap<ServiceId, Service>,
    pub policies: BTreeMap<PolicyId, Policy>,
    pub schedules: BTreeMap<ScheduleId, Schedule>,
    /// Channel names (without `#`) and their ids.
    pub channels: BTreeMap<String, ChannelId>,
    /// Those that are private in Slack.
    pub private_channels: BTreeSet<ChannelId>,
    /// Integration keys by the SHA-256 of the key, in hex. The keys themselves are never kept.
    pub keys: BTreeMap<String, IntegrationKey>,
    /// What is to be heard of every so often, watched or not.
    pub heartbeats: BTreeMap<HeartbeatId, Heartbeat>,
    /// Its keys, by the SHA-256 of the key, in hex. They open nothing else, and no other key opens a heartbeat.
    pub heartbeat_keys: BTreeMap<String, HeartbeatId>,
    /// Who hears what nobody answered.
    pub catch_all: Vec<Target>,
    /// Where Warridor tells what is wrong with itself.
    pub admin_channel: ChannelId,
    pub settings: Settings,
    /// Hours with a name of their own.
    pub hours: BTreeMap<HoursId, Hours>,
    /// The working hours of whoever has others than the usual ones.
    pub hours_of_users: BTreeMap<UserId, Hours>,
    pub hours_of_teams: BTreeMap<TeamId, Hours>,
    pub tiers: Tiers,
    /// Where alerts go that do not go to their key's service; the first that fits decides.
    pub routes: Routes,
    /// Who carries texts and calls.
    pub twilio: Option<Twilio>,
    /// Ways of the operator's own to reach people.
    pub hooks: BTreeMap<HookId, Hook>,
    /// Where the outside reaches our HTTP door, without a slash at its end: key presses and replies come there.
    pub public_url: Option<Arc<str>>,
    /// What is to be done about alerts.
    pub playbooks: BTreeMap<PlaybookId, Arc<Playbook>>,
    /// The Alertmanagers that may be told of a silence, by the service whose alerts come from there.
    pub alertmanagers: BTreeMap<ServiceId, Alertmanager>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub name: String,
    /// Without it, this person cannot be reached by Slack.
    pub slack: Option<SlackUserId>,
    pub email: Option<String>,
    pub tz: Tz,
    pub admin: bool,
    /// Where texts and calls go, in E.164 form: `+` and at most 15 digits.
    pub phone: Option<Arc<str>>,
    /// How this person is paged, in order of delay. Never empty after loading: the default is Slack at once.
    pub rules: Vec<PersonalRule>,
}

/// One line of "page me by Slack at once, by phone after two minutes".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalRule {
    pub method: Method,
    /// Counted from the start of the policy step that asks this person.
    pub delay_secs: i64,
    /// Only for incidents of this urgency; `None`: for all.
    pub only: Option<Urgency>,
}

impl PersonalRule {
    /// By Slack, for every incident, so long after the step began.
    pub fn slack(delay_secs: i64) -> Self {
        Self { method: Method::Slack, delay_secs, only: None }
    }
}

/// By what a page travels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A direct message from the bot.
    Slack,
    /// A text message to their telephone.
    Sms,
    /// A call that speaks.
    Voice,
    /// Something of the operator's own.
    Hook(HookId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub tier: u8,
    pub channel: ChannelId,
    pub members: Vec<UserId>,
    /// Who hears what a team leaves undone.
    pub lead: Option<UserId>,
    /// Slack's id of the user group that holds whoever its first level asks now.
    pub usergroup: Option<String>,
    /// The topic of its channel, with `{oncall}` for whoever its first level asks now, and `{next}` for the one after.
    pub topic: Option<String>,
}

impl Team {
    /// A team of tier 1, by whose duty nothing is named.
    pub fn new(id: TeamId, channel: ChannelId, members: Vec<UserId>) -> Self {
        let name = id.to_string();
        Self { id, name, tier: 1, channel, members, lead: None, usergroup: None, topic: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    pub id: ServiceId,
    pub name: String,
    pub team: TeamId,
    /// 1, 2 or 3.
    pub tier: u8,
    pub urgency: Urgency,
    pub policy: PolicyId,
    pub channel: ChannelId,
    /// What its incidents are about is shown in private channels only; see [`Directory::may_show`].
    pub private: bool,
    /// Its incidents of high urgency owe an RCA.
    pub production: bool,
    /// Its alerts page when they lasted this long; 0: at once.
    pub hold_secs: i64,
    /// Where a key does not say otherwise: an alert counts as cleared when nothing was heard of it for so long.
    pub resolve_after_secs: Option<i64>,
    /// What may make it another than `urgency`.
    pub urgency_by: UrgencyBy,
    /// Which of its alerts become one incident.
    pub group: Option<Grouping>,
    /// How often its alerts must come before they page.
    pub threshold: Option<Threshold>,
}

impl Service {
    /// A service with nothing said about it: tier 1, high urgency, paging at once.
    pub fn new(id: ServiceId, team: TeamId, policy: PolicyId, channel: ChannelId) -> Self {
        let name = id.to_string();
        Self {
            id,
            name,
            team,
            tier: 1,
            urgency: Urgency::High,
            policy,
            channel,
            private: false,
            production: true,
            hold_secs: 0,
            resolve_after_secs: None,
            urgency_by: UrgencyBy::Service,
            group: None,
            threshold: None,
        }
    }
}

/// `high` pages by every method; `low` never wakes anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    Low,
    High,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationKey {
    /// For people: the variable, file or label the key came from. Never the key.
    pub name: String,
    pub service: ServiceId,
    /// Fixes the urgency of everything that comes by this key.
    pub urgency: Option<Urgency>,
    /// What comes by it counts as cleared when nothing was heard of it for so long.
    pub resolve_after_secs: Option<i64>,
    /// What comes by it must be signed with what one of these environment variables holds, whether they are set or not;
    /// never the secrets themselves. Empty: nothing need be signed.
    pub signature_env: Vec<String>,
}

/// Who is asked, in what order, and how long each has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub id: PolicyId,
    /// On screen "level 1, 2…". Never empty.
    pub steps: Vec<Step>,
    /// How many times the steps are gone through again after the first time.
    pub repeat: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub targets: Vec<Target>,
    /// How long this step is waited for before the next one.
    pub delay_secs: i64,
    /// Its targets take turns: each time the step comes up, the next of them is asked, and no other.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub round_robin: bool,
    /// Where it does not hold, the next step is asked at once.
    #[serde(default, skip_serializing_if = "When::is_always")]
    pub when: When,
}

impl Step {
    /// A step that always asks all its targets at once.
    pub fn all(targets: Vec<Target>, delay_secs: i64) -> Self {
        Self { targets, delay_secs, round_robin: false, when: When::default() }
    }
}

/// Who a step asks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    User(UserId),
    /// Whoever is on call by this schedule at the moment the step starts.
    Schedule(ScheduleId),
    /// Everybody in a channel; only as the catch-all.
    Channel(ChannelId),
}

/// Times that are settings; the defaults are PRODUCT's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// An acknowledged incident without activity: "Still on it?"
    pub ack_timeout_secs: i64,
    /// After that question, this long until it is triggered again.
    pub ack_timeout_grace_secs: i64,
    /// An acknowledged incident in which nothing was done: who fixed the same alert before?
    pub help_after_secs: i64,
    /// Between pages to the catch-all; the last one repeats.
    pub exhausted_backoff_secs: Vec<i64>,
    /// A person resolved while the monitor still says firing: not cleared by then, it is triggered again.
    pub resolve_grace_secs: i64,
    /// Cleared while somebody has it: quiet for this long, it is resolved by itself.
    pub auto_resolve_after_secs: i64,
    /// Firing again so soon after it was resolved by itself, it is the same incident.
    pub refire_within_secs: i64,
    /// Firing so often
    pub flapping_times: usize,
    /// within this, it flaps:
    pub flapping_window_secs: i64,
    /// then it is not resolved by itself sooner than this after it cleared.
    pub flapping_hold_secs: i64,
    /// Between two pushes to one person: what comes in between is one message. 0: every page is a message of its own.
    pub bundle_secs: i64,
    /// A service that opened this many incidents a short while ago is flooded: what comes next comes together. 0: never.
    pub flood: usize,
    /// Resolved for this long, an incident leaves memory for the disk.
    pub close_after_secs: i64,
}

/// An account at Twilio. Its auth tokens are in the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twilio {
    /// `AC` and 32 hex digits; no secret.
    pub account: Arc<str>,
    /// The variables of its auth tokens: requests go out by the first that is set, and what
    /// comes in may be signed by any.
    pub token_envs: Vec<String>,
    /// The number that texts and calls come from, in E.164 form.
    pub from: Arc<str>,
    /// Where its API is, without a slash at its end.
    pub api: Arc<str>,
}

/// A way to reach people that the operator made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hook {
    /// Pages are posted there, as JSON.
    Url(Arc<str>),
    /// The same; this variable holds the URL, which is a secret.
    UrlEnv(String),
    /// This program is started for each page, with the JSON on its standard input.
    Command(Vec<String>),
}

/// Where an Alertmanager's API is. Its token is in the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// Without `/api/v2`, and without a slash at its end.
    pub url: Arc<str>,
    pub token_env: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ack_timeout_secs: 30 * 60,
            ack_timeout_grace_secs: 5 * 60,
            help_after_secs: 20 * 60,
            exhausted_backoff_secs: vec![5 * 60, 10 * 60, 20 * 60],
            resolve_grace_secs: 30 * 60,
            auto_resolve_after_secs: 15 * 60,
            refire_within_secs: 15 * 60,
            flapping_times: 3,
            flapping_window_secs: 60 * 60,
            flapping_hold_secs: 30 * 60,
            bundle_secs: 30,
            flood: super::group::FLOOD,
            close_after_secs: 24 * 60 * 60,
        }
    }
}

impl Directory {
    /// Nobody and nothing yet.
    pub fn empty(admin_channel: ChannelId) -> Self {
        Self {
            sha256: String::new(),
            users: BTreeMap::new(),
            teams: BTreeMap::new(),
            services: BTreeMap::new(),
            policies: BTreeMap::new(),
            schedules: BTreeMap::new(),
            channels: BTreeMap::new(),
            private_channels: BTreeSet::new(),
            keys: BTreeMap::new(),
            heartbeats: BTreeMap::new(),
            heartbeat_keys: BTreeMap::new(),
            catch_all: Vec::new(),
            admin_channel,
            settings: Settings::default(),
            hours: BTreeMap::new(),
            hours_of_users: BTreeMap::new(),
            hours_of_teams: BTreeMap::new(),
            tiers: Tiers::default(),
            routes: Routes::default(),
            twilio: None,
            hooks: BTreeMap::new(),
            public_url: None,
            playbooks: BTreeMap::new(),
            alertmanagers: BTreeMap::new(),
        }
    }

    /// The heartbeats that are watched: those of which a key is there.
    pub fn watched(&self) -> impl Iterator<Item = &Heartbeat> {
        self.heartbeats.values().filter(|h| h.watched)
    }

    /// The person behind a Slack id.
    pub fn user_by_slack(&self, slack: &SlackUserId) -> Option<&User> {
        self.users.values().find(|u| u.slack.as_ref() == Some(slack))
    }

    /// How this team is asked: by the policy that most of its services have (of equals, the first by name).
    pub fn policy_of_team(&self, team: &TeamId) -> Option<&Policy> {
        let mut used: BTreeMap<&PolicyId, usize> = BTreeMap::new();
        for service in self.services.values().filter(|s| s.team == *team) {
            *used.entry(&service.policy).or_default() += 1;
        }
        let most = used.into_iter().max_by_key(|(id, n)| (*n, std::cmp::Reverse(*id)))?;
        self.policies.get(most.0)
    }

    /// May this channel hear what an incident of this service is about? A service no longer configured is shown as
    /// before: its incidents went where they went.
    pub fn may_show(&self, service: &ServiceId, channel: &ChannelId) -> bool {
        let private = self.services.get(service).is_some_and(|s| s.private);
        !private || self.private_channels.contains(channel)
    }

    /// When somebody works: the usual hours in their own zone, unless they have others.
    pub fn hours_of(&self, user: &UserId) -> Hours {
        let tz = || self.users.get(user).map_or(Tz::UTC, |u| u.tz);
        self.hours_of_users.get(user).cloned().unwrap_or_else(|| Hours::usual(tz()))
    }

    /// When a team works: as its first member, unless it says otherwise.
    pub fn hours_of_team(&self, team: &TeamId) -> Hours {
        let own = self.hours_of_teams.get(team).cloned();
        let first = || self.teams.get(team).and_then(|t| t.members.first());
        own.unwrap_or_else(|| first().map_or_else(|| Hours::usual(Tz::UTC), |user| self.hours_of(user)))
    }

    /// How to call a person on screen; an id no longer configured is shown as it is.
    pub fn name_of<'a>(&'a self, user: &'a UserId) -> &'a str {
        self.users.get(user).map_or(user.as_str(), |u| u.name.as_str())
    }
}
