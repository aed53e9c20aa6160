//! What is written in the threads of our cards, and the reaction that puts it into a timeline. Only where a reaction is
//! configured; nothing of what is written is logged.

use super::by_hand::{came_of, of_thread};
use super::people::stranger;
use super::{ANSWER, Came, Handler};
use crate::domain::id::{IncidentNo, MessageRef, SlackUserId};
use crate::domain::input::{Act, Deed, What};
use crate::domain::quote::Quote;
use crate::kept::{Kept, Message};
use crate::slack::dispatch::Handled;
use crate::slack::said::{Said, address};
use crate::views;
use std::io;

impl Handler {
    /// Keeps what stands in the thread of a card, before it is acknowledged.
    pub(super) async fn overheard(&self, said: Said, thread: &MessageRef, is_ours: bool) -> Handled {
        let Some(reaction) = self.reaction.as_ref().filter(|_| !is_ours && !self.paused) else {
            return Handled::Ack(None);
        };
        let s = self.board.snapshot();
        // What is kept is kept true, also once its incident is closed.
        let known = said.message.as_ref().and_then(|message| reaction.kept.get(message, self.clock.now()));
        let is_listened_to = |no: &IncidentNo| s.world.incident(*no).is_some_and(|i| !i.closed);
        let open = || of_thread(&s, &thread.channel, thread.ts.as_str()).filter(is_listened_to);
        let Some(incident) = known.map(|known| known.incident).or_else(open) else { return Handled::Ack(None) };
        let Some((quote, _)) = self.quoted(&s, &said).await else { return Handled::Ack(None) };
        let Quote { message, author, text, .. } = quote;
        let domain = self.domain().await;
        let link = address(&domain, message.channel.as_str(), message.ts.as_str(), Some(thread.ts.as_str()));
        let (kept, now) = (reaction.kept.clone(), self.clock.now());
        let heard =
            Message { message, thread: thread.ts.clone(), incident, author, text, link: link.unwrap_or_default() };
        on_disk(move || {
            // What is left of it is a picture.
            if heard.text.is_empty() { kept.gone(&heard.message) } else { kept.put(heard, now) }
        })
        .await
    }

    /// What was deleted there is deleted here.
    pub(super) async fn unsaid(&self, message: MessageRef) -> Handled {
        let Some(reaction) = &self.reaction else { return Handled::Ack(None) };
        let kept: Kept = reaction.kept.clone();
        on_disk(move || kept.gone(&message)).await
    }

    /// Puts what is kept into the timeline. A reaction on anything else means nothing to us: it may be everywhere.
    pub(super) async fn reacted(&self, by: &SlackUserId, name: &str, on: &MessageRef, event: &str) -> Handled {
        // A tone of skin follows the name.
        let is_it = |emoji: &str| name.split("::").next() == Some(emoji);
        let Some(reaction) = self.reaction.as_ref().filter(|r| is_it(&r.emoji) && !self.paused) else {
            return Handled::Ack(None);
        };
        let Some(kept) = reaction.kept.get(on, self.clock.now()) else { return Handled::Ack(None) };
        let s = self.board.snapshot();
        let (channel, thread) = (Some(on.channel.clone()), Some(kept.thread.as_str()));
        let Some(user) = s.directory.user_by_slack(by) else {
            let message = stranger(&self.who(by).await, None);
            self.whisper(by, channel, thread, &message);
            return Handled::Ack(None);
        };
        let no = s.world.incident(kept.incident).and_then(|i| i.merged_into).unwrap_or(kept.incident);
        let (message, author, text, link) = (kept.message, kept.author, kept.text, kept.link);
        let quote = Quote { message, author, text, link };
        let act = Act { incident: no, by: user.id.clone(), deed: Deed::Quote(Box::new(quote)) };
        let told = match self.decide(event.into(), What::Act(act), ANSWER).await {
            Came::To { facts, .. } if facts.is_empty() => return Handled::Ack(None),
            Came::To { facts, snapshot } => came_of(&facts, &snapshot, no, self.pager()),
            Came::Refused(refusal) => {
                views::Message::plain(views::refusal::refusal(&refusal, &self.board.snapshot().directory))
            }
            // Slack sends it again.
            Came::NotSaved | Came::Busy | Came::Late => return Handled::NoAck("a reaction was not saved".to_owned()),
        };
        self.whisper(by, channel, thread, &told);
        Handled::Ack(None)
    }
}

/// Slack sends it again where it could not be written.
async fn on_disk(how: impl FnOnce() -> io::Result<()> + Send + 'static) -> Handled {
    match tokio::task::spawn_blocking(how).await {
        Ok(Ok(())) => Handled::Ack(None),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a message in a thread of ours could not be kept, or be forgotten");
            Handled::NoAck("a message could not be kept".to_owned())
        }
        Err(_) => Handled::NoAck("a message could not be kept".to_owned()),
    }
}
