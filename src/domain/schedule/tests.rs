//! What single schedules do, in numbers. [`super::oracle`] looks at all of them at every minute.

use super::{
    FixedShift, Gap, Layer, Member, Override, Rotation, Schedule, Shift, ShiftReason, Takeover, gaps, local_instant,
    now_and_next, resolve, shifts, takeover,
};
use crate::domain::hours::{Span, Weekdays};
use crate::domain::id::{OverrideId, UserId};
use crate::domain::stamp::At;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn time(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text, "%H:%M").unwrap()
}

pub(super) fn members(names: &[&str]) -> Vec<Member> {
    names.iter().map(|name| Member::always(*name)).collect()
}

pub(super) fn layer(tz: Tz, members: Vec<Member>, turn_hours: &[u32], start: NaiveDate, handoff: &str) -> Layer {
    let turn_hours = turn_hours.to_vec();
    Layer::always(tz, Rotation { members, turn_hours, start, handoff: time(handoff) })
}

/// `("mon-fri", "09:00", "17:00")`
pub(super) fn hours(written: &[(&str, &str, &str)]) -> Vec<Span> {
    let weekday = |name: &str| name.parse::<Weekday>().unwrap();
    let days = |text: &str| {
        let mut days = Weekdays::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let mut day = weekday(first);
            days = days.with(day);
            while day != weekday(last) {
                day = day.succ();
                days = days.with(day);
            }
        }
        days
    };
    written.iter().map(|(d, from, until)| Span { days: days(d), from: time(from), until: time(until) }).collect()
}

fn schedule(tz: Tz, layers: Vec<Layer>) -> Schedule {
    Schedule { id: "s".into(), name: "s".into(), team: None, tz, layers, fixed: Vec::new() }
}

fn utc(text: &str) -> At {
    At::from(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap().and_utc())
}

fn taken(id: u64, user: &str, from: &str, until: &str) -> Override {
    let (from, until) = (utc(from), utc(until));
    Override { id: OverrideId(id), schedule: "s".into(), user: user.into(), from, until, by: user.into(), due: None }
}

