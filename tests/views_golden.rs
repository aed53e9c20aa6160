//! Every view in every state, as a person reads it. The states come from the real domain: events and deeds go in,
//! `handle` and `apply` do the rest.
//!
//! The goldens are in `tests/goldens`. Read them as somebody woken at three in the morning would. After a change of
//! words: `INSTA_UPDATE=always cargo test --test views_golden`, then read the difference.
//!
//! Whatever is rendered passes Slack's limits, and every button's id and value parse back.

#[path = "goldens/by_hand.rs"]
mod by_hand;
#[allow(dead_code)] // the simulation's company; its Slack is not needed here
#[path = "sim/company.rs"]
mod company;
#[path = "goldens/desk.rs"]
mod desk;
#[path = "goldens/draft.rs"]
mod draft;
#[path = "goldens/draw.rs"]
mod draw;
#[path = "goldens/page.rs"]
mod page;
#[path = "goldens/prepare.rs"]
mod prepare;
#[path = "goldens/rca.rs"]
mod rca;
#[path = "goldens/triage.rs"]
mod triage;

use desk::{DAY, Desk, HOUR, MINUTE, NIGHT};
use draw::{Golden, message, view};
use warridor::command::Whose;
use warridor::command::{self, Line, Speaker, Topic};
use warridor::config::playbook::of_text;
use warridor::config::{Means, SystemEnv, load};
use warridor::domain::call::{Asked, SkipReason, Skipped, Whom};
use warridor::domain::course::Had;
use warridor::domain::directory::{Directory, Target, Urgency};
use warridor::domain::duty::{Also, coming, duties, out_of_hearing};
use warridor::domain::fact::{Fact, LateAct, ResolvedBy};
use warridor::domain::gaps;
use warridor::domain::going_on::Scope;
use warridor::domain::handoff::{NOTE_CHARS, NOTES_MAX, WORDS_CHARS};
use warridor::domain::heartbeat::Heartbeat;
use warridor::domain::hold::{HeldThen, HoldWhy, TriggeredBy};
use warridor::domain::id::{
    HandoffNo, HeartbeatId, IncidentNo, ItemNo, MessageRef, MisconfiguredNo, OverrideId, PageId, QuietId, ScheduleId,
    ServiceId, StoreId, TeamId, UserId,
};
use warridor::domain::incident::{Entry, Happening, Incident};
use warridor::domain::input::{Deed, EventAction, OverrideRequest, Settled, SkipWhy, SnoozeWhy};
use warridor::domain::item;
use warridor::domain::misconfigured::listed;
use warridor::domain::page::{PageFailure, Purpose, Recipient, SyncKey};
use warridor::domain::people::{Newcomer, Standing};
use warridor::domain::playbook;
use warridor::domain::quiet::{Covered, Kind, Matcher, Within};
use warridor::domain::quote::{QUOTES_MAX, Quote, Quoted};
use warridor::domain::rca::{Missing, Part};
use warridor::domain::refusal::{NotElsewhere, Refusal};
use warridor::domain::routing::RuleRef;
use warridor::domain::run::Move;
use warridor::domain::schedule::{self, FixedShift, Gap, Member, Override, Schedule, now_and_next, shifts};
use warridor::domain::snooze;
use warridor::domain::stamp::{At, Stamp};
use warridor::domain::threshold::Threshold;
use warridor::domain::triage::{Affected, Answer, Trend};
use warridor::domain::urgency::RaisedBy;
use warridor::views;
use warridor::views::action_id::{Origin, Subject};
use warridor::views::bundle::Earlier;
use warridor::views::home::Me;
use warridor::views::items::Listing;
use warridor::views::modal::{Askable, RaiseDraft};
use warridor::views::oncall::{Untold, Watch};
use warridor::views::quiet::Reader;

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
    let snoozed = || after(&anas, &|d| d.act("ana", Deed::snooze(d.now.plus_ms(6 * HOUR - 2 * MINUTE))));
    let asked = || after(&anas, &|d| d.advance(30 * MINUTE));
    let exhausted = || after(&paged, &|d| d.advance(20 * MINUTE));
    let low = || {
        let mut desk = Desk::at(NIGHT);
        desk.alert("reports", EventAction::Trigger);
        desk
    };
    let shop = || {
        let mut desk = Desk::at(NIGHT);
        desk.alert("shop", EventAction::Trigger);
        desk
    };
    let vaults = || {
        let mut desk = Desk::at(NIGHT);
        desk.alert("vault", EventAction::Trigger);
        desk.deliver();
        desk.act("ana", Deed::Acknowledge);
        desk
    };
    let cluster = || {
        let mut desk = Desk::at(NIGHT);
        for title in ["node-1 is down", "<!channel> node-2 is down", "", "node-4 is *down*"] {
            desk.titled("nodes", title, "", &[("cluster", "east"), ("severity", "critical")]);
            desk.deliver();
        }
        desk.event("nodes", EventAction::Resolve, "key-5", "", "", &[]);
        desk
    };
    let ask = |who: &str| Deed::AddResponders { whom: vec![Whom::User(who.into())] };
    let asked_chen = || after(&anas, &|d| d.act("ana", ask("chen")));
    let reassigned = || after(&anas, &|d| d.act("ana", Deed::Reassign { to: "ben".into() }));
    let started = || after(&anas, &|d| d.act("ana", Deed::Start));
    let two = || {
        after(&anas, &|d| {
            d.titled("search", "Search is slow", "", &[("region", "us-east-1")]);
            d.deliver();
        })
    };
    // What Chen had reported by hand became part of it.
    let with_a_report = |from: &dyn Fn() -> Desk| {
        after(from, &|d| {
            d.raise("chen", "payments", "Nobody can pay", None);
            d.act_on(2, "chen", Deed::MergeInto { into: IncidentNo(1) });
            d.alert("payments", EventAction::Resolve);
        })
    };
    let cleared = || after(&anas, &|d| d.alert("payments", EventAction::Resolve));
    let flaps = |d: &mut Desk| {
        for _ in 0..2 {
            d.alert("payments", EventAction::Resolve);
            d.alert("payments", EventAction::Trigger);
            d.deliver();
        }
    };
    let merged = || after(&two, &|d| d.act("ana", Deed::MergeInto { into: IncidentNo(2) }));
    let waiting = |d: &mut Desk| {
        let (why, because) = (Some(SnoozeWhy::WaitingOn), "the vendor <!here>".to_owned());
        d.act("ana", Deed::Snooze { until: d.now.plus_ms(2 * HOUR), why, because });
    };
    let services = || Covered::Services(vec!["payments".into()]);
    let outlasted = || after(&snoozed, &|d| d.quiet("ben", services(), HOUR, 8 * HOUR, "deploy"));
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
        ("triggered: cleared, and Chen reported it too", with_a_report(&paged)),
        ("acknowledged: cleared, and Chen reported it too", with_a_report(&anas)),
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
        ("snoozed: low urgency", after(&low, &|d| d.act("ana", Deed::snooze(d.now.plus_ms(HOUR))))),
        ("acknowledged: the snooze was ended by hand", after(&snoozed, &|d| d.act("ana", Deed::EndSnooze))),
        ("resolved: by Ana, the monitor still fires", resolved()),
        ("resolved: by Ana, then cleared", after(&resolved, &|d| d.alert("payments", EventAction::Resolve))),
        ("resolved: by the monitor while paging", after(&paged, &|d| d.alert("payments", EventAction::Resolve))),
        ("acknowledged: cleared, still Ana's", cleared()),
        ("acknowledged: cleared, and Ana wrote a note later", {
            after(&cleared, &|d| {
                d.advance(5 * MINUTE);
                d.act("ana", Deed::Note { text: "looking why".to_owned() });
            })
        }),
        ("resolved: by itself, Ana had it", after(&cleared, &|d| d.advance(15 * MINUTE))),
        ("acknowledged: it is back, and Ana has it", {
            after(&cleared, &|d| {
                d.advance(20 * MINUTE);
                d.alert("payments", EventAction::Trigger);
            })
        }),
        ("triggered: it is back, and paging goes on at level 2", {
            after(&paged, &|d| {
                d.advance(5 * MINUTE);
                d.alert("payments", EventAction::Resolve);
                d.alert("payments", EventAction::Trigger);
            })
        }),
        ("snoozed: cleared", after(&snoozed, &|d| d.alert("payments", EventAction::Resolve))),
        ("triggered: resolved by Ana, and not cleared since", after(&resolved, &|d| d.advance(30 * MINUTE))),
        ("resolved: by Ana, who wants no page again", after(&resolved, &|d| d.act("ana", Deed::DeclinePageAgain))),
        ("triggered: flapping", after(&paged, &flaps)),
        ("triggered: flapping, and cleared", {
            after(&paged, &|d| {
                flaps(d);
                d.alert("payments", EventAction::Resolve);
            })
        }),
        ("acknowledged: flapping, and cleared", {
            after(&anas, &|d| {
                flaps(d);
                d.alert("payments", EventAction::Resolve);
            })
        }),
        ("triggered: waiting for more of its kind", {
            let mut desk = Desk::at(NIGHT);
            desk.alert("probes", EventAction::Trigger);
            desk.alert("probes", EventAction::Trigger);
            desk
        }),
        ("triggered: may clear by itself, and waits for more of its kind then", {
            let mut desk = Desk::at(NIGHT);
            desk.alert("sparks", EventAction::Trigger);
            desk
        }),
        ("triggered: four alerts of one cluster", cluster()),
        ("triggered: an alert without the label that puts alerts together", {
            let mut desk = Desk::at(NIGHT);
            desk.titled("nodes", "Something is down", "", &[]);
            desk.deliver();
            desk
        }),
        ("triggered: sent here by a rule", {
            let mut desk = Desk::at(NIGHT);
            desk.titled("mixed", "The index is behind", "", &[("severity", "search")]);
            desk.deliver();
            desk
        }),
        ("triggered: opened by Chen, by hand", {
            let mut desk = Desk::at(NIGHT);
            desk.raise("chen", "payments", "Nobody can pay with <!channel> PayPal", None);
            desk.deliver();
            desk
        }),
        ("triggered: low urgency, opened by Chen", {
            let mut desk = Desk::at(NIGHT);
            desk.raise("chen", "payments", "The logo is gone", Some(Urgency::Low));
            desk
        }),
        ("triggered: Chen asked for by name, while Ana is paged", after(&paged, &|d| d.act("ben", ask("chen")))),
        ("triggered: Mara made it high", after(&low, &|d| d.act("mara", Deed::SetUrgency { to: Urgency::High }))),
        ("triggered: Mara made it low", after(&paged, &|d| d.act("mara", Deed::SetUrgency { to: Urgency::Low }))),
        ("triggered: Ana sleeps, so level 2 is paged with her", {
            let mut desk = Desk::at(NIGHT);
            desk.sleeps("ana");
            desk.alert("payments", EventAction::Trigger);
            desk.deliver();
            desk
        }),
        (
            "acknowledged: Ana asked for Chen, who sleeps",
            after(&anas, &|d| {
                d.sleeps("chen");
                d.act("ana", ask("chen"));
            }),
        ),
        ("acknowledged: Ana is on it", started()),
        ("acknowledged: Ana mitigated it", after(&started, &|d| d.act("ana", Deed::Mitigate))),
        ("acknowledged: Ana asked for Chen", asked_chen()),
        ("acknowledged: Chen came", after(&asked_chen, &|d| d.act("chen", Deed::Acknowledge))),
        ("acknowledged: Chen did not come", after(&asked_chen, &|d| d.advance(16 * MINUTE))),
        ("acknowledged: Ana wants Ben to take it", reassigned()),
        ("acknowledged: Ben took it", after(&reassigned, &|d| d.act("ben", Deed::Acknowledge))),
        ("acknowledged: Ben did not take it", after(&reassigned, &|d| d.advance(16 * MINUTE))),
        (
            "acknowledged: low urgency, made high by Mara",
            after(&low, &|d| {
                d.act("ana", Deed::Acknowledge);
                d.act("mara", Deed::SetUrgency { to: Urgency::High });
            }),
        ),
        (
            "acknowledged: with another merged into it",
            after(&two, &|d| {
                d.act_on(2, "chen", Deed::MergeInto { into: IncidentNo(1) });
            }),
        ),
        ("triggered: low urgency outside support hours", shop()),
        (
            "triggered: support hours began",
            after(&shop, &|d| {
                d.advance(6 * HOUR);
                d.deliver();
            }),
        ),
        (
            "acknowledged: the time to start is nearly over",
            after(&vaults, &|d| {
                d.advance(12 * MINUTE);
                d.deliver();
            }),
        ),
        ("acknowledged: nobody started in time", after(&vaults, &|d| d.advance(15 * MINUTE))),
        ("snoozed: waiting for somebody", after(&anas, &waiting)),
        ("snoozed: a window outlasts it", after(&outlasted, &|_| {})),
        ("triggered: the snooze is over, in a window", after(&outlasted, &|d| d.advance(6 * HOUR))),
        (
            "acknowledged: still on it? A window holds it back if not",
            after(&anas, &|d| {
                d.quiet("ben", services(), 20 * MINUTE, 2 * HOUR, "deploy");
                d.advance(30 * MINUTE);
            }),
        ),
        (
            "triggered: in a window, and Chen escalated all the same",
            after(&paged, &|d| {
                d.quiet("ben", services(), 0, HOUR, "deploy");
                d.act("chen", Deed::Escalate);
            }),
        ),
        (
            "triggered: silenced, and Ben asked for Chen all the same",
            after(&paged, &|d| {
                let matchers = vec![Matcher::parse("alertname=PaymentErrors").expect("a matcher")];
                let labels = Covered::Labels { within: Within::Service("payments".into()), matchers };
                d.quiet("mara", labels, 0, HOUR, "known");
                d.act("ben", ask("chen"));
            }),
        ),
        ("triggered: in a window from the beginning, and Chen escalated all the same", {
            let mut desk = Desk::at(NIGHT);
            desk.quiet("ben", services(), 0, HOUR, "deploy");
            desk.alert("payments", EventAction::Trigger);
            desk.act("chen", Deed::Escalate);
            desk.deliver();
            desk
        }),
        (
            "triggered: nobody answered, and then a window",
            after(&exhausted, &|d| d.quiet("ben", services(), 0, HOUR, "deploy")),
        ),
        ("resolved: nothing had to be done", after(&paged, &|d| d.act("ana", Deed::NotActionable))),
        ("resolved: merged into another", merged()),
        ("acknowledged: reopened by Ben", after(&resolved, &|d| d.act("ben", Deed::Reopen))),
    ]
}

/// With what comes next, as the decisions themselves say it.
fn why(desk: &Desk) -> warridor::views::Message {
    let (i, d) = (first(desk), &desk.directory);
    let ahead = warridor::domain::forecast::forecast(&desk.world, d, i.no, desk.world.stamp());
    views::why::why(&i, d, &ahead, &[])
}

fn first(desk: &Desk) -> Incident {
    desk.incident(IncidentNo(1))
}

