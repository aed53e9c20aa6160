//! What being on call means for one person: by which schedules, until when, and who is asked when they do not answer.

use super::call::Asked;
use super::condition::{Case, When};
use super::decision::Decision;
use super::directory::{Directory, Policy, Service, Step, Target, Urgency, User};
use super::id::{ScheduleId, ServiceId, UserId};
use super::level;
use super::reach::{self, Silence};
use super::schedule::{Override, Schedule, resolve, shifts, takeover};
use super::stamp::{At, Stamp};
use super::world::World;

/// One schedule that a person carries now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duty {
    pub schedule: ScheduleId,
    /// When somebody else takes over, or nobody, however many shifts it is until then; on the wall clock. `None`: never, as
    /// far as anybody can tell.
    pub until: Option<At>,
    /// Who carries it then; nobody, where it is `None` and `until` is not.
    pub then: Option<UserId>,
    /// Whom the next level asks when they do not answer.
    pub above: Vec<UserId>,
}

/// Everything `user` carries now.
pub fn duties(world: &World, directory: &Directory, stamp: Stamp, user: &UserId) -> Vec<Duty> {
    let overrides: Vec<_> = world.overrides.values().collect();
    let duty = |schedule: &Schedule| {
        let now = resolve(schedule, overrides.iter().copied(), stamp.wall);
        (now.who.as_ref() == Some(user)).then(|| {
            let takeover = takeover(schedule, &overrides, stamp.wall);
            Duty {
                schedule: schedule.id.clone(),
                until: takeover.as_ref().map(|t| t.at),
                then: takeover.and_then(|t| t.who),
                above: above(world, directory, stamp, &schedule.id, user),
            }
        })
    };
    directory.schedules.values().filter_map(duty).collect()
}

/// Whom the next level after this schedule's asks that asks somebody now, by the first policy that asks it.
pub(super) fn above(world: &World, directory: &Directory, stamp: Stamp, id: &ScheduleId, user: &UserId) -> Vec<UserId> {
    let asks = |s: &Step| s.targets.contains(&Target::Schedule(id.clone()));
    let higher = directory.policies.values().find_map(|p| {
        let level = p.steps.iter().position(|s| asks(s) && can_ask(directory, p, s))?;
        Some(p.steps.get(level + 1..)?.iter().filter(|s| can_ask(directory, p, s)).collect::<Vec<&Step>>())
    });
    let asked = |step: &Step| {
        let mut asked = who_would_be_asked(world, directory, stamp, std::slice::from_ref(step));
        asked.retain(|u| u != user);
        asked
    };
    // One that hours or an empty schedule leave out is passed over.
    higher.unwrap_or_default().into_iter().map(asked).find(|asked| !asked.is_empty()).unwrap_or_default()
}

/// Everybody these steps would ask now, for some incident.
pub fn who_would_be_asked(world: &World, directory: &Directory, stamp: Stamp, steps: &[Step]) -> Vec<UserId> {
    // Nothing is decided on this copy.
    let mut world = world.clone();
    let case = Case { tier: None, labels: None, hours: &directory.hours, wall: stamp.wall, urgency: Urgency::High };
    level::who_would_be_asked(&Decision::new(&mut world, directory, stamp), steps, case)
}

/// Whom a call by this policy would ask first, for an incident of this tier without labels.
pub fn who_first(world: &World, directory: &Directory, stamp: Stamp, policy: &Policy, tier: u8) -> Vec<Asked> {
    let mut world = world.clone();
    let case =
        Case { tier: Some(tier), labels: Some(""), hours: &directory.hours, wall: stamp.wall, urgency: Urgency::High };
    level::who_first(&Decision::new(&mut world, directory, stamp), policy, case)
}

/// Until when no page to this person may make a sound, on the wall clock; `None`: one does. That Slack cannot be reached is
/// nobody's own silence, and told elsewhere.
pub fn out_of_hearing(world: &World, directory: &Directory, stamp: Stamp, user: &User) -> Option<At> {
    let mut world = world.clone();
    world.meta.slack_away = None;
    match reach::out_of_hearing(&Decision::new(&mut world, directory, stamp), user, Urgency::High) {
        Some(Silence::Until(until)) => Some(until),
        Some(Silence::SlackAway) | None => None,
    }
}

/// A level of a policy that names a person, whoever is on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// From 1.
    pub level: usize,
    /// Nobody can be asked before them.
    pub is_first: bool,
    /// The services for which it can ask, but for those of low urgency: they ask nobody by themselves.
    pub services: Vec<ServiceId>,
    /// What an alert or the hour must be besides, for it to ask.
    pub when: When,
}

