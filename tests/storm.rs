//! A bad day: more incidents than Slack takes messages. Everybody hears at once, every incident is in some page within a
//! minute, and each channel has one message that lists the worst. On the whole pager in virtual time.

mod sim;

use serde_json::Value;
use sim::company::company;
use sim::{Sim, event};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use warridor::config::playbook::of_text;
use warridor::domain::directory::{Directory, Policy, Service, Step, Target, Team, User};
use warridor::domain::fact::Fact;
use warridor::domain::group::FLOOD;
use warridor::domain::id::{IncidentNo, PageId};
use warridor::domain::input::{Deed, EventAction};
use warridor::domain::page::Recipient;
use warridor::domain::run::Move;
use warridor::domain::stamp::At;

const SERVICES: usize = 200;
const TEAMS: usize = 10;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
/// Monday 2026-03-02, 03:02 UTC.
const NIGHT: At = At(1_772_420_520_000);

/// Two hundred services of ten teams, each with a channel and somebody to ask.
fn many_services() -> Directory {
    let mut d = company();
    let ana = d.users.values().find(|u| u.id.as_str() == "ana").cloned().expect("Ana");
    for n in 0..TEAMS {
        let (id, channel) = (format!("p{n}"), format!("C0TEAM{n}"));
        let slack = Some(format!("U0{}", id.to_uppercase()).as_str().into());
        let user = User { id: id.as_str().into(), name: format!("Person {n}"), slack, ..ana.clone() };
        d.users.insert(user.id.clone(), user);
        let team = Team::new(format!("team{n}").as_str().into(), channel.as_str().into(), vec![id.as_str().into()]);
        d.teams.insert(team.id.clone(), team);
        let steps = vec![Step::all(vec![Target::User(id.as_str().into())], 3_600)];
        let policy = Policy { id: format!("policy{n}").as_str().into(), steps, repeat: 0 };
        d.policies.insert(policy.id.clone(), policy);
    }
    for n in 0..SERVICES {
        let (t, id) = (n % TEAMS, format!("s{n}"));
        let channel = format!("C0TEAM{t}");
        let (team, policy) = (format!("team{t}"), format!("policy{t}"));
        let service =
            Service::new(id.as_str().into(), team.as_str().into(), policy.as_str().into(), channel.as_str().into());
        d.services.insert(service.id.clone(), service);
    }
    d
}

fn sim() -> Sim {
    sim_of(many_services())
}

fn sim_of(directory: Directory) -> Sim {
    let mut sim = Sim::of(directory, NIGHT, 11);
    sim.latency_ms = (20, 20);
    sim
}

fn fires(sim: &mut Sim, service: &str, key: &str) {
    sim.events(service, vec![event(EventAction::Trigger, key, None)]);
}

fn clears(sim: &mut Sim, service: &str, key: &str) {
    sim.events(service, vec![event(EventAction::Resolve, key, None)]);
}

