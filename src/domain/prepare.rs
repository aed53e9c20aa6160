//! Before a shift: whoever's it is hears of it, at most twice, and the second time with what to check.
//!
//! It is of the schedules that are handed over (see [`super::handoff`]), and of one person's time with the pager, however
//! many shifts that is. [`when`] says when somebody hears; what is remembered here says that they did, so that nobody hears
//! twice of the same shift, and how ready they are. Nobody hears by night, nor once it began.

use super::decision::Decision;
use super::directory::Directory;
use super::duty;
use super::fact::Fact;
use super::gaps;
use super::handoff::teams_of;
use super::id::{OverrideId, ScheduleId, UserId};
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About};
use super::refusal::Refusal;
use super::schedule::{Override, Schedule, ShiftReason, Stretch, stretches};
use super::stamp::{At, Stamp};
use super::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

pub mod when;

const HOUR_SECS: i64 = 60 * 60;
const DAY_SECS: i64 = 24 * HOUR_SECS;

/// Shifts are looked at so far ahead: further than the longest lead, moved to before it.
const AHEAD_SECS: i64 = when::LEADS_SECS[0] + when::MOVED_SECS + 2 * DAY_SECS;
/// How long somebody was off is looked for so far back: long enough for the longest lead.
const BACK_SECS: i64 = 2 * when::LEADS_SECS[0] + DAY_SECS;
/// Shifts of one schedule that are looked at: a month of half hours.
const SHIFTS: usize = 1_500;
/// Shifts that are remembered; what is over longest is forgotten first.
pub const PREPARED_MAX: usize = 2_000;
/// One that lasts longer, or for ever, is remembered for so long.
const KEPT_SECS: i64 = 35 * DAY_SECS;
/// What was said before a shift is kept true until so long after it began.
const SAID_SECS: i64 = DAY_SECS;
/// People named as those who are asked next.
pub const ABOVE_MAX: usize = 5;

/// Which shift: whose, by which schedule, and when it was to begin when it was first spoken of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ShiftKey {
    pub schedule: ScheduleId,
    pub user: UserId,
    pub from: At,
}

/// A shift as it looks before it begins, on the wall clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    pub from: At,
    /// `At(i64::MAX)`: it has no end.
    pub until: At,
    /// Who hands over to them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<UserId>,
    /// Who is asked when they do not answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<UserId>,
}

/// What somebody heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// That it is ahead.
    First,
    /// That it begins soon, and what to check.
    Last,
}

/// What is to be checked before a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Phone and Slack let pages through Do Not Disturb.
    Phone,
    /// Laptop and network, with tethering.
    Laptop,
    /// Environment and repositories are current.
    Environment,
    /// Credentials of third parties are valid.
    Credentials,
    /// A test page came by every method.
    Methods,
}

impl Check {
    pub const ALL: [Self; 5] = [Self::Phone, Self::Laptop, Self::Environment, Self::Credentials, Self::Methods];

    /// In a button.
    pub fn id(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Laptop => "laptop",
            Self::Environment => "environment",
            Self::Credentials => "credentials",
            Self::Methods => "methods",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.id() == id)
    }
}

/// A shift that somebody was told of, or got ready for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    pub shift: ShiftKey,
    pub looks: Looks,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// It is not theirs any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<Gone>,
    /// What was checked, and when, on the wall clock.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ready: BTreeMap<Check, At>,
}

/// Whose it is instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
}

impl Prepared {
    /// Nothing was checked for it yet.
    pub fn new(shift: ShiftKey, looks: Looks) -> Self {
        Self { shift, looks, told: None, gone: None, ready: BTreeMap::new() }
    }

    /// It is forgotten then.
    pub fn over(&self) -> At {
        self.looks.until.min(self.looks.from.plus_secs(KEPT_SECS))
    }

    fn is_of(&self, schedule: &ScheduleId, user: &UserId, from: At, until: At) -> bool {
        self.shift.schedule == *schedule && self.shift.user == *user && self.looks.from < until && from < self.over()
    }
}

