//! How silences and windows are made and end, and what they hold back meanwhile.

use super::*;
use crate::domain::directory::{Directory, PersonalRule, Service, User};
use crate::domain::group::Grouping;
use crate::domain::handle::handle;
use crate::domain::id::{IncidentNo, InputId, ServiceId};
use crate::domain::input::{Act, Deed, Delivery, Event, EventAction, Input, Source, What};
use crate::domain::quiet::{
    CLOCK_PATIENCE_SECS, LOOKED_AT_AT_ONCE, MAINTENANCE_MAX_SECS, Matcher, SILENCE_MAX_SECS, SWEPT_AT_ONCE, Sweep,
};
use crate::domain::stamp::Stamp;
use crate::domain::world::World;

const START: At = At(1_772_420_520_000);

fn directory() -> Directory {
    let id = ServiceId::from("payments");
    let service = Service::new(id.clone(), "team".into(), "policy".into(), "C0PAY".into());
    Directory { services: [(id, service)].into(), ..Directory::empty("C0ADMIN".into()) }
}

struct Desk {
    directory: Directory,
    world: World,
    now: At,
}

impl Desk {
    fn new() -> Self {
        let mut directory = directory();
        // Each alert is an incident.
        directory.settings.flood = 0;
        Self { directory, world: World::default(), now: START }
    }

    fn decide(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
        let (input, stamp) = (Input { id: InputId::minted('t', 1), what }, Stamp::agreed(self.now));
        let facts = handle(&self.world, &self.directory, &input, stamp)?;
        facts.iter().for_each(|fact| self.world.apply(fact, stamp));
        assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force());
        Ok(facts)
    }

    fn makes(&mut self, scope: Covered, from: i64, until: i64, because: &str) -> Result<Vec<Fact>, Refusal> {
        let (from, until) = (self.now.plus_secs(from), self.now.plus_secs(until));
        let because = because.to_owned();
        self.decide(What::Quiet(QuietRequest { scope, by: "ana".into(), from, until, because, elsewhere: false }))
    }
}

fn payments() -> Covered {
    Covered::Services(vec!["payments".into()])
}

fn disk() -> Covered {
    Covered::Alert(crate::domain::id::AlertKey { service: "payments".into(), dedup: "disk".into() })
}

#[test]
fn an_end_and_a_reason_are_needed_and_the_end_is_bounded() {
    let mut desk = Desk::new();
    assert_eq!(desk.makes(payments(), 0, 60, "  "), Err(Refusal::QuietWithoutReason));
    assert_eq!(desk.makes(payments(), 60, 60, "deploy"), Err(Refusal::QuietEndsBeforeItStarts));
    let until = START.plus_secs(-30);
    assert_eq!(desk.makes(payments(), -60, -30, "deploy"), Err(Refusal::QuietInThePast { until }));
    for (scope, most) in [(payments(), MAINTENANCE_MAX_SECS), (disk(), SILENCE_MAX_SECS)] {
        let too_long = Refusal::QuietTooLong { kind: scope.kind(), latest: START.plus_secs(most) };
        assert_eq!(desk.makes(scope.clone(), 0, most + 1, "deploy"), Err(too_long));
        desk.makes(scope, 0, most, "deploy").expect("not a second too long");
    }
    let gone = Covered::Services(vec!["gone".into()]);
    assert_eq!(desk.makes(gone, 0, 60, "deploy"), Err(Refusal::NoSuchService("gone".into())));
    let none = Covered::Services(Vec::new());
    assert_eq!(desk.makes(none, 0, 60, "deploy"), Err(Refusal::QuietNames { most: SERVICES_MAX }));
}

