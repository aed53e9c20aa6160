//! What humans work on.

use super::alert::Alert;
use super::call::{Call, CallState};
use super::course::{Course, Had};
use super::directory::{Policy, Step, Target, Urgency};
use super::fact::{Origin, ResolvedBy};
use super::group::Group;
use super::help::Help;
use super::hold::{HeldThen, Hold};
use super::id::{
    AlertKey, CallNo, ChannelId, IncidentNo, ItemNo, MessageRef, PageId, PolicyId, ServiceId, TeamId, UserId,
};
use super::listing::Listing;
use super::misconfigured::Marked;
use super::page::{Page, PageState, Recipient};
use super::run::{self, Run};
use super::sla::Sla;
use super::stamp::At;
use super::threshold::Counting;
use super::triage::Triage;
use super::urgency::Raise;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod happening;

pub use happening::{Entry, Happening, in_order};

/// Entries of the timeline kept in memory; older ones are rows of their own.
pub const TIMELINE_IN_MEMORY: usize = 50;
/// How many entries move to rows at once when memory holds too many.
pub const TIMELINE_SPILL: usize = 25;
/// Settled pages remembered of one incident, and up to four times as many where each is somebody's newest; the timeline remembers who was asked beyond that.
pub const SETTLED_PAGES_KEPT: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub no: IncidentNo,
    pub service: ServiceId,
    pub team: TeamId,
    pub tier: u8,
    pub urgency: Urgency,
    pub policy: PolicyId,
    pub title: Arc<str>,
    pub link: Arc<str>,
    /// One `name: value` a line.
    pub labels: Arc<str>,
    /// On the wall clock.
    pub opened: At,
    pub state: State,
    /// Shared between the states of one incident: a repeat copies no thousand of them.
    pub alerts: Vec<Arc<Alert>>,
    pub calls: Vec<Call>,
    pub pages: Vec<Page>,
    /// Who acknowledged it or was added to it, in that order.
    pub responders: Vec<UserId>,
    /// Where the card belongs.
    pub channel: ChannelId,
    /// Its service was private: that holds also when the configuration does not know it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    pub card: Option<MessageRef>,
    /// The last timeline entry the thread shows.
    pub thread_shown: u64,
    /// The newest entries.
    pub timeline: Vec<Entry>,
    /// The number the next entry gets; the first is 1.
    pub next_entry: u64,
    /// On disk only, unless somebody asked for it.
    pub closed: bool,
    /// The person who opened it; a monitor's incidents have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<UserId>,
    /// What the same alert led to the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<IncidentNo>,
    /// Whom its levels asked, and when: the first and the latest times; each once at an instant, on the wall clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paged: Vec<(UserId, At)>,
    /// Who took it or put it off first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Done>,
    /// The first responder who began work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Done>,
    /// Since when the customer no longer feels it, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigated: Option<Done>,
    /// Who said that nothing had to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_actionable: Option<Done>,
    /// The message of Slack that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageRef>,
    /// The messages that were put into its timeline, at most [`super::quote::QUOTES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quotes: Vec<MessageRef>,
    /// The incident that its alerts belong to now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IncidentNo>,
    /// Incidents that were merged into this one, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<IncidentNo>,
    /// Who had opened, by hand, what was merged into this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged_reports: Vec<UserId>,
    /// The edited message in the thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<MessageRef>,
    /// Why nobody is asked although it is triggered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// The policy of the moment it was opened, where no call has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_kept: Option<Arc<Policy>>,
    /// What follows from its alerts' coming and going.
    #[serde(default, skip_serializing_if = "Course::is_plain")]
    pub course: Course,
    /// Low: when it is listed next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listing: Option<Listing>,
    /// For whom, and when, it was listed last; on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<Done>,
    /// Low for now: when it is raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raise: Option<Raise>,
    /// By when somebody must have started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
    /// When help is offered to whoever has it, or what was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<Help>,
    /// How it came to be opened; one of an earlier version does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What it stands for in its service, where alerts are put together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Group>,
    /// How often its alerts came, until that is often enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counting: Option<Counting>,
    /// What is to hold it back when it is triggered by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_then: Option<HeldThen>,
    /// As what its alert was marked to be mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<Marked>,
    /// It was counted how often its alert comes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub came: bool,
    /// Who said that it is major, and when, on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub major: Option<Done>,
    /// What was found at the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triage: Option<Box<Triage>>,
    /// The playbook that is followed, or was last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<Run>>,
    /// The edited message in the thread that shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_message: Option<MessageRef>,
    /// The alert that opened it belongs to another incident by now: the labels are of none of its alerts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_let_go: bool,
}

