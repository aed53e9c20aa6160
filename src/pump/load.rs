//! Brings what is closed back into memory when somebody speaks of it.

use crate::domain::id::{AlertKey, IncidentNo};
use crate::domain::input::Need;
use crate::domain::world::World;
use crate::domain::world::rows::{RowKey, RowTrouble, alert_row_key, closed_key, read_incident_row};
use crate::store::{Store, StoreError};

/// Reads rows: from the checkpoint being written if it has them, else from the store.
pub(super) struct Loader<'a> {
    pub store: &'a dyn Store,
    pub handed_over: Option<&'a World>,
}

impl Loader<'_> {
    /// Makes sure that what `need` names is in `world`, if it exists at all.
    pub fn ensure(&self, world: &mut World, need: &Need) -> Result<(), StoreError> {
        match need {
            Need::Incident(no) => self.incident(world, *no),
            Need::Alert(key) => self.alert(world, key),
        }
    }

    fn alert(&self, world: &mut World, key: &AlertKey) -> Result<(), StoreError> {
        if !world.by_alert.contains_key(key) {
            self.latest(world, key)?;
        }
        match world.by_alert.get(key).copied() {
            Some(no) => self.incident(world, no),
            None => Ok(()),
        }
    }

    fn latest(&self, world: &mut World, key: &AlertKey) -> Result<(), StoreError> {
        if let Some(no) = self.handed_over.and_then(|w| w.by_alert.get(key)) {
            world.by_alert.insert(key.clone(), *no);
            return Ok(());
        }
        let row_key = alert_row_key(key);
        match self.store.get(&row_key)? {
            Some(value) => load(world, &row_key, &value),
            None => Ok(()),
        }
    }

    fn incident(&self, world: &mut World, no: IncidentNo) -> Result<(), StoreError> {
        if world.incidents.contains_key(&no) || no > world.meta.last_incident {
            return Ok(());
        }
        let row = match self.handed_over.filter(|w| w.incident(no).is_some()) {
            Some(w) => w.row_changes(&RowKey::Incident(no)).into_iter().find_map(|(k, v)| Some((k, v?))),
            None => self.store.get(&closed_key(no))?.map(|v| (closed_key(no), v)),
        };
        let Some((key, value)) = row else { return Ok(()) };
        self.keys_of(world, &key, &value)?;
        load(world, &key, &value)
    }

    /// An older incident must not pass for its alerts' latest one.
    fn keys_of(&self, world: &mut World, row_key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let incident = read_incident_row(row_key, value).map_err(corrupt)?;
        for alert in &incident.alerts {
            let key = AlertKey { service: incident.service.clone(), dedup: alert.dedup.clone() };
            if !world.by_alert.contains_key(&key) {
                self.latest(world, &key)?;
            }
        }
        Ok(())
    }
}

fn load(world: &mut World, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    world.load_row(key, value).map_err(corrupt)
}

fn corrupt(t: RowTrouble) -> StoreError {
    StoreError::Corrupt(format!(
        "the row {} cannot be read ({}); stop warridor and run `warridor verify`",
        t.key, t.why
    ))
}
