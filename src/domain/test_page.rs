//! A test page: somebody wants to know that pages reach them.
//!
//! It asks nobody else, by everything that a page of high urgency would reach them by, all at once: what is proven is
//! each method, not the time between two. It ends by itself. It is nobody's work: it has no card, stands on no list,
//! and owes nothing.

use super::call::CallKind;
use super::decision::Decision;
use super::directory::{Directory, Method, Policy, Service, Step, Target, Urgency, User};
use super::fact::{Fact, IncidentOpened, LateAct, StepStarted, UrgencyWhy};
use super::id::{CallNo, UserId};
use super::incident::Incident;
use super::input::{Deed, Source};
use super::level::ask_user;
use super::page::{PageState, Purpose, Recipient, RevokeReason};
use super::paging::request_page;
use super::prepare::{self, Check};
use super::refusal::Refusal;
use super::text::Text;
use super::{episode, opening, paging, reach};
use std::sync::Arc;

/// So long it waits for an answer.
pub const WAIT_SECS: i64 = 5 * 60;

impl Incident {
    /// Did somebody only want to know that pages reach them?
    pub fn is_test(&self) -> bool {
        self.origin.as_ref().is_some_and(|origin| origin.source == Source::Test)
    }
}

/// By what a test page comes to somebody, each once, in the order of their rules.
pub fn methods(d: &Directory, user: &User) -> Vec<Method> {
    let mut methods = Vec::new();
    for rule in reach::rules(d, user, Urgency::High) {
        if !methods.contains(&rule.method) {
            methods.push(rule.method);
        }
    }
    methods
}

/// Pages whoever asks for it; nobody twice at a time.
pub(super) fn begin(d: &mut Decision<'_>, by: &UserId) -> Result<(), Refusal> {
    let user = d.directory.users.get(by).ok_or_else(|| Refusal::NoSuchUser(by.clone()))?;
    let methods = methods(d.directory, user);
    if methods.is_empty() {
        return Err(Refusal::CannotBeReached { user: by.clone() });
    }
    let under_way = |i: &&Arc<Incident>| i.opened_by.as_ref() == Some(by);
    if let Some(incident) = d.world().tests().find(under_way).map(|i| i.no) {
        return Err(Refusal::TestUnderWay { incident });
    }
    let opened = opened(d, by);
    let (no, call) = (opened.incident, CallNo(0));
    d.emit(Fact::IncidentOpened(Box::new(opened)));
    let policy =
        Policy { id: NAME.into(), steps: vec![Step::all(vec![Target::User(by.clone())], WAIT_SECS)], repeat: 0 };
    d.emit(Fact::CallStarted {
        incident: no,
        call,
        kind: CallKind::Main,
        policy,
        also: Vec::new(),
        keeps_asking: false,
    });
    let mut asked = Vec::new();
    ask_user(d, Urgency::High, by, None, &mut asked, &Target::User(by.clone()), &mut Vec::new());
    d.emit(Fact::StepStarted(Box::new(StepStarted {
        incident: no,
        call,
        step: 0,
        round: 0,
        asked,
        skipped: Vec::new(),
        queue: Vec::new(),
        next_at: d.stamp.at.plus_secs(WAIT_SECS),
        next_up: Vec::new(),
    })));
    for method in methods {
        request_page(d, no, call, Recipient::User(by.clone()), method, Purpose::Test, false);
    }
    Ok(())
}

/// In the place of a service and of a policy. No name in a configuration has a blank, so it is nobody's.
const NAME: &str = "test page";

fn opened(d: &Decision<'_>, by: &UserId) -> IncidentOpened {
    // Where it would have a card, if it had one.
    let of_theirs = d.directory.teams.values().find(|team| team.members.contains(by));
    let channel = of_theirs.map_or(&d.directory.admin_channel, |team| &team.channel).clone();
    // No team's: no handoff and no status speaks of it.
    let nobodys = Service::new(NAME.into(), NAME.into(), NAME.into(), channel);
    let title = Text::new(format!("Test page of {}", d.directory.name_of(by)));
    let blank = opening::blank(d, &nobodys, Source::Test, Urgency::High, UrgencyWhy::Person);
    IncidentOpened { by: Some(by.clone()), title, ..blank }
}

/// What a person does to it: whoever it is of says that it came, and nobody does anything else.
pub(super) fn act(d: &mut Decision<'_>, i: &Incident, by: &UserId, deed: &Deed) -> Result<(), Refusal> {
    let is_theirs = i.opened_by.as_ref() == Some(by);
    match deed {
        Deed::Acknowledge | Deed::Start | Deed::Resolve { .. } if is_theirs && i.is_resolved() => {
            d.emit(Fact::ActLate { incident: i.no, by: by.clone(), act: LateAct::AcknowledgeAfterResolve });
            Ok(())
        }
        Deed::Acknowledge | Deed::Start | Deed::Resolve { .. } if is_theirs => {
            answered(d, i, by);
            Ok(())
        }
        _ => {
            let of = i.opened_by.clone().unwrap_or_else(|| by.clone());
            Err(Refusal::IsATest { incident: i.no, of })
        }
    }
}

fn answered(d: &mut Decision<'_>, i: &Incident, by: &UserId) {
    let calls: Vec<CallNo> = i.open_calls().map(|c| c.no).collect();
    paging::revoke_pages(d, i.no, None, RevokeReason::Answered);
    d.emit(Fact::Acknowledged { incident: i.no, by: by.clone(), calls, ask_at: None });
    episode::resolve_by_person(d, i.no, by, Text::default());
    let proven = d.incident(i.no).is_some_and(|i| is_proven(&i));
    let shift = prepare::next_of(d.world(), d.directory, d.stamp.wall, by).map(|p| p.shift);
    if let Some(shift) = shift.filter(|_| proven) {
        // Whoever has no shift ahead has nothing to get ready for.
        let _ = prepare::mark(d, &shift, Check::Methods, true);
    }
}

/// What took the page did not bring it after all: what was ticked for its sake is not.
pub(super) fn not_proven(d: &mut Decision<'_>, i: &Incident) {
    let Some(of) = &i.opened_by else { return };
    let shift = prepare::next_of(d.world(), d.directory, d.stamp.wall, of);
    if let Some(p) = shift.filter(|p| prepare::ready(d.world(), p).contains_key(&Check::Methods)) {
        let _ = prepare::mark(d, &p.shift, Check::Methods, false);
    }
}

/// It was answered, and nothing that it was to come by is known not to have carried it.
pub fn is_proven(i: &Incident) -> bool {
    let came = |state: &PageState| matches!(state, PageState::Delivered { .. } | PageState::Sent { .. });
    let tests = || i.pages.iter().filter(|p| p.purpose == Purpose::Test);
    i.answered.is_some() && tests().next().is_some() && tests().all(|p| came(&p.state))
}

#[cfg(test)]
mod tests;
