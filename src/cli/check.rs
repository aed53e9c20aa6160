//! `check`: what is wrong with the configuration, line by line.

use super::Common;
use crate::clock::Clock;
use crate::config::{self, Complaint, SystemEnv};
use std::process::ExitCode;

pub(super) fn check(common: &Common) -> ExitCode {
    let (loaded, mut report) = config::inspect(&common.config, &SystemEnv);
    if let Some(loaded) = &loaded {
        report.warnings.extend(config::outlook(loaded, Clock::system(0).now()));
    }
    let told = |notes: &[Complaint], kind: &str| notes.iter().for_each(|note| println!("{note}{kind}"));
    told(&report.complaints, "");
    told(&report.warnings, " (warning)");
    told(&report.notes, " (note)");
    if !report.complaints.is_empty() {
        return ExitCode::from(1);
    }
    println!("{}: fine", common.config.display());
    ExitCode::SUCCESS
}
