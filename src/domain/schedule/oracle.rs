//! A second, naive answer to "who is on call", for tests: somebody looks at the clock on the wall every minute for two
//! years, and hands the pager over as soon as it first shows the time for it. It never asks which instant a local time
//! names, which is what the resolver is built on, so the two can only agree by being right.
//!
//! All it keeps of a clock is the latest time that it ever showed: where it goes back, nothing happens a second time.

use super::tests::{day, hours, layer, members, time};
use super::{FixedShift, Layer, Member, Override, Schedule, Shift, ShiftReason, resolve};
use crate::domain::hours::Span;
use crate::domain::id::{OverrideId, UserId};
use crate::domain::stamp::At;
use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Timelike, Weekday};
use chrono_tz::Tz;
use std::collections::BTreeMap;

const MINUTE_MS: i64 = 60_000;
const DAY_MINUTES: i64 = 24 * 60;
const DAYS: i64 = 730;
/// Whoever looks begins before the first turn does.
const BEFORE_MINUTES: i64 = 2 * DAY_MINUTES;
/// The resolver's word is held against every minute. Beyond that it is asked once more every minute around a change of
/// the clocks, and elsewhere this often: coprime to an hour, so that every minute of the hour is seen.
const STRIDE_MINUTES: i64 = 241;
/// Around a change of the clocks.
const NEAR_MINUTES: usize = 120;

/// Times that fall into gaps and overlaps of one zone or another, and some that never do.
const HANDOFFS: [&str; 8] = ["00:00", "00:30", "01:45", "02:00", "02:30", "03:00", "18:00", "23:30"];

/// The clocks on the walls of some zones, minute by minute: the latest local time each has shown, in minutes of its own
/// calendar.
struct Clocks {
    start: i64,
    shown: BTreeMap<&'static str, Vec<i64>>,
    /// Where some clock is changed within [`NEAR_MINUTES`].
    near: Vec<bool>,
}

impl Clocks {
    fn new(zones: &[Tz], first: NaiveDate) -> Self {
        let start = minute_of(first.and_time(NaiveTime::MIN)) - BEFORE_MINUTES;
        let minutes = usize::try_from(DAYS * DAY_MINUTES).unwrap();
        let mut near = vec![false; minutes];
        let mut shown = BTreeMap::new();
        for tz in zones {
            let mut latest = i64::MIN;
            let mut before = None;
            let mut walls = Vec::with_capacity(minutes);
            for minute in 0..minutes {
                let utc = At((start + minute as i64) * MINUTE_MS).utc().naive_utc();
                let offset = tz.offset_from_utc_datetime(&utc).fix().local_minus_utc();
                if before.is_some_and(|before| before != offset) {
                    near[minute.saturating_sub(NEAR_MINUTES)..(minute + NEAR_MINUTES).min(minutes)].fill(true);
                }
                before = Some(offset);
                latest = latest.max((start * 60 + minute as i64 * 60 + i64::from(offset)).div_euclid(60));
                walls.push(latest);
            }
            shown.insert(tz.name(), walls);
        }
        Self { start, shown, near }
    }
}

/// Minutes since 1970 on the calendar of whoever wrote it.
fn minute_of(local: NaiveDateTime) -> i64 {
    local.and_utc().timestamp().div_euclid(60)
}

/// One layer as the watcher of its clock sees it.
struct Watched<'a> {
    layer: &'a Layer,
    clock: &'a [i64],
    turns: i64,
    /// The next handoff on the wall clock.
    next: i64,
    /// The place in the list of whoever had the pager last, and of who has it.
    last: Option<usize>,
    holder: Option<usize>,
    is_of_one: bool,
}

impl<'a> Watched<'a> {
    fn new(layer: &'a Layer, clocks: &'a Clocks) -> Self {
        let r = &layer.rotation;
        let plain = |m: &Member| m.from.is_none() && m.until.is_none() && m.user == r.members[0].user;
        Self {
            layer,
            clock: &clocks.shown[layer.tz.name()],
            turns: 0,
            next: minute_of(r.start.and_time(r.handoff)),
            last: None,
            holder: None,
            is_of_one: r.members.iter().all(plain),
        }
    }

    /// Who carries the layer, and by which of its turns.
    fn look(&mut self, minute: usize) -> Option<(&'a UserId, i64)> {
        let r = &self.layer.rotation;
        let wall = self.clock[minute];
        while self.next <= wall {
            self.hand_over();
            let length = r.turn_hours[usize::try_from(self.turns).unwrap() % r.turn_hours.len()];
            self.next += i64::from(length) * 60;
            self.turns += 1;
        }
        let ended = self.layer.until.is_some_and(|until| minute_of(until.and_time(r.handoff)) <= wall);
        let holder = self.holder.filter(|_| !ended && is_open(&self.layer.hours, wall))?;
        Some((&r.members[holder].user, if self.is_of_one { 0 } else { self.turns }))
    }

