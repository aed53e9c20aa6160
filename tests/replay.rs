//! The journal is the truth: replaying it gives the rows that are stored, whatever happened (I6), and the journal of
//! every release still gives the rows it gave then.
//!
//! `tests/journals/VERSION/` holds a data directory's `store.json`, `HEAD` and journal (without the zeroes at its end),
//! and `rows.json`, the rows they led to when they were recorded. A release records its own with
//! `cargo test --test replay -- --ignored record`, once; what is recorded is never changed.

mod sim;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use sim::{Sim, clear, event, options, order};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use warridor::app::BESIDE;
use warridor::domain::call::Whom;
use warridor::domain::directory::Urgency;
use warridor::domain::fact::Fact;
use warridor::domain::id::{AlertKey, IncidentNo};
use warridor::domain::input::{Deed, Elsewhere, EventAction};
use warridor::domain::quiet::Covered;
use warridor::domain::world::World;
use warridor::pump::Replayer;
use warridor::pump::look::Look;
use warridor::store::disk::RealDisk;
use warridor::store::embedded::EmbeddedStore;
use warridor::store::kv::MemKv;
use warridor::store::layout::Layout;
use warridor::store::lineage::Lineage;
use warridor::store::verify::{Report, verify};
use warridor::store::{Store, StoreId};

const KEYS: [&str; 3] = ["disk", "cpu/a", "<!channel> & ü"];
const PEOPLE: [&str; 4] = ["ana", "ben", "chen", "mara"];
const NEWCOMERS: [&str; 3] = ["U0ZOE", "U0YAN", "U0XIA"];
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

#[derive(Clone, Debug)]
enum Step {
    Event(u8, u8, u8),
    Act(u8, u8, u8),
    Override(u8),
    Dnd(u8, u8),
    EndOverride(u8),
    Quiet(u8, u8, i64),
    EndQuiet(u8),
    ExtendQuiet(u8),
    AddMe(u8),
    Admit(u8, u8, bool),
    Remove(u8, u8),
    GuestNote(u8),
    Advance(i64),
    Checkpoint,
    Crash(bool),
    Snapshot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4u8, 0..3u8, 0..8u8).prop_map(|(s, k, a)| Step::Event(s, k, a)),
        4 => (0..4u8, 0..7u8, 0..16u8).prop_map(|(who, no, deed)| Step::Act(who, no, deed)),
        1 => (0..4u8).prop_map(Step::Override),
        1 => (0..4u8, 0..9u8).prop_map(|(who, hours)| Step::Dnd(who, hours)),
        1 => (1..5u8).prop_map(Step::EndOverride),
        2 => (0..4u8, 0..3u8, prop::sample::select(vec![20, 45, 90])).prop_map(|(w, c, m)| Step::Quiet(w, c, m)),
        1 => (1..4u8).prop_map(Step::EndQuiet),
        1 => (1..4u8).prop_map(Step::ExtendQuiet),
        1 => (0..3u8).prop_map(Step::AddMe),
        1 => (0..4u8, 0..3u8).prop_map(|(by, who)| Step::Remove(by, who)),
        2 => (0..4u8, 0..3u8, any::<bool>()).prop_map(|(by, who, yes)| Step::Admit(by, who, yes)),
        1 => (0..7u8).prop_map(Step::GuestNote),
        4 => prop::sample::select(vec![1_000, 5 * MINUTE, 16 * MINUTE, 31 * MINUTE, 25 * HOUR]).prop_map(Step::Advance),
        3 => Just(Step::Checkpoint),
        1 => any::<bool>().prop_map(Step::Crash),
        1 => Just(Step::Snapshot),
    ]
}

