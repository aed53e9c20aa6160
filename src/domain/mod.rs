//! PURE: no I/O, no async, no clock, no randomness, no Slack, no logging. `tests/pure` compiles this folder alone to
//! prove it.
//!
//! Start with [`handle::handle`]: state, configuration, input and time go in, facts come out.

pub mod alert;
pub mod call;
pub mod condition;
pub mod course;
mod deadline;
mod decision;
pub mod directory;
pub mod dnd;
pub mod duty;
mod episode;
pub mod escalation;
pub mod fact;
pub mod following;
pub mod forecast;
pub mod fyi;
pub mod gaps;
pub mod going_on;
pub mod group;
pub mod handle;
pub mod hold;
pub mod hours;
pub mod id;
pub mod incident;
pub mod input;
mod join;
mod level;
pub mod listing;
pub mod lookup;
pub mod misconfigured;
mod oncall;
mod opening;
pub mod page;
mod paging;
pub mod people;
pub mod post;
pub mod privacy;
pub mod quiet;
pub mod quieting;
pub mod refusal;
pub mod responders;
pub mod response;
pub mod routing;
pub mod schedule;
pub mod settle;
pub mod sla;
pub mod snooze;
pub mod stamp;
mod sweep;
mod tend;
pub mod text;
pub mod threshold;
pub mod urgency;
pub mod world;
