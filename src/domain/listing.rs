//! Low urgency wakes nobody: it is listed for whoever is on call, in their working hours, each working morning until it is
//! closed.
//!
//! Every open incident of low urgency has an instant at which it is listed next: the next morning of whoever carries the
//! pager then. What comes in during their working hours is listed at the next full hour, so that there is one message an
//! hour at most. Whoever has it is whose list it stands on. What is due for one person at one time is one message.
//! Who that is, and whether they work, is asked again when the time comes: a list is never sent at night.

use super::decision::Decision;
use super::directory::{Target, Urgency};
use super::escalation::policy_of;
use super::fact::Fact;
use super::id::{IncidentNo, UserId};
use super::incident::{Incident, State};
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About};
use super::schedule::resolve;
use super::stamp::At;
use super::urgency::{Raise, still_wrong};
use serde::{Deserialize, Serialize};

/// Incidents in one message; the rest is the next one.
pub const LISTED_MAX: usize = 500;
/// Handoffs looked at to find out who will carry the pager in their working hours.
const HANDOFFS: usize = 64;
/// Where nobody was found: looked for again after this long.
const LOOK_AGAIN_SECS: i64 = 24 * 60 * 60;
/// What is due so soon after is in the same list.
const SOON_SECS: i64 = 10 * 60;
/// A list is kept true until the next one.
const KEPT_SECS: i64 = 24 * 60 * 60;
const HOUR_MS: i64 = 60 * 60 * 1_000;

/// When it is listed next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// On the wall clock.
    pub at: At,
    /// On the line of delays.
    pub due: At,
}

/// Does this incident belong on a list?
pub fn wanted(i: &Incident) -> bool {
    let waits = match i.state {
        State::Triggered { .. } | State::Acknowledged { .. } => true,
        State::Snoozed { .. } | State::Resolved { .. } => false,
    };
    waits && i.urgency == Urgency::Low && i.hold.is_none()
}

/// Gives it its time, if it has none.
pub(super) fn tend(d: &mut Decision<'_>, i: &Incident) {
    if wanted(i) && i.listing.is_none() {
        let at = next(d, i);
        d.emit(Fact::ListingPlanned { incident: i.no, at, due: d.stamp.due_of(at) });
    }
}

/// Its time has come.
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no) else { return };
    match carrier(d, &i, d.stamp.wall).0 {
        Some(who) if d.directory.hours_of(&who).is_open_at(d.stamp.wall) => match raised_soon(&i, d.stamp.at) {
            // If it is not, it is listed then.
            Some(raise) => {
                let (at, due) = (raise.at.plus_secs(1), raise.due.plus_secs(1));
                d.emit(Fact::ListingPlanned { incident: no, at, due });
            }
            None => list(d, who),
        },
        // They do not work now: somebody else carries it, or the clock was stepped.
        Some(_) | None => {
            let at = next(d, &i);
            d.emit(Fact::ListingPlanned { incident: no, at, due: d.stamp.due_of(at) });
        }
    }
}

/// Everything that is due for them, the worst first.
fn list(d: &mut Decision<'_>, who: UserId) {
    let soon = d.stamp.at.plus_secs(SOON_SECS);
    let is_due = |i: &Incident| i.listing.is_some_and(|l| l.due <= soon);
    let open = d.world().open_incidents().filter(|i| is_due(i) && raised_soon(i, d.stamp.at).is_none());
    let mut all: Vec<(u8, IncidentNo)> =
        open.filter(|i| carrier(d, i, d.stamp.wall).0.as_ref() == Some(&who)).map(|i| (i.tier, i.no)).collect();
    all.sort_unstable();
    all.truncate(LISTED_MAX);
    let incidents: Vec<IncidentNo> = all.into_iter().map(|(_, no)| no).collect();
    for no in &incidents {
        d.emit(Fact::Listed { incident: *no, to: who.clone() });
    }
    if !incidents.is_empty() {
        let about = About::Digest { user: who.clone(), at: d.stamp.wall, incidents };
        post::want(d, Recipient::User(who), about, KEPT_SECS);
    }
}

/// It will page in a moment, and needs no list.
fn raised_soon(i: &Incident, at: At) -> Option<Raise> {
    i.raise.filter(|raise| raise.due <= at.plus_secs(SOON_SECS) && still_wrong(i))
}

