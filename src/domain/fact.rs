//! What happened. Facts are the only thing that is kept: the state is what they add up to.
//!
//! A fact carries *resolved* values (who, why, until when, the policy as it was), so that applying one never asks a
//! clock, a zone or the configuration. The meaning of a fact never changes: a new meaning is a new kind.

use super::alert::Alert;
use super::call::{CallKind, Skipped, Whom};
use super::course::Had;
use super::directory::{Method, Policy, Target, Urgency};
use super::dnd::Window;
use super::fyi::FyiShown;
use super::going_on::Scope;
use super::handoff::Missed;
use super::handoff::report::Lists;
use super::hold::{HeldThen, HoldWhy};
use super::id::{
    AnnouncementNo, CallNo, ChangeNo, ChannelId, FyiId, HandoffNo, HeartbeatId, IncidentNo, ItemNo, MessageRef,
    MisconfiguredNo, OverrideId, PageId, PolicyId, PostId, QuietId, ScheduleId, ServiceId, SlackUserId, TeamId, UserId,
};
use super::input::{EventAction, SkipWhy, SnoozeWhy};
use super::item;
use super::misconfigured::{Mark, RuleHash};
use super::moved::News;
use super::page::{PageFailure, Purpose, Recipient, RevokeReason, SyncKey};
use super::playbook::Playbook;
use super::post::About;
use super::prepare::{Check, Looks, ShiftKey, Told};
use super::quiet::{Covered, Elsewhere, HeldBack, Sweep};
use super::rca::{Part, Reach};
use super::routing::RuleRef;
use super::schedule::{Override, Shift};
use super::stamp::At;
use super::text::Text;
use super::triage::Answer;
use super::urgency::RaisedBy;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

mod about;
mod carried;
mod stale;
mod texts;

pub use carried::{AlertJoined, IncidentOpened, Instead, LateAct, Origin, ResolvedBy, StepStarted, UrgencyWhy};
pub use stale::Stale;

