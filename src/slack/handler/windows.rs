//! What a window shows, read from the committed state.

use super::Handler;
use crate::domain::call::Whom;
use crate::domain::directory::{Directory, Target, User};
use crate::domain::duty::{who_first, who_would_be_asked};
use crate::domain::id::{IncidentNo, SlackUserId, UserId};
use crate::domain::incident::{Entry, Incident};
use crate::domain::privacy::may_read;
use crate::domain::snooze;
use crate::domain::stamp::Stamp;
use crate::domain::urgency::by_hand;
use crate::pump::Snapshot;
use crate::slack::translate::{Place, raise_draft};
use crate::views::action_id::{Action, Elsewhere, Opened, Origin, Pointed, Subject};
use crate::views::modal::{Askable, RaiseDraft};
use crate::views::{self, Message, limits};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// The value of a chosen team or schedule.
const TEAM: &str = "team:";
const SCHEDULE: &str = "schedule:";

impl Handler {
    pub(super) fn window(&self, s: &Snapshot, by: Option<&User>, what: Action, i: &Incident, origin: &Origin) -> Value {
        let tz = by.map_or(Tz::UTC, |u| u.tz);
        let d = &*s.directory;
        json!(match what {
            Action::Snooze => views::modal::snooze(i, &snooze::choices(self.clock.now(), tz), None, d, origin),
            Action::Triage => self.triage_view(s, i, by.map(|u| &u.id), None, origin),
            Action::AddResponders => views::modal::add_responders(i, &askable(s, self.now()), origin),
            Action::Reassign => views::modal::reassign(i, d, origin),
            Action::Note => views::modal::note(i, origin),
            Action::ResolveWithNote => views::modal::resolve(i, origin),
            Action::Merge => views::modal::merge(i, &likely_the_same(s, i, by.map(|u| &u.id)), origin),
            Action::Silence => views::modal::silence(i, &snooze::choices(self.clock.now(), tz), d, origin),
            Action::WhoWasPaged => views::more::who_was_paged(i, d),
            Action::Timeline => views::more::timeline(i, &self.timeline(i), d),
            Action::Playbook => views::playbook::of_incident(i, d, origin),
            // See `rca_of_card`.
            // See `draft`.
            Action::DraftPlaybook
            | Action::Rca
            | Action::More
            | Action::Acknowledge
            | Action::Take
            | Action::Start
            | Action::EndSnooze
            | Action::Escalate
            | Action::Mitigate
            | Action::Resolve
            | Action::NotActionable
            | Action::Reopen
            | Action::DeclinePageAgain
            | Action::MakeHigh
            | Action::MakeLow
            | Action::TakeOver => views::more::more(i, d, origin),
        })
    }

    /// The newest entries, those on disk included, the oldest first.
    pub(super) fn timeline(&self, i: &Incident) -> Vec<Entry> {
        let room = limits::WINDOW_LINES.saturating_sub(i.timeline.len()) + 1;
        let first = i.timeline.first().map_or(i.next_entry, |e| e.n);
        let mut all = (self.history)(i.no, room);
        all.retain(|e| e.n < first);
        all.reverse();
        all.extend(i.timeline.iter().cloned());
        all
    }

