//! Why an alert is where it is.

use super::limits;
use super::mrkdwn::{escape, escape_marked};
use crate::domain::directory::Directory;
use crate::domain::id::ServiceId;
use crate::domain::incident::Incident;
use crate::domain::routing::RuleRef;

/// Joined alerts that are named on a card.
const NAMED: usize = 5;

/// `the rule “info is no alert”`; one without a name by where it stands.
pub fn rule(rule: &RuleRef) -> String {
    match &rule.name {
        Some(name) => format!("the rule “{}”", escape(name, limits::LABEL)),
        None => format!("rule {}", rule.number),
    }
}

/// The same, and where it is found again.
pub fn rule_of(r: &RuleRef) -> String {
    let number = if r.name.is_some() { format!(", number {},", r.number) } else { String::new() };
    format!("{}{number} of configuration {}", rule(r), r.config)
}

/// A rule sent it here.
pub fn routed(by: &RuleRef, told: Option<&ServiceId>, d: &Directory) -> String {
    let from = told.map(|id| d.services.get(id).map_or(id.as_str(), |s| s.name.as_str()));
    let from = from.map(|name| format!(" from {}", escape(name, limits::LABEL))).unwrap_or_default();
    format!("Sent here{from} by {}.", rule(by))
}

/// One more alert became part of it.
pub fn joined(title: &str, by: Option<&RuleRef>) -> String {
    let by = by.map(|by| format!(", sent here by {}", rule(by))).unwrap_or_default();
    format!("Joined by {}{by}.", title_of(title))
}

/// How many alerts joined it.
pub fn joined_count(i: &Incident) -> usize {
    i.alerts.iter().filter(|a| !a.title.is_empty()).count()
}

/// The alerts that joined it, the newest first; empty where none did.
pub fn joined_alerts(i: &Incident) -> String {
    let all: Vec<&str> = i.alerts.iter().rev().map(|a| &*a.title).filter(|t| !t.is_empty()).collect();
    if all.is_empty() {
        return String::new();
    }
    let more = all.len().saturating_sub(NAMED);
    let named: Vec<String> = all.into_iter().take(NAMED).map(title_of).collect();
    let more = if more > 0 { format!(" · and {more} more") } else { String::new() };
    format!("With {}{more}", named.join(" · "))
}

fn title_of(title: &str) -> String {
    let title = escape_marked(title, limits::LABEL);
    if title.trim().is_empty() { "(no title)".to_owned() } else { title }
}