/// Something a person did once, and when, on the wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    pub by: UserId,
    pub at: At,
}

/// Where an incident stands. Times named `since` and `until` are the wall's; deadlines are on the line of `at`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has it.
    Triggered {
        since: At,
    },
    /// Somebody (or, `None`, a monitor's other side) has it.
    Acknowledged {
        by: Option<UserId>,
        since: At,
        timeout: AckTimeout,
    },
    /// Acknowledged until a stated time.
    Snoozed {
        by: UserId,
        since: At,
        until: At,
        due: At,
    },
    Resolved {
        by: ResolvedBy,
        since: At,
        close_at: At,
    },
}

/// What happens to an acknowledged incident without activity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AckTimeout {
    /// Low urgency never wakes anybody: it stays with its responder.
    Never,
    AskAt(At),
    /// Asked; triggered again at this time.
    TriggerAt(At),
}

/// Why an open incident needs no deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// Low urgency that nobody's list has yet; of before there were lists.
    LowUrgency,
    /// The catch-all was told and there is nobody else to tell.
    NobodyLeft,
    /// Held back until something happens.
    Held,
}

impl Incident {
    pub fn is_resolved(&self) -> bool {
        matches!(self.state, State::Resolved { .. })
    }

    /// Has a person acknowledged or snoozed it?
    pub fn is_with_somebody(&self) -> bool {
        matches!(self.state, State::Acknowledged { by: Some(_), .. } | State::Snoozed { .. })
    }

    pub fn is_open(&self) -> bool {
        !self.is_resolved()
    }

    pub fn is_triggered(&self) -> bool {
        matches!(self.state, State::Triggered { .. })
    }

    /// The newest main call.
    pub fn main_call(&self) -> Option<&Call> {
        self.calls.iter().rev().find(|c| matches!(c.kind, super::call::CallKind::Main))
    }

    pub fn call(&self, no: CallNo) -> Option<&Call> {
        self.calls.iter().find(|c| c.no == no)
    }

