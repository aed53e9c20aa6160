//! What the door counts. Base units, names in Prometheus' manner; no label ever holds text from outside.

use super::body::Budget;
use super::connections::Connections;
use super::routes::{ROUTES, Route};
use super::signature::Unsigned;
use crate::domain::input::{Event, EventAction, Source};
use crate::domain::routing::{SOURCES, source_name};
use hyper::StatusCode;
use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use std::sync::OnceLock;
use std::time::Instant;

/// Upper bounds, in seconds, that suit `warridor_ingest_request_duration_seconds`: from a page in memory to a deadline.
pub const DURATION_BUCKETS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

const CODES: [StatusCode; 9] = [
    StatusCode::OK,
    StatusCode::ACCEPTED,
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// Says what each metric means. Call it once, after the recorder is installed.
pub fn describe() {
    describe_counter!("warridor_ingest_requests_total", Unit::Count, "Requests answered, by path and status code.");
    describe_counter!("warridor_ingest_events_total", Unit::Count, "Events made durable, by source and action.");
    describe_counter!(
        "warridor_ingest_events_dropped_total",
        Unit::Count,
        "Events that a rule dropped: they were accepted, and nobody needs to know."
    );
    describe_counter!(
        "warridor_ingest_unreadable_total",
        Unit::Count,
        "Bodies under a known key that could not be read."
    );
    describe_counter!("warridor_ingest_unknown_key_total", Unit::Count, "Requests whose key is not configured.");
    describe_counter!(
        "warridor_ingest_unsigned_total",
        Unit::Count,
        "Requests under a key that asks for signatures which were not let in, by what was wrong."
    );
    describe_counter!(
        "warridor_ingest_left_out_by_sender_total",
        Unit::Count,
        "Alerts that senders say they left out of their bodies; nobody is paged for them."
    );
    describe_counter!(
        "warridor_ingest_nothing_to_do_total",
        Unit::Count,
        "Bodies that were understood and asked nobody to act: nothing was kept of them."
    );
    describe_counter!("warridor_ingest_beats_total", Unit::Count, "Heartbeats of others made durable.");
    describe_histogram!(
        "warridor_ingest_request_duration_seconds",
        Unit::Seconds,
        "From a request's header to its answer, for paths that take events."
    );
    describe_histogram!("warridor_ingest_body_bytes", Unit::Bytes, "Size of bodies read, after decompression.");
    describe_gauge!("warridor_ingest_held_bytes", Unit::Bytes, "Bodies held at this moment.");
    describe_gauge!("warridor_ingest_connections", Unit::Count, "Open connections.");
    describe_counter!(
        "warridor_ingest_connections_evicted_total",
        Unit::Count,
        "Idle connections closed to make room for new ones."
    );
    describe_counter!(
        "warridor_ingest_connections_refused_total",
        Unit::Count,
        "Connections refused because every place was busy."
    );
    describe_counter!(
        "warridor_heartbeats_total",
        Unit::Count,
        "Warridor's own heartbeats due, by outcome: sent, failed or withheld."
    );
}

/// Handles looked up once. Series of requests appear with their first request.
pub struct Metrics {
    requests: [[OnceLock<Counter>; CODES.len()]; ROUTES],
    events: [[Counter; 3]; SOURCES.len()],
    pub duration_seconds: Histogram,
    pub body_bytes: Histogram,
    pub unreadable: Counter,
    pub unknown_key: Counter,
    unsigned: [Counter; Unsigned::ALL.len()],
    pub left_out_by_sender: Counter,
    pub nothing_to_do: Counter,
    pub beats: Counter,
    pub evicted: Counter,
    pub refused: Counter,
    connections: Gauge,
    held_bytes: Gauge,
}

impl Metrics {
    pub fn new() -> Self {
        let actions = ["trigger", "acknowledge", "resolve"];
        let of_source = |source: &'static str| {
            actions.map(|action| counter!("warridor_ingest_events_total", "source" => source, "action" => action))
        };
        Self {
            requests: Default::default(),
            events: SOURCES.map(|source| of_source(source_name(source))),
            duration_seconds: histogram!("warridor_ingest_request_duration_seconds"),
            body_bytes: histogram!("warridor_ingest_body_bytes"),
            unreadable: counter!("warridor_ingest_unreadable_total"),
            unknown_key: counter!("warridor_ingest_unknown_key_total"),
            unsigned: Unsigned::ALL.map(|why| counter!("warridor_ingest_unsigned_total", "reason" => why.label())),
            left_out_by_sender: counter!("warridor_ingest_left_out_by_sender_total"),
            nothing_to_do: counter!("warridor_ingest_nothing_to_do_total"),
            beats: counter!("warridor_ingest_beats_total"),
            evicted: counter!("warridor_ingest_connections_evicted_total"),
            refused: counter!("warridor_ingest_connections_refused_total"),
            connections: gauge!("warridor_ingest_connections"),
            held_bytes: gauge!("warridor_ingest_held_bytes"),
        }
    }

    pub fn answered(&self, route: &Route<'_>, status: StatusCode) {
        let code = CODES.iter().position(|c| *c == status).unwrap_or(CODES.len() - 2);
        let label = route.label();
        let series =
            || counter!("warridor_ingest_requests_total", "path" => label, "code" => CODES[code].as_str().to_owned());
        self.requests[route.index()][code].get_or_init(series).increment(1);
    }

    pub fn unsigned(&self, why: Unsigned) {
        self.unsigned[why as usize].increment(1);
    }

    pub fn events(&self, counts: &Counts) {
        for (counter, count) in self.events[counts.source].iter().zip(counts.by_action) {
            if count > 0 {
                counter.increment(count);
            }
        }
    }

    /// Takes the gauges' readings.
    #[allow(clippy::cast_precision_loss)] // a gauge
    pub fn read(&self, connections: &Connections, budgets: &[&Budget]) {
        self.connections.set(connections.len() as f64);
        self.held_bytes.set(budgets.iter().map(|b| b.held()).sum::<usize>() as f64);
    }
}

/// How many events of each action, and from whom: taken before they are handed over, counted when they are durable.
pub struct Counts {
    source: usize,
    by_action: [u64; 3],
}

impl Counts {
    pub fn of(source: Source, events: &[Event]) -> Self {
        // What is not a monitor's does not come in here.
        let source = SOURCES.iter().position(|known| *known == source).unwrap_or_default();
        let mut by_action = [0; 3];
        for event in events {
            by_action[match event.action {
                EventAction::Trigger => 0,
                EventAction::Acknowledge => 1,
                EventAction::Resolve => 2,
            }] += 1;
        }
        Self { source, by_action }
    }
}

/// A stopwatch for a metric; it decides nothing.
pub struct Watch(Instant);

impl Watch {
    #[allow(clippy::disallowed_methods)] // measures, never decides
    pub fn start() -> Self {
        Self(Instant::now())
    }

    pub fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}
