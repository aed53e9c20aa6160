//! New Relic: the default template of a workflow's webhook destination, and the body of the notification channels that
//! workflows replaced.
//!
//! Sources: <https://docs.newrelic.com/docs/alerts/get-notified/notification-integrations/#webhook> and
//! <https://docs.newrelic.com/docs/alerts/new-relic-alerts/notifications/customize-your-webhook-payload>. An issue (a
//! channel says *incident*) is one alert: New Relic never opens the same one again. What a template leaves out is left
//! out here; only the name of the issue, its state and its title are needed.

use super::{DecodeError, Decoded, Labels};
use crate::domain::input::{Event, EventAction};
use crate::domain::stamp::At;
use crate::ingest::json::{self, List, Loose, record};
use crate::ingest::{limits, text};
use std::sync::Arc;

record! {
    struct Body<'a> {
        // Of a workflow.
        id: Loose<'a> = "id",
        issue_id: Loose<'a> = "issueId",
        issue_url: Loose<'a> = "issueUrl",
        title: Loose<'a> = "title",
        priority: Loose<'a> = "priority",
        state: Loose<'a> = "state",
        trigger: Loose<'a> = "trigger",
        impacted: Loose<'a> = "impactedEntities",
        policies: Loose<'a> = "alertPolicyNames",
        conditions: Loose<'a> = "alertConditionNames",
        total: Loose<'a> = "totalIncidents",
        workflow: Loose<'a> = "workflowName",
        chart: Loose<'a> = "violationChartUrl",
        created_at: Loose<'a> = "createdAt",
        updated_at: Loose<'a> = "updatedAt",
        closed_at: Loose<'a> = "closedAt",
        // Of a notification channel.
        incident_id: Loose<'a> = "incident_id",
        incident_url: Loose<'a> = "incident_url",
        current_state: Loose<'a> = "current_state",
        condition_id: Loose<'a> = "condition_id",
        condition_name: Loose<'a> = "condition_name",
        policy_name: Loose<'a> = "policy_name",
        details: Loose<'a> = "details",
        severity: Loose<'a> = "severity",
        account_name: Loose<'a> = "account_name",
        timestamp: Loose<'a> = "timestamp",
        targets: List<Target<'a>, { limits::ITEMS_READ }> = "targets",
        // Of both.
        owner: Loose<'a> = "owner",
        runbook_url: Loose<'a> = "runbook_url",
    }
}

record! {
    struct Target<'a> {
        name: Loose<'a> = "name",
    }
}

/// A condition is what Prometheus calls an alert rule: by this label the list of misconfigured alerts knows one, where each
/// issue has a name of its own.
const RULE: &str = "alertname";

/// The one event of a body.
///
/// | | workflow | channel |
/// |---|---|---|
/// | dedup key | `id` | `incident_id`, or a hash of policy and condition |
/// | title | `title`, or the condition's name | `condition_name: details` |
/// | link | `issueUrl` | `incident_url` |
/// | trigger | `CREATED`, `ACTIVATED` | `open` |
/// | acknowledge | `ACKNOWLEDGED`, or active and `owner` says who has it | `acknowledged` |
/// | resolve | `CLOSED`, `DEACTIVATED` | `closed` |
/// | `starts_at`, `ends_at` | `createdAt`; `closedAt`, else `updatedAt` | none; `timestamp` |
///
/// # Errors
/// Not JSON, a state nobody knows, nothing that names the issue.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let body: Body<'_> = json::read(body)?;
    if let Some(odd) = body.odd {
        return Err(DecodeError::new("the body", odd, "New Relic's JSON object: its default template"));
    }
    let is_of_a_channel = !body.current_state.is_absent() || (body.state.is_absent() && !body.incident_id.is_absent());
    let event = if is_of_a_channel { of_channel(&body) } else { of_workflow(&body) };
    event.map(Decoded::one)
}

