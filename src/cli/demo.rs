//! `demo`: a local Slack, keys made once, and then exactly what `run` starts.

mod guide;

use super::{Common, metrics, serve, until_told_to_stop, warn, with_config};
use crate::app::{App, Start};
use crate::clock::Clock;
use crate::config::{AppConfig, KeyFrom, Loaded, SystemEnv, WithVars, load_without_bad_playbooks, manifest};
use crate::domain::directory::Directory;
use crate::record::hex;
use crate::reload::Watch;
use crate::sandbox::Service;
use crate::sandbox::telephone::Account;
use crate::sandbox::workspace::{Channel, SlashCommand, User, Workspace};
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::store::disk::{Disk, RealDisk};
use crate::store::layout::Layout;
use anyhow::{Context, bail};
use clap::Args;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The keys the demo made, one `NAME=key` a line.
const KEYS_FILE: &str = "demo-keys";
/// What the printed command breaks.
const CURL_KEY: &str = "disk-db-1";
/// How long a connection to the demo's Slack lives, in seconds of its clock: ten years. Slack's own five hours are hours
/// of a real network; moving the clock by a day must leave nobody unheard until everything is connected anew.
const CONNECTION_SECS: i64 = 10 * 365 * 24 * 60 * 60;
/// How long the sample waits for the pager to be ready.
const READY_TRIES: u32 = 200;
const READY_EVERY: Duration = Duration::from_millis(50);

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the local Slack listens.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    sandbox: SocketAddr,
    /// No sample alert.
    #[arg(long)]
    no_samples: bool,
}

pub(super) fn demo(options: &Options, common: &Common) -> ExitCode {
    // Which variables the configuration names is known only after reading it once.
    with_config(common, &SystemEnv, |first| {
        let data_dir = common.data_dir.clone().unwrap_or_else(|| beside(&first.app.data_dir));
        let tokens = first.directory.twilio.map(|twilio| twilio.token_envs).unwrap_or_default();
        let vars = match keys(&data_dir, &first.app, &tokens) {
            Ok(vars) => vars,
            Err(e) => {
                eprintln!("the demo's keys cannot be kept: {e:#}");
                return ExitCode::from(2);
            }
        };
        let env = WithVars { under: &SystemEnv, vars: vars.clone() };
        with_config(common, &env, |loaded| serve(async move { play(loaded, options, common, &vars, &data_dir).await }))
    })
}

/// A demo never writes into the data of a real installation.
fn beside(data_dir: &Path) -> PathBuf {
    let mut name = data_dir.as_os_str().to_owned();
    name.push("-demo");
    name.into()
}

/// The sandbox rewrites its log when it starts, and the store's lock is only asked for after that: whoever uses this
/// directory must not find its Slack's log replaced.
fn not_in_use(data_dir: &Path) -> anyhow::Result<()> {
    let lock = Layout::new(data_dir).lock();
    if RealDisk.lock(&lock).with_context(|| format!("cannot lock {}", lock.display()))?.is_none() {
        bail!(
            "the data directory {} is in use by another process. Stop the other, or give this one a directory of its \
             own with --data-dir",
            data_dir.display()
        );
    }
    Ok(())
}

