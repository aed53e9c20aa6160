//! Envelopes handled: what somebody did becomes an input, is durable, and only then acknowledged. Reads never enter the
//! pump.

use super::command::{self, Command};
use super::dispatch::{EnvelopeHandler, Handled};
use super::envelope::Envelope;
use super::translate::{Gesture, gesture};
use super::{Outcome, SlackClient};
use crate::clock::Clock;
use crate::config::{Means, SlashCommand};
use crate::domain::directory::User;
use crate::domain::fact::Fact;
use crate::domain::id::{IncidentNo, InputId, SlackUserId};
use crate::domain::incident::Incident;
use crate::domain::input::{Act, Deed, Input, What};
use crate::domain::response::snooze_choices;
use crate::domain::schedule::now_and_next;
use crate::domain::stamp::At;
use crate::door::Door;
use crate::outbox::driver::OutboxHandle;
use crate::pump::driver::Board;
use crate::pump::{Answer, Facts, Lane, Snapshot};
use crate::views::action_id::{SNOOZE_BLOCK, Subject};
use crate::views::oncall::Watch;
use crate::views::{self, Message};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Slack wants its acknowledgement within 3 s; an input not decided by then leaves it out, and Slack shows the person a
/// warning.
const DECIDE: Duration = Duration::from_millis(2_500);
/// A command and a modal carry their answer in the acknowledgement.
const ANSWER: Duration = Duration::from_secs(2);
/// The bytes an input of a person counts for.
const INPUT_BYTES: usize = 512;

/// Everything a gesture may need. Cloning gives the same.
#[derive(Clone)]
pub struct Handler {
    pub door: Door,
    pub board: Arc<Board>,
    pub client: SlackClient,
    pub clock: Clock,
    pub outbox: OutboxHandle,
    /// The slash commands there are, with their `/`. One that was renamed since means everything.
    pub commands: Vec<SlashCommand>,
    /// A restored copy that nobody confirmed: nothing is posted and nobody is paged.
    pub paused: bool,
    /// Reads a closed incident for those who ask about it.
    pub archive: Arc<dyn Fn(IncidentNo) -> Option<Incident> + Send + Sync>,
}

/// What an act came to.
enum Came {
    To {
        facts: Facts,
        snapshot: Arc<Snapshot>,
    },
    Refused {
        why: String,
        incident: IncidentNo,
    },
    NotSaved,
    Busy,
    /// Not decided in time; it may still be.
    Late,
}

impl EnvelopeHandler for Handler {
    async fn handle(&self, envelope: Envelope) -> Handled {
        match gesture(&envelope) {
            Gesture::Press { by, subject, deed, response_url } => {
                self.press(&envelope.envelope_id, &by, subject, deed, response_url).await
            }
            Gesture::OpenSnooze { by, subject, trigger_id, response_url } => {
                let this = self.clone();
                tokio::spawn(async move { this.open_snooze(&by, subject, &trigger_id, response_url).await });
                Handled::Ack(None)
            }
            Gesture::SubmitSnooze { by, subject, until, view } => self.submit_snooze(&by, subject, until, view).await,
            Gesture::Slash { by, command, text, response_url, .. } => {
                self.slash(&envelope.envelope_id, &by, &command, &text, response_url).await
            }
            Gesture::Unclear { response_url, why, .. } => {
                tracing::warn!(envelope = ?envelope, why, "an envelope of ours is damaged");
                self.tell(response_url, "I did not understand that click. Use `/pager list` to go on.".to_owned());
                Handled::Ack(None)
            }
            Gesture::NotForUs => Handled::Ack(None),
        }
    }
}

impl Handler {
    async fn press(
        &self,
        envelope_id: &str,
        by: &SlackUserId,
        subject: Subject,
        deed: Deed,
        response_url: Option<String>,
    ) -> Handled {
        let snapshot = self.board.snapshot();
        let user = match self.admit(&snapshot, by, subject) {
            Ok(user) => user,
            Err(why) => {
                self.tell(response_url, why);
                return Handled::Ack(None);
            }
        };
        let act = Act { incident: subject.incident, by: user.id.clone(), deed };
        match self.decide(envelope_id.into(), act, DECIDE).await {
            Came::To { facts, snapshot } => {
                if facts.iter().any(|f| matches!(f, Fact::ActLate { .. })) {
                    self.outbox.refresh(subject.incident, At(self.clock.steady_ms()));
                }
                self.tell(response_url, told(&facts, &snapshot, subject.incident));
                Handled::Ack(None)
            }
            Came::Refused { why, incident } => {
                // They pressed a button that should not be there: what they see is out of date.
                self.outbox.refresh(incident, At(self.clock.steady_ms()));
                self.tell(response_url, why);
                Handled::Ack(None)
            }
            Came::NotSaved => {
                self.tell(response_url, views::reply::not_saved());
                Handled::NoAck("not saved".to_owned())
            }
            Came::Busy => {
                self.tell(response_url, views::reply::busy());
                Handled::NoAck("too much waits".to_owned())
            }
            Came::Late => Handled::NoAck("not decided in time".to_owned()),
        }
    }

