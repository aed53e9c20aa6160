//! The first look at an incident: its window, its forms, and what it leaves on the card.

use crate::desk::{Desk, HOUR, MINUTE, NIGHT};
use crate::draw::{Golden, message, view};
use std::sync::Arc;
use warridor::domain::call::Whom;
use warridor::domain::id::{IncidentNo, TeamId, UserId};
use warridor::domain::incident::Incident;
use warridor::domain::input::{Deed, EventAction};
use warridor::domain::major::would_wake;
use warridor::domain::page::Purpose;
use warridor::domain::rca::{Part, RcaDeed};
use warridor::domain::snooze;
use warridor::domain::stamp::Stamp;
use warridor::domain::triage::{Affected, Answer, Later, Trend};
use warridor::views;
use warridor::views::action_id::{Origin, Subject};
use warridor::views::bundle::Earlier;
use warridor::views::going_on::Beside;
use warridor::views::triage::{Around, Before};

fn first(desk: &Desk) -> Arc<Incident> {
    desk.world.incident(IncidentNo(1)).expect("it is there").clone()
}

/// What Ana has, beside another one that is open.
fn anas() -> Desk {
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.deliver();
    desk.titled("search", "Search <!here> is slow", "", &[]);
    desk.act("ana", Deed::Acknowledge);
    desk
}

/// What the same alert led to before, as an incident of another desk.
fn before() -> Before {
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.act("chen", Deed::Acknowledge);
    desk.pass(14 * MINUTE);
    desk.alert("payments", EventAction::Resolve);
    desk.act("chen", Deed::Resolve { note: Some("restarted <!here> the *worker*".to_owned()) });
    desk.rca("chen", RcaDeed::Write { part: Part::Summary, revision: 0, text: "It was full.".to_owned() });
    let incident = first(&desk);
    Before { rca: desk.world.rcas.get(&incident.no).cloned(), incident: (*incident).clone() }
}

