//! The list of misconfigured alerts, and what leaves it.

use super::commands::Typed;
use super::people::stranger;
use super::{ANSWER, Came, DECIDE, Handler};
use crate::domain::directory::User;
use crate::domain::id::{IncidentNo, MisconfiguredNo, ServiceId, SlackUserId};
use crate::domain::input::What;
use crate::domain::misconfigured::{Misconfigured, listed};
use crate::domain::privacy::may_read_of;
use crate::domain::refusal::Refusal;
use crate::domain::stamp::At;
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::Listed;
use crate::views::quiet::Reader;
use crate::views::{self, Message};

impl Handler {
    /// `misconfigured mended N`
    pub(super) async fn mended(&self, s: &Snapshot, entry: MisconfiguredNo, user: &User, typed: &Typed<'_>) -> Message {
        let reader = Reader { user: Some(&user.id), channel: typed.place.channel.as_ref() };
        if let Some(refused) = refused(s, entry, reader) {
            return refused;
        }
        match self.decide(typed.id.into(), What::Mended { entry, by: user.id.clone() }, ANSWER).await {
            Came::To { .. } => is_mended(s, entry),
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    /// *Mended*
    pub(super) async fn mended_pressed(
        &self,
        id: &str,
        by: &SlackUserId,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let s = self.board.snapshot();
        let title = "Warridor".to_owned();
        let listed = chosen.as_deref().and_then(Listed::parse).filter(|l| l.store == s.store);
        let Some(Listed { entry, .. }) = listed else {
            return self.later(by.clone(), place, title, Message::plain(views::reply::from_another_store()));
        };
        let Some(user) = s.directory.user_by_slack(by).map(|u| u.id.clone()) else {
            let message = stranger(&self.who(by).await, None);
            return self.later(by.clone(), place, title, message);
        };
        let reader = Reader { user: Some(&user), channel: place.channel.as_ref() };
        if let Some(refused) = refused(&s, entry, reader) {
            return self.later(by.clone(), place, title, refused);
        }
        match self.decide(id.into(), What::Mended { entry, by: user.clone() }, DECIDE).await {
            Came::To { .. } => self.later(by.clone(), place, title, is_mended(&s, entry)),
            other => self.undone(other, by.clone(), place, title),
        }
    }
}

/// What may not be read of is not there.
fn refused(s: &Snapshot, entry: MisconfiguredNo, reader: Reader<'_>) -> Option<Message> {
    // Of a service that is gone nobody knows whether it was private.
    let is_gone = |m: &Misconfigured| !s.directory.services.contains_key(&m.service);
    let is_private =
        |m: &&Misconfigured| is_gone(m) || !may_read_of(&m.service, &s.directory, reader.user, reader.channel);
    s.world.misconfigured.get(&entry).filter(is_private)?;
    Some(Message::plain(views::refusal::refusal(&Refusal::NoSuchMisconfigured(entry), &s.directory)))
}

/// Decided twice, it is off the list all the same. `s`: as it was before.
fn is_mended(s: &Snapshot, entry: MisconfiguredNo) -> Message {
    Message::plain(match s.world.misconfigured.get(&entry) {
        Some(m) => views::misconfigured::mended(m, &s.directory),
        None => views::misconfigured::mended_before(entry),
    })
}

/// `misconfigured [SERVICE]`
pub(super) fn misconfigured(
    s: &Snapshot,
    of: Option<&ServiceId>,
    reader: Reader<'_>,
    now: At,
    command: &str,
) -> Message {
    let d = &*s.directory;
    let all = listed(&s.world, now).into_iter();
    let all = all.filter(|m| of.is_none_or(|of| m.service == *of) && d.services.contains_key(&m.service));
    let (all, private): (Vec<_>, Vec<_>) = all.partition(|m| may_read_of(&m.service, d, reader.user, reader.channel));
    views::misconfigured::list(&all, of, private.len(), &s.world, d, s.store, command)
}
