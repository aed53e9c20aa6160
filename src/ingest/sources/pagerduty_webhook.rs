//! PagerDuty's webhooks, version 3: PagerDuty itself tells what became of its incidents.
//!
//! Source: <https://developer.pagerduty.com/docs/webhooks-overview>. Not to be confused with [`super::pagerduty`], by
//! which monitors speak to us as they would to PagerDuty.
//!
//! PagerDuty sends a message again for two days until it was taken, so an old one may come late. An incident there is an
//! alert here whose episode begins with `created_at`, or `reopened_at` after that: what tells of an earlier one changes
//! nothing.

use super::{DecodeError, Decoded, Labels};
use crate::domain::input::{Event, EventAction};
use crate::domain::stamp::At;
use crate::ingest::json::{self, List, Loose, record};
use crate::ingest::{limits, text};

record! {
    struct Body<'a> {
        event: Option<Message<'a>> = "event",
        messages: Loose<'a> = "messages",
        routing_key: Loose<'a> = "routing_key",
    }
}

record! {
    struct Message<'a> {
        event_type: Loose<'a> = "event_type",
        occurred_at: Loose<'a> = "occurred_at",
        data: Option<Incident<'a>> = "data",
    }
}

record! {
    struct Incident<'a> {
        id: Loose<'a> = "id",
        kind: Loose<'a> = "type",
        title: Loose<'a> = "title",
        summary: Loose<'a> = "summary",
        html_url: Loose<'a> = "html_url",
        number: Loose<'a> = "number",
        status: Loose<'a> = "status",
        urgency: Loose<'a> = "urgency",
        created_at: Loose<'a> = "created_at",
        reopened_at: Loose<'a> = "reopened_at",
        resolve_reason: Option<Reference<'a>> = "resolve_reason",
        service: Option<Reference<'a>> = "service",
        priority: Option<Reference<'a>> = "priority",
        escalation_policy: Option<Reference<'a>> = "escalation_policy",
        assignees: List<Reference<'a>, { limits::ITEMS_READ }> = "assignees",
        teams: List<Reference<'a>, { limits::ITEMS_READ }> = "teams",
    }
}

record! {
    struct Reference<'a> {
        summary: Loose<'a> = "summary",
    }
}

/// What a type of message asks for.
enum Asks {
    Action(EventAction),
    /// Whoever has it should look again, unless somebody there has it or it is over.
    TriggerIfOpen,
    Nobody,
}

/// The one event of a message, or none where it asks nobody to act.
///
/// | `event_type` | |
/// |---|---|
/// | `incident.triggered`, `.reopened` | trigger |
/// | `incident.unacknowledged`, `.escalated`, `.delegated`, `.reassigned` | trigger, unless the incident is acknowledged or resolved |
/// | `incident.acknowledged` | acknowledge |
/// | `incident.resolved` | resolve |
/// | every other, of incidents, services, `pagey.ping` | nobody is asked to act: no event |
///
/// # Errors
/// Not JSON, no `event` with an `event_type`, an incident without `id`.
pub fn decode(body: &[u8]) -> Result<Decoded, DecodeError> {
    let body: Body<'_> = json::read(body)?;
    if let Some(odd) = body.odd {
        return Err(DecodeError::new("the body", odd, "a message of a webhook subscription, version 3"));
    }
    let Some(message) = body.event.as_ref().filter(|m| m.odd.is_none()) else {
        let mend = if !body.messages.is_absent() {
            "a message of a webhook subscription, version 3: this has the form of the earlier ones"
        } else if !body.routing_key.is_absent() {
            "a message of a webhook subscription; an event with a routing_key goes to /v2/enqueue"
        } else {
            "a message of a webhook subscription, version 3"
        };
        return Err(DecodeError::new("event", body.event.and_then(|m| m.odd).unwrap_or("nothing"), mend));
    };
    // Types that nobody knows yet will have a dot as well; what has none is somebody's mistake.
    let Some(kind) = message.event_type.words().filter(|kind| kind.contains('.')) else {
        let mend = "the type of the message, such as \"incident.triggered\"";
        return Err(DecodeError::new("event.event_type", &message.event_type.found(), mend));
    };
    let action = match asks(&kind) {
        Asks::Nobody => return Ok(Decoded::nothing()),
        Asks::Action(action) => action,
        Asks::TriggerIfOpen => {
            let status = message.data.as_ref().and_then(|incident| incident.status.words()).unwrap_or_default();
            if ["acknowledged", "resolved"].contains(&&*status) {
                return Ok(Decoded::nothing());
            }
            EventAction::Trigger
        }
    };
    event(action, &kind, message).map(Decoded::one)
}

