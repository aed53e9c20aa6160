//! Where alerts go, and what finds them there.

use crate::domain::directory::{Directory, PersonalRule, Policy, Service, Step, Target, Team, Urgency, User};
use crate::domain::fyi::FYIS_MAX;
use crate::domain::group::Grouping;
use crate::domain::handle::decide;
use crate::domain::hold::HoldWhy;
use crate::domain::id::{AlertKey, IncidentNo, InputId};
use crate::domain::incident::{Incident, State, Terminal};
use crate::domain::input::{
    Act, Deed, Delivery, Event, EventAction, Input, QuietRequest, Settled, Source, Unreadable, What,
};
use crate::domain::join::ALERTS_MAX;
use crate::domain::page::PageFailure;
use crate::domain::quiet::{Covered, Matcher, Within};
use crate::domain::routing::{AnyOf, Conditions, Destination, Glob, Route, Routes};
use crate::domain::stamp::{At, Stamp};
use crate::domain::threshold::Threshold;
use crate::domain::world::World;
use std::collections::BTreeMap;

const MINUTE: i64 = 60_000;

struct Story {
    world: World,
    directory: Directory,
    now: At,
}

impl Story {
    fn new(routes: &[(&str, Destination)]) -> Self {
        let service = |id: &str| Service::new(id.into(), "team".into(), "policy".into(), "C0".into());
        let nodes =
            Service { group: Some(Grouping { by: vec!["cluster".to_owned()], window_secs: 600 }), ..service("nodes") };
        let services = [service("payments"), service("search"), nodes];
        let ana = User {
            id: "ana".into(),
            name: "Ana".to_owned(),
            slack: Some("U0ANA".into()),
            email: None,
            phone: None,
            tz: chrono_tz::Tz::UTC,
            admin: false,
            rules: vec![PersonalRule::slack(0)],
        };
        let team = Team::new("team".into(), "C0".into(), Vec::new());
        let step = Step::all(vec![Target::User("ana".into())], 300);
        let policy = Policy { id: "policy".into(), steps: vec![step], repeat: 0 };
        let directory = Directory {
            users: BTreeMap::from([("ana".into(), ana)]),
            teams: BTreeMap::from([("team".into(), team)]),
            services: services.into_iter().map(|s| (s.id.clone(), s)).collect(),
            policies: BTreeMap::from([("policy".into(), policy)]),
            routes: Routes::new(routes.iter().map(|(severity, to)| route(severity, to)).collect(), []),
            ..Directory::empty("C0ADMIN".into())
        };
        Self { world: World::default(), directory, now: At(0) }
    }

    fn told(&mut self, service: &str, action: EventAction, key: &str, labels: &[(&str, &str)], urgency: Urgency) {
        let event = Event {
            action,
            dedup_key: key.into(),
            title: format!("{key} is wrong"),
            link: String::new(),
            labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            starts_at: None,
            ends_at: None,
        };
        let delivery = Delivery {
            service: service.into(),
            source: Source::Generic,
            urgency: Some(urgency),
            resolve_after_secs: None,
            key: None,
            events: vec![event],
        };
        self.decide(What::Events(delivery));
    }

    fn fires(&mut self, service: &str, key: &str, labels: &[(&str, &str)]) {
        self.told(service, EventAction::Trigger, key, labels, Urgency::High);
    }

    fn clears(&mut self, service: &str, key: &str) {
        self.told(service, EventAction::Resolve, key, &[], Urgency::High);
    }

    fn does(&mut self, incident: u64, deed: Deed) {
        self.decide(What::Act(Act { incident: IncidentNo(incident), by: "ana".into(), deed }));
    }

    fn decide(&mut self, what: What) {
        let input = Input { id: InputId::minted('t', 0), what };
        decide(&mut self.world, &self.directory, &input, Stamp::agreed(self.now)).expect("it is decided");
        assert_eq!(self.world.groups, self.world.groups_by_brute_force());
    }

    fn incident(&self, no: u64) -> &Incident {
        self.world.incident(IncidentNo(no)).expect("an incident")
    }

    fn opened(&self) -> u64 {
        self.world.meta.last_incident.0
    }
}

