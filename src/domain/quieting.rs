//! Silences and maintenance windows made, begun, extended and ended; and what that does to the incidents they cover.

use super::decision::Decision;
use super::directory::Urgency;
use super::fact::Fact;
use super::hold::{self, HoldWhy};
use super::id::{IncidentNo, PostId, QuietId, UserId};
use super::incident::Incident;
use super::input::{self, QuietRequest, Source};
use super::page::Recipient;
use super::post::{self, About};
use super::quiet::{
    CLOCK_LOOK_SECS, Covered, Elsewhere, HeldBack, LOOKED_AT_AT_ONCE, MATCHERS_MAX, QUIETS_MAX, Quiet, REMEMBER_SECS,
    SERVICES_MAX, SWEPT_AT_ONCE, Stands, Sweep, WARN_FROM_SECS, WARN_SECS, Within, covering, matchers_of,
};
use super::refusal::{NotElsewhere, Refusal};
use super::stamp::At;
use super::text::Text;
use super::threshold;
use imbl::OrdMap;
use std::collections::BTreeSet;
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
            if d.directory.users.get(&q.by).is_some_and(super::escalation::is_reachable) {
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
            || threshold::holding(i).is_some();
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
    let ends = d.stamp.due_of(until);
    let due = match q.stands {
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
            if d.directory.users.get(&q.by).is_some_and(super::escalation::is_reachable) {
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

/// After every decision: incidents it spoke of, and all where windows changed, are held back exactly while something
/// covers them.
pub(super) fn look_again(d: &mut Decision<'_>) {
    if d.world().quiets.is_empty() {
        return;
    }
    let concerned: BTreeSet<IncidentNo> = d.facts().iter().filter_map(Fact::incident).collect();
    let is_about_all = d.facts().iter().any(|f| {
        matches!(
            f,
            Fact::QuietMade { .. }
                | Fact::QuietBegun { .. }
                | Fact::QuietExtended { .. }
                | Fact::QuietEnded { .. }
                | Fact::ConfigLoaded { .. }
        )
    });
    for no in concerned {
        look_again_at(d, no);
    }
    if is_about_all {
        sweep(d, IncidentNo(0));
    }
}

/// The rest of those that a change of what is covered may concern.
pub(super) fn sweep_on(d: &mut Decision<'_>) {
    if let Some(rest) = d.world().meta.sweep {
        sweep(d, rest.from);
    }
}

/// Looks at the open incidents from this one on, the oldest first; what is left is for the next decision, at once. When
/// a long window ends, many are let go in one moment, and whoever is asked for them hears of them in one message.
fn sweep(d: &mut Decision<'_>, from: IncidentNo) {
    let ahead = d.world().incidents.range(from..).filter(|(_, i)| !i.is_resolved()).map(|(no, _)| *no);
    let ahead: Vec<IncidentNo> = ahead.take(LOOKED_AT_AT_ONCE + 1).collect();
    let (mut changed, mut left) = (0, None);
    for (looked_at, no) in ahead.into_iter().enumerate() {
        if looked_at == LOOKED_AT_AT_ONCE || changed == SWEPT_AT_ONCE {
            left = Some(Sweep { from: no, due: d.stamp.at });
            break;
        }
        changed += usize::from(look_again_at(d, no));
    }
    if left.is_some() || d.world().meta.sweep.is_some() {
        d.emit(Fact::QuietsSwept { rest: left });
    }
}

/// `true`: something changed.
fn look_again_at(d: &mut Decision<'_>, no: IncidentNo) -> bool {
    let Some(i) = d.incident(no) else { return false };
    if !i.is_triggered() {
        return hold::look_ahead(d, &i);
    }
    let held = i.hold.as_ref().filter(|h| matches!(h.why, HoldWhy::Quiet { .. }));
    let covered = quiet_of(d, &i).filter(|_| i.urgency == Urgency::High).map(|q| (why(q), q.until));
    match (held, covered) {
        (Some(held), Some((why, until))) if held.why == why && held.until == Some(until) => return false,
        (_, Some((why, until))) => hold::begin(d, no, why, Some(until)),
        (Some(_), None) => hold::end(d, &i),
        (None, None) => return false,
    }
    true
}

pub(super) fn why(q: &Quiet) -> HoldWhy {
    HoldWhy::Quiet { quiet: q.id, kind: q.kind(), by: q.by.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Directory, Method, PersonalRule, Service, User};
    use crate::domain::group::Grouping;
    use crate::domain::handle::handle;
    use crate::domain::id::{InputId, ServiceId};
    use crate::domain::input::{Act, Deed, Delivery, Event, EventAction, Input, Source, What};
    use crate::domain::quiet::{CLOCK_PATIENCE_SECS, MAINTENANCE_MAX_SECS, Matcher, SILENCE_MAX_SECS};
    use crate::domain::stamp::Stamp;
    use crate::domain::world::World;

    const START: At = At(1_772_420_520_000);

    fn directory() -> Directory {
        let id = ServiceId::from("payments");
        let service = Service::new(id.clone(), "team".into(), "policy".into(), "C0PAY".into());
        Directory { services: [(id, service)].into(), ..Directory::empty("C0ADMIN".into()) }
    }

    struct Desk {
        directory: Directory,
        world: World,
        now: At,
    }

    impl Desk {
        fn new() -> Self {
            Self { directory: directory(), world: World::default(), now: START }
        }

        fn decide(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
            let (input, stamp) = (Input { id: InputId::minted('t', 1), what }, Stamp::agreed(self.now));
            let facts = handle(&self.world, &self.directory, &input, stamp)?;
            facts.iter().for_each(|fact| self.world.apply(fact, stamp));
            assert_eq!(self.world.next_wake(), self.world.next_wake_by_brute_force());
            Ok(facts)
        }

        fn makes(&mut self, scope: Covered, from: i64, until: i64, because: &str) -> Result<Vec<Fact>, Refusal> {
            let (from, until) = (self.now.plus_secs(from), self.now.plus_secs(until));
            let because = because.to_owned();
            self.decide(What::Quiet(QuietRequest { scope, by: "ana".into(), from, until, because, elsewhere: false }))
        }
    }

    fn payments() -> Covered {
        Covered::Services(vec!["payments".into()])
    }

    fn disk() -> Covered {
        Covered::Alert(crate::domain::id::AlertKey { service: "payments".into(), dedup: "disk".into() })
    }

    #[test]
    fn an_end_and_a_reason_are_needed_and_the_end_is_bounded() {
        let mut desk = Desk::new();
        assert_eq!(desk.makes(payments(), 0, 60, "  "), Err(Refusal::QuietWithoutReason));
        assert_eq!(desk.makes(payments(), 60, 60, "deploy"), Err(Refusal::QuietEndsBeforeItStarts));
        let until = START.plus_secs(-30);
        assert_eq!(desk.makes(payments(), -60, -30, "deploy"), Err(Refusal::QuietInThePast { until }));
        for (scope, most) in [(payments(), MAINTENANCE_MAX_SECS), (disk(), SILENCE_MAX_SECS)] {
            let too_long = Refusal::QuietTooLong { kind: scope.kind(), latest: START.plus_secs(most) };
            assert_eq!(desk.makes(scope.clone(), 0, most + 1, "deploy"), Err(too_long));
            desk.makes(scope, 0, most, "deploy").expect("not a second too long");
        }
        let gone = Covered::Services(vec!["gone".into()]);
        assert_eq!(desk.makes(gone, 0, 60, "deploy"), Err(Refusal::NoSuchService("gone".into())));
        let none = Covered::Services(Vec::new());
        assert_eq!(desk.makes(none, 0, 60, "deploy"), Err(Refusal::QuietNames { most: SERVICES_MAX }));
    }

    #[test]
    fn there_are_only_so_many_and_what_is_over_makes_room() {
        let mut desk = Desk::new();
        for _ in 0..QUIETS_MAX {
            desk.makes(payments(), 0, 60, "deploy").expect("there is room");
        }
        assert_eq!(desk.makes(payments(), 0, 60, "deploy"), Err(Refusal::TooManyQuiets { most: QUIETS_MAX }));
        desk.decide(What::EndQuiet { id: QuietId(1), by: "ben".into() }).expect("everybody may");
        desk.makes(payments(), 0, 60, "deploy").expect("there is room again");
        let again = desk.decide(What::EndQuiet { id: QuietId(1), by: "ben".into() });
        assert_eq!(again, Err(Refusal::NoSuchQuiet(QuietId(1))));
    }

    #[test]
    fn pressed_twice_it_lasts_one_hour_more() {
        let mut desk = Desk::new();
        desk.makes(payments(), 0, 3_600, "deploy").expect("there is room");
        let until = START.plus_secs(7_200);
        let more = || What::ExtendQuiet { id: QuietId(1), by: "ana".into(), until };
        desk.decide(more()).expect("not too long");
        assert_eq!(desk.decide(more()), Err(Refusal::QuietLastsAsLong { until }));
        desk.now = START.plus_secs(3_600);
        desk.decide(What::Due).expect("never refused");
        assert!(desk.world.quiets[&QuietId(1)].is_in_force(Stamp::agreed(desk.now)));
        desk.now = until;
        desk.decide(What::Due).expect("never refused");
        assert!(desk.world.quiets[&QuietId(1)].is_over());
        desk.now = until.plus_secs(REMEMBER_SECS);
        desk.decide(What::Due).expect("never refused");
        assert!(desk.world.quiets.is_empty() && desk.world.posts.is_empty());
    }

    fn alerts(desk: &mut Desk, n: usize) {
        alerts_at(desk, n, Stamp::agreed(desk.now));
    }

    fn alerts_at(desk: &mut Desk, n: usize, now: Stamp) {
        let event = |n: usize| Event {
            action: EventAction::Trigger,
            dedup_key: format!("disk-{n}").into(),
            title: format!("Disk {n} is full"),
            link: String::new(),
            labels: Vec::new(),
            starts_at: None,
            ends_at: None,
        };
        let delivery = Delivery {
            service: "payments".into(),
            source: Source::Generic,
            urgency: None,
            resolve_after_secs: None,
            key: None,
            events: (0..n).map(event).collect(),
        };
        play(desk, What::Events(delivery), now);
    }

    fn held(desk: &Desk) -> usize {
        desk.world.open_incidents().filter(|i| i.hold.is_some()).count()
    }

    #[test]
    fn many_are_held_back_and_let_go_in_steps_that_follow_one_another_at_once() {
        let mut desk = Desk::new();
        let all = SWEPT_AT_ONCE * 2 + 10;
        alerts(&mut desk, all);
        desk.makes(payments(), 0, 3_600, "deploy").expect("there is room");
        for step in 1..=3 {
            assert_eq!(held(&desk), (SWEPT_AT_ONCE * step).min(all));
            assert_eq!(desk.world.next_wake().is_some_and(|at| at <= desk.now), step < 3);
            desk.decide(What::Due).expect("never refused");
        }
        desk.now = desk.now.plus_secs(3_600);
        let mut asked = 0;
        for step in 1..=3 {
            // A process that dies in between finds the rest on disk.
            let mut read = World::default();
            for (key, value) in desk.world.all_rows() {
                read.load_row(&key, &value.expect("a value")).expect("it can be read");
            }
            desk.world = read;
            let facts = desk.decide(What::Due).expect("never refused");
            let starts = |f: &&Fact| matches!(f, Fact::CallStarted { .. });
            assert!(facts.iter().filter(starts).count() <= SWEPT_AT_ONCE);
            asked += facts.iter().filter(starts).count();
            assert_eq!(held(&desk), all.saturating_sub(SWEPT_AT_ONCE * step));
        }
        assert_eq!((asked, desk.world.meta.sweep), (all, None));
    }

    #[test]
    fn only_so_many_are_looked_at_by_one_decision() {
        let mut desk = Desk::new();
        alerts(&mut desk, LOOKED_AT_AT_ONCE + 2);
        desk.makes(disk(), 0, 3_600, "known").expect("there is room");
        let from = IncidentNo(LOOKED_AT_AT_ONCE as u64 + 1);
        assert_eq!(desk.world.meta.sweep, Some(Sweep { from, due: desk.now }));
        let facts = desk.decide(What::Due).expect("never refused");
        assert_eq!(facts, [Fact::QuietsSwept { rest: None }]);
    }

    #[test]
    fn a_second_warning_takes_the_place_of_the_first() {
        let mut desk = Desk::new();
        let rules = vec![PersonalRule { method: Method::Slack, delay_secs: 0 }];
        let (name, tz) = ("Ana".to_owned(), chrono_tz::UTC);
        let ana = User { id: "ana".into(), name, slack: Some("U0ANA".into()), email: None, tz, admin: false, rules };
        desk.directory.users = [(ana.id.clone(), ana)].into();
        desk.makes(payments(), 0, 3_600, "deploy").expect("there is room");
        let mut seen = Vec::new();
        for hour in 1..=3 {
            desk.now = START.plus_secs(hour * 3_600 - WARN_SECS);
            desk.decide(What::Due).expect("never refused");
            let is_warning = |about: &About| matches!(about, About::QuietEnds { .. });
            let warnings = desk.world.posts.values().filter(|p| is_warning(&p.about)).map(|p| p.id);
            seen.push(warnings.collect::<Vec<_>>());
            let until = START.plus_secs((hour + 1) * 3_600);
            let more = What::ExtendQuiet { id: QuietId(1), by: "ana".into(), until };
            desk.decide(more).expect("not too long");
        }
        assert_eq!(seen, [vec![PostId(2)], vec![PostId(2), PostId(3)], vec![PostId(3), PostId(4)]]);
    }

    /// Plays one input at a time at which the clocks do not agree.
    fn play(desk: &mut Desk, what: What, now: Stamp) -> Vec<Fact> {
        let input = Input { id: InputId::minted('t', 1), what };
        let facts = handle(&desk.world, &desk.directory, &input, now).expect("allowed");
        facts.iter().for_each(|fact| desk.world.apply(fact, now));
        assert_eq!(desk.world.next_wake(), desk.world.next_wake_by_brute_force());
        facts
    }

    fn window(from: At, until: At) -> What {
        let (scope, by, because) = (payments(), "ana".into(), "deploy".to_owned());
        What::Quiet(QuietRequest { scope, by, from, until, because, elsewhere: false })
    }

    #[test]
    fn a_window_lasts_until_the_wall_clock_says_so_also_where_that_was_set_back() {
        let mut desk = Desk::new();
        alerts(&mut desk, 1);
        let hours = |n: i64| n * 3_600;
        // The wall clock is ahead by two hours when it is made, until 04:00 by that.
        let (from, until) = (START.plus_secs(hours(2)), START.plus_secs(hours(4)));
        play(&mut desk, window(from, until), Stamp::agreed(from));
        // Set back: delays are not.
        let back = |secs: i64| Stamp { at: from.plus_secs(secs), wall: START.plus_secs(secs) };
        let warns = hours(2) - WARN_SECS;
        let facts = play(&mut desk, What::Due, back(warns));
        let (ends, due) = (back(hours(4)).at, back(warns + CLOCK_LOOK_SECS).at);
        assert_eq!(facts, [Fact::QuietWaits { quiet: QuietId(1), ends, due }], "nobody is told that it ends soon");
        alerts_at(&mut desk, 2, back(hours(2)));
        assert_eq!(held(&desk), 2, "delays say that it is over");

        let mut facts = Vec::new();
        let mut looks = 0;
        while let Some(next) = desk.world.next_wake().filter(|next| *next <= ends) {
            looks += 1;
            facts.extend(play(&mut desk, What::Due, back((next.0 - from.0) / 1_000)));
        }
        assert!(looks <= hours(3) / CLOCK_LOOK_SECS, "{looks} looks");
        let (warned, ended) = (facts.iter().position(is_warned), facts.iter().position(is_ended));
        assert!(warned.is_some() && warned < ended, "{facts:?}");
        assert_eq!((held(&desk), desk.world.meta.wall), (0, until));
    }

    #[test]
    fn a_wall_clock_that_is_set_right_again_ends_a_window_that_waited_for_it() {
        let mut desk = Desk::new();
        play(&mut desk, window(START, START.plus_secs(600)), Stamp::agreed(START));
        // For five minutes it is 1970. Whatever is decided before anybody looks, it holds.
        let wrong = Stamp { at: START.plus_secs(600), wall: At(0) };
        alerts_at(&mut desk, 1, wrong);
        assert_eq!(held(&desk), 1);
        play(&mut desk, What::Due, wrong);
        assert!(desk.world.quiets[&QuietId(1)].ends > START.plus_secs(1_000_000_000), "nobody can know better");
        let next = desk.world.next_wake().expect("it is looked at");
        let facts = play(&mut desk, What::Due, Stamp::agreed(next));
        assert!(facts.iter().any(is_ended), "{facts:?}");
        assert_eq!(next, START.plus_secs(600 + CLOCK_LOOK_SECS));
    }

    #[test]
    fn a_wall_clock_that_stays_days_behind_keeps_no_page_back_for_days() {
        let mut desk = Desk::new();
        alerts(&mut desk, 1);
        play(&mut desk, window(START, START.plus_secs(3_600)), Stamp::agreed(START));
        // Half an hour later the machine is one of three days ago.
        let behind = |at: At| Stamp { at, wall: at.plus_secs(-3 * 24 * 3_600) };
        play(&mut desk, What::Due, behind(START.plus_secs(1_800)));
        let latest = START.plus_secs(3_600 + CLOCK_PATIENCE_SECS);
        let mut ended = None;
        while let Some(next) = desk.world.next_wake().filter(|next| ended.is_none() && *next <= latest) {
            let facts = play(&mut desk, What::Due, behind(next));
            ended = facts.iter().any(is_ended).then_some(next);
        }
        assert_eq!((ended, held(&desk)), (Some(latest), 0), "and what it held back pages");
        alerts_at(&mut desk, 2, behind(latest));
        assert_eq!(held(&desk), 0);
    }

    #[test]
    fn a_planned_window_begins_when_the_wall_clock_says_so() {
        let mut desk = Desk::new();
        let from = START.plus_secs(3_600);
        play(&mut desk, window(from, from.plus_secs(3_600)), Stamp::agreed(START));
        let behind = |secs: i64| Stamp { at: START.plus_secs(secs), wall: START.plus_secs(secs - 120) };
        play(&mut desk, What::Due, behind(3_600));
        assert!(!desk.world.quiets[&QuietId(1)].is_in_force(behind(3_600)));
        let facts = play(&mut desk, What::Due, behind(3_720));
        assert!(facts.iter().any(|f| matches!(f, Fact::QuietBegun { .. })), "{facts:?}");
    }

    fn is_warned(f: &Fact) -> bool {
        matches!(f, Fact::QuietWarned { .. })
    }

    fn is_ended(f: &Fact) -> bool {
        matches!(f, Fact::QuietEnded { .. })
    }

    /// An alert of a name, in the group of everything that is in `cluster`.
    fn named(desk: &mut Desk, key: &str, name: &str, starts_at: At) {
        let labels = [("alertname", name), ("cluster", "east")];
        let event = Event {
            action: EventAction::Trigger,
            dedup_key: key.into(),
            title: name.to_owned(),
            link: String::new(),
            labels: labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
            starts_at: Some(starts_at),
            ends_at: None,
        };
        let (service, source) = ("payments".into(), Source::Alertmanager);
        let events = vec![event];
        let delivery = Delivery { service, source, urgency: None, resolve_after_secs: None, key: None, events };
        desk.decide(What::Events(delivery)).expect("a service that is known");
    }

    #[test]
    fn a_silence_by_labels_does_not_cover_what_stays_when_the_alert_that_had_them_went_elsewhere() {
        let mut desk = Desk::new();
        let group = Grouping { by: vec!["cluster".to_owned()], window_secs: 600 };
        desk.directory.services.values_mut().for_each(|s| s.group = Some(group.clone()));
        named(&mut desk, "disk", "DiskFull", START);
        named(&mut desk, "cpu", "CpuHigh", START);
        let resolve = Act { incident: IncidentNo(1), by: "ana".into(), deed: Deed::Resolve { note: None } };
        desk.decide(What::Act(resolve)).expect("it is open");
        desk.now = desk.now.plus_secs(1_200);
        // Of the two, one begins anew and is another incident; the other goes on, and so does what it was part of.
        let now = desk.now;
        named(&mut desk, "disk", "DiskFull", now);
        desk.now = START.plus_secs(desk.directory.settings.resolve_grace_secs);
        let facts = desk.decide(What::Due).expect("never refused");
        assert!(facts.contains(&Fact::AlertLetGo { incident: IncidentNo(1), alert: 0 }), "{facts:?}");
        let disks = Matcher::parse("alertname=DiskFull").into_iter().collect();
        let scope = Covered::Labels { within: Within::Service("payments".into()), matchers: disks };
        desk.makes(scope, 0, 3_600, "known").expect("there is room");
        let held: Vec<IncidentNo> = desk.world.open_incidents().filter(|i| i.hold.is_some()).map(|i| i.no).collect();
        assert_eq!(held, [IncidentNo(2)], "CpuHigh pages");
        let east = Matcher::parse("cluster=east").into_iter().collect();
        let scope = Covered::Labels { within: Within::Service("payments".into()), matchers: east };
        desk.makes(scope, 0, 3_600, "known").expect("there is room");
        assert_eq!(desk.world.open_incidents().filter(|i| i.hold.is_some()).count(), 2, "that they have in common");
    }

    #[test]
    fn half_an_hour_from_a_moment_ago_is_half_an_hour() {
        let (minutes, warned) = (|n: i64| START.plus_secs(n * 60), |n: i64| START.plus_secs(n * 60 - WARN_SECS));
        assert_eq!(next_look(START.plus_ms(4), minutes(30), minutes(30)), warned(30));
        assert_eq!(next_look(START, minutes(28), minutes(28)), minutes(28), "whoever made it remembers");
    }
}
