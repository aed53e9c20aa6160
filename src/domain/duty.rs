//! What being on call means for one person: by which schedules, until when, and who is asked when they do not answer.

use super::call::Asked;
use super::condition::Case;
use super::decision::Decision;
use super::directory::{Directory, Policy, Service, Step, Target, Urgency, User};
use super::id::{ScheduleId, ServiceId, UserId};
use super::schedule::{Override, Schedule, resolve, shifts, takeover};
use super::stamp::{At, Stamp};
use super::world::World;
use super::{dnd, escalation};

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
fn above(world: &World, directory: &Directory, stamp: Stamp, id: &ScheduleId, user: &UserId) -> Vec<UserId> {
    let asks = |s: &Step| s.targets.contains(&Target::Schedule(id.clone()));
    let higher = directory.policies.values().find_map(|p| {
        let level = p.steps.iter().position(asks)?;
        p.steps.get(level + 1..)
    });
    let asked = |step: &Step| {
        let mut asked = who_would_be_asked(world, directory, stamp, std::slice::from_ref(step));
        asked.retain(|u| u != user);
        asked
    };
    // One that hours or an empty schedule leave out is passed over.
    higher.unwrap_or_default().iter().map(asked).find(|asked| !asked.is_empty()).unwrap_or_default()
}

/// Everybody these steps would ask now, for some incident.
pub fn who_would_be_asked(world: &World, directory: &Directory, stamp: Stamp, steps: &[Step]) -> Vec<UserId> {
    // Nothing is decided on this copy.
    let mut world = world.clone();
    let case = Case { tier: None, labels: None, hours: &directory.hours, wall: stamp.wall };
    escalation::who_would_be_asked(&Decision::new(&mut world, directory, stamp), steps, case)
}

/// Whom a call by this policy would ask first, for an incident of this tier without labels.
pub fn who_first(world: &World, directory: &Directory, stamp: Stamp, policy: &Policy, tier: u8) -> Vec<Asked> {
    let mut world = world.clone();
    let case = Case { tier: Some(tier), labels: Some(""), hours: &directory.hours, wall: stamp.wall };
    escalation::who_first(&Decision::new(&mut world, directory, stamp), policy, case)
}

/// Until when no page to this person may make a sound, on the wall clock; `None`: one does.
pub fn out_of_hearing(world: &World, directory: &Directory, stamp: Stamp, user: &User) -> Option<At> {
    let mut world = world.clone();
    dnd::out_of_hearing(&Decision::new(&mut world, directory, stamp), user)
}

/// A level of a policy that names a person, whoever is on call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// From 1.
    pub level: usize,
    /// The services that ask by this policy, but for those of low urgency: they ask nobody by themselves.
    pub services: Vec<ServiceId>,
}

/// Where `user` is asked by name: of each policy that a service asks by, the first level.
pub fn named(directory: &Directory, user: &UserId) -> Vec<Named> {
    let asks = |s: &Step| s.targets.contains(&Target::User(user.clone()));
    let pages_by = |s: &Service, policy: &Policy| s.policy == policy.id && s.urgency == Urgency::High;
    let named = |policy: &Policy| {
        let level = policy.steps.iter().position(asks)? + 1;
        let services = directory.services.values().filter(|s| pages_by(s, policy)).map(|s| s.id.clone());
        let services: Vec<ServiceId> = services.collect();
        (!services.is_empty()).then_some(Named { level, services })
    };
    directory.policies.values().filter_map(named).collect()
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

/// A schedule that a policy asks besides `schedule`, and that `user` carries for a part of [`from`, `until`) as well:
/// carrying both, they are asked twice, and nobody else in between.
pub fn also_carried(
    world: &World,
    directory: &Directory,
    schedule: &ScheduleId,
    user: &UserId,
    (from, until): (At, At),
) -> Option<ScheduleId> {
    let asks = |p: &&Policy| p.steps.iter().any(|s| s.targets.contains(&Target::Schedule(schedule.clone())));
    let targets = directory.policies.values().filter(asks).flat_map(|p| &p.steps).flat_map(|s| &s.targets);
    let others = targets.filter_map(|t| match t {
        Target::Schedule(other) if other != schedule => directory.schedules.get(other),
        Target::Schedule(_) | Target::User(_) | Target::Channel(_) => None,
    });
    let overrides: Vec<&Override> = world.overrides.values().collect();
    let carries = |other: &&Schedule| {
        let mut shifts = shifts(other, &overrides, from).take(HANDOFFS).take_while(|shift| shift.from < until);
        shifts.any(|shift| shift.who.as_ref() == Some(user))
    };
    others.into_iter().find(carries).map(|s| s.id.clone())
}

/// One shift ahead, on the wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    pub schedule: ScheduleId,
    pub from: At,
    pub until: At,
}

/// How far ahead coming shifts are looked for, and how many of each schedule.
const AHEAD_SECS: i64 = 60 * 24 * 60 * 60;
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
