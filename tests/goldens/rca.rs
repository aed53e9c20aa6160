//! Root-cause analyses, and what comes of them: every window, message and line, in every state.

use crate::desk::{DAY, Desk, MINUTE, NIGHT};
use crate::draw::{Golden, message, view};
use std::sync::Arc;
use warridor::domain::id::{IncidentNo, ItemNo, PostId, UserId};
use warridor::domain::incident::Incident;
use warridor::domain::input::{Deed, EventAction};
use warridor::domain::item::{self, Touched};
use warridor::domain::page::Recipient;
use warridor::domain::post::{About, Post};
use warridor::domain::rca::{Part, RcaDeed, Reach, status};
use warridor::domain::snooze;
use warridor::views;
use warridor::views::action_id::{Origin, Subject};
use warridor::views::items::Listing;
use warridor::views::rca::forms::inputs;

fn first(desk: &Desk) -> Arc<Incident> {
    desk.world.incident(IncidentNo(1)).expect("it is there").clone()
}

/// Resolved at night: what Ana had, and mitigated half an hour before.
fn owes_an_rca() -> Desk {
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.deliver();
    desk.advance(2 * MINUTE);
    desk.act("ana", Deed::Acknowledge);
    desk.act("ana", Deed::Note { text: "the pool of <!channel> connections is full".to_owned() });
    desk.advance(20 * MINUTE);
    desk.act("ana", Deed::Mitigate);
    desk.advance(20 * MINUTE);
    desk.alert("payments", EventAction::Resolve);
    desk.act("ana", Deed::Resolve { note: Some("a bigger pool".to_owned()) });
    desk
}

fn wrote(desk: &mut Desk, who: &str, part: Part, text: &str) {
    let revision = desk.world.rcas[&IncidentNo(1)].revision(part);
    desk.rca(who, RcaDeed::Write { part, revision, text: text.to_owned() });
}

/// All of it is written, by two people.
fn written(desk: &mut Desk) {
    desk.rca("ana", RcaDeed::Answer { felt: true });
    wrote(desk, "ana", Part::Timeline, "03:02 It began.\n03:24 It was over.");
    let who = "Customers <!here> who pay by card".to_owned();
    let (users, time) = (Reach::All, Reach::Some);
    desk.rca("ben", RcaDeed::Impact { revision: 0, who, what: "Pay".to_owned(), users, time });
    wrote(desk, "ben", Part::Cause, "The pool was too small for Monday.\n\nNobody saw it fill up.");
    wrote(desk, "ben", Part::Resolution, "A bigger pool.");
}

