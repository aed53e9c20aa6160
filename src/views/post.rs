//! Messages that are about no single incident.

use super::Message;
use super::limits;
use super::mrkdwn::{day_and_time, escape, names, time};
use crate::domain::directory::Directory;
use crate::domain::id::ScheduleId;
use crate::domain::post::{About, Post};
use crate::domain::stamp::At;
use crate::domain::world::World;

/// What it says now; `None` while it has nothing to say.
pub fn post(p: &Post, w: &World, d: &Directory) -> Option<Message> {
    match &p.about {
        About::Fyi { service, until } => super::fyi::digest(p, service, *until, w, d),
        About::NobodyOnCall { schedule } => nobody_on_call(schedule, p.since, w, d),
    }
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
