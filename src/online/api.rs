//! Calls with the patience of a check: a rate limit is waited for, a lost answer is asked for once more.

use crate::slack::{Outcome, SlackClient};
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Tries of one call.
const TRIES: u32 = 5;
/// A rate limit is waited for at most this long at a time.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The Web API with one token.
#[derive(Clone, Debug)]
pub struct Api {
    client: SlackClient,
    url: Url,
}

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Slack's error code.
    Refused(String),
    /// Slack could not be reached, or its answer not be read.
    Away(String),
}

impl Api {
    /// # Errors
    /// The machine has no certificates, and the API needs them.
    pub fn new(url: Url, token: SecretString) -> anyhow::Result<Self> {
        Ok(Self { client: SlackClient::new(url.clone(), token)?, url })
    }

    /// Where the API is.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Calls a method that may be called twice.
    ///
    /// # Errors
    /// See [`Failed`].
    pub async fn call(&self, method: &str, body: &Value) -> Result<Value, Failed> {
        self.call_with_scopes(method, body).await.map(|(answer, _)| answer)
    }

    /// [`Api::call`], and the token's scopes.
    ///
    /// # Errors
    /// See [`Failed`].
    pub async fn call_with_scopes(&self, method: &str, body: &Value) -> Result<(Value, Option<Vec<String>>), Failed> {
        let mut last = Failed::Away("too many calls".to_owned());
        for _ in 0..TRIES {
            let (outcome, scopes) = self.client.call_with_scopes(method, body).await;
            last = match outcome {
                Outcome::Ok(answer) => return Ok((answer, scopes)),
                Outcome::Refused { error, .. } => return Err(Failed::Refused(error)),
                Outcome::RateLimited { retry_after_ms } => {
                    let wait = Duration::from_millis(retry_after_ms.unsigned_abs()).min(LONGEST_WAIT);
                    tokio::time::sleep(wait).await;
                    Failed::Away(format!("{method} is called too often"))
                }
                // Nobody is there: trying again at once would find nobody again.
                Outcome::NotSent(why) => return Err(Failed::Away(why)),
                Outcome::Unknown(why) => Failed::Away(why),
            };
        }
        Err(last)
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(error) => f.write_str(error),
            Self::Away(why) => write!(f, "no answer: {why}"),
        }
    }
}