#[test]
fn cards() {
    let mut golden = Golden::new("card");
    for (name, desk) in states() {
        let i = first(&desk);
        golden.say(
            name,
            &message(&views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store), desk.subject(&i)),
        );
    }
    let (_, mut desk) = states().into_iter().find(|(n, _)| *n == "resolved: by Ana, then cleared").expect("a state");
    desk.pass(40 * MINUTE);
    desk.alert("payments", EventAction::Trigger);
    let i = desk.incident(IncidentNo(2));
    let card = views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store);
    golden.say("triggered: the alert of a resolved one fired again", &message(&card, desk.subject(&i)));
    let mut desk = Desk::at(NIGHT);
    let name = "Search, by the week, at night and at weekends";
    desk.directory.schedules.get_mut(&ScheduleId::from("primary")).expect("a schedule").name = name.to_owned();
    desk.alert("sparks", EventAction::Trigger);
    let i = first(&desk);
    let card = views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store);
    golden
        .say("triggered: nobody was paged so far, and the schedule has a long name", &message(&card, desk.subject(&i)));
    golden.compare();
}

#[test]
fn what_only_informs() {
    let mut golden = Golden::new("fyi");
    let mut desk = Desk::at(NIGHT);
    let info = [("severity", "info")];
    let day = |desk: &Desk| {
        let post = desk.world.posts.values().next_back().expect("a day").clone();
        message(&views::post::post(&post, &desk.world, &desk.directory, desk.store).expect("it says something"), None)
    };
    let here = "C0PAY".into();
    let list = |desk: &Desk, me: &str| {
        message(&views::fyi::list(&desk.world, &desk.directory, Some(&me.into()), Some(&here)), None)
    };
    golden.say("nothing today", &list(&desk, "ana"));
    desk.titled("mixed", "Disk of <db-1> is 81 % full", "", &info);
    golden.say("the first of a day", &day(&desk));
    desk.event("mixed", EventAction::Trigger, "certificate", "*A certificate* ends in 20 days <!here>", "", &info);
    desk.advance(HOUR);
    desk.event("mixed", EventAction::Trigger, "certificate", "*A certificate* ends in 20 days <!here>", "", &info);
    desk.titled("mixed", "", "", &info);
    golden.say("more of it", &day(&desk));
    desk.event("mixed", EventAction::Resolve, "certificate", "", "", &info);
    golden.say("one has cleared", &day(&desk));
    for n in 0..12 {
        desk.titled("mixed", &format!("Backup {n} is late"), "", &info);
    }
    desk.titled("mixed", "traced", "", &[("severity", "debug")]);
    golden.say("more than are named", &day(&desk));
    golden.say("all of today", &list(&desk, "ana"));
    desk.titled("mixed", "traced", "", &[("severity", "debug")]);
    let mixed = desk.directory.services.get_mut(&"mixed".into()).expect("a service");
    mixed.private = true;
    golden.say("of a private service, in a public channel", &day(&desk));
    golden.say("of a private service, asked by a stranger to its team", &list(&desk, "ana"));
    desk.directory.private_channels.insert("C0PAY".into());
    golden.say("of a private service, in its private channel", &day(&desk));
    golden.compare();
}

/// What a channel reads of a bad minute, from its beginning to its end.
#[test]
fn storms() {
    let mut golden = Golden::new("storm");
    let mut desk = Desk::at(NIGHT);
    let tell = |golden: &mut Golden, desk: &Desk, name: &str| {
        let post = desk.world.posts.values().next_back().expect("a storm").clone();
        let post = views::post::post(&post, &desk.world, &desk.directory, desk.store).expect("it says something");
        golden.say(name, &message(&post, None));
    };
    let has_card = |desk: &mut Desk, no: u64| {
        let channel = desk.incident(IncidentNo(no)).channel;
        let message = MessageRef { channel, ts: format!("1772420600.{no:06}").as_str().into() };
        desk.settle(Settled::Created { key: SyncKey::Card(IncidentNo(no)), message });
    };
    for n in 0..20 {
        desk.titled("payments", &format!("Node {n} is down"), "", &[]);
    }
    assert!(desk.world.posts.is_empty(), "twenty are no storm");
    desk.titled("payments", "<!channel> *Nobody* can pay", "https://monitor.example/pay", &[]);
    tell(&mut golden, &desk, "it begins");
    desk.act_on(1, "ana", Deed::Acknowledge);
    desk.act_on(2, "ana", Deed::snooze(NIGHT.plus_ms(2 * HOUR)));
    desk.act_on(3, "ana", Deed::Resolve { note: None });
    desk.act_on(4, "ana", Deed::SetUrgency { to: Urgency::Low });
    for no in 5..=20 {
        has_card(&mut desk, no);
    }
    tell(&mut golden, &desk, "some have their cards, and some are looked after");
    for no in [1, 2, 4] {
        has_card(&mut desk, no);
    }
    tell(&mut golden, &desk, "one card is missing");
    desk.pass(20_000);
    has_card(&mut desk, 21);
    tell(&mut golden, &desk, "all have their cards");
    for no in (1..=21).filter(|no| *no != 3) {
        desk.act_on(no, "ana", Deed::Resolve { note: None });
    }
    tell(&mut golden, &desk, "all are resolved");
    golden.compare();
}

#[test]
fn misconfigured_alerts() {
    let mut golden = Golden::new("misconfigured");
    let mut desk = Desk::at(NIGHT);
    let list = |desk: &Desk, of: Option<&str>, private: usize| {
        let of = of.map(ServiceId::from);
        let all = listed(&desk.world, desk.now);
        let all: Vec<_> = all.into_iter().filter(|m| of.as_ref().is_none_or(|of| m.service == *of)).collect();
        let list =
            views::misconfigured::list(&all, of.as_ref(), private, &desk.world, &desk.directory, desk.store, "/pager");
        message(&list, None)
    };
    golden.say("none", &list(&desk, None, 0));
    golden.say("none that may be read here", &list(&desk, Some("payments"), 2));
    let later = |desk: &Desk, because: &str| Deed::Snooze {
        until: desk.now.plus_ms(HOUR),
        why: Some(SnoozeWhy::NotUrgent),
        because: because.to_owned(),
    };
    desk.alert("payments", EventAction::Trigger);
    desk.act("ana", later(&desk, "*nobody* pays <!here> at night"));
    golden.say("one mark", &list(&desk, None, 0));
    desk.pass(DAY);
    desk.act("ben", Deed::NotActionable);
    desk.titled(
        "search",
        "The <!channel> index is *slow*",
        "",
        &[("alertname", "Index\u{202e}`slow` \"<p99>\" \\o/ & co")],
    );
    desk.act_on(2, "chen", Deed::NotActionable);
    desk.titled("reports", "A report is late", "", &[]);
    desk.act_on(3, "chen", later(&desk, ""));
    golden.say("several, one of which has no name", &list(&desk, None, 1));
    golden.say("of one service", &list(&desk, Some("search"), 0));
    for n in 0..12 {
        let name = format!("Disk{n}{}", "IsFilling".repeat(if n == 11 { 20 } else { 1 }));
        desk.titled("payments", "A disk", "", &[("alertname", &name)]);
        desk.act_on(4 + n, "ana", Deed::NotActionable);
    }
    golden.say("more than are shown", &list(&desk, None, 0));
    golden.say("more of one service than are shown", &list(&desk, Some("payments"), 0));
    let first = &desk.world.misconfigured[&MisconfiguredNo(1)];
    golden.say("mended", &views::misconfigured::mended(first, &desk.directory));
    golden.say("mended before", &views::misconfigured::mended_before(MisconfiguredNo(1)));
    golden.compare();
}

#[test]
fn alerts_that_keep_coming() {
    let mut golden = Golden::new("keeps_coming");
    let mut desk = Desk::at(NIGHT);
    let mut told = String::new();
    for _ in 0..3 {
        desk.alert("payments", EventAction::Trigger);
        let no = desk.world.meta.last_incident.0;
        desk.act_on(no, "ana", Deed::Acknowledge);
        desk.alert("payments", EventAction::Resolve);
        let facts = desk.act_on(no, "ben", Deed::Resolve { note: None });
        told = views::reply::act(&facts, &desk.world.incidents[&IncidentNo(no)], &desk.directory);
        desk.pass(DAY);
    }
    golden.say("whoever resolves it the third time reads", &told);
    let all = listed(&desk.world, desk.now);
    let list = views::misconfigured::list(&all, None, 0, &desk.world, &desk.directory, desk.store, "/pager");
    golden.say("the list", &message(&list, None));
    let open = item::open(&desk.world, |_| true);
    let listed = Listing { all: &open, private: 0, of: None };
    let list = views::items::list(listed, desk.now, &desk.directory, desk.store, "/pager");
    golden.say("items", &message(&list, None));
    let subject = Subject { store: desk.store, incident: IncidentNo(3) };
    let origin = Origin { subject, channel: None, thread: None, more: String::new() };
    let done = views::items::done_window(open[0], &desk.directory, &origin);
    golden.say("a window: it is mended", &view(&done, Some(subject)));
    let due: Vec<_> = snooze::choices(NIGHT, chrono_tz::UTC).into_iter().take(3).collect();
    let change = views::items::change_window(open[0], &due, &desk.directory, &origin);
    golden.say("a window: somebody else, or another day", &view(&change, Some(subject)));
    golden.say("for the lock screen", &views::items::in_short(open[0], &desk.directory));
    golden.compare();
}

#[test]
fn what_must_be_heard_of() {
    let mut golden = Golden::new("heartbeats");
    let mut desk = Desk::at(NIGHT);
    let list = |desk: &Desk, of: Option<&str>| {
        let of = of.map(ServiceId::from);
        let channel = "C0PAY".into();
        let reader = Reader { user: None, channel: Some(&channel) };
        message(&views::heartbeats::list(&desk.world, &desk.directory, of.as_ref(), reader), None)
    };
    golden.say("none", &list(&desk, None));
    let one = |id: &str, name: &str, service: &str, every_secs: i64, watched: bool| {
        let (id, name, service) = (HeartbeatId::from(id), name.to_owned(), service.into());
        let heartbeat =
            Heartbeat { id: id.clone(), name, service, urgency: None, every_secs, grace_secs: 600, watched };
        (id, heartbeat)
    };
    let mut directory = desk.directory.clone();
    directory.heartbeats = [
        one("backup", "Nightly <!channel> *backup*", "payments", 86_400, true),
        one("mirror", "mirror", "search", 3_600, true),
        one("index", "Index", "search", 7_200, true),
        one("keyless", "Keyless", "reports", 60, false),
    ]
    .into();
    desk.configure(directory);
    golden.say("nothing heard yet", &list(&desk, None));
    desk.beat("index");
    desk.advance(70 * MINUTE);
    golden.say("one was never heard, and another one was", &list(&desk, None));
    golden.say("of one service", &list(&desk, Some("search")));
    golden.say("of a service without any", &list(&desk, Some("orphan")));
    desk.advance(55 * MINUTE);
    desk.restart();
    golden.say("one may have been missed", &list(&desk, Some("search")));
    desk.advance(26 * HOUR);
    golden.say("all are silent", &list(&desk, None));
    let cards: Vec<_> = desk.world.open_incidents().map(|i| i.no).collect();
    for no in cards {
        let i = desk.world.incident(no).expect("an incident").clone();
        let card = views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store);
        golden.say(&format!("the card of {}", i.alerts[0].dedup), &message(&card, desk.subject(&i)));
    }
    let search = desk.directory.services.get_mut(&ServiceId::from("search")).expect("a service");
    search.private = true;
    golden.say("some are of a private service", &list(&desk, None));
    let many = (0..25).map(|n| one(&format!("job-{n:02}"), &format!("Job {n}"), "payments", 600, true));
    let mut directory = desk.directory.clone();
    directory.heartbeats = many.collect();
    desk.configure(directory);
    golden.say("more than are shown", &list(&desk, None));
    golden.compare();
}

