//! The Web API over HTTP: `/api/METHOD`, response URLs, upload URLs. Reads a request, asks the Slack, writes its answer.

use super::answer::{Answer, Fate, Request};
use super::extras::FILE_BYTES;
use super::http::Conn;
use super::shared::Shared;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use serde_json::{Map, Value};
use std::sync::Arc;
use std::time::Duration;

/// The largest body of a call, in bytes.
const BODY_BYTES: usize = 2 * 1024 * 1024;

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/api/{method}", any(call))
        .route("/actions/{team}/{id}/{secret}", post(respond))
        .route("/commands/{team}/{id}/{secret}", post(respond))
        .route("/app/{team}/{id}/{secret}", post(respond))
        .route("/upload/v1/{id}/{secret}", post(upload))
        .layer(DefaultBodyLimit::max(FILE_BYTES))
}

async fn call(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    Path(method): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(body) = to_bytes(body, BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = read(&method, query.as_deref().unwrap_or(""), &headers, &body);
    let token = request.token.clone();
    let (answer, scopes) = shared.act(|slack, now| {
        let ws = slack.workspace();
        let scopes = match &token {
            Some(t) if *t == ws.bot_token => Some(ws.scopes.join(",")),
            Some(t) if *t == ws.app_token => Some("connections:write".to_owned()),
            _ => None,
        };
        (slack.call(request, now), scopes)
    });
    let mut response = write(answer, &conn).await;
    if let Some(Ok(scopes)) = scopes.map(|s| s.parse()) {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    response
}

/// Takes a call out of its HTTP request, by Slack's rules: a JSON body needs the token in the header; forms and queries
/// may carry it as a field.
pub fn read(method: &str, query: &str, headers: &HeaderMap, body: &[u8]) -> Request {
    let mut request = Request { method: method.into(), args: pairs(query.as_bytes()), ..Request::default() };
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("").to_lowercase();
    let kind = content_type.split(';').next().unwrap_or("").trim();
    let in_field = |args: &Map<String, Value>| args.get("token").and_then(Value::as_str).map(String::from);
    request.token = in_field(&request.args);
    match kind {
        "application/json" => {
            if !content_type.contains("charset") {
                request.warnings.push("missing_charset");
            }
            match serde_json::from_slice::<Value>(body) {
                Ok(Value::Object(map)) => request.args.extend(map),
                Ok(_) => request.malformed = Some("json_not_object"),
                Err(_) if body.is_empty() => {}
                Err(_) => request.malformed = Some("invalid_json"),
            }
        }
        "application/x-www-form-urlencoded" => {
            request.args.extend(pairs(body));
            request.token = in_field(&request.args);
        }
        "" if body.is_empty() => {}
        "" => request.malformed = Some("missing_post_type"),
        "multipart/form-data" => request.malformed = Some("invalid_form_data"),
        _ if body.is_empty() => {}
        _ => request.malformed = Some("invalid_post_type"),
    }
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("Bearer ").or_else(|| v.strip_prefix("bearer ")));
    if let Some(bearer) = bearer {
        request.token = Some(bearer.trim().into());
    }
    request
}

fn pairs(bytes: &[u8]) -> Map<String, Value> {
    url::form_urlencoded::parse(bytes).map(|(k, v)| (k.into_owned(), Value::String(v.into_owned()))).collect()
}

pub(super) async fn write(answer: Answer, conn: &Conn) -> Response {
    if answer.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(answer.delay_ms)).await;
    }
    let json = (header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned());
    match answer.fate {
        Fate::Silence => std::future::pending().await,
        Fate::Reset => {
            conn.0.reset();
            std::future::pending().await
        }
        Fate::Garbage(text) => ([json], text).into_response(),
        Fate::Arrives => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = (status, [json], answer.body.to_string()).into_response();
            if let Some(secs) = answer.retry_after_secs {
                response.headers_mut().insert(header::RETRY_AFTER, secs.into());
            }
            response
        }
    }
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(conn): ConnectInfo<Conn>,
    uri: Uri,
    body: Bytes,
) -> Response {
    let body = match serde_json::from_slice(&body) {
        Ok(Value::Object(map)) => map,
        _ => match pairs(&body).remove("payload").and_then(|v| serde_json::from_str(v.as_str()?).ok()) {
            Some(Value::Object(map)) => map,
            _ => return (StatusCode::BAD_REQUEST, "invalid_payload").into_response(),
        },
    };
    let answer = shared.act(|slack, now| slack.respond(uri.path(), body, now));
    write(answer, &conn).await
}

