//! `check`: what is wrong with the configuration, line by line; with `--online`, also what Slack has to say.

use super::{Common, secrets};
use crate::clock::Clock;
use crate::config::{self, CheckReport, Complaint, Env, Loaded, SystemEnv};
use crate::online::{self, Access, Level};
use clap::Args;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Ask Slack too: tokens, scopes, channels, people. The bot joins the public channels it is to speak in.
    #[arg(long)]
    online: bool,
}

pub(super) fn check(options: &Options, common: &Common) -> ExitCode {
    let now = Clock::system(0).now();
    let (loaded, mut report) = config::inspect(&common.config, &SystemEnv, common.data_dir.as_deref());
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
        Some(loaded) if options.online => online(&loaded, now),
        Some(_) => {
            println!("{}: fine", common.config.display());
            ExitCode::SUCCESS
        }
        None => {
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

fn online(loaded: &Loaded, now: crate::domain::stamp::At) -> ExitCode {
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
            println!("{}: fine, and Slack agrees", loaded.places.file());
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("Slack cannot be asked from this machine: {e:#}");
            ExitCode::from(2)
        }
    }
}
