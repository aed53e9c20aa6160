//! The one match: which input is decided where. Routes, computes nothing.

use super::decision::Decision;
use super::directory::Directory;
use super::fact::Fact;
use super::input::{Input, What};
use super::refusal::Refusal;
use super::stamp::Stamp;
use super::world::World;
use super::{alert, escalation, oncall, response, settle};

/// What an input leads to. Pure: the same arguments give the same facts.
///
/// # Errors
/// A [`Refusal`] when the input changes nothing and somebody should hear why.
pub fn handle(world: &World, directory: &Directory, input: &Input, stamp: Stamp) -> Result<Vec<Fact>, Refusal> {
    let mut d = Decision::new(world, directory, stamp);
    match &input.what {
        What::Events(delivery) => alert::events(&mut d, delivery)?,
        What::Unreadable(body) => alert::unreadable(&mut d, body)?,
        What::Act(act) => response::act(&mut d, act)?,
        What::Override(request) => oncall::request_override(&mut d, request)?,
        What::Due => escalation::due(&mut d),
        What::Settled(settled) => settle::settled(&mut d, settled),
        What::ClockJumped { ahead_ms } => d.emit(Fact::ClockJumped { ahead_ms: *ahead_ms }),
        What::Restored { skip, restores } => settle::restored(&mut d, *skip, *restores),
        What::Booted => settle::booted(&mut d),
        What::ConfigLoaded(new) => oncall::config_loaded(&mut d, new),
    }
    Ok(d.into_facts())
}
