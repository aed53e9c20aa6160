//! The instant between two shifts, and what is written for it.
//!
//! A handoff is of a team, by the schedule of its first level. Half an hour before, whoever hands over gets a draft; at the
//! instant itself the team's channel gets the summary, frozen as things stood, and whoever takes over accepts it. Nobody is
//! paged for any of this. But what is triggered and waits for somebody who was on call until now asks whoever is on call
//! now: nobody else would.

use super::call::{CallKind, CallState};
use super::decision::Decision;
use super::directory::{Directory, Step, Target, Urgency};
use super::fact::Fact;
use super::id::{HandoffNo, IncidentNo, ScheduleId, TeamId, UserId};
use super::incident::{Done, Incident, State};
use super::lookup::Lookup;
use super::page::Recipient;
use super::post::{self, About};
use super::refusal::Refusal;
use super::schedule::{Schedule, Shift, takeover};
use super::stamp::At;
use super::text::Text;
use super::world::{CurrentShift, World};
use super::{episode, escalation, level, responders};
use chrono::Timelike;
use report::Lists;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub mod report;

pub use report::Report;

/// The draft comes so long before.
pub const DRAFT_SECS: i64 = 30 * 60;
/// Unaccepted for so long, whoever takes over is reminded;
pub const REMIND_SECS: i64 = 15 * 60;
/// for so long, whoever leads the team hears of it.
pub const LEAD_SECS: i64 = 60 * 60;
/// A turn that was shorter, and in which nothing paged, is no shift: a slip, or a minute at the door. It is not told of as never
/// accepted, and whoever had the pager before it need not accept it back. It is as long as the time in which nobody is
/// reminded to accept.
pub const SHORT_TURN_SECS: i64 = REMIND_SECS;
/// Later than this, the summary says that it is late.
const LATE_SECS: i64 = 2 * 60;
/// A draft is kept true for so long; a summary, and what reminds of it, for longer: it may be accepted the next day.
const DRAFT_KEPT_SECS: i64 = 2 * 60 * 60;
const SUMMARY_KEPT_SECS: i64 = 48 * 60 * 60;
/// Handoffs remembered: of the most teams there may be, one that waits and one that is ahead, and some. Those that are over are
/// forgotten first.
pub const HANDOFFS_MAX: usize = 1_200;
/// Notes for one handoff.
pub const NOTES_MAX: usize = 10;
/// A note, in characters;
pub const NOTE_CHARS: usize = 250;
/// and what whoever hands over wrote.
pub const WORDS_CHARS: usize = 2_000;
/// Nobody is reminded before this hour of their day, nor from the other one on.
const AWAKE: (u32, u32) = (8, 22);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handoff {
    pub no: HandoffNo,
    pub team: TeamId,
    pub schedule: ScheduleId,
    /// Who carried the pager until then; `None`: nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<UserId>,
    /// Who carries it from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<UserId>,
    /// When the shift began that ends, on the wall clock; `None`: before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<At>,
    /// The instant, on the wall clock.
    pub at: At,
    /// What whoever hands over wrote.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub words: Arc<str>,
    /// They want to be rid of all that they have; whoever accepts takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Done>,
    /// What stood in the offer when it was made, and then when the shift ended: that nobody has it any more takes nothing out
    /// of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offer: Vec<IncidentNo>,
    /// Nobody accepted the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<Box<Missed>>,
    pub stands: Stands,
    /// When to look at it again, on the line of delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    /// As things stood at the instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Arc<Report>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stands {
    /// It is ahead.
    Draft,
    /// It was posted. `late`: since when it was to be there. `reminded`: how often somebody was.
    Waits {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<At>,
        #[serde(default)]
        reminded: u32,
    },
    /// `took`: what they have from then on.
    Accepted {
        by: UserId,
        at: At,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        took: Vec<IncidentNo>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<At>,
    },
    /// Nobody was to accept it, or the next one came first.
    Over {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<At>,
        /// It came so soon that there was nothing to accept.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        short: bool,
    },
}

impl Stands {
    /// Since when the summary was to be there, if it came late.
    pub fn late(&self) -> Option<At> {
        match self {
            Self::Draft => None,
            Self::Waits { late, .. } | Self::Accepted { late, .. } | Self::Over { late, .. } => *late,
        }
    }
}

/// A handoff that nobody accepted before the next one came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missed {
    pub handoff: HandoffNo,
    /// Who was to.
    pub to: UserId,
    /// When it was, on the wall clock.
    pub at: At,
    /// Who handed over, and what they offered then and still have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<UserId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still: Vec<IncidentNo>,
    /// When whoever leads the team hears of it, on the line of delays, unless they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_due: Option<At>,
}

/// Something that the next one is to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub by: UserId,
    /// On the wall clock.
    pub at: At,
    pub text: Arc<str>,
}

/// The teams whose first level asks by this schedule: of one whose services ask by several, each is handed over.
pub fn teams_of<'d>(d: &'d Directory, schedule: &ScheduleId) -> impl Iterator<Item = &'d TeamId> {
    let schedule = schedule.clone();
    let is_first = move |team: &&TeamId| match d.primary_schedule(team) {
        Lookup::Found(first) => first.id == schedule,
        Lookup::Ambiguous(several) => several.iter().any(|first| first.id == schedule),
        Lookup::Unknown => false,
    };
    d.teams.keys().filter(is_first)
}