/// The coming shifts as `2026-01-05 18:00 ana`, in the zone of the schedule.
fn listed(schedule: &Schedule, overrides: &[&Override], from: &str, most: usize) -> Vec<String> {
    let line = |shift: super::DatedShift| {
        let from = shift.from.utc().with_timezone(&schedule.tz).format("%a %d %H:%M");
        format!("{from} {}", shift.who.as_ref().map_or("-", UserId::as_str))
    };
    shifts(schedule, overrides, utc(from)).take(most).map(line).collect()
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
fn turns_of_twelve_hours_are_at_nine_and_at_nine_and_one_of_them_is_short_when_the_clocks_go_forward() {
    let rotation = layer(Tz::Europe__Berlin, members(&["ana", "ben"]), &[12], day("2026-03-28"), "09:00");
    let schedule = schedule(Tz::Europe__Berlin, vec![rotation]);
    let all: Vec<_> = shifts(&schedule, &[], utc("2026-03-28 12:00")).take(4).collect();
    let lengths: Vec<i64> = all.iter().skip(1).map(|s| (s.until.0 - s.from.0) / 3_600_000).collect();
    assert_eq!(lengths, [11, 12, 12]);
    assert_eq!(
        listed(&schedule, &[], "2026-03-28 12:00", 4),
        ["Sat 28 13:00 ana", "Sat 28 21:00 ben", "Sun 29 09:00 ana", "Sun 29 21:00 ben"]
    );
}

#[test]
fn four_days_and_three_are_taken_in_turn() {
    let rotation = layer(Tz::Europe__Berlin, members(&["ana", "ben", "chen"]), &[96, 72], day("2026-03-23"), "10:00");
    assert_eq!(
        listed(&schedule(Tz::Europe__Berlin, vec![rotation]), &[], "2026-03-23 09:00", 6),
        [
            "Mon 23 10:00 ana",
            "Fri 27 10:00 ben",
            "Mon 30 10:00 chen",
            "Fri 03 10:00 ana",
            "Mon 06 10:00 ben",
            "Fri 10 10:00 chen"
        ]
    );
}

#[test]
fn outside_its_hours_a_layer_has_nobody_and_the_layer_below_counts() {
    let nights = layer(Tz::Europe__Berlin, members(&["ben"]), &[24], day("2026-01-01"), "09:00");
    let days = Layer {
        hours: hours(&[("mon-fri", "09:00", "17:00")]),
        ..layer(Tz::Europe__Berlin, members(&["ana"]), &[24], day("2026-01-01"), "09:00")
    };
    let both = schedule(Tz::Europe__Berlin, vec![nights, days.clone()]);
    assert_eq!(
        listed(&both, &[], "2026-03-26 12:00", 5),
        ["Thu 26 13:00 ana", "Thu 26 17:00 ben", "Fri 27 09:00 ana", "Fri 27 17:00 ben", "Mon 30 09:00 ana"]
    );
    let alone = schedule(Tz::Europe__Berlin, vec![days]);
    assert_eq!(
        gaps(&alone, &[], (utc("2026-03-27 12:00"), utc("2026-03-30 12:00")), 100),
        [Gap { from: utc("2026-03-27 16:00"), until: utc("2026-03-30 07:00") }]
    );
}

#[test]
fn hours_that_end_at_or_before_they_begin_end_on_the_day_after() {
    let night = Layer {
        hours: hours(&[("fri", "22:00", "06:00"), ("sat", "06:00", "06:00")]),
        ..layer(Tz::UTC, members(&["ana"]), &[24], day("2026-01-01"), "09:00")
    };
    assert_eq!(
        listed(&schedule(Tz::UTC, vec![night]), &[], "2026-03-26 12:00", 4),
        ["Thu 26 12:00 -", "Fri 27 22:00 ana", "Sun 29 06:00 -", "Fri 03 22:00 ana"],
        "hours that touch are one shift"
    );
}

#[test]
fn each_layer_follows_the_sun_by_its_own_clock() {
    let by_day = |tz, user: &str| Layer {
        hours: hours(&[("mon-sun", "08:00", "20:00")]),
        ..layer(tz, members(&[user]), &[24], day("2026-01-01"), "08:00")
    };
    let kolkata = by_day(Tz::Asia__Kolkata, "divya");
    let new_york = by_day(Tz::America__New_York, "iris");
    // New York goes to summer time on 8 March: from then on its day begins an hour earlier.
    assert_eq!(
        listed(&schedule(Tz::UTC, vec![kolkata, new_york]), &[], "2026-03-07 10:00", 6),
        [
            "Sat 07 10:00 divya",
            "Sat 07 13:00 iris",
            "Sun 08 01:00 -",
            "Sun 08 02:30 divya",
            "Sun 08 12:00 iris",
            "Mon 09 00:00 -"
        ]
    );
}

#[test]
fn whoever_joins_or_leaves_moves_no_turn_before_that_day() {
    let start = day("2026-11-02");
    let plain = members(&["ana", "ben", "chen"]);
    let weekly = |members: Vec<Member>| schedule(Tz::UTC, vec![layer(Tz::UTC, members, &[168], start, "10:00")]);
    let who = |s: &Schedule, weeks: i64| resolve(s, [].iter(), utc("2026-11-02 10:00").plus_secs(weeks * 604_800)).who;
    let names =
        |s: &Schedule| -> Vec<String> { (0..9).map(|w| who(s, w).map_or("-".into(), |u| u.to_string())).collect() };
    assert_eq!(names(&weekly(plain.clone())), ["ana", "ben", "chen", "ana", "ben", "chen", "ana", "ben", "chen"]);
    // 7 December is the sixth week, after Ben's: Chen, then Sam, who stands after her.
    let sam = Member { user: "sam".into(), from: Some(day("2026-12-07")), until: None };
    let with_sam = weekly(plain.iter().cloned().chain([sam.clone()]).collect());
    assert_eq!(names(&with_sam), ["ana", "ben", "chen", "ana", "ben", "chen", "sam", "ana", "ben"]);
    // In the middle of a week: whoever has begun goes on, and Sam comes when it is his turn.
    let later = Member { from: Some(day("2026-12-03")), ..sam };
    let first = weekly(std::iter::once(later).chain(plain.iter().cloned()).collect());
    assert_eq!(names(&first), ["ana", "ben", "chen", "ana", "ben", "chen", "sam", "ana", "ben"]);
    // Ben leaves in the middle of his week, carries it to its end, and everybody after him moves up.
    let mut leaving = plain;
    leaving[1].until = Some(day("2026-12-03"));
    assert_eq!(names(&weekly(leaving)), ["ana", "ben", "chen", "ana", "ben", "chen", "ana", "chen", "ana"]);
}

#[test]
fn a_layer_that_ends_hands_over_to_the_next_at_its_handoff_time() {
    let old = Layer {
        until: Some(day("2026-12-07")),
        ..layer(Tz::UTC, members(&["ana", "ben"]), &[72], day("2026-12-01"), "10:00")
    };
    let new = layer(Tz::UTC, members(&["chen"]), &[24], day("2026-12-07"), "10:00");
    assert_eq!(
        listed(&schedule(Tz::UTC, vec![new, old]), &[], "2026-12-05 12:00", 2),
        ["Sat 05 12:00 ben", "Mon 07 10:00 chen"]
    );
}

#[test]
fn a_fixed_shift_stands_above_the_layers_and_below_overrides() {
    let mut s = schedule(
        Tz::Europe__Berlin,
        vec![layer(Tz::Europe__Berlin, members(&["ana"]), &[24], day("2026-01-01"), "18:00")],
    );
    let at = |text: &str| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
    s.fixed = vec![FixedShift { user: "ben".into(), from: at("2026-12-24 18:00"), until: at("2026-12-26 18:00") }];
    let o = taken(1, "chen", "2026-12-25 08:00", "2026-12-25 10:00");
    assert_eq!(
        listed(&s, &[&o], "2026-12-24 12:00", 6),
        ["Thu 24 13:00 ana", "Thu 24 18:00 ben", "Fri 25 09:00 chen", "Fri 25 11:00 ben", "Sat 26 18:00 ana"]
    );
    let fixed = resolve(&s, [].iter(), utc("2026-12-25 12:00"));
    assert_eq!((fixed.why, fixed.until), (ShiftReason::Fixed(0), utc("2026-12-26 17:00")));
}

#[test]
fn when_a_shift_ends_and_when_somebody_else_takes_over_are_two_questions() {
    let days = schedule(Tz::UTC, vec![layer(Tz::UTC, members(&["ana", "ben"]), &[24], day("2026-01-05"), "00:00")]);
    let noon = utc("2026-01-05 12:00");
    // Ana has the evening of her own turn by an override, and the morning of Ben's.
    let o = taken(1, "ana", "2026-01-05 18:00", "2026-01-06 06:00");
    let (now, next) = now_and_next(&days, &[&o], noon);
    assert_eq!((now.who, now.until, now.why), (Some("ana".into()), utc("2026-01-05 18:00"), ShiftReason::Layer(0)));
    let next = next.unwrap();
    assert_eq!((next.who, next.until), (Some("ana".into()), utc("2026-01-06 06:00")));
    let other = takeover(&days, &[&o], noon);
    assert_eq!(other, Some(Takeover { at: utc("2026-01-06 06:00"), who: Some("ben".into()) }));
    assert_eq!(
        listed(&days, &[&o], "2026-01-05 12:00", 4),
        ["Mon 05 12:00 ana", "Mon 05 18:00 ana", "Tue 06 06:00 ben", "Wed 07 00:00 ana"]
    );
}

#[test]
fn two_turns_of_one_person_are_two_shifts_and_a_rotation_of_one_has_no_turns() {
    let days =
        |names: &[&str]| schedule(Tz::UTC, vec![layer(Tz::UTC, members(names), &[24], day("2026-01-05"), "00:00")]);
    let noon = utc("2026-01-05 12:00");
    let (now, next) = now_and_next(&days(&["ana", "ana", "ben"]), &[], noon);
    assert_eq!((now.until, next.unwrap().until), (utc("2026-01-06 00:00"), utc("2026-01-07 00:00")));
    assert_eq!(takeover(&days(&["ana", "ana", "ben"]), &[], noon).unwrap().at, utc("2026-01-07 00:00"));
    for names in [["ana"].as_slice(), &["ana", "ana"]] {
        let (now, next) = now_and_next(&days(names), &[], noon);
        assert_eq!((now.who, next, takeover(&days(names), &[], noon)), (Some("ana".into()), None, None));
    }
    assert_eq!(takeover(&schedule(Tz::UTC, vec![]), &[], noon), None, "nobody, for ever");
}

#[test]
fn nobody_is_on_call_before_the_first_turn_and_the_answer_says_until_when() {
    let tz = Tz::Europe__Berlin;
    let schedule = schedule(tz, vec![layer(tz, members(&["ana", "ben"]), &[168], day("2026-01-05"), "18:00")]);
    let first = utc("2026-01-05 17:00");
    for at in [At(0), At(first.0 - 1)] {
        assert_eq!(resolve(&schedule, [].iter(), at), Shift { who: None, until: first, why: ShiftReason::Nobody });
    }
    let shift = resolve(&schedule, [].iter(), first);
    assert_eq!((shift.who, shift.until), (Some("ana".into()), first.plus_secs(7 * 86_400)));
}

#[test]
fn any_instant_at_all_has_an_answer() {
    let tz = Tz::Pacific__Apia;
    for names in [["ana", "ben"], ["ana", "ana"]] {
        let s = schedule(tz, vec![layer(tz, members(&names), &[24], day("2011-12-29"), "00:00")]);
        for (at, who) in [
            (i64::MIN, None),
            (0, None),
            (253_402_300_799_999, Some("ana")),
            (253_402_300_800_000, None),
            (8_000_000_000_000_000, None),
            (i64::MAX, None),
        ] {
            let shift = resolve(&s, [].iter(), At(at));
            assert_eq!(shift.who.as_ref().map(UserId::as_str), who, "{at}");
        }
    }
    let empty = schedule(tz, Vec::new());
    let nobody = Shift { who: None, until: At(i64::MAX), why: ShiftReason::Nobody };
    assert_eq!(resolve(&empty, [].iter(), At(0)), nobody);
}