#[test]
fn an_rca_in_every_state() {
    let mut golden = Golden::new("rca");
    let subject = Subject { store: Desk::at(NIGHT).store, incident: IncidentNo(1) };
    let origin = Origin::new(subject, Some("D0ANA".into()));
    let window = |desk: &Desk, told: Option<&str>| {
        let rca = &desk.world.rcas[&IncidentNo(1)];
        let items: Vec<_> = desk.world.items.values().collect();
        view(&views::rca::window(rca, &items, told, &desk.directory, &origin), Some(subject))
    };
    let card = |desk: &Desk| {
        let i = first(desk);
        message(&views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store), Some(subject))
    };
    let mut desk = owes_an_rca();
    golden.say("the card of what owes one", &card(&desk));
    let typed = views::list::show(&first(&desk), desk.rca_of(&first(&desk)), &desk.directory, desk.store);
    golden.say("/pager 1 of what owes one", &message(&typed, Some(subject)));
    golden.say("nothing was said yet", &window(&desk, None));
    let mut nothing = owes_an_rca();
    nothing.rca("ana", RcaDeed::Answer { felt: false });
    golden.say("customers felt nothing", &window(&nothing, None));
    desk.rca("ana", RcaDeed::Answer { felt: true });
    golden.say("customers felt it", &window(&desk, None));
    let (rca, i) = (desk.world.rcas[&IncidentNo(1)].clone(), first(&desk));
    let d = &desk.directory;
    let filled = |part| views::rca::prefill(part, &i.timeline, d);
    for part in Part::ALL {
        let form = views::rca::forms::part(&rca, part, &inputs(&filled(part)), None, d, &origin);
        golden.say(&format!("a window: {}", views::rca::called(part)), &view(&form, Some(subject)));
    }
    golden.say("a window: impact", &view(&views::rca::forms::impact(&rca, None, d, &origin), Some(subject)));
    let due: Vec<_> = snooze::choices(NIGHT, chrono_tz::UTC).into_iter().take(3).collect();
    golden
        .say("a window: repair", &view(&views::rca::forms::repair(&rca, &due, Some("U0ANA"), &origin), Some(subject)));
    golden.say("a window: owner", &view(&views::rca::forms::owner(&rca, d, &origin), Some(subject)));
    golden.say("a window: none is owed", &view(&views::rca::forms::excuse(&rca, &origin), Some(subject)));
    written(&mut desk);
    let theirs = desk.world.rcas[&IncidentNo(1)].clone();
    let mine = ["Mine".to_owned(), String::new()];
    let written_meanwhile = theirs.parts.get(&Part::Cause);
    let form = views::rca::forms::part(&theirs, Part::Cause, &mine, written_meanwhile, &desk.directory, &origin);
    golden.say("a window: somebody saved meanwhile", &view(&form, Some(subject)));
    let long = (1..=44).map(|n| format!("{n}: {}", "the disk was full ".repeat(15))).collect::<Vec<_>>().join("\n");
    let form = views::rca::forms::part(&theirs, Part::Timeline, &inputs(&long), None, &desk.directory, &origin);
    golden.say("a window: far more than one input takes", &view(&form, Some(subject)));
    golden.say("all but the repair items", &window(&desk, Some("Still missing: a repair item.")));
    let mut none = desk.copy();
    wrote(&mut none, "ben", Part::NoRepair, "The old host is gone.");
    golden.say("nothing is to be repaired", &window(&none, None));
    let (what, due) = ("Alert when the pool is 80 % full <!here>".to_owned(), desk.now.plus_ms(14 * DAY));
    desk.rca("ben", RcaDeed::Repair { what, owner: "chen".into(), due });
    golden.say("all is there", &window(&desk, None));
    let mut late = desk.copy();
    late.now = late.now.plus_ms(4 * DAY);
    let status = |desk: &Desk| {
        let (w, d) = (&desk.world, &desk.directory);
        let (teams, weeks) =
            (status::teams(w, d, desk.now, chrono_tz::UTC), status::weeks(w, desk.now, chrono_tz::UTC));
        message(&views::rca::status(&teams, &weeks, Some(NIGHT), d, "/pager"), None)
    };
    let posted = |about: About, desk: &Desk| {
        let to = if matches!(about, About::OwesLate { .. }) { Some(Recipient::User("mara".into())) } else { None };
        let channel = || Recipient::Channel(desk.directory.services[&"payments".into()].channel.clone());
        let to = to.unwrap_or_else(channel);
        let post = Post { id: PostId(1), to, about, since: desk.now, keep_until: desk.now, message: None };
        let told = views::post::post(&post, &desk.world, &desk.directory, desk.store).expect("it has something to say");
        message(&told, Some(subject))
    };
    let (rcas, items) = (vec![IncidentNo(1)], vec![ItemNo(1)]);
    let owes = |desk: &Desk| About::Owes { user: "ana".into(), at: desk.now, rcas: rcas.clone(), items: items.clone() };
    let late_ones = |desk: &Desk| About::OwesLate { at: desk.now, rcas: rcas.clone() };
    golden.say("what Ana has to do", &posted(owes(&desk), &desk));
    golden.say("what Ana had to do by now", &posted(owes(&late), &late));
    golden.say("for whoever leads", &posted(late_ones(&late), &late));
    golden.say("status, one is late", &status(&late));
    let list = |desk: &Desk, of: Option<&str>| {
        let all = warridor::domain::rca::owed(&desk.world, |_| true);
        message(
            &views::rca::list(
                Listing { all: &all, private: 1, of },
                (None, None),
                desk.now,
                &desk.directory,
                desk.store,
                "/pager",
            ),
            Some(subject),
        )
    };
    golden.say("listed: mine", &list(&late, None));
    golden.say("listed: a team's", &list(&desk, Some("Payments")));
    desk.rca("ben", RcaDeed::Complete);
    golden.say("complete: its window", &window(&desk, None));
    golden.say("complete: in the channel", &posted(About::Rca { incident: IncidentNo(1) }, &desk));
    golden.say("complete: the card", &card(&desk));
    golden.say("complete: what Ana has to do", &posted(owes(&desk), &desk));
    golden.say("complete: status", &status(&desk));
    golden.say("complete: nothing is listed", &{
        let none: Vec<_> = warridor::domain::rca::owed(&desk.world, |_| true);
        message(
            &views::rca::list(
                Listing { all: &none, private: 0, of: None },
                (None, None),
                desk.now,
                &desk.directory,
                desk.store,
                "/pager",
            ),
            None,
        )
    });
    let open = item::open(&desk.world, |_| true);
    let items_of = |of| {
        views::items::list(Listing { all: &open, private: 1, of }, desk.now, &desk.directory, desk.store, "/pager")
    };
    golden.say("items of everybody", &message(&items_of(Some("Everybody together")), Some(subject)));
    let meeting = desk.world.items.values().find(|item| item.kind == item::Kind::Meeting).expect("all of them felt it");
    let form = views::items::done_window(meeting, &desk.directory, &origin);
    golden.say("a window: the meeting was held", &view(&form, Some(subject)));
    touched(&mut golden, &desk, subject);
    desk.item_done("chen", 1, "merged as <!here> PR 12");
    golden.say("an item that is done", &desk.world.items[&ItemNo(1)].outcome);
    golden.say("complete, and repaired", &window(&desk, None));
    let (rca, all) = (&desk.world.rcas[&IncidentNo(1)], &desk.world.items);
    let all: Vec<_> = all.values().map(|item| (**item).clone()).collect();
    golden.say("exported", &views::rca::markdown::markdown(rca, &all, &|user| user.to_string()));
    let mut drill = owes_an_rca();
    drill.rca("ben", RcaDeed::Excuse { because: "a <!here> drill".to_owned() });
    golden.say("none is owed", &window(&drill, None));
    let mut again = owes_an_rca();
    again.act("ana", Deed::Reopen);
    golden.say("opened again", &window(&again, None));
    nothing.rca("ana", RcaDeed::Write { part: Part::Summary, revision: 0, text: "The probe was wrong.".to_owned() });
    nothing.rca("ana", RcaDeed::Complete);
    golden.say(
        "complete, and nothing was felt: in the channel",
        &posted(About::Rca { incident: IncidentNo(1) }, &nothing),
    );
    golden.compare();
}