fn of_workflow(body: &Body<'_>) -> Result<Event, DecodeError> {
    let action = match body.state.words().unwrap_or_default().to_ascii_uppercase().as_str() {
        "CREATED" | "ACTIVATED" if is_acknowledged(body) => EventAction::Acknowledge,
        "CREATED" | "ACTIVATED" => EventAction::Trigger,
        "ACKNOWLEDGED" => EventAction::Acknowledge,
        "CLOSED" | "DEACTIVATED" => EventAction::Resolve,
        _ => {
            let mend = "one of \"CREATED\", \"ACTIVATED\", \"ACKNOWLEDGED\", \"CLOSED\": `{{ json state }}`";
            return Err(DecodeError::new("state", &body.state.found(), mend));
        }
    };
    let Some(id) = body.id.words().or_else(|| body.issue_id.words()) else {
        return Err(DecodeError::new("id", &body.id.found(), "the issue's id: `{{ json issueId }}`"));
    };
    let titles = [body.title.listed().unwrap_or_default(), body.conditions.listed().unwrap_or_default()];
    let title = title(titles.iter().map(AsRef::as_ref), &format!("New Relic issue {id}"));
    let mut labels = Labels::default();
    let named = [
        (RULE, body.conditions),
        ("priority", body.priority),
        ("entity", body.impacted),
        ("policy", body.policies),
        ("incidents", body.total),
        ("workflow", body.workflow),
        ("owner", body.owner),
        ("runbook_url", body.runbook_url),
        ("chart_url", body.chart),
    ];
    for (name, value) in named {
        labels.add(name, &value.listed().unwrap_or_default());
    }
    let resolves = action == EventAction::Resolve;
    Ok(Event {
        action,
        dedup_key: text::dedup_key(&id),
        title,
        link: url(body.issue_url),
        labels: labels.0,
        starts_at: time(body.created_at),
        ends_at: if resolves { time(body.closed_at).or_else(|| time(body.updated_at)) } else { None },
    })
}

/// An issue that somebody has goes on being `ACTIVATED`, and the default template says only that this was a
/// `USER_ACTION`, as it does when somebody gives it back: who has it is in `owner`, where the template says so. An
/// update of another kind does not take it anew.
fn is_acknowledged(body: &Body<'_>) -> bool {
    let why = body.trigger.words().unwrap_or_default().to_ascii_uppercase();
    match why.as_str() {
        "ACKNOWLEDGED" | "ISSUE_ACKNOWLEDGED" => true,
        "USER_ACTION" => body.owner.words().is_some(),
        _ => false,
    }
}

fn of_channel(body: &Body<'_>) -> Result<Event, DecodeError> {
    let action = match body.current_state.words().unwrap_or_default().to_ascii_lowercase().as_str() {
        "open" => EventAction::Trigger,
        "acknowledged" => EventAction::Acknowledge,
        "closed" => EventAction::Resolve,
        _ => {
            let mend = "one of \"open\", \"acknowledged\", \"closed\"";
            return Err(DecodeError::new("current_state", &body.current_state.found(), mend));
        }
    };
    let condition = body.condition_name.words().unwrap_or_default();
    let policy = body.policy_name.words().unwrap_or_default();
    let dedup_key: Arc<str> = match body.incident_id.words() {
        Some(id) => text::dedup_key(&id),
        None if condition.is_empty() && body.condition_id.words().is_none() => {
            let mend = "the incident's id, or at least `condition_name`";
            return Err(DecodeError::new("incident_id", &body.incident_id.found(), mend));
        }
        None => text::short_hash([&*policy, &*condition, &*body.condition_id.words().unwrap_or_default()]).into(),
    };
    let details = body.details.words().unwrap_or_default();
    let both = if condition.is_empty() || details.is_empty() {
        format!("{condition}{details}")
    } else {
        format!("{condition}: {details}")
    };
    let title = title([both.as_str(), &*policy].into_iter(), &format!("New Relic incident {dedup_key}"));
    let mut labels = Labels::default();
    labels.add(RULE, &condition);
    labels.add("severity", &body.severity.any_text().unwrap_or_default());
    let targets: Vec<_> = body.targets.items().iter().filter_map(|target| target.name.words()).collect();
    labels.add("entity", &targets.join(", "));
    let named = [
        ("policy", body.policy_name),
        ("account", body.account_name),
        ("owner", body.owner),
        ("runbook_url", body.runbook_url),
    ];
    for (name, value) in named {
        labels.add(name, &value.any_text().unwrap_or_default());
    }
    let resolves = action == EventAction::Resolve;
    Ok(Event {
        action,
        dedup_key,
        title,
        link: url(body.incident_url),
        labels: labels.0,
        // `timestamp` is of this message: it names no episode.
        starts_at: None,
        ends_at: if resolves { time(body.timestamp) } else { None },
    })
}

/// The first of these with words in it, else `otherwise`.
fn title<'a>(mut titles: impl Iterator<Item = &'a str>, otherwise: &str) -> String {
    let line = |title: &str| text::one_line(title, limits::TITLE_CHARS);
    titles.find_map(|title| Some(line(title)).filter(|title| !title.is_empty())).unwrap_or_else(|| line(otherwise))
}

fn url(value: Loose<'_>) -> String {
    value.scalar().and_then(|url| text::link(&url)).unwrap_or_default()
}

fn time(value: Loose<'_>) -> Option<At> {
    value.scalar().and_then(|t| text::time(&t))
}
