//! Every view in every state, as a person reads it. The states come from the real domain: events and deeds go in,
//! `handle` and `apply` do the rest.
//!
//! The goldens are in `tests/goldens`. Read them as somebody woken at three in the morning would. After a change of
//! words: `INSTA_UPDATE=always cargo test --test views_golden`, then read the difference.
//!
//! Whatever is rendered passes Slack's limits, and every button's id and value parse back.

#[allow(dead_code)] // the simulation's company; its Slack is not needed here
#[path = "sim/company.rs"]
mod company;
#[path = "goldens/desk.rs"]
mod desk;
#[path = "goldens/draw.rs"]
mod draw;

use desk::{DAY, Desk, HOUR, MINUTE, NIGHT};
use draw::{Golden, message, view};
use warridor::config::{Means, SystemEnv, load};
use warridor::domain::call::{Asked, SkipReason, Skipped};
use warridor::domain::directory::Target;
use warridor::domain::fact::{LateAct, ResolvedBy};
use warridor::domain::id::{IncidentNo, OverrideId, ScheduleId};
use warridor::domain::incident::{Entry, Happening, Incident};
use warridor::domain::input::{Deed, EventAction};
use warridor::domain::page::{PageFailure, Purpose, Recipient};
use warridor::domain::refusal::Refusal;
use warridor::domain::response::snooze_choices;
use warridor::domain::schedule::{Override, now_and_next};
use warridor::domain::stamp::At;
use warridor::views;
use warridor::views::action_id::Subject;
use warridor::views::oncall::Watch;

