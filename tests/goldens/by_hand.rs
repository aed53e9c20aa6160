//! What somebody wrote in Slack: the windows in which it becomes a part of a timeline, or an incident; and how it is told.

use crate::desk::{Desk, MINUTE, NIGHT};
use crate::draw::{Golden, message, view};
use std::sync::Arc;
use warridor::domain::id::{IncidentNo, MessageRef};
use warridor::domain::incident::Incident;
use warridor::domain::input::{Deed, EventAction};
use warridor::domain::quote::Quote;
use warridor::domain::rca::{Part, RcaDeed};
use warridor::views;
use warridor::views::action_id::{Origin, Pointed, Subject};
use warridor::views::modal::RaiseDraft;
use warridor::views::quote::Choice;

/// Two minutes before anything was open.
fn wrote(author: &str, text: &str) -> Quote {
    let ts = format!("{}.000300", NIGHT.plus_ms(-2 * MINUTE).secs());
    let message = MessageRef { channel: "C0PAY".into(), ts: ts.into() };
    let link = "https://acme.slack.com/archives/C0PAY/p1?thread_ts=1.2&cid=C0PAY".to_owned();
    Quote { message, author: author.to_owned(), text: text.to_owned(), link }
}

fn first(desk: &Desk) -> Arc<Incident> {
    desk.world.incident(IncidentNo(1)).expect("it is there").clone()
}

#[test]
fn what_somebody_wrote_in_slack() {
    let mut golden = Golden::new("by_hand");
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.titled("search", "Search <!here> is slow", "", &[]);
    desk.deliver();
    let subject = Subject { store: desk.store, incident: IncidentNo(1) };
    let about =
        |quote: &Quote| Origin { more: Pointed(quote.clone()).value(), ..Origin::new(subject, Some("C0PAY".into())) };
    let said = wrote("Ben *Okafor* <!here>", "the <!channel> pool \"is\" & *full*");
    let (one, two) = (first(&desk), desk.incident(IncidentNo(2)));
    let choices = [Choice::Known(&one), Choice::Known(&two)];
    let window = |quote: &Quote, is_cut, choices: &[Choice<'_>], first| {
        view(&views::quote::window(quote, is_cut, choices, first, &about(quote)), Some(subject))
    };
    golden
        .say("a window: into the one in whose thread it stands", &window(&said, false, &choices, Some(IncidentNo(1))));
    golden.say("a window: nobody knows which", &window(&said, true, &choices, None));
    // Slack takes a hundred options.
    let many = window(&said, false, &[Choice::Known(&one); 125], None);
    let beside = many.lines().find(|line| line.contains("Not every")).unwrap_or_default();
    golden.say("a window: more than Slack takes, beside the choice", beside);
    let unknown = Quote { link: String::new(), ..wrote("", "slow") };
    golden.say("a window: Slack does not say who", &window(&unknown, false, &choices[1..], None));
    let d = &desk.directory;
    let payments = "payments".into();
    let draft = RaiseDraft {
        service: Some(&payments),
        what: "the pool is full",
        wakes: Some("…".to_owned()),
        from: Some(&said),
    };
    golden.say("a window: an incident of it", &view(&views::modal::raise(&draft, d, &about(&said)), Some(subject)));
    let picture = wrote("Grafana", "");
    let draft = RaiseDraft { from: Some(&picture), ..RaiseDraft::default() };
    let of_picture = views::modal::raise(&draft, d, &about(&picture));
    golden.say("a window: an incident of a picture", &view(&of_picture, Some(subject)));
    golden.say("no incident is there", &message(&views::Message::plain(views::quote::no_incident("/pager")), None));
    golden.say("no words", &message(&views::Message::plain(views::quote::nothing_said("/pager")), None));
    golden.say("of a card", &message(&views::Message::plain(views::quote::is_a_card(IncidentNo(1))), None));
    // Added late, it stands early: in the timeline, in the log and in the RCA.
    desk.advance(5 * MINUTE);
    desk.act("ana", Deed::Acknowledge);
    desk.advance(5 * MINUTE);
    desk.act("chen", Deed::Quote(Box::new(said.clone())));
    desk.act("chen", Deed::Quote(Box::new(wrote_later(&unknown))));
    let i = first(&desk);
    let d = &desk.directory;
    golden.say("what happened", &view(&views::more::timeline(&i, &i.timeline, d), None));
    golden.say("the log", &message(&views::log::log(&i, d).expect("there is one"), None));
    let shown = views::list::show(&i, desk.rca_of(&i), d, desk.store);
    golden.say("/pager show", &message(&shown, Some(subject)));
    desk.act("ana", Deed::Resolve { note: None });
    let filled = views::rca::prefill(Part::Timeline, &first(&desk).timeline, &desk.directory);
    golden.say("the timeline of its RCA is filled with", &filled);
    desk.rca("ana", RcaDeed::Answer { felt: true });
    let rca = desk.world.rcas[&IncidentNo(1)].clone();
    golden.say("a window: into a closed one", &window(&said, false, &[Choice::Closed(&rca)], None));
    golden.say("beside the answer, when that is written", &views::quote::rca_is_written(IncidentNo(1), "/pager"));
    golden.compare();
}

/// The same words in another message, a minute after it was opened.
fn wrote_later(quote: &Quote) -> Quote {
    let ts = format!("{}.000300", NIGHT.plus_ms(MINUTE).secs());
    Quote { message: MessageRef { channel: "C0PAY".into(), ts: ts.into() }, ..quote.clone() }
}
