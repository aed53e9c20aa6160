use super::*;
use crate::domain::directory::{PersonalRule, Policy, Service, Step, Target, Team, User};
use crate::domain::handle::handle;
use crate::domain::hours::{Span, Weekdays};
use crate::domain::id::InputId;
use crate::domain::input::{Input, OverrideRequest, What};
use crate::domain::schedule::{FixedShift, Layer, Member, Rotation};
use crate::domain::world::rows::OPEN_PREFIXES;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use chrono_tz::Tz;

pub fn utc(text: &str) -> At {
    At::from(NaiveDateTime::parse_from_str(&format!("2026-{text}"), "%Y-%m-%d %H:%M").expect("a time").and_utc())
}

/// Payments in Berlin, by turns of so many hours from Monday, 5 January 2026, 09:00 on; Mara is above.
pub fn berlin(members: &[&str], turn_hours: u32) -> Directory {
    let tz = Tz::Europe__Berlin;
    let person = |id: &str| {
        let rules = vec![PersonalRule::slack(0)];
        let (slack, name) = (Some(format!("U0{id}").as_str().into()), id.to_owned());
        User { id: id.into(), name, slack, email: None, phone: None, tz, admin: false, rules }
    };
    let rotation = Rotation {
        members: members.iter().map(|id| Member::always(*id)).collect(),
        turn_hours: vec![turn_hours],
        start: NaiveDate::from_ymd_opt(2026, 1, 5).expect("a day"),
        handoff: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
    };
    let (id, name) = (ScheduleId::from("primary"), "Primary".to_owned());
    let layers = vec![Layer::always(tz, rotation)];
    let schedule = Schedule { id: id.clone(), name, team: None, tz, layers, fixed: Vec::new() };
    let above = Step::all(vec![Target::User("mara".into())], 300);
    let steps = vec![Step::all(vec![Target::Schedule(id.clone())], 300), above];
    let policy = Policy { id: "pay".into(), steps, repeat: 0 };
    let team = Team::new("pay".into(), "C0PAY".into(), Vec::new());
    let service = Service::new("pay".into(), "pay".into(), "pay".into(), "C0PAY".into());
    Directory {
        users: ["ana", "ben", "chen", "mara"].map(|id| (id.into(), person(id))).into(),
        teams: [(team.id.clone(), team)].into(),
        services: [(service.id.clone(), service)].into(),
        policies: [(policy.id.clone(), policy)].into(),
        schedules: [(id, schedule)].into(),
        ..Directory::empty("C0ADMIN".into())
    }
}

struct Life {
    directory: Directory,
    world: World,
    now: At,
    told: Vec<String>,
    inputs: u64,
}

impl Life {
    fn at(directory: Directory, now: &str) -> Self {
        let (world, now) = (World::default(), utc(now));
        let mut life = Self { directory, world, now, told: Vec::new(), inputs: 0 };
        life.loads();
        life
    }

    fn loads(&mut self) {
        self.does(What::ConfigLoaded(Arc::new(self.directory.clone()))).expect("a good one");
    }

    fn does(&mut self, what: What) -> Result<(), Refusal> {
        self.inputs += 1;
        let (input, stamp) = (Input { id: InputId::minted('t', self.inputs), what }, Stamp::agreed(self.now));
        for fact in handle(&self.world, &self.directory, &input, stamp)? {
            if let Fact::PostWanted { about: About::ShiftAhead { shift, told }, to, .. } = &fact {
                assert_eq!(*to, Recipient::User(shift.user.clone()));
                let looks = &self.world.prepared[shift].looks;
                let (now, from) = (self.now.utc().format("%a %m-%d %H:%M"), looks.from.utc().format("%m-%d %H:%M"));
                self.told.push(format!("{now} {told:?} {} {from}", shift.user));
            }
            self.world.apply(&fact, stamp);
        }
        assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force());
        Ok(())
    }

    /// Everything that is due until then; what was said since this was last asked, in UTC.
    fn until(&mut self, until: &str) -> Vec<String> {
        while let Some(wake) = self.world.next_wake().filter(|wake| *wake <= utc(until)) {
            self.now = self.now.max(wake);
            self.does(What::Due).expect("nobody is refused");
        }
        self.now = utc(until);
        std::mem::take(&mut self.told)
    }

    fn stands_in(&mut self, user: &str, from: &str, until: &str) {
        let (schedule, user, by) = ("primary".into(), UserId::from(user), UserId::from("mara"));
        let (from, until) = (utc(from), utc(until));
        self.does(What::Override(OverrideRequest { schedule, user, from, until, by })).expect("everybody may");
    }
}