/// A shift ahead of somebody who is not in it already.
struct Turn {
    who: UserId,
    stretch: Stretch,
    before: Option<UserId>,
    /// They are off from then on.
    off: At,
}

/// The shifts ahead of a schedule that is handed over, and when to look for those that come after them.
fn ahead(d: &Decision<'_>, schedule: &Schedule) -> (Vec<Turn>, Option<At>) {
    let wall = d.stamp.wall;
    let overrides: Vec<&Override> = d.world().overrides.values().collect();
    let span = (wall.plus_secs(-BACK_SECS), wall.plus_secs(AHEAD_SECS));
    let all = stretches(schedule, &overrides, span, SHIFTS);
    let (mut turns, mut again) = (Vec::new(), None);
    for (n, stretch) in all.iter().enumerate() {
        let Some(who) = stretch.who.as_ref().filter(|_| stretch.from > wall) else { continue };
        if stretch.from > span.1 {
            again = Some(stretch.from.plus_secs(-AHEAD_SECS));
            break;
        }
        let earlier = &all[..n];
        // Nobody but they carries it, with pauses.
        if earlier.iter().rev().find_map(|s| s.who.as_ref()) == Some(who) {
            continue;
        }
        let off = earlier.iter().rev().find(|s| s.who.as_ref() == Some(who)).map_or(At(0), |s| s.until);
        let before = earlier.last().and_then(|s| s.who.clone());
        turns.push(Turn { who: who.clone(), stretch: stretch.clone(), before, off });
    }
    (turns, again)
}

/// How somebody's shift looks.
fn looks(w: &World, d: &Directory, who: &UserId, id: &ScheduleId, stretch: &Stretch, before: Option<UserId>) -> Looks {
    let mut above = duty::above(w, d, Stamp::agreed(stretch.from), id, who);
    above.truncate(ABOVE_MAX);
    Looks { from: stretch.from, until: stretch.until, before, above }
}

/// Who hears of which shift now, and when to look again. `made`: an override that was made just now, of which whoever
/// stands in has heard.
pub(super) fn look(d: &mut Decision<'_>, schedule: &Schedule, made: Option<OverrideId>) {
    let wall = d.stamp.wall;
    let of_it = |p: &&Arc<Prepared>| p.shift.schedule == schedule.id;
    let over = d.world().prepared.values().filter(of_it).filter(|p| p.over() <= wall).map(|p| p.shift.clone());
    for shift in over.collect::<Vec<_>>() {
        d.emit(Fact::ShiftOver { shift });
    }
    let is_handed_over = teams_of(d.directory, &schedule.id).next().is_some();
    let (turns, mut again) = if is_handed_over { ahead(d, schedule) } else { (Vec::new(), None) };
    gone(d, schedule, &turns);
    for turn in &turns {
        again = again.into_iter().chain(tell(d, schedule, turn, made)).min();
    }
    // Whatever the clocks say, a schedule is not looked at twice in the same second.
    let due = again.map(|at| d.stamp.due_of(at).max(d.stamp.at.plus_secs(1)));
    let known = d.world().shifts.get(&schedule.id);
    if known.is_some_and(|k| k.ahead != due) {
        d.emit(Fact::ShiftsAheadLooked { schedule: schedule.id.clone(), due });
    }
}

/// What somebody was told of is not ahead of them any more.
fn gone(d: &mut Decision<'_>, schedule: &Schedule, turns: &[Turn]) {
    let wall = d.stamp.wall;
    let is_there = |p: &Prepared| turns.iter().any(|t| p.is_of(&schedule.id, &t.who, t.stretch.from, t.stretch.until));
    let lost =
        |p: &&Arc<Prepared>| p.shift.schedule == schedule.id && p.gone.is_none() && p.looks.from > wall && !is_there(p);
    for p in d.world().prepared.values().filter(lost).cloned().collect::<Vec<_>>() {
        let overrides: Vec<&Override> = d.world().overrides.values().collect();
        let then = stretches(schedule, &overrides, (p.looks.from, p.looks.from.plus_ms(1)), 1);
        let to = then.into_iter().next().and_then(|s| s.who);
        // It is theirs still: they go on from before it, or nobody tells of this schedule any more.
        if to.as_ref() != Some(&p.shift.user) {
            d.emit(Fact::ShiftGone { shift: p.shift.clone(), to });
        }
    }
}

