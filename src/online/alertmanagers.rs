//! The Alertmanagers that are told of silences.

use super::{Finding, Level};
use crate::alertmanager::{Api, client};
use crate::config::Loaded;
use std::collections::BTreeSet;

/// Does each of them answer?
///
/// # Errors
/// This machine cannot make a connection at all.
pub async fn check(loaded: &Loaded) -> anyhow::Result<Vec<Finding>> {
    let (mut findings, mut asked) = (Vec::new(), BTreeSet::new());
    for (service, alertmanager) in &loaded.directory.alertmanagers {
        if !asked.insert((&alertmanager.url, &alertmanager.token_env)) {
            continue;
        }
        if let Err(why) = Api::new(client()?, alertmanager).version().await {
            let found = format!("api_url = \"{}\"", alertmanager.url);
            let wrong = format!("is of no Alertmanager that takes silences: {why}");
            let mend = "write the address under which its page opens, or set the token in api_token_env";
            let thing = format!("service.{service}");
            findings.push(Finding::of(Level::Wrong, &loaded.places.complaint(&thing, "api_url", &found, &wrong, mend)));
        }
    }
    Ok(findings)
}
