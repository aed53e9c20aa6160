//! Every answer a sender can get: the table of PRODUCT's "HTTP in", as functions.

use super::sources::DecodeError;
use super::{Accepted, IntakeError, limits, routes};
use crate::domain::id::{HeartbeatId, IncidentNo};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// When a sender should try again, in seconds, when nobody said otherwise.
const RETRY_AFTER_SECS: u64 = 5;

/// A status and what to say with it.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    body: Bytes,
    content_type: &'static str,
    retry_after_secs: Option<u64>,
    allow: Option<&'static str>,
    close: bool,
}

impl Answer {
    fn json(status: StatusCode, body: &Value) -> Self {
        Self { content_type: "application/json", ..Self::text(status, body.to_string()) }
    }

    /// Plain text.
    pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: body.into(),
            content_type: "text/plain; charset=utf-8",
            retry_after_secs: None,
            allow: None,
            close: false,
        }
    }

    /// The connection ends with this answer: part of the request was not read.
    pub fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// 202, durable.
    pub fn accepted(accepted: &Accepted) -> Self {
        // The common case is written by hand: it stands on the path of every alert.
        if let [(dedup_key, incident)] = accepted.incidents.as_slice() {
            let key = Value::from(dedup_key.as_ref());
            let body = match incident {
                Some(IncidentNo(no)) => format!(r#"{{"status":"accepted","dedup_key":{key},"incident":{no}}}"#),
                None => format!(r#"{{"status":"accepted","dedup_key":{key}}}"#),
            };
            return Self { content_type: "application/json", ..Self::text(StatusCode::ACCEPTED, body) };
        }
        let named: Vec<Value> = accepted
            .incidents
            .iter()
            .take(limits::ALERTS_NAMED)
            .map(|(dedup_key, incident)| match incident {
                Some(IncidentNo(no)) => json!({ "dedup_key": dedup_key, "incident": no }),
                None => json!({ "dedup_key": dedup_key }),
            })
            .collect();
        let body = json!({ "status": "accepted", "count": accepted.incidents.len(), "alerts": named });
        Self::json(StatusCode::ACCEPTED, &body)
    }

    /// 202: understood, and nothing that anybody should act upon. Nothing was kept, and there is nothing to send again.
    pub fn nothing_to_do() -> Self {
        let message = "This asks nobody to act: nothing was changed.";
        Self::json(StatusCode::ACCEPTED, &json!({ "status": "accepted", "count": 0, "alerts": [], "message": message }))
    }

    /// 202: heard, and durable.
    pub fn heard_of(heartbeat: &HeartbeatId) -> Self {
        Self::json(StatusCode::ACCEPTED, &json!({ "status": "accepted", "heartbeat": heartbeat.as_str() }))
    }

    /// 202 in PagerDuty's shape.
    pub fn enqueued(dedup_key: &str) -> Self {
        let key = Value::from(dedup_key);
        let body = format!(r#"{{"status":"success","message":"Event processed","dedup_key":{key}}}"#);
        Self { content_type: "application/json", ..Self::text(StatusCode::ACCEPTED, body) }
    }

    /// 202 for a change event, in PagerDuty's shape.
    pub fn change_taken() -> Self {
        let body = r#"{"status":"success","message":"Change event processed"}"#;
        Self { content_type: "application/json", ..Self::text(StatusCode::ACCEPTED, body) }
    }

    /// 400 in PagerDuty's shape.
    pub fn invalid_event(errors: &[DecodeError]) -> Self {
        let errors: Vec<String> = errors.iter().take(limits::ERRORS_NAMED).map(ToString::to_string).collect();
        let body = json!({ "status": "invalid event", "message": "Event object is invalid", "errors": errors });
        Self::json(StatusCode::BAD_REQUEST, &body)
    }

    /// 400: which field, what was found, what to send instead; and the incident it became.
    pub fn not_understood(error: &DecodeError, incident: Option<IncidentNo>) -> Self {
        let mut body = json!({ "status": "not understood", "message": error.to_string(), "field": error.field });
        if let Some(IncidentNo(no)) = incident {
            body["incident"] = no.into();
        }
        Self::json(StatusCode::BAD_REQUEST, &body)
    }

    /// 401. Says nothing more.
    pub fn unauthorized() -> Self {
        Self::json(StatusCode::UNAUTHORIZED, &json!({ "status": "unauthorized" }))
    }

    /// 413, and the incident it became.
    pub fn too_large(limit: usize, incident: Option<IncidentNo>) -> Self {
        let mut body = json!({ "status": "too large", "message": too_large(limit).to_string() });
        if let Some(IncidentNo(no)) = incident {
            body["incident"] = no.into();
        }
        Self::json(StatusCode::PAYLOAD_TOO_LARGE, &body).closing()
    }

    /// 404: names the paths that exist.
    pub fn no_such_path() -> Self {
        let body = json!({ "status": "not found", "message": format!("There is nothing here. Send to one of: {}.", routes::PATHS) });
        Self::json(StatusCode::NOT_FOUND, &body)
    }

    /// 405: names the method that is answered.
    pub fn wrong_method(allow: &'static str) -> Self {
        let body = json!({ "status": "wrong method", "message": format!("Send this as {allow}.") });
        Self { allow: Some(allow), ..Self::json(StatusCode::METHOD_NOT_ALLOWED, &body) }
    }

    /// 405: whatever looks at links must not pass for what is to be heard of.
    pub fn no_beat() -> Self {
        let message = "This is no heartbeat: nothing was counted. Send it as POST: curl -X POST, and this address.";
        let body = json!({ "status": "wrong method", "message": message });
        Self { allow: Some("POST"), ..Self::json(StatusCode::METHOD_NOT_ALLOWED, &body) }
    }

    /// 503: unknown, send again; never "no".
    pub fn try_again(why: &str) -> Self {
        let body = json!({ "status": "try again", "message": why });
        Self { retry_after_secs: Some(RETRY_AFTER_SECS), ..Self::json(StatusCode::SERVICE_UNAVAILABLE, &body) }
    }

    /// 503 for an input that was not accepted.
    pub fn not_accepted(error: &IntakeError) -> Self {
        match error {
            IntakeError::Overloaded { retry_after_secs } => {
                let secs = (*retry_after_secs).max(1);
                Self { retry_after_secs: Some(secs), ..Self::try_again("Too much at once. Send it again.") }
            }
            IntakeError::NotWritable(_) => Self::try_again("It could not be written to disk. Send it again."),
            IntakeError::Unknown(_) => Self::try_again("It is not known whether it is on disk. Send it again."),
            IntakeError::Stopping => Self::try_again("This process is stopping. Send it again.").closing(),
        }
    }

    /// 200 with what Twilio is to do.
    pub fn script(xml: String) -> Self {
        Self { content_type: "text/xml; charset=utf-8", ..Self::text(StatusCode::OK, xml) }
    }

    /// 204: heard.
    pub fn heard() -> Self {
        Self::text(StatusCode::NO_CONTENT, Bytes::new())
    }

    /// 200 or 503 with this body.
    pub fn ready(writable: bool, body: &Value) -> Self {
        Self::json(if writable { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body)
    }

    /// 200, Prometheus' text format.
    pub fn metrics(text: String) -> Self {
        Self { content_type: "text/plain; version=0.0.4; charset=utf-8", ..Self::text(StatusCode::OK, text) }
    }

    pub fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if let Some(secs) = self.retry_after_secs {
            headers.insert(RETRY_AFTER, HeaderValue::from(secs));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// What is wrong with an oversize body.
pub fn too_large(limit: usize) -> DecodeError {
    let found = format!("more than {} MiB", limit / (1024 * 1024));
    DecodeError::new("the body", &found, "less at once: fewer alerts in one body, shorter texts")
}
