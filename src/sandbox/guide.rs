//! What whoever starts the sandbox tells the person in front of it: who they are just now, which moments the clock can
//! be moved to, what to try, and what comes after the demo. All of it is words and functions from outside; nothing in
//! here knows what they are about.

use super::persist::Change;
use super::state::Slack;
use crate::domain::stamp::At;
use std::fmt;

/// Different deeds remembered.
const DEEDS: usize = 500;

/// Asks somebody outside, with the sandbox's time.
pub type Ask<T> = Box<dyn Fn(At) -> T + Send + Sync>;

/// See the module.
#[derive(Default)]
pub struct Guide {
    /// The id of the person as whom the page opens.
    pub opens_as: Option<Ask<Option<String>>>,
    /// One line about a person, by id, as plain text: "You are Ana, on call for payments until 18:00".
    pub banner: Option<Banner>,
    /// Instants the clock can be moved to.
    pub moments: Vec<Moment>,
    /// When the app has something to do next: a running clock does not pass it by. Asked with the time it is.
    pub due: Option<Ask<Option<At>>>,
    /// Whether the app is still dealing with what is due: a running clock waits for it.
    pub busy: Option<Ask<bool>>,
    /// Whether what a dedup key brought about is still open: breaking it again would only be counted.
    pub open: Option<Open>,
    pub steps: Vec<Step>,
    /// The way from here to a real workspace, in order, as mrkdwn.
    pub afterwards: Vec<String>,
    /// Dedup keys (for the first service) that "clear all" resolves beside those of the sandbox's own troubles.
    pub sample_keys: Vec<String>,
}

/// Asks for a dedup key of a service, by the service's name. `None`: nothing is known of it.
pub type Open = Box<dyn Fn(&str, &str) -> Option<bool> + Send + Sync>;

/// What is said to a person at a time.
pub type Banner = Box<dyn Fn(&str, At) -> String + Send + Sync>;

/// An instant worth moving the clock to.
pub struct Moment {
    /// On the button, such as "to the next handoff".
    pub label: String,
    /// When it is, seen from now; `None`: it never comes.
    pub next: Ask<Option<At>>,
}

/// Something to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// As mrkdwn.
    pub text: String,
    /// It is done once any of these was: see [`Deed`].
    pub done_by: Vec<Deed>,
}

/// What a person can have done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// An element of this `action_id` was used.
    Action(String),
    /// A command was sent: "/pager", or with its first word "/pager oncall".
    Command(String),
    /// A modal of this `callback_id` was submitted.
    Submit(String),
    /// The clock was moved.
    Advance,
}

impl fmt::Debug for Guide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guide").field("steps", &self.steps).finish_non_exhaustive()
    }
}

impl Slack {
    /// Remembers that something was done.
    pub(super) fn did(&mut self, deed: Deed) {
        if self.deeds.len() < DEEDS && self.deeds.insert(deed.clone()) {
            self.keep(Change::Deed { deed });
        }
    }

    /// Whether a step is done.
    pub fn is_done(&self, step: &Step) -> bool {
        step.done_by.iter().any(|deed| self.deeds.contains(deed))
    }
}
