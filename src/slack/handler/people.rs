//! Who somebody is whom the configuration does not know, what they are answered, and how an admin lets them in.

use super::{Came, DECIDE, Handler, shown};
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, InputId, MessageRef, SlackUserId};
use crate::domain::input::{Admission, GuestNote, Introduction, Removal, What};
use crate::domain::people::{Newcomer, Standing};
use crate::domain::refusal::Refusal;
use crate::slack::Outcome;
use crate::slack::dispatch::Handled;
use crate::slack::translate::Place;
use crate::views::action_id::{Asker, Elsewhere, Subject};
use crate::views::{self, Message};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What Slack said of somebody is believed for this long, in milliseconds.
const BELIEVED_MS: i64 = 5 * 60 * 1_000;
/// Of at most so many people.
const REMEMBERED: usize = 1_000;
/// Slack is waited for at most this long, so that with [`AFTER_LOOK`] an acknowledgement comes within its 3 s.
const LOOK: Duration = Duration::from_millis(1_200);
/// What is decided after Slack was asked is waited for at most this long.
pub(super) const AFTER_LOOK: Duration = Duration::from_millis(1_500);
/// A name, in characters. Slack takes 80.
const NAME_CHARS: usize = 80;
/// An e-mail address, in characters (RFC 5321).
const EMAIL_CHARS: usize = 254;
/// A request that no admin sees is shown again this often.
const SHOW_AGAIN: Duration = Duration::from_secs(60);
/// What could not be said is tried again so often, after so long.
const TRIES: u32 = 3;
const AGAIN: Duration = Duration::from_secs(2);
/// Messages of the admin channel that are looked through for a request whose answer was lost.
const LOOKED_THROUGH: u32 = 100;
/// The `event_type` of a request's metadata. Any app of the workspace can read it: it holds ids only.
const METADATA: &str = "warridor_person";

/// Does the admin channel show who asks?
enum Shown {
    Yes,
    /// Another press is at it.
    UnderWay,
    /// Not yet, and why.
    No(String),
}

/// What Slack says of somebody.
#[derive(Clone, Debug)]
pub(super) enum Who {
    /// A full member of this workspace.
    Member(Introduction),
    /// A guest, somebody of another organisation, or an app.
    Outsider { name: String },
    /// Slack did not say.
    NotTold,
}

/// What Slack said of people, for a while. Cloning gives the same.
#[derive(Clone, Default)]
pub struct Faces(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    ours: Option<Ours>,
    /// With when it was said, on the steady clock.
    people: BTreeMap<SlackUserId, (i64, Who)>,
    /// Whose request is being posted: two presses make one message. No more than may wait.
    posting: BTreeSet<SlackUserId>,
}

/// The workspace of the bot's token.
#[derive(Clone, Debug)]
struct Ours {
    team: String,
    /// Of an Enterprise Grid organisation, whose people belong to several workspaces.
    enterprise: Option<String>,
    /// `acme` of `acme.slack.com`; empty where its address is another kind.
    domain: String,
}

impl Faces {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, slack: &SlackUserId, now_ms: i64) -> Option<Who> {
        let known = self.lock();
        known.people.get(slack).filter(|(said, _)| now_ms - said < BELIEVED_MS).map(|(_, who)| who.clone())
    }

    fn remember(&self, slack: &SlackUserId, now_ms: i64, who: &Who) {
        let people = &mut self.lock().people;
        if people.len() >= REMEMBERED {
            people.retain(|_, (said, _)| now_ms - *said < BELIEVED_MS);
        }
        if people.len() >= REMEMBERED
            && let Some(oldest) = people.iter().min_by_key(|(_, (said, _))| *said).map(|(id, _)| id.clone())
        {
            people.remove(&oldest);
        }
        people.insert(slack.clone(), (now_ms, who.clone()));
    }
}