/// The configuration does not know these schedules any more.
pub(super) fn forget_gone(d: &mut Decision<'_>) {
    let wall = d.stamp.wall;
    let is_gone = |p: &&Arc<Prepared>| !d.directory.schedules.contains_key(&p.shift.schedule);
    for p in d.world().prepared.values().filter(is_gone).cloned().collect::<Vec<_>>() {
        let shift = p.shift.clone();
        if p.over() <= wall {
            d.emit(Fact::ShiftOver { shift });
        } else if p.gone.is_none() {
            d.emit(Fact::ShiftGone { shift, to: None });
        }
    }
}

/// Tells whoever's it is, if it is time to. When they hear next.
fn tell(d: &mut Decision<'_>, schedule: &Schedule, turn: &Turn, made: Option<OverrideId>) -> Option<At> {
    let (wall, from) = (d.stamp.wall, turn.stretch.from);
    let known = of(d.world(), &schedule.id, &turn.who, from, turn.stretch.until).cloned();
    let before = known.as_ref().and_then(|p| p.told);
    let shift = known
        .as_ref()
        .map_or_else(|| ShiftKey { schedule: schedule.id.clone(), user: turn.who.clone(), from }, |p| p.shift.clone());
    let meant = when::reminders(d.directory, &turn.who, turn.off, from);
    // The direct message about an override that was made late is the reminder.
    let knows = made.filter(|id| turn.stretch.why == ShiftReason::Override(*id)).and_then(|_| {
        let past = |at: Option<At>| at.is_none_or(|at| at <= wall);
        let heard = if past(meant.last) { Told::Last } else { Told::First };
        past(meant.first).then_some(heard)
    });
    let mut told = before.max(knows);
    let comes = |at: Option<At>| at.and_then(|at| when::still(d.directory, &turn.who, at, from, wall));
    let can_hear = can_be_written_to(d, &turn.who);
    let last = comes(meant.last).filter(|_| can_hear && told < Some(Told::Last));
    // Where it was missed, and the last one comes soon, that one says it all.
    let is_apart = |at: &At| last.is_some_and(|last| at.plus_secs(when::APART_SECS - HOUR_SECS) <= last);
    let first = comes(meant.first).filter(|at| told.is_none() && is_apart(at));
    let says = match (first, last) {
        (_, Some(last)) if last <= wall => Some(Told::Last),
        (Some(first), _) if first <= wall => Some(Told::First),
        _ => None,
    };
    told = told.max(says);
    if known.is_some() || told.is_some() {
        let looks = looks(d.world(), d.directory, &turn.who, &schedule.id, &turn.stretch, turn.before.clone());
        if known.is_none_or(|p| p.looks != looks || p.told != told || p.gone.is_some()) {
            d.emit(Fact::ShiftForetold { shift: shift.clone(), looks, told });
        }
    }
    if let Some(told) = says {
        say(d, shift, told, from);
    }
    // What was said now is not said again.
    let still = [first.filter(|_| told.is_none()), last.filter(|_| told < Some(Told::Last))];
    still.into_iter().flatten().min()
}

/// The direct message. The last one takes the place of the first.
fn say(d: &mut Decision<'_>, shift: ShiftKey, told: Told, from: At) {
    let to = Recipient::User(shift.user.clone());
    let before = About::ShiftAhead { shift: shift.clone(), told: Told::First };
    if told == Told::Last
        && let Some(post) = d.world().posts.values().find(|p| p.to == to && p.about == before).map(|p| p.id)
    {
        d.emit(Fact::PostDropped { post });
    }
    let keep_secs = (from.0.saturating_sub(d.stamp.wall.0)) / 1_000 + SAID_SECS;
    post::want(d, to, About::ShiftAhead { shift, told }, keep_secs);
}

