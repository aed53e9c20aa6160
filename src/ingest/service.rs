//! One request, from its header to its answer.

use super::answers::{self, Answer};
use super::body::{self, BodyError, Budget, Held};
use super::connections::Connections;
use super::metrics::{Counts, Metrics, Watch};
use super::routes::{Kind, Route};
use super::signature::{self, Unsigned};
use super::sources::{DecodeError, Decoded, change, pagerduty};
use super::{Accepted, IngestConfig, Intake, IntakeError, auth, limits, text, unreadable};
use crate::domain::directory::{Directory, IntegrationKey};
use crate::domain::going_on::Changes;
use crate::domain::heartbeat::ALERTS;
use crate::domain::id::{IncidentNo, InputId};
use crate::domain::input::{Delivery, Event, Input, Source, What};
use crate::methods::answers as phone;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use tokio::sync::Semaphore;

const ENQUEUE: &str = "/v2/enqueue";

/// Everything requests share.
pub struct Door<I> {
    intake: Arc<I>,
    config: IngestConfig,
    connections: Arc<Connections>,
    bodies: Arc<Budget>,
    enqueue_bodies: Arc<Budget>,
    decoders: Semaphore,
    pub metrics: Metrics,
}

/// A request under a key.
struct Known<'a> {
    directory: &'a Directory,
    key: &'a IntegrationKey,
    secret: &'a str,
    path: &'static str,
}

impl<I: Intake> Door<I> {
    pub fn new(intake: Arc<I>, config: IngestConfig, connections: Arc<Connections>) -> Self {
        let bodies = Budget::new(config.limits.body_bytes);
        let enqueue_bodies = Budget::new(config.limits.enqueue_body_bytes);
        let decoders = Semaphore::new(limits::DECODERS);
        Self { intake, config, connections, bodies, enqueue_bodies, decoders, metrics: Metrics::new() }
    }

    /// Answers one request. Never fails: what goes wrong is an answer.
    pub async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Full<Bytes>> {
        let watch = Watch::start();
        let (parts, body) = request.into_parts();
        let route = Route::of(parts.uri.path());
        let takes_events =
            matches!(route, Route::Enqueue | Route::ChangeEnqueue | Route::Integration { .. } | Route::Beat { .. });
        let allowed = match route.method() {
            "GET" => parts.method == Method::GET || parts.method == Method::HEAD,
            _ => parts.method == Method::POST,
        };
        let answer = match &route {
            Route::Unknown => Answer::no_such_path(),
            Route::Beat { .. } if !allowed => Answer::no_beat(),
            _ if !allowed => Answer::wrong_method(route.method()),
            Route::Enqueue => self.enqueue(&parts.headers, body, peer).await,
            Route::ChangeEnqueue => self.change(&parts.headers, body, peer).await,
            Route::Integration { kind, key } => self.integration(*kind, key, &parts.headers, body, peer).await,
            Route::Beat { key } => self.beat(key, body, peer).await,
            Route::Twilio => self.twilio(&parts, body, peer).await,
            Route::Healthz => Answer::text(StatusCode::OK, "ok\n"),
            Route::Readyz => {
                let ready = self.intake.ready();
                Answer::ready(ready.writable, &ready.body)
            }
            Route::Metrics => self.render(),
        };
        self.metrics.answered(&route, answer.status);
        if takes_events {
            self.metrics.duration_seconds.record(watch.seconds());
        }
        answer.into_response()
    }

    /// To be called every few seconds.
    pub fn upkeep(&self) {
        if let Some(handle) = &self.config.metrics {
            handle.run_upkeep();
        }
    }

    fn render(&self) -> Answer {
        let Some(handle) = &self.config.metrics else { return Answer::no_such_path() };
        self.metrics.read(&self.connections, &[&self.bodies, &self.enqueue_bodies]);
        Answer::metrics(handle.render())
    }

