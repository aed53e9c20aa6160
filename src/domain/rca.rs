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
use super::hours::Hours;
use super::id::{IncidentNo, ServiceId, TeamId, UserId};
use super::incident::{Done, Incident, State};
use super::item;
use super::page::Recipient;
use super::paging::can_be_written_to;
use super::post::{self, About};
use super::refusal::Refusal;
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
/// One part, in characters.
pub const PART_CHARS: usize = 12_000;
/// Who was hit, or what they could not do, in characters; and why none is owed.
pub const LINE_CHARS: usize = 300;
/// RCAs and items in one reminder; the rest is the next one.
pub const OWES_MAX: usize = 40;
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
    pub opened: At,
    pub owner: UserId,
    /// Since when customers do not feel it. `None`: it was opened again, and the clock stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mitigated: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    pub stands: Stands,
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
    Impact {
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

    /// Completed, and in time; `None`: it is not completed.
    pub fn in_time(&self) -> Option<bool> {
        match &self.stands {
            Stands::Completed(done) => Some(self.due.is_none_or(|due| done.at <= due)),
            Stands::Owed | Stands::NotOwed(_) => None,
        }
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

    /// All users were hit, of what matters most: that is talked about in a meeting.
    pub fn is_significant(&self) -> bool {
        self.felt == Some(true) && self.tier == 1 && self.impact.as_ref().is_some_and(|i| i.users == Reach::All)
    }
}

/// What somebody owes, or a team does: the one that was due first, first.
pub fn owed<'w>(w: &'w World, whose: impl Fn(&Rca) -> bool) -> Vec<&'w Arc<Rca>> {
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
        if i.not_actionable.is_some() && known.is_some_and(|rca| rca.is_owed() && rca.is_blank()) {
            d.emit(Fact::RcaExcused { incident: i.no, by: None, because: Text::default() });
        }
        return;
    }
    if known.as_ref().is_some_and(|rca| rca.mitigated == Some(mitigated)) {
        return;
    }
    let Some(owner) = known.map(|rca| rca.owner.clone()).or_else(|| owner(i)) else { return };
    let due = mitigated.plus_secs(DUE_SECS);
    let remind = next_reminder(d, &owner, due).map(|at| d.stamp.due_of(at));
    let tell_lead = first_told(d, &i.team, due).map(|at| d.stamp.due_of(at));
    d.emit(Fact::RcaOwed { incident: i.no, owner, mitigated, due, remind, tell_lead });
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
fn owner(i: &Incident) -> Option<UserId> {
    let resolved_by = match &i.state {
        State::Resolved { by: super::fact::ResolvedBy::User(by), .. } => Some(by),
        State::Resolved { .. } | State::Triggered { .. } | State::Acknowledged { .. } | State::Snoozed { .. } => None,
    };
    let answered = i.answered.as_ref().map(|done| &done.by);
    let asked = i.paged.first().map(|(who, _)| who);
    i.responder().or(i.had_it()).or(answered).or(resolved_by).or(asked).cloned()
}

/// When the owner is reminded next: a day before it is due, when it is due, then on each of their working days.
fn next_reminder(d: &Decision<'_>, owner: &UserId, due: At) -> Option<At> {
    let (now, hours) = (d.stamp.wall, d.directory.hours_of(owner));
    let ahead = [due.plus_secs(-DAY_SECS), due].into_iter().find(|at| *at > now);
    match ahead {
        Some(at) => hours.open_from(at),
        None => hours.morning_from(now.plus_ms(1)),
    }
}

/// When the team's lead hears first that it is late, if the team has one.
fn first_told(d: &Decision<'_>, team: &TeamId, due: At) -> Option<At> {
    let at = due.plus_secs(DAY_SECS).max(d.stamp.wall);
    lead_of(d.directory, team).and_then(|lead| d.directory.hours_of(&lead).open_from(at))
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
    let works = d.directory.hours_of(who).is_open_at(wall);
    let opens = d.directory.hours_of(who).next_open(wall);
    let to = works.then(|| who.clone());
    let again = |d: &Decision<'_>, next: Option<At>| if works { next } else { opens }.map(|at| d.stamp.due_of(at));
    for rca in &rcas {
        let next = rca.due.and_then(|due| next_reminder(d, who, due));
        let again = again(d, next);
        d.emit(Fact::RcaReminded { incident: rca.incident, to: to.clone(), again });
    }
    for item in &items {
        let again = again(d, item::next_reminder(d, who, item.due));
        d.emit(Fact::ItemReminded { item: item.no, to: to.clone(), again });
    }
    if works && rcas.len() + items.len() > 0 {
        let (rcas, items) = (rcas.iter().map(|r| r.incident).collect(), items.iter().map(|i| i.no).collect());
        post::want(
            d,
            Recipient::User(who.clone()),
            About::Owes { user: who.clone(), at: wall, rcas, items },
            KEPT_SECS,
        );
    }
}

/// All that is late of the teams that somebody leads.
fn tell_lead(d: &mut Decision<'_>, rca: &Rca) {
    let wall = d.stamp.wall;
    let lead = lead_of(d.directory, &rca.team).filter(|lead| can_be_written_to(d, lead));
    let Some(lead) = lead else {
        d.emit(Fact::RcaLeadTold { incident: rca.incident, to: None, again: None });
        return;
    };
    let hours: Hours = d.directory.hours_of(&lead);
    let works = hours.is_open_at(wall);
    let again = if works { hours.open_from(wall.plus_secs(WEEK_SECS)) } else { hours.next_open(wall) };
    let again = again.map(|at| d.stamp.due_of(at));
    let soon = d.stamp.at.plus_secs(SOON_SECS);
    let is_theirs = |other: &Rca| {
        other.tell_lead.is_some_and(|due| due <= soon) && lead_of(d.directory, &other.team).as_ref() == Some(&lead)
    };
    let all: Vec<IncidentNo> = owed(d.world(), is_theirs).iter().take(OWES_MAX).map(|rca| rca.incident).collect();
    let to = works.then(|| lead.clone());
    for incident in &all {
        d.emit(Fact::RcaLeadTold { incident: *incident, to: to.clone(), again });
    }
    if works && !all.is_empty() {
        post::want(d, Recipient::User(lead.clone()), About::OwesLate { lead, at: wall, rcas: all }, KEPT_SECS);
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
        RcaDeed::Impact { who, what, users, time } => {
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
            let remind = rca.due.and_then(|due| next_reminder(d, &rca.owner, due)).map(|at| d.stamp.due_of(at));
            let due = rca.due.unwrap_or(d.stamp.wall);
            let tell_lead = first_told(d, &rca.team, due).map(|at| d.stamp.due_of(at));
            d.emit(Fact::RcaTakenUp { incident: no, by: by.clone(), remind, tell_lead });
            Ok(())
        }
    }
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
    let chars = text.chars().count();
    if chars > PART_CHARS {
        return Err(Refusal::TooMuchWritten { chars, most: PART_CHARS });
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
    let remind = rca.due.and_then(|due| next_reminder(d, to, due)).map(|at| d.stamp.due_of(at));
    let incident = rca.incident;
    d.emit(Fact::RcaHandedOver { incident, by: by.clone(), to: to.clone(), remind });
    if to != by {
        let about = About::Owes { user: to.clone(), at: d.stamp.wall, rcas: vec![incident], items: Vec::new() };
        post::want(d, Recipient::User(to.clone()), about, KEPT_SECS);
    }
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
