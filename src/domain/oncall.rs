//! Who is on call: overrides, handoffs, and what a new configuration changes.

use super::decision::Decision;
use super::directory::Directory;
use super::fact::Fact;
use super::id::{OverrideId, ScheduleId, UserId};
use super::input::OverrideRequest;
use super::people;
use super::refusal::Refusal;
use super::schedule::{Override, Schedule, resolve};
use super::{dnd, escalation, following, handoff, heartbeat, level, prepare};

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
        due: Some(d.stamp.due_of(r.until)),
    }));
    look_at(d, schedule);
    handoff::draft_anew(d, schedule);
    let made = d.world().meta.last_override;
    prepare::look(d, schedule, Some(made));
    following::warn_of_empty_groups(d);
    Ok(())
}

/// The time of an override may be over: the wall clock says whether it is.
pub(super) fn override_due(d: &mut Decision<'_>, id: OverrideId) {
    let Some(until) = d.world().overrides.get(&id).map(|o| o.until) else { return };
    if until <= d.stamp.wall {
        d.emit(Fact::OverrideExpired { id });
    } else {
        d.emit(Fact::OverrideWaits { id, due: d.stamp.due_of(until) });
    }
}

/// Ends an override before its time.
pub(super) fn end_override(d: &mut Decision<'_>, id: OverrideId, by: &UserId) -> Result<(), Refusal> {
    let known = d.world().overrides.get(&id).filter(|o| o.until > d.stamp.wall);
    let schedule = known.ok_or(Refusal::NoSuchOverride(id))?.schedule.clone();
    d.emit(Fact::OverrideRemoved { id, by: by.clone() });
    if let Some(schedule) = d.directory.schedules.get(&schedule) {
        look_at(d, schedule);
        handoff::draft_anew(d, schedule);
        prepare::look(d, schedule, None);
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
            prepare::look(d, schedule, None);
            following::warn_of_empty_groups(d);
        }
        None => d.emit(Fact::ShiftForgotten { schedule: id.clone() }),
    }
}

