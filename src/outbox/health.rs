//! What answers say about our standing with Slack, and with whoever carries texts and calls.

use super::{Outbox, refused};
use crate::domain::stamp::At;
use crate::slack::outcome::Outcome;

/// What Slack's answers say about our standing with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Slack refuses our token or a scope is missing, in Slack's word.
    pub token_trouble: Option<String>,
    /// The last call that worked, on the steady clock.
    pub last_ok: Option<At>,
    /// The last that did not, and why.
    pub last_error: Option<(At, String)>,
    /// When a text, a call or a hook was last taken, on the steady clock.
    pub phone_ok: Option<At>,
    /// The last that was not, and why.
    pub phone_error: Option<(At, String)>,
}

impl Outbox {
    /// The same of what goes by something other than Slack.
    pub(super) fn note_phone_health(&mut self, outcome: &Outcome, now: At) {
        match outcome {
            Outcome::Ok(_) => self.health.phone_ok = Some(now),
            Outcome::Refused { error: why, .. } | Outcome::NotSent(why) | Outcome::Unknown(why) => {
                self.health.phone_error = Some((now, why.clone()));
            }
            Outcome::RateLimited { .. } => {}
        }
    }

    pub(super) fn note_health(&mut self, outcome: &Outcome, now: At) {
        match outcome {
            Outcome::Ok(_) => {
                self.health.last_ok = Some(now);
                self.health.token_trouble = None;
            }
            Outcome::Refused { error, .. } => {
                if refused::is_about_our_token(error) {
                    self.health.token_trouble = Some(error.clone());
                }
                self.health.last_error = Some((now, error.clone()));
            }
            Outcome::RateLimited { .. } => {}
            Outcome::NotSent(why) | Outcome::Unknown(why) => self.health.last_error = Some((now, why.clone())),
        }
    }
}
