//! Envelopes handled: what somebody did becomes an input, is durable, and only then acknowledged. Reads never enter the
//! pump.

use super::dispatch::{EnvelopeHandler, Handled};
use super::envelope::Envelope;
use super::translate::{Gesture, Place, gesture};
use super::{Outcome, SlackClient};
use crate::clock::Clock;
use crate::config::SlashCommand;
use crate::domain::directory::User;
use crate::domain::fact::Fact;
use crate::domain::help;
use crate::domain::hold::HeldThen;
use crate::domain::id::{ChannelId, IncidentNo, InputId, SlackUserId, UserId};
use crate::domain::incident::{Entry, Incident};
use crate::domain::input::{Input, What};
use crate::domain::misconfigured::came_before;
use crate::domain::quiet as windows_of;
use crate::domain::refusal::Refusal;
use crate::domain::stamp::{At, Stamp};
use crate::door::Door;
use crate::drafts::Drafts;
use crate::kept::Kept;
use crate::outbox::driver::OutboxHandle;
use crate::pump::driver::Board;
use crate::pump::{Answer, Facts, Lane, Snapshot};
use crate::views::action_id::{Asker, Elsewhere, Origin, Shortcut, Subject};
use crate::views::{self, Message};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

mod by_hand;
mod commands;
mod draft;
mod forms;
mod going_on;
mod handoff;
pub mod home;
mod items;
mod misconfigured;
mod overheard;
pub mod people;
mod prepare;
pub mod press;
mod quiet;
mod rca;
mod run;
mod several;
mod stand_in;
mod triage;
mod windows;

/// Slack wants its acknowledgement within 3 s; an input not decided by then leaves it out, and Slack shows the person a
/// warning.
const DECIDE: Duration = Duration::from_millis(2_500);
/// A command and a modal carry their answer in the acknowledgement.
const ANSWER: Duration = Duration::from_secs(2);
/// The bytes an input of a person counts for.
const INPUT_BYTES: usize = 512;

/// Reads a closed incident.
pub type Archive = Arc<dyn Fn(IncidentNo) -> Option<Incident> + Send + Sync>;
/// Reads the newest timeline entries that left memory, the newest first, at most so many.
pub type History = Arc<dyn Fn(IncidentNo, usize) -> Vec<Entry> + Send + Sync>;

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
    pub archive: Archive,
    pub history: History,
    /// What Slack said of people whom the configuration does not know.
    pub faces: people::Faces,
    /// The Home tabs that are kept true.
    pub homes: home::Homes,
    /// Playbooks that people draft.
    pub drafts: Drafts,
    /// The emoji that puts a message into the timeline, and what is kept for that.
    pub reaction: Option<Reaction>,
}

/// What a reaction needs. Cloning gives the same.
#[derive(Clone)]
pub struct Reaction {
    /// Without colons.
    pub emoji: Arc<str>,
    pub kept: Kept,
}

/// What an input came to.
enum Came {
    To {
        facts: Facts,
        snapshot: Arc<Snapshot>,
    },
    Refused(Refusal),
    NotSaved,
    Busy,
    /// Not decided in time; it may still be.
    Late,
}

impl Came {
    /// `None`: it was not decided in time.
    fn of(answer: Option<Answer>) -> Self {
        match answer {
            None => Self::Late,
            Some(Answer::Decided { facts, snapshot }) => Self::To { facts, snapshot },
            Some(Answer::DecidedBefore { snapshot }) => Self::To { facts: Facts::default(), snapshot },
            Some(Answer::Refused { refusal, .. }) => Self::Refused(refusal),
            Some(Answer::NotWritten(why)) => {
                tracing::error!(why, "what a person did could not be saved");
                Self::NotSaved
            }
        }
    }
}

/// Why somebody is not admitted.
enum Turned {
    /// What they pressed is of another installation.
    AnotherStore,
    /// Nobody known has this Slack id.
    Unknown,
}