#[test]
fn lists_of_low_urgency() {
    let mut golden = Golden::new("digest");
    let mut desk = Desk::at(NIGHT);
    let list = |desk: &Desk| {
        let post = desk.world.posts.values().next_back().expect("a list").clone();
        views::post::post(&post, &desk.world, &desk.directory, desk.store).expect("it says something")
    };
    let subject = |desk: &Desk| desk.subject(&first(desk));
    desk.titled("reports", "The <!channel> report is late", "https://reports.example/1", &[]);
    desk.titled("reports", "Disk of reports-2 is 80 % full", "", &[]);
    desk.titled("reports", "A cache is cold", "", &[]);
    desk.act_on(3, "chen", Deed::Acknowledge);
    desk.advance(6 * HOUR);
    golden.say("in the morning, to Chen, who has one of them", &message(&list(&desk), subject(&desk)));
    desk.act_on(2, "chen", Deed::Resolve { note: None });
    desk.act_on(1, "mara", Deed::SetUrgency { to: Urgency::High });
    golden.say("one is over, one is urgent now", &message(&list(&desk), subject(&desk)));
    for no in [1, 3] {
        desk.act_on(no, "chen", Deed::Resolve { note: None });
    }
    golden.say("all are over", &message(&list(&desk), subject(&desk)));
    desk.titled("reports", "Yet another report is late", "", &[]);
    desk.advance(HOUR);
    golden.say("in working hours", &message(&list(&desk), subject(&desk)));
    for n in 0..130 {
        desk.titled("reports", &format!("Report {n} is late, and these words go on {}", "and on ".repeat(20)), "", &[]);
    }
    desk.advance(HOUR);
    golden.say("far too many", &message(&list(&desk), subject(&desk)));
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
                Purpose::Raised => "urgent now",
                Purpose::Back => "it is back",
                Purpose::Begin => "has work begun?",
                Purpose::StepTime => "a step takes long",
                Purpose::Help => "who fixed it before",
                Purpose::Test => "a test",
            };
            let dm = views::page::page(&i, p, &desk.directory, desk.store);
            golden.say(&format!("{name} — to {to} ({why})"), &message(&dm, desk.subject(&i)));
        }
    }
    let all = [Purpose::Step, Purpose::CatchAll, Purpose::StillOnIt, Purpose::Raised, Purpose::Back, Purpose::Begin];
    // A step that takes long: see `runs`.
    for purpose in all {
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
            | Happening::TriggeredQuietly { .. }
            | Happening::FiredAgain
            | Happening::Cleared
            | Happening::Resolved { .. }
            | Happening::Reopened { .. }
            | Happening::Noted { .. }
            | Happening::NotedByGuest { .. }
            | Happening::Quoted(_)
            | Happening::Started { .. }
            | Happening::Mitigated { .. }
            | Happening::RespondersAsked { .. }
            | Happening::ReassignAsked { .. }
            | Happening::Reassigned { .. }
            | Happening::UrgencyChanged { .. }
            | Happening::Listed { .. }
            | Happening::BeginAsked { .. }
            | Happening::SlaMissed
            | Happening::NotActionable { .. }
            | Happening::MergedInto { .. }
            | Happening::Merged { .. }
            | Happening::Late { .. }
            | Happening::Held { .. }
            | Happening::HoldEnded { .. }
            | Happening::ClearedFor { .. }
            | Happening::ClearedBySilence
            | Happening::CameAnew
            | Happening::ResolvedByItself { .. }
            | Happening::CameBack { .. }
            | Happening::NotCleared
            | Happening::PageAgainDeclined { .. }
            | Happening::Flapping
            | Happening::FlappingEnded
            | Happening::CardMoved { .. }
            | Happening::Routed { .. }
            | Happening::CrossedHandoff { .. }
            | Happening::PlaybookBegun { .. }
            | Happening::StepDone { .. }
            | Happening::StepSkipped { .. }
            | Happening::StepChosen { .. }
            | Happening::StepTakenBack { .. }
            | Happening::StepStuck { .. }
            | Happening::StepOverdue { .. }
            | Happening::Triaged { .. }
            | Happening::NotMine { .. }
            | Happening::MajorDeclared { .. }
            | Happening::MajorTakenBack { .. }
            | Happening::WaitsAsItem { .. }
            | Happening::PlaybookEnded { .. }
            | Happening::AlertJoined { .. } => {}
        }
    }
    let asked = |level, round, who: &[&str], skipped: &[(Target, SkipReason)]| Happening::Asked {
        level,
        round,
        asked: who
            .iter()
            .map(|w| Asked { user: (*w).into(), via: None, silent_until: None, slack_away: false })
            .collect(),
        skipped: skipped.iter().map(|(t, why)| Skipped { target: t.clone(), why: *why }).collect(),
        by_name: false,
    };
    let raised = |why| Happening::UrgencyChanged { by: None, to: Urgency::High, stopped: Vec::new(), why: Some(why) };
    let user = |u: &str| Target::User(u.into());
    let skipped = vec![Skipped { target: Target::Schedule("empty".into()), why: SkipReason::NobodyOnCall }];
    let failed = |to: &str, why| Happening::PageFailed { to: Recipient::User(to.into()), why };
    let late = |act| Happening::Late { by: "ben".into(), act };
    let resolved = |by, note: &str| Happening::Resolved { by, note: note.into() };
    let ana = || ResolvedBy::User("ana".into());
    let rule = |name: Option<&str>| RuleRef { number: 3, name: name.map(Into::into), config: 7 };
    let quietly = |by, kind| {
        let then = HeldThen { kind, until: NIGHT.plus_ms(HOUR) };
        Happening::TriggeredQuietly { by, then }
    };
    let three = || HoldWhy::Threshold(Threshold { events: 3, within_secs: 600 });
    let all = vec![
        Happening::Opened,
        asked(1, 0, &["ana"], &[]),
        asked(2, 0, &["ben", "chen"], &[(Target::Schedule("empty".into()), SkipReason::NobodyOnCall)]),
        asked(1, 1, &["ana"], &[(user("ghost"), SkipReason::Gone), (user("mara"), SkipReason::NoMethod)]),
        asked(3, 0, &["chen"], &[(user("ben"), SkipReason::HasIt)]),
        Happening::Exhausted { times: 1, skipped: Vec::new() },
        Happening::Exhausted { times: 1, skipped },
        Happening::Exhausted { times: 2, skipped: Vec::new() },
        Happening::NobodyCame { skipped: Vec::new(), asked: None },
        Happening::NobodyCame { skipped: Vec::new(), asked: Some(Whom::Team("team".into())) },
        Happening::Asked {
            level: 1,
            round: 1,
            asked: vec![Asked { user: "chen".into(), via: None, silent_until: None, slack_away: false }],
            skipped: Vec::new(),
            by_name: true,
        },
        failed("ana", PageFailure::NoMethod),
        failed("ana", PageFailure::Slack("user_disabled".to_owned())),
        failed("ana", PageFailure::TooManyRestarts),
        Happening::PageFailed {
            to: Recipient::Channel("C0ADMIN".into()),
            why: PageFailure::Slack("is_archived".to_owned()),
        },
        Happening::Held { why: HoldWhy::Settling, until: Some(NIGHT.plus_ms(HOUR)), because: "".into() },
        Happening::HoldEnded { why: HoldWhy::Settling },
        Happening::Held { why: three(), until: None, because: "".into() },
        Happening::HoldEnded { why: three() },
        Happening::Routed { rule: rule(Some("search watches <this>")), told: Some("payments".into()) },
        Happening::Routed { rule: rule(None), told: None },
        Happening::PlaybookBegun { by: "ana".into(), title: "Database *down* <!here>".into(), left: None },
        Happening::PlaybookBegun {
            by: "ana".into(),
            title: "Disk".into(),
            left: Some(("Database & more".into(), 3, 9)),
        },
        Happening::CrossedHandoff { to: "ben".into() },
        Happening::StepDone { by: "ana".into(), step: 1, what: "Look at <!here>".into() },
        Happening::StepSkipped {
            by: "ana".into(),
            step: 2,
            what: "Start it".into(),
            why: SkipWhy::DoesNotWork,
            because: "no <!here> tool".into(),
        },
        Happening::StepSkipped {
            by: "ana".into(),
            step: 2,
            what: "Start it".into(),
            why: SkipWhy::NotNeeded,
            because: "".into(),
        },
        Happening::StepChosen { by: "ana".into(), step: 7, what: "Fail over".into() },
        Happening::StepTakenBack { by: "ana".into(), step: 2, what: "Start it".into() },
        Happening::StepStuck { by: "ana".into(), step: 3, what: "Fail over".into() },
        Happening::StepOverdue { step: 3, what: "Fail over".into(), secs: 300 },
        Happening::Triaged { by: "ben".into(), answer: Answer::Affected(Affected::SomeCustomers) },
        Happening::Triaged { by: "ben".into(), answer: Answer::Affected(Affected::Nobody) },
        Happening::Triaged { by: "ben".into(), answer: Answer::Trend(Trend::Same) },
        Happening::Triaged { by: "ben".into(), answer: Answer::Since(NIGHT) },
        Happening::NotMine { by: "ben".into(), team: "pay".into() },
        Happening::MajorDeclared { by: "ben".into() },
        Happening::MajorTakenBack { by: "ben".into() },
        Happening::WaitsAsItem { by: "ben".into(), item: ItemNo(3) },
        Happening::PlaybookEnded { title: "Database down".into() },
        Happening::AlertJoined { title: "<!channel> node-2".into(), rule: None },
        Happening::AlertJoined { title: "".into(), rule: Some(rule(None)) },
        Happening::Acknowledged { by: "ana".into() },
        Happening::Joined { by: "ben".into() },
        Happening::AcknowledgedByEvent,
        Happening::Escalated { by: "ana".into() },
        Happening::Snoozed { by: "ana".into(), until: NIGHT.plus_ms(6 * HOUR), why: None, because: "".into() },
        Happening::Snoozed {
            by: "ana".into(),
            until: NIGHT.plus_ms(6 * HOUR),
            why: Some(SnoozeWhy::NotUrgent),
            because: "see <!here>".into(),
        },
        Happening::SnoozeEnded,
        Happening::StillOnItAsked { to: "ana".into() },
        Happening::AckTimedOut,
        quietly(TriggeredBy::SnoozeEnded, Kind::Maintenance),
        quietly(TriggeredBy::AckTimedOut, Kind::Silence),
        Happening::FiredAgain,
        Happening::Cleared,
        resolved(ana(), ""),
        resolved(ana(), "restarted the pod; <!here> look at *this*"),
        resolved(ResolvedBy::Monitor, ""),
        Happening::Reopened { by: "ben".into() },
        Happening::Noted { by: "ana".into(), text: "looks like <the> database".into() },
        Happening::NotedByGuest { name: "Gus *of* <!here>".into(), text: "our side <@U1> is slow too".into() },
        Happening::Quoted(Box::new(Quoted {
            by: "ana".into(),
            said: NIGHT.plus_ms(-2 * MINUTE),
            author: "Grafana *of* <!here>".into(),
            text: "`db-1` is <!channel> full".into(),
            link: "https://acme.slack.com/archives/C1/p1?a=1&b=2".into(),
        })),
        Happening::Started { by: "ana".into() },
        Happening::Mitigated { by: "ana".into() },
        Happening::RespondersAsked {
            by: "ana".into(),
            whom: vec![Whom::User("ben".into()), Whom::Team("team".into()), Whom::Schedule("primary".into())],
        },
        Happening::ReassignAsked { by: "ana".into(), to: "ben".into() },
        Happening::Reassigned { to: "ben".into(), from: Some("ana".into()) },
        Happening::Reassigned { to: "ben".into(), from: None },
        Happening::UrgencyChanged { by: Some("mara".into()), to: Urgency::High, stopped: Vec::new(), why: None },
        Happening::UrgencyChanged { by: None, to: Urgency::Low, stopped: Vec::new(), why: None },
        raised(RaisedBy::SupportHours),
        raised(RaisedBy::Alert),
        Happening::UrgencyChanged {
            by: Some("mara".into()),
            to: Urgency::Low,
            stopped: vec!["ana".into(), "ben".into()],
            why: None,
        },
        Happening::Listed { to: "ana".into() },
        Happening::BeginAsked { to: "ana".into() },
        Happening::SlaMissed,
        Happening::NotActionable { by: "ana".into() },
        Happening::MergedInto { by: "ana".into(), into: IncidentNo(2) },
        Happening::Merged { by: "ana".into(), from: IncidentNo(3) },
        late(LateAct::AcknowledgeAfterAcknowledge),
        late(LateAct::AcknowledgeAfterResolve),
        late(LateAct::ResolveAfterResolve),
        Happening::CardMoved { to: "C0ADMIN".into(), why: PageFailure::Slack("is_archived".to_owned()) },
        Happening::ClearedFor { until: NIGHT.plus_ms(15 * MINUTE) },
        Happening::ClearedBySilence,
        Happening::CameAnew,
        Happening::ResolvedByItself { cleared: NIGHT.plus_ms(-15 * MINUTE) },
        Happening::CameBack { had: None },
        Happening::CameBack { had: Some(Had::Acknowledged { by: "ana".into() }) },
        Happening::CameBack {
            had: Some(Had::Snoozed { by: "ana".into(), until: NIGHT.plus_ms(6 * HOUR), due: NIGHT.plus_ms(6 * HOUR) }),
        },
        Happening::NotCleared,
        Happening::PageAgainDeclined { by: "ana".into() },
        Happening::Flapping,
        Happening::FlappingEnded,
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
    golden.say("in the log below it", &other.into_iter().map(line).collect::<Vec<_>>().join("\n"));
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
            | Refusal::KnownAlready
            | Refusal::AskAgainLater { .. }
            | Refusal::TooManyAsk { .. }
            | Refusal::TooManyAdded { .. }
            | Refusal::NotAnAdmin
            | Refusal::NobodyAsks
            | Refusal::DecidedAlready { .. }
            | Refusal::NoSuchService(_)
            | Refusal::NoSuchSchedule(_)
            | Refusal::NoSuchUser(_)
            | Refusal::NoSuchTeam(_)
            | Refusal::CannotBeReached { .. }
            | Refusal::IsATest { .. }
            | Refusal::TestUnderWay { .. }
            | Refusal::NobodyNamed { .. }
            | Refusal::NobodyToAsk { .. }
            | Refusal::AskedAlready { .. }
            | Refusal::HasItAlready { .. }
            | Refusal::TooManyCalls { .. }
            | Refusal::StartedAlready { .. }
            | Refusal::MitigatedAlready { .. }
            | Refusal::MarkedAlready { .. }
            | Refusal::HasThatUrgency { .. }
            | Refusal::MajorAlready { .. }
            | Refusal::IsNotMajor { .. }
            | Refusal::IsMajor { .. }
            | Refusal::IsMerged { .. }
            | Refusal::MergeIntoItself { .. }
            | Refusal::TooManyAlerts { .. }
            | Refusal::EmptyTitle { .. }
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
            | Refusal::NothingSaid
            | Refusal::SaidInPrivate
            | Refusal::QuotedAlready { .. }
            | Refusal::TooManyQuotes { .. }
            | Refusal::OpenedAlready { .. }
            | Refusal::NotYourShift { .. }
            | Refusal::NoSuchHandoff
            | Refusal::HandedOverAlready { .. }
            | Refusal::HandoffIsOf { .. }
            | Refusal::HandoffIsFor { .. }
            | Refusal::HandoffAcceptedAlready { .. }
            | Refusal::NobodyTakesOver { .. }
            | Refusal::HandoffIsAhead { .. }
            | Refusal::HandoffIsOver
            | Refusal::TooManyNotes { .. }
            | Refusal::IsOfThatTeam { .. }
            | Refusal::BeganThen { .. }
            | Refusal::CustomersFeelIt { .. }
            | Refusal::TakeItFirst { .. }
            | Refusal::ImpactToldMeanwhile { .. }
            | Refusal::OwesNoRca { .. }
            | Refusal::RcaIsCompleted { .. }
            | Refusal::RcaLacks { .. }
            | Refusal::StillFelt { .. }
            | Refusal::WrittenMeanwhile { .. }
            | Refusal::TooMuchWritten { .. }
            | Refusal::NothingWritten
            | Refusal::OwesItAlready { .. }
            | Refusal::DueThen { .. }
            | Refusal::TooManyItems { .. }
            | Refusal::NoSuchItem(_)
            | Refusal::ItemIsDone { .. }
            | Refusal::ItemIsOpen { .. }
            | Refusal::ItemIsSo { .. }
            | Refusal::NoSuchPlaybook(_)
            | Refusal::RunsAlready { .. }
            | Refusal::RanToItsEnd { .. }
            | Refusal::NothingRuns { .. }
            | Refusal::StepIsPast { .. }
            | Refusal::NothingBefore { .. }
            | Refusal::PagesNobodyAgain { .. }
            | Refusal::EmptyAnnouncement
            | Refusal::AnnouncementInThePast { .. }
            | Refusal::AnnouncementTooLong { .. }
            | Refusal::NoSuchAnnouncement(_)
            | Refusal::TooManyAnnouncements { .. }
            | Refusal::NoSuchMisconfigured(_)
            | Refusal::OverrideEndsBeforeItStarts
            | Refusal::OverrideInThePast { .. }
            | Refusal::NoSuchOverride(_)
            | Refusal::QuietWithoutReason
            | Refusal::QuietEndsBeforeItStarts
            | Refusal::QuietInThePast { .. }
            | Refusal::QuietTooLong { .. }
            | Refusal::QuietNames { .. }
            | Refusal::TooManyQuiets { .. }
            | Refusal::NotElsewhere(_)
            | Refusal::NoSuchQuiet(_)
            | Refusal::QuietLastsAsLong { .. }
            | Refusal::NotAdded
            | Refusal::RemovedAlready { .. } => {}
        }
    }
    let incident = IncidentNo(12);
    let all = vec![
        Refusal::NoSuchIncident(incident),
        Refusal::NoSuchService("payments".into()),
        Refusal::NoSuchSchedule("primary".into()),
        Refusal::NoSuchUser("zoe".into()),
        Refusal::NoSuchTeam("sales".into()),
        Refusal::CannotBeReached { user: "ben".into() },
        Refusal::IsATest { incident, of: "ben".into() },
        Refusal::TestUnderWay { incident },
        Refusal::MajorAlready { incident, by: "ben".into(), at: NIGHT },
        Refusal::IsNotMajor { incident },
        Refusal::IsMajor { incident, by: "ben".into(), at: NIGHT },
        Refusal::NobodyNamed { incident },
        Refusal::NobodyToAsk { incident, whom: Whom::Team("team".into()) },
        Refusal::AskedAlready { incident, whom: Whom::User("ben".into()) },
        Refusal::HasItAlready { incident, user: "ben".into() },
        Refusal::TooManyCalls { incident, most: 20 },
        Refusal::StartedAlready { incident },
        Refusal::MitigatedAlready { incident, by: "ben".into(), at: NIGHT },
        Refusal::MarkedAlready { incident, by: "ben".into(), at: NIGHT },
        Refusal::HasThatUrgency { incident, urgency: Urgency::Low },
        Refusal::IsMerged { incident, into: IncidentNo(14) },
        Refusal::MergeIntoItself { incident },
        Refusal::TooManyAlerts { incident, most: 1_000 },
        Refusal::EmptyTitle { service: "payments".into() },
        Refusal::AlreadyYours { incident },
        Refusal::PagesNobodyAgain { incident },
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
        Refusal::NothingSaid,
        Refusal::SaidInPrivate,
        Refusal::QuotedAlready { incident },
        Refusal::TooManyQuotes { incident, most: QUOTES_MAX },
        Refusal::OpenedAlready { incident },
        Refusal::IsOfThatTeam { incident, team: "pay".into() },
        Refusal::BeganThen { since: NIGHT },
        Refusal::CustomersFeelIt { incident, by: "ben".into(), at: NIGHT },
        Refusal::TakeItFirst { incident, asked: vec!["ben".into()] },
        Refusal::ImpactToldMeanwhile { by: "ben".into(), at: NIGHT },
        Refusal::OwesNoRca { incident },
        Refusal::RcaIsCompleted { incident, by: "ben".into(), at: NIGHT },
        Refusal::RcaLacks { missing: vec![Missing::Part(Part::Timeline), Missing::Impact, Missing::Repair] },
        Refusal::StillFelt { incident },
        Refusal::WrittenMeanwhile { part: Part::Cause, by: "ben".into(), at: NIGHT },
        Refusal::TooMuchWritten { chars: 13_000, most: 12_000 },
        Refusal::NothingWritten,
        Refusal::OwesItAlready { incident, who: "ben".into() },
        Refusal::DueThen { due: NIGHT },
        Refusal::TooManyItems { most: 20 },
        Refusal::NoSuchItem(ItemNo(3)),
        Refusal::ItemIsDone { item: ItemNo(3), by: "ben".into(), at: NIGHT },
        Refusal::ItemIsOpen { item: ItemNo(3), owner: "ben".into(), due: NIGHT },
        Refusal::ItemIsSo { item: ItemNo(3), owner: "ben".into(), due: NIGHT },
        Refusal::NotYourShift { schedule: "primary".into() },
        Refusal::NoSuchHandoff,
        Refusal::HandedOverAlready { at: NIGHT },
        Refusal::HandoffIsOf { by: Some("ana".into()), team: "team".into() },
        Refusal::HandoffIsFor { by: Some("ben".into()), team: "team".into() },
        Refusal::HandoffIsFor { by: None, team: "team".into() },
        Refusal::HandoffAcceptedAlready { by: "ben".into(), at: NIGHT },
        Refusal::NobodyTakesOver { team: "team".into() },
        Refusal::HandoffIsAhead { at: NIGHT },
        Refusal::HandoffIsOver,
        Refusal::TooManyNotes { team: "team".into(), most: 10 },
        Refusal::NoSuchPlaybook("disk`".into()),
        Refusal::RunsAlready { incident, by: "ana".into(), begun: NIGHT, step: 3 },
        Refusal::RanToItsEnd { incident, playbook: "disk".into(), by: "ana".into(), at: NIGHT },
        Refusal::NothingRuns { incident },
        Refusal::StepIsPast { incident, by: "ana".into(), at: NIGHT },
        Refusal::NothingBefore { incident },
        Refusal::EmptyAnnouncement,
        Refusal::AnnouncementInThePast { until: NIGHT },
        Refusal::AnnouncementTooLong { until: NIGHT.plus_ms(8 * DAY), latest: NIGHT.plus_ms(7 * DAY) },
        Refusal::NoSuchAnnouncement(warridor::domain::id::AnnouncementNo(7)),
        Refusal::TooManyAnnouncements { most: 100 },
        Refusal::NoSuchMisconfigured(MisconfiguredNo(3)),
        Refusal::OverrideEndsBeforeItStarts,
        Refusal::OverrideInThePast { until: NIGHT },
        Refusal::KnownAlready,
        Refusal::AskAgainLater { again_at: NIGHT.plus_ms(DAY) },
        Refusal::TooManyAsk { most: 100 },
        Refusal::TooManyAdded { most: 1_000 },
        Refusal::NotAnAdmin,
        Refusal::NobodyAsks,
        Refusal::DecidedAlready { by: "mara".into(), at: NIGHT, approved: true },
        Refusal::DecidedAlready { by: "mara".into(), at: NIGHT, approved: false },
        Refusal::NoSuchOverride(OverrideId(3)),
        Refusal::QuietWithoutReason,
        Refusal::QuietEndsBeforeItStarts,
        Refusal::QuietInThePast { until: NIGHT },
        Refusal::QuietTooLong { kind: Kind::Silence, latest: NIGHT },
        Refusal::QuietTooLong { kind: Kind::Maintenance, latest: NIGHT },
        Refusal::QuietNames { most: 20 },
        Refusal::TooManyQuiets { most: 200 },
        Refusal::NotElsewhere(NotElsewhere::None),
        Refusal::NotElsewhere(NotElsewhere::Several),
        Refusal::NotElsewhere(NotElsewhere::NoLabels),
        Refusal::NoSuchQuiet(QuietId(3)),
        Refusal::QuietLastsAsLong { until: NIGHT },
        Refusal::NotAdded,
        Refusal::RemovedAlready { by: "mara".into(), at: NIGHT },
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
    let snooze = || Deed::snooze(NIGHT.plus_ms(6 * HOUR));
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
    let because = |why: &str| Deed::Snooze { until: NIGHT.plus_ms(6 * HOUR), why: None, because: why.to_owned() };
    said("Ana snoozes, and says why", &ana(ack()), "ana", because("waiting for <the> vendor"));
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
    let quote = |text: &str| {
        let message = MessageRef { channel: "C1".into(), ts: "1772420400.000300".into() };
        let (author, text, link) = ("Ben Okafor".to_owned(), text.to_owned(), String::new());
        Deed::Quote(Box::new(Quote { message, author, text, link }))
    };
    said("Ana adds what Ben wrote", &ana(ack()), "ana", quote("it is the database"));
    said("Ana adds it again", &ana(quote("it is the database")), "ana", quote("it is the database"));
    said("Ana adds a picture", &ana(ack()), "ana", quote(" "));
    let ask = |who: &str| Deed::AddResponders { whom: vec![Whom::User(who.into())] };
    let give = |to: &str| Deed::Reassign { to: to.into() };
    said("Ana says she is on it", &ana(ack()), "ana", Deed::Start);
    said("Ana says so at once", &[], "ana", Deed::Start);
    said("Ben says so of what Ana has", &ana(ack()), "ben", Deed::Start);
    said("Ana says so twice", &[("ana", ack()), ("ana", Deed::Start)], "ana", Deed::Start);
    said("Ana mitigates", &ana(ack()), "ana", Deed::Mitigate);
    said("Ana mitigates twice", &[("ana", ack()), ("ana", Deed::Mitigate)], "ana", Deed::Mitigate);
    said("Ana asks for Chen", &ana(ack()), "ana", ask("chen"));
    said("Ana snoozes what she asked Chen for", &[("ana", ack()), ("ana", ask("chen"))], "ana", snooze());
    let slept = [("ana", ack()), ("ana", ask("chen")), ("ana", snooze()), ("ben", Deed::EndSnooze)];
    said("Ben snoozes again what stopped asking Chen before", &slept, "ben", snooze());
    said("Ana asks for Chen twice", &[("ana", ack()), ("ana", ask("chen"))], "ana", ask("chen"));
    said(
        "Ana asks for her own team, which is herself and Ben",
        &ana(ack()),
        "ana",
        Deed::AddResponders { whom: vec![Whom::Team("team".into())] },
    );
    said("Ana asks for nobody", &ana(ack()), "ana", Deed::AddResponders { whom: Vec::new() });
    said("Ana asks for herself", &ana(ack()), "ana", ask("ana"));
    said("Chen asks for Ben while Ana is paged", &[], "chen", ask("ben"));
    said("Ana gives it to Ben", &ana(ack()), "ana", give("ben"));
    said("Ben takes what Ana gave him", &[("ana", ack()), ("ana", give("ben"))], "ben", ack());
    said("Ben takes it over from Ana", &ana(ack()), "ben", give("ben"));
    said("Ana gives it to herself", &ana(ack()), "ana", give("ana"));
    said("Chen gives it to Ben while Ana is paged", &[], "chen", give("ben"));
    said("Mara makes it low", &[], "mara", Deed::SetUrgency { to: Urgency::Low });
    let low = Deed::SetUrgency { to: Urgency::Low };
    said("Mara makes it high", &[("mara", low.clone())], "mara", Deed::SetUrgency { to: Urgency::High });
    let anas_low = [("mara", low.clone()), ("ana", ack())];
    said("Mara makes high what Ana has", &anas_low, "mara", Deed::SetUrgency { to: Urgency::High });
    said("Mara makes it low twice", &[("mara", low.clone())], "mara", low);
    let later = |by: &str| Deed::Snooze {
        until: NIGHT.plus_ms(6 * HOUR),
        why: Some(SnoozeWhy::NotUrgent),
        because: format!("{by} says so"),
    };
    said("Ana snoozes it for later", &ana(ack()), "ana", later("ana"));
    said("Ben snoozes it for later, too", &ana(later("ana")), "ben", later("ben"));
    said("Ana says nothing had to be done", &ana(ack()), "ana", Deed::NotActionable);
    said("Ana merges it into what is not there", &ana(ack()), "ana", Deed::MergeInto { into: IncidentNo(7) });
    said("Ana merges it into itself", &ana(ack()), "ana", Deed::MergeInto { into: IncidentNo(1) });
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.titled("search", "Search is slow", "", &[]);
    let facts = desk.try_act("ana", Deed::MergeInto { into: IncidentNo(2) }).expect("two open incidents");
    let words = views::reply::act(&facts, &first(&desk), &desk.directory);
    golden.say("Ana merges it into another", &draw::words(&words));
    for (name, service, urgency) in
        [("by the service", "payments", None), ("low", "payments", Some(Urgency::Low)), ("to nobody", "orphan", None)]
    {
        let mut desk = Desk::at(NIGHT);
        let facts = desk.raise("chen", service, "Nobody can pay", urgency);
        let words = views::reply::act(&facts, &first(&desk), &desk.directory);
        golden.say(&format!("Chen pages somebody: {name}"), &draw::words(&words));
    }
    let window = |kind| Some(HeldThen { kind, until: NIGHT.plus_ms(2 * HOUR) });
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    let facts = desk.try_act("ana", ack()).expect("it is open");
    let reply = |facts: &[Fact], i: &Incident, window, desk: &Desk| {
        message(&views::reply::message(facts, i, window, &desk.directory, desk.store), desk.subject(i))
    };
    golden.say("Ana acknowledges what is silenced", &reply(&facts, &first(&desk), window(Kind::Silence), &desk));
    let mut desk = Desk::at(NIGHT);
    let facts = desk.raise("chen", "payments", "Nobody can pay", None);
    let pages = reply(&facts, &first(&desk), window(Kind::Maintenance), &desk);
    golden.say("Chen pages somebody: in a maintenance window", &pages);
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.quiet("ben", Covered::Services(vec!["payments".into()]), HOUR, 8 * HOUR, "deploy");
    let facts = desk.try_act("ana", snooze()).expect("it is open");
    let words = views::reply::act(&facts, &first(&desk), &desk.directory);
    golden.say("Ana snoozes what a window outlasts", &draw::words(&words));
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    let i = first(&desk);
    let subject = Subject { store: desk.store, incident: i.no };
    let question = views::reply::not_asked(&i, &"chen".into(), &desk.directory, subject);
    golden.say("Chen presses Acknowledge and was not asked", &message(&question, Some(subject)));
    golden.say("all of one message, one", &views::reply::have_all(&[IncidentNo(1)], 0, 0));
    golden.say("all of one message", &views::reply::have_all(&(1..=30).map(IncidentNo).collect::<Vec<_>>(), 0, 4));
    golden.say("all of one message, none waits", &views::reply::have_all(&[], 0, 1));
    golden.say("all of one message, some not saved", &views::reply::have_all(&[IncidentNo(1), IncidentNo(2)], 3, 3));
    golden.say(
        "one of several, by somebody not asked",
        &views::reply::left_alone(&i, &"chen".into(), "/pager", &desk.directory),
    );
    golden.say("somebody chosen is unknown", &views::reply::unknown_choice("U0NEW"));
    golden.say("a window did not open", &views::reply::no_window());
    golden.say("it takes long", &views::reply::takes_long(IncidentNo(1)));
    golden.say("a card of another installation", &views::reply::from_another_store());
    golden.say("the disk is full", &views::reply::not_saved());
    golden.say("too much waits", &views::reply::busy());
    golden.compare();
}

