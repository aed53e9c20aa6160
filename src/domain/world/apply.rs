//! What each fact does to the state. One match; nothing here decides.

use super::change::{alert_keys, change};
use super::incident::apply_to_incident;
use super::opened::{leads_to, open};
use super::{CurrentShift, RowKey, Wake, World, fyi, handoff, misconfigured, prepare, rca};
use crate::domain::fact::Fact;
use crate::domain::going_on::{Announcement, Change};
use crate::domain::heartbeat::{self, Watched};
use crate::domain::id::{HeartbeatId, IncidentNo, QuietId, SlackUserId};
use crate::domain::page::{Recipient, SyncKey};
use crate::domain::people::{Newcomer, Standing};
use crate::domain::post::{About, Post};
use crate::domain::quiet::{CLOCK_PATIENCE_SECS, Elsewhere, Quiet, Stands, Written};
use crate::domain::stamp::Stamp;
use crate::domain::storm::Over;
use std::sync::Arc;

pub(super) fn apply(w: &mut World, fact: &Fact, stamp: Stamp) {
    let wall = stamp.wall;
    match fact {
        Fact::ConfigLoaded { version, sha256 } => {
            w.meta.config = *version;
            w.meta.config_sha256.clone_from(sha256);
        }
        Fact::NumbersSkipped { next_incident, restores } => {
            w.meta.last_incident = IncidentNo(next_incident.saturating_sub(1));
            w.meta.restores = *restores;
        }
        Fact::ClockJumped { .. } => {}
        Fact::IncidentOpened(o) => open(w, o, wall),
        Fact::ShiftStarted { schedule, shift, due, draft, .. } => {
            let old = w.shifts.get(schedule).cloned();
            let goes_on = old.as_ref().filter(|old| old.shift.who == shift.who).map(|old| old.since);
            let since = goes_on.unwrap_or(Some(wall));
            let ahead = old.as_ref().and_then(|old| old.ahead);
            let current = CurrentShift { shift: shift.clone(), due: *due, since, draft: *draft, ahead };
            w.shifts.insert(schedule.clone(), current);
            w.forget_wake(old.as_ref().map(|s| s.due), Wake::Shift(schedule.clone()));
            w.forget_wake(old.and_then(|s| s.draft), Wake::Draft(schedule.clone()));
            w.wake_at(Some(*due), Wake::Shift(schedule.clone()));
            w.wake_at(*draft, Wake::Draft(schedule.clone()));
            w.touched.push(RowKey::Shift(schedule.clone()));
        }
        Fact::ShiftForgotten { schedule } => {
            let old = w.shifts.remove(schedule);
            w.forget_wake(old.as_ref().map(|s| s.due), Wake::Shift(schedule.clone()));
            w.forget_wake(old.as_ref().and_then(|s| s.ahead), Wake::Ahead(schedule.clone()));
            w.forget_wake(old.and_then(|s| s.draft), Wake::Draft(schedule.clone()));
            w.touched.push(RowKey::Shift(schedule.clone()));
        }
        Fact::DraftLooked { schedule } => {
            let old = w.shifts.get_mut(schedule).and_then(|s| s.draft.take());
            w.forget_wake(old, Wake::Draft(schedule.clone()));
            w.touched.push(RowKey::Shift(schedule.clone()));
        }
        Fact::HandoffDrafted { .. }
        | Fact::HandoffForgotten { .. }
        | Fact::HandoffNoted { .. }
        | Fact::HandoffWritten { .. }
        | Fact::HandoffOffered { .. }
        | Fact::HandedOver { .. }
        | Fact::HandoffAccepted { .. }
        | Fact::HandoffReminded { .. } => handoff::apply(w, fact, wall),
        Fact::ShiftsAheadLooked { .. }
        | Fact::ShiftForetold { .. }
        | Fact::ShiftGone { .. }
        | Fact::ShiftOver { .. }
        | Fact::ShiftsMoved { .. }
        | Fact::ReadyMarked { .. } => prepare::apply(w, fact, wall),
        Fact::RcaOwed { .. }
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
        | Fact::ItemReminded { .. } => rca::apply(w, fact, wall),
        Fact::OverrideSet(o) => {
            w.meta.last_override = w.meta.last_override.max(o.id);
            w.wake_at(Some(o.wake()), Wake::Override(o.id));
            w.overrides.insert(o.id, o.clone());
            w.touched.push(RowKey::Override(o.id));
        }
        Fact::OverrideExpired { id } | Fact::OverrideRemoved { id, .. } => {
            let old = w.overrides.remove(id);
            w.forget_wake(old.map(|o| o.wake()), Wake::Override(*id));
            w.touched.push(RowKey::Override(*id));
        }
        Fact::OverrideWaits { id, due } => {
            let Some(o) = w.overrides.get_mut(id) else { return };
            let before = o.wake();
            o.due = Some(*due);
            w.forget_wake(Some(before), Wake::Override(*id));
            w.wake_at(Some(*due), Wake::Override(*id));
            w.touched.push(RowKey::Override(*id));
        }
        Fact::HeartbeatWatched { heartbeat, service, every_secs, grace_secs, due } => {
            change_heartbeat(w, heartbeat, |known| {
                Some(heartbeat::watched(known, service, (*every_secs, *grace_secs), *due, stamp))
            });
        }
        Fact::HeartbeatHeard { heartbeat, due } => {
            change_heartbeat(w, heartbeat, |known| known.map(|known| known.heard(*due, stamp)))
        }
        Fact::HeartbeatPutOff { heartbeat, due, times } => change_heartbeat(w, heartbeat, |known| {
            known.map(|known| Watched { stands: heartbeat::Stands::Waits { due: *due, put_off: *times }, ..known })
        }),
        Fact::HeartbeatSilent { heartbeat } => change_heartbeat(w, heartbeat, |known| {
            let silent = |put_off| heartbeat::Stands::Silent { since: wall, put_off };
            known.map(|known| Watched { stands: silent(known.put_off()), ..known })
        }),
        Fact::HeartbeatForgotten { heartbeat } => change_heartbeat(w, heartbeat, |_| None),
        Fact::SlackWentAway => w.meta.slack_away = Some(wall),
        Fact::SlackCameBack => w.meta.slack_away = None,
        Fact::DoNotDisturb { slack, window } => {
            match window {
                Some(window) => w.dnd.insert(slack.clone(), *window),
                None => w.dnd.remove(slack),
            };
            w.touched.push(RowKey::Dnd(slack.clone()));
        }
        Fact::PersonAsked { slack, name, email, tz } => {
            let newcomer = Newcomer {
                slack: slack.clone(),
                name: name.body().clone(),
                email: email.body().clone(),
                tz: tz.as_str().into(),
                asked: wall,
                notice: None,
                standing: Standing::Asked,
            };
            w.people.insert(slack.clone(), newcomer);
            w.touched.push(RowKey::Person(slack.clone()));
        }
        Fact::PersonAnnounced { slack, message } => person(w, slack, |n| n.notice = Some(message.clone())),
        Fact::PersonAdded { slack, user, by } => {
            let (user, by) = (user.clone(), by.clone());
            person(w, slack, |n| n.standing = Standing::Added { user, by, at: wall });
        }
        Fact::PersonDeclined { slack, by, again_at } => {
            let (by, again_at) = (by.clone(), *again_at);
            person(w, slack, |n| n.standing = Standing::Declined { by, at: wall, again_at });
        }
        Fact::PersonRemoved { slack, by, again_at } => {
            let (by, again_at) = (by.clone(), *again_at);
            person(w, slack, |n| n.standing = Standing::Removed { by, at: wall, again_at });
        }
        Fact::PersonForgotten { slack } => {
            w.people.remove(slack);
            w.touched.push(RowKey::Person(slack.clone()));
        }
        Fact::TurnTaken { policy, step, target } => {
            w.turns.insert((policy.clone(), *step), target.clone());
            w.touched.push(RowKey::Turn(policy.clone(), *step));
        }
        Fact::TurnForgotten { policy, step } => {
            w.turns.remove(&(policy.clone(), *step));
            w.touched.push(RowKey::Turn(policy.clone(), *step));
        }
        Fact::ChangeReported { change: no, service, summary, source, link, details, made } => {
            w.meta.last_change = w.meta.last_change.max(*no);
            let change = Change {
                no: *no,
                service: service.clone(),
                summary: summary.body().clone(),
                source: source.body().clone(),
                link: link.body().clone(),
                details: details.body().clone(),
                wall,
                made: *made,
            };
            w.changes.insert(*no, change);
            w.touched.push(RowKey::Change(*no));
        }
        Fact::ChangeForgotten { change } => {
            w.changes.remove(change);
            w.touched.push(RowKey::Change(*change));
        }
        Fact::AnnouncementMade { announcement: no, by, text, of, link, until, due } => {
            w.meta.last_announcement = w.meta.last_announcement.max(*no);
            let (by, text, of, link) = (by.clone(), text.body().clone(), of.clone(), link.body().clone());
            let said = Announcement { no: *no, by, text, of, link, since: wall, until: *until, due: *due };
            w.announcements.insert(*no, said);
            w.wake_at(Some(*due), Wake::Announcement(*no));
            w.touched.push(RowKey::Announcement(*no));
        }
        Fact::AnnouncementEnded { announcement: no, .. } => {
            let old = w.announcements.remove(no);
            w.forget_wake(old.map(|a| a.due), Wake::Announcement(*no));
            w.touched.push(RowKey::Announcement(*no));
        }
        Fact::MisconfiguredListed { .. }
        | Fact::MisconfiguredMarked { .. }
        | Fact::MisconfiguredCameBack { .. }
        | Fact::MisconfiguredMended { .. }
        | Fact::MisconfiguredForgotten { .. }
        | Fact::AlertCame { .. } => misconfigured::apply(w, fact, wall),
        Fact::PostWanted { post: id, to, about, keep_until } => {
            w.meta.last_post = w.meta.last_post.max(*id);
            let (to, about, keep_until) = (to.clone(), about.clone(), *keep_until);
            w.put_post(Post { id: *id, to, about, since: wall, keep_until, message: None });
            w.touched.push(RowKey::Post(*id));
        }
        Fact::PostFailed { post: id, .. } | Fact::PostDropped { post: id } => {
            w.forget_post(*id);
            w.touched.push(RowKey::Post(*id));
        }
        Fact::StormOver { post: id, last, incidents } => {
            if let Some(Post { to: Recipient::Channel(channel), about: About::Storm(storm), .. }) = w.posts.get_mut(id)
            {
                storm.over = Some(Over { at: wall, last: *last, incidents: *incidents });
                let channel = channel.clone();
                w.storms.remove(&channel);
            }
            w.touched.push(RowKey::Post(*id));
        }
        Fact::QuietMade { quiet: id, scope, by, from, until, because, begins, ends, elsewhere } => {
            w.meta.last_quiet = w.meta.last_quiet.max(*id);
            let quiet = Quiet {
                id: *id,
                scope: scope.clone(),
                by: by.clone(),
                from: *from,
                until: *until,
                ends: *ends,
                due: *begins,
                latest: None,
                because: because.body().clone(),
                stands: Stands::Planned,
                elsewhere: elsewhere.clone(),
            };
            w.quiets.insert(*id, quiet);
            w.wake_at(Some(*begins), Wake::Quiet(*id));
            w.touched.push(RowKey::Quiet(*id));
        }
        Fact::QuietBegun { quiet, due } => change_quiet(w, *quiet, |q| {
            (q.stands, q.due) = (Stands::InForce { warned: false }, *due);
        }),
        Fact::QuietExtended { quiet, until, ends, due, .. } => change_quiet(w, *quiet, |q| {
            q.latest = q.latest.map(|latest| latest.plus_ms(until.0 - q.until.0));
            (q.until, q.ends, q.due) = (*until, *ends, *due);
            if let Stands::InForce { warned } = &mut q.stands {
                *warned = false;
            }
        }),
        Fact::QuietWaits { quiet, ends, due } => change_quiet(w, *quiet, |q| {
            if matches!(q.stands, Stands::InForce { .. }) && q.latest.is_none() {
                q.latest = Some(q.ends.plus_secs(CLOCK_PATIENCE_SECS));
            }
            (q.ends, q.due) = (*ends, *due);
        }),
        Fact::QuietWarned { quiet } => change_quiet(w, *quiet, |q| {
            let due = q.latest.map_or(q.ends, |latest| latest.min(q.ends));
            (q.stands, q.due) = (Stands::InForce { warned: true }, due);
        }),
        Fact::QuietEnded { quiet, by, forget, held } => change_quiet(w, *quiet, |q| {
            q.stands = Stands::Ended { by: by.clone(), at: wall, held: held.clone() };
            q.due = *forget;
        }),
        Fact::QuietForgotten { quiet } => {
            let old = w.quiets.remove(quiet);
            w.forget_wake(old.map(|q| q.due), Wake::Quiet(*quiet));
            w.touched.push(RowKey::Quiet(*quiet));
        }
        Fact::QuietWritten { quiet, url, id, until } => change_elsewhere(w, *quiet, |e| {
            e.written = Some(Written { url: url.clone(), id: id.clone(), until: *until });
            e.not_done = Arc::from("");
        }),
        Fact::QuietRemoved { quiet } => change_elsewhere(w, *quiet, |e| {
            (e.removed, e.not_done) = (true, Arc::from(""));
        }),
        Fact::QuietNotDone { quiet, why } => change_elsewhere(w, *quiet, |e| e.not_done = why.body().clone()),
        Fact::QuietKept { quiet, forget } => change_quiet(w, *quiet, |q| q.due = *forget),
        Fact::QuietsSwept { rest } => {
            w.forget_wake(w.meta.sweep.map(|sweep| sweep.due), Wake::Sweep);
            w.meta.sweep = *rest;
            w.wake_at(rest.map(|sweep| sweep.due), Wake::Sweep);
        }
        Fact::SyncCreated { key: SyncKey::Post(id), message } => {
            if let Some(post) = w.posts.get_mut(id) {
                post.message = Some(message.clone());
            }
            w.touched.push(RowKey::Post(*id));
        }
        Fact::PageRequested { incident, page, .. } => {
            w.meta.last_page = w.meta.last_page.max(*page);
            change(w, *incident, |i| apply_to_incident(i, fact, wall));
        }
        Fact::PagesCarriedOver { incident, .. }
        | Fact::PageDelivered { incident, .. }
        | Fact::PageSent { incident, .. }
        | Fact::AlertRepeated { incident, .. }
        | Fact::AlertFired { incident, .. }
        | Fact::AlertCleared { incident, .. }
        | Fact::EventLate { incident, .. }
        | Fact::AcknowledgedByEvent { incident, .. }
        | Fact::CallStarted { incident, .. }
        | Fact::TriageAnswered { incident, .. }
        | Fact::NotMine { incident, .. }
        | Fact::MajorDeclared { incident, .. }
        | Fact::MajorTakenBack { incident, .. }
        | Fact::WaitsAsItem { incident, .. }
        | Fact::PolicyKept { incident, .. }
        | Fact::Held { incident, .. }
        | Fact::HoldEnded { incident }
        | Fact::CallExhausted { incident, .. }
        | Fact::PageFailed { incident, .. }
        | Fact::PageRevoked { incident, .. }
        | Fact::Acknowledged { incident, .. }
        | Fact::Snoozed { incident, .. }
        | Fact::SnoozeEnded { incident, .. }
        | Fact::StillOnItAsked { incident, .. }
        | Fact::AckTimedOut { incident, .. }
        | Fact::WillBeHeld { incident, .. }
        | Fact::Escalated { incident, .. }
        | Fact::Resolved { incident, .. }
        | Fact::Noted { incident, .. }
        | Fact::NotedByGuest { incident, .. }
        | Fact::Quoted { incident, .. }
        | Fact::WillResolve { incident, .. }
        | Fact::PageAgainPlanned { incident, .. }
        | Fact::PageAgainDeclined { incident, .. }
        | Fact::NotCleared { incident }
        | Fact::CameBack { incident, .. }
        | Fact::Flapping { incident, .. }
        | Fact::FlappingEnded { incident }
        | Fact::AlertHeard { incident, .. }
        | Fact::AlertSilent { incident, .. }
        | Fact::CameAnew { incident, .. }
        | Fact::AlertLetGo { incident, .. }
        | Fact::Started { incident, .. }
        | Fact::Mitigated { incident, .. }
        | Fact::RespondersAsked { incident, .. }
        | Fact::ReassignAsked { incident, .. }
        | Fact::Reassigned { incident, .. }
        | Fact::UrgencyChanged { incident, .. }
        | Fact::SlaStarted { incident, .. }
        | Fact::SlaAsked { incident, .. }
        | Fact::HelpPlanned { incident, .. }
        | Fact::HelpOffered { incident, .. }
        | Fact::SlaMissed { incident, .. }
        | Fact::ListingPlanned { incident, .. }
        | Fact::Listed { incident, .. }
        | Fact::AlertRated { incident, .. }
        | Fact::RaisePlanned { incident, .. }
        | Fact::RaiseDropped { incident }
        | Fact::CountWanes { incident, .. }
        | Fact::CountWaned { incident }
        | Fact::MarkedNotActionable { incident, .. }
        | Fact::Merged { incident, .. }
        | Fact::IncidentClosed { incident, .. }
        | Fact::CrossedHandoff { incident, .. }
        | Fact::PlaybookBegun { incident, .. }
        | Fact::StepDone { incident, .. }
        | Fact::StepSkipped { incident, .. }
        | Fact::StepChosen { incident, .. }
        | Fact::StepTakenBack { incident, .. }
        | Fact::StepStuck { incident, .. }
        | Fact::StepOverdue { incident, .. }
        | Fact::ActLate { incident, .. }
        | Fact::ClosePostponed { incident, .. }
        | Fact::ThreadShown { incident, .. }
        | Fact::CardMoved { incident, .. } => change(w, *incident, |i| apply_to_incident(i, fact, wall)),
        // Its alerts speak of this one again, whatever they led to meanwhile.
        Fact::Reopened { incident, .. } | Fact::AlertsTaken { incident, .. } => {
            change(w, *incident, |i| apply_to_incident(i, fact, wall));
            let keys = w.incidents.get(incident).map(|i| alert_keys(i)).unwrap_or_default();
            for key in keys {
                w.by_alert.insert(key.clone(), *incident);
                w.touched.push(RowKey::Alert(key));
            }
        }
        Fact::AlertJoined(j) => {
            change(w, j.incident, |i| apply_to_incident(i, fact, wall));
            leads_to(w, j.alert_key(), j.incident);
        }
        Fact::FyiShown(shown) => fyi::shown(w, shown, wall),
        Fact::FyiRepeated { fyi: id, post, starts_at } => fyi::change(w, *id, |f| {
            f.count += 1;
            f.post = *post;
            f.last = wall;
            f.cleared = None;
            f.starts_at = starts_at.or(f.starts_at);
        }),
        Fact::FyiCleared { fyi: id, .. } => fyi::change(w, *id, |f| f.cleared = Some(wall)),
        Fact::FyiForgotten { fyi: id } => fyi::forget(w, *id),
        Fact::EventDropped { until, .. } => w.meta.dropped.count(*until),
        Fact::StepStarted(s) => change(w, s.incident, |i| apply_to_incident(i, fact, wall)),
        Fact::SyncCreated { key, .. } => {
            if let Some(no) = key.incident() {
                change(w, no, |i| apply_to_incident(i, fact, wall));
            }
        }
    }
    if let Some(no) = fact.incident().filter(|no| w.incidents.get(no).is_some_and(|i| i.closed)) {
        let unknown = if let Fact::IncidentClosed { unknown, .. } = fact { Some(*unknown) } else { None };
        handoff::closed(w, no, unknown);
    }
    w.touched.push(RowKey::Meta);
}

