//! Envelopes on their way: acknowledged within 3 seconds or not, and what then. Events are sent again; clicks, commands
//! and submissions never are, and the person sees a warning triangle.

use super::interactions::Act;
use super::sockets::SocketId;
use super::state::Slack;
use crate::domain::stamp::At;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};

/// How long the app has to acknowledge, in milliseconds.
const ACK_MS: i64 = 3_000;
/// How long Slack waits before each further attempt at an event, in milliseconds.
/// Source: docs.slack.dev/apis/events-api (retries "nearly immediately", after 1 minute, after 5 minutes).
const RETRY_MS: [i64; 3] = [0, 60_000, 300_000];
/// Verdicts remembered for whoever asks late.
const VERDICTS: usize = 1_000;

/// An envelope's id, unique.
pub type EnvelopeId = String;

/// What a person's act came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Whether the app acknowledged in time, and answered something Slack can show.
    pub ok: bool,
    /// For a command: the immediate response; for a submission: `response_action` and what belongs to it; for a
    /// failure: `error` and why.
    pub body: Value,
}

#[derive(Clone, Debug)]
struct Pending {
    /// `None`: a ghost has it.
    socket: Option<SocketId>,
    sent: At,
    act: Act,
    /// The frame without its id, to be sent again.
    frame: Value,
    attempt: usize,
}

#[derive(Clone, Debug)]
struct Retry {
    at: At,
    frame: Value,
    attempt: usize,
    reason: &'static str,
}

/// All envelopes that are not settled.
#[derive(Clone, Debug, Default)]
pub struct Envelopes {
    pending: BTreeMap<EnvelopeId, Pending>,
    retries: Vec<Retry>,
    verdicts: VecDeque<(EnvelopeId, Verdict)>,
}

impl Slack {
    /// Sends an envelope of `kind` (`events_api`, `interactive`, `slash_commands`).
    pub(super) fn envelope(&mut self, kind: &str, payload: Value, act: Act, now: At) -> EnvelopeId {
        let answers = matches!(act, Act::Slash { .. } | Act::Submit { .. } | Act::Suggest);
        let frame = json!({"type": kind, "payload": payload, "accepts_response_payload": answers});
        self.launch(frame, act, 0, "", now)
    }

    fn launch(&mut self, frame: Value, act: Act, attempt: usize, reason: &str, now: At) -> EnvelopeId {
        let w = self.random_word(32);
        let id = format!("{}-{}-{}-{}-{}", &w[..8], &w[8..12], &w[12..16], &w[16..20], &w[20..]);
        let mut sent = frame.clone();
        sent["envelope_id"] = id.clone().into();
        if act == Act::Event {
            sent["retry_attempt"] = attempt.into();
            sent["retry_reason"] = reason.into();
        }
        self.touch();
        match self.deliver(&sent) {
            Ok(socket) => {
                let pending = Pending { socket, sent: now, act, frame, attempt };
                self.interactions.envelopes.pending.insert(id.clone(), pending);
            }
            Err(()) if act == Act::Event => self.retry(frame, attempt, "connection_failed", now),
            Err(()) => self.failed(&id, &act, "app_not_connected", now),
        }
        id
    }

    fn retry(&mut self, frame: Value, attempt: usize, reason: &'static str, now: At) {
        if let Some(wait) = RETRY_MS.get(attempt) {
            let retry = Retry { at: now.plus_ms(*wait), frame, attempt: attempt + 1, reason };
            self.interactions.envelopes.retries.push(retry);
        }
    }

    /// The app acknowledged on the connection that got the envelope.
    pub(super) fn acknowledged(&mut self, socket: SocketId, id: &str, payload: Value, now: At) {
        let pending = &mut self.interactions.envelopes.pending;
        if pending.get(id).is_none_or(|p| p.socket != Some(socket) || now.0 - p.sent.0 > ACK_MS) {
            return;
        }
        if let Some(p) = pending.remove(id) {
            let verdict = self.take_answer(p.act, payload, now);
            self.settle(id, verdict);
        }
    }

    /// Gives up on what was not acknowledged in time, and sends events again.
    pub(super) fn expire_envelopes(&mut self, now: At) {
        let late: Vec<EnvelopeId> = self
            .interactions
            .envelopes
            .pending
            .iter()
            .filter(|(_, p)| now.0 - p.sent.0 > ACK_MS || self.is_lost(p))
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            let Some(p) = self.interactions.envelopes.pending.remove(&id) else { continue };
            if p.act == Act::Event {
                self.retry(p.frame, p.attempt, "timeout", now);
            } else {
                self.failed(&id, &p.act, "operation_timeout", now);
            }
        }
        let (due, later) =
            std::mem::take(&mut self.interactions.envelopes.retries).into_iter().partition(|r: &Retry| r.at <= now);
        self.interactions.envelopes.retries = later;
        for r in due {
            self.launch(r.frame, Act::Event, r.attempt, r.reason, now);
        }
    }

    /// The connection that got it is gone, and no other one may acknowledge it: whoever acted reads what they would read
    /// after 3 seconds. An event waits those out, for it is sent again.
    fn is_lost(&self, p: &Pending) -> bool {
        p.act != Act::Event && p.socket.is_some_and(|id| !self.sockets.is_live(id))
    }

    fn failed(&mut self, id: &str, act: &Act, error: &str, now: At) {
        let why = match error {
            "app_not_connected" => "no Socket Mode connection is open: nobody can hear this",
            _ => "the app did not acknowledge within 3 seconds; Slack does not send this again",
        };
        self.show_failure(act, error, now);
        self.settle(id, Verdict { ok: false, body: json!({"error": error, "why": why}) });
    }

    fn settle(&mut self, id: &str, verdict: Verdict) {
        let verdicts = &mut self.interactions.envelopes.verdicts;
        if verdicts.len() == VERDICTS {
            verdicts.pop_front();
        }
        verdicts.push_back((id.into(), verdict));
        self.touch();
    }

    /// What an act came to; `None` while it is under way. Asking takes it.
    pub fn take_verdict(&mut self, id: &str) -> Option<Verdict> {
        let verdicts = &mut self.interactions.envelopes.verdicts;
        let i = verdicts.iter().position(|(v, _)| v == id)?;
        verdicts.remove(i).map(|(_, v)| v)
    }

    /// The next instant at which [`Slack::poll`] has something to do.
    pub fn next_wake(&self) -> Option<At> {
        let e = &self.interactions.envelopes;
        let acks = e.pending.values().map(|p| p.sent.plus_ms(ACK_MS + 1));
        let retries = e.retries.iter().map(|r| r.at);
        acks.chain(retries).chain(self.sockets.next_wake()).chain(self.next_scheduled()).min()
    }
}