/// Where `user` is asked by name: for each service the first level that names them, and as long as those have conditions
/// the next ones too.
pub fn named(directory: &Directory, user: &UserId) -> Vec<Named> {
    let names = |s: &Step| s.targets.contains(&Target::User(user.clone()));
    let mut all = Vec::new();
    for policy in directory.policies.values() {
        let pages_by_itself = |s: &&Service| s.urgency == Urgency::High;
        let mut left: Vec<&Service> = services_of(directory, policy).filter(pages_by_itself).collect();
        for (n, step) in policy.steps.iter().enumerate().filter(|(_, step)| names(step)) {
            let asked: Vec<&Service> = left.iter().copied().filter(|s| step.when.may_be_of(s.tier)).collect();
            let asks_before =
                |before: &Step, s: &Service| before.when.may_be_of(s.tier) && !before.when.is_never_with(&step.when);
            let is_first = |s: &&Service| !policy.steps.iter().take(n).any(|before| asks_before(before, s));
            let (first, later): (Vec<&Service>, Vec<&Service>) = asked.iter().partition(|s| is_first(s));
            // The services that are named say which tiers.
            let when = When { tiers: Vec::new(), ..step.when.clone() };
            if when.is_always() {
                left.retain(|s| !asked.iter().any(|a| a.id == s.id));
            }
            for (services, is_first) in [(first, true), (later, false)] {
                let services: Vec<ServiceId> = services.into_iter().map(|s| s.id.clone()).collect();
                if !services.is_empty() {
                    all.push(Named { level: n + 1, is_first, services, when: when.clone() });
                }
            }
        }
    }
    all
}

fn services_of<'a>(directory: &'a Directory, policy: &'a Policy) -> impl Iterator<Item = &'a Service> {
    directory.services.values().filter(|s| s.policy == policy.id)
}

/// Can this level ask for any service of its policy? One for tiers that none of them has never does. A policy without
/// services is not judged.
pub fn can_ask(directory: &Directory, policy: &Policy, step: &Step) -> bool {
    let mut all = services_of(directory, policy).peekable();
    all.peek().is_none() || all.any(|s| step.when.may_be_of(s.tier))
}

/// For what only a schedule is asked; `None`: by some level for every service of its policy, by several for different
/// things, or by none at all.
pub fn asked_only(directory: &Directory, schedule: &ScheduleId) -> Option<When> {
    let asks = |s: &&Step| s.targets.contains(&Target::Schedule(schedule.clone()));
    let levels = directory.policies.values().flat_map(|policy| {
        let levels = policy.steps.iter().filter(asks).filter(|step| can_ask(directory, policy, step));
        levels.map(|step| {
            let is_of_all = services_of(directory, policy).all(|s| step.when.may_be_of(s.tier));
            let tiers = if is_of_all { Vec::new() } else { step.when.tiers.clone() };
            When { tiers, ..step.when.clone() }
        })
    });
    let levels: Vec<When> = levels.collect();
    let first = levels.first().filter(|first| !first.is_always() && levels.iter().all(|when| when == *first));
    first.cloned()
}

/// Whom an override relieves, or whose turn comes back when it ends: everybody but `who` who would carry the schedule
/// for a part of [`from`, `until`) as things stand in `world`, the first of them first. At most [`RELIEVED_MAX`].
pub fn relieved(world: &World, schedule: &Schedule, (from, until): (At, At), who: &UserId) -> Vec<UserId> {
    let mut found: Vec<UserId> = Vec::new();
    let overrides: Vec<&Override> = world.overrides.values().collect();
    let shifts = shifts(schedule, &overrides, from).take(HANDOFFS).take_while(|shift| shift.from < until);
    for other in shifts.filter_map(|shift| shift.who).filter(|other| other != who) {
        if !found.contains(&other) && found.len() < RELIEVED_MAX {
            found.push(other);
        }
    }
    found
}

/// At most so many people are told of one override.
pub const RELIEVED_MAX: usize = 10;

/// Where else a policy asks somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Also {
    Schedule(ScheduleId),
    /// At this level, from 1, by name.
    ByName(usize),
}

/// Where a policy that asks `schedule` asks `user` as well, by name or by a schedule that they carry for a part of
/// [`from`, `until`): carrying both, they are asked twice, and nobody else in between.
pub fn also_carried(
    world: &World,
    directory: &Directory,
    schedule: &ScheduleId,
    user: &UserId,
    (from, until): (At, At),
) -> Option<Also> {
    let asks = |p: &&Policy| p.steps.iter().any(|s| s.targets.contains(&Target::Schedule(schedule.clone())));
    let asking: Vec<&Policy> = directory.policies.values().filter(asks).collect();
    let targets = asking.iter().flat_map(|p| &p.steps).flat_map(|s| &s.targets);
    let others = targets.filter_map(|t| match t {
        Target::Schedule(other) if other != schedule => directory.schedules.get(other),
        Target::Schedule(_) | Target::User(_) | Target::Channel(_) => None,
    });
    let overrides: Vec<&Override> = world.overrides.values().collect();
    let carries = |other: &&Schedule| {
        let mut shifts = shifts(other, &overrides, from).take(HANDOFFS).take_while(|shift| shift.from < until);
        shifts.any(|shift| shift.who.as_ref() == Some(user))
    };
    let carried = others.into_iter().find(carries).map(|s| Also::Schedule(s.id.clone()));
    // Beside the schedule in one level, they are asked once.
    let is_named = |s: &Step| {
        s.targets.contains(&Target::User(user.clone())) && !s.targets.contains(&Target::Schedule(schedule.clone()))
    };
    carried.or_else(|| asking.iter().find_map(|p| p.steps.iter().position(is_named)).map(|n| Also::ByName(n + 1)))
}