/// When the draft of a schedule's next handoff is due, on the line of delays; `None`: nobody hands over by it, it has no end,
/// or the time for that is past.
pub(super) fn draft_due(d: &Decision<'_>, schedule: &Schedule, shift: &Shift) -> Option<At> {
    shift.who.as_ref()?;
    teams_of(d.directory, &schedule.id).next()?;
    let overrides: Vec<_> = d.world().overrides.values().collect();
    let then = takeover(schedule, &overrides, d.stamp.wall)?;
    let at = then.at.plus_secs(-DRAFT_SECS);
    (then.at == shift.until && at > d.stamp.wall).then(|| d.stamp.due_of(at))
}

/// It is half an hour before the end of a shift, unless that changed.
pub(super) fn draft(d: &mut Decision<'_>, id: &ScheduleId) {
    let (wall, current) = (d.stamp.wall, d.world().shifts.get(id).cloned());
    d.emit(Fact::DraftLooked { schedule: id.clone() });
    let Some(schedule) = d.directory.schedules.get(id) else { return };
    let overrides: Vec<_> = d.world().overrides.values().collect();
    let (Some(then), Some(current)) = (takeover(schedule, &overrides, wall), current) else { return };
    let Some(from) = current.shift.who.filter(|_| then.at <= wall.plus_secs(DRAFT_SECS + LATE_SECS)) else { return };
    if !d.directory.users.contains_key(&from) {
        return;
    }
    for team in teams_of(d.directory, id).cloned().collect::<Vec<_>>() {
        // One that was ahead, and is still: what was written in it stays.
        let known = draft_of(d.world(), id, &team).map(|h| h.no);
        let handoff = known.unwrap_or_else(|| next_no(d.world()));
        let (from, to) = (from.clone(), then.who.clone());
        d.emit(Fact::HandoffDrafted {
            handoff,
            team,
            schedule: id.clone(),
            from: from.clone(),
            to,
            began: current.since,
            at: then.at,
        });
        post::want(d, Recipient::User(from), About::HandoffDraft { handoff }, DRAFT_KEPT_SECS);
    }
}

/// Who is on call may have changed: the drafts of a schedule say when it is handed over, and to whom, as that looks now.
pub(super) fn draft_anew(d: &mut Decision<'_>, schedule: &Schedule) {
    let overrides: Vec<_> = d.world().overrides.values().collect();
    let then = takeover(schedule, &overrides, d.stamp.wall);
    let carries = d.world().shifts.get(&schedule.id).and_then(|current| current.shift.who.clone());
    let drafts = d.world().handoffs.values().filter(|h| h.schedule == schedule.id && h.stands == Stands::Draft);
    for h in drafts.cloned().collect::<Vec<_>>() {
        match &then {
            Some(then) if (h.at, &h.to) == (then.at, &then.who) => {}
            Some(then) if let Some(from) = h.from.as_ref().filter(|from| carries.as_ref() == Some(from)) => {
                let (handoff, team, schedule) = (h.no, h.team.clone(), h.schedule.clone());
                let (from, to, began, at) = (from.clone(), then.who.clone(), h.began, then.at);
                d.emit(Fact::HandoffDrafted { handoff, team, schedule, from, to, began, at });
            }
            Some(_) | None => d.emit(Fact::HandoffForgotten { handoff: h.no }),
        }
    }
}

/// Drafts of what the configuration does not hand over any more come to nothing.
pub(super) fn forget_drafts(d: &mut Decision<'_>) {
    let hands_over = |h: &Handoff| {
        d.directory.schedules.contains_key(&h.schedule)
            && teams_of(d.directory, &h.schedule).any(|team| *team == h.team)
    };
    let drafts = d.world().handoffs.values().filter(|h| h.stands == Stands::Draft && !hands_over(h));
    for handoff in drafts.map(|h| h.no).collect::<Vec<_>>() {
        d.emit(Fact::HandoffForgotten { handoff });
    }
}

