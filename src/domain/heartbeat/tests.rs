//! One service, one heartbeat: every hour, and ten minutes of grace.

use super::*;
use crate::domain::alert::AlertState;
use crate::domain::directory::{Directory, Service};
use crate::domain::group::Grouping;
use crate::domain::handle::handle;
use crate::domain::id::InputId;
use crate::domain::incident::Incident;
use crate::domain::input::{Act, Deed, Input, What};
use crate::domain::routing::{AnyOf, Conditions, Destination, Glob, Route, Routes};
use crate::domain::threshold::Threshold;
use std::sync::Arc;

const START: At = At(1_772_420_520_000);
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

fn backup() -> Heartbeat {
    Heartbeat {
        id: "backup".into(),
        name: "Nightly backup".to_owned(),
        service: "db".into(),
        urgency: None,
        every_secs: HOUR,
        grace_secs: 10 * MINUTE,
        watched: true,
    }
}

fn service(id: &str) -> Service {
    Service::new(id.into(), "team".into(), "nobody".into(), "C0DB".into())
}

fn with(heartbeat: Heartbeat, service: Service) -> Directory {
    Directory {
        services: [(service.id.clone(), service)].into(),
        heartbeats: [(heartbeat.id.clone(), heartbeat)].into(),
        ..Directory::empty("C0ADMIN".into())
    }
}

/// A state and its line of time; nothing moves the wall clock unless somebody says so.
struct Story {
    world: World,
    directory: Directory,
    secs: i64,
    facts: Vec<Fact>,
}

impl Story {
    fn begin(directory: Directory) -> Self {
        let mut story = Self { world: World::default(), directory: directory.clone(), secs: 0, facts: Vec::new() };
        story.configure(directory);
        story
    }

    fn usual() -> Self {
        Self::begin(with(backup(), service("db")))
    }

    fn configure(&mut self, directory: Directory) {
        self.directory = directory.clone();
        self.happens(What::ConfigLoaded(Arc::new(directory)));
    }

    fn happens(&mut self, what: What) {
        let input = Input { id: InputId::minted('t', 1), what };
        let stamp = Stamp::agreed(START.plus_secs(self.secs));
        self.facts = handle(&self.world, &self.directory, &input, stamp).expect("nobody is refused");
        self.facts.iter().for_each(|fact| self.world.apply(fact, stamp));
        assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force());
        self.comes_back_from_its_rows();
    }

    /// What a checkpoint holds is what there is.
    fn comes_back_from_its_rows(&self) {
        let mut read = World::default();
        for (key, value) in self.world.all_rows() {
            read.load_row(&key, &value.expect("a row")).expect("it can be read");
        }
        assert_eq!(read.heartbeats, self.world.heartbeats);
        assert_eq!(read.next_wake(), self.world.next_wake());
    }

    /// Time passes, and what is due is done on the way.
    fn pass(&mut self, secs: i64) {
        let end = self.secs + secs;
        while let Some(due) = self.world.next_wake().map(|at| (at.0 - START.0) / 1_000).filter(|due| *due <= end) {
            self.secs = due.max(self.secs);
            self.happens(What::Due);
        }
        self.secs = end;
    }

    fn beat(&mut self) {
        self.happens(What::Beat { heartbeat: "backup".into() });
    }

    fn watched(&self) -> &Watched {
        &self.world.heartbeats[&HeartbeatId::from("backup")]
    }

    /// In how many seconds it falls silent.
    fn due_in(&self) -> Option<i64> {
        self.watched().wake().map(|at| (at.0 - START.0) / 1_000 - self.secs)
    }

    fn incident(&self) -> Option<&Incident> {
        self.world.incidents.values().next_back().map(|i| &**i)
    }

    fn fires(&self) -> bool {
        self.world.open_incidents().flat_map(|i| &i.alerts).any(|a| a.is_firing())
    }
}

