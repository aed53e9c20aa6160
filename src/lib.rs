//! Warridor: a Slack-first pager.
//!
//! One writer, one door in, one door out. A pure function decides; everything else moves bytes.
//!
//! ```text
//! handle(&World, &Directory, &Input, Stamp) -> Result<Vec<Fact>, Refusal>
//! world.apply(&Fact, Stamp)
//! fact.stales() -> what is out of date in Slack
//! ```

#![forbid(unsafe_code)]

pub mod alertmanager; // silences, made true in Alertmanager too
pub mod app; //     the composition root
pub mod cli; //     commands and options
pub mod clock; //   the only now()
pub mod command; // PURE: words typed after a slash command -> what is meant
pub mod config; //  config.toml and playbooks -> Directory, told mistake by mistake
pub mod dnd; //     whose notifications Slack holds back
pub mod domain; //  PURE: what can happen, what happened, what is true
pub mod door; //    three bounded lanes in front of the pump
pub mod drafts; //  playbooks that people draft: files in the data directory
pub mod gaps; //    hours ahead at which nobody is on call
pub mod health; //  how the pager itself is
pub mod ingest; //  the door for monitors: HTTP in, heartbeat out
pub mod intake; //  behind the HTTP door
pub mod kept; //    what is written in our threads, for a while
pub mod methods; // ways to people beside Slack: texts, calls, hooks
pub mod notices; // what is wrong with the pager, told in the admin channel
pub mod online; //  what Slack really has, against the configuration
pub mod outbox; //  what is to be true outside, and the way there
pub mod pump; //    the single writer: decide, make durable, publish, answer
pub mod reach; //   is there a way to Slack?
pub mod record; //  facts as journal frames hold them
pub mod reload; //  a changed configuration, taken in while everything runs
pub mod sandbox; // a local Slack, as strict as the real one
pub mod slack; //   the socket, the lanes, the client
pub mod store; //   bytes and keys: the journal is the truth, rows are behind it
pub mod views; //   PURE: state -> Block Kit
