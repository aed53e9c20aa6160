//! Before a shift: whoever's it is hears of it, at most twice, and the second time with what to check.
//!
//! It is of the schedules that somebody is asked by, and of one person's time with the pager, however many shifts that is:
//! [`turn`] says what belongs together, [`when`] when somebody hears. What is remembered here says that they did, so that
//! nobody hears twice of the same shift, and how ready they are. Nobody hears by night, nor once it began.

use super::decision::Decision;
use super::directory::Directory;
use super::duty;
use super::fact::Fact;
use super::gaps;
use super::id::{OverrideId, ScheduleId, UserId};
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About};
use super::refusal::Refusal;
use super::schedule::{Override, Schedule, ShiftReason, resolve};
use super::stamp::{At, Stamp};
use super::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use turn::{Turn, turns};

mod turn;
pub mod when;

const HOUR_SECS: i64 = 60 * 60;
const DAY_SECS: i64 = 24 * HOUR_SECS;

/// Shifts are looked at so far ahead: further than the longest lead, moved to before it.
const AHEAD_SECS: i64 = when::LEADS_SECS[0] + when::MOVED_SECS + 2 * DAY_SECS;
/// How long somebody was off is looked for so far back: long enough for the longest lead.
const BACK_SECS: i64 = 2 * when::LEADS_SECS[0] + DAY_SECS;
/// A shift is known so far: those that are looked at are known to their end.
const REACH_SECS: i64 = 14 * DAY_SECS;
/// What was checked for a shift holds so long for the next ones of whoever checked it.
pub const HOLDS_SECS: i64 = 7 * DAY_SECS;
/// A shift that begins so much later than it was told has its list again.
const MOVED_ON_SECS: i64 = DAY_SECS;
/// Shifts that are remembered; what is over longest is forgotten first.
pub const PREPARED_MAX: usize = 2_000;
/// One that lasts longer, or for ever, is remembered for so long.
const KEPT_SECS: i64 = 35 * DAY_SECS;
/// A shift that began before anybody looked.
pub const LONG_AGO: At = At(0);
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
    /// When its first pause begins, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<At>,
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

    /// Does it hold for later shifts, too? What a phone lets through is changed every evening.
    pub fn holds(self) -> bool {
        self != Self::Phone
    }
}

/// A shift that somebody was told of, or got ready for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    pub shift: ShiftKey,
    pub looks: Looks,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Told>,
    /// When it was to begin as they heard last, on the wall clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<At>,
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
        Self { shift, looks, told: None, heard: None, gone: None, ready: BTreeMap::new() }
    }

    /// It is forgotten then.
    pub fn over(&self) -> At {
        match self.looks.from {
            LONG_AGO => self.looks.until,
            from => self.looks.until.min(from.plus_secs(KEPT_SECS)),
        }
    }

    /// What began stays what it was: what is ahead is another one.
    fn is_of(&self, schedule: &ScheduleId, turn: &Turn, wall: At) -> bool {
        let is_theirs = self.shift.schedule == *schedule && self.shift.user == turn.who;
        let overlaps = self.looks.from < turn.until && turn.from < self.over();
        is_theirs && overlaps && (self.looks.from <= wall) == (turn.from <= wall)
    }

    /// Is something that was checked for it good for a shift that begins at `from`?
    fn holds_at(&self, from: At) -> bool {
        self.ready.iter().any(|(check, at)| check.holds() && at.plus_secs(HOLDS_SECS) > from)
    }
}

/// What is checked for a shift, and when: for itself, or for another one of theirs within a week before it.
pub fn ready(w: &World, p: &Prepared) -> BTreeMap<Check, At> {
    let mut ready = BTreeMap::new();
    for other in w.prepared.values().filter(|other| other.shift.user == p.shift.user && other.shift != p.shift) {
        let held = other.ready.iter().filter(|(check, at)| check.holds() && at.plus_secs(HOLDS_SECS) > p.looks.from);
        for (check, at) in held {
            let newest = ready.entry(*check).or_insert(*at);
            *newest = (*newest).max(*at);
        }
    }
    ready.extend(&p.ready);
    ready
}

/// How somebody's shift looks; who is above them, when it begins, or now if it began.
fn looks(w: &World, d: &Directory, id: &ScheduleId, turn: &Turn, wall: At) -> Looks {
    let mut above = duty::above(w, d, Stamp::agreed(turn.from.max(wall)), id, &turn.who);
    above.truncate(ABOVE_MAX);
    Looks { from: turn.from, until: turn.until, pause: turn.pause, before: turn.before.clone(), above }
}