/// When it is to be listed; on the wall clock.
fn next(d: &Decision<'_>, i: &Incident) -> At {
    let now = d.stamp.wall;
    let again = i.listed.is_some() || i.responder().is_some();
    let hour = At((now.0.div_euclid(HOUR_MS) + 1) * HOUR_MS);
    let in_hours = |who: &UserId, from: At| d.directory.hours_of(who).open_from(from);
    // Whoever takes over in the middle of their hours has it then: it is not to go a day without a list.
    let later = now.plus_secs(LOOK_AGAIN_SECS / 2);
    let morning = |who: &UserId, from: At| {
        let hours = d.directory.hours_of(who);
        if from >= later && hours.is_open_at(from) { Some(from) } else { hours.morning_from(from) }
    };
    // Where handoffs leave nobody their mornings, any of their hours will do.
    let first = if again { walk(d, i, now.plus_ms(1), morning) } else { None };
    let from = if again { later } else { hour };
    first.or_else(|| walk(d, i, from, in_hours)).unwrap_or(now.plus_secs(LOOK_AGAIN_SECS))
}

/// The first instant from `from` on that is `right` for whoever carries it then.
fn walk(d: &Decision<'_>, i: &Incident, from: At, right: impl Fn(&UserId, At) -> Option<At>) -> Option<At> {
    let mut at = from;
    for _ in 0..HANDOFFS {
        let (who, until) = carrier(d, i, at);
        if let Some(found) = who.and_then(|who| right(&who, at)).filter(|found| *found < until) {
            return Some(found);
        }
        if until == At(i64::MAX) {
            return None;
        }
        at = until.max(at.plus_secs(1));
    }
    None
}

