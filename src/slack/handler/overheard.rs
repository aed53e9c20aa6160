//! What is written in the threads of our cards, and the reaction that puts it into a timeline. Only where a reaction is
//! configured; nothing of what is written is logged.

use super::by_hand::{came_of, of_thread};
use super::people::{AFTER_LOOK, stranger};
use super::{Came, Handler, going_on};
use crate::domain::id::{IncidentNo, MessageRef, SlackTs, SlackUserId};
use crate::domain::input::{Act, Deed, What};
use crate::domain::quote::{AUTHOR_CHARS, QUOTE_CHARS, Quote};
use crate::kept::Message;
use crate::slack::dispatch::Handled;
use crate::slack::said::{Said, Writer, address};
use crate::views;
use crate::views::mrkdwn::for_input;
use chrono_tz::Tz;
use std::io;

impl Handler {
    /// Keeps what stands in the thread of a card, before it is acknowledged. Slack is asked nothing here: who wrote it is found out
    /// when somebody points at it.
    pub(super) async fn overheard(
        &self,
        said: Said,
        changed: Option<SlackTs>,
        thread: &MessageRef,
        is_ours: bool,
    ) -> Handled {
        let Some((reaction, message)) = self.reaction.as_ref().filter(|_| !is_ours).zip(said.message) else {
            return Handled::Ack(None);
        };
        let (s, now) = (self.board.snapshot(), self.clock.now());
        // What is kept is kept true, also once its incident is closed, and while nothing else is heard.
        let known = reaction.kept.get(&message, now).map(|known| known.incident);
        let is_listened_to = |no: &IncidentNo| !self.paused && s.world.incident(*no).is_some_and(|i| !i.closed);
        let open = || of_thread(&s, &thread.channel, thread.ts.as_str()).filter(is_listened_to);
        let Some(incident) = known.or_else(open) else { return Handled::Ack(None) };
        let by = match said.by {
            Writer::App(name) => Writer::App(for_input(&name, AUTHOR_CHARS)),
            Writer::Person(_) | Writer::NotTold => said.by,
        };
        let (text, _) = going_on::readable(&said.text, QUOTE_CHARS, Tz::UTC, &s.directory);
        let heard = Message { message, thread: thread.ts.clone(), incident, by, text, changed };
        let kept = reaction.kept.clone();
        on_disk(move || kept.put(heard, now)).await
    }

    /// What was deleted there is deleted here.
    pub(super) async fn unsaid(&self, message: MessageRef) -> Handled {
        let Some(reaction) = &self.reaction else { return Handled::Ack(None) };
        let (kept, now) = (reaction.kept.clone(), self.clock.now());
        on_disk(move || kept.gone(&message, now)).await
    }

    /// Puts what is kept into the timeline. A reaction on anything else means nothing to us: it may be everywhere.
    pub(super) async fn reacted(&self, by: &SlackUserId, name: &str, on: &MessageRef, event: &str) -> Handled {
        // A tone of skin follows the name.
        let is_it = |emoji: &str| name.split("::").next() == Some(emoji);
        let Some(reaction) = self.reaction.as_ref().filter(|r| is_it(&r.emoji) && !self.paused) else {
            return Handled::Ack(None);
        };
        let kept = reaction.kept.get(on, self.clock.now()).filter(|kept| !kept.text.is_empty());
        let Some(kept) = kept else { return Handled::Ack(None) };
        let s = self.board.snapshot();
        let (channel, thread) = (Some(on.channel.clone()), Some(kept.thread.as_str()));
        let Some(user) = s.directory.user_by_slack(by) else {
            let message = stranger(&self.who(by).await, None);
            self.whisper(by, channel, thread, &message);
            return Handled::Ack(None);
        };
        let no = s.world.incident(kept.incident).and_then(|i| i.merged_into).unwrap_or(kept.incident);
        let (author, domain) = tokio::join!(self.author(&s, &kept.by), self.domain());
        let link = address(&domain, on.channel.as_str(), on.ts.as_str(), Some(kept.thread.as_str()));
        let (text, link) = (kept.text.clone(), link.unwrap_or_default());
        let quote = Quote { message: on.clone(), author, text, link };
        let act = Act { incident: no, by: user.id.clone(), deed: Deed::Quote(Box::new(quote)) };
        let told = match self.decide(event.into(), What::Act(act), AFTER_LOOK).await {
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