    async fn integration(&self, kind: Kind, secret: &str, headers: &HeaderMap, body: Incoming, peer: IpAddr) -> Answer {
        let directory = self.intake.directory();
        let Some(key) = auth::lookup(&directory, secret) else {
            body::discard(body, limits::DISCARDED_UNKNOWN_BYTES, self.config.limits.body).await;
            return self.unknown_key(secret, peer);
        };
        let path = kind.path();
        let known = Known { directory: &directory, key, secret, path };
        let asked = &key.signature_env;
        let claim = match asked.as_slice() {
            [] => None,
            asked => match signature::claim(kind, headers, asked, &self.config.secrets) {
                Ok(claim) => Some(claim),
                Err(why) => {
                    body::discard(body, limits::DISCARDED_UNKNOWN_BYTES, self.config.limits.body).await;
                    return self.unsigned(key, path, why, peer);
                }
            },
        };
        let mut held = match body::read(headers, body, limits::BODY_BYTES, &self.bodies, self.config.limits.body).await
        {
            Ok(held) => held,
            // What cannot be looked at whole may be anybody's.
            Err(BodyError::TooLarge { .. } | BodyError::Encoding { .. }) if claim.is_some() => {
                return self.unsigned(key, path, Unsigned::Unread, peer).closing();
            }
            Err(BodyError::TooLarge { kept }) => return self.too_large(&known, &kept, limits::BODY_BYTES).await,
            Err(BodyError::Encoding { kept, error }) => {
                return match self.raise(&known, &kept, &error.to_string()).await {
                    Ok(incident) => Answer::not_understood(&error, incident),
                    Err(e) => Answer::not_accepted(&e),
                };
            }
            Err(e) => return no_body(&e),
        };
        self.metrics.body_bytes.record(size(&held));
        if let Some(claim) = claim
            && let Err(why) = self.verify(claim, held.bytes.clone()).await
        {
            return self.unsigned(key, path, why, peer);
        }
        match self.decode(kind, held.bytes.clone()).await {
            Ok(decoded) => {
                let weight = decoded.weight().max(held.bytes.len());
                if !held.weighs(weight) {
                    return no_body(&BodyError::NoRoom);
                }
                let Decoded { events, left_out_by_sender } = decoded;
                if left_out_by_sender > 0 {
                    self.metrics.left_out_by_sender.increment(left_out_by_sender);
                    tracing::warn!(path, key = %key.name, count = left_out_by_sender, "the sender left alerts out of its body");
                }
                let of_service = || directory.services.get(&key.service).and_then(|s| s.resolve_after_secs);
                if kind == Kind::Splunk && key.resolve_after_secs.or_else(of_service).is_none() {
                    tracing::warn!(key = %key.name, "Splunk never says that anything is over, and its key has no resolve_after");
                }
                if events.is_empty() {
                    self.metrics.nothing_to_do.increment(1);
                    return Answer::nothing_to_do();
                }
                match self.submit(&known, kind.source(), events, weight).await {
                    Ok(accepted) => Answer::accepted(&accepted),
                    Err(e) => Answer::not_accepted(&e),
                }
            }
            Err(error) => match self.raise(&known, &held.bytes, &error.to_string()).await {
                Ok(incident) => Answer::not_understood(&error, incident),
                Err(e) => Answer::not_accepted(&e),
            },
        }
    }

    async fn enqueue(&self, headers: &HeaderMap, body: Incoming, peer: IpAddr) -> Answer {
        let limit = limits::ENQUEUE_BODY_BYTES;
        let (bytes, error) = match body::read(headers, body, limit, &self.enqueue_bodies, self.config.limits.body).await
        {
            Ok(held) => match pagerduty::read(&held.bytes) {
                Ok(message) => return self.enqueue_message(&message, &held, peer).await,
                Err(error) => (held.bytes.clone(), Some(error)),
            },
            Err(BodyError::Encoding { kept, error }) => (kept, Some(error)),
            Err(BodyError::TooLarge { kept }) => (kept, None),
            Err(e) => return no_body(&e),
        };
        // No event, but perhaps a key.
        let secret = unreadable::find_routing_key(&bytes);
        let directory = self.intake.directory();
        let known = match secret.as_deref().map(|secret| (secret, auth::lookup(&directory, secret))) {
            Some((_, Some(key))) if !key.signature_env.is_empty() => {
                return self.unsigned(key, ENQUEUE, Unsigned::Path, peer);
            }
            Some((secret, Some(key))) => Known { directory: &directory, key, secret, path: ENQUEUE },
            Some((secret, None)) => return self.unknown_key(secret, peer),
            None => {
                return match error {
                    Some(error) => Answer::invalid_event(&[error]),
                    None => Answer::too_large(limit, None),
                };
            }
        };
        match error {
            Some(error) => match self.raise(&known, &bytes, &error.to_string()).await {
                Ok(_) => Answer::invalid_event(&[error]),
                Err(e) => Answer::not_accepted(&e),
            },
            None => self.too_large(&known, &bytes, limit).await,
        }
    }

