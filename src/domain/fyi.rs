//! What only informs: shown once a day in one quiet message, and pages nobody.

use super::decision::Decision;
use super::directory::{Directory, Service};
use super::fact::Fact;
use super::id::{AlertKey, ChannelId, FyiId, PostId, ServiceId};
use super::input::Event;
use super::lookup::Lookup;
use super::page::Recipient;
use super::post::{self, About};
use super::routing::{Route, RuleRef};
use super::stamp::At;
use super::text::Text;
use super::world::World;
use chrono::{DateTime, Days, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// FYIs that are remembered; the oldest is forgotten first.
pub const FYIS_MAX: usize = 2_000;
/// After its day, a message is kept true for this long: its last edit may lag.
const LAST_EDIT_SECS: i64 = 120;

/// One thing that somebody may want to know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fyi {
    pub id: FyiId,
    /// The service that was told, and the sender's dedup key.
    pub key: AlertKey,
    pub title: Arc<str>,
    pub to: ChannelId,
    /// The rule by which it is none of anybody's alerts.
    pub rule: RuleRef,
    pub post: PostId,
    /// On the wall clock.
    pub first: At,
    pub last: At,
    pub count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<At>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared: Option<At>,
    /// The end of its day, on the wall clock.
    pub until: At,
}

/// The first that was heard of it on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FyiShown {
    pub fyi: FyiId,
    pub key: AlertKey,
    pub title: Text,
    pub to: ChannelId,
    pub rule: RuleRef,
    pub post: PostId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<At>,
    pub until: At,
}

impl Fyi {
    pub fn is_firing(&self) -> bool {
        self.cleared.is_none()
    }

    /// Its day is not over.
    pub fn is_of_today(&self, wall: At) -> bool {
        wall < self.until
    }
}

impl World {
    /// What is known of this key as an FYI.
    pub fn fyi_of(&self, key: &AlertKey) -> Option<&Arc<Fyi>> {
        self.fyi_by_key.get(key).and_then(|id| self.fyis.get(id))
    }
}

/// Rules say otherwise of it now: it is struck out.
pub(super) fn is_none_now(d: &mut Decision<'_>, key: &AlertKey) {
    if let Some(known) = d.world().fyi_of(key).filter(|f| f.is_firing()) {
        let cleared = Fact::FyiCleared { fyi: known.id, post: known.post };
        d.emit(cleared);
    }
}

/// A trigger that a rule says only informs.
pub(super) fn show(
    d: &mut Decision<'_>,
    service: &Service,
    key: &AlertKey,
    event: &Event,
    route: &Route,
    channel: Option<&ChannelId>,
) {
    let to = channel.unwrap_or(&service.channel).clone();
    let until = day_end(d.directory, service, d.stamp.wall);
    if let Some(known) = d.world().fyi_of(key).filter(|f| f.until == until && f.to == to) {
        let starts_at = event.starts_at.filter(|at| Some(*at) != known.starts_at);
        // Its message may be gone, and another one have taken its place.
        let is_here = |p: &&post::Post| p.to == Recipient::Channel(to.clone()) && is_day(&p.about, &service.id, until);
        let there = d.world().posts.contains_key(&known.post);
        let another = if there { None } else { d.world().posts.values().find(is_here).map(|p| p.id) };
        let repeated = Fact::FyiRepeated { fyi: known.id, post: another.unwrap_or(known.post), starts_at };
        d.emit(repeated);
        return;
    }
    let keep_secs = (until.0 - d.stamp.wall.0) / 1_000 + LAST_EDIT_SECS;
    let about = About::Fyi { service: service.id.clone(), until };
    let post = post::want(d, Recipient::Channel(to.clone()), about, keep_secs);
    if d.world().fyis.len() >= FYIS_MAX
        && let Some(oldest) = d.world().fyis.keys().next().copied()
    {
        d.emit(Fact::FyiForgotten { fyi: oldest });
    }
    let shown = FyiShown {
        fyi: FyiId(d.world().meta.last_fyi.0 + 1),
        key: key.clone(),
        title: Text::new(super::opening::line(&event.title)),
        to,
        rule: route.rule(d.world().meta.config),
        post,
        starts_at: event.starts_at,
        until,
    };
    d.emit(Fact::FyiShown(Box::new(shown)));
}

fn is_day(about: &About, service: &ServiceId, until: At) -> bool {
    matches!(about, About::Fyi { service: of, until: end } if of == service && *end == until)
}

/// Its end; was it an FYI that was firing?
pub(super) fn resolve(d: &mut Decision<'_>, key: &AlertKey, event: &Event) -> bool {
    let Some(known) = d.world().fyi_of(key).filter(|f| f.is_firing()) else { return false };
    if matches!((event.starts_at, known.starts_at), (Some(now), Some(then)) if now < then) {
        return false;
    }
    let cleared = Fact::FyiCleared { fyi: known.id, post: known.post };
    d.emit(cleared);
    true
}

/// The next midnight where the service's team carries its pager.
pub(super) fn day_end(directory: &Directory, service: &Service, wall: At) -> At {
    let tz = match directory.primary_schedule(&service.team) {
        Lookup::Found(schedule) => schedule.tz,
        Lookup::Ambiguous(several) => several.first().map_or(Tz::UTC, |s| s.tz),
        Lookup::Unknown => Tz::UTC,
    };
    midnight_after(tz, wall).unwrap_or(wall.plus_secs(24 * 60 * 60))
}

fn midnight_after(tz: Tz, wall: At) -> Option<At> {
    let now = DateTime::from_timestamp_millis(wall.0)?.with_timezone(&tz);
    let midnight = now.date_naive().checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
    // Where clocks go forward at midnight, the day begins later.
    let hours = (0..=3).map(|h| midnight + TimeDelta::hours(h));
    let begins = hours.filter_map(|at| tz.from_local_datetime(&at).earliest()).next()?;
    Some(At(begins.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_midnight_where_the_team_is() {
        let at = |text: &str| At(text.parse::<DateTime<chrono::Utc>>().expect("an instant").timestamp_millis());
        let table = [
            (Tz::UTC, "2026-03-01T10:00:00Z", "2026-03-02T00:00:00Z"),
            (Tz::UTC, "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
            (Tz::Europe__Berlin, "2026-03-01T22:59:59Z", "2026-03-01T23:00:00Z"),
            (Tz::Europe__Berlin, "2026-03-01T23:00:00Z", "2026-03-02T23:00:00Z"),
            // Clocks go forward at midnight of 6 September 2026: the day begins at one.
            (Tz::America__Santiago, "2026-09-05T20:00:00Z", "2026-09-06T04:00:00Z"),
        ];
        for (tz, now, end) in table {
            assert_eq!(midnight_after(tz, at(now)), Some(at(end)), "{tz} {now}");
        }
    }
}
