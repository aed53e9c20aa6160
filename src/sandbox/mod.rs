//! The sandbox: a local Slack, as strict as the real one, for `warridor demo` and the tests.
//!
//! ```text
//! state ── the machine: call(request, now), click, submit, slash…, poll(now), next_wake()     PURE: no I/O, no clock
//!   methods scopes rate faults        what may be called, how often, and what goes wrong
//!   messages content chat scheduled history triggers       messages and how they come to be
//!   directory users conversations usergroups extras reactions   everybody and every place; files, pins, reactions
//!   views forms interactions commands events suggestions   what people do
//!   phone reading guide                what is pushed, what is unread, what is left to try
//!   telephone                          a double of Twilio: texts and calls
//!   envelopes answers sockets                              how the app hears of it, and what it answers
//!   limits                             Block Kit's limits
//!   persist                            what survives a restart, as values
//! files ── the log on disk             shared ── one lock, one log, who waits for what
//! http  ── listener with faults        web_api socket_mode scripts browser ── thin shells on one port
//! trouble ── real alerts, sent to the pager's own intake
//! running ── the demo's clock, in small steps
//! ```
//!
//! Nothing in here knows our own bot: a rule stands here because Slack has it.

pub mod answer;
mod answers;
mod args;
mod chat;
mod commands;
mod content;
mod conversations;
pub mod directory;
mod envelopes;
mod events;
mod extras;
pub mod faults;
mod files;
mod forms;
pub mod guide;
mod history;
pub mod interactions;
pub mod limits;
pub mod messages;
mod methods;
pub mod persist;
pub mod phone;
mod rate;
mod reactions;
mod reading;
mod running;
mod scheduled;
pub mod sockets;
pub mod state;
mod suggestions;
pub mod telephone;
mod triggers;
pub mod trouble;
mod usergroups;
mod users;
mod views;
pub mod workspace;

pub mod browser;
mod http;
mod scripts;
mod shared;
mod socket_mode;
mod web_api;

pub use guide::Guide;
pub use scripts::Service;
pub use shared::Shared;
pub use state::Slack;
pub use workspace::Workspace;

use crate::clock::Clock;
use crate::domain::stamp::At;
use anyhow::Context;
use persist::Change;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a sandbox is started with.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// Moved forward to where an earlier run on the same directory had moved it.
    pub clock: Clock,
    /// Where this Slack is kept, usually `DATA_DIR/sandbox`; `None` keeps nothing.
    pub dir: Option<PathBuf>,
    pub workspace: Workspace,
}

/// A running sandbox. Dropping it stops it.
#[derive(Debug)]
pub struct Sandbox {
    addr: SocketAddr,
    /// `addr`, as this machine reaches it: nothing connects to "every address".
    reached: SocketAddr,
    shared: Arc<Shared>,
    controls: http::Controls,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Sandbox {
    /// Opens the log, moves the clock, listens. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound, or the directory cannot be read or written.
    pub fn start(config: SandboxConfig) -> anyhow::Result<Self> {
        let SandboxConfig { listen, clock, dir, workspace } = config;
        let mut slack = Slack::new(workspace);
        let mut log = None;
        if let Some(dir) = &dir {
            let (opened, changes) = files::Log::open(dir)?;
            let ahead_ms =
                changes.iter().rev().find_map(|c| if let Change::Offset { ms } = c { Some(*ms) } else { None });
            let behind_ms = ahead_ms.unwrap_or(0) - clock.offset_ms();
            clock.advance(Duration::from_millis(u64::try_from(behind_ms).unwrap_or(0)));
            slack.restore(changes);
            log = Some(opened);
        }
        let listener = std::net::TcpListener::bind(listen)
            .with_context(|| format!("the sandbox cannot listen on {listen}: is another one running?"))?;
        let addr = listener.local_addr()?;
        let reached = if addr.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], addr.port())) } else { addr };
        slack.set_base_url(&format!("http://{reached}"));
        let shared = Arc::new(Shared::new(slack, log, clock));
        let controls = http::Controls::default();
        let listener = http::Listener::new(listener, controls.clone())?;
        let app = web_api::routes()
            .merge(socket_mode::routes())
            .merge(scripts::routes())
            .merge(browser::routes())
            .merge(telephone::http::routes())
            .with_state(shared.clone())
            .into_make_service_with_connect_info::<http::Conn>();
        let serving = tokio::spawn(async move {
            if let Err(e) = axum::serve(listener, app).await {
                tracing::error!("the sandbox stopped listening: {e}");
            }
        });
        let timer = tokio::spawn(shared.clone().run_timer());
        let ringing = tokio::spawn(telephone::http::run(shared.clone()));
        Ok(Self { addr, reached, shared, controls, tasks: vec![serving, timer, ringing] })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What `SLACK_API_URL` must be to talk to it: `http://ADDR/api/`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/", self.reached)
    }

    /// The telephones of the people here, and the double of Twilio that rings them.
    pub fn telephone(&self) -> &telephone::http::Telephone {
        &self.shared.telephone
    }

    /// Where Twilio's API is, for `api_url`.
    pub fn twilio_url(&self) -> String {
        format!("http://{}", self.reached)
    }

    /// The base URL of the pager's own HTTP intake, for `/sandbox/info`.
    pub fn set_http(&self, url: impl Into<String>) {
        self.shared.set_http(url.into());
    }

    /// The services of `/sandbox/info`, with their integration keys and channels (no `#`).
    pub fn set_services(&self, services: Vec<Service>) {
        self.shared.set_services(services);
    }

    /// What the page tells the person in front of it. Said once; later ones are ignored.
    pub fn set_guide(&self, guide: Guide) {
        self.shared.set_guide(guide);
    }

    /// The Slack itself, shared with the server: `sandbox.slack().act(|slack, now| …)`.
    pub fn slack(&self) -> Arc<Shared> {
        self.shared.clone()
    }

    /// Moves the demo's clock forward, and keeps that it was.
    pub fn advance(&self, by: Duration) -> At {
        self.shared.advance(by)
    }

    /// Stops listening and resets every connection.
    pub fn shutdown(self) {}
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.controls.reset_all();
    }
}