fn route(severity: &str, to: &Destination) -> Route {
    let labels = BTreeMap::from([("severity".to_owned(), AnyOf(vec![Glob(severity.to_owned())]))]);
    Route {
        number: 1,
        name: Some(severity.into()),
        when: Conditions { labels, ..Conditions::default() },
        to: to.clone(),
    }
}

fn key(service: &str, dedup: &str) -> AlertKey {
    AlertKey { service: service.into(), dedup: dedup.into() }
}

const INFO: &[(&str, &str)] = &[("severity", "info")];
const EAST: &[(&str, &str)] = &[("cluster", "east")];

#[test]
fn the_first_rule_that_fits_decides() {
    let to_search = Destination::Service("search".into());
    let mut s = Story::new(&[("in*", to_search), ("info", Destination::Nothing)]);
    s.fires("payments", "disk", INFO);
    assert_eq!(s.incident(1).service.as_str(), "search");
    assert_eq!(s.world.meta.dropped.total, 0);
}

#[test]
fn its_end_finds_an_alert_where_it_went_although_the_rules_are_others_now() {
    let mut s = Story::new(&[("info", Destination::Service("search".into()))]);
    s.fires("payments", "disk", INFO);
    s.directory.routes = Routes::new(vec![route("info", &Destination::Nothing)], s.directory.services.keys());
    s.fires("payments", "disk", INFO);
    assert_eq!((s.opened(), s.incident(1).alerts[0].count), (1, 2), "a repeat of a known alert is not routed again");
    s.clears("payments", "disk");
    assert!(s.incident(1).is_resolved());
    s.now = s.now.plus_ms(40 * MINUTE);
    s.fires("payments", "disk", INFO);
    assert_eq!((s.opened(), s.world.meta.dropped.total), (1, 1), "a new episode goes by the new rules");
}

#[test]
fn what_only_informs_is_judged_anew_each_time_it_is_heard_of() {
    let mut s = Story::new(&[("info", Destination::Fyi { channel: None })]);
    let disk = key("payments", "disk");
    s.fires("payments", "disk", INFO);
    s.fires("payments", "disk", INFO);
    assert_eq!((s.opened(), s.world.fyi_of(&disk).map(|f| f.count)), (0, Some(2)));
    s.clears("payments", "disk");
    assert!(s.world.fyi_of(&disk).is_some_and(|f| !f.is_firing()));
    s.fires("payments", "disk", INFO);
    assert!(s.world.fyi_of(&disk).is_some_and(|f| f.is_firing() && f.count == 3));

    s.fires("payments", "disk", &[("severity", "critical")]);
    assert_eq!(s.incident(1).being_asked(), ["ana".into()], "it got worse, and somebody must act");
    assert!(s.world.fyi_of(&disk).is_some_and(|f| !f.is_firing()), "it informs no longer");
    s.clears("payments", "disk");
    assert!(s.incident(1).is_resolved(), "its end finds the incident");
}

#[test]
fn a_rule_that_was_wrong_is_wrong_until_the_next_event() {
    for wrong in [Destination::Fyi { channel: None }, Destination::Nothing] {
        let mut s = Story::new(&[("info", wrong)]);
        s.fires("payments", "disk", INFO);
        assert_eq!(s.opened(), 0);
        s.directory.routes = Routes::default();
        s.fires("payments", "disk", INFO);
        assert_eq!(s.opened(), 1);
    }
}

#[test]
fn an_open_incident_keeps_its_alert_although_that_only_informs_by_now() {
    let mut s = Story::new(&[("info", Destination::Fyi { channel: None })]);
    s.fires("payments", "disk", &[("severity", "critical")]);
    s.fires("payments", "disk", INFO);
    assert_eq!((s.incident(1).alerts[0].count, s.world.fyis.len()), (2, 0));
}

#[test]
fn of_too_many_fyis_the_oldest_is_forgotten_and_all_of_a_day_are_one_message() {
    let mut s = Story::new(&[("info", Destination::Fyi { channel: None })]);
    for n in 0..FYIS_MAX + 3 {
        s.fires("payments", &format!("disk-{n}"), INFO);
    }
    assert_eq!((s.world.fyis.len(), s.world.posts.len()), (FYIS_MAX, 1));
    assert!(s.world.fyi_of(&key("payments", "disk-2")).is_none());
    assert!(s.world.fyi_of(&key("payments", "disk-3")).is_some());
}

