//! What the facts of alerts that are to be mended do to the state.

use super::change::change;
use super::incident::apply_to_incident;
use super::{RowKey, World};
use crate::domain::directory::Urgency;
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, ItemNo, MisconfiguredNo};
use crate::domain::misconfigured::{CAME_RULES_MAX, CAME_TIMES_MAX, Came, Mark, Misconfigured, RuleHash};
use crate::domain::stamp::At;

pub(super) fn apply(w: &mut World, fact: &Fact, wall: At) {
    match fact {
        Fact::MisconfiguredListed { entry, service, told, name, by_key } => {
            w.meta.last_misconfigured = w.meta.last_misconfigured.max(*entry);
            let listed = Misconfigured {
                no: *entry,
                service: service.clone(),
                told: told.clone(),
                name: name.body().clone(),
                by_key: *by_key,
                not_urgent: 0,
                not_actionable: 0,
                first: wall,
                last: wall,
                by: "".into(),
                came: 0,
                item: None,
                incident: IncidentNo(0),
                urgency: Urgency::Low,
                note: "".into(),
            };
            w.misconfigured.insert(*entry, listed);
            w.touched.push(RowKey::Misconfigured(*entry));
        }
        Fact::MisconfiguredMarked { entry, incident, by, mark, urgency, is_again, note } => {
            listed(w, *entry, |listed| {
                let once = u64::from(!is_again);
                match mark {
                    Mark::NotUrgent => listed.not_urgent += once,
                    Mark::NotActionable => listed.not_actionable += once,
                }
                (listed.last, listed.by) = (wall, by.clone());
                newest(listed, *incident, *urgency);
                if !note.is_empty() {
                    listed.note = note.body().clone();
                }
            });
            change(w, *incident, |i| apply_to_incident(i, fact, wall));
        }
        Fact::MisconfiguredCameBack { entry, incident, times, urgency } => listed(w, *entry, |listed| {
            (listed.last, listed.came) = (wall, *times);
            newest(listed, *incident, *urgency);
        }),
        Fact::AlertCame { incident, rule } => {
            let opened = w.incidents.get(incident).map_or(wall, |i| i.opened);
            came(w, *rule, *incident, opened);
            change(w, *incident, |i| apply_to_incident(i, fact, wall));
        }
        Fact::MisconfiguredMended { entry, .. } => {
            // It is counted anew.
            if let Some(rule) = w.misconfigured.remove(entry).map(|m| m.rule()) {
                w.came.remove(&rule);
                w.touched.push(RowKey::Came(rule));
            }
            w.touched.push(RowKey::Misconfigured(*entry));
        }
        Fact::MisconfiguredForgotten { entry } => {
            w.misconfigured.remove(entry);
            w.touched.push(RowKey::Misconfigured(*entry));
        }
        _ => {}
    }
}

fn listed(w: &mut World, entry: MisconfiguredNo, how: impl FnOnce(&mut Misconfigured)) {
    if let Some(listed) = w.misconfigured.get_mut(&entry) {
        how(listed);
    }
    w.touched.push(RowKey::Misconfigured(entry));
}

fn newest(listed: &mut Misconfigured, incident: IncidentNo, urgency: Urgency) {
    if incident >= listed.incident {
        (listed.incident, listed.urgency) = (incident, urgency);
    }
}

/// Somebody has it on their list.
pub(super) fn has_item(w: &mut World, entry: MisconfiguredNo, item: ItemNo) {
    listed(w, entry, |listed| listed.item = Some(item));
}

fn came(w: &mut World, rule: RuleHash, incident: IncidentNo, opened: At) {
    let mut came = w.came.get(&rule).cloned().unwrap_or(Came { rule, times: Vec::new() });
    // They are over in another order than they came in.
    let at = came.times.partition_point(|(no, at)| (*at, *no) < (opened, incident));
    came.times.insert(at, (incident, opened));
    if came.times.len() > CAME_TIMES_MAX {
        came.times.remove(0);
    }
    w.came.insert(rule, came);
    w.touched.push(RowKey::Came(rule));
    if w.came.len() > CAME_RULES_MAX {
        let oldest = w.came.values().filter(|came| came.rule != rule).min_by_key(|came| (came.last(), came.rule));
        let Some(oldest) = oldest.map(|came| came.rule) else { return };
        w.came.remove(&oldest);
        w.touched.push(RowKey::Came(oldest));
    }
}
