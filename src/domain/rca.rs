//! The root-cause analysis: what an incident of high urgency in production leaves to be written, by whom, and by when.
//!
//! It is owed from the moment customers do not feel the incident any more, and due three days later. Whoever had the
//! incident owes it, and may hand it over. It outlives its incident, which is closed a day after it was resolved: so it
//! knows by itself what it is about. If customers felt nothing, a summary is enough. If they did, there are five parts,
//! the repair items among them. Anybody may write; nobody writes over what they have not read.
//!
//! Owners are reminded in their working hours, of all that they owe by one message; leads of what is late, once a week.
//! Nobody is paged.

use super::decision::Decision;
use super::directory::{Directory, Urgency};
use super::fact::Fact;
use super::handoff::awake_from;
use super::id::{IncidentNo, ServiceId, TeamId, UserId};
use super::incident::{Done, Incident};
use super::item;
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About, Post};
use super::refusal::Refusal;
use super::snooze::morning_after;
use super::stamp::At;
use super::text::Text;
use super::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

pub mod status;

/// Due so long after customers do not feel the incident any more.
pub const DUE_SECS: i64 = 3 * DAY_SECS;
/// RCAs in memory. Beyond, the oldest that is completed is put away, then the oldest of all: from then on it is read, and
/// not written.
pub const RCAS_MAX: usize = 2_000;
/// One part, in characters as Slack counts them: units of UTF-16.
pub const PART_CHARS: usize = 12_000;
/// Who was hit, or what they could not do, in characters; and why none is owed.
pub const LINE_CHARS: usize = 300;
/// RCAs and items in one reminder; the rest is the next one.
pub const OWES_MAX: usize = 20;
/// What is due so soon after is in the same reminder.
const SOON_SECS: i64 = 10 * 60;
/// A reminder is kept true for so long.
const KEPT_SECS: i64 = 3 * DAY_SECS;
/// What was completed is kept true in its channel for so long.
const SHOWN_SECS: i64 = 7 * DAY_SECS;
const DAY_SECS: i64 = 24 * 60 * 60;
const WEEK_SECS: i64 = 7 * DAY_SECS;

/// All times are the wall's but `remind` and `tell_lead`, which are on the line of delays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rca {
    pub incident: IncidentNo,
    pub service: ServiceId,
    pub team: TeamId,
    pub tier: u8,
    pub title: Arc<str>,
    /// Its service was private: that holds also when the configuration does not know it any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// Its incident was major.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub major: bool,
    pub opened: At,
    pub owner: UserId,
    /// Somebody gave it to them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
    /// Who did, last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giver: Option<UserId>,
    /// Since when customers do not feel it. `None`: it was opened again, and the clock stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigated: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    pub stands: Stands,
    /// It was completed or not owed, and somebody writes on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_up: bool,
    /// Was it completed in time, when it was first?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_time: Option<bool>,
    /// Did customers feel it? `None`: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub felt: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<Part, Written>,
    /// When its owner is reminded next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remind: Option<At>,
    /// When the team's lead hears next that it is late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tell_lead: Option<At>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    Owed,
    Completed(Done),
    NotOwed(Excuse),
}

/// Why none is owed any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Excuse {
    /// It is part of another incident, whose RCA tells of both.
    Merged { into: IncidentNo },
    /// Nothing had to be done: the alert is to be mended.
    NotActionable,
    /// Somebody says so: a test, a drill.
    Said { by: UserId, at: At, because: Arc<str> },
}

/// What customers felt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Who they are.
    pub who: Arc<str>,
    /// What they could not do.
    pub what: Arc<str>,
    pub users: Reach,
    pub time: Reach,
    pub by: UserId,
    pub at: At,
    /// How often it was saved.
    pub revision: u32,
}

/// All users or some of them; the whole time or a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    All,
    Some,
}

/// What is written in words of one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// All there is to say where customers felt nothing.
    Summary,
    Timeline,
    /// Findings and root cause.
    Cause,
    /// Mitigation and resolution.
    Resolution,
    /// Why nothing is to be repaired.
    NoRepair,
}

