//! Work that incidents left behind, in the simulation: alerts that are to be mended are somebody's.

use super::Sim;
use std::collections::{BTreeMap, BTreeSet};
use warridor::domain::fact::Fact;
use warridor::domain::id::ItemNo;
use warridor::domain::item::Kind;
use warridor::domain::misconfigured::{CAME_BACK, CAME_BACK_SECS, CAME_TIMES_MAX};
use warridor::domain::page::Purpose;
use warridor::domain::stamp::At;
use warridor::domain::world::World;

/// Recounted from the facts alone: what asked somebody three times within a week is listed, and nothing else is by itself; and
/// whoever is to mend an alert has that on their list until it is done, and no longer.
pub fn alerts_that_keep_coming_are_somebodys(sim: &Sim, replayed: &World, seed: u64) {
    let mut opened = BTreeMap::new();
    let mut came: BTreeMap<_, Vec<At>> = BTreeMap::new();
    let mut counted = BTreeSet::new();
    let mut is_mended = false;
    let mut owed = None;
    let mut open: BTreeSet<ItemNo> = BTreeSet::new();
    for (wall, fact) in sim.dated_facts_after(0) {
        match &fact {
            Fact::IncidentOpened(o) => {
                opened.insert(o.incident, wall);
            }
            Fact::AlertCame { incident, rule } => {
                assert_eq!(owed, None, "seed {seed}: it came back, and nobody said so");
                assert!(counted.insert(*incident), "seed {seed}: {incident} is counted twice");
                let times = came.entry(*rule).or_default();
                times.push(opened[incident]);
                let is_lately = |at: &&At| at.plus_secs(CAME_BACK_SECS) > wall;
                let lately = times.iter().rev().take(CAME_TIMES_MAX).filter(is_lately).count();
                owed = (lately >= CAME_BACK && !is_mended).then_some((*incident, lately as u32));
            }
            Fact::MisconfiguredCameBack { incident, times, .. } => {
                assert!(is_mended || owed == Some((*incident, *times)), "seed {seed}: {owed:?}: {fact:?}");
                assert!(*times >= CAME_BACK as u32, "seed {seed}: {fact:?}");
                owed = None;
            }
            // From then on it is counted anew, which facts alone do not tell.
            Fact::MisconfiguredMended { .. } => is_mended = true,
            Fact::ItemMade { item, kind: Kind::Alert { .. }, .. } => {
                open.insert(*item);
            }
            Fact::ItemDone { item, .. } => {
                open.remove(item);
            }
            _ => {}
        }
    }
    assert_eq!(owed, None, "seed {seed}: it came back, and nobody said so");
    for incident in &counted {
        let who = replayed.incident(*incident).is_none_or(|i| i.opened_by.is_none());
        assert!(who, "seed {seed}: {incident} is no monitor's");
    }
    let kept: BTreeSet<_> = replayed
        .items
        .values()
        .filter(|item| item.is_open() && matches!(item.kind, Kind::Alert { .. }))
        .map(|item| item.no)
        .collect();
    assert_eq!(kept, open, "seed {seed}: alerts that are somebody's to mend");
    for entry in replayed.misconfigured.values() {
        if let Some(item) = entry.item {
            assert!(open.contains(&item), "seed {seed}: {} is mended, and listed", entry.name);
        }
    }
}

/// Whoever has something hears at most once who fixed it before: somebody else, in an incident that was there.
pub fn help_is_offered_once(sim: &Sim, seed: u64) {
    let mut offered = BTreeSet::new();
    let mut has_it = BTreeMap::new();
    for (_, fact) in sim.dated_facts_after(0) {
        match &fact {
            Fact::Acknowledged { incident, by, .. } => {
                has_it.entry(*incident).or_insert_with(BTreeSet::new).insert(by.clone());
            }
            Fact::HelpOffered { incident, who, before } => {
                assert!(offered.insert(*incident), "seed {seed}: {incident} is offered help twice");
                assert!(before < incident, "seed {seed}: {fact:?}");
                let fixed = has_it.contains_key(before)
                    || sim.snapshot().world.incident(*before).is_none_or(|i| i.is_resolved());
                assert!(fixed, "seed {seed}: nobody had {before}, and {who} fixed it");
            }
            Fact::PageRequested { incident, purpose: Purpose::Help, .. } => {
                assert!(offered.contains(incident), "seed {seed}: {fact:?}");
            }
            _ => {}
        }
    }
}
