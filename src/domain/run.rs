//! A playbook that is being followed: which step is next, what became of those before it, and who said so.
//!
//! An incident has one run at a time, shared by whoever works on it. It keeps its own copy of the playbook: a file that
//! changes meanwhile changes nothing under anybody's hands. Every button names the turn it was drawn in, so that two people
//! who press *Done* at once do one step, not two.

use super::call::Whom;
use super::decision::Decision;
use super::directory::Urgency;
use super::escalation;
use super::fact::Fact;
use super::id::{IncidentNo, PlaybookId, TeamId, UserId};
use super::incident::{Done, Incident, State};
use super::input::SkipWhy;
use super::page::{Purpose, RevokeReason};
use super::paging;
use super::playbook::{Piece, Playbook, Words};
use super::refusal::Refusal;
use super::responders;
use super::response::{refuse_resolved, start};
use super::stamp::At;
use super::text::Text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Steps that somebody may go back over, the latest ones.
pub const PATH_KEPT: usize = 100;
/// A step in one line, in characters.
pub const STEP_IN_BRIEF: usize = 80;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub playbook: Arc<Playbook>,
    pub by: UserId,
    /// On the wall clock, as all times here but `due`.
    pub begun: At,
    /// The step that is to be done, counted from 0; as many as there are: it is at its end.
    pub next: u32,
    /// Since when that is the next one.
    pub since: At,
    /// Grows with every step. What was drawn for another one is out of date.
    pub turn: u32,
    /// What became of the steps that were left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<u32, Mark>,
    /// The steps that were left, in that order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<Left>,
    /// When the step's time is over, on the line of delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<At>,
    /// It is over since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue: Option<At>,
    /// Who cannot go on with this step, and since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Done>,
    /// Who did something here last.
    pub last_by: UserId,
}

/// How a step was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Left {
    /// It was done or skipped.
    Marked(u32),
    /// As it is: somebody went on elsewhere.
    Untouched { from: u32 },
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub by: UserId,
    pub at: At,
    /// `None`: it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<Skipped>,
}

/// Why a step was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    pub why: SkipWhy,
    /// In their own words; may be empty.
    pub because: Arc<str>,
}

impl Run {
    pub fn steps(&self) -> u32 {
        self.playbook.steps().count() as u32
    }

    pub fn is_at_its_end(&self) -> bool {
        self.next >= self.steps()
    }

    /// How many are done, and how many were skipped.
    pub fn counts(&self) -> (usize, usize) {
        let skipped = self.marks.values().filter(|m| m.skipped.is_some()).count();
        (self.marks.len() - skipped, skipped)
    }

    /// The step of this number in one line, without markup.
    pub fn in_brief(&self, step: u32) -> String {
        self.playbook.steps().nth(step as usize).map(|s| brief(&s.words)).unwrap_or_default()
    }
}

/// The words of a step without what they mean, as long as one line.
pub fn brief(words: &Words) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Plain(words) | Piece::Strong(words) | Piece::Emphasis(words) | Piece::Code(words) => words.clone(),
        Piece::Link { words, .. } | Piece::Jump { words, .. } | Piece::Page { words, .. } => words.clone(),
    };
    let all: String = words.iter().map(piece).collect();
    let one_line = all.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= STEP_IN_BRIEF {
        return one_line;
    }
    let cut: String = one_line.chars().take(STEP_IN_BRIEF - 1).collect();
    let at_a_word = cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole);
    format!("{at_a_word}…")
}

/// What somebody does with a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// The step is done; `to`: on to this section instead of the next step, because the step says so.
    Done {
        to: Option<usize>,
    },
    Skip {
        why: SkipWhy,
        because: String,
    },
    /// They cannot go on with it.
    Stuck,
    /// On to this section, with the step as it is.
    GoTo {
        section: usize,
    },
    /// To the step before: it was not done after all, or they should not have left it.
    Back,
    /// The step says to page a team.
    Pages {
        team: TeamId,
    },
}

/// Somebody begins to follow a playbook. Whoever begins work on what nobody has, and was asked about it, has it. `again`: they
/// know that it was followed to its end before, of which the walk then shows nothing any more.
pub(super) fn begin(
    d: &mut Decision<'_>,
    i: &Incident,
    by: &UserId,
    id: &PlaybookId,
    again: bool,
) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    let Some(playbook) = d.directory.playbooks.get(id).cloned() else {
        return Err(Refusal::NoSuchPlaybook(id.clone()));
    };
    if let Some(run) = i.run.as_ref().filter(|run| run.playbook.id == *id) {
        let (incident, by) = (i.no, run.last_by.clone());
        if !run.is_at_its_end() {
            return Err(Refusal::RunsAlready { incident, by: run.by.clone(), begun: run.begun, step: run.next + 1 });
        }
        if !again {
            return Err(Refusal::RanToItsEnd { incident, playbook: id.clone(), by, at: run.since });
        }
    }
    let somebody_is_asked = i.main_call().is_some_and(|c| c.is_open());
    if was_asked(i, by) || i.responder() == Some(by) || !somebody_is_asked && i.is_triggered() {
        match start(d, i, by) {
            Ok(()) | Err(Refusal::StartedAlready { .. }) => {}
            Err(other) => return Err(other),
        }
    } else {
        work_begins(d, i, by);
    }
    answered(d, i.no);
    let (due, ask_at) = (due(d, i.no, &playbook, 0), d.ask_at(i.urgency));
    d.emit(Fact::PlaybookBegun { incident: i.no, by: by.clone(), playbook, due, ask_at });
    Ok(())
}

