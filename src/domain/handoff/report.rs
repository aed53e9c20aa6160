//! What a handoff tells: of the shift that ended, and of what is left.
//!
//! Which things, is decided once, by numbers; what they were, is copied when the fact is applied. From then on the summary
//! stays as it was, whatever becomes of them.

use super::{Note, at_night};
use crate::domain::directory::{Directory, Target, Urgency};
use crate::domain::going_on::{Announcement, Scope};
use crate::domain::id::{AnnouncementNo, IncidentNo, OverrideId, QuietId, ScheduleId, ServiceId, TeamId, UserId};
use crate::domain::incident::{Happening, Incident, State};
use crate::domain::quiet::{Covered, Quiet, Stands, Within};
use crate::domain::rca::{self, Rca};
use crate::domain::schedule::Override;
use crate::domain::stamp::At;
use crate::domain::worked::Worked;
use crate::domain::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Open incidents, and those that paged, told one by one.
pub const OPEN_MAX: usize = 30;
pub const PAGED_MAX: usize = 30;
/// Windows, announcements and overrides, of each kind.
pub const AHEAD_MAX: usize = 10;
/// An override so far ahead is told of.
const AHEAD_SECS: i64 = 14 * 24 * 60 * 60;
/// RCAs that are owed.
pub const RCAS_MAX: usize = 5;
/// Alerts that came most often.
pub const NOISY_MAX: usize = 3;

/// Which things a summary tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// The worst first.
    pub open: Vec<IncidentNo>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_open: usize,
    /// What paged in the shift, in order.
    pub paged: Vec<IncidentNo>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_paged: usize,
    /// How often somebody was asked in all, and how often at night.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pages: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nights: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiets: Vec<QuietId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announcements: Vec<AnnouncementNo>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<OverrideId>,
    /// Of those that paged: no playbook knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_playbook: Vec<IncidentNo>,
    /// RCAs that the team owes, the one that is due first, first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rcas: Vec<IncidentNo>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_rcas: usize,
}

fn is_zero(n: &usize) -> bool {
    *n == 0
}

/// The same, with what they were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub open: Vec<Open>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_open: usize,
    pub paged: Vec<Worked>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_paged: usize,
    /// How often somebody was asked in all, and how often at night.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pages: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nights: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiets: Vec<Quiet>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub announcements: Vec<Announcement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without_playbook: Vec<IncidentNo>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rcas: Vec<Owed>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_rcas: usize,
}

/// An RCA that was owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    pub no: IncidentNo,
    pub owner: UserId,
    /// `None`: its incident was opened again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
}

/// An incident that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    pub no: IncidentNo,
    pub service: ServiceId,
    pub urgency: Urgency,
    pub title: Arc<str>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub link: Arc<str>,
    pub opened: At,
    pub state: State,
    /// The newest that somebody noted, and who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<(UserId, Arc<str>)>,
    /// Its playbook, how many steps it has, which is next from 1, and whether somebody is stuck there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<(Arc<str>, u32, u32, bool)>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mitigated: bool,
}

impl Open {
    fn of(i: &Incident) -> Self {
        let run = i.run.as_ref().filter(|run| !run.is_at_its_end());
        Self {
            no: i.no,
            service: i.service.clone(),
            urgency: i.urgency,
            title: i.title.clone(),
            link: i.link.clone(),
            opened: i.opened,
            state: i.state.clone(),
            noted: i.timeline.iter().rev().find_map(|e| match &e.what {
                Happening::Noted { by, text } => Some((by.clone(), text.clone())),
                _ => None,
            }),
            run: run.map(|r| (r.playbook.title.clone(), r.steps(), r.next + 1, r.stuck.is_some())),
            mitigated: i.mitigated.is_some(),
        }
    }
}

impl Owed {
    fn of(rca: &Rca) -> Self {
        Self { no: rca.incident, owner: rca.owner.clone(), due: rca.due }
    }
}

