//! Opening an incident: for an alert, or because a person says so.

use super::decision::Decision;
use super::directory::{Service, Urgency};
use super::escalation;
use super::fact::{Fact, IncidentOpened, Origin, UrgencyWhy};
use super::id::{AlertKey, IncidentNo, ServiceId};
use super::input::{Delivery, Event, Raise, Source};
use super::refusal::Refusal;
use super::text::Text;
use super::urgency;

/// The only thing a body can be refused for, before its first fact.
pub(super) fn service_of<'a>(d: &Decision<'a>, id: &ServiceId) -> Result<&'a Service, Refusal> {
    d.directory.services.get(id).ok_or_else(|| Refusal::NoSuchService(id.clone()))
}

pub(super) fn open(d: &mut Decision<'_>, service: &Service, key: &AlertKey, event: &Event, from: &Delivery) {
    let earlier = d.world().incident_of(key).map(|i| i.no);
    let labels: Vec<String> =
        event.labels.iter().map(|(name, value)| format!("{}: {}", line(name), line(value))).collect();
    let fixed = from.urgency;
    let urgency = urgency::of(d, service, fixed, Some(event));
    let why = if fixed.is_some() { UrgencyWhy::Key } else { UrgencyWhy::Service };
    let blank = blank(d, service, from.source, urgency, why);
    open_incident(
        d,
        service,
        fixed,
        IncidentOpened {
            dedup: event.dedup_key.clone(),
            earlier,
            starts_at: event.starts_at,
            title: Text::new(line(&event.title)),
            link: Text::new(event.link.as_str()),
            labels: Text::new(labels.join("\n")),
            origin: blank.origin.map(|o| Origin { key: from.key.clone(), ..o }),
            ..blank
        },
    );
}

/// The next incident of a service, with nothing said about it yet.
fn blank(d: &Decision<'_>, service: &Service, source: Source, urgency: Urgency, why: UrgencyWhy) -> IncidentOpened {
    IncidentOpened {
        incident: IncidentNo(d.world().meta.last_incident.0 + 1),
        service: service.id.clone(),
        team: service.team.clone(),
        channel: service.channel.clone(),
        tier: service.tier,
        urgency,
        policy: service.policy.clone(),
        source,
        dedup: "".into(),
        by: None,
        earlier: None,
        starts_at: None,
        origin: Some(Origin { source, key: None, config: d.world().meta.config, urgency: why }),
        title: Text::default(),
        link: Text::default(),
        labels: Text::default(),
    }
}

/// Opens it, and asks for somebody unless it is of low urgency.
fn open_incident(d: &mut Decision<'_>, service: &Service, fixed: Option<Urgency>, opened: IncidentOpened) {
    let (incident, urgency) = (opened.incident, opened.urgency);
    d.emit(Fact::IncidentOpened(Box::new(opened)));
    urgency::opened(d, service, incident, fixed);
    if urgency == Urgency::High {
        escalation::start_main_call(d, incident, Vec::new());
    }
    // It may ask somebody one day, by the policy of now.
    let asks = d.incident(incident).filter(|i| i.main_call().is_none());
    if let Some(policy) = asks.and_then(|i| d.directory.policies.get(&i.policy)) {
        d.emit(Fact::PolicyKept { incident, policy: policy.clone() });
    }
}

/// An incident without a monitor.
pub(super) fn raise(d: &mut Decision<'_>, raise: &Raise) -> Result<(), Refusal> {
    let service = service_of(d, &raise.service)?;
    let title = line(&raise.title);
    if title.is_empty() {
        return Err(Refusal::EmptyTitle { service: service.id.clone() });
    }
    let urgency = urgency::of(d, service, raise.urgency, None);
    let why = if raise.urgency.is_some() { UrgencyWhy::Person } else { UrgencyWhy::Service };
    let blank = blank(d, service, Source::Person, urgency, why);
    open_incident(
        d,
        service,
        raise.urgency,
        IncidentOpened { by: Some(raise.by.clone()), title: Text::new(title), ..blank },
    );
    Ok(())
}

/// One line: whatever breaks lines becomes a space.
fn line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" ")
}