/// How an incident gets into a state, and what that state is called.
fn states() -> Vec<(&'static str, Desk)> {
    let paged = || {
        let mut desk = Desk::at(NIGHT);
        desk.alert("payments", EventAction::Trigger);
        desk.deliver();
        desk
    };
    let after = |from: &dyn Fn() -> Desk, what: &dyn Fn(&mut Desk)| {
        let mut desk = from();
        what(&mut desk);
        desk.deliver();
        desk
    };
    let anas = || after(&paged, &|d| d.act("ana", Deed::Acknowledge));
    let escalated = || after(&anas, &|d| d.act("ana", Deed::Escalate));
    let snoozed = || after(&anas, &|d| d.act("ana", Deed::Snooze { until: d.now.plus_ms(6 * HOUR - 2 * MINUTE) }));
    let asked = || after(&anas, &|d| d.advance(30 * MINUTE));
    let exhausted = || after(&paged, &|d| d.advance(20 * MINUTE));
    let low = || {
        let mut desk = Desk::at(NIGHT);
        desk.alert("reports", EventAction::Trigger);
        desk
    };
    let resolved = || after(&anas, &|d| d.act("ana", Deed::Resolve { note: Some("restarted the pod".to_owned()) }));
    vec![
        ("triggered: just now, the page is on its way", {
            let mut desk = Desk::at(NIGHT);
            desk.alert("payments", EventAction::Trigger);
            desk
        }),
        ("triggered: level 1, paged", paged()),
        (
            "triggered: the monitor said it again and again",
            after(&paged, &|d| (0..11).for_each(|_| d.alert("payments", EventAction::Trigger))),
        ),
        ("triggered: level 2 after five minutes", after(&paged, &|d| d.advance(5 * MINUTE))),
        ("triggered: level 2, because Chen pressed Escalate", after(&paged, &|d| d.act("chen", Deed::Escalate))),
        ("triggered: level 2 for the last time", after(&paged, &|d| d.advance(15 * MINUTE))),
        ("triggered: nobody answered", exhausted()),
        ("triggered: nobody answered, told again", after(&exhausted, &|d| d.advance(5 * MINUTE))),
        ("triggered: nobody could be asked", {
            let mut desk = Desk::at(NIGHT);
            desk.alert("orphan", EventAction::Trigger);
            desk.deliver();
            desk
        }),
        ("triggered: low urgency", low()),
        ("triggered: low urgency, escalated by hand", after(&low, &|d| d.act("ana", Deed::Escalate))),
        ("triggered: the snooze is over", after(&snoozed, &|d| d.advance(6 * HOUR))),
        ("triggered: acknowledged, then nothing for too long", after(&asked, &|d| d.advance(5 * MINUTE))),
        ("triggered: a body nobody could read", {
            let mut desk = Desk::at(NIGHT);
            desk.unreadable("payments");
            desk.deliver();
            desk
        }),
        ("triggered: no title", {
            let mut desk = Desk::at(NIGHT);
            desk.titled("payments", "", "", &[]);
            desk
        }),
        ("triggered: a hostile title", {
            let mut desk = Desk::at(NIGHT);
            let title = "<!channel> *pay* `rm` <https://evil.example|your bank> \u{202e}gnp & _more_";
            desk.titled("payments", title, "javascript:alert(1)", &[("<@U0ANA>", "*bold*"), ("x", "&lt;")]);
            desk
        }),
        ("triggered: everything too long", {
            let mut desk = Desk::at(NIGHT);
            let long = "long words that never end ".repeat(40);
            let labels: Vec<(&str, &str)> = (0..9).map(|_| ("label", long.as_str())).collect();
            desk.titled("payments", &long, &format!("https://x.example/{}", "y".repeat(3_000)), &labels);
            desk
        }),
        ("acknowledged: by Ana, who was paged", anas()),
        ("acknowledged: by Chen, who was not", after(&paged, &|d| d.act("chen", Deed::Acknowledge))),
        ("acknowledged: Ana asked for the next level", escalated()),
        ("acknowledged: Ben came too", after(&escalated, &|d| d.act("ben", Deed::Acknowledge))),
        ("acknowledged: the next level did not answer", after(&escalated, &|d| d.advance(5 * MINUTE))),
        ("acknowledged: still on it?", asked()),
        ("acknowledged: still on it, yes", after(&asked, &|d| d.act("ana", Deed::Acknowledge))),
        ("acknowledged: at the monitor's side", after(&paged, &|d| d.alert("payments", EventAction::Acknowledge))),
        ("acknowledged: low urgency", after(&low, &|d| d.act("ana", Deed::Acknowledge))),
        ("snoozed: by Ana", snoozed()),
        ("snoozed: low urgency", after(&low, &|d| d.act("ana", Deed::Snooze { until: d.now.plus_ms(HOUR) }))),
        ("acknowledged: the snooze was ended by hand", after(&snoozed, &|d| d.act("ana", Deed::EndSnooze))),
        ("resolved: by Ana, the monitor still fires", resolved()),
        ("resolved: by Ana, then cleared", after(&resolved, &|d| d.alert("payments", EventAction::Resolve))),
        ("resolved: by the monitor while paging", after(&paged, &|d| d.alert("payments", EventAction::Resolve))),
        ("resolved: by the monitor while Ana had it", after(&anas, &|d| d.alert("payments", EventAction::Resolve))),
        ("acknowledged: reopened by Ben", after(&resolved, &|d| d.act("ben", Deed::Reopen))),
    ]
}

fn first(desk: &Desk) -> Incident {
    desk.incident(IncidentNo(1))
}

#[test]
fn cards() {
    let mut golden = Golden::new("card");
    for (name, desk) in states() {
        let i = first(&desk);
        golden.say(name, &message(&views::card::card(&i, &desk.directory, desk.store), desk.subject(&i)));
    }
    golden.compare();
}

#[test]
fn direct_messages() {
    let mut golden = Golden::new("dm");
    let mut purposes = Vec::new();
    for (name, desk) in states() {
        let i = first(&desk);
        for p in &i.pages {
            purposes.push(p.purpose);
            let to = match &p.to {
                Recipient::User(u) => desk.directory.name_of(u).to_owned(),
                Recipient::Channel(_) => "the catch-all channel".to_owned(),
            };
            let why = match p.purpose {
                Purpose::Step => "asked by a level",
                Purpose::CatchAll => "the catch-all",
                Purpose::StillOnIt => "still on it?",
            };
            let dm = views::page::page(&i, p, &desk.directory, desk.store);
            golden.say(&format!("{name} — to {to} ({why})"), &message(&dm, desk.subject(&i)));
        }
    }
    for purpose in [Purpose::Step, Purpose::CatchAll, Purpose::StillOnIt] {
        assert!(purposes.contains(&purpose), "no state has a page for {purpose:?}");
    }
    golden.compare();
}