/// What whoever's item it is hears of others; before and after it was undone.
fn touched(golden: &mut Golden, desk: &Desk, subject: Subject) {
    let no = ItemNo(1);
    let (chen, ben) = (UserId::from("chen"), UserId::from("ben"));
    let posted = |desk: &Desk, what: Touched| {
        let about = About::ItemTouched { item: no, by: ben.clone(), at: desk.now, what };
        let to = Recipient::User(chen.clone());
        let post = Post { id: PostId(1), to, about, since: desk.now, keep_until: desk.now, message: None };
        let told = views::post::post(&post, &desk.world, &desk.directory, desk.store).expect("it has something to say");
        message(&told, Some(subject))
    };
    let mut desk = desk.copy();
    let due = desk.world.items[&no].due;
    golden.say("an item: moved by somebody else", &posted(&desk, Touched::Moved { due }));
    golden.say("an item: done by somebody else, and open again", &posted(&desk, Touched::Done));
    golden.say("an item: opened again by somebody else", &posted(&desk, Touched::Reopened));
    golden.say("an item: given away, and back", &posted(&desk, Touched::Given { to: "ana".into() }));
    let answer = |desk: &Desk, before: &str| {
        views::items::told(&desk.world.items[&no], Some(&before.into()), &ben, &desk.directory, "/pager")
    };
    golden.say("an item: who moved it reads", &answer(&desk, "chen"));
    golden.say("an item: who gave it away reads", &answer(&desk, "ana"));
    golden.say("an item: who gave their own away reads", &answer(&desk, "ben"));
    desk.item_done("ben", 1, "merged as <!here> PR 12");
    golden.say("an item: done by somebody else", &posted(&desk, Touched::Done));
    golden.say("an item: who called it done reads", &answer(&desk, "chen"));
    let owes = About::Owes { user: chen.clone(), at: desk.now, rcas: Vec::new(), items: vec![no, ItemNo(2)] };
    let to = Recipient::User(chen.clone());
    let post = Post { id: PostId(1), to, about: owes, since: desk.now, keep_until: desk.now, message: None };
    let told = views::post::post(&post, &desk.world, &desk.directory, desk.store).expect("it has something to say");
    golden.say("an item: done, on the list", &message(&told, Some(subject)));
}
