//! Makes silences true in Alertmanager that are to be there too.
//!
//! Level-triggered, as the outbox is: what is to be there follows from the committed state ([`wanted`]), what was done
//! is told to the pump and is a fact. Nothing of it is lost in a restart, and nothing is written twice: Alertmanager is
//! asked what it has before anything is written, by the id that is known or by a mark in the comment.
//! The API is Alertmanager's v2 (api/v2/openapi.yaml in its repository).

use crate::clock::Clock;
use crate::domain::directory::{Alertmanager, Directory};
use crate::domain::id::{InputId, QuietId, StoreId};
use crate::domain::input::{Elsewhere, Input, What};
use crate::domain::quiet::{How, Matcher, Quiet};
use crate::domain::stamp::At;
use crate::door::Door;
use crate::pump::driver::Board;
use crate::pump::{Lane, Snapshot};
use chrono::{DateTime, SecondsFormat};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether something is to be done.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// For one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// So many silences are worked on at a time.
const AT_ONCE: usize = 8;
/// Between two tries: doubles from the first to the second.
const RETRY_FIRST_MS: i64 = 2_000;
const RETRY_MOST_MS: i64 = 60_000;
/// What may be a hiccup is told after so many tries; a refusal at once.
const TOLD_AFTER: u32 = 3;
/// The longest answer that is read.
const ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Of what Alertmanager says to a refusal, so many characters are told.
const WHY_CHARS: usize = 200;

/// What Alertmanager is to have of a silence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// As it is.
    Nothing,
    /// Silenced until then.
    Silenced { until: At },
    /// Not silenced any more.
    Gone,
}

/// What is to be done at the wall instant `wall`.
pub fn wanted(q: &Quiet, wall: At) -> Wanted {
    let Some(elsewhere) = &q.elsewhere else { return Wanted::Nothing };
    match &elsewhere.written {
        _ if q.is_left_elsewhere(wall) => Wanted::Gone,
        _ if q.is_over() || q.until <= wall => Wanted::Nothing,
        Some(written) if written.until == q.until => Wanted::Nothing,
        Some(_) | None => Wanted::Silenced { until: q.until },
    }
}

/// By this it is known again in Alertmanager. A restored store has another name, and leaves what others wrote alone.
fn mark(store: StoreId, id: QuietId) -> String {
    format!("(Warridor silence {} of {store})", id.0)
}

/// A silence as Alertmanager has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    id: String,
    starts_at: String,
    until: At,
}

fn found(silence: &Value) -> Option<Found> {
    let state = silence.pointer("/status/state")?.as_str()?;
    let text = |key: &str| silence.get(key)?.as_str().map(str::to_owned);
    let until = At::from(DateTime::parse_from_rfc3339(&text("endsAt")?).ok()?.to_utc());
    (state != "expired").then_some(Found { id: text("id")?, starts_at: text("startsAt")?, until })
}

fn matcher(m: &Matcher) -> Value {
    let value = match m.how {
        How::Is | How::IsNot => m.value.to_string(),
        How::Begins => format!("{}.*", literally(&m.value)),
    };
    let (is_regex, is_equal) = (m.how == How::Begins, m.how != How::IsNot);
    json!({ "name": m.name, "value": value, "isRegex": is_regex, "isEqual": is_equal })
}