    pub fn open_calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|c| c.is_open())
    }

    pub fn page(&self, id: PageId) -> Option<&Page> {
        self.pages.iter().find(|p| p.id == id)
    }

    pub fn wanted_pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().filter(|p| p.is_wanted())
    }

    /// The pages that share a message with others: the number that they share, and the page's own.
    pub fn bundled(&self) -> impl Iterator<Item = (PageId, PageId)> {
        self.pages.iter().filter_map(|p| Some((p.bundle()?, p.id)))
    }

    /// The direct messages that exist, which must tell the truth.
    pub fn dms(&self) -> impl Iterator<Item = PageId> {
        self.pages.iter().filter(|p| matches!(p.state, PageState::Delivered { .. })).map(|p| p.id)
    }

    /// The newest call that goes through the levels of the incident's own policy.
    pub fn policy_call(&self) -> Option<&Call> {
        self.calls.iter().rev().find(|c| c.kind.is_of_the_policy())
    }

    /// The people who reported it, each once: it, or what was merged into it. What a person reported, only
    /// a person ends.
    pub fn reported_by(&self) -> impl Iterator<Item = &UserId> {
        self.opened_by.iter().chain(self.merged_reports.iter())
    }

    /// Who said that it can wait, and as which item, if nothing came of it since.
    pub fn put_off(&self) -> Option<(&UserId, ItemNo)> {
        let last = self.timeline.iter().rev().find_map(|e| match &e.what {
            Happening::WaitsAsItem { by, item } => Some(Some((by, *item))),
            Happening::Reopened { .. } | Happening::CameBack { .. } | Happening::NotCleared => Some(None),
            _ => None,
        });
        last.flatten()
    }

    /// All levels of its main call, the newest of its policy's, were asked, and somebody took it who is not of the last one:
    /// those between may be asked again.
    pub fn may_go_up_again(&self, last: &Call) -> bool {
        let is_taken = matches!(last.kind, super::call::CallKind::Main) && !last.is_open() && !last.has_level_above();
        let has_it = self.responder().filter(|_| matches!(self.state, State::Acknowledged { .. }));
        let may_be_free = |target: &Target| match target {
            Target::User(user) => !self.responders.contains(user),
            // Who that is now, only a schedule knows.
            Target::Schedule(_) => last.policy.steps.len() > 1,
            Target::Channel(_) => false,
        };
        let Some(who) = has_it.filter(|who| is_taken && last.asked.iter().all(|a| a.user != **who)) else {
            return false;
        };
        let names_them = |step: &Step| step.targets.iter().any(|t| matches!(t, Target::User(user) if user == who));
        let theirs = last.policy.steps.iter().rposition(names_them).map_or(0, |at| at + 1);
        last.policy.steps.iter().skip(theirs).flat_map(|step| &step.targets).any(may_be_free)
    }

    /// Does no monitor end it? What a person reported, or called major, only a person does.
    pub fn only_a_person_ends_it(&self) -> bool {
        self.major.is_some() || self.reported_by().next().is_some()
    }

    /// Everybody who is being asked at this moment, each once.
    pub fn being_asked(&self) -> Vec<UserId> {
        let mut all: Vec<UserId> = Vec::new();
        for asked in self.open_calls().flat_map(|c| &c.asked) {
            if !all.contains(&asked.user) {
                all.push(asked.user.clone());
            }
        }
        all
    }

    /// Was this person ever asked about it, or does it already concern them?
    pub fn concerns(&self, user: &UserId) -> bool {
        self.responders.contains(user)
            || self.calls.iter().any(|c| c.reached.contains(user))
            || self.pages.iter().any(|p| matches!(&p.to, Recipient::User(u) if u == user))
    }

    /// Who has it.
    pub fn responder(&self) -> Option<&UserId> {
        match &self.state {
            State::Acknowledged { by, .. } => by.as_ref(),
            State::Triggered { .. } | State::Snoozed { .. } | State::Resolved { .. } => None,
        }
    }

    /// The person who resolved it.
    pub fn resolved_by(&self) -> Option<&UserId> {
        match &self.state {
            State::Resolved { by: ResolvedBy::User(by), .. } => Some(by),
            State::Resolved { .. } | State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => {
                None
            }
        }
    }

    /// Since when the customer no longer feels it: what somebody said, or when it was resolved.
    pub fn mitigated_at(&self) -> Option<At> {
        let resolved = match &self.state {
            State::Resolved { since, .. } => Some(*since),
            State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => None,
        };
        self.mitigated.as_ref().map(|d| d.at).or(resolved)
    }

    /// The alert that opened it, whose labels it has; `None`: a person opened it, or that alert belongs to another incident
    /// by now.
    pub fn first_alert(&self) -> Option<&Alert> {
        self.alerts.first().map(Arc::as_ref).filter(|_| self.opened_by.is_none() && !self.first_let_go)
    }

    /// Is it triggered because a snooze or somebody's time was over, and not because it fired anew after it was resolved?
    pub fn came_back(&self) -> bool {
        let how = |e: &Entry| match e.what {
            Happening::SnoozeEnded | Happening::AckTimedOut | Happening::TriggeredQuietly { .. } => Some(true),
            Happening::Resolved { .. } | Happening::ResolvedByItself { .. } => Some(false),
            _ => None,
        };
        self.timeline.iter().rev().find_map(how) == Some(true)
    }

    /// Who had it last, as far as that is remembered here.
    pub fn had_it(&self) -> Option<&UserId> {
        self.timeline.iter().rev().find_map(|e| match &e.what {
            Happening::Snoozed { by, .. }
            | Happening::Acknowledged { by }
            | Happening::Reopened { by }
            | Happening::Reassigned { to: by, .. }
            | Happening::CameBack { had: Some(Had::Acknowledged { by } | Had::Snoozed { by, .. }) } => Some(by),
            _ => None,
        })
    }

    /// Who worked on it last: whoever had it and neither put it off nor let it go again; as far as that is remembered here.
    pub fn worked_on_it(&self) -> Option<&UserId> {
        let had = self.timeline.iter().rev().find_map(|e| match &e.what {
            Happening::Acknowledged { by }
            | Happening::Reopened { by }
            | Happening::Reassigned { to: by, .. }
            | Happening::CameBack { had: Some(Had::Acknowledged { by }) } => Some(Some(by)),
            Happening::Snoozed { .. }
            | Happening::SnoozeEnded
            | Happening::AckTimedOut
            | Happening::TriggeredQuietly { .. }
            | Happening::CameBack { .. } => Some(None),
            _ => None,
        });
        had.flatten()
    }

    /// The alert of this number, to be changed.
    pub(super) fn alert_mut(&mut self, number: u32) -> Option<&mut Alert> {
        self.alerts.get_mut(number as usize).map(Arc::make_mut)
    }

    pub fn alert(&self, key: &AlertKey) -> Option<(u32, &Alert)> {
        let mut all = (0u32..).zip(self.alerts.iter().map(Arc::as_ref));
        all.find(|(_, a)| a.dedup == key.dedup && *a.service_in(self) == key.service)
    }

    pub fn has_firing_alert(&self) -> bool {
        self.alerts.iter().any(|a| a.is_firing())
    }

    /// The thread's pending entries, oldest first.
    pub fn thread_pending(&self) -> impl Iterator<Item = &Entry> + Clone {
        self.timeline.iter().filter(|e| e.n > self.thread_shown && e.what.is_shown_in_thread())
    }

    /// When this incident wants to be looked at next.
    pub fn next_wake(&self) -> Option<At> {
        if self.closed {
            return None;
        }
        let clearing = self.course.clearing.as_ref().map(|c| c.due);
        let state = match &self.state {
            State::Triggered { .. } => self.hold.as_ref().and_then(|h| h.due),
            // Nobody is asked whether they are on what is over.
            State::Acknowledged { .. } if clearing.is_some() => None,
            State::Acknowledged { timeout, .. } => match timeout {
                AckTimeout::Never => None,
                AckTimeout::AskAt(at) | AckTimeout::TriggerAt(at) => Some(*at),
            },
            State::Snoozed { due, .. } => Some(*due),
            State::Resolved { close_at, .. } => Some(*close_at),
        };
        let again = self.course.pages_again_at().filter(|_| self.is_resolved());
        let silent = self.alerts.iter().filter_map(|a| a.counts_as_cleared_at());
        let by_itself = clearing.into_iter().chain(again).chain(self.course.flapping).chain(silent);
        let listing = self.listing.map(|l| l.due);
        let raise = self.raise.map(|r| r.due);
        // While nothing fires, nobody is asked to begin.
        let sla = self.sla.filter(|_| clearing.is_none()).and_then(|sla| sla.next_wake());
        let help = self.help.as_ref().and_then(Help::next_wake);
        let wanes = self.counting.as_ref().and_then(|c| c.wanes);
        let step = self.run.as_ref().filter(|run| run::waits(self, run)).and_then(|run| run.due);
        self.calls
            .iter()
            .filter_map(Call::next_wake)
            .chain(state)
            .chain(by_itself)
            .chain(listing)
            .chain(raise)
            .chain(sla)
            .chain(help)
            .chain(wanes)
            .chain(step)
            .min()
    }

    /// Why an open incident has no deadline, if there is a reason.
    pub fn terminal(&self) -> Option<Terminal> {
        if self.hold.as_ref().is_some_and(|h| h.due.is_none()) {
            return Some(Terminal::Held);
        }
        match (&self.state, self.urgency) {
            (State::Resolved { .. } | State::Snoozed { .. }, _) => None,
            (State::Triggered { .. } | State::Acknowledged { .. }, Urgency::Low) => Some(Terminal::LowUrgency),
            (State::Triggered { .. } | State::Acknowledged { .. }, Urgency::High) => self
                .calls
                .iter()
                .any(|c| matches!(c.state, CallState::Exhausted { next_at: None, .. }))
                .then_some(Terminal::NobodyLeft),
        }
    }
}
