//! Silences and maintenance windows made, begun, extended and ended.

use super::decision::Decision;
use super::fact::Fact;
use super::hold::{self, HoldWhy};
use super::id::{PostId, QuietId, UserId};
use super::incident::Incident;
use super::input::{self, QuietRequest, Source};
use super::page::Recipient;
use super::post::{self, About};
use super::quiet::{
    CLOCK_LOOK_SECS, Covered, Elsewhere, HeldBack, MATCHERS_MAX, QUIETS_MAX, Quiet, REMEMBER_SECS, SERVICES_MAX,
    Stands, WARN_FROM_SECS, WARN_SECS, Within, covering, matchers_of,
};
use super::refusal::{NotElsewhere, Refusal};
use super::stamp::At;
use super::text::Text;
use super::threshold;
use imbl::OrdMap;
use std::sync::Arc;

/// Makes one; it begins at once, or when its time has come.
pub(super) fn make(d: &mut Decision<'_>, r: &QuietRequest) -> Result<(), Refusal> {
    refuse_unknown(d, &r.scope)?;
    let because = r.because.trim();
    if because.is_empty() {
        return Err(Refusal::QuietWithoutReason);
    }
    let wall = d.stamp.wall;
    let from = r.from.max(wall);
    if r.until <= wall {
        return Err(Refusal::QuietInThePast { until: r.until });
    }
    if r.until <= r.from {
        return Err(Refusal::QuietEndsBeforeItStarts);
    }
    let latest = from.plus_secs(r.scope.most_secs());
    if r.until > latest {
        return Err(Refusal::QuietTooLong { kind: r.scope.kind(), latest });
    }
    if d.world().quiets.values().filter(|q| !q.is_over()).count() >= QUIETS_MAX {
        return Err(Refusal::TooManyQuiets { most: QUIETS_MAX });
    }
    let elsewhere = if r.elsewhere { Some(elsewhere(d, &r.scope)?) } else { None };
    let id = QuietId(d.world().meta.last_quiet.0 + 1);
    d.emit(Fact::QuietMade {
        quiet: id,
        scope: r.scope.clone(),
        by: r.by.clone(),
        from,
        until: r.until,
        because: Text::new(because),
        begins: d.stamp.due_of(from),
        ends: d.stamp.due_of(r.until),
        elsewhere,
    });
    let keep_secs = (from.0 - wall.0) / 1_000 + r.scope.most_secs() + REMEMBER_SECS;
    for channel in r.scope.channels(d.directory) {
        post::want(d, Recipient::Channel(channel), About::Quiet { quiet: id }, keep_secs);
    }
    if from <= wall {
        begin(d, id);
    }
    Ok(())
}

/// What it is to be in Alertmanager.
fn elsewhere(d: &Decision<'_>, scope: &Covered) -> Result<Elsewhere, Refusal> {
    let refused = |why| Err(Refusal::NotElsewhere(why));
    let matchers = match scope {
        Covered::Labels { matchers, .. } => matchers.clone(),
        // Only the labels of the alert that opened it are known, and what others send are no labels of Alertmanager's.
        Covered::Alert(key) => {
            let incident = d.world().incident_of(key);
            let is_first = |i: &&Arc<Incident>| {
                i.first_alert().is_some_and(|a| a.dedup == key.dedup && a.service_in(i) == &key.service)
            };
            let from_there = |i: &&Arc<Incident>| i.origin.as_ref().is_some_and(|o| o.source == Source::Alertmanager);
            incident.filter(is_first).filter(from_there).map(|i| matchers_of(&i.labels)).unwrap_or_default()
        }
        Covered::Services(_) | Covered::Team(_) => Vec::new(),
    };
    if matchers.is_empty() {
        return refused(NotElsewhere::NoLabels);
    }
    let services = scope.services(d.directory).into_iter();
    let mut known = services.filter_map(|s| d.directory.alertmanagers.get(&s).map(|api| (s, &api.url)));
    let Some((of, url)) = known.next() else { return refused(NotElsewhere::None) };
    if known.any(|(_, other)| other != url) {
        return refused(NotElsewhere::Several);
    }
    Ok(Elsewhere { of, matchers, written: None, removed: false, not_done: Arc::from("") })
}

