//! PURE: parts of the state in, Block Kit out. Every word a person reads is in this folder.
//!
//! A view takes no `now` (Slack's date tokens draw the time in the reader's zone), decides nothing, and is the same for
//! every viewer. Text from outside passes [`mrkdwn::escape`] on its way in, without exception.

pub mod action_id;
pub mod bundle;
pub mod calendar;
pub mod card;
pub mod course;
pub mod digest;
pub mod dnd;
pub mod draft;
pub mod fyi;
pub mod going_on;
pub mod handoff;
pub mod heartbeats;
pub mod hold;
pub mod home;
pub mod items;
pub mod kit;
pub mod limits;
pub mod list;
pub mod log;
pub mod misconfigured;
pub mod modal;
pub mod more;
pub mod mrkdwn;
pub mod notice;
pub mod oncall;
pub mod page;
pub mod people;
pub mod phone;
pub mod playbook;
pub mod post;
pub mod prepare;
pub mod quiet;
pub mod quote;
pub mod rca;
pub mod refusal;
pub mod reply;
pub mod routing;
pub mod run;
pub mod sla;
pub mod storm;
pub mod test_page;
pub mod thread;
pub mod triage;
pub mod why;

use slack_morphism::prelude::SlackBlock;

/// A message: what the phone's lock screen says, and what the channel shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The whole truth in one line; Slack shows it where blocks cannot be shown.
    pub text: String,
    /// Above the coloured part.
    pub blocks: Vec<SlackBlock>,
    pub colored: Option<Colored>,
}

/// Blocks with a colour bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Colored {
    /// `#rrggbb`
    pub color: &'static str,
    pub blocks: Vec<SlackBlock>,
}

impl Message {
    /// A message of words only.
    pub fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { blocks: vec![kit::section(&text)], text, colored: None }
    }
}
