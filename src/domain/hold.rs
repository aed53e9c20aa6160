//! Why an incident that is triggered asks nobody for now. It is recorded and shown; when the hold ends, whoever is on
//! call then is asked.

use super::call::{Call, CallKind};
use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::id::{CallNo, IncidentNo, QuietId, UserId};
use super::incident::{AckTimeout, Happening, Incident, State};
use super::page::RevokeReason;
use super::quiet::{Kind, Quiet, covering_then};
use super::stamp::At;
use super::text::Text;
use super::threshold::{self, Threshold};
use super::{escalation, paging, quieting};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What keeps an incident from asking anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub why: HoldWhy,
    /// On the wall clock.
    pub since: At,
    /// On the wall clock; `None`: until something happens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<At>,
    /// `until` on the line of delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    /// What whoever is behind it says of it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub because: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldWhy {
    /// Its alerts page only when they lasted: see the service's `hold`.
    Settling,
    /// A silence or a maintenance window, which says when this is over. What a person asked for by hand goes on.
    Quiet { quiet: QuietId, kind: Kind, by: UserId },
    /// Its alerts page only when they come often enough: see the service's `threshold`.
    Threshold(Threshold),
}

/// What is to hold it back when it is triggered by itself, if nothing changes until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldThen {
    pub kind: Kind,
    /// From when on nothing holds it back any more, on the wall clock.
    pub until: At,
}

/// Why it is triggered by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggeredBy {
    SnoozeEnded,
    AckTimedOut,
}

impl HoldWhy {
    /// Is it this silence or maintenance window?
    pub fn is_of(&self, id: QuietId) -> bool {
        matches!(self, Self::Quiet { quiet, .. } if *quiet == id)
    }
}

/// Is there anything that keeps this incident from asking anybody? Then it is held from now on.
pub(super) fn holds(d: &mut Decision<'_>, i: &Incident) -> bool {
    let holding = holding(d, i);
    if let Some((why, until)) = &holding {
        begin(d, i.no, why.clone(), *until);
    }
    holding.is_some()
}

/// Nobody is asked from now on; whoever was is called back.
pub(super) fn begin(d: &mut Decision<'_>, no: IncidentNo, why: HoldWhy, until: Option<At>) {
    let (due, because) = match &why {
        HoldWhy::Settling => {
            paging::revoke_pages(d, no, None, RevokeReason::Held);
            (until.map(|at| d.stamp.due_of(at)), Text::default())
        }
        HoldWhy::Quiet { .. } | HoldWhy::Threshold(_) => {
            // Whoever has it goes on hearing of it.
            let is_asked = |i: &Incident, c: &Call| match c.kind {
                CallKind::StandIn { .. } => true,
                _ => i.is_triggered() && c.kind.by().is_none(),
            };
            let calls = d.incident(no).map(|i| i.calls.iter().filter(|c| is_asked(&i, c)).map(|c| c.no).collect());
            let calls: Vec<CallNo> = calls.unwrap_or_default();
            paging::revoke_pages(d, no, Some(&calls), RevokeReason::Held);
            let quiet = if let HoldWhy::Quiet { quiet, .. } = &why { d.world().quiets.get(quiet) } else { None };
            // The reason may speak of what this incident's channel may not know.
            let channel = d.incident(no).map(|i| i.channel.clone());
            let may_tell = |q: &&Quiet| {
                let mut all = q.scope.services(d.directory).into_iter();
                all.all(|s| channel.as_ref().is_some_and(|channel| d.directory.may_show(&s, channel)))
            };
            let quiet = quiet.filter(may_tell);
            (None, quiet.map(|q| Text::new(q.because.clone())).unwrap_or_default())
        }
    };
    d.emit(Fact::Held { incident: no, why, until, due, because });
}

/// Its time is over: whoever is on call now is asked, unless something else holds it.
pub(super) fn end(d: &mut Decision<'_>, i: &Incident) {
    d.emit(Fact::HoldEnded { incident: i.no });
    // What cleared asks nobody; what fires again after that does.
    if matches!(i.state, State::Triggered { .. }) && i.course.clearing.is_none() {
        // Whoever had it until a window held it back comes with the first level, as after a snooze.
        let was_held = i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Quiet { .. }));
        let had_it = i.had_it().or(i.responders.last());
        escalation::page_again(d, i, had_it.filter(|_| was_held && i.came_back()));
    }
}