#[test]
fn people_who_are_not_known() {
    let mut golden = Golden::new("people");
    let desk = Desk::at(NIGHT);
    let (d, by): (_, UserId) = (&desk.directory, "mara".into());
    let newcomer = |standing| Newcomer {
        slack: "U0ZOE".into(),
        name: "Zoe *of* <!channel>".into(),
        email: "zoe@example.com".into(),
        tz: "Europe/Lisbon".into(),
        asked: NIGHT,
        notice: None,
        standing,
    };
    let added = newcomer(Standing::Added { user: "slack-u0zoe".into(), by: by.clone(), at: NIGHT.plus_ms(MINUTE) });
    let again_at = NIGHT.plus_ms(DAY);
    let declined = newcomer(Standing::Declined { by: by.clone(), at: NIGHT.plus_ms(MINUTE), again_at });
    let removed = newcomer(Standing::Removed { by: by.clone(), at: NIGHT.plus_ms(MINUTE), again_at });
    let nameless = Newcomer { email: "".into(), ..newcomer(Standing::Asked) };
    let subject = Subject { store: desk.store, incident: IncidentNo(12) };
    golden.say("somebody unknown", &message(&views::people::unknown(), None));
    golden.say("the same, beside an input", &views::people::unknown_in_a_form());
    golden.say("a guest presses a button", &message(&views::people::outsider(Some(subject)), Some(subject)));
    golden.say("a guest types a command", &message(&views::people::outsider(None), None));
    golden.say("Slack does not say who it is", &views::people::not_told_who());
    golden.say("a restored copy", &views::people::paused());
    golden.say("Add me was pressed", &views::people::asked(d));
    golden.say("pressed again at once", &views::people::being_asked());
    golden.say("the admins could not be told", &views::people::not_shown("is_archived", d));
    let mut nobody_decides = d.clone();
    nobody_decides.users.values_mut().for_each(|user| user.admin = false);
    golden.say("nobody is an admin", &views::people::asked(&nobody_decides));
    golden.say("nobody is an admin, nor could be told", &views::people::not_shown("is_archived", &nobody_decides));
    golden.say("the admins read", &message(&views::people::request(&newcomer(Standing::Asked), desk.store), None));
    golden.say("the admins read, without an e-mail", &message(&views::people::request(&nameless, desk.store), None));
    for (name, who) in [("approved", &added), ("declined", &declined), ("taken out", &removed)] {
        golden.say(&format!("{name}: the admins read"), &message(&views::people::standing(who, d, desk.store), None));
        golden.say(&format!("{name}: the admin who pressed reads"), &views::people::decided(who));
    }
    golden.say("approved: they read", &views::people::you_are_in(&by, d));
    golden.say("declined: they read", &draw::words(&views::people::you_are_not_in(&by, again_at, d)));
    golden.say("taken out: they read", &draw::words(&views::people::you_are_out(&by, again_at, d)));
    golden.compare();
}

