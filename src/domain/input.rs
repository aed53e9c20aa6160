//! Everything that can happen to the state. Whatever is not here cannot change anything.

use super::call::Whom;
use super::directory::{Directory, Urgency};
use super::dnd::Window;
use super::following::Follower;
use super::going_on::{Announce, Changes};
use super::heartbeat;
use super::id::{
    AlertKey, AnnouncementNo, ChannelId, HandoffNo, HeartbeatId, IncidentNo, InputId, ItemNo, MessageRef,
    MisconfiguredNo, OverrideId, PageId, PlaybookId, PostId, QuietId, ScheduleId, ServiceId, SlackUserId, TeamId,
    UserId,
};
use super::item::ItemDeed;
use super::page::{PageFailure, SyncKey};
use super::prepare::{Check, ShiftKey};
use super::quiet::Covered;
use super::quote::Quote;
use super::rca::RcaDeed;
use super::run::Move;
use super::stamp::At;
use super::triage::{Answer, Later};
use super::world::World;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One thing that happened, with what it is remembered by.
#[derive(Clone, Debug)]
pub struct Input {
    pub id: InputId,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    /// One body from a monitor: all its events or none.
    Events(Delivery),
    /// A body under a known key that could not be understood; it becomes an incident so that no page is lost.
    Unreadable(Unreadable),
    /// Something that is to be heard of was heard of.
    Beat { heartbeat: HeartbeatId },
    /// Heartbeats may have been sent and not taken: they could not be written, or this is a copy to which nobody sends them.
    BeatsTurnedAway {
        /// They go to another one: this is a copy that nobody confirmed.
        paused: bool,
    },
    /// A person did something to an incident.
    Act(Act),
    /// A person opens an incident without a monitor.
    Raise(Raise),
    /// Somebody who may look and note only writes a note.
    GuestNote(GuestNote),
    /// Somebody whom the configuration does not know asks to be let in.
    AddMe(Introduction),
    /// An admin decides about them.
    Admit(Admission),
    /// An admin takes out somebody who was let in.
    RemovePerson(Removal),
    /// The admin channel shows that they ask.
    Announced { slack: SlackUserId, message: MessageRef },
    /// Slack told how it is with these people's Do Not Disturb; `None`: it holds nothing back.
    DoNotDisturb(Vec<(SlackUserId, Option<Window>)>),
    /// There has been no way to Slack for a while, or there is one again.
    SlackAway { away: bool },
    /// A person takes somebody's place on a schedule for a while.
    Override(OverrideRequest),
    /// A person notes something for the next handoff of a team.
    HandoffNote { team: TeamId, by: UserId, text: String },
    /// Whoever hands over says what the next one is to know.
    HandoffWrite { handoff: HandoffNo, by: UserId, words: String },
    /// They want to be rid of what they have.
    HandoffOffer { handoff: HandoffNo, by: UserId },
    /// Whoever takes over accepts.
    HandoffAccept { handoff: HandoffNo, by: UserId },
    /// A person says that they checked something before a shift of theirs, or that they did not.
    Ready { shift: ShiftKey, check: Check, done: bool },
    /// A person wants a page, to know that it reaches them.
    TestPage { by: UserId },
    /// A person does something to an RCA.
    Rca { incident: IncidentNo, by: UserId, deed: RcaDeed },
    /// A person says that an item is done, or gives it to somebody, or moves it.
    Item { item: ItemNo, by: UserId, deed: ItemDeed },
    /// A person ends that before its time.
    EndOverride { id: OverrideId, by: UserId },
    /// Tools reported changes.
    Changed(Changes),
    /// A person says what they are doing.
    Announce(Announce),
    /// A person ends such an announcement before its time.
    EndAnnouncement { no: AnnouncementNo, by: UserId },
    /// A person says that an alert is mended.
    Mended { entry: MisconfiguredNo, by: UserId },
    /// A person makes a silence or a maintenance window.
    Quiet(QuietRequest),
    /// A person ends it before its time.
    EndQuiet { id: QuietId, by: UserId },
    /// A person lets it last until then, on the wall clock.
    ExtendQuiet { id: QuietId, by: UserId, until: At },
    /// What came of a silence in Alertmanager.
    QuietElsewhere { id: QuietId, came: Elsewhere },
    /// A deadline may have come: look.
    Due,
    /// The outside world answered.
    Settled(Settled),
    /// The wall clock jumped forward by this much and is believed.
    ClockJumped { ahead_ms: i64 },
    /// The data directory was restored from a backup, for the `restores`-th time: this many incident numbers are
    /// skipped, so that none names two incidents.
    Restored { skip: u64, restores: u32 },
    /// The process started: whatever was under way may have happened or not.
    Booted,
    /// A configuration was read; from here on it is the one in force.
    ConfigLoaded(Arc<Directory>),
}