async fn upload(
    State(shared): State<Arc<Shared>>,
    Path((id, secret)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let bytes = match content_type.split_once("boundary=") {
        Some((_, boundary)) => part(&body, boundary.trim_matches('"')),
        None => &body[..],
    };
    if shared.act(|slack, _| slack.upload(&id, &secret, bytes)) {
        format!("OK - {}", bytes.len()).into_response()
    } else {
        (StatusCode::BAD_REQUEST, "the URL is unknown or used, or the length is not the announced one").into_response()
    }
}

/// The first part of a multipart body.
fn part<'a>(body: &'a [u8], boundary: &str) -> &'a [u8] {
    let find = |from: usize, what: &[u8]| {
        body.get(from..)?.windows(what.len().max(1)).position(|w| w == what).map(|i| from + i)
    };
    let end = format!("\r\n--{boundary}");
    match find(0, b"\r\n\r\n").map(|i| i + 4).and_then(|start| Some(start..find(start, end.as_bytes())?)) {
        Some(range) => &body[range],
        None => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn every_encoding_slack_takes() {
        let form = headers(&[("content-type", "application/x-www-form-urlencoded")]);
        let r = read("m", "", &form, b"token=xoxb-1&channel=C1&text=a%20b");
        assert_eq!((r.token.as_deref(), &r.args["text"]), (Some("xoxb-1"), &json!("a b")));
        let r = read("m", "token=xoxb-2&a=b", &HeaderMap::new(), b"");
        assert_eq!((r.token.as_deref(), &r.args["a"]), (Some("xoxb-2"), &json!("b")));
        let json_header = headers(&[("content-type", "application/json"), ("authorization", "Bearer xoxb-3")]);
        let r = read("m", "", &json_header, br#"{"token": "xoxb-body", "n": 1}"#);
        assert_eq!((r.token.as_deref(), &r.args["n"]), (Some("xoxb-3"), &json!(1)));
        assert_eq!(r.warnings, ["missing_charset"]);
    }

    #[test]
    fn a_json_body_carries_no_token_and_bad_bodies_have_names() {
        let json_header = headers(&[("content-type", "application/json; charset=utf-8")]);
        assert_eq!(read("m", "", &json_header, br#"{"token": "xoxb-1"}"#).token, None);
        for (kind, body, wanted) in [
            ("application/json", &b"{"[..], "invalid_json"),
            ("application/json", b"[]", "json_not_object"),
            ("text/csv", b"a,b", "invalid_post_type"),
            ("multipart/form-data; boundary=x", b"--x", "invalid_form_data"),
        ] {
            assert_eq!(read("m", "", &headers(&[("content-type", kind)]), body).malformed, Some(wanted), "{kind}");
        }
        assert_eq!(read("m", "", &HeaderMap::new(), b"x").malformed, Some("missing_post_type"));
        let deep = "[".repeat(100_000);
        assert_eq!(read("m", "", &json_header, deep.as_bytes()).malformed, Some("invalid_json"));
    }

    #[test]
    fn a_multipart_upload_is_its_first_part() {
        let body = b"--x\r\ncontent-disposition: form-data\r\n\r\nhello\r\n--x--\r\n";
        assert_eq!(part(body, "x"), b"hello");
        assert_eq!(part(b"raw", "x"), b"raw");
    }
}