#[test]
fn a_full_incident_is_not_joined() {
    let mut s = Story::new(&[]);
    for n in 0..=ALERTS_MAX {
        s.fires("nodes", &format!("node-{n}"), EAST);
    }
    assert_eq!((s.incident(1).alerts.len(), s.incident(2).alerts.len()), (ALERTS_MAX, 1));
}

#[test]
fn a_joining_alert_keeps_a_snooze_and_one_of_higher_urgency_ends_it() {
    let mut s = Story::new(&[]);
    s.told("nodes", EventAction::Trigger, "node-1", EAST, Urgency::Low);
    s.does(1, Deed::snooze(At(60 * MINUTE)));
    s.told("nodes", EventAction::Trigger, "node-2", EAST, Urgency::Low);
    assert!(matches!(s.incident(1).state, State::Snoozed { .. }));
    s.fires("nodes", "node-3", EAST);
    let i = s.incident(1);
    assert_eq!((i.urgency, i.is_triggered(), i.alerts.len()), (Urgency::High, true, 3));
    assert_eq!(i.being_asked(), ["ana".into()]);
}

#[test]
fn what_joined_clears_by_its_own_name_and_the_incident_when_all_did() {
    let mut s = Story::new(&[("search", Destination::Service("nodes".into()))]);
    s.fires("nodes", "node-1", &[("cluster", "east")]);
    s.fires("payments", "pod-1", &[("cluster", "east"), ("severity", "search")]);
    assert_eq!((s.opened(), s.incident(1).alerts.len()), (1, 2), "a routed alert joins too");
    s.clears("nodes", "node-1");
    assert!(!s.incident(1).is_resolved());
    s.clears("payments", "pod-1");
    assert!(s.incident(1).is_resolved());
    s.fires("nodes", "node-2", EAST);
    assert_eq!(s.opened(), 2, "a resolved incident is not joined");
}

#[test]
fn an_incident_older_than_the_window_is_not_joined() {
    let mut s = Story::new(&[]);
    s.fires("nodes", "node-1", EAST);
    s.does(1, Deed::Acknowledge);
    s.now = At(10 * MINUTE);
    s.fires("nodes", "node-2", EAST);
    assert_eq!(s.opened(), 1, "within the window");
    s.now = At(20 * MINUTE);
    s.fires("nodes", "node-3", EAST);
    assert_eq!(s.opened(), 1, "of the last one that joined");
    s.now = At(30 * MINUTE + 1);
    s.fires("nodes", "node-4", EAST);
    assert_eq!(s.opened(), 2);
}

#[test]
fn what_was_joined_by_a_clock_that_was_set_back_since_is_not_joined() {
    let mut s = Story::new(&[]);
    s.now = At(120 * MINUTE);
    s.fires("nodes", "node-1", EAST);
    s.does(1, Deed::Acknowledge);
    // An hour and a half later the clock says half an hour before.
    s.now = At(90 * MINUTE);
    s.fires("nodes", "node-2", EAST);
    assert_eq!(s.opened(), 2);
    assert_eq!(s.incident(2).being_asked(), ["ana".into()]);
}

