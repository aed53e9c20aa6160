//! What our buttons, selects and modals are called, and what they carry. Every id written here parses back; nothing
//! else is understood.

use super::mrkdwn::for_input;
use crate::domain::going_on::Scope;
use crate::domain::id::{
    ChannelId, HandoffNo, IncidentNo, ItemNo, MessageRef, MisconfiguredNo, PageId, PlaybookId, QuietId, ScheduleId,
    SlackUserId, StoreId, UserId,
};
use crate::domain::prepare::Check;
use crate::domain::quote::{AUTHOR_CHARS, LINK_BYTES, QUOTE_CHARS, Quote};
use crate::domain::rca::Part;
use crate::domain::stamp::At;
use crate::domain::triage::{Affected, Answer, Trend};

/// What a button does. The first of them act at once; the others open a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Acknowledge,
    /// Acknowledge, by somebody who was not asked and has been told so.
    Take,
    Start,
    EndSnooze,
    Escalate,
    Mitigate,
    Resolve,
    NotActionable,
    Reopen,
    /// Resolved while its alerts fire: it stays resolved.
    DeclinePageAgain,
    MakeHigh,
    MakeLow,
    /// "Yes, I have it from now on", of an incident that somebody else has.
    TakeOver,
    /// The snooze window.
    Snooze,
    /// The window of everything else.
    More,
    AddResponders,
    Reassign,
    Note,
    ResolveWithNote,
    Merge,
    /// The window that silences its alert.
    Silence,
    /// The ledger of pages.
    WhoWasPaged,
    /// The whole timeline.
    Timeline,
    /// What is to be done about it.
    Playbook,
    /// Its root-cause analysis.
    Rca,
    /// The first look at it.
    Triage,
    /// A playbook from what was just done.
    DraftPlaybook,
}

impl Action {
    pub const ALL: [Self; 27] = [
        Self::Acknowledge,
        Self::Take,
        Self::Start,
        Self::EndSnooze,
        Self::Escalate,
        Self::Mitigate,
        Self::Resolve,
        Self::NotActionable,
        Self::Reopen,
        Self::DeclinePageAgain,
        Self::MakeHigh,
        Self::MakeLow,
        Self::TakeOver,
        Self::Snooze,
        Self::More,
        Self::AddResponders,
        Self::Reassign,
        Self::Note,
        Self::ResolveWithNote,
        Self::Merge,
        Self::Silence,
        Self::WhoWasPaged,
        Self::Timeline,
        Self::Playbook,
        Self::Rca,
        Self::Triage,
        Self::DraftPlaybook,
    ];

    /// The `action_id`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Acknowledge => "incident.acknowledge",
            Self::Take => "incident.take",
            Self::Start => "incident.start",
            Self::EndSnooze => "incident.end_snooze",
            Self::Escalate => "incident.escalate",
            Self::Mitigate => "incident.mitigate",
            Self::Resolve => "incident.resolve",
            Self::NotActionable => "incident.not_actionable",
            Self::Reopen => "incident.reopen",
            Self::DeclinePageAgain => "incident.dont_page_again",
            Self::MakeHigh => "incident.make_high",
            Self::MakeLow => "incident.make_low",
            Self::TakeOver => "incident.take_over",
            Self::Snooze => "incident.snooze",
            Self::More => "incident.more",
            Self::AddResponders => "incident.add_responders",
            Self::Reassign => "incident.reassign",
            Self::Note => "incident.note",
            Self::ResolveWithNote => "incident.resolve_with_note",
            Self::Merge => "incident.merge",
            Self::Silence => "incident.silence",
            Self::WhoWasPaged => "incident.who_was_paged",
            Self::Timeline => "incident.timeline",
            Self::Playbook => "incident.playbook",
            Self::Rca => "incident.rca",
            Self::Triage => "incident.triage",
            Self::DraftPlaybook => "incident.draft_playbook",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.id() == id)
    }
}

