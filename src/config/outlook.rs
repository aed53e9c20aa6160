//! What the calendar says about a configuration whose every line is right: hours at which nobody is on call.

use super::Loaded;
use super::complaint::Complaint;
use super::limits::OUTLOOK_DAYS;
use crate::domain::directory::Target;
use crate::domain::schedule::{Schedule, resolve};
use crate::domain::stamp::At;

/// Handoffs looked at in one schedule at most: far more than [`OUTLOOK_DAYS`] of daily turns in [`super::limits::MAX_LAYERS`] layers.
const LOOKS: usize = 1_000;

/// Each step that asks a schedule which has nobody on call now or soon, with the first such time.
pub fn outlook(loaded: &Loaded, now: At) -> Vec<Complaint> {
    let mut warnings = Vec::new();
    for policy in loaded.directory.policies.values() {
        for (step, number) in policy.steps.iter().zip(1..) {
            for target in &step.targets {
                let Target::Schedule(id) = target else { continue };
                let Some(schedule) = loaded.directory.schedules.get(id) else { continue };
                let Some((from, until)) = first_gap(schedule, now) else { continue };
                let say = |at: At| at.utc().with_timezone(&schedule.tz).format("%Y-%m-%d %H:%M").to_string();
                let end = if until == At(i64::MAX) { "ever".to_owned() } else { say(until) };
                let wrong = format!(
                    "step {number} asks nobody from {} to {end} ({}): nobody is on call",
                    say(from),
                    schedule.tz
                );
                let day = from.utc().with_timezone(&schedule.tz).date_naive();
                let mend = format!("begin a layer of that schedule by {day}, or add \"user:NAME\" to the step");
                let thing = format!("policy.{}", policy.id);
                let found = format!("\"schedule:{id}\"");
                warnings.push(loaded.places.complaint(&thing, &format!("step {number}"), &found, &wrong, &mend));
            }
        }
    }
    warnings.sort_by_key(|w| w.line);
    warnings
}

/// The first time within the next days at which nobody is on call: from, until.
fn first_gap(schedule: &Schedule, now: At) -> Option<(At, At)> {
    let end = now.plus_secs(OUTLOOK_DAYS * 24 * 60 * 60);
    let mut at = now;
    for _ in 0..LOOKS {
        let shift = resolve(schedule, std::iter::empty(), at);
        if shift.who.is_none() {
            return Some((at, shift.until));
        }
        if shift.until >= end {
            return None;
        }
        at = shift.until.max(at.plus_secs(1));
    }
    None
}