/// Somebody else carries it from now on. `before`: the shift that ended.
pub(super) fn took_place(d: &mut Decision<'_>, id: &ScheduleId, before: &CurrentShift, to: Option<&UserId>) {
    let wall = d.stamp.wall;
    let from = before.shift.who.as_ref();
    // It ended when it was to, or sooner because of a change; Warridor may not have been there.
    let at = before.shift.until.min(wall);
    let late = (wall.0 - at.0 > LATE_SECS * 1_000).then_some(at);
    for team in teams_of(d.directory, id).cloned().collect::<Vec<_>>() {
        let drafted = draft_of(d.world(), id, &team);
        let handoff = drafted.map_or_else(|| next_no(d.world()), |h| h.no);
        let began = before.since;
        let lists = Lists::of(d.world(), d.directory, &team, (began.unwrap_or(At(0)), wall), wall);
        let due = to.map(|who| d.stamp.due_of(awake_from(d.directory, who, wall.plus_secs(REMIND_SECS))));
        let of_whom_it_ends = |h: &&Arc<Handoff>| h.offered.as_ref().is_some_and(|done| Some(&done.by) == from);
        let offer = drafted.filter(of_whom_it_ends).map(|h| offered(d.world(), h));
        let (is_offered, offer) = (offer.is_some(), offer.unwrap_or_default());
        let short = short_turn(d, id, &team, &lists).cloned();
        let missed = match &short {
            // What was not accepted before it, is not yet.
            Some(h) => h.missed.clone().filter(|missed| Some(&missed.to) != to),
            None => missed(d, id, &team).map(Box::new),
        };
        let is_told = drafted.is_some_and(|h| !h.words.is_empty()) || d.world().handoff_notes.contains_key(&team);
        let gave_it = |h: &Arc<Handoff>| h.missed.is_none() && h.from.is_some() && h.from.as_ref() == to;
        let came_back = !is_told && short.as_ref().is_some_and(gave_it);
        d.emit(Fact::HandedOver {
            handoff,
            team: team.clone(),
            schedule: id.clone(),
            from: from.cloned(),
            to: to.cloned(),
            began,
            at,
            late,
            due,
            offer,
            missed,
            short: short.map(|h| h.no),
            lists: Box::new(lists),
        });
        if let Some(channel) = d.directory.teams.get(&team).map(|t| t.channel.clone()) {
            post::want(d, Recipient::Channel(channel), About::Handoff { handoff }, SUMMARY_KEPT_SECS);
        }
        // Who took the pager by their own hand knows, and who gave it away minutes ago. What is offered is for them to take.
        if let Some(who) = to.filter(|who| !is_offered && (came_back || took_it_themselves(d, id, who))) {
            d.emit(Fact::HandoffAccepted { handoff, by: who.clone(), took: Vec::new() });
        }
    }
    if let Some(to) = to {
        ask_the_next(d, id, from, to);
    }
}

/// The handoff before, if the turn that it began was too short to be one. `lists`: what was since.
fn short_turn<'d>(d: &'d Decision<'_>, id: &ScheduleId, team: &TeamId, lists: &Lists) -> Option<&'d Arc<Handoff>> {
    let h = waiting(d.world(), id, team)?;
    let is_short = d.stamp.wall < h.at.plus_secs(SHORT_TURN_SECS);
    let is_quiet = lists.pages == 0 && lists.paged.is_empty() && h.offered.is_none() && says_nothing(h);
    (is_short && is_quiet).then_some(h)
}

/// Did nobody write what the next one should know?
fn says_nothing(h: &Handoff) -> bool {
    h.words.is_empty() && h.report.as_ref().is_none_or(|report| report.notes.is_empty())
}

/// The last one that nobody accepted, if the next one has not come.
fn waiting<'w>(w: &'w World, id: &ScheduleId, team: &TeamId) -> Option<&'w Arc<Handoff>> {
    let waits = |h: &&Arc<Handoff>| h.schedule == *id && h.team == *team && matches!(h.stands, Stands::Waits { .. });
    w.handoffs.values().rev().find(waits)
}

/// The handoff before, of which the next one now comes first. Whoever leads hears of it as if it still waited, unless the shift
/// was too short for anybody to be reminded.
fn missed(d: &Decision<'_>, id: &ScheduleId, team: &TeamId) -> Option<Missed> {
    let (w, wall) = (d.world(), d.stamp.wall);
    let h = waiting(w, id, team)?;
    let has = h.from.as_ref().map(|from| all_of(w, team, from)).unwrap_or_default();
    let was_told = matches!(h.stands, Stands::Waits { reminded: 2.., .. });
    let had_time = wall >= h.at.plus_secs(REMIND_SECS);
    let lead = lead_of(d, h).filter(|_| had_time && !was_told);
    let lead_at = lead.and_then(|lead| d.directory.hours_of(&lead).open_from(h.at.plus_secs(LEAD_SECS).max(wall)));
    Some(Missed {
        handoff: h.no,
        to: h.to.clone()?,
        at: h.at,
        from: h.from.clone(),
        still: h.offer.iter().copied().filter(|no| has.contains(no)).collect(),
        lead_due: lead_at.map(|at| d.stamp.due_of(at)),
    })
}

/// Did they put themselves on call, by an override that holds now?
fn took_it_themselves(d: &Decision<'_>, id: &ScheduleId, who: &UserId) -> bool {
    let wall = d.stamp.wall;
    let holds = |o: &&super::schedule::Override| o.schedule == *id && o.from <= wall && wall < o.until;
    d.world().overrides.values().filter(holds).any(|o| o.user == *who && o.by == *who)
}

/// What asked whoever was on call until now, and waits, asks whoever is now. What passed them over asks nobody anew.
fn ask_the_next(d: &mut Decision<'_>, id: &ScheduleId, from: Option<&UserId>, to: &UserId) {
    let by_it = Target::Schedule(id.clone());
    let waits = |i: &Incident| {
        let call =
            i.main_call().filter(|c| matches!(c.state, CallState::Asking { .. } | CallState::Exhausted { .. }))?;
        let mut so_far = call.policy.steps.iter().take(call.step as usize + 1).filter(|s| s.targets.contains(&by_it));
        // By whatever call; and a level that takes turns, or was not for this incident, asked nobody by it.
        let was_asked =
            |from: &UserId| i.calls.iter().any(|c| matches!(c.kind, CallKind::Main) && c.reached.contains(from));
        let case = level::case_of(d, i);
        let was_theirs = |s: &Step| match from.filter(|from| was_asked(from)) {
            Some(_) => true,
            None => !s.round_robin && s.when.refuses(case).is_none(),
        };
        let is_urgent = i.is_triggered() && i.urgency == Urgency::High && i.hold.is_none();
        let is_new = is_urgent && i.course.clearing.is_none() && call.asked.iter().all(|a| a.user != *to);
        (is_new && so_far.any(was_theirs)).then(|| (i.no, call.clone()))
    };
    let all: Vec<_> = d.world().open_incidents().filter_map(|i| waits(i)).collect();
    for (no, call) in all {
        escalation::ask_the_next(d, no, &call, id, (from, to));
    }
}

