//! The page at `/`: a person picks who they are and where, reads messages as Slack would draw them, presses buttons,
//! fills modals, types commands. The first HTML holds everything; one small script keeps it current.
//!
//! It uses the same doors as scripts do (`/sandbox/…`), so whatever the page can do, a script can. All that apps and
//! people wrote is text: it is escaped, only `http` and `https` can be followed, and the content security policy lets no
//! script run but ours.
//!
//! ```text
//! page      the frame: bar, sidebar, conversation, thread     seat   who looks at what
//! message   messages and their tools                          desk   break, clock, phone, things to try
//! surfaces  modals and the Home tab
//! blocks elements rich mrkdwn emoji                           Block Kit as Slack draws it
//! ```

mod blocks;
mod desk;
mod elements;
mod emoji;
mod message;
mod mrkdwn;
mod page;
mod rich;
mod seat;
mod surfaces;

use super::forms;
use super::shared::Shared;
use super::state::Slack;
use super::workspace::Workspace;
use crate::domain::stamp::At;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use blocks::Kit;
use maud::html;
use mrkdwn::Reader;
use seat::Look;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// How long a page waits for news before it asks again.
const NEWS: Duration = Duration::from_secs(25);
/// No script but ours, no frame, no form that leaves; pictures may come from anywhere, as in Slack.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; \
                      img-src 'self' http: https: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

pub(super) fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(whole))
        .route("/fragment", get(fragment))
        .route("/news", get(news))
        .route("/page.js", get(|| asset("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/page.css", get(|| asset("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/favicon.ico", get(|| asset("image/svg+xml", include_str!("icon.svg"))))
}

async fn whole(State(shared): State<Arc<Shared>>, Query(look): Query<Look>) -> Response {
    let (_, services) = shared.info();
    let beside = page::Beside { guide: shared.guide(), services: &services, telephone: &shared.telephone };
    page(shared.act(|slack, now| page::whole(slack, &beside, &look, now)).into_string())
}

async fn fragment(State(shared): State<Arc<Shared>>, Query(look): Query<Look>) -> Response {
    let (_, services) = shared.info();
    let beside = page::Beside { guide: shared.guide(), services: &services, telephone: &shared.telephone };
    page(shared.act(|slack, now| page::body(slack, &beside, &look, now)).into_string())
}

fn page(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, text).into_response()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Since {
    since: u64,
}

/// Answers with the revision as soon as it is another than `since`.
async fn news(State(shared): State<Arc<Shared>>, Query(Since { since }): Query<Since>) -> String {
    let mut changed = shared.changed();
    let news = async {
        let _ = changed.wait_for(|revision| *revision != since).await;
    };
    let _ = tokio::time::timeout(NEWS, news).await;
    shared.act(|slack, _| slack.revision()).to_string()
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// Draws a message (`text`, `blocks`, `attachments`) or a view (`type: modal` or `home`) in an empty workspace, so that
/// a test can look at what an app would show. What the page cannot draw stands in it with `class="unknown"`.
pub fn render_specimen(json: &Value) -> String {
    let mut slack = Slack::new(Workspace::default());
    let mut json = json.clone();
    let mut all = Vec::new();
    let mut fill = |blocks: Option<&mut Value>| {
        if let Some(Value::Array(list)) = blocks {
            slack.fill_blocks(list);
            all.extend(list.iter().cloned());
        }
    };
    fill(json.get_mut("blocks"));
    for a in json.get_mut("attachments").and_then(Value::as_array_mut).into_iter().flatten() {
        fill(a.get_mut("blocks"));
    }
    let list = json["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let values = forms::values(&all, &forms::Typed::new());
    let reader = Reader { slack: &slack, tz: chrono_tz::Tz::UTC, now: At(1_700_000_000_000) };
    let kit = Kit { reader, scope: "specimen", values: &values };
    let drawn = html! {
        @if list.is_empty() { @if let Some(text) = json["text"].as_str() { (blocks::body_text(text, kit)) } }
        (blocks::blocks(list, kit))
        @for a in json["attachments"].as_array().into_iter().flatten() { (blocks::attachment(a, kit)) }
    };
    drawn.into_string()
}

#[cfg(test)]
mod tests;
