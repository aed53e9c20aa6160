//! Incidents are held back exactly while something covers them: they are looked at after every decision.

use super::call::{CallKind, CallState};
use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::hold::{self, HoldWhy};
use super::id::IncidentNo;
use super::incident::{Happening, Incident, State};
use super::quiet::{LOOKED_AT_AT_ONCE, SWEPT_AT_ONCE, Sweep};
use super::quieting::{quiet_of, why};
use super::{escalation, urgency};
use std::collections::BTreeSet;

/// After every decision: incidents it spoke of, and all where windows changed, are held back exactly while something
/// covers them.
pub(super) fn look_again(d: &mut Decision<'_>) {
    // A configuration may ask otherwise of what waits, whether there are windows or not.
    let is_loaded = d.facts().iter().any(|f| matches!(f, Fact::ConfigLoaded { .. }));
    if d.world().quiets.is_empty() && !is_loaded {
        return;
    }
    let concerned: BTreeSet<IncidentNo> = d.facts().iter().filter_map(Fact::incident).collect();
    let is_of_a_window = |f: &Fact| {
        matches!(
            f,
            Fact::QuietMade { .. } | Fact::QuietBegun { .. } | Fact::QuietExtended { .. } | Fact::QuietEnded { .. }
        )
    };
    let is_about_all = is_loaded || d.facts().iter().any(is_of_a_window);
    for no in concerned {
        look_again_at(d, no);
    }
    if is_about_all {
        let config = is_loaded || d.world().meta.sweep.is_some_and(|rest| rest.config);
        sweep(d, IncidentNo(0), config);
    }
}

/// The rest of those that a change of what is covered may concern.
pub(super) fn sweep_on(d: &mut Decision<'_>) {
    if let Some(rest) = d.world().meta.sweep {
        sweep(d, rest.from, rest.config);
    }
}

/// Looks at the open incidents from this one on, the oldest first; what is left is for the next decision, at once. When
/// a long window ends, many are let go in one moment, and whoever is asked for them hears of them in one message.
fn sweep(d: &mut Decision<'_>, from: IncidentNo, config: bool) {
    let ahead = d.world().incidents.range(from..).filter(|(_, i)| may_page(i)).map(|(no, _)| *no);
    let ahead: Vec<IncidentNo> = ahead.take(LOOKED_AT_AT_ONCE + 1).collect();
    let (mut changed, mut left) = (0, None);
    for (looked_at, no) in ahead.into_iter().enumerate() {
        if looked_at == LOOKED_AT_AT_ONCE || changed == SWEPT_AT_ONCE {
            left = Some(Sweep { from: no, due: d.stamp.at, config });
            break;
        }
        changed += usize::from(look_again_at(d, no) || config && look_at_what_waits(d, no));
    }
    if left.is_some() || d.world().meta.sweep.is_some() {
        d.emit(Fact::QuietsSwept { rest: left });
    }
}

fn may_page(i: &Incident) -> bool {
    !i.is_test() && !i.is_resolved() || i.course.pages_again_at().is_some()
}

/// What waits by itself, and not for the end of a window, after a change of the configuration. `true`: something changed.
fn look_at_what_waits(d: &mut Decision<'_>, no: IncidentNo) -> bool {
    let Some(i) = d.incident(no) else { return false };
    hold::look_again(d, &i) || urgency::look_again(d, &i)
}

/// `true`: something changed.
fn look_again_at(d: &mut Decision<'_>, no: IncidentNo) -> bool {
    let Some(i) = d.incident(no).filter(|i| !i.is_test()) else { return false };
    if !i.is_triggered() {
        let changed = stop_stand_ins(d, &i) || resume_stand_ins(d, &i);
        return hold::look_ahead(d, &i) || changed;
    }
    let held = i.hold.as_ref().filter(|h| matches!(h.why, HoldWhy::Quiet { .. }));
    let covered = quiet_of(d, &i).filter(|_| i.urgency == Urgency::High).map(|q| (why(q), q.until));
    match (held, covered) {
        (Some(held), Some((why, until))) if held.why == why && held.until == Some(until) => return false,
        (_, Some((why, until))) => hold::begin(d, no, why, Some(until)),
        (Some(_), None) => hold::end(d, &i),
        (None, None) => return false,
    }
    true
}

/// A window stops those as well who are asked because whoever has it may not hear it. `true`: somebody was.
fn stop_stand_ins(d: &mut Decision<'_>, i: &Incident) -> bool {
    if !i.open_calls().any(|c| matches!(c.kind, CallKind::StandIn { .. }) && !c.is_used_up()) {
        return false;
    }
    let Some((why, until)) = quiet_of(d, i).map(|q| (why(q), q.until)) else { return false };
    hold::begin(d, i.no, why, Some(until));
    true
}

/// The window that stopped them is over, and nobody did anything since: whoever has it may still not hear it.
fn resume_stand_ins(d: &mut Decision<'_>, i: &Incident) -> bool {
    let State::Acknowledged { by: Some(has_it), .. } = &i.state else { return false };
    let wants = i.urgency == Urgency::High && i.course.clearing.is_none() && urgency::still_wrong(i);
    if !wants || !was_stopped_by_a_window(i) || quiet_of(d, i).is_some() {
        return false;
    }
    escalation::may_not_hear(d, i.no, has_it)
}

/// Is that the last thing that happened to whoever was asked beside whoever has it?
fn was_stopped_by_a_window(i: &Incident) -> bool {
    let stood_in = i.calls.iter().rev().find(|c| c.kind.is_of_the_policy());
    let is_stopped =
        stood_in.is_some_and(|c| matches!((&c.kind, &c.state), (CallKind::StandIn { .. }, CallState::Stopped)));
    let last = i.timeline.iter().rev().find_map(|e| match &e.what {
        Happening::Held { why: HoldWhy::Quiet { .. }, .. } => Some(true),
        Happening::Acknowledged { .. }
        | Happening::Joined { .. }
        | Happening::Started { .. }
        | Happening::Noted { .. }
        | Happening::Mitigated { .. }
        | Happening::Reassigned { .. }
        | Happening::Reopened { .. }
        | Happening::Snoozed { .. }
        | Happening::Asked { .. }
        | Happening::CameBack { .. }
        | Happening::UrgencyChanged { .. } => Some(false),
        _ => None,
    });
    is_stopped && last == Some(true)
}