/// What there is to say in a thread; a new happening does not compile until it is here.
fn happenings() -> Vec<Happening> {
    fn is_listed(h: &Happening) {
        match h {
            Happening::Opened
            | Happening::Asked { .. }
            | Happening::Exhausted { .. }
            | Happening::NobodyCame { .. }
            | Happening::PageFailed { .. }
            | Happening::Acknowledged { .. }
            | Happening::Joined { .. }
            | Happening::AcknowledgedByEvent
            | Happening::Escalated { .. }
            | Happening::Snoozed { .. }
            | Happening::SnoozeEnded
            | Happening::StillOnItAsked { .. }
            | Happening::AckTimedOut
            | Happening::FiredAgain
            | Happening::Cleared
            | Happening::Resolved { .. }
            | Happening::Reopened { .. }
            | Happening::Noted { .. }
            | Happening::Late { .. }
            | Happening::CardMoved { .. } => {}
        }
    }
    let asked = |level, round, who: &[&str], skipped: &[(Target, SkipReason)]| Happening::Asked {
        level,
        round,
        asked: who.iter().map(|w| Asked { user: (*w).into(), via: None }).collect(),
        skipped: skipped.iter().map(|(t, why)| Skipped { target: t.clone(), why: *why }).collect(),
    };
    let user = |u: &str| Target::User(u.into());
    let skipped = vec![Skipped { target: Target::Schedule("empty".into()), why: SkipReason::NobodyOnCall }];
    let failed = |to: &str, why| Happening::PageFailed { to: Recipient::User(to.into()), why };
    let late = |act| Happening::Late { by: "ben".into(), act };
    let resolved = |by, note: &str| Happening::Resolved { by, note: note.into() };
    let ana = || ResolvedBy::User("ana".into());
    let all = vec![
        Happening::Opened,
        asked(1, 0, &["ana"], &[]),
        asked(2, 0, &["ben", "chen"], &[(Target::Schedule("empty".into()), SkipReason::NobodyOnCall)]),
        asked(1, 1, &["ana"], &[(user("ghost"), SkipReason::Gone), (user("mara"), SkipReason::NoMethod)]),
        asked(3, 0, &["chen"], &[(user("ben"), SkipReason::HasIt)]),
        Happening::Exhausted { times: 1, skipped: Vec::new() },
        Happening::Exhausted { times: 1, skipped },
        Happening::Exhausted { times: 2, skipped: Vec::new() },
        Happening::NobodyCame { skipped: Vec::new() },
        failed("ana", PageFailure::NoMethod),
        failed("ana", PageFailure::Slack("user_disabled".to_owned())),
        failed("ana", PageFailure::TooManyRestarts),
        Happening::PageFailed {
            to: Recipient::Channel("C0ADMIN".into()),
            why: PageFailure::Slack("is_archived".to_owned()),
        },
        Happening::Acknowledged { by: "ana".into() },
        Happening::Joined { by: "ben".into() },
        Happening::AcknowledgedByEvent,
        Happening::Escalated { by: "ana".into() },
        Happening::Snoozed { by: "ana".into(), until: NIGHT.plus_ms(6 * HOUR) },
        Happening::SnoozeEnded,
        Happening::StillOnItAsked { to: "ana".into() },
        Happening::AckTimedOut,
        Happening::FiredAgain,
        Happening::Cleared,
        resolved(ana(), ""),
        resolved(ana(), "restarted the pod; <!here> look at *this*"),
        resolved(ResolvedBy::Monitor, ""),
        Happening::Reopened { by: "ben".into() },
        Happening::Noted { by: "ana".into(), text: "looks like <the> database".into() },
        late(LateAct::AcknowledgeAfterAcknowledge),
        late(LateAct::AcknowledgeAfterResolve),
        late(LateAct::ResolveAfterResolve),
        Happening::CardMoved { to: "C0ADMIN".into(), why: PageFailure::Slack("is_archived".to_owned()) },
    ];
    all.iter().for_each(is_listed);
    all
}

