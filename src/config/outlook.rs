//! What the calendar says about a configuration whose every line is right: hours at which nobody is on call, and hours
//! at which a level asks only those who were asked before.

use super::Loaded;
use super::complaint::Complaint;
use super::limits::OUTLOOK_DAYS;
use crate::domain::directory::{Directory, Policy, Step, Target};
use crate::domain::id::{ScheduleId, UserId};
use crate::domain::schedule::{DatedShift, Layer, Schedule, local_instant, shifts};
use crate::domain::stamp::At;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// Handoffs looked at in one schedule, and in one policy, at most: [`END_DAYS`] of turns of an hour in three schedules,
/// or of a day in seventy. What comes after them is not looked at.
const LOOKS: usize = 2_000;
/// What begins within [`OUTLOOK_DAYS`] is followed to its end for this long.
const END_DAYS: i64 = 2 * OUTLOOK_DAYS;

/// Each step that asks a schedule which has nobody on call now or soon, and each that then asks nobody but whom the
/// step before it asks, with the first such time.
pub fn outlook(loaded: &Loaded, now: At) -> Vec<Complaint> {
    let directory = &loaded.directory;
    let schedules = directory.schedules.values();
    let calendar = Calendar { now, shifts: schedules.map(|s| (&s.id, shifts_of(s, now))).collect() };
    let mut warnings = Vec::new();
    for policy in directory.policies.values() {
        for (step, number) in policy.steps.iter().zip(1..) {
            warnings.extend(step.targets.iter().filter_map(|target| gap(loaded, &calendar, policy, number, target)));
        }
        let again = calendar.asked_again(policy, directory);
        warnings.extend(again.into_iter().map(|(number, again)| again.told(loaded, policy, number)));
    }
    warnings.sort_by_key(|w| w.line);
    warnings
}

/// Who is on call by one schedule from now on, in order of time: for [`END_DAYS`], as far as [`LOOKS`] goes.
fn shifts_of(schedule: &Schedule, now: At) -> Vec<DatedShift> {
    shifts(schedule, &[], now).take(LOOKS).take_while(|shift| shift.from < days_after(now, END_DAYS)).collect()
}

fn days_after(now: At, days: i64) -> At {
    now.plus_secs(days * 24 * 60 * 60)
}

/// A step that asks a schedule at a time when nobody is on call by it.
fn gap(loaded: &Loaded, calendar: &Calendar<'_>, policy: &Policy, number: usize, target: &Target) -> Option<Complaint> {
    let Target::Schedule(id) = target else { return None };
    let schedule = loaded.directory.schedules.get(id)?;
    let (from, until) = calendar.first_gap(id)?;
    let from_said = said(from, schedule.tz);
    let end = if until == At(i64::MAX) { "ever".to_owned() } else { said(until, schedule.tz) };
    let wrong = format!("step {number} asks nobody from {from_said} to {end} ({}): nobody is on call", schedule.tz);
    let day = from.utc().with_timezone(&schedule.tz).date_naive();
    let begun = |layer: &Layer| local_instant(layer.tz, layer.rotation.start.and_time(layer.rotation.handoff)) <= from;
    let mend = if schedule.layers.iter().any(begun) {
        "put a layer without hours or an end below the others, or add \"user:NAME\" to the step".to_owned()
    } else {
        format!("begin a layer of that schedule by {day}, or add \"user:NAME\" to the step")
    };
    let thing = format!("policy.{}", policy.id);
    let found = format!("\"schedule:{id}\"");
    Some(loaded.places.complaint(&thing, &format!("step {number}"), &found, &wrong, &mend))
}

/// Who is on call when, by every schedule.
struct Calendar<'a> {
    now: At,
    shifts: BTreeMap<&'a ScheduleId, Vec<DatedShift>>,
}

impl<'a> Calendar<'a> {
    /// The shift that `at` lies in; `None` where nobody looked any more.
    fn shift(&self, schedule: &ScheduleId, at: At) -> Option<&DatedShift> {
        let shifts = self.shifts.get(schedule)?;
        shifts.get(shifts.partition_point(|shift| shift.until <= at))
    }

    /// Does what begins then belong to the outlook?
    fn is_soon(&self, at: At) -> bool {
        at < days_after(self.now, OUTLOOK_DAYS)
    }

    /// The first time at which nobody is on call: from, until.
    fn first_gap(&self, schedule: &ScheduleId) -> Option<(At, At)> {
        let shifts = self.shifts.get(schedule)?;
        let gap = shifts.iter().find(|shift| shift.who.is_none()).filter(|shift| self.is_soon(shift.from))?;
        Some((gap.from, gap.until))
    }

