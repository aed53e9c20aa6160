//! What is wrong with Warridor itself, told in the admin channel. Nobody is paged for the pager's own bookkeeping.

use crate::clock::Clock;
use crate::domain::page::Recipient;
use crate::ingest::{Presented, UnknownKey, UnknownKeys};
use crate::outbox::driver::FailedPage;
use crate::pump::driver::Board;
use crate::slack::{Outcome, SlackClient};
use crate::views;
use crate::views::mrkdwn::escape;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Unknown keys are told at most this often,
const UNKNOWN_KEYS_EVERY: Duration = Duration::from_secs(60 * 60);
/// and the first of them this soon: a mistyped key should not be silent for an hour.
const UNKNOWN_KEYS_LOOK: Duration = Duration::from_secs(60);
/// That somebody cannot be paged is told this often, in milliseconds; a storm must not fill the channel.
const UNREACHABLE_EVERY_MS: i64 = 60 * 60 * 1_000;
/// The last word before an exit takes at most this long.
const LAST_WORD: Duration = Duration::from_secs(3);
/// What could not be said is tried again this often, this many times.
const AGAIN: Duration = Duration::from_secs(20);
const TRIES: u32 = 30;
/// Unknown keys named in one message.
const KEYS_NAMED: usize = 10;

#[derive(Clone)]
pub struct Notices {
    client: SlackClient,
    board: Arc<Board>,
    /// A restored copy that nobody confirmed says nothing; its log does.
    paused: bool,
}

impl Notices {
    pub fn new(client: SlackClient, board: Arc<Board>, paused: bool) -> Self {
        Self { client, board, paused }
    }

    /// Tells what the start found, whom a page did not reach, and every hour which unknown keys were used.
    pub fn start(
        self,
        at_start: Vec<String>,
        unknown: Arc<UnknownKeys>,
        failed: mpsc::Receiver<FailedPage>,
        clock: Clock,
        token: CancellationToken,
    ) -> JoinHandle<()> {
        tokio::spawn(async move {
            let telling = async {
                for notice in &at_start {
                    tracing::warn!(notice, "found at the start");
                }
                if !at_start.is_empty() {
                    self.say(format!(":information_source: At the start: {}", at_start.join(" "))).await;
                }
                loop {
                    clock.sleep(UNKNOWN_KEYS_LOOK).await;
                    if let Some(text) = unknown_keys(&unknown.drain_unknown_keys()) {
                        tracing::warn!(text, "events with unknown keys");
                        self.say(text).await;
                        clock.sleep(UNKNOWN_KEYS_EVERY).await;
                    }
                }
            };
            tokio::select! {
                () = token.cancelled() => {}
                () = telling => {}
                () = self.tell_failures(failed, &clock) => {}
            }
        })
    }

    async fn tell_failures(&self, mut failed: mpsc::Receiver<FailedPage>, clock: &Clock) {
        // As many as there are people and channels.
        let mut told: BTreeMap<Recipient, i64> = BTreeMap::new();
        while let Some(FailedPage { incident, page, why }) = failed.recv().await {
            let snapshot = self.board.snapshot();
            let Some(incident) = snapshot.world.incident(incident) else { continue };
            let Some(to) = incident.page(page).map(|p| p.to.clone()) else { continue };
            let now = clock.steady_ms();
            if told.get(&to).is_some_and(|last| now - last < UNREACHABLE_EVERY_MS) {
                continue;
            }
            if self.say(views::notice::page_failed(incident, &to, &why, &snapshot.directory)).await {
                told.insert(to, now);
            }
        }
    }

    /// One try, with little time: for the moment before an exit.
    pub async fn say_now(&self, text: String) {
        if self.paused {
            return;
        }
        let _ = tokio::time::timeout(LAST_WORD, self.post(&text)).await;
    }