/// Who hears of which shift now, and when to look again. `made`: an override that was made just now, of which whoever
/// stands in has heard.
pub(super) fn look(d: &mut Decision<'_>, schedule: &Schedule, made: Option<OverrideId>) {
    let wall = d.stamp.wall;
    let of_it = |p: &&Arc<Prepared>| p.shift.schedule == schedule.id && is_over(p, wall);
    for shift in d.world().prepared.values().filter(of_it).map(|p| p.shift.clone()).collect::<Vec<_>>() {
        d.emit(Fact::ShiftOver { shift });
    }
    let overrides: Vec<&Override> = d.world().overrides.values().collect();
    let span = (wall.plus_secs(-BACK_SECS), wall.plus_secs(AHEAD_SECS + REACH_SECS));
    let is_asked = gaps::asked(d.directory).contains(&schedule.id);
    let (all, known) = if is_asked { turns(schedule, &overrides, span) } else { (Vec::new(), None) };
    let latest = wall.plus_secs(AHEAD_SECS);
    let later = all.iter().map(|turn| turn.from).find(|from| *from > latest).or(known);
    let mut again = later.map(|from| from.plus_secs(-AHEAD_SECS).max(wall.plus_secs(DAY_SECS)));
    let (under_way, ahead): (Vec<Turn>, Vec<Turn>) =
        all.into_iter().filter(|turn| turn.from <= latest && turn.until > wall).partition(|turn| turn.from <= wall);
    gone(d, schedule, &ahead, is_asked);
    for turn in &under_way {
        goes_on(d, schedule, turn);
    }
    for turn in &ahead {
        again = again.into_iter().chain(tell(d, schedule, turn, made)).min();
    }
    // Whatever the clocks say, a schedule is not looked at twice in the same second.
    let due = again.map(|at| d.stamp.due_of(at).max(d.stamp.at.plus_secs(1)));
    let known = d.world().shifts.get(&schedule.id);
    if known.is_some_and(|k| k.ahead != due) {
        d.emit(Fact::ShiftsAheadLooked { schedule: schedule.id.clone(), due });
    }
}

/// It is over for a day, as far as clocks can be trusted, and nothing that was checked for it holds for another one.
fn is_over(p: &Prepared, wall: At) -> bool {
    p.over().plus_secs(DAY_SECS) <= wall && !p.holds_at(wall)
}

/// What somebody was told of is not ahead of them any more.
fn gone(d: &mut Decision<'_>, schedule: &Schedule, ahead: &[Turn], is_asked: bool) {
    let wall = d.stamp.wall;
    let is_there = |p: &Prepared| ahead.iter().any(|turn| p.is_of(&schedule.id, turn, wall));
    let lost =
        |p: &&Arc<Prepared>| p.shift.schedule == schedule.id && p.gone.is_none() && p.looks.from > wall && !is_there(p);
    for p in d.world().prepared.values().filter(lost).cloned().collect::<Vec<_>>() {
        // By a schedule that no policy asks, nobody is on call.
        let to = Some(schedule).filter(|_| is_asked);
        let to = to.and_then(|schedule| resolve(schedule, d.world().overrides.values(), p.looks.from).who);
        // Theirs still: they go on from before it.
        if to.as_ref() != Some(&p.shift.user) {
            d.emit(Fact::ShiftGone { shift: p.shift.clone(), to });
        }
    }
}

/// What is under way may end at another time by now.
fn goes_on(d: &mut Decision<'_>, schedule: &Schedule, turn: &Turn) {
    let Some(p) = of(d.world(), &schedule.id, turn, d.stamp.wall).cloned() else { return };
    let looks = Looks { until: turn.until, pause: turn.pause, ..p.looks.clone() };
    if looks != p.looks && p.gone.is_none() {
        d.emit(Fact::ShiftForetold { shift: p.shift.clone(), looks, told: p.told, heard: p.heard });
    }
}

/// The configuration does not know these schedules any more.
pub(super) fn forget_gone(d: &mut Decision<'_>) {
    let wall = d.stamp.wall;
    let is_gone = |p: &&Arc<Prepared>| !d.directory.schedules.contains_key(&p.shift.schedule);
    for p in d.world().prepared.values().filter(is_gone).cloned().collect::<Vec<_>>() {
        let shift = p.shift.clone();
        if is_over(&p, wall) {
            d.emit(Fact::ShiftOver { shift });
        } else if p.gone.is_none() && p.looks.from > wall {
            d.emit(Fact::ShiftGone { shift, to: None });
        }
    }
}