/// Its time to be looked at has come: it was not accepted.
pub(super) fn due(d: &mut Decision<'_>, no: HandoffNo) {
    let Some(h) = d.world().handoffs.get(&no).cloned() else { return };
    match (&h.stands, &h.to) {
        (Stands::Waits { reminded: 0, .. }, Some(to)) => remind(d, &h, to),
        (Stands::Waits { .. } | Stands::Over { .. }, _) => tell_lead(d, &h),
        (Stands::Draft | Stands::Accepted { .. }, _) => d.emit(Fact::HandoffReminded { handoff: no, due: None }),
    }
}

/// Whoever takes over hears that it waits for them; whoever leads is next.
fn remind(d: &mut Decision<'_>, h: &Handoff, to: &UserId) {
    let wall = d.stamp.wall;
    let then = h.at.plus_secs(LEAD_SECS).max(wall.plus_secs(LEAD_SECS - REMIND_SECS));
    let then = lead_of(d, h).and_then(|lead| d.directory.hours_of(&lead).open_from(then));
    d.emit(Fact::HandoffReminded { handoff: h.no, due: then.map(|at| d.stamp.due_of(at)) });
    let about = About::HandoffWaits { handoff: h.no, for_lead: false };
    post::want(d, Recipient::User(to.clone()), about, SUMMARY_KEPT_SECS);
}

/// Whoever leads hears that nobody accepted; of several at once, by the newest, which tells of those before it.
fn tell_lead(d: &mut Decision<'_>, h: &Handoff) {
    d.emit(Fact::HandoffReminded { handoff: h.no, due: None });
    let at = d.stamp.at;
    let tells_too = |other: &Handoff| {
        let is_newer = other.no > h.no && other.team == h.team && other.schedule == h.schedule;
        is_newer && other.due.is_some_and(|due| due <= at) && !matches!(other.stands, Stands::Waits { reminded: 0, .. })
    };
    let lead = lead_of(d, h).filter(|_| !d.world().handoffs.values().any(|other| tells_too(other)));
    if let Some(lead) = lead {
        let about = About::HandoffWaits { handoff: h.no, for_lead: true };
        post::want(d, Recipient::User(lead), about, SUMMARY_KEPT_SECS);
    }
}

/// Whoever leads the team, unless that is who takes over.
fn lead_of(d: &Decision<'_>, h: &Handoff) -> Option<UserId> {
    d.directory.teams.get(&h.team).and_then(|t| t.lead.clone()).filter(|lead| Some(lead) != h.to.as_ref())
}

/// So many in a row before this one nobody accepted.
pub fn missed_before(w: &World, h: &Handoff) -> usize {
    let before = |missed: &Missed| w.handoffs.get(&missed.handoff).and_then(|h| h.missed.as_deref());
    std::iter::successors(h.missed.as_deref(), |missed| before(missed)).count()
}

/// `at`, or the next morning of theirs.
pub(super) fn awake_from(d: &Directory, who: &UserId, at: At) -> At {
    let tz = d.users.get(who).map_or(chrono_tz::UTC, |u| u.tz);
    let local = at.utc().with_timezone(&tz);
    if (AWAKE.0..AWAKE.1).contains(&local.hour()) {
        return at;
    }
    let day = if local.hour() < AWAKE.0 { Some(local.date_naive()) } else { local.date_naive().succ_opt() };
    let morning = day.and_then(|day| day.and_hms_opt(AWAKE.0, 0, 0));
    morning.map_or(at, |morning| super::schedule::local_instant(tz, morning))
}

/// Was it night for them? Whoever is paged then is woken.
pub fn at_night(d: &Directory, who: &UserId, at: At) -> bool {
    let tz = d.users.get(who).map_or(chrono_tz::UTC, |u| u.tz);
    !(AWAKE.0 - 1..AWAKE.1).contains(&at.utc().with_timezone(&tz).hour())
}

/// Something that the next one is to know.
pub(super) fn note(d: &mut Decision<'_>, team: &TeamId, by: &UserId, text: &str) -> Result<(), Refusal> {
    if !d.directory.teams.contains_key(team) {
        return Err(Refusal::NoSuchTeam(team.clone()));
    }
    let text: String = text.trim().chars().take(NOTE_CHARS).collect();
    if text.is_empty() {
        return Err(Refusal::EmptyNote);
    }
    let notes = d.world().handoff_notes.get(team).map_or(0, |notes| notes.len());
    if notes >= NOTES_MAX {
        return Err(Refusal::TooManyNotes { team: team.clone(), most: NOTES_MAX });
    }
    d.emit(Fact::HandoffNoted { team: team.clone(), by: by.clone(), text: Text::new(text) });
    Ok(())
}

