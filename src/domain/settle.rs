//! What the outside world answered, what a start finds under way, and when nothing is owed any more.

use super::decision::Decision;
use super::fact::Fact;
use super::following;
use super::id::{IncidentNo, MessageRef, PageId};
use super::incident::Incident;
use super::input::Settled;
use super::page::{Page, PageFailure, PageState, SyncKey};
use super::{escalation, listing, playbook, test_page};
use std::collections::BTreeMap;

/// A page that was under way at this many starts is given up: a crash loop must not page for ever.
pub const ATTEMPTS_MAX: u32 = 5;
/// An incident that cannot be closed yet is looked at again after this long.
const CLOSE_AGAIN_SECS: i64 = 60 * 60;

/// Answers that come twice, or after they stopped mattering, change nothing.
pub(super) fn settled(d: &mut Decision<'_>, settled: &Settled) {
    if let Settled::PagesDelivered { pages, message, bundle } = settled {
        for (incident, page) in pages {
            delivered(d, *incident, *page, message, *bundle);
        }
        return;
    }
    if let Settled::PagesSent { pages, receipt, bundle } = settled {
        for (incident, page) in pages {
            if is_there(d, *incident, *page) {
                let (receipt, bundle) = (receipt.clone(), *bundle);
                d.emit(Fact::PageSent { incident: *incident, page: *page, receipt, bundle });
            }
        }
        return;
    }
    if let Settled::Created { key: key @ SyncKey::Post(post), message } = settled {
        if d.world().posts.get(post).is_some_and(|p| p.message.is_none()) {
            d.emit(Fact::SyncCreated { key: key.clone(), message: message.clone() });
        }
        return;
    }
    if let Settled::PostFailed { post, why } = settled {
        if d.world().posts.contains_key(post) {
            d.emit(Fact::PostFailed { post: *post, why: why.clone() });
        }
        return;
    }
    if let Settled::FollowerRefused { team, what, error } = settled {
        return following::refused(d, team, *what, error);
    }
    let Some(incident) = settled.incidents().first().and_then(|no| d.incident(*no)) else {
        return;
    };
    match settled {
        Settled::PagesDelivered { .. }
        | Settled::PagesSent { .. }
        | Settled::PostFailed { .. }
        | Settled::FollowerRefused { .. } => {}
        Settled::PageHeldUp { page, .. } => {
            if let Some(p) = incident.page(*page).filter(|p| p.is_wanted()) {
                escalation::next_method(d, incident.no, p.call, &p.to);
            }
        }
        Settled::PageFailed { page, why, .. } => fail_page(d, &incident, *page, why),
        Settled::Created { key, message } => {
            if matches!(key, SyncKey::Card(_)) && incident.card.is_none() && message.channel == incident.channel {
                d.emit(Fact::SyncCreated { key: key.clone(), message: message.clone() });
            }
            if matches!(key, SyncKey::Log(_)) && incident.log.is_none() && message.channel == incident.channel {
                d.emit(Fact::SyncCreated { key: key.clone(), message: message.clone() });
            }
            let is_new = incident.run_message.is_none() && message.channel == incident.channel;
            if matches!(key, SyncKey::Run(_)) && is_new {
                d.emit(Fact::SyncCreated { key: key.clone(), message: message.clone() });
            }
        }
        Settled::ThreadShown { incident: no, upto } => {
            if *upto > incident.thread_shown {
                d.emit(Fact::ThreadShown { incident: *no, upto: *upto });
            }
        }
        Settled::CardMoved { incident: no, card, to, why } => {
            if incident.card == *card && (card.is_some() || incident.channel != *to) {
                d.emit(Fact::CardMoved { incident: *no, to: to.clone(), why: why.clone() });
            }
        }
    }
}