/// What keeps this incident from asking anybody at this moment, and until when (on the wall clock; `None`: until
/// something happens). Every way to ask the levels of its policy looks here first.
fn holding(d: &Decision<'_>, i: &Incident) -> Option<(HoldWhy, Option<At>)> {
    if let Some(quiet) = quieting::quiet_of(d, i) {
        return Some((quieting::why(quiet), Some(quiet.until)));
    }
    settles(d, i).map(|until| (HoldWhy::Settling, Some(until))).or_else(|| threshold::holding(d, i))
}

/// What waits for a time or for more of its kind waits for what the configuration says now. `true`: something changed.
pub(super) fn look_again(d: &mut Decision<'_>, i: &Incident) -> bool {
    let (Some(hold), Some(service)) = (&i.hold, d.directory.services.get(&i.service)) else { return false };
    match hold.why {
        HoldWhy::Settling => {
            let until = i.opened.plus_secs(service.hold_secs);
            match Some(until) < hold.until {
                true if until <= d.stamp.wall => end(d, i),
                true => begin(d, i.no, HoldWhy::Settling, Some(until)),
                false => return false,
            }
        }
        HoldWhy::Threshold(_) if threshold::is_reached(d, i) => end(d, i),
        HoldWhy::Threshold(_) | HoldWhy::Quiet { .. } => return false,
    }
    true
}

/// What is to hold this incident back at an instant of the wall clock.
pub(super) fn held_then(d: &Decision<'_>, i: &Incident, wall: At) -> Option<HeldThen> {
    if i.urgency == Urgency::Low {
        return None;
    }
    let (quiet, until) = covering_then(&d.world().quiets, i, d.directory, wall)?;
    Some(HeldThen { kind: quiet.kind(), until })
}

/// Keeps what its card, and the question to whoever has it, say of the page that comes when nobody does anything. `true`:
/// that changed.
pub(super) fn look_ahead(d: &mut Decision<'_>, i: &Incident) -> bool {
    let pages_at = match i.state {
        State::Snoozed { until, .. } => Some(until),
        State::Acknowledged { timeout: AckTimeout::TriggerAt(at), .. } => {
            Some(d.stamp.wall.plus_ms(at.0.saturating_sub(d.stamp.at.0)))
        }
        State::Resolved { .. } => i.course.page_again.as_ref().filter(|p| p.declined.is_none()).map(|p| p.until),
        State::Triggered { .. } | State::Acknowledged { .. } => None,
    };
    let then = pages_at.and_then(|wall| held_then(d, i, wall));
    let changed = then != i.held_then;
    if changed {
        d.emit(Fact::WillBeHeld { incident: i.no, then });
    }
    changed
}

/// Will it be triggered by itself, if nobody does anything?
pub(super) fn is_ahead(i: &Incident) -> bool {
    let waits = match i.state {
        State::Snoozed { .. } | State::Acknowledged { timeout: AckTimeout::TriggerAt(_), .. } => true,
        State::Resolved { .. } => i.course.pages_again_at().is_some(),
        State::Triggered { .. } | State::Acknowledged { .. } => false,
    };
    waits && i.urgency == Urgency::High
}

/// Until when it may still clear by itself, which is waited for.
pub(super) fn settles(d: &Decision<'_>, i: &Incident) -> Option<At> {
    // What a person reports or put together does not clear by itself; nor does what somebody had wait again, or what did
    // not clear although somebody had resolved it.
    let is_known = || i.timeline.iter().any(|e| matches!(e.what, Happening::NotCleared));
    if i.only_a_person_ends_it() || !i.merged.is_empty() || !i.responders.is_empty() || is_known() {
        return None;
    }
    // Nor is whom somebody asked for sent away again.
    if i.open_calls().any(|c| c.kind.by().is_some()) {
        return None;
    }
    let settles = i.opened.plus_secs(d.directory.services.get(&i.service)?.hold_secs);
    // A clock that was set back to before it was opened says nothing of how long it waits: then it waits no longer.
    (i.opened..settles).contains(&d.stamp.wall).then_some(settles)
}