    /// Buttons and selects that are about no incident.
    pub(super) async fn elsewhere(&self, by: &SlackUserId, what: Elsewhere, chosen: Option<String>, place: Place) {
        let snapshot = self.board.snapshot();
        if snapshot.directory.user_by_slack(by).is_none() {
            let message = self.stranger(by, None).await;
            return self.answer(by, place, "Warridor", &message).await;
        }
        match what {
            // A deed: see `acknowledge_all`.
            Elsewhere::AcknowledgeAll => {}
            Elsewhere::ListAll => self.list_all(by, chosen, place).await,
            Elsewhere::Raise => {
                let view = self.raise(&snapshot, &RaiseDraft::default(), &place);
                self.show(&place, "views.open", view).await;
            }
            Elsewhere::RaiseService => {
                let Some(open) = &place.view else { return };
                let (service, what, _) = raise_draft(&open.values);
                let service = chosen.map(Into::into).or(service);
                let from = Pointed::parse(&open.more).map(|pointed| pointed.0);
                let draft = RaiseDraft { service: service.as_ref(), what: &what, wakes: None, from: from.as_ref() };
                let view = self.raise(&snapshot, &draft, &place);
                let body = json!({ "view_id": open.id, "hash": open.hash, "view": view });
                // They may have closed it meanwhile.
                let _ = self.client.call_now("views.update", &body).await;
            }
            Elsewhere::Playbook => {
                let opened = chosen.as_deref().and_then(Opened::parse);
                let playbook = |o: &Opened| snapshot.directory.playbooks.get(&o.playbook).cloned();
                match opened.and_then(|o| Some((playbook(&o)?, o.incident))) {
                    Some((playbook, no)) => {
                        let incident = self.find(&snapshot, no);
                        let about = Subject { store: snapshot.store, incident: no };
                        let view =
                            json!(views::playbook::chosen(&playbook, about, incident.as_ref(), &snapshot.directory));
                        self.show(&place, if place.in_modal() { "views.push" } else { "views.open" }, view).await;
                    }
                    None => {
                        let gone = "This playbook is not there any more: `/pager playbook list` has all there are.";
                        self.answer(by, place, "Playbook", &Message::plain(gone)).await;
                    }
                }
            }
            // Inputs: see `quiet`.
            Elsewhere::EndQuiet | Elsewhere::ExtendQuiet => {}
            // An input: see `misconfigured`.
            Elsewhere::Mended => {}
            // Inputs, and a window: see `handoff`.
            Elsewhere::AcceptHandoff | Elsewhere::OfferHandoff | Elsewhere::WriteHandoff => {}
            // Inputs: see `prepare`.
            Elsewhere::Ready | Elsewhere::TestPage => {}
            // Windows and inputs: see `triage`.
            Elsewhere::NotMine
            | Elsewhere::NotNow
            | Elsewhere::CanWait
            | Elsewhere::Major
            | Elsewhere::NotMajor
            | Elsewhere::AddFixer
            | Elsewhere::TriageSince
            | Elsewhere::AllFeelIt
            | Elsewhere::SomeFeelIt
            | Elsewhere::InsideFeelIt
            | Elsewhere::NobodyFeelsIt
            | Elsewhere::GetsWorse
            | Elsewhere::StaysSame
            | Elsewhere::GetsBetter => {}
            // Windows and inputs: see `rca`.
            Elsewhere::OpenRca
            | Elsewhere::RcaFelt
            | Elsewhere::RcaNotFelt
            | Elsewhere::RcaPiece
            | Elsewhere::RcaOwner
            | Elsewhere::RcaExcuse
            | Elsewhere::RcaComplete
            | Elsewhere::RcaTakeUp
            | Elsewhere::ItemDone
            | Elsewhere::ItemChange
            | Elsewhere::ItemReopen => {}
            // Inputs: see `run`.
            Elsewhere::BeginPlaybook
            | Elsewhere::BeginAgain
            | Elsewhere::StepDone
            | Elsewhere::SkipStep
            | Elsewhere::StepStuck
            | Elsewhere::StepJumps
            | Elsewhere::StepChosen
            | Elsewhere::StepBack
            | Elsewhere::StepPages => {}
            // Inputs: see `people`.
            Elsewhere::AddMe | Elsewhere::Approve | Elsewhere::Decline | Elsewhere::RemovePerson => {}
        }
    }

    pub(super) fn raise(&self, s: &Snapshot, draft: &RaiseDraft<'_>, place: &Place) -> Value {
        let subject = Subject { store: s.store, incident: IncidentNo(0) };
        let more = draft.from.map(|from| Pointed(from.clone()).value()).unwrap_or_default();
        let thread = place.thread.clone().filter(|_| draft.from.is_some());
        let origin = Origin { thread, more, ..Origin::new(subject, place.channel.clone()) };
        let wakes = draft.service.and_then(|id| s.directory.services.get(id)).map(|service| {
            let policy = s.directory.policies.get(&service.policy);
            let asked =
                policy.map(|p| who_first(&s.world, &s.directory, self.now(), p, service.tier)).unwrap_or_default();
            let urgency = by_hand(&s.directory, service, self.now().wall);
            views::modal::wakes(urgency, &asked, &s.directory)
        });
        let draft = RaiseDraft { wakes, ..draft.clone() };
        json!(views::modal::raise(&draft, &s.directory, &origin))
    }
}

/// Teams and schedules, and who that is now.
pub(super) fn askable(s: &Snapshot, now: Stamp) -> Vec<Askable> {
    let d: &Directory = &s.directory;
    let who = |steps: &[crate::domain::directory::Step]| {
        let all = who_would_be_asked(&s.world, d, now, steps);
        let all: Vec<&str> = all.iter().map(|u| d.name_of(u)).collect();
        if all.is_empty() { "nobody now".to_owned() } else { all.join(", ") }
    };
    let teams = d.teams.values().filter_map(|t| {
        let first = d.policy_of_team(&t.id)?.steps.first()?;
        let now = who(std::slice::from_ref(first));
        Some(Askable { value: format!("{TEAM}{}", t.id), name: t.name.clone(), now })
    });
    let schedules = d.schedules.values().map(|schedule| {
        let targets = vec![Target::Schedule(schedule.id.clone())];
        let now = who(&[crate::domain::directory::Step::all(targets, 0)]);
        Askable { value: format!("{SCHEDULE}{}", schedule.id), name: schedule.name.clone(), now }
    });
    teams.chain(schedules).collect()
}

/// What an option of [`askable`] stands for.
pub(super) fn whom(value: &str) -> Option<Whom> {
    let team = value.strip_prefix(TEAM).map(|t| Whom::Team(t.into()));
    team.or_else(|| value.strip_prefix(SCHEDULE).map(|s| Whom::Schedule(s.into())))
}

/// The other open incidents: of the same service first, the newest first.
pub(super) fn likely_the_same<'a>(s: &'a Snapshot, i: &Incident, user: Option<&UserId>) -> Vec<&'a Incident> {
    let may = |o: &&Incident| o.no != i.no && may_read(o, &s.directory, user, None);
    let mut others: Vec<&Incident> = s.world.open_incidents().map(|o| &**o).filter(may).collect();
    others.sort_by_key(|o| (o.service != i.service, o.team != i.team, std::cmp::Reverse(o.no)));
    others
}