/// On whose list it stands at `wall`, and until when that is so: whoever has it, else whoever is on call by the first level
/// that has somebody.
fn carrier(d: &Decision<'_>, i: &Incident, wall: At) -> (Option<UserId>, At) {
    let mut until = At(i64::MAX);
    if let Some(has_it) = i.responder().filter(|who| can_be_written_to(d, who)) {
        return (Some(has_it.clone()), until);
    }
    let policy = policy_of(d, i);
    for target in policy.iter().flat_map(|p| &p.steps).flat_map(|s| &s.targets) {
        let who = match target {
            Target::User(user) => Some(user.clone()),
            Target::Schedule(id) => d.directory.schedules.get(id).and_then(|schedule| {
                let shift = resolve(schedule, d.world().overrides.values(), wall);
                until = until.min(shift.until);
                shift.who
            }),
            Target::Channel(_) => None,
        };
        if let Some(who) = who.filter(|who| can_be_written_to(d, who)) {
            return (Some(who), until);
        }
    }
    (None, until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Directory, PersonalRule, Policy, Service, Step, User};
    use crate::domain::handle::handle;
    use crate::domain::hours::Hours;
    use crate::domain::id::InputId;
    use crate::domain::input::{Delivery, Event, EventAction, Input, Source, What};
    use crate::domain::schedule::{FixedShift, Schedule};
    use crate::domain::stamp::Stamp;
    use crate::domain::urgency::UrgencyBy;
    use crate::domain::world::World;
    use chrono_tz::Tz;

    /// Monday 2026-03-02, 07:00 UTC.
    const SEVEN: At = At(1_772_434_800_000);

    /// Ana begins work five minutes before the support hours of the service do.
    fn office() -> Directory {
        let mut d = Directory::empty("C0ADMIN".into());
        let rules = vec![PersonalRule::slack(0)];
        let (slack, tz) = (Some("U0ANA".into()), Tz::UTC);
        let ana =
            User { id: "ana".into(), name: "Ana".to_owned(), slack, email: None, phone: None, tz, admin: false, rules };
        let mut early = Hours::usual(Tz::UTC);
        for span in &mut early.spans {
            span.from = chrono::NaiveTime::from_hms_opt(8, 55, 0).expect("a time");
        }
        d.hours_of_users = [("ana".into(), early)].into();
        d.hours = [("office".into(), Hours::usual(Tz::UTC))].into();
        d.users = [(ana.id.clone(), ana)].into();
        let steps = vec![Step::all(vec![Target::User("ana".into())], 300)];
        d.policies = [("p".into(), Policy { id: "p".into(), steps, repeat: 0 })].into();
        let shop = Service::new("shop".into(), "team".into(), "p".into(), "C0SHOP".into());
        d.services = [("shop".into(), Service { urgency_by: UrgencyBy::Hours("office".into()), ..shop })].into();
        d
    }

    fn event(action: EventAction) -> What {
        let event = Event {
            action,
            dedup_key: "slow".into(),
            title: "slow".to_owned(),
            link: String::new(),
            labels: Vec::new(),
            starts_at: None,
            ends_at: None,
        };
        let (source, service) = (Source::Generic, "shop".into());
        let delivery =
            Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events: vec![event] };
        What::Events(delivery)
    }

    fn happens(world: &mut World, d: &Directory, at: At, what: What) -> Vec<Fact> {
        let input = Input { id: InputId::minted('t', 0), what };
        let facts = handle(world, d, &input, Stamp::agreed(at)).expect("nothing is refused");
        facts.iter().for_each(|fact| world.apply(fact, Stamp::agreed(at)));
        facts
    }

    /// Everything that is due until then. How many deadlines that took.
    fn until(world: &mut World, d: &Directory, end: At) -> usize {
        let mut looks = 0;
        while let Some(at) = world.next_wake().filter(|at| *at <= end) {
            happens(world, d, at, What::Due);
            looks += 1;
            assert!(looks < 20, "something is due again and again at {}", at.utc());
        }
        looks
    }

    #[test]
    fn whoever_takes_over_after_their_morning_is_listed_then_and_not_a_day_later() {
        let mut d = office();
        let at = |day: u32| chrono::NaiveDate::from_ymd_opt(2026, 3, day).and_then(|d| d.and_hms_opt(9, 0, 0));
        let shift = |who: &str, day: u32| FixedShift {
            user: who.into(),
            from: at(day).expect("a time"),
            until: at(day + 1).expect("a time"),
        };
        let mut ben = d.users[&"ana".into()].clone();
        (ben.id, ben.slack) = ("ben".into(), Some("U0BEN".into()));
        d.users.insert("ben".into(), ben);
        // Far in the east: his morning is at five.
        let mut early = Hours::usual(Tz::UTC);
        for span in &mut early.spans {
            span.from = chrono::NaiveTime::from_hms_opt(5, 0, 0).expect("a time");
        }
        d.hours_of_users = [("ana".into(), Hours::usual(Tz::UTC)), ("ben".into(), early)].into();
        let fixed = (2..8).map(|day| shift(if day % 2 == 0 { "ana" } else { "ben" }, day)).collect();
        let schedule =
            Schedule { id: "s".into(), name: "s".to_owned(), team: None, tz: Tz::UTC, layers: Vec::new(), fixed };
        d.schedules = [("s".into(), schedule)].into();
        let policy = d.policies.get_mut(&"p".into()).expect("one");
        policy.steps = vec![Step::all(vec![Target::Schedule("s".into())], 300)];
        d.services.get_mut(&"shop".into()).expect("one").urgency_by = UrgencyBy::Service;
        d.services.get_mut(&"shop".into()).expect("one").urgency = Urgency::Low;

        let mut world = World::default();
        happens(&mut world, &d, SEVEN.plus_secs(2 * 3_600), event(EventAction::Trigger));
        let mut listed = Vec::new();
        while let Some(at) = world.next_wake().filter(|at| *at <= SEVEN.plus_secs(4 * 24 * 3_600)) {
            for fact in happens(&mut world, &d, at, What::Due) {
                if let Fact::Listed { to, .. } = fact {
                    listed.push(format!("{} {to}", at.utc().format("%a %H:%M")));
                }
            }
        }
        let every_day =
            ["Mon 10:00 ana", "Tue 09:00 ben", "Wed 05:00 ben", "Wed 09:00 ana", "Thu 09:00 ben", "Fri 05:00 ben"];
        assert_eq!(listed, every_day);
    }

    #[test]
    fn what_pages_in_a_moment_is_not_listed_before_and_nothing_is_due_again_and_again() {
        let (d, mut world) = (office(), World::default());
        happens(&mut world, &d, SEVEN, event(EventAction::Trigger));
        until(&mut world, &d, SEVEN.plus_secs(2 * 3_600 - 1));
        assert!(world.posts.is_empty(), "no list before nine: {:?}", world.posts);
        until(&mut world, &d, SEVEN.plus_secs(2 * 3_600 + 60));
        let i = world.incident(IncidentNo(1)).expect("it is open");
        assert_eq!((i.urgency, i.listing), (Urgency::High, None));
        assert!(world.posts.is_empty(), "and none when it pages");
    }
}