/// What came of it there.
pub(super) fn came_elsewhere(d: &mut Decision<'_>, id: QuietId, came: &input::Elsewhere) {
    let Some(q) = d.world().quiets.get(&id).cloned() else { return };
    let Some(elsewhere) = &q.elsewhere else { return };
    match came {
        input::Elsewhere::Written { url, id: there, until } => {
            let (url, id) = (url.clone(), there.clone());
            d.emit(Fact::QuietWritten { quiet: q.id, url, id, until: *until });
        }
        input::Elsewhere::Removed => d.emit(Fact::QuietRemoved { quiet: id }),
        input::Elsewhere::NotDone { why } if **why == *elsewhere.not_done => {}
        input::Elsewhere::NotDone { why } => {
            d.emit(Fact::QuietNotDone { quiet: id, why: Text::new(why.as_str()) });
            if super::paging::can_be_written_to(d, &q.by) {
                let keep_secs = q.scope.most_secs() + REMEMBER_SECS;
                post::want(d, Recipient::User(q.by), About::QuietElsewhere { quiet: id }, keep_secs);
            }
        }
    }
}

fn refuse_unknown(d: &Decision<'_>, scope: &Covered) -> Result<(), Refusal> {
    let known = |service: &super::id::ServiceId| match d.directory.services.contains_key(service) {
        true => Ok(()),
        false => Err(Refusal::NoSuchService(service.clone())),
    };
    match scope {
        Covered::Services(all) if all.is_empty() || all.len() > SERVICES_MAX => {
            Err(Refusal::QuietNames { most: SERVICES_MAX })
        }
        Covered::Services(all) => all.iter().try_for_each(known),
        Covered::Labels { matchers, .. } if matchers.is_empty() || matchers.len() > MATCHERS_MAX => {
            Err(Refusal::QuietNames { most: MATCHERS_MAX })
        }
        Covered::Alert(key) => known(&key.service),
        Covered::Labels { within: Within::Service(service), .. } => known(service),
        Covered::Team(team) | Covered::Labels { within: Within::Team(team), .. } => {
            match d.directory.teams.contains_key(team) {
                true => Ok(()),
                false => Err(Refusal::NoSuchTeam(team.clone())),
            }
        }
    }
}

fn begin(d: &mut Decision<'_>, id: QuietId) {
    if let Some(q) = d.world().quiets.get(&id) {
        let due = next_look(q.from, q.until, q.ends);
        d.emit(Fact::QuietBegun { quiet: id, due });
    }
}

fn known(d: &Decision<'_>, id: QuietId) -> Result<Quiet, Refusal> {
    d.world().quiets.get(&id).filter(|q| !q.is_over()).cloned().ok_or(Refusal::NoSuchQuiet(id))
}

/// Somebody ends it before its time; one that is ahead never begins.
pub(super) fn end(d: &mut Decision<'_>, id: QuietId, by: &UserId) -> Result<(), Refusal> {
    let quiet = known(d, id)?;
    over(d, &quiet, Some(by));
    Ok(())
}

fn over(d: &mut Decision<'_>, q: &Quiet, by: Option<&UserId>) {
    let forget = d.stamp.at.plus_secs(REMEMBER_SECS);
    let held = held_back(d, q.id);
    d.emit(Fact::QuietEnded { quiet: q.id, by: by.cloned(), forget, held });
}

/// What it holds back, and what becomes of that without it.
fn held_back(d: &Decision<'_>, id: QuietId) -> HeldBack {
    let mut held = HeldBack::default();
    let others: OrdMap<QuietId, Quiet> = d.world().quiets.without(&id);
    for i in d.world().open_incidents().filter(|i| i.hold.as_ref().is_some_and(|h| h.why.is_of(id))) {
        let stays = covering(&others, i, d.directory, d.stamp).is_some()
            || hold::settles(d, i).is_some()
            || threshold::holding(d, i).is_some();
        // What cleared meanwhile pages nobody, and is not held either.
        if i.course.clearing.is_some() {
            continue;
        }
        if stays { held.stays.add(i.no) } else { held.pages.add(i.no) }
    }
    held
}

/// It ends later than it was to. What was pressed twice lasts no longer than what was pressed once.
pub(super) fn extend(d: &mut Decision<'_>, id: QuietId, by: &UserId, until: At) -> Result<(), Refusal> {
    let q = known(d, id)?;
    if until <= q.until {
        return Err(Refusal::QuietLastsAsLong { until: q.until });
    }
    let latest = q.from.plus_secs(q.scope.most_secs());
    if until > latest {
        return Err(Refusal::QuietTooLong { kind: q.kind(), latest });
    }
    // A clock that was set back meanwhile makes it no longer than by so much.
    let ends = d.stamp.due_of(until).min(q.ends.plus_ms(until.0 - q.until.0));
    let due = match q.stands {
        Stands::InForce { .. } if q.latest.is_some() => d.stamp.at.plus_secs(CLOCK_LOOK_SECS),
        Stands::InForce { .. } => next_look(q.from, until, ends),
        Stands::Planned | Stands::Ended { .. } => q.due,
    };
    d.emit(Fact::QuietExtended { quiet: id, by: by.clone(), until, ends, due });
    Ok(())
}

