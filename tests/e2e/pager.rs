//! One pager process and everything around it.

use super::company::{self, Company, PAYMENTS_KEY};
use super::http::{self, Answer};
use super::journal;
use super::slack::Slack;
use super::{SOON, eventually, eventually_true};
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;
use warridor::clock::Clock;
use warridor::sandbox::{Sandbox, SandboxConfig, Workspace};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_warridor");
/// How long a start may take: FAULTS says 30 s even when rows are rebuilt.
const START_SECS: u64 = 30;
/// How long one request may take.
const ANSWER: Duration = Duration::from_secs(20);

/// Where a Slack in the test runs.
fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime"))
}

/// How the binary is started.
enum Way {
    /// `run`, and the Slack in this process.
    Run { slack: Box<Sandbox>, bot: String, app: String },
    /// `demo`, and the Slack in that process.
    Demo,
}

pub struct Pager {
    pub slack: Slack,
    pub listen: SocketAddr,
    dir: TempDir,
    data_dir: PathBuf,
    way: Way,
    /// What stands in front of the binary, such as `strace`.
    wrap: Vec<String>,
    env: Vec<(String, String)>,
    child: Option<Child>,
}

impl Pager {
    /// `warridor run`, ready.
    pub fn run(company: &Company) -> Self {
        let mut pager = Self::run_later(company);
        pager.start();
        pager
    }

    /// `warridor run`, not started yet.
    pub fn run_later(company: &Company) -> Self {
        Self::run_in(company.config(), company::workspace())
    }

    /// `warridor run` with any configuration and workspace, not started yet.
    pub fn run_in(config: String, workspace: Workspace) -> Self {
        let (bot, app) = (workspace.bot_token.clone(), workspace.app_token.clone());
        let _inside = runtime().enter();
        let sandbox = SandboxConfig {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::system(0),
            dir: None,
            workspace,
        };
        let sandbox = Box::new(Sandbox::start(sandbox).expect("the local Slack starts"));
        let slack = Slack { address: sandbox.addr() };
        Self::new(config, slack, Way::Run { slack: sandbox, bot, app })
    }

    /// `warridor demo`, ready.
    pub fn demo(company: &Company) -> Self {
        let mut pager = Self::new(company.config(), Slack { address: http::free_address() }, Way::Demo);
        pager.start();
        pager
    }

