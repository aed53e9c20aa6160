//! Ways to people beside Slack: texts and calls by Twilio, and hooks of the operator's own. What is to be sent, and when,
//! is the outbox's; this is how bytes get there, and what an answer means.

use crate::domain::directory::{Directory, Hook};
use crate::domain::id::HookId;
use crate::slack::outcome::Outcome;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

pub mod answers;
mod hook;
pub mod twilio;

/// A text message.
pub const TEXT: &str = "text";
/// A call that speaks.
pub const CALL: &str = "call";
/// Was this text taken?
pub const FIND_TEXT: &str = "find_text";
/// Was this call taken?
pub const FIND_CALL: &str = "find_call";
/// What is known of a number.
const NUMBER: &str = "number";
/// A hook.
pub const HOOK: &str = "hook";

/// From sending to the whole answer.
pub const TIMEOUT: Duration = Duration::from_secs(10);
/// Of an answer that is read, in bytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// Does this request go by something other than Slack?
pub fn is_ours(method: &str) -> bool {
    [TEXT, CALL, FIND_TEXT, FIND_CALL, HOOK].contains(&method)
}

/// A secret by the name of its variable. Read at each use, so that a new one needs no restart of ours to be tried.
pub type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The client for all of them.
#[derive(Clone)]
pub struct Methods {
    /// Made when it is first used: reading the machine's certificates takes a while, and a start must not wait for that.
    client: Arc<OnceLock<reqwest::Client>>,
    secrets: Secrets,
}

impl Methods {
    pub fn new(secrets: Secrets) -> Self {
        Self { client: Arc::default(), secrets }
    }

