//! What is going on beside incidents: what was changed, as deploy tools report it, and what people announce. Both are
//! told to whoever looks; neither pages anybody or opens anything.

use super::decision::Decision;
use super::directory::Directory;
use super::fact::Fact;
use super::id::{AnnouncementNo, ChangeNo, ChannelId, ServiceId, TeamId, UserId};
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::world::World;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A change is remembered for a day,
pub const CHANGE_KEPT_SECS: i64 = 24 * 60 * 60;
/// and at most so many, the oldest being forgotten first.
pub const CHANGES_KEPT: usize = 500;
/// An announcement is said for at most seven days.
pub const ANNOUNCEMENT_MAX_SECS: i64 = 7 * 24 * 60 * 60;
/// So many announcements stand at a time; one more is refused until one has ended.
pub const ANNOUNCEMENTS_MAX: usize = 100;
/// The longest announcement, in characters.
pub const ANNOUNCEMENT_CHARS: usize = 300;
/// A link to the message it was made from, in bytes; a longer one is left out.
const LINK_BYTES: usize = 300;

/// Something that was changed, as a tool reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub no: ChangeNo,
    /// The service whose key it came by.
    pub service: ServiceId,
    pub summary: Arc<str>,
    /// What reported it; may be empty.
    pub source: Arc<str>,
    /// May be empty.
    pub link: Arc<str>,
    /// One `name: value` a line; may be empty.
    pub details: Arc<str>,
    /// When it was heard of, on the wall clock.
    pub wall: At,
    /// When it was made, by the sender's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<At>,
}

/// One change of a body. All texts are bounded by the decoder and untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    pub summary: String,
    pub source: String,
    pub link: String,
    pub details: Vec<(String, String)>,
    pub made: Option<At>,
}

/// The changes of one body, all or none.
#[derive(Clone, Debug)]
pub struct Changes {
    pub service: ServiceId,
    pub changes: Vec<Reported>,
}

/// What somebody said they are doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    pub no: AnnouncementNo,
    pub by: UserId,
    pub text: Arc<str>,
    /// Of everything, unless it says of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Scope>,
    /// The message it was made from; may be empty.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub link: Arc<str>,
    /// Both on the wall clock.
    pub since: At,
    pub until: At,
    /// `until` on the line of delays.
    pub due: At,
}

/// What an announcement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Service(ServiceId),
    Team(TeamId),
}

/// Somebody announces something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announce {
    pub by: UserId,
    pub text: String,
    pub of: Option<Scope>,
    /// The message it is made from; may be empty.
    pub link: String,
    /// On the wall clock.
    pub until: At,
}

/// Keeps what was changed, and forgets what is old.
pub(super) fn changed(d: &mut Decision<'_>, body: &Changes) -> Result<(), Refusal> {
    if !d.directory.services.contains_key(&body.service) {
        return Err(Refusal::NoSuchService(body.service.clone()));
    }
    for change in &body.changes {
        let details: Vec<String> = change.details.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        d.emit(Fact::ChangeReported {
            change: ChangeNo(d.world().meta.last_change.0 + 1),
            service: body.service.clone(),
            summary: Text::new(change.summary.as_str()),
            source: Text::new(change.source.as_str()),
            link: Text::new(change.link.as_str()),
            details: Text::new(details.join("\n")),
            made: change.made,
        });
    }
    let world = d.world();
    let over = world.changes.len().saturating_sub(CHANGES_KEPT);
    let oldest = d.stamp.wall.plus_secs(-CHANGE_KEPT_SECS);
    let is_old = |(n, c): &(usize, &Change)| *n < over || c.wall <= oldest;
    let old: Vec<ChangeNo> = world.changes.values().enumerate().filter(is_old).map(|(_, c)| c.no).collect();
    for change in old {
        d.emit(Fact::ChangeForgotten { change });
    }
    Ok(())
}

