//! Before a shift: that it is ahead, what to check, and that it is another's.

use crate::desk::{DAY, Desk, HOUR, NIGHT};
use crate::draw::{Golden, message};
use std::collections::BTreeMap;
use std::sync::Arc;
use warridor::domain::directory::{Method, PersonalRule, Twilio};
use warridor::domain::dnd::Window;
use warridor::domain::fact::Fact;
use warridor::domain::id::{IncidentNo, MessageRef};
use warridor::domain::input::{Deed, Settled};
use warridor::domain::moved::{Moved, Span};
use warridor::domain::page::{PageFailure, Recipient};
use warridor::domain::prepare::{Check, Gone, Looks, Prepared, ShiftKey, Told};
use warridor::domain::stamp::At;
use warridor::views;

/// Ana's next shift, on Wednesday at six in the evening.
fn anas() -> Prepared {
    let from = NIGHT.plus_ms(2 * DAY + 15 * HOUR - 2 * 60_000);
    let shift = ShiftKey { schedule: "primary".into(), user: "ana".into(), from };
    let (before, above) = (Some("ben".into()), vec!["mara".into(), "chen".into()]);
    Prepared::new(shift, Looks { from, until: from.plus_ms(7 * DAY), pause: None, before, above })
}

#[test]
fn before_a_shift() {
    let mut golden = Golden::new("prepare");
    let mut desk = Desk::at(NIGHT);
    let said = |desk: &mut Desk, p: &Prepared, told: Told| {
        desk.world.prepared.insert(p.shift.clone(), Arc::new(p.clone()));
        let shown = views::prepare::ahead(&p.shift, told, &desk.world, &desk.directory, desk.store);
        message(&shown.expect("it is said"), None)
    };
    golden.say("well ahead", &said(&mut desk, &anas(), Told::First));
    golden.say("soon", &said(&mut desk, &anas(), Told::Last));
    let asleep = Window { from: NIGHT.plus_ms(-5 * HOUR), until: NIGHT.plus_ms(5 * HOUR) };
    let slack = desk.directory.users[&"ana".into()].slack.clone().expect("an id");
    desk.world.dnd.insert(slack, asleep);
    let two = Prepared { ready: BTreeMap::from([(Check::Laptop, NIGHT), (Check::Methods, NIGHT)]), ..anas() };
    golden.say("two are checked, and Slack is silent at night", &said(&mut desk, &two, Told::Last));
    desk.directory.twilio =
        Some(Twilio { account: "AC0".into(), token_envs: Vec::new(), from: "+1".into(), api: "".into() });
    let ana = desk.directory.users.get_mut(&"ana".into()).expect("she is there");
    ana.phone = Some("+351912345678".into());
    let rule = |method, delay_secs| PersonalRule { method, delay_secs, only: None };
    ana.rules = vec![PersonalRule::slack(0), rule(Method::Sms, 60), rule(Method::Voice, 180)];
    golden.say("by telephone, too", &said(&mut desk, &two, Told::Last));
    // Eight hours of each working day, far from the night.
    let from = NIGHT.plus_ms(2 * DAY + 6 * HOUR - 2 * 60_000);
    let (pause, until) = (Some(from.plus_ms(8 * HOUR)), from.plus_ms(2 * DAY + 8 * HOUR));
    let days = Looks { from, until, pause, ..anas().looks };
    let with_pauses = |ready: &[Check]| Prepared {
        looks: days.clone(),
        ready: ready.iter().map(|check| (*check, NIGHT)).collect(),
        ..anas()
    };
    golden.say("with pauses", &said(&mut desk, &with_pauses(&[]), Told::First));
    let early = ShiftKey { from: NIGHT.plus_ms(-DAY), ..anas().shift };
    let ready = [Check::Phone, Check::Laptop, Check::Environment, Check::Methods].map(|check| (check, NIGHT)).into();
    let early = Prepared { shift: early, ready, ..anas() };
    desk.world.prepared.insert(early.shift.clone(), Arc::new(early.clone()));
    golden.say("most was checked for another shift", &said(&mut desk, &with_pauses(&[Check::Phone]), Told::Last));
    let in_it = views::prepare::list(&with_pauses(&[]), true, &desk.world, &desk.directory, desk.store);
    golden.say("the answer to ready, in the shift", &message(&in_it, None));
    desk.world.prepared.remove(&early.shift);
    let of = |schedule: &str, days: i64| {
        let looks = Looks { from: anas().looks.from.plus_ms(days * DAY), ..anas().looks };
        Prepared { shift: ShiftKey { schedule: schedule.into(), ..anas().shift }, looks, ..anas() }
    };
    let several = [anas(), of("search", 1), of("empty", 2), of("backup", 3)];
    let several = |n: usize| views::prepare::lists(&several[..n], NIGHT, &desk.world, &desk.directory, desk.store);
    golden.say("ready: two schedules", &message(&several(2), None));
    golden.say("ready: more than there is room for", &message(&several(4), None));
    let all = Prepared { ready: Check::ALL.map(|check| (check, NIGHT)).into(), ..anas() };
    golden.say("all is checked", &said(&mut desk, &all, Told::Last));
    let to = |who: Option<&str>| Prepared { gone: Some(Gone { to: who.map(Into::into) }), ..anas() };
    golden.say("it is another's", &said(&mut desk, &to(Some("chen")), Told::Last));
    golden.say("it is nobody's", &said(&mut desk, &to(None), Told::First));
    let endless = Looks { until: At(i64::MAX), before: None, above: Vec::new(), ..anas().looks };
    let endless = Prepared { looks: endless, ..anas() };
    golden.say("without an end, alone", &said(&mut desk, &endless, Told::First));
    let ana = desk.directory.users.get_mut(&"ana".into()).expect("she is there");
    (ana.slack, ana.phone) = (None, None);
    desk.directory.users.get_mut(&"ben".into()).expect("he is there").name = "<!here> & *Ben*".to_owned();
    for team in desk.directory.teams.values_mut() {
        team.name = "*Pay* <!channel>".to_owned();
    }
    golden.say("names from outside, and nothing reaches her", &said(&mut desk, &anas(), Told::Last));
    let span = |day: i64, days: i64| {
        let from = NIGHT.plus_ms(day * DAY);
        Some(Span { from, until: if days == 0 { At(i64::MAX) } else { from.plus_ms(days * DAY) } })
    };
    let moved = |was, is| Moved { schedule: "primary".into(), was, is };
    let ana = Recipient::User("ana".into());
    let news = |all: &[Moved], more: usize, desk: &Desk| {
        message(&views::prepare::moved(&ana, NIGHT, all, more, &desk.world, &desk.directory), None)
    };
    let all =
        [moved(span(1, 7), None), moved(None, span(0, 1)), moved(None, span(8, 7)), moved(span(15, 7), span(16, 0))];
    golden.say("the file moved three", &news(&all, 0, &desk));
    golden.say("the file moved more than there is room for", &news(&all[..1], 5, &desk));
    desk.world.shifts.clear();
    golden.say("of a schedule that is gone", &news(&all[..1], 0, &desk));
    golden.say("no shift", &views::prepare::none("/pager oncall"));
    golden.compare();
}

