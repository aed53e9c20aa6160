//! `manifest`: the Slack app, to be pasted at api.slack.com/apps.

use super::{Common, with_config};
use crate::config::{SystemEnv, manifest};
use std::process::ExitCode;

pub(super) fn manifest(common: &Common) -> ExitCode {
    with_config(common, &SystemEnv, |loaded| {
        println!("{:#}", manifest::build(&loaded.app));
        ExitCode::SUCCESS
    })
}