/// In a regular expression of Go, this text and nothing else.
fn literally(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn rfc3339(at: At) -> String {
    at.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What is posted; with the id of one that is there, it is changed.
fn body(q: &Quiet, there: Option<&Found>, by: &str, store: StoreId) -> Value {
    let matchers: Vec<Value> = q.elsewhere.iter().flat_map(|e| &e.matchers).map(matcher).collect();
    let mut body = json!({
        "matchers": matchers,
        // One that is in force and begins at another time is another one, to Alertmanager.
        "startsAt": there.map_or_else(|| rfc3339(q.from), |t| t.starts_at.clone()),
        "endsAt": rfc3339(q.until),
        "createdBy": by,
        "comment": format!("{} {}", q.because, mark(store, q.id)),
    });
    if let Some(there) = there {
        body["id"] = json!(there.id);
    }
    body
}

/// Why something was not done.
#[derive(Debug, PartialEq, Eq)]
struct Trouble {
    why: String,
    /// Trying the same again is of little use.
    is_refusal: bool,
}

/// One Alertmanager's API.
pub struct Api {
    client: reqwest::Client,
    url: Arc<str>,
    token: Option<String>,
}

impl Api {
    pub fn new(client: reqwest::Client, of: &Alertmanager) -> Self {
        let token = of.token_env.as_ref().and_then(|name| std::env::var(name).ok());
        let token = token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty());
        Self { client, url: of.url.clone(), token }
    }

    /// The version it says it has.
    ///
    /// # Errors
    /// Why it cannot be asked, in words.
    pub async fn version(&self) -> Result<String, String> {
        let status = self.ask(reqwest::Method::GET, "status", None).await.map_err(|t| t.why)?;
        let version = status.as_ref().and_then(|s| s.pointer("/versionInfo/version")?.as_str());
        version.map(str::to_owned).ok_or_else(|| "it does not answer as Alertmanager does".to_owned())
    }

    /// `None`: there is nothing of that name.
    async fn ask(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Result<Option<Value>, Trouble> {
        let mut request = self.client.request(method, format!("{}/api/v2/{path}", self.url));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreached = |e: reqwest::Error| {
            let why = if e.is_timeout() { "it does not answer in time" } else { "it cannot be reached" };
            Trouble { why: why.to_owned(), is_refusal: false }
        };
        let mut answer = request.send().await.map_err(unreached)?;
        let status = answer.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(unreached)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > ANSWER_BYTES {
                let why = "its answer is too long to be read".to_owned();
                return Err(Trouble { why, is_refusal: false });
            }
        }
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            let said: String = String::from_utf8_lossy(&bytes).chars().take(WHY_CHARS).collect();
            let is_refusal = status.is_client_error() && status != reqwest::StatusCode::TOO_MANY_REQUESTS;
            return Err(Trouble { why: format!("it answers {status}: {}", said.trim()), is_refusal });
        }
        Ok(Some(serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// What it has of this silence, if that is not over.
    async fn look(&self, q: &Quiet, store: StoreId) -> Result<Option<Found>, Trouble> {
        if let Some(written) = q.elsewhere.as_ref().and_then(|e| e.written.as_ref()) {
            let there = self.ask(reqwest::Method::GET, &format!("silence/{}", written.id), None).await?;
            return Ok(there.as_ref().and_then(found));
        }
        let mark = mark(store, q.id);
        let all = self.ask(reqwest::Method::GET, "silences", None).await?;
        let Some(all) = all.as_ref().and_then(Value::as_array) else {
            let why = "it does not answer as Alertmanager does".to_owned();
            return Err(Trouble { why, is_refusal: true });
        };
        let is_it = |s: &&Value| s["comment"].as_str().is_some_and(|comment| comment.ends_with(&mark));
        Ok(all.iter().filter(is_it).find_map(found))
    }

    async fn silence(&self, q: &Quiet, until: At, by: &str, store: StoreId) -> Result<Elsewhere, Trouble> {
        let there = self.look(q, store).await?;
        let written = |id: String| Elsewhere::Written { url: self.url.clone(), id: id.into(), until };
        if let Some(there) = there.as_ref().filter(|t| t.until == until) {
            return Ok(written(there.id.clone()));
        }
        let body = body(q, there.as_ref(), by, store);
        let answer = self.ask(reqwest::Method::POST, "silences", Some(&body)).await?;
        match answer.as_ref().and_then(|a| a["silenceID"].as_str()) {
            Some(id) => Ok(written(id.to_owned())),
            None => {
                let why = "it does not answer as Alertmanager does".to_owned();
                Err(Trouble { why, is_refusal: true })
            }
        }
    }

    async fn remove(&self, q: &Quiet, store: StoreId) -> Result<Elsewhere, Trouble> {
        if let Some(there) = self.look(q, store).await? {
            self.ask(reqwest::Method::DELETE, &format!("silence/{}", there.id), None).await?;
        }
        Ok(Elsewhere::Removed)
    }
}

/// A client for [`Api`].
///
/// # Errors
/// This machine cannot make a connection at all.
pub fn client() -> anyhow::Result<reqwest::Client> {
    // Does nothing if `main` installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("warridor/", env!("CARGO_PKG_VERSION"));
    Ok(reqwest::Client::builder().timeout(TIMEOUT).user_agent(agent).build()?)
}

/// How often one was tried in vain, and when it may be tried again, on the steady clock.
#[derive(Clone, Copy, Default)]
struct Tried {
    times: u32,
    again_ms: i64,
}

/// Looks, writes, and tells the pump.
pub struct Mirror {
    pub client: reqwest::Client,
    pub board: Arc<Board>,
    pub door: Door,
    pub clock: Clock,
}

impl Mirror {
    pub fn start(self, stop: CancellationToken) -> JoinHandle<()> {
        tokio::spawn(async move {
            let working = async {
                let (mut tried, mut n) = (BTreeMap::new(), 0);
                loop {
                    self.work(&mut tried, &mut n).await;
                    tokio::time::sleep(LOOK_EVERY).await;
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = working => {}
            }
        })
    }

    async fn work(&self, tried: &mut BTreeMap<QuietId, Tried>, n: &mut u64) {
        let (snapshot, wall, steady_ms) = (self.board.snapshot(), self.clock.now(), self.clock.steady_ms());
        tried.retain(|id, _| snapshot.world.quiets.contains_key(id));
        let may = |id: &QuietId| tried.get(id).is_none_or(|t| t.again_ms <= steady_ms);
        let to_do = snapshot.world.quiets.values().filter(|q| wanted(q, wall) != Wanted::Nothing && may(&q.id));
        let to_do: Vec<&Quiet> = to_do.take(AT_ONCE).collect();
        let came = join_all(to_do.iter().map(|q| self.make_true(q, wanted(q, wall), &snapshot))).await;
        for (q, came) in to_do.into_iter().zip(came) {
            let came = match came {
                Ok(came) => {
                    tried.remove(&q.id);
                    came
                }
                Err(trouble) => {
                    let tried = tried.entry(q.id).or_default();
                    let wait = RETRY_FIRST_MS.saturating_mul(1 << tried.times.min(10)).min(RETRY_MOST_MS);
                    (tried.times, tried.again_ms) = (tried.times + 1, self.clock.steady_ms() + wait);
                    tracing::warn!(silence = q.id.0, why = trouble.why, "Alertmanager could not be told");
                    if tried.times < TOLD_AFTER && !trouble.is_refusal {
                        continue;
                    }
                    if q.elsewhere.as_ref().is_some_and(|e| !e.not_done.is_empty()) {
                        continue;
                    }
                    Elsewhere::NotDone { why: trouble.why }
                }
            };
            *n += 1;
            let input = Input { id: InputId::minted('e', *n), what: What::QuietElsewhere { id: q.id, came } };
            if let Ok(answer) = self.door.submit(Lane::Inner, input, 0) {
                // Not written: it is found to be true at the next look.
                let _ = answer.await;
            }
        }
    }

    async fn make_true(&self, q: &Quiet, wanted: Wanted, s: &Snapshot) -> Result<Elsewhere, Trouble> {
        let Some(of) = alertmanager_of(q, &s.directory) else {
            let why = "the configuration names no Alertmanager for it any more".to_owned();
            return Err(Trouble { why, is_refusal: true });
        };
        let api = Api::new(self.client.clone(), &of);
        match wanted {
            Wanted::Nothing => Err(Trouble { why: "nothing is to be done".to_owned(), is_refusal: false }),
            Wanted::Silenced { until } => api.silence(q, until, s.directory.name_of(&q.by), s.store).await,
            Wanted::Gone => api.remove(q, s.store).await,
        }
    }
}

/// Where it was written, whatever the configuration says meanwhile; else where it is to be.
fn alertmanager_of(q: &Quiet, d: &Directory) -> Option<Alertmanager> {
    let elsewhere = q.elsewhere.as_ref()?;
    let configured = d.alertmanagers.get(&elsewhere.of);
    match &elsewhere.written {
        Some(written) => {
            let token_env = configured.filter(|c| c.url == written.url).and_then(|c| c.token_env.clone());
            Some(Alertmanager { url: written.url.clone(), token_env })
        }
        None => configured.cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::AlertKey;
    use crate::domain::quiet::{self, Covered, HeldBack, Stands, Written};

    const NOW: At = At(1_772_420_520_000);

    fn silence(until_secs: i64, written_until_secs: Option<i64>, is_over: bool, removed: bool) -> Quiet {
        let at = |secs: i64| NOW.plus_secs(secs);
        let written = |secs: i64| Written { url: "http://am.example".into(), id: "1-2-3".into(), until: at(secs) };
        let matchers = ["instance=db-1.*", "env!=prod"].map(|word| Matcher::parse(word).expect("a matcher"));
        Quiet {
            id: QuietId(7),
            scope: Covered::Alert(AlertKey { service: "payments".into(), dedup: "disk".into() }),
            by: "ana".into(),
            from: NOW,
            until: at(until_secs),
            ends: at(until_secs),
            due: at(until_secs),
            latest: None,
            because: "known".into(),
            stands: match is_over {
                true => Stands::Ended { by: Some("ben".into()), at: NOW, held: HeldBack::default() },
                false => Stands::InForce { warned: false },
            },
            elsewhere: Some(quiet::Elsewhere {
                of: "payments".into(),
                matchers: matchers.into(),
                written: written_until_secs.map(written),
                removed,
                not_done: "".into(),
            }),
        }
    }

    #[test]
    fn what_is_to_be_there_follows_from_the_state() {
        let until = |secs| Wanted::Silenced { until: NOW.plus_secs(secs) };
        let rows = [
            ("made", silence(60, None, false, false), until(60)),
            ("written", silence(60, Some(60), false, false), Wanted::Nothing),
            ("extended", silence(120, Some(60), false, false), until(120)),
            ("ended early", silence(60, Some(60), true, false), Wanted::Gone),
            ("ended before its answer came", silence(60, None, true, false), Wanted::Gone),
            ("removed", silence(60, Some(60), true, true), Wanted::Nothing),
            ("ended by itself, there too", silence(0, Some(0), true, false), Wanted::Nothing),
            ("extended, and its time is over", silence(0, Some(-60), false, false), Wanted::Nothing),
            ("only here", Quiet { elsewhere: None, ..silence(60, None, false, false) }, Wanted::Nothing),
        ];
        for (name, q, want) in rows {
            assert_eq!(wanted(&q, NOW), want, "{name}");
        }
    }

    #[test]
    fn matchers_are_alertmanagers_own_and_a_beginning_is_no_regular_expression() {
        let body = body(&silence(60, None, false, false), None, "Ana", StoreId(1));
        assert_eq!(
            body["matchers"],
            json!([
                { "name": "instance", "value": "db-1\\..*", "isRegex": true, "isEqual": true },
                { "name": "env", "value": "prod", "isRegex": false, "isEqual": false },
            ])
        );
        assert_eq!((&body["startsAt"], &body["id"]), (&json!("2026-03-02T03:02:00.000Z"), &Value::Null));
    }
}
