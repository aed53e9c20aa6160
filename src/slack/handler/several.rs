//! Messages about several incidents: acknowledge them all, or list them.

use super::{Came, DECIDE, Handler, INPUT_BYTES, Turned};
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, InputId, SlackUserId, UserId};
use crate::domain::incident::Incident;
use crate::domain::input::{Act, Deed, Input, What};
use crate::domain::page::{Page, Recipient};
use crate::pump::{Lane, Snapshot};
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::Several;
use crate::views::{self, Message};
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Handler {
    /// Acknowledges whatever of it still waits for the one who presses. Acknowledged to Slack when all of that is
    /// durable.
    pub(super) async fn acknowledge_all(
        &self,
        envelope_id: &str,
        by: &SlackUserId,
        value: Option<String>,
        place: Place,
    ) -> Handled {
        let snapshot = self.board.snapshot();
        let by = by.clone();
        let later = |message: Message, by: SlackUserId, place: Place| {
            self.in_background(|this| async move { this.answer(&by, place, "Warridor", &message).await })
        };
        let (user, all) = match self.several(&snapshot, &by, value.as_deref()) {
            Ok(found) => found,
            Err(Turned::AnotherStore) => {
                return later(Message::plain(views::reply::from_another_store()), by, place);
            }
            Err(Turned::Unknown) => {
                return self.in_background(|this| async move {
                    let message = this.stranger(&by, None).await;
                    this.answer(&by, place, "Warridor", &message).await;
                });
            }
        };
        let waiting: Vec<IncidentNo> =
            all.iter().filter(|(i, p)| views::page::waits(i, p)).map(|(i, _)| i.no).collect();
        let act = |incident: &IncidentNo| {
            let act = Act { incident: *incident, by: user.clone(), deed: Deed::Acknowledge };
            Input { id: InputId::from(format!("{envelope_id}/{}", incident.0)), what: What::Act(act) }
        };
        let acts = waiting.iter().map(act).collect();
        let decided = self.door.each(Lane::People, acts, INPUT_BYTES, DECIDE).await;
        let (mut have, mut not_done) = (Vec::new(), 0);
        for (no, answer) in waiting.into_iter().zip(decided) {
            match Came::of(answer) {
                Came::To { facts, .. } => {
                    let late = facts.iter().any(|f| matches!(f, Fact::ActLate { .. }));
                    have.extend((!late).then_some(no));
                }
                // Somebody was faster, or it is theirs already.
                Came::Refused(_) => {}
                Came::NotSaved | Came::Busy | Came::Late => not_done += 1,
            }
        }
        let left = left(&self.board.snapshot(), &user, &have);
        let told = Message::plain(views::reply::have_all(&have, not_done, left));
        let handled = later(told, by, place);
        if not_done > 0 { Handled::NoAck(format!("{not_done} acknowledgements were not saved")) } else { handled }
    }

    pub(super) async fn list_all(&self, by: &SlackUserId, value: Option<String>, place: Place) {
        let snapshot = self.board.snapshot();
        match self.several(&snapshot, by, value.as_deref()) {
            Ok((user, all)) => {
                let these: Vec<IncidentNo> = all.iter().map(|(i, _)| i.no).collect();
                let left = left(&snapshot, &user, &these);
                let all: Vec<(&Incident, &Page)> = all.into_iter().map(|(i, p)| (&**i, p)).collect();
                let view = views::bundle::listed(&all, left, &snapshot.directory, snapshot.store);
                self.show(&place, "views.open", json!(view)).await;
            }
            Err(Turned::AnotherStore) => {
                self.answer(by, place, "Warridor", &Message::plain(views::reply::from_another_store())).await;
            }
            Err(Turned::Unknown) => {
                let message = self.stranger(by, None).await;
                self.answer(by, place, "Warridor", &message).await;
            }
        }
    }

    /// Who presses, and what the message speaks of.
    #[allow(clippy::type_complexity)]
    fn several<'a>(
        &self,
        snapshot: &'a Snapshot,
        by: &SlackUserId,
        value: Option<&str>,
    ) -> Result<(UserId, Vec<(&'a Arc<Incident>, &'a Page)>), Turned> {
        let several = value.and_then(Several::parse).filter(|s| s.store == snapshot.store);
        let several = several.ok_or(Turned::AnotherStore)?;
        let user = snapshot.directory.user_by_slack(by).ok_or(Turned::Unknown)?;
        Ok((user.id.clone(), snapshot.world.bundle(several.bundle)))
    }
}

/// How many incidents besides these wait for somebody.
fn left(snapshot: &Snapshot, user: &UserId, these: &[IncidentNo]) -> usize {
    let to = Recipient::User(user.clone());
    let these: BTreeSet<&IncidentNo> = these.iter().collect();
    let others = snapshot.world.incidents.values().filter(|i| !these.contains(&i.no));
    others.filter(|i| views::bundle::waits_for(i, &to)).count()
}
