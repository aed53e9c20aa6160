//! The whole pager and a local Slack in this process, on a clock that stands until somebody moves it.

#![allow(dead_code)] // each test uses a part

use crate::e2e::company::{self, KEYS};
use crate::e2e::{Slack, eventually_true, http};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use warridor::app::{App, Start};
use warridor::clock::Clock;
use warridor::config::{SystemEnv, WithVars, load};
use warridor::domain::stamp::At;
use warridor::reload::Watch;
use warridor::sandbox::telephone::Account;
use warridor::sandbox::{Sandbox, SandboxConfig, Workspace};

/// The account at the double of Twilio.
pub const TWILIO_SID: &str = "AC0123456789abcdef0123456789abcdef";
const TWILIO_TOKEN: &str = "fedcba9876543210fedcba9876543210";
/// A key that a configuration may ask signatures of, and what stands in its two variables.
pub const SIGNED_KEY: &str = "0123456789abcdef-signed";
pub const SECRET_OLD: &str = "the secret until now";
pub const SECRET_NEW: &str = "the secret from now on";
pub const TWILIO_NUMBER: &str = "+15550000000";
/// Both keys of the heartbeat of [`with_heartbeat`], by environment variable.
pub const HEARTBEAT_KEYS: [(&str, &str); 2] = [
    ("HEARTBEAT_OLD", "0123456789abcdef-heartbeat-of-before"),
    ("HEARTBEAT_NEW", "0123456789abcdef-heartbeat-to-come"),
];
/// Where the outside reaches the pager.
pub const PUBLIC_URL: &str = "https://pager.example.com";

/// Monday 2026-03-02, 03:02 UTC.
pub const NIGHT: At = At(1_772_420_520_000);
/// How long a connection to this Slack lives, in seconds of its clock: a year. Slack's own five hours are hours of a real
/// network, on which the pager's waits between two attempts go; a story moves the clock by days within a second.
const CONNECTION_SECS: i64 = 365 * 24 * 60 * 60;
/// How long something that is under way may take, in real seconds.
const SOON: u64 = 15;

pub struct Office {
    pub slack: Slack,
    pub clock: Clock,
    app: Option<App>,
    http: SocketAddr,
    sandbox: Sandbox,
    dir: TempDir,
    tokens: (String, String),
    alerts: BTreeMap<String, u64>,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"))
}

/// A process has one recorder: all offices of a test count together.
fn metrics() -> PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    let install = || PrometheusBuilder::new().install_recorder().expect("the first recorder");
    RECORDER.get_or_init(install).clone()
}

impl Office {
    /// This configuration and workspace, at night.
    pub fn open(config: &str, workspace: Workspace) -> Self {
        let _inside = runtime().enter();
        let clock = Clock::stopped(NIGHT);
        let dir = tempfile::tempdir().expect("a temporary directory");
        let tokens = (workspace.bot_token.clone(), workspace.app_token.clone());
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let workspace = Workspace { connection_secs: CONNECTION_SECS, ..workspace };
        let sandbox = SandboxConfig { listen: any, clock: clock.clone(), dir: None, workspace };
        let sandbox = Sandbox::start(sandbox).expect("the local Slack starts");
        // Its address is known only now.
        let config = config.replace("{twilio}", &sandbox.twilio_url());
        std::fs::write(dir.path().join("config.toml"), config).expect("the configuration is written");
        let slack = Slack { address: sandbox.addr() };
        let mut office = Self { slack, clock, app: None, http: any, sandbox, dir, tokens, alerts: BTreeMap::new() };
        office.start();
        office
    }

    /// The pager, on what the data directory holds.
    fn start(&mut self) {
        self.start_deaf();
        eventually_true("the pager hears Slack", SOON, || {
            self.slack.types("mara", "admin", "/pager", "help")["error"] != "app_not_connected"
        });
    }