#[test]
fn thread_lines() {
    let desk = Desk::at(NIGHT);
    let mut golden = Golden::new("thread");
    let entries: Vec<Entry> =
        (1..).zip(happenings()).map(|(n, what)| Entry { n, wall: NIGHT.plus_ms(MINUTE), what }).collect();
    let line = |e: &Entry| draw::words(&views::thread::line(e, &desk.directory));
    let (thread, other): (Vec<_>, Vec<_>) = entries.iter().partition(|e| e.what.is_shown_in_thread());
    golden.say("shown in the thread", &thread.into_iter().map(line).collect::<Vec<_>>().join("\n"));
    golden.say("shown by `show` only", &other.into_iter().map(line).collect::<Vec<_>>().join("\n"));
    let (many, upto) = views::thread::thread(entries.iter(), &desk.directory).expect("entries are pending");
    assert_eq!(upto, entries.len() as u64, "a message covers what it counts");
    golden.say("more than one message holds", &message(&many, None));
    golden.compare();
}

/// What can be refused; a new refusal does not compile until it is here.
fn refusals() -> Vec<Refusal> {
    fn is_listed(r: &Refusal) {
        match r {
            Refusal::NoSuchIncident(_)
            | Refusal::NoSuchService(_)
            | Refusal::NoSuchSchedule(_)
            | Refusal::NoSuchUser(_)
            | Refusal::AlreadyYours { .. }
            | Refusal::IsResolved { .. }
            | Refusal::IsSnoozed { .. }
            | Refusal::IsNotSnoozed { .. }
            | Refusal::IsNotResolved { .. }
            | Refusal::NewerIncident { .. }
            | Refusal::NobodyAbove { .. }
            | Refusal::SnoozeInThePast { .. }
            | Refusal::SnoozeTooLong { .. }
            | Refusal::EmptyNote
            | Refusal::OverrideEndsBeforeItStarts
            | Refusal::OverrideInThePast { .. } => {}
        }
    }
    let incident = IncidentNo(12);
    let all = vec![
        Refusal::NoSuchIncident(incident),
        Refusal::NoSuchService("payments".into()),
        Refusal::NoSuchSchedule("primary".into()),
        Refusal::NoSuchUser("zoe".into()),
        Refusal::AlreadyYours { incident },
        Refusal::IsResolved { incident, by: ResolvedBy::User("ben".into()), since: NIGHT },
        Refusal::IsResolved { incident, by: ResolvedBy::Monitor, since: NIGHT },
        Refusal::IsSnoozed { incident, by: "ben".into(), until: NIGHT.plus_ms(HOUR) },
        Refusal::IsNotSnoozed { incident },
        Refusal::IsNotResolved { incident },
        Refusal::NewerIncident { incident, newer: IncidentNo(14) },
        Refusal::NobodyAbove { incident, asked: vec!["ben".into(), "mara".into()] },
        Refusal::NobodyAbove { incident, asked: Vec::new() },
        Refusal::SnoozeInThePast { until: NIGHT },
        Refusal::SnoozeTooLong { until: NIGHT.plus_ms(8 * DAY), latest: NIGHT.plus_ms(7 * DAY) },
        Refusal::EmptyNote,
        Refusal::OverrideEndsBeforeItStarts,
        Refusal::OverrideInThePast { until: NIGHT },
    ];
    all.iter().for_each(is_listed);
    all
}

#[test]
fn refusals_say_what_to_do_instead() {
    let desk = Desk::at(NIGHT);
    let mut golden = Golden::new("refusal");
    for r in refusals() {
        let name = format!("{r:?}");
        let name = name.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
        golden.say(&name, &draw::words(&views::refusal::refusal(&r, &desk.directory)));
    }
    golden.compare();
}

