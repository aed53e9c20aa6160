//! What each fact does to the state. One match; nothing here decides.

use super::{CurrentShift, RowKey, Wake, World, course, fyi};
use crate::domain::alert::{Alert, AlertState, Silence};
use crate::domain::call::{Call, CallKind, CallState, Whom};
use crate::domain::course::{Clearing, Course, Had, PageAgain};
use crate::domain::directory::Urgency;
use crate::domain::fact::{Fact, IncidentOpened, ResolvedBy, StepStarted};
use crate::domain::going_on::{Announcement, Change};
use crate::domain::group::Group;
use crate::domain::hold::{self, Hold, HoldWhy, TriggeredBy};
use crate::domain::id::{AlertKey, CallNo, IncidentNo, PageId, QuietId, SlackUserId, UserId};
use crate::domain::incident::{
    AckTimeout, Done, Entry, Happening, Incident, SETTLED_PAGES_KEPT, State, TIMELINE_IN_MEMORY, TIMELINE_SPILL,
};
use crate::domain::input::Source;
use crate::domain::listing::{self, Listing};
use crate::domain::misconfigured::{Mark, Marked, Misconfigured};
use crate::domain::page::{Page, PageState, Recipient, SyncKey};
use crate::domain::people::{Newcomer, Standing};
use crate::domain::post::Post;
use crate::domain::quiet::{CLOCK_PATIENCE_SECS, Elsewhere, Quiet, Stands, Written};
use crate::domain::sla::{self, Sla};
use crate::domain::stamp::{At, Stamp};
use crate::domain::threshold::Counting;
use crate::domain::urgency::Raise;
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
        Fact::ShiftStarted { schedule, shift, due, .. } => {
            let old = w.shifts.insert(schedule.clone(), CurrentShift { shift: shift.clone(), due: *due });
            w.forget_wake(old.map(|s| s.due), Wake::Shift(schedule.clone()));
            w.wake_at(Some(*due), Wake::Shift(schedule.clone()));
            w.touched.push(RowKey::Shift(schedule.clone()));
        }
        Fact::ShiftForgotten { schedule } => {
            let old = w.shifts.remove(schedule);
            w.forget_wake(old.map(|s| s.due), Wake::Shift(schedule.clone()));
            w.touched.push(RowKey::Shift(schedule.clone()));
        }
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
        Fact::MisconfiguredListed { entry, service, told, name, by_key } => {
            w.meta.last_misconfigured = w.meta.last_misconfigured.max(*entry);
            let listed = Misconfigured {
                no: *entry,
                service: service.clone(),
                told: told.clone(),
                name: name.body().clone(),
                by_key: *by_key,
                not_urgent: 0,
                not_actionable: 0,
                first: wall,
                last: wall,
                by: "".into(),
                incident: IncidentNo(0),
                urgency: Urgency::Low,
                note: "".into(),
            };
            w.misconfigured.insert(*entry, listed);
            w.touched.push(RowKey::Misconfigured(*entry));
        }
        Fact::MisconfiguredMarked { entry, incident, by, mark, urgency, is_again, note } => {
            if let Some(listed) = w.misconfigured.get_mut(entry) {
                let once = u64::from(!is_again);
                match mark {
                    Mark::NotUrgent => listed.not_urgent += once,
                    Mark::NotActionable => listed.not_actionable += once,
                }
                (listed.last, listed.by) = (wall, by.clone());
                if *incident >= listed.incident {
                    (listed.incident, listed.urgency) = (*incident, *urgency);
                }
                if !note.is_empty() {
                    listed.note = note.body().clone();
                }
            }
            w.touched.push(RowKey::Misconfigured(*entry));
            change(w, *incident, |i| apply_to_incident(i, fact, wall));
        }
        Fact::MisconfiguredMended { entry, .. } | Fact::MisconfiguredForgotten { entry } => {
            w.misconfigured.remove(entry);
            w.touched.push(RowKey::Misconfigured(*entry));
        }
        Fact::PostWanted { post: id, to, about, keep_until } => {
            w.meta.last_post = w.meta.last_post.max(*id);
            let (to, about, keep_until) = (to.clone(), about.clone(), *keep_until);
            w.posts.insert(*id, Post { id: *id, to, about, since: wall, keep_until, message: None });
            w.wake_at(Some(keep_until), Wake::Post(*id));
            w.touched.push(RowKey::Post(*id));
        }
        Fact::PostFailed { post: id, .. } | Fact::PostDropped { post: id } => {
            let old = w.posts.remove(id);
            w.forget_wake(old.map(|p| p.keep_until), Wake::Post(*id));
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
            (q.until, q.ends, q.due) = (*until, *ends, *due);
            q.latest = None;
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
        | Fact::AlertRepeated { incident, .. }
        | Fact::AlertFired { incident, .. }
        | Fact::AlertCleared { incident, .. }
        | Fact::EventLate { incident, .. }
        | Fact::AcknowledgedByEvent { incident, .. }
        | Fact::CallStarted { incident, .. }
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
        | Fact::ActLate { incident, .. }
        | Fact::IncidentClosed { incident }
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

fn person(w: &mut World, slack: &SlackUserId, how: impl FnOnce(&mut Newcomer)) {
    if let Some(newcomer) = w.people.get_mut(slack) {
        how(newcomer);
        w.touched.push(RowKey::Person(slack.clone()));
    }
}

/// Changes one incident and keeps every index that speaks of it.
fn change(w: &mut World, no: IncidentNo, how: impl FnOnce(&mut Incident)) {
    let Some(slot) = w.incidents.get_mut(&no) else {
        return;
    };
    let incident = Arc::make_mut(slot);
    let wake_before = incident.next_wake();
    let pages_before: Vec<PageId> = incident.wanted_pages().map(|p| p.id).collect();
    let bundled_before: Vec<(PageId, PageId)> = incident.bundled().collect();
    let closed_before = incident.closed;
    let group_before = incident.group_key();
    let entries_before = incident.next_entry;
    let responder_before = incident.responder().cloned();
    how(incident);
    if !incident.is_triggered() {
        // Somebody has it, or it is over: there is nothing to hold back.
        incident.hold = None;
        // What cleared before it was often enough counts when it comes again.
        let cleared = matches!(incident.state, State::Resolved { by: ResolvedBy::Monitor, .. });
        incident.counting = incident.counting.take().filter(|_| cleared).map(|c| Counting { wanes: None, ..c });
    }
    if !listing::wanted(incident) || incident.responder() != responder_before.as_ref() {
        incident.listing = None;
    }
    if !hold::is_ahead(incident) {
        incident.held_then = None;
    }
    if incident.is_resolved() {
        incident.raise = None;
    }
    if !sla::runs(incident) {
        incident.sla = incident.sla.filter(|sla| sla.missed.is_some());
    }
    let group = incident.group_key();
    let spilled = spill(incident);
    let wake = incident.next_wake();
    let pages: Vec<PageId> = incident.wanted_pages().map(|p| p.id).collect();
    let bundled: Vec<(PageId, PageId)> = incident.bundled().collect();
    let closed = incident.closed;
    debug_assert!(incident.next_entry >= entries_before, "a timeline only grows");
    let keys: Vec<AlertKey> = if closed == closed_before { Vec::new() } else { alert_keys(incident) };
    if wake != wake_before {
        w.forget_wake(wake_before, Wake::Incident(no));
        w.wake_at(wake, Wake::Incident(no));
    }
    for gone in pages_before.iter().filter(|p| !pages.contains(p)) {
        w.wanted.remove(gone);
    }
    for new in pages.iter().filter(|p| !pages_before.contains(p)) {
        w.wanted.insert(*new, no);
    }
    for (bundle, page) in bundled_before.iter().filter(|b| !bundled.contains(b)) {
        w.leave_bundle(*bundle, no, *page);
    }
    for (bundle, page) in bundled.iter().filter(|b| !bundled_before.contains(b)) {
        w.bundles.entry(*bundle).or_default().insert((no, *page));
    }
    if group != group_before {
        if let Some(key) = group_before {
            w.leave_group(&key, no);
        }
        if let Some(key) = group {
            w.groups.entry(key).or_default().insert(no);
        }
    }
    for entry in spilled {
        w.spilled.push((no, entry));
    }
    w.touched.push(RowKey::Incident(no));
    if closed != closed_before {
        if closed {
            w.closed.insert(no)
        } else {
            w.closed.remove(&no)
        };
    }
    for key in keys {
        w.touched.push(RowKey::Alert(key));
    }
}

/// The oldest settled page that a newer message to the same recipient made old: nobody keeps its message true. Where
/// there is none, and there are far too many, the oldest.
fn forgettable(i: &Incident) -> Option<usize> {
    let newer = |p: &Page| {
        i.pages.iter().any(|q| q.to == p.to && q.id > p.id && matches!(q.state, PageState::Delivered { .. }))
    };
    let settled = || i.pages.iter().enumerate().filter(|(_, p)| !p.is_wanted());
    let followed = settled().find(|(_, p)| newer(p)).map(|(at, _)| at);
    followed.or_else(|| (i.pages.len() >= 4 * SETTLED_PAGES_KEPT).then(|| settled().next()).flatten().map(|(at, _)| at))
}

pub(super) fn alert_keys(incident: &Incident) -> Vec<AlertKey> {
    let key = |a: &Arc<Alert>| AlertKey { service: a.service_in(incident).clone(), dedup: a.dedup.clone() };
    incident.alerts.iter().map(key).collect()
}

fn spill(incident: &mut Incident) -> Vec<Entry> {
    if incident.timeline.len() <= TIMELINE_IN_MEMORY {
        return Vec::new();
    }
    incident.timeline.drain(..TIMELINE_SPILL).collect()
}

fn open(w: &mut World, o: &IncidentOpened, wall: At) {
    let key = o.alert_key();
    let of_monitor = o.source != Source::Person;
    let first = Alert {
        service: o.told.clone(),
        sent_to: o.told.as_ref().map(|_| o.service.clone()),
        ..Alert::new(o.dedup.clone(), o.starts_at)
    };
    // What came and cleared before it was often enough counts, although it is another incident by now.
    let earlier = o.earlier.and_then(|no| w.incidents.get(&no)).filter(|earlier| earlier.service == o.service);
    let seen = earlier.and_then(|earlier| earlier.counting.as_ref()).map_or_else(Vec::new, |c| c.seen.clone());
    let mut incident = Incident {
        no: o.incident,
        service: o.service.clone(),
        team: o.team.clone(),
        tier: o.tier,
        urgency: o.urgency,
        policy: o.policy.clone(),
        title: o.title.body().clone(),
        link: o.link.body().clone(),
        labels: o.labels.body().clone(),
        opened: wall,
        state: State::Triggered { since: wall },
        alerts: of_monitor.then(|| Arc::new(first)).into_iter().collect(),
        calls: Vec::new(),
        pages: Vec::new(),
        responders: Vec::new(),
        channel: o.channel.clone(),
        card: None,
        thread_shown: 0,
        timeline: Vec::new(),
        next_entry: 1,
        closed: false,
        opened_by: o.by.clone(),
        earlier: o.earlier,
        started: None,
        mitigated: None,
        not_actionable: None,
        merged_into: None,
        merged: Vec::new(),
        merged_reports: Vec::new(),
        log: None,
        hold: None,
        policy_kept: None,
        course: Course::default(),
        listing: None,
        listed: None,
        raise: None,
        sla: None,
        origin: o.origin.clone(),
        group: (!o.group.is_empty()).then(|| Group { values: o.group.body().clone(), last: wall }),
        counting: o.threshold.and_then(|threshold| Counting::new(threshold, seen).with(wall)),
        marked: None,
        first_let_go: false,
        held_then: None,
    };
    log(&mut incident, wall, Happening::Opened);
    if let Some(rule) = o.origin.as_ref().and_then(|origin| origin.rule.clone()) {
        log(&mut incident, wall, Happening::Routed { rule, told: o.told.clone() });
    }
    w.meta.last_incident = w.meta.last_incident.max(o.incident);
    if of_monitor {
        leads_to(w, key, o.incident);
    }
    if let Some(group) = incident.group_key() {
        w.groups.entry(group).or_default().insert(o.incident);
    }
    w.incidents.insert(o.incident, Arc::new(incident));
    w.touched.push(RowKey::Incident(o.incident));
}

/// The alert speaks of this incident from now on.
fn leads_to(w: &mut World, key: AlertKey, no: IncidentNo) {
    if let Some(earlier) = w.by_alert.insert(key.clone(), no)
        && w.incidents.get(&earlier).is_some_and(|i| i.closed)
    {
        // The alert's row named the earlier incident; it names an open one now, and open ones need no row.
        w.touched.push(RowKey::Alert(key));
    }
}

fn apply_to_incident(i: &mut Incident, fact: &Fact, wall: At) {
    match fact {
        Fact::AlertRepeated { alert, .. } => {
            count_event(i, *alert);
            count_trigger(i, wall);
        }
        Fact::AlertJoined(j) => {
            let title = j.title.body().clone();
            let told = (j.service != i.service).then(|| j.service.clone());
            i.alerts.push(Arc::new(Alert {
                sent_to: told.as_ref().map(|_| i.service.clone()),
                service: told,
                title: title.clone(),
                ..Alert::new(j.dedup.clone(), j.starts_at)
            }));
            if let Some(group) = &mut i.group {
                group.last = wall;
            }
            course::alerts_changed(i);
            count_trigger(i, wall);
            log(i, wall, Happening::AlertJoined { title, rule: j.rule.clone() });
        }
        Fact::EventLate { alert, .. } => count_event(i, *alert),
        Fact::AlertFired { alert, starts_at, came_back, .. } => {
            count_event(i, *alert);
            count_trigger(i, wall);
            if let Some(a) = i.alert_mut(*alert) {
                a.state = AlertState::Firing;
                a.starts_at = *starts_at;
            }
            if *came_back {
                course::returns(i, wall);
            }
            course::alerts_changed(i);
            log(i, wall, Happening::FiredAgain);
        }
        Fact::AlertCleared { alert, ends_at, .. } => {
            count_event(i, *alert);
            if let Some(a) = i.alert_mut(*alert) {
                a.state = AlertState::Cleared { since: wall, ends_at: *ends_at };
            }
            course::alerts_changed(i);
            log(i, wall, Happening::Cleared);
        }
        Fact::AcknowledgedByEvent { ask_at, .. } => {
            i.state = State::Acknowledged { by: None, since: wall, timeout: timeout(*ask_at) };
            stop_calls(i);
            log(i, wall, Happening::AcknowledgedByEvent);
        }
        Fact::CallStarted { call, kind, policy, also, keeps_asking, .. } => {
            if matches!(kind, CallKind::Main) {
                stop_calls_but(i, |c| *keeps_asking && c.waits_for_whom_somebody_asked());
            }
            // The newest main call has the policy that the incident keeps.
            let main = i.main_call().map(|c| c.no);
            i.calls.retain(|c| c.is_open() || c.no.0 + CLOSED_CALLS_KEPT > call.0 || Some(c.no) == main);
            if matches!(kind, CallKind::Main) {
                i.policy_kept = None;
            }
            i.calls.push(Call {
                no: *call,
                kind: kind.clone(),
                policy: Arc::new(policy.clone()),
                also: also.clone(),
                step: 0,
                round: 0,
                asked: Vec::new(),
                reached: Vec::new(),
                queue: Vec::new(),
                next_up: Vec::new(),
                state: CallState::Starting,
            });
        }
        Fact::StepStarted(s) => step_started(i, s, wall),
        Fact::PolicyKept { policy, .. } => i.policy_kept = Some(Arc::new(policy.clone())),
        Fact::Held { why, until, due, because, .. } => {
            match why {
                HoldWhy::Settling => stop_calls(i),
                // What a person asked for by hand goes on.
                HoldWhy::Quiet { .. } | HoldWhy::Threshold(_) => stop_calls_but(i, |c| c.kind.by().is_some()),
            }
            let (why, because) = (why.clone(), because.body().clone());
            log(i, wall, Happening::Held { why: why.clone(), until: *until, because: because.clone() });
            i.hold = Some(Hold { why, since: wall, until: *until, due: *due, because });
        }
        Fact::HoldEnded { .. } => {
            if let Some(hold) = i.hold.take() {
                log(i, wall, Happening::HoldEnded { why: hold.why });
            }
        }
        Fact::CallExhausted { call, times, next_at, skipped, .. } => {
            with_call(i, *call, |c| {
                c.queue.clear();
                c.asked.clear();
                c.next_up.clear();
                c.state = CallState::Exhausted { times: *times, next_at: *next_at };
            });
            let skipped = skipped.clone();
            let what = match i.call(*call).map(|c| &c.kind) {
                Some(CallKind::Added { .. } | CallKind::StandIn { .. }) => {
                    Happening::NobodyCame { skipped, asked: None }
                }
                Some(CallKind::Responder { whom, .. }) => Happening::NobodyCame { skipped, asked: Some(whom.clone()) },
                Some(CallKind::Reassign { to, .. }) => {
                    Happening::NobodyCame { skipped, asked: Some(Whom::User(to.clone())) }
                }
                Some(CallKind::Main) | None => Happening::Exhausted { times: *times, skipped },
            };
            log(i, wall, what);
        }
        Fact::PageRequested { page, call, to, method, purpose, queued, silent_until, .. } => {
            let settled = i.pages.iter().filter(|p| !p.is_wanted()).count();
            if settled >= SETTLED_PAGES_KEPT
                && let Some(oldest) = forgettable(i)
            {
                i.pages.remove(oldest);
            }
            if *queued && let Recipient::User(user) = to {
                with_call(i, *call, |c| {
                    if let Some(first) = c.queue.iter().position(|q| q.user == *user && q.method == *method) {
                        c.queue.remove(first);
                    }
                });
            }
            i.pages.push(Page {
                id: *page,
                call: *call,
                to: to.clone(),
                method: *method,
                purpose: *purpose,
                requested: wall,
                silent_until: *silent_until,
                attempts: 1,
                state: PageState::Requested,
            });
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
        Fact::PageFailed { page, why, .. } => {
            let mut to = None;
            with_page(i, *page, |p| {
                p.state = PageState::Failed(why.clone());
                to = Some(p.to.clone());
            });
            if let Some(to) = to {
                log(i, wall, Happening::PageFailed { to, why: why.clone() });
            }
        }
        Fact::PageRevoked { page, why, .. } => with_page(i, *page, |p| p.state = PageState::Revoked(*why)),
        Fact::Acknowledged { by, calls, ask_at, .. } => {
            answer_calls(i, calls, by);
            add_responder(i, by);
            let joins = matches!(&i.state, State::Acknowledged { by: Some(has_it), .. } if has_it != by);
            if !matches!(&i.state, State::Acknowledged { by: Some(_), .. }) {
                i.state = State::Acknowledged { by: Some(by.clone()), since: wall, timeout: timeout(*ask_at) };
            } else {
                set_timeout(i, *ask_at);
            }
            let by = by.clone();
            log(i, wall, if joins { Happening::Joined { by } } else { Happening::Acknowledged { by } });
        }
        Fact::Snoozed { by, until, due, why, because, .. } => {
            add_responder(i, by);
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
            course::resolved(i, *back_until, *quiet_since);
            i.state = State::Resolved { by: by.clone(), since: wall, close_at: *close_at };
            stop_calls(i);
            log(
                i,
                wall,
                match quiet_since {
                    Some(cleared) => Happening::ResolvedByItself { cleared: *cleared },
                    None => Happening::Resolved { by: by.clone(), note: note.body().clone() },
                },
            );
        }
        Fact::Reopened { by, ask_at, .. } => {
            add_responder(i, by);
            i.state = State::Acknowledged { by: Some(by.clone()), since: wall, timeout: timeout(*ask_at) };
            course::open_again(i);
            i.closed = false;
            i.mitigated = None;
            i.not_actionable = None;
            log(i, wall, Happening::Reopened { by: by.clone() });
        }
        Fact::Noted { by, text, ask_at, .. } => {
            set_timeout(i, *ask_at);
            log(i, wall, Happening::Noted { by: by.clone(), text: text.body().clone() });
        }
        Fact::NotedByGuest { name, text, .. } => {
            log(i, wall, Happening::NotedByGuest { name: name.body().clone(), text: text.body().clone() });
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
            answer_calls(i, calls, to);
            i.responders.retain(|r| Some(r) != from.as_ref());
            add_responder(i, to);
            i.state = State::Acknowledged { by: Some(to.clone()), since: wall, timeout: timeout(*ask_at) };
            log(i, wall, Happening::Reassigned { to: to.clone(), from: from.clone() });
        }
        Fact::UrgencyChanged { by, to, ask_at, stopped, why, .. } => {
            i.urgency = *to;
            // Whatever comes, only a person lowers it, and what a person said holds.
            i.raise = None;
            i.alerts.iter_mut().for_each(|alert| Arc::make_mut(alert).urgency = None);
            if by.is_some() {
                stop_waiting(i);
            }
            set_timeout(i, *ask_at);
            if *to == Urgency::Low {
                stop_calls(i);
            }
            log(i, wall, Happening::UrgencyChanged { by: by.clone(), to: *to, stopped: stopped.clone(), why: *why });
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
        Fact::MisconfiguredMarked { entry, mark, .. } => {
            let before = i.marked.filter(|m| m.entry == *entry);
            let marked =
                i.marked.insert(before.unwrap_or(Marked { entry: *entry, not_urgent: false, not_actionable: false }));
            match mark {
                Mark::NotUrgent => marked.not_urgent = true,
                Mark::NotActionable => marked.not_actionable = true,
            }
        }
        Fact::Merged { into, by, close_at, .. } => {
            stop_calls(i);
            // They belong to the other incident now, which may have a lower number.
            i.alerts.clear();
            course::resolved(i, None, None);
            i.merged_into = Some(*into);
            i.state = State::Resolved { by: ResolvedBy::User(by.clone()), since: wall, close_at: *close_at };
            log(i, wall, Happening::MergedInto { by: by.clone(), into: *into });
        }
        Fact::AlertsTaken { from, by, alerts, responders, reported_by, .. } => {
            i.alerts.extend(alerts.iter().cloned().map(Arc::new));
            for who in reported_by {
                if !i.reported_by().any(|known| known == who) {
                    i.merged_reports.push(who.clone());
                }
            }
            i.merged.push(*from);
            course::alerts_changed(i);
            if i.reported_by().next().is_some() {
                i.course.clearing = None;
            }
            for who in responders {
                add_responder(i, who);
            }
            log(i, wall, Happening::Merged { by: by.clone(), from: *from });
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
            count_event(i, *alert);
            count_trigger(i, wall);
            course::open_again(i);
            course::fires(i, *alert, *starts_at);
            course::returns(i, wall);
            i.closed = false;
            i.mitigated = None;
            i.not_actionable = None;
            i.state = match had {
                None => State::Triggered { since: wall },
                Some(Had::Acknowledged { by }) => {
                    State::Acknowledged { by: Some(by.clone()), since: wall, timeout: timeout(*ask_at) }
                }
                Some(Had::Snoozed { by, until, due }) => {
                    State::Snoozed { by: by.clone(), since: wall, until: *until, due: *due }
                }
            };
            log(i, wall, Happening::CameBack { had: had.clone() });
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
        Fact::AlertLetGo { alert, .. } => {
            if (*alert as usize) < i.alerts.len() {
                i.alerts.remove(*alert as usize);
                i.first_let_go |= *alert == 0;
            }
            course::alerts_changed(i);
        }
        Fact::ActLate { by, act, .. } => log(i, wall, Happening::Late { by: by.clone(), act: act.clone() }),
        Fact::IncidentClosed { .. } => i.closed = true,
        Fact::ClosePostponed { close_at: later, .. } => {
            if let State::Resolved { close_at, .. } = &mut i.state {
                *close_at = *later;
            }
        }
        Fact::SyncCreated { key: SyncKey::Card(_), message } => i.card = Some(message.clone()),
        Fact::SyncCreated { key: SyncKey::Log(_), message } => i.log = Some(message.clone()),
        Fact::SyncCreated {
            key: SyncKey::Thread(_) | SyncKey::Dm(..) | SyncKey::Post(_) | SyncKey::Follower(..),
            ..
        } => {}
        Fact::ThreadShown { upto, .. } => i.thread_shown = i.thread_shown.max(*upto),
        Fact::CardMoved { to, why, .. } => {
            i.channel = to.clone();
            i.card = None;
            i.log = None;
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
        | Fact::FyiShown(_)
        | Fact::FyiRepeated { .. }
        | Fact::FyiCleared { .. }
        | Fact::FyiForgotten { .. }
        | Fact::EventDropped { .. }
        | Fact::ShiftStarted { .. }
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
        | Fact::PersonRemoved { .. }
        | Fact::PersonForgotten { .. }
        | Fact::ChangeReported { .. }
        | Fact::ChangeForgotten { .. }
        | Fact::AnnouncementMade { .. }
        | Fact::AnnouncementEnded { .. }
        | Fact::MisconfiguredListed { .. }
        | Fact::MisconfiguredMended { .. }
        | Fact::MisconfiguredForgotten { .. } => {}
    }
}

/// Answered or stopped calls of one incident that are remembered.
const CLOSED_CALLS_KEPT: u32 = 8;

fn step_started(i: &mut Incident, s: &StepStarted, wall: At) {
    with_call(i, s.call, |c| {
        c.step = s.step;
        c.round = s.round;
        c.asked.clone_from(&s.asked);
        for a in &s.asked {
            if !c.reached.contains(&a.user) {
                c.reached.push(a.user.clone());
            }
        }
        c.queue.clone_from(&s.queue);
        c.next_up.clone_from(&s.next_up);
        c.state = CallState::Asking { next_at: s.next_at };
    });
    let by_name = i.call(s.call).is_some_and(|c| !c.kind.is_of_the_policy());
    let (asked, skipped) = (s.asked.clone(), s.skipped.clone());
    log(i, wall, Happening::Asked { level: s.step + 1, round: s.round, asked, skipped, by_name });
}

fn count_event(i: &mut Incident, alert: u32) {
    if let Some(a) = i.alert_mut(alert) {
        a.count += 1;
    }
}

/// One more trigger of its alerts, where it waits for several.
fn count_trigger(i: &mut Incident, wall: At) {
    if let Some(counting) = i.counting.take() {
        i.counting = counting.with(wall);
    }
}

/// Whoever escalates, or says how urgent it is, waits for no more of its kind.
fn stop_waiting(i: &mut Incident) {
    i.counting = None;
    i.hold = i.hold.take().filter(|h| !matches!(h.why, HoldWhy::Threshold(_)));
}

fn answer_calls(i: &mut Incident, calls: &[CallNo], by: &UserId) {
    for no in calls {
        with_call(i, *no, |c| {
            c.queue.clear();
            c.state = CallState::Answered { by: by.clone() };
        });
    }
}

fn stop_calls(i: &mut Incident) {
    stop_calls_but(i, |_| false);
}

fn stop_calls_but(i: &mut Incident, spared: impl Fn(&Call) -> bool) {
    for c in i.calls.iter_mut().filter(|c| c.is_open() && !spared(c)) {
        c.queue.clear();
        c.state = CallState::Stopped;
    }
}

fn add_responder(i: &mut Incident, who: &UserId) {
    if !i.responders.contains(who) {
        i.responders.push(who.clone());
    }
}

fn timeout(ask_at: Option<At>) -> AckTimeout {
    ask_at.map_or(AckTimeout::Never, AckTimeout::AskAt)
}

fn set_timeout(i: &mut Incident, ask_at: Option<At>) {
    set_timeout_to(i, timeout(ask_at));
}

fn set_timeout_to(i: &mut Incident, to: AckTimeout) {
    if let State::Acknowledged { timeout, .. } = &mut i.state {
        *timeout = to;
    }
}

fn with_call(i: &mut Incident, no: CallNo, how: impl FnOnce(&mut Call)) {
    if let Some(c) = i.calls.iter_mut().find(|c| c.no == no) {
        how(c);
    }
}

fn with_page(i: &mut Incident, id: PageId, how: impl FnOnce(&mut Page)) {
    if let Some(p) = i.pages.iter_mut().find(|p| p.id == id) {
        how(p);
    }
}

fn log(i: &mut Incident, wall: At, what: Happening) {
    i.timeline.push(Entry { n: i.next_entry, wall, what });
    i.next_entry += 1;
}
