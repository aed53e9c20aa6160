//! Commands and options. Exit codes: 0 fine, 1 the thing checked is wrong, 2 usage or configuration.

mod check;
mod demo;
mod manifest;
mod setup;
mod simulate;
mod store;

use crate::app::{App, Start};
use crate::clock::Clock;
use crate::config::{self, Complaint, Env, Loaded, SystemEnv};
use crate::health::Health;
use crate::ingest;
use crate::reload::Watch;
use anyhow::Context;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

/// Slack's Web API.
const SLACK_API_URL: &str = "https://slack.com/api/";

/// The configuration, unless another one is named.
const CONFIG: &str = "config.toml";

/// A Slack-first pager: takes alerts from every monitor, pages the right human until somebody answers.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// The configuration.
    #[arg(long, global = true, default_value = CONFIG, value_name = "FILE")]
    config: PathBuf,
    /// Where everything that must survive a restart is kept [default: `data_dir` of the configuration; the demo keeps its own, with `-demo` at the end].
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where monitors send to [default: `listen` of the configuration].
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Page for real: SLACK_BOT_TOKEN and SLACK_APP_TOKEN must be set.
    Run,
    /// Try it: a local Slack in your browser, this configuration, a sample alert.
    Demo(demo::Options),
    /// Say what is wrong with the configuration, line by line.
    Check(check::Options),
    /// Walk through a real workspace: the app, its tokens, channels and people.
    Setup,
    /// Say what an event would lead to, and who would be paged when. Sends and writes nothing.
    Simulate(simulate::Options),
    /// Print the Slack app manifest.
    Manifest,
    /// Read a stopped data directory from end to end and say all that is wrong with it.
    Verify,
    /// Copy a stopped data directory into DIR, which must be missing or empty.
    Backup { dir: PathBuf },
    /// Make a data directory of a backup. It takes alerts and sends nothing until `restore --confirm`.
    Restore(store::Restore),
    /// Print what a stopped data directory holds.
    Export(store::Export),
}

/// What was typed; where it cannot be used, says so and exits.
pub fn typed() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| hinted(error).exit())
}

/// A configuration is what people put behind any command; only `check` takes it there.
fn hinted(mut error: clap::Error) -> clap::Error {
    let file = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(typed)) if typed.ends_with(".toml") && !typed.starts_with('-') => typed.clone(),
        _ => return error,
    };
    if error.kind() == ErrorKind::UnknownArgument {
        let hint = format!("a configuration is named by '--config {file}'");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}

/// Runs a command.
pub fn run(cli: Cli) -> ExitCode {
    let Cli { command, common } = cli;
    match command {
        Command::Check(options) => check::check(&options, &common),
        Command::Setup => setup::setup(&common),
        Command::Simulate(options) => simulate::simulate(&options, &common),
        Command::Manifest => manifest::manifest(&common),
        Command::Run => with_config(&common, &SystemEnv, |loaded| {
            let Some(secrets) = secrets() else { return ExitCode::from(2) };
            let data_dir = common.data_dir.clone().unwrap_or_else(|| loaded.app.data_dir.clone());
            serve(run_for_real(loaded, &common, secrets, &data_dir))
        }),
        Command::Demo(options) => demo::demo(&options, &common),
        Command::Verify => with_data_dir(&common, store::verify),
        Command::Backup { dir } => with_data_dir(&common, |data_dir| store::backup(data_dir, &dir)),
        Command::Restore(options) => with_data_dir(&common, |data_dir| store::restore(data_dir, &options)),
        Command::Export(options) => with_data_dir(&common, |data_dir| store::export(data_dir, &options)),
    }
}

fn with_config(common: &Common, env: &dyn Env, then: impl FnOnce(Loaded) -> ExitCode) -> ExitCode {
    match config::load_without_bad_playbooks(&common.config, env) {
        Ok(loaded) => then(loaded),
        Err(complaints) => {
            complaints.iter().for_each(|c: &Complaint| eprintln!("{c}"));
            ExitCode::from(2)
        }
    }
}

/// The data directory; with --data-dir no configuration is read, so that a broken one is not in the way.
fn with_data_dir(common: &Common, then: impl FnOnce(&Path) -> ExitCode) -> ExitCode {
    match &common.data_dir {
        Some(dir) => then(dir),
        None => with_config(common, &SystemEnv, |loaded| then(&loaded.app.data_dir)),
    }
}

struct Secrets {
    bot_token: SecretString,
    app_token: SecretString,
    api: Url,
}

fn secrets() -> Option<Secrets> {
    let var = |name: &str, what: &str| {
        let value = std::env::var(name).ok().filter(|v| !v.trim().is_empty());
        if value.is_none() {
            eprintln!("{name} is not set: put {what} there, from your app's page at api.slack.com/apps");
        }
        value.map(|v| SecretString::from(v.trim().to_owned()))
    };
    let bot_token = var("SLACK_BOT_TOKEN", "the bot token (xoxb-…)");
    let app_token = var("SLACK_APP_TOKEN", "the app-level token (xapp-…, scope connections:write)");
    let api = slack_api();
    Some(Secrets { bot_token: bot_token?, app_token: app_token?, api: api? })
}

/// Where Slack is. `None`: it was told that SLACK_API_URL is no URL.
fn slack_api() -> Option<Url> {
    let api = std::env::var("SLACK_API_URL").unwrap_or_else(|_| SLACK_API_URL.to_owned());
    Url::parse(&api).map_err(|e| eprintln!("SLACK_API_URL is {api:?}, which is no URL ({e})")).ok()
}

async fn run_for_real(loaded: Loaded, common: &Common, secrets: Secrets, data_dir: &Path) -> anyhow::Result<()> {
    warn(&loaded);
    let listen = common.listen.unwrap_or(loaded.app.listen);
    let start = Start {
        loaded,
        listen,
        clock: Clock::system(0),
        slack_api: secrets.api,
        bot_token: secrets.bot_token,
        app_token: secrets.app_token,
        metrics: Some(metrics()?),
        watch: Watch { path: common.config.clone(), env: Arc::new(SystemEnv) },
    };
    let app = App::start(start, data_dir).await?;
    if app.health().paused {
        tracing::warn!(
            data_dir = %data_dir.display(),
            "PAUSED: this data was restored from a backup. Alerts are taken, and nothing is sent to anybody. When no other \
             copy runs, stop this one, run `warridor restore --confirm`, and start it again"
        );
    }
    tracing::info!(listen = %app.addr(), data_dir = %data_dir.display(), "warridor runs");
    until_told_to_stop().await?;
    app.stop().await;
    Ok(())
}

/// What the configuration can be lived with, but should not be.
fn warn(loaded: &Loaded) {
    for warning in loaded.warnings.iter().chain(&config::outlook(loaded, Clock::system(0).now())) {
        tracing::warn!("{warning}");
    }
}

fn metrics() -> anyhow::Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), ingest::DURATION_BUCKETS)?
        .install_recorder()
        .context("the metrics recorder could not be installed")?;
    ingest::describe();
    Health::describe();
    Ok(handle)
}

/// Runs a server to its end, with logs. `RUST_LOG` chooses what is logged.
fn serve(work: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,sled=warn"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .try_init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("no runtime: {e}");
            return ExitCode::from(1);
        }
    };
    let done = runtime.block_on(work);
    // What still runs has had its time.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("warridor cannot start: {e:#}");
            ExitCode::from(2)
        }
    }
}

async fn until_told_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        done = tokio::signal::ctrl_c() => done?,
    }
    tracing::info!("stopping");
    Ok(())
}
