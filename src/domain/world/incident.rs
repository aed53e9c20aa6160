//! What each fact does to the one incident it is of. One match; what takes more than a few lines is beside it, by kind.

use super::alerts::{self, count_event, count_trigger};
use super::calls::{self, stop_calls};
use super::course;
use super::pages::{self, with_page};
use super::response::{self, add_responder, set_timeout, set_timeout_to, stop_waiting, timeout};
use super::run;
use super::timeline::log;
use crate::domain::alert::Silence;
use crate::domain::course::{Clearing, PageAgain};
use crate::domain::fact::Fact;
use crate::domain::help::Help;
use crate::domain::hold::TriggeredBy;
use crate::domain::incident::{AckTimeout, Done, Happening, Incident, State};
use crate::domain::listing::Listing;
use crate::domain::page::{Page, PageState, SyncKey, Taken};
use crate::domain::quote::Quoted;
use crate::domain::run::Skipped;
use crate::domain::sla::Sla;
use crate::domain::stamp::At;
use crate::domain::urgency::Raise;
use std::sync::Arc;

pub(super) fn apply_to_incident(i: &mut Incident, fact: &Fact, wall: At) {
    match fact {
        Fact::AlertRepeated { alert, .. } => {
            count_event(i, *alert);
            count_trigger(i, wall);
        }
        Fact::AlertJoined(j) => alerts::joined(i, j, wall),
        Fact::EventLate { alert, .. } => count_event(i, *alert),
        Fact::AlertFired { alert, starts_at, came_back, .. } => alerts::fired(i, *alert, *starts_at, *came_back, wall),
        Fact::AlertCleared { alert, ends_at, .. } => alerts::cleared(i, *alert, *ends_at, wall),
        Fact::AcknowledgedByEvent { ask_at, .. } => {
            i.state = State::Acknowledged { by: None, since: wall, timeout: timeout(*ask_at) };
            stop_calls(i);
            log(i, wall, Happening::AcknowledgedByEvent);
        }
        Fact::CallStarted { call, kind, policy, also, keeps_asking, .. } => {
            calls::started(i, *call, kind, policy, also, *keeps_asking)
        }
        Fact::StepStarted(s) => calls::step_started(i, s, wall),
        Fact::PolicyKept { policy, .. } => i.policy_kept = Some(Arc::new(policy.clone())),
        Fact::Held { why, until, due, because, .. } => calls::held(i, why, *until, *due, because, wall),
        Fact::HoldEnded { .. } => {
            if let Some(hold) = i.hold.take() {
                log(i, wall, Happening::HoldEnded { why: hold.why });
            }
        }
        Fact::CallExhausted { call, times, next_at, skipped, .. } => {
            calls::exhausted(i, *call, *times, *next_at, skipped, wall)
        }
        Fact::PageRequested { page, call, to, method, purpose, queued, silent_until, .. } => {
            let page = Page {
                id: *page,
                call: *call,
                to: to.clone(),
                method: method.clone(),
                purpose: *purpose,
                requested: wall,
                silent_until: *silent_until,
                attempts: 1,
                taken: None,
                state: PageState::Requested,
            };
            pages::requested(i, page, *queued);
        }
        Fact::PagesCarriedOver { pages, .. } => {
            for p in i.pages.iter_mut().filter(|p| pages.contains(&p.id)) {
                p.attempts += 1;
            }
        }
        Fact::PageDelivered { page, message, bundle, .. } => {
            let (message, bundle) = (message.clone(), *bundle);
            with_page(i, *page, |p| p.state = PageState::Delivered { message, at: wall, bundle });
        }
        Fact::PageSent { page, receipt, bundle, .. } => {
            let (receipt, bundle) = (receipt.clone(), *bundle);
            with_page(i, *page, |p| {
                p.state = PageState::Sent { at: wall, bundle };
                p.taken = Some(Taken { receipt, at: wall });
            });
        }
        Fact::PageFailed { page, why, .. } => pages::failed(i, *page, why, wall),
        Fact::PageRevoked { page, why, .. } => with_page(i, *page, |p| p.state = PageState::Revoked(*why)),
        Fact::Acknowledged { by, calls, ask_at, .. } => response::acknowledged(i, by, calls, *ask_at, wall),
        Fact::Snoozed { by, until, due, why, because, .. } => {
            add_responder(i, by);
            i.answered.get_or_insert(Done { by: by.clone(), at: wall });
            run::rests(i);
            i.state = State::Snoozed { by: by.clone(), since: wall, until: *until, due: *due };
            stop_calls(i);
            let because = because.body().clone();
            log(i, wall, Happening::Snoozed { by: by.clone(), until: *until, why: *why, because });
        }
        Fact::SnoozeEnded { held, .. } => {
            i.state = State::Triggered { since: wall };
            let quietly = |then| Happening::TriggeredQuietly { by: TriggeredBy::SnoozeEnded, then };
            log(i, wall, held.map_or(Happening::SnoozeEnded, quietly));
        }
        Fact::WillBeHeld { then, .. } => i.held_then = *then,
        Fact::StillOnItAsked { to, retrigger_at, .. } => {
            set_timeout_to(i, AckTimeout::TriggerAt(*retrigger_at));
            log(i, wall, Happening::StillOnItAsked { to: to.clone() });
        }
        Fact::AckTimedOut { held, .. } => {
            i.state = State::Triggered { since: wall };
            let quietly = |then| Happening::TriggeredQuietly { by: TriggeredBy::AckTimedOut, then };
            log(i, wall, held.map_or(Happening::AckTimedOut, quietly));
        }
        Fact::Escalated { by, ask_at, .. } => {
            set_timeout(i, *ask_at);
            stop_waiting(i);
            log(i, wall, Happening::Escalated { by: by.clone() });
        }
        Fact::Resolved { by, note, close_at, back_until, quiet_since, .. } => {
            response::resolved(i, by, note, *close_at, *back_until, *quiet_since, wall)
        }
        Fact::Reopened { by, ask_at, .. } => response::reopened(i, by, *ask_at, wall),
        Fact::Noted { by, text, ask_at, .. } => {
            set_timeout(i, *ask_at);
            log(i, wall, Happening::Noted { by: by.clone(), text: text.body().clone() });
        }
        Fact::NotedByGuest { name, text, .. } => {
            log(i, wall, Happening::NotedByGuest { name: name.body().clone(), text: text.body().clone() });
        }
        Fact::Quoted { by, message, said, author, text, link, ask_at, .. } => {
            if ask_at.is_some() {
                set_timeout(i, *ask_at);
            }
            i.quotes.push(message.clone());
            let (author, text, link) = (author.body().clone(), text.body().clone(), link.body().clone());
            let quoted = Quoted { by: by.clone(), said: *said, author, text, link };
            log(i, wall, Happening::Quoted(Box::new(quoted)));
        }
        Fact::Started { by, ask_at, .. } => {
            add_responder(i, by);
            set_timeout(i, *ask_at);
            i.started.get_or_insert(Done { by: by.clone(), at: wall });
            log(i, wall, Happening::Started { by: by.clone() });
        }
        Fact::Mitigated { by, ask_at, .. } => {
            set_timeout(i, *ask_at);
            i.mitigated = Some(Done { by: by.clone(), at: wall });
            log(i, wall, Happening::Mitigated { by: by.clone() });
        }
        Fact::RespondersAsked { by, whom, ask_at, .. } => {
            set_timeout(i, *ask_at);
            log(i, wall, Happening::RespondersAsked { by: by.clone(), whom: whom.clone() });
        }
        Fact::ReassignAsked { by, to, ask_at, .. } => {
            set_timeout(i, *ask_at);
            log(i, wall, Happening::ReassignAsked { by: by.clone(), to: to.clone() });
        }
        Fact::Reassigned { to, from, calls, ask_at, .. } => {
            response::reassigned(i, to, from.as_ref(), calls, *ask_at, wall)
        }
        Fact::UrgencyChanged { by, to, ask_at, stopped, why, .. } => {
            response::urgency_changed(i, by.as_ref(), *to, *ask_at, stopped, *why, wall)
        }
        Fact::SlaStarted { start_by, due, ask_at, .. } => {
            i.sla = Some(Sla { start_by: *start_by, due: *due, ask_at: Some(*ask_at), missed: None });
        }
        Fact::SlaAsked { to, .. } => {
            if let Some(sla) = &mut i.sla {
                sla.ask_at = None;
            }
            if let Some(to) = to {
                log(i, wall, Happening::BeginAsked { to: to.clone() });
            }
        }
        Fact::HelpPlanned { due, .. } => i.help = due.map(Help::Due),
        Fact::HelpOffered { who, before, .. } => {
            i.help = Some(Help::Offered { who: who.clone(), before: *before });
        }
        Fact::SlaMissed { .. } => {
            if let Some(sla) = &mut i.sla {
                sla.missed = Some(wall);
            }
            log(i, wall, Happening::SlaMissed);
        }
        Fact::ListingPlanned { at, due, .. } => i.listing = Some(Listing { at: *at, due: *due }),
        Fact::Listed { to, .. } => {
            i.listing = None;
            i.listed = Some(Done { by: to.clone(), at: wall });
            log(i, wall, Happening::Listed { to: to.clone() });
        }
        Fact::AlertRated { alert, urgency, .. } => {
            if let Some(alert) = i.alert_mut(*alert) {
                alert.urgency = Some(*urgency);
            }
        }
        Fact::RaisePlanned { at, due, .. } => i.raise = Some(Raise { at: *at, due: *due }),
        Fact::RaiseDropped { .. } => i.raise = None,
        Fact::CountWanes { due, .. } => i.counting.iter_mut().for_each(|c| c.wanes = Some(*due)),
        Fact::CountWaned { .. } => i.counting.iter_mut().for_each(|c| {
            c.wanes = None;
            c.forget(wall);
        }),
        Fact::MarkedNotActionable { by, .. } => {
            i.not_actionable = Some(Done { by: by.clone(), at: wall });
            log(i, wall, Happening::NotActionable { by: by.clone() });
        }
        Fact::MisconfiguredMarked { entry, mark, .. } => response::marked(i, *entry, *mark),
        Fact::AlertCame { .. } => i.came = true,
        Fact::Merged { into, by, close_at, .. } => response::merged(i, *into, by, *close_at, wall),
        Fact::AlertsTaken { from, by, alerts, responders, reported_by, .. } => {
            response::took(i, *from, by, alerts, responders, reported_by, wall)
        }
        Fact::WillResolve { cleared, until, due, held_from, stops, .. } => {
            if *stops {
                stop_calls(i);
            }
            let (since, until, due, held_from) = (*cleared, *until, *due, *held_from);
            if i.course.clearing.is_none() {
                log(i, wall, Happening::ClearedFor { until });
            }
            i.course.clearing = Some(Clearing { since, until, due, held_from });
        }
        Fact::PageAgainPlanned { until, due, .. } => {
            i.course.page_again = Some(PageAgain { until: *until, due: *due, declined: None });
        }
        Fact::PageAgainDeclined { by, .. } => {
            if let Some(again) = &mut i.course.page_again {
                again.declined = Some(by.clone());
            }
            log(i, wall, Happening::PageAgainDeclined { by: by.clone() });
        }
        Fact::NotCleared { .. } => {
            course::open_again(i);
            i.state = State::Triggered { since: wall };
            i.mitigated = None;
            i.not_actionable = None;
            log(i, wall, Happening::NotCleared);
        }
        Fact::CameBack { alert, starts_at, had, ask_at, .. } => {
            alerts::came_back(i, *alert, *starts_at, had, *ask_at, wall)
        }
        Fact::Flapping { until, .. } => {
            if i.course.flapping.replace(*until).is_none() {
                log(i, wall, Happening::Flapping);
            }
        }
        Fact::FlappingEnded { .. } => {
            i.course.flapping = None;
            log(i, wall, Happening::FlappingEnded);
        }
        Fact::AlertHeard { alert, due, .. } => {
            if let Some(a) = i.alert_mut(*alert) {
                a.silence = Some(Silence { since: wall, due: *due });
            }
        }
        Fact::AlertSilent { alert, .. } => {
            course::clears(i, *alert, wall);
            log(i, wall, Happening::ClearedBySilence);
        }
        Fact::CameAnew { alert, .. } => {
            course::clears(i, *alert, wall);
            log(i, wall, Happening::CameAnew);
        }
        Fact::AlertLetGo { alert, .. } => alerts::let_go(i, *alert),
        Fact::CrossedHandoff { to, instead, .. } => {
            if let Some(instead) = instead {
                calls::crossed_handoff(i, instead);
            }
            log(i, wall, Happening::CrossedHandoff { to: to.clone() });
        }
        Fact::TriageAnswered { by, answer, ask_at, .. } => {
            set_timeout(i, *ask_at);
            response::triaged(i, by, *answer, wall);
        }
        Fact::NotMine { by, team, policy, stops, .. } => response::not_mine(i, by, team, policy, stops, wall),
        Fact::MajorDeclared { by, ask_at, .. } => {
            set_timeout(i, *ask_at);
            i.major.get_or_insert(Done { by: by.clone(), at: wall });
            // What cleared may be over, and somebody is to say so; and it waits for nothing.
            i.course.clearing = None;
            (i.hold, i.counting) = (None, None);
            log(i, wall, Happening::MajorDeclared { by: by.clone() });
        }
        Fact::MajorTakenBack { by, ask_at, .. } => {
            set_timeout(i, *ask_at);
            i.major = None;
            log(i, wall, Happening::MajorTakenBack { by: by.clone() });
        }
        Fact::WaitsAsItem { by, item, .. } => log(i, wall, Happening::WaitsAsItem { by: by.clone(), item: *item }),
        Fact::PlaybookBegun { by, playbook, due, ask_at, .. } => {
            set_timeout(i, *ask_at);
            run::begun(i, by, playbook, *due, wall);
        }
        Fact::StepDone { by, step, next, due, ask_at, .. } => {
            set_timeout(i, *ask_at);
            run::left(i, by, *step, None, (*next, *due), wall);
        }
        Fact::StepSkipped { by, step, why, because, next, due, ask_at, .. } => {
            set_timeout(i, *ask_at);
            let skipped = Skipped { why: *why, because: because.body().clone() };
            run::left(i, by, *step, Some(skipped), (*next, *due), wall);
        }
        Fact::StepChosen { by, from, next, due, ask_at, .. } => {
            set_timeout(i, *ask_at);
            run::chosen(i, by, *from, (*next, *due), wall);
        }
        Fact::StepTakenBack { by, step, untouched, due, ask_at, .. } => {
            set_timeout(i, *ask_at);
            run::taken_back(i, by, (*step, *untouched), *due, wall);
        }
        Fact::StepStuck { by, step, ask_at, .. } => {
            set_timeout(i, *ask_at);
            run::stuck(i, by, *step, wall);
        }
        Fact::StepOverdue { step, .. } => run::overdue(i, *step, wall),
        Fact::ActLate { by, act, .. } => log(i, wall, Happening::Late { by: by.clone(), act: act.clone() }),
        Fact::IncidentClosed { .. } => i.closed = true,
        Fact::ClosePostponed { close_at: later, .. } => {
            if let State::Resolved { close_at, .. } = &mut i.state {
                *close_at = *later;
            }
        }
        Fact::SyncCreated { key: SyncKey::Card(_), message } => i.card = Some(message.clone()),
        Fact::SyncCreated { key: SyncKey::Log(_), message } => i.log = Some(message.clone()),
        Fact::SyncCreated { key: SyncKey::Run(_), message } => i.run_message = Some(message.clone()),
        Fact::SyncCreated {
            key: SyncKey::Thread(_) | SyncKey::Dm(..) | SyncKey::Post(_) | SyncKey::Follower(..),
            ..
        } => {}
        Fact::ThreadShown { upto, .. } => i.thread_shown = i.thread_shown.max(*upto),
        Fact::CardMoved { to, why, .. } => {
            i.channel = to.clone();
            i.card = None;
            i.log = None;
            i.run_message = None;
            i.thread_shown = 0;
            log(i, wall, Happening::CardMoved { to: to.clone(), why: why.clone() });
        }
        Fact::ConfigLoaded { .. }
        | Fact::NumbersSkipped { .. }
        | Fact::ClockJumped { .. }
        | Fact::IncidentOpened(_)
        | Fact::TurnTaken { .. }
        | Fact::TurnForgotten { .. }
        | Fact::QuietMade { .. }
        | Fact::QuietBegun { .. }
        | Fact::QuietWaits { .. }
        | Fact::QuietExtended { .. }
        | Fact::QuietWarned { .. }
        | Fact::QuietEnded { .. }
        | Fact::QuietForgotten { .. }
        | Fact::QuietsSwept { .. }
        | Fact::QuietWritten { .. }
        | Fact::QuietRemoved { .. }
        | Fact::QuietNotDone { .. }
        | Fact::QuietKept { .. }
        | Fact::PostWanted { .. }
        | Fact::PostFailed { .. }
        | Fact::PostDropped { .. }
        | Fact::StormOver { .. }
        | Fact::FyiShown(_)
        | Fact::FyiRepeated { .. }
        | Fact::FyiCleared { .. }
        | Fact::FyiForgotten { .. }
        | Fact::EventDropped { .. }
        | Fact::ShiftStarted { .. }
        | Fact::DraftLooked { .. }
        | Fact::ShiftsAheadLooked { .. }
        | Fact::ShiftForetold { .. }
        | Fact::ShiftGone { .. }
        | Fact::ShiftOver { .. }
        | Fact::ReadyMarked { .. }
        | Fact::ShiftsMoved { .. }
        | Fact::HandoffDrafted { .. }
        | Fact::HandoffForgotten { .. }
        | Fact::HandoffNoted { .. }
        | Fact::HandoffWritten { .. }
        | Fact::HandoffOffered { .. }
        | Fact::HandedOver { .. }
        | Fact::HandoffAccepted { .. }
        | Fact::HandoffReminded { .. }
        | Fact::RcaOwed { .. }
        | Fact::RcaAnswered { .. }
        | Fact::RcaImpactTold { .. }
        | Fact::RcaWritten { .. }
        | Fact::RcaHandedOver { .. }
        | Fact::RcaExcused { .. }
        | Fact::RcaCompleted { .. }
        | Fact::RcaTakenUp { .. }
        | Fact::RcaReminded { .. }
        | Fact::RcaLeadTold { .. }
        | Fact::ItemMade { .. }
        | Fact::ItemDone { .. }
        | Fact::ItemChanged { .. }
        | Fact::ItemReopened { .. }
        | Fact::ItemNews { .. }
        | Fact::ItemNewsTold { .. }
        | Fact::ItemReminded { .. }
        | Fact::ShiftForgotten { .. }
        | Fact::OverrideSet(_)
        | Fact::OverrideExpired { .. }
        | Fact::OverrideWaits { .. }
        | Fact::OverrideRemoved { .. }
        | Fact::PersonAsked { .. }
        | Fact::PersonAnnounced { .. }
        | Fact::PersonAdded { .. }
        | Fact::PersonDeclined { .. }
        | Fact::DoNotDisturb { .. }
        | Fact::HeartbeatWatched { .. }
        | Fact::HeartbeatHeard { .. }
        | Fact::HeartbeatPutOff { .. }
        | Fact::HeartbeatSilent { .. }
        | Fact::HeartbeatForgotten { .. }
        | Fact::SlackWentAway
        | Fact::SlackCameBack
        | Fact::PersonRemoved { .. }
        | Fact::PersonForgotten { .. }
        | Fact::ChangeReported { .. }
        | Fact::ChangeForgotten { .. }
        | Fact::AnnouncementMade { .. }
        | Fact::AnnouncementEnded { .. }
        | Fact::MisconfiguredListed { .. }
        | Fact::MisconfiguredCameBack { .. }
        | Fact::MisconfiguredMended { .. }
        | Fact::MisconfiguredForgotten { .. } => {}
    }
}
