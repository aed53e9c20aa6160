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
/// So often the same trouble comes back as news. The next time is counted on what was first.
const AGAIN: usize = 500;
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

/// One POST: the service, its integration key, and the body.
#[derive(Clone, Debug, PartialEq)]
pub struct Sending {
    pub service: String,
    pub key: String,
    pub events: Value,
}

/// Whether what a dedup key of a service (by name) brought about is still open; `None`: nothing is known of it.
pub type IsOpen<'a> = &'a dyn Fn(&str, &str) -> Option<bool>;

/// What is sent for a trouble, in order; `also` are more dedup keys of the first service to clear. Whatever is over
/// comes back under a key of its own, as news; what is open is counted up.
pub fn sendings(trouble: Trouble, services: &[Service], also: &[String], open: IsOpen<'_>) -> Vec<Sending> {
    let Some(first) = services.first() else { return Vec::new() };
    let disk = services.iter().find(|s| s.channel != first.channel).unwrap_or(first);
    let events = |service: &Service, events: Vec<Value>| Sending {
        service: service.name.clone(),
        key: service.key.clone(),
        events: events.into(),
    };
    let resolve = |key: String| json!({"action": "resolve", "dedup_key": key});
    match trouble {
        Trouble::Down => vec![events(first, vec![down(first, &next_key(first, DOWN, open))])],
        Trouble::Flapping => {
            let key = next_key(disk, DISK, open);
            let event = |i| if i % 2 == 0 { full(disk, &key) } else { resolve(key.clone()) };
            (0..FLAPS * 2 - 1).map(|i| events(disk, vec![event(i)])).collect()
        }
        Trouble::Storm => {
            let all = services.iter().enumerate().map(|(n, service)| {
                let mine = stormy_ones(n, services.len());
                events(service, mine.map(|i| stormy(i, service, &next_key(service, &storm(i), open))).collect())
            });
            all.filter(|s| s.count() > 0).collect()
        }
        Trouble::Clear => {
            let all = services.iter().enumerate().map(|(n, service)| {
                let storms = stormy_ones(n, services.len()).flat_map(|i| used_keys(service, &storm(i), open));
                let mut keys: Vec<String> = storms.collect();
                if service == disk {
                    keys.extend(used_keys(service, DISK, open));
                }
                if service == first {
                    keys.extend(used_keys(service, DOWN, open));
                    keys.extend(also.iter().cloned());
                }
                events(service, keys.into_iter().map(resolve).collect())
            });
            all.filter(|s| s.count() > 0).collect()
        }
    }
}

impl Sending {
    fn count(&self) -> usize {
        self.events.as_array().map_or(0, Vec::len)
    }
}

/// Where the cards of what is sent are, without `#`, in the services' order.
pub fn channels(sendings: &[Sending], services: &[Service]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for service in services.iter().filter(|s| sendings.iter().any(|sent| sent.service == s.name)) {
        if !found.contains(&service.channel) {
            found.push(service.channel.clone());
        }
    }
    found
}

/// What the person who pressed the button is told: what was sent, and where to look.
pub fn said(trouble: Trouble, sendings: &[Sending], channels: &[String], open: IsOpen<'_>) -> String {
    let named: Vec<String> = channels.iter().map(|c| format!("#{c}")).collect();
    let place = match named.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    };
    let events = || sendings.iter().flat_map(|s| s.events.as_array().into_iter().flatten().map(move |e| (s, e)));
    let is_open = |s: &Sending, e: &Value| open(&s.service, e["dedup_key"].as_str().unwrap_or("")) == Some(true);
    let title = events().find_map(|(_, e)| e["title"].as_str()).unwrap_or("");
    match trouble {
        Trouble::Clear => "Told the pager that everything sent from here is over".to_owned(),
        Trouble::Storm => format!("{STORM} alerts sent: see {place}"),
        Trouble::Down | Trouble::Flapping if events().any(|(s, e)| is_open(s, e)) => {
            format!("Still open, and counted on its card: see {place}")
        }
        Trouble::Down => format!("{title}: see {place}"),
        Trouble::Flapping => format!("{title}, {FLAPS} times: see {place}"),
    }
}

const DOWN: &str = "sandbox/down";
const DISK: &str = "sandbox/disk";

fn storm(i: usize) -> String {
    format!("sandbox/storm/{i}")
}

/// The first name is the bare one, the second ends in `/2`.
fn numbered(base: &str) -> impl Iterator<Item = String> {
    (1..=AGAIN).map(move |n| if n == 1 { base.to_owned() } else { format!("{base}/{n}") })
}

/// The key of what is still open, or else one that nothing is known of.
fn next_key(service: &Service, base: &str, open: IsOpen<'_>) -> String {
    numbered(base).find(|key| open(&service.name, key) != Some(false)).unwrap_or_else(|| base.to_owned())
}

