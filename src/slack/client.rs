//! Sends Web API calls and says what became of each.
//!
//! The transport is our own small one over reqwest rather than the library's, because the library hides what the
//! outbox must know (see `docs/decisions/0003-own-slack-transport.md`). Every call has a time limit and every answer a
//! size limit. Tokens never appear in logs or outcomes.

use super::outcome::{self, Outcome};
use super::tls;
use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::Url;

/// The time limit for name resolution, TCP and TLS together. A call that does not get further was not sent.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// The time limit of one call, answer included.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(8);
/// The same for a call somebody waits for: a `trigger_id` lives 3 s.
pub const NOW_TIMEOUT: Duration = Duration::from_secs(3);
/// The largest answer that is read, in bytes: a page of a thousand users is about 1.5 MB.
pub const MAX_ANSWER_BYTES: usize = 8 << 20;
/// Calls outside the lanes in flight at most.
pub const NOW_IN_FLIGHT: usize = 32;

/// The scopes of the token, by commas, beside every answer.
const SCOPES: &str = "x-oauth-scopes";

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// See [`CONNECT_TIMEOUT`].
    pub connect: Duration,
    /// See [`CALL_TIMEOUT`].
    pub call: Duration,
    /// See [`NOW_TIMEOUT`].
    pub now: Duration,
    /// See [`MAX_ANSWER_BYTES`].
    pub answer_bytes: usize,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self { connect: CONNECT_TIMEOUT, call: CALL_TIMEOUT, now: NOW_TIMEOUT, answer_bytes: MAX_ANSWER_BYTES }
    }
}

/// A client for one workspace. Cloning it gives the same client.
#[derive(Clone, Debug)]
pub struct SlackClient {
    http: reqwest::Client,
    api_url: Url,
    bot_token: SecretString,
    limits: ClientLimits,
    now_slots: Arc<Semaphore>,
}

impl SlackClient {
    /// A client of the Web API at `api_url` (`https://slack.com/api`, or a local Slack's).
    ///
    /// Errors when `api_url` is https and this machine has no certificate store.
    pub fn new(api_url: Url, bot_token: SecretString) -> anyhow::Result<Self> {
        Self::with_limits(api_url, bot_token, ClientLimits::default())
    }