#[test]
fn lists() {
    let mut golden = Golden::new("list");
    let desk = Desk::at(NIGHT);
    let mut list = |name: &str, desk: &Desk| {
        let open: Vec<_> = desk.world.open_incidents().map(|i| &**i).collect();
        golden.say(name, &message(&views::list::list(&open, &desk.directory, ""), None));
        golden.say(
            &format!("{name}, one team's"),
            &message(&views::list::list(&open, &desk.directory, "Search & co"), None),
        );
        golden.say(&format!("{name}, mine"), &message(&views::list::mine(&open, &desk.directory, "/pager"), None));
        golden.say(
            &format!("{name}, which one?"),
            &message(&views::list::pick(&open, &desk.directory, "/pager ack"), None),
        );
        let paused = views::list::paused(views::list::list(&open, &desk.directory, ""));
        golden.say(&format!("{name}, paused"), &message(&paused, None));
    };
    list("nothing", &desk);
    let told = |name: &str, desk: &Desk| name.starts_with("snoozed") || first(desk).counting.is_some();
    for (name, desk) in states().iter().filter(|(name, desk)| told(name, desk)) {
        list(name, desk);
    }
    let mut desk = Desk::at(NIGHT);
    for n in 0..25 {
        desk.titled("payments", &format!("Disk {n} is filling up"), "https://grafana.example/d/1", &[]);
    }
    list("many", &desk);
    let i = first(&desk);
    golden.say("not to be read here", &message(&views::list::private(&i), None));
    let (_, resolved) =
        states().into_iter().find(|(n, _)| *n == "resolved: by Ana, the monitor still fires").expect("a state");
    let resolved = first(&resolved);
    for n in [1, 7] {
        let list = views::list::still_firing(
            views::list::list(&[], &desk.directory, ""),
            &vec![&resolved; n],
            &desk.directory,
        );
        golden.say(&format!("nothing is open, and {n} resolved by hand fire on"), &message(&list, None));
    }
    for private in [1, 3] {
        let list = views::list::left_out(views::list::list(&[&i], &desk.directory, ""), private);
        golden.say(&format!("and {private} of private services"), &message(&list, None));
    }
    golden.compare();
}

#[test]
fn show_one() {
    let mut golden = Golden::new("show");
    for (name, desk) in states() {
        let i = first(&desk);
        golden.say(name, &message(&views::list::show(&i, None, &desk.directory, desk.store), desk.subject(&i)));
    }
    golden.compare();
}

#[test]
fn help() {
    let mut golden = Golden::new("help");
    golden.say("help", &message(&views::list::help("/pager", None), None));
    let topics = [
        Topic::Trigger,
        Topic::List,
        Topic::Show,
        Topic::Acknowledge,
        Topic::Snooze,
        Topic::Escalate,
        Topic::People,
        Topic::Urgency,
        Topic::Resolve,
        Topic::Note,
        Topic::Merge,
        Topic::Why,
        Topic::Now,
        Topic::Misconfigured,
        Topic::OnCall,
    ];
    for topic in topics {
        golden.say(&format!("{topic:?}"), &message(&views::list::help("/pager", Some(topic)), None));
    }
    golden.say("nothing waits", &message(&views::list::nothing_waits("/pager"), None));
    golden.say("nothing to click on", &message(&views::list::press_to_raise(), None));
    let desk = Desk::at(NIGHT);
    let ana = "ana".into();
    let speaker = Speaker { now: NIGHT, tz: chrono_tz::Europe::Lisbon, me: Some(&ana), directory: &desk.directory };
    for text in ["frobnicate", "ack foo", "snooze 12", "add 12 @bne", "`<!channel>`"] {
        let line = Line { command: "/pager", text, means: Means::Pager };
        let Err(mistake) = command::parse(&line, &speaker) else { panic!("{text} is understood") };
        golden.say(&format!("/pager {text}"), &message(&views::list::mistake(&mistake), None));
    }
    golden.compare();
}

#[test]
fn windows() {
    let mut golden = Golden::new("windows");
    for (name, desk) in states() {
        let i = first(&desk);
        let subject = Subject { store: desk.store, incident: i.no };
        let origin = Origin::new(subject, Some("C0PAY".into()));
        golden.say(&format!("More…, {name}"), &view(&views::more::more(&i, &desk.directory, &origin), Some(subject)));
    }
    let (_, desk) = states().swap_remove(1);
    let i = first(&desk);
    let subject = Subject { store: desk.store, incident: i.no };
    let origin = Origin::new(subject, None);
    let mut say = |name: &str, v| golden.say(name, &view(&v, Some(subject)));
    let d = &desk.directory;
    let askable = |value: &str, name: &str, now: &str| Askable {
        value: value.to_owned(),
        name: name.to_owned(),
        now: now.to_owned(),
    };
    let all = [askable("team:team", "Team", "Ana"), askable("schedule:empty", "empty", "nobody now")];
    say("add responders", views::modal::add_responders(&i, &all, &origin));
    say("add responders, no teams", views::modal::add_responders(&i, &[], &origin));
    say("reassign what nobody has", views::modal::reassign(&i, d, &origin));
    say("note", views::modal::note(&i, &origin));
    say("resolve with a note", views::modal::resolve(&i, &origin));
    say("silence", views::modal::silence(&i, &snooze::choices(NIGHT, chrono_tz::UTC), d, &origin));
    let group = states().into_iter().find(|(name, _)| name.contains("one cluster")).expect("a group").1;
    let choices = snooze::choices(NIGHT, chrono_tz::UTC);
    say("silence of a group", views::modal::silence(&first(&group), &choices, d, &origin));
    say("maintenance", views::modal::maintenance(d, &origin));
    let said = Origin { more: "https://acme.slack.com/archives/C1/p1".to_owned(), ..origin.clone() };
    let hours = snooze::choices(NIGHT, chrono_tz::UTC);
    let about = Scope::Service("payments".into());
    say("announce", views::modal::announce("draining east <!here>", false, Some(&about), &hours, d, "/pager", &said));
    say("announce, the message has no words", views::modal::announce("", false, None, &hours, d, "/pager", &said));
    say("announce, the message is longer", views::modal::announce("draining…", true, None, &hours, d, "/pager", &said));
    say("merge, no other", views::modal::merge(&i, &[], &origin));
    let mut many = Desk::at(NIGHT);
    for n in 0..130 {
        many.titled("payments", &format!("Disk {n} & <!channel> is filling up"), "", &[]);
    }
    let others: Vec<Incident> = (2..=125).map(|n| many.incident(IncidentNo(n))).collect();
    let two: Vec<&Incident> = others.iter().take(2).collect();
    say("merge", views::modal::merge(&i, &two, &origin));
    // Slack takes a hundred options.
    view(&views::modal::merge(&i, &others.iter().collect::<Vec<_>>(), &origin), Some(subject));
    let asked = |who: &str, silent_until| vec![Asked { user: who.into(), via: None, silent_until, slack_away: false }];
    let mut draft = RaiseDraft::default();
    say("page somebody", views::modal::raise(&draft, d, &origin));
    let payments = "payments".into();
    draft = RaiseDraft {
        service: Some(&payments),
        what: "nobody can pay",
        wakes: d
            .services
            .get(&payments)
            .map(|s| views::modal::wakes(s.urgency, &asked("ana", Some(NIGHT.plus_ms(HOUR))), d)),
        from: None,
    };
    say("page somebody, a service is chosen", views::modal::raise(&draft, d, &origin));
    say("what came of it", views::modal::told("#1", &views::Message::plain("You are on it: #1 says so.")));
    let (_, desk) = states().into_iter().find(|(name, _)| *name == "acknowledged: Chen did not come").expect("a state");
    let i = first(&desk);
    let d = &desk.directory;
    say("reassign what Ana has", views::modal::reassign(&i, d, &origin));
    say("who was paged", views::more::who_was_paged(&i, d));
    say("what happened", views::more::timeline(&i, &i.timeline, d));
    say("what happened, at the beginning", views::more::timeline(&i, &[], d));
    // A long life still fits one window.
    let long: Vec<Entry> = (1..=400)
        .map(|n| {
            let what = Happening::Noted { by: "ana".into(), text: "words ".repeat(200).into() };
            Entry { n, wall: NIGHT, what }
        })
        .collect();
    view(&views::more::timeline(&i, &long, d), None);
    golden.compare();
}

/// What is written to a telephone, and what is spoken: each word.
#[test]
fn telephone() {
    let mut golden = Golden::new("phone");
    let mut say = |name: &str, desk: &Desk, told: u64| {
        let incidents: Vec<Incident> = desk.world.incidents.values().map(|i| (**i).clone()).collect();
        let paged = incidents.iter().filter_map(|i| Some((i, i.pages.first()?)));
        let all: Vec<_> = paged.filter(|(i, _)| i.no.0 > told).collect();
        let earlier = all.first().map(|(_, p)| Earlier::of(p, &all, incidents.iter())).unwrap_or_default();
        for answers in [true, false] {
            let text = views::phone::text(&all, &earlier, &desk.directory, answers);
            let spoken = views::phone::spoken(&all, &earlier, &desk.directory, answers);
            let how = if answers { "" } else { ", and no answer comes in" };
            golden.say(&format!("{name}{how}"), &format!("{text}\n\n{}\n{}\n", spoken.news, spoken.menu));
        }
    };
    let some = |titles: &[&str]| {
        let mut desk = Desk::at(NIGHT);
        for title in titles {
            desk.titled("payments", title, "https://grafana.example/d/1", &[]);
        }
        desk.deliver();
        desk
    };
    say("one", &some(&["Checkout is failing."]), 0);
    say("three", &some(&["Disk 1", "Disk 2", "Disk 3"]), 0);
    say("what a monitor wrote is words", &some(&["<!channel> & <Say>\u{202e}\n\nReply 1</Say>"]), 0);
    say("without a title", &some(&[" "]), 0);
    say("long", &some(&[&"x".repeat(300)]), 0);
    say("nothing", &Desk::at(NIGHT), 0);
    say("two more, and two wait", &some(&["Disk 1", "Disk 2", "Disk 3", "Disk 4"]), 2);
    let mut worse = Desk::at(NIGHT);
    for (service, title) in [("payments", "Disk 1"), ("payments", "Disk 2"), ("vault", "Disk 3"), ("vault", "Disk 4")] {
        worse.titled(service, title, "https://grafana.example/d/1", &[]);
    }
    worse.deliver();
    say("two more, and a worse one waits", &worse, 2);

    let mut desk = some(&["Disk 1", "Disk 2", "Disk 3", "Disk 4", "Disk 5"]);
    desk.act_on(2, "ben", Deed::Acknowledge);
    desk.act_on(3, "ben", Deed::Resolve { note: None });
    desk.act_on(4, "ana", Deed::Acknowledge);
    use views::phone::Answered::{Acknowledge, Escalate};
    use views::phone::Came;
    let answered = |desk: &Desk, what, nos: &[u64], done: &[u64]| {
        let all: Vec<Incident> = nos.iter().map(|no| (*desk.world.incidents[&IncidentNo(*no)]).clone()).collect();
        let came = |no: u64| match () {
            () if done.contains(&no) => Came::Done,
            () if what == Escalate => Came::NobodyAbove,
            () => Came::NotDone,
        };
        let all: Vec<(&Incident, Came)> = all.iter().map(|i| (i, came(i.no.0))).collect();
        let left = views::phone::Left { count: nos.len() - 1, again: what == Acknowledge };
        let words = views::phone::answered(what, &all, left, &"ana".into(), &desk.directory);
        let spoken = views::phone::aloud(&words);
        format!("{words}\n{spoken}\n")
    };
    let mut heard = |name: &str, desk: &Desk, what, nos: &[u64], done: &[u64]| {
        golden.say(name, &answered(desk, what, nos, done));
    };
    heard("acknowledged", &desk, Acknowledge, &[4], &[4]);
    heard("Ben has it", &desk, Acknowledge, &[2], &[]);
    heard("it is over", &desk, Acknowledge, &[3], &[]);
    heard("all of that", &desk, Acknowledge, &[2, 3, 4], &[4]);
    for no in [1, 5] {
        desk.act_on(no, "ana", Deed::Acknowledge);
    }
    heard("three", &desk, Acknowledge, &[1, 4, 5], &[1, 4, 5]);
    let mut desk = some(&["Disk 1", "Disk 2"]);
    desk.act_on(1, "ana", Deed::Escalate);
    heard("escalated", &desk, Escalate, &[1], &[1]);
    heard("nobody is above for one", &desk, Escalate, &[1, 2], &[1]);
    golden.compare();
}

/// A desk whose team wrote these playbooks: a name, what it is for, and what stands below.
fn with_playbooks(all: &[(&str, &str, &str)]) -> Desk {
    let mut desk = Desk::at(NIGHT);
    let mut directory = desk.directory.clone();
    for (name, of, body) in all {
        let text = format!(
            "+++\ntitle = \"About {name} & more\"\nowner = \"pay\"\nlast_reviewed = 2026-01-05\n{of}\n+++\n{body}\n"
        );
        let path = format!("playbooks/{name}.md");
        let playbook = of_text(std::path::Path::new(&path), &text, &directory).expect("a good playbook");
        directory.playbooks.insert(playbook.id.clone(), playbook);
    }
    desk.configure(directory);
    desk
}

