//! What facts carry that has a shape of its own.

use crate::domain::call::{Asked, QueuedPage, Skipped};
use crate::domain::directory::Urgency;
use crate::domain::id::{AlertKey, CallNo, ChannelId, IncidentNo, MessageRef, PolicyId, ServiceId, TeamId, UserId};
use crate::domain::input::Source;
use crate::domain::routing::RuleRef;
use crate::domain::stamp::At;
use crate::domain::text::Text;
use crate::domain::threshold::Threshold;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Who is asked by a call instead of somebody whose shift ended, or beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instead {
    pub call: CallNo,
    /// Who is asked by it no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<UserId>,
    pub asked: Asked,
    /// Pages to them that are due later.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queue: Vec<QueuedPage>,
}

/// A new incident, with everything that was known when it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentOpened {
    pub incident: IncidentNo,
    pub service: ServiceId,
    pub team: TeamId,
    pub channel: ChannelId,
    /// Its service was private: that holds also when the configuration does not know it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    pub tier: u8,
    pub urgency: Urgency,
    pub policy: PolicyId,
    pub source: Source,
    /// The alert's dedup key; it names the alert together with the service. Empty when a person opened it.
    pub dedup: Arc<str>,
    /// Who opened it, when no monitor did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// The incident that this alert led to the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<IncidentNo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<At>,
    /// The message of Slack that a person made it of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRef>,
    /// How it came to be opened so; facts of earlier versions do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    pub title: Text,
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub link: Text,
    /// One `name: value` a line.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub labels: Text,
    /// The service of the key it came by, where a rule sent it to another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<ServiceId>,
    /// What it stands for, one `name=value` a line; empty where its service does not put alerts together.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub group: Text,
    /// How often its alerts must come before anybody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
}

impl IncidentOpened {
    /// What its first alert is known by.
    pub fn alert_key(&self) -> AlertKey {
        AlertKey { service: self.told.as_ref().unwrap_or(&self.service).clone(), dedup: self.dedup.clone() }
    }
}

/// An alert that became part of an open incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertJoined {
    pub incident: IncidentNo,
    /// The service of the key it came by.
    pub service: ServiceId,
    pub dedup: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<At>,
    pub title: Text,
    /// The rule that sent it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
}

impl AlertJoined {
    /// What it is known by.
    pub fn alert_key(&self) -> AlertKey {
        AlertKey { service: self.service.clone(), dedup: self.dedup.clone() }
    }
}

/// By what an incident was opened, and what its urgency follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub source: Source,
    /// The integration key's name, never the key; a person needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// The version of the configuration in force.
    pub config: u64,
    pub urgency: UrgencyWhy,
    /// The rule that sent its alert to this service; without it, the key's service is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleRef>,
}

/// What an incident's urgency followed from when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrgencyWhy {
    /// The service is configured so.
    Service,
    /// The integration key fixes it.
    Key,
    /// Whoever opened it said so.
    Person,
}

/// A policy step began: whom it asks, and when the next one comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    pub incident: IncidentNo,
    pub call: CallNo,
    /// 0 is "level 1".
    pub step: u32,
    /// 0 the first time through.
    pub round: u32,
    pub asked: Vec<Asked>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// Pages that are due later, by each person's own rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub queue: Vec<QueuedPage>,
    pub next_at: At,
    /// Who the next step would ask, as things stand; empty when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next_up: Vec<UserId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolvedBy {
    User(UserId),
    /// All its alerts cleared.
    Monitor,
    /// A test page that nobody answered in its time.
    Unanswered,
}

/// What somebody wanted to do, and what was true already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LateAct {
    AcknowledgeAfterAcknowledge,
    AcknowledgeAfterResolve,
    ResolveAfterResolve,
}