impl Lists {
    /// Of this team, as things stand at `wall`. `shift`: what is looked back on, on the wall clock.
    pub fn of(w: &World, d: &Directory, team: &TeamId, shift: (At, At), wall: At) -> Self {
        let mut open: Vec<&Arc<Incident>> = w.open_incidents().filter(|i| i.team == *team).collect();
        open.sort_by_key(|i| (i.urgency != Urgency::High, i.tier, i.no));
        let more_open = open.len().saturating_sub(OPEN_MAX);
        open.truncate(OPEN_MAX);
        let paged = paged(w, team, shift);
        let asked = || paged.iter().flat_map(|worked| worked.paged_within(shift.0, shift.1));
        let (pages, nights) = (asked().count(), asked().filter(|(who, at)| at_night(d, who, *at)).count());
        let more_paged = paged.len().saturating_sub(PAGED_MAX);
        // The latest ones.
        let paged = &paged[more_paged..];
        let unknown = |worked: &&Worked| {
            let open = w.incident(worked.no).filter(|i| !i.closed);
            let is_unknown = open.map_or(worked.unknown, |i| crate::domain::playbook::best(d, i).is_none());
            worked.playbook.is_none() && is_unknown
        };
        let services = |service: &ServiceId| d.services.get(service).is_some_and(|s| s.team == *team);
        let schedules = schedules_of(d, team);
        let of_team = |scope: &Covered| match scope {
            Covered::Services(all) => all.iter().any(&services),
            Covered::Team(other) | Covered::Labels { within: Within::Team(other), .. } => other == team,
            Covered::Alert(key) => services(&key.service),
            Covered::Labels { within: Within::Service(service), .. } => services(service),
        };
        let lasts = |q: &&Quiet| !matches!(q.stands, Stands::Ended { .. }) && q.until > wall && of_team(&q.scope);
        let about = |a: &&Announcement| match &a.of {
            None => true,
            Some(Scope::Team(other)) => other == team,
            Some(Scope::Service(service)) => services(service),
        };
        let ahead =
            |o: &&Override| o.from > wall && o.from < wall.plus_secs(AHEAD_SECS) && schedules.contains(&o.schedule);
        let owed = rca::owed(w, |rca| rca.team == *team);
        Self {
            open: open.iter().map(|i| i.no).collect(),
            more_open,
            without_playbook: paged.iter().filter(unknown).map(|worked| worked.no).collect(),
            paged: paged.iter().map(|worked| worked.no).collect(),
            more_paged,
            pages,
            nights,
            quiets: w.quiets.values().filter(lasts).map(|q| q.id).take(AHEAD_MAX).collect(),
            announcements: w.announcements.values().filter(about).map(|a| a.no).take(AHEAD_MAX).collect(),
            overrides: w.overrides.values().filter(ahead).map(|o| o.id).take(AHEAD_MAX).collect(),
            more_rcas: owed.len().saturating_sub(RCAS_MAX),
            rcas: owed.iter().take(RCAS_MAX).map(|rca| rca.incident).collect(),
        }
    }

    /// What they are now.
    pub fn report(&self, w: &World, team: &TeamId) -> Report {
        Report {
            open: self.open.iter().filter_map(|no| w.incident(*no)).map(|i| Open::of(i)).collect(),
            more_open: self.more_open,
            paged: self.paged.iter().filter_map(|no| worked(w, *no)).collect(),
            more_paged: self.more_paged,
            pages: self.pages,
            nights: self.nights,
            quiets: self.quiets.iter().filter_map(|id| w.quiets.get(id)).cloned().collect(),
            announcements: self.announcements.iter().filter_map(|no| w.announcements.get(no)).cloned().collect(),
            overrides: self.overrides.iter().filter_map(|id| w.overrides.get(id)).cloned().collect(),
            without_playbook: self.without_playbook.clone(),
            rcas: self.rcas.iter().filter_map(|no| w.rcas.get(no)).map(|rca| Owed::of(rca)).collect(),
            more_rcas: self.more_rcas,
            notes: w.handoff_notes.get(team).map(|notes| notes.to_vec()).unwrap_or_default(),
        }
    }
}

impl Report {
    /// Nothing paged, nothing is open, and nobody has anything to say. Who stands in for whom later makes no shift loud.
    pub fn is_quiet(&self) -> bool {
        self.open.is_empty()
            && self.paged.is_empty()
            && self.quiets.is_empty()
            && self.notes.is_empty()
            && self.announcements.is_empty()
    }

    /// The titles that paged most often, more than once, and how often; of services that may be read about.
    pub fn noisiest(&self, may: impl Fn(&ServiceId) -> bool) -> Vec<(&str, usize)> {
        let mut all: BTreeMap<(&ServiceId, &str), usize> = BTreeMap::new();
        for worked in self.paged.iter().filter(|worked| may(&worked.service)) {
            *all.entry((&worked.service, &worked.title)).or_default() += 1;
        }
        let mut all: Vec<(&str, usize)> = all.into_iter().map(|((_, title), n)| (title, n)).collect();
        all.retain(|(_, n)| *n > 1);
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all.truncate(NOISY_MAX);
        all
    }
}

/// What paged somebody of this team's incidents within a while, in order.
fn paged(w: &World, team: &TeamId, (from, until): (At, At)) -> Vec<Worked> {
    // What is closed is told of from its few lines alone, whether it happens to be in memory or not.
    let open = w.incidents.values().filter(|i| i.team == *team && !i.closed).map(|i| Worked::of(i));
    let closed = w.worked.values().filter(|worked| worked.team == *team && !is_open(w, worked.no));
    let mut all: Vec<Worked> = open.chain(closed.map(|worked| (**worked).clone())).collect();
    all.retain(|worked| worked.paged_within(from, until).next().is_some());
    all.sort_by_key(|worked| (worked.paged_within(from, until).map(|(_, at)| *at).min(), worked.no));
    all
}

fn worked(w: &World, no: IncidentNo) -> Option<Worked> {
    let open = w.incident(no).filter(|i| !i.closed).map(|i| Worked::of(i));
    open.or_else(|| w.worked.get(&no).map(|worked| (**worked).clone()))
}

fn is_open(w: &World, no: IncidentNo) -> bool {
    w.incident(no).is_some_and(|i| !i.closed)
}

/// All schedules by which the policies of the team's services ask.
fn schedules_of(d: &Directory, team: &TeamId) -> Vec<ScheduleId> {
    let policies = d.services.values().filter(|s| s.team == *team).filter_map(|s| d.policies.get(&s.policy));
    let targets = policies.flat_map(|p| &p.steps).flat_map(|s| &s.targets);
    let schedule = |target: &Target| match target {
        Target::Schedule(id) => Some(id.clone()),
        Target::User(_) | Target::Channel(_) => None,
    };
    targets.filter_map(schedule).collect()
}