#[test]
fn what_waits_for_something_that_is_asked_no_more_pages_when_the_configuration_says_so() {
    let mut s = Story::new(&[]);
    let asks = |s: &mut Story, threshold, hold_secs| {
        let service = s.directory.services.get_mut(&"search".into()).expect("a service");
        (service.threshold, service.hold_secs) = (threshold, hold_secs);
        s.directory.sha256 += "x";
        let loaded = std::sync::Arc::new(s.directory.clone());
        s.decide(What::ConfigLoaded(loaded));
    };
    let three = Some(Threshold { events: 3, within_secs: 600 });
    asks(&mut s, three, 0);
    s.fires("search", "eu", &[]);
    s.fires("search", "eu", &[]);
    asks(&mut s, three, 0);
    assert!(s.incident(1).being_asked().is_empty(), "it waits for the third");
    asks(&mut s, Some(Threshold { events: 2, within_secs: 600 }), 0);
    assert_eq!(s.incident(1).being_asked(), ["ana".into()], "two are enough");

    // What has asked somebody waits no more, however seldom it comes from then on.
    s.now = At(11 * MINUTE);
    s.decide(What::Due);
    quiet(&mut s, Covered::Services(vec!["search".into()]));
    s.now = At(73 * MINUTE);
    s.decide(What::Due);
    assert_eq!(s.incident(1).being_asked(), ["ana".into()]);

    asks(&mut s, three, 0);
    s.fires("search", "us", &[]);
    asks(&mut s, Some(Threshold { events: 2, within_secs: 600 }), 0);
    assert!(s.incident(2).being_asked().is_empty(), "one is not");
    s.fires("search", "us", &[]);
    assert_eq!(s.incident(2).being_asked(), ["ana".into()], "the second is looked at with what is asked now");

    asks(&mut s, None, 3_600);
    s.fires("search", "asia", &[]);
    let until = |s: &Story| s.incident(3).hold.as_ref().and_then(|h| h.until);
    assert_eq!(until(&s), Some(At((73 + 60) * MINUTE)));
    // A window of somebody else's is no reason to look at what waits.
    quiet(&mut s, Covered::Services(vec!["payments".into()]));
    assert_eq!(until(&s), Some(At((73 + 60) * MINUTE)));
    asks(&mut s, None, 600);
    assert_eq!(until(&s), Some(At((73 + 10) * MINUTE)));
    asks(&mut s, None, 0);
    assert_eq!((s.incident(3).hold.as_ref(), s.incident(3).being_asked()), (None, vec!["ana".into()]));
}

/// Above Ana, Ben is asked.
fn with_ben() -> Story {
    let mut s = Story::new(&[]);
    let policy = s.directory.policies.get_mut(&"policy".into()).expect("a policy");
    policy.steps.push(Step::all(vec![Target::User("ben".into())], 300));
    let mut ben = s.directory.users[&"ana".into()].clone();
    (ben.id, ben.slack) = ("ben".into(), Some("U0BEN".into()));
    s.directory.users.insert("ben".into(), ben);
    s
}

#[test]
fn what_gets_worse_pages_where_whoever_has_it_is_gone() {
    let mut s = with_ben();
    s.told("search", EventAction::Trigger, "eu", &[], Urgency::Low);
    s.does(1, Deed::Acknowledge);
    s.directory.users.remove(&"ana".into());
    s.fires("search", "eu", &[]);
    assert!(s.incident(1).is_triggered());
    assert_eq!(s.incident(1).being_asked(), ["ben".into()]);
}

#[test]
fn where_the_message_that_it_is_urgent_fails_the_levels_are_asked() {
    let mut s = with_ben();
    s.told("search", EventAction::Trigger, "eu", &[], Urgency::Low);
    s.does(1, Deed::Acknowledge);
    s.fires("search", "eu", &[]);
    let told = s.incident(1).wanted_pages().map(|p| (p.id, p.to.clone())).collect::<Vec<_>>();
    let [(page, _)] = told.as_slice() else { panic!("Ana alone hears of it: {told:?}") };
    let why = PageFailure::Slack("channel_not_found".to_owned());
    s.decide(What::Settled(Settled::PageFailed { incident: IncidentNo(1), page: *page, why }));
    assert_eq!(s.incident(1).being_asked(), ["ben".into()]);
}

#[test]
fn an_alert_that_is_worse_than_its_group_raises_it_and_one_that_is_not_can_become_so() {
    let mut s = Story::new(&[]);
    let low = |s: &mut Story, key: &str| s.told("nodes", EventAction::Trigger, key, EAST, Urgency::Low);
    low(&mut s, "node-1");
    low(&mut s, "node-2");
    assert_eq!((s.incident(1).urgency, s.incident(1).alerts.len()), (Urgency::Low, 2));
    s.fires("nodes", "node-2", EAST);
    assert_eq!(s.incident(1).urgency, Urgency::High, "what joined got worse");
    assert_eq!(s.incident(1).being_asked(), ["ana".into()]);
}

