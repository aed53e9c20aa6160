//! People whom the configuration does not know: they ask by button, and an admin decides. Who was let in is part of the
//! state, and stands in the [`Directory`] in force beside the people of the configuration.
//!
//! Who was let in can be taken out again in the same way.
//!
//! There is no way here to become an admin, or to join a team or a schedule: that is the configuration's to say.

use super::decision::Decision;
use super::directory::{Directory, PersonalRule, User};
use super::fact::Fact;
use super::id::{MessageRef, SlackUserId, UserId};
use super::input::{Admission, Introduction, Removal};
use super::refusal::Refusal;
use super::stamp::At;
use super::text::Text;
use super::world::World;
use super::{escalation, oncall};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// At most so many wait for an admin.
pub const UNDECIDED_MAX: usize = 100;
/// At most so many are let in by button; more than that belong into the configuration.
pub const ADDED_MAX: usize = 1_000;
/// At most so many refusals and removals are remembered; the oldest are forgotten first, and who is forgotten may ask again.
pub const DECLINED_MAX: usize = 1_000;
/// Who was declined, or taken out, may ask again after this long.
pub const ASK_AGAIN_SECS: i64 = 24 * 60 * 60;

/// Somebody who asked to be let in, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    pub slack: SlackUserId,
    /// As Slack has it.
    pub name: Arc<str>,
    /// Empty where Slack gives none.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub email: Arc<str>,
    /// The name of their time zone.
    pub tz: Arc<str>,
    /// On the wall clock.
    pub asked: At,
    /// The message in the admin channel, once it is known to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<MessageRef>,
    pub standing: Standing,
}

/// `at` is the wall's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Asked,
    Added {
        user: UserId,
        by: UserId,
        at: At,
    },
    /// May ask again from `again_at` on.
    Declined {
        by: UserId,
        at: At,
        again_at: At,
    },
    /// Was let in, and taken out. May ask again from `again_at` on.
    Removed {
        by: UserId,
        at: At,
        again_at: At,
    },
}

impl Newcomer {
    pub fn is_undecided(&self) -> bool {
        self.standing == Standing::Asked
    }

    pub fn is_added(&self) -> bool {
        matches!(self.standing, Standing::Added { .. })
    }

    /// This person as the directory has them; `None` while nobody let them in. Paged by Slack at once; in no team, and
    /// no admin.
    pub fn user(&self) -> Option<User> {
        let Standing::Added { user, .. } = &self.standing else { return None };
        Some(User {
            id: user.clone(),
            name: self.name.to_string(),
            slack: Some(self.slack.clone()),
            email: (!self.email.is_empty()).then(|| self.email.to_string()),
            tz: self.tz.parse().unwrap_or(Tz::UTC),
            phone: None,
            admin: false,
            rules: vec![PersonalRule::slack(0)],
        })
    }
}

/// What somebody who is let in is called: their Slack id, in the letters a configuration takes. A name would be personal
/// data in every fact that speaks of them, and could be somebody else's in the configuration.
pub fn user_id(slack: &SlackUserId) -> UserId {
    format!("slack-{}", slack.as_str().to_ascii_lowercase()).into()
}

/// The directory as it is once somebody who was let in is taken out.
pub(super) fn without(directory: &Directory, world: &World, slack: &SlackUserId) -> Directory {
    let mut directory = directory.clone();
    if let Some(user) = world.people.get(slack).and_then(Newcomer::user) {
        directory.users.remove(&user.id);
    }
    directory
}

/// The configuration with those who were let in. Somebody whom it knows itself, by Slack id or by user id, is as it says.
pub fn in_force(configured: &Arc<Directory>, world: &World) -> Arc<Directory> {
    let added: Vec<User> = world
        .people
        .values()
        .filter_map(Newcomer::user)
        .filter(|user| !knows(configured, user.slack.as_ref(), Some(&user.id)))
        .collect();
    if added.is_empty() {
        return configured.clone();
    }
    let mut directory = Directory::clone(configured);
    directory.users.extend(added.into_iter().map(|user| (user.id.clone(), user)));
    Arc::new(directory)
}