/// Buttons and selects that are about no incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Elsewhere {
    /// Opens the window in which a person pages somebody.
    Raise,
    /// In that window, the service was chosen: who would be woken?
    RaiseService,
    /// Acknowledge everything that one message speaks of.
    AcknowledgeAll,
    /// The incidents that one message speaks of, each with its buttons.
    ListAll,
    /// Somebody unknown asks to be let in.
    AddMe,
    /// An admin lets them in; carries an [`Asker`].
    Approve,
    /// An admin does not; carries an [`Asker`].
    Decline,
    /// An admin takes them out again; carries an [`Asker`].
    RemovePerson,
    /// Ends a silence or a maintenance window; carries a [`Lasting`].
    EndQuiet,
    /// Lets it last an hour longer; carries a [`Lasting`].
    ExtendQuiet,
    /// A misconfigured alert is mended; carries a [`Listed`].
    Mended,
    /// Another playbook for the same incident; carries an [`Opened`].
    Playbook,
    /// To follow a playbook; carries a [`Begun`].
    BeginPlaybook,
    /// The same, of one that was followed to its end.
    BeginAgain,
    /// The step is done. These carry an [`OnStep`].
    StepDone,
    /// The window in which it is skipped.
    SkipStep,
    /// They cannot go on with it; and the window of what helps.
    StepStuck,
    /// It is done, and leads to a section.
    StepJumps,
    /// On to a section, with the step as it is.
    StepChosen,
    /// The one before was not done after all.
    StepBack,
    /// The step asks for a team.
    StepPages,
    /// Whoever takes over accepts. These carry a [`Handed`].
    AcceptHandoff,
    /// Whoever hands over wants to be rid of what they have.
    OfferHandoff,
    /// The window in which they write what the next one should know.
    WriteHandoff,
    /// In the window of the first look, which these are in; each carries a [`Subject`]. Whose it is instead;
    NotMine,
    /// that it is snoozed;
    NotNow,
    /// that somebody does it later;
    CanWait,
    /// that everybody is wanted, or is not after all;
    Major,
    NotMajor,
    /// that whoever fixed it before is asked;
    AddFixer,
    /// since when it is so;
    TriageSince,
    /// who feels it;
    AllFeelIt,
    SomeFeelIt,
    InsideFeelIt,
    NobodyFeelsIt,
    /// and whether it gets worse.
    GetsWorse,
    StaysSame,
    GetsBetter,
    /// The window of an RCA. These carry an [`OnRca`].
    OpenRca,
    /// Customers felt it.
    RcaFelt,
    RcaNotFelt,
    /// The window in which one piece of it is written.
    RcaPiece,
    /// Those of who owes it, and of why none is owed.
    RcaOwner,
    RcaExcuse,
    RcaComplete,
    /// It is completed, or none is owed: it is written on.
    RcaTakeUp,
    /// The windows in which somebody says that an item is done, or gives or moves it; they carry an [`OnItem`].
    ItemDone,
    ItemChange,
    /// It was called done, and is not.
    ItemReopen,
    /// Something was checked before a shift, or was not after all; carries an [`OnShift`].
    Ready,
    /// They want a test page; carries the same.
    TestPage,
}

impl Elsewhere {
    pub const ALL: [Self; 51] = [
        Self::Raise,
        Self::RaiseService,
        Self::AcknowledgeAll,
        Self::ListAll,
        Self::AddMe,
        Self::Approve,
        Self::Decline,
        Self::RemovePerson,
        Self::EndQuiet,
        Self::ExtendQuiet,
        Self::Mended,
        Self::Playbook,
        Self::BeginPlaybook,
        Self::BeginAgain,
        Self::StepDone,
        Self::SkipStep,
        Self::StepStuck,
        Self::StepJumps,
        Self::StepChosen,
        Self::StepBack,
        Self::StepPages,
        Self::AcceptHandoff,
        Self::OfferHandoff,
        Self::WriteHandoff,
        Self::NotMine,
        Self::NotNow,
        Self::CanWait,
        Self::Major,
        Self::NotMajor,
        Self::AddFixer,
        Self::TriageSince,
        Self::AllFeelIt,
        Self::SomeFeelIt,
        Self::InsideFeelIt,
        Self::NobodyFeelsIt,
        Self::GetsWorse,
        Self::StaysSame,
        Self::GetsBetter,
        Self::OpenRca,
        Self::RcaFelt,
        Self::RcaNotFelt,
        Self::RcaPiece,
        Self::RcaOwner,
        Self::RcaExcuse,
        Self::RcaComplete,
        Self::RcaTakeUp,
        Self::ItemDone,
        Self::ItemChange,
        Self::ItemReopen,
        Self::Ready,
        Self::TestPage,
    ];

