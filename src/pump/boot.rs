//! The start: rows, then the frames after them, then whatever was under way is looked at.

use super::load::{OpenTrouble, open_world};
use super::replay::{ReplayError, apply_frame};
use super::{Answer, Pump, Reading, Snapshot, Stales, StepResult, TimeLine, checkpoint};
use crate::domain::directory::Directory;
use crate::domain::id::{IncidentNo, InputId};
use crate::domain::input::{Input, What};
use crate::domain::people::in_force;
use crate::domain::stamp::{At, Stamp};
use crate::domain::world::World;
use crate::domain::world::rows::RowKey;
use crate::pump::Lane;
use crate::record::Salt;
use crate::store::{Opened, Store, StoreError};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Numbers skipped after a restore, so that none names two incidents.
pub const NUMBERS_SKIPPED_BY_RESTORE: u64 = 1_000;
/// A replay writes a checkpoint at least this often, so that memory stays bounded.
pub(super) const ROWS_WHILE_REPLAYING: usize = 10_000;

/// A process that was away for longer goes by its clock alone.
const AWAY_MOST_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Where the line of delays goes on. Where the wall clock has reached it, there: that the last frame says otherwise may be
/// a clock that was behind then. Where the line is ahead, because the clock once was, it goes on by as much as the wall
/// clock says has passed: that must not hold up anything at a restart.
fn resumed(world: &World, now: Reading) -> At {
    let (at, away_ms) = (world.meta.at, now.wall.0 - world.meta.wall.0);
    if now.wall >= at {
        return now.wall;
    }
    if (0..=AWAY_MOST_MS).contains(&away_ms) { at.plus_ms(away_ms) } else { at }
}

/// Why a start did not work.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error("the row {key} cannot be read: {why}. Move the sled folder aside; it is rebuilt from the journal")]
    Row { key: String, why: String },
    #[error("the first write failed: {0}")]
    FirstWrite(String),
}

/// What the frames after the rows changed, and the start itself: what the rows say was last shown may not be what was
/// shown last, and what the start makes of it may be again what it was then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub incidents: BTreeSet<IncidentNo>,
    /// Something that messages about no single incident show.
    pub posts: bool,
    /// Who is on call, which topics and user groups follow.
    pub shifts: bool,
    /// More incidents than are told apart, or how all of them are shown.
    pub everything: bool,
}

impl Replayed {
    fn rows(&mut self, touched: &[RowKey]) {
        for key in touched {
            match key {
                RowKey::Incident(no) | RowKey::Rca(no) => self.incident(*no),
                RowKey::Override(_) | RowKey::Shift(_) | RowKey::Person(_) => (self.posts, self.shifts) = (true, true),
                RowKey::Post(_)
                | RowKey::Quiet(_)
                | RowKey::Fyi(_)
                | RowKey::Dnd(_)
                | RowKey::Handoff(_)
                | RowKey::Prepared(_)
                | RowKey::Item(_) => {
                    self.posts = true;
                }
                RowKey::Meta
                | RowKey::Alert(_)
                | RowKey::Seen(_)
                | RowKey::Turn(..)
                | RowKey::Change(_)
                | RowKey::Announcement(_)
                | RowKey::HandoffNotes(_)
                | RowKey::Worked(_)
                | RowKey::Misconfigured(_)
                | RowKey::Came(_)
                | RowKey::Heartbeat(_)
                | RowKey::Moved(_) => {}
            }
        }
    }

    fn start(&mut self, shown: &Stales) {
        shown.everything.iter().for_each(|no| self.incident(*no));
        self.posts |= shown.all_posts || !shown.posts.is_empty();
        self.shifts |= shown.all_posts;
    }

    fn incident(&mut self, no: IncidentNo) {
        self.posts = true;
        self.incidents.insert(no);
        self.everything |= self.incidents.len() > ROWS_WHILE_REPLAYING;
        if self.everything {
            self.incidents.clear();
        }
    }
}

/// A started pump.
pub struct Booted {
    pub pump: Pump,
    pub replayed: Replayed,
    /// What the operator should know.
    pub opened: Opened,
    /// The first step, whose facts (pages carried over, shifts, the configuration) are durable.
    pub first: StepResult,
}

