//! Who is on call: overrides, handoffs, and what a new configuration changes.

use super::decision::Decision;
use super::directory::Directory;
use super::fact::Fact;
use super::id::{OverrideId, ScheduleId, UserId};
use super::input::OverrideRequest;
use super::people;
use super::refusal::Refusal;
use super::schedule::{Override, Schedule, resolve};
use super::{dnd, escalation, following};

/// The tz database the handoffs were computed with; kept with each of them.
const TZDATA: &str = chrono_tz::IANA_TZDB_VERSION;

/// Puts somebody else on call for a while.
pub(super) fn request_override(d: &mut Decision<'_>, r: &OverrideRequest) -> Result<(), Refusal> {
    let schedule = d.directory.schedules.get(&r.schedule).ok_or_else(|| Refusal::NoSuchSchedule(r.schedule.clone()))?;
    if !d.directory.users.contains_key(&r.user) {
        return Err(Refusal::NoSuchUser(r.user.clone()));
    }
    if r.until <= r.from {
        return Err(Refusal::OverrideEndsBeforeItStarts);
    }
    if r.until <= d.stamp.wall {
        return Err(Refusal::OverrideInThePast { until: r.until });
    }
    d.emit(Fact::OverrideSet(Override {
        id: OverrideId(d.world().meta.last_override.0 + 1),
        schedule: r.schedule.clone(),
        user: r.user.clone(),
        from: r.from,
        until: r.until,
        by: r.by.clone(),
    }));
    look_at(d, schedule);
    following::warn_of_empty_groups(d);
    Ok(())
}

/// Ends an override before its time. Who is being paged stays paged; whoever comes next is looked for anew.
pub(super) fn end_override(d: &mut Decision<'_>, id: OverrideId, by: &UserId) -> Result<(), Refusal> {
    let known = d.world().overrides.get(&id).filter(|o| o.until > d.stamp.wall);
    let schedule = known.ok_or(Refusal::NoSuchOverride(id))?.schedule.clone();
    d.emit(Fact::OverrideRemoved { id, by: by.clone() });
    if let Some(schedule) = d.directory.schedules.get(&schedule) {
        look_at(d, schedule);
        following::warn_of_empty_groups(d);
    }
    Ok(())
}

/// Ends every override by which somebody stands in for another.
pub(super) fn end_overrides_of(d: &mut Decision<'_>, user: &UserId, by: &UserId) {
    let theirs = d.world().overrides.values().filter(|o| o.user == *user).map(|o| o.id);
    for id in theirs.collect::<Vec<_>>() {
        // One that is over by now ends by itself.
        let _ = end_override(d, id, by);
    }
}

/// The answer to "who" may have changed.
pub(super) fn shift_due(d: &mut Decision<'_>, id: &ScheduleId) {
    match d.directory.schedules.get(id) {
        Some(schedule) => {
            look_at(d, schedule);
            following::warn_of_empty_groups(d);
        }
        None => d.emit(Fact::ShiftForgotten { schedule: id.clone() }),
    }
}

/// From here on `new` is in force: every schedule is looked at with it. `changed`: the directory is another than before.
pub(super) fn config_loaded(d: &mut Decision<'_>, new: &Directory, changed: bool) {
    people::forget_configured(d, new);
    dnd::forget_strangers(d);
    // The same text may mean something else: a key file was written, a person was found in Slack.
    if d.world().meta.config_sha256 != new.sha256 || changed {
        let version = d.world().meta.config + 1;
        d.emit(Fact::ConfigLoaded { version, sha256: new.sha256.clone() });
    }
    let gone = d.world().shifts.keys().filter(|id| !new.schedules.contains_key(*id)).cloned();
    for schedule in gone.collect::<Vec<_>>() {
        d.emit(Fact::ShiftForgotten { schedule });
    }
    for schedule in new.schedules.values() {
        look_at(d, schedule);
    }
    following::warn_of_empty_groups(d);
    escalation::forget_turns(d);
    escalation::pass_over_who_is_gone(d);
}

fn look_at(d: &mut Decision<'_>, schedule: &Schedule) {
    let shift = resolve(schedule, d.world().overrides.values(), d.stamp.wall);
    // Whatever the resolver says, a schedule is not looked at twice in the same second.
    let due = d.stamp.due_of(shift.until).max(d.stamp.at.plus_secs(1));
    let known = d.world().shifts.get(&schedule.id);
    if known.is_none_or(|k| k.shift != shift || k.due <= d.stamp.at) {
        d.emit(Fact::ShiftStarted { schedule: schedule.id.clone(), shift, due, tzdata: TZDATA.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handle::handle;
    use crate::domain::id::InputId;
    use crate::domain::input::{Input, What};
    use crate::domain::stamp::{At, Stamp};
    use crate::domain::world::World;

    const START: At = At(1_772_420_520_000);

    /// One schedule that nobody carries but by an override.
    fn directory() -> Directory {
        let (id, name, tz) = (ScheduleId::from("primary"), "Primary".to_owned(), chrono_tz::UTC);
        let schedule = Schedule { id: id.clone(), name, team: None, tz, layers: Vec::new() };
        Directory { schedules: [(id, schedule)].into(), ..Directory::empty("C0ADMIN".into()) }
    }

    #[test]
    fn an_override_that_is_ended_hands_over_at_once_and_only_once() {
        let (directory, mut world) = (directory(), World::default());
        let (id, until) = (OverrideId(1), START.plus_secs(7_200));
        let (schedule, user, by) = ("primary".into(), UserId::from("ana"), UserId::from("ben"));
        let made = Fact::OverrideSet(Override { id, schedule, user, from: START, until, by: by.clone() });
        world.apply(&made, Stamp::agreed(START));
        let end = Input { id: InputId::minted('t', 1), what: What::EndOverride { id, by: by.clone() } };
        let late = Stamp::agreed(until);
        assert_eq!(handle(&world, &directory, &end, late), Err(Refusal::NoSuchOverride(id)), "it is over by itself");

        let now = Stamp::agreed(START.plus_secs(60));
        let facts = handle(&world, &directory, &end, now).expect("everybody may");
        let [removed, Fact::ShiftStarted { shift, .. }] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((removed, &shift.who), (&Fact::OverrideRemoved { id, by }, &None));
        facts.iter().for_each(|fact| world.apply(fact, now));
        assert_eq!(world.next_wake(), world.next_wake_by_brute_force());
        assert_eq!(handle(&world, &directory, &end, now), Err(Refusal::NoSuchOverride(id)));
    }
}