/// One fact. On disk: a JSON object whose `k` names the kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Fact {
    /// From here on this configuration is in force.
    ConfigLoaded {
        version: u64,
        sha256: String,
    },
    /// The process started with pages under way: each is now one attempt older.
    PagesCarriedOver {
        incident: IncidentNo,
        pages: Vec<PageId>,
    },
    /// Incident numbers up to here are skipped: the data directory was restored.
    NumbersSkipped {
        next_incident: u64,
        restores: u32,
    },
    /// The wall clock jumped forward and is believed.
    ClockJumped {
        ahead_ms: i64,
    },

    IncidentOpened(Box<IncidentOpened>),
    /// An event of a firing alert: only the count changes.
    #[serde(rename = "rep")]
    AlertRepeated {
        #[serde(rename = "i")]
        incident: IncidentNo,
        #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
        alert: u32,
    },
    /// One more alert became part of an open incident.
    AlertJoined(Box<AlertJoined>),
    /// A new episode of an alert of an open incident.
    AlertFired {
        incident: IncidentNo,
        alert: u32,
        starts_at: Option<At>,
        /// Everything of the incident had cleared.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        came_back: bool,
    },
    /// The monitor says this alert is over.
    AlertCleared {
        incident: IncidentNo,
        alert: u32,
        ends_at: Option<At>,
    },
    /// An event that came too late to mean anything: counted, nothing else.
    EventLate {
        incident: IncidentNo,
        alert: u32,
        action: EventAction,
    },
    /// The monitor's side acknowledged; nobody here is responsible for it.
    AcknowledgedByEvent {
        incident: IncidentNo,
        ask_at: Option<At>,
    },

    CallStarted {
        incident: IncidentNo,
        call: CallNo,
        kind: CallKind,
        policy: Policy,
        also: Vec<UserId>,
        /// Of a main call: whoever a person asked for goes on being asked. Without it, every other call stops.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        keeps_asking: bool,
    },
    StepStarted(Box<StepStarted>),
    /// An incident that asks nobody by itself keeps the policy of the moment it was opened.
    PolicyKept {
        incident: IncidentNo,
        policy: Policy,
    },
    /// The targets of this step take turns, and it was this one's.
    TurnTaken {
        policy: PolicyId,
        step: u32,
        target: Target,
    },
    /// That step has no turns any more.
    TurnForgotten {
        policy: PolicyId,
        step: u32,
    },
    /// Triggered, and nobody is asked until then (on the wall clock, and on the line of delays) or until something
    /// happens.
    Held {
        incident: IncidentNo,
        why: HoldWhy,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<At>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        /// What whoever is behind it says of it.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        because: Text,
    },
    /// What is to hold it back when it is triggered by itself; `None`: nothing, any more.
    WillBeHeld {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<HeldThen>,
    },
    /// Nothing keeps it from asking any more.
    HoldEnded {
        incident: IncidentNo,
    },
    /// Every step was gone through as often as the policy says.
    CallExhausted {
        incident: IncidentNo,
        call: CallNo,
        times: u32,
        next_at: Option<At>,
        skipped: Vec<Skipped>,
    },
    /// `queued`: it was waiting for its time in the call's queue.
    PageRequested {
        incident: IncidentNo,
        page: PageId,
        call: CallNo,
        to: Recipient,
        method: Method,
        purpose: Purpose,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        queued: bool,
        /// It may make no sound until then, on the wall clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        silent_until: Option<At>,
    },
    PageDelivered {
        incident: IncidentNo,
        page: PageId,
        message: MessageRef,
        /// The message speaks of several pages: the one whose number they share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<PageId>,
    },
    /// A provider took it.
    PageSent {
        incident: IncidentNo,
        page: PageId,
        /// What the provider calls it.
        receipt: Arc<str>,
        /// It speaks of several pages: the one whose number they share.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bundle: Option<PageId>,
    },
    PageFailed {
        incident: IncidentNo,
        page: PageId,
        why: PageFailure,
    },
    PageRevoked {
        incident: IncidentNo,
        page: PageId,
        why: RevokeReason,
    },

    Acknowledged {
        incident: IncidentNo,
        by: UserId,
        calls: Vec<CallNo>,
        ask_at: Option<At>,
    },
    /// `until` is the wall's, `due` the instant at which delays say it is reached.
    Snoozed {
        incident: IncidentNo,
        by: UserId,
        until: At,
        due: At,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<SnoozeWhy>,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        because: Text,
    },
    /// The snooze ran out: triggered again.
    SnoozeEnded {
        incident: IncidentNo,
        /// What holds it back at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<HeldThen>,
    },
    /// "Still on it?" was asked.
    StillOnItAsked {
        incident: IncidentNo,
        to: UserId,
        retrigger_at: At,
    },
    /// No answer to that: triggered again.
    AckTimedOut {
        incident: IncidentNo,
        /// What holds it back at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held: Option<HeldThen>,
    },
    /// A person asked for the next step.
    Escalated {
        incident: IncidentNo,
        by: UserId,
        call: CallNo,
        ask_at: Option<At>,
    },
    Resolved {
        incident: IncidentNo,
        by: ResolvedBy,
        note: Text,
        close_at: At,
        /// It was resolved by itself: firing again until then, it is the same incident.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        back_until: Option<At>,
        /// Cleared then, on the wall clock, and quiet since.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quiet_since: Option<At>,
    },
    Reopened {
        incident: IncidentNo,
        by: UserId,
        ask_at: Option<At>,
    },
    Noted {
        incident: IncidentNo,
        by: UserId,
        text: Text,
        ask_at: Option<At>,
    },
    /// What was said in Slack, put into the timeline by hand; `said`, on the wall clock, is when.
    Quoted {
        incident: IncidentNo,
        by: UserId,
        message: MessageRef,
        said: At,
        author: Text,
        text: Text,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        link: Text,
        ask_at: Option<At>,
    },
    /// Work began.
    Started {
        incident: IncidentNo,
        by: UserId,
        ask_at: Option<At>,
    },
    /// The customer no longer feels it.
    Mitigated {
        incident: IncidentNo,
        by: UserId,
        ask_at: Option<At>,
    },
    /// A person asked for more people; a call for each of them follows.
    RespondersAsked {
        incident: IncidentNo,
        by: UserId,
        whom: Vec<Whom>,
        ask_at: Option<At>,
    },
    /// A person asked somebody else to take the incident; a call follows.
    ReassignAsked {
        incident: IncidentNo,
        by: UserId,
        to: UserId,
        ask_at: Option<At>,
    },
    /// `to` has it from now on, and answered these calls; `from` is released.
    Reassigned {
        incident: IncidentNo,
        to: UserId,
        from: Option<UserId>,
        calls: Vec<CallNo>,
        ask_at: Option<At>,
    },
    /// `by`: the person who changed it, `None` when an alert did. `stopped`: who was being asked, and is not any more.
    UrgencyChanged {
        incident: IncidentNo,
        by: Option<UserId>,
        to: Urgency,
        ask_at: Option<At>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stopped: Vec<UserId>,
        /// What raised it, where no person did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<RaisedBy>,
    },
    /// By when somebody must have started: on the wall clock, and on the line of delays; and when whoever has it is asked.
    SlaStarted {
        incident: IncidentNo,
        start_by: At,
        due: At,
        ask_at: At,
    },
    /// Nearly that time: whoever has it is asked; `None`: nobody has it.
    SlaAsked {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
    },
    /// That time is over, and nobody had started.
    SlaMissed {
        incident: IncidentNo,
    },
    /// It is looked then whether anything was done, on the line of delays; `None`: not any more.
    HelpPlanned {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
    },
    /// Whoever has it hears who fixed the same alert before, in which incident.
    HelpOffered {
        incident: IncidentNo,
        who: UserId,
        before: IncidentNo,
    },
    /// Low urgency: it is listed then, on the wall clock, and on the line of delays.
    ListingPlanned {
        incident: IncidentNo,
        at: At,
        due: At,
    },
    /// It stands on this person's list.
    Listed {
        incident: IncidentNo,
        to: UserId,
    },
    /// So urgent this alert was at most.
    AlertRated {
        incident: IncidentNo,
        alert: u32,
        urgency: Urgency,
    },
    /// Low for now: raised then if it still fires, on the wall clock, and on the line of delays.
    RaisePlanned {
        incident: IncidentNo,
        at: At,
        due: At,
    },
    /// It does not fire any more: nothing raises it.
    RaiseDropped {
        incident: IncidentNo,
    },
    /// Of what it waits for, there are fewer from then on, on the line of delays: the oldest counts no more.
    CountWanes {
        incident: IncidentNo,
        due: At,
    },
    CountWaned {
        incident: IncidentNo,
    },
    /// Nothing had to be done about this alert.
    MarkedNotActionable {
        incident: IncidentNo,
        by: UserId,
    },
    /// The incident is part of another one from now on, which takes its alerts.
    Merged {
        incident: IncidentNo,
        into: IncidentNo,
        by: UserId,
        close_at: At,
        /// Who was being asked at that moment, and is not any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stopped: Vec<UserId>,
    },
    /// The alerts of `from`, and who worked on it, belong to this incident. `reported_by`: who opened it, or one that it
    /// had taken, by hand.
    AlertsTaken {
        incident: IncidentNo,
        from: IncidentNo,
        by: UserId,
        alerts: Vec<Alert>,
        responders: Vec<UserId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reported_by: Vec<UserId>,
    },
    /// Somebody looked, and says what they found.
    TriageAnswered {
        incident: IncidentNo,
        by: UserId,
        answer: Answer,
        ask_at: Option<At>,
    },
    /// It is that team's from now on, and triggered for them; `policy`: theirs.
    NotMine {
        incident: IncidentNo,
        by: UserId,
        team: TeamId,
        policy: PolicyId,
        /// Calls beside the main one that ask nobody any more.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        stops: Vec<CallNo>,
    },
    /// Everybody who could be asked is wanted.
    MajorDeclared {
        incident: IncidentNo,
        by: UserId,
        ask_at: Option<At>,
    },
    /// They are not, after all.
    MajorTakenBack {
        incident: IncidentNo,
        by: UserId,
        ask_at: Option<At>,
    },
    /// It can wait: this item is for it.
    WaitsAsItem {
        incident: IncidentNo,
        by: UserId,
        item: ItemNo,
    },
    /// From here on this playbook is followed, as it is now. `due`: when the time of its first step is over, on the line of
    /// delays.
    PlaybookBegun {
        incident: IncidentNo,
        by: UserId,
        playbook: Arc<Playbook>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        ask_at: Option<At>,
    },
    /// A step, counted from 0, is done. `next`: the one that is to be done now; `due`: when its time is over.
    StepDone {
        incident: IncidentNo,
        by: UserId,
        step: u32,
        next: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        ask_at: Option<At>,
    },
    StepSkipped {
        incident: IncidentNo,
        by: UserId,
        step: u32,
        why: SkipWhy,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        because: Text,
        next: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        ask_at: Option<At>,
    },
    /// They go on with this step; the one that was to be done is left as it is. `from`: which that was, if *Back* leads there.
    StepChosen {
        incident: IncidentNo,
        by: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u32>,
        next: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        ask_at: Option<At>,
    },
    /// The step that was left last is to be done after all. `untouched`: it was left as it is, and what became of it before stays.
    StepTakenBack {
        incident: IncidentNo,
        by: UserId,
        step: u32,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        untouched: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        ask_at: Option<At>,
    },
    /// They cannot go on with it.
    StepStuck {
        incident: IncidentNo,
        by: UserId,
        step: u32,
        ask_at: Option<At>,
    },
    /// The step's time is over, and `to` hears of it; `None`: nobody is there who could.
    StepOverdue {
        incident: IncidentNo,
        step: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
    },
    /// A person acted on a state that was gone already; for the record.
    ActLate {
        incident: IncidentNo,
        by: UserId,
        act: LateAct,
    },
    /// Nothing is owed any more: the incident lives on disk only. `unknown`: no playbook knew it by then.
    IncidentClosed {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        unknown: bool,
    },
    /// Not yet closable: looked at again then.
    ClosePostponed {
        incident: IncidentNo,
        close_at: At,
    },

    /// A sync created this message.
    SyncCreated {
        key: SyncKey,
        message: MessageRef,
    },
    /// The thread shows the timeline up to this entry.
    ThreadShown {
        incident: IncidentNo,
        upto: u64,
    },
    /// The card cannot live in its channel; it goes to another.
    CardMoved {
        incident: IncidentNo,
        to: ChannelId,
        why: PageFailure,
    },

    /// Something is to be said that is about no single incident, and kept true until then (on the line of delays).
    PostWanted {
        post: PostId,
        to: Recipient,
        about: About,
        keep_until: At,
    },
    /// It cannot be said there.
    PostFailed {
        post: PostId,
        why: PageFailure,
    },
    /// It is left alone from here on.
    PostDropped {
        post: PostId,
    },
    /// Everything that was open in this channel has its card; up to this incident, the message tells of it.
    StormOver {
        post: PostId,
        last: IncidentNo,
        /// How many it tells of.
        incidents: usize,
    },

    /// Something to know, the first time on a day: it pages nobody.
    FyiShown(Box<FyiShown>),
    /// The same again. `starts_at`: of the new episode, where one began.
    #[serde(rename = "fyi")]
    FyiRepeated {
        #[serde(rename = "f")]
        fyi: FyiId,
        #[serde(rename = "p")]
        post: PostId,
        #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
        starts_at: Option<At>,
    },
    /// The monitor says that it is over.
    FyiCleared {
        fyi: FyiId,
        post: PostId,
    },
    /// It is listed no more.
    FyiForgotten {
        fyi: FyiId,
    },
    /// A rule says that nobody needs to know of this event: counted. `until`: the day's end, on the wall clock.
    EventDropped {
        service: ServiceId,
        rule: RuleRef,
        until: At,
    },

    /// Who is on call from here on. `draft`: when the draft of the next handoff is due, on the line of delays.
    ShiftStarted {
        schedule: ScheduleId,
        shift: Shift,
        due: At,
        tzdata: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        draft: Option<At>,
    },
    /// It was time for the draft of a handoff: whether there is one, says another fact.
    DraftLooked {
        schedule: ScheduleId,
    },
    /// Half an hour before a shift ends, as it looks: `at` is the wall's.
    HandoffDrafted {
        handoff: HandoffNo,
        team: TeamId,
        schedule: ScheduleId,
        from: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<At>,
        at: At,
    },
    /// It does not come to that.
    HandoffForgotten {
        handoff: HandoffNo,
    },
    /// Something that the next one of this team is to know.
    HandoffNoted {
        team: TeamId,
        by: UserId,
        text: Text,
    },
    /// What whoever hands over wrote.
    HandoffWritten {
        handoff: HandoffNo,
        by: UserId,
        words: Text,
    },
    /// Whoever accepts takes what they have: `offer`, and until the shift ends what they have by then.
    HandoffOffered {
        handoff: HandoffNo,
        by: UserId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offer: Vec<IncidentNo>,
    },
    /// A shift ended: at `at` on the wall clock, which was a while ago where it is `late`. `due`: whoever takes over is
    /// reminded then, on the line of delays. `offer`: what stands in the offer, if there is one. `missed`: nobody accepted the
    /// one before. What is told of, stands in `lists`; what it is, in the state at this moment.
    HandedOver {
        handoff: HandoffNo,
        team: TeamId,
        schedule: ScheduleId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        began: Option<At>,
        at: At,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<At>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offer: Vec<IncidentNo>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missed: Option<Box<Missed>>,
        /// The one before, whose turn was too short to be told of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        short: Option<HandoffNo>,
        lists: Box<Lists>,
    },
    /// `took`: what they have from then on; a fact of each says so too.
    HandoffAccepted {
        handoff: HandoffNo,
        by: UserId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        took: Vec<IncidentNo>,
    },
    /// It was not accepted, and somebody is reminded. `due`: looked at again then, on the line of delays.
    HandoffReminded {
        handoff: HandoffNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
    },
    /// It waited for somebody who was on call until now: whoever is now is asked. `None`: by a new call, which follows.
    CrossedHandoff {
        incident: IncidentNo,
        to: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instead: Option<Box<Instead>>,
    },
    ShiftForgotten {
        schedule: ScheduleId,
    },
    /// It was looked whose shift is ahead: looked again then, on the line of delays.
    ShiftsAheadLooked {
        schedule: ScheduleId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
    },
    /// A shift is ahead, or looks otherwise now. `told`: what whoever's it is has heard by now; `heard`: when it was to begin
    /// as they heard last.
    ShiftForetold {
        shift: ShiftKey,
        looks: Looks,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<Told>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard: Option<At>,
    },
    /// It is not theirs any more.
    ShiftGone {
        shift: ShiftKey,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
    },
    /// It is over, and remembered no more.
    ShiftOver {
        shift: ShiftKey,
    },
    /// The file moved shifts of theirs, and they will hear; `None`: they have, or it came to nothing.
    ShiftsMoved {
        user: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        news: Option<News>,
    },
    /// Whoever's it is checked this, or did not after all.
    ReadyMarked {
        shift: ShiftKey,
        check: Check,
        done: bool,
    },
    /// The incident owes an RCA, due then: since `mitigated` customers do not feel it. Those two are the wall's; `remind`:
    /// its owner is reminded then, `tell_lead`: the team's lead hears then that it is late, on the line of delays.
    RcaOwed {
        incident: IncidentNo,
        owner: UserId,
        mitigated: At,
        due: At,
        /// Its service is private.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        private: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind: Option<At>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tell_lead: Option<At>,
    },
    /// Did customers feel it?
    RcaAnswered {
        incident: IncidentNo,
        by: UserId,
        felt: bool,
    },
    /// Who felt what.
    RcaImpactTold {
        incident: IncidentNo,
        by: UserId,
        who: Text,
        what: Text,
        users: Reach,
        time: Reach,
    },
    /// Somebody saved a part.
    RcaWritten {
        incident: IncidentNo,
        by: UserId,
        part: Part,
        text: Text,
    },
    /// Somebody else owes it.
    RcaHandedOver {
        incident: IncidentNo,
        by: UserId,
        to: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind: Option<At>,
    },
    /// None is owed. `by`: who says so, and why; `None`: its alert is to be mended instead.
    RcaExcused {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        because: Text,
    },
    RcaCompleted {
        incident: IncidentNo,
        by: UserId,
    },
    /// It is owed again, by then: somebody writes on.
    RcaTakenUp {
        incident: IncidentNo,
        by: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind: Option<At>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tell_lead: Option<At>,
    },
    /// Its owner was reminded; `None`: it is put off. `again`: looked at then, on the line of delays.
    RcaReminded {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<At>,
    },
    /// Whoever leads the team heard that it is late; `None`: it is put off.
    RcaLeadTold {
        incident: IncidentNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<At>,
    },
    /// Work that an incident leaves behind: by `owner`, until `due` on the wall clock.
    ItemMade {
        item: ItemNo,
        kind: item::Kind,
        incident: IncidentNo,
        service: ServiceId,
        team: TeamId,
        by: UserId,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        what: Text,
        owner: UserId,
        due: At,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        private: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind: Option<At>,
    },
    ItemDone {
        item: ItemNo,
        by: UserId,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        outcome: Text,
    },
    /// Somebody else does it, or by another time: both as they are from then on.
    ItemChanged {
        item: ItemNo,
        by: UserId,
        owner: UserId,
        due: At,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind: Option<At>,
    },
    /// It was called done, and is not.
    ItemReopened {
        item: ItemNo,
        by: UserId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remind: Option<At>,
    },
    /// Whose it is, or was, is to hear what somebody else did to it.
    ItemNews {
        item: ItemNo,
        news: item::News,
    },
    ItemNewsTold {
        item: ItemNo,
        to: UserId,
    },
    ItemReminded {
        item: ItemNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<UserId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        again: Option<At>,
    },
    OverrideSet(Override),
    OverrideExpired {
        id: OverrideId,
    },
    /// The wall clock was set back: the end of an override is farther off than it was.
    OverrideWaits {
        id: OverrideId,
        due: At,
    },
    /// Somebody ended it before its time.
    OverrideRemoved {
        id: OverrideId,
        by: UserId,
    },

    /// A silence or a maintenance window. `begins` and `ends` are `from` and `until` on the line of delays.
    QuietMade {
        quiet: QuietId,
        scope: Covered,
        by: UserId,
        from: At,
        until: At,
        because: Text,
        begins: At,
        ends: At,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        elsewhere: Option<Elsewhere>,
    },
    /// Alertmanager has it by this id until then, on the wall clock.
    QuietWritten {
        quiet: QuietId,
        url: Arc<str>,
        id: Arc<str>,
        until: At,
    },
    /// Alertmanager has it no more.
    QuietRemoved {
        quiet: QuietId,
    },
    /// Alertmanager could not be told, which is tried again.
    QuietNotDone {
        quiet: QuietId,
        why: Text,
    },
    /// It is remembered longer: Alertmanager is to be told of its end.
    QuietKept {
        quiet: QuietId,
        forget: At,
    },
    /// From here on what it covers pages nobody. It is looked at again at `due`, on the line of delays.
    QuietBegun {
        quiet: QuietId,
        due: At,
    },
    /// The wall clock was set back: it ends, and is looked at next, later than it was to.
    QuietWaits {
        quiet: QuietId,
        ends: At,
        due: At,
    },
    QuietExtended {
        quiet: QuietId,
        by: UserId,
        until: At,
        ends: At,
        due: At,
    },
    /// Whoever made it is told that it ends soon.
    QuietWarned {
        quiet: QuietId,
    },
    /// `by`: who ended it before its time. It is remembered until `forget`, on the line of delays.
    QuietEnded {
        quiet: QuietId,
        by: Option<UserId>,
        forget: At,
        held: HeldBack,
    },
    QuietForgotten {
        quiet: QuietId,
    },
    /// After a change of what is covered, incidents were looked at; `rest`: those that still are to be.
    QuietsSwept {
        rest: Option<Sweep>,
    },

    /// From here on this is to be heard of so often, below this service. `due`: it is silent when nothing comes by then, on
    /// the line of delays; `None`: it is silent, and stays so.
    HeartbeatWatched {
        heartbeat: HeartbeatId,
        service: ServiceId,
        every_secs: i64,
        grace_secs: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
    },
    /// It was heard of. It is silent when nothing more comes by then, on the line of delays.
    #[serde(rename = "beat")]
    HeartbeatHeard {
        #[serde(rename = "h")]
        heartbeat: HeartbeatId,
        #[serde(rename = "d")]
        due: At,
    },
    /// Warridor may not have heard it: it has until then. `times`: so often in a row because of a start or a clock.
    HeartbeatPutOff {
        heartbeat: HeartbeatId,
        due: At,
        times: u32,
    },
    /// Nothing came in time.
    HeartbeatSilent {
        heartbeat: HeartbeatId,
    },
    /// It is watched no more.
    HeartbeatForgotten {
        heartbeat: HeartbeatId,
    },

    /// No way to Slack for a while: pages go by other methods at once.
    SlackWentAway,
    /// There is one again.
    SlackCameBack,
    /// Slack holds back this person's notifications then; `None`: it does not.
    DoNotDisturb {
        slack: SlackUserId,
        window: Option<Window>,
    },
    /// Somebody whom the configuration does not know asks to be let in.
    PersonAsked {
        slack: SlackUserId,
        name: Text,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        email: Text,
        /// The zone's name: reading a journal needs no time zones.
        tz: String,
    },
    /// This message in the admin channel says so.
    PersonAnnounced {
        slack: SlackUserId,
        message: MessageRef,
    },
    /// From here on they are in the directory, as `user`.
    PersonAdded {
        slack: SlackUserId,
        user: UserId,
        by: UserId,
    },
    PersonDeclined {
        slack: SlackUserId,
        by: UserId,
        again_at: At,
    },
    /// Let in by button, and taken out again: from here on they are not in the directory.
    PersonRemoved {
        slack: SlackUserId,
        by: UserId,
        again_at: At,
    },
    /// The configuration knows them itself, or their refusal is too long ago.
    PersonForgotten {
        slack: SlackUserId,
    },
    /// A tool reported a change: nothing follows from it.
    ChangeReported {
        change: ChangeNo,
        service: ServiceId,
        summary: Text,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        source: Text,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        link: Text,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        details: Text,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        made: Option<At>,
    },
    ChangeForgotten {
        change: ChangeNo,
    },
    /// Somebody says what they are doing. `until` is the wall's, `due` the same on the line of delays.
    AnnouncementMade {
        announcement: AnnouncementNo,
        by: UserId,
        text: Text,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Scope>,
        /// The message it was made from.
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        link: Text,
        until: At,
        due: At,
    },
    /// `by`: who ended it before its time.
    AnnouncementEnded {
        announcement: AnnouncementNo,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// From here on this alert rule of a service is listed as one to be mended. `by_key`: `name` is a dedup key.
    MisconfiguredListed {
        entry: MisconfiguredNo,
        service: ServiceId,
        /// The service of the key it came by, where a rule sent it on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told: Option<ServiceId>,
        name: Text,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_key: bool,
    },
    /// Somebody said so by what they did to this incident. `is_again`: of the same incident that was said before.
    MisconfiguredMarked {
        entry: MisconfiguredNo,
        incident: IncidentNo,
        by: UserId,
        mark: Mark,
        urgency: Urgency,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_again: bool,
        #[serde(default, skip_serializing_if = "Text::is_empty")]
        note: Text,
    },
    /// What asked somebody is over: how often alerts of its rule do that is counted.
    AlertCame {
        incident: IncidentNo,
        rule: RuleHash,
    },
    /// It came so often within seven days.
    MisconfiguredCameBack {
        entry: MisconfiguredNo,
        incident: IncidentNo,
        times: u32,
        urgency: Urgency,
    },
    MisconfiguredMended {
        entry: MisconfiguredNo,
        by: UserId,
    },
    /// Its last mark is too long ago, or there are too many.
    MisconfiguredForgotten {
        entry: MisconfiguredNo,
    },
    /// A note by somebody who may look and note only; no activity of a responder.
    NotedByGuest {
        incident: IncidentNo,
        slack: SlackUserId,
        name: Text,
        text: Text,
    },

    /// Nothing fires since `cleared` (on the wall clock): it is resolved by itself at `until` on the wall clock, which is
    /// `due`. From `held_from` on only because it flaps. `stops`: nobody is asked any more.
    WillResolve {
        incident: IncidentNo,
        cleared: At,
        until: At,
        due: At,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_from: Option<At>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stops: bool,
    },
    /// A person resolved it while alerts fire: if they still do at `until` on the wall clock, which is `due`, it is
    /// triggered again.
    PageAgainPlanned {
        incident: IncidentNo,
        until: At,
        due: At,
    },
    /// It stays resolved until its alerts clear or fire anew.
    PageAgainDeclined {
        incident: IncidentNo,
        by: UserId,
    },
    /// They do: triggered again.
    NotCleared {
        incident: IncidentNo,
    },
    /// Fired again soon after it was resolved by itself, or when only its flapping kept it open: the same incident.
    /// With `had` as it was then, without it triggered.
    CameBack {
        incident: IncidentNo,
        alert: u32,
        starts_at: Option<At>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        had: Option<Had>,
        ask_at: Option<At>,
    },
    /// It keeps coming and going, until nothing changes until then.
    Flapping {
        incident: IncidentNo,
        until: At,
    },
    FlappingEnded {
        incident: IncidentNo,
    },
    /// The source of this alert never says that it is over. Not heard of until then, it counts as cleared; without a time,
    /// only a person ends it.
    #[serde(rename = "heard")]
    AlertHeard {
        #[serde(rename = "i")]
        incident: IncidentNo,
        #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
        alert: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        due: Option<At>,
    },
    /// Nothing was: it counts as cleared.
    AlertSilent {
        incident: IncidentNo,
        alert: u32,
    },
    /// A later episode of this alert leads to another incident: here it does not fire any more.
    CameAnew {
        incident: IncidentNo,
        alert: u32,
    },
    /// The alert belongs to another incident by now, and this one is open again without it.
    AlertLetGo {
        incident: IncidentNo,
        alert: u32,
    },
}

fn is_zero(n: &u32) -> bool {
    *n == 0
}
