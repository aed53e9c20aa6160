//! Names of things. People, teams, services, policies and schedules are named in the configuration; numbers are given
//! out by the state.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(s: &str) -> Self {
                Self(s.into())
            }
        }

        impl From<String> for $name {
            fn from(s: String) -> Self {
                Self(s.into())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A person, by the id the configuration gives them; of somebody let in by button, see `people::user_id`. Never an
    /// e-mail address or a name.
    UserId
);
name!(TeamId);
name!(ServiceId);
name!(PolicyId);
name!(ScheduleId);
name!(
    /// Hours that were given a name: see [`super::hours`].
    HoursId
);
name!(
    /// A way to reach people that somebody made themselves: a URL or a command of the configuration.
    HookId
);
name!(
    /// What is to be heard of every so often: see [`super::heartbeat`].
    HeartbeatId
);
name!(
    /// A playbook, by its file's name without `.md`: see [`super::playbook`].
    PlaybookId
);
name!(
    /// A person in Slack: `U…` or `W…`.
    SlackUserId
);
name!(
    /// A conversation in Slack: `C…`, `G…` or `D…`.
    ChannelId
);
name!(
    /// A message's timestamp in Slack, `seconds.microseconds`; with its channel, the message's identity.
    SlackTs
);
name!(
    /// What an input is remembered by: a Slack envelope id, a view id with its hash, an HTTP delivery.
    InputId
);

impl InputId {
    /// An id given here, by us: what carries it cannot arrive twice. A person's input carries Slack's id, because Slack
    /// sends an envelope again when the answer was lost.
    pub fn minted(kind: char, n: u64) -> Self {
        format!("~{kind}{n:x}").into()
    }

    /// Must be recognised when it comes again.
    pub fn may_come_twice(&self) -> bool {
        !self.0.starts_with('~')
    }
}

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);
    };
}

number!(
    /// `#123`
    IncidentNo
);
number!(PageId);
number!(OverrideId);
number!(PostId);
number!(ChangeNo);
number!(AnnouncementNo);
number!(
    /// An alert that is to be mended.
    MisconfiguredNo
);
number!(
    /// A silence or a maintenance window.
    QuietId
);
number!(FyiId);
number!(
    /// The instant between two shifts, and what is written for it.
    HandoffNo
);
number!(
    /// Work that an incident left behind: see [`super::item`].
    ItemNo
);

impl fmt::Display for IncidentNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A call within its incident; 0 is the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallNo(pub u32);

/// What names an alert: the service that was told, and the sender's dedup key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlertKey {
    pub service: ServiceId,
    pub dedup: Arc<str>,
}

/// A message we posted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, PartialOrd, Ord)]
pub struct MessageRef {
    pub channel: ChannelId,
    pub ts: SlackTs,
}

/// The random name of a data directory, renewed by `restore`. Printed as 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreId(pub u64);

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
