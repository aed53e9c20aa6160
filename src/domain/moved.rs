//! A changed file moves somebody's shifts: they hear of it, and who is on call now.
//!
//! What is compared is who carries a schedule by the file before and by the file after, overrides included in both, within the
//! next two weeks. So an override is told by whoever made it alone. Whoever is touched hears by one message, at once where a
//! shift within a day is, else when they work, if that is half a day before the first of them; what further changes undo until
//! then, files or overrides, is not told. A file that was changed while Warridor was down is compared with nothing: the one
//! before is not kept.

use super::decision::Decision;
use super::directory::Directory;
use super::fact::Fact;
use super::gaps::{self, CALENDAR_SECS};
use super::handoff::awake_from;
use super::id::{ScheduleId, UserId};
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About};
use super::rca::in_hours;
use super::schedule::{Override, stretches};
use super::stamp::At;
use super::world::World;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A change of a shift that begins so soon is told at once.
const SOON_SECS: i64 = 24 * 60 * 60;
/// Whoever works only later than so long before a shift hears of it when they are awake.
const LATEST_SECS: i64 = 12 * 60 * 60;
/// Shifts in one message; how many more is a number.
pub const MOVED_MAX: usize = 8;
/// Shifts of one schedule that are remembered until then; what comes after them is not looked at.
pub const WAITING_MAX: usize = 100;
/// Shifts of one schedule that are looked at: more than a month of quarters of an hour.
const SHIFTS: usize = 3_000;
/// What ends so long after those two weeks has no end, as far as anybody plans.
const ENDLESS_SECS: i64 = 90 * 24 * 60 * 60;
/// The message is kept true for so long.
const KEPT_SECS: i64 = 24 * 60 * 60;

/// From when until when, on the wall clock. `At(i64::MAX)`: it has no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    pub from: At,
    pub until: At,
}

/// One shift that was somebody's, is it now, or is it at another time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Moved {
    pub schedule: ScheduleId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Span>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is: Option<Span>,
}

/// What somebody is to hear, and when, on the line of delays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// By the schedules of which something is otherwise.
    pub was: BTreeMap<ScheduleId, Before>,
    pub due: At,
}

/// What of a schedule was somebody's before it was changed first, of all that begins before `until`, on the wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Before {
    pub spans: Vec<Span>,
    pub until: At,
}

type Rota = BTreeMap<(UserId, ScheduleId), Vec<Span>>;

/// Who carries what within the next two weeks. What lasts already began when whoever carries it now took over; what another
/// begins now, begins now.
fn rota(w: &World, d: &Directory, wall: At) -> Rota {
    let overrides: Vec<&Override> = w.overrides.values().collect();
    let window = (wall, wall.plus_secs(CALENDAR_SECS));
    let asked = gaps::asked(d);
    let mut all = Rota::new();
    for schedule in d.schedules.values().filter(|s| asked.contains(&s.id)) {
        for stretch in stretches(schedule, &overrides, window, SHIFTS).into_iter().filter(|s| s.from < window.1) {
            let Some(who) = stretch.who else { continue };
            let current =
                w.shifts.get(&schedule.id).filter(|c| stretch.from == wall && c.shift.who.as_ref() == Some(&who));
            let from = current.and_then(|current| current.since).unwrap_or(stretch.from);
            let is_endless = stretch.until > window.1.plus_secs(ENDLESS_SECS);
            let span = Span { from, until: if is_endless { At(i64::MAX) } else { stretch.until } };
            all.entry((who, schedule.id.clone())).or_default().push(span);
        }
    }
    all
}

