//! The handoff: what it will say, what the next one should know, and that they take over.

use super::commands::Typed;
use super::people::stranger;
use super::{ANSWER, Came, DECIDE, Handler, origin};
use crate::command::Handoff as Wanted;
use crate::domain::directory::{Directory, User};
use crate::domain::fact::Fact;
use crate::domain::handoff::{Stands, teams_of, waiting_for};
use crate::domain::id::{HandoffNo, IncidentNo, SlackUserId, TeamId, UserId};
use crate::domain::input::What;
use crate::domain::lookup::Lookup;
use crate::domain::refusal::Refusal;
use crate::domain::schedule::takeover;
use crate::domain::stamp::At;
use crate::pump::Snapshot;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::{Elsewhere, Handed, Origin};
use crate::views::{self, Message};
use serde_json::json;

impl Handler {
    /// `handoff [TEAM]`
    pub(super) fn shows_handoff(&self, s: &Snapshot, of: Option<&TeamId>, me: &UserId, command: &str) -> Message {
        let d = &*s.directory;
        let team = match of.cloned().map_or_else(|| team_of(s, me), Ok) {
            Ok(team) => team,
            Err(several) => {
                let several: Vec<&TeamId> = several.iter().collect();
                return Message::plain(views::handoff::which_team(&several, "", command, d));
            }
        };
        let (began, until) = ahead(s, &team, self.clock.now());
        views::handoff::now(&team, (began, until), me, &s.world, d)
    }

    /// `handoff note …` and `handoff accept`
    pub(super) async fn handoff(&self, s: &Snapshot, what: Wanted, user: &User, typed: &Typed<'_>) -> Message {
        let d = &*s.directory;
        match what {
            Wanted::Show(of) => self.shows_handoff(s, of.as_ref(), &user.id, typed.command),
            Wanted::Note { team, text } => {
                let team = match team.map_or_else(|| team_of(s, &user.id), Ok) {
                    Ok(team) => team,
                    Err(several) => {
                        let several: Vec<&TeamId> = several.iter().collect();
                        return Message::plain(views::handoff::which_team(&several, " note …", typed.command, d));
                    }
                };
                let note = What::HandoffNote { team: team.clone(), by: user.id.clone(), text };
                match self.decide(typed.id.into(), note, ANSWER).await {
                    Came::To { .. } => Message::plain(views::handoff::noted(&team, d)),
                    other => self.not_done(other, typed, IncidentNo(0)),
                }
            }
            Wanted::Accept => {
                let Some(no) = waiting_for(&s.world, &user.id).map(|h| h.no) else {
                    return Message::plain(views::handoff::nothing_waits(typed.command));
                };
                let accept = What::HandoffAccept { handoff: no, by: user.id.clone() };
                match self.decide(typed.id.into(), accept, ANSWER).await {
                    Came::To { facts, snapshot } => Message::plain(came_of(&facts, no, &snapshot)),
                    other => self.not_done(other, typed, IncidentNo(0)),
                }
            }
        }
    }

    /// *Accept*, *Hand over all* and *Write…*
    pub(super) async fn handoff_pressed(
        &self,
        id: &str,
        by: SlackUserId,
        what: Elsewhere,
        chosen: Option<String>,
        place: Place,
    ) -> Handled {
        let (s, title) = (self.board.snapshot(), "Handoff".to_owned());
        let Some(handed) = chosen.as_deref().and_then(Handed::parse).filter(|h| h.store == s.store) else {
            return self.later(by, place, title, Message::plain(views::reply::from_another_store()));
        };
        let Some(user) = s.directory.user_by_slack(&by).map(|u| u.id.clone()) else {
            let message = stranger(&self.who(&by).await, None);
            return self.later(by, place, title, message);
        };
        let no = handed.handoff;
        let what = match what {
            Elsewhere::AcceptHandoff => What::HandoffAccept { handoff: no, by: user },
            Elsewhere::OfferHandoff => What::HandoffOffer { handoff: no, by: user },
            _ => {
                let refused = match s.world.handoffs.get(&no) {
                    None => Some(Refusal::NoSuchHandoff),
                    Some(h) if h.stands != Stands::Draft => Some(Refusal::HandedOverAlready { at: h.at }),
                    Some(h) => {
                        let origin = Origin { more: no.0.to_string(), ..origin(&s, IncidentNo(0), &place) };
                        let view = json!(views::handoff::write(h, &origin, &s.directory));
                        return self.in_background(|this| async move { this.show(&place, "views.open", view).await });
                    }
                };
                let why = refused.map(|r| views::refusal::refusal(&r, &s.directory)).unwrap_or_default();
                return self.later(by, place, title, Message::plain(why));
            }
        };
        match self.decide(id.into(), what, DECIDE).await {
            Came::To { facts, snapshot } => {
                let told = came_of(&facts, no, &snapshot);
                self.later(by, place, title, Message::plain(told))
            }
            other => self.undone(other, by, place, title),
        }
    }
}

/// What was done, in words.
pub(super) fn came_of(facts: &[Fact], no: HandoffNo, s: &Snapshot) -> String {
    let Some(h) = s.world.handoffs.get(&no) else {
        return views::refusal::refusal(&Refusal::NoSuchHandoff, &s.directory);
    };
    for fact in facts {
        match fact {
            Fact::HandoffAccepted { took, .. } => return views::handoff::accepted(took, h, &s.directory),
            Fact::HandoffOffered { .. } => return views::handoff::offered(h, &s.world, &s.directory),
            _ => {}
        }
    }
    // Decided before.
    match &h.stands {
        Stands::Accepted { took, .. } => views::handoff::accepted(took, h, &s.directory),
        Stands::Draft | Stands::Waits { .. } | Stands::Over { .. } => {
            views::handoff::offered(h, &s.world, &s.directory)
        }
    }
}

/// The team that somebody means who names none: whose pager they carry, else of which they are.
fn team_of(s: &Snapshot, me: &UserId) -> Result<TeamId, Vec<TeamId>> {
    let d: &Directory = &s.directory;
    let carried = s.world.shifts.iter().filter(|(_, current)| current.shift.who.as_ref() == Some(me));
    let mut all: Vec<TeamId> = carried.flat_map(|(schedule, _)| teams_of(d, schedule)).cloned().collect();
    if all.is_empty() {
        all = d.teams.values().filter(|t| t.members.contains(me)).map(|t| t.id.clone()).collect();
    }
    all.sort();
    all.dedup();
    match all.as_slice() {
        [only] => Ok(only.clone()),
        _ => Err(all),
    }
}

/// Since when whoever is on call for a team is, and the next handoff: when, and to whom.
fn ahead(s: &Snapshot, team: &TeamId, now: At) -> (Option<At>, Option<(At, Option<UserId>)>) {
    let Lookup::Found(schedule) = s.directory.primary_schedule(team) else { return (None, None) };
    let began = s.world.shifts.get(&schedule.id).and_then(|current| current.since);
    let overrides: Vec<_> = s.world.overrides.values().collect();
    let then = takeover(schedule, &overrides, now).map(|t| (t.at, t.who));
    (began, then)
}