/// Every key that may still be open.
fn used_keys(service: &Service, base: &str, open: IsOpen<'_>) -> Vec<String> {
    let known = numbered(base).map(|key| (open(&service.name, &key), key)).enumerate();
    let used = known.take_while(|(n, (state, _))| *n == 0 || state.is_some());
    used.filter(|(n, (state, _))| *n == 0 || *state == Some(true)).map(|(_, (_, key))| key).collect()
}

fn down(service: &Service, key: &str) -> Value {
    json!({
        "action": "trigger", "dedup_key": key,
        "title": format!("{} is down: 0 of 6 instances answer", service.name),
        "labels": {"alertname": "ServiceDown", "severity": "critical", "region": "eu-west-1"},
    })
}

fn full(service: &Service, key: &str) -> Value {
    json!({
        "action": "trigger", "dedup_key": key, "title": format!("Disk of {}-1 is 97 % full", service.name),
        "labels": {"alertname": "DiskFillingUp", "host": format!("{}-1", service.name), "mountpoint": format!("/var/lib/{}", service.name)},
    })
}

/// Which of a storm's alerts the `n`th of so many services has.
fn stormy_ones(n: usize, services: usize) -> impl Iterator<Item = usize> {
    (0..STORM).filter(move |i| i % services == n)
}

fn stormy(i: usize, service: &Service, key: &str) -> Value {
    const WHAT: [&str; 5] = [
        "answers slowly",
        "restarts again and again",
        "loses packets",
        "has no free memory",
        "cannot reach its database",
    ];
    json!({
        "action": "trigger", "dedup_key": key,
        "title": format!("{} on host-{:02} {}", service.name, i + 1, WHAT[(i + i / WHAT.len()) % WHAT.len()]),
        "labels": {"alertname": "Storm", "host": format!("host-{:02}", i + 1)},
    })
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
        taken += s.count();
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

    /// Nothing is known of any key.
    fn unknown(_: &str, _: &str) -> Option<bool> {
        None
    }

    #[test]
    fn whatever_was_broken_is_cleared_with_the_same_keys() {
        let services = services();
        let also = ["sample".to_owned()];
        let cleared = keys(&sendings(Trouble::Clear, &services, &also, &unknown), "resolve");
        for trouble in [Trouble::Down, Trouble::Flapping, Trouble::Storm] {
            let broken = keys(&sendings(trouble, &services, &also, &unknown), "trigger");
            assert!(!broken.is_empty() && broken.is_subset(&cleared), "{trouble:?}: {broken:?}");
        }
        assert!(cleared.contains(&("key-of-pay".to_owned(), "sample".to_owned())));
    }

    #[test]
    fn what_is_over_comes_back_as_news_and_what_is_open_is_counted() {
        let services = services();
        let over = ["sandbox/down", "sandbox/down/2"];
        let state = |third: Option<bool>| {
            move |_: &str, key: &str| if key == "sandbox/down/3" { third } else { over.contains(&key).then_some(false) }
        };
        let pressed = |third| {
            let open = state(third);
            let sent = sendings(Trouble::Down, &services, &[], &open);
            let said = said(Trouble::Down, &sent, &channels(&sent, &services), &open);
            (sent[0].events[0]["dedup_key"].as_str().unwrap().to_owned(), said)
        };
        let news = "pay is down: 0 of 6 instances answer: see #payments";
        assert_eq!(pressed(None), ("sandbox/down/3".to_owned(), news.to_owned()));
        let counted = "Still open, and counted on its card: see #payments";
        assert_eq!(pressed(Some(true)), ("sandbox/down/3".to_owned(), counted.to_owned()));
        assert_eq!(pressed(Some(false)).0, "sandbox/down/4");
        let cleared = keys(&sendings(Trouble::Clear, &services, &[], &state(Some(true))), "resolve");
        assert!(cleared.contains(&("key-of-pay".to_owned(), "sandbox/down/3".to_owned())));
    }

    #[test]
    fn a_storm_is_forty_alerts_over_all_services() {
        let storm = sendings(Trouble::Storm, &services(), &[], &unknown);
        assert_eq!((storm.len(), keys(&storm, "trigger").len()), (3, 40));
        let said = said(Trouble::Storm, &storm, &channels(&storm, &services()), &unknown);
        assert_eq!(said, "40 alerts sent: see #payments and #platform");
        assert!(sendings(Trouble::Storm, &[], &[], &unknown).is_empty());
    }

    #[test]
    fn a_flapping_disk_ends_full_and_says_where_to_look() {
        let flaps = sendings(Trouble::Flapping, &services(), &[], &unknown);
        let actions: Vec<&str> = flaps.iter().filter_map(|s| s.events[0]["action"].as_str()).collect();
        assert_eq!(actions, ["trigger", "resolve", "trigger", "resolve", "trigger"]);
        let said = said(Trouble::Flapping, &flaps, &channels(&flaps, &services()), &unknown);
        assert_eq!(said, "Disk of db-1 is 97 % full, 3 times: see #platform");
    }
}
