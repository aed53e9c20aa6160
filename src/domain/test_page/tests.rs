use super::super::dnd::Window;
use super::super::input::{Act, Settled, What};
use super::super::page::{Page, PageFailure};
use super::super::stamp::At;
use super::super::triage::tests::Story;
use super::*;
use crate::domain::directory::{PersonalRule, Twilio};
use crate::domain::fact::ResolvedBy;
use crate::domain::id::IncidentNo;
use crate::domain::incident::State;
use crate::domain::schedule::{FixedShift, Schedule};

/// Ana has Slack at once, a text after a minute and a call after three; she is paged for #1 already.
fn story() -> Story {
    let mut story = Story::paged();
    let twilio = Twilio { account: "AC0".into(), token_envs: Vec::new(), from: "+1".into(), api: "".into() };
    story.d.twilio = Some(twilio);
    let ana = story.d.users.get_mut(&"ana".into()).expect("she is there");
    ana.phone = Some("+351912345678".into());
    let rule = |method, delay_secs, only| PersonalRule { method, delay_secs, only };
    let high = Some(Urgency::High);
    ana.rules = vec![PersonalRule::slack(0), rule(Method::Sms, 60, high), rule(Method::Voice, 180, high)];
    story
}

fn asks(story: &mut Story, who: &str) -> Result<Vec<Fact>, Refusal> {
    story.tries(What::TestPage { by: who.into() })
}

fn test(story: &Story) -> Incident {
    (**story.world.incidents.values().rev().find(|i| i.is_test()).expect("a test page")).clone()
}

fn act(story: &mut Story, by: &str, deed: Deed) -> Result<Vec<Fact>, Refusal> {
    let incident = test(story).no;
    story.tries(What::Act(Act { incident, by: by.into(), deed }))
}

/// A provider took the page by this method.
fn comes(story: &mut Story, method: Method) {
    let i = test(story);
    let page = i.pages.iter().find(|p| p.method == method).expect("it was asked for").id;
    let (pages, receipt) = (vec![(i.no, page)], "R1".into());
    story.tries(What::Settled(Settled::PagesSent { pages, receipt, bundle: None })).expect("it is news");
}

fn fails(story: &mut Story, method: Method) {
    let i = test(story);
    let page = i.pages.iter().find(|p| p.method == method).expect("it was asked for").id;
    let why = PageFailure::Provider("nobody picked up".into());
    story.tries(What::Settled(Settled::PageFailed { incident: i.no, page, why })).expect("it is news");
}

fn in_words(p: &Page) -> String {
    let to = match &p.to {
        Recipient::User(user) => user.as_str(),
        Recipient::Channel(_) => "a channel",
    };
    format!("{to} {:?}", p.method)
}

#[test]
fn it_goes_by_every_method_at_once_to_nobody_else_and_stands_nowhere() {
    let mut story = story();
    asks(&mut story, "ana").expect("she is reachable");
    let i = test(&story);
    let pages: Vec<String> = i.pages.iter().map(in_words).collect();
    assert_eq!(pages, ["ana Slack", "ana Sms", "ana Voice"]);
    assert!(i.pages.iter().all(|p| p.purpose == Purpose::Test && p.is_wanted()), "none of them waits");
    assert_eq!(i.waits_for_card(), None);
    assert!(story.world.open_incidents().all(|i| !i.is_test()), "it is nobody's work");
    assert!(i.sla.is_none() && i.listing.is_none());
}