    async fn enqueue_message(&self, message: &pagerduty::Message<'_>, held: &Held, peer: IpAddr) -> Answer {
        self.metrics.body_bytes.record(size(held));
        let Some(secret) = message.routing_key() else {
            self.config.unknown_keys.count("", peer);
            self.metrics.unknown_key.increment(1);
            return Answer::invalid_event(&[DecodeError::new(
                "routing_key",
                "nothing",
                "the service's integration key",
            )]);
        };
        let directory = self.intake.directory();
        let Some(key) = auth::lookup(&directory, &secret) else { return self.unknown_key(&secret, peer) };
        if !key.signature_env.is_empty() {
            return self.unsigned(key, ENQUEUE, Unsigned::Path, peer);
        }
        let known = Known { directory: &directory, key, secret: &secret, path: ENQUEUE };
        let id = self.intake.next_delivery_id();
        match message.event(&text::short_hash([id.as_str()])) {
            Ok(event) => {
                let dedup_key = event.dedup_key.clone();
                match self.submit_as(id, &known, Source::PagerDuty, vec![event], held.bytes.len()).await {
                    Ok(_) => Answer::enqueued(&dedup_key),
                    Err(e) => Answer::not_accepted(&e),
                }
            }
            Err(errors) => {
                let problems: Vec<String> = errors.iter().map(ToString::to_string).collect();
                match self.raise(&known, &held.bytes, &problems.join("; ")).await {
                    Ok(_) => Answer::invalid_event(&errors),
                    Err(e) => Answer::not_accepted(&e),
                }
            }
        }
    }

    /// A change asks nobody to act, so one that cannot be read is refused, and becomes nothing.
    async fn change(&self, headers: &HeaderMap, body: Incoming, peer: IpAddr) -> Answer {
        let limit = limits::ENQUEUE_BODY_BYTES;
        let held = match body::read(headers, body, limit, &self.enqueue_bodies, self.config.limits.body).await {
            Ok(held) => held,
            Err(BodyError::Encoding { error, .. }) => return Answer::invalid_event(&[error]),
            Err(BodyError::TooLarge { .. }) => return Answer::too_large(limit, None),
            Err(e) => return no_body(&e),
        };
        self.metrics.body_bytes.record(size(&held));
        let message = match change::read(&held.bytes) {
            Ok(message) => message,
            Err(error) => return Answer::invalid_event(&[error]),
        };
        let Some(secret) = message.routing_key() else {
            self.config.unknown_keys.count("", peer);
            self.metrics.unknown_key.increment(1);
            let mend = "the service's integration key";
            return Answer::invalid_event(&[DecodeError::new("routing_key", "nothing", mend)]);
        };
        let directory = self.intake.directory();
        let Some(key) = auth::lookup(&directory, &secret) else { return self.unknown_key(&secret, peer) };
        if !key.signature_env.is_empty() {
            return self.unsigned(key, "/v2/change/enqueue", Unsigned::Path, peer);
        }
        let changes = match message.change() {
            Ok(change) => vec![change],
            Err(errors) => return Answer::invalid_event(&errors),
        };
        let what = What::Changed(Changes { service: key.service.clone(), changes });
        let input = Input { id: self.intake.next_delivery_id(), what };
        match self.hand_over(input, held.bytes.len()).await {
            Ok(_) => Answer::change_taken(),
            Err(e) => Answer::not_accepted(&e),
        }
    }

