//! The free texts of a fact.

use super::Fact;
use crate::domain::text::Text;

impl Fact {
    /// Every text this fact holds, for sealing and unsealing.
    pub fn texts(&mut self, each: &mut dyn FnMut(&mut Text)) {
        match self {
            Self::IncidentOpened(o) => {
                each(&mut o.title);
                each(&mut o.link);
                each(&mut o.labels);
                each(&mut o.group);
            }
            Self::AlertJoined(j) => each(&mut j.title),
            Self::FyiShown(shown) => each(&mut shown.title),
            Self::Resolved { note, .. } => each(note),
            Self::Noted { text, .. } | Self::HandoffNoted { text, .. } => each(text),
            Self::HandoffWritten { words, .. } => each(words),
            Self::RcaWritten { text, .. } => each(text),
            Self::RcaImpactTold { who, what, .. } => {
                each(who);
                each(what);
            }
            Self::ItemMade { what, .. } => each(what),
            Self::ItemDone { outcome, .. } => each(outcome),
            Self::NotedByGuest { name, text, .. } => {
                each(name);
                each(text);
            }
            Self::Quoted { author, text, link, .. } => {
                each(author);
                each(text);
                each(link);
            }
            Self::PersonAsked { name, email, .. } => {
                each(name);
                each(email);
            }
            Self::Snoozed { because, .. }
            | Self::Held { because, .. }
            | Self::QuietMade { because, .. }
            | Self::RcaExcused { because, .. }
            | Self::StepSkipped { because, .. } => each(because),
            Self::ChangeReported { summary, source, link, details, .. } => {
                each(summary);
                each(source);
                each(link);
                each(details);
            }
            Self::AnnouncementMade { text, link, .. } => {
                each(text);
                each(link);
            }
            Self::MisconfiguredListed { name, .. } => each(name),
            Self::MisconfiguredMarked { note, .. } => each(note),
            Self::QuietNotDone { why, .. } => each(why),
            _ => {}
        }
    }
}