impl Handler {
    /// Asks Slack who this is, unless it said so a moment ago.
    pub(super) async fn who(&self, slack: &SlackUserId) -> Who {
        let now_ms = self.clock.steady_ms();
        if let Some(who) = self.faces.known(slack, now_ms) {
            return who;
        }
        let who_asks = json!({ "user": slack });
        let asking = async { tokio::join!(self.ours(), self.client.call_now("users.info", &who_asks)) };
        let who = match tokio::time::timeout(LOOK, asking).await {
            Ok((Some(ours), Outcome::Ok(answer))) => read(slack, &answer["user"], &ours),
            Ok((_, outcome)) => {
                tracing::warn!(outcome = outcome.name(), "Slack did not say who somebody is");
                return Who::NotTold;
            }
            Err(_) => return Who::NotTold,
        };
        self.faces.remember(slack, now_ms, &who);
        who
    }

    /// The workspace's name in addresses; empty where Slack does not tell it now.
    pub(super) async fn domain(&self) -> String {
        let ours = tokio::time::timeout(LOOK, self.ours()).await;
        ours.ok().flatten().map(|ours| ours.domain).unwrap_or_default()
    }

    async fn ours(&self) -> Option<Ours> {
        if let Some(ours) = self.faces.lock().ours.clone() {
            return Some(ours);
        }
        let Outcome::Ok(answer) = self.client.call_now("auth.test", &json!({})).await else { return None };
        let enterprise = answer["enterprise_id"].as_str().map(str::to_owned);
        let url = answer["url"].as_str().and_then(|url| url.strip_prefix("https://")?.strip_suffix(".slack.com/"));
        let domain = url.unwrap_or_default().to_owned();
        let ours = Ours { team: answer["team_id"].as_str()?.to_owned(), enterprise, domain };
        self.faces.lock().ours = Some(ours.clone());
        Some(ours)
    }

    /// What somebody unknown is answered who wants to act. `about`: the incident they pressed a button of.
    pub(super) async fn stranger(&self, by: &SlackUserId, about: Option<Subject>) -> Message {
        stranger(&self.who(by).await, about)
    }

    /// A note by somebody whom the configuration does not know, who may write one.
    pub(super) async fn guest_note(
        &self,
        id: InputId,
        by: &SlackUserId,
        name: String,
        incident: IncidentNo,
        text: String,
    ) -> Came {
        let note = GuestNote { incident, slack: by.clone(), name, text };
        self.decide(id, What::GuestNote(note), AFTER_LOOK).await
    }

    /// "Add me."
    pub(super) async fn add_me(&self, envelope_id: &str, by: SlackUserId, place: Place) -> Handled {
        let title = "Warridor".to_owned();
        let snapshot = self.board.snapshot();
        let said = |this: &Self, by, place, words: String| this.later(by, place, title, Message::plain(words));
        if snapshot.directory.user_by_slack(&by).is_some() {
            let words = views::refusal::refusal(&Refusal::KnownAlready, &snapshot.directory);
            return said(self, by, place, words);
        }
        if self.paused {
            return said(self, by, place, views::people::paused());
        }
        let who = match self.who(&by).await {
            Who::Member(who) => who,
            other @ (Who::Outsider { .. } | Who::NotTold) => {
                return self.later(by, place, "Warridor".to_owned(), stranger(&other, None));
            }
        };
        match self.decide(envelope_id.into(), What::AddMe(who), AFTER_LOOK).await {
            Came::To { facts, .. } => {
                let is_new = facts.iter().any(|f| matches!(f, Fact::PersonAsked { .. }));
                self.in_background(|this| async move {
                    let shown = this.announce(&by, is_new).await;
                    let d = &this.board.snapshot().directory;
                    let words = match shown {
                        Shown::Yes => views::people::asked(d),
                        Shown::UnderWay => views::people::being_asked(),
                        Shown::No(why) => views::people::not_shown(&why, d),
                    };
                    this.answer(&by, place, "Warridor", &Message::plain(words)).await;
                })
            }
            other => self.undone(other, by, place, "Warridor".to_owned()),
        }
    }