/// It is time to tell somebody of a shift that is ahead, or to look who is next.
pub(super) fn ahead_due(d: &mut Decision<'_>, id: &ScheduleId) {
    match d.directory.schedules.get(id) {
        Some(schedule) => prepare::look(d, schedule, None),
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
    handoff::forget_drafts(d);
    for schedule in new.schedules.values() {
        look_at(d, schedule);
        handoff::draft_anew(d, schedule);
        prepare::look(d, schedule, None);
    }
    prepare::forget_gone(d);
    following::warn_of_empty_groups(d);
    level::forget_turns(d);
    escalation::pass_over_who_is_gone(d);
    heartbeat::config_loaded(d);
}

fn look_at(d: &mut Decision<'_>, schedule: &Schedule) {
    let shift = resolve(schedule, d.world().overrides.values(), d.stamp.wall);
    // Whatever the resolver says, a schedule is not looked at twice in the same second.
    let due = d.stamp.due_of(shift.until).max(d.stamp.at.plus_secs(1));
    let known = d.world().shifts.get(&schedule.id);
    if known.is_none_or(|k| k.shift != shift || k.due <= d.stamp.at) {
        let before = known.filter(|k| k.shift.who != shift.who).cloned();
        let (draft, who) = (handoff::draft_due(d, schedule, &shift), shift.who.clone());
        let tzdata = TZDATA.to_owned();
        d.emit(Fact::ShiftStarted { schedule: schedule.id.clone(), shift, due, tzdata, draft });
        if let Some(before) = before {
            handoff::took_place(d, &schedule.id, &before, who.as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Target, User};
    use crate::domain::gaps;
    use crate::domain::handle::handle;
    use crate::domain::id::InputId;
    use crate::domain::input::{Input, What};
    use crate::domain::schedule::{Gap, Layer, Member, Rotation, Shift, ShiftReason};
    use crate::domain::stamp::{At, Stamp};
    use crate::domain::world::World;
    use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
    use std::sync::Arc;

    const START: At = At(1_772_420_520_000);

    /// One schedule that nobody carries but by an override.
    fn directory() -> Directory {
        let (id, name, tz) = (ScheduleId::from("primary"), "Primary".to_owned(), chrono_tz::UTC);
        let schedule = Schedule { id: id.clone(), name, team: None, tz, layers: Vec::new(), fixed: Vec::new() };
        Directory { schedules: [(id, schedule)].into(), ..Directory::empty("C0ADMIN".into()) }
    }

    #[test]
    fn an_override_that_is_ended_hands_over_at_once_and_only_once() {
        let (directory, mut world) = (directory(), World::default());
        let (id, until) = (OverrideId(1), START.plus_secs(7_200));
        let (schedule, user, by) = ("primary".into(), UserId::from("ana"), UserId::from("ben"));
        let made = Fact::OverrideSet(Override { id, schedule, user, from: START, until, by: by.clone(), due: None });
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

    fn ana() -> User {
        let (id, name) = (UserId::from("ana"), "Ana".to_owned());
        User { id, name, slack: None, email: None, phone: None, tz: chrono_tz::UTC, admin: false, rules: Vec::new() }
    }

    /// Plays one input, keeps what it led to, and gives it.
    fn play(world: &mut World, directory: &Directory, what: What, now: Stamp) -> Vec<Fact> {
        let facts = handle(world, directory, &Input { id: InputId::minted('t', 1), what }, now).expect("allowed");
        facts.iter().for_each(|fact| world.apply(fact, now));
        assert_eq!(world.next_wake(), world.next_wake_by_brute_force());
        facts
    }

    #[test]
    fn an_override_lasts_until_the_wall_clock_says_so_also_where_that_was_set_back() {
        let (mut directory, mut world) = (directory(), World::default());
        directory.users.insert("ana".into(), ana());
        let hours = |n: i64| n * 3_600;
        // The wall clock went back by two hours; delays did not.
        let behind = |secs: i64| Stamp { at: START.plus_secs(hours(2) + secs), wall: START.plus_secs(secs) };
        let (from, until) = (START, START.plus_secs(hours(1)));
        let (schedule, user, by) = ("primary".into(), UserId::from("ana"), UserId::from("ana"));
        let take = What::Override(OverrideRequest { schedule, user, from, until, by });
        play(&mut world, &directory, take, behind(0));
        assert_eq!(play(&mut world, &directory, What::Due, behind(1)), [], "it has just begun");

        // Back by another half hour before it ends.
        let further = |secs: i64| Stamp { at: START.plus_secs(hours(3) + secs), wall: START.plus_secs(1_800 + secs) };
        let facts = play(&mut world, &directory, What::Due, further(0));
        let due = further(1_800).at;
        assert!(facts.contains(&Fact::OverrideWaits { id: OverrideId(1), due }), "{facts:?}");
        assert!(facts.iter().all(|f| !matches!(f, Fact::OverrideExpired { .. })), "{facts:?}");

        let facts = play(&mut world, &directory, What::Due, further(1_800));
        assert!(facts.contains(&Fact::OverrideExpired { id: OverrideId(1) }), "{facts:?}");
        let nobody = |f: &Fact| matches!(f, Fact::ShiftStarted { shift, .. } if shift.who.is_none());
        assert!(facts.iter().any(nobody), "{facts:?}");
    }

    /// Ana and Ben in Berlin, turns of 12 hours at 02:30 and 14:30: the first of them lies in the gap of 29 March 2026,
    /// and in the overlap of 25 October.
    fn berlin() -> Directory {
        let mut directory = directory();
        let rotation = Rotation {
            members: vec![Member::always("ana"), Member::always("ben")],
            turn_hours: vec![12],
            start: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day"),
            handoff: NaiveTime::from_hms_opt(2, 30, 0).expect("a time"),
        };
        for schedule in directory.schedules.values_mut() {
            schedule.tz = chrono_tz::Europe::Berlin;
            schedule.layers = vec![Layer::always(schedule.tz, rotation.clone())];
        }
        directory
    }

    fn utc(text: &str) -> At {
        At::from(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time").and_utc())
    }

    /// Every handoff on record from one instant to another, as `03-29 01:00 ben`, in UTC.
    fn handoffs(directory: &Directory, from: &str, until: &str) -> Vec<String> {
        let mut world = World::default();
        let mut told = Vec::new();
        let loaded = What::ConfigLoaded(Arc::new(directory.clone()));
        let (mut what, mut now) = (loaded, utc(from));
        while now < utc(until) {
            let input = Input { id: InputId::minted('t', told.len() as u64), what };
            for fact in handle(&world, directory, &input, Stamp::agreed(now)).expect("nobody is refused") {
                if let Fact::ShiftStarted { shift, tzdata, .. } = &fact {
                    assert_eq!(tzdata, chrono_tz::IANA_TZDB_VERSION);
                    let who = shift.who.as_ref().map_or("nobody", UserId::as_str);
                    told.push(format!("{} {who}", now.utc().format("%m-%d %H:%M")));
                }
                world.apply(&fact, Stamp::agreed(now));
            }
            assert_eq!(world.shifts.len(), 1, "exactly one answer at {}", now.utc());
            now = world.next_wake().expect("a handoff is ahead");
            what = What::Due;
        }
        told
    }

    #[test]
    fn fault_16_a_handoff_is_committed_at_the_stated_local_time_in_a_gap_and_in_an_overlap() {
        let directory = berlin();
        let spring = handoffs(&directory, "2026-03-28 12:00", "2026-03-30 12:00");
        assert_eq!(
            spring,
            ["03-28 12:00 ana", "03-28 13:30 ben", "03-29 01:00 ana", "03-29 12:30 ben", "03-30 00:30 ana"],
            "02:30 does not exist on the 29th: 03:00 is the next instant that does"
        );
        let autumn = handoffs(&directory, "2026-10-24 12:00", "2026-10-26 12:00");
        assert_eq!(
            autumn,
            ["10-24 12:00 ana", "10-24 12:30 ben", "10-25 00:30 ana", "10-25 13:30 ben", "10-26 01:30 ana"],
            "02:30 comes twice on the 25th: the first counts"
        );
    }

    #[test]
    fn fault_16_another_tzdata_moves_the_handoff_that_is_ahead_and_not_what_is_on_record() {
        let (directory, mut world) = (berlin(), World::default());
        let now = Stamp::agreed(utc("2026-03-29 06:00"));
        // Rules that knew of no summer time: the same turn, ended an hour later.
        let old = Shift { who: Some("ana".into()), until: utc("2026-03-29 13:30"), why: ShiftReason::Layer(0) };
        let (schedule, due, tzdata) = (ScheduleId::from("primary"), old.until, "2019a".to_owned());
        world.apply(
            &Fact::ShiftStarted { schedule, shift: old, due, tzdata, draft: None },
            Stamp::agreed(utc("2026-03-29 01:00")),
        );
        let boot = Input { id: InputId::minted('t', 1), what: What::ConfigLoaded(Arc::new(directory.clone())) };
        let facts = handle(&world, &directory, &boot, now).expect("it is a good one");
        let started: Vec<_> = facts
            .iter()
            .filter_map(|fact| match fact {
                Fact::ShiftStarted { shift, due, tzdata, .. } => Some((shift.who.clone(), *due, tzdata.as_str())),
                _ => None,
            })
            .collect();
        let mended = (Some("ana".into()), utc("2026-03-29 12:30"), chrono_tz::IANA_TZDB_VERSION);
        assert_eq!(started, [mended]);
        facts.iter().for_each(|fact| world.apply(fact, now));
        assert_eq!(world.next_wake(), Some(utc("2026-03-29 12:30")));
    }

    #[test]
    fn fault_27_a_gap_of_a_schedule_that_is_asked_is_seen_three_days_ahead_and_covering_it_ends_that() {
        let (mut directory, mut world) = (berlin(), World::default());
        for schedule in directory.schedules.values_mut() {
            schedule.layers[0].until = NaiveDate::from_ymd_opt(2026, 3, 29);
        }
        let gap = Gap { from: utc("2026-03-29 01:00"), until: At(i64::MAX) };
        let ahead = |world: &World, directory: &Directory, at: &str| gaps::ahead(world, directory, utc(at));
        assert_eq!(ahead(&world, &directory, "2026-03-28 12:00"), [], "nobody is asked by it");
        directory.catch_all = vec![Target::Schedule("primary".into())];
        assert_eq!(ahead(&world, &directory, "2026-03-26 00:59"), []);
        assert_eq!(ahead(&world, &directory, "2026-03-26 01:01"), [("primary".into(), gap)]);
        let lasting = Gap { from: utc("2026-03-30 12:00"), ..gap };
        assert_eq!(ahead(&world, &directory, "2026-03-30 12:00"), [("primary".into(), lasting)]);
        let (from, until) = (utc("2026-03-28 12:00"), utc("2026-04-09 12:00"));
        let (id, user, by) = (OverrideId(1), UserId::from("emil"), UserId::from("emil"));
        let made = Fact::OverrideSet(Override { id, schedule: "primary".into(), user, from, until, by, due: None });
        world.apply(&made, Stamp::agreed(from));
        assert_eq!(ahead(&world, &directory, "2026-03-28 13:00"), []);
    }
}
