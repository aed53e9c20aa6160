//! Buttons.

use super::people::{Who, stranger};
use super::{Came, DECIDE, Handler, Turned, origin, told};
use crate::domain::directory::Urgency;
use crate::domain::fact::Fact;
use crate::domain::id::{SlackUserId, UserId};
use crate::domain::incident::Incident;
use crate::domain::input::{Act, Deed, What};
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::{Action, Subject};
use crate::views::{self, Message};

/// What a button asks for.
enum Asks {
    /// To act at once.
    For(Deed),
    /// To have it from now on.
    TakeOver,
    /// To be shown something.
    ToSee(Action),
}

fn asks(action: Action) -> Asks {
    match action {
        Action::Acknowledge | Action::Take => Asks::For(Deed::Acknowledge),
        Action::Start => Asks::For(Deed::Start),
        Action::EndSnooze => Asks::For(Deed::EndSnooze),
        Action::Escalate => Asks::For(Deed::Escalate),
        Action::Mitigate => Asks::For(Deed::Mitigate),
        Action::Resolve => Asks::For(Deed::Resolve { note: None }),
        Action::NotActionable => Asks::For(Deed::NotActionable),
        Action::Reopen => Asks::For(Deed::Reopen),
        Action::DeclinePageAgain => Asks::For(Deed::DeclinePageAgain),
        Action::MakeHigh => Asks::For(Deed::SetUrgency { to: Urgency::High }),
        Action::MakeLow => Asks::For(Deed::SetUrgency { to: Urgency::Low }),
        Action::TakeOver => Asks::TakeOver,
        Action::Snooze
        | Action::More
        | Action::AddResponders
        | Action::Reassign
        | Action::Note
        | Action::ResolveWithNote
        | Action::Merge
        | Action::Silence
        | Action::WhoWasPaged
        | Action::Timeline
        | Action::Playbook
        | Action::Rca
        | Action::DraftPlaybook
        | Action::Triage => Asks::ToSee(action),
    }
}

/// What a button that acts at once asks for, pressed by `user`.
pub fn deed_of(action: Action, user: &UserId) -> Option<Deed> {
    match asks(action) {
        Asks::For(deed) => Some(deed),
        Asks::TakeOver => Some(Deed::Reassign { to: user.clone() }),
        Asks::ToSee(_) => None,
    }
}

impl Handler {
    pub(super) async fn press(
        &self,
        envelope_id: &str,
        by: &SlackUserId,
        action: Action,
        subject: Subject,
        place: Place,
    ) -> Handled {
        let by = by.clone();
        if let Asks::ToSee(what) = asks(action) {
            return self.in_background(|this| async move { this.open(&by, what, subject, place).await });
        }
        let snapshot = self.board.snapshot();
        let title = subject.incident.to_string();
        let user = match self.admit(&snapshot, &by, subject) {
            Ok(user) => user,
            Err(Turned::AnotherStore) => {
                return self.later(by, place, title, Message::plain(views::reply::from_another_store()));
            }
            Err(Turned::Unknown) => {
                return self.in_background(|this| async move {
                    let message = this.stranger(&by, Some(subject)).await;
                    this.answer(&by, place, &title, &message).await;
                });
            }
        };
        if matches!(action, Action::Acknowledge | Action::Start)
            && let Some(i) = snapshot.world.incident(subject.incident)
            && asks_first(i, &user.id)
        {
            let question = views::reply::not_asked(i, &user.id, &snapshot.directory, subject);
            return self.later(by, place, title, question);
        }
        let Some(deed) = deed_of(action, &user.id) else { return Handled::Ack(None) };
        let act = Act { incident: subject.incident, by: user.id.clone(), deed };
        match self.decide(envelope_id.into(), What::Act(act), DECIDE).await {
            Came::To { facts, snapshot } => {
                if facts.iter().any(|f| matches!(f, Fact::ActLate { .. })) {
                    self.refresh(subject.incident);
                }
                let told = told(&facts, &snapshot, subject.incident);
                self.later(by, place, title, told)
            }
            Came::Refused(refusal) => {
                // They pressed a button that should not be there: what they see is out of date.
                self.refresh(subject.incident);
                let why = views::refusal::message(&refusal, &snapshot.directory, subject);
                self.later(by, place, title, why)
            }
            other => self.undone(other, by, place, title),
        }
    }

    /// The click is acknowledged; its answer follows by another call.
    pub(super) fn later(&self, by: SlackUserId, place: Place, title: String, message: Message) -> Handled {
        self.in_background(|this| async move { this.answer(&by, place, &title, &message).await })
    }

    /// Opens what a button stands for, on top of the window it is in.
    async fn open(&self, by: &SlackUserId, what: Action, subject: Subject, place: Place) {
        let snapshot = self.board.snapshot();
        let user = match self.admit(&snapshot, by, subject) {
            Ok(user) => Some(user),
            Err(Turned::AnotherStore) => {
                let why = Message::plain(views::reply::from_another_store());
                return self.answer(by, place, "Warridor", &why).await;
            }
            // Everybody may look.
            Err(Turned::Unknown) if matches!(what, Action::WhoWasPaged | Action::Timeline) => None,
            Err(Turned::Unknown) => match (self.who(by).await, what) {
                (Who::Outsider { .. }, Action::Note) => None,
                (who, _) => return self.answer(by, place, "Warridor", &stranger(&who, Some(subject))).await,
            },
        };
        if let (Action::Rca, Some(user)) = (what, user) {
            return self.rca_of_card(&snapshot, user, subject, place).await;
        }
        let no = subject.incident;
        let Some(incident) = self.find(&snapshot, no) else {
            let refusal = crate::domain::refusal::Refusal::NoSuchIncident(no);
            let why = views::refusal::message(&refusal, &snapshot.directory, subject);
            return self.answer(by, place, &no.to_string(), &why).await;
        };
        if what == Action::DraftPlaybook {
            let origin = origin(&snapshot, no, &place);
            return match self.draft_window(&snapshot, &incident, user.map(|u| &u.id), &origin).await {
                Ok(view) => self.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await,
                Err(why) => self.answer(by, place, &no.to_string(), &why).await,
            };
        }
        let needs_open = !matches!(what, Action::More | Action::Note | Action::WhoWasPaged | Action::Timeline);
        if needs_open && incident.is_resolved() {
            self.refresh(no);
            let why = format!("{no} is not open any more, so there is nothing to do. *Reopen* is on its card.");
            return self.answer(by, place, &no.to_string(), &Message::plain(why)).await;
        }
        let mut origin = origin(&snapshot, no, &place);
        if place.view.as_ref().is_some_and(|v| v.is_of_walk) {
            origin = origin.of_walk();
        }
        let view = self.window(&snapshot, user, what, &incident, &origin);
        self.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await;
    }
}

/// Would this acknowledgement stop a page to somebody else, by somebody whom nobody asked?
pub(super) fn asks_first(i: &Incident, user: &UserId) -> bool {
    let somebody_is_asked = i.main_call().is_some_and(|c| c.is_open());
    !i.is_test() && i.is_triggered() && somebody_is_asked && !i.concerns(user)
}