    /// *Approve*, *Decline* or *Remove*.
    pub(super) async fn admission(
        &self,
        envelope_id: &str,
        by: SlackUserId,
        what: Elsewhere,
        asker: Option<Asker>,
        place: Place,
    ) -> Handled {
        let snapshot = self.board.snapshot();
        let title = || "Warridor".to_owned();
        let Some(Asker { store, slack }) = asker else {
            tracing::warn!("a button that lets somebody in or takes them out does not say whom");
            return Handled::Ack(None);
        };
        if store != snapshot.store {
            return self.later(by, place, title(), Message::plain(views::reply::from_another_store()));
        }
        let Some(user) = snapshot.directory.user_by_slack(&by) else {
            return self.in_background(|this| async move {
                let message = this.stranger(&by, None).await;
                this.answer(&by, place, "Warridor", &message).await;
            });
        };
        let admin = user.id.clone();
        let input = match what {
            Elsewhere::RemovePerson => What::RemovePerson(Removal { slack: slack.clone(), by: admin }),
            other => What::Admit(Admission { slack: slack.clone(), by: admin, approve: other == Elsewhere::Approve }),
        };
        let user = user.id.clone();
        match self.decide(envelope_id.into(), input, DECIDE).await {
            Came::To { facts, snapshot: after } => {
                let ended = facts.iter().filter_map(|f| match f {
                    Fact::OverrideRemoved { id, .. } => Some(*id),
                    _ => None,
                });
                let letters: Vec<_> = ended.flat_map(|id| self.news_of_end(&snapshot, &after, id, &user)).collect();
                let snapshot = after;
                let Some(who) = snapshot.world.people.get(&slack).cloned() else { return Handled::Ack(None) };
                let is_news = !facts.is_empty();
                self.in_background(|this| async move {
                    this.show_standing(&who, &place).await;
                    let told = this.tell_people(letters, &by, &place, &snapshot.directory).await;
                    let words = format!("{}{told}", views::people::decided(&who));
                    this.answer(&by, place, "Warridor", &Message::plain(words)).await;
                    if is_news {
                        this.tell_newcomer(&who).await;
                    }
                })
            }
            Came::Refused(refusal @ (Refusal::DecidedAlready { .. } | Refusal::RemovedAlready { .. })) => self
                .in_background(|this| async move {
                    // What they pressed is out of date.
                    let snapshot = this.board.snapshot();
                    if let Some(who) = snapshot.world.people.get(&slack) {
                        this.show_standing(who, &place).await;
                    }
                    let words = views::refusal::refusal(&refusal, &snapshot.directory);
                    this.answer(&by, place, "Warridor", &Message::plain(words)).await;
                }),
            other => self.undone(other, by, place, "Warridor".to_owned()),
        }
    }