async fn play(
    loaded: Loaded,
    options: &Options,
    common: &Common,
    keys: &BTreeMap<String, String>,
    data_dir: &Path,
) -> anyhow::Result<()> {
    warn(&loaded);
    not_in_use(data_dir)?;
    let listen = common.listen.unwrap_or(loaded.app.listen);
    let clock = Clock::system(0);
    let workspace = workspace(&loaded.app, &loaded.directory);
    let services = services(&loaded, keys);
    let (bot_token, app_token) = (workspace.bot_token.clone(), workspace.app_token.clone());
    let sandbox = Sandbox::start(SandboxConfig {
        listen: options.sandbox,
        clock: clock.clone(),
        dir: Some(data_dir.join("sandbox")),
        workspace,
    })?;
    sandbox.set_services(services.clone());
    sandbox.set_http(format!("http://{listen}"));
    // Where texts and calls go is known only now.
    let vars: BTreeMap<String, String> = keys
        .iter()
        .map(|(n, k)| (n.clone(), k.clone()))
        .chain([("TWILIO_API_URL".to_owned(), sandbox.twilio_url())])
        .collect();
    let env = WithVars { under: &SystemEnv, vars };
    let loaded = load_without_bad_playbooks(&common.config, &env).unwrap_or(loaded);
    let public_url = loaded.directory.public_url.clone();
    if let Some(twilio) = &loaded.directory.twilio {
        let token = twilio.token_envs.first().and_then(|name| keys.get(name)).cloned().unwrap_or_default();
        let sms_url = public_url.as_ref().map(|url| format!("{url}/twilio/sms")).unwrap_or_default();
        let (sid, number) = (twilio.account.to_string(), twilio.from.to_string());
        sandbox.telephone().set_account(Account { sid, token, number, can_text: true, sms_url });
    }
    let start = Start {
        loaded,
        listen,
        clock,
        slack_api: sandbox.api_url().parse()?,
        bot_token: SecretString::from(bot_token),
        app_token: SecretString::from(app_token),
        metrics: Some(metrics()?),
        watch: Watch { path: common.config.clone(), env: Arc::new(env) },
    };
    let app = App::start(start, data_dir).await?;
    let http = format!("http://{}", app.addr());
    sandbox.set_http(http.clone());
    if let Some(public) = &public_url {
        sandbox.telephone().set_proxy(public, &http);
    }
    let health = app.health();
    let first = services.first().map(|s| s.name.as_str());
    sandbox.set_guide(guide::guide(health.board.clone(), health.outbox.clone(), health.clock.clone(), first));
    println!("\n  Your Slack:  {}\n", link(sandbox.addr()));
    if let Some(first) = services.first() {
        println!("  Break something:\n\n  {}\n", curl(&http, &first.key));
        if !options.no_samples {
            tokio::spawn(sample(http.clone(), first.key.clone()));
        }
    }
    until_told_to_stop().await?;
    app.stop().await;
    sandbox.shutdown();
    Ok(())
}

/// Where the page is. What listens on every address has no one link.
fn link(addr: SocketAddr) -> String {
    match addr.ip().is_unspecified() {
        false => format!("http://{addr}/"),
        true => format!(
            "http://127.0.0.1:{port}/\n  On a phone:  http://ADDRESS-OF-THIS-MACHINE:{port}/   Whoever is in this network can \
             use it too.",
            port = addr.port()
        ),
    }
}

fn curl(http: &str, key: &str) -> String {
    format!(
        "curl -X POST {http}/integrations/generic/{key} -H 'Content-Type: application/json' \
         -d '{{\"action\":\"trigger\",\"dedup_key\":\"{CURL_KEY}\",\"title\":\"Disk on db-1 is 97 % full\"}}'"
    )
}

/// One alert, by the same way as everybody's.
async fn sample(http: String, key: String) {
    let client = reqwest::Client::new();
    let url = format!("{http}/integrations/generic/{key}");
    let body = json!({
        "action": "trigger", "dedup_key": guide::SAMPLE_KEY,
        "title": "Payment errors at 8 %: more than 2 % for 5 minutes",
        "labels": { "alertname": "PaymentErrors", "severity": "critical", "region": "eu-west-1" },
    });
    for _ in 0..READY_TRIES {
        let sent = client.post(&url).json(&body).timeout(Duration::from_secs(5)).send().await;
        if sent.is_ok_and(|r| r.status().is_success()) {
            return;
        }
        tokio::time::sleep(READY_EVERY).await;
    }
    tracing::warn!("the sample alert was not accepted");
}