/// Was this person ever asked about it? Having begun work by oneself is not that.
fn was_asked(i: &Incident, user: &UserId) -> bool {
    i.calls.iter().any(|c| c.reached.contains(user))
}

/// Somebody goes on with it. `turn`: the one in which what they pressed was drawn.
pub(super) fn go_on(d: &mut Decision<'_>, i: &Incident, by: &UserId, turn: u32, to: &Move) -> Result<(), Refusal> {
    refuse_resolved(i)?;
    let Some(run) = i.run.as_deref() else { return Err(Refusal::NothingRuns { incident: i.no }) };
    if run.turn != turn || run.is_at_its_end() && *to != Move::Back {
        return Err(Refusal::StepIsPast { incident: i.no, by: run.last_by.clone(), at: run.since });
    }
    let (incident, by, ask_at) = (i.no, by.clone(), d.ask_at(i.urgency));
    let sections = run.playbook.sections.len();
    let first_of = |section: usize| run.playbook.first_step_of(section.min(sections)) as u32;
    let step = run.next;
    let after = |next: u32| due(d, i.no, &run.playbook, next);
    let fact = match to {
        Move::Done { to } => {
            let next = to.map_or(step + 1, first_of);
            Fact::StepDone { incident, by: by.clone(), step, next, due: after(next), ask_at }
        }
        Move::Skip { why, because } => {
            let because = Text::new(because.trim());
            let next = step + 1;
            Fact::StepSkipped { incident, by: by.clone(), step, why: *why, because, next, due: after(next), ask_at }
        }
        Move::GoTo { section } => {
            let next = first_of(*section);
            let from = (next != step).then_some(step);
            Fact::StepChosen { incident, by: by.clone(), from, next, due: after(next), ask_at }
        }
        Move::Back => {
            let (step, untouched) = match run.path.last() {
                Some(Left::Marked(step)) => (*step, false),
                Some(Left::Untouched { from }) => (*from, true),
                None => return Err(Refusal::NothingBefore { incident }),
            };
            Fact::StepTakenBack { incident, by: by.clone(), step, untouched, due: after(step), ask_at }
        }
        Move::Pages { team } => {
            work_begins(d, i, &by);
            return responders::add(d, i, &by, &[Whom::Team(team.clone())]);
        }
        Move::Stuck => match &run.stuck {
            Some(done) if done.by == by => return Ok(()),
            Some(_) | None => Fact::StepStuck { incident, by: by.clone(), step, ask_at },
        },
    };
    if takes(i, &by, to) {
        start(d, i, &by)?;
    } else {
        work_begins(d, i, &by);
    }
    answered(d, i.no);
    d.emit(fact);
    Ok(())
}

/// Whoever is being asked and does a step answers by it, as by *Begin*: nobody else is to be woken for it.
fn takes(i: &Incident, by: &UserId, to: &Move) -> bool {
    let nobody_has_it = matches!(i.state, State::Triggered { .. } | State::Acknowledged { by: None, .. });
    let is_asked = i.open_calls().any(|c| c.reached.contains(by));
    nobody_has_it && is_asked && matches!(to, Move::Done { .. } | Move::Skip { .. })
}

/// Whoever does a step works on it.
fn work_begins(d: &mut Decision<'_>, i: &Incident, by: &UserId) {
    if i.started.is_none() {
        let ask_at = d.ask_at(i.urgency);
        d.emit(Fact::Started { incident: i.no, by: by.clone(), ask_at });
    }
}

/// Whoever was to hear that a step takes long need not any more.
fn answered(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no) else { return };
    for page in i.wanted_pages().filter(|p| p.purpose == Purpose::StepTime) {
        d.emit(Fact::PageRevoked { incident: no, page: page.id, why: RevokeReason::Answered });
    }
}

/// When the time of this step will be over, on the line of delays; nobody waits for what sleeps.
fn due(d: &Decision<'_>, no: IncidentNo, playbook: &Playbook, step: u32) -> Option<At> {
    if d.incident(no).is_some_and(|i| matches!(i.state, State::Snoozed { .. })) {
        return None;
    }
    let within = playbook.steps().nth(step as usize)?.within_secs?;
    Some(d.stamp.at.plus_secs(within))
}

/// The step's time is over: whoever does it hears of it, once.
pub(super) fn time_is_over(d: &mut Decision<'_>, no: IncidentNo) {
    let Some(i) = d.incident(no) else { return };
    let Some(run) = i.run.as_ref().filter(|run| waits(&i, run) && run.due.is_some_and(|due| due <= d.stamp.at)) else {
        return;
    };
    // Low urgency wakes nobody: the message in the thread says it.
    let whom = i.responder().or(Some(&run.last_by)).into_iter().filter(|_| i.urgency == Urgency::High);
    let to = whom.into_iter().find(|who| paging::can_be_asked(d, who, i.urgency)).cloned();
    d.emit(Fact::StepOverdue { incident: no, step: run.next, to: to.clone() });
    if let Some(who) = to {
        escalation::tell_of_the_step(d, no, who);
    }
}

/// Does anybody wait for its next step? Of what is over, and of what sleeps, nobody does.
pub fn waits(i: &Incident, run: &Run) -> bool {
    let is_worked_on = matches!(i.state, State::Triggered { .. } | State::Acknowledged { .. });
    is_worked_on && i.course.clearing.is_none() && !run.is_at_its_end()
}