    /// [`SlackClient::new`] with other limits.
    pub fn with_limits(api_url: Url, bot_token: SecretString, limits: ClientLimits) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(&api_url)?)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(limits.connect)
            // Slack closes idle connections after a while; a call sent into a closing one has an unknown outcome.
            .pool_idle_timeout(Duration::from_secs(15))
            .build()?;
        Ok(Self { http, api_url, bot_token, limits, now_slots: Arc::new(Semaphore::new(NOW_IN_FLIGHT)) })
    }

    /// Calls a Web API method. Never queues: that is what [`Driver`] is for.
    pub async fn call(&self, method: &str, body: &Value) -> Outcome {
        self.call_within(method, body, self.limits.call).await
    }

    /// [`SlackClient::call`], and the token's scopes, which Slack tells beside every answer (`x-oauth-scopes`).
    pub async fn call_with_scopes(&self, method: &str, body: &Value) -> (Outcome, Option<Vec<String>>) {
        match self.answer_within(method, body, self.limits.call).await {
            Ok(answer) => (answer.classify(), answer.scopes.as_deref().map(split)),
            Err(outcome) => (outcome, None),
        }
    }

    /// Calls a method somebody waits for (`views.open`, `chat.postEphemeral`, reads): at most [`NOW_IN_FLIGHT`] at once,
    /// never behind pages, within [`NOW_TIMEOUT`].
    pub async fn call_now(&self, method: &str, body: &Value) -> Outcome {
        let Ok(_slot) = self.now_slots.try_acquire() else {
            return Outcome::NotSent(format!("{NOW_IN_FLIGHT} calls are in flight already"));
        };
        self.call_within(method, body, self.limits.now).await
    }

    /// Posts to a `response_url` (5 uses within 30 minutes). Only Slack's own hosts, or the host of the API's URL, are
    /// called. Success is status 200, whatever the body.
    pub async fn respond(&self, response_url: &str, body: &Value) -> Outcome {
        let Some(url) = Url::parse(response_url).ok().filter(|url| self.is_slack(url)) else {
            return Outcome::NotSent("the response_url is not Slack's".to_owned());
        };
        let Ok(_slot) = self.now_slots.try_acquire() else {
            return Outcome::NotSent(format!("{NOW_IN_FLIGHT} calls are in flight already"));
        };
        match self.send(self.http.post(url).json(body), self.limits.now).await {
            Ok(Answer { status: 200, .. }) => Outcome::Ok(Value::Null),
            Ok(Answer { status: 404, .. }) => Outcome::Refused { error: "used_url".to_owned(), body: Value::Null },
            Ok(answer) => answer.classify(),
            Err(outcome) => outcome,
        }
    }

    /// Uploads a text as a file and shares it in a conversation. Source: docs.slack.dev/messaging/working-with-files.
    pub async fn upload(&self, name: &str, text: &str, channel: &str, comment: &str) -> Outcome {
        let asked = json!({ "filename": name, "length": text.len() });
        let given = self.call_now("files.getUploadURLExternal", &asked).await;
        let Outcome::Ok(given) = given else { return given };
        let (url, id) = (given["upload_url"].as_str(), given["file_id"].as_str());
        let url = url.and_then(|url| Url::parse(url).ok()).filter(|url| self.is_slack(url));
        let (Some(url), Some(id)) = (url, id) else {
            return Outcome::NotSent("Slack named no address of its own to upload to".to_owned());
        };
        let Ok(_slot) = self.now_slots.try_acquire() else {
            return Outcome::NotSent(format!("{NOW_IN_FLIGHT} calls are in flight already"));
        };
        match self.send(self.http.post(url).body(text.to_owned()), self.limits.call).await {
            Ok(Answer { status: 200, .. }) => {}
            Ok(answer) => return Outcome::Unknown(format!("the upload was answered {}", answer.status)),
            Err(outcome) => return outcome,
        }
        let files = json!([{ "id": id, "title": name }]);
        let share = json!({ "files": files, "channel_id": channel, "initial_comment": comment });
        self.call_within("files.completeUploadExternal", &share, self.limits.call).await
    }

    async fn call_within(&self, method: &str, body: &Value, limit: Duration) -> Outcome {
        match self.answer_within(method, body, limit).await {
            Ok(answer) => answer.classify(),
            Err(outcome) => outcome,
        }
    }

    async fn answer_within(&self, method: &str, body: &Value, limit: Duration) -> Result<Answer, Outcome> {
        let mut url = self.api_url.clone();
        let path = format!("{}/{method}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        let request = if is_read(method) {
            add_query(&mut url, body);
            self.http.get(url)
        } else {
            self.http.post(url).json(body)
        };
        let Ok(mut bearer) = HeaderValue::from_str(&format!("Bearer {}", self.bot_token.expose_secret())) else {
            return Err(Outcome::NotSent("the bot token holds characters no header may".to_owned()));
        };
        bearer.set_sensitive(true);
        self.send(request.header(AUTHORIZATION, bearer), limit).await
    }

    async fn send(&self, request: reqwest::RequestBuilder, limit: Duration) -> Result<Answer, Outcome> {
        match tokio::time::timeout(limit, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(Outcome::Unknown(format!("no answer within {} ms", limit.as_millis()))),
        }
    }

    async fn exchange(&self, request: reqwest::RequestBuilder) -> Result<Answer, Outcome> {
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let (retry_after, scopes) = (header(RETRY_AFTER.as_str()), header(SCOPES));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.limits.answer_bytes => {
                    return Err(Outcome::Unknown(format!("an answer of more than {} bytes", self.limits.answer_bytes)));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(Answer { status, retry_after, scopes, body }),
                // A 429 is told by its status alone.
                Err(_) if status == 429 => return Ok(Answer { status, retry_after, scopes, body }),
                Err(e) => return Err(Outcome::Unknown(format!("the answer broke off: {}", e.without_url()))),
            }
        }
    }

    fn is_slack(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let slacks = url.scheme() == "https"
            && ["slack.com", "slack-gov.com"].iter().any(|s| host == *s || host.ends_with(&format!(".{s}")));
        slacks || (url.scheme() == self.api_url.scheme() && url.host_str() == self.api_url.host_str())
    }
}

struct Answer {
    status: u16,
    retry_after: Option<String>,
    scopes: Option<String>,
    body: Vec<u8>,
}

impl Answer {
    fn classify(&self) -> Outcome {
        outcome::classify(self.status, self.retry_after.as_deref(), &self.body)
    }
}

fn split(scopes: &str) -> Vec<String> {
    scopes.split(',').map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

/// What no connection, and what everything later, says about the call.
fn failed(error: reqwest::Error) -> Outcome {
    let not_sent = error.is_connect() || error.is_builder();
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    if not_sent { Outcome::NotSent(text) } else { Outcome::Unknown(text) }
}

/// Slack takes JSON for methods that write; those that read take a query only.
fn is_read(method: &str) -> bool {
    let last = method.rsplit('.').next().unwrap_or_default();
    matches!(
        last,
        "info"
            | "list"
            | "history"
            | "replies"
            | "members"
            | "lookupByEmail"
            | "teamInfo"
            | "getPermalink"
            | "getPresence"
            | "getUploadURLExternal"
    )
}

fn add_query(url: &mut Url, body: &Value) {
    let Some(fields) = body.as_object().filter(|fields| !fields.is_empty()) else { return };
    let mut query = url.query_pairs_mut();
    for (name, value) in fields {
        match value {
            Value::Null => {}
            Value::String(text) => {
                query.append_pair(name, text);
            }
            other => {
                query.append_pair(name, &other.to_string());
            }
        }
    }
}
