//! `src/domain`, mounted under its own name and compiled alone. Nothing of it is here.

#[path = "../../../src/domain/mod.rs"]
pub mod domain;