#[test]
fn beats_keep_it_quiet_and_what_stops_is_told_after_its_time_and_its_grace() {
    let mut story = Story::usual();
    for _ in 0..5 {
        story.pass(HOUR + 5 * MINUTE);
        story.beat();
    }
    story.pass(70 * MINUTE - 1);
    assert!(story.incident().is_none(), "late is not silent");
    story.pass(1);
    let incident = story.incident().expect("an incident");
    assert_eq!(&*incident.title, "No heartbeat from Nightly backup for 1 h 10 min (expected every 1 h)");
    assert_eq!(
        incident.labels.lines().collect::<Vec<_>>(),
        ["heartbeat: backup", "last_heard: 2026-03-02 08:27 UTC", "every: 1 h", "grace: 10 min"]
    );
    assert_eq!(&*incident.alerts[0].dedup, "warridor/heartbeat/backup");
    story.pass(5 * HOUR);
    assert_eq!((story.world.incidents.len(), story.due_in()), (1, None), "silent is silent: it is told once");
    story.beat();
    assert!(!story.fires(), "the next one ends it");
    assert_eq!(story.due_in(), Some(70 * MINUTE));
}

#[test]
fn what_was_never_heard_is_told_as_that() {
    let mut story = Story::usual();
    assert_eq!(story.due_in(), Some(70 * MINUTE), "it counts from the configuration on");
    story.pass(70 * MINUTE);
    let incident = story.incident().expect("an incident");
    let title = "No heartbeat from Nightly backup: never heard in 1 h 10 min (expected every 1 h)";
    assert_eq!(&*incident.title, title);
    assert!(incident.labels.contains("last_heard: never"), "{}", incident.labels);
}

#[test]
fn a_beat_that_nobody_waits_for_changes_nothing() {
    let mut story = Story::usual();
    story.happens(What::Beat { heartbeat: "another".into() });
    assert_eq!(story.facts, []);
    let mut story = Story::begin(with(Heartbeat { watched: false, ..backup() }, service("db")));
    story.beat();
    assert_eq!((story.facts.len(), story.world.heartbeats.len()), (0, 0), "without a key it is not watched");
}

#[test]
fn silence_soon_after_the_last_one_is_news_whatever_the_wall_clock_does() {
    let every = |secs| Heartbeat { every_secs: secs, grace_secs: 0, ..backup() };
    let mut story = Story::begin(with(every(30), service("db")));
    for _ in 0..4 {
        story.pass(30);
        assert!(story.fires(), "silent");
        story.pass(1);
        story.beat();
        assert!(!story.fires(), "heard of");
    }
    // The wall clock is set back by a day.
    let input = Input { id: InputId::minted('t', 1), what: What::Due };
    let (at, wall) = (START.plus_secs(story.secs + 30), START.plus_secs(story.secs - 24 * HOUR));
    let stamp = Stamp { at, wall };
    let facts = handle(&story.world, &story.directory, &input, stamp).expect("nobody is refused");
    facts.iter().for_each(|fact| story.world.apply(fact, stamp));
    assert!(story.fires(), "a clock that was set back makes it no old news: {facts:?}");
}

#[test]
fn a_start_and_a_clock_that_jumped_put_silence_off_and_not_for_ever() {
    for away in [What::Booted, What::ClockJumped { ahead_ms: 7_200_000 }] {
        let mut story = Story::usual();
        story.beat();
        story.secs += 2 * HOUR;
        story.happens(away.clone());
        assert_eq!(story.due_in(), Some(20 * MINUTE), "ten minutes, and its grace: {away:?}");
        story.pass(20 * MINUTE);
        let labels = story.incident().map(|i| i.labels.clone()).expect("an incident");
        assert!(labels.contains("doubtful: Warridor itself was away"), "{labels}");
        story.happens(away.clone());
        assert!(story.fires() && story.due_in().is_none(), "what is silent stays so");
    }
    // Long before its time, a start changes nothing.
    let mut story = Story::usual();
    story.pass(MINUTE);
    story.happens(What::Booted);
    assert_eq!(story.facts, []);
    // What comes more often has less time.
    let mut story = Story::begin(with(Heartbeat { every_secs: 30, grace_secs: 60, ..backup() }, service("db")));
    story.secs += 300;
    story.happens(What::Booted);
    assert_eq!(story.due_in(), Some(90));
    // A pager that starts over and over is told of it at last.
    let mut starts = 1;
    while story.due_in() == Some(90) {
        story.secs += 80;
        story.happens(What::Booted);
        starts += 1;
    }
    assert_eq!(starts, PUT_OFF_MAX + 1);
    story.pass(10);
    assert!(story.fires());
}

