//! The state as rows: what a checkpoint writes and a start reads.
//!
//! Keys sort so that what is open stands together and is read first; numbers are big-endian, so rows of one kind are
//! in order of age. Values are JSON.

use super::{CurrentShift, Meta, Wake, World, enter};
use crate::domain::going_on::{self, Announcement};
use crate::domain::handoff::{Handoff, Note};
use crate::domain::heartbeat::Watched;
use crate::domain::id::{
    AlertKey, AnnouncementNo, ChangeNo, FyiId, HandoffNo, HeartbeatId, IncidentNo, InputId, ItemNo, MisconfiguredNo,
    OverrideId, PolicyId, PostId, QuietId, ScheduleId, SlackUserId, TeamId, UserId,
};
use crate::domain::incident::{Entry, Incident, State};
use crate::domain::item::Item;
use crate::domain::misconfigured::{Came, Misconfigured, RuleHash};
use crate::domain::moved::News;
use crate::domain::people::Newcomer;
use crate::domain::post::Post;
use crate::domain::prepare::{Prepared, ShiftKey};
use crate::domain::quiet::Quiet;
use crate::domain::rca::Rca;
use crate::domain::schedule::Override;
use crate::domain::stamp::At;
use crate::domain::worked::Worked;
use crate::domain::world::Spilled;
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKey {
    Meta,
    Incident(IncidentNo),
    /// Which closed incident was the alert's latest.
    Alert(AlertKey),
    Override(OverrideId),
    Shift(ScheduleId),
    Seen(InputId),
    Person(SlackUserId),
    Dnd(SlackUserId),
    Post(PostId),
    Turn(PolicyId, u32),
    Change(ChangeNo),
    Announcement(AnnouncementNo),
    Misconfigured(MisconfiguredNo),
    Came(RuleHash),
    Quiet(QuietId),
    Fyi(FyiId),
    Heartbeat(HeartbeatId),
    Handoff(HandoffNo),
    HandoffNotes(TeamId),
    Worked(IncidentNo),
    Rca(IncidentNo),
    Item(ItemNo),
    Prepared(ShiftKey),
    Moved(UserId),
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowTrouble {
    pub key: String,
    pub why: String,
}

/// Prefixes of the rows a start reads whole.
pub const OPEN_PREFIXES: [&[u8]; 23] = [
    b"m", b"o/", b"s/", b"v/", b"i/", b"p/", b"d/", b"n/", b"r/", b"g/", b"a/", b"w/", b"q/", b"f/", b"b/", b"x/",
    b"j/", b"e/", b"y/", b"l/", b"C/", b"S/", b"M/",
];

type Change = (Vec<u8>, Option<Vec<u8>>);

/// The key of a closed incident's row.
pub fn closed_key(no: IncidentNo) -> Vec<u8> {
    numbered(b"c/", no.0)
}

/// The prefix of all closed incidents' rows.
pub const CLOSED_PREFIX: &[u8] = b"c/";

/// The key of the row that names a closed alert's latest incident.
pub fn alert_row_key(key: &AlertKey) -> Vec<u8> {
    let mut k = b"k/".to_vec();
    k.extend_from_slice(key.service.as_str().as_bytes());
    k.push(b'/');
    k.extend_from_slice(key.dedup.as_bytes());
    k
}

/// The prefix of the timeline entries of one incident.
pub fn timeline_prefix(no: IncidentNo) -> Vec<u8> {
    numbered(b"t/", no.0)
}

/// The key of one timeline entry that left memory.
pub fn timeline_key(no: IncidentNo, entry: u64) -> Vec<u8> {
    let mut k = numbered(b"t/", no.0);
    k.extend_from_slice(&entry.to_be_bytes());
    k
}

fn numbered(prefix: &[u8], n: u64) -> Vec<u8> {
    let mut k = prefix.to_vec();
    k.extend_from_slice(&n.to_be_bytes());
    k
}

fn json<T: Serialize>(value: &T) -> Vec<u8> {
    // Plain data with string keys: there is nothing in it that JSON cannot hold.
    serde_json::to_vec(value).unwrap_or_default()
}

fn read<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, RowTrouble> {
    serde_json::from_slice(value).map_err(|e| trouble(key, &e.to_string()))
}

fn trouble(key: &[u8], why: &str) -> RowTrouble {
    RowTrouble { key: String::from_utf8_lossy(key).into_owned(), why: why.to_owned() }
}

/// The key of an RCA that was put away.
pub fn put_away_key(no: IncidentNo) -> Vec<u8> {
    numbered(b"z/", no.0)
}

/// The prefix of the items of one incident that were put away.
pub fn put_away_items(no: IncidentNo) -> Vec<u8> {
    numbered(b"u/", no.0)
}

fn put_away_item_key(incident: IncidentNo, item: ItemNo) -> Vec<u8> {
    let mut k = put_away_items(incident);
    k.extend_from_slice(&item.0.to_be_bytes());
    k
}

impl Spilled {
    /// The row it becomes.
    pub fn row(&self) -> Change {
        match self {
            Self::Entry(no, entry) => (timeline_key(*no, entry.n), Some(json(entry))),
            Self::Rca(rca) => (put_away_key(rca.incident), Some(json(&**rca))),
            Self::Item(item) => (put_away_item_key(item.incident, item.no), Some(json(&**item))),
        }
    }
}

/// Reads the row of an RCA.
///
/// # Errors
/// When the bytes are none.
pub fn read_rca_row(key: &[u8], value: &[u8]) -> Result<Rca, RowTrouble> {
    read(key, value)
}

/// Reads the row of an item.
///
/// # Errors
/// When the bytes are none.
pub fn read_item_row(key: &[u8], value: &[u8]) -> Result<Item, RowTrouble> {
    read(key, value)
}

/// Reads a timeline row.
///
/// # Errors
/// When the bytes are not an entry.
pub fn read_timeline_row(key: &[u8], value: &[u8]) -> Result<Entry, RowTrouble> {
    read(key, value)
}

/// Reads a closed incident's row.
///
/// # Errors
/// When the bytes are not an incident.
pub fn read_incident_row(key: &[u8], value: &[u8]) -> Result<Incident, RowTrouble> {
    read(key, value)
}

impl World {
    /// What is to be written for `key`, deletions included.
    pub fn row_changes(&self, key: &RowKey) -> Vec<Change> {
        match key {
            RowKey::Meta => vec![(b"m".to_vec(), Some(json(&self.meta)))],
            RowKey::Incident(no) => {
                let Some(incident) = self.incidents.get(no) else {
                    return Vec::new();
                };
                let (open, closed) = (numbered(b"o/", no.0), closed_key(*no));
                let value = Some(json(&**incident));
                if incident.closed { vec![(open, None), (closed, value)] } else { vec![(open, value), (closed, None)] }
            }
            RowKey::Alert(alert) => {
                let closed = self.by_alert.get(alert).filter(|no| self.incidents.get(*no).is_some_and(|i| i.closed));
                vec![(alert_row_key(alert), closed.map(json))]
            }
            RowKey::Override(id) => vec![(numbered(b"v/", id.0), self.overrides.get(id).map(json))],
            RowKey::Shift(id) => {
                let mut k = b"s/".to_vec();
                k.extend_from_slice(id.as_str().as_bytes());
                vec![(k, self.shifts.get(id).map(json))]
            }
            RowKey::Seen(id) => {
                let mut k = b"i/".to_vec();
                k.extend_from_slice(id.as_str().as_bytes());
                vec![(k, self.seen.get(id).map(json))]
            }
            RowKey::Person(id) => {
                let mut k = b"p/".to_vec();
                k.extend_from_slice(id.as_str().as_bytes());
                vec![(k, self.people.get(id).map(json))]
            }
            RowKey::Dnd(id) => {
                let mut k = b"d/".to_vec();
                k.extend_from_slice(id.as_str().as_bytes());
                vec![(k, self.dnd.get(id).map(json))]
            }
            RowKey::Turn(policy, step) => {
                let mut k = b"r/".to_vec();
                k.extend_from_slice(&step.to_be_bytes());
                k.extend_from_slice(policy.as_str().as_bytes());
                vec![(k, self.turns.get(&(policy.clone(), *step)).map(json))]
            }
            RowKey::Post(id) => vec![(numbered(b"n/", id.0), self.posts.get(id).map(json))],
            RowKey::Change(no) => vec![(numbered(b"g/", no.0), self.changes.get(no).map(json))],
            RowKey::Announcement(no) => vec![(numbered(b"a/", no.0), self.announcements.get(no).map(json))],
            RowKey::Misconfigured(no) => vec![(numbered(b"w/", no.0), self.misconfigured.get(no).map(json))],
            RowKey::Came(rule) => vec![(numbered(b"C/", rule.0), self.came.get(rule).map(json))],
            RowKey::Quiet(id) => vec![(numbered(b"q/", id.0), self.quiets.get(id).map(json))],
            RowKey::Heartbeat(id) => {
                let mut k = b"b/".to_vec();
                k.extend_from_slice(id.as_str().as_bytes());
                vec![(k, self.heartbeats.get(id).map(json))]
            }
            RowKey::Handoff(no) => vec![(numbered(b"x/", no.0), self.handoffs.get(no).map(|h| json(&**h)))],
            RowKey::HandoffNotes(team) => {
                let mut k = b"j/".to_vec();
                k.extend_from_slice(team.as_str().as_bytes());
                vec![(k, self.handoff_notes.get(team).map(json))]
            }
            RowKey::Worked(no) => vec![(numbered(b"e/", no.0), self.worked.get(no).map(|w| json(&**w)))],
            RowKey::Rca(no) => vec![(numbered(b"y/", no.0), self.rcas.get(no).map(|rca| json(&**rca)))],
            RowKey::Item(no) => vec![(numbered(b"l/", no.0), self.items.get(no).map(|item| json(&**item)))],
            RowKey::Moved(user) => {
                let mut k = b"M/".to_vec();
                k.extend_from_slice(user.as_str().as_bytes());
                vec![(k, self.moved.get(user).map(json))]
            }
            RowKey::Prepared(shift) => {
                let mut k = numbered(b"S/", shift.from.0.cast_unsigned());
                k.extend_from_slice(format!("{}/{}", shift.schedule, shift.user).as_bytes());
                vec![(k, self.prepared.get(shift).map(|p| json(&**p)))]
            }
            RowKey::Fyi(id) => vec![(numbered(b"f/", id.0), self.fyis.get(id).map(|f| json(&**f)))],
        }
    }

    /// Every row of what is in memory; what a checkpoint of everything would write.
    pub fn all_rows(&self) -> Vec<Change> {
        let keys = std::iter::once(RowKey::Meta)
            .chain(self.incidents.keys().map(|no| RowKey::Incident(*no)))
            .chain(self.overrides.keys().map(|id| RowKey::Override(*id)))
            .chain(self.shifts.keys().map(|id| RowKey::Shift(id.clone())))
            .chain(self.seen.keys().map(|id| RowKey::Seen(id.clone())))
            .chain(self.people.keys().map(|id| RowKey::Person(id.clone())))
            .chain(self.dnd.keys().map(|id| RowKey::Dnd(id.clone())))
            .chain(self.posts.keys().map(|id| RowKey::Post(*id)))
            .chain(self.turns.keys().map(|(policy, step)| RowKey::Turn(policy.clone(), *step)))
            .chain(self.changes.keys().map(|no| RowKey::Change(*no)))
            .chain(self.announcements.keys().map(|no| RowKey::Announcement(*no)))
            .chain(self.misconfigured.keys().map(|no| RowKey::Misconfigured(*no)))
            .chain(self.came.keys().map(|rule| RowKey::Came(*rule)))
            .chain(self.quiets.keys().map(|id| RowKey::Quiet(*id)))
            .chain(self.fyis.keys().map(|id| RowKey::Fyi(*id)))
            .chain(self.heartbeats.keys().map(|id| RowKey::Heartbeat(id.clone())))
            .chain(self.handoffs.keys().map(|no| RowKey::Handoff(*no)))
            .chain(self.handoff_notes.keys().map(|team| RowKey::HandoffNotes(team.clone())))
            .chain(self.worked.keys().map(|no| RowKey::Worked(*no)))
            .chain(self.rcas.keys().map(|no| RowKey::Rca(*no)))
            .chain(self.items.keys().map(|no| RowKey::Item(*no)))
            .chain(self.prepared.keys().map(|shift| RowKey::Prepared(shift.clone())))
            .chain(self.moved.keys().map(|user| RowKey::Moved(user.clone())));
        keys.flat_map(|k| self.row_changes(&k)).filter(|(_, v)| v.is_some()).collect()
    }

    /// Takes one row back into memory.
    ///
    /// # Errors
    /// When the row cannot be read; the caller rebuilds from the journal.
    pub fn load_row(&mut self, key: &[u8], value: &[u8]) -> Result<(), RowTrouble> {
        match key {
            b"m" => {
                self.meta = read::<Meta>(key, value)?;
                self.wake_at(self.meta.sweep.map(|sweep| sweep.due), Wake::Sweep);
            }
            [b'o' | b'c', b'/', ..] => self.load_incident(read(key, value)?),
            [b'k', b'/', rest @ ..] => {
                let rest = std::str::from_utf8(rest).map_err(|e| trouble(key, &e.to_string()))?;
                let (service, dedup) = rest.split_once('/').ok_or_else(|| trouble(key, "no dedup key"))?;
                let alert = AlertKey { service: service.into(), dedup: dedup.into() };
                self.by_alert.entry(alert).or_insert(read(key, value)?);
            }
            [b'v', b'/', ..] => {
                let o: Override = read(key, value)?;
                self.wake_at(Some(o.wake()), Wake::Override(o.id));
                self.overrides.insert(o.id, o);
            }
            [b's', b'/', id @ ..] => {
                let id = std::str::from_utf8(id).map_err(|e| trouble(key, &e.to_string()))?;
                let shift: CurrentShift = read(key, value)?;
                self.wake_at(Some(shift.due), Wake::Shift(id.into()));
                self.wake_at(shift.draft, Wake::Draft(id.into()));
                self.wake_at(shift.ahead, Wake::Ahead(id.into()));
                self.shifts.insert(id.into(), shift);
            }
            [b'i', b'/', id @ ..] => {
                let id = std::str::from_utf8(id).map_err(|e| trouble(key, &e.to_string()))?;
                let at: At = read(key, value)?;
                self.seen.insert(id.into(), at);
                self.seen_order.insert((at, id.into()));
            }
            [b'p', b'/', ..] => {
                let newcomer: Newcomer = read(key, value)?;
                self.people.insert(newcomer.slack.clone(), newcomer);
            }
            [b'd', b'/', id @ ..] => {
                let id = std::str::from_utf8(id).map_err(|e| trouble(key, &e.to_string()))?;
                self.dnd.insert(id.into(), read(key, value)?);
            }
            [b'r', b'/', a, b, c, e, policy @ ..] => {
                let policy = std::str::from_utf8(policy).map_err(|e| trouble(key, &e.to_string()))?;
                let step = u32::from_be_bytes([*a, *b, *c, *e]);
                self.turns.insert((policy.into(), step), read(key, value)?);
            }
            [b'n', b'/', ..] => {
                let post: Post = read(key, value)?;
                self.put_post(post);
            }
            [b'g', b'/', ..] => {
                let change: going_on::Change = read(key, value)?;
                self.changes.insert(change.no, change);
            }
            [b'a', b'/', ..] => {
                let announcement: Announcement = read(key, value)?;
                self.wake_at(Some(announcement.due), Wake::Announcement(announcement.no));
                self.announcements.insert(announcement.no, announcement);
            }
            [b'w', b'/', ..] => {
                let listed: Misconfigured = read(key, value)?;
                self.misconfigured.insert(listed.no, listed);
            }
            [b'C', b'/', ..] => {
                let came: Came = read(key, value)?;
                self.came.insert(came.rule, came);
            }
            [b'q', b'/', ..] => {
                let quiet: Quiet = read(key, value)?;
                self.wake_at(Some(quiet.due), Wake::Quiet(quiet.id));
                self.quiets.insert(quiet.id, quiet);
            }
            [b'b', b'/', id @ ..] => {
                let id = std::str::from_utf8(id).map_err(|e| trouble(key, &e.to_string()))?;
                let watched: Watched = read(key, value)?;
                self.wake_at(watched.wake(), Wake::Heartbeat(id.into()));
                self.heartbeats.insert(id.into(), watched);
            }
            [b'x', b'/', ..] => {
                let h: Handoff = read(key, value)?;
                self.wake_at(h.due, Wake::Handoff(h.no));
                self.handoffs.insert(h.no, Arc::new(h));
            }
            [b'j', b'/', team @ ..] => {
                let team = std::str::from_utf8(team).map_err(|e| trouble(key, &e.to_string()))?;
                self.handoff_notes.insert(team.into(), read::<Vec<Note>>(key, value)?);
            }
            [b'e', b'/', ..] => {
                let worked: Worked = read(key, value)?;
                self.worked.insert(worked.no, Arc::new(worked));
            }
            [b'y', b'/', ..] => super::rca::load(self, read(key, value)?),
            [b'l', b'/', ..] => super::rca::load_item(self, read(key, value)?),
            [b'M', b'/', user @ ..] => {
                let user = std::str::from_utf8(user).map_err(|e| trouble(key, &e.to_string()))?;
                let news: News = read(key, value)?;
                self.wake_at(Some(news.due), Wake::Moved(user.into()));
                self.moved.insert(user.into(), news);
            }
            [b'S', b'/', ..] => {
                let prepared: Prepared = read(key, value)?;
                self.prepared.insert(prepared.shift.clone(), Arc::new(prepared));
            }
            [b'f', b'/', ..] => super::fyi::put(self, read(key, value)?),
            _ => return Err(trouble(key, "no row of this name is known")),
        }
        Ok(())
    }

    /// The latest incident of an alert is the one that was open last. One that is known by its row alone is the latest of
    /// the closed ones.
    fn load_incident(&mut self, incident: Incident) {
        let no = incident.no;
        for key in super::change::alert_keys(&incident) {
            let is_latest = match self.by_alert.get(&key) {
                None => true,
                Some(known) => match self.incidents.get(known) {
                    Some(other) => last_open(other) < last_open(&incident),
                    None => !incident.closed,
                },
            };
            if is_latest {
                self.by_alert.insert(key, no);
            }
        }
        for (bundle, page) in incident.bundled() {
            self.bundles.entry(bundle).or_default().insert((no, page));
        }
        for page in incident.wanted_pages() {
            self.wanted.insert(page.id, no);
        }
        if incident.closed {
            self.closed.insert(no);
        }
        if let Some(group) = incident.group_key() {
            enter(&mut self.groups, group, no);
        }
        if let Some(channel) = incident.waits_for_card() {
            enter(&mut self.uncarded, channel.clone(), no);
        }
        if !incident.is_resolved() {
            enter(&mut self.open, incident.service.clone(), no);
        }
        self.wake_at(incident.next_wake(), Wake::Incident(no));
        self.incidents.insert(no, Arc::new(incident));
    }
}

/// When this incident was open for the last time, to be compared: one that still is comes after all others.
fn last_open(i: &Incident) -> (At, IncidentNo) {
    match &i.state {
        State::Resolved { since, .. } => (*since, i.no),
        State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => (At(i64::MAX), i.no),
    }
}
