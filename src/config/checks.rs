//! What can be wrong with a configuration whose every line is right: nobody would be reached, the wrong people would
//! read it, or something in it is of no use.

use super::app::AppConfig;
use super::complaint::Notes;
use super::keys::variable_for;
use super::outlook::names_nobody_new;
use super::people::UserPlace;
use super::places::Places;
use super::reader::Found;
use super::{span, suggest};
use crate::domain::condition::When;
use crate::domain::directory::{Directory, Method, PersonalRule, Policy, Target, Team, Urgency, User};
use crate::domain::gaps;
use crate::domain::id::{ChannelId, HoursId, UserId};
use crate::domain::reach;
use crate::domain::schedule::{Layer, Member, local_instant};
use crate::domain::stamp::At;
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Checks<'a> {
    pub notes: &'a Notes,
    pub places: &'a Places,
    pub directory: &'a Directory,
    pub app: &'a AppConfig,
}

fn listed<'t>(tiers: impl IntoIterator<Item = &'t u8>) -> String {
    tiers.into_iter().map(u8::to_string).collect::<Vec<_>>().join(", ")
}

const NOBODY: &str = "can reach nobody: none of its targets has a Slack id or an e-mail address";

impl Checks<'_> {
    pub fn all(&self, users: &[UserPlace]) {
        self.catch_all();
        self.directory.policies.values().for_each(|policy| self.policy(policy));
        users.iter().for_each(|place| self.user(place));
        self.private();
        self.unused();
        self.teams();
        self.anybody_woken();
        self.any_admin();
        self.sla();
        self.thresholds();
        self.telephone();
    }

    pub(super) fn at(&self, thing: &str, key: &str) -> usize {
        self.places.at(thing, key)
    }

    /// A policy, and each of its steps, must be able to reach somebody.
    fn policy(&self, policy: &Policy) {
        let thing = format!("policy.{}", policy.id);
        let name = format!("[{thing}]");
        if policy.steps.is_empty() {
            return;
        }
        if !policy.steps.iter().any(|step| self.reaches(&step.targets)) {
            let found = format!("id = \"{}\"", policy.id);
            let mend = "give somebody in it slack = \"U…\" or email";
            return self.notes.complain(self.at(&thing, "id"), &name, &found, NOBODY, mend);
        }
        for (step, number) in policy.steps.iter().zip(1..) {
            if !self.reaches(&step.targets) {
                let at = self.at(&thing, &format!("step {number}"));
                let mend = "give somebody in it slack = \"U…\" or email, or leave the step out";
                self.notes.warn(at, &format!("{name} step {number}"), "", NOBODY, mend);
            }
        }
        self.conditions(policy, &thing, &name);
        for ((before, step), number) in policy.steps.iter().zip(policy.steps.iter().skip(1)).zip(2..) {
            if names_nobody_new(step, before) {
                let at = self.at(&thing, &format!("step {number}"));
                let wrong = format!("names nobody but whom step {} asks already", number - 1);
                let mend = "name somebody else, or leave it so if they are to be asked twice";
                self.notes.aside(at, &format!("{name} step {number}"), "", &wrong, mend);
            }
        }
    }

    /// Steps that never ask, and incidents for which no step does.
    fn conditions(&self, policy: &Policy, thing: &str, name: &str) {
        let of_service = self.directory.services.values().filter(|s| s.policy == policy.id).map(|s| s.tier);
        let tiers: BTreeSet<u8> = of_service.collect();
        for (step, number) in policy.steps.iter().zip(1..) {
            let wanted = &step.when.tiers;
            if !tiers.is_empty() && !wanted.is_empty() && !wanted.iter().any(|tier| tiers.contains(tier)) {
                let at = self.at(thing, &format!("step {number}"));
                let wrong = format!("asks for no service: none with this policy is of tier {}", listed(wanted));
                let mend = format!("write tiers = [{}], or leave it out", listed(&tiers));
                self.notes.warn(at, &format!("{name} step {number}"), "", &wrong, &mend);
            }
        }
        let only = |when: When| policy.steps.iter().any(|step| step.when == when);
        let by_hours = |id: &HoursId| {
            only(When { during: Some(id.clone()), ..When::default() })
                && only(When { outside: Some(id.clone()), ..When::default() })
        };
        let by_tiers = |tiers: &BTreeSet<u8>| {
            let plain =
                policy.steps.iter().filter(|s| s.when == When { tiers: s.when.tiers.clone(), ..When::default() });
            let covered: BTreeSet<u8> = plain.flat_map(|s| s.when.tiers.iter().copied()).collect();
            !tiers.is_empty() && tiers.is_subset(&covered)
        };
        let is_whole = only(When::default()) || self.directory.hours.keys().any(by_hours) || by_tiers(&tiers);
        if !is_whole {
            let wrong =
                "has a condition on every step: an incident that fits none of them goes to the catch-all at once";
            let mend = "leave one step without, or make sure that they fit every incident";
            self.notes.warn(self.at(thing, "id"), name, "", wrong, mend);
        }
    }

    /// Alertmanager sends again what goes on firing, and each of that counts.
    fn thresholds(&self) {
        let services = self.directory.services.values();
        for service in services.filter(|s| self.directory.alertmanagers.contains_key(&s.id)) {
            let Some(threshold) = service.threshold else { continue };
            let thing = format!("service.{}", service.id);
            let within = span::show(threshold.within_secs);
            let found = format!("threshold = {{ events = {}, within = \"{within}\" }}", threshold.events);
            let wrong = "counts what Alertmanager sends again: an alert that goes on firing is one more event each \
                         repeat_interval, and whenever another of its group fires or clears";
            let mend = format!(
                "write a repeat_interval longer than {within} and a group_by that keeps alerts apart, or wait in the alert's \
                 rule (for) or by hold instead"
            );
            self.notes.warn(self.at(&thing, "threshold"), &format!("[{thing}]"), &found, wrong, &mend);
        }
    }

    /// What nobody answered must reach somebody.
    fn catch_all(&self) {
        let targets = &self.directory.catch_all;
        if !targets.is_empty() && !self.reaches(targets) {
            let mend = "add somebody with slack = \"U…\" or email, or \"channel:NAME\"";
            self.notes.complain(self.at("", "catch_all"), "", "catch_all", NOBODY, mend);
        }
    }

    /// Somebody who is paged must be reachable, and in time.
    fn user(&self, place: &UserPlace) {
        let Some(user) = self.directory.users.get(&place.user.value) else { return };
        let name = format!("[user.{}]", user.id);
        let mut asked = false;
        // The shortest step that asks this person, by policy: a later rule never rings there.
        let mut too_late: BTreeMap<(i64, usize), BTreeSet<&str>> = BTreeMap::new();
        for policy in self.directory.policies.values() {
            for step in policy.steps.iter().filter(|step| self.people(&step.targets).contains(&user.id)) {
                asked = true;
                // By low urgency nobody is asked level by level.
                let high = place.rules.iter().enumerate().filter(|(_, r)| r.value.only != Some(Urgency::Low));
                for (index, rule) in high {
                    if rule.value.delay_secs >= step.delay_secs {
                        too_late.entry((step.delay_secs, index)).or_default().insert(policy.id.as_str());
                    }
                }
            }
        }
        if asked && user.slack.is_none() && user.email.is_none() {
            let mend = "write slack = \"U…\", the member id from the Slack profile, or email";
            self.notes.warn(place.user.at, &name, "", "is paged by a policy but has no Slack id and no e-mail", mend);
        }
        self.rules(place, user, asked);
        // PRODUCT: a personal method later than the step it serves never rings.
        for ((delay, index), policies) in too_late {
            let Some(rule) = place.rules.get(index) else { continue };
            let (rung, policies) = (span::show(delay), policies.into_iter().collect::<Vec<_>>().join(", "));
            let wrong = format!("never rings for policy {policies}, where the step lasts {rung}");
            let mend = format!("write a delay below {rung}, or give the step longer");
            self.notes.complain(rule.at, &name, &rule.shown, &wrong, &mend);
        }
        if !asked && !self.is_somewhere(&user.id) && !user.admin {
            let wrong = "is in no team, schedule or policy: nobody will ever page them";
            self.notes.aside(place.user.at, &name, "", wrong, "name them where they belong, or leave them out");
        }
    }

    /// A rule that reaches nobody is a page that is missed.
    fn rules(&self, place: &UserPlace, user: &User, asked: bool) {
        let name = format!("[user.{}]", user.id);
        for rule in &place.rules {
            let method = match rule.value.method {
                Method::Slack | Method::Hook(_) => continue,
                Method::Sms => "method = \"sms\"",
                Method::Voice => "method = \"voice\"",
            };
            if user.phone.is_none() {
                let mend = "add phone = \"+351 912 345 678\", above the rules";
                self.notes.complain(rule.at, &name, method, "has no number to go to", mend);
            } else if self.directory.twilio.is_none() {
                let mend = "add [twilio] with account_sid, auth_token_env and from";
                self.notes.complain(rule.at, &name, method, "has nobody to carry it", mend);
            }
        }
        let is_high = |rule: &&Found<PersonalRule>| rule.value.only != Some(Urgency::Low);
        if asked && !place.rules.is_empty() && !place.rules.iter().any(|rule| is_high(&rule)) {
            let mend = "add a [[user.rule]] without urgency";
            self.notes.complain(
                place.user.at,
                &name,
                "",
                "is paged by a policy, and all rules are for low urgency",
                mend,
            );
        }
    }

    /// Texts and calls go out; whether answers to them come in depends on an address.
    fn telephone(&self) {
        if self.directory.twilio.is_some() && self.directory.public_url.is_none() {
            let wrong = "sends texts and calls that nobody can answer: replies and key presses have no way in";
            let mend = "add public_url = \"https://pager.example.com\" at the top: docs/telephone.md";
            self.notes.warn(self.at("", "twilio"), "[twilio]", "", wrong, mend);
        }
    }

    fn is_somewhere(&self, user: &UserId) -> bool {
        let directory = self.directory;
        let in_schedule = || directory.schedules.values().any(|s| s.people().any(|member| member == user));
        directory.teams.values().any(|team| team.members.contains(user))
            || in_schedule()
            || self.people(&directory.catch_all).contains(user)
    }

    /// A private service speaks in private channels only. What cannot be posted goes to the admin channel.
    fn private(&self) {
        let directory = self.directory;
        let hidden: Vec<&str> = directory.services.values().filter(|s| s.private).map(|s| s.id.as_str()).collect();
        if hidden.is_empty() {
            return;
        }
        let is_private = |id: &ChannelId| directory.private_channels.contains(id);
        let name_of = |id: &ChannelId| {
            let known = self.app.channels.iter().find(|c| c.id == *id);
            known.map_or(id.as_str(), |c| c.name.as_str()).to_owned()
        };
        let privates = self.app.channels.iter().filter(|c| c.private).map(|c| c.name.as_str());
        let choose = |key: &str, instead_of: &str| {
            let choice = suggest::one_of("", privates.clone());
            let choice = choice.strip_prefix("write one of: ").filter(|names| !names.is_empty());
            let choice = choice.map_or_else(|| "make a private channel".to_owned(), |n| format!("one of: {n}"));
            format!(
                "write {key} = \"…\" ({choice}), or private = true in [channel.{instead_of}] if it is private in Slack"
            )
        };
        for service in directory.services.values().filter(|s| s.private && !is_private(&s.channel)) {
            let (thing, channel) = (format!("service.{}", service.id), name_of(&service.channel));
            let wrong = format!("but its channel, #{channel}, is not a private one");
            let mend = choose("channel", &channel);
            self.notes.complain(self.at(&thing, "private"), &format!("[{thing}]"), "private = true", &wrong, &mend);
        }
        if !is_private(&directory.admin_channel) {
            let channel = &self.app.admin_channel;
            let wrong =
                format!("is not private, and hears what private services ({}) cannot say elsewhere", hidden.join(", "));
            let found = format!("admin_channel = \"{channel}\"");
            self.notes.complain(self.at("", "admin_channel"), "", &found, &wrong, &choose("admin_channel", channel));
        }
        for target in &directory.catch_all {
            if let Target::Channel(id) = target
                && !is_private(id)
            {
                let found = format!("\"channel:{}\" in catch_all", name_of(id));
                let wrong = format!(
                    "is public: of private services ({}) it hears that somebody is needed, and not what for",
                    hidden.join(", ")
                );
                self.notes.aside(self.at("", "catch_all"), "", &found, &wrong, "");
            }
        }
    }

    /// Services that hear nothing, policies, schedules and layers that lead from nowhere.
    fn unused(&self) {
        let directory = self.directory;
        for service in directory.services.values() {
            let has_heartbeat = || directory.heartbeats.values().any(|h| h.service == service.id);
            if !self.app.keys.iter().any(|key| key.service == service.id) && !has_heartbeat() {
                let thing = format!("service.{}", service.id);
                let mend = format!("add [[service.key]] with key_env = \"{}\"", variable_for(&service.id));
                let wrong = "has no key: no monitor can send events for it";
                self.notes.warn(self.at(&thing, "id"), &format!("[{thing}]"), "", wrong, &mend);
            }
        }
        for policy in directory.policies.keys() {
            if !directory.services.values().any(|s| s.policy == *policy) {
                let thing = format!("policy.{policy}");
                let mend = "name it in a [[service]], or leave it out";
                self.notes.warn(self.at(&thing, "id"), &format!("[{thing}]"), "", "is used by no service", mend);
            }
        }
        let asked = gaps::asked(directory);
        for (id, schedule) in &directory.schedules {
            let thing = format!("schedule.{id}");
            let (at, name) = (self.at(&thing, "id"), format!("[{thing}]"));
            if !asked.contains(id) {
                let wrong = "is asked by no policy: it shows who is on call, and pages nobody";
                self.notes.aside(at, &name, "", wrong, "name it in a step: \"schedule:ID\"");
            }
            let starts: Vec<At> = schedule.layers.iter().map(begins).collect();
            for (index, start) in starts.iter().enumerate() {
                let hides = |above: &usize| starts[*above] <= *start && has_somebody_always(&schedule.layers[*above]);
                if let Some(above) = (index + 1..starts.len()).find(hides) {
                    let wrong = format!("layer {} is never used: layer {} begins no later", index + 1, above + 1);
                    self.notes.warn(at, &name, "", &wrong, "put the layer that begins first on top, or leave it out");
                }
            }
        }
    }

    /// Two teams may share a channel; two that have nobody in common seldom mean to.
    fn teams(&self) {
        let teams: Vec<&Team> = self.directory.teams.values().collect();
        for (index, team) in teams.iter().enumerate() {
            let odd = |other: &&&Team| {
                other.channel == team.channel && !other.members.iter().any(|member| team.members.contains(member))
            };
            if let Some(other) = teams[..index].iter().find(odd) {
                let thing = format!("team.{}", team.id);
                let wrong = format!("has the same channel as [team.{}], and nobody is in both", other.id);
                let mend = "give each its own, or leave it so if it is meant";
                self.notes.aside(self.at(&thing, "channel"), &format!("[{thing}]"), "", &wrong, mend);
            }
        }
    }

    /// A pager that wakes nobody is a list.
    fn anybody_woken(&self) {
        let services = &self.directory.services;
        let low = services.values().all(|s| s.urgency == Urgency::Low);
        let raised = self.directory.keys.values().any(|key| key.urgency == Some(Urgency::High));
        if let Some(first) = self.app.services.first().filter(|_| low && !raised) {
            let thing = format!("service.{first}");
            let wrong = "and every other service has urgency = \"low\": nobody is ever woken";
            let mend = "write urgency = \"high\" where somebody should be";
            self.notes.warn(self.at(&thing, "urgency"), &format!("[{thing}]"), "", wrong, mend);
        }
    }

    /// Whoever asks to be added waits for an admin.
    fn any_admin(&self) {
        if !self.directory.users.values().any(|user| user.admin) {
            let found = format!("admin_channel = \"{}\"", self.app.admin_channel);
            let wrong = "hears who asks to be added, and nobody may decide: no user is an admin";
            let mend = "write admin = true in the [[user]] of whoever may";
            self.notes.warn(self.at("", "admin_channel"), "", &found, wrong, mend);
        }
    }

    fn reaches(&self, targets: &[Target]) -> bool {
        let channel = targets.iter().any(|target| matches!(target, Target::Channel(_)));
        let rules = |user| reach::rules(self.directory, user, Urgency::High);
        let reachable = |user: &UserId| self.directory.users.get(user).is_some_and(|u| !rules(u).is_empty());
        channel || self.people(targets).into_iter().any(reachable)
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
                    people.extend(self.directory.schedules.get(schedule).into_iter().flat_map(|s| s.people()));
                }
                Target::Channel(_) => {}
            }
        }
        people
    }
}

fn begins(layer: &Layer) -> At {
    local_instant(layer.tz, layer.rotation.start.and_time(layer.rotation.handoff))
}

/// From its beginning on, at every hour.
fn has_somebody_always(layer: &Layer) -> bool {
    let always = |m: &Member| m.from.is_none() && m.until.is_none();
    layer.hours.is_empty() && layer.until.is_none() && layer.rotation.members.iter().any(always)
}
