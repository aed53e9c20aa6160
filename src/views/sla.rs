//! By when somebody must have started, in words.

use super::mrkdwn::{day_and_time, time};
use crate::domain::incident::Incident;
use crate::domain::sla::runs;

/// The card's words; none where there is no clock, or it was kept.
pub fn clock(i: &Incident) -> String {
    match i.sla {
        Some(sla) if let Some(missed) = sla.missed => format!("SLA missed at {}", time(missed)),
        Some(sla) if runs(i) && i.tier < 3 => format!("SLA: start by {}", time(sla.start_by)),
        Some(sla) if runs(i) => format!("SLA: start by {}", day_and_time(sla.start_by)),
        Some(_) | None => String::new(),
    }
}

/// For whoever has it and has not started.
pub fn question(i: &Incident) -> String {
    let by = i.sla.map(|sla| format!(" Tier {} promises a start by {}.", i.tier, time(sla.start_by)));
    format!("*Has work begun?* You have it, and nobody has started.{} Press *I'm on it*.", by.unwrap_or_default())
}
