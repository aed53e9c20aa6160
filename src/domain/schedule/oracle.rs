//! A second, naive answer to "who is on call", for tests: somebody looks at the clock on the wall again and again and
//! hands the pager over as soon as it shows the time for it. It never asks which instant a local time names, which is
//! what the resolver is built on, so the two can only agree by being right.

use super::{Override, Rotation, Schedule, Shift, ShiftReason, local_instant, now_and_next, resolve};
use crate::domain::id::{OverrideId, UserId};
use crate::domain::stamp::At;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::Tz;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
/// Far from a change of the clocks. Coprime to an hour, so that every minute of the hour is seen.
const STRIDE_MINUTES: i64 = 37;

/// One layer as the watcher of the clock sees it.
struct Watched<'a> {
    rotation: &'a Rotation,
    /// `None` before the first turn.
    turn: Option<usize>,
    /// The next handoff on the wall clock.
    next: NaiveDateTime,
}

impl<'a> Watched<'a> {
    fn new(rotation: &'a Rotation) -> Self {
        Self { rotation, turn: None, next: rotation.start.and_time(rotation.handoff) }
    }

    fn look(&mut self, wall: NaiveDateTime) {
        while self.next <= wall {
            self.turn = Some(self.turn.map_or(0, |turn| turn + 1));
            self.next = self.next + Days::new(self.rotation.days.into());
        }
    }

    fn who(&self) -> Option<&'a UserId> {
        self.turn.map(|turn| &self.rotation.members[turn % self.rotation.members.len()])
    }
}

/// Who is on call, why, and by which turn of the layer.
type Answer = (Option<UserId>, ShiftReason, usize);