/// A row: what the playbooks are for; what fires; which of them are offered, the best first.
#[test]
fn the_playbook_that_knows_the_alert_best_is_offered_first() {
    let of = [
        ("any-error", "[[match]]\ntitles = [\"*rror*\"]"),
        ("payments", "[[match]]\nservices = [\"payments\", \"search\"]"),
        ("payments-errors", "[[match]]\nservices = [\"payments\"]\nlabels = [\"alertname=Payment*\"]"),
        ("exact", "[[match]]\nservices = [\"payments\"]\nlabels = [\"alertname=PaymentErrors\"]"),
        ("region", "[[match]]\nlabels = [\"region=eu*\"]\n[[match]]\ntitles = [\"Lights out\"]"),
        ("tier-2", "tier = 2\n[[match]]\nlabels = [\"alertname=Payment*\"]"),
    ];
    let all: Vec<(&str, &str, &str)> = of.iter().map(|(name, of)| (*name, *of, "- [ ] Look.")).collect();
    type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let rows: [Row<'_>; 7] = [
        (
            "payments",
            "Errors",
            &[("alertname", "PaymentErrors")],
            &["exact", "payments-errors", "any-error", "payments"],
        ),
        ("payments", "Slow", &[("alertname", "PaymentSlow")], &["payments-errors", "payments"]),
        ("payments", "Slow", &[("alertname", "paymentSlow")], &["payments"]),
        ("vault", "Slow", &[("alertname", "PaymentSlow"), ("region", "eu-1")], &["tier-2", "region"]),
        ("search", "Lights out", &[("region", "us")], &["region", "payments"]),
        ("reports", "Lights outside", &[("regions", "eu-1")], &[]),
        ("reports", "An error", &[], &["any-error"]),
    ];
    for (service, title, labels, want) in rows {
        let mut desk = with_playbooks(&all);
        desk.titled(service, title, "", labels);
        let i = desk.incident(IncidentNo(1));
        let found: Vec<&str> = playbook::fitting(&desk.directory, &i).iter().map(|p| p.id.as_str()).collect();
        assert_eq!(found, want, "{service}: {title} {labels:?}");
        assert_eq!(playbook::best(&desk.directory, &i).map(|p| p.id.as_str()), want.first().copied(), "{title}");
    }
}

#[test]
fn playbooks() {
    let mut golden = Golden::new("playbook");
    let long = "Customers \\<!channel> cannot pay & *leave*.\n\n**Do not** restart_all `it's` here.\n\n\
        ## 1. Look \\<now>\n\n\
        Either of these:\n\n\
        - [ ] Read [the dashboard](https://grafana.example/d/1?a=1&b=2). (5m, then ask for help)\n\
        \x20 ```sh\n\x20 kubectl get pods -n pay 2>&1 | grep '<none>'\n\x20 ```\n\
        \x20 - Nothing there: [make room](#2-make-room).\n\
        \x20 - A database: [page Payments](page:pay).\n\
        - [ ] Wait. (2h)\n\n\
        ## 2. Make room\n\n\
        - [ ] Delete it.\n";
    let of = "[[match]]\nservices = [\"payments\"]";
    let other = "[[match]]\nlabels = [\"region=*\"]";
    let mut desk =
        with_playbooks(&[("errors", of, long), ("region", other, "- [ ] Look."), ("zone", other, "- [ ] See.")]);
    desk.titled("payments", "Payment errors", "", &[("region", "eu-1")]);
    desk.titled("search", "Search is slow", "", &[]);
    desk.deliver();
    let (i, none) = (desk.incident(IncidentNo(1)), desk.incident(IncidentNo(2)));
    let (d, subject) = (desk.directory.clone(), desk.subject(&i));
    golden.say("the card", &message(&views::card::card(&i, desk.rca_of(&i), &d, desk.store), subject));
    golden.say("the page", &message(&views::page::page(&i, &i.pages[0], &d, desk.store), subject));
    golden.say(
        "its window",
        &view(
            &views::playbook::of_incident(&i, &d, &Origin::new(desk.subject(&i).expect("it has one"), None)),
            subject,
        ),
    );
    golden.say(
        "the window where none fits",
        &view(
            &views::playbook::of_incident(&none, &d, &Origin::new(desk.subject(&none).expect("it has one"), None)),
            subject,
        ),
    );
    golden.say("typed", &message(&views::playbook::for_incident(&i, &d, "/pager", desk.store), subject));
    golden.say(
        "typed where none fits",
        &message(&views::playbook::for_incident(&none, &d, "/pager", desk.store), subject),
    );
    golden.say("by name", &message(&views::playbook::message(&d.playbooks[&"errors".into()], None, &d), subject));
    golden.say(
        "chosen in a window",
        &view(
            &views::playbook::chosen(&d.playbooks[&"zone".into()], desk.subject(&i).expect("it has one"), Some(&i), &d),
            subject,
        ),
    );
    golden.say("list", &message(&views::playbook::list(&d, "/pager"), subject));
    golden.say("no list", &message(&views::playbook::list(&Desk::at(NIGHT).directory, "/pager"), subject));
    desk.act("ana", Deed::Resolve { note: None });
    let over = desk.incident(IncidentNo(1));
    golden.say(
        "the card of what is over",
        &message(&views::card::card(&over, desk.rca_of(&over), &d, desk.store), subject),
    );
    golden.compare();
}

/// A playbook as it is followed, in every state, wherever it is shown.
#[test]
fn runs() {
    let mut golden = Golden::new("run");
    let errors = "What customers see.\n\n\
        ## 1. Look\n\n\
        Either of these:\n\n\
        - [ ] Read [the dashboard](https://grafana.example/d/1). (5m, then ask for help)\n\
        \x20 ```sh\n\x20 kubectl get pods -n pay | grep '<none>'\n\x20 ```\n\
        \x20 - Nothing there: [make room](#2-make-room).\n\
        \x20 - A database: [page Payments](page:pay), then [make room](#2-make-room).\n\
        - [ ] Wait.\n\n\
        ## 2. Make room\n\n\
        - [ ] Delete it. (2h)\n";
    let of = "[[match]]\nservices = [\"payments\"]";
    let begun = || {
        let mut desk =
            with_playbooks(&[("errors", of, errors), ("other", "[[match]]\nlabels = [\"region=*\"]", "- [ ] See.")]);
        desk.titled("payments", "Payment errors", "", &[("region", "eu-1")]);
        desk.deliver();
        desk.act("ana", Deed::BeginPlaybook { playbook: "errors".into(), again: false });
        desk
    };
    let on = |desk: &mut Desk, who: &str, to: Move| {
        desk.pass(MINUTE);
        let turn = first(desk).run.expect("it is followed").turn;
        desk.act(who, Deed::GoOn { turn, to });
    };
    let done = || Move::Done { to: None };
    let skip = || Move::Skip { why: SkipWhy::DoneBefore, because: "by <!here> Ben".to_owned() };
    let after = |moves: Vec<(&str, Move)>| {
        let mut desk = begun();
        moves.into_iter().for_each(|(who, to)| on(&mut desk, who, to));
        desk
    };
    let late = || {
        let mut desk = begun();
        desk.advance(5 * MINUTE);
        desk
    };
    let resolved = |mut desk: Desk| {
        desk.act("ana", Deed::Resolve { note: None });
        desk
    };
    let states = [
        ("begun", begun()),
        ("the first step takes long", late()),
        ("Ben is stuck at the first step", after(vec![("ben", Move::Stuck)])),
        ("the first step is done", after(vec![("ana", done())])),
        ("the first step is skipped", after(vec![("ben", skip())])),
        ("on to a section", after(vec![("ana", Move::Done { to: Some(1) })])),
        ("another section is chosen, and back", after(vec![("ana", done()), ("ana", Move::GoTo { section: 0 })])),
        ("back", after(vec![("ana", done()), ("ana", Move::Back)])),
        (
            "a section is chosen, and taken back",
            after(vec![("ana", done()), ("ana", Move::GoTo { section: 1 }), ("ana", Move::Back)]),
        ),
        ("at its end", after(vec![("ana", done()), ("ben", skip()), ("ana", done())])),
        ("resolved before its end", resolved(after(vec![("ana", done())]))),
        ("resolved at its end", resolved(after(vec![("ana", Move::GoTo { section: 1 }), ("ana", done())]))),
    ];
    for (name, desk) in &states {
        let (i, d, subject) = (first(desk), &desk.directory, desk.subject(&first(desk)));
        let shown = views::run::message(&i, d, desk.store).expect("it is followed");
        golden.say(&format!("{name}: in the thread"), &message(&shown, subject));
    }
    let (begun, late, stuck) = (&states[0].1, &states[1].1, &states[2].1);
    let (d, subject) = (&begun.directory, begun.subject(&first(begun)));
    let origin = Origin::new(subject.expect("it has one"), Some("C0PAY".into()));
    let i = first(begun);
    golden.say("its card", &message(&views::card::card(&i, begun.rca_of(&i), d, begun.store), subject));
    golden.say(
        "the card, stuck",
        &message(&views::card::card(&first(stuck), stuck.rca_of(&first(stuck)), d, stuck.store), subject),
    );
    golden.say("its page", &message(&views::page::page(&i, &i.pages[0], d, begun.store), subject));
    golden.say("in a window", &view(&views::playbook::of_incident(&i, d, &origin), subject));
    let went_on = views::run::went_on(i.run.as_deref().expect("it is followed"), d, true);
    let too_late = views::run::in_window(&i, d, &origin, Some(&went_on)).expect("it is followed");
    golden.say("in a window, too late", &view(&too_late, subject));
    let run = i.run.as_deref().expect("it is followed");
    let of_step = Origin { more: run.turn.to_string(), ..origin.clone() };
    golden.say("skip", &view(&views::run::skip(&i, run, &of_step), subject));
    golden.say("stuck", &view(&views::run::stuck(&first(stuck), d, &origin), subject));
    let i = first(late);
    let page = i.pages.iter().find(|p| p.purpose == Purpose::StepTime).expect("Ana hears of it");
    golden.say("it takes long: to Ana", &message(&views::page::page(&i, page, d, late.store), subject));
    let answered = {
        let mut desk = runs_late(of, errors);
        on(&mut desk, "ana", done());
        desk
    };
    let i = first(&answered);
    let page = i.pages.iter().find(|p| p.purpose == Purpose::StepTime).expect("Ana heard of it");
    golden.say("it took long: to Ana", &message(&views::page::page(&i, page, d, answered.store), subject));
    golden.say("the log", &message(&views::log::log(&i, d).expect("much happened"), subject));
    golden.compare();
}

/// A handoff before, at and after its instant.
#[test]
fn handoffs() {
    let mut golden = Golden::new("handoff");
    let team = TeamId::from("team");
    // Ana carries the pager until 18:00, then Ben.
    let in_turns = |desk: &Desk| {
        let mut directory = desk.directory.clone();
        directory.schedules.get_mut(&"desk".into()).expect("it is there").team = Some("spare".into());
        let primary = directory.schedules.get_mut(&"primary".into()).expect("it is there");
        primary.team = Some("team".into());
        primary.layers[0].rotation.members = vec![Member::always("ben"), Member::always("ana")];
        directory
    };
    let calm = || {
        let mut desk = Desk::at(NIGHT);
        let directory = in_turns(&desk);
        desk.configure(directory);
        desk
    };
    let busy = || {
        let of = "[[match]]\nservices = [\"payments\"]";
        let mut desk = with_playbooks(&[("errors", of, "- [ ] Look.\n- [ ] Mend it.\n")]);
        for team in desk.directory.teams.values_mut() {
            team.lead = Some("mara".into());
        }
        let directory = in_turns(&desk);
        desk.configure(directory);
        desk.titled("payments", "Payment errors <!here> & *more*", "", &[]);
        desk.deliver();
        desk.advance(4 * MINUTE);
        desk.act("ana", Deed::BeginPlaybook { playbook: "errors".into(), again: false });
        desk.act("ana", Deed::GoOn { turn: 1, to: Move::Done { to: None } });
        for _ in 0..2 {
            desk.titled("payments", "Disk of db-2 is full", "", &[]);
            desk.deliver();
        }
        desk.act_on(2, "ana", Deed::Resolve { note: None });
        desk.act_on(3, "chen", Deed::snooze(desk.now.plus_ms(20 * HOUR)));
        desk.titled("reports", "Reports are late", "", &[]);
        desk.quiet("ben", Covered::Services(vec!["search".into()]), 0, 2 * DAY, "moving <!here>");
        desk.stand_in("primary", "mara", 40 * HOUR, 4 * HOUR);
        desk.note_for_handoff("team", "chen", "db-2 fills up <!channel> until Tuesday");
        desk.announce("ben", "draining east", 30 * HOUR);
        desk
    };
    let at = |desk: &Desk| {
        let current = desk.world.shifts[&ScheduleId::from("primary")].clone();
        (current.since, Some((current.shift.until, Some("ben".into()))))
    };
    let hours = |desk: &mut Desk, until: At| {
        let left = until.0 - desk.now.0;
        desk.advance(left);
    };
    let until = busy().world.shifts[&ScheduleId::from("primary")].shift.until;
    let newest = |desk: &Desk| desk.world.handoffs.values().rev().find(|h| h.team == team).expect("a handoff").no;
    let summary = |desk: &Desk| {
        let d = &desk.directory;
        let to = Recipient::Channel("C0PAY".into());
        message(&views::handoff::summary(newest(desk), &to, &desk.world, d, desk.store).expect("it is posted"), None)
    };
    let draft = |desk: &Desk| {
        let d = &desk.directory;
        message(&views::handoff::draft(newest(desk), &desk.world, d, desk.store).expect("a draft"), None)
    };
    let waits = |desk: &Desk, lead: bool| {
        let d = &desk.directory;
        message(&views::handoff::waits(newest(desk), lead, &desk.world, d, desk.store).expect("it waits"), None)
    };
    let mut desk = busy();
    let (began, then) = at(&desk);
    golden.say(
        "typed",
        &message(&views::handoff::now(&team, (began, then.clone()), &"ana".into(), &desk.world, &desk.directory), None),
    );
    let quiet = Desk::at(NIGHT);
    golden.say(
        "typed in a quiet shift",
        &message(&views::handoff::now(&team, (began, None), &"ana".into(), &quiet.world, &quiet.directory), None),
    );
    hours(&mut desk, until.plus_ms(-45 * MINUTE));
    desk.act("ana", Deed::Acknowledge);
    desk.act_on(2, "ana", Deed::Acknowledge);
    hours(&mut desk, until.plus_ms(-29 * MINUTE));
    golden.say("the draft", &draft(&desk));
    let h = desk.world.handoffs[&newest(&desk)].clone();
    let subject = Subject { store: desk.store, incident: IncidentNo(0) };
    let origin = Origin { more: h.no.0.to_string(), ..Origin::new(subject, None) };
    golden.say("its window", &view(&views::handoff::write(&h, &origin, &desk.directory), Some(subject)));
    desk.hands_over("ana", h.no, "The vendor <!here> calls at ten.");
    golden.say("the draft, written and offered", &draft(&desk));
    let typed = views::handoff::now(&team, at(&desk), &"ana".into(), &desk.world, &desk.directory);
    golden.say("typed, while it is written and offered", &message(&typed, None));
    desk.act("ana", Deed::Note { text: "still looking".to_owned() });
    desk.act_on(2, "ana", Deed::Note { text: "still looking".to_owned() });
    hours(&mut desk, until.plus_ms(MINUTE));
    golden.say("the summary", &summary(&desk));
    golden.say("the draft, after it", &draft(&desk));
    golden.say("not accepted: to Ben", &waits(&desk, false));
    golden.say("not accepted: to Mara", &waits(&desk, true));
    desk.accepts("ben", newest(&desk));
    golden.say("the summary, accepted", &summary(&desk));
    golden.say("accepted: to Mara", &waits(&desk, true));
    let mut missed = busy();
    hours(&mut missed, until.plus_ms(-45 * MINUTE));
    missed.act("ana", Deed::Acknowledge);
    missed.act_on(2, "ana", Deed::snooze(missed.now.plus_ms(5 * DAY)));
    hours(&mut missed, until.plus_ms(-29 * MINUTE));
    missed.hands_over("ana", newest(&missed), "");
    golden.say("the draft, offered, with what sleeps", &draft(&missed));
    hours(&mut missed, until.plus_ms(MINUTE));
    golden.say("the summary, with what sleeps", &summary(&missed));
    let nobody_accepted = newest(&missed);
    let (_, next) = at(&missed);
    hours(&mut missed, next.expect("it ends").0.plus_ms(MINUTE));
    golden.say("nobody accepted the one before", &summary(&missed));
    let (d, w) = (&missed.directory, &missed.world);
    let to = Recipient::Channel("C0PAY".into());
    let before = views::handoff::summary(nobody_accepted, &to, w, d, missed.store).expect("it is posted");
    golden.say("the one before, by then", &message(&before, None));
    let lead = views::handoff::waits(nobody_accepted, true, w, d, missed.store).expect("it was posted");
    golden.say("never accepted: to Mara", &message(&lead, None));
    golden.say("nor is this one: to Mara", &waits(&missed, true));
    let mut ahead = calm();
    ahead.stand_in("primary", "mara", 40 * HOUR, 4 * HOUR);
    hours(&mut ahead, until.plus_ms(MINUTE));
    golden.say("a quiet shift, and somebody stands in later", &summary(&ahead));
    let mut calm = calm();
    hours(&mut calm, until.plus_ms(MINUTE));
    golden.say("a quiet shift", &summary(&calm));
    calm.accepts("ben", newest(&calm));
    golden.say("a quiet shift, accepted", &summary(&calm));
    let mut late = busy();
    late.pass(until.0 - late.now.0 + 2 * HOUR);
    late.due();
    golden.say("late", &summary(&late));
    let mut nobody = busy();
    let mut directory = nobody.directory.clone();
    for schedule in directory.schedules.values_mut() {
        for layer in &mut schedule.layers {
            layer.until = chrono::NaiveDate::from_ymd_opt(2026, 3, 2);
        }
    }
    nobody.configure(directory);
    hours(&mut nobody, until.plus_ms(-29 * MINUTE));
    golden.say("the draft where nobody is next", &draft(&nobody));
    hours(&mut nobody, until.plus_ms(MINUTE));
    golden.say("nobody is next", &summary(&nobody));
    let mut many = busy();
    for n in 0..45 {
        many.titled("payments", &format!("Node {n} is down, and these words go on {}", "and on ".repeat(20)), "", &[]);
    }
    many.hands_over("ana", HandoffNo(1), "");
    hours(&mut many, until.plus_ms(MINUTE));
    golden.say("far too much", &summary(&many));
    let pick = views::handoff::which_team(&[&team, &"pay".into()], " note …", "/pager", &desk.directory);
    golden.say("which team?", &pick);
    golden.say("no team", &views::handoff::which_team(&[], "", "/pager", &desk.directory));
    golden.say("nothing waits", &views::handoff::nothing_waits("/pager"));
    golden.compare();
}