    /// The `action_id`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Raise => "raise.open",
            Self::RaiseService => "raise.service",
            Self::AcknowledgeAll => "bundle.acknowledge",
            Self::ListAll => "bundle.list",
            Self::AddMe => "people.add_me",
            Self::Approve => "people.approve",
            Self::Decline => "people.decline",
            Self::RemovePerson => "people.remove",
            Self::EndQuiet => "quiet.end",
            Self::ExtendQuiet => "quiet.extend",
            Self::Mended => "misconfigured.mended",
            Self::Playbook => "playbook.open",
            Self::BeginPlaybook => "playbook.begin",
            Self::BeginAgain => "playbook.begin_again",
            Self::StepDone => "step.done",
            Self::SkipStep => "step.skip",
            Self::StepStuck => "step.stuck",
            Self::StepJumps => "step.jump",
            Self::StepChosen => "step.go_to",
            Self::StepBack => "step.back",
            Self::StepPages => "step.page",
            Self::AcceptHandoff => "handoff.accept",
            Self::OfferHandoff => "handoff.offer",
            Self::WriteHandoff => "handoff.write",
            Self::NotMine => "triage.not_mine",
            Self::NotNow => "triage.not_now",
            Self::CanWait => "triage.can_wait",
            Self::Major => "triage.major",
            Self::NotMajor => "triage.not_major",
            Self::AddFixer => "triage.add_fixer",
            Self::TriageSince => "triage.since",
            Self::AllFeelIt => "triage.all",
            Self::SomeFeelIt => "triage.some",
            Self::InsideFeelIt => "triage.inside",
            Self::NobodyFeelsIt => "triage.nobody",
            Self::GetsWorse => "triage.worse",
            Self::StaysSame => "triage.same",
            Self::GetsBetter => "triage.better",
            Self::OpenRca => "rca.open",
            Self::RcaFelt => "rca.felt",
            Self::RcaNotFelt => "rca.not_felt",
            Self::RcaPiece => "rca.piece",
            Self::RcaOwner => "rca.owner",
            Self::RcaExcuse => "rca.excuse",
            Self::RcaComplete => "rca.complete",
            Self::RcaTakeUp => "rca.take_up",
            Self::ItemDone => "item.done",
            Self::ItemChange => "item.change",
            Self::ItemReopen => "item.reopen",
            Self::Ready => "shift.ready",
            Self::TestPage => "shift.test_page",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.id() == id)
    }
}

impl Elsewhere {
    /// The button for an answer.
    pub fn of_affected(what: Affected) -> Self {
        match what {
            Affected::AllCustomers => Self::AllFeelIt,
            Affected::SomeCustomers => Self::SomeFeelIt,
            Affected::Inside => Self::InsideFeelIt,
            Affected::Nobody => Self::NobodyFeelsIt,
        }
    }

    pub fn of_trend(what: Trend) -> Self {
        match what {
            Trend::Worse => Self::GetsWorse,
            Trend::Same => Self::StaysSame,
            Trend::Better => Self::GetsBetter,
        }
    }

    /// The answer that it gives at the first look, if it gives one.
    pub fn answer(self) -> Option<Answer> {
        let affected = Affected::ALL.into_iter().find(|what| Self::of_affected(*what) == self).map(Answer::Affected);
        affected.or_else(|| Trend::ALL.into_iter().find(|what| Self::of_trend(*what) == self).map(Answer::Trend))
    }
}

/// An entry in the menu of every message in Slack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shortcut {
    /// Opens the window in which somebody announces what the message says.
    Announce,
    /// The one in which they put it into an incident's timeline.
    Quote,
    /// The one in which they page somebody for it.
    Raise,
}

impl Shortcut {
    pub const ALL: [Self; 3] = [Self::Quote, Self::Raise, Self::Announce];

    /// The `callback_id`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Announce => "message.announce",
            Self::Quote => "message.timeline",
            Self::Raise => "message.incident",
        }
    }

    /// What stands in the menu; Slack takes 24 characters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Announce => "Announce to on-call",
            Self::Quote => "Add to timeline…",
            Self::Raise => "Make it an incident…",
        }
    }

    /// What it does; Slack takes 150 characters.
    pub fn description(self) -> &'static str {
        match self {
            Self::Announce => "Says what a message says to whoever looks into an incident. It pages nobody.",
            Self::Quote => "Puts a message into the timeline of an incident, at the time it was said. It pages nobody.",
            Self::Raise => "Opens an incident of what a message says. The window says whom that wakes before it does.",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.id() == id)
    }
}