    /// Shows requests that no admin sees yet, until `stop`: Slack did not take the message, or the process ended before.
    pub async fn show_requests(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(SHOW_AGAIN) => {}
            }
            if self.paused {
                continue;
            }
            let snapshot = self.board.snapshot();
            let unseen = snapshot.world.people.values().filter(|n| n.is_undecided() && n.notice.is_none());
            for slack in unseen.map(|n| n.slack.clone()) {
                // All of them go to one channel: what it does not take of one, it does not take of the next.
                if let Shown::No(why) = self.announce(&slack, false).await {
                    tracing::warn!(why, "Slack does not take the message that asks an admin about a person");
                    break;
                }
            }
        }
    }

    /// Shows in the admin channel who asks, if it is not known to stand there.
    async fn announce(&self, slack: &SlackUserId, is_new: bool) -> Shown {
        if !self.faces.lock().posting.insert(slack.clone()) {
            return Shown::UnderWay;
        }
        let shown = self.post_request(slack, is_new).await;
        self.faces.lock().posting.remove(slack);
        shown
    }

    async fn post_request(&self, slack: &SlackUserId, is_new: bool) -> Shown {
        let snapshot = self.board.snapshot();
        let Some(who) = snapshot.world.people.get(slack).filter(|n| n.is_undecided() && n.notice.is_none()) else {
            return Shown::Yes;
        };
        let metadata = json!({
            "event_type": METADATA,
            "event_payload": { "store": snapshot.store.to_string(), "person": slack },
        });
        let channel = &snapshot.directory.admin_channel;
        // Asked before and not known to be shown: the message may be there, and its answer lost.
        let found = if is_new { None } else { self.find_request(channel.as_str(), who, &metadata).await };
        let ts = match found {
            Some(ts) => ts,
            None => {
                let mut body = shown(&views::people::request(who, snapshot.store));
                body["channel"] = json!(channel);
                body["metadata"] = metadata;
                let outcome = self.insist("chat.postMessage", &body, false).await;
                match &outcome {
                    Outcome::Ok(answer) => match answer["ts"].as_str() {
                        Some(ts) => ts.to_owned(),
                        None => return Shown::No("an answer without a time stamp".to_owned()),
                    },
                    Outcome::Refused { error, .. } => return Shown::No(error.clone()),
                    Outcome::RateLimited { .. } | Outcome::NotSent(_) | Outcome::Unknown(_) => {
                        return Shown::No(outcome.name().replace('_', " "));
                    }
                }
            }
        };
        let message = MessageRef { channel: channel.clone(), ts: ts.as_str().into() };
        let id = InputId::minted('n', self.clock.now().0.unsigned_abs());
        let announced = What::Announced { slack: slack.clone(), message };
        if !matches!(self.decide(id, announced, DECIDE).await, Came::To { .. }) {
            tracing::warn!("which message asks an admin is not kept; the next press looks for it");
        }
        Shown::Yes
    }

    async fn find_request(&self, channel: &str, who: &Newcomer, metadata: &Value) -> Option<String> {
        let body = json!({
            "channel": channel, "limit": LOOKED_THROUGH, "include_all_metadata": true,
            "oldest": who.asked.secs().saturating_sub(60).to_string(),
        });
        let Outcome::Ok(answer) = self.client.call_now("conversations.history", &body).await else { return None };
        let ours = answer["messages"].as_array()?.iter().rfind(|m| m["metadata"] == *metadata)?;
        ours["ts"].as_str().map(str::to_owned)
    }

    /// The admin channel says who decided.
    async fn show_standing(&self, who: &Newcomer, place: &Place) {
        let snapshot = self.board.snapshot();
        let mut body = shown(&views::people::standing(who, &snapshot.directory, snapshot.store));
        let outcome = match (&who.notice, &place.response_url) {
            (Some(notice), _) => {
                body["channel"] = json!(notice.channel);
                body["ts"] = json!(notice.ts);
                self.insist("chat.update", &body, true).await
            }
            (None, Some(url)) => {
                body["replace_original"] = json!(true);
                self.client.respond(url, &body).await
            }
            (None, None) => return,
        };
        if !matches!(outcome, Outcome::Ok(_)) {
            tracing::warn!(outcome = outcome.name(), "who decided about a person is not shown in the admin channel");
        }
    }

    async fn tell_newcomer(&self, who: &Newcomer) {
        let directory = self.board.snapshot().directory.clone();
        let words = match &who.standing {
            Standing::Asked => return,
            Standing::Added { by, .. } => views::people::you_are_in(by, &directory),
            Standing::Declined { by, again_at, .. } => views::people::you_are_not_in(by, *again_at, &directory),
            Standing::Removed { by, again_at, .. } => views::people::you_are_out(by, *again_at, &directory),
        };
        let mut body = shown(&Message::plain(words));
        body["channel"] = json!(who.slack);
        let outcome = self.insist("chat.postMessage", &body, false).await;
        if !matches!(outcome, Outcome::Ok(_)) {
            tracing::warn!(outcome = outcome.name(), "somebody was not told what an admin decided about them");
        }
    }

    /// Tries a few times. `twice_is_once`: also where the call may have acted.
    pub(super) async fn insist(&self, method: &'static str, body: &Value, twice_is_once: bool) -> Outcome {
        let mut outcome = self.client.call_now(method, body).await;
        for _ in 1..TRIES {
            let again = match &outcome {
                Outcome::RateLimited { .. } | Outcome::NotSent(_) => true,
                Outcome::Unknown(_) => twice_is_once,
                Outcome::Ok(_) | Outcome::Refused { .. } => false,
            };
            if !again {
                break;
            }
            tokio::time::sleep(AGAIN).await;
            outcome = self.client.call_now(method, body).await;
        }
        outcome
    }
}

/// What somebody is answered who wants to act and is not known.
pub(super) fn stranger(who: &Who, about: Option<Subject>) -> Message {
    match who {
        Who::Member(_) => views::people::unknown(),
        Who::Outsider { .. } => views::people::outsider(about),
        Who::NotTold => Message::plain(views::people::not_told_who()),
    }
}

