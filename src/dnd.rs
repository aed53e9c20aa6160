//! Asks Slack, every few minutes, whose notifications it holds back, so that a page to them is not waited for in
//! silence. Between two rounds Slack tells of changes itself (`dnd_updated_user`; see `slack::translate`).
//!
//! A pause ("Pause notifications for an hour") is told to nobody but its owner (docs.slack.dev, `dnd.info`: the
//! `snooze_*` fields), unless Slack shows it as a window: such a page is taken for one that is heard.

use crate::clock::Clock;
use crate::domain::directory::{Method, User};
use crate::domain::dnd::Window;
use crate::domain::id::{InputId, SlackUserId};
use crate::domain::input::{Input, What};
use crate::domain::stamp::At;
use crate::door::Door;
use crate::notices::Notices;
use crate::pump::driver::Board;
use crate::pump::{Answer, Lane, Snapshot};
use crate::slack::{Outcome, SlackClient};
use crate::views;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often everybody is asked for.
pub const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);
/// How soon it is noticed that there is somebody new to ask for.
const NEW_EVERY: Duration = Duration::from_secs(2);
/// People in one call (docs.slack.dev, `dnd.teamInfo`: "up to 50 users").
const AT_ONCE: usize = 50;
/// A window shorter than this is no night: nobody is warned of it.
const NIGHT_SECS: i64 = 3 * 60 * 60;
/// Slack's answer where Do Not Disturb is off: both times are 1 (docs.slack.dev, `dnd.info`).
const OFF: i64 = 1;

/// A person's state as Slack tells it: in `dnd.info`, in `dnd.teamInfo`, and in an event's `dnd_status`.
pub fn window(status: &Value) -> Option<Window> {
    let at = |key: &str| status[key].as_i64().filter(|secs| *secs != OFF).map(|secs| At(secs.saturating_mul(1_000)));
    let window = Window { from: at("next_dnd_start_ts")?, until: at("next_dnd_end_ts")? };
    (status["dnd_enabled"] == true && window.from < window.until).then_some(window)
}

/// A window as its owner reads it, such as `22:00-08:00`.
pub fn hours(window: Window, user: &User) -> String {
    let clock = |at: At| at.utc().with_timezone(&user.tz).format("%H:%M").to_string();
    format!("{}-{}", clock(window.from), clock(window.until))
}

/// Is there nothing but Slack to wake them?
pub fn has_slack_only(user: &User) -> bool {
    user.rules.iter().all(|rule| match rule.method {
        Method::Slack => true,
    })
}

/// Looks, and tells the pump.
pub struct Watch {
    pub client: SlackClient,
    pub board: Arc<Board>,
    pub door: Door,
    pub clock: Clock,
    pub notices: Notices,
}

fn people(snapshot: &Snapshot) -> BTreeSet<SlackUserId> {
    snapshot.directory.users.values().filter_map(|u| u.slack.clone()).collect()
}

type News = Vec<(SlackUserId, Option<Window>)>;

impl Watch {
    pub fn start(self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut looks = 0;
            let looking = async {
                loop {
                    looks += 1;
                    let asked = self.look(looks).await;
                    tokio::select! {
                        () = self.clock.sleep(LOOK_EVERY) => {}
                        () = self.somebody_new(&asked) => {}
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = looking => {}
            }
        })
    }

    async fn somebody_new(&self, asked: &BTreeSet<SlackUserId>) {
        while people(&self.board.snapshot()).is_subset(asked) {
            tokio::time::sleep(NEW_EVERY).await;
        }
    }

    /// Who was asked for, whatever came of it.
    async fn look(&self, n: u64) -> BTreeSet<SlackUserId> {
        let snapshot = self.board.snapshot();
        let people = people(&snapshot);
        let mut news = Vec::new();
        for some in people.iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            match self.ask(some).await {
                Ok(told) => news.extend(told),
                Err(why) => {
                    tracing::warn!(why, "Do Not Disturb could not be looked at; it is tried again in a few minutes");
                    break;
                }
            }
        }
        let is_news = |slack: &SlackUserId, window: Option<Window>| snapshot.world.dnd.get(slack).copied() != window;
        news.retain(|(slack, window)| is_news(slack, *window));
        if news.is_empty() {
            return people;
        }
        let input = Input { id: InputId::minted('q', n), what: What::DoNotDisturb(news.clone()) };
        let Ok(answer) = self.door.submit(Lane::Inner, input, 0) else { return people };
        match answer.await {
            Ok(Answer::NotWritten(why)) => {
                tracing::warn!(why, "Do Not Disturb could not be saved; it is looked at again in a few minutes");
            }
            Ok(_) => self.warn(&snapshot, &news),
            Err(_) => {}
        }
        people
    }

    /// Whoever is not in the answer is none of this workspace's; nothing is known of them.
    async fn ask(&self, some: &[&SlackUserId]) -> Result<News, String> {
        let all: Vec<&str> = some.iter().map(|s| s.as_str()).collect();
        match self.client.call_now("dnd.teamInfo", &json!({ "users": all.join(",") })).await {
            Outcome::Ok(answer) => {
                let told =
                    |slack: &&SlackUserId| Some(((*slack).clone(), window(answer["users"].get(slack.as_str())?)));
                Ok(some.iter().filter_map(told).collect())
            }
            Outcome::Refused { error, .. } => Err(format!("Slack says `{error}`")),
            other => Err(other.name().to_owned()),
        }
    }

    /// Who sleeps through every page is told to the admins, once for the same hours.
    fn warn(&self, snapshot: &Snapshot, news: &[(SlackUserId, Option<Window>)]) {
        for (slack, window) in news {
            let (Some(window), Some(user)) = (window, snapshot.directory.user_by_slack(slack)) else { continue };
            let is_night = window.until.0 - window.from.0 >= NIGHT_SECS * 1_000;
            let hours = hours(*window, user);
            let before = snapshot.world.dnd.get(slack).map(|before| self::hours(*before, user));
            if !is_night || !has_slack_only(user) || before.as_ref() == Some(&hours) {
                continue;
            }
            tracing::warn!(user = %user.id, hours, "their only method is Slack, and it is silent then");
            let (notices, text) = (self.notices.clone(), views::dnd::will_not_wake(user, &hours));
            tokio::spawn(async move { notices.say(text).await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_answers_are_read() {
        let status = |enabled: bool, from: i64, until: i64| {
            window(&json!({ "dnd_enabled": enabled, "next_dnd_start_ts": from, "next_dnd_end_ts": until }))
        };
        let night = Window { from: At(1_450_387_800_000), until: At(1_450_423_800_000) };
        assert_eq!(status(true, 1_450_387_800, 1_450_423_800), Some(night));
        assert_eq!(status(false, 1, 1), None);
        assert_eq!(status(false, 1_450_387_800, 1_450_423_800), None);
        assert_eq!(status(true, 1, 1), None);
        assert_eq!(status(true, 1_450_423_800, 1_450_387_800), None, "a window that ends before it begins");
        assert_eq!(status(true, i64::MIN, i64::MAX).map(|w| w.until), Some(At(i64::MAX)));
        assert_eq!(window(&json!({})), None);
    }
}