fn knows(configured: &Directory, slack: Option<&SlackUserId>, id: Option<&UserId>) -> bool {
    slack.is_some_and(|slack| configured.user_by_slack(slack).is_some())
        || id.is_some_and(|id| configured.users.contains_key(id))
}

/// Somebody asks to be let in. Asked again while an admin has not decided, nothing changes.
pub(super) fn ask(d: &mut Decision<'_>, who: &Introduction) -> Result<(), Refusal> {
    if d.directory.user_by_slack(&who.slack).is_some() {
        return Err(Refusal::KnownAlready);
    }
    match d.world().people.get(&who.slack).map(|n| &n.standing) {
        Some(Standing::Asked) => return Ok(()),
        Some(Standing::Declined { again_at, .. } | Standing::Removed { again_at, .. }) if *again_at > d.stamp.at => {
            return Err(Refusal::AskAgainLater { again_at: *again_at });
        }
        Some(Standing::Declined { .. } | Standing::Removed { .. } | Standing::Added { .. }) | None => {}
    }
    refuse_full(d.world())?;
    if d.world().people.values().filter(|n| n.is_undecided()).count() >= UNDECIDED_MAX {
        return Err(Refusal::TooManyAsk { most: UNDECIDED_MAX });
    }
    d.emit(Fact::PersonAsked {
        slack: who.slack.clone(),
        name: Text::new(who.name.as_str()),
        email: Text::new(who.email.as_str()),
        tz: who.tz.name().to_owned(),
    });
    Ok(())
}

fn refuse_full(world: &World) -> Result<(), Refusal> {
    let added = world.people.values().filter(|n| n.is_added()).count();
    if added >= ADDED_MAX { Err(Refusal::TooManyAdded { most: ADDED_MAX }) } else { Ok(()) }
}

/// The admin channel shows who asks. Told twice, the first message counts.
pub(super) fn announced(d: &mut Decision<'_>, slack: &SlackUserId, message: &MessageRef) {
    if d.world().people.get(slack).is_some_and(|n| n.notice.is_none()) {
        d.emit(Fact::PersonAnnounced { slack: slack.clone(), message: message.clone() });
    }
}

/// An admin lets somebody in, or does not.
pub(super) fn admit(d: &mut Decision<'_>, a: &Admission) -> Result<(), Refusal> {
    if !d.directory.users.get(&a.by).is_some_and(|u| u.admin) {
        return Err(Refusal::NotAnAdmin);
    }
    let asking = d.world().people.get(&a.slack).ok_or(Refusal::NobodyAsks)?;
    match &asking.standing {
        Standing::Asked => {}
        Standing::Added { by, at, .. } => {
            return Err(Refusal::DecidedAlready { by: by.clone(), at: *at, approved: true });
        }
        Standing::Declined { by, at, .. } => {
            return Err(Refusal::DecidedAlready { by: by.clone(), at: *at, approved: false });
        }
        Standing::Removed { by, at, .. } => return Err(Refusal::RemovedAlready { by: by.clone(), at: *at }),
    }
    let (slack, by) = (a.slack.clone(), a.by.clone());
    if a.approve {
        refuse_full(d.world())?;
        d.emit(Fact::PersonAdded { user: user_id(&slack), slack, by });
        return Ok(());
    }
    forget_oldest_refusal(d);
    let again_at = d.stamp.at.plus_secs(ASK_AGAIN_SECS);
    d.emit(Fact::PersonDeclined { slack, by, again_at });
    Ok(())
}

/// An admin takes out somebody who was let in. `d` has the directory without them: what they were asked goes on to the
/// next level, and where they stand in for somebody, that ends.
pub(super) fn remove(d: &mut Decision<'_>, r: &Removal) -> Result<(), Refusal> {
    if !d.directory.users.get(&r.by).is_some_and(|u| u.admin) {
        return Err(Refusal::NotAnAdmin);
    }
    let user = match d.world().people.get(&r.slack).map(|n| &n.standing) {
        Some(Standing::Added { user, .. }) => user.clone(),
        Some(Standing::Removed { by, at, .. }) => return Err(Refusal::RemovedAlready { by: by.clone(), at: *at }),
        Some(Standing::Asked | Standing::Declined { .. }) | None => return Err(Refusal::NotAdded),
    };
    forget_oldest_refusal(d);
    let again_at = d.stamp.at.plus_secs(ASK_AGAIN_SECS);
    d.emit(Fact::PersonRemoved { slack: r.slack.clone(), by: r.by.clone(), again_at });
    oncall::end_overrides_of(d, &user, &r.by);
    escalation::pass_over_who_is_gone(d);
    Ok(())
}

