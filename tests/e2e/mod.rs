//! The real binary, started as people start it, with a local Slack beside it.
//!
//! [`Pager::run`] starts `warridor run` against a Slack that lives in the test, and so survives every kill.
//! [`Pager::demo`] starts `warridor demo`: one process, its Slack kept on disk, its clock moved by the test.
//! Nothing sleeps for a fixed time: every wait is for a condition and ends with what was seen instead.

#![allow(clippy::disallowed_methods)] // how long something takes here is measured on the real clock
#![allow(dead_code, unused_imports)] // each test binary uses its part

pub mod alertmanager;
pub mod company;
pub mod http;
pub mod journal;
pub mod pager;
pub mod slack;
pub mod strace;
pub mod wall_clock;

pub use company::Company;
pub use pager::Pager;
pub use slack::{Message, Slack};

use std::fmt::Display;
use std::time::{Duration, Instant};

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(15);
/// What must happen "at once" on a machine that builds something else at the same time.
pub const SOON: u64 = 15;

/// Waits until `look` finds something, at most `secs`.
#[track_caller]
pub fn eventually<T>(what: impl Display, secs: u64, mut look: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + Duration::from_secs(secs);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < until, "not within {secs} s: {what}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// [`eventually`] for what is true or not.
#[track_caller]
pub fn eventually_true(what: impl Display, secs: u64, mut look: impl FnMut() -> bool) {
    eventually(what, secs, || look().then_some(()));
}
