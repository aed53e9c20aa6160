//! What people say they are doing.

use super::commands::Typed;
use super::{ANSWER, Came, Handler};
use crate::command::Doing;
use crate::domain::directory::User;
use crate::domain::fact::Fact;
use crate::domain::going_on::Announce;
use crate::domain::id::IncidentNo;
use crate::domain::input::What;
use crate::pump::Snapshot;
use crate::views::{self, Message};

impl Handler {
    /// `doing …`
    pub(super) async fn says_doing(&self, s: &Snapshot, doing: Doing, user: &User, typed: &Typed<'_>) -> Message {
        let what = match doing {
            // Listing them was answered before.
            Doing::List => return views::list::help(typed.command, Some(crate::command::Topic::Doing)),
            Doing::Announce { text, until, of } => What::Announce(Announce { by: user.id.clone(), text, of, until }),
            Doing::End(no) => What::EndAnnouncement { no, by: user.id.clone() },
        };
        match self.decide(typed.id.into(), what, ANSWER).await {
            Came::To { facts, snapshot } => {
                let d = &snapshot.directory;
                let said = facts.iter().find_map(|fact| match fact {
                    Fact::AnnouncementMade { announcement, text, until, of, .. } => Some(views::going_on::announced(
                        *announcement,
                        text.body(),
                        *until,
                        of.as_ref(),
                        typed.command,
                        d,
                    )),
                    Fact::AnnouncementEnded { announcement, .. } => {
                        s.world.announcements.get(announcement).map(views::going_on::ended)
                    }
                    _ => None,
                });
                // Decided before: the list says what stands.
                said.map_or_else(
                    || Message::plain(format!("Done. `{} doing` lists all.", typed.command)),
                    Message::plain,
                )
            }
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }
}
