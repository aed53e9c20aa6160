//! What can be wrong with a configuration whose every line is right: nobody would be reached.

use super::complaint::Notes;
use super::people::UserPlace;
use super::policies::PolicyPlace;
use super::span;
use crate::domain::directory::{Policy, Target, User};
use crate::domain::id::{ScheduleId, UserId};
use crate::domain::schedule::Schedule;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Checks<'a> {
    pub notes: &'a Notes,
    pub users: &'a BTreeMap<UserId, User>,
    pub schedules: &'a BTreeMap<ScheduleId, Schedule>,
}

impl Checks<'_> {
    /// A policy, and each of its steps, must be able to reach somebody.
    pub fn policy(&self, policy: &Policy, place: &PolicyPlace) {
        let name = format!("[policy.{}]", policy.id);
        if policy.steps.is_empty() {
            return;
        }
        if !policy.steps.iter().any(|step| self.reaches(&step.targets)) {
            let wrong = "can reach nobody: none of its targets has a Slack id";
            self.notes.complain(
                place.policy.at,
                &name,
                &place.policy.shown,
                wrong,
                "give somebody in it slack = \"U…\"",
            );
            return;
        }
        for ((step, at), number) in policy.steps.iter().zip(&place.steps).zip(1..) {
            if !self.reaches(&step.targets) {
                let name = format!("{name} step {number}");
                let wrong = "can reach nobody: none of its targets has a Slack id";
                self.notes.warn(*at, &name, "", wrong, "give somebody in it slack = \"U…\", or leave the step out");
            }
        }
    }

    /// What nobody answered must reach somebody.
    pub fn catch_all(&self, targets: &[Target], at: usize) {
        if !targets.is_empty() && !self.reaches(targets) {
            let wrong = "can reach nobody: none of its targets has a Slack id";
            self.notes.complain(at, "", "catch_all", wrong, "add somebody with slack = \"U…\", or \"channel:NAME\"");
        }
    }

    /// Somebody who is paged must be reachable, and in time.
    pub fn user(&self, place: &UserPlace, policies: &BTreeMap<crate::domain::id::PolicyId, Policy>) {
        let Some(user) = self.users.get(&place.user.value) else {
            return;
        };
        let name = format!("[user.{}]", user.id);
        let mut asked = false;
        // The shortest step that asks this person, by policy: a later rule never rings there.
        let mut too_late: BTreeMap<(i64, usize), BTreeSet<&str>> = BTreeMap::new();
        for policy in policies.values() {
            for step in policy.steps.iter().filter(|step| self.people(&step.targets).contains(&user.id)) {
                asked = true;
                for (index, rule) in place.rules.iter().enumerate() {
                    if rule.value.delay_secs >= step.delay_secs {
                        too_late.entry((step.delay_secs, index)).or_default().insert(policy.id.as_str());
                    }
                }
            }
        }
        if asked && user.slack.is_none() {
            let mend = "write slack = \"U…\", the member id from the Slack profile";
            self.notes.warn(place.user.at, &name, "", "is paged by a policy but has no Slack id", mend);
        }
        for ((delay, index), policies) in too_late {
            let Some(rule) = place.rules.get(index) else {
                continue;
            };
            let (rung, policies) = (span::show(delay), policies.into_iter().collect::<Vec<_>>().join(", "));
            let wrong = format!("never rings for policy {policies}, where the step lasts {rung}");
            let mend = format!("write a delay below {rung}, or give the step longer");
            self.notes.warn(rule.at, &name, &rule.shown, &wrong, &mend);
        }
    }

    fn reaches(&self, targets: &[Target]) -> bool {
        let channel = targets.iter().any(|target| matches!(target, Target::Channel(_)));
        channel || self.people(targets).iter().any(|user| self.users.get(*user).is_some_and(|u| u.slack.is_some()))
    }

    /// Everybody these targets may ask, sooner or later.
    fn people<'t>(&'t self, targets: &'t [Target]) -> BTreeSet<&'t UserId> {
        let mut people = BTreeSet::new();
        for target in targets {
            match target {
                Target::User(user) => {
                    people.insert(user);
                }
                Target::Schedule(schedule) => {
                    let layers = self.schedules.get(schedule).map(|s| s.layers.as_slice()).unwrap_or_default();
                    people.extend(layers.iter().flat_map(|layer| &layer.members));
                }
                Target::Channel(_) => {}
            }
        }
        people
    }
}