fn asks(kind: &str) -> Asks {
    match kind {
        "incident.triggered" | "incident.reopened" => Asks::Action(EventAction::Trigger),
        "incident.unacknowledged" | "incident.escalated" | "incident.delegated" | "incident.reassigned" => {
            Asks::TriggerIfOpen
        }
        "incident.acknowledged" => Asks::Action(EventAction::Acknowledge),
        "incident.resolved" => Asks::Action(EventAction::Resolve),
        _ => Asks::Nobody,
    }
}

fn event(action: EventAction, kind: &str, message: &Message<'_>) -> Result<Event, DecodeError> {
    let absent = Incident::default();
    let incident = message.data.as_ref().unwrap_or(&absent);
    if let Some(odd) = incident.odd.filter(|odd| *odd != "null") {
        return Err(DecodeError::new("event.data", odd, "the incident as an object"));
    }
    let Some(id) = incident.id.words() else {
        return Err(DecodeError::new("event.data.id", &incident.id.found(), "the incident's id"));
    };
    let occurred = time(message.occurred_at);
    let mut titles = [incident.title, incident.summary].into_iter();
    let title = titles.find_map(|title| {
        Some(text::one_line(&title.scalar()?, limits::TITLE_CHARS)).filter(|title| !title.is_empty())
    });
    let number = incident.number.words().map_or_else(|| id.to_string(), |number| format!("#{number}"));
    let begun = time(incident.reopened_at).max(time(incident.created_at));
    let starts_at = match kind {
        // Without a time of its own: the time of the first episode would make it old news.
        "incident.reopened" => time(incident.reopened_at),
        "incident.triggered" => begun.or(occurred),
        _ => begun,
    };
    Ok(Event {
        action,
        dedup_key: text::dedup_key(&id),
        title: title.unwrap_or_else(|| text::one_line(&format!("PagerDuty incident {number}"), limits::TITLE_CHARS)),
        link: incident.html_url.scalar().and_then(|url| text::link(&url)).unwrap_or_default(),
        labels: labels(incident),
        starts_at,
        ends_at: occurred.filter(|_| action == EventAction::Resolve),
    })
}

/// PagerDuty's urgency stands as `severity`, where a service that goes by severity looks.
fn labels(incident: &Incident<'_>) -> Vec<(String, String)> {
    let of = |reference: &Option<Reference<'_>>| {
        reference.as_ref().and_then(|r| r.summary.words()).unwrap_or_default().into_owned()
    };
    let all = |references: &[Reference<'_>]| {
        let names: Vec<_> = references.iter().filter_map(|r| r.summary.words()).collect();
        names.join(", ")
    };
    let mut labels = Labels::default();
    labels.add("severity", &incident.urgency.any_text().unwrap_or_default());
    labels.add("service", &of(&incident.service));
    labels.add("priority", &of(&incident.priority));
    labels.add("number", &incident.number.any_text().unwrap_or_default());
    labels.add("assigned", &all(incident.assignees.items()));
    labels.add("escalation_policy", &of(&incident.escalation_policy));
    labels.add("team", &all(incident.teams.items()));
    labels.add("resolve_reason", &of(&incident.resolve_reason));
    labels.0
}

fn time(value: Loose<'_>) -> Option<At> {
    value.scalar().and_then(|t| text::time(&t))
}
