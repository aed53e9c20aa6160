//! How all teams stand with their RCAs.

use super::{RCAS_MAX, Rca, Stands};
use crate::domain::directory::Directory;
use crate::domain::id::{IncidentNo, TeamId};
use crate::domain::schedule::local_instant;
use crate::domain::stamp::At;
use crate::domain::world::World;
use chrono::{Datelike, Days, NaiveTime};
use chrono_tz::Tz;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Looked back on so many weeks, this one among them.
pub const WEEKS: u64 = 8;

/// One team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub team: TeamId,
    pub owed: usize,
    /// Of those.
    pub late: usize,
    /// The one that was due first, and when; its number alone is nobody's secret.
    pub oldest: Option<(IncidentNo, At)>,
    /// Completed in the last weeks: in time, and not.
    pub in_time: usize,
    pub too_late: usize,
}

/// One week, by when RCAs were completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// Monday, 00:00 local time.
    pub from: At,
    pub in_time: usize,
    pub too_late: usize,
}

/// Every team that is configured or owes one, those that are late first.
pub fn teams(w: &World, d: &Directory, wall: At, tz: Tz) -> Vec<Team> {
    let since = monday(wall, tz, WEEKS - 1);
    let blank = |team: &TeamId| Team { team: team.clone(), owed: 0, late: 0, oldest: None, in_time: 0, too_late: 0 };
    let mut all: BTreeMap<TeamId, Team> = d.teams.keys().map(|id| (id.clone(), blank(id))).collect();
    for rca in w.rcas.values() {
        let team = all.entry(rca.team.clone()).or_insert_with(|| blank(&rca.team));
        count(team, rca, wall, since);
    }
    let mut all: Vec<Team> = all.into_values().collect();
    all.sort_by_key(|team| (std::cmp::Reverse(team.late), std::cmp::Reverse(team.owed), team.team.clone()));
    all
}

fn count(team: &mut Team, rca: &Rca, wall: At, since: At) {
    match &rca.stands {
        Stands::Owed => {
            team.owed += 1;
            team.late += usize::from(rca.is_late(wall));
            if let Some(due) = rca.due
                && team.oldest.is_none_or(|(_, oldest)| due < oldest)
            {
                team.oldest = Some((rca.incident, due));
            }
        }
        Stands::Completed(done) if done.at >= since => match rca.in_time {
            Some(true) => team.in_time += 1,
            Some(false) => team.too_late += 1,
            None => {}
        },
        Stands::Completed(_) | Stands::NotOwed(_) => {}
    }
}

/// The last weeks of all teams, the newest first.
pub fn weeks(w: &World, wall: At, tz: Tz) -> Vec<Week> {
    let mut all: Vec<Week> =
        (0..WEEKS).map(|back| Week { from: monday(wall, tz, back), in_time: 0, too_late: 0 }).collect();
    for rca in w.rcas.values() {
        let Stands::Completed(done) = &rca.stands else { continue };
        let Some(week) = all.iter_mut().find(|week| week.from <= done.at) else { continue };
        match rca.in_time {
            Some(true) => week.in_time += 1,
            Some(false) => week.too_late += 1,
            None => {}
        }
    }
    all
}

/// When what is counted begins, where older ones were put away.
pub fn counted_since(w: &World) -> Option<At> {
    let full = w.rcas.len() >= RCAS_MAX;
    let completed = |rca: &Arc<Rca>| match &rca.stands {
        Stands::Completed(done) => Some(done.at),
        Stands::Owed | Stands::NotOwed(_) => None,
    };
    w.rcas.values().filter(|_| full).filter_map(completed).min()
}

/// The Monday of the week `back` weeks before the one of `wall`, where its day begins.
fn monday(wall: At, tz: Tz, back: u64) -> At {
    let today = wall.utc().with_timezone(&tz).date_naive();
    let days = u64::from(today.weekday().num_days_from_monday()) + 7 * back;
    let day = today.checked_sub_days(Days::new(days)).unwrap_or(today);
    local_instant(tz, day.and_time(NaiveTime::MIN))
}
