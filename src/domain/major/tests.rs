use super::super::input::{Deed, EventAction, QuietRequest, What};
use super::super::page::Page;
use super::super::triage::tests::Story;
use super::*;
use crate::domain::call::CallState;
use crate::domain::fact::ResolvedBy;
use crate::domain::id::IncidentNo;
use crate::domain::input::{Act, SnoozeWhy};
use crate::domain::item::Kind;
use crate::domain::quiet::Covered;
use crate::domain::rca::Rca;
use crate::domain::triage::Later;

/// #1 of the shop: Ana is paged, Ben would be after five minutes, Chen after him.
fn story() -> Story {
    let mut story = Story::paged();
    let policy = story.d.policies.get_mut(&"shop".into()).expect("it is there");
    policy.steps.push(Step::all(vec![Target::User("chen".into())], 300));
    story.world = World::default();
    story.event("shop", EventAction::Trigger);
    story
}

/// Who is asked by an open call now.
fn asked(story: &Story) -> Vec<String> {
    story.first().being_asked().iter().map(ToString::to_string).collect()
}

fn wakes(story: &Story, by: &str) -> Vec<String> {
    let (i, stamp) = (story.first(), Stamp::agreed(story.now));
    would_wake(&story.world, &story.d, stamp, &i, &by.into()).iter().map(ToString::to_string).collect()
}

#[test]
fn whoever_has_it_calls_everybody_else_at_once_and_keeps_it() {
    let mut story = story();
    story.act("ana", Deed::Acknowledge).expect("she has it");
    assert_eq!(wakes(&story, "ana"), ["ben", "chen"]);
    story.act("ana", Deed::DeclareMajor).expect("it is");
    assert_eq!(asked(&story), ["ben", "chen"]);
    assert_eq!(story.first().responder().map(|who| who.as_str().to_owned()).as_deref(), Some("ana"));
    let again = story.act("ben", Deed::DeclareMajor);
    assert!(matches!(again, Err(Refusal::MajorAlready { ref by, .. }) if by.as_str() == "ana"), "{again:?}");
    story.act("ben", Deed::Acknowledge).expect("he comes");
    assert_eq!(story.first().responders.len(), 2);
}

#[test]
fn what_nobody_has_asks_all_levels_at_once_until_somebody_answers() {
    let mut story = story();
    assert_eq!(asked(&story), ["ana"]);
    story.act("dora", Deed::DeclareMajor).expect("she sees it");
    assert_eq!(asked(&story), ["ana", "ben", "chen"]);
    let pages: Vec<Page> = story.first().pages;
    let wanted: Vec<_> = pages.iter().filter(|p| p.is_wanted()).map(|p| p.to.name().to_owned()).collect();
    assert_eq!(wanted, ["ana", "ben", "chen"], "each once");
    story.passes(301);
    let call = story.first().main_call().map(|c| c.state.clone());
    assert!(matches!(call, Some(CallState::Exhausted { .. })), "and then whoever is the last to be asked: {call:?}");
    story.act("ben", Deed::Acknowledge).expect("he comes");
    assert_eq!(asked(&story).len(), 0);
}

#[test]
fn low_urgency_that_is_major_is_high() {
    let mut story = story();
    story.act("ana", Deed::SetUrgency { to: Urgency::Low }).expect("it can wait");
    assert_eq!(asked(&story).len(), 0);
    story.act("ana", Deed::DeclareMajor).expect("it cannot");
    assert_eq!((story.first().urgency, asked(&story).len()), (Urgency::High, 3));
}

#[test]
fn only_a_person_ends_it() {
    for major in [false, true] {
        let mut story = story();
        story.act("ana", Deed::Acknowledge).expect("she has it");
        if major {
            story.act("ana", Deed::DeclareMajor).expect("it is");
        }
        story.event("shop", EventAction::Resolve);
        story.passes(20 * 60);
        let by_itself = matches!(story.first().state, State::Resolved { by: ResolvedBy::Monitor, .. });
        assert_eq!(by_itself, !major);
    }
    // Also what had cleared before somebody said so; and it is as any other once they took it back.
    let mut story = story();
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.event("shop", EventAction::Resolve);
    story.act("ana", Deed::DeclareMajor).expect("it is");
    story.passes(20 * 60);
    assert!(!story.first().is_resolved());
    story.act("ana", Deed::TakeMajorBack).expect("it was less");
    story.event("shop", EventAction::Trigger);
    story.event("shop", EventAction::Resolve);
    story.passes(20 * 60);
    assert!(story.first().is_resolved());
}