/// What of one person's shifts by one schedule is otherwise, of those that are not over at `wall`. Of two that overlap, one became
/// the other.
fn difference(schedule: &ScheduleId, before: &Before, is: &[Span], wall: At) -> Vec<Moved> {
    let counts = |span: &&Span| span.from < before.until && span.until > wall;
    let (was, is) = (before.spans.iter().filter(counts), is.iter().filter(counts));
    // Whatever began, its beginning is past.
    let same = |a: &Span, b: &Span| a.until == b.until && (a.from == b.from || a.from.max(b.from) <= wall);
    let lost: Vec<Span> = was.clone().filter(|was| !is.clone().any(|is| same(was, is))).copied().collect();
    let mut gained: Vec<Span> = is.filter(|is| !was.clone().any(|was| same(was, is))).copied().collect();
    let mut all = Vec::new();
    for was in lost {
        let became = gained.iter().position(|is| is.from < was.until && was.from < is.until);
        let is = became.map(|at| gained.remove(at));
        all.push(Moved { schedule: schedule.clone(), was: Some(was), is });
    }
    all.extend(gained.into_iter().map(|is| Moved { schedule: schedule.clone(), was: None, is: Some(is) }));
    all
}

/// `next` is in force instead of `before`: whoever's shifts it moves will hear.
pub(super) fn config_loaded(d: &mut Decision<'_>, before: &Directory) {
    let wall = d.stamp.wall;
    if before.schedules == d.directory.schedules && gaps::asked(before) == gaps::asked(d.directory) {
        return;
    }
    let (was, is) = (rota(d.world(), before, wall), rota(d.world(), d.directory, wall));
    let mut people: BTreeMap<UserId, BTreeMap<ScheduleId, Before>> = BTreeMap::new();
    for key in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
        let of = |rota: &Rota| rota.get(key).cloned().unwrap_or_default();
        let (user, schedule) = key;
        let before = known_before(of(&was), wall);
        if !difference(schedule, &before, &of(&is), wall).is_empty() {
            people.entry(user.clone()).or_default().insert(schedule.clone(), before);
        }
    }
    for (user, new) in people {
        let known = d.world().moved.get(&user).cloned();
        let mut was = known.map(|news| news.was).unwrap_or_default();
        // As it was before the first change that they have not heard of.
        new.into_iter().for_each(|(schedule, before)| {
            was.entry(schedule).or_insert(before);
        });
        let moved = moved(&was, &is, &user, wall);
        let at = when(d.directory, &user, &moved, wall);
        let is_nothing = moved.is_empty() || !can_be_written_to(d, &user);
        let news = (!is_nothing).then(|| News { was, due: d.stamp.due_of(at) });
        if news.is_some() || d.world().moved.contains_key(&user) {
            d.emit(Fact::ShiftsMoved { user: user.clone(), news });
        }
        if at <= wall {
            due(d, &user);
        }
    }
}

/// What is kept of it: as much as is told and counted.
fn known_before(mut spans: Vec<Span>, wall: At) -> Before {
    let until = wall.plus_secs(CALENDAR_SECS);
    let until = spans.get(WAITING_MAX).map_or(until, |first_left_out| first_left_out.from.min(until));
    spans.truncate(WAITING_MAX);
    Before { spans, until }
}

/// What is otherwise by now, by when it begins.
fn moved(was: &BTreeMap<ScheduleId, Before>, rota: &Rota, user: &UserId, wall: At) -> Vec<Moved> {
    let is = |schedule: &ScheduleId| rota.get(&(user.clone(), schedule.clone())).cloned().unwrap_or_default();
    let all = was.iter().flat_map(|(schedule, before)| difference(schedule, before, &is(schedule), wall));
    let mut all: Vec<Moved> = all.collect();
    all.sort_by_key(|m| (m.was.or(m.is), m.clone()));
    all
}

/// When they hear of it.
fn when(d: &Directory, user: &UserId, moved: &[Moved], wall: At) -> At {
    let begins = moved.iter().flat_map(|m| m.was.iter().chain(&m.is)).map(|span| span.from).min();
    let is_before = |at: At, secs: i64| begins.is_none_or(|begins| at.plus_secs(secs) <= begins);
    let (works, awake) = (in_hours(d, user, wall), awake_from(d, user, wall));
    match () {
        () if !is_before(wall, SOON_SECS) => wall,
        () if is_before(works, LATEST_SECS) => works,
        () if is_before(awake, 0) => awake,
        () => wall,
    }
}