impl EnvelopeHandler for Handler {
    async fn handle(&self, envelope: Envelope) -> Handled {
        let id = &envelope.envelope_id;
        match gesture(&envelope) {
            Gesture::Press { by, action, subject, place } => self.press(id, &by, action, subject, place).await,
            Gesture::Elsewhere { by, what, chosen, place } => match what {
                Elsewhere::AcknowledgeAll => self.acknowledge_all(id, &by, chosen, place).await,
                Elsewhere::AddMe => self.add_me(id, by, place).await,
                Elsewhere::Approve | Elsewhere::Decline | Elsewhere::RemovePerson => {
                    let asker = chosen.as_deref().and_then(Asker::parse);
                    self.admission(id, by, what, asker, place).await
                }
                Elsewhere::EndQuiet | Elsewhere::ExtendQuiet => self.quiet_pressed(id, &by, what, chosen, place).await,
                Elsewhere::Mended => self.mended_pressed(id, &by, chosen, place).await,
                Elsewhere::AcceptHandoff | Elsewhere::OfferHandoff | Elsewhere::WriteHandoff => {
                    self.handoff_pressed(id, by, what, chosen, place).await
                }
                Elsewhere::Ready => self.ready_pressed(id, by, chosen, place).await,
                Elsewhere::TestPage => self.test_pressed(id, by, chosen, place).await,
                Elsewhere::OpenRca
                | Elsewhere::RcaFelt
                | Elsewhere::RcaNotFelt
                | Elsewhere::RcaPiece
                | Elsewhere::RcaOwner
                | Elsewhere::RcaExcuse
                | Elsewhere::RcaComplete
                | Elsewhere::RcaTakeUp => self.rca_pressed(id, by, what, chosen, place).await,
                Elsewhere::NotMine
                | Elsewhere::NotNow
                | Elsewhere::CanWait
                | Elsewhere::Major
                | Elsewhere::NotMajor
                | Elsewhere::AddFixer
                | Elsewhere::TriageSince
                | Elsewhere::AllFeelIt
                | Elsewhere::SomeFeelIt
                | Elsewhere::InsideFeelIt
                | Elsewhere::NobodyFeelsIt
                | Elsewhere::GetsWorse
                | Elsewhere::StaysSame
                | Elsewhere::GetsBetter => self.triage_pressed(id, by, what, chosen, place).await,
                Elsewhere::ItemDone | Elsewhere::ItemChange | Elsewhere::ItemReopen => {
                    self.item_pressed(id, by, what, chosen, place).await
                }
                Elsewhere::BeginPlaybook
                | Elsewhere::BeginAgain
                | Elsewhere::StepDone
                | Elsewhere::SkipStep
                | Elsewhere::StepStuck
                | Elsewhere::StepJumps
                | Elsewhere::StepChosen
                | Elsewhere::StepBack
                | Elsewhere::StepPages => self.run_pressed(id, by, what, chosen, place).await,
                Elsewhere::Raise | Elsewhere::RaiseService | Elsewhere::ListAll | Elsewhere::Playbook => {
                    self.in_background(|this| async move { this.elsewhere(&by, what, chosen, place).await })
                }
            },
            Gesture::Shortcut { by, what, said, place } => self.in_background(|this| async move {
                match what {
                    Shortcut::Announce => this.announce_from(&by, &said, place).await,
                    Shortcut::Quote => this.quote_from(&by, &said, place).await,
                    Shortcut::Raise => this.raise_from(&by, &said, place).await,
                }
            }),
            Gesture::Submit { by, form, filled, origin, view, below } => {
                let sent = forms::Sent { by, form, origin, view, below };
                self.submit(sent, filled).await
            }
            Gesture::Slash { by, command, text, place } => self.slash(id, &by, &command, &text, place).await,
            Gesture::Said { by, channel, text, event } => self.said(&by, channel, &text, &event).await,
            Gesture::Overheard { said, changed, thread, is_ours } => {
                self.overheard(said, changed, &thread, is_ours).await
            }
            Gesture::Unsaid { message } => self.unsaid(message).await,
            Gesture::Reacted { by, name, message, event } => self.reacted(&by, &name, &message, &event).await,
            Gesture::DoNotDisturb { who, window } => {
                let what = What::DoNotDisturb(vec![(who, window)]);
                match self.decide(id.as_str().into(), what, DECIDE).await {
                    Came::To { .. } | Came::Refused(_) => Handled::Ack(None),
                    // Slack sends it again; and everybody is asked for every few minutes.
                    Came::NotSaved | Came::Busy | Came::Late => {
                        Handled::NoAck("Do Not Disturb could not be saved".to_owned())
                    }
                }
            }
            Gesture::HomeOpened { by } => self.in_background(|this| async move { this.publish_home(&by).await }),
            Gesture::Unclear { response_url, why, .. } => {
                tracing::warn!(envelope = ?envelope, why, "an envelope of ours is damaged");
                let told = "I did not understand that click. Use `/pager list` to go on.";
                self.tell(&Place { response_url, ..Place::default() }, &Message::plain(told));
                Handled::Ack(None)
            }
            Gesture::NotForUs => Handled::Ack(None),
        }
    }
}