/// Its time has come: to begin, to be told of, to end or to be forgotten.
pub(super) fn due(d: &mut Decision<'_>, id: QuietId) {
    let Some(q) = d.world().quiets.get(&id).cloned() else { return };
    match &q.stands {
        Stands::Planned if q.from > d.stamp.wall => wait(d, &q, d.stamp.due_of(q.from)),
        Stands::Planned => begin(d, id),
        Stands::InForce { .. } if q.until <= d.stamp.wall || q.latest.is_some_and(|at| at <= d.stamp.at) => {
            over(d, &q, None);
        }
        Stands::InForce { warned } if !ends_soon(d, &q, *warned) => {
            let ends = d.stamp.due_of(q.until);
            let warns = next_look(q.from, q.until, ends);
            wait(d, &q, if *warned || warns <= d.stamp.at { ends } else { warns });
        }
        Stands::InForce { .. } => {
            d.emit(Fact::QuietWarned { quiet: id });
            if super::paging::can_be_written_to(d, &q.by) {
                warn(d, &q);
            }
        }
        Stands::Ended { .. } if q.is_left_elsewhere(d.stamp.wall) => {
            let forget = d.stamp.at.plus_secs(REMEMBER_SECS);
            d.emit(Fact::QuietKept { quiet: id, forget });
        }
        Stands::Ended { .. } => {
            let posts = d.world().posts.values().filter(|p| p.about.quiet() == Some(id));
            let posts: Vec<PostId> = posts.map(|p| p.id).collect();
            for post in posts {
                d.emit(Fact::PostDropped { post });
            }
            d.emit(Fact::QuietForgotten { quiet: id });
        }
    }
}

/// The wall clock is behind what was thought when it was made: it begins and ends when that clock says so, if that is not
/// too long.
fn wait(d: &mut Decision<'_>, q: &Quiet, due: At) {
    let (ends, soon) = (d.stamp.due_of(q.until), d.stamp.at.plus_secs(CLOCK_LOOK_SECS));
    let due = q.latest.map_or(due, |latest| latest.min(due));
    d.emit(Fact::QuietWaits { quiet: q.id, ends, due: due.min(soon) });
}

/// Is it time to tell whoever made it that it ends, by the clock on the wall?
fn ends_soon(d: &Decision<'_>, q: &Quiet, warned: bool) -> bool {
    const MOMENT_SECS: i64 = 60;
    let ends = d.stamp.due_of(q.until);
    let warns = next_look(q.from, q.until, ends);
    !warned && warns < ends && warns <= d.stamp.at.plus_secs(MOMENT_SECS) && d.stamp.at < q.ends
}

/// Tells whoever made it that it ends soon. An edit wakes no phone, so after an extension this is a new message: the one
/// before points to it, and those before that are let go.
fn warn(d: &mut Decision<'_>, q: &Quiet) {
    let is_warning = |about: &About| matches!(about, About::QuietEnds { quiet, .. } if *quiet == q.id);
    let warned = d.world().posts.values().filter(|p| is_warning(&p.about)).map(|p| p.id);
    let warned: Vec<PostId> = warned.collect();
    for post in warned.iter().rev().skip(1) {
        d.emit(Fact::PostDropped { post: *post });
    }
    let keep_secs = q.scope.most_secs() + REMEMBER_SECS;
    post::want(d, Recipient::User(q.by.clone()), About::QuietEnds { quiet: q.id, until: q.until }, keep_secs);
}

/// When to look at one that is in force: shortly before its end, or at its end. "30m" was said a moment before it begins.
fn next_look(from: At, until: At, ends: At) -> At {
    const MOMENT_SECS: i64 = 60;
    let lasts_secs = (until.0 - from.0) / 1_000 + MOMENT_SECS;
    if lasts_secs < WARN_FROM_SECS { ends } else { ends.plus_secs(-WARN_SECS) }
}

/// What keeps an incident silent at this moment.
pub(super) fn quiet_of<'a>(d: &'a Decision<'_>, i: &Incident) -> Option<&'a Quiet> {
    covering(&d.world().quiets, i, d.directory, d.stamp)
}

pub(super) fn why(q: &Quiet) -> HoldWhy {
    HoldWhy::Quiet { quiet: q.id, kind: q.kind(), by: q.by.clone() }
}

#[cfg(test)]
mod tests;