/// A modal that is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    Snooze,
    AddResponders,
    Reassign,
    Note,
    ResolveWithNote,
    Merge,
    Raise,
    Silence,
    Maintenance,
    /// What a message says, announced to whoever is on call.
    Announce,
    /// What a message says, put into an incident's timeline.
    Quote,
    /// A step of a playbook is not done, and why.
    SkipStep,
    /// What the next one on call should know.
    Handoff,
    /// A part of an RCA in somebody's own words.
    RcaPart,
    RcaImpact,
    RcaRepair,
    RcaOwner,
    RcaExcuse,
    /// An item is done, and what came of it.
    ItemDone,
    /// Somebody else does it, or by another time.
    ItemChange,
    /// Whose it is instead.
    NotMine,
    /// Somebody does it later.
    CanWait,
    /// Since when it is so.
    TriageSince,
    /// A playbook that is drafted.
    Draft,
}

impl Form {
    pub const ALL: [Self; 24] = [
        Self::Snooze,
        Self::AddResponders,
        Self::Reassign,
        Self::Note,
        Self::ResolveWithNote,
        Self::Merge,
        Self::Raise,
        Self::Silence,
        Self::Maintenance,
        Self::Announce,
        Self::Quote,
        Self::SkipStep,
        Self::Handoff,
        Self::RcaPart,
        Self::RcaImpact,
        Self::RcaRepair,
        Self::RcaOwner,
        Self::RcaExcuse,
        Self::ItemDone,
        Self::ItemChange,
        Self::NotMine,
        Self::CanWait,
        Self::TriageSince,
        Self::Draft,
    ];

    /// The `callback_id`.
    pub fn id(self) -> &'static str {
        match self {
            Self::Snooze => "form.snooze",
            Self::AddResponders => "form.add_responders",
            Self::Reassign => "form.reassign",
            Self::Note => "form.note",
            Self::ResolveWithNote => "form.resolve_with_note",
            Self::Merge => "form.merge",
            Self::Raise => "form.raise",
            Self::Silence => "form.silence",
            Self::Maintenance => "form.maintenance",
            Self::Announce => "form.announce",
            Self::Quote => "form.quote",
            Self::SkipStep => "form.skip_step",
            Self::Handoff => "form.handoff",
            Self::RcaPart => "form.rca_part",
            Self::RcaImpact => "form.rca_impact",
            Self::RcaRepair => "form.rca_repair",
            Self::RcaOwner => "form.rca_owner",
            Self::RcaExcuse => "form.rca_excuse",
            Self::ItemDone => "form.item_done",
            Self::ItemChange => "form.item_change",
            Self::NotMine => "form.not_mine",
            Self::CanWait => "form.can_wait",
            Self::TriageSince => "form.triage_since",
            Self::Draft => "form.draft",
        }
    }

    pub fn parse(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.id() == id)
    }

    /// Is it about an RCA, or an item, and so about no incident that is worked on?
    pub fn is_of_rca(self) -> bool {
        match self {
            Self::RcaPart
            | Self::RcaImpact
            | Self::RcaRepair
            | Self::RcaOwner
            | Self::RcaExcuse
            | Self::ItemDone
            | Self::ItemChange => true,
            Self::Snooze
            | Self::AddResponders
            | Self::Reassign
            | Self::Note
            | Self::ResolveWithNote
            | Self::Merge
            | Self::Raise
            | Self::Silence
            | Self::Maintenance
            | Self::Announce
            | Self::Quote
            | Self::SkipStep
            | Self::NotMine
            | Self::CanWait
            | Self::TriageSince
            | Self::Draft
            | Self::Handoff => false,
        }
    }

    /// The input at which an error that is about no single one is shown.
    pub fn first_field(self) -> Field {
        match self {
            Self::Snooze | Self::Silence => Field::Until,
            Self::Maintenance | Self::TriageSince => Field::At,
            Self::NotMine => Field::Team,
            Self::AddResponders => Field::People,
            Self::Reassign | Self::RcaOwner | Self::ItemChange => Field::Person,
            Self::Note
            | Self::ResolveWithNote
            | Self::Announce
            | Self::Handoff
            | Self::RcaPart
            | Self::RcaExcuse
            | Self::ItemDone => Field::Words,
            Self::RcaImpact => Field::Who,
            Self::SkipStep => Field::Why,
            Self::Merge | Self::Quote => Field::Into,
            Self::Raise | Self::RcaRepair | Self::CanWait | Self::Draft => Field::What,
        }
    }
}