impl Handler {
    /// Acknowledges now; what only reads and shows may take longer.
    fn in_background<F: Future<Output = ()> + Send + 'static>(&self, what: impl FnOnce(Self) -> F) -> Handled {
        tokio::spawn(what(self.clone()));
        Handled::Ack(None)
    }

    fn now(&self) -> Stamp {
        Stamp::agreed(self.clock.now())
    }

    /// Known, and pressing something of this very store.
    fn admit<'a>(&self, snapshot: &'a Snapshot, by: &SlackUserId, subject: Subject) -> Result<&'a User, Turned> {
        if subject.store != snapshot.store {
            return Err(Turned::AnotherStore);
        }
        snapshot.directory.user_by_slack(by).ok_or(Turned::Unknown)
    }

    /// The incident, from memory or from disk.
    fn find(&self, snapshot: &Snapshot, no: IncidentNo) -> Option<Incident> {
        let open = snapshot.world.incident(no).map(|i| (**i).clone());
        open.or_else(|| (self.archive)(no))
    }

    async fn decide(&self, id: InputId, what: What, within: Duration) -> Came {
        let Ok(answer) = self.door.submit(Lane::People, Input { id, what }, INPUT_BYTES) else { return Came::Busy };
        // No answer: the pump is slow, or gone without knowing whether this is on disk. Say nothing.
        Came::of(tokio::time::timeout(within, answer).await.ok().and_then(Result::ok))
    }

    /// Why what a button asks for was not done. Its envelope is not acknowledged where nobody knows, or where Slack had
    /// better send it again.
    fn undone(&self, came: Came, by: SlackUserId, place: Place, title: String) -> Handled {
        let said = |words: String| self.later(by, place, title, Message::plain(words));
        match came {
            Came::Refused(refusal) => said(views::refusal::refusal(&refusal, &self.board.snapshot().directory)),
            Came::NotSaved => {
                said(views::reply::not_saved());
                Handled::NoAck("not saved".to_owned())
            }
            Came::Busy => {
                said(views::reply::busy());
                Handled::NoAck("too much waits".to_owned())
            }
            Came::Late | Came::To { .. } => Handled::NoAck("not decided in time".to_owned()),
        }
    }

    /// What the person sees is out of date: brings it up to date.
    fn refresh(&self, no: IncidentNo) {
        self.outbox.refresh(no, At(self.clock.steady_ms()));
    }

    /// Tells the person who pressed, privately. May be lost; nothing depends on it.
    ///
    /// A `response_url` answers in the channel, where somebody who reads a thread does not look: it takes a `thread_ts` for what
    /// everybody sees only (docs.slack.dev/interactivity/handling-user-interaction, "Publishing responses in thread").
    fn tell(&self, place: &Place, message: &Message) {
        let (client, url, mut body) = (self.client.clone(), place.response_url.clone(), shown(message));
        let below = match (&place.by, &place.channel, &place.thread) {
            (Some(by), Some(channel), Some(thread)) => Some(private(message, by, channel, Some(thread))),
            _ => None,
        };
        body["response_type"] = json!("ephemeral");
        body["replace_original"] = json!(false);
        tokio::spawn(async move {
            if let Some(below) = below
                && matches!(client.call_now("chat.postEphemeral", &below).await, Outcome::Ok(_))
            {
                return;
            }
            let Some(url) = url else { return };
            let outcome = client.respond(&url, &body).await;
            if !matches!(outcome, Outcome::Ok(_)) {
                tracing::warn!(outcome = outcome.name(), "a private answer was not delivered");
            }
        });
    }

    /// Tells somebody privately in the conversation where they began, or by direct message where that is refused (the
    /// bot is not a member there).
    fn whisper(&self, to: &SlackUserId, channel: Option<ChannelId>, thread: Option<&str>, message: &Message) {
        let there = channel.map(|channel| private(message, to, &channel, thread));
        let (client, mut body) = (self.client.clone(), shown(message));
        body["channel"] = json!(to);
        tokio::spawn(async move {
            if let Some(there) = there
                && matches!(client.call_now("chat.postEphemeral", &there).await, Outcome::Ok(_))
            {
                return;
            }
            let outcome = client.call_now("chat.postMessage", &body).await;
            if !matches!(outcome, Outcome::Ok(_)) {
                tracing::warn!(outcome = outcome.name(), "a private answer was not delivered");
            }
        });
    }

    /// Answers where somebody pressed: beside the message, or in the window they pressed in.
    async fn answer(&self, by: &SlackUserId, place: Place, title: &str, message: &Message) {
        let view = json!(views::modal::told(title, message));
        match &place.view {
            None => self.tell(&place, message),
            Some(open) if open.is_home => {
                self.publish_home(by).await;
                self.show(&place, "views.open", view).await;
            }
            Some(open) => {
                let body = json!({ "view_id": open.id, "view": view });
                if !matches!(self.client.call_now("views.update", &body).await, Outcome::Ok(_)) {
                    self.whisper(by, place.channel.clone(), place.thread.as_deref(), message);
                }
            }
        }
    }

    /// Opens a window; says so where it could not be opened.
    async fn show(&self, place: &Place, method: &'static str, view: Value) {
        let body = json!({ "trigger_id": place.trigger_id, "view": view });
        let outcome = self.client.call_now(method, &body).await;
        if let Some(open) = place.view.as_ref().filter(|_| run::is_full(&outcome)) {
            // This one becomes what was to be above it.
            return self.update_window(&open.id, body["view"].clone()).await;
        }
        if !matches!(outcome, Outcome::Ok(_)) {
            tracing::warn!(outcome = outcome.name(), method, "a window could not be opened");
            self.tell(place, &Message::plain(views::reply::no_window()));
        }
    }
}