fn delivered(d: &mut Decision<'_>, no: IncidentNo, page: PageId, message: &MessageRef, bundle: Option<PageId>) {
    if is_there(d, no, page) {
        d.emit(Fact::PageDelivered { incident: no, page, message: message.clone(), bundle });
    }
}

/// News of a page that was under way. Revoked meanwhile, it was sent all the same, and its message must be kept true.
fn is_there(d: &Decision<'_>, no: IncidentNo, page: PageId) -> bool {
    let was_sent = |p: &Page| matches!(p.state, PageState::Requested | PageState::Revoked(_));
    d.incident(no).is_some_and(|i| i.page(page).is_some_and(was_sent))
}

/// A page that was sent may still come to nothing: nobody picked up.
fn fail_page(d: &mut Decision<'_>, incident: &Incident, page: PageId, why: &PageFailure) {
    let may_fail = |p: &&Page| matches!(p.state, PageState::Requested | PageState::Sent { .. });
    let Some((call, to)) = incident.page(page).filter(may_fail).map(|p| (p.call, p.to.clone())) else {
        return;
    };
    d.emit(Fact::PageFailed { incident: incident.no, page, why: why.clone() });
    if incident.is_test() && incident.answered.is_some() {
        return test_page::not_proven(d, incident);
    }
    escalation::next_method(d, incident.no, call, &to);
    escalation::pass_over_if_unreachable(d, incident.no, call);
    if let Some(page) = incident.page(page) {
        escalation::did_not_hear(d, incident.no, page);
    }
}

/// After a restore, numbers given out since the backup must not be given out again.
pub(super) fn restored(d: &mut Decision<'_>, skip: u64, restores: u32) {
    if d.world().meta.restores >= restores {
        return;
    }
    let next_incident = d.world().meta.last_incident.0 + 1 + skip;
    d.emit(Fact::NumbersSkipped { next_incident, restores });
}

/// Every page under way may have been sent or not. It is tried again, but not for ever.
pub(super) fn booted(d: &mut Decision<'_>) {
    // Those of before there were lists.
    let unlisted = |i: &&std::sync::Arc<Incident>| listing::wanted(i) && i.listing.is_none();
    let all: Vec<IncidentNo> = d.world().open_incidents().filter(unlisted).map(|i| i.no).collect();
    all.into_iter().for_each(|no| d.touch(no));
    let mut by_incident: BTreeMap<IncidentNo, Vec<PageId>> = BTreeMap::new();
    for (page, incident) in &d.world().wanted {
        by_incident.entry(*incident).or_default().push(*page);
    }
    for (no, pages) in by_incident {
        let Some(incident) = d.incident(no) else {
            continue;
        };
        let (tried_enough, again): (Vec<PageId>, Vec<PageId>) =
            pages.into_iter().partition(|p| incident.page(*p).is_some_and(|p| p.attempts >= ATTEMPTS_MAX));
        if !again.is_empty() {
            d.emit(Fact::PagesCarriedOver { incident: no, pages: again });
        }
        for page in tried_enough {
            fail_page(d, &incident, page, &PageFailure::TooManyRestarts);
        }
    }
}

/// Resolved long enough ago. It stays in memory while anything is owed: a card never posted, a thread behind, a page
/// under way or to come.
pub(super) fn close(d: &mut Decision<'_>, incident: &Incident) {
    // A test page stands nowhere.
    let is_shown = |i: &Incident| i.is_test() || i.card.is_some() && i.thread_pending().next().is_none();
    let owed = !(is_shown(incident) || d.world().is_told_by_storm(incident))
        || incident.wanted_pages().next().is_some()
        || incident.course.pages_again_at().is_some();
    if owed {
        let close_at = d.stamp.at.plus_secs(CLOSE_AGAIN_SECS);
        d.emit(Fact::ClosePostponed { incident: incident.no, close_at });
    } else {
        let unknown = playbook::best(d.directory, incident).is_none();
        d.emit(Fact::IncidentClosed { incident: incident.no, unknown });
    }
}
