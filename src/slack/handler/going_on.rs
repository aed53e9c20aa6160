//! What people say they are doing: typed, and announced from a message.

use super::commands::Typed;
use super::{ANSWER, Came, Handler, origin};
use crate::command::{self, Doing};
use crate::domain::directory::{Directory, User};
use crate::domain::fact::Fact;
use crate::domain::going_on::{ANNOUNCEMENT_CHARS, Announce, Scope};
use crate::domain::id::{ChannelId, IncidentNo, SlackUserId};
use crate::domain::input::What;
use crate::domain::lookup::Lookup;
use crate::domain::snooze;
use crate::pump::Snapshot;
use crate::slack::said::{Said, unescaped};
use crate::slack::translate::Place;
use crate::views::mrkdwn::{for_input, with_times_written};
use crate::views::{self, Message};
use chrono_tz::Tz;
use serde_json::json;

impl Handler {
    /// `doing …`
    pub(super) async fn says_doing(&self, s: &Snapshot, doing: Doing, user: &User, typed: &Typed<'_>) -> Message {
        let what = match doing {
            // Listing them was answered before.
            Doing::List => return views::list::help(typed.command, Some(crate::command::Topic::Doing)),
            Doing::Announce { text, until, of } => {
                What::Announce(Announce { by: user.id.clone(), text, of, link: String::new(), until })
            }
            Doing::End(no) => What::EndAnnouncement { no, by: user.id.clone() },
        };
        match self.decide(typed.id.into(), what, ANSWER).await {
            Came::To { facts, snapshot } => came_of(&facts, s, typed.command, &snapshot.directory),
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    /// Opens the window in which somebody announces what a message says.
    pub(super) async fn announce_from(&self, by: &SlackUserId, said: &Said, place: Place) {
        let s = self.board.snapshot();
        let Some(user) = s.directory.user_by_slack(by) else {
            let message = self.stranger(by, None).await;
            return self.answer(by, place, "Warridor", &message).await;
        };
        let (text, is_cut) = readable(&said.text, ANNOUNCEMENT_CHARS, user.tz, &s.directory);
        let origin = views::action_id::Origin { more: said.link.clone(), ..origin(&s, IncidentNo(0), &place) };
        let choices = snooze::choices(self.clock.now(), user.tz);
        let about = place.channel.as_ref().and_then(|channel| of_channel(channel, &s.directory));
        let view = views::modal::announce(&text, is_cut, about.as_ref(), &choices, &s.directory, self.pager(), &origin);
        self.show(&place, "views.open", json!(view)).await;
    }
}

/// What is said in a channel is about the team whose channel it is, or the service.
fn of_channel(channel: &ChannelId, d: &Directory) -> Option<Scope> {
    match (d.team_of_channel(channel), d.service_of_channel(channel)) {
        (Lookup::Found(team), _) => Some(Scope::Team(team.id.clone())),
        (_, Lookup::Found(service)) => Some(Scope::Service(service.id.clone())),
        _ => None,
    }
}

/// What announcing something, or ending that, came to.
pub(super) fn came_of(facts: &[Fact], before: &Snapshot, command: &str, d: &Directory) -> Message {
    let said = facts.iter().find_map(|fact| match fact {
        Fact::AnnouncementMade { announcement, text, until, of, .. } => {
            Some(views::going_on::announced(*announcement, text.body(), *until, of.as_ref(), command, d))
        }
        Fact::AnnouncementEnded { announcement, .. } => {
            before.world.announcements.get(announcement).map(views::going_on::ended)
        }
        _ => None,
    });
    // Decided before: the list says what stands.
    Message::plain(said.unwrap_or_else(|| format!("Done. `{command} doing` lists all.")))
}

/// It was not decided in time, and may still be.
pub(super) fn takes_long(command: &str) -> String {
    format!("That takes long. `{command} doing` says whether it was done.")
}

/// What a message says as a person reads it, in one line, at most so much of it; and whether that is not all.
pub(super) fn readable(text: &str, units: usize, tz: Tz, d: &Directory) -> (String, bool) {
    let words = unescaped(&command::readable(&with_times_written(text, tz), d));
    let fits = for_input(&words, units);
    let is_cut = fits != for_input(&words, usize::MAX);
    (fits, is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::UserId;

    #[test]
    fn what_a_message_says_is_read_as_a_person_reads_it() {
        let mut d = Directory::empty(ChannelId::from("C0ADMIN"));
        let ana = User {
            id: "ana".into(),
            name: "Ana Silva".to_owned(),
            slack: Some("U0ANA".into()),
            email: None,
            phone: None,
            tz: Tz::UTC,
            admin: false,
            rules: Vec::new(),
        };
        d.users = [(UserId::from("ana"), ana)].into();
        let rows = [
            ("draining *east*\n\n:fire:", "draining *east* :fire:"),
            ("<@U0ANA> and <@U7|ben> drain <#C1|payments>", "@Ana Silva and @ben drain #payments"),
            ("<!channel> <!here|here> <!subteam^S1|@oncall>", "@channel @here @oncall"),
            ("a &amp; b &lt;!channel&gt; &amp;lt;", "a & b <!channel> &lt;"),
            ("see <https://x.example/a?b=1&amp;c=2|the bank>", "see https://x.example/a?b=1&c=2"),
            ("until <!date^1772420520^{time}|03:02 UTC>", "until Mar 2 03:02"),
            ("\u{202e}gnp\u{0}.exe", "gnp.exe"),
            ("<@", "<@"),
            ("", ""),
        ];
        for (from, to) in rows {
            assert_eq!(readable(from, ANNOUNCEMENT_CHARS, Tz::UTC, &d), (to.to_owned(), false), "{from:?}");
        }
        let (text, is_cut) = readable(&"word ".repeat(200), ANNOUNCEMENT_CHARS, Tz::UTC, &d);
        assert!(is_cut && text.ends_with('…') && text.chars().count() <= ANNOUNCEMENT_CHARS, "{text}");
    }
}