#[test]
fn there_are_only_so_many_and_what_is_over_makes_room() {
    let mut desk = Desk::new();
    for _ in 0..QUIETS_MAX {
        desk.makes(payments(), 0, 60, "deploy").expect("there is room");
    }
    assert_eq!(desk.makes(payments(), 0, 60, "deploy"), Err(Refusal::TooManyQuiets { most: QUIETS_MAX }));
    desk.decide(What::EndQuiet { id: QuietId(1), by: "ben".into() }).expect("everybody may");
    desk.makes(payments(), 0, 60, "deploy").expect("there is room again");
    let again = desk.decide(What::EndQuiet { id: QuietId(1), by: "ben".into() });
    assert_eq!(again, Err(Refusal::NoSuchQuiet(QuietId(1))));
}

#[test]
fn pressed_twice_it_lasts_one_hour_more() {
    let mut desk = Desk::new();
    desk.makes(payments(), 0, 3_600, "deploy").expect("there is room");
    let until = START.plus_secs(7_200);
    let more = || What::ExtendQuiet { id: QuietId(1), by: "ana".into(), until };
    desk.decide(more()).expect("not too long");
    assert_eq!(desk.decide(more()), Err(Refusal::QuietLastsAsLong { until }));
    desk.now = START.plus_secs(3_600);
    desk.decide(What::Due).expect("never refused");
    assert!(desk.world.quiets[&QuietId(1)].is_in_force(Stamp::agreed(desk.now)));
    desk.now = until;
    desk.decide(What::Due).expect("never refused");
    assert!(desk.world.quiets[&QuietId(1)].is_over());
    desk.now = until.plus_secs(REMEMBER_SECS);
    desk.decide(What::Due).expect("never refused");
    assert!(desk.world.quiets.is_empty() && desk.world.posts.is_empty());
}

fn alerts(desk: &mut Desk, n: usize) {
    alerts_at(desk, n, Stamp::agreed(desk.now));
}

fn alerts_at(desk: &mut Desk, n: usize, now: Stamp) {
    let event = |n: usize| Event {
        action: EventAction::Trigger,
        dedup_key: format!("disk-{n}").into(),
        title: format!("Disk {n} is full"),
        link: String::new(),
        labels: Vec::new(),
        starts_at: None,
        ends_at: None,
    };
    let delivery = Delivery {
        service: "payments".into(),
        source: Source::Generic,
        urgency: None,
        resolve_after_secs: None,
        key: None,
        events: (0..n).map(event).collect(),
    };
    play(desk, What::Events(delivery), now);
}

fn held(desk: &Desk) -> usize {
    desk.world.open_incidents().filter(|i| i.hold.is_some()).count()
}

#[test]
fn many_are_held_back_and_let_go_in_steps_that_follow_one_another_at_once() {
    let mut desk = Desk::new();
    let all = SWEPT_AT_ONCE * 2 + 10;
    alerts(&mut desk, all);
    desk.makes(payments(), 0, 3_600, "deploy").expect("there is room");
    for step in 1..=3 {
        assert_eq!(held(&desk), (SWEPT_AT_ONCE * step).min(all));
        assert_eq!(desk.world.next_wake().is_some_and(|at| at <= desk.now), step < 3);
        desk.decide(What::Due).expect("never refused");
    }
    desk.now = desk.now.plus_secs(3_600);
    let mut asked = 0;
    for step in 1..=3 {
        // A process that dies in between finds the rest on disk.
        let mut read = World::default();
        for (key, value) in desk.world.all_rows() {
            read.load_row(&key, &value.expect("a value")).expect("it can be read");
        }
        desk.world = read;
        let facts = desk.decide(What::Due).expect("never refused");
        let starts = |f: &&Fact| matches!(f, Fact::CallStarted { .. });
        assert!(facts.iter().filter(starts).count() <= SWEPT_AT_ONCE);
        asked += facts.iter().filter(starts).count();
        assert_eq!(held(&desk), all.saturating_sub(SWEPT_AT_ONCE * step));
    }
    assert_eq!((asked, desk.world.meta.sweep), (all, None));
}

