use super::super::input::{Deed, EventAction, QuietRequest, What};
use super::super::page::{Page, Purpose};
use super::super::triage::tests::Story;
use super::*;
use crate::domain::call::CallState;
use crate::domain::directory::{Method, PersonalRule, Twilio};
use crate::domain::fact::ResolvedBy;
use crate::domain::id::IncidentNo;
use crate::domain::input::{Act, SnoozeWhy};
use crate::domain::item::Kind;
use crate::domain::quiet::Covered;
use crate::domain::rca::Rca;
use crate::domain::threshold::Threshold;
use crate::domain::triage::Later;

/// #1 of the shop: Ana is paged, Ben would be after five minutes, Chen after him.
fn story() -> Story {
    Story::of_three_levels()
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
    assert_eq!(asked(&story), ["chen"], "each answers for themselves");
    let pages = |story: &Story| story.first().pages.iter().filter(|p| p.to.name() == "chen").count();
    assert_eq!(pages(&story), 1);
    story.passes(901);
    assert_eq!((pages(&story), asked(&story).len()), (3, 0), "and is asked three times");
}

#[test]
fn whoever_is_asked_by_the_same_level_is_wanted_all_the_same() {
    let mut story = story();
    let policy = story.d.policies.get_mut(&"shop".into()).expect("it is there");
    policy.steps[0].targets.push(Target::User("dora".into()));
    story.world = World::default();
    story.event("shop", EventAction::Trigger);
    story.act("ben", Deed::DeclareMajor).expect("he sees it");
    assert_eq!(asked(&story), ["ana", "dora", "chen"]);
    // Whoever is above answers first, and Ana and Dora are asked on.
    story.act("chen", Deed::Acknowledge).expect("he has it");
    assert_eq!(asked(&story), ["ana", "dora"]);
    story.act("ana", Deed::Acknowledge).expect("she comes");
    assert_eq!(asked(&story), ["dora"]);
    let mut without = self::story();
    without.act("chen", Deed::Acknowledge).expect("he has it");
    assert_eq!(asked(&without).len(), 0, "what is not major asks nobody any more");
}

#[test]
fn escalating_wakes_nobody_twice() {
    let mut story = story();
    story.act("dora", Deed::DeclareMajor).expect("she sees it");
    let pages = story.first().pages.len();
    for who in ["ben", "dora"] {
        let refused = story.act(who, Deed::Escalate);
        assert!(matches!(refused, Err(Refusal::NobodyAbove { .. })), "{who}: {refused:?}");
    }
    assert_eq!((story.first().pages.len(), asked(&story).len()), (pages, 3));
}

#[test]
fn a_false_alarm_that_is_over_can_be_called_one() {
    let mut story = story();
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.act("ana", Deed::DeclareMajor).expect("it is");
    story.act("ana", Deed::Resolve { note: None }).expect("it is over");
    story.act("ana", Deed::NotActionable).expect("nothing had to be done");
}

#[test]
fn whoever_takes_it_sends_nobody_away_who_is_wanted() {
    let mut story = story();
    story.act("dora", Deed::DeclareMajor).expect("she sees it");
    assert_eq!(asked(&story), ["ana", "ben", "chen"]);
    story.act("ana", Deed::Acknowledge).expect("she has it");
    assert_eq!(asked(&story), ["ben", "chen"]);
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
    // Its levels go on as they would: nobody is forgotten.
    story.passes(901);
    let call = story.first().main_call().map(|c| c.state.clone());
    assert!(matches!(call, Some(CallState::Exhausted { .. })), "and then whoever is the last to be asked: {call:?}");
    story.act("ben", Deed::Acknowledge).expect("he comes");
    assert_eq!(asked(&story), ["ana", "chen"], "and they are wanted all the same");
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
        let mut story = self::story();
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
    for cleared_before in [true, false] {
        let mut story = self::story();
        story.act("ana", Deed::Acknowledge).expect("she has it");
        if cleared_before {
            story.event("shop", EventAction::Resolve);
        }
        story.act("ana", Deed::DeclareMajor).expect("it is");
        if !cleared_before {
            story.event("shop", EventAction::Resolve);
        }
        story.passes(20 * 60);
        assert!(!story.first().is_resolved());
        story.act("ana", Deed::TakeMajorBack).expect("it was less");
        assert!(!story.first().is_resolved(), "it stays with her for a while");
        story.passes(20 * 60);
        assert!(story.first().is_resolved());
    }
    // What nobody has is over at once.
    let mut story = self::story();
    story.act("dora", Deed::DeclareMajor).expect("she sees it");
    story.event("shop", EventAction::Resolve);
    assert!(!story.first().is_resolved());
    story.act("dora", Deed::TakeMajorBack).expect("it was less");
    assert!(story.first().is_resolved());
}