#[test]
fn a_weekly_shift_is_told_twice_whatever_clocks_do() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    // Summer time begins on the 29th: 09:00 is 08:00 in UTC, and then 07:00.
    assert_eq!(
        life.until("04-01 00:00"),
        [
            "Thu 03-12 15:00 First ana 03-16 08:00",
            "Fri 03-13 15:00 Last ana 03-16 08:00",
            "Thu 03-19 15:00 First ben 03-23 08:00",
            "Fri 03-20 15:00 Last ben 03-23 08:00",
            "Thu 03-26 15:00 First ana 03-30 07:00",
            "Fri 03-27 15:00 Last ana 03-30 07:00",
        ]
    );
    assert!(life.world.prepared.len() <= 2, "those that are over are forgotten");
}

#[test]
fn one_person_hears_nothing_and_whoever_has_every_other_night_hears_once_a_week() {
    assert_eq!(Life::at(berlin(&["ana"], 24), "03-02 12:00").until("03-20 00:00"), [""; 0]);
    let mut hours = Life::at(berlin(&["ana", "ben"], 12), "03-04 12:00");
    assert_eq!(
        hours.until("03-18 12:00"),
        [
            "Mon 03-09 07:00 Last ana 03-09 08:00",
            "Mon 03-09 15:00 Last ben 03-09 20:00",
            "Mon 03-16 07:00 Last ana 03-16 08:00",
            "Mon 03-16 15:00 Last ben 03-16 20:00",
        ]
    );
    let mut days = Life::at(berlin(&["ana", "ben", "chen"], 24), "03-02 12:00");
    assert_eq!(
        days.until("03-06 12:00"),
        [
            "Mon 03-02 12:00 Last ana 03-03 08:00",
            "Tue 03-03 08:00 Last ben 03-04 08:00",
            "Wed 03-04 08:00 Last chen 03-05 08:00",
            "Thu 03-05 08:00 Last ana 03-06 08:00",
            "Fri 03-06 08:00 Last ben 03-07 08:00",
        ],
        "a day before, once"
    );
}

#[test]
fn a_week_of_working_days_is_one_shift_until_its_last_evening() {
    let mut directory = berlin(&["ana", "ben"], 168);
    let schedule = directory.schedules.get_mut(&"primary".into()).expect("it is there");
    let hour = |h| NaiveTime::from_hms_opt(h, 0, 0).expect("a time");
    schedule.layers[0].hours = vec![Span { days: Weekdays(0b1_1111), from: hour(9), until: hour(17) }];
    let mut life = Life::at(directory.clone(), "03-05 12:00");
    assert_eq!(
        life.until("03-10 12:00"),
        ["Thu 03-05 15:00 First ben 03-09 08:00", "Fri 03-06 15:00 Last ben 03-09 08:00"]
    );
    let looks = |life: &Life| next_of(&life.world, &directory, life.now, &"ben".into()).expect("it is his").looks;
    let Looks { from, until, pause, .. } = looks(&life);
    assert_eq!((from, until, pause), (utc("03-09 08:00"), utc("03-13 16:00"), Some(utc("03-09 16:00"))));
    let others = life.until("03-13 12:00");
    assert_eq!(others, ["Thu 03-12 15:00 First ana 03-16 08:00"], "he hears nothing before each day");
    assert_eq!(looks(&life).from, utc("03-09 08:00"), "on Friday it is the same shift");
}

#[test]
fn whoever_comes_after_a_long_pause_hears_in_time_without_anybody_looking() {
    let mut directory = berlin(&["ana"], 168);
    let schedule = directory.schedules.get_mut(&"primary".into()).expect("it is there");
    schedule.layers.clear();
    let local = |text: &str| NaiveDateTime::parse_from_str(&format!("2026-{text}"), "%Y-%m-%d %H:%M").expect("a time");
    let fixed =
        |user: &str, from: &str, until: &str| FixedShift { user: user.into(), from: local(from), until: local(until) };
    schedule.fixed = vec![fixed("ben", "02-20 09:00", "03-31 23:00"), fixed("ana", "04-01 07:00", "04-08 07:00")];
    let mut life = Life::at(directory, "03-01 12:00");
    assert_eq!(
        life.until("04-02 12:00"),
        ["Tue 03-24 15:00 First ana 04-01 05:00", "Fri 03-27 15:00 Last ana 04-01 05:00"]
    );
}