fn take(sim: &mut Sim, step: &Step) {
    match step {
        Step::Event(service, key, action) => {
            let action = match action {
                0..5 => EventAction::Trigger,
                5..7 => EventAction::Resolve,
                _ => EventAction::Acknowledge,
            };
            let service = ["payments", "search", "reports", "logs"][usize::from(*service)];
            sim.events(service, vec![event(action, KEYS[usize::from(*key)], None)]);
        }
        Step::Act(who, no, deed) => {
            let deed = match deed {
                0 => Deed::Acknowledge,
                1 => Deed::snooze(sim.wall.plus_ms(40 * MINUTE)),
                2 => Deed::EndSnooze,
                3 => Deed::Escalate,
                4 => Deed::Resolve { note: Some("<!here> fixed".to_owned()) },
                5 => Deed::Reopen,
                6 => Deed::Start,
                7 => Deed::Mitigate,
                8 => Deed::NotActionable,
                9 => Deed::SetUrgency { to: Urgency::Low },
                10 => Deed::SetUrgency { to: Urgency::High },
                11 => Deed::Reassign { to: PEOPLE[usize::from(*no) % PEOPLE.len()].into() },
                12 => Deed::AddResponders { whom: vec![Whom::User(PEOPLE[usize::from(*no) % PEOPLE.len()].into())] },
                13 => Deed::MergeInto { into: IncidentNo(u64::from(*no) / 2 + 1) },
                14 => Deed::DeclinePageAgain,
                _ => Deed::Note { text: "looking".to_owned() },
            };
            sim.act(PEOPLE[usize::from(*who)], u64::from(*no), deed);
        }
        Step::Override(who) => {
            let (from, until) = (sim.wall, sim.wall.plus_ms(2 * HOUR));
            sim.override_shift("primary", PEOPLE[usize::from(*who)], from, until);
        }
        Step::Dnd(who, hours) => {
            let for_ms = (*hours > 0).then(|| i64::from(*hours) * HOUR);
            sim.dnd(PEOPLE[usize::from(*who)], for_ms);
        }
        Step::EndOverride(id) => sim.end_override("ben", u64::from(*id)),
        Step::Quiet(who, covered, minutes) => {
            let covered = match covered {
                0 => Covered::Services(vec!["payments".into(), "search".into()]),
                1 => Covered::Team("team".into()),
                _ => Covered::Alert(AlertKey { service: "payments".into(), dedup: KEYS[2].into() }),
            };
            let (from, until) = (sim.wall.plus_ms((minutes - 45) * MINUTE), sim.wall.plus_ms(minutes * MINUTE));
            sim.quiet(PEOPLE[usize::from(*who)], covered, from, until, "deploy <!here>");
        }
        Step::EndQuiet(id) => sim.end_quiet("ben", u64::from(*id)),
        Step::ExtendQuiet(id) => sim.extend_quiet("chen", u64::from(*id), sim.wall.plus_ms(2 * HOUR)),
        Step::Remove(by, who) => {
            let by = if *by == 0 { "ana" } else { "mara" };
            sim.remove_person(by, NEWCOMERS[usize::from(*who)]);
        }
        Step::AddMe(who) => sim.add_me(NEWCOMERS[usize::from(*who)]),
        Step::Admit(by, who, yes) => {
            let slack = NEWCOMERS[usize::from(*who)];
            sim.add_me(slack);
            // Three times of four by the one who may.
            let by = if *by == 0 { "ana" } else { "mara" };
            sim.admit(by, slack, *yes);
        }
        Step::GuestNote(no) => sim.guest_note(u64::from(*no), "slow on our side"),
        Step::Advance(ms) => sim.advance(*ms),
        Step::Checkpoint => sim.checkpoint(),
        Step::Crash(power) => {
            sim.crash(*power);
            assert!(sim.boot(), "{}", sim.tail());
        }
        Step::Snapshot => {
            sim.store.snapshot(sim.wall).expect("a snapshot");
        }
    }
    sim.settle();
}

/// The last rows are written, and the process ends.
fn end(sim: &mut Sim) {
    sim.checkpoint();
    sim.checkpoint();
    sim.pump = None;
    sim.outbox = None;
    sim.store.close().expect("a clean end");
}

fn verified(sim: &Sim) -> Report {
    verify(&sim.disk.shared(), &Layout::new("/data"), &sim.rows, &options(), &mut Replayer::new(BESIDE))
        .expect("it can be verified")
}

/// A life takes long; more of them with `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(10)
}

