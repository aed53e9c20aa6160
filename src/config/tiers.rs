//! `[[tier]]`: by when somebody must have started; and whether the policies can keep that.

use super::checks::Checks;
use super::limits::{MAX_NAME_CHARS, START_WITHIN_SECS};
use super::names::Once;
use super::reader::{Found, Table};
use super::span;
use crate::domain::directory::{Policy, Service, Step, Urgency};
use crate::domain::sla::{StartWithin, Tiers};

const NEXT_WORKING_DAY: &str = "next working day";

pub(super) fn read(top: &Table<'_>) -> Tiers {
    let mut levels = Once::default();
    let mut tiers = Tiers::default();
    for table in top.tables("tier", "[[tier]]", 3) {
        table.required("level", "level = 1, 2 or 3");
        table.required("start_within", "start_within = \"5m\", or \"next working day\"");
        let level = table.number("level", 1..=3).and_then(|n| u8::try_from(n).ok());
        let within = start_within(&table);
        if let (Some(level), Some(within)) = (level, within) {
            let shown = format!("level = {level}");
            let once = Found { value: level.to_string(), at: table.has("level").unwrap_or(table.at), shown };
            if levels.take(&table, &once, "the level of another tier") {
                tiers.0.insert(level, within);
            }
        }
        table.finish();
    }
    tiers
}

fn start_within(table: &Table<'_>) -> Option<StartWithin> {
    let found = table.text("start_within", MAX_NAME_CHARS)?;
    if found.value == NEXT_WORKING_DAY {
        return Some(StartWithin::NextWorkingDay);
    }
    let (least, most) = (*START_WITHIN_SECS.start(), *START_WITHIN_SECS.end());
    let secs = span::parse(&found.value);
    let mend = format!("write {} to {}, or \"{NEXT_WORKING_DAY}\"", span::show(least), span::show(most));
    match secs {
        Some(secs) if START_WITHIN_SECS.contains(&secs) => Some(StartWithin::Secs(secs)),
        Some(_) => {
            table.complain(&found, "is out of bounds", &mend);
            None
        }
        None => {
            table.complain(&found, "is not a span of time", &mend);
            None
        }
    }
}

impl Checks<'_> {
    /// A policy whose last level is asked when the time of a tier is over keeps no promise.
    pub(super) fn sla(&self) {
        for policy in self.directory.policies.values().filter(|p| !p.steps.is_empty()) {
            let mine = self.directory.services.values().filter(|s| s.policy == policy.id && self.pages(s));
            let timed = mine.filter_map(|s| match self.directory.tiers.of(s.tier) {
                StartWithin::Secs(secs) => Some((secs - s.hold_secs, secs, s)),
                StartWithin::NextWorkingDay => None,
            });
            // Whoever has the least time left after its hold speaks for all.
            let Some((left, secs, service)) = timed.min_by_key(|(left, _, s)| (*left, s.id.clone())) else { continue };
            self.keeps(policy, service, left, secs);
        }
    }

    fn keeps(&self, policy: &Policy, service: &Service, left: i64, secs: i64) {
        let promise =
            format!("[service.{}] (tier {}) must be started within {}", service.id, service.tier, span::show(secs));
        let longer = |than: i64| {
            format!("start_within = \"…\" above {} in the [[tier]] with level = {}", span::show(than), service.tier)
        };
        if left <= 0 {
            let thing = format!("service.{}", service.id);
            let hold = span::show(service.hold_secs);
            let wrong = format!("pages nobody before the time of tier {} is over: {}", service.tier, span::show(secs));
            let mend = format!("write a hold below {}, or {}", span::show(secs), longer(service.hold_secs));
            let found = format!("hold = \"{hold}\"");
            return self.notes.complain(self.at(&thing, "hold"), &format!("[{thing}]"), &found, &wrong, &mend);
        }
        let thing = format!("policy.{}", policy.id);
        let mut asked = 0;
        // The step before, and its delay.
        let (mut earlier, mut before) = (0, 0);
        // Those for other tiers are passed over at once.
        let of_tier = |step: &Step| step.when.tiers.is_empty() || step.when.tiers.contains(&service.tier);
        for (number, step) in (1..).zip(&policy.steps).filter(|(_, step)| of_tier(step)) {
            if asked >= left {
                let after = match service.hold_secs {
                    0 => span::show(asked),
                    hold => format!(
                        "{} (its hold of {}, and {})",
                        span::show(asked + hold),
                        span::show(hold),
                        span::show(asked)
                    ),
                };
                let wrong = format!("is asked after {after}, and {promise}");
                let below = span::show(left - (asked - before));
                let mend =
                    format!("write a delay below {below} in step {earlier}, or {}", longer(asked + service.hold_secs));
                let place = format!("[{thing}] step {number}");
                return self.notes.complain(self.at(&thing, &format!("step {number}")), &place, "", &wrong, &mend);
            }
            asked += step.delay_secs;
            (earlier, before) = (number, step.delay_secs);
        }
        if policy.steps.len() == 1 {
            let wrong = format!("has one level, and {promise}: only level 1 can do that");
            let mend = "add a step that asks somebody else, or give the service another tier";
            self.notes.warn(self.at(&thing, "id"), &format!("[{thing}]"), "", &wrong, mend);
        }
    }

    /// Does anything of this service ever page?
    fn pages(&self, service: &Service) -> bool {
        let raised = |key: &crate::domain::directory::IntegrationKey| {
            key.service == service.id && key.urgency == Some(Urgency::High)
        };
        service.urgency == Urgency::High || self.directory.keys.values().any(raised)
    }
}
