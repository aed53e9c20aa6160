//! One thing to do, and how far it is.

use crate::domain::id::{IncidentNo, MessageRef, PageId};
use crate::domain::page::SyncKey;
use crate::domain::stamp::At;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    Page(IncidentNo, PageId),
    Sync(SyncKey),
}

/// How far a job is.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// Queued or in flight under this id.
    pub(super) call: Option<u64>,
    /// When it may be tried next; stands in `ready` while there is no call.
    pub(super) ready_at: Option<At>,
    pub(super) tries: u32,
    pub(super) step: Step,
    /// An answer is missing: the message is looked for until then, and at least once.
    pub(super) look_until: Option<At>,
    /// Looking gets this long, however Slack answers.
    pub(super) give_up_at: Option<At>,
    /// A post of it was answered by nothing: a second one says so.
    pub(super) in_doubt: bool,
    /// Slack refused the blocks: words only.
    pub(super) plain: bool,
    /// Slack refused the metadata: a lost answer cannot be made up for by looking.
    pub(super) bare: bool,
    /// The state changed after the last rendering: when that should show.
    pub(super) stale_at: Option<At>,
    /// Created, and not yet committed.
    pub(super) awaiting: Option<Awaiting>,
    /// The hash of what is in flight; of thread lines, how far they go; of a look, where it begins.
    pub(super) sent: Option<u64>,
    /// Where the last call went.
    pub(super) sent_to: Option<String>,
    /// Pages that go with this one's message.
    pub(super) members: Vec<(IncidentNo, PageId)>,
    /// Those of them that the message in flight speaks of.
    pub(super) sent_members: Vec<(IncidentNo, PageId)>,
    /// It goes with that one's message.
    pub(super) lead: Option<Job>,
}

/// The next call of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Post, or edit what was posted.
    Send,
    /// Learn the direct message channel, to look there.
    OpenDm,
    /// Look for a message that may have been posted.
    Find { channel: String },
    /// Ask a provider whether it has the text or the call.
    LookUp,
}

/// What the pump was told and has not committed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Awaiting {
    Message(MessageRef),
    Thread(u64),
    Settled,
}

impl Work {
    pub(super) fn new(step: Step) -> Self {
        Self {
            call: None,
            ready_at: None,
            tries: 0,
            step,
            look_until: None,
            give_up_at: None,
            in_doubt: false,
            plain: false,
            bare: false,
            stale_at: None,
            awaiting: None,
            sent: None,
            sent_to: None,
            members: Vec::new(),
            sent_members: Vec::new(),
            lead: None,
        }
    }
}