impl Part {
    pub const ALL: [Self; 5] = [Self::Summary, Self::Timeline, Self::Cause, Self::Resolution, Self::NoRepair];
}

/// A part as somebody saved it last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub text: Arc<str>,
    pub by: UserId,
    pub at: At,
    /// How often it was saved: whoever saves says which one they had before them.
    pub revision: u32,
}

/// What an RCA lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Whether customers felt it.
    Answer,
    Impact,
    Part(Part),
    /// A repair item, or why there is none.
    Repair,
}

/// What somebody does to an RCA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RcaDeed {
    /// Did customers feel it?
    Answer {
        felt: bool,
    },
    /// `revision`: as of a part.
    Impact {
        revision: u32,
        who: String,
        what: String,
        users: Reach,
        time: Reach,
    },
    /// `revision`: of what they had before them; 0: nothing was written.
    Write {
        part: Part,
        revision: u32,
        text: String,
    },
    HandOver {
        to: UserId,
    },
    Excuse {
        because: String,
    },
    /// A repair item.
    Repair {
        what: String,
        owner: UserId,
        due: At,
    },
    Complete,
    /// Completed, or not owed: it is to be written on.
    TakeUp,
}

impl Rca {
    pub fn is_owed(&self) -> bool {
        self.stands == Stands::Owed
    }

    pub fn text(&self, part: Part) -> &str {
        self.parts.get(&part).map_or("", |written| &written.text)
    }

    pub fn revision(&self, part: Part) -> u32 {
        self.parts.get(&part).map_or(0, |written| written.revision)
    }

    /// Was nothing said in it?
    pub fn is_blank(&self) -> bool {
        self.felt.is_none() && self.impact.is_none() && self.parts.is_empty()
    }

    pub fn is_late(&self, wall: At) -> bool {
        self.is_owed() && self.due.is_some_and(|due| due < wall)
    }

    /// When it is to be looked at.
    pub fn wake(&self) -> Option<At> {
        self.remind.into_iter().chain(self.tell_lead).min()
    }

    /// What it still needs. `repairs`: how many repair items it has.
    pub fn missing(&self, repairs: usize) -> Vec<Missing> {
        let lacks = |part: &Part| self.text(*part).is_empty();
        let parts = |all: &[Part]| all.iter().filter(|part| lacks(part)).map(|p| Missing::Part(*p)).collect::<Vec<_>>();
        match self.felt {
            None => vec![Missing::Answer],
            Some(false) => parts(&[Part::Summary]),
            Some(true) => {
                let mut all = parts(&[Part::Timeline]);
                all.extend(self.impact.is_none().then_some(Missing::Impact));
                all.extend(parts(&[Part::Cause, Part::Resolution]));
                all.extend((repairs == 0 && lacks(&Part::NoRepair)).then_some(Missing::Repair));
                all
            }
        }
    }

    /// It was major, or all users were hit, of what matters most: that is talked about in a meeting.
    pub fn is_significant(&self) -> bool {
        self.major
            || self.felt == Some(true) && self.tier == 1 && self.impact.as_ref().is_some_and(|i| i.users == Reach::All)
    }
}

/// What somebody owes, or a team does: the one that was due first, first.
pub fn owed(w: &World, whose: impl Fn(&Rca) -> bool) -> Vec<&Arc<Rca>> {
    let mut all: Vec<_> = w.rcas.values().filter(|rca| rca.is_owed() && whose(rca)).collect();
    all.sort_by_key(|rca| (rca.due.unwrap_or(At(i64::MAX)), rca.incident));
    all
}