fn naive(layers: &[Watched<'_>], overrides: &[Override], schedule: &Schedule, at: At) -> Answer {
    let mut answer = (None, ShiftReason::Nobody, 0);
    for (index, layer) in layers.iter().enumerate() {
        if let (Some(who), Some(turn)) = (layer.who(), layer.turn) {
            answer = (Some(who.clone()), ShiftReason::Layer(u32::try_from(index).unwrap()), turn);
        }
    }
    let mut latest = None;
    for o in overrides {
        if o.schedule == schedule.id && o.from <= at && at < o.until && latest.is_none_or(|id| id < o.id) {
            latest = Some(o.id);
            answer = (Some(o.user.clone()), ShiftReason::Override(o.id), 0);
        }
    }
    answer
}

/// Walks `days` from two days before `from`, minute by minute around every change of the clocks, and asks both.
/// Returns how many instants were compared.
fn walk(schedule: &Schedule, overrides: &[Override], from: NaiveDate, days: i64) -> u64 {
    let local = |at: At| at.utc().with_timezone(&schedule.tz).naive_local();
    let offset = |minute: i64| {
        let at = At(minute * MINUTE_MS).utc().naive_utc();
        schedule.tz.offset_from_utc_datetime(&at).fix().local_minus_utc()
    };
    let mut layers: Vec<Watched<'_>> = schedule.layers.iter().map(Watched::new).collect();
    let start = from.and_time(NaiveTime::MIN).and_utc().timestamp() / 60 - 2 * DAY_MINUTES;
    let mut minute = start;
    let mut compared = 0;
    let mut before: Option<(Shift, Answer)> = None;
    while minute < start + days * DAY_MINUTES {
        let at = At(minute * MINUTE_MS);
        for layer in &mut layers {
            layer.look(local(at));
        }
        let want = naive(&layers, overrides, schedule, at);
        let shift = resolve(schedule, overrides.iter(), at);
        let told = || format!("{} {} ({}): {shift:?}, want {want:?}", schedule.tz, at.utc(), local(at));
        assert_eq!((&shift.who, shift.why), (&want.0, want.1), "{}", told());
        assert!(shift.until > at, "{}", told());
        let near = (offset(minute - DAY_MINUTES) != offset(minute)) || (offset(minute) != offset(minute + DAY_MINUTES));
        if let Some((promised, was)) = &before {
            if at < promised.until {
                assert_eq!((promised, was), (&shift, &want), "changed before it was said to: {}", told());
            } else if near {
                assert_ne!(was, &want, "did not change when it was said to: {}", told());
            }
        }
        before = Some((shift, want));
        compared += 1;
        minute += if near { 1 } else { STRIDE_MINUTES };
    }
    compared
}

fn rotation(members: &[&str], days: u32, start: NaiveDate, handoff: &str) -> Rotation {
    let members = members.iter().map(|name| UserId::from(*name)).collect();
    Rotation { members, days, start, handoff: handoff.parse().unwrap() }
}

fn schedule(tz: Tz, layers: Vec<Rotation>) -> Schedule {
    Schedule { id: "s".into(), name: "s".into(), team: None, tz, layers }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Zones, and two years of each in which the clocks do what they are known for.
const ZONES: [(Tz, &str); 8] = [
    (Tz::UTC, "2026-01-05"),
    (Tz::Europe__Berlin, "2026-01-05"),
    (Tz::America__New_York, "2026-01-05"),
    // Changed at midnight, until 2019.
    (Tz::America__Sao_Paulo, "2017-01-02"),
    // Half an hour.
    (Tz::Australia__Lord_Howe, "2026-01-05"),
    // Never, and half an hour beside everybody else.
    (Tz::Asia__Kolkata, "2026-01-05"),
    // Changes at midnight, on a Friday.
    (Tz::Africa__Cairo, "2026-01-05"),
    // 30 December 2011 does not exist.
    (Tz::Pacific__Apia, "2011-01-03"),
];

/// Times that fall into gaps and overlaps of one zone or another, and some that never do.
const HANDOFFS: [&str; 8] =
    ["00:00:00", "00:30:00", "01:45:00", "02:00:00", "02:30:00", "03:00:00", "18:00:00", "23:30:00"];

#[test]
fn the_resolver_agrees_with_the_clock_on_the_wall() {
    let mut compared = 0;
    for (tz, start) in ZONES {
        for (index, handoff) in HANDOFFS.iter().enumerate() {
            let days = if index % 2 == 0 { 1 } else { 7 };
            let schedule = schedule(tz, vec![rotation(&["ana", "ben", "chen"], days, day(start), handoff)]);
            compared += walk(&schedule, &[], day(start), 730);
        }
    }
    assert!(compared > 1_000_000, "{compared}");
}

#[test]
fn it_agrees_on_layers_and_overrides() {
    let ms = |text: &str| At::from(text.parse::<NaiveDateTime>().unwrap().and_utc());
    let taken = |id: u64, user: &str, from: &str, until: &str, schedule: &str| Override {
        id: OverrideId(id),
        schedule: schedule.into(),
        user: user.into(),
        from: ms(from),
        until: ms(until),
        by: user.into(),
    };
    for (tz, start) in ZONES {
        let year = &start[..4];
        let at = |rest: &str| format!("{year}-{rest}");
        let begin = day(start);
        let layers = vec![
            rotation(&["ana", "ben"], 7, begin, "09:00:00"),
            // Begins later and then wins.
            rotation(&["chen", "ana", "divya"], 1, begin + Days::new(60), "02:30:00"),
        ];
        let schedule = schedule(tz, layers);
        let mut overrides = vec![
            taken(1, "emil", &at("03-28T12:00:00"), &at("03-30T12:00:00"), "s"),
            // Inside another one, made later.
            taken(3, "mara", &at("03-29T00:30:00"), &at("03-29T02:10:00"), "s"),
            // Inside another one, made earlier: never seen while that one lasts.
            taken(0, "ben", &at("03-28T20:00:00"), &at("03-30T20:00:00"), "s"),
            // Begins where the first ends.
            taken(4, "chen", &at("03-30T12:00:00"), &at("03-30T13:00:00"), "s"),
            // Over a change in the other direction, and before the first turn.
            taken(5, "divya", &at("10-24T00:00:00"), &at("11-02T00:00:00"), "s"),
            taken(6, "emil", &at("01-01T22:00:00"), &at("01-02T01:00:00"), "s"),
            // Another schedule's, and one that lasts no time.
            taken(7, "mara", &at("01-01T00:00:00"), &at("12-31T00:00:00"), "other"),
            taken(8, "mara", &at("03-28T13:00:00"), &at("03-28T13:00:00"), "s"),
        ];
        let once = walk(&schedule, &overrides, begin, 330);
        overrides.reverse();
        // The order in which they are kept means nothing.
        assert_eq!(walk(&schedule, &overrides, begin, 330), once);
    }
}

#[test]
fn a_handoff_is_at_the_stated_local_time() {
    for (tz, local, utc, why) in [
        (Tz::Europe__Berlin, "2026-01-05T18:00:00", "2026-01-05T17:00:00", "winter"),
        (Tz::Europe__Berlin, "2026-07-05T18:00:00", "2026-07-05T16:00:00", "summer"),
        (Tz::Europe__Berlin, "2026-03-29T02:30:00", "2026-03-29T01:00:00", "in a gap: the next instant that exists"),
        (Tz::Europe__Berlin, "2026-03-29T02:00:00", "2026-03-29T01:00:00", "the first minute of a gap"),
        (Tz::Europe__Berlin, "2026-10-25T02:30:00", "2026-10-25T00:30:00", "in an overlap: the first"),
        (Tz::Europe__Berlin, "2026-10-25T03:00:00", "2026-10-25T02:00:00", "just after an overlap"),
        (Tz::America__New_York, "2026-03-08T02:30:00", "2026-03-08T07:00:00", "in a gap"),
        (Tz::America__New_York, "2026-11-01T01:30:00", "2026-11-01T05:30:00", "in an overlap"),
        (Tz::America__Sao_Paulo, "2018-11-04T00:00:00", "2018-11-04T03:00:00", "a midnight that does not exist"),
        (Tz::Australia__Lord_Howe, "2026-10-04T02:15:00", "2026-10-03T15:30:00", "a gap of half an hour"),
        (Tz::Australia__Lord_Howe, "2026-04-05T01:45:00", "2026-04-04T14:45:00", "an overlap of half an hour"),
        (Tz::Africa__Cairo, "2026-04-24T00:30:00", "2026-04-23T22:00:00", "a gap after midnight"),
        (Tz::Asia__Kolkata, "2026-01-05T18:00:00", "2026-01-05T12:30:00", "always the same"),
        (Tz::Pacific__Apia, "2011-12-30T18:00:00", "2011-12-30T10:00:00", "a day that does not exist"),
    ] {
        let parse = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        assert_eq!(local_instant(tz, parse(local)), At::from(parse(utc).and_utc()), "{tz} {local}: {why}");
    }
}

#[test]
fn nobody_is_on_call_before_the_first_turn_and_the_answer_says_until_when() {
    let schedule = schedule(Tz::Europe__Berlin, vec![rotation(&["ana"], 7, day("2026-01-05"), "18:00:00")]);
    let first = At::from(day("2026-01-05").and_hms_opt(17, 0, 0).unwrap().and_utc());
    for at in [At(0), At(first.0 - 1)] {
        assert_eq!(resolve(&schedule, [].iter(), at), Shift { who: None, until: first, why: ShiftReason::Nobody });
    }
    let shift = resolve(&schedule, [].iter(), first);
    assert_eq!((shift.who, shift.until), (Some("ana".into()), first.plus_secs(7 * 86_400)));
}

#[test]
fn a_handoff_to_the_same_person_is_no_change() {
    let days = |members: &[&str]| schedule(Tz::UTC, vec![rotation(members, 1, day("2026-01-05"), "00:00:00")]);
    let noon = At::from(day("2026-01-05").and_hms_opt(12, 0, 0).unwrap().and_utc());
    let midnight = noon.plus_secs(12 * 3_600);
    let (now, next) = now_and_next(&days(&["ana", "ana", "ben"]), &[], noon);
    assert_eq!((now.who, now.until), (Some("ana".into()), midnight.plus_secs(86_400)));
    assert_eq!(next.and_then(|s| s.who), Some("ben".into()));
    let (now, next) = now_and_next(&days(&["ana"]), &[], noon);
    assert_eq!((now.who, next), (Some("ana".into()), None), "for ever");
    let gap = schedule(Tz::UTC, vec![]);
    assert_eq!(now_and_next(&gap, &[], noon).1, None, "nobody, for ever");
    let replaced = Override {
        id: OverrideId(1),
        schedule: "s".into(),
        user: "emil".into(),
        from: noon,
        until: noon.plus_secs(3_600),
        by: "ana".into(),
    };
    let (now, next) = now_and_next(&days(&["ana"]), &[&replaced], noon);
    assert_eq!((now.who, now.until), (Some("emil".into()), noon.plus_secs(3_600)));
    assert_eq!(next.and_then(|s| s.who), Some("ana".into()));
}

#[test]
fn any_instant_at_all_has_an_answer() {
    let schedule = schedule(Tz::Pacific__Apia, vec![rotation(&["ana", "ben"], 1, day("2011-12-29"), "00:00:00")]);
    for (at, who) in [
        (i64::MIN, None),
        (0, None),
        (253_402_300_799_999, Some("ana")),
        (253_402_300_800_000, None),
        (8_000_000_000_000_000, None),
        (i64::MAX, None),
    ] {
        let shift = resolve(&schedule, [].iter(), At(at));
        assert_eq!(shift.who.as_ref().map(UserId::as_str), who, "{at}");
    }
    let empty = super::Schedule { layers: Vec::new(), ..schedule };
    let nobody = Shift { who: None, until: At(i64::MAX), why: ShiftReason::Nobody };
    assert_eq!(resolve(&empty, [].iter(), At(0)), nobody);
}