/// An input of a modal: its `block_id`. The element in it is called [`FIELD`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Until,
    /// Another time than the offered ones.
    At,
    Why,
    Words,
    People,
    Teams,
    Person,
    Into,
    Service,
    What,
    Urgency,
    /// The beginning.
    From,
    Wide,
    /// Whether a silence is made in Alertmanager too.
    Elsewhere,
    Services,
    Team,
    /// What an announcement is about.
    About,
    /// Who felt it; whether all of them, and how long.
    Who,
    Users,
    Time,
    /// What goes on from [`Field::Words`]: Slack takes 3,000 characters in one input.
    Words2,
    Words3,
    Words4,
    Words5,
    Words6,
}

/// The `action_id` of every input's element, but for the one that is listened to while the window is open.
pub const FIELD: &str = "value";

impl Field {
    /// The inputs of one long text, in order.
    pub const TEXT: [Self; 6] = [Self::Words, Self::Words2, Self::Words3, Self::Words4, Self::Words5, Self::Words6];

    pub fn id(self) -> &'static str {
        match self {
            Self::Until => "until",
            Self::At => "at",
            Self::Why => "why",
            Self::Words => "words",
            Self::People => "people",
            Self::Teams => "teams",
            Self::Person => "person",
            Self::Into => "into",
            Self::Service => "service",
            Self::What => "what",
            Self::Urgency => "urgency",
            Self::From => "from",
            Self::Wide => "wide",
            Self::Elsewhere => "elsewhere",
            Self::Services => "services",
            Self::Team => "team",
            Self::About => "about",
            Self::Who => "who",
            Self::Users => "users",
            Self::Time => "time",
            Self::Words2 => "words2",
            Self::Words3 => "words3",
            Self::Words4 => "words4",
            Self::Words5 => "words5",
            Self::Words6 => "words6",
        }
    }
}

/// What *Approve*, *Decline* and *Remove* carry: which store it came from, and who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    pub store: StoreId,
    pub slack: SlackUserId,
}

impl Asker {
    /// The button's `value`.
    pub fn value(&self) -> String {
        format!("{}/{}", self.store, self.slack)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, slack) = value.split_once('/')?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), slack: slack.into() })
    }
}

/// What the buttons of a silence or a maintenance window carry: which one, and until when it lasted when they were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    pub store: StoreId,
    pub quiet: QuietId,
    pub until: At,
}

impl Lasting {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/{}/{}", self.store, self.quiet.0, self.until.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split('/');
        let store = u64::from_str_radix(parts.next()?, 16).ok()?;
        let (quiet, until) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        parts.next().is_none().then_some(Self { store: StoreId(store), quiet: QuietId(quiet), until: At(until) })
    }
}

/// What an announcement is about, as the value of an option; `None`: of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scoped(pub Option<Scope>);

impl Scoped {
    pub fn value(&self) -> String {
        match &self.0 {
            None => "all".to_owned(),
            Some(Scope::Team(id)) => format!("team:{id}"),
            Some(Scope::Service(id)) => format!("service:{id}"),
        }
    }

    pub fn parse(value: &str) -> Option<Self> {
        let team = || value.strip_prefix("team:").map(|id| Scope::Team(id.into()));
        let service = || value.strip_prefix("service:").map(|id| Scope::Service(id.into()));
        if value == "all" { Some(Self(None)) } else { team().or_else(service).map(|of| Self(Some(of))) }
    }
}

/// What a window about a message carries: the message, for what becomes of it. One line each, of which the last is what it
/// says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointed(pub Quote);

impl Pointed {
    /// In the window's `private_metadata`, which takes 3,000 characters.
    pub fn value(&self) -> String {
        let Quote { message, author, text, link } = &self.0;
        let (author, text) = (for_input(author, AUTHOR_CHARS), for_input(text, QUOTE_CHARS));
        let link = if link.len() <= LINK_BYTES { link.as_str() } else { "" };
        [message.channel.as_str(), message.ts.as_str(), link, &author, &text].join("\n")
    }

    pub fn parse(value: &str) -> Option<Self> {
        let mut lines = value.splitn(5, '\n');
        let mut next = || lines.next();
        let message = MessageRef { channel: next()?.into(), ts: next()?.into() };
        let (link, author, text) = (next()?.to_owned(), next()?.to_owned(), next()?.to_owned());
        Some(Self(Quote { message, author, text, link }))
    }
}