/// Events of one body.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub service: ServiceId,
    pub source: Source,
    /// Fixed by the integration key.
    pub urgency: Option<Urgency>,
    /// Said by the integration key; else the service's own holds.
    pub resolve_after_secs: Option<i64>,
    /// The integration key's name, never the key.
    pub key: Option<Arc<str>>,
    pub events: Vec<Event>,
}

/// Which intake path understood the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Alertmanager,
    /// Its Events API: a monitor that speaks to PagerDuty speaks to us.
    PagerDuty,
    Generic,
    Grafana,
    NewRelic,
    Splunk,
    /// Its webhooks: PagerDuty itself tells of its incidents.
    PagerDutyWebhook,
    /// Warridor itself, for a body nobody could read.
    Warridor,
    /// Warridor itself, for what it no longer hears of.
    Heartbeat,
    /// A person opened it by hand: no monitor will ever say that it is over.
    Person,
    /// A person wants to know that pages reach them: see [`super::test_page`].
    Test,
}

/// One message from a monitor. All texts are bounded by the decoder (see `ingest::limits`) and untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub action: EventAction,
    /// What the sender calls this problem. At most 255 characters.
    pub dedup_key: Arc<str>,
    /// What is wrong, one line.
    pub title: String,
    /// Where the sender says more; empty when it does not.
    pub link: String,
    /// The telling labels first.
    pub labels: Vec<(String, String)>,
    /// When the problem began, by the sender's clock. Names the episode when the sender gives it.
    pub starts_at: Option<At>,
    /// When it ended, by the sender's clock.
    pub ends_at: Option<At>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventAction {
    Trigger,
    Acknowledge,
    Resolve,
}

/// What can still be said of a body nobody could read.
#[derive(Clone, Debug)]
pub struct Unreadable {
    pub service: ServiceId,
    /// The key's name in the configuration (never the key); one incident is open per key.
    pub key_name: String,
    pub urgency: Option<Urgency>,
    /// Whatever text was found that may say what is wrong.
    pub title: String,
    /// Which field, what was found, what to write instead.
    pub problem: String,
    /// The first 16 KiB.
    pub excerpt: String,
}

/// A person and what they did.
#[derive(Clone, Debug)]
pub struct Act {
    pub incident: IncidentNo,
    pub by: UserId,
    pub deed: Deed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    Acknowledge,
    /// "I'm on it": work begins. Whoever says so has the incident, unless somebody else has it already.
    Start,
    Snooze {
        /// On the wall clock.
        until: At,
        why: Option<SnoozeWhy>,
        /// In their own words; may be empty.
        because: String,
    },
    EndSnooze,
    Escalate,
    /// Asks more people, each answering for themselves; whoever has the incident keeps it.
    AddResponders {
        whom: Vec<Whom>,
    },
    /// Hands the incident over. Whoever has it is released when the other one acknowledges, not before.
    Reassign {
        to: UserId,
    },
    SetUrgency {
        to: Urgency,
    },
    /// The customer no longer feels it.
    Mitigate,
    Resolve {
        note: Option<String>,
    },
    /// Nothing had to be done: resolves it, and marks its alert as one to be mended.
    NotActionable,
    Reopen,
    /// Resolved while its alerts fire: it stays resolved, whatever they say.
    DeclinePageAgain,
    Note {
        text: String,
    },
    /// Puts a message of Slack into its timeline.
    Quote(Box<Quote>),
    /// The alerts of this incident belong to that one from now on.
    MergeInto {
        into: IncidentNo,
    },
    /// What they found at the first look.
    Triage {
        answer: Answer,
    },
    /// It is another team's, which is paged for it.
    NotMine {
        team: TeamId,
    },
    /// Everybody who could be asked is wanted: see [`super::major`].
    DeclareMajor,
    /// They are not, after all.
    TakeMajorBack,
    /// Somebody does it later, and the incident is over.
    CanWait {
        later: Later,
    },
    /// They follow this playbook from now on. `again`: also if it was followed to its end before.
    BeginPlaybook {
        playbook: PlaybookId,
        again: bool,
    },
    /// They go on with the one that is followed. `turn`: see [`super::run::Run::turn`].
    GoOn {
        turn: u32,
        to: Move,
    },
}