#[test]
fn what_was_under_way_is_not_put_off_and_what_is_taken_back_asks_by_its_levels() {
    let mut story = story();
    let rule = |method, delay_secs| PersonalRule { method, delay_secs, only: None };
    let twilio = Twilio { account: "AC0".into(), token_envs: Vec::new(), from: "+1".into(), api: "".into() };
    story.d.twilio = Some(twilio);
    let ana = story.d.users.get_mut(&"ana".into()).expect("she is there");
    (ana.phone, ana.rules) = (Some("+351912345678".into()), vec![PersonalRule::slack(0), rule(Method::Voice, 180)]);
    story.world = World::default();
    story.event("shop", EventAction::Trigger);
    story.passes(170);
    story.act("dora", Deed::DeclareMajor).expect("she sees it");
    story.act("dora", Deed::TakeMajorBack).expect("she sees wrong");
    story.passes(11);
    let calls = story.first().pages.iter().filter(|p| p.method == Method::Voice).count();
    assert_eq!(calls, 1, "her telephone rings when it would have");
    let steps = story.first().main_call().map(|c| c.policy.steps.len());
    assert_eq!(steps, Some(3), "the levels are as they were");
}

#[test]
fn what_waited_for_more_or_to_settle_waits_no_longer() {
    for threshold in [true, false] {
        let mut story = self::story();
        let shop = story.d.services.get_mut(&"shop".into()).expect("it is there");
        match threshold {
            true => shop.threshold = Some(Threshold { events: 3, within_secs: 600 }),
            false => shop.hold_secs = 300,
        }
        story.world = World::default();
        story.event("shop", EventAction::Trigger);
        assert_eq!((asked(&story).len(), story.first().hold.is_some()), (0, true));
        story.passes(60);
        story.act("dora", Deed::DeclareMajor).expect("she sees it");
        assert_eq!(asked(&story), ["ana", "ben", "chen"]);
        assert!(story.first().hold.is_none());
        let pages = story.first().pages.len();
        story.passes(245);
        assert_eq!(story.first().pages.len(), pages, "what it waited for pages nobody once more");
    }
}

#[test]
fn what_the_monitor_acknowledged_is_triggered_and_whoever_has_it_hears_it() {
    let mut story = story();
    story.event("shop", EventAction::Acknowledge);
    assert_eq!(asked(&story).len(), 0);
    story.act("dora", Deed::DeclareMajor).expect("she sees it");
    assert!(story.first().is_triggered());
    assert_eq!(asked(&story), ["ana", "ben", "chen"]);
    let mut story = self::story();
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.act("ben", Deed::DeclareMajor).expect("he sees it");
    let raised = |p: &&Page| p.purpose == Purpose::Raised && p.to.name() == "ana";
    assert_eq!(story.first().pages.iter().filter(raised).count(), 1);
    assert_eq!(asked(&story), ["chen"], "and he need not be asked");
}

#[test]
fn another_team_is_asked_as_a_whole_and_the_old_one_no_more() {
    let mut story = story();
    story.act("ana", Deed::Acknowledge).expect("she has it");
    story.act("ana", Deed::DeclareMajor).expect("it is");
    assert_eq!(asked(&story), ["ben", "chen"]);
    story.act("ana", Deed::NotMine { team: "search".into() }).expect("it is theirs");
    assert_eq!(asked(&story), ["chen", "dora"]);
    let of_ben = |p: &&Page| p.to.name() == "ben" && p.is_wanted();
    assert_eq!(story.first().pages.iter().filter(of_ben).count(), 0);
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
    story.act("dora", Deed::DeclareMajor).expect("it is more than that");
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
    let snoozed = story.act("ana", Deed::snooze(story.now.plus_secs(600)));
    let nothing = story.act("ana", Deed::NotActionable);
    for refused in [wait, low, snoozed, nothing] {
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
    let whole = story.world.incident(into).expect("it is there").clone();
    assert_eq!(whole.major.as_ref().map(|done| done.by.as_str()), Some("ana"));
    let asked: Vec<String> = whole.being_asked().iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["chen", "dora"], "all of its levels");
    // What is snoozed takes nothing that is major.
    let mut story = self::story();
    story.event("search", EventAction::Trigger);
    let until = story.now.plus_secs(3_600);
    let snooze = Deed::Snooze { until, why: None, because: String::new() };
    story.tries(What::Act(Act { incident: into, by: "chen".into(), deed: snooze })).expect("it may be");
    story.act("ana", Deed::DeclareMajor).expect("it is");
    let merged = story.act("ana", Deed::MergeInto { into });
    assert!(matches!(merged, Err(Refusal::IsSnoozed { .. })), "{merged:?}");
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