#[test]
fn while_beats_are_turned_away_nothing_falls_silent() {
    let mut story = Story::usual();
    story.happens(What::BeatsTurnedAway { paused: false });
    assert_eq!(story.facts, [], "it is early");
    story.secs += 70 * MINUTE;
    for _ in 0..5 {
        story.happens(What::BeatsTurnedAway { paused: false });
        assert_eq!(story.facts.len(), 1);
        assert_eq!(story.due_in(), Some(40 * MINUTE));
        story.secs += MINUTE;
        story.happens(What::BeatsTurnedAway { paused: false });
        assert_eq!(story.facts, [], "each fact takes room that is short");
        story.secs += 35 * MINUTE;
    }
    story.pass(4 * MINUTE);
    assert!(story.fires());
}

#[test]
fn a_store_that_refuses_again_and_again_does_not_hide_silence() {
    let mut story = Story::usual();
    story.secs += 69 * MINUTE;
    let mut times = 0;
    while !story.fires() {
        story.happens(What::BeatsTurnedAway { paused: false });
        times += 1;
        assert!(times <= 20, "it is never silent");
        story.pass(35 * MINUTE);
    }
    assert!(times > 5, "an hour or two are no silence");
}

#[test]
fn another_length_counts_from_the_last_beat_and_pages_nobody_at_once() {
    let changed = |every_secs, grace_secs| with(Heartbeat { every_secs, grace_secs, ..backup() }, service("db"));
    let mut story = Story::usual();
    story.beat();
    story.pass(HOUR);
    story.configure(changed(2 * HOUR, 10 * MINUTE));
    assert_eq!(story.due_in(), Some(70 * MINUTE), "two hours after it was heard of, and its grace");
    story.configure(changed(5 * MINUTE, MINUTE));
    assert_eq!(story.due_in(), Some(6 * MINUTE), "an edit is no silence");
    story.configure(changed(5 * MINUTE, MINUTE));
    assert!(story.facts.iter().all(|f| !matches!(f, Fact::HeartbeatWatched { .. })), "nothing changed");
    story.pass(6 * MINUTE);
    assert!(story.fires());
    story.configure(changed(10 * MINUTE, MINUTE));
    assert!(story.fires(), "it is silent by that as well");
    story.configure(changed(24 * HOUR, MINUTE));
    assert!(!story.fires(), "it is not, any more");
    assert_eq!(story.due_in(), Some(23 * HOUR - 5 * MINUTE));
}

#[test]
fn what_is_watched_no_more_is_forgotten_and_its_alert_ends() {
    let gone = Directory { heartbeats: [].into(), ..with(backup(), service("db")) };
    let no_service = Directory { services: [].into(), heartbeats: [].into(), ..gone.clone() };
    for next in [gone, no_service] {
        let mut story = Story::usual();
        story.pass(70 * MINUTE);
        assert!(story.fires());
        story.configure(next.clone());
        assert!(!story.fires() && story.world.heartbeats.is_empty());
        story.configure(with(backup(), service("db")));
        assert_eq!((story.due_in(), story.watched().last), (Some(70 * MINUTE), None), "it begins anew");
    }
}

#[test]
fn a_key_that_is_missing_for_a_while_ends_no_silence_and_begins_none() {
    let keyless = with(Heartbeat { watched: false, ..backup() }, service("db"));
    let mut story = Story::usual();
    story.pass(70 * MINUTE);
    assert!(story.fires());
    story.configure(keyless.clone());
    story.configure(with(backup(), service("db")));
    assert!(story.fires(), "nothing was heard");
    story.beat();
    assert!(!story.fires());
    story.configure(keyless);
    assert!(story.world.heartbeats.is_empty(), "nobody could be heard");
}

/// A beat may be on its way while its key is taken away.
#[test]
fn a_beat_after_its_key_is_gone_ends_the_silence_and_nobody_waits_for_the_next() {
    let mut story = Story::usual();
    story.pass(70 * MINUTE);
    assert!(story.fires());
    story.configure(with(Heartbeat { watched: false, ..backup() }, service("db")));
    story.beat();
    assert!(!story.fires() && story.world.heartbeats.is_empty());
    story.pass(24 * 60 * MINUTE);
    assert!(!story.fires(), "nobody could be heard");
}

