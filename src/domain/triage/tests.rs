use super::*;
use crate::domain::directory::{Directory, PersonalRule, Policy, Service, Step, Target, Team, User};
use crate::domain::handle::handle;
use crate::domain::id::{IncidentNo, InputId};
use crate::domain::input::{Act, Deed, Delivery, Event, EventAction, Input, Source, What};
use crate::domain::item::Kind;
use crate::domain::stamp::Stamp;
use crate::domain::world::World;
use chrono_tz::Tz;

/// Monday 2026-03-02, 03:02 UTC.
pub(in crate::domain) const NIGHT: At = At(1_772_420_520_000);

/// Ana is asked for the shop, Ben after her; Chen for the search, Dora after him. Nobody is for the office.
fn company() -> Directory {
    let mut d = Directory::empty("C0ADMIN".into());
    let rules = vec![PersonalRule::slack(0)];
    for id in ["ana", "ben", "chen", "dora"] {
        let (slack, tz, name, rules) = (Some(id.to_uppercase().into()), Tz::UTC, id.to_owned(), rules.clone());
        d.users
            .insert(id.into(), User { id: id.into(), name, slack, email: None, phone: None, tz, admin: false, rules });
    }
    d.catch_all = vec![Target::User("ben".into())];
    let user = |who: &str| Step::all(vec![Target::User(who.into())], 300);
    for (team, steps) in
        [("shop", vec![user("ana"), user("ben")]), ("search", vec![user("chen"), user("dora")]), ("office", Vec::new())]
    {
        d.policies.insert(team.into(), Policy { id: team.into(), steps, repeat: 0 });
        d.teams.insert(team.into(), Team::new(team.into(), "C0".into(), Vec::new()));
        d.services.insert(team.into(), Service::new(team.into(), team.into(), team.into(), "C0".into()));
    }
    d
}

pub(in crate::domain) struct Story {
    pub d: Directory,
    pub world: World,
    pub now: At,
    inputs: u64,
}

impl Story {
    /// #1 of the shop, for which Ana is paged.
    pub fn paged() -> Self {
        let mut story = Self { d: company(), world: World::default(), now: NIGHT, inputs: 0 };
        story.event("shop", EventAction::Trigger);
        story
    }

    /// The same with a third level: Chen.
    pub fn of_three_levels() -> Self {
        let mut story = Self::paged();
        let policy = story.d.policies.get_mut(&"shop".into()).expect("it is there");
        policy.steps.push(Step::all(vec![Target::User("chen".into())], 300));
        story.world = World::default();
        story.event("shop", EventAction::Trigger);
        story
    }

    pub fn tries(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
        self.inputs += 1;
        let input = Input { id: InputId::minted('t', self.inputs), what };
        let stamp = Stamp::agreed(self.now);
        let facts = handle(&self.world, &self.d, &input, stamp)?;
        facts.iter().for_each(|fact| self.world.apply(fact, stamp));
        assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force(), "an index is wrong");
        Ok(facts)
    }

    pub fn event(&mut self, service: &str, action: EventAction) {
        let event = Event {
            action,
            dedup_key: "disk".into(),
            title: "the disk".to_owned(),
            link: String::new(),
            labels: Vec::new(),
            starts_at: None,
            ends_at: None,
        };
        let (source, service) = (Source::Generic, service.into());
        let all = Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events: vec![event] };
        self.tries(What::Events(all)).expect("the service is known");
    }

    pub fn act(&mut self, by: &str, deed: Deed) -> Result<Vec<Fact>, Refusal> {
        self.tries(What::Act(Act { incident: IncidentNo(1), by: by.into(), deed }))
    }

    pub fn passes(&mut self, secs: i64) {
        let end = self.now.plus_secs(secs);
        while let Some(at) = self.world.next_wake().filter(|at| *at <= end) {
            self.now = at.max(self.now);
            self.tries(What::Due).expect("it is due");
        }
        self.now = end;
    }

    pub fn first(&self) -> Incident {
        (**self.world.incident(IncidentNo(1)).expect("it is there")).clone()
    }

    /// Who is being asked now.
    fn asked(&self) -> Vec<String> {
        self.first().being_asked().iter().map(ToString::to_string).collect()
    }
}

#[test]
fn each_answer_says_who_gave_it_and_the_first_one_begins_the_work() {
    let mut story = Story::paged();
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.act("chen", Deed::Triage { answer: Answer::Trend(Trend::Same) }).expect("he only looks");
    assert!(story.first().started.is_none(), "he does not work on it");
    story.act("ana", Deed::Triage { answer: Answer::Affected(Affected::SomeCustomers) }).expect("she says");
    assert_eq!(story.first().started.map(|done| done.by), Some("ana".into()));
    story.now = story.now.plus_secs(60);
    story.act("ben", Deed::Triage { answer: Answer::Affected(Affected::AllCustomers) }).expect("he found more");
    story.act("ben", Deed::Triage { answer: Answer::Since(NIGHT.plus_secs(-600)) }).expect("he says");
    let triage = story.first().triage.expect("something was found");
    assert_eq!(triage.affected, Some(Said { what: Affected::AllCustomers, by: "ben".into(), at: story.now }));
    for since in [story.now.plus_secs(1), story.now.plus_secs(-SINCE_MAX_SECS - 1)] {
        let refused = story.act("ben", Deed::Triage { answer: Answer::Since(since) });
        assert_eq!(refused, Err(Refusal::BeganThen { since }));
    }
    story.act("ana", Deed::Resolve { note: None }).expect("it is over");
    assert!(story.act("ana", Deed::Triage { answer: Answer::Trend(Trend::Worse) }).is_err(), "it is over");
}