/// An incident changed: does it owe one, and since when?
pub(super) fn tend(d: &mut Decision<'_>, i: &Incident) {
    // What was closed long ago is not made to owe one by a note.
    let Some(mitigated) = i.mitigated_at().filter(|_| !i.closed) else { return };
    let known = d.world().rcas.get(&i.no).cloned();
    if !owes(d.directory, i) {
        let owed = known.as_ref().filter(|rca| i.not_actionable.is_some() && rca.is_owed());
        let Some(rca) = owed else { return };
        if rca.is_blank() && !rca.taken_up {
            d.emit(Fact::RcaExcused { incident: i.no, by: None, because: Text::default() });
            return;
        }
        // What somebody wrote is theirs to complete or to excuse. Opened again meanwhile, its clock runs anew.
        if rca.mitigated.is_some() {
            return;
        }
    }
    let is_settled =
        |rca: &Rca| rca.mitigated == Some(mitigated) || matches!(rca.stands, Stands::NotOwed(Excuse::Said { .. }));
    if known.as_ref().is_some_and(|rca| is_settled(rca)) {
        return;
    }
    // Who wrote in it, or was given it, goes on; else it is whoever had it last.
    let kept = known.filter(|rca| rca.given || !rca.is_blank()).map(|rca| rca.owner.clone());
    let Some(owner) = kept.or_else(|| owner(i)) else { return };
    let due = mitigated.plus_secs(DUE_SECS);
    let (remind, tell_lead) = asked_for(d, &owner, &i.team, due);
    let private = d.directory.services.get(&i.service).map_or(i.private, |s| s.private);
    d.emit(Fact::RcaOwed { incident: i.no, owner, mitigated, due, private, remind, tell_lead });
}

/// High urgency, in production, and somebody was asked about it or took it. Of what is part of another incident, that one
/// owes it; and of what needed nobody, the alert is to be mended.
fn owes(d: &Directory, i: &Incident) -> bool {
    i.urgency == Urgency::High
        && i.merged_into.is_none()
        && i.not_actionable.is_none()
        && d.services.get(&i.service).is_some_and(|s| s.production)
        && (!i.paged.is_empty() || i.answered.is_some())
}

/// Whoever has it, or had it last; else whoever took it, or was asked first.
pub(super) fn owner(i: &Incident) -> Option<UserId> {
    let answered = i.answered.as_ref().map(|done| &done.by);
    let asked = i.paged.first().map(|(who, _)| who);
    i.responder().or(i.had_it()).or(answered).or(i.resolved_by()).or(asked).cloned()
}

/// When its owner is reminded next, and when the lead hears that it is late; on the line of delays.
fn asked_for(d: &Decision<'_>, owner: &UserId, team: &TeamId, due: At) -> (Option<At>, Option<At>) {
    let remind = next_reminder(d, owner, due, d.stamp.wall);
    let tell_lead = d.stamp.due_of(first_told(d, owner, team, due));
    // Not before they hear of the others.
    let lead = lead_of(d.directory, team);
    let of_lead = |rca: &&Arc<Rca>| rca.is_owed() && lead.is_some() && lead_of(d.directory, &rca.team) == lead;
    let others = d.world().rcas.values().filter(of_lead).filter_map(|rca| rca.tell_lead).min();
    (Some(d.stamp.due_of(remind)), Some(others.map_or(tell_lead, |others| others.max(tell_lead))))
}

/// `at`, or the first instant after it at which they work and nobody sleeps.
pub(super) fn in_hours(d: &Directory, who: &UserId, at: At) -> At {
    let awake = awake_from(d, who, at);
    d.hours_of(who).open_from(awake).unwrap_or(awake)
}

/// The last of their working mornings that leaves a day before `due`, as far as there is one.
pub(super) fn day_before(d: &Directory, who: &UserId, due: At) -> At {
    let tries = (1..=7).map(|days| in_hours(d, who, due.plus_secs(-days * DAY_SECS)));
    tries.into_iter().find(|at| *at < due).unwrap_or(due)
}

/// When the owner is reminded next after `after`: a day before it is due, when it is due, then on each of their working days.
fn next_reminder(d: &Decision<'_>, owner: &UserId, due: At, after: At) -> At {
    let ahead =
        [day_before(d.directory, owner, due), in_hours(d.directory, owner, due)].into_iter().find(|at| *at > after);
    ahead.unwrap_or_else(|| next_morning(d.directory, owner, after))
}