    /// Whatever its body is: that somebody sends is what counts.
    async fn beat(&self, secret: &str, body: Incoming, peer: IpAddr) -> Answer {
        let directory = self.intake.directory();
        let Some(heartbeat) = auth::heartbeat(&directory, secret) else {
            body::discard(body, limits::DISCARDED_UNKNOWN_BYTES, self.config.limits.body).await;
            return self.unknown_key(secret, peer);
        };
        let is_read = body::discard(body, limits::DISCARDED_BEAT_BYTES, self.config.limits.body).await;
        let what = What::Beat { heartbeat: heartbeat.id.clone() };
        let answer = match self.hand_over(Input { id: self.intake.next_delivery_id(), what }, 0).await {
            Ok(_) => {
                self.metrics.beats.increment(1);
                Answer::heard_of(&heartbeat.id)
            }
            Err(e) => Answer::not_accepted(&e),
        };
        if is_read { answer } else { answer.closing() }
    }

    async fn submit(
        &self,
        known: &Known<'_>,
        source: Source,
        events: Vec<Event>,
        bytes: usize,
    ) -> Result<Accepted, IntakeError> {
        self.submit_as(self.intake.next_delivery_id(), known, source, events, bytes).await
    }

    async fn submit_as(
        &self,
        id: InputId,
        known: &Known<'_>,
        source: Source,
        events: Vec<Event>,
        bytes: usize,
    ) -> Result<Accepted, IntakeError> {
        let counts = Counts::of(source, &events);
        let events = events.into_iter().map(in_its_own_name).collect();
        let Known { key, .. } = known;
        let delivery = Delivery {
            service: key.service.clone(),
            source,
            urgency: key.urgency,
            resolve_after_secs: key.resolve_after_secs,
            key: Some(key.name.as_str().into()),
            events,
        };
        let accepted = self.hand_over(Input { id, what: What::Events(delivery) }, bytes).await?;
        self.metrics.events(&counts);
        Ok(accepted)
    }

    /// Makes an incident of a body under a known key that could not be understood. Until that is durable the sender may
    /// not be told 400, which would make it forget the alert.
    async fn raise(&self, known: &Known<'_>, body: &[u8], problem: &str) -> Result<Option<IncidentNo>, IntakeError> {
        self.metrics.unreadable.increment(1);
        let Known { directory, key, secret, path } = known;
        let service_name = directory.services.get(&key.service).map_or(key.service.as_str(), |s| s.name.as_str());
        let told = unreadable::unreadable(key, service_name, body, problem, secret);
        tracing::warn!(path, key = %key.name, service = %key.service, problem = %told.problem, "a body could not be read");
        let bytes = told.excerpt.len();
        let input = Input { id: self.intake.next_delivery_id(), what: What::Unreadable(told) };
        let accepted = self.hand_over(input, bytes).await?;
        Ok(accepted.incidents.first().and_then(|(_, incident)| *incident))
    }

    async fn hand_over(&self, input: Input, bytes: usize) -> Result<Accepted, IntakeError> {
        let limit = self.config.limits.submit;
        match tokio::time::timeout(limit, self.intake.submit(input, bytes)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(IntakeError::Unknown(format!("no answer within {} s", limit.as_secs_f32()))),
        }
    }

    async fn too_large(&self, known: &Known<'_>, kept: &[u8], limit: usize) -> Answer {
        match self.raise(known, kept, &answers::too_large(limit).to_string()).await {
            Ok(incident) => Answer::too_large(limit, incident),
            Err(e) => Answer::not_accepted(&e).closing(),
        }
    }

    /// Decodes; a long body off the threads that serve connections, few at a time. A decoder that panics has not
    /// understood the body, and the body is not lost by it.
    async fn decode(&self, kind: Kind, body: Bytes) -> Result<Decoded, DecodeError> {
        let decode = kind.decoder();
        let broken =
            || DecodeError::new("the body", "something Warridor cannot handle", "a report of this as a defect");
        if body.len() > limits::DECODE_INLINE_BYTES {
            let _turn = self.decoders.acquire().await;
            tokio::task::spawn_blocking(move || decode(&body)).await.unwrap_or_else(|_| Err(broken()))
        } else {
            catch_unwind(AssertUnwindSafe(|| decode(&body))).unwrap_or_else(|_| Err(broken()))
        }
    }