#[test]
fn an_answer_ends_it_and_it_owes_nothing() {
    let mut story = story();
    asks(&mut story, "ana").expect("she is reachable");
    for method in [Method::Slack, Method::Sms, Method::Voice] {
        comes(&mut story, method);
    }
    act(&mut story, "ana", Deed::Acknowledge).expect("it is hers");
    let i = test(&story);
    assert!(matches!(&i.state, State::Resolved { by: ResolvedBy::User(by), .. } if by.as_str() == "ana"));
    assert!(is_proven(&i));
    story.passes(24 * 60 * 60 + 60);
    assert!(test_of(&story, i.no).is_none_or(|i| i.closed), "it waits for no card");
    story.passes(2 * 24 * 60 * 60);
    assert!(story.world.rcas.keys().all(|no| *no != i.no), "it owes no RCA");
    assert!(test_of(&story, i.no).is_none_or(|i| i.pages.len() == 3), "and asks nobody again");
}

fn test_of(story: &Story, no: IncidentNo) -> Option<Incident> {
    story.world.incident(no).map(|i| (**i).clone())
}

#[test]
fn what_is_proven_is_what_came() {
    use Method::{Slack, Sms, Voice};
    let all = || vec![Slack, Sms, Voice];
    for (what, came, failed, answers, wanted) in [
        ("all came", all(), vec![], true, true),
        ("nobody answered", all(), vec![], false, false),
        ("the call was not placed yet", vec![Slack, Sms], vec![], true, false),
        ("nobody picked up", vec![Slack, Sms], vec![Voice], true, false),
    ] {
        let mut story = story();
        asks(&mut story, "ana").expect("she is reachable");
        came.into_iter().for_each(|method| comes(&mut story, method));
        failed.into_iter().for_each(|method| fails(&mut story, method));
        if answers {
            act(&mut story, "ana", Deed::Acknowledge).expect("it is hers");
        }
        assert_eq!(is_proven(&test(&story)), wanted, "{what}");
    }
}

#[test]
fn without_an_answer_it_ends_by_itself_and_wakes_nobody() {
    let mut story = story();
    asks(&mut story, "ana").expect("she is reachable");
    let no = test(&story).no;
    story.passes(WAIT_SECS - 1);
    assert!(test(&story).is_triggered());
    story.passes(1);
    let i = test(&story);
    assert!(matches!(i.state, State::Resolved { by: ResolvedBy::Unanswered, .. }), "{:?}", i.state);
    story.passes(24 * 60 * 60);
    let pages: Vec<Page> = test_of(&story, no).into_iter().flat_map(|i| i.pages).collect();
    assert_eq!(pages.len(), 3, "nobody else was asked, not even the catch-all");
    // The next one is another.
    asks(&mut story, "ana").expect("none is under way");
}

#[test]
fn what_carries_nothing_ends_at_once() {
    let mut story = story();
    asks(&mut story, "ana").expect("she is reachable");
    for method in [Method::Slack, Method::Sms, Method::Voice] {
        assert!(test(&story).is_triggered());
        fails(&mut story, method);
    }
    assert!(matches!(test(&story).state, State::Resolved { by: ResolvedBy::Unanswered, .. }));
}

#[test]
fn nobody_else_does_anything_to_it() {
    let no_note = || Deed::Resolve { note: None };
    let to_ben = || Deed::Reassign { to: "ben".into() };
    let add_ben = || Deed::AddResponders { whom: vec![super::super::call::Whom::User("ben".into())] };
    let note = || Deed::Note { text: "hello".to_owned() };
    let into = || Deed::MergeInto { into: IncidentNo(1) };
    for (by, deed, does) in [
        ("ana", Deed::Acknowledge, true),
        ("ana", Deed::Start, true),
        ("ana", no_note(), true),
        ("ana", Deed::Escalate, false),
        ("ana", to_ben(), false),
        ("ana", add_ben(), false),
        ("ana", note(), false),
        ("ana", into(), false),
        ("ana", Deed::Mitigate, false),
        ("ana", Deed::NotActionable, false),
        ("ana", Deed::Reopen, false),
        ("ana", Deed::SetUrgency { to: Urgency::Low }, false),
        ("ana", Deed::snooze(At(i64::MAX)), false),
        ("ben", Deed::Acknowledge, false),
        ("ben", no_note(), false),
    ] {
        let mut story = story();
        asks(&mut story, "ana").expect("she is reachable");
        let what = format!("{by}: {deed:?}");
        let came = act(&mut story, by, deed);
        match does {
            true => assert!(came.is_ok() && test(&story).is_resolved(), "{what}"),
            false => {
                let refused = Refusal::IsATest { incident: test(&story).no, of: "ana".into() };
                assert_eq!(came.err(), Some(refused), "{what}");
                assert!(test(&story).is_triggered(), "{what}");
            }
        }
    }
    // Nor is anything merged into it.
    let mut story = story();
    asks(&mut story, "ana").expect("she is reachable");
    let into = test(&story).no;
    let merged = story.act("ana", Deed::MergeInto { into });
    assert!(matches!(merged, Err(Refusal::IsATest { .. })), "{merged:?}");
}

