//! The first look at an incident: its window, and what is answered in it.

use super::commands::{Reply, Typed, beside};
use super::windows::likely_the_same;
use super::{Came, DECIDE, Handler, origin, told};
use crate::command::Which;
use crate::domain::call::Whom;
use crate::domain::directory::{Step, User};
use crate::domain::duty::who_would_be_asked;
use crate::domain::help;
use crate::domain::id::{IncidentNo, SlackUserId, TeamId, UserId};
use crate::domain::incident::Incident;
use crate::domain::input::{Act, Deed, What};
use crate::domain::major::would_wake;
use crate::domain::misconfigured::came_before;
use crate::domain::privacy::may_read;
use crate::domain::refusal::Refusal;
use crate::domain::snooze;
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::{Elsewhere, OnFixer, Origin, Subject};
use crate::views::quiet::Reader;
use crate::views::triage::{Around, Before};
use crate::views::{self, Message};
use serde_json::json;
use slack_morphism::prelude::SlackView;

impl Handler {
    /// `triage [N]`
    pub(super) fn triage(&self, s: &Snapshot, which: Which, me: &User, typed: &Typed<'_>) -> Reply {
        let no = match self.which(s, which, "triage", Some(&me.id), typed) {
            Ok(no) => no,
            Err(pick) => return Reply::Words(pick),
        };
        let Some(i) = self.find(s, no) else {
            let none = crate::domain::refusal::Refusal::NoSuchIncident(no);
            return Reply::Words(Message::plain(views::refusal::refusal(&none, &s.directory)));
        };
        if !may_read(&i, &s.directory, Some(&me.id), typed.place.channel.as_ref()) {
            return Reply::Words(views::list::private(&i));
        }
        if let Some(of) = i.opened_by.clone().filter(|_| i.is_test()) {
            let test = Refusal::IsATest { incident: no, of };
            return Reply::Words(Message::plain(views::refusal::refusal(&test, &s.directory)));
        }
        let origin = origin(s, no, typed.place);
        let view = self.triage_view(s, &i, Some(&me.id), None, &origin);
        Reply::Window(json!(view), views::triage::to_open(&i, &s.directory, s.store))
    }

    /// `major [N]`: whether it is, naming whom that wakes.
    pub(super) fn asks_major(&self, s: &Snapshot, i: &Incident, me: &UserId) -> Message {
        let d = &s.directory;
        match &i.major {
            _ if i.is_test() => {
                let of = i.opened_by.clone().unwrap_or_else(|| me.clone());
                Message::plain(views::refusal::refusal(&Refusal::IsATest { incident: i.no, of }, d))
            }
            Some(done) => {
                let already = Refusal::MajorAlready { incident: i.no, by: done.by.clone(), at: done.at };
                Message::plain(views::refusal::refusal(&already, d))
            }
            None => views::triage::ask_major(i, &would_wake(&s.world, d, self.now(), i, me), d, s.store),
        }
    }

    /// The window, as its reader may see it.
    pub(super) fn triage_view(
        &self,
        s: &Snapshot,
        i: &Incident,
        me: Option<&UserId>,
        told: Option<&str>,
        origin: &Origin,
    ) -> SlackView {
        let reader = Reader { user: me, channel: origin.channel.as_ref() };
        let beside = beside(s, reader, self.now());
        let others = likely_the_same(s, i, me);
        let fixed_before = fixer(s, i).filter(|(_, who)| Some(who) != me);
        let before = self.came_before(s, i, reader);
        let wakes = me.map(|me| would_wake(&s.world, &s.directory, self.now(), i, me)).unwrap_or_default();
        let around = Around { beside: &beside, others: &others, fixed_before, before: &before, wakes: &wakes };
        views::triage::window(i, &around, told, &s.directory, origin)
    }

    /// What the same alert led to before, as far as its reader may read that.
    fn came_before(&self, s: &Snapshot, i: &Incident, reader: Reader<'_>) -> Vec<Before> {
        let (d, user, channel) = (&*s.directory, reader.user, reader.channel);
        let rca = |no| s.world.rcas.get(&no).filter(|rca| views::rca::may_read(rca, d, user, channel)).cloned();
        came_before(&s.world, i)
            .into_iter()
            .take(views::limits::BEFORE)
            .filter_map(|no| self.find(s, no))
            .filter(|before| may_read(before, d, user, channel))
            .map(|incident| Before { rca: rca(incident.no), incident })
            .collect()
    }