    /// The same, where Slack may be away.
    pub fn start_deaf(&mut self) {
        let _inside = runtime().enter();
        let path = self.dir.path().join("config.toml");
        let more = [
            ("TWILIO_AUTH_TOKEN", TWILIO_TOKEN),
            ("E2E_KEY_SIGNED", SIGNED_KEY),
            ("E2E_SECRET_OLD", SECRET_OLD),
            ("E2E_SECRET_NEW", SECRET_NEW),
        ];
        let vars = KEYS
            .iter()
            .chain(&more)
            .chain(&HEARTBEAT_KEYS)
            .map(|(name, key)| ((*name).to_owned(), (*key).to_owned()))
            .collect();
        let env = WithVars { under: &SystemEnv, vars };
        let loaded = load(&path, &env).expect("a good configuration");
        let start = Start {
            loaded,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: self.clock.clone(),
            slack_api: self.sandbox.api_url().parse().expect("an address"),
            bot_token: SecretString::from(self.tokens.0.clone()),
            app_token: SecretString::from(self.tokens.1.clone()),
            metrics: Some(metrics()),
            watch: Watch { path, env: Arc::new(env) },
        };
        let app = runtime().block_on(App::start(start, &self.dir.path().join("data"))).expect("the pager starts");
        self.http = app.addr();
        // Twilio, and the reverse proxy in front of the pager.
        let account = Account {
            sid: TWILIO_SID.to_owned(),
            token: TWILIO_TOKEN.to_owned(),
            number: TWILIO_NUMBER.to_owned(),
            can_text: true,
            sms_url: format!("{PUBLIC_URL}/twilio/sms"),
        };
        self.sandbox.telephone().set_account(account);
        self.sandbox.telephone().set_proxy(PUBLIC_URL, &format!("http://{}", self.http));
        self.app = Some(app);
    }

    /// The pager stops.
    pub fn stop(&mut self) {
        if let Some(app) = self.app.take() {
            runtime().block_on(app.stop());
        }
    }

    /// The pager stops and starts again.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// The data directory, for a command on a stopped one.
    pub fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    /// Somebody edits the configuration; it is noticed within seconds.
    pub fn configure(&self, config: &str) {
        std::fs::write(self.dir.path().join("config.toml"), config).expect("the configuration is written");
    }

    /// Somebody writes a playbook beside it.
    pub fn writes_playbook(&self, name: &str, text: &str) {
        let folder = self.dir.path().join("playbooks");
        std::fs::create_dir_all(&folder).expect("the folder of playbooks");
        std::fs::write(folder.join(format!("{name}.md")), text).expect("the playbook is written");
    }

    /// Something sends a heartbeat by this key; what is answered.
    pub fn beat(&self, key: &str) -> http::Answer {
        let path = format!("/heartbeats/{key}");
        let answer = http::post(self.http, &path, b"", Duration::from_secs(SOON)).expect("the pager answers");
        self.comes_to_rest();
        answer
    }

    /// The usual company.
    pub fn usual() -> Self {
        Self::open(&company::Company::default().config(), company::workspace())
    }

    /// The same, where Search is private: what it has to say is said in its own channel and in the admin channel.
    pub fn where_search_is_private() -> Self {
        let mut workspace = company::workspace();
        for channel in workspace.channels.iter_mut().filter(|c| c.name != "payments") {
            channel.is_private = true;
            channel.members = ["chen", "divya", "mara"].map(company::user_id).to_vec();
        }
        Self::open(&company::with_private_search(&company::Company::default().config()), workspace)
    }

    /// A monitor says that this fires, or that it is over.
    pub fn monitor(&self, key: &str, dedup: &str, action: &str) {
        let body = json!({ "action": action, "dedup_key": dedup, "title": format!("Alert {dedup}") });
        let path = format!("/integrations/generic/{key}");
        let sent = http::post(self.http, &path, body.to_string().as_bytes(), Duration::from_secs(SOON));
        assert_eq!(sent.expect("the pager answers").status, 202);
        self.comes_to_rest();
    }

    /// A request to the pager's own door, with these headers.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// Everything that can happen before the clock moves has happened.
    pub fn comes_to_rest(&self) {
        if let Some(app) = &self.app {
            eventually_true("the pager comes to rest", SOON, || app.is_quiet());
        }
    }