#[test]
fn the_life_of_a_window_is_in_the_journal() {
    let mut company = sim::company::company();
    // Each alert is an incident.
    company.settings.flood = 0;
    let mut sim = Sim::of(company, sim::START, 1);
    let window = || Covered::Services(vec!["payments".into()]);
    let steps = |sim: &mut Sim, steps: &[Step]| steps.iter().for_each(|step| take(sim, step));
    sim.events("payments", (0..80).map(|n| event(EventAction::Trigger, &format!("disk-{n}"), None)).collect());
    sim.settle();
    let (begins, ends) = (sim.wall.plus_ms(10 * MINUTE), sim.wall.plus_ms(50 * MINUTE));
    sim.quiet("ana", window(), begins, ends, "deploy");
    let disk = Covered::Alert(AlertKey { service: "payments".into(), dedup: "disk-1".into() });
    sim.quiet_here_and(true, "ben", disk, sim.wall, ends, "known");
    sim.settle();
    sim.came_elsewhere(2, Elsewhere::NotDone { why: "it cannot be reached".to_owned() });
    let written = Elsewhere::Written { url: "http://am.example".into(), id: "1-2-3".into(), until: ends };
    sim.came_elsewhere(2, written);
    sim.end_quiet("ben", 2);
    steps(&mut sim, &[Step::Advance(40 * MINUTE), Step::ExtendQuiet(1), Step::Crash(true), Step::Checkpoint]);
    steps(&mut sim, &[Step::Advance(3 * HOUR), Step::Advance(HOUR)]);
    sim.came_elsewhere(2, Elsewhere::Removed);
    sim.settle();
    let facts = sim.facts();
    let has = |is: fn(&Fact) -> bool| facts.iter().any(is);
    assert!(has(|f| matches!(f, Fact::QuietMade { .. })) && has(|f| matches!(f, Fact::QuietBegun { .. })));
    assert!(has(|f| matches!(f, Fact::QuietWarned { .. })) && has(|f| matches!(f, Fact::QuietExtended { .. })));
    assert!(has(|f| matches!(f, Fact::QuietEnded { by: None, .. })));
    assert!(has(|f| matches!(f, Fact::QuietsSwept { rest: Some(_) })));
    assert!(has(|f| matches!(f, Fact::QuietForgotten { .. })));
    assert!(has(|f| matches!(f, Fact::QuietWritten { .. })) && has(|f| matches!(f, Fact::QuietNotDone { .. })));
    end(&mut sim);
    let report = verified(&sim);
    assert!(report.is_fine(), "{:#?}", report.problems);
    let stored = rows_of(&sim, sim.rows.clone());
    assert_eq!(rows_of(&sim, MemKv::default()), stored);
}

#[test]
fn a_start_after_which_nothing_changed_leaves_topics_and_groups_alone() {
    let mut sim = Sim::new(1);
    sim.events("reports", vec![event(EventAction::Trigger, "disk", None)]);
    sim.advance(2 * MINUTE);
    let set = |sim: &Sim| sim.transcript.iter().filter(|l| l.contains("setTopic") || l.contains("usergroups")).count();
    assert_eq!(set(&sim), 2, "the topic and the group follow: {}", sim.tail());
    // One takes the rows, one writes them with what was shown.
    for _ in 0..4 {
        sim.checkpoint();
    }
    sim.crash(false);
    sim.boot();
    sim.advance(2 * MINUTE);
    assert_eq!(set(&sim), 2, "{}", sim.tail());
}

