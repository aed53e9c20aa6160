//! Messages that are about no single incident.

use super::Message;
use super::limits;
use super::mrkdwn::{day_and_time, escape, names, time};
use crate::domain::directory::Directory;
use crate::domain::following::{self, Follower};
use crate::domain::id::{ScheduleId, StoreId, TeamId};
use crate::domain::post::{About, Post};
use crate::domain::stamp::At;
use crate::domain::world::World;

/// What it says now; `None` while it has nothing to say.
pub fn post(p: &Post, w: &World, d: &Directory, store: StoreId) -> Option<Message> {
    match &p.about {
        About::Fyi { service, until } => super::fyi::digest(p, service, *until, w, d),
        About::NobodyOnCall { schedule } => nobody_on_call(schedule, p.since, w, d),
        About::GroupKept { team } => Some(group_kept(team, w, d)),
        About::CannotFollow { team, what, error } => Some(cannot_follow(team, *what, error, d)),
        About::Digest { user, incidents, .. } => super::digest::digest(user, incidents, w, d),
        About::Storm(storm) => super::storm::storm(p, p.storm()?.0, storm, w, d),
        About::Quiet { quiet } => super::quiet::post(p, *quiet, w, d, store),
        About::QuietElsewhere { quiet } => super::quiet::not_elsewhere(p, *quiet, w, d),
        About::HandoffDraft { handoff } => super::handoff::draft(*handoff, w, d, store),
        About::ShiftAhead { shift, told } => super::prepare::ahead(shift, *told, w, d, store),
        About::ShiftsMoved { at, moved, more } => Some(super::prepare::moved(&p.to, *at, moved, *more, w, d)),
        About::Handoff { handoff } => super::handoff::summary(*handoff, &p.to, w, d, store),
        About::HandoffWaits { handoff, for_lead } => super::handoff::waits(*handoff, *for_lead, w, d, store),
        About::Owes { user, at, rcas, items } => super::rca::owes(user, rcas, items, *at, w, d, store),
        About::ItemTouched { item, by, what, .. } => super::items::touched(*item, by, what, &p.to, w, d, store),
        About::OwesLate { rcas, .. } => super::rca::late(rcas, &p.to, w, d, store),
        About::Rca { incident } => super::rca::completed(*incident, &p.to, w, d, store),
        About::QuietEnds { quiet, until } => super::quiet::ends_soon(p, *quiet, *until, w, d, store),
    }
}

fn team_name(id: &TeamId, d: &Directory) -> String {
    escape(d.teams.get(id).map_or(id.as_str(), |t| t.name.as_str()), limits::LABEL)
}

/// Slack has no empty user groups.
fn group_kept(id: &TeamId, w: &World, d: &Directory) -> Message {
    let name = team_name(id, d);
    if following::members(w, d, id).is_empty() {
        Message::plain(format!(
            ":warning: Nobody is on call at the first level of *{name}*. Slack has no empty user groups, so the group keeps \
             whoever was in it last: do not rely on it until somebody is on call again."
        ))
    } else {
        Message::plain(format!(":white_check_mark: The user group of *{name}* follows who is on call again."))
    }
}

fn cannot_follow(id: &TeamId, what: Follower, error: &str, d: &Directory) -> Message {
    let name = team_name(id, d);
    let error = escape(error, limits::LABEL);
    let text = match what {
        Follower::Topic => format!(
            ":warning: The topic of the channel of *{name}* cannot be set: Slack says `{error}`. Its `topic` in the \
             configuration has no effect until that is fixed: is the bot in the channel, and may it set topics \
             (`warridor check --online`)?"
        ),
        Follower::UserGroup => format!(
            ":warning: The user group of *{name}* cannot be changed: Slack says `{error}`. It may hold somebody who is not \
             on call. In Slack's settings, *Permissions*, *User groups*, everybody must be allowed to change them; \
             `warridor check --online` looks at the rest."
        ),
    };
    Message::plain(text)
}

/// A level was passed over. Once somebody carries the schedule again, that is what it says.
fn nobody_on_call(id: &ScheduleId, since: At, w: &World, d: &Directory) -> Option<Message> {
    let name = d.schedules.get(id).map_or(id.as_str(), |s| s.name.as_str());
    let name = escape(name, limits::LABEL);
    let Some(current) = w.shifts.get(id) else {
        return Some(Message::plain(format!("The schedule *{name}* is not in the configuration any more.")));
    };
    if let Some(who) = &current.shift.who {
        let who = names(&[d.name_of(who)]);
        return Some(Message::plain(format!(
            ":white_check_mark: *{name}*: {who} is on call again. Nobody was at {}.",
            time(since)
        )));
    }
    let until = match current.shift.until {
        At(i64::MAX) => ", and its rotation comes to nobody".to_owned(),
        until => format!(" until {}", day_and_time(until)),
    };
    Some(Message::plain(format!(
        ":warning: Nobody is on call by *{name}*{until}. Whoever is next is asked at once instead. To carry it \
         yourself: `/oncall take {} 2h`.",
        escape(id.as_str(), limits::LABEL)
    )))
}