impl Deed {
    /// A snooze for which nobody gave a reason.
    pub fn snooze(until: At) -> Self {
        Self::Snooze { until, why: None, because: String::new() }
    }
}

/// Why somebody snoozes, in one tap. `NotUrgent` is what "for later" means: the alert paged for something that could
/// wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SnoozeWhy {
    NotUrgent,
    WaitingOn,
    KnownWork,
}

/// Why a step of a playbook is not done, in one tap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipWhy {
    /// It is about something else than what is wrong here.
    NotNeeded,
    /// Somebody did it before, or it is so already.
    DoneBefore,
    /// It was tried, or cannot be: the playbook is to be mended.
    DoesNotWork,
}

/// An incident that a person opens.
#[derive(Clone, Debug)]
pub struct Raise {
    pub service: ServiceId,
    pub by: UserId,
    /// What is wrong, one line.
    pub title: String,
    /// `None`: the service's own.
    pub urgency: Option<Urgency>,
    /// The message of Slack that it is made of.
    pub from: Option<Quote>,
}

/// Somebody as Slack knows them. The texts are bounded by whoever asked Slack, and untrusted.
#[derive(Clone, Debug)]
pub struct Introduction {
    pub slack: SlackUserId,
    pub name: String,
    /// Empty where Slack gives none.
    pub email: String,
    pub tz: Tz,
}

/// What an admin says to somebody who asks to be let in.
#[derive(Clone, Debug)]
pub struct Admission {
    pub slack: SlackUserId,
    pub by: UserId,
    pub approve: bool,
}

/// Who is taken out again, and by whom.
#[derive(Clone, Debug)]
pub struct Removal {
    pub slack: SlackUserId,
    pub by: UserId,
}

/// A note by a guest or by somebody of another organisation, whom no configuration names.
#[derive(Clone, Debug)]
pub struct GuestNote {
    pub incident: IncidentNo,
    pub slack: SlackUserId,
    /// Slack's name for them.
    pub name: String,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct OverrideRequest {
    pub schedule: ScheduleId,
    pub user: UserId,
    pub from: At,
    pub until: At,
    pub by: UserId,
}

/// A silence or a maintenance window that somebody wants.
#[derive(Clone, Debug)]
pub struct QuietRequest {
    pub scope: Covered,
    pub by: UserId,
    /// On the wall clock, as `until` is; what has passed is now.
    pub from: At,
    pub until: At,
    pub because: String,
    /// It is to be silenced in Alertmanager as well.
    pub elsewhere: bool,
}

/// What came of making a silence true in Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// It is silenced there until then, on the wall clock, by this id.
    Written { url: Arc<str>, id: Arc<str>, until: At },
    /// It is not silenced there any more.
    Removed,
    /// It could not be done, and is tried again.
    NotDone { why: String },
}

/// What the outside world answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The page reached its destination: this message.
    /// Pages reached their destination, by this message. Several share the number `bundle`; a page found later joins
    /// those.
    PagesDelivered { pages: Vec<(IncidentNo, PageId)>, message: MessageRef, bundle: Option<PageId> },
    /// A provider took them, as one; it calls that `receipt`.
    PagesSent { pages: Vec<(IncidentNo, PageId)>, receipt: Arc<str>, bundle: Option<PageId> },
    /// Nobody takes it for now; it is tried on.
    PageHeldUp { incident: IncidentNo, page: PageId },
    /// It never will.
    PageFailed { incident: IncidentNo, page: PageId, why: PageFailure },
    /// A sync created this message.
    Created { key: SyncKey, message: MessageRef },
    /// The thread shows the timeline up to this entry.
    ThreadShown { incident: IncidentNo, upto: u64 },
    /// The card cannot live in its channel (archived, bot not a member…), or `card` was deleted there: a new one goes
    /// to this channel.
    CardMoved { incident: IncidentNo, card: Option<MessageRef>, to: ChannelId, why: PageFailure },
    /// A message about no single incident cannot be posted where it belongs.
    PostFailed { post: PostId, why: PageFailure },
    /// Slack refuses what is to follow who is on call, in its own word.
    FollowerRefused { team: TeamId, what: Follower, error: String },
}