/// Slack refuses to empty a user group.
#[test]
fn fault_28_a_group_that_would_be_empty_keeps_its_members_and_the_admins_hear_of_it_once() {
    let mut directory = sim::company::company();
    let rotations = directory.schedules.remove(&"empty".into()).map(|empty| empty.layers).expect("one without people");
    directory.schedules.get_mut(&"primary".into()).expect("the team's").layers = rotations;
    let mut sim = Sim::of(directory, sim::START, 1);
    sim.advance(5 * MINUTE);
    let told = |sim: &Sim, words: &str| sim.transcript.iter().filter(|l| l.contains(words)).count();
    assert_eq!(sim.following().1, ["U0MARA"], "as it was\n{}", sim.tail());
    assert_eq!(told(&sim, "usergroups.users.update"), 0);
    let kept = "Nobody is on call at the first level of *pay*. Slack has no empty user groups";
    assert_eq!(told(&sim, kept), 1, "{}", sim.tail());
    sim.override_shift("primary", "ben", sim.wall, sim.wall.plus_ms(HOUR));
    sim.advance(5 * MINUTE);
    assert_eq!(sim.following().1, ["U0BEN"], "{}", sim.tail());
    assert_eq!(told(&sim, "The user group of *pay* follows who is on call again"), 1, "{}", sim.tail());
    sim.advance(2 * HOUR);
    assert_eq!(sim.following().1, ["U0BEN"], "the last who was: {}", sim.tail());
    assert_eq!(told(&sim, kept), 2, "told anew: {}", sim.tail());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn a_replay_leads_to_the_rows_that_are_stored(steps in prop::collection::vec(step(), 1..60), seed in 0..1_000u64) {
        let mut sim = Sim::new(seed);
        for step in &steps {
            take(&mut sim, step);
        }
        end(&mut sim);
        let report = verified(&sim);
        prop_assert!(report.is_fine(), "{:#?}", report.problems);
        prop_assert!(report.rows > 0, "{report:?}");
        // And without any rows: a look makes the same ones of the journal alone.
        let stored = rows_of(&sim, sim.rows.clone());
        prop_assert_eq!(rows_of(&sim, MemKv::default()), stored);
    }

    #[test]
    fn a_state_read_back_from_its_rows_is_the_same_state(
        steps in prop::collection::vec(step(), 1..40),
        seed in 0..1_000u64,
    ) {
        let mut sim = Sim::new(seed);
        for step in &steps {
            take(&mut sim, step);
            let world = sim.snapshot().world.clone();
            let rows = world.all_rows();
            let mut back = World::default();
            for (key, value) in &rows {
                back.load_row(key, value.as_deref().unwrap_or_default()).expect("its own rows can be read");
            }
            prop_assert_eq!(back.all_rows(), rows);
            prop_assert_eq!(&back.meta, &world.meta);
            prop_assert_eq!(&back.incidents, &world.incidents);
            prop_assert_eq!(&back.wanted, &world.wanted);
            prop_assert_eq!(&back.bundles, &world.bundles);
            prop_assert_eq!(&back.shifts, &world.shifts);
            prop_assert_eq!(&back.people, &world.people);
            prop_assert_eq!(&back.quiets, &world.quiets);
            prop_assert_eq!(&back.misconfigured, &world.misconfigured);
            prop_assert_eq!(back.next_wake(), world.next_wake());
            prop_assert_eq!(back.next_wake(), back.next_wake_by_brute_force());
            prop_assert!(back.closed().eq(world.closed()));
            for incident in world.incidents.values() {
                for alert in &incident.alerts {
                    let key = warridor::domain::id::AlertKey {
                        service: incident.service.clone(),
                        dedup: alert.dedup.clone(),
                    };
                    // A closed incident may have come back without the open one that is its alert's latest.
                    let latest = world.by_alert.get(&key);
                    let is_elsewhere = latest.is_none_or(|no| world.incident(*no).is_none());
                    prop_assert!(is_elsewhere || back.by_alert.get(&key) == latest);
                }
            }
        }
    }
}

/// All rows that a look at this data leads to, but those kept beside the state.
fn rows_of(sim: &Sim, rows: MemKv) -> Value {
    let store = EmbeddedStore::on(sim.disk.shared(), Layout::new("/data"), Arc::new(rows), options());
    let opened = store.open().expect("it opens");
    let printed = printed(&Look::new(&store, &opened).expect("it can be looked at"));
    store.close().expect("it closes");
    printed
}

fn printed(look: &Look<'_>) -> Value {
    let mut all = Map::new();
    look.rows(&mut |key, value| {
        if !BESIDE.iter().any(|prefix| key.starts_with(prefix)) {
            all.insert(name(key), serde_json::from_slice(value).expect("rows are JSON"));
        }
        true
    })
    .expect("rows can be read");
    Value::Object(all)
}