#[test]
fn one_at_a_time_and_only_of_somebody_who_can_be_reached() {
    let mut story = story();
    asks(&mut story, "ana").expect("she is reachable");
    let incident = test(&story).no;
    assert_eq!(asks(&mut story, "ana"), Err(Refusal::TestUnderWay { incident }));
    asks(&mut story, "ben").expect("another one's");
    assert_eq!(asks(&mut story, "nobody"), Err(Refusal::NoSuchUser("nobody".into())));
    let chen = story.d.users.get_mut(&"chen".into()).expect("he is there");
    chen.slack = None;
    assert_eq!(asks(&mut story, "chen"), Err(Refusal::CannotBeReached { user: "chen".into() }));
}

#[test]
fn slack_that_is_silent_says_so_and_what_was_paged_before_goes_on() {
    let mut story = story();
    let window = Window { from: story.now.plus_secs(-60), until: story.now.plus_secs(3_600) };
    story.world.dnd.insert("ANA".into(), window);
    asks(&mut story, "ana").expect("she is reachable");
    let slack = test(&story).pages.into_iter().find(|p| p.method == Method::Slack).expect("it goes all the same");
    assert_eq!(slack.silent_until, Some(window.until));
    story.passes(600);
    let asked: Vec<String> = story.first().pages.iter().map(in_words).collect();
    assert!(asked.contains(&"ben Slack".to_owned()), "#1 went up its levels: {asked:?}");
}

#[test]
fn it_ticks_the_shift_ahead() {
    let mut story = story();
    let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).and_then(|day| day.and_hms_opt(0, 0, 0)).expect("a day");
    let fixed = FixedShift { user: "ana".into(), from: day, until: day + chrono::Days::new(5) };
    let (id, name, tz) = ("rota".into(), "Rota".to_owned(), chrono_tz::UTC);
    let rota = Schedule { id, name, team: None, tz, layers: Vec::new(), fixed: vec![fixed] };
    story.d.schedules.insert("rota".into(), rota);
    story.d.policies.get_mut(&"shop".into()).expect("it is there").steps =
        vec![Step::all(vec![Target::Schedule("rota".into())], 300)];
    let ticked = |story: &Story| {
        let p = prepare::next_of(&story.world, &story.d, story.now, &"ana".into()).expect("she is on call");
        p.ready.contains_key(&Check::Methods)
    };
    asks(&mut story, "ana").expect("she is reachable");
    act(&mut story, "ana", Deed::Acknowledge).expect("it is hers");
    assert!(!ticked(&story), "nothing came");
    asks(&mut story, "ana").expect("she is reachable");
    for method in [Method::Slack, Method::Sms, Method::Voice] {
        comes(&mut story, method);
    }
    act(&mut story, "ana", Deed::Acknowledge).expect("it is hers");
    assert!(ticked(&story));
    // Twilio took the call, and nobody picked up: that is known when she has answered already.
    fails(&mut story, Method::Voice);
    assert!(!ticked(&story));
    assert!(!is_proven(&test(&story)));
}
