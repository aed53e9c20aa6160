//! What to check before a shift: the list, and its ticks.

use super::commands::Typed;
use super::people::stranger;
use super::{ANSWER, Came, DECIDE, Handler, shown};
use crate::domain::id::{IncidentNo, SlackUserId, UserId};
use crate::domain::input::What;
use crate::domain::post::About;
use crate::domain::prepare::{ShiftKey, Told, next_of_each};
use crate::pump::{Facts, Snapshot};
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::OnShift;
use crate::views::{self, Message};
use serde_json::json;

impl Handler {
    /// `oncall ready`
    pub(super) fn shows_ready(&self, s: &Snapshot, me: &UserId, command: &str) -> Message {
        let now = self.clock.now();
        match next_of_each(&s.world, &s.directory, now, me) {
            all if all.is_empty() => Message::plain(views::prepare::none(command)),
            all => views::prepare::lists(&all, now, &s.world, &s.directory, s.store),
        }
    }

    /// *Done* and *Undo* in the list. Each says what is to be true: pressed twice, it is once.
    pub(super) async fn ready_pressed(
        &self,
        id: &str,
        by: SlackUserId,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let (s, title) = (self.board.snapshot(), "Your shift".to_owned());
        let (on, user) = match self.on_shift(&s, &by, chosen).await {
            Ok(found) => found,
            Err(why) => return self.later(by, place, title, why),
        };
        let shift = ShiftKey { schedule: on.schedule, user, from: on.from };
        let what = What::Ready { shift: shift.clone(), check: on.check, done: on.done };
        match self.decide(id.into(), what, DECIDE).await {
            Came::To { snapshot, .. } => {
                self.in_background(|this| async move { this.ready_anew(&snapshot, &shift, by, place).await })
            }
            other => self.undone(other, by, place, title),
        }
    }

    /// What was pressed in a list of this very store, and by whom.
    async fn on_shift(
        &self,
        s: &Snapshot,
        by: &SlackUserId,
        chosen: Option<String>,
    ) -> Result<(OnShift, UserId), Message> {
        let on = chosen.as_deref().and_then(OnShift::parse).filter(|on| on.store == s.store);
        let on = on.ok_or_else(|| Message::plain(views::reply::from_another_store()))?;
        match s.directory.user_by_slack(by) {
            Some(user) => Ok((on, user.id.clone())),
            None => Err(stranger(&self.who(by).await, None)),
        }
    }

    /// `oncall test`
    pub(super) async fn test_typed(&self, me: &UserId, typed: &Typed<'_>) -> Message {
        let came = self.decide(typed.id.into(), What::TestPage { by: me.clone() }, ANSWER).await;
        match came {
            Came::To { facts, snapshot } => test_begun(&facts, &snapshot, me),
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    /// *Send a test page* in the list.
    pub(super) async fn test_pressed(
        &self,
        id: &str,
        by: SlackUserId,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let (s, title) = (self.board.snapshot(), "Test page".to_owned());
        let user = match self.on_shift(&s, &by, chosen).await {
            Ok((_, user)) => user,
            Err(why) => return self.later(by, place, title, why),
        };
        match self.decide(id.into(), What::TestPage { by: user.clone() }, DECIDE).await {
            Came::To { facts, snapshot } => {
                let begun = test_begun(&facts, &snapshot, &user);
                self.later(by, place, title, begun)
            }
            other => self.undone(other, by, place, title),
        }
    }

    /// The list that was pressed in shows it: a message of ours that is kept true does so by itself.
    async fn ready_anew(&self, s: &Snapshot, shift: &ShiftKey, by: SlackUserId, place: Place) {
        let (now, w, d) = (self.clock.now(), &s.world, &s.directory);
        let Some(p) = w.prepared.get(shift) else { return };
        // What they asked for had all of theirs.
        let all = next_of_each(w, d, now, &shift.user);
        let list = match all.iter().any(|other| other.shift == *shift) {
            true => views::prepare::lists(&all, now, w, d, s.store),
            false => views::prepare::list(p, p.looks.from <= now, w, d, s.store),
        };
        if place.is_ephemeral
            && let Some(url) = &place.response_url
        {
            let mut body = shown(&list);
            body["response_type"] = json!("ephemeral");
            body["replace_original"] = json!(true);
            let _ = self.client.respond(url, &body).await;
            return;
        }
        let said = About::ShiftAhead { shift: shift.clone(), told: Told::Last };
        if !s.world.posts.values().any(|post| post.about == said) {
            self.answer(&by, place, "Your shift", &list).await;
        }
    }
}

/// By what it comes; decided before, it is said of the one under way.
fn test_begun(facts: &Facts, s: &Snapshot, me: &UserId) -> Message {
    let begun = s.world.tests().find(|i| i.opened_by.as_ref() == Some(me));
    Message::plain(match begun {
        Some(i) => views::reply::act(facts, i, &s.directory),
        None => views::test_page::over_already(),
    })
}