    /// True when it was said. Goes on trying for about ten minutes.
    pub async fn say(&self, text: String) -> bool {
        if self.paused {
            return false;
        }
        for _ in 0..TRIES {
            match self.post(&text).await {
                Outcome::Ok(_) => return true,
                Outcome::Refused { .. } => return false,
                Outcome::RateLimited { .. } | Outcome::NotSent(_) | Outcome::Unknown(_) => {
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
        false
    }

    async fn post(&self, text: &str) -> Outcome {
        let channel = self.board.snapshot().directory.admin_channel.clone();
        let body = json!({ "channel": channel, "text": text, "unfurl_links": false, "unfurl_media": false });
        self.client.call_now("chat.postMessage", &body).await
    }
}

fn unknown_keys(used: &[UnknownKey]) -> Option<String> {
    if used.is_empty() {
        return None;
    }
    let mut lines: Vec<String> = used
        .iter()
        .take(KEYS_NAMED)
        .map(|k| {
            let from = k.peer.map_or_else(|| "elsewhere".to_owned(), |p| p.to_string());
            let tail = match &k.presented {
                Presented::Unsigned { key, why } => {
                    let key = escape(key, views::limits::LABEL);
                    return format!("Not let in by the key `{key}` from {from}, {why}: {}", k.count);
                }
                Presented::Elsewhere { key, opens } => {
                    let key = escape(key, views::limits::LABEL);
                    return format!(
                        "Not let in by the key of `{key}` from {from}, which opens {opens} only: {}",
                        k.count
                    );
                }
                Presented::Unknown { tail } => tail.as_str(),
            };
            let key = match (tail, k.peer) {
                // What is beyond the bound is of many keys.
                ("", None) => "other unknown keys".to_owned(),
                ("", Some(_)) => "no key, or one too short to be any service's,".to_owned(),
                (tail, _) => format!("unknown key …{}", escape(tail, 8)),
            };
            format!("Events with {key} from {from}: {}", k.count)
        })
        .collect();
    if used.len() > KEYS_NAMED {
        lines.push(format!("…and {} more keys", used.len() - KEYS_NAMED));
    }
    let is_unsigned = |k: &UnknownKey| matches!(k.presented, Presented::Unsigned { .. });
    if used.iter().any(|k| matches!(k.presented, Presented::Unknown { .. })) {
        lines.push("A mistyped key is a silent monitor: compare it with the service's key.".to_owned());
    }
    if used.iter().any(is_unsigned) {
        lines.push(
            "What is not signed as its key asks is not taken: compare the sender's secret with the one here."
                .to_owned(),
        );
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Unsigned;
    use std::net::{IpAddr, Ipv4Addr};

    #[test]
    fn every_line_about_unknown_keys_reads_whole() {
        let peer = Some(IpAddr::from(Ipv4Addr::new(10, 0, 0, 5)));
        let used =
            |tail: &str, peer| UnknownKey { presented: Presented::Unknown { tail: tail.to_owned() }, peer, count: 3 };
        let text = unknown_keys(&[used("3f2a", peer), used("", peer), used("", None)]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "Events with unknown key …3f2a from 10.0.0.5: 3",
                "Events with no key, or one too short to be any service's, from 10.0.0.5: 3",
                "Events with other unknown keys from elsewhere: 3",
                "A mistyped key is a silent monitor: compare it with the service's key.",
            ]
        );
        assert_eq!(unknown_keys(&[]), None);
        let (key, opens) = ("nightly-backup".to_owned(), "/heartbeats/KEY");
        let elsewhere = UnknownKey { presented: Presented::Elsewhere { key, opens }, peer, count: 2 };
        let line = "Not let in by the key of `nightly-backup` from 10.0.0.5, which opens /heartbeats/KEY only: 2";
        assert_eq!(unknown_keys(&[elsewhere]), Some(line.to_owned()));
        let presented = Presented::Unsigned { key: "PD_KEY".to_owned(), why: Unsigned::Wrong };
        let unsigned = UnknownKey { presented, peer, count: 2 };
        let advice = "What is not signed as its key asks is not taken: compare the sender's secret with the one here.";
        let line = "Not let in by the key `PD_KEY` from 10.0.0.5, signed wrong: 2";
        assert_eq!(unknown_keys(std::slice::from_ref(&unsigned)), Some(format!("{line}\n{advice}")));
        let text = unknown_keys(&[unsigned, used("3f2a", peer)]).unwrap();
        assert!(text.ends_with(&format!("compare it with the service's key.\n{advice}")), "{text}");
    }
}
