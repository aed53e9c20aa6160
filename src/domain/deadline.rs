//! Everything whose time has come.

use super::call::{Call, CallState};
use super::decision::Decision;
use super::escalation::{ask_still_on_it, exhausted, next_step, page_again};
use super::fact::Fact;
use super::id::{CallNo, IncidentNo};
use super::incident::{AckTimeout, State};
use super::page::{Purpose, Recipient};
use super::paging::request_page;
use super::world::Wake;
use super::{
    episode, going_on, handoff, heartbeat, help, hold, item, listing, moved, oncall, post, quieting, rca, run, settle,
    sla, sweep, threshold, urgency,
};

/// At most this many deadlines are served by one wake, oldest first; the rest by the next.
pub const DUE_AT_ONCE: usize = 64;

/// Everything whose time has come.
pub(super) fn due(d: &mut Decision<'_>) {
    for wake in d.world().due(d.stamp.at, DUE_AT_ONCE) {
        match wake {
            Wake::Incident(no) => incident_due(d, no),
            Wake::Shift(schedule) => oncall::shift_due(d, &schedule),
            Wake::Draft(schedule) => handoff::draft(d, &schedule),
            Wake::Ahead(schedule) => oncall::ahead_due(d, &schedule),
            Wake::Moved(user) => moved::due(d, &user),
            Wake::Handoff(no) => handoff::due(d, no),
            Wake::Rca(no) => rca::due(d, no),
            Wake::Item(no) => item::due(d, no),
            Wake::Override(id) => oncall::override_due(d, id),
            Wake::Post(id) => post::due(d, id),
            Wake::Announcement(no) => going_on::due(d, no),
            Wake::Quiet(id) => quieting::due(d, id),
            Wake::Heartbeat(id) => heartbeat::due(d, &id),
            Wake::Sweep => sweep::sweep_on(d),
        }
    }
}

fn incident_due(d: &mut Decision<'_>, no: IncidentNo) {
    episode::due(d, no);
    let Some(incident) = d.incident(no) else {
        return;
    };
    let at = d.stamp.at;
    let is_over = incident.course.clearing.is_some();
    match &incident.state {
        State::Snoozed { due, by, .. } if *due <= at => {
            let held = hold::held_then(d, &incident, d.stamp.wall);
            d.emit(Fact::SnoozeEnded { incident: no, held });
            page_again(d, &incident, Some(by));
        }
        State::Acknowledged { by, timeout: AckTimeout::AskAt(ask), .. } if *ask <= at && !is_over => {
            ask_still_on_it(d, no, by.as_ref())
        }
        State::Acknowledged { by, timeout: AckTimeout::TriggerAt(t), .. } if *t <= at && !is_over => {
            let held = hold::held_then(d, &incident, d.stamp.wall);
            d.emit(Fact::AckTimedOut { incident: no, held });
            page_again(d, &incident, by.as_ref());
        }
        State::Resolved { close_at, .. } if *close_at <= at => settle::close(d, &incident),
        State::Triggered { .. } if incident.hold.as_ref().is_some_and(|h| h.due.is_some_and(|due| due <= at)) => {
            hold::end(d, &incident);
        }
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {}
    }
    if incident.raise.is_some_and(|raise| raise.due <= at) {
        urgency::due(d, no);
    }
    sla::due(d, no);
    threshold::due(d, no);
    run::time_is_over(d, no);
    help::due(d, no);
    if d.incident(no).is_some_and(|i| i.listing.is_some_and(|l| l.due <= at)) {
        listing::due(d, no);
    }
    for call in incident.open_calls() {
        call_due(d, no, call.no);
    }
}

fn call_due(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo) {
    let at = d.stamp.at;
    let find = |d: &Decision<'_>| d.incident(no).and_then(|i| i.call(call_no).cloned()).filter(Call::is_open);
    let Some(call) = find(d) else { return };
    for queued in call.queue.iter().filter(|q| q.due <= at) {
        request_page(d, no, call_no, Recipient::User(queued.user.clone()), queued.method.clone(), Purpose::Step, true);
    }
    match call.state {
        CallState::Asking { next_at } if next_at <= at => next_step(d, no, call_no),
        CallState::Exhausted { times, next_at: Some(next_at) } if next_at <= at => {
            exhausted(d, no, call_no, times, Vec::new())
        }
        CallState::Starting
        | CallState::Asking { .. }
        | CallState::Exhausted { .. }
        | CallState::Answered { .. }
        | CallState::Stopped => {}
    }
}