    /// What is pressed in it.
    pub(super) async fn triage_pressed(
        &self,
        id: &str,
        by: SlackUserId,
        what: Elsewhere,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let fixer = chosen.as_deref().and_then(OnFixer::parse);
        let subject = fixer.as_ref().map(|on| on.subject).or_else(|| chosen.as_deref().and_then(Subject::parse));
        let Some(subject) = subject else { return Handled::Ack(None) };
        let (s, no) = (self.board.snapshot(), subject.incident);
        let user = match self.admit(&s, &by, subject) {
            Ok(user) => user.clone(),
            Err(turned) => {
                return self.in_background(|this| async move {
                    this.turned_away(&by, turned, subject, place, "Triage").await
                });
            }
        };
        let deed = match (what.answer(), what) {
            (Some(answer), _) => Deed::Triage { answer },
            (None, Elsewhere::Major) => Deed::DeclareMajor,
            (None, Elsewhere::NotMajor) => Deed::TakeMajorBack,
            (None, Elsewhere::AddFixer) => {
                let who = fixer.map(|on| on.who).filter(|who| s.directory.users.contains_key(who));
                let Some(who) = who else {
                    let gone = Message::plain(views::triage::fixer_is_gone(no));
                    return self.later(by, place, no.to_string(), gone);
                };
                Deed::AddResponders { whom: vec![Whom::User(who)] }
            }
            (None, _) => {
                return self.in_background(|this| async move { this.triage_form(&user, what, subject, place).await });
            }
        };
        let act = Act { incident: no, by: user.id, deed };
        let told = match self.decide(id.into(), What::Act(act), DECIDE).await {
            Came::To { facts, snapshot } => told(&facts, &snapshot, no).text,
            Came::Refused(refusal) => views::refusal::refusal(&refusal, &s.directory),
            other => return self.undone(other, by, place, no.to_string()),
        };
        // *Add Ben* stands in messages, too.
        if place.view.is_none() {
            return self.later(by, place, no.to_string(), Message::plain(told));
        }
        self.in_background(|this| async move {
            let origin = origin(&this.board.snapshot(), no, &place);
            if let Some(open) = place.view {
                this.triage_anew(&open.id, &by, Some(&told), &origin).await;
            }
        })
    }

    /// The window shows what is true now.
    async fn triage_anew(&self, view_id: &str, by: &SlackUserId, told: Option<&str>, origin: &Origin) {
        let s = self.board.snapshot();
        let me = s.directory.user_by_slack(by).map(|u| u.id.clone());
        let Some(i) = self.find(&s, origin.subject.incident) else { return };
        let view = json!(self.triage_view(&s, &i, me.as_ref(), told, origin));
        self.update_window(view_id, view).await;
    }

    /// The window below a form of it that was sent.
    pub(super) fn triage_below(&self, view_id: String, by: SlackUserId, origin: Origin) {
        let this = self.clone();
        tokio::spawn(async move { this.triage_anew(&view_id, &by, None, &origin).await });
    }

    async fn triage_form(&self, user: &User, what: Elsewhere, subject: Subject, place: Place) {
        let (s, d) = (self.board.snapshot(), self.board.snapshot().directory.clone());
        let Some(i) = self.find(&s, subject.incident) else { return };
        let origin = origin(&s, i.no, &place);
        let view = match what {
            Elsewhere::NotMine => json!(views::triage::not_mine(&i, &self.other_teams(&s, &i), &d, &origin)),
            Elsewhere::NotNow => {
                let choices = snooze::choices(self.clock.now(), user.tz);
                json!(views::modal::snooze(&i, &choices, Some("not_urgent"), &d, &origin))
            }
            Elsewhere::CanWait => {
                let due = super::rca::due_choices(self.clock.now(), user.tz);
                json!(views::triage::can_wait(&i, &due, views::rca::forms::offered(&user.id, &d), &origin))
            }
            _ => json!(views::triage::since(&i, &origin)),
        };
        self.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await;
    }

    /// The teams that could be paged instead, and whom that would wake.
    fn other_teams(&self, s: &Snapshot, i: &Incident) -> Vec<(TeamId, String)> {
        let d = &*s.directory;
        let others = d.teams.keys().filter(|team| **team != i.team);
        let named = |team: &TeamId| {
            let first: &Step = d.policy_of_team(team)?.steps.first()?;
            let all = who_would_be_asked(&s.world, d, self.now(), std::slice::from_ref(first));
            let all: Vec<&str> = all.iter().map(|who| d.name_of(who)).collect();
            Some((team.clone(), if all.is_empty() { "nobody now".to_owned() } else { all.join(", ") }))
        };
        others.filter_map(named).collect()
    }
}

/// Who fixed it before, and may be added: whom a message offers, or whoever is found now.
fn fixer(s: &Snapshot, i: &Incident) -> Option<(IncidentNo, UserId)> {
    let offered = help::offered(i).map(|(before, who)| (before, who.clone()));
    offered.or_else(|| help::fixed_before(&s.world, &s.directory, i, i.responder()))
}