#[test]
fn only_so_many_are_looked_at_by_one_decision() {
    let mut desk = Desk::new();
    alerts(&mut desk, LOOKED_AT_AT_ONCE + 2);
    desk.makes(disk(), 0, 3_600, "known").expect("there is room");
    let from = IncidentNo(LOOKED_AT_AT_ONCE as u64 + 1);
    assert_eq!(desk.world.meta.sweep, Some(Sweep { from, due: desk.now, config: false }));
    let facts = desk.decide(What::Due).expect("never refused");
    assert_eq!(facts, [Fact::QuietsSwept { rest: None }]);
}

#[test]
fn a_second_warning_takes_the_place_of_the_first() {
    let mut desk = Desk::new();
    let rules = vec![PersonalRule::slack(0)];
    let (name, tz) = ("Ana".to_owned(), chrono_tz::UTC);
    let ana =
        User { id: "ana".into(), name, slack: Some("U0ANA".into()), email: None, phone: None, tz, admin: false, rules };
    desk.directory.users = [(ana.id.clone(), ana)].into();
    desk.makes(payments(), 0, 3_600, "deploy").expect("there is room");
    let mut seen = Vec::new();
    for hour in 1..=3 {
        desk.now = START.plus_secs(hour * 3_600 - WARN_SECS);
        desk.decide(What::Due).expect("never refused");
        let is_warning = |about: &About| matches!(about, About::QuietEnds { .. });
        let warnings = desk.world.posts.values().filter(|p| is_warning(&p.about)).map(|p| p.id);
        seen.push(warnings.collect::<Vec<_>>());
        let until = START.plus_secs((hour + 1) * 3_600);
        let more = What::ExtendQuiet { id: QuietId(1), by: "ana".into(), until };
        desk.decide(more).expect("not too long");
    }
    assert_eq!(seen, [vec![PostId(2)], vec![PostId(2), PostId(3)], vec![PostId(3), PostId(4)]]);
}

/// Plays one input at a time at which the clocks do not agree.
fn play(desk: &mut Desk, what: What, now: Stamp) -> Vec<Fact> {
    let input = Input { id: InputId::minted('t', 1), what };
    let facts = handle(&desk.world, &desk.directory, &input, now).expect("allowed");
    facts.iter().for_each(|fact| desk.world.apply(fact, now));
    assert_eq!(desk.world.next_wake(), desk.world.next_wake_by_brute_force());
    facts
}

fn window(from: At, until: At) -> What {
    let (scope, by, because) = (payments(), "ana".into(), "deploy".to_owned());
    What::Quiet(QuietRequest { scope, by, from, until, because, elsewhere: false })
}

#[test]
fn a_window_lasts_until_the_wall_clock_says_so_also_where_that_was_set_back() {
    let mut desk = Desk::new();
    alerts(&mut desk, 1);
    let hours = |n: i64| n * 3_600;
    // The wall clock is ahead by two hours when it is made, until 04:00 by that.
    let (from, until) = (START.plus_secs(hours(2)), START.plus_secs(hours(4)));
    play(&mut desk, window(from, until), Stamp::agreed(from));
    // Set back: delays are not.
    let back = |secs: i64| Stamp { at: from.plus_secs(secs), wall: START.plus_secs(secs) };
    let warns = hours(2) - WARN_SECS;
    let facts = play(&mut desk, What::Due, back(warns));
    let (ends, due) = (back(hours(4)).at, back(warns + CLOCK_LOOK_SECS).at);
    assert_eq!(facts, [Fact::QuietWaits { quiet: QuietId(1), ends, due }], "nobody is told that it ends soon");
    alerts_at(&mut desk, 2, back(hours(2)));
    assert_eq!(held(&desk), 2, "delays say that it is over");

    let mut facts = Vec::new();
    let mut looks = 0;
    while let Some(next) = desk.world.next_wake().filter(|next| *next <= ends) {
        looks += 1;
        facts.extend(play(&mut desk, What::Due, back((next.0 - from.0) / 1_000)));
    }
    assert!(looks <= hours(3) / CLOCK_LOOK_SECS, "{looks} looks");
    let (warned, ended) = (facts.iter().position(is_warned), facts.iter().position(is_ended));
    assert!(warned.is_some() && warned < ended, "{facts:?}");
    assert_eq!((held(&desk), desk.world.meta.wall), (0, until));
}