#[test]
fn replies() {
    let mut golden = Golden::new("reply");
    let mut said = |name: &str, prepare: &[(&str, Deed)], by: &str, deed: Deed| {
        let mut desk = Desk::at(NIGHT);
        desk.alert("payments", EventAction::Trigger);
        desk.deliver();
        for (who, deed) in prepare {
            desk.act(who, deed.clone());
            desk.deliver();
        }
        desk.pass(MINUTE);
        let facts = desk.try_act(by, deed);
        let words = match facts {
            Ok(facts) => views::reply::act(&facts, &first(&desk), &desk.directory),
            Err(refusal) => views::refusal::refusal(&refusal, &desk.directory),
        };
        golden.say(name, &draw::words(&words));
    };
    let ana = |deed| [("ana", deed)];
    let ack = || Deed::Acknowledge;
    let resolve = || Deed::Resolve { note: None };
    let snooze = || Deed::Snooze { until: NIGHT.plus_ms(6 * HOUR) };
    said("Ana, who is paged, acknowledges", &[], "ana", ack());
    said("Chen, who is not, acknowledges", &[], "chen", ack());
    said("Ben, who would be next, acknowledges", &[], "ben", ack());
    said("Ana acknowledges twice", &ana(ack()), "ana", ack());
    said("Ben acknowledges what Ana has", &ana(ack()), "ben", ack());
    said("Ben answers Ana's call", &[("ana", ack()), ("ana", Deed::Escalate)], "ben", ack());
    said("Ana escalates while she is paged", &[], "ana", Deed::Escalate);
    said("Ana escalates what she has", &ana(ack()), "ana", Deed::Escalate);
    said("Ana escalates again", &[("ana", ack()), ("ana", Deed::Escalate)], "ana", Deed::Escalate);
    said("Ana snoozes", &ana(ack()), "ana", snooze());
    said("Ben acknowledges what Ana snoozed", &ana(snooze()), "ben", ack());
    said("Ben escalates what Ana snoozed", &ana(snooze()), "ben", Deed::Escalate);
    said("Ana ends her snooze", &ana(snooze()), "ana", Deed::EndSnooze);
    said("Ben ends Ana's snooze", &ana(snooze()), "ben", Deed::EndSnooze);
    said("Ana ends a snooze that is none", &ana(ack()), "ana", Deed::EndSnooze);
    said("Ana resolves", &ana(ack()), "ana", resolve());
    said("Ben resolves what Ana has", &ana(ack()), "ben", resolve());
    said("Ben resolves what Ana resolved", &ana(resolve()), "ben", resolve());
    said("Ben acknowledges what Ana resolved", &ana(resolve()), "ben", ack());
    said("Ben snoozes what Ana resolved", &ana(resolve()), "ben", snooze());
    said("Ben reopens what Ana resolved", &ana(resolve()), "ben", Deed::Reopen);
    said("Ben reopens what is open", &ana(ack()), "ben", Deed::Reopen);
    said("Ana notes something", &ana(ack()), "ana", Deed::Note { text: "it is the database".to_owned() });
    said("Ana notes nothing", &ana(ack()), "ana", Deed::Note { text: "  ".to_owned() });
    golden.say("a card of another installation", &views::reply::from_another_store());
    golden.say("somebody unknown", &views::reply::unknown_person());
    golden.say("the disk is full", &views::reply::not_saved());
    golden.say("too much waits", &views::reply::busy());
    golden.compare();
}

#[test]
fn lists() {
    let mut golden = Golden::new("list");
    let desk = Desk::at(NIGHT);
    let mut list = |name: &str, desk: &Desk| {
        let open: Vec<_> = desk.world.open_incidents().map(|i| &**i).collect();
        golden.say(name, &message(&views::list::list(&open, &desk.directory), None));
    };
    list("nothing", &desk);
    for (name, desk) in states().iter().filter(|(name, _)| name.starts_with("snoozed")) {
        list(name, desk);
    }
    let mut desk = Desk::at(NIGHT);
    for n in 0..25 {
        desk.titled("payments", &format!("Disk {n} is filling up"), "https://grafana.example/d/1", &[]);
    }
    list("many", &desk);
    golden.compare();
}