/// A row that must be in memory before an input is decided or a fact applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    Incident(IncidentNo),
    /// The latest incident of this alert.
    Alert(AlertKey),
}

impl Input {
    /// The things this input speaks of, which may be closed and on disk only; `at`: when it is decided, on the line of
    /// delays.
    pub fn touches(&self, world: &World, at: At) -> Vec<Need> {
        match &self.what {
            What::Events(d) => d
                .events
                .iter()
                .map(|e| Need::Alert(AlertKey { service: d.service.clone(), dedup: e.dedup_key.clone() }))
                .collect(),
            What::Unreadable(u) => vec![Need::Alert(u.alert_key())],
            What::Beat { heartbeat } => heartbeat::heard_of(world, heartbeat).map(Need::Alert).into_iter().collect(),
            What::Due => heartbeat::falling_silent(world, at).map(Need::Alert).collect(),
            What::ConfigLoaded(_) => heartbeat::silent(world).map(Need::Alert).collect(),
            What::Act(Act { incident, deed: Deed::MergeInto { into }, .. }) => {
                vec![Need::Incident(*incident), Need::Incident(*into)]
            }
            What::Act(a) => vec![Need::Incident(a.incident)],
            What::Raise(Raise { from: Some(from), .. }) => vec![Need::Alert(from.message.key())],
            What::Settled(s) => s.incidents().into_iter().map(Need::Incident).collect(),
            What::GuestNote(n) => vec![Need::Incident(n.incident)],
            What::Quiet(QuietRequest { scope: Covered::Alert(key), .. }) => vec![Need::Alert(key.clone())],
            What::Override(_)
            | What::HandoffNote { .. }
            | What::HandoffWrite { .. }
            | What::HandoffOffer { .. }
            | What::HandoffAccept { .. }
            | What::Ready { .. }
            | What::TestPage { .. }
            | What::Rca { .. }
            | What::Item { .. }
            | What::EndOverride { .. }
            | What::Quiet(_)
            | What::EndQuiet { .. }
            | What::ExtendQuiet { .. }
            | What::QuietElsewhere { .. }
            | What::AddMe(_)
            | What::Admit(_)
            | What::RemovePerson(_)
            | What::Announced { .. }
            | What::DoNotDisturb(_)
            | What::SlackAway { .. }
            | What::Raise(_)
            | What::Changed(_)
            | What::Announce(_)
            | What::EndAnnouncement { .. }
            | What::Mended { .. }
            | What::BeatsTurnedAway { .. }
            | What::ClockJumped { .. }
            | What::Restored { .. }
            | What::Booted => Vec::new(),
        }
    }
}

impl Input {
    /// About how many facts it leads to, where that may be many: one frame of the journal holds so many and no more.
    pub fn weight(&self) -> usize {
        match &self.what {
            What::Settled(Settled::PagesDelivered { pages, .. } | Settled::PagesSent { pages, .. }) => pages.len(),
            _ => 1,
        }
    }
}

impl Unreadable {
    /// One open incident per integration key.
    pub fn alert_key(&self) -> AlertKey {
        AlertKey { service: self.service.clone(), dedup: format!("warridor/unreadable/{}", self.key_name).into() }
    }
}

impl Settled {
    /// The incidents this is about.
    pub fn incidents(&self) -> Vec<IncidentNo> {
        match self {
            Self::PagesDelivered { pages, .. } | Self::PagesSent { pages, .. } => {
                pages.iter().map(|(no, _)| *no).collect()
            }
            Self::PageFailed { incident, .. }
            | Self::PageHeldUp { incident, .. }
            | Self::ThreadShown { incident, .. }
            | Self::CardMoved { incident, .. } => vec![*incident],
            Self::Created { key, .. } => key.incident().into_iter().collect(),
            Self::PostFailed { .. } | Self::FollowerRefused { .. } => Vec::new(),
        }
    }
}