#[test]
fn what_belongs_to_another_service_is_its_silence_from_then_on() {
    let mut story = Story::usual();
    story.beat();
    story.pass(80 * MINUTE);
    let other = Heartbeat { service: "search".into(), ..backup() };
    story.configure(with(other, service("search")));
    assert!(!story.fires());
    assert_eq!(story.due_in(), Some(20 * MINUTE));
    story.pass(20 * MINUTE);
    let incident = story.incident().expect("an incident");
    assert_eq!(incident.service.as_str(), "search");
    assert!(incident.title.ends_with("for 1 h 40 min (expected every 1 h)"), "{}", incident.title);
}

#[test]
fn a_second_silence_does_not_go_under_in_what_somebody_has() {
    let group = Some(Grouping { by: vec!["cluster".to_owned()], window_secs: 24 * HOUR });
    let mut directory = with(backup(), Service { group, ..service("db") });
    let later = Heartbeat { id: "prune".into(), name: "Prune".to_owned(), every_secs: 80 * MINUTE, ..backup() };
    directory.heartbeats.insert(later.id.clone(), later);
    let mut story = Story::begin(directory);
    story.pass(70 * MINUTE);
    let first = story.incident().expect("an incident").no;
    story.happens(What::Act(Act { incident: first, by: "ana".into(), deed: Deed::Acknowledge }));
    story.pass(20 * MINUTE);
    let second = story.incident().expect("an incident");
    assert!(second.no > first && second.title.contains("Prune"), "{}", second.title);
}

#[test]
fn what_a_service_says_of_its_monitors_does_not_hide_silence() {
    let threshold = Some(Threshold { events: 3, within_secs: 600 });
    let group = Some(Grouping { by: vec!["cluster".to_owned()], window_secs: 600 });
    let resolve_after_secs = Some(HOUR);
    let strict = Service { threshold, group, resolve_after_secs, ..service("db") };
    let mut story = Story::begin(with(backup(), strict));
    story.pass(70 * MINUTE);
    let incident = story.incident().expect("an incident");
    assert!(incident.counting.is_none() && incident.hold.is_none(), "it comes once: that is often enough");
    assert!(incident.alerts[0].silence.is_none());
    story.pass(3 * HOUR);
    assert!(story.fires(), "only a heartbeat ends it");
}

/// All silence of the service goes there.
fn to(destination: Destination) -> Directory {
    let source = Some(AnyOf(vec![Glob("heartbeat".to_owned())]));
    let when = Conditions { source, ..Conditions::default() };
    let route = Route { number: 1, name: None, when, to: destination };
    Directory { routes: Routes::new(vec![route], [&ServiceId::from("db")]), ..with(backup(), service("db")) }
}

#[test]
fn silence_that_a_rule_hid_is_told_once_the_rule_is_mended() {
    for hidden in [to(Destination::Nothing), to(Destination::Fyi { channel: None })] {
        let mut story = Story::begin(hidden.clone());
        story.beat();
        story.pass(70 * MINUTE);
        story.configure(hidden);
        assert!(story.incident().is_none(), "the rule is as it was");
        story.pass(HOUR);
        story.configure(with(backup(), service("db")));
        let incident = story.incident().expect("an incident");
        assert_eq!(&*incident.title, "No heartbeat from Nightly backup for 2 h 10 min (expected every 1 h)");
        assert!(story.fires());
        let told = story.world.clone();
        story.configure(with(backup(), service("db")));
        assert_eq!(story.world.incidents, told.incidents, "it is told once");
        story.beat();
        assert!(!story.fires());
        story.pass(70 * MINUTE);
        assert!(story.fires() && story.world.incidents.len() <= 2, "the next silence is as any other");
    }
}

#[test]
fn silence_that_a_rule_hid_is_told_where_its_length_changes_with_the_rule() {
    let mut story = Story::begin(to(Destination::Nothing));
    story.pass(3 * HOUR);
    story.configure(with(Heartbeat { grace_secs: 15 * MINUTE, ..backup() }, service("db")));
    assert!(story.fires(), "by that length it is silent as well");
}

