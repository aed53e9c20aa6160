//! What must hold whatever comes in, as functions of any bytes. A target in `targets/` gives one of them to libFuzzer;
//! each panics when what it claims does not hold.
//!
//! Not only "no panic": what is claimed stands beside each function, and `README.md` has it as a table.

pub mod bodies;
pub mod command;
pub mod config;
pub mod escaping;
pub mod journal;
pub mod playbook;
pub mod signature;
pub mod slack;
pub mod snapshot;
pub mod twilio;
pub mod unreadable;

// `src/command/tests/company.rs` is used here as it stands, and names its types by `crate::domain`.
use warridor::domain;

#[path = "../../src/command/tests/company.rs"]
mod company;
