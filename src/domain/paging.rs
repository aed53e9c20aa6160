//! Pages asked for and called back.

use super::call::Call;
use super::decision::Decision;
use super::directory::{Method, Urgency};
use super::fact::Fact;
use super::id::{CallNo, IncidentNo, PageId, UserId};
use super::page::{Page, PageState, Purpose, Recipient, RevokeReason};
use super::reach::{Silence, can_reach, is_reachable, silence};

/// Asks for one page. An older one to the same recipient that was never sent says less than this one: it is revoked.
pub(super) fn request_page(
    d: &mut Decision<'_>,
    no: IncidentNo,
    call: CallNo,
    to: Recipient,
    method: Method,
    purpose: Purpose,
    queued: bool,
) {
    let Some(incident) = d.world().incident(no) else {
        return;
    };
    let older = incident.wanted_pages().filter(|p| p.to == to && p.method == method).map(|p| p.id);
    for page in older.collect::<Vec<_>>() {
        d.emit(Fact::PageRevoked { incident: no, page, why: RevokeReason::Superseded });
    }
    let page = PageId(d.world().meta.last_page.0 + 1);
    let silent_until = match &to {
        Recipient::User(user) => match d.directory.users.get(user).and_then(|u| silence(d, u, &method)) {
            Some(Silence::Until(until)) => Some(until),
            // It goes when Slack is back, and makes its sound then.
            Some(Silence::SlackAway) | None => None,
        },
        Recipient::Channel(_) => None,
    };
    d.emit(Fact::PageRequested { incident: no, page, call, to, method, purpose, queued, silent_until });
}

/// Calls back the pages under way: of the given calls, or of all.
pub(super) fn revoke_pages(d: &mut Decision<'_>, no: IncidentNo, calls: Option<&[CallNo]>, why: RevokeReason) {
    let Some(incident) = d.world().incident(no) else {
        return;
    };
    let of_calls = |call: CallNo| calls.is_none_or(|c| c.contains(&call));
    let pages: Vec<Page> = incident.wanted_pages().filter(|p| of_calls(p.call)).cloned().collect();
    for page in &pages {
        d.emit(Fact::PageRevoked { incident: no, page: page.id, why });
    }
    // One of them may have stood for a page of another call, which still waits for the same person.
    let Some(incident) = d.incident(no) else { return };
    for page in pages {
        let stood_for = |c: &&Call| {
            let same = |p: &&Page| p.to == page.to && p.method == page.method;
            let theirs = incident.pages.iter().filter(|p| p.call == c.no).filter(same);
            let last = theirs.max_by_key(|p| p.id);
            !of_calls(c.no) && last.is_some_and(|p| p.state == PageState::Revoked(RevokeReason::Superseded))
        };
        if let Some(call) = incident.open_calls().find(stood_for) {
            request_page(d, no, call.no, page.to, page.method, Purpose::Step, false);
        }
    }
}

/// Calls back what is under way to one person.
pub(super) fn revoke_pages_to(d: &mut Decision<'_>, no: IncidentNo, user: Option<&UserId>, why: RevokeReason) {
    let (Some(incident), Some(user)) = (d.world().incident(no), user) else { return };
    let to = Recipient::User(user.clone());
    let pages = incident.wanted_pages().filter(|p| p.to == to).map(|p| p.id);
    for page in pages.collect::<Vec<_>>() {
        d.emit(Fact::PageRevoked { incident: no, page, why });
    }
}

/// Somebody who is here and can be reached.
pub(super) fn can_be_asked(d: &Decision<'_>, user: &UserId, urgency: Urgency) -> bool {
    d.directory.users.get(user).is_some_and(|u| is_reachable(d.directory, u, urgency))
}

/// Somebody to whom messages go that wake nobody.
pub(super) fn can_be_written_to(d: &Decision<'_>, user: &UserId) -> bool {
    d.directory.users.get(user).is_some_and(|u| can_reach(d.directory, u, &Method::Slack))
}