/// What *Mended* carries: which entry of the list of misconfigured alerts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    pub store: StoreId,
    pub entry: MisconfiguredNo,
}

impl Listed {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/misconfigured/{}", self.store, self.entry.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, entry) = value.split_once("/misconfigured/")?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), entry: MisconfiguredNo(entry.parse().ok()?) })
    }
}

/// What the buttons of a handoff carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handed {
    pub store: StoreId,
    pub handoff: HandoffNo,
}

impl Handed {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/handoff/{}", self.store, self.handoff.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, handoff) = value.split_once("/handoff/")?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), handoff: HandoffNo(handoff.parse().ok()?) })
    }
}

/// What the buttons of a readiness list carry: which shift of whoever presses, what was checked, and whether it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnShift {
    pub store: StoreId,
    pub schedule: ScheduleId,
    pub from: At,
    pub check: Check,
    pub done: bool,
}

impl OnShift {
    /// The button's `value`.
    pub fn value(&self) -> String {
        let Self { store, schedule, from, check, done } = self;
        format!("{store}/shift/{}/{}/{}/{schedule}", from.0, check.id(), if *done { "done" } else { "undone" })
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, rest) = value.split_once("/shift/")?;
        let store = StoreId(u64::from_str_radix(store, 16).ok()?);
        let mut parts = rest.splitn(4, '/');
        let (from, check) = (At(parts.next()?.parse().ok()?), Check::parse(parts.next()?)?);
        let done = match parts.next()? {
            "done" => true,
            "undone" => false,
            _ => return None,
        };
        Some(Self { store, schedule: parts.next()?.into(), from, check, done })
    }
}

/// What *Open* carries in the window of a playbook: another one for the same incident. It changes nothing, so it names no
/// store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    pub incident: IncidentNo,
    pub playbook: PlaybookId,
}

impl Opened {
    /// The button's `value`.
    pub fn value(&self) -> String {
        format!("{}/{}", self.incident.0, self.playbook)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (incident, playbook) = value.split_once('/')?;
        Some(Self { incident: IncidentNo(incident.parse().ok()?), playbook: playbook.into() })
    }
}

/// What *Begin* carries: which playbook is to be followed for which incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    pub subject: Subject,
    pub playbook: PlaybookId,
}

impl Begun {
    /// The button's `value`.
    pub fn value(&self) -> String {
        format!("{}/{}", self.subject.value(), self.playbook)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, rest) = value.split_once('/')?;
        let (incident, playbook) = rest.split_once('/')?;
        let subject = Subject::parse(&format!("{store}/{incident}"))?;
        Some(Self { subject, playbook: playbook.into() })
    }
}

/// What the buttons of a step carry: the turn in which they were drawn, and where it leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnStep {
    pub subject: Subject,
    pub turn: u32,
    /// A section's number, from 0; or a team.
    pub to: Option<String>,
}

impl OnStep {
    /// The button's `value`.
    pub fn value(&self) -> String {
        let to = self.to.as_deref().map(|to| format!("/{to}")).unwrap_or_default();
        format!("{}/step/{}{to}", self.subject.value(), self.turn)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (subject, on) = value.split_once("/step/")?;
        let (turn, to) = on.split_once('/').map_or((on, None), |(turn, to)| (turn, Some(to.to_owned())));
        Some(Self { subject: Subject::parse(subject)?, turn: turn.parse().ok()?, to })
    }
}

/// One piece of an RCA that is written in a window of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Part(Part),
    Impact,
    Repair,
    /// Who owes it.
    Owner,
    /// Why none is owed.
    Excuse,
}

impl Piece {
    pub const ALL: [Self; 9] = [
        Self::Part(Part::Summary),
        Self::Part(Part::Timeline),
        Self::Part(Part::Cause),
        Self::Part(Part::Resolution),
        Self::Part(Part::NoRepair),
        Self::Impact,
        Self::Repair,
        Self::Owner,
        Self::Excuse,
    ];

    pub fn word(self) -> &'static str {
        match self {
            Self::Part(Part::Summary) => "summary",
            Self::Part(Part::Timeline) => "timeline",
            Self::Part(Part::Cause) => "cause",
            Self::Part(Part::Resolution) => "resolution",
            Self::Part(Part::NoRepair) => "no_repair",
            Self::Impact => "impact",
            Self::Repair => "repair",
            Self::Owner => "owner",
            Self::Excuse => "excuse",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|piece| piece.word() == word)
    }
}

