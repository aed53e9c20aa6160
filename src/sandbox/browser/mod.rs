//! The page at `/`: a person picks who they are and where, reads messages as Slack would draw them, presses buttons,
//! fills modals, types commands. The first HTML holds everything; one small script keeps it current.
//!
//! It uses the same doors as scripts do (`/sandbox/…`), so whatever the page can do, a script can.

mod draw;
mod mrkdwn;
mod page;

use super::shared::Shared;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// How long a page waits for news before it asks again.
const NEWS: Duration = Duration::from_secs(25);

pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/", get(whole))
        .route("/fragment", get(fragment))
        .route("/news", get(news))
        .route("/page.js", get(|| asset("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/page.css", get(|| asset("text/css; charset=utf-8", include_str!("page.css"))))
        .route("/favicon.ico", get(|| asset("image/svg+xml", include_str!("icon.svg"))))
}

/// Who looks, and where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Look {
    /// Id or handle; the first person by default.
    r#as: String,
    /// Id, name, `dm` for the direct message with the app, or `home`; the first channel by default.
    channel: String,
}

async fn whole(State(shared): State<Arc<Shared>>, Query(look): Query<Look>) -> Html<String> {
    Html(shared.act(|slack, now| page::whole(slack, &look, now)).into_string())
}

async fn fragment(State(shared): State<Arc<Shared>>, Query(look): Query<Look>) -> Html<String> {
    Html(shared.act(|slack, now| page::body(slack, &look, now)).into_string())
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