/// A key for people: numbers as numbers.
fn name(key: &[u8]) -> String {
    let (prefix, rest) = key.split_at(key.len().min(2));
    let numbers = || rest.as_chunks::<8>().0.iter().map(|n| u64::from_be_bytes(*n).to_string()).collect::<Vec<_>>();
    let rest = match prefix {
        b"o/" | b"c/" | b"v/" | b"t/" | b"e/" | b"x/" | b"C/" => numbers().join("/"),
        // A time, then whose shift of what it is.
        b"S/" => {
            let (from, whose) = rest.split_at(rest.len().min(8));
            let from = <[u8; 8]>::try_from(from).map_or(0, u64::from_be_bytes);
            format!("{from}/{}", String::from_utf8(whose.to_vec()).expect("names are text"))
        }
        _ => String::from_utf8(rest.to_vec()).expect("names are text"),
    };
    format!("{}{rest}", String::from_utf8_lossy(prefix))
}

fn journals() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals")
}

#[test]
fn the_journal_of_every_release_still_leads_to_its_rows() {
    let mut releases = 0;
    for release in fs::read_dir(journals()).expect("tests/journals").map(|e| e.expect("an entry").path()) {
        releases += 1;
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir(dir.path().join("journal")).expect("a folder");
        for file in recorded_files(&release) {
            fs::copy(release.join(&file), dir.path().join(&file)).expect("a copy");
        }
        let report = verify(
            &RealDisk::shared(),
            &Layout::new(dir.path()),
            &MemKv::default(),
            &options(),
            &mut Replayer::new(BESIDE),
        );
        let problems = report.expect("it can be verified").problems;
        assert!(problems.is_empty(), "{}: {problems:#?}", release.display());
        let store =
            EmbeddedStore::on(RealDisk::shared(), Layout::new(dir.path()), Arc::new(MemKv::default()), options());
        let opened = store.open().expect("it opens");
        let rows = printed(&Look::new(&store, &opened).expect("it can be looked at"));
        let expected = fs::read(release.join("rows.json")).expect("rows.json");
        let expected: Value = serde_json::from_slice(&expected).expect("rows.json is JSON");
        for (key, value) in expected.as_object().expect("an object") {
            let found = rows.get(key).unwrap_or(&Value::Null);
            assert!(holds(found, value), "{}: {key}\n{found:#}\nis not\n{value:#}", release.display());
        }
        let is_known = |key: &&String| expected.get(key.as_str()).is_some() || NEWER.iter().any(|n| key.starts_with(n));
        let more: Vec<&String> = rows.as_object().expect("an object").keys().filter(|key| !is_known(key)).collect();
        assert_eq!(more, Vec::<&String>::new(), "{}", release.display());
    }
    assert!(releases > 0);
}

/// Rows of kinds that came after the first release: its facts lead to some of them too.
const NEWER: [&str; 1] = ["e/"];

/// Is everything there that was recorded, as it was? A later release may know more of it.
fn holds(found: &Value, recorded: &Value) -> bool {
    match (found, recorded) {
        (Value::Object(found), Value::Object(recorded)) => {
            recorded.iter().all(|(key, value)| found.get(key).is_some_and(|found| holds(found, value)))
        }
        (Value::Array(found), Value::Array(recorded)) => {
            found.len() == recorded.len() && found.iter().zip(recorded).all(|(found, recorded)| holds(found, recorded))
        }
        (found, recorded) => found == recorded,
    }
}

fn recorded_files(release: &Path) -> Vec<PathBuf> {
    let segments = fs::read_dir(release.join("journal")).expect("a journal");
    let segments = segments.map(|e| Path::new("journal").join(e.expect("an entry").file_name()));
    [PathBuf::from("store.json"), PathBuf::from("HEAD")].into_iter().chain(segments).collect()
}