impl Pump {
    /// Opens the store, reads the state and decides the start itself, at the time that it is by then: reading may take
    /// minutes, in which nobody could be heard.
    ///
    /// # Errors
    /// When the store cannot be opened or read, or the first write fails.
    pub fn boot(
        store: Arc<dyn Store>,
        directory: Arc<Directory>,
        clock: &dyn Fn() -> Reading,
        salt: Box<dyn FnMut() -> Salt + Send>,
        keep_config: &dyn Fn() -> Result<(), StoreError>,
    ) -> Result<Booted, BootError> {
        let opened = store.open()?;
        // The text is durable before any frame names its version.
        keep_config()?;
        let mut world = open_world(&*store).map_err(|trouble| match trouble {
            OpenTrouble::Store(e) => BootError::Store(e),
            OpenTrouble::Row(t) => BootError::Row { key: t.key, why: t.why },
        })?;
        let mut seq = opened.applied_seq;
        let mut dirty = checkpoint::Dirty::default();
        let (config, mut replayed) = (world.meta.config, Replayed::default());
        let mut failed: Option<BootError> = None;
        store.tail(opened.applied_seq, &mut |frame| {
            if let Err(e) = apply_frame(&mut world, &frame, &*store, None) {
                failed = Some(e.into());
                return false;
            }
            seq = frame.seq;
            let touched = world.take_touched();
            replayed.rows(&touched);
            dirty.add(touched, world.take_spilled());
            if dirty.len() >= ROWS_WHILE_REPLAYING {
                let job =
                    checkpoint::job(&world, seq, opened.epoch, opened.store, &directory, std::mem::take(&mut dirty));
                if let Err(e) = job.write(&*store, Vec::new()) {
                    failed = Some(e.into());
                    return false;
                }
                world.evict_closed();
            }
            true
        })?;
        if let Some(e) = failed {
            return Err(e);
        }
        replayed.everything |= world.meta.config != config;
        let now = clock();
        let at = resumed(&world, now);
        let stamp = Stamp { at, wall: now.wall };
        let directory_in_force = in_force(&directory, &world);
        let committed = Arc::new(Snapshot { seq, store: opened.store, stamp, world, directory: directory_in_force });
        let mut pump = Self {
            store_id: opened.store,
            epoch: opened.epoch,
            seq,
            committed,
            configured: directory.clone(),
            time: TimeLine { at, steady_ms: now.steady_ms },
            salt,
            dirty,
            handed_over: None,
            dues: 0,
            refused_by_store: None,
            paused: opened.paused,
            store,
            unwritten_start: Vec::new(),
        };
        let first = pump.first_step(&opened, directory, now);
        if let Some(fatal) = &first.fatal {
            return Err(BootError::FirstWrite(format!("{fatal:?}")));
        }
        if let Some(published) = &first.published {
            replayed.start(&published.stale);
        }
        Ok(Booted { pump, replayed, opened, first })
    }

    fn first_step(&mut self, opened: &Opened, directory: Arc<Directory>, now: Reading) -> StepResult {
        let mut inputs = Vec::new();
        let mut input = |kind, what| {
            inputs.push((Lane::Inner, Input { id: InputId::minted(kind, opened.epoch.0), what }));
        };
        if opened.restores > 0 {
            input('r', What::Restored { skip: NUMBERS_SKIPPED_BY_RESTORE, restores: opened.restores });
        }
        input('c', What::ConfigLoaded(directory));
        input('b', What::Booted);
        let result = self.step(&inputs, now);
        let unwritten = |answer: &Answer| matches!(answer, Answer::NotWritten(_));
        let answered = inputs.into_iter().zip(&result.answers);
        self.unwritten_start = answered.filter(|(_, answer)| unwritten(answer)).map(|(input, _)| input).collect();
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * 60 * 1_000;
    const DAY: i64 = 24 * HOUR;

    /// Where the line goes on whose last frame was at `at` when the clock said `wall`, if the clock says `now` by then.
    fn goes_on(at: i64, wall: i64, now: i64) -> i64 {
        let mut world = World::default();
        (world.meta.at, world.meta.wall) = (At(at), At(wall));
        resumed(&world, Reading { wall: At(now), steady_ms: 0 }).0
    }

    #[test]
    fn the_line_of_delays_goes_on_by_as_much_as_the_process_was_away() {
        let rows = [
            ("the clocks agree", 10 * DAY, 10 * DAY, 10 * DAY + 5 * HOUR, 10 * DAY + 5 * HOUR),
            ("the clock was a day ahead once", 11 * DAY, 10 * DAY, 10 * DAY + 5 * HOUR, 11 * DAY + 5 * HOUR),
            (
                "set back while away: nothing is known, and nothing is held up for longer",
                10 * DAY,
                10 * DAY,
                9 * DAY,
                10 * DAY,
            ),
            ("it was 1970 when it stopped", 10_000 * DAY, 0, 10_000 * DAY + HOUR, 10_000 * DAY + HOUR),
            ("away for weeks", 11 * DAY, 10 * DAY, 40 * DAY, 40 * DAY),
            (
                "it was eight hours behind when it stopped",
                10 * DAY,
                10 * DAY - 8 * HOUR,
                10 * DAY + HOUR,
                10 * DAY + HOUR,
            ),
        ];
        for (what, at, wall, now, goes) in rows {
            assert_eq!(goes_on(at, wall, now), goes, "{what}");
        }
    }
}
