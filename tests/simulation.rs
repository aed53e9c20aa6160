//! Seeded simulation: everything that can go wrong, at any moment, and what must hold whatever happened.
//!
//! `WARRIDOR_SEEDS=FROM..TO` chooses the seeds (default 0..40; `tests/run.sh` has 0..700), `WARRIDOR_SEED=N` runs one and prints what happened.
//! A failing seed is printed; make it a scenario.

mod sim;

use chrono::Timelike;
use rand::RngExt;
use serde_json::{Value, json};
use sim::company::company_with_heartbeats;
use sim::{Sim, clear, event, order};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use warridor::domain::call::{SkipReason, Whom};
use warridor::domain::course::Had;
use warridor::domain::directory::{Method, Target, Urgency};
use warridor::domain::fact::{Fact, ResolvedBy};
use warridor::domain::following;
use warridor::domain::forecast::{Ahead, forecast};
use warridor::domain::going_on::{ANNOUNCEMENTS_MAX, CHANGES_KEPT, Scope};
use warridor::domain::handoff;
use warridor::domain::heartbeat::{Stands, Watched, dedup_key};
use warridor::domain::hold::HoldWhy;
use warridor::domain::id::{
    AlertKey, HandoffNo, HeartbeatId, IncidentNo, MisconfiguredNo, QuietId, ScheduleId, ServiceId, TeamId, UserId,
};
use warridor::domain::incident::{Incident, State};
use warridor::domain::input::{Deed, Elsewhere, Event, EventAction, SkipWhy, SnoozeWhy, What};
use warridor::domain::listing;
use warridor::domain::misconfigured::{MISCONFIGURED_MAX, Mark, Misconfigured};
use warridor::domain::page::{Page, PageState, Purpose, Recipient};
use warridor::domain::post::About;
use warridor::domain::quiet::{Covered, Matcher, Within, covering, covering_then};
use warridor::domain::run::Move;
use warridor::domain::schedule::Member;
use warridor::domain::schedule::resolve;
use warridor::domain::sla;
use warridor::domain::stamp::At;
use warridor::domain::triage::{Affected, Answer, Later};
use warridor::domain::world::World;
use warridor::domain::world::rows::{closed_key, read_incident_row};
use warridor::pump::replay::apply_frame;
use warridor::slack::handler::press::deed_of;
use warridor::store::Store;
use warridor::views;
use warridor::views::action_id::Action;

/// How much happens in a life, by its seed. Most are short, so that there are many: what breaks needs few things that come
/// together more often than it needs a long story; one in eight is a long one.
const STEPS: [usize; 8] = [12, 16, 12, 20, 12, 16, 30, 45];

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
/// One life in so many is lived twice: both must be the same to the letter. Of every length, as it shares no divisor with
/// their number.
const TWICE: u64 = 9;
const KEYS: [&str; 6] = ["disk-1", "disk-2", "cpu", "latency", "errors", "<!channel> & <@U1>"];
const SERVICES: [&str; 15] = [
    "payments", "search", "reports", "orphans", "blips", "in-turn", "logs", "shop", "lights", "vault", "desk", "nodes",
    "probes", "mixed", "picky",
];
const HEARTBEATS: [&str; 6] = ["backup", "watchdog", "reports", "probes", "unheard", "keyless"];
const SEVERITIES: [&str; 6] = ["critical", "warning", "odd", "info", "debug", "search"];
const MINUTE: i64 = 60_000;

#[test]
fn whatever_happens_nothing_is_forgotten_doubled_or_untrue() {
    if let Some(seed) = variable("WARRIDOR_SEED").and_then(|s| s.parse().ok()) {
        let sim = play(seed, true);
        println!("{}", sim.transcript.join("\n"));
        return;
    }
    let range = variable("WARRIDOR_SEEDS").unwrap_or_else(|| "0..40".to_owned());
    let (from, to) = range.split_once("..").expect("WARRIDOR_SEEDS=FROM..TO");
    let (from, to): (u64, u64) = (from.parse().expect("FROM"), to.parse().expect("TO"));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    // A long life does not hold up the others: whoever is free takes the next.
    let next = AtomicU64::new(from);
    let failed: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    let mut failed = Vec::new();
                    while let seed = next.fetch_add(1, Ordering::Relaxed)
                        && seed < to
                    {
                        let again = seed % TWICE == 0;
                        let hash = || play(seed, false).hash();
                        match std::panic::catch_unwind(|| (hash(), again.then(hash))) {
                            Ok((one, two)) if two.as_ref().is_none_or(|two| one == *two) => {}
                            Ok(_) => failed.push(format!("seed {seed}: two runs differ")),
                            Err(why) => failed.push(format!("seed {seed}: {}", said(&*why))),
                        }
                    }
                    failed
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().expect("a worker")).collect()
    });
    println!("{} seeds", to - from);
    assert!(failed.is_empty(), "WARRIDOR_SEED=N shows what happened\n{}", failed.join("\n"));
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|v| !v.is_empty())
}

