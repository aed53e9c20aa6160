//! Do Not Disturb: when Slack holds back somebody's notifications. A page is sent all the same; it may make no sound.
//!
//! Slack tells the window that holds now, or else the next one (docs.slack.dev, `dnd.teamInfo`, `dnd_updated_user`).
//! What was told last is kept; a window that is over and was not followed by news means nothing.

use super::decision::Decision;
use super::fact::Fact;
use super::id::SlackUserId;
use super::stamp::At;
use serde::{Deserialize, Serialize};

/// From when to when notifications are held back, on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub from: At,
    pub until: At,
}

impl Window {
    pub fn holds(&self, wall: At) -> bool {
        self.from <= wall && wall < self.until
    }
}

/// Slack told how it is with these people; of whoever is in no directory nothing is kept.
pub(super) fn told(d: &mut Decision<'_>, news: &[(SlackUserId, Option<Window>)]) {
    for (slack, window) in news {
        let window = window.filter(|_| d.directory.user_by_slack(slack).is_some());
        if d.world().dnd.get(slack).copied() != window {
            d.emit(Fact::DoNotDisturb { slack: slack.clone(), window });
        }
    }
    forget_strangers(d);
}

/// Whoever left the directory is forgotten once their window is over. Not before: after a start, people known by e-mail
/// only are strangers until Slack has said who they are.
pub(super) fn forget_strangers(d: &mut Decision<'_>) {
    let wall = d.stamp.wall;
    let is_stranger = |slack: &SlackUserId| d.directory.user_by_slack(slack).is_none();
    let strangers = d.world().dnd.iter().filter(|(slack, window)| window.until <= wall && is_stranger(slack));
    for slack in strangers.map(|(slack, _)| slack.clone()).collect::<Vec<_>>() {
        d.emit(Fact::DoNotDisturb { slack, window: None });
    }
}