#[test]
fn backups_hear_of_their_shifts_too() {
    let mut directory = berlin(&["ana", "ben"], 168);
    let backup =
        Schedule { id: "backup".into(), name: "Backup".to_owned(), ..directory.schedules[&"primary".into()].clone() };
    let policy = directory.policies.get_mut(&"pay".into()).expect("it is there");
    policy.steps[1] = Step::all(vec![Target::Schedule("backup".into())], 300);
    directory.schedules.insert("backup".into(), backup);
    let mut life = Life::at(directory.clone(), "03-11 12:00");
    assert_eq!(life.until("03-14 00:00").len(), 4, "of both");
    directory.policies.get_mut(&"pay".into()).expect("it is there").steps.truncate(1);
    let mut life = Life::at(directory, "03-11 12:00");
    assert_eq!(life.until("03-14 00:00").len(), 2, "nobody is asked by the other one");
}

#[test]
fn whoever_has_it_without_an_end_ticks_the_same_list_on_every_day() {
    let mut life = Life::at(berlin(&["ana"], 168), "03-11 12:00");
    // Above her is whoever has another schedule; in 1970 nobody had it.
    let backup = life.directory.schedules[&"primary".into()].clone();
    let layer = Layer {
        rotation: Rotation { members: vec![Member::always("chen")], ..backup.layers[0].rotation.clone() },
        ..backup.layers[0].clone()
    };
    let backup = Schedule { id: "backup".into(), layers: vec![layer], ..backup };
    life.directory.schedules.insert("backup".into(), backup);
    let policy = life.directory.policies.get_mut(&"pay".into()).expect("it is there");
    policy.steps[1] = Step::all(vec![Target::Schedule("backup".into())], 300);
    life.loads();
    let d = life.directory.clone();
    let next = |life: &Life| next_of(&life.world, &d, life.now, &"ana".into()).expect("it is hers");
    let first = next(&life);
    assert_eq!(first.looks.from, LONG_AGO);
    assert_eq!(first.looks.above, ["chen".into()], "now, and not when it began");
    life.until("03-11 13:00");
    life.does(What::Ready { shift: first.shift.clone(), check: Check::Phone, done: true }).expect("hers");
    life.until("04-20 12:00");
    assert_eq!(next(&life).shift, first.shift);
    assert_eq!(next(&life).ready.len(), 1, "with the day on which she did");
    life.does(What::Ready { shift: first.shift, check: Check::Phone, done: false }).expect("still hers");
    assert_eq!(next(&life).ready.len(), 0);
}

#[test]
fn each_schedule_that_somebody_carries_has_its_next_shift() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    let primary = life.directory.schedules[&"primary".into()].clone();
    let layer = Layer {
        rotation: Rotation { members: vec![Member::always("ana")], ..primary.layers[0].rotation.clone() },
        ..primary.layers[0].clone()
    };
    life.directory.schedules.insert("backup".into(), Schedule { id: "backup".into(), layers: vec![layer], ..primary });
    let policy = life.directory.policies.get_mut(&"pay".into()).expect("it is there");
    policy.steps[1] = Step::all(vec![Target::Schedule("backup".into())], 300);
    life.loads();
    let of = |life: &Life, who: &str| -> Vec<String> {
        let all = next_of_each(&life.world, &life.directory, life.now, &who.into());
        all.into_iter().map(|p| p.shift.schedule.to_string()).collect()
    };
    assert_eq!(of(&life, "ana"), ["backup", "primary"], "the one under way first");
    assert_eq!(of(&life, "ben"), ["primary"]);
    assert_eq!(of(&life, "mara"), [""; 0]);
}

#[test]
fn what_is_under_way_is_not_what_is_ahead() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    let d = life.directory.clone();
    life.until("03-16 12:00");
    let looks = |life: &Life| {
        let looks = next_of(&life.world, &d, life.now, &"ana".into()).expect("it is hers").looks;
        (looks.from, looks.until, looks.pause)
    };
    let week = (utc("03-16 08:00"), utc("03-23 08:00"));
    assert_eq!(looks(&life), (week.0, week.1, None));
    // An hour of somebody else is a pause of it, and no new one.
    life.stands_in("chen", "03-17 17:00", "03-17 18:00");
    assert_eq!(looks(&life), (week.0, week.1, Some(utc("03-17 17:00"))));
    let known: Vec<_> = life.world.prepared.values().filter(|p| p.shift.user == "ana".into()).collect();
    assert_eq!((known.len(), known[0].looks.from, known[0].looks.pause), (1, week.0, Some(utc("03-17 17:00"))));
    life.does(What::EndOverride { id: life.world.meta.last_override, by: "mara".into() }).expect("everybody may");
    assert_eq!(looks(&life), (week.0, week.1, None));
    assert_eq!(life.until("03-18 00:00"), [""; 0]);
}