/// What an act led to, in words.
fn told(facts: &[Fact], snapshot: &Snapshot, no: IncidentNo) -> Message {
    match snapshot.world.incident(no) {
        Some(after) => {
            let (d, store) = (&snapshot.directory, snapshot.store);
            let mut message = views::reply::message(facts, after, window_of(facts, after, snapshot), d, store);
            if let Some((before, who)) = new_to_whoever_took_it(facts, after, snapshot) {
                views::triage::offer_help(&mut message, (before, &who), no, d, store);
            }
            message
        }
        None => Message::plain(format!("{no} is closed.")),
    }
}

/// Somebody took it who never had its alert: who fixed it before, and in which incident.
fn new_to_whoever_took_it(facts: &[Fact], after: &Incident, s: &Snapshot) -> Option<(IncidentNo, UserId)> {
    let by = facts.iter().find_map(|fact| match fact {
        Fact::Acknowledged { by, .. } | Fact::Reassigned { to: by, .. } => Some(by),
        _ => None,
    })?;
    let had = |no: &IncidentNo| s.world.incident(*no).is_some_and(|i| i.responders.contains(by));
    let took = |no: &IncidentNo| {
        let worked = s.world.worked.get(no);
        worked.is_some_and(|w| w.answered.as_ref().is_some_and(|a| a.by == *by) || w.fixed_by().as_ref() == Some(by))
    };
    let is_new = !came_before(&s.world, after).iter().any(|no| had(no) || took(no));
    let fixed = help::fixed_before(&s.world, &s.directory, after, Some(by)).filter(|_| is_new)?;
    (help::may_be_offered(after) == Some(by) && !after.responders.contains(&fixed.1)).then_some(fixed)
}

/// The window in which somebody takes an incident, or opens one: it is told of beside what they did.
fn window_of(facts: &[Fact], after: &Incident, s: &Snapshot) -> Option<HeldThen> {
    let (all, d, now) = (&s.world.quiets, &*s.directory, s.world.stamp());
    facts.iter().find_map(|fact| match fact {
        Fact::IncidentOpened(_) => {
            let q = windows_of::maintenance_of(all, &after.service, &after.team, now)?;
            Some(HeldThen { kind: q.kind(), until: q.until })
        }
        Fact::Acknowledged { .. } | Fact::Reassigned { .. } => {
            let (q, until) = windows_of::covering_then(all, after, d, now.wall)?;
            Some(HeldThen { kind: q.kind(), until })
        }
        _ => None,
    })
}

fn origin(snapshot: &Snapshot, incident: IncidentNo, place: &Place) -> Origin {
    let subject = Subject { store: snapshot.store, incident };
    Origin { thread: place.thread.clone(), ..Origin::new(subject, place.channel.clone()) }
}

/// A message as the Web API takes it.
fn shown(message: &Message) -> Value {
    let attachments: Vec<Value> =
        message.colored.iter().map(|c| json!({ "color": c.color, "blocks": c.blocks })).collect();
    json!({ "text": message.text, "blocks": message.blocks, "attachments": attachments })
}

/// The same for one person, in a channel or in a thread of it.
fn private(message: &Message, to: &SlackUserId, channel: &ChannelId, thread: Option<&str>) -> Value {
    let mut body = shown(message);
    body["channel"] = json!(channel);
    body["user"] = json!(to);
    if let Some(thread) = thread {
        body["thread_ts"] = json!(thread);
    }
    body
}

fn ephemeral(message: &Message) -> Handled {
    let mut body = shown(message);
    body["response_type"] = json!("ephemeral");
    Handled::Ack(Some(body))
}