/// What is remembered of somebody's shift.
pub fn of<'w>(w: &'w World, schedule: &ScheduleId, user: &UserId, from: At, until: At) -> Option<&'w Arc<Prepared>> {
    w.prepared.values().find(|p| p.is_of(schedule, user, from, until))
}

/// The shift that somebody is in, or their next one within two months, whether or not they were told of it.
pub fn next_of(w: &World, d: &Directory, wall: At, user: &UserId) -> Option<Prepared> {
    let asked = gaps::asked(d);
    let schedules = d.schedules.values().filter(|s| asked.contains(&s.id));
    let all = schedules.filter_map(|schedule| next_by(w, d, schedule, wall, user));
    all.min_by_key(|p| (p.looks.from, p.shift.schedule.clone()))
}

fn next_by(w: &World, d: &Directory, schedule: &Schedule, wall: At, user: &UserId) -> Option<Prepared> {
    let overrides: Vec<&Override> = w.overrides.values().collect();
    let all = stretches(schedule, &overrides, (wall, wall.plus_secs(duty::AHEAD_SECS)), SHIFTS);
    let n = all.iter().position(|s| s.who.as_ref() == Some(user))?;
    let mut stretch = all.get(n)?.clone();
    if n == 0 {
        // It began before.
        let current = w.shifts.get(&schedule.id).filter(|current| current.shift.who.as_ref() == Some(user));
        stretch.from = current.and_then(|current| current.since).unwrap_or(stretch.from).min(wall);
    }
    if let Some(known) = of(w, &schedule.id, user, stretch.from, stretch.until).filter(|p| p.gone.is_none()) {
        return Some((**known).clone());
    }
    let shift = ShiftKey { schedule: schedule.id.clone(), user: user.clone(), from: stretch.from };
    let before = n.checked_sub(1).and_then(|before| all.get(before)?.who.clone());
    Some(Prepared::new(shift, looks(w, d, user, &schedule.id, &stretch, before)))
}