/// Somebody says what they are doing, until when.
pub(super) fn announce(d: &mut Decision<'_>, a: &Announce) -> Result<(), Refusal> {
    let text = a.text.trim();
    if text.is_empty() {
        return Err(Refusal::EmptyAnnouncement);
    }
    if a.until <= d.stamp.wall {
        return Err(Refusal::AnnouncementInThePast { until: a.until });
    }
    let latest = d.stamp.wall.plus_secs(ANNOUNCEMENT_MAX_SECS);
    if a.until > latest {
        return Err(Refusal::AnnouncementTooLong { until: a.until, latest });
    }
    match &a.of {
        Some(Scope::Service(id)) if !d.directory.services.contains_key(id) => {
            return Err(Refusal::NoSuchService(id.clone()));
        }
        Some(Scope::Team(id)) if !d.directory.teams.contains_key(id) => return Err(Refusal::NoSuchTeam(id.clone())),
        Some(Scope::Service(_) | Scope::Team(_)) | None => {}
    }
    if d.world().announcements.len() >= ANNOUNCEMENTS_MAX {
        return Err(Refusal::TooManyAnnouncements { most: ANNOUNCEMENTS_MAX });
    }
    d.emit(Fact::AnnouncementMade {
        announcement: AnnouncementNo(d.world().meta.last_announcement.0 + 1),
        by: a.by.clone(),
        text: Text::new(text.chars().take(ANNOUNCEMENT_CHARS).collect::<String>()),
        of: a.of.clone(),
        link: Text::new(if a.link.len() <= LINK_BYTES { a.link.as_str() } else { "" }),
        until: a.until,
        due: d.stamp.due_of(a.until),
    });
    Ok(())
}

/// Ended before its time, by whoever says so.
pub(super) fn end(d: &mut Decision<'_>, no: AnnouncementNo, by: &UserId) -> Result<(), Refusal> {
    if !d.world().announcements.contains_key(&no) {
        return Err(Refusal::NoSuchAnnouncement(no));
    }
    d.emit(Fact::AnnouncementEnded { announcement: no, by: Some(by.clone()) });
    Ok(())
}

/// Its time is over.
pub(super) fn due(d: &mut Decision<'_>, no: AnnouncementNo) {
    d.emit(Fact::AnnouncementEnded { announcement: no, by: None });
}

/// The changes of the last `secs` seconds, newest first.
pub fn recent(world: &World, wall: At, secs: i64) -> impl Iterator<Item = &Change> {
    let from = wall.plus_secs(-secs.min(CHANGE_KEPT_SECS));
    world.changes.values().rev().filter(move |c| c.wall > from)
}

/// What is announced at this moment, in the order it was said.
pub fn announced(world: &World, wall: At) -> impl Iterator<Item = &Announcement> {
    world.announcements.values().filter(move |a| a.until > wall)
}

impl Announcement {
    /// Is it about this service? What is said of everything is; what is said of a team is about its services.
    pub fn is_about(&self, service: &ServiceId, team: &TeamId) -> bool {
        match &self.of {
            None => true,
            Some(Scope::Service(id)) => id == service,
            Some(Scope::Team(id)) => id == team,
        }
    }

