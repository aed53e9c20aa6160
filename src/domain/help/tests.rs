use super::*;
use crate::domain::call::Whom;
use crate::domain::input::{Act, Deed, EventAction, What};
use crate::domain::page::PageState;
use crate::domain::triage::tests::Story;
use crate::domain::triage::{Affected, Answer};

const MINUTE: i64 = 60;

/// Ben fixed #1 of the shop's disk; an hour later it is full again, and nobody has #2 yet.
fn again() -> Story {
    let mut story = Story::paged();
    story.act("ben", Deed::Acknowledge).expect("he has it");
    story.event("shop", EventAction::Resolve);
    story.act("ben", Deed::Resolve { note: None }).expect("he fixed it");
    story.passes(60 * MINUTE);
    story.event("shop", EventAction::Trigger);
    story
}

fn second(story: &Story) -> Incident {
    (**story.world.incident(IncidentNo(2)).expect("it is there")).clone()
}

fn acts(story: &mut Story, by: &str, deed: Deed) {
    let act = Act { incident: IncidentNo(2), by: by.into(), deed };
    story.tries(What::Act(act)).expect("it is theirs");
}

/// To whom an offer was sent, and after how many minutes.
fn offers(story: &Story, since: At) -> Vec<(String, i64)> {
    let all = second(story).pages.into_iter().filter(|p| p.purpose == Purpose::Help);
    all.map(|p| (p.to.name().to_owned(), (p.requested.0 - since.0) / 60_000)).collect()
}

#[test]
fn who_fixed_it_before_is_known_while_that_is_remembered() {
    let mut story = again();
    let found = |story: &Story, but: Option<&str>| {
        fixed_before(&story.world, &story.d, &second(story), but.map(UserId::from).as_ref())
    };
    assert_eq!(found(&story, None), Some((IncidentNo(1), "ben".into())));
    assert_eq!(found(&story, Some("ben")), None, "they know it themselves");
    // As it leaves memory when it is closed.
    let first = story.world.incidents.remove(&IncidentNo(1)).expect("it is there");
    assert_eq!(found(&story, None), None, "nobody knows it");
    story.world.worked.insert(IncidentNo(1), std::sync::Arc::new(Worked::of(&first)));
    assert_eq!(found(&story, None), Some((IncidentNo(1), "ben".into())), "and is remembered in short");
    story.d.users.remove(&"ben".into());
    assert_eq!(found(&story, None), None, "he left");
}

#[test]
fn whoever_gets_nowhere_hears_once_who_fixed_it_before() {
    let mut story = again();
    acts(&mut story, "ana", Deed::Acknowledge);
    let since = story.now;
    story.passes(20 * MINUTE - 1);
    assert_eq!(offers(&story, since), []);
    story.passes(1);
    assert_eq!(offers(&story, since), [("ana".to_owned(), 20)]);
    assert_eq!(offered(&second(&story)), Some((IncidentNo(1), &"ben".into())));
    acts(&mut story, "ana", Deed::AddResponders { whom: vec![Whom::User("ben".into())] });
    assert_eq!(offered(&second(&story)), None, "he is asked");
    story.passes(60 * MINUTE);
    assert_eq!(offers(&story, since).len(), 1, "it is offered once");
}

#[test]
fn what_is_done_meanwhile_puts_it_off_and_what_ends_it_ends_the_offer() {
    let found = Deed::Triage { answer: Answer::Affected(Affected::Inside) };
    let note = Deed::Note { text: "looking".to_owned() };
    let add = Deed::AddResponders { whom: vec![Whom::User("ben".into())] };
    for (at, deed, expected) in [
        (10, note, vec![("ana".to_owned(), 30)]),
        (19, found, vec![("ana".to_owned(), 39)]),
        (10, Deed::Mitigate, vec![]),
        (10, Deed::SetUrgency { to: Urgency::Low }, vec![]),
        (10, add, vec![]),
    ] {
        let mut story = again();
        acts(&mut story, "ana", Deed::Acknowledge);
        let since = story.now;
        story.passes(at * MINUTE);
        acts(&mut story, "ana", deed.clone());
        story.passes(25 * MINUTE);
        assert_eq!(offers(&story, since), expected, "{deed:?}");
    }
}

#[test]
fn nobody_is_told_of_themselves_or_of_what_is_new_to_everybody() {
    let mut story = again();
    acts(&mut story, "ben", Deed::Acknowledge);
    let since = story.now;
    story.passes(29 * MINUTE);
    assert_eq!(offers(&story, since), [], "he fixed it himself");
    let mut first = Story::paged();
    first.act("ana", Deed::Acknowledge).expect("she has it");
    first.passes(29 * MINUTE);
    assert!(first.first().pages.iter().all(|p| p.purpose != Purpose::Help), "nobody knows it");
    assert_eq!(first.first().help, None, "and nothing is looked at");
}

#[test]
fn what_is_over_before_the_message_went_is_called_back() {
    let mut story = again();
    acts(&mut story, "ana", Deed::Acknowledge);
    story.passes(20 * MINUTE);
    acts(&mut story, "ana", Deed::Mitigate);
    let page = second(&story).pages.into_iter().find(|p| p.purpose == Purpose::Help).expect("it was asked for");
    assert_eq!(page.state, PageState::Revoked(RevokeReason::Answered));
}

#[test]
fn whoever_only_put_it_off_or_let_it_go_did_not_fix_it() {
    use crate::domain::input::SnoozeWhy;
    let snooze = |story: &Story| Deed::Snooze {
        until: story.now.plus_secs(3_600),
        why: Some(SnoozeWhy::KnownWork),
        because: String::new(),
    };
    let fixed = |how: &dyn Fn(&mut Story)| {
        let mut story = Story::paged();
        how(&mut story);
        story.event("shop", EventAction::Resolve);
        story.passes(60 * MINUTE);
        let first = story.first();
        assert!(first.is_resolved(), "{:?}", first.state);
        Worked::of(&first).fixed_by()
    };
    let took = |story: &mut Story| drop(story.act("ana", Deed::Acknowledge).expect("she has it"));
    assert_eq!(fixed(&took), Some("ana".into()), "it was over while she had it");
    assert_eq!(fixed(&|_| ()), None, "nobody had it");
    let put_off = |story: &mut Story| drop(story.act("ana", snooze(story)).expect("later"));
    assert_eq!(fixed(&put_off), None);
    let then_put_off = |story: &mut Story| {
        took(story);
        put_off(story);
    };
    assert_eq!(fixed(&then_put_off), None, "it was over while nobody worked on it");
    let let_go = |story: &mut Story| {
        took(story);
        // Thirty minutes later she is asked, and does not answer.
        story.passes(45 * MINUTE);
        assert!(matches!(story.first().state, State::Triggered { .. }), "{:?}", story.first().state);
    };
    assert_eq!(fixed(&let_go), None);
    let nothing = |story: &mut Story| {
        took(story);
        story.act("ana", Deed::NotActionable).expect("there was nothing to do");
    };
    assert_eq!(fixed(&nothing), None);
    let resolved = |story: &mut Story| {
        put_off(story);
        story.act("ben", Deed::Resolve { note: None }).expect("it works");
    };
    assert_eq!(fixed(&resolved), Some("ben".into()), "whoever says so did");
}
