//! Why an alert is where it is.

use super::limits;
use super::mrkdwn::{escape, escape_marked, truncate};
use crate::domain::alert::Alert;
use crate::domain::directory::Directory;
use crate::domain::group::Group;
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
    let number = if r.name.is_some() { format!(", number {}", r.number) } else { String::new() };
    format!("{}{number} of configuration {}", rule(r), r.config)
}

/// What it came from, where a rule sent it, and what it stands for.
pub fn why(i: &Incident, d: &Directory) -> Option<String> {
    let rule = i.origin.as_ref().and_then(|o| o.rule.as_ref()).map(|rule| {
        let told = i.alerts.iter().find(|a| a.sent_to.is_some()).map(|a| service(a.service_in(i), d));
        let from = told.map(|name| format!(" from {name}")).unwrap_or_default();
        format!("*Rule:* sent here{from} by {}.", rule_of(rule))
    });
    let by = i.group.as_ref().map(|group| format!("*Group:* it takes further alerts {}.", values(group)));
    let lines: Vec<String> = rule.into_iter().chain(by).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Behind "alerts": "of `cluster=east, alertname=DiskFull`", "without `cluster`".
pub fn values(group: &Group) -> String {
    let code = |words: String| format!("`{}`", escape(&words, limits::LABEL).replace('`', "'"));
    said(group, code)
}

/// The same where nothing is marked up.
pub fn plain_values(group: &Group) -> String {
    said(group, |words| words)
}

fn said(group: &Group, mark: impl Fn(String) -> String) -> String {
    let (without, with): (Vec<_>, Vec<_>) = group.labels().partition(|(_, value)| value.is_empty());
    let with: Vec<String> = with.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let without: Vec<&str> = without.iter().map(|(name, _)| *name).collect();
    let of = (!with.is_empty()).then(|| format!("of {}", mark(truncate(&with.join(", "), limits::LABEL))));
    let none = (!without.is_empty()).then(|| format!("without {}", mark(truncate(&without.join(", "), limits::LABEL))));
    of.into_iter().chain(none).collect::<Vec<_>>().join(", ")
}

fn service(id: &ServiceId, d: &Directory) -> String {
    escape(d.services.get(id).map_or(id.as_str(), |s| s.name.as_str()), limits::LABEL)
}

/// A rule sent it here.
pub fn routed(by: &RuleRef, told: Option<&ServiceId>, d: &Directory) -> String {
    let from = told.map(|id| format!(" from {}", service(id, d))).unwrap_or_default();
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

/// Why alerts that have nothing in common are one incident.
const FLOODED: &str =
    ":cyclone: This service opened so many incidents at once that its further alerts come together here. ";

/// How many alerts joined it, after its title.
pub fn and_more(i: &Incident) -> String {
    match joined_count(i) {
        0 => String::new(),
        1 => " and 1 more alert".to_owned(),
        n => format!(" and {n} more alerts"),
    }
}

/// The alerts that joined it, what fires first, and of that the newest; empty where none did.
pub fn joined_alerts(i: &Incident) -> String {
    let mut all: Vec<&Alert> =
        i.alerts.iter().rev().map(AsRef::as_ref).filter(|a: &&Alert| !a.title.is_empty()).collect();
    if all.is_empty() {
        return String::new();
    }
    all.sort_by_key(|a| !a.is_firing());
    let more = all.len().saturating_sub(NAMED);
    let title = |a: &Alert| if a.is_firing() { title_of(&a.title) } else { format!("~{}~", title_of(&a.title)) };
    let named: Vec<String> = all.into_iter().take(NAMED).map(title).collect();
    let more = if more > 0 { format!(" · and {more} more") } else { String::new() };
    let why = if i.is_of_flood() { FLOODED } else { "" };
    format!("{why}With {}{more}", named.join(" · "))
}

fn title_of(title: &str) -> String {
    let title = escape_marked(title, limits::LABEL);
    if title.trim().is_empty() { "(no title)".to_owned() } else { title }
}