/// The next of their working mornings; nine o'clock, where their hours have no beginning.
fn next_morning(d: &Directory, who: &UserId, after: At) -> At {
    let tz = d.users.get(who).map_or(chrono_tz::UTC, |u| u.tz);
    in_hours(d, who, morning_after(after.plus_secs(DAY_SECS / 2), tz, |_| true))
}

/// When the team's lead hears first that it is late: a day after its owner heard so.
fn first_told(d: &Decision<'_>, owner: &UserId, team: &TeamId, due: At) -> At {
    let at = in_hours(d.directory, owner, due).plus_secs(DAY_SECS).max(d.stamp.wall);
    lead_of(d.directory, team).map_or(at, |lead| in_hours(d.directory, &lead, at))
}

fn lead_of(d: &Directory, team: &TeamId) -> Option<UserId> {
    d.teams.get(team).and_then(|team| team.lead.clone())
}

/// Who hears of what somebody owes: they, or, where nothing reaches them any more, the team's lead.
pub(super) fn whom(d: &Decision<'_>, owner: &UserId, team: &TeamId) -> Option<UserId> {
    let lead = || lead_of(d.directory, team).filter(|lead| can_be_written_to(d, lead));
    Some(owner.clone()).filter(|owner| can_be_written_to(d, owner)).or_else(lead)
}

/// Its time has come.
pub(super) fn due(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(rca) = d.world().rcas.get(&no).cloned() else { return };
    let at = d.stamp.at;
    if rca.remind.is_some_and(|due| due <= at) {
        match whom(d, &rca.owner, &rca.team) {
            Some(who) => remind(d, &who),
            None => {
                let again = d.stamp.due_of(d.stamp.wall.plus_secs(DAY_SECS));
                d.emit(Fact::RcaReminded { incident: no, to: None, again: Some(again) });
            }
        }
    }
    let still = d.world().rcas.get(&no).and_then(|rca| rca.tell_lead);
    if still.is_some_and(|due| due <= at) {
        tell_lead(d, &rca);
    }
}

/// All that somebody owes and that is due to be told, by one message, in their working hours.
pub(super) fn remind(d: &mut Decision<'_>, who: &UserId) {
    let (wall, soon) = (d.stamp.wall, d.stamp.at.plus_secs(SOON_SECS));
    let is_soon = |due: Option<At>| due.is_some_and(|due| due <= soon);
    let mut rcas: Vec<_> = owed(d.world(), |rca| is_soon(rca.remind)).into_iter().cloned().collect();
    rcas.retain(|rca| whom(d, &rca.owner, &rca.team).as_ref() == Some(who));
    rcas.truncate(OWES_MAX);
    let mut items: Vec<_> = item::open(d.world(), |item| is_soon(item.remind)).into_iter().cloned().collect();
    items.retain(|item| whom(d, &item.owner, &item.team).as_ref() == Some(who));
    items.truncate(OWES_MAX - rcas.len());
    let opens = in_hours(d.directory, who, wall);
    let works = opens == wall;
    let to = works.then(|| who.clone());
    // What comes within minutes is in this one.
    let after = wall.plus_secs(SOON_SECS);
    for rca in &rcas {
        let next = rca.due.map(|due| if works { next_reminder(d, who, due, after) } else { opens });
        let again = next.map(|at| d.stamp.due_of(at));
        d.emit(Fact::RcaReminded { incident: rca.incident, to: to.clone(), again });
    }
    for item in &items {
        let next = if works { item::next_reminder(d, who, item.due, after) } else { opens };
        d.emit(Fact::ItemReminded { item: item.no, to: to.clone(), again: Some(d.stamp.due_of(next)) });
    }
    if works && rcas.len() + items.len() > 0 {
        let (rcas, items) = (rcas.iter().map(|r| r.incident).collect(), items.iter().map(|i| i.no).collect());
        let to = Recipient::User(who.clone());
        // The newest says it all; but what is too much for one message goes as several.
        let is_older =
            |p: &&Post| p.to == to && matches!(p.about, About::Owes { .. }) && p.since.plus_secs(SOON_SECS) < wall;
        for post in d.world().posts.values().filter(is_older).map(|p| p.id).collect::<Vec<_>>() {
            d.emit(Fact::PostDropped { post });
        }
        post::want(d, to, About::Owes { user: who.clone(), at: wall, rcas, items }, KEPT_SECS);
    }
}