/// Whoever hands over says what the next one is to know, in a draft.
pub(super) fn write(d: &mut Decision<'_>, no: HandoffNo, by: &UserId, words: &str) -> Result<(), Refusal> {
    let h = d.world().handoffs.get(&no).ok_or(Refusal::NoSuchHandoff)?;
    if h.stands != Stands::Draft {
        return Err(Refusal::HandedOverAlready { at: h.at });
    }
    let words: String = words.trim().chars().take(WORDS_CHARS).collect();
    d.emit(Fact::HandoffWritten { handoff: no, by: by.clone(), words: Text::new(words) });
    Ok(())
}

/// "Hand over all": whoever accepts takes what they have.
pub(super) fn offer(d: &mut Decision<'_>, no: HandoffNo, by: &UserId) -> Result<(), Refusal> {
    let h = d.world().handoffs.get(&no).cloned().ok_or(Refusal::NoSuchHandoff)?;
    if h.from.as_ref() != Some(by) {
        return Err(Refusal::HandoffIsOf { by: h.from.clone(), team: h.team.clone() });
    }
    match &h.stands {
        Stands::Accepted { by, at, .. } => {
            return Err(Refusal::HandoffAcceptedAlready { by: by.clone(), at: *at });
        }
        Stands::Over { .. } if h.to.is_some() => return Err(Refusal::HandoffIsOver),
        Stands::Over { .. } => return Err(Refusal::NobodyTakesOver { team: h.team.clone() }),
        Stands::Draft | Stands::Waits { .. } if h.to.is_none() => {
            return Err(Refusal::NobodyTakesOver { team: h.team.clone() });
        }
        Stands::Draft | Stands::Waits { .. } => {}
    }
    if h.offered.is_none() {
        let offer = all_of(d.world(), &h.team, by);
        d.emit(Fact::HandoffOffered { handoff: no, by: by.clone(), offer });
    }
    Ok(())
}

/// Whoever carries the pager now accepts, and takes what was offered.
pub(super) fn accept(d: &mut Decision<'_>, no: HandoffNo, by: &UserId) -> Result<(), Refusal> {
    let h = d.world().handoffs.get(&no).cloned().ok_or(Refusal::NoSuchHandoff)?;
    match &h.stands {
        Stands::Draft => return Err(Refusal::HandoffIsAhead { at: h.at }),
        Stands::Accepted { by, at, .. } => {
            return Err(Refusal::HandoffAcceptedAlready { by: by.clone(), at: *at });
        }
        Stands::Over { .. } => return Err(Refusal::HandoffIsOver),
        Stands::Waits { .. } => {}
    }
    let carries = d.world().shifts.get(&h.schedule).and_then(|current| current.shift.who.clone());
    if carries.as_ref() != Some(by) && h.to.as_ref() != Some(by) {
        return Err(Refusal::HandoffIsFor { by: h.to.clone(), team: h.team.clone() });
    }
    let took = Offer::of(d.world(), &h).takes;
    for incident in &took {
        if let Some(i) = d.incident(*incident) {
            // As by *Take it over*.
            let _ = responders::reassign(d, &i, by, by);
            episode::not_quiet(d, *incident);
        }
    }
    d.emit(Fact::HandoffAccepted { handoff: no, by: by.clone(), took });
    Ok(())
}

/// What *Accept* would make of an offer, as things stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Whoever accepts has these: those that whoever hands over has, and those that nobody has any more.
    pub takes: Vec<IncidentNo>,
    /// Snoozed by whoever hands over. They stay so: when that ends, whoever is on call is asked anyway.
    pub sleeps: Vec<IncidentNo>,
}

impl Offer {
    pub fn of(w: &World, h: &Handoff) -> Self {
        Self::sorted(w, h, &offered(w, h))
    }

    /// If they made it now.
    pub fn if_made(w: &World, h: &Handoff) -> Self {
        let all = h.from.as_ref().map(|from| all_of(w, &h.team, from)).unwrap_or_default();
        Self::sorted(w, h, &all)
    }

    fn sorted(w: &World, h: &Handoff, all: &[IncidentNo]) -> Self {
        let mut offer = Self::default();
        for i in all.iter().filter_map(|no| w.incident(*no)) {
            match &i.state {
                State::Triggered { .. } | State::Acknowledged { by: None, .. } => offer.takes.push(i.no),
                State::Acknowledged { by, .. } if *by == h.from => offer.takes.push(i.no),
                State::Snoozed { by, .. } if Some(by) == h.from.as_ref() => offer.sleeps.push(i.no),
                // With somebody else, or over.
                State::Acknowledged { .. } | State::Snoozed { .. } | State::Resolved { .. } => {}
            }
        }
        offer
    }
}

/// What stands in the offer: until the shift ends, all that they have, and what they had when they made it and nobody else
/// has; from then on, what that was.
pub fn offered(w: &World, h: &Handoff) -> Vec<IncidentNo> {
    match (&h.offered, &h.stands) {
        (None, _) => Vec::new(),
        (Some(done), Stands::Draft) => {
            let still = |i: &Incident| has(i, &done.by) || h.offer.contains(&i.no) && !i.is_with_somebody();
            w.open_incidents().filter(|i| i.team == h.team && still(i)).map(|i| i.no).collect()
        }
        (Some(_), Stands::Waits { .. } | Stands::Accepted { .. } | Stands::Over { .. }) => h.offer.clone(),
    }
}

