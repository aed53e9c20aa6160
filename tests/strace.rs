//! Nobody hears "yes" before the disk has it: the order of system calls of the real binary, as the kernel saw it.
//!
//! `kill -9` cannot show a missing `fdatasync`, because what was written stays in the page cache; this can.

mod e2e;

use e2e::company::PAYMENTS_KEY;
use e2e::strace::{self, Syscall};
use e2e::{Company, Pager};
use serde_json::{Value, json};
use std::path::PathBuf;

const SENDERS: usize = 4;
const ALERTS_EACH: usize = 15;

/// A pager under `strace`, ready to hear clicks.
fn traced() -> (Pager, PathBuf) {
    let mut pager = Pager::run_later(&Company::default());
    let trace = pager.dir().join("trace");
    pager.wrap(strace::wrap(&trace));
    pager.start();
    pager.has_sockets(2);
    (pager, trace)
}

/// The place in the trace from which on a journal frame that contains `words` was on disk.
fn durable_from(calls: &[Syscall], words: &str) -> Option<usize> {
    let journal = |c: &&Syscall| c.file.contains("/journal/");
    let is_write = |c: &&Syscall| c.name.contains("write");
    let contains = |c: &&Syscall| contains(&c.bytes, words);
    let written = calls.iter().filter(journal).filter(is_write).find(contains)?;
    let mut syncs = calls.iter().filter(journal).filter(|c| c.name == "fdatasync" || c.name == "fsync");
    syncs.find(|c| c.file == written.file && c.begun > written.done).map(|c| c.done)
}

fn contains(bytes: &[u8], words: &str) -> bool {
    bytes.windows(words.len()).any(|w| w == words.as_bytes())
}

#[test]
fn no_alert_is_answered_202_before_the_fdatasync_that_covers_it() {
    let (mut pager, trace) = traced();
    std::thread::scope(|threads| {
        for sender in 0..SENDERS {
            let pager = &pager;
            threads.spawn(move || {
                for n in 0..ALERTS_EACH {
                    pager.alert(&format!("alert-{sender}-{n}-"));
                }
            });
        }
    });
    // The other ways in answer in their own shapes.
    let event = json!({
        "routing_key": PAYMENTS_KEY, "event_action": "trigger", "dedup_key": "alert-pagerduty-",
        "payload": {"summary": "by PagerDuty's API", "source": "db-1", "severity": "critical"},
    });
    assert_eq!(pager.send("/v2/enqueue", &event).status, 202);
    assert!(pager.stop(10).success());

    let calls = strace::read(&trace);
    let answers: Vec<&Syscall> = calls.iter().filter(|c| c.bytes.starts_with(b"HTTP/1.1 202")).collect();
    let keys = (0..SENDERS).flat_map(|s| (0..ALERTS_EACH).map(move |n| format!("alert-{s}-{n}-")));
    for key in keys.chain(["alert-pagerduty-".to_owned()]) {
        let answer = answers.iter().find(|a| contains(&a.bytes, &key)).unwrap_or_else(|| panic!("no 202 for {key}"));
        let durable = durable_from(&calls, &format!("\"dedup\":\"{key}\""));
        let durable = durable.unwrap_or_else(|| panic!("the frame of {key} was never synced"));
        assert!(
            durable < answer.begun,
            "{key} was answered at line {} of the trace and was on disk only at line {durable}",
            answer.begun
        );
    }
}

#[test]
fn no_click_is_acknowledged_before_its_fdatasync() {
    let (mut pager, trace) = traced();
    let slack = pager.slack;
    for n in 0..8 {
        let incident = pager.alert(&format!("click-{n}"));
        let page = slack.page_to("ana", incident);
        slack.press_well("ana", "dm:ana", &page, "incident.acknowledge");
    }
    let typed = slack.slash("ana", "payments", "resolve 1 found it");
    assert_eq!(typed["ok"], true, "{typed}");
    assert!(pager.stop(10).success());

    let calls = strace::read(&trace);
    let mut seen = 0;
    for call in &calls {
        for text in strace::websocket_texts(&call.bytes) {
            let frame: Value = serde_json::from_str(&text).unwrap_or_default();
            let Some(envelope) = frame["envelope_id"].as_str() else { continue };
            let durable = durable_from(&calls, envelope);
            let durable = durable.unwrap_or_else(|| panic!("envelope {envelope} was acknowledged and never synced"));
            assert!(
                durable < call.begun,
                "envelope {envelope} was acknowledged at line {} of the trace and was on disk only at line {durable}",
                call.begun
            );
            seen += 1;
        }
    }
    assert_eq!(seen, 9, "the trace shows the acknowledgement of every click and command");
}
