//! Times ahead at which nobody is on call. Whoever is told of one in time can still put somebody there.

use super::directory::{Directory, Target};
use super::id::{IncidentNo, ScheduleId, UserId};
use super::incident::State;
use super::schedule::{Gap, Override, gaps};
use super::stamp::At;
use super::world::World;
use std::collections::BTreeSet;

/// A calendar, and the gaps people ask for, reach this far ahead.
pub const CALENDAR_SECS: i64 = 14 * 24 * 60 * 60;
/// A gap is told this long before it begins.
pub const WARN_SECS: i64 = 3 * 24 * 60 * 60;
/// Shifts looked at in one schedule: two weeks of hours, and many overrides.
pub const SHIFTS: usize = 500;

/// Gaps of one schedule that begin within the coming two weeks.
pub fn within_two_weeks(world: &World, directory: &Directory, id: &ScheduleId, wall: At) -> Vec<Gap> {
    soon(world, directory, id, wall, CALENDAR_SECS)
}

/// Gaps that begin within [`WARN_SECS`], or last already, of every schedule that anybody is asked by.
pub fn ahead(world: &World, directory: &Directory, wall: At) -> Vec<(ScheduleId, Gap)> {
    let of = |id: ScheduleId| {
        let gaps = soon(world, directory, &id, wall, WARN_SECS);
        gaps.into_iter().map(move |gap| (id.clone(), gap))
    };
    asked(directory).into_iter().cloned().flat_map(of).collect()
}

/// Incidents that somebody has who is not in the configuration any more. At high urgency they are triggered again when
/// nobody answers for them in time; at low urgency they wait for ever.
pub fn left_behind(world: &World, directory: &Directory) -> Vec<(IncidentNo, UserId)> {
    let open = world.incidents.values().filter(|i| !i.closed && !matches!(i.state, State::Resolved { .. }));
    let held = open.filter_map(|i| Some((i.no, i.responder()?.clone())));
    held.filter(|(_, user)| !directory.users.contains_key(user)).collect()
}

/// The schedules that a policy or the catch-all asks.
pub fn asked(directory: &Directory) -> BTreeSet<&ScheduleId> {
    let steps = directory.policies.values().flat_map(|p| &p.steps).flat_map(|s| &s.targets);
    let targets = steps.chain(&directory.catch_all);
    let schedules = targets.filter_map(|target| match target {
        Target::Schedule(id) => Some(id),
        Target::User(_) | Target::Channel(_) => None,
    });
    schedules.collect()
}

fn soon(world: &World, directory: &Directory, id: &ScheduleId, wall: At, secs: i64) -> Vec<Gap> {
    let overrides: Vec<&Override> = world.overrides.values().collect();
    let schedule = directory.schedules.get(id);
    schedule.map(|s| gaps(s, &overrides, (wall, wall.plus_secs(secs)), SHIFTS)).unwrap_or_default()
}