fn said(why: &(dyn std::any::Any + Send)) -> String {
    let text = why.downcast_ref::<String>().cloned();
    text.or_else(|| why.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default()
}

/// One life: random happenings, then an hour of peace, then the reckoning.
fn play(seed: u64, verbose: bool) -> Sim {
    let mut company = company_with_heartbeats();
    // Some companies take little for a flood.
    if seed.is_multiple_of(3) {
        company.settings.flood = 4;
    }
    let mut sim = Sim::of(company, sim::START, seed);
    sim.verbose = verbose;
    for _ in 0..STEPS[usize::try_from(seed % 8).unwrap_or_default()] {
        happen(&mut sim);
        bury(&mut sim);
        if sim.pump.is_none() {
            restart(&mut sim);
        }
        holds_always(&sim, seed);
    }
    peace(&mut sim);
    holds_always(&sim, seed);
    holds_in_peace(&mut sim, seed);
    sim
}

/// A fortnight in each life: short ones hardly see the day after.
#[test]
fn week_after_week_whoever_is_next_hears_of_it_once_in_time_and_not_by_night() {
    let (mut heard, mut checked, mut moved) = (0, 0, 0);
    for seed in 0..16 {
        let mut company = company_with_heartbeats();
        company.heartbeats.clear();
        // In half of the lives, turns are long enough to forget that one's own comes.
        if seed % 4 > 1
            && let Some(primary) = company.schedules.get_mut(&"primary".into())
        {
            let rotation = &mut primary.layers[0].rotation;
            rotation.members = ["ana", "ben", "chen"].map(Member::always).into();
            rotation.turn_hours = vec![72];
        }
        let mut sim = Sim::of(company, sim::START, seed);
        let changes_the_file = seed % 2 == 0;
        for _ in 0..70 {
            sim::shifts::hours_pass(&mut sim, changes_the_file);
            if sim.pump.is_some() && sim.rng.random_ratio(1, 15) {
                sim.crash(false);
            }
            if sim.pump.is_none() {
                restart(&mut sim);
            }
        }
        // Weeks in which nobody changes anything: nothing excuses that somebody did not hear.
        for _ in 0..60 {
            sim::shifts::quiet_hours_pass(&mut sim);
            if sim.pump.is_some() && sim.rng.random_ratio(1, 15) {
                sim.crash(false);
            }
            if sim.pump.is_none() {
                restart(&mut sim);
            }
        }
        peace(&mut sim);
        let replayed = replay(&sim, seed);
        let (h, c) = sim::shifts::are_told_before_they_begin(&sim, &replayed, seed, !changes_the_file);
        let news = |f: &Fact| matches!(f, Fact::PostWanted { about: About::ShiftsMoved { .. }, .. });
        (heard, checked, moved) = (heard + h, checked + c, moved + sim.facts().into_iter().filter(news).count());
        rows_are_the_replay(&mut sim, &replayed, seed);
    }
    assert!(heard > 130 && checked > 60 && moved > 10, "little happened: {heard}, {checked}, {moved}");
}

/// Much breaks at once, or is well again.
fn burst(sim: &mut Sim) {
    let service = ["reports", "search", "payments", "lights"][sim.rng.random_range(0..4)];
    let action = if sim.rng.random_ratio(2, 3) { EventAction::Trigger } else { EventAction::Resolve };
    let many = sim.rng.random_range(10..40);
    for n in 0..many {
        sim.events(service, vec![event(action, &format!("burst-{n}"), None)]);
        if n % 10 == 9 {
            sim.turn();
        }
    }
}

fn happen(sim: &mut Sim) {
    if sim.rng.random_ratio(1, 400) {
        burst(sim);
        // It may have been too much for the machine.
        if sim.pump.is_none() {
            return;
        }
    }
    match sim.rng.random_range(0..100) {
        0..24 => monitor(sim),
        24..27 => heartbeats(sim),
        27..30 => comes_and_goes(sim),
        30..46 => person(sim),
        46..50 => quieten(sim),
        50..72 => {
            let ms = [200, 2_000, 20_000, 5 * MINUTE, 16 * MINUTE, 31 * MINUTE][sim.rng.random_range(0..6)];
            sim.advance(ms);
        }
        72..82 => sim.checkpoint(),
        82..88 => slack_fault(sim),
        88..91 => clear(&mut sim.slack),
        91..94 => disk_fault(sim),
        94..95 => {
            // Into the next morning, now and then. What nobody looks after makes that a long way: then somebody does.
            let night = sim.rng.random_ratio(1, 4);
            if night || sim.rng.random_ratio(1, 2) {
                call_it_a_day(sim);
            }
            let day = sim.rng.random_range(if night { 7..20 } else { 1..4 }) * 60 * MINUTE;
            sim.advance(day);
        }
        95..96 => step_the_clock(sim),
        96..97 => newcomer(sim),
        97..98 => {
            let power = sim.rng.random_ratio(1, 2);
            sim.crash(power);
        }
        98..99 => override_somebody(sim),
        _ => match sim.rng.random_range(0..4) {
            0 => something_goes_on(sim),
            1 => falls_asleep(sim),
            2 => {
                let away = sim.rng.random_ratio(1, 2);
                sim.slack_away(away);
            }
            _ => telephone(sim),
        },
    }
    sim.settle();
}

/// A machine that went down takes its process with it, wherever it was.
fn bury(sim: &mut Sim) {
    if sim.disk.crashed() && sim.pump.is_some() {
        let power = sim.rng.random_ratio(1, 2);
        sim.crash(power);
    }
}

fn monitor(sim: &mut Sim) {
    // One in four has rules, groups or thresholds.
    let first = if sim.rng.random_ratio(1, 4) { SERVICES.len() - 3 } else { 0 };
    let service = SERVICES[sim.rng.random_range(first..SERVICES.len())];
    let events = (0..sim.rng.random_range(1..4))
        .map(|_| {
            let action = match sim.rng.random_range(0..10) {
                0..6 => EventAction::Trigger,
                6..9 => EventAction::Resolve,
                _ => EventAction::Acknowledge,
            };
            let key = KEYS[sim.rng.random_range(0..KEYS.len())];
            // Late and overtaken events: an episode of up to an hour ago, or none stated.
            let ago = sim.rng.random_range(0..60) * MINUTE;
            let starts_at = sim.rng.random_ratio(1, 2).then(|| sim.wall.plus_ms(-ago));
            let mut event = event(action, key, starts_at);
            if sim.rng.random_ratio(2, 3) {
                let severity = SEVERITIES[sim.rng.random_range(0..SEVERITIES.len())];
                event.labels.push(("severity".to_owned(), severity.to_owned()));
            }
            let cluster = ["east", "west"][sim.rng.random_range(0..2)];
            event.labels.push(("cluster".to_owned(), cluster.to_owned()));
            event
        })
        .collect();
    sim.events(service, events);
}

/// What is to be heard of is heard, once or as often as it should be; or the configuration says otherwise from now on.
fn heartbeats(sim: &mut Sim) {
    let heartbeat = HEARTBEATS[sim.rng.random_range(0..HEARTBEATS.len())];
    match sim.rng.random_range(0..6) {
        0 | 1 => sim.beat(heartbeat),
        2 => {
            // A while in which everything is heard of.
            for _ in 0..sim.rng.random_range(2..8) {
                HEARTBEATS.iter().for_each(|heartbeat| sim.beat(heartbeat));
                sim.advance(4 * MINUTE);
                if sim.pump.is_none() {
                    return;
                }
            }
        }
        3 => HEARTBEATS.iter().for_each(|heartbeat| sim.beat(heartbeat)),
        _ => {
            let mut next = (*sim.directory).clone();
            let usual = company_with_heartbeats().heartbeats[&heartbeat.into()].clone();
            let known = next.heartbeats.entry(heartbeat.into()).or_insert(usual);
            match sim.rng.random_range(0..5) {
                0 => known.every_secs = sim.rng.random_range(1..100) * 60,
                1 => known.grace_secs = sim.rng.random_range(0..10) * 60,
                2 => known.service = SERVICES[sim.rng.random_range(0..SERVICES.len())].into(),
                3 => known.watched = !known.watched,
                _ => {
                    next.heartbeats.remove(&heartbeat.into());
                }
            }
            sim.configure(next);
        }
    }
}

/// Whatever is watched is silent when nothing came in its time, and never before; its alert says so, and ends with it.
fn what_is_silent_says_so(facts: &[Fact], replayed: &World, sim: &Sim, seed: u64) {
    let s = sim.snapshot();
    // What was silent when its key went missing is so still.
    let is_silent = |id: &HeartbeatId| s.world.heartbeats.get(id).is_some_and(Watched::is_silent);
    let all = s.directory.heartbeats.values().filter(|h| h.watched || is_silent(&h.id));
    let watched: Vec<_> = all.map(|h| &h.id).collect();
    assert_eq!(s.world.heartbeats.keys().collect::<Vec<_>>(), watched, "seed {seed}: what is watched");
    for (id, w) in &s.world.heartbeats {
        let known = &s.directory.heartbeats[id];
        let as_configured = (&known.service, known.every_secs, known.grace_secs);
        if known.watched {
            assert_eq!((&w.service, w.every_secs, w.grace_secs), as_configured, "seed {seed}: {id}");
        }
        let key = AlertKey { service: w.service.clone(), dedup: dedup_key(id) };
        let fires = replayed.incident_of(&key).and_then(|i| i.alert(&key)).is_some_and(|(_, a)| a.is_firing());
        assert_eq!(fires, w.is_silent(), "seed {seed}: {id} {w:?}\n{}", sim.tail());
        if let Stands::Waits { due, .. } = w.stands {
            let most =
                w.from.plus_secs(w.every_secs + w.grace_secs).max(s.world.meta.at.plus_secs(w.grace_secs + 1_800));
            assert!(s.world.meta.at < due && due <= most, "seed {seed}: {id} {w:?} at {:?}", s.world.meta.at);
        }
    }
    let heard = facts.iter().filter(|f| matches!(f, Fact::HeartbeatHeard { .. })).count() as u64;
    let (sent, accepted) = sim.beats;
    assert!((accepted..=sent).contains(&heard), "seed {seed}: {accepted} of {sent} were accepted, {heard} are known");
    // No silence without its time: by the facts alone, on the wall clock, where nobody stepped it.
    let mut from: BTreeMap<&HeartbeatId, (At, i64)> = BTreeMap::new();
    let dated = sim.dated_facts_after(0);
    for (wall, fact) in &dated {
        match fact {
            Fact::HeartbeatWatched { heartbeat, every_secs, grace_secs, .. } => {
                from.entry(heartbeat).or_insert((*wall, 0)).1 = every_secs + grace_secs;
            }
            Fact::HeartbeatHeard { heartbeat, .. } => from.entry(heartbeat).or_default().0 = *wall,
            Fact::HeartbeatForgotten { heartbeat } => {
                from.remove(heartbeat);
            }
            Fact::HeartbeatSilent { heartbeat } if !sim.was_stepped => {
                let (since, secs) = from[heartbeat];
                assert!(wall.0 - since.0 >= secs * 1_000, "seed {seed}: {heartbeat} is called silent too early");
            }
            _ => {}
        }
    }
}

/// One alert clears and fires again, some minutes between; now and then somebody looks.
fn comes_and_goes(sim: &mut Sim) {
    let service = SERVICES[sim.rng.random_range(0..SERVICES.len())];
    let key = KEYS[sim.rng.random_range(0..KEYS.len())];
    for _ in 0..sim.rng.random_range(1..5) {
        for action in [EventAction::Trigger, EventAction::Resolve] {
            if sim.pump.is_none() {
                return;
            }
            sim.events(service, vec![event(action, key, None)]);
            let ms = sim.rng.random_range(0..20) * MINUTE;
            sim.advance(ms);
            if sim.pump.is_some() && sim.rng.random_ratio(1, 4) {
                person(sim);
                sim.settle();
            }
        }
    }
}

fn person(sim: &mut Sim) {
    let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
    if sim.rng.random_ratio(1, 2) {
        // By a button of whatever message they see, however old it is.
        let place = ["payments", "search", "admin"][sim.rng.random_range(0..3)];
        let place = if sim.rng.random_ratio(1, 2) { place.to_owned() } else { format!("dm:{who}") };
        let messages = sim.messages(&place);
        if messages.is_empty() {
            return;
        }
        let message = messages[sim.rng.random_range(0..messages.len())].clone();
        let buttons: Vec<String> = Sim::buttons(&message).into_iter().filter(|b| acts_at_once(b)).collect();
        if !buttons.is_empty() {
            let button = &buttons[sim.rng.random_range(0..buttons.len())];
            sim.click(who, &place, message["ts"].as_str().unwrap_or(""), button);
        }
        return;
    }
    let newest = sim.snapshot().world.meta.last_incident.0;
    let incident = sim.rng.random_range(1..=newest.max(1) + 1);
    let somebody = || ["ana", "ben", "chen", "mara"];
    let deed = match sim.rng.random_range(0..30) {
        0 => Deed::Acknowledge,
        1 => {
            let minutes: i64 = sim.rng.random_range(-5..600);
            let why = [None, Some(SnoozeWhy::NotUrgent), Some(SnoozeWhy::WaitingOn)][minutes.rem_euclid(3) as usize];
            Deed::Snooze { until: sim.wall.plus_ms(minutes * MINUTE), why, because: "until <!here> six".to_owned() }
        }
        2 => Deed::EndSnooze,
        3 => Deed::Escalate,
        4 => Deed::Resolve { note: Some("<!here> fixed".to_owned()) },
        5 => Deed::Reopen,
        6 => Deed::Start,
        7 => Deed::Mitigate,
        8 => Deed::NotActionable,
        9 | 10 => {
            let to = [Urgency::Low, Urgency::High][sim.rng.random_range(0..2)];
            Deed::SetUrgency { to }
        }
        11 => Deed::Reassign { to: somebody()[sim.rng.random_range(0..4)].into() },
        12 => {
            let whom = match sim.rng.random_range(0..3) {
                0 => Whom::Team("team".into()),
                1 => Whom::Schedule(["primary", "empty"][sim.rng.random_range(0..2)].into()),
                _ => Whom::User(somebody()[sim.rng.random_range(0..4)].into()),
            };
            Deed::AddResponders { whom: vec![whom] }
        }
        16 => Deed::DeclinePageAgain,
        13 => Deed::MergeInto { into: IncidentNo(sim.rng.random_range(1..=newest.max(1) + 1)) },
        14 => {
            let service = ["payments", "reports"][sim.rng.random_range(0..2)];
            sim.raise(who, service, "nobody can <!here> pay");
            return;
        }
        17 => {
            // The newest that is listed, or one that is not.
            let newest = sim.snapshot().world.meta.last_misconfigured.0;
            sim.mended(who, newest.saturating_sub(incident % 2));
            return;
        }
        18 | 19 => {
            let playbook = ["walk", "wait", "gone"][sim.rng.random_range(0..3)].into();
            Deed::BeginPlaybook { playbook, again: incident % 2 == 0 }
        }
        20..24 => {
            // Of whatever is followed; now and then of a step that is past.
            let followed: Vec<_> =
                sim.snapshot().world.incidents.values().filter(|i| i.run.is_some()).cloned().collect();
            if followed.is_empty() {
                return;
            }
            let i = &followed[sim.rng.random_range(0..followed.len())];
            let turn = i.run.as_ref().map_or(0, |run| run.turn) - u32::from(sim.rng.random_ratio(1, 8));
            let to = match sim.rng.random_range(0..8) {
                0 => Move::Skip { why: SkipWhy::DoesNotWork, because: "no <!here> tool".to_owned() },
                1 => Move::Stuck,
                2 => Move::Back,
                3 => Move::GoTo { section: sim.rng.random_range(0..4) },
                4 => Move::Done { to: Some(sim.rng.random_range(0..4)) },
                _ => Move::Done { to: None },
            };
            sim.act(who, i.no.0, Deed::GoOn { turn, to });
            return;
        }
        24 | 25 => {
            // Words for the next one, or what is checked before it.
            if incident % 3 == 0 {
                sim::shifts::gets_ready(sim, who)
            } else if incident % 3 == 1 {
                sim.does(What::TestPage { by: who.into() })
            } else {
                hands_over(sim, who)
            }
            return;
        }
        26 | 27 => {
            sim::rcas::writes(sim, who);
            return;
        }
        28 => match sim.rng.random_range(0..4) {
            0 => Deed::NotMine { team: ["team", "pay", "gone"][sim.rng.random_range(0..3)].into() },
            1 => {
                let (what, owner) = ("later <!here>".to_owned(), somebody()[sim.rng.random_range(0..4)].into());
                Deed::CanWait { later: Later { what, severity: 3, owner, due: sim.wall.plus_secs(90_000) } }
            }
            2 => Deed::Triage { answer: Answer::Since(sim.wall.plus_secs(sim.rng.random_range(-600..60))) },
            _ if sim.rng.random_ratio(1, 3) => Deed::DeclareMajor,
            _ if sim.rng.random_ratio(1, 3) => Deed::TakeMajorBack,
            _ => Deed::Triage { answer: Answer::Affected(Affected::SomeCustomers) },
        },
        _ if incident % 3 == 0 => Deed::Quote(Box::new(sim.said(incident % 5))),
        _ => Deed::Note { text: "looking".to_owned() },
    };
    sim.act(who, incident, deed);
}

/// Notes for a handoff, words in a draft, *Hand over all* and *Accept*, by whoever it is for and by others.
fn hands_over(sim: &mut Sim, who: &str) {
    let newest = sim.snapshot().world.handoffs.values().next_back().cloned();
    let by: warridor::domain::id::UserId = who.into();
    let handoff = newest.as_ref().map_or(HandoffNo(0), |h| h.no);
    let words = "the disk <!here> fills up".to_owned();
    let from = newest.as_ref().and_then(|h| h.from.clone()).unwrap_or(by.clone());
    let to = newest.as_ref().and_then(|h| h.to.clone()).unwrap_or(by.clone());
    let what = match sim.rng.random_range(0..6) {
        0 => What::HandoffNote { team: ["team", "pay", "gone"][sim.rng.random_range(0..3)].into(), by, text: words },
        1 => What::HandoffWrite { handoff, by, words },
        2 => What::HandoffOffer { handoff, by: from },
        3 => What::HandoffAccept { handoff, by: to },
        4 => What::HandoffOffer { handoff, by },
        _ => What::HandoffAccept { handoff, by },
    };
    sim.does(what);
}

/// Before a long while, nearly everything open is looked after.
fn call_it_a_day(sim: &mut Sim) {
    let open: Vec<u64> = sim.snapshot().world.incidents.values().filter(|i| !i.closed).map(|i| i.no.0).collect();
    let until = sim.wall.plus_ms(sim.rng.random_range(2..14) * 60 * MINUTE);
    for no in open {
        let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
        let deed = match sim.rng.random_range(0..16) {
            0 => continue,
            1 => Deed::Acknowledge,
            2..5 => Deed::snooze(until),
            _ => Deed::Resolve { note: None },
        };
        sim.act(who, no, deed);
    }
    sim.settle();
}

/// The others open windows, which the simulation does not have.
fn acts_at_once(action_id: &str) -> bool {
    Action::parse(action_id).is_some_and(|a| deed_of(a, &"ana".into()).is_some())
}

/// Asks, decides or notes, wanted or not.
fn newcomer(sim: &mut Sim) {
    let slack = ["U0ZOE", "U0YAN"][sim.rng.random_range(0..2)];
    match sim.rng.random_range(0..5) {
        0 | 1 => sim.add_me(slack),
        2 | 3 => {
            sim.add_me(slack);
            let (by, approve) = (["mara", "ana"][sim.rng.random_range(0..2)], sim.rng.random_ratio(2, 3));
            sim.admit(by, slack, approve);
            // Whoever is in may act; whoever is not is nobody's business.
            let user = warridor::domain::people::user_id(&slack.into());
            if sim.snapshot().directory.users.contains_key(&user) {
                let newest = sim.snapshot().world.meta.last_incident.0;
                sim.act(user.as_str(), newest, Deed::Acknowledge);
            }
        }
        _ => {
            let newest = sim.snapshot().world.meta.last_incident.0;
            sim.guest_note(newest, "slow <!here> on our side");
        }
    }
}

/// Silences, maintenance windows, and the end of some.
fn quieten(sim: &mut Sim) {
    let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
    let newest = sim.snapshot().world.meta.last_quiet.0;
    let id = sim.rng.random_range(1..=newest.max(1) + 1);
    match sim.rng.random_range(0..8) {
        0 => sim.end_quiet(who, id),
        6 => {
            let until = sim.snapshot().world.quiets.get(&QuietId(id)).map_or(sim.wall, |q| q.until);
            let written = || Elsewhere::Written { url: "http://am.example".into(), id: "1-2-3".into(), until };
            let came = match sim.rng.random_range(0..4) {
                0 | 1 => written(),
                2 => Elsewhere::Removed,
                _ => Elsewhere::NotDone { why: "it answers <!here>".to_owned() },
            };
            sim.came_elsewhere(id, came);
        }
        1 => {
            let until = sim.wall.plus_ms(sim.rng.random_range(-5..300) * MINUTE);
            sim.extend_quiet(who, id, until);
        }
        _ => {
            let from = sim.wall.plus_ms(sim.rng.random_range(-60..60) * MINUTE);
            let until = from.plus_ms(sim.rng.random_range(0..200) * MINUTE);
            let scope = match sim.rng.random_range(0..6) {
                0 => Covered::Team("team".into()),
                4 => Covered::Labels {
                    within: Within::Service("nodes".into()),
                    matchers: Matcher::parse("cluster=east").into_iter().collect(),
                },
                1 => Covered::Services(vec!["payments".into(), "blips".into()]),
                2 => {
                    let incidents = &sim.snapshot().world.incidents;
                    let first = |i: &Incident| Some(i.alerts.first()?.dedup.clone());
                    let dedup = incidents.values().next_back().and_then(|i| first(i)).unwrap_or_else(|| "disk".into());
                    Covered::Alert(AlertKey { service: "payments".into(), dedup })
                }
                3 => {
                    let word = ["alertname=disk*", "alertname!=disk", "alertname=cpu"][sim.rng.random_range(0..3)];
                    let within = match sim.rng.random_ratio(1, 2) {
                        true => Within::Service("payments".into()),
                        false => Within::Team("team".into()),
                    };
                    let matchers = Matcher::parse(word).into_iter().collect();
                    Covered::Labels { within, matchers }
                }
                _ => Covered::Services(vec![["payments", "search", "gone"][sim.rng.random_range(0..3)].into()]),
            };
            let elsewhere = sim.rng.random_ratio(1, 3);
            sim.quiet_here_and(elsewhere, who, scope, from, until, "deploy <!here>");
        }
    }
}

/// I13: while a window covers what fires, it is held, and its policy asks nobody; and what nothing holds any more asks.
/// Every window has an end that is looked at, and what is over is forgotten.
fn what_is_covered_pages_nobody(sim: &Sim, seed: u64) {
    let s = sim.snapshot();
    for q in s.world.quiets.values() {
        let longest = q.from.plus_secs(q.scope.most_secs());
        assert!(q.from < q.until && q.until <= longest, "seed {seed}: {q:?} has no end\n{}", sim.tail());
        assert!(q.is_over() || q.due <= q.ends, "seed {seed}: the end of {q:?} is not looked at\n{}", sim.tail());
        let over = s.world.meta.at.0 - q.due.0;
        assert!(!q.is_over() || over < 60 * MINUTE, "seed {seed}: {q:?} is not forgotten\n{}", sim.tail());
    }
    let is_looked_at = |i: &Incident| s.world.meta.sweep.is_none_or(|sweep| i.no < sweep.from);
    let triggered = s.world.open_incidents().filter(|i| i.is_triggered() && i.urgency == Urgency::High);
    for i in triggered.filter(|i| is_looked_at(i)) {
        let covered = covering(&s.world.quiets, i, &s.directory, s.world.stamp());
        let is_held = i.hold.as_ref().is_some_and(|h| matches!(h.why, HoldWhy::Quiet { .. }));
        let asks = i.main_call().is_some_and(|c| c.is_open());
        assert!(covered.is_none() || is_held, "seed {seed}: {} is covered and not held\n{}", i.no, sim.tail());
        assert!(!is_held || !asks, "seed {seed}: {} is held and asks\n{}", i.no, sim.tail());
        // What cleared and flaps waits to be resolved.
        let waits = i.hold.is_some() || i.course.clearing.is_some();
        assert!(waits || asks, "seed {seed}: nothing holds {}, and it asks nobody\n{}", i.no, sim.tail());
        let of_policy = |p: &Page| i.call(p.call).is_some_and(|c| c.kind.by().is_none());
        let paged = i.wanted_pages().any(of_policy);
        assert!(!is_held || !paged, "seed {seed}: {} is held, and a page goes out\n{}", i.no, sim.tail());
        let is_there = |h: &HoldWhy| match h {
            HoldWhy::Quiet { quiet, .. } => s.world.quiets.get(quiet).is_some_and(|q| !q.is_over()),
            HoldWhy::Settling => true,
            HoldWhy::Threshold(t) => i.counting.as_ref().is_some_and(|c| c.seen.len() < t.events as usize),
        };
        let held_by = i.hold.as_ref().map(|h| &h.why);
        assert!(held_by.is_none_or(is_there), "seed {seed}: {} is held by what is over\n{}", i.no, sim.tail());
    }
}

/// Whatever is asleep says when it really pages.
fn what_is_asleep_says_when_it_pages(sim: &Sim, seed: u64) {
    let s = sim.snapshot();
    let is_looked_at = |i: &Incident| s.world.meta.sweep.is_none_or(|sweep| i.no < sweep.from);
    for i in s.world.open_incidents().filter(|i| is_looked_at(i)) {
        let State::Snoozed { until, .. } = i.state else { continue };
        let high = i.urgency == Urgency::High;
        let then = covering_then(&s.world.quiets, i, &s.directory, until).filter(|_| high).map(|(_, until)| until);
        assert_eq!(
            i.held_then.map(|then| then.until),
            then,
            "seed {seed}: {} wakes up in a window\n{}",
            i.no,
            sim.tail()
        );
        // And the decisions themselves, run forward, ask nobody before.
        let Some(then) = then.filter(|_| !sim.was_stepped) else { continue };
        let ahead = forecast(&s.world, &s.directory, i.no, s.world.stamp());
        let asks = |a: &&Ahead| matches!(a.fact, Fact::PageRequested { purpose: Purpose::Step, .. });
        let first = ahead.ahead.iter().find(asks).map(|a| a.wall);
        assert!(first.is_none_or(|at| at >= then), "seed {seed}: {} says {then:?}\n{ahead:?}\n{}", i.no, sim.tail());
    }
}

fn override_somebody(sim: &mut Sim) {
    let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
    let from = sim.wall.plus_ms(sim.rng.random_range(-60..60) * MINUTE);
    let until = from.plus_ms(sim.rng.random_range(0..300) * MINUTE);
    let schedule = ["primary", "desk"][sim.rng.random_range(0..2)];
    sim.override_shift(schedule, who, from, until);
}

/// A deploy, an announcement, or the end of one.
fn something_goes_on(sim: &mut Sim) {
    let who = ["ana", "ben"][sim.rng.random_range(0..2)];
    match sim.rng.random_range(0..4) {
        0 | 1 => {
            let service = SERVICES[sim.rng.random_range(0..SERVICES.len())];
            sim.changed(service, "deploy <!here> 41");
        }
        2 => {
            let of = sim.rng.random_ratio(1, 2).then(|| Scope::Service("payments".into()));
            let until = sim.wall.plus_ms(sim.rng.random_range(-5..200) * MINUTE);
            sim.announce(who, "draining <!channel> east", of, until);
        }
        _ => {
            let no = sim.rng.random_range(1..4);
            sim.end_announcement(who, no);
        }
    }
}

/// What was sent by telephone is answered, or comes to nothing; or Twilio works again, or does not.
fn telephone(sim: &mut Sim) {
    let snapshot = sim.snapshot();
    let sent = |p: &&Page| matches!(p.state, PageState::Sent { .. });
    let all = snapshot.world.open_incidents().flat_map(|i| i.pages.iter().filter(sent).map(|p| (i.no, p.clone())));
    let all: Vec<(IncidentNo, Page)> = all.collect();
    if all.is_empty() || sim.rng.random_ratio(1, 5) {
        sim.phone_trouble = !sim.phone_trouble;
        return;
    }
    let (no, page) = &all[sim.rng.random_range(0..all.len())];
    let Recipient::User(who) = &page.to else { panic!("seed: a channel has no telephone: {page:?}") };
    match sim.rng.random_range(0..4) {
        0 => sim.act(who.as_str(), no.0, Deed::Acknowledge),
        1 => sim.act(who.as_str(), no.0, Deed::Escalate),
        _ => sim.phone_failed(*no, page.id),
    }
}

fn falls_asleep(sim: &mut Sim) {
    let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
    let hours = sim.rng.random_range(0..10);
    sim.dnd(who, (hours > 0).then_some(hours * 60 * MINUTE));
}

fn slack_fault(sim: &mut Sim) {
    let method = ["*", "chat.postMessage", "chat.update", "conversations.history"][sim.rng.random_range(0..4)];
    let count = sim.rng.random_range(1..6);
    let fault = match sim.rng.random_range(0..8) {
        0 => json!({ "fault": "429", "method": method, "count": count, "retry_after": 30 }),
        1 => json!({ "fault": "500", "method": method, "count": count, "when": "before" }),
        2 => json!({ "fault": "500", "method": method, "count": count, "when": "after" }),
        3 => json!({ "fault": "timeout", "method": method, "count": count, "when": "after" }),
        4 => json!({ "fault": "reset", "method": method, "count": count, "when": "before" }),
        5 => json!({ "fault": "garbage", "method": method, "count": count, "when": "after" }),
        6 => json!({ "fault": "error", "error": "token_revoked", "method": method, "count": count }),
        _ => json!({ "fault": "history_lag", "ms": 4000 }),
    };
    order(&mut sim.slack, fault);
}

fn disk_fault(sim: &mut Sim) {
    match sim.rng.random_range(0..3) {
        0 => {
            let n = sim.rng.random_range(0..40);
            sim.disk.crash_after(n);
        }
        1 => sim.disk.fail_sync(0),
        _ => {
            let room = sim.disk.used() + sim.rng.random_range(0..200_000);
            sim.disk.set_capacity(Some(room));
        }
    }
    for _ in 0..3 {
        if sim.pump.is_some() {
            monitor(sim);
            sim.settle();
        }
    }
    bury(sim);
    sim.disk.set_capacity(None);
}

fn step_the_clock(sim: &mut Sim) {
    sim.was_stepped = true;
    let hours = [-2, 2][sim.rng.random_range(0..2)];
    sim.wall = sim.wall.plus_ms(hours * 60 * MINUTE);
    sim.advance(1_000);
}

fn restart(sim: &mut Sim) {
    let down = sim.rng.random_range(0..20) * 1_000;
    sim.steady_ms += down;
    sim.wall = sim.wall.plus_ms(down);
    if !sim.boot() {
        // The disk was ordered to fail again while starting.
        sim.crash(false);
        assert!(sim.boot(), "it does not start on a working disk:\n{}", sim.tail());
    }
    sim.settle();
}

/// No more faults: half an hour is enough for everything that was owed.
fn peace(sim: &mut Sim) {
    clear(&mut sim.slack);
    sim.phone_trouble = false;
    sim.slack_away(false);
    // No machine goes down any more.
    sim.disk.crash_after(1 << 50);
    for _ in 0..40 {
        sim.advance(MINUTE);
        bury(sim);
        if sim.pump.is_none() {
            restart(sim);
        }
        if sim.is_quiet() {
            return;
        }
    }
    let pending = sim.outbox.as_ref().map(|o| o.pending()).unwrap_or_default();
    panic!("it is not quiet after 40 minutes of peace, at {}: {pending:#?}\n{}", sim.steady_ms, sim.tail());
}

fn holds_always(sim: &Sim, seed: u64) {
    let snapshot = sim.snapshot();
    let world = &snapshot.world;
    for i in world.incidents.values().filter(|i| !i.closed) {
        // I2: every open incident has a next wake, or says why not.
        assert!(
            i.next_wake().is_some() || i.terminal().is_some(),
            "seed {seed}: {} waits for nothing: {:?}",
            i.no,
            i.state
        );
        // Whatever is low stands on a list to come, and whatever is not started has its clock.
        assert!(!listing::wanted(i) || i.listing.is_some(), "seed {seed}: {} is on no list", i.no);
        let wants_clock = sla::runs(i) && i.course.clearing.is_none() && !i.is_test();
        assert!(!wants_clock || i.sla.is_some(), "seed {seed}: {} has no clock", i.no);
    }
    // An alert belongs to one open incident, however often they were merged.
    for i in world.open_incidents() {
        for a in &i.alerts {
            let key = AlertKey { service: a.service_in(i).clone(), dedup: a.dedup.clone() };
            assert_eq!(world.by_alert.get(&key), Some(&i.no), "seed {seed}: {key:?} is an alert of {}", i.no);
        }
    }
    // Nor is a message two of them; and each says the same message once.
    for i in world.incidents.values() {
        let made = i.message.as_ref().map(|message| world.by_alert.get(&message.key()));
        assert!(made.is_none_or(|no| no == Some(&i.no)), "seed {seed}: {} is not found by its message", i.no);
        let once: BTreeSet<_> = i.quotes.iter().collect();
        assert_eq!(once.len(), i.quotes.len(), "seed {seed}: {:?}", i.quotes);
    }
    assert_eq!(world.next_wake(), world.next_wake_by_brute_force(), "seed {seed}: the index of deadlines is wrong");
    assert_eq!(world.groups, world.groups_by_brute_force(), "seed {seed}: the index of groups is wrong");
    assert_eq!(world.uncarded, world.uncarded_by_brute_force(), "seed {seed}: the index of missing cards is wrong");
    assert_eq!(world.storms, world.storms_by_brute_force(), "seed {seed}: the index of storms is wrong");
    assert_eq!(world.bundles, world.bundles_by_brute_force(), "seed {seed}: the index of shared messages is wrong");
    assert!(world.changes.len() <= CHANGES_KEPT && world.announcements.len() <= ANNOUNCEMENTS_MAX, "seed {seed}");
    one_answer_is_on_record(sim, seed);
    what_is_covered_pages_nobody(sim, seed);
    what_is_asleep_says_when_it_pages(sim, seed);
    // Nobody is called again within three minutes, unless it was not known whether they were.
    if sim.crashes == 0 && sim.lost_by_phone == 0 && !sim.was_stepped {
        let mut last: BTreeMap<&str, i64> = BTreeMap::new();
        let real = sim.exchange.calls().enumerate().filter(|(at, _)| !sim.test_calls.contains(at));
        for (_, call) in real {
            let before = last.insert(&call.to, call.at);
            let apart = before.is_none_or(|before| call.at - before >= 3 * MINUTE - 1_000);
            assert!(apart, "seed {seed}: {} was called twice, {} ms apart", call.to, call.at - before.unwrap_or(0));
        }
    }
    // I11: twice delivered is once decided.
    assert!(sim.decided_twice.is_empty(), "seed {seed}: decided twice: {:?}", sim.decided_twice);
    assert!(sim.sent_unwanted.is_empty(), "seed {seed}: sent though not wanted: {:?}", sim.sent_unwanted);
}

/// I5: one answer to "who is on call" for every schedule, and it is the resolver's, as long as nobody stepped the clock.
fn one_answer_is_on_record(sim: &Sim, seed: u64) {
    let world = &sim.snapshot().world;
    let known: Vec<_> = world.shifts.keys().collect();
    let schedules: Vec<_> = sim.directory.schedules.keys().collect();
    assert_eq!(known, schedules, "seed {seed}: whose shift is on record");
    for (id, current) in world.shifts.iter().filter(|(_, current)| !sim.was_stepped && current.due > sim.wall) {
        let shift = resolve(&sim.directory.schedules[id], world.overrides.values(), sim.wall);
        assert_eq!(current.shift, shift, "seed {seed}: {id} at {}", sim.wall.utc());
    }
}

fn holds_in_peace(sim: &mut Sim, seed: u64) {
    let replayed = replay(sim, seed);
    let facts = sim.facts();
    accepted_is_known(sim, &replayed, seed);
    states_follow(&facts, seed);
    somebody_hears_it(&facts, seed);
    low_urgency_wakes_nobody(&facts, sim, seed);
    misconfigured_is_what_people_said(&facts, sim, seed);
    what_is_silent_says_so(&facts, &replayed, sim, seed);
    playbooks_are_followed_step_by_step(sim, &replayed, seed);
    every_shift_is_handed_over(sim, seed);
    sim::rcas::are_asked_for_when_people_work(sim, &replayed, seed);
    sim::items::alerts_that_keep_coming_are_somebodys(sim, &replayed, seed);
    sim::items::help_is_offered_once(sim, seed);
    sim::shifts::are_told_before_they_begin(sim, &replayed, seed, true);
    sim::shifts::test_pages_are_nobody_elses(sim, seed);
    slack_says_what_is_true(sim, seed);
    rows_are_the_replay(sim, &replayed, seed);
}

/// The state from the first frame on, nothing left out.
fn replay(sim: &Sim, seed: u64) -> World {
    let nothing = warridor::store::memory::MemoryStore::new();
    let mut world = World::default();
    let mut trouble = None;
    let read = sim.store.tail(0, &mut |frame| {
        trouble = apply_frame(&mut world, &frame, &nothing, None).err();
        trouble.is_none()
    });
    assert!(read.is_ok(), "seed {seed}: {read:?}");
    assert!(trouble.is_none(), "seed {seed}: {trouble:?}");
    world
}

/// Whenever somebody else carries the pager of a team's first level, there is one summary, for them; whoever accepts it takes
/// what was offered and nothing else; and nobody is reminded at night.
fn every_shift_is_handed_over(sim: &Sim, seed: u64) {
    let directory = sim.snapshot().directory.clone();
    let mut carries: BTreeMap<ScheduleId, Option<UserId>> = BTreeMap::new();
    let mut wanted: BTreeSet<(TeamId, ScheduleId, Option<UserId>, Option<UserId>)> = BTreeSet::new();
    let mut handed: BTreeMap<HandoffNo, (Option<UserId>, bool, bool)> = BTreeMap::new();
    let mut took: BTreeSet<(IncidentNo, UserId)> = BTreeSet::new();
    for (wall, fact) in sim.dated_facts_after(0) {
        match fact {
            Fact::ShiftStarted { schedule, shift, .. } => {
                let before = carries.insert(schedule.clone(), shift.who.clone());
                if let Some(before) = before.filter(|before| *before != shift.who) {
                    for team in handoff::teams_of(&directory, &schedule) {
                        wanted.insert((team.clone(), schedule.clone(), before.clone(), shift.who.clone()));
                    }
                }
            }
            Fact::HandedOver { handoff, team, schedule, from, to, .. } => {
                let was = wanted.remove(&(team, schedule, from.clone(), to));
                assert!(was, "seed {seed}: nobody else carries it, and it is handed over");
                let before = handed.insert(handoff, (from, false, false));
                assert!(before.is_none(), "seed {seed}: {handoff:?} twice");
            }
            Fact::HandoffOffered { handoff, .. } => {
                // One that is ahead is handed over later.
                if let Some(known) = handed.get_mut(&handoff) {
                    known.1 = true;
                }
            }
            Fact::Reassigned { incident, to, .. } => {
                took.insert((incident, to));
            }
            Fact::HandoffAccepted { handoff, by, took: said } => {
                let (_, _, accepted) = handed.get_mut(&handoff).expect("it was handed over");
                assert!(!std::mem::replace(accepted, true), "seed {seed}: {handoff:?} is accepted twice");
                let said: BTreeSet<(IncidentNo, UserId)> = said.into_iter().map(|no| (no, by.clone())).collect();
                assert_eq!(std::mem::take(&mut took), said, "seed {seed}: {handoff:?}");
            }
            // What follows from that, and nothing else, stands between.
            Fact::PageRevoked { .. } => {}
            Fact::PostWanted { about: About::HandoffWaits { .. }, .. } if !sim.was_stepped => {
                let hour = wall.utc().with_timezone(&chrono_tz::Europe::Lisbon).hour();
                assert!((8..22).contains(&hour), "seed {seed}: somebody is reminded at {hour} o'clock");
            }
            _ => took.clear(),
        }
        assert!(wanted.len() < 8, "seed {seed}: {wanted:?}");
    }
    assert!(wanted.is_empty(), "seed {seed}: not handed over: {wanted:?}");
}

/// Recounted from the facts alone: each press led to one step at most, and nobody was told too early that one takes long.
fn playbooks_are_followed_step_by_step(sim: &Sim, replayed: &World, seed: u64) {
    struct Walk {
        turn: u32,
        next: u32,
        since: At,
        told: bool,
    }
    let mut walks: BTreeMap<IncidentNo, Walk> = BTreeMap::new();
    for (wall, fact) in sim.dated_facts_after(0) {
        let Some(no) = fact.incident() else { continue };
        let moved = match &fact {
            Fact::PlaybookBegun { .. } => Some((None, 0)),
            Fact::StepDone { step, next, .. } | Fact::StepSkipped { step, next, .. } => Some((Some(*step), *next)),
            Fact::StepChosen { next, .. } => Some((None, *next)),
            Fact::StepTakenBack { step, .. } => Some((None, *step)),
            Fact::StepStuck { step, .. } => {
                assert_eq!(walks[&no].next, *step, "seed {seed}: {no}: they are stuck at another step");
                None
            }
            Fact::StepOverdue { step, .. } => {
                let walk = walks.get_mut(&no).expect("it is followed");
                let secs = if *step == 3 { 20 * 60 } else { 120 };
                let early = wall.0 - walk.since.0 < secs * 1_000;
                assert!(!early || sim.was_stepped, "seed {seed}: {no}: step {step} takes long too early");
                assert!(!walk.told && walk.next == *step, "seed {seed}: {no}: told twice, or of another step");
                walk.told = true;
                None
            }
            _ => None,
        };
        let Some((step, next)) = moved else { continue };
        let before = walks.get(&no);
        let turn = before.map_or(1, |walk| walk.turn + 1);
        assert!(step.is_none() || step == before.map(|walk| walk.next), "seed {seed}: {no}: {fact:?} of another step");
        walks.insert(no, Walk { turn, next, since: wall, told: false });
    }
    for (no, walk) in walks {
        let Some(run) = replayed.incident(no).and_then(|i| i.run.as_deref()) else { continue };
        assert_eq!((run.turn, run.next), (walk.turn, walk.next), "seed {seed}: {no}");
        assert!(run.next <= run.steps(), "seed {seed}: {no}: past its end");
    }
}

/// I1: whatever was answered 202 led to something.
fn accepted_is_known(sim: &Sim, replayed: &World, seed: u64) {
    let triggers = || sim.accepted.iter().filter(|(_, e)| e.action == EventAction::Trigger);
    for (service, e) in triggers() {
        let key = AlertKey { service: service.clone(), dedup: e.dedup_key.clone() };
        let severity = e.labels.iter().find(|(name, _)| name == "severity").map(|(_, value)| value.as_str());
        // By the rules of `company.rs`: only what they say may be anything but an incident.
        let known = match severity.filter(|_| service.as_str() == "mixed") {
            Some("info") => replayed.fyi_of(&key).is_some(),
            Some("debug") => replayed.meta.dropped.total > 0,
            Some(_) | None => false,
        };
        let known = known || replayed.incident_of(&key).is_some();
        assert!(known, "seed {seed}: {} was answered 202 and is not on record", e.dedup_key);
    }
    // Of what was not answered, some may be on record all the same.
    let is_debug = |e: &Event| e.labels.iter().any(|(name, value)| name == "severity" && value == "debug");
    let may_drop = sim.sent.iter().filter(|(service, e)| service.as_str() == "mixed" && is_debug(e)).count();
    assert!(replayed.meta.dropped.total <= may_drop as u64, "seed {seed}: more was dropped than rules say");
    let alerts: u64 = replayed.incidents.values().flat_map(|i| &i.alerts).map(|a| a.count).sum();
    let fyis: u64 = replayed.fyis.values().map(|f| f.count).sum();
    let counted = alerts + fyis + replayed.meta.dropped.total;
    let triggers = triggers().count() as u64;
    assert!(counted >= triggers, "seed {seed}: {triggers} triggers were accepted and {counted} events counted");
}

/// I3: an acknowledgement or a resolution is undone by somebody, or by a deadline, never by an accident.
fn states_follow(facts: &[Fact], seed: u64) {
    let mut states: BTreeMap<IncidentNo, &'static str> = BTreeMap::new();
    for fact in facts {
        let Some(no) = fact.incident() else { continue };
        let state = states.get(&no).copied();
        let next = match fact {
            Fact::IncidentOpened(_) => (state.is_none(), "triggered"),
            Fact::Acknowledged { .. } => {
                (matches!(state, Some("triggered" | "acknowledged" | "snoozed")), "acknowledged")
            }
            Fact::AcknowledgedByEvent { .. } => (state == Some("triggered"), "acknowledged"),
            Fact::Snoozed { .. } => (matches!(state, Some("triggered" | "acknowledged" | "snoozed")), "snoozed"),
            Fact::SnoozeEnded { .. } => (state == Some("snoozed"), "triggered"),
            Fact::AckTimedOut { .. } => (state == Some("acknowledged"), "triggered"),
            Fact::Resolved { by: ResolvedBy::User(_) | ResolvedBy::Monitor, .. } => {
                (matches!(state, Some("triggered" | "acknowledged" | "snoozed")), "resolved")
            }
            // Nobody's incident is triggered again by a monitor that repeats itself.
            Fact::NotCleared { .. } => (state == Some("resolved"), "triggered"),
            Fact::CameBack { had, .. } => match had {
                None => (matches!(state, Some("resolved" | "triggered" | "acknowledged")), "triggered"),
                Some(Had::Acknowledged { .. }) => (matches!(state, Some("resolved" | "acknowledged")), "acknowledged"),
                Some(Had::Snoozed { .. }) => (state == Some("resolved"), "snoozed"),
            },
            Fact::WillResolve { .. } => {
                let open = state.filter(|s| *s != "resolved");
                (open.is_some(), open.unwrap_or(""))
            }
            Fact::PageAgainPlanned { .. } | Fact::PageAgainDeclined { .. } => (state == Some("resolved"), "resolved"),
            Fact::Reopened { .. } => (state == Some("resolved"), "acknowledged"),
            Fact::Reassigned { .. } => (matches!(state, Some("triggered" | "acknowledged")), "acknowledged"),
            Fact::Merged { .. } => (matches!(state, Some("triggered" | "acknowledged" | "snoozed")), "resolved"),
            Fact::PageRequested { .. } => {
                // Nobody is paged for what is resolved or asleep.
                (matches!(state, Some("triggered" | "acknowledged")), state.unwrap_or(""))
            }
            _ => continue,
        };
        assert!(next.0, "seed {seed}: {no} was {state:?} when {fact:?}");
        states.insert(no, next.1);
    }
}

/// Low urgency pages only whom a person asked for, and is listed for nobody who does not work then. What nobody started in
/// time is missed once.
fn low_urgency_wakes_nobody(facts: &[Fact], sim: &Sim, seed: u64) {
    let mut urgency = BTreeMap::new();
    let mut missed = BTreeSet::new();
    let mut asked_by_hand = BTreeSet::new();
    for fact in facts {
        match fact {
            Fact::IncidentOpened(o) => {
                urgency.insert(o.incident, o.urgency);
            }
            Fact::UrgencyChanged { incident, to, by, .. } => {
                assert!(by.is_some() || *to == Urgency::High, "seed {seed}: nobody lowers {incident} but a person");
                urgency.insert(*incident, *to);
            }
            Fact::CallStarted { incident, call, kind, .. } => {
                let by_hand = kind.by().is_some();
                assert!(by_hand || urgency[incident] == Urgency::High, "seed {seed}: {incident} is low: {fact:?}");
                if by_hand {
                    asked_by_hand.insert((*incident, *call));
                }
            }
            Fact::PageRequested { incident, call, method, .. } if urgency[incident] == Urgency::Low => {
                assert!(*method == Method::Slack, "seed {seed}: {incident} is low: {fact:?}");
                assert!(asked_by_hand.contains(&(*incident, *call)), "seed {seed}: {incident} is low: {fact:?}");
            }
            Fact::PostWanted { about: About::Digest { user, at, incidents }, .. } => {
                let works = sim.directory.hours_of(user).is_open_at(*at);
                assert!(works, "seed {seed}: {user} does not work: {fact:?}");
                let is_low = |no: &IncidentNo| urgency[no] == Urgency::Low;
                assert!(incidents.iter().all(is_low), "seed {seed}: not all are low: {fact:?}");
            }
            Fact::SlaMissed { incident } => {
                assert!(missed.insert(*incident), "seed {seed}: {incident} was missed twice");
                assert_eq!(urgency[incident], Urgency::High, "seed {seed}: {fact:?}");
            }
            _ => {}
        }
    }
}

/// An alert, and by which incidents it was marked: as not urgent, or as not actionable.
type Said = (ServiceId, String, BTreeSet<(IncidentNo, bool)>);

/// The list of misconfigured alerts is what the facts say: each incident counts once for each reason, and whatever a
/// person marked that a monitor had sent is on record.
fn misconfigured_is_what_people_said(facts: &[Fact], sim: &Sim, seed: u64) {
    let mut list: BTreeMap<MisconfiguredNo, Said> = BTreeMap::new();
    let mut by_monitors = BTreeMap::new();
    let (mut owed, mut marked) = (0, 0);
    // Whoever says that it can wait lowers it first, unless it is low.
    let mut lowered = None;
    for fact in facts {
        match fact {
            Fact::UrgencyChanged { incident, to: Urgency::Low, by: Some(_), .. } => lowered = Some(*incident),
            Fact::WaitsAsItem { incident, .. } if lowered.take() == Some(*incident) => {
                owed += usize::from(by_monitors[incident]);
            }
            Fact::IncidentOpened(o) => {
                by_monitors.insert(o.incident, o.by.is_none());
            }
            Fact::Snoozed { incident, why: Some(SnoozeWhy::NotUrgent), .. }
            | Fact::MarkedNotActionable { incident, .. } => owed += usize::from(by_monitors[incident]),
            Fact::MisconfiguredListed { entry, service, name, .. } => {
                let name = name.body().to_string();
                let known = list.values().any(|(of, called, _)| (of, called) == (service, &name));
                assert!(!known, "seed {seed}: {name} of {service} is listed twice");
                list.insert(*entry, (service.clone(), name, BTreeSet::new()));
            }
            Fact::MisconfiguredMarked { entry, incident, mark, is_again, .. } => {
                marked += 1;
                let (_, _, marks) = list.get_mut(entry).unwrap_or_else(|| panic!("seed {seed}: {fact:?}"));
                let is_new = marks.insert((*incident, *mark == Mark::NotUrgent));
                assert_eq!(is_new, !is_again, "seed {seed}: {fact:?}");
            }
            Fact::MisconfiguredMended { entry, .. } | Fact::MisconfiguredForgotten { entry } => {
                assert!(list.remove(entry).is_some(), "seed {seed}: {fact:?}");
            }
            Fact::PageRevoked { .. } | Fact::ItemMade { .. } => {}
            _ => lowered = None,
        }
    }
    assert_eq!(marked, owed, "seed {seed}: what people said of alerts");
    let world = &sim.snapshot().world;
    assert!(world.misconfigured.len() <= MISCONFIGURED_MAX, "seed {seed}");
    let counted = |m: &Misconfigured| (m.no, m.service.clone(), m.name.to_string(), m.not_urgent, m.not_actionable);
    let listed: Vec<_> = world.misconfigured.values().map(counted).collect();
    let said = |(no, (service, name, marks)): (_, Said)| {
        let later = marks.iter().filter(|(_, later)| *later).count() as u64;
        (no, service, name, later, marks.len() as u64 - later)
    };
    assert_eq!(listed, list.into_iter().map(said).collect::<Vec<_>>(), "seed {seed}: the list of misconfigured alerts");
}

/// Nobody is waited for in silence: where nobody of a level hears it, the next level is asked with it.
fn somebody_hears_it(facts: &[Fact], seed: u64) {
    let mut levels = BTreeMap::new();
    for fact in facts {
        match fact {
            Fact::CallStarted { incident, call, policy, .. } => {
                levels.insert((*incident, *call), policy.steps.clone());
            }
            Fact::StepStarted(s) => {
                let heard = s.asked.iter().any(|a| a.silent_until.is_none());
                let above = levels.get(&(s.incident, s.call)).and_then(|steps| steps.get(s.step as usize + 1..));
                let adds_nobody = |target: &Target| {
                    s.skipped.iter().any(|skip| skip.target == *target || skip.why == SkipReason::HasIt)
                };
                let is_last = above.is_some_and(|steps| steps.iter().flat_map(|step| &step.targets).all(adds_nobody));
                assert!(heard || is_last, "seed {seed}: nobody hears {s:?}");
            }
            _ => {}
        }
    }
}

/// What was shown is remembered of messages that are still kept true, and of no others.
fn nothing_is_remembered_for_ever(sim: &mut Sim, seed: u64) {
    let snapshot = sim.snapshot();
    let Some(outbox) = &mut sim.outbox else { return };
    let remembered: std::collections::BTreeSet<_> = outbox.ledger().incidents().collect();
    for no in remembered {
        let open = snapshot.world.incident(no).filter(|i| !i.closed);
        let i = open.unwrap_or_else(|| panic!("seed {seed}: {no} closed and is remembered"));
        let gone: Vec<_> = outbox.ledger().dms(no).filter(|page| i.page(*page).is_none()).collect();
        assert_eq!(gone, [], "seed {seed}: pages that {no} no longer has");
    }
}

/// How a push ends that says what else waits.
const IN_ALL: &str = " wait for you in all";
const IN_ALL_AND_WORST: &str = " wait for you in all, worst #";

/// I7: every card and every direct message shows what the state says; no card is there twice without a reason.
fn slack_says_what_is_true(sim: &mut Sim, seed: u64) {
    let snapshot = sim.snapshot();
    let mut slack = Shown::default();
    let (d, store) = (&snapshot.directory, snapshot.store);
    let incidents: Vec<_> = snapshot.world.incidents.values().filter(|i| !i.closed).cloned().collect();
    nothing_is_remembered_for_ever(sim, seed);
    let mut extra = 0;
    for i in incidents {
        let untold = i.card.is_none() && !i.is_test() && !snapshot.world.is_told_by_storm(&i);
        assert!(!untold, "seed {seed}: {} has no card in peace", i.no);
        if let Some(card) = &i.card {
            let shown = slack.message(sim, card.channel.as_str(), card.ts.as_str());
            let rca = snapshot.world.rcas.get(&i.no).map(|rca| &**rca);
            let wanted = views::card::card(&i, rca, d, store);
            assert_eq!(shown["text"], wanted.text, "seed {seed}: the card of {} is out of date\n{}", i.no, sim.tail());
            assert_eq!(Sim::buttons(&shown), wanted_buttons(&wanted), "seed {seed}: {} has other buttons", i.no);
            assert!(i.thread_pending().next().is_none(), "seed {seed}: the thread of {} is behind", i.no);
        }
        if let (Some(wanted), Some(card)) = (views::run::message(&i, d, store), &i.card) {
            let m = i.run_message.clone().unwrap_or_else(|| panic!("seed {seed}: nobody sees what {} follows", i.no));
            let shown = sim.in_thread(&m, card);
            assert_eq!(shown["text"], wanted.text, "seed {seed}: what {} follows is out of date\n{}", i.no, sim.tail());
            // Where Slack refused our blocks, words stand alone.
            if shown["blocks"].as_array().is_some_and(|blocks| blocks.len() == wanted.blocks.len()) {
                assert_eq!(Sim::buttons(&shown), Sim::buttons(&json!(wanted.blocks)), "seed {seed}: {}", i.no);
            }
        }
        assert!(i.wanted_pages().next().is_none(), "seed {seed}: {} has pages that were never sent", i.no);
        for p in &i.pages {
            if let warridor::domain::page::PageState::Delivered { message: m, .. } = &p.state {
                let shown = slack.message(sim, m.channel.as_str(), m.ts.as_str());
                let all = snapshot.world.sharing(i.no, p.id);
                let wanted = match p.bundle() {
                    Some(number) => {
                        let all: Vec<_> = all.iter().map(|(i, p)| (&***i, *p)).collect();
                        views::bundle::bundle(&all, number, d, store)
                    }
                    None => views::page::page(&i, p, d, store),
                };
                // What a push says of others that wait is of its moment; what the message shows is kept true.
                let text = shown["text"].as_str().unwrap_or_default();
                let is_true = text == wanted.text || text.ends_with(IN_ALL) || text.contains(IN_ALL_AND_WORST);
                assert!(is_true, "seed {seed}: a message about {} says {text:?}, and not {:?}", i.no, wanted.text);
                if shown["blocks"].as_array().is_some_and(|blocks| !blocks.is_empty()) {
                    let colored = json!(wanted.colored.as_ref().map(|c| &c.blocks));
                    for (is, to_be) in [
                        (&shown["blocks"][0], &json!(wanted.blocks)[0]),
                        (&shown["attachments"][0]["blocks"][0], &colored[0]),
                    ] {
                        let words = |v: &Value| v["text"]["text"].clone();
                        assert_eq!(words(is), words(to_be), "seed {seed}: a message about {} is out of date", i.no);
                    }
                }
                assert_eq!(Sim::buttons(&shown), wanted_buttons(&wanted), "seed {seed}: a message about {}", i.no);
            }
        }
        let Some(card) = &i.card else { continue };
        let cards = slack.channel(sim, card.channel.as_str());
        let number = i.no.0.to_string();
        let same = cards.iter().filter(|m| {
            let p = &m["metadata"]["event_payload"];
            p["kind"] == "card" && p["incident"].as_str() == Some(&number)
        });
        extra += same.count() as u64 - 1;
    }
    extra += posts_say_what_is_true(sim, &mut slack, seed);
    what_follows_is_true(sim, seed);
    assert!(extra <= sim.lost_answers, "seed {seed}: {extra} cards too many, {} answers were lost", sim.lost_answers);
}

/// Whoever carries the pager stands in the channel's topic and in the user group. Slack has no empty groups.
fn what_follows_is_true(sim: &Sim, seed: u64) {
    let snapshot = sim.snapshot();
    let team = warridor::domain::id::TeamId::from("pay");
    let levels = following::levels(&snapshot.world, &snapshot.directory, &team);
    let wanted = views::oncall::topic("On call: {oncall}, then {next}.", &levels, &snapshot.directory);
    let members = following::members(&snapshot.world, &snapshot.directory, &team);
    let members: Vec<String> = members.iter().map(ToString::to_string).collect();
    let (topic, group) = sim.following();
    assert_eq!(topic, wanted, "seed {seed}: the topic names somebody else\n{}", sim.tail());
    assert!(members.is_empty() || members == group, "seed {seed}: {group:?} are in the group of {members:?}");
}

/// The same of messages about no single incident. How many are there twice.
fn posts_say_what_is_true(sim: &mut Sim, slack: &mut Shown, seed: u64) -> u64 {
    let snapshot = sim.snapshot();
    let mut extra = 0;
    for p in snapshot.world.posts.values() {
        let Some(wanted) = views::post::post(p, &snapshot.world, &snapshot.directory, snapshot.store) else { continue };
        let m = p.message.clone().unwrap_or_else(|| panic!("seed {seed}: {p:?} was never posted"));
        let all = slack.channel(sim, m.channel.as_str());
        let shown = all.iter().find(|shown| shown["ts"] == m.ts.as_str()).cloned().unwrap_or_default();
        assert_eq!(shown["text"], wanted.text, "seed {seed}: {p:?} is out of date\n{}", sim.tail());
        assert_eq!(Sim::buttons(&shown), Sim::buttons(&json!(wanted.blocks)), "seed {seed}: {p:?} has other buttons");
        let number = p.id.0.to_string();
        let same = all.iter().filter(|m| m["metadata"]["event_payload"]["post"].as_str() == Some(&number));
        extra += same.count() as u64 - 1;
    }
    extra
}

fn wanted_buttons(view: &views::Message) -> BTreeSet<String> {
    let blocks = view.colored.as_ref().map(|c| json!(c.blocks)).unwrap_or_default();
    Sim::buttons(&blocks)
}

/// What stands in the channels, each looked at once: nothing changes while it is judged.
#[derive(Default)]
struct Shown(BTreeMap<String, Vec<Value>>);

impl Shown {
    fn channel(&mut self, sim: &mut Sim, channel: &str) -> &[Value] {
        self.0.entry(channel.to_owned()).or_insert_with(|| sim.messages(channel))
    }

    fn message(&mut self, sim: &mut Sim, channel: &str, ts: &str) -> Value {
        self.channel(sim, channel).iter().find(|m| m["ts"] == ts).cloned().unwrap_or_default()
    }
}

/// I6: what is in memory and on disk is what the journal says.
fn rows_are_the_replay(sim: &mut Sim, replayed: &World, seed: u64) {
    for _ in 0..4 {
        sim.checkpoint();
    }
    let snapshot = sim.snapshot();
    for (no, wanted) in &replayed.incidents {
        let live: Incident = match snapshot.world.incident(*no) {
            Some(live) => (**live).clone(),
            None => {
                let key = closed_key(*no);
                let row = sim.store.get(&key).expect("rows can be read");
                let row = row.unwrap_or_else(|| panic!("seed {seed}: {no} is neither in memory nor on disk"));
                read_incident_row(&key, &row).expect("a row is an incident")
            }
        };
        assert_eq!(&live, &**wanted, "seed {seed}: {no} is not what the journal says");
        assert!(!matches!(live.state, State::Triggered { since } if since == At(0)));
    }
    assert_eq!(snapshot.world.shifts, replayed.shifts, "seed {seed}");
    assert_eq!(snapshot.world.overrides, replayed.overrides, "seed {seed}");
    assert_eq!(snapshot.world.dnd, replayed.dnd, "seed {seed}");
    assert_eq!(snapshot.world.people, replayed.people, "seed {seed}");
    assert_eq!(snapshot.world.quiets, replayed.quiets, "seed {seed}");
    assert_eq!(snapshot.world.misconfigured, replayed.misconfigured, "seed {seed}");
    assert_eq!(snapshot.world.posts, replayed.posts, "seed {seed}");
    assert_eq!(snapshot.world.turns, replayed.turns, "seed {seed}");
    assert_eq!(snapshot.world.heartbeats, replayed.heartbeats, "seed {seed}");
    assert_eq!(snapshot.world.handoffs, replayed.handoffs, "seed {seed}");
    assert_eq!(snapshot.world.moved, replayed.moved, "seed {seed}");
    assert_eq!(snapshot.world.prepared, replayed.prepared, "seed {seed}");
    assert_eq!(snapshot.world.handoff_notes, replayed.handoff_notes, "seed {seed}");
    assert_eq!(snapshot.world.worked, replayed.worked, "seed {seed}");
    assert_eq!(snapshot.world.meta, replayed.meta, "seed {seed}");
}