fn texts(sim: &mut Sim, channel: &str) -> Vec<String> {
    sim.messages(channel).iter().map(|m| m["text"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Everything that a message shows.
fn shown(m: &Value) -> String {
    let mut words = Vec::new();
    fn walk(v: &Value, words: &mut Vec<String>) {
        match v {
            Value::Object(fields) => fields.iter().for_each(|(name, v)| match v {
                Value::String(s) if name == "text" => words.push(s.clone()),
                other => walk(other, words),
            }),
            Value::Array(all) => all.iter().for_each(|v| walk(v, words)),
            _ => {}
        }
    }
    walk(&m["blocks"], &mut words);
    walk(&m["attachments"], &mut words);
    words.join("\n")
}

fn storms(sim: &mut Sim, channel: &str) -> Vec<Value> {
    sim.messages(channel).into_iter().filter(|m| m["metadata"]["event_payload"]["kind"] == "post").collect()
}

/// The incidents whose cards a channel has, in their order.
fn cards(sim: &mut Sim, channel: &str) -> Vec<u64> {
    let card = |m: Value| {
        let payload = &m["metadata"]["event_payload"];
        let is_card = payload["kind"] == "card";
        payload["incident"].as_str().filter(|_| is_card).and_then(|n| n.parse().ok())
    };
    sim.messages(channel).into_iter().filter_map(card).collect()
}

/// When each incident was opened, first asked somebody, and first stood in a page that arrived.
#[derive(Default)]
struct Told {
    opened: BTreeMap<IncidentNo, At>,
    arrived: BTreeMap<IncidentNo, At>,
    asked: BTreeMap<PageId, Recipient>,
    first: BTreeMap<Recipient, At>,
    first_asked: BTreeMap<Recipient, At>,
}

fn told(sim: &Sim) -> Told {
    let mut told = Told::default();
    for (at, fact) in sim.dated_facts_after(0) {
        match fact {
            Fact::IncidentOpened(o) => {
                told.opened.insert(o.incident, at);
            }
            Fact::PageRequested { page, to, .. } => {
                told.first_asked.entry(to.clone()).or_insert(at);
                told.asked.insert(page, to);
            }
            Fact::PageDelivered { incident, page, .. } => {
                told.arrived.entry(incident).or_insert(at);
                told.first.entry(told.asked[&page].clone()).or_insert(at);
            }
            _ => {}
        }
    }
    told
}

#[test]
fn five_thousand_alerts_in_a_minute_reach_everybody_and_none_is_left_out() {
    let mut sim = sim();
    for second in 0..60 {
        for n in (second * 5_000 / 60)..((second + 1) * 5_000 / 60) {
            fires(&mut sim, &format!("s{}", n % SERVICES), &format!("disk-{n}"));
        }
        sim.advance(SECOND);
    }
    sim.advance(MINUTE);
    let told = told(&sim);
    assert_eq!(told.opened.len(), 5_000, "none is lost");
    for (who, asked) in &told.first_asked {
        let waited = told.first.get(who).map(|at| at.0 - asked.0);
        assert!(waited.is_some_and(|ms| ms < 5 * SECOND), "{who:?} heard after {waited:?} ms");
    }
    assert_eq!(told.first_asked.len(), TEAMS, "everybody was asked");
    for (no, opened) in &told.opened {
        let waited = told.arrived.get(no).map(|at| at.0 - opened.0);
        assert!(waited.is_some_and(|ms| ms < MINUTE), "{no} stood in a page after {waited:?} ms");
    }
    for n in 0..TEAMS {
        let pushes = texts(&mut sim, &format!("dm:p{n}"));
        assert!(pushes.len() <= 5, "one push in half a minute at most: {pushes:#?}");
        let last = pushes.last().expect("a push");
        assert!(last.contains("incidents, worst #"), "{last}");
        let storms = storms(&mut sim, &format!("c0team{n}"));
        assert_eq!(storms.len(), 1, "one message tells of them all");
        // Those that had their card before there was a storm are not counted.
        let words = shown(&storms[0]);
        let count = words.split("*Storm: ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        assert!(count.parse::<u32>().is_ok_and(|n| (490..=500).contains(&n)), "{words}");
    }
}

/// Thirty of low urgency, and then one that matters.
fn a_storm_of_little_things(sim: &mut Sim) {
    for n in 0..30 {
        fires(sim, "reports", &format!("report-{n}"));
    }
    sim.settle();
    fires(sim, "search", "everything");
    sim.settle();
}

#[test]
fn the_worst_card_comes_before_those_that_came_first() {
    let mut sim = sim();
    a_storm_of_little_things(&mut sim);
    sim.advance(4 * SECOND);
    let cards = cards(&mut sim, "search");
    assert!(cards.len() < 10 && cards.contains(&31), "#31 is among the first: {cards:?}");
}

#[test]
fn fault_7_what_is_urgent_is_among_the_first_when_a_channel_takes_messages_again() {
    let mut sim = sim();
    let wait =
        serde_json::json!({ "fault": "429", "method": "chat.postMessage", "channel": "C0SEARCH", "retry_after": 30 });
    sim::order(&mut sim.slack, wait);
    for n in 0..10 {
        fires(&mut sim, "reports", &format!("report-{n}"));
        sim.advance(SECOND);
    }
    fires(&mut sim, "search", "everything");
    sim.advance(SECOND);
    assert_eq!(texts(&mut sim, "dm:chen").len(), 1, "the page does not wait");
    assert!(cards(&mut sim, "search").is_empty(), "the channel takes nothing");
    sim::clear(&mut sim.slack);
    sim.advance(MINUTE);
    let shown = cards(&mut sim, "search");
    assert_eq!(shown.len(), 11, "each once: {shown:?}");
    // Two were on their way when it came.
    assert!(shown.iter().position(|no| *no == 11).is_some_and(|at| at <= 2), "{shown:?}");
}

#[test]
fn one_message_lists_the_worst_and_says_when_all_have_their_cards() {
    let mut sim = sim();
    a_storm_of_little_things(&mut sim);
    sim.advance(5 * SECOND);
    let all = storms(&mut sim, "search");
    assert_eq!(all.len(), 1, "{:#?}", texts(&mut sim, "search"));
    let words = shown(&all[0]);
    assert!(words.contains("*Storm: 31 incidents in this channel since"), "{words}");
    assert!(words.contains("cards are still to come, the worst first"), "{words}");
    let (worst, other) = (words.find("everything is wrong"), words.find("report-0 is wrong"));
    assert!(worst.is_some() && worst < other, "the worst is first: {words}");
    sim.advance(2 * MINUTE);
    let words = shown(&storms(&mut sim, "search")[0]);
    assert!(words.contains("*The storm has passed.* 31 incidents"), "{words}");
    let posted: BTreeSet<u64> = cards(&mut sim, "search").into_iter().collect();
    assert_eq!(posted.len(), 31, "each has its card");
    assert!(sim.is_quiet());
}

#[test]
fn twenty_at_once_are_no_storm() {
    let mut sim = sim();
    for n in 0..20 {
        fires(&mut sim, "reports", &format!("report-{n}"));
    }
    sim.advance(2 * MINUTE);
    assert_eq!(storms(&mut sim, "search"), Vec::<Value>::new());
    assert_eq!(cards(&mut sim, "search").len(), 20);
}

#[test]
fn what_is_over_before_its_card_came_gets_none_and_is_counted() {
    let mut sim = sim();
    a_storm_of_little_things(&mut sim);
    for n in 0..30 {
        clears(&mut sim, "reports", &format!("report-{n}"));
    }
    sim.advance(2 * MINUTE);
    let posted = cards(&mut sim, "search");
    assert!(posted.len() < 10 && posted.contains(&31), "{posted:?}");
    let words = shown(&storms(&mut sim, "search")[0]);
    assert!(words.contains("1 triggered, 30 resolved"), "{words}");
    // Chen is asked once more after two minutes.
    sim.advance(10 * SECOND);
    assert!(sim.is_quiet());
    // Back again, it is worth a card; and a restart changes nothing of all this.
    fires(&mut sim, "reports", "report-29");
    sim.advance(MINUTE);
    let after = cards(&mut sim, "search");
    assert_eq!(after.len(), posted.len() + 1);
    sim.crash(false);
    assert!(sim.boot());
    sim.advance(2 * MINUTE);
    assert_eq!(cards(&mut sim, "search"), after);
    // A day later nothing of it is owed, and it is closed.
    sim.act("mara", 31, Deed::Resolve { note: None });
    clears(&mut sim, "search", "everything");
    clears(&mut sim, "reports", "report-29");
    sim.advance(26 * 60 * MINUTE);
    assert!(sim.snapshot().world.incidents.values().all(|i| i.closed), "nothing is owed");
}

#[test]
fn a_second_storm_has_a_message_of_its_own() {
    let mut sim = sim();
    a_storm_of_little_things(&mut sim);
    sim.advance(2 * MINUTE);
    for n in 0..30 {
        fires(&mut sim, "lights", &format!("light-{n}"));
    }
    sim.advance(2 * MINUTE);
    let all: Vec<String> = storms(&mut sim, "search").iter().map(shown).collect();
    assert_eq!(all.len(), 2, "{all:#?}");
    assert!(all[0].contains("31 incidents") && all[1].contains("30 incidents"), "{all:#?}");
}

#[test]
fn a_bundle_of_a_thousand_is_found_again_after_its_answer_was_lost() {
    let mut directory = many_services();
    directory.settings.flood = 0;
    let mut sim = sim_of(directory);
    fires(&mut sim, "s0", "first");
    sim.advance(SECOND);
    for n in 0..1_000 {
        // Others are paged in between: the numbers of the pages of one person are not next to each other.
        fires(&mut sim, &format!("s{}", n % 3), &format!("disk-{n}"));
        if n % 20 == 0 {
            sim.settle();
        }
    }
    sim.advance(10 * SECOND);
    sim::order(
        &mut sim.slack,
        serde_json::json!({ "fault": "timeout", "method": "chat.postMessage", "when": "after" }),
    );
    sim.advance(20 * SECOND);
    sim.crash(false);
    sim::clear(&mut sim.slack);
    assert!(sim.boot());
    sim.advance(2 * MINUTE);
    for who in ["p0", "p1", "p2"] {
        let pushes = texts(&mut sim, &format!("dm:{who}"));
        assert_eq!(pushes.len(), 2, "{who} is asked once for each: {pushes:#?}");
    }
    let told = told(&sim);
    assert_eq!(told.arrived.len(), 1_001, "and all of them are known to have arrived");
}

/// So many alerts of one service, one after the other.
fn floods(sim: &mut Sim, service: &str, keys: std::ops::Range<usize>) {
    for n in keys {
        fires(sim, service, &format!("disk-{n}"));
        if n % 20 == 0 {
            sim.settle();
        }
    }
    sim.settle();
}

/// Open incidents of a service, with how many alerts each has.
fn open(sim: &Sim, service: &str) -> Vec<(u64, usize)> {
    let snapshot = sim.snapshot();
    let of = snapshot.world.open_incidents().filter(|i| i.service.as_str() == service);
    of.map(|i| (i.no.0, i.alerts.len())).collect()
}

#[test]
fn what_a_flooded_service_sends_besides_comes_together() {
    let mut sim = sim();
    floods(&mut sim, "s0", 0..200);
    let incidents = open(&sim, "s0");
    assert_eq!(incidents.len(), FLOOD + 1);
    assert_eq!(incidents[FLOOD], (FLOOD as u64 + 1, 200 - FLOOD), "the last one has all the others");
    sim.advance(2 * MINUTE);
    let together = sim
        .messages("c0team0")
        .iter()
        .map(shown)
        .find(|words| words.contains(&format!("#{} ", FLOOD + 1)) && words.contains("come together here"));
    let together = together.expect("its card says why");
    assert!(together.contains("and 144 more"), "{together}");
    // Another service has nothing to do with it.
    floods(&mut sim, "s1", 0..3);
    assert_eq!(open(&sim, "s1").len(), 3);
    // All of them over, it is over.
    for n in FLOOD..200 {
        clears(&mut sim, "s0", &format!("disk-{n}"));
    }
    sim.advance(SECOND);
    assert_eq!(open(&sim, "s0").len(), FLOOD);
}

#[test]
fn a_flood_of_little_things_does_not_swallow_one_that_matters() {
    let mut sim = sim();
    let severe = |sim: &mut Sim, key: &str, severity: &str| {
        let mut event = event(EventAction::Trigger, key, None);
        event.labels.push(("severity".to_owned(), severity.to_owned()));
        sim.events("lights", vec![event]);
        sim.settle();
    };
    for n in 0..FLOOD + 10 {
        severe(&mut sim, &format!("flicker-{n}"), "warning");
    }
    assert_eq!(open(&sim, "lights").len(), FLOOD + 1);
    severe(&mut sim, "dark", "critical");
    let incidents = open(&sim, "lights");
    assert_eq!(incidents.last(), Some(&(FLOOD as u64 + 2, 1)), "it is an incident of its own: {incidents:?}");
    sim.advance(SECOND);
    let pushes = texts(&mut sim, "dm:chen");
    assert!(pushes.len() == 1 && pushes[0].contains("dark is wrong"), "{pushes:#?}");
}

#[test]
fn what_comes_after_somebody_took_the_flood_is_asked_for_anew() {
    let mut sim = sim();
    floods(&mut sim, "s0", 0..60);
    let together = FLOOD as u64 + 1;
    sim.act("p0", together, Deed::Acknowledge);
    floods(&mut sim, "s0", 60..62);
    let incidents = open(&sim, "s0");
    assert_eq!(incidents.last(), Some(&(together + 1, 2)), "not in what p0 has already: {incidents:?}");
    sim.advance(MINUTE);
    assert!(told(&sim).arrived.contains_key(&IncidentNo(together + 1)), "and p0 hears of it");
}

#[test]
fn a_channel_that_takes_nothing_leaves_no_incident_behind() {
    let mut sim = sim();
    let refused = serde_json::json!({
        "fault": "error", "error": "is_archived", "method": "chat.postMessage", "channel": "C0SEARCH",
    });
    sim::order(&mut sim.slack, refused);
    a_storm_of_little_things(&mut sim);
    for n in 0..20 {
        clears(&mut sim, "reports", &format!("report-{n}"));
    }
    sim.advance(5 * MINUTE);
    let snapshot = sim.snapshot();
    let without: Vec<_> = snapshot.world.open_incidents().filter(|i| i.card.is_none()).map(|i| i.no).collect();
    assert_eq!(without, [], "each that is open has a card where one can be");
    sim::clear(&mut sim.slack);
    for n in 20..30 {
        clears(&mut sim, "reports", &format!("report-{n}"));
    }
    sim.act("mara", 31, Deed::Resolve { note: None });
    clears(&mut sim, "search", "everything");
    sim.advance(26 * 60 * MINUTE);
    assert!(sim.snapshot().world.incidents.values().all(|i| i.closed), "nothing is owed for ever");
}

#[test]
fn hours_after_a_flood_an_alert_is_an_incident_of_its_own_again() {
    let mut sim = sim();
    floods(&mut sim, "s0", 0..60);
    assert_eq!(open(&sim, "s0").len(), FLOOD + 1);
    sim.advance(11 * MINUTE);
    floods(&mut sim, "s0", 60..61);
    let incidents = open(&sim, "s0");
    assert_eq!(incidents.last().map(|(_, alerts)| *alerts), Some(1), "nobody overlooks it: {incidents:?}");
    assert_eq!(incidents.len(), FLOOD + 2);
}

/// Each edit takes half a second, two of a channel are under way, and sixteen cards change: whoever pressed *Done* sees the next
/// step before they do.
#[test]
fn what_was_tapped_is_drawn_at_once_though_every_card_changes() {
    let mut directory = company();
    let text = "+++\ntitle = \"The walk\"\nowner = \"pay\"\nlast_reviewed = 2026-01-05\n[[match]]\n\
                services = [\"payments\"]\n+++\n- [ ] Look.\n- [ ] Mend it.\n";
    let walk = of_text(Path::new("playbooks/walk.md"), text, &directory).expect("a good playbook");
    directory.playbooks.insert(walk.id.clone(), walk);
    let mut sim = sim_of(directory);
    for n in 0..16 {
        fires(&mut sim, "payments", &format!("disk-{n}"));
    }
    sim.advance(MINUTE);
    sim.act("ana", 1, Deed::BeginPlaybook { playbook: "walk".into(), again: false });
    sim.advance(2 * MINUTE);
    sim.latency_ms = (500, 500);
    for no in 2..=16 {
        sim.act("ben", no, Deed::Mitigate);
    }
    sim.advance(100);
    let of = |sim: &Sim| sim.snapshot().world.incident(IncidentNo(1)).cloned().expect("it is open");
    let turn = of(&sim).run.as_ref().expect("it is followed").turn;
    sim.act("ana", 1, Deed::GoOn { turn, to: Move::Done { to: None } });
    sim.advance(600);
    let (walk, card) = (of(&sim).run_message.clone(), of(&sim).card.clone());
    let walk = sim.in_thread(&walk.expect("it is posted"), &card.expect("it is posted"));
    assert!(shown(&walk).contains("step 2 of 2"), "{walk}");
}