/// Tells whoever's it is, if it is time to. When they hear next.
fn tell(d: &mut Decision<'_>, schedule: &Schedule, turn: &Turn, made: Option<OverrideId>) -> Option<At> {
    let (wall, from) = (d.stamp.wall, turn.from);
    let known = of(d.world(), &schedule.id, turn, wall).cloned();
    // One that begins days later than they heard has its list again.
    let is_far_later = |p: &Prepared| p.heard.is_some_and(|heard| from > heard.plus_secs(MOVED_ON_SECS));
    let before = known.as_ref().and_then(|p| p.told.map(|told| if is_far_later(p) { Told::First } else { told }));
    let new = || ShiftKey { schedule: schedule.id.clone(), user: turn.who.clone(), from };
    let shift = known.as_ref().map_or_else(new, |p| p.shift.clone());
    let meant = when::reminders(d.directory, &turn.who, turn.off, from);
    // The direct message about an override that was made late is the reminder.
    let knows = made.filter(|id| turn.why == ShiftReason::Override(*id)).and_then(|_| {
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
        let looks = looks(d.world(), d.directory, &schedule.id, turn, wall);
        let (ever, last) = known.as_ref().map_or((None, None), |p| (p.told, p.heard));
        let heard = if says.is_some() { Some(from) } else { knows.map(|_| from).max(last) };
        let told = if says.is_some() || knows.is_some() { told.max(ever) } else { ever };
        if known.is_none_or(|p| p.looks != looks || p.told != told || p.heard != heard || p.gone.is_some()) {
            d.emit(Fact::ShiftForetold { shift: shift.clone(), looks, told, heard });
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
    // Of a shift that moved, there is one of it already.
    let is_before = |about: &About| matches!(about, About::ShiftAhead { shift: of, told: before } if *of == shift && *before <= told);
    let before = d.world().posts.values().filter(|p| p.to == to && is_before(&p.about)).map(|p| p.id);
    for post in before.collect::<Vec<_>>() {
        d.emit(Fact::PostDropped { post });
    }
    let keep_secs = (from.0.saturating_sub(d.stamp.wall.0)) / 1_000 + SAID_SECS;
    post::want(d, to, About::ShiftAhead { shift, told }, keep_secs);
}

/// What is remembered of somebody's shift.
fn of<'w>(w: &'w World, schedule: &ScheduleId, turn: &Turn, wall: At) -> Option<&'w Arc<Prepared>> {
    let shift = ShiftKey { schedule: schedule.clone(), user: turn.who.clone(), from: turn.from };
    w.prepared.get(&shift).or_else(|| w.prepared.values().find(|p| p.is_of(schedule, turn, wall)))
}

/// The shift that somebody is in, or their next one within two months, whether or not they were told of it.
pub fn next_of(w: &World, d: &Directory, wall: At, user: &UserId) -> Option<Prepared> {
    next_of_each(w, d, wall, user).into_iter().next()
}

/// The same of each schedule that they carry; the one that begins first, first.
pub fn next_of_each(w: &World, d: &Directory, wall: At, user: &UserId) -> Vec<Prepared> {
    let asked = gaps::asked(d);
    let schedules = d.schedules.values().filter(|s| asked.contains(&s.id));
    let mut all: Vec<Prepared> = schedules.filter_map(|schedule| next_by(w, d, schedule, wall, user)).collect();
    all.sort_by_key(|p| (p.looks.from, p.shift.schedule.clone()));
    all
}

fn next_by(w: &World, d: &Directory, schedule: &Schedule, wall: At, user: &UserId) -> Option<Prepared> {
    let overrides: Vec<&Override> = w.overrides.values().collect();
    let span = (wall.plus_secs(-BACK_SECS), wall.plus_secs(duty::AHEAD_SECS));
    let (all, _) = turns(schedule, &overrides, span);
    let mut turn = all.into_iter().find(|turn| turn.who == *user && turn.until > wall && turn.from < span.1)?;
    if turn.from == span.0 {
        // It began before.
        let current = w.shifts.get(&schedule.id).filter(|current| current.shift.who.as_ref() == Some(user));
        turn.from = current.and_then(|current| current.since).filter(|since| *since < turn.from).unwrap_or(LONG_AGO);
    }
    let looks = looks(w, d, &schedule.id, &turn, wall);
    if let Some(known) = of(w, &schedule.id, &turn, wall).filter(|p| p.gone.is_none()) {
        return Some(Prepared { looks, ..(**known).clone() });
    }
    let shift = ShiftKey { schedule: schedule.id.clone(), user: user.clone(), from: turn.from };
    Some(Prepared::new(shift, looks))
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
        d.emit(Fact::ShiftForetold { shift: shift.clone(), looks: p.looks.clone(), told: None, heard: None });
    }
    if p.ready.contains_key(&check) != done {
        d.emit(Fact::ReadyMarked { shift: shift.clone(), check, done });
    }
    // What does not hold any more does so for none of theirs.
    let others = d.world().prepared.values().filter(|o| o.shift.user == shift.user && o.shift != *shift);
    let held = others.filter(|o| !done && o.ready.contains_key(&check)).map(|o| o.shift.clone());
    for shift in held.collect::<Vec<_>>() {
        d.emit(Fact::ReadyMarked { shift, check, done });
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests;