    /// Everybody this step asks at `at` who can be paged at all.
    fn asked<'s>(&'s self, step: &'s Step, directory: &Directory, at: At) -> BTreeSet<&'s UserId> {
        let who = step.targets.iter().filter_map(|target| match target {
            Target::User(user) => Some(user),
            Target::Schedule(id) => self.shift(id, at)?.who.as_ref(),
            Target::Channel(_) => None,
        });
        let reachable = |id: &&UserId| directory.users.get(*id).is_some_and(|u| u.slack.is_some() || u.email.is_some());
        who.filter(reachable).collect()
    }

    /// By the number of the step: the first time at which it asks nobody but whom the step before it asks. Where it is
    /// so by name, the file shows it, and [`super::checks`] tells.
    fn asked_again<'s>(&'s self, policy: &'s Policy, directory: &Directory) -> BTreeMap<usize, Again<'s>> {
        let mut found: BTreeMap<usize, Again<'s>> = BTreeMap::new();
        let mut at = self.now;
        for _ in 0..LOOKS {
            let mut now = BTreeMap::new();
            // A step at which nobody is on call is passed over.
            let mut before: Option<(usize, &Step, BTreeSet<&UserId>)> = None;
            for (step, number) in policy.steps.iter().zip(1..) {
                let who = self.asked(step, directory, at);
                if who.is_empty() {
                    continue;
                }
                if let Some((earlier, above, asked)) = before
                    && who.is_subset(&asked)
                    && !names_nobody_new(step, above)
                {
                    now.insert(number, (earlier, who.clone()));
                }
                before = Some((number, step, who));
            }
            for (number, again) in &mut found {
                let goes_on = now.get(number).is_some_and(|(before, who)| *before == again.before && *who == again.who);
                if again.until.is_none() && !goes_on {
                    again.until = Some(at);
                }
            }
            if self.is_soon(at) {
                for (number, (before, who)) in now {
                    found.entry(number).or_insert(Again { before, who, from: at, until: None });
                }
            } else if found.values().all(|again| again.until.is_some()) {
                break;
            }
            at = self.next_handoff(policy, at);
            if at >= days_after(self.now, END_DAYS) {
                break;
            }
        }
        found
    }

    /// When any schedule of the policy next changes hands.
    fn next_handoff(&self, policy: &Policy, at: At) -> At {
        let targets = policy.steps.iter().flat_map(|step| &step.targets);
        let until = targets.filter_map(|target| match target {
            Target::Schedule(id) => self.shift(id, at).map(|shift| shift.until),
            Target::User(_) | Target::Channel(_) => None,
        });
        until.min().unwrap_or(At(i64::MAX))
    }
}

/// A time at which a step asks nobody new.
struct Again<'a> {
    /// The number of the step that asked them before.
    before: usize,
    who: BTreeSet<&'a UserId>,
    from: At,
    /// `None`: for as long as was looked.
    until: Option<At>,
}

impl Again<'_> {
    fn told(&self, loaded: &Loaded, policy: &Policy, number: usize) -> Complaint {
        let schedules = |number: usize| {
            let targets = policy.steps.get(number - 1).into_iter().flat_map(|step| &step.targets);
            targets.filter_map(|target| match target {
                Target::Schedule(id) => loaded.directory.schedules.get(id),
                Target::User(_) | Target::Channel(_) => None,
            })
        };
        let tz = schedules(number).chain(schedules(self.before)).next().map_or(Tz::UTC, |schedule| schedule.tz);
        let who = self.who.iter().map(|who| who.as_str()).collect::<Vec<_>>().join(" and ");
        let from = said(self.from, tz);
        let when = match self.until {
            Some(until) => format!("from {from} to {}", said(until, tz)),
            None => format!("from {from} on"),
        };
        let wrong =
            format!("step {number} asks nobody but {who} {when} ({tz}), and step {} asks {who} already", self.before);
        let members: BTreeSet<&UserId> =
            schedules(number).chain(schedules(self.before)).flat_map(Schedule::people).collect();
        let rotate = schedules(number).next().is_some() && schedules(self.before).next().is_some() && members.len() > 1;
        let add = format!("add \"user:NAME\", somebody else, to step {number}");
        let mend = if rotate {
            format!("give the two rotations different starts or another order of members, or {add}")
        } else {
            add
        };
        let thing = format!("policy.{}", policy.id);
        loaded.places.complaint(&thing, &format!("step {number}"), "", &wrong, &mend)
    }
}

/// Is all of `step` written in `before` already?
pub(super) fn names_nobody_new(step: &Step, before: &Step) -> bool {
    step.targets.iter().all(|target| before.targets.contains(target))
}

/// An instant as it reads in a zone.
fn said(at: At, tz: Tz) -> String {
    at.utc().with_timezone(&tz).format("%Y-%m-%d %H:%M").to_string()
}