#[test]
fn the_first_look_in_every_state() {
    let mut golden = Golden::new("triage");
    let desk = anas();
    let subject = Subject { store: desk.store, incident: IncidentNo(1) };
    let origin = Origin::new(subject, None);
    let window = |desk: &Desk, fixed: Option<(IncidentNo, &str)>, told: Option<&str>| {
        let d = &desk.directory;
        let others: Vec<&Incident> = desk.world.open_incidents().map(|i| &**i).filter(|i| i.no.0 > 1).collect();
        let announced: Vec<_> = desk.world.announcements.values().collect();
        let beside =
            Beside { changes: Vec::new(), changes_left_out: 0, announced, quiets: Vec::new(), silent: Vec::new() };
        let fixed_before = fixed.map(|(no, who)| (no, who.into()));
        let before: Vec<Before> = fixed.map(|_| before()).into_iter().collect();
        let stamp = Stamp::agreed(desk.now);
        let wakes = would_wake(&desk.world, d, stamp, &first(desk), &"ana".into());
        let around = Around { beside: &beside, others: &others, fixed_before, before: &before, wakes: &wakes };
        view(&views::triage::window(&first(desk), &around, told, d, &origin), Some(subject))
    };
    golden.say("nothing was found yet", &window(&desk, None, None));
    let mut quiet = Desk::at(NIGHT);
    quiet.alert("payments", EventAction::Trigger);
    quiet.deliver();
    golden.say("nothing else is going on", &window(&quiet, None, None));
    let mut found = anas();
    found.announce("ben", "draining <!channel> east", HOUR);
    found.act("ana", Deed::Triage { answer: Answer::Affected(Affected::SomeCustomers) });
    found.advance(MINUTE);
    found.act("ben", Deed::Triage { answer: Answer::Trend(Trend::Worse) });
    found.act("ben", Deed::Triage { answer: Answer::Since(NIGHT.plus_ms(-20 * MINUTE)) });
    golden.say("found, and fixed before by Chen", &window(&found, Some((IncidentNo(7), "chen")), Some("It is so.")));
    let card = |desk: &Desk| {
        let i = first(desk);
        message(&views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store), Some(subject))
    };
    golden.say("the card of what was found", &card(&found));
    let teams: Vec<(TeamId, String)> =
        vec![("pay".into(), "Chen".to_owned()), ("team".into(), "nobody now".to_owned())];
    let (i, d) = (first(&found), &found.directory);
    golden.say("a window: not mine", &view(&views::triage::not_mine(&i, &teams, d, &origin), Some(subject)));
    golden.say(
        "a window: not mine, and there is no other team",
        &view(&views::triage::not_mine(&i, &[], d, &origin), Some(subject)),
    );
    let due: Vec<_> = snooze::choices(NIGHT, chrono_tz::UTC).into_iter().take(3).collect();
    golden
        .say("a window: it can wait", &view(&views::triage::can_wait(&i, &due, Some("U0ANA"), &origin), Some(subject)));
    golden.say("a window: since when", &view(&views::triage::since(&i, &origin), Some(subject)));
    golden.say("by words", &message(&views::triage::to_open(&i, d, found.store), Some(subject)));
    let mut given = found.copy();
    given.act("ana", Deed::NotMine { team: "pay".into() });
    golden.say("the card of what was another team's", &card(&given));
    golden.say("what she reads", &views::triage::given(&first(&given), &"pay".into(), &given.directory));
    let mut major = found.copy();
    let declared = major.act_on(1, "ana", Deed::DeclareMajor);
    major.deliver();
    golden.say("major: what Ana reads", &views::reply::act(&declared, &first(&major), &major.directory));
    golden.say("major: the card", &card(&major));
    golden.say("major: the window", &window(&major, None, None));
    let i = first(&major);
    let newest = i.pages.iter().max_by_key(|p| p.id).expect("somebody was paged");
    golden.say("major: the page", &message(&views::page::page(&i, newest, d, major.store), Some(subject)));
    let one = [(&*i, newest)];
    let earlier = Earlier::default();
    let spoken = views::phone::spoken(&one, &earlier, d, true);
    let text = views::phone::text(&one, &earlier, d, true);
    golden.say("major: by telephone", &format!("{text}\n\n{}\n{}", spoken.news, spoken.menu));
    major.alert("payments", EventAction::Resolve);
    golden.say("major, and cleared: the card", &card(&major));
    let back = major.act_on(1, "ben", Deed::TakeMajorBack);
    golden.say("not major after all: the answer", &views::reply::act(&back, &first(&major), &major.directory));
    let asks = |desk: &Desk, wakes: &[UserId]| {
        message(&views::triage::ask_major(&first(desk), wakes, &desk.directory, desk.store), Some(subject))
    };
    golden.say("by words: is it major?", &asks(&found, &["ben".into(), "mara".into()]));
    golden.say("by words: is it major, and nobody is left", &asks(&found, &[]));
    found.act("ana", Deed::Triage { answer: Answer::Affected(Affected::Nobody) });
    let later = Later {
        what: "A bigger pool".to_owned(),
        severity: 3,
        owner: "ben".into(),
        due: found.now.plus_ms(100 * HOUR),
    };
    found.act("ana", Deed::CanWait { later });
    golden.say("the card of what can wait", &card(&found));
    golden.say("its window, over", &window(&found, None, None));
    golden.compare();
}

/// Ben fixed the same alert an hour before; Ana has it now.
#[test]
fn help_that_is_offered() {
    let mut golden = Golden::new("help_offered");
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.act_on(1, "ben", Deed::Acknowledge);
    desk.alert("payments", EventAction::Resolve);
    desk.act_on(1, "ben", Deed::Resolve { note: None });
    desk.pass(HOUR);
    desk.alert("payments", EventAction::Trigger);
    desk.deliver();
    let facts = desk.act_on(2, "ana", Deed::Acknowledge);
    let second = |desk: &Desk| desk.world.incident(IncidentNo(2)).expect("it is there").clone();
    let subject = Subject { store: desk.store, incident: IncidentNo(2) };
    let mut answer = views::reply::message(&facts, &second(&desk), None, &desk.directory, desk.store);
    let before = (IncidentNo(1), &"ben".into());
    views::triage::offer_help(&mut answer, before, IncidentNo(2), &desk.directory, desk.store);
    golden.say("the answer to Acknowledge, where it is new to Ana", &message(&answer, Some(subject)));
    desk.advance(20 * MINUTE);
    let page = |desk: &Desk| {
        let i = second(desk);
        let page = i.pages.iter().find(|p| p.purpose == Purpose::Help).expect("she hears of it");
        message(&views::page::page(&i, page, &desk.directory, desk.store), Some(subject))
    };
    golden.say("nothing was done for twenty minutes", &page(&desk));
    desk.act_on(2, "ana", Deed::AddResponders { whom: vec![Whom::User("ben".into())] });
    golden.say("Ben is asked", &page(&desk));
    golden.compare();
}
