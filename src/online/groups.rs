//! The user groups that follow who is on call, as Slack has them.

use super::api::{Api, Failed};
use super::{Finding, Level};
use crate::config::Loaded;
use serde_json::{Value, json};

/// Every configured user group by its id: there, and not disabled.
pub async fn check(loaded: &Loaded, api: &Api) -> Vec<Finding> {
    let configured = loaded.directory.teams.values().filter_map(|t| Some((t, t.usergroup.as_ref()?)));
    let configured: Vec<_> = configured.collect();
    if configured.is_empty() {
        return Vec::new();
    }
    let groups = match api.call("usergroups.list", &json!({ "include_disabled": true })).await {
        Ok(answer) => answer["usergroups"].as_array().cloned().unwrap_or_default(),
        // The missing scope was told, once.
        Err(Failed::Refused(error)) if error == "missing_scope" => return Vec::new(),
        Err(failed) => return vec![Finding::wrong(format!("the user groups could not be looked at ({failed})"))],
    };
    let mut findings = Vec::new();
    for (team, id) in configured {
        let thing = format!("team.{}", team.id);
        let say = |wrong: &str, mend: &str| {
            let found = format!("usergroup = {id:?}");
            Finding::of(Level::Wrong, &loaded.places.complaint(&thing, "usergroup", &found, wrong, mend))
        };
        match groups.iter().find(|g| g["id"] == id.as_str()) {
            None => findings.push(say("is no user group of this workspace", &there_are(&groups))),
            Some(group) if group["date_delete"].as_i64().unwrap_or(0) != 0 => {
                findings.push(say("is disabled in Slack", "enable it there (People, User groups), or leave it out"));
            }
            Some(_) => {}
        }
    }
    findings
}

/// Groups named in one finding.
const NAMED: usize = 10;

fn there_are(groups: &[Value]) -> String {
    let known: Vec<String> = groups
        .iter()
        .filter_map(|g| Some(format!("{} (@{})", g["id"].as_str()?, g["handle"].as_str()?)))
        .take(NAMED)
        .collect();
    if known.is_empty() {
        "make one in Slack (People, User groups), and write its id".to_owned()
    } else {
        format!("write one of: {}", known.join(", "))
    }
}