fn change_quiet(w: &mut World, id: QuietId, how: impl FnOnce(&mut Quiet)) {
    let Some(quiet) = w.quiets.get_mut(&id) else { return };
    let before = quiet.due;
    how(quiet);
    let due = quiet.due;
    w.forget_wake(Some(before), Wake::Quiet(id));
    w.wake_at(Some(due), Wake::Quiet(id));
    w.touched.push(RowKey::Quiet(id));
}

fn change_elsewhere(w: &mut World, id: QuietId, how: impl FnOnce(&mut Elsewhere)) {
    change_quiet(w, id, |q| {
        if let Some(elsewhere) = &mut q.elsewhere {
            how(elsewhere);
        }
    });
}

fn change_heartbeat(w: &mut World, id: &HeartbeatId, how: impl FnOnce(Option<Watched>) -> Option<Watched>) {
    let known = w.heartbeats.remove(id);
    w.forget_wake(known.as_ref().and_then(Watched::wake), Wake::Heartbeat(id.clone()));
    if let Some(watched) = how(known) {
        w.wake_at(watched.wake(), Wake::Heartbeat(id.clone()));
        w.heartbeats.insert(id.clone(), watched);
    }
    w.touched.push(RowKey::Heartbeat(id.clone()));
}

fn person(w: &mut World, slack: &SlackUserId, how: impl FnOnce(&mut Newcomer)) {
    if let Some(newcomer) = w.people.get_mut(slack) {
        how(newcomer);
        w.touched.push(RowKey::Person(slack.clone()));
    }
}
