//! Shifts ahead in a life: whoever's they are hear of them and say what they checked.

use super::Sim;
use chrono::Timelike;
use rand::RngExt;
use std::collections::BTreeMap;
use warridor::domain::fact::Fact;
use warridor::domain::id::{IncidentNo, OverrideId, ScheduleId, UserId};
use warridor::domain::input::{OverrideRequest, Source, What};
use warridor::domain::page::{Purpose, Recipient};
use warridor::domain::post::About;
use warridor::domain::prepare::{Check, Looks, ShiftKey, next_of};
use warridor::domain::schedule::{Override, resolve};
use warridor::domain::stamp::At;
use warridor::domain::test_page::WAIT_SECS;
use warridor::domain::world::World;

/// Somebody checks something before their next shift, or before one that was spoken of, theirs or not.
pub fn gets_ready(sim: &mut Sim, who: &str) {
    let (s, by) = (sim.snapshot(), UserId::from(who));
    let known: Vec<ShiftKey> = s.world.prepared.keys().cloned().collect();
    let next = next_of(&s.world, &s.directory, sim.wall, &by).map(|p| p.shift);
    let shift = match next {
        Some(next) if known.is_empty() || sim.rng.random_bool(0.5) => next,
        _ if known.is_empty() => return,
        _ => ShiftKey { user: by, ..known[sim.rng.random_range(0..known.len())].clone() },
    };
    let check = Check::ALL[sim.rng.random_range(0..Check::ALL.len())];
    let done = sim.rng.random_ratio(3, 4);
    sim.does(What::Ready { shift, check, done });
}

/// Hours of a life in which nothing breaks, and people swap, get ready and sometimes change the rotation.
pub fn hours_pass(sim: &mut Sim, changes_the_file: bool) {
    let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
    match sim.rng.random_range(0..10) {
        0 | 1 => {
            let from = sim.wall.plus_secs(sim.rng.random_range(0..96) * 1_800);
            let (schedule, by) = ("primary".into(), "mara".into());
            let until = from.plus_secs(sim.rng.random_range(1..60) * 1_800);
            let request = OverrideRequest { schedule, user: who.into(), from, until, by };
            sim.does(What::Override(request));
        }
        2 => {
            let newest = sim.snapshot().world.meta.last_override;
            sim.does(What::EndOverride { id: newest, by: who.into() });
        }
        3..6 => gets_ready(sim, who),
        6 if changes_the_file => {
            let mut next = (*sim.directory).clone();
            if let Some(primary) = next.schedules.get_mut(&"primary".into()) {
                primary.layers[0].rotation.members.rotate_left(1);
            }
            sim.configure(next);
        }
        _ => {}
    }
    let minutes: i64 = sim.rng.random_range(10..600);
    sim.advance(minutes * 60_000);
}

/// Hours in which people get ready, and nothing is changed.
pub fn quiet_hours_pass(sim: &mut Sim) {
    let who = ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)];
    if sim.rng.random_ratio(1, 3) {
        gets_ready(sim, who);
    }
    let minutes: i64 = sim.rng.random_range(10..600);
    sim.advance(minutes * 60_000);
}

/// Recounted from the facts alone: nobody hears twice of the same, by night, of what began, or of what is another's; whoever
/// comes on call after three days off hears of it before, if nothing was changed in these days; and what was checked is neither
/// lost nor made up.
///
/// How often somebody heard, and how much was checked. `same_file`: whose it was by the file is known.
pub fn are_told_before_they_begin(sim: &Sim, replayed: &World, seed: u64, same_file: bool) -> (usize, usize) {
    let directory = sim.snapshot().directory.clone();
    let mut overrides: BTreeMap<OverrideId, Override> = BTreeMap::new();
    let mut looks: BTreeMap<ShiftKey, Looks> = BTreeMap::new();
    let mut ready: BTreeMap<ShiftKey, BTreeMap<Check, At>> = BTreeMap::new();
    let (mut heard, mut told_from, mut checked) = (0, BTreeMap::new(), 0);
    let mut watch = Watch::default();
    for (wall, fact) in sim.dated_facts_after(0) {
        watch.sees(&fact, wall, &looks, seed);
        match fact {
            Fact::OverrideSet(o) => {
                overrides.insert(o.id, o);
            }
            Fact::OverrideExpired { id } | Fact::OverrideRemoved { id, .. } => {
                overrides.remove(&id);
            }
            Fact::ShiftForetold { shift, looks: now, .. } => {
                ready.entry(shift.clone()).or_default();
                looks.insert(shift, now);
            }
            Fact::ShiftOver { shift } => {
                ready.remove(&shift);
            }
            Fact::ReadyMarked { shift, check, done } => {
                let of_it = ready.get_mut(&shift).expect("it is known");
                let was = if done { of_it.insert(check, wall).is_some() } else { of_it.remove(&check).is_none() };
                checked += 1;
                assert!(!was, "seed {seed}: {check:?} of {shift:?} is said twice");
            }
            Fact::PostWanted { about: About::ShiftAhead { shift, told }, to, .. } => {
                assert_eq!(to, Recipient::User(shift.user.clone()), "seed {seed}");
                let now = &looks[&shift];
                heard += 1;
                // One that begins days later than it was told has its list again.
                let before = told_from.insert((shift.clone(), told), now.from);
                let is_another = before.is_none_or(|before: At| before.plus_secs(24 * 60 * 60) < now.from);
                assert!(
                    is_another,
                    "seed {seed}: {told:?} of {shift:?} twice: of {before:?}, and at {wall:?} of {now:?}"
                );
                assert!(wall < now.from, "seed {seed}: {shift:?} began, and is told of at {}", wall.utc());
                let schedule = &directory.schedules[&shift.schedule];
                let carries = |at: At| resolve(schedule, overrides.values(), at).who;
                if same_file {
                    assert_eq!(carries(now.from).as_ref(), Some(&shift.user), "seed {seed}: {shift:?}");
                    assert_ne!(carries(now.from.plus_ms(-1)).as_ref(), Some(&shift.user), "seed {seed}: {shift:?}");
                }
                let tz = directory.users[&shift.user].tz;
                let hour = wall.utc().with_timezone(&tz).hour();
                assert!((8..22).contains(&hour) || sim.was_stepped, "seed {seed}: told at {hour} o'clock: {shift:?}");
            }
            _ => {}
        }
    }
    let kept: BTreeMap<_, _> = replayed.prepared.iter().map(|(shift, p)| (shift.clone(), p.ready.clone())).collect();
    assert_eq!(kept, ready, "seed {seed}: what was checked");
    (heard, checked)
}

