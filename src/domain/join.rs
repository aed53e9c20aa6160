//! Two incidents that are one problem.

use super::alert::Alert;
use super::call::Call;
use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::hold::{self, HoldWhy};
use super::id::{IncidentNo, UserId};
use super::incident::Incident;
use super::page::RevokeReason;
use super::refusal::Refusal;
use super::response::{change_urgency, refuse_resolved};
use super::{escalation, major, paging, responders, urgency};

/// Alerts of one incident; more cannot be merged into it.
pub const ALERTS_MAX: usize = 1_000;

/// The alerts of `i`, firing or not, belong to `into` from now on; whoever worked on `i` is a responder there. What a
/// person reported stays reported: no monitor ends it. What was under way for `i` is called back: the other incident pages by its own call.
pub(super) fn merge(d: &mut Decision<'_>, i: &Incident, by: &UserId, into: IncidentNo) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    if into == i.no {
        return Err(Refusal::MergeIntoItself { incident: i.no });
    }
    let target = d.incident(into).ok_or(Refusal::NoSuchIncident(into))?;
    if target.is_test() {
        let of = target.opened_by.clone().unwrap_or_else(|| by.clone());
        return Err(Refusal::IsATest { incident: into, of });
    }
    if let Some(further) = target.merged_into {
        return Err(Refusal::IsMerged { incident: into, into: further });
    }
    refuse_resolved(&target)?;
    if i.major.is_some() {
        responders::refuse_snoozed(&target)?;
    }
    if target.alerts.len() + i.alerts.len() > ALERTS_MAX {
        return Err(Refusal::TooManyAlerts { incident: into, most: ALERTS_MAX });
    }
    let alerts: Vec<Alert> = i.alerts.iter().map(|a| carried(a, i, &target)).collect();
    let stopped = i.being_asked();
    paging::revoke_pages(d, i.no, None, RevokeReason::Merged);
    let close_at = d.stamp.at.plus_secs(d.directory.settings.close_after_secs);
    d.emit(Fact::Merged { incident: i.no, into, by: by.clone(), close_at, stopped });
    let was_over = target.is_triggered() && target.course.clearing.is_some();
    let responders = i.responders.clone();
    let reported_by: Vec<UserId> = i.reported_by().cloned().collect();
    d.emit(Fact::AlertsTaken { incident: into, from: i.no, by: by.clone(), alerts, responders, reported_by });
    if let Some(done) = i.major.as_ref().filter(|_| target.major.is_none()) {
        let ask_at = d.ask_at(Urgency::High);
        d.emit(Fact::MajorDeclared { incident: into, by: done.by.clone(), ask_at });
    }
    if i.urgency == Urgency::High && target.urgency == Urgency::Low {
        change_urgency(d, into, Some(by), None, Urgency::High);
    } else if was_over && d.world().incident(into).is_some_and(|i| i.course.clearing.is_none()) {
        escalation::page_on(d, into, None);
    }
    // What asked somebody, or was seen by a person, does not begin to wait whether it clears, or for more of its kind.
    let waits =
        |i: &Incident| i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Settling | HoldWhy::Threshold(_)));
    if let Some(target) = d.incident(into).filter(|target| waits(target) && !waits(i)) {
        match target.main_call().is_some_and(Call::is_open) {
            true => d.emit(Fact::HoldEnded { incident: into }),
            false => hold::end(d, &target),
        }
    }
    urgency::fires_on(d, into);
    // Who was called off with it is wanted all the same.
    if i.major.is_some() && target.major.is_none() {
        major::ask_everybody(d, into, by);
    }
    Ok(())
}

fn carried(alert: &Alert, from: &Incident, into: &Incident) -> Alert {
    let service = alert.service_in(from);
    Alert { service: (*service != into.service).then(|| service.clone()), ..alert.clone() }
}