    fn client(&self) -> Result<reqwest::Client, Outcome> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        // Does nothing if `main` installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let made = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("warridor/", env!("CARGO_PKG_VERSION")))
            .build();
        match made {
            Ok(client) => Ok(self.client.get_or_init(|| client).clone()),
            Err(error) => Err(Outcome::NotSent(format!("no HTTP client can be made: {error}"))),
        }
    }

    /// Sends one page, or asks for one. Never fails: what goes wrong is an outcome.
    pub async fn call(&self, method: &str, body: &Value, directory: &Directory) -> Outcome {
        let gone =
            |what: &str| Outcome::Refused { error: format!("{what} is not configured any more"), body: Value::Null };
        match method {
            TEXT | CALL | FIND_TEXT | FIND_CALL => {
                let Some(twilio) = &directory.twilio else { return gone("Twilio") };
                let Some(token) = twilio.token_envs.iter().find_map(|name| self.secret(name)) else {
                    let names = twilio.token_envs.join(", ");
                    return Outcome::Refused { error: format!("the variable {names} is not set"), body: Value::Null };
                };
                let public = directory.public_url.as_deref();
                let request = twilio::request(method, body, twilio, public);
                self.twilio(&request, twilio, &token, method, body).await
            }
            HOOK => {
                let client = match self.client() {
                    Ok(client) => client,
                    Err(outcome) => return outcome,
                };
                let id = HookId::from(body.get("to").and_then(Value::as_str).unwrap_or_default());
                match directory.hooks.get(&id) {
                    None => gone("this hook"),
                    Some(Hook::Url(url)) => hook::post(&client, url, body).await,
                    Some(Hook::UrlEnv(name)) => match self.secret(name) {
                        Some(url) => hook::post(&client, &url, body).await,
                        None => {
                            Outcome::Refused { error: format!("the variable {name} is not set"), body: Value::Null }
                        }
                    },
                    Some(Hook::Command(words)) => hook::run(words, body).await,
                }
            }
            other => Outcome::NotSent(format!("{other} is no method")),
        }
    }

    /// What Twilio knows of the number that texts and calls come from.
    pub async fn number(&self, directory: &Directory) -> Outcome {
        let token = directory.twilio.iter().flat_map(|t| &t.token_envs).find_map(|name| self.secret(name));
        let (Some(twilio), Some(token)) = (&directory.twilio, token) else {
            return Outcome::NotSent("no account, or no token".to_owned());
        };
        let fields = vec![("PhoneNumber", twilio.from.to_string())];
        let request = twilio::Request { path: "IncomingPhoneNumbers.json", reads: true, fields };
        self.twilio(&request, twilio, &token, NUMBER, &Value::Null).await
    }

    /// Those that what comes from Twilio may be signed by.
    pub fn tokens(&self, directory: &Directory) -> Vec<String> {
        let names = directory.twilio.iter().flat_map(|twilio| &twilio.token_envs);
        names.filter_map(|name| self.secret(name)).collect()
    }

    fn secret(&self, name: &str) -> Option<String> {
        (self.secrets)(name).map(|secret| secret.trim().to_owned()).filter(|secret| !secret.is_empty())
    }

    async fn twilio(
        &self,
        request: &twilio::Request,
        of: &crate::domain::directory::Twilio,
        token: &str,
        method: &str,
        body: &Value,
    ) -> Outcome {
        let client = match self.client() {
            Ok(client) => client,
            Err(outcome) => return outcome,
        };
        let url = format!("{}/2010-04-01/Accounts/{}/{}", of.api, of.account, request.path);
        let sent = if request.reads {
            let mut url = match reqwest::Url::parse(&url) {
                Ok(url) => url,
                Err(error) => return Outcome::NotSent(format!("the address of Twilio's API cannot be used: {error}")),
            };
            url.query_pairs_mut().extend_pairs(&request.fields);
            client.get(url)
        } else {
            let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.fields).finish();
            client.post(url).header("content-type", "application/x-www-form-urlencoded").body(form)
        };
        let answer = match sent.basic_auth(&of.account, Some(token)).send().await {
            Ok(answer) => answer,
            Err(error) => return not_answered(&error, "Twilio"),
        };
        let (status, retry_after) = (answer.status().as_u16(), retry_after(&answer));
        match read(answer).await {
            Ok(bytes) => twilio::outcome(method, body, status, retry_after.as_deref(), &bytes),
            Err(why) => Outcome::Unknown(format!("Twilio's answer was cut off: {why}")),
        }
    }
}

/// What an error without an answer means: only a connection that never was certainly did nothing.
fn not_answered(error: &reqwest::Error, who: &str) -> Outcome {
    if error.is_connect() || error.is_builder() {
        Outcome::NotSent(format!("{who} cannot be reached"))
    } else if error.is_timeout() {
        Outcome::Unknown(format!("{who} did not answer within {} s", TIMEOUT.as_secs()))
    } else {
        Outcome::Unknown(format!("the connection to {who} broke"))
    }
}

fn retry_after(answer: &reqwest::Response) -> Option<String> {
    answer.headers().get("retry-after").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// At most [`ANSWER_BYTES`].
async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) => {
                let room = ANSWER_BYTES.saturating_sub(bytes.len());
                bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if room <= chunk.len() {
                    return Ok(bytes);
                }
            }
            Ok(None) => return Ok(bytes),
            Err(error) => return Err(error.without_url().to_string()),
        }
    }
}

/// How long a 429 asks to wait, as for Slack.
fn rate_limited(retry_after: Option<&str>) -> Outcome {
    use crate::slack::outcome::{RETRY_AFTER_DEFAULT_MS, RETRY_AFTER_MAX_MS, RETRY_AFTER_MIN_MS};
    let secs = retry_after.and_then(|secs| secs.trim().parse::<i64>().ok());
    let wait = secs.map_or(RETRY_AFTER_DEFAULT_MS, |secs| secs.saturating_mul(1_000));
    Outcome::RateLimited { retry_after_ms: wait.clamp(RETRY_AFTER_MIN_MS, RETRY_AFTER_MAX_MS) }
}