/// Every kind of fact that this life leads to is in the journal of its release.
const KINDS: &[&str] = &[
    "ack_timed_out",
    "acknowledged",
    "acknowledged_by_event",
    "act_late",
    "alert_cleared",
    "alert_fired",
    "alert_joined",
    "alert_silent",
    "alerts_taken",
    "call_exhausted",
    "call_started",
    "came_anew",
    "came_back",
    "card_moved",
    "clock_jumped",
    "config_loaded",
    "count_waned",
    "count_wanes",
    "do_not_disturb",
    "escalated",
    "event_dropped",
    "event_late",
    "flapping",
    "flapping_ended",
    "fyi",
    "fyi_cleared",
    "fyi_shown",
    "heard",
    "incident_closed",
    "incident_opened",
    "marked_not_actionable",
    "merged",
    "mitigated",
    "not_cleared",
    "noted",
    "noted_by_guest",
    "numbers_skipped",
    "override_expired",
    "override_removed",
    "override_set",
    "page_again_declined",
    "page_again_planned",
    "page_delivered",
    "page_failed",
    "page_requested",
    "page_revoked",
    "pages_carried_over",
    "person_added",
    "person_asked",
    "person_declined",
    "person_removed",
    "reassign_asked",
    "reassigned",
    "reopened",
    "rep",
    "resolved",
    "responders_asked",
    "shift_started",
    "snooze_ended",
    "snoozed",
    "started",
    "step_started",
    "still_on_it_asked",
    "sync_created",
    "thread_shown",
    "urgency_changed",
    "will_resolve",
];