#[test]
fn what_is_another_teams_pages_them_by_their_policy_until_somebody_answers() {
    for acknowledged in [false, true] {
        let mut story = Story::paged();
        if acknowledged {
            story.act("ana", Deed::Acknowledge).expect("she has it");
        }
        story.act("ana", Deed::NotMine { team: "search".into() }).expect("they are there");
        assert_eq!(story.asked(), ["chen"], "Ana is not asked any more");
        assert!(story.first().is_triggered() && story.first().team == "search".into());
        story.passes(301);
        assert_eq!(story.asked(), ["dora"], "their next level, and not the shop's");
        story.passes(300);
        assert!(story.first().main_call().is_some_and(|c| c.is_open()), "and then the catch-all: it is never dropped");
        story.act("dora", Deed::Acknowledge).expect("she has it");
        assert_eq!(story.first().responder(), Some(&"dora".into()));
    }
}

#[test]
fn nothing_is_given_to_a_team_that_cannot_be_asked_or_has_it() {
    let rows = [
        ("shop", Refusal::IsOfThatTeam { incident: IncidentNo(1), team: "shop".into() }),
        ("office", Refusal::NobodyToAsk { incident: IncidentNo(1), whom: Whom::Team("office".into()) }),
        ("nowhere", Refusal::NoSuchTeam("nowhere".into())),
    ];
    for (team, refusal) in rows {
        let mut story = Story::paged();
        assert_eq!(story.act("ana", Deed::NotMine { team: team.into() }), Err(refusal));
        assert_eq!(story.asked(), ["ana"], "she is paged on");
    }
}

#[test]
fn a_snooze_of_what_was_given_wakes_the_other_team() {
    let mut story = Story::paged();
    story.act("ana", Deed::NotMine { team: "search".into() }).expect("they are there");
    story.act("chen", Deed::Acknowledge).expect("he has it");
    story.act("chen", Deed::snooze(story.now.plus_secs(3_600))).expect("he sleeps on it");
    story.passes(3_601);
    assert!(
        story.asked().contains(&"chen".to_owned()) && !story.asked().contains(&"ana".to_owned()),
        "{:?}",
        story.asked()
    );
}

#[test]
fn what_can_wait_is_an_item_of_somebodys_and_pages_nobody_any_more() {
    let mut story = Story::paged();
    let soon = Later { what: "x".to_owned(), severity: 3, owner: "ben".into(), due: story.now.plus_secs(9) };
    let asked = vec!["ana".into()];
    let refused = story.act("chen", Deed::CanWait { later: soon });
    assert_eq!(
        refused,
        Err(Refusal::TakeItFirst { incident: IncidentNo(1), asked }),
        "he ends no page to her by the way"
    );
    story.act("ana", Deed::Acknowledge).expect("she has it");
    let later = |due| Later { what: "A bigger disk".to_owned(), severity: 3, owner: "ben".into(), due };
    let past = story.now;
    assert_eq!(story.act("ana", Deed::CanWait { later: later(past) }), Err(Refusal::DueThen { due: past }));
    assert!(!story.first().is_resolved(), "refused, it is as it was");
    let due = story.now.plus_secs(7 * 24 * 3_600);
    story.act("ana", Deed::Triage { answer: Answer::Affected(Affected::AllCustomers) }).expect("she says");
    let (incident, at) = (IncidentNo(1), story.now);
    let refused = story.act("ana", Deed::CanWait { later: later(due) });
    assert_eq!(refused, Err(Refusal::CustomersFeelIt { incident, by: "ana".into(), at }));
    story.act("ana", Deed::Triage { answer: Answer::Affected(Affected::Nobody) }).expect("she was wrong");
    story.act("ana", Deed::CanWait { later: later(due) }).expect("it can");
    let item = story.world.items.values().next().expect("an item").clone();
    assert_eq!((item.kind, &item.owner, item.due), (Kind::Later { severity: 3 }, &"ben".into(), due));
    assert!(story.first().is_resolved() && story.world.rcas.is_empty(), "it was not urgent: it owes no RCA");
    assert_eq!(story.world.misconfigured.len(), 1, "its alert is to be mended");
    story.passes(3 * 3_600);
    assert!(story.first().is_resolved(), "its alert fires on, and pages nobody");
}
