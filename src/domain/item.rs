//! Work that an incident left behind: who does it, by when, and whether it is done.
//!
//! Repair items are made while an RCA is written; what matters most gets a meeting when its RCA is completed; an alert that is
//! to be mended is somebody's. Owners are reminded of them together with the RCAs they owe: see [`super::rca`].

use super::decision::Decision;
use super::fact::Fact;
use super::id::{IncidentNo, ItemNo, MisconfiguredNo, ServiceId, TeamId, UserId};
use super::incident::{Done, Incident};
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About};
use super::rca::{self, Rca};
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::triage::Later;
use super::world::World;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Items in memory. Those that are done make room for new ones, the oldest first.
pub const ITEMS_MAX: usize = 5_000;
/// Repair items of one incident that are to be done.
pub const REPAIRS_MAX: usize = 20;
/// What is to be done, in characters;
pub const WHAT_CHARS: usize = 300;
/// and what came of it.
pub const OUTCOME_CHARS: usize = 3_000;
/// It is due so far away at most.
pub const DUE_MAX_SECS: i64 = 366 * DAY_SECS;
/// The meeting about what matters most is due so long after its RCA was completed.
pub const MEETING_SECS: i64 = 7 * DAY_SECS;
/// An alert is to be mended within so long.
pub const ALERT_SECS: i64 = 7 * DAY_SECS;
/// People who are still to hear what somebody else did to one item.
pub const NEWS_MAX: usize = 10;
/// What somebody heard of it is kept true for so long.
const NEWS_KEPT_SECS: i64 = 7 * DAY_SECS;
const DAY_SECS: i64 = 24 * 60 * 60;
const WEEK_SECS: i64 = 7 * DAY_SECS;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub no: ItemNo,
    pub kind: Kind,
    /// The incident that left it behind, and its service and team.
    pub incident: IncidentNo,
    pub service: ServiceId,
    pub team: TeamId,
    /// That service was private.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// What is to be done; of an alert, what it is called. Untrusted.
    pub what: Arc<str>,
    pub owner: UserId,
    /// On the wall clock, as all times here but `remind`.
    pub due: At,
    /// Who made it; of an alert that keeps coming, whoever was to mend it first.
    pub made: Done,
    /// Who gave it to its owner, since it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Done>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Done>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub outcome: Arc<str>,
    /// When its owner is reminded next, on the line of delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind: Option<At>,
    /// What others did to it, and whoever it was of has not heard yet; the last of each person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub news: Vec<News>,
}

/// Somebody else did something to somebody's item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Whose it was.
    pub to: UserId,
    pub by: UserId,
    /// On the wall clock.
    pub at: At,
    pub what: Touched,
    /// When they hear of it, on the line of delays.
    pub tell: At,
}

/// What somebody else did to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Touched {
    Done,
    Reopened,
    Given {
        to: UserId,
    },
    /// Due by another time.
    Moved {
        due: At,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// So that it does not happen again.
    Repair,
    /// The post-mortem meeting of a significant incident.
    Meeting,
    /// Work that could wait, and how bad that is: 2 is the worst that can, 4 the least.
    Later { severity: u8 },
    /// An alert is to be mended, or not to page any more.
    Alert { entry: MisconfiguredNo, why: AlertWhy },
}

/// What made an alert one to be mended, at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertWhy {
    /// It asked somebody so often within seven days.
    CameBack {
        times: u32,
    },
    NotUrgent,
    NotActionable,
}

/// What somebody does to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemDeed {
    Done {
        outcome: String,
    },
    /// Somebody else does it, or by another time. `None`: as before.
    Change {
        owner: Option<UserId>,
        due: Option<At>,
    },
    /// It was called done, and is not.
    Reopen,
}

impl Item {
    pub fn is_open(&self) -> bool {
        self.done.is_none()
    }

    pub fn is_late(&self, wall: At) -> bool {
        self.is_open() && self.due < wall
    }