/// The keys of variables that are not set: made once, kept beside the data, readable by the owner only.
fn keys(data_dir: &Path, app: &AppConfig, tokens: &[String]) -> anyhow::Result<BTreeMap<String, String>> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot make {}", data_dir.display()))?;
    let path = data_dir.join(KEYS_FILE);
    let kept = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    };
    let mut vars: BTreeMap<String, String> = kept
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, key)| (name.to_owned(), key.to_owned()))
        .collect();
    // Its own account at its own double of Twilio, whatever account there is.
    for name in tokens {
        vars.entry(name.clone()).or_insert_with(|| hex(&rand::random::<[u8; 16]>()));
    }
    let names = app.keys.iter().chain(&app.heartbeat_keys).filter_map(|k| match &k.from {
        KeyFrom::Env(name) => Some(name.clone()),
        KeyFrom::File(_) | KeyFrom::Sha256(_) => None,
    });
    for name in names {
        let key = std::env::var(&name).ok().filter(|k| !k.is_empty());
        let made = || hex(&rand::random::<[u8; 16]>());
        let key = key.or_else(|| vars.get(&name).cloned()).unwrap_or_else(made);
        vars.insert(name, key);
    }
    let lines: String = vars.iter().map(|(name, key)| format!("{name}={key}\n")).collect();
    if lines != kept {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(lines.as_bytes())?;
    }
    Ok(vars)
}

fn services(loaded: &Loaded, keys: &BTreeMap<String, String>) -> Vec<Service> {
    let name_of = |id| loaded.app.channels.iter().find(|c| c.id == id).map(|c| c.name.clone());
    let service = |id| {
        let service = loaded.directory.services.get(id)?;
        let key = loaded.app.keys.iter().find_map(|k| match &k.from {
            KeyFrom::Env(name) if k.service == *id => keys.get(name).cloned(),
            KeyFrom::Env(_) | KeyFrom::File(_) | KeyFrom::Sha256(_) => None,
        })?;
        let channel = name_of(service.channel.clone())?;
        Some(Service { name: service.id.to_string(), key, channel })
    };
    loaded.app.services.iter().filter_map(service).collect()
}

/// The configured company, as a Slack workspace. Whoever is known by e-mail only gets an id from the sandbox, which the
/// pager has to look up as it does in a real workspace. Whoever has neither could not be found there either.
fn workspace(app: &AppConfig, directory: &Directory) -> Workspace {
    let known = |u: &&crate::domain::directory::User| u.slack.is_some() || u.email.is_some();
    let users = app.users.iter().filter_map(|id| directory.users.get(id)).filter(known);
    let users = users.map(|u| User {
        id: u.slack.as_ref().map(ToString::to_string).unwrap_or_default(),
        name: u.id.to_string(),
        real_name: u.name.clone(),
        email: u.email.clone(),
        tz: u.tz.to_string(),
        is_admin: u.admin,
        phone: u.phone.as_ref().map(ToString::to_string),
        ..User::default()
    });
    let users: Vec<User> = users.collect();
    let members: Vec<String> = users.iter().map(|u| u.name.clone()).collect();
    let channel = |c: &crate::config::Channel| Channel {
        id: c.id.to_string(),
        name: c.name.clone(),
        is_private: c.private,
        members: members.clone(),
        bot_is_member: true,
        ..Channel::default()
    };
    Workspace {
        team_name: app.workspace.clone(),
        channels: app.channels.iter().map(channel).collect(),
        users,
        connection_secs: CONNECTION_SECS,
        ..installed(&manifest::build(app))
    }
}

/// The app as a workspace's admin would install it: what its manifest asks for, and nothing else.
fn installed(manifest: &Value) -> Workspace {
    let list = |at: &str| manifest.pointer(at).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let words = |at: &str| list(at).iter().map(word).collect::<Vec<_>>();
    // The page offers shortcuts on messages only.
    let shortcuts: Vec<&Value> = list("/features/shortcuts").iter().filter(|s| s["type"] == "message").collect();
    Workspace {
        commands: list("/features/slash_commands")
            .iter()
            .map(|c| SlashCommand {
                command: word(&c["command"]),
                description: word(&c["description"]),
                usage_hint: word(&c["usage_hint"]),
                should_escape: c["should_escape"] == true,
            })
            .collect(),
        shortcuts: shortcuts.iter().map(|s| word(&s["callback_id"])).collect(),
        shortcut_names: shortcuts.iter().map(|s| (word(&s["callback_id"]), word(&s["name"]))).collect(),
        events: words("/settings/event_subscriptions/bot_events"),
        scopes: words("/oauth_config/scopes/bot"),
        ..Workspace::default()
    }
}