/// Reads the `user` of `users.info`. Source: docs.slack.dev/reference/objects/user-object. `is_stranger` is not set of
/// people of another organisation with whom a channel is shared; their team tells.
fn read(slack: &SlackUserId, user: &Value, ours: &Ours) -> Who {
    let is = |what: &str| user[what] == true;
    let text = |pointer: &str, chars: usize| {
        let text = user.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        text.chars().filter(|c| !c.is_control()).take(chars).collect::<String>().trim().to_owned()
    };
    let names = ["/profile/real_name", "/real_name", "/name"].map(|pointer| text(pointer, NAME_CHARS));
    let name = names.into_iter().find(|n| !n.is_empty()).unwrap_or_else(|| slack.to_string());
    let enterprise = user["enterprise_user"]["enterprise_id"].as_str();
    let is_ours =
        user["team_id"] == ours.team.as_str() || (enterprise.is_some() && enterprise == ours.enterprise.as_deref());
    let may_only_look =
        ["is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted"].into_iter().any(is);
    if !is_ours || may_only_look || slack.as_str() == "USLACKBOT" {
        return Who::Outsider { name };
    }
    let tz = user["tz"].as_str().and_then(|tz| tz.parse().ok()).unwrap_or(Tz::UTC);
    Who::Member(Introduction { slack: slack.clone(), name, email: text("/profile/email", EMAIL_CHARS), tz })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours { team: "T1".to_owned(), enterprise: Some("E1".to_owned()), domain: "acme".to_owned() }
    }

    fn is_member(user: &Value) -> bool {
        matches!(read(&"U1".into(), user, &ours()), Who::Member(_))
    }

    #[test]
    fn only_full_members_of_this_workspace_may_ask() {
        let rows = [
            (json!({ "team_id": "T1" }), true),
            (json!({ "team_id": "T1", "is_restricted": false, "is_bot": false }), true),
            (json!({ "team_id": "T2", "enterprise_user": { "enterprise_id": "E1" } }), true),
            (json!({ "team_id": "T2", "enterprise_user": { "enterprise_id": "E2" } }), false),
            (json!({ "team_id": "T2" }), false),
            (json!({}), false),
            (json!({ "team_id": "T1", "is_restricted": true }), false),
            (json!({ "team_id": "T1", "is_ultra_restricted": true }), false),
            (json!({ "team_id": "T1", "is_stranger": true }), false),
            (json!({ "team_id": "T1", "is_bot": true }), false),
            (json!({ "team_id": "T1", "deleted": true }), false),
        ];
        for (user, expected) in rows {
            assert_eq!(is_member(&user), expected, "{user}");
        }
    }

    #[test]
    fn what_slack_says_of_a_person_is_bounded_and_has_its_defaults() {
        let user = json!({
            "team_id": "T1", "name": "zoe", "tz": "Mars/Olympus",
            "profile": { "real_name": format!(" Zoe\n{}", "x".repeat(200)), "email": "z".repeat(300) },
        });
        let Who::Member(zoe) = read(&"U1".into(), &user, &ours()) else { panic!("a member") };
        assert_eq!((zoe.name.chars().count(), zoe.email.chars().count(), zoe.tz), (79, 254, Tz::UTC));
        let nameless = read(&"U1".into(), &json!({ "team_id": "T1" }), &ours());
        assert!(matches!(nameless, Who::Member(i) if i.name == "U1" && i.email.is_empty()));
    }

    #[test]
    fn what_slack_said_is_believed_for_a_while_and_of_so_many_people_only() {
        let faces = Faces::default();
        let guest = Who::Outsider { name: "Zoe".to_owned() };
        for n in 0..=REMEMBERED {
            let at = i64::try_from(n).expect("a small number");
            faces.remember(&format!("U{n}").into(), at, &guest);
        }
        assert_eq!(faces.lock().people.len(), REMEMBERED);
        assert!(faces.known(&"U0".into(), 1_000).is_none(), "the oldest went");
        assert!(faces.known(&"U1".into(), 1_000).is_some());
        assert!(faces.known(&"U1".into(), 1 + BELIEVED_MS).is_none(), "long ago");
    }
}
