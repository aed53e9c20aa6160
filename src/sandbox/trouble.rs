//! Breaking something on purpose: real alerts, sent to the pager's own intake with the services' keys, as a monitor
//! would send them. The bodies are the generic JSON that the intake documents.

use super::scripts::Service;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::time::Duration;

/// Alerts of a storm.
const STORM: usize = 40;
/// How often a flapping disk fills up.
const FLAPS: usize = 3;
/// How long one request may take, in real time.
const PATIENCE: Duration = Duration::from_secs(10);
/// What of an answer is shown to a person, in bytes.
const ANSWER_SHOWN: usize = 300;

/// What can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The first service is down.
    Down,
    /// A disk fills up and empties again, some times.
    Flapping,
    /// Forty alerts over all services at once.
    Storm,
    /// Everything above is resolved.
    Clear,
}

impl Trouble {
    pub const ALL: [Self; 4] = [Self::Down, Self::Flapping, Self::Storm, Self::Clear];

    /// As scripts name it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Flapping => "flapping",
            Self::Storm => "storm",
            Self::Clear => "clear",
        }
    }

    /// What its button says.
    pub fn label(self, services: &[Service]) -> String {
        match self {
            Self::Down => {
                format!("{} down", services.first().map_or("a service", |s| s.channel.as_str()))
            }
            Self::Flapping => "flapping disk".into(),
            Self::Storm => format!("{STORM} alerts at once"),
            Self::Clear => "clear all".into(),
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.word() == word)
    }
}

/// One POST: the integration key, and the body.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    pub key: String,
    pub events: Value,
}

/// What is sent for a trouble, in order; `also` are more dedup keys of the first service to clear.
pub fn sendings(trouble: Trouble, services: &[Service], also: &[String]) -> Vec<Sending> {
    let Some(first) = services.first() else { return Vec::new() };
    let one = |service: &Service, event: Value| Sending { key: service.key.clone(), events: json!([event]) };
    let disk = services.iter().find(|s| s.channel != first.channel).unwrap_or(first);
    let resolve = |key: String| json!({"action": "resolve", "dedup_key": key});
    match trouble {
        Trouble::Down => vec![one(first, down(first))],
        Trouble::Flapping => {
            (0..FLAPS * 2 - 1).map(|i| one(disk, if i % 2 == 0 { full() } else { resolve(disk_key()) })).collect()
        }
        Trouble::Storm => per_service(services, stormy),
        Trouble::Clear => {
            let mut all = per_service(services, |i, _| resolve(storm_key(i)));
            all.push(one(disk, resolve(disk_key())));
            let keys = also.iter().cloned().chain([down_key()]);
            all.push(Sending { key: first.key.clone(), events: keys.map(resolve).collect() });
            all
        }
    }
}

fn down_key() -> String {
    "sandbox/down".into()
}

fn disk_key() -> String {
    "sandbox/disk/db-1".into()
}

fn storm_key(i: usize) -> String {
    format!("sandbox/storm/{i}")
}

fn down(service: &Service) -> Value {
    json!({
        "action": "trigger", "dedup_key": down_key(),
        "title": format!("{} is down: 0 of 6 instances answer", service.name),
        "labels": {"alertname": "ServiceDown", "severity": "critical", "region": "eu-west-1"},
    })
}

fn full() -> Value {
    json!({
        "action": "trigger", "dedup_key": disk_key(), "title": "Disk on db-1 is 97 % full",
        "labels": {"alertname": "DiskFillingUp", "host": "db-1", "mountpoint": "/var/lib/postgresql"},
    })
}

fn stormy(i: usize, service: &Service) -> Value {
    const WHAT: [&str; 5] = [
        "answers slowly",
        "restarts again and again",
        "loses packets",
        "has no free memory",
        "cannot reach its database",
    ];
    json!({
        "action": "trigger", "dedup_key": storm_key(i),
        "title": format!("{} on host-{:02} {}", service.name, i + 1, WHAT[(i + i / WHAT.len()) % WHAT.len()]),
        "labels": {"alertname": "Storm", "host": format!("host-{:02}", i + 1)},
    })
}