    /// When it is to be looked at.
    pub fn wake(&self) -> Option<At> {
        self.remind.into_iter().chain(self.news.iter().map(|news| news.tell)).min()
    }

    /// Whoever made it theirs, if that was somebody else.
    pub fn giver(&self) -> Option<&UserId> {
        Some(&self.given.as_ref().unwrap_or(&self.made).by).filter(|by| **by != self.owner)
    }
}

/// Items that are to be done, the one that is due first, first.
pub fn open(w: &World, whose: impl Fn(&Item) -> bool) -> Vec<&Arc<Item>> {
    let mut all: Vec<_> = w.items.values().filter(|item| item.is_open() && whose(item)).collect();
    all.sort_by_key(|item| (item.due, item.no));
    all
}

/// The repair items of an incident, done or not, in the order they were made.
pub fn repairs_of(w: &World, incident: IncidentNo) -> Vec<&Arc<Item>> {
    w.items.values().filter(|item| item.incident == incident && item.kind == Kind::Repair).collect()
}

/// When the owner is reminded next after `after`: a day before it is due, when it is due, then once a week; in their working hours.
pub(super) fn next_reminder(d: &Decision<'_>, owner: &UserId, due: At, after: At) -> At {
    let ahead = [rca::day_before(d.directory, owner, due), rca::in_hours(d.directory, owner, due)];
    let ahead = ahead.into_iter().find(|at| *at > after);
    ahead.unwrap_or_else(|| rca::in_hours(d.directory, owner, d.stamp.wall.plus_secs(WEEK_SECS)))
}

/// Something that is to be repaired.
pub(super) fn repair(
    d: &mut Decision<'_>,
    rca: &Rca,
    by: &UserId,
    what: &str,
    owner: &UserId,
    due: At,
) -> Result<ItemNo, Refusal> {
    let what = rca::bounded(what, WHAT_CHARS);
    if what.is_empty() {
        return Err(Refusal::NothingWritten);
    }
    refuse_due(d, due)?;
    if repairs_of(d.world(), rca.incident).iter().filter(|item| item.is_open()).count() >= REPAIRS_MAX {
        return Err(Refusal::TooManyItems { most: REPAIRS_MAX });
    }
    make(d, &Of::rca(rca), Kind::Repair, Some(by), what, owner, due)
}

/// Work that can wait.
pub(super) fn later(d: &mut Decision<'_>, i: &Incident, by: &UserId, later: &Later) -> Result<ItemNo, Refusal> {
    let what = rca::bounded(&later.what, WHAT_CHARS);
    if what.is_empty() {
        return Err(Refusal::NothingWritten);
    }
    refuse_due(d, later.due)?;
    let kind = Kind::Later { severity: later.severity.clamp(2, 4) };
    make(d, &Of::incident(i), kind, Some(by), what, &later.owner, later.due)
}

/// An alert that is to be mended, which is called so. Without room for it, it is on the list of those all the same.
pub(super) fn alert(d: &mut Decision<'_>, i: &Incident, by: Option<&UserId>, owner: &UserId, called: &str, kind: Kind) {
    let due = rca::in_hours(d.directory, owner, d.stamp.wall.plus_secs(ALERT_SECS));
    let _ = make(d, &Of::incident(i), kind, by, rca::bounded(called, WHAT_CHARS), owner, due);
}

fn refuse_due(d: &Decision<'_>, due: At) -> Result<(), Refusal> {
    let wall = d.stamp.wall;
    if due <= wall || due > wall.plus_secs(DUE_MAX_SECS) { Err(Refusal::DueThen { due }) } else { Ok(()) }
}

/// What leaves an item behind.
struct Of<'a> {
    incident: IncidentNo,
    service: &'a ServiceId,
    team: &'a TeamId,
    /// Its service was private, which holds also when the configuration does not know it any more.
    was_private: bool,
}