/// One shift ahead, on the wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    pub schedule: ScheduleId,
    pub from: At,
    pub until: At,
}

/// How far ahead coming shifts are looked for, and how many of each schedule.
pub(super) const AHEAD_SECS: i64 = 60 * 24 * 60 * 60;
const COMING_MOST: usize = 3;
/// Shifts looked at in one schedule: two months of hours.
const HANDOFFS: usize = 1_500;

/// The next shifts of `user`, the earliest first; one under way is not among them. Two that follow each other are two.
pub fn coming(world: &World, directory: &Directory, wall: At, user: &UserId) -> Vec<Coming> {
    let overrides: Vec<&Override> = world.overrides.values().collect();
    let mut all = Vec::new();
    for schedule in directory.schedules.values() {
        let ahead = shifts(schedule, &overrides, wall).take(HANDOFFS).skip(1);
        let soon = ahead.take_while(|shift| shift.from <= wall.plus_secs(AHEAD_SECS));
        let mine = soon.filter(|shift| shift.who.as_ref() == Some(user)).take(COMING_MOST);
        all.extend(mine.map(|s| Coming { schedule: schedule.id.clone(), from: s.from, until: s.until }));
    }
    all.sort_by_key(|c| (c.from, c.schedule.clone()));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A policy of these levels: each with the tiers it asks for, and whether it names Ana.
    fn office(levels: &[(&[u8], bool)], services: &[(&str, u8)]) -> Directory {
        let mut d = Directory::empty("C0ADMIN".into());
        let step = |(tiers, ana): &(&[u8], bool)| {
            let who = if *ana { "ana" } else { "ben" };
            let when = When { tiers: tiers.to_vec(), ..When::default() };
            Step { when, ..Step::all(vec![Target::User(who.into())], 300) }
        };
        let policy = Policy { id: "p".into(), steps: levels.iter().map(step).collect(), repeat: 0 };
        d.policies = [(policy.id.clone(), policy)].into();
        let service = |(id, tier): &(&str, u8)| {
            let service = Service::new((*id).into(), "team".into(), "p".into(), "C0PAY".into());
            Service { tier: *tier, urgency: Urgency::High, ..service }
        };
        d.services = services.iter().map(service).map(|s| (s.id.clone(), s)).collect();
        d
    }

    /// Level, whether first, and for which services.
    fn told(d: &Directory) -> Vec<(usize, bool, String)> {
        let services = |n: &Named| n.services.iter().map(ServiceId::as_str).collect::<Vec<_>>().join(" ");
        named(d, &"ana".into()).iter().map(|n| (n.level, n.is_first, services(n))).collect()
    }

    #[test]
    fn a_level_for_a_tier_that_nothing_has_is_not_ones_own() {
        let rare: &[(&[u8], bool)] = &[(&[], false), (&[3], true)];
        assert_eq!(told(&office(rare, &[("a", 1), ("b", 2)])), []);
        assert_eq!(told(&office(rare, &[("a", 1), ("c", 3)])), [(2, false, "c".to_owned())]);
    }

    #[test]
    fn who_is_asked_first_is_so_whatever_the_level_is_called() {
        let by_tier: &[(&[u8], bool)] = &[(&[1], false), (&[2], true), (&[], true)];
        let told = told(&office(by_tier, &[("a", 1), ("b", 2)]));
        assert_eq!(told, [(2, true, "b".to_owned()), (3, false, "a".to_owned())]);
    }

    #[test]
    fn as_long_as_a_level_has_conditions_the_next_one_is_told_too() {
        let mut d = office(&[(&[], true), (&[], true), (&[], true)], &[("a", 1)]);
        let policy = d.policies.get_mut(&"p".into()).expect("one");
        policy.steps[0].when.during = Some("office".into());
        assert_eq!(told(&d), [(1, true, "a".to_owned()), (2, false, "a".to_owned())]);
        assert_eq!(named(&d, &"ana".into())[0].when.during, Some("office".into()));
    }

    #[test]
    fn a_level_for_other_hours_is_nobody_before() {
        let mut d = office(&[(&[], false), (&[], true)], &[("a", 1)]);
        let policy = d.policies.get_mut(&"p".into()).expect("one");
        policy.steps[0].when.during = Some("office".into());
        assert_eq!(told(&d), [(2, false, "a".to_owned())]);
        d.policies.get_mut(&"p".into()).expect("one").steps[1].when.outside = Some("office".into());
        assert_eq!(told(&d), [(2, true, "a".to_owned())]);
    }
}