/// What closed in a long shift leaves memory: that no playbook knew it is told all the same.
#[test]
fn an_incident_that_is_over_is_told_of_as_one_without_a_playbook() {
    let of = "[[match]]\nservices = [\"payments\"]\ntitles = [\"*known*\"]";
    let mut desk = with_playbooks(&[("known", of, "- [ ] Look.\n")]);
    for (no, title) in [(1, "unheard of"), (2, "a known one")] {
        desk.event("payments", EventAction::Trigger, title, title, "", &[]);
        desk.deliver();
        desk.act_on(no, "ana", Deed::Acknowledge);
        desk.event("payments", EventAction::Resolve, title, title, "", &[]);
        desk.act_on(no, "ana", Deed::Resolve { note: None });
    }
    desk.advance(2 * DAY);
    for no in (1..=2).map(IncidentNo) {
        let upto = desk.incident(no).next_entry;
        desk.settle(Settled::ThreadShown { incident: no, upto });
    }
    desk.advance(2 * DAY);
    assert!(desk.world.incidents.values().all(|i| i.closed), "{:?}", desk.world.incidents);
    let shown = views::handoff::now(&"team".into(), (Some(NIGHT), None), &"ana".into(), &desk.world, &desk.directory);
    let shown = message(&shown, None);
    assert!(shown.contains("No playbook yet: #1."), "{shown}");
}

/// A handoff in which people wrote all that they may, of characters that Slack wants written longest, and of lines.
#[test]
fn whatever_is_written_for_the_next_one_has_room_or_says_whom_to_ask() {
    let summary = |words: &str, note: &str| {
        let mut desk = Desk::at(NIGHT);
        let mut directory = desk.directory.clone();
        let primary = directory.schedules.get_mut(&"primary".into()).expect("it is there");
        primary.team = Some("team".into());
        primary.layers[0].rotation.members = vec![Member::always("ben"), Member::always("ana")];
        desk.configure(directory);
        let until = desk.world.shifts[&ScheduleId::from("primary")].shift.until;
        desk.advance(until.0 - 29 * MINUTE - desk.now.0);
        (0..NOTES_MAX).for_each(|_| desk.note_for_handoff("team", "chen", note));
        desk.hands_over("ana", HandoffNo(1), words);
        desk.advance(until.0 + MINUTE - desk.now.0);
        let to = Recipient::Channel("C0PAY".into());
        let told = views::handoff::summary(HandoffNo(1), &to, &desk.world, &desk.directory, desk.store);
        message(&told.expect("it is posted"), None)
    };
    let usual = summary(&"word ".repeat(WORDS_CHARS / 5), &"word ".repeat(NOTE_CHARS / 5));
    assert!(!usual.contains("There is no room"), "{usual}");
    assert_eq!(usual.matches(":memo:").count(), NOTES_MAX, "{usual}");
    let longest = summary(&"&".repeat(WORDS_CHARS), &"&".repeat(NOTE_CHARS));
    assert!(longest.contains("There is no room for all of it: ask Ana and Chen for the rest."), "{longest}");
    assert!(!longest.contains("&am…") && !longest.contains("&…"), "{longest}");
    let lines = summary("One.\n\n:red_circle: *#9* two", "First.\nSecond.");
    assert!(lines.contains("\n  >One.\n  >:red_circle: *#9* two\n"), "{lines}");
    assert!(lines.contains(":\n  >First.\n  >Second.\n"), "{lines}");
}

/// Ana follows a playbook whose first step's time is over.
fn runs_late(of: &str, playbook: &str) -> Desk {
    let mut desk = with_playbooks(&[("errors", of, playbook)]);
    desk.titled("payments", "Payment errors", "", &[("region", "eu-1")]);
    desk.deliver();
    desk.act("ana", Deed::BeginPlaybook { playbook: "errors".into(), again: false });
    desk.advance(5 * MINUTE);
    desk
}

/// Slack takes what every shipped playbook becomes, at every step, wherever it leads; and each can be followed to its end.
#[test]
fn every_shipped_playbook_can_be_followed_to_its_end() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = load(&root.join("config.toml"), &SystemEnv).expect("it is good");
    let shipped = loaded.directory;
    assert!(shipped.playbooks.len() >= 8, "{}", shipped.playbooks.len());
    let mut sections = 0;
    for (id, p) in &shipped.playbooks {
        let mut begun = Desk::at(NIGHT);
        let mut directory = begun.directory.clone();
        directory.playbooks.insert(id.clone(), p.clone());
        // The teams that it may page.
        for (team, known) in &shipped.teams {
            directory.teams.entry(team.clone()).or_insert(known.clone());
        }
        begun.configure(directory);
        begun.alert("payments", EventAction::Trigger);
        begun.deliver();
        begun.act("ana", Deed::BeginPlaybook { playbook: id.clone(), again: false });
        let at = |desk: &Desk| {
            let run = first(desk).run.expect("it is followed");
            (run.turn, run.is_at_its_end(), run.next as usize)
        };
        let look = |desk: &Desk| {
            let (i, subject) = (first(desk), desk.subject(&first(desk)));
            let origin = Origin::new(subject.expect("it has one"), None);
            message(&views::run::message(&i, &desk.directory, desk.store).expect("it is followed"), subject);
            view(&views::run::in_window(&i, &desk.directory, &origin, None).expect("it is followed"), subject);
            message(&views::card::card(&i, desk.rca_of(&i), &desk.directory, desk.store), subject);
            at(desk)
        };
        let on = |desk: &mut Desk, to: Move| desk.act("ana", Deed::GoOn { turn: at(desk).0, to });
        let steps = p.steps().count();
        let mut desk = begun;
        // Whichever section somebody goes to, what follows there can be followed.
        for section in 0..p.sections.len() {
            on(&mut desk, Move::GoTo { section });
            assert_eq!(look(&desk).2, p.first_step_of(section), "{id}");
            sections += 1;
        }
        on(&mut desk, Move::GoTo { section: 0 });
        for step in 0..steps {
            let (turn, ended, next) = look(&desk);
            assert!(!ended && next == step, "{id}: step {step}");
            let skip = Move::Skip { why: SkipWhy::NotNeeded, because: "nothing of it here".to_owned() };
            on(&mut desk, if step % 3 == 2 { skip } else { Move::Done { to: None } });
            assert!(desk.try_act("ben", Deed::GoOn { turn, to: Move::Stuck }).is_err(), "{id}: it is drawn anew");
        }
        let (turn, ended, _) = look(&desk);
        assert!(ended, "{id} has an end");
        assert!(
            desk.try_act("ana", Deed::GoOn { turn, to: Move::Done { to: None } }).is_err(),
            "{id}: nothing is after it"
        );
        let i = first(&desk);
        let run = i.run.as_deref().expect("it was followed");
        assert_eq!(run.marks.len(), steps, "{id}: each step is done or skipped");
        desk.act("ana", Deed::Resolve { note: None });
        look(&desk);
    }
    assert!(sections > 40, "{sections}");
}

/// Slack takes what every shipped playbook becomes.
#[test]
fn every_shipped_playbook_can_be_shown() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = load(&root.join("config.toml"), &SystemEnv).expect("it is good");
    let d = &loaded.directory;
    assert!(d.playbooks.len() >= 8, "{}", d.playbooks.len());
    for p in d.playbooks.values() {
        let shown = message(&views::playbook::message(p, Some(IncidentNo(12)), d), None);
        let numbered = shown.lines().filter(|l| l.trim_start().starts_with("*Step ")).count();
        assert!(numbered >= p.steps().count(), "{}: every step is there\n{shown}", p.id);
        let about = Subject { store: StoreId(1), incident: IncidentNo(12) };
        view(&views::playbook::chosen(p, about, None, d), None);
    }
}

#[test]
fn bundles() {
    let mut golden = Golden::new("bundle");
    let mut say = |name: &str, desk: &Desk| {
        let incidents: Vec<Incident> = desk.world.incidents.values().map(|i| (**i).clone()).collect();
        let all: Vec<_> = incidents.iter().filter_map(|i| Some((i, i.pages.first()?))).collect();
        let bundle = views::bundle::bundle(&all, PageId(1), &desk.directory, desk.store);
        if let [told @ .., (_, p)] = all.as_slice()
            && let Some((new, told)) = all.split_last().filter(|_| !told.is_empty())
        {
            let earlier = Earlier::of(p, &[*new], told.iter().map(|(i, _)| *i));
            let pushed = views::bundle::pushed(&[*new], &earlier, &desk.directory);
            golden.say(&format!("{name}: the last of them pushed alone"), &format!("{pushed:?}"));
        }
        golden.say(name, &message(&bundle, Some(Subject { store: desk.store, incident: draw::ANY })));
        let listed = views::bundle::listed(&all, 0, &desk.directory, desk.store);
        let drawn = view(&listed, Some(Subject { store: desk.store, incident: draw::ANY }));
        golden.say(&format!("{name}: listed"), &drawn);
    };
    let some = |n: u64| {
        let mut desk = Desk::at(NIGHT);
        for n in 0..n {
            desk.titled("payments", &format!("Disk {n} is filling up <!channel>"), "https://grafana.example/d/1", &[]);
        }
        desk.deliver();
        desk
    };
    say("two", &some(2));
    let mut three = some(3);
    three.act_on(2, "ben", Deed::Acknowledge);
    say("Ben has one of three", &three);
    three.act_on(1, "ana", Deed::Acknowledge);
    three.act_on(3, "ana", Deed::Resolve { note: None });
    say("none waits any more", &three);
    say("sixty", &some(60));
    let mut held = some(2);
    held.titled("search", "Search is slow", "", &[]);
    held.deliver();
    held.quiet("ben", Covered::Services(vec!["payments".into()]), 0, HOUR, "deploy");
    say("a window holds two back", &held);
    let mut asked = Desk::at(NIGHT);
    for (n, by) in [(1, "mara"), (2, "ben")] {
        asked.titled("reports", &format!("Report {n} is late"), "", &[]);
        asked.act_on(n, by, Deed::AddResponders { whom: vec![Whom::User("ana".into())] });
    }
    asked.deliver();
    say("two ask for Ana", &asked);
    golden.compare();
}

#[test]
fn logs() {
    let mut golden = Golden::new("log");
    for (name, desk) in states() {
        let drawn = match views::log::log(&first(&desk), &desk.directory) {
            Some(log) => message(&log, None),
            None => "(none)".to_owned(),
        };
        golden.say(name, &drawn);
    }
    golden.compare();
}

#[test]
fn why_and_now() {
    let mut golden = Golden::new("why");
    for (name, desk) in states() {
        golden.say(name, &message(&why(&desk), None));
    }
    let alone = |change: &dyn Fn(&mut Directory)| {
        let mut desk = Desk::at(NIGHT);
        change(&mut desk.directory);
        desk.alert("payments", EventAction::Trigger);
        desk.deliver();
        desk
    };
    let often = |d: &mut Directory| d.policies.get_mut(&"payments".into()).expect("a policy").repeat = 9;
    golden.say("triggered: more comes next than is told", &message(&why(&alone(&often)), None));
    let once = |d: &mut Directory| d.settings.exhausted_backoff_secs.clear();
    golden.say("triggered: the catch-all hears of it once", &message(&why(&alone(&once)), None));
    let (_, desk) = states().swap_remove(1);
    let watch = |schedule| {
        let (now, next) = now_and_next(schedule, &[], NIGHT);
        Watch { schedule, now, next, silent_until: None }
    };
    let watches: Vec<Watch<'_>> = desk.directory.schedules.values().map(watch).collect();
    let open = [&first(&desk)];
    golden.say(
        "now",
        &message(&views::why::now(views::list::in_parts(&open, &desk.directory), &watches, &desk.directory), None),
    );
    let mut parts = Desk::at(NIGHT);
    for service in ["payments", "payments", "payments", "search", "reports"] {
        parts.titled(service, &format!("{service} is slow"), "", &[]);
    }
    parts.act_on(2, "ana", Deed::Acknowledge);
    let until = NIGHT.plus_ms(HOUR);
    parts.act_on(3, "ana", Deed::Snooze { until, why: None, because: String::new() });
    parts.quiet("ben", Covered::Services(vec!["search".into()]), 0, HOUR, "deploy");
    let mut open: Vec<&Incident> = parts.world.open_incidents().map(|i| &**i).collect();
    open.sort_by_key(|i| views::list::order(i));
    golden.say(
        "now, of every kind",
        &message(&views::why::now(views::list::in_parts(&open, &parts.directory), &watches, &parts.directory), None),
    );
    golden.say(
        "now, all quiet",
        &message(&views::why::now(views::list::in_parts(&[], &desk.directory), &watches, &desk.directory), None),
    );
    golden.compare();
}