/// What somebody has of a team's, awake or asleep.
fn all_of(w: &World, team: &TeamId, who: &UserId) -> Vec<IncidentNo> {
    w.open_incidents().filter(|i| i.team == *team && has(i, who)).map(|i| i.no).collect()
}

fn has(i: &Incident, who: &UserId) -> bool {
    match &i.state {
        State::Acknowledged { by, .. } => by.as_ref() == Some(who),
        State::Snoozed { by, .. } => by == who,
        State::Triggered { .. } | State::Resolved { .. } => false,
    }
}

/// The draft of a schedule's next handoff, as a team's.
pub fn draft_of<'w>(w: &'w World, schedule: &ScheduleId, team: &TeamId) -> Option<&'w Arc<Handoff>> {
    w.handoffs.values().rev().find(|h| h.schedule == *schedule && h.team == *team && h.stands == Stands::Draft)
}

/// The newest that waits for this person.
pub fn waiting_for<'w>(w: &'w World, who: &UserId) -> Option<&'w Arc<Handoff>> {
    let waits = |h: &&Arc<Handoff>| matches!(h.stands, Stands::Waits { .. }) && h.to.as_ref() == Some(who);
    w.handoffs.values().rev().find(waits)
}

fn next_no(w: &World) -> HandoffNo {
    HandoffNo(w.meta.last_handoff.0 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{PersonalRule, Policy, Service, Step, Team, User};
    use crate::domain::handle::handle;
    use crate::domain::id::{InputId, OverrideId};
    use crate::domain::input::{Delivery, Event, EventAction, Input, OverrideRequest, Source, What};
    use crate::domain::schedule::{Layer, Member, Rotation};
    use crate::domain::stamp::Stamp;
    use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
    use chrono_tz::Tz;

    fn utc(text: &str) -> At {
        At::from(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").expect("a time").and_utc())
    }

    /// Payments, whose pager Ana and Ben carry by turns of twelve hours, from 02:30 and from 14:30 in Berlin; Mara leads.
    fn berlin() -> Directory {
        let tz = Tz::Europe__Berlin;
        let person = |id: &str| {
            let rules = vec![PersonalRule::slack(0)];
            let (slack, name) = (Some(format!("U0{id}").as_str().into()), id.to_owned());
            User { id: id.into(), name, slack, email: None, phone: None, tz, admin: false, rules }
        };
        let rotation = Rotation {
            members: vec![Member::always("ana"), Member::always("ben")],
            turn_hours: vec![12],
            start: NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day"),
            handoff: NaiveTime::from_hms_opt(2, 30, 0).expect("a time"),
        };
        let (id, name) = (ScheduleId::from("primary"), "Primary".to_owned());
        let layers = vec![Layer::always(tz, rotation)];
        let schedule = Schedule { id: id.clone(), name, team: None, tz, layers, fixed: Vec::new() };
        let steps = vec![Step::all(vec![Target::Schedule(id.clone())], 300)];
        let policy = Policy { id: "pay".into(), steps, repeat: 0 };
        let team = Team { lead: Some("mara".into()), ..Team::new("pay".into(), "C0PAY".into(), Vec::new()) };
        let service = Service::new("pay".into(), "pay".into(), "pay".into(), "C0PAY".into());
        Directory {
            users: ["ana", "ben", "mara"].map(|id| (id.into(), person(id))).into(),
            teams: [(team.id.clone(), team)].into(),
            services: [(service.id.clone(), service)].into(),
            policies: [(policy.id.clone(), policy)].into(),
            schedules: [(id, schedule)].into(),
            ..Directory::empty("C0ADMIN".into())
        }
    }

    /// What happens from one instant to another, when it is due; in UTC.
    fn story(directory: &Directory, from: &str, until: &str) -> Vec<String> {
        let mut world = World::default();
        let mut told = Vec::new();
        let (mut what, mut now) = (What::ConfigLoaded(Arc::new(directory.clone())), utc(from));
        while now < utc(until) {
            let input = Input { id: InputId::minted('t', told.len() as u64), what };
            let time = now.utc().format("%m-%d %H:%M").to_string();
            for fact in handle(&world, directory, &input, Stamp::agreed(now)).expect("nobody is refused") {
                let who = |who: &Option<UserId>| who.as_ref().map_or("nobody".to_owned(), ToString::to_string);
                match &fact {
                    Fact::HandoffDrafted { from, to, at, .. } => {
                        let at = at.utc().format("%H:%M");
                        told.push(format!("{time} draft for {from}: {at} to {}", who(to)));
                    }
                    Fact::HandedOver { from, to, late, lists, .. } => {
                        assert_eq!((*late, lists.open.len()), (None, 0));
                        told.push(format!("{time} {} to {}", who(from), who(to)));
                    }
                    Fact::PostWanted { about: About::HandoffWaits { for_lead, .. }, .. } => {
                        told.push(format!("{time} reminds {}", if *for_lead { "mara" } else { "them" }));
                    }
                    _ => {}
                }
                world.apply(&fact, Stamp::agreed(now));
            }
            assert_eq!(world.next_wake(), world.next_wake_by_brute_force());
            now = world.next_wake().expect("a handoff is ahead");
            what = What::Due;
        }
        told
    }

    /// 02:30 does not exist on 29 March 2026 in Berlin, and comes twice on 25 October: half an hour before is half an hour
    /// before, and whoever sleeps is reminded in the morning.
    #[test]
    fn a_handoff_is_drafted_and_told_at_its_instant_also_where_the_clock_is_put_forward_or_back() {
        assert_eq!(
            story(&berlin(), "2026-03-28 12:00", "2026-03-30 08:00"),
            [
                "03-28 13:00 draft for ana: 13:30 to ben",
                "03-28 13:30 ana to ben",
                "03-28 13:45 reminds them",
                "03-29 00:30 draft for ben: 01:00 to ana",
                "03-29 01:00 ben to ana",
                "03-29 06:00 reminds them",
                "03-29 12:00 draft for ana: 12:30 to ben",
                "03-29 12:30 ana to ben",
                "03-29 12:45 reminds them",
                "03-30 00:00 draft for ben: 00:30 to ana",
                "03-30 00:30 ben to ana",
                "03-30 06:00 reminds them",
                "03-30 07:00 reminds mara",
            ],
            "the 28th is a Saturday: whoever leads is not bothered before Monday, and then once"
        );
        assert_eq!(
            story(&berlin(), "2026-10-24 11:50", "2026-10-25 08:00"),
            [
                "10-24 12:00 draft for ana: 12:30 to ben",
                "10-24 12:30 ana to ben",
                "10-24 12:45 reminds them",
                "10-25 00:00 draft for ben: 00:30 to ana",
                "10-25 00:30 ben to ana",
                "10-25 07:00 reminds them",
            ]
        );
    }

    /// A row: when the shift began, and who is reminded when, on a working day.
    #[test]
    fn nobody_is_reminded_at_night_and_whoever_leads_only_while_they_work() {
        let all = story(&berlin(), "2026-03-03 00:00", "2026-03-04 01:00");
        assert_eq!(
            all,
            [
                "03-03 01:00 draft for ben: 01:30 to ana",
                "03-03 01:30 ben to ana",
                "03-03 07:00 reminds them",
                "03-03 08:00 reminds mara",
                "03-03 13:00 draft for ana: 13:30 to ben",
                "03-03 13:30 ana to ben",
                "03-03 13:45 reminds them",
                "03-03 14:30 reminds mara",
            ]
        );
        let d = berlin();
        let who = UserId::from("ana");
        for (at, then) in [
            ("2026-03-03 06:59", "2026-03-03 07:00"),
            ("2026-03-03 07:00", "2026-03-03 07:00"),
            ("2026-03-03 20:59", "2026-03-03 20:59"),
            ("2026-03-03 21:00", "2026-03-04 07:00"),
            ("2026-03-03 23:30", "2026-03-04 07:00"),
        ] {
            assert_eq!(awake_from(&d, &who, utc(at)), utc(then), "{at}");
        }
        for (at, is_night) in [("2026-03-03 05:59", true), ("2026-03-03 06:00", false), ("2026-03-03 21:00", true)] {
            assert_eq!(at_night(&d, &who, utc(at)), is_night, "{at}");
        }
    }

    /// A row: for how many seconds Mara puts Ben on call in the middle of Ana's turn, and whether something pages then; whether
    /// that is told as never accepted, and whether Ana has to accept the pager back.
    #[test]
    fn a_turn_of_minutes_in_which_nothing_paged_is_no_shift() {
        for (secs, pages, is_missed, accepts) in [
            (1, false, false, false),
            (SHORT_TURN_SECS - 1, false, false, false),
            (SHORT_TURN_SECS, false, true, true),
            (60, true, true, true),
        ] {
            let (directory, mut world) = (berlin(), World::default());
            let mut play = |what: What, now: At| {
                let input = Input { id: InputId::minted('t', now.0.unsigned_abs()), what };
                let now = Stamp::agreed(now);
                let facts = handle(&world, &directory, &input, now).expect("nobody is refused");
                facts.iter().for_each(|fact| world.apply(fact, now));
                facts
            };
            let at = utc("2026-03-03 09:00");
            play(What::ConfigLoaded(Arc::new(directory.clone())), utc("2026-03-03 08:00"));
            let (schedule, user, by) = ("primary".into(), "ben".into(), UserId::from("mara"));
            let until = at.plus_secs(2 * 60 * 60);
            play(What::Override(OverrideRequest { schedule, user, from: at, until, by: by.clone() }), at);
            if pages {
                let event = Event {
                    action: EventAction::Trigger,
                    dedup_key: "disk".into(),
                    title: "Disk full".to_owned(),
                    link: String::new(),
                    labels: Vec::new(),
                    starts_at: None,
                    ends_at: None,
                };
                let (service, source, events) = ("pay".into(), Source::Alertmanager, vec![event]);
                let (urgency, resolve_after_secs, key) = (None, None, None);
                let alert = Delivery { service, source, urgency, resolve_after_secs, key, events };
                play(What::Events(alert), at.plus_secs(1));
            }
            let facts = play(What::EndOverride { id: OverrideId(1), by }, at.plus_secs(secs));
            let back = facts.iter().find_map(|fact| match fact {
                Fact::HandedOver { to, missed, .. } => Some((to.clone(), missed.is_some())),
                _ => None,
            });
            assert_eq!(back, Some((Some("ana".into()), is_missed)), "{secs} s");
            let accepted = facts.iter().any(|f| matches!(f, Fact::HandoffAccepted { by, .. } if by.as_str() == "ana"));
            assert_eq!(accepted, !accepts, "{secs} s");
            let over = Stands::Over { late: None, short: !is_missed };
            assert_eq!(world.handoffs[&HandoffNo(1)].stands, over, "{secs} s");
        }
    }

    /// A row: who, what they do, and whether they may; before the instant, at it, and after it was accepted.
    #[test]
    fn each_hand_may_do_its_own_part_and_at_its_time() {
        let (directory, mut world) = (berlin(), World::default());
        let mut play = |what: What, now: &str| {
            let input = Input { id: InputId::minted('t', 1), what };
            let now = Stamp::agreed(utc(now));
            let facts = handle(&world, &directory, &input, now)?;
            facts.iter().for_each(|fact| world.apply(fact, now));
            Ok::<_, Refusal>(facts.len())
        };
        let no = HandoffNo(1);
        let (ana, ben, mara) = (UserId::from("ana"), UserId::from("ben"), UserId::from("mara"));
        let accept = |by: &UserId| What::HandoffAccept { handoff: no, by: by.clone() };
        let offer = |by: &UserId| What::HandoffOffer { handoff: no, by: by.clone() };
        let write = |by: &UserId| What::HandoffWrite { handoff: no, by: by.clone(), words: "words".to_owned() };
        let team = TeamId::from("pay");
        play(What::ConfigLoaded(Arc::new(directory.clone())), "2026-03-03 08:00").expect("a configuration");
        assert_eq!(play(accept(&ben), "2026-03-03 08:01"), Err(Refusal::NoSuchHandoff), "nothing is ahead yet");
        play(What::Due, "2026-03-03 13:00").expect("the draft");
        let at = utc("2026-03-03 13:30");
        assert_eq!(play(accept(&ben), "2026-03-03 13:01"), Err(Refusal::HandoffIsAhead { at }));
        let anas = Refusal::HandoffIsOf { by: Some(ana.clone()), team: team.clone() };
        assert_eq!(play(offer(&ben), "2026-03-03 13:02"), Err(anas.clone()), "Ana hands over");
        assert_eq!(play(offer(&mara), "2026-03-03 13:02"), Err(anas));
        assert_eq!(play(write(&mara), "2026-03-03 13:03"), Ok(1), "everybody may help with the words");
        assert_eq!(play(offer(&ana), "2026-03-03 13:04"), Ok(1));
        assert_eq!(play(offer(&ana), "2026-03-03 13:05"), Ok(0), "once is enough");
        play(What::Due, "2026-03-03 13:30").expect("the handoff");
        assert_eq!(play(write(&ana), "2026-03-03 13:31"), Err(Refusal::HandedOverAlready { at }));
        let bens = Refusal::HandoffIsFor { by: Some(ben.clone()), team: team.clone() };
        assert_eq!(play(accept(&mara), "2026-03-03 13:32"), Err(bens.clone()));
        assert_eq!(play(accept(&ana), "2026-03-03 13:32"), Err(bens));
        assert_eq!(play(accept(&ben), "2026-03-03 13:33"), Ok(1));
        let already = Refusal::HandoffAcceptedAlready { by: ben.clone(), at: utc("2026-03-03 13:33") };
        assert_eq!(play(accept(&ben), "2026-03-03 13:34"), Err(already.clone()));
        assert_eq!(play(offer(&ana), "2026-03-03 13:35"), Err(already));
        for n in 0..NOTES_MAX {
            let note = What::HandoffNote { team: team.clone(), by: mara.clone(), text: format!("note {n}") };
            assert_eq!(play(note, "2026-03-03 13:36"), Ok(1));
        }
        let note = |text: &str| What::HandoffNote { team: team.clone(), by: mara.clone(), text: text.to_owned() };
        let full = Refusal::TooManyNotes { team: team.clone(), most: NOTES_MAX };
        assert_eq!(play(note("one more"), "2026-03-03 13:37"), Err(full));
        assert_eq!(play(note("  "), "2026-03-03 13:37"), Err(Refusal::EmptyNote));
    }

    #[test]
    fn handoffs_are_forgotten_when_there_are_many_and_what_closed_too() {
        let directory = berlin();
        let mut world = World::default();
        let (mut what, mut now) = (What::ConfigLoaded(Arc::new(directory.clone())), utc("2026-04-01 00:00"));
        let mut handed = 0;
        while handed < HANDOFFS_MAX + 5 {
            let input = Input { id: InputId::minted('t', 1), what };
            for fact in handle(&world, &directory, &input, Stamp::agreed(now)).expect("nobody is refused") {
                handed += usize::from(matches!(fact, Fact::HandedOver { .. }));
                world.apply(&fact, Stamp::agreed(now));
            }
            assert!(world.handoffs.len() <= HANDOFFS_MAX);
            let waiting = world.handoffs.values().filter(|h| matches!(h.stands, Stands::Waits { .. })).count();
            assert!(waiting <= 1, "the one before is not waited for");
            now = world.next_wake().expect("a handoff is ahead");
            what = What::Due;
        }
        assert_eq!(world.handoffs.len(), HANDOFFS_MAX);
    }
}
