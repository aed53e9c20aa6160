//! A real Alertmanager: Debian's, with groups that go out at once.

use super::http;
use super::{SOON, eventually_true};
use serde_json::{Value, json};
use std::fs::File;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const BINARY: &str = "/usr/bin/prometheus-alertmanager";
const ANSWER: Duration = Duration::from_secs(10);

pub struct Alertmanager {
    address: SocketAddr,
    child: Child,
}

impl Alertmanager {
    /// [`Self::repeating`] every hour.
    pub fn start(dir: &Path, webhook: &str, enqueue: &str, routing_key: &str) -> Self {
        Self::repeating(dir, webhook, enqueue, routing_key, "1h")
    }

    /// One that sends everything to `webhook`, again after `repeat`, and alerts with the label `route="pagerduty"` to `enqueue` with
    /// `routing_key` instead. Its files are in `dir`.
    pub fn repeating(dir: &Path, webhook: &str, enqueue: &str, routing_key: &str, repeat: &str) -> Self {
        Self::at(http::free_address(), dir, webhook, enqueue, routing_key, repeat)
    }

    /// The same at a stated address; with the files that are in `dir` already.
    pub fn at(address: SocketAddr, dir: &Path, webhook: &str, enqueue: &str, routing_key: &str, repeat: &str) -> Self {
        assert!(
            Path::new(BINARY).exists(),
            "{BINARY} is missing: this test sends real alerts. Install it: apt-get install prometheus-alertmanager"
        );
        let config = format!(
            r#"
route:
  receiver: webhook
  group_by: [alertname]
  group_wait: 100ms
  group_interval: 300ms
  repeat_interval: {repeat}
  routes:
    - receiver: pagerduty
      matchers: [ 'route="pagerduty"' ]
receivers:
  - name: webhook
    webhook_configs:
      - url: {webhook}
        send_resolved: true
  - name: pagerduty
    pagerduty_configs:
      - url: {enqueue}
        routing_key: {routing_key}
        send_resolved: true
"#
        );
        let file = dir.join("alertmanager.yml");
        std::fs::write(&file, config).expect("Alertmanager's configuration is written");
        let log = || File::create(dir.join("alertmanager.log")).expect("a log");
        let child = Command::new(BINARY)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.path={}", dir.join("alertmanager").display()))
            .arg(format!("--web.listen-address={address}"))
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log())
            .spawn()
            .expect("Alertmanager starts");
        let this = Self { address, child };
        eventually_true("Alertmanager is ready", SOON, || {
            http::get(this.address, "/-/ready", ANSWER).is_ok_and(|a| a.status == 200)
        });
        this
    }

    /// Ends it as an operator does, so that it keeps what it knows.
    pub fn stop(mut self) {
        let pid = libc::pid_t::try_from(self.child.id()).expect("a process id");
        // SAFETY: a signal to a child of ours that was not waited for.
        assert_eq!(unsafe { libc::kill(pid, libc::SIGTERM) }, 0, "Alertmanager is told to end");
        let _ = self.child.wait();
    }

    /// Silences something; its id.
    #[track_caller]
    pub fn silence(&self, silence: &Value) -> String {
        let body = silence.to_string();
        let answer = http::post(self.address, "/api/v2/silences", body.as_bytes(), ANSWER).expect("it answers");
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["silenceID"].as_str().expect("an id").to_owned()
    }

    /// The silences whose comment ends with these words, as it tells of them.
    #[track_caller]
    pub fn silences(&self, words: &str) -> Vec<Value> {
        let answer = http::get(self.address, "/api/v2/silences", ANSWER).expect("Alertmanager answers");
        let all = answer.json().as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|s| s["comment"].as_str().is_some_and(|c| c.starts_with(words))).collect()
    }

    /// What Prometheus does when a rule fires; `ends_at` in the past is how it says that it is over.
    #[track_caller]
    pub fn post(&self, labels: &Value, summary: &str, starts_at: &str, ends_at: Option<&str>) {
        let mut alert = json!({
            "labels": labels, "startsAt": starts_at, "generatorURL": "http://prometheus.example/graph",
            "annotations": { "summary": summary },
        });
        if let Some(ends_at) = ends_at {
            alert["endsAt"] = ends_at.into();
        }
        let body = json!([alert]).to_string();
        let answer = http::post(self.address, "/api/v2/alerts", body.as_bytes(), ANSWER).expect("Alertmanager answers");
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