#[test]
fn a_wall_clock_that_is_set_right_again_ends_a_window_that_waited_for_it() {
    let mut desk = Desk::new();
    play(&mut desk, window(START, START.plus_secs(600)), Stamp::agreed(START));
    // For five minutes it is 1970. Whatever is decided before anybody looks, it holds.
    let wrong = Stamp { at: START.plus_secs(600), wall: At(0) };
    alerts_at(&mut desk, 1, wrong);
    assert_eq!(held(&desk), 1);
    play(&mut desk, What::Due, wrong);
    assert!(desk.world.quiets[&QuietId(1)].ends > START.plus_secs(1_000_000_000), "nobody can know better");
    let next = desk.world.next_wake().expect("it is looked at");
    let facts = play(&mut desk, What::Due, Stamp::agreed(next));
    assert!(facts.iter().any(is_ended), "{facts:?}");
    assert_eq!(next, START.plus_secs(600 + CLOCK_LOOK_SECS));
}

#[test]
fn a_wall_clock_that_stays_days_behind_keeps_no_page_back_for_days() {
    let mut desk = Desk::new();
    alerts(&mut desk, 1);
    play(&mut desk, window(START, START.plus_secs(3_600)), Stamp::agreed(START));
    // Half an hour later the machine is one of three days ago.
    let behind = |at: At| Stamp { at, wall: at.plus_secs(-3 * 24 * 3_600) };
    play(&mut desk, What::Due, behind(START.plus_secs(1_800)));
    let latest = START.plus_secs(3_600 + CLOCK_PATIENCE_SECS);
    let mut ended = None;
    while let Some(next) = desk.world.next_wake().filter(|next| ended.is_none() && *next <= latest) {
        let facts = play(&mut desk, What::Due, behind(next));
        ended = facts.iter().any(is_ended).then_some(next);
    }
    assert_eq!((ended, held(&desk)), (Some(latest), 0), "and what it held back pages");
    alerts_at(&mut desk, 2, behind(latest));
    assert_eq!(held(&desk), 0);
}

#[test]
fn an_hour_more_while_the_clock_is_days_behind_is_an_hour_more() {
    let behind = |at: At| Stamp { at, wall: at.plus_secs(-3 * 24 * 3_600) };
    let more = |until: At| What::ExtendQuiet { id: QuietId(1), by: "ana".into(), until };
    let until = START.plus_secs(3_600);
    // Pressed before and after anybody noticed that the clock is wrong.
    for pressed in [1_800, 5_400] {
        let mut desk = Desk::new();
        alerts(&mut desk, 1);
        play(&mut desk, window(START, until), Stamp::agreed(START));
        let pressed = START.plus_secs(pressed);
        while let Some(next) = desk.world.next_wake().filter(|next| *next <= pressed) {
            play(&mut desk, What::Due, behind(next));
        }
        play(&mut desk, more(until.plus_secs(3_600)), behind(pressed));
        // The clock is set right again.
        let mut ended = None;
        while let Some(next) = desk.world.next_wake().filter(|_| ended.is_none()) {
            let facts = play(&mut desk, What::Due, Stamp::agreed(next));
            ended = facts.iter().any(is_ended).then_some(next);
        }
        let ended = ended.expect("it ends");
        let late_secs = (ended.0 - until.plus_secs(3_600).0) / 1_000;
        assert!((0..=CLOCK_LOOK_SECS).contains(&late_secs), "{late_secs} s late");
        assert_eq!(held(&desk), 0);
    }
}

