//! A message of Slack that somebody puts into an incident's timeline, or makes an incident of. It stands at the time it was
//! said, not when somebody thought of it.
//!
//! Who wrote it, and what, comes from outside and is not trusted. That the same message counts once is known by its channel
//! and `ts`.

use super::decision::Decision;
use super::directory::{Directory, Service};
use super::fact::Fact;
use super::id::{AlertKey, ChannelId, MessageRef, ServiceId, UserId};
use super::incident::Incident;
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// So many messages are in one incident's timeline; one more is refused.
pub const QUOTES_MAX: usize = 100;
/// The longest text of one, in characters; the rest is read behind its link.
pub const QUOTE_CHARS: usize = 1_000;
/// The longest name of whoever wrote it, in characters. Slack takes 80.
pub const AUTHOR_CHARS: usize = 80;
/// Its address, in bytes; a longer one is left out.
pub const LINK_BYTES: usize = 300;

/// A message somebody points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub message: MessageRef,
    /// As Slack calls whoever wrote it: a person, or an app.
    pub author: String,
    pub text: String,
    /// May be empty.
    pub link: String,
}

/// The same as the timeline has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted {
    /// Who put it there.
    pub by: UserId,
    /// On the wall clock, by Slack's.
    pub said: At,
    pub author: Arc<str>,
    pub text: Arc<str>,
    /// May be empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub link: Arc<str>,
}

impl Quote {
    /// Its address; empty where it is too long to be one.
    pub(super) fn link(&self) -> &str {
        if self.link.len() <= LINK_BYTES { self.link.as_str() } else { "" }
    }
}

impl MessageRef {
    /// When it was said: a `ts` is seconds, a dot, and what makes it unique among those of its channel. `None`: it is none.
    pub fn said(&self) -> Option<At> {
        let (secs, rest) = self.ts.as_str().split_once('.')?;
        let is_number = |s: &str| !s.is_empty() && s.len() <= 12 && s.bytes().all(|b| b.is_ascii_digit());
        if !is_number(secs) || !is_number(rest) {
            return None;
        }
        Some(At(0).plus_secs(secs.parse().ok()?).plus_ms(format!("{rest:0<3}")[..3].parse().ok()?))
    }

    /// What an incident that was made of this message is found by: as by an alert, of a service that nobody can configure.
    pub fn key(&self) -> AlertKey {
        AlertKey { service: "".into(), dedup: format!("message/{}/{}", self.channel, self.ts).into() }
    }
}

/// Would this tell elsewhere what is said in private? `to`: where it is to be read.
///
/// What is said in the channel of a private service goes to that service only, also where another one shares the channel: its
/// incidents are read anywhere. The admin channel hears what private services cannot say elsewhere. What is said in another
/// private channel goes to those whose channel it is, or to what is private itself.
pub fn leaks(d: &Directory, from: &ChannelId, to: &ServiceId) -> bool {
    let into = d.services.get(to);
    let is_private = into.is_some_and(|s| s.private);
    let of_team = |s: &Service| d.teams.get(&s.team).is_some_and(|team| team.channel == *from);
    let is_home = into.is_some_and(|s| s.channel == *from || of_team(s));
    let private = || d.services.values().filter(|s| s.private);
    if private().any(|s| s.channel == *from) {
        return !(is_home && is_private);
    }
    if *from == d.admin_channel {
        return private().any(|s| s.id != *to);
    }
    d.private_channels.contains(from) && !is_home && !is_private
}

pub(super) fn quote(d: &mut Decision<'_>, i: &Incident, by: &UserId, q: &Quote) -> Result<(), Refusal> {
    let said = q.message.said().ok_or(Refusal::NothingSaid)?;
    let text: String = q.text.trim().chars().take(QUOTE_CHARS).collect();
    if text.is_empty() {
        return Err(Refusal::NothingSaid);
    }
    if leaks(d.directory, &q.message.channel, &i.service) {
        return Err(Refusal::SaidInPrivate);
    }
    if i.quotes.contains(&q.message) {
        return Err(Refusal::QuotedAlready { incident: i.no });
    }
    if i.quotes.len() >= QUOTES_MAX {
        return Err(Refusal::TooManyQuotes { incident: i.no, most: QUOTES_MAX });
    }
    // What somebody else pins is no work of whoever has it.
    let ask_at = d.ask_at(i.urgency).filter(|_| i.responders.contains(by));
    d.emit(Fact::Quoted {
        incident: i.no,
        by: by.clone(),
        message: q.message.clone(),
        said,
        author: Text::new(q.author.trim().chars().take(AUTHOR_CHARS).collect::<String>()),
        text: Text::new(text),
        link: Text::new(q.link()),
        ask_at,
    });
    Ok(())
}

#[cfg(test)]
mod tests;