#[test]
fn a_test_page() {
    let mut golden = Golden::new("test_page");
    let by_all = |methods: &[Method]| {
        let mut desk = Desk::at(NIGHT);
        desk.directory.twilio =
            Some(Twilio { account: "AC0".into(), token_envs: Vec::new(), from: "+1".into(), api: "".into() });
        let ana = desk.directory.users.get_mut(&"ana".into()).expect("she is there");
        ana.phone = Some("+351912345678".into());
        let rule = |method: &Method| PersonalRule { method: method.clone(), delay_secs: 60, only: None };
        ana.rules = methods.iter().map(rule).collect();
        desk
    };
    let dm = |desk: &Desk| {
        let i = desk.incident(IncidentNo(1));
        message(&views::page::page(&i, &i.pages[0], &desk.directory, desk.store), desk.subject(&i))
    };
    let told = |desk: &Desk, facts: &[Fact]| views::reply::act(facts, &desk.incident(IncidentNo(1)), &desk.directory);
    // What a provider takes is not delivered, but sent.
    let taken = |desk: &mut Desk| {
        for p in desk.incident(IncidentNo(1)).pages {
            let settled = match p.method {
                Method::Slack => {
                    let message = MessageRef { channel: "D0".into(), ts: "1.000001".into() };
                    Settled::PagesDelivered { pages: vec![(IncidentNo(1), p.id)], message, bundle: None }
                }
                _ => Settled::PagesSent { pages: vec![(IncidentNo(1), p.id)], receipt: "R".into(), bundle: None },
            };
            desk.settle(settled);
        }
    };
    let all = [Method::Slack, Method::Sms, Method::Voice];
    let mut desk = by_all(&all);
    let begun = desk.test_page("ana");
    golden.say("sent, the answer", &told(&desk, &begun));
    golden.say("sent", &dm(&desk));
    taken(&mut desk);
    let mut failing = desk.copy();
    desk.pass(60_000);
    let answered = desk.act_on(1, "ana", Deed::Acknowledge);
    golden.say("it came, the answer", &told(&desk, &answered));
    golden.say("it came", &dm(&desk));
    let late = desk.act_on(1, "ana", Deed::Acknowledge);
    golden.say("once more, the answer", &told(&desk, &late));
    let why = PageFailure::Provider("nobody <!here> picked up".into());
    let voice = failing.incident(IncidentNo(1)).pages[2].id;
    failing.settle(Settled::PageFailed { incident: IncidentNo(1), page: voice, why });
    let answered = failing.act_on(1, "ana", Deed::Acknowledge);
    golden.say("one of them failed, the answer", &told(&failing, &answered));
    golden.say("one of them failed", &dm(&failing));
    let mut soon = by_all(&all);
    soon.test_page("ana");
    soon.act_on(1, "ana", Deed::Acknowledge);
    golden.say("answered before anything left", &dm(&soon));
    let mut silent = by_all(&all);
    silent.sleeps("ana");
    silent.test_page("ana");
    taken(&mut silent);
    silent.advance(6 * 60_000);
    golden.say("no answer, and Slack makes no sound", &dm(&silent));
    let mut alone = by_all(&[Method::Slack]);
    let begun = alone.test_page("ana");
    golden.say("by Slack alone, the answer", &told(&alone, &begun));
    golden.say("by Slack alone", &dm(&alone));
    let mut phone = by_all(&[Method::Sms, Method::Voice]);
    let begun = phone.test_page("ana");
    golden.say("by telephone alone, the answer", &told(&phone, &begun));
    let i = phone.incident(IncidentNo(1));
    let one = [(&i, &i.pages[0])];
    for answers in [true, false] {
        let text = views::phone::text(&one, &Default::default(), &phone.directory, answers);
        let spoken = views::phone::spoken(&one, &Default::default(), &phone.directory, answers);
        golden
            .say(&format!("text and call, answers: {answers}"), &format!("{text}\n\n{}\n{}", spoken.news, spoken.menu));
    }
    golden.say("the command came twice, and it is over", &views::test_page::over_already());
    golden.compare();
}