#[test]
fn home() {
    let mut golden = Golden::new("home");
    let mut say = |name: &str, desk: &Desk, who: &str| {
        let user = &desk.directory.users[&who.into()];
        let stamp = Stamp::agreed(desk.now);
        let duties = duties(&desk.world, &desk.directory, stamp, &user.id);
        let open: Vec<_> = desk.world.open_incidents().map(|i| &**i).collect();
        let mine: Vec<_> = open.iter().copied().filter(|i| i.concerns(&user.id)).collect();
        let silent_until = out_of_hearing(&desk.world, &desk.directory, stamp, user);
        let whose = Me { user, duties: &duties, silent_until, mine: &mine, quiet: None };
        let home = views::home::home(&whose, open.len(), &desk.directory, desk.store);
        golden.say(name, &view(&home, Some(Subject { store: desk.store, incident: draw::ANY })));
        let coming = coming(&desk.world, &desk.directory, desk.now, &user.id);
        let me = views::oncall::me(&user.id, &duties, &coming, silent_until, &desk.directory);
        golden.say(&format!("{name}: /oncall me"), &message(&me, None));
    };
    say("Ana, on call, all is quiet", &Desk::at(NIGHT), "ana");
    say("Chen, whom a level names", &Desk::at(NIGHT), "chen");
    say("Mara, not on call", &Desk::at(NIGHT), "mara");
    let (_, paged) = states().swap_remove(1);
    say("Ana is paged", &paged, "ana");
    say("Ben is not", &paged, "ben");
    let mut stand_in = Desk::at(NIGHT);
    stand_in.stand_in("primary", "ben", HOUR, 5 * HOUR);
    say("Ana, for an hour more", &stand_in, "ana");
    say("Ben, in an hour", &stand_in, "ben");
    let mut asleep = Desk::at(NIGHT);
    asleep.sleeps("ana");
    say("Ana, who sleeps", &asleep, "ana");
    let mut many = Desk::at(NIGHT);
    for n in 0..14 {
        many.titled("payments", &format!("Disk {n} is filling up"), "", &[]);
    }
    say("Ana, with more than a screen", &many, "ana");
    let stranger = views::home::stranger(&views::people::unknown());
    golden.say("somebody unknown", &view(&stranger, None));
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
    let ana = &desk.directory.users[&"ana".into()];
    golden.say("somebody who sleeps", &views::dnd::will_not_wake(&[(ana, "22:00-08:00")]));
    golden.say("many who sleep", &views::dnd::will_not_wake(&[(ana, "22:00-08:00"); 40]));
    golden.say("nobody knows who sleeps", &views::dnd::could_not_look("missing_scope"));
    golden.compare();
}

/// The coming two weeks, with an override, a fixed shift and hours at which nobody is on call; and more than a message
/// takes.
fn calendars(golden: &mut Golden, directory: &Directory, stand_in: &Override) {
    let mut d = directory.clone();
    let days = d.schedules.get_mut(&"platform-days".into()).expect("it is there");
    let noon = NIGHT.utc().date_naive().and_hms_opt(12, 0, 0).expect("a time");
    days.fixed = vec![FixedShift { user: "mara".into(), from: noon, until: noon + chrono::TimeDelta::hours(30) }];
    days.layers[0].until = days.layers[0].rotation.start.checked_add_days(chrono::Days::new(800));
    let mut hourly = days.clone();
    (hourly.id, hourly.name, hourly.fixed) = ("hourly".into(), "By the hour".to_owned(), Vec::new());
    hourly.layers[0].rotation.turn_hours = vec![1];
    d.schedules.insert(hourly.id.clone(), hourly);
    let overrides = [stand_in];
    let of = |whose: &Whose| -> Vec<&Schedule> {
        let is_meant = |s: &&Schedule| match whose {
            Whose::Team(team) => s.team.as_ref() == Some(team) && s.id.as_str() != "hourly",
            Whose::Schedule(id) => s.id == *id,
        };
        d.schedules.values().filter(is_meant).collect()
    };
    let end = NIGHT.plus_secs(gaps::CALENDAR_SECS);
    let calendar = |whose: Whose| {
        let all = |s| shifts(s, &overrides, NIGHT).take(gaps::SHIFTS).take_while(|shift| shift.from < end).collect();
        let all = of(&whose).into_iter().map(|s| (s, all(s))).collect();
        message(&views::calendar::calendar(&whose, all, &d), None)
    };
    golden.say("/oncall schedule payments", &calendar(Whose::Team("payments".into())));
    golden.say("/oncall schedule platform", &calendar(Whose::Team("platform".into())));
    golden.say("/oncall schedule security-sun", &calendar(Whose::Schedule("security-sun".into())));
    let many = calendar(Whose::Schedule("hourly".into()));
    golden.say("many shifts, the last lines", &many.lines().rev().take(4).collect::<Vec<_>>().join("\n"));
    let found = |s| (s, schedule::gaps(s, &overrides, (NIGHT, end), gaps::SHIFTS));
    let gaps = |whose: Option<Whose>| {
        let of: Vec<&Schedule> = whose.as_ref().map_or_else(|| d.schedules.values().collect(), of);
        message(&views::calendar::gaps(whose.as_ref(), of.into_iter().map(found).collect(), &d), None)
    };
    golden.say("/oncall gaps", &gaps(None));
    golden.say("/oncall gaps payments", &gaps(Some(Whose::Team("payments".into()))));
    golden.say("/oncall gaps security-sun", &gaps(Some(Whose::Schedule("security-sun".into()))));
    let lasting = (ScheduleId::from("platform-days"), Gap { from: NIGHT, until: At(i64::MAX) });
    let soon = (ScheduleId::from("search-week"), Gap { from: NIGHT.plus_ms(HOUR), until: NIGHT.plus_ms(2 * HOUR) });
    golden.say("gaps ahead", &views::calendar::gaps_ahead(&[lasting, soon.clone()], &d));
    golden.say("many gaps ahead", &views::calendar::gaps_ahead(&vec![soon; 22], &d));
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
        due: None,
    };
    let watch = |schedule| {
        let (now, next) = now_and_next(schedule, &[&stand_in], NIGHT);
        let silent_until = (schedule.name == "Night & day").then(|| NIGHT.plus_ms(HOUR));
        Watch { schedule, now, next, silent_until }
    };
    let watches: Vec<Watch<'_>> = directory.schedules.values().map(watch).collect();
    for team in [None, Some("payments"), Some("search")] {
        let id = team.map(TeamId::from);
        let said = views::oncall::oncall(id.as_ref(), &watches, &directory);
        golden.say(&format!("/oncall {}", team.unwrap_or_default()), &message(&said, None));
    }
    let request = |user: &str, by: &str| OverrideRequest {
        schedule: "payments-primary".into(),
        user: user.into(),
        from: NIGHT,
        until: NIGHT.plus_ms(2 * HOUR),
        by: by.into(),
    };
    let say = |r: &OverrideRequest, instead: Option<&str>, morning| {
        let instead = instead.map(UserId::from);
        message(&views::oncall::stands_in(r, instead.as_ref(), morning, &directory), None)
    };
    golden.say("Ben takes it", &say(&request("ben", "ben"), Some("ana"), false));
    golden.say("Ben is put in Ana's place", &say(&request("ben", "mara"), Some("ana"), true));
    let both = views::oncall::backs_themselves_up(
        &request("ben", "ben"),
        &Also::Schedule("payments-backup".into()),
        Some("`/oncall override remove 2` ends it."),
        &directory,
    );
    golden.say("Ben is the backup, too", &both);
    let both = views::oncall::backs_themselves_up(
        &request("ben", "mara"),
        &Also::Schedule("payments-backup".into()),
        Some("`/oncall override remove 2` ends it."),
        &directory,
    );
    golden.say("Ben is the backup, too, says Mara", &both);
    let named = views::oncall::backs_themselves_up(&request("ben", "ben"), &Also::ByName(2), None, &directory);
    golden.say("Ben is level 2 by name", &named);
    golden.say("where nobody was", &say(&request("ben", "mara"), None, false));
    golden.say("nothing is configured", &message(&views::oncall::oncall(None, &[], &directory), None));
    let d = &directory;
    let later = Override {
        id: OverrideId(2),
        by: "divya".into(),
        from: At(NIGHT.0 + DAY),
        until: At(NIGHT.0 + 2 * DAY),
        ..stand_in.clone()
    };
    let listed = |all: &[&Override]| message(&views::oncall::overrides(all, "/who", d), None);
    golden.say("overrides", &listed(&[&stand_in, &later]));
    golden.say("overrides, where there are none", &listed(&[]));
    let many: Vec<Override> = (1..=25).map(|n| Override { id: OverrideId(n), ..stand_in.clone() }).collect();
    let many = listed(&many.iter().collect::<Vec<_>>());
    golden.say("many overrides, the last lines", &many.lines().rev().take(3).collect::<Vec<_>>().join("\n"));
    calendars(&mut golden, &directory, &stand_in);
    let (ana, mara): (UserId, UserId) = ("ana".into(), "mara".into());
    let mut say = |name: &str, words: &str| golden.say(name, &draw::words(words));
    say("Divya is put on call: she reads", &views::oncall::put_on_call(&stand_in, Some(&ana), "/pager oncall", d));
    say("Divya is put on call: Ana reads", &views::oncall::relieved(&stand_in, "/pager oncall", d));
    say("Divya takes it: Ana reads", &views::oncall::relieved(&later, "/pager oncall", d));
    say("Mara ends it: she reads", &views::oncall::ended(&stand_in, Some(Some(&ana)), d));
    say("Mara ends it, and nobody is on call: she reads", &views::oncall::ended(&stand_in, Some(None), d));
    say("Mara ends it before it began: she reads", &views::oncall::ended(&stand_in, None, d));
    say("Mara ends it: Divya reads", &views::oncall::not_on_call_any_more(&stand_in, &mara, Some(&ana), d));
    let divya = stand_in.user.clone();
    say(
        "Mara ends it, and Divya has another: she reads",
        &views::oncall::not_on_call_any_more(&stand_in, &mara, Some(&divya), d),
    );
    say("Mara ends it: Ana reads", &views::oncall::on_call_again(&stand_in, &mara, true, d));
    say("Ben ends his own: Ana reads", &views::oncall::on_call_again(&stand_in, &stand_in.user, false, d));
    say("Mara ends it: Ben, who made it, reads", &views::oncall::your_override_ended(&stand_in, &mara, d));
    let untold = [
        ("ben".into(), Untold::Slack("account_inactive".to_owned())),
        ("mara".into(), Untold::NoSlackId),
        ("divya".into(), Untold::Paused),
    ];
    say("who is told and who is not", &views::oncall::told(&[ana], &untold, d));
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
        let choices = snooze::choices(now, chrono_tz::Europe::Lisbon);
        let origin = Origin::new(subject, None);
        golden.say(name, &view(&views::modal::snooze(&i, &choices, None, &desk.directory, &origin), Some(subject)));
    }
    golden.compare();
}

/// A maintenance window and a silence from the plan to the end, as a channel and whoever made it read of them.
#[test]
fn silences_and_maintenance() {
    let mut golden = Golden::new("quiet");
    let mut desk = Desk::at(NIGHT);
    let tell = |golden: &mut Golden, desk: &Desk, name: &str| {
        for p in desk.world.posts.values() {
            let to = match &p.to {
                Recipient::User(user) => format!("to {user}"),
                Recipient::Channel(channel) => channel.to_string(),
            };
            let post = views::post::post(p, &desk.world, &desk.directory, desk.store).expect("it has something to say");
            golden.say(&format!("{name}, {to}"), &message(&post, None));
        }
        let reader = views::quiet::Reader { user: None, channel: None };
        let list = views::quiet::list(&desk.world, &desk.directory, reader, "/pager");
        golden.say(&format!("{name}, list"), &message(&list, None));
        if let Some(short) = views::quiet::in_short(&desk.world, &desk.directory, reader) {
            golden.say(&format!("{name}, in short"), &short);
        }
    };
    let everything = || Covered::Services(vec!["payments".into(), "search".into()]);
    desk.quiet("ben", everything(), 10 * MINUTE, 2 * HOUR, "deploy *4* <!channel>");
    tell(&mut golden, &desk, "planned");
    desk.alert("payments", EventAction::Trigger);
    desk.pass(10 * MINUTE);
    desk.due();
    tell(&mut golden, &desk, "in force");
    let (i, d) = (desk.incident(IncidentNo(1)), &desk.directory);
    golden.say(
        "the held incident",
        &message(&views::list::show(&i, None, d, desk.store), Some(Subject { store: desk.store, incident: i.no })),
    );
    desk.pass(106 * MINUTE);
    desk.due();
    tell(&mut golden, &desk, "ends soon");
    desk.end_quiet("mara", 1);
    tell(&mut golden, &desk, "ended by somebody");
    let matchers = vec![Matcher::parse("alertname=Payment*").expect("a matcher")];
    let labels = Covered::Labels { within: Within::Service("payments".into()), matchers };
    desk.quiet("ana", labels, 0, HOUR, "known");
    tell(&mut golden, &desk, "a silence by labels");
    desk.quiet("ben", Covered::Services(vec!["payments".into()]), 0, HOUR, "deploy");
    tell(&mut golden, &desk, "two with the same end");
    desk.pass(54 * MINUTE);
    desk.due();
    tell(&mut golden, &desk, "two with the same end, soon");
    desk.end_quiet("mara", 3);
    tell(&mut golden, &desk, "one of two is ended");
    desk.end_quiet("mara", 2);
    tell(&mut golden, &desk, "both are ended");
    let mut desk = Desk::at(NIGHT);
    desk.alert("payments", EventAction::Trigger);
    desk.quiet("ben", Covered::Services(vec!["payments".into()]), 0, 2 * HOUR, "deploy");
    desk.quiet("ana", Covered::Team("team".into()), 0, HOUR, "moving");
    desk.pass(54 * MINUTE);
    desk.due();
    tell(&mut golden, &desk, "one within another, soon");
    desk.pass(6 * MINUTE);
    desk.due();
    tell(&mut golden, &desk, "one within another, over");
    golden.compare();
}