/// A life with something of everything.
fn life() -> Sim {
    let mut sim = Sim::new(2026);
    let fire = |sim: &mut Sim, service: &str, key: &str| {
        sim.events(service, vec![event(EventAction::Trigger, key, Some(sim.wall))]);
        sim.advance(2_000);
    };
    let act = |sim: &mut Sim, who: &str, no: u64, deed: Deed| {
        sim.act(who, no, deed);
        sim.advance(2_000);
    };
    fire(&mut sim, "payments", "disk");
    sim.events("payments", vec![event(EventAction::Trigger, "disk", None)]);
    act(&mut sim, "ana", 1, Deed::Acknowledge);
    act(&mut sim, "ben", 1, Deed::Acknowledge);
    act(&mut sim, "ana", 1, Deed::Escalate);
    act(&mut sim, "ana", 1, Deed::Note { text: "it is the fan <!here>".to_owned() });
    let until = sim.wall.plus_ms(10 * MINUTE);
    act(&mut sim, "ana", 1, Deed::snooze(until));
    sim.advance(11 * MINUTE);
    // Nobody answers, and Mara cannot be reached.
    order(
        &mut sim.slack,
        json!({ "fault": "error", "error": "is_archived", "method": "chat.postMessage", "count": 3 }),
    );
    fire(&mut sim, "search", "latency");
    clear(&mut sim.slack);
    sim.advance(40 * MINUTE);
    // Acknowledged and forgotten.
    act(&mut sim, "chen", 2, Deed::Acknowledge);
    sim.advance(HOUR);
    act(&mut sim, "chen", 2, Deed::Resolve { note: Some("done".to_owned()) });
    act(&mut sim, "ana", 2, Deed::Resolve { note: None });
    sim.events("search", vec![event(EventAction::Trigger, "latency", Some(sim.wall.plus_ms(-2 * HOUR)))]);
    sim.advance(1_000);
    act(&mut sim, "ana", 2, Deed::Reopen);
    // Cleared and firing again, two alerts in one body, an acknowledgement by a monitor.
    sim.events("reports", vec![event(EventAction::Trigger, "a", None), event(EventAction::Trigger, "b", None)]);
    sim.advance(1_000);
    fire(&mut sim, "payments", "disk");
    fire(&mut sim, "payments", "cpu");
    sim.events("payments", vec![event(EventAction::Acknowledge, "cpu", None)]);
    sim.advance(1_000);
    sim.events("payments", vec![event(EventAction::Resolve, "cpu", None)]);
    sim.advance(1_000);
    // Answered while the page is on its way.
    sim.events("search", vec![event(EventAction::Trigger, "errors", None)]);
    sim.turn();
    let newest = sim.snapshot().world.meta.last_incident.0;
    act(&mut sim, "chen", newest, Deed::Acknowledge);
    let (from, until) = (sim.wall, sim.wall.plus_ms(HOUR));
    sim.override_shift("primary", "ben", from, until);
    sim.advance(1_000);
    sim.checkpoint();
    sim.checkpoint();
    // The clock jumps, the process dies with a page under way, and a backup is restored.
    sim.wall = sim.wall.plus_ms(2 * HOUR);
    sim.advance(1_000);
    sim.events("payments", vec![event(EventAction::Trigger, "net", None)]);
    sim.turn();
    sim.crash(true);
    let layout = Layout::new("/data");
    let lineage = Lineage::read(&sim.disk, &layout).expect("store.json").expect("a lineage");
    let last = sim.store.open().expect("it opens").last_seq;
    sim.store.close().expect("it closes");
    let mut lineage = lineage.restored(StoreId(0x5EED), last);
    lineage.paused = false;
    lineage.write(&sim.disk, &layout).expect("a lineage");
    assert!(sim.boot(), "{}", sim.tail());
    fire(&mut sim, "payments", "after");
    // Everything else that people do.
    sim.dnd("ben", Some(HOUR));
    fire(&mut sim, "payments", "slow");
    fire(&mut sim, "search", "slow");
    let newest = sim.snapshot().world.meta.last_incident.0;
    act(&mut sim, "ana", newest, Deed::Start);
    act(&mut sim, "ana", newest, Deed::Mitigate);
    act(&mut sim, "ana", newest, Deed::AddResponders { whom: vec![Whom::User("chen".into())] });
    act(&mut sim, "chen", newest, Deed::Acknowledge);
    act(&mut sim, "ana", newest, Deed::Reassign { to: "ben".into() });
    act(&mut sim, "ben", newest, Deed::Acknowledge);
    act(&mut sim, "ben", newest, Deed::SetUrgency { to: Urgency::Low });
    act(&mut sim, "chen", newest - 1, Deed::MergeInto { into: IncidentNo(newest) });
    fire(&mut sim, "payments", "noise");
    act(&mut sim, "ana", newest + 1, Deed::NotActionable);
    for (slack, approve) in [(NEWCOMERS[0], true), (NEWCOMERS[1], false)] {
        sim.add_me(slack);
        sim.admit("mara", slack, approve);
    }
    sim.remove_person("mara", NEWCOMERS[0]);
    let (from, until) = (sim.wall, sim.wall.plus_ms(HOUR));
    sim.override_shift("primary", "chen", from, until);
    sim.advance(1_000);
    let last = sim.snapshot().world.meta.last_override.0;
    sim.end_override("ben", last);
    sim.guest_note(newest, "slow on our side");
    sim.advance(1_000);
    // The monitor changes its mind: comes and goes, is silent, goes on after a resolve, begins anew.
    let number = |sim: &Sim| sim.snapshot().world.meta.last_incident.0;
    for _ in 0..3 {
        fire(&mut sim, "payments", "flaps");
        sim.events("payments", vec![event(EventAction::Resolve, "flaps", None)]);
        sim.advance(1_000);
    }
    sim.events("logs", vec![event(EventAction::Trigger, "panic", None)]);
    sim.advance(1_000);
    let silent = number(&sim);
    act(&mut sim, "chen", silent, Deed::Acknowledge);
    act(&mut sim, "chen", silent, Deed::SetUrgency { to: Urgency::Low });
    sim.advance(3 * HOUR);
    fire(&mut sim, "search", "stays");
    let stays = number(&sim);
    act(&mut sim, "chen", stays, Deed::Resolve { note: None });
    sim.advance(31 * MINUTE);
    act(&mut sim, "chen", stays, Deed::Resolve { note: None });
    act(&mut sim, "chen", stays, Deed::DeclinePageAgain);
    fire(&mut sim, "search", "stays");
    // What rules show and drop, what is put together, and what waits for more of its kind.
    let labelled = |sim: &mut Sim, service: &str, action, key: &str, label: (&str, &str)| {
        let mut event = event(action, key, None);
        event.labels.push((label.0.to_owned(), label.1.to_owned()));
        sim.events(service, vec![event]);
        sim.advance(2_000);
    };
    use EventAction::{Resolve, Trigger};
    for _ in 0..2 {
        labelled(&mut sim, "mixed", Trigger, "certificate", ("severity", "info"));
    }
    labelled(&mut sim, "mixed", Resolve, "certificate", ("severity", "info"));
    labelled(&mut sim, "mixed", Trigger, "trace", ("severity", "debug"));
    labelled(&mut sim, "mixed", Trigger, "index", ("severity", "search"));
    for node in ["node-1", "node-2"] {
        labelled(&mut sim, "nodes", Trigger, node, ("cluster", "east"));
    }
    fire(&mut sim, "probes", "eu");
    sim.advance(11 * MINUTE);
    // A timeline outgrows memory; what is resolved is closed a day later; its alert fires once more.
    for n in 0..60 {
        act(&mut sim, "ben", 1, Deed::Note { text: format!("note {n}") });
    }
    let open: Vec<u64> = sim.snapshot().world.open_incidents().map(|i| i.no.0).collect();
    for no in open {
        act(&mut sim, "ana", no, Deed::Resolve { note: None });
        act(&mut sim, "ana", no, Deed::DeclinePageAgain);
    }
    for _ in 0..13 {
        sim.advance(2 * HOUR);
        sim.checkpoint();
    }
    fire(&mut sim, "payments", "cpu");
    // What is recent has rows of its own: an input that may come again, an override in force.
    let (from, until) = (sim.wall, sim.wall.plus_ms(HOUR));
    sim.override_shift("primary", "mara", from, until);
    sim.advance(1_000);
    end(&mut sim);
    sim
}

