//! A playbook that is followed: the buttons of its steps.
//!
//! A press is answered by the step that is next, where it was pressed: in the window, or in the private answer. What stands
//! in the thread changes by itself.

use super::people::stranger;
use super::{Came, DECIDE, Handler, Turned, origin, shown, told};
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, SlackUserId};
use crate::domain::input::{Act, Deed, What};
use crate::domain::refusal::Refusal;
use crate::domain::run::Move;
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::outcome::Outcome;
use crate::slack::translate::Place;
use crate::views::action_id::{Begun, Elsewhere, OnStep, Origin, Subject};
use crate::views::{self, Message};
use serde_json::json;

/// What a button of a playbook asks for, and about which incident.
fn asked(what: Elsewhere, value: &str) -> Option<(Subject, Deed)> {
    let again = what == Elsewhere::BeginAgain;
    if again || what == Elsewhere::BeginPlaybook {
        let begun = Begun::parse(value)?;
        return Some((begun.subject, Deed::BeginPlaybook { playbook: begun.playbook, again }));
    }
    let on = OnStep::parse(value)?;
    let section = || on.to.as_deref()?.parse().ok();
    let to = match what {
        Elsewhere::StepDone => Move::Done { to: None },
        Elsewhere::StepJumps => Move::Done { to: Some(section()?) },
        Elsewhere::StepChosen => Move::GoTo { section: section()? },
        Elsewhere::StepBack => Move::Back,
        Elsewhere::StepStuck => Move::Stuck,
        Elsewhere::StepPages => Move::Pages { team: on.to.as_deref()?.into() },
        _ => return None,
    };
    Some((on.subject, Deed::GoOn { turn: on.turn, to }))
}

/// What came of a press.
enum Told {
    /// The step that is next says it; in words, where that is not shown.
    ByTheStep(Option<Message>),
    /// Words, wherever they look: they have the incident now, or nothing was done, and why.
    InWords(Message),
    /// Somebody went on before. `wanted_to_page`: they may think that somebody was paged.
    TooLate { why: Message, wanted_to_page: bool },
}

impl Handler {
    pub(super) async fn run_pressed(
        &self,
        envelope_id: &str,
        by: SlackUserId,
        what: Elsewhere,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        if what == Elsewhere::SkipStep {
            let on = chosen.as_deref().and_then(OnStep::parse);
            return self.in_background(|this| async move { this.open_skip(&by, on, place).await });
        }
        let Some((subject, deed)) = chosen.as_deref().and_then(|value| asked(what, value)) else {
            return Handled::Ack(None);
        };
        let (snapshot, no) = (self.board.snapshot(), subject.incident);
        let title = no.to_string();
        let user = match self.admit(&snapshot, &by, subject) {
            Ok(user) => user.id.clone(),
            Err(turned) => {
                return self.in_background(|this| async move {
                    this.turned_away(&by, turned, subject, place, "Playbook").await
                });
            }
        };
        let act = Act { incident: no, by: user, deed };
        match self.decide(envelope_id.into(), What::Act(act), DECIDE).await {
            Came::To { facts, snapshot } if what == Elsewhere::StepPages => {
                self.later(by, place, title, told(&facts, &snapshot, no))
            }
            Came::To { .. } if what == Elsewhere::StepStuck => {
                self.in_background(|this| async move { this.open_stuck(subject, place).await })
            }
            Came::To { facts, snapshot } => {
                let told = match taken(&facts, &snapshot, no) {
                    Some(taken) => Told::InWords(taken),
                    None => Told::ByTheStep((!facts.is_empty()).then(|| told(&facts, &snapshot, no))),
                };
                self.in_background(|this| async move { this.next_step(no, place, told).await })
            }
            Came::Refused(refusal) => {
                // What they pressed should not be there any more.
                self.refresh(no);
                let why = views::refusal::message(&refusal, &snapshot.directory, subject);
                let told = match &refusal {
                    Refusal::StepIsPast { .. } => Told::TooLate { why, wanted_to_page: what == Elsewhere::StepPages },
                    _ => Told::InWords(why),
                };
                self.in_background(|this| async move { this.next_step(no, place, told).await })
            }
            other => self.undone(other, by, place, title),
        }
    }

    /// Why somebody is not admitted. `title`: of the window in which they read it.
    pub(super) async fn turned_away(
        &self,
        by: &SlackUserId,
        turned: Turned,
        subject: Subject,
        place: Place,
        title: &str,
    ) {
        let why = match turned {
            Turned::AnotherStore => Message::plain(views::reply::from_another_store()),
            Turned::Unknown => stranger(&self.who(by).await, Some(subject)),
        };
        self.answer(by, place, title, &why).await;
    }

