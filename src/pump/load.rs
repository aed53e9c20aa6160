//! Brings rows into memory: what is open at a start, and what is closed when somebody speaks of it.

use crate::domain::id::{AlertKey, IncidentNo};
use crate::domain::input::Need;
use crate::domain::world::rows::{OPEN_PREFIXES, RowKey, RowTrouble, alert_row_key, closed_key, read_incident_row};
use crate::domain::world::{World, alert_keys};
use crate::store::replay::RowSource;
use crate::store::{Store, StoreError};

/// Rows to read: a store's, or those a replay led to so far.
pub trait ReadRows {
    /// One row.
    ///
    /// # Errors
    /// When rows cannot be read.
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Every row under `prefix`, in key order, until `each` says stop.
    ///
    /// # Errors
    /// When rows cannot be read.
    fn rows(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError>;
}

impl<S: Store + ?Sized> ReadRows for S {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(key)
    }

    fn rows(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.scan(prefix, false, each)
    }
}

impl ReadRows for dyn RowSource + '_ {
    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(key).map_err(StoreError::Corrupt)
    }

    fn rows(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
        self.scan(prefix, false, each).map_err(StoreError::Corrupt)
    }
}

/// Why what is open could not be read.
pub(super) enum OpenTrouble {
    Store(StoreError),
    Row(RowTrouble),
}

/// The state as the rows tell it: everything that is open.
pub(super) fn open_world<R: ReadRows + ?Sized>(rows: &R) -> Result<World, OpenTrouble> {
    let mut world = World::default();
    let mut trouble = None;
    for prefix in OPEN_PREFIXES {
        let mut each = |key: &[u8], value: &[u8]| {
            trouble = world.load_row(key, value).err();
            trouble.is_none()
        };
        rows.rows(prefix, &mut each).map_err(OpenTrouble::Store)?;
        if let Some(t) = trouble {
            return Err(OpenTrouble::Row(t));
        }
    }
    Ok(world)
}

/// Reads rows: from the checkpoint being written if it has them, else from where they are kept.
pub(super) struct Loader<'a, R: ?Sized> {
    pub rows: &'a R,
    pub handed_over: Option<&'a World>,
}

impl<R: ReadRows + ?Sized> Loader<'_, R> {
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
        match self.rows.row(&row_key)? {
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
            None => self.rows.row(&closed_key(no))?.map(|v| (closed_key(no), v)),
        };
        let Some((key, value)) = row else { return Ok(()) };
        self.keys_of(world, &key, &value)?;
        load(world, &key, &value)
    }

    /// An older incident must not pass for its alerts' latest one.
    fn keys_of(&self, world: &mut World, row_key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let incident = read_incident_row(row_key, value).map_err(corrupt)?;
        for key in alert_keys(&incident) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::Alert;
    use crate::domain::directory::Urgency;
    use crate::domain::fact::{Fact, IncidentOpened, ResolvedBy};
    use crate::domain::input::Source;
    use crate::domain::stamp::{At, Stamp};
    use crate::domain::text::Text;
    use std::collections::BTreeMap;

    type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

    impl ReadRows for Rows {
        fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(self.get(key).cloned())
        }

        fn rows(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), StoreError> {
            let mut found = self.iter().filter(|(key, _)| key.starts_with(prefix));
            found.all(|(key, value)| each(key, value));
            Ok(())
        }
    }

    fn key(service: &str, dedup: &str) -> AlertKey {
        AlertKey { service: service.into(), dedup: dedup.into() }
    }

    fn opened(no: u64) -> Fact {
        Fact::IncidentOpened(Box::new(IncidentOpened {
            incident: IncidentNo(no),
            service: "payments".into(),
            team: "payments".into(),
            channel: "C0PAY".into(),
            private: false,
            tier: 1,
            urgency: Urgency::Low,
            policy: "payments".into(),
            source: Source::Generic,
            dedup: "disk".into(),
            by: None,
            earlier: None,
            starts_at: None,
            origin: None,
            title: Text::new("disk"),
            link: Text::default(),
            labels: Text::default(),
            message: None,
            told: None,
            group: Text::default(),
            threshold: None,
        }))
    }

    /// On disk: #3 and after it #5, both closed. Each had the alert `disk` of payments, and `slow` of search, which came
    /// with an incident that was merged into it.
    fn two_closed() -> Rows {
        let mut rows = Rows::new();
        let mut world = World::default();
        for no in [3, 5] {
            let (incident, at) = (IncidentNo(no), At(i64::try_from(no).unwrap_or_default() * 1_000));
            let slow = Alert { service: Some("search".into()), ..Alert::new("slow".into(), None) };
            let (from, responders, reported_by) = (IncidentNo(no - 1), Vec::new(), Vec::new());
            let taken =
                Fact::AlertsTaken { incident, from, by: "ana".into(), alerts: vec![slow], responders, reported_by };
            let resolved = Fact::Resolved {
                incident,
                by: ResolvedBy::Monitor,
                note: Text::default(),
                close_at: at,
                back_until: None,
                quiet_since: None,
            };
            for fact in [opened(no), taken, resolved, Fact::IncidentClosed { incident, unknown: false }] {
                world.apply(&fact, Stamp::agreed(at));
            }
        }
        for touched in world.take_touched() {
            rows.extend(world.row_changes(&touched).into_iter().filter_map(|(k, v)| Some((k, v?))));
        }
        rows
    }

    /// A state in memory that has just the numbers, into which the older one is read.
    fn older_one_read(rows: &Rows) -> World {
        let mut world = World::default();
        world.meta.last_incident = IncidentNo(5);
        let loader = Loader { rows, handed_over: None };
        loader.ensure(&mut world, &Need::Incident(IncidentNo(3))).expect("it can be read");
        assert!(world.incident(IncidentNo(3)).is_some());
        world
    }

    #[test]
    fn an_older_incident_that_is_read_again_does_not_pass_for_its_alerts_latest() {
        let rows = two_closed();
        let mut world = older_one_read(&rows);
        assert_eq!(world.by_alert.get(&key("payments", "disk")), Some(&IncidentNo(5)));
        // The monitor speaks of it: its latest is what is read then.
        let loader = Loader { rows: &rows, handed_over: None };
        loader.ensure(&mut world, &Need::Alert(key("payments", "disk"))).expect("it can be read");
        assert_eq!(world.incident_of(&key("payments", "disk")).map(|i| i.no), Some(IncidentNo(5)));
    }

    #[test]
    fn nor_for_the_latest_of_an_alert_that_came_from_another_service() {
        let world = older_one_read(&two_closed());
        assert_eq!(world.by_alert.get(&key("search", "slow")), Some(&IncidentNo(5)));
        assert_eq!(world.by_alert.get(&key("payments", "slow")), None, "no such alert was ever told");
    }
}