/// It is time to tell them. Overrides may have been made since, and some of it may be over.
pub(super) fn due(d: &mut Decision<'_>, user: &UserId) {
    let Some(news) = d.world().moved.get(user).cloned() else { return };
    d.emit(Fact::ShiftsMoved { user: user.clone(), news: None });
    let wall = d.stamp.wall;
    let mut moved = moved(&news.was, &rota(d.world(), d.directory, wall), user, wall);
    let more = moved.len().saturating_sub(MOVED_MAX);
    moved.truncate(MOVED_MAX);
    if can_be_written_to(d, user) && !moved.is_empty() {
        let about = About::ShiftsMoved { at: wall, moved, more };
        post::want(d, Recipient::User(user.clone()), about, KEPT_SECS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handle::handle;
    use crate::domain::id::InputId;
    use crate::domain::input::{Input, What};
    use crate::domain::prepare::tests::berlin;
    use crate::domain::schedule::FixedShift;
    use crate::domain::stamp::Stamp;
    use chrono::NaiveDateTime;
    use std::sync::Arc;

    fn at(text: &str) -> NaiveDateTime {
        NaiveDateTime::parse_from_str(&format!("2026-{text}"), "%Y-%m-%d %H:%M").expect("a time")
    }

    /// What is told when this is decided in UTC: to whom, how many shifts, and how many more.
    fn plays(world: &mut World, before: &Directory, what: What, now: &str) -> Vec<(String, usize, usize)> {
        let (input, stamp) = (Input { id: InputId::minted('t', 1), what }, Stamp::agreed(At::from(at(now).and_utc())));
        let facts = handle(world, before, &input, stamp).expect("nobody is refused");
        facts.iter().for_each(|fact| world.apply(fact, stamp));
        assert_eq!(world.next_wake(), world.next_wake_by_brute_force());
        let told = facts.iter().filter_map(|fact| match fact {
            Fact::PostWanted { about: About::ShiftsMoved { moved, more, .. }, to: Recipient::User(to), .. } => {
                Some((to.to_string(), moved.len(), *more))
            }
            _ => None,
        });
        told.collect()
    }

    fn loads(directory: &Directory) -> What {
        What::ConfigLoaded(Arc::new(directory.clone()))
    }

    #[test]
    fn what_is_now_is_told_at_once_and_what_has_no_room_is_counted() {
        let (before, after) = (berlin(&["ana", "ben"], 24), berlin(&["ben", "ana"], 24));
        let mut world = World::default();
        assert_eq!(plays(&mut world, &before, loads(&before), "03-04 02:00"), [], "the first one moves nothing");
        // Everybody's days are the other's: fifteen begin within two weeks, or last now.
        let told = plays(&mut world, &before, loads(&after), "03-04 02:30");
        assert_eq!(told, [("ana".to_owned(), MOVED_MAX, 7), ("ben".to_owned(), MOVED_MAX, 7)]);
        assert!(world.moved.is_empty());
        assert_eq!(plays(&mut world, &after, loads(&after), "03-04 02:31"), [], "the same file again");
    }

    #[test]
    fn what_is_far_ahead_waits_for_working_hours_also_in_a_row_and_is_told_once() {
        let before = berlin(&["ana", "ben"], 168);
        let mut after = before.clone();
        for schedule in after.schedules.values_mut() {
            let (from, until) = (at("03-12 09:00"), at("03-13 09:00"));
            schedule.fixed.push(FixedShift { user: "chen".into(), from, until });
        }
        let mut world = World::default();
        plays(&mut world, &before, loads(&before), "03-04 01:00");
        assert_eq!(plays(&mut world, &before, loads(&after), "03-04 02:00"), [], "it is night");
        let mut read = World::default();
        for (key, value) in world.all_rows() {
            read.load_row(&key, &value.expect("a row")).expect("it reads back");
        }
        assert_eq!((read.moved.len(), &read.moved), (2, &world.moved), "whose week it is, and Chen");
        assert_eq!(read.next_wake(), world.next_wake());
        // Put back and made again: as it was, but for nobody else.
        assert_eq!(plays(&mut world, &after, loads(&before), "03-04 02:10"), []);
        assert!(world.moved.is_empty(), "it came to nothing");
        plays(&mut world, &before, loads(&after), "03-04 02:20");
        assert_eq!(plays(&mut world, &after, What::Due, "03-04 07:59"), []);
        let told = plays(&mut world, &after, What::Due, "03-04 08:00");
        assert_eq!(told.iter().map(|(who, ..)| who.as_str()).collect::<Vec<_>>(), ["ben", "chen"]);
        assert_eq!(plays(&mut world, &after, What::Due, "03-05 08:00"), []);
    }

    fn span(from: i64, until: i64) -> Span {
        Span { from: At(from), until: At(until) }
    }

    fn moved(was: Option<Span>, is: Option<Span>) -> Moved {
        Moved { schedule: "primary".into(), was, is }
    }

    /// At 5, of what begins before 100.
    fn differs(was: &[Span], is: &[Span]) -> Vec<Moved> {
        let before = Before { spans: was.to_vec(), until: At(100) };
        difference(&"primary".into(), &before, is, At(5))
    }

    #[test]
    fn what_is_otherwise_is_told_and_nothing_else() {
        let (a, b, later) = (span(0, 10), span(20, 30), span(22, 32));
        let table: &[(&[Span], &[Span], Vec<Moved>)] = &[
            (&[a, b], &[a, b], vec![]),
            (&[a, b], &[a], vec![moved(Some(b), None)]),
            (&[a], &[a, b], vec![moved(None, Some(b))]),
            (&[a, b], &[a, later], vec![moved(Some(b), Some(later))]),
            (&[a], &[b], vec![moved(Some(a), None), moved(None, Some(b))]),
            // Over; begun, whenever that was; and after what was looked at.
            (&[span(0, 4)], &[], vec![]),
            (&[a], &[span(5, 10)], vec![]),
            (&[a], &[span(5, 11)], vec![moved(Some(a), Some(span(5, 11)))]),
            (&[a], &[a, span(100, 110)], vec![]),
            // Parted in two, one of them is new.
            (
                &[span(20, 50)],
                &[span(20, 30), span(40, 50)],
                vec![moved(Some(span(20, 50)), Some(span(20, 30))), moved(None, Some(span(40, 50)))],
            ),
        ];
        for (was, is, told) in table {
            assert_eq!(&differs(was, is), told, "{was:?} {is:?}");
        }
    }

    #[test]
    fn of_very_many_shifts_the_first_are_compared() {
        let many = |shift: i64| (10..500).map(|n| span(n * 10 + shift, n * 10 + 5 + shift)).collect::<Vec<_>>();
        let before = known_before(many(0), At(0));
        assert_eq!((before.spans.len(), before.until), (WAITING_MAX, At(1_100)));
        let told = difference(&"primary".into(), &before, &many(1), At(0));
        assert_eq!(told.len(), WAITING_MAX, "and what is left out is not new");
    }

    /// Chen has the pager of the week after next for these hours, local ones, by the file.
    fn with_chen(before: &Directory, from: &str, until: &str) -> Directory {
        let mut after = before.clone();
        for schedule in after.schedules.values_mut() {
            schedule.fixed.push(FixedShift { user: "chen".into(), from: at(from), until: at(until) });
        }
        after
    }

    #[test]
    fn nobody_hears_of_a_weekends_shift_on_monday() {
        let before = berlin(&["ana", "ben"], 168);
        let mut world = World::default();
        plays(&mut world, &before, loads(&before), "03-06 18:00");
        // On Friday evening, Sunday.
        let after = with_chen(&before, "03-08 12:00", "03-08 20:00");
        assert_eq!(
            plays(&mut world, &before, loads(&after), "03-06 22:30"),
            [("ana".to_owned(), 2, 0)],
            "she is in it"
        );
        assert_eq!(plays(&mut world, &after, What::Due, "03-07 06:59"), [], "Chen sleeps");
        assert_eq!(plays(&mut world, &after, What::Due, "03-07 07:00"), [("chen".to_owned(), 1, 0)]);
    }

    #[test]
    fn what_an_override_changed_since_is_not_told() {
        use crate::domain::input::OverrideRequest;
        let before = berlin(&["ana", "ben"], 168);
        let mut world = World::default();
        plays(&mut world, &before, loads(&before), "03-06 18:00");
        let after = with_chen(&before, "03-12 12:00", "03-12 20:00");
        let told = plays(&mut world, &before, loads(&after), "03-06 20:00");
        assert_eq!(told, [("ben".to_owned(), 2, 0)], "his week begins before he works");
        let utc = |text: &str| At::from(at(text).and_utc());
        let stands_in = |until: &str| {
            let (from, until, by) = (utc("03-12 11:00"), utc(until), UserId::from("mara"));
            What::Override(OverrideRequest { schedule: "primary".into(), user: by.clone(), by, from, until })
        };
        let mut other = world.clone();
        plays(&mut world, &after, stands_in("03-12 19:00"), "03-07 10:00");
        let told = plays(&mut world, &after, What::Due, "03-09 08:00");
        assert!(told.iter().all(|(who, ..)| who != "chen"), "none of it is his: {told:?}");
        // Of what is left to him, he hears.
        plays(&mut other, &after, stands_in("03-12 15:00"), "03-07 10:00");
        plays(&mut other, &after, What::Due, "03-09 08:00");
        let told = other.posts.values().find_map(|post| match &post.about {
            About::ShiftsMoved { moved, .. } if post.to == Recipient::User("chen".into()) => moved[0].is,
            _ => None,
        });
        assert_eq!(told, Some(Span { from: utc("03-12 15:00"), until: utc("03-12 19:00") }));
    }

    #[test]
    fn what_an_override_gave_back_is_not_told_as_lost() {
        use crate::domain::input::OverrideRequest;
        let before = berlin(&["ana", "ben"], 168);
        let mut world = World::default();
        plays(&mut world, &before, loads(&before), "03-04 01:00");
        let after = with_chen(&before, "03-12 09:00", "03-13 09:00");
        assert_eq!(plays(&mut world, &before, loads(&after), "03-04 02:00"), [], "it is night");
        let (from, until) = (At::from(at("03-12 08:00").and_utc()), At::from(at("03-13 08:00").and_utc()));
        let by = UserId::from("mara");
        let back = OverrideRequest { schedule: "primary".into(), user: "ben".into(), by, from, until };
        plays(&mut world, &after, What::Override(back), "03-04 07:00");
        assert_eq!(plays(&mut world, &after, What::Due, "03-04 08:00"), [], "it is Ben's as before, and not Chen's");
    }

    #[test]
    fn what_is_put_back_by_night_is_no_news_however_much_it_was() {
        let before = berlin(&["ana", "ben"], 12);
        let mut world = World::default();
        plays(&mut world, &before, loads(&before), "03-04 01:00");
        let mut after = before.clone();
        for schedule in after.schedules.values_mut() {
            for day in 6..17 {
                let (from, until) = (at(&format!("03-{day:02} 09:00")), at(&format!("03-{:02} 09:00", day + 1)));
                schedule.fixed.push(FixedShift { user: "chen".into(), from, until });
            }
        }
        assert_eq!(plays(&mut world, &before, loads(&after), "03-04 02:00"), [], "it is night");
        assert!(world.moved.values().any(|news| news.was.values().any(|before| before.spans.len() > MOVED_MAX)));
        plays(&mut world, &after, loads(&before), "03-04 03:00");
        assert!(world.moved.is_empty());
    }
}