    fn new(config: String, slack: Slack, way: Way) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(dir.path().join("config.toml"), config).expect("the configuration is written");
        let data_dir = dir.path().join("data");
        let listen = http::free_address();
        Self { slack, listen, data_dir, dir, way, wrap: Vec::new(), env: Vec::new(), child: None }
    }

    /// Puts a program and its arguments in front of the binary.
    pub fn wrap(&mut self, words: Vec<String>) {
        self.wrap = words;
    }

    pub fn env(&mut self, name: &str, value: &str) {
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// Keeps the data elsewhere.
    pub fn keep_data_in(&mut self, dir: &Path) {
        self.data_dir = dir.to_owned();
    }

    /// A directory of this test, beside the data.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the pager was started").id()
    }

    /// The command that starts this pager.
    fn command(&self) -> Command {
        self.command_at(self.listen)
    }

    /// The same with another address for monitors.
    pub fn command_at(&self, listen: SocketAddr) -> Command {
        let mut words = self.wrap.iter();
        let mut command = match words.next() {
            Some(first) => {
                let mut command = Command::new(first);
                command.args(words).arg(BINARY);
                command
            }
            None => Command::new(BINARY),
        };
        command.env("NO_COLOR", "1").envs(self.env.iter().map(|(n, v)| (n, v))).envs(company::KEYS);
        match &self.way {
            Way::Run { slack, bot, app } => {
                command.arg("run");
                command.env("SLACK_API_URL", slack.api_url());
                command.env("SLACK_BOT_TOKEN", bot).env("SLACK_APP_TOKEN", app);
            }
            Way::Demo => {
                command.arg("demo").arg("--no-samples").arg("--sandbox").arg(self.slack.address.to_string());
            }
        }
        command.arg("--config").arg(self.dir.path().join("config.toml"));
        command.arg("--data-dir").arg(&self.data_dir).arg("--listen").arg(listen.to_string());
        command
    }

    /// Starts the process and does not wait for it.
    pub fn launch(&mut self) {
        let log = |name| -> File {
            OpenOptions::new().create(true).append(true).open(self.dir.path().join(name)).expect("a log")
        };
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(log("stdout")).stderr(log("stderr"));
        self.child = Some(command.spawn().expect("the pager starts"));
    }

    /// Starts the process, again if need be, and waits until it takes alerts.
    #[track_caller]
    pub fn start(&mut self) {
        self.launch();
        eventually_true("the pager is ready", START_SECS, || {
            let over = self.child.as_mut().and_then(|c| c.try_wait().ok().flatten());
            assert!(over.is_none(), "the pager ended while it was starting: {over:?}\n{}", self.log());
            http::get(self.listen, "/readyz", ANSWER).is_ok_and(|a| a.status == 200)
        });
    }

    /// Waits until `n` sockets are open, so that clicks are heard.
    #[track_caller]
    pub fn has_sockets(&self, n: u64) {
        self.has_sockets_within(SOON, n);
    }

    #[track_caller]
    pub fn has_sockets_within(&self, secs: u64, n: u64) {
        eventually_true(format!("{n} open sockets"), secs, || self.readiness()["slack"]["sockets"] == n);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the pager was started");
        child.kill().expect("kill -9");
        child.wait().expect("the pager is gone");
    }

    /// `kill -9`, and a start on the same data.
    #[track_caller]
    pub fn kill_and_start(&mut self) {
        self.kill();
        self.start();
    }

    pub fn signal(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.pid()).expect("a process id");
        // SAFETY: a system call about our own child, which was not waited for, so the id is still its.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "kill({pid}, {signal})");
    }

    /// SIGTERM; how it ended. Panics when it is still there after `secs`.
    #[track_caller]
    pub fn stop(&mut self, secs: u64) -> ExitStatus {
        self.signal(libc::SIGTERM);
        self.ends(secs)
    }

    /// Waits for the process to end.
    #[track_caller]
    pub fn ends(&mut self, secs: u64) -> ExitStatus {
        let status = eventually("the pager ends", secs, || self.child.as_mut()?.try_wait().ok().flatten());
        self.child = None;
        status
    }

    /// Is the process still there?
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|c| matches!(c.try_wait(), Ok(None)))
    }

    /// # Errors
    /// When nobody answers.
    pub fn try_send(&self, path: &str, body: &Value) -> std::io::Result<Answer> {
        http::post(self.listen, path, body.to_string().as_bytes(), ANSWER)
    }

    #[track_caller]
    pub fn send(&self, path: &str, body: &Value) -> Answer {
        self.try_send(path, body).expect("the pager answers")
    }

    /// An alert of the payments service, by the generic integration; the incident it belongs to.
    #[track_caller]
    pub fn alert(&self, key: &str) -> u64 {
        self.alert_by(PAYMENTS_KEY, key)
    }

    /// An alert by some service's key.
    #[track_caller]
    pub fn alert_by(&self, service_key: &str, key: &str) -> u64 {
        let body = json!({"action": "trigger", "dedup_key": key, "title": format!("Alert {key}")});
        let answer = self.send(&format!("/integrations/generic/{service_key}"), &body);
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.json()["incident"].as_u64().expect("an incident")
    }

    /// The monitor says that it is over.
    #[track_caller]
    pub fn clear(&self, key: &str) {
        let body = json!({"action": "resolve", "dedup_key": key});
        let answer = self.send(&format!("/integrations/generic/{PAYMENTS_KEY}"), &body);
        assert_eq!(answer.status, 202, "{}", answer.text);
    }

    /// The body of `/readyz`.
    #[track_caller]
    pub fn readiness(&self) -> Value {
        http::get(self.listen, "/readyz", ANSWER).expect("/readyz answers").json()
    }

    pub fn readyz(&self) -> Answer {
        http::get(self.listen, "/readyz", ANSWER).expect("/readyz answers")
    }

    pub fn facts(&self) -> Vec<Value> {
        journal::facts(&self.data_dir)
    }

    pub fn facts_of(&self, kind: &str) -> Vec<Value> {
        self.facts().into_iter().filter(|f| journal::is(f, kind)).collect()
    }

    /// Waits until every page and every card that was asked for has its fate in the journal.
    #[track_caller]
    pub fn settles(&self, secs: u64) {
        let mut left = Vec::new();
        let until = std::time::Instant::now() + Duration::from_secs(secs);
        while std::time::Instant::now() < until {
            left = journal::unsettled(&self.facts());
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("not settled within {secs} s: {left:?}");
    }

    /// Everything the process said so far, all starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("stderr")).unwrap_or_default()
    }
}

impl Drop for Pager {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the pager's log");
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            for line in lines.iter().skip(lines.len().saturating_sub(80)) {
                eprintln!("{line}");
            }
            if let Ok(answer) = http::get(self.listen, "/readyz", Duration::from_secs(2)) {
                eprintln!("--- /readyz {} {}", answer.status, answer.text);
            }
            self.slack.print();
        }
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