    /// May somebody read it here? What is said of a private service is for those who may read of its incidents.
    pub fn may_read(&self, d: &Directory, user: Option<&UserId>, channel: Option<&ChannelId>) -> bool {
        let of_service = match &self.of {
            Some(Scope::Service(service)) => super::privacy::may_read_of(service, d, user, channel),
            Some(Scope::Team(_)) | None => true,
        };
        of_service || user == Some(&self.by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{Service, Team, User};
    use crate::domain::handle::decide;
    use crate::domain::input::{Input, What};
    use crate::domain::stamp::Stamp;

    const HOUR: i64 = 60 * 60;

    fn office() -> Directory {
        let mut d = Directory::empty("C0ADMIN".into());
        let service = Service::new("payments".into(), "team".into(), "p".into(), "C0PAY".into());
        let secret = Service { private: true, ..Service::new("vault".into(), "team".into(), "p".into(), "C0V".into()) };
        d.services = [service, secret].map(|s| (s.id.clone(), s)).into();
        let members = vec!["ana".into()];
        let team = Team { name: "Team".into(), ..Team::new("team".into(), "C0PAY".into(), members) };
        d.teams = [(team.id.clone(), team)].into();
        let user = |id: &str| User {
            id: id.into(),
            name: id.to_owned(),
            slack: None,
            email: None,
            phone: None,
            tz: chrono_tz::UTC,
            admin: false,
            rules: Vec::new(),
        };
        d.users = ["ana", "ben"].map(|id| (UserId::from(id), user(id))).into();
        d
    }

    fn told(world: &mut World, d: &Directory, secs: i64, what: What) -> Result<Vec<Fact>, Refusal> {
        let stamp = Stamp::agreed(At(0).plus_secs(secs));
        decide(world, d, &Input { id: InputIdOf(secs).id(), what }, stamp)
    }

    /// Inputs of these tests are told apart by their time.
    struct InputIdOf(i64);

    impl InputIdOf {
        fn id(&self) -> crate::domain::id::InputId {
            crate::domain::id::InputId::minted('t', self.0.unsigned_abs())
        }
    }

    fn change(summary: &str) -> What {
        let one = Reported {
            summary: summary.to_owned(),
            source: "ci".to_owned(),
            link: String::new(),
            details: vec![("build".to_owned(), "42".to_owned())],
            made: None,
        };
        What::Changed(Changes { service: "payments".into(), changes: vec![one] })
    }

    fn doing(text: &str, until_secs: i64, of: Option<Scope>) -> What {
        What::Announce(Announce {
            by: "ana".into(),
            text: text.to_owned(),
            of,
            link: "https://acme.slack.com/archives/C1/p1".to_owned(),
            until: At(0).plus_secs(until_secs),
        })
    }

    #[test]
    fn a_change_is_told_for_two_hours_and_forgotten_by_what_comes_a_day_later() {
        let (mut world, d) = (World::default(), office());
        told(&mut world, &d, 0, change("deploy 41")).expect("taken");
        let heard = |world: &World, secs| {
            let all = recent(world, At(0).plus_secs(secs), 2 * HOUR);
            all.map(|c| c.summary.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(heard(&world, HOUR), ["deploy 41"]);
        assert_eq!(heard(&world, 2 * HOUR), Vec::<String>::new());
        told(&mut world, &d, 23 * HOUR, change("deploy 42")).expect("taken");
        assert_eq!(world.changes.len(), 2, "a day has not passed");
        let facts = told(&mut world, &d, 25 * HOUR, change("deploy 43")).expect("taken");
        assert_eq!(facts.last(), Some(&Fact::ChangeForgotten { change: ChangeNo(1) }));
        assert_eq!(heard(&world, 25 * HOUR), ["deploy 43"]);
        assert_eq!(world.changes.len(), 2);
        assert!(world.incidents.is_empty() && world.next_wake().is_none(), "it opens nothing and waits for nothing");
    }

    #[test]
    fn at_most_so_many_changes_are_kept_and_the_oldest_goes() {
        let (mut world, d) = (World::default(), office());
        for n in 0..CHANGES_KEPT + 3 {
            told(&mut world, &d, 0, change(&format!("deploy {n}"))).expect("taken");
        }
        assert_eq!(world.changes.len(), CHANGES_KEPT);
        assert_eq!(world.changes.values().next().map(|c| &*c.summary), Some("deploy 3"));
    }

    #[test]
    fn a_change_of_a_service_that_is_gone_is_refused() {
        let (mut world, mut d) = (World::default(), office());
        d.services.clear();
        let refused = told(&mut world, &d, 0, change("deploy"));
        assert_eq!(refused, Err(Refusal::NoSuchService("payments".into())));
    }

    #[test]
    fn an_announcement_ends_by_itself_or_by_hand() {
        let (mut world, d) = (World::default(), office());
        told(&mut world, &d, 0, doing(" draining east ", HOUR, None)).expect("taken");
        told(&mut world, &d, 0, doing("index rebuild", 2 * HOUR, Some(Scope::Team("team".into())))).expect("taken");
        assert_eq!(world.next_wake(), Some(At(0).plus_secs(HOUR)));
        assert_eq!(world.next_wake(), world.next_wake_by_brute_force());
        let said =
            |w: &World, secs| announced(w, At(0).plus_secs(secs)).map(|a| a.text.to_string()).collect::<Vec<_>>();
        assert_eq!(said(&world, 10), ["draining east", "index rebuild"]);
        let ended = told(&mut world, &d, HOUR, What::Due).expect("taken");
        assert_eq!(ended, [Fact::AnnouncementEnded { announcement: AnnouncementNo(1), by: None }]);
        let by_hand = What::EndAnnouncement { no: AnnouncementNo(2), by: "ben".into() };
        told(&mut world, &d, HOUR, by_hand.clone()).expect("taken");
        assert!(world.announcements.is_empty() && world.next_wake().is_none());
        let again = told(&mut world, &d, HOUR + 1, by_hand);
        assert_eq!(again, Err(Refusal::NoSuchAnnouncement(AnnouncementNo(2))));
    }

    #[test]
    fn what_cannot_be_announced_is_refused() {
        let (mut world, d) = (World::default(), office());
        let at = |secs| At(0).plus_secs(secs);
        let (max, far) = (ANNOUNCEMENT_MAX_SECS, ANNOUNCEMENT_MAX_SECS + 1);
        let rows = [
            (doing("  ", HOUR, None), Refusal::EmptyAnnouncement),
            (doing("x", 0, None), Refusal::AnnouncementInThePast { until: at(0) }),
            (doing("x", far, None), Refusal::AnnouncementTooLong { until: at(far), latest: at(max) }),
            (doing("x", HOUR, Some(Scope::Service("gone".into()))), Refusal::NoSuchService("gone".into())),
            (doing("x", HOUR, Some(Scope::Team("gone".into()))), Refusal::NoSuchTeam("gone".into())),
        ];
        for (what, refusal) in rows {
            assert_eq!(told(&mut world, &d, 0, what), Err(refusal));
        }
        for _ in 0..ANNOUNCEMENTS_MAX {
            told(&mut world, &d, 0, doing("x", max, None)).expect("taken");
        }
        let one_more = told(&mut world, &d, 0, doing("x", HOUR, None));
        assert_eq!(one_more, Err(Refusal::TooManyAnnouncements { most: ANNOUNCEMENTS_MAX }));
    }

    #[test]
    fn what_is_going_on_survives_as_rows() {
        let (mut world, d) = (World::default(), office());
        told(&mut world, &d, 0, change("deploy 41")).expect("taken");
        told(&mut world, &d, 0, doing("x", HOUR, Some(Scope::Service("vault".into())))).expect("taken");
        let mut read = World::default();
        for (key, value) in world.all_rows() {
            read.load_row(&key, &value.expect("a value")).expect("it can be read");
        }
        assert_eq!((&read.changes, &read.announcements), (&world.changes, &world.announcements));
        assert_eq!((read.next_wake(), read.meta), (world.next_wake(), world.meta.clone()));
    }

    #[test]
    fn what_is_said_of_a_private_service_is_for_its_team_and_who_said_it() {
        let (mut world, mut d) = (World::default(), office());
        told(&mut world, &d, 0, doing("x", HOUR, Some(Scope::Service("vault".into())))).expect("taken");
        d.teams.clear();
        let a = world.announcements.values().next().expect("one");
        assert!(a.may_read(&d, Some(&"ana".into()), None), "she said it");
        assert!(!a.may_read(&d, Some(&"ben".into()), Some(&"C0PAY".into())));
        assert!(!a.may_read(&d, None, None));
    }
}