#[test]
fn a_planned_window_begins_when_the_wall_clock_says_so() {
    let mut desk = Desk::new();
    let from = START.plus_secs(3_600);
    play(&mut desk, window(from, from.plus_secs(3_600)), Stamp::agreed(START));
    let behind = |secs: i64| Stamp { at: START.plus_secs(secs), wall: START.plus_secs(secs - 120) };
    play(&mut desk, What::Due, behind(3_600));
    assert!(!desk.world.quiets[&QuietId(1)].is_in_force(behind(3_600)));
    let facts = play(&mut desk, What::Due, behind(3_720));
    assert!(facts.iter().any(|f| matches!(f, Fact::QuietBegun { .. })), "{facts:?}");
}

fn is_warned(f: &Fact) -> bool {
    matches!(f, Fact::QuietWarned { .. })
}

fn is_ended(f: &Fact) -> bool {
    matches!(f, Fact::QuietEnded { .. })
}

/// An alert of a name, in the group of everything that is in `cluster`.
fn named(desk: &mut Desk, key: &str, name: &str, starts_at: At) {
    let labels = [("alertname", name), ("cluster", "east")];
    let event = Event {
        action: EventAction::Trigger,
        dedup_key: key.into(),
        title: name.to_owned(),
        link: String::new(),
        labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        starts_at: Some(starts_at),
        ends_at: None,
    };
    let (service, source) = ("payments".into(), Source::Alertmanager);
    let events = vec![event];
    let delivery = Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events };
    desk.decide(What::Events(delivery)).expect("a service that is known");
}

#[test]
fn a_silence_by_labels_does_not_cover_what_stays_when_the_alert_that_had_them_went_elsewhere() {
    let mut desk = Desk::new();
    let group = Grouping { by: vec!["cluster".to_owned()], window_secs: 600 };
    desk.directory.services.values_mut().for_each(|s| s.group = Some(group.clone()));
    named(&mut desk, "disk", "DiskFull", START);
    named(&mut desk, "cpu", "CpuHigh", START);
    let resolve = Act { incident: IncidentNo(1), by: "ana".into(), deed: Deed::Resolve { note: None } };
    desk.decide(What::Act(resolve)).expect("it is open");
    desk.now = desk.now.plus_secs(1_200);
    // Of the two, one begins anew and is another incident; the other goes on, and so does what it was part of.
    let now = desk.now;
    named(&mut desk, "disk", "DiskFull", now);
    desk.now = START.plus_secs(desk.directory.settings.resolve_grace_secs);
    let facts = desk.decide(What::Due).expect("never refused");
    assert!(facts.contains(&Fact::AlertLetGo { incident: IncidentNo(1), alert: 0 }), "{facts:?}");
    let disks = Matcher::parse("alertname=DiskFull").into_iter().collect();
    let scope = Covered::Labels { within: Within::Service("payments".into()), matchers: disks };
    desk.makes(scope, 0, 3_600, "known").expect("there is room");
    let held: Vec<IncidentNo> = desk.world.open_incidents().filter(|i| i.hold.is_some()).map(|i| i.no).collect();
    assert_eq!(held, [IncidentNo(2)], "CpuHigh pages");
    let east = Matcher::parse("cluster=east").into_iter().collect();
    let scope = Covered::Labels { within: Within::Service("payments".into()), matchers: east };
    desk.makes(scope, 0, 3_600, "known").expect("there is room");
    assert_eq!(desk.world.open_incidents().filter(|i| i.hold.is_some()).count(), 2, "that they have in common");
}

#[test]
fn half_an_hour_from_a_moment_ago_is_half_an_hour() {
    let (minutes, warned) = (|n: i64| START.plus_secs(n * 60), |n: i64| START.plus_secs(n * 60 - WARN_SECS));
    assert_eq!(next_look(START.plus_ms(4), minutes(30), minutes(30)), warned(30));
    assert_eq!(next_look(START, minutes(28), minutes(28)), minutes(28), "whoever made it remembers");
}