impl<'a> Of<'a> {
    fn rca(rca: &'a Rca) -> Self {
        Self { incident: rca.incident, service: &rca.service, team: &rca.team, was_private: rca.private }
    }

    fn incident(i: &'a Incident) -> Self {
        Self { incident: i.no, service: &i.service, team: &i.team, was_private: i.private }
    }
}

/// What matters most is talked about.
pub(super) fn meeting(d: &mut Decision<'_>, rca: &Rca, by: &UserId) {
    let is_known = |item: &Arc<Item>| item.incident == rca.incident && item.kind == Kind::Meeting;
    if d.world().items.values().any(is_known) {
        return;
    }
    let due = d.stamp.wall.plus_secs(MEETING_SECS);
    let due = rca::in_hours(d.directory, &rca.owner, due);
    // Without room for it the RCA is completed all the same.
    let _ = make(d, &Of::rca(rca), Kind::Meeting, Some(by), String::new(), &rca.owner, due);
}

fn make(
    d: &mut Decision<'_>,
    of: &Of<'_>,
    kind: Kind,
    by: Option<&UserId>,
    what: String,
    owner: &UserId,
    due: At,
) -> Result<ItemNo, Refusal> {
    let w = d.world();
    if w.items.len() >= ITEMS_MAX && w.items.values().all(|item| item.is_open()) {
        return Err(Refusal::TooManyItems { most: ITEMS_MAX });
    }
    let no = ItemNo(w.meta.last_item.0 + 1);
    let remind = remind_at(d, by, owner, due);
    let private = d.directory.services.get(of.service).map_or(of.was_private, |s| s.private);
    d.emit(Fact::ItemMade {
        item: no,
        kind,
        incident: of.incident,
        service: of.service.clone(),
        team: of.team.clone(),
        by: by.unwrap_or(owner).clone(),
        what: Text::new(what),
        owner: owner.clone(),
        due,
        private,
        remind,
    });
    Ok(no)
}

/// Who is given something by somebody else hears of it when they work next.
fn remind_at(d: &Decision<'_>, by: Option<&UserId>, owner: &UserId, due: At) -> Option<At> {
    let wall = d.stamp.wall;
    let at = match by == Some(owner) {
        true => next_reminder(d, owner, due, wall),
        false => rca::in_hours(d.directory, owner, wall),
    };
    Some(d.stamp.due_of(at))
}

/// Somebody does something to an item that is open.
pub(super) fn act(d: &mut Decision<'_>, no: ItemNo, by: &UserId, deed: &ItemDeed) -> Result<(), Refusal> {
    let item = d.world().items.get(&no).cloned().ok_or(Refusal::NoSuchItem(no))?;
    if let ItemDeed::Reopen = deed {
        return reopen(d, &item, by);
    }
    if let Some(done) = &item.done {
        return Err(Refusal::ItemIsDone { item: no, by: done.by.clone(), at: done.at });
    }
    match deed {
        ItemDeed::Reopen => Ok(()),
        ItemDeed::Done { outcome } => {
            done(d, &item, by, Text::new(rca::bounded(outcome, OUTCOME_CHARS)));
            // Whoever mended the alert takes it off the list.
            if let Kind::Alert { entry, .. } = item.kind
                && d.world().misconfigured.get(&entry).is_some_and(|m| m.item == Some(no))
            {
                d.emit(Fact::MisconfiguredMended { entry, by: by.clone() });
            }
            Ok(())
        }
        ItemDeed::Change { owner, due } => change(d, &item, by, owner.as_ref(), *due),
    }
}

/// It is done, and whose it was hears of it if somebody else says so.
pub(super) fn done(d: &mut Decision<'_>, item: &Item, by: &UserId, outcome: Text) {
    d.emit(Fact::ItemDone { item: item.no, by: by.clone(), outcome });
    tell(d, item, by, Touched::Done);
}