    /// Shows the step that is next where somebody pressed. In the thread it stands already: there, and in a direct message,
    /// only words are.
    async fn next_step(&self, no: IncidentNo, place: Place, told: Told) {
        let snapshot = self.board.snapshot();
        let Some(incident) = self.find(&snapshot, no) else { return };
        let origin = origin(&snapshot, no, &place);
        // Where the step that is next follows, it need not be asked for.
        let is_in_place = place.view.is_some() || place.is_ephemeral;
        let (words, by_the_step) = match (told, &incident.run) {
            (Told::ByTheStep(words), _) => (words, true),
            (Told::TooLate { wanted_to_page, .. }, Some(run)) if is_in_place => {
                (Some(views::run::went_on(run, &snapshot.directory, wanted_to_page)), false)
            }
            (Told::InWords(words) | Told::TooLate { why: words, .. }, _) => (Some(words), false),
        };
        if let Some(open) = &place.view {
            let above = words.as_ref().filter(|_| !by_the_step);
            if let Some(view) = views::run::in_window(&incident, &snapshot.directory, &origin, above) {
                self.update_window(&open.id, json!(view)).await;
            }
            return;
        }
        if place.is_ephemeral {
            let Some(mut message) = views::run::message(&incident, &snapshot.directory, snapshot.store) else { return };
            if let Some(above) = words.filter(|_| !by_the_step) {
                message.blocks.splice(0..0, above.blocks);
            }
            let mut body = shown(&message);
            body["response_type"] = json!("ephemeral");
            body["replace_original"] = json!(true);
            let Some(url) = &place.response_url else { return };
            let _ = self.client.respond(url, &body).await;
            return;
        }
        let is_direct = place.channel.as_ref().is_some_and(|c| c.as_str().starts_with('D'));
        if let Some(words) = words.filter(|_| !by_the_step || is_direct) {
            self.tell(&place, &words);
        }
    }

    pub(super) async fn update_window(&self, view_id: &str, view: serde_json::Value) {
        // They may have closed it meanwhile.
        let _ = self.client.call_now("views.update", &json!({ "view_id": view_id, "view": view })).await;
    }

    /// The window below a form that was sent shows the walk, and above it what came of the form.
    pub(super) fn show_below(&self, view_id: String, origin: Origin, told: Option<Message>) {
        let this = self.clone();
        tokio::spawn(async move {
            let snapshot = this.board.snapshot();
            let Some(incident) = this.find(&snapshot, origin.subject.incident) else { return };
            if let Some(view) = views::run::in_window(&incident, &snapshot.directory, &origin, told.as_ref()) {
                this.update_window(&view_id, json!(view)).await;
            }
        });
    }

    async fn open_skip(&self, by: &SlackUserId, on: Option<OnStep>, place: Place) {
        let Some(on) = on else { return };
        let (snapshot, no) = (self.board.snapshot(), on.subject.incident);
        if let Err(turned) = self.admit(&snapshot, by, on.subject) {
            return self.turned_away(by, turned, on.subject, place, "Playbook").await;
        }
        let incident = self.find(&snapshot, no);
        let run = incident.as_ref().and_then(|i| Some((i, i.run.as_deref()?)));
        match run.filter(|(i, run)| run.turn == on.turn && i.is_open() && !run.is_at_its_end()) {
            Some((incident, run)) => {
                let origin = Origin { more: on.turn.to_string(), ..origin(&snapshot, no, &place) };
                let method = if place.in_modal() { "views.push" } else { "views.open" };
                self.show(&place, method, json!(views::run::skip(incident, run, &origin))).await;
            }
            // Somebody went on meanwhile.
            None => {
                self.refresh(no);
                let why = Message::plain(views::reply::went_on(no));
                self.next_step(no, place, Told::TooLate { why, wanted_to_page: false }).await;
            }
        }
    }

    async fn open_stuck(&self, subject: Subject, place: Place) {
        let snapshot = self.board.snapshot();
        let Some(incident) = self.find(&snapshot, subject.incident) else { return };
        let origin = origin(&snapshot, subject.incident, &place);
        let view = json!(views::run::stuck(&incident, &snapshot.directory, &origin));
        self.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await;
        if let Some(below) = place.view.filter(|v| !v.is_home) {
            self.show_below(below.id, origin, None);
        }
    }
}

/// Did somebody go on with a playbook by these facts?
pub(super) fn goes_on(facts: &[Fact]) -> bool {
    let goes_on = |f: &Fact| {
        matches!(
            f,
            Fact::StepDone { .. } | Fact::StepSkipped { .. } | Fact::StepChosen { .. } | Fact::StepTakenBack { .. }
        )
    };
    facts.iter().any(goes_on)
}

/// Who takes an incident by a step is told so, wherever they look; of the step, the next one tells.
pub(super) fn taken(facts: &[Fact], snapshot: &Snapshot, no: IncidentNo) -> Option<Message> {
    let takes = |f: &&Fact| matches!(f, Fact::Acknowledged { .. } | Fact::Reassigned { .. });
    let taken: Vec<Fact> = facts.iter().filter(takes).cloned().collect();
    (!taken.is_empty()).then(|| told(&taken, snapshot, no))
}

/// Could a window not be put on top of others? Slack holds three.
pub(super) fn is_full(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused { error, .. } if error == "push_limit_reached")
}
