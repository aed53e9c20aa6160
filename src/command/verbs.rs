//! The words after `/pager` and `/pager oncall`, what people write instead of them, and what is not there yet.

use super::Topic;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Mine,
    Help,
    Trigger,
    List,
    Show,
    Acknowledge,
    Snooze,
    EndSnooze,
    Escalate,
    Major,
    NotMajor,
    Add,
    Reassign,
    Urgency,
    Mitigated,
    NotActionable,
    Start,
    Resolve,
    Reopen,
    Note,
    Merge,
    Why,
    Now,
    Doing,
    Silence,
    Maintenance,
    Fyi,
    Misconfigured,
    Heartbeats,
    Triage,
    Playbook,
    Handoff,
    Rca,
    Items,
    OnCall,
}

/// The word of PRODUCT first, then what other pagers call it and what people type.
pub(super) const PAGER: &[(Verb, &[&str])] = &[
    (Verb::Mine, &["mine", "my"]),
    (Verb::Help, &["help", "?", "-h", "--help", "usage", "commands"]),
    (Verb::Trigger, &["trigger", "create", "new", "raise"]),
    (Verb::List, &["list", "ls", "incidents"]),
    (Verb::Show, &["show", "view", "info", "details"]),
    (Verb::Acknowledge, &["ack", "acknowledge", "acknowledged", "acked"]),
    (Verb::Snooze, &["snooze", "sleep", "postpone"]),
    (Verb::EndSnooze, &["unsnooze", "end-snooze", "endsnooze", "wake"]),
    (Verb::Escalate, &["escalate", "esc"]),
    (Verb::Major, &["major", "declare"]),
    (Verb::NotMajor, &["not-major", "notmajor", "unmajor"]),
    (Verb::Add, &["add", "involve", "invite"]),
    (Verb::Reassign, &["reassign", "assign"]),
    (Verb::Urgency, &["urgency", "priority", "prio"]),
    (Verb::Mitigated, &["mitigated", "mitigate"]),
    (Verb::NotActionable, &["not-actionable", "notactionable", "unactionable"]),
    (Verb::Start, &["start", "started", "imonit"]),
    (Verb::Resolve, &["resolve", "resolved", "close", "closed", "fixed"]),
    (Verb::Reopen, &["reopen", "re-open", "unresolve"]),
    (Verb::Note, &["note", "notes", "comment"]),
    (Verb::Merge, &["merge"]),
    (Verb::Why, &["why"]),
    (Verb::Now, &["now"]),
    (Verb::Doing, &["doing", "announce", "announcing"]),
    (Verb::Silence, &["silence", "silences", "mute"]),
    (Verb::Maintenance, &["maintenance", "maint"]),
    (Verb::Fyi, &["fyi", "fyis", "notifications"]),
    (Verb::Misconfigured, &["misconfigured", "noisy", "misconfiguration"]),
    (Verb::Heartbeats, &["heartbeats", "heartbeat", "beats"]),
    (Verb::Triage, &["triage"]),
    (Verb::Playbook, &["playbook", "playbooks", "runbook", "runbooks"]),
    (Verb::Handoff, &["handoff", "handover", "hand-off"]),
    (Verb::Rca, &["rca", "rcas", "postmortem", "post-mortem", "postmortems"]),
    (Verb::Items, &["items", "item", "repairs", "repair", "todo"]),
    (Verb::OnCall, &["oncall", "on-call", "who", "whos", "who's"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnCallVerb {
    Help,
    Everybody,
    Me,
    Ready,
    Test,
    Overrides,
    Override,
    Take,
    Calendar,
    Gaps,
}

pub(super) const ON_CALL: &[(OnCallVerb, &[&str])] = &[
    (OnCallVerb::Help, &["help", "?", "-h", "--help", "usage", "commands"]),
    (OnCallVerb::Everybody, &["everybody", "everyone", "all", "now", "list"]),
    (OnCallVerb::Me, &["me", "mine", "my", "myself"]),
    (OnCallVerb::Ready, &["ready", "readiness"]),
    (OnCallVerb::Test, &["test"]),
    (OnCallVerb::Overrides, &["overrides"]),
    (OnCallVerb::Override, &["override", "cover"]),
    (OnCallVerb::Take, &["take"]),
    (OnCallVerb::Calendar, &["schedule", "schedules", "calendar"]),
    (OnCallVerb::Gaps, &["gaps", "gap", "holes"]),
];

/// A word that will mean something, why it does not yet, and what does about the same.
pub(super) struct Absent {
    pub words: &'static [&'static str],
    pub why: &'static str,
    /// `N` stands for the incident if one was named.
    pub instead: &'static str,
}

pub(super) const PAGER_ABSENT: &[Absent] = &[Absent {
    words: &["review"],
    why: "The production review is not there yet. See what is open.",
    instead: "list all",
}];

pub(super) const ON_CALL_ABSENT: &[Absent] =
    &[Absent { words: &["swap"], why: "Swaps are not there yet. Two overrides do the same.", instead: "help" }];

pub(super) fn verb<V: Copy>(table: &[(V, &[&str])], word: &str) -> Option<V> {
    table.iter().find(|(_, words)| words.contains(&word)).map(|(verb, _)| *verb)
}

pub(super) fn absent(table: &'static [Absent], word: &str) -> Option<&'static Absent> {
    table.iter().find(|a| a.words.contains(&word))
}

/// All words of a table, for "did you mean".
pub(super) fn all<V>(table: &'static [(V, &'static [&'static str])]) -> impl Iterator<Item = &'static str> {
    table.iter().flat_map(|(_, words)| words.iter().copied())
}

impl Verb {
    pub fn topic(self) -> Option<Topic> {
        Some(match self {
            Self::Mine | Self::Help => return None,
            Self::Trigger => Topic::Trigger,
            Self::List => Topic::List,
            Self::Show => Topic::Show,
            Self::Acknowledge => Topic::Acknowledge,
            Self::Snooze | Self::EndSnooze => Topic::Snooze,
            Self::Escalate | Self::Major | Self::NotMajor => Topic::Escalate,
            Self::Add | Self::Reassign => Topic::People,
            Self::Urgency => Topic::Urgency,
            Self::Mitigated | Self::Start | Self::Resolve | Self::Reopen => Topic::Resolve,
            Self::Note => Topic::Note,
            Self::Merge => Topic::Merge,
            Self::Why => Topic::Why,
            Self::Now | Self::Fyi | Self::Heartbeats => Topic::Now,
            Self::Doing => Topic::Doing,
            Self::Silence | Self::Maintenance => Topic::Quiet,
            Self::Misconfigured | Self::NotActionable => Topic::Misconfigured,
            Self::Triage => Topic::Triage,
            Self::Playbook => Topic::Playbook,
            Self::Handoff => Topic::Handoff,
            Self::Rca => Topic::Rca,
            Self::Items => Topic::Items,
            Self::OnCall => Topic::OnCall,
        })
    }
}