    async fn open_snooze(&self, by: &SlackUserId, subject: Subject, trigger_id: &str, response_url: Option<String>) {
        let snapshot = self.board.snapshot();
        let user = match self.admit(&snapshot, by, subject) {
            Ok(user) => user,
            Err(why) => return self.tell(response_url, why),
        };
        let incident = snapshot.world.incident(subject.incident).filter(|i| !i.is_resolved()).cloned();
        let Some(incident) = incident else {
            self.outbox.refresh(subject.incident, At(self.clock.steady_ms()));
            let why = format!("{} is not open any more, so there is nothing to snooze.", subject.incident);
            return self.tell(response_url, why);
        };
        let choices = snooze_choices(self.clock.now(), user.tz);
        let view = views::modal::snooze(&incident, &choices, subject);
        match self.client.call_now("views.open", &json!({ "trigger_id": trigger_id, "view": view })).await {
            Outcome::Ok(_) => {}
            other => {
                tracing::warn!(outcome = other.name(), "the snooze modal could not be opened");
                let why = "Slack did not open the window in time. Nothing was changed: press *Snooze…* again.";
                self.tell(response_url, why.to_owned());
            }
        }
    }

    async fn submit_snooze(&self, by: &SlackUserId, subject: Subject, until: At, view: String) -> Handled {
        let snapshot = self.board.snapshot();
        let user = match self.admit(&snapshot, by, subject) {
            Ok(user) => user,
            Err(why) => return Handled::Ack(Some(errors(&why))),
        };
        let act = Act { incident: subject.incident, by: user.id.clone(), deed: Deed::Snooze { until } };
        match self.decide(InputId::from(view), act.clone(), ANSWER).await {
            Came::To { facts, snapshot } => {
                self.whisper(by, subject.incident, told(&facts, &snapshot, subject.incident));
                Handled::Ack(None)
            }
            Came::Refused { why, .. } => Handled::Ack(Some(errors(&why))),
            Came::NotSaved => Handled::Ack(Some(errors(&views::reply::not_saved()))),
            Came::Busy => Handled::Ack(Some(errors(&views::reply::busy()))),
            // The window closes; pressing Snooze again is harmless.
            Came::Late => {
                let why = format!("{}: that takes long. Its card will show whether it is snoozed.", subject.incident);
                self.whisper(by, subject.incident, why);
                Handled::Ack(None)
            }
        }
    }

    async fn slash(
        &self,
        envelope_id: &str,
        by: &SlackUserId,
        command: &str,
        text: &str,
        response_url: Option<String>,
    ) -> Handled {
        let snapshot = self.board.snapshot();
        let means = self.commands.iter().find(|c| c.name == command).map_or(Means::Pager, |c| c.means);
        let parsed = match command::parse(means, command, text) {
            Ok(parsed) => parsed,
            Err(e) => return answer(&views::list::not_understood(command, text, &e.mend)),
        };
        let (incident, deed) = match parsed {
            Command::Help => return answer(&views::list::help(command)),
            Command::OnCallHelp => return answer(&views::oncall::help(command)),
            Command::OnCall(team) => return answer(&on_call(&snapshot, team.as_deref(), self.clock.now())),
            Command::List if self.paused => return answer(&views::list::paused(list(&snapshot))),
            Command::List => return answer(&list(&snapshot)),
            Command::Show(no) => return answer(&self.show(&snapshot, no)),
            Command::Acknowledge(no) => (no, Deed::Acknowledge),
            Command::Escalate(no) => (no, Deed::Escalate),
            Command::Resolve(no, note) => (no, Deed::Resolve { note }),
            Command::Note(no, text) => (no, Deed::Note { text }),
        };
        let Some(user) = snapshot.directory.user_by_slack(by) else {
            return answer(&Message::plain(views::reply::unknown_person()));
        };
        let act = Act { incident, by: user.id.clone(), deed };
        match self.decide(envelope_id.into(), act, ANSWER).await {
            Came::To { facts, snapshot } => answer(&Message::plain(told(&facts, &snapshot, incident))),
            Came::Refused { why, .. } => answer(&Message::plain(why)),
            Came::NotSaved => answer(&Message::plain(views::reply::not_saved())),
            Came::Busy => answer(&Message::plain(views::reply::busy())),
            Came::Late => {
                let why = format!("{incident}: that takes long. `{command} show {}` says how it stands.", incident.0);
                self.tell(response_url, why);
                Handled::Ack(None)
            }
        }
    }