/// The storm's events, a body for each service that takes part.
fn per_service(services: &[Service], event: impl Fn(usize, &Service) -> Value) -> Vec<Sending> {
    let of = |n: usize, service: &Service| {
        let mine = (0..STORM).filter(|i| i % services.len() == n);
        Sending { key: service.key.clone(), events: mine.map(|i| event(i, service)).collect() }
    };
    services
        .iter()
        .enumerate()
        .map(|(n, s)| of(n, s))
        .filter(|s| s.events.as_array().is_some_and(|e| !e.is_empty()))
        .collect()
}

/// Sends them one after the other to the intake at `http` (`http://HOST:PORT`). Gives how many events were taken.
///
/// # Errors
/// A sentence for the person who pressed the button: nobody answers there, or the intake refused.
pub async fn send(http: &str, sendings: Vec<Sending>) -> Result<usize, String> {
    if sendings.is_empty() {
        return Err("no service has a key: there is nobody to send alerts to".into());
    }
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let mut taken = 0;
    for s in sendings {
        let request = Request::post(format!("{http}/integrations/generic/{}", s.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(s.events.to_string())))
            .map_err(|e| format!("the pager's address {http} is none: {e}"))?;
        let asked = async {
            let answer = client.request(request).await.map_err(|e| format!("{http} does not answer: {e}"))?;
            let status = answer.status();
            let body = answer.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default();
            if status.is_success() {
                return Ok(());
            }
            let said = String::from_utf8_lossy(&body[..body.len().min(ANSWER_SHOWN)]).into_owned();
            Err(format!("the pager answered {status}: {said}"))
        };
        let late = |_| Err(format!("{http} did not answer within {} s", PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(late)?;
        taken += s.events.as_array().map_or(0, Vec::len);
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn services() -> Vec<Service> {
        let service = |name: &str, channel: &str| Service {
            name: name.into(),
            key: format!("key-of-{name}"),
            channel: channel.into(),
        };
        vec![service("pay", "payments"), service("shop", "payments"), service("db", "platform")]
    }

    fn keys(sendings: &[Sending], action: &str) -> BTreeSet<(String, String)> {
        let events = sendings.iter().flat_map(|s| s.events.as_array().into_iter().flatten().map(move |e| (&s.key, e)));
        events
            .filter(|(_, e)| e["action"] == action)
            .map(|(key, e)| (key.clone(), e["dedup_key"].as_str().unwrap_or("").to_owned()))
            .collect()
    }

    #[test]
    fn whatever_was_broken_is_cleared_with_the_same_keys() {
        let services = services();
        let also = ["sample".to_owned()];
        let cleared = keys(&sendings(Trouble::Clear, &services, &also), "resolve");
        for trouble in [Trouble::Down, Trouble::Flapping, Trouble::Storm] {
            let broken = keys(&sendings(trouble, &services, &also), "trigger");
            assert!(!broken.is_empty() && broken.is_subset(&cleared), "{trouble:?}: {broken:?}");
        }
        assert!(cleared.contains(&("key-of-pay".to_owned(), "sample".to_owned())));
    }

    #[test]
    fn a_storm_is_forty_alerts_over_all_services() {
        let storm = sendings(Trouble::Storm, &services(), &[]);
        assert_eq!((storm.len(), keys(&storm, "trigger").len()), (3, 40));
        assert!(sendings(Trouble::Storm, &[], &[]).is_empty());
    }

    #[test]
    fn a_flapping_disk_ends_full() {
        let flaps = sendings(Trouble::Flapping, &services(), &[]);
        let actions: Vec<&str> = flaps.iter().filter_map(|s| s.events[0]["action"].as_str()).collect();
        assert_eq!(actions, ["trigger", "resolve", "trigger", "resolve", "trigger"]);
    }
}