#[test]
fn a_shift_that_moves_to_days_later_has_its_list_again() {
    // Until when Chen stands in, on Monday from eight on; when she hears of what is left to her, in UTC.
    let table = [
        ("03-16 18:00", ""),
        ("03-17 08:00", ""),
        ("03-17 20:00", "Mon 03-16 15:00 Last ana 03-17 20:00"),
        ("03-18 08:00", "Tue 03-17 08:00 Last ana 03-18 08:00"),
        ("03-19 08:00", "Wed 03-18 08:00 Last ana 03-19 08:00"),
    ];
    for (until, hears) in table {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        assert_eq!(life.until("03-13 16:00").len(), 2, "both were told");
        life.stands_in("chen", "03-16 08:00", until);
        let told = life.until("03-20 00:00");
        let ana: Vec<String> = told.into_iter().filter(|line| line.contains("ana")).collect();
        assert_eq!(ana.join(", "), hears, "he has it until {until}");
    }
}

#[test]
fn what_was_checked_holds_for_a_week_but_for_the_phone() {
    let mut life = Life::at(berlin(&["ana", "ben", "chen"], 24), "03-02 12:00");
    let d = life.directory.clone();
    life.until("03-03 12:00");
    let next = |life: &Life| next_of(&life.world, &d, life.now, &"ana".into()).expect("it is hers");
    let first = next(&life);
    for check in Check::ALL {
        life.does(What::Ready { shift: first.shift.clone(), check, done: true }).expect("hers");
    }
    let held = |life: &Life| ready(&life.world, &next(life)).into_keys().collect::<Vec<_>>();
    assert_eq!(held(&life), Check::ALL);
    life.until("03-06 12:00");
    assert_ne!(next(&life).shift, first.shift);
    assert_eq!(held(&life), Check::ALL[1..], "the next one");
    let undo = What::Ready { shift: next(&life).shift, check: Check::Laptop, done: false };
    life.does(undo).expect("hers");
    assert_eq!(held(&life), Check::ALL[2..], "it is nowhere good any more");
    life.until("03-10 13:00");
    assert_eq!(held(&life), [], "a week is over");
    life.until("03-13 12:00");
    assert!(!life.world.prepared.contains_key(&first.shift), "and it is forgotten");
}

#[test]
fn whoever_stands_in_hears_and_not_whoever_is_relieved() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    life.stands_in("chen", "03-16 08:00", "03-23 08:00");
    assert_eq!(
        life.until("03-17 00:00"),
        ["Fri 03-13 15:00 Last chen 03-16 08:00"],
        "that he stands in was told when it was made"
    );
    // Told, and then relieved: the message says so; and theirs again, nothing is said twice.
    assert_eq!(life.until("03-20 14:00"), ["Thu 03-19 15:00 First ben 03-23 08:00"]);
    life.stands_in("mara", "03-23 08:00", "03-30 07:00");
    let key = ShiftKey { schedule: "primary".into(), user: "ben".into(), from: utc("03-23 08:00") };
    assert_eq!(life.world.prepared[&key].gone, Some(Gone { to: Some("mara".into()) }));
    let id = life.world.meta.last_override;
    life.does(What::EndOverride { id, by: "mara".into() }).expect("everybody may");
    assert_eq!(life.world.prepared[&key].gone, None);
    assert_eq!(
        life.until("03-23 12:00"),
        // Ana was off for longer than usual.
        ["Fri 03-20 15:00 Last ben 03-23 08:00", "Fri 03-20 15:00 First ana 03-30 07:00"]
    );
}

#[test]
fn an_override_that_is_made_late_is_its_own_reminder() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-12 12:00");
    life.until("03-14 10:00");
    life.stands_in("chen", "03-16 08:00", "03-17 08:00");
    assert_eq!(life.until("03-18 00:00"), [""; 0]);
    // Between the two: the second one is told.
    assert_eq!(life.until("03-19 18:00"), ["Thu 03-19 15:00 First ben 03-23 08:00"]);
    life.stands_in("chen", "03-23 08:00", "03-24 07:00");
    assert_eq!(
        life.until("03-22 00:00"),
        ["Fri 03-20 15:00 Last chen 03-23 08:00", "Fri 03-20 15:00 Last ben 03-24 07:00"]
    );
}

