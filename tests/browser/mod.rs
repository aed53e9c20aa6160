//! A real browser in front of the demo's page. Every story has its own browser and its own Slack on free ports.

#![allow(dead_code)] // each test binary uses its part

pub mod app;
pub mod demo;
pub mod page;
pub mod story;

use std::time::Duration;

/// Longer than anything a page does takes on a busy machine; a story that reaches it has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);
