//! Asks Slack, every few minutes, whose notifications it holds back, so that a page to them is not waited for in
//! silence. Between two rounds Slack tells of changes itself (`dnd_updated_user`; see `slack::translate`).
//!
//! A pause ("Pause notifications for an hour") is told to nobody but its owner (docs.slack.dev, `dnd.info`: the
//! `snooze_*` fields), unless Slack shows it as a window: such a page is taken for one that is heard.

use crate::clock::Clock;
use crate::domain::directory::{Method, Target, User};
use crate::domain::dnd::Window;
use crate::domain::id::{InputId, SlackUserId, UserId};
use crate::domain::input::{Input, What};
use crate::domain::schedule::Schedule;
use crate::domain::stamp::At;
use crate::door::Door;
use crate::notices::Notices;
use crate::pump::driver::Board;
use crate::pump::{Answer, Lane, Snapshot};
use crate::slack::{Outcome, SlackClient};
use crate::views;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
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
        Method::Sms | Method::Voice | Method::Hook(_) => false,
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
            // Told before the last stop, or so it is taken: a restart is no news.
            let mut round = Round { told: nights(&self.board.snapshot()), ..Round::default() };
            let looking = async {
                loop {
                    let asked = self.look(&mut round).await;
                    self.warn(&mut round).await;
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
    async fn look(&self, round: &mut Round) -> BTreeSet<SlackUserId> {
        round.n += 1;
        let before = self.board.snapshot();
        let people = people(&before);
        let mut news = Vec::new();
        let mut over = None;
        for some in people.iter().collect::<Vec<_>>().chunks(AT_ONCE) {
            match self.ask(some).await {
                Ok(told) => news.extend(told),
                Err(why) => {
                    over = Some(why);
                    break;
                }
            }
        }
        self.say_why_not(round, over).await;
        // What Slack told of itself meanwhile is newer than its answer.
        let now = self.board.snapshot();
        let window = |of: &Snapshot, slack: &SlackUserId| of.world.dnd.get(slack).copied();
        news.retain(|(slack, new)| window(&before, slack) == window(&now, slack) && window(&now, slack) != *new);
        if news.is_empty() {
            return people;
        }
        let input = Input { id: InputId::minted('q', round.n), what: What::DoNotDisturb(news) };
        let Ok(answer) = self.door.submit(Lane::Inner, input, 0) else { return people };
        if let Ok(Answer::NotWritten(why)) = answer.await {
            tracing::warn!(why, "Do Not Disturb could not be saved; it is looked at again in a few minutes");
        }
        people
    }

    /// Whoever is not in the answer is none of this workspace's; nothing is known of them. One person whom Slack does
    /// not show must not hide the others: where it refuses several at once, each is asked for alone.
    async fn ask(&self, some: &[&SlackUserId]) -> Result<News, Trouble> {
        if let [one] = some {
            return self.ask_for(one).await;
        }
        let all: Vec<&str> = some.iter().map(|s| s.as_str()).collect();
        match self.client.call_now("dnd.teamInfo", &json!({ "users": all.join(",") })).await {
            Outcome::Ok(answer) => {
                let told =
                    |slack: &&SlackUserId| Some(((*slack).clone(), window(answer["users"].get(slack.as_str())?)));
                Ok(some.iter().filter_map(told).collect())
            }
            Outcome::Refused { error, .. } if !is_of_everybody(&error) => {
                let mut told = Vec::new();
                for one in some {
                    told.extend(self.ask_for(one).await?);
                }
                Ok(told)
            }
            other => Err(trouble(other)),
        }
    }

    async fn ask_for(&self, one: &SlackUserId) -> Result<News, Trouble> {
        match self.client.call_now("dnd.info", &json!({ "user": one })).await {
            Outcome::Ok(answer) => Ok(vec![(one.clone(), window(&answer))]),
            Outcome::Refused { error, .. } if !is_of_everybody(&error) => {
                tracing::debug!(user = %one, error, "Slack tells nothing of this person's Do Not Disturb");
                Ok(Vec::new())
            }
            other => Err(trouble(other)),
        }
    }

    /// The admins hear once why nobody could be asked for; a Slack that is away is in `/readyz`, and needs no words.
    async fn say_why_not(&self, round: &mut Round, over: Option<Trouble>) {
        match &over {
            Some(Trouble::Refused(error)) if round.refused.as_ref() != Some(error) => {
                tracing::warn!(error, "Do Not Disturb could not be looked at");
                self.notices.say(views::dnd::could_not_look(error)).await;
            }
            Some(Trouble::Away(why)) => tracing::warn!(why, "Do Not Disturb could not be looked at"),
            Some(Trouble::Refused(_)) | None => {}
        }
        match over {
            Some(Trouble::Refused(error)) => round.refused = Some(error),
            Some(Trouble::Away(_)) => {}
            None => round.refused = None,
        }
    }

    /// Who sleeps through every page is told to the admins, once for the same hours, whoever brought the news.
    async fn warn(&self, round: &mut Round) {
        let snapshot = self.board.snapshot();
        let nights = nights(&snapshot);
        let is_new = |(slack, hours): &(&SlackUserId, &String)| round.told.get(*slack) != Some(*hours);
        let new: Vec<(&User, &str)> = nights
            .iter()
            .filter(is_new)
            .filter_map(|(slack, hours)| Some((snapshot.directory.user_by_slack(slack)?, hours.as_str())))
            .collect();
        for (user, hours) in &new {
            tracing::warn!(user = %user.id, hours, "their only method is Slack, and it is silent then");
        }
        if !new.is_empty() && !self.notices.say(views::dnd::will_not_wake(&new)).await {
            return;
        }
        round.told = nights;
    }
}

/// What is remembered from one look to the next.
#[derive(Default)]
struct Round {
    n: u64,
    /// The hours that the admins were told of, of at most as many people as there are.
    told: BTreeMap<SlackUserId, String>,
    /// Slack's refusal that they were told of.
    refused: Option<String>,
}

/// Why nobody could be asked for.
enum Trouble {
    Refused(String),
    Away(String),
}

fn trouble(outcome: Outcome) -> Trouble {
    match outcome {
        Outcome::Refused { error, .. } => Trouble::Refused(error),
        other => Trouble::Away(other.name().to_owned()),
    }
}

/// Is this refusal about the app, and not about whom it asked for?
fn is_of_everybody(error: &str) -> bool {
    !matches!(error, "user_not_visible" | "user_not_found" | "users_not_found" | "no_users_provided" | "too_many_users")
}

/// Those whom a schedule or a policy names, who have nothing but Slack, and whose window is a night: its hours.
fn nights(snapshot: &Snapshot) -> BTreeMap<SlackUserId, String> {
    let d = &snapshot.directory;
    let in_steps = d.policies.values().flat_map(|p| &p.steps).flat_map(|s| &s.targets).filter_map(|t| match t {
        Target::User(user) => Some(user),
        Target::Schedule(_) | Target::Channel(_) => None,
    });
    let in_schedules = d.schedules.values().flat_map(Schedule::people);
    let asked: BTreeSet<&UserId> = in_steps.chain(in_schedules).collect();
    let night = |user: &&User| {
        let slack = user.slack.clone()?;
        let window = *snapshot.world.dnd.get(&slack)?;
        let is_night = window.until.0.saturating_sub(window.from.0) >= NIGHT_SECS * 1_000;
        (is_night && has_slack_only(user)).then(|| (slack, hours(window, user)))
    };
    d.users.values().filter(|user| asked.contains(&user.id)).filter_map(|user| night(&user)).collect()
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