#[test]
fn what_a_person_made_low_hides_no_alert_that_pages() {
    let mut s = Story::new(&[]);
    s.fires("nodes", "node-1", EAST);
    s.does(1, Deed::SetUrgency { to: Urgency::Low });
    s.told("nodes", EventAction::Trigger, "node-2", EAST, Urgency::Low);
    assert_eq!((s.opened(), s.incident(1).urgency), (1, Urgency::Low), "one that is low as well joins");
    s.fires("nodes", "node-3", EAST);
    assert_eq!((s.opened(), s.incident(1).urgency), (2, Urgency::Low));
    assert_eq!(s.incident(2).being_asked(), ["ana".into()]);
}

#[test]
fn what_joins_an_incident_that_had_cleared_keeps_it_open() {
    let mut s = Story::new(&[]);
    s.fires("nodes", "node-1", EAST);
    s.does(1, Deed::Acknowledge);
    s.clears("nodes", "node-1");
    assert!(s.incident(1).course.clearing.is_some());
    s.fires("nodes", "node-2", EAST);
    let i = s.incident(1);
    assert!(i.course.clearing.is_none() && i.has_firing_alert());
}

#[test]
fn what_comes_and_goes_is_counted_towards_its_threshold_across_incidents() {
    let mut s = Story::new(&[]);
    let probes = s.directory.services.get_mut(&"search".into()).expect("a service");
    probes.threshold = Some(Threshold { events: 3, within_secs: 60 * 60 });
    let blip = |s: &mut Story| {
        s.fires("search", "eu", &[]);
        let asked = s.world.incident(IncidentNo(s.opened())).map(|i| i.being_asked()).unwrap_or_default();
        s.clears("search", "eu");
        asked
    };
    assert!(blip(&mut s).is_empty());
    s.now = At(5 * MINUTE);
    assert!(blip(&mut s).is_empty(), "the same incident again, and still not often enough");
    assert_eq!(s.opened(), 1);
    s.now = At(40 * MINUTE);
    assert_eq!(blip(&mut s), ["ana".into()], "the third within an hour");
    assert_eq!(s.opened(), 2);
}

fn quiet(s: &mut Story, scope: Covered) {
    let (from, until) = (s.now, s.now.plus_ms(60 * MINUTE));
    s.decide(What::Quiet(QuietRequest {
        scope,
        by: "ana".into(),
        from,
        until,
        because: "deploy".to_owned(),
        elsewhere: false,
    }));
}

fn is_silenced(i: &Incident) -> bool {
    i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Quiet { .. })) && i.being_asked().is_empty()
}

#[test]
fn maintenance_covers_what_rules_send_there_and_not_what_they_send_away() {
    for (of, covered) in [("search", true), ("payments", false)] {
        let mut s = Story::new(&[("info", Destination::Service("search".into()))]);
        quiet(&mut s, Covered::Services(vec![of.into()]));
        s.fires("payments", "disk", INFO);
        assert_eq!(is_silenced(s.incident(1)), covered, "maintenance of {of}");
    }
}

#[test]
fn a_silence_covers_a_group_by_what_its_alerts_have_in_common_and_by_nothing_else() {
    for (matcher, covered) in [("cluster=east", true), ("rack!=7", false), ("rack=7", false)] {
        let mut s = Story::new(&[]);
        let matchers = Matcher::parse(matcher).into_iter().collect();
        quiet(&mut s, Covered::Labels { within: Within::Service("nodes".into()), matchers });
        s.fires("nodes", "node-1", &[("cluster", "east"), ("rack", "7")]);
        s.fires("nodes", "node-2", &[("cluster", "east"), ("rack", "8")]);
        assert_eq!((s.opened(), s.incident(1).alerts.len()), (1, 2));
        assert_eq!(is_silenced(s.incident(1)), covered, "{matcher}: of the second, only its cluster is known");
    }
}