#[test]
fn show_one() {
    let mut golden = Golden::new("show");
    for (name, desk) in states() {
        let i = first(&desk);
        golden.say(name, &message(&views::list::show(&i, &desk.directory, desk.store), desk.subject(&i)));
    }
    golden.compare();
}

#[test]
fn help() {
    let mut golden = Golden::new("help");
    golden.say("help", &message(&views::list::help("/pager"), None));
    for text in ["frobnicate", "ack", "ack foo", "resolve", "note 12", "show 1 2", "`<!channel>`"] {
        let Err(e) = warridor::slack::command::parse(Means::Pager, "/pager", text) else {
            panic!("{text} is understood")
        };
        let said = views::list::not_understood("/pager", text, &e.mend);
        golden.say(&format!("/pager {text}"), &message(&said, None));
    }
    golden.compare();
}

#[test]
fn notices() {
    let mut golden = Golden::new("notice");
    let mut desk = Desk::at(NIGHT);
    desk.titled("payments", "<!channel> Disk is filling up", "", &[]);
    let i = first(&desk);
    let inactive = PageFailure::Slack("account_inactive".to_owned());
    let nowhere = PageFailure::Slack("is_archived".to_owned());
    let said = |to, why| views::notice::page_failed(&i, &to, why, &desk.directory);
    golden.say("a person", &said(Recipient::User("ana".into()), &inactive));
    golden.say("a person without a method", &said(Recipient::User("ben".into()), &PageFailure::NoMethod));
    golden.say("a channel", &said(Recipient::Channel("C1".into()), &nowhere));
    golden.say("in doubt", views::notice::SENT_AGAIN);
    golden.compare();
}

#[test]
fn on_call() {
    let mut golden = Golden::new("oncall");
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let mut directory = load(&path, &SystemEnv).expect("the shipped configuration").directory;
    for name in ["Night & day", "Nobody's"] {
        let mut more = directory.schedules[&ScheduleId::from("platform-days")].clone();
        (more.id, more.name, more.team) = (name.into(), name.to_owned(), None);
        if name == "Nobody's" {
            more.layers.clear();
        }
        directory.schedules.insert(more.id.clone(), more);
    }
    let stand_in = Override {
        id: OverrideId(1),
        schedule: "payments-primary".into(),
        user: "divya".into(),
        from: NIGHT,
        until: At(NIGHT.0 + 6 * HOUR),
        by: "ben".into(),
    };
    let watch = |schedule| {
        let (now, next) = now_and_next(schedule, &[&stand_in], NIGHT);
        Watch { schedule, now, next }
    };
    let watches: Vec<Watch<'_>> = directory.schedules.values().map(watch).collect();
    for asked in [None, Some("payments"), Some("SEARCH"), Some("`<!channel>`")] {
        let said = views::oncall::oncall(asked, &watches, &directory);
        golden.say(&format!("/oncall {}", asked.unwrap_or_default()), &message(&said, None));
    }
    golden.say("nothing is configured", &message(&views::oncall::oncall(None, &[], &directory), None));
    golden.say("help", &message(&views::oncall::help("/oncall"), None));
    golden.compare();
}

#[test]
fn snooze_modal() {
    let mut golden = Golden::new("snooze_modal");
    for (name, now) in [
        ("at 03:02, the coming 9:00 is today's", NIGHT),
        ("at 08:30", NIGHT.plus_ms(5 * HOUR + 28 * MINUTE)),
        ("at 09:00 sharp", NIGHT.plus_ms(5 * HOUR + 58 * MINUTE)),
        ("at 23:30", NIGHT.plus_ms(20 * HOUR + 28 * MINUTE)),
    ] {
        let mut desk = Desk::at(now);
        desk.alert("payments", EventAction::Trigger);
        let i = first(&desk);
        let subject = Subject { store: desk.store, incident: i.no };
        let choices = snooze_choices(now, chrono_tz::Europe::Lisbon);
        golden.say(name, &view(&views::modal::snooze(&i, &choices, subject), subject));
    }
    golden.compare();
}