    /// The pager goes to the next on the list who is a member now.
    fn hand_over(&mut self) {
        let r = &self.layer.rotation;
        let now = self.next;
        let on = |day: NaiveDate| minute_of(day.and_time(r.handoff));
        let mut place = self.last.map_or(0, |last| last + 1);
        self.holder = None;
        for _ in 0..r.members.len() {
            place %= r.members.len();
            let m = &r.members[place];
            if m.from.is_none_or(|from| on(from) <= now) && m.until.is_none_or(|until| now < on(until)) {
                self.holder = Some(place);
                self.last = Some(place);
                return;
            }
            place += 1;
        }
    }
}

fn is_open(hours: &[Span], wall: i64) -> bool {
    let (today, now) = (wall.div_euclid(DAY_MINUTES), wall.rem_euclid(DAY_MINUTES));
    // 1 January 1970 was a Thursday.
    let weekday = |day: i64| Weekday::try_from(u8::try_from((day + 3).rem_euclid(7)).unwrap()).unwrap();
    let minute = |time: NaiveTime| i64::from(time.hour() * 60 + time.minute());
    let open = |h: &Span| {
        let (from, until) = (minute(h.from), minute(h.until));
        let over_night = until <= from;
        (h.days.has(weekday(today)) && from <= now && (now < until || over_night))
            || (over_night && h.days.has(weekday(today - 1)) && now < until)
    };
    hours.is_empty() || hours.iter().any(open)
}

/// Who is on call, why, and by which turn of the layer.
type Answer<'a> = (Option<&'a UserId>, ShiftReason, i64);

struct Watcher<'a> {
    schedule: &'a Schedule,
    overrides: &'a [Override],
    layers: Vec<Watched<'a>>,
    clock: &'a [i64],
}

impl<'a> Watcher<'a> {
    fn look(&mut self, minute: usize, at: At) -> Answer<'a> {
        let mut answer: Answer<'a> = (None, ShiftReason::Nobody, 0);
        for (index, layer) in self.layers.iter_mut().enumerate() {
            if let Some((who, turn)) = layer.look(minute) {
                answer = (Some(who), ShiftReason::Layer(u32::try_from(index).unwrap()), turn);
            }
        }
        for (index, fixed) in self.schedule.fixed.iter().enumerate() {
            let wall = self.clock[minute];
            if minute_of(fixed.from) <= wall && wall < minute_of(fixed.until) {
                answer = (Some(&fixed.user), ShiftReason::Fixed(u32::try_from(index).unwrap()), 0);
            }
        }
        let mut latest = None;
        for o in self.overrides {
            if o.schedule == self.schedule.id && o.from <= at && at < o.until && latest.is_none_or(|id| id < o.id) {
                latest = Some(o.id);
                answer = (Some(&o.user), ShiftReason::Override(o.id), 0);
            }
        }
        answer
    }
}