#[test]
fn what_waits_for_more_and_is_silenced_waits_on_after_the_silence() {
    let mut s = Story::new(&[]);
    let probes = s.directory.services.get_mut(&"search".into()).expect("a service");
    probes.threshold = Some(Threshold { events: 3, within_secs: 6 * 60 * 60 });
    quiet(&mut s, Covered::Services(vec!["search".into()]));
    s.fires("search", "eu", &[]);
    s.fires("search", "eu", &[]);
    assert!(is_silenced(s.incident(1)));
    s.now = At(61 * MINUTE);
    s.decide(What::Due);
    assert!(matches!(s.incident(1).hold.as_ref().map(|h| &h.why), Some(HoldWhy::Threshold(_))));
    s.fires("search", "eu", &[]);
    assert_eq!(s.incident(1).being_asked(), ["ana".into()]);
}

#[test]
fn the_count_of_what_waits_is_right_without_any_event_and_then_nothing_is_due() {
    let mut s = Story::new(&[]);
    let probes = s.directory.services.get_mut(&"search".into()).expect("a service");
    probes.threshold = Some(Threshold { events: 3, within_secs: 600 });
    let so_far = |s: &Story| s.incident(1).counting.as_ref().map(|c| c.seen.len());
    s.fires("search", "eu", &[]);
    s.now = At(4 * MINUTE);
    s.fires("search", "eu", &[]);
    assert_eq!((so_far(&s), s.world.next_wake()), (Some(2), Some(At(10 * MINUTE))));
    s.now = At(10 * MINUTE);
    s.decide(What::Due);
    assert_eq!((so_far(&s), s.world.next_wake()), (Some(1), Some(At(14 * MINUTE))));
    s.now = At(14 * MINUTE);
    s.decide(What::Due);
    assert_eq!((so_far(&s), s.incident(1).next_wake()), (Some(0), None));
    assert_eq!(s.incident(1).terminal(), Some(Terminal::Held));
}

#[test]
fn an_fyi_whose_message_is_gone_is_counted_in_the_one_that_took_its_place() {
    let mut s = Story::new(&[("info", Destination::Fyi { channel: None })]);
    let post_of = |s: &Story, dedup| s.world.fyi_of(&key("payments", dedup)).map(|f| f.post);
    s.fires("payments", "disk", INFO);
    let first = post_of(&s, "disk").expect("it is shown");
    let gone = Settled::PostFailed { post: first, why: PageFailure::Slack("message_not_found".to_owned()) };
    s.decide(What::Settled(gone));
    s.fires("payments", "disk", INFO);
    assert!(s.world.posts.is_empty(), "what cannot be shown is not tried again for each event");
    s.fires("payments", "cpu", INFO);
    let second = post_of(&s, "cpu").expect("it is shown");
    assert_ne!(first, second);
    s.fires("payments", "disk", INFO);
    assert_eq!(post_of(&s, "disk"), Some(second));
}

#[test]
fn what_is_sent_to_a_service_whose_alerts_never_clear_counts_as_cleared_as_they_do() {
    let mut s = Story::new(&[("info", Destination::Service("search".into()))]);
    s.directory.services.get_mut(&"search".into()).expect("a service").resolve_after_secs = Some(600);
    s.fires("payments", "disk", INFO);
    s.now = At(9 * MINUTE);
    s.fires("payments", "disk", INFO);
    s.now = At(11 * MINUTE);
    s.decide(What::Due);
    assert!(!s.incident(1).is_resolved(), "it was heard of two minutes ago");
    s.now = At(19 * MINUTE);
    s.decide(What::Due);
    assert!(s.incident(1).is_resolved());
}

#[test]
fn a_body_that_nobody_can_read_waits_for_nothing_and_joins_no_group() {
    let mut s = Story::new(&[]);
    s.directory.services.values_mut().for_each(|service| {
        service.threshold = Some(Threshold { events: 3, within_secs: 600 });
    });
    s.fires("nodes", "disk", &[]);
    assert!(s.incident(1).being_asked().is_empty(), "one of three");
    let body = Unreadable {
        service: "nodes".into(),
        key_name: "nodes-1".to_owned(),
        title: "An alert could not be read".to_owned(),
        problem: "alerts[0].labels is a number".to_owned(),
        excerpt: "{}".to_owned(),
        urgency: None,
    };
    s.decide(What::Unreadable(body));
    assert_eq!(s.opened(), 2, "one of its own");
    assert_eq!(s.incident(2).being_asked(), ["ana".into()]);
}
