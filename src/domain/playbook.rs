//! What is to be done about an alert, step by step: which alerts a playbook is for, and what stands in it.
//!
//! Absent on purpose: Markdown, and Slack's markup. A file is read into words once, and `views` draws them.

use super::directory::Directory;
use super::id::{PlaybookId, ServiceId, TeamId};
use super::incident::Incident;
use super::routing::{AnyOf, Glob};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playbook {
    pub id: PlaybookId,
    pub title: Arc<str>,
    /// It is offered for an alert that any of these fits.
    pub matches: Vec<Match>,
    /// Of the alerts it is for, when it is for one tier only.
    pub tier: Option<u8>,
    pub owner: TeamId,
    pub last_reviewed: NaiveDate,
    /// What stands before the first heading: what the alert means, and what not to do.
    pub aim: Vec<Words>,
    pub sections: Vec<Section>,
}

/// Fits an alert for which all holds that is given here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// One of them has the alert. Empty: any.
    pub services: Vec<ServiceId>,
    /// By the label's name. A label that the alert does not have fits nothing.
    pub labels: BTreeMap<String, Glob>,
    /// One of them is the alert's title.
    pub titles: Option<AnyOf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Empty for steps that stand before any heading.
    pub heading: Arc<str>,
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Says(Words),
    Step(Step),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub words: Words,
    pub details: Vec<Words>,
    /// To be copied.
    pub command: Option<Arc<str>>,
    /// How long it may take, in seconds.
    pub within_secs: Option<i64>,
    /// What to do when that is over, in the file's own words.
    pub then: Option<Arc<str>>,
}

pub type Words = Vec<Piece>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    Plain(String),
    Strong(String),
    Emphasis(String),
    Code(String),
    Link {
        words: String,
        url: String,
    },
    /// Goes on at that section, counted from 0.
    Jump {
        words: String,
        section: usize,
    },
    /// Pages a team.
    Page {
        words: String,
        team: TeamId,
    },
}

impl Match {
    pub fn fits(&self, i: &Incident) -> bool {
        let service = self.services.is_empty() || self.services.contains(&i.service);
        let lines = || i.labels.lines().filter_map(|line| line.split_once(": "));
        let has = |(name, wanted): (&String, &Glob)| lines().any(|(found, value)| found == name && wanted.fits(value));
        service && self.labels.iter().all(has) && self.titles.as_ref().is_none_or(|titles| titles.fits(&i.title))
    }

    /// How much it asks for: of two that fit, the one that asks for more knows the alert better. Conditions first, then
    /// those without a `*`.
    pub fn rank(&self) -> (usize, usize) {
        let is_exact = |glob: &&Glob| !glob.0.contains('*');
        let titles = self.titles.as_ref().is_some_and(|titles| titles.0.iter().all(|t| is_exact(&t)));
        let all = self.labels.len() + usize::from(self.titles.is_some()) + usize::from(!self.services.is_empty());
        (all, self.labels.values().filter(is_exact).count() + usize::from(titles))
    }

    /// Is there an alert that both fit, and neither knows better? May say no where it is so.
    pub fn ties_with(&self, other: &Self) -> bool {
        let meet = |a: &Glob, b: &Glob| a.fits(&b.0) || b.fits(&a.0);
        let services = self.services.is_empty() && other.services.is_empty()
            || self.services.iter().any(|service| other.services.contains(service));
        let labels = self.labels.len() == other.labels.len()
            && self.labels.iter().all(|(name, a)| other.labels.get(name).is_some_and(|b| meet(a, b)));
        let titles = match (&self.titles, &other.titles) {
            (None, None) => true,
            (Some(a), Some(b)) => a.0.iter().any(|a| b.0.iter().any(|b| meet(a, b))),
            (None, Some(_)) | (Some(_), None) => false,
        };
        self.rank() == other.rank() && services && labels && titles
    }
}

impl Playbook {
    /// How well it knows this alert; `None`: it is not for it.
    fn knows(&self, i: &Incident) -> Option<(usize, usize, bool)> {
        let of_tier = self.tier.is_none_or(|tier| tier == i.tier);
        let best = self.matches.iter().filter(|m| m.fits(i)).map(Match::rank).max();
        best.filter(|_| of_tier).map(|(conditions, exact)| (conditions, exact, self.tier.is_some()))
    }

    /// The number of the first step of this section, from 0; of one without steps, and of none, the next one there is.
    pub fn first_step_of(&self, section: usize) -> usize {
        let steps = |s: &Section| s.parts.iter().filter(|p| matches!(p, Part::Step(_))).count();
        self.sections.iter().take(section).map(steps).sum()
    }

    /// All its steps, those of the first section first.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.sections.iter().flat_map(|s| &s.parts).filter_map(|part| match part {
            Part::Step(step) => Some(step),
            Part::Says(_) => None,
        })
    }
}

/// The playbooks for what this incident is about, the best first; of those that know it equally well, by file name.
pub fn fitting<'d>(d: &'d Directory, i: &Incident) -> Vec<&'d Arc<Playbook>> {
    let known = d.playbooks.values().filter_map(|p| Some((Reverse(p.knows(i)?), p)));
    let mut all: Vec<_> = known.collect();
    all.sort_by_key(|(knows, p)| (*knows, p.id.clone()));
    all.into_iter().map(|(_, p)| p).collect()
}

/// The best of them.
pub fn best<'d>(d: &'d Directory, i: &Incident) -> Option<&'d Arc<Playbook>> {
    fitting(d, i).into_iter().next()
}