    fn show(&self, snapshot: &Snapshot, no: IncidentNo) -> Message {
        let open = snapshot.world.incident(no).map(|i| (**i).clone());
        match open.or_else(|| (self.archive)(no)) {
            Some(incident) => views::list::show(&incident, &snapshot.directory, snapshot.store),
            None => {
                let refusal = crate::domain::refusal::Refusal::NoSuchIncident(no);
                Message::plain(views::refusal::refusal(&refusal, &snapshot.directory))
            }
        }
    }

    /// Known, and pressing something of this very store.
    fn admit<'a>(&self, snapshot: &'a Snapshot, by: &SlackUserId, subject: Subject) -> Result<&'a User, String> {
        if subject.store != snapshot.store {
            return Err(views::reply::from_another_store());
        }
        snapshot.directory.user_by_slack(by).ok_or_else(views::reply::unknown_person)
    }

    async fn decide(&self, id: InputId, act: Act, within: Duration) -> Came {
        let incident = act.incident;
        let input = Input { id, what: What::Act(act) };
        let Ok(answer) = self.door.submit(Lane::People, input, INPUT_BYTES) else { return Came::Busy };
        match tokio::time::timeout(within, answer).await {
            Err(_) => Came::Late,
            // The pump is gone without knowing whether this is on disk: say nothing.
            Ok(Err(_)) => Came::Late,
            Ok(Ok(Answer::Decided { facts, snapshot })) => Came::To { facts, snapshot },
            Ok(Ok(Answer::DecidedBefore { snapshot })) => Came::To { facts: Facts::default(), snapshot },
            Ok(Ok(Answer::Refused { refusal, snapshot })) => {
                Came::Refused { why: views::refusal::refusal(&refusal, &snapshot.directory), incident }
            }
            Ok(Ok(Answer::NotWritten(why))) => {
                tracing::error!(why, "what a person did could not be saved");
                Came::NotSaved
            }
        }
    }

    /// Tells the person who pressed, privately. May be lost; nothing depends on it.
    fn tell(&self, response_url: Option<String>, text: String) {
        let Some(url) = response_url else { return };
        let client = self.client.clone();
        tokio::spawn(async move {
            let body = json!({ "response_type": "ephemeral", "replace_original": false, "text": text });
            let outcome = client.respond(&url, &body).await;
            if !matches!(outcome, Outcome::Ok(_)) {
                tracing::warn!(outcome = outcome.name(), "a private answer was not delivered");
            }
        });
    }

    /// Tells somebody privately, beside the incident's card.
    fn whisper(&self, to: &SlackUserId, incident: IncidentNo, text: String) {
        let snapshot = self.board.snapshot();
        let Some(channel) = snapshot.world.incident(incident).map(|i| i.channel.clone()) else { return };
        let (client, to) = (self.client.clone(), to.clone());
        tokio::spawn(async move {
            let body = json!({ "channel": channel, "user": to, "text": text });
            let outcome = client.call_now("chat.postEphemeral", &body).await;
            if !matches!(outcome, Outcome::Ok(_)) {
                tracing::warn!(outcome = outcome.name(), "a private answer was not delivered");
            }
        });
    }
}

fn told(facts: &[Fact], snapshot: &Snapshot, no: IncidentNo) -> String {
    match snapshot.world.incident(no) {
        Some(after) => views::reply::act(facts, after, &snapshot.directory),
        None => format!("{no} is closed."),
    }
}

fn list(snapshot: &Snapshot) -> Message {
    let mut open: Vec<&Incident> = snapshot.world.open_incidents().map(|i| &**i).collect();
    open.sort_by_key(|i| (std::cmp::Reverse(i.urgency), !i.is_triggered(), i.tier, i.no));
    views::list::list(&open, &snapshot.directory)
}

fn on_call(snapshot: &Snapshot, team: Option<&str>, now: At) -> Message {
    let overrides: Vec<_> = snapshot.world.overrides.values().collect();
    let watch = |schedule| {
        let (now, next) = now_and_next(schedule, &overrides, now);
        Watch { schedule, now, next }
    };
    let watches: Vec<Watch<'_>> = snapshot.directory.schedules.values().map(watch).collect();
    views::oncall::oncall(team, &watches, &snapshot.directory)
}

fn errors(why: &str) -> Value {
    json!({ "response_action": "errors", "errors": { SNOOZE_BLOCK: why } })
}

fn answer(message: &Message) -> Handled {
    let attachments: Vec<Value> =
        message.colored.iter().map(|c| json!({ "color": c.color, "blocks": c.blocks })).collect();
    Handled::Ack(Some(json!({
        "response_type": "ephemeral", "text": message.text, "blocks": message.blocks, "attachments": attachments,
    })))
}