    /// Time passes. What is due is done, and Slack shows it.
    pub fn pass(&self, secs: u64) {
        self.comes_to_rest();
        self.clock.advance(Duration::from_secs(secs));
        self.comes_to_rest();
    }

    /// Everything that is owed to Slack is there: a few seconds pass, because Slack takes one message a second.
    pub fn settle(&self) {
        for _ in 0..8 {
            self.pass(1);
        }
    }

    /// The window that a command opened instead of answering, where `before` was already open.
    pub fn window_after(&self, user: &str, before: &[Value], answer: &Value) -> Option<Value> {
        if answer["text"].is_string() || answer["blocks"].is_array() {
            return None;
        }
        let known: Vec<&Value> = before.iter().map(|w| &w["id"]).collect();
        let new = || self.windows(user).into_iter().find(|w| !known.contains(&&w["id"]));
        Some(crate::e2e::eventually("a window", SOON, new))
    }

    /// The bot's Home tab, as somebody sees it.
    pub fn home(&self, user: &str) -> Option<Value> {
        let views = self.slack.get(&format!("/sandbox/views?user={user}"));
        views.as_array()?.iter().find(|v| v["type"] == "home").cloned()
    }

    /// What is open on somebody's screen: the windows, the top one last.
    pub fn windows(&self, user: &str) -> Vec<Value> {
        let views = self.slack.get(&format!("/sandbox/views?user={user}"));
        let modal = |v: &Value| v["type"] == "modal";
        views.as_array().cloned().unwrap_or_default().into_iter().filter(modal).collect()
    }
}

/// This company, whose Payments API has a nightly backup that is to be heard of: these lines more.
pub fn with_heartbeat(config: &str, lines: &str) -> String {
    let key = "[[service.key]]\nkey_env = \"E2E_KEY_PAYMENTS\"\n";
    assert!(config.contains(key));
    let heartbeat = "[[service.heartbeat]]\nid = \"nightly-backup\"\nname = \"Nightly backup\"\n\
                     key_env = [\"HEARTBEAT_OLD\", \"HEARTBEAT_NEW\"]";
    config.replacen(key, &format!("{key}\n{heartbeat}\n{lines}\n"), 1)
}

impl Drop for Office {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A message or a window as lines: texts without Slack's marks, times as UTC, buttons in brackets.
pub fn drawn(shown: &Value) -> Vec<String> {
    let mut out = Vec::new();
    let blocks = |v: &Value| v["blocks"].as_array().cloned().unwrap_or_default();
    let colored = shown["attachments"].as_array().cloned().unwrap_or_default();
    let all: Vec<Value> = blocks(shown).into_iter().chain(colored.iter().flat_map(blocks)).collect();
    for block in &all {
        draw(block, &mut out);
    }
    if out.is_empty() {
        out.extend(shown["text"].as_str().map(plain));
    }
    out.iter().flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn draw(block: &Value, out: &mut Vec<String>) {
    let text = |v: &Value| plain(v["text"].as_str().unwrap_or_default());
    match block["type"].as_str().unwrap_or_default() {
        "section" | "header" => {
            out.push(text(&block["text"]));
            if block["accessory"]["type"] == "button" {
                out.push(format!("  [{}]", text(&block["accessory"]["text"])));
            }
        }
        "context" => out.extend(block["elements"].as_array().into_iter().flatten().map(text)),
        "actions" => {
            let buttons = block["elements"].as_array().into_iter().flatten();
            out.push(buttons.map(|b| format!("[{}]", text(&b["text"]))).collect::<Vec<_>>().join(" "));
        }
        "input" => out.push(format!("{}: …", text(&block["label"]))),
        "divider" => out.push("----".to_owned()),
        other => out.push(format!("({other})")),
    }
}

/// Slack's marks taken away: dates as their fallback.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, token)) = rest.split_once("<!date^") {
        let (token, after) = token.split_once('>').unwrap_or((token, ""));
        out.push_str(before);
        out.push_str(token.rsplit('|').next().unwrap_or_default().trim_end_matches(" UTC"));
        rest = after;
    }
    out.push_str(rest);
    out.replace('*', "")
}
