use super::super::triage::tests::Story;
use super::*;

/// #1 of the shop: Ana is asked, Ben after five minutes, Chen after ten.
fn story() -> Story {
    Story::of_three_levels()
}

/// Whom it asks when whoever took it, after so many seconds, escalates.
fn above(after_secs: i64, who: &str) -> Vec<String> {
    let mut story = story();
    story.passes(after_secs);
    story.act(who, Deed::Acknowledge).expect("they take it");
    let first = story.first();
    let offers = first.policy_call().is_some_and(|last| last.has_level_above() || first.may_go_up_again(last));
    let came = story.act(who, Deed::Escalate);
    assert_eq!(offers, came.is_ok(), "what the card offers is what comes: {after_secs}, {who}");
    match came {
        Ok(_) => story.first().being_asked().iter().map(ToString::to_string).collect(),
        Err(Refusal::NobodyAbove { .. }) => Vec::new(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn whoever_took_it_late_still_has_somebody_above() {
    for (what, after_secs, who, wanted) in [
        ("in time", 60, "ana", vec!["ben"]),
        ("when Ben was asked, the next one is", 310, "ana", vec!["chen"]),
        ("when all were asked, Ben is again", 610, "ana", vec!["ben"]),
        ("and when the levels were used up", 910, "ana", vec!["ben"]),
        ("Ben took it late", 610, "ben", vec!["chen"]),
        ("the last one took it", 610, "chen", vec![]),
        ("the last one, when the levels were used up", 910, "chen", vec![]),
    ] {
        assert_eq!(above(after_secs, who), wanted, "{what}");
    }
}

#[test]
fn whoever_came_already_is_not_asked_again_for_it() {
    let mut story = story();
    story.passes(610);
    story.act("ana", Deed::Acknowledge).expect("she takes it");
    story.act("ana", Deed::Escalate).expect("Ben is above");
    story.act("ben", Deed::Acknowledge).expect("he comes");
    story.act("ana", Deed::Escalate).expect("and Chen above him");
    assert_eq!(story.first().being_asked(), ["chen".into()]);
    story.act("chen", Deed::Acknowledge).expect("he comes, too");
    let all = story.act("ana", Deed::Escalate);
    assert!(matches!(all, Err(Refusal::NobodyAbove { .. })), "{all:?}");
}
