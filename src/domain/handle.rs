//! The one match: which input is decided where. Routes, computes nothing.

use super::decision::Decision;
use super::directory::Directory;
use super::fact::Fact;
use super::input::{Input, What};
use super::refusal::Refusal;
use super::stamp::Stamp;
use super::world::World;
use super::{
    alert, deadline, dnd, going_on, handoff, heartbeat, item, misconfigured, oncall, opening, outage, people, prepare,
    quieting, rca, response, settle, sweep, tend, test_page,
};

/// What an input leads to. Pure: the same arguments give the same facts.
///
/// # Errors
/// A [`Refusal`] when the input changes nothing and somebody should hear why.
pub fn handle(world: &World, directory: &Directory, input: &Input, stamp: Stamp) -> Result<Vec<Fact>, Refusal> {
    decide(&mut world.clone(), directory, input, stamp)
}

/// [`handle`], and the facts applied: the one writer's way, which saves applying each fact twice.
///
/// # Errors
/// As [`handle`]; `world` is then as it was.
pub fn decide(world: &mut World, directory: &Directory, input: &Input, stamp: Stamp) -> Result<Vec<Fact>, Refusal> {
    match &input.what {
        // Only people are refused half way, and they are few: they work on a copy.
        What::Act(act) => {
            let mut copy = world.clone();
            let facts = facts_of(&mut copy, directory, stamp, |d| response::act(d, act))?;
            *world = copy;
            Ok(facts)
        }
        What::Override(request) => {
            let mut copy = world.clone();
            let facts = facts_of(&mut copy, directory, stamp, |d| oncall::request_override(d, request))?;
            *world = copy;
            Ok(facts)
        }
        What::Admit(admission) => {
            let mut copy = world.clone();
            let facts = facts_of(&mut copy, directory, stamp, |d| people::admit(d, admission))?;
            *world = copy;
            Ok(facts)
        }
        // Refused before their first fact or not at all.
        What::GuestNote(note) => facts_of(world, directory, stamp, |d| response::guest_note(d, note)),
        What::Quiet(request) => facts_of(world, directory, stamp, |d| quieting::make(d, request)),
        What::EndQuiet { id, by } => facts_of(world, directory, stamp, |d| quieting::end(d, *id, by)),
        What::ExtendQuiet { id, by, until } => {
            facts_of(world, directory, stamp, |d| quieting::extend(d, *id, by, *until))
        }
        What::QuietElsewhere { id, came } => {
            Ok(facts_in(world, directory, stamp, |d| quieting::came_elsewhere(d, *id, came)))
        }
        What::HandoffNote { team, by, text } => facts_of(world, directory, stamp, |d| handoff::note(d, team, by, text)),
        What::HandoffWrite { handoff: no, by, words } => {
            facts_of(world, directory, stamp, |d| handoff::write(d, *no, by, words))
        }
        What::HandoffOffer { handoff: no, by } => facts_of(world, directory, stamp, |d| handoff::offer(d, *no, by)),
        What::HandoffAccept { handoff: no, by } => facts_of(world, directory, stamp, |d| handoff::accept(d, *no, by)),
        What::Ready { shift, check, done } => {
            facts_of(world, directory, stamp, |d| prepare::mark(d, shift, *check, *done))
        }
        What::TestPage { by } => facts_of(world, directory, stamp, |d| test_page::begin(d, by)),
        What::Rca { incident, by, deed } => facts_of(world, directory, stamp, |d| rca::act(d, *incident, by, deed)),
        What::Item { item: no, by, deed } => facts_of(world, directory, stamp, |d| item::act(d, *no, by, deed)),
        What::EndOverride { id, by } => facts_of(world, directory, stamp, |d| oncall::end_override(d, *id, by)),
        // What follows from it is decided without them.
        What::RemovePerson(removal) => {
            let next = people::without(directory, world, &removal.slack);
            facts_of(world, &next, stamp, |d| people::remove(d, removal))
        }
        What::AddMe(who) => facts_of(world, directory, stamp, |d| people::ask(d, who)),
        What::Announced { slack, message } => {
            Ok(facts_in(world, directory, stamp, |d| people::announced(d, slack, message)))
        }
        What::DoNotDisturb(news) => Ok(facts_in(world, directory, stamp, |d| dnd::told(d, news))),
        What::SlackAway { away } => Ok(facts_in(world, directory, stamp, |d| outage::told(d, *away))),
        What::Raise(raise) => facts_of(world, directory, stamp, |d| opening::raise(d, raise)),
        What::Events(delivery) => facts_of(world, directory, stamp, |d| alert::events(d, delivery)),
        What::Unreadable(body) => facts_of(world, directory, stamp, |d| alert::unreadable(d, body)),
        What::Beat { heartbeat } => Ok(facts_in(world, directory, stamp, |d| heartbeat::beat(d, heartbeat))),
        What::BeatsTurnedAway { paused } => {
            Ok(facts_in(world, directory, stamp, |d| heartbeat::turned_away(d, *paused)))
        }
        What::Changed(changes) => facts_of(world, directory, stamp, |d| going_on::changed(d, changes)),
        What::Announce(announce) => facts_of(world, directory, stamp, |d| going_on::announce(d, announce)),
        What::EndAnnouncement { no, by } => facts_of(world, directory, stamp, |d| going_on::end(d, *no, by)),
        What::Mended { entry, by } => facts_of(world, directory, stamp, |d| misconfigured::mended(d, *entry, by)),
        What::Due => Ok(facts_in(world, directory, stamp, deadline::due)),
        What::Settled(settled) => Ok(facts_in(world, directory, stamp, |d| settle::settled(d, settled))),
        What::ClockJumped { ahead_ms } => {
            let jumped = Fact::ClockJumped { ahead_ms: *ahead_ms };
            Ok(facts_in(world, directory, stamp, |d| {
                d.emit(jumped);
                heartbeat::was_away(d);
            }))
        }
        What::Restored { skip, restores } => {
            Ok(facts_in(world, directory, stamp, |d| settle::restored(d, *skip, *restores)))
        }
        What::Booted => Ok(facts_in(world, directory, stamp, |d| {
            settle::booted(d);
            heartbeat::was_away(d);
        })),
        // What follows from it is decided by it.
        What::ConfigLoaded(new) => {
            let next = people::in_force(new, world);
            let changed = *directory != *next;
            Ok(facts_in(world, &next, stamp, |d| oncall::config_loaded(d, new, changed, directory)))
        }
    }
}

fn facts_of(
    world: &mut World,
    directory: &Directory,
    stamp: Stamp,
    how: impl FnOnce(&mut Decision<'_>) -> Result<(), Refusal>,
) -> Result<Vec<Fact>, Refusal> {
    let mut d = Decision::new(world, directory, stamp);
    how(&mut d)?;
    sweep::look_again(&mut d);
    tend::tend(&mut d);
    Ok(d.into_facts())
}

fn facts_in(world: &mut World, directory: &Directory, stamp: Stamp, how: impl FnOnce(&mut Decision<'_>)) -> Vec<Fact> {
    let mut d = Decision::new(world, directory, stamp);
    how(&mut d);
    sweep::look_again(&mut d);
    tend::tend(&mut d);
    d.into_facts()
}
