//! Where facts become durable. This module and all below it know bytes and keys; none knows what an incident is.
//!
//! The **journal** (append-only frames, hash-chained) is the truth. **Rows** are a checkpoint of the state the frames
//! lead to, written behind the journal together with the `applied_seq` they stand for; losing them costs a rebuild,
//! never a fact. A [`Store`] offers both. It is shared by two threads: the pump commits, the checkpointer writes rows.
//!
//! | module | what |
//! |---|---|
//! | [`embedded`], `boot` | the store of one machine: a data directory ([`layout`]) brought up and used |
//! | [`journal`], [`space`] | committing; the room to commit into |
//! | [`recover`], [`segment`], [`frame`], [`head`] | what a boot makes of what it finds; files, lines, the last durable frame |
//! | [`rows`], [`kv`], [`sled_rows`], [`snapshot`] | rows that know when they are not whole, and what they are rebuilt from |
//! | [`lineage`], [`backup`], [`verify`], [`replay`], [`drop_text`] | what an operator does |
//! | [`memory`], [`contract`], [`disk`], [`simdisk`] | the second store, the one story, and disks that lie |
//!
//! Absent on purpose: no method to change or remove a frame, and no way to commit without an [`Epoch`].

pub use crate::domain::id::StoreId;
use crate::domain::stamp::At;
use serde_json::value::RawValue;

pub mod backup;
mod boot;
#[doc(hidden)]
pub mod contract;
pub mod disk;
pub mod drop_text;
pub mod embedded;
pub mod frame;
pub mod head;
pub mod journal;
pub mod kv;
pub mod layout;
pub mod lineage;
pub mod memory;
pub mod notices;
pub mod recover;
pub mod replay;
pub mod rows;
pub mod segment;
pub mod simdisk;
pub mod sled_rows;
pub mod snapshot;
pub mod space;
pub mod verify;

/// Proof of being the one writer. Opening a store makes a new epoch and fences every earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub u64);

/// Free text or personal data, kept beside the facts that name it so that it can be dropped without breaking the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedText {
    /// What the fact names: the first 16 bytes of SHA-256(salt ‖ text), in hex.
    pub id: String,
    /// Random, in hex; without it a short text could be guessed from its hash.
    pub salt: String,
    /// The text; `None` once it was dropped.
    pub text: Option<String>,
}

/// One commit: the facts that a batch of inputs led to.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Position in the journal; the first frame is 1, no gaps.
    pub seq: u64,
    /// The stamp the inputs were decided at.
    pub at: At,
    pub wall: At,
    /// The configuration version in force.
    pub config: u64,
    /// The inputs that were decided here.
    pub inputs: Vec<String>,
    /// The facts, each a JSON object.
    pub facts: Vec<Box<RawValue>>,
    /// The texts these facts name.
    pub texts: Vec<SealedText>,
}

/// May a commit use the space kept back for a full disk?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spend {
    /// Stop when the disk is full.
    Free,
    /// Give up the reserve: acknowledgements and settlements must still commit on a full disk.
    Reserve,
}

/// What became of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Durable: it survives process death and power loss.
    Committed,
    /// Certainly not written (no space, for example): roll back, answer 503, go on.
    NotWritten(String),
    /// Nobody knows: answer nobody, alarm without the store, exit; the next boot decides.
    Unknown(String),
    /// Another writer holds a later epoch, or the log moved on: step down.
    Fenced(String),
}

/// Rows to write: a value, or `None` to delete.
pub type RowChange = (Vec<u8>, Option<Vec<u8>>);

/// Why a store cannot be used, for a person: what is wrong, where, and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the data directory.
    #[error("{0}")]
    InUse(String),
    /// A frame or file is damaged in a way no boot may repair by itself.
    #[error("{0}")]
    Corrupt(String),
    /// The operating system refused.
    #[error("{context}: {source}")]
    Io {
        context: String,
        #[source]
        source: std::io::Error,
    },
    /// A later epoch exists.
    #[error("{0}")]
    Fenced(String),
}

/// What a store found when it was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    pub epoch: Epoch,
    pub store: StoreId,
    /// The last frame in the journal; 0 when there is none.
    pub last_seq: u64,
    /// The frame the rows stand for: frames after it must be applied to them.
    pub applied_seq: u64,
    /// True after `restore` until a person confirms: nothing may be sent.
    pub paused: bool,
    /// How often this store was restored from a backup. Each restore skips numbers, so that none is given out twice.
    pub restores: u32,
    /// What an operator should know (a cut tail, a rebuilt checkpoint), one sentence each.
    pub notices: Vec<String>,
}

/// The journal and its rows. Every implementation passes the one story in `store/contract.rs`.
pub trait Store: Send + Sync + 'static {
    /// Takes the store for writing, and fences every earlier epoch.
    fn open(&self) -> Result<Opened, StoreError>;

    /// Puts inputs where a leader will find them, when deciding and accepting are not one step. Embedded stores have
    /// nothing to do: the commit that covers an input is its acceptance.
    fn accept(&self, inputs: &[(String, Vec<u8>)]) -> Result<Receipt, StoreError>;

    /// Appends `frame`, which must be `expected_seq`, and makes it durable.
    fn commit(&self, epoch: Epoch, expected_seq: u64, frame: &Frame, spend: Spend) -> Commit;

    /// Calls `each` with every frame after `after`, in order, until it says stop (`false`).
    fn tail(&self, after: u64, each: &mut dyn FnMut(Frame) -> bool) -> Result<(), StoreError>;

    /// One row.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Calls `each` with every row whose key starts with `prefix`, in key order (`newest_first`: reversed), until it
    /// says stop (`false`).
    fn scan(
        &self,
        prefix: &[u8],
        newest_first: bool,
        each: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError>;

    /// Writes rows and the `applied_seq` they stand for, atomically.
    fn checkpoint(&self, epoch: Epoch, applied_seq: u64, rows: Vec<RowChange>) -> Result<(), StoreError>;

    /// Keeps a configuration text under its SHA-256 (hex), durable when this returns.
    fn put_config(&self, sha256: &str, text: &str) -> Result<(), StoreError>;

    /// A configuration text kept earlier.
    fn get_config(&self, sha256: &str) -> Result<Option<String>, StoreError>;
}

/// Where accepted inputs wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Nothing was kept: the commit that covers the inputs is their acceptance.
    WithCommit,
    /// Kept in an inbox until a frame names them.
    Kept,
}

/// Rows may stand only for frames that exist, and never for fewer than before.
fn check_applied(before: u64, applied_seq: u64, last_seq: u64) -> Result<(), StoreError> {
    let why = if applied_seq > last_seq {
        format!("a checkpoint for frame {applied_seq} was refused: the journal ends at {last_seq}")
    } else if applied_seq < before {
        format!("a checkpoint for frame {applied_seq} was refused: the rows already stand for {before}")
    } else {
        return Ok(());
    };
    Err(StoreError::Io { context: why, source: std::io::ErrorKind::InvalidInput.into() })
}