/// It was called done by mistake.
fn reopen(d: &mut Decision<'_>, item: &Item, by: &UserId) -> Result<(), Refusal> {
    if item.is_open() {
        return Err(Refusal::ItemIsOpen { item: item.no, owner: item.owner.clone(), due: item.due });
    }
    let open_ones = repairs_of(d.world(), item.incident).iter().filter(|item| item.is_open()).count();
    if item.kind == Kind::Repair && open_ones >= REPAIRS_MAX {
        return Err(Refusal::TooManyItems { most: REPAIRS_MAX });
    }
    let at = next_reminder(d, &item.owner, item.due, d.stamp.wall);
    let remind = Some(d.stamp.due_of(at));
    d.emit(Fact::ItemReopened { item: item.no, by: by.clone(), remind });
    tell(d, item, by, Touched::Reopened);
    Ok(())
}

/// Whose it was hears of what somebody else did to it, when they work next.
fn tell(d: &mut Decision<'_>, item: &Item, by: &UserId, what: Touched) {
    let to = item.owner.clone();
    if to == *by || !can_be_written_to(d, &to) {
        return;
    }
    let wall = d.stamp.wall;
    let tell = d.stamp.due_of(rca::in_hours(d.directory, &to, wall));
    d.emit(Fact::ItemNews { item: item.no, news: News { to, by: by.clone(), at: wall, what, tell } });
}

/// They work: who else did what to it, unless that is not so any more.
fn tell_news(d: &mut Decision<'_>, item: &Item) {
    let at = d.stamp.at;
    for news in item.news.iter().filter(|news| news.tell <= at) {
        d.emit(Fact::ItemNewsTold { item: item.no, to: news.to.clone() });
        let is_theirs = item.owner == news.to;
        let still = match &news.what {
            Touched::Done => !item.is_open(),
            Touched::Reopened => item.is_open() && is_theirs,
            Touched::Given { .. } => !is_theirs,
            Touched::Moved { due } => item.is_open() && is_theirs && item.due == *due,
        };
        if still {
            let News { to, by, at, what, .. } = news.clone();
            let about = About::ItemTouched { item: item.no, by, at, what };
            post::want(d, Recipient::User(to), about, NEWS_KEPT_SECS);
        }
    }
}

/// Somebody else does it, or by another time.
fn change(
    d: &mut Decision<'_>,
    item: &Item,
    by: &UserId,
    owner: Option<&UserId>,
    due: Option<At>,
) -> Result<(), Refusal> {
    let due = due.filter(|due| *due != item.due);
    if let Some(due) = due {
        refuse_due(d, due)?;
    }
    let owner = owner.unwrap_or(&item.owner).clone();
    if owner == item.owner && due.is_none() {
        return Err(Refusal::ItemIsSo { item: item.no, owner, due: item.due });
    }
    let due = due.unwrap_or(item.due);
    // Whoever has it already knows of it, whoever moves it.
    let told_by = if owner == item.owner { &owner } else { by };
    let remind = remind_at(d, Some(told_by), &owner, due);
    let what = if owner == item.owner { Touched::Moved { due } } else { Touched::Given { to: owner.clone() } };
    d.emit(Fact::ItemChanged { item: item.no, by: by.clone(), owner, due, remind });
    tell(d, item, by, what);
    Ok(())
}

/// Its time has come: its owner hears of it, with all else that they owe.
pub(super) fn due(d: &mut Decision<'_>, no: ItemNo) {
    let Some(item) = d.world().items.get(&no).cloned() else { return };
    tell_news(d, &item);
    if item.remind.is_none_or(|due| due > d.stamp.at) {
        return;
    }
    match rca::whom(d, &item.owner, &item.team) {
        Some(who) => rca::remind(d, &who),
        None => {
            let again = Some(d.stamp.due_of(d.stamp.wall.plus_secs(WEEK_SECS)));
            d.emit(Fact::ItemReminded { item: no, to: None, again });
        }
    }
}
