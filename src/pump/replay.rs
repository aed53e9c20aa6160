//! Frames applied to a state: what a start, `verify` and the tests do.

use super::load::{Loader, ReadRows};
use crate::domain::world::World;
use crate::record::{UnreadableFact, inputs_of, stamp_of, unseal};
use crate::store::{Frame, StoreError};

/// Why a frame could not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Fact(#[from] UnreadableFact),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Applies one frame. Closed things it speaks of are read from `rows`, or from `handed_over`, whose rows are not there
/// yet.
///
/// # Errors
/// When a fact is of an unknown kind or a row cannot be read.
pub fn apply_frame<R: ReadRows + ?Sized>(
    world: &mut World,
    frame: &Frame,
    rows: &R,
    handed_over: Option<&World>,
) -> Result<(), ReplayError> {
    let stamp = stamp_of(frame);
    let loader = Loader { rows, handed_over };
    for fact in unseal(frame)? {
        if let Some(need) = fact.needs() {
            loader.ensure(world, &need)?;
        }
        world.apply(&fact, stamp);
    }
    world.remember(inputs_of(frame), stamp);
    Ok(())
}