#[test]
fn a_life_with_something_of_everything_has_every_kind_of_fact() {
    let sim = life();
    let store = EmbeddedStore::on(sim.disk.shared(), Layout::new("/data"), Arc::new(sim.rows.clone()), options());
    store.open().expect("it opens");
    let mut kinds = BTreeSet::new();
    store
        .tail(0, &mut |frame| {
            for fact in &frame.facts {
                let fact: Value = serde_json::from_str(fact.get()).expect("facts are JSON");
                kinds.insert(fact["k"].as_str().expect("a kind").to_owned());
            }
            true
        })
        .expect("the journal can be read");
    let missing: Vec<&&str> = KINDS.iter().filter(|k| !kinds.contains(**k)).collect();
    assert!(missing.is_empty(), "not there: {missing:?}; there: {kinds:?}");
    store.close().expect("it closes");
    let problems = verified(&sim).problems;
    assert!(problems.is_empty(), "{problems:#?}");
    // What is excused is there, and nothing else is: rows are compared.
    let (disk, layout) = (sim.disk.shared(), Layout::new("/data"));
    let strict = verify(&disk, &layout, &sim.rows, &options(), &mut Replayer::new(&[])).expect("it can be verified");
    assert!(
        !strict.is_fine() && strict.problems.iter().all(|p| p.contains("row h/") || is_count(p)),
        "{:#?}",
        strict.problems
    );
}

/// Problems beyond those that are listed are counted: "and 7 more rows of the store".
fn is_count(problem: &str) -> bool {
    problem.starts_with("and ") && problem.ends_with(" more rows of the store")
}

#[test]
#[ignore = "records the journal of this release, once"]
fn record() {
    let release = journals().join(env!("CARGO_PKG_VERSION"));
    assert!(!release.exists(), "{} is recorded already, and is never changed", release.display());
    let sim = life();
    fs::create_dir_all(release.join("journal")).expect("a folder");
    let layout = Layout::new("/data");
    let rows = rows_of(&sim, sim.rows.clone());
    let names = warridor::store::disk::Disk::list(&sim.disk, &layout.journal()).expect("a list");
    let segments = names.iter().filter(|n| n.ends_with(".jsonl")).map(|n| layout.journal().join(n));
    for path in [layout.lineage(), layout.head()].into_iter().chain(segments) {
        let mut bytes = sim.disk.read(&path).expect("a file");
        if path.extension().is_some_and(|e| e == "jsonl") {
            bytes.truncate(bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1));
        }
        fs::write(release.join(path.strip_prefix("/data").expect("below /data")), bytes).expect("written");
    }
    let text = serde_json::to_string_pretty(&rows).expect("rows are JSON");
    fs::write(release.join("rows.json"), text + "\n").expect("written");
}
