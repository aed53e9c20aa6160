//! What the facts of pages do to an incident.

use super::calls::with_call;
use super::timeline::log;
use crate::domain::id::PageId;
use crate::domain::incident::{Happening, Incident, SETTLED_PAGES_KEPT};
use crate::domain::page::{Page, PageFailure, PageState, Purpose, Recipient};
use crate::domain::stamp::At;
use crate::domain::worked::asked;

pub(super) fn requested(i: &mut Incident, page: Page, queued: bool) {
    let settled = i.pages.iter().filter(|p| !p.is_wanted()).count();
    if settled >= SETTLED_PAGES_KEPT
        && let Some(oldest) = forgettable(i)
    {
        i.pages.remove(oldest);
    }
    if queued && let Recipient::User(user) = &page.to {
        with_call(i, page.call, |c| {
            if let Some(first) = c.queue.iter().position(|q| q.user == *user && q.method == page.method) {
                c.queue.remove(first);
            }
        });
    }
    if let Recipient::User(user) = &page.to
        && matches!(page.purpose, Purpose::Step | Purpose::CatchAll)
        && !queued
    {
        asked(&mut i.paged, user, page.requested);
    }
    i.pages.push(page);
}

pub(super) fn failed(i: &mut Incident, page: PageId, why: &PageFailure, wall: At) {
    let mut to = None;
    with_page(i, page, |p| {
        p.state = PageState::Failed(why.clone());
        to = Some(p.to.clone());
    });
    if let Some(to) = to {
        log(i, wall, Happening::PageFailed { to, why: why.clone() });
    }
}

pub(super) fn with_page(i: &mut Incident, id: PageId, how: impl FnOnce(&mut Page)) {
    if let Some(p) = i.pages.iter_mut().find(|p| p.id == id) {
        how(p);
    }
}

/// The oldest settled page that a newer message to the same recipient made old: nobody keeps its message true. Where
/// there is none, and there are far too many, the oldest.
fn forgettable(i: &Incident) -> Option<usize> {
    let newer = |p: &Page| {
        let is_there = |q: &Page| matches!(q.state, PageState::Delivered { .. } | PageState::Sent { .. });
        i.pages.iter().any(|q| q.to == p.to && q.method == p.method && q.id > p.id && is_there(q))
    };
    let settled = || i.pages.iter().enumerate().filter(|(_, p)| !p.is_wanted());
    let followed = settled().find(|(_, p)| newer(p)).map(|(at, _)| at);
    followed.or_else(|| (i.pages.len() >= 4 * SETTLED_PAGES_KEPT).then(|| settled().next()).flatten().map(|(at, _)| at))
}
