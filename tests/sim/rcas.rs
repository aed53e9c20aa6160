//! RCAs in a life: people write them, well and badly, and what they owe is asked for when they work.

use super::Sim;
use rand::RngExt;
use std::collections::{BTreeMap, BTreeSet};
use warridor::domain::fact::Fact;
use warridor::domain::id::{IncidentNo, ItemNo, UserId};
use warridor::domain::input::What;
use warridor::domain::item::{ItemDeed, Kind};
use warridor::domain::page::Recipient;
use warridor::domain::post::About;
use warridor::domain::rca::{DUE_SECS, Part, RcaDeed, Reach, Stands};
use warridor::domain::world::World;

/// Somebody writes in one of those there are, or says that an item is done.
pub fn writes(sim: &mut Sim, who: &str) {
    let all: Vec<IncidentNo> = sim.snapshot().world.rcas.keys().copied().collect();
    let by: UserId = who.into();
    if all.is_empty() {
        return;
    }
    let no = all[sim.rng.random_range(0..all.len())];
    let rca = sim.snapshot().world.rcas[&no].clone();
    let part = Part::ALL[sim.rng.random_range(0..Part::ALL.len())];
    // Now and then over what somebody else saved.
    let revision = rca.revision(part).saturating_sub(u32::from(sim.rng.random_ratio(1, 6)));
    let deed = match sim.rng.random_range(0..13) {
        0 => RcaDeed::Answer { felt: true },
        1 | 2 => RcaDeed::Answer { felt: false },
        3 => RcaDeed::Impact {
            revision: rca.impact.as_ref().map_or(0, |known| known.revision),
            who: "customers <!here>".to_owned(),
            what: "pay".to_owned(),
            users: Reach::All,
            time: Reach::Some,
        },
        4..8 => RcaDeed::Write { part, revision, text: format!("words of {who} <!channel>") },
        8 => RcaDeed::HandOver { to: ["ana", "ben", "chen", "mara"][sim.rng.random_range(0..4)].into() },
        9 if sim.rng.random_ratio(1, 3) => RcaDeed::Excuse { because: "a drill".to_owned() },
        10 => RcaDeed::Repair {
            what: "an alert <!here>".to_owned(),
            owner: by.clone(),
            due: sim.wall.plus_secs(sim.rng.random_range(-10..200_000)),
        },
        11 => RcaDeed::TakeUp,
        12 if sim.rng.random_bool(0.5) => {
            let item = ItemNo(sim.rng.random_range(1..4));
            let owner = Some(by.clone()).filter(|_| sim.rng.random_bool(0.5));
            let due = Some(sim.wall.plus_secs(sim.rng.random_range(-10..200_000))).filter(|_| sim.rng.random_bool(0.5));
            let deed = match sim.rng.random_bool(0.5) {
                _ if sim.rng.random_bool(0.2) => ItemDeed::Reopen,
                true => ItemDeed::Done { outcome: "done".to_owned() },
                false => ItemDeed::Change { owner, due },
            };
            sim.does(What::Item { item, by, deed });
            return;
        }
        _ => RcaDeed::Complete,
    };
    sim.does(What::Rca { incident: no, by, deed });
}

/// Recounted from the facts alone: each is due three days after its incident was mitigated; whoever owes one hears of it in
/// their working hours and not at all once it is written; and nothing that was saved is lost.
pub fn are_asked_for_when_people_work(sim: &Sim, replayed: &World, seed: u64) {
    let directory = sim.snapshot().directory.clone();
    let mut owed: BTreeSet<IncidentNo> = BTreeSet::new();
    let mut saved: BTreeMap<(IncidentNo, Part), (u32, String)> = BTreeMap::new();
    for (wall, fact) in sim.dated_facts_after(0) {
        match fact {
            Fact::RcaOwed { incident, mitigated, due, .. } => {
                assert_eq!(due, mitigated.plus_secs(DUE_SECS), "seed {seed}: {incident}");
                owed.insert(incident);
            }
            Fact::RcaTakenUp { incident, .. } => {
                owed.insert(incident);
            }
            Fact::RcaWritten { incident, part, text, .. } => {
                assert!(owed.contains(&incident), "seed {seed}: {incident} is written, and not owed");
                let known = saved.entry((incident, part)).or_default();
                *known = (known.0 + 1, text.body().to_string());
            }
            Fact::RcaCompleted { incident, .. } | Fact::RcaExcused { incident, .. } => {
                assert!(owed.remove(&incident), "seed {seed}: {incident} was not owed");
            }
            Fact::Merged { incident, .. } => {
                owed.remove(&incident);
            }
            Fact::RcaReminded { incident, .. } | Fact::RcaLeadTold { incident, .. } => {
                assert!(owed.contains(&incident), "seed {seed}: {incident} is asked for, and not owed");
            }
            Fact::PostWanted { about, to, .. } if !sim.was_stepped => {
                let who = match (&about, &to) {
                    (About::Owes { user, .. }, _) => user,
                    (About::ItemTouched { .. }, Recipient::User(owner)) => owner,
                    (About::OwesLate { .. }, Recipient::User(lead)) => lead,
                    _ => continue,
                };
                let hours = directory.hours_of(who);
                assert!(hours.is_open_at(wall), "seed {seed}: {who} does not work at {}", wall.utc());
            }
            _ => {}
        }
    }
    for ((no, part), (revision, text)) in saved {
        let Some(rca) = replayed.rcas.get(&no) else { continue };
        let kept = rca.parts.get(&part).map(|written| (written.revision, written.text.to_string()));
        assert_eq!(kept, Some((revision, text)), "seed {seed}: what was saved of {no} is lost");
    }
    for (no, rca) in &replayed.rcas {
        assert_eq!(owed.contains(no), rca.is_owed(), "seed {seed}: {no} {:?}", rca.stands);
        if rca.is_owed() && rca.due.is_some() {
            assert!(rca.remind.is_some(), "seed {seed}: nobody will ever be asked for the RCA of {no}");
        }
        if !rca.is_owed() {
            assert_eq!(rca.wake(), None, "seed {seed}: {no} {:?}", rca.stands);
        }
        if let Stands::Completed(_) = rca.stands {
            let repairs =
                replayed.items.values().filter(|item| item.incident == *no && item.kind == Kind::Repair).count();
            assert_eq!(rca.missing(repairs), [], "seed {seed}: {no} is complete, and lacks something");
        }
    }
}