fn forget_oldest_refusal(d: &mut Decision<'_>) {
    let declined = d.world().people.values().filter_map(|n| match n.standing {
        Standing::Declined { again_at, .. } | Standing::Removed { again_at, .. } => Some((again_at, n.slack.clone())),
        Standing::Asked | Standing::Added { .. } => None,
    });
    let all: Vec<(At, SlackUserId)> = declined.collect();
    if all.len() >= DECLINED_MAX
        && let Some((_, slack)) = all.into_iter().min()
    {
        d.emit(Fact::PersonForgotten { slack });
    }
}

/// Whom the configuration knows itself by now, nobody needs to let in.
pub(super) fn forget_configured(d: &mut Decision<'_>, configured: &Directory) {
    let known = d.world().people.values().filter(|n| {
        let id = n.user().map(|u| u.id);
        knows(configured, Some(&n.slack), id.as_ref())
    });
    for slack in known.map(|n| n.slack.clone()).collect::<Vec<_>>() {
        d.emit(Fact::PersonForgotten { slack });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::handle::handle;
    use crate::domain::id::InputId;
    use crate::domain::input::{Input, What};
    use crate::domain::stamp::Stamp;

    const START: At = At(1_772_420_520_000);

    fn user(id: &str, slack: &str, admin: bool) -> User {
        let rules = vec![PersonalRule::slack(0)];
        let (id, name) = (UserId::from(id), id.to_owned());
        User { id, name, slack: Some(slack.into()), email: None, phone: None, tz: Tz::UTC, admin, rules }
    }

    /// Mara is an admin, Ana is not.
    fn configured() -> Directory {
        let users = [user("mara", "U0MARA", true), user("ana", "U0ANA", false)];
        Directory { users: users.map(|u| (u.id.clone(), u)).into(), ..Directory::empty("C0ADMIN".into()) }
    }

    struct Desk {
        configured: Arc<Directory>,
        world: World,
        now: At,
    }

    impl Desk {
        fn new() -> Self {
            Self { configured: Arc::new(configured()), world: World::default(), now: START }
        }

        fn directory(&self) -> Arc<Directory> {
            in_force(&self.configured, &self.world)
        }

        fn decide(&mut self, what: What) -> Result<Vec<Fact>, Refusal> {
            let (input, stamp) = (Input { id: InputId::minted('t', 1), what }, Stamp::agreed(self.now));
            let facts = handle(&self.world, &self.directory(), &input, stamp)?;
            facts.iter().for_each(|fact| self.world.apply(fact, stamp));
            Ok(facts)
        }

        fn asks(&mut self, slack: &str) -> Result<Vec<Fact>, Refusal> {
            let name = format!("{slack}'s name");
            self.decide(What::AddMe(Introduction { slack: slack.into(), name, email: String::new(), tz: Tz::UTC }))
        }

        fn decides(&mut self, by: &str, slack: &str, approve: bool) -> Result<Vec<Fact>, Refusal> {
            self.decide(What::Admit(Admission { slack: slack.into(), by: by.into(), approve }))
        }

        fn removes(&mut self, by: &str, slack: &str) -> Result<Vec<Fact>, Refusal> {
            self.decide(What::RemovePerson(Removal { slack: slack.into(), by: by.into() }))
        }

        fn reads(&mut self, configured: Directory) -> Vec<Fact> {
            let new = Arc::new(configured);
            let facts = self.decide(What::ConfigLoaded(new.clone())).expect("a configuration is never refused");
            self.configured = new;
            facts
        }

        fn knows(&self, slack: &str) -> bool {
            self.directory().user_by_slack(&slack.into()).is_some()
        }
    }

    #[test]
    fn approved_is_in_the_directory_with_the_least_there_is() {
        let mut desk = Desk::new();
        desk.asks("U0ZOE").expect("she may ask");
        assert!(!desk.knows("U0ZOE"), "asking is not being let in");
        desk.decides("mara", "U0ZOE", true).expect("an admin may");
        let directory = desk.directory();
        let zoe = directory.user_by_slack(&"U0ZOE".into()).expect("she is in");
        assert_eq!((zoe.id.as_str(), zoe.name.as_str(), zoe.admin), ("slack-u0zoe", "U0ZOE's name", false));
        assert_eq!(zoe.rules, [PersonalRule::slack(0)]);
        assert_eq!(desk.asks("U0ZOE"), Err(Refusal::KnownAlready));
    }

    #[test]
    fn who_may_not_decide_and_what_is_decided_changes_nothing() {
        let mut desk = Desk::new();
        assert_eq!(desk.decides("mara", "U0ZOE", true), Err(Refusal::NobodyAsks));
        desk.asks("U0ZOE").expect("she may ask");
        assert_eq!(desk.asks("U0ZOE"), Ok(Vec::new()), "asked twice is asked once");
        assert_eq!(desk.decides("ana", "U0ZOE", true), Err(Refusal::NotAnAdmin));
        assert_eq!(desk.decides("zoe", "U0ZOE", true), Err(Refusal::NotAnAdmin));
        desk.decides("mara", "U0ZOE", false).expect("an admin may");
        let decided = Refusal::DecidedAlready { by: "mara".into(), at: START, approved: false };
        assert_eq!(desk.decides("mara", "U0ZOE", true), Err(decided));
        assert!(!desk.knows("U0ZOE"));
    }

    #[test]
    fn only_an_admin_takes_somebody_out_and_only_whom_a_button_let_in() {
        let mut desk = Desk::new();
        assert_eq!(desk.removes("mara", "U0ZOE"), Err(Refusal::NotAdded));
        desk.asks("U0ZOE").expect("she may ask");
        assert_eq!(desk.removes("mara", "U0ZOE"), Err(Refusal::NotAdded), "she only asks");
        desk.decides("mara", "U0ZOE", true).expect("an admin may");
        assert_eq!(desk.removes("ana", "U0ZOE"), Err(Refusal::NotAnAdmin));
        assert_eq!(desk.removes("slack-u0zoe", "U0ZOE"), Err(Refusal::NotAnAdmin));
        assert!(desk.knows("U0ZOE"));
        desk.removes("mara", "U0ZOE").expect("an admin may");
        assert!(!desk.knows("U0ZOE"));
        let again = Refusal::RemovedAlready { by: "mara".into(), at: START };
        assert_eq!(desk.removes("mara", "U0ZOE"), Err(again.clone()));
        assert_eq!(desk.decides("mara", "U0ZOE", true), Err(again), "an old message's button lets nobody in");
        assert_eq!(desk.removes("mara", "U0ANA"), Err(Refusal::NotAdded), "Ana is the configuration's");
        let again_at = START.plus_secs(ASK_AGAIN_SECS);
        assert_eq!(desk.asks("U0ZOE"), Err(Refusal::AskAgainLater { again_at }));
        desk.now = again_at;
        desk.asks("U0ZOE").expect("a day is over");
        desk.decides("mara", "U0ZOE", true).expect("an admin may");
        assert!(desk.knows("U0ZOE"));
    }

    #[test]
    fn declined_may_ask_again_after_a_day_and_not_a_second_before() {
        let mut desk = Desk::new();
        desk.asks("U0ZOE").expect("she may ask");
        desk.decides("mara", "U0ZOE", false).expect("an admin may");
        let again_at = START.plus_secs(ASK_AGAIN_SECS);
        desk.now = again_at.plus_secs(-1);
        assert_eq!(desk.asks("U0ZOE"), Err(Refusal::AskAgainLater { again_at }));
        desk.now = again_at;
        assert_eq!(desk.asks("U0ZOE").expect("a day is over").len(), 1);
    }

    #[test]
    fn only_so_many_wait_and_only_so_many_are_let_in() {
        let mut desk = Desk::new();
        for n in 0..UNDECIDED_MAX {
            desk.asks(&format!("U{n}")).expect("there is room");
        }
        assert_eq!(desk.asks("U0ZOE"), Err(Refusal::TooManyAsk { most: UNDECIDED_MAX }));
        desk.decides("mara", "U0", true).expect("an admin may");
        for n in UNDECIDED_MAX..ADDED_MAX {
            desk.world.people.insert(format!("U{n}").as_str().into(), newcomer(&format!("U{n}"), true));
        }
        for n in 1..UNDECIDED_MAX {
            desk.decides("mara", &format!("U{n}"), true).expect("there is room");
        }
        assert_eq!(desk.asks("U0ZOE"), Err(Refusal::TooManyAdded { most: ADDED_MAX }));
        desk.world.people.insert("U0ZOE".into(), newcomer("U0ZOE", false));
        assert_eq!(desk.decides("mara", "U0ZOE", true), Err(Refusal::TooManyAdded { most: ADDED_MAX }));
        desk.decides("mara", "U0ZOE", false).expect("declining needs no room");
    }

    fn newcomer(slack: &str, is_added: bool) -> Newcomer {
        let added = Standing::Added { user: user_id(&slack.into()), by: "mara".into(), at: START };
        Newcomer {
            slack: slack.into(),
            name: slack.into(),
            email: "".into(),
            tz: "UTC".into(),
            asked: START,
            notice: None,
            standing: if is_added { added } else { Standing::Asked },
        }
    }

    #[test]
    fn the_oldest_refusal_is_forgotten_where_there_are_too_many() {
        let mut desk = Desk::new();
        for n in 0..=DECLINED_MAX {
            desk.now = START.plus_secs(i64::try_from(n).expect("a small number"));
            desk.asks(&format!("U{n}")).expect("there is room");
            desk.decides("mara", &format!("U{n}"), false).expect("an admin may");
        }
        assert_eq!(desk.world.people.len(), DECLINED_MAX);
        assert!(!desk.world.people.contains_key(&SlackUserId::from("U0")));
        assert!(desk.world.people.contains_key(&SlackUserId::from("U1")));
    }

    #[test]
    fn the_configuration_takes_precedence_and_a_reload_loses_nobody_else() {
        let mut desk = Desk::new();
        for slack in ["U0ZOE", "U0YAN"] {
            desk.asks(slack).expect("they may ask");
            desk.decides("mara", slack, true).expect("an admin may");
        }
        desk.asks("U0XIA").expect("she may ask");
        let before = desk.world.meta.config;
        desk.reads(configured());
        let version = desk.world.meta.config;
        desk.reads(configured());
        assert_eq!(desk.world.meta.config, version, "the same configuration is no news, whoever was added");
        assert!(version <= before + 1 && desk.knows("U0ZOE") && desk.knows("U0YAN"));
        let mut with_two = configured();
        for user in [user("zoe", "U0ZOE", true), user("xia", "U0XIA", false)] {
            with_two.users.insert(user.id.clone(), user);
        }
        let facts = desk.reads(with_two);
        let forgotten = facts.iter().filter(|f| matches!(f, Fact::PersonForgotten { .. })).count();
        assert_eq!((forgotten, desk.world.people.len()), (2, 1));
        let directory = desk.directory();
        assert!(directory.user_by_slack(&"U0ZOE".into()).is_some_and(|u| u.id.as_str() == "zoe" && u.admin));
        desk.reads(configured());
        assert!(!desk.knows("U0ZOE") && desk.knows("U0YAN"), "what was forgotten does not come back");
    }

    #[test]
    fn the_admins_message_is_kept_once() {
        let mut desk = Desk::new();
        let message = |ts: &str| MessageRef { channel: "C0ADMIN".into(), ts: ts.into() };
        let announced = |ts: &str| What::Announced { slack: "U0ZOE".into(), message: message(ts) };
        assert_eq!(desk.decide(announced("1")), Ok(Vec::new()), "nobody asked");
        desk.asks("U0ZOE").expect("she may ask");
        desk.decide(announced("2")).expect("never refused");
        desk.decide(announced("3")).expect("never refused");
        assert_eq!(desk.world.people[&SlackUserId::from("U0ZOE")].notice, Some(message("2")));
    }
}