/// Somebody says that they checked this, or that they did not.
pub(super) fn mark(d: &mut Decision<'_>, shift: &ShiftKey, check: Check, done: bool) -> Result<(), Refusal> {
    let wall = d.stamp.wall;
    let known = d.world().prepared.get(shift).filter(|p| p.gone.is_none() && p.over() > wall).cloned();
    let is_known = known.is_some();
    let schedule = d.directory.schedules.get(&shift.schedule);
    let new = || {
        let next = next_by(d.world(), d.directory, schedule?, wall, &shift.user)?;
        (next.shift == *shift).then(|| Arc::new(next))
    };
    let p = known.or_else(new).ok_or_else(|| Refusal::NotYourShift { schedule: shift.schedule.clone() })?;
    if !is_known {
        d.emit(Fact::ShiftForetold { shift: shift.clone(), looks: p.looks.clone(), told: None });
    }
    if p.ready.contains_key(&check) != done {
        d.emit(Fact::ReadyMarked { shift: shift.clone(), check, done });
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::directory::{PersonalRule, Policy, Service, Step, Target, Team, User};
    use crate::domain::handle::handle;
    use crate::domain::id::InputId;
    use crate::domain::input::{Input, OverrideRequest, What};
    use crate::domain::schedule::{Layer, Member, Rotation};
    use crate::domain::world::rows::OPEN_PREFIXES;
    use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
    use chrono_tz::Tz;

    fn utc(text: &str) -> At {
        At::from(NaiveDateTime::parse_from_str(&format!("2026-{text}"), "%Y-%m-%d %H:%M").expect("a time").and_utc())
    }

    /// Payments in Berlin, by turns of so many hours from Monday, 5 January 2026, 09:00 on; Mara is above.
    pub fn berlin(members: &[&str], turn_hours: u32) -> Directory {
        let tz = Tz::Europe__Berlin;
        let person = |id: &str| {
            let rules = vec![PersonalRule::slack(0)];
            let (slack, name) = (Some(format!("U0{id}").as_str().into()), id.to_owned());
            User { id: id.into(), name, slack, email: None, phone: None, tz, admin: false, rules }
        };
        let rotation = Rotation {
            members: members.iter().map(|id| Member::always(*id)).collect(),
            turn_hours: vec![turn_hours],
            start: NaiveDate::from_ymd_opt(2026, 1, 5).expect("a day"),
            handoff: NaiveTime::from_hms_opt(9, 0, 0).expect("a time"),
        };
        let (id, name) = (ScheduleId::from("primary"), "Primary".to_owned());
        let layers = vec![Layer::always(tz, rotation)];
        let schedule = Schedule { id: id.clone(), name, team: None, tz, layers, fixed: Vec::new() };
        let above = Step::all(vec![Target::User("mara".into())], 300);
        let steps = vec![Step::all(vec![Target::Schedule(id.clone())], 300), above];
        let policy = Policy { id: "pay".into(), steps, repeat: 0 };
        let team = Team::new("pay".into(), "C0PAY".into(), Vec::new());
        let service = Service::new("pay".into(), "pay".into(), "pay".into(), "C0PAY".into());
        Directory {
            users: ["ana", "ben", "chen", "mara"].map(|id| (id.into(), person(id))).into(),
            teams: [(team.id.clone(), team)].into(),
            services: [(service.id.clone(), service)].into(),
            policies: [(policy.id.clone(), policy)].into(),
            schedules: [(id, schedule)].into(),
            ..Directory::empty("C0ADMIN".into())
        }
    }

    struct Life {
        directory: Directory,
        world: World,
        now: At,
        told: Vec<String>,
        inputs: u64,
    }

    impl Life {
        fn at(directory: Directory, now: &str) -> Self {
            let (world, now) = (World::default(), utc(now));
            let mut life = Self { directory, world, now, told: Vec::new(), inputs: 0 };
            life.loads();
            life
        }

        fn loads(&mut self) {
            self.does(What::ConfigLoaded(Arc::new(self.directory.clone()))).expect("a good one");
        }

        fn does(&mut self, what: What) -> Result<(), Refusal> {
            self.inputs += 1;
            let (input, stamp) = (Input { id: InputId::minted('t', self.inputs), what }, Stamp::agreed(self.now));
            for fact in handle(&self.world, &self.directory, &input, stamp)? {
                if let Fact::PostWanted { about: About::ShiftAhead { shift, told }, to, .. } = &fact {
                    assert_eq!(*to, Recipient::User(shift.user.clone()));
                    let looks = &self.world.prepared[shift].looks;
                    let (now, from) = (self.now.utc().format("%a %m-%d %H:%M"), looks.from.utc().format("%m-%d %H:%M"));
                    self.told.push(format!("{now} {told:?} {} {from}", shift.user));
                }
                self.world.apply(&fact, stamp);
            }
            assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force());
            Ok(())
        }

        /// Everything that is due until then; what was said since this was last asked, in UTC.
        fn until(&mut self, until: &str) -> Vec<String> {
            while let Some(wake) = self.world.next_wake().filter(|wake| *wake <= utc(until)) {
                self.now = self.now.max(wake);
                self.does(What::Due).expect("nobody is refused");
            }
            self.now = utc(until);
            std::mem::take(&mut self.told)
        }

        fn stands_in(&mut self, user: &str, from: &str, until: &str) {
            let (schedule, user, by) = ("primary".into(), UserId::from(user), UserId::from("mara"));
            let (from, until) = (utc(from), utc(until));
            self.does(What::Override(OverrideRequest { schedule, user, from, until, by })).expect("everybody may");
        }
    }

    #[test]
    fn a_weekly_shift_is_told_twice_whatever_clocks_do() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        // Summer time begins on the 29th: 09:00 is 08:00 in UTC, and then 07:00.
        assert_eq!(
            life.until("04-01 00:00"),
            [
                "Thu 03-12 15:00 First ana 03-16 08:00",
                "Fri 03-13 15:00 Last ana 03-16 08:00",
                "Thu 03-19 15:00 First ben 03-23 08:00",
                "Fri 03-20 15:00 Last ben 03-23 08:00",
                "Thu 03-26 15:00 First ana 03-30 07:00",
                "Fri 03-27 15:00 Last ana 03-30 07:00",
            ]
        );
        assert!(life.world.prepared.len() <= 2, "those that are over are forgotten");
    }

    #[test]
    fn one_person_hears_nothing_and_short_turns_are_told_once() {
        assert_eq!(Life::at(berlin(&["ana"], 24), "03-02 12:00").until("03-20 00:00"), [""; 0]);
        let mut hours = Life::at(berlin(&["ana", "ben"], 12), "03-04 12:00");
        assert_eq!(
            hours.until("03-06 12:00"),
            [
                "Wed 03-04 15:00 Last ben 03-04 20:00",
                "Thu 03-05 07:00 Last ana 03-05 08:00",
                "Thu 03-05 15:00 Last ben 03-05 20:00",
                "Fri 03-06 07:00 Last ana 03-06 08:00",
            ]
        );
    }

    #[test]
    fn whoever_stands_in_hears_and_not_whoever_is_relieved() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        life.stands_in("chen", "03-16 08:00", "03-23 08:00");
        assert_eq!(
            life.until("03-17 00:00"),
            ["Fri 03-13 15:00 Last chen 03-16 08:00"],
            "that he stands in was told when it was made"
        );
        // Told, and then relieved: the message says so; and theirs again, nothing is said twice.
        assert_eq!(life.until("03-20 14:00"), ["Thu 03-19 15:00 First ben 03-23 08:00"]);
        life.stands_in("mara", "03-23 08:00", "03-30 07:00");
        let key = ShiftKey { schedule: "primary".into(), user: "ben".into(), from: utc("03-23 08:00") };
        assert_eq!(life.world.prepared[&key].gone, Some(Gone { to: Some("mara".into()) }));
        let id = life.world.meta.last_override;
        life.does(What::EndOverride { id, by: "mara".into() }).expect("everybody may");
        assert_eq!(life.world.prepared[&key].gone, None);
        assert_eq!(
            life.until("03-23 12:00"),
            // Ana was off for longer than usual.
            ["Fri 03-20 15:00 Last ben 03-23 08:00", "Fri 03-20 15:00 First ana 03-30 07:00"]
        );
    }

    #[test]
    fn an_override_that_is_made_late_is_its_own_reminder() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-12 12:00");
        life.until("03-14 10:00");
        life.stands_in("chen", "03-16 08:00", "03-17 08:00");
        assert_eq!(life.until("03-18 00:00"), [""; 0]);
        // Between the two: the second one is told.
        assert_eq!(life.until("03-19 18:00"), ["Thu 03-19 15:00 First ben 03-23 08:00"]);
        life.stands_in("chen", "03-23 08:00", "03-24 07:00");
        assert_eq!(
            life.until("03-22 00:00"),
            ["Fri 03-20 15:00 Last chen 03-23 08:00", "Fri 03-20 15:00 Last ben 03-24 07:00"]
        );
    }

    #[test]
    fn what_was_missed_is_told_once_and_not_by_night_nor_after_the_beginning() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        life.now = utc("03-13 22:30");
        life.loads();
        let saturday = ["Sat 03-14 07:00 Last ana 03-16 08:00"];
        assert_eq!(life.until("03-14 10:00"), saturday, "when she works again, it begins");
        assert_eq!(life.until("03-16 08:00"), [""; 0]);
    }

    #[test]
    fn what_is_checked_is_remembered_for_its_shift_alone() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        let (d, ana) = (life.directory.clone(), UserId::from("ana"));
        let next = next_of(&life.world, &d, life.now, &ana).expect("on Monday");
        assert_eq!((next.looks.from, next.looks.before.clone()), (utc("03-16 08:00"), Some("ben".into())));
        assert_eq!(next.looks.above, ["mara".into()]);
        let ready = |check, done| What::Ready { shift: next.shift.clone(), check, done };
        life.does(ready(Check::Phone, true)).expect("before anybody told her");
        life.does(ready(Check::Phone, true)).expect("once");
        life.does(ready(Check::Laptop, true)).expect("hers");
        life.does(ready(Check::Laptop, false)).expect("not after all");
        assert_eq!(life.until("03-14 00:00").len(), 2);
        let next = next_of(&life.world, &d, life.now, &ana).expect("on Monday");
        assert_eq!(next.ready, [(Check::Phone, utc("03-11 12:00"))].into());
        // In it, too; and not once it is over.
        life.until("03-17 12:00");
        let now = next_of(&life.world, &d, life.now, &ana).expect("she is in it");
        assert_eq!((now.shift.clone(), now.ready.len()), (next.shift.clone(), 1));
        life.does(What::Ready { shift: next.shift.clone(), check: Check::Methods, done: true })
            .expect("late, and well");
        life.until("03-24 12:00");
        let schedule = ScheduleId::from("primary");
        let late = life.does(What::Ready { shift: next.shift.clone(), check: Check::Methods, done: false });
        assert_eq!(late, Err(Refusal::NotYourShift { schedule: schedule.clone() }));
        let of_ben = ShiftKey { user: "ben".into(), ..next.shift };
        let other = life.does(What::Ready { shift: of_ben, check: Check::Phone, done: true });
        assert_eq!(other, Err(Refusal::NotYourShift { schedule }));
        let nobody = next_of(&life.world, &d, life.now, &"mara".into());
        assert_eq!(nobody, None);
    }

    #[test]
    fn rows_hold_all_of_it() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        life.until("03-13 16:00");
        let mut read = World::default();
        for (key, value) in life.world.all_rows() {
            assert!(OPEN_PREFIXES.iter().any(|prefix| key.starts_with(prefix)), "a start reads it");
            read.load_row(&key, &value.expect("a row")).expect("it reads back");
        }
        assert_eq!((read.prepared.len(), &read.prepared), (1, &life.world.prepared));
        assert_eq!(read.next_wake(), life.world.next_wake());
    }

    #[test]
    fn what_is_over_longest_is_forgotten_first() {
        let mut world = World::default();
        let (day, most) = (DAY_SECS, i64::try_from(PREPARED_MAX).expect("few"));
        for n in 0..=most {
            let from = At(0).plus_secs(n * day);
            let shift = ShiftKey { schedule: format!("s{}", most - n).as_str().into(), user: "ana".into(), from };
            let looks = Looks { from, until: from.plus_secs(day), before: None, above: Vec::new() };
            world.apply(&Fact::ShiftForetold { shift, looks, told: Some(Told::Last) }, Stamp::agreed(At(0)));
        }
        assert_eq!(world.prepared.len(), PREPARED_MAX);
        assert!(world.prepared.keys().all(|shift| shift.from > At(0)), "the oldest went, whatever it is called");
    }

    #[test]
    fn a_schedule_that_is_gone_takes_its_shifts_with_it() {
        let mut life = Life::at(berlin(&["ana", "ben"], 168), "03-11 12:00");
        life.until("03-13 16:00");
        let schedule = life.directory.schedules.remove(&"primary".into()).expect("one");
        life.loads();
        let gone = life.world.prepared.values().all(|p| p.gone == Some(Gone { to: None }));
        assert!(gone && life.world.prepared.len() == 1);
        life.directory.schedules.insert(schedule.id.clone(), schedule);
        life.loads();
        assert_eq!(life.until("03-16 12:00"), [""; 0], "it was told");
        assert!(life.world.prepared.values().all(|p| p.gone.is_none()));
    }
}
