//! What became of an incident, in short: kept when it leaves memory, for whoever looks back over a shift.

use super::directory::Urgency;
use super::id::{IncidentNo, ServiceId, TeamId, UserId};
use super::incident::{Done, Incident};
use super::stamp::At;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Closed incidents that are remembered in short; the oldest are forgotten first.
pub const WORKED_MAX: usize = 2_000;
/// Of whom the levels of one incident asked, the first so many times are remembered, and as many of the latest.
pub const PAGES_KEPT: usize = 20;

/// An incident in short. All times are the wall's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worked {
    pub no: IncidentNo,
    pub service: ServiceId,
    pub team: TeamId,
    pub urgency: Urgency,
    pub title: Arc<str>,
    pub opened: At,
    /// Whom its levels asked, and when: see [`Incident::paged`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paged: Vec<(UserId, At)>,
    /// Who took it or put it off first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Done>,
    /// Who worked on it last: they fixed it, if nobody else ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub had: Option<UserId>,
    /// Since when customers did not feel it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<At>,
    /// The person who resolved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<UserId>,
    /// The playbook that was followed last: how many steps of it were done, and how many it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playbook: Option<(Arc<str>, u32, u32)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flapped: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_actionable: bool,
    /// Somebody does it by a day: nobody fixed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub put_off: bool,
    /// No playbook knew it when it closed. While it is open, that is for the playbooks of that day to say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
}

impl Worked {
    pub fn of(i: &Incident) -> Self {
        Self {
            no: i.no,
            service: i.service.clone(),
            team: i.team.clone(),
            urgency: i.urgency,
            title: i.title.clone(),
            opened: i.opened,
            paged: i.paged.clone(),
            answered: i.answered.clone(),
            fixed: i.mitigated_at(),
            // Whoever merged it only said where it belongs.
            resolved_by: i.resolved_by().filter(|_| i.merged_into.is_none()).cloned(),
            had: i.worked_on_it().filter(|_| i.merged_into.is_none()).cloned(),
            playbook: i.run.as_ref().map(|run| (run.playbook.title.clone(), run.counts().0 as u32, run.steps())),
            flapped: i.course.flapping.is_some() || i.course.returns.len() > 1,
            not_actionable: i.not_actionable.is_some(),
            put_off: i.put_off().is_some(),
            unknown: false,
        }
    }

    /// Who fixed it: whoever resolved it, or had it when it was over. Nobody did where nothing had to be done.
    pub fn fixed_by(&self) -> Option<UserId> {
        let fixed = self.fixed.is_some() && !self.not_actionable && !self.put_off;
        self.resolved_by.as_ref().or(self.had.as_ref()).filter(|_| fixed).cloned()
    }

    /// Was anybody paged for it from `from` on, and before `until`?
    pub fn paged_within(&self, from: At, until: At) -> impl Iterator<Item = &(UserId, At)> {
        self.paged.iter().filter(move |(_, at)| from <= *at && *at < until)
    }
}

/// One more was asked.
pub(super) fn asked(paged: &mut Vec<(UserId, At)>, who: &UserId, at: At) {
    if paged.iter().any(|(other, when)| other == who && *when == at) {
        return;
    }
    if paged.len() == 2 * PAGES_KEPT {
        paged.remove(PAGES_KEPT);
    }
    paged.push((who.clone(), at));
}
