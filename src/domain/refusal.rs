//! Why an input changed nothing. For the human who asked: `views::refusal` has the words.

use super::call::Whom;
use super::directory::Urgency;
use super::fact::ResolvedBy;
use super::id::{
    AnnouncementNo, IncidentNo, ItemNo, MisconfiguredNo, OverrideId, PlaybookId, QuietId, ScheduleId, ServiceId,
    TeamId, UserId,
};
use super::quiet::Kind;
use super::rca::{Missing, Part};
use super::stamp::At;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// They asked to be let in, and are in the directory.
    KnownAlready,
    /// An admin declined, less than a day ago.
    AskAgainLater {
        again_at: At,
    },
    /// So many wait for an admin already.
    TooManyAsk {
        most: usize,
    },
    /// So many were let in by button already.
    TooManyAdded {
        most: usize,
    },
    /// Only an admin decides who is let in.
    NotAnAdmin,
    /// Who was asked about does not ask any more.
    NobodyAsks,
    DecidedAlready {
        by: UserId,
        at: At,
        approved: bool,
    },
    /// Nobody let them in by button, or the configuration knows them by now.
    NotAdded,
    RemovedAlready {
        by: UserId,
        at: At,
    },
    /// No incident has this number.
    NoSuchIncident(IncidentNo),
    /// The configuration in force no longer has this service.
    NoSuchService(ServiceId),
    NoSuchSchedule(ScheduleId),
    NoSuchUser(UserId),
    NoSuchTeam(TeamId),
    /// No method of theirs reaches this person.
    CannotBeReached {
        user: UserId,
    },
    /// A test page asks nobody but whoever wanted it, and nobody does anything else to it.
    IsATest {
        incident: IncidentNo,
        of: UserId,
    },
    /// One of theirs waits for their answer.
    TestUnderWay {
        incident: IncidentNo,
    },
    /// Somebody was to be asked, and nobody was named.
    NobodyNamed {
        incident: IncidentNo,
    },
    /// Asking them would ask nobody but who asks.
    NobodyToAsk {
        incident: IncidentNo,
        whom: Whom,
    },
    AskedAlready {
        incident: IncidentNo,
        whom: Whom,
    },
    HasItAlready {
        incident: IncidentNo,
        user: UserId,
    },
    TooManyCalls {
        incident: IncidentNo,
        most: usize,
    },
    StartedAlready {
        incident: IncidentNo,
    },
    MitigatedAlready {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    MarkedAlready {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    MajorAlready {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    IsNotMajor {
        incident: IncidentNo,
    },
    /// What is major cannot wait, and is urgent.
    IsMajor {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    HasThatUrgency {
        incident: IncidentNo,
        urgency: Urgency,
    },
    IsMerged {
        incident: IncidentNo,
        into: IncidentNo,
    },
    MergeIntoItself {
        incident: IncidentNo,
    },
    TooManyAlerts {
        incident: IncidentNo,
        most: usize,
    },
    /// An incident opened by hand says what is wrong.
    EmptyTitle {
        service: ServiceId,
    },
    AlreadyYours {
        incident: IncidentNo,
    },
    IsResolved {
        incident: IncidentNo,
        by: ResolvedBy,
        since: At,
    },
    IsSnoozed {
        incident: IncidentNo,
        by: UserId,
        until: At,
    },
    IsNotSnoozed {
        incident: IncidentNo,
    },
    IsNotResolved {
        incident: IncidentNo,
    },
    /// The same alert has an open incident by now.
    NewerIncident {
        incident: IncidentNo,
        newer: IncidentNo,
    },
    /// The policy has no level above the present one.
    NobodyAbove {
        incident: IncidentNo,
        asked: Vec<UserId>,
    },
    SnoozeInThePast {
        until: At,
    },
    SnoozeTooLong {
        until: At,
        latest: At,
    },
    EmptyNote,
    /// The message has no words.
    NothingSaid,
    /// It stands in the channel of a private service, and would be read elsewhere.
    SaidInPrivate,
    /// The message is in its timeline.
    QuotedAlready {
        incident: IncidentNo,
    },
    TooManyQuotes {
        incident: IncidentNo,
        most: usize,
    },
    /// It was made of that message.
    OpenedAlready {
        incident: IncidentNo,
    },
    /// A shift that is over, or somebody else's.
    NotYourShift {
        schedule: ScheduleId,
    },
    /// It is too long ago, or was never.
    NoSuchHandoff,
    /// What is written for it is posted.
    HandedOverAlready {
        at: At,
    },
    /// Somebody else hands over.
    HandoffIsOf {
        by: Option<UserId>,
        team: TeamId,
    },
    /// Somebody else takes over.
    HandoffIsFor {
        by: Option<UserId>,
        team: TeamId,
    },
    HandoffAcceptedAlready {
        by: UserId,
        at: At,
    },
    /// Nobody is on call after it.
    NobodyTakesOver {
        team: TeamId,
    },
    HandoffIsAhead {
        at: At,
    },
    /// The next one came first.
    HandoffIsOver,
    TooManyNotes {
        team: TeamId,
        most: usize,
    },
    /// It is of that team already.
    IsOfThatTeam {
        incident: IncidentNo,
        team: TeamId,
    },
    /// Customers feel it: it cannot wait.
    CustomersFeelIt {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    /// Others are being asked about it, and they are not.
    TakeItFirst {
        incident: IncidentNo,
        asked: Vec<UserId>,
    },
    /// It cannot have begun then: that is ahead, or too long ago.
    BeganThen {
        since: At,
    },
    /// The incident owes no RCA.
    OwesNoRca {
        incident: IncidentNo,
    },
    RcaIsCompleted {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    /// What an RCA needs before it is complete.
    RcaLacks {
        missing: Vec<Missing>,
    },
    /// Its incident was opened again.
    StillFelt {
        incident: IncidentNo,
    },
    /// Somebody saved this part after it was read.
    WrittenMeanwhile {
        part: Part,
        by: UserId,
        at: At,
    },
    /// The same of the impact.
    ImpactToldMeanwhile {
        by: UserId,
        at: At,
    },
    TooMuchWritten {
        chars: usize,
        most: usize,
    },
    NothingWritten,
    /// They owe this RCA already.
    OwesItAlready {
        incident: IncidentNo,
        who: UserId,
    },
    /// An item cannot be due then: it is past, or more than a year away.
    DueThen {
        due: At,
    },
    TooManyItems {
        most: usize,
    },
    /// It is forgotten, or never was.
    NoSuchItem(ItemNo),
    ItemIsDone {
        item: ItemNo,
        by: UserId,
        at: At,
    },
    /// It is to be done as it is.
    ItemIsOpen {
        item: ItemNo,
        owner: UserId,
        due: At,
    },
    /// They have it, and by that time.
    ItemIsSo {
        item: ItemNo,
        owner: UserId,
        due: At,
    },
    /// The configuration in force has no such playbook.
    NoSuchPlaybook(PlaybookId),
    /// It is followed already: by whom it was begun and when, and the step that is next, from 1.
    RunsAlready {
        incident: IncidentNo,
        by: UserId,
        begun: At,
        step: u32,
    },
    /// It was followed to its end: who did the last step, and when.
    RanToItsEnd {
        incident: IncidentNo,
        playbook: PlaybookId,
        by: UserId,
        at: At,
    },
    /// No playbook is followed.
    NothingRuns {
        incident: IncidentNo,
    },
    /// Somebody went on meanwhile.
    StepIsPast {
        incident: IncidentNo,
        by: UserId,
        at: At,
    },
    /// Nothing was done yet that could be taken back.
    NothingBefore {
        incident: IncidentNo,
    },
    /// It does not page again by itself: it is open, cleared, or was left resolved already.
    PagesNobodyAgain {
        incident: IncidentNo,
    },
    EmptyAnnouncement,
    AnnouncementInThePast {
        until: At,
    },
    AnnouncementTooLong {
        until: At,
        latest: At,
    },
    /// It is over, or never was.
    NoSuchAnnouncement(AnnouncementNo),
    TooManyAnnouncements {
        most: usize,
    },
    /// It is mended or forgotten, or never was listed.
    NoSuchMisconfigured(MisconfiguredNo),
    OverrideEndsBeforeItStarts,
    OverrideInThePast {
        until: At,
    },
    /// No override has this number, or it is over.
    NoSuchOverride(OverrideId),
    /// A silence or a maintenance window says why.
    QuietWithoutReason,
    QuietEndsBeforeItStarts,
    QuietInThePast {
        until: At,
    },
    QuietTooLong {
        kind: Kind,
        latest: At,
    },
    /// None is named, or more than this.
    QuietNames {
        most: usize,
    },
    TooManyQuiets {
        most: usize,
    },
    /// No silence and no maintenance window has this number, or it is over.
    /// It cannot be silenced in Alertmanager as well.
    NotElsewhere(NotElsewhere),
    NoSuchQuiet(QuietId),
    QuietLastsAsLong {
        until: At,
    },
}

/// Why a silence is not made in Alertmanager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotElsewhere {
    /// The configuration names none for it.
    None,
    /// What it speaks of comes from several.
    Several,
    /// No labels are known by which Alertmanager would know the alert; nor has it anything like a maintenance window.
    NoLabels,
}
