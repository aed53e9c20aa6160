//! PURE: no I/O, no async, no clock, no randomness, no Slack, no logging. `tests/pure` compiles this folder alone to
//! prove it.

pub mod directory;
pub mod id;
pub mod input;
pub mod page;
pub mod schedule;
pub mod stamp;