/// All that is late of the teams that somebody leads, by one message a week. Of what nobody owes who could be told, and nobody
/// leads, the admin channel hears.
fn tell_lead(d: &mut Decision<'_>, rca: &Rca) {
    let wall = d.stamp.wall;
    let a_week = d.stamp.due_of(wall.plus_secs(WEEK_SECS));
    let lead = lead_of(d.directory, &rca.team).filter(|lead| can_be_written_to(d, lead));
    let Some(lead) = lead else {
        if whom(d, &rca.owner, &rca.team).is_none() {
            let (to, rcas) = (Recipient::Channel(d.directory.admin_channel.clone()), vec![rca.incident]);
            post::want(d, to, About::OwesLate { at: wall, rcas }, KEPT_SECS);
        }
        d.emit(Fact::RcaLeadTold { incident: rca.incident, to: None, again: Some(a_week) });
        return;
    };
    let opens = in_hours(d.directory, &lead, wall);
    let works = opens == wall;
    let again = if works { in_hours(d.directory, &lead, wall.plus_secs(WEEK_SECS)) } else { opens };
    let again = Some(d.stamp.due_of(again));
    // What is not late yet is told of by the next one.
    let is_theirs =
        |other: &Rca| other.tell_lead.is_some() && lead_of(d.directory, &other.team).as_ref() == Some(&lead);
    let theirs: Vec<_> = owed(d.world(), is_theirs).into_iter().cloned().collect();
    let mut all = Vec::new();
    for other in &theirs {
        let is_told = works && other.is_late(wall);
        all.extend(is_told.then_some(other.incident));
        let later = other.tell_lead.max(again);
        d.emit(Fact::RcaLeadTold { incident: other.incident, to: is_told.then(|| lead.clone()), again: later });
    }
    if works && !all.is_empty() {
        post::want(d, Recipient::User(lead), About::OwesLate { at: wall, rcas: all }, KEPT_SECS);
    }
}

/// Decides what somebody does to an RCA.
pub(super) fn act(d: &mut Decision<'_>, no: IncidentNo, by: &UserId, deed: &RcaDeed) -> Result<(), Refusal> {
    let rca = d.world().rcas.get(&no).cloned().ok_or(Refusal::OwesNoRca { incident: no })?;
    if let (Stands::NotOwed(Excuse::Merged { into }), RcaDeed::TakeUp) = (&rca.stands, deed) {
        return Err(Refusal::IsMerged { incident: no, into: *into });
    }
    match (&rca.stands, deed) {
        (Stands::Owed, RcaDeed::TakeUp) => return Ok(()),
        (Stands::Owed, _) | (_, RcaDeed::TakeUp) => {}
        // Repair items come to mind later, too.
        (Stands::Completed(_), RcaDeed::Repair { .. }) => {}
        (Stands::Completed(done), _) => {
            return Err(Refusal::RcaIsCompleted { incident: no, by: done.by.clone(), at: done.at });
        }
        (Stands::NotOwed(_), _) => return Err(Refusal::OwesNoRca { incident: no }),
    }
    match deed {
        RcaDeed::Answer { felt } => {
            if rca.felt != Some(*felt) {
                d.emit(Fact::RcaAnswered { incident: no, by: by.clone(), felt: *felt });
            }
            Ok(())
        }
        RcaDeed::Impact { revision, who, what, users, time } => {
            if let Some(known) = rca.impact.as_ref().filter(|known| known.revision != *revision) {
                return Err(Refusal::ImpactToldMeanwhile { by: known.by.clone(), at: known.at });
            }
            let (who, what) = (bounded(who, LINE_CHARS), bounded(what, LINE_CHARS));
            if who.is_empty() || what.is_empty() {
                return Err(Refusal::NothingWritten);
            }
            let (who, what, users, time) = (Text::new(who), Text::new(what), *users, *time);
            d.emit(Fact::RcaImpactTold { incident: no, by: by.clone(), who, what, users, time });
            Ok(())
        }
        RcaDeed::Write { part, revision, text } => write(d, &rca, by, *part, *revision, text),
        RcaDeed::HandOver { to } => hand_over(d, &rca, by, to),
        RcaDeed::Excuse { because } => {
            let because = bounded(because, LINE_CHARS);
            if because.is_empty() {
                return Err(Refusal::NothingWritten);
            }
            d.emit(Fact::RcaExcused { incident: no, by: Some(by.clone()), because: Text::new(because) });
            Ok(())
        }
        RcaDeed::Repair { what, owner, due } => item::repair(d, &rca, by, what, owner, *due).map(|_| ()),
        RcaDeed::Complete => complete(d, &rca, by),
        RcaDeed::TakeUp => {
            take_up(d, &rca, by);
            Ok(())
        }
    }
}