/// What the buttons of an RCA carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnRca {
    pub subject: Subject,
    pub piece: Option<Piece>,
}

impl OnRca {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/rca/{}", self.subject.value(), self.piece.map_or("", Piece::word))
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (subject, piece) = value.split_once("/rca/")?;
        let piece = if piece.is_empty() { None } else { Some(Piece::parse(piece)?) };
        Some(Self { subject: Subject::parse(subject)?, piece })
    }
}

/// What buttons of items carry: which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnItem {
    pub store: StoreId,
    pub item: ItemNo,
}

impl OnItem {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/item/{}", self.store, self.item.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, item) = value.split_once("/item/")?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), item: ItemNo(item.parse().ok()?) })
    }
}

/// The `callback_id` of windows that are only read.
pub const WINDOW: &str = "window";

/// What every button and modal carries: which store it came from, and which incident it is about. A click from another
/// store (an installation before a restore) must not act on an incident that has the same number by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    pub store: StoreId,
    pub incident: IncidentNo,
}

impl Subject {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/{}", self.store, self.incident.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, incident) = value.split_once('/')?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), incident: IncidentNo(incident.parse().ok()?) })
    }
}

/// What *Add Ben* carries: exactly whom it said, whoever fixed the alert since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnFixer {
    pub subject: Subject,
    pub who: UserId,
}

impl OnFixer {
    /// The button's `value`.
    pub fn value(&self) -> String {
        format!("{}/fixer/{}", self.subject.value(), self.who)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (subject, who) = value.split_once("/fixer/")?;
        Some(Self { subject: Subject::parse(subject)?, who: who.into() })
    }
}

/// What the buttons of a message about several incidents carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Several {
    pub store: StoreId,
    /// The number the pages share.
    pub bundle: PageId,
}

impl Several {
    /// The button's `value`.
    pub fn value(self) -> String {
        format!("{}/several/{}", self.store, self.bundle.0)
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (store, bundle) = value.split_once("/several/")?;
        let store = u64::from_str_radix(store, 16).ok()?;
        Some(Self { store: StoreId(store), bundle: PageId(bundle.parse().ok()?) })
    }
}

/// What a modal carries in its `private_metadata`: its incident, and the conversation in which somebody opened it, where
/// the answer is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The incident is #0 in a window that is about none.
    pub subject: Subject,
    pub channel: Option<ChannelId>,
    /// The parent's `ts`, where that was in a thread.
    pub thread: Option<String>,
    /// What else its form is to know; may be empty. Of an announcement, the address of the message it was made from; of what
    /// becomes of a message otherwise, [`Pointed`]; of a step
    /// that is skipped, the turn; of a handoff, its number; of what leads back to a walk, [`Origin::WALK`]; of a piece of an RCA,
    /// which one and its revision; of an item, its number.
    pub more: String,
}

impl Origin {
    /// A window of a playbook that is followed, or a form that was opened in one.
    const WALK: &str = "walk";

    /// The same, so that whoever is done with it finds the walk again.
    pub fn of_walk(&self) -> Self {
        Self { more: Self::WALK.to_owned(), ..self.clone() }
    }

    pub fn is_of_walk(&self) -> bool {
        self.more == Self::WALK
    }

    pub fn new(subject: Subject, channel: Option<ChannelId>) -> Self {
        Self { subject, channel, thread: None, more: String::new() }
    }

    pub fn value(&self) -> String {
        let thread = self.thread.as_deref().map(|ts| format!(":{ts}")).unwrap_or_default();
        let place = format!("{}/{}{thread}", self.subject.value(), self.channel.as_ref().map_or("", ChannelId::as_str));
        if self.more.is_empty() { place } else { format!("{place} {}", self.more) }
    }

    pub fn parse(value: &str) -> Option<Self> {
        let (place, more) = value.split_once(' ').unwrap_or((value, ""));
        let (subject, channel) = place.rsplit_once('/')?;
        let (channel, thread) = channel.split_once(':').map_or((channel, None), |(c, ts)| (c, Some(ts.to_owned())));
        let channel = (!channel.is_empty()).then(|| channel.into());
        Some(Self { subject: Subject::parse(subject)?, channel, thread, more: more.to_owned() })
    }
}
