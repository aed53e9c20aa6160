//! What follows who is on call: a team's user group, and the topic of its channel.

use super::decision::Decision;
use super::directory::{Directory, Target, Team};
use super::id::{SlackUserId, TeamId, UserId};
use super::page::Recipient;
use super::post::{self, About};
use super::world::World;
use serde::{Deserialize, Serialize};

/// What can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Follower {
    Topic,
    UserGroup,
}

/// That something cannot follow is told for this long, unless it is mended.
const TOLD_SECS: i64 = 24 * 60 * 60;

/// Whom each level of the team's policy asks now, the first level first; nobody is left out where a level asks nobody.
pub fn levels(w: &World, d: &Directory, team: &TeamId) -> Vec<Vec<UserId>> {
    let Some(policy) = d.policy_of_team(team) else { return Vec::new() };
    let asked = |target: &Target| match target {
        Target::User(user) => Some(user.clone()),
        Target::Schedule(id) => w.shifts.get(id).and_then(|current| current.shift.who.clone()),
        Target::Channel(_) => None,
    };
    let level = |targets: &[Target]| {
        let mut people: Vec<UserId> = Vec::new();
        for user in targets.iter().filter_map(asked) {
            if !people.contains(&user) {
                people.push(user);
            }
        }
        people
    };
    policy.steps.iter().map(|step| level(&step.targets)).collect()
}

/// Who belongs in the team's user group now: whoever its first level asks. Slack has no empty groups: where this is
/// empty, the group stays as it is.
pub fn members(w: &World, d: &Directory, team: &TeamId) -> Vec<SlackUserId> {
    let first = levels(w, d, team).into_iter().next().unwrap_or_default();
    first.iter().filter_map(|user| d.users.get(user)?.slack.clone()).collect()
}

/// The admins hear of each team whose user group would be empty now. The message says when it follows again.
pub(super) fn warn_of_empty_groups(d: &mut Decision<'_>) {
    let with_groups = d.directory.teams.values().filter(|t| t.usergroup.is_some());
    let empty: Vec<TeamId> =
        with_groups.filter(|t| members(d.world(), d.directory, &t.id).is_empty()).map(|t| t.id.clone()).collect();
    for team in empty {
        let admins = Recipient::Channel(d.directory.admin_channel.clone());
        post::want(d, admins, About::GroupKept { team }, TOLD_SECS);
    }
}

/// Slack refused: the admins hear it once.
pub(super) fn refused(d: &mut Decision<'_>, team: &TeamId, what: Follower, error: &str) {
    let admins = Recipient::Channel(d.directory.admin_channel.clone());
    let about = About::CannotFollow { team: team.clone(), what, error: error.to_owned() };
    post::want(d, admins, about, TOLD_SECS);
}

/// Does anything of this team follow?
pub fn follows(team: &Team) -> bool {
    team.topic.is_some() || team.usergroup.is_some()
}
