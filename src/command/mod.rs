//! What people type after a slash command: words in, a [`Command`] out, or what to type instead. PURE.
//!
//! People type this at night, on a phone, with a keyboard that "corrects" them. So: any case, `#12` or `12`, smart
//! quotes, hard blanks, dashes of every length, a comma too many, a `/pager` too many. What could wake somebody by
//! mistake is never guessed: it comes back as a [`Mistake`] with the corrected line, ready to be copied.
//!
//! Absent on purpose: what the commands do, what is true (is #12 open? who is on call?), and the words of the answers;
//! of those only mistakes are told here, for nothing else knows what was typed.

mod doing;
mod handoff;
mod heartbeats;
mod mention;
mod misconfigured;
mod mistake;
mod names;
mod nearest;
mod oncall;
mod pager;
mod people;
mod playbook;
mod quiet;
mod rca;
mod reading;
mod span;
mod spoken;
#[cfg(test)]
mod tests;
mod trigger;
mod verbs;
mod when;
mod which;
mod words;

pub use doing::DOING_SECS;
pub use mention::readable;
pub use mistake::{CANDIDATES_MAX, Mistake, QUOTED_MAX};
pub use nearest::nearest;
pub use people::UNKNOWN_SPEAKER;
pub use when::{MORNING_HOUR, Meant, NIGHT_ENDS_HOUR, SPAN_MAX_SECS};
pub use words::LINE_MAX;

pub use crate::domain::call::Whom;
use crate::domain::directory::{Directory, Urgency};
use crate::domain::going_on::Scope;
use crate::domain::id::{
    AnnouncementNo, IncidentNo, ItemNo, MisconfiguredNo, OverrideId, PlaybookId, QuietId, ScheduleId, ServiceId,
    TeamId, UserId,
};
use crate::domain::quiet::Covered;
use crate::domain::stamp::At;
use chrono_tz::Tz;
use reading::Reading;

/// The longest note, resolve note and description of a new incident, in characters.
pub const TEXT_MAX: usize = 3_000;
/// The longest reason of a snooze, in characters.
pub const REASON_MAX: usize = 200;
/// The most incidents one command names.
pub const NUMBERS_MAX: usize = 50;

/// What a slash command does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// Everything.
    Pager,
    /// `/pager oncall`
    Oncall,
}

impl Means {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Pager, Self::Oncall];

    /// The word in the configuration, and the word after `/pager`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pager => "pager",
            Self::Oncall => "oncall",
        }
    }

    /// What a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|means| means.word() == word)
    }
}

/// What was typed.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// As it was typed, with its `/`: companies rename commands, and a corrected line must work there.
    pub command: &'a str,
    /// What stands after it. Untrusted; read up to [`LINE_MAX`] characters.
    pub text: &'a str,
    /// Which part of `/pager` the command is short for.
    pub means: Means,
}

/// Who typed it, and what they can name.
#[derive(Clone, Copy, Debug)]
pub struct Speaker<'a> {
    /// On the wall clock.
    pub now: At,
    /// Every time that is typed is in this zone, unless it says UTC.
    pub tz: Tz,
    /// `None`: somebody the configuration does not know.
    pub me: Option<&'a UserId>,
    pub directory: &'a Directory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    No(IncidentNo),
    /// None was named: the speaker's only open incident, else they are asked.
    Mine,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOf {
    Mine,
    /// Of a bare `list` too: `/pager` alone lists one's own.
    All,
    Team(TeamId),
}

/// What help was asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    Trigger,
    List,
    Show,
    Acknowledge,
    Snooze,
    Escalate,
    /// `add` and `reassign`
    People,
    Urgency,
    /// `start`, `mitigated`, `resolve` and `reopen`
    Resolve,
    Note,
    Merge,
    Why,
    Now,
    Doing,
    /// Silences and maintenance windows.
    Quiet,
    /// Alerts that are to be mended.
    Misconfigured,
    Triage,
    Playbook,
    Handoff,
    /// RCAs.
    Rca,
    /// Work that incidents left behind.
    Items,
    OnCall,
}

/// What somebody wants to be silent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Silenced {
    /// The alert of this incident.
    Incident(IncidentNo),
    Covered(Covered),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing was typed: my open incidents and what I can do.
    Mine,
    Help(Option<Topic>),
    /// Without a service, or without words of what is wrong, a form asks for them.
    Trigger {
        service: Option<ServiceId>,
        /// Empty, or at most [`TEXT_MAX`] characters.
        what: String,
    },
    List(ListOf),
    Show(Which),
    /// None: mine. Each once, at most [`NUMBERS_MAX`], in the order they were typed.
    Acknowledge(Vec<IncidentNo>),
    Snooze {
        which: Which,
        until: At,
        meant: Option<Meant>,
        /// At most [`REASON_MAX`] characters.
        reason: Option<String>,
    },
    EndSnooze(Which),
    Escalate(Which),
    /// Everybody who could be asked is wanted: asks whether to, naming them.
    Major(Which),
    /// They are not, after all.
    NotMajor(Which),
    Add(Which, Whom),
    Reassign(Which, UserId),
    Urgency(Which, Urgency),
    Mitigated(Which),
    /// Nothing had to be done: resolves it, and marks its alert as one to be mended.
    NotActionable(Which),
    ImOnIt(Which),
    /// With a note of at most [`TEXT_MAX`] characters.
    Resolve(Which, Option<String>),
    /// Never guessed: a resolved incident is nobody's.
    Reopen(IncidentNo),
    /// Not empty, at most [`TEXT_MAX`] characters.
    Note(Which, String),
    Merge {
        from: Which,
        into: IncidentNo,
    },
    Why(Which),
    Now,
    Doing(Doing),
    /// What is silenced or in maintenance, and will be.
    Quiets,
    Quiet {
        what: Silenced,
        from: At,
        /// After `from`, on the wall clock, as `from` is.
        until: At,
        meant: Option<Meant>,
        /// Not empty, at most [`REASON_MAX`] characters.
        because: String,
        /// In Alertmanager too.
        elsewhere: bool,
    },
    /// A form asks for everything.
    PlanMaintenance,
    /// Never guessed: several may be in force.
    EndQuiet(QuietId),
    /// Today's.
    Fyi,
    /// Alerts that are to be mended: all, or of one service.
    Misconfigured(Option<ServiceId>),
    /// What is to be heard of every so often: all, or of one service.
    Heartbeats(Option<ServiceId>),
    /// The first look at an incident.
    Triage(Which),
    Playbook(WhichPlaybook),
    Handoff(Handoff),
    Rca(Rcas),
    Items(Items),
    /// Never guessed: the list has their numbers.
    Mended(MisconfiguredNo),
    OnCall(OnCall),
}

