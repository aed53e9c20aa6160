//! Work that incidents left behind, in the simulation: alerts that are to be mended are somebody's.

use super::Sim;
use std::collections::{BTreeMap, BTreeSet};
use warridor::domain::fact::Fact;
use warridor::domain::fact::ResolvedBy;
use warridor::domain::id::ItemNo;
use warridor::domain::input::Source;
use warridor::domain::item::Kind;
use warridor::domain::misconfigured::{CAME_APART_SECS, CAME_BACK, CAME_BACK_SECS, CAME_TIMES_MAX, RuleHash};
use warridor::domain::page::Purpose;
use warridor::domain::stamp::At;
use warridor::domain::world::World;

/// Recounted from the facts alone: what asked somebody three times within a week, an hour apart at least, is listed, and
/// nothing else is by itself; and whoever is to mend an alert has that on their list until it is done, and no longer.
pub fn alerts_that_keep_coming_are_somebodys(sim: &Sim, replayed: &World, seed: u64) {
    let mut opened = BTreeMap::new();
    let mut came: BTreeMap<RuleHash, Vec<At>> = BTreeMap::new();
    let mut counted = BTreeSet::new();
    let mut rules = BTreeMap::new();
    let mut owed = None;
    let (mut open, mut alerts): (BTreeSet<ItemNo>, BTreeSet<ItemNo>) = Default::default();
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
                times.sort();
                let known = times.iter().skip(times.len().saturating_sub(CAME_TIMES_MAX));
                let lately: Vec<At> = known.filter(|at| at.plus_secs(CAME_BACK_SECS) > wall).copied().collect();
                let often = occasions(&lately);
                owed = (often >= CAME_BACK).then_some((*incident, often as u32));
            }
            Fact::MisconfiguredCameBack { incident, times, .. } => {
                assert_eq!(owed, Some((*incident, *times)), "seed {seed}: {fact:?}");
                owed = None;
            }
            Fact::MisconfiguredListed { entry, service, told, name, by_key } => {
                rules.insert(*entry, RuleHash::of(service, told.as_ref(), name.body(), *by_key));
            }
            // From then on it is counted anew.
            Fact::MisconfiguredMended { entry, .. } => {
                came.remove(&rules[entry]);
            }
            Fact::ItemMade { item, kind: Kind::Alert { .. }, .. } => {
                open.insert(*item);
                alerts.insert(*item);
            }
            Fact::ItemDone { item, .. } => {
                open.remove(item);
            }
            Fact::ItemReopened { item, .. } if alerts.contains(item) => {
                open.insert(*item);
            }
            _ => {}
        }
    }
    assert_eq!(owed, None, "seed {seed}: it came back, and nobody said so");
    for i in replayed.incidents.values() {
        let is_counted = counted.contains(&i.no);
        assert!(!is_counted || i.opened_by.is_none(), "seed {seed}: {} is no monitor's", i.no);
        let asked = !i.paged.is_empty() || i.answered.is_some();
        let is_known = i.origin.as_ref().is_some_and(|o| o.source != Source::Warridor) && i.opened_by.is_none();
        let is_over = i.is_resolved() && i.merged_into.is_none();
        if is_known && asked && is_over && !i.alerts.is_empty() {
            assert!(is_counted, "seed {seed}: {} asked somebody, and is not counted", i.no);
        }
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

/// So many times, of which each began an hour after the one before at least.
fn occasions(times: &[At]) -> usize {
    let Some(first) = times.first() else { return 0 };
    let rest = times.iter().position(|at| at.0 - first.0 >= CAME_APART_SECS * 1_000);
    1 + rest.map_or(0, |from| occasions(&times[from..]))
}

/// Whoever has something hears at most once who fixed it before: somebody else, in an incident that was there.
pub fn help_is_offered_once(sim: &Sim, seed: u64) {
    let mut offered = BTreeSet::new();
    let mut took: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (_, fact) in sim.dated_facts_after(0) {
        match &fact {
            Fact::Acknowledged { incident, by, .. }
            | Fact::Reopened { incident, by, .. }
            | Fact::Reassigned { incident, to: by, .. }
            | Fact::Resolved { incident, by: ResolvedBy::User(by), .. } => {
                took.entry(*incident).or_default().insert(by.clone());
            }
            Fact::HelpOffered { incident, who, before } => {
                assert!(offered.insert(*incident), "seed {seed}: {incident} is offered help twice");
                assert!(before < incident, "seed {seed}: {fact:?}");
                let has_it = took.get(before).is_some_and(|took| took.contains(who));
                assert!(has_it, "seed {seed}: {who} did nothing in {before}, and is said to have fixed it");
            }
            Fact::PageRequested { incident, purpose: Purpose::Help, .. } => {
                assert!(offered.contains(incident), "seed {seed}: {fact:?}");
            }
            _ => {}
        }
    }
}
