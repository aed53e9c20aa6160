//! `check`: what is wrong with the configuration, line by line; with `--online`, also what Slack has to say.

use super::{Common, secrets};
use crate::clock::Clock;
use crate::config::{self, CheckReport, Complaint, Env, Loaded, SystemEnv};
use crate::online::{self, Access, Level};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The configuration, instead of `--config`.
    #[arg(value_name = "FILE", conflicts_with = "config")]
    file: Option<PathBuf>,
    /// Ask Slack too: tokens, scopes, channels, people. The bot joins the public channels it is to speak in.
    #[arg(long)]
    online: bool,
}

pub(super) fn check(options: &Options, common: &Common) -> ExitCode {
    let now = Clock::system(0).now();
    // Before the command's name, clap does not see that the two exclude each other.
    if let Some(file) = options.file.as_ref().filter(|_| common.config != Path::new(super::CONFIG)) {
        eprintln!("Two configurations are named, {} and {}: name one", common.config.display(), file.display());
        return ExitCode::from(2);
    }
    let path = options.file.as_deref().unwrap_or(&common.config);
    let (loaded, mut report) = config::inspect(path, &SystemEnv, common.data_dir.as_deref());
    if let Some(loaded) = &loaded {
        report.warnings.extend(config::outlook(loaded, now));
    }
    if let Some(dir) = &common.data_dir
        && let Err(error) = SystemEnv.can_keep(dir)
    {
        println!("--data-dir {} cannot be written: {error}; name a directory this user may write", dir.display());
        return ExitCode::from(1);
    }
    print(&report);
    let fine = report.complaints.is_empty();
    match loaded.filter(|_| fine) {
        Some(loaded) if options.online => online(&loaded, &but(&report), now),
        Some(_) => {
            println!("{}: fine{}", path.display(), but(&report));
            ExitCode::SUCCESS
        }
        None => {
            let mistakes = match report.complaints.len() {
                1 => "1 mistake".to_owned(),
                n => format!("{n} mistakes"),
            };
            println!("{}: not usable: mend the {mistakes} at the top", path.display());
            if options.online {
                println!("Slack was not asked: mend these first, then run `warridor check --online` again");
            }
            ExitCode::from(1)
        }
    }
}

fn print(report: &CheckReport) {
    let told = |notes: &[Complaint], kind: &str| notes.iter().for_each(|note| println!("{note}{kind}"));
    told(&report.complaints, "");
    told(&report.warnings, " (warning)");
    told(&report.notes, " (note)");
}

/// What "fine" leaves open.
fn but(report: &CheckReport) -> String {
    match report.warnings.len() {
        0 => String::new(),
        1 => ", but for the warning above".to_owned(),
        n => format!(", but for the {n} warnings above"),
    }
}

fn online(loaded: &Loaded, but: &str, now: crate::domain::stamp::At) -> ExitCode {
    let Some(secrets) = secrets() else { return ExitCode::from(2) };
    let access = Access { api: secrets.api, bot_token: secrets.bot_token, app_token: secrets.app_token };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("no runtime: {e}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(online::check(loaded, &access, now)) {
        Ok(findings) => {
            findings.iter().for_each(|finding| println!("{finding}"));
            if findings.iter().any(|finding| finding.level == Level::Wrong) {
                return ExitCode::from(1);
            }
            println!("{}: fine{but}{}Slack agrees", loaded.places.file(), if but.is_empty() { ", and " } else { "; " });
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("Slack cannot be asked from this machine: {e:#}");
            ExitCode::from(2)
        }
    }
}
