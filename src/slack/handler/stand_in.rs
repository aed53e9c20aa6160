//! Somebody carries the pager for somebody else, or does not any more; whoever is concerned is told.

use super::commands::Typed;
use super::{ANSWER, Came, Handler, shown};
use crate::command::{Meant, OnCall};
use crate::domain::directory::{Directory, User};
use crate::domain::duty::{also_carried, relieved};
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, OverrideId, ScheduleId, SlackUserId, UserId};
use crate::domain::input::{OverrideRequest, What};
use crate::domain::schedule::{Override, resolve};
use crate::domain::stamp::At;
use crate::pump::Snapshot;
use crate::slack::Outcome;
use crate::slack::translate::Place;
use crate::views::oncall::Untold;
use crate::views::{self, Message};
use serde_json::json;
use std::time::Duration;
use tokio::sync::oneshot;

/// With [`ANSWER`] less than Slack waits for a command's answer (3 s). Whom Slack did not take a message to by then is
/// told of later, to whoever typed the command.
const TELL: Duration = Duration::from_millis(600);

/// What one person is told.
pub(super) type Letter = (UserId, String);

impl Handler {
    /// `override` and `take`.
    pub(super) async fn stand_in(&self, s: &Snapshot, on_call: OnCall, user: &User, typed: &Typed<'_>) -> Message {
        let me = user.id.clone();
        let (schedule, who, from, until, meant) = match on_call {
            OnCall::Override { schedule, who, from, until, meant } => (schedule, who, from, until, meant),
            OnCall::Take { schedule, from, until, meant } => (schedule, me.clone(), from, until, meant),
            OnCall::EndOverride(id) => return self.end_override(s, id, user, typed).await,
            OnCall::Test => return self.test_typed(&me, typed).await,
            OnCall::Everybody
            | OnCall::Team(_)
            | OnCall::Schedule(_)
            | OnCall::Calendar(_)
            | OnCall::Gaps(_)
            | OnCall::Me
            | OnCall::Ready
            | OnCall::Overrides
            | OnCall::Help => return self.on_call_help(typed),
        };
        let request = OverrideRequest { schedule, user: who, from, until, by: me };
        match self.decide(typed.id.into(), What::Override(request.clone()), ANSWER).await {
            Came::To { facts, snapshot } => {
                let d = &snapshot.directory;
                let instead = on_call_at(s, &request.schedule, from);
                let is_morning = meant == Some(Meant::Today);
                let said = views::oncall::stands_in(&request, instead.as_ref(), is_morning, d);
                let span = (request.from, request.until);
                let also = also_carried(&snapshot.world, d, &request.schedule, &request.user, span);
                let made = facts.iter().find_map(|f| match f {
                    Fact::OverrideSet(made) => Some(made),
                    _ => None,
                });
                let command = self.on_call_command(typed.command);
                let undo = made.map(|made| views::oncall::how_to_end(made, &command));
                // What makes it dangerous stands before all else.
                let also = also.map(|also| views::oncall::backs_themselves_up(&request, &also, undo.as_deref(), d));
                let said = Message::plain(format!("{}{}", also.unwrap_or_default(), said.text));
                // Decided before: they were told then.
                let Some(made) = made else { return said };
                let told = self.tell_people(news(s, made, &command, d), typed.by, typed.place, d).await;
                Message::plain(format!("{}{told}", said.text))
            }
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    async fn end_override(&self, s: &Snapshot, id: OverrideId, user: &User, typed: &Typed<'_>) -> Message {
        let end = What::EndOverride { id, by: user.id.clone() };
        match self.decide(typed.id.into(), end, ANSWER).await {
            Came::To { facts, snapshot } => {
                let Some(ended) = s.world.overrides.get(&id) else {
                    return Message::plain(views::oncall::ended_before(id));
                };
                let now = self.clock.now();
                let carries = (ended.from <= now).then(|| on_call_at(&snapshot, &ended.schedule, now));
                let said = views::oncall::ended(ended, carries.as_ref().map(Option::as_ref), &s.directory);
                if facts.is_empty() {
                    return Message::plain(said);
                }
                let letters = self.news_of_end(s, &snapshot, id, &user.id);
                let told = self.tell_people(letters, typed.by, typed.place, &snapshot.directory).await;
                Message::plain(format!("{said}{told}"))
            }
            other => self.not_done(other, typed, IncidentNo(0)),
        }
    }

    /// What is to be told of an override that `by` ended: to who stood in, to whose turn counts again, and to who made
    /// it.
    pub(super) fn news_of_end(&self, before: &Snapshot, after: &Snapshot, id: OverrideId, by: &UserId) -> Vec<Letter> {
        let Some(ended) = before.world.overrides.get(&id) else { return Vec::new() };
        let d = &before.directory;
        let now = self.clock.now();
        let left = (ended.from.max(now), ended.until);
        let schedule = after.directory.schedules.get(&ended.schedule);
        let back = schedule.map(|s| relieved(&after.world, s, left, &ended.user)).unwrap_or_default();
        let carries = on_call_at(after, &ended.schedule, left.0);
        let words = views::oncall::not_on_call_any_more(ended, by, carries.as_ref(), d);
        let mut letters = vec![(ended.user.clone(), words)];
        let is_now = |user: &UserId| ended.from <= now && carries.as_ref() == Some(user);
        let again = |user: &UserId| views::oncall::on_call_again(ended, by, is_now(user), d);
        letters.extend(back.iter().map(|user| (user.clone(), again(user))));
        if ended.by != ended.user && !back.contains(&ended.by) {
            letters.push((ended.by.clone(), views::oncall::your_override_ended(ended, by, d)));
        }
        letters.retain(|(user, _)| user != by && after.directory.users.contains_key(user));
        letters
    }

    /// Writes to each of them. What is to be said about that to whoever made them write, `author`; empty where nobody is
    /// concerned.
    pub(super) async fn tell_people(
        &self,
        letters: Vec<Letter>,
        author: &SlackUserId,
        place: &Place,
        d: &Directory,
    ) -> String {
        let began_ms = self.clock.real_ms();
        let mut under_way = Vec::new();
        let (mut told, mut untold) = (Vec::new(), Vec::new());
        for (user, words) in letters {
            let slack = d.users.get(&user).and_then(|u| u.slack.clone());
            match slack {
                _ if self.paused => untold.push((user, Untold::Paused)),
                None => untold.push((user, Untold::NoSlackId)),
                Some(slack) => {
                    let (say, heard) = oneshot::channel();
                    tokio::spawn(self.clone().write(user.clone(), slack, words, say, author.clone(), place.clone()));
                    under_way.push((user, heard));
                }
            }
        }
        for (user, mut heard) in under_way {
            let gone = Duration::from_millis((self.clock.real_ms() - began_ms).unsigned_abs());
            let came = tokio::time::timeout(TELL.saturating_sub(gone), &mut heard).await;
            // From here on it is said to the author.
            heard.close();
            let why = came.ok().or_else(|| heard.try_recv().ok().map(Ok)).and_then(Result::ok).flatten();
            match why {
                None => told.push(user),
                Some(why) => untold.push((user, Untold::Slack(why))),
            }
        }
        views::oncall::told(&told, &untold, d)
    }

    /// `say`: nothing when it was written, else why not. Where nobody listens there any more, the author hears it.
    async fn write(
        self,
        user: UserId,
        to: SlackUserId,
        words: String,
        say: oneshot::Sender<Option<String>>,
        author: SlackUserId,
        place: Place,
    ) {
        let mut body = shown(&Message::plain(words));
        body["channel"] = json!(to);
        let outcome = self.insist("chat.postMessage", &body, false).await;
        let why = match &outcome {
            Outcome::Ok(_) => None,
            Outcome::Refused { error, .. } => Some(error.clone()),
            Outcome::RateLimited { .. } | Outcome::NotSent(_) | Outcome::Unknown(_) => Some(outcome.name().to_owned()),
        };
        if why.is_some() {
            tracing::warn!(user = user.as_str(), outcome = outcome.name(), "somebody was not told of an override");
        }
        if let Err(Some(why)) = say.send(why) {
            let d = self.board.snapshot().directory.clone();
            let words = views::oncall::told(&[], &[(user, Untold::Slack(why))], &d);
            self.whisper(&author, place.channel, place.thread.as_deref(), &Message::plain(words.trim().to_owned()));
        }
    }
}

/// What is to be told of an override: to who stands in, and to whom they relieve. `before`: as things were without it.
fn news(before: &Snapshot, made: &Override, command: &str, d: &Directory) -> Vec<Letter> {
    let schedule = before.directory.schedules.get(&made.schedule);
    let out = schedule.map(|s| relieved(&before.world, s, (made.from, made.until), &made.user)).unwrap_or_default();
    let mut letters = vec![(made.user.clone(), views::oncall::put_on_call(made, out.first(), command, d))];
    letters.extend(out.into_iter().map(|user| (user, views::oncall::relieved(made, command, d))));
    letters.retain(|(user, _)| *user != made.by);
    letters
}

fn on_call_at(s: &Snapshot, schedule: &ScheduleId, at: At) -> Option<UserId> {
    let schedule = s.directory.schedules.get(schedule)?;
    resolve(schedule, s.world.overrides.values(), at).who
}
