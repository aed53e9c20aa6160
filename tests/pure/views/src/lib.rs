//! `src/domain`, `src/command` and `src/views`, mounted under their own names and compiled without the rest. Nothing of
//! them is here.

#[path = "../../../../src/command/mod.rs"]
pub mod command;
#[path = "../../../../src/domain/mod.rs"]
pub mod domain;
#[path = "../../../../src/views/mod.rs"]
pub mod views;