    /// A long body takes a while: off the threads that serve connections.
    async fn verify(&self, claim: signature::Claim, body: Bytes) -> Result<(), Unsigned> {
        let now = self.config.clock.now();
        if body.len() <= limits::DECODE_INLINE_BYTES {
            return claim.holds(&body, now);
        }
        let _turn = self.decoders.acquire().await;
        let looked_at = tokio::task::spawn_blocking(move || claim.holds(&body, now)).await;
        looked_at.unwrap_or(Err(Unsigned::Unread))
    }

    /// Not let in, although the key is right. Whoever sends is told no more than with a wrong one.
    fn unsigned(&self, key: &IntegrationKey, path: &'static str, why: Unsigned, peer: IpAddr) -> Answer {
        self.config.unknown_keys.count_unsigned(&key.name, why, peer);
        self.metrics.unsigned(why);
        tracing::debug!(path, key = %key.name, reason = why.label(), "not let in: not signed as its key asks");
        Answer::unauthorized()
    }

    /// What comes by telephone. A body that is no form is nobody's: Twilio sends nothing else.
    async fn twilio(&self, parts: &Parts, body: Incoming, peer: IpAddr) -> Answer {
        let limit = phone::FORM_BYTES;
        let held = match body::read(&parts.headers, body, limit, &self.enqueue_bodies, self.config.limits.body).await {
            Ok(held) => held,
            Err(BodyError::TooLarge { .. } | BodyError::Encoding { .. }) => return Answer::unauthorized().closing(),
            Err(e) => return no_body(&e),
        };
        let fields = url::form_urlencoded::parse(&held.bytes).take(phone::FIELDS);
        let fields = fields.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let signature = parts.headers.get("x-twilio-signature").and_then(|s| s.to_str().ok()).unwrap_or_default();
        let path_and_query = parts.uri.path_and_query().map_or("", |p| p.as_str());
        let request = phone::Request { path_and_query, signature, fields };
        match self.intake.telephone(request).await {
            phone::Reply::Unsigned => {
                self.config.unknown_keys.count_unsigned("twilio", Unsigned::Wrong, peer);
                self.metrics.unsigned(Unsigned::Wrong);
                Answer::unauthorized()
            }
            phone::Reply::Script(xml) => Answer::script(xml),
            phone::Reply::Heard => Answer::heard(),
            phone::Reply::TryAgain => Answer::try_again("It is not known whether it is on disk. Send it again."),
        }
    }

    fn unknown_key(&self, secret: &str, peer: IpAddr) -> Answer {
        let directory = self.intake.directory();
        let unknown = &self.config.unknown_keys;
        // Whoever sends is told no more than anybody; whoever configured it is told more.
        match (auth::lookup(&directory, secret), auth::heartbeat(&directory, secret)) {
            (Some(key), _) => unknown.count_elsewhere(&key.name, "monitors' paths", peer),
            (None, Some(heartbeat)) => unknown.count_elsewhere(heartbeat.id.as_str(), "/heartbeats/KEY", peer),
            (None, None) => unknown.count(secret, peer),
        }
        self.metrics.unknown_key.increment(1);
        Answer::unauthorized()
    }
}

/// A body that never became one. A sender that was slow or came at a bad moment should come again: never a 4xx.
fn no_body(error: &BodyError) -> Answer {
    match error {
        BodyError::NoRoom => Answer::try_again("Too much at once. Send it again.").closing(),
        BodyError::Late => Answer::try_again("The body did not arrive in time. Send it again.").closing(),
        BodyError::Broken | BodyError::TooLarge { .. } | BodyError::Encoding { .. } => {
            Answer::try_again("The body did not arrive whole. Send it again.").closing()
        }
    }
}

#[allow(clippy::cast_precision_loss)] // a metric
fn size(held: &Held) -> f64 {
    held.bytes.len() as f64
}
/// Only a beat ends a silence: what a sender calls like one is an alert of its own.
fn in_its_own_name(event: Event) -> Event {
    if !event.dedup_key.starts_with(ALERTS) {
        return event;
    }
    let named = format!("sender/{}", event.dedup_key);
    Event { dedup_key: text::cut(&named, limits::DEDUP_KEY_CHARS).into(), ..event }
}