/// Who carried what until when, who heard of which shift, and since when nothing was changed.
#[derive(Default)]
struct Watch {
    quiet_since: Option<At>,
    /// By schedule, who carries it now.
    carries: BTreeMap<ScheduleId, Option<UserId>>,
    left: BTreeMap<(ScheduleId, UserId), At>,
    /// When each was to begin as it was told.
    heard: BTreeMap<ShiftKey, At>,
}

impl Watch {
    fn sees(&mut self, fact: &Fact, wall: At, looks: &BTreeMap<ShiftKey, Looks>, seed: u64) {
        match fact {
            // What Slack does not take now, or a clock that jumps, puts off what is to be said.
            Fact::ConfigLoaded { .. }
            | Fact::OverrideSet(_)
            | Fact::OverrideRemoved { .. }
            | Fact::ClockJumped { .. }
            | Fact::SlackWentAway
            | Fact::SlackCameBack => self.quiet_since = Some(wall),
            Fact::PostWanted { about: About::ShiftAhead { shift, .. }, .. } => {
                self.heard.insert(shift.clone(), looks[shift].from);
            }
            Fact::ShiftStarted { schedule, shift, .. } => {
                let before = self.carries.insert(schedule.clone(), shift.who.clone()).flatten();
                if before == shift.who {
                    return;
                }
                before.into_iter().for_each(|before| {
                    self.left.insert((schedule.clone(), before), wall);
                });
                let Some(who) = &shift.who else { return };
                let long_ago = |at: &At| at.plus_secs(3 * 24 * 60 * 60) <= wall;
                let was_off = self.left.get(&(schedule.clone(), who.clone())).is_none_or(long_ago);
                if was_off && self.quiet_since.as_ref().is_some_and(long_ago) {
                    let mut theirs = self.heard.iter().filter(|(of, _)| of.schedule == *schedule && of.user == *who);
                    let heard = theirs.any(|(shift, told)| {
                        // One that begins days later than it was told is told again.
                        let is_true = looks[shift].from <= told.plus_secs(24 * 60 * 60);
                        looks[shift].from <= wall && wall < looks[shift].until && is_true
                    });
                    assert!(heard, "seed {seed}: {who} came on call by {schedule} at {}, and never heard", wall.utc());
                }
            }
            _ => {}
        }
    }
}

/// Whoever wants a test page is asked, and nobody else; it ends, owes nothing, and stands in no channel.
pub fn test_pages_are_nobody_elses(sim: &Sim, seed: u64) {
    let mut tests: BTreeMap<IncidentNo, UserId> = BTreeMap::new();
    let mut over: BTreeMap<IncidentNo, u32> = BTreeMap::new();
    for fact in &sim.facts() {
        match fact {
            Fact::IncidentOpened(o) if o.source == Source::Test => {
                tests.insert(o.incident, o.by.clone().expect("somebody wants it"));
            }
            Fact::PageRequested { incident, to, purpose, .. } if let Some(of) = tests.get(incident) => {
                assert_eq!((to, *purpose), (&Recipient::User(of.clone()), Purpose::Test), "seed {seed}: {incident}");
            }
            Fact::SyncCreated { key, .. } => {
                let of_a_test = key.incident().is_some_and(|no| tests.contains_key(&no));
                assert!(!of_a_test, "seed {seed}: {key:?} is of a test page");
            }
            Fact::Resolved { incident, .. } if tests.contains_key(incident) => *over.entry(*incident).or_default() += 1,
            Fact::RcaOwed { incident, .. } => {
                assert!(!tests.contains_key(incident), "seed {seed}: {incident} owes an RCA");
            }
            _ => {}
        }
    }
    let world = &sim.snapshot().world;
    for no in tests.keys() {
        let ends = over.get(no).copied().unwrap_or(0);
        let waits = world.incident(*no).filter(|i| i.is_triggered()).and_then(|i| i.next_wake());
        let soon = waits.is_some_and(|at| at <= world.meta.at.plus_secs(WAIT_SECS));
        assert!(ends == 1 || ends == 0 && soon, "seed {seed}: {no} ended {ends} times, and waits until {waits:?}");
    }
}
