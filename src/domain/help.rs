//! Help is offered: whoever has an incident and gets nowhere hears who fixed the same alert before.
//!
//! Once for each incident, of high urgency, when nothing was done in it for so long; and only where somebody else is known
//! who fixed it. It asks nobody by itself, and calls nobody who has it by telephone: they are awake. Later, "Still on it?"
//! is asked all the same.

use super::decision::Decision;
use super::directory::{Directory, Method, Urgency};
use super::fact::Fact;
use super::id::{IncidentNo, UserId};
use super::incident::{AckTimeout, Incident, State};
use super::misconfigured::came_before;
use super::page::{Purpose, Recipient, RevokeReason};
use super::paging::{can_be_written_to, request_page};
use super::stamp::At;
use super::worked::Worked;
use super::world::World;
use serde::{Deserialize, Serialize};

/// What cannot be said now is looked at again after so long at least.
const LOOK_SECS: i64 = 60;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Help {
    /// It is looked then whether anything was done; on the line of delays.
    Due(At),
    /// They were told that this person fixed the same alert, in this incident.
    Offered { who: UserId, before: IncidentNo },
}

impl Help {
    pub fn next_wake(&self) -> Option<At> {
        match self {
            Self::Due(at) => Some(*at),
            Self::Offered { .. } => None,
        }
    }
}

/// Does somebody have it whom an offer could help?
pub fn may_be_offered(i: &Incident) -> Option<&UserId> {
    let is_under_way = i.urgency == Urgency::High && i.mitigated.is_none() && i.course.clearing.is_none();
    i.responder().filter(|_| is_under_way)
}

/// Does the offer stand? `None` when whoever was named is on it, or asked.
pub fn offered(i: &Incident) -> Option<(IncidentNo, &UserId)> {
    match &i.help {
        Some(Help::Offered { who, before }) if may_be_offered(i).is_some() && !is_asked(i, who) => Some((*before, who)),
        Some(Help::Offered { .. } | Help::Due(_)) | None => None,
    }
}

/// Is somebody on it, or asked to come?
fn is_asked(i: &Incident, who: &UserId) -> bool {
    i.responders.contains(who) || i.open_calls().any(|c| c.reached.contains(who))
}

/// Who fixed what the same alert led to before, the newest first: not `but`, and still here.
pub fn fixed_before(w: &World, d: &Directory, i: &Incident, but: Option<&UserId>) -> Option<(IncidentNo, UserId)> {
    came_before(w, i).into_iter().find_map(|no| {
        let of_memory = || w.incident(no).and_then(|i| Worked::of(i).fixed_by());
        let who = w.worked.get(&no).and_then(|worked| worked.fixed_by()).or_else(of_memory)?;
        (d.users.contains_key(&who) && Some(&who) != but).then_some((no, who))
    })
}

/// An incident changed: is it to be looked at?
pub(super) fn tend(d: &mut Decision<'_>, i: &Incident) {
    let Some(has_it) = may_be_offered(i) else { return revoke(d, i) };
    if offered(i).is_none() && matches!(i.help, Some(Help::Offered { .. })) {
        return revoke(d, i);
    }
    if i.help.is_none() && known(d, i, has_it).is_some() {
        let due = Some(d.stamp.at.plus_secs(d.directory.settings.help_after_secs));
        d.emit(Fact::HelpPlanned { incident: i.no, due });
    }
}

/// Nobody is told any more what does not help.
fn revoke(d: &mut Decision<'_>, i: &Incident) {
    let pages = i.wanted_pages().filter(|p| p.purpose == Purpose::Help).map(|p| p.id);
    for page in pages.collect::<Vec<_>>() {
        d.emit(Fact::PageRevoked { incident: i.no, page, why: RevokeReason::Answered });
    }
}

/// Somebody who could be added.
fn known(d: &Decision<'_>, i: &Incident, has_it: &UserId) -> Option<(IncidentNo, UserId)> {
    fixed_before(d.world(), d.directory, i, Some(has_it)).filter(|(_, who)| !is_asked(i, who))
}

/// Its time has come: was anything done?
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no) else { return };
    let at = d.stamp.at;
    if !matches!(i.help, Some(Help::Due(due)) if due <= at) {
        return;
    }
    let has_it = may_be_offered(&i).cloned();
    let Some((who, (before, fixer))) = has_it.and_then(|who| known(d, &i, &who).map(|known| (who, known))) else {
        // Whatever changes it, it is looked at anew.
        d.emit(Fact::HelpPlanned { incident: no, due: None });
        return;
    };
    let again = last_done(d, &i).plus_secs(d.directory.settings.help_after_secs);
    let is_away = d.world().meta.slack_away.is_some();
    // "Still on it?" says more, and its answer must not be covered by this.
    let is_asked = matches!(i.state, State::Acknowledged { timeout: AckTimeout::TriggerAt(_), .. });
    if again > at || is_away || is_asked || !can_be_written_to(d, &who) {
        let later = at.plus_secs(d.directory.settings.help_after_secs.max(LOOK_SECS));
        let due = if again > at { again } else { later };
        d.emit(Fact::HelpPlanned { incident: no, due: Some(due) });
        return;
    }
    d.emit(Fact::HelpOffered { incident: no, who: fixer, before });
    let call = i.main_call().map(|call| call.no).unwrap_or_default();
    request_page(d, no, call, Recipient::User(who), Method::Slack, Purpose::Help, false);
}

/// When somebody did something in it last, on the line of delays, as far as its clock says.
fn last_done(d: &Decision<'_>, i: &Incident) -> At {
    match i.state {
        State::Acknowledged { timeout: AckTimeout::AskAt(ask), .. } => {
            ask.plus_secs(-d.directory.settings.ack_timeout_secs)
        }
        State::Acknowledged { .. } | State::Triggered { .. } | State::Snoozed { .. } | State::Resolved { .. } => {
            At(i64::MIN / 2)
        }
    }
}

#[cfg(test)]
mod tests;