/// Which playbook somebody wants to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhichPlaybook {
    /// Which there are.
    List,
    /// The best one for an incident.
    For(Which),
    Named(PlaybookId),
    /// A new one, from what was done about an incident.
    Draft(Which),
}

/// What somebody wants of a handoff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handoff {
    /// What it would say now; of the speaker's team, if none is named.
    Show(Option<TeamId>),
    /// Something that the next one should know; not empty, at most [`TEXT_MAX`] characters.
    Note { team: Option<TeamId>, text: String },
    /// The one that waits for the speaker.
    Accept,
}

/// What somebody wants of RCAs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rcas {
    /// Those that the speaker owes.
    Mine,
    /// The one of an incident.
    Of(IncidentNo),
    /// Those that are owed: by a team, or by all.
    List(Option<TeamId>),
    /// How all teams stand.
    Status,
}

/// What somebody wants of the work that incidents left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items {
    Mine,
    /// Those that are open: of a team, or of all.
    Of(Option<TeamId>),
    /// With what came of it; may be empty, at most [`TEXT_MAX`] characters.
    Done {
        item: ItemNo,
        outcome: String,
    },
    /// It was called done, and is not.
    Reopen {
        item: ItemNo,
    },
    /// Somebody else does it, or by another time.
    Change {
        item: ItemNo,
        owner: Option<UserId>,
        due: Option<At>,
    },
}

/// What somebody announces, or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing {
    List,
    Announce {
        /// Not empty.
        text: String,
        until: At,
        of: Option<Scope>,
    },
    End(AnnouncementNo),
}

/// All schedules of a team, or one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    Team(TeamId),
    Schedule(ScheduleId),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnCall {
    Everybody,
    Team(TeamId),
    Schedule(ScheduleId),
    /// Every shift of the coming two weeks.
    Calendar(Whose),
    /// Hours of the coming two weeks at which nobody is on call; `None`: by any schedule.
    Gaps(Option<Whose>),
    Me,
    /// What to check before the speaker's next shift, or in it.
    Ready,
    /// A page to the speaker alone.
    Test,
    /// Those that are not over, with their numbers.
    Overrides,
    Override {
        schedule: ScheduleId,
        who: UserId,
        from: At,
        /// After `from`, on the wall clock, as `from` is.
        until: At,
        meant: Option<Meant>,
    },
    /// An override whose person is the speaker.
    Take {
        schedule: ScheduleId,
        from: At,
        until: At,
        meant: Option<Meant>,
    },
    /// Never guessed: several may be ahead.
    EndOverride(OverrideId),
    Help,
}

/// Reads one line.
///
/// # Errors
/// [`Mistake`]: what was not understood, and the corrected line where it can be guessed. A corrected line is always one
/// that this function understands.
pub fn parse(line: &Line<'_>, speaker: &Speaker<'_>) -> Result<Command, Mistake> {
    read(line, speaker).map_err(|mistake| {
        let instead = mistake.instead.and_then(|text| understood(text, line, speaker));
        let instead = instead.map(|text| {
            let typed = typeable(&text, speaker.directory);
            // What looks like a mention may stand inside another one, which it would break.
            if read(&Line { text: &typed, ..*line }, speaker).is_ok() { typed } else { text }
        });
        Mistake { why: mistake.why, instead }
    })
}

fn read(line: &Line<'_>, speaker: &Speaker<'_>) -> Result<Command, Mistake> {
    let mut reading = Reading::new(line, speaker);
    match line.means {
        Means::Pager => pager::read(&mut reading),
        Means::Oncall => oncall::read(&mut reading),
    }
}

/// Slack writes a mention as `<@U123|ana>`; somebody who types it writes `@ana`.
fn typeable(line: &str, directory: &Directory) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, mention)) = rest.split_once("<@")
        && let Some((mention, after)) = mention.split_once('>')
    {
        let (id, label) = mention.split_once('|').unwrap_or((mention, ""));
        let known = directory.user_by_slack(&id.into()).map(|u| u.id.as_str());
        out.push_str(before);
        out.push('@');
        out.push_str(known.unwrap_or(if label.is_empty() { id } else { label }));
        rest = after;
    }
    out + rest
}

/// Corrections of one line: a slip in the command, one in a name, one in the time.
const CORRECTIONS_MAX: usize = 4;

/// A corrected line may still lack something; then what corrects it is followed.
fn understood(mut text: String, line: &Line<'_>, speaker: &Speaker<'_>) -> Option<String> {
    for _ in 0..CORRECTIONS_MAX {
        match read(&Line { text: &text, ..*line }, speaker) {
            Ok(_) => return Some(text),
            Err(mistake) => text = mistake.instead?,
        }
    }
    None
}