#[test]
fn what_a_rule_keeps_of_doubtful_silence_it_keeps_at_the_next_start() {
    let doubtful = [("doubtful".to_owned(), AnyOf(vec![Glob("*".to_owned())]))].into();
    let when = Conditions { labels: doubtful, ..Conditions::default() };
    let route = Route { number: 1, name: None, when, to: Destination::Fyi { channel: None } };
    let directory =
        Directory { routes: Routes::new(vec![route], [&ServiceId::from("db")]), ..with(backup(), service("db")) };
    let mut story = Story::begin(directory.clone());
    story.beat();
    story.secs += 2 * HOUR;
    story.happens(What::Booted);
    story.pass(20 * MINUTE);
    assert_eq!((story.world.fyis.len(), story.watched().is_silent()), (1, true));
    story.configure(directory);
    assert!(story.incident().is_none(), "it is as doubtful as before");
}

#[test]
fn silence_that_somebody_resolved_is_not_told_again_by_an_edit() {
    let mut story = Story::usual();
    story.pass(70 * MINUTE);
    let first = story.incident().expect("an incident").no;
    story.happens(What::Act(Act { incident: first, by: "ana".into(), deed: Deed::Resolve { note: None } }));
    story.configure(with(Heartbeat { name: "Backup".to_owned(), ..backup() }, service("db")));
    assert_eq!((story.world.incidents.len(), story.fires()), (1, false));
}

#[test]
fn silence_that_is_urgent_by_a_new_configuration_pages_and_what_somebody_made_low_does_not() {
    let of = |urgency| with(Heartbeat { urgency: Some(urgency), ..backup() }, service("db"));
    let urgency = |story: &Story| story.incident().map(|i| i.urgency);
    let mut story = Story::begin(of(Urgency::Low));
    story.pass(70 * MINUTE);
    assert_eq!(urgency(&story), Some(Urgency::Low));
    story.configure(of(Urgency::High));
    assert_eq!((urgency(&story), story.world.incidents.len()), (Some(Urgency::High), 1));
    let incident = story.incident().expect("an incident").no;
    let low = Deed::SetUrgency { to: Urgency::Low };
    story.happens(What::Act(Act { incident, by: "ana".into(), deed: low }));
    story.configure(of(Urgency::High));
    assert_eq!(urgency(&story), Some(Urgency::Low), "a person said so");
    // Its service says so, where it no longer does itself.
    let mut story = Story::begin(of(Urgency::Low));
    story.pass(70 * MINUTE);
    story.configure(with(backup(), service("db")));
    assert_eq!(urgency(&story), Some(Urgency::High));
}

#[test]
fn rules_say_where_silence_goes() {
    let mut story = Story::begin(to(Destination::Nothing));
    story.pass(70 * MINUTE);
    assert!(story.incident().is_none() && story.watched().is_silent());
    let mut story = Story::begin(to(Destination::Fyi { channel: None }));
    story.pass(70 * MINUTE);
    assert!(story.incident().is_none() && story.world.fyis.len() == 1);
    story.beat();
    assert!(story.world.fyis.values().all(|f| f.cleared.is_some()));
}

#[test]
fn two_that_are_silent_are_one_incident_where_their_service_says_so_and_each_ends_its_own() {
    let group = Some(Grouping { by: vec!["cluster".to_owned()], window_secs: 600 });
    let mut directory = with(backup(), Service { group, ..service("db") });
    let other = Heartbeat { id: "mirror".into(), name: "Mirror".to_owned(), ..backup() };
    directory.heartbeats.insert(other.id.clone(), other);
    let mut story = Story::begin(directory);
    story.pass(70 * MINUTE);
    let states = |story: &Story| -> Vec<bool> {
        let incident = story.incident().expect("an incident");
        incident.alerts.iter().map(|a| matches!(a.state, AlertState::Firing)).collect()
    };
    assert_eq!((story.world.incidents.len(), states(&story)), (1, vec![true, true]));
    story.beat();
    assert_eq!(states(&story), [false, true]);
}

#[test]
fn lengths_are_told_as_people_say_them() {
    let table = [
        (30, "30 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (120, "2 min"),
        (150, "2 min 30 s"),
        (3_600, "1 h"),
        (70 * MINUTE, "1 h 10 min"),
        (7_200, "2 h"),
        (24 * HOUR, "24 h"),
        (24 * HOUR + 30 * MINUTE, "24 h 30 min"),
        (7 * 24 * HOUR, "7 days"),
        (7 * 24 * HOUR + 90 * MINUTE, "7 days 1 h"),
    ];
    for (secs, words) in table {
        assert_eq!(in_words(secs), words);
    }
}