/// Looks every minute and holds what the resolver said against it. Returns how many shifts there were.
fn walk(schedule: &Schedule, overrides: &[Override], clocks: &Clocks) -> usize {
    let layers = schedule.layers.iter().map(|layer| Watched::new(layer, clocks)).collect();
    let mut watcher = Watcher { schedule, overrides, layers, clock: &clocks.shown[schedule.tz.name()] };
    let mut said: Option<(Shift, Answer<'_>)> = None;
    let mut shifts = 0;
    for minute in 0..clocks.near.len() {
        let at = At((clocks.start + minute as i64) * MINUTE_MS);
        let want = watcher.look(minute, at);
        let told = |what: &str| {
            let local = at.utc().with_timezone(&schedule.tz).naive_local();
            format!("{what}: {} {} ({local}): {want:?}, said before: {said:?}\n{schedule:#?}", schedule.tz, at.utc())
        };
        let lasts = match &said {
            Some((shift, was)) if at < shift.until => {
                assert!(*was == want, "{}", told("changed before it was said to"));
                true
            }
            Some((_, was)) => {
                assert!(*was != want, "{}", told("did not change when it was said to"));
                false
            }
            None => false,
        };
        if lasts && !clocks.near[minute] && minute as i64 % STRIDE_MINUTES != 0 {
            continue;
        }
        let shift = resolve(schedule, overrides.iter(), at);
        assert!(
            (shift.who.as_ref(), shift.why) == (want.0, want.1),
            "{}",
            told(&format!("the resolver says {shift:?}"))
        );
        assert!(shift.until > at, "{}", told("ends before it begins"));
        match &said {
            Some((before, _)) if lasts => {
                assert!(*before == shift, "{}", told(&format!("the resolver now says {shift:?}")));
            }
            Some(_) | None => {
                shifts += 1;
                said = Some((shift, want));
            }
        }
    }
    shifts
}

/// What a schedule of one zone may look like, with another zone for some layers.
fn schedules(tz: Tz, far: Tz, first: NaiveDate) -> Vec<Schedule> {
    let on = |days: u64| first + Days::new(days);
    let some_time = |user: &str, from: Option<u64>, until: Option<u64>| Member {
        user: user.into(),
        from: from.map(on),
        until: until.map(on),
    };
    let base = |handoff: &str| layer(tz, members(&["ana", "ben", "chen"]), &[168], first, handoff);
    let fixed = |user: &str, from: NaiveDateTime, until: NaiveDateTime| FixedShift { user: user.into(), from, until };
    let mut all: Vec<Vec<Layer>> = HANDOFFS
        .iter()
        .enumerate()
        .map(|(index, handoff)| {
            let length = if index % 2 == 0 { 24 } else { 168 };
            vec![layer(tz, members(&["ana", "ben", "chen"]), &[length], first, handoff)]
        })
        .collect();
    // Turns of hours: of half a day, of what divides no day, and so short that some fall into gaps.
    all.push(vec![layer(tz, members(&["ana", "ben", "chen"]), &[12], first, "09:00")]);
    all.push(vec![layer(tz, members(&["ana", "ben", "chen"]), &[5, 1, 1, 30], first, "01:30")]);
    all.push(vec![layer(tz, members(&["ana", "ben", "ana"]), &[96, 72], first, "02:30")]);
    // Restricted: working hours elsewhere, nights here, hours that lie in gaps, and a layer that ends.
    let day_shift = Layer {
        hours: hours(&[("mon-fri", "09:00", "17:00"), ("mon,wed", "17:00", "17:30")]),
        ..layer(far, members(&["divya", "emil"]), &[168], on(20), "12:00")
    };
    let nights = Layer {
        hours: hours(&[("sat,sun", "22:00", "06:00"), ("fri-mon", "02:00", "03:00"), ("sun", "23:30", "00:15")]),
        until: Some(on(500)),
        ..layer(tz, members(&["mara"]), &[24], on(3), "18:00")
    };
    all.push(vec![base("10:00"), day_shift.clone(), nights.clone()]);
    // Nobody but at certain hours, with turns that end in the middle of them.
    let alone = Layer {
        hours: hours(&[("mon-sun", "00:00", "12:00"), ("tue-fri", "12:00", "00:00")]),
        ..layer(tz, members(&["ana", "ben"]), &[7], on(1), "02:15")
    };
    all.push(vec![alone]);
    // Members who come and go, once all of them at once.
    let changing = [
        some_time("ana", None, Some(200)),
        some_time("sam", Some(40), None),
        some_time("ben", None, Some(300)),
        some_time("sam", Some(41), Some(290)),
        some_time("chen", Some(350), None),
    ];
    let changing = |turns: &[u32]| {
        let members = changing
            .iter()
            .cloned()
            .map(|m| if m.from.is_none() { m } else { Member { until: m.until.or(Some(on(280))), ..m } });
        layer(tz, members.chain([some_time("noor", Some(400), None)]).collect(), turns, first, "02:30")
    };
    all.push(vec![changing(&[24])]);
    all.push(vec![base("23:30"), changing(&[13, 60]), day_shift.clone()]);
    all.push(vec![base("00:00"), day_shift, changing(&[96, 72]), nights]);
    let mut schedules: Vec<Schedule> = all
        .into_iter()
        .map(|layers| Schedule { id: "s".into(), name: "s".into(), team: None, tz, layers, fixed: Vec::new() })
        .collect();
    if let Some(last) = schedules.last_mut() {
        let march = first.with_month_day(3, 29);
        last.fixed = vec![
            fixed("noor", on(10).and_time(time("02:30")), on(12).and_time(time("02:30"))),
            // Inside another one, written later, and over whatever the clocks do in spring and autumn.
            fixed("olu", on(11).and_time(time("00:00")), on(11).and_time(time("01:00"))),
            fixed("noor", march.and_time(time("02:15")), march.and_time(time("02:45"))),
            fixed(
                "olu",
                (march - Days::new(30)).and_time(time("02:15")),
                (march + Days::new(30)).and_time(time("01:30")),
            ),
            fixed("noor", march.and_time(time("03:00")), march.and_time(time("09:00"))),
        ];
    }
    schedules
}

trait WithMonthDay {
    fn with_month_day(self, month: u32, day: u32) -> Self;
}

impl WithMonthDay for NaiveDate {
    fn with_month_day(self, month: u32, day: u32) -> Self {
        use chrono::Datelike;
        Self::from_ymd_opt(self.year(), month, day).unwrap()
    }
}

fn overrides(first: NaiveDate) -> Vec<Override> {
    use chrono::Datelike;
    let at = |text: &str| At::from(format!("{}-{text}:00", first.year()).parse::<NaiveDateTime>().unwrap().and_utc());
    let made = |id: u64, user: &str, from: &str, until: &str, schedule: &str| Override {
        id: OverrideId(id),
        schedule: schedule.into(),
        user: user.into(),
        from: at(from),
        until: at(until),
        by: user.into(),
        due: None,
    };
    vec![
        made(1, "emil", "03-28T12:00", "03-30T12:00", "s"),
        // Inside another one, made later.
        made(3, "mara", "03-29T00:30", "03-29T02:10", "s"),
        // Inside another one, made earlier: never seen while that one lasts.
        made(0, "ben", "03-28T20:00", "03-30T20:00", "s"),
        // Begins where the first ends, and is of whoever may have it anyhow.
        made(4, "chen", "03-30T12:00", "03-30T13:00", "s"),
        // Over a change in the other direction, and before the first turn.
        made(5, "divya", "10-24T00:00", "11-02T00:00", "s"),
        made(6, "emil", "01-01T22:00", "01-02T01:00", "s"),
        // Another schedule's, and one that lasts no time.
        made(7, "mara", "01-01T00:00", "12-31T00:00", "other"),
        made(8, "mara", "03-28T13:00", "03-28T13:00", "s"),
    ]
}

/// One zone, every schedule, with and without overrides.
fn two_years(tz: Tz, first: &str) -> usize {
    let first = day(first);
    // Wherever it is, the other place changes its clocks on other days, or by another hour.
    let far = if tz == Tz::Australia__Lord_Howe { Tz::America__New_York } else { Tz::Australia__Lord_Howe };
    let clocks = Clocks::new(&[tz, far], first);
    let overrides = overrides(first);
    let mut shifts = 0;
    for schedule in schedules(tz, far, first) {
        shifts += walk(&schedule, &[], &clocks);
        if schedule.layers.len() > 1 {
            shifts += walk(&schedule, &overrides, &clocks);
        }
        // The order in which they are kept means nothing.
        if !schedule.fixed.is_empty() {
            let backwards: Vec<Override> = overrides.iter().rev().cloned().collect();
            shifts += walk(&schedule, &backwards, &clocks);
        }
    }
    shifts
}

/// Zones, and two years of each in which the clocks do what they are known for. One test each, so that they run beside
/// each other.
mod the_resolver_agrees_with_the_clock_on_the_wall_every_minute_of_two_years {
    use super::{Tz, two_years};

    fn agrees(tz: Tz, first: &str) {
        let shifts = two_years(tz, first);
        assert!(shifts > 10_000, "{tz}: {shifts}");
    }

    #[test]
    fn in_utc() {
        agrees(Tz::UTC, "2026-01-05");
    }

    #[test]
    fn in_berlin() {
        agrees(Tz::Europe__Berlin, "2026-01-05");
    }

    #[test]
    fn in_new_york() {
        agrees(Tz::America__New_York, "2026-01-05");
    }

    #[test]
    fn in_sao_paulo_which_changed_at_midnight_until_2019() {
        agrees(Tz::America__Sao_Paulo, "2017-01-02");
    }

    #[test]
    fn on_lord_howe_which_changes_by_half_an_hour() {
        agrees(Tz::Australia__Lord_Howe, "2026-01-05");
    }

    #[test]
    fn in_kolkata_which_never_changes_and_is_half_an_hour_beside_everybody_else() {
        agrees(Tz::Asia__Kolkata, "2026-01-05");
    }

    #[test]
    fn in_cairo_which_changes_at_midnight_on_a_friday() {
        agrees(Tz::Africa__Cairo, "2026-01-05");
    }

    #[test]
    fn in_apia_where_30_december_2011_does_not_exist() {
        agrees(Tz::Pacific__Apia, "2011-01-03");
    }
}
