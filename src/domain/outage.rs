//! No way to Slack: what people are to be asked by other methods does not wait, and whoever has none is not waited for.
//!
//! Nothing is taken back for it. What is to be said in Slack is said when there is a way again, if it is still true then.

use super::call::{Call, CallState};
use super::decision::Decision;
use super::directory::{Method, User};
use super::escalation;
use super::fact::Fact;
use super::id::{CallNo, IncidentNo, UserId};
use super::incident::Incident;
use super::level::{case_of, choose};
use super::page::{Page, PageState, Recipient};
use super::reach;
use std::collections::BTreeSet;

/// There has been no way to Slack for a while, or there is one again.
pub(super) fn told(d: &mut Decision<'_>, away: bool) {
    if d.world().meta.slack_away.is_some() == away {
        return;
    }
    if !away {
        return d.emit(Fact::SlackCameBack);
    }
    d.emit(Fact::SlackWentAway);
    let asks = |c: &&Call| matches!(c.state, CallState::Asking { .. });
    let of_one = |i: &Incident| i.open_calls().filter(asks).map(|c| (i.no, c.no)).collect::<Vec<_>>();
    let calls: Vec<(IncidentNo, CallNo)> = d.world().open_incidents().flat_map(|i| of_one(i)).collect();
    for (no, call) in calls {
        hurry(d, no, call);
    }
    let open: Vec<IncidentNo> = d.world().open_incidents().map(|i| i.no).collect();
    for no in open {
        escalation::wake_otherwise(d, no);
    }
}

/// Whoever was asked in Slack cannot answer there: the next method that makes a sound goes now. Where nobody has one, the
/// next level is asked, if somebody hears it.
fn hurry(d: &mut Decision<'_>, no: IncidentNo, call_no: CallNo) {
    let Some(incident) = d.incident(no) else { return };
    let Some(call) = incident.call(call_no) else { return };
    let users: Vec<&User> = call.asked.iter().filter_map(|a| d.directory.users.get(&a.user)).collect();
    let hears = |user: &User| reach::out_of_hearing(d, user, incident.urgency).is_none();
    if !users.iter().any(|user| hears(user)) {
        let ahead = (call.step + 1, call.round);
        let next = choose(d, &call.policy, case_of(d, &incident), &[], None, ahead, &mut Vec::new());
        if next.is_some_and(|c| c.asked.iter().any(|a| a.hears())) {
            escalation::next_step(d, no, call_no);
        }
        return;
    }
    let silent: BTreeSet<UserId> =
        users.iter().filter(|user| !is_asked_aloud(d, &incident, call, user)).map(|user| user.id.clone()).collect();
    for user in silent {
        escalation::next_method(d, no, call_no, &Recipient::User(user));
    }
    escalation::pass_over_if_unreachable(d, no, call_no);
}

/// Does something other than Slack ask them already?
fn is_asked_aloud(d: &Decision<'_>, i: &Incident, call: &Call, user: &User) -> bool {
    let to = Recipient::User(user.id.clone());
    let lives = |p: &&Page| !matches!(p.state, PageState::Failed(_)) && p.method != Method::Slack;
    let last = i.pages.iter().filter(|p| p.call == call.no && p.to == to).filter(lives);
    let asked = last.max_by_key(|p| p.id);
    // Of an earlier round, it waits in the queue once more.
    let waits = |method: &Method| call.queue.iter().any(|q| q.user == user.id && q.method == *method);
    asked.is_some_and(|p| !waits(&p.method) && reach::silence(d, user, &p.method).is_none())
}