#[test]
fn what_was_missed_is_told_once_and_not_by_night_nor_after_the_beginning() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    life.now = utc("03-13 22:30");
    life.loads();
    let saturday = ["Sat 03-14 07:00 Last ana 03-16 08:00"];
    assert_eq!(life.until("03-14 10:00"), saturday, "when she works again, it begins");
    assert_eq!(life.until("03-16 08:00"), [""; 0]);
}

#[test]
fn what_is_checked_is_remembered_for_its_shift_alone() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    let (d, ana) = (life.directory.clone(), UserId::from("ana"));
    let next = next_of(&life.world, &d, life.now, &ana).expect("on Monday");
    assert_eq!((next.looks.from, next.looks.before.clone()), (utc("03-16 08:00"), Some("ben".into())));
    assert_eq!(next.looks.above, ["mara".into()]);
    let ready = |check, done| What::Ready { shift: next.shift.clone(), check, done };
    life.does(ready(Check::Phone, true)).expect("before anybody told her");
    life.does(ready(Check::Phone, true)).expect("once");
    life.does(ready(Check::Laptop, true)).expect("hers");
    life.does(ready(Check::Laptop, false)).expect("not after all");
    assert_eq!(life.until("03-14 00:00").len(), 2);
    let next = next_of(&life.world, &d, life.now, &ana).expect("on Monday");
    assert_eq!(next.ready, [(Check::Phone, utc("03-11 12:00"))].into());
    // In it, too; and not once it is over.
    life.until("03-17 12:00");
    let now = next_of(&life.world, &d, life.now, &ana).expect("she is in it");
    assert_eq!((now.shift.clone(), now.ready.len()), (next.shift.clone(), 1));
    life.does(What::Ready { shift: next.shift.clone(), check: Check::Methods, done: true }).expect("late, and well");
    life.until("03-24 12:00");
    let schedule = ScheduleId::from("primary");
    let late = life.does(What::Ready { shift: next.shift.clone(), check: Check::Methods, done: false });
    assert_eq!(late, Err(Refusal::NotYourShift { schedule: schedule.clone() }));
    let of_ben = ShiftKey { user: "ben".into(), ..next.shift };
    let other = life.does(What::Ready { shift: of_ben, check: Check::Phone, done: true });
    assert_eq!(other, Err(Refusal::NotYourShift { schedule }));
    let nobody = next_of(&life.world, &d, life.now, &"mara".into());
    assert_eq!(nobody, None);
}

#[test]
fn rows_hold_all_of_it() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    life.until("03-13 16:00");
    let mut read = World::default();
    for (key, value) in life.world.all_rows() {
        assert!(OPEN_PREFIXES.iter().any(|prefix| key.starts_with(prefix)), "a start reads it");
        read.load_row(&key, &value.expect("a row")).expect("it reads back");
    }
    assert_eq!((read.prepared.len(), &read.prepared), (1, &life.world.prepared));
    assert_eq!(read.next_wake(), life.world.next_wake());
}

#[test]
fn what_is_over_longest_is_forgotten_first() {
    let mut world = World::default();
    let (day, most) = (DAY_SECS, i64::try_from(PREPARED_MAX).expect("few"));
    for n in 0..=most {
        let from = At(0).plus_secs(n * day);
        let shift = ShiftKey { schedule: format!("s{}", most - n).as_str().into(), user: "ana".into(), from };
        let looks = Looks { from, until: from.plus_secs(day), pause: None, before: None, above: Vec::new() };
        world.apply(&Fact::ShiftForetold { shift, looks, told: Some(Told::Last), heard: None }, Stamp::agreed(At(0)));
    }
    assert_eq!(world.prepared.len(), PREPARED_MAX);
    assert!(world.prepared.keys().all(|shift| shift.from > At(0)), "the oldest went, whatever it is called");
}

#[test]
fn a_schedule_that_is_gone_takes_its_shifts_with_it() {
    let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
    life.until("03-13 16:00");
    let schedule = life.directory.schedules.remove(&"primary".into()).expect("one");
    life.loads();
    let gone = life.world.prepared.values().all(|p| p.gone == Some(Gone { to: None }));
    assert!(gone && life.world.prepared.len() == 1);
    life.directory.schedules.insert(schedule.id.clone(), schedule);
    life.loads();
    assert_eq!(life.until("03-16 12:00"), [""; 0], "it was told");
    assert!(life.world.prepared.values().all(|p| p.gone.is_none()));
}
