//! The door for monitors: HTTP in, inputs out, heartbeat out.
//!
//! A body is read within bounds, decoded by a pure decoder and handed over as one input; 202 is written only after the
//! input is durable. Whoever owns the state stands behind [`Intake`]; nothing here knows what an incident is, and nothing
//! here keeps an alert.
//!
//! Absent on purpose: 429, and any other 4xx for what a sender should send again. Alertmanager drops an alert on every
//! 4xx and retries every 5xx. Keys appear in no log, metric, answer or excerpt.

pub mod json;
pub mod limits;
pub mod sources;
pub mod text;
