//! What our buttons are called, and what they carry. Every id written here parses back; nothing else is understood.

use crate::domain::id::{IncidentNo, StoreId};

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Acknowledge,
    /// Opens the snooze modal.
    Snooze,
    EndSnooze,
    Escalate,
    Resolve,
    Reopen,
}

impl Action {
    pub const ALL: [Self; 6] =
        [Self::Acknowledge, Self::Snooze, Self::EndSnooze, Self::Escalate, Self::Resolve, Self::Reopen];

    /// The `action_id`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Acknowledge => "incident.acknowledge",
            Self::Snooze => "incident.snooze",
            Self::EndSnooze => "incident.end_snooze",
            Self::Escalate => "incident.escalate",
            Self::Resolve => "incident.resolve",
            Self::Reopen => "incident.reopen",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.id() == id)
    }
}

/// The `callback_id` of the snooze modal.
pub const SNOOZE_MODAL: &str = "incident.snooze_until";
/// The input block of the snooze modal, and its element.
pub const SNOOZE_BLOCK: &str = "snooze_until";
pub const SNOOZE_CHOICE: &str = "choice";

/// What every button and modal carries: which store it came from, and which incident it is about. A click from another
/// store (an installation before a restore) must not act on an incident that has the same number by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub store: StoreId,
    pub incident: IncidentNo,
}

impl Subject {
    /// The button's `value`, or the modal's `private_metadata`.
    pub fn value(self) -> String {
        format!("{}/{}", self.store, self.incident.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, incident) = value.split_once('/')?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), incident: IncidentNo(incident.parse().ok()?) })
    }
}