#[test]
fn no_silence_holds_it_back() {
    let mut story = story();
    let key = crate::domain::id::AlertKey { service: "shop".into(), dedup: "disk".into() };
    let until = story.now.plus_secs(3_600);
    let quiet = QuietRequest {
        scope: Covered::Alert(key),
        by: "ana".into(),
        from: story.now,
        until,
        because: "known".to_owned(),
        elsewhere: false,
    };
    story.tries(What::Quiet(quiet)).expect("it may be");
    assert_eq!(asked(&story).len(), 0, "it is silent");
    story.act("ben", Deed::DeclareMajor).expect("it is more than that");
    assert_eq!(asked(&story), ["ana", "ben", "chen"]);
    story.passes(60);
    assert_eq!(asked(&story), ["ana", "ben", "chen"]);
}

#[test]
fn it_neither_waits_nor_is_low_nor_declared_where_that_makes_no_sense() {
    let later = |story: &Story| Later {
        what: "later".to_owned(),
        severity: 3,
        owner: "ana".into(),
        due: story.now.plus_secs(90_000),
    };
    let mut story = story();
    assert_eq!(story.act("ana", Deed::TakeMajorBack), Err(Refusal::IsNotMajor { incident: IncidentNo(1) }));
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.act("ana", Deed::DeclareMajor).expect("it is");
    let wait = story.act("ana", Deed::CanWait { later: later(&story) });
    let low = story.act("ana", Deed::SetUrgency { to: Urgency::Low });
    for refused in [wait, low] {
        assert!(matches!(refused, Err(Refusal::IsMajor { .. })), "{refused:?}");
    }
    story.act("ana", Deed::TakeMajorBack).expect("it is less");
    story.act("ana", Deed::CanWait { later: later(&story) }).expect("now it can");
    let over = story.act("ana", Deed::DeclareMajor);
    assert!(matches!(over, Err(Refusal::IsResolved { .. })), "{over:?}");
    let mut asleep = self::story();
    let until = asleep.now.plus_secs(3_600);
    asleep
        .act("ana", Deed::Snooze { until, why: Some(SnoozeWhy::WaitingOn), because: String::new() })
        .expect("it may be");
    let refused = asleep.act("ben", Deed::DeclareMajor);
    assert!(matches!(refused, Err(Refusal::IsSnoozed { .. })), "{refused:?}");
}

#[test]
fn what_is_merged_into_another_makes_that_one_major() {
    let mut story = story();
    story.event("search", EventAction::Trigger);
    story.act("ana", Deed::DeclareMajor).expect("it is");
    let into = IncidentNo(2);
    story.act("ana", Deed::MergeInto { into }).expect("it is the same");
    let whole = story.world.incident(into).expect("it is there");
    assert_eq!(whole.major.as_ref().map(|done| done.by.as_str()), Some("ana"));
}

/// Its RCA, completed by Ana without any impact told but a summary.
fn rca_of(story: &mut Story) -> Rca {
    let shop = story.d.services.get_mut(&"shop".into()).expect("it is there");
    shop.production = true;
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.act("ana", Deed::DeclareMajor).expect("it is");
    story.act("ana", Deed::Resolve { note: None }).expect("it is over");
    (**story.world.rcas.get(&IncidentNo(1)).expect("it owes one")).clone()
}

#[test]
fn its_rca_comes_with_a_meeting() {
    use crate::domain::rca::Part;
    use crate::domain::rca::RcaDeed;
    let mut story = story();
    let rca = rca_of(&mut story);
    assert!(rca.major && rca.is_significant() && rca.impact.is_none());
    for deed in [
        RcaDeed::Answer { felt: false },
        RcaDeed::Write { part: Part::Summary, text: "It was a test.".to_owned(), revision: 0 },
        RcaDeed::Complete,
    ] {
        let what = What::Rca { incident: IncidentNo(1), by: "ana".into(), deed };
        story.tries(what).expect("it may be written");
    }
    let meetings = story.world.items.values().filter(|item| item.kind == Kind::Meeting).count();
    assert_eq!(meetings, 1);
}

#[test]
fn levels_whose_conditions_do_not_hold_are_not_asked() {
    let mut story = story();
    let policy = story.d.policies.get_mut(&"shop".into()).expect("it is there");
    policy.steps[2].when.tiers = vec![2];
    story.world = World::default();
    story.event("shop", EventAction::Trigger);
    story.tries(What::Act(Act { incident: IncidentNo(1), by: "ana".into(), deed: Deed::DeclareMajor })).expect("it is");
    assert_eq!(asked(&story), ["ana", "ben"]);
}
