//! A page: asking one human to act, by one method. And what is kept true in Slack beside pages.

use super::directory::Method;
use super::following::Follower;
use super::id::{CallNo, ChannelId, IncidentNo, MessageRef, PageId, PostId, TeamId, UserId};
use super::stamp::At;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A page that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub id: PageId,
    pub call: CallNo,
    pub to: Recipient,
    pub method: Method,
    pub purpose: Purpose,
    /// On the wall clock.
    pub requested: At,
    /// It may make no sound until then (Do Not Disturb), on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent_until: Option<At>,
    /// How often a process started while this page was under way.
    pub attempts: u32,
    /// A provider took it, whatever became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    pub state: PageState,
}

/// A provider took a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// What it calls it.
    pub receipt: Arc<str>,
    /// On the wall clock.
    pub at: At,
}

/// Who a page is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    User(UserId),
    Channel(ChannelId),
}

/// Why somebody is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A policy step came to them.
    Step,
    /// Nobody answered at any step.
    CatchAll,
    /// They acknowledged long ago and nothing happened since.
    StillOnIt,
    /// They have it, and somebody else made it urgent.
    Raised,
    /// They had it, it was resolved by itself, and it is back.
    Back,
    /// They have it, have not started, and the time for that is nearly over.
    Begin,
    /// They follow a playbook, and a step's time is over.
    StepTime,
    /// They have it, nothing was done for a while, and somebody else fixed the same alert before.
    Help,
    /// They asked for it themselves, to know that pages reach them.
    Test,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageState {
    /// To be sent; maybe being sent.
    Requested,
    Delivered {
        message: MessageRef,
        at: At,
        /// The message speaks of several pages: the one whose number they share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<PageId>,
    },
    /// A provider took it: a text, a call, a hook. Nothing of it can be changed any more.
    Sent {
        at: At,
        /// It speaks of several pages: the one whose number they share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<PageId>,
    },
    Failed(PageFailure),
    /// No longer wanted, and not known to have been sent.
    Revoked(RevokeReason),
}

/// Why a page (or a card) cannot reach its destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageFailure {
    /// No method is configured for this person.
    NoMethod,
    /// Slack's error, such as `user_not_found` or `is_archived`.
    Slack(String),
    /// What became of a text, a call or a hook: an error of its provider, or nobody picked up.
    Provider(String),
    /// The process restarted too often while this page was under way.
    TooManyRestarts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// Somebody answered the call.
    Answered,
    /// The incident was resolved.
    Resolved,
    /// The incident was snoozed.
    Snoozed,
    /// A newer page to the same person says it better.
    Superseded,
    /// The incident became part of another one.
    Merged,
    /// The urgency is low now.
    Lowered,
    /// Nobody is asked for now: see [`super::hold`].
    Held,
    /// Nothing fires any more.
    Cleared,
}

impl Recipient {
    /// In our own words for them.
    pub fn name(&self) -> &str {
        match self {
            Self::User(user) => user.as_str(),
            Self::Channel(channel) => channel.as_str(),
        }
    }
}

impl Page {
    /// May it share a message with others to the same person? Those that ask whoever has an incident stand alone.
    pub fn may_share(&self) -> bool {
        match self.purpose {
            Purpose::Step | Purpose::CatchAll => matches!(self.to, Recipient::User(_)),
            Purpose::StillOnIt
            | Purpose::Raised
            | Purpose::Back
            | Purpose::Begin
            | Purpose::StepTime
            | Purpose::Help
            | Purpose::Test => false,
        }
    }

    /// The message that it was delivered by.
    pub fn message(&self) -> Option<&MessageRef> {
        match &self.state {
            PageState::Delivered { message, .. } => Some(message),
            PageState::Requested | PageState::Sent { .. } | PageState::Failed(_) | PageState::Revoked(_) => None,
        }
    }

    /// The number of the bundle it was delivered with.
    pub fn bundle(&self) -> Option<PageId> {
        match &self.state {
            PageState::Delivered { bundle, .. } | PageState::Sent { bundle, .. } => *bundle,
            PageState::Requested | PageState::Failed(_) | PageState::Revoked(_) => None,
        }
    }

    /// Not settled and not revoked.
    pub fn is_wanted(&self) -> bool {
        self.state == PageState::Requested
    }
}

/// What is kept true in Slack by rendering the state and comparing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncKey {
    /// The channel message of an incident.
    Card(IncidentNo),
    /// The lines below it.
    Thread(IncidentNo),
    /// The one edited message below it: everything else that happened, and who was paged.
    Log(IncidentNo),
    /// The one edited message below it in which a playbook is followed.
    Run(IncidentNo),
    /// A page's direct message, after it was delivered.
    Dm(IncidentNo, PageId),
    /// A message about no single incident.
    Post(PostId),
    /// What follows who is on call for a team.
    Follower(TeamId, Follower),
}

impl SyncKey {
    /// The incident it is about, if it is about one.
    pub fn incident(&self) -> Option<IncidentNo> {
        match self {
            Self::Card(no) | Self::Thread(no) | Self::Log(no) | Self::Run(no) | Self::Dm(no, _) => Some(*no),
            Self::Post(_) | Self::Follower(..) => None,
        }
    }
}