/// It is written on. What was due long ago is due anew: nobody is late because they mend a word.
fn take_up(d: &mut Decision<'_>, rca: &Rca, by: &UserId) {
    let due = rca.due.map(|due| if due < d.stamp.wall { d.stamp.wall.plus_secs(DUE_SECS) } else { due });
    let (remind, tell_lead) = due.map_or((None, None), |due| asked_for(d, &rca.owner, &rca.team, due));
    d.emit(Fact::RcaTakenUp { incident: rca.incident, by: by.clone(), due, remind, tell_lead });
}

/// Saves a part, over exactly what its writer had before them.
fn write(d: &mut Decision<'_>, rca: &Rca, by: &UserId, part: Part, revision: u32, text: &str) -> Result<(), Refusal> {
    let text = text.trim();
    if let Some(written) = rca.parts.get(&part).filter(|written| written.revision != revision) {
        // What was sent twice is saved once.
        if *written.text == *text {
            return Ok(());
        }
        return Err(Refusal::WrittenMeanwhile { part, by: written.by.clone(), at: written.at });
    }
    let chars = text.encode_utf16().count();
    if chars > PART_CHARS {
        return Err(Refusal::TooMuchWritten { chars, most: PART_CHARS });
    }
    if text.is_empty() && rca.text(part).is_empty() {
        return Err(Refusal::NothingWritten);
    }
    if *text != *rca.text(part) {
        d.emit(Fact::RcaWritten { incident: rca.incident, by: by.clone(), part, text: Text::new(text) });
    }
    Ok(())
}

fn hand_over(d: &mut Decision<'_>, rca: &Rca, by: &UserId, to: &UserId) -> Result<(), Refusal> {
    if rca.owner == *to {
        return Err(Refusal::OwesItAlready { incident: rca.incident, who: to.clone() });
    }
    // They hear of it when they work next.
    let remind = rca.due.map(|_| d.stamp.due_of(in_hours(d.directory, to, d.stamp.wall)));
    let incident = rca.incident;
    d.emit(Fact::RcaHandedOver { incident, by: by.clone(), to: to.clone(), remind });
    Ok(())
}

fn complete(d: &mut Decision<'_>, rca: &Rca, by: &UserId) -> Result<(), Refusal> {
    let missing = rca.missing(item::repairs_of(d.world(), rca.incident).len());
    if !missing.is_empty() {
        return Err(Refusal::RcaLacks { missing });
    }
    if rca.mitigated.is_none() {
        return Err(Refusal::StillFelt { incident: rca.incident });
    }
    d.emit(Fact::RcaCompleted { incident: rca.incident, by: by.clone() });
    if rca.is_significant() {
        item::meeting(d, rca, by);
    }
    let channel = d.directory.services.get(&rca.service).map(|s| s.channel.clone());
    if let Some(channel) = channel {
        post::want(d, Recipient::Channel(channel), About::Rca { incident: rca.incident }, SHOWN_SECS);
    }
    Ok(())
}

/// Trimmed, and so long at most.
pub(super) fn bounded(text: &str, chars: usize) -> String {
    text.trim().chars().take(chars).collect()
}

#[cfg(test)]
mod tests;
